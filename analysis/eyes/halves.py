"""Halves of an Eyes test, for its reliability: the same share of right answers."""

from __future__ import annotations

from typing import Any

from analysis.halves import Parts, Split, mean_of, thirds
from analysis.read import Trial, Trials, number


def _accuracy(trials: Trials, _: Any) -> Parts | None:
    answered = mental_answers(trials)
    if not answered:
        return None
    level = thirds([number(t.design.get("valence")) for t in answered])
    return Parts(tuple(level), mean_of([float(bool(t.correct)) for t in answered]))


def mental_answers(trials: Trials) -> list[Trial]:
    """Answered test trials of the Eyes test that count, in the design's order."""
    return [
        t
        for t in sorted(trials.test, key=lambda trial: trial.trial)
        if t.design.get("condition") in (None, "mental") and t.correct is not None
    ]


SPLITS = (Split("accuracy", "all", ("valence third",), _accuracy),)
"""The indices of this task whose reliability is told."""
