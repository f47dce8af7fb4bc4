"""Adaptive choice of the next offer: the one whose answer tells most about a person's ln k.

Hyperbolic value with relative noise: P(later) = e/2 + (1 - e) / (1 + exp(-beta d)), where d is
(V_later - V_sooner) / A_later with V_later = A_later / (1 + k D). The offer with the largest mutual
information between answer and parameters is chosen on a grid (Cavagnaro, Myung, Pitt & Kujala,
2010, Neural Comput 22, 887). No money unit and no delay unit but days enters. Nothing here draws,
waits or knows a screen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Prior:
    """Independent normal priors on ln k (k in 1/day) and ln beta, and a fixed rate of lapses."""

    ln_k: float = -4.5
    ln_k_sd: float = 3.0
    ln_beta: float = 2.3
    ln_beta_sd: float = 1.5
    lapse: float = 0.02


LN_K = np.linspace(-11.5, 2.5, 85)
LN_BETA = np.linspace(0.5, 5.0, 6)
"""The grid of parameters: 510 points."""

SAME_INFORMATION = 1e-12
"""Offers whose information (bits) differs by less tie."""


@dataclass(frozen=True)
class Design:
    """One offer: ``ratio`` of the later amount now, or all of it after ``days``."""

    ratio: float
    days: float


@dataclass(frozen=True)
class Posterior:
    """What is known of a person: means and standard deviations."""

    ln_k: float
    ln_k_sd: float
    ln_beta: float
    ln_beta_sd: float


class Adaptive:
    """A search that lives through one run; ``copy.copy`` of it goes on by itself.

    Parameters
    ----------
    designs
        Every offer that may be made.
    prior
        Before the first answer.
    max_repeats
        Longest stretch of one delay.
    """

    def __init__(
        self, designs: Sequence[Design], prior: Prior | None = None, *, max_repeats: int = 3
    ) -> None:
        self.prior = prior or Prior()
        self.designs = tuple(designs)
        self._max_repeats = max_repeats
        self._place = {design: place for place, design in enumerate(self.designs)}
        self._days = np.array([design.days for design in self.designs])
        self._free = np.ones(len(self.designs), dtype=bool)
        self._shown: list[float] = []
        ln_k, ln_beta = (axis.ravel() for axis in np.meshgrid(LN_K, LN_BETA, indexing="ij"))
        self._parameters = np.column_stack([ln_k, ln_beta])
        ratio = np.array([design.ratio for design in self.designs])
        worth = 1 / (1 + np.exp(ln_k) * self._days[:, None]) - ratio[:, None]
        steepness = np.exp(ln_beta) * worth
        self._p = self.prior.lapse / 2 + (1 - self.prior.lapse) * 0.5 * (1 + np.tanh(steepness / 2))
        self._noise = entropy(self._p)
        self._weight = self._prior_weight(ln_k, ln_beta)

    def _prior_weight(self, ln_k: Floats, ln_beta: Floats) -> Floats:
        prior = self.prior
        z = ((ln_k - prior.ln_k) / prior.ln_k_sd) ** 2
        z += ((ln_beta - prior.ln_beta) / prior.ln_beta_sd) ** 2
        weight: Floats = np.exp(-0.5 * z)
        weight /= weight.sum()
        return weight

    def information(self) -> Floats:
        """Mutual information of answer and parameters for every design, in bits."""
        # No BLAS product: on a busy machine its threads wait for each other, for tens of ms.
        mean, noise = (
            np.einsum("ij,j->i", table, self._weight) for table in (self._p, self._noise)
        )
        gained: Floats = entropy(mean) - noise
        return gained

    def allowed(self) -> NDArray[np.bool_]:
        """Designs that were not shown yet and do not repeat a delay too often."""
        recent = self._shown[-self._max_repeats :]
        allowed = self._free.copy()
        if len(recent) == self._max_repeats and len(set(recent)) == 1:
            allowed &= self._days != recent[0]
        # A person with more trials than there are offers sees offers again.
        return allowed if allowed.any() else np.ones_like(self._free)

    def design(self, tie: float = 0.0) -> Design:
        """The most informative design that is allowed; ``tie`` in [0, 1) settles ties."""
        information = np.where(self.allowed(), self.information(), -np.inf)
        best = np.flatnonzero(information >= information.max() - SAME_INFORMATION)
        return self.designs[int(best[int(tie * len(best))])]

    def update(self, design: Design, later: bool) -> None:
        """Learn from an answer: whether the later amount was chosen."""
        place = self._place[design]
        weight = self._weight * (self._p[place] if later else 1 - self._p[place])
        free = self._free.copy()
        free[place] = False
        self._weight = weight / weight.sum()
        self._free = free
        self._shown = [*self._shown, design.days]

    @property
    def posterior(self) -> Posterior:
        """Means and standard deviations of ln k and ln beta as they stand."""
        mean = self._weight @ self._parameters
        variance = self._weight @ (self._parameters - mean) ** 2
        ln_k, ln_beta = (float(value) for value in mean)
        ln_k_sd, ln_beta_sd = (math.sqrt(float(value)) for value in variance)
        return Posterior(ln_k, ln_k_sd, ln_beta, ln_beta_sd)


def entropy(p: Floats) -> Floats:
    """Entropy of a yes-or-no answer, in bits; ``p`` must lie strictly between 0 and 1.

    >>> float(entropy(np.array(0.5)))
    1.0
    """
    bits: Floats = -(p * np.log2(p) + (1 - p) * np.log2(1 - p))
    return bits


def designs_of(ratios: Sequence[float], days: Sequence[float]) -> tuple[Design, ...]:
    """Every ratio with every delay; ratios that nobody could hesitate about are left out."""
    return tuple(Design(ratio, delay) for delay in days for ratio in ratios if 0 < ratio < 1)
