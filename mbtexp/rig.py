"""rig.toml: the machine in the lab with its screen, keyboard and trigger line, strictly read."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from mbtexp.errors import SettingError
from mbtexp.strict import build, setting


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

    device: Literal["none", "serial"] = setting("none", doc="kind of trigger device")
    port: str = setting("", doc="port of the device: COM3, /dev/serial/by-id/...")
    baud: int = setting(115200, doc="line rate, bits per second", low=300, high=12_000_000)
    pulse_ended_by: Literal["host", "device"] = setting(
        "host", doc="who returns the line to zero: we, or the box by itself"
    )
    pulse_ms: float = setting(10.0, doc="width of a pulse, ms", low=1, high=200)
    lowest_eeg_rate_hz: float = setting(
        250.0, doc="slowest sampling rate of the recorder; sets the gap", low=50, high=100_000
    )
    max_code: int = setting(255, doc="highest code the recorder can take", low=1, high=255)
    settle_s: float = setting(0.0, doc="wait after opening (boards that reset)", low=0, high=10)
    on_error: Literal["strict", "continue"] = setting(
        "strict", doc="a lost code stops the run at stop_at, or is only counted"
    )
    stop_at: Literal["trial", "block"] = setting("block", doc="where a strict line stops the run")


@dataclass(frozen=True)
class ResponseSettings:
    """The participant's keys."""

    backend: Literal["auto", "psychtoolbox", "xinput", "window"] = setting(
        "auto", doc="reader of the keyboard; auto takes the one with the best time stamps"
    )
    keys: tuple[str, ...] = setting((), doc="keys in place of the task's own, in their order")


@dataclass(frozen=True)
class OperatorSettings:
    """The operator's keys, never the participant's."""

    stop: str = setting("escape", doc="asks to stop the run (with a confirmation)")
    pause: str = setting("p", doc="pauses before the next trial")


@dataclass(frozen=True)
class ScannerSettings:
    """How volume pulses arrive (used when the rig's mode is fmri)."""

    pulse_key: str = setting("t", doc="key that the scanner's pulse presses")


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
    if rig.trigger.device != "none" and not rig.trigger.port:
        raise SettingError(f"{where}: trigger: port is missing; name the port of the device.")
    if rig.mode == "eeg" and rig.trigger.device == "none":
        raise SettingError(
            f"{where}: mode is 'eeg', but trigger: device is 'none': the recording would have no "
            "codes. Name the device and its port, or set mode to 'behaviour'."
        )
    if rig.trigger.baud == 1200:
        raise SettingError(
            f"{where}: trigger: baud is 1200; that rate resets some boxes for good, use another."
        )
    if rig.operator.stop == rig.operator.pause:
        raise SettingError(
            f"{where}: operator: stop and pause are both {rig.operator.stop!r}; give them two keys."
        )
    return rig
