"""Two lists of codes on two clocks, put beside each other; pure numbers, no files.

The codes that were sent and those that were recorded are brought together in three steps. Pairs
of equal codes vote for the distance between the two clocks, over a range of drifts; the winner is
the line on which most codes lie. Along that line the longest common sequence of both lists is
taken, so that a code missing here or too many there moves nothing else. What is left over may lie
on another line: a recorder that was paused, or a run that was resumed, has one for each part.
Last, one slope for all parts and an offset for each are fitted, outliers left out.
"""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Pairs = list[tuple[int, int]]

MOST_DRIFT = 300e-6
"""Largest difference of rate that two clocks can have: quartz is good to 100 ppm (from memory)."""

NEAR_S = 0.005
"""A code and its copy in the recording lie this close to the line, or two samples."""

FAR_S = 0.05
"""A copy this far from the line is still the same code, but late or early."""

CANDIDATES = 10
"""Distances that are looked at closely."""

FEWEST = 4
"""Fewest codes on a line that can be told from chance at all."""

FEWEST_MORE = 6
"""Fewest codes on a further line."""

FILLED = 0.5
"""Share of the codes between a part's first and last that lie on its line."""

CHANCE = 0.2
"""Share of a part's codes that an earlier part may have caught by chance and gives back."""

MOST_PARTS = 30
"""Parts that a recording can have."""

ALIKE = 0.97
"""Share of the best line's codes from which another one is as good."""

APART_S = 0.3
"""Two lines at least this far apart are different ones."""

TRIM = 4.0
"""Robust standard deviations beyond which a code has no say in the fit."""

SAMPLE_SD = 1 / math.sqrt(12)
"""Standard deviation of a moment that is known to a sample, in samples."""


@dataclass(frozen=True)
class Codes:
    """Codes with their times in seconds, in order."""

    t: Floats
    values: Ints
    piece: Ints
    """Which uninterrupted stretch of the clock each code belongs to."""

    def __len__(self) -> int:
        """How many codes there are."""
        return len(self.t)

    def take(self, places: list[int]) -> Codes:
        """Some of the codes."""
        return Codes(self.t[places], self.values[places], self.piece[places])


@dataclass(frozen=True)
class Line:
    """Recorded time = (1 + drift) x sent time + offset, and how many codes lie on it."""

    drift: float
    offset_s: float
    votes: int = 0

    def at(self, t: float) -> float:
        """Recorded time of a sent moment, s."""
        return (1.0 + self.drift) * t + self.offset_s


@dataclass(frozen=True)
class Part:
    """Codes that lie on one line: which of those sent is which of those recorded."""

    line: Line
    pairs: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Aligned:
    """How two lists lie beside each other."""

    parts: tuple[Part, ...]
    slope_se: float
    """Standard error of the slope."""
    rival: Line | None = None
    """Another line on which nearly as many codes lie."""

    @property
    def pairs(self) -> Pairs:
        """Sent and recorded code of every match, in order."""
        return [pair for part in self.parts for pair in part.pairs]

    @property
    def drift(self) -> float:
        """How much faster the recorder's clock runs."""
        return self.parts[0].line.drift


def align(sent: Codes, recorded: Codes, rate_hz: float) -> Aligned | None:
    """The sent codes beside their copies; None if no line has a handful of them.

    Times of ``sent`` are on the stimulus computer's clock, those of ``recorded`` on the recorder's.
    Parts never reach over two sittings of a run, nor over a pause that the recorder has noted.
    """
    lines = best_lines(sent, recorded, rate_hz)
    if not lines:
        return None
    parts = [Part(lines[0], tuple(_near(sent, recorded, lines[0], rate_hz)))]
    if len(parts[0].pairs) < FEWEST:
        return None
    while len(parts) < MOST_PARTS:
        more = _further(sent, recorded, parts, rate_hz)
        if more is None:
            break
        parts = more
    first = _fitted(sent, recorded, parts, rate_hz)
    whole = _split(sent, recorded, _with_stragglers(sent, recorded, first.parts, rate_hz))
    fitted = _fitted(sent, recorded, whole, rate_hz)
    return replace(fitted, rival=_rival(lines, fitted.parts))


def _rival(lines: list[Line], parts: Sequence[Part]) -> Line | None:
    """A line as good as the best one that is none of the parts."""
    for line in lines[1:]:
        apart = all(abs(line.offset_s - part.line.offset_s) > APART_S for part in parts)
        if apart and line.votes >= ALIKE * lines[0].votes:
            return line
    return None


# -- voting ---------------------------------------------------------------------------------------


def best_lines(sent: Codes, recorded: Codes, rate_hz: float) -> list[Line]:
    """The lines that most codes lie on, best first."""
    i, j = _equal(sent, recorded)
    if not len(i):
        return []
    middle = float(np.mean(sent.t))
    t = sent.t[i] - middle
    away = recorded.t[j] - sent.t[i]
    span = float(np.ptp(sent.t))
    width = 0.1 + MOST_DRIFT * span
    near = max(NEAR_S, 2.0 / rate_hz)
    found = [
        _best_in(t[inside], away[inside], i[inside], span, near) for inside in _windows(away, width)
    ]
    lines = [Line(d, o - d * middle, votes) for d, o, votes in found if votes >= FEWEST]
    return sorted(set(lines), key=lambda line: -line.votes)


