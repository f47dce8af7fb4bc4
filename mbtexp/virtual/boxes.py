"""Emulated boxes that take one raw byte for a code, and the table of all kinds of box.

Bytes and rates are those of docs/triggers.md, from the makers' documents and from public programs
for the boxes; none of them was held against the real box. Where two behaviours are possible the
one that loses more is taken.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from mbtexp.virtual.box import Box
from mbtexp.virtual.commands import BbtkTtl, StimSync, Usb2Ttl8
from mbtexp.virtual.xid import StimTracker1g, XidBox

BUFFER = 64
"""Bytes that a small board keeps until its program reads them."""


class RawByteBox(Box):
    """A byte goes to the lines, which the box returns to zero by itself.

    Parameters
    ----------
    hold_ms
        How long a code stays; 8 on the BioSemi interface and on the MMBT-S in position P.
    queue
        Whether a code that comes too early waits for its turn (MMBT-S) or takes the place of the
        one that is held (BioSemi). A code that waited follows without a zero in between.
    baud
        The rate it listens at.
    """

    def __init__(
        self, hold_ms: float = 8.0, *, queue: bool = False, baud: int | None = 115200
    ) -> None:
        super().__init__()
        self.baud = baud
        self._hold_s = hold_ms / 1000
        self._queue = queue
        self._ahead: list[float] = []

    def take(self, t: float, byte: int) -> None:
        """A code, or a zero that ends one early."""
        if not self._queue:
            self.lines.put(t, byte, self._hold_s)
            return
        self._ahead = [start for start in self._ahead if start > t]
        if len(self._ahead) >= BUFFER:
            self.note(t, f"code {byte} was lost: {BUFFER} are waiting")
            return
        start = self.lines.free_at(t)
        if start > t:
            self._ahead.append(start)
        self.lines.put(start, byte, self._hold_s)


class LatchBox(Box):
    """A byte goes to the lines and stays until the next one; the host ends the pulse.

    Parameters
    ----------
    baud
        The rate it listens at; None where it takes any (TriggerBox).
    rest
        What the lines show before the first byte.
    reset_byte
        The byte that returns the lines to zero.
    close_byte
        The byte that the box wants last; ``left_well`` tells whether it came.
    """

    def __init__(
        self,
        *,
        baud: int | None = 115200,
        rest: int = 0,
        reset_byte: int = 0,
        close_byte: int = 0,
    ) -> None:
        super().__init__()
        self.baud = baud
        self._reset_byte = reset_byte
        self._close_byte = close_byte
        self._last: int | None = None
        if rest:
            self.lines.put(0.0, rest)

    @property
    def left_well(self) -> bool:
        """Whether the last byte was the one that the box wants at the end."""
        return self._last == self._close_byte

    def take(self, t: float, byte: int) -> None:
        """The lines show the byte from now on."""
        self._last = byte
        self.lines.put(t, 0 if byte == self._reset_byte else byte)

    def closed(self, t: float) -> None:
        """Says so if the lines were left as they should not be."""
        if not self.left_well:
            self.note(t, f"the port was closed without the last byte {self._close_byte:02x}")


class Mmbts(RawByteBox):
    """Neurospec MMBT-S: 9600 baud and no other; a program that opens it at 1200 has lost it.

    Parameters
    ----------
    mode
        Position of its switch: in P the box ends a code after 8 ms, in S the host does.
    """

    metered = False
    WATCHED_S = 0.1
    """How long after opening the rate is looked at: a program opens first and sets it then."""

    def __init__(self, mode: Literal["P", "S"] = "P") -> None:
        super().__init__(8.0, queue=True, baud=9600)
        self._mode = mode
        self._opened = 0.0

    def opened(self, t: float) -> None:
        """The rate may be set a moment later."""
        self._opened = t
        self.tick(t)

    def tick(self, t: float) -> None:
        """Looks at the rate for a while."""
        self.due = t + 0.01 if t < self._opened + self.WATCHED_S else None
        if self._host is not None and self._host.baud() == 1200:
            self.note(t, "opened at 1200 baud: the box has left for its boot loader; replug it")
            self.vanish()

    def mistake(self, t: float, data: bytes, baud: int) -> bytes:
        """Nothing: what came at another rate is not for this box."""
        super().mistake(t, data, baud)
        self.tick(t)
        return b""

    def take(self, t: float, byte: int) -> None:
        """A code; the switch says who ends it."""
        if self._mode == "P":
            super().take(t, byte)
        else:
            self.lines.put(t, byte)


class EchoingArduino(Box):
    """A board that restarts when its port is opened, and writes back each code as a line of text.

    Parameters
    ----------
    reset_s
        How long it hears nothing after it was opened.
    echo
        Whether it writes back. If the host never reads, it comes to a halt.
    """

    def __init__(self, reset_s: float = 1.5, *, echo: bool = True) -> None:
        super().__init__()
        self._reset_s = reset_s
        self._echo = echo
        self._awake_at = 0.0
        self._halted = False

    def opened(self, t: float) -> None:
        """The board restarts; its pins fall."""
        self._awake_at = t + self._reset_s
        self._halted = False
        self.lines.put(t, 0)

    def take(self, t: float, byte: int) -> None:
        """Sets the pins, then writes back."""
        if t < self._awake_at:
            left = self._awake_at - t
            self.note(t, f"code {byte} was lost: the board restarts for another {left:.2f} s")
            return
        if self._halted:
            self.note(t, f"code {byte} was lost: the host does not read what the board writes")
            return
        self.lines.put(t, byte)
        if self._echo:
            self._halted = not self.answer(t, f"{byte}\n".encode())


class PulseArduino(Box):
    """A board that sets its pins, waits and clears them, and hears nothing while it waits.

    Parameters
    ----------
    hold_ms
        How long it waits.
    """

    def __init__(self, hold_ms: float = 5.0) -> None:
        super().__init__()
        self._hold_s = hold_ms / 1000
        self._awake_at = 0.0

    def take(self, t: float, byte: int) -> None:
        """A code, unless the last one is still up."""
        if t < self._awake_at:
            self.note(t, f"code {byte} was lost: the board waits for the end of the last one")
            return
        self.lines.put(t, byte, self._hold_s)
        if byte:
            self._awake_at = t + self._hold_s


class Bitsi(Box):
    """BITSI (Radboud): greets after its restart, latches bytes, tells presses in letters.

    Parameters
    ----------
    reset_s
        How long it restarts after it was opened.
    greeting
        What it says then.
    """

    def __init__(self, reset_s: float = 1.0, greeting: str = "BITSI mode, Ready!") -> None:
        super().__init__()
        self._reset_s = reset_s
        self._greeting = greeting
        self._awake_at = 0.0

    def opened(self, t: float) -> None:
        """The board restarts."""
        self._awake_at = self.due = t + self._reset_s

    def tick(self, t: float) -> None:
        """The restart is over."""
        self.due = None
        self.answer(t, f"{self._greeting}\r\n".encode())

    def take(self, t: float, byte: int) -> None:
        """The pins show the byte from now on."""
        if t < self._awake_at:
            self.note(t, f"code {byte} was lost: the box restarts")
            return
        self.lines.put(t, byte)

    def press(self, button: int) -> None:
        """A button goes down; the first is 0 and is told as ``A``."""
        self.answer(self.now(), bytes([ord("A") + button]))

    def release(self, button: int) -> None:
        """A button comes up; the first is 0 and is told as ``a``."""
        self.answer(self.now(), bytes([ord("a") + button]))


BOXES: dict[str, Callable[[], Box]] = {
    "serial": LatchBox,
    "biosemi": RawByteBox,
    "mmbts-p": Mmbts,
    "mmbts-s": lambda: Mmbts("S"),
    "triggerbox": lambda: LatchBox(baud=None, rest=0xFF, close_byte=0xFF),
    "triggerbox-plus": lambda: LatchBox(baud=2_000_000, rest=0xFF, close_byte=0xFF),
    "xid2": XidBox,
    "stimtracker1g": StimTracker1g,
    "usb2ttl8": Usb2Ttl8,
    "bbtk-ttl": BbtkTtl,
    "arduino-latch": EchoingArduino,
    "arduino-pulse": PulseArduino,
    "bitsi": Bitsi,
    "stimsync": StimSync,
}
"""An emulated box for each kind of trigger device, by its name in rig.toml."""
