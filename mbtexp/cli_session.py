"""The commands ``mbtexp session``, ``allocate``, ``protocols``: a whole session, and its plan."""
# ruff: noqa: PLC0415  a command imports what it needs, so that --help is instant

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mbtexp.errors import MbtexpError, SettingError
from mbtexp.terminal import Nobody, Operator, Terminal, command, say

if TYPE_CHECKING:
    from mbtexp.protocol.asked import Asked

NOT_OVER = 1
"""Exit code of a session that can be resumed, or lost trigger codes."""


def add_session(commands: Any) -> None:
    """``mbtexp session``, ``mbtexp allocate`` and ``mbtexp protocols``."""
    session = command(
        commands,
        "session",
        _session,
        "Hold a whole session by its protocol, or print its run sheet.",
        "mbtexp session mbt_core --participant 01 --session 01 --data study --group bpd",
    )
    _add_whom(session)
    _add_how(session)
    _add_plan(session)
    allocate = command(
        commands,
        "allocate",
        _allocate,
        "Make a study's table of cells, once; shown again, it counts who has which.",
        "mbtexp allocate mbt_core --data study --groups bpd=40,hc=40 --seed 7",
    )
    allocate.add_argument("protocol", metavar="PROTOCOL", help="name or file of the protocol")
    allocate.add_argument(
        "--data", type=Path, required=True, metavar="DIR", help="the study's folder"
    )
    allocate.add_argument(
        "--groups", metavar="NAME=N,...", help="groups with their sizes; left out: show the table"
    )
    allocate.add_argument("--seed", type=int, default=0, metavar="N", help="of the table (0)")
    protocols = command(
        commands,
        "protocols",
        _protocols,
        "List the protocols, or copy one to change it.",
        "mbtexp protocols mbt_core --out my_protocol.toml",
    )
    protocols.add_argument("protocol", nargs="?", metavar="PROTOCOL", help="one to look at")
    protocols.add_argument("--out", type=Path, metavar="FILE", help="write a copy of it here")


