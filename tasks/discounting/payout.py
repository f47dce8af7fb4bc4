"""The choice that is paid: a seeded draw over all choices of a session, with a receipt.

Pure functions from logs to a receipt; the same logs give the same draw on any machine. After Kirby,
Petry & Bickel (1999): one participant in six is paid, and a lot says which of the choices counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from mbtexp.errors import DataError
from mbtexp.events import Event, Log
from mbtexp.session import Session
from mbtexp.task import Catalogue
from tasks.discounting.money import Money, money, read_delay


@dataclass(frozen=True)
class PaidChoice:
    """A choice that could be paid, as it was made."""

    run: int
    trial: int
    stim_id: str
    sooner: float
    later: float
    delay: str
    """Of the later amount, as it was written; the sooner one was for today."""
    chosen: str

    @property
    def amount(self) -> float:
        """What was chosen."""
        return self.later if self.chosen == "later" else self.sooner

    @property
    def days(self) -> int:
        """Whole days until the chosen amount was promised."""
        return round(read_delay(self.delay).days) if self.chosen == "later" else 0


@dataclass(frozen=True)
class Payout:
    """The outcome of the draw."""

    participant: str
    session: str
    seed: int
    on: date
    """Day of the session's last run."""
    one_in: int
    lot: int
    """From 1 to ``one_in``; lot 1 is paid."""
    number: int
    """Which of the choices was drawn, from 1."""
    of: int
    choice: PaidChoice
    money: Money
    due: date

    @property
    def paid(self) -> bool:
        """Whether the participant is paid."""
        return self.lot == 1


def draw(logs: Iterable[Log]) -> Payout:
    """Whether this session is paid, and which of all its choices.

    Practice, choices that were missed or not offered, and points are left out; catch trials are
    choices like any other.

    Raises
    ------
    DataError
        The logs are not of one session, disagree about the payment, or hold no choice to be paid.
    """
    real = sorted(filter(_is_real, logs), key=lambda log: int(log.header["run"]))
    if not real:
        raise DataError(
            "None of these logs is a discounting run with real rewards; nothing is to be paid."
        )
    terms = {_terms(log) for log in real}
    if len(terms) > 1:
        raise DataError(
            "The logs are of different sessions or promise different payments; give those of one "
            "session alone."
        )
    choices = [choice for log in real for choice in choices_of(log)]
    if not choices:
        raise DataError(f"{real[0].path}: no choice was made; nothing can be drawn.")
    participant, session, seed, one_in, transfer_days, currency, rate = terms.pop()
    rng = Session(participant, "discounting", session, seed=seed).rng("payout")
    lot = 1 + int(rng.random() * one_in)
    number = int(rng.random() * len(choices))
    on = max(_day(log) for log in real)
    choice = choices[number]
    return Payout(
        participant=participant,
        session=session,
        seed=seed,
        on=on,
        one_in=one_in,
        lot=lot,
        number=number + 1,
        of=len(choices),
        choice=choice,
        money=money(currency, rate),
        due=on + timedelta(days=choice.days + transfer_days),
    )


def _is_real(log: Log) -> bool:
    params = log.header.get("params") or {}
    return log.header.get("task") == "discounting" and params.get("rewards") == "real"


def _terms(log: Log) -> tuple[Any, ...]:
    header, params = log.header, log.header["params"]
    return (
        header["participant"],
        header["session"],
        header["seed"],
        params["one_in"],
        params["transfer_days"],
        params["currency"],
        params["rate"],
    )


def _day(log: Log) -> date:
    return datetime.fromisoformat(log.header["clock"]["utc_at_zero"]).date()


def choices_of(log: Log) -> list[PaidChoice]:
    """Every choice of a run that could be paid; of a trial that was repeated the last one."""
    trials = {event["trial"]: event for event in log.of("trial")}
    made = [event for _, event in sorted(trials.items()) if _counts(event)]
    return [_choice(int(log.header["run"]), event) for event in made]


def _counts(event: Event) -> bool:
    return not event["design"]["practice"] and event["outcome"]["response"] is not None


def _choice(run: int, event: Event) -> PaidChoice:
    outcome = event["outcome"]
    return PaidChoice(
        run=run,
        trial=event["trial"],
        stim_id=event["design"]["stim_id"],
        sooner=outcome["sooner"],
        later=outcome["later"],
        delay=outcome["later_delay"],
        chosen=outcome["response"],
    )


def receipt(payout: Payout, text: Catalogue) -> str:
    """The receipt to print and sign; without payment it says so and why."""
    lines = [
        text("receipt_title" if payout.paid else "receipt_none"),
        "",
        text(
            "receipt_person",
            participant=payout.participant,
            session=payout.session,
            date=payout.on.isoformat(),
        ),
        text("receipt_lot", lot=payout.lot, one_in=payout.one_in),
        *(_paid_lines(payout, text) if payout.paid else []),
        text("receipt_seed", seed=payout.seed),
        "",
        text("receipt_sign"),
    ]
    return "\n".join(lines) + "\n"


def _paid_lines(payout: Payout, text: Catalogue) -> Sequence[str]:
    choice, cash = payout.choice, payout.money
    delay, today = read_delay(choice.delay).text(text), text("delay_none")
    sooner, later, amount = (
        cash.text(value, text, whole=False)
        for value in (choice.sooner, choice.later, choice.amount)
    )
    return [
        text(
            "receipt_drawn",
            number=payout.number,
            of=payout.of,
            run=choice.run,
            trial=choice.trial,
            stim_id=choice.stim_id,
        ),
        text("receipt_offer", sooner=sooner, sooner_delay=today, later=later, later_delay=delay),
        text("receipt_choice", amount=amount, delay=delay if choice.chosen == "later" else today),
        text("receipt_due", amount=amount, due=payout.due.isoformat()),
    ]
