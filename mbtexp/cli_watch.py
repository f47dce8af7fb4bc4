"""The command ``mbtexp watch``: how a session goes, from its logs, in another process."""
# ruff: noqa: PLC0415  a command imports what it needs, so that --help is instant

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from mbtexp.terminal import command, say


def add_watch(commands: Any) -> None:
    """``mbtexp watch``."""
    parser = command(
        commands,
        "watch",
        _watch,
        "Show how a session goes while it goes on: in the terminal and as a page on this computer.",
        "mbtexp watch study --participant 01",
    )
    parser.add_argument("data", type=Path, metavar="DATA", help="the study's folder")
    parser.add_argument("--participant", metavar="LABEL", help="only this one (all that run now)")
    parser.add_argument("--session", metavar="LABEL", help="only this visit")
    parser.add_argument("--port", type=_port, default=0, metavar="N", help="port of the page (any)")
    parser.add_argument("--no-page", action="store_true", help="in the terminal alone")
    parser.add_argument("--once", action="store_true", help="say how things are now, and end")


def _port(text: str) -> int:
    if not text.isdigit() or not 1024 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port; write 1024 to 65535")
    return int(text)


def _watch(options: argparse.Namespace) -> None:
    from mbtexp.watch.loop import once, watch

    _refuse_labels(options)
    if options.once:
        once(options.data, participant=options.participant, session=options.session)
        return
    try:
        watch(
            options.data,
            participant=options.participant,
            session=options.session,
            page=not options.no_page,
            port=options.port,
        )
    except KeyboardInterrupt:
        say("The watch has ended; the run goes on.")


def _refuse_labels(options: argparse.Namespace) -> None:
    """The same labels as everywhere; they become names of folders here too."""
    from mbtexp.session import Session

    Session(options.participant or "01", "watch", options.session or "01")
