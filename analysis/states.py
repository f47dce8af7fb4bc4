"""Which state a run was done in: after which pictures, by the clock of the session.

A session's protocol says in each run's log which state it is in. Without a protocol a run's state
is that of the last induction before it in the same session: pictures of the own person make it
``attachment``, pictures of anybody else ``control``. Nothing else is guessed. The study's table
``states.tsv`` counts more than both.
"""

from __future__ import annotations

import csv
import errno
import io
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from analysis.read import Trials, number
from analysis.tables import MISSING, as_json, tsv
from mbtexp.errors import DataError
from mbtexp.events import Log

State = Literal["attachment", "control"]
STATES: tuple[State, State] = ("attachment", "control")

Key = tuple[str, str, str, int]
"""Participant, session (empty if there is none), task and run."""

COLUMNS = ("participant", "session", "task", "run", "state")
AFFECTS = ("pleasure", "arousal", "distress")

FELT = (*AFFECTS, "love")
"""What was felt before a run, as the table of states has it."""

MOOD = "mood"
"""The task that only asks how one feels."""

LINES = ("affective", "vas")
"""Kinds of its questions that are answered on a line from 0 to 100."""


@dataclass(frozen=True)
class Told:
    """What a protocol says of a run."""

    name: str
    state: State | None


@dataclass(frozen=True)
class Placed:
    """A run in the course of its session, and what it induced if it is an induction."""

    key: Key
    started: datetime | None
    """When the run was opened, by the clock of its computer."""
    induces: State | None
    affect: Mapping[str, float]
    """Last answer on each slider of the run (``pleasure``, ``arousal``, ``distress``) and the mean
    of its ratings of ``love``, from 0 to 100."""
    protocol: Told | None = None
    """What the session's protocol says of the run; None if it belongs to none."""


@dataclass(frozen=True)
class InState:
    """The state of a run and where it is known from."""

    key: Key
    state: State | None
    source: str
    """``protocol``, the induction's name, ``states.tsv``, or why there is no state."""
    affect: Mapping[str, float]
    """Sliders and ratings of the induction before the run, and those asked between the two."""
    started: datetime | None


def placed(log: Log, trials: Trials) -> Placed:
    """Where a run stands in its session, from its log."""
    run = trials.run
    key = (run.participant, run.session or "", run.task, run.run)
    clock = log.header.get("clock")
    started = _moment(clock.get("utc_at_zero") if isinstance(clock, Mapping) else None)
    return Placed(key, started, _induces(log, trials), _affect(trials), _protocol(log))


def _protocol(log: Log) -> Told | None:
    said = log.header.get("protocol")
    if not isinstance(said, Mapping) or "state" not in said:
        return None
    state = said["state"]
    return Told(str(said.get("name") or ""), next((s for s in STATES if s == state), None))


