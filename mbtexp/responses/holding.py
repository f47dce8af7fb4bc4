"""Keys that stay down: where a phase wants it they count again and again, and a mark moves on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from mbtexp.ports import Clock, Facts, Press, Responses
from mbtexp.timeline import CLICK, Phase

FIRST_S = 0.4
"""How long a key must stay down before it counts again."""

EVERY_S = 0.05
"""From then on it counts this often: three frames at 60 Hz."""


class Holding:
    """Any device, with presses of its own while the last key stays down (``Keys.repeats``).

    A box that does not tell of releases holds no key, so each press of its buttons counts once.

    Parameters
    ----------
    device, clock
        The device, and the run clock.
    """

    def __init__(self, device: Responses, clock: Clock) -> None:
        self._device = device
        self._clock = clock
        self._on = False
        self._last: Press | None = None
        self._next = 0.0

    def attend(self, phase: Phase, trial: Mapping[str, Any], onset: float) -> None:
        """Tell the device of the phase; a key that was down before is not held in it."""
        on = phase.keys is not None and phase.keys.repeats
        if not (on and self._on):
            self._last = None
        self._on = on
        self._device.attend(phase, trial, onset)

    def poll(self) -> list[Press]:
        """Everything since the last call, in order of time."""
        return self._followed(self._device.poll())

    def wait(self, until: float) -> list[Press]:
        """Return with the first new presses or releases, or empty-handed at ``until``."""
        while True:
            stop = until if self._last is None else min(until, self._next)
            presses = self._followed(self._device.wait(stop))
            if presses or self._clock.now() >= until:
                return presses

    def held(self) -> frozenset[str]:
        """Keys that are down now."""
        return self._device.held()

    def complaint(self) -> str:
        """What keeps the device from answering."""
        return self._device.complaint()

    def describe(self) -> Facts:
        """The device's own facts."""
        return self._device.describe()

    def close(self) -> None:
        """Give the device back."""
        self._device.close()

    def _followed(self, presses: Sequence[Press]) -> list[Press]:
        """These presses, and one more if the last key has stayed down long enough."""
        now = self._clock.now()
        for press in presses if self._on else ():
            if press.down and not press.bounced and press.key != CLICK:
                self._last, self._next = press, press.t + FIRST_S
        if self._last is None or now < self._next:
            return list(presses)
        if self._last.key not in self._device.held():
            self._last = None
            return list(presses)
        self._next = now + EVERY_S
        return [*presses, replace(self._last, t=now, repeated=True)]
