"""Prediction 4: disorganisation of attachment goes with problems of mentalising."""

from __future__ import annotations

from analysis.between_people import regression, slope
from analysis.study import Row, Study, reliability, scale_reliability

DISORGANISATION = ("disorganisation", "disorganization", "disorganised", "disorganized")
"""Names of a questionnaire's column that holds it."""

FEARFUL = ("ecr_r.anxiety", "ecr_r.avoidance")
"""Both high at once is called fearful attachment; neither scale measures disorganisation."""

OUTCOMES = ("mentalising_control", "cost")


def rows(study: Study) -> list[Row]:
    """Slopes of ability and cost on the scales, and anxiety by avoidance."""
    found = sorted(name for name in study.scales if _scale(name) in DISORGANISATION)
    disorganised = found or ["disorganisation"]
    scales = [*disorganised, *FEARFUL]
    return [
        *(reliability(study, "4", name) for name in OUTCOMES),
        *(scale_reliability(study, "4", name) for name in scales),
        *(slope(study, "4", scale, outcome) for scale in scales for outcome in OUTCOMES),
        *(
            row
            for scale in disorganised
            for outcome in OUTCOMES
            for row in regression(study, "4", outcome, {scale: study.scales.get(scale, {})})
        ),
        *(
            row
            for outcome in OUTCOMES
            for row in regression(
                study,
                "4",
                outcome,
                {scale: study.scales.get(scale, {}) for scale in FEARFUL},
                product_of=FEARFUL,
            )
        ),
    ]


def _scale(name: str) -> str:
    return name.rpartition(".")[2]
