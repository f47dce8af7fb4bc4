"""What the sliders decide: whether the wash-out is over, and whether nothing more is induced."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mbtexp.events import Log
from mbtexp.protocol.settings import Distress, WashOut

DISTRESS = "distress"
"""Name of the slider of distress in every task that has one."""

STOPPED_ITSELF = "distress limit reached"
"""Text of the note of a run that stopped itself."""


def ratings(log: Log) -> list[tuple[str, float]]:
    """The answered sliders of a run in their order: scale and value from 0 to 100.

    A trial that was shown twice (a resumed run) counts with its last answer, at its last place.
    """
    answers = [
        (event["trial"], scale, value)
        for event in log.of("trial")
        for scale in [_slider(event["design"])]
        for value in [_answer(event["outcome"])]
        if scale and value is not None
    ]
    last = {trial: place for place, (trial, _, _) in enumerate(answers)}
    return [
        (scale, value)
        for place, (trial, scale, value) in enumerate(answers)
        if last[trial] == place
    ]


def _slider(row: Mapping[str, object]) -> str:
    """Name of the slider of a design row; empty if it is none."""
    return str(row.get("scale") or row.get("item") or "")


def _answer(outcome: Mapping[str, object]) -> float | None:
    """Where the slider was left, 0 to 100; None if it was not touched."""
    for name in ("response", "value"):
        given = outcome.get(name)
        if isinstance(given, int | float) and not isinstance(given, bool):
            return float(given)
    return None


def too_distressed(logs: Iterable[Log], rule: Distress) -> tuple[float, ...]:
    """The ratings of distress that met the rule, or the one at which a run stopped itself.

    Ratings are in a row if nothing else rated distress between them, whatever run they are from.
    An empty result: the rule is not met.
    """
    row: list[float] = []
    for log in logs:
        for scale, value in ratings(log):
            if scale != DISTRESS:
                continue
            row = [*row, value] if value >= rule.limit else []
            if len(row) >= rule.times:
                return tuple(row)
        if any(note.get("text") == STOPPED_ITSELF for note in log.of("note")):
            return tuple(row[-1:]) or (rule.limit,)
    return ()


@dataclass(frozen=True)
class Distances:
    """How far each slider is from the baseline, in points of 100; above 0: higher than it."""

    points: Mapping[str, float]
    missing: tuple[str, ...]
    """Sliders that were not answered in one of the two runs."""

    def within(self, wash_out: WashOut) -> bool:
        """Whether every slider is there and near enough."""
        return not self.missing and all(
            abs(points) <= wash_out.within for points in self.points.values()
        )

    def spoken(self) -> str:
        """The distances for a reader: ``pleasure -12, arousal +3``."""
        said = [f"{scale} {points:+.0f}" for scale, points in self.points.items()]
        return ", ".join([*said, *(f"{scale} not answered" for scale in self.missing)])


def distances(baseline: Log, now: Log, wash_out: WashOut) -> Distances:
    """The sliders of two runs compared; each with its last answer."""
    then, here = dict(ratings(baseline)), dict(ratings(now))
    known = [scale for scale in wash_out.scales if scale in then and scale in here]
    return Distances(
        {scale: round(here[scale] - then[scale], 4) for scale in known},
        tuple(scale for scale in wash_out.scales if scale not in known),
    )
