"""The command ``exclude``: what one participant must not see."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from mbtexp.terminal import command, say


def add_exclude(commands: Any) -> None:
    """The command ``exclude``."""
    parser = command(
        commands,
        "exclude",
        _exclude,
        "Name words or pictures that one participant must not see.",
        "mbtexp exclude --data study --participant 01 mother wedding",
    )
    parser.add_argument(
        "--data", type=Path, required=True, metavar="DIR", help="the study's folder"
    )
    parser.add_argument("--participant", required=True, metavar="LABEL", help="whose list")
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help="a word, or a stimulus by its name in the log; none: count what is on the list",
    )


def _exclude(options: argparse.Namespace) -> int:
    from mbtexp.excluded import exclude, path_of, read_excluded  # noqa: PLC0415

    data, participant = options.data, options.participant
    count = (
        exclude(data, participant, options.names)
        if options.names
        else len(read_excluded(data, participant))
    )
    say(
        f"{count} words or stimuli are not shown to participant {participant}. "
        f"The list: {path_of(data, participant)}"
    )
    return 0
