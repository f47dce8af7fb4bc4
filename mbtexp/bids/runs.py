"""One log as a run of the dataset: its labels, its time zero and its trials by attempt."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from mbtexp.errors import DataError
from mbtexp.events import Event, Log, read_log
from mbtexp.triggers.record import LOST, REACHED

Datatype = Literal["beh", "eeg", "func"]

DATATYPES: dict[str, Datatype] = {"behaviour": "beh", "eeg": "eeg", "fmri": "func"}
"""Folder of the events table by the rig's mode."""

STARTS = frozenset({"first", "manual"})
"""Flags of a pulse that is time zero: a real one, or the operator's key."""

Attempt = tuple[int, int]
"""Which sitting of a run (0; 1 after the first break ...) and which attempt in it."""

_PLACE = re.compile(
    r"sub-(?P<participant>[A-Za-z0-9]+)/(?:ses-(?P<session>[A-Za-z0-9]+)/)?"
    r"(?P<name>sub-(?P=participant)(?:_ses-(?P=session))?"
    r"_task-(?P<task>[A-Za-z0-9]+)_run-(?P<run>[0-9]+))_log\.jsonl"
)


@dataclass(frozen=True)
class Labels:
    """What the place and the name of a log say; every label is text, ``007`` and ``NA`` too."""

    participant: str
    session: str | None
    task: str
    run: str
    name: str

    @property
    def folder(self) -> str:
        """Where the run's tables lie, without the datatype."""
        parts = [f"sub-{self.participant}", f"ses-{self.session}" if self.session else ""]
        return "/".join(part for part in parts if part)


def labels_of(path: Path, sourcedata: Path) -> Labels:
    """Labels of a log from where it lies.

    Raises
    ------
    DataError
        The place or the name is none that BIDS can take over.
    """
    match = _PLACE.fullmatch(path.relative_to(sourcedata).as_posix())
    if match is None:
        raise DataError(
            f"{path}: left out, because its place or name is not of the form "
            "sub-01/ses-01/sub-01_ses-01_task-eyes_run-01_log.jsonl with labels of letters and "
            "digits only; rename it."
        )
    return Labels(**match.groupdict())


@dataclass(frozen=True)
class TaggedEvent:
    """An event and the sitting in which it happened."""

    sitting: int
    event: Event


@dataclass(frozen=True)
class RunLog:
    """A run as the exporter sees it."""

    labels: Labels
    log: Log

    @property
    def header(self) -> Event:
        """What was run."""
        return self.log.header

    @property
    def datatype(self) -> Datatype:
        """``beh``, ``eeg`` or ``func``, by what recorded beside the run."""
        return DATATYPES.get(self.header.get("rig", {}).get("mode", ""), "beh")

    @property
    def pilot(self) -> bool:
        """Whether this was only tried out."""
        return bool(self.header.get("mode") == "pilot")

    @property
    def simulated(self) -> bool:
        """Whether a program answered and not a person."""
        return self.header.get("simulated") is not None

    @cached_property
    def first_pulses(self) -> list[float]:
        """Times of the pulses that began a scan, or of the operator's key in their place (s)."""
        return [pulse["t"] for pulse in self.log.of("pulse") if pulse.get("flag") in STARTS]

    @property
    def starts_with_pulse(self) -> bool:
        """Whether time zero of the tables is a scanner pulse."""
        return self.datatype == "func" and bool(self.first_pulses)

    @property
    def zero(self) -> float:
        """Time zero of the tables on the run clock: the first counted pulse, or the run's start."""
        return self.first_pulses[0] if self.starts_with_pulse else 0.0

    @property
    def last_t(self) -> float:
        """The latest time that the log knows of."""
        return float(max(event["t"] for event in self.log.events))

    @cached_property
    def tagged(self) -> list[TaggedEvent]:
        """The events with their sitting; a sitting begins with each resume."""
        tagged, sitting = [], 0
        for event in self.log.events:
            sitting += event["kind"] == "resume"
            tagged.append(TaggedEvent(sitting, event))
        return tagged

    def of(self, kind: str) -> Iterator[TaggedEvent]:
        """The events of one kind, in order."""
        return (tagged for tagged in self.tagged if tagged.event["kind"] == kind)

    @cached_property
    def design(self) -> dict[int, Event]:
        """The planned rows by trial number."""
        return {row["trial"]: row for row in self.header.get("design", [])}

    @cached_property
    def completed(self) -> dict[int, TaggedEvent]:
        """The completed trials by number; the last one counts if there should be two."""
        return {tagged.event["trial"]: tagged for tagged in self.of("trial")}

    @cached_property
    def attempts(self) -> dict[int, list[Attempt]]:
        """Every attempt at each trial, in order of time."""
        found: dict[int, set[Attempt]] = {}
        for kind in ("phase", "response", "trial"):
            for tagged in self.of(kind):
                trial = tagged.event.get("trial")
                if trial is not None:
                    found.setdefault(trial, set()).add(attempt_of(tagged))
        return {trial: sorted(attempts) for trial, attempts in found.items()}

    def counts(self, tagged: TaggedEvent) -> bool:
        """Whether the event belongs to the attempt that completed its trial."""
        done = self.completed.get(tagged.event["trial"])
        return done is not None and attempt_of(done) == attempt_of(tagged)

    def attempt_number(self, tagged: TaggedEvent) -> int:
        """The attempt counted through the whole run, from 1."""
        return self.attempts[tagged.event["trial"]].index(attempt_of(tagged)) + 1

    @cached_property
    def columns(self) -> list[str]:
        """The task's own columns: the design's, then the outcomes', in the task's order."""
        names: dict[str, Any] = {}
        for row in self.header.get("design", []):
            names.update(dict.fromkeys(row))
        names.update(dict.fromkeys(self.header.get("columns", {})))
        for tagged in self.completed.values():
            names.update(dict.fromkeys(tagged.event["design"]))
            names.update(dict.fromkeys(tagged.event["outcome"]))
        return [name for name in names if name not in ("trial", "block")]

    @cached_property
    def list_columns(self) -> set[str]:
        """Columns whose cells hold several values."""
        return {
            name
            for tagged in self.completed.values()
            for name, value in {**tagged.event["design"], **tagged.event["outcome"]}.items()
            if isinstance(value, list)
        }

    def facts(self, trial: int | None, *, outcome: bool) -> Event:
        """Design row of a trial, with its outcome if asked for and known."""
        if trial is None:
            return {}
        done = self.completed.get(trial)
        if done is None:
            return self.design.get(trial, {})
        return {**done.event["design"], **(done.event["outcome"] if outcome else {})}


