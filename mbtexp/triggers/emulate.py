"""A trigger box without hardware: a pseudo-terminal whose other end writes down every byte.

Its ``name`` goes into rig.toml as the port. Content and order of what it receives are exact; the
times of arrival are not a measure of latency, as the system delivers the bytes at its leisure.
Linux and macOS only.
"""

from __future__ import annotations

import difflib
import os
import select
import termios
import threading
import time
import tty
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self


class RecordingPort:
    """A port to send trigger codes to; a thread at its other end stamps and keeps each byte.

    Parameters
    ----------
    now
        Clock for the stamps; ``MonotonicClock.now`` of a run puts them on its time axis.
    """

    def __init__(self, now: Callable[[], float] = time.perf_counter) -> None:
        self._now = now
        self._box, self._wire = os.openpty()
        tty.setraw(self._wire)
        self.name = os.ttyname(self._wire)
        """What to give as the port."""
        self.received: list[tuple[float, int]] = []
        """Each byte with its time of arrival (s on the clock given)."""
        self._wake, self._waker = os.pipe()
        self._reader: threading.Thread | None = None

    def __enter__(self) -> Self:
        """Start to listen."""
        self._reader = threading.Thread(target=self._listen, name="trigger-box", daemon=True)
        self._reader.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the port away."""
        self.unplug()

    def wait_for(self, n_bytes: int, within_s: float = 2.0) -> bool:
        """Whether that many bytes have arrived, now or within a while."""
        limit = time.perf_counter() + within_s
        while len(self.received) < n_bytes and time.perf_counter() < limit:
            time.sleep(0.0005)
        return len(self.received) >= n_bytes

    def codes(self) -> list[int]:
        """The codes that arrived, in order: every byte but the line's rest."""
        return [byte for _, byte in self.received if byte]

    def baud(self) -> int:
        """The rate that the sender has set, bits per second."""
        speed = termios.tcgetattr(self._box)[5]
        known = {getattr(termios, name): int(name[1:]) for name in dir(termios) if _is_rate(name)}
        return known[speed]

    def stall(self) -> None:
        """Take no more bytes, as a wedged box does."""
        termios.tcflow(self._wire, termios.TCOOFF)

    def release(self) -> None:
        """Take bytes again."""
        termios.tcflow(self._wire, termios.TCOON)

    def unplug(self) -> None:
        """Pull the cable; what was received stays."""
        if self._reader is None:
            return
        os.write(self._waker, b"x")
        self._reader.join()
        self._reader = None
        for descriptor in (self._box, self._wire, self._wake, self._waker):
            os.close(descriptor)

    def _listen(self) -> None:
        while True:
            ready, _, _ = select.select([self._box, self._wake], [], [])
            if self._box in ready:
                arrived = os.read(self._box, 4096)
                now = self._now()
                self.received.extend((now, byte) for byte in arrived)
            elif self._wake in ready:
                return


def differences(sent: Sequence[int], received: Sequence[int]) -> list[str]:
    """One sentence for each code that was sent and not received, or the other way round.

    >>> differences([121, 125, 154], [121, 154, 7])
    ['code 125 (2nd sent) was not received', 'code 7 (3rd received) was not sent']
    """
    found = []
    matcher = difflib.SequenceMatcher(None, list(sent), list(received), autojunk=False)
    for kind, a, a_end, b, b_end in matcher.get_opcodes():
        if kind == "equal":
            continue
        for place in range(a, a_end):
            found.append(f"code {sent[place]} ({_nth(place)} sent) was not received")
        for place in range(b, b_end):
            found.append(f"code {received[place]} ({_nth(place)} received) was not sent")
    return found


def _nth(place: int) -> str:
    n = place + 1
    ending = "th" if 10 <= n % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n}{ending}"


def _is_rate(name: str) -> bool:
    return name[0] == "B" and name[1:].isdigit()
