"""A row of the design, and the pictures that a row may show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from mbtexp.errors import SettingError, StimulusError
from mbtexp.stimuli import Item, StimulusSet
from mbtexp.task import Material
from tasks.attachment.params import CONDITIONS, Params

Kind = Literal["picture", "count", "mood", "person", "image", "prime", "awareness"]


@dataclass(frozen=True)
class Trial:
    """One picture, one stretch of counting, one rating or one masked word."""

    trial: int
    block: int
    practice: bool
    kind: Kind
    condition: str | None
    cell: str | None = None
    expression: str | None = None
    stim_id: str | None = None
    person: str | None = None
    shown: int | None = None
    scale: str | None = None
    order: int | None = None
    duration_s: float | None = None
    gap_s: float | None = None
    dot: bool | None = None
    dot_at_s: float | None = None
    dot_x: float | None = None
    dot_y: float | None = None
    number: int | None = None
    prime: str | None = None
    left: str | None = None
    onset_s: float | None = None


def row_of(kind: Kind, condition: str | None = None, **facts: Any) -> Trial:
    """A row that is not numbered yet."""
    return Trial(trial=0, block=0, practice=False, kind=kind, condition=condition, **facts)


def set_of(material: Material) -> StimulusSet:
    """The stimulus set; refuses a task without one."""
    if material.stimuli is None:
        raise SettingError("the attachment task needs a stimulus set; name one: --set stimuli=NAME")
    return material.stimuli


def pictures_of(material: Material, condition: str, expression: str | None = None) -> list[Item]:
    """The set's pictures of a condition, for practice left out; refuses a set that has none."""
    params: Params = material.params
    found = [
        item
        for item in set_of(material).items
        if item.attributes.get("condition") == condition
        and item.attributes.get("group", params.group) == params.group
        and expression in (None, item.attributes.get("expression"))
        and not item.practice
        and item.id not in material.excluded
    ]
    _refuse_too_few_photographs(material, condition, found)
    if not found:
        what = f"{condition}, {expression}" if expression else condition
        raise StimulusError(
            f"stimulus set '{set_of(material).name}' has no picture of '{what}' in the group "
            f"'{params.group}'; choose other conditions or another set."
        )
    return found


def _refuse_too_few_photographs(material: Material, condition: str, found: list[Item]) -> None:
    """Somebody's own photographs: some of each condition may be shown, and never one alone."""
    stimuli = set_of(material)
    if stimuli.kind != "own" or len(found) > 1 or condition not in CONDITIONS[:4]:
        return
    why = [sentence for sentence in stimuli.warnings if sentence.startswith(condition)]
    raise StimulusError(
        f"{stimuli.name} has {'one photograph' if found else 'no photograph'} of '{condition}' "
        "that may be shown, and the run needs two or more. "
        + " ".join(why or ["Prepare some (mbtexp photos prepare), or choose other conditions."])
    )
