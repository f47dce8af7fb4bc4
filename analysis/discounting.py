"""Discounting: how fast an amount loses its value with its delay, and how that was answered.

Every value says by which rule it was found: rates from the questionnaire's boundary rule, from five
choices, or from a model of all choices are different things that bear the same letter.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from analysis.hyperbola import (
    LAPSE,
    MODELS,
    PRIOR_LN_BETA,
    PRIOR_LN_BETA_SD,
    PRIOR_LN_K,
    PRIOR_LN_K_SD,
    Choices,
    choices,
    fit_likelihood,
    fit_posterior,
    noise_log_likelihood,
)
from analysis.indices import MISSED_LIMIT, Analysis, Index, index_of
from analysis.indifference import (
    BUMP,
    FALL,
    Scale,
    area_under_curve,
    bumps,
    falls_too_little,
    five_trial_k,
    indifference_share,
)
from analysis.intervals import Estimate, mean_t, median_order, proportion, undefined
from analysis.mcq import RULE, BoundaryScore, boundary_score
from analysis.read import Run, Trial, Trials, number
from analysis.scoring import score_table
from mbtexp.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

CONSISTENT = 0.75
"""Consistency of a size of amount below which the questionnaire's k is marked."""

FEW = 5
"""Answers below which no likelihood is fitted."""

SIZES = ("small", "medium", "large")

EASY = ("easy_sooner", "easy_later")
OFFERS = ("choice", *EASY, "near")
"""Conditions of choices that count; catch trials and forced ones do not."""


@dataclass(frozen=True)
class Params:
    """What the scoring may be told beyond the log."""

    add_zero: bool = True
    """Whether the curve under which the area is taken begins at (0, 1)."""


def indices(trials: Trials, params: Params | None = None) -> list[Index]:
    """All indices of one run, always the same rows in the same order; practice is left out."""
    settings = params or Params()
    test = sorted(trials.test, key=lambda trial: trial.trial)
    shown = [trial for trial in test if trial.outcome.get("shown", True)]
    offers = [trial for trial in shown if trial.design.get("condition", "choice") in OFFERS]
    return [
        *_questionnaire(trials.run, [t for t in offers if t.design.get("method") == "mcq"]),
        *_shares(trials.run, offers),
        *_posterior(trials.run, _money(offers)),
        *_likelihood(trials.run, _money(offers)),
        *_curve(trials.run, offers, add_zero=settings.add_zero),
        *_five_trial(trials.run, offers),
        *_waits(trials.run, offers),
        *_catches(trials.run, shown),
        *_answering(trials.run, shown, offers),
    ]


def _answered(trials: Iterable[Trial]) -> list[Trial]:
    return [trial for trial in trials if trial.response in ("sooner", "later")]


def _later(trial: Trial) -> bool:
    return bool(trial.response == "later")


# -- the questionnaire -----------------------------------------------------------------------------


def _questionnaire(run: Run, items: Sequence[Trial]) -> list[Index]:
    """The boundary rule, overall and by the size of the later amount."""
    ordered = sorted(items, key=_published_order)
    by_size = {size: [t for t in ordered if t.design.get("magnitude") == size] for size in SIZES}
    scores = {"all": _boundary(ordered), **{s: _boundary(by_size[s]) for s in SIZES}}
    counts = {"all": _count(ordered), **{s: _count(by_size[s]) for s in SIZES}}
    parts = [scores[size] for size in SIZES]
    rows = []
    for condition in ("all", *SIZES):
        rows += _k_rows(run, condition, scores[condition], counts[condition])
    rows += _composite(run, parts, counts["all"])
    rows.append(_magnitude_effect(run, parts, counts["all"]))
    return rows


def _published_order(trial: Trial) -> tuple[float, int, int]:
    rank = number(trial.design.get("rank")) or 0.0
    size = trial.design.get("magnitude")
    return rank, SIZES.index(size) if size in SIZES else 0, trial.trial


def _count(items: Sequence[Trial]) -> tuple[int, int]:
    return len(_answered(items)), len(items)


def _boundary(items: Sequence[Trial]) -> BoundaryScore | str:
    """The score, or why there is none."""
    if not items:
        return "not_this_method"
    rates = [_item_k(trial) for trial in items]
    if len(_answered(items)) < len(items) or any(rate is None for rate in rates):
        return "missing_items"
    return boundary_score([rate or 0.0 for rate in rates], [_later(trial) for trial in items])


