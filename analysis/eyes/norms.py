"""Norms of the answer words, as a laboratory has them in a table."""

from __future__ import annotations

import csv
import errno
import math
import os
from pathlib import Path

from mbtexp.errors import DataError


def plain_word(word: object) -> str:
    """A word as it is compared with others: without case and spaces around it."""
    return str(word).strip().casefold()


def read_word_valence(path: Path) -> dict[str, float]:
    """Valence by word from a table with the columns ``word`` and ``valence`` (CSV or TSV).

    Raises
    ------
    DataError
        The file is missing, lacks a column, or holds something that is no number.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(f"{path}: this is not a text in UTF-8; save it as CSV UTF-8.") from None
    except OSError as error:
        raise DataError(f"{path}: {os.strerror(error.errno or errno.EIO)}.") from None
    lines = text.splitlines()
    delimiter = "\t" if lines and "\t" in lines[0] else ","
    table = csv.DictReader(lines, delimiter=delimiter)
    if not {"word", "valence"} <= set(table.fieldnames or ()):
        raise DataError(f"{path}: the first line must name the columns 'word' and 'valence'.")
    return {
        plain_word(row["word"]): _valence(row["valence"], path, table.line_num) for row in table
    }


def _valence(text: str | None, path: Path, line: int) -> float:
    try:
        value = float(text or "")
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise DataError(f"{path}: line {line}: valence is {text!r}; it must be a number like -1.5.")
    return value
