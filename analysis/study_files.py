"""What the predictions need beside the logs, and the files that are made of them."""

from __future__ import annotations

import csv
import errno
import io
import math
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from analysis.contrast import measures
from analysis.contrast_table import contrasts, contrasts_json, contrasts_tsv
from analysis.formulas import SCRIPT
from analysis.indices import Index
from analysis.intervals import Estimate, normal, undefined
from analysis.measure import Measure
from analysis.memory import gap
from analysis.model import study_json, study_rows, study_tsv
from analysis.read import Trials
from analysis.sdt import dprime, dprime_se
from analysis.states import STATES, Placed, read_states, states_json, states_of, states_tsv
from analysis.study import Study
from mbtexp.bids.participants import ID, read_participants
from mbtexp.errors import DataError

GROUP = "group"
MEMORY = ("participant", "state", "word_class")
COUNTS = ("hits", "misses", "false_alarms", "correct_rejections")
CLASSES = ("emotional", "neutral")


def prediction_files(
    data: Path, runs: Sequence[Trials], placed: Iterable[Placed], indices: Iterable[Index]
) -> dict[str, bytes]:
    """The tables of states, contrasts and predictions of a study, by name; and a script for R.

    Read besides, where they are there: ``participants.tsv`` (column ``group``), the tables under
    ``phenotype``, ``sourcedata/states.tsv`` and ``sourcedata/memory.tsv``.

    Raises
    ------
    DataError
        One of these files is there and cannot be understood.
    """
    states = states_of(placed, read_states(data / "sourcedata" / "states.tsv"))
    found = [
        *measures(runs, indices, states),
        *read_memory(data / "sourcedata" / "memory.tsv"),
    ]
    study = Study(found, read_groups(data / "participants.tsv"), read_scales(data), states)
    return {
        "contrasts.tsv": contrasts_tsv(contrasts(found)),
        "contrasts.json": contrasts_json(),
        "states.tsv": states_tsv(states),
        "states.json": states_json(),
        "study.tsv": study_tsv(study_rows(study)),
        "study.json": study_json(),
        "models.R": SCRIPT.encode(),
    }


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DataError(f"{path}: {os.strerror(error.errno or errno.EIO)}.") from None


def read_groups(path: Path) -> dict[str, str]:
    """Each participant's group, without those who have none; empty without such a column."""
    people = read_participants(_bytes(path), path)
    if GROUP not in people.columns:
        return {}
    return {
        row[ID].removeprefix("sub-"): row[GROUP]
        for row in people.rows
        if row[GROUP] not in ("", "n/a")
    }


def read_scales(data: Path) -> dict[str, dict[str, float]]:
    """Every column of numbers in the phenotype tables: ``table.column``, then participant.

    A participant with several lines in a table (visits) has the mean of them.
    """
    scales: dict[str, dict[str, list[float]]] = {}
    for path in sorted((data / "phenotype").glob("*.tsv")):
        for row in _rows(path, (ID,)):
            person = row[ID].removeprefix("sub-")
            for name, text in row.items():
                value = _number(text)
                if name != ID and value is not None:
                    scale = scales.setdefault(f"{path.stem}.{name}", {})
                    scale.setdefault(person, []).append(value)
    return {
        name: {person: sum(values) / len(values) for person, values in scale.items()}
        for name, scale in scales.items()
    }


def read_memory(path: Path) -> list[Measure]:
    """Memory for emotional words: how much of its advantage is lost in the attachment state.

    A table of a lab's own recognition test: participant, state (``attachment``, ``control``),
    word_class (``emotional``, ``neutral``), hits, misses, false_alarms, correct_rejections. The
    measure is (d' emotional - d' neutral) in the control state less the same in the attachment
    state, log-linear rates (Hautus 1995), standard error after Gourevitch & Galanter (1967).
    """
    cells: dict[str, dict[tuple[str, str], Estimate]] = {}
    for row in _rows(path, (*MEMORY, *COUNTS)):
        person, state, word_class = (row[name] for name in MEMORY)
        counts = [_number(row[name]) for name in COUNTS]
        if state not in STATES or word_class not in CLASSES or None in counts:
            raise DataError(
                f"{path}: state must be 'attachment' or 'control', word_class 'emotional' or "
                f"'neutral', and the four counts numbers; a row of {person!r} is not so."
            )
        known = [[count] for count in counts if count is not None]
        value, se = float(dprime(*known)[0][0]), float(dprime_se(*known)[0])
        cell = undefined("no_words") if math.isnan(value) else normal(value, se, "wald")
        cells.setdefault(person.removeprefix("sub-"), {})[state, word_class] = cell
    return [
        Measure(
            person,
            "memory_gap",
            gap(of),
            "z",
            0,
            0,
            "(d' emotional - d' neutral), control - attachment; log-linear rates",
        )
        for person, of in sorted(cells.items())
    ]


def _rows(path: Path, needed: Sequence[str]) -> list[dict[str, str]]:
    content = _bytes(path)
    if content is None:
        return []
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(f"{path}: this is not UTF-8 text; save it again in UTF-8.") from None
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter="\t", quoting=csv.QUOTE_NONE)
    for name in needed:
        if name not in (reader.fieldnames or ()):
            raise DataError(f"{path}: column {name!r} is missing; the table needs {needed}.")
    return [{name: (row[name] or "").strip() for name in reader.fieldnames or ()} for row in reader]


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
