"""What a trial is made of: stimuli, the keys that count, and phases whose seconds become frames."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from mbtexp.errors import TimingError

Units = Literal["deg", "height"]
"""``deg``: degrees of visual angle at the centre; ``height``: fractions of the screen's height."""

Position = tuple[float, float]

TOLERANCE = 0.02
"""Largest relative difference between a planned and a shown duration; beyond it we refuse."""


@dataclass(frozen=True, slots=True)
class Text:
    """Words on the screen, centred on ``pos``; ``size`` is the height of a line of letters."""

    text: str
    pos: Position = (0.0, 0.0)
    size: float = 0.04
    units: Units = "height"
    color: str = "white"
    bold: bool = False
    wrap: float | None = None
    """Width at which lines break, in ``units``; None: never."""
    align: Literal["left", "center"] = "center"


@dataclass(frozen=True, slots=True)
class Image:
    """A picture file, ``width`` wide; its height follows from the file's aspect ratio."""

    file: str
    width: float
    pos: Position = (0.0, 0.0)
    units: Units = "deg"


@dataclass(frozen=True, slots=True)
class Fixation:
    """A cross, ``size`` across."""

    size: float = 0.6
    pos: Position = (0.0, 0.0)
    units: Units = "deg"
    color: str = "white"


@dataclass(frozen=True, slots=True)
class Rect:
    """A filled rectangle (a photodiode patch, a frame around a choice)."""

    width: float
    height: float
    pos: Position = (0.0, 0.0)
    units: Units = "height"
    color: str | None = "white"
    line_color: str | None = None


@dataclass(frozen=True, slots=True)
class Scale:
    """A rating scale of labelled points in a row; ``chosen`` (0-based) is shown filled."""

    points: tuple[str, ...]
    low: str
    high: str
    pos: Position = (0.0, 0.0)
    width: float = 0.9
    units: Units = "height"
    chosen: int | None = None
    color: str = "white"


@dataclass(frozen=True, slots=True)
class Slider:
    """A line from ``low`` to ``high`` with a marker at ``value`` (0 to 1; None: not yet placed)."""

    low: str
    high: str
    value: float | None = None
    pos: Position = (0.0, 0.0)
    width: float = 0.9
    units: Units = "height"
    color: str = "white"
    mark: Literal["bar", "disc"] = "bar"
    touched: bool = True
    """False: the mark is only an outline, as nobody has moved it yet."""


@dataclass(frozen=True, slots=True)
class Wedges:
    """Two triangles that meet with their tips in the middle: the nearer an end, the more of it."""

    pos: Position = (0.0, 0.0)
    width: float = 0.6
    height: float = 0.05
    units: Units = "height"
    color: str = "#b0b0b0"


@dataclass(frozen=True, slots=True)
class Circles:
    """Two equal circles; ``overlap`` is the share of each that lies in the other.

    The area that they cover together is the same for every overlap, so they grow with it.
    """

    overlap: float
    labels: tuple[str, str] = ("", "")
    pos: Position = (0.0, 0.0)
    width: float = 0.26
    """Both side by side without an overlap, where they are widest."""
    units: Units = "height"
    color: str = "white"
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Button:
    """A frame with words to be clicked."""

    text: str
    pos: Position = (0.0, 0.0)
    width: float = 0.3
    height: float = 0.075
    units: Units = "height"
    color: str = "white"


Stimulus = Text | Image | Fixation | Rect | Scale | Slider | Wedges | Circles | Button

CLICK = "click"
"""Name of the left button of the mouse among the keys."""


@dataclass(frozen=True, slots=True)
class Area:
    """A part of the screen that can be clicked, in fractions of the screen's height.

    A click in it counts as the key ``name``; one beside every area of its phase does not count.
    """

    name: str
    pos: Position
    width: float
    height: float
    drags: bool = False
    """Whether moving the mouse over it with its button down counts as well."""

    def holds(self, at: Position) -> bool:
        """Whether a place lies in it."""
        across, up = abs(at[0] - self.pos[0]), abs(at[1] - self.pos[1])
        return across <= self.width / 2 and up <= self.height / 2


