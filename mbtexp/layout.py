"""Where and how large everything is on the screen: stimuli as words, pictures, boxes and discs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mbtexp.timeline import (
    Button,
    Circles,
    Fixation,
    Image,
    Rect,
    Scale,
    Slider,
    Stimulus,
    Text,
    Units,
    Wedges,
)

Point = tuple[float, float]
"""Pixels from the centre of the window, to the right and up."""


@dataclass(frozen=True, slots=True)
class Geometry:
    """A window's size in pixels and the visual angle of a pixel."""

    width_px: int
    height_px: int
    px_per_deg: float

    def px(self, length: float, units: Units) -> float:
        """Pixels for a length in ``units``."""
        return length * (self.px_per_deg if units == "deg" else self.height_px)

    def point(self, pos: Point, units: Units) -> Point:
        """Pixels from the centre for a position in ``units``."""
        return self.px(pos[0], units), self.px(pos[1], units)


def geometry(
    size_px: tuple[int, int],
    *,
    monitor_px: tuple[int, int],
    width_cm: float,
    distance_cm: float,
) -> Geometry:
    """Geometry of a window that stands for the whole monitor, whatever its size.

    A degree is taken at the centre of the screen. In a smaller window it shrinks with the window's
    height, so everything keeps the proportions it has in the laboratory.

    >>> lab = geometry((1920, 1080), monitor_px=(1920, 1080), width_cm=53.0, distance_cm=60.0)
    >>> pilot = geometry((960, 540), monitor_px=(1920, 1080), width_cm=53.0, distance_cm=60.0)
    >>> round(lab.px_per_deg, 2), round(pilot.px_per_deg, 2)
    (37.94, 18.97)
    """
    cm_per_deg = 2 * distance_cm * math.tan(math.radians(0.5))
    full_size = cm_per_deg * monitor_px[0] / width_cm
    return Geometry(*size_px, full_size * size_px[1] / monitor_px[1])


@dataclass(frozen=True, slots=True)
class Words:
    """Text whose middle (or upper edge) is at ``at``; ``wrap`` is a width in pixels."""

    text: str
    at: Point
    height: float
    color: str
    bold: bool = False
    wrap: float | None = None
    align: Literal["left", "center"] = "center"
    anchor: Literal["center", "top", "bottom"] = "center"


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture file, ``width`` pixels wide."""

    file: str
    at: Point
    width: float


@dataclass(frozen=True, slots=True)
class Box:
    """An upright rectangle."""

    at: Point
    width: float
    height: float
    fill: str | None
    line: str | None = None
    line_width: float = 0.0


@dataclass(frozen=True, slots=True)
class Disc:
    """A circle."""

    at: Point
    radius: float
    fill: str | None
    line: str | None = None
    line_width: float = 0.0


@dataclass(frozen=True, slots=True)
class Polygon:
    """A filled shape without holes or dents; its corners are given from ``at``."""

    at: Point
    corners: tuple[Point, ...]
    fill: str


Part = Words | Picture | Box | Disc | Polygon

BACKGROUND = "background"
"""Colour name for the colour of the empty screen."""


def parts(stimulus: Stimulus, geometry: Geometry) -> tuple[Part, ...]:
    """What to draw for a stimulus, in order."""
    return tuple(_DRAWN[type(stimulus)](stimulus, geometry))


NARROW = 0.4
"""Width of a letter as a share of a line's height, at least; a text is never thought too wide."""


def beyond(stimulus: Stimulus, geometry: Geometry) -> bool:
    """Whether a stimulus certainly reaches over the edge of the window.

    >>> screen = Geometry(1920, 1080, 38.0)
    >>> beyond(Text("word", (0.0, 5.0), 0.7, "deg"), screen)
    False
    >>> beyond(Text("word", (0.0, 15.0), 0.7, "deg"), screen)
    True
    """
    return any(_over_edge(part, geometry) for part in parts(stimulus, geometry))


def _over_edge(part: Part, geometry: Geometry) -> bool:
    width, height = _extent(part)
    x, y = part.at
    return (
        abs(x) + width / 2 > geometry.width_px / 2 + 1
        or abs(y) + height / 2 > geometry.height_px / 2 + 1
    )


