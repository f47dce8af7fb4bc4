"""The run clock: one monotonic time axis, real or virtual, and actions at a moment on it."""

from __future__ import annotations

import heapq
import itertools
import queue
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Action = Callable[[], None]

SPIN_S = 0.0008
"""A sleep ends this much early and the rest is spun: a wake-up is late by up to half of it."""

LEAD_S = 0.001
"""The port thread stops listening for new actions this long before one is due."""

SWITCH_INTERVAL_S = 0.0001
"""How long a busy frame may keep the interpreter from the port thread, which is then late by as
much. Python's own interval is 5 ms; pulses would be that much too long."""


class MonotonicClock:
    """Seconds on the machine's monotonic clock since the run was opened.

    On Linux this is CLOCK_MONOTONIC, the clock of input events and of a virtual screen too.

    Parameters
    ----------
    at
        What the clock shows when it is made; a resumed run goes on where its log ends.
    """

    def __init__(self, at: float = 0.0) -> None:
        self._zero = time.perf_counter() - at
        self._utc_at_zero = _utc_of(self._zero)
        self._due: queue.SimpleQueue[tuple[float, int, Action | None]] = queue.SimpleQueue()
        self._order = itertools.count()
        self._worker: threading.Thread | None = None
        self._switch_interval_s = 0.0

    def now(self) -> float:
        """Seconds on the run clock."""
        return time.perf_counter() - self._zero

    def sleep_until(self, t: float) -> None:
        """Return at ``t`` (10 microseconds late on an idle machine), at once if it is past."""
        rest = t - SPIN_S - self.now()
        if rest > 0:
            time.sleep(rest)
        while self.now() < t:
            pass

    def call_at(self, t: float, action: Action) -> None:
        """Do ``action`` at ``t`` on the port thread; it must be short and must not raise.

        The thread starts with the first call: make one before the first flip.
        """
        if self._worker is None:
            self._start()
        self._due.put((t, next(self._order), action))

    def utc_at_zero(self) -> str:
        """Time of day (UTC, ISO 8601) at which the run clock showed zero."""
        return self._utc_at_zero

    def to_run(self, t_monotonic: float) -> float:
        """Seconds on the run clock for a stamp of the machine's monotonic clock."""
        return t_monotonic - self._zero

    @property
    def source(self) -> str:
        """What the clock reads, for the log."""
        return time.get_clock_info("perf_counter").implementation

    def close(self) -> None:
        """Do what is already due, then end the port thread; what lies ahead is dropped."""
        if self._worker is None:
            return
        self._due.put((self.now(), next(self._order), None))
        self._worker.join()
        self._worker = None
        sys.setswitchinterval(self._switch_interval_s)

    def _start(self) -> None:
        self._switch_interval_s = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        self._worker = threading.Thread(target=self._work, name="port", daemon=True)
        self._worker.start()

    def _work(self) -> None:
        ahead: list[tuple[float, int, Action | None]] = []
        while True:
            try:
                heapq.heappush(ahead, self._due.get(timeout=self._patience(ahead)))
                continue
            except queue.Empty:
                t, _, action = heapq.heappop(ahead)
            if action is None:
                return
            # A plain sleep, not a spin: this thread must not take the interpreter from a frame.
            rest = t - self.now()
            if rest > 0:
                time.sleep(rest)
            action()

    def _patience(self, ahead: list[tuple[float, int, Action | None]]) -> float | None:
        return max(0.0, ahead[0][0] - LEAD_S - self.now()) if ahead else None


VIRTUAL_UTC = "2000-01-01T00:00:00.000000+00:00"
"""Time of day at which a virtual clock shows zero, unless it is told another."""


class VirtualClock:
    """A clock that moves only when it is told to, and then does everything due, in order of time.

    >>> clock = VirtualClock()
    >>> clock.call_at(0.010, lambda: None)
    >>> clock.sleep_until(0.5)
    >>> clock.now()
    0.5
    """

    source = "virtual"

    def __init__(self, at: float = 0.0, utc_at_zero: str = VIRTUAL_UTC) -> None:
        self._now = at
        self._utc_at_zero = utc_at_zero
        self._ahead: list[tuple[float, int, Action]] = []
        self._order = itertools.count()

    def now(self) -> float:
        """Seconds on the run clock."""
        return self._now

    def sleep_until(self, t: float) -> None:
        """Move to ``t``, doing at its own time whatever is due on the way."""
        while self._ahead and self._ahead[0][0] <= t:
            due, _, action = heapq.heappop(self._ahead)
            self._now = max(self._now, due)
            action()
        self._now = max(self._now, t)

    def call_at(self, t: float, action: Action) -> None:
        """Do ``action`` when the clock next moves to or past ``t``."""
        heapq.heappush(self._ahead, (t, next(self._order), action))

    def utc_at_zero(self) -> str:
        """A given time of day, so that the same virtual run leaves the same log."""
        return self._utc_at_zero

    def to_run(self, t_monotonic: float) -> float:
        """The same number: a virtual device stamps on the run clock itself."""
        return t_monotonic

    def close(self) -> None:
        """Forget what lies ahead."""
        self._ahead.clear()


def _utc_of(t: float) -> str:
    """Time of day at ``t`` on ``perf_counter``; the tightest of a few readings of both clocks."""
    readings = []
    for _ in range(5):
        before = time.perf_counter()
        utc = datetime.now(tz=UTC)
        after = time.perf_counter()
        readings.append((after - before, (before + after) / 2, utc))
    _, read_at, utc = min(readings)
    return (utc - timedelta(seconds=read_at - t)).isoformat(timespec="microseconds")
