"""The pilot set's plan: a hundred faces, seven-step continua, practice faces and masks, by a rule.

Place on the trust axis, sex and age are crossed, so none tells another: every step has five women
and five men, and as many younger as older people within half a person.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from stimuli.faces.face import Face, random_face

Role = Literal["face", "practice", "morph", "mask"]

STEPS = tuple(-2.25 + 0.5 * k for k in range(10))
"""Places of the faces on the axis; 0 is a face as its seed gives it."""

PER_STEP = 5
"""Faces of each sex at each step."""

MORPH_STEPS = tuple(float(step) for step in range(-3, 4))
MORPH_SEEDS = (("f", 27, 511), ("f", 38, 512), ("m", 29, 513), ("m", 41, 514))
"""Sex, age and seed of the people whose continua are drawn."""

MIDDLE = 4.0
"""Where step 0 stands on the scale from 1 to 7."""

YOUNG = (20, 33)
OLDER = (46, 63)
"""Ages (years) of the two halves; nobody is near the middle, so that the question has an answer."""

N_MASKS = 4


@dataclass(frozen=True)
class Plan:
    """One picture before it is drawn."""

    id: str
    role: Role
    face: Face
    identity: str = ""
    morph_step: int | None = None

    @property
    def trust(self) -> float:
        """The design's place on a scale from 1 to 7: nobody's rating."""
        return MIDDLE + self.face.trust


def plans() -> list[Plan]:
    """Everything in the set, in a fixed order."""
    return [*_faces(), *_practice(), *_morphs(), *_masks()]


def _faces() -> list[Plan]:
    found = []
    for sex in ("f", "m"):
        for number in range(len(STEPS) * PER_STEP):
            step, copy = divmod(number, PER_STEP)
            older = (copy + step + (sex == "m")) % 2 == 1
            low, high = OLDER if older else YOUNG
            # Ages run through their range in another order than the steps do.
            age = low + (number * 7) % (high - low + 1)
            face = random_face(sex, age=age, seed=1000 + number).with_trust(STEPS[step])
            found.append(Plan(f"{sex}{number + 1:02d}", "face", face))
    return found


def _practice() -> list[Plan]:
    people = (("f", 24, -2.0), ("m", 52, 2.0), ("f", 55, 1.0), ("m", 23, -1.0))
    return [
        Plan(
            f"practice{k}",
            "practice",
            random_face(sex, age=age, seed=900 + k).with_trust(step),
        )
        for k, (sex, age, step) in enumerate(people, start=1)
    ]


def _morphs() -> list[Plan]:
    return [
        Plan(
            f"morph_{sex}{seed}_{place}",
            "morph",
            random_face(sex, age=age, seed=seed).with_trust(step),
            identity=f"{sex}{seed}",
            morph_step=place,
        )
        for sex, age, seed in MORPH_SEEDS
        for place, step in enumerate(MORPH_STEPS, start=1)
    ]


def _masks() -> list[Plan]:
    return [
        Plan(f"mask{k}", "mask", random_face("fm"[k % 2], age=25 + 8 * k, seed=950 + k))
        for k in range(1, N_MASKS + 1)
    ]
