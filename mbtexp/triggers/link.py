"""The line that codes go out on: a serial port, or a memory in its place.

A write never raises and never waits; ``mbtexp.port`` says how.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from typing import Literal, Protocol

from mbtexp.port import BLOCKED, SENT, SerialPort, Written, open_port
from mbtexp.ports import Clock, Facts
from mbtexp.rig import TriggerSettings
from mbtexp.triggers.encode import check_settings


class Link(Protocol):
    """A line that takes bytes at once or says why not."""

    def write(self, data: bytes) -> Written:
        """Write all of ``data`` now, or not at all; never raises, never waits."""
        ...

    def stuck(self) -> bool:
        """Whether bytes that were taken have still not left the machine."""
        ...

    def describe(self) -> Facts:
        """Port and driver, for the log."""
        ...

    def close(self) -> None:
        """Give the port back."""
        ...


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

    def codes(self) -> list[int]:
        """The codes that arrived: every byte but the line's rest."""
        return [byte for _, byte in self.received if byte]

    def describe(self) -> Facts:
        """Says that there is no wire."""
        return {"port": "memory"}

    def close(self) -> None:
        """Take no more notice of anything."""
        self.closed = True


def open_link(settings: TriggerSettings, clock: Clock) -> SerialPort:
    """The port that the rig names, open, settled and emptied of what it had to say.

    Raises
    ------
    SettingError
        The pulse is too short for the recorder.
    DeviceError
        The port is missing, busy, forbidden, no serial port, or cannot do the rate.
    """
    check_settings(settings)
    return open_port(
        settings.port,
        settings.baud,
        clock,
        where="rig.toml: trigger",
        settle_s=settings.settle_s,
    )
