"""Figures with a bar to reach, and the table that tells which were reached."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One line of a table: what was measured, what is asked for, and whether that was reached."""

    name: str
    cells: tuple[str, ...]
    to_reach: str = "-"
    reached: bool | None = None
    """None where nothing is asked for."""

    @property
    def verdict(self) -> str:
        """yes, no, or nothing to say."""
        return "-" if self.reached is None else "yes" if self.reached else "NO"


def table(columns: Sequence[str], figures: Iterable[Figure]) -> str:
    """A Markdown table that also reads well in a terminal.

    >>> print(table(("ours",), [Figure("lag, ms", ("0.1",), "<= 0.2", True)]))
    | figure  | ours | to reach | reached |
    |---------|------|----------|---------|
    | lag, ms | 0.1  | <= 0.2   | yes     |
    """
    rows = [("figure", *columns, "to reach", "reached")]
    rows += [(figure.name, *figure.cells, figure.to_reach, figure.verdict) for figure in figures]
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def spread(values: Iterable[float], form: str = "{:.3f}") -> str:
    """Median, 99th percentile and largest, as one cell."""
    ordered = sorted(values)
    if not ordered:
        return "-"
    return " / ".join(
        form.format(value)
        for value in (statistics.median(ordered), percentile(ordered, 99), ordered[-1])
    )


def percentile(ordered: Sequence[float], share: float) -> float:
    """The value that ``share`` percent of the sorted values do not exceed.

    >>> percentile([1.0, 2.0, 3.0, 4.0], 50)
    2.0
    """
    place = -(-len(ordered) * share // 100)
    return ordered[max(0, min(len(ordered), int(place)) - 1)]
