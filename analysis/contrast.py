"""What a person's scores cost or gain when the attachment system is active, with its noise.

Accuracies are compared as logits with half a trial added, ln((c + .5)/(n - c + .5)); the difference
of two states has the sum of both variances, so the table can say how much of what it shows is
noise. One person's difference mostly is: see ``reliability`` before any value.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.eyes import POSITIONS
from analysis.indices import Index
from analysis.intervals import Estimate, normal, undefined
from analysis.logistic import ability
from analysis.read import Trial, Trials, number
from analysis.states import InState, Key, State

STEP_POINTS = 10.0
"""Slopes on a slider are told per this many of its 100 points."""

SLIDERS = ("pleasure", "arousal", "distress", "love")

FROM_INDICES = {
    "trust_bias": ("trust", "bias", "trust", "points"),
    "trust_slope": ("trust", "slope", "trust", "points per point"),
    "ln_k": ("discounting", "ln_k", "all", "ln(1/day)"),
}
"""Contrasts from a run's index: task, index, condition, unit."""


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


# -- from counts -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Counts:
    """Right answers among the answered trials of a state."""

    correct: int
    answered: int


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


def expected_difference(
    control: Sequence[Trial], attachment: Sequence[Trial]
) -> tuple[float, tuple[str, ...]]:
    """How many logits easier the control state's items are for this person, by their norms.

    Both forms' expected accuracies at the person's ability over all items (Rasch with guessing);
    zero where both states had the same items. Flags: ``forms_differ`` where the items differ and
    have no difficulties, so that nothing could be taken out.
    """
    answered = [[t for t in trials if t.correct is not None] for trials in (control, attachment)]
    items = [sorted(str(t.stim_id) for t in trials) for trials in answered]
    if items[0] == items[1] or not all(items):
        return 0.0, ()
    every = [*answered[0], *answered[1]]
    hard = [[number(t.design.get("difficulty")) for t in trials] for trials in answered]
    options = {sum(t.design.get(f"word_{p}") is not None for p in POSITIONS) for t in every}
    if len(options) != 1 or 0 in options or any(b is None for form in hard for b in form):
        return 0.0, ("forms_differ",)
    guessing = 1 / options.pop()
    difficulty = [np.array(form, dtype=float) for form in hard]
    right = np.array([[float(bool(t.correct)) for t in every]])
    theta = float(ability(right, np.concatenate(difficulty), guessing).mode[0])
    share = [
        float(np.mean(guessing + (1 - guessing) / (1 + np.exp(b - theta)))) for b in difficulty
    ]
    return math.log(share[0] / (1 - share[0])) - math.log(share[1] / (1 - share[1])), ()


# -- one person ------------------------------------------------------------------------------------


def _counts(trials: Iterable[Trial]) -> Counts:
    answers = [trial.correct for trial in trials if trial.correct is not None]
    return Counts(sum(answers), len(answers))


def _is_mental(trial: Trial) -> bool:
    return trial.design.get("condition") in (None, "mental")


@dataclass(frozen=True)
class _Person:
    """One participant's trials of the Eyes test by state, and the sliders before each run."""

    participant: str
    runs: tuple[tuple[State | None, Mapping[str, float], tuple[Trial, ...]], ...]

    def trials(self, state: State | None, *, mental: bool) -> list[Trial]:
        """Test trials of a judgement in a state; None is every state, and none."""
        return [
            trial
            for known, _, trials in self.runs
            if state in (None, known)
            for trial in trials
            if _is_mental(trial) is mental
        ]


def _eyes(person: _Person) -> list[Measure]:
    level = "ln((c+.5)/(n-c+.5)) over runs; practice out; missed are no errors"
    parts: dict[tuple[str, bool], Estimate] = {}
    n: dict[tuple[str, bool], int] = {}
    named: tuple[State | None, ...] = ("control", "attachment", None)
    for state in named:
        for mental in (True, False):
            trials = person.trials(state, mental=mental)
            counts = _counts(trials)
            n[str(state), mental] = counts.answered
            reason = "no_answers" if trials else f"no_{state}_run" if state else "no_trials"
            parts[str(state), mental] = (
                logit_score(counts) if counts.answered else undefined(reason)
            )
    offset, flags = expected_difference(
        person.trials("control", mental=True), person.trials("attachment", mental=True)
    )
    cost = difference(parts["control", True], parts["attachment", True], offset)
    other = difference(parts["control", False], parts["attachment", False])
    if cost.value is not None:
        cost = cost.flagged(*flags)
    rule = f"control - attachment of {level}; expected difference of the forms {offset:.6g}"
    both = (n["control", True], n["attachment", True])
    ages = (n["control", False], n["attachment", False])
    rows = [
        ("mentalising", parts["None", True], (n["None", True], 0), level),
        ("mentalising_control", parts["control", True], (n["control", True], 0), level),
        ("mentalising_attachment", parts["attachment", True], (0, n["attachment", True]), level),
        ("cost", cost, both, rule),
        ("cost_control_judgement", other, ages, f"control - attachment of {level}"),
        (
            "specific_cost",
            difference(cost, other),
            (both[0] + ages[0], both[1] + ages[1]),
            "cost - cost_control_judgement",
        ),
    ]
    return [
        Measure(person.participant, name, estimate, "logit", *count, method)
        for name, estimate, count, method in rows
    ]


