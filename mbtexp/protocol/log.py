"""The session's own log: which steps were done, what was decided and why, one line each."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from mbtexp.clock import VIRTUAL_UTC
from mbtexp.errors import DataError, DiskError
from mbtexp.events import Event, EventLog
from mbtexp.session import Session

FORMAT = 1
"""Version of the session log's layout."""

FINAL = ("completed", "skipped")
"""Outcomes after which a step is over."""

OPENING = b'{"kind":"session",'
"""How the first line begins."""

CLOCK_STEP_S = 5.0
"""A change of the computer's time of day by more than this is written down."""


def session_folder(data: Path, participant: str, session: str, *, pilot: bool) -> Path:
    """Where a session's logs lie."""
    return Session(participant, "session", session).log_path(data, pilot=pilot).parent


def session_path(data: Path, participant: str, session: str, *, pilot: bool) -> Path:
    """Where a session's own log lies."""
    folder = session_folder(data, participant, session, pilot=pilot)
    return folder / f"sub-{participant}_ses-{session}_session.jsonl"


@dataclass
class SessionEvents:
    """A session's events in order, and what follows from them."""

    path: Path
    events: list[Event]
    damage: list[str] = field(default_factory=list)

    @property
    def header(self) -> Event:
        """The first line: protocol, participant, cell, steps."""
        return self.events[0]

    def of(self, kind: str) -> Iterator[Event]:
        """The events of one kind."""
        return (event for event in self.events if event["kind"] == kind)

    @property
    def completed(self) -> bool:
        """Whether the session reached its end."""
        return any(event.get("completed") for event in self.of("end"))

    @property
    def last_t(self) -> float:
        """Seconds of the session at its last line."""
        return max(float(event["t"]) for event in self.events)

    def outcome(self, step: str) -> str | None:
        """What became of a step the last time; None: not begun, or begun and not ended."""
        for event in reversed(self.events):
            if event.get("step") == step and event["kind"] in ("step_start", "step_end"):
                return None if event["kind"] == "step_start" else str(event["outcome"])
        return None

    def is_over(self, step: str) -> bool:
        """Whether a step is completed or skipped."""
        return self.outcome(step) in FINAL

    def open_start(self) -> Event | None:
        """The step that was begun and not ended: the machine stopped there."""
        started = None
        for event in self.events:
            if event["kind"] == "step_start":
                started = event
            elif event["kind"] == "step_end":
                started = None
        return started

    def last_start(self, step: str) -> Event | None:
        """The last time that a step began."""
        return next((e for e in reversed(self.events) if _is(e, "step_start", step)), None)

    def logs_of(self, step: str) -> list[str]:
        """File names of a step's completed runs, in order."""
        return [
            str(event["log"])
            for event in self.events
            if _is(event, "step_end", step) and event["outcome"] == "completed" and event["log"]
        ]

    def logs(self) -> list[str]:
        """File names of all runs that were begun, in order, each once."""
        names = (event.get("log") for event in self.of("step_start"))
        return list(dict.fromkeys(str(name) for name in names if name))

    def decided(self, rule: str) -> list[Event]:
        """The decisions that a rule led to."""
        return [event for event in self.of("decision") if event.get("rule") == rule]


def _is(event: Event, kind: str, step: str) -> bool:
    return event["kind"] == kind and event.get("step") == step


