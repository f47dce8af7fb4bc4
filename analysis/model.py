"""The six predictions as rows of one table: reliability first, then the effect and its interval.

Every row is two-sided and says what was estimated, by which rule, over how many people. What is
not defined stays in the table with its reason. Nothing here says whether a prediction holds.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import fields, replace

import numpy as np

from analysis.contrast import Measure
from analysis.intervals import Estimate, mean_t, undefined
from analysis.states import InState, State
from analysis.study import (
    Row,
    Study,
    correlations,
    difference,
    effects,
    equivalence,
    reliability,
    row_of,
    slope,
    values_of,
)
from analysis.tables import as_json, tsv


def study_rows(study: Study) -> list[Row]:
    """All rows, always in the same order; a prediction without data has rows with a reason."""
    return [
        *_only_when_active(study),
        *_with_affect(study),
        *_with_judgement(study),
        *_with_attachment_scales(study),
        *_memory(study),
        *_ambiguous_words(study),
        *_delay(study),
        *_between_costs(study),
    ]


# -- the predictions -------------------------------------------------------------------------------


def _only_when_active(study: Study) -> list[Row]:
    rows = [reliability(study, "1", name) for name in ("cost", "specific_cost")]
    rows += [_manipulation(study, slider) for slider in ("love", "arousal", "pleasure")]
    rows += effects(study, "1", "cost")
    rows.append(_order(study))
    rows += effects(study, "1", "specific_cost")
    rows += [difference(study, "1", f"mentalising_{state}") for state in ("attachment", "control")]
    rows.append(equivalence(study))
    rows.append(slope(study, "1", "msi_bpd.total", "cost"))
    return rows


def _with_affect(study: Study) -> list[Row]:
    names = [f"slope_{slider}" for slider in ("pleasure", "distress", "arousal", "love")]
    return [
        *(reliability(study, "2", name) for name in names),
        *(row for name in names for row in effects(study, "2", name)),
    ]


def _with_judgement(study: Study) -> list[Row]:
    pairs = [("trust_slope", "mentalising"), ("trust_bias", "mentalising")]
    names = ("mentalising", "trust_slope", "trust_bias")
    return [
        *(reliability(study, "3", name) for name in names),
        *(row for a, b in pairs for row in correlations(study, "3", a, b)),
    ]


DISORGANISATION = ("disorganisation", "disorganization", "disorganised", "disorganized")


def _with_attachment_scales(study: Study) -> list[Row]:
    found = sorted(name for name in study.scales if _scale(name) in DISORGANISATION)
    scales = [*(found or ["disorganisation"]), "ecr_r.anxiety", "ecr_r.avoidance"]
    outcomes = ("mentalising_control", "cost")
    return [
        *(reliability(study, "4", name) for name in outcomes),
        *(slope(study, "4", scale, outcome) for scale in scales for outcome in outcomes),
    ]


def _scale(name: str) -> str:
    return name.rpartition(".")[2]


def _memory(study: Study) -> list[Row]:
    rows = [reliability(study, "5", "memory_gap"), *effects(study, "5", "memory_gap")]
    if any(measure.contrast == "memory_gap" for measure in study.measures):
        return rows
    return [replace(row, note="no memory task, and no sourcedata/memory.tsv") for row in rows]


def _ambiguous_words(study: Study) -> list[Row]:
    soas = sorted(
        {
            int(soa)
            for measure in study.measures
            for soa in [measure.contrast.removeprefix("attachment_bias_soa_")]
            if soa.isdigit()
        }
    )
    names = ["attachment_bias", *(f"attachment_bias_soa_{soa}" for soa in soas)]
    both = study
    if len(soas) > 1:
        both = replace(study, measures=[*study.measures, *_long_less_short(study, soas)])
        names.append("attachment_bias_long_less_short")
    return [
        *(reliability(both, "6", name) for name in names),
        *(row for name in names for row in effects(both, "6", name)),
    ]


def _long_less_short(study: Study, soas: Sequence[int]) -> list[Measure]:
    """Each person's bias at the longest SOA less that at the shortest."""
    short, long = (
        {m.participant: m for m in study.measures if m.contrast == f"attachment_bias_soa_{soa}"}
        for soa in (soas[0], soas[-1])
    )
    return [
        Measure(
            participant,
            "attachment_bias_long_less_short",
            _less(long[participant].estimate, short[participant].estimate),
            "ln s",
            long[participant].n_control + short[participant].n_control,
            0,
            f"{soas[-1]} ms - {soas[0]} ms",
        )
        for participant in sorted(set(short) & set(long))
    ]


