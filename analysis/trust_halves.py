"""Halves of a trust run, for its reliability: bias, slope and share of yes."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from analysis import trust
from analysis.halves import Parts, Split, mean_of, slope_of
from analysis.read import Trial, Trials, number


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
    return Parts(tuple(_face(t) for t, _, _ in rated), mean_of([y - x for _, y, x in rated]))


def _slope(trials: Trials, _: Any) -> Parts | None:
    rated = _rated(trials)
    if not rated:
        return None
    score = slope_of([x for _, _, x in rated], [y for _, y, _ in rated])
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
    return Parts(strata, mean_of([float(trust.YES[t.response]) for t in decided]))


def _pair(face: Any) -> tuple[Hashable, ...]:
    return tuple(face)


SPLITS = (
    Split("bias", "trust", ("level", "sex"), _bias),
    Split("slope", "trust", ("level", "sex"), _slope),
    Split("high_share", "trust", ("level", "sex", "step"), _high_share),
)
"""The indices of this task whose reliability is told."""
