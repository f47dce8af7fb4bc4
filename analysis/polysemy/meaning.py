"""What each index, condition and flag of the polysemy task means."""

from __future__ import annotations

from analysis.exgaussian import FEWEST_TO_FIT
from analysis.ez import FEWEST_RIGHT
from analysis.indices import CHANCE_ALPHA, MISSED_LIMIT
from analysis.polysemy.cells import (
    CELLS,
    DOMINANCES,
    KNOWN_SOAS_MS,
    SENSES,
)

DESCRIPTIONS = {
    "accuracy": "Right answers divided by answered trials.",
    "chance_p": "Exact probability of this many right answers or more by guessing.",
    "omission_rate": "Decisions that were not made in time, divided by all.",
    "dprime": "Sensitivity: words against pseudowords, or which of two words was masked.",
    "criterion": "Bias of the decisions; above 0: rather no word.",
    "priming": "Mean ln RT after unrelated primes less after ambiguous ones, by sense or dominance "
    "and SOA.",
    "priming_ms": "The same difference of RTs in ms.",
    "attachment_bias": "Priming of the attachment sense less that of the other sense, ln RT.",
    "attachment_bias_ms": "The same difference in ms.",
    "dominance_bias": "Priming of the dominant sense less that of the subordinate one, ln RT.",
    "lisas": "Mean RT plus errors in units of RT, LISAS (Vandierendonck 2017); secondary.",
    "lisas_priming": "The same after unrelated primes less after ambiguous ones.",
    "bis": "Standardised accuracy less standardised RT, BIS (Liesefeld & Janczyk 2019); secondary.",
    "bis_priming": "The same after ambiguous primes less after unrelated ones; above 0: better.",
    "ez_v": "Drift rate: how fast evidence gathers, EZ diffusion (Wagenmakers et al. 2007).",
    "ez_a": "Boundary separation of the same: how much evidence an answer waits for.",
    "ez_ter": "Non-decision time of the same.",
    "ez_v_robust": "Drift rate by median and interquartile range (after Chavez De la Pena 2026).",
    "ez_a_robust": "Boundary separation, likewise.",
    "ez_ter_robust": "Non-decision time, likewise.",
    "ex_mu": "Mean of the normal part of an ex-Gaussian distribution of the times.",
    "ex_sigma": "Its SD.",
    "ex_tau": "Mean of the exponential part: the slow tail.",
    "attachment_specificity": "ln RT of control less attachment targets after ambiguous primes.",
    "error_priming": "Error rate after unrelated primes less after ambiguous ones.",
    "rt_mean": "Mean RT of right answers in a cell, trimmed.",
    "rt_median": "Median RT of right answers to word targets, trimmed.",
    "trimmed_share": "Right answers to word targets that the limits or the trim took away.",
    "attachment_share": "Share of associations that had the attachment sense (norming).",
    "relatedness": "Mean rating of targets, 1 nothing to 7 very much to do with closeness.",
}

CONDITIONS = {
    "all": "all decisions, or all SOAs together",
    "word": "word targets",
    "nonword": "pseudowords",
    "attachment": "attachment targets, all SOAs together",
    "other": "targets of the other sense, all SOAs together",
    "dominant": "targets of the sense that most associations have, all SOAs together",
    "subordinate": "targets of the sense that fewer associations have, all SOAs together",
    "control": "control targets",
    "related": "targets after ambiguous primes, of either sense, all SOAs together",
    "unrelated": "the same targets after unrelated primes",
    "awareness": "the test whether masked primes were seen",
    **{f"soa_{ms}": f"SOA of {ms} ms" for ms in KNOWN_SOAS_MS},
    **{
        f"{group}_{ms}": f"{group.replace('_', ' ')} targets at an SOA of {ms} ms"
        for group in (*SENSES, *CELLS, *DOMINANCES)
        for ms in KNOWN_SOAS_MS
    },
}

FLAGS = {
    "chance": f"guessing gives such a score with a probability of {CHANCE_ALPHA:g} or more",
    "many_missed": f"more than {MISSED_LIMIT:.0%} of the trials were missed".replace("%", " %"),
    "one_answer": "every decision was the same",
    "at_bound": "no interval: the fit ends at the edge of what it may take",
    "flat_likelihood": "no interval: the likelihood has no curvature at its maximum",
    "few_correct": f"undefined: fewer than {FEWEST_RIGHT} right answers",
    "few_times": f"undefined: fewer than {FEWEST_TO_FIT} response times",
    "few_cells": "undefined: fewer than two cells have right answers",
    "no_spread": "undefined: the response times are all the same",
    "no_trials": "undefined: the run has no complete trial of the condition",
    "no_dominance": "undefined: no prime has a share of associations that is not a half",
    "no_awareness_test": "undefined: the run has no test whether primes were seen",
}
