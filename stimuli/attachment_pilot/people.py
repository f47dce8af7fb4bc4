"""Who is in the pilot set: six drawn people, what their faces do, and how the pictures differ."""

from __future__ import annotations

from dataclasses import dataclass, replace

from stimuli.faces.face import HAPPY, NEUTRAL, SAD, Expression, Face, random_face, random_infant

EXPRESSIONS = {"happy": HAPPY, "neutral": NEUTRAL, "sad": SAD}


@dataclass(frozen=True)
class Person:
    """Somebody who does not exist; ``name`` is made up and never logged."""

    label: str
    name: str
    condition: str
    group: str
    face: Face


@dataclass(frozen=True)
class Plan:
    """One picture: its person and how it differs from the person's other pictures."""

    number: int
    person: Person
    expression: str
    strength: float
    mirrored: bool
    lifted: float
    """How far the brows are raised beyond the expression: no two pictures are alike."""

    @property
    def id(self) -> str:
        """Label of the picture in the set."""
        return f"{self.person.label}_{self.number:02d}"

    @property
    def face(self) -> Face:
        """What is drawn."""
        whole = EXPRESSIONS[self.expression]
        light = -self.person.face.light if self.mirrored else self.person.face.light
        return replace(
            self.person.face,
            light=light,
            expression=Expression(
                smile=whole.smile * self.strength,
                inner_brow=whole.inner_brow * self.strength + self.lifted,
                outer_brow=whole.outer_brow * self.strength + self.lifted,
                lid=whole.lid * self.strength - 0.4 * self.lifted,
            ),
        )


def people() -> list[Person]:
    """Four grown-ups of one sex and age, and two infants."""
    return [
        Person("P1", "Mira", "own", "adult", random_face("f", age=31, seed=11, hair="waves")),
        Person("P2", "Edda", "acquainted", "adult", random_face("f", age=32, seed=23, hair="bob")),
        Person("P3", "Runa", "friend", "adult", random_face("f", age=30, seed=37, hair="long")),
        Person(
            "P4", "Tilde", "unfamiliar", "adult", random_face("f", age=31, seed=51, hair="tied")
        ),
        Person("P5", "Nilo", "own", "infant", random_infant(seed=3)),
        Person("P6", "Juno", "unfamiliar", "infant", random_infant(seed=8)),
    ]


STRENGTHS = (1.0, 0.85, 0.7, 0.55)
LIFTS = (0.0, 0.25, -0.2, 0.12)


def plans() -> list[Plan]:
    """Every face picture of the set: eight of a grown-up, four of each expression of an infant."""
    found = []
    for person in people():
        kinds = ("happy", "neutral") if person.group == "adult" else tuple(EXPRESSIONS)
        number = 0
        for expression in kinds:
            for k, (strength, lift) in enumerate(zip(STRENGTHS, LIFTS, strict=True)):
                number += 1
                found.append(Plan(number, person, expression, strength, k % 2 == 1, lift))
    return found
