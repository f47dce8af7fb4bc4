"""Models of choices between a sooner and a later amount, fitted to one person's answers.

P(later) = 1 / (1 + exp(-beta d)), where d is the difference of the discounted values as a share of
the larger amount: no unit of money enters. Delays are in days.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.intervals import Estimate, Floats, posterior

PRIOR_LN_K, PRIOR_LN_K_SD = -4.5, 3.0
PRIOR_LN_BETA, PRIOR_LN_BETA_SD = 2.3, 1.5
"""Normal priors of the one-person fit; k in 1/day."""

LAPSE = 0.02
"""Share of answers that the one-person fit takes as random."""

GRID_LN_K = np.linspace(-16.5, 7.5, 481)
GRID_LN_BETA = np.linspace(-3.5, 8.0, 47)

BOUNDS_LN_K = (-20.0, 4.0)
BOUNDS_LN_BETA = (-4.0, 8.0)
"""Box of the maximum-likelihood fits."""

COARSE = 0.5
"""Width of the grid on which a maximum of two parameters is first sought; double for three."""

PRECISION = 1e-5
"""How finely a maximum is sought."""

CLIMBS = 200
"""Newton steps after which a climb is given up."""

AT_BOUND = 1e-3
"""An estimate this close to its box lies on it."""


@dataclass(frozen=True)
class Choices:
    """A person's answers: amounts as shares of the trial's larger one, delays in days."""

    sooner: Floats
    later: Floats
    sooner_days: Floats
    later_days: Floats
    chose_later: NDArray[np.bool_]

    @property
    def n(self) -> int:
        """How many answers."""
        return int(self.chose_later.size)


def choices(rows: Sequence[tuple[float, float, float, float, bool]]) -> Choices:
    """Answers from rows of sooner and later amount, their delays (days), and the choice."""
    table = np.array([row[:4] for row in rows], dtype=float).reshape(-1, 4)
    scale = table[:, :2].max(axis=1)
    return Choices(
        sooner=table[:, 0] / scale,
        later=table[:, 1] / scale,
        sooner_days=table[:, 2],
        later_days=table[:, 3],
        chose_later=np.array([row[4] for row in rows], dtype=bool),
    )


Height = Callable[[Floats], Floats]
"""From points, shape (points, parameters), to how high a function is there."""

Box = Sequence[tuple[float, float]]


def _highest(height: Height, centre: Floats, step: Floats, box: Box) -> Floats:
    """Where a function is highest near a point of a coarse grid: finer and finer grids around it.

    A few parameters and no gradient: a flat or a broken stretch cannot lead it astray.
    """
    low, high = (np.array(end) for end in zip(*box, strict=True))
    moves = _grid([np.arange(-3.0, 4.0)] * centre.size)
    while step.max() > PRECISION:
        points = np.clip(centre + moves * step, low, high)
        centre, step = points[int(np.argmax(height(points)))], step / 2
    return centre


def _grid(axes: Sequence[Floats]) -> Floats:
    """Every combination of the axes' values, one a row."""
    grid: Floats = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(axes))
    return grid


# -- one person, with a prior ----------------------------------------------------------------------


@dataclass(frozen=True)
class Fit:
    """Posterior modes with posterior SD and equal-tailed interval."""

    ln_k: Estimate
    ln_beta: Estimate


def fit_posterior(data: Choices) -> Fit:
    """The hyperbola's ln k and ln beta: joint mode, SD and interval of each one's posterior."""
    log_density = _log_posterior(data, GRID_LN_K[:, None], GRID_LN_BETA[None, :])
    place = np.unravel_index(int(np.argmax(log_density)), log_density.shape)
    start = (float(GRID_LN_K[place[0]]), float(GRID_LN_BETA[place[1]]))
    mode = _mode(data, start)
    return Fit(
        _marginal(GRID_LN_K, log_density, mode[0]),
        _marginal(GRID_LN_BETA, log_density.T, mode[1]),
    )


def _log_posterior(data: Choices, ln_k: Floats, ln_beta: Floats) -> Floats:
    """Log posterior up to a constant, for parameters of any shape."""
    k = np.exp(ln_k)[..., None]
    values = data.later / (1 + k * data.later_days) - data.sooner / (1 + k * data.sooner_days)
    x = np.exp(ln_beta)[..., None] * values
    p = LAPSE / 2 + (1 - LAPSE) * 0.5 * (1 + np.tanh(np.where(data.chose_later, x, -x) / 2))
    prior = ((ln_k - PRIOR_LN_K) / PRIOR_LN_K_SD) ** 2
    prior = prior + ((ln_beta - PRIOR_LN_BETA) / PRIOR_LN_BETA_SD) ** 2
    density: Floats = np.log(p).sum(axis=-1) - 0.5 * prior
    return density


