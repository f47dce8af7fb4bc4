"""Somebody who sits through an interlude in simulation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from mbtexp.session import Session
from mbtexp.simulate import READING_S, Participant
from mbtexp.task import Material
from mbtexp.timeline import Phase
from mbtexp.typed import CONFIRM
from tasks.interlude.params import Params

TYPING_S = 0.4
"""Time of a figure, s."""


@dataclass(frozen=True)
class Counter:
    """The parameters of one simulated person."""

    steps_per_min: float = 18.0
    """Steps counted back in a minute."""
    slip: float = 0.02
    """Probability of a mistake in a step, of one."""
    talk: float = 0.05
    """Probability of wanting to talk with somebody at the end."""


def participant(
    session: Session, material: Material, counter: Counter | None = None
) -> Participant:
    """Steps at a steady pace, each with a chance of a slip by one."""
    somebody = counter or Counter()
    params: Params = material.params

    def answer(phase: Phase, trial: Mapping[str, Any]) -> Sequence[tuple[str, float]]:
        if phase.keys is None:
            return []
        rng = session.rng(f"participant-{trial.get('trial', 0)}")
        if phase.name == "reached":
            done = round(somebody.steps_per_min * params.count_s / 60)
            slips = int(rng.binomial(done, somebody.slip)) if done else 0
            text = str(max(0, trial["number"] - params.step * done - slips))
            typed = len(phase.tag)
            return [(text[typed] if typed < len(text) else CONFIRM, TYPING_S)]
        if phase.name == "question":
            return [(material.keys[1 if float(rng.random()) < somebody.talk else 0], READING_S)]
        return [(phase.keys.allowed[0], READING_S)]

    return Participant("counts_back_steadily", answer, asdict(somebody))