def _equal(sent: Codes, recorded: Codes) -> tuple[Ints, Ints]:
    """All pairs of equal codes."""
    left, right = [], []
    for value in np.intersect1d(sent.values, recorded.values):
        a = np.flatnonzero(sent.values == value)
        b = np.flatnonzero(recorded.values == value)
        left.append(np.repeat(a, len(b)))
        right.append(np.tile(b, len(a)))
    none = [np.array([], dtype=np.int64)]
    return np.concatenate(left or none), np.concatenate(right or none)


def _windows(away: Floats, width: float) -> list[NDArray[np.bool_]]:
    """The stretches of distances that have most pairs, each as a mask."""
    cell = np.floor((away - away.min()) / width).astype(np.int64)
    counts = np.bincount(cell)
    # A line may lie across two cells: count each with the one after it.
    both = counts + np.append(counts[1:], 0)
    best = np.argsort(-both, kind="stable")[:CANDIDATES]
    return [(cell == place) | (cell == place + 1) for place in best.tolist() if both[place]]


def _best_in(
    t: Floats, away: Floats, sent: Ints, span: float, near: float
) -> tuple[float, float, int]:
    """Drift, offset at time zero and number of codes of the best line in a window."""
    step = near / max(span, 1.0)
    n_steps = math.ceil(MOST_DRIFT / step)
    best = (0, 0.0, 0.0)
    for drift in step * np.arange(-n_steps, n_steps + 1):
        left = away - drift * t
        cell = np.floor((left - left.min()) / near).astype(np.int64)
        counts = np.bincount(cell)
        both = counts + np.append(counts[1:], 0)
        place = int(np.argmax(both))
        if both[place] > best[0]:
            best = (int(both[place]), float(drift), float(left.min() + near * (place + 1)))
    _, drift, offset = best
    for tolerance in (2 * near, near, near):
        on = np.abs(away - drift * t - offset) <= tolerance
        if np.count_nonzero(on) < FEWEST:
            break
        drift, offset = _line_through(t[on], away[on])
    on = np.abs(away - drift * t - offset) <= near
    return drift, offset, len(np.unique(sent[on]))


def _line_through(t: Floats, y: Floats) -> tuple[float, float]:
    centred = t - t.mean()
    spread = float(centred @ centred)
    slope = float(centred @ (y - y.mean())) / spread if spread > 0 else 0.0
    return slope, float(y.mean() - slope * t.mean())


# -- the longest common sequence along a line -----------------------------------------------------


def common_sequence(
    sent: Codes, recorded: Codes, line: Line, *, near_s: float, far_s: float
) -> Pairs:
    """The longest sequence of equal codes in the order of both lists, close to a line.

    A copy up to ``far_s`` away counts for a code that has none within ``near_s``.
    """
    possible: Pairs = []
    for i, (t, value) in enumerate(zip(sent.t.tolist(), sent.values.tolist(), strict=True)):
        at = line.at(t)
        copies = _between(recorded, at - near_s, at + near_s, value)
        copies = copies or _between(recorded, at - far_s, at + far_s, value)
        # Backwards, so that one sent code takes one recorded code at most.
        possible += [(i, j) for j in reversed(copies)]
    return _longest_rising(possible)


def _near(sent: Codes, recorded: Codes, line: Line, rate_hz: float) -> Pairs:
    near_s = max(NEAR_S, 2.0 / rate_hz)
    return common_sequence(sent, recorded, line, near_s=near_s, far_s=near_s)


def _between(recorded: Codes, low: float, high: float, value: int) -> list[int]:
    first = int(np.searchsorted(recorded.t, low, side="left"))
    last = int(np.searchsorted(recorded.t, high, side="right"))
    return [j for j in range(first, last) if recorded.values[j] == value]


def _longest_rising(pairs: Pairs) -> Pairs:
    """The longest run of pairs that rises in both numbers; pairs come sorted by the first."""
    ends: list[int] = []
    at: list[int] = []
    before: list[int] = []
    for place, (_, j) in enumerate(pairs):
        length = bisect.bisect_left(ends, j)
        if length == len(ends):
            ends.append(j)
            at.append(place)
        else:
            ends[length] = j
            at[length] = place
        before.append(at[length - 1] if length else -1)
    chosen: Pairs = []
    place = at[-1] if at else -1
    while place >= 0:
        chosen.append(pairs[place])
        place = before[place]
    return chosen[::-1]


# -- further parts --------------------------------------------------------------------------------


