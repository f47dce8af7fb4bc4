"""What was made of a log as plain text and back: JSON that names its kinds and can do nothing.

Only the kinds listed here are ever made from a record; a file that says anything else is none.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any, TypeVar

from analysis.indices import Index
from analysis.quality import Check
from analysis.read import Trial
from analysis.reliable import Reliability
from analysis.states import Placed, Told

KINDS: dict[str, type[Any]] = {
    kind.__name__: kind for kind in (Check, Index, Placed, Reliability, Told)
}
_FIELDS = {kind: tuple(e.name for e in fields(kind)) for kind in (*KINDS.values(), Trial)}
_TIME = "time"

Kind = TypeVar("Kind")


def written(value: object) -> bytes:
    """A value of the kinds above, of texts, numbers, sequences and tables, on one line."""
    return _ENCODE(value).encode()


def read_back(line: bytes) -> Any:
    """The value that was written; its sequences are tuples.

    Raises
    ------
    ValueError
        This was not written here.
    """
    try:
        return _value(json.loads(line))
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"no record: {error}") from None


def columns_written(kind: type[Any], rows: Sequence[Any]) -> str:
    """Many of one kind by column, as a text of its own: a third of the time of one by one."""
    return _ENCODE([[getattr(row, name) for row in rows] for name in _FIELDS[kind]])


def rows_back(kind: type[Kind], text: str, *, as_told: bool = False) -> tuple[Kind, ...]:
    """The rows that were written by column: of texts, numbers and tuples of texts.

    ``as_told`` leaves lists and tables as JSON has them, for what came from a log.

    Raises
    ------
    ValueError
        This was not written here.
    """
    columns = json.loads(text)
    names = _FIELDS[kind]
    if type(columns) is not list or len(columns) != len(names):
        raise ValueError(f"no columns of {kind.__name__}")
    rows = []
    for values in zip(*(columns if as_told else map(_plain, columns)), strict=True):
        row = object.__new__(kind)
        # What a frozen row would be given field by field, in a fraction of the time.
        vars(row).update(zip(names, values, strict=True))
        rows.append(row)
    return tuple(rows)


def _plain(column: Sequence[Any]) -> list[Any]:
    # A study says the same few words some million times.
    return [
        sys.intern(value)
        if type(value) is str
        else tuple(map(sys.intern, value))
        if type(value) is list
        else value
        for value in column
    ]


def _named(value: Any) -> dict[str, list[Any]]:
    """What JSON does not know: one of our kinds, a time, a number of numpy."""
    if isinstance(value, datetime):
        return {_TIME: [value.isoformat()]}
    if is_dataclass(value) and not isinstance(value, type):
        kind = type(value)
        return {kind.__name__: [getattr(value, own) for own in _FIELDS[kind]]}
    plain: dict[str, list[Any]] = value.item()
    return plain


_ENCODE = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), check_circular=False, default=_named
).encode


def _value(found: Any) -> Any:
    kind = type(found)
    if kind is str:
        # A study says the same few words some million times.
        return sys.intern(found)
    if kind is list:
        return tuple([_value(item) if type(item) in _NOT_AS_IT_IS else item for item in found])
    if kind is not dict:
        return found
    name = next(iter(found), "")
    if len(found) == 1 and name in KINDS:
        of = KINDS[name]
        return of(**dict(zip(_FIELDS[of], map(_value, found[name]), strict=True)))
    if len(found) == 1 and name == _TIME:
        return datetime.fromisoformat(found[name][0])
    return {sys.intern(key): _value(item) for key, item in found.items()}


_NOT_AS_IT_IS = frozenset({str, list, dict})
