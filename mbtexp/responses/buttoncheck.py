"""Whether each finger lies on the button that the rig says: one press after the other, told apart.

The flow needs a device of responses and somebody to say sentences to; it knows no screen and no
terminal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from mbtexp.errors import DeviceError
from mbtexp.ports import Clock, Facts, Press, Responses

Outcome = Literal["right", "another", "nothing"]

WAIT_S = 15.0
"""How long a press is waited for."""

AFTER_S = 0.3
"""How long after a press its bounces, and other buttons that went down with it, are looked for."""

RELEASE_S = 2.0
"""How long the release of a button is waited for where releases are told."""


@dataclass(frozen=True)
class ButtonRow:
    """What came when one finger was asked for."""

    finger: str
    button: str
    """What should have come."""
    outcome: Outcome
    pressed: tuple[str, ...]
    """What went down, in order, bounces left out."""
    bounces: int
    released: bool | None
    """Whether its release was told; None if nothing was pressed."""

    def facts(self) -> Facts:
        """The row as plain JSON."""
        return {**asdict(self), "pressed": list(self.pressed)}


def check_buttons(
    responses: Responses,
    fingers: Mapping[str, str],
    say: Callable[[str], None],
    *,
    clock: Clock,
    ask: Callable[[str], None] | None = None,
    wait_s: float = WAIT_S,
) -> list[ButtonRow]:
    """Ask for every finger once and tell what arrived.

    Parameters
    ----------
    responses
        The participant's device.
    fingers
        Button by finger, in the order in which to ask; a button without a finger goes by its name.
    say
        Tells a sentence to whoever runs the check.
    clock
        The run clock.
    ask
        Asks for a finger by its name; left out: a sentence to ``say``.
    wait_s
        How long a press is waited for.

    Raises
    ------
    DeviceError
        The device was unplugged meanwhile.
    """

    def sentence(finger: str) -> None:
        say(f"Press {finger} now.")

    rows = []
    for finger, button in fingers.items():
        responses.poll()
        (ask or sentence)(finger)
        row = _row(finger, button, _heard(responses, clock, clock.now() + wait_s))
        say(_told(row))
        rows.append(row)
    return rows


def fingers_of(keys: Sequence[str], names: Mapping[str, str]) -> dict[str, str]:
    """What to ask for: the buttons that answer a task, under their fingers' names."""
    return {names.get(key, f"button {key}"): key for key in keys}


def what_is_wrong(rows: Sequence[ButtonRow]) -> str:
    """One sentence a finger that did not do as it should; empty if all did."""
    return " ".join(_told(row) for row in rows if row.outcome != "right")


def _heard(responses: Responses, clock: Clock, limit: float) -> list[Press]:
    """The first press, and what came with it and after it."""
    heard: list[Press] = []
    while not _pressed(heard) and clock.now() < limit:
        heard += responses.wait(min(limit, clock.now() + 0.1))
        complaint = responses.complaint()
        if complaint:
            raise DeviceError(f"{complaint} Plug it in and start again.")
    if _pressed(heard):
        heard += _until(responses, clock, clock.now() + AFTER_S)
        limit = clock.now() + RELEASE_S
        while responses.held() and clock.now() < limit:
            heard += responses.wait(min(limit, clock.now() + 0.1))
    return heard


def _until(responses: Responses, clock: Clock, until: float) -> list[Press]:
    heard: list[Press] = []
    while clock.now() < until:
        heard += responses.wait(until)
    return heard


def _pressed(heard: Sequence[Press]) -> tuple[str, ...]:
    return tuple(press.key for press in heard if press.down and not press.bounced)


def _row(finger: str, button: str, heard: Sequence[Press]) -> ButtonRow:
    pressed = _pressed(heard)
    outcome: Outcome = (
        "nothing" if not pressed else "right" if set(pressed) == {button} else "another"
    )
    released = any(not press.down for press in heard) if pressed else None
    bounces = sum(press.bounced for press in heard)
    return ButtonRow(finger, button, outcome, pressed, bounces, released)


def _told(row: ButtonRow) -> str:
    """What arrived, and what to do about it."""
    if row.outcome == "nothing":
        return (
            f"{row.finger}: nothing came. Check that the box is on and plugged in, and that this "
            "button is pressed to its end."
        )
    if row.outcome == "another":
        came = " and ".join(dict.fromkeys(row.pressed))
        return (
            f"{row.finger}: {came} came and not {row.button}. Move the finger, or correct "
            "[responses] in rig.toml."
        )
    twice = len(row.pressed) - 1
    if twice:
        return (
            f"{row.finger}: {row.button} came {twice + 1} times. If it was pressed once, the "
            "button bounces: make debounce_ms longer or have it repaired."
        )
    bounced = f", with {row.bounces} bounces that do not count" if row.bounces else ""
    return f"{row.finger}: right ({row.button}){bounced}."
