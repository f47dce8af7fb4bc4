"""A response box and a keyboard as one: the box answers, the keyboard is the operator's."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from mbtexp.ports import Clock, Facts, Press, Responses
from mbtexp.responses.waiting import first_presses
from mbtexp.timeline import Phase


class Merged:
    """The box's presses and those of the keyboard that are not the participant's.

    The participant's keys do not count from the keyboard, so that somebody who leans on it answers
    no trial; where words are typed (a phase with more keys than the participant's) they do.

    Parameters
    ----------
    box, keyboard
        The two.
    keys
        The keys that answer the task.
    clock
        The run clock.
    keyboard_too
        Whether the keyboard answers as well (a pilot without the box).
    """

    def __init__(
        self,
        box: Responses,
        keyboard: Responses,
        keys: Collection[str],
        clock: Clock,
        *,
        keyboard_too: bool = False,
    ) -> None:
        self._box = box
        self._keyboard = keyboard
        self._keys = frozenset(keys)
        self._clock = clock
        self._keyboard_too = keyboard_too
        self._typing = False
        self._set_aside = 0

    def attend(self, phase: Phase, trial: Mapping[str, Any], onset: float) -> None:
        """Tell both of the phase."""
        allowed = () if phase.keys is None else phase.keys.allowed
        self._typing = "a" in allowed and "z" in allowed
        self._box.attend(phase, trial, onset)
        self._keyboard.attend(phase, trial, onset)

    def poll(self) -> list[Press]:
        """Everything since the last call, in order of time."""
        typed = [press for press in self._keyboard.poll() if self._counts(press)]
        return sorted([*self._box.poll(), *typed], key=lambda press: press.t)

    def wait(self, until: float) -> list[Press]:
        """Return with the first new presses or releases, or empty-handed at ``until``."""
        return first_presses(self.poll, self._clock, until)

    def held(self) -> frozenset[str]:
        """Buttons and keys that are down now."""
        typed = self._keyboard.held()
        return self._box.held() | (typed if self._keyboard_too else typed - self._keys)

    def complaint(self) -> str:
        """What keeps either of them from answering; the box first."""
        return self._box.complaint() or self._keyboard.complaint()

    def describe(self) -> Facts:
        """The box's facts, and the keyboard's under a name of their own."""
        return {
            **self._box.describe(),
            "keyboard": self._keyboard.describe(),
            "keyboard_too": self._keyboard_too,
            "typed_instead": self._set_aside,
        }

    def close(self) -> None:
        """Give both back."""
        try:
            self._box.close()
        finally:
            self._keyboard.close()

    def _counts(self, press: Press) -> bool:
        """Whether what was typed may pass: not one of the participant's keys, unless asked for."""
        if self._keyboard_too or self._typing or press.key not in self._keys:
            return True
        self._set_aside += press.down
        return False
