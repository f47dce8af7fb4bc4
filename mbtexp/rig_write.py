"""A rig as the text of its file: every key with its value and its meaning."""

from __future__ import annotations

import json
import textwrap
import typing
from collections.abc import Iterator, Mapping
from dataclasses import Field, fields, is_dataclass
from typing import Any

from mbtexp.rig import Rig

WIDTH = 100

COMMENT_AT = 38
"""Column at which the meanings begin, where the value leaves room."""

HEAD = """\
# A rig: the room with its screen, keyboard and lines. docs/rig.md says what each key means.
# A line that begins with # is left out: the default holds.
"""


def rig_text(rig: Rig) -> str:
    """The file of a rig; it reads back as the same rig."""
    hints = typing.get_type_hints(Rig)
    top = [entry for entry in fields(Rig) if not is_dataclass(hints[entry.name])]
    parts = [HEAD, *_lines(rig, top)]
    for entry in fields(Rig):
        if is_dataclass(hints[entry.name]):
            section = getattr(rig, entry.name)
            parts += ["", f"[{entry.name}]", *_lines(section, fields(section))]
    return "\n".join(parts) + "\n"


def _lines(settings: Any, entries: typing.Iterable[Field[Any]]) -> Iterator[str]:
    hints = typing.get_type_hints(type(settings))
    for entry in entries:
        value = getattr(settings, entry.name)
        line = f"# {entry.name} = " if value is None else f"{entry.name} = {toml(value)}"
        words = meaning(entry, hints[entry.name])
        beside = f"{line:{COMMENT_AT}}# {words}"
        if len(beside) <= WIDTH:
            yield beside
        else:
            yield from textwrap.wrap(words, WIDTH, initial_indent="# ", subsequent_indent="#   ")
            yield line.rstrip()


def meaning(entry: Field[Any], hint: Any) -> str:
    """What a setting means, and what it may be where there are few choices."""
    choices = choices_of(hint)
    may = f" ({', '.join(map(str, choices))})" if choices else ""
    # In the file there is no None: the line is left out.
    words = str(entry.metadata["doc"]).replace("None", "left out")
    return f"{words}{may}"


def choices_of(hint: Any) -> tuple[Any, ...]:
    """The values that a setting may have, if these are few and named."""
    kinds = (hint, *typing.get_args(hint))
    return tuple(
        choice
        for kind in kinds
        if typing.get_origin(kind) is typing.Literal
        for choice in typing.get_args(kind)
    )


def toml(value: Any) -> str:
    r"""A value as TOML writes it.

    >>> toml(60.0), toml(True), toml(("b", "y")), toml({"left index": "b"}), toml('a "b" \\')
    ('60.0', 'true', '["b", "y"]', '{ "left index" = "b" }', '"a \\"b\\" \\\\"')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, Mapping):
        inside = ", ".join(f"{toml(key)} = {toml(part)}" for key, part in value.items())
        return f"{{ {inside} }}"
    # TOML's strings are JSON's, but for one character that JSON leaves as it is.
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
