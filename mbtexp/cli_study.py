"""The command ``mbtexp study``: a study of simulated people, once or many times over."""
# ruff: noqa: PLC0415  a command imports what it needs, so that --help is instant

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mbtexp.errors import RunAborted
from mbtexp.terminal import command, say

if TYPE_CHECKING:
    from mbtexp.study.settings import StudySettings

SHOWN = ("prediction", "quantity", "power", "precision", "bias", "smallest effect")


def add_study(commands: Any) -> None:
    """``mbtexp study simulate`` and ``mbtexp study power``."""
    about = "Simulate a whole study, or find out what a planned one would find."
    parser = commands.add_parser(
        "study",
        help=about,
        description=about,
        epilog="example:\n  mbtexp study power STUDY.toml --repeats 200 --out power",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = parser.add_subparsers(title="what to do", required=True, metavar="VERB")
    simulate = command(
        verbs,
        "simulate",
        _simulate,
        "Let simulated people play a study: logs, groups, and the truth about them.",
        "mbtexp study simulate STUDY.toml --out simulated",
    )
    _add_study(simulate)
    power = command(
        verbs,
        "power",
        _power,
        "Repeat a simulated study: power, precision and bias of every prediction.",
        "mbtexp study power STUDY.toml --repeats 200 --out power",
    )
    _add_study(power)
    power.add_argument(
        "--repeats", type=_count, required=True, metavar="N", help="how many studies"
    )
    power.add_argument(
        "--scheduler",
        metavar="URL",
        help="a Dask scheduler (tcp://host:8786) in place of --workers",
    )


def _add_study(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("study", type=Path, metavar="STUDY", help="the study's file (TOML)")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where to put it")
    parser.add_argument(
        "--participants", type=_count, metavar="N", help="in each group, in place of the file's"
    )
    parser.add_argument(
        "--workers", type=_count, metavar="N", help="processes at a time (one a core)"
    )


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number; write 1 or more")
    return int(text)


def _read(options: argparse.Namespace) -> StudySettings:
    from mbtexp.study.settings import read_study

    study = read_study(options.study)
    return study.with_participants(options.participants) if options.participants else study


def _simulate(options: argparse.Namespace) -> None:
    from mbtexp.show import Progress
    from mbtexp.study.simulate import simulate_study

    study = _read(options)
    with _going_on(), Progress("participant") as progress:
        done = simulate_study(study, options.out, workers=options.workers, progress=progress)
    say(done.summary())
    say(f"Score it with: mbtexp analyse {done.data}")


def _power(options: argparse.Namespace) -> None:
    from mbtexp.show import Progress, columns_text
    from mbtexp.study.repeats import run_repeats
    from mbtexp.study.simulate import write_whole

    study = _read(options)
    # The core does not know the analysis package; the command only hands over.
    power = import_module("analysis.power")
    with _going_on(), Progress("study") as progress:
        repeats = run_repeats(
            study,
            power.study_results,
            options.repeats,
            options.out,
            workers=options.workers,
            scheduler=options.scheduler,
            progress=progress,
        )
    rows = power.power_rows(repeats)
    for name, content in (("power.tsv", power.power_tsv(rows)), ("power.json", power.power_json())):
        write_whole(options.out / name, content.decode("utf-8"))
    shown = [_shown(row) for row in rows if row.power is not None]
    say(columns_text(shown, SHOWN) if shown else "No prediction has an interval in these studies.")
    say(f"{options.out / 'power.tsv'}: {len(rows)} rows, {len(repeats)} studies.")


def _shown(row: Any) -> list[str]:
    equal = " (within the bound)" if row.criterion.startswith("90") else ""
    power = f"{row.power:.0%} [{row.power_low:.0%}, {row.power_high:.0%}]{equal}"
    width = "" if row.width is None else f"{row.width:.3g}"
    bias = "" if row.bias is None else f"{row.bias:+.3g}"
    smallest = "" if row.smallest_effect is None else f"{row.smallest_effect:.3g}"
    return [row.prediction, row.quantity, power, width, bias, smallest]


@contextmanager
def _going_on() -> Iterator[None]:
    """Ctrl-C stops a simulation; nothing that is finished is lost."""
    try:
        yield
    except KeyboardInterrupt:
        raise RunAborted("stopped; the same command goes on where it was.") from None
