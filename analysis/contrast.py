"""What a person's scores cost or gain when the attachment system is active, with its noise."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from analysis.doses import doses
from analysis.eyes import POSITIONS
from analysis.index_contrasts import changes, key_of, priming
from analysis.indices import Index
from analysis.intervals import Estimate, undefined
from analysis.judgement import judgements
from analysis.logistic import ability
from analysis.measure import EyesRun, Measure, Person, counts_of, difference, logit_score
from analysis.memory import memories
from analysis.read import Trial, Trials, number
from analysis.states import InState, Key, State


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


def costs(person: Person) -> list[Measure]:
    """Accuracy as a logit over all runs and in each state, the states' difference and its control.

    The control judgement (age or sex of the same eyes) asks whether everything got worse.
    """
    level = "ln((c+.5)/(n-c+.5)) over runs; practice out; missed are no errors"
    parts: dict[tuple[str, bool], Estimate] = {}
    n: dict[tuple[str, bool], int] = {}
    named: tuple[State | None, ...] = ("control", "attachment", None)
    for state in named:
        for mental in (True, False):
            trials = person.trials(state, mental=mental)
            counts = counts_of(trials)
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
        Measure(person.participant, name, estimate, "logit", *count, method, _per_trial(*count))
        for name, estimate, count, method in rows
    ]


def _per_trial(*counts: int) -> float | None:
    """Sampling variance of a difference of logits for a variance of 1 a trial."""
    return sum(1 / n for n in counts if n) or None


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
    for index in sorted(indices, key=lambda i: (key_of(i), i.index, i.condition)):
        scored.setdefault(index.participant, []).append(index)
    by_key = {key: state.state for key, state in known.items()}
    found: list[Measure] = []
    for participant in sorted({*eyes, *scored}):
        person = Person(
            participant,
            tuple(
                EyesRun(known[key].state, known[key].affect, of.test)
                if key in known
                else EyesRun(None, {}, of.test)
                for key, of in sorted(eyes.get(participant, {}).items())
            ),
        )
        own = scored.get(participant, [])
        found += [
            *costs(person),
            *doses(person),
            *changes(participant, own, by_key),
            *judgements(participant, own, by_key),
            *memories(participant, own, by_key),
            *priming(participant, own),
        ]
    return found
