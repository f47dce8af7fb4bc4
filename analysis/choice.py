"""Discount models fitted to tables of choices, one row a participant: hierarchical, MAP or ML.

P(later) = 1 / (1 + exp(-beta d)), with d the difference of the discounted values over the larger
amount of the trial (``scale="relative"``), so that no unit of money enters; or over one amount for
all trials (``scale="absolute"``), so that beta is per unit of money. Delays are in days.

The hierarchical fit learns mean and covariance of the parameters over people from the data
(empirical Bayes, EM on a grid) and gives each person's posterior mean. It is the least noisy of the
three and pulls the more towards the group the less a person's answers say.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.hyperbola import MODELS, Choices, fit_likelihood
from analysis.intervals import Estimate, posterior
from analysis.tables import columns_needed
from mbtexp.errors import DataError, did_you_mean

Floats = NDArray[np.float64]
Scale = Literal["relative", "absolute"]
Method = Literal["hierarchical", "map", "ml"]

COLUMNS = (
    "participant",
    "amount_sooner",
    "delay_sooner_d",
    "amount_later",
    "delay_later_d",
    "chose_later",
)

PARAMETERS = {
    "hyperbolic": ("ln_k",),
    "exponential": ("ln_k",),
    "hyperboloid": ("ln_k", "ln_s"),
    "rachlin": ("ln_k", "ln_s"),
    "quasi_hyperbolic": ("ln_k", "logit_beta"),
}
"""Each model's own parameters: V = A/(1+kD), A exp(-kD), A/(1+kD)^s, A/(1+k D^s), A b exp(-kD)."""

PRIOR = {"ln_k": (-4.5, 3.0), "ln_s": (0.0, 1.0), "logit_beta": (1.5, 1.5), "ln_beta": (2.3, 1.5)}
"""Normal priors (mean, SD) of the MAP fit, on the relative scale; one more person in the EM."""

AXES = {
    "ln_k": (-14.0, 4.0),
    "ln_s": (-2.5, 2.5),
    "logit_beta": (-4.0, 6.0),
    "ln_beta": (-3.0, 8.0),
}
"""Ends of the grid."""

STEPS = {2: (91, 34), 3: (46, 13, 18)}
"""Points of the grid on which the group is learned, by number of parameters."""

FINE = {2: (41, 31), 3: (25, 15, 19)}
"""Points of a person's own grid, laid over the bulk of the posterior."""

BULK_SD = 4.5
"""Half the width of that grid, in posterior SD."""

ROUNDS = 200
SETTLED = 1e-4
"""The EM stops when no mean and no SD moves more than this, or after so many rounds."""


@dataclass(frozen=True)
class _Group:
    """Normal distribution of the parameters over people."""

    mean: Floats
    covariance: Floats


@dataclass(frozen=True)
class _Person:
    """One participant's choices, ready to be fitted."""

    name: str
    choices: Choices

    @property
    def separated(self) -> bool:
        """Whether every answer is the same, so that only the prior holds the estimate."""
        chosen = self.choices.chose_later
        return bool(chosen.all() or not chosen.any())


def fit_choices(
    trials: pd.DataFrame,
    model: str = "hyperbolic",
    method: Method = "hierarchical",
    scale: Scale = "relative",
) -> pd.DataFrame:
    """A discount model's parameters for each participant.

    Parameters
    ----------
    trials
        Columns ``participant``, ``amount_sooner``, ``delay_sooner_d`` (days), ``amount_later``,
        ``delay_later_d``, ``chose_later`` (True/False or 1/0; NaN: not answered, left out). One row
        a choice, in any order.
    model
        ``hyperbolic``, ``exponential``, ``hyperboloid`` (Myerson & Green 1995), ``rachlin``
        (Rachlin 2006) or ``quasi_hyperbolic`` (Laibson 1997); ``quasi-hyperbolic`` is the same.
    method
        ``hierarchical``: posterior mean under the group learned from these data. ``map``: posterior
        mode under a fixed weak prior. ``ml``: maximum likelihood in a box.
    scale
        What choice noise is relative to: the larger amount of the trial, or plain money.

    Returns
    -------
    DataFrame
        One row a participant, sorted: ``participant``, ``model``, ``method``, ``scale``, ``n``;
        for each parameter its value, ``_se``, ``_low``, ``_high`` (95 %); ``se`` (of the first),
        ``log_lik`` at the estimate, ``aic``, ``bic``, ``mcfadden``, ``ed50_d`` (days after which
        half the value is left), ``at_bound`` (the answers do not hold the estimate by themselves:
        all alike, or the likelihood has its maximum at the edge of its box).

    Raises
    ------
    DataError
        A column is missing, an amount or a delay is impossible, model or method is not known.
    """
    model = model.replace("-", "_")
    if model not in PARAMETERS:
        raise DataError(f"model {model!r} is not known; {did_you_mean(model, PARAMETERS)}")
    if method not in ("hierarchical", "map", "ml"):
        raise DataError(f"method {method!r}: it can be 'hierarchical', 'map' or 'ml'.")
    if scale not in ("relative", "absolute"):
        raise DataError(f"scale {scale!r}: it can be 'relative' or 'absolute'.")
    people, unit = _people(trials, scale)
    if method == "ml":
        fits = [_most_likely(person, model) for person in people]
    else:
        fits = list(_bayesian(people, model, learn=method == "hierarchical"))
    names = (*PARAMETERS[model], "ln_beta")
    head = {"model": model, "method": method, "scale": scale}
    rows = [
        _row(person, head, names, fit, unit, model)
        for person, fit in zip(people, fits, strict=True)
    ]
    return pd.DataFrame(rows)


