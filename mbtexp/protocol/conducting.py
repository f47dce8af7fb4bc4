"""Hold a session: everything is checked before the first step, then the steps take their course."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from mbtexp.conduct import refuse_data, software_facts
from mbtexp.errors import DataError, DiskError, SettingError
from mbtexp.protocol.allocation import (
    Allocation,
    cell_of,
    group_for,
    planned_row,
    read_allocation,
    take_row,
)
from mbtexp.protocol.asked import Asked, unmet_needs
from mbtexp.protocol.between import cover_between_runs
from mbtexp.protocol.cells import Cell, Step, cell_by_turn, cell_with, cells_of, steps_of
from mbtexp.protocol.course import Course
from mbtexp.protocol.end_page import write_end_page
from mbtexp.protocol.log import (
    CLOCK_STEP_S,
    FORMAT,
    SessionClock,
    SessionEvents,
    SessionLog,
    clock_of,
    read_session,
    session_path,
)
from mbtexp.protocol.settings import Protocol, read_protocol
from mbtexp.protocol.sheet import Sheet, make_sheet, step_named
from mbtexp.protocol.summary import Summary, summary_of
from mbtexp.session import Session
from mbtexp.terminal import Operator


@dataclass(frozen=True)
class Opened:
    """A session that can begin, or go on: whose, in which cell, with which steps."""

    asked: Asked
    protocol: Protocol
    cell: Cell
    group: str | None
    row: int | None
    """Row of the table of allocation; None without one."""
    steps: tuple[Step, ...]
    notes: tuple[str, ...]
    past: SessionEvents | None


def plan_session(asked: Asked) -> Sheet:
    """The run sheet of a session; nothing is begun and no row is taken.

    Raises
    ------
    MbtexpError
        The session could not be held as it was asked for.
    """
    return _sheet(_opened(asked, plan=True))


def hold_session(
    asked: Asked, operator: Operator, on_progress: Callable[[int, int], None] | None = None
) -> Summary:
    """Hold a session from its first step, or from where it was, to its end.

    Parameters
    ----------
    asked
        What was asked for.
    operator
        Who is told and asked between the steps.
    on_progress
        Called during a run with the number of finished trials and of all.

    Raises
    ------
    MbtexpError
        Something is not possible, or a step failed and nobody was there to be asked.
    """
    refuse_data(asked.request())
    opened = _opened(asked, plan=False)
    sheet = _sheet(opened)
    _refuse_unmet(opened)
    if opened.past is None:
        opened = _with_row_taken(opened, operator)
    clock = clock_of(opened.past, virtual=asked.virtual)
    log = _log(opened, clock)
    try:
        _begin(opened, sheet, log)
        for note in opened.notes:
            operator.say(f"note: {note}")
        course = Course(
            opened.asked, opened.protocol, opened.cell, opened.steps, log, operator, on_progress
        )
        with cover_between_runs(opened.asked):
            course.go()
    finally:
        log.close()
        if log.past.events:
            told = _with_page(summary_of(log.past), operator)
    return told


def _with_page(told: Summary, operator: Operator) -> Summary:
    """The same with the page beside the log; a page that cannot be written spoils no session."""
    try:
        page = write_end_page(told)
    except DiskError as error:
        operator.say(str(error))
        return told
    operator.say(f"\n{page}: what this session was, as a page to open and to print.")
    return replace(told, files=tuple(sorted({*told.files, page.name})))


# -- before the first step ------------------------------------------------------------------------


def _opened(asked: Asked, *, plan: bool) -> Opened:
    protocol = read_protocol(asked.protocol)
    path = session_path(asked.data, asked.participant, asked.session, pilot=asked.pilot)
    past = read_session(path)
    if past is not None and (asked.resume or plan):
        opened = _going_on(asked, protocol, past)
    elif past is not None:
        state = "is complete" if past.completed else "was begun already"
        raise DataError(
            f"{path}: session {asked.session} of participant {asked.participant} {state}. "
            + (
                "A further visit has another --session."
                if past.completed
                else "--resume goes on with it; a further visit has another --session."
            )
        )
    elif asked.resume:
        raise DataError(f"{path}: there is no session to resume; leave out --resume.")
    else:
        opened = _new(asked, protocol, plan=plan)
    for option, names in (("--skip", asked.skip), ("--from", (asked.start_at,))):
        for name in names:
            if name is not None:
                _refuse_passed(step_named(opened.steps, name, option), option, past)
    return opened


def _refuse_passed(step: Step, option: str, past: SessionEvents | None) -> None:
    if option == "--from" and past is not None and past.is_over(step.step):
        raise SettingError(
            f"--from {step.step!r}: that step is {past.outcome(step.step)} already; leave --from "
            "out, or name a later step."
        )


def _new(asked: Asked, protocol: Protocol, *, plan: bool) -> Opened:
    """A session that nobody has begun: its cell by the table, or in turn where there is none."""
    if asked.group is not None and not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", asked.group):
        raise SettingError(f"--group {asked.group!r}: use letters, digits, - and _ (at most 40).")
    table = None if asked.pilot else read_allocation(asked.data)
    if len(cells_of(protocol)) == 1 and not protocol.turns:
        cell = cells_of(protocol)[0]
        return Opened(asked, protocol, cell, asked.group, None, steps_of(protocol, cell), (), None)
    if table is None:
        return _in_turn(asked, protocol, plan=plan)
    group = group_for(table, asked.participant, asked.group)
    row = planned_row(table, asked.participant, group)
    return _of_row(asked, protocol, table, group, row)


def _of_row(asked: Asked, protocol: Protocol, table: Allocation, group: str, row: int) -> Opened:
    cell = cell_of(protocol, table, row)
    notes = (f"row {row} of the table of allocation, group {group}",)
    return Opened(asked, protocol, cell, group, row, steps_of(protocol, cell), notes, None)


def _in_turn(asked: Asked, protocol: Protocol, *, plan: bool) -> Opened:
    if not (plan or asked.pilot or asked.simulate):
        raise SettingError(
            f"{asked.data}: there is no table of allocation yet, so nobody knows which cell "
            f"participant {asked.participant} has. Make it once for the study: mbtexp allocate "
            f"{asked.protocol} --data {asked.data} --groups patients=40,controls=40 --seed 1. "
            "To try the session out, add --pilot."
        )
    cell = cell_by_turn(protocol, Session(asked.participant, "session").number)
    note = (
        f"no table of allocation: cell {cell.number} goes by the participant's number, as for any "
        "pilot"
    )
    return Opened(asked, protocol, cell, asked.group, None, steps_of(protocol, cell), (note,), None)


def _with_row_taken(opened: Opened, operator: Operator) -> Opened:
    """The same with the row taken for good; another one if somebody was faster."""
    if opened.row is None or opened.group is None:
        return opened
    asked = opened.asked
    table = read_allocation(asked.data)
    if table is not None and table.of(asked.participant) is None and asked.asks:
        _refuse_unless_sure(opened, operator)
    taken = take_row(asked.data, asked.participant, opened.group)
    table = read_allocation(asked.data)
    if taken.row == opened.row or table is None:
        return opened
    return _of_row(asked, opened.protocol, table, opened.group, taken.row)


def _refuse_unless_sure(opened: Opened, operator: Operator) -> None:
    """A mistyped code would take a row for good: the operator says that it is right."""
    who = opened.asked.participant
    if not operator.yes(
        f"Participant {who} was never here before; a row of group {opened.group} is taken for "
        "good. Is the code right?"
    ):
        raise SettingError(f"participant {who}: nothing was begun and no row was taken.")


def _going_on(asked: Asked, protocol: Protocol, past: SessionEvents) -> Opened:
    """A session that was begun: everything by which it is known must be the same."""
    header = past.header
    notes = _refuse_other_protocol(asked, protocol, past)
    if past.completed and asked.resume:
        raise DataError(
            f"{past.path}: this session is complete. A further visit has another --session."
        )
    for option, then, now in (
        ("--simulate", bool(header["simulated"]), asked.simulate),
        ("--virtual", bool(header["virtual"]), asked.virtual),
    ):
        if then != now and asked.resume:
            raise DataError(
                f"{past.path}: the session was begun {'with' if then else 'without'} {option}; "
                "resume it with the options it was begun with."
            )
    if asked.group is not None and asked.group != header["group"]:
        raise DataError(
            f"--group {asked.group}: the session was begun with group {header['group']!r}; leave "
            "--group out, or check the participant's code."
        )
    rig = asked.rig_read()
    if asked.resume and asked.rig is None and header["rig"]["name"] != rig.name:
        raise DataError(
            f"{past.path}: the session was begun with the rig '{header['rig']['name']}'; name its "
            "file with --rig."
        )
    asked = replace(asked, seed=header["seed"], language=header["language"])
    cell = cell_with(
        protocol, header["cell"], {name: header["order"][name] for name in protocol.turns}
    )
    return Opened(
        asked,
        protocol,
        cell,
        header["group"],
        header["row"],
        steps_of(protocol, cell),
        tuple(notes),
        past,
    )


def _refuse_other_protocol(asked: Asked, protocol: Protocol, past: SessionEvents) -> list[str]:
    begun = past.header["protocol"]
    if begun["name"] != protocol.name:
        raise DataError(
            f"{past.path}: the session was begun with protocol '{begun['name']}'; resume it with "
            "that one."
        )
    last = [event["protocol"] for event in past.of("resumed")]
    known = {begun["sha256"], *(one["sha256"] for one in last)}
    if protocol.sha256 in known:
        return []
    if not asked.changed_protocol:
        raise DataError(
            f"{past.path}: the file of protocol '{protocol.name}' was changed since the session "
            f"began (version {begun['version']}, now {protocol.version}). Put the old file back, "
            "or add --changed-protocol; that is written down."
        )
    levels = set(past.header["order"].items())
    same = [cell for cell in cells_of(protocol) if cell.number == past.header["cell"]]
    if (
        not same
        or not set(same[0].levels.items()) <= levels
        or (set(past.header["order"]) != {*protocol.factors, *protocol.turns})
    ):
        raise DataError(
            f"{past.path}: the changed protocol has other factors, so the session's cell means "
            "something else; put the old file back."
        )
    return [f"the protocol's file was changed since the session began ({protocol.version})"]


def _sheet(opened: Opened) -> Sheet:
    asked = opened.asked
    notes = [*opened.notes, *unmet_needs(opened.steps, asked.rig_read())]
    if asked.start_at is not None:
        notes.append(f"begins at {asked.start_at}; all steps before it are left out")
    if asked.skip:
        notes.append(f"left out: {', '.join(asked.skip)}")
    return make_sheet(
        opened.asked,
        opened.protocol,
        opened.cell,
        opened.steps,
        group=opened.group,
        notes=notes,
    )


def _refuse_unmet(opened: Opened) -> None:
    asked = opened.asked
    unmet = unmet_needs(opened.steps, asked.rig_read())
    if unmet and not (asked.pilot or asked.simulate):
        raise SettingError(f"protocol '{opened.protocol.name}': {unmet[0]}")


# -- the log --------------------------------------------------------------------------------------


def _log(opened: Opened, clock: SessionClock) -> SessionLog:
    asked = opened.asked
    path = session_path(asked.data, asked.participant, asked.session, pilot=asked.pilot)
    past = opened.past or SessionEvents(path, [])
    return SessionLog(past, clock, resume=path.exists() and path.stat().st_size > 0)


def _begin(opened: Opened, sheet: Sheet, log: SessionLog) -> None:
    """The line that a new or a resumed session begins with."""
    if opened.past is None:
        log.append("session", **_header(opened, sheet))
        return
    last_utc = datetime.fromisoformat(str(log.past.events[-1]["utc"]))
    behind_s = (last_utc - datetime.fromisoformat(log.clock.utc())).total_seconds()
    log.append(
        "resumed",
        protocol=opened.protocol.facts(),
        rig={"name": sheet.rig.name, "mode": sheet.rig.mode},
        software=software_facts(),
    )
    if behind_s > CLOCK_STEP_S:
        log.append(
            "decision",
            text=f"the computer's clock is {behind_s:.0f} s behind the session's last line; the "
            "session's own seconds go on",
            rule="clock",
            shift_s=round(-behind_s, 3),
        )
    for note in opened.notes:
        log.append("decision", text=note, reason=opened.asked.reason or None)
    if sheet.rig.name != opened.past.header["rig"]["name"]:
        log.append("decision", text=f"the session goes on with the rig '{sheet.rig.name}'")


def _header(opened: Opened, sheet: Sheet) -> dict[str, Any]:
    asked = opened.asked
    return {
        "format": FORMAT,
        "participant": asked.participant,
        "session": asked.session,
        "group": opened.group,
        "protocol": opened.protocol.facts(),
        "cell": opened.cell.number,
        "order": opened.cell.facts(),
        "row": opened.row,
        "seed": asked.seed,
        "language": asked.language,
        "mode": "pilot" if asked.pilot else "lab",
        "rig": {"name": sheet.rig.name, "mode": sheet.rig.mode},
        "simulated": asked.simulate,
        "virtual": asked.virtual,
        "distress": asdict(opened.protocol.distress),
        "steps": _step_facts(asked, sheet),
        "notes": list(sheet.notes),
        "software": software_facts(),
    }


def _step_facts(asked: Asked, sheet: Sheet) -> Sequence[dict[str, Any]]:
    return [
        {
            **row.step.facts(),
            "title": row.title,
            "minutes": round(row.minutes, 2),
            "log": None
            if row.step.run is None
            else f"{_run_name(asked, row.step.task or '', row.step.run)}_log.jsonl",
        }
        for row in sheet.rows
    ]


def _run_name(asked: Asked, task: str, run: int) -> str:
    return Session(asked.participant, task, asked.session, run).name
