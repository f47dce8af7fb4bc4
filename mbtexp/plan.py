"""A run before it happens, played on the virtual lab: its trials, frames and codes can be read."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mbtexp.errors import RunAborted, SettingError, did_you_mean
from mbtexp.events import Event, MemoryLog
from mbtexp.layout import beyond, geometry
from mbtexp.rig import Rig, TriggerSettings
from mbtexp.run import SCANNER, TIME_ZERO, Codes, Run, typing
from mbtexp.session import Session
from mbtexp.simulate import Answer
from mbtexp.task import Material, Task
from mbtexp.timeline import CLICK, Phase, Stimulus
from mbtexp.triggers.compact import sent_values
from mbtexp.triggers.devices import highest_code, line_of
from mbtexp.triggers.spacing import (
    Interval,
    Step,
    Watched,
    codes_of,
    curious,
    intervals,
    never,
    spoken,
    too_close,
)
from mbtexp.virtual import VirtualLab


@dataclass(frozen=True)
class Plan:
    """What a run will do if it is answered as a simulated participant would."""

    refresh_hz: float
    rows: tuple[Any, ...]
    events: list[Event]
    length_s: float
    untimed: bool
    """Whether a phase waits for an answer without limit, so that the length is only typical."""
    scan_s: float | None
    """Length from the run's time zero on; None where nothing waits for the scanner."""
    intervals: tuple[Interval, ...] = ()
    """The shortest time that can pass before each coded screen, from the code before it."""
    warnings: tuple[str, ...] = ()
    """What somebody should know before the run, and what does not keep it from starting."""

    @property
    def phases(self) -> list[Event]:
        """The phases in order."""
        return [event for event in self.events if event["kind"] == "phase"]

    @property
    def codes(self) -> dict[str, int]:
        """How often each trigger code is sent, by name."""
        counts: dict[str, int] = {}
        for event in self.events:
            if event["kind"] == "trigger":
                counts[event["name"]] = counts.get(event["name"], 0) + 1
        return counts


def make_plan(
    task: Task, session: Session, material: Material, rig: Rig, rows: Sequence[Any] | None = None
) -> Plan:
    """Play the run on the virtual lab at the rig's refresh rate and refuse what cannot work.

    Raises
    ------
    SettingError
        A duration that the display cannot show, a response key that is also the operator's or the
        scanner's, a code that the recorder cannot take, two codes that it cannot tell apart (in
        EEG mode), a stimulus that was not prepared, an outcome column that the task does not
        describe.
    """
    rows = tuple(task.design(session, material)) if rows is None else tuple(rows)
    refuse_shared_keys(material.keys, rig)
    refuse_large_codes(task, rig)
    watched = _Watched(task.participant(session, material).answer, rig)
    lab, log, found = rehearse(task, material, rig, rows, watched)
    if lab.display.unprepared:
        raise SettingError(
            f"task '{task.name}' shows {type(lab.display.unprepared[0]).__name__} "
            f"{lab.display.unprepared[0]!r} without having prepared it."
        )
    _refuse_unknown_columns(task, log)
    end = lab.clock.now()
    zero = next((e["zero"] for e in log.of("note") if e["text"] == TIME_ZERO), None)
    return Plan(
        refresh_hz=rig.display.refresh_hz,
        rows=rows,
        events=log.events,
        length_s=end,
        untimed=watched.untimed,
        scan_s=None if zero is None else end - zero,
        intervals=tuple(found),
        warnings=tuple(_code_warnings(task, session, material, rig, rows, found)),
    )


