"""Which number a step's run has: the planned one, or a free one where that is taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mbtexp.protocol.asked import Asked
from mbtexp.protocol.cells import Step
from mbtexp.protocol.log import FINAL, SessionEvents
from mbtexp.session import Session


@dataclass(frozen=True)
class Attempt:
    """A run that is to be begun, or to be gone on with."""

    number: int
    path: Path
    resume: bool


def run_path(asked: Asked, step: Step, number: int) -> Path:
    """Where a run's log lies."""
    session = Session(asked.participant, step.task or "", asked.session, number, asked.seed)
    return session.log_path(asked.data, pilot=asked.pilot)


def attempt_of(
    asked: Asked, past: SessionEvents, steps: Sequence[Step], step: Step, *, afresh: bool
) -> Attempt:
    """The run that comes now: the interrupted one, or a new one.

    Parameters
    ----------
    asked, past, steps
        The session, and what of it is done.
    step
        The step that comes now.
    afresh
        Whether an interrupted run is left as it is and a new one begun.
    """
    before = past.last_start(step.step)
    if before is not None and not afresh and past.outcome(step.step) not in FINAL:
        number = int(before["run"])
        path = run_path(asked, step, number)
        if path.exists() and b"\n" in path.read_bytes():
            return Attempt(number, path, resume=True)
        if path.exists() and path.stat().st_size > 0:
            _put_aside(path)
        return Attempt(number, path, resume=False)
    number = _free_number(asked, past, steps, step)
    return Attempt(number, run_path(asked, step, number), resume=False)


def _free_number(asked: Asked, past: SessionEvents, steps: Sequence[Step], step: Step) -> int:
    used = {int(event["run"]) for event in past.of("step_start") if event.get("task") == step.task}
    planned = step.run or 0
    if planned and planned not in used and not run_path(asked, step, planned).exists():
        return planned
    number = 1 + max([*used, *(one.run or 0 for one in steps if one.task == step.task)])
    while run_path(asked, step, number).exists():
        number += 1
    return number


def _put_aside(path: Path) -> None:
    """A log without one whole line holds nothing; it must not stand in the way of reading."""
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    path.rename(aside)
