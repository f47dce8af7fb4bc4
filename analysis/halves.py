"""What each task's main scores are worth over people: two halves of the trials, scored alike.

A score here is the task's own index, written so that it takes all splits at once: scored on all
trials it gives the value in ``indices.tsv`` (to the width of a grid for ln k), which a test holds.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis import attachment, polysemy, trust
from analysis.discounting import OFFERS
from analysis.hyperbola import (
    LAPSE,
    PRIOR_LN_BETA,
    PRIOR_LN_BETA_SD,
    PRIOR_LN_K,
    PRIOR_LN_K_SD,
)
from analysis.mcq import boundary_score
from analysis.read import Trial, Trials, number
from analysis.sdt import dprime

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


def halves_of(parts: Parts, n_splits: int, rng: np.random.Generator) -> Bools:
    """Random first halves, shape (splits, trials), as even as can be within each stratum."""
    labels = list(dict.fromkeys(parts.strata))
    codes = np.array([labels.index(label) for label in parts.strata])
    first = np.zeros((n_splits, codes.size), dtype=bool)
    for code in range(len(labels)):
        rows = np.flatnonzero(codes == code)
        rank = np.argsort(np.argsort(rng.random((n_splits, rows.size)), axis=1), axis=1)
        odd = rng.integers(2, size=(n_splits, 1)) if rows.size % 2 else 0
        first[:, rows] = rank < rows.size // 2 + odd
    return first


# -- kinds of scores -----------------------------------------------------------------------------


def _means(half: Bools, values: Floats) -> Floats:
    """Mean of the values in each half."""
    n = half.sum(axis=1)
    found: Floats = np.where(n > 0, half @ values / np.maximum(n, 1), np.nan)
    return found


def _mean_of(values: Sequence[float]) -> Score:
    known = np.array(values, dtype=float)
    return lambda half: _means(half, known)


def _contrast_of(values: Sequence[float], weights: Sequence[tuple[float, Bools]]) -> Score:
    """A weighted sum of the means of groups of trials."""
    known = np.array(values, dtype=float)

    def score(half: Bools) -> Floats:
        total = np.zeros(len(half))
        for weight, group in weights:
            total += weight * _means(half[:, group], known[group])
        return total

    return score


def _slope_of(x: Sequence[float], y: Sequence[float]) -> Score:
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


def _thirds(values: Sequence[float | None]) -> list[int | None]:
    """The third that each value belongs to, by rank; ties stay together."""
    known = sorted(value for value in values if value is not None)
    cuts = [known[len(known) // 3], known[2 * len(known) // 3]] if len(known) > 2 else []
    return [None if v is None else sum(v >= cut for cut in cuts) for v in values]


# -- eyes and trust ------------------------------------------------------------------------------


def _accuracy(trials: Trials, _: Any) -> Parts | None:
    answered = mental_answers(trials)
    if not answered:
        return None
    level = _thirds([number(t.design.get("valence")) for t in answered])
    return Parts(tuple(level), _mean_of([float(bool(t.correct)) for t in answered]))


def mental_answers(trials: Trials) -> list[Trial]:
    """Answered test trials of the Eyes test that count, in the design's order."""
    return [
        t
        for t in sorted(trials.test, key=lambda trial: trial.trial)
        if t.design.get("condition") in (None, "mental") and t.correct is not None
    ]


def _rated(trials: Trials) -> list[tuple[Trial, float, float]]:
    """First ratings of trust with their norms."""
    found = []
    for t in trials.test:
        rating, norm = number(t.response), number(t.design.get("trust"))
        again = t.design.get("repeat") and t.design.get("morph_step") is None
        if t.design.get("judgement") == "trust" and not again and None not in (rating, norm):
            found.append((t, float(rating or 0), float(norm or 0)))
    return found


def _face(trial: Trial) -> Hashable:
    return trial.design.get("level"), trial.design.get("sex")


def _bias(trials: Trials, _: Any) -> Parts | None:
    rated = _rated(trials)
    if not rated:
        return None
    return Parts(tuple(_face(t) for t, _, _ in rated), _mean_of([y - x for _, y, x in rated]))


def _slope(trials: Trials, _: Any) -> Parts | None:
    rated = _rated(trials)
    if not rated:
        return None
    score = _slope_of([x for _, _, x in rated], [y for _, y, _ in rated])
    return Parts(tuple(_face(t) for t, _, _ in rated), score)