def _item_k(trial: Trial) -> float | None:
    """Rate (1/day) at which both amounts of an item are worth the same."""
    row = _row(trial)
    if row is None or not 0 < row[0] < row[1] or row[3] <= 0:
        return None
    sooner, later, _, days = row[:4]
    return (later - sooner) / (sooner * days)


def _k_rows(
    run: Run, condition: str, score: BoundaryScore | str, n: tuple[int, int]
) -> list[Index]:
    if isinstance(score, str):
        rate = log_rate = consistency = undefined(score)
    else:
        flags = (
            *(("censored",) if score.at_bound else ()),
            *(("inconsistent",) if score.consistency < CONSISTENT else ()),
        )
        rate, log_rate = (Estimate(v, flags=flags) for v in (score.k, math.log(score.k)))
        consistency = Estimate(score.consistency, flags=flags)
    common: dict[str, Any] = {"condition": condition, "n": n}
    return [
        index_of(run, "mcq_k", rate, unit="1/day", method=RULE, **common),
        index_of(run, "mcq_ln_k", log_rate, unit="ln(1/day)", method=RULE, **common),
        index_of(
            run,
            "mcq_consistency",
            consistency,
            unit="proportion",
            method=f"answers that fit the best boundary / all; flagged below {CONSISTENT:g}",
            **common,
        ),
    ]


def _composite(run: Run, parts: Sequence[BoundaryScore | str], n: tuple[int, int]) -> list[Index]:
    """The three sizes together: geometric mean of their k, mean of their consistencies."""
    scored = [part for part in parts if isinstance(part, BoundaryScore)]
    if len(scored) < len(parts):
        reason = next(part for part in parts if isinstance(part, str))
        rate = log_rate = consistency = undefined(reason)
    else:
        mean = math.fsum(math.log(part.k) for part in scored) / len(scored)
        low = any(part.consistency < CONSISTENT for part in scored)
        flags = (
            *(("censored",) if all(part.at_bound for part in scored) else ()),
            *(("inconsistent",) if low else ()),
        )
        rate, log_rate = (Estimate(value, flags=flags) for value in (math.exp(mean), mean))
        together = math.fsum(part.consistency for part in scored) / len(scored)
        consistency = Estimate(together, flags=flags)
    rule = f"geometric mean of small, medium, large; each by the {RULE}"
    common: dict[str, Any] = {"condition": "composite", "n": n}
    return [
        index_of(run, "mcq_k", rate, unit="1/day", method=rule, **common),
        index_of(run, "mcq_ln_k", log_rate, unit="ln(1/day)", method=rule, **common),
        index_of(
            run,
            "mcq_consistency",
            consistency,
            unit="proportion",
            method="mean of small, medium, large",
            **common,
        ),
    ]


def _magnitude_effect(run: Run, parts: Sequence[BoundaryScore | str], n: tuple[int, int]) -> Index:
    reason = next((part for part in parts if isinstance(part, str)), None)
    logs = [math.log(part.k) for part in parts if isinstance(part, BoundaryScore)]
    slope = undefined(reason) if reason else Estimate((logs[2] - logs[0]) / 2)
    return index_of(
        run,
        "magnitude_effect",
        slope,
        unit="ln(1/day) per size",
        n=n,
        method="least-squares slope of ln k on small, medium, large = -1, 0, 1",
    )


# -- without a model -------------------------------------------------------------------------------


def _shares(run: Run, offers: Sequence[Trial]) -> list[Index]:
    """Share of later choices: of all, by size, by what the offer was calibrated to."""
    groups: dict[str, tuple[list[Trial], str]] = {"all": (list(offers), "no_trials")}
    for size in SIZES:
        found = [t for t in offers if t.design.get("magnitude") == size]
        groups[size] = (found, "not_this_method")
    for kind in (*EASY, "near"):
        found = [t for t in offers if t.design.get("condition") == kind]
        groups[kind] = (found, "not_this_method")
    rows = []
    for condition, (group, none) in groups.items():
        answered = _answered(group)
        share = proportion(sum(map(_later, answered)), len(answered))
        rows.append(
            index_of(
                run,
                "later_share",
                share.flagged(*_censored(answered)) if group else undefined(none),
                condition=condition,
                unit="proportion",
                n=(len(answered), len(group)),
                method="later/answered; practice and catch trials out",
            )
        )
    return rows


