"""The sender: writes codes to a line, ends their pulses and tells what became of each.

The line is at rest, up with a code, or in the gap of zeros that must follow a code. Codes of a flip
come first and are never delayed: one that finds the line up is written at once, and the code before
it is marked ``truncated``. A code that belongs to no flip waits for a free line, with its true time
in its record; one can wait, another is dropped. What a line does not take is never sent late; only
the return to zero is tried again.
"""

from __future__ import annotations

import os
import threading
from collections import Counter
from dataclasses import dataclass
from typing import Literal

from mbtexp.errors import DeviceError
from mbtexp.events import rounded
from mbtexp.port import Written
from mbtexp.ports import Clock, Facts, Trigger
from mbtexp.rig import TriggerSettings
from mbtexp.triggers.encode import code_table, device, gap_s
from mbtexp.triggers.link import Link, open_link

REACHED = frozenset({"sent", "deferred_sent", "truncated"})
"""Outcomes of codes that a recorder can have seen."""

LOST = frozenset({"blocked", "partial", "failed", "rejected", "dropped_overlap", "stuck"})
"""Outcomes of codes that never reached the line."""

EARLY_S = 50e-6
"""A timer that rings this little too early has still rung."""

RETRY_S = 0.001
"""Wait before the return to zero is tried again; doubled each time, up to ``RETRY_MAX_S``."""

RETRY_MAX_S = 0.05

STUCK_S = 0.05
"""A byte that has not left the machine after this long is reported as stuck."""

CLOSE_S = 0.05
"""Longest that closing waits for a line that takes nothing."""

NAMED = 5
"""Lost codes that a report names one by one."""

KindOf = Literal["flip", "now", "blocking"]


@dataclass(slots=True)
class _Record:
    """One requested code, from the request to the return to zero."""

    seq: int
    name: str
    code: int
    kind_of: KindOf
    t_requested: float
    t_event: float
    data: bytes
    """What goes out; empty if the rig cannot send the code."""
    t_flip: float | None = None
    t_write_start: float | None = None
    t_write_end: float | None = None
    outcome: str = ""
    errno: int | None = None
    t_off: float | None = None
    off_outcome: str | None = None
    deferred: bool = False
    done: bool = False

    def facts(self) -> Facts:
        """The record as the log writes it."""
        delay_ms = width_ms = None
        if self.t_write_start is not None and self.t_write_end is not None:
            delay_ms = round(1000 * (self.t_write_start - self.t_event), 3)
            if self.t_off is not None:
                width_ms = round(1000 * (self.t_off - self.t_write_end), 3)
        return {
            "seq": self.seq,
            "name": self.name,
            "code": self.code,
            "kind_of": self.kind_of,
            "t_requested": rounded(self.t_requested),
            "t_event": rounded(self.t_event),
            "t_flip": rounded(self.t_flip),
            "t_write_start": rounded(self.t_write_start),
            "t_write_end": rounded(self.t_write_end),
            "delay_ms": delay_ms,
            "bytes_hex": self.data.hex() or None,
            "outcome": self.outcome,
            "errno": self.errno,
            "t_off": rounded(self.t_off),
            "off_outcome": self.off_outcome,
            "width_ms": width_ms,
        }


