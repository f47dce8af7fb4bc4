"""Cells: every combination of a protocol's factors, and the steps as one of them has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from mbtexp.protocol.settings import BLANK, Kind, Need, Protocol, Role, StepSettings


@dataclass(frozen=True)
class Cell:
    """One way in which a session can go: a level of each factor, and whose turn it is."""

    number: int
    """From 1; the last factor of the file changes fastest."""
    levels: Mapping[str, str]
    turns: Mapping[str, str] = field(default_factory=dict)

    def facts(self) -> dict[str, str]:
        """The level of every factor, for logs and tables."""
        return {**self.levels, **self.turns}


@dataclass(frozen=True)
class Step:
    """One step of one participant's session, with nothing left to be filled in."""

    step: str
    kind: Kind
    title: str
    task: str | None
    preset: str | None
    run: int | None
    """Number of the run among those of its task."""
    changes: Mapping[str, str]
    first: int
    state: str | None
    half: int | None
    role: Role
    needs: tuple[Need, ...]
    optional: bool
    text: str
    longest_min: float | None

    def facts(self) -> dict[str, Any]:
        """The step as the session's log has it."""
        return {
            "step": self.step,
            "kind": self.kind,
            "title": self.title,
            "task": self.task,
            "preset": self.preset,
            "run": self.run,
            "changes": dict(self.changes),
            "state": self.state,
            "half": self.half,
            "role": self.role,
            "needs": list(self.needs),
            "optional": self.optional,
        }


def cells_of(protocol: Protocol) -> tuple[Cell, ...]:
    """Every combination of the factors' levels; one cell where there are no factors.

    Whose turn it is stands at the first level of each.
    """
    turns = {name: next(iter(levels)) for name, levels in protocol.turns.items()}
    combined = product(*protocol.factors.values())
    return tuple(
        Cell(number, dict(zip(protocol.factors, levels, strict=True)), turns)
        for number, levels in enumerate(combined, start=1)
    )


def cell_with(protocol: Protocol, number: int, turns: Mapping[str, str]) -> Cell:
    """A cell by its number, with whose turn it is."""
    return Cell(number, cells_of(protocol)[number - 1].levels, dict(turns))


def cell_by_turn(protocol: Protocol, number: int) -> Cell:
    """The cell of a participant's number where nobody has allocated any: all in turn."""
    cells = cells_of(protocol)
    round_, place = divmod(number - 1, len(cells))
    turns = {name: list(levels)[round_ % len(levels)] for name, levels in protocol.turns.items()}
    return Cell(place + 1, cells[place].levels, turns)


def steps_of(protocol: Protocol, cell: Cell) -> tuple[Step, ...]:
    """The steps of a cell in their order, runs numbered within their task.

    Steps that are done only if they are needed have no number yet: it comes after all others.
    """
    words = blanks_of(protocol, cell)
    levels = cell.facts()
    numbers: dict[str, int] = {}
    steps = []
    for one in protocol.steps:
        if any(levels[factor] != level for factor, level in one.when.items()):
            continue
        task, run = None if one.task is None else _filled(one.task, words), None
        if task is not None and one.role != "if_needed":
            run = numbers[task] = numbers.get(task, 0) + 1
        steps.append(_step(one, protocol, words, task, run))
    return tuple(steps)


def blanks_of(protocol: Protocol, cell: Cell) -> dict[str, str]:
    """What a cell writes into the steps' blanks."""
    tables = {**protocol.factors, **protocol.turns}
    return {
        blank: word
        for factor, level in cell.facts().items()
        for blank, word in tables[factor][level].items()
    }


def _step(
    one: StepSettings,
    protocol: Protocol,
    words: Mapping[str, str],
    task: str | None,
    run: int | None,
) -> Step:
    needs = protocol.needs if one.needs is None and one.kind == "run" else one.needs or ()
    return Step(
        step=one.step,
        kind=one.kind,
        title=_filled(one.title, words),
        task=task,
        preset=None if one.preset is None else _filled(one.preset, words),
        run=run,
        changes={name: _filled(text, words) for name, text in one.changes.items()},
        first=one.first,
        state=None if one.state is None else _filled(one.state, words),
        half=one.half,
        role=one.role,
        needs=needs,
        optional=one.optional,
        text=_filled(one.text, words).strip(),
        longest_min=one.longest_min,
    )


def _filled(text: str, words: Mapping[str, str]) -> str:
    """A text with its blanks filled in; what is no blank stays.

    >>> _filled("{form}", {"form": "A"}), _filled("{other}", {})
    ('A', '{other}')
    """
    return BLANK.sub(lambda match: words.get(match[1], match[0]), text)
