"""Offers around a person's own discounting: a third each easily sooner, near, easily later."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from mbtexp.design import constrained, shuffled
from mbtexp.errors import SettingError
from tasks.discounting.money import Delay, Money

Condition = Literal["easy_sooner", "near", "easy_later"]

CONDITIONS: tuple[Condition, ...] = ("easy_sooner", "near", "easy_later")

MARGIN = 0.05
"""Least distance of a sooner amount from nothing and from the later amount, share of the latter."""

NEAR = 0.03
"""Value difference of the near choices that are not exactly at indifference."""

SMALLEST, LARGEST = 0.6, 1.4
"""Range of the later amounts, as shares of the one that is set."""


@dataclass(frozen=True)
class Calibrated:
    """One offer with the answer that it makes likely."""

    condition: Condition
    sooner: float
    later: float
    delay: Delay


def calibrated(
    rng: Any,
    *,
    trials: int,
    ln_k: float,
    gap: float,
    later: float,
    delays: Sequence[Delay],
    money: Money,
) -> list[Calibrated]:
    """Offers for somebody with this ln k (1/day), no more than three of a kind in a row.

    Only delays are used at which both kinds of easy choice are possible: the discounted value must
    leave room for ``gap`` on either side.

    Raises
    ------
    SettingError
        ``trials`` cannot be divided by three, or fewer than two delays suit this person.
    """
    if trials < 3 or trials % 3:
        raise SettingError(f"trials is {trials}; for 'calibrated' it must be a multiple of 3.")
    k = math.exp(ln_k)
    worth = {delay: 1 / (1 + k * delay.days) for delay in delays}
    suited = [delay for delay in delays if gap + MARGIN <= worth[delay] <= 1 - gap - MARGIN]
    if len(suited) < 2:
        raise SettingError(
            f"ln_k is {ln_k:g}: fewer than two of the delays leave room for easy choices on both "
            f"sides; add delays around {1 / k:.3g} days or set a smaller easy_gap."
        )
    each = trials // 3
    laters = _spread(later, -(-each // len(suited)), money)
    offers = []
    for condition in CONDITIONS:
        pairs = shuffled(rng, [(delay, amount) for delay in suited for amount in laters])
        for number, (delay, amount) in enumerate(pairs[:each]):
            share = worth[delay] - _difference(condition, gap, number)
            offers.append(Calibrated(condition, money.nearest(share * amount), amount, delay))
    return constrained(rng, offers, lambda offer: offer.condition, max_run=3)


def _spread(later: float, n: int, money: Money) -> list[float]:
    """At least five later amounts around the one that is set, so that none is learnt by heart."""
    count = max(5, n)
    step = (LARGEST - SMALLEST) / (count - 1)
    amounts = [later * money.rate * (SMALLEST + step * i) for i in range(count)]
    return [money.nearest(amount) for amount in amounts]


def _difference(condition: Condition, gap: float, number: int) -> float:
    """Value of the later option less that of the sooner one, as a share of the later amount."""
    if condition == "near":
        return (-NEAR, 0.0, NEAR)[number % 3]
    return gap if condition == "easy_later" else -gap
