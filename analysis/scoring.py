"""From a plain table of trials to the table of indices, without a log and without a file.

A table is what ``analysis.read_table`` gives of ``trials_<task>.tsv``, or what a lab makes by
hand: a row a trial, a column a fact, NaN where there is none.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.indices import Analysis, Index
from analysis.read import Run, Trial, Trials, number
from analysis.tables import MISSING
from mbtexp.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

Row = Mapping[str, Any]
"""The facts of one trial that are known; what is missing is not in it."""

COLUMNS = tuple(entry.name for entry in fields(Index))
NUMBERS = ("value", "se", "ci_low", "ci_high")
TEXTS = ("participant", "session", "task", "index", "condition", "ci_method", "unit", "method")

LISTS = ("lookups",)
"""Facts of a trial that are lists."""

_NUMERAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def score_table(
    trials: pd.DataFrame, analysis: Analysis, params: Any = None, needed: Sequence[str] = ()
) -> pd.DataFrame:
    """The indices of every run in a table of trials, in the columns of ``indices.tsv``.

    Parameters
    ----------
    trials
        One row a trial of this task; ``participant`` and the columns in ``needed`` must be there.
    analysis
        How the task is scored.
    params
        Settings in place of the analysis's own.
    needed
        Columns without which nothing of this task can be scored.

    Raises
    ------
    DataError
        A column is missing, a row is of nobody or of another task, or a trial is there twice.
    """
    settings = analysis.params if params is None else params
    runs = runs_of(trials, analysis.task, needed)
    return table_of(index for run in runs for index in analysis.indices(run, settings))


def runs_of(trials: pd.DataFrame, task: str, needed: Sequence[str] = ()) -> list[Trials]:
    """The runs in a table of trials, by participant, session and run, each in its trials' order."""
    for name in ("participant", *needed):
        if name not in trials.columns:
            have = ", ".join(map(str, trials.columns)) or "none"
            raise DataError(
                f"trials of {task}: column {name!r} is missing (columns: {have}); add or rename it."
            )
    groups: dict[tuple[str, str | None, int], list[Row]] = {}
    for place, row in enumerate(_rows(trials)):
        groups.setdefault(_key(row, task, place), []).append(row)
    ordered = sorted(groups.items(), key=lambda item: (item[0][0], item[0][1] or "", item[0][2]))
    return [_run(task, key, rows) for key, rows in ordered]


def _rows(trials: pd.DataFrame) -> list[Row]:
    names = [str(name) for name in trials.columns]
    columns = [trials.iloc[:, k].tolist() for k in range(len(names))]
    return [
        {name: value for name, value in zip(names, cells, strict=True) if not _missing(value)}
        for cells in zip(*columns, strict=True)
    ]


def _missing(value: object) -> bool:
    if value is None or value == MISSING:
        return True
    # The missing values of pandas (NA, NaT) are no floats and not equal to anything.
    return (isinstance(value, float) and math.isnan(value)) or type(value).__name__ in (
        "NAType",
        "NaTType",
    )


def _key(row: Row, task: str, place: int) -> tuple[str, str | None, int]:
    """Participant, session and run of a row; labels are text."""
    if "participant" not in row:
        raise DataError(
            f"trials of {task}: row {place + 1} names no participant. If somebody is called NA, "
            "read the table with analysis.read_table, which leaves the name alone."
        )
    if row.get("task", task) != task:
        raise DataError(
            f"trials of {task}: row {place + 1} is of task {row['task']!r}; give the rows of one "
            "task to its own score function."
        )
    session = row.get("session")
    return (
        _label(row["participant"]),
        None if session is None else _label(session),
        _run_number(row),
    )


