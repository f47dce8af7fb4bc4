"""The ex-Gaussian: a normal time plus an exponential one, fitted to response times."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import log_ndtr

from analysis.intervals import Estimate, Z, normal, undefined

Floats = NDArray[np.float64]

FEWEST_TO_FIT = 20
"""Response times below which no ex-Gaussian is fitted: a preset; papers advise 40 and more."""

SMALLEST = 0.01
"""Lower end of the box of sigma and tau, as a share of the SD; below double of it: ``at_bound``."""

LARGEST = math.exp(2.0)
"""Upper end of the box, likewise."""

CLOSE = 1e-7
"""Step, in SDs or logs, after which the next one would be lost in rounding."""


class ExGaussian(NamedTuple):
    """A normal time plus an exponential one, fitted by maximum likelihood; seconds."""

    mu_s: float
    """Mean of the normal part."""
    sigma_s: float
    """SD of the normal part."""
    tau_s: float
    """Mean (and SD) of the exponential part: the slow tail."""
    log_lik: float
    n: int
    flag: str
    """Empty, ``few_values``, ``constant``, or ``at_bound``: no tail, or no spread before it."""
    se_mu_s: float = math.nan
    """Standard errors by the observed information; NaN at a bound."""
    se_ln_sigma: float = math.nan
    se_ln_tau: float = math.nan

    @property
    def mu(self) -> Estimate:
        """The mean of the normal part with its interval."""
        if not math.isfinite(self.mu_s):
            return undefined(self._reason)
        if not math.isfinite(self.se_mu_s):
            return Estimate(self.mu_s, flags=(self.flag or "flat_likelihood",))
        return normal(self.mu_s, self.se_mu_s, "wald")

    @property
    def sigma(self) -> Estimate:
        """The SD of the normal part with its interval."""
        return self._positive(self.sigma_s, self.se_ln_sigma)

    @property
    def tau(self) -> Estimate:
        """The mean of the exponential part with its interval."""
        return self._positive(self.tau_s, self.se_ln_tau)

    @property
    def _reason(self) -> str:
        return {"constant": "no_spread", "few_values": "few_times"}[self.flag]

    def _positive(self, value: float, se_ln: float) -> Estimate:
        if not math.isfinite(value):
            return undefined(self._reason)
        if not math.isfinite(se_ln):
            return Estimate(value, flags=(self.flag or "flat_likelihood",))
        low, high = value * math.exp(-Z * se_ln), value * math.exp(Z * se_ln)
        return Estimate(value, value * se_ln, low, high, "log_wald")


def ex_gaussian(rt: ArrayLike) -> ExGaussian:
    """The ex-Gaussian that makes these response times (s) likeliest; NaN times are left out.

    It describes a distribution; that its parts are stages of a mind does not follow. Trim as little
    as possible before it: the tail is what it measures.
    """
    times = np.asarray(rt, dtype=float)
    times = np.sort(times[np.isfinite(times)])
    nothing = (math.nan, math.nan, math.nan, math.nan, int(times.size))
    if times.size < FEWEST_TO_FIT:
        return ExGaussian(*nothing, "few_values")
    mean, sd = float(times.mean()), float(times.std())
    if np.ptp(times) == 0:
        return ExGaussian(*nothing, "constant")
    z = (times - mean) / sd
    climbed = [_climbed(z, start) for start in _starts(z)]
    at, top = max(climbed, key=lambda end: end[1].height)
    mu, sigma, tau = float(at[0]), math.exp(at[1]), math.exp(at[2])
    fit = ExGaussian(
        mean + sd * mu,
        sd * sigma,
        sd * tau,
        top.height - times.size * math.log(sd),
        int(times.size),
        "at_bound" if min(sigma, tau) < 2 * SMALLEST else "",
    )
    if fit.flag or np.linalg.eigvalsh(-top.bend)[0] <= 0:
        return fit
    se = np.sqrt(np.diag(np.linalg.inv(-top.bend)))
    return fit._replace(se_mu_s=sd * float(se[0]), se_ln_sigma=float(se[1]), se_ln_tau=float(se[2]))


def _starts(z: Floats) -> list[Floats]:
    """Parameters of the standardised times by the third moment, and with a short and a long tail.

    The exponential part alone is skewed: its tau is the SD times the root of half the skewness.
    """
    half_skew = max(float((z**3).mean()) / 2, 0.0) ** (1 / 3)
    tails = (min(max(half_skew, 0.1), 0.95), 0.3, 0.8)
    return [np.array([-tail, 0.5 * math.log(1 - tail**2), math.log(tail)]) for tail in tails]


class _Place(NamedTuple):
    """The log likelihood at one place, with its first and second derivatives."""

    height: float
    slope: Floats
    bend: Floats


def _likelihood(z: Floats, at: Floats) -> _Place:
    """Log likelihood of mu, ln sigma and ln tau."""
    mu, sigma, tau = float(at[0]), math.exp(at[1]), math.exp(at[2])
    far, ratio = (z - mu) / sigma, sigma / tau
    u = far - ratio
    log_phi = log_ndtr(u)
    # Slope of ln Phi (the inverse Mills ratio) and its own slope.
    mills = np.exp(-u * u / 2 - 0.5 * math.log(2 * math.pi) - log_phi)
    bend = -mills * (u + mills)
    # u moves with mu by -1 / sigma, with ln sigma by ``by_sigma``, with ln tau by ``ratio``. All
    # first and second derivatives are made of these sums over the times.
    by_sigma, n = -far - ratio, z.size
    sum_far, sum_mills, mills_far = float(far.sum()), float(mills.sum()), float(mills @ far)
    sum_bend, bend_sigma = float(bend.sum()), bend * by_sigma
    once, twice = float(bend_sigma.sum()), float(bend_sigma @ by_sigma)
    even = n * ratio**2
    slope = (
        n / tau - sum_mills / sigma,
        even - mills_far - ratio * sum_mills,
        ratio * sum_far - even - n + ratio * sum_mills,
    )
    mu_sigma = (sum_mills - once) / sigma
    mu_tau = -sum_bend * ratio / sigma - n / tau
    sigma_tau = -2 * even + ratio * (once + sum_mills)
    rows = (
        (sum_bend / sigma**2, mu_sigma, mu_tau),
        (mu_sigma, 2 * even + twice + mills_far - ratio * sum_mills, sigma_tau),
        (mu_tau, sigma_tau, 2 * even + ratio * (ratio * sum_bend - sum_far - sum_mills)),
    )
    height = even / 2 - n * float(at[2]) - ratio * sum_far + float(log_phi.sum())
    return _Place(height, np.array(slope), np.array(rows))


def _climbed(z: Floats, start: Floats) -> tuple[Floats, _Place]:
    """The top that Newton's method reaches from a start, inside the box."""
    low = np.array([z.min() - 1, math.log(SMALLEST), math.log(SMALLEST)])
    high = np.array([z.max(), math.log(LARGEST), math.log(LARGEST)])
    at = np.clip(start, low, high)
    here = _likelihood(z, at)
    for _ in range(200):
        free = ~(((at <= low) & (here.slope < 0)) | ((at >= high) & (here.slope > 0)))
        if not free.any():
            break
        step = np.zeros(3)
        step[free] = _newton(here.bend[np.ix_(free, free)], here.slope[free])
        length = float(np.abs(step).max())
        moved = _better(z, at, here, step / max(1.0, length), (low, high))
        if moved is None or length < CLOSE:
            break
        at, here = moved
    return at, here


