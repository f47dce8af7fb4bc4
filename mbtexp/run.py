"""Run: the one loop that flips; it puts phases on the frame grid, takes answers and writes the log.

How a trial goes through here: ``show`` takes its phases one after the other. ``_begin`` brings a
phase on at its index of the grid, ``_stay`` waits out its response window. The last phase of a
trial stays on the screen while the task computes, and ends when the next one begins, so nothing
that a task does between two trials costs a frame as long as it fits into that phase.
"""

from __future__ import annotations

import contextlib
import dataclasses
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from types import TracebackType
from typing import Any, Self

from mbtexp.errors import DeviceError, DiskError, MbtexpError, RunAborted, SettingError, TimingError
from mbtexp.events import Sink, rounded
from mbtexp.grid import SAME_MOMENT_S, Grid
from mbtexp.ports import Clock, Display, Facts, Press, Responses, Trigger
from mbtexp.rig import WITHOUT_CODES, OperatorSettings, ScannerSettings
from mbtexp.scanner.counter import Pulse, PulseCounter, PulseSummary
from mbtexp.timeline import CLICK, Keys, Phase, Position, Text, phase_frames

EDGE = 0.15
"""Share of a frame after a refresh from which its number is certain; the next swap waits for it."""

SLICE_S = 0.1
"""Longest stretch of waiting without a look at the window and the trigger line, s."""

CONFIRM_S = 10.0
"""How long the question "stop the run?" stays before the run goes on by itself, s."""

BANNER_S = 3.0
"""How long a page stays that nobody has to answer, s."""

SCANNER = "scanner"
"""Name of the phase that waits for the scanner's first pulse."""

TIME_ZERO = "time zero"
"""Text of the note that says where the run's time zero is."""

TROUBLE_LENGTH = 180
"""Characters of a port's trouble that fit on the operator's page."""

LETTERS = tuple("abcdefghijklmnopqrstuvwxyz")
"""A phase that takes all of these is for typing: the operator's pause key is a letter there."""


@dataclass(frozen=True)
class Codes:
    """Trigger codes that the run itself sends."""

    run_start: int | None = None
    run_end: int | None = None
    block_start: int | None = None
    block_end: int | None = None
    pause: int | None = None
    resume: int | None = None
    abort: int | None = None
    link_recovered: int | None = None
    trial_invalid: int | None = None


@dataclass
class Shown:
    """How a phase went; times in s on the run clock."""

    phase: Phase
    onset: float
    key: str | None = None
    """The key that answered, or None."""
    rt_s: float | None = None
    """From the onset of the phase to the press."""
    press: float | None = None
    held: tuple[str, ...] = ()
    """Keys that were already down at the onset."""
    by: str | None = None
    """What the press was made with: keys, mouse or box."""
    at: Position | None = None
    """Where the mouse was clicked."""

    @property
    def answered(self) -> bool:
        """Whether a key counted."""
        return self.key is not None


@dataclass(frozen=True)
class Block:
    """Trials of one block that are still to be shown; ``first`` of the run's blocks shown now."""

    number: int
    practice: bool
    trials: tuple[Any, ...]
    first: bool
    last: bool
    resumed: bool


@dataclass
class _Window:
    """A response window: open from ``onset`` until before ``close``."""

    shown: Shown
    close: float
    told: bool = False
    """Whether its closing without an answer has been marked."""

    def takes(self, press: Press) -> bool:
        return self.shown.onset <= press.t < self.close


@dataclass
class _OnScreen:
    """The phase that is on the screen and whose end is not known yet."""

    phase: Phase
    planned: int
    index: int
    onset: float
    trial: int | None
    attempt: int
    held: tuple[str, ...]
    missed: int
    frames_planned: int | None


class _StopAsked(Exception):
    """The operator's stop key went down."""


class _RestAsked(Exception):
    """The participant asked for a pause."""


@dataclass
class Timing:
    """How well the run kept its times, counted as it goes."""

    phases: int = 0
    late_phases: int = 0
    frames: int = 0
    missed_frames: int = 0
    worst_late_s: float = 0.0

    def facts(self) -> Facts:
        """The counts as plain JSON."""
        facts = dataclasses.asdict(self)
        return {**facts, "worst_late_s": rounded(self.worst_late_s)}


