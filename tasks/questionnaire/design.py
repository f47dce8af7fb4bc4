"""Which instrument is shown and in which order: settings, presets and rows of the questionnaire."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from mbtexp.design import shuffled
from mbtexp.errors import SettingError
from mbtexp.instruments import Form, answers_of, form
from mbtexp.session import Session
from mbtexp.strict import setting
from mbtexp.task import Material

SHUFFLED = ("ecr_r",)
"""Instruments whose authors give the items in random order (Fraley et al. 2000)."""

FIGURES = 10
"""Most answers that single figures can stand for."""


@dataclass(frozen=True)
class Params:
    """Everything about the task that can be set."""

    instrument: str = setting("phq9", doc="name of an instrument, or path of a lab's own file")
    wording: str = setting("", doc="path of a file with the items' words; empty: ours")
    order: Literal["usual", "fixed", "shuffled"] = setting(
        "usual", doc="order of the items; usual: as its authors give it"
    )
    lines: int = setting(1, doc="items on a page", low=1, high=4)
    answer: Literal["figures", "move"] = setting(
        "figures", doc="a key for each answer, or two keys that move and one that confirms"
    )
    mouse: bool = setting(True, doc="the mouse answers as well (figures)")
    skip: bool = setting(True, doc="an item may be left out")
    back: bool = setting(True, doc="the item before can be gone back to")
    pages: bool = setting(True, doc="instructions before and thanks after the items")


PRESETS: Mapping[str, Mapping[str, Any]] = {
    "phq9": {},
    "gad7": {"instrument": "gad7"},
    "page": {"lines": 3},
    "buttons": {"answer": "move", "mouse": False},
}


@dataclass(frozen=True)
class Trial:
    """One item."""

    trial: int
    block: int
    practice: bool
    instrument: str
    item: int
    reversed: bool
    line: int


def form_of(material: Material) -> Form:
    """The instrument in the run's language."""
    params: Params = material.params
    return form(params.instrument, material.text.language, params.wording)


def design(session: Session, material: Material) -> Sequence[Trial]:
    """The items in their order."""
    params: Params = material.params
    shown = form_of(material)
    numbers = list(range(1, len(shown.items) + 1))
    usual = params.order == "usual" and shown.name in SHUFFLED
    if usual or params.order == "shuffled":
        numbers = shuffled(session.rng("order"), numbers)
    return [
        Trial(
            trial=place + 1,
            block=1,
            practice=False,
            instrument=shown.name,
            item=number,
            reversed=number in shown.reversed,
            line=place % params.lines + 1,
        )
        for place, number in enumerate(numbers)
    ]


def keys(params: Params) -> tuple[str, ...]:
    """The keys of the answers; then back and skip where they are."""
    if params.answer == "move":
        answers: tuple[str, ...] = ("left", "right", "space")
    else:
        answers = tuple(str(number) for number in _range_of(params))
    back = ("backspace",) if params.back else ()
    skip = ("s",) if params.skip and params.answer == "figures" else ()
    return (*answers, *back, *skip)


def _range_of(params: Params) -> range:
    answers = answers_of(params.instrument)
    if answers[0] < 0 or answers[-1] >= FIGURES:
        raise SettingError(
            f"answer is 'figures', but the answers of {params.instrument!r} go from {answers[0]} "
            f"to {answers[-1]}; take answer=move."
        )
    return answers
