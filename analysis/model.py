"""The six predictions as rows of one table: reliability first, then the effect and its interval.

Every row is two-sided and says what was estimated, by which rule, over how many people. What is
not defined stays in the table with its reason. Nothing here says whether a prediction holds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields

from analysis.between_people import correlations
from analysis.predictions import active, affect, ambiguous, disorganised, judgement, remembered
from analysis.study import Row, Study, effects, reliability
from analysis.tables import as_json, tsv


def study_rows(study: Study) -> list[Row]:
    """All rows, always in the same order; a prediction without data has rows with a reason."""
    return [
        *active.rows(study),
        *affect.rows(study),
        *judgement.rows(study),
        *disorganised.rows(study),
        *remembered.rows(study),
        *ambiguous.rows(study),
        *_delay(study),
        *_between_costs(study),
    ]


def _delay(study: Study) -> list[Row]:
    return [reliability(study, "delay", "ln_k_change"), *effects(study, "delay", "ln_k_change")]


def _between_costs(study: Study) -> list[Row]:
    names = ("cost", "trust_bias_change", "ln_k_change")
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    return [
        *(reliability(study, "costs", name) for name in names),
        *(row for a, b in pairs for row in correlations(study, "costs", a, b)),
    ]


# -- as a table ------------------------------------------------------------------------------------

COLUMNS = tuple(entry.name for entry in fields(Row))

NOTES = {
    "no_group": "participants.tsv has no column 'group', or nobody with this contrast is in one",
    "one_group": "everybody with this contrast is in one group",
    "more_than_two_groups": "more than two groups; compare two of them with the R model",
    "one_order": "everybody had the states in the same order",
    "one_person": "one person has no reliability",
    "few_people": "too few people for an interval",
    "no_phenotype_table": "the questionnaire was not imported",
    "zero_reliability": "the differences between people are no larger than their noise",
    "unknown_reliability": "a score has no reliability",
    "perfect": "a correlation of 1 or -1 has no interval",
    "constant_score": "everybody has the same score",
    "no_slider": "nobody has this slider or rating in both states",
    "same_affect": "the slider changed alike, or not at all, in everybody",
    "no_covariate": "neither vocabulary, age, sex nor trauma is known of most people",
    "no_items": "the questionnaire's table has scores but not the answers to its items",
    "no_moral_task": "no run of the moral task",
    "no_moral_index": "the moral task has none of the indices that are taken",
    "no_item_valence": "the items' valence is not known",
    "no_words": "no word of this class was tested",
}


def study_tsv(rows: Iterable[Row]) -> bytes:
    """The study table, in the order of the predictions."""
    return tsv(COLUMNS, ([getattr(row, name) for name in COLUMNS] for row in rows))


def study_json() -> bytes:
    """The data dictionary that lies beside it."""
    return as_json(
        {
            "prediction": {
                "Description": "number of the prediction; 'delay': discounting by state; 'costs': "
                "the costs of several tasks against each other",
                "Levels": PREDICTIONS,
            },
            "quantity": {"Description": "what is estimated; the reliabilities come first"},
            "formula": {"Description": "R (lme4) model of single trials for the same question"},
            "estimate": {"Description": "the value; n/a if undefined, with the reason in note"},
            "se": {"Description": "standard error"},
            "ci_low": {"Description": "lower end of the interval, 95 % unless method says 90 %"},
            "ci_high": {"Description": "upper end of the interval"},
            "n": {"Description": "people"},
            "df": {"Description": "degrees of freedom of the interval"},
            "method": {"Description": "how it was estimated"},
            "note": {"Description": "reasons and marks, or what belongs to it", "Levels": NOTES},
        }
    )


PREDICTIONS = {
    "1": "mentalising is worse only when the attachment system is active",
    "2": "mentalising is worse with negative affect",
    "3": "social judgement goes with mentalising",
    "4": "attachment disorganisation goes with problems of mentalising",
    "5": "emotional memories are harder to recall when the attachment system is active",
    "6": "ambiguous words more readily activate the attachment system in borderline disorder",
    "delay": "discounting differs between the states",
    "costs": "the costs in several tasks go together",
}
"""What is predicted, in short."""