def _censored(answered: Sequence[Trial]) -> tuple[str, ...]:
    chosen = {trial.response for trial in answered}
    return ("censored",) if len(answered) > 1 and len(chosen) == 1 else ()


# -- the hyperbola ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Money:
    """The answered choices between amounts of money, or why there are none."""

    data: Choices | None
    n: tuple[int, int]
    flags: tuple[str, ...]
    reason: str


def _money(offers: Sequence[Trial]) -> _Money:
    wanted = [trial for trial in offers if trial.design.get("method") != "experiential"]
    answered = _answered(wanted)
    rows = [(*row, _later(t)) for t in answered if (row := _row(t)) is not None]
    if not rows:
        reason = "no_answers" if wanted else "not_this_method" if offers else "no_trials"
        return _Money(None, (0, len(wanted)), (), reason)
    return _Money(choices(rows), (len(rows), len(wanted)), _censored(answered), "")


def _row(trial: Trial) -> tuple[float, float, float, float] | None:
    """Sooner and later amount with their delays in days, as they were offered."""
    names = ("sooner", "later", "sooner_days", "later_days")
    sooner, later, sooner_days, later_days = (number(trial.outcome.get(name)) for name in names)
    if sooner is None or later is None or later_days is None or max(sooner, later) <= 0:
        return None
    return sooner, later, sooner_days or 0.0, later_days


def _posterior(run: Run, money: _Money) -> list[Index]:
    if money.data is None:
        ln_k = ln_beta = ed50 = undefined(money.reason)
    else:
        fit = fit_posterior(money.data)
        ln_k, ln_beta = (part.flagged(*money.flags) for part in (fit.ln_k, fit.ln_beta))
        ed50 = _ed50(ln_k)
    rule = (
        f"hyperbola, noise on the difference / larger amount, lapse {LAPSE:g}; MAP, priors "
        f"ln k N({PRIOR_LN_K:g},{PRIOR_LN_K_SD:g}^2), "
        f"ln beta N({PRIOR_LN_BETA:g},{PRIOR_LN_BETA_SD:g}^2)"
    )
    return [
        index_of(run, "ln_k", ln_k, unit="ln(1/day)", n=money.n, method=rule),
        index_of(run, "ln_beta", ln_beta, unit="ln", n=money.n, method=rule),
        index_of(run, "ed50", ed50, unit="day", n=money.n, method=f"exp(-ln k); {rule}"),
    ]


def _ed50(ln_k: Estimate) -> Estimate:
    """Delay that halves the value; the interval is that of ln k, turned round."""
    if ln_k.value is None or ln_k.ci_low is None or ln_k.ci_high is None:
        return ln_k
    low, high = math.exp(-ln_k.ci_high), math.exp(-ln_k.ci_low)
    return Estimate(math.exp(-ln_k.value), None, low, high, ln_k.ci_method, ln_k.flags)


def _likelihood(run: Run, money: _Money) -> list[Index]:
    """Maximum likelihood beside it, and how well each model describes the answers."""
    data = money.data
    reason = money.reason if data is None else "few_choices" if data.n < FEW else None
    rows: dict[tuple[str, str], Estimate] = {}
    for model in MODELS:
        if data is None or reason:
            rows["bic", model] = undefined(reason or "")
            continue
        fit = fit_likelihood(data, model)
        bic = fit.n_parameters * math.log(data.n) - 2 * fit.log_likelihood
        rows["bic", model] = Estimate(bic)
        if model == "hyperbolic":
            rows["ln_k_ml", "all"] = fit.ln_k.flagged(*money.flags)
            rows["ln_beta_ml", "all"] = fit.ln_beta.flagged(*money.flags)
            chance = data.n * math.log(0.5)
            rows["mcfadden", "all"] = Estimate(1 - fit.log_likelihood / chance)
            rows["predicted", "all"] = proportion(round(fit.predicted * data.n), data.n)
    if data is not None and not reason:
        rows["bic", "noise"] = Estimate(math.log(data.n) - 2 * noise_log_likelihood(data))
    none = undefined(reason or "")
    return [
        index_of(
            run,
            name,
            rows.get((name, condition), none),
            condition=condition,
            unit=unit,
            n=money.n,
            method=method,
        )
        for name, condition, unit, method in _LIKELIHOOD_ROWS
    ]


