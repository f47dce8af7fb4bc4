"""The rows of a polysemy run, and the items of a word set that they are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from mbtexp.errors import SettingError, StimulusError
from mbtexp.stimuli import Item, StimulusSet
from mbtexp.task import Material
from tasks.polysemy.params import Params

Part = Literal["decision", "awareness", "association", "meaning", "rating"]


@dataclass(frozen=True)
class Trial:
    """One row: a prime and what is asked after it."""

    trial: int
    block: int
    practice: bool
    part: Part
    stim_id: str
    prime: str
    target: str | None
    condition: str
    sense: str | None
    """Sense that a word target goes with: attachment, other, control."""
    related: bool | None
    is_word: bool | None
    soa_s: float | None
    list: int
    word_side: str | None
    left: str | None
    right: str | None
    """What is offered on the two sides (awareness, meaning)."""
    mask: str | None
    target_len: int | None
    target_zipf: float | None
    attachment_share: float | None
    """Share of free associations to the prime that belong to its attachment sense (norms)."""
    iti_s: float | None


@dataclass(frozen=True)
class Cell:
    """Where a participant's number stands in the counterbalancing."""

    list: int
    """From 1: which target follows which prime, and which primes come at which SOA."""
    order: tuple[float, ...]
    """The SOAs in the order of their blocks, s."""
    word_side: Literal["left", "right"] | None
    """The key that says word; None where nothing is decided."""

    @property
    def version(self) -> int:
        """0 or 1: whether a prime gets the first or the second target of each sense."""
        return (self.list - 1) % 2

    @property
    def rotation(self) -> int:
        """How far the sets of primes are moved along the SOAs."""
        return (self.list - 1) // 2


def set_of(material: Material) -> StimulusSet:
    """The word set; refuses a task without one."""
    if material.stimuli is None:
        raise SettingError("the polysemy task needs a word set; name one with --set stimuli=NAME.")
    return material.stimuli


def rows_of(stimuli: StimulusSet, kind: str) -> list[Item]:
    """The items of one kind: prime, filler, pseudoword, practice, practice_nonword."""
    return [item for item in stimuli.items if item.attributes.get("kind") == kind]


def primes_of(stimuli: StimulusSet, params: Params) -> list[Item]:
    """The ambiguous primes that may be used, tier A first."""
    known = rows_of(stimuli, "prime")
    if not known:
        raise StimulusError(f"stimulus set '{stimuli.name}' holds no primes; name a word set.")
    if params.primes:
        ids = {item.id: item for item in known}
        return [stimuli.item(name) if name not in ids else ids[name] for name in params.primes]
    allowed = [item for item in known if _allowed(item, params)]
    return sorted(allowed, key=lambda item: (str(item.attributes.get("tier")), item.id))


def _allowed(item: Item, params: Params) -> bool:
    flag = str(item.attributes.get("flags", ""))
    dialects = {"none": (), "en-GB": ("UK",), "en-US": ("US",), "all": ("UK", "US")}
    allowed = ("", *dialects[params.dialect], *(("sensitive",) if params.sensitive else ()))
    return flag in allowed


def row_of(cell: Cell, **known: Any) -> Trial:
    """A row with what is known of it, by default a decision; number, block, pause come later."""
    empty: dict[str, Any] = {
        "trial": 0,
        "block": 0,
        "practice": False,
        "part": "decision",
        "sense": None,
        "related": None,
        "is_word": True,
        "soa_s": None,
        "list": cell.list,
        "word_side": cell.word_side,
        "left": None,
        "right": None,
        "mask": None,
        "target_len": None,
        "target_zipf": None,
        "attachment_share": None,
        "iti_s": None,
    }
    return Trial(**{**empty, **known})


def target_of(item: Item, column: str) -> dict[str, Any]:
    """A target with its length and frequency, as a row has them."""
    row = item.attributes
    return {
        "target": str(row[column]),
        "target_len": int(row[f"{column}_len"]),
        "target_zipf": float(row[f"{column}_zipf"]),
    }


def share_of(item: Item) -> float | None:
    """Share of the attachment sense among free associations, where the list has it."""
    share = item.attributes.get("usf_attach_share")
    return None if share is None else float(share)