# -- reading --------------------------------------------------------------------------------------


def _people(trials: pd.DataFrame, scale: Scale) -> tuple[list[_Person], float]:
    columns_needed(trials, COLUMNS, "choices")
    answered = trials[trials["chose_later"].notna()].reset_index(drop=True)
    numbers = answered[list(COLUMNS[1:])].apply(pd.to_numeric, errors="coerce").astype(float)
    chosen = numbers.pop("chose_later")
    bad = (
        numbers.isna().any(axis=1)
        | (numbers < 0).any(axis=1)
        | (numbers["amount_sooner"] <= 0)
        | (numbers["amount_later"] <= 0)
        | ~chosen.isin((0.0, 1.0))
    )
    if bad.any():
        row = answered.loc[bad].iloc[0]
        raise DataError(
            f"choices: participant {row['participant']!r} has an impossible row "
            f"({', '.join(f'{name} {row[name]}' for name in COLUMNS[1:])}); amounts are above 0, "
            "delays 0 or more days, chose_later 0 or 1."
        )
    larger = numbers[["amount_sooner", "amount_later"]].max(axis=1)
    unit = 1.0 if scale == "relative" or not len(larger) else float(larger.median())
    size = larger if scale == "relative" else pd.Series(unit, index=larger.index)
    labels = answered["participant"].astype(str)
    people = []
    for name, rows in labels.groupby(labels, sort=True).groups.items():
        own, whole = numbers.loc[rows], size.loc[rows].to_numpy()
        people.append(
            _Person(
                str(name),
                Choices(
                    sooner=own["amount_sooner"].to_numpy() / whole,
                    later=own["amount_later"].to_numpy() / whole,
                    sooner_days=own["delay_sooner_d"].to_numpy(),
                    later_days=own["delay_later_d"].to_numpy(),
                    chose_later=chosen.loc[rows].to_numpy() == 1,
                ),
            )
        )
    return people, unit


# -- maximum likelihood ---------------------------------------------------------------------------


@dataclass(frozen=True)
class _Fit:
    estimates: tuple[Estimate, ...]
    log_likelihood: float
    at_bound: bool


def _most_likely(person: _Person, model: str) -> _Fit:
    fit = fit_likelihood(person.choices, model)
    bound = "at_bound" in fit.ln_beta.flags or person.separated
    return _Fit((*fit.own, fit.ln_beta), fit.log_likelihood, bound)


# -- with a prior ---------------------------------------------------------------------------------


def _bayesian(people: Sequence[_Person], model: str, *, learn: bool) -> Iterator[_Fit]:
    names = (*PARAMETERS[model], "ln_beta")
    fixed = _Group(
        np.array([PRIOR[name][0] for name in names]),
        np.diag([PRIOR[name][1] ** 2 for name in names]),
    )
    axes = [
        np.linspace(*AXES[name], steps)
        for name, steps in zip(names, STEPS[len(names)], strict=True)
    ]
    points = _product(axes)
    likelihoods = np.empty((len(people), len(points)), dtype=np.float32)
    for number, person in enumerate(people):
        likelihoods[number] = _log_likelihoods(person.choices, model, axes).ravel()
    group = _learned(likelihoods, points, fixed) if learn else fixed
    for number, person in enumerate(people):
        weights = _weights(likelihoods[number][None, :], points, group)[0]
        yield _own_fit(person, model, names, group, _moments(weights, points), mean=learn)


