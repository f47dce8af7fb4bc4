"""A pseudo-terminal: at one end a program that opens a serial port, at the other an emulated box.

Content and order of what arrives are exact. The time of arrival is when the system chose to deliver
it and this thread chose to look: never a measure of latency. Rates are checked, but parity and data
bits are not visible here, nor are the modem lines. Linux and macOS only; tried on Linux.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import select
import struct
import sys
import termios
import threading
import time
import tty
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from mbtexp.virtual.box import Box

NOBODY_S = 0.002
"""How often an unopened port is looked at; also how late its opening may be noticed."""

_TCGETS2 = 0x802C542A
"""Linux's request for a port's settings with the rate as a number (asm-generic/ioctls.h)."""


class Wire:
    """A serial port that exists while this is open; a thread at its other end serves the box.

    Parameters
    ----------
    box
        What is connected; None only records.
    now
        Clock for all times; ``MonotonicClock.now`` of a run puts them on its time axis.
    stable
        A second name for the port that stays when it is unplugged and plugged in again, as
        /dev/serial/by-id does.
    """

    def __init__(
        self,
        box: Box | None = None,
        now: Callable[[], float] = time.perf_counter,
        *,
        stable: Path | None = None,
    ) -> None:
        self.box = box
        self._now = now
        self.stable = stable
        self.name = ""
        """What to give as the port."""
        self.received: list[tuple[float, int]] = []
        """Each byte with its time of arrival (s on the clock given)."""
        self._end = self._slave = -1
        self._wake, self._waker = os.pipe()
        self._lock = threading.RLock()
        self._reader: threading.Thread | None = None
        self._new_terminal()

    def __enter__(self) -> Self:
        """Start to listen."""
        self._start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the port away."""
        self.unplug()
        for descriptor in (self._wake, self._waker):
            os.close(descriptor)
        if self.stable is not None:
            self.stable.unlink(missing_ok=True)

    # -- what a test or a person asks -----------------------------------------------------------

    def now(self) -> float:
        """Seconds on the clock given."""
        return self._now()

    def wait_for(self, n_bytes: int, within_s: float = 2.0) -> bool:
        """Whether that many bytes have arrived, now or within a while."""
        limit = time.perf_counter() + within_s
        while len(self.received) < n_bytes and time.perf_counter() < limit:
            time.sleep(0.0005)
        return len(self.received) >= n_bytes

    def baud(self) -> int:
        """The rate that the program at the port has set, bits per second."""
        return _rate(self._end)

    def unread(self) -> int:
        """Bytes from the box that the program has not read yet."""
        with self._lock, self._slave_open() as slave:
            told = fcntl.ioctl(slave, termios.FIONREAD, bytes(4))
        return int.from_bytes(told, sys.byteorder)

    # -- what can go wrong ----------------------------------------------------------------------

    def stall(self) -> None:
        """Take no more bytes, as a wedged box does."""
        with self._lock:
            if self._slave < 0:
                self._slave = os.open(self.name, os.O_RDWR | os.O_NOCTTY)
            termios.tcflow(self._slave, termios.TCOOFF)

    def release(self) -> None:
        """Take bytes again."""
        with self._lock:
            if self._slave >= 0:
                termios.tcflow(self._slave, termios.TCOON)
                self._let_go()

    def unplug(self) -> None:
        """Pull the cable; what was received stays."""
        if self._reader is None:
            return
        if self._reader is not threading.current_thread():
            os.write(self._waker, b"x")
            self._reader.join()
            os.read(self._wake, 1)
        self._reader = None
        self._hang_up()

    def replug(self) -> None:
        """Plug the box in again, which gives the port another name; the stable one stays."""
        if self._reader is not None:
            return
        self._new_terminal()
        self._start()

    def send(self, data: bytes) -> bool:
        """Bytes to the program at the port; False if it has read nothing for too long."""
        with self._lock:
            if self._end < 0:
                return False
            try:
                return os.write(self._end, data) == len(data)
            except OSError as error:
                if error.errno in (errno.EIO, errno.EAGAIN):
                    return error.errno == errno.EIO  # nobody has opened the port: said to no one
                raise

    # -- the thread -------------------------------------------------------------------------------

    def _new_terminal(self) -> None:
        self._end, slave = os.openpty()
        tty.setraw(slave)
        os.set_blocking(self._end, False)
        self.name = os.ttyname(slave)
        # Closed at once: only then is it seen when a program opens and closes the port.
        os.close(slave)
        if self.stable is not None:
            self.stable.unlink(missing_ok=True)
            self.stable.symlink_to(self.name)

    def _start(self) -> None:
        if self.box is not None:
            self.box.connect(self)
        self._reader = threading.Thread(target=self._serve, name="box", daemon=True)
        self._reader.start()

    def _serve(self) -> None:
        somebody = False
        while True:
            ready, _, _ = select.select(
                [self._end, self._wake] if somebody else [self._wake],
                [],
                [],
                self._patience(somebody),
            )
            if self._wake in ready:
                return
            arrived = self._arrived()
            now = self.now()
            if arrived is not None and not somebody:
                somebody = True
                if self.box is not None:
                    self.box.opened(now)
            if arrived:
                self._take(now, arrived)
            elif arrived is None and somebody:
                somebody = False
                if self.box is not None:
                    self.box.closed(now)
            if self.box is not None and not self._serve_box(self.box, now):
                return

    def _patience(self, somebody: bool) -> float | None:
        due = None if self.box is None else self.box.next_due()
        wait = None if due is None else max(0.0, due - self.now())
        if somebody:
            return wait
        return NOBODY_S if wait is None else min(NOBODY_S, wait)

    def _arrived(self) -> bytes | None:
        """Bytes from the program, b"" if there are none yet, None if nobody has the port open."""
        try:
            return os.read(self._end, 4096) or None
        except BlockingIOError:
            return b""
        except OSError as error:
            if error.errno == errno.EIO:
                return None
            raise

    def _take(self, now: float, arrived: bytes) -> None:
        self.received.extend((now, byte) for byte in arrived)
        if self.box is not None:
            self.box.hear(now, arrived, self.baud())

    def _serve_box(self, box: Box, now: float) -> bool:
        """Give the box its time; False if it has left the machine."""
        box.attend(now)
        if box.gone:
            self._reader = None
            self._hang_up()
            return False
        return True

    def _hang_up(self) -> None:
        with self._lock:
            self._let_go()
            os.close(self._end)
            self._end = -1

    def _let_go(self) -> None:
        if self._slave >= 0:
            os.close(self._slave)
            self._slave = -1

    @contextlib.contextmanager
    def _slave_open(self) -> Iterator[int]:
        slave = os.open(self.name, os.O_RDWR | os.O_NOCTTY)
        try:
            yield slave
        finally:
            os.close(slave)


def _rate(descriptor: int) -> int:
    """The rate of a terminal; exact on Linux, one of the standard ones elsewhere."""
    if sys.platform.startswith("linux"):
        settings = fcntl.ioctl(descriptor, _TCGETS2, bytes(44))
        return int(struct.unpack("4I20B2I", settings)[-1])
    speed = termios.tcgetattr(descriptor)[5]
    known = {getattr(termios, name): int(name[1:]) for name in dir(termios) if _is_rate(name)}
    return known.get(speed, speed)


def _is_rate(name: str) -> bool:
    return name[0] == "B" and name[1:].isdigit()
