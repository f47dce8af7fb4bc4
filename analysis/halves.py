"""What each task's main scores are worth over people: two halves of the trials, scored alike.

A score here is the task's own index, written so that it takes all splits at once: scored on all
trials it gives the value in ``indices.tsv`` (to the width of a grid for ln k), which a test holds.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.read import Trials

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Score = Callable[[Bools], Floats]
"""From halves, shape (halves, trials), to the score of each; NaN where it is undefined."""


@dataclass(frozen=True)
class Parts:
    """The trials of one run that a score rests on."""

    strata: tuple[Hashable, ...]
    """A label for each trial: both halves hold the same number of each."""
    score: Score


@dataclass(frozen=True)
class Split:
    """An index whose reliability is told, and what its halves hold alike."""

    index: str
    condition: str
    strata: tuple[str, ...]
    parts: Callable[[Trials, Any], Parts | None]
    """The parts of a run; None where the run has nothing of the kind."""
    obstacle: Callable[[Trials], str | None] = lambda _: None
    """Why a run that has trials of the kind cannot be halved."""


def halves_of(parts: Parts, n_splits: int, rng: np.random.Generator) -> Bools:
    """Random first halves, shape (splits, trials), as even as can be within each stratum."""
    codes = _codes(parts)
    first = np.zeros((n_splits, codes.size), dtype=bool)
    for code in range(codes.max(initial=-1) + 1):
        rows = np.flatnonzero(codes == code)
        # The order of random numbers is a random permutation, small ranks in it a random half.
        rank = np.argsort(rng.random((n_splits, rows.size), dtype=np.float32), axis=1)
        odd = rng.integers(2, size=(n_splits, 1)) if rows.size % 2 else 0
        first[:, rows] = rank < rows.size // 2 + odd
    return first


def odd_half(parts: Parts) -> Bools:
    """The first, third, fifth ... trial of the strata one after another, shape (1, trials)."""
    order = np.argsort(_codes(parts), kind="stable")
    first = np.zeros((1, order.size), dtype=bool)
    first[0, order[::2]] = True
    return first


def _codes(parts: Parts) -> NDArray[np.intp]:
    number = {label: code for code, label in enumerate(dict.fromkeys(parts.strata))}
    return np.array([number[label] for label in parts.strata], dtype=np.intp)


# -- kinds of scores -----------------------------------------------------------------------------


def means(half: Bools, values: Floats) -> Floats:
    """Mean of the values in each half."""
    n = half.sum(axis=1)
    found: Floats = np.where(n > 0, half @ values / np.maximum(n, 1), np.nan)
    return found


def mean_of(values: Sequence[float]) -> Score:
    """Mean of the values."""
    known = np.array(values, dtype=float)
    return lambda half: means(half, known)


def contrast_of(values: Sequence[float], weights: Sequence[tuple[float, Bools]]) -> Score:
    """A weighted sum of the means of groups of trials."""
    known = np.array(values, dtype=float)

    def score(half: Bools) -> Floats:
        total = np.zeros(len(half))
        for weight, group in weights:
            total += weight * means(half[:, group], known[group])
        return total

    return score


def slope_of(x: Sequence[float], y: Sequence[float]) -> Score:
    """Least-squares slope of y on x."""
    across, up = np.array(x, dtype=float), np.array(y, dtype=float)

    def score(half: Bools) -> Floats:
        n = np.maximum(half.sum(axis=1), 1)
        sxx = half @ across**2 - (half @ across) ** 2 / n
        sxy = half @ (across * up) - (half @ across) * (half @ up) / n
        steep = sxx > 1e-9
        found: Floats = np.where(steep, sxy / np.where(steep, sxx, 1.0), np.nan)
        return found

    return score


def thirds(values: Sequence[float | None]) -> list[int | None]:
    """The third that each value belongs to, by rank; ties stay together."""
    known = sorted(value for value in values if value is not None)
    cuts = [known[len(known) // 3], known[2 * len(known) // 3]] if len(known) > 2 else []
    return [None if v is None else sum(v >= cut for cut in cuts) for v in values]
