"""The logs of a data folder as they grow: which sessions are alive, and what each shows."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from mbtexp.errors import DataError
from mbtexp.watch.alarms import (
    distress_alarms,
    earlier_alarms,
    in_order,
    run_alarms,
    told_alarms,
)
from mbtexp.watch.runs import DISTRESS_LIMIT, RunSeen
from mbtexp.watch.sessions import SessionSeen
from mbtexp.watch.tail import Tail
from mbtexp.watch.view import Alarm, Distress, RunView, SessionView, View

RECENT_S = 1800.0
"""A session is shown for that long after its last line; the newest one always."""

SCAN_S = 2.0
"""How often the folder is searched for new logs; the known ones are read at every look."""

SCAN_SHARE = 20
"""A search that took long (a slow network drive) is repeated no sooner than that many times it."""

RUN_LOG = re.compile(r"sub-[A-Za-z0-9]+_ses-[A-Za-z0-9]+_task-.*_log\.jsonl")
SESSION_LOG = re.compile(r"sub-[A-Za-z0-9]+_ses-[A-Za-z0-9]+_session\.jsonl")


@dataclass(frozen=True, order=True)
class _Where:
    """One session's folder."""

    pilot: bool
    participant: str
    session: str
    folder: Path


@dataclass
class _Log:
    """One log with its tail and what it has told."""

    tail: Tail
    seen: RunSeen | SessionSeen
    reading: int = 1
    grew: float = 0.0
    """When it last grew, s on the watch's own clock."""


@dataclass
class _Session:
    """The logs of one session that are read."""

    runs: dict[str, _Log] = field(default_factory=dict)
    own: _Log | None = None

    def logs(self) -> list[_Log]:
        return [*self.runs.values(), *([] if self.own is None else [self.own])]


class Folder:
    """What happens in a data folder, by its logs alone.

    Parameters
    ----------
    data
        The study's folder.
    participant, session
        Show only these; every session with something new where they are None.

    Raises
    ------
    DataError
        There is no such folder.
    """

    def __init__(
        self, data: Path, *, participant: str | None = None, session: str | None = None
    ) -> None:
        if not data.is_dir():
            raise DataError(
                f"{data}: there is no such folder. Give the folder that runs get as --data; the "
                "first run makes it."
            )
        self._data = data
        self._participant, self._session = participant, session
        self._sessions: dict[_Where, _Session] = {}
        self._next_scan = float("-inf")
        self._found: dict[_Where, dict[Path, float]] = {}

    def look(self, now: float | None = None, wall: float | None = None) -> View:
        """What there is to see.

        Parameters
        ----------
        now
            Seconds on a clock that only goes forward; the computer's by default.
        wall
            Seconds since 1970, only to tell how old the files are; the computer's by default.
        """
        now = time.monotonic() if now is None else now
        wall = time.time() if wall is None else wall
        if now >= self._next_scan:
            began = time.perf_counter()
            self._search(now, wall)
            took_s = time.perf_counter() - began
            self._next_scan = now + max(SCAN_S, SCAN_SHARE * took_s)
        for session in self._sessions.values():
            for log in session.logs():
                _read(log, now)
        shown = tuple(
            _view(where, session, now)
            for where, session in sorted(self._sessions.items(), key=lambda one: one[0])
            if any(log.seen.header for log in session.logs())
        )
        at = datetime.fromtimestamp(wall).astimezone().strftime("%H:%M:%S")
        return View(self._data.name or str(self._data), at, shown, "" if shown else self._nothing())

    # -- which logs -----------------------------------------------------------------------------

    def _search(self, now: float, wall: float) -> None:
        self._found = {where: _logs_of(where.folder) for where in self._places()}
        newest = {where: max(logs.values()) for where, logs in self._found.items() if logs}
        shown = {where for where, at in newest.items() if wall - at <= RECENT_S}
        if newest and not shown:
            shown = {max(newest, key=lambda where: newest[where])}
        self._sessions = {where: self._sessions.get(where, _Session()) for where in sorted(shown)}
        for where, session in self._sessions.items():
            for path, changed in self._found[where].items():
                _add(session, path, now - max(0.0, wall - changed))

    def _places(self) -> Iterator[_Where]:
        for pilot in (False, True):
            root = (self._data / "pilot" if pilot else self._data) / "sourcedata"
            for person in _folders(root, "sub-", self._participant):
                for visit in _folders(person, "ses-", self._session):
                    yield _Where(pilot, person.name[4:], visit.name[4:], visit)

    def _nothing(self) -> str:
        if not self._data.is_dir():
            return f"{self._data} is gone; waiting for it to come back."
        whom = "" if self._participant is None else f" of participant {self._participant}"
        whom += "" if self._session is None else f", session {self._session}"
        return f"There is no log{whom} yet; waiting for the first run to start."