class Run:
    """Shows the trials of one run and records what happened.

    Parameters
    ----------
    display, responses, trigger, clock
        The ports: a real rig's, or the virtual lab's.
    log
        Where every event goes.
    trials
        The design: dataclass rows with ``trial``, ``block`` and ``practice``.
    recorded
        Trial events of an interrupted run that this one continues.
    operator
        The operator's two keys.
    codes
        Trigger codes for the run's own events.
    code_names
        Names of the task's trigger codes, for the log.
    words
        Texts of the run's own screens: ``pause``, ``confirm_stop``, ``codes_lost``; by their name,
        with values for their blanks.
    scanner
        How the scanner's pulses come in; None where there is no scanner.
    stop_when_lost
        ``trial`` or ``block``: where a lost trigger code stops the run; None: never.
    asks_operator
        Whether somebody is there to be asked what to do about lost codes before the run is stopped,
        and to go to the participant while the calm page of a stopped run is up.
    pause_button
        The participant's key or button that asks for a pause, at any time; empty: none.
    on_progress
        Called with the number of finished trials and of all.
    tell
        Called between trials with a sentence that the operator should read at once.
    """

    def __init__(
        self,
        *,
        display: Display,
        responses: Responses,
        trigger: Trigger,
        clock: Clock,
        log: Sink,
        trials: Sequence[Any],
        recorded: Sequence[Mapping[str, Any]] = (),
        operator: OperatorSettings | None = None,
        codes: Codes | None = None,
        code_names: Mapping[int, str] | None = None,
        words: Callable[..., str] | None = None,
        scanner: ScannerSettings | None = None,
        stop_when_lost: str | None = None,
        asks_operator: bool = False,
        pause_button: str = "",
        on_progress: Callable[[int, int], None] | None = None,
        tell: Callable[[str], None] | None = None,
    ) -> None:
        self._display = display
        self._responses = responses
        self._trigger = trigger
        self._clock = clock
        self._log = log
        self._operator = operator or OperatorSettings()
        self._codes = codes or Codes()
        self._code_names = dict(code_names or {})
        self._words = words or _by_name
        self._scanner = scanner
        self._pulse_key = None if scanner is None else scanner.key
        self._pulses = PulseCounter(scanner or ScannerSettings())
        self._pulses_at_end: PulseSummary | None = None
        self._stop_when_lost = stop_when_lost
        self._asks_operator = asks_operator
        self._pause_button = pause_button
        self._lost_known = self._lost_told = 0
        self._late_s: dict[float | None, float] = {}
        self._on_progress = on_progress or (lambda _done, _all: None)
        self._tell = tell or (lambda _text: None)
        self._to_tell: list[str] = []
        self.trials = tuple(trials)
        # A trial that was gone back to is there twice: the last one counts.
        self.recorded = list({event["trial"]: dict(event) for event in recorded}.values())
        self.timing = Timing()
        self.zero = 0.0
        """Time zero of the run: its first flip, or the first scanner pulse (s)."""
        self._grid: Grid | None = None
        self._last_index = 0
        self._next: int | None = None
        self._screen: _OnScreen | None = None
        self._windows: list[_Window] = []
        self._row: Any = None
        self._windows_of: tuple[int | None, int] = (None, 1)
        self._attempt = 1
        self._pause_asked = False
        self._rest_asked = False
        self._stop_asked = False
        self._stop_is_answer = False
        self._recorded_row = False

    # -- the run as a whole -------------------------------------------------------------------

    def __enter__(self) -> Self:
        """Start the frame grid with the first flip, which is the run's time zero."""
        self._display.draw(())
        if self._codes.run_start is not None:
            self._trigger.arm(self._codes.run_start, "run_start")
        first = self._display.swap(self._trigger.at_swap)
        self._grid = Grid(self._display.refresh_hz, first)
        self.zero = first
        self._log.append("note", first, text="run started", next_trial=self._next_trial())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the log first, whatever happened; then let the error go on."""
        try:
            self._leave(error)
        except DiskError:
            # The first error is the one to tell; a full disk has been told where it struck.
            if error is None:
                raise
        finally:
            self._log.close()

    def _leave(self, error: BaseException | None) -> None:
        if error is None:
            self._finish_screen(self._clear())
            self._send(self._codes.run_end, "run_end")
        else:
            self._send(self._codes.abort, "abort")
            if isinstance(error, RunAborted) and self._asks_operator:
                self._stay_calm()
            self._finish_screen(self._clock.now())
        # Closing the line settles what is still on its way, so that no record is missing below.
        self._trigger.close()
        now = self._clock.now()
        self._log_triggers()
        if error is not None:
            reason = str(error) if isinstance(error, MbtexpError) else type(error).__name__
            self._log.append("abort", now, reason=reason)
        if self._scanner is not None:
            self._pulses_at_end = self._pulses.summary(now)
        self._log.append(
            "end",
            now,
            completed=error is None,
            trials=len(self.recorded),
            timing=self.timing.facts(),
            triggers=self._trigger.counts(),
            **({"pulses": self._pulses_at_end.facts()} if self._pulses_at_end else {}),
        )
        self._tell_operator()

    def blocks(self) -> Iterator[Block]:
        """The blocks that still have trials to show, in order; marks their start and end."""
        done = {event["trial"] for event in self.recorded}
        left = [row for row in self.trials if row.trial not in done]
        numbers = [number for number, _ in groupby(left, key=lambda row: row.block)]
        for number, rows in groupby(left, key=lambda row: row.block):
            trials = tuple(rows)
            block = Block(
                number=number,
                practice=trials[0].practice,
                trials=trials,
                first=number == numbers[0],
                last=number == numbers[-1],
                resumed=bool(done),
            )
            self._mark_block(block, "start", self._codes.block_start)
            yield block
            self._mark_block(block, "end", self._codes.block_end)
            self._stop_if_codes_lost("block")

    def trials_of(self, block: Block) -> Iterator[Any]:
        """The block's trials one by one; each must be recorded before the next is asked for."""
        for row in block.trials:
            if self._pause_asked:
                self._pause()
            self._row, self._attempt, self._recorded_row = row, 1, False
            self._trigger.belongs_to(row.trial)
            yield row
            if not self._recorded_row:
                raise SettingError(f"trial {row.trial} was shown but not recorded by its task.")
            self._row = None
            self._trigger.belongs_to(None)

    def record(self, **outcome: Any) -> None:
        """The trial is complete: write its design row and outcome; ask the disk to keep them."""
        row = self._row
        event = {
            "trial": row.trial,
            "block": row.block,
            "attempt": self._attempt,
            "design": dataclasses.asdict(row),
            "outcome": outcome,
        }
        self._log.append("trial", self._clock.now(), **event)
        self.recorded = [one for one in self.recorded if one["trial"] != row.trial]
        self.recorded.append(event)
        self._recorded_row = True
        self._log_triggers()
        self._log.sync()
        self._on_progress(len(self.recorded), len(self.trials))
        self._note_silence()
        self._tell_operator()
        self._stop_if_nobody_can_answer()
        self._stop_if_codes_lost("trial")

    @contextlib.contextmanager
    def gone_back_to(self, row: Any) -> Iterator[None]:
        """An earlier trial of the run, shown and recorded once more inside: the last answer counts.

        The trial that was left for it begins again afterwards, as another attempt.
        """
        left, attempt = self._row, self._attempt
        done = next(event for event in self.recorded if event["trial"] == row.trial)
        self._row, self._attempt, self._recorded_row = row, done["attempt"] + 1, False
        self._trigger.belongs_to(row.trial)
        yield
        if not self._recorded_row:
            raise SettingError(f"trial {row.trial} was gone back to but not recorded again.")
        self._row, self._attempt, self._recorded_row = left, attempt + 1, False
        self._trigger.belongs_to(left.trial)

    def note(self, text: str, **facts: Any) -> None:
        """Something worth knowing later."""
        self._log.append("note", self._clock.now(), text=text, **facts)

    def tell_operator(self, text: str, **facts: Any) -> None:
        """Something that the operator must read at once, after this trial; marked in the log."""
        self.note(text, tell=True, **facts)
        self._to_tell.append(text)

    def prepare(self, phases: Sequence[Phase]) -> None:
        """Build everything that these phases show, before any of them is due."""
        self._display.prepare(stimulus for phase in phases for stimulus in phase.stimuli)

    @property
    def refresh_hz(self) -> float:
        """Refresh rate of the display, Hz: for what has to be given in frames."""
        return self._display.refresh_hz

    @property
    def pulses(self) -> PulseSummary | None:
        """What came of the scanner's pulses; None before the end, and where there is no scanner."""
        return self._pulses_at_end

    # -- showing phases -----------------------------------------------------------------------

    def show(self, phases: Sequence[Phase]) -> dict[str, Shown]:
        """Play phases one after the other and tell how each went, by its name.

        A trial that the operator interrupted, and then let go on, is shown again from its first
        phase.

        Raises
        ------
        RunAborted
            The operator confirmed to stop.
        TimingError
            A phase cannot be shown, or a timed response window stands last: the screen must
            change when it closes.
        """
        self._refuse_impossible(phases)
        while True:
            try:
                return self._play(phases)
            except _StopAsked:
                self._confirm_stop()
            except _RestAsked:
                self._rest()
            self._attempt += 1
            self._send(self._codes.trial_invalid, "trial_invalid")
            self._trigger.settle()  # the trial begins again with the next refresh

    def _refuse_impossible(self, phases: Sequence[Phase]) -> None:
        for phase in phases:
            phase_frames(phase, self._display.refresh_hz)
        last = phases[-1]
        if last.keys and last.keys.ends_phase and (last.duration_s or last.frames):
            raise TimingError(
                f"phase '{last.name}' is the last of its trial and has a response window that "
                "closes by itself; let a phase without keys follow it."
            )

    def _play(self, phases: Sequence[Phase]) -> dict[str, Shown]:
        result: dict[str, Shown] = {}
        for position, phase in enumerate(phases):
            shown = self._begin(phase, first=position == 0)
            result[phase.name] = shown
            if phase.keys is not None:
                self._stay(shown)
        return result

    def _begin(self, phase: Phase, *, first: bool) -> Shown:
        """Bring a phase on at its index, and close the one before it."""
        grid = self._running_grid()
        planned = self._planned_index(phase)
        fixed = planned is not None
        if planned is not None:
            self._keep_until(planned - 1)
        self._display.patch_on = phase.code is not None
        self._display.draw(phase.stimuli)
        if phase.code is not None:
            self._trigger.arm(phase.code, self._code_names.get(phase.code, phase.name))
        possible = max(grid.next_index(self._clock.now()), self._last_index + 1)
        if planned is None:
            planned = possible
        onset = self._display.swap(self._trigger.at_swap)
        index = self._last_index = grid.seen(onset)
        if phase.code is not None:
            self._late_s[rounded(onset)] = onset - grid.time(planned)
        held = tuple(sorted(self._responses.held()))
        if phase.at_s is not None and self._screen is not None:
            self._screen.frames_planned = planned - self._screen.planned
        self._finish_screen(onset)
        before, after = _split(self._responses.poll(), onset)
        self._take(before)
        self._close_windows(onset)
        shown = Shown(phase, onset, held=held)
        if first:
            self._forget_windows()
        if phase.keys is not None:
            length = phase.keys.window_s
            self._windows.append(_Window(shown, onset + length if length else float("inf")))
        planned_frames = phase_frames(phase, grid.refresh_hz)
        self.timing.phases += 1
        if fixed:
            self._count_late(onset - grid.time(planned), index - planned)
        self._screen = _OnScreen(
            phase=phase,
            planned=planned,
            index=index,
            onset=onset,
            trial=None if self._row is None else self._row.trial,
            attempt=self._attempt,
            held=held,
            missed=max(0, index - max(planned, possible)),
            frames_planned=planned_frames,
        )
        # A phase that had to come at once is the new anchor where it really came; one that had its
        # place on the grid keeps it, so that a missed frame is made up and never passed on.
        anchor = planned if fixed else index
        self._next = None if planned_frames is None else anchor + planned_frames
        self._responses.attend(phase, self._row_facts(), onset)
        self._take(after)
        self._heed_stop()
        return shown

    def _forget_windows(self) -> None:
        """A new trial, attempt or page: its presses have nothing to do with earlier windows.

        What a task shows after the answer, in the same trial, keeps them: a second press is extra.
        """
        now = (None if self._row is None else self._row.trial, self._attempt)
        if now != self._windows_of or self._row is None:
            self._windows = []
        self._windows_of = now

    def _planned_index(self, phase: Phase) -> int | None:
        if phase.at_s is not None:
            return self._running_grid().index(self.zero + phase.at_s)
        return self._next

    def _keep_until(self, index: int) -> None:
        """Show the current scene again at every refresh up to ``index``."""
        grid = self._running_grid()
        display, responses, trigger = self._display, self._responses, self._trigger
        while True:
            expected = max(self._last_index + 1, grid.next_index(self._clock.now()))
            if expected > index:
                return
            seen = self._last_index = grid.seen(display.swap(_nothing))
            if seen > expected and self._screen is not None:
                self._screen.missed += seen - expected
            trigger.service(self._clock.now())
            presses = responses.poll()
            if presses:
                self._take(presses)
                self._heed_stop()

    def _stay(self, shown: Shown) -> None:
        """Wait out a response window on a still screen; nothing is swapped meanwhile."""
        keys = shown.phase.keys
        if keys is None:
            return
        grid = self._running_grid()
        end = self._next
        until = float("inf") if end is None else grid.time(end - 1) + EDGE * grid.period_s
        while not (shown.answered and keys.ends_phase):
            now = self._clock.now()
            if now >= until:
                return
            presses = self._responses.wait(min(until, now + SLICE_S))
            if presses:
                self._take(presses)
                self._heed_stop()
            self._trigger.service(self._clock.now())
            self._display.pump()
            self._note_silence()
            if end is None:
                self._stop_if_nobody_can_answer()
        self._next = None

    # -- answers ------------------------------------------------------------------------------

    def _take(self, presses: Sequence[Press]) -> None:
        for press in presses:
            if press.down:
                self._take_press(press)
            else:
                self._log_press(press, None, "release")

    def _take_press(self, press: Press) -> None:
        if press.bounced:
            self._log_press(press, None, "bounced")
            return
        if press.key == self._pulse_key:
            self._take_pulse(press)
            return
        if self._pause_button and press.key == self._pause_button and not self._stop_is_answer:
            self._log_press(press, None, "pause")
            self._rest_asked = True
            return
        if self._is_operators(press):
            self._log_press(press, None, "operator")
            self._stop_asked |= press.key == self._operator.stop
            self._pause_asked |= press.key == self._operator.pause
            return
        window = next((w for w in reversed(self._windows) if w.takes(press)), None)
        if window is None:
            self._log_press(press, None, self._outside(press))
            return
        shown, keys = window.shown, window.shown.phase.keys
        key = None if keys is None else _meant(press, keys)
        if keys is None or key is None:
            self._log_press(press, shown, "other")
        elif shown.answered:
            self._log_press(press, shown, "extra")
        else:
            shown.key, shown.press, shown.rt_s = key, press.t, press.t - shown.onset
            shown.by, shown.at = press.by, press.at
            self._send_event(keys.code(key), f"response_{key}", press.t)
            self._log_press(press, shown, "counted")

    def _is_operators(self, press: Press) -> bool:
        """Whether a press is the operator's; the pause key is not while words are typed."""
        if self._stop_is_answer:
            return False
        if press.key == self._operator.pause and press.key in LETTERS:
            open_ = next((w for w in reversed(self._windows) if w.takes(press)), None)
            return open_ is None or not typing(open_.shown.phase)
        return press.key in (self._operator.stop, self._operator.pause)

    def _heed_stop(self) -> None:
        """Leave the trial for the operator's question; only where everything shown is booked."""
        if self._stop_asked:
            self._stop_asked = self._rest_asked = False
            raise _StopAsked
        if self._rest_asked:
            self._rest_asked = False
            raise _RestAsked

    def _outside(self, press: Press) -> str:
        opened = [w for w in self._windows if w.shown.onset <= press.t]
        if not opened:
            return "early"
        return "extra" if any(w.shown.answered for w in opened) else "late"

    def _take_pulse(self, press: Press) -> None:
        """Count a scanner pulse; the first that counts ends the page that waits for it."""
        page = self._waiting_for_pulse(press)
        if page is not None:
            self._pulses.wait_from(page.onset)
        pulse = self._pulses.take(press.t)
        self._log_pulse(pulse)
        if page is not None and self._pulses.zero is not None:
            page.key, page.press, page.rt_s = press.key, press.t, press.t - page.onset

    def _waiting_for_pulse(self, press: Press) -> Shown | None:
        """The page that waits for this pulse, if one is up."""
        for window in self._windows:
            keys = window.shown.phase.keys
            if keys and press.key in keys.allowed and window.takes(press):
                return None if window.shown.answered else window.shown
        return None

    def _log_pulse(self, pulse: Pulse) -> None:
        self._log.append("pulse", pulse.t, **pulse.facts())
        self._note_news(pulse.t)

    def _note_silence(self) -> None:
        """Look whether the scanner has gone quiet; never within a flip."""
        now = self._clock.now()
        if now > self._pulses.silent_from:
            self._pulses.silence(now)
            self._note_news(now)

    def _note_news(self, t: float) -> None:
        """Log at once what is wrong with the pulses; the operator reads it after the trial."""
        for text, first in self._pulses.news():
            self._log.append("note", t, text=text)
            if first:
                self._to_tell.append(text)

    def _tell_operator(self) -> None:
        for text in self._to_tell:
            self._tell(text)
        self._to_tell.clear()

    def _close_windows(self, t: float) -> None:
        """The screen has changed at ``t``: close what closes with it, mark what went unanswered."""
        # A window is shown in whole frames: the refresh nearest to its end is its end.
        edge = t + self._running_grid().period_s / 2 + SAME_MOMENT_S
        for window in self._windows:
            phase = window.shown.phase
            if phase.keys is not None and (phase.keys.window_s is None or window.close <= edge):
                window.close = min(window.close, t)
            if window.close <= t and not window.shown.answered and not window.told:
                window.told = True
                self._send_event(phase.none_code, "no_response", window.close)

    def _log_press(self, press: Press, shown: Shown | None, status: str) -> None:
        screen = self._screen
        self._log.append(
            "response",
            press.t,
            trial=self._windows_of[0],
            attempt=self._windows_of[1],
            phase=shown.phase.name if shown else screen.phase.name if screen else None,
            key=press.key,
            down=press.down,
            status=status,
            rt_s=rounded(press.t - shown.onset) if shown else None,
            **_box_stamps(press),
            **_pointed(press, shown),
        )

    # -- the operator -------------------------------------------------------------------------

    def page(self, name: str, text: str, keys: Sequence[str]) -> str:
        """A page of text until one of the keys; returns it (instructions, breaks)."""
        stimuli = (Text(text, size=0.035, wrap=1.2),)
        phase = Phase(name, stimuli, keys=Keys(tuple(keys)))
        self._display.prepare(stimuli)
        self._let_end()
        return self.show([phase])[name].key or ""

    def banner(self, name: str, shown_s: float = BANNER_S) -> None:
        """A page that goes away by itself, for what must not be overlooked; ends what is shown."""
        stimuli = (Text(self._words(name), size=0.05, wrap=1.2),)
        self._display.prepare(stimuli)
        self._let_end()
        self.show([Phase(name, stimuli, duration_s=shown_s)])

    def start_clock(self, already_s: float = 0.0) -> None:
        """Set the run's time zero: the scanner's first pulse where there is one, else now.

        Parameters
        ----------
        already_s
            Where on the run's time axis this moment is, s; not zero where a run is resumed.
        """
        now = self._clock.now() if self._scanner is None else self._scan_begun(self._scanner)
        self.zero = now - already_s
        self.note(TIME_ZERO, zero=rounded(self.zero))

    def _scan_begun(self, scanner: ScannerSettings) -> float:
        """Wait for the scanner; its first pulse that counts, or the operator's key in its place.

        The pulse may also come while the operator is asked something: it counts all the same.
        """
        pulses = self._pulses = PulseCounter(scanner)
        page = "scanner_by_hand" if scanner.source == "none" else "scanner"
        while pulses.zero is None:
            try:
                self._let_end()
                shown = self._scanner_page(page, scanner)
            except _StopAsked:
                if self._screen is not None and self._screen.phase.name == SCANNER:
                    pulses.wait_from(self._screen.onset)
                self._confirm_stop()
                continue
            if shown.key == self._operator.stop:
                raise RunAborted(
                    "The run was stopped by the operator before the scan began. "
                    "--resume goes on with it."
                )
            if shown.key == scanner.start_key:
                by_hand = shown.onset if shown.press is None else shown.press
                self._log_pulse(pulses.start_by_hand(by_hand))
            page = "scanner_timeout" if shown.key is None else "scanner"
        return pulses.zero

    def _scanner_page(self, page: str, scanner: ScannerSettings) -> Shown:
        """Wait with the participant for a pulse, or ask the operator what to do without one."""
        stimuli = (Text(self._words(page), size=0.035, wrap=1.2),)
        keys: dict[str, tuple[str, ...]] = {
            "scanner": (scanner.key,),
            "scanner_by_hand": (scanner.start_key,),
            "scanner_timeout": (
                scanner.key,
                scanner.start_key,
                self._operator.pause,
                self._operator.stop,
            ),
        }
        limit_s = scanner.wait_timeout_s if page == "scanner" else None
        self._display.prepare(stimuli)
        # One name for all of them: what they have in common is that the scan has not begun.
        phase = Phase(SCANNER, stimuli, duration_s=limit_s, keys=Keys(keys[page]), tag=page)
        self._stop_is_answer = page == "scanner_timeout"
        try:
            return self._play([phase])[SCANNER]
        finally:
            self._stop_is_answer = False

    def _pause(self) -> None:
        self._pause_asked = False
        if self._onsets_are_fixed():
            self.note("pause refused: the trials' onsets are fixed")
            return
        self._log.append("pause", self._clock.now(), edge="start", by="operator")
        self._send(self._codes.pause, "pause")
        self._operator_page("pause", (self._operator.pause,), None)
        self._send(self._codes.resume, "resume")
        self._trigger.settle()  # the next trial may begin with the next refresh
        self._log.append("pause", self._clock.now(), edge="end", by="operator")
        self._log_triggers()

    def _rest(self) -> None:
        """The participant's pause: at once, with nothing on the screen but a word of calm.

        Where the trials' onsets are fixed nothing can wait: the operator is asked to stop instead.
        """
        self.note("the participant asked for a pause")
        self._tell("The participant asked for a pause.")
        if self._onsets_are_fixed():
            self._confirm_stop()
            return
        operator = self._operator
        self._log.append("pause", self._clock.now(), edge="start", by="participant")
        self._send(self._codes.pause, "pause")
        answer = self._operator_page(
            "rest",
            (self._pause_button, operator.pause, operator.stop),
            None,
            button=self._pause_button,
        )
        if answer == operator.stop:
            raise RunAborted(
                "The run was stopped by the operator in a pause that the participant asked for. "
                "Everything up to here is in the log; --resume goes on with the interrupted trial."
            )
        self._send(self._codes.resume, "resume")
        self._log.append("pause", self._clock.now(), edge="end", by="participant")
        self._log_triggers()

    def _stay_calm(self) -> None:
        """A quiet page until the operator has come: nobody is left alone with an empty desktop."""
        self._row = None
        self._trigger.belongs_to(None)
        self.note("a calm page until the operator has come")
        # What is the matter has been said already; a window that is gone shows nothing more.
        with contextlib.suppress(MbtexpError):
            self._operator_page("calm", (self._operator.stop, self._operator.pause), None)

    def _confirm_stop(self) -> None:
        stop, go_on = self._operator.stop, self._operator.pause
        answer = self._operator_page("confirm_stop", (stop, go_on), CONFIRM_S)
        if answer == stop:
            raise RunAborted(
                "The run was stopped by the operator. Everything up to here is in the log; "
                "--resume goes on with the interrupted trial."
            )
        self.note("stop not confirmed; the trial is shown again")

    def _operator_page(
        self, name: str, keys: tuple[str, ...], limit_s: float | None, **blanks: object
    ) -> str | None:
        stimuli = (Text(self._words(name, **blanks), size=0.035, wrap=1.2),)
        self._display.prepare(stimuli)
        phases = [Phase(name, stimuli, duration_s=limit_s, keys=Keys(tuple(keys)))]
        if limit_s is not None:
            phases.append(Phase(f"{name}_end", (), frames=1))
        self._stop_is_answer, self._next = True, None
        try:
            return self._play(phases)[name].key
        finally:
            self._stop_is_answer, self._next = False, None

    # -- book-keeping -------------------------------------------------------------------------

    def _clear(self) -> float:
        """Let the last phase end and leave an empty screen; returns when that was."""
        self._let_end()
        self._display.patch_on = False
        self._display.draw(())
        cleared = self._display.swap(_nothing)
        self._last_index = self._running_grid().seen(cleared)
        self._take(self._responses.poll())
        return cleared

    def _let_end(self) -> None:
        """Keep the phase on the screen for its time; what follows has no place on the grid."""
        if self._next is not None:
            self._keep_until(self._next - 1)
            self._next = None

    def _finish_screen(self, offset: float) -> None:
        """Write down the phase whose end has become known."""
        screen, self._screen = self._screen, None
        if screen is None:
            return
        grid = self._running_grid()
        frames = grid.index(offset) - screen.index
        self.timing.frames += frames
        self.timing.missed_frames += screen.missed
        self._log.append(
            "phase",
            screen.onset,
            trial=screen.trial,
            attempt=screen.attempt,
            phase=screen.phase.name,
            tag=screen.phase.tag,
            onset_planned=rounded(grid.time(screen.planned)),
            onset=rounded(screen.onset),
            offset=rounded(offset),
            frames_planned=screen.frames_planned,
            frames=frames,
            missed=screen.missed,
            code=screen.phase.code,
            held=list(screen.held),
        )

    def _count_late(self, late_s: float, late_frames: int) -> None:
        self.timing.late_phases += late_frames > 0
        self.timing.worst_late_s = max(self.timing.worst_late_s, late_s)

    def _mark_block(self, block: Block, edge: str, code: int | None) -> None:
        self._send(code, f"block_{edge}")
        name = "practice" if block.practice else "main"
        self._log.append("block", self._clock.now(), block=block.number, edge=edge, name=name)

    def _send(self, code: int | None, name: str) -> None:
        """Send a code of the run itself: between trials, where waiting for the line is free."""
        if code is not None:
            self._trigger.settle()
            self._send_event(code, name, self._clock.now())

    def _send_event(self, code: int | None, name: str, t: float) -> None:
        if code is not None:
            self._trigger.send(code, self._code_names.get(code, name), t)

    def _log_triggers(self) -> None:
        """Write down what became of the codes, with the frame of each flip and how late it was."""
        for record in self._trigger.drain():
            flip = record["t_flip"]
            late_s = self._late_s.pop(flip, None)
            self._log.append(
                "trigger",
                record["t_event"],
                **record,
                frame_n=None if flip is None else self._running_grid().index(flip),
                frame_late_ms=None if late_s is None else round(1000 * late_s, 3),
            )
        lost = self._trigger.lost()
        if lost > self._lost_told:
            self._to_tell.append(self._trigger.loss_report(self._lost_told))
            self._lost_told = lost

    # -- lost trigger codes -------------------------------------------------------------------

    def _stop_if_codes_lost(self, boundary: str) -> None:
        """Ask the operator what to do about codes lost since then; stop where nobody can be asked.

        Where the trials' onsets are fixed there is no time for a question.
        """
        known, lost = self._lost_known, self._trigger.lost()
        if lost <= known or self._stop_when_lost not in (boundary, "trial"):
            return
        if not self._asks_operator or self._onsets_are_fixed():
            raise DeviceError(
                f"{self._trigger.loss_report()} The run was stopped: check cable and port, then go "
                "on with --resume."
            )
        row, self._row = self._row, None
        self._trigger.belongs_to(None)
        self._ask_about_codes(known)
        self._row = row
        self._lost_known = self._trigger.lost()

    def _ask_about_codes(self, known: int) -> None:
        """Try the port again, go on without codes, or stop: as the operator says."""
        stop, again = self._operator.stop, self._operator.pause
        lost = self._trigger.losses(known)
        since_s = lost[0]["t_event"] - self.zero
        self.note("trigger codes were lost", codes=lost)
        trouble = ""
        while True:
            self._let_end()
            answer = self._operator_page(
                "codes_lost",
                (again, WITHOUT_CODES, stop),
                None,
                n=len(lost),
                since_s=f"{since_s:.0f}",
                trouble=textwrap.shorten(trouble, TROUBLE_LENGTH, placeholder=" ..."),
                without=WITHOUT_CODES,
            )
            if answer == stop:
                raise DeviceError(
                    f"{self._trigger.loss_report(known)} The run was stopped by the operator: "
                    "check cable and port, then go on with --resume."
                )
            if answer == WITHOUT_CODES:
                self._stop_when_lost = None
                self.note("the operator goes on without trigger codes")
                return
            trouble = self._line_reopened()
            if not trouble:
                return

    def _line_reopened(self) -> str:
        """Open the line again and say so in the recording; what kept it from that, or nothing."""
        try:
            self._trigger.reopen()
        except DeviceError as error:
            self.note("the trigger line was tried again in vain", reason=str(error))
            return str(error)
        lost = self._trigger.lost()
        self._send(self._codes.link_recovered, "link_recovered")
        self._trigger.settle()
        if self._trigger.lost() > lost:
            return self._trigger.loss_report(lost)
        self.note("the trigger line works again")
        return ""

    def _onsets_are_fixed(self) -> bool:
        return any(getattr(row, "onset_s", None) is not None for row in self.trials)

    def _stop_if_nobody_can_answer(self) -> None:
        complaint = self._responses.complaint()
        if complaint:
            raise DeviceError(
                f"{complaint} The run was stopped: check cable and port, then go on with --resume."
            )

    def _row_facts(self) -> dict[str, Any]:
        return {} if self._row is None else dataclasses.asdict(self._row)

    def _next_trial(self) -> int | None:
        done = {event["trial"] for event in self.recorded}
        return next((row.trial for row in self.trials if row.trial not in done), None)

    def _running_grid(self) -> Grid:
        if self._grid is None:
            raise SettingError("the run has not been entered; use 'with Run(...) as run'.")
        return self._grid


