"""What a set of photographs says of itself: tokens, conditions, measures, consent; never a name."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, Literal

from mbtexp.errors import DataError, SettingError
from mbtexp.photos.seal import Lock

FORMAT = 1
CONDITIONS = ("own", "acquainted", "friend", "unfamiliar")
"""Whose photographs there can be, as the attachment task names them."""

SHORT = {"acq": "acquainted", "unf": "unfamiliar"}
SCRAMBLED = "scrambled"
PRACTICE = "practice"

SIGNED_BY = ("self", "parent", "licence")
"""Who permits: the pictured person, a parent for a child, or the licence of a published set."""

LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
"""A token's letters: none that is easily taken for another."""

SET_LENGTH = 10
PICTURE_LENGTH = 8
LONGEST_LABEL = 20

DecidedBy = Literal["participant", "simulated"]


@dataclass(frozen=True)
class Consent:
    """Whether the pictured person permits the use of their pictures."""

    given: bool
    on: str
    """Day of the signature, or of its withdrawal (ISO)."""
    signed_by: str


@dataclass(frozen=True)
class Decision:
    """What the participant said of one picture, having seen it."""

    approved: bool
    utc: str
    by: DecidedBy


@dataclass(frozen=True)
class Person:
    """A pictured person, known by a label and the relation to the participant."""

    label: str
    condition: str
    consent: Consent | None = None


@dataclass(frozen=True)
class Photo:
    """One finished picture and how it was made."""

    token: str
    person: str
    condition: str
    sha256: str
    expression: str | None = None
    raters: tuple[str, ...] = ()
    face_px: int = 0
    box_px: tuple[int, ...] = ()
    lstar_before: float = 0.0
    rms_before: float = 0.0
    lstar: float = 0.0
    rms: float = 0.0
    ssim: float = 1.0
    clipped: float = 0.0
    decision: Decision | None = None

    @property
    def shows_somebody(self) -> bool:
        """Whether it is a photograph and not a pattern made of one."""
        return self.condition in CONDITIONS


@dataclass(frozen=True)
class PhotoSet:
    """A participant's photographs."""

    token: str
    participant: str
    prepared: str
    retain_until: str
    crop: str
    grey: bool
    size_px: tuple[int, int]
    software: str
    lock: Lock | None
    people: tuple[Person, ...]
    photos: tuple[Photo, ...]

    @property
    def name(self) -> str:
        """How a task asks for it."""
        return f"photos:{self.token}"

    def person(self, label: str) -> Person:
        """The person of a label; refuses one that is not in the set."""
        for person in self.people:
            if person.label == label:
                return person
        labels = ", ".join(person.label for person in self.people)
        raise SettingError(f"--person: there is no such person in this set; it has {labels}.")

    def expired(self, today: date | None = None) -> bool:
        """Whether the day up to which the pictures may be kept is over."""
        return (today or datetime.now(tz=UTC).date()).isoformat() > self.retain_until

    def why_not(self, photo: Photo, *, simulated: bool = False) -> str | None:
        """Why a picture may not be shown, in a clause; None if it may.

        A decision that a simulated participant took counts in simulations alone.
        """
        if not photo.shows_somebody:
            return None
        consent = self.person(photo.person).consent
        if consent is None:
            return "no permission of the pictured person is noted"
        if not consent.given:
            return "the pictured person does not permit it"
        decided = photo.decision
        if decided is None or (decided.by == "simulated" and not simulated):
            return "the participant has not seen it yet"
        return None if decided.approved else "the participant does not want it"

    def with_consent(self, label: str, consent: Consent) -> PhotoSet:
        """The set with a person's permission noted."""
        self.person(label)
        people = tuple(
            replace(person, consent=consent) if person.label == label else person
            for person in self.people
        )
        return replace(self, people=people)

    def with_decisions(self, decisions: Mapping[str, Decision]) -> PhotoSet:
        """The set with what the participant said of some pictures, by token."""
        return replace(
            self,
            photos=tuple(
                replace(photo, decision=decisions.get(photo.token, photo.decision))
                for photo in self.photos
            ),
        )

    def without(self, label: str) -> PhotoSet:
        """The set without a person and whatever was made of their pictures."""
        self.person(label)
        return replace(
            self,
            people=tuple(person for person in self.people if person.label != label),
            photos=tuple(photo for photo in self.photos if photo.person != label),
        )


# -- words ----------------------------------------------------------------------------------------


def new_token(length: int) -> str:
    """A name that says nothing; the first character is a letter."""
    first = secrets.choice(LETTERS[:24])
    return first + "".join(secrets.choice(LETTERS) for _ in range(length - 1))


def is_token(text: str, length: int = SET_LENGTH) -> bool:
    """Whether a text is a token of ours and no path, name or trick.

    >>> is_token("../../x.yz"), is_token("abcdefghjk")
    (False, True)
    """
    return len(text) == length and all(letter in LETTERS for letter in text)


def label(text: str) -> str:
    """A participant's label; refuses what is no code. The text itself is not repeated."""
    if not (text.isascii() and text.isalnum() and len(text) <= LONGEST_LABEL):
        raise SettingError(
            f"--participant: use 1 to {LONGEST_LABEL} letters and digits (a code, never a name)."
        )
    return text


def day(text: str, option: str) -> str:
    """A day as 2026-01-31; refuses anything else."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise SettingError(f"{option}: write the day as 2026-01-31.") from None


def checksum(content: bytes) -> str:
    """SHA-256 of a finished picture."""
    return hashlib.sha256(content).hexdigest()


# -- the file -------------------------------------------------------------------------------------


def encoded(photo_set: PhotoSet) -> bytes:
    """The set as its manifest has it."""
    facts = {"format": FORMAT, **asdict(photo_set)}
    return (json.dumps(facts, ensure_ascii=True, indent=1) + "\n").encode()


def decoded(content: bytes) -> PhotoSet:
    """The set that a manifest describes; refuses one that is damaged or newer."""
    try:
        facts = json.loads(content)
        if facts.pop("format") != FORMAT:
            raise DataError(
                "These photographs were prepared by another version of mbtexp; install that one."
            )
        return _photo_set(facts)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise DataError(
            "The description of a set of photographs is damaged; prepare the set again from the "
            "originals, and purge this one."
        ) from None


def _photo_set(facts: dict[str, Any]) -> PhotoSet:
    lock, people, photos = facts.pop("lock"), facts.pop("people"), facts.pop("photos")
    return PhotoSet(
        **{**facts, "size_px": tuple(facts["size_px"])},
        lock=None if lock is None else Lock(**lock),
        people=tuple(_person(row) for row in people),
        photos=tuple(_photo(row) for row in photos),
    )


def _person(row: dict[str, Any]) -> Person:
    consent = row.pop("consent")
    return Person(**row, consent=None if consent is None else Consent(**consent))


def _photo(row: dict[str, Any]) -> Photo:
    decision = row.pop("decision")
    return Photo(
        **{**row, "raters": tuple(row["raters"]), "box_px": tuple(row["box_px"])},
        decision=None if decision is None else Decision(**decision),
    )
