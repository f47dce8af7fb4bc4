"""Trigger codes as a stream of Lab Streaming Layer, beside a wire or in its place.

Two outlets with the same stamps: numbers (int32) and names. A stamp is the time of the event (the
flip, the press), not of the push. A recorder that is started late has missed what came before.
"""

from __future__ import annotations

import importlib
from typing import Any

from mbtexp.errors import DeviceError
from mbtexp.port import SENT, Written
from mbtexp.ports import Clock, Facts

STREAM = "mbtexp"
NAMES = "mbtexp-names"
IRREGULAR = 0.0


class Outlet:
    """The two outlets; a push never raises.

    Parameters
    ----------
    clock
        The run clock, whose stamps are moved onto LSL's.
    source
        What tells this rig's stream from others on the network; a recorder finds it again by that.
    """

    def __init__(self, clock: Clock, source: str) -> None:
        self._lsl = _pylsl()
        self._source = source
        self._numbers = self._open(STREAM, "int32", f"{source}-codes")
        self._names = self._open(NAMES, "string", f"{source}-names")
        self._ahead_s = self._offset(clock)

    def push(self, code: int, name: str, t: float) -> bool:
        """Push a code and its name with the time of the event (s on the run clock)."""
        stamp = t + self._ahead_s
        try:
            self._numbers.push_sample([code], stamp)
            self._names.push_sample([name], stamp)
        except (RuntimeError, OSError, ValueError):
            return False
        return True

    def describe(self) -> Facts:
        """The streams, for the log."""
        return {
            "streams": [STREAM, NAMES],
            "source_id": f"{self._source}-codes",
            "clock_offset_s": round(self._ahead_s, 6),
            "liblsl": self._lsl.library_version(),
        }

    def close(self) -> None:
        """Take the streams off the network."""
        self._numbers = self._names = None

    def _open(self, name: str, form: str, source: str) -> Any:
        try:
            info = self._lsl.StreamInfo(name, "Markers", 1, IRREGULAR, form, source)
            return self._lsl.StreamOutlet(info)
        except (RuntimeError, OSError) as error:
            raise DeviceError(
                f"rig.toml: trigger: the LSL stream '{name}' cannot be opened: {error}"
            ) from None

    def _offset(self, clock: Clock) -> float:
        """LSL's clock minus the run clock; the tightest of a few readings of both, s."""
        readings = []
        for _ in range(9):
            before = clock.now()
            theirs = self._lsl.local_clock()
            after = clock.now()
            readings.append((after - before, theirs - (before + after) / 2))
        return float(min(readings)[1])


class NoWire:
    """The line of a rig whose codes go out over LSL alone: takes every byte."""

    def write(self, data: bytes) -> Written:  # noqa: ARG002
        """There is no wire that could fail; the outlet tells whether the push did."""
        return SENT

    def stuck(self) -> bool:
        """Never."""
        return False

    def relieve(self) -> None:
        """Nothing comes back."""

    def reopen(self) -> None:
        """Nothing to open."""

    def describe(self) -> Facts:
        """Says that there is no wire."""
        return {"port": "lsl"}

    def close(self) -> None:
        """Nothing to give back."""


def _pylsl() -> Any:
    try:
        return importlib.import_module("pylsl")
    except ImportError:
        raise DeviceError("pylsl is not installed; run: uv pip install 'mbtexp[lsl]'") from None
    except (RuntimeError, OSError) as error:
        raise DeviceError(f"pylsl is installed, but cannot be loaded: {error}") from None
