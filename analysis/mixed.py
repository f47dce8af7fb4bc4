"""A linear mixed model with crossed random intercepts of persons and items, by REML.

What lme4 fits as ``y ~ X + (1 | person) + (1 | item)``. The factor with more levels has a diagonal
block, so one evaluation costs a small Schur complement over the other factor and no pass over the
rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import cho_factor, cho_solve, solve_triangular

Floats = NDArray[np.float64]

COARSE = (0.03, 0.1, 0.3, 1.0, 3.0)
"""Ratios of SDs among which the search begins."""

ROUNDS = 60
SETTLED = 1e-9
DIFFERENCE = 1e-3
"""Step of the differences, as a share of the ratio."""


class Variances(NamedTuple):
    """Variances of the random intercepts and of the rest, in squared units of ``y``."""

    person: float
    item: float
    residual: float


class Fitted(NamedTuple):
    """A fitted model; coefficients and standard errors in the order of the columns of ``X``."""

    coefficients: Floats
    se: Floats
    variances: Variances
    log_likelihood: float
    """Restricted log-likelihood (REML)."""


@dataclass(frozen=True)
class _Sums:
    """All that the criterion needs of the data: sums over rows, by level and across levels."""

    wide_counts: Floats
    """Rows of each level of the factor with more levels."""
    narrow_counts: Floats
    cross: Floats
    """Rows of each pair of levels, narrow by wide."""
    wide: Floats
    """Sums of [X y] by level."""
    narrow: Floats
    products: Floats
    """[X y]' [X y]."""
    n_rows: int
    n_columns: int


def fit_crossed(y: ArrayLike, X: ArrayLike, person: ArrayLike, item: ArrayLike) -> Fitted:  # noqa: N803  X is the design matrix's name
    """Coefficients, standard errors, variances and log-likelihood of a crossed model, by REML.

    Rows with a missing ``y`` or predictor are left out.

    Parameters
    ----------
    y
        Responses (log RT), one a row.
    X
        Design matrix, rows by columns, the intercept among its columns; full column rank.
    person, item
        Labels of the row's person and item, of any kind.

    Returns
    -------
    Fitted
        Unpacks into coefficients, se, variances and log-likelihood.

    Raises
    ------
    ValueError
        Lengths differ, ``X`` has columns that depend on each other, or a factor has one level.

    References
    ----------
    Bates, Maechler, Bolker & Walker (2015), J Stat Softw 67(1): the profiled REML criterion.
    """
    columns = np.asarray(X, dtype=float)
    columns = columns[:, None] if columns.ndim == 1 else columns
    response = np.asarray(y, dtype=float)
    who, what = np.asarray(person), np.asarray(item)
    if not len(response) == len(columns) == len(who) == len(what):
        raise ValueError("y, X, person and item have different numbers of rows.")
    known = np.isfinite(response) & np.isfinite(columns).all(axis=1)
    people, person_code = np.unique(who[known], return_inverse=True)
    items, item_code = np.unique(what[known], return_inverse=True)
    if min(len(people), len(items)) < 2:
        raise ValueError("a crossed model needs two persons and two items at least.")
    data = np.column_stack([columns[known], response[known]])
    if np.linalg.matrix_rank(data[:, :-1]) < columns.shape[1]:
        raise ValueError("columns of X depend on each other; leave one out.")
    items_are_wide = len(items) >= len(people)
    codes = (item_code, person_code) if items_are_wide else (person_code, item_code)
    sums = _sums(data, *codes)
    wide, narrow = _best_ratios(sums)
    criterion, coefficients, inverse, residual = _solved(sums, wide, narrow)
    item_ratio, person_ratio = (wide, narrow) if items_are_wide else (narrow, wide)
    return Fitted(
        coefficients,
        np.sqrt(residual * np.diag(inverse)),
        Variances(person_ratio**2 * residual, item_ratio**2 * residual, residual),
        -criterion / 2,
    )