def _further(sent: Codes, recorded: Codes, parts: list[Part], rate_hz: float) -> list[Part] | None:
    """The parts and one more, for codes that lie together before, between or after them."""
    taken = [pair for part in parts for pair in part.pairs]
    left = _others(len(sent), {i for i, _ in taken})
    right = _others(len(recorded), {j for _, j in taken})
    if min(len(left), len(right)) < FEWEST_MORE:
        return None
    some, others = sent.take(left), recorded.take(right)
    for line in best_lines(some, others, rate_hz)[:3]:
        pairs = tuple((left[i], right[j]) for i, j in _near(some, others, line, rate_hz))
        if len(pairs) < max(FEWEST_MORE, FILLED * (pairs[-1][0] - pairs[0][0] + 1)):
            continue
        kept = [Part(part.line, tuple(_in_order(part.pairs, pairs))) for part in parts]
        n_lost = len(taken) - sum(len(part.pairs) for part in kept)
        if n_lost <= CHANCE * len(pairs) and all(len(part.pairs) >= FEWEST for part in kept):
            return [*kept, Part(line, pairs)]
    return None


def _others(n: int, taken: set[int]) -> list[int]:
    return [place for place in range(n) if place not in taken]


def _in_order(known: Sequence[tuple[int, int]], block: Sequence[tuple[int, int]]) -> Pairs:
    """Those pairs that lie wholly before a block of pairs or wholly after it."""
    (i0, j0), (i1, j1) = block[0], block[-1]
    return [(i, j) for i, j in known if (i < i0 and j < j0) or (i > i1 and j > j1)]


def _with_stragglers(
    sent: Codes, recorded: Codes, parts: Sequence[Part], rate_hz: float
) -> list[Part]:
    """Each part with the codes that lie in its stretch and are late or early."""
    near_s = max(NEAR_S, 2.0 / rate_hz)
    whole: list[Part] = []
    for place, part in enumerate(parts):
        i0, j0 = whole[-1].pairs[-1] if whole else (-1, -1)
        later = parts[place + 1].pairs[0] if place + 1 < len(parts) else None
        i1, j1 = later or (len(sent), len(recorded))
        left, right = list(range(i0 + 1, i1)), list(range(j0 + 1, j1))
        pairs = common_sequence(
            sent.take(left), recorded.take(right), part.line, near_s=near_s, far_s=FAR_S
        )
        whole.append(Part(part.line, tuple((left[i], right[j]) for i, j in pairs)))
    return whole


def _split(sent: Codes, recorded: Codes, parts: Sequence[Part]) -> list[Part]:
    """The parts, cut where either clock was interrupted; a few codes stay with those before."""
    cut: list[Part] = []
    for part in parts:
        groups: list[Pairs] = []
        for _, group in itertools.groupby(
            part.pairs, key=lambda pair: (sent.piece[pair[0]], recorded.piece[pair[1]])
        ):
            pairs = list(group)
            if groups and min(len(pairs), len(groups[-1])) < FEWEST:
                groups[-1] += pairs
            else:
                groups.append(pairs)
        cut += [Part(part.line, tuple(pairs)) for pairs in groups]
    return cut


# -- the fit --------------------------------------------------------------------------------------


def _fitted(sent: Codes, recorded: Codes, parts: Sequence[Part], rate_hz: float) -> Aligned:
    """One slope and an offset for each part, by least squares without the outliers."""
    groups = sorted(list(part.pairs) for part in parts)
    part = np.concatenate([np.full(len(pairs), k) for k, pairs in enumerate(groups)])
    i = np.array([pair[0] for pairs in groups for pair in pairs])
    j = np.array([pair[1] for pairs in groups for pair in pairs])
    t, away = sent.t[i], recorded.t[j] - sent.t[i]
    kept = np.ones(len(t), dtype=bool)
    drift, offsets, spread = 0.0, np.zeros(len(groups)), 0.0
    for _ in range(20):
        drift, offsets, spread = _joint(t[kept], away[kept], part[kept], len(groups))
        residual = away - drift * t - offsets[part]
        scale = 1.4826 * float(np.median(np.abs(residual - np.median(residual))))
        limit = max(TRIM * scale, 1.0 / rate_hz)
        now = np.abs(residual) <= limit
        for k in range(len(groups)):
            # A part must keep a say in its own offset.
            if np.count_nonzero(now & (part == k)) < FEWEST:
                now |= part == k
        if np.array_equal(now, kept):
            break
        kept = now
    residual = (away - drift * t - offsets[part])[kept]
    freedom = max(1, len(residual) - len(groups) - 1)
    sd = max(math.sqrt(float(residual @ residual) / freedom), SAMPLE_SD / rate_hz)
    fitted = tuple(
        Part(Line(drift, float(offsets[k]), len(pairs)), tuple(pairs))
        for k, pairs in enumerate(groups)
    )
    return Aligned(fitted, sd / math.sqrt(spread) if spread > 0 else math.inf)


def _joint(t: Floats, away: Floats, part: Ints, n_parts: int) -> tuple[float, Floats, float]:
    """Slope, offsets at time zero, and the sum of squares of time within the parts."""
    counts = np.maximum(np.bincount(part, minlength=n_parts), 1)
    mean_t = np.bincount(part, weights=t, minlength=n_parts) / counts
    mean_y = np.bincount(part, weights=away, minlength=n_parts) / counts
    x, y = t - mean_t[part], away - mean_y[part]
    spread = float(x @ x)
    slope = float(x @ y) / spread if spread > 0 else 0.0
    return slope, mean_y - slope * mean_t, spread