def _add_whom(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "protocol", metavar="PROTOCOL", help="a shipped one (mbtexp protocols) or a .toml file"
    )
    parser.add_argument(
        "--participant", required=True, metavar="LABEL", help="a code, never a name"
    )
    parser.add_argument("--session", default="01", metavar="LABEL", help="the visit (default: 01)")
    parser.add_argument(
        "--data", type=Path, required=True, metavar="DIR", help="the study's folder"
    )
    parser.add_argument("--group", metavar="NAME", help="group of a participant's first session")
    parser.add_argument("--rig", type=Path, metavar="FILE", help="rig.toml of this machine")
    parser.add_argument("--language", default="en", metavar="LANG", help="en or de (en)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="the study's seed (0)")


def _add_how(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--pilot", action="store_true", help="in a window; data marked and apart")
    parser.add_argument("--simulate", action="store_true", help="a simulated participant answers")
    parser.add_argument("--virtual", action="store_true", help="no screen: the virtual lab")
    parser.add_argument(
        "--with-triggers", action="store_true", help="a pilot sends its codes to the real line"
    )
    parser.add_argument(
        "--mock-triggers", action="store_true", help="without the rig's trigger line; says so"
    )
    parser.add_argument(
        "--photos", type=Path, metavar="DIR", help="show the participant's own (mbtexp photos)"
    )
    parser.add_argument("--size", type=_size, metavar="WxH", help="size of the pilot's window")
    parser.add_argument("--resume", action="store_true", help="go on with an interrupted session")
    parser.add_argument(
        "--changed-protocol",
        action="store_true",
        help="resume although the protocol's file was changed",
    )
    parser.add_argument("--from", dest="start_at", metavar="STEP", help="leave out all before it")
    parser.add_argument(
        "--skip",
        action="append",
        default=[],
        metavar="STEP",
        help="leave out a step; may be given several times",
    )
    parser.add_argument("--reason", default="", metavar="TEXT", help="why steps are left out")
    parser.add_argument("--yes", action="store_true", help="ask nothing between the runs")


def _add_plan(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--plan", action="store_true", help="print the run sheet; nothing begins")
    parser.add_argument(
        "--sheet", type=Path, metavar="FILE", help="write the run sheet as a page to print (HTML)"
    )


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.lower().partition("x")
    if not (width.isdigit() and height.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is no size; write 1280x720")
    return int(width), int(height)


def _asked(options: argparse.Namespace) -> Asked:
    from mbtexp.protocol.asked import Asked

    return Asked(
        protocol=options.protocol,
        participant=options.participant,
        data=options.data,
        session=options.session,
        group=options.group,
        rig=options.rig,
        language=options.language,
        seed=options.seed,
        pilot=options.pilot,
        simulate=options.simulate,
        virtual=options.virtual,
        with_triggers=options.with_triggers,
        mock_triggers=options.mock_triggers,
        size=options.size,
        photos=options.photos,
        start_at=options.start_at,
        skip=tuple(options.skip),
        resume=options.resume,
        changed_protocol=options.changed_protocol,
        yes=options.yes or options.simulate,
        reason=options.reason,
    )


def _session(options: argparse.Namespace) -> int:
    if options.plan or options.sheet is not None:
        _plan(options)
        return 0
    if options.virtual and not options.simulate:
        raise SettingError("--virtual has no keyboard for a person; add --simulate.")
    return _hold(options)


def _plan(options: argparse.Namespace) -> None:
    from mbtexp.protocol.conducting import plan_session
    from mbtexp.protocol.sheet import sheet_text
    from mbtexp.protocol.sheet_page import sheet_page
    from mbtexp.show import write_new

    sheet = plan_session(_asked(options))
    if options.plan:
        say(sheet_text(sheet))
    if options.sheet is not None:
        write_new(options.sheet, sheet_page(sheet))
        say(f"{options.sheet}: the run sheet; open it in a browser and print it.")


def _hold(options: argparse.Namespace) -> int:
    from mbtexp.protocol.conducting import hold_session
    from mbtexp.protocol.summary import summary_text
    from mbtexp.show import Progress

    asked = _asked(options)
    operator = _operator(asked)
    for name in ("SIGTERM", "SIGHUP"):
        # A closed terminal ends a session as Ctrl-C does: its logs and the line are closed.
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.default_int_handler)
    try:
        with Progress("trial") as progress:
            told = hold_session(asked, operator, progress)
    except MbtexpError:
        if _begun(asked):
            say("The session is not over; --resume goes on with it.", error=True)
        raise
    say("\n" + summary_text(told))
    if not told.completed:
        say("--resume goes on with this session.")
    return 0 if told.completed and not any(run.codes_lost for run in told.runs) else NOT_OVER


def _begun(asked: Asked) -> bool:
    """Whether there is a session now that can be resumed."""
    from mbtexp.protocol.log import read_session, session_path

    try:
        past = read_session(
            session_path(asked.data, asked.participant, asked.session, pilot=asked.pilot)
        )
    except MbtexpError:
        return False
    return past is not None and not past.completed


def _operator(asked: Asked) -> Operator:
    """Whoever answers between the steps.

    Raises
    ------
    SettingError
        Somebody should answer, and nobody can.
    """
    if sys.stdin is not None and sys.stdin.isatty():
        return Terminal()
    if asked.asks:
        raise SettingError(
            "nobody can answer here: the session asks the operator between its steps, and this is "
            "no terminal. Start it in a terminal, or add --yes."
        )
    return Nobody()


def _allocate(options: argparse.Namespace) -> None:
    from mbtexp.protocol.allocating import allocate
    from mbtexp.protocol.allocation import allocation_lines, read_allocation
    from mbtexp.protocol.settings import read_protocol

    if options.groups is not None:
        protocol = read_protocol(options.protocol)
        table = allocate(protocol, options.data, _groups(options.groups), options.seed)
    else:
        found = read_allocation(options.data)
        if found is None:
            raise SettingError(
                f"{options.data}: there is no table of allocation yet; make it with --groups, for "
                "example --groups bpd=40,hc=40."
            )
        table = found
    for line in allocation_lines(table):
        say(line)
    say(f"{table.path}: made once with seed {table.facts['seed']}; nobody changes it any more.")


def _groups(text: str) -> dict[str, int]:
    groups: dict[str, int] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, sign, size = (word.strip() for word in part.partition("="))
        if not sign or not size.isdigit() or not size.isascii():
            raise SettingError(f"--groups: {part!r}: write NAME=NUMBER, for example bpd=40,hc=40.")
        if name in groups:
            raise SettingError(f"--groups: {name!r} is there twice.")
        groups[name] = int(size)
    return groups


def _protocols(options: argparse.Namespace) -> None:
    from mbtexp.protocol.cells import cells_of
    from mbtexp.protocol.settings import protocol_names, protocol_path, read_protocol
    from mbtexp.show import columns_text, write_new

    if options.protocol is None:
        rows = []
        for protocol in map(read_protocol, protocol_names()):
            needs = ", ".join(protocol.needs) or "-"
            rows.append(
                [protocol.name, protocol.title, len(protocol.steps), len(cells_of(protocol)), needs]
            )
        say(columns_text(rows, ["protocol", "title", "steps", "cells", "needs"]))
        return
    text = protocol_path(options.protocol).read_text(encoding="utf-8-sig")
    if options.out is None:
        say(text.rstrip())
        return
    write_new(options.out, text)
    say(f"{options.out}: a copy to change; give it a name and a version of its own.")
