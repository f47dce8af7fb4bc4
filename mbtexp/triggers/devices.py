"""What a code is on the wire: a row of data for each kind of trigger device; pure, without a port.

A new kind of device is one more row in ``DEVICES`` (and its name in ``TriggerSettings.device``).
Where a row's numbers come from stands in its ``source``; none was tried on the real box by us.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from mbtexp.errors import SettingError, did_you_mean
from mbtexp.triggers.handshake import (
    Step,
    bbtk_steps,
    bitsi_steps,
    no_steps,
    stimsync_steps,
    stimtracker1g_steps,
    usb2ttl8_steps,
    xid_steps,
)

if TYPE_CHECKING:
    from mbtexp.rig import TriggerSettings

Ending = Literal["host", "device"]

SHORTEST_GAP_S = 0.004
"""Least time at zero between two codes, whatever the recorder's rate.

Readers that take what lasts less than 3 ms for a disturbance (MNE with ``min_duration=0.003``,
which late bits make necessary) would join a code that is repeated after a shorter zero.
"""

SAMPLES_PER_PULSE = 2
"""A pulse that covers one sample only is found by some readers and refused by others."""

HERE = "rig.toml: trigger"

OWN_RATE = 115_200
WALK = "Walk the line and compare with the recorder: this box never answers."
FTDI = "FTDI latency timer to 1 ms: it delays replies and buttons, never a code"


# -- bytes ----------------------------------------------------------------------------------------


def one_byte(code: int) -> bytes:
    """The code as one raw byte.

    >>> one_byte(125)
    b'}'
    """
    _refuse_outside(code)
    return bytes([code])


def xid(code: int) -> bytes:
    """Cedrus' command for its output lines; low byte first.

    >>> xid(125).hex(" ")
    '6d 68 7d 00'
    """
    _refuse_outside(code)
    return b"mh" + code.to_bytes(2, "little")


def line_of_text(code: int) -> bytes:
    r"""A USB2TTL8 takes lines of text.

    >>> line_of_text(125)
    b'WRITE 125\n'
    """
    _refuse_outside(code)
    return b"WRITE %d\n" % code


def two_digits(code: int) -> bytes:
    """Two capital hexadecimal digits, without an end.

    >>> two_digits(11)
    b'0B'
    """
    _refuse_outside(code)
    return b"%02X" % code


def _refuse_outside(code: int) -> None:
    if not 1 <= code <= 255:
        raise SettingError(f"trigger code {code} cannot be sent; a code is from 1 to 255.")


# -- the table ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Resync:
    """How to bring a box back into step after part of a command went out."""

    before_s: float = 0.0
    """Until it has forgotten the part, s."""
    data: bytes = b""
    after_s: float = 0.0
    """Until it listens again, s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A kind of trigger device."""

    name: str
    title: str
    """As its maker calls it."""
    kind: Literal["serial", "parallel", "lsl"] = "serial"
    encode: Callable[[int], bytes] = one_byte
    highest: int = 255
    baud: int | None = OWN_RATE
    """Its rate, bits per second; None: it has none."""
    bauds: tuple[int, ...] | None = (OWN_RATE,)
    """Rates that are possible; None: any."""
    endings: tuple[Ending, ...] = ("host",)
    """Who can return the line to zero; the first is its default."""
    pulse_ms: float | None = 10.0
    """Width of a pulse where the rig gives none; None: the rig must give it."""
    widths_ms: tuple[float, float] = (1.0, 200.0)
    """Narrowest and widest pulse."""
    while_up: Literal["replaces", "queues", "deaf"] = "replaces"
    """What a box that ends its pulses does with a code that comes while another one is up."""
    settle_s: float = 0.0
    """Wait after opening, s."""
    idle: bytes = b"\x00"
    """Returns the line to zero where the host ends the pulse."""
    close: bytes = b"\x00"
    """Leaves the line as it should be found; empty: nothing is sent."""
    resync: Resync = Resync(data=b"\x00")
    opening: Callable[[float], tuple[Step, ...]] = no_steps
    """What is said when the port opens, for a pulse width in s."""
    answers: str = ""
    """What it is asked at opening, in words; empty: a silent box."""
    echoes: bool = False
    """Whether it may write back what it was sent, so that its port has to be emptied."""
    usb_ids: tuple[str, ...] = ()
    """USB vendor and product known for it, ``1103:0021``."""
    check: str = WALK
    """What somebody has to look at."""
    latency: str = ""
    """What to set in the adapter's driver."""
    source: str

    @property
    def silent(self) -> bool:
        """Whether nothing can be asked, so that only the recorder tells that codes arrive."""
        return not self.answers


