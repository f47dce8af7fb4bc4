"""The originals: which folder is whose, which files are pictures, where the eyes are; only read.

A picture is spoken of as "own, picture 3": the third of its person's in the order of the file
names. Neither these names nor those of the folders are ever said.
"""

from __future__ import annotations

import csv
import io
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mbtexp.errors import SettingError, StimulusError
from mbtexp.photos.eyes import Eyes, read_clicked, read_template
from mbtexp.photos.manifest import CONDITIONS, SHORT
from mbtexp.photos.pixels import Photograph

PICTURES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".webp")
UNREAD = (".heic", ".heif", ".avif", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".gif", ".pdf")
"""Pictures that cannot be read here: telephones' own format, and raw ones."""

CODES = ("happy", "neutral", "sad", "other")
RATED = ("file", "rater1", "rater2")


@dataclass(frozen=True)
class Original:
    """A photograph as it was given, and how it is spoken of."""

    path: Path
    key: str
    """Its path below the folder, for the table of clicked eyes; never told."""
    person: str
    condition: str
    number: int

    @property
    def spoken(self) -> str:
        """How the operator finds it, without a name."""
        return f"{self.condition} ({self.person}), picture {self.number}"


@dataclass(frozen=True)
class Given:
    """What a folder holds."""

    folder: Path
    originals: tuple[Original, ...]
    notes: tuple[str, ...] = ()


def find_originals(folder: Path, assigned: Mapping[str, str]) -> Given:
    """The photographs of a folder with one folder a person.

    Parameters
    ----------
    folder
        Where they are.
    assigned
        The condition of each folder by its name; a folder that is called like a condition (own,
        acq, friend, unf) needs none.
    """
    people = _people(folder, assigned)
    originals, notes = [], []
    for place, (condition, place_of) in enumerate(people, start=1):
        files = _files(place_of)
        unread = sum(f.suffix.lower() in UNREAD for f in files)
        if unread:
            notes.append(
                f"{condition} (P{place}): {unread} pictures are in a format that cannot be read "
                "(HEIC, raw ...) and were left out; export them as JPEG."
            )
        pictures = [f for f in files if f.suffix.lower() in PICTURES]
        originals += [
            Original(f, f.relative_to(folder).as_posix(), f"P{place}", condition, number)
            for number, f in enumerate(pictures, start=1)
        ]
        if not pictures:
            raise StimulusError(
                f"{condition} (P{place}) has no picture that can be read; give JPEG or PNG files."
            )
    return Given(folder, tuple(originals), tuple(notes))


def _people(folder: Path, assigned: Mapping[str, str]) -> list[tuple[str, Path]]:
    """Conditions with their folders, in the order of the conditions."""
    if not folder.is_dir():
        raise SettingError(
            "The folder with the photographs is not there; give one with a folder for each person."
        )
    try:
        found = sorted(f for f in folder.iterdir() if f.is_dir() and not f.name.startswith("."))
    except OSError as error:
        raise SettingError(
            f"The folder with the photographs cannot be read ({error.strerror})."
        ) from None
    missing = [name for name in assigned if folder / name not in found]
    if missing:
        raise SettingError(
            f"{len(missing)} of the folders that were assigned a condition are not there; check "
            "their names."
        )
    people = [(assigned.get(f.name) or condition_of(f.name), f) for f in found]
    unknown = [f for condition, f in people if condition is None]
    if unknown:
        raise SettingError(
            f"{len(unknown)} of the {len(found)} folders have no condition. Call them own, acq, "
            "friend and unf, or say which is which with --own, --acq, --friend and --unf."
        )
    if not people:
        raise SettingError("The folder holds no folder of a person; make one for each.")
    known = [(condition, f) for condition, f in people if condition is not None]
    return sorted(known, key=lambda one: (CONDITIONS.index(one[0]), one[1]))


def condition_of(word: str) -> str | None:
    """The condition that a word names, in full or short; None if it names none.

    >>> condition_of("Acq"), condition_of("grandma")
    ('acquainted', None)
    """
    small = word.casefold()
    known = SHORT.get(small, small)
    return known if known in CONDITIONS else None


