"""A study's file: groups with their parameters, sessions with their runs, effects, what is missing.

Everything is checked before the first run: unknown tasks, presets, parameters and groups.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np

from mbtexp.errors import MbtexpError, SettingError, did_you_mean
from mbtexp.session import Session
from mbtexp.strict import build, setting
from mbtexp.task import Task, find_task

State = Literal["attachment", "control"]

People = dict[str, dict[str, "Spread"]]
"""Parameters by task and name."""


@dataclass(frozen=True)
class Spread:
    """How one parameter is spread over people: normal, or lognormal."""

    mean: float | None = setting(None, doc="mean over people; left out: the task's own value")
    sd: float = setting(0.0, doc="SD over people", low=0)
    log: bool = setting(
        False, doc="lognormal: mean is the median, sd and the shifts of effects are those of ln"
    )
    low: float | None = setting(None, doc="smallest value; what is drawn below it becomes it")
    high: float | None = setting(None, doc="largest value")


@dataclass(frozen=True)
class Group:
    """A group of participants; what it says of parameters goes before what is said of all."""

    participants: int = setting(..., doc="how many", low=1, high=100_000)
    people: dict[str, dict[str, Spread]] = field(
        default_factory=dict, metadata={"doc": "parameters of this group by task"}
    )


@dataclass(frozen=True)
class PlannedRun:
    """A run of a session."""

    task: str = setting(..., doc="a task's name")
    preset: str | None = setting(None, doc="a preset; left out: the task's first")
    changes: dict[str, str] = field(
        default_factory=dict, metadata={"doc": "settings in place of the preset's"}
    )
    state: State | None = field(
        default=None, metadata={"doc": "state of the attachment system in this run"}
    )
    part: int = setting(1, doc="part of the session that the run belongs to", low=1, high=20)


@dataclass(frozen=True)
class Visit:
    """A session: its runs in order."""

    name: str = setting(..., doc="label of the session")
    runs: tuple[PlannedRun, ...] = setting(..., doc="runs in their order")
    order: Literal["fixed", "counterbalanced"] = setting(
        "fixed", doc="counterbalanced: every second participant has the parts in reverse"
    )


@dataclass(frozen=True)
class Effect:
    """A shift of a parameter in a group, in a state, or in a group's runs of that state."""

    task: str = setting(..., doc="a task's name")
    parameter: str = setting(..., doc="parameter of its simulated participant")
    shift: float = setting(..., doc="what is added to the parameter, in its unit")
    sd: float = setting(0.0, doc="SD of the shift over people", low=0)
    group: str | None = setting(None, doc="only in this group")
    state: State | None = field(default=None, metadata={"doc": "only in runs in this state"})


@dataclass(frozen=True)
class Correlation:
    """A correlation of two parameters over people (of their ln where they are lognormal)."""

    between: tuple[str, str] = setting(..., doc="two parameters as task.parameter")
    r: float = setting(..., doc="correlation", low=-1, high=1)


@dataclass(frozen=True)
class StudySettings:
    """A study: who takes part, what is run, and what is true of the people."""

    name: str = field(metadata={"doc": "the study's name"})
    groups: dict[str, Group] = field(metadata={"doc": "groups by name"})
    sessions: tuple[Visit, ...] = setting(..., doc="sessions in their order")
    seed: int = setting(0, doc="the same seed gives the same study", low=0)
    people: dict[str, dict[str, Spread]] = field(
        default_factory=dict, metadata={"doc": "parameters of all groups by task"}
    )
    effects: tuple[Effect, ...] = setting((), doc="shifts by group and state")
    correlations: tuple[Correlation, ...] = setting((), doc="correlations of parameters")
    missing_sessions: float = setting(
        0.0, doc="share of sessions that did not take place", low=0, high=1
    )
    language: str = setting("en", doc="language of the tasks")

    def with_participants(self, each: int) -> StudySettings:
        """The same study with as many participants in each group."""
        if each < 1:
            raise SettingError(f"--participants {each}: a group needs 1 or more.")
        groups = {name: replace(of, participants=each) for name, of in self.groups.items()}
        return replace(self, groups=groups)

    def runs(self) -> Iterator[tuple[Visit, PlannedRun]]:
        """Every run with its session."""
        for visit in self.sessions:
            for run in visit.runs:
                yield visit, run


