"""The questionnaires of a study: whose answers count, the scores, and each scale's own alpha.

Answers come from the lab's import (``phenotype``) or from the screen. Who is in both counts with
the import: that table can be corrected by hand, and a log cannot.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np

from analysis.intervals import Estimate, undefined
from analysis.phenotype import read_scales, rows_of_table
from analysis.questionnaire_screen import TASK, screen_answers, unknown_instruments
from analysis.questionnaire_table import Answers, sidecar, table_of
from analysis.questionnaires import Instrument, Scale, instruments, scores
from analysis.read import Trials
from analysis.tables import as_json, tsv
from mbtexp.bids.participants import ID
from mbtexp.errors import DataError

FEWEST_PEOPLE = 3
"""Below this an alpha says nothing."""


@dataclass(frozen=True, kw_only=True)
class ScaleRow:
    """One row of the table of scales; ``None`` where something is not defined."""

    instrument: str
    scale: str
    n_items: int
    n_people: int
    """People with a score."""
    n_screen: int
    """Those of them who answered on the screen."""
    mean: float | None
    sd: float | None
    n_alpha: int
    """People who answered every item, at their first visit."""
    alpha: float | None
    ci_low: float | None
    ci_high: float | None
    method: str
    note: str


@dataclass(frozen=True)
class Scales:
    """Scores and alphas of all questionnaires of a study."""

    scores: Mapping[str, Mapping[str, float]]
    """By ``instrument.scale`` (or ``table.column``), then participant; the mean over visits."""
    alphas: Mapping[str, Estimate]
    rows: tuple[ScaleRow, ...]
    files: Mapping[str, bytes]
    """The tables of scales, and of what was answered on the screen."""


def scales_of(data: Path, runs: Sequence[Trials]) -> Scales:
    """Everything that questionnaires give the predictions.

    Raises
    ------
    DataError
        A table under ``phenotype``, or a lab's own instrument, cannot be understood.
    """
    known = instruments(data)
    screen = screen_answers(runs, known)
    simulated = {t.run.participant for t in runs if t.run.task == TASK and t.run.simulated}
    found = {name: dict(of) for name, of in read_scales(data).items()}
    alphas: dict[str, Estimate] = {}
    rows: list[ScaleRow] = []
    for name in sorted({*screen, *_imported(data, known)}):
        instrument = known[name]
        table, asked = _phenotype(data, instrument), screen.get(name)
        counted, both = _together(instrument, table, asked)
        both = replace(both, simulated=bool({p for p, _ in both.added.people} & simulated))
        added = {} if asked is None else _means(instrument, both.added)
        for scale in instrument.scales:
            key = f"{name}.{scale.name}"
            of = found.setdefault(key, {})
            of.update(added.get(scale.name, {}))
            row = _row(instrument, scale, counted, of, both)
            rows.append(row)
            alphas[key] = _alpha_of(row)
    rows += [_unknown(name) for name in unknown_instruments(runs, known)]
    files = {"scales.tsv": scales_tsv(rows), "scales.json": scales_json()} if rows else {}
    return Scales(found, alphas, tuple(rows), {**files, **_screen_files(screen)})


# -- whose answers count ---------------------------------------------------------------------------


@dataclass(frozen=True)
class _Both:
    """What the screen adds to a table of import."""

    added: Answers
    """Of people who are not in the table."""
    twice: int
    """People who are in both."""
    apart: int
    """Those of them whose answers are not the same."""
    simulated: bool = False
    """Whether a program answered on the screen in place of a person."""


def _imported(data: Path, known: Mapping[str, Instrument]) -> list[str]:
    return [name for name in known if (data / "phenotype" / f"{name}.tsv").is_file()]


def _phenotype(data: Path, instrument: Instrument) -> Answers:
    """The items of an imported table; nobody if it has none or is of another origin."""
    path = data / "phenotype" / f"{instrument.name}.tsv"
    columns = [instrument.column(n) for n in range(1, len(instrument.items) + 1)]
    rows = rows_of_table(path, (ID,)) if path.is_file() else []
    if not rows or any(column not in rows[0] for column in columns):
        return Answers(instrument, (), np.empty((0, len(columns))))
    people = [
        (row[ID].removeprefix("sub-"), row.get("session_id", "").removeprefix("ses-"))
        for row in rows
    ]
    given = [[_cell(row[column], path) for column in columns] for row in rows]
    return Answers(instrument, tuple(people), np.array(given, dtype=float))


def _cell(text: str, path: Path) -> float:
    if text in ("", "n/a"):
        return math.nan
    try:
        return float(text)
    except ValueError:
        raise DataError(
            f"{path}: an item's cell holds text; import the answers again, or write n/a."
        ) from None


def _together(
    instrument: Instrument, table: Answers, screen: Answers | None
) -> tuple[Answers, _Both]:
    """The answers that count, and what the screen's part in them is."""
    nothing = Answers(instrument, (), np.empty((0, len(instrument.items))))
    if screen is None:
        return table, _Both(nothing, 0, 0)
    there = {person for person, _ in table.people}
    new = [k for k, (person, _) in enumerate(screen.people) if person not in there]
    added = Answers(instrument, tuple(screen.people[k] for k in new), screen.given[new])
    firsts = [_first(of) for of in (table, screen)]
    twice = sorted(set(firsts[0]) & set(firsts[1]))
    apart = [p for p in twice if not np.array_equal(firsts[0][p], firsts[1][p], equal_nan=True)]
    every = Answers(
        instrument, (*table.people, *added.people), np.vstack([table.given, added.given])
    )
    return every, _Both(added, len(twice), len(apart))