class Sender:
    """A trigger line: the ``Trigger`` port on top of a link.

    Calls come from the run's thread; the ends of pulses come from the clock's port thread. One lock
    keeps them apart, held for one write at most.

    Parameters
    ----------
    settings
        The rig's trigger line: width of a pulse and who ends it, slowest recorder, highest code.
    link
        A serial port, or a memory in its place.
    clock
        The run clock, whose ``call_at`` ends the pulses.
    """

    def __init__(self, settings: TriggerSettings, link: Link, clock: Clock) -> None:
        row = device(settings.device)
        self._settings = settings
        self._link = link
        self._clock = clock
        self._table = code_table(settings)
        self._idle, self._goodbye = row.idle, row.close
        self._host_ends = settings.pulse_ended_by == "host"
        self._pulse_s = settings.pulse_ms / 1000.0
        self._gap_s = gap_s(settings)
        self._lock = threading.Lock()
        self._records: list[_Record] = []
        self._counts: Counter[str] = Counter()
        self._lost: list[_Record] = []
        self._seq = 0
        self._armed: _Record | None = None
        self._deferred: _Record | None = None
        self._up: _Record | None = None
        self._busy_until: float | None = None
        self._retry_s = RETRY_S
        self._unsure: _Record | None = None
        self._closed = False
        # Starts the port thread now and not in the first flip.
        clock.call_at(clock.now(), self._tick)
        if self._host_ends and self._write(self._idle).outcome != "sent":
            link.close()
            raise DeviceError(
                f"rig.toml: trigger: port {settings.port!r} is open but takes no bytes; check the "
                "cable, and that the box is switched on."
            )

    # -- the port -----------------------------------------------------------------------------

    def arm(self, code: int, name: str) -> None:
        """Bind a code to the next flip; an earlier one that has not flipped is dropped."""
        now = self._clock.now()
        with self._lock:
            record = self._new(code, name, "flip", now, now)
            if not record.data:
                self._finish(record, "rejected")
                return
            if self._armed is not None:
                self._finish(self._armed, "dropped_overlap")
            self._armed = record

    def at_swap(self, t_flip: float) -> None:
        """The flip has happened: write what is armed, whatever the line is doing."""
        if self._armed is None:
            return
        with self._lock:
            record, self._armed = self._armed, None
            record.t_flip = record.t_event = t_flip
            self._put(record, "sent")

    def send(self, code: int, name: str, t_event: float) -> None:
        """Send a code that belongs to no flip, now or as soon as the line is free."""
        now = self._clock.now()
        with self._lock:
            record = self._new(code, name, "now", now, t_event)
            if not record.data:
                self._finish(record, "rejected")
                return
            self._advance(now)
            if self._deferred is not None:
                self._finish(record, "dropped_overlap")
            elif self._busy_until is not None or self._armed is not None:
                record.deferred = True
                self._deferred = record
            else:
                self._put(record, "sent")

    def service(self, t: float) -> None:
        """End a pulse that is over and release what waits; a second chance beside the clock's."""
        if self._busy_until is None and self._deferred is None and self._unsure is None:
            return
        with self._lock:
            self._advance(t)

    def drain(self) -> list[Facts]:
        """The records of all finished codes since the last call, in order.

        A code whose pulse is still up comes with a later call; after ``close`` none is left.
        """
        with self._lock:
            done = 0
            while done < len(self._records) and self._settled(self._records[done]):
                done += 1
            finished, self._records = self._records[:done], self._records[done:]
        return [record.facts() for record in finished]

    def lost(self) -> int:
        """How many requested codes never reached the line so far."""
        return len(self._lost)

    def describe(self) -> Facts:
        """Device, port and times, for the log."""
        settings = self._settings
        return {
            **self._link.describe(),
            "device": settings.device,
            "baud": settings.baud,
            "pulse_ended_by": settings.pulse_ended_by,
            "pulse_ms": settings.pulse_ms,
            "gap_ms": round(1000 * self._gap_s, 3),
            "max_code": settings.max_code,
            "on_error": settings.on_error,
        }

    def close(self) -> None:
        """End the pulse, send what waits, leave the line at rest and give the port back."""
        if self._closed:
            return
        self._closed = True
        with self._lock:
            if self._armed is not None:
                self._finish(self._armed, "disarmed")
                self._armed = None
        self.settle()
        with self._lock:
            for left in (self._deferred, self._up):
                if left is not None and not left.done:
                    self._finish(left, left.outcome or "blocked")
            self._deferred = self._up = self._unsure = self._busy_until = None
            if self._host_ends:
                self._write(self._goodbye)
        self._link.close()

    # -- beside the port: outside of trials only ----------------------------------------------

    def pulse(self, code: int, name: str) -> None:
        """Send one code and wait until the line is at rest again (tests of a line)."""
        self.settle()
        now = self._clock.now()
        with self._lock:
            record = self._new(code, name, "blocking", now, now)
            if not record.data:
                self._finish(record, "rejected")
            else:
                self._put(record, "sent")
        self.settle()

    def settle(self) -> None:
        """Wait until the line is at rest and nothing waits; give up on one that takes nothing."""
        limit = self._clock.now() + 2 * (self._pulse_s + self._gap_s) + CLOSE_S
        while True:
            now = self._clock.now()
            with self._lock:
                self._advance(now)
                due = self._busy_until
            if due is None or now >= limit:
                return
            self._clock.sleep_until(max(due, now + EARLY_S))

    def counts(self) -> Facts:
        """How many codes had each outcome so far, and how many were asked for."""
        with self._lock:
            return {"requested": self._seq, "lost": len(self._lost), **self._counts}

    def loss_report(self) -> str:
        """One sentence on the lost codes, with when and which; empty if none was lost."""
        with self._lock:
            lost = list(self._lost)
        if not lost:
            return ""
        named = ", ".join(_spoken(record) for record in lost[:NAMED])
        more = f" and {len(lost) - NAMED} more" if len(lost) > NAMED else ""
        return (
            f"{len(lost)} trigger code{'s' * (len(lost) > 1)} did not reach the recorder since "
            f"{lost[0].t_event:.3f} s: {named}{more}."
        )

    # -- the line; all below is called with the lock held ---------------------------------------

    def _tick(self) -> None:
        with self._lock:
            self._advance(self._clock.now())

    def _advance(self, now: float) -> None:
        """Bring the line up to date: end of pulse, end of gap, release of what waits."""
        if self._unsure is not None:
            self._look_whether_stuck(now)
        due = self._busy_until
        if due is not None:
            if now < due - EARLY_S:
                return
            if self._up is not None and not self._end_pulse(self._up):
                return
            if self._busy_until is not None and self._clock.now() < self._busy_until - EARLY_S:
                return
            self._busy_until = None
        if self._deferred is not None and self._armed is None:
            record, self._deferred = self._deferred, None
            self._put(record, "deferred_sent")

    def _end_pulse(self, record: _Record) -> bool:
        """Return the line to zero; False if it did not take the byte and has to be asked again."""
        if not self._host_ends:
            record.off_outcome = "device"
            self._over(record)
            return True
        written = self._write(self._idle)
        now = self._clock.now()
        if written.outcome == "blocked":
            record.off_outcome = "blocked"
            self._busy(now + self._retry_s)
            self._retry_s = min(2 * self._retry_s, RETRY_MAX_S)
            return False
        record.off_outcome = written.outcome
        if written.outcome == "sent":
            record.t_off = now
        elif record.errno is None:
            record.errno = written.errno
        self._over(record)
        self._busy(now + self._gap_s)
        return True

    def _put(self, record: _Record, outcome: str) -> None:
        """Write a code; stamps first, so that nothing stands between flip and byte."""
        record.t_write_start = self._clock.now()
        written = self._write(record.data)
        record.t_write_end = end = self._clock.now()
        if written.outcome != "sent":
            record.errno = written.errno
            self._finish(record, written.outcome)
            if written.outcome == "partial":
                self._clean_up_after_part(end)
            if self._deferred is not None:
                self._clock.call_at(end, self._tick)
            return
        record.outcome = outcome
        self._leave_behind(end)
        self._up = record
        self._unsure = record
        self._retry_s = RETRY_S
        width_s = self._pulse_s if self._host_ends else self._pulse_s + self._gap_s
        self._busy(end + width_s)

    def _leave_behind(self, now: float) -> None:
        """A new code is on the line: what becomes of the one before."""
        before, self._up = self._up, None
        if before is None:
            return
        if not self._host_ends and self._has_lasted(before, now):
            before.off_outcome = "device"
        else:
            before.outcome = "truncated"
            before.off_outcome = "next_code"
            before.t_off = now
        self._finish(before, before.outcome)

    def _clean_up_after_part(self, now: float) -> None:
        """Part of a command went out: the line's state is unknown, so return it to zero."""
        if self._host_ends and self._up is None:
            self._write(self._idle)
            self._busy(now + self._gap_s)

    def _busy(self, until: float) -> None:
        self._busy_until = until
        self._clock.call_at(until, self._tick)

    def _over(self, record: _Record) -> None:
        """The pulse of a code that went out is over."""
        self._up = None
        self._finish(record, record.outcome)

    def _look_whether_stuck(self, now: float) -> None:
        record = self._unsure
        if record is None or record.t_write_end is None:
            return
        if now - record.t_write_end < STUCK_S:
            if not self._link.stuck():
                self._unsure = None
            return
        self._unsure = None
        if self._link.stuck() and record.outcome in REACHED:
            if record.done:
                self._counts[record.outcome] -= 1
            self._finish(record, "stuck")

    def _has_lasted(self, record: _Record, now: float) -> bool:
        start = record.t_write_end
        return start is not None and now >= start + self._pulse_s

    def _settled(self, record: _Record) -> bool:
        return record.done and record is not self._unsure

    def _write(self, data: bytes) -> Written:
        try:
            return self._link.write(data)
        except OSError as error:
            return Written("failed", error.errno)

    def _new(self, code: int, name: str, kind_of: KindOf, now: float, t_event: float) -> _Record:
        self._seq += 1
        known = 0 <= code < len(self._table) and not self._closed
        data = self._table[code] if known else None
        record = _Record(self._seq, name, code, kind_of, now, t_event, data or b"")
        self._records.append(record)
        return record

    def _finish(self, record: _Record, outcome: str) -> None:
        record.outcome = outcome
        record.done = True
        self._counts[outcome] += 1
        if outcome in LOST:
            self._lost.append(record)


