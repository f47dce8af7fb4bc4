"""What response boxes say: bytes in, presses and releases out, whatever was damaged on the way.

A parser is fed with what a port heard and when. It keeps the state of its stream, finds its way
back into a damaged one, and counts the bytes that it could make nothing of.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from mbtexp.errors import SettingError

BoxDevice = Literal["xid", "forp", "lumina-rb", "bitsi", "arduino"]
Program = Literal[0, 1, 2, 4, 6]

TRIGGER = "trigger"
"""The line of a box that carries the scanner's trigger and no button."""

XID_BUTTONS = tuple("12345678")
FORP_COLOURS = ("b", "y", "g", "r")
FORP_LETTERS = (*FORP_COLOURS, "e", "w", "n", "d")

UNFINISHED_S = 0.1
"""A packet whose rest has not come within this time has lost it; Cedrus gives a command as long."""

TOLD_APART_MS = 500
"""Two of a box's own stamps and their arrivals may disagree by this much, a stalled link included;
beyond it the packet is damaged."""

LAST_PORT = 6
"""Cedrus' boxes have fewer ports than the four bits could tell of (from memory)."""

UINT32 = 1 << 32


@dataclass(frozen=True, slots=True)
class ButtonEvent:
    """A button that went down or up, as a box tells of it."""

    t: float
    """When the last of its bytes was heard, s on the run clock."""
    button: str
    down: bool
    box_ms: int | None = None
    """The box's own stamp (32 bits), where it gives one."""


class Parser(Protocol):
    """The reader of one box's stream."""

    thrown_away: int
    """Bytes so far that belonged to nothing."""

    def parse(self, t: float, heard: bytes) -> list[ButtonEvent]:
        """The events that these bytes complete; ``t`` is when they were heard."""
        ...


@dataclass(frozen=True)
class BoxKind:
    """A response box as the suite knows it."""

    title: str
    baud: int
    buttons: tuple[str, ...]
    releases: bool
    """Whether the box tells of releases."""
    parser: Callable[[], Parser]
    hello: bytes = b""
    """What makes it talk, and what makes it stop."""
    goodbye: bytes = b""
    settle_s: float = 0.0
    """How long it restarts after its port was opened, s (from memory; to be checked)."""
    has_trigger: bool = False
    """Whether it has a line of its own for the scanner's trigger."""
    has_clock: bool = False
    """Whether it stamps its buttons itself."""


# -- parsers --------------------------------------------------------------------------------------


class StatusParser:
    """One byte holds the state of all buttons; a change of a bit is a press or a release.

    Parameters
    ----------
    buttons
        Names of the bits from the lowest.
    active_low
        Whether a pressed button's bit is 0.
    fixed
        A mask, and what a byte must show under it; others are thrown away.
    """

    def __init__(
        self, buttons: Sequence[str], *, active_low: bool = False, fixed: tuple[int, int]
    ) -> None:
        self._buttons = tuple(buttons)
        self._invert = 0xFF if active_low else 0
        self._mask, self._value = fixed
        self._pressed = 0
        self.thrown_away = 0

    def parse(self, t: float, heard: bytes) -> list[ButtonEvent]:
        """Presses and releases, in the order of the bytes."""
        events: list[ButtonEvent] = []
        for byte in heard:
            if byte & self._mask != self._value:
                self.thrown_away += 1
                continue
            pressed = (byte ^ self._invert) & ((1 << len(self._buttons)) - 1)
            changed, self._pressed = pressed ^ self._pressed, pressed
            events += [
                ButtonEvent(t, name, bool(pressed >> bit & 1))
                for bit, name in enumerate(self._buttons)
                if changed >> bit & 1
            ]
        return events


class CharacterParser:
    """One character a press, and perhaps another a release.

    Parameters
    ----------
    presses, releases
        Button by character.
    silent
        Characters that mean nothing and are no damage (line ends).
    """

    def __init__(
        self,
        presses: Mapping[str, str],
        releases: Mapping[str, str] | None = None,
        silent: str = "\r\n",
    ) -> None:
        self._events = {
            **{ord(char): (name, False) for char, name in (releases or {}).items()},
            **{ord(char): (name, True) for char, name in presses.items()},
        }
        self._silent = frozenset(silent.encode())
        self.thrown_away = 0

    def parse(self, t: float, heard: bytes) -> list[ButtonEvent]:
        """Presses and releases, in the order of the characters."""
        known = [byte for byte in heard if byte in self._events]
        self.thrown_away += sum(
            byte not in self._events and byte not in self._silent for byte in heard
        )
        return [ButtonEvent(t, *self._events[byte]) for byte in known]


