"""What a protocol must not say: checked as a whole and in each cell, before anybody comes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from mbtexp.errors import MbtexpError, SettingError, did_you_mean
from mbtexp.protocol.cells import Cell, Step, cells_of, steps_of
from mbtexp.protocol.settings import BLANK, Protocol, StepSettings
from mbtexp.task import Task, find_task

STATES = ("attachment", "control")

FEELINGS = ("baseline", "none")
"""Roles of steps that may stand between an induction and what must not follow it at once."""

RUN_ONLY = ("task", "preset", "changes", "first", "state")


def check_protocol(protocol: Protocol, *, where: str) -> None:
    """Refuse a protocol that could not be run in one of its cells, or would not be what it says.

    Raises
    ------
    SettingError
        The first thing that is wrong, with its place in the file.
    """
    _check_names(protocol, where)
    _check_kinds(protocol, where)
    _check_factors(protocol, where)
    _check_blanks(protocol, where)
    _check_roles(protocol, where)
    tasks = _Tasks()
    for cell in _varied(protocol):
        steps = steps_of(protocol, cell)
        for step in steps:
            _check_step(step, tasks, f"{where}: step {step.step}")
        here = where if len(cells_of(protocol)) == 1 else f"{where}: cell {cell.number}"
        _check_order(protocol, steps, tasks, here)
        _check_halves(steps, here)


def _varied(protocol: Protocol) -> Iterator[Cell]:
    """Every cell, with every level of what takes turns."""
    for cell in cells_of(protocol):
        yield cell
        for name, levels in protocol.turns.items():
            for level in list(levels)[1:]:
                yield Cell(cell.number, cell.levels, {**cell.turns, name: level})


# -- the file as it is written --------------------------------------------------------------------


def _check_names(protocol: Protocol, where: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", protocol.name):
        raise SettingError(
            f"{where}: name is {protocol.name!r}; use letters, digits, - and _ (at most 40)."
        )
    if not protocol.steps:
        raise SettingError(f"{where}: a protocol needs steps; write [[steps]] for each.")
    names = [step.step for step in protocol.steps]
    for name in names:
        if not re.fullmatch(r"[a-z0-9_]{1,40}", name):
            raise SettingError(
                f"{where}: step {name!r}: use small letters, digits and _ for its name (at most "
                "40)."
            )
        if names.count(name) > 1:
            raise SettingError(f"{where}: step {name!r} is there twice; give it another name.")


def _check_kinds(protocol: Protocol, where: str) -> None:
    for step in protocol.steps:
        here = f"{where}: step {step.step}"
        if step.kind == "run":
            if step.task is None:
                raise SettingError(f"{here}: 'task' is missing; add it.")
            if step.text or step.longest_min is not None:
                raise SettingError(f"{here}: text and longest_min belong to a break or a page.")
            continue
        for name in RUN_ONLY:
            if getattr(step, name):
                raise SettingError(f"{here}: a {step.kind} has no {name}; leave it out.")
        if step.kind in ("break", "page") and not step.text:
            raise SettingError(f"{here}: 'text' is missing; say what the operator should do.")


def _check_factors(protocol: Protocol, where: str) -> None:
    owner: dict[str, str] = {}
    both = [*protocol.factors.items(), *protocol.turns.items()]
    for name, levels in both:
        here = f"{where}: {'factors' if name in protocol.factors else 'turns'}: {name}"
        if name in protocol.factors and name in protocol.turns:
            raise SettingError(f"{here}: it is among the turns too; give one another name.")
        if len(levels) < 2:
            raise SettingError(f"{here}: a factor needs two levels or more.")
        first, *others = levels.items()
        for level, words in others:
            lacking = sorted(set(first[1]) ^ set(words))
            if lacking:
                raise SettingError(
                    f"{here}: {lacking[0]!r} is said in only one of {first[0]!r} and {level!r}; "
                    "each level must fill in the same words."
                )
        for blank in first[1]:
            if blank in owner:
                raise SettingError(
                    f"{here}: {blank!r} is filled in by {owner[blank]!r} already; rename one."
                )
            owner[blank] = name
    for name, _ in both:
        if name in ("participant", "group", "row", "cell", "utc"):
            raise SettingError(f"{where}: a factor cannot be called {name!r}; rename it.")


def _check_blanks(protocol: Protocol, where: str) -> None:
    tables = {**protocol.factors, **protocol.turns}
    known = [blank for levels in tables.values() for blank in next(iter(levels.values()))]
    used: set[str] = set()
    for step in protocol.steps:
        here = f"{where}: step {step.step}"
        for text in _texts_of(step):
            for blank in BLANK.findall(text):
                used.add(blank)
                if blank not in known:
                    raise SettingError(
                        f"{here}: nothing fills in {{{blank}}}; {did_you_mean(blank, known)}"
                    )
        for factor, level in step.when.items():
            if factor not in tables:
                raise SettingError(
                    f"{here}: when: there is no factor {factor!r}; {did_you_mean(factor, tables)}"
                )
            if level not in tables[factor]:
                raise SettingError(
                    f"{here}: when: {factor} has no level {level!r}; "
                    f"{did_you_mean(level, tables[factor])}"
                )
            used.update(next(iter(tables[factor].values())) or [factor])
    idle = [blank for blank in known if blank not in used]
    if idle:
        raise SettingError(
            f"{where}: no step has {{{idle[0]}}}, so its factor would change nothing; use it or "
            "take it out."
        )
    _refuse_idle_factors(protocol, where)


def _refuse_idle_factors(protocol: Protocol, where: str) -> None:
    named = {factor for step in protocol.steps for factor in step.when}
    for name, levels in {**protocol.factors, **protocol.turns}.items():
        if name not in named and not next(iter(levels.values())):
            raise SettingError(
                f"{where}: factor {name!r} changes nothing; fill in words or name it in a 'when'."
            )


def _texts_of(step: StepSettings) -> Iterator[str]:
    yield from (step.title, step.text, step.task or "", step.preset or "", step.state or "")
    yield from step.changes.values()


def _check_roles(protocol: Protocol, where: str) -> None:
    names = [step.step for step in protocol.steps]
    roles = {step.step: step.role for step in protocol.steps}
    induces = [step for step in protocol.steps if step.role in ("induction", "booster")]
    if induces and "closing" not in roles.values():
        raise SettingError(
            f"{where}: step {induces[0].step} induces something, and no step has the role "
            "'closing': after too much distress nothing would be left to do. Give the repair and "
            "the debriefing that role."
        )
    wash_out = protocol.wash_out
    needed = [name for name, role in roles.items() if role == "if_needed"]
    if wash_out is None:
        if needed:
            raise SettingError(
                f"{where}: step {needed[0]} is done if it is needed, but there is no [wash_out] to "
                "need it."
            )
        return
    for word in ("baseline", "check", "repeat"):
        name = getattr(wash_out, word)
        if name not in names:
            raise SettingError(
                f"{where}: wash_out: {word}: there is no step {name!r}; {did_you_mean(name, names)}"
            )
    if needed != [wash_out.repeat]:
        raise SettingError(
            f"{where}: wash_out: repeat names {wash_out.repeat!r}; that step, and no other, has "
            "role = 'if_needed'."
        )
    if names.index(wash_out.baseline) >= names.index(wash_out.check):
        raise SettingError(f"{where}: wash_out: the baseline must come before the check.")


# -- each cell ------------------------------------------------------------------------------------


class _Tasks:
    """The tasks of a protocol, each looked up once: a look-up goes through every package."""

    def __init__(self) -> None:
        self._found: dict[str, Task] = {}
        self._fitting: set[tuple[object, ...]] = set()

    def __getitem__(self, name: str) -> Task:
        if name not in self._found:
            self._found[name] = find_task(name)
        return self._found[name]

    def check_settings(self, step: Step) -> None:
        """Refuse a run whose preset or settings the task does not have."""
        key = (step.task, step.preset, *sorted(step.changes.items()))
        if step.task is None or key in self._fitting:
            return
        task = self[step.task]
        task.settings(step.preset or next(iter(task.presets)), step.changes, where="changes")
        self._fitting.add(key)


def _check_step(step: Step, tasks: _Tasks, where: str) -> None:
    """A run's task, preset and settings exist; a state is one of the two."""
    if step.state is not None and step.state not in STATES:
        raise SettingError(f"{where}: state is {step.state!r}; {did_you_mean(step.state, STATES)}")
    for text in (step.title, step.text):
        _refuse_unprintable(text, where)
    try:
        tasks.check_settings(step)
    except MbtexpError as error:
        raise SettingError(f"{where}: {error}") from None


