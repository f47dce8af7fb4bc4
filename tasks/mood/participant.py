"""Somebody who rates their mood in simulation: a level for each item, and noise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from mbtexp.session import Session
from mbtexp.simulate import READING_S, Click, Participant, lognormal_s
from mbtexp.task import Material
from mbtexp.timeline import Button, Circles, Keys, Phase, Slider

PRESS_S = 0.15
"""From one press on a slider to the next, s."""


@dataclass(frozen=True)
class Mood:
    """The parameters of a simulated participant; levels are from 0 to 100."""

    pleasure: float = 60.0
    arousal: float = 40.0
    safe: float = 70.0
    longing: float = 35.0
    rejected: float = 15.0
    angry: float = 12.0
    tense: float = 35.0
    dissociated: float = 10.0
    distress: float = 20.0
    own: float = 85.0
    """Closeness to each person, 0 to 100."""
    acquainted: float = 30.0
    friend: float = 60.0
    unfamiliar: float = 5.0
    rating_sd: float = 6.0
    rt_s: float = 2.0
    rt_sigma: float = 0.35
    mouse: float = 0.7
    """Share of ratings that are made with the mouse, where it answers."""
    omission: float = 0.0
    """Share of ratings that are left out, where there is a limit."""


def participant(session: Session, material: Material, mood: Mood | None = None) -> Participant:
    """Somebody who goes straight to where they want the mark.

    Each trial has its own random stream, so that a run that is resumed equals one that was not.
    """
    made_of = mood or Mood()

    def answer(phase: Phase, trial: Mapping[str, Any]) -> Sequence[tuple[str, float]]:
        if phase.keys is None:
            return []
        if not trial or not phase.name.startswith("rate_"):
            return [(phase.keys.allowed[0], READING_S)]
        rng = session.rng(f"participant-{trial['trial']}")
        rt_s = lognormal_s(rng, median_s=made_of.rt_s, sigma=made_of.rt_sigma)
        level = getattr(made_of, trial["person"] or trial["item"])
        wanted = min(max(level + made_of.rating_sd * float(rng.standard_normal()), 0.0), 100.0)
        clicks = bool(phase.keys.areas) and float(rng.random()) < made_of.mouse
        if float(rng.random()) < made_of.omission and trial["window_s"] is not None:
            return []
        if trial["kind"] == "circles":
            return [_towards_pair(phase, phase.keys, wanted, material, rt_s, clicks=clicks)]
        return _towards_place(phase, phase.keys, wanted, rt_s, clicks=clicks)

    return Participant("levels", answer, asdict(made_of))


def _towards_place(
    phase: Phase, keys: Keys, wanted: float, rt_s: float, *, clicks: bool
) -> list[tuple[str, float]]:
    """What brings the mark nearer to where it should be, or confirms it."""
    line = next(s for s in phase.stimuli if isinstance(s, Slider))
    first = line.value is None or not line.touched
    if clicks:
        button = next((s for s in phase.stimuli if isinstance(s, Button)), None)
        if button is not None:
            return [(Click(button.pos), 0.6)]
        return [(Click((line.pos[0] + (wanted / 100 - 0.5) * line.width, line.pos[1])), rt_s)]
    after_s = rt_s if first else PRESS_S
    left, right = keys.allowed[:2]
    if first:
        return [(right if wanted >= 50 else left, after_s)]
    off = wanted / 100 - (line.value or 0.0)
    if abs(off) > 0.025:
        return [(right if off > 0 else left, after_s)]
    return [(keys.allowed[2], 0.5)] if len(keys.allowed) > 2 else []


def _towards_pair(
    phase: Phase, keys: Keys, wanted: float, material: Material, rt_s: float, *, clicks: bool
) -> tuple[str, float]:
    """The pair of circles that fits best: its figure or a click, or a step towards it."""
    goal = round(wanted / 100 * 6)
    pairs = [s for s in phase.stimuli if isinstance(s, Circles)]
    if clicks:
        return Click(pairs[goal].pos), rt_s
    if len(keys.allowed) >= len(pairs):
        return keys.allowed[goal], rt_s
    now = next((place for place, pair in enumerate(pairs) if pair.chosen), None)
    if now is None:
        return keys.allowed[0], rt_s
    if now == goal and len(material.keys) > 2:
        return keys.allowed[2], 0.5
    return keys.allowed[1 if goal > now else 0], PRESS_S
