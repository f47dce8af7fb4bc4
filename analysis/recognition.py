"""Recognition: how well old words are told from new ones, by class, and how sure that was.

Old words were targets of the priming task; a word's class (attachment, emotional, neutral) is the
index's condition. Sensitivity and bias are kept apart: a class of words may be called old more
often without being remembered better.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.agreement import detection
from analysis.indices import MISSED_LIMIT, Analysis, Index, index_of
from analysis.intervals import (
    Estimate,
    Z,
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

CLASSES = ("attachment", "emotional", "neutral")
STATES = ("attachment", "control")
GRADES = 3
"""Grades of certainty, so that there are six from surely new to surely old."""

FAST_S = 0.3
"""A median response time below this is no reading of a word."""


@dataclass(frozen=True)
class Params:
    """What the scoring may be told beyond the log: nothing so far."""


@dataclass(frozen=True)
class _Words:
    """The test trials of some words, called by their condition."""

    name: str
    trials: tuple[Trial, ...]

    @property
    def answered(self) -> tuple[Trial, ...]:
        return tuple(t for t in self.trials if not t.missed and t.response in ("old", "new"))

    @property
    def old(self) -> tuple[Trial, ...]:
        return tuple(t for t in self.answered if is_old(t))

    @property
    def new(self) -> tuple[Trial, ...]:
        return tuple(t for t in self.answered if not is_old(t))

    @property
    def n(self) -> int:
        return len(self.trials)

    @property
    def absent(self) -> str | None:
        """Why nothing can be said of these words, if that is so."""
        if not self.trials:
            return "no_words"
        return None if self.answered else "no_answers"

    def studied_in(self, state: str) -> _Words:
        """Its old words that were shown in a state, and all its new ones."""
        kept = [t for t in self.trials if not is_old(t) or t.design.get("state") == state]
        return _Words(f"{self.name}_after_{state}", tuple(kept))


def is_old(trial: Trial) -> bool:
    """Whether the word was shown before; a table may write that in other ways."""
    return str(trial.design.get("old")).lower() in ("true", "1", "1.0", "old")


def says_old(trials: Iterable[Trial]) -> int:
    """How many of the trials were answered with old."""
    return sum(trial.response == "old" for trial in trials)


def indices(trials: Trials, params: Params | None = None) -> list[Index]:  # noqa: ARG001
    """All indices of one run, always the same rows in the same order; practice is left out."""
    run, test = trials.run, sorted(trials.test, key=lambda trial: trial.trial)
    classes = [
        _Words(name, tuple(t for t in test if t.design.get("condition") == name))
        for name in CLASSES
    ]
    every = _Words("all", tuple(test))
    rows: list[Index] = []
    for words in (every, *classes):
        rows += [
            _omissions(run, words),
            *_rates(run, words),
            *_detected(run, words),
            _area(run, words),
            _sure(run, words),
            *_times(run, words),
        ]
    for words in classes:
        rows += [_by_state(run, words, state) for state in STATES]
    neutral = classes[-1]
    return [*rows, *(_difference(run, words, neutral) for words in classes[1::-1])]


# -- old or new --------------------------------------------------------------------------------


def _omissions(run: Run, words: _Words) -> Index:
    missed = sum(trial.missed for trial in words.trials)
    flags = ("many_missed",) if missed > MISSED_LIMIT * words.n else ()
    return index_of(
        run,
        "omission_rate",
        proportion(missed, words.n).flagged(*flags) if words.n else undefined("no_words"),
        condition=words.name,
        unit="proportion",
        n=(words.n, words.n),
        method=f"missed/trials; flagged above {MISSED_LIMIT:g}",
    )


def _rates(run: Run, words: _Words) -> list[Index]:
    kinds = {"hit_rate": (words.old, "old"), "false_alarm_rate": (words.new, "new")}
    return [
        index_of(
            run,
            name,
            proportion(says_old(trials), len(trials))
            if trials
            else undefined(words.absent or "one_class"),
            condition=words.name,
            unit="proportion",
            n=(len(trials), words.n),
            method=f"said old / answered {kind} words",
        )
        for name, (trials, kind) in kinds.items()
    ]


def _found(words: _Words) -> tuple[Estimate, Estimate]:
    """D' and c of some words."""
    if words.absent:
        return undefined(words.absent), undefined(words.absent)
    counts = says_old(words.old), len(words.old), says_old(words.new), len(words.new)
    found = detection(*counts)
    flags = ("same_answer",) if len({t.response for t in words.answered}) == 1 else ()
    return found.d_prime.flagged(*flags), found.criterion.flagged(*flags)


