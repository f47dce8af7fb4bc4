"""Prediction 2: mentalising is worse with negative affect.

From run to run within the person, for items of each valence, and as the way by which the state
acts: attachment, negative affect, accuracy.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from analysis.doses import BY_VALENCE, STEP_POINTS, VALENCES
from analysis.mediation import Mediation, mediation
from analysis.states import InState
from analysis.study import Row, Study, effects, missing, reliability, row_of, values_of

SLIDERS = ("pleasure", "distress")
"""Sliders of negative affect: less pleasure, more distress."""


def rows(study: Study) -> list[Row]:
    """Slopes on pleasure and distress, on pleasure by valence of the items, and the mediation."""
    names = [
        *(f"slope_{slider}" for slider in SLIDERS),
        *(f"slope_{BY_VALENCE}_{valence}" for valence in VALENCES),
        f"slope_{BY_VALENCE}_negative_less_positive",
    ]
    return [
        *(reliability(study, "2", name) for name in names),
        *(row for name in names for row in effects(study, "2", name)),
        *(row for slider in SLIDERS for row in _mediated(study, slider)),
    ]


def _mediated(study: Study, slider: str) -> list[Row]:
    """The state's effect on accuracy by way of a slider, over people with both states."""
    cost = values_of(study, "cost")
    felt = _felt(study.states, slider)
    kept = [k for k, person in enumerate(cost.people) if person in felt]
    change, mean = np.array([felt[cost.people[k]] for k in kept]).reshape(-1, 2).T
    found = mediation(change / STEP_POINTS, mean / STEP_POINTS, -cost.y[kept], cost.se[kept])
    reason = ""
    if not cost.people:
        reason = missing(study, "cost")
    elif not felt:
        reason = "no_slider"
    return _parts(slider, found, reason)


def _felt(states: Iterable[InState], slider: str) -> Mapping[str, tuple[float, float]]:
    """Change from the control to the attachment state and mean of both, before Eyes runs."""
    by_person: dict[str, dict[str, list[float]]] = {}
    for state in states:
        if state.key[2] == "eyes" and state.state is not None and slider in state.affect:
            of = by_person.setdefault(state.key[0], {})
            of.setdefault(state.state, []).append(state.affect[slider])
    found = {}
    for person, of in by_person.items():
        if len(of) == 2:
            control, attachment = (float(np.mean(of[s])) for s in ("control", "attachment"))
            found[person] = (attachment - control, (attachment + control) / 2)
    return found


def _parts(slider: str, found: Mediation, reason: str) -> list[Row]:
    model = (
        "accuracy change on change and mean of the slider, random effects by REML over people, "
        "Knapp & Hartung"
    )
    parts = [
        (
            f"a: {slider}, attachment - control (points)",
            found.a.scaled(STEP_POINTS),
            found.df_a,
            "mean over people, t interval",
        ),
        (
            f"b: logit accuracy per 10 points of {slider}, within the person",
            found.b,
            found.df_b,
            model,
        ),
        (f"direct effect of the state beside {slider} (logit)", found.direct, found.df_b, model),
        (
            "total effect of the state (logit), same people",
            found.total,
            found.n - 1,
            "accuracy change, random effects by REML over people, Knapp & Hartung",
        ),
        (
            f"a*b: indirect effect of the state through {slider} (logit)",
            found.indirect,
            None,
            "mediation within persons, two states; Monte-Carlo interval of a*b, 100,000 draws from "
            "t distributions; se by Sobel",
        ),
    ]
    return [
        row_of(
            "2",
            f"mediation by {slider}, {name}",
            estimate,
            n=found.n,
            df=df if estimate.ci_low is not None else None,
            method=method,
            note=reason,
        )
        for name, estimate, df, method in parts
    ]
