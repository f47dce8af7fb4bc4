"""A box's own clock brought to the run clock: a line through pairs of readings of both."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from mbtexp.ports import Clock, Facts
from mbtexp.responses.boxes import UINT32

ASK_TIME = b"_e5"
"""Cedrus: what does your timer show? Answered with itself and the milliseconds."""

RESET_TIME = b"e5"

WIDEST_S = 0.003
WIDER = 1.5
"""A reading whose answer took longer than 3 ms, and more than half as long again as the quickest
one, is left out: nobody knows when in that time the box looked at its timer."""

FIRST_READINGS = 8
ASK_EVERY_S = 5.0
ASK_AT_LATEST_S = 20.0
"""How often the box is asked where no answer is due, and where one is."""

KEPT = 120
"""Readings that the line goes through: at one in 5 s the last ten minutes, in which the drift of a
quartz is a line."""

PATIENCE_S = 0.5
"""An answer that has not come by then does not come."""

READING_SD_S = 0.0007
"""Error of a reading: a whole millisecond, and where in the bracket it was taken."""

DRIFT_SD = 200e-6
"""How far a box's quartz is from ours, before anything was measured. Cheap ones are within 100
parts in a million (from memory)."""


class Reading(NamedTuple):
    """The box's clock, read once."""

    t: float
    """Middle of the bracket, s on the run clock."""
    box_s: float
    """What the box showed, s since its first reading; overflow undone."""
    bracket_s: float


class BoxClock:
    """The line from a box's milliseconds to the run clock.

    Least squares over the latest good readings, with the expectation that the rates differ little
    counted as one more reading: after a second the slope would otherwise be wild.
    """

    def __init__(self) -> None:
        self._readings: deque[Reading] = deque(maxlen=KEPT)
        self._good: list[Reading] = []
        self._first_ms = 0
        self._last_s = 0.0
        self._slope, self._box_mid, self._t_mid = 1.0, 0.0, 0.0

    def add(self, asked: float, answered: float, box_ms: int) -> None:
        """Take a reading that was made between question and answer (s on the run clock)."""
        if not self._readings:
            self._first_ms = box_ms
        self._last_s = self._unrolled(box_ms)
        self._readings.append(Reading((asked + answered) / 2, self._last_s, answered - asked))
        narrowest = min(reading.bracket_s for reading in self._readings)
        widest = max(WIDEST_S, WIDER * narrowest)
        self._good = [reading for reading in self._readings if reading.bracket_s <= widest]
        self._fit()

    @property
    def ready(self) -> bool:
        """Whether there was any reading."""
        return bool(self._good)

    def to_run(self, box_ms: int) -> float | None:
        """Seconds on the run clock for a stamp of the box; None before any reading."""
        if not self._good:
            return None
        return self._t_mid + self._slope * (self._unrolled(box_ms) - self._box_mid)

    def facts(self) -> Facts:
        """The line and what it rests on, for the log."""
        if not self._good:
            return {"readings": 0, "discarded": 0}
        worst = max(abs(self._left_over(reading)) for reading in self._good)
        return {
            "readings": len(self._good),
            "discarded": len(self._readings) - len(self._good),
            "drift_ppm": round((1 / self._slope - 1) * 1e6, 1),
            "largest_residual_ms": round(worst * 1000, 3),
            "narrowest_bracket_ms": round(min(r.bracket_s for r in self._good) * 1000, 3),
        }

    def _unrolled(self, box_ms: int) -> float:
        """Seconds since the first reading, for a counter that begins again after 32 bits."""
        last_ms = self._first_ms + round(self._last_s * 1000)
        ahead = (box_ms - last_ms) % UINT32
        near = ahead - UINT32 if ahead >= UINT32 // 2 else ahead
        return (last_ms + near - self._first_ms) / 1000

    def _fit(self) -> None:
        n = len(self._good)
        self._box_mid = sum(r.box_s for r in self._good) / n
        self._t_mid = sum(r.t for r in self._good) / n
        spread = sum((r.box_s - self._box_mid) ** 2 for r in self._good)
        # The rates' difference, not the slope itself, so that the expectation of none weighs in.
        apart = sum(
            (r.box_s - self._box_mid) * ((r.t - self._t_mid) - (r.box_s - self._box_mid))
            for r in self._good
        )
        self._slope = 1.0 + apart / (spread + (READING_SD_S / DRIFT_SD) ** 2)

    def _left_over(self, reading: Reading) -> float:
        return reading.t - self._t_mid - self._slope * (reading.box_s - self._box_mid)


class BoxTimer:
    """Asks a box for its time now and then, without waiting for the answer.

    Parameters
    ----------
    write
        Sends bytes to the box, at once or not at all.
    clock
        The run clock.
    """

    def __init__(self, write: Callable[[bytes], object], clock: Clock) -> None:
        self._write = write
        self._clock = clock
        self._asked: float | None = None
        self._asked_last = 0.0
        self._given_up = False
        self.line = BoxClock()

    def reset(self) -> None:
        """Set the box's timer to zero."""
        self._write(RESET_TIME)

    def ask(self) -> None:
        """Put the question, unless an answer is still to come."""
        now = self._clock.now()
        if self._asked is not None and now - self._asked < PATIENCE_S:
            return
        self._given_up = self._asked is not None
        self._asked = self._asked_last = now
        self._write(ASK_TIME)

    def ask_after(self, since_s: float) -> None:
        """Put the question if the last one was that long ago."""
        if self._clock.now() - self._asked_last >= since_s:
            self.ask()

    def answered(self, t: float, box_ms: int) -> None:
        """The answer came at ``t``; one that nobody asked for (another user's) is left alone."""
        if self._asked is None:
            return
        # After a question that was given up an answer may be either's: it is nobody's.
        if not self._given_up:
            self.line.add(self._asked, t, box_ms)
        self._asked, self._given_up = None, False

    @property
    def waiting(self) -> bool:
        """Whether a question has no answer yet."""
        return self._asked is not None
