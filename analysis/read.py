"""From an event log to one run's tidy trials: a row a trial, none deleted, each with its mark."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mbtexp.errors import DataError
from mbtexp.events import Event, Log, read_log

if TYPE_CHECKING:
    import pandas as pd

Status = Literal["complete", "aborted", "incomplete"]


@dataclass(frozen=True, kw_only=True)
class Run:
    """What a log says of its run as a whole."""

    path: Path
    participant: str
    session: str | None
    task: str
    run: int
    preset: str
    mode: str
    """``lab`` or ``pilot``."""
    simulated: str | None
    """Model of a simulated participant; None for a person."""
    stimuli: str | None
    """Kind of stimulus set: ``pilot``, ``imported`` or ``open``."""
    status: Status
    segments: int
    """1, and one more for each time the run was resumed."""
    n_planned: int
    """Trials of the design, practice left out."""
    columns: Mapping[str, Any]
    """Description, units and levels of the design's and outcome's columns."""
    damage: tuple[str, ...]
    """One sentence for each line of the log that was left out."""
    practice: bool = False
    """Whether the session's protocol calls the whole run practice: none of its trials is a test."""

    @property
    def flags(self) -> tuple[str, ...]:
        """What every index of this run must carry along."""
        marks = {
            "simulated": self.simulated is not None,
            "pilot": self.mode == "pilot",
            "pilot_stimuli": self.stimuli == "pilot",
            "incomplete": self.status != "complete",
            "damaged_lines": bool(self.damage),
        }
        return tuple(flag for flag, on in marks.items() if on)

    @property
    def name(self) -> str:
        """The run as it is called in a message."""
        session = f" ses-{self.session}" if self.session is not None else ""
        return f"sub-{self.participant}{session} task-{self.task} run-{self.run:02d}"


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One complete trial; times in seconds on the run clock."""

    trial: int
    attempt: int
    block: int
    practice: bool
    stim_id: str | None
    onset_s: float | None
    """Onset of the first phase that is a model's regressor, else of the first coded phase."""
    rt_s: float | None
    response: Any
    correct: bool | None
    missed: bool
    excluded: str
    """The first rule that keeps the trial out of the indices: ``practice``, ``missed``, or none."""
    frames_dropped: int
    held: bool
    """Whether a key was already down at the onset."""
    design: Mapping[str, Any]
    outcome: Mapping[str, Any]


@dataclass(frozen=True)
class Trials:
    """One run's tidy table: the trials in the order of the design, and the run they belong to."""

    run: Run
    rows: Sequence[Trial]
    told: tuple[str, ...] = ()
    """Sentences about what was unusual in the log."""

    def __iter__(self) -> Iterator[Trial]:
        """The trials, in order."""
        return iter(self.rows)

    def __len__(self) -> int:
        """How many trials are complete."""
        return len(self.rows)

    @property
    def test(self) -> tuple[Trial, ...]:
        """The trials without practice."""
        return tuple(trial for trial in self.rows if not trial.practice)


def read_trials(path: Path) -> Trials:
    """The trials of the run in a log; the good part of a damaged one.

    Raises
    ------
    DataError
        The file is no log of ours, or its header lacks what identifies a run.
    """
    return trials_of(read_log(path))


def trials_of(log: Log) -> Trials:
    """The trials of a log that has been read."""
    good, damage = _sound(log)
    run = _run(log, (*log.damage, *damage))
    last = {event["trial"]: (segment, event) for segment, event in good}
    phases = _phases(log)
    regressors = _regressors(log.header)
    rows = [
        _trial(run, event, phases.get((segment, number, event["attempt"]), []), regressors)
        for number, (segment, event) in sorted(last.items())
    ]
    return Trials(run, tuple(rows), _repeats(log, [event for _, event in good]))


