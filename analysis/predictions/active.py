"""Prediction 1: mentalising is worse only when the attachment system is active.

"Only" is two statements: the groups differ in the cost (state by group), and they are alike, within
a bound, in the control state. The dose asks the same without states: does accuracy follow how
strongly the system was moved?
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from analysis.between_people import moderation, slope
from analysis.intervals import mean_t, undefined
from analysis.states import InState, State
from analysis.study import (
    Row,
    Study,
    difference,
    effects,
    equivalence,
    reliability,
    row_of,
    values_of,
)

DOSES = ("arousal", "love")
"""Sliders that say how strongly an induction moved the attachment system."""


def rows(study: Study) -> list[Row]:
    """Reliability, manipulation check, cost, its specificity, equivalence, dose."""
    slopes = [f"slope_{slider}" for slider in DOSES]
    changes = {slider: induced(study.states, slider) for slider in DOSES}
    return [
        *(reliability(study, "1", name) for name in ("cost", "specific_cost", *slopes)),
        *(_manipulation(study, slider) for slider in ("love", "arousal", "pleasure")),
        *effects(study, "1", "cost"),
        _order(study),
        *effects(study, "1", "specific_cost"),
        *(difference(study, "1", f"mentalising_{state}") for state in ("attachment", "control")),
        equivalence(study),
        *(row for name in slopes for row in effects(study, "1", name)),
        *(
            moderation(study, "1", "cost", f"{slider} (attachment - control)", of)
            for slider, of in changes.items()
        ),
        slope(study, "1", "msi_bpd.total", "cost"),
    ]


def _order(study: Study) -> Row:
    """How the cost depends on which state came first: carry-over would show here."""
    values = values_of(study, "cost")
    first = _first_states(study.states)
    orders = replace(study, groups={person: f"{state} first" for person, state in first.items()})
    row = difference(orders, "1", "cost")
    if row.note in ("no_group", "one_group") and values.people:
        row = replace(row, note="one_order")
    name = row.quantity if row.estimate is not None else "cost: by order of the states"
    return replace(row, quantity=name)


def _first_states(states: Iterable[InState]) -> dict[str, State]:
    """The state of each person's first Eyes run that has one, by the clock."""
    timed = sorted(
        (state.started, state.key, state.state)
        for state in states
        if state.key[2] == "eyes" and state.state is not None and state.started is not None
    )
    found: dict[str, State] = {}
    for _, key, state in timed:
        found.setdefault(key[0], state)
    return found


def induced(states: Iterable[InState], slider: str) -> dict[str, float]:
    """Each person's slider before runs in the attachment state less that before the others."""
    by_person: dict[str, dict[str, list[float]]] = {}
    for state in sorted(states, key=lambda state: state.key):
        if state.state is not None and slider in state.affect:
            of = by_person.setdefault(state.key[0], {"attachment": [], "control": []})
            of[state.state].append(state.affect[slider])
    return {
        person: float(np.mean(of["attachment"]) - np.mean(of["control"]))
        for person, of in sorted(by_person.items())
        if of["attachment"] and of["control"]
    }


def _manipulation(study: Study, slider: str) -> Row:
    """What the inductions did: the slider after own pictures less that after the others."""
    changes = list(induced(study.states, slider).values())
    return row_of(
        "1",
        f"{slider} after the induction: attachment - control",
        mean_t(changes) if changes else undefined("no_slider"),
        n=len(changes),
        df=len(changes) - 1 if len(changes) > 1 else None,
        method="mean over people of the sliders before their runs, points; t interval",
    )