METHOD = "log-linear (k+.5)/(n+1); equal variances"


def _detected(run: Run, words: _Words) -> list[Index]:
    names = ("dprime", "criterion")
    return [
        index_of(
            run,
            name,
            estimate,
            condition=words.name,
            unit="z",
            n=(len(words.answered), words.n),
            method=METHOD,
        )
        for name, estimate in zip(names, _found(words), strict=True)
    ]


def _by_state(run: Run, words: _Words, state: str) -> Index:
    part = words.studied_in(state)
    estimate = _found(part)[0] if part.old else undefined(words.absent or "no_state")
    return index_of(
        run,
        "dprime",
        estimate,
        condition=part.name,
        unit="z",
        n=(len(part.answered) if part.old else 0, part.n),
        method=f"{METHOD}; old words shown in this state, all new ones",
    )


def _difference(run: Run, words: _Words, neutral: _Words) -> Index:
    first, second = _found(words)[0], _found(neutral)[0]
    return index_of(
        run,
        "dprime_difference",
        _less(first, second),
        condition=f"{words.name}-{neutral.name}",
        unit="z",
        n=(len(words.answered) + len(neutral.answered), words.n + neutral.n),
        method=f"d' - d'; {METHOD}; variances add up",
    )


def _less(first: Estimate, second: Estimate) -> Estimate:
    """A difference of independent estimates; what marks one of them marks it."""
    flags = tuple(dict.fromkeys((*first.flags, *second.flags)))
    if first.value is None or second.value is None:
        return undefined(*flags)
    se = math.hypot(first.se or 0.0, second.se or 0.0)
    return normal(first.value - second.value, se, "wald").flagged(*flags)


# -- how sure ----------------------------------------------------------------------------------


def _grade(trial: Trial) -> float | None:
    """From 1 (surely new) to 6 (surely old)."""
    sure = number(trial.outcome.get("confidence"))
    if sure is None:
        return None
    return GRADES + sure if trial.response == "old" else GRADES + 1 - sure


def _area(run: Run, words: _Words) -> Index:
    old, new = (
        [g for t in kind if (g := _grade(t)) is not None] for kind in (words.old, words.new)
    )
    reason = words.absent or (None if old or new else "no_confidence")
    estimate = undefined(reason) if reason else area(old, new)
    return index_of(
        run,
        "auc_confidence",
        estimate,
        condition=words.name,
        unit="proportion",
        n=(len(old) + len(new), words.n),
        method="trapezoids under the ROC of six grades; DeLong; interval on the logit",
    )


def area(old: Sequence[float], new: Sequence[float]) -> Estimate:
    """Area under the ROC of graded answers, with DeLong's standard error.

    The probability that an old word is graded higher than a new one, half where they are alike:
    the same as trapezoids under the points of the grades. DeLong, DeLong & Clarke-Pearson (1988),
    Biometrics 44:837. The interval is made on the logit, which keeps it between 0 and 1.

    >>> found = area([6, 5, 5, 3], [4, 2, 1, 3])
    >>> f"{found.value:.4f} {found.se:.4f}"
    '0.9062 0.1112'
    """
    if not old or not new:
        return undefined("one_class")
    x, y = np.asarray(old, dtype=float), np.asarray(new, dtype=float)
    above = (x[:, None] > y[None, :]) + 0.5 * (x[:, None] == y[None, :])
    value = float(above.mean())
    if min(x.size, y.size) < 2:
        return Estimate(value, flags=("few_values",))
    parts = above.mean(axis=1).var(ddof=1) / x.size, above.mean(axis=0).var(ddof=1) / y.size
    se = math.sqrt(float(sum(parts)))
    if se == 0 or not 0 < value < 1:
        return Estimate(value, flags=("perfect",))
    logit, wide = math.log(value / (1 - value)), Z * se / (value * (1 - value))
    low, high = (1 / (1 + math.exp(-(logit + side * wide))) for side in (-1, 1))
    return Estimate(value, se, low, high, "logit")