def _run(log: Log, damage: tuple[str, ...]) -> Run:
    header = log.header
    missing = [key for key in ("task", "participant", "run") if header.get(key) is None]
    if missing or not isinstance(header["run"], int):
        raise DataError(
            f"{log.path}: the header does not say which {(missing or ['run'])[0]} this is; "
            "the log cannot be assigned. Restore the file from its backup."
        )
    design = [row for row in header.get("design") or [] if isinstance(row, dict)]
    session = header.get("session")
    protocol = header.get("protocol")
    practice = isinstance(protocol, Mapping) and protocol.get("role") == "practice"
    return Run(
        path=log.path,
        participant=str(header["participant"]),
        session=None if session is None else str(session),
        task=str(header["task"]),
        run=header["run"],
        preset=str(header.get("preset") or ""),
        mode=str(header.get("mode") or "lab"),
        simulated=_simulated(header.get("simulated")),
        stimuli=(header.get("stimuli") or {}).get("kind"),
        status=_status(log),
        segments=1 + sum(1 for _ in log.of("resume")),
        n_planned=0 if practice else sum(1 for row in design if not row.get("practice")),
        columns=header.get("columns") or {},
        damage=damage,
        practice=practice,
    )


def _simulated(said: object) -> str | None:
    if said is None or said is False:
        return None
    model = said.get("model") if isinstance(said, Mapping) else said
    return "unnamed" if model in (None, "", True) else str(model)


def _status(log: Log) -> Status:
    """How the run ended, as far as its last segment tells."""
    status: Status = "incomplete"
    for event in log.events:
        if event["kind"] == "end" and event.get("completed") is True:
            status = "complete"
        elif event["kind"] == "abort":
            status = "aborted"
        elif event["kind"] == "resume" and status == "aborted":
            status = "incomplete"
    return status


def _sound(log: Log) -> tuple[list[tuple[int, Event]], list[str]]:
    """The usable trial lines, each with its segment of the run, and what is wrong with the rest."""
    good: list[tuple[int, Event]] = []
    damage: list[str] = []
    segment = 0
    for event in log.events:
        if event["kind"] == "resume":
            segment += 1
        if event["kind"] != "trial":
            continue
        if _usable(event):
            good.append((segment, event if "attempt" in event else {"attempt": 1, **event}))
        else:
            damage.append(
                f"{log.path}: the trial line at t = {event['t']} s lacks its number, design or "
                "outcome and was left out."
            )
    return good, damage


def _usable(event: Event) -> bool:
    number = event.get("trial")
    return (
        isinstance(number, int)
        and not isinstance(number, bool)
        and isinstance(event.get("attempt", 1), int)
        and isinstance(event.get("design"), dict)
        and isinstance(event.get("outcome"), dict)
    )


def _repeats(log: Log, events: Iterable[Event]) -> tuple[str, ...]:
    times = Counter(event["trial"] for event in events)
    return tuple(
        f"{log.path}: trial {number} was recorded {times[number]} times; the last counts."
        for number in sorted(times)
        if times[number] > 1
    )


def _phases(log: Log) -> dict[tuple[int, int, int], list[Event]]:
    """Phase lines by segment, trial and attempt.

    The segment matters: a trial that a crash cut short is shown again as its first attempt. A
    trial's last phase is logged after the trial's own line, so the place of a line says nothing.
    """
    found: dict[tuple[int, int, int], list[Event]] = {}
    segment = 0
    for event in log.events:
        if event["kind"] == "resume":
            segment += 1
        elif event["kind"] == "phase" and event.get("trial") is not None:
            key = (segment, event["trial"], event.get("attempt", 1))
            found.setdefault(key, []).append(event)
    return found


def _regressors(header: Event) -> frozenset[str]:
    phases = header.get("phases") or {}
    return frozenset(
        name for name, said in phases.items() if isinstance(said, dict) and said.get("trial_type")
    )


