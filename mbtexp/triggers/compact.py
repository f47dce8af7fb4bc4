"""A task's codes for an amplifier of four or five bits: few numbers, each for a class of moments.

Made from the code book by rule: what every task has comes first and has the same number in each
task; a task's own moments follow in the order of their codes. On five bits each moment of a task
keeps a number of its own, on four those that are alike share one (``Entry.short``). The number with
all bits up stays free, as a line that is not plugged in shows it. Which of the moments it was
stands in the log, whose codes come in the same order as those in the recording.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mbtexp.errors import SettingError
from mbtexp.triggers.book import COMMON, SESSION, STRUCTURE, Code, CodeBook

SIZES = (15, 31)
"""Highest values of lines with four and five bits."""


@dataclass(frozen=True, slots=True)
class Class:
    """A number of a compact map and the moments that it stands for."""

    value: int
    name: str
    codes: tuple[Code, ...]

    @property
    def description(self) -> str:
        """The moments in words."""
        return "; ".join(code.description for code in self.codes if not code.retired)


def compact(book: CodeBook, max_code: int) -> tuple[Class, ...]:
    """The classes of a task's book for a line whose highest value is 15 or 31.

    Raises
    ------
    SettingError
        There is no such map, or the book has more classes than the line has numbers.
    """
    if max_code not in SIZES:
        raise SettingError(
            f"rig.toml: trigger: code_map is 'compact', but max_code is {max_code}; a compact map "
            "is for 15 (four bits) or 31 (five bits). Correct one of the two."
        )
    classes: dict[str, list[Code]] = {}
    for row in sorted(book.rows, key=_rank):
        classes.setdefault(_class_name(row, max_code), []).append(row)
    if len(classes) >= max_code:
        raise SettingError(
            f"task '{book.task}' has {len(classes)} classes of codes, but a line with values up to "
            f"{max_code} has room for {max_code - 1}; give some of its codes the same 'short'."
        )
    return tuple(
        Class(value, name, tuple(codes))
        for value, (name, codes) in enumerate(classes.items(), start=1)
    )


def values(book: CodeBook, max_code: int) -> dict[int, int]:
    """What is sent for each code of the book."""
    return {
        code.code: one.value
        for one in compact(book, max_code)
        for code in one.codes
        if not code.retired
    }


def sent_values(codes: Mapping[str, int], max_code: int, code_map: str) -> dict[int, int] | None:
    """What a line sends for each of a task's codes; None where it sends the codes themselves.

    Raises
    ------
    SettingError
        A compact map is wanted for a task that is not in the code book.
    """
    if code_map == "full":
        return None
    if not isinstance(codes, CodeBook):
        raise SettingError(
            "rig.toml: trigger: code_map is 'compact', but this task has no code book to make such "
            "a map from; use code_map = 'full'."
        )
    return values(codes, max_code)


def _class_name(row: Code, max_code: int) -> str:
    """The class of a moment: on five bits only what belongs to no task shares a number."""
    if not row.task:
        return "run_start" if row.name == "run_start" and max_code > SIZES[0] else STRUCTURE
    return row.name if max_code > SIZES[0] else row.short or row.name


def _rank(row: Code) -> tuple[tuple[int, ...], bool, bool, int]:
    """By version, so that numbers stay; session-wide first, then what all tasks have."""
    since = tuple(int(part) for part in row.since.split("."))
    return (since, row.name not in SESSION, row.name not in COMMON, row.code)


def as_rows(classes: Iterable[Class]) -> list[tuple[int, str, str]]:
    """A map as value, class and the names of its codes."""
    return [
        (one.value, one.name, ", ".join(code.name for code in one.codes if not code.retired))
        for one in classes
    ]
