"""The watch itself: look twice a second, show it in the terminal and on the page."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from mbtexp.terminal import say
from mbtexp.watch.folder import Folder
from mbtexp.watch.server import Page, serving
from mbtexp.watch.terminal import view_text
from mbtexp.watch.view import View

LOOK_S = 0.5
"""Time from look to look."""

PLAIN_S = 5.0
"""Shortest time between two texts where the output is a file, not a terminal, s."""

HOME_AND_CLEAR = "\x1b[H\x1b[J"

_BELOW_NORMAL = 0x4000
_NICE = 10


def watch(
    data: Path,
    *,
    participant: str | None = None,
    session: str | None = None,
    page: bool = True,
    port: int = 0,
    until: Callable[[], bool] = lambda: False,
) -> None:
    """Show what happens in a data folder until somebody ends it.

    Parameters
    ----------
    data
        The study's folder.
    participant, session
        Only these.
    page
        Whether to show a page for the browser too.
    port
        The page's port; 0: any that is free.
    until
        Asked after every look whether that was the last.
    """
    folder = Folder(data, participant=participant, session=session)
    _step_back()
    with ExitStack() as stack:
        shown: Page | None = stack.enter_context(serving(port)) if page else None
        if shown is not None:
            say(f"The page, on this computer only: {shown.address}")
        screen = _Screen("" if shown is None else f"page: {shown.address}")
        while True:
            view = folder.look()
            if shown is not None:
                shown.show(view)
            screen.show(view)
            if until():
                return
            time.sleep(LOOK_S)


def once(data: Path, *, participant: str | None = None, session: str | None = None) -> None:
    """Say how things are now."""
    say(view_text(Folder(data, participant=participant, session=session).look(), width=80))


class _Screen:
    """The terminal: drawn anew at every look, or told now and then where it is a file."""

    def __init__(self, foot: str) -> None:
        self._foot = foot
        self._told = ""
        self._next = float("-inf")
        self._terminal = sys.stdout.isatty()
        if self._terminal and sys.platform == "win32":
            os.system("")  # the old console takes colours only after a command of its own

    def show(self, view: View) -> None:
        """The newest state."""
        if self._terminal:
            say(f"{HOME_AND_CLEAR}{view_text(view, colour=True)}\n\n{self._foot}\nCtrl-C ends it.")
            return
        text = view_text(view, width=80)
        _, _, news = text.partition("\n")
        now = time.monotonic()
        if news != self._told and now >= self._next:
            self._told, self._next = news, now + PLAIN_S
            say(text)


def _step_back() -> None:
    """Let every other process go first, above all the run."""
    if sys.platform == "win32":
        import ctypes  # noqa: PLC0415  Windows only

        kernel = ctypes.windll.kernel32
        kernel.SetPriorityClass(kernel.GetCurrentProcess(), _BELOW_NORMAL)
    else:
        os.nice(_NICE)