def _mode(data: Choices, start: tuple[float, float]) -> tuple[float, float]:
    """The mode near the best point of the grid."""
    axes = (GRID_LN_K, GRID_LN_BETA)
    box = [(float(axis[0]), float(axis[-1])) for axis in axes]
    step = np.array([float(axis[1] - axis[0]) for axis in axes])

    def height(at: Floats) -> Floats:
        return _log_posterior(data, at[:, 0], at[:, 1])

    ln_k, ln_beta = _highest(height, np.array(start), step, box)
    return float(ln_k), float(ln_beta)


def _marginal(grid: Floats, log_density: Floats, mode: float) -> Estimate:
    top = log_density.max()
    weight = np.exp(log_density - top).sum(axis=1)
    # A density below the smallest number is nothing, not minus infinity.
    log_weight = np.log(np.maximum(weight, 1e-300))
    _, sd, low, high = (float(part[0]) for part in posterior(grid, log_weight[None, :]))
    return Estimate(mode, sd, low, high, "posterior")


# -- maximum likelihood ----------------------------------------------------------------------------

Discount = Callable[[Floats, Sequence[Floats]], Floats]
"""From delays (days) and the model's own parameters to the share of the amount that is left."""


def _hyperbola(days: Floats, own: Sequence[Floats]) -> Floats:
    left: Floats = 1 / (1 + np.exp(own[0]) * days)
    return left


def _exponential(days: Floats, own: Sequence[Floats]) -> Floats:
    left: Floats = np.exp(-np.exp(own[0]) * days)
    return left


def _hyperboloid(days: Floats, own: Sequence[Floats]) -> Floats:
    left: Floats = (1 + np.exp(own[0]) * days) ** -np.exp(own[1])
    return left


def _rachlin(days: Floats, own: Sequence[Floats]) -> Floats:
    # 0 to any power is 0; the logarithm of 0 is not needed for it.
    left: Floats = 1 / (1 + np.exp(own[0]) * days ** np.exp(own[1]))
    return left


def _quasi_hyperbolic(days: Floats, own: Sequence[Floats]) -> Floats:
    present = 1 / (1 + np.exp(-own[1]))
    left: Floats = np.where(days > 0, present, 1.0) * np.exp(-np.exp(own[0]) * days)
    return left


@dataclass(frozen=True)
class _Model:
    discount: Discount
    bounds: tuple[tuple[float, float], ...]


MODELS = {
    "hyperbolic": _Model(_hyperbola, (BOUNDS_LN_K,)),
    "exponential": _Model(_exponential, (BOUNDS_LN_K,)),
    "hyperboloid": _Model(_hyperboloid, (BOUNDS_LN_K, (-3.0, 3.0))),
    "rachlin": _Model(_rachlin, (BOUNDS_LN_K, (-3.0, 3.0))),
    "quasi_hyperbolic": _Model(_quasi_hyperbolic, (BOUNDS_LN_K, (-5.0, 5.0))),
}
"""The models with the box of their own parameters (ln k first); ln beta comes last in each."""


@dataclass(frozen=True)
class Likelihood:
    """A maximum-likelihood fit."""

    own: tuple[Estimate, ...]
    """The model's own parameters, ln k first."""
    ln_beta: Estimate
    log_likelihood: float
    n_parameters: int
    predicted: float
    """Share of answers that the fit holds for the likelier one."""

    @property
    def ln_k(self) -> Estimate:
        """The first of the model's own parameters."""
        return self.own[0]


