"""Models of choices between a sooner and a later amount, fitted to one person's answers.

P(later) = 1 / (1 + exp(-beta d)), where d is the difference of the discounted values as a share of
the larger amount: no unit of money enters. Delays are in days.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from analysis.climb import Box, climbed
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

STARTS = 3
PROMISING = 3.0
"""So many tops of that grid are climbed from, if their log-likelihood is that near to the best."""

FACTORS = 100
"""Probabilities multiplied before a logarithm is taken: none below ``LAPSE / 2``, so above 0."""

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


@dataclass(frozen=True)
class _Offers:
    """The same, ready for many evaluations: what speaks for the answers given is above zero."""

    amounts: Floats
    """What was taken, then what was left (negative)."""
    days: Floats
    """Their delays."""


def _offers(data: Choices) -> _Offers:
    sign = np.where(data.chose_later, 1.0, -1.0)
    return _Offers(
        np.concatenate([sign * data.later, -sign * data.sooner]),
        np.concatenate([data.later_days, data.sooner_days]),
    )


def _folded(both: Floats) -> Floats:
    """Sum of what belongs to the later and to the sooner side of each offer."""
    n = both.shape[-1] // 2
    total: Floats = both[..., :n] + both[..., n:]
    return total


def _product(axes: Sequence[Floats]) -> Floats:
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
    offers = _offers(data)
    log_density = _log_posterior(offers)
    place = np.unravel_index(int(np.argmax(log_density)), log_density.shape)
    start = np.array([[GRID_LN_K[place[0]], GRID_LN_BETA[place[1]]]])
    box = [(float(axis[0]), float(axis[-1])) for axis in (GRID_LN_K, GRID_LN_BETA)]
    mode, _, _ = climbed(partial(_posterior_rise, offers), start, box)
    density = np.exp(log_density - log_density.max())
    return Fit(
        _marginal(GRID_LN_K, density.sum(axis=1), float(mode[0])),
        _marginal(GRID_LN_BETA, density.sum(axis=0), float(mode[1])),
    )


def _log_posterior(offers: _Offers) -> Floats:
    """Log posterior up to a constant on the grid, shape (ln k, ln beta)."""
    left = _hyperbola(offers.days, [GRID_LN_K[:, None]])
    gains = _folded(offers.amounts * left).T
    minus_beta = -np.exp(GRID_LN_BETA)
    log_density = -0.5 * (
        ((GRID_LN_K[:, None] - PRIOR_LN_K) / PRIOR_LN_K_SD) ** 2
        + ((GRID_LN_BETA[None, :] - PRIOR_LN_BETA) / PRIOR_LN_BETA_SD) ** 2
    )
    # An answer at a time, in place: a whole grid of answers would not fit into a fast memory.
    with np.errstate(over="ignore"):
        for first in range(0, len(gains), FACTORS):
            product = np.ones_like(log_density)
            for gain in gains[first : first + FACTORS]:
                p = np.multiply.outer(gain, minus_beta)
                np.exp(p, out=p)
                p += 1
                np.divide(1 - LAPSE, p, out=p)
                p += LAPSE / 2
                product *= p
            log_density += np.log(product)
    found: Floats = log_density
    return found


def _posterior_rise(offers: _Offers, at: Floats) -> tuple[Floats, Floats]:
    """Log posterior and its slopes at points of ln k and ln beta."""
    left = _hyperbola(offers.days, [at[:, :1]])
    beta = np.exp(at[:, 1:])
    gain = _folded(offers.amounts * left)
    x = beta * gain
    far = np.exp(-np.abs(x))
    right = np.where(x > 0, 1.0, far) / (1 + far)
    p = LAPSE / 2 + (1 - LAPSE) * right
    steep = (1 - LAPSE) * far / (1 + far) ** 2 / p
    of_k = _folded(offers.amounts * _hyperbola_slopes(offers.days, [at[:, :1]], left)[0])
    centre, sd = (
        np.array([PRIOR_LN_K, PRIOR_LN_BETA]),
        np.array([PRIOR_LN_K_SD, PRIOR_LN_BETA_SD]),
    )
    away = (at - centre) / sd
    heights = np.log(p).sum(axis=1) - 0.5 * (away**2).sum(axis=1)
    slopes = np.stack([(steep * beta * of_k).sum(axis=1), (steep * x).sum(axis=1)], axis=1)
    return heights, slopes - away / sd


def _marginal(grid: Floats, weight: Floats, mode: float) -> Estimate:
    # A density below the smallest number is nothing, not minus infinity.
    log_weight = np.log(np.maximum(weight, 1e-300))
    _, sd, low, high = (float(part[0]) for part in posterior(grid, log_weight[None, :]))
    return Estimate(mode, sd, low, high, "posterior")


# -- maximum likelihood ----------------------------------------------------------------------------

Discount = Callable[[Floats, Sequence[Floats]], Floats]
"""From delays (days) and the model's own parameters to the share of the amount that is left."""

