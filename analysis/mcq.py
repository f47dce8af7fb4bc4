"""Boundary scoring of the 27-item choice questionnaire: the k at which answers change over.

Kirby, Petry & Bickel (1999); ties and ends as in Kaplan et al. (2016), Behav Anal 39, 293-304, and
in the public scorers that follow it. Other rules of the same name give other numbers (only tested
values of k as candidates, or a logistic regression), so the rule is named with every value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

RULE = (
    "boundary rule: geometric mean of all boundaries with the highest consistency; a boundary is "
    "the geometric mean of its two k, above the last item of the last and the largest k"
)


@dataclass(frozen=True)
class BoundaryScore:
    """The k (1/day) where answers change over, and how many answers agree with one change."""

    k: float
    consistency: float
    """Share of the answers that fit the best boundary."""
    at_bound: bool
    """Whether every answer is the same, so that k lies beyond the items."""


def boundary_score(k: Sequence[float], later: Sequence[bool]) -> BoundaryScore:
    """Score answers to items in rising order of k.

    >>> round(boundary_score([0.01, 0.04], [False, True]).k, 6)
    0.02
    """
    rates, chose_later = np.asarray(k, dtype=float), np.asarray(later, dtype=bool)
    n = rates.size
    # Before a boundary the sooner amount fits, from it on the later one.
    sooner_before = np.concatenate([[0], np.cumsum(~chose_later)])
    later_after = np.concatenate([np.cumsum(chose_later[::-1])[::-1], [0]])
    fits = sooner_before + later_after
    best = np.flatnonzero(fits == fits.max())
    # The items keep their published order, in which the last k is not quite the largest.
    log_k = np.log(np.concatenate([rates[:1], rates, [rates.max()]]))
    boundaries = (log_k[best] + log_k[best + 1]) / 2
    return BoundaryScore(
        k=float(np.exp(boundaries.mean())),
        consistency=float(fits.max() / n),
        at_bound=bool(chose_later.all() or not chose_later.any()),
    )