def read_session(path: Path) -> SessionEvents | None:
    """A session's log; None if there is none, or nothing whole in it.

    Raises
    ------
    DataError
        The file is no session log, or was written by a newer version.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DataError(f"{path}: the session's log cannot be read ({error.strerror}).") from None
    events: list[Event] = []
    damage: list[str] = []
    for number, line in enumerate(lines, start=1):
        event = _decode(line)
        if event is not None:
            events.append(event)
        elif line:
            damage.append(f"{path}: line {number} is damaged and was left out.")
    if not events and _is_cut_off(lines[0]):
        return None  # the machine stopped before the first line was whole
    if not events or events[0]["kind"] != "session":
        raise DataError(
            f"{path}: this is not a session's log, or its first line is damaged; move it out of "
            "the way to go on without it."
        )
    if events[0].get("format") != FORMAT:
        raise DataError(
            f"{path}: session log format {events[0].get('format')}; this version reads format "
            f"{FORMAT}. Use the version of mbtexp that wrote it, or a newer one."
        )
    return SessionEvents(path, events, damage)


def _is_cut_off(first: bytes) -> bool:
    """Whether a line is the beginning of our first line."""
    return OPENING.startswith(first[: len(OPENING)])


def _decode(line: bytes) -> Event | None:
    try:
        event = json.loads(line.decode())
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) and "kind" in event and "t" in event else None


class SessionClock:
    """Seconds since the session began, and the time of day beside them.

    The seconds never go back, whatever becomes of the computer's time of day.

    Parameters
    ----------
    zero
        Time of day at which the session began.
    at
        What the clock shows now.
    virtual
        Whether time passes only by what is played.
    """

    def __init__(self, zero: datetime, at: float = 0.0, *, virtual: bool = False) -> None:
        self.zero = zero
        self.virtual = virtual
        self._at = at
        self._since = time.monotonic()
        self._day = datetime.now(tz=UTC) - timedelta(seconds=at)

    def now(self) -> float:
        """Seconds since the session began."""
        return self._at if self.virtual else self._at + time.monotonic() - self._since

    def utc(self) -> str:
        """Time of day, ISO 8601; on the virtual lab that of the virtual clock."""
        moment = self.zero + timedelta(seconds=self._at) if self.virtual else _day_now()
        return moment.isoformat(timespec="microseconds")

    def pass_to(self, t: float) -> None:
        """Let virtual time pass; a real clock needs nobody for that."""
        self._at = max(self._at, t) if self.virtual else self._at

    def shifted_s(self) -> float:
        """By how much the time of day was set since the last look, s; below 0: back."""
        if self.virtual:
            return 0.0
        day = _day_now() - timedelta(seconds=self.now())
        shift, self._day = (day - self._day).total_seconds(), day
        return shift


def _day_now() -> datetime:
    return datetime.now(tz=UTC)


class SessionLog:
    """Appends to the session's log and remembers what it holds.

    Parameters
    ----------
    past
        What is there already, or an empty list of events.
    clock
        The session's clock.
    resume
        Whether the file is there.
    """

    def __init__(self, past: SessionEvents, clock: SessionClock, *, resume: bool) -> None:
        self.past = past
        self.clock = clock
        self._log = _opened(past.path, resume=resume)

    def append(self, kind: str, **fields: Any) -> None:
        """One line, safe on the disk soon."""
        shift_s = self.clock.shifted_s()
        if abs(shift_s) > CLOCK_STEP_S:
            way = "back" if shift_s < 0 else "forward"
            self._write(
                "decision",
                {
                    "text": f"the computer's clock was set {way} by {abs(shift_s):.0f} s; the "
                    "session's own seconds go on",
                    "rule": "clock",
                    "shift_s": round(shift_s, 3),
                },
            )
        self._write(kind, fields)

    def _write(self, kind: str, fields: Mapping[str, Any]) -> None:
        t = self.clock.now()
        if self.past.events:
            t = max(t, self.past.last_t)
        event = {"utc": self.clock.utc(), **fields}
        self._log.append(kind, t, **event)
        self._log.sync()
        self.past.events.append({"kind": kind, "t": round(t, 6), **event})

    def close(self) -> None:
        """Wait until everything is on the disk, then close."""
        self._log.close()


def clock_of(past: SessionEvents | None, *, virtual: bool) -> SessionClock:
    """The clock of a new session, or of one that goes on where it was."""
    if past is None:
        zero = datetime.fromisoformat(VIRTUAL_UTC) if virtual else _day_now()
        return SessionClock(zero, virtual=virtual)
    zero = datetime.fromisoformat(past.header["utc"]) - timedelta(seconds=past.header["t"])
    if virtual:
        return SessionClock(zero, past.last_t + 1.0, virtual=True)
    since = (_day_now() - zero).total_seconds()
    return SessionClock(zero, max(since, past.last_t + 0.001))


def _opened(path: Path, *, resume: bool) -> EventLog:
    """The log, for this process alone."""
    try:
        return EventLog(path, resume=resume)
    except DiskError:
        raise
    except DataError:
        raise DataError(
            f"{path}: this session is going on in another window or on another computer; end it "
            "there first, or check the participant's code."
        ) from None
