"""What each index, condition and flag of the Eyes test means."""

from __future__ import annotations

from analysis.indices import CHANCE_ALPHA, MISSED_LIMIT

DESCRIPTIONS = {
    "total": "Right answers, as a count; practice is left out (Baron-Cohen 2001).",
    "accuracy": "Right answers divided by answered trials.",
    "chance_p": "Exact probability of this many right answers or more by guessing.",
    "n_missed": "Trials without an answer in time; they are no errors.",
    "omission_rate": "Missed trials divided by all.",
    "valence_slope": "Change of the logit of accuracy per SD of item valence (Hudson 2020).",
    "valence_curvature": "Bend of that curve; positive: extreme items are easier (Hudson 2020).",
    "theta": "Ability under a Rasch model with guessing, from given item difficulties.",
    "rt_median": "Median response time.",
    "rt_log_mean": "Mean of the natural logarithm of the response time in seconds.",
    "efficiency": "Right answers per minute of response time.",
    "lookups": "Words looked up in the glossary.",
    "lookup_time": "Time spent in the glossary.",
    "position_chi2": "Chi-squared of the chosen positions against equal shares.",
    "position_p": "Probability of such a chi-squared or more if all positions were chosen alike.",
    "position_bias": "Share of choices at a position less the share of right words there.",
    "error_distance": "Mean distance in valence between the chosen and the right word, in errors.",
    "error_shift": "Mean signed difference in valence, in errors; negative: too negative words.",
    "mental_minus_control": "Logit of accuracy, mental-state less control judgement.",
}

CONDITIONS = {
    "all": "trials of the mental-state judgement",
    "correct": "of these, the ones answered rightly",
    "negative": "items classed as negative",
    "neutral": "items classed as neutral",
    "positive": "items classed as positive",
    "female_face": "items that show a woman",
    "male_face": "items that show a man",
    "form_A": "items of form A",
    "form_B": "items of form B",
    "control": "trials of the control judgement (age or sex of the same eyes)",
    "tl": "the position top left",
    "tr": "the position top right",
    "bl": "the position bottom left",
    "br": "the position bottom right",
}

FLAGS = {
    "chance": f"guessing gives such a score with a probability of {CHANCE_ALPHA:g} or more",
    "many_missed": f"more than {MISSED_LIMIT:.0%} of the trials were missed".replace("%", " %"),
    "one_position": "every answer was at the same position",
    "provisional": "the classes of item valence are not confirmed by an open source",
    "partial_norms": "some answered items have no norm and were left out",
    "small_expected": "fewer than 5 choices expected a position; the chi-squared is rough",
    "no_trials": "undefined: the run has no complete test trial of the mental-state judgement",
    "no_item_valence": "undefined: the items come without valence norms",
    "no_valence_class": "undefined: no item of the run is in this class of valence",
    "few_valences": "undefined: fewer than three different valences among the answered items",
    "no_item_difficulty": "undefined: the items come without difficulties",
    "no_word_valence": "undefined: no valence norms for the chosen and right words were given",
    "no_face_sex": "undefined: no item of the run shows a face of this sex",
    "form_not_shown": "undefined: the run has no item of this form",
    "no_control": "undefined: the run has no control judgement",
    "all_correct": "undefined: every answer is right",
    "all_wrong": "undefined: every answer is wrong",
    "mixed_options": "undefined: the number of words is not the same, and not four, in all trials",
}
