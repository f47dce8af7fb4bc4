"""Questionnaires as data files: items, key and scoring of each, and the scores of answers.

Wording is in a file only where it may be given away. A lab adds an instrument of its own, or its
own column names for one of ours, as a file in ``code/instruments`` of the study.
"""

from __future__ import annotations

import importlib.resources
import math
import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mbtexp.errors import DataError, SettingError, did_you_mean

Floats = NDArray[np.float64]

FOLDER = Path(str(importlib.resources.files("mbtexp"))) / "instruments"
"""The files are the program's, which shows the same instruments on the screen."""
OWN_FOLDER = Path("code") / "instruments"
"""Where a lab's own instruments lie under the study."""

RULES = ("mean", "sum")


@dataclass(frozen=True)
class Scale:
    """One score of an instrument."""

    name: str
    description: str
    items: tuple[int, ...]
    """Numbers of its items, from 1."""
    reverse: frozenset[int]
    """Those of them that are turned round (minimum + maximum - answer), before any recoding."""
    recode: tuple[float, ...]
    """What stands for each answer from the minimum up; empty: the answer itself."""
    rule: str
    """``mean`` or ``sum`` of the items."""
    missing: float
    """Largest share of items without an answer with which there still is a score; a sum is then
    the mean of the answered items times their number."""

    @property
    def method(self) -> str:
        """The rule in words."""
        allowed = math.floor(self.missing * len(self.items) + 1e-9)
        return f"{self.rule} of {len(self.items)} items; up to {allowed} may be missing" + (
            ", then mean of the answered times their number"
            if self.rule == "sum" and allowed
            else ""
        )


@dataclass(frozen=True)
class Alert:
    """An answer that somebody must act upon."""

    item: int
    above: float
    text: str


@dataclass(frozen=True)
class Instrument:
    """A questionnaire."""

    name: str
    title: str
    citation: str
    licence: str
    items: tuple[str, ...]
    """Wording of each item; empty where it may not be shipped."""
    minimum: int
    maximum: int
    anchors: tuple[str, ...]
    """What each answer says, from the minimum up; may be empty."""
    scales: tuple[Scale, ...]
    aliases: tuple[str, ...]
    """Beginnings of column names: ``ecrr`` finds ``ecrr_1``, ``ECRR01`` and ``ecr-r 1``."""
    columns: tuple[str, ...]
    """A lab's own column names, one an item; empty: found by the aliases."""
    note: str
    alert: Alert | None

    def column(self, item: int) -> str:
        """Name of an item's column in our tables."""
        digits = len(str(len(self.items)))
        return f"{self.name}_{item:0{digits}d}"

    def recoded(self, scale: Scale, answers: Floats) -> Floats:
        """A scale's items as they enter its score, shape (people, items of the scale)."""
        columns = []
        for item in scale.items:
            given = answers[:, item - 1]
            turned = self.minimum + self.maximum - given if item in scale.reverse else given
            columns.append(
                _looked_up(turned - self.minimum, scale.recode) if scale.recode else turned
            )
        return np.column_stack(columns)


def _looked_up(places: Floats, values: Sequence[float]) -> Floats:
    known = np.isfinite(places)
    table = np.array(values, dtype=float)
    result: Floats = np.where(known, table[np.where(known, places, 0).astype(int)], np.nan)
    return result


def scores(instrument: Instrument, answers: Floats) -> dict[str, Floats]:
    """Each scale's score, one a person; NaN where more items are missing than its rule allows.

    Parameters
    ----------
    answers
        Shape (people, items), as they were given: nothing turned round. NaN is no answer.

    Raises
    ------
    ValueError
        The number of items is another, or an answer is no whole number within the range.
    """
    given = np.asarray(answers, dtype=float)
    if given.ndim != 2 or given.shape[1] != len(instrument.items):
        raise ValueError(f"{instrument.name} has {len(instrument.items)} items.")
    known = given[np.isfinite(given)]
    if ((known < instrument.minimum) | (known > instrument.maximum) | (known % 1 != 0)).any():
        raise ValueError(f"an answer is not {instrument.minimum} to {instrument.maximum}.")
    return {
        scale.name: _score(scale, instrument.recoded(scale, given)) for scale in instrument.scales
    }


def _score(scale: Scale, items: Floats) -> Floats:
    answered = np.isfinite(items)
    n = answered.sum(axis=1)
    enough = (n > 0) & (len(scale.items) - n <= scale.missing * len(scale.items) + 1e-9)
    mean = np.where(answered, items, 0.0).sum(axis=1) / np.maximum(n, 1)
    value = mean * len(scale.items) if scale.rule == "sum" else mean
    result: Floats = np.where(enough, value, np.nan)
    return result


