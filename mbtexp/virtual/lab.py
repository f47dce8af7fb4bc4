"""The virtual lab: a display whose clock moves only on flips, and what belongs to it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from mbtexp.clock import VirtualClock
from mbtexp.grid import SAME_MOMENT_S
from mbtexp.ports import Facts, Press, Responses, Trigger
from mbtexp.rig import TriggerSettings
from mbtexp.simulate import Answer, SimulatedResponses, nobody
from mbtexp.timeline import Stimulus
from mbtexp.triggers import NoTrigger, RecordingLink, Sender


@dataclass(frozen=True)
class Frame:
    """A scene that came on: at which refresh, when, and what it showed."""

    index: int
    t: float
    scene: tuple[Stimulus, ...]


class VirtualDisplay:
    """A screen that refreshes on an exact grid and misses the refreshes it is told to miss.

    Parameters
    ----------
    clock
        The lab's clock.
    refresh_hz
        Its rate.
    misses
        Indices of refreshes that the display misses; the swap waits for the next one.
    late_stamp_s
        How late the stamp of a swap is, by index (a busy machine wakes up late).
    draw_s
        How long a draw takes, by scene.
    """

    def __init__(
        self,
        clock: VirtualClock,
        refresh_hz: float = 60.0,
        *,
        misses: Collection[int] = (),
        late_stamp_s: Callable[[int], float] = lambda _: 0.0,
        draw_s: Callable[[Sequence[Stimulus]], float] = lambda _: 0.0,
    ) -> None:
        self._clock = clock
        self._refresh_hz = refresh_hz
        self._start = clock.now()
        self._misses = frozenset(misses)
        self._late_stamp_s = late_stamp_s
        self._draw_s = draw_s
        self._scene: tuple[Stimulus, ...] = ()
        self.patch_on = False
        self._index = 0
        self.frames: list[Frame] = []
        """Every scene that came on, repeats left out."""
        self.prepared: set[Stimulus] = set()
        self.unprepared: list[Stimulus] = []
        """Stimuli that were drawn without having been prepared: a rig would have stalled."""

    @property
    def refresh_hz(self) -> float:
        """The rate of the grid, Hz."""
        return self._refresh_hz

    def prepare(self, stimuli: Iterable[Stimulus]) -> None:
        """Remember what is ready."""
        self.prepared.update(stimuli)

    def draw(self, stimuli: Sequence[Stimulus]) -> None:
        """Put a scene into the back buffer, which may take time."""
        self._scene = tuple(stimuli)
        self.unprepared += [s for s in self._scene if s not in self.prepared]
        taken_s = self._draw_s(self._scene)
        if taken_s:
            self._clock.sleep_until(self._clock.now() + taken_s)

    def swap(self, at_swap: Callable[[float], None]) -> float:
        """Move the clock to the next refresh that is not missed."""
        since = (self._clock.now() - self._start + SAME_MOMENT_S) * self._refresh_hz
        index = max(int(since) + 1, self._index + 1)
        while index in self._misses:
            index += 1
        self._index = index
        t = self._start + index / self._refresh_hz
        self._clock.sleep_until(t)
        if not self.frames or self.frames[-1].scene != self._scene:
            self.frames.append(Frame(index, t, self._scene))
        stamp = t + self._late_stamp_s(index)
        if stamp > t:
            self._clock.sleep_until(stamp)
        at_swap(stamp)
        return stamp

    def pump(self) -> None:
        """No window, nothing to answer."""

    def describe(self) -> Facts:
        """Facts for the log."""
        return {"backend": "virtual", "refresh_hz": self._refresh_hz}

    def close(self) -> None:
        """Nothing to give back."""


class VirtualLab:
    """Clock, display, responses and trigger line of a lab that exists only in memory.

    Parameters
    ----------
    refresh_hz, misses, late_stamp_s, draw_s
        The display's (see VirtualDisplay).
    answer
        What the participant does in each phase (see ``mbtexp.simulate.Answer``).
    presses
        Presses at fixed times on the run clock, besides the participant's.
    trigger
        Settings of the trigger line; None: no line. What left it is in ``lab.line.sent``.
    at
        What the clock shows at first.
    """

    def __init__(
        self,
        refresh_hz: float = 60.0,
        *,
        answer: Answer = nobody,
        presses: Iterable[Press] = (),
        trigger: TriggerSettings | None = None,
        misses: Collection[int] = (),
        late_stamp_s: Callable[[int], float] = lambda _: 0.0,
        draw_s: Callable[[Sequence[Stimulus]], float] = lambda _: 0.0,
        at: float = 0.0,
    ) -> None:
        self.clock = VirtualClock(at)
        self.display = VirtualDisplay(
            self.clock, refresh_hz, misses=misses, late_stamp_s=late_stamp_s, draw_s=draw_s
        )
        self.responses: Responses = SimulatedResponses(self.clock, answer, presses)
        self.line = RecordingLink(self.clock)
        self.trigger: Trigger = (
            NoTrigger() if trigger is None else Sender(trigger, self.line, self.clock)
        )