class NoTrigger:
    """No trigger line at all: takes every code and does nothing (behavioural rigs)."""

    def arm(self, code: int, name: str) -> None:
        """Nothing to bind."""

    def at_swap(self, t_flip: float) -> None:
        """Nothing to send."""

    def send(self, code: int, name: str, t_event: float) -> None:
        """Nowhere to send it."""

    def service(self, t: float) -> None:
        """Nothing to do."""

    def drain(self) -> list[Facts]:
        """No code leaves a record."""
        return []

    def lost(self) -> int:
        """Nothing can be lost."""
        return 0

    def settle(self) -> None:
        """Always at rest."""

    def describe(self) -> Facts:
        """Says that there is no line."""
        return {"device": "none"}

    def close(self) -> None:
        """Nothing to give back."""

    def counts(self) -> Facts:
        """No code was asked of a line."""
        return {"requested": 0, "lost": 0}

    def loss_report(self) -> str:
        """Nothing to tell."""
        return ""


def open_trigger(settings: TriggerSettings, clock: Clock) -> Trigger:
    """The trigger line that the rig asks for, open; ``NoTrigger`` where it asks for none."""
    if settings.device == "none":
        return NoTrigger()
    return Sender(settings, open_link(settings, clock), clock)


def _spoken(record: _Record) -> str:
    reason = "" if record.errno is None else f": {os.strerror(record.errno)}"
    return f"'{record.name}' ({record.code}, {record.outcome}{reason})"
