"""Somebody's runs in the order in which they were sat, each with its name, state and role."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.report.names import run_names
from analysis.report.panels import ASIDE
from analysis.report.source import RunFacts, Source


@dataclass(frozen=True)
class Sitting:
    """One run of somebody."""

    run: RunFacts
    name: str
    """By its step, else by task, session and number."""
    state: str
    """``attachment``, ``control``, or empty."""

    @property
    def aside(self) -> bool:
        """Whether it is a repeat or an errand of the session, and not looked for first."""
        return self.run.role in ASIDE

    @property
    def titled(self) -> str:
        """Name and state."""
        return f"{self.name} ({self.state})" if self.state else self.name


def sittings(source: Source, runs: Sequence[RunFacts]) -> list[Sitting]:
    """The runs of one person: those of a protocol as they came, others by task and number."""
    names, states = run_names(runs), source.state_of()

    def order(run: RunFacts) -> tuple[str, bool, str, tuple[str, ...], int]:
        number = int(run.run) if run.run.isdigit() else 0
        key = ("",) if run.step else (run.task,)
        return run.session, not run.step, run.began if run.step else "", key, number

    return [
        Sitting(run, names[run.key], states.get(run.key, "")) for run in sorted(runs, key=order)
    ]
