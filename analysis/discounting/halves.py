"""Halves of a discounting run, for its reliability: rates and shares of later choices."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from analysis.discounting.offers import OFFERS, answered_of, chose_later, counted, item_k, money_of
from analysis.halves import Bools, Floats, Parts, Split, mean_of, thirds
from analysis.hyperbola import (
    LAPSE,
    PRIOR_LN_BETA,
    PRIOR_LN_BETA_SD,
    PRIOR_LN_K,
    PRIOR_LN_K_SD,
)
from analysis.mcq import boundary_score
from analysis.read import Trial, Trials, number

ADAPTED = ("adjusting", "five_trial", "adaptive")
"""Methods whose offers follow the answers.

Every offer lies where all earlier answers put the person, those of the other half too, so two
halves agree on that place whatever was answered in them: their correlation is too high.
"""


def _offers(trials: Trials) -> list[Trial]:
    return [
        t
        for t in answered_of(counted(trials))
        if t.design.get("method") not in (*ADAPTED, "experiential") and money_of(t) is not None
    ]


def _offer_strata(offers: Sequence[Trial]) -> tuple[Hashable, ...]:
    """Size of the amount, kind of offer, and third of the item's rank of k."""
    rank = thirds([number(t.design.get("rank")) for t in offers])
    kinds = [(t.design.get("magnitude"), t.design.get("condition")) for t in offers]
    return tuple((*kind, level) for kind, level in zip(kinds, rank, strict=True))


def _later_share(trials: Trials, _: Any) -> Parts | None:
    offers = _offers(trials)
    if not offers:
        return None
    return Parts(_offer_strata(offers), mean_of([float(t.response == "later") for t in offers]))


def _mcq_ln_k(trials: Trials, _: Any) -> Parts | None:
    """The boundary rule on the items of a half; a run with a missing item is left out."""
    items = [t for t in trials.test if t.design.get("method") == "mcq"]
    offers = [t for t in _offers(trials) if t.design.get("method") == "mcq"]
    rated = [(rate, t) for t in offers if (rate := item_k(t)) is not None]
    if not rated or len(rated) < len([t for t in items if t.design.get("condition") in OFFERS]):
        return None
    place = {"small": 0, "medium": 1, "large": 2}
    rated.sort(
        key=lambda pair: (
            number(pair[1].design.get("rank")) or 0.0,
            place.get(str(pair[1].design.get("magnitude")), 0),
            pair[1].trial,
        )
    )
    rates = np.array([rate for rate, _ in rated])
    later = np.array([t.response == "later" for _, t in rated])

    def score(half: Bools) -> Floats:
        return np.array(
            [
                np.log(boundary_score(rates[used].tolist(), later[used].tolist()).k)
                if used.any()
                else np.nan
                for used in half
            ]
        )

    return Parts(_offer_strata([t for _, t in rated]), score)


GRID_LN_K = np.linspace(-14.0, 5.0, 191)
GRID_LN_BETA = np.linspace(-2.0, 6.5, 35)


def _ln_k(trials: Trials, _: Any) -> Parts | None:
    """Joint posterior mode of ln k on a grid of .1, the vertex of a parabola between its points."""
    offers = _offers(trials)
    if not offers:
        return None
    table = np.array([money_of(t) for t in offers], dtype=float)
    scale = table[:, :2].max(axis=1)
    k = np.exp(GRID_LN_K)[:, None]
    gain = table[:, 1] / (1 + k * table[:, 3]) - table[:, 0] / (1 + k * table[:, 2])
    x = np.exp(GRID_LN_BETA)[None, :, None] * (gain / scale)[:, None, :]
    later = np.array([t.response == "later" for t in offers])
    p = LAPSE / 2 + (1 - LAPSE) * 0.5 * (1 + np.tanh(np.where(later, x, -x) / 2))
    log_p = np.moveaxis(np.log(p), -1, 0).reshape(len(offers), -1)
    log_prior = -0.5 * (
        ((GRID_LN_K[:, None] - PRIOR_LN_K) / PRIOR_LN_K_SD) ** 2
        + ((GRID_LN_BETA[None, :] - PRIOR_LN_BETA) / PRIOR_LN_BETA_SD) ** 2
    )

    def score(half: Bools) -> Floats:
        height = (half.astype(float) @ log_p).reshape(len(half), *log_prior.shape) + log_prior
        profile = height.max(axis=2)
        peak = np.clip(profile.argmax(axis=1), 1, GRID_LN_K.size - 2)
        splits = np.arange(len(half))
        before, at, after = (profile[splits, peak + step] for step in (-1, 0, 1))
        bend = before - 2 * at + after
        shift = np.where(bend < 0, 0.5 * (before - after) / np.where(bend < 0, bend, -1.0), 0.0)
        step = GRID_LN_K[1] - GRID_LN_K[0]
        found: Floats = GRID_LN_K[peak] + step * np.clip(shift, -0.5, 0.5)
        return found

    return Parts(_offer_strata(offers), score)


def money_choices(trials: Trials) -> list[tuple[float, float, float, float, bool]]:
    """All choices of money of a run, adapted offers too, with what was taken."""
    offers = [t for t in counted(trials) if t.design.get("method") != "experiential"]
    return [(*row, chose_later(t)) for t in answered_of(offers) if (row := money_of(t)) is not None]


def _adapted(trials: Trials) -> str | None:
    methods = {t.design.get("method") for t in trials.test}
    return "adapted_offers" if methods & {*ADAPTED} else None


STRATA = ("magnitude", "condition", "rank third")

SPLITS = (
    Split("ln_k", "all", STRATA, _ln_k, _adapted),
    Split("mcq_ln_k", "all", STRATA, _mcq_ln_k),
    Split("later_share", "all", STRATA, _later_share, _adapted),
)
"""The indices of this task whose reliability is told."""
