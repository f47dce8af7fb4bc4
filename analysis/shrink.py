"""Estimates of several people pooled by REML, and each person's drawn towards the others.

What metafor fits as ``rma(y, sei, mods, method="REML", test="knha")``: every person's value has a
known standard error, and the true values vary between people with variance tau².
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from analysis.intervals import LEVEL

Floats = NDArray[np.float64]

ROUNDS = 200
STEP = 1e-10


@dataclass(frozen=True)
class Pooled:
    """A random-effects model: coefficients by column of X, and how far people truly differ."""

    coefficients: Floats
    covariance: Floats
    """Of the coefficients, after Knapp & Hartung (2003)."""
    tau2: float
    """Variance of the true values between people, given the columns of X."""
    noise2: float
    """Mean squared standard error of a person's value."""
    n: int
    """People."""

    @property
    def df(self) -> int:
        """Degrees of freedom of the t intervals."""
        return self.n - len(self.coefficients)

    @property
    def reliability(self) -> float:
        """Share of the values' variance between people that is no noise."""
        return self.tau2 / (self.tau2 + self.noise2) if self.tau2 > 0 else 0.0

    @property
    def se(self) -> Floats:
        """Standard errors of the coefficients; NaN without degrees of freedom."""
        result: Floats = np.sqrt(np.diag(self.covariance))
        return result

    def interval(
        self, weights: ArrayLike, level: float = LEVEL
    ) -> tuple[float, float, float, float]:
        """Value, standard error and both ends of the t interval of a sum of coefficients."""
        w = np.asarray(weights, dtype=float)
        value = float(w @ self.coefficients)
        se = math.sqrt(float(w @ self.covariance @ w))
        if self.df < 1:
            return value, math.nan, math.nan, math.nan
        half = float(stdtrit(self.df, 0.5 + level / 2)) * se
        return value, se, value - half, value + half


def pool(values: ArrayLike, se: ArrayLike, X: ArrayLike | None = None) -> Pooled:  # noqa: N803  X is the design matrix's name
    """A random-effects model of people's values by REML, from DerSimonian and Laird's start.

    People without a value or a standard error are left out. tau² by Fisher scoring on the
    restricted likelihood, never below zero; the coefficients' covariance after Knapp & Hartung.

    Parameters
    ----------
    values, se
        Shape (people,).
    X
        Shape (people, columns); a column of ones if it is left out.

    Raises
    ------
    ValueError
        Nobody has a value, or the columns of ``X`` depend on each other among those who have.

    References
    ----------
    DerSimonian & Laird (1986), Control Clin Trials 7:177. Viechtbauer (2005), J Educ Behav Stat
    30:261 (REML by Fisher scoring). Knapp & Hartung (2003), Stat Med 22:2693.
    """
    y, s = np.asarray(values, dtype=float), np.asarray(se, dtype=float)
    columns = np.ones((len(y), 1)) if X is None else np.asarray(X, dtype=float)
    known = np.isfinite(y) & np.isfinite(s) & (s > 0) & np.isfinite(columns).all(axis=1)
    y, variance, columns = y[known], s[known] ** 2, columns[known]
    n, p = columns.shape
    if n == 0:
        raise ValueError("nobody has a value with a standard error.")
    if np.linalg.matrix_rank(columns) < p:
        raise ValueError("columns of X depend on each other; leave one out.")
    tau2 = _reml(y, variance, columns) if n > p else 0.0
    weights = 1 / (variance + tau2)
    inverse = np.linalg.inv((columns.T * weights) @ columns)
    coefficients = inverse @ (columns.T @ (weights * y))
    rest = y - columns @ coefficients
    scale = float(weights @ rest**2) / (n - p) if n > p else math.nan
    return Pooled(coefficients, inverse * scale, tau2, float(variance.mean()), n)


def _reml(y: Floats, variance: Floats, columns: Floats) -> float:
    tau2 = _dersimonian_laird(y, variance, columns)
    scale = float(variance.mean()) + tau2
    for _ in range(ROUNDS):
        score, information = _derivatives(y, variance, columns, tau2)
        moved = tau2 + score / information
        if moved <= 0:
            moved = 0.0 if tau2 < 1e-3 * scale else tau2 / 8
        if abs(moved - tau2) <= STEP * scale:
            return moved
        tau2 = moved
    return tau2


def _dersimonian_laird(y: Floats, variance: Floats, columns: Floats) -> float:
    """The estimate from the weighted sum of squares about the common value, not below zero."""
    weights = 1 / variance
    inverse = np.linalg.inv((columns.T * weights) @ columns)
    rest = y - columns @ (inverse @ (columns.T @ (weights * y)))
    trace = weights.sum() - float(np.trace(inverse @ ((columns.T * weights**2) @ columns)))
    n, p = columns.shape
    return float(max(0.0, (float(weights @ rest**2) - (n - p)) / trace))


def _derivatives(y: Floats, variance: Floats, columns: Floats, tau2: float) -> tuple[float, float]:
    """Score and expected information of tau² on the restricted likelihood, both times two."""
    w = 1 / (variance + tau2)
    inverse = np.linalg.inv((columns.T * w) @ columns)
    projected = w * (y - columns @ (inverse @ (columns.T @ (w * y))))
    # Traces of P = W - WX(X'WX)^-1 X'W and of its square, without the matrix of people by people.
    squares = inverse @ ((columns.T * w**2) @ columns)
    cubes = inverse @ ((columns.T * w**3) @ columns)
    trace = float(w.sum() - np.trace(squares))
    of_square = float((w**2).sum() - 2 * np.trace(cubes) + np.trace(squares @ squares))
    return float(projected @ projected) - trace, of_square


def shrunk(values: ArrayLike, se: ArrayLike, pooled: Pooled) -> tuple[Floats, Floats]:
    """Each person's value drawn towards the mean as far as it is noise, and its standard error.

    m + (value - m) tau² / (tau² + SE²); the standard error is that of the posterior with m and
    tau² taken as known, so it is on the small side with few people. A person without a standard
    error stays NaN.

    >>> pooled = pool([0.0, 2.0, 4.0], [1.0, 1.0, 1.0])
    >>> values, _ = shrunk([0.0, 2.0, 4.0], [1.0, 1.0, 1.0], pooled)
    >>> [round(float(value), 3) for value in values]
    [0.5, 2.0, 3.5]
    """
    y, variance = np.asarray(values, dtype=float), np.asarray(se, dtype=float) ** 2
    mean = float(pooled.coefficients[0])
    share = pooled.tau2 / (pooled.tau2 + variance)
    return mean + (y - mean) * share, np.sqrt(pooled.tau2 * (1 - share))
