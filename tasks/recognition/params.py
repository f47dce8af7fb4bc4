"""What can be set in the recognition task; sources in docs/tasks/recognition.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mbtexp.strict import setting

CLASSES = ("attachment", "emotional", "neutral")
"""Classes of words, as the log calls the conditions."""

CONTINUE = "space"
"""Key that turns a page."""

KEYS = ("j", "k", "l")
"""Three keys side by side: the outer two decide, all three say how sure."""


@dataclass(frozen=True)
class Params:
    """Everything about the task that can be set."""

    stimuli: str = setting("recognition", doc="set of the new words")
    items: int = setting(16, doc="old words a class, and as many new ones", low=4, high=60)
    study: Literal["unrelated", "all"] = setting(
        "unrelated", doc="old attachment words: those after an unrelated prime, or all"
    )
    practice: bool = setting(True, doc="begin with four words for practice")
    breaks: int = setting(1, doc="breaks within the words", low=0, high=10)
    max_run: int = setting(4, doc="most old, or new, words in a row", low=3, high=10)
    fixation_low_s: float = setting(0.5, doc="shortest cross before a word, s", low=0.2, high=10)
    fixation_high_s: float = setting(0.8, doc="longest cross before a word, s", low=0.2, high=10)
    window_s: float | None = setting(
        5.0, doc="longest time for old or new, s; none: untimed", low=0.5, high=60
    )
    gap_s: float = setting(0.2, doc="empty screen before the scale, s", low=0.2, high=5)
    confidence_s: float | None = setting(
        5.0, doc="longest time to say how sure, s; none: untimed", low=0.5, high=60
    )
    iti_low_s: float = setting(0.4, doc="shortest pause after a word, s", low=0.2, high=10)
    iti_high_s: float = setting(0.6, doc="longest pause after a word, s", low=0.2, high=10)
    mapping: Literal["counterbalanced", "old_left", "old_right"] = setting(
        "counterbalanced", doc="which key says old; counterbalanced: by participant"
    )
    word_deg: float = setting(1.6, doc="height of a line of words, deg", low=0.4, high=4)


PRESETS: Mapping[str, Mapping[str, Any]] = {
    "standard": {},
    "short": {"items": 10, "breaks": 0},
    "eeg": {
        "items": 24,
        "breaks": 3,
        "fixation_low_s": 0.8,
        "fixation_high_s": 1.2,
        "gap_s": 0.5,
        "iti_low_s": 1.0,
        "iti_high_s": 1.4,
    },
}


def key_names(params: Params) -> tuple[str, ...]:  # noqa: ARG001  the same in every preset
    """The participant's keys from left to right."""
    return KEYS