@dataclass
class XidParser:
    """Cedrus packets: ``k`` with 6 bytes, ``o`` with 9 (StimTracker 2), and answers to ``_e5``.

    ``k``: an info byte (bits 0-3 port, bit 4 down, bits 5-7 button, 0 for the eighth) and the
    box's milliseconds, 32 bits, low byte first. ``o``: port, button, ``1`` or ``0``,
    milliseconds, a zero.

    A packet has no check sum. It is believed if its stamp fits the ones before, or if it ends
    with what was heard, or if another packet follows it.
    """

    told_time: Callable[[float, int], None] = lambda _t, _ms: None
    """Given the box's answers to the question for its time: when heard, and its milliseconds."""
    button_ports: frozenset[int] = frozenset({0})
    """Ports that carry the participant's buttons; StimTrackers have others."""
    thrown_away: int = 0
    elsewhere: int = 0
    """Presses on other ports: light sensors, microphones."""
    _rest: bytes = b""
    _rest_since: float = 0.0
    _known: tuple[float, int] | None = field(default=None)

    def parse(self, t: float, heard: bytes) -> list[ButtonEvent]:
        """The events of the packets that these bytes complete."""
        if self._rest and t - self._rest_since > UNFINISHED_S:
            self.thrown_away += len(self._rest)
            self._rest = b""
        stream, self._rest = self._rest + heard, b""
        events: list[ButtonEvent] = []
        at = 0
        while at < len(stream):
            length = self._length(stream, at, t)
            if length is None:
                self._rest, self._rest_since = stream[at:], t
                break
            if length == 0:
                self.thrown_away += 1
                at += 1
                continue
            events += self._read(stream[at : at + length], t)
            at += length
        return events

    def _length(self, stream: bytes, at: int, t: float) -> int | None:
        """Length of the packet that begins here; 0 for none, None if its rest has to come."""
        head = stream[at : at + 1]
        length = {b"k": 6, b"o": 9, b"_": 7}.get(head, 0)
        known = stream[at : at + min(length, 3)]
        if head == b"_" and known != b"_e5"[: len(known)]:
            return 0
        if not length:
            return 0
        if head == b"k" and len(known) > 1 and known[1] & 0x0F > LAST_PORT:
            return 0
        packet = stream[at : at + length]
        if len(packet) < length:
            return None
        if head == b"o" and (packet[3:4] not in (b"0", b"1") or packet[8] != 0):
            return 0
        after = stream[at + length : at + length + 1]
        believed = (
            head == b"_" or self._fits(_stamp(packet), t) or after in (b"", *b"k o _".split())
        )
        return length if believed else 0

    def _fits(self, ms: int, t: float) -> bool:
        """Whether a stamp lies where the last one and the time since lead to expect it."""
        if self._known is None:
            return False
        known_t, known_ms = self._known
        apart = (ms - known_ms - round((t - known_t) * 1000)) % UINT32
        return min(apart, UINT32 - apart) < TOLD_APART_MS

    def _read(self, packet: bytes, t: float) -> list[ButtonEvent]:
        ms = _stamp(packet)
        if packet[:1] == b"_" or self._known is None or self._fits(ms, t):
            self._known = (t, ms)
        if packet[:1] == b"_":
            self.told_time(t, ms)
            return []
        if packet[:1] == b"k":
            port, down, key = packet[1] & 0x0F, bool(packet[1] & 0x10), packet[1] >> 5 or 8
        else:
            port, key, down = _figure(packet[1]), _figure(packet[2]), packet[3:4] == b"1"
        if port not in self.button_ports:
            self.elsewhere += down
            return []
        return [ButtonEvent(t, str(key), down, ms)]


def _stamp(packet: bytes) -> int:
    """The four bytes of time in a packet, ms."""
    start = {b"k": 2, b"o": 4, b"_": 3}[packet[:1]]
    return int.from_bytes(packet[start : start + 4], "little")


