"""Who takes part in a simulated study, with which true parameters in which run."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby

import numpy as np

from mbtexp.errors import SettingError
from mbtexp.session import Session
from mbtexp.study.settings import (
    PlannedRun,
    State,
    StudySettings,
    Visit,
    correlated,
    limits,
    matrix_of,
    middle_of,
    parameters_of,
    spread_of,
)

DIGITS = 6
"""Significant figures of a true parameter, in the table and in the simulation alike."""


@dataclass(frozen=True)
class Member:
    """A participant of a simulated study."""

    label: str
    number: int
    group: str


@dataclass(frozen=True)
class MemberRun:
    """One run of one member, and the parameters that it is played with."""

    member: Member
    session: str
    run: int
    """Number of the run among those of its task in its session."""
    place: int
    """Place in the session, from 0."""
    visit: int
    """Place of the session in the study, from 0."""
    planned: PlannedRun
    took_place: bool
    parameters: dict[str, float]


def members(study: StudySettings) -> list[Member]:
    """Everybody, group by group, numbered through."""
    groups = [name for name, group in study.groups.items() for _ in range(group.participants)]
    width = max(3, len(str(len(groups))))
    return [Member(f"{n:0{width}d}", n, group) for n, group in enumerate(groups, start=1)]


def runs_of(study: StudySettings, member: Member) -> list[MemberRun]:
    """All runs of a member in their order, those of missing sessions too."""
    known = _Draws(study, member)
    found = []
    for k, visit in enumerate(study.sessions):
        missing = known.uniform(f"missing {visit.name}") < study.missing_sessions
        counts: dict[str, int] = {}
        for place, run in enumerate(_in_order(visit, member)):
            counts[run.task] = counts.get(run.task, 0) + 1
            found.append(
                MemberRun(
                    member,
                    visit.name,
                    counts[run.task],
                    place,
                    k,
                    run,
                    not missing,
                    known.parameters(run.task, run.state),
                )
            )
    return found


def _in_order(visit: Visit, member: Member) -> list[PlannedRun]:
    """A session's runs; in reverse parts for participants 2 and 3 of every four.

    By fours, because tasks take turns with every participant (which half form comes first): so
    each order of the parts meets each form.
    """
    runs = sorted(visit.runs, key=lambda run: run.part)
    if visit.order == "fixed":
        return list(visit.runs)
    parts = [list(of) for _, of in groupby(runs, key=lambda run: run.part)]
    return [run for part in (parts[::-1] if member.number // 2 % 2 else parts) for run in part]


@dataclass(frozen=True)
class _Draws:
    """A member's random numbers: each purpose has its own, so that adding one moves no other."""

    study: StudySettings
    member: Member

    def _rng(self, purpose: str) -> np.random.Generator:
        return Session(self.member.label, "study", seed=self.study.seed).rng(purpose)

    def uniform(self, purpose: str) -> float:
        return float(self._rng(purpose).random())

    def normal(self, purpose: str) -> float:
        return float(self._rng(purpose).standard_normal())

    def parameters(self, task: str, state: State | None) -> dict[str, float]:
        """The member's true parameters of a task in a state."""
        return {name: self._value(task, name, state) for name in parameters_of(task)}

    def _value(self, task: str, name: str, state: State | None) -> float:
        spread = spread_of(self.study, self.member.group, task, name)
        own = middle_of(task, name, spread)
        middle = math.log(own) if spread.log else own
        value = middle + spread.sd * self._deviate(f"{task}.{name}") if spread.sd else middle
        value += sum(self._shifts(task, name, state))
        value = math.exp(value) if spread.log else value
        low, high = limits(spread)
        value = float(f"{min(max(value, low), high):.{DIGITS}g}")
        if name.endswith("_s") and value <= 0:
            raise SettingError(
                f"{task}.{name}: an effect makes it {value:g}, but a time must be above 0; "
                "use log = true, or a smaller shift."
            )
        return value

    def _shifts(self, task: str, name: str, state: State | None) -> Iterator[float]:
        for k, effect in enumerate(self.study.effects):
            if (
                (effect.task, effect.parameter) == (task, name)
                and effect.group in (None, self.member.group)
                and effect.state in (None, state)
            ):
                yield effect.shift + (effect.sd * self.normal(f"effect {k}") if effect.sd else 0.0)

    def _deviate(self, name: str) -> float:
        """Standard normal over people, correlated as the study says."""
        names = correlated(self.study)
        if name not in names:
            return self.normal(f"person {name}")
        root = _root(tuple(map(tuple, matrix_of(self.study))))
        own = [self.normal(f"person {other}") for other in names]
        return float(root[names.index(name)] @ np.array(own))


@cache
def _root(matrix: Sequence[Sequence[float]]) -> np.ndarray:
    root: np.ndarray = np.linalg.cholesky(np.array(matrix))
    return root
