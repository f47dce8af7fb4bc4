"""Prediction 3: judgement of others goes with mentalising.

Sensitivity and bias of trust each by themselves: one may go with mentalising and the other not.
"""

from __future__ import annotations

from analysis.between_people import correlations, partial_correlations
from analysis.index_contrasts import TRUST
from analysis.intervals import undefined
from analysis.judgement import MORAL
from analysis.study import Row, Study, reliability, row_of

ALWAYS = ("trust_slope", "trust_bias")
"""Sensitivity and bias, in the table whether or not they were measured."""


def rows(study: Study) -> list[Row]:
    """Correlations with mentalising, as found and freed of noise, plain and partial."""
    measured = {m.contrast for m in study.measures if m.estimate.value is not None}
    judged = [name for name in (*TRUST, *MORAL) if name in ALWAYS or name in measured]
    found = [reliability(study, "3", name) for name in ("mentalising", *judged)]
    for name in judged:
        found += correlations(study, "3", name, "mentalising")
        found += partial_correlations(study, "3", name, "mentalising")
    return found if measured & set(MORAL) else [*found, _no_moral_task(study)]


def _no_moral_task(study: Study) -> Row:
    tried = any(m.contrast in MORAL for m in study.measures)
    return row_of(
        "3",
        "r of moral judgement and mentalising",
        undefined("no_moral_index" if tried else "no_moral_task"),
        n=0,
        method="Pearson over people, Fisher interval",
    )