_ROWS = (
    Device(
        name="serial",
        title="any box that takes one byte",
        bauds=None,
        endings=("host", "device"),
        echoes=True,
        check="Rate, width and who ends the pulse are the manual's. " + WALK,
        source="one raw byte a code; defaults, to be checked against the box's manual",
    ),
    Device(
        name="biosemi",
        title="BioSemi USB trigger interface",
        endings=("device",),
        pulse_ms=8.0,
        widths_ms=(1.0, 99.0),
        close=b"",
        resync=Resync(),
        check=WALK + " 255 in the recording: the receiver's port is not connected.",
        source="BioSemi FAQ on trigger signals: 115200 baud, 8 ms; USB-C model 1 to 99 ms",
    ),
    Device(
        name="mmbts-p",
        title="Neurospec MMBT-S, switch at P",
        baud=9600,
        bauds=(9600,),
        endings=("device",),
        pulse_ms=8.0,
        widths_ms=(8.0, 8.0),
        while_up="queues",
        resync=Resync(),
        usb_ids=("2341:8037",),
        check="Switch at P (as delivered). " + WALK,
        source="MMBT-S manual 2.3 (second hand): 9600 baud only, 8 ms, 64 codes queue",
    ),
    Device(
        name="mmbts-s",
        title="Neurospec MMBT-S, switch at S",
        baud=9600,
        bauds=(9600,),
        usb_ids=("2341:8037",),
        check="Switch at S. " + WALK,
        source="MMBT-S manual 2.3 (second hand): 9600 baud only, latches",
    ),
    Device(
        name="triggerbox",
        title="Brain Products TriggerBox",
        bauds=None,
        highest=254,
        close=b"\xff",
        usb_ids=("1103:0021",),
        check=WALK + " On Linux one lab saw the value 1 whatever was sent: be sure to look.",
        latency=FTDI,
        source="Brain Products programming examples Rev03 (second hand): rate without influence",
    ),
    Device(
        name="triggerbox-plus",
        title="Brain Products TriggerBox Plus",
        baud=2_000_000,
        bauds=(2_000_000,),
        endings=("host", "device"),
        highest=254,
        close=b"\xff",
        check="If the box times pulses itself: pulse_ended_by and pulse_ms as set in it. " + WALK,
        source="public programs for the box: 2,000,000 baud",
    ),
    Device(
        name="xid2",
        title="Cedrus c-pod, StimTracker 2G, Lumina 3G, RB-x40 or Riponda",
        encode=xid,
        bauds=(115_200, 57_600, 38_400, 19_200, 9600),
        endings=("device",),
        idle=b"mh\x00\x00",
        close=b"mh\x00\x00",
        resync=Resync(before_s=0.11, data=b"mh\x00\x00"),
        opening=xid_steps,
        answers="_c1, _d2, _d3, _d4; pulse width set (mp) and read back",
        usb_ids=("0403:f228",),
        check="It answers; the cable to the recorder does not: walk the line once.",
        latency=FTDI,
        source="Cedrus, XID 2 commands: a part of a command is thrown away after 100 ms",
    ),
    Device(
        name="stimtracker1g",
        title="Cedrus StimTracker, first generation",
        encode=xid,
        endings=("device",),
        idle=b"mh\x00\x00",
        close=b"mh\x00\x00",
        resync=Resync(before_s=0.11, data=b"mh\x00\x00"),
        opening=stimtracker1g_steps,
        answers="_d2, _d3; pulse width set (mp), not read back",
        check="Its pulse width on the recorder; walk the line once.",
        latency=FTDI,
        source="Cedrus, StimTracker 1G commands",
    ),
    Device(
        name="usb2ttl8",
        title="LabHackers USB2TTL8",
        encode=line_of_text,
        baud=128_000,
        bauds=(128_000,),
        idle=b"WRITE 0\n",
        close=b"WRITE 0\n",
        # A character that no number has, so that the part cannot become another code.
        resync=Resync(data=b"X\nWRITE 0\n"),
        opening=usb2ttl8_steps,
        answers="GET CONFIG; then SET DATA_MODE WRITE",
        check="It answers; the cable to the recorder does not: walk the line once.",
        source="LabHackers' PsychoPy plug-in 0.0.1: 128000 baud, lines of text",
    ),
    Device(
        name="bbtk-ttl",
        title="Black Box ToolKit USB TTL module",
        encode=two_digits,
        idle=b"00",
        close=b"RR",
        resync=Resync(data=b"RR", after_s=0.1),
        opening=bbtk_steps,
        answers="## (reset by RR if it is out of step)",
        check="It answers; the cable to the recorder does not: walk the line once.",
        latency=FTDI,
        source="BBTK guide USBTTLv1r18 (second hand): 115200 baud, two hexadecimal digits",
    ),
    Device(
        name="arduino-latch",
        title="Arduino or Teensy that holds the last byte",
        bauds=None,
        settle_s=2.0,
        echoes=True,
        check="The firmware's rate. " + WALK,
        source="public firmware; boards restart when opened, 1 to 2 s as a rule, up to 6 s",
    ),
    Device(
        name="arduino-pulse",
        title="Arduino or Teensy that ends the pulse itself",
        bauds=None,
        endings=("device",),
        pulse_ms=None,
        while_up="deaf",
        settle_s=2.0,
        close=b"",
        resync=Resync(),
        echoes=True,
        check="The firmware's rate and its delay (5 ms in the published one). " + WALK,
        source="public firmware: deaf while it holds a code",
    ),
    Device(
        name="bitsi",
        title="BITSI (Radboud)",
        endings=("host", "device"),
        opening=bitsi_steps,
        answers="greets when its board has restarted",
        check="Which mode the firmware is in; walk the line once.",
        source="public programs for the box: 115200 baud, greeting after its restart",
    ),
    Device(
        name="stimsync",
        title="StimSync",
        bauds=None,
        highest=127,
        close=b"\x00\xb1\xa3\xa9\xa9",
        opening=stimsync_steps,
        answers="a9 a3 a9 a9, repeated",
        check="Seven lines only: codes above 127 are refused. Walk the line once.",
        source="StimSync API and firmware; Rorden and Hanayik (2014)",
    ),
    Device(
        name="parallel",
        title="parallel port of this computer",
        kind="parallel",
        baud=None,
        bauds=(),
        check="Address or name of the port. " + WALK,
        source="Linux ppdev (linux/ppdev.h); Windows inpoutx64",
    ),
    Device(
        name="lsl",
        title="Lab Streaming Layer, without a wire",
        kind="lsl",
        baud=None,
        bauds=(),
        endings=("device",),
        pulse_ms=0.0,
        widths_ms=(0.0, 0.0),
        encode=lambda code: code.to_bytes(4, "little"),
        close=b"",
        resync=Resync(),
        check="That LabRecorder lists the stream 'mbtexp' before the run starts.",
        source="pylsl; stamps are the flips', an amplifier's own delay is not in them",
    ),
)

