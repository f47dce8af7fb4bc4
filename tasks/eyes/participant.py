"""Somebody who takes the Eyes test in simulation: Rasch with guessing, lognormal response times."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from mbtexp.session import Session
from mbtexp.simulate import READING_S, Participant, lognormal_s
from mbtexp.task import Material
from mbtexp.timeline import Phase
from tasks.eyes.design import POSITIONS
from tasks.eyes.method import CONTINUE


@dataclass(frozen=True)
class Taker:
    """The parameters of one simulated person."""

    ability: float = 1.0
    """Logits, on the scale of the items' difficulties."""
    omission: float = 0.02
    """Share of timed trials without an answer."""
    median_rt_s: float = 3.0
    rt_sigma: float = 0.4
    top_bias: float = 0.55
    """Share of guesses that fall on the upper two words (no bias: 0.5)."""
    control: float = 0.95
    """Probability of knowing the answer of a control judgement."""


def participant(session: Session, material: Material, taker: Taker | None = None) -> Participant:
    """Rasch with guessing: P(key) = c + (1 - c) / (1 + exp(difficulty - ability)); lognormal RT.

    Who does not know guesses among the words, so c is one in their number.
    """
    somebody = taker or Taker()
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
        rt_s = lognormal_s(rng, median_s=somebody.median_rt_s, sigma=somebody.rt_sigma)
        if phase.duration_s is not None and draws[0] < somebody.omission:
            return []
        return [(keys[_chosen(somebody, trial, draws)], rt_s)]

    return Participant("rasch_with_guessing", answer, asdict(somebody))


def _chosen(somebody: Taker, trial: Mapping[str, Any], draws: Sequence[float]) -> str:
    """The position that a simulated participant picks."""
    words = {p: trial[f"word_{p}"] for p in POSITIONS if trial[f"word_{p}"] is not None}
    if draws[1] < _knows(somebody, trial):
        return next(p for p, word in words.items() if word == trial["target"])
    top = [p for p in words if p[0] == "t"]
    bottom = [p for p in words if p[0] == "b"]
    row = top if not bottom or draws[2] < somebody.top_bias else bottom
    return row[int(draws[3] * len(row))]


def _knows(somebody: Taker, trial: Mapping[str, Any]) -> float:
    """Probability of knowing rather than guessing."""
    if trial["condition"] != "mental":
        return somebody.control
    difficulty = trial["difficulty"] or 0.0
    return 1.0 / (1.0 + math.exp(difficulty - somebody.ability))
