"""The table of contrasts: every person's values, beside what is left of them without the noise."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

from analysis.measure import Measure, even_se
from analysis.shrink import Pooled, pool, shrunk
from analysis.tables import as_json, tsv


@dataclass(frozen=True, kw_only=True)
class Contrast:
    """One row of the table of contrasts; ``None`` where something is not defined."""

    participant: str
    contrast: str
    value: float | None
    se: float | None
    ci_low: float | None
    ci_high: float | None
    shrunk: float | None
    shrunk_se: float | None
    reliability: float | None
    """Of the whole study's values of this contrast."""
    unit: str
    n_control: int
    n_attachment: int
    method: str
    flag: tuple[str, ...]


def pooled_by(
    found: Iterable[Measure], keep: Callable[[Measure], bool] = lambda _: True
) -> dict[str, Pooled]:
    """The random-effects model of each contrast that anybody has, over the people that count."""
    return {
        name: pool([m.estimate.value or 0.0 for m in of], even_se(of))
        for name, of in _by_name(m for m in found if keep(m)).items()
    }


def _by_name(found: Iterable[Measure]) -> dict[str, list[Measure]]:
    """The measures that have a value and a standard error, by contrast."""
    by_name: dict[str, list[Measure]] = {}
    for measure in found:
        if measure.estimate.value is not None and measure.estimate.se:
            by_name.setdefault(measure.contrast, []).append(measure)
    return by_name


def contrasts(found: Sequence[Measure]) -> list[Contrast]:
    """The rows of the table: every value beside its shrunk one and the study's reliability.

    With one person there is nothing to shrink towards: both stay ``None``, flag ``one_person``.
    """
    drawn: dict[int, _Drawn] = {}
    for of in _by_name(found).values():
        values, noise = [m.estimate.value or 0.0 for m in of], even_se(of)
        pooled = pool(values, noise)
        parts = zip(of, *shrunk(values, noise, pooled), strict=True)
        drawn |= {id(m): _Drawn(pooled, float(value), float(se)) for m, value, se in parts}
    return [_row(measure, drawn.get(id(measure))) for measure in found]


@dataclass(frozen=True)
class _Drawn:
    """A person's value drawn towards those of the others."""

    pooled: Pooled
    value: float
    se: float


def _row(measure: Measure, drawn: _Drawn | None) -> Contrast:
    e = measure.estimate
    alone = drawn is not None and drawn.pooled.n < 2
    known = None if alone else drawn
    return Contrast(
        participant=measure.participant,
        contrast=measure.contrast,
        value=e.value,
        se=e.se,
        ci_low=e.ci_low,
        ci_high=e.ci_high,
        shrunk=known.value if known else None,
        shrunk_se=known.se if known else None,
        reliability=known.pooled.reliability if known else None,
        unit=measure.unit,
        n_control=measure.n_control,
        n_attachment=measure.n_attachment,
        method=measure.method,
        flag=(*e.flags, *(("one_person",) if alone else ())),
    )


COLUMNS = tuple(entry.name for entry in fields(Contrast))

DESCRIPTIONS = {
    "mentalising": "logit of right answers in the Eyes test over all runs, in whatever state",
    "mentalising_control": "the same over runs in the control state",
    "mentalising_attachment": "the same over runs in the attachment state",
    "cost": "attachment-contingent cost: control less attachment; above 0: worse when active",
    "cost_control_judgement": "the same for the control judgement (age or sex) of the same eyes",
    "specific_cost": "cost less cost_control_judgement",
    "slope_<slider>": "change of logit accuracy per 10 points of that slider, within the person",
    "slope_pleasure_<valence>": "that on negative, neutral or positive items",
    "slope_pleasure_negative_less_positive": "that on negative less that on positive items",
    "trust_slope": "slope of ratings on norms over runs: sensitivity",
    "trust_dprime": "d' of trustworthy against untrustworthy faces over runs: sensitivity",
    "trust_bias": "mean of rating less norm over runs",
    "trust_criterion": "criterion of the same faces over runs: bias",
    "trust_consistency": "mean distance of two ratings of a face; small is steady",
    "moral_<index>": "that index of the moral task over runs",
    "ln_k": "ln of the discount rate over runs",
    "<name>_change": "that in the attachment state less that in the control state",
    "attachment_bias": "priming by the attachment sense less that by the other sense",
    "attachment_specificity": "priming by the attachment sense less that of emotional words",
    "priming_subordinate": "priming by the sense that is seldom meant, of either kind",
    "priming_dominant": "priming by the sense that is mostly meant",
    "dominance_bias": "the dominant less the subordinate",
    "<name>_soa_<ms>": "that at one SOA",
    "memory_<class>": "d' of recognition of words of a class over runs",
    "memory_advantage": "emotional less neutral words in d'; also by state",
    "memory_gap": "(emotional - neutral d') in the control less that in the attachment state",
    "memory_studied_gap": "the same by the state in which the old words were shown",
    "criterion_<class>": "criterion of the same; above 0: rather new",
    "criterion_advantage": "emotional less neutral words in the criterion; also by state",
    "criterion_gap": "that in the control less that in the attachment state",
}

FLAGS = {
    "no_control_run": "undefined: no run of the task in the control state",
    "no_attachment_run": "undefined: no run of the task in the attachment state",
    "few_runs": "undefined: fewer than two runs with this slider before them",
    "same_affect": "undefined: the slider stood the same before every run",
    "no_item_valence": "undefined: the valence of the items is not known",
    "no_words": "undefined: no word of this class was tested",
    "no_state": "undefined: no old word was shown in a state",
    "missing_cells": "undefined: a class of words is missing in a state",
    "forms_differ": "the states had different items of unknown difficulty: it is in the value",
    "no_se": "no standard error, so the value takes no part in the pooling",
    "one_person": "not shrunk: nobody else has this contrast",
    "no_trials": "undefined: no run of the task",
    "no_answers": "undefined: no trial was answered",
}


def contrasts_tsv(rows: Iterable[Contrast]) -> bytes:
    """The table of contrasts, by participant."""
    return tsv(COLUMNS, ([getattr(row, name) for name in COLUMNS] for row in rows))


def contrasts_json() -> bytes:
    """The data dictionary that lies beside it."""
    said: dict[str, Any] = {
        "participant": {"Description": "label of the participant"},
        "contrast": {"Description": "name of the contrast", "Levels": DESCRIPTIONS},
        "value": {"Description": "the person's own value; n/a if undefined, reason in flag"},
        "se": {"Description": "standard error from the person's own trials"},
        "ci_low": {"Description": "lower end of the 95 % interval of value"},
        "ci_high": {"Description": "upper end of the 95 % interval of value"},
        "shrunk": {"Description": "value drawn to the mean: m + (value - m) tau^2/(tau^2 + se^2)"},
        "shrunk_se": {"Description": "posterior SD of shrunk with m and tau^2 taken as known"},
        "reliability": {
            "Description": "tau^2/(tau^2 + mean se^2) over the study's people: share of the "
            "differences between people that is no noise; the same in all rows of a contrast. For "
            "logits se^2 is the mean over people for as many trials, here and in shrunk"
        },
        "unit": {"Description": "unit of value, se, ci_low, ci_high, shrunk and shrunk_se"},
        "n_control": {
            "Description": "trials in the control state; all trials where no states are compared"
        },
        "n_attachment": {"Description": "trials in the attachment state"},
        "method": {"Description": "the rule"},
        "flag": {"Description": "marks and reasons, separated by |", "Levels": FLAGS},
    }
    return as_json(said)
