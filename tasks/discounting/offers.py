"""The next offer: as planned, or as the answers so far make it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mbtexp.errors import SettingError
from tasks.discounting.adaptive import Adaptive, Design, Posterior, designs_of
from tasks.discounting.design import Trial
from tasks.discounting.items import FIVE_TRIAL_DELAYS
from tasks.discounting.money import NOW, Delay, Money, read_delay, read_delays
from tasks.discounting.params import Params, later_amount, money_of


@dataclass(frozen=True)
class Offer:
    """Two amounts and when they come."""

    sooner: float
    later: float
    delay: Delay
    sooner_delay: Delay = NOW

    @property
    def tag(self) -> str:
        """The offer in short, for the log."""
        return f"{self.sooner:.10g}|{self.later:.10g}|{self.sooner_delay}|{self.delay}"


def read_tag(tag: str) -> Offer:
    """The offer that a tag stands for.

    >>> read_tag("54|55|0 d|117 d").delay.days
    117.0
    """
    sooner, later, sooner_delay, delay = tag.split("|")
    return Offer(float(sooner), float(later), read_delay(delay), read_delay(sooner_delay))


def adjusted(later: float, answers: Sequence[bool], money: Money) -> float:
    """The sooner amount after these answers (True: later chosen); Du, Green & Myerson (2002).

    Half of the later amount at first, then a quarter up or down, an eighth, and so on. After six
    answers it is the estimate of the indifference point.
    """
    share = 0.5
    for number, chose_later in enumerate(answers, start=2):
        share += (1 if chose_later else -1) / 2**number
    return money.nearest(share * later)


def five_trial_delay(answers: Sequence[bool]) -> Delay:
    """The delay after these answers (True: later chosen); Koffarnus & Bickel (2014).

    The middle of 31 at first, then 8, 4, 2 and 1 further: longer after the later amount.
    """
    place = 15
    for number, chose_later in enumerate(answers):
        place += (8 >> number) if chose_later else -(8 >> number)
    return FIVE_TRIAL_DELAYS[place]


class Offers:
    """Makes the offers of one run and learns from its answers; a resumed run learns from the log.

    Parameters
    ----------
    params
        The run's settings.
    recorded
        Trial events of an interrupted run that this one continues.
    """

    def __init__(self, params: Params, recorded: Iterable[Mapping[str, Any]] = ()) -> None:
        self._params = params
        self._money = money_of(params)
        self._answers: dict[str, list[bool]] = {}
        self._delays = {delay.days: delay for delay in read_delays(params.delays)}
        self._search = self._new_search() if params.method == "adaptive" else None
        for event in recorded:
            self._recall(event)

    def _new_search(self) -> Adaptive:
        params, later = self._params, later_amount(self._params)
        steps = [params.ratio_step * n for n in range(1, round(1 / params.ratio_step))]
        amounts = sorted({self._money.nearest(step * later) for step in steps})
        ratios = [amount / later for amount in amounts]
        return Adaptive(designs_of(ratios, list(self._delays)), max_repeats=params.max_repeats)

    def _recall(self, event: Mapping[str, Any]) -> None:
        design, outcome = event["design"], event["outcome"]
        if design["series"] is None or outcome["response"] is None:
            return
        later = outcome["response"] == "later"
        if self._search is not None:
            ratio = outcome["sooner"] / outcome["later"]
            self._search.update(Design(ratio, outcome["later_days"]), later)
        self._answers.setdefault(design["series"], []).append(later)

    def offer(self, trial: Trial) -> Offer:
        """What this trial offers, given the answers so far."""
        if trial.method == "experiential":
            params = self._params
            return Offer(
                params.sooner_points,
                params.later_points,
                Delay(params.later_wait_s, "s"),
                Delay(params.sooner_wait_s, "s"),
            )
        sooner, later, delay = trial.planned_sooner, trial.planned_later, trial.planned_delay
        if trial.series is not None and trial.method == "adjusting":
            sooner = adjusted(later or 0.0, self._answers.get(trial.series, []), self._money)
        elif trial.series is not None and trial.method == "five_trial":
            delay = str(five_trial_delay(self._answers.get(trial.series, [])))
        elif trial.series is not None and self._search is not None:
            design = self._search.design(trial.tie or 0.0)
            sooner = self._money.nearest(design.ratio * (later or 0.0))
            delay = str(self._delays[design.days])
        if sooner is None or later is None or delay is None:
            raise SettingError(f"trial {trial.trial}: the design leaves its offer open.")
        return Offer(sooner, later, read_delay(delay))

    def answered(self, trial: Trial, offer: Offer, *, later: bool) -> None:
        """Learn from an answer."""
        if trial.series is None:
            return
        if self._search is not None:
            self._search.update(Design(offer.sooner / offer.later, offer.delay.days), later)
        self._answers.setdefault(trial.series, []).append(later)

    @property
    def posterior(self) -> Posterior | None:
        """What the adaptive search knows by now."""
        return None if self._search is None else self._search.posterior

    @property
    def precise(self) -> bool:
        """Whether the search knows ln k as precisely as was asked for."""
        stop_sd, known = self._params.stop_sd, self.posterior
        if stop_sd is None or known is None:
            return False
        asked = sum(map(len, self._answers.values()))
        return asked >= self._params.min_trials and known.ln_k_sd <= stop_sd