def _refuse_unprintable(text: str, where: str) -> None:
    if any(ord(letter) < 32 and letter not in "\n\t" for letter in text):
        raise SettingError(f"{where}: a text has signs that cannot be printed; type it again.")


def _check_order(protocol: Protocol, steps: Sequence[Step], tasks: _Tasks, where: str) -> None:
    """What follows what: nothing that must not, and nothing before what it builds on."""
    induced: Step | None = None
    names, seen = {step.step for step in protocol.steps}, set()
    here = {step.step for step in steps}
    for step in steps:
        if step.kind == "run" and step.task is not None:
            if induced is not None and step.task in protocol.never_after_induction:
                raise SettingError(
                    f"{where}: step {step.step}: {step.task} comes right after {induced.step}, "
                    "which never_after_induction forbids; put other tasks between."
                )
            needed = tasks[step.task].builds_on
            if needed is not None and needed not in seen:
                raise SettingError(
                    f"{where}: step {step.step}: {step.task} asks about what was seen in "
                    f"'{needed}', and no step before it has that task."
                )
            seen.add(step.task)
            if step.role in ("induction", "booster"):
                induced = step
            elif not _only_asks(step, protocol):
                induced = None
    wash_out = protocol.wash_out
    missing = (
        []
        if wash_out is None
        else [
            name
            for name in (wash_out.baseline, wash_out.check, wash_out.repeat)
            if name in names and name not in here
        ]
    )
    if missing:
        raise SettingError(
            f"{where}: step {missing[0]} is not in this cell, and the wash-out needs it; leave out "
            "its 'when'."
        )