def rehearse(
    task: Task,
    material: Material,
    rig: Rig,
    rows: Sequence[Any],
    answer: Answer,
    line: TriggerSettings | None = None,
) -> tuple[VirtualLab, MemoryLog, list[Interval]]:
    """Play a run on the virtual lab: the lab, the log, and how close its codes can come.

    Raises
    ------
    SettingError
        A phase has a code that is not in the task's book, or two codes are for one flip.
    """
    watched = Watched(answer)
    lab = VirtualLab(
        rig.display.refresh_hz,
        answer=watched,
        trigger=line or TriggerSettings(device="serial", port="-"),
    )
    log = MemoryLog()
    names = {code: name for name, code in task.codes.items()}
    run = Run(
        display=lab.display,
        responses=lab.responses,
        trigger=lab.trigger,
        clock=lab.clock,
        log=log,
        trials=rows,
        operator=rig.operator,
        codes=run_codes(task),
        code_names=names,
        # One pulse begins the planned scan; what the others would tell is nobody's business here.
        scanner=replace(rig.scanner, dummy_pulses_to_skip=0, tr_s=None)
        if rig.mode == "fmri"
        else None,
    )
    # A task may stop itself; what it has shown until then counts.
    with contextlib.suppress(RunAborted), run:
        task.play(run, material)
    refuse_unknown_codes(task, watched.steps, log)
    return lab, log, intervals(watched.steps, rig.display.refresh_hz, lambda code: names[code])


def run_codes(task: Task) -> Codes:
    """The codes of the run's own events, from the task's part of the code book."""
    names = {field.name for field in dataclasses.fields(Codes)}
    return Codes(**{name: code for name, code in task.codes.items() if name in names})


def refuse_shared_keys(keys: Sequence[str], rig: Rig) -> None:
    """Keys of participant, operator and scanner must differ."""
    if len(set(keys)) < len(keys):
        raise SettingError(f"responses: keys: {', '.join(keys)} has a key twice.")
    taken = {rig.operator.stop: "operator's stop key", rig.operator.pause: "operator's pause key"}
    if rig.responses.pause_button:
        taken[rig.responses.pause_button] = "participant's pause button"
    if rig.mode == "fmri":
        taken[rig.scanner.key] = "scanner's pulse key"
    for key in keys:
        if key in taken:
            raise SettingError(
                f"key {key!r} answers the task and is also the {taken[key]}; "
                "change one of them in rig.toml."
            )


def refuse_large_codes(task: Task, rig: Rig) -> None:
    """Every code of the task must fit through the recorder's input."""
    trigger = rig.trigger
    if trigger.device == "none":
        return
    if sent_values(task.codes, trigger.max_code, trigger.code_map) is not None:
        return
    highest = highest_code(trigger)
    large = [name for name, code in task.codes.items() if code > highest]
    if large:
        device = rig.trigger.device
        limit = (
            f"max_code is {highest}"
            if highest == rig.trigger.max_code
            else f"device '{device}' takes codes up to {highest}"
        )
        raise SettingError(
            f"rig.toml: trigger: {limit}, but task '{task.name}' sends code "
            f"{task.codes[large[0]]} ({large[0]})."
        )


def refuse_unknown_codes(task: Task, steps: Iterable[Step], log: MemoryLog) -> None:
    """Every code that a run can send is in the task's book, and none shares a flip with another."""
    known = set(task.codes.values())
    for step in steps:
        for code in codes_of(step.phase):
            if code not in known:
                raise SettingError(
                    f"task '{task.name}': phase '{step.phase.name}' sends code {code}, which is "
                    "not in the task's code book; add it there."
                )
    for event in log.of("trigger"):
        if event["outcome"] == "dropped_overlap" and event["kind_of"] == "flip":
            raise SettingError(
                f"task '{task.name}': two codes are meant for one screen; '{event['name']}' "
                f"({event['code']}) would be lost."
            )


