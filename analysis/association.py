"""Two scores of the same people: correlation without its noise, and a slope few people can bend."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.intervals import Estimate, Z, undefined

Floats = NDArray[np.float64]

FEWEST = 5
"""People below whom neither a correlation nor a slope is given."""

TIED = 1e-10
"""A score of which covariates leave no more than this share says nothing beside them."""


@dataclass(frozen=True)
class Correlated:
    """A correlation as it was found, and what it would be between scores without noise."""

    attenuated: Estimate
    disattenuated: Estimate
    n: int


def correlation(
    a: ArrayLike, b: ArrayLike, reliability_a: float | None, reliability_b: float | None
) -> Correlated:
    """Pearson's r with Fisher's interval, and both divided by the root of the reliabilities.

    Spearman (1904), Am J Psychol 15:72. The reliabilities count as known, so the disattenuated
    interval is on the narrow side; it may pass 1, which says that they are too small or r too
    uncertain. People without one of the scores are left out.

    >>> found = correlation([1, 2, 3, 4, 5, 6], [2, 1, 4, 3, 6, 5], 0.8, 0.9)
    >>> f"{found.attenuated.value:.4f} {found.disattenuated.value:.4f}"
    '0.8286 0.9765'
    """
    x, y = _both(a, b)
    n = len(x)
    reason = _reason(x, y)
    if reason:
        return Correlated(undefined(reason), undefined(reason), n)
    attenuated = _fisher(float(np.clip(np.corrcoef(x, y)[0, 1], -1.0, 1.0)), n)
    return Correlated(attenuated, _disattenuated(attenuated, reliability_a, reliability_b), n)


def _fisher(r: float, n: int) -> Estimate:
    """A correlation with Fisher's interval; ``n`` counts people less partialled covariates."""
    if abs(r) > 1 - 1e-12:
        return Estimate(r, flags=("perfect",))
    z, se = math.atanh(r), 1 / math.sqrt(n - 3)
    return Estimate(r, None, math.tanh(z - Z * se), math.tanh(z + Z * se), "fisher")


def _disattenuated(r: Estimate, a: float | None, b: float | None) -> Estimate:
    if a is None or b is None:
        return undefined("unknown_reliability")
    if a <= 0 or b <= 0:
        return undefined("zero_reliability")
    return r.scaled(1 / math.sqrt(a * b))


def partial_correlation(
    a: ArrayLike,
    b: ArrayLike,
    covariates: ArrayLike,
    reliability_a: float | None,
    reliability_b: float | None,
) -> Correlated:
    """Pearson's r of what is left of two scores without their covariates, as found and freed.

    Fisher's interval with one person less for each covariate. The noise of a score stays in it
    when covariates are taken out: what is left has the reliability 1 - (1 - rel)/(1 - R²), with R²
    of the score on the covariates, and r is divided by the root of both. The covariates count as
    free of noise. This is the partial correlation of the correlations freed of noise (Bohrnstedt
    1969, in Borgatta, Sociological Methodology).

    Parameters
    ----------
    a, b
        Scores, one a person.
    covariates
        Shape (people, covariates).
    reliability_a, reliability_b
        Of the scores, over these people.
    """
    x, y = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    others = np.asarray(covariates, dtype=float)
    known = np.isfinite(x) & np.isfinite(y) & np.isfinite(others).all(axis=1)
    x, y, others = x[known], y[known], others[known]
    n, k = others.shape
    reason = "few_people" if n < FEWEST + k else _reason(x, y)
    columns = np.column_stack([np.ones(n), others])
    if not reason and np.linalg.matrix_rank(columns) < k + 1:
        reason = "constant_score"
    if reason:
        return Correlated(undefined(reason), undefined(reason), n)
    left = [of - columns @ np.linalg.lstsq(columns, of, rcond=None)[0] for of in (x, y)]
    shares = [
        float(rest @ rest / ((of - of.mean()) ** 2).sum())
        for rest, of in zip(left, (x, y), strict=True)
    ]
    if min(shares) < TIED:
        return Correlated(undefined("constant_score"), undefined("constant_score"), n)
    r = float(
        np.clip(left[0] @ left[1] / math.sqrt((left[0] @ left[0]) * (left[1] @ left[1])), -1, 1)
    )
    found = _fisher(r, n - k)
    freed = [
        None if reliability is None else 1 - (1 - reliability) / share
        for reliability, share in zip((reliability_a, reliability_b), shares, strict=True)
    ]
    return Correlated(found, _disattenuated(found, *freed), n)


def theil_sen(x: ArrayLike, y: ArrayLike) -> Estimate:
    """The median of the slopes between all pairs of people, with Sen's interval.

    Theil (1950); Sen (1968), J Am Stat Assoc 63:1379, ties taken into account. Up to 29 % of the
    people may lie anywhere without carrying the slope away.

    >>> theil_sen([1, 2, 3, 4, 5], [2, 4, 6, 8, 100]).value
    2.0
    """
    first, second = _both(x, y)
    reason = _reason(first, second)
    if reason:
        return undefined(reason)
    i, j = np.triu_indices(len(first), 1)
    run, rise = first[j] - first[i], second[j] - second[i]
    slopes = np.sort(rise[run != 0] / run[run != 0])
    half = Z * math.sqrt(_variance_of_s(first, second))
    low = max(round((len(slopes) - half) / 2) - 1, 0)
    high = min(round((len(slopes) + half) / 2), len(slopes) - 1)
    return Estimate(float(np.median(slopes)), None, float(slopes[low]), float(slopes[high]), "sen")


def _variance_of_s(x: Floats, y: Floats) -> float:
    """Variance of Kendall's S without association, ties in either score taken out."""
    n = len(x)
    total = float(n * (n - 1) * (2 * n + 5))
    for scores in (x, y):
        _, ties = np.unique(scores, return_counts=True)
        total -= float((ties * (ties - 1) * (2 * ties + 5)).sum())
    return max(total, 0.0) / 18


def _both(a: ArrayLike, b: ArrayLike) -> tuple[Floats, Floats]:
    x, y = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    known = np.isfinite(x) & np.isfinite(y)
    return x[known], y[known]


def _reason(x: Floats, y: Floats) -> str | None:
    if len(x) < FEWEST:
        return "few_people"
    return "constant_score" if np.ptp(x) == 0 or np.ptp(y) == 0 else None