_ML = "hyperbola, noise on the difference / larger amount; ML, ln k in [-20,4], ln beta in [-4,8]"

_LIKELIHOOD_ROWS = (
    ("ln_k_ml", "all", "ln(1/day)", _ML),
    ("ln_beta_ml", "all", "ln", _ML),
    ("mcfadden", "all", "proportion", f"1 - LL/(n ln .5); {_ML}"),
    ("predicted", "all", "proportion", f"answers that the fit holds for the likelier; {_ML}"),
    *(("bic", model, "BIC", f"p ln n - 2 LL; ML, {model}") for model in MODELS),
    ("bic", "noise", "BIC", "ln n - 2 LL; the same share of later choices in every trial"),
)


# -- indifference points ---------------------------------------------------------------------------


def _curve(run: Run, offers: Sequence[Trial], *, add_zero: bool) -> list[Index]:
    """Area under the indifference points, and signs of answers without a system."""
    wanted = [trial for trial in offers if trial.design.get("method") == "adjusting"]
    points = _points(wanted)
    reason = _no_curve(wanted, points)
    days, shares = list(points), list(points.values())
    n = (len(_answered(wanted)), len(wanted))
    rises = too_flat = undefined(reason)
    areas: dict[Scale, Estimate] = {"linear": rises, "log": rises, "rank": rises}
    if not reason:
        n_bumps, flat = bumps(days, shares), falls_too_little(days, shares)
        flags = ("unsystematic",) if n_bumps or flat else ()
        rises, too_flat = Estimate(n_bumps, flags=flags), Estimate(int(flat), flags=flags)
        areas = {
            scale: Estimate(area_under_curve(days, shares, scale, add_zero=add_zero), flags=flags)
            for scale in areas
        }
    start = "from (0,1)" if add_zero else "without (0,1)"
    axes = {"linear": "delay/longest", "log": "log10(delay+1)/largest", "rank": "rank/n"}
    return [
        *(
            index_of(
                run,
                "auc",
                area,
                condition=scale,
                unit="proportion",
                n=n,
                method=f"trapezoids over {axes[scale]} {start}",
            )
            for scale, area in areas.items()
        ),
        index_of(
            run,
            "bumps",
            rises,
            unit="points",
            n=n,
            method=f"points > the one before + {BUMP:g} of the later amount; Johnson & Bickel 1",
        ),
        index_of(
            run,
            "flat",
            too_flat,
            unit="0 or 1",
            n=n,
            method=f"1: last point > first - {FALL:g} of the later amount; Johnson & Bickel 2",
        ),
    ]


def _points(trials: Sequence[Trial]) -> dict[float, float]:
    """Indifference share by delay (days) of each series that is complete, shortest first."""
    series: dict[str, list[Trial]] = {}
    for trial in trials:
        series.setdefault(str(trial.design.get("series")), []).append(trial)
    points: dict[float, float] = {}
    longest = max((len(found) for found in series.values()), default=0)
    for found in series.values():
        row = _row(found[-1])
        if len(_answered(found)) == longest and row is not None:
            share = indifference_share(row[0] / row[1], longest, chose_later=_later(found[-1]))
            points[row[3]] = share
    return dict(sorted(points.items()))


def _no_curve(wanted: Sequence[Trial], points: Mapping[float, float]) -> str:
    if not wanted:
        return "not_this_method"
    return "" if len(points) > 1 else "few_points"


# -- five choices, waits, catch trials ------------------------------------------------------------


def _five_trial(run: Run, offers: Sequence[Trial]) -> list[Index]:
    wanted = [trial for trial in offers if trial.design.get("method") == "five_trial"]
    answers = [_later(trial) for trial in _answered(wanted)]
    n = (len(answers), len(wanted))
    if len(answers) == 5:
        k = five_trial_k(answers)
        flags = ("censored",) if len(set(answers)) == 1 else ()
        rate, log_rate = Estimate(k, flags=flags), Estimate(math.log(k), flags=flags)
    else:
        rate = log_rate = undefined("missing_items" if wanted else "not_this_method")
    rule = "1/ED50; geometric mean of 1/delay of the last delay and its neighbour"
    return [
        index_of(run, "five_trial_k", rate, unit="1/day", n=n, method=rule),
        index_of(run, "five_trial_ln_k", log_rate, unit="ln(1/day)", n=n, method=rule),
    ]


