"""Looking at a line by hand: one code after the other, slow enough to be seen on the recorder."""

from __future__ import annotations

from collections.abc import Iterator

from mbtexp.ports import Clock
from mbtexp.triggers.sender import Sender

WALK = (1, 2, 4, 8, 16, 32, 64, 128, 85, 170)
"""Each bit alone, then the even and the odd ones: shows a cut wire and two that are swapped."""


def line_walk(sender: Sender, clock: Clock, *, every_s: float = 1.0) -> Iterator[int]:
    """Each code of the walk just before it is sent, for the operator to compare.

    Codes beyond the recorder's highest are left out.
    """
    start = clock.now()
    walk = [code for code in WALK if code <= sender.describe()["max_code"]]
    for place, code in enumerate(walk):
        clock.sleep_until(start + place * every_s)
        yield code
        sender.pulse(code, "line_walk")
