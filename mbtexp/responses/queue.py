"""Key events from psychtoolbox's queues, whose stamps are brought from its clock to the run's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from mbtexp.ports import Clock, Facts, Press

SETTLED_S = 0.002
"""An event reaches its queue within this time; older ones were taken by the call before."""


class Queue(Protocol):
    """What we use of psychtoolbox's keyboard: a device's events in order."""

    def flush(self) -> float:
        """How many events wait."""
        ...

    def queue_get_event(self) -> tuple[Mapping[str, Any], float]:
        """The next event, and how many are left."""
        ...


class QueueReader:
    """Reads psychtoolbox's queues, one a device.

    psychtoolbox stamps with its own ``get_secs``; on Linux that is the time of day, which may be
    set while a run goes on. Both clocks are therefore compared at every read, and an event that
    lies between two reads is converted by the comparison that puts it there.
    """

    name = "psychtoolbox"

    def __init__(
        self,
        queues: Sequence[Queue],
        get_secs: Callable[[], float],
        key_of: Callable[[int], str],
        clock: Clock,
        release: Callable[[], None],
    ) -> None:
        self._queues = queues
        self._get_secs = get_secs
        self._key_of = key_of
        self._clock = clock
        self._release = release
        self._offset = self._compare()
        self._read_at = clock.now()

    def read(self) -> list[Press]:
        """Everything since the last call, in order of time."""
        events = [event for queue in self._queues for event in _drain(queue)]
        offset, now = self._compare(), self._clock.now()
        presses = [
            Press(
                t=self._on_run_clock(event["Time"], offset, now),
                key=self._key_of(int(event["Keycode"])),
                down=bool(event["Pressed"]),
            )
            for event in events
        ]
        self._offset, self._read_at = offset, now
        return sorted(presses, key=lambda press: press.t)

    def describe(self) -> Facts:
        """Where the time stamps come from."""
        return {"stamps": "psychtoolbox queue", "devices": len(self._queues)}

    def close(self) -> None:
        """Give the queues back."""
        self._release()

    def _compare(self) -> float:
        """Run clock minus psychtoolbox's; the middle of a bracket of two readings."""
        before = self._clock.now()
        theirs = self._get_secs()
        return (before + self._clock.now()) / 2 - theirs

    def _on_run_clock(self, theirs: float, offset: float, now: float) -> float:
        for candidate in (theirs + offset, theirs + self._offset):
            if self._read_at - SETTLED_S <= candidate <= now:
                return candidate
        # Neither clock reading puts it between the two reads: an event that waited longer than
        # events do, or a clock set twice. It cannot be later than now.
        return min(theirs + offset, now)


def _drain(queue: Queue) -> list[Mapping[str, Any]]:
    waiting = int(queue.flush())
    return [queue.queue_get_event()[0] for _ in range(waiting)]