def _by_name(name: str, **_blanks: object) -> str:
    """Texts of a run without a catalogue: their names."""
    return name


def typing(phase: Phase) -> bool:
    """Whether a phase takes every letter, so that words can be typed."""
    return phase.keys is not None and set(LETTERS) <= set(phase.keys.allowed)


def _box_stamps(press: Press) -> Facts:
    """Both times of a press that a device stamped itself, for the log; nothing for others."""
    if press.box_ms is None:
        return {}
    return {"heard": rounded(press.heard), "box_ms": press.box_ms}


def _meant(press: Press, keys: Keys) -> str | None:
    """The key that a press counts as; None for another key, and for a click beside everything."""
    if press.key == CLICK:
        return keys.clicked(press.at, dragged=press.repeated)
    return press.key if press.key in keys.allowed else None


def _pointed(press: Press, shown: Shown | None) -> Facts:
    """Where a click was and what it meant, and whether a key only stayed down; else nothing."""
    facts: Facts = {"repeated": True} if press.repeated else {}
    if press.at is not None:
        meant = _meant(press, shown.phase.keys) if shown and shown.phase.keys else None
        facts |= {"at": [rounded(place) for place in press.at], "meant": meant}
    return facts


def _split(presses: Sequence[Press], t: float) -> tuple[list[Press], list[Press]]:
    return [p for p in presses if p.t < t], [p for p in presses if p.t >= t]


def _nothing(_t: float) -> None:
    """A swap that shows the same scene again sends nothing."""
