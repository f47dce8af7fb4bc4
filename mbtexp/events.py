"""The event log: one JSON object a line, appended once, never rewritten, readable after a crash."""

from __future__ import annotations

import errno
import json
import math
import os
import queue
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from mbtexp.errors import DataError, DiskError

FORMAT = 1
"""Version of the log's layout (docs/log-format.md)."""

LOCKED_BYTE = 2**31 - 2
"""Where Windows locks a log."""

Event = dict[str, Any]


def encode(event: Mapping[str, Any]) -> bytes:
    r"""One line of the log; numbers that are not finite are refused, they are no JSON.

    >>> encode({"kind": "note", "t": 0.1})
    b'{"kind":"note","t":0.1}\n'
    """
    return _ENCODE(event).encode() + b"\n"


_ENCODE = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, separators=(",", ":"), check_circular=False
).encode


def rounded(value: float | None) -> float | None:
    """A time in the log: microseconds, enough for any clock here, without float noise."""
    return None if value is None or not math.isfinite(value) else round(value, 6)


class Sink(Protocol):
    """Where a run puts its events."""

    def append(self, kind: str, t: float, **fields: Any) -> None:
        """Take one event; ``t`` is in seconds on the run clock."""
        ...

    def sync(self) -> None:
        """A trial is complete: make it safe."""
        ...

    def close(self) -> None:
        """No more events."""
        ...


class MemoryLog:
    """Keeps events in memory, as the file would hold them; for plans and tests."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def append(self, kind: str, t: float, **fields: Any) -> None:
        """Keep one event."""
        self.events.append({"kind": kind, "t": rounded(t), **fields})

    def sync(self) -> None:
        """Nothing to make safe."""

    def close(self) -> None:
        """Nothing to close."""

    def of(self, kind: str) -> list[Event]:
        """The events of one kind, in order."""
        return [event for event in self.events if event["kind"] == kind]


class EventLog:
    """Appends events to a file that is new, or that a resumed run continues.

    One ``os.write`` an event; the disk is asked to keep it (``fdatasync``) on another thread when
    ``sync`` is called at the end of a trial. If the disk takes no more, what could not be written
    is kept in a rescue file elsewhere and the run is told with a DiskError, once; what a run that
    is being closed still has to say goes to the same file. The log's bytes followed by the rescue's
    are the whole log. While the log is open no other process can open it.
    """

    def __init__(self, path: Path, *, resume: bool = False) -> None:
        self.path = path
        self._descriptor = _open_append(path) if resume else _create(path)
        _refuse_second_writer(self._descriptor, path)
        self._rescue: Path | None = None
        self._to_sync: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._syncer = threading.Thread(target=self._sync_forever, name="log-sync", daemon=True)
        self._syncer.start()
        if resume and not _ends_with_newline(path):
            self._write(b"\n")

    def append(self, kind: str, t: float, **fields: Any) -> None:
        """Write one event; ``t`` is in seconds on the run clock."""
        self._write(encode({"kind": kind, "t": rounded(t), **fields}))

    def sync(self) -> None:
        """Ask for everything so far to be on the disk soon; returns at once."""
        self._to_sync.put(True)

    def close(self) -> None:
        """Wait until everything is on the disk, then close."""
        if self._descriptor < 0:
            return
        self._to_sync.put(False)
        self._syncer.join()
        os.close(self._descriptor)
        self._descriptor = -1

    def _write(self, line: bytes) -> None:
        if self._rescue is not None:
            self._keep_elsewhere(line)
            return
        written = 0
        try:
            while written < len(line):
                written += os.write(self._descriptor, line[written:])
        except OSError as error:
            self._rescue = _rescue_folder(self.path) / self.path.name
            self._keep_elsewhere(line[written:])
            raise DiskError(
                f"{self.path}: the log could not be written ({_reason(error)}). What did not fit "
                f"is in {self._rescue}; make room, append that file to the log, then run with "
                "--resume."
            ) from None

    def _keep_elsewhere(self, rest: bytes) -> None:
        if self._rescue is None:
            return
        try:
            with self._rescue.open("ab") as rescue:
                rescue.write(rest)
        except OSError as error:
            raise DiskError(
                f"{self.path}: the log could not be written, and neither could {self._rescue} "
                f"({_reason(error)}). Everything up to the last whole line is in the log; make "
                "room, then run with --resume."
            ) from None

    def _sync_forever(self) -> None:
        while self._to_sync.get():
            try:
                _datasync(self._descriptor)
            except OSError:
                # A disk that cannot sync fails the next write too, and that one is reported.
                continue
        try:
            _datasync(self._descriptor)
        except OSError:
            return


_datasync = getattr(os, "fdatasync", os.fsync)


def _rescue_folder(path: Path) -> Path:
    """A new folder for what a full disk did not take."""
    try:
        return Path(tempfile.mkdtemp(prefix="mbtexp-rescue-"))
    except OSError as error:
        raise DiskError(
            f"{path}: the log could not be written, and there is no room for the rest anywhere "
            f"else ({_reason(error)}). Everything up to the last whole line is in the log; make "
            "room, then run with --resume."
        ) from None


def _reason(error: OSError) -> str:
    return os.strerror(error.errno or errno.EIO)


def _refuse_second_writer(descriptor: int, path: Path) -> None:
    """Take the log for this process alone, until it is closed or the process ends."""
    try:
        if sys.platform == "win32":
            import msvcrt  # noqa: PLC0415  Windows only

            # A byte far behind the end: a lock there keeps no reader from the log itself.
            os.lseek(descriptor, LOCKED_BYTE, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl  # noqa: PLC0415  POSIX only

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        # Some network drives know no locks; a run must still be possible there.
        if error.errno not in (errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK):
            return
        os.close(descriptor)
        raise DataError(
            f"{path} is being written by a run that is still going on. End that run first, or use "
            "--run with another number."
        ) from None


def _create(path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _not_created(path, error) from None
    try:
        return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o644)
    except FileExistsError:
        if path.stat().st_size == 0:
            return _open_append(path)  # a run that ended before its first line
        raise DataError(
            f"{path} exists already. Nothing is overwritten: use --resume to go on with that run, "
            "or --run with another number."
        ) from None
    except OSError as error:
        raise _not_created(path, error) from None


def _not_created(path: Path, error: OSError) -> DiskError:
    return DiskError(
        f"{path}: the log cannot be created ({_reason(error)}); "
        "choose another --data folder or free this one."
    )


def _open_append(path: Path) -> int:
    try:
        return os.open(path, os.O_WRONLY | os.O_APPEND)
    except FileNotFoundError:
        raise DataError(f"{path}: there is no run to resume; leave out --resume.") from None
    except OSError as error:
        raise DiskError(
            f"{path}: the log cannot be written ({_reason(error)}); make it and its folder "
            "writable, then try again."
        ) from None


def _ends_with_newline(path: Path) -> bool:
    with path.open("rb") as log:
        log.seek(0, os.SEEK_END)
        if log.tell() == 0:
            return True
        log.seek(-1, os.SEEK_END)
        return log.read(1) == b"\n"


@dataclass(frozen=True)
class Log:
    """A log as read: its events in order, and what could not be read."""

    path: Path
    events: list[Event]
    damage: list[str] = field(default_factory=list)
    """One sentence for each line that was left out."""

    @property
    def header(self) -> Event:
        """The first line: what was run, on what, with which design."""
        return self.events[0]

    def of(self, kind: str) -> Iterator[Event]:
        """The events of one kind, in order."""
        return (event for event in self.events if event["kind"] == kind)

    @property
    def completed(self) -> bool:
        """Whether the run reached its end."""
        return any(event.get("completed") for event in self.of("end"))


def read_log(path: Path) -> Log:
    """The good part of a log; refuses a file without a header.

    Raises
    ------
    DataError
        The file is missing, is no log, or was written by a newer version.
    """
    return log_of(path, content_of(path))


def content_of(path: Path) -> bytes:
    """The bytes of a log.

    Raises
    ------
    DataError
        The file cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(
            f"{path}: the log cannot be read ({_reason(error)}); check the path."
        ) from None