Slopes = Callable[[Floats, Sequence[Floats], Floats], Sequence[Floats]]
"""From the same and that share to its derivative by each parameter."""


def _hyperbola(days: Floats, own: Sequence[Floats]) -> Floats:
    left: Floats = 1 / (1 + np.exp(own[0]) * days)
    return left


def _hyperbola_slopes(_days: Floats, _own: Sequence[Floats], left: Floats) -> list[Floats]:
    return [left * (left - 1)]


def _exponential(days: Floats, own: Sequence[Floats]) -> Floats:
    left: Floats = np.exp(-np.exp(own[0]) * days)
    return left


def _exponential_slopes(days: Floats, own: Sequence[Floats], left: Floats) -> list[Floats]:
    return [-np.exp(own[0]) * days * left]


def _hyperboloid(days: Floats, own: Sequence[Floats]) -> Floats:
    left: Floats = (1 + np.exp(own[0]) * days) ** -np.exp(own[1])
    return left


def _hyperboloid_slopes(days: Floats, own: Sequence[Floats], left: Floats) -> list[Floats]:
    grown, power = np.exp(own[0]) * days, np.exp(own[1])
    scaled = -power * left
    return [scaled * grown / (1 + grown), scaled * np.log1p(grown)]


def _rachlin(days: Floats, own: Sequence[Floats]) -> Floats:
    # 0 to any power is 0; the logarithm of 0 is not needed for it.
    left: Floats = 1 / (1 + np.exp(own[0]) * days ** np.exp(own[1]))
    return left


def _rachlin_slopes(days: Floats, own: Sequence[Floats], left: Floats) -> list[Floats]:
    of_k = left * (left - 1)
    return [of_k, of_k * np.exp(own[1]) * np.log(np.where(days > 0, days, 1.0))]


def _quasi_hyperbolic(days: Floats, own: Sequence[Floats]) -> Floats:
    present = 1 / (1 + np.exp(-own[1]))
    left: Floats = np.where(days > 0, present, 1.0) * np.exp(-np.exp(own[0]) * days)
    return left


def _quasi_hyperbolic_slopes(days: Floats, own: Sequence[Floats], left: Floats) -> list[Floats]:
    absent = 1 / (1 + np.exp(own[1]))
    return [-np.exp(own[0]) * days * left, left * np.where(days > 0, absent, 0.0)]


@dataclass(frozen=True)
class _Model:
    discount: Discount
    slopes: Slopes
    bounds: tuple[tuple[float, float], ...]