def _extent(part: Part) -> Point:
    """Width and height of a part in pixels, of words and pictures the least they can be."""
    if isinstance(part, Box):
        return part.width, part.height
    if isinstance(part, Disc):
        return 2 * part.radius, 2 * part.radius
    if isinstance(part, Picture):
        return part.width, 0.0
    if isinstance(part, Polygon):
        across, up = zip(*part.corners, strict=True)
        return 2 * max(map(abs, across)), 2 * max(map(abs, up))
    if part.anchor != "center" or part.align != "center":
        return 0.0, 0.0
    lines = part.text.split("\n")
    widest = max(len(line) for line in lines) * NARROW * part.height
    return (widest if part.wrap is None else min(widest, part.wrap)), len(lines) * part.height


def _words(text: Text, geometry: Geometry) -> Iterator[Words]:
    yield Words(
        text=text.text,
        at=geometry.point(text.pos, text.units),
        height=geometry.px(text.size, text.units),
        color=text.color,
        bold=text.bold,
        wrap=None if text.wrap is None else geometry.px(text.wrap, text.units),
        align=text.align,
    )


def _picture(image: Image, geometry: Geometry) -> Iterator[Picture]:
    at = geometry.point(image.pos, image.units)
    yield Picture(image.file, at, geometry.px(image.width, image.units))


def _box(rect: Rect, geometry: Geometry) -> Iterator[Box]:
    yield Box(
        at=geometry.point(rect.pos, rect.units),
        width=geometry.px(rect.width, rect.units),
        height=geometry.px(rect.height, rect.units),
        fill=rect.color,
        line=rect.line_color,
        line_width=_even(geometry.height_px * 0.004),
    )


def _cross(fixation: Fixation, geometry: Geometry) -> Iterator[Box]:
    # Even numbers of pixels: the cross is sharp and its centre is the window's.
    length = _even(geometry.px(fixation.size, fixation.units))
    thickness = _even(length / 8)
    at = geometry.point(fixation.pos, fixation.units)
    yield Box(at, length, thickness, fixation.color)
    yield Box(at, thickness, length, fixation.color)


def _even(length: float) -> float:
    return max(2.0, 2.0 * round(length / 2))


SHORT = 2
"""Labels of up to this many letters stand inside their discs."""


def _scale(scale: Scale, geometry: Geometry) -> Iterator[Part]:
    width = geometry.px(scale.width, scale.units)
    x0, y0 = geometry.point(scale.pos, scale.units)
    unit = width / 0.9  # the scale is designed at its default width of 0.9 screen heights
    line = _even(unit * 0.003)
    step = width / max(1, len(scale.points) - 1)
    left = x0 - width / 2 if len(scale.points) > 1 else x0
    inside = all(len(label) <= SHORT for label in scale.points)
    radius = min(unit * (0.028 if inside else 0.018), step * 0.4)
    yield Box((x0, y0), width, line, scale.color)
    for number, label in enumerate(scale.points):
        at = (left + number * step, y0)
        chosen = number == scale.chosen
        # The line must not be seen through an open disc: two discs make a ring.
        yield Disc(at, radius, scale.color)
        if not chosen:
            yield Disc(at, radius - line, BACKGROUND)
        if inside:
            ink = BACKGROUND if chosen else scale.color
            size = min(unit * 0.034, radius * 1.3)
            # The middle of a figure lies below the middle of its line.
            yield Words(label, (at[0], at[1] + 0.05 * size), size, ink)
        else:
            below = (at[0], y0 - radius - unit * 0.015)
            yield Words(
                label, below, unit * 0.026, scale.color, wrap=step * 0.92, anchor="top", bold=chosen
            )
    yield from _ends(
        (scale.low, scale.high), (x0, y0), width, scale.color, gap=radius, below=inside
    )


