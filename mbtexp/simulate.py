"""Simulated participants: they sit behind the responses port and answer what a phase shows."""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

from mbtexp.ports import Clock, Facts, Press
from mbtexp.timeline import CLICK, Phase, Position

if TYPE_CHECKING:
    import numpy as np

Answer = Callable[[Phase, Mapping[str, Any]], Sequence[tuple[str, float]]]
"""From a phase and its trial's design row to presses: key or click, seconds after the onset."""

HOLD_S = 0.08
"""How long a simulated key stays down, s."""

READING_S = 0.6
"""How long a simulated participant takes over a page of instructions, s."""


class Click(str):
    """A click at a place, as the key of an ``Answer``; fractions of the height from the middle.

    >>> Click((0.1, -0.2)) == "click", Click((0.1, -0.2)).at
    (True, (0.1, -0.2))
    """

    at: Position

    def __new__(cls, at: Position) -> Self:
        """The key 'click' that knows where."""
        click = super().__new__(cls, CLICK)
        click.at = at
        return click


def nobody(_phase: Phase, _trial: Mapping[str, Any]) -> list[tuple[str, float]]:
    """An empty chair: no press at all."""
    return []


def first_key(phase: Phase, _trial: Mapping[str, Any]) -> list[tuple[str, float]]:
    """Somebody who presses the first allowed key of everything after a moment."""
    return [(phase.keys.allowed[0], READING_S)] if phase.keys else []


@dataclass(frozen=True)
class Participant:
    """A generative model of behaviour with its parameters, as the log's header names it."""

    model: str
    answer: Answer
    params: Mapping[str, float] = field(default_factory=dict)

    def facts(self) -> Facts:
        """Model and parameters as plain JSON."""
        return {"model": self.model, "params": dict(self.params)}


class SimulatedResponses:
    """A responses port whose presses come from an ``Answer``, on a real clock or a virtual one."""

    def __init__(self, clock: Clock, answer: Answer, presses: Iterable[Press] = ()) -> None:
        self._clock = clock
        self._answer = answer
        self._order = itertools.count()
        self._ahead: list[tuple[float, int, Press]] = []
        self._held: set[str] = set()
        for press in presses:
            self._schedule(press)

    def attend(self, phase: Phase, trial: Mapping[str, Any], onset: float) -> None:
        """Decide what to press in this phase."""
        for key, after_s in self._answer(phase, trial):
            press = Press(onset + after_s, str(key))
            if isinstance(key, Click):
                press = replace(press, by="mouse", at=key.at)
            self._schedule(press)
            self._schedule(replace(press, t=onset + after_s + HOLD_S, down=False))

    def poll(self) -> list[Press]:
        """Presses that are due by now."""
        if not self._ahead or self._ahead[0][0] > self._clock.now():
            return []
        due = []
        while self._ahead and self._ahead[0][0] <= self._clock.now():
            press = heapq.heappop(self._ahead)[2]
            if press.at is None:  # the mouse's button is no key that is held
                (self._held.add if press.down else self._held.discard)(press.key)
            due.append(press)
        return due

    def wait(self, until: float) -> list[Press]:
        """Let time pass until the next press, or until ``until``."""
        if self._ahead and self._ahead[0][0] <= until:
            self._clock.sleep_until(self._ahead[0][0])
            return self.poll()
        self._clock.sleep_until(until)
        return []

    def held(self) -> frozenset[str]:
        """Keys that are down."""
        return frozenset(self._held)

    def complaint(self) -> str:
        """Nothing: this participant does not come unplugged."""
        return ""

    def describe(self) -> Facts:
        """Facts for the log."""
        return {"backend": "simulated"}

    def close(self) -> None:
        """Forget what was still to be pressed."""
        self._ahead.clear()

    def _schedule(self, press: Press) -> None:
        heapq.heappush(self._ahead, (press.t, next(self._order), press))


def lognormal_s(rng: np.random.Generator, *, median_s: float, sigma: float) -> float:
    """A response time from a lognormal distribution, s."""
    return float(median_s * math.exp(sigma * rng.standard_normal()))
