"""The line that codes go out on: a serial or parallel port, Lab Streaming Layer, or a memory.

A write never raises and never waits; ``mbtexp.port`` says how.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, Protocol

from mbtexp.errors import DeviceError
from mbtexp.port import BLOCKED, SENT, Ports, SerialPort, Written
from mbtexp.ports import Clock, Facts
from mbtexp.triggers.devices import HERE, Line, line_of
from mbtexp.triggers.handshake import introduce

if TYPE_CHECKING:
    from mbtexp.rig import TriggerSettings


class Link(Protocol):
    """A line that takes bytes at once or says why not."""

    def write(self, data: bytes) -> Written:
        """Write all of ``data`` now, or not at all; never raises, never waits."""
        ...

    def stuck(self) -> bool:
        """Whether bytes that were taken have still not left the machine."""
        ...

    def relieve(self) -> None:
        """Take away what the box has written back, so that it never waits for us."""
        ...

    def reopen(self) -> None:
        """Open the line again as at the start; raises ``DeviceError`` if it cannot be had."""
        ...

    def describe(self) -> Facts:
        """Port and driver, for the log."""
        ...

    def close(self) -> None:
        """Give the port back."""
        ...


class SerialLink:
    """A serial port with a trigger box on it, introduced.

    Parameters
    ----------
    port
        The open port; a response reader may listen to it too.
    line
        The device as the rig drives it.
    clock
        The run clock.
    ports
        What opened the port, if this link is to close it.
    """

    def __init__(
        self, port: SerialPort, line: Line, clock: Clock, ports: Ports | None = None
    ) -> None:
        self._port = port
        self._line = line
        self._clock = clock
        self._ports = ports
        self.write = port.write  # nothing stands between a flip and the port
        self._box = self._introduced(port)

    def stuck(self) -> bool:
        """Whether bytes that were taken have still not left the machine."""
        return self._port.stuck()

    def relieve(self) -> None:
        """Read what an echoing board has written, unless somebody listens to the port."""
        if self._line.device.echoes:
            self._port.relieve()

    def reopen(self) -> None:
        """A new descriptor, the box introduced again; whoever listened goes on listening.

        Raises
        ------
        DeviceError
            The port is not there, or the box does not answer as it did.
        """
        self._port.reopen(self._introduced)

    def describe(self) -> Facts:
        """Port, adapter, driver, and what the box said of itself."""
        return {**self._port.describe(), "box": self._box}

    def close(self) -> None:
        """Give the port back, unless somebody else has lent it."""
        if self._ports is not None:
            self._ports.close()

    def _introduced(self, port: SerialPort) -> Facts | str:
        row = self._line.device
        if row.silent:
            return "silent: only the recorder can tell that codes arrive"
        name = str(port.describe().get("port", ""))
        steps = row.opening(self._line.pulse_s)
        self._box = introduce(port, steps, self._clock, title=row.title, where=HERE, name=name)
        return self._box


class RecordingLink:
    """A line into memory, for the virtual lab and for tests.

    Parameters
    ----------
    clock
        Stamps what arrives.
    byte_s
        Time that a byte takes on the wire; 86.8 microseconds at 115200 baud.
    faults
        What goes wrong at which write: ``blocked``, ``partial``, ``failed`` or ``raise``. Write 0
        is a sender's first return to zero (where the host ends the pulses).
    """

    def __init__(
        self,
        clock: Clock,
        *,
        byte_s: float = 0.0,
        faults: Mapping[int, Literal["blocked", "partial", "failed", "raise"]] | None = None,
    ) -> None:
        self._clock = clock
        self._byte_s = byte_s
        self._faults = dict(faults or {})
        self._writes = 0
        self.received: list[tuple[float, int]] = []
        """Each byte with its time of arrival, seconds on the run clock."""
        self.closed = False

    def write(self, data: bytes) -> Written:
        """Keep the bytes, unless a fault was asked for."""
        fault = self._faults.get(self._writes)
        self._writes += 1
        if fault == "raise":
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        if fault == "blocked":
            return BLOCKED
        if fault == "failed":
            return Written("failed", errno.EIO)
        taken = data[:-1] if fault == "partial" else data
        now = self._clock.now()
        for place, byte in enumerate(taken, start=1):
            self.received.append((now + place * self._byte_s, byte))
        return SENT if fault is None else Written("partial")

    def stuck(self) -> bool:
        """Never: what memory takes has arrived."""
        return False

    def relieve(self) -> None:
        """Memory writes nothing back."""

    def reopen(self) -> None:
        """As new; refused while faults lie ahead, as a cable that is still out would be."""
        if any(place >= self._writes for place in self._faults):
            raise DeviceError("the line in memory is still out of order.")

    def codes(self) -> list[int]:
        """The codes that arrived: every byte but the line's rest."""
        return [byte for _, byte in self.received if byte]

    def describe(self) -> Facts:
        """Says that there is no wire."""
        return {"port": "memory"}

    def close(self) -> None:
        """Take no more notice of anything."""
        self.closed = True


def open_link(settings: TriggerSettings, clock: Clock, ports: Ports | None = None) -> Link:
    """The line that the rig names, open, settled, and its box introduced.

    Parameters
    ----------
    settings
        The rig's trigger line.
    clock
        The run clock.
    ports
        The run's ports, where a response reader may share this one; they are closed by whoever made
        them. None: the link has its own.

    Raises
    ------
    SettingError
        The device cannot be driven so, or the recorder could miss its pulses.
    DeviceError
        The port is missing, busy, forbidden or of another kind; or the box answers wrongly.
    """
    line = line_of(settings)
    if line.device.kind == "parallel":
        from mbtexp.triggers.parallel import open_parallel  # noqa: PLC0415  few have one

        return open_parallel(settings.port, where=HERE)
    if line.device.kind == "lsl":
        from mbtexp.triggers.lsl import NoWire  # noqa: PLC0415

        return NoWire()
    return _open_serial(settings, line, clock, ports)


def _open_serial(
    settings: TriggerSettings, line: Line, clock: Clock, ports: Ports | None
) -> SerialLink:
    assert line.baud is not None  # every serial row has a rate
    own = Ports(clock) if ports is None else None
    opener = ports or own
    assert opener is not None
    port = opener.open(settings.port, line.baud, where=HERE, settle_s=line.settle_s)
    try:
        return SerialLink(port, line, clock, own)
    except DeviceError:
        port.close()
        raise
