"""A person's runs on the page: what was run, how it was timed, how its checks came out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.read import number
from analysis.report.figures import Flips, flips
from analysis.report.runs import RANKS, SIGNS, TONES, Cell, checks_used, statuses
from analysis.report.sittings import Sitting
from analysis.report.source import Key, Row, Source, key_of, value
from analysis.report.words import counted, plain, shown
from mbtexp.errors import DataError
from mbtexp.events import read_log

FEW_RUNS = 8
"""Up to so many runs the table of all checks is open."""

MOST_FLIPS = 12
"""Runs whose flips are drawn at most, those farthest off."""

SLACK_S = 0.001
"""An onset off by less than this is on time even where the refresh rate is not known."""


def run_context(source: Source, sat: Sequence[Sitting]) -> dict[str, Any]:
    """The parts of the page that are about the runs."""
    ends = statuses(source)
    timed = {one.run.key: timing_of(one) for one in sat}
    keys = set(timed)
    rows = [row for row in source.quality if key_of(row) in keys]
    shared, apart = _setups(sat)
    return {
        "runs": [_run(one, ends.get(one.run.key, "unknown"), timed, rows) for one in sat],
        "setup": shared,
        "setups": apart,
        "quality": _checks(source, sat, rows),
        "many_runs": len(sat) > FEW_RUNS,
        "failed": _failed(sat, rows),
        "flips": _drawn(sat, timed),
        "flips_left": _left(timed),
        "practice": sum(one.run.role == "practice" for one in sat),
    }


# -- timing ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Timing:
    """The flips of a run that had a plan."""

    time_s: NDArray[np.float64]
    error_s: NDArray[np.float64]
    """Onset less plan."""
    n_missed: int
    refresh_hz: float | None

    @property
    def worst_s(self) -> float:
        """Farthest from the plan, without sign."""
        return float(np.abs(self.error_s).max())

    @property
    def off(self) -> bool:
        """Whether anything came half a frame off its plan, or a refresh was missed."""
        bound = 0.5 / self.refresh_hz if self.refresh_hz else SLACK_S
        return self.n_missed > 0 or self.worst_s > bound

    @property
    def said(self) -> str:
        """In words."""
        middle = shown(float(np.median(self.error_s)) * 1000)
        return (
            f"{len(self.time_s)} onsets; median {middle} ms, farthest off "
            f"{shown(self.worst_s * 1000)} ms; {self.n_missed} refreshes missed"
        )


Timed = Mapping[Key, Timing | None]
"""The timing of each run."""


def timing_of(sat: Sitting) -> Timing | None:
    """The timing of a run's flips; None where no plan is on record, or the log cannot be read."""
    try:
        log = read_log(sat.run.path)
    except DataError:
        return None
    pairs = [
        (onset, onset - planned)
        for phase in log.of("phase")
        if (onset := number(phase.get("onset"))) is not None
        and (planned := number(phase.get("onset_planned"))) is not None
    ]
    if not pairs:
        return None
    time_s, error_s = np.array(sorted(pairs)).T
    missed = sum(int(number(phase.get("missed")) or 0) for phase in log.of("phase"))
    rate = number(sat.run.part("display").get("refresh_hz"))
    return Timing(time_s, error_s, missed, rate)


def _drawn(sat: Sequence[Sitting], timed: Timed) -> list[dict[str, Any]]:
    """The drawings of the runs that are out of order, if they are many those farthest off."""
    known = [(one, found) for one in sat if (found := timed[one.run.key]) is not None]
    off = sorted((one for one in known if one[1].off), key=lambda one: -one[1].worst_s)
    kept = {one.run.key for one, _ in off[:MOST_FLIPS]}
    return [
        {
            "title": one.name,
            "about": found.said,
            "svg": flips(Flips(found.time_s, found.error_s, found.refresh_hz)).markup(
                f"{one.name}: onset less plan over the run; {found.said}"
            ),
        }
        for one, found in known
        if one.run.key in kept
    ]


def _left(timed: Timed) -> str:
    """What is to be said of the runs whose flips are not drawn; empty if all are."""
    found = [timing for timing in timed.values() if timing is not None]
    off = sum(timing.off for timing in found)
    left = len(found) - min(off, MOST_FLIPS)
    if not left:
        return ""
    if off <= MOST_FLIPS:
        return (
            f"{counted(left, 'run')} without a drawing: nothing came half a frame off its plan, "
            "and no refresh was missed."
        )
    return f"The {MOST_FLIPS} runs that are farthest off are drawn, {left} others are not."