def _sums(data: Floats, wide: NDArray[np.intp], narrow: NDArray[np.intp]) -> _Sums:
    n_wide, n_narrow = int(wide.max()) + 1, int(narrow.max()) + 1
    pairs = np.bincount(narrow * n_wide + wide, minlength=n_narrow * n_wide)
    return _Sums(
        wide_counts=np.bincount(wide, minlength=n_wide).astype(float),
        narrow_counts=np.bincount(narrow, minlength=n_narrow).astype(float),
        cross=pairs.reshape(n_narrow, n_wide).astype(float),
        wide=_by_level(data, wide, n_wide),
        narrow=_by_level(data, narrow, n_narrow),
        products=data.T @ data,
        n_rows=len(data),
        n_columns=data.shape[1] - 1,
    )


def _by_level(data: Floats, codes: NDArray[np.intp], n_levels: int) -> Floats:
    return np.column_stack(
        [np.bincount(codes, weights=column, minlength=n_levels) for column in data.T]
    )


def _best_ratios(sums: _Sums) -> tuple[float, float]:
    """SD of the wide and of the narrow factor's intercepts over the residual SD.

    Newton's method from the best place of a coarse grid. The criterion is even and smooth in each
    ratio, so that a ratio of 0 is a place like any other.
    """

    def criterion(ratios: Floats) -> float:
        wide, narrow = np.abs(ratios)
        return _solved(sums, float(wide), float(narrow))[0]

    grid = [np.array([wide, narrow]) for wide in COARSE for narrow in COARSE]
    at = min(grid, key=criterion)
    for _ in range(ROUNDS):
        height, slope, bend = _derivatives(criterion, at)
        values, vectors = np.linalg.eigh(bend)
        steepness = np.maximum(np.abs(values), 1e-6 * float(np.abs(values).max()))
        step = -vectors @ ((vectors.T @ slope) / steepness)
        moved = next(
            (
                place
                for place in (at + step / 2**halving for halving in range(20))
                if criterion(place) < height
            ),
            None,
        )
        # Where no step is lower, rounding is all that is left.
        if moved is None:
            break
        done = float(np.abs(moved - at).max()) < SETTLED
        at = np.abs(moved)
        if done:
            break
    return float(at[0]), float(at[1])


def _derivatives(criterion: Callable[[Floats], float], at: Floats) -> tuple[float, Floats, Floats]:
    """Value, first and second derivatives by central differences."""
    x, y = DIFFERENCE * np.maximum(at, 0.1)
    f = {(i, j): criterion(at + np.array([i * x, j * y])) for i in (-1, 0, 1) for j in (-1, 0, 1)}
    slope = np.array([(f[1, 0] - f[-1, 0]) / (2 * x), (f[0, 1] - f[0, -1]) / (2 * y)])
    mixed = (f[1, 1] - f[1, -1] - f[-1, 1] + f[-1, -1]) / (4 * x * y)
    by_x = (f[1, 0] - 2 * f[0, 0] + f[-1, 0]) / x**2
    by_y = (f[0, 1] - 2 * f[0, 0] + f[0, -1]) / y**2
    return f[0, 0], slope, np.array([[by_x, mixed], [mixed, by_y]])


def _solved(sums: _Sums, wide: float, narrow: float) -> tuple[float, Floats, Floats, float]:
    """Criterion (-2 restricted log-likelihood), coefficients, (X'V⁻¹X)⁻¹ and residual variance."""
    diagonal = 1 + wide**2 * sums.wide_counts
    scaled = wide * sums.wide / diagonal[:, None]
    link = wide * narrow * sums.cross
    schur = np.diag(1 + narrow**2 * sums.narrow_counts) - (link / diagonal) @ link.T
    factor = cho_factor(schur, lower=True)
    rest = narrow * sums.narrow - link @ scaled
    half = solve_triangular(factor[0], rest, lower=True)
    left = sums.products - wide * sums.wide.T @ scaled - half.T @ half
    p = sums.n_columns
    outer = cho_factor(left[:p, :p], lower=True)
    coefficients = cho_solve(outer, left[:p, p])
    freedom = sums.n_rows - p
    residual = max(float(left[p, p] - left[:p, p] @ coefficients), 1e-300) / freedom
    log_determinants = (
        np.log(diagonal).sum()
        + 2 * np.log(np.diag(factor[0])).sum()
        + 2 * np.log(np.diag(outer[0])).sum()
    )
    criterion = log_determinants + freedom * (1 + np.log(2 * np.pi * residual))
    return float(criterion), coefficients, cho_solve(outer, np.eye(p)), residual