def read_study(path: Path) -> StudySettings:
    """A study from its file.

    Raises
    ------
    SettingError
        The file cannot be read, or says something that is not known or not possible.
    """
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SettingError(
            f"{path}: the study's file cannot be read ({error.strerror}); name another."
        ) from None
    except UnicodeDecodeError:
        raise SettingError(f"{path}: this is not UTF-8 text; save it again in UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingError(f"{path}: this is not valid TOML: {error}. Correct that line.") from None
    return study_from(given, where=path.name)


def study_from(given: Mapping[str, Any], *, where: str) -> StudySettings:
    """A study from plain values, checked as a whole."""
    study = build(StudySettings, _with_text_changes(given), where=where)
    _check_sessions(study, where)
    for name in study.groups:
        if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
            raise SettingError(
                f"{where}: groups: {name!r}: use letters, digits, - and _ for a group's name."
            )
    _check_parameters(study, where)
    _check_correlations(study, where)
    return study


def _with_text_changes(given: Mapping[str, Any]) -> dict[str, Any]:
    """The file with each setting of a run as it would be typed on the command line."""
    sessions = given.get("sessions")
    if not isinstance(sessions, list):
        return dict(given)
    return {**given, "sessions": [_visit_with_text(visit) for visit in sessions]}


def _visit_with_text(visit: Any) -> Any:
    if not isinstance(visit, Mapping) or not isinstance(visit.get("runs"), list):
        return visit
    runs = [
        {**run, "changes": {key: _typed(value) for key, value in run["changes"].items()}}
        if isinstance(run, Mapping) and isinstance(run.get("changes"), Mapping)
        else run
        for run in visit["runs"]
    ]
    return {**visit, "runs": runs}


def _typed(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


# -- what is checked -------------------------------------------------------------------------------


def _check_sessions(study: StudySettings, where: str) -> None:
    names = [visit.name for visit in study.sessions]
    if not study.groups or not names or not all(visit.runs for visit in study.sessions):
        raise SettingError(f"{where}: a study needs a group, a session, and runs in each session.")
    for name in names:
        if names.count(name) > 1:
            raise SettingError(f"{where}: sessions: {name!r} is there twice; give it another name.")
    for visit, run in study.runs():
        here = f"{where}: session {visit.name}: {run.task}"
        try:
            task = _task(run.task, here)
            Session("1", task.name, visit.name)
            task.settings(preset_of(task, run), run.changes, where=f"{here}: changes")
            task.catalogue(study.language)
        except MbtexpError as error:
            text = str(error)
            raise SettingError(text if text.startswith(where) else f"{here}: {text}") from None


def preset_of(task: Task, run: PlannedRun) -> str:
    """The preset of a run: the task's first unless one is named."""
    return run.preset or next(iter(task.presets))


def _task(name: str, where: str) -> Task:
    task = find_task(name)
    if task.person is None or task.participant_of is None:
        raise SettingError(f"{where}: nobody can choose this task's simulated participant.")
    return task


def _check_parameters(study: StudySettings, where: str) -> None:
    used = {run.task for _, run in study.runs()}
    tables = {"people": study.people}
    tables |= {f"groups: {name}: people": group.people for name, group in study.groups.items()}
    for place, table in tables.items():
        for task, spreads in table.items():
            for parameter in spreads:
                _refuse_unknown(task, parameter, used, f"{where}: {place}")
    for effect in study.effects:
        here = f"{where}: effects"
        _refuse_unknown(effect.task, effect.parameter, used, here)
        if effect.group is not None and effect.group not in study.groups:
            raise SettingError(
                f"{here}: there is no group {effect.group!r}; "
                f"{did_you_mean(effect.group, study.groups)}"
            )
        states = {run.state for _, run in study.runs() if run.task == effect.task}
        if effect.state is not None and effect.state not in states:
            raise SettingError(
                f"{here}: no run of {effect.task} has the state {effect.state!r}; give it to one."
            )
    for group in study.groups:
        for task in sorted(used):
            for name, entry in parameters_of(task).items():
                given = spread_of(study, group, task, name)
                _refuse_impossible(given, entry, f"{where}: {group}: {task}.{name}")


def _refuse_impossible(spread: Spread, entry: Field[Any], where: str) -> None:
    mean = entry.default if spread.mean is None else spread.mean
    if mean is MISSING:
        raise SettingError(f"{where}: the task has no value of its own for it; give it a mean.")
    if spread.log and mean <= 0:
        raise SettingError(f"{where}: mean is {mean:g}; a lognormal parameter's must be above 0.")
    low, high = limits(spread)
    if not low <= mean <= high:
        raise SettingError(f"{where}: mean is {mean:g}; it must lie from low to high.")
    if entry.name.endswith("_s") and mean <= 0:
        raise SettingError(f"{where}: mean is {mean:g}; a time must be above 0.")
    if entry.name.endswith("_s") and spread.sd and not spread.log and low <= 0:
        raise SettingError(
            f"{where}: a time must stay above 0, and a normal distribution does not; "
            "add log = true (sd is then that of ln), or a low above 0."
        )


def _refuse_unknown(task: str, parameter: str, used: set[str], where: str) -> None:
    if task not in used:
        raise SettingError(f"{where}: no session has a run of {task!r}; {did_you_mean(task, used)}")
    known = parameters_of(task)
    if parameter not in known:
        raise SettingError(
            f"{where}: {task} has no parameter {parameter!r}; {did_you_mean(parameter, known)}"
        )


def _check_correlations(study: StudySettings, where: str) -> None:
    used = {run.task for _, run in study.runs()}
    for correlation in study.correlations:
        for name in correlation.between:
            task, _, parameter = name.partition(".")
            _refuse_unknown(task, parameter, used, f"{where}: correlations")
        first, second = correlation.between
        if first == second:
            raise SettingError(f"{where}: correlations: {first!r} is there twice in one.")
    if np.linalg.eigvalsh(matrix_of(study)).min() < 1e-9:
        raise SettingError(
            f"{where}: correlations: no people can have all of these at once; make some smaller."
        )


# -- what follows from it --------------------------------------------------------------------------


def limits(spread: Spread) -> tuple[float, float]:
    """Smallest and largest value of a parameter."""
    low = -np.inf if spread.low is None else spread.low
    return low, np.inf if spread.high is None else spread.high


@cache  # installed tasks do not change while a study runs, and looking them up takes time
def parameters_of(task: str) -> dict[str, Field[Any]]:
    """The parameters of a task's simulated participants, by name."""
    person = find_task(task).person
    return {} if person is None else {entry.name: entry for entry in fields(person)}


def middle_of(task: str, parameter: str, spread: Spread) -> float:
    """The mean of a parameter over people: what the study says, else the task's own value."""
    own: Any = parameters_of(task)[parameter].default if spread.mean is None else spread.mean
    return float(own)


def spread_of(study: StudySettings, group: str, task: str, parameter: str) -> Spread:
    """How a parameter is spread in a group: its own words, else those for all, else the task's."""
    for table in (study.groups[group].people, study.people):
        found = table.get(task, {}).get(parameter)
        if found is not None:
            return found
    return Spread()


def correlated(study: StudySettings) -> list[str]:
    """The parameters that correlations name, in their order."""
    return list(dict.fromkeys(name for one in study.correlations for name in one.between))


def matrix_of(study: StudySettings) -> np.ndarray:
    """Their correlation matrix; pairs that nothing is said of are uncorrelated."""
    names = correlated(study)
    matrix = np.eye(len(names)) if names else np.eye(1)
    for one in study.correlations:
        i, j = (names.index(name) for name in one.between)
        matrix[i, j] = matrix[j, i] = one.r
    return matrix
