"""Somebody who plays the attachment task in simulation, with feelings and a detector for dots."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import Any

import mbtexp.timeline as screen
from mbtexp.session import Session
from mbtexp.simulate import READING_S, Participant, lognormal_s
from mbtexp.task import Material

PRESS_S = 0.12
"""From one press on a slider to the next, s."""

DECIDE_S = 1.5
"""From a slider's question to the first press, s."""

STEPS = 20
"""Steps of a slider."""


@dataclass(frozen=True)
class Feelings:
    """The parameters of a simulated participant; ratings are from 0 to 100."""

    d_prime: float = 3.0
    criterion: float = 0.0
    rt_s: float = 0.45
    rt_sigma: float = 0.15
    own_cost: float = 0.08
    """How much longer the dot takes on pictures of one's own, in ln s."""
    own: float = 85.0
    acquainted: float = 30.0
    friend: float = 50.0
    unfamiliar: float = 15.0
    rating_sd: float = 8.0
    pleasure: float = 60.0
    arousal: float = 60.0
    habituation: float = -1.0
    """Change of pleasure and arousal from one slider to the next."""
    distress: float = 10.0
    prime_effect: float = 0.5
    """Attachment prime: shift of the probit of 'pleasant'."""
    awareness: float = 0.2
    """d' with which the kind of a masked prime is told."""


def participant(session: Session, material: Material) -> Participant:
    """Feelings by relation plus noise, dots by signal detection, lognormal times."""
    return feeling(session, material, Feelings())


def feeling(session: Session, material: Material, feelings: Feelings) -> Participant:
    """A simulated participant with these parameters.

    Each trial has its own random stream, so that a run that is resumed equals one that was not.
    """
    left, right, confirm = material.keys

    def answer(phase: screen.Phase, trial: Mapping[str, Any]) -> Sequence[tuple[str, float]]:
        if phase.keys is None:
            return []
        if not trial:
            return [(phase.keys.allowed[0], READING_S)]
        rng = session.rng(f"participant-{trial['trial']}")
        kind = trial["kind"]
        if kind == "picture":
            return _seen(phase, trial, rng, feelings, confirm)
        if kind in ("prime", "awareness"):
            rt_s = lognormal_s(rng, median_s=0.8, sigma=0.3)
            first = _says_first(trial, rng, feelings)
            options = {"pleasant", "attachment", "own"}
            return [(left if first == (trial["left"] in options) else right, rt_s)]
        if kind == "count" or not phase.name.startswith("slider_"):
            return [(phase.keys.allowed[0], READING_S)]
        key = _towards(phase, _felt(trial, rng, feelings), material.keys)
        return [(key, PRESS_S if _mark(phase).value is not None else DECIDE_S)]

    return Participant("feelings", answer, asdict(feelings))


def _seen(
    phase: screen.Phase, trial: Mapping[str, Any], rng: Any, feelings: Feelings, key: str
) -> list[tuple[str, float]]:
    """A press for a dot that was seen, or that was not there."""
    if trial["dot_at_s"] is None:
        return []
    shift = feelings.d_prime / 2 if trial["dot"] else -feelings.d_prime / 2
    seen = float(rng.random()) < NormalDist().cdf(shift - feelings.criterion)
    cost = feelings.own_cost if trial["condition"] == "own" else 0.0
    rt_s = lognormal_s(rng, median_s=feelings.rt_s * math.exp(cost), sigma=feelings.rt_sigma)
    if not seen:
        return []
    if trial["dot"] and phase.name.endswith("_dot"):
        return [(key, rt_s)]
    if not trial["dot"] and phase.name in ("picture", "practice"):
        return [(key, trial["dot_at_s"] + rt_s)]
    return []


def _says_first(trial: Mapping[str, Any], rng: Any, feelings: Feelings) -> bool:
    """Whether 'pleasant', or the kind of prime that has to do with closeness, is chosen."""
    close = trial["condition"] in ("attachment", "own")
    size = feelings.awareness if trial["kind"] == "awareness" else feelings.prime_effect
    shift = size / 2 if close else -size / 2
    return bool(rng.random() < NormalDist().cdf(shift))


def _felt(trial: Mapping[str, Any], rng: Any, feelings: Feelings) -> float:
    """What a slider should show, 0 to 100."""
    noise: float = feelings.rating_sd * float(rng.standard_normal())
    if trial["kind"] == "mood":
        if trial["scale"] == "distress":
            return feelings.distress
        level = float(getattr(feelings, trial["scale"]))
        return level + feelings.habituation * float(trial["block"] - 1) + noise
    return float(getattr(feelings, trial["condition"])) + noise


def _towards(phase: screen.Phase, wanted: float, keys: tuple[str, ...]) -> str:
    """The key that brings the slider's mark nearer to where it should be, or confirms it."""
    left, right, confirm = keys
    value = _mark(phase).value
    if value is None:
        return right
    goal = min(max(round(wanted / 100 * STEPS), 0), STEPS)
    now = round(value * STEPS)
    return confirm if now == goal else right if now < goal else left


def _mark(phase: screen.Phase) -> screen.Slider:
    """The slider of a rating's screen."""
    return next(s for s in phase.stimuli if isinstance(s, screen.Slider))