def _doses(person: _Person) -> list[Measure]:
    rows = []
    for slider in SLIDERS:
        points = [
            (affect[slider], counts)
            for _, affect, trials in person.runs
            if slider in affect and (counts := _counts(t for t in trials if _is_mental(t))).answered
        ]
        rows.append(
            Measure(
                person.participant,
                f"slope_{slider}",
                dose_slope([x for x, _ in points], [counts for _, counts in points]),
                f"logit per {STEP_POINTS:g} points",
                sum(counts.answered for _, counts in points),
                0,
                f"weighted least squares of a run's logit accuracy on {slider} in the induction "
                "before it, about the person's own mean",
            )
        )
    return rows


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


# -- from indices ----------------------------------------------------------------------------------


def _average(indices: Sequence[Index], reason: str) -> Estimate:
    """Several runs' values of an index, weighted by 1/SE²; one without an SE counts for nothing."""
    if not indices:
        return undefined(reason)
    sure = [(i.value, i.se) for i in indices if i.value is not None and i.se]
    if not sure:
        known = [flag for index in indices for flag in index.flag if index.value is None]
        return undefined(*(dict.fromkeys(known) or ("no_se",)))
    weights = np.array([1 / se**2 for _, se in sure])
    value = float(weights @ np.array([value for value, _ in sure]) / weights.sum())
    return normal(value, 1 / math.sqrt(float(weights.sum())), "wald")


def _changes(
    participant: str, indices: Sequence[Index], states: Mapping[Key, State | None]
) -> list[Measure]:
    rows = []
    for name, (task, index, condition, unit) in FROM_INDICES.items():
        of = [i for i in indices if (i.task, i.index, i.condition) == (task, index, condition)]
        by_state = {
            state: [i for i in of if states.get(_key(i)) == state]
            for state in ("control", "attachment")
        }
        parts = {
            state: _average(found, f"no_{state}_run" if of else "no_trials")
            for state, found in by_state.items()
        }
        n = {state: sum(i.n_used for i in found) for state, found in by_state.items()}
        rule = f"mean over runs of {task}: {index}, weighted by 1/SE^2"
        rows += [
            Measure(
                participant,
                name,
                _average(of, "no_trials"),
                unit,
                sum(i.n_used for i in of),
                0,
                rule,
            ),
            Measure(
                participant,
                f"{name}_change",
                difference(parts["attachment"], parts["control"]),
                unit,
                n["control"],
                n["attachment"],
                f"attachment - control; {rule}",
            ),
        ]
    return rows


def _biases(participant: str, indices: Sequence[Index]) -> list[Measure]:
    """Priming by the attachment sense less that by the other sense, over SOAs and at each."""
    of = [i for i in indices if (i.task, i.index) == ("polysemy", "attachment_bias")]
    conditions = sorted({i.condition for i in of}, key=_by_soa)
    return [
        Measure(
            participant,
            "attachment_bias" if condition == "all" else f"attachment_bias_{condition}",
            _average(found, "no_trials"),
            "ln s",
            sum(i.n_used for i in found),
            0,
            "mean over runs of polysemy: attachment_bias, weighted by 1/SE^2",
        )
        for condition in conditions
        for found in [[i for i in of if i.condition == condition]]
    ]


def _by_soa(condition: str) -> tuple[int, str]:
    digits = condition.rpartition("_")[2]
    return (int(digits) if digits.isdigit() else -1, condition)


def _key(index: Index) -> Key:
    return (index.participant, index.session or "", index.task, index.run)


# -- everybody -------------------------------------------------------------------------------------


def measures(
    runs: Iterable[Trials], indices: Iterable[Index], states: Iterable[InState]
) -> list[Measure]:
    """Every person's contrasts from scored runs and their states; same rows whatever the order."""
    known = {state.key: state for state in states}
    eyes: dict[str, dict[Key, Trials]] = {}
    scored: dict[str, list[Index]] = {}
    for trials in runs:
        run = trials.run
        of = eyes.setdefault(run.participant, {})
        if run.task == "eyes":
            of[run.participant, run.session or "", run.task, run.run] = trials
    for index in sorted(indices, key=lambda i: (_key(i), i.index, i.condition)):
        scored.setdefault(index.participant, []).append(index)
    by_key = {key: state.state for key, state in known.items()}
    found: list[Measure] = []
    for participant in sorted({*eyes, *scored}):
        person = _Person(
            participant,
            tuple(
                (known[key].state, known[key].affect, of.test)
                if key in known
                else (None, {}, of.test)
                for key, of in sorted(eyes.get(participant, {}).items())
            ),
        )
        own = scored.get(participant, [])
        found += [
            *_eyes(person),
            *_doses(person),
            *_changes(participant, own, by_key),
            *_biases(participant, own),
        ]
    return found
