"""Instruments as forms to be shown: what each item says, and what can be answered.

The files beside this one hold items, answers and key of each instrument; a folder for each language
holds its wording, and in English only what the first file lacks. The scores are the analysis's.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mbtexp.errors import SettingError, did_you_mean

FOLDER = Path(__file__).parent

ENGLISH = "en"

WORDING_KEYS = ("source", "stem", "anchors", "items")


@dataclass(frozen=True)
class Alert:
    """An answer that somebody must act upon at once."""

    item: int
    above: float
    text: str


@dataclass(frozen=True)
class Form:
    """An instrument in one language."""

    name: str
    title: str
    stem: str
    """What stands above all items; may be empty."""
    items: tuple[str, ...]
    minimum: int
    maximum: int
    anchors: tuple[str, ...]
    """What each answer says from the minimum up, or both ends only; may be empty."""
    reversed: frozenset[int]
    """Numbers of the items, from 1, that a scale turns round."""
    alert: Alert | None

    @property
    def answers(self) -> range:
        """The answers as numbers."""
        return range(self.minimum, self.maximum + 1)

    def label(self, answer: int) -> str:
        """What an answer says; empty where only the ends have words."""
        place = answer - self.minimum
        if len(self.anchors) == len(self.answers):
            return self.anchors[place]
        ends = {0: 0, len(self.answers) - 1: -1}
        return self.anchors[ends[place]] if self.anchors and place in ends else ""


def names() -> list[str]:
    """The instruments that are known."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def answers_of(instrument: str) -> range:
    """The answers of an instrument as numbers, whether or not there is any wording."""
    content = _read(_path(instrument))
    try:
        return range(int(content["minimum"]), int(content["maximum"]) + 1)
    except (KeyError, TypeError, ValueError):
        raise SettingError(f"{instrument}: minimum and maximum must be whole numbers.") from None


def form(instrument: str, language: str, wording: str = "") -> Form:
    """An instrument with its wording in a language.

    Parameters
    ----------
    instrument
        Its name, or the path of a lab's own file (docs/questionnaires.md).
    language
        Of the wording.
    wording
        Path of a file with the wording, for an instrument that comes without it; empty: ours.

    Raises
    ------
    SettingError
        There is no such instrument, or nobody has given its wording.
    """
    own = instrument.endswith(".toml")
    path = _path(instrument)
    content = _read(path)
    words = _wording(content, path, language, wording, own=own)
    try:
        return _form(content, words)
    except (KeyError, TypeError, ValueError) as error:
        what = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)
        raise SettingError(f"{wording or path}: {what}. See docs/tasks/questionnaire.md.") from None


def _path(instrument: str) -> Path:
    if instrument.endswith(".toml"):
        return Path(instrument)
    if instrument not in names():
        raise SettingError(
            f"instrument: {instrument!r} is not known; {did_you_mean(instrument, names())} A lab's "
            "own is given as the path of its file."
        )
    return FOLDER / f"{instrument}.toml"


def _wording(
    content: Mapping[str, Any], path: Path, language: str, wording: str, *, own: bool
) -> Mapping[str, Any]:
    """The words over those of the instrument's own file."""
    if wording:
        return _checked(_read(Path(wording)), wording)
    ours = FOLDER / language / path.name
    has_items = bool(content.get("items"))
    if not own and ours.is_file():
        return _checked(_read(ours), str(ours))
    if has_items and (own or language == ENGLISH):
        return {}
    name = content.get("name", path.stem)
    why = (
        f"'{name}' has no wording in {language!r}"
        if has_items
        else f"'{name}' comes without its wording ({content.get('licence', 'not ours to give')})"
    )
    raise SettingError(
        f"instrument: {why.rstrip('.')}. Put the items of your form into a file, as "
        "docs/tasks/questionnaire.md shows, and name it: --set wording=FILE."
    )


def _checked(words: Mapping[str, Any], where: str) -> Mapping[str, Any]:
    for key in words:
        if key not in WORDING_KEYS:
            raise SettingError(f"{where}: {key!r} is no key; {did_you_mean(key, WORDING_KEYS)}")
    return words


def _form(content: Mapping[str, Any], words: Mapping[str, Any]) -> Form:
    """The form; a ``ValueError`` says what does not fit."""
    both = {**content, **words}
    low, high = int(both["minimum"]), int(both["maximum"])
    items, anchors = tuple(map(str, both["items"])), tuple(map(str, both.get("anchors", ())))
    n = int(content["n_items"]) if not content.get("items") else len(content["items"])
    if len(items) != n:
        raise ValueError(f"the wording has {len(items)} items, but the instrument has {n}")
    if not all(item.strip() for item in items):
        raise ValueError("an item has no words")
    if low >= high or len(anchors) not in (0, 2, high - low + 1):
        raise ValueError(f"anchors must be {high - low + 1}, from {low} to {high}, or both ends")
    alert = content.get("alert")
    return Form(
        name=str(content["name"]),
        title=str(content["title"]),
        stem=str(both.get("stem", "")),
        items=items,
        minimum=low,
        maximum=high,
        anchors=anchors,
        reversed=frozenset(k for s in content.get("scales", ()) for k in s.get("reverse", ())),
        alert=None if alert is None else Alert(**alert),
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        raise SettingError(f"{path}: {os.strerror(error.errno or 0)}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingError(f"{path}: this is not TOML ({error}). Mend the file.") from None
