"""The participant's device as the rig names it, opened: a keyboard, or a box beside one."""

from __future__ import annotations

from mbtexp.errors import DeviceError
from mbtexp.port import Ports
from mbtexp.ports import Clock
from mbtexp.responses.fingers import kind_of
from mbtexp.responses.serialbox import SerialBox
from mbtexp.rig import Rig

WHERE = "rig.toml: responses"


def open_box(rig: Rig, ports: Ports, clock: Clock) -> SerialBox | None:
    """The rig's response box, ready; None where it has none.

    Raises
    ------
    DeviceError
        The port cannot be opened, or the box does not answer.
    """
    settings = rig.responses
    kind = kind_of(settings)
    if kind is None:
        return None
    port = ports.open(
        settings.port,
        settings.baud or kind.baud,
        where=WHERE,
        parity=settings.parity,
        settle_s=kind.settle_s,
    )
    box = SerialBox(
        port,
        kind,
        clock,
        debounce_s=settings.debounce_ms / 1000,
        pulse_button=settings.pulse_button.lower(),
        pulse_key=pulse_key(rig),
    )
    if box.silent:
        raise DeviceError(
            f"{WHERE}: the {kind.title} on {settings.port!r} does not answer; check that this is "
            "its port, that it is in XID mode, and its rate (baud)."
        )
    return box


def pulse_key(rig: Rig) -> str | None:
    """The key that a trigger heard by the box counts as; None where pulses come another way."""
    if rig.mode == "fmri" and rig.scanner.source == "key":
        return rig.scanner.pulse_key
    return None
