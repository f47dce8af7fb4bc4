"""What a prediction's rows are made of: means, differences, equivalence, correlations, slopes.

A value is estimated in two stages: each person's contrast with its standard error, then a
random-effects model over people. What is not defined becomes a row with its reason.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from analysis.association import correlation, theil_sen
from analysis.contrast import Measure
from analysis.contrast_table import pooled_by
from analysis.formulas import FORMULAS
from analysis.intervals import Estimate, undefined
from analysis.shrink import Floats, pool
from analysis.states import InState

BOUND_LOGIT = 0.25
"""Half width of the range in which a group difference counts as none: a choice, to be argued."""

TOST_LEVEL = 0.90
"""Two one-sided tests at 5 % are a 90 % interval that lies within the bounds."""

REML = "random effects by REML over people, t interval after Knapp & Hartung"


@dataclass(frozen=True)
class Study:
    """All that the predictions are estimated from."""

    measures: Sequence[Measure]
    groups: Mapping[str, str] = field(default_factory=dict)
    """Group by participant, from the column ``group`` of participants.tsv."""
    scales: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Scores by ``instrument.scale`` and participant, from the phenotype tables."""
    states: Sequence[InState] = ()


@dataclass(frozen=True)
class Row:
    """One row of the study table; ``None`` where something is not defined."""

    prediction: str
    quantity: str
    formula: str
    """The model for R (lme4) on single trials that asks the same question."""
    estimate: float | None
    se: float | None
    ci_low: float | None
    ci_high: float | None
    n: int
    df: float | None
    method: str
    note: str


@dataclass(frozen=True)
class Values:
    """A contrast over the people who have it, with a standard error."""

    people: tuple[str, ...]
    y: Floats
    se: Floats


def values_of(study: Study, contrast: str) -> Values:
    """A contrast of all people who have it and its standard error, in the order of their labels."""
    of = sorted(
        (m.participant, m.estimate.value, m.estimate.se)
        for m in study.measures
        if m.contrast == contrast and m.estimate.value is not None and m.estimate.se
    )
    return Values(
        tuple(person for person, _, _ in of),
        np.array([value for _, value, _ in of], dtype=float),
        np.array([se for _, _, se in of], dtype=float),
    )


def missing(study: Study, contrast: str) -> str:
    """Why nobody has a contrast: the commonest reasons of the people."""
    flags = [flag for m in study.measures if m.contrast == contrast for flag in m.estimate.flags]
    return ", ".join(sorted(set(flags), key=lambda f: (-flags.count(f), f))[:2]) or "no_data"


def row_of(
    prediction: str,
    quantity: str,
    estimate: Estimate,
    *,
    n: int,
    df: float | None = None,
    method: str,
    note: str = "",
) -> Row:
    """A row of a prediction from an estimate; its flags are the note unless one is given."""
    return Row(
        prediction=prediction,
        quantity=quantity,
        formula=FORMULAS[prediction],
        estimate=estimate.value,
        se=estimate.se,
        ci_low=estimate.ci_low,
        ci_high=estimate.ci_high,
        n=n,
        df=df,
        method=method,
        note=note or ", ".join(estimate.flags),
    )


def reliability(study: Study, prediction: str, contrast: str) -> Row:
    """How much of the differences between people in a contrast is no noise, with both SDs."""
    values = values_of(study, contrast)
    method = "tau^2/(tau^2 + mean se^2), tau^2 by REML over people"
    n = len(values.people)
    if n < 2:
        why = "one_person" if n else missing(study, contrast)
        return row_of(prediction, f"reliability of {contrast}", undefined(why), n=n, method=method)
    pooled = pool(values.y, values.se)
    note = (
        f"true SD {math.sqrt(pooled.tau2):.3g}, typical standard error of a person "
        f"{math.sqrt(pooled.noise2):.3g}; by moments {_by_moments(values):.3g}"
    )
    return row_of(
        prediction,
        f"reliability of {contrast}",
        Estimate(pooled.reliability),
        n=n,
        method=method,
        note=note,
    )


def _by_moments(values: Values) -> float:
    """The same share as 1 - mean se^2 / variance of the values, every person weighing alike.

    Extreme scores of few trials have large errors. REML gives them little weight and then finds
    people more alike than they are; this estimate does not, but varies more from study to study.
    """
    variance = float(np.var(values.y, ddof=1))
    return max(0.0, 1 - float(np.mean(values.se**2)) / variance) if variance > 0 else 0.0


def effects(study: Study, prediction: str, contrast: str) -> list[Row]:
    """The mean over everybody, in each group, and the groups' difference."""
    values = values_of(study, contrast)
    n = len(values.people)
    rows = [
        _pooled_row(prediction, f"{contrast}: mean", values, np.ones((n, 1)), [1.0])
        if n
        else row_of(
            prediction,
            f"{contrast}: mean",
            undefined(missing(study, contrast)),
            n=0,
            method=REML,
        )
    ]
    return [
        *rows,
        *_by_group(study, prediction, contrast),
        difference(study, prediction, contrast),
    ]