# -- files -----------------------------------------------------------------------------------------


def instruments(study: Path | None = None) -> dict[str, Instrument]:
    """All instruments by name; a study's own file takes the place of ours of the same name."""
    found = [read_instrument(path) for path in instrument_files(study)]
    return {one.name: one for one in sorted(found, key=lambda one: one.name)}


def instrument_files(study: Path | None = None) -> list[Path]:
    """The files of all instruments, ours and a study's own."""
    own = [] if study is None else sorted((study / OWN_FOLDER).glob("*.toml"))
    return [*sorted(FOLDER.glob("*.toml")), *own]


def find_instrument(name: str, study: Path | None = None) -> Instrument:
    """The instrument of a name.

    Raises
    ------
    SettingError
        There is none.
    """
    known = instruments(study)
    if name not in known:
        raise SettingError(
            f"There is no instrument {name!r}; {did_you_mean(name, known)} A lab's own is a file "
            f"in {OWN_FOLDER.as_posix()} of the study."
        )
    return known[name]


def read_instrument(path: Path) -> Instrument:
    """An instrument from its file.

    Raises
    ------
    DataError
        The file is no TOML, or says something impossible.
    """
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise DataError(f"{path}: {os.strerror(error.errno or 0)}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: this is not TOML ({error}). Mend the file.") from None
    try:
        return _instrument(content)
    except (KeyError, TypeError, ValueError) as error:
        what = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)
        raise DataError(f"{path}: {what}. See docs/questionnaires.md for the form.") from None


_KEYS = frozenset(
    {
        "name",
        "title",
        "citation",
        "licence",
        "text",
        "aliases",
        "columns",
        "minimum",
        "maximum",
        "anchors",
        "items",
        "n_items",
        "note",
        "alert",
        "scales",
    }
)
_SCALE_KEYS = frozenset(["name", "description", "items", "reverse", "recode", "rule", "missing"])


def _instrument(content: Mapping[str, Any]) -> Instrument:
    _known_keys(content, _KEYS)
    name = str(content["name"])
    if not name.replace("_", "").isalnum() or name != name.lower() or not name.isascii():
        raise ValueError(f"name {name!r} may have small letters, digits and _ only")
    items = tuple(content.get("items") or [""] * int(content["n_items"]))
    low, high = int(content["minimum"]), int(content["maximum"])
    anchors = tuple(content.get("anchors", ()))
    if low >= high or (anchors and len(anchors) != high - low + 1):
        raise ValueError(f"anchors must be {high - low + 1}, from {low} to {high}")
    columns = tuple(content.get("columns", ()))
    if columns and len(columns) != len(items):
        raise ValueError(f"columns must be {len(items)}, one an item")
    if any(items) and content.get("text") is not True:
        raise ValueError("items have wording, but text is not true: may it be given away?")
    alert = content.get("alert")
    instrument = Instrument(
        name=name,
        title=str(content["title"]),
        citation=str(content["citation"]),
        licence=str(content["licence"]),
        items=items,
        minimum=low,
        maximum=high,
        anchors=anchors,
        scales=(),
        aliases=tuple(content.get("aliases", (name,))),
        columns=columns,
        note=str(content.get("note", "")),
        alert=None if alert is None else Alert(**alert),
    )
    return replace(instrument, scales=tuple(_scale(s, instrument) for s in content["scales"]))


def _known_keys(content: Mapping[str, Any], known: frozenset[str]) -> None:
    for key in content:
        if key not in known:
            raise ValueError(f"{key!r} is no key; {did_you_mean(key, known)}")


def _scale(content: Mapping[str, Any], instrument: Instrument) -> Scale:
    _known_keys(content, _SCALE_KEYS)
    scale = Scale(
        name=str(content["name"]),
        description=str(content["description"]),
        items=tuple(content["items"]),
        reverse=frozenset(content.get("reverse", ())),
        recode=tuple(float(value) for value in content.get("recode", ())),
        rule=str(content["rule"]),
        missing=float(content["missing"]),
    )
    places = range(1, len(instrument.items) + 1)
    answers = instrument.maximum - instrument.minimum + 1
    if not scale.items or len(set(scale.items)) < len(scale.items):
        raise ValueError(f"scale {scale.name!r} has no items, or one twice")
    if not set(scale.items) <= set(places) or not scale.reverse <= set(scale.items):
        raise ValueError(f"scale {scale.name!r} names an item that is not there")
    if scale.recode and len(scale.recode) != answers:
        raise ValueError(f"recode of scale {scale.name!r} must have {answers} values")
    if scale.rule not in RULES or not 0 <= scale.missing < 1:
        raise ValueError(f"scale {scale.name!r}: rule is mean or sum, missing from 0 to below 1")
    return scale
