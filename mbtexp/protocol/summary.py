"""What a session has been: each step, its run at a glance, what is missing, where the files are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mbtexp.errors import DataError
from mbtexp.events import Log, read_log
from mbtexp.protocol.log import SessionEvents, read_session
from mbtexp.show import minutes as spoken


@dataclass(frozen=True)
class RunGlance:
    """One run at a glance."""

    log: str
    """File name in the session's folder."""
    trials: int
    planned: int
    missed: int
    """Trials that were not answered, practice left out."""
    completed: bool
    length_s: float
    screens: int
    late_screens: int
    worst_late_s: float
    missed_frames: int
    codes: int
    codes_lost: int
    line: str
    """What the codes went to: the device's name, ``memory``, ``none``."""
    pulses_seen: int | None
    pulses_expected: int | None
    pulses_wrong: tuple[str, ...]
    """What was wrong with the scanner's pulses, a sentence each."""

    @property
    def remarks(self) -> list[str]:
        """What somebody should look at, in few words."""
        said = []
        if not self.completed:
            said.append(f"NOT COMPLETE: {self.trials} of {self.planned} trials")
        if self.codes_lost:
            said.append(f"TRIGGER CODES LOST: {self.codes_lost} of {self.codes}")
        said += [f"PULSES: {sentence}" for sentence in self.pulses_wrong]
        if self.screens and self.late_screens > 0.01 * self.screens:
            share = 100 * self.late_screens / self.screens
            said.append(f"timing: {share:.1f} % of screens late, worst {self.worst_late_s:.3f} s")
        if self.planned and self.missed > 0.1 * self.planned:
            said.append(f"not answered: {self.missed} of {self.planned}")
        return said


@dataclass(frozen=True)
class StepGlance:
    """One step and what became of it."""

    step: str
    title: str
    kind: str
    task: str | None
    outcome: str | None
    """``completed``, ``skipped``, ``stopped``, ``failed``; None: not done."""
    reason: str
    runs: tuple[RunGlance, ...]
    """Its runs in order; more than one if it was repeated."""
    needed: bool
    """Whether the protocol wants it of everybody."""


@dataclass(frozen=True)
class Decision:
    """Something that the operator or a rule decided."""

    t: float
    """Seconds since the session began."""
    utc: str
    text: str
    reason: str


@dataclass(frozen=True)
class Summary:
    """A session as its log tells it."""

    folder: Path
    log: Path
    participant: str
    session: str
    group: str | None
    protocol: str
    version: str
    cell: int
    levels: Mapping[str, str]
    mode: str
    simulated: bool
    rig: str
    began: str
    """Time of day, ISO 8601."""
    length_s: float
    completed: bool
    reason: str
    """Why it ended; empty while it goes on."""
    steps: tuple[StepGlance, ...]
    decisions: tuple[Decision, ...]
    files: tuple[str, ...]
    """Names of the files in the session's folder."""
    damage: tuple[str, ...]

    @property
    def missing(self) -> tuple[StepGlance, ...]:
        """What the protocol wants and was not completed."""
        return tuple(one for one in self.steps if one.needed and one.outcome != "completed")

    @property
    def runs(self) -> tuple[RunGlance, ...]:
        """All runs in the order of the protocol."""
        return tuple(run for step in self.steps for run in step.runs)


def summary(folder: Path) -> Summary:
    """What the session in a folder (``sourcedata/sub-01/ses-01``) has been so far.

    Raises
    ------
    DataError
        There is no session log in the folder, or it cannot be read.
    """
    found = sorted(folder.glob("sub-*_session.jsonl"))
    past = read_session(found[0]) if found else None
    if past is None:
        raise DataError(f"{folder}: there is no session's log here; name the session's own folder.")
    return summary_of(past)


def summary_of(past: SessionEvents) -> Summary:
    """The summary of a session whose log has been read."""
    header, folder = past.header, past.path.parent
    try:
        ends = list(past.of("end"))
        over = bool(ends) and past.events[-1]["kind"] == "end"
        return Summary(
            folder=folder,
            log=past.path,
            participant=header["participant"],
            session=header["session"],
            group=header["group"],
            protocol=header["protocol"]["name"],
            version=header["protocol"].get("version", ""),
            cell=header["cell"],
            levels=header["order"],
            mode=header["mode"],
            simulated=bool(header["simulated"]),
            rig=header["rig"]["name"],
            began=header["utc"],
            length_s=past.last_t,
            completed=past.completed,
            reason=ends[-1]["reason"] if over else "",
            steps=tuple(_steps(past, folder)),
            decisions=tuple(
                Decision(one["t"], one["utc"], one["text"], one.get("reason", ""))
                for one in past.of("decision")
            ),
            files=tuple(sorted(path.name for path in folder.iterdir() if path.is_file())),
            damage=tuple(past.damage),
        )
    except (KeyError, TypeError) as error:
        raise DataError(
            f"{past.path}: a line is not as mbtexp writes it ({error}); it was changed by hand or "
            "by another program, use a copy from before that."
        ) from None


