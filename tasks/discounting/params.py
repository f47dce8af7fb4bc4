"""What can be set in discounting: parameters, presets, and what contradicts itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mbtexp.errors import SettingError
from mbtexp.strict import setting
from tasks.discounting.money import Money, money

MONTHS_TO_YEARS = ("1 mo", "3 mo", "9 mo", "2 y", "5 y", "10 y", "20 y")
"""Delays of Du, Green & Myerson (2002)."""

DAYS_TO_YEARS = (
    *("1 d", "2 d", "3 d", "5 d", "1 wk", "10 d", "2 wk", "3 wk"),
    *("1 mo", "2 mo", "3 mo", "4 mo", "6 mo", "9 mo", "1 y", "2 y", "3 y", "5 y", "10 y"),
)
"""Delays among which the adaptive method searches."""


@dataclass(frozen=True)
class Params:
    """Everything about the task that can be set; sources in docs/tasks/discounting.md."""

    method: Literal["mcq", "adjusting", "five_trial", "adaptive", "calibrated", "experiential"] = (
        setting("mcq", doc="how the choices come about")
    )
    currency: Literal["EUR", "USD", "GBP", "CHF", "SEK", "JPY", "points"] = setting(
        "EUR", doc="currency of every amount"
    )
    rate: float | None = setting(
        None, doc="units of the currency for a published dollar; none: its own", low=0.01, high=1e5
    )
    later: float = setting(
        100.0, doc="later amount before the rate (not mcq, experiential)", low=1, high=1e6
    )
    delays: tuple[str, ...] = setting((), doc="delays with their units (1 d, 2 wk, 3 mo, 1 y)")
    delay_order: Literal["random", "ascending"] = setting(
        "random", doc="order of the delays (adjusting)"
    )
    trials: int = setting(
        20,
        doc="choices (adaptive, calibrated, experiential); catch trials come on top",
        low=3,
        high=200,
    )
    catch_trials: int = setting(
        0, doc="choices with one sensible answer (adaptive, five_trial)", low=0, high=20
    )
    stop_sd: float | None = setting(
        None, doc="SD of ln k at which adaptive stops early; none: never", low=0.05, high=3
    )
    min_trials: int = setting(10, doc="choices before it may stop early", low=5, high=60)
    ratio_step: float = setting(
        0.02, doc="grid of sooner amounts, share of the later one", low=0.005, high=0.25
    )
    max_repeats: int = setting(3, doc="longest stretch of one delay (adaptive)", low=1, high=10)
    ln_k: float = setting(
        -4.5, doc="ln k (1/day) the amounts are calibrated to (calibrated)", low=-15, high=5
    )
    easy_gap: float = setting(
        0.2, doc="value difference of easy choices, share of the later amount", low=0.05, high=0.4
    )
    practice: int = setting(0, doc="practice choices (0 to 2)", low=0, high=2)
    sides: Literal["balanced", "sooner_left", "sooner_right", "by_participant"] = setting(
        "balanced", doc="side of the sooner option"
    )
    rewards: Literal["hypothetical", "real"] = setting(
        "hypothetical", doc="whether one choice may be paid"
    )
    one_in: int = setting(6, doc="one in how many participants is paid (real)", low=1, high=1000)
    transfer_days: int = setting(
        1, doc="days any payment takes, whichever option (real)", low=0, high=60
    )
    break_every: int = setting(0, doc="choices between breaks; 0: no break", low=0, high=200)
    fixation_s: float = setting(0.5, doc="cross before an offer, s", low=0.2, high=10)
    feedback_s: float = setting(0.5, doc="chosen option in its frame, s", low=0.2, high=5)
    option_s: float = setting(2.0, doc="offer before answers count (calibrated), s", low=0.5)
    window_s: float = setting(3.0, doc="time for an answer (calibrated), s", low=0.5, high=30)
    iti_low_s: float = setting(4.0, doc="shortest pause (calibrated), s", low=1, high=30)
    iti_high_s: float = setting(8.0, doc="longest pause (calibrated), s", low=1, high=30)
    lead_in_s: float = setting(8.0, doc="cross before the first offer (calibrated), s", low=2)
    sooner_points: int = setting(5, doc="points soon (experiential)", low=1, high=1000)
    later_points: int = setting(15, doc="points late (experiential)", low=1, high=1000)
    sooner_wait_s: float = setting(5.0, doc="wait for the points soon, s", low=1, high=120)
    later_wait_s: float = setting(15.0, doc="wait for the points late, s", low=1, high=300)
    points_s: float = setting(1.0, doc="how long the gained points are shown, s", low=0.2, high=10)
    amount_deg: float = setting(1.2, doc="height of an amount, deg", low=0.3, high=4)
    word_deg: float = setting(0.9, doc="height of other words, deg", low=0.2, high=3)


PRESETS: Mapping[str, Mapping[str, Any]] = {
    "mcq27": {},
    "adjusting": {
        "method": "adjusting",
        "later": 200.0,
        "delays": MONTHS_TO_YEARS,
        "practice": 2,
        "break_every": 24,
    },
    "five_trial": {"method": "five_trial", "later": 1000.0, "catch_trials": 2},
    "adaptive": {
        "method": "adaptive",
        "delays": DAYS_TO_YEARS,
        "trials": 20,
        "catch_trials": 2,
        "practice": 2,
    },
    "scanner": {
        "method": "calibrated",
        "later": 40.0,
        "delays": DAYS_TO_YEARS,
        "trials": 48,
        "feedback_s": 1.0,
    },
    "experiential": {
        "method": "experiential",
        "currency": "points",
        "trials": 50,
        "practice": 2,
        "break_every": 25,
    },
}


def untimed(params: Params) -> bool:
    """Whether the participant takes as long as it takes."""
    return params.method != "calibrated"


def money_of(params: Params) -> Money:
    """The currency with the rate of this run."""
    return money(params.currency, params.rate)


def later_amount(params: Params) -> float:
    """The later amount in the run's currency."""
    return money_of(params).amount(params.later)


def refuse_impossible(params: Params) -> None:
    """Refuse settings that contradict each other."""
    if params.method in ("adjusting", "adaptive", "calibrated") and not params.delays:
        raise SettingError(f"delays: the method {params.method!r} needs some, like '1 wk,1 mo'.")
    if params.method == "adaptive" and not 10 <= params.trials <= 60:
        raise SettingError(f"trials is {params.trials}; for 'adaptive' it must be from 10 to 60.")
    if params.method == "calibrated" and params.practice:
        raise SettingError("practice must be 0 for 'calibrated'; practise outside the scanner.")
    if params.method == "experiential":
        if params.currency != "points" or params.rewards == "real":
            raise SettingError(
                "the method 'experiential' pays in points: set currency to points and rewards to "
                "hypothetical."
            )
        if not (
            params.sooner_points < params.later_points
            and params.sooner_wait_s < params.later_wait_s
        ):
            raise SettingError(
                "sooner_points and sooner_wait_s must be smaller than later_points and "
                "later_wait_s."
            )
    if params.rewards == "real" and params.currency == "points":
        raise SettingError("rewards is 'real', but points cannot be paid; name a currency.")
