"""Emulated response boxes: what each sends when a button is pressed, let go, or bounces.

Bytes and rates are those of docs/response-boxes.md; none of them was held against the real box.
Cedrus boxes are in ``mbtexp.virtual.xid``, BITSI in ``mbtexp.virtual.boxes``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mbtexp.virtual.box import Box
from mbtexp.virtual.boxes import Bitsi
from mbtexp.virtual.xid import XidBox

STREAM_S = 0.010
"""How much of a stream goes out at a time, as an adapter hands it over."""

STREAM_HZ = 800


class ButtonBox(Box):
    """A box that only tells of buttons, by name; what it is told does nothing."""

    def take(self, t: float, byte: int) -> None:
        """Bytes from the host do nothing."""
        self.note(t, f"byte {byte:02x} means nothing to this box")

    def press(self, button: str) -> None:
        """A button goes down."""
        raise NotImplementedError

    def release(self, button: str) -> None:
        """A button comes up."""
        raise NotImplementedError


class StatusBox(ButtonBox):
    """A box whose byte is the state of all its buttons, sent at every change.

    Parameters
    ----------
    buttons
        Names of the bits from the lowest.
    baud
        Its rate.
    rest
        The byte while nothing is pressed; a button turns its bit over.
    """

    def __init__(self, buttons: Sequence[str], baud: int, rest: int = 0) -> None:
        super().__init__()
        self.baud = baud
        self._bits = {name: 1 << place for place, name in enumerate(buttons)}
        self._rest = rest
        self._pressed = 0

    def press(self, button: str) -> None:
        """A button goes down."""
        self._pressed |= self._bits[button]
        self.tell(bytes([self.state]))

    def release(self, button: str) -> None:
        """A button comes up."""
        self._pressed &= ~self._bits[button]
        self.tell(bytes([self.state]))

    @property
    def state(self) -> int:
        """The byte for what is pressed now."""
        return self._rest ^ self._pressed

    def tell(self, data: bytes) -> None:
        """Send states to the host."""
        self.answer(self.now(), data)


class CharacterBox(ButtonBox):
    """A box that sends a character for a press, and perhaps another for a release."""

    def __init__(self, baud: int, releases: Callable[[str], str] | None = None) -> None:
        super().__init__()
        self.baud = baud
        self._releases = releases

    def press(self, button: str) -> None:
        """A button goes down."""
        self.answer(self.now(), button.encode())

    def release(self, button: str) -> None:
        """A button comes up."""
        if self._releases is not None:
            self.answer(self.now(), self._releases(button).encode())


class Forp2(StatusBox):
    """Current Designs fORP, program 2: a status byte; the trigger's bit is up for 1/800 s."""

    def __init__(self) -> None:
        super().__init__(("b", "y", "g", "r"), 57600)

    def trigger(self) -> None:
        """A pulse of the scanner comes in."""
        self.tell(bytes([self.state | 0x10, self.state]))


class Forp1(StatusBox):
    """The same, program 1: 800 status bytes a second from when it is asked to."""

    def __init__(self) -> None:
        super().__init__(("b", "y", "g", "r"), 19200)
        self._streaming = False

    def take(self, t: float, byte: int) -> None:
        """Bit 7 starts the stream."""
        self._streaming = bool(byte & 0x80)
        self.due = t + STREAM_S if self._streaming else None

    def tick(self, t: float) -> None:
        """The next samples."""
        self.answer(t, bytes([self.state]) * round(STREAM_S * STREAM_HZ))
        self.due = t + STREAM_S

    def tell(self, data: bytes) -> None:
        """The change is in the next samples."""


class Forp0(CharacterBox):
    """The same, programs 0, 4 and 6: a character a press, nothing for a release."""

    def __init__(self) -> None:
        super().__init__(19200)


class LuminaRb(StatusBox):
    """Cedrus Lumina LP-400 in RB mode: 7F at rest, a button's bit falls."""

    def __init__(self) -> None:
        super().__init__(tuple("123456"), 19200, rest=0x7F)


class ButtonBoard(CharacterBox):
    """A lab's own Arduino with buttons."""

    def __init__(self, *, releases: bool = False) -> None:
        super().__init__(115200, str.lower if releases else None)


def move(box: Box, button: str, *, down: bool) -> None:
    """Press a button of any emulated box, or let it go, by the name that presses carry."""
    if isinstance(box, XidBox):
        (box.press if down else box.release)(0, int(button))
    elif isinstance(box, Bitsi):
        (box.press if down else box.release)("abcdefgh".index(button))
    elif isinstance(box, ButtonBox):
        (box.press if down else box.release)(button)