def _steps(past: SessionEvents, folder: Path) -> Iterator[StepGlance]:
    for step in past.header["steps"]:
        name = step["step"]
        ends = [event for event in past.of("step_end") if event["step"] == name]
        starts = [event for event in past.of("step_start") if event["step"] == name]
        names = dict.fromkeys(event["log"] for event in starts if event.get("log"))
        yield StepGlance(
            step=name,
            title=step.get("title") or step.get("task") or step["kind"],
            kind=step["kind"],
            task=step.get("task"),
            outcome=past.outcome(name),
            reason=ends[-1].get("reason") or "" if ends else "",
            runs=tuple(_runs(folder / log for log in names)),
            needed=step.get("role") != "if_needed" and not step.get("optional"),
        )


def _runs(paths: Iterator[Path]) -> Iterator[RunGlance]:
    for path in paths:
        try:
            yield glance(read_log(path))
        except DataError:  # it never came to its first line, or is not there any more
            continue


def glance(log: Log) -> RunGlance:
    """A run at a glance, from its log; a run that broke off counts with what it has."""
    header = log.header
    trials = {event["trial"]: event for event in log.of("trial")}
    tested = [event for event in trials.values() if not event["design"].get("practice")]
    ends = list(log.of("end"))
    timing = _summed(end["timing"] for end in ends)
    codes = _summed(end["triggers"] for end in ends)
    pulses: Mapping[str, Any] = next(
        (end["pulses"] for end in reversed(ends) if end.get("pulses")), {}
    )
    trigger = header["trigger"]
    return RunGlance(
        log=log.path.name,
        trials=len(trials),
        planned=len(header["design"]),
        missed=sum(bool(event["outcome"].get("missed")) for event in tested),
        completed=log.completed,
        length_s=max(event["t"] for event in log.events),
        screens=int(timing.get("phases", 0)),
        late_screens=int(timing.get("late_phases", 0)),
        worst_late_s=max((end["timing"]["worst_late_s"] for end in ends), default=0.0),
        missed_frames=int(timing.get("missed_frames", 0)),
        codes=int(codes.get("requested", 0)),
        codes_lost=int(codes.get("lost", 0)),
        line="memory" if trigger.get("port") == "memory" else str(trigger.get("device", "none")),
        pulses_seen=pulses.get("seen"),
        pulses_expected=pulses.get("expected"),
        pulses_wrong=tuple(pulses.get("warnings", ())),
    )


def _summed(counts: Iterator[Mapping[str, Any]]) -> dict[str, float]:
    """Counts of the parts of a run that was resumed, added up."""
    whole: dict[str, float] = {}
    for part in counts:
        for name, count in part.items():
            if isinstance(count, int | float):
                whole[name] = whole.get(name, 0) + count
    return whole


def summary_text(told: Summary) -> str:
    """The end of a session for the operator's terminal."""
    return "\n".join(_lines(told))


MARKS = {"completed": "done", "skipped": "SKIPPED", "stopped": "STOPPED", "failed": "FAILED"}


def _lines(told: Summary) -> Iterator[str]:
    state = "over" if told.completed else "NOT OVER"
    reason = told.reason or "it goes on"
    yield (
        f"session {told.session} of participant {told.participant}, {told.protocol} "
        f"{told.version}, cell {told.cell}: {state}, {reason}; {spoken(told.length_s)}"
    )
    for one in told.steps:
        if one.outcome is None and not one.needed:
            continue
        mark = MARKS.get(one.outcome or "", "NOT DONE")
        reason = f" ({one.reason})" if one.reason else ""
        last = one.runs[-1] if one.runs else None
        counts = "" if last is None else f"  {last.trials} trials, {spoken(last.length_s)}"
        yield f"  {mark:9s} {one.step}{counts}{reason}"
        for run in one.runs:
            yield from (f"            {run.log}: {remark}" for remark in run.remarks)
    yield from _quality_lines(told)
    yield from (f"decided: {one.text}" + _why(one) for one in told.decisions)
    yield from told.damage
    yield f"files: {len(told.files)} in {told.folder}"


def _why(decision: Decision) -> str:
    return f" (why: {decision.reason})" if decision.reason else ""


def _quality_lines(told: Summary) -> Iterator[str]:
    runs = told.runs
    missing = [one.step for one in told.missing]
    yield "missing: " + (", ".join(missing) if missing else "nothing that the protocol asks for")
    if not runs:
        return
    late, screens = sum(run.late_screens for run in runs), sum(run.screens for run in runs)
    lost, codes = sum(run.codes_lost for run in runs), sum(run.codes for run in runs)
    lines = {run.line for run in runs}
    unsent = "; NO TRIGGERS SENT" if lines <= {"none", "memory"} else ""
    yield (
        f"quality: {late} of {screens} screens late; {lost} of {codes} trigger codes "
        f"lost{unsent}; {sum(run.missed for run in runs)} trials not answered"
    )
