"""Eyes: how well mental-state words are matched to pictures of eyes, and how that was answered.

Baron-Cohen et al. (2001), J Child Psychol Psychiatry 42:241. The score is called what it measures,
matching a word to a pair of eyes; vocabulary enters into it and should be recorded beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from analysis.eyes.answering import error_rows, lookup_rows, position_rows, time_rows
from analysis.eyes.correct import (
    ability_rows,
    accuracy_rows,
    control_rows,
    group_rows,
    omission_rows,
    valence_rows,
)
from analysis.eyes.judgement import POSITIONS, is_mental, judgement_of
from analysis.eyes.meaning import CONDITIONS, DESCRIPTIONS, FLAGS
from analysis.eyes.norms import read_word_valence
from analysis.indices import Analysis, Index
from analysis.read import Trials
from analysis.scoring import score_table

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "ANALYSIS",
    "CONDITIONS",
    "DESCRIPTIONS",
    "FLAGS",
    "POSITIONS",
    "Params",
    "indices",
    "read_word_valence",
    "score",
]


@dataclass(frozen=True)
class Params:
    """What the scoring may be told beyond the log."""

    word_valence: Mapping[str, float] = field(default_factory=dict)
    """Valence of the answer words from norms (``read_word_valence``), for the errors' direction."""


def indices(trials: Trials, params: Params | None = None) -> list[Index]:
    """All indices of one run, always the same rows in the same order; practice is left out."""
    settings = params or Params()
    test = sorted(trials.test, key=lambda trial: trial.trial)
    mental = judgement_of([trial for trial in test if is_mental(trial)])
    control = judgement_of([trial for trial in test if not is_mental(trial)])
    return [
        *accuracy_rows(trials.run, mental),
        *omission_rows(trials.run, mental),
        *valence_rows(trials.run, mental),
        *group_rows(trials.run, mental),
        *ability_rows(trials.run, mental),
        *time_rows(trials.run, mental, control),
        *lookup_rows(trials.run, mental),
        *position_rows(trials.run, mental),
        *error_rows(trials.run, mental, settings.word_valence),
        *control_rows(trials.run, mental, control),
    ]


ANALYSIS = Analysis(
    task="eyes",
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
        A row a trial, as in ``trials_eyes.tsv`` or made by hand; NaN where something is missing.
        Needed are ``participant`` and ``correct`` (NaN: no answer). Used where they are there:
        ``session``, ``run``, ``trial``, ``practice``, ``response``, ``rt_s``, ``condition``
        (``mental`` unless told), ``target`` with the four words ``word_tl`` ... ``word_br`` and the
        ``position`` of the answer, ``valence``, ``valence_class``, ``difficulty``, ``sex``,
        ``form``, ``lookups`` (words, with ``|`` between them) and ``lookup_s``.
    params
        Settings.
    """
    return score_table(trials, ANALYSIS, params, needed=("correct",))
