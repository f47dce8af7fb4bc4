"""Speed with accuracy in one score: LISAS and BIS; both react to a shift from one to the other."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.intervals import Estimate, normal, undefined

Floats = NDArray[np.float64]
Label = TypeVar("Label", bound=Hashable)


def lisas(
    rt: ArrayLike, correct: ArrayLike, condition: Sequence[Hashable] | NDArray[np.generic]
) -> Mapping[Hashable, float]:
    """Linear integrated speed-accuracy score of each condition of one person, s.

    Mean RT of right answers + (S_RT / S_PE) times the share of errors, S over all of the person's
    trials (sample SD; RT of right answers). Vandierendonck (2017), Behav Res Methods 49:653. His
    simulations of 2021 show that such scores react to shifts between speed and accuracy: secondary.

    Parameters
    ----------
    rt
        Response times, s; trials whose time is NaN (a cut one) count in the share of errors only.
    correct
        1 or 0; NaN for a missed trial, which is in nothing.
    condition
        Label of each trial's condition.

    >>> lisas([0.5, 0.7, 0.6, 0.8], [1, 1, 1, 1], ["a", "a", "b", "b"])
    {'a': 0.6, 'b': 0.7}
    """
    times, right = np.asarray(rt, dtype=float), np.asarray(correct, dtype=float)
    answered = np.isfinite(right)
    timed = (right == 1) & np.isfinite(times)
    errors = 1 - right[answered]
    s_pe = float(errors.std(ddof=1)) if errors.size > 1 else 0.0
    s_rt = float(times[timed].std(ddof=1)) if timed.sum() > 1 else 0.0
    weight = s_rt / s_pe if s_pe > 0 else 0.0
    places: dict[Hashable, list[int]] = {}
    for k, label in enumerate(condition):
        places.setdefault(label, []).append(k)
    scores: dict[Hashable, float] = {}
    for label, rows in places.items():
        here = np.array(rows)
        used, all_answered = here[timed[here]], here[answered[here]]
        if used.size == 0:
            scores[label] = math.nan
            continue
        share = float(1 - right[all_answered].mean())
        scores[label] = float(times[used].mean()) + weight * share
    return scores


@dataclass(frozen=True)
class Answers:
    """Answers of one condition: the times of right ones that count, s, and how many were wrong."""

    times: Floats
    answered: int
    errors: int


OWN_RATE = 4
"""Answers at the person's own rate of errors, and with half an error beside them, that are added to
those of a condition for its noise alone: a condition of two dozen often has no error to go by."""


def lisas_of(cells: Mapping[Label, Answers], weights: Mapping[Label, float]) -> Estimate:
    """A weighted sum of the LISAS of one person's conditions, with its interval.

    The standard error is the root of the summed squared influences of all answers, so what the
    weight S_RT / S_PE owes to chance is in it.

    Parameters
    ----------
    cells
        All conditions of the person, over which S is taken.
    weights
        Weight of the conditions that the sum is of.

    >>> half = Answers(np.array([0.5, 0.6, 0.7]), 4, 1), Answers(np.array([0.4, 0.5]), 2, 0)
    >>> f"{lisas_of({'a': half[0], 'b': half[1]}, {'a': 1, 'b': -1}).value:.4f}"
    '0.2198'
    """
    if any(cells[label].times.size == 0 for label in weights):
        return undefined("no_values")
    times = np.concatenate([cell.times for cell in cells.values()])
    answered = sum(cell.answered for cell in cells.values())
    errors = sum(cell.errors for cell in cells.values())
    rate = errors / answered
    s_rt = float(times.std(ddof=1)) if times.size > 1 else 0.0
    unit = s_rt / math.sqrt(rate * (1 - rate) * answered / (answered - 1)) if errors else 0.0
    share = math.fsum(w * cells[c].errors / cells[c].answered for c, w in weights.items())
    value = math.fsum(w * float(cells[c].times.mean()) for c, w in weights.items()) + unit * share
    if any(cells[label].times.size < 2 for label in weights):
        return Estimate(value, flags=("few_values",))
    if s_rt == 0:
        return Estimate(value, flags=("constant",))
    variance = 0.0
    for label, cell in cells.items():
        weight = weights.get(label, 0.0)
        variance += _of_times(cell, weight, times, unit * share)
        variance += _of_errors(cell, weight, (errors, answered), unit, unit * share)
    return normal(value, math.sqrt(variance), "wald")


def _of_times(cell: Answers, weight: float, times: Floats, at_stake: float) -> float:
    """Variance by a condition's times: of its own mean, and of S_RT under ``at_stake``."""
    n = cell.times.size
    if n < 2:
        return 0.0
    apart = (cell.times - times.mean()) ** 2 / times.var(ddof=1) - 1
    influence = weight * (cell.times - cell.times.mean()) / n + at_stake * apart / 2 / times.size
    return float((influence**2).sum()) * n / (n - 1)


def _of_errors(
    cell: Answers, weight: float, whole: tuple[int, int], unit: float, at_stake: float
) -> float:
    """Variance by a condition's errors: of its own rate, and of S_PE under ``at_stake``."""
    errors, answered = whole
    if not cell.answered or not errors:
        return 0.0
    n = cell.answered
    own = (cell.errors + OWN_RATE * errors / answered + 0.5) / (n + OWN_RATE + 1)
    rate = (errors + 0.5) / (answered + 1)
    variance = 0.0
    for wrong, count in ((1, own * n), (0, (1 - own) * n)):
        apart = (wrong - rate) ** 2 / (rate * (1 - rate)) - 1
        influence = weight * unit * (wrong - own) / n - at_stake * apart / 2 / answered
        variance += count * influence**2
    return variance


def bis(mean_rt: ArrayLike, proportion_correct: ArrayLike) -> Floats:
    """Balanced integration score of cells: z(proportion correct) - z(mean RT of right answers).

    Standardised over all cells given (people x conditions) with the population SD; a cell with NaN
    is NaN and in no mean. Liesefeld & Janczyk (2019), Behav Res Methods 51:40.

    >>> bis([0.5, 0.7], [0.9, 0.7]).round(6).tolist()
    [2.0, -2.0]
    """
    rt, share = np.asarray(mean_rt, dtype=float), np.asarray(proportion_correct, dtype=float)
    known = np.isfinite(rt) & np.isfinite(share)
    scores: Floats = np.full(rt.shape, np.nan)
    if known.any():
        scores[known] = _standardised(share[known]) - _standardised(rt[known])
    return scores


def _standardised(values: Floats) -> Floats:
    """Standard scores; all 0 where nothing differs."""
    apart = values - values.mean()
    sd = float(values.std())
    # Values that differ by rounding alone do not differ.
    if sd <= 1e-12 * float(np.abs(values).max()):
        return np.zeros_like(values)
    z: Floats = apart / sd
    return z