def _folders(root: Path, prefix: str, label: str | None) -> list[Path]:
    if label is not None:
        return [root / f"{prefix}{label}"]
    try:
        with os.scandir(root) as entries:
            return sorted(Path(entry.path) for entry in entries if entry.name.startswith(prefix))
    except OSError:
        return []


def _logs_of(folder: Path) -> dict[Path, float]:
    """The logs of a session's folder with the time of their last change."""
    try:
        with os.scandir(folder) as entries:
            return {
                Path(entry.path): entry.stat().st_mtime
                for entry in entries
                if RUN_LOG.fullmatch(entry.name) or SESSION_LOG.fullmatch(entry.name)
            }
    except OSError:
        return {}


def _add(session: _Session, path: Path, grew: float) -> None:
    if SESSION_LOG.fullmatch(path.name):
        if session.own is None:
            session.own = _Log(Tail(path), SessionSeen(), grew=grew)
    elif path.name not in session.runs:
        session.runs[path.name] = _Log(Tail(path), RunSeen(path.name), grew=grew)


def _read(log: _Log, now: float) -> None:
    """Take what was appended; a log that was replaced is told from its start."""
    first = not log.seen.header
    events = log.tail.new_events()
    if log.tail.readings != log.reading:
        log.reading = log.tail.readings
        log.seen = RunSeen(log.tail.path.name) if isinstance(log.seen, RunSeen) else SessionSeen()
    for event in events:
        log.seen.take(event)
    if events and not first:
        log.grew = now


# -- one session --------------------------------------------------------------------------------


def _view(where: _Where, session: _Session, now: float) -> SessionView:
    logs = sorted(
        (log for log in session.runs.values() if log.seen.header),
        key=lambda log: (log.seen.open if isinstance(log.seen, RunSeen) else False, log.grew),
    )
    runs = [log.seen for log in logs if isinstance(log.seen, RunSeen)]
    own = session.own.seen if session.own and isinstance(session.own.seen, SessionSeen) else None
    protocol = own if own is not None and own.header else None
    current = _current(runs, protocol)
    silent = {log.tail.path.name: max(0.0, now - log.grew) for log in logs}
    silent_s = min(max(0.0, now - log.grew) for log in session.logs())
    quiet_s = 0.0 if session.own is None else max(0.0, now - session.own.grew)
    earlier = [run for run in runs if run is not current]
    ratings = _ratings(runs)
    limit = _distress_limit(runs, protocol)
    run_view = None if current is None else _run_view(current, silent[current.log], protocol)
    return SessionView(
        participant=where.participant,
        session=where.session,
        mode="pilot" if where.pilot else "lab",
        simulated=any(run.header.get("simulated") for run in runs),
        protocol="" if protocol is None else protocol.protocol,
        state=_state(run_view, protocol),
        elapsed_s=_elapsed_s(protocol, run_view, quiet_s),
        left_s=_left_s(protocol, run_view, quiet_s),
        silent_s=silent_s,
        steps=() if protocol is None else protocol.steps(),
        run=run_view,
        earlier=tuple(run.view(0.0) for run in earlier),
        distress=ratings,
        distress_limit=limit,
        alarms=(
            *told_alarms(sorted(runs, key=lambda run: run.began_utc)),
            *distress_alarms(ratings, limit),
            *_alarms(session, current, silent, earlier, protocol),
        ),
    )


