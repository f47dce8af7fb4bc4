"""What there is to see of a study at one moment, as plain values for terminal and page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["red", "amber"]

About = Literal["run", "codes", "pulses", "frames", "answers", "distress", "told"]

StepState = Literal["done", "now", "next", "later", "stopped", "skipped", "failed"]

RunPhase = Literal["running", "paused", "completed", "stopped"]


@dataclass(frozen=True)
class Alarm:
    """Something that is wrong, and what to do about it."""

    level: Level
    about: About
    """Which number of the run it is about."""
    text: str
    advice: str


@dataclass(frozen=True)
class TrialView:
    """A finished trial, with as little of the answer as the operator needs."""

    trial: int
    practice: bool
    response: str
    """``answered`` in place of what was answered, unless the run can say what is correct."""
    rt_s: float | None
    correct: bool | None
    missed: bool


@dataclass(frozen=True)
class CodesView:
    """What became of the trigger codes."""

    sent: int
    lost: int
    device: str


@dataclass(frozen=True)
class PulsesView:
    """What came of the scanner's pulses so far."""

    seen: int
    expected: int | None
    """How many were due by now; None where no period is known."""
    planned: int | None
    missing: int


@dataclass(frozen=True)
class FramesView:
    """How the screens kept their times."""

    screens: int
    late_screens: int
    missed_frames: int


@dataclass(frozen=True)
class Distress:
    """One rating of distress, 0 to 100."""

    value: float
    t: float
    """Seconds on the clock of its run."""
    task: str


@dataclass(frozen=True)
class RunView:
    """One run: how far it is, how it goes."""

    log: str
    task: str
    title: str
    preset: str
    run: int
    phase: RunPhase
    done: int
    """Finished trials."""
    trials: int
    """Trials of the design."""
    block: str
    elapsed_s: float
    left_s: float | None
    missed: int
    missed_in_a_row: int
    median_rt_s: float | None
    last: tuple[TrialView, ...]
    pauses: int
    paused_s: float
    frames: FramesView
    codes: CodesView
    pulses: PulsesView | None


@dataclass(frozen=True)
class StepView:
    """One step of the protocol."""

    step: str
    what: str
    state: StepState
    minutes: float | None
    reason: str = ""


@dataclass(frozen=True)
class SessionView:
    """One participant's visit."""

    participant: str
    session: str
    mode: str
    """``lab`` or ``pilot``."""
    simulated: bool
    protocol: str
    """Name of the protocol; empty for runs that were started one by one."""
    state: str
    """In a few words: running, paused, between two steps, ended."""
    elapsed_s: float | None
    left_s: float | None
    silent_s: float
    """Since anything was written."""
    steps: tuple[StepView, ...]
    run: RunView | None
    earlier: tuple[RunView, ...]
    distress: tuple[Distress, ...]
    distress_limit: float
    alarms: tuple[Alarm, ...]


@dataclass(frozen=True)
class View:
    """All sessions that something happens in."""

    folder: str
    at: str
    """Time of day of this look, local."""
    sessions: tuple[SessionView, ...]
    told: str = ""
    """A sentence where there is nothing to show."""
