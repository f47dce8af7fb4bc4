"""How one person's judgements go with a standard: lines, correlations, detection, thresholds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from scipy.special import stdtrit

from analysis.intervals import LEVEL, Estimate, Floats, Z, normal, undefined
from analysis.logistic import ridge_logistic

PRIOR_SD = 2.5
"""SD of the normal priors around 0 on both coefficients of the psychometric function, logits."""


@dataclass(frozen=True)
class Line:
    """A regression line: its height at the middle of x, and its slope."""

    intercept: Estimate
    slope: Estimate


def line(x: Sequence[float], y: Sequence[float], *, middle: float) -> Line:
    """Least squares y = a + b (x - middle), with t intervals.

    >>> fit = line([1.0, 2.0, 3.0, 4.0], [2.0, 4.0, 6.0, 9.0], middle=2.5)
    >>> fit.slope.value, fit.intercept.value
    (2.3, 5.25)
    """
    reason = no_line(x, y)
    if reason:
        return Line(undefined(reason), undefined(reason))
    centred, height = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    n, mean = centred.size, float(centred.mean())
    spread = float(((centred - mean) ** 2).sum())
    slope = float(((centred - mean) * (height - height.mean())).sum()) / spread
    residuals = height - height.mean() - slope * (centred - mean)
    variance = float((residuals**2).sum()) / (n - 2)
    intercept = float(height.mean()) + slope * (middle - mean)
    t = float(stdtrit(n - 2, 0.5 + LEVEL / 2))
    se_slope = math.sqrt(variance / spread)
    se_intercept = math.sqrt(variance * (1 / n + (middle - mean) ** 2 / spread))
    return Line(
        Estimate(
            intercept, se_intercept, intercept - t * se_intercept, intercept + t * se_intercept, "t"
        ),
        Estimate(slope, se_slope, slope - t * se_slope, slope + t * se_slope, "t"),
    )


def no_line(x: Sequence[float], y: Sequence[float]) -> str | None:
    """Why there is no line and no correlation, if there is none."""
    if len(x) < 4:
        return "few_values" if x else "no_values"
    if min(x) == max(x):
        return "one_norm"
    return "same_answer" if min(y) == max(y) else None


def correlation(x: Sequence[float], y: Sequence[float]) -> Estimate:
    """Pearson's r with Fisher's interval; a perfect one has no interval.

    >>> r = correlation([1.0, 2.0, 3.0, 4.0, 5.0], [1.0, 3.0, 2.0, 5.0, 4.0])
    >>> f"{r.value:.2f} {r.ci_low:.3f} {r.ci_high:.3f}"
    '0.80 -0.280 0.986'
    """
    reason = no_line(x, y)
    if reason:
        return undefined(reason)
    r = _pearson(np.asarray(x, dtype=float), np.asarray(y, dtype=float))
    if abs(r) >= 1 - 1e-12:
        return Estimate(math.copysign(1.0, r), flags=("perfect",))
    half = Z / math.sqrt(len(x) - 3)
    low, high = math.tanh(math.atanh(r) - half), math.tanh(math.atanh(r) + half)
    return Estimate(r, None, low, high, "fisher")


def rank_correlation(x: Sequence[float], y: Sequence[float]) -> Estimate:
    """Spearman's rank correlation, ties at their mean rank; without interval.

    >>> rank_correlation([1.0, 2.0, 3.0, 4.0], [1.0, 4.0, 9.0, 16.0]).value
    1.0
    """
    reason = no_line(x, y)
    if reason:
        return undefined(reason)
    return Estimate(round(_pearson(_ranks(x), _ranks(y)), 12))


def _pearson(x: Floats, y: Floats) -> float:
    dx, dy = x - x.mean(), y - y.mean()
    return float((dx * dy).sum() / math.sqrt(float((dx**2).sum() * (dy**2).sum())))


def _ranks(values: Sequence[float]) -> Floats:
    _, places, counts = np.unique(
        np.asarray(values, dtype=float), return_inverse=True, return_counts=True
    )
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[places], dtype=np.float64)


@dataclass(frozen=True)
class Detection:
    """Sensitivity and criterion of signal detection."""

    d_prime: Estimate
    criterion: Estimate


def detection(hits: int, signals: int, false_alarms: int, noises: int) -> Detection:
    """Sensitivity d' and criterion c from counts with the log-linear correction (k + .5) / (n + 1).

    Hautus (1995), Behav Res Methods 27, 46; variances after Gourevitch & Galanter (1967),
    Psychometrika 32, 25.

    >>> found = detection(30, 33, 10, 33)
    >>> f"{found.d_prime.value:.3f} {found.criterion.value:.3f}"
    '1.764 -0.383'
    """
    if signals == 0 or noises == 0:
        return Detection(undefined("one_class"), undefined("one_class"))
    hit, false = (hits + 0.5) / (signals + 1), (false_alarms + 0.5) / (noises + 1)
    gauss = NormalDist()
    z_hit, z_false = gauss.inv_cdf(hit), gauss.inv_cdf(false)
    variance = hit * (1 - hit) / (signals * gauss.pdf(z_hit) ** 2)
    variance += false * (1 - false) / (noises * gauss.pdf(z_false) ** 2)
    return Detection(
        normal(z_hit - z_false, math.sqrt(variance), "wald"),
        normal(-(z_hit + z_false) / 2, math.sqrt(variance) / 2, "wald"),
    )


@dataclass(frozen=True)
class Psychometric:
    """A logistic psychometric function: its middle, its slope, and what that makes noticeable."""

    pse: Estimate
    """Where both answers are equally likely."""
    slope: Estimate
    jnd: Estimate
    """From the middle to where three of four answers are of the one kind."""


def psychometric(x: Sequence[float], yes: Sequence[bool], *, middle: float) -> Psychometric:
    """Logistic P = 1 / (1 + exp(-(a + b (x - middle)))), a and b with priors N(0, 2.5).

    PSE = middle - a / b and JND = ln 3 / b, standard errors by the delta method. Without a slope
    above 0 there is neither.
    """
    reason = no_line(x, [float(answer) for answer in yes])
    if reason:
        return Psychometric(undefined(reason), undefined(reason), undefined(reason))
    centred = np.asarray(x, dtype=float) - middle
    fit = ridge_logistic(
        np.column_stack([np.ones_like(centred), centred]),
        np.asarray(yes, dtype=bool),
        np.array([PRIOR_SD, PRIOR_SD]),
    )
    a, b = (float(value) for value in fit.coefficients)
    slope = normal(b, math.sqrt(float(fit.covariance[1, 1])), "laplace")
    if slope.ci_low is None or slope.ci_low <= 0:
        return Psychometric(undefined("no_slope"), slope, undefined("no_slope"))
    toward = np.array([-1 / b, a / b**2])
    se = math.sqrt(float(toward @ fit.covariance @ toward))
    pse = normal(middle - a / b, se, "laplace")
    outside = () if min(x) <= middle - a / b <= max(x) else ("outside_range",)
    jnd = math.log(3) / b
    se_jnd = jnd / b * math.sqrt(float(fit.covariance[1, 1]))
    return Psychometric(pse.flagged(*outside), slope, normal(jnd, se_jnd, "laplace"))
