"""A rehearsal without hardware: an emulated box on a port of this machine, and what reaches it."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable
from pathlib import Path

from mbtexp.errors import DeviceError, SettingError, did_you_mean
from mbtexp.virtual.box import Box
from mbtexp.virtual.boxes import BOXES

SETTLED_S = 0.05
"""What lies this far back has been decided: the box may still take back what is nearer."""

LOOK_S = 0.02


def rehearse(
    device: str,
    say: Callable[[str], None],
    until: Callable[[], bool],
    *,
    stable: Path | None = None,
) -> Box:
    """The emulated box after a rehearsal; meanwhile each code that reached it is told.

    Parameters
    ----------
    device
        Kind of trigger device, as in rig.toml.
    say
        Is given one line of text at a time: the port, each code with its time (s since the
        start), and what the box could do nothing with.
    until
        Whether the rehearsal is over; asked 50 times a second.
    stable
        A name for the port besides its own, for a rig.toml that is used again.

    Raises
    ------
    SettingError
        There is no such kind of device.
    DeviceError
        This machine has no pseudo-terminals (Windows).
    """
    if device not in BOXES:
        raise SettingError(f"device {device!r} cannot be emulated; {did_you_mean(device, BOXES)}")
    if os.name == "nt":
        raise DeviceError(
            "a box can be emulated on Linux and macOS only; on Windows use a real one"
        )
    from mbtexp.virtual.wire import Wire  # noqa: PLC0415  POSIX only

    box = BOXES[device]()
    began = time.perf_counter()
    with Wire(box, lambda: time.perf_counter() - began, stable=stable) as wire:
        say(f"An emulated {device} is at port {stable or wire.name}, {_spoken_rate(box)}.")
        told = -1.0
        while not until():
            time.sleep(LOOK_S)
            now = wire.now() - SETTLED_S
            _tell(box, told, now, say)
            told = now
    _tell(box, told, float("inf"), say)
    say(_summary(box))
    return box


def _tell(box: Box, after: float, up_to: float, say: Callable[[str], None]) -> None:
    """What happened in between, in order of time."""
    happened = [(t, f"code {value}") for t, value in list(box.edges) if value]
    happened += [(t, f"! {text}") for t, text in list(box.notes)]
    for t, text in sorted(happened):
        if after < t <= up_to:
            say(f"{t:9.3f} s  {text}")


def _summary(box: Box) -> str:
    widths = widths_ms(box.edges)
    counted = f"{len(box.codes())} codes"
    if widths:
        counted += f", up for {min(widths):.1f} to {max(widths):.1f} ms"
    return f"{counted}; {len(box.notes)} remarks." if box.notes else f"{counted}."


def widths_ms(edges: list[tuple[float, int]]) -> list[float]:
    """How long each code was up, ms; the last one only if it ended.

    >>> widths_ms([(1.0, 125), (1.25, 0), (2.0, 7)])
    [250.0]
    """
    return [
        1000 * (ends - starts) for (starts, value), (ends, _) in itertools.pairwise(edges) if value
    ]


def _spoken_rate(box: Box) -> str:
    return "at any rate" if box.baud is None else f"{box.baud} baud"
