"""How a person's accuracy goes with what they felt before a run, also by the valence of the items.

All slopes are within the person: from run to run, about the person's own mean, so that neither
how somebody uses a slider nor how well they do on the whole is in them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from analysis.intervals import Estimate, normal, undefined
from analysis.measure import Counts, Measure, Person, counts_of, difference, logit_score
from analysis.read import Trial, number

STEP_POINTS = 10.0
"""Slopes on a slider are told per this many of its 100 points."""

SLIDERS = ("pleasure", "arousal", "distress", "love")

VALENCES = ("negative", "neutral", "positive")
"""Classes of the items' valence."""

BY_VALENCE = "pleasure"
"""The slider whose slope is also told for each class of items."""


def doses(person: Person) -> list[Measure]:
    """Slopes of logit accuracy on each slider; on pleasure also for each valence of the items."""
    return [
        *(_slope(person, slider, None) for slider in SLIDERS),
        *_slopes_by_valence(person),
    ]


def _slopes_by_valence(person: Person) -> list[Measure]:
    by_class = {name: _slope(person, BY_VALENCE, name) for name in VALENCES}
    first, second = by_class["negative"], by_class["positive"]
    gap = Measure(
        person.participant,
        f"slope_{BY_VALENCE}_negative_less_positive",
        difference(first.estimate, second.estimate),
        first.unit,
        first.n_control + second.n_control,
        0,
        "slope on negative items less that on positive items",
        (first.per_trial or 0.0) + (second.per_trial or 0.0) or None,
    )
    return [*by_class.values(), gap]


def _slope(person: Person, slider: str, valence: str | None) -> Measure:
    runs = [(run.affect[slider], run.mental) for run in person.runs if slider in run.affect]
    edges = _edges([trial for _, trials in runs for trial in trials])
    points = [
        (x, counts)
        for x, trials in runs
        for counts in [counts_of(t for t in trials if valence in (None, valence_class(t, edges)))]
        if counts.answered
    ]
    dose, counts = [x for x, _ in points], [c for _, c in points]
    estimate = dose_slope(dose, counts)
    if valence and runs and not any(valence_class(t, edges) for _, of in runs for t in of):
        estimate = undefined("no_item_valence")
    which = f" on {valence} items" if valence else ""
    return Measure(
        person.participant,
        f"slope_{slider}_{valence}" if valence else f"slope_{slider}",
        estimate,
        f"logit per {STEP_POINTS:g} points",
        sum(of.answered for of in counts),
        0,
        f"weighted least squares of a run's logit accuracy{which} on {slider} before it, about "
        "the person's own mean",
        _slope_per_trial(dose, counts) if estimate.value is not None else None,
    )


def _edges(trials: Sequence[Trial]) -> tuple[float, float] | None:
    """The two valences that cut the items which somebody saw into thirds."""
    known = {
        str(t.stim_id): v for t in trials if (v := number(t.design.get("valence"))) is not None
    }
    if len(known) < len(VALENCES):
        return None
    low, high = np.quantile(list(known.values()), (1 / 3, 2 / 3))
    return float(low), float(high)


def valence_class(trial: Trial, edges: tuple[float, float] | None) -> str | None:
    """An item's class: that of the set, else its third of the valences that the person saw."""
    given = trial.design.get("valence_class")
    if given in VALENCES:
        return str(given)
    valence = number(trial.design.get("valence"))
    if valence is None or edges is None:
        return None
    return VALENCES[(valence > edges[0]) + (valence > edges[1])]


def dose_slope(dose: Sequence[float], counts: Sequence[Counts]) -> Estimate:
    """A person's change of logit accuracy per ten points of a slider, from run to run.

    Weights are 1/SE² of each run's logit. The dose is taken about the person's own (weighted)
    mean, so differences between people in how they use the slider drop out.

    >>> round(dose_slope([20, 60], [Counts(16, 18), Counts(12, 18)]).value, 4)
    -0.3083
    """
    if len(dose) < 2:
        return undefined("few_runs")
    x = np.asarray(dose, dtype=float) / STEP_POINTS
    scores = [logit_score(c) for c in counts]
    weights = np.array([1 / (s.se or math.inf) ** 2 for s in scores])
    theta = np.array([s.value for s in scores], dtype=float)
    centred = x - weights @ x / weights.sum()
    spread = float(weights @ centred**2)
    if np.ptp(x) == 0:
        return undefined("same_affect")
    return normal(float(weights @ (centred * theta)) / spread, 1 / math.sqrt(spread), "wald")


def _slope_per_trial(dose: Sequence[float], counts: Sequence[Counts]) -> float:
    """Sampling variance of the slope if each trial's logit had a variance of 1."""
    x = np.asarray(dose, dtype=float) / STEP_POINTS
    n = np.array([c.answered for c in counts], dtype=float)
    return 1 / float(n @ (x - n @ x / n.sum()) ** 2)
