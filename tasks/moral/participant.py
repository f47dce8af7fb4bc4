"""Somebody who judges stories in simulation: linear in what was meant, what came of it, and who."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from mbtexp.session import Session
from mbtexp.simulate import READING_S, Participant, lognormal_s
from mbtexp.task import Material
from mbtexp.timeline import Phase
from tasks.moral.params import POINTS


@dataclass(frozen=True)
class Judge:
    """Parameters of the model, in points of the scale.

    Blame is the sum of what applies, and noise; a rating is that sum rounded. How permissible
    something is, is 8 less its blame.
    """

    base: float = 2.0
    """Blame where nothing is meant and nothing happens."""
    intent: float = 2.2
    """What a foreseen harm adds."""
    outcome: float = 0.8
    """What harm that happens adds."""
    both: float = 0.3
    """What foreseen harm that happens adds beyond the two."""
    close: float = 0.0
    """What it adds that the person is close."""
    close_intent: float = 0.0
    """What a foreseen harm adds to that."""
    noise: float = 0.8
    """SD from story to story."""
    attention: float = 0.95
    """Probability that a statement is answered as the story has it; else by chance."""
    reading_wps: float = 4.0
    """Words a second."""
    median_rt_s: float = 2.5
    rt_sigma: float = 0.35
    omission: float = 0.02
    """Share of ratings that are not given where there is a limit of time."""

    def blame(self, trial: Mapping[str, Any]) -> float:
        """What is blamed, without the noise."""
        meant = float(trial["belief"] == "harm")
        done = float(trial["outcome"] == "harm")
        near = float(trial["relation"] == "close")
        return (
            self.base
            + self.intent * meant
            + self.outcome * done
            + self.both * meant * done
            + self.close * near
            + self.close_intent * near * meant
        )


def participant(session: Session, material: Material, person: Judge | None = None) -> Participant:
    """A judge of the linear model."""
    judge = person or Judge()

    def answer(phase: Phase, trial: Mapping[str, Any]) -> Sequence[tuple[str, float]]:
        if phase.keys is None:
            return []
        asks = phase.name in ("reading", "scale", "statement")
        if not asks or not trial:
            return [(phase.keys.allowed[0], READING_S)]
        # A stream a trial and question: a resumed run is answered as if there had been no break.
        rng = session.rng(f"participant-{phase.name}-{trial['trial']}")
        if phase.name == "statement":
            knows = float(rng.random()) < judge.attention
            says = trial["statement_true"] if knows else float(rng.random()) < 0.5
            return [(material.keys[0 if says else -1], lognormal_s(rng, median_s=2.0, sigma=0.3))]
        if phase.name != "scale":
            median_s = trial["words"] / judge.reading_wps
            return [(phase.keys.allowed[0], lognormal_s(rng, median_s=median_s, sigma=0.2))]
        omits = float(rng.random()) < judge.omission
        rt_s = lognormal_s(rng, median_s=judge.median_rt_s, sigma=judge.rt_sigma)
        if omits and phase.duration_s is not None:
            return []
        return [(material.keys[_place(judge, trial, float(rng.standard_normal()))], rt_s)]

    return Participant("linear_blame", answer, asdict(judge))


def _place(judge: Judge, trial: Mapping[str, Any], noise: float) -> int:
    """The key from the left that stands for a judgement."""
    blame = judge.blame(trial) + judge.noise * noise
    value = min(POINTS, max(1, round(blame)))
    value = value if trial["judgement"] == "blame" else POINTS + 1 - value
    return POINTS - value if trial["reversed"] else value - 1
