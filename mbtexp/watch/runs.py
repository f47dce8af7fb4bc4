"""One run as its log tells it so far: events go in one by one, the run's state comes out."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Mapping
from statistics import fmean, median
from typing import Any

from mbtexp.events import Event
from mbtexp.triggers.record import LOST, REACHED
from mbtexp.watch.pulses import PulsesSeen
from mbtexp.watch.view import (
    CodesView,
    Distress,
    FramesView,
    RunPhase,
    RunView,
    TrialView,
)

LAST_TRIALS = 8
"""Finished trials that are shown."""

ENOUGH_TRIALS = 3
"""Trials from which the time of the rest is guessed."""

CORRECT = "correct"
"""Column of a run that can tell right answers from wrong ones. A run without it asks about the
person: the operator sees that there is an answer, not which."""

DISTRESS = "distress"
"""Name of the scale, or item, that asks how bad it is right now."""

DISTRESS_LIMIT = 80.0
"""Distress from which the operator goes to the participant, where neither run nor protocol says."""

PAUSE_ASKED = "the participant asked for a pause"
STAYS_CALM = "a calm page until the operator has come"
"""Texts of the notes that a run writes when that happens."""


class RunSeen:
    """What the events of one log have told so far.

    Parameters
    ----------
    log
        Name of the log file.
    """

    def __init__(self, log: str) -> None:
        self.log = log
        self.header: Event = {}
        self.strange = 0
        """Events that are not as mbtexp writes them."""
        self.last_t = 0.0
        """Latest time in the log, s on the run clock."""
        self.ended: bool | None = None
        """Whether the run came to its end; None while it is open."""
        self.reason = ""
        """Why it was stopped."""
        self.told: dict[str, float] = {}
        """What the operator was told to act on, and when it was first, s on the run clock."""
        self.stays_calm = False
        """Whether a stopped run waits, with a quiet page, until somebody comes."""
        self.lost_names: list[str] = []
        self.pulses = PulsesSeen()
        self.distress: list[Distress] = []
        self.missed_in_a_row = 0
        self._n_trials = 0
        self._blocks: list[int] = []
        self._practice: set[int] = set()
        self._block: int | None = None
        self._done: set[int] = set()
        self._missed: set[int] = set()
        self._rts: dict[int, float] = {}
        self._last: deque[TrialView] = deque(maxlen=LAST_TRIALS)
        self._paces: list[float] = []
        self._pace_from: float | None = None
        self._pauses = 0
        self._paused_s = 0.0
        self._pause_t: float | None = None
        self._paused_by = ""
        self._wants_pause = False
        self._screens = self._late_screens = self._missed_frames = 0
        self._codes: Counter[str] = Counter()
        self._lost_at_end = 0
        self._takers: Mapping[str, Callable[[Event], None]] = {
            "header": self._take_header,
            "resume": self._take_resume,
            "block": self._take_block,
            "phase": self._take_phase,
            "trial": self._take_trial,
            "trigger": self._take_trigger,
            "pulse": self.pulses.take,
            "pause": self._take_pause,
            "note": self._take_note,
            "abort": self._take_abort,
            "end": self._take_end,
        }

    def take(self, event: Event) -> None:
        """One more event; one that is not as it should be is counted and left out."""
        taker = self._takers.get(event["kind"])
        try:
            if taker is not None:
                taker(event)
        except (KeyError, TypeError, ValueError, AttributeError):
            self.strange += 1
            return
        self.last_t = max(self.last_t, float(event["t"]))

    # -- what is asked --------------------------------------------------------------------------

    @property
    def open(self) -> bool:
        """Whether the log has begun and not come to an end."""
        return bool(self.header) and self.ended is None

    @property
    def paused(self) -> bool:
        """Whether the operator has paused the run."""
        return self._pause_t is not None

    @property
    def pause_asked(self) -> bool:
        """Whether the participant wants a pause: has one, or waits for it where none can be had."""
        return self._wants_pause or (self.paused and self._paused_by == "participant")

    @property
    def virtual(self) -> bool:
        """Whether its clock is that of the virtual lab, which is nobody's time of day."""
        return bool(self.header.get("clock", {}).get("source") == "virtual")

    @property
    def begun(self) -> bool:
        """Whether a trial of it is complete."""
        return bool(self._done)

    @property
    def all_trials_done(self) -> bool:
        """Whether every trial of the design is complete."""
        return self._n_trials > 0 and len(self._done) >= self._n_trials

    @property
    def began_utc(self) -> str:
        """When its clock was zero, ISO 8601."""
        return str(self.header.get("clock", {}).get("utc_at_zero", ""))

    @property
    def step(self) -> str | None:
        """The step of the protocol that it belongs to."""
        protocol = self.header.get("protocol")
        return protocol.get("step") if isinstance(protocol, dict) else None

    @property
    def distress_limit(self) -> float | None:
        """The run's own limit of distress; None where it has none."""
        limit = self.header.get("params", {}).get("distress_limit")
        return float(limit) if isinstance(limit, int | float) else None

    @property
    def codes_lost(self) -> int:
        """Codes that never reached the line."""
        return max(sum(self._codes[name] for name in LOST), self._lost_at_end)

    @property
    def frames(self) -> FramesView:
        """How the screens kept their times."""
        return FramesView(self._screens, self._late_screens, self._missed_frames)

    def now_t(self, silent_s: float) -> float:
        """The run clock now, a little late at most; of a run that is over, its last moment."""
        return self.last_t + (silent_s if self.open and not self.virtual else 0.0)

    def left_s(self, silent_s: float, planned_s: float | None = None) -> float | None:
        """About how long the run still takes; None while nobody can know.

        Parameters
        ----------
        silent_s
            Since anything was written.
        planned_s
            Length of the run by the protocol, for its first trials.
        """
        if not self.open:
            return 0.0
        now_t = self.now_t(silent_s)
        by_plan_s = self.pulses.left_s(now_t)
        if by_plan_s is not None:
            return by_plan_s
        if len(self._paces) >= ENOUGH_TRIALS:
            since = 0.0 if self._pace_from is None else now_t - self._pace_from
            return max(0.0, fmean(self._paces) * (self._n_trials - len(self._done)) - since)
        return None if planned_s is None else max(0.0, planned_s - now_t)

    def view(self, silent_s: float, planned_s: float | None = None) -> RunView:
        """The run as it is shown."""
        header, now_t = self.header, self.now_t(silent_s)
        since_pause = 0.0 if self._pause_t is None else now_t - self._pause_t
        return RunView(
            log=self.log,
            task=str(header.get("task", "")),
            title=str(header.get("task_info", {}).get("title") or header.get("task", "")),
            preset=str(header.get("preset", "")),
            run=int(header.get("run", 1)),
            phase=self._phase(),
            done=len(self._done),
            trials=self._n_trials,
            block=self._block_name(),
            elapsed_s=now_t,
            left_s=self.left_s(silent_s, planned_s),
            missed=len(self._missed),
            missed_in_a_row=self.missed_in_a_row,
            median_rt_s=median(self._rts.values()) if self._rts else None,
            last=tuple(self._last),
            pauses=self._pauses,
            paused_s=self._paused_s + since_pause,
            frames=self.frames,
            codes=self._codes_view(),
            pulses=self.pulses.view(now_t),
        )

    # -- one event ------------------------------------------------------------------------------

    def _take_header(self, event: Event) -> None:
        design = event.pop("design")
        self._n_trials = len(design)
        self._blocks = sorted({int(row["block"]) for row in design})
        self._practice = {int(row["trial"]) for row in design if row.get("practice")}
        self.pulses.begin(event)
        self.header = event

    def _take_resume(self, event: Event) -> None:
        self.ended, self.reason, self._pause_t = None, "", None
        self.stays_calm = False
        self._pace_from = float(event["t"])

    def _take_block(self, event: Event) -> None:
        self._block = int(event["block"])
        if self._pace_from is None:
            self._pace_from = float(event["t"])

    def _take_phase(self, event: Event) -> None:
        missed = int(event["missed"])
        self._screens += 1
        self._late_screens += missed > 0
        self._missed_frames += missed

    def _take_trial(self, event: Event) -> None:
        trial, outcome, t = int(event["trial"]), event["outcome"], float(event["t"])
        missed = bool(outcome.get("missed"))
        rt_s = outcome.get("rt_s")
        self._wants_pause = False
        self._done.add(trial)
        self._block = int(event["block"])
        self.missed_in_a_row = self.missed_in_a_row + 1 if missed else 0
        if missed:
            self._missed.add(trial)
        if isinstance(rt_s, int | float):
            self._rts[trial] = float(rt_s)
        if self._pace_from is not None:
            self._paces.append(max(0.0, t - self._pace_from))
        self._pace_from = t
        self._last.append(
            TrialView(
                trial=trial,
                practice=trial in self._practice,
                response=self._shown(outcome, missed=missed),
                rt_s=rt_s,
                correct=outcome.get("correct"),
                missed=missed,
            )
        )
        self._take_distress(event["design"], outcome, t)

    def _take_distress(self, design: Mapping[str, Any], outcome: Event, t: float) -> None:
        if DISTRESS not in (design.get("scale"), design.get("item")):
            return
        value = _answer(outcome)
        if isinstance(value, int | float) and not isinstance(value, bool):
            self.distress.append(Distress(float(value), t, str(self.header.get("task", ""))))

    def _shown(self, outcome: Event, *, missed: bool) -> str:
        """An answer as the operator sees it: in full only where the run knows what is correct."""
        if missed:
            return "missed"
        response = _answer(outcome)
        if response is None:
            return "-"
        if outcome.get(CORRECT) is None or CORRECT not in self.header.get("columns", {}):
            return "answered"
        return str(response)

    def _take_trigger(self, event: Event) -> None:
        self._codes[event["outcome"]] += 1
        if event["outcome"] in LOST:
            self.lost_names.append(str(event["name"]))

    def _take_pause(self, event: Event) -> None:
        t = float(event["t"])
        if event["edge"] == "start":
            self._pauses += 1
            self._pause_t, self._paused_by = t, str(event.get("by", ""))
            return
        if self._pause_t is not None:
            paused_s = t - self._pause_t
            self._paused_s += paused_s
            if self._pace_from is not None:
                self._pace_from += paused_s
        self._pause_t = None

    def _take_note(self, event: Event) -> None:
        text = str(event["text"])
        if event.get("tell") is True:
            self.told.setdefault(text, float(event["t"]))
        if text == PAUSE_ASKED:
            self._wants_pause = True
        if text == STAYS_CALM:
            self.stays_calm = True
        if text == "time zero":
            self.pulses.zero = float(event["zero"])

    def _take_abort(self, event: Event) -> None:
        self.reason = str(event["reason"])

    def _take_end(self, event: Event) -> None:
        self.ended = bool(event["completed"])
        self.stays_calm, self._pause_t = False, None
        self._lost_at_end = int((event.get("triggers") or {}).get("lost", 0))

    # -- parts of the view ----------------------------------------------------------------------

    def _phase(self) -> RunPhase:
        if self.ended is None:
            return "paused" if self.paused else "running"
        return "completed" if self.ended else "stopped"

    def _block_name(self) -> str:
        if self._block is None:
            return ""
        if self._block == 0:
            return "practice"
        main = [block for block in self._blocks if block > 0]
        place = main.index(self._block) + 1 if self._block in main else self._block
        return f"block {place} of {len(main)}"

    def _codes_view(self) -> CodesView:
        trigger = self.header.get("trigger", {})
        device = str(trigger.get("device", "none"))
        if trigger.get("mock"):
            device = "none (mock)"
        elif trigger.get("port") == "memory":
            device = f"{device} (only noted down)"
        return CodesView(sum(self._codes[name] for name in REACHED), self.codes_lost, device)


def _answer(outcome: Event) -> Any:
    """What was answered: a choice, or the value of a slider."""
    response = outcome.get("response")
    return outcome.get("value") if response is None else response
