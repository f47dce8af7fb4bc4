"""Somebody who answers a questionnaire in simulation: a level, and noise from item to item."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from mbtexp.session import Session
from mbtexp.simulate import READING_S, Click, Participant, lognormal_s
from mbtexp.task import Material
from mbtexp.timeline import Phase, Scale
from tasks.questionnaire.design import Params, form_of
from tasks.questionnaire.screens import answer_keys, back_key, skip_key

PRESS_S = 0.15
"""From one press that moves the choice to the next, s."""


@dataclass(frozen=True)
class Answers:
    """The parameters of a simulated participant; levels are shares of the answers' range."""

    level: float = 0.3
    item_sd: float = 0.15
    alert: float = 0.0
    """Level of the item that somebody must act upon."""
    skips: float = 0.0
    """Share of items that are left out."""
    backs: float = 0.0
    """Share of items at which the one before is gone back to, once each."""
    mouse: float = 0.5
    """Share of items that are clicked, where the mouse answers."""
    rt_s: float = 3.0
    rt_sigma: float = 0.4


def participant(
    session: Session, material: Material, answers: Answers | None = None
) -> Participant:
    """Somebody with a level; items that are turned round are answered at its mirror image.

    Each trial has its own random stream, so that a run that is resumed equals one that was not.
    """
    made_of = answers or Answers()
    params: Params = material.params
    shown = form_of(material)
    keys = answer_keys(material, shown)
    gone_back: set[int] = set()

    def answer(phase: Phase, trial: Mapping[str, Any]) -> Sequence[tuple[str, float]]:
        if phase.keys is None:
            return []
        if not trial or phase.name != "item":
            return [(phase.keys.allowed[0], READING_S)]
        rng = session.rng(f"participant-{trial['trial']}")
        rt_s = lognormal_s(rng, median_s=made_of.rt_s, sigma=made_of.rt_sigma)
        place = _place(trial, float(rng.standard_normal()))
        skips, backs, clicks = (float(rng.random()) for _ in range(3))
        back, skip = back_key(material, shown), skip_key(material)
        wants_back = backs < made_of.backs and trial["trial"] not in gone_back
        if wants_back and back is not None and back in phase.keys.allowed:
            gone_back.add(trial["trial"])
            return [(back, rt_s)]
        if skips < made_of.skips and skip is not None:
            return [(skip, rt_s)]
        if params.answer == "move":
            return [_towards(phase, place, rt_s)]
        if phase.keys.areas and clicks < made_of.mouse:
            spot = next(area for area in phase.keys.areas if area.name == keys[place])
            return [(Click(spot.pos), rt_s)]
        return [(keys[place], rt_s)]

    def _place(trial: Mapping[str, Any], noise: float) -> int:
        alerts = shown.alert is not None and shown.alert.item == trial["item"]
        level = made_of.alert if alerts else made_of.level + made_of.item_sd * noise
        if trial["reversed"]:
            level = 1.0 - level
        n = len(shown.answers) - 1
        return min(max(round(level * n), 0), n)

    def _towards(phase: Phase, place: int, rt_s: float) -> tuple[str, float]:
        now = next(
            (s.chosen for s in phase.stimuli if isinstance(s, Scale) and s.color == "white"), None
        )
        left, right, confirm = keys
        if now is None:
            return right, rt_s
        if now == place:
            return confirm, 0.5
        return (right if now < place else left), PRESS_S

    return Participant("level", answer, asdict(made_of))