def _sure(run: Run, words: _Words) -> Index:
    sure = [c for t in words.answered if (c := number(t.outcome.get("confidence"))) is not None]
    return index_of(
        run,
        "mean_confidence",
        mean_t(sure) if sure else undefined(words.absent or "no_confidence"),
        condition=words.name,
        unit="points",
        n=(len(sure), words.n),
        method="mean of 1 (guessed) to 3 (very sure)",
    )


# -- time --------------------------------------------------------------------------------------


def _times(run: Run, words: _Words) -> list[Index]:
    rt = [t.rt_s for t in words.answered if t.rt_s is not None and t.rt_s > 0]
    none = undefined(words.absent or "no_values")
    median = median_order(rt) if rt else none
    fast = ("fast",) if median.value is not None and median.value < FAST_S else ()
    common: dict[str, Any] = {"condition": words.name, "n": (len(rt), words.n)}
    return [
        index_of(run, "rt_median", median.flagged(*fast), unit="s", method="median", **common),
        index_of(
            run,
            "rt_log_mean",
            mean_t(np.log(rt)) if rt else none,
            unit="ln s",
            method="mean of ln RT of old and new; untrimmed",
            **common,
        ),
    ]


# -- what it all means -------------------------------------------------------------------------

DESCRIPTIONS = {
    "omission_rate": "Words without a decision in time divided by all; they are no answers.",
    "hit_rate": "Share of the answered old words that were called old.",
    "false_alarm_rate": "Share of the answered new words that were called old.",
    "dprime": "Sensitivity d': how well old words are told from new ones, signal detection.",
    "criterion": "Criterion c; above 0: rather new.",
    "auc_confidence": "Area under the ROC of six grades, surely new to surely old; 0.5: chance.",
    "mean_confidence": "Mean of how sure the decisions were, from 1 to 3.",
    "rt_median": "Median time from a word to the decision.",
    "rt_log_mean": "Mean of the natural logarithm of that time in seconds.",
    "dprime_difference": "Sensitivity to the words of a class less that to neutral words.",
}

CONDITIONS = {
    "all": "all words",
    "attachment": "attachment words",
    "emotional": "emotional words without attachment meaning, matched in valence",
    "neutral": "neutral words",
    **{
        f"{name}_after_{state}": f"{name} words; old ones only where shown in the {state} state"
        for name in CLASSES
        for state in STATES
    },
    "emotional-neutral": "emotional and neutral words",
    "attachment-neutral": "attachment and neutral words",
}

FLAGS = {
    "many_missed": f"more than {MISSED_LIMIT:.0%} of the words were missed".replace("%", " %"),
    "same_answer": "every word got the same answer: sensitivity says nothing",
    "fast": f"the median response time is below {FAST_S:g} s",
    "perfect": "no interval: the answers separate old and new words without exception",
    "no_words": "undefined: the run has no words of this class",
    "one_class": "undefined: needs answered old and new words",
    "no_state": "undefined: no old word was shown in this state",
    "no_confidence": "undefined: nobody said how sure an answer was",
}

ANALYSIS = Analysis(
    task="recognition",
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
        A row a trial, as in ``trials_recognition.tsv`` or made by hand; NaN where something is
        missing. Needed are ``participant``, ``condition`` (``attachment``, ``emotional``,
        ``neutral``), ``old`` (true or false) and ``response`` (``old`` or ``new``). Used where they
        are there: ``session``, ``run``, ``trial``, ``practice``, ``rt_s``, ``confidence`` (1 to 3)
        and ``state`` (``attachment`` or ``control``) of old words.
    params
        Settings.
    """
    return score_table(trials, ANALYSIS, params, needed=("condition", "old", "response"))