def refuse_close_codes(found: Iterable[Interval], rig: Rig) -> list[str]:
    """Refuse codes that the line cannot tell apart; sentences on those that it might not.

    Only in EEG mode is anything refused, and never for a press that ends no screen: its code can
    be cut short by chance, that of the screen is whole.
    """
    if rig.trigger.device == "none":
        return []
    line = line_of(rig.trigger)
    close = too_close(found, line.spacing_s)
    certain = [interval for interval in close if interval.kind != "stray answer"]
    if certain and rig.mode == "eeg":
        raise SettingError(
            f"{spoken(certain[0], line.pulse_s, line.gap_s)} Make pulse_ms in rig.toml shorter if "
            "the recorder allows it, or give the screens between them more time (--set)."
        )
    return [spoken(interval, line.pulse_s, line.gap_s) for interval in close]


def _code_warnings(
    task: Task,
    session: Session,
    material: Material,
    rig: Rig,
    rows: Sequence[Any],
    found: Sequence[Interval],
) -> list[str]:
    """How close the codes of a run can come; in EEG mode also with participants at the limits."""
    every = list(found)
    if rig.trigger.device != "none" and rig.mode == "eeg":
        for limit in (curious, never):
            answer = limit(task.participant(session, material).answer)
            every += rehearse(task, material, rig, rows, guarded(answer, rig))[2]
    return refuse_close_codes(every, rig)


def _refuse_unknown_columns(task: Task, log: MemoryLog) -> None:
    for trial in log.of("trial"):
        for name in {**trial["design"], **trial["outcome"]}:
            if name not in task.columns:
                raise SettingError(
                    f"task '{task.name}' records {name!r} without describing it; "
                    f"{did_you_mean(name, task.columns)}"
                )


def _guarded_keys(phase: Phase, rig: Rig) -> tuple[str, ...]:
    """The keys of a phase that nobody else may have: all, but the pause key where words are typed.

    The scanner's key stays guarded there too: its pulses would be taken for letters.
    """
    allowed = () if phase.keys is None else phase.keys.allowed
    return tuple(k for k in allowed if not (typing(phase) and k == rig.operator.pause))


def guarded(answer: Answer, rig: Rig) -> Answer:
    """A participant's answers; refuses what would keep a run from ever going on."""
    return _Watched(answer, rig)


class _Watched:
    """A participant's answers, and whether a phase without a limit was among those answered.

    Refuses what would keep a run from ever going on: a key that the operator or the scanner has
    too, and a phase that only an answer ends and that gets none.
    """

    def __init__(self, answer: Answer, rig: Rig) -> None:
        self._answer = answer
        self._rig = rig
        self._geometry = geometry(
            (rig.display.width_px, rig.display.height_px),
            monitor_px=(rig.display.width_px, rig.display.height_px),
            width_cm=rig.display.width_cm,
            distance_cm=rig.display.distance_cm,
        )
        self._seen: set[Stimulus] = set()
        self.untimed = False

    def __call__(self, phase: Phase, trial: Any) -> Sequence[tuple[str, float]]:
        self._refuse_cut_off(phase)
        endless = phase.duration_s is None and phase.frames is None
        if phase.keys is None:
            return self._answer(phase, trial)
        if phase.name == SCANNER:
            return [(phase.keys.allowed[0], 0.5)]
        refuse_shared_keys(_guarded_keys(phase, self._rig), self._rig)
        self.untimed |= endless and bool(trial)
        presses = self._answer(phase, trial)
        known = (*phase.keys.allowed, *((CLICK,) if phase.keys.areas else ()))
        if endless and not any(key in known for key, _ in presses):
            raise SettingError(
                f"phase '{phase.name}' waits for an answer and the simulated participant gives "
                "none; let the task's participant press one of its keys."
            )
        return presses

    def _refuse_cut_off(self, phase: Phase) -> None:
        """Everything must lie on the rig's screen."""
        for stimulus in phase.stimuli:
            if stimulus in self._seen:
                continue
            self._seen.add(stimulus)
            if beyond(stimulus, self._geometry):
                raise SettingError(
                    f"phase '{phase.name}': a {type(stimulus).__name__.lower()} reaches over the "
                    "edge of the rig's screen; check width_cm and distance_cm in rig.toml, or "
                    "make the task's sizes smaller with --set."
                )
