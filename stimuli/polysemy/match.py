"""How well the cells of a word set are matched: length, frequency, spelling, and differences."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from mbtexp.stimuli import StimulusSet

Cells = Mapping[str, Sequence[Mapping[str, float]]]
"""Cell to its words; a word is its measures by name (``length``, ``zipf`` ...)."""

MEASURES = ("length", "zipf", "bigram", "neighbours")
"""Letters; Zipf frequency; mean log10 count of the pairs of letters; Coltheart's N."""

TARGETS = {
    "attachment targets": ("attach_t1", "attach_t2"),
    "other-sense targets": ("nonattach_t1", "nonattach_t2"),
    "control targets": ("control_t1", "control_t2"),
    "primes": ("prime",),
    "unrelated primes": ("unrelated_prime",),
}

PAIRS = (
    ("attachment targets", "control targets"),
    ("attachment targets", "other-sense targets"),
    ("primes", "unrelated primes"),
    ("all targets", "filler targets"),
    ("all targets", "pseudowords"),
)
"""Cells whose difference is asked for."""


@dataclass(frozen=True)
class Row:
    """A line of the report: a cell, or the difference of two (``cell`` is then ``a - b``)."""

    cell: str
    measure: str
    n: int
    mean: float
    sd: float | None
    """None where there is a single word, and for differences."""
    d: float | None = None
    """Difference in pooled SD (Cohen's d); None for cells, and where nothing varies."""


def report(stimuli: StimulusSet, primes: Iterable[str] = ()) -> list[Row]:
    """The match of a set's cells, all primes together or those with these ids."""
    return match(cells_of(stimuli, primes), PAIRS)


def cells_of(stimuli: StimulusSet, primes: Iterable[str] = ()) -> dict[str, list[dict[str, float]]]:
    """The cells of a set: targets by sense, primes, fillers, pseudowords."""
    wanted = set(primes)
    spelt = {
        str(item.attributes.get("matched_to")): _figures(item.attributes, "target_")
        for item in stimuli.items
        if item.attributes.get("kind") == "pseudoword"
    }
    cells: dict[str, list[dict[str, float]]] = {name: [] for name in TARGETS}
    fillers: list[dict[str, float]] = []
    pseudowords: list[dict[str, float]] = []
    for item in stimuli.items:
        row, kind = item.attributes, item.attributes.get("kind")
        if kind == "prime" and (not wanted or item.id in wanted):
            for cell, columns in TARGETS.items():
                cells[cell] += [
                    {**_word(row, column), **spelt.get(str(row[column]), {})} for column in columns
                ]
        elif kind == "filler":
            fillers.append(_word(row, "target"))
        elif kind == "pseudoword" and (not wanted or row.get("prime_id") in wanted):
            pseudowords += [_string(row)] * (row.get("slot") != "practice")
    targets = [word for name in list(TARGETS)[:3] for word in cells[name]]
    return {
        **cells,
        "all targets": targets,
        "filler targets": fillers,
        "pseudowords": pseudowords,
    }


def _word(row: Mapping[str, object], column: str) -> dict[str, float]:
    return {
        "length": float(str(row[f"{column}_len"])),
        "zipf": float(str(row[f"{column}_zipf"])),
    }


def _string(row: Mapping[str, object]) -> dict[str, float]:
    return {"length": float(str(row["length"])), **_figures(row, "")}


def _figures(row: Mapping[str, object], of: str) -> dict[str, float]:
    """How a string is spelt; nothing where a table of one's own does not say."""
    names = {"bigram": f"{of}bigram", "neighbours": f"{of}neighbours"}
    return {name: float(str(row[cell])) for name, cell in names.items() if cell in row}


def match(cells: Cells, pairs: Iterable[tuple[str, str]]) -> list[Row]:
    """Number, mean and SD of each measure in each cell, then the differences of the pairs.

    >>> cells = {"a": [{"length": 4.0}, {"length": 6.0}], "b": [{"length": 5.0}, {"length": 7.0}]}
    >>> [round(row.d, 3) for row in match(cells, [("a", "b")]) if row.d is not None]
    [-0.707]
    """
    rows = [
        Row(cell, measure, len(values), fmean(values), _sd(values))
        for cell, words in cells.items()
        for measure in _measures(words)
        if (values := [word[measure] for word in words])
    ]
    known = {(row.cell, row.measure): row for row in rows}
    for first, second in pairs:
        for measure in MEASURES:
            a, b = known.get((first, measure)), known.get((second, measure))
            if a is not None and b is not None:
                rows.append(_difference(a, b))
    return rows


def _measures(words: Sequence[Mapping[str, float]]) -> list[str]:
    return [measure for measure in MEASURES if words and all(measure in word for word in words)]


def _sd(values: Sequence[float]) -> float | None:
    return stdev(values) if len(values) > 1 else None


def _difference(a: Row, b: Row) -> Row:
    difference = a.mean - b.mean
    return Row(
        f"{a.cell} - {b.cell}", a.measure, a.n + b.n, difference, None, _cohen(a, b, difference)
    )


def _cohen(a: Row, b: Row, difference: float) -> float | None:
    if a.sd is None or b.sd is None:
        return None
    pooled = math.sqrt(((a.n - 1) * a.sd**2 + (b.n - 1) * b.sd**2) / (a.n + b.n - 2))
    return difference / pooled if pooled > 0 else None
