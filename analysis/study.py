"""What a prediction's rows are made of: reliability, means, differences, equivalence.

A value is estimated in two stages: each person's contrast with its standard error, then a
random-effects model over people. What is not defined becomes a row with its reason.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from scipy.special import stdtr

from analysis.formulas import FORMULAS
from analysis.intervals import Estimate, undefined
from analysis.measure import Measure, even_se
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
    covariates: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Age, sex, vocabulary, trauma, as far as they are known, by participant."""
    alphas: Mapping[str, Estimate] = field(default_factory=dict)
    """Alpha of the questionnaires' scales, by ``instrument.scale``."""

    @cached_property
    def by_contrast(self) -> Mapping[str, Sequence[Measure]]:
        """The measures of each contrast."""
        found: dict[str, list[Measure]] = {}
        for measure in self.measures:
            found.setdefault(measure.contrast, []).append(measure)
        return found


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
    """For the weights over people: of logits from the number of trials alone."""
    own_se: Floats
    """From the person's own answers."""

    def only(self, kept: Sequence[int]) -> Values:
        """Those of some of the people."""
        of = list(kept)
        return Values(tuple(self.people[k] for k in of), self.y[of], self.se[of], self.own_se[of])


def values_of(study: Study, contrast: str) -> Values:
    """A contrast of all people who have it and its standard error, in the order of their labels."""
    of = sorted(
        (
            m
            for m in study.by_contrast.get(contrast, ())
            if m.estimate.value is not None and m.estimate.se
        ),
        key=lambda m: m.participant,
    )
    return Values(
        tuple(m.participant for m in of),
        np.array([m.estimate.value for m in of], dtype=float),
        even_se(of),
        np.array([m.estimate.se for m in of], dtype=float),
    )


def missing(study: Study, contrast: str) -> str:
    """Why nobody has a contrast: the commonest reasons of the people."""
    flags = [flag for m in study.by_contrast.get(contrast, ()) for flag in m.estimate.flags]
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
    if np.any(values.se != values.own_se):
        method += "; variances averaged over people"
    n = len(values.people)
    if n < 2:
        why = "one_person" if n else missing(study, contrast)
        return row_of(prediction, f"reliability of {contrast}", undefined(why), n=n, method=method)
    pooled = pool(values.y, values.se)
    note = (
        f"true SD {math.sqrt(pooled.tau2):.3g}, typical standard error of a person "
        f"{math.sqrt(pooled.noise2):.3g}"
    )
    if np.any(values.se != values.own_se):
        own = pool(values.y, values.own_se).reliability
        note += f"; weighted by each person's own standard error {own:.3g}"
    return row_of(
        prediction,
        f"reliability of {contrast}",
        Estimate(pooled.reliability),
        n=n,
        method=method,
        note=note,
    )


def scale_reliability(study: Study, prediction: str, scale: str) -> Row:
    """Alpha of a questionnaire's scale in this study, with Feldt's interval."""
    known = study.alphas.get(scale)
    n = len(study.scales.get(scale, {}))
    return row_of(
        prediction,
        f"reliability of {scale}",
        known or undefined("no_items" if n else "no_phenotype_table"),
        n=n,
        method="Cronbach's alpha over the scale's items; Feldt's interval",
    )


def effects(study: Study, prediction: str, contrast: str) -> list[Row]:
    """The mean over everybody, in each group, and the groups' difference."""
    values = values_of(study, contrast)
    n = len(values.people)
    rows = [
        pooled_row(prediction, f"{contrast}: mean", values, np.ones((n, 1)), [1.0])
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


def pooled_row(
    prediction: str,
    quantity: str,
    values: Values,
    X: Floats,  # noqa: N803  X is the design matrix's name
    weights: Sequence[float],
    *,
    method: str = REML,
    note: str = "",
) -> Row:
    """A sum of coefficients of the random-effects model, ``weights`` by column of ``X``."""
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
    return values.only(kept), columns


def _by_group(study: Study, prediction: str, contrast: str) -> list[Row]:
    values = values_of(study, contrast)
    groups = _two_groups(study, values)
    if isinstance(groups, str):
        return []
    kept, columns = _grouped(study, values, groups)
    rows = []
    for k, group in enumerate(groups):
        mine = columns[:, k] == 1
        of = kept.only([int(place) for place in np.flatnonzero(mine)])
        one = np.ones((len(of.people), 1))
        rows.append(pooled_row(prediction, f"{contrast}: mean in {group}", of, one, [1.0]))
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
    return pooled_row(
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
    value, se, low, high = pool(kept.y, kept.se, columns).interval([1.0, -1.0], TOST_LEVEL)
    above, below = (
        float(stdtr(row.df, -(BOUND_LOGIT + sign * value) / se)) if se > 0 else math.nan
        for sign in (1, -1)
    )
    note = (
        f"two one-sided tests: p = {above:.3g} (above -{BOUND_LOGIT:g}), p = {below:.3g} (below "
        f"{BOUND_LOGIT:g})"
    )
    return replace(row, quantity=quantity, ci_low=low, ci_high=high, method=method, note=note)