DEVICES = {row.name: row for row in _ROWS}
"""Kinds of device by their name in rig.toml; ``none`` is no device and has no row."""


def device(name: str, *, where: str = HERE) -> Device:
    """The row of a kind of device."""
    if name not in DEVICES:
        raise SettingError(f"{where}: device {name!r}; {did_you_mean(name, DEVICES)}")
    return DEVICES[name]


# -- a device as a rig drives it ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """A device with a rig's settings: what is in force."""

    device: Device
    baud: int | None
    pulse_ended_by: Ending
    pulse_s: float
    gap_s: float
    settle_s: float
    highest: int

    @property
    def spacing_s(self) -> float:
        """Least time between two codes if neither is to disturb the other: pulse and gap, s."""
        return self.pulse_s + self.gap_s

    def table(self, values: Mapping[int, int] | None = None) -> tuple[bytes | None, ...]:
        """Bytes for each code from 0 to 255; None where the rig cannot send it.

        Parameters
        ----------
        values
            What goes out for each code, if not the code itself (a compact map).
        """
        sent = range(256) if values is None else [values.get(code, 0) for code in range(256)]
        return tuple(
            self.device.encode(value) if 1 <= value <= self.highest else None for value in sent
        )


def line_of(settings: TriggerSettings, *, where: str = HERE) -> Line:
    """The line that a rig's settings describe; what they leave out is the device's own.

    Raises
    ------
    SettingError
        The device cannot be driven so, or the recorder could miss its pulses.
    """
    row = device(settings.device, where=where)
    ending = settings.pulse_ended_by or row.endings[0]
    if ending not in row.endings:
        raise SettingError(
            f"{where}: pulse_ended_by is {ending!r}, but with device '{row.name}' only the "
            f"{row.endings[0]} ends a pulse; leave pulse_ended_by out."
        )
    pulse_s = _pulse_s(settings, row, ending, where)
    return Line(
        device=row,
        baud=_baud(settings, row, where),
        pulse_ended_by=ending,
        pulse_s=pulse_s,
        gap_s=0.0 if row.kind == "lsl" else _gap_s(settings),
        settle_s=row.settle_s if settings.settle_s is None else settings.settle_s,
        highest=min(row.highest, settings.max_code),
    )


