"""Strict reading of settings: every key known, every value of its type and in its range."""

from __future__ import annotations

import math
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from typing import Any, Literal, TypeVar

from mbtexp.errors import SettingError, did_you_mean

Settings = TypeVar("Settings")


@dataclass(frozen=True)
class Range:
    """Smallest and largest value that makes sense, both included."""

    low: float
    high: float


def setting(default: Any, *, doc: str, low: float | None = None, high: float | None = None) -> Any:
    """A dataclass field with its meaning and its range.

    ``default`` may be ``...``: the setting must then be given.
    """
    limits = None
    if low is not None or high is not None:
        limits = Range(
            -float("inf") if low is None else low, float("inf") if high is None else high
        )
    metadata = {"doc": doc, "range": limits}
    return field(metadata=metadata) if default is ... else field(default=default, metadata=metadata)


def build(settings: type[Settings], given: Mapping[str, Any], *, where: str) -> Settings:
    """A settings object from plain values; refuses unknown keys, wrong types and wild values.

    ``where`` opens every error text (``rig.toml: trigger``).
    """
    if not is_dataclass(settings):
        raise TypeError(f"{settings} is no dataclass")
    known = {entry.name: entry for entry in fields(settings)}
    hints = typing.get_type_hints(settings)
    values: dict[str, Any] = {}
    for key, value in given.items():
        if key not in known:
            raise SettingError(f"{where}: {key!r} is not known here; {did_you_mean(key, known)}")
        values[key] = _checked(value, hints[key], known[key], where=f"{where}: {key}")
    missing = [name for name, entry in known.items() if name not in values and _required(entry)]
    if missing:
        raise SettingError(f"{where}: {missing[0]!r} is missing; add it.")
    return settings(**values)


def from_text(settings: type[Any], key: str, text: str, *, where: str) -> Any:
    """The value of one setting as typed on a command line (``window_s=8``), still unchecked."""
    hints = typing.get_type_hints(settings)
    if key not in hints:
        raise SettingError(f"{where}: {key!r} is not known here; {did_you_mean(key, hints)}")
    for kind in _alternatives(hints[key]):
        fits, value = _typed(text, kind)
        if fits:
            return value
    return text


def _typed(text: str, kind: Any) -> tuple[bool, Any]:
    if kind is bool and text.lower() in ("true", "false", "yes", "no"):
        return True, text.lower() in ("true", "yes")
    if kind is type(None) and text.lower() in ("none", ""):
        return True, None
    if typing.get_origin(kind) is tuple:
        return True, tuple(part.strip() for part in text.split(",") if part.strip())
    if kind in (int, float):
        try:
            return True, kind(text)
        except ValueError:
            return False, text
    return False, text


def _required(entry: Field[Any]) -> bool:
    return entry.default is MISSING and entry.default_factory is MISSING


def _alternatives(hint: Any) -> tuple[Any, ...]:
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return typing.get_args(hint)
    return (hint,)


def _checked(value: Any, hint: Any, entry: Field[Any], *, where: str) -> Any:
    for kind in _alternatives(hint):
        fits, converted = _as(value, kind, where)
        if fits:
            _refuse_outside(converted, entry.metadata.get("range"), where)
            return converted
    choices = [c for kind in _alternatives(hint) for c in _choices(kind)]
    if choices:
        raise SettingError(f"{where} is {value!r}; {did_you_mean(str(value), map(str, choices))}")
    raise SettingError(f"{where} is {value!r}; it must be {_spoken(hint)}.")


def _refuse_outside(value: Any, limits: Range | None, where: str) -> None:
    if limits is None or not isinstance(value, int | float):
        return
    if not limits.low <= value <= limits.high:
        raise SettingError(
            f"{where} is {_number(value)}; "
            f"it must be from {_number(limits.low)} to {_number(limits.high)}."
        )


def _number(value: float) -> str:
    """A number as somebody would type it: no exponent, no needless figures.

    >>> _number(12_000_000), _number(0.5), _number(115200.0)
    ('12000000', '0.5', '115200')
    """
    whole = isinstance(value, int) or (math.isfinite(value) and value == int(value))
    return f"{value:.0f}" if whole else f"{value:g}"


def _as(value: Any, kind: Any, where: str) -> tuple[bool, Any]:
    if is_dataclass(kind) and isinstance(value, Mapping):
        return True, build(typing.cast("type[Any]", kind), value, where=where)
    if typing.get_origin(kind) is Literal:
        return value in typing.get_args(kind), value
    if typing.get_origin(kind) is tuple and isinstance(value, list | tuple):
        return _as_tuple(value, typing.get_args(kind), where)
    if typing.get_origin(kind) is dict and isinstance(value, Mapping):
        parts = {key: _as(v, typing.get_args(kind)[1], where) for key, v in value.items()}
        return all(fits for fits, _ in parts.values()), {k: v for k, (_, v) in parts.items()}
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        return True, float(value)
    if kind is int and isinstance(value, bool):
        return False, value
    return isinstance(kind, type) and isinstance(value, kind), value


def _as_tuple(
    value: list[Any] | tuple[Any, ...], kinds: tuple[Any, ...], where: str
) -> tuple[bool, Any]:
    repeated = len(kinds) == 2 and kinds[1] is Ellipsis
    wanted = kinds[:1] * len(value) if repeated else kinds
    if len(value) != len(wanted):
        return False, value
    parts = [_as(part, kind, where) for part, kind in zip(value, wanted, strict=True)]
    return all(fits for fits, _ in parts), tuple(part for _, part in parts)


def _choices(kind: Any) -> tuple[Any, ...]:
    return typing.get_args(kind) if typing.get_origin(kind) is Literal else ()


def _spoken(hint: Any) -> str:
    names = {
        int: "a whole number",
        float: "a number",
        bool: "true or false",
        str: "text in quotes",
        type(None): "left out",
    }
    return " or ".join(
        names.get(kind, "a list" if typing.get_origin(kind) is tuple else "a table")
        for kind in _alternatives(hint)
    )
