"""Who has which cell: a seeded table made before the study, and the rows that are taken.

``sourcedata/allocation.tsv`` is written once and never changed. ``sourcedata/assignments.tsv`` only
grows: a participant's first session takes the next free row of their group, for good. Rows come in
blocks that hold every cell once, shuffled by the seed, separately for each group.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mbtexp.errors import DataError, DiskError, SettingError, did_you_mean
from mbtexp.protocol.cells import Cell, cell_with
from mbtexp.protocol.locking import locked
from mbtexp.protocol.settings import Protocol

TABLE, TAKEN = "allocation.tsv", "assignments.tsv"
FORMAT = 1
MARK = "# mbtexp allocation "

TAKEN_COLUMNS = ("participant", "group", "row", "cell", "utc", "line")

WHOLE = "whole"
"""Last word of a line: without it a crash has cut the line off, and it counts for nothing."""


@dataclass(frozen=True)
class Row:
    """A place in the study: whoever takes it has this cell."""

    row: int
    group: str
    block: int
    cell: int
    levels: Mapping[str, str]
    """Level of every factor, and of whatever takes turns."""


@dataclass(frozen=True)
class Assignment:
    """A row that is taken."""

    participant: str
    group: str
    row: int
    cell: int


@dataclass(frozen=True)
class Allocation:
    """The table of a study and what of it is taken."""

    path: Path
    facts: Mapping[str, Any]
    """Protocol, seed, groups and factors with which it was made."""
    rows: tuple[Row, ...]
    taken: tuple[Assignment, ...] = ()

    @property
    def groups(self) -> list[str]:
        """Names of the groups."""
        return list(self.facts["groups"])

    def of(self, participant: str) -> Assignment | None:
        """What a participant has, if they were here before."""
        return next((one for one in self.taken if one.participant == participant), None)

    def next_free(self, group: str) -> Row:
        """The row that the group's next participant takes."""
        gone = {one.row for one in self.taken}
        for row in self.rows:
            if row.group == group and row.row not in gone:
                return row
        raise DataError(
            f"{self.path}: every row of group {group!r} is taken. Nobody is given a cell at "
            "random: plan the study's next participants in a data folder of their own."
        )

    def counts(self) -> dict[str, Counter[int]]:
        """How many participants have each cell, by group."""
        found: dict[str, Counter[int]] = {group: Counter() for group in self.groups}
        for one in self.taken:
            found.setdefault(one.group, Counter())[one.cell] += 1
        return found


def factor_levels(protocol: Protocol) -> dict[str, list[str]]:
    """The levels of every factor, and of what takes turns: by them a table is known again."""
    tables = {**protocol.factors, **protocol.turns}
    return {name: list(levels) for name, levels in tables.items()}


# -- reading it -----------------------------------------------------------------------------------


def read_allocation(data: Path) -> Allocation | None:
    """A study's table with what is taken; None where none was made.

    Raises
    ------
    DataError
        The table, or the list of what is taken, is not as it was written.
    """
    path = data / "sourcedata" / TABLE
    text = _text_of(path)
    if text is None:
        return None
    first, _, rest = text.partition("\n")
    try:
        facts = json.loads(first.removeprefix(MARK)) if first.startswith(MARK) else None
        if not isinstance(facts, dict) or facts.get("format") != FORMAT:
            raise ValueError("its first line is not ours")
        names = list(facts["factors"])
        rows = tuple(
            Row(
                int(line["row"]),
                line["group"],
                int(line["block"]),
                int(line["cell"]),
                {name: line[name] for name in names},
            )
            for line in csv.DictReader(io.StringIO(rest, newline=""), delimiter="\t")
        )
        if not rows:
            raise ValueError("it has no rows")
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{path}: this is not a table of allocation as mbtexp writes it ({error}); it was "
            "changed by hand or by another program, put back a copy from before that."
        ) from None
    return Allocation(path, facts, rows, _taken(path.parent / TAKEN, rows))


def _text_of(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError):
        raise DataError(f"{path}: the file cannot be read as text; check it.") from None


def _taken(path: Path, rows: Sequence[Row]) -> tuple[Assignment, ...]:
    """The rows that are taken; a last line that was cut off by a crash counts for nothing."""
    text = _text_of(path) or ""
    cells = {row.row: row.cell for row in rows}
    found: list[Assignment] = []
    for number, line in enumerate(text.split("\n")[:-1][1:], start=2):
        if not line.strip():
            continue
        cell = line.split("\t")
        if len(cell) != len(TAKEN_COLUMNS) or cell[-1] != WHOLE:
            continue  # cut off by a crash, and ended by whoever came next
        try:
            one = Assignment(cell[0], cell[1], int(cell[2]), int(cell[3]))
        except ValueError:
            raise DataError(f"{path}: line {number} cannot be read; put back a copy.") from None
        if cells.get(one.row) != one.cell:
            raise DataError(
                f"{path}: line {number} gives participant {one.participant} row {one.row} with "
                f"cell {one.cell}, which {TABLE} does not have; one of the two was changed by "
                "hand, put back a copy from before that."
            )
        if all(one.row != other.row and one.participant != other.participant for other in found):
            found.append(one)
    return tuple(found)


