"""What every emulated box has: output lines with a history, a line rate, and a way to answer.

A box is a machine of bytes and times without a port. ``mbtexp.virtual.wire.Wire`` puts it on a
pseudo-terminal, ``VirtualPort`` on the virtual lab's clock. All its times are seconds on the clock
of whatever it is connected to.
"""

from __future__ import annotations

import bisect
import errno
from collections.abc import Callable, Sequence

from mbtexp.port import SENT, Heard, Written
from mbtexp.ports import Clock, Facts

BITS_PER_BYTE = 10
"""On the wire: a start bit, eight of data, a stop bit."""


class Lines:
    """The output lines of a box over time.

    ``edges`` holds each change as ``(t, value)``, in order. The end of a held code is computed and
    stands there as soon as the code does; an entry that still lies ahead goes if the box is told
    something else before.
    """

    def __init__(self) -> None:
        self.edges: list[tuple[float, int]] = []

    def at(self, t: float) -> int:
        """What the lines show at a time."""
        place = bisect.bisect_right(self.edges, t, key=lambda edge: edge[0])
        return self.edges[place - 1][1] if place else 0

    def put(self, t: float, value: int, hold_s: float | None = None) -> None:
        """Show a value from ``t`` on, for a while or until told otherwise."""
        while self.edges and self.edges[-1][0] >= t:
            self.edges.pop()
        if value != self.at(t):
            self.edges.append((t, value))
        if hold_s is not None and value:
            self.edges.append((t + hold_s, 0))

    def free_at(self, t: float) -> float:
        """When a value that is held now will have ended; ``t`` if none is."""
        return max(t, self.edges[-1][0]) if self.edges else t


class Box:
    """A box as its firmware is: takes bytes at times, changes its lines, answers.

    Subclasses say in ``take`` what they do with a byte.
    """

    baud: int | None = 115200
    """The rate it listens at; None for a box that takes any."""

    metered = True
    """Whether a byte takes its time on the wire; not so where the rate is only a name (USB)."""

    def __init__(self) -> None:
        self.lines = Lines()
        self.said: list[tuple[float, bytes]] = []
        """Everything the box sent to the host."""
        self.notes: list[tuple[float, str]] = []
        """What a person should know: bytes that did nothing, and why."""
        self.due: float | None = None
        """When ``tick`` wants to be called next."""
        self.gone = False
        """Whether the box has disappeared from the machine."""
        self.unplugged: Callable[[], None] = _nothing
        """Set by what the box is connected to: takes the box off the machine."""
        self.stalled: Callable[[bool], None] = _not_stalled
        """Set by what the box is connected to: stop or go on taking bytes."""
        self.port: Callable[[bytes], bool] = _nobody
        """Set by what the box is connected to: bytes to the host; False if they did not fit."""
        self.now: Callable[[], float] = float
        """Set by what the box is connected to: its clock."""
        self.host_baud: Callable[[], int] = int
        """Set by what the box is connected to: the rate that the host has set."""
        self._free_at = 0.0

    @property
    def edges(self) -> list[tuple[float, int]]:
        """Each change of the output lines: when (s), and to what value."""
        return self.lines.edges

    def codes(self) -> list[int]:
        """The values that the lines rose to, in order."""
        return [value for _, value in list(self.edges) if value]

    # -- called by what the box is connected to -----------------------------------------------

    def opened(self, t: float) -> None:
        """A program has opened the port."""

    def closed(self, t: float) -> None:
        """The program has closed it."""

    def tick(self, t: float) -> None:
        """A time has come that the box may have asked for."""
        if self.due is not None and t >= self.due:
            self.due = None

    def hear(self, t: float, data: bytes, baud: int) -> None:
        """Bytes have arrived, at the rate that the host has set."""
        if self.baud is not None and baud != self.baud:
            data = self.mistake(t, data, baud)
        rate = self.baud or baud
        for byte in data:
            begins = max(t, self._free_at)
            self._free_at = begins + BITS_PER_BYTE / rate if self.metered else t
            self.take(self._free_at, byte)

    # -- what a kind of box says for itself -----------------------------------------------------

    def mistake(self, t: float, data: bytes, baud: int) -> bytes:
        """What the box makes of bytes at a wrong rate: here, what a plain UART would."""
        self.note(t, f"{data.hex(' ')} came at {baud} baud; this box listens at {self.baud}")
        assert self.baud is not None  # or there would be no wrong rate
        return misread(data, baud, self.baud)

    def take(self, t: float, byte: int) -> None:
        """A byte is complete."""
        raise NotImplementedError

    def answer(self, t: float, data: bytes) -> bool:
        """Send to the host; False if the host has not read for so long that nothing fits."""
        self.said.append((t, data))
        return self.port(data)

    def note(self, t: float, text: str) -> None:
        """Tell a person something that the host cannot know."""
        self.notes.append((t, text))

    def vanish(self) -> None:
        """Disappear from the machine, as a box does that restarts into its boot loader."""
        self.gone = True
        self.unplugged()