def _high_share(trials: Trials, _: Any) -> Parts | None:
    decided = [
        t
        for t in trials.test
        if t.design.get("judgement") == "trust"
        and t.response in trust.YES
        and not (t.design.get("repeat") and t.design.get("morph_step") is None)
    ]
    if not decided:
        return None
    strata = tuple((*_pair(_face(t)), t.design.get("morph_step")) for t in decided)
    return Parts(strata, _mean_of([float(trust.YES[t.response]) for t in decided]))


def _pair(face: Any) -> tuple[Hashable, ...]:
    return tuple(face)


# -- discounting ---------------------------------------------------------------------------------

ADAPTED = ("adjusting", "five_trial", "adaptive")
"""Methods whose offers follow the answers: their halves are no two tests of the same kind."""


def _offers(trials: Trials) -> list[Trial]:
    return [
        t
        for t in sorted(trials.test, key=lambda trial: trial.trial)
        if t.response in ("sooner", "later")
        and t.outcome.get("shown", True)
        and t.design.get("condition", "choice") in OFFERS
        and t.design.get("method") not in (*ADAPTED, "experiential")
        and _money(t) is not None
    ]


def _money(trial: Trial) -> tuple[float, float, float, float] | None:
    names = ("sooner", "later", "sooner_days", "later_days")
    sooner, later, sooner_days, later_days = (number(trial.outcome.get(name)) for name in names)
    if sooner is None or later is None or later_days is None or max(sooner, later) <= 0:
        return None
    return sooner, later, sooner_days or 0.0, later_days


def _offer_strata(offers: Sequence[Trial]) -> tuple[Hashable, ...]:
    """Size of the amount, kind of offer, and third of the item's rank of k."""
    rank = _thirds([number(t.design.get("rank")) for t in offers])
    kinds = [(t.design.get("magnitude"), t.design.get("condition")) for t in offers]
    return tuple((*kind, level) for kind, level in zip(kinds, rank, strict=True))


def _later_share(trials: Trials, _: Any) -> Parts | None:
    offers = _offers(trials)
    if not offers:
        return None
    return Parts(_offer_strata(offers), _mean_of([float(t.response == "later") for t in offers]))


def _mcq_ln_k(trials: Trials, _: Any) -> Parts | None:
    """The boundary rule on the items of a half; a run with a missing item is left out."""
    items = [t for t in trials.test if t.design.get("method") == "mcq"]
    offers = [t for t in _offers(trials) if t.design.get("method") == "mcq"]
    rated = [(rate, t) for t in offers if (rate := _item_k(t)) is not None]
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


def _item_k(trial: Trial) -> float | None:
    row = _money(trial)
    if row is None or not 0 < row[0] < row[1] or row[3] <= 0:
        return None
    return (row[1] - row[0]) / (row[0] * row[3])


GRID_LN_K = np.linspace(-14.0, 5.0, 191)
GRID_LN_BETA = np.linspace(-2.0, 6.5, 35)


def _ln_k(trials: Trials, _: Any) -> Parts | None:
    """Joint posterior mode of ln k on a grid of .1, the vertex of a parabola between its points."""
    offers = _offers(trials)
    if not offers:
        return None
    table = np.array([_money(t) for t in offers], dtype=float)
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


# -- polysemy ------------------------------------------------------------------------------------


def _primed(weights: Mapping[str, float]) -> Callable[[Trials, Any], Parts | None]:
    """A weighted sum of mean ln RT over cells, as the mean over the run's SOAs."""

    def parts(trials: Trials, params: polysemy.Params) -> Parts | None:
        decisions = [t for t in trials.test if t.design.get("part") in (None, "decision")]
        table = {
            key: found.log_rt
            for key, found in polysemy.cells_of(decisions, params).items()
            if key[0] in weights
        }
        if not table or not all(table.values()):
            return None
        n_soas = len({soa for _, soa in table})
        cells = [key for key, values in table.items() for _ in values]
        groups = [
            (weights[key[0]] / n_soas, np.array([cell == key for cell in cells])) for key in table
        ]
        values = [value for log_rt in table.values() for value in log_rt]
        return Parts(tuple(cells), _contrast_of(values, groups))

    return parts


_PRIMING = {
    sense: {f"{sense}_unrelated": 1.0, f"{sense}_related": -1.0} for sense in polysemy.SENSES
}
_SENSE_BIAS = {
    **_PRIMING["attachment"],
    **{cell: -weight for cell, weight in _PRIMING["other"].items()},
}


# -- attachment ----------------------------------------------------------------------------------


