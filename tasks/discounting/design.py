"""Which choices are offered, in which order, on which side: the design of discounting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from mbtexp.design import assigned, jitter, longest_run, shuffled
from mbtexp.errors import SettingError
from mbtexp.session import Session
from mbtexp.task import Material
from tasks.discounting.calibrate import calibrated
from tasks.discounting.items import FIVE_TRIAL_DELAYS, MCQ27
from tasks.discounting.money import read_delays
from tasks.discounting.params import (
    Params,
    later_amount,
    money_of,
    refuse_impossible,
    untimed,
)

Side = Literal["left", "right"]

SIDES: tuple[Side, Side] = ("left", "right")

STEPS = 6
"""Choices a delay under ``adjusting`` (Du, Green & Myerson 2002)."""

FIVE = 5
"""Choices under ``five_trial`` (Koffarnus & Bickel 2014)."""


@dataclass(frozen=True)
class Trial:
    """One choice; what its answers have yet to decide is None and stands in the outcome."""

    trial: int
    block: int
    practice: bool
    stim_id: str
    method: str
    condition: str
    item: int | None
    magnitude: str | None
    rank: int | None
    series: str | None
    """Choices that depend on each other: a delay under ``adjusting``, or the whole run."""
    step: int | None
    """Number of the choice in its series, from 1."""
    side: Side
    """Where the sooner option stands."""
    planned_sooner: float | None
    planned_later: float | None
    planned_delay: str | None
    tie: float | None
    """Number in [0, 1) that settles which of several equally informative offers is made."""
    onset_s: float | None
    """Onset of the offer after the run's time zero (calibrated), s."""


@dataclass(frozen=True)
class Choice:
    """A row of the design before it has a place in the run."""

    stim_id: str
    condition: str = "choice"
    practice: bool = False
    item: int | None = None
    magnitude: str | None = None
    rank: int | None = None
    series: str | None = None
    step: int | None = None
    sooner: float | None = None
    later: float | None = None
    delay: str | None = None


def design(session: Session, material: Material) -> list[Trial]:
    """The choices of the method in their order, with balanced sides."""
    params: Params = material.params
    refuse_impossible(params)
    choices = [*_practice(session, params), *_METHODS[params.method](session, params)]
    sides = _sides(session, params, choices)
    onsets = _onsets(session, params, len(choices))
    ties = session.rng("ties")
    return [
        Trial(
            trial=number,
            block=_block(number, params),
            practice=choice.practice,
            stim_id=choice.stim_id,
            method=params.method,
            condition=choice.condition,
            item=choice.item,
            magnitude=choice.magnitude,
            rank=choice.rank,
            series=choice.series,
            step=choice.step,
            side=side,
            planned_sooner=choice.sooner,
            planned_later=choice.later,
            planned_delay=choice.delay,
            tie=round(float(ties.random()), 6) if params.method == "adaptive" else None,
            onset_s=onset,
        )
        for number, (choice, side, onset) in enumerate(zip(choices, sides, onsets, strict=True), 1)
    ]


def _block(number: int, params: Params) -> int:
    """0 for practice, then up by one after every break."""
    counted = number - params.practice
    if counted <= 0:
        return 0
    return 1 + (counted - 1) // params.break_every if params.break_every else 1


# -- what is chosen between ------------------------------------------------------------------------


def _practice(session: Session, params: Params) -> list[Choice]:
    """Easy choices to learn the keys; under ``experiential`` one wait of each kind."""
    if params.method == "experiential":
        order = assigned(session.number, [("sooner", "later"), ("later", "sooner")])
        return [
            _points(f"practice_{number}", f"forced_{option}", practice=True)
            for number, option in enumerate(order[: params.practice], start=1)
        ]
    cash = money_of(params)
    plan = [(10, 30, "1 wk"), (45, 50, "6 mo")][: params.practice]
    return [
        Choice(
            f"practice_{number}",
            "practice",
            practice=True,
            sooner=cash.nearest(sooner * cash.rate),
            later=cash.nearest(later * cash.rate),
            delay=delay,
        )
        for number, (sooner, later, delay) in enumerate(plan, start=1)
    ]


def _mcq(_session: Session, params: Params) -> list[Choice]:
    cash = money_of(params)
    return [
        Choice(
            f"mcq_{item.number:02d}",
            item=item.number,
            magnitude=item.magnitude,
            rank=item.rank,
            sooner=cash.amount(item.sooner),
            later=cash.amount(item.later),
            delay=f"{item.days} d",
        )
        for item in MCQ27
    ]


def _adjusting(session: Session, params: Params) -> list[Choice]:
    delays = list(read_delays(params.delays))
    if params.delay_order == "random":
        delays = shuffled(session.rng("order"), delays)
    later = later_amount(params)
    return [
        Choice(
            f"{str(delay).replace(' ', '_')}_{step}",
            series=str(delay),
            step=step,
            later=later,
            delay=str(delay),
        )
        for delay in delays
        for step in range(1, STEPS + 1)
    ]


