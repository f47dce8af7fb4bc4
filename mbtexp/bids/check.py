"""Mistakes in a dataset's tables that the official validator passes over."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

from mbtexp.events import find_logs


def check(data: Path) -> list[str]:
    """One sentence for each mistake, with the file and what to do."""
    tables = [*sorted(data.glob("*.tsv")), *sorted(data.glob("phenotype/*.tsv"))]
    tables += sorted(data.glob("sub-*/**/*.tsv"))
    told = [sentence for table in tables for sentence in _check_table(table)]
    return [*told, *_unknown_participants(data), *_not_exported(data)]


def _check_table(path: Path) -> Iterator[str]:
    content = path.read_bytes()
    if b"\r" in content:
        yield f"{path}: lines end in the Windows way (CRLF); save it with LF line ends."
    if content.startswith(b"\xef\xbb\xbf"):
        yield f"{path}: begins with a byte order mark; save it as UTF-8 without BOM."
    try:
        rows = [line.split("\t") for line in content.decode("utf-8-sig").rstrip("\r\n").split("\n")]
    except UnicodeDecodeError:
        yield f"{path}: this is not UTF-8 text; save it again in UTF-8."
        return
    if rows == [[""]]:
        yield f"{path}: the table is empty; remove it."
        return
    yield from _check_rows(path, rows)


def _check_rows(path: Path, rows: list[list[str]]) -> Iterator[str]:
    header = rows[0]
    if len(set(header)) < len(header):
        yield f"{path}: a column's name is there twice; rename one."
    numbers = [header.index(name) for name in ("onset", "duration") if name in header]
    for number, cells in enumerate(rows[1:], start=2):
        if len(cells) != len(header):
            yield f"{path}: line {number} has {len(cells)} cells, the header {len(header)}."
        elif "" in cells:
            yield f"{path}: line {number} has an empty cell; write n/a."
        elif path.name.endswith("_events.tsv"):
            for column in numbers:
                if not _finite(cells[column]):
                    yield (
                        f"{path}: line {number}: {header[column]} is {cells[column]!r}; "
                        "it must be a number in seconds."
                    )


def _finite(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _unknown_participants(data: Path) -> Iterator[str]:
    known = set(_labels(data / "participants.tsv"))
    for path in sorted(data.glob("phenotype/*.tsv")):
        for label in dict.fromkeys(_labels(path)):
            if label not in known:
                yield f"{path}: {label} is not in participants.tsv; add or correct the label."


def _labels(path: Path) -> list[str]:
    if not path.is_file():
        return []
    rows = [line.split("\t") for line in path.read_text("utf-8", "replace").split("\n")]
    if "participant_id" not in rows[0]:
        return []
    column = rows[0].index("participant_id")
    return [cells[column] for cells in rows[1:] if len(cells) > column]


def _not_exported(data: Path) -> Iterator[str]:
    for log in find_logs(data):
        name = log.name.removesuffix("_log.jsonl")
        participant = name.split("_")[0]
        if not any(data.glob(f"{participant}/**/{name}_events.tsv")):
            yield f"{log}: has no tables yet; run 'mbtexp bids {data}'."
