"""A trigger box without hardware: a pseudo-terminal whose other end writes down every byte.

Its ``name`` goes into rig.toml as the port. Content and order of what it receives are exact; the
times of arrival are not a measure of latency, as the system delivers the bytes at its leisure.
It takes any byte; ``mbtexp.virtual.boxes`` has boxes that behave as their makers say. Linux and
macOS only.
"""

from __future__ import annotations

import difflib
import time
from collections.abc import Callable, Sequence

from mbtexp.virtual.wire import Wire


class RecordingPort(Wire):
    """A port to send trigger codes to; a thread at its other end stamps and keeps each byte.

    Parameters
    ----------
    now
        Clock for the stamps; ``MonotonicClock.now`` of a run puts them on its time axis.
    """

    def __init__(self, now: Callable[[], float] = time.perf_counter) -> None:
        super().__init__(None, now)

    def codes(self) -> list[int]:
        """The codes that arrived, in order: every byte but the line's rest."""
        return [byte for _, byte in self.received if byte]


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