def _five_trial(_session: Session, params: Params) -> list[Choice]:
    later = later_amount(params)
    half = money_of(params).amount(params.later / 2)
    five = [
        Choice(f"five_{step}", series="five", step=step, sooner=half, later=later)
        for step in range(1, FIVE + 1)
    ]
    return five + _catches(params, str(FIVE_TRIAL_DELAYS[0]), str(FIVE_TRIAL_DELAYS[-1]))


def _adaptive(session: Session, params: Params) -> list[Choice]:
    """Open choices with the catch trials spread among them, none of them among the first three."""
    later = later_amount(params)
    choices = [
        Choice(f"adaptive_{step:02d}", series="adaptive", step=step, later=later)
        for step in range(1, params.trials + 1)
    ]
    delays = read_delays(params.delays)
    catches = _catches(params, str(delays[0]), str(delays[-1]))
    places = sorted(shuffled(session.rng("catch"), range(3, len(choices)))[: len(catches)])
    for place, catch in zip(reversed(places), reversed(catches), strict=True):
        choices.insert(place, catch)
    return choices


def _catches(params: Params, shortest: str, longest: str) -> list[Choice]:
    """Nothing now against the amount soon, and the same amount now or much later, in turn."""
    later = later_amount(params)
    kinds = [("catch_later", 0.0, shortest), ("catch_sooner", later, longest)]
    return [
        Choice(f"catch_{n + 1}", condition, sooner=sooner, later=later, delay=delay)
        for n in range(params.catch_trials)
        for condition, sooner, delay in [kinds[n % 2]]
    ]


def _calibrated(session: Session, params: Params) -> list[Choice]:
    offers = calibrated(
        session.rng("offers"),
        trials=params.trials,
        ln_k=params.ln_k,
        gap=params.easy_gap,
        later=params.later,
        delays=read_delays(params.delays),
        money=money_of(params),
    )
    return [
        Choice(
            f"{offer.condition}_{number:02d}",
            offer.condition,
            sooner=offer.sooner,
            later=offer.later,
            delay=str(offer.delay),
        )
        for number, offer in enumerate(offers, start=1)
    ]


def _experiential(_session: Session, params: Params) -> list[Choice]:
    return [_points(f"points_{number:02d}", "choice") for number in range(1, params.trials + 1)]


def _points(stim_id: str, condition: str, *, practice: bool = False) -> Choice:
    return Choice(stim_id, condition, practice=practice)


_METHODS = {
    "mcq": _mcq,
    "adjusting": _adjusting,
    "five_trial": _five_trial,
    "adaptive": _adaptive,
    "calibrated": _calibrated,
    "experiential": _experiential,
}


# -- where and when --------------------------------------------------------------------------------


def _sides(session: Session, params: Params, choices: Sequence[Choice]) -> list[Side]:
    """Side of the sooner option: half left in every group of like choices, no long stretches."""
    if params.sides != "balanced":
        fixed = {"sooner_left": "left", "sooner_right": "right"}.get(params.sides)
        side: Side = "right" if fixed == "right" else "left"
        return [assigned(session.number, SIDES) if fixed is None else side] * len(choices)
    rng = session.rng("sides")
    draws = [_drawn_sides(session, rng, choices) for _ in range(20)]
    return min(draws, key=longest_run)


def _drawn_sides(session: Session, rng: Any, choices: Sequence[Choice]) -> list[Side]:
    groups: dict[tuple[object, ...], list[int]] = {}
    for place, choice in enumerate(choices):
        key = (choice.practice, choice.magnitude, choice.series, choice.condition.split("_")[0])
        groups.setdefault(key, []).append(place)
    sides: list[Side] = ["left"] * len(choices)
    for number, places in enumerate(groups.values()):
        dealt = [SIDES[(session.number + number + n) % 2] for n in range(len(places))]
        for place, side in zip(places, shuffled(rng, dealt), strict=True):
            sides[place] = side
    return sides


def _onsets(session: Session, params: Params, n: int) -> list[float | None]:
    """Absolute onsets of the offers: no answer can shift the next trial."""
    if untimed(params):
        return [None] * n
    if not params.fixation_s < params.iti_low_s <= params.iti_high_s:
        raise SettingError(
            f"iti_low_s is {params.iti_low_s:g}: it must be longer than fixation_s "
            f"({params.fixation_s:g}) and at most iti_high_s ({params.iti_high_s:g})."
        )
    pauses = jitter(
        session.rng("iti"), n, low_s=params.iti_low_s, high_s=params.iti_high_s, step_s=0.1
    )
    onsets: list[float | None] = []
    t = params.lead_in_s
    for pause in pauses:
        onsets.append(round(t, 6))
        t += params.option_s + params.window_s + params.feedback_s + pause
    return onsets
