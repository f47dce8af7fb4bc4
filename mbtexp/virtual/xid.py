"""Emulated Cedrus boxes: trigger codes out and button presses in, on one cable.

Commands and packets follow the maker's list of XID 2 commands and its Python library; the library
itself is run against these boxes in tests/test_pyxid2.py.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from mbtexp.virtual.box import Box

FORGETS_S = 0.1
"""A command that is not whole after this long is thrown away (the maker's 100 ms)."""

LINES = 0xFFFF

ARGUMENTS: Final = {
    "_c1": 0,
    "_d1": 0,
    "_d2": 0,
    "_d3": 0,
    "_d4": 0,
    "_d5": 0,
    "_mp": 0,
    "_e5": 0,
    "e5": 0,
    "c10": 0,
    "a10": 0,
    "mz": 0,
    "mp": 4,
    "mh": 2,
    "ah": 1,
}
"""Commands, with how many bytes belong to them."""


@dataclass(frozen=True)
class Identity:
    """Who a box says it is."""

    name: str
    product: str
    """``0`` Lumina, ``1`` SV-1, ``2`` RB, ``4`` c-pod, ``5`` Riponda, ``S`` StimTracker."""
    model: str
    firmware: str = "2"
    minor: str = "1"


C_POD = Identity("Cedrus c-pod", "4", "0")
STIMTRACKER_DUO = Identity("Cedrus StimTracker Duo", "S", "1")
LUMINA_3G = Identity("Cedrus Lumina 3G", "0", "0")
RB_740 = Identity("Cedrus RB-740", "2", "2")
LUMINA_LP400 = Identity("Cedrus Lumina LP-400", "0", "0", firmware="1")


class XidBox(Box):
    """A Cedrus box: XID 2, or XID 1 with a firmware of 1.

    Parameters
    ----------
    identity
        Product, model and firmware.
    mode
        What ``_c1`` tells: 0 is XID mode, in which alone it takes codes; ``c10`` sets it.
    drift_ppm
        How much faster than the machine's its own clock runs, parts in a million.
    offset_ms
        What its own clock shows when the machine's shows zero.
    """

    def __init__(
        self,
        identity: Identity = C_POD,
        *,
        mode: int = 0,
        drift_ppm: float = 0.0,
        offset_ms: float = 0.0,
    ) -> None:
        super().__init__()
        self.identity = identity
        self.frames: list[tuple[float, bytes]] = []
        """Every whole command, with when its last byte was there."""
        self.pulse_ms = 0
        """What ``mp`` has set; 0 holds a code until the next one."""
        self._mode = mode
        self._rate = 1 + drift_ppm * 1e-6
        self._offset_ms = offset_ms
        self._drives_lines = identity.firmware != "1"
        self._command = b""
        self._began = 0.0

    # -- from the host ------------------------------------------------------------------------

    def take(self, t: float, byte: int) -> None:
        """A byte of a command."""
        if self._command and t > self._began + FORGETS_S:
            self.note(t, f"{self._command!r} was not finished in time and is forgotten")
            self._command = b""
        if not self._command:
            self._began = t
        self._command += bytes([byte])
        whole = self._whole()
        if whole is not None:
            command, self._command = self._command, b""
            self.frames.append((t, command))
            self._obey(t, whole, command[len(whole) :])

    def _whole(self) -> str | None:
        """The name of the command, if it is complete."""
        for name, length in ARGUMENTS.items():
            if self._command.startswith(name.encode()) and len(self._command) == len(name) + length:
                return name
        return None

    def _obey(self, t: float, name: str, given: bytes) -> None:
        match name:
            case "mh" if self._takes_codes(t):
                self._show(t, int.from_bytes(given, "little"))
            case "ah" if self._takes_codes(t):
                self._show(t, ~given[0] & 0xFF)
            case "mz":
                self.lines.put(t, 0)
            case "mp":
                self.pulse_ms = int.from_bytes(given, "little")
            case "e5":
                self._offset_ms = -1000 * t * self._rate
            case "c10":
                self._mode = 0
            case "a10":
                self._drives_lines = True
            case _:
                self.answer(t, self._told(t, name))

    def _told(self, t: float, name: str) -> bytes:
        who = self.identity
        match name:
            case "_c1":
                return b"_xid%d" % self._mode
            case "_mp":
                return b"_mp" + struct.pack("<I", self.pulse_ms)
            case "_e5":
                return b"_e5" + struct.pack("<I", self.timer_ms(t))
        facts = {
            "_d1": who.name,
            "_d2": who.product,
            "_d3": who.model,
            "_d4": who.firmware,
            "_d5": who.minor,
        }
        return facts.get(name, "").encode()

    def _takes_codes(self, t: float) -> bool:
        ready = self._mode == 0 and self._drives_lines
        if not ready:
            self.note(t, "a code was lost: the box is not in XID mode (c10), or a10 is missing")
        return ready

    def _show(self, t: float, lines: int) -> None:
        self.lines.put(t, lines & LINES, self.pulse_ms / 1000 if self.pulse_ms else None)

    # -- to the host ----------------------------------------------------------------------------

    def timer_ms(self, t: float) -> int:
        """What the box's own clock shows at a time, whole ms."""
        # A whole millisecond is not to fall short of itself by rounding.
        return int(1000 * t * self._rate + self._offset_ms + 1e-6) & 0xFFFFFFFF

    def press(self, port: int, key: int, t: float | None = None) -> None:
        """A button goes down (or a sensor sees light, or the scanner's pulse comes)."""
        self._report(port, key, True, t)

    def release(self, port: int, key: int, t: float | None = None) -> None:
        """A button comes up."""
        self._report(port, key, False, t)

    def _report(self, port: int, key: int, down: bool, t: float | None) -> None:
        at = self.now() if t is None else t
        self.answer(at, key_packet(self.identity, port, key, down, self.timer_ms(at)))


class StimTracker1g(XidBox):
    """The first StimTracker: ``mh`` has a second byte that does nothing; it knows no ``_c1``."""

    KNOWN = frozenset({"_d1", "_d2", "_d3", "mp", "mh"})

    def __init__(self) -> None:
        super().__init__(Identity("Cedrus StimTracker", "S", "C", firmware="1"))
        self._drives_lines = True

    def _obey(self, t: float, name: str, given: bytes) -> None:
        if name not in self.KNOWN:
            self.note(t, f"{name} means nothing to this box")
        elif name == "mh":
            super()._obey(t, name, given[:1])
        else:
            super()._obey(t, name, given)


def key_packet(identity: Identity, port: int, key: int, down: bool, timer_ms: int) -> bytes:
    """What a box sends for a button: six bytes, or the nine of a second StimTracker.

    >>> key_packet(RB_740, 0, 3, True, 88).hex(" ")
    '6b 70 58 00 00 00'
    """
    if identity.product == "S" and identity.firmware == "2":
        return struct.pack("<cBBcIB", b"o", port, key, b"1" if down else b"0", timer_ms, 0)
    info = port | (0x10 if down else 0) | (key % 8) << 5
    return struct.pack("<cBI", b"k", info, timer_ms)
