"""A check from the command to the files it leaves."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from mbtexp.check.bench import Bench
from mbtexp.check.history import checks_folder, earlier_checks, keep, new_name
from mbtexp.check.page import page
from mbtexp.check.preflight import preflight
from mbtexp.check.report import Check, Step, check_text
from mbtexp.clock import MonotonicClock
from mbtexp.errors import SettingError
from mbtexp.rig import read_rig
from mbtexp.terminal import Nobody, Terminal

MakeBench = Callable[..., Bench]


@dataclass(frozen=True)
class Checked:
    """A check, and where it was kept."""

    check: Check
    files: tuple[Path, ...]
    notes: tuple[str, ...]
    """What was wrong with earlier checks' files."""


def check_rig(
    rig_file: Path,
    *,
    data: Path | None = None,
    skip: Collection[str] = (),
    as_baseline: bool = False,
    attended: bool = True,
    pilot: bool = False,
    language: str | None = None,
    on_step: Callable[[Step], None] = lambda _: None,
    make_bench: MakeBench = Bench,
) -> Checked:
    """Try every part of a rig and keep the result with the data.

    Parameters
    ----------
    rig_file
        The rig.
    data
        The study's folder; None: nothing is kept.
    skip
        Parts to leave out.
    as_baseline
        Later checks are compared with this one.
    attended
        Whether somebody looks at recorder and screen and answers.
    pilot
        In a window, on whatever computer; kept apart.
    language
        A language whose texts are looked at besides our own.
    on_step
        Told of each part as it is done.
    make_bench
        Makes the bench; tests put in devices of their own.
    """
    if as_baseline and data is None:
        raise SettingError("--baseline: a baseline is kept with the data; name the --data folder.")
    rig = read_rig(rig_file)
    folder = None if data is None else checks_folder(data, pilot=pilot)
    earlier, damaged = ([], []) if folder is None else earlier_checks(folder, rig.name)
    bench = make_bench(
        rig=rig,
        operator=Terminal() if attended else Nobody(),
        clock=MonotonicClock(),
        data=data,
        pilot=pilot,
        attended=attended,
        language=language,
        earlier=tuple(earlier),
    )
    try:
        check = preflight(
            bench, rig_file=rig_file, skip=skip, as_baseline=as_baseline, on_step=on_step
        )
    finally:
        bench.close()
    if folder is None:
        return Checked(check, (), tuple(damaged))
    texts = {
        "json": json.dumps(check.facts(), indent=1, ensure_ascii=False) + "\n",
        "txt": check_text(check),
        "html": page(check, earlier),
    }
    files = keep(folder, new_name(rig.name, check.utc, "check"), texts)
    return Checked(check, tuple(files), tuple(damaged))