def _newton(bend: Floats, slope: Floats) -> Floats:
    """A step uphill: Newton's where the height is concave, shortened towards the slope if not."""
    values, vectors = np.linalg.eigh(-bend)
    largest = float(np.abs(values).max())
    steepness = np.maximum(np.abs(values), 1e-3 * largest)
    step: Floats = vectors @ ((vectors.T @ slope) / steepness)
    return step


def _better(
    z: Floats, at: Floats, here: _Place, step: Floats, box: tuple[Floats, Floats]
) -> tuple[Floats, _Place] | None:
    """The first place on the way that is no lower, halving the step; None if there is none."""
    for halving in range(20):
        tried = np.clip(at + step / 2**halving, *box)
        there = _likelihood(z, tried)
        if there.height >= here.height:
            return tried, there
    return None


def log_density(x: ArrayLike, mu: float, sigma: float, tau: float) -> Floats:
    """Log density of the ex-Gaussian.

    >>> f"{float(log_density(0.6, 0.5, 0.05, 0.15)):.4f}"
    '1.2370'
    """
    values = np.asarray(x, dtype=float)
    z = (values - mu) / sigma - sigma / tau
    log_f: Floats = -math.log(tau) + (mu - values) / tau + 0.5 * (sigma / tau) ** 2 + log_ndtr(z)
    return log_f