def _trial(run: Run, event: Event, phases: Sequence[Event], regressors: frozenset[str]) -> Trial:
    design, outcome = event["design"], event["outcome"]
    block = event.get("block", design.get("block", 1))
    practice = run.practice or bool(design.get("practice", block == 0))
    response = outcome.get("response")
    missed = bool(outcome.get("missed", response is None))
    correct = outcome.get("correct")
    stim_id = design.get("stim_id")
    main = _main_phase(phases, regressors)
    return Trial(
        trial=event["trial"],
        attempt=event["attempt"],
        block=block,
        practice=practice,
        stim_id=None if stim_id is None else str(stim_id),
        onset_s=None if main is None else number(main.get("onset")),
        rt_s=None if missed else number(outcome.get("rt_s")),
        response=None if missed else response,
        correct=correct if isinstance(correct, bool) and not missed else None,
        missed=missed,
        excluded="practice" if practice else "missed" if missed else "",
        frames_dropped=sum(phase.get("missed") or 0 for phase in phases),
        held=bool(outcome.get("held") or (main or {}).get("held")),
        design=design,
        outcome=outcome,
    )


def _main_phase(phases: Sequence[Event], regressors: frozenset[str]) -> Event | None:
    """The phase whose onset is the trial's: the first modelled, else coded, else of all."""
    modelled = [phase for phase in phases if phase.get("phase") in regressors]
    coded = modelled or [phase for phase in phases if phase.get("code") is not None]
    return min(coded or phases, key=_onset, default=None)


def _onset(phase: Event) -> float:
    return number(phase.get("onset")) or 0.0


def number(value: object) -> float | None:
    """A finite number as float; anything else in a log's field is no number.

    >>> number(3), number("3"), number(True), number(float("nan"))
    (3.0, None, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


# -- as a table --------------------------------------------------------------------------------

KEY = ("participant", "session", "task", "run", "trial", "attempt", "block", "practice")
RESULT = (
    "stim_id",
    "onset_s",
    "rt_s",
    "response",
    "correct",
    "missed",
    "excluded",
    "frames_dropped",
    "simulated",
    "mode",
    "run_flags",
)

DESCRIPTIONS: dict[str, dict[str, Any]] = {
    "participant": {"Description": "label of the participant"},
    "session": {"Description": "label of the session"},
    "task": {"Description": "name of the task"},
    "run": {"Description": "number of the run"},
    "trial": {"Description": "number of the trial in the design, from 1"},
    "attempt": {"Description": "how often the trial was begun until it was complete"},
    "block": {"Description": "number of the block, practice is 0"},
    "practice": {"Description": "whether the trial is practice and outside every index"},
    "stim_id": {"Description": "label of the stimulus in its set"},
    "onset_s": {
        "Description": "onset of the trial's first modelled (else coded) phase on the run clock",
        "Units": "s",
    },
    "onset_planned_s": {"Description": "onset that the design asked for", "Units": "s"},
    "rt_s": {"Description": "response time", "Units": "s"},
    "response": {"Description": "the answer"},
    "correct": {"Description": "whether the answer is right; n/a where there is none"},
    "missed": {"Description": "whether no answer came in time"},
    "excluded": {
        "Description": "first rule that keeps the trial out of the indices; n/a if it is used",
        "Levels": {"practice": "a practice trial", "missed": "no answer came in time"},
    },
    "frames_dropped": {"Description": "refreshes missed during the trial's phases"},
    "simulated": {"Description": "model of a simulated participant; n/a for a person"},
    "mode": {"Description": "lab, or pilot for data that belong to no study"},
    "run_flags": {"Description": "marks of the run that each of its indices carries"},
}


def columns_of(tables: Iterable[Trials]) -> tuple[str, ...]:
    """The columns of several runs' tables: key, design, result, the rest of the outcome."""
    design: dict[str, None] = {}
    outcome: dict[str, None] = {}
    for trials in tables:
        of_design, of_outcome = own_columns(trials)
        design.update(dict.fromkeys(of_design))
        outcome.update(dict.fromkeys(of_outcome))
    return (*KEY, *design, *RESULT, *outcome)


