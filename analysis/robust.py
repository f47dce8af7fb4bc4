"""Regression over people that a few of them cannot bend, and a product of two coefficients."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from analysis.intervals import LEVEL, Estimate, undefined

Floats = NDArray[np.float64]

HUBER_K = 1.345
"""Residuals beyond this many SDs count less: 95 % efficiency where the rest is normal."""

MAD_TO_SD = 0.6745
"""Median absolute deviation of a standard normal, to four digits as in MASS::rlm."""

ROUNDS = 1000
STEP = 1e-11

DRAWS = 100_000
"""Random pairs behind the interval of a product."""


@dataclass(frozen=True)
class Robust:
    """A robust regression; coefficients in the order of the columns."""

    coefficients: tuple[Estimate, ...]
    n: int
    df: int


def huber(y: ArrayLike, X: ArrayLike) -> Robust:  # noqa: N803  X is the design matrix's name
    """Huber's M-estimate of a regression, scale by the MAD of the residuals, t intervals.

    What MASS::rlm fits. People with large residuals count less, those with unusual predictors do
    not: see the slopes of all pairs (``theil_sen``) beside it. Rows with a missing cell are left
    out.

    Parameters
    ----------
    y
        Shape (people,).
    X
        Shape (people, columns), the constant included.

    References
    ----------
    Huber (1981), Robust Statistics, chapter 7; Venables & Ripley (2002), section 6.5.
    """
    response, columns = np.asarray(y, dtype=float), np.asarray(X, dtype=float)
    known = np.isfinite(response) & np.isfinite(columns).all(axis=1)
    response, columns = response[known], columns[known]
    n, p = columns.shape
    if n < p + 3:
        return _nothing("few_people", n, p)
    if np.linalg.matrix_rank(columns) < p or np.ptp(response) == 0:
        return _nothing("constant_score", n, p)
    beta, scale = _converged(response, columns)
    rest = response - columns @ beta
    if scale <= 1e-12 * float(np.abs(response).max()):
        return Robust(tuple(Estimate(float(b), flags=("perfect",)) for b in beta), n, n - p)
    bounded = _weights(rest / scale)
    inside = (np.abs(rest / scale) <= HUBER_K).astype(float)
    variance = float(((bounded * rest) ** 2).sum()) / (n - p)
    share = float(inside.mean())
    kappa = 1 + p * float(inside.var(ddof=1)) / (n * share**2)
    spread = np.sqrt(np.diag(np.linalg.inv(columns.T @ columns)))
    se = math.sqrt(variance) * kappa / share * spread
    t = float(stdtrit(n - p, 0.5 + LEVEL / 2))
    return Robust(
        tuple(
            Estimate(float(b), float(s), float(b - t * s), float(b + t * s), "t")
            for b, s in zip(beta, se, strict=True)
        ),
        n,
        n - p,
    )


def _nothing(reason: str, n: int, p: int) -> Robust:
    return Robust((undefined(reason),) * p, n, n - p)


def _converged(y: Floats, columns: Floats) -> tuple[Floats, float]:
    """Coefficients and scale by weighted least squares, again and again."""
    beta = np.linalg.lstsq(columns, y, rcond=None)[0]
    scale = 0.0
    for _ in range(ROUNDS):
        rest = y - columns @ beta
        scale = float(np.median(np.abs(rest))) / MAD_TO_SD
        if scale == 0:
            break
        root = np.sqrt(_weights(rest / scale))
        moved = np.linalg.lstsq(columns * root[:, None], y * root, rcond=None)[0]
        done = float(np.abs(columns @ (moved - beta)).max()) <= STEP * scale
        beta = moved
        if done:
            break
    return np.asarray(beta, dtype=np.float64), scale


def _weights(residuals: Floats) -> Floats:
    size = np.maximum(np.abs(residuals), 1e-300)
    result: Floats = np.minimum(1.0, HUBER_K / size)
    return result


def product(
    a: Estimate, df_a: float, b: Estimate, df_b: float, *, draws: int = DRAWS, seed: int = 0
) -> Estimate:
    """The product of two independent coefficients with its Monte-Carlo interval.

    Both are drawn from t distributions with their own degrees of freedom; the interval holds the
    middle 95 % of the products (MacKinnon, Lockwood & Williams 2004, Multivar Behav Res 39:99,
    there from normal ones). The same numbers give the same interval.
    """
    if a.value is None or b.value is None or not a.se or not b.se or min(df_a, df_b) < 1:
        return undefined(*dict.fromkeys((*a.flags, *b.flags)) or ("few_people",))
    rng = np.random.default_rng(seed)
    many = (a.value + a.se * rng.standard_t(df_a, draws)) * (
        b.value + b.se * rng.standard_t(df_b, draws)
    )
    low, high = np.quantile(many, ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    # Sobel's first-order error: for the table, the interval does not come from it.
    se = math.hypot(a.value * b.se, b.value * a.se)
    return Estimate(a.value * b.value, se, float(low), float(high), "monte_carlo")
