"""rig.toml: the machine in the lab with its screen, keyboard and trigger line, strictly read."""

from __future__ import annotations

import contextlib
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from mbtexp.errors import SettingError
from mbtexp.responses.fingers import check_responses
from mbtexp.strict import build, setting
from mbtexp.triggers.devices import line_of

PULSE = "scanner pulse"
"""Name of a pulse that is no key press; no key of a keyboard has it."""


WITHOUT_CODES = "f9"
"""The operator's key to go on without trigger codes, on the page about lost ones."""


@dataclass(frozen=True)
class DisplaySettings:
    """The monitor and how it is driven."""

    refresh_hz: float = setting(60.0, doc="nominal refresh rate, Hz", low=20, high=500)
    width_px: int = setting(1920, doc="resolution across", low=320, high=16384)
    height_px: int = setting(1080, doc="resolution down", low=240, high=16384)
    width_cm: float = setting(53.0, doc="width of the visible picture, cm", low=5, high=500)
    distance_cm: float = setting(60.0, doc="from the eyes to the screen, cm", low=10, high=1000)
    gamma: float | None = setting(None, doc="gamma to set; None leaves it", low=0.5, high=5)
    screen: int = setting(0, doc="which screen, from 0", low=0, high=16)
    background: str = setting("#808080", doc="colour of the empty screen")
    photodiode: Literal["none", "top-left", "top-right", "bottom-left", "bottom-right"] = setting(
        "none", doc="corner of a white patch that is on while a coded stimulus is"
    )


@dataclass(frozen=True)
class TriggerSettings:
    """The line to the recording device."""

    device: Literal[
        "none",
        "serial",
        "biosemi",
        "mmbts-p",
        "mmbts-s",
        "triggerbox",
        "triggerbox-plus",
        "xid2",
        "stimtracker1g",
        "usb2ttl8",
        "bbtk-ttl",
        "arduino-latch",
        "arduino-pulse",
        "bitsi",
        "stimsync",
        "parallel",
        "lsl",
    ] = setting("none", doc="kind of trigger device")
    port: str = setting("", doc="port of the device: COM3, /dev/serial/by-id/...")
    baud: int | None = setting(
        None, doc="line rate, bits per second; None: the device's", low=300, high=12_000_000
    )
    pulse_ended_by: Literal["host", "device"] | None = setting(
        None, doc="who returns the line to zero: we, or the box by itself; None: the device's way"
    )
    pulse_ms: float | None = setting(
        None, doc="width of a pulse, ms; None: the device's", low=1, high=200
    )
    lowest_eeg_rate_hz: float = setting(
        250.0, doc="slowest sampling rate of the recorder; sets the gap", low=50, high=100_000
    )
    max_code: int = setting(255, doc="highest code the recorder can take", low=1, high=255)
    code_map: Literal["full", "compact"] = setting(
        "full", doc="compact: a few values for kinds of codes (max_code 15 or 31)"
    )
    settle_s: float | None = setting(
        None, doc="wait after opening (boards that reset), s; None: the device's", low=0, high=10
    )
    lsl: bool = setting(False, doc="also put the codes on Lab Streaming Layer")
    on_error: Literal["strict", "continue"] = setting(
        "strict", doc="a lost code asks the operator at stop_at, or is only counted"
    )
    stop_at: Literal["trial", "block", "never"] = setting(
        "block", doc="where a strict line asks the operator, or stops the run"
    )


