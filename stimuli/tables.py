"""A set whose items are rows of tables: read from the folder's CSV files, proved by a manifest."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mbtexp.errors import StimulusError
from mbtexp.stimuli import Item, StimulusSet, row_sha256


def built(folder: Path, like: StimulusSet, tables: Sequence[str]) -> StimulusSet:
    """The set of the tables in a folder, described as ``like``.

    Raises
    ------
    StimulusError
        A table is missing, or its first line names no column ``id``.
    """
    items = tuple(item for name in tables for item in _items(folder / name))
    return replace(like, items=items, folder=folder)


def _items(table: Path) -> list[Item]:
    if not table.is_file():
        raise StimulusError(f"{table}: the table is missing; put it there.")
    content = table.read_bytes()
    rows = list(csv.DictReader(content.decode("utf-8-sig").splitlines()))
    if not rows or "id" not in rows[0]:
        raise StimulusError(f"{table}: the first line must name the columns, 'id' among them.")
    checksum = hashlib.sha256(content).hexdigest()
    return [
        Item(
            id=row["id"],
            file=table.name,
            sha256=checksum,
            width_px=0,
            height_px=0,
            attributes=(cells := _cells(row)),
            row_sha256=row_sha256(cells),
        )
        for row in rows
    ]


def _cells(row: Mapping[str, str]) -> dict[str, Any]:
    """The row's cells without the empty ones, numbers as numbers."""
    filled = {name: _typed(cell) for name, cell in row.items() if name != "id" and cell != ""}
    return {**filled, "practice": row.get("kind") == "practice"}


def _typed(cell: str) -> str | int | float:
    for kind in (int, float):
        try:
            return kind(cell)
        except ValueError:
            continue
    return cell
