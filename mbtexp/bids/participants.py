"""participants.tsv: one row a participant; the lab's own columns and rows stay as they are."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mbtexp.bids.tables import MISSING, Table, cell
from mbtexp.errors import DataError

ID = "participant_id"

SIMULATED = "simulated"
"""Our only column besides the label; it is there as soon as one run was simulated."""

DESCRIPTIONS: dict[str, Any] = {
    ID: {"Description": "Label of the participant, as in the folders' names."},
    SIMULATED: {
        "Description": "Whether a program answered in place of a person.",
        "Levels": {
            "true": "all runs are simulated: no data of a person",
            "partly": "some runs are simulated",
            "false": "a person",
        },
    },
}


@dataclass(frozen=True)
class Participants:
    """The file as it stands."""

    columns: tuple[str, ...]
    rows: tuple[dict[str, str], ...]


def read_participants(content: bytes | None, path: Path) -> Participants:
    """The table somebody may have edited, from a spreadsheet for one (BOM, CRLF, quotes).

    Raises
    ------
    DataError
        It is no tab-separated table of text whose first column is ``participant_id``.
    """
    if content is None or not content.strip():
        return Participants((ID,), ())
    lines = _lines(content, path)
    header = tuple(name.strip() for name in lines[0][1])
    if header[0] != ID or len(set(header)) < len(header) or not all(header):
        raise DataError(
            f"{path}: the first line must name the columns, '{ID}' first, with tabs between them "
            "and no name empty or twice. Mend it (save as tab-separated text, UTF-8)."
        )
    rows: dict[str, dict[str, str]] = {}
    for number, cells in lines[1:]:
        if len(cells) > len(header):
            raise DataError(
                f"{path}: line {number} has {len(cells)} cells, but there are {len(header)} "
                "columns. Take out the tab that is too much."
            )
        row = dict(zip(header, [cell(text) for text in cells], strict=False))
        row[ID] = _with_prefix(row[ID])
        if row[ID] in rows:
            raise DataError(f"{path}: line {number}: {row[ID]} is there twice; keep one line.")
        rows[row[ID]] = {name: row.get(name, MISSING) for name in header}
    return Participants(header, tuple(rows.values()))


def _lines(content: bytes, path: Path) -> list[tuple[int, list[str]]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(
            f"{path}: this is not UTF-8 text. Save it again as tab-separated text in UTF-8."
        ) from None
    reader = csv.reader(io.StringIO(text, newline=""), delimiter="\t")
    return [(reader.line_num, cells) for cells in reader if any(part.strip() for part in cells)]


def _with_prefix(label: str) -> str:
    return label if label.startswith("sub-") else f"sub-{label}"


def participants_table(existing: Participants, simulated: Mapping[str, Sequence[bool]]) -> Table:
    """The table with a row for each participant in ``simulated`` (label: whether each run was).

    The lab's rows keep their order and their cells; new participants follow, sorted.
    """
    marks = {f"sub-{label}": _mark(runs) for label, runs in simulated.items()}
    marked = any(mark != "false" for mark in marks.values())
    own = tuple(name for name in existing.columns if name not in (ID, SIMULATED))
    columns = (ID, *((SIMULATED,) if marked else ()), *own)
    known = {row[ID] for row in existing.rows}
    rows = [*existing.rows, *({ID: label} for label in sorted(set(marks) - known))]
    return Table(columns, tuple({**row, SIMULATED: marks.get(row[ID], MISSING)} for row in rows))


def _mark(runs: Sequence[bool]) -> str:
    if all(runs):
        return "true"
    return "partly" if any(runs) else "false"