def _waits(run: Run, offers: Sequence[Trial]) -> list[Index]:
    """The choices whose waits really pass."""
    wanted = [trial for trial in offers if trial.design.get("method") == "experiential"]
    answered = _answered(wanted)
    n = (len(answered), len(wanted))
    none = "no_answers" if wanted else "not_this_method"
    sooner = sum(not _later(trial) for trial in answered)
    totals = [number(trial.outcome.get("points")) for trial in answered]
    total = Estimate(totals[-1]) if totals and totals[-1] is not None else undefined(none)
    return [
        index_of(
            run,
            "impulsive_share",
            proportion(sooner, len(answered)) if wanted else undefined(none),
            unit="proportion",
            n=n,
            method="short waits/answered; practice out",
        ),
        index_of(run, "points", total, unit="points", n=n, method="points at the last choice"),
    ]


def _catches(run: Run, shown: Sequence[Trial]) -> list[Index]:
    wanted = [t for t in shown if str(t.design.get("condition")).startswith("catch")]
    easy = [t for t in shown if t.design.get("condition") in EASY]
    rows = []
    for name, group, right, method in (
        (
            "catch_correct",
            wanted,
            [t.correct is True for t in _answered(wanted)],
            "sensible/answered choices of which one is better in every respect",
        ),
        (
            "easy_expected",
            easy,
            [f"easy_{t.response}" == t.design["condition"] for t in _answered(easy)],
            "answers that the calibration expects / answered easy choices",
        ),
    ):
        share = proportion(sum(right), len(right)) if group else undefined("not_shown")
        flags = ("lapses",) if right and sum(right) < len(right) and group is wanted else ()
        rows.append(
            index_of(
                run,
                name,
                share.flagged(*flags),
                unit="proportion",
                n=(len(right), len(group)),
                method=method,
            )
        )
    return rows


# -- how it was answered ---------------------------------------------------------------------------


def _answering(run: Run, shown: Sequence[Trial], offers: Sequence[Trial]) -> list[Index]:
    missed = sum(trial.missed for trial in shown)
    many = ("many_missed",) if missed > MISSED_LIMIT * len(shown) else ()
    placed = [t.outcome.get("position") for t in _answered(shown)]
    left = proportion(placed.count("left"), len(placed))
    one_side = ("one_side",) if len(placed) > 1 and len(set(placed)) == 1 else ()
    rt = [t.rt_s for t in _answered(offers) if t.rt_s is not None and t.rt_s > 0]
    n, n_rt = (len(shown), len(shown)), (len(rt), len(offers))
    none = undefined("no_trials")
    return [
        index_of(
            run,
            "left_share",
            left.flagged(*one_side) if shown else none,
            unit="proportion",
            n=(len(placed), len(shown)),
            method="choices of the option on the left / answered",
        ),
        index_of(
            run,
            "rt_median",
            median_order(rt) if offers else none,
            unit="s",
            n=n_rt,
            method="median; untrimmed; practice and catch trials out",
        ),
        index_of(
            run,
            "rt_log_mean",
            mean_t(np.log(rt)) if rt else undefined("no_values") if offers else none,
            unit="ln s",
            n=n_rt,
            method="mean of ln RT; untrimmed; practice and catch trials out",
        ),
        index_of(
            run,
            "n_missed",
            Estimate(missed) if shown else none,
            unit="trials",
            n=n,
            method="trials without an answer in time; practice out",
        ),
        index_of(
            run,
            "omission_rate",
            proportion(missed, len(shown)).flagged(*many) if shown else none,
            unit="proportion",
            n=n,
            method=f"missed/trials; flagged above {MISSED_LIMIT:g}",
        ),
    ]


# -- what it all means -----------------------------------------------------------------------------

