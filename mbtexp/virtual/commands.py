"""Emulated boxes that take a code as a short command: USB2TTL8, BBTK's TTL module, StimSync."""

from __future__ import annotations

import json

from mbtexp.virtual.box import Box

HEX = frozenset(b"0123456789ABCDEF")

MICROSECOND = 1e-6


class Usb2Ttl8(Box):
    """LabHackers USB2TTL8: lines of text at 128000 baud.

    ``WRITE 5`` shows a value until the next one, ``WRITE 5 8000 0`` for so many microseconds. It
    does nothing until ``SET DATA_MODE WRITE`` was given.
    """

    baud = 128000
    metered = False

    def __init__(self) -> None:
        super().__init__()
        self._line = b""
        self._mode = "READ"

    def opened(self, _t: float) -> None:
        """Half a line from another program is forgotten."""
        self._line = b""

    def take(self, t: float, byte: int) -> None:
        """A character; the line counts when it is whole."""
        if byte != ord("\n"):
            self._line += bytes([byte])
            return
        line, self._line = self._line.decode("latin-1").strip(), b""
        self._obey(t, line)

    def _obey(self, t: float, line: str) -> None:
        match line.split():
            case ["GET", "CONFIG"]:
                facts = {"model_name": "USB2TTL8", "data_mode": self._mode, "serial_number": "0"}
                self.answer(t, json.dumps(facts).encode() + b"\n")
            case ["SET", "DATA_MODE", ("WRITE" | "READ") as mode]:
                self._mode = mode
            case ["WRITE", *words] if self._mode == "WRITE" and _are_numbers(words):
                self._show(t, [int(word) for word in words])
            case _:
                self.note(t, f"{line!r} was not understood in mode {self._mode}")

    def _show(self, t: float, numbers: list[int]) -> None:
        value, *rest = numbers
        if value > 255:
            self.note(t, f"{value} is more than eight lines can show")
            return
        self.lines.put(t, value, rest[0] * MICROSECOND if rest else None)


class BbtkTtl(Box):
    """Black Box ToolKit USB TTL module: two capital hexadecimal digits, which stay.

    A pair that is none puts it out of step; then it hears only ``RR``, which clears everything.
    One character too many shifts all pairs after it, some of which are codes nobody sent.
    """

    def __init__(self) -> None:
        super().__init__()
        self._first: int | None = None
        self._last = 0
        self.in_step = True
        """Whether it takes codes."""

    def take(self, t: float, byte: int) -> None:
        """A character of a pair."""
        if byte == ord("R") and self._last == ord("R"):
            self._reset(t)
            return
        self._last = byte
        if not self.in_step:
            return
        if self._first is None:
            self._first = byte
            return
        pair, self._first = bytes([self._first, byte]), None
        if pair == b"##":
            self.answer(t, b"XX")
        elif set(pair) <= HEX:
            self.lines.put(t, int(pair, 16))
        else:
            self.in_step = False
            self.note(t, f"{pair!r} is no command: out of step until RR or until it is replugged")

    def input_lines(self, value: int) -> None:
        """The input lines change, which the module tells unasked."""
        self.answer(self.now(), b"%02X" % value)

    def replug(self) -> None:
        """Power off and on."""
        self._reset(self.now())

    def _reset(self, t: float) -> None:
        self._first, self._last, self.in_step = None, 0, True
        self.lines.put(t, 0)


class StimSync(Box):
    """StimSync: seven output lines, once it has been told to leave its keyboard mode."""

    LISTEN = b"\xa9\xa3\xa9\xa9"
    KEYBOARD = b"\xb1\xa3\xa9\xa9"

    def __init__(self) -> None:
        super().__init__()
        self._command = b""
        self.listening = False
        """Whether it takes codes."""

    def take(self, t: float, byte: int) -> None:
        """A code up to 127, or a character of one of its commands."""
        if byte < 128:
            self._command = b""
            if self.listening:
                self.lines.put(t, byte)
            else:
                self.note(t, f"code {byte} was lost: the box is a keyboard until {self.LISTEN!r}")
            return
        self._command = (self._command + bytes([byte]))[-4:]
        if self._command == self.LISTEN:
            self.listening = True
            self.answer(t, self.LISTEN)
        elif self._command == self.KEYBOARD:
            self.listening = False
            self.lines.put(t, 0)


def _are_numbers(words: list[str]) -> bool:
    return len(words) in (1, 3) and all(word.isascii() and word.isdigit() for word in words)