def _files(folder: Path) -> list[Path]:
    every = (f for f in folder.rglob("*") if f.is_file() and not f.name.startswith("."))
    return sorted(f for f in every if f.suffix.lower() in (*PICTURES, *UNREAD))


def read_assignment(path: Path) -> dict[str, str]:
    """Conditions by folder, of a small TOML file (``own = "A"``); it is read and not kept."""
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingError(f"The assignment cannot be read ({error.strerror}).") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise SettingError(
            'The assignment is not valid TOML; write lines like own = "FOLDER".'
        ) from None
    assigned: dict[str, str] = {}
    for word, names in given.items():
        condition = condition_of(word)
        if condition is None:
            raise SettingError(
                "The assignment names a condition that is not known; it can be own, acq, friend "
                "or unf."
            )
        for name in names if isinstance(names, list) else [names]:
            assign(assigned, condition, str(name))
    return assigned


def assign(assigned: dict[str, str], condition: str, name: str) -> None:
    """Note a folder's condition; refuses a folder that has another already."""
    if assigned.get(name, condition) != condition:
        raise SettingError("A folder was assigned two conditions; give it one.")
    assigned[name] = condition


def read_expressions(path: Path | None, given: Given) -> dict[str, tuple[str, ...]]:
    """The raters' codes of each picture, by its path below the folder; read and not kept.

    The table (CSV) has ``file``, ``rater1`` and ``rater2``: happy, neutral, sad or other.
    """
    if path is None:
        return {}
    try:
        rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    except (OSError, UnicodeDecodeError, csv.Error):
        raise SettingError("The table of expressions cannot be read; save it as CSV.") from None
    if not rows or not set(RATED[:2]) <= set(rows[0]):
        raise SettingError("The table of expressions needs the columns file, rater1 and rater2.")
    keys = {original.key for original in given.originals}
    codes: dict[str, tuple[str, ...]] = {}
    for number, row in enumerate(rows, start=2):
        said = tuple(str(row.get(name) or "").strip().lower() for name in RATED[1:])
        said = tuple(code for code in said if code)
        if row["file"] not in keys or any(code not in CODES for code in said):
            raise SettingError(
                f"The table of expressions, line {number}: the file is no picture of the folder "
                "(write own/picture.jpg), or a code is not happy, neutral, sad or other."
            )
        codes[row["file"]] = said
    return codes


def agreed(codes: Sequence[str]) -> str | None:
    """The expression on which the raters agree; None where they do not or it is another.

    >>> agreed(["happy", "happy"]), agreed(["happy", "sad"]), agreed(["other"])
    ('happy', None, None)
    """
    return codes[0] if codes and set(codes) == {codes[0]} and codes[0] != "other" else None


def kappa(pairs: Iterable[Sequence[str]]) -> float | None:
    """Agreement of two raters beyond chance (Cohen 1960); None with fewer than two codes.

    >>> kappa([["happy", "happy"], ["sad", "sad"]])
    1.0
    """
    both = [tuple(pair) for pair in pairs if len(pair) == 2]
    if not both:
        return None
    n = len(both)
    agree = sum(one == other for one, other in both) / n
    shares = [sum(pair[k] == code for pair in both) / n for code in CODES for k in (0, 1)]
    chance = sum(shares[at] * shares[at + 1] for at in range(0, len(shares), 2))
    return None if chance == 1 else (agree - chance) / (1 - chance)


class EyesOf:
    """Where the eyes of a picture are: clicked ones before those of a template."""

    def __init__(self, given: Given) -> None:
        self._clicked = read_clicked(given.folder)

    def __call__(self, original: Original, photograph: Photograph) -> Eyes | None:
        """The eyes of a picture; None if nobody told yet."""
        if original.key in self._clicked:
            return self._clicked[original.key]
        template = original.path.with_suffix(".tem")
        if not template.is_file():
            return None
        return read_template(template, photograph.orientation, photograph.stored)