def _pooled_row(
    prediction: str,
    quantity: str,
    values: Values,
    X: Floats,  # noqa: N803  X is the design matrix's name
    weights: Sequence[float],
    *,
    method: str = REML,
    note: str = "",
) -> Row:
    fitted = pool(values.y, values.se, X)
    value, se, low, high = fitted.interval(weights)
    if fitted.df < 1:
        alone = Estimate(value, float(values.se[0]) if fitted.n == 1 else None)
        return row_of(
            prediction,
            quantity,
            alone.flagged("few_people"),
            n=fitted.n,
            df=0,
            method=method,
        )
    return row_of(
        prediction,
        quantity,
        Estimate(value, se, low, high, "t"),
        n=fitted.n,
        df=fitted.df,
        method=method,
        note=note,
    )


def _two_groups(study: Study, values: Values) -> tuple[str, str] | str:
    """The two groups by name, or why they cannot be compared."""
    groups = sorted({study.groups[p] for p in values.people if p in study.groups})
    if len(groups) != 2:
        return {0: "no_group", 1: "one_group"}.get(len(groups), "more_than_two_groups")
    return groups[0], groups[1]


def _grouped(study: Study, values: Values, groups: tuple[str, str]) -> tuple[Values, Floats]:
    """Those of the people who are in a group, and a column for each group."""
    kept = [k for k, person in enumerate(values.people) if study.groups.get(person) in groups]
    people = tuple(values.people[k] for k in kept)
    columns = np.array([[float(study.groups[p] == group) for group in groups] for p in people])
    return Values(people, values.y[kept], values.se[kept]), columns


def _by_group(study: Study, prediction: str, contrast: str) -> list[Row]:
    values = values_of(study, contrast)
    groups = _two_groups(study, values)
    if isinstance(groups, str):
        return []
    kept, columns = _grouped(study, values, groups)
    rows = []
    for k, group in enumerate(groups):
        mine = columns[:, k] == 1
        of = Values(
            tuple(p for p, own in zip(kept.people, mine, strict=True) if own),
            kept.y[mine],
            kept.se[mine],
        )
        one = np.ones((len(of.people), 1))
        rows.append(_pooled_row(prediction, f"{contrast}: mean in {group}", of, one, [1.0]))
    return rows


def difference(study: Study, prediction: str, contrast: str) -> Row:
    """The two groups' difference in a contrast, the group first in the alphabet less the other."""
    values = values_of(study, contrast)
    groups = _two_groups(study, values) if values.people else missing(study, contrast)
    method = f"{REML}; one tau^2 for both groups"
    if isinstance(groups, str):
        return row_of(
            prediction,
            f"{contrast}: difference of groups",
            undefined(groups),
            n=len(values.people),
            method=method,
        )
    kept, columns = _grouped(study, values, groups)
    return _pooled_row(
        prediction,
        f"{contrast}: {groups[0]} - {groups[1]}",
        kept,
        columns,
        [1.0, -1.0],
        method=method,
    )


def equivalence(study: Study) -> Row:
    """The groups' difference in the control state, with the interval of two one-sided tests."""
    row = difference(study, "1", "mentalising_control")
    quantity = f"equivalence, {row.quantity}"
    method = f"{row.method}; {TOST_LEVEL:.0%} interval (TOST), bounds +-{BOUND_LOGIT:g} logit"
    values = values_of(study, "mentalising_control")
    groups = _two_groups(study, values)
    if row.estimate is None or row.df is None or row.df < 1 or isinstance(groups, str):
        return replace(row, quantity=quantity, method=method)
    kept, columns = _grouped(study, values, groups)
    _, _, low, high = pool(kept.y, kept.se, columns).interval([1.0, -1.0], TOST_LEVEL)
    return replace(row, quantity=quantity, ci_low=low, ci_high=high, method=method)


def correlations(study: Study, prediction: str, a: str, b: str) -> list[Row]:
    """Two contrasts' correlation over people, as found and disattenuated."""
    first, second = values_of(study, a), values_of(study, b)
    y = dict(zip(second.people, second.y, strict=True))
    both = [(x, y[p]) for p, x in zip(first.people, first.y, strict=True) if p in y]
    known = pooled_by(study.measures)
    reliabilities = [known[name].reliability if name in known else None for name in (a, b)]
    found = correlation([x for x, _ in both], [y for _, y in both], *reliabilities)
    rule = "Pearson over people, Fisher interval"
    return [
        row_of(prediction, f"r of {a} and {b}", found.attenuated, n=found.n, method=rule),
        row_of(
            prediction,
            f"disattenuated r of {a} and {b}",
            found.disattenuated,
            n=found.n,
            method=f"{rule}; both divided by the root of the product of the reliabilities above",
        ),
    ]


def slope(study: Study, prediction: str, scale: str, outcome: str) -> Row:
    """Change of a contrast per point of a questionnaire's scale."""
    scores = study.scales.get(scale, {})
    values = values_of(study, outcome)
    both = [(scores[p], y) for p, y in zip(values.people, values.y, strict=True) if p in scores]
    estimate = theil_sen([x for x, _ in both], [y for _, y in both])
    if not scores:
        estimate = undefined("no_phenotype_table")
    elif not values.people:
        estimate = undefined(missing(study, outcome))
    return row_of(
        prediction,
        f"slope of {outcome} on {scale}",
        estimate,
        n=len(both),
        method="Theil-Sen: median of the slopes of all pairs of people; interval after Sen 1968",
    )
