"""Trust: how a person's judgements of faces go with the norms, with which bias, and how steadily.

What is measured is agreement with a consensus of raters (or with the design of drawn faces), never
accuracy: nobody knows from a face who can be trusted. Bias and sensitivity are kept apart.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.agreement import (
    PRIOR_SD,
    correlation,
    detection,
    line,
    psychometric,
    rank_correlation,
)
from analysis.indices import MISSED_LIMIT, Analysis, Index, index_of
from analysis.intervals import (
    Estimate,
    mean_t,
    median_order,
    normal,
    proportion,
    undefined,
)
from analysis.read import Run, Trial, Trials, number
from analysis.scoring import score_table

if TYPE_CHECKING:
    import pandas as pd

MIDDLE = 4.0
POINTS = 7
MIDDLE_AGE = 40.0
FAST_S = 0.25
"""A median response time below this is no judgement of a face."""

YES = {"trustworthy": True, "untrustworthy": False, "older": True, "younger": False}


@dataclass(frozen=True)
class Params:
    """What the scoring may be told beyond the log: nothing so far."""


@dataclass(frozen=True)
class _Judged:
    """The test trials of one judgement."""

    name: str
    trials: tuple[Trial, ...]

    @property
    def answered(self) -> tuple[Trial, ...]:
        return tuple(trial for trial in self.trials if not trial.missed)

    @property
    def first(self) -> tuple[Trial, ...]:
        """Answered trials in which the face (or step) counts once; all trials of a continuum."""
        return tuple(t for t in self.answered if not t.design.get("repeat") or _step(t) is not None)

    @property
    def rated(self) -> tuple[Trial, ...]:
        return tuple(trial for trial in self.first if _rating(trial) is not None)

    @property
    def decided(self) -> tuple[Trial, ...]:
        return tuple(trial for trial in self.first if trial.response in YES)

    @property
    def n(self) -> int:
        return len(self.trials)

    @property
    def absent(self) -> str | None:
        """Why nothing of this judgement can be said, if that is so."""
        if not self.trials:
            return f"no_{self.name}_trials"
        return None if self.answered else "no_answers"

    def norms(self, trials: Sequence[Trial]) -> tuple[tuple[Trial, ...], list[float]]:
        """Those of the trials whose face has a norm, and the norms: points, or years of age."""
        known = tuple(trial for trial in trials if _norm(trial, self.name) is not None)
        return known, [n for t in known if (n := _norm(t, self.name)) is not None]


def _rating(trial: Trial) -> float | None:
    return number(trial.response)


def _norm(trial: Trial, name: str) -> float | None:
    return number(trial.design.get(name))


def _step(trial: Trial) -> float | None:
    return number(trial.design.get("morph_step"))


def _judged(trials: Sequence[Trial], name: str) -> _Judged:
    return _Judged(name, tuple(t for t in trials if t.design.get("judgement") == name))


def indices(trials: Trials, params: Params | None = None) -> list[Index]:  # noqa: ARG001
    """All indices of one run, always the same rows in the same order; practice is left out."""
    test = sorted(trials.test, key=lambda trial: trial.trial)
    trust, age = _judged(test, "trust"), _judged(test, "age")
    rows: list[Index] = []
    for judged in (trust, age):
        rows += [
            *_omissions(trials.run, judged),
            *_level(trials.run, judged),
            *_sensitivity(trials.run, judged),
            *_detected(trials.run, judged),
            *_consistency(trials.run, judged),
            *_scale_use(trials.run, judged),
            *_times(trials.run, judged),
        ]
    return [
        *rows,
        _specificity(trials.run, trust, age),
        *_ambiguity(trials.run, trust),
        *_threshold(trials.run, trust),
    ]


# -- how much, and how far from the norms ------------------------------------------------------


def _omissions(run: Run, judged: _Judged) -> list[Index]:
    missed = sum(trial.missed for trial in judged.trials)
    none = undefined(f"no_{judged.name}_trials")
    flags = ("many_missed",) if missed > MISSED_LIMIT * judged.n else ()
    return [
        index_of(
            run,
            "omission_rate",
            proportion(missed, judged.n).flagged(*flags) if judged.n else none,
            condition=judged.name,
            unit="proportion",
            n=(judged.n, judged.n),
            method=f"missed/trials; flagged above {MISSED_LIMIT:g}",
        )
    ]


def _level(run: Run, judged: _Judged) -> list[Index]:
    ratings = [r for t in judged.rated if (r := _rating(t)) is not None]
    decided = judged.decided
    mean = mean_t(ratings) if ratings else undefined(judged.absent or "not_rated")
    share = (
        proportion(sum(YES[t.response] for t in decided), len(decided))
        if decided
        else undefined(judged.absent or "not_decided")
    )
    rows = [
        index_of(
            run,
            "mean_rating",
            mean,
            condition=judged.name,
            unit="points",
            n=(len(ratings), judged.n),
            method="mean of ratings from 1 to 7; repeats out",
        ),
        index_of(
            run,
            "high_share",
            share,
            condition=judged.name,
            unit="proportion",
            n=(len(decided), judged.n),
            method="trustworthy (or older) / decided; repeats out",
        ),
    ]
    return [*rows, _bias(run, judged)] if judged.name == "trust" else rows


def _bias(run: Run, trust: _Judged) -> Index:
    used, norms = trust.norms(trust.rated)
    apart = [(_rating(t) or 0.0) - norm for t, norm in zip(used, norms, strict=True)]
    return index_of(
        run,
        "bias",
        mean_t(apart) if apart else undefined(_no_norms(trust, trust.rated, "not_rated")),
        condition="trust",
        unit="points",
        n=(len(apart), trust.n),
        method="mean (rating - norm); repeats out",
    )


def _no_norms(judged: _Judged, kind: Sequence[Trial], otherwise: str) -> str:
    """Why there is no value that needs answers of a kind and norms."""
    return judged.absent or ("no_norms" if kind else otherwise)


def _sensitivity(run: Run, judged: _Judged) -> list[Index]:
    used, norms = judged.norms(judged.rated)
    ratings = [_rating(trial) or 0.0 for trial in used]
    middle = float(np.mean(norms)) if norms else 0.0
    reason = None if used else _no_norms(judged, judged.rated, "not_rated")
    fit = line(norms, ratings, middle=middle)
    unit = "points per point" if judged.name == "trust" else "points per year"
    values = {
        "slope": fit.slope.flagged(*_turned(fit.slope)),
        "intercept": fit.intercept,
        "agreement_r": correlation(norms, ratings),
        "agreement_rho": rank_correlation(norms, ratings),
    }
    units = {"slope": unit, "intercept": "points", "agreement_r": "r", "agreement_rho": "rho"}
    methods = {
        "slope": "least squares, rating = a + b (norm - mean norm); repeats out",
        "intercept": "a of that line: rating of a face of the mean norm",
        "agreement_r": "Pearson, rating with norm; repeats out",
        "agreement_rho": "Spearman, rating with norm; repeats out",
    }
    return [
        index_of(
            run,
            name,
            undefined(reason) if reason else value,
            condition=judged.name,
            unit=units[name],
            n=(len(used), judged.n),
            method=methods[name],
        )
        for name, value in values.items()
    ]


def _turned(slope: Estimate) -> tuple[str, ...]:
    """A mark where the whole interval lies below 0: the scale may have been read backwards."""
    return ("reversed_scale",) if slope.ci_high is not None and slope.ci_high < 0 else ()


# -- signal detection --------------------------------------------------------------------------


def _detected(run: Run, judged: _Judged) -> list[Index]:
    signal, noise = _classes(judged)
    said_yes = [_says_yes(trial) for trial in signal], [_says_yes(trial) for trial in noise]
    found = detection(sum(said_yes[0]), len(signal), sum(said_yes[1]), len(noise))
    reason = judged.absent or ("no_norms" if not (signal or noise) else None)
    rule = (
        "signal = top third of norms, noise = bottom third"
        if judged.name == "trust"
        else f"signal = older than {MIDDLE_AGE:g}, noise = younger"
    )
    common: dict[str, Any] = {
        "condition": judged.name,
        "n": (len(signal) + len(noise), judged.n),
        "method": f"{rule}; yes = above the middle; log-linear (k+.5)/(n+1); repeats out",
    }
    values = {"d_prime": found.d_prime, "criterion": found.criterion}
    return [
        index_of(run, name, undefined(reason) if reason else value, unit="z", **common)
        for name, value in values.items()
    ]


def _classes(judged: _Judged) -> tuple[list[Trial], list[Trial]]:
    """Faces that call for a yes, and faces that call for a no."""
    if judged.name == "trust":
        level = [(trial, trial.design.get("level")) for trial in judged.first]
        return [t for t, name in level if name == "high"], [t for t, name in level if name == "low"]
    used, ages = judged.norms(judged.first)
    pairs = list(zip(used, ages, strict=True))
    older = [trial for trial, age in pairs if age > MIDDLE_AGE]
    return older, [trial for trial, age in pairs if age < MIDDLE_AGE]


def _says_yes(trial: Trial) -> bool:
    rating = _rating(trial)
    return YES.get(trial.response, False) if rating is None else rating > MIDDLE


# -- steadiness and scale use ------------------------------------------------------------------


def _consistency(run: Run, judged: _Judged) -> list[Index]:
    pairs = _pairs(judged)
    first, second = [a for a, _ in pairs], [b for _, b in pairs]
    apart = [abs(a - b) for a, b in pairs]
    reason = judged.absent or (None if pairs else "no_repeats")
    same = sum(a == b for a, b in pairs)
    values = {
        "consistency_r": (correlation(first, second), "r", "Pearson of both ratings of a face"),
        "consistency_distance": (mean_t(apart), "points", "mean |second - first rating| of a face"),
        "consistency_exact": (proportion(same, len(pairs)), "proportion", "same rating twice"),
    }
    return [
        index_of(
            run,
            name,
            undefined(reason) if reason else value,
            condition=judged.name,
            unit=unit,
            n=(2 * len(pairs), judged.n),
            method=method,
        )
        for name, (value, unit, method) in values.items()
    ]


def _pairs(judged: _Judged) -> list[tuple[float, float]]:
    """First and second rating of the faces that were rated twice."""
    firsts = {trial.stim_id: _rating(trial) for trial in judged.rated}
    return [
        (first, second)
        for trial in judged.answered
        if trial.design.get("repeat") and _step(trial) is None
        if (first := firsts.get(trial.stim_id)) is not None
        and (second := _rating(trial)) is not None
    ]


def _scale_use(run: Run, judged: _Judged) -> list[Index]:
    ratings = [r for t in judged.rated if (r := _rating(t)) is not None]
    reason = judged.absent or (None if ratings else "not_rated")
    flags = ("same_rating",) if len(ratings) > 1 and len(set(ratings)) == 1 else ()
    ends = sum(r in (1, POINTS) for r in ratings)
    spread = float(np.std(ratings, ddof=1)) if len(ratings) > 1 else None
    values = {
        "rating_sd": (
            Estimate(spread) if spread is not None else undefined("few_values"),
            "points",
            "sample SD of ratings; repeats out",
        ),
        "endpoint_share": (proportion(ends, len(ratings)), "proportion", "ratings of 1 or 7"),
        "entropy": (Estimate(_entropy(ratings)), "bit", "of the seven points; at most 2.81"),
    }
    return [
        index_of(
            run,
            name,
            undefined(reason) if reason else value.flagged(*flags),
            condition=judged.name,
            unit=unit,
            n=(len(ratings), judged.n),
            method=method,
        )
        for name, (value, unit, method) in values.items()
    ]


def _entropy(ratings: Sequence[float]) -> float:
    shares = [ratings.count(point) / len(ratings) for point in set(ratings)]
    return max(0.0, -math.fsum(share * math.log2(share) for share in shares))


# -- time --------------------------------------------------------------------------------------


def _times(run: Run, judged: _Judged) -> list[Index]:
    rt = [t.rt_s for t in judged.answered if t.rt_s is not None and t.rt_s > 0]
    none = undefined(judged.absent or "no_values")
    median = median_order(rt) if rt else none
    fast = ("fast",) if median.value is not None and median.value < FAST_S else ()
    common: dict[str, Any] = {"condition": judged.name, "n": (len(rt), judged.n)}
    return [
        index_of(run, "rt_median", median.flagged(*fast), unit="s", method="median", **common),
        index_of(
            run,
            "rt_log_mean",
            mean_t(np.log(rt)) if rt else none,
            unit="ln s",
            method="mean of ln RT; untrimmed",
            **common,
        ),
    ]


def _ambiguity(run: Run, trust: _Judged) -> list[Index]:
    """How much longer judgements of faces near the middle take (Fertuck et al. 2013)."""
    timed = [t for t in trust.first if t.rt_s is not None and t.rt_s > 0 and _place(t) is not None]
    nearness = [-abs((_place(trial) or 0.0) - MIDDLE) for trial in timed]
    log_rt = [math.log(trial.rt_s) for trial in timed if trial.rt_s is not None]
    reason = trust.absent or (None if timed else "no_norms")
    slope = undefined(reason) if reason else line(nearness, log_rt, middle=0.0).slope
    return [
        index_of(
            run,
            "rt_ambiguity",
            slope,
            condition="trust",
            unit="ln s per point",
            n=(len(timed), trust.n),
            method="slope of ln RT on -|norm (or step) - 4|; above 0: slower near the middle",
        )
    ]


def _place(trial: Trial) -> float | None:
    """The step of a continuum, else the norm."""
    step = _step(trial)
    return _norm(trial, "trust") if step is None else step


# -- against the control judgement -------------------------------------------------------------


def _specificity(run: Run, trust: _Judged, age: _Judged) -> Index:
    used, norms = trust.norms(trust.rated)
    apart = [(_rating(t) or 0.0) - norm for t, norm in zip(used, norms, strict=True)]
    ages = [r - MIDDLE for t in age.rated if (r := _rating(t)) is not None]
    return index_of(
        run,
        "specific_bias",
        _difference(mean_t(apart), mean_t(ages))
        if apart and ages
        else undefined(
            _no_norms(trust, trust.rated, "not_rated") if not apart else age.absent or "not_rated"
        ),
        condition="trust_minus_age",
        unit="points",
        n=(len(apart) + len(ages), trust.n + age.n),
        method="mean (rating - norm) in trust - mean (rating - 4) in age; SE^2 = sum of both",
    )


def _difference(one: Estimate, other: Estimate) -> Estimate:
    if one.value is None or other.value is None:
        return undefined("no_values")
    difference = one.value - other.value
    if one.se is None or other.se is None:
        return Estimate(difference, flags=("no_spread",))
    return normal(difference, math.hypot(one.se, other.se), "wald")


# -- the psychometric function -----------------------------------------------------------------


def _threshold(run: Run, trust: _Judged) -> list[Index]:
    used = [trial for trial in trust.decided if _place(trial) is not None]
    places = [_place(trial) or 0.0 for trial in used]
    answers = [YES[trial.response] for trial in used]
    fit = psychometric(places, answers, middle=MIDDLE)
    reason = None if used else _no_norms(trust, trust.decided, "not_decided")
    flags = _turned(fit.slope)
    prior = f"a, b N(0,{PRIOR_SD:g})"
    values = {
        "pse": (fit.pse, "steps", f"4 - a/b of logit P = a + b (step - 4); {prior}"),
        "psychometric_slope": (fit.slope.flagged(*flags), "logit per step", f"b; {prior}"),
        "jnd": (fit.jnd, "steps", f"ln 3 / b; {prior}"),
    }
    return [
        index_of(
            run,
            name,
            undefined(reason) if reason else value,
            condition="trust",
            unit=unit,
            n=(len(used), trust.n),
            method=method,
        )
        for name, (value, unit, method) in values.items()
    ]


# -- what it all means -------------------------------------------------------------------------

DESCRIPTIONS = {
    "omission_rate": "Trials without an answer in time divided by all; they are no answers.",
    "mean_rating": "Mean rating from 1 to 7.",
    "high_share": "Share of the answer 'trustworthy' (or 'older') among decisions.",
    "bias": "Mean of rating less norm; below 0: less trust than the norm raters had.",
    "slope": "Change of the rating with the norm; 1 in trust: uses the scale as the norm does.",
    "intercept": "Rating of a face of the mean norm, from the same line.",
    "agreement_r": "Correlation of ratings with norms: agreement with a consensus, not accuracy.",
    "agreement_rho": "The same on ranks.",
    "d_prime": "Sensitivity to the norms' thirds (age: to 40 years), signal detection.",
    "criterion": "Criterion c; above 0: slow to call a face trustworthy (or old).",
    "consistency_r": "Correlation of the two ratings of faces that were shown twice.",
    "consistency_distance": "Mean distance of these two ratings.",
    "consistency_exact": "Share of these faces that were rated the same twice.",
    "rating_sd": "Standard deviation of the ratings.",
    "endpoint_share": "Share of ratings at an end of the scale.",
    "entropy": "How evenly the seven points were used.",
    "rt_median": "Median response time, from the scale (or the face) to the key.",
    "rt_log_mean": "Mean of the natural logarithm of the response time in seconds.",
    "specific_bias": "Bias in trust less the leaning to one end in age ratings of the same faces.",
    "rt_ambiguity": "Slowing for faces near the middle of the norms (Fertuck et al. 2013).",
    "pse": "Step (or norm) at which both answers are equally likely; high: little trust.",
    "psychometric_slope": "Steepness of the psychometric function.",
    "jnd": "Steps from the middle to three of four answers of one kind.",
}

CONDITIONS = {
    "trust": "judgements of trustworthiness",
    "age": "judgements of age",
    "trust_minus_age": "both judgements of the same faces",
}

FLAGS = {
    "many_missed": f"more than {MISSED_LIMIT:.0%} of the trials were missed".replace("%", " %"),
    "reversed_scale": "the slope's interval lies below 0; the scale may have been read backwards",
    "same_rating": "every face got the same rating",
    "fast": f"the median response time is below {FAST_S:g} s",
    "outside_range": "the point lies beyond the steps or norms that were shown",
    "perfect": "no interval: the correlation is 1 or -1",
    "no_spread": "no interval: ratings are all alike, or a single one",
    "no_trust_trials": "undefined: the run has no judgements of trustworthiness",
    "no_age_trials": "undefined: the run has no judgements of age",
    "no_norms": "undefined: the faces come without norms (or ages)",
    "one_norm": "undefined: all faces have the same norm",
    "one_class": "undefined: needs faces of both classes",
    "same_answer": "undefined: every answer is the same",
    "no_repeats": "undefined: no face was rated twice",
    "not_rated": "undefined: the run has no ratings",
    "not_decided": "undefined: the run has no decisions between two answers",
    "no_slope": "undefined: answers do not follow the steps clearly enough (interval of b holds 0)",
}

ANALYSIS = Analysis(
    task="trust",
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
        A row a trial, as in ``trials_trust.tsv`` or made by hand; NaN where something is missing.
        Needed are ``participant``, ``judgement`` (``trust`` or ``age``) and ``response`` (1 to 7,
        or ``trustworthy``, ``untrustworthy``, ``older``, ``younger``). Used where they are there:
        ``session``, ``run``, ``trial``, ``practice``, ``rt_s``, ``stim_id``, ``repeat``, the norms
        ``trust`` and ``age``, their third ``level`` (``low``, ``middle``, ``high``) and
        ``morph_step``.
    params
        Settings.
    """
    return score_table(trials, ANALYSIS, params, needed=("judgement", "response"))
