"""The commands that have to do with the room: ``mbtexp rig ...``, ``mbtexp check ...``."""
# ruff: noqa: PLC0415  a command imports what it needs, so that --help is instant

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from mbtexp.terminal import command, say

RIG_FILE = Path("rig.toml")

FOUND_FAULT = 1
"""Exit code when something was tried and is not in order."""


def add_check(commands: Any) -> None:
    """``mbtexp check`` alone, and the tests of single devices below it."""
    check = command(
        commands,
        "check",
        _check,
        "Try every part of the rig before the participant comes; keep the result with the data.",
        "mbtexp check --rig rig.toml --data study",
    )
    _add_rig(check, default=RIG_FILE)
    check.add_argument("--data", type=Path, metavar="DIR", help="keep the result in this study")
    check.add_argument(
        "--skip",
        action="append",
        default=[],
        metavar="NAME",
        help="leave a part out: settings, port, line, ... (docs/check.md); may be repeated",
    )
    check.add_argument("--baseline", action="store_true", help="compare later checks with this one")
    check.add_argument(
        "--unattended", action="store_true", help="ask nothing; what needs a person is left out"
    )
    check.add_argument("--pilot", action="store_true", help="in a window; display is not judged")
    verbs = check.add_subparsers(title="tests of single devices", metavar="TEST")
    _add_line_tests(verbs)


def _add_line_tests(verbs: Any) -> None:
    walk = command(
        verbs,
        "linewalk",
        _linewalk,
        "Send 1, 2, 4 ... 128, 85, 170, one a second, to compare with the recorder.",
        "mbtexp check linewalk --rig rig.toml",
    )
    _add_rig(walk)
    loop = command(
        verbs,
        "loopback",
        _loopback,
        "Send every code through a wire from TX to RX, or an echoing board, and read it back.",
        "mbtexp check loopback --rig rig.toml",
    )
    _add_rig(loop)
    latency = command(
        verbs,
        "latency",
        _latency,
        "Set the latency timer of an FTDI adapter to 1 ms, or say how to.",
        "mbtexp check latency --rig rig.toml",
    )
    _add_rig(latency)
    latency.add_argument("--port", metavar="NAME", help="this port, in place of the rig's")


def _add_rig(parser: argparse.ArgumentParser, default: Any = argparse.SUPPRESS) -> None:
    """``--rig``; below ``check`` the one before the test's name counts as well."""
    parser.add_argument(
        "--rig", type=Path, default=default, metavar="FILE", help="rig of this room (rig.toml)"
    )


# -- the commands ---------------------------------------------------------------------------------


def _check(options: argparse.Namespace) -> int:
    from mbtexp.check.commands import check_rig
    from mbtexp.check.report import step_text, summary

    checked = check_rig(
        options.rig,
        data=options.data,
        skip=options.skip,
        as_baseline=options.baseline,
        attended=not options.unattended,
        pilot=options.pilot,
        on_step=lambda step: say(step_text(step)),
    )
    for row in checked.check.changes:
        say(f" CHANGED  {row.spoken()}")
    for note in checked.notes:
        say(f"note: {note}")
    say(f"\n{summary(checked.check)}")
    if checked.files:
        say(f"Kept: {checked.files[-1]} (and .txt, .json)")
    else:
        say("Not kept: name the study's folder with --data.")
    return FOUND_FAULT if checked.check.verdict == "fail" else 0


def _linewalk(options: argparse.Namespace) -> int:
    from mbtexp.check.single import walk_the_line

    finding = walk_the_line(options.rig)
    say(_spoken(finding.found, finding.advice))
    return FOUND_FAULT if finding.verdict == "fail" else 0


def _loopback(options: argparse.Namespace) -> int:
    from mbtexp.check.single import loop_the_line

    loop = loop_the_line(options.rig)
    say(loop.text())
    return 0 if loop.ok else FOUND_FAULT


def _latency(options: argparse.Namespace) -> int:
    from mbtexp.check.latency import set_low_latency
    from mbtexp.check.single import ports_of
    from mbtexp.rig import read_rig

    names = [options.port] if options.port else ports_of(read_rig(options.rig))
    timers = [set_low_latency(name) for name in names]
    for timer in timers:
        say(timer.text())
    return 0 if all(timer.good for timer in timers) else FOUND_FAULT


def _spoken(found: str, advice: str) -> str:
    return f"{found}\n{advice}".strip()
