"""Moral judgements as contrasts: those of a list of indices that a run of the moral task has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analysis.index_contrasts import Source, changes
from analysis.indices import Index
from analysis.measure import Measure
from analysis.states import Key, State

MORAL: Mapping[str, Source] = {
    f"moral_{name}": Source("moral", index, condition, "points")
    for name, index, condition in (
        ("intent_weight", "intent_weight", "all"),
        ("outcome_weight", "outcome_weight", "all"),
        ("accidental", "severity", "accidental"),
        ("severity", "severity", "all"),
        ("close_less_stranger", "severity_difference", "close-stranger"),
    )
}
"""Indices of the moral task that prediction 3 takes, those that are there: what was meant and what
happened, blame for an accident, severity as a whole, and what being close does to it."""


def judgements(
    participant: str, indices: Sequence[Index], states: Mapping[Key, State | None]
) -> list[Measure]:
    """Every moral index that a person has, and its change from state to state."""
    have = {(i.index, i.condition) for i in indices if i.task == "moral"}
    sources = {
        name: source for name, source in MORAL.items() if (source.index, source.condition) in have
    }
    return changes(participant, indices, states, sources)
