"""Somebody who takes the recognition task in simulation: signal detection with two variances alike.

A word's familiarity x is normal with SD 1 and mean 0 if it is new, d' of its class if it is old.
The answer is old where x exceeds d'/2 + c; its distance from there says how sure.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from mbtexp.session import Session
from mbtexp.simulate import READING_S, Participant, lognormal_s
from mbtexp.task import Material
from mbtexp.timeline import Phase

CUTS = (0.5, 1.1)
"""Distances from the criterion at which an answer becomes rather, and very, sure."""


@dataclass(frozen=True)
class Recogniser:
    """The parameters of one simulated person."""

    dprime_attachment: float = 1.3
    dprime_emotional: float = 1.4
    dprime_neutral: float = 1.0
    criterion: float = 0.1
    """c: above 0 rather new."""
    emotional_loss: float = 0.0
    """What the attachment state takes off the d' of emotional words that were shown in it."""
    median_rt_s: float = 1.0
    rt_sigma: float = 0.3
    hesitation: float = 0.2
    """How much slower, in ln RT, an answer at the criterion is than one a unit from it."""
    omission: float = 0.01

    def dprime(self, trial: Mapping[str, Any]) -> float:
        """The d' of a trial's class, in the state in which an old word was shown."""
        known = float(getattr(self, f"dprime_{trial['condition']}"))
        lost = trial["condition"] == "emotional" and trial["state"] == "attachment"
        return known - (self.emotional_loss if lost else 0.0)


def participant(
    session: Session, material: Material, person: Recogniser | None = None
) -> Participant:
    """Somebody who decides by familiarity, with lognormal response times."""
    known = person or Recogniser()

    def answer(phase: Phase, trial: Mapping[str, Any]) -> Sequence[tuple[str, float]]:
        if phase.keys is None:
            return []
        asks = phase.name == "confidence" or phase.name.startswith("word_")
        if not asks or not trial:
            return [(phase.keys.allowed[0], READING_S)]
        # A stream a trial: somebody who goes on after a break answers as if there had been none.
        rng = session.rng(f"participant-{trial['trial']}")
        omits, noise = float(rng.random()) < known.omission, float(rng.standard_normal())
        signal = known.dprime(trial) if trial["old"] else 0.0
        threshold = float(getattr(known, f"dprime_{trial['condition']}")) / 2 + known.criterion
        apart = signal + noise - threshold
        if phase.name == "confidence":
            sure = sum(abs(apart) >= cut for cut in CUTS)
            return [(material.keys[sure], lognormal_s(rng, median_s=0.8, sigma=known.rt_sigma))]
        median_s = known.median_rt_s * math.exp(known.hesitation * (1 - abs(apart)))
        rt_s = lognormal_s(rng, median_s=median_s, sigma=known.rt_sigma)
        if omits and phase.duration_s is not None:
            return []
        left = (trial["old_side"] == "left") == (apart > 0)
        return [(material.keys[0 if left else -1], rt_s)]

    return Participant("equal_variance_detection", answer, asdict(known))
