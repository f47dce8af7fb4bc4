"""The seams of the house: a clock and three protocols that a real rig and the virtual lab share.

All times are seconds on the run clock: monotonic, zero when the run was opened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from mbtexp.timeline import Phase, Position, Stimulus

Facts = dict[str, Any]
"""What a device says of itself for the log's header; plain JSON."""


class Clock(Protocol):
    """Time, and waiting for it."""

    def now(self) -> float:
        """Seconds on the run clock."""
        ...

    def sleep_until(self, t: float) -> None:
        """Return at ``t``, or at once if ``t`` is past."""
        ...

    def call_at(self, t: float, action: Callable[[], None]) -> None:
        """Do ``action`` at ``t``, away from the caller (the end of a trigger pulse)."""
        ...


@dataclass(frozen=True, slots=True)
class Press:
    """A key or button going down (or up), at its own time stamp."""

    t: float
    key: str
    down: bool = True
    heard: float | None = None
    """When it reached us (s on the run clock), where the device stamps its presses itself."""
    box_ms: int | None = None
    """That stamp, in the device's own milliseconds."""
    bounced: bool = False
    """Whether it is the bouncing of a contact and no press."""
    by: Literal["keys", "mouse", "box"] = "keys"
    """What it was made with."""
    at: Position | None = None
    """Where the mouse was, in fractions of the screen's height from its middle, right and up."""
    repeated: bool = False
    """Whether the key had only stayed down."""


class Display(Protocol):
    """A screen that shows scenes at its own refresh."""

    patch_on: bool
    """Whether the next scene lights the photodiode's corner, where the rig has one."""

    @property
    def refresh_hz(self) -> float:
        """Measured refresh rate, Hz."""
        ...

    def prepare(self, stimuli: Iterable[Stimulus]) -> None:
        """Build, upload and draw once off-screen, so that no later draw is slow."""
        ...

    def draw(self, stimuli: Sequence[Stimulus]) -> None:
        """Put a scene into the back buffer."""
        ...

    def swap(self, at_swap: Callable[[float], None]) -> float:
        """Show the back buffer at the next refresh and return that refresh's time.

        ``at_swap`` is called with the time stamp before anything else happens. The scene that
        was drawn stays current: another swap without a draw shows it again.
        """
        ...

    def pump(self) -> None:
        """Let the window answer its system; cheap, called while nothing is swapped."""
        ...

    def describe(self) -> Facts:
        """Size, rate and driver of the screen, for the log."""
        ...

    def close(self) -> None:
        """Give the screen back."""
        ...


class Responses(Protocol):
    """A keyboard, a box or a simulated participant."""

    def attend(self, phase: Phase, trial: Mapping[str, Any], onset: float) -> None:
        """A phase has just come on: a device may arm itself, a simulated participant may answer."""
        ...

    def poll(self) -> list[Press]:
        """Everything since the last call, in order of time."""
        ...

    def wait(self, until: float) -> list[Press]:
        """Return with the first new presses, or empty-handed at ``until``."""
        ...

    def held(self) -> frozenset[str]:
        """Keys that are down now."""
        ...

    def complaint(self) -> str:
        """What keeps the device from telling of answers, in a sentence; empty if nothing does."""
        ...

    def describe(self) -> Facts:
        """Back end and resolution of the time stamps, for the log."""
        ...

    def close(self) -> None:
        """Give the device back."""
        ...


class Trigger(Protocol):
    """The line to a recording device; nothing here ever raises, sleeps or blocks in a flip."""

    def belongs_to(self, trial: int | None) -> None:
        """The codes asked for from now on are those of a trial; None: of none."""
        ...

    def arm(self, code: int, name: str) -> None:
        """Bind a code to the next flip."""
        ...

    def at_swap(self, t_flip: float) -> None:
        """The flip has happened: send what is armed, first of all."""
        ...

    def send(self, code: int, name: str, t_event: float) -> None:
        """Send a code that belongs to no flip (a response), now or as soon as the line is free."""
        ...

    def service(self, t: float) -> None:
        """Give the line a moment: end pulses, release what was deferred."""
        ...

    def drain(self) -> list[Facts]:
        """The records of all codes since the last call, one a code, ready for the log."""
        ...

    def lost(self) -> int:
        """How many requested codes never reached the line so far."""
        ...

    def settle(self) -> None:
        """Wait until the line is at rest; outside of trials only."""
        ...

    def counts(self) -> Facts:
        """How many codes were asked for, were lost, and had each outcome."""
        ...

    def losses(self, since: int = 0) -> list[Facts]:
        """The lost codes after the first ``since``: what, when, and what became of each."""
        ...

    def loss_report(self, since: int = 0) -> str:
        """One sentence on the codes lost after the first ``since``; empty if none was lost."""
        ...

    def reopen(self) -> None:
        """Open the line again, between trials only; raises ``DeviceError`` if it cannot be had."""
        ...

    def describe(self) -> Facts:
        """Device, port and settings, for the log."""
        ...

    def close(self) -> None:
        """Leave the line at rest and give it back."""
        ...
