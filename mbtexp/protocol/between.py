"""What the participant sees between two runs, where the operator has a screen of their own.

A run opens its window and closes it; without a cover, the desktop would come up after each. With
only one screen the operator needs that desktop to answer, and there is no cover.
"""

from __future__ import annotations

import contextlib
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import IO

from mbtexp.conduct import core_texts
from mbtexp.errors import MbtexpError
from mbtexp.protocol.asked import Asked

UP_S = 10.0
"""Longest wait for the cover, s; a session begins without one rather than late."""

END_S = 5.0
"""Longest wait for its end, s."""


@contextlib.contextmanager
def cover_between_runs(asked: Asked) -> Iterator[bool]:
    """Keep the participant's screen covered; gives whether it is.

    The windows of the runs open in front of the cover. A pilot and the virtual laboratory have
    none, and nothing that goes wrong with it keeps a session from beginning.
    """
    display = asked.rig_read().display
    corner = None if asked.pilot or asked.virtual else participant_corner(display.screen)
    if corner is None:
        yield False
        return
    with _covered(corner, display.background, core_texts(asked.language)("between")) as up:
        yield up


def participant_corner(number: int) -> tuple[int, int] | None:
    """Top left corner of the screen of this number, px; None where it is the only one."""
    from mbtexp.screen import screen_corners  # noqa: PLC0415  only where there are screens

    try:
        corners = screen_corners()
    except MbtexpError:
        return None
    return corners[number] if len(set(corners)) > 1 and number < len(corners) else None


@contextlib.contextmanager
def _covered(corner: tuple[int, int], colour: str, words: str) -> Iterator[bool]:
    x, y = map(str, corner)
    with subprocess.Popen(
        [sys.executable, "-m", "mbtexp.operator.curtain", x, y, colour, words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as cover:
        try:
            up = cover.stdout is not None and _is_up(cover.stdout)
            if not up:
                cover.kill()  # one that came later would come in front of a run
            yield up
        finally:
            _end(cover)


def _is_up(said: IO[bytes]) -> bool:
    """Whether the cover has told that it is there, within a fair time."""
    first: queue.Queue[bytes] = queue.Queue()
    threading.Thread(target=lambda: first.put(said.readline()), daemon=True).start()
    with contextlib.suppress(queue.Empty):
        return bool(first.get(timeout=UP_S).strip())
    return False


def _end(cover: subprocess.Popen[bytes]) -> None:
    """Its input ends, and it with that; one that does not answer is ended."""
    if cover.stdin is not None:
        with contextlib.suppress(OSError):
            cover.stdin.close()
    try:
        cover.wait(END_S)
    except subprocess.TimeoutExpired:
        cover.kill()