@dataclass(frozen=True, slots=True)
class Keys:
    """Which keys answer a phase, and for how long.

    The window is ``[onset, onset + window_s)``, or to the phase's offset when ``window_s`` is None.
    A window that ``ends_phase`` closes with its phase; one that does not may outlast it, into the
    phases that follow in the same trial.
    """

    allowed: tuple[str, ...]
    ends_phase: bool = True
    window_s: float | None = None
    codes: tuple[tuple[str, int], ...] = ()
    """Trigger code to send for a counted press, by key."""
    areas: tuple[Area, ...] = ()
    """Where a click of the mouse counts; the cursor is to be seen in a phase that has any."""
    repeats: bool = False
    """Whether a key that stays down counts again and again (a slider's mark)."""

    def clicked(self, at: Position | None, *, dragged: bool = False) -> str | None:
        """What a click at a place counts as; None beside every area."""
        if at is None:
            return None
        open_ = (area for area in self.areas if area.drags or not dragged)
        return next((area.name for area in open_ if area.holds(at)), None)

    def code(self, key: str) -> int | None:
        """The trigger code that a press of ``key`` leaves, if any."""
        return dict(self.codes).get(key)


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of a trial with one constant screen.

    Exactly one of ``duration_s``, ``frames`` and neither is given: neither means "until a key that
    ends the phase". ``at_s`` fixes the onset at that many seconds after the run's time zero
    (the first counted scanner pulse where there is one).
    """

    name: str
    stimuli: Sequence[Stimulus]
    duration_s: float | None = None
    frames: int | None = None
    code: int | None = None
    keys: Keys | None = None
    at_s: float | None = None
    none_code: int | None = None
    """Trigger code to send when the response window closes unanswered."""
    tag: str = field(default="", compare=False)
    """What the phase shows, for the log (a stimulus id, a condition)."""

    def __post_init__(self) -> None:
        """Refuse a phase that could never end or never begin."""
        if self.duration_s is not None and self.frames is not None:
            raise TimingError(f"phase '{self.name}': give seconds or frames, not both")
        timed = self.duration_s is not None or self.frames is not None
        if not timed and (self.keys is None or not self.keys.ends_phase):
            raise TimingError(
                f"phase '{self.name}' never ends: give it a duration or keys that end it"
            )
        if self.duration_s is not None and not 0 < self.duration_s < math.inf:
            raise TimingError(f"phase '{self.name}': {self.duration_s} s is not a duration")
        if self.frames is not None and self.frames < 1:
            raise TimingError(f"phase '{self.name}': {self.frames} frames cannot be shown")


def frames(duration_s: float, refresh_hz: float, *, where: str = "duration") -> int:
    """Whole frames for a duration; refuses what the display cannot show within 2 %.

    >>> frames(0.5, 60.0)
    30
    >>> frames(0.02, 60.0, where="prime")
    Traceback (most recent call last):
    ...
    mbtexp.errors.TimingError: prime: 0.02 s cannot be shown at 60 Hz; the nearest are 0.01667 s \
(1 frame) and 0.03333 s (2 frames)
    """
    exact = duration_s * refresh_hz
    whole = max(1, round(exact))
    if abs(whole - exact) <= TOLERANCE * exact:
        return whole
    low = max(1, math.floor(exact))
    options = [f"{n / refresh_hz:.4g} s ({n} frame{'s' * (n > 1)})" for n in (low, low + 1)]
    raise TimingError(
        f"{where}: {duration_s:g} s cannot be shown at {refresh_hz:g} Hz; "
        f"the nearest are {' and '.join(options)}"
    )


def phase_frames(phase: Phase, refresh_hz: float) -> int | None:
    """Planned frames of a phase; None when only a response ends it."""
    if phase.frames is not None:
        return phase.frames
    if phase.duration_s is None:
        return None
    return frames(phase.duration_s, refresh_hz, where=f"phase '{phase.name}'")


def response_keys(phases: Iterable[Phase]) -> set[str]:
    """Every key that answers one of the phases."""
    return {key for phase in phases if phase.keys for key in phase.keys.allowed}
