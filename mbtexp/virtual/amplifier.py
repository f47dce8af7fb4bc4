"""A recorder that exists in memory: the levels of a trigger line in, samples and markers out.

It has what a real one has and a test needs: a clock of its own that starts anywhere and runs a
little fast or slow, lines that change a sample after the others, lines that are stuck, a light
sensor, and noise. It was not compared with a real amplifier.

>>> amplifier = Amplifier(rate_hz=500, start_s=-1.0)
>>> line = amplifier.line([(0.0, 125), (0.008, 0)], until_s=1.0)
>>> markers(line)
[(500, 125)]
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int64]
Signal = NDArray[np.float64]

Edge = tuple[float, int]
"""A moment on the run clock (s) and the line's value from then on."""

BIOSEMI_NEW_EPOCH = 1 << 16
"""System flag above the 16 trigger lines of BioSemi's 24-bit Status channel."""

BIOSEMI_IN_RANGE = 1 << 20
"""System flag of the same channel: the electrodes are in range."""


@dataclass(frozen=True)
class Amplifier:
    """How a recorder sees a trigger line.

    Parameters
    ----------
    rate_hz
        Its sampling rate by its own clock.
    drift_ppm
        How much faster its clock runs than the stimulus computer's, parts per million.
    start_s
        Run-clock time of its first sample; a fraction of a sample is the phase.
    bits
        Lines that it has; what lies above is not seen.
    skew
        Lines (0 is the lowest) that follow some samples late.
    stuck_high, stuck_low
        Lines, as a mask, that stay up or down whatever is sent.
    inverted
        Whether a line that is up reads as 0 (negative logic).
    """

    rate_hz: float = 500.0
    drift_ppm: float = 0.0
    start_s: float = 0.0
    bits: int = 8
    skew: Mapping[int, int] = field(default_factory=dict)
    stuck_high: int = 0
    stuck_low: int = 0
    inverted: bool = False

    def times(self, until_s: float) -> Signal:
        """Run-clock times of the samples up to a moment, s."""
        true_rate_hz = self.rate_hz * (1.0 + self.drift_ppm * 1e-6)
        n_samples = max(0, int((until_s - self.start_s) * true_rate_hz) + 1)
        return self.start_s + np.arange(n_samples) / true_rate_hz

    def line(self, edges: Iterable[Edge], until_s: float) -> Samples:
        """The value of the trigger lines in each sample up to a moment of the run clock."""
        levels = self._levels(edges, until_s)
        seen = np.zeros_like(levels)
        for bit in range(self.bits):
            late = self.skew.get(bit, 0)
            one = levels & (1 << bit)
            seen[late:] |= one[: len(one) - late]
        seen = (seen | self.stuck_high) & ~self.stuck_low
        return seen ^ ((1 << self.bits) - 1) if self.inverted else seen

    def light(
        self,
        flashes: Iterable[tuple[float, float]],
        until_s: float,
        *,
        rise_s: float = 0.001,
        volts: float = 0.1,
        noise_volts: float = 0.0005,
        rng: np.random.Generator,
    ) -> Signal:
        """A light sensor on an auxiliary channel: flashes from and to, with its own inertia."""
        t = self.times(until_s)
        signal = np.zeros_like(t)
        for on, off in flashes:
            for edge, sign in ((on, 1.0), (off, -1.0)):
                first = int(np.searchsorted(t, edge))
                signal[first:] -= sign * volts * np.expm1((edge - t[first:]) / rise_s)
        return signal + noise_volts * rng.standard_normal(len(t))

    def noise(
        self, n_channels: int, until_s: float, *, volts: float = 10e-6, rng: np.random.Generator
    ) -> Signal:
        """Channels of an electroencephalogram of nobody: white noise, volts."""
        return volts * rng.standard_normal((n_channels, len(self.times(until_s))))

    def _levels(self, edges: Iterable[Edge], until_s: float) -> Samples:
        ordered = sorted(edges, key=lambda edge: edge[0])
        moments = np.array([t for t, _ in ordered], dtype=np.float64)
        values = np.array([0, *(value for _, value in ordered)], dtype=np.int64)
        return values[np.searchsorted(moments, self.times(until_s), side="right")]


def pulses(received: Iterable[Edge], width_s: float) -> list[Edge]:
    """Edges of a box that ends each pulse by itself, from the bytes that it was sent.

    A byte that comes while the line is up takes its place at once and lasts the full width.

    >>> pulses([(0.0, 5), (0.5, 6), (0.504, 7)], width_s=0.008)
    [(0.0, 5), (0.008, 0), (0.5, 6), (0.504, 7), (0.512, 0)]
    """
    edges: list[Edge] = []
    down_at: float | None = None
    for t, value in received:
        if down_at is not None and t >= down_at:
            edges.append((down_at, 0))
        edges.append((t, value))
        down_at = t + width_s if value else None
    if down_at is not None:
        edges.append((down_at, 0))
    return edges


def markers(line: Samples) -> list[tuple[int, int]]:
    """Sample and value of each marker as BrainVision Recorder makes them of a line.

    A marker stands where the value of all lines together changes to one that is not zero; the same
    value twice without a zero between them is one marker.
    """
    changed = np.flatnonzero(np.diff(line)) + 1
    return [(int(sample), int(line[sample])) for sample in changed if line[sample]]


def status(line: Samples) -> Samples:
    """BioSemi's 24-bit Status channel: the lines below, flags of the system above."""
    return line | BIOSEMI_NEW_EPOCH | BIOSEMI_IN_RANGE
