"""What is there already for what was filled in: an interrupted run, a session with its steps."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from mbtexp.errors import DataError, MbtexpError
from mbtexp.events import read_log
from mbtexp.operator.entries import Entries, What, mistakes
from mbtexp.protocol.cells import cells_of, steps_of
from mbtexp.protocol.settings import protocol_path, read_protocol
from mbtexp.session import Session
from mbtexp.task import find_task
from mbtexp.watch.sessions import SessionSeen
from mbtexp.watch.tail import Tail

IF_NEEDED = "if_needed"
"""Role of steps that only a rule begins; nobody begins there, or leaves them out."""


@dataclass(frozen=True)
class Existing:
    """Logs that are there already for what was filled in."""

    done: int
    """Trials, or steps of a protocol."""
    whole: int
    complete: bool


@dataclass(frozen=True)
class Steps:
    """Steps of a protocol that the operator may choose among."""

    begin: tuple[str, ...] = ()
    """Where it can begin, or go on."""
    leave: tuple[str, ...] = ()
    """What can be left out: nothing that was begun."""


@dataclass(frozen=True)
class _Outline:
    """A protocol as far as the window asks about it."""

    steps: tuple[str, ...]
    tasks: frozenset[str]


def existing(entries: Entries) -> Existing | None:
    """The logs that are there already; None where there are none, or not all is filled in."""
    empty = not (entries.data and entries.participant and entries.session)
    if entries.what is None or empty or mistakes(entries):
        return None
    if entries.what.kind == "task":
        return _run_there(entries, entries.what.name)
    seen = _session_there(entries)
    if seen is None:
        return None
    steps = seen.steps()
    done = sum(step.state in ("done", "skipped") for step in steps)
    return Existing(done, len(steps), bool(seen.ended))


def steps_to_choose(entries: Entries) -> Steps:
    """The protocol's steps; of a session that was begun, those that are not over."""
    if entries.what is None or entries.what.kind == "task":
        return Steps()
    labelled = entries.data and entries.participant and entries.session
    seen = _session_there(entries) if labelled else None
    if seen is None:
        names = _outline(entries.what).steps
        return Steps(names, names)
    roles = {str(step.get("step", "")): step.get("role") for step in seen.header["steps"]}
    left = [step for step in seen.steps() if roles.get(step.step) != IF_NEEDED]
    return Steps(
        tuple(step.step for step in left if step.state not in ("done", "skipped")),
        tuple(step.step for step in left if step.state in ("next", "later")),
    )


def shows_photographs(what: What | None) -> bool:
    """Whether the participant's own photographs can be shown in it."""
    if what is None:
        return False
    tasks = [what.name] if what.kind == "task" else sorted(_outline(what).tasks)
    try:
        return any(find_task(task).own_photos for task in tasks)
    except MbtexpError:
        return False


def _session_there(entries: Entries) -> SessionSeen | None:
    name = f"sub-{entries.participant}_ses-{entries.session}_session.jsonl"
    seen = SessionSeen()
    for event in Tail(entries.folder / name).new_events():
        seen.take(event)
    return seen if seen.header else None


def _run_there(entries: Entries, task: str) -> Existing | None:
    session = Session(entries.participant, task, entries.session, entries.run)
    path = session.log_path(Path(entries.data), pilot=entries.pilot)
    if not path.exists() or path.stat().st_size == 0:
        return None
    try:
        log = read_log(path)
    except DataError:
        return Existing(0, 0, complete=True)
    done = {event["trial"] for event in log.of("trial")}
    return Existing(len(done), len(log.header["design"]), log.completed)


def _outline(what: What) -> _Outline:
    """Steps and tasks of a protocol; of one that cannot be read, none: its command says why."""
    try:
        changed = protocol_path(what.name).stat().st_mtime_ns
        return _read_outline(what.name, changed)
    except (OSError, MbtexpError):
        return _Outline((), frozenset())


@lru_cache(maxsize=16)
def _read_outline(name: str, _changed: int) -> _Outline:
    protocol = read_protocol(name)
    tasks = {step.task for cell in cells_of(protocol) for step in steps_of(protocol, cell)}
    names = (step.step for step in protocol.steps if step.role != IF_NEEDED)
    return _Outline(
        tuple(dict.fromkeys(names)), frozenset(task for task in tasks if task is not None)
    )
