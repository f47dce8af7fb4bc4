"""Halves of a moral run, for its reliability: severity and what intent and outcome weigh."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from analysis.halves import Parts, Split, contrast_of, mean_of
from analysis.moral import CELLS, WEIGHTS, severity
from analysis.read import Trial, Trials


def _rated(trials: Trials) -> list[tuple[Trial, float]]:
    ordered = sorted(trials.test, key=lambda trial: trial.trial)
    return [(t, value) for t in ordered if (value := severity(t)) is not None]


def _severity(trials: Trials, _: Any) -> Parts | None:
    rated = _rated(trials)
    if not rated:
        return None
    return Parts(tuple(_kind(t) for t, _ in rated), mean_of([value for _, value in rated]))


def _weight(trials: Trials, _: Any, *, name: str) -> Parts | None:
    rated = _rated(trials)
    if not rated:
        return None
    groups = [np.array([t.design.get("condition") == cell for t, _ in rated]) for cell in CELLS]
    weights = list(zip(WEIGHTS[name], groups, strict=True))
    score = contrast_of([value for _, value in rated], weights)
    return Parts(tuple(_kind(t) for t, _ in rated), score)


def _kind(trial: Trial) -> tuple[str, ...]:
    return (str(trial.design.get("condition")),)


SPLITS = (
    Split("severity", "all", ("condition",), _severity),
    Split("intent_weight", "all", ("condition",), partial(_weight, name="intent_weight")),
    Split("outcome_weight", "all", ("condition",), partial(_weight, name="outcome_weight")),
)
"""The indices of this task whose reliability is told."""
