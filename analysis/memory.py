"""Memory for words as contrasts: the advantage of emotional words, and what a state takes of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import NormalDist

from analysis.index_contrasts import (
    Source,
    average,
    indices_of,
    key_of,
    rule_of,
    weighted,
)
from analysis.indices import Index
from analysis.intervals import Estimate, normal, undefined
from analysis.measure import Measure, difference
from analysis.states import STATES, Key, State

CLASSES = ("attachment", "emotional", "neutral")
"""Classes of the words, which are the conditions of the index."""

OUTCOMES = {"memory": "dprime", "criterion": "criterion"}
"""Sensitivity, and where the person draws the line: the beginning of the contrasts' names and the
index of the recognition task."""


def memories(
    participant: str, indices: Sequence[Index], states: Mapping[Key, State | None]
) -> list[Measure]:
    """D' and criterion by class of words, emotional less neutral, and that by state."""
    own = [i for i in indices if i.task == "recognition"]
    rows = [
        row
        for stem, index in OUTCOMES.items()
        if any(i.index == index for i in own)
        for row in _rows(participant, stem, index, own, states)
    ]
    return [*rows, _studied(participant, own)] if rows else []


def _rows(
    participant: str,
    stem: str,
    index: str,
    indices: Sequence[Index],
    states: Mapping[Key, State | None],
) -> list[Measure]:
    sources = {name: Source("recognition", index, name, "z") for name in CLASSES}
    rule = rule_of(sources["neutral"])
    levels = {name: _mean(indices, source, states, None) for name, source in sources.items()}
    rows = [
        Measure(participant, f"{stem}_{name}", estimate, "z", n, 0, f"{rule}, {name} words")
        for name, (estimate, n) in levels.items()
    ]
    advantages: dict[State | None, tuple[Estimate, int]] = {}
    wanted: tuple[State | None, ...] = (None, *STATES)
    for state in wanted:
        (first, n), (second, m) = (
            _mean(indices, sources[name], states, state) for name in ("emotional", "neutral")
        )
        advantages[state] = difference(first, second), n + m
    told = f"emotional - neutral words; {rule}"
    for state, (estimate, n) in advantages.items():
        name = f"{stem}_advantage" if state is None else f"{stem}_advantage_{state}"
        rows.append(Measure(participant, name, estimate, "z", n, 0, told))
    control, attachment = advantages["control"], advantages["attachment"]
    rows.append(
        Measure(
            participant,
            f"{stem}_gap",
            difference(control[0], attachment[0]),
            "z",
            control[1],
            attachment[1],
            f"control - attachment of: {told}",
        )
    )
    return rows


def _mean(
    indices: Sequence[Index],
    source: Source,
    states: Mapping[Key, State | None],
    state: State | None,
) -> tuple[Estimate, int]:
    """A class's value over the runs in a state (None: in any), and its trials."""
    every = indices_of(indices, source)
    of = [i for i in every if state is None or states.get(key_of(i)) == state]
    reason = f"no_{state}_run" if every and state else "no_words"
    return average(of, reason), sum(i.n_used for i in of)


def _studied(participant: str, indices: Sequence[Index]) -> Measure:
    """The same gap by the state in which the old words were shown, not that of the test."""
    runs: dict[Key, dict[tuple[str, str], Index]] = {}
    for i in indices:
        runs.setdefault(key_of(i), {})[i.index, i.condition] = i
    estimate = weighted([_studied_gap(of) for _, of in sorted(runs.items())], "no_words")
    n = {
        state: sum(
            i.n_used
            for i in indices
            if i.index == "dprime"
            and i.condition in (f"emotional_after_{state}", f"neutral_after_{state}")
        )
        for state in STATES
    }
    return Measure(
        participant,
        "memory_studied_gap",
        estimate,
        "z",
        n["control"],
        n["attachment"],
        "(emotional - neutral words in d'), shown in the control - in the attachment state; mean "
        "over runs, weighted by 1/SE^2; the new words of a class are the same and drop out",
    )


def _studied_gap(of: Mapping[tuple[str, str], Index]) -> Estimate:
    return difference(_by_study(of, "emotional"), _by_study(of, "neutral"))


def _by_study(of: Mapping[tuple[str, str], Index], name: str) -> Estimate:
    """A class's d' after the control less after the attachment state, from one run.

    Both use the same new words: their rate drops out of the difference, and so must its variance.
    """
    control, attachment = (
        of.get(("dprime", f"{name}_after_{state}")) for state in ("control", "attachment")
    )
    alarms = of.get(("false_alarm_rate", name))
    if control is None or attachment is None or alarms is None:
        return undefined("no_state")
    if control.value is None or attachment.value is None:
        return undefined(*dict.fromkeys((*control.flag, *attachment.flag)))
    if not control.se or not attachment.se or alarms.value is None:
        return undefined("no_se")
    n = alarms.n_used
    rate = (alarms.value * n + 0.5) / (n + 1)
    density = NormalDist().pdf(NormalDist().inv_cdf(rate))
    shared = rate * (1 - rate) / (n * density**2)
    variance = control.se**2 + attachment.se**2 - 2 * shared
    return normal(control.value - attachment.value, math.sqrt(variance), "wald")


def gap(cells: Mapping[tuple[str, str], Estimate]) -> Estimate:
    """The advantage of emotional words in the control less that in the attachment state.

    Keys are state and class of words. Undefined if one of the four cells is.
    """
    signs = {
        ("control", "emotional"): 1,
        ("control", "neutral"): -1,
        ("attachment", "emotional"): -1,
        ("attachment", "neutral"): 1,
    }
    parts = [(sign, cells.get(key)) for key, sign in signs.items()]
    known = [(s, e.value, e.se) for s, e in parts if e is not None and e.value is not None and e.se]
    if len(known) < len(signs):
        return undefined("missing_cells")
    value = sum(sign * value for sign, value, _ in known)
    return normal(value, math.sqrt(sum(se**2 for _, _, se in known)), "wald")
