"""Waiting for a press: by looking often, which every device of the suite allows."""

from __future__ import annotations

import time
from collections.abc import Callable

from mbtexp.clock import VirtualClock
from mbtexp.ports import Clock, Press

POLL_S = 0.0004


def first_presses(poll: Callable[[], list[Press]], clock: Clock, until: float) -> list[Press]:
    """The first new presses or releases; none if nothing came before ``until``."""
    while True:
        presses = poll()
        rest = until - clock.now()
        if presses or rest <= 0:
            return presses
        if rest <= POLL_S:
            clock.sleep_until(until)
        elif isinstance(clock, VirtualClock):
            clock.sleep_until(clock.now() + POLL_S)
        else:
            # A plain sleep: the clock's own would spin through so short a time.
            time.sleep(POLL_S)
