"""A file for one process at a time: whoever comes second waits a moment."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from mbtexp.errors import DataError, DiskError
from mbtexp.events import LOCKED_BYTE

WAIT_S = 10.0
"""Longest wait for another process; what is done meanwhile takes milliseconds."""

STEP_S = 0.02


@contextlib.contextmanager
def locked(path: Path, *, wait_s: float = WAIT_S) -> Iterator[int]:
    """The file opened for appending, made if need be, for this process alone.

    Raises
    ------
    DataError
        Another process has it all the time, or it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
    except OSError as error:
        raise DiskError(
            f"{path}: the file cannot be written ({error.strerror}); choose another --data folder "
            "or free this one."
        ) from None
    try:
        _wait_for(descriptor, path, time.monotonic() + wait_s)
        yield descriptor
    finally:
        os.close(descriptor)


def _wait_for(descriptor: int, path: Path, until: float) -> None:
    while not _taken(descriptor):
        if time.monotonic() > until:
            raise DataError(
                f"{path} is being written by another session all the time; wait for it and start "
                "again."
            )
        time.sleep(STEP_S)


def _taken(descriptor: int) -> bool:
    """Whether the lock is ours now; a drive without locks gives it to everybody."""
    try:
        if sys.platform == "win32":
            import msvcrt  # noqa: PLC0415  Windows only

            os.lseek(descriptor, LOCKED_BYTE, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl  # noqa: PLC0415  POSIX only

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in (errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK)
    return True
