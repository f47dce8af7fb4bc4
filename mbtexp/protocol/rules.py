"""The rules of a protocol over what the session's logs say: the wash-out, and distress."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mbtexp.errors import DataError
from mbtexp.events import Log, read_log
from mbtexp.protocol.criterion import distances, too_distressed
from mbtexp.protocol.log import SessionEvents
from mbtexp.protocol.settings import Distress, WashOut

DISTRESS, WASH_OUT = "distress", "wash_out"
"""Names of the rules in the session's log."""


class RunLogs:
    """The logs of a session's runs, those that are complete read once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._complete: dict[str, Log] = {}

    def read(self, names: Sequence[str]) -> list[Log]:
        """The logs that can be read, in the order of their names."""
        return [log for log in map(self._one, names) if log is not None]

    def _one(self, name: str) -> Log | None:
        if name in self._complete:
            return self._complete[name]
        with contextlib.suppress(DataError):
            log = read_log(self._folder / name)
            if log.completed:
                self._complete[name] = log
            return log
        return None


@dataclass(frozen=True)
class Verdict:
    """What a rule says: a sentence for the log, and the step that comes now."""

    text: str = ""
    """Empty: nothing new is to be written down."""
    facts: Mapping[str, object] = field(default_factory=dict)
    step: str | None = None


def wash_out_verdict(
    past: SessionEvents, rule: WashOut | None, logs: RunLogs, now_s: float
) -> Verdict:
    """Whether the wash-out is over, or which step it still needs.

    Parameters
    ----------
    past
        The session so far.
    rule
        The protocol's; None: there is no wash-out.
    logs
        The session's runs.
    now_s
        Seconds since the session began.
    """
    if rule is None or not past.is_over(rule.check):
        return Verdict()
    if any(event["settled"] for event in past.decided(WASH_OUT)):
        return Verdict()
    ends = [e for e in past.of("step_end") if e["step"] in (rule.check, rule.repeat)]
    last = ends[-1]
    if last["outcome"] == "skipped":
        return _settled(f"not judged, {last['step']} was left out")
    if last["outcome"] != "completed":
        return Verdict(step=last["step"])  # it was interrupted and goes on
    if last["step"] == rule.repeat:
        return Verdict(step=rule.check)
    first = next(e for e in ends if e["step"] == rule.check and e["outcome"] == "completed")
    return _judged(past, rule, logs, waited_min=(now_s - float(first["t"])) / 60)


def _judged(past: SessionEvents, rule: WashOut, logs: RunLogs, *, waited_min: float) -> Verdict:
    baseline = logs.read(past.logs_of(rule.baseline)[-1:])
    check = logs.read(past.logs_of(rule.check)[-1:])
    if not baseline or not check:
        return _settled("not judged, there is no baseline")
    found = distances(baseline[0], check[0], rule)
    facts: dict[str, object] = {
        "points": dict(found.points),
        "within": rule.within,
        "waited_min": round(waited_min, 2),
    }
    if found.within(rule):
        return _settled(f"the sliders are back ({found.spoken()})", **facts)
    away = f"the sliders are not back ({found.spoken()})"
    if waited_min >= rule.longest_more_min:
        return _settled(f"{away}, but {rule.longest_more_min:g} min more are over", **facts)
    return Verdict(
        f"wash-out: {away}; {rule.repeat} comes once more",
        {"rule": WASH_OUT, "settled": False, **facts},
        rule.repeat,
    )


def _settled(text: str, **facts: object) -> Verdict:
    return Verdict(f"wash-out: {text}", {"rule": WASH_OUT, "settled": True, **facts})


def distress_verdict(past: SessionEvents, rule: Distress, logs: RunLogs) -> Verdict:
    """Whether nothing more may be induced; an empty verdict if it may, or was told before."""
    if past.decided(DISTRESS):
        return Verdict()
    found = too_distressed(logs.read(past.logs()), rule)
    if not found:
        return Verdict()
    values = ", ".join(f"{value:g}" for value in found)
    return Verdict(
        f"no more inductions: distress was {values} of 100 (the limit is {rule.limit:g}, "
        f"{rule.times} times in a row, or where a run stopped itself)",
        {"rule": DISTRESS, "distress": list(found), "limit": rule.limit, "times": rule.times},
    )
