"""The commands that have to do with the room: ``mbtexp rig ...``, ``mbtexp check ...``."""
# ruff: noqa: PLC0415  a command imports what it needs, so that --help is instant

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from mbtexp.terminal import Terminal, command, say

RIG_FILE = Path("rig.toml")

CORNERS = ("top-left", "top-right", "bottom-left", "bottom-right")

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
        "--photos", type=Path, metavar="DIR", help="tell which photographs were kept too long"
    )
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
    check.add_argument(
        "--language", metavar="LANG", help="look at the texts of this language, or folder, too"
    )
    verbs = check.add_subparsers(title="tests of single devices", metavar="TEST")
    _add_line_tests(verbs)
    _add_answer_tests(verbs)
    _add_light_tests(verbs)
    wording = command(
        verbs,
        "words",
        _words,
        "Hold the texts of a language against the English ones: keys, blanks, letters.",
        "mbtexp check words --language words/fr",
    )
    wording.add_argument(
        "--language",
        metavar="LANG",
        default=argparse.SUPPRESS,
        help="this language, or this folder (all that we have)",
    )


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


def _add_answer_tests(verbs: Any) -> None:
    buttons = command(
        verbs,
        "buttons",
        _buttons,
        "Ask for every button of the participant once.",
        "mbtexp check buttons --rig rig.toml",
    )
    _add_rig(buttons)
    buttons.add_argument("--keys", default="", metavar="A,B", help="these, not the rig's")
    scanner = command(
        verbs,
        "scanner",
        _scanner,
        "Listen to the scanner's pulses: how they come, and their TR.",
        "mbtexp check scanner --rig rig.toml",
    )
    _add_rig(scanner)
    scanner.add_argument("--pulses", type=_count, default=8, metavar="N", help="how many (8)")


def _add_light_tests(verbs: Any) -> None:
    photodiode = command(
        verbs,
        "photodiode",
        _photodiode,
        "Flash a corner of the screen 200 times, each time with a code, for a photodiode.",
        "mbtexp check photodiode --rig rig.toml --data study --corner top-left",
    )
    _add_rig(photodiode)
    photodiode.add_argument(
        "--data", type=Path, required=True, metavar="DIR", help="keep the log in this study"
    )
    photodiode.add_argument("--corner", choices=CORNERS, help="in place of the rig's")
    photodiode.add_argument("--flashes", type=_count, default=200, metavar="N", help="200")
    photodiode.add_argument(
        "--pilot", action="store_true", default=argparse.SUPPRESS, help="in a window, to try it"
    )
    analyse = command(
        verbs,
        "analyse",
        _analyse,
        "Measure the delay from code to light in the recording of a photodiode test.",
        "mbtexp check analyse recording.vhdr --channel Photo",
    )
    analyse.add_argument(
        "recording", type=Path, metavar="RECORDING", help=".vhdr, .bdf, .edf, .fif"
    )
    analyse.add_argument("--channel", metavar="NAME", help="the sensor's (default: the clearest)")
    analyse.add_argument("--code", type=_count, metavar="N", help="code of a flash (212)")


def add_reconcile(commands: Any) -> None:
    """``mbtexp reconcile``."""
    reconcile = command(
        commands,
        "reconcile",
        _reconcile,
        "Hold a run's log against its recording: is every code there, and when.",
        "mbtexp reconcile study/.../sub-01_ses-01_task-eyes_run-01_log.jsonl recording.vhdr",
    )
    reconcile.add_argument("log", type=Path, metavar="LOG", help="a file ending in _log.jsonl")
    reconcile.add_argument(
        "recording", type=Path, metavar="RECORDING", help=".vhdr, .bdf, .edf or .fif"
    )
    reconcile.add_argument(
        "--out", type=Path, metavar="DIR", help="where to (derivatives/mbtexp-reconcile/...)"
    )
    reconcile.add_argument(
        "--rehearsal", action="store_true", help="a log whose codes went to no real line"
    )


def add_rig(commands: Any) -> None:
    """``mbtexp rig``: the file of a room, and what can be plugged in."""
    about = "Make a rig file, list ports and trigger devices, emulate a box."
    parser = commands.add_parser(
        "rig",
        help=about,
        description=about,
        epilog="example:\n  mbtexp rig new rig.toml",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = parser.add_subparsers(title="what to do", required=True, metavar="VERB")
    new = command(
        verbs,
        "new",
        _rig_new,
        "Ask about the room and write its rig file; Return takes the default that is shown.",
        "mbtexp rig new rig.toml",
    )
    new.add_argument(
        "file", type=Path, nargs="?", default=RIG_FILE, metavar="FILE", help="file (rig.toml)"
    )
    devices = command(
        verbs,
        "devices",
        _rig_devices,
        "List the trigger devices with their settings and what to check.",
        "mbtexp rig devices",
    )
    devices.add_argument("device", nargs="?", metavar="DEVICE", help="only this one, with source")
    command(
        verbs,
        "ports",
        _rig_ports,
        "List the serial ports of this machine; nothing is opened.",
        "mbtexp rig ports",
    )
    emulate = command(
        verbs,
        "emulate",
        _rig_emulate,
        "Stand in for a trigger box at a port of its own and tell every code, until Ctrl-C.",
        "mbtexp rig emulate biosemi --port /tmp/box",
    )
    emulate.add_argument("device", metavar="DEVICE", help="kind of device (mbtexp rig devices)")
    emulate.add_argument(
        "--port", type=Path, metavar="NAME", help="name for its port that stays the same"
    )


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number; write 1 or more")
    return int(text)


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
        language=options.language,
        on_step=lambda step: say(step_text(step)),
    )
    for row in checked.check.changes:
        say(f" CHANGED  {row.spoken()}")
    for note in (*checked.notes, *_overdue(options.photos, options.data)):
        say(f"note: {note}")
    say(f"\n{summary(checked.check)}")
    if checked.files:
        say(f"Kept: {checked.files[-1]} (and .txt, .json)")
    else:
        say("Not kept: name the study's folder with --data.")
    return FOUND_FAULT if checked.check.verdict == "fail" else 0


