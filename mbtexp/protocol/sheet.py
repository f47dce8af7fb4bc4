"""The run sheet: what will happen in a session, step by step, as the operator needs it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from mbtexp.errors import SettingError, did_you_mean
from mbtexp.protocol.asked import Asked, Ready, ready, request_of
from mbtexp.protocol.cells import Cell, Step
from mbtexp.protocol.settings import Protocol
from mbtexp.responses.fingers import finger_names
from mbtexp.rig import Rig
from mbtexp.scanner.opening import scanner_of
from mbtexp.task import find_task


@dataclass(frozen=True)
class SheetRow:
    """One step as the operator reads it."""

    step: Step
    title: str
    minutes: float
    """How long it takes if it is answered as a simulated participant would; of a break, longest."""
    typical: bool
    """Whether answers are untimed, so that the length is only typical."""
    preset: str
    """Of the run; empty for other steps."""
    trials: int
    codes: Mapping[str, int]
    """The trigger codes that the run can leave, by name."""
    buttons: tuple[str, ...]
    """What the participant presses, in the task's order."""
    volumes: str
    """What to set at the scanner; empty without one."""
    warnings: tuple[str, ...]

    @property
    def counts(self) -> bool:
        """Whether the step is part of the planned length."""
        return self.step.role != "if_needed"


@dataclass(frozen=True)
class Sheet:
    """A session before it happens."""

    asked: Asked
    protocol: Protocol
    cell: Cell
    group: str | None
    rig: Rig
    rows: tuple[SheetRow, ...]
    notes: tuple[str, ...]
    """What the operator should know before the participant comes."""

    @property
    def minutes(self) -> float:
        """Length of the whole session without what is done only if needed."""
        return sum(row.minutes for row in self.rows if row.counts)


def make_sheet(
    asked: Asked,
    protocol: Protocol,
    cell: Cell,
    steps: Sequence[Step],
    *,
    group: str | None = None,
    notes: Sequence[str] = (),
) -> Sheet:
    """Check every step of a session and say how it will go; no window, no file.

    Raises
    ------
    MbtexpError
        A step could not be run; the sentence begins with its name.
    """
    _refuse_unspoken(asked, steps)
    rig = asked.rig_read()
    known: dict[tuple[object, ...], Ready] = {}
    rows = tuple(_row(asked, protocol, cell, step, known) for step in steps)
    return Sheet(asked, protocol, cell, group, rig, rows, tuple(notes))


def _refuse_unspoken(asked: Asked, steps: Sequence[Step]) -> None:
    """Every task speaks the language; told before anything else is looked at."""
    for task in dict.fromkeys(step.task for step in steps if step.task is not None):
        find_task(task).catalogue(asked.language)


def _row(
    asked: Asked,
    protocol: Protocol,
    cell: Cell,
    step: Step,
    known: dict[tuple[object, ...], Ready],
) -> SheetRow:
    if step.kind != "run":
        title = step.title or {"break": "Break", "payout": "Payout"}.get(step.kind, "")
        title = title or step.text.splitlines()[0]
        return SheetRow(step, title, step.longest_min or 0.0, True, "", 0, {}, (), "", ())
    key = (step.task, step.preset, *sorted(step.changes.items()), step.first, step.needs)
    if key not in known:
        # Another number of the run makes another order, not another length.
        known[key] = ready(request_of(asked, protocol, cell, step, step.run or 1), step)
    return _run_row(step, known[key])


def _run_row(step: Step, run: Ready) -> SheetRow:
    prepared, plan = run.prepared, run.plan
    scanner = scanner_of(prepared.rig, plan.scan_s)
    fingers = finger_names(prepared.rig.responses)
    return SheetRow(
        step=step,
        title=step.title or prepared.task.title,
        minutes=plan.length_s / 60,
        typical=plan.untimed,
        preset=prepared.preset,
        trials=len(prepared.rows),
        codes={name: prepared.task.codes[name] for name in plan.codes},
        buttons=tuple(_button(key, fingers) for key in prepared.material.keys),
        volumes="" if scanner is None else scanner.scan.spoken(),
        warnings=plan.warnings,
    )


def _button(key: str, fingers: Mapping[str, str]) -> str:
    return f"{key} ({fingers[key]})" if key in fingers else key


