"""Amounts and delays as they are counted and as they are written: one currency, one calendar.

Every delay is counted in days from here on, with a month of 30.44 and a year of 365.25 days;
every amount in the run's currency.
"""

from __future__ import annotations

from dataclasses import dataclass

from mbtexp.errors import SettingError, did_you_mean
from mbtexp.task import Catalogue

DAYS = {
    "s": 1 / 86400,
    "h": 1 / 24,
    "d": 1.0,
    "wk": 7.0,
    "mo": 30.44,
    "y": 365.25,
}
"""Days in each unit of delay (Koffarnus & Bickel's k at every delay follows from these)."""


@dataclass(frozen=True)
class Delay:
    """A time to wait, in the unit in which it is written."""

    number: float
    unit: str

    @property
    def days(self) -> float:
        """The same time in days."""
        return self.number * DAYS[self.unit]

    def __str__(self) -> str:
        return f"{self.number:g} {self.unit}"

    def text(self, words: Catalogue) -> str:
        """The delay as a participant reads it.

        The words say "today" for none, and have a form of their own for one of a unit.
        """
        if self.number == 0:
            return words("delay_none")
        key = f"delay_{self.unit}_one" if self.number == 1 else f"delay_{self.unit}"
        return words(key, n=_number(self.number, words, decimals=0 if self._whole else 1))

    @property
    def _whole(self) -> bool:
        return self.number == int(self.number)


NOW = Delay(0, "d")


def read_delay(text: str, *, where: str = "delays") -> Delay:
    """A delay from its short form.

    >>> read_delay("1.5 wk").days
    10.5
    >>> read_delay("2 weeks")
    Traceback (most recent call last):
    ...
    mbtexp.errors.SettingError: delays: 'weeks' is not known here; it can be 'd', 'h', 'mo', 's', \
'wk' or 'y'
    """
    number, _, unit = text.strip().partition(" ")
    try:
        count = float(number)
    except ValueError:
        raise SettingError(f"{where}: {text!r} is no delay; write it like '2 wk'.") from None
    if unit not in DAYS:
        raise SettingError(f"{where}: {unit!r} is not known here; {did_you_mean(unit, DAYS)}")
    if not 0 <= count < 1e5:
        raise SettingError(f"{where}: {text!r} is no delay; it must be from 0 to 100000.")
    return Delay(count, unit)


def read_delays(texts: tuple[str, ...]) -> tuple[Delay, ...]:
    """Delays in rising order; refuses the same one twice."""
    delays = sorted((read_delay(text) for text in texts), key=lambda delay: delay.days)
    if len({delay.days for delay in delays}) < len(delays):
        raise SettingError(f"delays: {', '.join(texts)} has a delay twice.")
    if delays and delays[0].days == 0:
        raise SettingError("delays: 0 is no delay; leave it out.")
    return tuple(delays)


@dataclass(frozen=True)
class Money:
    """A currency: how much of it stands for one published unit, and its smallest coin."""

    currency: str
    rate: float
    decimals: int

    def amount(self, published: float) -> float:
        """A published amount in this currency; refuses one that its coins cannot pay exactly."""
        exact = published * self.rate
        paid = round(exact, self.decimals)
        if abs(paid - exact) > 1e-9 * max(1.0, exact):
            raise SettingError(
                f"rate is {self.rate:g}: {published:g} would become {exact:g} {self.currency}, "
                "which cannot be paid exactly; choose a rate that keeps every amount exact."
            )
        return paid

    def nearest(self, exact: float) -> float:
        """The amount in this currency that its coins can pay, nearest to an exact one."""
        return round(exact, self.decimals)

    def text(self, amount: float, words: Catalogue, *, whole: bool = True) -> str:
        """An amount as a participant reads it; ``whole`` leaves the cents out."""
        decimals = 0 if whole else self.decimals
        return words(f"money_{self.currency}", amount=_number(amount, words, decimals=decimals))


CURRENCIES = {
    "EUR": Money("EUR", 1.0, 2),
    "USD": Money("USD", 1.0, 2),
    "GBP": Money("GBP", 1.0, 2),
    "CHF": Money("CHF", 1.0, 2),
    "SEK": Money("SEK", 10.0, 2),
    "JPY": Money("JPY", 100.0, 0),
    "points": Money("points", 1.0, 0),
}
"""Currencies with a round rate each, so that 54 published dollars stay a plausible amount."""


def money(currency: str, rate: float | None) -> Money:
    """The run's money: a currency at its own rate, or at the rate that is given."""
    known = CURRENCIES[currency]
    return known if rate is None else Money(currency, rate, known.decimals)


def _number(value: float, words: Catalogue, *, decimals: int) -> str:
    """A number in the language's own form (10,000.50 or 10.000,50)."""
    plain = f"{value:,.{decimals}f}"
    marks = {",": words("thousands"), ".": words("decimal")}
    return "".join(marks.get(letter, letter) for letter in plain)
