"""What a study knows of its people beside the logs: groups, covariates, tables of phenotype."""

from __future__ import annotations

import csv
import errno
import io
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from analysis.session_logs import sessions_begun
from mbtexp.bids.participants import ID, read_participants
from mbtexp.errors import DataError

GROUP = "group"

NAMES: Mapping[str, tuple[str, ...]] = {
    "vocabulary": ("vocabulary", "verbal_iq", "wst", "mwt", "mwt_b", "mill_hill"),
    "age": ("age",),
    "sex": ("sex", "gender"),
    "trauma": ("trauma", "ctq", "eti", "eti_sr", "ace"),
}
"""Covariates by the columns that may hold them, the first that is there; small letters."""


def bytes_of(path: Path) -> bytes | None:
    """A file's content; None if it is not there."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DataError(f"{path}: {os.strerror(error.errno or errno.EIO)}.") from None


def read_groups(path: Path) -> dict[str, str]:
    """Each participant's group, without those who have none; empty without such a column."""
    people = read_participants(bytes_of(path), path)
    if GROUP not in people.columns:
        return {}
    return {
        row[ID].removeprefix("sub-"): row[GROUP]
        for row in people.rows
        if row[GROUP] not in ("", "n/a")
    }


def groups_of_sessions(data: Path) -> dict[str, str]:
    """The group that each participant's sessions were begun with, from the sessions' logs.

    Raises
    ------
    DataError
        One participant's sessions were begun with two groups.
    """
    groups: dict[str, str] = {}
    for path, begun in sessions_begun(data):
        if begun.get("group") is None:
            continue
        participant, group = str(begun["participant"]), str(begun["group"])
        if groups.setdefault(participant, group) != group:
            raise DataError(
                f"{path}: participant {participant} is in group {group!r} here and in "
                f"{groups[participant]!r} in an earlier session; write the right one into "
                "participants.tsv (column group) and correct the protocol's table."
            )
    return groups


def read_scales(data: Path) -> dict[str, dict[str, float]]:
    """Every column of numbers in the phenotype tables: ``table.column``, then participant.

    A participant with several lines in a table (visits) has the mean of them.
    """
    scales: dict[str, dict[str, list[float]]] = {}
    for path in sorted((data / "phenotype").glob("*.tsv")):
        for row in rows_of_table(path, (ID,)):
            person = row[ID].removeprefix("sub-")
            for name, text in row.items():
                value = number_in(text)
                if name != ID and value is not None:
                    scale = scales.setdefault(f"{path.stem}.{name}", {})
                    scale.setdefault(person, []).append(value)
    return {
        name: {person: sum(values) / len(values) for person, values in scale.items()}
        for name, scale in scales.items()
    }


def read_covariates(
    path: Path, scales: Mapping[str, Mapping[str, float]]
) -> dict[str, dict[str, float]]:
    """Vocabulary, age, sex and trauma by participant, as far as they are known.

    From a column of that name of ``participants.tsv``, else of a phenotype table (``wst.total``
    and ``lab.wst`` are both found). Words (``f``, ``m``) become 0 and 1 in the order of the
    alphabet; with more than two of them each but the first has a column of its own.
    """
    people = read_participants(bytes_of(path), path)
    columns = {name.lower(): name for name in people.columns}
    found: dict[str, dict[str, float]] = {}
    for covariate, names in NAMES.items():
        column = next((columns[name] for name in names if name in columns), None)
        if column is not None:
            told = {row[ID].removeprefix("sub-"): row[column] for row in people.rows}
            found |= _coded(covariate, {p: t for p, t in told.items() if t not in ("", "n/a")})
        else:
            score = next((of for name in names for of in _scored(name, scales)), None)
            found |= {} if score is None else {covariate: dict(score)}
    return found


def _scored(name: str, scales: Mapping[str, Mapping[str, float]]) -> Sequence[Mapping[str, float]]:
    """Scores whose column has a name, or the total of a table that has it."""
    return [
        of
        for key, of in sorted(scales.items())
        for table, _, column in [key.lower().partition(".")]
        if column == name or (table == name and column in ("total", "sum", "score"))
    ]


def _coded(covariate: str, told: Mapping[str, str]) -> dict[str, dict[str, float]]:
    numbers = {person: number_in(text) for person, text in told.items()}
    known = {person: value for person, value in numbers.items() if value is not None}
    if len(known) == len(told):
        return {covariate: known} if known else {}
    words = sorted({text.lower() for text in told.values()})
    if len(words) == 2:
        return {covariate: {p: float(t.lower() == words[1]) for p, t in told.items()}}
    return {
        f"{covariate}_{word}": {p: float(t.lower() == word) for p, t in told.items()}
        for word in words[1:]
    }


def rows_of_table(path: Path, needed: Sequence[str]) -> list[dict[str, str]]:
    """The rows of a table separated by tabs, cells as text; none if it is not there."""
    content = bytes_of(path)
    if content is None:
        return []
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(f"{path}: this is not UTF-8 text; save it again in UTF-8.") from None
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter="\t", quoting=csv.QUOTE_NONE)
    for name in needed:
        if name not in (reader.fieldnames or ()):
            raise DataError(f"{path}: column {name!r} is missing; the table needs {needed}.")
    return [{name: (row[name] or "").strip() for name in reader.fieldnames or ()} for row in reader]


def number_in(text: str) -> float | None:
    """A cell's finite number; None if it holds anything else."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