DESCRIPTIONS = {
    "mcq_k": "Discount rate of the 27-item questionnaire by its boundary rule (Kirby 1999).",
    "mcq_ln_k": "Natural logarithm of that rate; the one to analyse.",
    "mcq_consistency": "Share of the answers that agree with one change-over.",
    "magnitude_effect": "Change of ln k per size of the amount; negative: large ones last longer.",
    "later_share": "Choices of the later amount divided by answered ones.",
    "ln_k": "ln of the hyperbola's discount rate from all choices, with a weak prior.",
    "ln_beta": "ln of the steepness of choice on the relative difference of values, likewise.",
    "ed50": "Delay that halves the value.",
    "ln_k_ml": "ln k by maximum likelihood, without a prior.",
    "ln_beta_ml": "ln beta by maximum likelihood, without a prior.",
    "mcfadden": "Share of a coin's misfit that the hyperbola removes.",
    "predicted": "Share of answers that the fitted hyperbola holds for the likelier ones.",
    "bic": "Bayesian information criterion of a model of the choices; the lower the better.",
    "auc": "Area under the indifference points; 1 is no discounting (Myerson 2001).",
    "bumps": "Indifference points far above the one before (Johnson & Bickel 2008, criterion 1).",
    "flat": "Whether the last point is hardly below the first (same paper, criterion 2).",
    "five_trial_k": "Discount rate after five choices (Koffarnus & Bickel 2014).",
    "five_trial_ln_k": "Natural logarithm of that rate.",
    "impulsive_share": "Choices of the short wait for few points, divided by answered ones.",
    "points": "Points gained in the run.",
    "catch_correct": "Sensible answers to choices of which one is better in every respect.",
    "easy_expected": "Easy choices answered as the calibration expects.",
    "left_share": "Choices of the option on the left, whatever it was.",
    "rt_median": "Median response time.",
    "rt_log_mean": "Mean of the natural logarithm of the response time in seconds.",
    "n_missed": "Trials without an answer in time; they are no errors.",
    "omission_rate": "Missed trials divided by all.",
}

CONDITIONS = {
    "all": "all choices that count (catch trials are out, but for sides and missed trials)",
    "small": "questionnaire: later amounts of 25 to 35",
    "medium": "questionnaire: later amounts of 50 to 60",
    "large": "questionnaire: later amounts of 75 to 85",
    "composite": "questionnaire: the three sizes together",
    "easy_sooner": "calibrated: the sooner amount is worth more",
    "near": "calibrated: near indifference",
    "easy_later": "calibrated: the later amount is worth more",
    "linear": "area over the delay",
    "log": "area over the logarithm of the delay",
    "rank": "area over the rank of the delay",
    "hyperbolic": "value A / (1 + k D)",
    "exponential": "value A exp(-k D)",
    "hyperboloid": "value A / (1 + k D)^s",
    "rachlin": "value A / (1 + k D^s)",
    "quasi_hyperbolic": "value b A exp(-k D) with a delay, A without",
    "noise": "no value: one probability for all choices",
}

FLAGS = {
    "censored": "every answer is the same: the rate lies beyond what was offered",
    "inconsistent": f"fewer than {CONSISTENT:.0%} of the answers fit one change-over".replace(
        "%", " %"
    ),
    "at_bound": "a maximum-likelihood estimate lies at the edge of its box: no standard error",
    "flat_likelihood": "no interval: the likelihood has no curvature at its maximum",
    "unsystematic": "a criterion of Johnson & Bickel is met; nothing is left out for it",
    "lapses": "a choice of which one is better in every respect was answered wrongly",
    "one_side": "every answer was on the same side",
    "many_missed": f"more than {MISSED_LIMIT:.0%} of the trials were missed".replace("%", " %"),
    "no_trials": "undefined: the run has no complete test trial of this kind",
    "not_this_method": "undefined: the run offers its choices by another method",
    "missing_items": "undefined: an item was not answered; nothing is filled in",
    "few_choices": f"undefined: fewer than {FEW} answered choices",
    "few_points": "undefined: fewer than two complete indifference points",
    "not_shown": "undefined: the run has no such choices",
}

ANALYSIS = Analysis(
    task="discounting",
    indices=indices,
    params=Params(),
    descriptions=DESCRIPTIONS,
    conditions=CONDITIONS,
    flags=FLAGS,
)


