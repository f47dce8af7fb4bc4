"""The checks of one rig over the days: kept with the data, never overwritten, compared."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from mbtexp.check.report import Check, Difference
from mbtexp.errors import DataError, DiskError
from mbtexp.ports import Facts


def same(then: Any, now: Any) -> bool:
    """Whether two facts are the same."""
    return bool(then == now)


def within(share: float) -> Callable[[Any, Any], bool]:
    """A rule: two numbers that lie no farther apart than a share of the first.

    >>> within(0.001)(60.0, 59.97), within(0.001)(60.0, 59.9)
    (True, False)
    """
    return lambda then, now: abs(now - then) <= share * abs(then)


def no_slower(factor: float, least_ms: float) -> Callable[[Any, Any], bool]:
    """A rule: a time that has not grown by a factor, small times apart.

    >>> no_slower(2, 0.2)(0.03, 0.09), no_slower(2, 0.2)(0.03, 0.9)
    (True, False)
    """
    return lambda then, now: bool(now <= factor * then or now - then <= least_ms)


@dataclass(frozen=True)
class Number:
    """Something that should be today as it was on the day of the baseline."""

    label: str
    step: str
    fact: str
    """Where it stands: the step, and the name of the fact there."""
    holds: Callable[[Any, Any], bool] = same


NUMBERS = (
    Number("refresh rate (Hz)", "display", "refresh_measured_hz", within(0.0005)),
    Number("screen (pixels)", "display", "size_px"),
    Number("graphics", "display", "renderer"),
    Number("median write time (ms)", "writes", "median_ms", no_slower(2, 0.2)),
    Number("99th percentile of write times (ms)", "writes", "p99_ms", no_slower(2, 1.0)),
    Number("latency timer (ms)", "line", "latency_timer_ms"),
    Number("trigger port", "port", "stable"),
    Number("USB id of the trigger port", "port", "vid_pid"),
    Number("serial number of the trigger port", "port", "serial_number"),
    Number("answer of the box", "answer", "answer"),
    Number("reader of the keys", "keyboard", "backend"),
)
"""Refresh: the fit over a second is wrong by 0.0015 Hz at worst, and 59.94 is not 60. Write times
vary with whatever else the machine does, so only clear growth counts (defaults, to be checked)."""


def checks_folder(data: Path, *, pilot: bool = False) -> Path:
    """Where the checks of a data folder lie; BIDS takes no notice of it. Pilots lie apart."""
    return (data / "pilot" if pilot else data) / "sourcedata" / "checks"


def slug(name: str) -> str:
    """A rig's name as part of a file's name.

    >>> slug("EEG Labor 2 (Süd)"), slug("!!")
    ('EEG-Labor-2-Süd', 'rig')
    """
    return re.sub(r"[^\w]+", "-", name).strip("-_") or "rig"


def new_name(rig: str, utc: str, kind: str) -> str:
    """Name of a file of today's, without its ending.

    >>> new_name("lab", "2026-03-01T08:05:09.123456+00:00", "check")
    'lab_20260301T080509Z_check'
    """
    stamp = datetime.fromisoformat(utc).strftime("%Y%m%dT%H%M%SZ")
    return f"{slug(rig)}_{stamp}_{kind}"


def keep(folder: Path, name: str, texts: Mapping[str, str]) -> list[Path]:
    """Write a result's texts, by their ending, beside the earlier ones.

    Raises
    ------
    DataError
        One of the files is there already.
    DiskError
        The folder cannot be written.
    """
    written = []
    for ending, text in texts.items():
        path = folder / f"{name}.{ending}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)
        except FileExistsError:
            raise DataError(
                f"{path} exists already. Nothing is overwritten: wait a second and check again."
            ) from None
        except OSError as error:
            raise DiskError(
                f"{path}: the result cannot be kept ({os.strerror(error.errno or 0)}); choose "
                "another --data folder or free this one."
            ) from None
        written.append(path)
    return written


def earlier_checks(folder: Path, rig: str) -> tuple[list[Facts], list[str]]:
    """The checks of a rig in order of time, and a sentence for each file that cannot be read."""
    found, damaged = [], []
    for path in sorted(folder.glob(f"{slug(rig)}_*_check.json")):
        try:
            check = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            damaged.append(f"{path} is damaged and was left out.")
            continue
        if isinstance(check, dict) and check.get("kind") == "check" and check.get("rig") == rig:
            found.append(check)
    return sorted(found, key=lambda check: str(check["utc"])), damaged


def baseline_of(checks: Iterable[Facts]) -> Facts | None:
    """The check that later ones are compared with: the last one marked, else the first that passed.

    A check with warnings passed; one that failed is never the baseline unless it was marked.
    """
    checks = list(checks)
    marked = [check for check in checks if check.get("baseline")]
    passed = [check for check in checks if check["verdict"] != "fail"]
    return marked[-1] if marked else passed[0] if passed else None


def differences(then: Facts, now: Facts) -> tuple[Difference, ...]:
    """Every number that both checks have, side by side; then programs and the rig's settings.

    A step that was skipped on one of the two days tells nothing.
    """
    rows = []
    for number in NUMBERS:
        was, is_now = fact(then, number.step, number.fact), fact(now, number.step, number.fact)
        if was is None or is_now is None:
            continue
        rows.append(Difference(number.label, was, is_now, not number.holds(was, is_now)))
    versions = (_versions(then), _versions(now))
    settings = (_flat(then["rig_settings"]), _flat(now["rig_settings"]))
    rows += _rows(*versions)
    # Dozens of settings: only those that changed are worth a row.
    rows += [row for row in _rows(*settings) if row.differs]
    return tuple(rows)


def fact(check: Facts, step: str, name: str) -> Any:
    """One fact of a check; None if its step was not done or did not tell."""
    for entry in check["steps"]:
        if entry["name"] == step:
            return entry["facts"].get(name)
    return None


def compared(check: Check, baseline: Facts | None) -> tuple[Difference, ...]:
    """Today's numbers against the baseline's."""
    return () if baseline is None else differences(baseline, check.facts())


def _versions(check: Facts) -> Facts:
    software = check["software"]
    packages = software.get("packages", {})
    named = {"mbtexp": software.get("mbtexp"), "python": software.get("python"), **packages}
    return {**named, "operating system": software.get("os"), "computer": check.get("machine")}


def _flat(settings: Mapping[str, Any], before: str = "rig file: ") -> Facts:
    """Nested settings as one level; a tuple comes back from JSON as a list."""
    flat: Facts = {}
    for key, value in settings.items():
        if isinstance(value, Mapping):
            flat.update(_flat(value, f"{before}{key}: "))
        else:
            flat[f"{before}{key}"] = list(value) if isinstance(value, tuple) else value
    return flat


def _rows(then: Facts, now: Facts) -> list[Difference]:
    keys: Sequence[str] = [*now, *(key for key in then if key not in now)]
    return [
        Difference(key, then.get(key), now.get(key), not same(then.get(key), now.get(key)))
        for key in keys
        if not (then.get(key) is None and now.get(key) is None)
    ]
