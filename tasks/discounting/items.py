"""Published item tables: the 27 choices of Kirby, Petry & Bickel (1999), and 31 delays.

Checked against two independent public tables; a copy with 192 days for item 9 is in circulation
and is wrong (its k of 0.00016 needs 162).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tasks.discounting.money import Delay, read_delay

Magnitude = Literal["small", "medium", "large"]


@dataclass(frozen=True)
class Item:
    """One choice of the questionnaire; amounts in dollars, the delay in days."""

    number: int
    sooner: int
    later: int
    days: int
    magnitude: Magnitude
    rank: int
    """Rank of its k among the nine of its magnitude, from 1."""

    @property
    def k(self) -> float:
        """The discount rate (1/day) of somebody who does not mind which."""
        return (self.later - self.sooner) / (self.sooner * self.days)


def _items() -> tuple[Item, ...]:
    sizes: dict[str, Magnitude] = {"S": "small", "M": "medium", "L": "large"}
    rows = (line.split() for line in _MCQ27.strip().splitlines())
    return tuple(
        Item(number, int(sooner), int(later), int(days), sizes[size], int(rank))
        for number, (sooner, later, days, size, rank) in enumerate(rows, start=1)
    )


# Kirby et al. (1999), order as published: sooner, later, days, magnitude, rank of k.
_MCQ27 = """
54 55 117 M 1
55 75 61 L 5
19 25 53 S 5
31 85 7 L 9
14 25 19 S 7
47 50 160 M 2
15 35 13 S 8
25 60 14 M 8
78 80 162 L 1
40 55 62 M 5
11 30 7 S 9
67 75 119 L 3
34 35 186 S 1
27 50 21 M 7
69 85 91 L 4
49 60 89 M 4
80 85 157 L 2
24 35 29 S 6
33 80 14 L 8
28 30 179 S 2
34 50 30 M 6
25 30 80 S 4
41 75 20 L 7
54 60 111 M 3
54 80 30 L 6
22 25 136 S 3
20 55 7 M 9
"""

MCQ27 = _items()
"""The 27 items in the published order."""

FIVE_TRIAL_DELAYS: tuple[Delay, ...] = tuple(
    read_delay(f"{number} {unit}")
    for unit, numbers in (
        ("h", "1 2 3 4 6 9 12"),
        ("d", "1 1.5 2 3 4"),
        ("wk", "1 1.5 2 3"),
        ("mo", "1 2 3 4 6 8"),
        ("y", "1 2 3 4 5 8 12 18 25"),
    )
    for number in numbers.split()
)
"""Koffarnus & Bickel (2014): the 31 delays among which five choices search."""