def _only_asks(step: Step, protocol: Protocol) -> bool:
    """Whether a run only asks how somebody feels: an induction lasts beyond it."""
    wash_out = protocol.wash_out
    return wash_out is not None and step.task == protocol.step(wash_out.baseline).task


def _check_halves(steps: Iterable[Step], where: str) -> None:
    """The halves have the same runs in the same order, each in one state, no two in the same."""
    halves: dict[int, list[Step]] = {}
    for step in steps:
        if step.half is not None:
            halves.setdefault(step.half, []).append(step)
    if len(halves) < 2:
        return
    first_number, first = next(iter(halves.items()))
    for number, half in halves.items():
        for one, other in zip(first, half, strict=False):
            if _shape(one) != _shape(other):
                raise SettingError(
                    f"{where}: step {other.step} of half {number} is not what step {one.step} of "
                    f"half {first_number} is; the halves must have the same steps in the same "
                    "order, but for what the factors fill in."
                )
        if len(half) != len(first):
            raise SettingError(
                f"{where}: half {number} has {len(half)} steps and half {first_number} has "
                f"{len(first)}; they must have the same."
            )
    _check_states(halves, where)


def _shape(step: Step) -> tuple[object, ...]:
    return (step.kind, step.task, step.preset, step.role, step.first, sorted(step.changes))


def _check_states(halves: Mapping[int, list[Step]], where: str) -> None:
    found: dict[str, int] = {}
    for number, half in halves.items():
        states = {step.state for step in half if step.kind == "run"}
        if len(states) > 1:
            raise SettingError(
                f"{where}: half {number} has steps in different states; give all its runs one."
            )
        for state in states - {None}:
            assert state is not None
            if state in found:
                raise SettingError(
                    f"{where}: halves {found[state]} and {number} are both in state {state!r}; let "
                    "a factor fill them in."
                )
            found[state] = number
