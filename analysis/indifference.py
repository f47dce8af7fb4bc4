"""Indifference points: area under the curve, signs of unsystematic answers, five-choice k."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

Scale = Literal["linear", "log", "rank"]

BUMP = 0.2
"""Rise from one delay to the next, share of the later amount, that is not systematic."""

FALL = 0.1
"""Fall from the shortest to the longest delay, share of the later amount, that is expected."""


def area_under_curve(
    days: Sequence[float], shares: Sequence[float], scale: Scale, *, add_zero: bool = True
) -> float:
    """Area under indifference points by trapezoids; 1: no discounting.

    Myerson, Green & Warusawitharana (2001) with the delay over the longest; Borges et al. (2016)
    with log10(delay + 1) over its largest, or the rank over their number. The curve begins at
    (0, 1); ``add_zero=False`` leaves that point out and stretches the delays over 0 to 1, as some
    public programs do.

    >>> area_under_curve([10, 20], [1.0, 0.0], "linear")
    0.75
    """
    points = sorted(zip(days, shares, strict=True))
    x = _scaled([day for day, _ in points], scale)
    y = [share for _, share in points]
    if add_zero:
        x, y = [0.0, *x], [1.0, *y]
    else:
        x = [(value - x[0]) / (x[-1] - x[0]) for value in x]
    corners = zip(pairwise(x), pairwise(y), strict=True)
    return math.fsum((b - a) * (low + high) / 2 for (a, b), (low, high) in corners)


def _scaled(days: Sequence[float], scale: Scale) -> list[float]:
    if scale == "rank":
        return [(rank + 1) / len(days) for rank in range(len(days))]
    moved = [math.log10(day + 1) if scale == "log" else day for day in days]
    return [value / moved[-1] for value in moved]


def bumps(days: Sequence[float], shares: Sequence[float]) -> int:
    """How many points exceed the one before by more than a fifth (Johnson & Bickel 2008, 1)."""
    ordered = [share for _, share in sorted(zip(days, shares, strict=True))]
    return sum(after - before > BUMP for before, after in pairwise(ordered))


def falls_too_little(days: Sequence[float], shares: Sequence[float]) -> bool:
    """Whether the last point is not a tenth below the first one (Johnson & Bickel 2008, 2)."""
    ordered = [share for _, share in sorted(zip(days, shares, strict=True))]
    return ordered[0] - ordered[-1] < FALL


_UNITS = {"h": 1 / 24, "d": 1.0, "wk": 7.0, "mo": 30.44, "y": 365.25}

FIVE_TRIAL_DAYS: tuple[float, ...] = tuple(
    float(number) * _UNITS[unit]
    for unit, numbers in (
        ("h", "1 2 3 4 6 9 12"),
        ("d", "1 1.5 2 3 4"),
        ("wk", "1 1.5 2 3"),
        ("mo", "1 2 3 4 6 8"),
        ("y", "1 2 3 4 5 8 12 18 25"),
    )
    for number in numbers.split()
)
"""The 31 delays of Koffarnus & Bickel (2014), days."""


def five_trial_k(answers: Sequence[bool]) -> float:
    """Rate k (1/day) after five choices (True: later); Koffarnus & Bickel (2014).

    The delay that halves the value lies between the last one and its neighbour in the direction of
    the last choice; k is the geometric mean of their 1/delay, at an end 1/delay of the end.

    >>> five_trial_k([False] * 5)
    24.0
    """
    place = 15
    for number, later in enumerate(answers[:4]):
        place += (8 >> number) if later else -(8 >> number)
    neighbour = place + (1 if answers[4] else -1)
    near = FIVE_TRIAL_DAYS[place]
    inside = 0 <= neighbour < len(FIVE_TRIAL_DAYS)
    far = FIVE_TRIAL_DAYS[neighbour] if inside else near
    return 1.0 / math.sqrt(near * far)


def indifference_share(last_share: float, n_choices: int, *, chose_later: bool) -> float:
    """The point after the last choice of an adjusting series: what would have been offered next."""
    return last_share + (0.5 if chose_later else -0.5) * 0.5**n_choices