MODELS = {
    "hyperbolic": _Model(_hyperbola, _hyperbola_slopes, (BOUNDS_LN_K,)),
    "exponential": _Model(_exponential, _exponential_slopes, (BOUNDS_LN_K,)),
    "hyperboloid": _Model(_hyperboloid, _hyperboloid_slopes, (BOUNDS_LN_K, (-3.0, 3.0))),
    "rachlin": _Model(_rachlin, _rachlin_slopes, (BOUNDS_LN_K, (-3.0, 3.0))),
    "quasi_hyperbolic": _Model(
        _quasi_hyperbolic, _quasi_hyperbolic_slopes, (BOUNDS_LN_K, (-5.0, 5.0))
    ),
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
    """The most likely parameters within their box: the tops of a grid, and uphill from there."""
    offers, of = _offers(data), MODELS[model]
    bounds = [*of.bounds, BOUNDS_LN_BETA]
    starts = _tops_of_grid(offers, of.discount, bounds)
    best, log_likelihood, information = climbed(partial(_rise, offers, of), starts, bounds, 0.0)
    at = [float(value) for value in best]
    own, beta = [best[None, n : n + 1] for n in range(best.size - 1)], math.exp(at[-1])
    x = beta * _folded(offers.amounts * of.discount(offers.days, own))[0]
    # A value of nothing speaks for the sooner amount.
    as_held = (x > 0) | ((x == 0) & ~data.chose_later)
    # Answers without one exception are the likelier the steeper the choice, without end.
    bound = bool(as_held.all()) or any(
        min(value - low, high - value) < AT_BOUND
        for value, (low, high) in zip(at, bounds, strict=True)
    )
    flags = ("at_bound",) if bound else ()
    errors = (None,) * len(at) if bound else _standard_errors(information)
    return Likelihood(
        own=tuple(_wald(at[n], errors[n], flags) for n in range(len(at) - 1)),
        ln_beta=_wald(at[-1], errors[-1], flags),
        log_likelihood=log_likelihood,
        n_parameters=len(at),
        predicted=float(np.mean(as_held)),
    )


def _tops_of_grid(offers: _Offers, discount: Discount, bounds: Box) -> Floats:
    """Points of a coarse grid that are likelier than those beside them, the best first."""
    width = COARSE * (len(bounds) - 1)
    axes = [np.linspace(low, high, 1 + round((high - low) / width)) for low, high in bounds]
    own = [column[:, None] for column in _product(axes[:-1]).T]
    gains = _folded(offers.amounts * discount(offers.days, own))
    heights = np.stack(
        [_log_logistic(beta * gains).sum(axis=1) for beta in np.exp(axes[-1])], axis=1
    ).reshape([axis.size for axis in axes])
    is_top = heights > heights.max() - PROMISING
    for axis in range(heights.ndim):
        steps = np.diff(heights, axis=axis)
        edge = np.full_like(heights.take([0], axis=axis), -1.0)
        is_top &= np.concatenate([steps, edge], axis=axis) <= 0
        is_top &= np.concatenate([-edge, steps], axis=axis) > 0
    places = np.argwhere(is_top)
    order = np.argsort(-heights[is_top], kind="stable")[:STARTS]
    tops: Floats = np.stack([axis[places[order, n]] for n, axis in enumerate(axes)], axis=1)
    return tops


def _log_logistic(x: Floats) -> Floats:
    """Log of 1 / (1 + exp(-x)), from the side that cannot overflow."""
    log_p: Floats = np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x)))
    return log_p


def _rise(offers: _Offers, model: _Model, at: Floats) -> tuple[Floats, Floats]:
    """Log-likelihood and its slopes at points, shape (points, parameters)."""
    *own, ln_beta = (column[:, None] for column in at.T)
    left = model.discount(offers.days, own)
    beta, gain = np.exp(ln_beta), _folded(offers.amounts * left)
    x = beta * gain
    far = np.exp(-np.abs(x))
    wrong = beta * np.where(x > 0, far, 1.0) / (1 + far)
    slopes = [
        (wrong * _folded(offers.amounts * of)).sum(axis=1)
        for of in model.slopes(offers.days, own, left)
    ]
    heights = (np.minimum(x, 0) - np.log1p(far)).sum(axis=1)
    return heights, np.stack([*slopes, (wrong * gain).sum(axis=1)], axis=1)


def _standard_errors(information: Floats) -> tuple[float | None, ...]:
    """From the curvature of the likelihood; None where it has none."""
    if np.linalg.eigvalsh(information).min() < 1e-6:
        return (None,) * len(information)
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
