"""Settings and presets of the attachment task; their sources are in docs/tasks/attachment.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mbtexp.errors import SettingError, did_you_mean
from mbtexp.strict import setting

CONDITIONS = ("own", "acquainted", "friend", "unfamiliar", "scrambled")
"""Whose pictures there can be: a person is known in a log by this relation, never by a name."""

EXPRESSIONS = ("happy", "neutral", "sad")

MOOD_SCALES = ("pleasure", "arousal", "distress")
"""Sliders during the run, in their order."""

SCALES = (
    "love",
    "closeness",
    "security",
    "longing",
    "familiarity",
    "attractiveness",
    "valence",
    "arousal",
)
"""What can be rated after the pictures."""


@dataclass(frozen=True)
class Params:
    """Everything about the task that can be set."""

    stimuli: str = setting("attachment_pilot", doc="stimulus set, or photos:TOKEN")
    procedure: Literal["blocks", "events", "cycles", "induction", "masked", "ratings"] = setting(
        "blocks",
        doc="blocks of one person, single pictures, cycles with count-back, primes, or ratings "
        "of all pictures and nothing else",
    )
    group: str = setting("adult", doc="which of the set's people: its attribute 'group'")
    conditions: tuple[str, ...] = setting(
        ("own", "acquainted", "friend", "unfamiliar"), doc="whose pictures are shown"
    )
    expressions: tuple[str, ...] = setting(
        (), doc="expressions that are crossed with the persons; none: all mixed"
    )
    fixed: bool = setting(True, doc="onsets are fixed from the run's time zero (scanner)")
    lead_in_s: float = setting(8.0, doc="cross before the first picture (fixed), s", low=2, high=60)
    picture_s: float = setting(4.0, doc="time of a picture, s", low=0.5, high=60)
    pictures: int = setting(4, doc="pictures a block, back to back", low=1, high=40)
    blocks: int = setting(6, doc="blocks of each condition, or cycles", low=1, high=40)
    trials: int = setting(44, doc="pictures of each condition (events)", low=2, high=400)
    gap_low_s: float = setting(12.0, doc="shortest cross after a block or picture, s", low=1)
    gap_high_s: float = setting(14.0, doc="longest cross after a block or picture, s", low=1)
    gap_step_s: float = setting(0.5, doc="steps between them, s", low=0.1, high=10)
    count_long_s: float = setting(40.0, doc="count-back after 'own' (cycles), s", low=2, high=120)
    count_short_s: float = setting(20.0, doc="count-back after others, s", low=2, high=120)
    dot_share: float = setting(
        0.125, doc="share of pictures with a dot to report; 0: no dots", low=0, high=1
    )
    dot_s: float = setting(0.2, doc="time of the dot, s", low=0.1, high=1)
    dot_window_s: float = setting(1.5, doc="longest time to report it, s", low=0.5, high=5)
    dot_deg: float = setting(0.5, doc="size of the dot, deg", low=0.1, high=3)
    dot_out_deg: float = setting(3.0, doc="distance of the dot from the middle, deg", low=0)
    mood_every: int = setting(2, doc="blocks between the sliders", low=1, high=100)
    mood_before: bool = setting(False, doc="sliders before the first picture too")
    mood_window_s: float | None = setting(
        6.0, doc="longest time for a slider during the run, s; none: untimed", low=2, high=60
    )
    distress_limit: float = setting(
        80.0, doc="distress (0 to 100) from which no more pictures are shown", low=1, high=100
    )
    distress_times: int = setting(1, doc="how often in a row it must be reached", low=1, high=5)
    person_ratings: tuple[str, ...] = setting(
        ("love", "closeness", "familiarity"), doc="ratings of each person after the pictures"
    )
    picture_ratings: tuple[str, ...] = setting(
        ("valence", "arousal"), doc="ratings of each picture after the pictures"
    )
    practice: bool = setting(False, doc="begin with practice of the dot task, with feedback")
    block_trials: int = setting(44, doc="pictures between breaks (events)", low=4, high=400)
    induce: Literal["own", "acquainted", "counterbalanced"] = setting(
        "counterbalanced", doc="whose pictures the induction shows"
    )
    booster: bool = setting(False, doc="one block of the induction only, before another task")
    primes: Literal["words", "names"] = setting("words", doc="what is masked")
    prime_frames: int = setting(1, doc="time of a prime, frames", low=1, high=20)
    prime_shortest_s: float = setting(0.0145, doc="shortest prime that is allowed, s", low=0.001)
    prime_longest_s: float = setting(0.0255, doc="longest prime that is allowed, s", low=0.001)
    mask_s: float = setting(0.5, doc="time of the mask, s", low=0.1, high=2)
    prime_trials: int = setting(20, doc="masked trials of each condition", low=2, high=200)
    awareness_trials: int = setting(
        40, doc="forced choices of the awareness test; at least 40", low=40, high=400
    )
    picture_deg: float = setting(9.0, doc="width of a picture, deg", low=2, high=40)
    word_deg: float = setting(0.9, doc="height of a line of words, deg", low=0.2, high=3)

    def __post_init__(self) -> None:
        """Refuse names that mean nothing, and times that do not fit into one another."""
        _refuse_unknown("conditions", self.conditions, CONDITIONS)
        _refuse_unknown("expressions", self.expressions, EXPRESSIONS)
        _refuse_unknown("person_ratings", self.person_ratings, SCALES)
        _refuse_unknown("picture_ratings", self.picture_ratings, SCALES)
        if not self.conditions:
            raise SettingError("conditions is empty; name at least one of 'own', 'acquainted' ...")
        if self.procedure == "masked" and self.fixed:
            raise SettingError("fixed is true, but answers of the masked task are not timed.")
        if self.procedure == "ratings" and self.fixed:
            raise SettingError("fixed is true, but ratings are not timed.")
        if self.procedure == "ratings" and not (self.person_ratings or self.picture_ratings):
            raise SettingError("person_ratings and picture_ratings are empty; nothing is rated.")
        if self.gap_low_s > self.gap_high_s:
            raise SettingError(
                f"gap_low_s is {self.gap_low_s:g}; it must be at most gap_high_s "
                f"({self.gap_high_s:g})."
            )


def _refuse_unknown(name: str, given: tuple[str, ...], known: tuple[str, ...]) -> None:
    for word in given:
        if word not in known:
            raise SettingError(f"{name}: {word!r} is not known; {did_you_mean(word, known)}")
        if given.count(word) > 1:
            raise SettingError(f"{name}: {word!r} is named twice.")


PRESETS: Mapping[str, Mapping[str, Any]] = {
    "block": {},
    "event": {
        "procedure": "events",
        "fixed": False,
        "picture_s": 1.0,
        "gap_low_s": 1.2,
        "gap_high_s": 1.8,
        "gap_step_s": 0.1,
        "dot_share": 0.1,
        "mood_every": 1,
        "mood_window_s": None,
        "practice": True,
    },
    "aron": {
        "procedure": "cycles",
        "conditions": ("own", "acquainted"),
        "picture_s": 30.0,
        "dot_share": 0.0,
        "mood_every": 6,
    },
    "infant": {
        "procedure": "events",
        "group": "infant",
        "conditions": ("own", "unfamiliar"),
        "expressions": EXPRESSIONS,
        "picture_s": 2.0,
        "trials": 10,
        "block_trials": 20,
        "gap_low_s": 2.0,
        "gap_high_s": 6.0,
        "gap_step_s": 2.0,
        "dot_share": 0.1,
        "mood_every": 1,
    },
    "induction": {
        "procedure": "induction",
        "fixed": False,
        "picture_s": 5.0,
        "pictures": 9,
        "blocks": 8,
        "gap_low_s": 1.2,
        "gap_high_s": 1.2,
        "mood_every": 4,
        "mood_before": True,
        "mood_window_s": None,
        "person_ratings": ("love", "closeness"),
        "picture_ratings": (),
    },
    "masked": {
        "procedure": "masked",
        "fixed": False,
        "dot_share": 0.0,
        "mood_every": 1,
        "mood_window_s": None,
        "person_ratings": (),
        "picture_ratings": (),
        "block_trials": 20,
        "practice": True,
    },
    "ratings": {
        "procedure": "ratings",
        "fixed": False,
        "dot_share": 0.0,
        "mood_window_s": None,
    },
}
