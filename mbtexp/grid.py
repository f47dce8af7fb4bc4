"""The display's refreshes as a grid of indices: every flip has one, and a missed frame is a gap."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

SAME_MOMENT_S = 1e-6
"""Two times closer than this are one moment: float noise, not a refresh still to come."""


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

    Late stamps are trimmed: the fit is repeated without those more than 1 ms behind the line.
    The nominal rate only tells how many refreshes lie between two flips.
    """
    if len(stamps) < 30:
        return None
    period = _typical_period(stamps)
    if period <= 0 or not 0.2 < period * nominal_hz < 5:
        return None
    index, points = 0, [(0, stamps[0])]
    for before, after in pairwise(stamps):
        index += max(1, round((after - before) / period))
        points.append((index, after))
    slope, start = _line(points)
    for _ in range(3):
        kept = [(k, t) for k, t in points if t - (start + slope * k) < 0.001]
        if len(kept) < len(points) / 2:
            return None
        slope, start = _line(kept)
    residual = sum(abs(t - (start + slope * k)) for k, t in kept) / len(kept)
    return None if residual > 0.1 * slope else 1.0 / slope


def _typical_period(stamps: Sequence[float]) -> float:
    intervals = sorted(b - a for a, b in pairwise(stamps))
    return intervals[len(intervals) // 2]


def _line(points: Sequence[tuple[int, float]]) -> tuple[float, float]:
    n = len(points)
    mean_k = sum(k for k, _ in points) / n
    mean_t = sum(t for _, t in points) / n
    spread = sum((k - mean_k) ** 2 for k, _ in points)
    slope = sum((k - mean_k) * (t - mean_t) for k, t in points) / spread
    return slope, mean_t - slope * mean_k