# -- taking a row ---------------------------------------------------------------------------------


def cell_of(protocol: Protocol, allocation: Allocation, row: int) -> Cell:
    """The cell of a row.

    Raises
    ------
    SettingError
        The table was made for other factors than the protocol's.
    """
    if allocation.facts["factors"] != factor_levels(protocol):
        made_for = allocation.facts["protocol"]["name"]
        raise SettingError(
            f"{allocation.path}: the table was made for the factors of protocol '{made_for}', and "
            f"protocol '{protocol.name}' has others; run that one, or use another --data folder."
        )
    found = next(one for one in allocation.rows if one.row == row)
    cell = cell_with(protocol, found.cell, {name: found.levels[name] for name in protocol.turns})
    if cell.facts() != dict(found.levels):
        raise DataError(
            f"{allocation.path}: row {row} has cell {found.cell} with other levels than the "
            "protocol; the table was changed by hand, put back a copy from before that."
        )
    return cell


def group_for(allocation: Allocation, participant: str, asked: str | None) -> str:
    """The group of a participant: the one they have, the one asked for, or the only one.

    Raises
    ------
    SettingError
        No group is known, or another one than was asked for.
    """
    before = allocation.of(participant)
    if before is not None:
        if asked is not None and asked != before.group:
            raise SettingError(
                f"--group {asked}: participant {participant} is in group {before.group!r} since "
                "their first session; leave --group out, or check the participant's code."
            )
        return before.group
    if asked is None:
        if len(allocation.groups) == 1:
            return allocation.groups[0]
        raise SettingError(
            f"participant {participant} is here for the first time; name the group: --group "
            f"{' or --group '.join(allocation.groups)}."
        )
    if asked not in allocation.groups:
        raise SettingError(
            f"--group {asked!r} is not in the study's table; "
            f"{did_you_mean(asked, allocation.groups)}"
        )
    return asked


def planned_row(allocation: Allocation, participant: str, group: str) -> int:
    """The row that a participant has, or would take; nothing is taken."""
    before = allocation.of(participant)
    return allocation.next_free(group).row if before is None else before.row


def take_row(data: Path, participant: str, group: str) -> Assignment:
    """The row of a participant: theirs, or from now on the next free one of their group.

    One process at a time: the file is locked, and what was written is read again.

    Raises
    ------
    DataError
        There is no table, no row is free, or the disk does not take the line.
    """
    path = data / "sourcedata" / TAKEN
    with locked(path) as descriptor:
        for _ in range(100):
            allocation = read_allocation(data)
            if allocation is None:
                raise DataError(f"{data}: the table of allocation is gone; put back a copy.")
            mine = allocation.of(participant)
            if mine is not None:
                return mine
            row = allocation.next_free(group)
            _append(descriptor, path, (participant, group, row.row, row.cell, _now(), WHOLE))
    raise DataError(f"{path}: no row could be taken; check the drive that the folder is on.")


def _append(descriptor: int, path: Path, values: Sequence[object]) -> None:
    line = "\t".join(map(str, values)) + "\n"
    size = os.fstat(descriptor).st_size
    before = "\t".join(TAKEN_COLUMNS) + "\n" if size == 0 else ""
    if size and path.read_bytes()[-1:] != b"\n":
        before = "\n"  # a line that a crash cut off
    content = (before + line).encode()
    try:
        written = os.write(descriptor, content)
        if written < len(content):
            os.write(descriptor, content[written:])
        os.fsync(descriptor)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.ftruncate(descriptor, size)  # half a line must not be taken for a row
        raise DiskError(
            f"{path}: the row cannot be written ({error.strerror}); make room on this disk."
        ) from None


def _now() -> str:
    return datetime.now(tz=UTC).isoformat(timespec="seconds")


def allocation_lines(allocation: Allocation) -> Iterator[str]:
    """How many rows and participants each group and each cell has, for the terminal."""
    for group in allocation.groups:
        rows = [row for row in allocation.rows if row.group == group]
        taken, wanted = allocation.counts()[group], allocation.facts["groups"][group]
        spare = len(rows) - wanted
        cells = sorted({row.cell for row in rows})
        yield (
            f"group {group}: {wanted} planned, {len(rows)} rows in "
            f"{rows[-1].block} blocks of {len(cells)} cells"
            + (f" ({spare} spare)" if spare else "")
            + f", {taken.total()} taken"
        )
        if taken:
            yield "  participants a cell: " + ", ".join(f"{c}: {taken[c]}" for c in cells)
