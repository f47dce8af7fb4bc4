"""The latency timer of an FTDI adapter: read, set to 1 ms where we may, else said how to.

The adapter holds what the box says for up to 16 ms before the computer gets it. That delays
buttons, pulses and answers; it never delays a trigger code.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass

from mbtexp import port
from mbtexp.errors import DeviceError

WANTED_MS = 1

UDEV_RULE = 'ACTION=="add", SUBSYSTEM=="usb-serial", DRIVER=="ftdi_sio", ATTR{latency_timer}="1"'
"""Sets the timer of every FTDI adapter when it is plugged in."""

BY_HAND_LINUX = f"""\
Write this one line into /etc/udev/rules.d/99-ftdi-latency.rules (as root):
  {UDEV_RULE}
then run: sudo udevadm control --reload
and unplug the box and plug it in again."""

BY_HAND_WINDOWS = """\
Device Manager > Ports (COM & LPT) > the port > Properties > Port Settings > Advanced:
set Latency Timer (msec) to 1, then unplug the box and plug it in again. It has to be done
once for each adapter and each USB socket."""


@dataclass(frozen=True)
class Timer:
    """The latency timer of a port before and after we tried to set it."""

    port: str
    before_ms: int | None
    after_ms: int | None
    why_not: str = ""
    """What the system answered when the timer could not be set."""

    @property
    def good(self) -> bool:
        """Whether nothing is held back, or nothing of the kind is known of the port."""
        return self.after_ms is None or self.after_ms <= WANTED_MS

    def text(self) -> str:
        """What was found, what was done, and what is left to do."""
        if self.before_ms is None:
            return self._unknown()
        if self.before_ms <= WANTED_MS:
            return f"{self.port}: the latency timer is {self.before_ms} ms, as it should be."
        if self.good:
            return (
                f"{self.port}: the latency timer was {self.before_ms} ms and is now "
                f"{self.after_ms} ms, until the box is unplugged. To make it stay:\n"
                f"{BY_HAND_LINUX}"
            )
        return (
            f"{self.port}: the latency timer is {self.after_ms} ms and could not be set "
            f"({self.why_not}). Buttons, pulses and answers come up to {self.after_ms} ms late; "
            f"codes do not.\n{BY_HAND_LINUX}"
        )

    def _unknown(self) -> str:
        if sys.platform == "win32":
            return f"{self.port}: Windows does not tell the latency timer. {BY_HAND_WINDOWS}"
        return (
            f"{self.port}: there is no latency timer to set. The adapter is not from FTDI (a box "
            "with USB of its own needs none), or this system does not tell."
        )


def set_low_latency(name: str) -> Timer:
    """The timer of a port set to 1 ms, or the reason why not.

    Raises
    ------
    DeviceError
        The port does not exist.
    """
    if os.name != "nt" and not os.path.exists(name):  # noqa: PTH110  a link may lead nowhere
        raise DeviceError(f"port {name!r} does not exist; {port.ports_spoken()}.")
    before_ms = port.latency_timer_ms(name)
    if before_ms is None or before_ms <= WANTED_MS:
        return Timer(name, before_ms, before_ms)
    why_not = ""
    try:
        port.latency_timer_file(name).write_text(f"{WANTED_MS}\n", encoding="ascii")
    except OSError as error:
        why_not = os.strerror(error.errno or 0)
    after_ms = port.latency_timer_ms(name)
    # Some drivers take the number and do nothing, so what counts is what is read back.
    ignored = "the driver took no notice" if after_ms != WANTED_MS and not why_not else ""
    return Timer(name, before_ms, after_ms, why_not or ignored)
