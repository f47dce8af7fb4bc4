"""The spacing proof of every task and preset: their runs played by participants at the limits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
from mbtexp.show import columns_text
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

USUAL = Rig(mode="eeg", trigger=ANY_LINE)
"""The rig that is taken where none is given: EEG at 60 Hz."""


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
    rig = replace(rig, trigger=_trigger(rig))
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

HEADS = ("task", "preset", *KINDS, "codes", "deferred", "cut")

LEGEND = (
    "Shortest time that can lie between two codes, in frames, whatever is answered:\n"
    + "\n".join(f"  {kind:13} {meaning}" for kind, meaning in KINDS.items())
    + "\ncodes: of a run as it usually goes. deferred: answers' codes that wait for the line when "
    "every\nanswer comes 1 ms after its screen. cut: codes that are cut short or lost, at worst."
)


def spacing_text(proofs: Sequence[Proof], rig: Rig) -> str:
    """The table of the proof, with what its columns mean."""
    table = columns_text(list(proof_rows(proofs, rig.display.refresh_hz)), list(HEADS))
    return "\n\n".join([LEGEND, _line_text(rig), table, *_sentences(proofs)])


def check_text(proofs: Sequence[Proof], rig: Rig) -> str:
    """What is in order, and every preset that cannot be run or has a weak spot."""
    good = sum(not proof.refused for proof in proofs)
    summary = f"{_line_text(rig)} {good} of {len(proofs)} presets can be run."
    return "\n".join([*_sentences(proofs), summary])


def _line_text(rig: Rig) -> str:
    line = line_of(_trigger(rig))
    frames = line.spacing_s * rig.display.refresh_hz
    return (
        f"At {rig.display.refresh_hz:g} Hz; the next code may follow after "
        f"{1000 * line.spacing_s:.4g} ms, which is {frames:.2f} frames."
    )


def _sentences(proofs: Iterable[Proof]) -> list[str]:
    return [
        f"{proof.task} {proof.preset}: {sentence}"
        for proof in proofs
        for sentence in ([f"REFUSED: {proof.refused}"] if proof.refused else proof.warnings)
    ]


def _trigger(rig: Rig) -> TriggerSettings:
    return ANY_LINE if rig.trigger.device == "none" else rig.trigger


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
