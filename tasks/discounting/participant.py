"""Somebody who discounts in simulation: hyperbolic values, relative noise, lapses."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from mbtexp.session import Session
from mbtexp.simulate import READING_S, Participant, lognormal_s
from mbtexp.task import Material
from mbtexp.timeline import Phase
from tasks.discounting.money import DAYS
from tasks.discounting.offers import Offer, read_tag

PEOPLE_LN_K, PEOPLE_LN_K_SD = -4.5, 1.5
"""From which ln k (1/day) simulated people are drawn."""


@dataclass(frozen=True)
class Discounter:
    """The parameters of one simulated person."""

    ln_k: float
    """Of money, 1/day."""
    ln_k_points: float = -2.5
    """Of points that are waited for, 1/s."""
    beta: float = 12.0
    """Steepness of choice on the difference of values over the larger amount."""
    lapse: float = 0.02
    omission: float = 0.02
    median_rt_s: float = 1.2
    rt_sigma: float = 0.4

    def p_later(self, offer: Offer) -> float:
        """Probability of choosing the later amount."""
        seconds = offer.delay.unit == "s"
        k = math.exp(self.ln_k_points if seconds else self.ln_k)
        unit = DAYS["s"] if seconds else 1.0
        later = offer.later / (1 + k * offer.delay.days / unit)
        sooner = offer.sooner / (1 + k * offer.sooner_delay.days / unit)
        difference = (later - sooner) / max(offer.later, offer.sooner)
        return self.lapse / 2 + (1 - self.lapse) * 0.5 * (1 + math.tanh(self.beta * difference / 2))


def drawn(session: Session) -> Discounter:
    """The person behind a label: the same ln k in every session and run."""
    person = Session(session.participant, session.task, seed=session.seed)
    ln_k = PEOPLE_LN_K + PEOPLE_LN_K_SD * person.rng("person").standard_normal()
    return Discounter(round(float(ln_k), 4))


def participant(session: Session, material: Material) -> Participant:
    """The simulated participant of a session."""
    return simulated(session, material, drawn(session))


def simulated(session: Session, material: Material, person: Discounter) -> Participant:
    """A participant with these parameters; each trial has a random stream of its own."""
    left, right = material.keys

    def answer(phase: Phase, trial: Mapping[str, Any]) -> Sequence[tuple[str, float]]:
        if phase.keys is None:
            return []
        if not phase.name.startswith(("offer", "respond")):
            return [(phase.keys.allowed[0], READING_S)]
        rng = session.rng(f"participant-{trial['trial']}")
        draws = [float(rng.random()) for _ in range(2)]
        rt_s = lognormal_s(rng, median_s=person.median_rt_s, sigma=person.rt_sigma)
        if phase.duration_s is not None and draws[0] < person.omission:
            return []
        if len(phase.keys.allowed) == 1:
            return [(phase.keys.allowed[0], rt_s)]
        later = draws[1] < person.p_later(read_tag(phase.tag))
        sooner_is_left = trial["side"] == "left"
        return [(left if later != sooner_is_left else right, rt_s)]

    return Participant("hyperbolic_with_relative_noise", answer, asdict(person))
