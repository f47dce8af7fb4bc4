"""Does the state change accuracy by way of what people feel? Mediation within persons.

Two states a person: the state's effect on the feeling (a), the feeling's effect on accuracy within
the person (b), and their product. Judd, Kenny & McClelland (2001), Psychol Methods 6:115; Montoya
& Hayes (2017), Psychol Methods 22:6. The feeling was not assigned at random, so b is an
association: whatever else moves both is in it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analysis.association import FEWEST
from analysis.intervals import Estimate, mean_t, undefined
from analysis.robust import product
from analysis.shrink import Pooled, pool


@dataclass(frozen=True)
class Mediation:
    """The parts of a mediation within persons."""

    a: Estimate
    """Attachment less control state: change of the feeling."""
    b: Estimate
    """Change of accuracy per unit of the feeling, within the person, at the same state."""
    direct: Estimate
    """Change of accuracy from state to state in somebody whose feeling does not change."""
    total: Estimate
    indirect: Estimate
    """a times b."""
    n: int
    df_a: int
    df_b: int


def mediation(
    change_m: ArrayLike, mean_m: ArrayLike, change_y: ArrayLike, se: ArrayLike
) -> Mediation:
    """Mediation of a state's effect by a feeling, from each person's two changes.

    a is the mean of ``change_m``. b is the slope of ``change_y`` on ``change_m`` over people, with
    the person's centred mean feeling beside it, in a random-effects model (REML, Knapp-Hartung)
    that knows the errors of ``change_y``; its constant is the direct effect. People who lack
    anything are left out.

    Parameters
    ----------
    change_m
        The feeling in the attachment less that in the control state, one a person.
    mean_m
        The mean of both.
    change_y, se
        The same change of the outcome, and its standard error.
    """
    table = np.column_stack(
        [np.asarray(part, dtype=float) for part in (change_m, mean_m, change_y, se)]
    )
    table = table[np.isfinite(table).all(axis=1) & (table[:, 3] > 0)]
    n = len(table)
    if n < FEWEST:
        return _nothing("few_people", n)
    change, mean, y, error = table.T
    columns = np.column_stack([np.ones(n), change, mean - mean.mean()])
    if np.ptp(mean) == 0:
        columns = columns[:, :2]
    if np.linalg.matrix_rank(columns) < columns.shape[1]:
        return _nothing("same_affect", n)
    fitted, whole = pool(y, error, columns), pool(y, error)
    a, b = mean_t(change), _coefficient(fitted, 1)
    return Mediation(
        a=a,
        b=b,
        direct=_coefficient(fitted, 0),
        total=_coefficient(whole, 0),
        indirect=product(a, n - 1, b, fitted.df),
        n=n,
        df_a=n - 1,
        df_b=fitted.df,
    )


def _nothing(reason: str, n: int) -> Mediation:
    none = undefined(reason)
    return Mediation(none, none, none, none, none, n, max(n - 1, 0), max(n - 3, 0))


def _coefficient(fitted: Pooled, place: int) -> Estimate:
    weights = np.zeros(len(fitted.coefficients))
    weights[place] = 1.0
    return Estimate(*fitted.interval(weights), "t")