def score(trials: pd.DataFrame, params: Params | None = None) -> pd.DataFrame:
    """Indices of every run in a plain table of trials, in the columns of ``indices.tsv``.

    Parameters
    ----------
    trials
        A row a trial, as in ``trials_discounting.tsv`` or made by hand; NaN where something is
        missing. Needed are ``participant``, ``response`` (``sooner`` or ``later``), the amounts
        ``sooner`` and ``later`` and the delay ``later_days``. Used where they are there:
        ``session``, ``run``, ``trial`` (an adjusting series needs its order), ``practice``,
        ``rt_s``, ``sooner_days`` (0 unless told), ``method`` (``mcq``, ``adjusting``,
        ``five_trial``, ``experiential``), ``magnitude`` and ``rank`` (the questionnaire),
        ``condition`` (``choice`` unless told), ``series``, ``shown``, ``position``, ``points``.
    params
        Settings.
    """
    return score_table(
        trials, ANALYSIS, params, needed=("response", "sooner", "later", "later_days")
    )


# -- data from elsewhere: plain tables and arrays -------------------------------------------------


def score_mcq27(
    answers: pd.DataFrame, missing: Literal["none", "GGM", "INN"] = "none"
) -> pd.DataFrame:
    """Boundary scores of the 27-item questionnaire; see ``analysis.kirby.score_mcq27``."""
    from analysis.kirby import score_mcq27 as score  # noqa: PLC0415  pandas, scipy.optimize

    return score(answers, missing)


def fit_choices(
    trials: pd.DataFrame,
    model: str = "hyperbolic",
    method: Literal["hierarchical", "map", "ml"] = "hierarchical",
    scale: Literal["relative", "absolute"] = "relative",
) -> pd.DataFrame:
    """A discount model fitted to each person; see ``analysis.choice.fit_choices``."""
    from analysis.choice import fit_choices as fit  # noqa: PLC0415  pandas

    return fit(trials, model, method, scale)


AXIS: dict[str, Scale] = {"delay": "linear", "log10": "log", "ordinal": "rank"}
"""Names of the axes of ``auc`` among programs, and ours."""


def auc(
    delays_d: ArrayLike,
    indifference: ArrayLike,
    amount: float,
    axis: Literal["delay", "log10", "ordinal"] = "delay",
    *,
    add_zero: bool = True,
) -> float:
    """Area under indifference points, 0 to 1; 1: no discounting.

    Parameters
    ----------
    delays_d
        Delays, days, above 0, in any order.
    indifference
        The sooner amount that is worth as much, in the unit of ``amount``; NaN: left out.
    amount
        The later amount.
    axis
        ``delay`` (Myerson et al. 2001), ``log10`` of (delay + 1) or ``ordinal`` rank (Borges et
        al. 2016).
    add_zero
        Whether the curve begins at (0, 1); some programs leave that point out.

    >>> round(auc([10, 20], [100.0, 0.0], 100), 4)
    0.75
    """
    if axis not in AXIS:
        raise DataError(f"axis {axis!r}: it can be 'delay', 'log10' or 'ordinal'.")
    days, shares = _indifference_points(delays_d, indifference, amount)
    if len(days) < (1 if add_zero else 2):
        return math.nan
    return area_under_curve(days, shares, AXIS[axis], add_zero=add_zero)


def johnson_bickel(
    delays_d: ArrayLike, indifference: ArrayLike, amount: float
) -> tuple[bool, bool]:
    """Whether indifference points pass the two criteria of Johnson & Bickel (2008).

    1: none exceeds the one before by more than a fifth of the amount. 2: the last is lower than the
    first by a tenth of it at least. Points are sorted by delay first.

    >>> johnson_bickel([1, 30, 365], [90, 95, 20], 100)
    (True, True)
    """
    days, shares = _indifference_points(delays_d, indifference, amount)
    if not days:
        raise DataError("indifference: there is no point; give one for each delay.")
    return bumps(days, shares) == 0, not falls_too_little(days, shares)


def _indifference_points(
    delays_d: ArrayLike, indifference: ArrayLike, amount: float
) -> tuple[list[float], list[float]]:
    days, points = np.asarray(delays_d, dtype=float), np.asarray(indifference, dtype=float)
    if days.shape != points.shape or days.ndim != 1:
        raise DataError("delays_d and indifference need one value for each delay.")
    if not amount > 0 or (days <= 0).any():
        raise DataError("the amount and every delay must be above 0.")
    known = np.isfinite(points) & np.isfinite(days)
    return days[known].tolist(), (points[known] / amount).tolist()
