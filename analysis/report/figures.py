"""The drawings of a report: strips of people, response times, timing of flips, choices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from analysis.report.svg import INK, LINE, MAIN, SOFT, WARM, WIDTH_PT, Drawing, axes
from analysis.report.words import shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = NDArray[np.float64]

DOT_PT = 2.6
ROW_PT = 46.0
"""Height of one row of a strip."""

FEWEST_FOR_BOX = 5
"""With fewer values a box with quartiles would say more than they do."""

FEWEST_TIMES = 10
"""Response times below which no density is drawn."""

GRID = 160
"""Points of a density curve."""

DELAYS = {"1 day": 1, "1 week": 7, "1 month": 30, "6 months": 182, "2 years": 730, "10 years": 3650}
"""Marks on the axis of delays, in days."""

FLIPS_FOR_LINE = 5
"""Flips a stretch has on average if the line of its median is to be drawn."""

BINS = 120
"""Stretches of a run in which the earliest and the latest flip are drawn."""


@dataclass(frozen=True)
class Dot:
    """One person's value in a strip."""

    participant: str
    value: float
    row: int
    """Row of the strip, from above."""


@dataclass(frozen=True)
class Strip:
    """A drawn strip, on which one person can be marked."""

    drawing: Drawing
    dots: tuple[Dot, ...]
    places: tuple[tuple[float, float], ...]
    """Where each dot lies on the drawing, pt."""

    def markup(self, about: str, *, links: Mapping[str, str] | None = None, me: str = "") -> str:
        """The strip with its dots: each a link to its person, or one marked among the others.

        Where one is marked the others have no names: their labels are not for that page.
        """
        placed = list(zip(self.dots, self.places, strict=True))
        if not me:
            drawn = [_dot(dot, place, (links or {}).get(dot.participant)) for dot, place in placed]
            return self.drawing.markup(about, drawn)
        others = [place for dot, place in placed if dot.participant != me]
        drawn = [_dots(others)] + [
            f'<circle class="me" cx="{x:.1f}" cy="{y:.1f}" r="4.6"><title>{_tip(dot)}</title>'
            "</circle>"
            for dot, (x, y) in placed
            if dot.participant == me
        ]
        return self.drawing.markup(about, drawn)


def _dots(places: Sequence[tuple[float, float]]) -> str:
    """Many dots as one path of points with round ends, a tenth of the size of as many circles."""
    points = "".join(f"M{x:.1f} {y:.1f}h0" for x, y in places)
    return f'<path class="dots" d="{points}" stroke-width="{2 * DOT_PT:g}"/>' if points else ""


def _dot(dot: Dot, place: tuple[float, float], link: str | None) -> str:
    x, y = place
    circle = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{DOT_PT}"><title>{_tip(dot)}</title></circle>'
    return f'<a href="{escape(link)}" tabindex="-1">{circle}</a>' if link else circle


def _tip(dot: Dot) -> str:
    return f"{escape(dot.participant)}: {shown(dot.value)}"


def strip(dots: Sequence[Dot], rows: Sequence[str], unit: str) -> Strip:
    """One dot a person, rows below each other, each over a Tukey box.

    The box reaches from the first to the third quartile, its whiskers to the farthest values within
    1.5 times its length.
    """
    labelled = len(rows) > 1
    height = 30 + ROW_PT * max(len(rows), 1)
    with axes(height) as (ax, made):
        longest = max((len(line) for row in rows for line in row.split("\n")), default=0)
        left = 0.05 + 0.0165 * longest if labelled else 0.04
        ax.figure.subplots_adjust(left=left, right=0.95, bottom=30 / height, top=1 - 2 / height)
        ax.set_ylim(len(rows) - 0.5, -0.5)
        ax.set_yticks(range(len(rows)) if labelled else [], rows if labelled else [])
        ax.tick_params(axis="y", length=0)
        ax.spines["left"].set_visible(False)
        ax.set_xlabel(unit, labelpad=1)
        ax.set_xlim(*_range([dot.value for dot in dots]))
        ax.locator_params(axis="x", nbins=6)
        for row in range(len(rows)):
            _box(ax, np.array([dot.value for dot in dots if dot.row == row]), row)
    [drawing] = made
    return Strip(drawing, tuple(dots), _placed(dots, drawing))


