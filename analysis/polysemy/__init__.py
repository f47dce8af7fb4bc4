"""Polysemy: how much a word's attachment sense and its other sense speed up a lexical decision.

Priming is the same targets' log RT after unrelated primes less that after their ambiguous primes
(paradigm after Richards & French, 1992). The two senses' targets differ in length and frequency, so
their priming effects are compared and never their raw times.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.indices import Analysis, Index
from analysis.polysemy.cells import (
    CELLS,
    DOMINANCES,
    SENSES,
    Cell,
    Params,
    Table,
    cell,
    cells_of,
    dominance_cells_of,
    soas_of,
)
from analysis.polysemy.decisions import accuracy_rows, awareness_rows
from analysis.polysemy.distributions import distribution_rows
from analysis.polysemy.meaning import CONDITIONS, DESCRIPTIONS, FLAGS
from analysis.polysemy.norming import norming_rows, norms, shares_of
from analysis.polysemy.priming import (
    combined,
    difference,
    dominance_rows,
    error_rows,
    priming_of,
    priming_rows,
)
from analysis.polysemy.speed import integrated_rows, time_rows
from analysis.read import Trials
from analysis.scoring import score_table

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "ANALYSIS",
    "CELLS",
    "CONDITIONS",
    "DESCRIPTIONS",
    "DOMINANCES",
    "FLAGS",
    "SENSES",
    "Cell",
    "Params",
    "Table",
    "cell",
    "cells_of",
    "combined",
    "difference",
    "dominance_cells_of",
    "indices",
    "norms",
    "priming_of",
    "score",
    "shares_of",
    "soas_of",
]


def indices(trials: Trials, params: Params | None = None) -> list[Index]:
    """All indices of one run; a norming run has those of its own parts."""
    settings = params or Params()
    test = sorted(trials.test, key=lambda trial: trial.trial)
    parts = {str(trial.design.get("part")) for trial in test}
    if parts and parts <= {"association", "meaning", "rating"}:
        return norming_rows(trials.run, test)
    decisions = [t for t in test if t.design.get("part") in (None, "decision")]
    table = cells_of(decisions, settings)
    return [
        *accuracy_rows(trials.run, decisions),
        *priming_rows(trials.run, table, settings),
        *dominance_rows(trials.run, dominance_cells_of(decisions, settings), settings),
        *error_rows(trials.run, table),
        *integrated_rows(trials.run, table, settings),
        *distribution_rows(trials.run, table, decisions, settings),
        *time_rows(trials.run, table, settings),
        *awareness_rows(trials.run, [t for t in test if t.design.get("part") == "awareness"]),
    ]


ANALYSIS = Analysis(
    task="polysemy",
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
        A row a trial, as in ``trials_polysemy.tsv`` or made by hand; NaN where something is
        missing. Needed are ``participant``, ``condition`` (``attachment_related``,
        ``other_unrelated`` ..., ``control``), ``soa_s``, ``correct`` (NaN: no answer) and ``rt_s``.
        Used where they are there: ``session``, ``run``, ``trial``, ``practice``, ``is_word`` with
        ``response``
        (``word`` or ``nonword``), ``part`` (``decision`` unless told).
    params
        Settings: limits and trim.
    """
    return score_table(trials, ANALYSIS, params, needed=("condition", "soa_s", "correct", "rt_s"))
