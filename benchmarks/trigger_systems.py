"""Six ways to send a trigger code, behind one face: ours twice, and what other programs do."""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import math
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from mbtexp.clock import MonotonicClock
from mbtexp.errors import MbtexpError
from mbtexp.rig import TriggerSettings
from mbtexp.triggers import open_link
from mbtexp.triggers.sender import Sender

PULSE_MS = 8.0
"""Width that every system is asked for: two samples at 250 Hz."""


class Missing(MbtexpError):
    """A program to compare with is not installed."""


@dataclass
class Counts:
    """What a system did, as it knows itself."""

    sent: list[int] = field(default_factory=list)
    """Codes that it says it has sent, in order."""
    widths_ms: list[float] = field(default_factory=list)
    after_event_ms: list[float] = field(default_factory=list)
    """For codes of answers: from the answer to the end of the write."""
    cut: int = 0
    """Codes that the next one overwrote, or met without a zero in between."""
    deferred: int = 0
    lost: int = 0


class System(Protocol):
    """A way to send codes."""

    counts: Counts

    def ready(self, code: int) -> None:
        """The next flip will have this code; said well before it."""
        ...

    def flipped(self, t: float, code: int | None) -> None:
        """The flip has happened at ``t``, with a code or without; what is done here takes time
        of the frame."""
        ...

    def answered(self, t: float, code: int) -> None:
        """An answer came at ``t``, between two flips."""
        ...

    def close(self) -> None:
        """Send what waits and give the port back."""
        ...


class Ours:
    """The sender of this package."""

    def __init__(self, port: str, device: str, clock: MonotonicClock) -> None:
        settings = TriggerSettings(device=device, port=port, pulse_ms=PULSE_MS)  # type: ignore[arg-type]
        self._sender = Sender(settings, open_link(settings, clock), clock)
        self.counts = Counts()

    def ready(self, code: int) -> None:
        self._sender.arm(code, "onset")

    def flipped(self, t: float, code: int | None) -> None:
        if code is None:
            self._sender.service(t)
        else:
            self._sender.at_swap(t)

    def answered(self, t: float, code: int) -> None:
        self._sender.send(code, "answer", t)

    def close(self) -> None:
        self._sender.close()
        for record in self._sender.drain():
            self._count(record)

    def _count(self, record: dict[str, Any]) -> None:
        counts = self.counts
        counts.deferred += record["outcome"] == "deferred_sent"
        counts.cut += record["outcome"] == "truncated"
        if record["outcome"] not in ("sent", "deferred_sent", "truncated"):
            counts.lost += 1
            return
        counts.sent.append(record["code"])
        if record["kind_of"] == "now":
            counts.after_event_ms.append(1000 * (record["t_write_end"] - record["t_event"]))
        if record["width_ms"] is not None and record["outcome"] != "truncated":
            counts.widths_ms.append(record["width_ms"])


class Written:
    """A program that writes a code when told to, and its return to zero some flips later.

    Parameters
    ----------
    write
        Sends one value.
    close
        Gives the port back.
    clock
        For the stamps.
    off_after
        Flips until the return to zero; None where the box ends its pulses.
    """

    def __init__(
        self,
        write: Callable[[int], object],
        close: Callable[[], object],
        clock: MonotonicClock,
        off_after: int | None,
    ) -> None:
        self._write = write
        self._close = close
        self._clock = clock
        self._off_after = off_after
        self._flips_left = 0
        self._up_since: float | None = None
        self.counts = Counts()

    def ready(self, code: int) -> None:
        """Nothing is prepared."""

    def flipped(self, _t: float, code: int | None) -> None:
        if code is not None:
            self._send(code)
        elif self._off_after is not None and self._up_since is not None:
            self._flips_left -= 1
            if self._flips_left <= 0:
                self._write(0)
                self.counts.widths_ms.append(1000 * (self._clock.now() - self._up_since))
                self._up_since = None

    def answered(self, t: float, code: int) -> None:
        self._send(code)
        self.counts.after_event_ms.append(1000 * (self._clock.now() - t))

    def close(self) -> None:
        if self._off_after is not None:
            self._write(0)
        self._close()

    def _send(self, code: int) -> None:
        self._write(code)
        now = self._clock.now()
        self.counts.sent.append(code)
        self.counts.cut += self._still_up(now)
        self._up_since = now
        self._flips_left = self._off_after or 0

    def _still_up(self, now: float) -> bool:
        if self._up_since is None:
            return False
        return self._off_after is not None or now - self._up_since < PULSE_MS / 1000


