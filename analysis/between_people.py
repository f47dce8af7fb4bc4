"""Rows about how people's contrasts go with each other and with other scores of the same people."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from analysis.association import (
    FEWEST,
    Correlated,
    correlation,
    partial_correlation,
    theil_sen,
)
from analysis.contrast_table import pooled_by
from analysis.doses import STEP_POINTS
from analysis.intervals import undefined
from analysis.robust import huber
from analysis.shrink import Floats
from analysis.study import REML, Row, Study, missing, pooled_row, row_of, values_of

COVARIATES = ("vocabulary", "age", "sex", "trauma")
"""What is taken out of correlations of judgement with mentalising, where it is known."""


def correlations(study: Study, prediction: str, a: str, b: str) -> list[Row]:
    """Two contrasts' correlation over people, as found and disattenuated."""
    _, x, y, reliabilities = _pairs(study, a, b)
    found = correlation(x, y, *reliabilities)
    return _correlated(prediction, f"r of {a} and {b}", found, "Pearson over people")


def partial_correlations(study: Study, prediction: str, a: str, b: str) -> list[Row]:
    """The same of what is left when the covariates are taken out that are known of most people."""
    people, x, y, reliabilities = _pairs(study, a, b)
    used = [
        name
        for name, of in study.covariates.items()
        if 2 * sum(person in of for person in people) > len(people)
        and len({of[person] for person in people if person in of}) > 1
    ]
    table = np.array(
        [[study.covariates[name].get(person, math.nan) for name in used] for person in people]
    ).reshape(len(people), len(used))
    found = partial_correlation(x, y, table, *reliabilities)
    if not used:
        found = Correlated(undefined("no_covariate"), undefined("no_covariate"), len(people))
    rows = _correlated(prediction, f"partial r of {a} and {b}", found, "Pearson over people")
    lacking = [name for name in COVARIATES if not any(u.partition("_")[0] == name for u in used)]
    told = "; ".join(
        part
        for part in (
            f"taken out: {', '.join(used)}" if used else "",
            f"not known: {', '.join(lacking)}" if lacking else "",
        )
        if part
    )
    return [replace(row, note="; ".join(part for part in (row.note, told) if part)) for row in rows]


def _pairs(
    study: Study, a: str, b: str
) -> tuple[list[str], Floats, Floats, tuple[float | None, float | None]]:
    """People with both contrasts, their values, and the contrasts' reliabilities."""
    first, second = values_of(study, a), values_of(study, b)
    ys = dict(zip(second.people, second.y, strict=True))
    both = [(p, x, ys[p]) for p, x in zip(first.people, first.y, strict=True) if p in ys]
    known = pooled_by(study.measures, keep=lambda m: m.contrast in (a, b))
    of_a, of_b = (known[name].reliability if name in known else None for name in (a, b))
    return (
        [p for p, _, _ in both],
        np.array([x for _, x, _ in both], dtype=float),
        np.array([y for _, _, y in both], dtype=float),
        (of_a, of_b),
    )


def _correlated(prediction: str, quantity: str, found: Correlated, rule: str) -> list[Row]:
    rule = f"{rule}, Fisher interval"
    return [
        row_of(prediction, quantity, found.attenuated, n=found.n, method=rule),
        row_of(
            prediction,
            f"disattenuated {quantity}",
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


def regression(
    study: Study,
    prediction: str,
    outcome: str,
    terms: Mapping[str, Mapping[str, float]],
    *,
    product_of: tuple[str, str] | None = None,
) -> list[Row]:
    """Robust regression of a contrast on standardised scores of people, a row a term.

    ``product_of`` adds the product of two of the standardised terms.
    """
    values = values_of(study, outcome)
    kept = [k for k, p in enumerate(values.people) if all(p in of for of in terms.values())]
    people = [values.people[k] for k in kept]
    columns = {name: _standardised([of[person] for person in people]) for name, of in terms.items()}
    if product_of:
        columns[" x ".join(product_of)] = columns[product_of[0]] * columns[product_of[1]]
    design = np.column_stack([np.ones(len(people)), *columns.values()])
    fitted = huber(values.y[kept], design)
    reason = "no_phenotype_table" if not all(terms.values()) else None
    if reason is None and not values.people:
        reason = missing(study, outcome)
    return [
        row_of(
            prediction,
            f"{outcome} on {name}, robust",
            undefined(reason) if reason else estimate,
            n=fitted.n,
            df=fitted.df if estimate.ci_low is not None else None,
            method="Huber's M-estimate (k 1.345, MAD), logit per SD of the score, all terms of "
            f"{' + '.join(columns)} together; t interval",
        )
        for name, estimate in zip(columns, fitted.coefficients[1:], strict=True)
    ]


def _standardised(scores: Sequence[float]) -> Floats:
    of = np.array(scores, dtype=float)
    spread = float(of.std(ddof=1)) if len(of) > 1 else 0.0
    result: Floats = (of - of.mean()) / spread if spread > 0 else np.zeros(len(of))
    return result


def moderation(
    study: Study, prediction: str, outcome: str, by: str, of: Mapping[str, float]
) -> Row:
    """How a contrast goes with something else that is known of people, by random effects."""
    values = values_of(study, outcome)
    kept = [k for k, person in enumerate(values.people) if person in of]
    those = values.only(kept)
    x = np.array([of[person] for person in those.people], dtype=float)
    quantity = f"{outcome} per 10 points of {by}"
    method = f"{REML}, {by} about its mean"
    if len(kept) < FEWEST or np.ptp(x) == 0:
        reason = missing(study, outcome) if not values.people else "few_people"
        if len(kept) >= FEWEST:
            reason = "same_affect"
        return row_of(prediction, quantity, undefined(reason), n=len(kept), method=method)
    columns = np.column_stack([np.ones(len(x)), (x - x.mean()) / STEP_POINTS])
    return pooled_row(prediction, quantity, those, columns, [0.0, 1.0], method=method)