# -- what was run ----------------------------------------------------------------------------------


def _run(one: Sitting, end: str, timed: Timed, rows: Sequence[Row]) -> dict[str, Any]:
    run, timing = one.run, timed[one.run.key]
    own = [row for row in rows if key_of(row) == run.key]
    return {
        "name": one.name,
        "task": run.task,
        "session": run.session or "–",
        "preset": str(run.header.get("preset") or "–"),
        "state": one.state or ("practice" if run.role == "practice" else ""),
        "end": end,
        "onsets": "" if timing is None else str(len(timing.time_s)),
        "worst_ms": "" if timing is None else shown(timing.worst_s * 1000),
        "missed": "" if timing is None else str(timing.n_missed),
        "checks": _verdict(own),
        "aside": one.aside,
    }


def _verdict(rows: Sequence[Row]) -> Cell:
    """The worst of a run's checks, and how many are like that."""
    severities = [row["severity"] or "none" for row in rows if row["passed"] is not None]
    if not severities:
        return Cell("", "none", "no verdict")
    worst = max(severities, key=lambda severity: RANKS[severity])
    failed = ", ".join(plain(row["check"] or "") for row in rows if row["passed"] == "false")
    if worst == "none":
        return Cell(f"{len(severities)} passed", "pass", "every check passed")
    return Cell(f"{SIGNS[worst]} {failed}", TONES[worst], failed)


def _setups(sat: Sequence[Sitting]) -> tuple[str, list[tuple[str, str]]]:
    """What most runs were made with, and the runs that were made with something else."""
    found: dict[str, list[str]] = {}
    for one in sat:
        found.setdefault(_setup(one), []).append(one.name)
    common = max(found, key=lambda text: len(found[text]))
    return common, [(", ".join(names), text) for text, names in found.items() if text != common]


def _setup(one: Sitting) -> str:
    run = one.run
    rig, display, trigger = run.part("rig"), run.part("display"), run.part("trigger")
    rate = number(display.get("refresh_hz"))
    screen = str(display.get("backend") or "unknown")
    said = [
        f"language {run.header.get('language') or '–'}",
        f"rig {rig.get('mode') or '–'}",
        f"screen {screen}" + (f", {rate:.2f} Hz" if rate is not None else ""),
        f"triggers {trigger.get('device') or '–'}",
        ", ".join(f"{name} {found}" for name, found in run.versions.items()),
    ]
    return "; ".join(part for part in said if part)


# -- quality ---------------------------------------------------------------------------------------


def _checks(source: Source, sat: Sequence[Sitting], rows: Sequence[Row]) -> dict[str, Any]:
    """Runs against checks, what was found in each cell; practice has no verdict."""
    found = {(key_of(row), row["check"]): row for row in rows}
    checks = checks_used(rows)
    judged = {key_of(row) for row in rows if row["passed"] is not None}
    return {
        "heads": [(plain(check), source.said("quality", "check", check)) for check in checks],
        "rows": [
            (one.name, [check_cell(found.get((one.run.key, check))) for check in checks])
            for one in sat
            if one.run.key in judged
        ],
        "n": sum(row["passed"] is not None for row in rows),
    }


def check_cell(row: Row | None) -> Cell:
    """What a check found, with its sign where it failed."""
    if row is None or row["passed"] is None:
        return Cell("", "none", "not checked")
    severity = row["severity"] or "none"
    amount = value(row, "value")
    text = shown(amount) if amount is not None else row["value"] or ""
    cell = Cell(text, TONES[severity], severity)
    return replace(cell, sign=f"{SIGNS[severity]} {text}") if RANKS[severity] else cell


def _failed(sat: Sequence[Sitting], rows: Sequence[Row]) -> list[dict[str, str]]:
    names = {one.run.key: one.name for one in sat}
    failed = sorted(
        (row for row in rows if row["passed"] == "false"),
        key=lambda row: -RANKS[row["severity"] or "none"],
    )
    return [
        {
            "severity": row["severity"] or "none",
            "tone": TONES[row["severity"] or "none"],
            "where": f"{names[key_of(row)]}, {plain(row['check'] or '')}: "
            f"{check_cell(row).sign.split(' ', 1)[-1]} (limit {row['limit'] or 'none'})",
            "what_to_do": row["what_to_do"] or "",
        }
        for row in failed
    ]
