"""Words and pictures that one participant must not see: kept with their data, told to nobody.

A word that hurts somebody says something about that person. So the list lies beside the
participant's logs, readable for its owner only, and no log, export or message repeats it: they say
how many trials were left out.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mbtexp.errors import DataError, DiskError, SettingError
from mbtexp.session import Session
from mbtexp.task import Column

LONGEST = 60
"""Characters of a name on the list; more is no word and no stimulus."""


def path_of(data: Path, participant: str) -> Path:
    """Where a participant's list lies, one name a line."""
    Session(participant, "any")  # refuses what is no label
    return data / "sourcedata" / f"sub-{participant}" / f"sub-{participant}_excluded.txt"


def read_excluded(data: Path, participant: str) -> frozenset[str]:
    """The names on a participant's list, in small letters; none if there is no list.

    Raises
    ------
    DataError
        The list is there and cannot be read: nobody may guess that it is empty.
    """
    path = path_of(data, participant)
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return frozenset()
    except (OSError, UnicodeDecodeError):
        raise DataError(
            f"{path}: the list of what this participant must not see cannot be read; "
            "mend its permissions, or save it again as UTF-8 text."
        ) from None
    names = (line.partition("#")[0].strip() for line in lines)
    return frozenset(name.casefold() for name in names if name)


def exclude(data: Path, participant: str, names: Iterable[str]) -> int:
    """Put names on a participant's list; how many there are now.

    Raises
    ------
    SettingError
        A name that is empty, longer than 60 characters, or more than one line.
    DiskError
        The list cannot be written.
    """
    wanted = [" ".join(name.split()) for name in names]
    for given, name in zip(names, wanted, strict=True):
        if not name or len(name) > LONGEST or "#" in name or given.strip().count("\n"):
            raise SettingError(
                "a name on the list is one word or the name of one stimulus, up to "
                f"{LONGEST} characters and without '#'; give them one by one."
            )
    known = read_excluded(data, participant)
    new = [name for name in dict.fromkeys(wanted) if name.casefold() not in known]
    path = path_of(data, participant)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.writelines(f"{name}\n" for name in new)
    except OSError as error:
        raise DiskError(
            f"{path}: the list cannot be written ({error.strerror}); choose a folder that can be."
        ) from None
    return len(known | {name.casefold() for name in new})


def allowed(
    rows: Sequence[Any], excluded: frozenset[str], columns: Mapping[str, Column]
) -> tuple[Any, ...]:
    """The rows of a design that show nothing of what is excluded; their numbers stay as they were.

    Columns that name a condition (they have levels) say nothing about what is shown.
    """
    if not excluded:
        return tuple(rows)
    return tuple(row for row in rows if not _shown(row, columns) & excluded)


def _shown(row: Any, columns: Mapping[str, Column]) -> set[str]:
    names: set[str] = set()
    for field in dataclasses.fields(row):
        column = columns.get(field.name)
        if column is not None and column.levels:
            continue
        value = getattr(row, field.name)
        for one in value if isinstance(value, tuple) else (value,):
            if isinstance(one, str):
                names.add(one.casefold())
    return names
