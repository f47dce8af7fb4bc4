"""What a check found, step by step: as plain values, as text for the terminal, as JSON."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from mbtexp.ports import Facts

Verdict = Literal["pass", "warn", "fail", "skip"]

WORDS: dict[Verdict, str] = {"pass": "ok", "warn": "WARNING", "fail": "FAILED", "skip": "skipped"}
"""How a verdict is written."""

FORMAT = 1
"""Version of the layout of a check's JSON (docs/check.md)."""


@dataclass(frozen=True)
class Finding:
    """What one step found."""

    verdict: Verdict
    found: str
    """One or two sentences: what was measured."""
    advice: str = ""
    """What to do about it; empty where nothing is to be done."""
    facts: Facts = field(default_factory=dict)
    """The numbers, plain JSON; units stand in the names."""


@dataclass(frozen=True)
class Step:
    """A step of the check with what it found."""

    name: str
    title: str
    finding: Finding

    @property
    def verdict(self) -> Verdict:
        """How it went."""
        return self.finding.verdict


@dataclass(frozen=True)
class Difference:
    """One number of today beside the same number of the baseline."""

    label: str
    then: Any
    now: Any
    differs: bool

    def spoken(self) -> str:
        """The difference in words.

        >>> Difference("latency timer (ms)", 1, 16, True).spoken()
        'latency timer (ms): was 1, is 16'
        """
        return f"{self.label}: was {shown(self.then)}, is {shown(self.now)}"


@dataclass(frozen=True)
class Check:
    """A whole check of a rig."""

    rig: str
    rig_file: str
    rig_settings: Facts
    utc: str
    """When it began (ISO 8601)."""
    software: Facts
    machine: str
    steps: tuple[Step, ...]
    baseline: bool = False
    """Whether later checks are compared with this one."""
    compared_with: str | None = None
    """When the baseline was taken; None if there is none."""
    differences: tuple[Difference, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The worst of the steps; a check of which nothing could be done has failed.

        What has changed since the baseline is at least a warning.
        """
        verdicts = {step.verdict for step in self.steps}
        if "fail" in verdicts or verdicts <= {"skip"}:
            return "fail"
        return "warn" if "warn" in verdicts or self.changes else "pass"

    @property
    def changes(self) -> tuple[Difference, ...]:
        """What is not as it was on the day of the baseline."""
        return tuple(row for row in self.differences if row.differs)

    def facts(self) -> Facts:
        """The check as plain JSON."""
        whole = {
            "format": FORMAT,
            "kind": "check",
            "verdict": self.verdict,
            **{key: value for key, value in asdict(self).items() if key != "steps"},
        }
        whole["steps"] = [
            {"name": step.name, "title": step.title, **asdict(step.finding)} for step in self.steps
        ]
        return whole


def summary(check: Check) -> str:
    """The result in a sentence.

    >>> summary(Check("lab", "rig.toml", {}, "", {}, "", ()))
    'FAILED: nothing could be checked.'
    """
    done = [step for step in check.steps if step.verdict != "skip"]
    if not done:
        return "FAILED: nothing could be checked."
    failed, warned, skipped = (_named(check.steps, v) for v in ("fail", "warn", "skip"))
    changed = ", ".join(row.label for row in check.changes)
    end = f" Changed since the baseline: {changed}." if changed else ""
    end += f" Not checked: {skipped}." if skipped else ""
    if failed:
        return f"FAILED: {failed}. Mend this before a participant comes.{end}"
    if warned:
        return f"WARNING: {warned}; the rest is in order.{end}"
    if changed:
        return f"WARNING: something is not as it was.{end}"
    return f"ok: everything that was checked is in order.{end}"


def _named(steps: Iterable[Step], verdict: str) -> str:
    return ", ".join(step.title.lower() for step in steps if step.verdict == verdict)


def step_text(step: Step) -> str:
    """A step for the terminal: its verdict, what was found, what to do."""
    lines = [f"{WORDS[step.verdict]:>8}  {step.title}: {step.finding.found}"]
    if step.finding.advice:
        lines.append(f"{'':>8}  -> {step.finding.advice}")
    return "\n".join(lines)


def check_text(check: Check) -> str:
    """The whole check as text."""
    lines = [f"Check of rig '{check.rig}' ({check.rig_file}), {spoken_time(check.utc)}", ""]
    lines += [step_text(step) for step in check.steps]
    if check.compared_with is not None:
        lines += ["", f"Compared with the baseline of {spoken_time(check.compared_with)}:"]
        lines += [f"  {row.spoken()}" for row in check.changes]
        lines += [] if check.changes else ["  nothing has changed."]
    return "\n".join([*lines, "", summary(check)]) + "\n"


def spoken_time(utc: str) -> str:
    """A moment for people.

    >>> spoken_time("2026-03-01T08:05:09.123456+00:00")
    '2026-03-01 08:05:09 UTC'
    """
    return f"{utc[:10]} {utc[11:19]} UTC"


def shown(value: Any) -> str:
    """A value in a table.

    >>> shown(None), shown(0.012345), shown([1920, 1080]), shown(True)
    ('-', '0.0123', '1920 x 1080', 'yes')
    """
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 1 else f"{value:.6g}"
    if isinstance(value, list | tuple):
        return " x ".join(shown(part) for part in value)
    return str(value)


# -- many numbers in a few -------------------------------------------------------------------------


@dataclass(frozen=True)
class Spread:
    """Many durations in a few numbers, ms."""

    n: int
    median_ms: float
    p99_ms: float
    max_ms: float

    def spoken(self) -> str:
        """For a sentence."""
        return (
            f"median {self.median_ms:.3f} ms, 99th percentile {self.p99_ms:.3f} ms, "
            f"largest {self.max_ms:.3f} ms of {self.n}"
        )


def spread(durations_s: Sequence[float]) -> Spread:
    """Median, 99th percentile and largest of some durations (nearest rank).

    >>> spread([0.001] * 98 + [0.002, 0.009]).p99_ms
    2.0
    """
    ordered = sorted(durations_s)
    ranked = [ordered[max(0, math.ceil(share * len(ordered)) - 1)] for share in (0.5, 0.99, 1)]
    return Spread(len(ordered), *(round(1000 * value, 4) for value in ranked))