def _words(options: argparse.Namespace) -> int:
    from mbtexp.check.words import all_languages, check_language

    given = options.language
    wrong = {one: check_language(one) for one in ([given] if given else all_languages())}
    for language, found in wrong.items():
        for trouble in found:
            say(f"{language}: {trouble.spoken()}")
        if not found:
            say(f"{language}: complete.")
    return FOUND_FAULT if any(wrong.values()) else 0


def _overdue(store: Path | None, data: Path | None) -> list[str]:
    """Photographs whose last day is over, a sentence each."""
    if store is None:
        return []
    from mbtexp.photos.report import retention_notes
    from mbtexp.photos.store import open_store, sets_of

    return retention_notes(sets_of(open_store(store, data=data)))


def _linewalk(options: argparse.Namespace) -> int:
    from mbtexp.check.single import walk_the_line

    finding = walk_the_line(options.rig)
    say(f"{finding.found}\n{finding.advice}".strip())
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


def _buttons(options: argparse.Namespace) -> int:
    from mbtexp.check.answers import try_buttons

    keys = [key.strip() for key in options.keys.split(",") if key.strip()]
    wrong = try_buttons(options.rig, Terminal(), keys=keys)
    say(wrong or "Every button is right.")
    return FOUND_FAULT if wrong else 0


def _scanner(options: argparse.Namespace) -> int:
    from mbtexp.check.answers import listen_to_scanner
    from mbtexp.check.bench import Bench
    from mbtexp.clock import MonotonicClock
    from mbtexp.rig import read_rig

    bench = Bench(rig=read_rig(options.rig), operator=Terminal(), clock=MonotonicClock())
    try:
        listened = listen_to_scanner(bench, pulses=options.pulses)
    finally:
        bench.close()
    say(listened.text())
    return 0 if listened.ok else FOUND_FAULT


def _photodiode(options: argparse.Namespace) -> int:
    from mbtexp.check.photodiode import flash_on_rig, with_patch
    from mbtexp.rig import read_rig

    flashed = flash_on_rig(
        with_patch(read_rig(options.rig), options.corner),
        rig_file=str(options.rig),
        data=options.data,
        flashes=options.flashes,
        pilot=options.pilot,
        say=say,
    )
    say(flashed.text())
    return 0 if flashed.ok else FOUND_FAULT


def _analyse(options: argparse.Namespace) -> int:
    from importlib import import_module

    # The core does not know the analysis package; the command only hands over.
    measure = import_module("analysis.photodiode").measure
    measured = measure(options.recording, channel=options.channel, code=options.code)
    say(measured.text().rstrip())
    return 0 if measured.ok else FOUND_FAULT


def _reconcile(options: argparse.Namespace) -> int:
    from importlib import import_module

    # The core does not know the analysis package; the command only hands over.
    reconcile = import_module("analysis.reconcile").reconcile
    found = reconcile(options.log, options.recording, out=options.out, rehearsal=options.rehearsal)
    say(found.text().rstrip())
    for path in found.write():
        say(f"Kept: {path}")
    return 0 if found.ok else FOUND_FAULT


def _rig_new(options: argparse.Namespace) -> None:
    from mbtexp.rig_new import new_rig

    new_rig(options.file, Terminal())
    say(f"\n{options.file} is written. Now try the room: mbtexp check --rig {options.file}")


def _rig_devices(options: argparse.Namespace) -> None:
    from mbtexp.rig_devices import device_text, devices_text

    say(devices_text() if options.device is None else device_text(options.device))


def _rig_ports(_options: argparse.Namespace) -> None:
    from mbtexp.port import found_ports
    from mbtexp.rig_new import ports_text

    say(ports_text(found_ports()))


def _rig_emulate(options: argparse.Namespace) -> None:
    import signal
    from threading import Event

    from mbtexp.virtual.rehearse import rehearse

    over = Event()
    before = signal.signal(signal.SIGINT, lambda *_: over.set())
    say("Ctrl-C ends it.")
    try:
        rehearse(options.device, say, over.is_set, stable=options.port)
    finally:
        signal.signal(signal.SIGINT, before)
