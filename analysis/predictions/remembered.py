"""Prediction 5: emotional memories are harder to recall when the attachment system is active."""

from __future__ import annotations

from dataclasses import replace

from analysis.study import Row, Study, effects, reliability

NAMES = (
    "memory_advantage",
    "memory_advantage_control",
    "memory_advantage_attachment",
    "memory_gap",
    "memory_studied_gap",
    "criterion_gap",
)
"""Emotional less neutral words: over runs, by the state of the run, and the states' difference; the
difference of the states in which the words were shown; and that of the line that people draw
between old and new, which is another thing than remembering."""


def rows(study: Study) -> list[Row]:
    """The advantage of emotional words, by state, and what the attachment state takes of it."""
    found = [
        *(reliability(study, "5", name) for name in NAMES),
        *(row for name in NAMES for row in effects(study, "5", name)),
    ]
    if any(measure.contrast in NAMES for measure in study.measures):
        return found
    return [
        replace(row, note="no memory task: no run of recognition, no sourcedata/memory.tsv")
        for row in found
    ]