def _rating(scale: str, contrast: str) -> Callable[[Trials, Any], Parts | None]:
    weights = attachment.CONTRASTS[contrast]

    def parts(trials: Trials, _: Any) -> Parts | None:
        rated = [
            (str(t.design.get("condition")), value)
            for t in trials.test
            if f"{t.design.get('kind')}_{t.design.get('scale')}" == scale
            and t.design.get("condition") in weights
            and (value := number(t.response)) is not None
        ]
        seen = [condition for condition, _ in rated]
        if not set(weights) <= set(seen):
            return None
        groups = [(w, np.array([name == c for name in seen])) for c, w in weights.items()]
        return Parts(tuple(seen), _contrast_of([value for _, value in rated], groups))

    return parts


def _dots(trials: Trials, _: Any) -> Parts | None:
    seen = [
        t
        for t in trials.test
        if t.design.get("kind") == "picture" and t.design.get("dot") is not None
    ]
    dot = np.array([bool(t.design["dot"]) for t in seen])
    pressed = np.array([t.response == "pressed" for t in seen])
    if not dot.any() or dot.all():
        return None

    def score(half: Bools) -> Floats:
        counts = (half & group for group in (dot & pressed, dot & ~pressed))
        hits, misses = (c.sum(axis=1) for c in counts)
        alarms, rejections = (
            (half & group).sum(axis=1) for group in (~dot & pressed, ~dot & ~pressed)
        )
        return dprime(hits, misses, alarms, rejections)[0]

    return Parts(
        tuple((bool(d), t.design.get("condition")) for d, t in zip(dot, seen, strict=True)), score
    )


def _pleasant(trials: Trials, _: Any) -> Parts | None:
    answered = [t for t in trials.test if t.design.get("kind") == "prime" and not t.missed]
    kinds = [t.design.get("condition") for t in answered]
    close = np.array([kind in ("attachment", "own") for kind in kinds], dtype=bool)
    other = np.array([kind in ("neutral", "acquainted") for kind in kinds], dtype=bool)
    pleasant = np.array([t.response == "pleasant" for t in answered], dtype=bool)
    if not close.any() or not other.any():
        return None

    def logit(half: Bools) -> Floats:
        k, n = (half & pleasant).sum(axis=1), half.sum(axis=1)
        found: Floats = np.where(n > 0, np.log((k + 0.5) / (n - k + 0.5)), np.nan)
        return found

    return Parts(tuple(kinds), lambda half: logit(half & close) - logit(half & other))


def _mood(scale: str) -> Callable[[Trials, Any], Parts | None]:
    def parts(trials: Trials, _: Any) -> Parts | None:
        values = [
            value
            for t in trials.test
            if (t.design.get("kind"), t.design.get("scale")) == ("mood", scale)
            and (value := number(t.response)) is not None
        ]
        return Parts(("all",) * len(values), _mean_of(values)) if values else None

    return parts


SPLITS: Mapping[str, tuple[Split, ...]] = {
    "attachment": (
        Split(
            "image_valence",
            "own_minus_acquainted",
            ("condition",),
            _rating("image_valence", "own_minus_acquainted"),
        ),
        Split(
            "image_arousal",
            "own_minus_acquainted",
            ("condition",),
            _rating("image_arousal", "own_minus_acquainted"),
        ),
        Split("mood_pleasure", "all", (), _mood("pleasure")),
        Split("dot_d_prime", "all", ("dot", "condition"), _dots),
        Split("prime_effect", "close_minus_other", ("condition",), _pleasant),
    ),
    "discounting": (
        Split("ln_k", "all", ("magnitude", "condition", "rank third"), _ln_k),
        Split("mcq_ln_k", "all", ("magnitude", "condition", "rank third"), _mcq_ln_k),
        Split("later_share", "all", ("magnitude", "condition", "rank third"), _later_share),
    ),
    "eyes": (Split("accuracy", "all", ("valence third",), _accuracy),),
    "polysemy": (
        Split("attachment_bias", "all", ("condition", "SOA"), _primed(_SENSE_BIAS)),
        Split("priming", "attachment", ("condition", "SOA"), _primed(_PRIMING["attachment"])),
        Split("priming", "other", ("condition", "SOA"), _primed(_PRIMING["other"])),
    ),
    "trust": (
        Split("bias", "trust", ("level", "sex"), _bias),
        Split("slope", "trust", ("level", "sex"), _slope),
        Split("high_share", "trust", ("level", "sex", "step"), _high_share),
    ),
}
"""The indices whose reliability is told, by task."""