class VirtualPort:
    """A box on the virtual lab's clock: what ``open_port`` would give, without a port.

    Parameters
    ----------
    box
        The box at the other end.
    clock
        The run clock; a virtual one keeps everything exact.
    baud
        The rate that the host sets; the box's own if none is given.
    """

    def __init__(self, box: Box, clock: Clock, baud: int | None = None) -> None:
        self._box = box
        self._clock = clock
        self._baud = baud or box.baud or 115200
        self._unread = b""
        self._stalled = False
        self._closed = False
        self._listeners: list[Heard] = []
        self.hung_up: float | None = None
        """When the box was found gone (s on the run clock)."""
        self.written: list[tuple[float, bytes]] = []
        """Each write that was taken, whole."""
        box.port = self._from_box
        box.stalled = self._stall
        box.now = clock.now
        box.host_baud = lambda: self._baud
        box.opened(clock.now())

    def write(self, data: bytes) -> Written:
        """Hand the bytes to the box; never raises, never waits."""
        self._tick()
        if self._closed:
            return Written("failed", errno.EBADF)
        if self._box.gone:
            self.hung_up = self.hung_up or self._clock.now()
            return Written("failed", errno.EIO)
        if self._stalled:
            return Written("blocked", errno.EAGAIN)
        now = self._clock.now()
        self.written.append((now, data))
        self._box.hear(now, data, self._baud)
        return SENT

    def stuck(self) -> bool:
        """Never: what was taken has arrived."""
        return False

    def read(self) -> bytes:
        """Whatever the box has said and nobody has read yet."""
        self._tick()
        unread, self._unread = self._unread, b""
        return unread

    def ask(self, question: bytes, enough: Callable[[bytes], bool], within_s: float) -> bytes:
        """Write a question and collect the answer until it is enough or the time is up."""
        self.write(question)
        answer = b""
        limit = self._clock.now() + within_s
        while True:
            answer += self.read()
            if enough(answer) or self._clock.now() >= limit:
                return answer
            self._clock.sleep_until(min(limit, self._clock.now() + 0.001))

    def listen(self, heard: Heard) -> None:
        """Tell ``heard`` of everything from now on."""
        self.read()
        self._listeners.append(heard)

    def describe(self) -> Facts:
        """Says that there is no wire."""
        return {"port": "virtual", "baud": self._baud}

    def close(self) -> None:
        """Give the box back."""
        if not self._closed:
            self._closed = True
            self._box.closed(self._clock.now())

    def _tick(self) -> None:
        due = self._box.due
        if due is not None and due <= self._clock.now():
            self._box.tick(self._clock.now())

    def _from_box(self, data: bytes) -> bool:
        if self._closed:
            return True
        for heard in self._listeners:
            heard(self._clock.now(), data)
        if not self._listeners:
            self._unread += data
        return True

    def _stall(self, stalled: bool) -> None:
        self._stalled = stalled


def misread(data: Sequence[int], sent_baud: int, read_baud: int) -> bytes:
    """What a UART at one rate makes of bytes that were sent, back to back, at another.

    It waits for the line to fall, looks again half a bit later, and then takes eight bits, each in
    its middle. A byte whose stop bit is low is thrown away.

    >>> misread(b"A", 9600, 9600)
    b'A'
    >>> misread(bytes([6]), 115200, 57600).hex()
    'f9'
    """
    bits: list[int] = []
    for byte in data:
        bits += [0, *(byte >> place & 1 for place in range(8)), 1]
    sent_s, bit_s = 1 / sent_baud, 1 / read_baud
    end_s = len(bits) * sent_s

    def level(t: float) -> int:
        # Half a bit of a nanosecond's grace: a middle must not fall on an edge by rounding.
        place = int((t + 1e-12) / sent_s)
        return bits[place] if place < len(bits) else 1

    found = bytearray()
    falls = [place * sent_s for place, bit in enumerate(bits) if not bit and _high(bits, place - 1)]
    free_s = 0.0
    for fall in falls:
        if fall < free_s - 1e-12 or fall >= end_s:
            continue
        if level(fall + bit_s / 2):
            continue
        free_s = fall + 9.5 * bit_s
        if level(free_s):
            middles = (fall + (1.5 + place) * bit_s for place in range(8))
            found.append(sum(level(t) << place for place, t in enumerate(middles)))
    return bytes(found)


def _high(bits: Sequence[int], place: int) -> bool:
    return place < 0 or bits[place] == 1


def _nothing() -> None:
    return None


def _not_stalled(_stalled: bool) -> None:
    return None


def _nobody(_data: bytes) -> bool:
    return True
