"""Somebody who judges faces in simulation: linear in the norms, with a bias and noise."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from mbtexp.session import Session
from mbtexp.simulate import READING_S, Participant, lognormal_s
from mbtexp.task import Material
from mbtexp.timeline import Phase
from tasks.trust.design import POINTS

MIDDLE = (POINTS + 1) / 2
MIDDLE_AGE = 40.0


@dataclass(frozen=True)
class Person:
    """Parameters of the model: x = 4 + bias + slope (norm - 4) + noise; the rating is x rounded."""

    bias: float = -0.3
    """Points of the scale, in trust judgements; below 0: too little trust."""
    slope: float = 0.8
    noise: float = 0.8
    """SD of the judgement from time to time, points."""
    age_slope: float = 0.12
    """Points a year in age judgements."""
    median_rt_s: float = 0.9
    rt_sigma: float = 0.3
    ambiguity: float = 0.1
    """Growth of log RT per point that a face is nearer to the middle of the scale."""
    omission: float = 0.02


def participant(session: Session, material: Material, person: Person | None = None) -> Participant:
    """A person of the linear model; a decision is the sign of what would have been rated."""
    made_of = person or Person()

    def answer(phase: Phase, trial: Mapping[str, Any]) -> Sequence[tuple[str, float]]:
        if phase.keys is None:
            return []
        asks = phase.name in ("scale", "question") or phase.name.startswith("face_")
        if not asks:
            return [(phase.keys.allowed[0], READING_S)]
        # A stream a trial: somebody who goes on after a break answers as if there had been none.
        rng = session.rng(f"participant-{trial['trial']}")
        omits = float(rng.random()) < made_of.omission
        judged = _judged(made_of, trial) + made_of.noise * float(rng.standard_normal())
        clear = abs(_norm(trial) - MIDDLE)
        rt_s = lognormal_s(
            rng,
            median_s=made_of.median_rt_s * math.exp(-made_of.ambiguity * (clear - 1.0)),
            sigma=made_of.rt_sigma,
        )
        if omits and (phase.duration_s is not None):
            return []
        return [(material.keys[_place(judged, trial, len(material.keys))], rt_s)]

    return Participant("linear_in_norms", answer, asdict(made_of))


def _norm(trial: Mapping[str, Any]) -> float:
    return MIDDLE if trial["trust"] is None else float(trial["trust"])


def _judged(person: Person, trial: Mapping[str, Any]) -> float:
    """What the person sees in the face, on the scale, without the noise."""
    if trial["judgement"] == "age":
        age = MIDDLE_AGE if trial["age"] is None else float(trial["age"])
        return MIDDLE + person.age_slope * (age - MIDDLE_AGE)
    return MIDDLE + person.bias + person.slope * (_norm(trial) - MIDDLE)


def _place(judged: float, trial: Mapping[str, Any], n_keys: int) -> int:
    """The key from the left that stands for a judgement."""
    if n_keys == 2:
        return int((judged > MIDDLE) != trial["reversed"])
    value = min(POINTS, max(1, round(judged)))
    return POINTS - value if trial["reversed"] else value - 1
