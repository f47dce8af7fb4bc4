"""Erasing photographs: overwritten, removed, and recorded with count, hashes, time and reason."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mbtexp.errors import DataError, DiskError
from mbtexp.photos.manifest import PhotoSet, encoded, new_token
from mbtexp.photos.place import OWNER_FOLDER, write_private
from mbtexp.photos.store import (
    DELETED,
    GOING,
    MANIFEST,
    alone,
    file_of,
    half_erased,
    half_made,
    read_set,
    sheets_of,
)

REASONS = ("withdrawn", "retention", "study-end", "mistake")
"""Why: a fixed word, since free words may hold a name."""

BLOCK = 1 << 20


@dataclass(frozen=True)
class Deletion:
    """The record of an erasure."""

    set: str
    participant: str
    person: str | None
    """The pictured person who was erased; None: the whole set."""
    pictures: int
    sha256: tuple[str, ...]
    """Of the finished pictures; the originals were never here."""
    reason: str
    encrypted: bool
    begun: str
    completed: str | None = None
    method: str = "overwritten once with random bytes, then removed"
    caution: str = (
        "copies that a disk (SSD), a backup or a file system keeps by itself are out of reach; "
        "an encrypted set is unreadable there without its passphrase"
    )


def sweep(store: Path) -> list[str]:
    """Erase what a crash left half made or half erased; a sentence on each."""
    if not half_made(store) and not half_erased(store):
        return []
    told = []
    with alone(store):
        for folder in half_made(store):
            _erase_folder(folder)
            told.append("A set that was not finished when the program ended was erased.")
        for folder in half_erased(store):
            _erase_folder(folder)
            told.append("A set that was not fully erased when the program ended was erased.")
        for path in _records(store):
            _complete(path)
    return told


def purge(store: Path, token: str, reason: str) -> tuple[Deletion, Path]:
    """A set erased for good; its record, and where that lies."""
    with alone(store):
        photo_set = read_set(store, token)
        record = _record(photo_set, None, reason)
        path = _write_record(store, record)
        going = store / f".{token}{GOING}"
        (store / token).rename(going)  # from here on no task finds it, whatever happens
        _erase_folder(going)
        return _complete(path), path


def purge_person(store: Path, token: str, person: str, reason: str) -> tuple[Deletion, Path]:
    """One pictured person erased from a set, with the contact sheet that showed them."""
    with alone(store):
        photo_set = read_set(store, token)
        left = photo_set.without(person)
        record = _record(photo_set, person, reason)
        path = _write_record(store, record)
        gone = {photo.token for photo in photo_set.photos} - {photo.token for photo in left.photos}
        write_private(store / token / MANIFEST, encoded(left))
        for name in (*sorted(gone), *sheets_of(store, photo_set)):
            _erase_file(store / token / file_of(photo_set, name))
        return _complete(path), path


def _record(photo_set: PhotoSet, person: str | None, reason: str) -> Deletion:
    going = [photo for photo in photo_set.photos if person in (None, photo.person)]
    return Deletion(
        set=photo_set.token,
        participant=photo_set.participant,
        person=person,
        pictures=sum(photo.shows_somebody for photo in going),
        sha256=tuple(photo.sha256 for photo in going),
        reason=reason,
        encrypted=photo_set.lock is not None,
        begun=_now(),
    )


def _now() -> str:
    return datetime.now(tz=UTC).isoformat(timespec="seconds")


# -- records --------------------------------------------------------------------------------------


def _write_record(store: Path, record: Deletion) -> Path:
    folder = store / DELETED
    try:
        with contextlib.suppress(FileExistsError):
            os.mkdir(folder, OWNER_FOLDER)  # noqa: PTH102  pathlib masks the mode on some systems
    except OSError as error:
        raise DiskError(
            f"The deletion record cannot be written ({error.strerror}); nothing was erased. Make "
            "room, then repeat."
        ) from None
    path = folder / f"{record.set}_{new_token(6)}.json"
    write_private(path, _signed(asdict(record)))
    return path


def _signed(facts: dict[str, Any]) -> bytes:
    """The record with a checksum over all of it, so that a later change shows."""
    text = json.dumps(facts, sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return (json.dumps({**facts, "record_sha256": digest}, indent=1) + "\n").encode()


def read_record(path: Path) -> Deletion:
    """A deletion record; refuses one that was changed."""
    try:
        facts = json.loads(path.read_bytes())
        written = facts.pop("record_sha256")
        if hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest() != written:
            raise DataError("A deletion record was changed after it was written.")
        return Deletion(**{**facts, "sha256": tuple(facts["sha256"])})
    except (OSError, ValueError, KeyError, TypeError):
        raise DataError("A deletion record cannot be read.") from None


def _records(store: Path) -> Sequence[Path]:
    return sorted((store / DELETED).glob("*.json"))


def _complete(path: Path) -> Deletion:
    record = read_record(path)
    if record.completed is None:
        record = replace(record, completed=_now())
        write_private(path, _signed(asdict(record)))
    return record


# -- files ----------------------------------------------------------------------------------------


def _erase_folder(folder: Path) -> None:
    for path in sorted(f for f in folder.rglob("*") if f.is_file() and not f.is_symlink()):
        _erase_file(path)
    _told(lambda: shutil.rmtree(folder))


def _erase_file(path: Path) -> None:
    """A file overwritten with random bytes of its own length, then removed."""
    if not path.is_file():
        return
    _told(lambda: _overwritten(path))


def _overwritten(path: Path) -> None:
    left = path.stat().st_size
    with path.open("r+b") as file:
        while left > 0:
            left -= file.write(os.urandom(min(left, BLOCK)))
        file.flush()
        os.fsync(file.fileno())
    path.unlink()


def _told(erase: Callable[[], object]) -> None:
    try:
        erase()
    except OSError as error:
        raise DiskError(
            f"Not everything could be erased ({error.strerror}). Repeat the command; what is left "
            "is erased first."
        ) from None
