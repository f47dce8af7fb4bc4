"""What a code is on the wire: a row of data for each kind of trigger device; pure, without a port.

A new kind of device is one more row in ``DEVICES`` (and its name in ``TriggerSettings.device``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mbtexp.errors import SettingError, did_you_mean
from mbtexp.rig import TriggerSettings

SHORTEST_GAP_S = 0.002
"""Least time at zero between two codes, whatever the recorder's rate."""

SAMPLES_PER_PULSE = 2
"""A pulse that covers one sample only is found by some readers and refused by others."""


@dataclass(frozen=True, slots=True)
class Device:
    """A kind of trigger device: its bytes for a code, for rest and for good-bye."""

    name: str
    encode: Callable[[int], bytes]
    idle: bytes
    """Returns the line to zero where the host ends the pulse."""
    close: bytes
    """Leaves the line as it should be found, where the host ends the pulse."""
    highest: int


def one_byte(code: int) -> bytes:
    """The code as one raw byte.

    >>> one_byte(125)
    b'}'
    """
    if not 1 <= code <= 255:
        raise SettingError(f"trigger code {code} cannot be sent; a code is from 1 to 255.")
    return bytes([code])


DEVICES = {"serial": Device("serial", one_byte, idle=b"\x00", close=b"\x00", highest=255)}
"""Kinds of device by their name in rig.toml; ``none`` is no device and has no row."""


def device(name: str) -> Device:
    """The row of a kind of device."""
    if name not in DEVICES:
        raise SettingError(f"rig.toml: trigger: device {name!r}; {did_you_mean(name, DEVICES)}")
    return DEVICES[name]


def code_table(settings: TriggerSettings) -> tuple[bytes | None, ...]:
    """Bytes for each code from 0 to 255; None where the rig cannot send it."""
    row = device(settings.device)
    highest = min(row.highest, settings.max_code)
    return tuple(row.encode(code) if 1 <= code <= highest else None for code in range(256))


def gap_s(settings: TriggerSettings) -> float:
    """Time at zero that must lie between two codes: one sample of the slowest recorder, s."""
    return max(SHORTEST_GAP_S, 1.0 / settings.lowest_eeg_rate_hz)


def spacing_s(settings: TriggerSettings) -> float:
    """Least time between two codes if neither is to disturb the other: pulse and gap, s."""
    return settings.pulse_ms / 1000.0 + gap_s(settings)


def check_settings(settings: TriggerSettings) -> None:
    """Refuse a pulse that the recorder could miss."""
    least_ms = SAMPLES_PER_PULSE * 1000.0 / settings.lowest_eeg_rate_hz
    if settings.pulse_ms < least_ms:
        raise SettingError(
            f"rig.toml: trigger: pulse_ms is {settings.pulse_ms:g}, but a recorder at "
            f"{settings.lowest_eeg_rate_hz:g} Hz needs {least_ms:g} ms (two samples); make the "
            "pulse longer or correct lowest_eeg_rate_hz."
        )
