"""Every code sent and read back: through a wire from TX to RX, or a board that echoes.

Proves the port, its rate and the adapter, byte by byte, and tells how long a byte is under way in
both directions together. It says nothing of the wires behind a trigger box.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mbtexp.check.report import Spread, spread
from mbtexp.errors import DeviceError
from mbtexp.port import SerialPort
from mbtexp.ports import Clock
from mbtexp.triggers.book import HIGHEST, LOWEST

PATIENCE_S = 0.2
"""A byte that is not back after this long is lost; 16 ms of it may be the adapter's timer."""

GIVE_UP = 10
"""After that many lost bytes in a row, from the first one on, nothing is connected."""

NAMED = 8


@dataclass(frozen=True)
class Loop:
    """What came back."""

    sent: int
    wrong: tuple[tuple[int, bytes], ...]
    """Codes that came back as something else, with what came."""
    round_trip: Spread | None
    latency_timer_ms: int | None

    @property
    def ok(self) -> bool:
        """Whether every code came back as itself."""
        return not self.wrong and self.round_trip is not None

    def text(self) -> str:
        """The result in a few sentences."""
        if self.round_trip is None:
            return (
                f"Nothing came back of the first {self.sent} codes. Join TX and RX (pins 3 and 2 "
                "of a 9-pin plug), or load an echoing program into the board; a trigger box does "
                "not echo."
            )
        timer = "unknown" if self.latency_timer_ms is None else f"{self.latency_timer_ms} ms"
        there_and_back = f"There and back: {self.round_trip.spoken()}. Latency timer: {timer}."
        if not self.wrong:
            return f"All {self.sent} codes came back as they were sent. {there_and_back}"
        named = ", ".join(
            f"{code} as {' '.join(map(str, came)) if came else 'nothing'}"
            for code, came in self.wrong[:NAMED]
        )
        more = f" and {len(self.wrong) - NAMED} more" if len(self.wrong) > NAMED else ""
        return (
            f"{len(self.wrong)} of {self.sent} codes came back wrong: {named}{more}. Check that "
            f"baud is what the board expects, and the wire. {there_and_back}"
        )


def loop_back(
    port: SerialPort, clock: Clock, codes: Sequence[int] = range(LOWEST, HIGHEST + 1)
) -> Loop:
    """Send each code, wait for it and compare.

    Raises
    ------
    DeviceError
        The port took a code not at all: it is gone, or flow control holds it.
    """
    wrong: list[tuple[int, bytes]] = []
    taken: list[float] = []
    sent = 0
    for code in codes:
        port.read()
        if port.stuck():
            raise DeviceError("The port takes no bytes; check the cable.")
        began = clock.now()
        came = port.ask(bytes([code]), bool, PATIENCE_S)
        sent += 1
        if came:
            taken.append(clock.now() - began)
        if came != bytes([code]):
            wrong.append((code, came))
        if not taken and sent >= GIVE_UP:
            break
    timer_ms = port.describe().get("latency_timer_ms")
    return Loop(sent, tuple(wrong), spread(taken) if taken else None, timer_ms)
