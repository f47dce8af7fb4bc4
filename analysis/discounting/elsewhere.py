"""Data from elsewhere: indifference points as plain arrays, choices as plain tables."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike

from analysis.indifference import (
    Scale,
    area_under_curve,
    bumps,
    falls_too_little,
)
from mbtexp.errors import DataError

if TYPE_CHECKING:
    import pandas as pd


def score_mcq27(
    answers: pd.DataFrame, missing: Literal["none", "GGM", "INN"] = "none"
) -> pd.DataFrame:
    """Boundary scores of the 27-item questionnaire; see ``analysis.kirby.score_mcq27``."""
    from analysis.kirby import score_mcq27 as score  # noqa: PLC0415  pandas, scipy.optimize

    return score(answers, missing)


def fit_choices(
    trials: pd.DataFrame,
    model: str = "hyperbolic",
    method: Literal["hierarchical", "map", "ml"] = "hierarchical",
    scale: Literal["relative", "absolute"] = "relative",
) -> pd.DataFrame:
    """A discount model fitted to each person; see ``analysis.choice.fit_choices``."""
    from analysis.choice import fit_choices as fit  # noqa: PLC0415  pandas

    return fit(trials, model, method, scale)


AXIS: dict[str, Scale] = {"delay": "linear", "log10": "log", "ordinal": "rank"}
"""Names of the axes of ``auc`` among programs, and ours."""


def auc(
    delays_d: ArrayLike,
    indifference: ArrayLike,
    amount: float,
    axis: Literal["delay", "log10", "ordinal"] = "delay",
    add_zero: bool = True,
) -> float:
    """Area under indifference points, 0 to 1; 1: no discounting.

    Parameters
    ----------
    delays_d
        Delays, days, above 0, in any order.
    indifference
        The sooner amount that is worth as much, in the unit of ``amount``; NaN: left out.
    amount
        The later amount.
    axis
        ``delay`` (Myerson et al. 2001), ``log10`` of (delay + 1) or ``ordinal`` rank (Borges et
        al. 2016).
    add_zero
        Whether the curve begins at (0, 1); some programs leave that point out.

    >>> round(auc([10, 20], [100.0, 0.0], 100), 4)
    0.75
    """
    if axis not in AXIS:
        raise DataError(f"axis {axis!r}: it can be 'delay', 'log10' or 'ordinal'.")
    days, shares = _indifference_points(delays_d, indifference, amount)
    if len(days) < (1 if add_zero else 2):
        return math.nan
    return area_under_curve(days, shares, AXIS[axis], add_zero=add_zero)


def johnson_bickel(
    delays_d: ArrayLike, indifference: ArrayLike, amount: float
) -> tuple[bool, bool]:
    """Whether indifference points pass the two criteria of Johnson & Bickel (2008).

    1: none exceeds the one before by more than a fifth of the amount. 2: the last is lower than the
    first by a tenth of it at least. Points are sorted by delay first.

    >>> johnson_bickel([1, 30, 365], [90, 95, 20], 100)
    (True, True)
    """
    days, shares = _indifference_points(delays_d, indifference, amount)
    if not days:
        raise DataError("indifference: there is no point; give one for each delay.")
    return bumps(days, shares) == 0, not falls_too_little(days, shares)


def _indifference_points(
    delays_d: ArrayLike, indifference: ArrayLike, amount: float
) -> tuple[list[float], list[float]]:
    days, points = np.asarray(delays_d, dtype=float), np.asarray(indifference, dtype=float)
    if days.shape != points.shape or days.ndim != 1:
        raise DataError("delays_d and indifference need one value for each delay.")
    if not amount > 0 or (days <= 0).any():
        raise DataError("the amount and every delay must be above 0.")
    known = np.isfinite(points) & np.isfinite(days)
    return days[known].tolist(), (points[known] / amount).tolist()
