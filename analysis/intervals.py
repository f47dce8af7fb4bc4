"""Estimates with their 95 % intervals: proportions, means, medians and posteriors.

The plain functions take and give numbers or arrays. Those that give an ``Estimate`` also say what
could not be computed, and why: an estimate without a value carries its reason as a flag.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import bdtr, bdtrc, gammaln, stdtrit, xlog1py, xlogy

from mbtexp.errors import DataError

Floats = NDArray[np.float64]

LEVEL = 0.95
"""Coverage of every interval here."""

Z = NormalDist().inv_cdf(0.5 + LEVEL / 2)
"""Standard normal quantile that belongs to ``LEVEL``."""


@dataclass(frozen=True)
class Estimate:
    """A number with its standard error and interval; ``None`` where there is none, and why."""

    value: float | None
    se: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    ci_method: str = "none"
    flags: tuple[str, ...] = ()

    def flagged(self, *flags: str) -> Estimate:
        """The same estimate with more flags."""
        return replace(self, flags=self.flags + flags)

    def scaled(self, factor: float) -> Estimate:
        """The same estimate in other units (a proportion as a count); ``factor`` is positive."""
        value, se, low, high = (
            None if part is None else part * factor
            for part in (self.value, self.se, self.ci_low, self.ci_high)
        )
        return Estimate(value, se, low, high, self.ci_method, self.flags)


def undefined(*reasons: str) -> Estimate:
    """An estimate that cannot be computed, with the reasons as flags."""
    return Estimate(None, flags=reasons)


def wilson(k: ArrayLike, n: ArrayLike) -> tuple[Floats, Floats]:
    """Lower and upper end of Wilson's 95 % score interval for a proportion; (0, 1) where n is 0.

    Wilson (1927), J Am Stat Assoc 22:209.

    Parameters
    ----------
    k
        Successes, from 0 to ``n``; NaN stays NaN.
    n
        Trials, of the same shape or one that broadcasts.

    Raises
    ------
    DataError
        There are fewer than 0 successes, or more than trials.

    >>> low, high = wilson(27, 36)
    >>> f"{low:.4f} {high:.4f}"
    '0.5893 0.8625'
    """
    c, total = np.asarray(k, dtype=float), np.asarray(n, dtype=float)
    if np.any((c < 0) | (c > total)):
        raise DataError("wilson: the successes must be from 0 to the number of trials.")
    size = np.where(total > 0, total, 1.0)
    p = c / size
    centre = (p + Z**2 / (2 * size)) / (1 + Z**2 / size)
    half = Z / (1 + Z**2 / size) * np.sqrt(p * (1 - p) / size + Z**2 / (4 * size**2))
    # The ends are 0 and 1 exactly when no trial or every trial succeeded; rounding would miss that.
    low = np.where((total == 0) | (c == 0), 0.0, centre - half)
    high = np.where((total == 0) | (c == total), 1.0, centre + half)
    return low[()], high[()]


def proportion(successes: int, n: int) -> Estimate:
    """A share with its Wilson interval; the Wald standard error is left out at 0 and 1.

    >>> proportion(27, 36).value
    0.75
    >>> proportion(0, 0).flags
    ('no_answers',)
    """
    if n == 0:
        return undefined("no_answers")
    p = successes / n
    low, high = wilson(successes, n)
    se = math.sqrt(p * (1 - p) / n) if 0 < successes < n else None
    return Estimate(p, se, float(low), float(high), "wilson")


def binomial_p(
    successes: int,
    n: int,
    chance: float,
    *,
    alternative: Literal["greater", "two-sided"] = "greater",
) -> float:
    """Exact probability of a count at least this extreme when each trial succeeds by chance.

    Two-sided sums the probabilities of all counts that are no likelier than the one seen.

    >>> round(binomial_p(14, 36, 0.25), 3)
    0.046
    """
    if alternative == "greater":
        return float(bdtrc(successes - 1, n, chance)) if successes > 0 else 1.0
    k = np.arange(n + 1)
    log_mass = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    mass = np.exp(log_mass + xlogy(k, chance) + xlog1py(n - k, -chance))
    return float(min(1.0, mass[mass <= mass[successes] * (1 + 1e-7)].sum()))


def mean_t(values: Sequence[float] | Floats) -> Estimate:
    """A mean with its t interval; one value has no interval, values all alike have none either.

    >>> mean_t([1.0, 2.0, 3.0, 4.0]).value
    2.5
    """
    sample = np.asarray(values, dtype=float)
    n = sample.size
    if n == 0:
        return undefined("no_values")
    mean = float(sample.mean())
    if n == 1:
        return Estimate(mean, flags=("one_value",))
    if np.ptp(sample) == 0:
        return Estimate(mean, flags=("constant",))
    se = float(sample.std(ddof=1)) / math.sqrt(n)
    half = float(stdtrit(n - 1, 0.5 + LEVEL / 2)) * se
    return Estimate(mean, se, mean - half, mean + half, "t")


def median_order(values: Sequence[float] | Floats) -> Estimate:
    """A median with the distribution-free interval between two order statistics.

    Coverage is at least 95 %; below six values no pair of them reaches it. Conover (1999),
    Practical Nonparametric Statistics, section 3.2.

    >>> median_order([3.0, 1.0, 2.0]).value
    2.0
    """
    sample = np.sort(np.asarray(values, dtype=float))
    n = sample.size
    if n == 0:
        return undefined("no_values")
    middle = float(np.median(sample))
    if n == 1:
        return Estimate(middle, flags=("one_value",))
    if sample[0] == sample[-1]:
        return Estimate(middle, flags=("constant",))
    rank = _lower_rank(n)
    if rank < 1:
        return Estimate(middle, flags=("few_values",))
    return Estimate(middle, None, float(sample[rank - 1]), float(sample[n - rank]), "order")


def _lower_rank(n: int) -> int:
    """Largest rank r with P(fewer than r of n values below the median) at most 2.5 %."""
    tail = bdtr(np.arange(n // 2 + 1), n, 0.5)
    return int(np.searchsorted(tail, (1 - LEVEL) / 2, side="right"))


def normal(value: float, se: float, ci_method: str) -> Estimate:
    """An estimate with a symmetric normal interval (``wald``, or ``laplace`` for a posterior).

    >>> round(normal(0.0, 1.0, "wald").ci_high, 4)
    1.96
    """
    return Estimate(value, se, value - Z * se, value + Z * se, ci_method)


def log_odds_difference(one: tuple[int, int], other: tuple[int, int]) -> Estimate:
    """Difference of two log odds, each of (successes, trials), ln((k + .5) / (n - k + .5)).

    SE² = the sum of 1/(k + .5) + 1/(n - k + .5) over both.

    >>> round(log_odds_difference((15, 18), (9, 18)).value, 3)
    1.488
    """
    logits, variance = [], 0.0
    for successes, n in (one, other):
        yes, no = successes + 0.5, n - successes + 0.5
        logits.append(math.log(yes / no))
        variance += 1 / yes + 1 / no
    return normal(logits[0] - logits[1], math.sqrt(variance), "wald")


def posterior(grid: Floats, log_density: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Mean, SD and equal-tailed 95 % limits of posteriors tabulated on an even grid.

    Parameters
    ----------
    grid
        Evenly spaced parameter values, shape (points,).
    log_density
        Log posterior up to a constant, shape (people, points).

    Examples
    --------
    >>> grid = np.linspace(-8, 8, 1601)
    >>> mean, sd, low, high = posterior(grid, -0.5 * grid[None, :] ** 2)
    >>> f"{sd[0]:.3f} {high[0]:.3f}"
    '1.000 1.960'
    """
    weight = np.exp(log_density - log_density.max(axis=1, keepdims=True))
    weight /= weight.sum(axis=1, keepdims=True)
    mean = weight @ grid
    sd = np.sqrt(np.maximum(weight @ grid**2 - mean**2, 0.0))
    # A point stands for the cell around it, so half of its weight lies below it.
    below = np.cumsum(weight, axis=1) - weight / 2
    tail = (1 - LEVEL) / 2
    limits = np.array([np.interp((tail, 1 - tail), row, grid) for row in below])
    return mean, sd, limits[:, 0], limits[:, 1]
