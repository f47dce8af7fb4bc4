"""Somebody who takes the Eyes test in simulation: Rasch with guessing, lognormal response times."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from mbtexp.session import Session
from mbtexp.simulate import READING_S, Participant, lognormal_s
from mbtexp.task import Material
from mbtexp.timeline import Phase
from tasks.eyes.design import POSITIONS
from tasks.eyes.method import CONTINUE

ABILITY = 1.0
GUESSING = 0.25
OMISSION = 0.02
MEDIAN_RT_S = 3.0
RT_SIGMA = 0.4
TOP_BIAS = 0.55
"""Share of guesses that fall on the upper two words (no bias: 0.5)."""


def participant(session: Session, material: Material) -> Participant:
    """Rasch with guessing: P(key) = c + (1 - c) / (1 + exp(difficulty - ability)); lognormal RT."""
    keys = dict(zip(POSITIONS, material.keys, strict=False))

    def answer(phase: Phase, trial: Mapping[str, Any]) -> Sequence[tuple[str, float]]:
        if phase.keys is None:
            return []
        if phase.name == "choice":
            return [(CONTINUE, READING_S)]
        if not phase.name.startswith("eyes_"):
            return [(phase.keys.allowed[0], READING_S)]
        # A stream a trial: somebody who goes on after a break answers as if there had been none.
        rng = session.rng(f"participant-{trial['trial']}")
        draws = [float(rng.random()) for _ in range(4)]
        rt_s = lognormal_s(rng, median_s=MEDIAN_RT_S, sigma=RT_SIGMA)
        if phase.duration_s is not None and draws[0] < OMISSION:
            return []
        return [(keys[_chosen(trial, draws)], rt_s)]

    params = {
        "ability": ABILITY,
        "guessing": GUESSING,
        "omission": OMISSION,
        "median_rt_s": MEDIAN_RT_S,
        "rt_sigma": RT_SIGMA,
        "top_bias": TOP_BIAS,
    }
    return Participant("rasch_with_guessing", answer, params)


def _chosen(trial: Mapping[str, Any], draws: Sequence[float]) -> str:
    """The position that a simulated participant picks."""
    words = {p: trial[f"word_{p}"] for p in POSITIONS if trial[f"word_{p}"] is not None}
    if draws[1] < _knows(trial):
        return next(p for p, word in words.items() if word == trial["target"])
    top = [p for p in words if p[0] == "t"]
    bottom = [p for p in words if p[0] == "b"]
    row = top if not bottom or draws[2] < TOP_BIAS else bottom
    return row[int(draws[3] * len(row))]


def _knows(trial: Mapping[str, Any]) -> float:
    """Probability of knowing rather than guessing."""
    if trial["condition"] != "mental":
        return 0.95
    difficulty = trial["difficulty"] or 0.0
    return 1.0 / (1.0 + math.exp(difficulty - ABILITY))