def _slider(slider: Slider, geometry: Geometry) -> Iterator[Part]:
    width = geometry.px(slider.width, slider.units)
    x0, y0 = geometry.point(slider.pos, slider.units)
    unit = width / 0.9
    line = _even(unit * 0.004)
    yield Box((x0, y0), width, line, slider.color)
    for x in (x0 - width / 2, x0 + width / 2):
        yield Box((x, y0), line, unit * 0.03, slider.color)
    yield from _ends(
        (slider.low, slider.high), (x0, y0), width, slider.color, gap=unit * 0.03, below=True
    )
    if slider.value is None:
        return
    x = round(x0 + (min(1.0, max(0.0, slider.value)) - 0.5) * width)
    if slider.mark == "bar":
        yield Box((x, y0), _even(unit * 0.014), unit * 0.06, slider.color)
        return
    radius = unit * 0.024
    yield Disc((x, y0), radius, slider.color)
    if not slider.touched:
        yield Disc((x, y0), radius - line, BACKGROUND)


def _wedges(wedges: Wedges, geometry: Geometry) -> Iterator[Polygon]:
    at = geometry.point(wedges.pos, wedges.units)
    half = geometry.px(wedges.width, wedges.units) / 2
    up = geometry.px(wedges.height, wedges.units) / 2
    for side in (-half, half):
        yield Polygon(at, ((0.0, 0.0), (side, up), (side, -up)), wedges.color)


def apart(overlap: float) -> float:
    """Distance of two circles' middles, in radii, at which they share that part of their area.

    >>> apart(0.0), round(apart(0.5), 4)
    (2.0, 0.8079)
    """
    near, far = 0.0, 2.0
    if overlap <= 0:
        return far
    for _ in range(60):
        middle = (near + far) / 2
        if _shared(middle) > overlap:
            near = middle
        else:
            far = middle
    return (near + far) / 2


def _shared(distance: float) -> float:
    """The share of a circle of radius 1 that lies in another one at this distance."""
    half = distance / 2
    return (2 * math.acos(half) - distance * math.sqrt(1 - half * half)) / math.pi


def _circles(circles: Circles, geometry: Geometry) -> Iterator[Part]:
    x0, y0 = geometry.point(circles.pos, circles.units)
    smallest = geometry.px(circles.width, circles.units) / 4
    # pi r^2 (2 - overlap), what both cover together, is the same for all.
    radius = smallest * math.sqrt(2 / (2 - circles.overlap))
    shift = radius * apart(circles.overlap) / 2
    line = _even(smallest * (0.14 if circles.chosen else 0.045))
    for side, label in zip((-1, 1), circles.labels, strict=True):
        at = (x0 + side * shift, y0)
        yield Disc(at, radius, None, circles.color, line)
        if label:
            # In the middle of what the circle has for itself.
            place = (x0 + side * radius, y0)
            yield Words(label, place, smallest * 0.36, circles.color, bold=circles.chosen)


def _button(button: Button, geometry: Geometry) -> Iterator[Part]:
    at = geometry.point(button.pos, button.units)
    width, height = (geometry.px(side, button.units) for side in (button.width, button.height))
    line = _even(geometry.height_px * 0.003)
    yield Box(at, width, height, None, button.color, line)
    yield Words(button.text, at, height * 0.42, button.color)


def _ends(
    labels: tuple[str, str], at: Point, width: float, color: str, *, gap: float, below: bool
) -> Iterator[Words]:
    unit = width / 0.9
    y = at[1] + (-1 if below else 1) * (gap + unit * 0.015)
    for label, x in zip(labels, (at[0] - width / 2, at[0] + width / 2), strict=True):
        if label:
            anchor: Literal["top", "bottom"] = "top" if below else "bottom"
            yield Words(label, (x, y), unit * 0.03, color, wrap=width * 0.28, anchor=anchor)


_DRAWN: Mapping[type[Stimulus], Callable[[Any, Geometry], Iterator[Part]]] = {
    Text: _words,
    Image: _picture,
    Fixation: _cross,
    Rect: _box,
    Scale: _scale,
    Slider: _slider,
    Wedges: _wedges,
    Circles: _circles,
    Button: _button,
}
"""How each kind of stimulus is drawn."""