def _label(value: object) -> str:
    """Text as it is; a whole number that pandas made a float is written without its point."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _run_number(row: Row) -> int:
    found = number(_plain(row.get("run", 1)))
    if found is None or not found.is_integer():
        raise DataError(f"trials: {row['run']!r} is no number of a run; use 1, 2, ...")
    return int(found)


def _run(task: str, key: tuple[str, str | None, int], rows: Sequence[Row]) -> Trials:
    participant, session, number_of_run = key
    trials = [_trial(row, place) for place, row in enumerate(rows, start=1)]
    numbers = [trial.trial for trial in trials]
    if len(set(numbers)) < len(numbers):
        twice = next(k for k in numbers if numbers.count(k) > 1)
        raise DataError(
            f"trials of {task}: participant {participant!r} has trial {twice} more than once in "
            f"session {session or MISSING}, run {number_of_run}; number the trials of a run, and "
            "its runs, apart."
        )
    flags = next((row["run_flags"] for row in rows if "run_flags" in row), None)
    told = _told(flags)
    return Trials(
        Run(
            path=Path(),
            participant=participant,
            session=session,
            task=task,
            run=number_of_run,
            preset="",
            mode="pilot" if "pilot" in told or _first(rows, "mode") == "pilot" else "lab",
            simulated=_first(rows, "simulated"),
            stimuli="pilot" if "pilot_stimuli" in told else None,
            status="incomplete" if "incomplete" in told else "complete",
            segments=1,
            n_planned=len(rows),
            columns={},
            damage=("told by the table",) if "damaged_lines" in told else (),
        ),
        tuple(sorted(trials, key=lambda trial: trial.trial)),
    )


def _told(flags: object) -> tuple[str, ...]:
    if isinstance(flags, list | tuple):
        return tuple(map(str, flags))
    return () if flags is None else tuple(str(flags).split("|"))


def _first(rows: Sequence[Row], name: str) -> str | None:
    return next((str(row[name]) for row in rows if name in row), None)


def _trial(row: Row, place: int) -> Trial:
    """A trial as a log would give it; a fact of the table may be of its design or its outcome."""
    facts = {name: _several(name, value) for name, value in row.items()}
    outcome = facts | {
        name.removeprefix("outcome_"): value
        for name, value in facts.items()
        if name.startswith("outcome_")
    }
    response = _answer(facts.get("response"))
    correct = _truth(facts.get("correct"), "correct")
    answered = response is not None or ("response" not in facts and correct is not None)
    said = _truth(facts.get("missed"), "missed")
    missed = not answered if said is None else said
    practice = bool(_truth(facts.get("practice"), "practice"))
    stim_id = row.get("stim_id")
    return Trial(
        trial=int(number(facts.get("trial")) or place),
        attempt=1,
        block=int(number(facts.get("block")) or 1),
        practice=practice,
        stim_id=None if stim_id is None else _label(stim_id),
        onset_s=number(facts.get("onset_s")),
        rt_s=None if missed else number(facts.get("rt_s")),
        response=None if missed else response,
        correct=None if missed else correct,
        missed=missed,
        excluded="practice" if practice else "missed" if missed else "",
        frames_dropped=0,
        held=False,
        design=facts,
        outcome=outcome,
    )


def _plain(value: object) -> Any:
    """Numbers of numpy as those of Python, which is what a log holds."""
    item = getattr(value, "item", None)
    return item() if callable(item) else value


def _several(name: str, value: object) -> Any:
    """A list, which a table writes with bars between its parts, as a list again."""
    if name in LISTS and isinstance(value, str):
        return value.split("|")
    return _plain(value)


def _answer(value: object) -> Any:
    """The column of answers is text; a rating in it is a number again."""
    if isinstance(value, str) and _NUMERAL.fullmatch(value):
        return float(value)
    return value


def _truth(value: object, name: str) -> bool | None:
    """True or false, which other programs also write as 1 and 0."""
    if value is None or isinstance(value, bool):
        return value
    if value in (0, 1):
        return value == 1
    known = {"true": True, "false": False, "1": True, "0": False}
    if isinstance(value, str) and value.lower() in known:
        return known[value.lower()]
    raise DataError(f"trials: {value!r} in column {name!r} is neither true nor false (1 nor 0).")


# -- the other way: indices as a table ------------------------------------------------------------


def table_of(indices: Iterable[Index]) -> pd.DataFrame:
    """Indices as a data frame like that of ``read_table``, at full precision."""
    import pandas as pd  # noqa: PLC0415  half a second that few callers need

    ordered = list(indices)
    cells: dict[str, Any] = {}
    for name in COLUMNS:
        values = [getattr(index, name) for index in ordered]
        if name == "flag":
            values = ["|".join(value) or None for value in values]
        kind = float if name in NUMBERS else str if name in (*TEXTS, "flag") else int
        cells[name] = pd.Series(values, dtype=kind)
    return pd.DataFrame(cells)