def check_settings(settings: TriggerSettings) -> None:
    """Refuse a line that cannot be driven so, or whose pulses the recorder could miss."""
    line_of(settings)


def code_table(settings: TriggerSettings) -> tuple[bytes | None, ...]:
    """Bytes for each code from 0 to 255; None where the rig cannot send it."""
    return line_of(settings).table()


def highest_code(settings: TriggerSettings) -> int:
    """The highest code that device and recorder can take."""
    return min(device(settings.device).highest, settings.max_code)


def gap_s(settings: TriggerSettings) -> float:
    """Time at zero that must lie between two codes: one sample of the slowest recorder, s."""
    return line_of(settings).gap_s


def spacing_s(settings: TriggerSettings) -> float:
    """Least time between two codes if neither is to disturb the other: pulse and gap, s."""
    return line_of(settings).spacing_s


def _gap_s(settings: TriggerSettings) -> float:
    return max(SHORTEST_GAP_S, 1.0 / settings.lowest_eeg_rate_hz)


def _baud(settings: TriggerSettings, row: Device, where: str) -> int | None:
    if settings.baud is None:
        return row.baud
    if settings.baud == 1200:
        raise SettingError(
            f"{where}: baud is 1200; that rate resets some boxes for good, use another."
        )
    if row.baud is None:
        raise SettingError(f"{where}: device '{row.name}' has no line rate; leave baud out.")
    if row.bauds is not None and settings.baud not in row.bauds:
        raise SettingError(
            f"{where}: baud is {settings.baud}, but a {row.title} listens at "
            f"{' or '.join(map(str, row.bauds))} only; leave baud out."
        )
    return settings.baud


def _pulse_s(settings: TriggerSettings, row: Device, ending: Ending, where: str) -> float:
    pulse_ms = settings.pulse_ms
    if pulse_ms is None and ending == row.endings[0]:
        pulse_ms = row.pulse_ms
    if pulse_ms is None:
        raise SettingError(
            f"{where}: pulse_ms is missing; device '{row.name}' ends its pulses itself: write the "
            "width it was set to."
        )
    low, high = row.widths_ms
    if not low <= pulse_ms <= high:
        may = f"always {low:g}" if low == high else f"from {low:g} to {high:g}"
        raise SettingError(
            f"{where}: pulse_ms is {pulse_ms:g}, but with device '{row.name}' it is {may}; "
            "leave pulse_ms out."
        )
    if row.kind != "lsl":
        _refuse_short(pulse_ms, settings.lowest_eeg_rate_hz, where)
    return pulse_ms / 1000.0


def _refuse_short(pulse_ms: float, lowest_eeg_rate_hz: float, where: str) -> None:
    """Refuse a pulse that the recorder could miss."""
    least_ms = SAMPLES_PER_PULSE * 1000.0 / lowest_eeg_rate_hz
    if pulse_ms < least_ms:
        raise SettingError(
            f"{where}: pulse_ms is {pulse_ms:g}, but a recorder at {lowest_eeg_rate_hz:g} Hz needs "
            f"{least_ms:g} ms (two samples); make the pulse longer or correct lowest_eeg_rate_hz."
        )


# -- for a person ---------------------------------------------------------------------------------


def device_rows() -> list[dict[str, str]]:
    """Every kind of device as a row of words, for a table of them all."""
    return [
        {
            "device": row.name,
            "box": row.title,
            "baud": "-" if row.baud is None else str(row.baud),
            "codes": "any" if row.kind == "lsl" else f"1-{row.highest}",
            "pulse": _pulse_spoken(row),
            "is asked at opening": row.answers or "nothing: it is silent",
            "check": row.check,
        }
        for row in DEVICES.values()
    ]


def _pulse_spoken(row: Device) -> str:
    if row.kind == "lsl":
        return "none"
    width = "give pulse_ms" if row.pulse_ms is None else f"{row.pulse_ms:g} ms"
    who = {"host": "this computer", "device": "the box"}
    return f"{width}, ended by {' or '.join(who[ending] for ending in row.endings)}"
