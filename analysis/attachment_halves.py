"""Halves of an attachment run, for its reliability: ratings, mood, dots and primes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from analysis import attachment
from analysis.halves import Bools, Floats, Parts, Split, contrast_of, mean_of
from analysis.read import Trials, number
from analysis.sdt import dprime


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
        return Parts(tuple(seen), contrast_of([value for _, value in rated], groups))

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
        return Parts(("all",) * len(values), mean_of(values)) if values else None

    return parts


SPLITS = (
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
)
"""The indices of this task whose reliability is told."""
