"""What can be set about the polysemy task, and its presets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mbtexp.strict import setting


@dataclass(frozen=True)
class Params:
    """Everything about the task that can be set; sources in docs/tasks/polysemy.md."""

    stimuli: str = setting("polysemy", doc="word set")
    norming: bool = setting(False, doc="collect norms of the words in place of decisions")
    soa_1_s: float = setting(0.25, doc="first SOA, prime onset to target onset, s", low=0.02)
    soa_2_s: float | None = setting(1.0, doc="second SOA, s; none: only one", low=0.02, high=10)
    soa_3_s: float | None = setting(None, doc="third SOA, s; none: at most two", low=0.02, high=10)
    fixation_s: float = setting(0.5, doc="cross before a prime, s", low=0.1, high=10)
    blank_s: float = setting(0.2, doc="empty screen before a prime (not masked), s", low=0.1)
    prime_s: float = setting(0.2, doc="prime, s", low=0.005, high=5)
    prime_frames: int = setting(0, doc="prime in frames in place of prime_s; 0: prime_s", low=0)
    masked: bool = setting(False, doc="a mask before the prime and from its end to the target")
    mask_s: float = setting(0.5, doc="mask before a prime (masked only), s", low=0.1, high=5)
    awareness: int = setting(
        0, doc="trials of the test whether primes were seen, at the end", low=0, high=96
    )
    window_s: float = setting(2.0, doc="longest time for a decision, s", low=0.5, high=10)
    iti_low_s: float = setting(1.0, doc="shortest pause after a decision, s", low=0.5, high=10)
    iti_high_s: float = setting(1.4, doc="longest pause after a decision, s", low=0.5, high=10)
    feedback_s: float = setting(0.8, doc="feedback in practice, s", low=0.2, high=5)
    items: int = setting(48, doc="ambiguous primes in the run", low=12, high=48)
    primes: tuple[str, ...] = setting(
        (), doc="ids of the primes to use (after norming); none: chosen by tier"
    )
    sensitive: bool = setting(False, doc="also primes on loss, infidelity or pregnancy")
    dialect: Literal["none", "en-GB", "en-US", "all"] = setting(
        "none", doc="dialect-bound primes: none, those of a dialect, all"
    )
    mapping: Literal["counterbalanced", "word_left", "word_right"] = setting(
        "counterbalanced", doc="which key says word; counterbalanced: by participant"
    )
    practice: bool = setting(True, doc="begin with 20 practice trials")
    breaks: int = setting(2, doc="breaks within the trials of an SOA", low=0, high=10)
    max_run: int = setting(4, doc="most words, or pseudowords, in a row", low=2, high=10)
    prime_gap: int = setting(4, doc="least trials between two of the same prime", low=0, high=6)
    word_deg: float = setting(1.6, doc="height of a line of words, deg", low=0.4, high=4)


PRESETS: Mapping[str, Mapping[str, Any]] = {
    "standard": {},
    "richards_french": {"soa_1_s": 0.5, "soa_2_s": 0.75, "soa_3_s": 1.25, "breaks": 1},
    "masked": {
        "masked": True,
        "prime_s": 1 / 30,
        "soa_1_s": 0.1,
        "soa_2_s": None,
        "awareness": 48,
        "breaks": 4,
    },
    "norming": {"norming": True, "sensitive": True, "dialect": "all"},
}

CONTINUE = "space"
"""Key that turns a page."""


def soas(params: Params) -> tuple[float, ...]:
    """The SOAs of a run, s, as they are set."""
    given = (params.soa_1_s, params.soa_2_s, params.soa_3_s)
    return tuple(soa for soa in given if soa is not None)


def key_names(params: Params) -> tuple[str, ...]:
    """The participant's keys: left and right, or one a point of the rating scale."""
    return tuple("1234567") if params.norming else ("f", "j")
