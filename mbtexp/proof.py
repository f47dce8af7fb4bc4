"""The spacing proof of every task and preset: their runs played by participants at the limits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from mbtexp.conduct import Prepared, Request, prepare
from mbtexp.errors import MbtexpError
from mbtexp.plan import (
    guarded,
    refuse_close_codes,
    refuse_large_codes,
    refuse_shared_keys,
    rehearse,
)
from mbtexp.rig import Rig, TriggerSettings
from mbtexp.simulate import Answer
from mbtexp.task import find_task, task_names
from mbtexp.triggers.devices import line_of
from mbtexp.triggers.spacing import (
    KINDS,
    Interval,
    Kind,
    at_once,
    at_the_last_moment,
    curious,
    never,
    shortest,
)

PARTICIPANTS: Mapping[str, Callable[[Answer], Answer]] = {
    "as usual": lambda answer: answer,
    "at once": at_once,
    "curious": curious,
    "at the last moment": at_the_last_moment,
    "never": never,
}
"""Who plays a run: a simulated participant, and the same one at the limits of what can happen."""

ANY_LINE = TriggerSettings(device="serial", port="-")
"""The line that is taken where the rig has none: pulses of 10 ms, a gap of 4 ms."""


@dataclass(frozen=True)
class Proof:
    """How close the codes of one preset come, and what became of them."""

    task: str
    preset: str
    intervals: tuple[Interval, ...]
    outcomes: Mapping[str, Mapping[str, int]]
    """How many codes had each outcome, by participant."""
    refused: str = ""
    """Why the preset cannot be shown, or not with this line; empty if it can."""
    warnings: tuple[str, ...] = ()

    @property
    def shortest(self) -> dict[Kind, Interval]:
        """The shortest interval of each kind."""
        return shortest(self.intervals)

    def counted(self, outcome: str) -> int:
        """The most codes that had an outcome with any of the participants."""
        return max((counts.get(outcome, 0) for counts in self.outcomes.values()), default=0)


def presets(task: str | None = None) -> list[tuple[str, str]]:
    """Every task with each of its presets."""
    names = task_names() if task is None else [task]
    return [(name, preset) for name in names for preset in find_task(name).presets]


def prove(task: str, preset: str, rig: Rig, *, first: int = 0) -> Proof:
    """Play a preset with every participant and hold its codes against the rig's line.

    Parameters
    ----------
    task, preset
        What to play.
    rig
        Its display and its line; where it has no line, the usual one.
    first
        Only that many trials; 0: all.
    """
    trigger = ANY_LINE if rig.trigger.device == "none" else rig.trigger
    rig = replace(rig, trigger=trigger)
    found: list[Interval] = []
    outcomes: dict[str, Mapping[str, int]] = {}
    try:
        made = prepare(Request(task, "01", Path(), preset=preset, first=first))
        refuse_shared_keys(made.material.keys, rig)
        refuse_large_codes(made.task, rig)
        for name, kind in PARTICIPANTS.items():
            more, counts = _played(made, rig, kind)
            found += more
            outcomes[name] = counts
        warnings = refuse_close_codes(found, rig)
    except MbtexpError as error:
        return Proof(task, preset, tuple(found), outcomes, refused=str(error))
    return Proof(task, preset, tuple(found), outcomes, warnings=tuple(warnings))


def _played(
    made: Prepared, rig: Rig, kind: Callable[[Answer], Answer]
) -> tuple[list[Interval], Mapping[str, int]]:
    """How close the codes come with one participant, and what becomes of them on such a line."""
    line = line_of(rig.trigger)
    settings = replace(
        ANY_LINE,
        pulse_ms=1000 * line.pulse_s or None,
        pulse_ended_by=line.pulse_ended_by,
        lowest_eeg_rate_hz=rig.trigger.lowest_eeg_rate_hz,
    )
    answer = guarded(kind(made.participant.answer), rig)
    _, log, found = rehearse(made.task, made.material, rig, made.rows, answer, settings)
    return found, Counter(event["outcome"] for event in log.of("trigger"))


# -- for a reader ---------------------------------------------------------------------------------

HEADS = (
    "task",
    "preset",
    *("screens", "answer", "stray answer", "no answer"),
    "codes",
    "deferred",
    "cut",
)


def proof_rows(proofs: Iterable[Proof], refresh_hz: float) -> Iterator[list[object]]:
    """A table of proofs: shortest intervals in frames, and codes that had to wait or were cut."""
    for proof in proofs:
        least = proof.shortest
        cells = [_frames(least.get(kind), refresh_hz) for kind in KINDS]
        yield [
            proof.task,
            proof.preset,
            *cells,
            sum(proof.outcomes.get("as usual", {}).values()),
            proof.counted("deferred_sent"),
            proof.counted("truncated") + proof.counted("dropped_overlap"),
        ]


def _frames(interval: Interval | None, refresh_hz: float) -> str:
    if interval is None:
        return "-"
    return f"{round(interval.shortest_s * refresh_hz, 2):g}"
