"""Key events of the window itself: the last resort, no finer than the pace at which it is asked."""

from __future__ import annotations

from typing import Protocol

from mbtexp.ports import Clock, Facts, Press
from mbtexp.responses.keynames import key_name
from mbtexp.screen import KeyHandler


class KeyWindow(Protocol):
    """What a keyboard needs of the window in front of the participant."""

    @property
    def pilot(self) -> bool:
        """Whether this is a try-out, not a measurement."""
        ...

    @property
    def focused(self) -> bool:
        """Whether keys go to this window."""
        ...

    def pump(self) -> None:
        """Dispatch what the window system has to tell."""
        ...

    def on_keys(self, handler: KeyHandler) -> None:
        """Call ``handler`` for every key event."""
        ...


class WindowReader:
    """Reads the window's own key events, stamped as they are dispatched."""

    name = "window"

    def __init__(self, window: KeyWindow, clock: Clock) -> None:
        self._window = window
        self._clock = clock
        self._events: list[Press] = []
        self._open = True
        window.on_keys(self._take)

    def read(self) -> list[Press]:
        """Everything since the last call."""
        self._window.pump()
        events, self._events = self._events, []
        return events

    def describe(self) -> Facts:
        """Where the time stamps come from."""
        return {"stamps": "dispatch of the window's events: no finer than the polls"}

    def close(self) -> None:
        """Take no more events."""
        self._open = False

    def _take(self, name: str, down: bool) -> None:
        if self._open:
            self._events.append(Press(self._clock.now(), key_name(name), down))