def attempt_of(tagged: TaggedEvent) -> Attempt:
    """The attempt that an event of a trial belongs to."""
    return tagged.sitting, tagged.event.get("attempt", 1)


def read_run(path: Path, sourcedata: Path) -> RunLog:
    """The run that a log holds.

    Raises
    ------
    DataError
        The log cannot be read, or lies where no run can lie.
    """
    labels = labels_of(path, sourcedata)
    return RunLog(labels, read_log(path))


def run_warnings(run: RunLog) -> Iterator[str]:
    """What somebody should know of a run before using its tables."""
    path = run.log.path
    yield from run.log.damage
    yield from _label_warnings(run)
    if not run.log.completed:
        reason = next((event["reason"] for event in run.log.of("abort")), "the log just ends")
        yield (
            f"{path}: not completed, {len(run.completed)} of {len(run.design)} trials are there "
            f"({_sentence(reason)}). What is there was exported."
        )
    lost = sum(1 for event in run.log.of("trigger") if event.get("outcome") in LOST)
    if lost:
        yield (
            f"{path}: {lost} trigger code{'s' * (lost > 1)} never left; the recording lacks them."
        )
    if run.datatype == "func" and not run.first_pulses:
        yield f"{path}: no scanner pulse is in the log; onsets are counted from the run's start."
    if run.datatype == "func" and any(p.get("flag") == "manual" for p in run.log.of("pulse")):
        yield (
            f"{path}: started by hand and not by a scanner pulse; onsets count from that key press "
            "and belong to no volume."
        )
    if len(run.first_pulses) > 1:
        starts = ", ".join(f"{t - run.zero:.3f} s" for t in run.first_pulses[1:])
        yield (
            f"{path}: the scanner was started {len(run.first_pulses)} times; onsets count from the "
            f"first, the others came at {starts}. Subtract that for the later recordings."
        )


def _label_warnings(run: RunLog) -> Iterator[str]:
    for key, label in (
        ("participant", run.labels.participant),
        ("session", run.labels.session),
        ("task", run.labels.task),
    ):
        said = run.header.get(key)
        if said is not None and label is not None and str(said) != label:
            yield (
                f"{run.log.path}: the file's name says {key} {label!r}, its first line {said!r}. "
                "The name counts; if that is wrong, rename the file."
            )


def _sentence(reason: str) -> str:
    return reason.strip().rstrip(".").split(". ")[0]


def sent(trigger: Event) -> bool:
    """Whether a recorder can have seen a trigger code."""
    return trigger.get("outcome") in REACHED
