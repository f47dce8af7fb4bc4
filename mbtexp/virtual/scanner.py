"""An emulated scanner on a serial line: the bytes of its pulses, with the faults asked for."""

from __future__ import annotations

from mbtexp.scanner.emulate import Emulation, train
from mbtexp.virtual.box import Box, misread


class ScannerBox(Box):
    """A scanner whose interface sends bytes for each pulse; the scan begins after the port opens.

    Parameters
    ----------
    settings
        What the scanner does; its first pulse comes ``late`` seconds after the port was opened.
    pulse
        What the interface sends for a pulse: a character, or a status byte and the next.
    baud
        Its rate, bits per second; at another the host reads something else.
    """

    def __init__(self, settings: Emulation, pulse: bytes = b"5", *, baud: int = 19200) -> None:
        super().__init__()
        self.baud = self._rate = baud
        self._settings = settings
        self._pulse = pulse
        self._start = 0.0
        self._pulses = train(settings)

    def opened(self, t: float) -> None:
        """A program has opened the port; somebody at the console starts the scan."""
        self._start = t + self._settings.late
        self._pulses = train(self._settings)
        self._await()

    def closed(self, _t: float) -> None:
        """The program has closed it: what the scanner still sends nobody hears."""
        self.due = None

    def take(self, t: float, byte: int) -> None:
        """Bytes from the host do nothing."""
        self.note(t, f"byte {byte:02x} means nothing to a scanner")

    def tick(self, t: float) -> None:
        """A pulse is due."""
        host_rate = self._rate if self._host is None else self._host.baud()
        same = host_rate == self._rate
        self.answer(t, self._pulse if same else misread(self._pulse, self._rate, host_rate))
        self._await()

    def _await(self) -> None:
        following = next(self._pulses, None)
        self.due = None if following is None else self._start + following