def _product(axes: Sequence[Floats]) -> Floats:
    grid: Floats = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(axes))
    return grid


def _log_likelihoods(data: Choices, model: str, axes: Sequence[Floats]) -> Floats:
    """Log-likelihood on a grid, shape (own parameters..., ln beta)."""
    own = _product(axes[:-1])
    parts = [column[:, None] for column in own.T]
    discount = MODELS[model].discount
    values = data.later * discount(data.later_days, parts)
    values = values - data.sooner * discount(data.sooner_days, parts)
    signed = np.where(data.chose_later, values, -values).astype(np.float32)
    beta = np.exp(axes[-1]).astype(np.float32)
    total = np.empty((len(own), len(beta)))
    for column, steepness in enumerate(beta):
        x = signed * steepness
        # log(1 / (1 + exp(-x))), from the side that cannot overflow.
        total[:, column] = (np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x)))).sum(axis=1)
    return total


def _log_prior(points: Floats, group: _Group) -> Floats:
    away = points - group.mean
    density: Floats = -0.5 * np.einsum("ij,jk,ik->i", away, np.linalg.inv(group.covariance), away)
    return density


def _weights(likelihoods: NDArray[Any], points: Floats, group: _Group) -> Floats:
    """Posterior weight of each point of the grid, a row a person."""
    log_density = likelihoods + _log_prior(points, group)
    log_density -= log_density.max(axis=1, keepdims=True)
    weights: Floats = np.exp(log_density)
    weights /= weights.sum(axis=1, keepdims=True)
    return weights


def _moments(weights: Floats, points: Floats) -> tuple[Floats, Floats]:
    mean = weights @ points
    return mean, np.sqrt(np.maximum(weights @ points**2 - mean**2, 0.0))


def _learned(likelihoods: NDArray[Any], points: Floats, fixed: _Group) -> _Group:
    """Mean and covariance over people by EM; the fixed prior counts as one more person."""
    group, n = fixed, len(likelihoods) + 1
    squares = np.einsum("ij,ik->ijk", points, points).reshape(len(points), -1)
    d = points.shape[1]
    for _ in range(ROUNDS):
        weights = _weights(likelihoods, points, group)
        means, seconds = weights @ points, weights @ squares
        mean = (means.sum(axis=0) + fixed.mean) / n
        own = fixed.covariance + np.outer(fixed.mean, fixed.mean)
        covariance = (seconds.sum(axis=0).reshape(d, d) + own) / n - np.outer(mean, mean)
        moved = np.abs(mean - group.mean).max()
        sds = np.sqrt(np.diag(covariance)), np.sqrt(np.diag(group.covariance))
        moved = max(moved, np.abs(sds[0] - sds[1]).max())
        group = _Group(mean, covariance)
        if moved < SETTLED:
            break
    return group


def _own_fit(
    person: _Person,
    model: str,
    names: Sequence[str],
    group: _Group,
    moments: tuple[Floats, Floats],
    *,
    mean: bool,
) -> _Fit:
    """Posterior of one person on a fine grid over its bulk."""
    centre, sd = moments
    coarse = [
        (AXES[name][1] - AXES[name][0]) / (steps - 1)
        for name, steps in zip(names, STEPS[len(names)], strict=True)
    ]
    half = BULK_SD * np.maximum(sd, np.array(coarse) / 3)
    axes = [
        np.linspace(c - h, c + h, steps)
        for c, h, steps in zip(centre, half, FINE[len(names)], strict=True)
    ]
    shape = [len(axis) for axis in axes]
    points = _product(axes)
    log_density = _log_likelihoods(person.choices, model, axes).ravel() + _log_prior(points, group)
    log_density -= log_density.max()
    density = np.exp(log_density).reshape(shape)
    place = np.unravel_index(int(density.argmax()), shape)
    found = []
    for number, axis in enumerate(axes):
        rest = tuple(other for other in range(len(axes)) if other != number)
        marginal = np.maximum(density.sum(axis=rest), 1e-300)
        middle, spread, low, high = (
            float(p[0]) for p in posterior(axis, np.log(marginal)[None, :])
        )
        value = middle if mean else _peak(axis, density, place, number)
        found.append(Estimate(value, spread, low, high, "posterior"))
    at = [np.array([estimate.value]) for estimate in found]
    log_likelihood = float(_log_likelihoods(person.choices, model, at).ravel()[0])
    return _Fit(tuple(found), log_likelihood, person.separated)


