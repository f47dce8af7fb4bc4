"""What is asked, in which order and when: settings, presets and rows of the mood task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from mbtexp.design import shuffled
from mbtexp.errors import SettingError, did_you_mean
from mbtexp.session import Session
from mbtexp.strict import setting
from mbtexp.task import Material

Kind = Literal["affective", "vas", "circles"]

FEELINGS = ("pleasure", "arousal")
"""What the Affective Slider asks for."""

LINES = ("safe", "longing", "rejected", "angry", "tense", "dissociated", "distress")
"""What a line from 0 to 100 asks for."""

CLOSENESS = "closeness"
"""What the circles ask for, once for each person."""

PEOPLE = ("own", "acquainted", "friend", "unfamiliar")
"""Whom it can be about: a person is known by this relation, never by a name."""

SLACK_S = 0.3
"""What a rating with a limit may need beyond it, s: the last frames, and the screen that clears."""

BASELINE = (*FEELINGS, *(line for line in LINES if line != "distress"))


@dataclass(frozen=True)
class Params:
    """Everything about the task that can be set."""

    items: tuple[str, ...] = setting(BASELINE, doc="what is asked, in this order")
    people: tuple[str, ...] = setting(PEOPLE, doc="whom 'closeness' is asked about")
    shuffle: Literal["feelings", "all", "none"] = setting(
        "feelings", doc="what comes in random order: pleasure and arousal, all, nothing"
    )
    window_s: float | None = setting(
        None, doc="longest time for a rating, s; none: untimed", low=2, high=120
    )
    fixed: bool = setting(False, doc="onsets are fixed from the run's time zero (scanner)")
    lead_in_s: float = setting(4.0, doc="cross before the first rating (fixed), s", low=1, high=60)
    gap_s: float = setting(1.0, doc="cross between two ratings (fixed), s", low=0.5, high=60)
    confirm: bool = setting(
        True, doc="a third key confirms; no: two keys, and what stands at the end counts"
    )
    digits: bool = setting(True, doc="the circles are chosen by the figures 1 to 7")
    mouse: bool = setting(True, doc="the mouse answers as well")
    step: float = setting(
        0.01, doc="how far one press moves the mark, of its length", low=0.01, high=0.25
    )
    hold: bool = setting(True, doc="a key that stays down moves the mark on")
    pages: bool = setting(True, doc="instructions before and thanks after the ratings")

    def __post_init__(self) -> None:
        """Refuse what nobody could answer, and names that mean nothing."""
        _refuse_unknown("items", self.items, (*FEELINGS, *LINES, CLOSENESS))
        _refuse_unknown("people", self.people, PEOPLE)
        if self.window_s is None and (self.fixed or not self.confirm):
            name = "fixed is true" if self.fixed else "confirm is false"
            raise SettingError(f"{name}, but window_s is none; give the ratings a limit.")


def _refuse_unknown(name: str, given: tuple[str, ...], known: tuple[str, ...]) -> None:
    if not given:
        raise SettingError(f"{name} is empty; name at least one of {', '.join(known)}.")
    for word in given:
        if word not in known:
            raise SettingError(f"{name}: {word!r} is not known; {did_you_mean(word, known)}")
        if given.count(word) > 1:
            raise SettingError(f"{name}: {word!r} is named twice.")


PRESETS: Mapping[str, Mapping[str, Any]] = {
    "baseline": {},
    "short": {"items": (*FEELINGS, "distress")},
    "after": {"items": (*BASELINE, "distress")},
    "closeness": {"items": (CLOSENESS,), "shuffle": "all"},
    "scanner": {
        "items": (*FEELINGS, "distress"),
        "window_s": 8.0,
        "fixed": True,
        "digits": False,
        "mouse": False,
        "step": 0.05,
    },
}


@dataclass(frozen=True)
class Trial:
    """One rating."""

    trial: int
    block: int
    practice: bool
    item: str
    kind: Kind
    person: str | None
    window_s: float | None
    onset_s: float | None = None


def design(session: Session, material: Material) -> Sequence[Trial]:
    """The ratings in their order, with their onsets where these are fixed."""
    params: Params = material.params
    asked = _ordered(session, params)
    every_s = (params.window_s or 0.0) + SLACK_S + params.gap_s
    return [
        Trial(
            trial=number,
            block=1,
            practice=False,
            item=item,
            kind=kind_of(item),
            person=person,
            window_s=params.window_s,
            onset_s=round(params.lead_in_s + (number - 1) * every_s, 6) if params.fixed else None,
        )
        for number, (item, person) in enumerate(asked, start=1)
    ]


def kind_of(item: str) -> Kind:
    """How an item is shown."""
    if item == CLOSENESS:
        return "circles"
    return "affective" if item in FEELINGS else "vas"


def _ordered(session: Session, params: Params) -> list[tuple[str, str | None]]:
    """Items with whom they are about; the two feelings change places at random (their authors)."""
    asked: list[tuple[str, str | None]] = [
        (item, person)
        for item in params.items
        for person in (params.people if item == CLOSENESS else (None,))
    ]
    rng = session.rng("order")
    if params.shuffle == "all":
        return shuffled(rng, asked)
    feelings = [pair for pair in asked if pair[0] in FEELINGS]
    turned = iter(shuffled(rng, feelings) if params.shuffle == "feelings" else feelings)
    return [next(turned) if pair[0] in FEELINGS else pair for pair in asked]


def keys(params: Params) -> tuple[str, ...]:
    """Left, right and confirm; then the figures of the circles, where there are any."""
    move = ("left", "right", "space") if params.confirm else ("left", "right")
    figures = tuple("1234567") if params.digits and CLOSENESS in params.items else ()
    return (*move, *figures)