def _less(a: Estimate, b: Estimate) -> Estimate:
    if a.value is None or b.value is None or not a.se or not b.se:
        return undefined("no_values")
    return Estimate(a.value - b.value, math.hypot(a.se, b.se))


def _delay(study: Study) -> list[Row]:
    return [reliability(study, "delay", "ln_k_change"), *effects(study, "delay", "ln_k_change")]


def _between_costs(study: Study) -> list[Row]:
    names = ("cost", "trust_bias_change", "ln_k_change")
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    return [
        *(reliability(study, "costs", name) for name in names),
        *(row for a, b in pairs for row in correlations(study, "costs", a, b)),
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


def _manipulation(study: Study, slider: str) -> Row:
    """What the inductions did: the slider after own pictures less that after the others."""
    by_person: dict[str, dict[str, list[float]]] = {}
    for state in sorted(study.states, key=lambda state: state.key):
        if state.state is not None and slider in state.affect:
            of = by_person.setdefault(state.key[0], {"attachment": [], "control": []})
            of[state.state].append(state.affect[slider])
    changes = [
        float(np.mean(of["attachment"]) - np.mean(of["control"]))
        for _, of in sorted(by_person.items())
        if of["attachment"] and of["control"]
    ]
    estimate = mean_t(changes) if changes else undefined("no_slider")
    return row_of(
        "1",
        f"{slider} after the induction: attachment - control",
        estimate,
        n=len(changes),
        df=len(changes) - 1 if len(changes) > 1 else None,
        method="mean over people of the inductions before their runs, points; t interval",
    )


# -- as a table ------------------------------------------------------------------------------------

COLUMNS = tuple(entry.name for entry in fields(Row))

NOTES = {
    "no_group": "participants.tsv has no column 'group', or nobody with this contrast is in one",
    "one_group": "everybody with this contrast is in one group",
    "more_than_two_groups": "more than two groups; compare two of them with the R model",
    "one_order": "everybody had the states in the same order",
    "one_person": "one person has no reliability",
    "few_people": "too few people for an interval",
    "no_phenotype_table": "the questionnaire was not imported",
    "zero_reliability": "the differences between people are no larger than their noise",
    "unknown_reliability": "a score has no reliability",
    "perfect": "a correlation of 1 or -1 has no interval",
    "constant_score": "everybody has the same score",
    "no_slider": "no induction has this slider or rating in both states",
}


def study_tsv(rows: Iterable[Row]) -> bytes:
    """The study table, in the order of the predictions."""
    return tsv(COLUMNS, ([getattr(row, name) for name in COLUMNS] for row in rows))


def study_json() -> bytes:
    """The data dictionary that lies beside it."""
    return as_json(
        {
            "prediction": {
                "Description": "number of the prediction; 'delay': discounting by state; 'costs': "
                "the costs of several tasks against each other",
                "Levels": PREDICTIONS,
            },
            "quantity": {"Description": "what is estimated; the reliabilities come first"},
            "formula": {"Description": "R (lme4) model of single trials for the same question"},
            "estimate": {"Description": "the value; n/a if undefined, with the reason in note"},
            "se": {"Description": "standard error"},
            "ci_low": {"Description": "lower end of the interval, 95 % unless method says 90 %"},
            "ci_high": {"Description": "upper end of the interval"},
            "n": {"Description": "people"},
            "df": {"Description": "degrees of freedom of the interval"},
            "method": {"Description": "how it was estimated"},
            "note": {"Description": "reasons and marks, or what belongs to it", "Levels": NOTES},
        }
    )


PREDICTIONS = {
    "1": "mentalising is worse only when the attachment system is active",
    "2": "mentalising is worse with negative affect",
    "3": "social judgement goes with mentalising",
    "4": "attachment disorganisation goes with problems of mentalising",
    "5": "emotional memories are harder to recall when the attachment system is active",
    "6": "ambiguous words more readily activate the attachment system in borderline disorder",
    "delay": "discounting differs between the states",
    "costs": "the costs in several tasks go together",
}
"""What is predicted, in short."""