def off_after(hz: float) -> int:
    """Whole flips that a pulse takes at least.

    >>> off_after(60), off_after(500)
    (1, 4)
    """
    return max(1, math.ceil(PULSE_MS / 1000 * hz - 1e-9))


def ours(port: str, clock: MonotonicClock, _hz: float) -> Ours:
    """This package, to a box that takes one byte and is returned to zero by the computer."""
    return Ours(port, "serial", clock)


def ours_xid(port: str, clock: MonotonicClock, _hz: float) -> Ours:
    """This package, to a Cedrus box."""
    return Ours(port, "xid2", clock)


def psychopy(port: str, clock: MonotonicClock, hz: float, **told: Any) -> Written:
    """PsychoPy's serial device as its Serial Out uses it: sendMessage, and again to stop.

    Unless told otherwise it appends a newline to every message, which is code 10.
    """
    try:
        from psychopy.hardware.serialdevice import SerialDevice  # noqa: PLC0415
    except ImportError:
        raise Missing("PsychoPy is not installed") from None
    device = SerialDevice(port=port, baudrate=115200, **told)
    return Written(device.sendMessage, device.close, clock, off_after(hz))


def psyflow(port: str, clock: MonotonicClock, hz: float) -> Written:
    """psyflow's TriggerSender around the one-byte write of its documentation."""
    import serial  # noqa: PLC0415

    sender_class = _psyflow_class()
    line = serial.Serial(port, 115200)
    sender = sender_class(lambda code: line.write(bytes([code])))
    return Written(sender.send, line.close, clock, off_after(hz))


def _psyflow_class() -> Any:
    # By its file: the package itself cannot be imported where it was installed (0.1.2).
    found = importlib.util.find_spec("psyflow")
    if found is None or not found.submodule_search_locations:
        raise Missing("psyflow is not installed (uv pip install --no-deps psyflow)")
    file = Path(found.submodule_search_locations[0]) / "TriggerSender.py"
    spec = importlib.util.spec_from_file_location("psyflow_trigger_sender", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except ImportError:
        raise Missing("PsychoPy, which psyflow needs, is not installed") from None
    return module.TriggerSender


def pyxid2(port: str, clock: MonotonicClock, _hz: float) -> Written:
    """Cedrus' own library, on the stand-in for its driver."""
    from ftdi_pty import pyxid2_on  # noqa: PLC0415

    try:
        [device] = pyxid2_on([port]).get_xid_devices()
    except ImportError:
        raise Missing("pyxid2 is not installed (uv sync --group readers)") from None
    device.set_pulse_duration(round(PULSE_MS))
    return Written(
        lambda code: device.activate_line(bitmask=code), device.con.close, clock, off_after=None
    )


SYSTEMS: dict[str, tuple[str, Callable[[str, MonotonicClock, float], System]]] = {
    "ours": ("byte", ours),
    "PsychoPy": ("byte", psychopy),
    "PsychoPy, no EOL": ("byte", functools.partial(psychopy, eol=b"")),
    "psyflow": ("byte", psyflow),
    "ours, XID": ("xid", ours_xid),
    "pyxid2": ("xid", pyxid2),
}
"""Name of a column: kind of box, and what opens the system on its port."""


@contextlib.contextmanager
def silent() -> Iterator[None]:
    """psyflow prints each code; a terminal would be slower than a file that goes nowhere."""
    with (
        Path(os.devnull).open("w", encoding="utf-8") as nowhere,
        contextlib.redirect_stdout(nowhere),
    ):
        yield