def log_of(path: Path, content: bytes) -> Log:
    """The good part of a log whose bytes are known, as ``read_log`` gives it.

    Raises
    ------
    DataError
        These are not the bytes of a log, or a newer version wrote them.
    """
    lines = content.split(b"\n")
    whole = _decode_all([line for line in lines if line])
    events, damage = (whole, []) if whole is not None else _line_by_line(path, lines)
    if not events or events[0]["kind"] != "header":
        raise DataError(
            f"{path}: this is not a log of mbtexp, or its first line is damaged; move it out of "
            "the way to go on without it."
        )
    if events[0].get("format") != FORMAT:
        raise DataError(
            f"{path}: log format {events[0].get('format')}; this version reads format {FORMAT}. "
            "Install the version of mbtexp that wrote it, or a newer one."
        )
    return Log(path, events, damage)


def _decode_all(lines: Sequence[bytes]) -> list[Event] | None:
    """All lines at once, in half the time; None where a line may be damaged.

    As items of one list they are told apart by commas, which a broken line could upset: so each
    must look like one of ours at both ends, and there must be as many items as lines.
    """
    if not all(line.startswith(b'{"kind":') and line.endswith(b"}") for line in lines):
        return None
    try:
        events = json.loads((b"[" + b",".join(lines) + b"]").decode())
    except (ValueError, RecursionError):
        return None
    return events if len(events) == len(lines) and all(map(_is_event, events)) else None


def _line_by_line(path: Path, lines: Sequence[bytes]) -> tuple[list[Event], list[str]]:
    """The good lines, and a sentence for each of the others."""
    events: list[Event] = []
    damage: list[str] = []
    for number, line in enumerate(lines, start=1):
        if not line:
            continue
        event = _decode(line)
        if event is None:
            damage.append(f"{path}: line {number} is damaged and was left out.")
        else:
            events.append(event)
    return events, damage


def _decode(line: bytes) -> Event | None:
    try:
        event = json.loads(line.decode())
    except (ValueError, RecursionError):
        return None
    return event if _is_event(event) else None


def _is_event(found: object) -> bool:
    return isinstance(found, dict) and "kind" in found and "t" in found


def find_logs(folder: Path) -> list[Path]:
    """All logs under a data folder, in a fixed order; pilots have a folder of their own."""
    return sorted(folder.glob("sourcedata/sub-*/**/*_log.jsonl"))
