"""An emulated box on the virtual lab's clock: exact to the microsecond, without a port."""

from __future__ import annotations

import errno
from collections.abc import Callable

from mbtexp.errors import DeviceError
from mbtexp.port import SENT, Heard, Written
from mbtexp.ports import Clock, Facts
from mbtexp.virtual.box import Box


class VirtualPort:
    """A box on the virtual lab's clock: what ``open_port`` would give, without a port.

    It can be a sender's link as it stands (the box is then not introduced), or the port of a
    ``SerialLink`` (it is).

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
        box.connect(self)
        box.opened(clock.now())

    def write(self, data: bytes) -> Written:
        """Hand the bytes to the box; never raises, never waits."""
        self._box.attend(self._clock.now())
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
        self._box.attend(self._clock.now())
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

    def relieve(self) -> None:
        """Throw away what the box has said."""
        self.read()

    def reopen(self, introduce: Callable[[VirtualPort], object] | None = None) -> None:
        """Open the port again and introduce the box.

        Raises
        ------
        DeviceError
            The box is gone.
        """
        if self._box.gone:
            raise DeviceError("the box is not there; plug it in again.")
        self._closed, self._unread, self.hung_up = False, b"", None
        self._box.opened(self._clock.now())
        if introduce is not None:
            introduce(self)

    def describe(self) -> Facts:
        """Says that there is no wire."""
        return {"port": "virtual", "baud": self._baud}

    def close(self) -> None:
        """Give the box back."""
        if not self._closed:
            self._closed = True
            self._box.closed(self._clock.now())

    # -- the box's side -------------------------------------------------------------------------

    def now(self) -> float:
        """Seconds on the run clock."""
        return self._clock.now()

    def baud(self) -> int:
        """The rate that the host has set."""
        return self._baud

    def send(self, data: bytes) -> bool:
        """Bytes from the box."""
        for heard in self._listeners:
            heard(self._clock.now(), data)
        if not self._listeners and not self._closed:
            self._unread += data
        return True

    def stall(self) -> None:
        """Take no more bytes."""
        self._stalled = True

    def release(self) -> None:
        """Take bytes again."""
        self._stalled = False
