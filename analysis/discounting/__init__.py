"""Discounting: how fast an amount loses its value with its delay, and how that was answered.

Every value says by which rule it was found: rates from the questionnaire's boundary rule, from five
choices, or from a model of all choices are different things that bear the same letter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis.discounting.answers import (
    answering_rows,
    catch_rows,
    five_trial_rows,
    share_rows,
    wait_rows,
)
from analysis.discounting.curve import curve_rows
from analysis.discounting.elsewhere import AXIS, auc, fit_choices, johnson_bickel, score_mcq27
from analysis.discounting.meaning import CONDITIONS, DESCRIPTIONS, FLAGS
from analysis.discounting.model import choices_of, likelihood_rows, posterior_rows
from analysis.discounting.offers import EASY, OFFERS, SIZES, counted
from analysis.discounting.questionnaire import questionnaire_rows
from analysis.indices import Analysis, Index
from analysis.read import Trials
from analysis.scoring import score_table

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "ANALYSIS",
    "AXIS",
    "CONDITIONS",
    "DESCRIPTIONS",
    "EASY",
    "FLAGS",
    "OFFERS",
    "SIZES",
    "Params",
    "auc",
    "fit_choices",
    "indices",
    "johnson_bickel",
    "score",
    "score_mcq27",
]


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
    offers = counted(trials)
    return [
        *questionnaire_rows(trials.run, [t for t in offers if t.design.get("method") == "mcq"]),
        *share_rows(trials.run, offers),
        *posterior_rows(trials.run, choices_of(offers)),
        *likelihood_rows(trials.run, choices_of(offers)),
        *curve_rows(trials.run, offers, add_zero=settings.add_zero),
        *five_trial_rows(trials.run, offers),
        *wait_rows(trials.run, offers),
        *catch_rows(trials.run, shown),
        *answering_rows(trials.run, shown, offers),
    ]


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
