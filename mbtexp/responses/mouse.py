"""The mouse: clicks with their place and time, in phases that have something to click.

A click is stamped when the window's event is taken from its queue. While a phase waits for an
answer that is done every 0.4 ms; in the frame between two states of a slider a click waits for the
next flip, so that one stamp in some may be a frame late.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, Protocol

from mbtexp.ports import Clock, Facts, Press, Responses
from mbtexp.responses.waiting import first_presses
from mbtexp.timeline import CLICK, Area, Phase, Position

if TYPE_CHECKING:
    from mbtexp.screen import MouseHandler

DRAG_EVERY_S = 0.05
"""A mark follows the mouse in steps of three frames at 60 Hz; each is a phase in the log."""


class MouseWindow(Protocol):
    """What a mouse needs of the window in front of the participant."""

    def pump(self) -> None:
        """Dispatch what the window system has to tell."""
        ...

    def on_mouse(self, handler: MouseHandler) -> None:
        """Call ``handler`` for every event of the left button."""
        ...

    def show_cursor(self, shown: bool) -> None:
        """Show the cursor, or hide it."""
        ...


class Mouse:
    """Clicks of the left button while a phase has areas to click; the cursor is seen then only."""

    def __init__(self, window: MouseWindow, clock: Clock) -> None:
        self._window = window
        self._clock = clock
        self._areas: tuple[Area, ...] = ()
        self._events: list[Press] = []
        self._dragged: Position | None = None
        self._moved_at = 0.0
        self._down = False
        self._clicks = self._unasked = 0
        window.on_mouse(self._take)

    @property
    def wanted(self) -> bool:
        """Whether the phase on the screen can be clicked."""
        return bool(self._areas)

    def attend(self, phase: Phase) -> None:
        """Look at clicks from now on, or no longer; those made before are nobody's answer."""
        areas = () if phase.keys is None else phase.keys.areas
        if areas and not self._areas:
            self._window.pump()
            self._window.show_cursor(True)
        elif self._areas and not areas:
            self._window.show_cursor(False)
            self._events, self._dragged, self._down = [], None, False
        self._areas = areas

    def poll(self) -> list[Press]:
        """Everything since the last call, in order of time."""
        if not self._areas:
            return []
        self._window.pump()
        if self._dragged is not None and self._clock.now() - self._moved_at >= DRAG_EVERY_S:
            self._follow()
        events, self._events = self._events, []
        return events

    def describe(self) -> Facts:
        """Where its time stamps come from, and how many clicks there were, for the log."""
        return {
            "stamps": "dispatch of the window's events, asked for every 0.4 ms while a phase waits",
            "clicks": self._clicks,
            "clicks_unasked": self._unasked,
        }

    def _take(self, what: Literal["press", "move", "release"], at: Position) -> None:
        if not self._areas:
            self._unasked += what == "press"
            return
        now = self._clock.now()
        if what == "press":
            self._clicks += 1
            self._down, self._moved_at = True, now
            self._events.append(Press(now, CLICK, by="mouse", at=at))
        elif what == "move" and self._down:
            # Only the last of several places matters, and only where a mark can follow.
            if any(area.drags and area.holds(at) for area in self._areas):
                self._dragged = at
        elif what == "release" and self._down:
            if self._dragged is not None:
                self._follow()
            self._down = False
            self._events.append(Press(now, CLICK, down=False, by="mouse", at=at))

    def _follow(self) -> None:
        """The place to which the mouse was moved with its button down, as one more press."""
        now = self._moved_at = self._clock.now()
        self._events.append(Press(now, CLICK, by="mouse", at=self._dragged, repeated=True))
        self._dragged = None


class WithMouse:
    """A keyboard or a box, and the mouse beside it.

    Parameters
    ----------
    others
        What answers besides.
    mouse, clock
        The mouse, and the run clock.
    """

    def __init__(self, others: Responses, mouse: Mouse, clock: Clock) -> None:
        self._others = others
        self._mouse = mouse
        self._clock = clock

    def attend(self, phase: Phase, trial: Mapping[str, Any], onset: float) -> None:
        """Tell both of the phase."""
        self._mouse.attend(phase)
        self._others.attend(phase, trial, onset)

    def poll(self) -> list[Press]:
        """Everything since the last call, in order of time."""
        return sorted([*self._others.poll(), *self._mouse.poll()], key=lambda press: press.t)

    def wait(self, until: float) -> list[Press]:
        """Return with the first new presses or releases, or empty-handed at ``until``."""
        if not self._mouse.wanted:
            return self._others.wait(until)
        return first_presses(self.poll, self._clock, until)

    def held(self) -> frozenset[str]:
        """Keys that are down now; the mouse's button is none."""
        return self._others.held()

    def complaint(self) -> str:
        """What keeps the others from answering."""
        return self._others.complaint()

    def describe(self) -> Facts:
        """The others' facts, and the mouse's under its name."""
        return {**self._others.describe(), "mouse": self._mouse.describe()}

    def close(self) -> None:
        """Give the others back; the mouse belongs to the window."""
        self._others.close()
