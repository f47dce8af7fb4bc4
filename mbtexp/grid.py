"""The display's refreshes as a grid of indices: every flip has one, and a missed frame is a gap."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

SAME_MOMENT_S = 1e-6
"""Two times closer than this are one moment: float noise, not a refresh still to come."""

NEAR_S = 0.001
"""Flips farther than this from the line through the others tell nothing of the refresh rate."""

NOISE_S = 2e-5
"""No stamp is expected to be better than this."""


class Grid:
    """Refresh times as ``start + index / refresh_hz``, kept in step with the flips seen.

    A flip is stamped on time or late, never early: a late stamp therefore moves the grid by 1 % of
    its error and an early one by 30 %, so that a busy machine's late wake-ups cannot drag it along.
    """

    LATE_GAIN = 0.01
    EARLY_GAIN = 0.3

    def __init__(self, refresh_hz: float, first_flip: float) -> None:
        self.refresh_hz = refresh_hz
        self.period_s = 1.0 / refresh_hz
        self._start = first_flip

    def time(self, index: int) -> float:
        """When the refresh ``index`` happens, seconds on the run clock."""
        return self._start + index * self.period_s

    def index(self, t: float) -> int:
        """The refresh nearest to ``t``."""
        return round((t - self._start) * self.refresh_hz)

    def seen(self, t: float) -> int:
        """Take a flip's stamp into account and return its index."""
        index = self.index(t)
        error = t - self.time(index)
        self._start += error * (self.LATE_GAIN if error > 0 else self.EARLY_GAIN)
        return index

    def next_index(self, t: float) -> int:
        """The first refresh that lies after ``t``."""
        index = self.index(t)
        return index if self.time(index) - t > SAME_MOMENT_S else index + 1


def fit_refresh(stamps: Sequence[float], nominal_hz: float) -> float | None:
    """Refresh rate (Hz) as the slope of consecutive flips on their index; None if it is no grid.

    Late stamps tell nothing and are left out: only those close to the line that most flips lie on
    are fitted, within 1 ms (a tenth of a fast display's frame) or four times their typical distance
    from it. The nominal rate only tells whether these can be the flips of that display.
    """
    if len(stamps) < 30:
        return None
    slope = _typical_period(stamps)
    if slope <= 0 or not 0.2 < slope * nominal_hz < 5:
        return None
    widest_s = near_s = min(NEAR_S, 0.1 * slope)
    start = max(stamps, key=lambda t: sum(abs(_phase_s(s - t, slope)) < near_s for s in stamps))
    points = [(round((t - start) / slope), t) for t in stamps]
    for _ in range(5):
        kept = [(k, t) for k, t in points if abs(t - (start + slope * k)) <= near_s]
        if len(kept) < len(points) / 2:
            return None
        slope, start = _line(kept)
        typical_s = _median(abs(t - (start + slope * k)) for k, t in kept)
        near_s = min(widest_s, max(NOISE_S, 4 * typical_s))
    # Flips at any time lie anywhere in the widest band; those of a grid lie close to its middle.
    return None if typical_s > 0.4 * widest_s else 1.0 / slope


def _typical_period(stamps: Sequence[float]) -> float:
    """The median interval, over longer and longer stretches; late flips cannot move a median."""
    period = _median(b - a for a, b in pairwise(stamps))
    stretch = 2
    while period > 0 and stretch <= len(stamps) // 2:
        spans = [b - a for a, b in zip(stamps, stamps[stretch:], strict=False)]
        period = _median(span / max(1, round(span / period)) for span in spans)
        stretch *= 2
    return period


def _phase_s(t: float, period: float) -> float:
    """How far ``t`` is from the nearest refresh, s."""
    return t - period * round(t / period)


def _median(values: Iterable[float]) -> float:
    ordered = sorted(values)
    return ordered[len(ordered) // 2]


def _line(points: Sequence[tuple[int, float]]) -> tuple[float, float]:
    n = len(points)
    mean_k = sum(k for k, _ in points) / n
    mean_t = sum(t for _, t in points) / n
    spread = sum((k - mean_k) ** 2 for k, _ in points)
    slope = sum((k - mean_k) * (t - mean_t) for k, t in points) / spread
    return slope, mean_t - slope * mean_k
