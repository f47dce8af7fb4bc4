"""What each index, condition and flag of the polysemy task means."""

from __future__ import annotations

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
    "no_trials": "undefined: the run has no complete trial of the condition",
    "no_dominance": "undefined: no prime has a share of associations that is not a half",
    "no_awareness_test": "undefined: the run has no test whether primes were seen",
}
