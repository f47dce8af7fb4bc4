"""What each index, condition and flag of the discounting task means."""

from __future__ import annotations

from analysis.discounting.offers import (
    CONSISTENT,
    FEW,
)
from analysis.indices import MISSED_LIMIT

DESCRIPTIONS = {
    "mcq_k": "Discount rate of the 27-item questionnaire by its boundary rule (Kirby 1999).",
    "mcq_ln_k": "Natural logarithm of that rate; the one to analyse.",
    "mcq_consistency": "Share of the answers that agree with one change-over.",
    "magnitude_effect": "Change of ln k per size of the amount; negative: large ones last longer.",
    "later_share": "Choices of the later amount divided by answered ones.",
    "ln_k": "ln of the hyperbola's discount rate from all choices, with a weak prior.",
    "ln_beta": "ln of the steepness of choice on the relative difference of values, likewise.",
    "ed50": "Delay that halves the value.",
    "ln_k_ml": "ln k by maximum likelihood, without a prior.",
    "ln_beta_ml": "ln beta by maximum likelihood, without a prior.",
    "mcfadden": "Share of a coin's misfit that the hyperbola removes.",
    "predicted": "Share of answers that the fitted hyperbola holds for the likelier ones.",
    "bic": "Bayesian information criterion of a model of the choices; the lower the better.",
    "auc": "Area under the indifference points; 1 is no discounting (Myerson 2001).",
    "bumps": "Indifference points far above the one before (Johnson & Bickel 2008, criterion 1).",
    "flat": "Whether the last point is hardly below the first (same paper, criterion 2).",
    "five_trial_k": "Discount rate after five choices (Koffarnus & Bickel 2014).",
    "five_trial_ln_k": "Natural logarithm of that rate.",
    "impulsive_share": "Choices of the short wait for few points, divided by answered ones.",
    "points": "Points gained in the run.",
    "catch_correct": "Sensible answers to choices of which one is better in every respect.",
    "easy_expected": "Easy choices answered as the calibration expects.",
    "left_share": "Choices of the option on the left, whatever it was.",
    "rt_median": "Median response time.",
    "rt_log_mean": "Mean of the natural logarithm of the response time in seconds.",
    "n_missed": "Trials without an answer in time; they are no errors.",
    "omission_rate": "Missed trials divided by all.",
}

CONDITIONS = {
    "all": "all choices that count (catch trials are out, but for sides and missed trials)",
    "small": "questionnaire: later amounts of 25 to 35",
    "medium": "questionnaire: later amounts of 50 to 60",
    "large": "questionnaire: later amounts of 75 to 85",
    "composite": "questionnaire: the three sizes together",
    "easy_sooner": "calibrated: the sooner amount is worth more",
    "near": "calibrated: near indifference",
    "easy_later": "calibrated: the later amount is worth more",
    "linear": "area over the delay",
    "log": "area over the logarithm of the delay",
    "rank": "area over the rank of the delay",
    "hyperbolic": "value A / (1 + k D)",
    "exponential": "value A exp(-k D)",
    "hyperboloid": "value A / (1 + k D)^s",
    "rachlin": "value A / (1 + k D^s)",
    "quasi_hyperbolic": "value b A exp(-k D) with a delay, A without",
    "noise": "no value: one probability for all choices",
}

FLAGS = {
    "censored": "every answer is the same: the rate lies beyond what was offered",
    "inconsistent": f"fewer than {CONSISTENT:.0%} of the answers fit one change-over".replace(
        "%", " %"
    ),
    "at_bound": "a maximum-likelihood estimate lies at the edge of its box: no standard error",
    "flat_likelihood": "no interval: the likelihood has no curvature at its maximum",
    "unsystematic": "a criterion of Johnson & Bickel is met; nothing is left out for it",
    "lapses": "a choice of which one is better in every respect was answered wrongly",
    "one_side": "every answer was on the same side",
    "many_missed": f"more than {MISSED_LIMIT:.0%} of the trials were missed".replace("%", " %"),
    "no_trials": "undefined: the run has no complete test trial of this kind",
    "not_this_method": "undefined: the run offers its choices by another method",
    "missing_items": "undefined: an item was not answered; nothing is filled in",
    "few_choices": f"undefined: fewer than {FEW} answered choices",
    "few_points": "undefined: fewer than two complete indifference points",
    "not_shown": "undefined: the run has no such choices",
}
