"""A person's value of one contrast with its noise, and what accuracies become on the way there.

Accuracies are compared as logits with half a trial added, ln((c + .5)/(n - c + .5)); a difference
of two has the sum of both variances. One person's difference mostly is noise: see ``reliability``
before any value.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.intervals import Estimate, Floats, normal, undefined
from analysis.read import Trial
from analysis.states import State


@dataclass(frozen=True)
class Measure:
    """A person's value of one contrast (or of the level that it is taken from)."""

    participant: str
    contrast: str
    estimate: Estimate
    unit: str
    n_control: int
    """Trials in the control state; in any state for a value that is no difference of states."""
    n_attachment: int
    method: str
    per_trial: float | None = None
    """Sampling variance for a variance of 1 a trial: 1/n_control + 1/n_attachment of a cost.

    None where the standard error does not hang on the value itself and stands as it is.
    """


def even_se(found: Sequence[Measure]) -> Floats:
    """Standard errors of one contrast of several people, for their weights in a model over people.

    A logit's own standard error grows with the logit. Weights by it make extreme people count for
    little, which takes true differences with it. Here the variance of a trial is the mean over
    the people, and a person's error follows from their number of trials alone (the mean-adjusted
    error variance of Doncaster & Spake 2018, Methods Ecol Evol 9:634). Errors of other contrasts
    stay as they are.
    """
    se = np.array([m.estimate.se or np.nan for m in found], dtype=float)
    each = np.array([m.per_trial or np.nan for m in found], dtype=float)
    both = np.isfinite(se) & np.isfinite(each)
    if not both.any():
        return se
    of_a_trial = float(np.mean(se[both] ** 2 / each[both]))
    result: Floats = np.where(both, np.sqrt(of_a_trial * each), se)
    return result


# -- from counts -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Counts:
    """Right answers among the answered trials of a state."""

    correct: int
    answered: int


def counts_of(trials: Iterable[Trial]) -> Counts:
    """How many trials were answered, and how many of them rightly."""
    answers = [trial.correct for trial in trials if trial.correct is not None]
    return Counts(sum(answers), len(answers))


def logit_score(counts: Counts) -> Estimate:
    """ln((c + .5)/(n - c + .5)) with SE² = 1/(c + .5) + 1/(n - c + .5).

    The empirical logit (Haldane 1956; Anscombe 1956): finite for none and for all right.

    >>> round(logit_score(Counts(13, 18)).value, 4)
    0.8979
    """
    if counts.answered == 0:
        return undefined("no_answers")
    right, wrong = counts.correct + 0.5, counts.answered - counts.correct + 0.5
    return normal(math.log(right / wrong), math.sqrt(1 / right + 1 / wrong), "wald")


def difference(first: Estimate, second: Estimate, offset: float = 0.0) -> Estimate:
    """``first`` less ``second`` less an offset; the reason of either part if one is undefined."""
    flags = tuple(dict.fromkeys((*first.flags, *second.flags)))
    if first.value is None or second.value is None:
        return undefined(*flags)
    value = first.value - second.value - offset
    if first.se is None or second.se is None:
        return Estimate(value, flags=(*flags, "no_se"))
    return normal(value, math.hypot(first.se, second.se), "wald").flagged(*flags)


# -- one person's Eyes test ------------------------------------------------------------------------


@dataclass(frozen=True)
class EyesRun:
    """The test trials of a run, its state, and the sliders before it."""

    state: State | None
    affect: Mapping[str, float]
    trials: tuple[Trial, ...]

    @property
    def mental(self) -> list[Trial]:
        """Trials of mental states, without those of a control judgement."""
        return [trial for trial in self.trials if is_mental(trial)]


@dataclass(frozen=True)
class Person:
    """One participant's runs of the Eyes test."""

    participant: str
    runs: tuple[EyesRun, ...]

    def trials(self, state: State | None, *, mental: bool) -> list[Trial]:
        """Test trials of a judgement in a state; None is every state, and none."""
        return [
            trial
            for run in self.runs
            if state in (None, run.state)
            for trial in run.trials
            if is_mental(trial) is mental
        ]


def is_mental(trial: Trial) -> bool:
    """Whether a trial of the Eyes test asks for a mental state, not for age or sex."""
    return trial.design.get("condition") in (None, "mental")
