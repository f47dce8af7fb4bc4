"""The check of a rig before the participant comes: every part in order, each with a verdict."""

from __future__ import annotations

import platform
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from mbtexp.check import line, room, words
from mbtexp.check.bench import Bench
from mbtexp.check.history import baseline_of, compared
from mbtexp.check.report import Check, Finding, Step, Verdict
from mbtexp.conduct import software_facts
from mbtexp.errors import MbtexpError, SettingError, did_you_mean


@dataclass(frozen=True)
class Part:
    """A step of the check: what must have gone well before it, and how it is done."""

    name: str
    title: str
    do: Callable[[Bench], Finding]
    needs: tuple[str, ...] = ()


PARTS = (
    Part("settings", "Settings", line.settings),
    Part("port", "Trigger port", line.port, ("settings",)),
    Part("line", "Trigger line", line.opened, ("port",)),
    Part("answer", "Trigger box", line.answer, ("line",)),
    Part("writes", "Write times", line.writes, ("answer",)),
    Part("walk", "Line walk", line.walk, ("answer",)),
    Part("display", "Display", room.display),
    Part("keyboard", "Keyboard", room.keyboard),
    Part("box", "Response box", room.box),
    Part("scanner", "Scanner", room.scanner, ("keyboard",)),
    Part("words", "Words", words.words),
    Part("disk", "Disk", room.disk),
    Part("clock", "Clock", room.clock),
)
"""In this order: what is cheap and what others rest on comes first."""

NAMES = tuple(part.name for part in PARTS)


def preflight(
    bench: Bench,
    *,
    rig_file: Path,
    skip: Collection[str] = (),
    as_baseline: bool = False,
    on_step: Callable[[Step], None] = lambda _: None,
) -> Check:
    """Every part of the rig tried in order, compared with the baseline; devices stay open.

    Parameters
    ----------
    bench
        The rig and whoever sits there.
    rig_file
        Where the rig was read from.
    skip
        Names of parts that are left out; it is recorded.
    as_baseline
        Later checks are compared with this one.
    on_step
        Told of each part as it is done.
    """
    _refuse_unknown(skip)
    began = datetime.now(tz=UTC).isoformat(timespec="seconds")
    steps: list[Step] = []
    for part in PARTS:
        step = Step(part.name, part.title, _done(part, bench, steps, skip))
        steps.append(step)
        on_step(step)
    check = Check(
        rig=bench.rig.name,
        rig_file=str(rig_file),
        rig_settings=bench.rig.as_facts(),
        utc=began,
        software=software_facts(),
        machine=platform.node(),
        steps=tuple(steps),
        baseline=as_baseline,
    )
    baseline = baseline_of(bench.earlier)
    if baseline is None:
        return check
    return replace(check, compared_with=baseline["utc"], differences=compared(check, baseline))


def _refuse_unknown(skip: Collection[str]) -> None:
    for name in skip:
        if name not in NAMES:
            raise SettingError(f"--skip {name!r}: {did_you_mean(name, NAMES)}")


def _done(part: Part, bench: Bench, before: Sequence[Step], skip: Collection[str]) -> Finding:
    if part.name in skip:
        return Finding("skip", "left out by the operator.")
    missing = _missing(part, before)
    if missing is not None:
        return Finding("skip", f"not possible: {missing}.")
    try:
        return part.do(bench)
    except MbtexpError as error:
        return Finding("fail", str(error))


def _missing(part: Part, before: Sequence[Step]) -> str | None:
    """Why a part cannot be done; None if all that it needs is there."""
    good: set[Verdict] = {"pass", "warn"}
    for step in before:
        if step.name in part.needs and step.verdict not in good:
            how = "failed" if step.verdict == "fail" else "was not done"
            return f"it needs '{step.title.lower()}', which {how}"
    return None
