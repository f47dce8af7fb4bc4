"""What every emulated box has: output lines with a history, a line rate, and a way to answer.

A box is a machine of bytes and times without a port. ``Wire`` puts it on a pseudo-terminal,
``VirtualPort`` on the virtual lab's clock. All its times are seconds on the clock
of whatever it is connected to.
"""

from __future__ import annotations

import bisect
from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

Fault = Literal["stall", "unplug", "short", "slow"]

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


class Host(Protocol):
    """What a box is connected to."""

    def now(self) -> float:
        """Seconds on the clock of the connection."""
        ...

    def baud(self) -> int:
        """The rate that the program at the other end has set."""
        ...

    def send(self, data: bytes) -> bool:
        """Bytes to that program; False if it has not read for so long that they do not fit."""
        ...

    def stall(self) -> None:
        """Let no more bytes through."""
        ...

    def release(self) -> None:
        """Let bytes through again."""
        ...


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
        self._host: Host | None = None
        self._free_at = 0.0
        self._faults: dict[int, Fault] = {}
        self._fault_s = 0.0
        self._writes = 0
        self._release_at: float | None = None

    @property
    def edges(self) -> list[tuple[float, int]]:
        """Each change of the output lines: when (s), and to what value."""
        return self.lines.edges

    def codes(self) -> list[int]:
        """The values that the lines went to, in order, without the zeros."""
        return [value for _, value in list(self.edges) if value]

    def now(self) -> float:
        """What the clock of the connection shows; zero while there is none."""
        return 0.0 if self._host is None else self._host.now()

    def fail(self, faults: Mapping[int, Fault], *, lasts_s: float = 0.05) -> None:
        """Let something go wrong at some writes.

        Parameters
        ----------
        faults
            What happens at which write, counted from 0 over those that arrive: ``stall`` lets
            nothing through for a while, ``unplug`` takes the box away (both as soon as the write
            before has arrived), ``short`` loses the last byte, ``slow`` is late.
        lasts_s
            How long a stall lasts, and how late a slow one is.
        """
        self._faults = dict(faults)
        self._fault_s = lasts_s

    # -- called by what the box is connected to -----------------------------------------------

    def connect(self, host: Host) -> None:
        """The box is plugged in."""
        self._host = host
        self.gone = False
        self._before_a_write(host.now())

    def opened(self, t: float) -> None:
        """A program has opened the port."""

    def closed(self, t: float) -> None:
        """The program has closed it."""

    def hear(self, t: float, data: bytes, baud: int) -> None:
        """Bytes have arrived, in one write, at the rate that the host has set."""
        fault = self._faults.pop(self._writes, None)
        self._writes += 1
        if fault == "short":
            data = data[:-1]
        if fault == "slow":
            t += self._fault_s
        if self.baud is not None and baud != self.baud:
            data = self.mistake(t, data, baud)
        rate = self.baud or baud
        for byte in data:
            begins = max(t, self._free_at)
            self._free_at = begins + BITS_PER_BYTE / rate if self.metered else t
            self.take(self._free_at, byte)
        self._before_a_write(t)

    def next_due(self) -> float | None:
        """When ``attend`` has something to do; None if only bytes can bring anything."""
        return min((t for t in (self.due, self._release_at) if t is not None), default=None)

    def attend(self, t: float) -> None:
        """Do whatever is due by now."""
        if self._release_at is not None and t >= self._release_at and self._host is not None:
            self._release_at = None
            self._host.release()
        if self.due is not None and t >= self.due:
            self.tick(t)

    def _before_a_write(self, t: float) -> None:
        """What befalls the next write before it can arrive."""
        fault = self._faults.get(self._writes)
        if fault == "stall" and self._host is not None:
            del self._faults[self._writes]
            self._release_at = t + self._fault_s
            self._host.stall()
        elif fault == "unplug":
            del self._faults[self._writes]
            self.vanish()

    # -- what a kind of box says for itself -----------------------------------------------------

    def mistake(self, t: float, data: bytes, baud: int) -> bytes:
        """What the box makes of bytes at a wrong rate: here, what a plain UART would."""
        self.note(t, f"{data.hex(' ')} came at {baud} baud; this box listens at {self.baud}")
        assert self.baud is not None  # or there would be no wrong rate
        return misread(data, baud, self.baud)

    def take(self, t: float, byte: int) -> None:
        """A byte is complete."""
        raise NotImplementedError

    def tick(self, _t: float) -> None:
        """The time that was ``due`` has come."""
        self.due = None

    def answer(self, t: float, data: bytes) -> bool:
        """Send to the host; False if the host has not read for so long that nothing fits."""
        self.said.append((t, data))
        return self._host is None or self._host.send(data)

    def note(self, t: float, text: str) -> None:
        """Tell a person something that the host cannot know."""
        self.notes.append((t, text))

    def vanish(self) -> None:
        """Disappear from the machine, as a box does that restarts into its boot loader."""
        self.gone = True


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
