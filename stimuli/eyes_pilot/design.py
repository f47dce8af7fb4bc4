"""The pilot set's plan: 36 items and a practice item, balanced by a rule instead of by hand.

The nine families lie in a ring. Item (family f, word k) has word k of family f as its target and
one word from each of three other families as foils, at steps around the ring that depend on k. So
every word is a target once and a foil three times, and no item holds two words of one family.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, fields
from itertools import pairwise

from stimuli.eyes_pilot.face import Expression, Face, random_face
from stimuli.eyes_pilot.words import FAMILIES, PRACTICE, Word

STEPS = ((3, 2, 5), (6, 7, 5), (7, 3, 2), (3, 5, 7))
"""For each word k of a family: how far round the ring its three foils stand.

With these steps no two words meet in more than one item, and no foil comes from a family next to
its target's.
"""

STRENGTH = (1.0, 0.85, 0.72, 0.92)
"""How strongly an item shows its state, so that some are easy and some are not."""

_ORDER_SEED = 36
_PLACES = 4


@dataclass(frozen=True, slots=True)
class Plan:
    """One item before it is drawn."""

    number: int
    family: str
    words: tuple[Word, Word, Word, Word]
    key: int
    face: Face
    expression: Expression
    valence: float
    difficulty: float
    form: str

    @property
    def target(self) -> Word:
        """The word that the picture was drawn for."""
        return self.words[self.key]


def items() -> list[Plan]:
    """The practice item (0) and items 1 to 36 in their fixed order."""
    cells = [(f, k) for f in range(len(FAMILIES)) for k in range(4)]
    places = _key_places(cells)
    return [_practice()] + [
        _item(number, f, k, places[f, k]) for number, (f, k) in enumerate(_mixed(cells), start=1)
    ]


def _mixed(cells: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """A fixed shuffled order in which no family follows itself."""
    draw = random.Random(_ORDER_SEED)
    while True:
        keyed = sorted((draw.random(), cell) for cell in cells)
        order = [cell for _, cell in keyed]
        if all(a[0] != b[0] for a, b in pairwise(order)):
            return order


def _key_places(cells: list[tuple[int, int]]) -> dict[tuple[int, int], int]:
    """Where the target stands: each place nine times, turning with word and family."""
    return {(f, k): (k + f + f // 4) % _PLACES for f, k in cells}


def _item(number: int, f: int, k: int, key: int) -> Plan:
    """Sex, age and half form cross within families; foils follow the key in ring order."""
    foils = [
        FAMILIES[(f + step) % len(FAMILIES)].words[(k + i) % 4]
        for i, step in enumerate(STEPS[k], start=1)
    ]
    target = FAMILIES[f].words[k]
    words = [target, *foils]
    turned = tuple(words[(place - key) % _PLACES] for place in range(_PLACES))
    odd = f % 2 == 1
    form = "A" if (k % 2 == 0) != odd else "B"
    sex = "F" if (k < 2) != odd else "M"
    older = (k in (0, 3)) != odd
    face = random_face(sex, older=older, seed=1000 + 10 * f + k)
    expression = target.expression.scaled(STRENGTH[(k + f) % 4])
    return Plan(
        number=number,
        family=FAMILIES[f].name,
        words=(turned[0], turned[1], turned[2], turned[3]),
        key=key,
        face=face,
        expression=expression,
        valence=target.valence,
        difficulty=_difficulty(expression, target, foils),
        form=form,
    )


def _practice() -> Plan:
    target, *foils = PRACTICE
    return Plan(
        number=0,
        family="practice",
        words=(foils[0], foils[1], target, foils[2]),
        key=2,
        face=random_face("F", older=False, seed=990),
        expression=target.expression,
        valence=target.valence,
        difficulty=0.0,
        form="",
    )


def _difficulty(shown: Expression, target: Word, foils: list[Word]) -> float:
    """0 when the state is far from every foil, 1 when it is as near to a foil as to its target.

    A figure of the design: distances between drawn expressions, not anyone's answers.
    """
    own = _distance(shown, target.expression)
    nearest = min(_distance(shown, foil.expression) for foil in foils)
    return round(min(1.0, (own + 0.25) / nearest), 3)


_SIGNED_FAR = {"roll_deg": 0.03, "pupil": 0.3, "wet": 0.4}


def _distance(one: Expression, other: Expression) -> float:
    return math.sqrt(
        math.fsum(
            ((getattr(one, e.name) - getattr(other, e.name)) * _SIGNED_FAR.get(e.name, 1.0)) ** 2
            for e in fields(Expression)
        )
    )
