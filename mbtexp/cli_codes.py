"""The command ``mbtexp codes``: the code book, its files, its check and the spacing proof."""
# ruff: noqa: PLC0415  a command imports what it needs, so that --help is instant

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mbtexp.errors import SettingError
from mbtexp.terminal import command, say

if TYPE_CHECKING:
    from mbtexp.proof import Proof
    from mbtexp.rig import Rig
    from mbtexp.triggers.exports import Form

FOUND_FAULT = 1
"""Exit code when a preset cannot be run with the rig's line."""


def add_codes(commands: Any) -> None:
    """``mbtexp codes`` alone, and ``check`` and ``spacing`` below it."""
    codes = command(
        commands,
        "codes",
        _codes,
        "Show the code book, or write it for the program that reads the recording.",
        "mbtexp codes --out codes.tsv",
    )
    codes.add_argument(
        "--out", type=Path, metavar="PATH", help="write it: a file, or a folder for every form"
    )
    codes.add_argument(
        "--form",
        choices=["tsv", "json", "mne", "brainvision", "hed"],
        help="form of the file (tsv)",
    )
    _add_choice(codes, rig=None, task=None)
    verbs = codes.add_subparsers(title="what else to do", metavar="VERB")
    check = command(
        verbs,
        "check",
        _check,
        "Check the code book, and every preset, against the rig's line and display.",
        "mbtexp codes check --rig rig.toml",
    )
    _add_choice(check)
    spacing = command(
        verbs,
        "spacing",
        _spacing,
        "Show how close two codes of each preset can come, in frames.",
        "mbtexp codes spacing --task eyes",
    )
    _add_choice(spacing)


def _add_choice(
    parser: argparse.ArgumentParser,
    rig: Any = argparse.SUPPRESS,
    task: Any = argparse.SUPPRESS,
) -> None:
    """``--rig`` and ``--task``; below ``codes`` those before the verb count as well."""
    parser.add_argument("--rig", type=Path, default=rig, metavar="FILE", help="rig.toml")
    parser.add_argument("--task", default=task, metavar="TASK", help="this task only")


# -- the book -------------------------------------------------------------------------------------


def _codes(options: argparse.Namespace) -> None:
    from mbtexp.show import codes_text, write_new
    from mbtexp.triggers.exports import ENDINGS, FORMS, exports_of

    task = None if options.task is None else _task(options.task)
    exports = exports_of(
        None if options.rig is None else _rig(options).trigger,
        *((None, None) if task is None else (task.name, task.codes)),
    )
    if options.out is None:
        if options.form is not None:
            say(exports.text(options.form).rstrip())
            return
        say(codes_text(exports.listed()))
        return
    form: Form | None = options.form
    folder = options.out.is_dir() or not options.out.suffix
    forms: tuple[Form, ...] = (form,) if form else FORMS if folder else ("tsv",)
    texts = {one: exports.text(one) for one in forms}
    if folder:
        options.out.mkdir(parents=True, exist_ok=True)
    for one, text in texts.items():
        path = options.out / ENDINGS[one] if folder else options.out
        write_new(path, text)
        say(f"{path}: {exports.count(one)} codes.")


def _task(name: str) -> Any:
    from mbtexp.task import find_task
    from mbtexp.triggers.book import CodeBook

    task = find_task(name)
    if not isinstance(task.codes, CodeBook):
        raise SettingError(f"task '{task.name}' has no code book of its own.")
    return task


# -- the proof ------------------------------------------------------------------------------------


def _rig(options: argparse.Namespace) -> Rig:
    from mbtexp.proof import USUAL
    from mbtexp.rig import read_rig

    return USUAL if options.rig is None else read_rig(options.rig)


def _proofs(options: argparse.Namespace) -> list[Proof]:
    from mbtexp.proof import presets, prove
    from mbtexp.show import Progress

    rig = _rig(options)
    every = presets(options.task)
    proofs = []
    with Progress("preset") as progress:
        for done, (task, preset) in enumerate(every, start=1):
            proofs.append(prove(task, preset, rig))
            progress(done, len(every))
    return proofs


def _check(options: argparse.Namespace) -> int:
    from mbtexp.proof import check_text

    proofs = _proofs(options)
    say(check_text(proofs, _rig(options)))
    return FOUND_FAULT if any(proof.refused for proof in proofs) else 0


def _spacing(options: argparse.Namespace) -> int:
    from mbtexp.proof import spacing_text

    say(spacing_text(_proofs(options), _rig(options)))
    return 0