def _figure(byte: int) -> int:
    """A number sent as itself or as its ASCII figure; the manuals leave open which."""
    return byte - 0x30 if chr(byte) in string.digits else byte


# -- the boxes ------------------------------------------------------------------------------------

_FORP_STATUS = (*FORP_COLOURS, TRIGGER)
_FORP_CHARACTERS = tuple("123456789") + FORP_LETTERS


def box_kind(
    device: BoxDevice,
    *,
    program: Program = 2,
    buttons: Sequence[str] = (),
    releases: bool = False,
) -> BoxKind:
    """A box by its name in rig.toml.

    Parameters
    ----------
    device
        Its name there.
    program
        Position of the program switch of a fORP interface (FIU-005).
    buttons
        What an Arduino sends for its buttons, one character each; empty: the figures 1 to 8.
    releases
        Whether the Arduino sends the small letter when a button (a capital letter) is let go.

    Raises
    ------
    SettingError
        The characters cannot be told apart.
    """
    if device == "xid":
        # Rates of the XID 2 boxes; older ones are set to another with switches (Cedrus, XID).
        return BoxKind("Cedrus XID", 115200, XID_BUTTONS, True, XidParser, has_clock=True)
    if device == "forp":
        return _forp(program)
    if device == "lumina-rb":
        # Bits 0-5 are 0 while pressed, bit 6 is always 1; nothing pressed is 7F (Kennedy Krieger
        # Institute's notes on the button codes of a Lumina LP-400 in RB mode).
        names = XID_BUTTONS[:6]
        return BoxKind(
            "Lumina LP-400 in RB mode",
            19200,
            names,
            True,
            lambda: StatusParser(names, active_low=True, fixed=(0xC0, 0x40)),
        )
    if device == "bitsi":
        # A capital letter for a press and the small one for a release (Radboud University's
        # documentation of BITSI); the board restarts when its port is opened.
        names = tuple("abcdefgh")
        return BoxKind(
            "BITSI",
            115200,
            names,
            True,
            lambda: CharacterParser({c.upper(): c for c in names}, {c: c for c in names}),
            settle_s=2.5,
        )
    return _arduino(tuple(buttons) or XID_BUTTONS, releases=releases)


def _forp(program: Program) -> BoxKind:
    """Current Designs FIU-005; rates and forms as Psychtoolbox's CMUBox uses them.

    The bits of the status byte are those of PsychoPy's map: blue, yellow, green, red, trigger.
    """
    title = f"Current Designs fORP, program {program}"

    def status() -> Parser:
        return StatusParser(_FORP_STATUS, fixed=(0xE0, 0))

    def characters() -> Parser:
        return CharacterParser({char: char for char in (*_FORP_CHARACTERS, "t")})

    if program == 2:
        return BoxKind(title, 57600, FORP_COLOURS, True, status, has_trigger=True)
    if program == 1:
        # As a PST box: bit 7 asks for the stream of 800 bytes a second, bit 5 for the buttons.
        return BoxKind(
            title,
            19200,
            FORP_COLOURS,
            True,
            status,
            hello=b"\xa0",
            goodbye=b"\x20",
            has_trigger=True,
        )
    return BoxKind(title, 19200, _FORP_CHARACTERS, False, characters)


def _arduino(characters: tuple[str, ...], *, releases: bool) -> BoxKind:
    """A board of the lab's own making: one character a press."""
    where = "rig.toml: responses: buttons"
    for char in characters:
        if len(char) != 1 or not "!" <= char <= "~":
            raise SettingError(f"{where}: {char!r} is not one plain character; name one a button.")
    names = tuple(char.lower() for char in characters)
    if len(set(names)) < len(names):
        raise SettingError(
            f"{where}: {', '.join(characters)} has a character twice; capital and small letter "
            "count as one."
        )
    if releases and not all(char in string.ascii_uppercase for char in characters):
        raise SettingError(
            f"{where}: with releases = true each button is a capital letter, and the small one "
            "tells of its release."
        )
    let_go = {name: name for name in names} if releases else {}
    return BoxKind(
        "Arduino",
        115200,
        names,
        releases,
        lambda: CharacterParser(dict(zip(characters, names, strict=True)), let_go),
        settle_s=2.0,
    )