def _range(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    margin = 0.06 * (high - low) or max(abs(low) * 0.1, 0.5)
    return low - margin, high + margin


def _box(ax: Axes, values: Floats, row: int) -> None:
    if len(values) < FEWEST_FOR_BOX:
        return
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    reach = 1.5 * (high - low)
    inside = values[(values >= low - reach) & (values <= high + reach)]
    y = row + 0.32
    ax.plot([inside.min(), low], [y, y], color=SOFT, linewidth=1)
    ax.plot([high, inside.max()], [y, y], color=SOFT, linewidth=1)
    ax.broken_barh([(low, high - low)], (y - 0.09, 0.18), facecolor=LINE, edgecolor=SOFT, lw=0.8)
    ax.plot([middle, middle], [y - 0.09, y + 0.09], color=INK, linewidth=1.8)


def _placed(dots: Sequence[Dot], drawing: Drawing) -> tuple[tuple[float, float], ...]:
    """Each dot at its value, stacked upwards where it would cover another."""
    places: dict[int, tuple[float, float]] = {}
    taken: dict[int, list[tuple[float, int]]] = {}
    # Ten steps of the stack fill a row; beyond that dots lie over each other.
    step, steps = 0.085, 8
    for i in sorted(range(len(dots)), key=lambda i: (dots[i].row, dots[i].value, i)):
        dot = dots[i]
        x, _ = drawing.place(dot.value, 0)
        beside = [level for at, level in taken.get(dot.row, []) if x - at < 2 * DOT_PT]
        level = next((lv for lv in range(steps) if lv not in beside), len(beside) % steps)
        taken.setdefault(dot.row, []).append((x, level))
        taken[dot.row] = [(at, lv) for at, lv in taken[dot.row] if x - at < 2 * DOT_PT]
        places[i] = drawing.place(dot.value, dot.row + 0.1 - step * level)
    return tuple(places[i] for i in range(len(dots)))


# -- response times --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Densities:
    """Densities of ln RT of a task, one a person, on one grid."""

    grid: Floats
    """ln s."""
    curves: Mapping[str, Floats]


def densities(times: Mapping[str, Sequence[float]]) -> Densities:
    """Smoothed densities of the people who answered often enough.

    Gaussian kernels on ln RT, width after Silverman (1986): .9 min(SD, IQR / 1.34) n^(-1/5).
    """
    logs = {
        person: np.log([rt for rt in own if rt > 0])
        for person, own in times.items()
        if sum(rt > 0 for rt in own) >= FEWEST_TIMES
    }
    if not logs:
        return Densities(np.zeros(0), {})
    low = min(float(own.min()) for own in logs.values())
    high = max(float(own.max()) for own in logs.values())
    margin = 0.1 * (high - low) + 0.05
    grid = np.linspace(low - margin, high + margin, GRID)
    return Densities(grid, {person: _density(own, grid) for person, own in logs.items()})


def _density(values: Floats, grid: Floats) -> Floats:
    quarters = np.quantile(values, [0.25, 0.75])
    spread = min(float(values.std(ddof=1)), float(quarters[1] - quarters[0]) / 1.34)
    width = 0.9 * (spread or 0.05) * len(values) ** -0.2
    z = (grid[:, None] - values[None, :]) / width
    curve: Floats = np.exp(-0.5 * z**2).mean(axis=1) / (width * np.sqrt(2 * np.pi))
    return curve


def density(found: Densities, me: str, own: Sequence[float]) -> Drawing:
    """One person's response times over the middle 90 % of the others' curves."""
    with axes(120) as (ax, made):
        ax.figure.subplots_adjust(left=0.04, right=0.95, bottom=0.27, top=0.97)
        others = np.array([curve for person, curve in found.curves.items() if person != me])
        if len(others) >= FEWEST_FOR_BOX:
            low, middle, high = np.quantile(others, [0.05, 0.5, 0.95], axis=0)
            ax.fill_between(found.grid, low, high, color=LINE, linewidth=0)
            ax.plot(found.grid, middle, color=SOFT, linewidth=1)
        ax.plot(found.grid, found.curves[me], color=MAIN, linewidth=1.8)
        top = max(curve.max() for curve in (found.curves[me], *others))
        ax.plot(*_rug([float(np.log(rt)) for rt in own if rt > 0], top), color=MAIN, linewidth=0.7)
        ax.set_ylim(-0.12 * top, 1.05 * top)
        ax.set_yticks([])
        ax.spines["left"].set_visible(False)
        _seconds(ax, found.grid)
        ax.set_xlabel("response time, s (spaced by its logarithm)", labelpad=1)
    return made[0]


def _rug(values: Sequence[float], top: float) -> tuple[Floats, Floats]:
    """Short upright lines at the values, as one line with gaps."""
    at = np.repeat(np.asarray(values), 3)
    return at, np.tile([-0.1 * top, -0.03 * top, np.nan], len(values))


def _seconds(ax: Axes, grid: Floats) -> None:
    """Ticks of ln s at round seconds."""
    steps = [m * 10.0**e for e in range(-3, 4) for m in (1, 2, 5)]
    inside = [step for step in steps if grid[0] <= np.log(step) <= grid[-1]]
    ax.set_xticks([float(np.log(step)) for step in inside], [f"{step:g}" for step in inside])
    ax.set_xlim(float(grid[0]), float(grid[-1]))


# -- flips -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Flips:
    """Planned onsets of a run, and by how much they were missed."""

    time_s: Floats
    error_s: Floats
    """Onset less plan."""
    refresh_hz: float | None


def flips(found: Flips) -> Drawing:
    """Onset less plan over the run: the range and the median of each stretch."""
    minutes, error_ms = found.time_s / 60, found.error_s * 1000
    frame_ms = 1000 / found.refresh_hz if found.refresh_hz else None
    with axes(110) as (ax, made):
        ax.figure.subplots_adjust(left=0.13, right=0.95, bottom=0.3, top=0.95)
        for bound in () if frame_ms is None else (-frame_ms, frame_ms):
            ax.axhline(bound, color=WARM, linewidth=0.8, dashes=(4, 3))
        reach = max(float(np.abs(error_ms).max()), frame_ms or 1.0) * 1.15
        at, low, middle, high = _stretches(minutes, error_ms)
        gap, visible = np.full(len(at), np.nan), 0.015 * reach
        # One line with gaps is one path; a line a stretch would be a hundred times as slow.
        ends = np.column_stack([low - visible, high + visible, gap])
        ax.plot(np.column_stack([at, at, gap]).ravel(), ends.ravel(), color=MAIN, linewidth=1.8)
        if len(minutes) >= FLIPS_FOR_LINE * len(at):
            ax.plot(at, middle, color=INK, linewidth=0.9)
        ax.set_ylim(-reach, reach)
        ax.locator_params(axis="y", nbins=5)
        ax.locator_params(axis="x", nbins=7)
        ax.set_xlabel("minutes from the start of the run", labelpad=1)
        ax.set_ylabel("late, ms", labelpad=2)
    return made[0]


def _stretches(minutes: Floats, error_ms: Floats) -> Floats:
    """Middle of each stretch of the run, and the lowest, middle and highest error in it."""
    edges = np.linspace(minutes.min(), minutes.max() + 1e-9, BINS + 1)
    which = np.digitize(minutes, edges)
    rows = []
    for stretch in np.unique(which):
        part = error_ms[which == stretch]
        at = minutes[which == stretch].mean()
        rows.append((at, part.min(), np.median(part), part.max()))
    found: Floats = np.array(rows).T
    return found


# -- choices ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Offers:
    """Choices between less soon and more later."""

    delay_days: Floats
    ratio: Floats
    """Sooner amount / later amount."""
    later: NDArray[np.bool_]
    """Whether the later amount was chosen."""


def choices(offers: Offers, ln_k: float | None, bounds: tuple[float, float] | None) -> Drawing:
    """Choices and the hyperbola 1 / (1 + k D) that was fitted to them, with its interval."""
    with axes(190, WIDTH_PT) as (ax, made):
        ax.figure.subplots_adjust(left=0.13, right=0.95, bottom=0.19, top=0.97)
        longest = max(float(offers.delay_days.max()), 1.0)
        delay = np.geomspace(DELAYS["1 day"] / 2, longest * 1.4, GRID)
        if bounds is not None:
            worth = [1 / (1 + np.exp(bound) * delay) for bound in bounds]
            ax.fill_between(delay, worth[1], worth[0], color=LINE, linewidth=0)
        if ln_k is not None:
            ax.plot(delay, 1 / (1 + np.exp(ln_k) * delay), color=INK, linewidth=1.6)
        later, sooner = offers.later, ~offers.later
        style: dict[str, Any] = {"markersize": 5.5, "markeredgecolor": MAIN, "linestyle": "none"}
        ax.plot(*_points(offers, later), "o", markerfacecolor=MAIN, **style)
        ax.plot(*_points(offers, sooner), "o", markerfacecolor="none", **style)
        ax.set_xscale("log")
        ax.minorticks_off()
        ax.set_xlim(float(delay[0]), float(delay[-1]))
        ticks = {name: days for name, days in DELAYS.items() if days <= delay[-1]}
        ax.set_xticks(list(ticks.values()), list(ticks))
        ax.set_ylim(-0.03, 1.05)
        ax.set_xlabel("delay of the later amount (spaced by its logarithm)", labelpad=1)
        ax.set_ylabel("sooner / later amount", labelpad=2)
    return made[0]


def _points(offers: Offers, which: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    return offers.delay_days[which], offers.ratio[which]
