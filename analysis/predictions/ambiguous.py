"""Prediction 6: ambiguous words more readily activate the attachment system in borderline disorder.

What is expected is more priming by the attachment sense at the long SOA, when the context should
long have chosen a sense, or by senses that are seldom meant.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from analysis.intervals import Estimate, undefined
from analysis.measure import Measure
from analysis.study import Row, Study, effects, reliability

BIAS = "attachment_bias"
OTHERS = ("attachment_specificity", "priming_subordinate", "dominance_bias")
"""Against emotional words of another kind; of the rarer sense; of the common less the rarer one."""


def rows(study: Study) -> list[Row]:
    """The bias over SOAs, at each, longest less shortest; then specificity and rarer senses."""
    measured = {m.contrast for m in study.measures}
    more: list[Measure] = []
    names: list[str] = []
    for stem in (BIAS, *OTHERS):
        soas = _soas(study, stem)
        if stem != BIAS and stem not in measured:
            continue
        names += [stem, *(f"{stem}_soa_{soa}" for soa in soas)]
        if len(soas) > 1:
            more += _long_less_short(study, stem, soas)
            names.append(f"{stem}_long_less_short")
    both = replace(study, measures=[*study.measures, *more])
    return [
        *(reliability(both, "6", name) for name in names),
        *(row for name in names for row in effects(both, "6", name)),
    ]


def _soas(study: Study, stem: str) -> list[int]:
    return sorted(
        {
            int(soa)
            for measure in study.measures
            for soa in [measure.contrast.removeprefix(f"{stem}_soa_")]
            if soa.isdigit()
        }
    )


def _long_less_short(study: Study, stem: str, soas: Sequence[int]) -> list[Measure]:
    """Each person's value at the longest SOA less that at the shortest."""
    short, long = (
        {m.participant: m for m in study.measures if m.contrast == f"{stem}_soa_{soa}"}
        for soa in (soas[0], soas[-1])
    )
    return [
        Measure(
            participant,
            f"{stem}_long_less_short",
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
