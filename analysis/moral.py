"""Moral judgements: what weighs, the intent or the outcome, and whether it matters who it was.

A rating is turned into severity: blame as it is, how permissible something is as 8 less the rating.
Nobody's judgement is right or wrong; only the statements after the stories have an answer.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import stdtrit

from analysis.indices import MISSED_LIMIT, Analysis, Index, index_of
from analysis.intervals import LEVEL, Estimate, mean_t, median_order, proportion, undefined
from analysis.read import Run, Trial, Trials, number
from analysis.scoring import score_table

if TYPE_CHECKING:
    import pandas as pd

CELLS = ("neutral", "accidental", "attempted", "intended")
RELATIONS = ("close", "stranger")
POINTS = 7
FAST_WPS = 12.0
"""Nobody reads so many words a second; a median beyond it flags the run."""

WEIGHTS: Mapping[str, tuple[float, float, float, float]] = {
    "intent_weight": (-0.5, -0.5, 0.5, 0.5),
    "outcome_weight": (-0.5, 0.5, -0.5, 0.5),
    "interaction": (1.0, -1.0, -1.0, 1.0),
}
"""What each cell counts, in the order of ``CELLS``."""


@dataclass(frozen=True)
class Params:
    """What the scoring may be told beyond the log: nothing so far."""


@dataclass(frozen=True)
class _Judged:
    """The test trials of some stories, called by their condition."""

    name: str
    trials: tuple[Trial, ...]

    @property
    def rated(self) -> tuple[Trial, ...]:
        return tuple(t for t in self.trials if severity(t) is not None)

    @property
    def n(self) -> int:
        return len(self.trials)

    @property
    def absent(self) -> str:
        """Why nothing can be said where nothing was rated."""
        return "no_answers" if self.trials else "no_stories"

    def cells(self) -> list[list[float]]:
        """The severities of each cell."""
        return [severities(t for t in self.rated if _cell(t) == cell) for cell in CELLS]

    def with_person(self, relation: str) -> _Judged:
        """Its stories about somebody close, or about a stranger."""
        kept = tuple(t for t in self.trials if t.design.get("relation") == relation)
        return _Judged(relation, kept)


def severity(trial: Trial) -> float | None:
    """The rating as blame; how permissible something was is turned round."""
    rating = None if trial.missed else number(trial.response)
    if rating is None:
        return None
    return POINTS + 1 - rating if trial.design.get("judgement") == "permissible" else rating


def severities(trials: Any) -> list[float]:
    """The severities of the rated trials."""
    return [s for t in trials if (s := severity(t)) is not None]


def _cell(trial: Trial) -> str:
    return str(trial.design.get("condition"))


def indices(trials: Trials, params: Params | None = None) -> list[Index]:  # noqa: ARG001
    """All indices of one run, always the same rows in the same order; practice is left out."""
    run = trials.run
    every = _Judged("all", tuple(sorted(trials.test, key=lambda trial: trial.trial)))
    close, stranger = (every.with_person(relation) for relation in RELATIONS)
    parts = [
        *(_Judged(cell, tuple(t for t in every.trials if _cell(t) == cell)) for cell in CELLS),
        close,
        stranger,
    ]
    return [
        _omissions(run, every),
        *(_severity(run, judged) for judged in (every, *parts)),
        *(_weight(run, judged, name) for name in WEIGHTS for judged in (every, close, stranger)),
        *(_apart(run, every, close, stranger, name) for name in ("severity", "intent_weight")),
        _spread(run, every),
        _statements(run, every),
        *_times(run, every),
        _reading(run, every),
    ]


# -- what weighs -------------------------------------------------------------------------------


def _omissions(run: Run, judged: _Judged) -> Index:
    missed = sum(trial.missed for trial in judged.trials)
    flags = ("many_missed",) if missed > MISSED_LIMIT * judged.n else ()
    return index_of(
        run,
        "omission_rate",
        proportion(missed, judged.n).flagged(*flags) if judged.n else undefined("no_stories"),
        unit="proportion",
        n=(judged.n, judged.n),
        method=f"missed/stories; flagged above {MISSED_LIMIT:g}",
    )


def _severity(run: Run, judged: _Judged) -> Index:
    values = severities(judged.rated)
    return index_of(
        run,
        "severity",
        mean_t(values) if values else undefined(judged.absent),
        condition=judged.name,
        unit="points",
        n=(len(values), judged.n),
        method="mean of blame, or of 8 - permissible",
    )


_RULES = {
    "intent_weight": "(attempted + intended)/2 - (neutral + accidental)/2",
    "outcome_weight": "(accidental + intended)/2 - (neutral + attempted)/2",
    "interaction": "(intended - attempted) - (accidental - neutral)",
}


def _weight(run: Run, judged: _Judged, name: str) -> Index:
    return index_of(
        run,
        name,
        _contrast(judged, WEIGHTS[name]),
        condition=judged.name,
        unit="points",
        n=(len(judged.rated), judged.n),
        method=f"{_RULES[name]}; cells weigh alike; variance pooled over cells",
    )


def _contrast(judged: _Judged, weights: Sequence[float]) -> Estimate:
    if not judged.rated:
        return undefined(judged.absent)
    return contrast(weights, judged.cells())


def contrast(weights: Sequence[float], groups: Sequence[Sequence[float]]) -> Estimate:
    """A weighted sum of means of groups whose values vary alike, with a t interval.

    A person has few stories a cell, often rated alike; so one variance within cells is taken for
    all of them, as in an analysis of variance.

    >>> found = contrast([-1, 1], [[1, 2, 3], [3, 4, 5]])
    >>> f"{found.value} {found.se:.4f}"
    '2.0 0.8165'
    """
    if not all(len(group) for group in groups):
        return undefined("empty_cell")
    value = math.fsum(w * float(np.mean(g)) for w, g in zip(weights, groups, strict=True))
    degrees = sum(len(group) - 1 for group in groups)
    if degrees == 0:
        return Estimate(value, flags=("one_value",))
    within = math.fsum(float(np.sum((np.asarray(g) - np.mean(g)) ** 2)) for g in groups) / degrees
    if within == 0:
        return Estimate(value, flags=("constant",))
    se = math.sqrt(within * math.fsum(w * w / len(g) for w, g in zip(weights, groups, strict=True)))
    half = float(stdtrit(degrees, 0.5 + LEVEL / 2)) * se
    return Estimate(value, se, value - half, value + half, "t")


def _apart(run: Run, every: _Judged, close: _Judged, stranger: _Judged, name: str) -> Index:
    """Close person less stranger, in the mean of the four cells or in the weight of the intent."""
    weights = (0.25,) * 4 if name == "severity" else WEIGHTS[name]
    signed = [*weights, *(-w for w in weights)]
    estimate = (
        contrast(signed, [*close.cells(), *stranger.cells()])
        if every.rated
        else undefined(every.absent)
    )
    return index_of(
        run,
        f"{name}_difference",
        estimate,
        condition="close-stranger",
        unit="points",
        n=(len(every.rated), every.n),
        method="close - stranger; cells weigh alike; variance pooled over the eight cells",
    )


# -- how steadily, how attentively -------------------------------------------------------------


def _spread(run: Run, judged: _Judged) -> Index:
    """How far ratings of one kind of story lie apart: small where a person is consistent."""
    groups = [group for group in judged.cells() if group]
    degrees = sum(len(group) - 1 for group in groups)
    values = [value for group in groups for value in group]
    if not values:
        estimate = undefined(judged.absent)
    elif degrees == 0:
        estimate = undefined("few_values")
    else:
        total = math.fsum(float(np.sum((np.asarray(g) - np.mean(g)) ** 2)) for g in groups)
        flags = ("same_rating",) if len(set(values)) == 1 else ()
        estimate = Estimate(math.sqrt(total / degrees)).flagged(*flags)
    return index_of(
        run,
        "inconsistency",
        estimate,
        unit="points",
        n=(len(values), judged.n),
        method="SD of ratings within the four cells, pooled",
    )


def _statements(run: Run, judged: _Judged) -> Index:
    asked = [t for t in judged.trials if t.outcome.get("statement_correct") is not None]
    right = sum(str(t.outcome["statement_correct"]).lower() in ("true", "1") for t in asked)
    return index_of(
        run,
        "statement_accuracy",
        proportion(right, len(asked)) if asked else undefined("no_statements"),
        unit="proportion",
        n=(len(asked), judged.n),
        method="right / answered statements about the story just read",
    )


def _times(run: Run, judged: _Judged) -> list[Index]:
    rt = [t.rt_s for t in judged.rated if t.rt_s is not None and t.rt_s > 0]
    none = undefined(judged.absent if not judged.rated else "no_values")
    common: dict[str, Any] = {"n": (len(rt), judged.n)}
    return [
        index_of(
            run,
            "rt_median",
            median_order(rt) if rt else none,
            unit="s",
            method="median, from the scale",
            **common,
        ),
        index_of(
            run,
            "rt_log_mean",
            mean_t(np.log(rt)) if rt else none,
            unit="ln s",
            method="mean of ln RT; untrimmed",
            **common,
        ),
    ]


def _reading(run: Run, judged: _Judged) -> Index:
    speeds = [
        words / seconds
        for t in judged.trials
        if (words := number(t.design.get("words"))) is not None
        and (seconds := number(t.outcome.get("reading_s"))) is not None
        and seconds > 0
    ]
    none = undefined("no_stories" if not judged.trials else "no_values")
    median = median_order(speeds) if speeds else none
    fast = ("fast",) if median.value is not None and median.value > FAST_WPS else ()
    return index_of(
        run,
        "reading_speed",
        median.flagged(*fast),
        unit="words/s",
        n=(len(speeds), judged.n),
        method="median of words / reading time",
    )


# -- what it all means -------------------------------------------------------------------------

DESCRIPTIONS = {
    "omission_rate": "Stories without a rating in time divided by all; they are no answers.",
    "severity": "Mean severity of the judgement, from 1 to 7: blame, or 8 less how permissible.",
    "intent_weight": "How much more severe the judgement is where harm was foreseen.",
    "outcome_weight": "How much more severe the judgement is where harm happened.",
    "interaction": "How much more the outcome weighs where harm was foreseen than where not.",
    "severity_difference": "Severity with somebody close less that with a stranger.",
    "intent_weight_difference": "Weight of the intent with somebody close less with a stranger.",
    "inconsistency": "How far apart ratings of stories of one kind lie; small: consistent.",
    "statement_accuracy": "Share of the statements about a story that were answered rightly.",
    "rt_median": "Median time from the scale to the rating.",
    "rt_log_mean": "Mean of the natural logarithm of that time in seconds.",
    "reading_speed": "Words a second until a story was left.",
}

CONDITIONS = {
    "all": "all stories",
    "neutral": "no harm foreseen, none happens",
    "accidental": "no harm foreseen, harm happens",
    "attempted": "harm foreseen, none happens",
    "intended": "harm foreseen, and it happens",
    "close": "stories about a partner, parent, sibling or friend of the one it happens to",
    "stranger": "stories about a stranger",
    "close-stranger": "both kinds of person",
}

FLAGS = {
    "many_missed": f"more than {MISSED_LIMIT:.0%} of the stories were missed".replace("%", " %"),
    "same_rating": "every story got the same rating",
    "fast": f"stories were left at more than {FAST_WPS:g} words a second",
    "no_stories": "undefined: the run has no stories of this kind",
    "empty_cell": "undefined: a kind of story was not rated at all",
    "no_statements": "undefined: no statement was answered",
}

ANALYSIS = Analysis(
    task="moral",
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
        A row a story, as in ``trials_moral.tsv`` or made by hand; NaN where something is missing.
        Needed are ``participant``, ``condition`` (``neutral``, ``accidental``, ``attempted``,
        ``intended``) and ``response`` (1 to 7). Used where they are there: ``session``, ``run``,
        ``trial``, ``practice``, ``relation`` (``close`` or ``stranger``), ``judgement`` (``blame``,
        or ``permissible``: the rating is turned round), ``rt_s``, ``words``, ``reading_s`` and
        ``statement_correct``.
    params
        Settings.
    """
    return score_table(trials, ANALYSIS, params, needed=("condition", "response"))