def _moment(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _induces(log: Log, trials: Trials) -> State | None:
    params = log.header.get("params")
    procedure = params.get("procedure") if isinstance(params, Mapping) else None
    if trials.run.task != "attachment" or "induction" not in (procedure, trials.run.preset):
        return None
    shown = {t.design.get("condition") for t in trials.test if t.design.get("kind") == "picture"}
    if len(shown) != 1 or None in shown:
        return None
    return "attachment" if shown == {"own"} else "control"


def _affect(trials: Trials) -> dict[str, float]:
    """The last answer on each slider of a run that asks for feelings, and its mean love."""
    return _rated(trials) if trials.run.task == MOOD else _within_attachment(trials)


def _rated(trials: Trials) -> dict[str, float]:
    """Answers of the mood task on its lines, 0 to 100; closeness is about somebody and is none."""
    rated = (
        (trial.design.get("item"), number(trial.outcome.get("value")))
        for trial in sorted(trials.test, key=lambda trial: trial.trial)
        if trial.design.get("kind") in LINES and not trial.missed
    )
    return {str(item): value for item, value in rated if item is not None and value is not None}


def _within_attachment(trials: Trials) -> dict[str, float]:
    found: dict[str, float] = {}
    love: list[float] = []
    for trial in sorted(trials.test, key=lambda trial: trial.trial):
        answer = number(trial.response)
        kind, scale = trial.design.get("kind"), trial.design.get("scale")
        if answer is None:
            continue
        if kind == "mood" and scale in AFFECTS:
            found[str(scale)] = answer
        elif (kind, scale) == ("person", "love"):
            love.append(answer)
    return {**found, "love": sum(love) / len(love)} if love else found


def states_of(runs: Iterable[Placed], given: Mapping[Key, State] | None = None) -> list[InState]:
    """The state of every run that is no induction itself, in the order of their names."""
    told = dict(given or {})
    sessions: dict[tuple[str, str], list[Placed]] = {}
    for run in sorted(runs, key=lambda run: run.key):
        sessions.setdefault(run.key[:2], []).append(run)
    return [found for known in sessions.values() for found in _of_session(known, told)]


def _of_session(known: Sequence[Placed], told: Mapping[Key, State]) -> list[InState]:
    """The states of one person's runs in one session."""
    found = []
    for run in known:
        if run.induces is not None:
            continue
        before = _last_induction(run, known)
        state = before.induces if before else None
        source = _source(run, before)
        if run.protocol is not None:
            source = _by_protocol(run.protocol, before)
            state = run.protocol.state
        if run.key in told:
            state, source = told[run.key], "states.tsv"
        found.append(InState(run.key, state, source, _felt(run, before, known), run.started))
    return found


def _by_protocol(told: Told, before: Placed | None) -> str:
    """The protocol as a source; where the induction before the run says otherwise, that too."""
    if told.state is None or before is None or before.induces == told.state:
        return "protocol"
    return f"protocol; {before.key[2]} run {before.key[3]} before it induced {before.induces}"


def _felt(run: Placed, before: Placed | None, known: Sequence[Placed]) -> Mapping[str, float]:
    """The induction's sliders, and over them those of runs that only ask, up to this run.

    Without an induction the last such run of the session counts.
    """
    if run.started is None:
        return {}
    since = before.started if before is not None else None
    asked = sorted(
        (other.started, other.key, other.affect)
        for other in known
        if other.key[2] == MOOD
        and other.started is not None
        and other.started < run.started
        and (since is None or other.started > since)
    )
    found: dict[str, float] = dict(before.affect) if before is not None else {}
    for _, _, affect in asked:
        found.update(affect)
    return found


def _last_induction(run: Placed, known: Sequence[Placed]) -> Placed | None:
    """The last induction of the session before a run."""
    if run.started is None:
        return None
    earlier = [
        (other.started, other.key, other)
        for other in known
        if other.induces is not None and other.started is not None and other.started < run.started
    ]
    return max(earlier, key=lambda entry: entry[:2])[2] if earlier else None


def _source(run: Placed, before: Placed | None) -> str:
    if run.started is None:
        return "no_clock"
    if before is None:
        return "no_induction_before"
    return f"{before.key[2]} run {before.key[3]}"


# -- the study's own table -------------------------------------------------------------------------


def read_states(path: Path) -> dict[Key, State]:
    """States that a study gives by hand: participant, session, task, run, state.

    ``session`` may be ``n/a``; ``state`` is ``attachment`` or ``control``. An empty result where
    there is no such file.

    Raises
    ------
    DataError
        A column is missing, a run is no number, or a state is unknown.
    """
    try:
        text = path.read_text("utf-8-sig")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        reason = os.strerror(getattr(error, "errno", None) or errno.EINVAL)
        raise DataError(f"{path}: cannot be read as UTF-8 text ({reason}).") from None
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter="\t")
    lacking = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
    if lacking:
        raise DataError(
            f"{path}: column {lacking[0]!r} is missing; the columns are {', '.join(COLUMNS)}, with "
            "tabs between them."
        )
    found: dict[Key, State] = {}
    for row in reader:
        key, state = _given(path, reader.line_num, row)
        if found.setdefault(key, state) != state:
            raise DataError(f"{path}: line {reader.line_num}: this run is there with two states.")
    return found


def _given(path: Path, line: int, row: Mapping[str, str | None]) -> tuple[Key, State]:
    participant, session, task, run, state = ((row[name] or "").strip() for name in COLUMNS)
    names: dict[str, State] = {name: name for name in STATES}
    known = names.get(state)
    if known is None or not run.isdigit():
        raise DataError(
            f"{path}: line {line}: run must be a number and state 'attachment' or 'control'; it "
            f"says {run!r} and {state!r}."
        )
    label = participant.removeprefix("sub-")
    return (label, "" if session == MISSING else session, task, int(run)), known


def states_tsv(states: Iterable[InState]) -> bytes:
    """The table of states as it was used."""
    rows = (
        [*one.key, one.state, one.source, *(one.affect.get(name) for name in FELT)]
        for one in sorted(states, key=lambda one: one.key)
    )
    return tsv((*COLUMNS, "source", *FELT), rows)


def states_json() -> bytes:
    """The data dictionary of that table."""
    return as_json(
        {
            "participant": {"Description": "label of the participant"},
            "session": {"Description": "label of the session"},
            "task": {"Description": "name of the task"},
            "run": {"Description": "number of the run"},
            "state": {
                "Description": "state of the attachment system that was induced before the run",
                "Levels": {
                    "attachment": "the own person was shown in the last induction before it, or "
                    "the session's protocol says so",
                    "control": "somebody else was shown, or the session's protocol says so",
                },
            },
            "source": {
                "Description": "protocol (the session's own plan), the induction that the run "
                "follows by the computer's clock, states.tsv (the study's own table), "
                "no_induction_before, or no_clock"
            },
            **{
                name: {
                    "Description": f"{name} before the run: last slider of the induction or of a "
                    "mood run after it; love is the mean rating of the induction's person",
                    "Units": "points, 0 to 100",
                }
                for name in FELT
            },
        }
    )
