"""Halves of a recognition run, for its reliability: d' of each class and its differences."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from analysis.halves import Bools, Floats, Parts, Score, Split
from analysis.read import Trials
from analysis.recognition import is_old
from analysis.sdt import dprime


def _sensitivity(old: Bools, said: Bools) -> Score:
    """D' of the trials of a half."""

    def score(half: Bools) -> Floats:
        in_half = half.astype(float)  # booleans would not be counted, only looked for
        hits, alarms = in_half @ (old & said), in_half @ (~old & said)
        found, _ = dprime(hits, in_half @ old - hits, alarms, in_half @ ~old - alarms)
        return found

    return score


def _of_classes(trials: Trials, _: Any, *, names: tuple[str, ...]) -> Parts | None:
    """D' of the first class, less that of the second where there is one."""
    answered = [
        t
        for t in sorted(trials.test, key=lambda trial: trial.trial)
        if t.design.get("condition") in names and not t.missed
    ]
    if not answered:
        return None
    old = np.array([is_old(t) for t in answered])
    said = np.array([t.response == "old" for t in answered])
    of = [np.array([t.design.get("condition") == name for t in answered]) for name in names]
    scores = [_sensitivity(old[mask], said[mask]) for mask in of]

    def score(half: Bools) -> Floats:
        first, *others = (s(half[:, mask]) for s, mask in zip(scores, of, strict=True))
        return first - sum(others)

    strata = tuple((t.design.get("condition"), is_old(t)) for t in answered)
    return Parts(strata, score)


SPLITS = (
    Split("dprime", "attachment", ("old",), partial(_of_classes, names=("attachment",))),
    Split("dprime", "emotional", ("old",), partial(_of_classes, names=("emotional",))),
    Split("dprime", "neutral", ("old",), partial(_of_classes, names=("neutral",))),
    Split(
        "dprime_difference",
        "emotional-neutral",
        ("condition", "old"),
        partial(_of_classes, names=("emotional", "neutral")),
    ),
    Split(
        "dprime_difference",
        "attachment-neutral",
        ("condition", "old"),
        partial(_of_classes, names=("attachment", "neutral")),
    ),
)
"""The indices of this task whose reliability is told."""
