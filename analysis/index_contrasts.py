"""Contrasts that are made from runs' indices: their mean over runs, and their change by state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.indices import Index
from analysis.intervals import Estimate, normal, undefined
from analysis.measure import Measure, difference
from analysis.states import Key, State


@dataclass(frozen=True)
class Source:
    """The index that a contrast is taken from."""

    task: str
    index: str
    condition: str
    unit: str


TRUST = {
    "trust_slope": Source("trust", "slope", "trust", "points per point"),
    "trust_bias": Source("trust", "bias", "trust", "points"),
    "trust_dprime": Source("trust", "d_prime", "trust", "z"),
    "trust_criterion": Source("trust", "criterion", "trust", "z"),
    "trust_consistency": Source("trust", "consistency_distance", "trust", "points"),
}
"""Sensitivity (slope, d'), bias (bias, criterion) and steadiness of judgements of faces."""

DELAY = {"ln_k": Source("discounting", "ln_k", "all", "ln(1/day)")}

FROM_INDICES = {**TRUST, **DELAY}
"""Contrasts from a run's index, each also as its change from state to state."""


def changes(
    participant: str,
    indices: Sequence[Index],
    states: Mapping[Key, State | None],
    sources: Mapping[str, Source] = FROM_INDICES,
) -> list[Measure]:
    """Each source's mean over a person's runs, and its attachment less its control state."""
    rows = []
    for name, source in sources.items():
        of = indices_of(indices, source)
        by_state = {
            state: [i for i in of if states.get(key_of(i)) == state]
            for state in ("control", "attachment")
        }
        parts = {
            state: average(found, f"no_{state}_run" if of else "no_trials")
            for state, found in by_state.items()
        }
        n = {state: sum(i.n_used for i in found) for state, found in by_state.items()}
        rule = rule_of(source)
        rows += [
            Measure(
                participant,
                name,
                average(of, "no_trials"),
                source.unit,
                sum(i.n_used for i in of),
                0,
                rule,
            ),
            Measure(
                participant,
                f"{name}_change",
                difference(parts["attachment"], parts["control"]),
                source.unit,
                n["control"],
                n["attachment"],
                f"attachment - control; {rule}",
            ),
        ]
    return rows


def indices_of(indices: Sequence[Index], source: Source) -> list[Index]:
    """A person's runs of one index."""
    named = [i for i in indices if i.index == source.index]
    return [i for i in named if (i.task, i.condition) == (source.task, source.condition)]


def rule_of(source: Source) -> str:
    """How several runs become one value, in words."""
    return f"mean over runs of {source.task}: {source.index}, weighted by 1/SE^2"


def average(indices: Sequence[Index], reason: str) -> Estimate:
    """Several runs' values of an index, weighted by 1/SE²; one without an SE counts for nothing."""
    return weighted([Estimate(i.value, i.se, flags=i.flag) for i in indices], reason)


def weighted(estimates: Sequence[Estimate], reason: str) -> Estimate:
    """The mean of estimates weighted by 1/SE²; undefined for ``reason`` if there is none."""
    if not estimates:
        return undefined(reason)
    sure = [(e.value, e.se) for e in estimates if e.value is not None and e.se]
    if not sure:
        known = [flag for e in estimates for flag in e.flags if e.value is None]
        return undefined(*(dict.fromkeys(known) or ("no_se",)))
    weights = np.array([1 / se**2 for _, se in sure])
    value = float(weights @ np.array([value for value, _ in sure]) / weights.sum())
    return normal(value, 1 / float(np.sqrt(weights.sum())), "wald")


PRIMING = ("attachment_bias", "attachment_specificity", "dominance_bias", "priming")
"""Indices of the ambiguous words that become contrasts."""

SENSES = ("subordinate", "dominant")


def priming(participant: str, indices: Sequence[Index]) -> list[Measure]:
    """Priming of the ambiguous words: attachment less other sense, and by dominance; each SOA."""
    rows = []
    for index, condition in sorted(
        {(i.index, i.condition) for i in indices if i.task == "polysemy"}, key=_by_soa
    ):
        name = _priming_name(index, condition)
        if name is None:
            continue
        source = Source("polysemy", index, condition, "ln s")
        of = indices_of(indices, source)
        rows.append(
            Measure(
                participant,
                name,
                average(of, "no_trials"),
                source.unit,
                sum(i.n_used for i in of),
                0,
                rule_of(source),
            )
        )
    return rows


def _priming_name(index: str, condition: str) -> str | None:
    """A contrast's name from its index and condition; None for those that are no contrast."""
    if index not in PRIMING:
        return None
    if index != "priming":
        return index if condition == "all" else f"{index}_{condition}"
    sense = next((sense for sense in SENSES if condition.startswith(sense)), None)
    if sense is None:
        return None
    soa = condition.removeprefix(f"{sense}_")
    return f"priming_{sense}_soa_{soa}" if soa.isdigit() else f"priming_{sense}"


def _by_soa(entry: tuple[str, str]) -> tuple[int, str, int, str]:
    index, condition = entry
    stem, _, digits = condition.rpartition("_")
    return (
        PRIMING.index(index) if index in PRIMING else len(PRIMING),
        stem,
        int(digits) if digits.isdigit() else -1,
        condition,
    )


def key_of(index: Index) -> Key:
    """The run that an index belongs to, as the table of states names it."""
    return (index.participant, index.session or "", index.task, index.run)
