"""The steps of each session by its protocol, and the columns under which a page shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.session_logs import sessions_begun

PRACTICE, WASH_OUT, RATINGS, CLOSING = "practice", "wash-out", "ratings and pages", "closing"
"""Columns for steps that a reader does not look for one by one."""

OF_ROLE = {
    "practice": PRACTICE,
    "wash_out": WASH_OUT,
    "if_needed": WASH_OUT,
    "closing": CLOSING,
}

BESIDE = frozenset({"mood", "interlude", "questionnaire"})
"""Tasks that stand between those that a session is made for."""

LAST = {RATINGS: 1, CLOSING: 2}
"""Columns at the end of the table."""

Session = tuple[str, str]
"""Participant and session."""


@dataclass(frozen=True)
class Step:
    """A step of somebody's session that is a run."""

    name: str
    column: str
    needed: bool
    """Whether the protocol asks for it whatever happens."""


Plans = Mapping[Session, Sequence[Step]]
"""The steps of each session whose own log is there."""


def read_plans(data: Path) -> dict[Session, tuple[Step, ...]]:
    """The steps that each session was to have, by the first line of the sessions' logs."""
    return {
        (str(begun.get("participant")), str(begun.get("session") or "")): tuple(
            _step(step)
            for step in begun["steps"]
            if isinstance(step, dict) and step.get("kind") == "run"
        )
        for _, begun in sessions_begun(data)
        if isinstance(begun.get("steps"), list)
    }


def _step(said: Mapping[str, Any]) -> Step:
    role = str(said.get("role") or "none")
    return Step(
        str(said.get("step")),
        column(str(said.get("step")), role, str(said.get("task"))),
        needed=role != "if_needed" and not said.get("optional"),
    )


def column(step: str, role: str, task: str) -> str:
    """The column of a step.

    >>> column("eyes_1", "none", "eyes"), column("practice_eyes", "practice", "eyes")
    ('eyes_1', 'practice')
    """
    return OF_ROLE.get(role) or (RATINGS if task in BESIDE else step)
