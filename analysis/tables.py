"""Tables on disk: TSV with one way of writing each value, JSON beside it, replaced in one step."""

from __future__ import annotations

import contextlib
import errno
import json
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mbtexp.errors import DataError, DiskError

if TYPE_CHECKING:
    import pandas as pd

MISSING = "n/a"
"""What an empty cell holds, as BIDS wants it."""

LABELS = ("participant", "session", "task", "response", "stim_id", "condition")
"""Columns that are text even where every cell looks like a number."""


def cell(value: object) -> str:
    """A value as it stands in a TSV cell; numbers have 10 significant digits.

    >>> [cell(v) for v in (None, True, 1 / 3, -0.0, 7, "NA", ["a", "b"], [], float("nan"))]
    ['n/a', 'true', '0.3333333333', '0', '7', 'NA', 'a|b', 'n/a', 'n/a']
    """
    # By kind, the commonest first: a study has millions of cells.
    kind = type(value)
    if kind is str:
        return _text(value)
    if value is None:
        return MISSING
    if kind is bool:
        return "true" if value else "false"
    if kind is int:
        return str(value)
    if kind is float:
        return _number(value)
    return _other(value)


def _other(value: object) -> str:
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, list | tuple):
        return "|".join([cell(part) for part in value]) or MISSING
    if isinstance(value, dict):
        return _text(json.dumps(value, ensure_ascii=False, sort_keys=True))
    return _text(str(value))


def _number(value: Any) -> str:
    # Adding zero turns -0.0 into 0.0, which would otherwise be written as "-0".
    return f"{value + 0.0:.10g}" if math.isfinite(value) else MISSING


@lru_cache(maxsize=4096)
def _text(text: str) -> str:
    """A text on one line; the words of a study come again and again."""
    return (text if text.isprintable() else " ".join(text.split())) or MISSING


def tsv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """A table as bytes: header line, tabs, LF, UTF-8."""
    return head(columns) + lines(rows)


def head(columns: Sequence[str]) -> bytes:
    """The first line of a table."""
    return ("\t".join(columns) + "\n").encode()


def lines(rows: Iterable[Sequence[object]]) -> bytes:
    """The other lines of a table."""
    return "".join(["\t".join(map(cell, row)) + "\n" for row in rows]).encode()


def as_json(content: Mapping[str, Any]) -> bytes:
    """A JSON document as bytes, indented, in the order given."""
    return (json.dumps(content, ensure_ascii=False, indent=2) + "\n").encode()


def save(path: Path, content: bytes | Iterable[bytes]) -> None:
    """Put a file in place in one step: a reader sees the old one or the new one, never half.

    A table that is too large to be held in memory comes in pieces.

    Raises
    ------
    DiskError
        The folder cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    pieces = [content] if isinstance(content, bytes) else content
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            file.writelines(pieces)
        temporary.replace(path)
    except OSError as error:
        reason = os.strerror(error.errno or errno.EIO)
        raise DiskError(
            f"{path}: the table cannot be written ({reason}). Close programs that hold it open, or "
            "choose another output folder."
        ) from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def read_table(path: Path) -> pd.DataFrame:
    """One of our tables as a data frame in which a participant called NA, 007 or 1e5 stays so.

    Raises
    ------
    DataError
        The file is missing or is no table.
    """
    import pandas as pd  # noqa: PLC0415  half a second that few callers need

    try:
        return pd.read_csv(
            path,
            sep="\t",
            dtype=dict.fromkeys(LABELS, str),
            keep_default_na=False,
            na_values=[MISSING],
            quoting=3,
        )
    except OSError as error:
        raise DataError(f"{path}: {os.strerror(error.errno or errno.EIO)}.") from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise DataError(f"{path}: this is not a table of mbtexp ({error}).") from None


def columns_needed(table: pd.DataFrame, names: Sequence[str], what: str) -> None:
    """Refuse a table that lacks a column, naming it and what is there."""
    lacking = [name for name in names if name not in table.columns]
    if lacking:
        have = ", ".join(map(str, table.columns)) or "none"
        raise DataError(
            f"{what}: column {lacking[0]!r} is missing (columns: {have}); rename or add it."
        )
