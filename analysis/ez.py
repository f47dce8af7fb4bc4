"""EZ diffusion: drift, boundary and non-decision time from accuracy and the moments of RT.

Wagenmakers, van der Maas & Grasman (2007), Psychon Bull Rev 14:3. Closed form, no fit: what
forty to ninety decisions a person can carry.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from analysis.intervals import LEVEL, Estimate, Z, undefined

Floats = NDArray[np.float64]

NEAR_CHANCE = 1e-4
"""Below this logit of accuracy the closed form loses its digits; its limit is taken instead."""


def ez_diffusion(
    proportion_correct: ArrayLike,
    rt_variance: ArrayLike,
    rt_mean: ArrayLike,
    s: float = 0.1,
    n: ArrayLike | None = None,
) -> tuple[Floats, Floats, Floats]:
    """Drift rate v, boundary separation a, and non-decision time ter.

    Parameters
    ----------
    proportion_correct
        Share of right decisions, 0 to 1.
    rt_variance
        Variance of the right decisions' times, s² (above 0).
    rt_mean
        Their mean, s.
    s
        Scale of the noise; 0.1 in the paper, 1 in many programs: v and a are in its units.
    n
        Decisions; with it accuracies of 0 and 1 are moved inwards by half a decision, to 1/(2n) and
        1 - 1/(2n). Without it they have no solution.

    Returns
    -------
    v, a, ter
        Of the broadcast shape; ter in s. NaN where there is no solution.

    >>> v, a, ter = ez_diffusion(0.802, 0.112, 0.723)
    >>> f"{v:.4f} {a:.4f} {ter:.4f}"
    '0.0999 0.1400 0.3000'
    """
    share, variance, mean = np.broadcast_arrays(
        *(np.asarray(x, dtype=float) for x in (proportion_correct, rt_variance, rt_mean))
    )
    if n is not None:
        edge = 0.5 / np.asarray(n, dtype=float)
        share = np.where(share <= 0, edge, np.where(share >= 1, 1 - edge, share))
    possible = (share > 0) & (share < 1) & (variance > 0)
    p = np.where(possible, share, 0.75)
    var = np.where(possible, variance, 1.0)
    logit = np.log(p / (1 - p))
    flat = np.abs(logit) < NEAR_CHANCE
    safe = np.where(flat, 1.0, logit)
    p_safe = np.where(flat, 1 / (1 + np.exp(-1.0)), p)
    x = safe * (p_safe**2 * safe - p_safe * safe + p_safe - 0.5) / var
    v = np.sign(p_safe - 0.5) * s * x**0.25
    a = s**2 * safe / v
    decision = a / (2 * v) * np.tanh(v * a / (2 * s**2))
    # Without drift: the time to leave (-a/2, a/2) has mean a²/(4 s²) and variance a⁴/(24 s⁴).
    a_flat = s * (24 * var) ** 0.25
    v = np.where(flat, s**2 * logit / a_flat, v)
    a = np.where(flat, a_flat, a)
    ter = mean - np.where(flat, a_flat**2 / (4 * s**2), decision)
    hidden = np.where(possible, 1.0, np.nan)
    return v * hidden, a * hidden, ter * hidden


# -- with intervals, from a person's times -------------------------------------------------------

FEWEST_RIGHT = 10
"""Right answers below which nothing is estimated."""

FLATTEST = 0.05
"""Smallest drift at which cumulants keep their digits; they hardly change below it."""

ROBUST_DEGREES = 0.37
"""Efficiency of the interquartile range beside the variance, for normal times: the share of the
degrees of freedom that is left to it."""


@dataclass(frozen=True)
class Ez:
    """Drift rate, boundary separation and non-decision time of one person, with intervals."""

    v: Estimate
    a: Estimate
    ter: Estimate


def ez_of(right: int, answered: int, rt: ArrayLike, s: float = 0.1) -> Ez:
    """EZ diffusion from mean and variance of the right answers' times.

    Standard errors by the delta method: the cumulants of the decision time give the sampling
    variances of mean and variance, the binomial that of accuracy.

    Parameters
    ----------
    right, answered
        Right answers, and all answers.
    rt
        Response times of the right answers that count, s.
    s
        Scale of the noise.

    >>> ez_of(9, 10, [0.5] * 9).v.flags
    ('few_correct',)
    """
    times = np.asarray(rt, dtype=float)
    if times.size < FEWEST_RIGHT:
        return _nothing("few_correct")
    if np.ptp(times) == 0:
        return _nothing("no_spread")
    n, mean, variance = times.size, float(times.mean()), float(times.var(ddof=1))
    share = _inside(right, answered)
    v, a, ter = (float(part) for part in ez_diffusion(share, variance, mean, s))
    logit = math.log(share / (1 - share))
    k1, k2, k3, k4 = cumulants(logit)
    width = (a / s) ** 2
    spread = _Spread(
        logit=_logit_variance(right, answered),
        width=(k4 / k2**2 + 2) / n / 4,
        place=width**2 * k2 / n,
        both=width * k3 / k2 / n / 2,
    )
    # Each cumulant falls with the drift by drift times the next one; ln width = ln sqrt(V / k2).
    slopes = _Slopes(width=logit * k3 / k2 / 2, middle=k1, middle_slope=-logit * k2)
    return _with_errors(s, (v, a, ter), spread, slopes, Z, "wald")


def ez_robust_of(right: int, answered: int, rt: ArrayLike, s: float = 0.1) -> Ez:
    """EZ diffusion from median and interquartile range of the right answers' times.

    A few guesses or lapses move these little. Chávez De la Peña, Shin & Vandekerckhove (2026),
    Behav Res Methods 58:177, put them in the place of mean and variance; here they are compared
    with the median and interquartile range of the diffusion itself, whose skew would bias the
    parameters otherwise. Parameters as in ``ez_of``.

    >>> rt = [0.45, 0.48, 0.5, 0.51, 0.53, 0.55, 0.58, 0.62, 0.7, 0.9]
    >>> f"{ez_robust_of(10, 12, rt).v.value:.3f}"
    '0.207'
    """
    times = np.asarray(rt, dtype=float)
    if times.size < FEWEST_RIGHT:
        return _nothing("few_correct")
    low, median, high = (float(q) for q in np.quantile(times, (0.25, 0.5, 0.75)))
    if low == high:
        return _nothing("no_spread")
    n, share = times.size, _inside(right, answered)
    logit = math.log(share / (1 - share))
    decision = quartiles(logit)
    between = decision.high - decision.low
    width = (high - low) / between
    a = s * math.sqrt(width)
    f_low, f_median, f_high = decision.densities
    range_variance = 3 / 16 * (1 / f_low**2 + 1 / f_high**2) - 1 / 8 / (f_low * f_high)
    spread = _Spread(
        logit=_logit_variance(right, answered),
        width=range_variance / n / between**2,
        place=width**2 / (4 * n * f_median**2),
        both=width * (1 / f_high - 1 / f_low) / (8 * n * f_median * between),
    )
    step = math.copysign(FLATTEST, logit)
    far, near = quartiles(logit + step), quartiles(logit - step)
    slopes = _Slopes(
        width=-(far.high - far.low - near.high + near.low) / (2 * step) / between,
        middle=decision.median,
        middle_slope=(far.median - near.median) / (2 * step),
    )
    values = logit * s**2 / a, a, median - width * decision.median
    t = float(stdtrit(ROBUST_DEGREES * (n - 1), 0.5 + LEVEL / 2))
    return _with_errors(s, values, spread, slopes, t, "t")


def _nothing(reason: str) -> Ez:
    none = undefined(reason)
    return Ez(none, none, none)


def _inside(right: int, answered: int) -> float:
    """Accuracy, moved inwards by half an answer where it is 0 or 1."""
    return min(max(right, 0.5), answered - 0.5) / answered


def _logit_variance(right: int, answered: int) -> float:
    p = (right + 0.5) / (answered + 1)
    return 1 / (answered * p * (1 - p))


@dataclass(frozen=True)
class _Spread:
    """Sampling variances of what the parameters are made of."""

    logit: float
    """Of the logit of accuracy."""
    width: float
    """Of ln(a²/s²) as far as the times make it."""
    place: float
    """Of the mean or the median of the times."""
    both: float
    """Covariance of the last two."""


@dataclass(frozen=True)
class _Slopes:
    """How the parameters follow the logit of accuracy."""

    width: float
    """Change of ln(a²/s²) with it."""
    middle: float
    """Mean or median of the decision time where a = s = 1."""
    middle_slope: float


def _with_errors(
    s: float,
    values: tuple[float, float, float],
    spread: _Spread,
    slopes: _Slopes,
    quantile: float,
    ci_method: str,
) -> Ez:
    """The delta method for v = logit s²/a, a = s sqrt(w), ter = place - w middle, w = a²/s²."""
    v, a, _ = values
    width = (a / s) ** 2
    ln_width = spread.width + slopes.width**2 * spread.logit
    drift = (s**2 / a - v * slopes.width / 2) ** 2 * spread.logit + (v / 2) ** 2 * spread.width
    by_width = -width * slopes.middle
    by_logit = by_width * slopes.width - width * slopes.middle_slope
    non_decision = (
        spread.place
        + by_width**2 * spread.width
        + 2 * by_width * spread.both
        + by_logit**2 * spread.logit
    )
    errors = (math.sqrt(drift), a / 2 * math.sqrt(ln_width), math.sqrt(non_decision))
    return Ez(
        *(
            Estimate(value, se, value - quantile * se, value + quantile * se, ci_method)
            for value, se in zip(values, errors, strict=True)
        )
    )


# -- the decision time itself, a = s = 1 ---------------------------------------------------------


def cumulants(drift: float) -> tuple[float, float, float, float]:
    """First four cumulants of the time to leave (-1/2, 1/2) with this drift and unit noise.

    From ln E exp(h t) = ln cosh(v/2) - ln cosh(sqrt(v² - 2 h)/2), v the drift.

    >>> [round(part, 6) for part in cumulants(1.0)]
    [0.231059, 0.034447, 0.012482, 0.006879]
    """
    r = max(abs(drift), FLATTEST)
    t = math.tanh(r / 2)
    u = 1 - t * t
    return (
        t / (2 * r),
        t / (2 * r**3) - u / (4 * r**2),
        3 * t / (2 * r**5) - 3 * u / (4 * r**4) - u * t / (4 * r**3),
        15 * t / (2 * r**7)
        - 15 * u / (4 * r**6)
        - 3 * u * t / (2 * r**5)
        + u * (u / 2 - t * t) / (4 * r**4),
    )


@dataclass(frozen=True)
class Quartiles:
    """Quartiles of the decision time, and its density at each."""

    low: float
    median: float
    high: float
    densities: tuple[float, float, float]


TIMES = np.geomspace(0.004, 4.0, 1500)
DRIFTS = np.linspace(0.0, 10.0, 201)


def quartiles(drift: float) -> Quartiles:
    """Quartiles of the time to leave (-1/2, 1/2) with this drift and unit noise.

    >>> f"{quartiles(0.0).median:.4f} {quartiles(3.0).median:.4f}"
    '0.1894 0.1205'
    """
    table = _quartile_table()
    row = [float(np.interp(abs(drift), DRIFTS, column)) for column in table.T]
    return Quartiles(row[0], row[1], row[2], (row[3], row[4], row[5]))


@cache
def _quartile_table() -> Floats:
    """Quartiles and densities by drift, from the series of the first-passage time."""
    rows = []
    for drift in DRIFTS:
        below, density = decision_time(float(drift), TIMES)
        at = np.interp((0.25, 0.5, 0.75), below, TIMES)
        rows.append(np.concatenate([at, np.interp(at, TIMES, density)]))
    return np.array(rows)


def decision_time(drift: float, t: Floats) -> tuple[Floats, Floats]:
    """Distribution function and density of that time, at ``t`` from 0.004 on.

    The series of Feller for the first passage, both ends together; thirty terms are exact there.
    """
    odd = np.arange(1.0, 60.0, 2.0)
    sign = np.where(odd % 4 == 1, 1.0, -1.0)
    rate = (drift**2 + (odd * math.pi) ** 2) / 2
    fading = np.exp(-np.outer(t, rate))
    size = 2 * math.cosh(drift / 2) * math.pi
    below: Floats = 1 - size * (fading @ (sign * odd / rate))
    density: Floats = size * (fading @ (sign * odd))
    return below, density
