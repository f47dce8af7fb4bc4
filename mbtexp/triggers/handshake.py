"""The first words with a box: what is said to it when its port opens, and what it must answer.

The steps are data; ``introduce`` says them over a port. A box that answers wrongly, or not at all,
is refused with what it did answer: it is another box, at another rate, or switched off.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from mbtexp.errors import DeviceError
from mbtexp.port import Written
from mbtexp.ports import Clock, Facts

XID_PRODUCTS = {
    b"0": "Lumina",
    b"1": "SV-1",
    b"2": "RB response pad",
    b"4": "c-pod",
    b"5": "Riponda",
    b"S": "StimTracker",
}
"""Answers to ``_d2`` (Cedrus' list of XID commands)."""

HEARD = 60
"""Characters of a wrong answer that an error text quotes."""

Understood = Callable[[bytes], Facts | None]
"""What an answer tells; None if it is not the one expected, or not whole yet."""


def _nothing_needed(_answer: bytes) -> Facts | None:
    return {}


@dataclass(frozen=True, slots=True)
class Step:
    """One thing said to a box, and what it must answer."""

    say: bytes
    expects: str = ""
    """The answer in words, for an error text; empty: the box says nothing to this."""
    understood: Understood = _nothing_needed
    within_s: float = 0.5
    """How long the answer may take, s."""
    wait_s: float = 0.0
    """How long the box then needs before it listens again, s."""
    otherwise: Step | None = None
    """Said before a second and last attempt."""


class Asked(Protocol):
    """A port that can be asked."""

    def write(self, data: bytes) -> Written:
        """Write all of ``data`` now, or not at all."""
        ...

    def read(self) -> bytes:
        """Whatever has arrived."""
        ...

    def ask(self, question: bytes, enough: Callable[[bytes], bool], within_s: float) -> bytes:
        """Write a question and collect the answer."""
        ...


def introduce(
    port: Asked, steps: Sequence[Step], clock: Clock, *, title: str, where: str, name: str
) -> Facts:
    """What the box told of itself: its answers, by the question, and what they mean.

    Waits, so it is for the opening of a port.

    Parameters
    ----------
    port
        The open port.
    steps
        What to say, in order.
    clock
        For the waits.
    title, where, name
        The box, the file's section and the port, for the text of an error.

    Raises
    ------
    DeviceError
        An answer was wrong, or none came.
    """
    told: Facts = {}
    answers: dict[str, str] = {}
    for step in steps:
        answer = _say(port, step, clock)
        facts = step.understood(answer)
        if facts is None and step.otherwise is not None:
            _say(port, step.otherwise, clock)
            answer = _say(port, step, clock)
            facts = step.understood(answer)
        if facts is None:
            raise DeviceError(_refusal(step, answer, title, where, name))
        told |= facts
        if step.expects:
            answers[spoken(step.say) or "at opening"] = spoken(answer)
    return {**told, "answers": answers}


def _say(port: Asked, step: Step, clock: Clock) -> bytes:
    answer = b""
    if step.expects:
        if step.say:
            port.read()  # an answer that was meant for somebody before us
        answer = port.ask(step.say, lambda heard: step.understood(heard) is not None, step.within_s)
    else:
        port.write(step.say)
    if step.wait_s:
        clock.sleep_until(clock.now() + step.wait_s)
    return answer


def _refusal(step: Step, answer: bytes, title: str, where: str, name: str) -> str:
    to = f" to '{spoken(step.say)}'" if step.say else " after opening"
    came = f"the answer was '{spoken(answer)[:HEARD]}'" if answer else "nothing came"
    return (
        f"{where}: port {name!r}: a {title} answers {step.expects}{to}, but {came}. Check that "
        "device, port and baud are those of this box, and that it is switched on."
    )


def spoken(data: bytes) -> str:
    r"""Bytes for a person: as text where they are, else in hexadecimal.

    >>> spoken(b"_xid0"), spoken(b"GET CONFIG\n"), spoken(b"\xa9\xa3")
    ('_xid0', 'GET CONFIG', 'a9 a3')
    """
    text = data.decode("latin-1").strip("\r\n")
    return text if text.isascii() and text.isprintable() else data.hex(" ")


# -- what boxes answer ----------------------------------------------------------------------------


def exactly(wanted: bytes, **facts: str) -> Understood:
    """Understands one answer only; others may stand before it (buttons that were pressed)."""
    return lambda answer: dict(facts) if answer.endswith(wanted) else None


def _product(answer: bytes) -> Facts | None:
    if len(answer) != 1:
        return None
    return {"product": XID_PRODUCTS.get(answer, f"unknown ({spoken(answer)})")}


def _model(answer: bytes) -> Facts | None:
    return {"model": spoken(answer)} if len(answer) == 1 else None


def xid_steps(pulse_s: float) -> tuple[Step, ...]:
    """Cedrus XID 2: in XID mode, who it is, and the width of its pulses set and read back.

    From the maker's list of XID 2 commands; ``mp`` 0 would hold a code for ever.
    """
    width = round(1000 * pulse_s).to_bytes(4, "little")
    return (
        Step(b"_c1", "'_xid0'", exactly(b"_xid0", mode="XID"), otherwise=Step(b"c10", wait_s=0.05)),
        Step(b"_d2", "one character, its product", _product),
        Step(b"_d3", "one character, its model", _model),
        Step(b"_d4", "'2', for XID 2", exactly(b"2", firmware="2")),
        Step(b"mp" + width),
        Step(b"_mp", f"the pulse width just set ({width.hex(' ')})", exactly(b"_mp" + width)),
        Step(b"mh\x00\x00"),
    )


def stimtracker1g_steps(pulse_s: float) -> tuple[Step, ...]:
    """The first StimTracker: who it is; the width of its pulses is set, and not read back.

    From the maker's list of StimTracker 1G commands.
    """
    return (
        Step(b"_d2", "'S'", exactly(b"S", product="StimTracker 1G")),
        Step(b"_d3", "'C'", exactly(b"C", model="C")),
        Step(b"mp" + round(1000 * pulse_s).to_bytes(4, "little")),
        Step(b"mh\x00\x00"),
    )


def _usb2ttl8(answer: bytes) -> Facts | None:
    line, end, _ = answer.partition(b"\n")
    if not end:
        return None
    try:
        config = json.loads(line)
    except ValueError:
        return None
    if not isinstance(config, dict) or config.get("model_name") != "USB2TTL8":
        return None
    return {"product": "USB2TTL8", "config": config}


def usb2ttl8_steps(_pulse_s: float) -> tuple[Step, ...]:
    """LabHackers USB2TTL8: its configuration, then the mode in which it takes codes."""
    return (
        Step(b"GET CONFIG\n", "a line with model_name USB2TTL8", _usb2ttl8, within_s=1.0),
        Step(b"SET DATA_MODE WRITE\n", wait_s=0.05),
    )


def _alive(answer: bytes) -> Facts | None:
    # The module also tells its input lines unasked, before or after.
    return {"in_step": True} if b"XX" in answer else None


def bbtk_steps(_pulse_s: float) -> tuple[Step, ...]:
    """Black Box ToolKit: alive and in step; reset only if it is not, as that drops all lines."""
    return (Step(b"##", "'XX'", _alive, otherwise=Step(b"RR", wait_s=0.1)),)


def _bitsi(answer: bytes) -> Facts | None:
    for mode in ("BITSI mode", "BITSI event mode"):
        if f"{mode}, Ready!".encode() in answer:
            return {"product": mode}
    return None


def bitsi_steps(_pulse_s: float) -> tuple[Step, ...]:
    """BITSI: greets when its board has restarted, which takes up to some 6 s."""
    return (Step(b"", "'BITSI mode, Ready!'", _bitsi, within_s=8.0),)


def stimsync_steps(_pulse_s: float) -> tuple[Step, ...]:
    """StimSync: leaves its keyboard mode and says so by repeating the command."""
    listen = b"\xa9\xa3\xa9\xa9"
    return (Step(listen, "the same", exactly(listen, product="StimSync")),)


def no_steps(_pulse_s: float) -> tuple[Step, ...]:
    """A silent box: nothing can be asked."""
    return ()
