"""How much was right in the Eyes test, and what that depends on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from analysis.eyes.judgement import (
    Judgement,
    chance_flag,
    chance_p,
    judgement_of,
    missed_flag,
    no_chance,
    share_of,
    style_flag,
)
from analysis.indices import MISSED_LIMIT, Index, index_of
from analysis.intervals import (
    Estimate,
    log_odds_difference,
    normal,
    proportion,
    undefined,
)
from analysis.logistic import ability, ridge_logistic
from analysis.read import Run, Trial, number


def accuracy_rows(run: Run, mental: Judgement) -> list[Index]:
    """Right answers, as a count and a share, and against guessing."""
    flags = (*chance_flag(mental), *missed_flag(mental), *style_flag(mental))
    share = proportion(len(mental.correct), len(mental.answered)).flagged(*flags)
    n = (len(mental.answered), mental.n)
    p = chance_p(mental)
    guessed = undefined(no_chance(mental)) if p is None else Estimate(p)
    return [
        index_of(
            run,
            "total",
            share.scaled(max(1, len(mental.answered))),
            unit="items",
            method="count correct; practice out; missed are no errors",
            n=n,
        ),
        index_of(
            run,
            "accuracy",
            share,
            unit="proportion",
            method="correct/answered; practice out",
            n=n,
        ),
        index_of(
            run,
            "chance_p",
            guessed.flagged(*chance_flag(mental)),
            unit="probability",
            method="exact binomial, P(this many or more); chance=1/words",
            n=n,
        ),
    ]


def omission_rows(run: Run, mental: Judgement) -> list[Index]:
    """Trials without an answer in time."""
    missed = sum(trial.missed for trial in mental.trials)
    n = (mental.n, mental.n)
    none = undefined("no_trials")
    return [
        index_of(
            run,
            "n_missed",
            Estimate(missed) if mental.n else none,
            unit="trials",
            method="trials without an answer in time; practice out",
            n=n,
        ),
        index_of(
            run,
            "omission_rate",
            proportion(missed, mental.n).flagged(*missed_flag(mental)) if mental.n else none,
            unit="proportion",
            method=f"missed/trials; flagged above {MISSED_LIMIT:g}",
            n=n,
        ),
    ]


def valence_rows(run: Run, mental: Judgement) -> list[Index]:
    """Accuracy by the valence of the item: a curve, and classes."""
    used = [trial for trial in mental.answered if _item(trial, "valence") is not None]
    slope, curvature = _valence_curve(mental, used)
    common: dict[str, Any] = {
        "unit": "logit per SD",
        "n": (len(used), mental.n),
        "method": "logistic: logit P = a + b z + c z^2; z = valence standardised over the run's "
        "items; priors a flat, b, c N(0,1)",
    }
    rows = [
        index_of(run, "valence_slope", slope, **common),
        index_of(run, "valence_curvature", curvature, **{**common, "unit": "logit per SD^2"}),
    ]
    for name in ("negative", "neutral", "positive"):
        group = judgement_of(
            [trial for trial in mental.trials if trial.design.get("valence_class") == name]
        )
        rows.append(share_of(run, "accuracy", name, group, "no_valence_class", "provisional"))
    return rows


def _item(trial: Trial, norm: str) -> float | None:
    return number(trial.design.get(norm))


def _valence_curve(mental: Judgement, used: Sequence[Trial]) -> tuple[Estimate, Estimate]:
    reason = _no_curve(mental, used)
    if reason:
        return undefined(reason), undefined(reason)
    items = np.array([v for t in mental.trials if (v := _item(t, "valence")) is not None])
    shown = np.array([_item(trial, "valence") for trial in used], dtype=float)
    z = (shown - items.mean()) / items.std()
    fit = ridge_logistic(
        np.column_stack([np.ones_like(z), z, z**2]),
        np.array([bool(trial.correct) for trial in used]),
        np.array([math.inf, 1.0, 1.0]),
    )
    sd = np.sqrt(np.diag(fit.covariance))
    partial = ("partial_norms",) if len(used) < len(mental.answered) else ()
    slope, curvature = (
        normal(float(fit.coefficients[k]), float(sd[k]), "laplace").flagged(*partial)
        for k in (1, 2)
    )
    return slope, curvature


def _no_curve(mental: Judgement, used: Sequence[Trial]) -> str | None:
    """Why there is no curve of accuracy on valence, if there is none."""
    if not mental.answered:
        return "no_answers"
    if not used:
        return "no_item_valence"
    if len({_item(trial, "valence") for trial in used}) < 3:
        return "few_valences"
    right = sum(trial.correct is True for trial in used)
    if right in (0, len(used)):
        return "all_correct" if right else "all_wrong"
    return None


def group_rows(run: Run, mental: Judgement) -> list[Index]:
    """Accuracy by the sex of the face and by form."""
    rows = []
    for sex in ("female", "male"):
        group = judgement_of([trial for trial in mental.trials if _sex(trial) == sex])
        rows.append(share_of(run, "accuracy", f"{sex}_face", group, "no_face_sex"))
    for form in ("A", "B"):
        group = judgement_of([trial for trial in mental.trials if trial.design.get("form") == form])
        rows.append(share_of(run, "accuracy", f"form_{form}", group, "form_not_shown"))
    return rows


def _sex(trial: Trial) -> str | None:
    said = str(trial.design.get("sex") or "").lower()
    return {"f": "female", "female": "female", "m": "male", "male": "male"}.get(said)


def ability_rows(run: Run, mental: Judgement) -> list[Index]:
    """Ability from given difficulties of the items."""
    used = [trial for trial in mental.answered if _item(trial, "difficulty") is not None]
    return [
        index_of(
            run,
            "theta",
            _theta(mental, used),
            unit="logit",
            n=(len(used), mental.n),
            method="MAP, Rasch with guessing c=1/words, given difficulties, prior N(0,1)",
        )
    ]


def _theta(mental: Judgement, used: Sequence[Trial]) -> Estimate:
    if not mental.answered:
        return undefined("no_answers")
    if not used:
        return undefined("no_item_difficulty")
    if mental.guessing is None:
        return undefined("mixed_options")
    found = ability(
        np.array([[float(bool(trial.correct)) for trial in used]]),
        np.array([_item(trial, "difficulty") for trial in used], dtype=float),
        mental.guessing,
    )
    mode, sd, low, high = (float(part[0]) for part in (found.mode, found.sd, found.low, found.high))
    partial = ("partial_norms",) if len(used) < len(mental.answered) else ()
    return Estimate(mode, sd, low, high, "posterior", partial)


def control_rows(run: Run, mental: Judgement, control: Judgement) -> list[Index]:
    """The control judgement, and the mental-state judgement against it."""
    p = chance_p(control)
    accuracy = share_of(run, "accuracy", "control", control, "no_control", *chance_flag(control))
    none = no_chance(control) if control.n else "no_control"
    return [
        accuracy,
        index_of(
            run,
            "chance_p",
            undefined(none) if p is None else Estimate(p, flags=chance_flag(control)),
            condition="control",
            unit="probability",
            n=(len(control.answered), control.n),
            method="exact binomial, P(this many or more); chance=1/words",
        ),
        index_of(
            run,
            "mental_minus_control",
            _mental_minus_control(mental, control),
            unit="logit",
            n=(len(mental.answered) + len(control.answered), mental.n + control.n),
            method="ln((c+.5)/(n-c+.5)), mental - control; SE^2 = sum 1/(c+.5) + 1/(n-c+.5)",
        ),
    ]


def _mental_minus_control(mental: Judgement, control: Judgement) -> Estimate:
    if not control.n:
        return undefined("no_control")
    if not mental.answered or not control.answered:
        return undefined("no_answers")
    counts = [(len(judgement.correct), len(judgement.answered)) for judgement in (mental, control)]
    return log_odds_difference(*counts)
