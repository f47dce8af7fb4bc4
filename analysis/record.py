"""What was made of a log as plain text and back: JSON that names its kinds and can do nothing.

Only the kinds listed here are ever made from a record; a file that says anything else is none.
"""

from __future__ import annotations

import json
import sys
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any

from analysis.indices import Index
from analysis.quality import Check
from analysis.reliable import Reliability
from analysis.states import Placed, Told

KINDS: dict[str, type[Any]] = {
    kind.__name__: kind for kind in (Check, Index, Placed, Reliability, Told)
}
_FIELDS = {name: tuple(entry.name for entry in fields(kind)) for name, kind in KINDS.items()}
_TIME = "time"


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


def _named(value: Any) -> dict[str, list[Any]]:
    """What JSON does not know: one of our kinds, a time, a number of numpy."""
    if isinstance(value, datetime):
        return {_TIME: [value.isoformat()]}
    if is_dataclass(value) and not isinstance(value, type):
        name = type(value).__name__
        return {name: [getattr(value, own) for own in _FIELDS[name]]}
    plain: dict[str, list[Any]] = value.item()
    return plain


_ENCODE = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), check_circular=False, default=_named
).encode


def _value(found: Any) -> Any:
    if isinstance(found, str):
        # A study says the same few words some million times.
        return sys.intern(found)
    if isinstance(found, list):
        return tuple([_value(item) for item in found])
    if not isinstance(found, dict):
        return found
    name = next(iter(found), "")
    if len(found) == 1 and name in KINDS:
        own = [_value(item) for item in found[name]]
        return KINDS[name](**dict(zip(_FIELDS[name], own, strict=True)))
    if len(found) == 1 and name == _TIME:
        return datetime.fromisoformat(found[name][0])
    return {sys.intern(key): _value(item) for key, item in found.items()}
