"""Words and pseudowords told apart, and what of a masked prime was seen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import Any

from analysis.agreement import detection
from analysis.indices import CHANCE_ALPHA, MISSED_LIMIT, Index, index_of
from analysis.intervals import (
    Estimate,
    binomial_p,
    normal,
    proportion,
    undefined,
)
from analysis.read import Run, Trial


def accuracy_rows(run: Run, decisions: Sequence[Trial]) -> list[Index]:
    """Right decisions, against guessing, and by signal detection."""
    words = [t for t in decisions if t.design.get("is_word") is True]
    nonwords = [t for t in decisions if t.design.get("is_word") is False]
    rows = []
    for condition, group in (("all", decisions), ("word", words), ("nonword", nonwords)):
        answered = [t for t in group if t.correct is not None]
        right = sum(t.correct is True for t in answered)
        share = proportion(right, len(answered)) if group else undefined("no_trials")
        rows.append(
            index_of(
                run,
                "accuracy",
                share.flagged(*_many_missed(group)),
                condition=condition,
                unit="proportion",
                n=(len(answered), len(group)),
                method="correct/answered; practice out",
            )
        )
    return [*rows, *_guessing(run, decisions), *_detected(run, words, nonwords)]


def _many_missed(trials: Sequence[Trial]) -> tuple[str, ...]:
    missed = sum(trial.missed for trial in trials)
    return ("many_missed",) if missed > MISSED_LIMIT * len(trials) else ()


def _guessing(run: Run, decisions: Sequence[Trial]) -> list[Index]:
    answered = [t for t in decisions if t.correct is not None]
    right = sum(t.correct is True for t in answered)
    n = (len(answered), len(decisions))
    p = _chance(right, len(answered))
    missed = sum(t.missed for t in decisions)
    return [
        index_of(
            run,
            "chance_p",
            p,
            unit="probability",
            n=n,
            method="exact binomial, P(this many or more); chance=1/2",
        ),
        index_of(
            run,
            "omission_rate",
            (proportion(missed, len(decisions)) if decisions else undefined("no_trials")).flagged(
                *_many_missed(decisions)
            ),
            unit="proportion",
            n=(len(decisions), len(decisions)),
            method=f"missed/trials; flagged above {MISSED_LIMIT:g}",
        ),
    ]


def _chance(right: int, n: int) -> Estimate:
    if not n:
        return undefined("no_answers")
    p = binomial_p(right, n, 0.5)
    return Estimate(p, flags=("chance",) if p >= CHANCE_ALPHA else ())


def _detected(run: Run, words: Sequence[Trial], nonwords: Sequence[Trial]) -> list[Index]:
    said = [[t.response == "word" for t in g if t.correct is not None] for g in (words, nonwords)]
    yes_word, yes_nonword = said
    n = (len(yes_word) + len(yes_nonword), len(words) + len(nonwords))
    known = bool(yes_word and yes_nonword)
    same = known and len({*yes_word, *yes_nonword}) == 1
    flags = ("one_answer",) if same else ()
    found = detection(sum(yes_word), len(yes_word), sum(yes_nonword), len(yes_nonword))
    none = undefined("no_answers")
    method = "hit=word called word; log-linear (k+.5)/(n+1), Hautus 1995"
    return [
        index_of(
            run,
            "dprime",
            (found.d_prime if known else none).flagged(*flags),
            unit="z",
            n=n,
            method=method,
        ),
        index_of(
            run,
            "criterion",
            (found.criterion if known else none).flagged(*flags),
            unit="z",
            n=n,
            method=f"{method}; above 0: rather no word",
        ),
    ]


def awareness_rows(run: Run, asked: Sequence[Trial]) -> list[Index]:
    """What of the masked primes was seen, by a choice of two words."""
    answered = [t for t in asked if t.correct is not None]
    right = sum(t.correct is True for t in answered)
    n = (len(answered), len(asked))
    none = undefined("no_awareness_test") if not asked else undefined("no_answers")
    common: dict[str, Any] = {"condition": "awareness", "n": n}
    return [
        index_of(
            run,
            "accuracy",
            proportion(right, len(answered)) if answered else none,
            unit="proportion",
            method="correct/answered; choice of two words",
            **common,
        ),
        index_of(
            run,
            "chance_p",
            Estimate(binomial_p(right, len(answered), 0.5)) if answered else none,
            unit="probability",
            method="exact binomial, P(this many or more); chance=1/2",
            **common,
        ),
        index_of(
            run,
            "dprime",
            two_choice_dprime(right, len(answered)) if answered else none,
            unit="z",
            method="sqrt(2) z(p), p=(k+.5)/(n+1); two-alternative choice",
            **common,
        ),
    ]


def two_choice_dprime(right: int, n: int) -> Estimate:
    """Sensitivity d' in a choice of two, with a delta-method standard error."""
    gauss, p = NormalDist(), (right + 0.5) / (n + 1)
    z = gauss.inv_cdf(p)
    se = math.sqrt(2 * p * (1 - p) / n) / gauss.pdf(z)
    return normal(math.sqrt(2) * z, se, "wald")