def _current(runs: list[RunSeen], protocol: SessionSeen | None) -> RunSeen | None:
    """The run that is going on, or the last one; none while the session shows something else."""
    if not runs:
        return None
    last = runs[-1]
    between = protocol is not None and protocol.ended is None and protocol.now is not None
    if between and protocol is not None and last.step is not None and last.step != protocol.now:
        return None
    return last


def _run_view(run: RunSeen, silent_s: float, protocol: SessionSeen | None) -> RunView:
    planned = None if protocol is None else protocol.minutes_of(run.step)
    return run.view(silent_s, None if planned is None else 60 * planned)


def _ratings(runs: list[RunSeen]) -> tuple[Distress, ...]:
    """The session's ratings of distress, in the order of its runs."""
    in_time = sorted(runs, key=lambda run: run.began_utc)
    return tuple(rating for run in in_time for rating in run.distress)


def _distress_limit(runs: list[RunSeen], protocol: SessionSeen | None) -> float:
    """The lowest of the limits that the protocol and its rating runs have."""
    limits = [run.distress_limit for run in runs if run.distress]
    limits += [] if protocol is None else [protocol.distress_limit]
    return min((limit for limit in limits if limit is not None), default=DISTRESS_LIMIT)


def _state(run: RunView | None, protocol: SessionSeen | None) -> str:
    if protocol is not None and protocol.ended is not None:
        return "session complete" if protocol.ended else "session ended early"
    if run is not None and run.phase in ("running", "paused"):
        return run.phase
    if protocol is None:
        return "no run is going on" if run is None else f"run {run.phase}"
    return "between two runs" if protocol.now is None else f"at step {protocol.now}"


def _elapsed_s(protocol: SessionSeen | None, run: RunView | None, quiet_s: float) -> float | None:
    """How long the session has gone on; of runs that are no session's, the last one.

    ``quiet_s`` is the time since the session log's last line.
    """
    if protocol is None:
        return None if run is None else run.elapsed_s
    return protocol.last_t + (0.0 if protocol.ended is not None else quiet_s)


def _left_s(protocol: SessionSeen | None, run: RunView | None, quiet_s: float) -> float | None:
    if protocol is None:
        return None if run is None else run.left_s
    if protocol.ended is not None:
        return 0.0
    now_s = 60 * (protocol.minutes_of(protocol.now) or 0.0)
    if run is not None and run.phase in ("running", "paused"):
        now_s = now_s if run.left_s is None else run.left_s
    elif protocol.now is not None and protocol.now_since is not None:
        now_s = max(0.0, now_s - (protocol.last_t + quiet_s - protocol.now_since))
    return now_s + 60 * protocol.minutes_after_now()


def _alarms(
    session: _Session,
    current: RunSeen | None,
    silent: dict[str, float],
    earlier: list[RunSeen],
    protocol: SessionSeen | None,
) -> list[Alarm]:
    found: list[Alarm] = []
    if current is not None:
        found += run_alarms(current, silent[current.log])
    for run in earlier:
        found += earlier_alarms(run)
    if protocol is not None and protocol.no_more:
        found.append(
            Alarm(
                "amber",
                "distress",
                f"{protocol.no_more[:1].upper()}{protocol.no_more[1:].rstrip('.')}.",
                "The steps that are left are left out, but for those that close the session.",
            )
        )
    if protocol is not None and protocol.ended is False:
        found.append(
            Alarm(
                "amber",
                "run",
                f"The session ended early: {protocol.reason or 'no reason is in its log'}",
                "'mbtexp session ... --resume' goes on with it where the study's rules allow.",
            )
        )
    damaged = sum(log.tail.damaged for log in session.logs())
    if damaged:
        found.append(
            Alarm(
                "amber",
                "run",
                f"{damaged} damaged line{'s' * (damaged != 1)} in the logs.",
                "The run is not touched by that. After it, read the log with 'mbtexp show'.",
            )
        )
    return in_order(found)