@dataclass(frozen=True)
class ResponseSettings:
    """What the participant answers with."""

    device: Literal["keyboard", "xid", "forp", "lumina-rb", "bitsi", "arduino"] = setting(
        "keyboard", doc="keyboard, or a response box on a serial port"
    )
    backend: Literal["auto", "psychtoolbox", "xinput", "window"] = setting(
        "auto", doc="reader of the keyboard; auto takes the one with the best time stamps"
    )
    keys: tuple[str, ...] = setting(
        (), doc="keys, buttons or fingers in place of the task's own keys, in their order"
    )
    tasks: dict[str, tuple[str, ...]] | None = setting(  # noqa: RUF009  its default is no dict
        None, doc="the same by task ('eyes') or task and preset ('trust binary'); before keys"
    )
    fingers: dict[str, str] | None = setting(  # noqa: RUF009  its default is no dict
        None, doc="button or key by finger; the screen then names the finger"
    )
    port: str = setting("", doc="port of the box: COM3, /dev/serial/by-id/...")
    baud: int | None = setting(
        None, doc="its line rate; None: as its maker sets it", low=300, high=12_000_000
    )
    parity: Literal["none", "even", "odd"] = setting("none", doc="its parity")
    program: Literal[0, 1, 2, 4, 6] = setting(2, doc="fORP: position of the program switch")
    buttons: tuple[str, ...] = setting(
        (), doc="arduino: the character that each button sends; empty: the figures 1 to 8"
    )
    releases: bool = setting(
        False, doc="arduino: a button sends a capital letter, and the small one when let go"
    )
    pulse_button: str = setting("", doc="button of the box that carries the scanner's trigger")
    debounce_ms: float = setting(
        20.0, doc="a press this soon after the same button moved is a bounce, ms", low=0, high=200
    )
    pause_button: str = setting(
        "", doc="key or button with which the participant asks for a pause at any time; '': none"
    )
    keyboard_too: bool = setting(False, doc="the keyboard answers besides the box")
    check: bool = setting(False, doc="ask for every finger's button before a run")


@dataclass(frozen=True)
class OperatorSettings:
    """The operator's keys, never the participant's."""

    stop: str = setting("escape", doc="asks to stop the run (with a confirmation)")
    pause: str = setting("p", doc="pauses before the next trial")


@dataclass(frozen=True)
class ScannerSettings:
    """How the scanner's pulses arrive, and how many there will be (when the mode is fmri)."""

    source: Literal["key", "serial", "none"] = setting(
        "key", doc="pulses press a key, come over a serial line, or do not reach us"
    )
    pulse_key: str = setting("t", doc="key that a pulse presses (source key)")
    port: str = setting("", doc="port that pulses arrive on (source serial)")
    baud: int = setting(19200, doc="its line rate, bits per second", low=300, high=12_000_000)
    parity: Literal["none", "even", "odd"] = setting("none", doc="its parity")
    pulse_byte: str = setting(
        "5", doc="what a pulse sends: a character, a byte (0x35), or a bit that rises (bit4)"
    )
    tr_s: float | None = setting(None, doc="time from volume to volume, s", low=0.05, high=60)
    volumes: int | None = setting(
        None, doc="volumes of a scan, dummies not among them; None: from the plan", low=1, high=1e5
    )
    pulses_per_volume: int = setting(1, doc="more than 1: a pulse a slice", low=1, high=500)
    dummy_pulses_to_skip: int = setting(
        0, doc="first pulses that belong to dummy volumes", low=0, high=10_000
    )
    discarded_volumes: int = setting(
        0, doc="dummy volumes without pulses; noted in the log only", low=0, high=1000
    )
    wait_timeout_s: float = setting(
        300.0, doc="wait for a pulse before the operator is asked, s", low=2, high=7200
    )
    start_key: str = setting("return", doc="operator's key that starts without a pulse")

    @property
    def key(self) -> str:
        """The name under which a pulse comes in among the presses."""
        return self.pulse_key if self.source == "key" else PULSE


@dataclass(frozen=True)
class SiteSettings:
    """Names that the data set's documents carry."""

    institution: str = setting("", doc="BIDS InstitutionName")
    address: str = setting("", doc="BIDS InstitutionAddress")
    department: str = setting("", doc="BIDS InstitutionalDepartmentName")


@dataclass(frozen=True)
class Rig:
    """Everything that belongs to the room and not to the experiment."""

    name: str = setting("unnamed", doc="name of the rig")
    mode: Literal["behaviour", "eeg", "fmri"] = setting("behaviour", doc="what records beside us")
    display: DisplaySettings = field(default_factory=DisplaySettings)
    trigger: TriggerSettings = field(default_factory=TriggerSettings)
    responses: ResponseSettings = field(default_factory=ResponseSettings)
    operator: OperatorSettings = field(default_factory=OperatorSettings)
    scanner: ScannerSettings = field(default_factory=ScannerSettings)
    site: SiteSettings = field(default_factory=SiteSettings)

    def as_facts(self) -> dict[str, Any]:
        """The rig as plain JSON, for the log's header."""
        return asdict(self)