def fit_likelihood(data: Choices, model: str) -> Likelihood:
    """The most likely parameters within their box."""
    discount, bounds = MODELS[model].discount, [*MODELS[model].bounds, BOUNDS_LN_BETA]

    def height(at: Floats) -> Floats:
        return _log_likelihood(data, discount, at)

    width = COARSE * (len(bounds) - 1)
    axes = [np.linspace(low, high, 1 + round((high - low) / width)) for low, high in bounds]
    coarse = _grid(axes)
    start = coarse[int(np.argmax(height(coarse)))]
    best = _highest(height, start, np.full(start.size, width), bounds)
    if best.size > 2:
        best = _along_the_ridge(height, best, bounds)
    at = [float(value) for value in best]
    x = _logit(data, discount, best[None, :])[0]
    # Answers without one exception are the likelier the steeper the choice, without end.
    bound = bool(np.all((x > 0) == data.chose_later)) or any(
        min(value - low, high - value) < AT_BOUND
        for value, (low, high) in zip(at, bounds, strict=True)
    )
    flags = ("at_bound",) if bound else ()
    errors = (None,) * len(at) if bound else _standard_errors(height, best)
    return Likelihood(
        own=tuple(_wald(at[n], errors[n], flags) for n in range(len(at) - 1)),
        ln_beta=_wald(at[-1], errors[-1], flags),
        log_likelihood=float(height(best[None, :])[0]),
        n_parameters=len(at),
        predicted=float(np.mean((x > 0) == data.chose_later)),
    )


def _logit(data: Choices, discount: Discount, at: Floats) -> Floats:
    """Logit of choosing later, shape (points, answers)."""
    *own, ln_beta = (column[:, None] for column in at.T)
    values = data.later * discount(data.later_days, own)
    values = values - data.sooner * discount(data.sooner_days, own)
    x: Floats = np.exp(ln_beta) * values
    return x


def _log_likelihood(data: Choices, discount: Discount, at: Floats) -> Floats:
    x = _logit(data, discount, at)
    total: Floats = -np.logaddexp(0.0, np.where(data.chose_later, -x, x)).sum(axis=1)
    return total


def _along_the_ridge(height: Height, at: Floats, box: Box, step: float = 1e-3) -> Floats:
    """Climb from a point that ever finer grids have found, by damped Newton steps.

    Two shape parameters that stand in for each other make a narrow ridge, on which grids stop.
    """
    low, high = (np.array(end) for end in zip(*box, strict=True))
    top, damping = float(height(at[None, :])[0]), 1e-3
    for _ in range(CLIMBS):
        shifts = np.eye(at.size) * step
        sides = height(np.concatenate([at + shifts, at - shifts]))
        slope = (sides[: at.size] - sides[at.size :]) / (2 * step)
        information = _information(height, at, step)
        scale = np.diag(np.maximum(np.abs(np.diag(information)), 1e-6))
        move = np.linalg.lstsq(information + damping * scale, slope, rcond=None)[0]
        there = np.clip(at + move, low, high)
        reached = float(height(there[None, :])[0])
        if reached <= top:
            damping *= 10
            if damping > 1e6:
                return at
            continue
        gain, at, top, damping = reached - top, there, reached, max(damping / 10, 1e-9)
        if gain < 1e-9:
            return at
    return at


def _information(height: Height, at: Floats, step: float) -> Floats:
    """Negative second derivatives, by differences."""
    n = at.size
    shifts = np.eye(n) * step
    corners = np.array(
        [at + s * a + t * b for a in shifts for b in shifts for s in (1, -1) for t in (1, -1)]
    )
    heights = height(corners).reshape(n, n, 2, 2)
    curvature = heights[..., 0, 0] - heights[..., 0, 1] - heights[..., 1, 0] + heights[..., 1, 1]
    information: Floats = -curvature / (4 * step**2)
    return information


def _standard_errors(height: Height, at: Floats, step: float = 1e-3) -> tuple[float | None, ...]:
    """From the curvature of the likelihood; None where it has none."""
    n, information = at.size, _information(height, at, step)
    if np.linalg.eigvalsh(information).min() < 1e-6:
        return (None,) * n
    return tuple(float(value) for value in np.sqrt(np.diag(np.linalg.inv(information))))


def _wald(value: float, se: float | None, flags: tuple[str, ...]) -> Estimate:
    if se is None:
        return Estimate(value, flags=flags or ("flat_likelihood",))
    return Estimate(value, se, value - 1.959964 * se, value + 1.959964 * se, "wald", flags)


def noise_log_likelihood(data: Choices) -> float:
    """Log-likelihood of answers that do not look at the offer (one parameter: the share later)."""
    share = float(data.chose_later.mean())
    log_p = [math.log(p) * p for p in (share, 1 - share) if p > 0]
    return data.n * math.fsum(log_p)
