"""Pulses that are no key presses, brought in among the presses under a name of their own."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any, Protocol

from mbtexp.port import Ports, SerialPort
from mbtexp.ports import Clock, Facts, Press, Responses
from mbtexp.rig import ScannerSettings, pulse_mark
from mbtexp.timeline import Phase

PATIENCE_S = 0.004
"""Longest wait for a press between two looks at the pulses. Their times do not depend on it."""

WHERE = "rig.toml: scanner"


class PulseSource(Protocol):
    """Something that pulses come from."""

    def attend(self, phase: Phase, onset: float) -> None:
        """A phase has just come on: an emulated scanner is started by the page that waits."""
        ...

    def due(self) -> float | None:
        """When the next pulse is due, if that can be known (s on the run clock)."""
        ...

    def read(self) -> list[float]:
        """Times of the pulses since the last call, in order (s on the run clock)."""
        ...

    def describe(self) -> Facts:
        """Where the pulses come from, for the log."""
        ...

    def close(self) -> None:
        """Stop listening."""
        ...


class WithPulses:
    """A responses port whose presses come together with the pulses of a source.

    Presses of the pulse's own key by anybody else are left out: a scanner is no participant.

    Parameters
    ----------
    responses
        Where the participant's presses come from.
    source
        Where the pulses come from.
    key
        The name under which a pulse comes in.
    clock
        The run clock.
    """

    def __init__(self, responses: Responses, source: PulseSource, key: str, clock: Clock) -> None:
        self._responses = responses
        self._source = source
        self._key = key
        self._clock = clock

    def attend(self, phase: Phase, trial: Mapping[str, Any], onset: float) -> None:
        """Tell both of the phase."""
        self._responses.attend(phase, trial, onset)
        self._source.attend(phase, onset)

    def poll(self) -> list[Press]:
        """Everything since the last call, in order of time."""
        return self._with_pulses(self._responses.poll())

    def wait(self, until: float) -> list[Press]:
        """Return with the first new presses or pulses, or empty-handed at ``until``."""
        while True:
            due = self._source.due()
            limit = min(until, self._clock.now() + PATIENCE_S if due is None else due)
            presses = self._with_pulses(self._responses.wait(limit))
            if presses or self._clock.now() >= until:
                return presses

    def held(self) -> frozenset[str]:
        """Keys that are down now; a pulse never is."""
        return self._responses.held() - {self._key}

    def complaint(self) -> str:
        """What keeps the participant's device from answering; pulses are no reason to stop."""
        return self._responses.complaint()

    def describe(self) -> Facts:
        """What both say of themselves, for the log."""
        return {**self._responses.describe(), "pulses": self._source.describe()}

    def close(self) -> None:
        """Give both back."""
        self._source.close()
        self._responses.close()

    def _with_pulses(self, presses: list[Press]) -> list[Press]:
        pulses = [Press(t, self._key) for t in self._source.read()]
        others = [press for press in presses if press.key != self._key]
        if not pulses:
            return others
        return sorted([*others, *pulses], key=lambda press: press.t)


def with_pulses(
    responses: Responses, source: PulseSource | None, key: str, clock: Clock
) -> Responses:
    """The responses with the pulses of a source among them; as they are where there is none."""
    return responses if source is None else WithPulses(responses, source, key, clock)


class SerialPulses:
    """Pulses from the bytes that arrive on a serial port, stamped on its thread.

    The port may be a response box's too: each listener takes what it knows and leaves the rest.

    Parameters
    ----------
    port
        The open port.
    settings
        What a pulse is among the bytes.
    """

    def __init__(self, port: SerialPort, settings: ScannerSettings) -> None:
        self._port = port
        self._kind, self._value = pulse_mark(settings.pulse_byte, where=f"{WHERE}: pulse_byte")
        self._bit_was_up = False
        self._times: deque[float] = deque()
        self._other_bytes = 0
        port.listen(self._heard)

    def attend(self, phase: Phase, onset: float) -> None:
        """Nothing to arm: every byte is read at any time."""

    def due(self) -> float | None:
        """Nobody knows when a scanner sends its next pulse."""
        return None

    def read(self) -> list[float]:
        """Times of the pulses since the last call."""
        times = self._times
        return [times.popleft() for _ in range(len(times))]

    def describe(self) -> Facts:
        """The port, and how many bytes were no pulse."""
        return {
            "source": "serial",
            **self._port.describe(),
            "other_bytes": self._other_bytes,
            "hung_up": self._port.hung_up,
        }

    def close(self) -> None:
        """The port is closed by whoever opened it."""

    def _heard(self, t: float, arrived: bytes) -> None:
        for byte in arrived:
            if self._is_pulse(byte):
                self._times.append(t)
            else:
                self._other_bytes += 1

    def _is_pulse(self, byte: int) -> bool:
        if self._kind == "byte":
            return byte == self._value
        was_up, self._bit_was_up = self._bit_was_up, bool(byte >> self._value & 1)
        return self._bit_was_up and not was_up


def open_serial_pulses(settings: ScannerSettings, ports: Ports) -> SerialPulses:
    """The rig's line for pulses, open and listened to.

    Raises
    ------
    DeviceError
        The port cannot be opened.
    """
    port = ports.open(settings.port, settings.baud, where=WHERE, parity=settings.parity)
    return SerialPulses(port, settings)
