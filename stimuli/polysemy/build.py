"""The manifest of a word set from its three tables, so that every word is proved before a run.

``python -m stimuli.polysemy.build`` writes ``manifest.json`` anew beside the tables; another folder
may be named (a lab's own list, or one in another language). An item is a row of a table: its
attributes are the row's cells, its file is the table.
"""

from __future__ import annotations

import csv
import errno
import hashlib
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from mbtexp.errors import StimulusError
from mbtexp.stimuli import MANIFEST, Item, StimulusSet, manifest, row_sha256

TABLES = ("words.csv", "fillers.csv", "pseudowords.csv")

CANDIDATES = StimulusSet(
    name="polysemy",
    title="Polysemous primes with an attachment sense: a candidate list, not normed",
    kind="open",
    version="1.1",
    licence="MIT",
    source="made for this project; Zipf frequencies from wordfreq 3.1.1",
    citation="none: a candidate list; cite your own norming study",
    language="en",
    items=(),
    folder=Path(__file__).parent,
    warnings=(
        "Candidate list: norm it in your population before use (preset 'norming').",
        "English words; a session in another language needs a list of its own.",
    ),
)


def built(folder: Path, like: StimulusSet = CANDIDATES) -> StimulusSet:
    """The set of the tables in a folder, described as ``like``.

    Raises
    ------
    StimulusError
        A table is missing or has no column ``id``.
    """
    items = tuple(item for name in TABLES for item in _items(folder / name))
    return replace(like, items=items, folder=folder)


def _items(table: Path) -> list[Item]:
    try:
        content = table.read_bytes()
    except OSError as error:
        raise StimulusError(
            f"{table}: the table cannot be read ({os.strerror(error.errno or errno.EIO)})."
        ) from None
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
            attributes=(cells := _cells(row, table.stem)),
            row_sha256=row_sha256(cells),
        )
        for row in rows
    ]


def _cells(row: Mapping[str, str], table: str) -> dict[str, Any]:
    """The row's cells without the empty ones, numbers as numbers, and what kind of row it is."""
    kinds = {"words": "prime", "pseudowords": "pseudoword"}
    cells = {"kind": kinds[table]} if table in kinds else {}
    filled = {name: _typed(cell) for name, cell in row.items() if name != "id" and cell != ""}
    practice = "practice" in f"{row.get('kind')} {row.get('slot')}"
    return {**cells, **filled, "practice": practice}


def _typed(cell: str) -> str | int | float:
    for kind in (int, float):
        try:
            return kind(cell)
        except ValueError:
            continue
    return cell


if __name__ == "__main__":
    place = Path(sys.argv[1]) if len(sys.argv) > 1 else CANDIDATES.folder
    (place / MANIFEST).write_bytes(manifest(built(place)))
