"""Whether a keyboard tells of two keys at once: by presses of our own, or by the operator's."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from mbtexp.errors import DeviceError
from mbtexp.ports import Clock, Facts, Press, Responses
from mbtexp.responses.reader import Reader

TWO_KEYS = ("lctrl", "rctrl")
"""Type nothing into whatever window is in front."""

APART_S = 0.003
PATIENCE_S = 0.5
LARGEST_ERROR_S = 0.05

Send = Callable[[str, bool], None]
"""Presses (True) or releases (False) a key, as a finger would."""


@dataclass(frozen=True, slots=True)
class SelfTest:
    """What came of two keys pressed together; ``complaint`` is empty when all is well."""

    complaint: str
    worst_error_s: float | None = None

    def facts(self) -> Facts:
        """The outcome as plain JSON."""
        if self.worst_error_s is None:
            return {"self_test": self.complaint or "passed"}
        return {
            "self_test": self.complaint or "passed",
            "stamp_error_ms": round(self.worst_error_s * 1000, 3),
        }


def self_test(reader: Reader, clock: Clock, send: Send) -> SelfTest:
    """Two keys pressed 3 ms apart and let go: all four events must come, in order, on time."""
    first, second = TWO_KEYS
    reader.read()
    sent = [
        _sent(clock, send, key, down=down)
        for key, down in ((first, True), (second, True), (first, False), (second, False))
    ]
    seen = _collect(reader, clock, len(sent))
    if [(press.key, press.down) for press in seen] != [(press.key, press.down) for press in sent]:
        told = ", ".join(f"{press.key} {'down' if press.down else 'up'}" for press in seen)
        return SelfTest(f"of two keys pressed together it told: {told or 'nothing'}")
    worst = max(abs(there.t - here.t) for there, here in zip(seen, sent, strict=True))
    if worst > LARGEST_ERROR_S:
        return SelfTest(f"its time stamps are up to {worst * 1000:.0f} ms wrong", worst)
    return SelfTest("", worst)


def check_two_keys(
    keyboard: Responses, clock: Clock, ask: Callable[[str], None], *, patience_s: float = 10.0
) -> tuple[str, str]:
    """The two keys that the operator held down together, as the keyboard told them.

    Raises
    ------
    DeviceError
        If no two keys were down at the same time: the keyboard or its back end drops one.
    """
    ask("Hold down two of the participant's keys at the same moment, then let go of both.")
    until = clock.now() + patience_s
    down: list[str] = []
    keyboard.poll()
    while clock.now() < until:
        for press in keyboard.wait(until):
            if not press.down:
                down = [key for key in down if key != press.key]
                continue
            down.append(press.key)
            if len(down) == 2:
                return down[0], down[1]
    raise DeviceError(
        "The keyboard did not tell of two keys held together. Try two other keys, another "
        "keyboard, or another backend in the rig file (responses: backend)."
    )


def _sent(clock: Clock, send: Send, key: str, *, down: bool) -> Press:
    now = clock.now()
    send(key, down)
    clock.sleep_until(now + APART_S)
    return Press(now, key, down)


def _collect(reader: Reader, clock: Clock, wanted: int) -> list[Press]:
    seen: list[Press] = []
    until = clock.now() + PATIENCE_S
    while len(seen) < wanted and clock.now() < until:
        # One key may be told by several devices, and repeats are not our subject here.
        seen += [press for press in reader.read() if not _told(seen, press)]
        time.sleep(0.0005)
    return seen


def _told(seen: list[Press], press: Press) -> bool:
    return any((press.key, press.down) == (other.key, other.down) for other in seen)
