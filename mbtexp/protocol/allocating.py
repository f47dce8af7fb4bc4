"""Making a study's table of allocation: seeded, stratified by group, written once."""

from __future__ import annotations

import csv
import importlib.metadata
import io
import json
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mbtexp.errors import DataError, DiskError, SettingError
from mbtexp.protocol.allocation import FORMAT, MARK, TABLE, Allocation, Row, factor_levels
from mbtexp.protocol.cells import cells_of
from mbtexp.protocol.settings import Protocol


def allocate(protocol: Protocol, data: Path, groups: Mapping[str, int], seed: int) -> Allocation:
    """Make a study's table; a data folder has one, for good.

    Parameters
    ----------
    protocol
        Whose cells are allocated.
    data
        The study's folder.
    groups
        How many participants each group is to have; whole blocks are planned, the rest is spare.
    seed
        The same seed gives the same table.

    Raises
    ------
    MbtexpError
        A group cannot be, the folder has a table already, or the disk does not take it.
    """
    _refuse_impossible(protocol, groups)
    rows = planned_rows(protocol, groups, seed)
    facts = {
        "format": FORMAT,
        "protocol": protocol.facts(),
        "seed": seed,
        "groups": dict(groups),
        "factors": factor_levels(protocol),
        "mbtexp": importlib.metadata.version("mbtexp"),
        "made": datetime.now(tz=UTC).isoformat(timespec="seconds"),
    }
    path = data / "sourcedata" / TABLE
    _write_once(path, _table_text(facts, rows))
    return Allocation(path, facts, rows)


def planned_rows(protocol: Protocol, groups: Mapping[str, int], seed: int) -> tuple[Row, ...]:
    """The rows of every group: blocks of all cells, each block in its own random order.

    What takes turns is drawn for each cell in one block and has the other level in the next, so
    that it is even over two blocks, in each cell.
    """
    from mbtexp.design import shuffled  # noqa: PLC0415  numpy only where it is needed
    from mbtexp.session import Session  # noqa: PLC0415

    cells = cells_of(protocol)
    rows: list[Row] = []
    for group, wanted in groups.items():
        # A random stream for each group and purpose: one group's size never moves another's order.
        label = re.sub(r"[^A-Za-z0-9]", "", group) or "group"
        rng = Session(label, "allocation", seed=seed).rng(f"cells-{group}")
        turns = _Turns(protocol, len(cells), Session(label, "allocation", seed=seed), group)
        for block in range(1, -(-wanted // len(cells)) + 1):
            for cell in shuffled(rng, cells):
                levels = {**cell.levels, **turns.of(cell.number, block)}
                rows.append(Row(len(rows) + 1, group, block, cell.number, levels))
    return tuple(rows)


class _Turns:
    """Whose turn it is in each cell: drawn evenly over cells, then one level after the other."""

    def __init__(self, protocol: Protocol, cells: int, session: Any, group: str) -> None:
        from mbtexp.design import shuffled  # noqa: PLC0415

        self._levels = {name: list(levels) for name, levels in protocol.turns.items()}
        self._first = {
            name: shuffled(
                session.rng(f"turns-{group}-{name}"),
                [place % len(levels) for place in range(cells)],
            )
            for name, levels in self._levels.items()
        }

    def of(self, cell: int, block: int) -> dict[str, str]:
        return {
            name: levels[(self._first[name][cell - 1] + block - 1) % len(levels)]
            for name, levels in self._levels.items()
        }


def _refuse_impossible(protocol: Protocol, groups: Mapping[str, int]) -> None:
    if len(cells_of(protocol)) == 1:
        raise SettingError(
            f"protocol '{protocol.name}' has no factors: every participant has the same session, "
            "and nothing is to be allocated."
        )
    if not groups:
        raise SettingError("--groups: name the groups with their sizes, for example bpd=40,hc=40.")
    for group, wanted in groups.items():
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", group):
            raise SettingError(
                f"--groups: {group!r}: use letters, digits, - and _ for a group's name."
            )
        if not 1 <= wanted <= 10_000:
            raise SettingError(f"--groups: {group}={wanted}; a group needs 1 to 10000 people.")


def _table_text(facts: Mapping[str, Any], rows: Sequence[Row]) -> str:
    text = io.StringIO()
    text.write(MARK + json.dumps(facts, ensure_ascii=False, sort_keys=True) + "\n")
    writer = csv.writer(text, delimiter="\t", lineterminator="\n")
    names = list(facts["factors"])
    writer.writerow(["row", "group", "block", "cell", *names])
    for row in rows:
        writer.writerow([row.row, row.group, row.block, row.cell, *(row.levels[n] for n in names)])
    return text.getvalue()


def _write_once(path: Path, text: str) -> None:
    """The file as a whole or not at all; one that is there stays as it is."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(0o644)
            _place(Path(name), path)
        finally:
            Path(name).unlink(missing_ok=True)
    except FileExistsError:
        raise DataError(
            f"{path} exists already, and a table is never made twice: whoever has a cell keeps it. "
            "Another study needs another --data folder."
        ) from None
    except OSError as error:
        raise DiskError(
            f"{path}: the table cannot be written ({error.strerror}); choose another --data folder "
            "or free this one."
        ) from None


def _place(written: Path, path: Path) -> None:
    """Give a finished file its name, unless the name is taken."""
    try:
        os.link(written, path)
    except FileExistsError:
        raise
    except OSError:  # a disk without links (exFAT, some network drives)
        with path.open("xb") as file:
            file.write(written.read_bytes())