def read_rig(path: Path) -> Rig:
    """A rig from its file; refuses what it does not know."""
    try:
        text = path.read_text(encoding="utf-8-sig")  # Windows' editor may begin with a mark
    except OSError as error:
        raise SettingError(
            f"{path}: the rig file cannot be read ({error.strerror}); name another with --rig."
        ) from None
    except UnicodeDecodeError:
        raise SettingError(
            f"{path}: this is not UTF-8 text; save the file again with the encoding UTF-8."
        ) from None
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingError(f"{path}: this is not valid TOML: {error}. Correct that line.") from None
    return rig_from(given, where=path.name)


def rig_from(given: Mapping[str, Any], *, where: str) -> Rig:
    """A rig from plain values, checked as a whole."""
    rig = build(Rig, given, where=where)
    if rig.mode == "eeg" and rig.trigger.device == "none":
        raise SettingError(
            f"{where}: mode is 'eeg', but trigger: device is 'none': the recording would have no "
            "codes. Name the device and its port, or set mode to 'behaviour'."
        )
    _refuse_bad_line(rig.trigger, f"{where}: trigger")
    check_responses(rig.responses, where=where)
    if WITHOUT_CODES in (rig.operator.stop, rig.operator.pause):
        raise SettingError(
            f"{where}: operator: {WITHOUT_CODES!r} goes on without trigger codes after some were "
            "lost; give stop and pause other keys."
        )
    if rig.operator.stop == rig.operator.pause:
        raise SettingError(
            f"{where}: operator: stop and pause are both {rig.operator.stop!r}; give them two keys."
        )
    _refuse_bad_pause_button(rig, where)
    _refuse_bad_scanner(rig, where)
    return rig


def _refuse_bad_pause_button(rig: Rig, where: str) -> None:
    """The participant's pause ends with the same button, so nobody else may have it."""
    button = rig.responses.pause_button
    others = {"operator: stop": rig.operator.stop, "operator: pause": rig.operator.pause}
    if rig.mode == "fmri":
        others["scanner: pulse_key"] = rig.scanner.key
    for name, key in others.items():
        if button and button == key:
            raise SettingError(
                f"{where}: responses: pause_button and {name} are both {key!r}; give them two keys."
            )


def _refuse_bad_line(trigger: TriggerSettings, where: str) -> None:
    if trigger.device == "none":
        if trigger.lsl:
            raise SettingError(f"{where}: lsl is true, but device is 'none'; write device 'lsl'.")
        return
    if trigger.device != "lsl" and not trigger.port:
        raise SettingError(f"{where}: port is missing; name the port of the device.")
    line_of(trigger, where=where)


def _refuse_bad_scanner(rig: Rig, where: str) -> None:
    scanner = rig.scanner
    if rig.mode != "fmri":
        return
    if scanner.source == "serial" and not scanner.port:
        raise SettingError(
            f"{where}: scanner: port is missing; name the port that the pulses arrive on."
        )
    pulse_mark(scanner.pulse_byte, where=f"{where}: scanner: pulse_byte")
    keys = {"operator: stop": rig.operator.stop, "operator: pause": rig.operator.pause}
    for name, key in keys.items():
        if key == scanner.key:
            raise SettingError(
                f"{where}: {name} and scanner: pulse_key are both {key!r}; give them two keys."
            )
    for name, key in {**keys, "scanner: pulse_key": scanner.key}.items():
        if key == scanner.start_key:
            raise SettingError(
                f"{where}: scanner: start_key and {name} are both {key!r}; give them two keys."
            )


def pulse_mark(text: str, *, where: str) -> tuple[Literal["byte", "bit"], int]:
    """What a pulse is on a serial line: a byte of that value, or a bit of a status byte that rises.

    >>> [pulse_mark(text, where="") for text in ("5", "0x35", "bit4")]
    [('byte', 53), ('byte', 53), ('bit', 4)]
    """
    if len(text) == 1 and text.isascii():
        return "byte", ord(text)
    if len(text) == 4 and text.startswith("bit") and text[3] in "01234567":
        return "bit", int(text[3])
    if text.startswith("0x"):
        with contextlib.suppress(ValueError):
            if int(text, 16) in range(256):
                return "byte", int(text, 16)
    raise SettingError(
        f"{where} is {text!r}; write a character (5), a byte (0x35) or a bit that rises (bit4)."
    )