def _peak(axis: Floats, density: Floats, place: tuple[Any, ...], number: int) -> float:
    """The mode along one axis, by a parabola through the three highest points."""
    at = int(place[number])
    if not 0 < at < len(axis) - 1:
        return float(axis[at])
    around = [
        math.log(max(float(density[(*place[:number], n, *place[number + 1 :])]), 1e-300))
        for n in (at - 1, at, at + 1)
    ]
    bend = around[0] - 2 * around[1] + around[2]
    shift = 0.5 * (around[0] - around[2]) / bend if bend < 0 else 0.0
    return float(axis[at] + shift * (axis[1] - axis[0]))


# -- the table ------------------------------------------------------------------------------------


def _row(
    person: _Person,
    head: dict[str, str],
    names: Sequence[str],
    fit: _Fit,
    unit: float,
    model: str,
) -> dict[str, object]:
    n, size = person.choices.n, len(names)
    row: dict[str, object] = {"participant": person.name, **head, "n": n}
    for name, estimate in zip(names, fit.estimates, strict=True):
        # On the absolute scale the fit ran in units of one typical amount.
        moved = -math.log(unit) if name == "ln_beta" else 0.0
        row[name] = _number(estimate.value, moved)
        row[f"{name}_se"] = _number(estimate.se)
        row[f"{name}_low"] = _number(estimate.ci_low, moved)
        row[f"{name}_high"] = _number(estimate.ci_high, moved)
    own = [float(estimate.value or 0.0) for estimate in fit.estimates[:-1]]
    return {
        **row,
        "se": row[f"{names[0]}_se"],
        "log_lik": fit.log_likelihood,
        "aic": 2 * size - 2 * fit.log_likelihood,
        "bic": size * math.log(n) - 2 * fit.log_likelihood,
        "mcfadden": 1 - fit.log_likelihood / (n * math.log(0.5)),
        "ed50_d": HALVED[model](own),
        "at_bound": fit.at_bound,
    }


def _number(value: float | None, moved: float = 0.0) -> float:
    return math.nan if value is None else value + moved


def _half_quasi(own: Sequence[float]) -> float:
    """Days until half is left; 0 where any delay takes more than half at once."""
    present = 1 / (1 + math.exp(-own[1]))
    return max(0.0, math.log(2 * present) / math.exp(own[0]))


HALVED: dict[str, Callable[[Sequence[float]], float]] = {
    "hyperbolic": lambda own: math.exp(-own[0]),
    "exponential": lambda own: math.log(2) * math.exp(-own[0]),
    "hyperboloid": lambda own: (2 ** math.exp(-own[1]) - 1) * math.exp(-own[0]),
    "rachlin": lambda own: math.exp(-own[0] * math.exp(-own[1])),
    "quasi_hyperbolic": _half_quasi,
}
"""The delay (days) after which half of an amount's value is left."""


def compare_models(
    trials: pd.DataFrame, models: Sequence[str] = tuple(PARAMETERS), scale: Scale = "relative"
) -> pd.DataFrame:
    """BIC of maximum-likelihood fits: one row a participant and model, the sum over people last.

    ``noise`` is the model that does not look at the offer (one probability for all). ``weight`` is
    the model's share of exp(-BIC/2) within the participant; it is no probability that the model is
    true.
    """
    fits = [fit_choices(trials, model, "ml", scale) for model in models]
    table = pd.concat([fit[["participant", "model", "n", "log_lik", "bic"]] for fit in fits])
    people, _ = _people(trials, scale)
    table = pd.concat([table, pd.DataFrame([_noise(person) for person in people])])
    table = table.sort_values(["participant", "bic"], kind="stable")
    best = table.groupby("participant")["bic"].transform("min")
    likelihood = np.exp(-(table["bic"] - best) / 2)
    table["weight"] = likelihood / likelihood.groupby(table["participant"]).transform("sum")
    total = table.groupby("model", as_index=False)[["n", "log_lik", "bic"]].sum()
    total = total.assign(participant="all", weight=math.nan).sort_values("bic", kind="stable")
    return pd.concat([table, total[table.columns]]).reset_index(drop=True)


def _noise(person: _Person) -> dict[str, object]:
    share, n = float(person.choices.chose_later.mean()), person.choices.n
    log_lik = n * math.fsum(p * math.log(p) for p in (share, 1 - share) if p > 0)
    bic = math.log(n) - 2 * log_lik
    return {"participant": person.name, "model": "noise", "n": n, "log_lik": log_lik, "bic": bic}
