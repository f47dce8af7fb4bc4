"""The stories of a set in one language: their parts, their eight versions, what they are about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from mbtexp.errors import SettingError, StimulusError
from mbtexp.stimuli import Item, StimulusSet
from mbtexp.task import Material

Cell = Literal["neutral", "accidental", "attempted", "intended"]
Relation = Literal["close", "stranger"]

HARM_MEANT: Mapping[Cell, bool] = {
    "neutral": False,
    "accidental": False,
    "attempted": True,
    "intended": True,
}
"""Whether the person of the story foresees the harm."""

HARM_DONE: Mapping[Cell, bool] = {
    "neutral": False,
    "accidental": True,
    "attempted": False,
    "intended": True,
}
"""Whether it happens."""


@dataclass(frozen=True)
class Story:
    """One story with the parts of its versions."""

    id: str
    item_id: str
    topics: tuple[str, ...]
    practice: bool
    parts: Mapping[str, str]

    @property
    def about(self) -> str:
        """What the statement is about: the belief, or the outcome."""
        return self.parts["check_kind"]

    def text(self, cell: Cell, relation: Relation) -> str:
        """A version: who, what that person believed and did, how it ended."""
        setting = self.parts["setting"].format(agent=self.parts[f"agent_{relation}"])
        belief = self.parts["belief_harm" if HARM_MEANT[cell] else "belief_neutral"]
        outcome = self.parts["outcome_harm" if HARM_DONE[cell] else "outcome_neutral"]
        return f"{setting} {belief} {outcome}"

    def who(self, relation: Relation) -> str:
        """The person who is judged, as the question calls them."""
        return self.parts[f"who_{relation}"]

    def statement(self) -> str:
        """A statement that is true of the versions with harm (in belief, or in outcome)."""
        return self.parts["check"]

    def statement_true(self, cell: Cell) -> bool:
        """Whether the statement is true of a version."""
        return (HARM_MEANT if self.about == "belief" else HARM_DONE)[cell]


def set_of(material: Material) -> StimulusSet:
    """The set of stories; refuses a task without one."""
    if material.stimuli is None:
        raise SettingError("the moral task needs stories; name a set with --set stimuli=NAME.")
    return material.stimuli


def stories(material: Material) -> list[Story]:
    """The stories in the session's language, practice and all, but none that is excluded."""
    found = [_story(item) for item in _rows(material)]
    return [story for story in found if not _names(story) & material.excluded]


def story(material: Material, stim_id: str) -> Story:
    """The story of that id."""
    return next(_story(row) for row in _rows(material) if row.attributes["scenario"] == stim_id)


def _rows(material: Material) -> list[Item]:
    """The rows of the set in the language of the stories."""
    stimuli = set_of(material)
    language = material.params.story_language or material.text.language
    rows = [item for item in stimuli.items if item.attributes.get("language") == language]
    if not rows:
        known = sorted({str(item.attributes.get("language")) for item in stimuli.items})
        raise StimulusError(
            f"stimulus set '{stimuli.name}' has no stories in {language!r}; it has "
            f"{', '.join(known)}: name one with --set story_language=..., or add rows of yours."
        )
    return rows


def _names(story: Story) -> set[str]:
    """By what a story can be excluded: its id, or one of its topics."""
    return {name.casefold() for name in (story.id, story.item_id, *story.topics)}


def _story(item: Item) -> Story:
    row = item.attributes
    parts = {name: str(cell) for name, cell in row.items() if name not in ("practice", "topics")}
    return Story(
        id=str(row["scenario"]),
        item_id=item.id,
        topics=tuple(str(row.get("topics", "")).split("|")),
        practice=item.practice,
        parts=parts,
    )