# -- for a terminal -------------------------------------------------------------------------------


def sheet_text(sheet: Sheet) -> str:
    """The run sheet for a terminal."""
    return "\n".join(_lines(sheet))


def _lines(sheet: Sheet) -> Iterator[str]:
    asked, protocol = sheet.asked, sheet.protocol
    yield f"{protocol.title} ({protocol.name} {protocol.version})"
    yield f"participant {asked.participant}, session {asked.session}" + (
        f", group {sheet.group}" if sheet.group else ""
    )
    yield f"cell {cell_words(sheet.cell)}"
    yield f"rig '{sheet.rig.name}' ({sheet.rig.mode}), language {asked.language}" + mode_words(
        asked
    )
    yield ""
    begins = 0.0
    for number, row in enumerate(sheet.rows, start=1):
        yield from _step_lines(number, row, begins)
        begins += row.minutes if row.counts else 0.0
    yield ""
    yield f"whole session: about {sheet.minutes:.0f} min"
    yield from (f"note: {note}" for note in sheet.notes)


def cell_words(cell: Cell) -> str:
    """A cell with its levels: ``3: order own_first, eyes a_first``."""
    levels = ", ".join(f"{factor} {level}" for factor, level in cell.facts().items())
    return f"{cell.number}: {levels}" if levels else f"{cell.number} (the protocol has no factors)"


def mode_words(asked: Asked) -> str:
    """What is unlike a session with a participant."""
    said = [
        word
        for word, so in (
            ("PILOT", asked.pilot),
            ("SIMULATED PARTICIPANT", asked.simulate),
            ("VIRTUAL LAB", asked.virtual),
            ("NO TRIGGERS", asked.mock_triggers),
        )
        if so
    ]
    return "".join(f", {word}" for word in said)


def _step_lines(number: int, row: SheetRow, begins: float) -> Iterator[str]:
    step = row.step
    when = f"{begins:5.0f} min" if row.counts else "if needed"
    about = "about " if row.typical and step.kind == "run" else ""
    length = f"{about}{spoken_minutes(row.minutes)}" if row.minutes else ""
    yield f"{number:2d}  {when}  {step.step}: {row.title}" + (f", {length}" if length else "")
    for line in details(row):
        yield f"               {line}"


def details(row: SheetRow) -> Iterator[str]:
    """What the operator needs to know of a step, a line each."""
    step = row.step
    if step.kind != "run":
        yield from (step.text.splitlines() if step.text != row.title else ())
        return
    said = [f"{step.task}, {row.preset}", f"{row.trials} trials"]
    said += [f"state: {step.state}"] if step.state else []
    said += [f"needs: {', '.join(step.needs)}"] if step.needs else []
    said += ["optional"] if step.optional else []
    said += [f"{name}={value or 'none'}" for name, value in step.changes.items()]
    yield "; ".join(said)
    yield f"buttons: {' '.join(row.buttons)}; codes: {codes_spoken(row.codes)}"
    if row.volumes:
        yield row.volumes
    yield from (f"note: {warning}" for warning in row.warnings)


def codes_spoken(codes: Mapping[str, int]) -> str:
    """The numbers of a run's codes, runs of them shortened.

    >>> codes_spoken({"a": 3, "b": 4, "c": 5, "d": 9})
    '3-5 9'
    """
    said: list[str] = []
    values = sorted(set(codes.values()))
    while values:
        run = [values[0]]
        while run[-1] + 1 in values:
            run.append(run[-1] + 1)
        values = values[len(run) :]
        said.append(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}")
    return " ".join(said) or "none"


def spoken_minutes(minutes: float) -> str:
    """A length as the operator says it.

    >>> spoken_minutes(4.26), spoken_minutes(0.5)
    ('4 min', '30 s')
    """
    return f"{60 * minutes:.0f} s" if minutes < 1 else f"{minutes:.0f} min"


def step_named(steps: Sequence[Step], name: str, option: str) -> Step:
    """A step by its name.

    Raises
    ------
    SettingError
        The cell has no such step.
    """
    found = next((step for step in steps if step.step == name), None)
    if found is None:
        names = [step.step for step in steps]
        raise SettingError(
            f"{option} {name!r}: no step of this session has that name; {did_you_mean(name, names)}"
        )
    return found