def own_columns(trials: Trials) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The columns that one run's design and outcome bring along."""
    # Nearly all trials of a run have the same fields.
    kinds = dict.fromkeys((tuple(trial.design), tuple(trial.outcome)) for trial in trials)
    design = (column for names, _ in kinds for _, column in _design_columns(names))
    outcome = (column for kind in kinds for _, column in _outcome_columns(*kind))
    return tuple(dict.fromkeys(design)), tuple(dict.fromkeys(outcome))


_OF_RUN = tuple(name for name in (*KEY, *RESULT) if name in Run.__dataclass_fields__)
_OF_TRIAL = tuple(name for name in (*KEY, *RESULT) if name in Trial.__dataclass_fields__)
_values_of_trial = attrgetter(*_OF_TRIAL)


def rows_of(tables: Iterable[Trials], columns: Sequence[str]) -> Iterator[Sequence[object]]:
    """The cells of several runs' tables, a row a trial."""
    wanted = tuple(columns)
    for trials in tables:
        run = trials.run
        of_run = (*[getattr(run, name) for name in _OF_RUN], run.flags)
        for trial in trials:
            design, outcome = trial.design, trial.outcome
            chosen = _chosen(tuple(design), tuple(outcome), wanted)
            yield chosen(
                (*design.values(), *outcome.values(), *of_run, *_values_of_trial(trial), None)
            )


@lru_cache(maxsize=256)
def _chosen(
    design: tuple[str, ...], outcome: tuple[str, ...], columns: tuple[str, ...]
) -> Callable[[Sequence[object]], Sequence[object]]:
    """Takes the cells of these columns out of all values of a trial; the last one is for none."""
    of_design, of_outcome = dict(_design_columns(design)), dict(_outcome_columns(design, outcome))
    names = (
        *map(of_design.get, design),
        *map(of_outcome.get, outcome),
        *_OF_RUN,
        "run_flags",
        *_OF_TRIAL,
    )
    place = {name: at for at, name in enumerate(names)}
    places = [place.get(column, len(names)) for column in columns]
    return itemgetter(*places) if len(places) > 1 else lambda values: [values[n] for n in places]


def describe(tables: Iterable[Trials], columns: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What each column means: ours by this module, the task's own as its logs say."""
    said: dict[str, Any] = {}
    for trials in tables:
        said = {**trials.run.columns, **said}
    return {name: DESCRIPTIONS.get(name) or _bids(said, name) for name in columns}


def _bids(said: Mapping[str, Any], name: str) -> dict[str, Any]:
    entry = said.get(name) or said.get(name.removeprefix("outcome_")) or {}
    described = {key.capitalize(): value for key, value in entry.items() if value}
    return described or {"Description": f"{name}, as the task recorded it"}


@lru_cache(maxsize=256)
def _design_columns(names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """The design's own fields with their columns; a planned onset is not taken for the real one."""
    return tuple(
        (name, "onset_planned_s" if name == "onset_s" else name)
        for name in names
        if name not in KEY and (name not in RESULT or name == "onset_s")
    )


@lru_cache(maxsize=256)
def _outcome_columns(
    design: tuple[str, ...], outcome: tuple[str, ...]
) -> tuple[tuple[str, str], ...]:
    """The rest of the outcome's fields with their columns."""
    return tuple(
        (name, f"outcome_{name}" if name in design or name in KEY else name)
        for name in outcome
        if name not in RESULT
    )


def to_frame(tables: Iterable[Trials]) -> pd.DataFrame:
    """The trials of one or more runs as a data frame; labels stay text."""
    import pandas as pd  # noqa: PLC0415  half a second that few callers need

    known = list(tables)
    columns = columns_of(known)
    return pd.DataFrame(list(rows_of(known, columns)), columns=pd.Index(columns))
