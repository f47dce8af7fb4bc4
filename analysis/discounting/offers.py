"""Offers of the discounting task: which count, what they were, and what was taken."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from analysis.read import Trial, Trials, number

CONSISTENT = 0.75
"""Consistency of a size of amount below which the questionnaire's k is marked."""

FEW = 5
"""Answers below which no likelihood is fitted."""

SIZES = ("small", "medium", "large")

EASY = ("easy_sooner", "easy_later")
OFFERS = ("choice", *EASY, "near")
"""Conditions of choices that count; catch trials and forced ones do not."""


def counted(trials: Trials) -> list[Trial]:
    """The offers of a run that count, in order: made, and neither practice nor a catch."""
    test = sorted(trials.test, key=lambda trial: trial.trial)
    return [
        trial
        for trial in test
        if trial.outcome.get("shown", True) and trial.design.get("condition", "choice") in OFFERS
    ]


def answered_of(trials: Iterable[Trial]) -> list[Trial]:
    """Those of the trials in which an offer was taken."""
    return [trial for trial in trials if trial.response in ("sooner", "later")]


def chose_later(trial: Trial) -> bool:
    """Whether the later amount was taken."""
    return bool(trial.response == "later")


def money_of(trial: Trial) -> tuple[float, float, float, float] | None:
    """Sooner and later amount with their delays in days, as they were offered."""
    names = ("sooner", "later", "sooner_days", "later_days")
    sooner, later, sooner_days, later_days = (number(trial.outcome.get(name)) for name in names)
    if sooner is None or later is None or later_days is None or max(sooner, later) <= 0:
        return None
    return sooner, later, sooner_days or 0.0, later_days


def item_k(trial: Trial) -> float | None:
    """Rate (1/day) at which both amounts of an item are worth the same."""
    row = money_of(trial)
    if row is None or not 0 < row[0] < row[1] or row[3] <= 0:
        return None
    sooner, later, _, days = row[:4]
    return (later - sooner) / (sooner * days)


def censored(answered: Sequence[Trial]) -> tuple[str, ...]:
    """A mark where every answer is the same: the rate lies beyond what was offered."""
    chosen = {trial.response for trial in answered}
    return ("censored",) if len(answered) > 1 and len(chosen) == 1 else ()