def _first(answers: Answers) -> dict[str, np.ndarray]:
    """Each person's answers at the first visit."""
    found: dict[str, np.ndarray] = {}
    for (person, _), given in sorted(
        zip(answers.people, answers.given, strict=True), key=lambda pair: pair[0]
    ):
        found.setdefault(person, given)
    return found


def _means(instrument: Instrument, answers: Answers) -> dict[str, dict[str, float]]:
    """Scores by scale and participant, the mean over visits."""
    if not answers.people:
        return {}
    found: dict[str, dict[str, float]] = {}
    for scale, values in scores(instrument, answers.given).items():
        people: dict[str, list[float]] = {}
        for (person, _), value in zip(answers.people, values, strict=True):
            if math.isfinite(value):
                people.setdefault(person, []).append(float(value))
        found[scale] = {person: sum(of) / len(of) for person, of in people.items()}
    return found


# -- alpha -----------------------------------------------------------------------------------------


def _row(
    instrument: Instrument, scale: Scale, counted: Answers, of: Mapping[str, float], both: _Both
) -> ScaleRow:
    from analysis.reliability import alpha  # noqa: PLC0415  loads pandas

    first = list(_first(counted).values())
    items = instrument.recoded(scale, np.array(first)) if first else np.empty((0, len(scale.items)))
    found = alpha(items)
    values = np.array(list(of.values()), dtype=float)
    enough = found.n >= FEWEST_PEOPLE and math.isfinite(found.value)
    screen = {person for person, _ in both.added.people} & set(of)
    return ScaleRow(
        instrument=instrument.name,
        scale=scale.name,
        n_items=len(scale.items),
        n_people=len(values),
        n_screen=len(screen),
        mean=float(values.mean()) if len(values) else None,
        sd=float(values.std(ddof=1)) if len(values) > 1 else None,
        n_alpha=found.n,
        alpha=found.value if enough else None,
        ci_low=found.ci_low if enough else None,
        ci_high=found.ci_high if enough else None,
        method=f"{found.method} of {len(scale.items)} items as scored; Feldt's interval; missing "
        "item: person out",
        note="; ".join(_notes(found.n, enough, both)),
    )


def _notes(n: int, enough: bool, both: _Both) -> Iterable[str]:
    if not enough:
        yield "few_people" if n < FEWEST_PEOPLE else "no_differences"
    if both.simulated:
        yield "simulated"
    if both.twice:
        yield (
            f"{both.twice} people are in phenotype and answered on the screen: the import counts; "
            f"answers differ in {both.apart}"
        )


def _alpha_of(row: ScaleRow) -> Estimate:
    if row.alpha is None:
        return undefined("few_people" if row.n_alpha < FEWEST_PEOPLE else "no_differences")
    return Estimate(row.alpha, None, row.ci_low, row.ci_high, "feldt")


def _unknown(name: str) -> ScaleRow:
    return ScaleRow(
        instrument=name,
        scale="n/a",
        n_items=0,
        n_people=0,
        n_screen=0,
        mean=None,
        sd=None,
        n_alpha=0,
        alpha=None,
        ci_low=None,
        ci_high=None,
        method="",
        note="unknown_instrument",
    )


# -- as tables -------------------------------------------------------------------------------------

COLUMNS = tuple(entry.name for entry in fields(ScaleRow))

NOTES = {
    "few_people": f"alpha undefined: fewer than {FEWEST_PEOPLE} people answered every item",
    "no_differences": "alpha undefined: everybody has the same score, or the scale has one item",
    "simulated": "a program answered on the screen in place of some of the people",
    "unknown_instrument": "answered on the screen, but no instrument of this name is known; put "
    "its file into code/instruments",
}


def scales_tsv(rows: Iterable[ScaleRow]) -> bytes:
    """The table of scales."""
    return tsv(COLUMNS, ([getattr(row, name) for name in COLUMNS] for row in rows))


def scales_json() -> bytes:
    """The data dictionary that lies beside it."""
    return as_json(
        {
            "instrument": {"Description": "name of the questionnaire"},
            "scale": {"Description": "name of the score"},
            "n_items": {"Description": "items of the scale"},
            "n_people": {"Description": "people with a score"},
            "n_screen": {"Description": "those of them who answered on the screen"},
            "mean": {"Description": "mean score over people"},
            "sd": {"Description": "SD of the score over people"},
            "n_alpha": {"Description": "people who answered all items, at their first visit"},
            "alpha": {"Description": "Cronbach's alpha, KR-20 where items are 0 or 1"},
            "ci_low": {"Description": "lower end of the 95 % interval (Feldt 1965)"},
            "ci_high": {"Description": "upper end of the 95 % interval"},
            "method": {"Description": "the coefficient and its rule"},
            "note": {"Description": "reasons and marks, separated by ;", "Levels": NOTES},
        }
    )


def _screen_files(screen: Mapping[str, Answers]) -> dict[str, bytes]:
    """The answers from the screen with their scores, in the form of phenotype tables."""
    files = {}
    for name, answers in screen.items():
        columns, rows = table_of(answers)
        lines = ([*who, *cells] for who, cells in sorted(rows.items()))
        files[f"phenotype_{name}.tsv"] = tsv(columns, lines)
        files[f"phenotype_{name}.json"] = as_json(
            sidecar(answers.instrument, visits=answers.visits)
        )
    return files
