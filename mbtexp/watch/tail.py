"""The end of a log that is still being written: whole lines as they are appended."""

from __future__ import annotations

import json
import os
from pathlib import Path

from mbtexp.events import Event


class Tail:
    """Gives what was appended to a log since the last look, without taking its lock.

    A line without its end waits for the rest. A file that became shorter, or was replaced by
    another, is read from its start again, and ``readings`` counts that.

    Parameters
    ----------
    path
        The log; it may not be there yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.readings = 1
        """How often the file was begun: more than once if it was replaced or cut."""
        self.damaged = 0
        """Lines that are no events."""
        self._at = 0
        self._half = b""
        self._file: tuple[int, int] | None = None

    def new_events(self) -> list[Event]:
        """The events that came since the last call; none while the file cannot be read."""
        try:
            # Opened anew at each look: nothing of ours stays open beside the run's own writing.
            with self.path.open("rb") as log:
                self._notice_another_file(os.fstat(log.fileno()))
                log.seek(self._at)
                new = log.read()
        except OSError:
            return []
        self._at += len(new)
        *lines, self._half = (self._half + new).split(b"\n")
        events = [_event(line) for line in lines if line.strip()]
        self.damaged += events.count(None)
        return [event for event in events if event is not None]

    def _notice_another_file(self, now: os.stat_result) -> None:
        file = (now.st_dev, now.st_ino)
        if self._file is not None and (file != self._file or now.st_size < self._at):
            self._at, self._half, self.damaged = 0, b"", 0
            self.readings += 1
        self._file = file


def _event(line: bytes) -> Event | None:
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    told = isinstance(event, dict) and isinstance(event.get("kind"), str)
    return event if told and isinstance(event.get("t"), int | float) else None
