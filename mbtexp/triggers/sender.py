"""The sender: writes codes to a line, ends their pulses and tells what became of each.

The line is at rest, up with a code, or in the gap of zeros that must follow a code. Codes of a flip
come first and are never delayed: one that finds the line up is written at once, and the code before
it is marked ``truncated``. A code that belongs to no flip waits for a free line, with its true time
in its record; one can wait, another is dropped. What a line does not take is never sent late; only
the return to zero is tried again. A box that got part of a command is first brought back into step;
what is asked for meanwhile is blocked, as it would arrive as another code.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from mbtexp.errors import DeviceError
from mbtexp.port import BLOCKED, Written
from mbtexp.ports import Clock, Facts
from mbtexp.triggers.devices import HERE, line_of
from mbtexp.triggers.link import Link
from mbtexp.triggers.record import LOST, REACHED, KindOf, Record, loss_report

if TYPE_CHECKING:
    from mbtexp.rig import TriggerSettings
    from mbtexp.triggers.lsl import Outlet

EARLY_S = 50e-6
"""A timer that rings this little too early has still rung."""

RETRY_S = 0.001
"""Wait before the return to zero is tried again; doubled each time, up to ``RETRY_MAX_S``."""

RETRY_MAX_S = 0.05

STUCK_S = 0.05
"""A byte that has not left the machine after this long is reported as stuck."""

CLOSE_S = 0.05
"""Longest that closing waits for a line that takes nothing."""


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
    outlet
        A stream of Lab Streaming Layer beside the line, or in its place.
    mock
        Whether the line leads nowhere although the rig has one: no code is ever called sent.
    values
        What goes out for each code, if not the code itself (a compact map).
    """

    def __init__(
        self,
        settings: TriggerSettings,
        link: Link,
        clock: Clock,
        *,
        outlet: Outlet | None = None,
        mock: bool = False,
        values: Mapping[int, int] | None = None,
    ) -> None:
        line = line_of(settings)
        self._settings = settings
        self._line = line
        self._row = line.device
        self._link = link
        self._clock = clock
        self._outlet = outlet
        self._mock = mock
        self._values = values
        self._table = line.table(values)
        self._wireless = line.device.kind == "lsl"
        self._host_ends = line.pulse_ended_by == "host"
        self._pulse_s = line.pulse_s
        self._gap_s = line.gap_s
        self._trial: int | None = None
        self._lock = threading.Lock()
        self._records: list[Record] = []
        self._counts: Counter[str] = Counter()
        self._lost: list[Record] = []
        self._seq = 0
        self._armed: Record | None = None
        self._deferred: Record | None = None
        self._up: Record | None = None
        self._busy_until: float | None = None
        self._retry_s = RETRY_S
        self._unsure: Record | None = None
        self._astray: Literal["forgetting", "listening"] | None = None
        self._box_free_at = 0.0
        self._closed = False
        # Starts the port thread now and not in the first flip.
        clock.call_at(clock.now(), self._tick)
        try:
            self._bring_to_rest()
        except DeviceError:
            link.close()
            raise

    def _bring_to_rest(self) -> None:
        """The first byte to a line that holds what it was told last."""
        if self._host_ends and self._write(self._row.idle).outcome != "sent":
            raise DeviceError(
                f"{HERE}: port {self._settings.port!r} is open but takes no bytes; check the "
                "cable, and that the box is switched on."
            )

    # -- the port -----------------------------------------------------------------------------

    def belongs_to(self, trial: int | None) -> None:
        """The codes asked for from now on are those of a trial; None: of none."""
        self._trial = trial

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
            elif self._must_wait():
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
            self._link.relieve()
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
        line = self._line
        return {
            **self._link.describe(),
            "device": line.device.name,
            "baud": line.baud,
            "pulse_ended_by": line.pulse_ended_by,
            "pulse_ms": round(1000 * line.pulse_s, 3),
            "gap_ms": round(1000 * line.gap_s, 3),
            "max_code": line.highest,
            "on_error": self._settings.on_error,
            **({} if self._outlet is None else {"lsl": self._outlet.describe()}),
            **({"mock": True} if self._mock else {}),
            **({} if self._values is None else {"code_map": "compact"}),
        }

    def reopen(self) -> None:
        """Open the line again as at the start, and bring it to rest; between trials only.

        Nothing that was lost is sent again. What still waited counts as blocked.

        Raises
        ------
        DeviceError
            The port cannot be had, its box does not answer as it should, or it takes no bytes.
        """
        with self._lock:
            self._give_up()
        self._link.reopen()
        with self._lock:
            self._bring_to_rest()

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
            self._give_up()
            if self._row.close:
                self._write(self._row.close)
        self._link.close()
        if self._outlet is not None:
            self._outlet.close()

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
        resync = self._row.resync
        astray_s = resync.before_s + resync.after_s if self._astray else 0.0
        limit = self._clock.now() + 2 * self._line.spacing_s + CLOSE_S + astray_s
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

    def losses(self, since: int = 0) -> list[Facts]:
        """The lost codes after the first ``since``: what, when, and what became of each."""
        with self._lock:
            lost = self._lost[since:]
        return [record.loss() for record in lost]

    def loss_report(self, since: int = 0) -> str:
        """One sentence on the codes lost after the first ``since``; empty if none was lost."""
        with self._lock:
            lost = self._lost[since:]
        return loss_report(lost)

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
            if self._astray is not None and not self._back_in_step(now):
                return
            if self._up is not None and not self._end_pulse(self._up):
                return
            if self._busy_until is not None and self._clock.now() < self._busy_until - EARLY_S:
                return
            self._busy_until = None
        if self._deferred is not None and self._armed is None:
            record, self._deferred = self._deferred, None
            self._put(record, "deferred_sent")

    def _end_pulse(self, record: Record) -> bool:
        """Return the line to zero; False if it did not take the byte and has to be asked again."""
        if not self._host_ends:
            record.off_outcome = "device"
            self._over(record)
            return True
        written = self._write(self._row.idle)
        now = self._clock.now()
        if written.outcome == "partial":
            record.off_outcome = "partial"
            self._lose_step(now)
            return False
        if written.outcome == "blocked":
            record.off_outcome = "blocked"
            self._try_later(now)
            return False
        record.off_outcome = written.outcome
        if written.outcome == "sent":
            record.t_off = now
        elif record.errno is None:
            record.errno = written.errno
        self._over(record)
        self._busy(now + self._gap_s)
        return True

    def _put(self, record: Record, outcome: str) -> None:
        """Write a code; stamps first, so that nothing stands between flip and byte."""
        record.t_write_start = self._clock.now()
        if self._astray is not None:
            written = BLOCKED
        elif self._deaf(record.t_write_start):
            self._finish(record, "box_busy")
            return
        else:
            written = self._write(record.data)
        record.t_write_end = end = self._clock.now()
        if self._outlet is not None:
            record.lsl = self._outlet.push(record.code, record.name, record.t_event)
            if self._wireless and not record.lsl:
                written = Written("failed")
        if written.outcome != "sent":
            record.errno = written.errno
            self._finish(record, written.outcome)
            if written.outcome == "partial":
                self._lose_step(end)
            if self._deferred is not None:
                self._clock.call_at(end, self._tick)
            return
        record.outcome = outcome
        self._leave_behind(end)
        self._up = record
        self._unsure = record
        self._retry_s = RETRY_S
        width_s = self._pulse_s if self._host_ends else self._held_by_box(record, end)
        self._busy(end + width_s)

    def _deaf(self, now: float) -> bool:
        """Whether the box hears nothing now, as it is still holding the code before."""
        return self._row.while_up == "deaf" and now < self._box_free_at

    def _held_by_box(self, record: Record, now: float) -> float:
        """How long the box is busy with a code that it ends itself, and the gap after it, s."""
        starts = max(now, self._box_free_at) if self._row.while_up == "queues" else now
        record.box_delay_s = starts - now
        self._box_free_at = starts + self._pulse_s
        return self._box_free_at - now + self._gap_s

    def _must_wait(self) -> bool:
        """Whether a code without a flip would run into another one."""
        if self._wireless:
            return False
        return self._busy_until is not None or self._armed is not None

    def _leave_behind(self, now: float) -> None:
        """A new code is on the line: what becomes of the one before."""
        before, self._up = self._up, None
        if before is None:
            return
        unharmed = self._row.while_up != "replaces" or self._has_lasted(before, now)
        if not self._host_ends and unharmed:
            before.off_outcome = "device"
        else:
            before.outcome = "truncated"
            before.off_outcome = "next_code"
            before.t_off = now
        self._finish(before, before.outcome)

    def _lose_step(self, now: float) -> None:
        """Part of a command went out: leave the box alone until it has forgotten that."""
        self._astray = "forgetting"
        self._busy(now + self._row.resync.before_s)
        if not self._row.resync.before_s:
            self._back_in_step(now)

    def _back_in_step(self, now: float) -> bool:
        """Say what brings the box back into step; False while it needs more time."""
        resync = self._row.resync
        if self._astray == "forgetting":
            outcome = self._write(resync.data).outcome if resync.data else "sent"
            if outcome in ("blocked", "partial"):
                self._try_later(now)
                return False
            if self._up is not None:
                self._up.off_outcome = "resync" if outcome == "sent" else outcome
                self._up.t_off = now if outcome == "sent" else None
                self._over(self._up)
            self._astray = "listening" if outcome == "sent" and resync.after_s else None
            self._busy(now + max(resync.after_s, self._gap_s))
            return False
        self._astray = None
        return True

    def _try_later(self, now: float) -> None:
        self._busy(now + self._retry_s)
        self._retry_s = min(2 * self._retry_s, RETRY_MAX_S)

    def _busy(self, until: float) -> None:
        self._busy_until = until
        self._clock.call_at(until, self._tick)

    def _give_up(self) -> None:
        """Forget whatever the line was doing, and account for it."""
        for left in (self._armed, self._deferred, self._up):
            if left is not None and not left.done:
                self._finish(left, left.outcome or "blocked")
        self._armed = self._deferred = self._up = self._unsure = self._busy_until = None
        self._astray = None

    def _over(self, record: Record) -> None:
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

    def _has_lasted(self, record: Record, now: float) -> bool:
        start = record.t_write_end
        return start is not None and now >= start + self._pulse_s

    def _settled(self, record: Record) -> bool:
        return record.done and record is not self._unsure

    def _write(self, data: bytes) -> Written:
        try:
            return self._link.write(data)
        except OSError as error:
            return Written("failed", error.errno)

    def _new(self, code: int, name: str, kind_of: KindOf, now: float, t_event: float) -> Record:
        self._seq += 1
        known = 0 <= code < len(self._table) and not self._closed
        data = self._table[code] if known else None
        record = Record(
            self._seq, name, code, kind_of, now, t_event, data or b"", trial=self._trial
        )
        if self._values is not None:
            record.value = self._values.get(code)
        self._records.append(record)
        return record

    def _finish(self, record: Record, outcome: str) -> None:
        if self._mock and outcome in REACHED:
            outcome = "mock"
        record.outcome = outcome
        record.done = True
        self._counts[outcome] += 1
        if outcome in LOST:
            self._lost.append(record)
