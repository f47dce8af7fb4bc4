"""Renders a drawn eye region in grey from an expression, a face and a seed: shaded, never traced.

Nothing here comes from a photograph. Skin is a height field under a soft light; lids, iris, folds
and hairs are curves with smooth edges. Everything is plain arithmetic on float64 grids and a hash
for noise, so the same numbers give the same picture again.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

Grid = npt.NDArray[np.float64]

WIDTH_PX = 866
HEIGHT_PX = 505
MEAN_GREY = 0.50
"""Every picture has this mean and this contrast, so that neither tells one item from another."""
CONTRAST = 0.17

_CENTRE = (433.0, 275.0)
_SIDES = (-1, 1)


@dataclass(frozen=True, slots=True)
class Expression:
    """What the muscles around the eyes do; 0 is rest, 1 is strong, signs as told.

    The numbers in brackets are the action units of the facial action coding system.
    """

    inner_brow: float = 0.0  # raised (1)
    outer_brow: float = 0.0  # raised (2)
    frown: float = 0.0  # brows lowered and drawn together (4)
    lid: float = 0.0  # upper lid: wide open (5) above 0, drooping (43) below
    squint: float = 0.0  # lower lid tightened (7)
    cheek: float = 0.0  # cheek raised: pouch and crow's feet (6)
    nose: float = 0.0  # nose wrinkled (9)
    gaze_x: float = 0.0  # to the right of the picture above 0
    gaze_y: float = 0.0  # down above 0
    brow_lift: float = 0.0  # one brow raised more than the other: right above 0, left below
    wink: float = 0.0  # one upper lid lowered: right above 0, left below
    roll_deg: float = 0.0  # head tilted clockwise above 0
    pupil: float = 0.0  # wide above 0, narrow below
    wet: float = 0.0  # a tear along the lower lid

    def scaled(self, factor: float) -> Expression:
        """The same expression, stronger or weaker; the gaze keeps at least most of its way."""
        kept = {"gaze_x", "gaze_y", "roll_deg", "pupil"}
        gentle = 1 - (1 - factor) * 0.4
        return Expression(
            **{
                entry.name: getattr(self, entry.name) * (gentle if entry.name in kept else factor)
                for entry in fields(self)
            }
        )


@dataclass(frozen=True, slots=True)
class Face:
    """Who is drawn: proportions in pixels or as shares, drawn anew from a seed for every item."""

    sex: str
    older: bool
    eye_gap_px: float
    eye_half_px: float
    tilt: float
    brow_height: float
    brow_thick_px: float
    brow_arch: float
    brow_dark: float
    iris_grey: float
    nose_px: float
    lash: float
    age: float
    crease: float
    freckle: float
    light: float
    seed: int


def random_face(sex: str, *, older: bool, seed: int) -> Face:
    """A face of one sex and age band; every proportion varies within its own small range."""
    draw = random.Random(seed)

    def between(low: float, high: float) -> float:
        return low + (high - low) * draw.random()

    female = sex == "F"
    return Face(
        sex=sex,
        older=older,
        eye_gap_px=between(186, 200),
        eye_half_px=between(93, 100) if female else between(87, 94),
        tilt=between(0.04, 0.11) if female else between(0.0, 0.06),
        brow_height=between(1.02, 1.12) if female else between(0.80, 0.90),
        brow_thick_px=between(10.0, 13.0) if female else between(16.0, 21.0),
        brow_arch=between(0.10, 0.17) if female else between(0.03, 0.10),
        brow_dark=between(0.50, 0.72) * (0.8 if older else 1.0),
        iris_grey=between(0.44, 0.74),
        nose_px=between(34, 39) if female else between(40, 46),
        lash=between(0.8, 1.1) if female else between(0.15, 0.3),
        age=between(0.75, 1.0) if older else between(0.0, 0.12),
        crease=between(-0.03, 0.05) - (0.05 if older else 0.0),
        freckle=between(0.0, 1.0),
        light=-1.0 if draw.random() < 0.5 else 1.0,
        seed=seed,
    )


def render(face: Face, expression: Expression) -> npt.NDArray[np.uint8]:
    """The eye region as 8-bit grey, 505 rows by 866 columns."""
    scene = _Scene(face, expression)
    picture = _skin(scene)
    for side in _SIDES:
        picture = _eye(scene, side, picture)
    picture = _brows(scene, picture)
    picture = _blur(picture, 0.6)
    return _finish(picture)


# --- the plan of a face: where its curves run -----------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Lids:
    """One eye's opening, in units of half its width, upwards negative."""

    upper: float
    lower: float
    upper_skew: float
    lower_flat: float


class _Scene:
    """The grids of one picture and the curves on them, in the upright face's pixels."""

    def __init__(self, face: Face, expression: Expression) -> None:
        self.face = face
        self.expression = expression
        rows, columns = np.mgrid[0:HEIGHT_PX, 0:WIDTH_PX].astype(np.float64)
        angle = math.radians(-expression.roll_deg)
        self._cos, self._sin = math.cos(angle), math.sin(angle)
        dx, dy = columns - _CENTRE[0], rows - _CENTRE[1]
        self.x: Grid = self._cos * dx - self._sin * dy
        self.y: Grid = self._sin * dx + self._cos * dy

    def to_picture(self, x: Grid, y: Grid) -> tuple[Grid, Grid]:
        """Column and row of points given in the face's own pixels."""
        return (
            self._cos * x + self._sin * y + _CENTRE[0],
            -self._sin * x + self._cos * y + _CENTRE[1],
        )

    def eye(self, side: int) -> tuple[Grid, Grid]:
        """Place relative to one eye: -1 at the inner corner, 1 at the outer; down positive."""
        u = side * (self.x - side * self.face.eye_gap_px) / self.face.eye_half_px
        return u, self.y / self.face.eye_half_px + self.face.tilt * u

    def from_eye(self, side: int, u: Grid, v: Grid) -> tuple[Grid, Grid]:
        """The face's own pixels of points given relative to one eye."""
        half = self.face.eye_half_px
        return side * (u * half + self.face.eye_gap_px), (v - self.face.tilt * u) * half

    def lids(self, side: int) -> _Lids:
        """How far one eye is open."""
        e = self.expression
        lid = e.lid - max(0.0, side * e.wink)
        upper = 0.39 + 0.23 * lid if lid > 0 else 0.39 * (1 + 0.9 * lid)
        upper += -0.20 * e.gaze_y if e.gaze_y > 0 else -0.07 * e.gaze_y
        upper -= 0.05 * e.cheek + 0.07 * e.squint + 0.05 * max(0.0, e.frown - max(e.lid, 0))
        wink = max(0.0, side * e.wink)
        lower = 0.29 - 0.19 * e.cheek - 0.17 * e.squint - 0.08 * wink + 0.05 * max(0.0, lid)
        if self.face.older:
            upper -= 0.03
        return _Lids(
            upper=max(upper + 1.2 * min(0.0, lid + 0.9), 0.035 - max(lower, 0.03)),
            lower=max(lower, 0.03),
            upper_skew=-0.06 + 0.34 * (e.frown - 0.9 * e.inner_brow - 0.25 * e.cheek),
            lower_flat=min(1.0, e.squint + 0.6 * e.cheek),
        )

    def upper_lid(self, side: int, u: Grid) -> Grid:
        """The upper lid's edge above the line of the corners."""
        lids = self.lids(side)
        skew = max(-0.38, min(0.42, lids.upper_skew))
        return -lids.upper * _arc(u, 0.60, 0.66) * (1 + skew * u)

    def lower_lid(self, side: int, u: Grid) -> Grid:
        """The lower lid's edge below the line of the corners."""
        lids = self.lids(side)
        edge = lids.lower * _arc(u, 0.62 - 0.12 * lids.lower_flat, 0.92 - 0.3 * lids.lower_flat)
        # A smile bends the lid upwards in its middle: eyes become crescents.
        bend = edge - 0.13 * self.expression.cheek * _arc(u, 1.3, 1.3)
        return np.maximum(bend, self.upper_lid(side, u) + 0.04 * _arc(u, 0.8, 0.8))

    def crease(self, side: int, u: Grid) -> Grid:
        """The fold above the upper lid."""
        lids = self.lids(side)
        e = self.expression
        high = 0.40 + 0.40 * lids.upper + self.face.crease
        high += 0.05 * (e.inner_brow + e.outer_brow) - 0.10 * e.frown
        high = max(high, lids.upper + 0.05)
        skew = -0.05 + 0.22 * (e.frown - e.inner_brow) - 0.06 * self.face.age
        return -high * _arc(u, 0.62, 0.70, reach=1.30) * (1 + skew * u)

    def brow(self, side: int, u: Grid) -> Grid:
        """The middle of the brow."""
        e = self.expression
        lift = max(0.0, side * e.brow_lift)
        rest = self.face.brow_height
        inner = (
            -rest
            + (0.0 if self.face.sex == "F" else 0.04)
            - 0.40 * e.inner_brow
            + 0.34 * e.frown
            - 0.12 * lift
        )
        inner += -0.06 * e.outer_brow + 0.06 * e.nose
        middle = -rest - 0.5 * self.face.brow_arch - 0.20 * e.inner_brow - 0.26 * e.outer_brow
        middle += 0.22 * e.frown - 0.34 * lift
        peak = -rest - self.face.brow_arch + 0.07 * e.inner_brow - 0.34 * e.outer_brow
        peak += 0.10 * e.frown - 0.42 * lift + 0.03 * e.cheek
        tail = -rest + 0.14 + 0.14 * e.inner_brow - 0.22 * e.outer_brow
        tail += 0.02 * e.frown - 0.22 * lift + 0.04 * e.cheek
        return _through(u, (-0.95, -0.15, 0.60, 1.38), (inner, middle, peak, tail))

    def brow_start(self) -> float:
        """Where the brow begins towards the nose."""
        return -1.0 - 0.20 * self.expression.frown + 0.04 * self.expression.outer_brow


def _arc(u: Grid, outer: float, inner: float, *, reach: float = 1.06) -> Grid:
    """A hump from corner to corner, 1 at its top; small exponents make round corners."""
    t = np.clip(u / reach, -1, 1)
    top = (inner - outer) / (inner + outer)
    scale = (1 - top) ** outer * (1 + top) ** inner
    hump: Grid = np.power(1 - t, outer) * np.power(1 + t, inner) / scale
    return hump


def _span(u: Grid) -> Grid:
    """1 over an eye, fading to 0 beyond its corners."""
    return _step(1.02 - np.abs(u - 0.02), 0.55)


def _through(u: Grid, places: tuple[float, ...], values: tuple[float, ...]) -> Grid:
    """The polynomial through a few points, held at its ends."""
    t = np.clip(u, places[0] - 0.25, places[-1] + 0.1)
    total = np.zeros_like(t)
    for i, (place, value) in enumerate(zip(places, values, strict=True)):
        term = np.full_like(t, value)
        for j, other in enumerate(places):
            if j != i:
                term = term * (t - other) / (place - other)
        total += term
    return total


# --- tools of the trade ---------------------------------------------------------------------------


def _bell(t: Grid, width: float) -> Grid:
    return np.exp(-((t / width) ** 2))


def _step(t: Grid, width: float) -> Grid:
    """0 below, 1 above, smooth over ``width``."""
    s: Grid = np.clip(t / width + 0.5, 0, 1)
    return s * s * (3 - 2 * s)


def _noise(seed: int, *, cell_px: float = 1.0) -> Grid:
    """Even noise in [-0.5, 0.5) from an integer hash, on a grid of its own coarseness."""
    step = max(1, round(cell_px))
    shape = (HEIGHT_PX // step + 3, WIDTH_PX // step + 3)
    n = np.arange(shape[0] * shape[1], dtype=np.uint64) + np.uint64((seed * 7919 + 12345) % 2**32)
    for multiplier in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB):
        n = (n ^ (n >> np.uint64(29))) * np.uint64(multiplier)
    grain = ((n >> np.uint64(40)).astype(np.float64) / 2**24 - 0.5).reshape(shape)
    if step == 1:
        return grain[:HEIGHT_PX, :WIDTH_PX]
    return _between_knots(_between_knots(grain, step, HEIGHT_PX).T, step, WIDTH_PX).T


def _between_knots(knots: Grid, step: int, size: int) -> Grid:
    """Rows between knots that lie ``step`` rows apart, smoothly."""
    place = np.arange(size) / step
    below = place.astype(np.int64)
    share = (place - below)[:, None]
    share = share * share * (3 - 2 * share)
    return np.asarray(knots[below] * (1 - share) + knots[below + 1] * share)


def _blur(picture: Grid, sigma_px: float) -> Grid:
    """Gaussian blur, edges repeated."""
    reach = max(1, math.ceil(3 * sigma_px))
    weights = [math.exp(-0.5 * (k / sigma_px) ** 2) for k in range(-reach, reach + 1)]
    total = math.fsum(weights)
    for axis in (0, 1):
        padding = [(reach, reach) if a == axis else (0, 0) for a in (0, 1)]
        padded = np.pad(picture, padding, mode="edge")
        size = picture.shape[axis]
        blurred = np.zeros_like(picture)
        for k, weight in enumerate(weights):
            part = padded[k : k + size] if axis == 0 else padded[:, k : k + size]
            blurred += part * (weight / total)
        picture = blurred
    return picture


def _stroke(
    ink: Grid, x: Grid, y: Grid, *, thick_px: float, dark: float, taper: bool = True
) -> None:
    """Lay one hair or fold, a polyline in picture pixels, into a layer of ink."""
    reach = thick_px + 2
    left, right = int(max(0, x.min() - reach)), int(min(WIDTH_PX, x.max() + reach + 1))
    top, bottom = int(max(0, y.min() - reach)), int(min(HEIGHT_PX, y.max() + reach + 1))
    if left >= right or top >= bottom:
        return
    rows, columns = np.mgrid[top:bottom, left:right].astype(np.float64)
    part = ink[top:bottom, left:right]
    pieces = len(x) - 1
    for i in range(pieces):
        ax, ay, bx, by = x[i], y[i], x[i + 1] - x[i], y[i + 1] - y[i]
        along = ((columns - ax) * bx + (rows - ay) * by) / max(bx * bx + by * by, 1e-9)
        along = np.clip(along, 0, 1)
        distance = np.hypot(columns - ax - along * bx, rows - ay - along * by)
        share = (i + along) / pieces
        width = thick_px * (1 - share) ** 0.7 if taper else thick_px * np.sin(np.pi * share) ** 0.6
        covered = np.clip(width / 2 - distance + 0.5, 0, 1) * np.clip(width, 0, 1)
        np.maximum(part, covered * dark, out=part)


def _line(t: Iterator[float] | list[float]) -> Grid:
    return np.array(list(t), dtype=np.float64)


# --- skin -----------------------------------------------------------------------------------------


def _skin(scene: _Scene) -> Grid:
    height = _relief(scene)
    slope_y, slope_x = np.gradient(height)
    light = scene.face.light
    lx, ly, lz = 0.42 * light, -0.52, 0.74
    norm = np.sqrt(1 + slope_x**2 + slope_y**2)
    diffuse = (-slope_x * lx - slope_y * ly + lz) / norm
    shade: Grid = 0.30 + 0.52 * np.clip(diffuse * 0.85 + 0.15, 0, None)
    gloss = np.clip(diffuse, 0, None) ** 14
    shade += 0.09 * gloss
    shade *= 1 - 0.16 * np.clip(np.abs(scene.x) / 433, 0, 1.3) ** 3
    shade *= 1 - _folds(scene)
    return shade * (1 + _texture(scene))


def _relief(scene: _Scene) -> Grid:
    """Height of the skin towards the viewer, in pixels."""
    face, e = scene.face, scene.expression
    x, y, half = scene.x, scene.y, scene.face.eye_half_px
    height = -0.00052 * x**2 - 0.00010 * (y + 60) ** 2
    low = np.clip((y + 130) / 400, 0, 1)
    width = face.nose_px * (0.95 + 0.55 * low)
    bridge = _step(y + 55, 130) * (20 + 46 * low**1.3)
    height += bridge * np.exp(-((np.abs(x) / width) ** 2))
    height += 22 * _bell(x, 105) * _bell(y - 285, 80)
    height += 6 * _bell(x, 70) * _bell(y + 95, 60)
    for side in _SIDES:
        u, v = scene.eye(side)
        brow = scene.brow(side, u)
        inside = _step(u + 1.3, 0.6) * (1 - _step(u - 1.5, 0.7))
        ridge = 10 if face.sex == "F" else 17
        height += ridge * inside * _bell(v - brow - 0.05, 0.34)
        height -= 25 * np.exp(-(((u - 0.1) / 1.25) ** 2) - ((v + 0.22) / 0.62) ** 2)
        height -= 17 * np.exp(-(((u + 1.0) / 0.42) ** 2) - ((v + 0.28) / 0.5) ** 2)
        height += 21 * np.exp(-((u / 0.80) ** 2) - ((v - 0.0) / 0.62) ** 2)
        # The lid's own bulge, between its edge and its fold.
        crease = scene.crease(side, u)
        lidspan = _span(u)
        height -= 5.5 * lidspan * _step(crease - v, 0.10) * _bell(crease - v, 0.40)
        # The cheek, and the pouch that a smile pushes up under the lid.
        rise = 0.55 * e.cheek
        height += (15 + 17 * e.cheek) * np.exp(
            -(((u - 0.25) / 1.45) ** 2) - ((v - 1.75 + rise) / 0.85) ** 2
        )
        lower = scene.lids(side).lower * _arc(u, 0.9, 1.0, reach=1.3)
        pouch = 2.2 + 5.0 * e.cheek + 3.4 * face.age + 2.6 * e.squint
        height += pouch * lidspan * _bell(v - lower - 0.17, 0.13 + 0.03 * face.age)
        trough = 2.5 + 4.5 * face.age + 2 * e.cheek
        height -= (
            trough * np.exp(-(((u + 0.35) / 0.85) ** 2)) * _bell(v - lower - 0.46 + 0.1 * u, 0.14)
        )
    height += 4.0 * e.frown * _bell(np.abs(x) - 0.28 * half, 16) * _bell(y + 0.95 * half, 36)
    return _blur(height, 4.0)


def _folds(scene: _Scene) -> Grid:
    """How much darker the skin is in its creases and lines."""
    face, e = scene.face, scene.expression
    x, y, half = scene.x, scene.y, face.eye_half_px
    dark = np.zeros_like(x)
    for side in _SIDES:
        u, v = scene.eye(side)
        span = _span(u)
        lid = _step(v - scene.crease(side, u), 0.2) * _step(scene.upper_lid(side, u) - v, 0.1)
        dark += 0.24 * span * lid
        crease = v - scene.crease(side, u)
        dark += 0.46 * span * np.where(crease < 0, _bell(crease, 0.075), _bell(crease, 0.030))
        dark += 0.16 * span * np.where(crease < 0, _bell(crease, 0.26), _bell(crease, 0.10))
        # Shade of the socket beside the nose, deeper under a frown.
        dark += (
            (0.16 + 0.16 * e.frown) * np.exp(-(((u + 1.12) / 0.36) ** 2)) * _bell(v + 0.42, 0.42)
        )
        # Below the lower lid: a fold of its own, and the bag's rim with age and smile.
        lower = v - scene.lids(side).lower * _arc(u, 0.9, 1.0, reach=1.3)
        strength = 0.07 + 0.17 * e.cheek + 0.13 * e.squint + 0.07 * face.age
        dark += strength * _bell(lower - 0.27 - 0.05 * u, 0.045) * span
        strength = 0.05 + 0.15 * face.age + 0.13 * e.cheek
        dark += strength * _bell(lower - 0.52 + 0.16 * u, 0.07) * np.exp(-(((u + 0.35) / 0.7) ** 2))
        tired = max(0.0, -e.lid) * (1 - e.cheek)
        dark += 0.15 * tired * _bell(lower - 0.32, 0.24) * np.exp(-(((u + 0.25) / 0.8) ** 2))
        dark += 0.07 * _bell(v - scene.brow(side, u) - 0.34, 0.24) * _bell(u - 0.2, 0.9)
    dark += _lines(scene)
    # Between the brows, on the bridge of the nose, at the wings of the nose.
    dark += (
        0.10
        * e.nose
        * np.clip(np.sin((y + 0.35 * half) / 7.0), 0, 1)
        * _bell(x, 26)
        * _bell(y + 0.18 * half, 30)
    )
    wing = np.abs(x) - 62 - 10 * (face.sex == "M") - 0.10 * (y - 200)
    dark += (0.30 + 0.15 * e.nose) * _bell(wing, 11) * _step(y - 178 + 12 * e.nose, 60)
    return np.clip(dark, 0, 0.85)


def _lines(scene: _Scene) -> Grid:
    """Crow's feet, frown lines and forehead lines as soft strokes."""
    face, e = scene.face, scene.expression
    half = face.eye_half_px
    draw = random.Random(face.seed + 1)
    ink = np.zeros_like(scene.x)

    def lay(x: Grid, y: Grid, thick: float, dark: float) -> None:
        if dark > 0.02:
            _stroke(ink, *scene.to_picture(x, y), thick_px=thick, dark=min(dark, 0.6), taper=False)

    s = _line([i / 8 for i in range(9)])
    for side in _SIDES:
        feet = 0.42 * e.cheek + 0.16 * face.age + 0.05 * e.squint
        for slope in (-0.42, -0.16, 0.10, 0.36):
            length = (0.38 + 0.18 * draw.random()) * (0.75 + 0.25 * face.age)
            start = 1.17 + 0.06 * draw.random()
            u = start + length * s
            v = 0.10 + slope * (u - 0.75) + 0.10 * slope * s**2
            lay(*scene.from_eye(side, u, v), thick=3.6, dark=feet * (0.6 + 0.4 * draw.random()))
        frown = 0.52 * e.frown + 0.15 * face.age + 0.12 * e.nose
        lean = 3.0 + 5 * draw.random()
        top, bottom = -1.42 * half + 10 * e.frown, -0.72 * half + 10 * e.frown
        y = top + (bottom - top) * s
        x = side * (20 - 5 * e.frown + lean * (s - 0.3) ** 2 * 2)
        lay(x, y, thick=7.0, dark=0.62 * frown)
    raised = 0.5 * (e.inner_brow + e.outer_brow) + 0.25 * abs(e.brow_lift)
    for i in range(3):
        wide = 330.0 if e.outer_brow + face.age * 0.4 >= 0.35 * e.inner_brow else 150.0
        t = _line([-1 + k / 12 for k in range(25)])
        lift = -26.0 * e.outer_brow * t**2 + 20.0 * e.inner_brow * t**2 * (e.outer_brow < 0.4)
        y = (
            -face.brow_height * half
            - 64
            - 31 * i
            - 22 * raised
            + lift
            + 3 * np.sin(5 * t + 2 * i + 6 * draw.random())
        )
        shift = 60 * e.brow_lift
        lay(
            t * wide * (0.95 - 0.1 * i) + shift,
            y,
            thick=8.0,
            dark=(0.30 * raised + 0.13 * face.age) * (1 - 0.15 * i),
        )
    return _blur(ink, 3.0) * 0.85


def _texture(scene: _Scene) -> Grid:
    """Pores, blotches and a freckle or two: a few per cent of the skin's brightness."""
    face = scene.face
    texture = 0.04 * _noise(face.seed + 11, cell_px=40) + 0.036 * _noise(face.seed + 12, cell_px=9)
    texture += (0.010 + 0.009 * face.age) * _noise(face.seed + 13, cell_px=4)
    draw = random.Random(face.seed + 2)
    for _ in range(round(9 * face.freckle)):
        x, y = -380 + 760 * draw.random(), 60 + 160 * draw.random()
        size = 1.5 + 2.2 * draw.random()
        texture -= 0.12 * np.exp(-((scene.x - x) ** 2 + (scene.y - y) ** 2) / size**2)
    return texture


# --- eyes -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Opening:
    """One eye's places and its two lids over the whole picture."""

    u: Grid
    v: Grid
    upper: Grid
    lower: Grid


def _eye(scene: _Scene, side: int, picture: Grid) -> Grid:
    half = scene.face.eye_half_px
    u, v = scene.eye(side)
    eye = _Opening(u, v, scene.upper_lid(side, u), scene.lower_lid(side, u))
    below_upper = _step((v - eye.upper) * half, 1.6)
    opening = below_upper * _step((eye.lower - v) * half, 1.6) * _step(1.05 - np.abs(u), 0.04)
    rim = _step(0.98 - np.abs(u), 0.25) * _step((eye.lower + 0.055 - v) * half, 2.5) * below_upper
    picture = picture + (0.64 - picture) * 0.50 * rim * (1 - opening)
    picture = picture * (1 - opening) + _eyeball(scene, side, eye) * opening
    picture = picture * (1 - _lid_edges(scene.face, eye))
    return picture * (1 - _lashes(scene, side))


def _eyeball(scene: _Scene, side: int, eye: _Opening) -> Grid:
    face, e = scene.face, scene.expression
    u, v, upper, lower = eye.u, eye.v, eye.upper, eye.lower
    sclera: Grid = 0.86 - 0.20 * np.abs(u) ** 2.2 - 0.12 * np.clip(v, 0, 1) - 0.03 * face.age
    sclera -= 0.22 * np.exp(-(((u + 1.0) / 0.17) ** 2))
    iu = side * 0.43 * e.gaze_x + 0.02
    iv = (
        -0.055
        - 0.05 * e.cheek
        + 0.27 * e.gaze_y
        + (0.05 * max(0.0, e.gaze_y) if e.gaze_y > 0 else 0.0)
    )
    turned = math.sqrt(max(0.3, 1 - (0.45 * e.gaze_x) ** 2))
    du, dv = (u - iu) / turned, v - iv
    radius = 0.405
    r = np.hypot(du, dv) / radius
    angle = np.arctan2(dv, du)
    ray = 0.5 + 0.5 * np.sin(23 * angle + 3 * np.sin(7 * angle + face.seed % 7))
    ray = 0.6 * ray + 0.4 * (0.5 + 0.5 * np.sin(41 * angle + 1.3 * face.seed))
    iris = face.iris_grey * (0.84 + 0.22 * ray * np.clip(r * 1.2, 0, 1))
    iris += 0.13 * np.clip(dv / radius, -0.2, 1) * np.clip(1.1 - r, 0, 1)
    iris *= 1 - 0.55 * _step(r - 0.92, 0.24)
    pupil = 0.36 + 0.13 * e.pupil
    iris *= 1 - 0.94 * _step(pupil - r, 0.07)
    ball = sclera + (iris - sclera) * _step(1.0 - r, 0.085)
    # The upper lid and its lashes throw a shadow; the lower lid lifts a little light back.
    ball *= 1 - 0.55 * np.exp(-np.clip(v - upper, 0, None) / 0.10)
    ball *= 1 - 0.20 * np.exp(-np.clip(lower - v, 0, None) / 0.06)
    hu = iu + side * face.light * 0.135
    shine = np.exp(-(((u - hu) / 0.062) ** 2) - ((v - iv + 0.135) / 0.072) ** 2)
    ball += (0.98 - ball) * np.clip(1.5 * shine, 0, 1) * _step(v - upper - 0.03, 0.05)
    hu = iu - side * face.light * 0.15
    ball += 0.16 * np.exp(-(((u - hu) / 0.10) ** 2) - ((v - iv - 0.19) / 0.06) ** 2)
    tear = _bell(lower - v - 0.035, 0.028) * (0.45 + 0.55 * np.sin(9 * u) ** 2)
    wet: Grid = np.clip(ball + (0.18 + 0.36 * e.wet) * tear * 0.5, 0, 1)
    return wet


def _lid_edges(face: Face, eye: _Opening) -> Grid:
    """Darkness of the lash lines, heavier above, outside and on women's faces."""
    u, v, upper, lower = eye.u, eye.v, eye.upper, eye.lower
    half = face.eye_half_px
    inside = _step(1.10 - np.abs(u), 0.10)
    thick = (0.026 + 0.020 * min(1.0, face.lash)) * (0.75 + 0.45 * np.clip(u, -1, 1))
    above = np.exp(-(((v - upper + 0.35 * thick) / thick) ** 2))
    tail = 0.0 if face.lash < 0.5 else 1.0
    reach = _step(1.06 + 0.06 * tail - np.abs(u), 0.05)
    edge = (0.72 + 0.18 * min(1.0, face.lash)) * above * reach
    below = np.exp(-(((v - lower - 0.045) * half / 2.6) ** 2))
    edge = np.maximum(edge, (0.22 + 0.14 * min(1.0, face.lash)) * below * (0.7 + 0.3 * u) * inside)
    return np.clip(edge, 0, 0.93)


def _lashes(scene: _Scene, side: int) -> Grid:
    face = scene.face
    draw = random.Random(face.seed * 3 + side)
    ink = np.zeros_like(scene.x)
    lids = scene.lids(side)
    s = _line([i / 5 for i in range(6)])
    for k in range(38):
        u0 = -0.55 + 1.55 * (k + draw.random()) / 38
        v0 = float(scene.upper_lid(side, np.array([u0]))[0])
        length = (0.06 + 0.085 * face.lash) * (0.35 + 0.75 * (u0 + 0.7) / 1.7)
        length *= 0.65 + 0.6 * draw.random()
        lift = 0.35 + 0.9 * min(1.0, lids.upper / 0.35)
        out = 0.15 + 0.9 * u0 + 0.3 * (draw.random() - 0.5)
        u = u0 + length * out * s + 0.3 * length * s**2
        v = v0 + length * (0.35 * s * (1 - lift) - lift * 0.9 * s**1.6)
        x, y = scene.to_picture(*scene.from_eye(side, u, v))
        _stroke(ink, x, y, thick_px=1.3 + 0.6 * face.lash, dark=0.35 + 0.35 * min(1.0, face.lash))
    for k in range(26):
        u0 = -0.45 + 1.35 * (k + draw.random()) / 26
        v0 = float(scene.lower_lid(side, np.array([u0]))[0]) + 0.045
        length = (0.04 + 0.045 * face.lash) * (0.7 + 0.5 * draw.random())
        x, y = scene.to_picture(
            *scene.from_eye(side, u0 + length * (0.2 + 0.7 * u0) * s, v0 + length * s)
        )
        _stroke(ink, x, y, thick_px=1.3, dark=0.22 + 0.25 * min(1.0, face.lash))
    return ink


# --- brows ----------------------------------------------------------------------------------------


def _brows(scene: _Scene, picture: Grid) -> Grid:
    face = scene.face
    for side in _SIDES:
        draw = random.Random(face.seed * 5 + side)
        u, v = scene.eye(side)
        start = scene.brow_start()
        band = (v - scene.brow(side, u)) * face.eye_half_px
        thick = _brow_thickness(face, u, start)
        under = np.exp(-((band / np.maximum(thick * 0.62, 0.5)) ** 2)) * (thick > 0.4)
        picture = picture * (1 - 0.42 * face.brow_dark * under)
        ink = np.zeros_like(scene.x)
        s = _line([i / 4 for i in range(5)])
        for _ in range(520 if face.sex == "M" else 360):
            place = draw.random()
            u0 = start + (1.42 - start) * place
            room = float(_brow_thickness(face, np.array([u0]), start)[0]) / face.eye_half_px
            v0 = float(scene.brow(side, np.array([u0]))[0])
            step = float(scene.brow(side, np.array([u0 + 0.02]))[0]) - v0
            offset = (draw.random() + draw.random() - 1.0) * room * 0.95
            length = (0.13 + 0.13 * draw.random()) * (1 if face.sex == "F" else 1.15)
            along = step / 0.02
            # Hairs stand upright by the nose, lie along the brow further out, and close from above.
            upright = -1.5 * max(0.0, 1 - place / 0.28) + 0.5 * min(1.0, place) * (
                -offset / max(room, 1e-3)
            )
            hu = u0 + length * s * (0.35 + 0.65 * min(1.0, place / 0.22))
            hv = v0 + offset + (hu - u0) * along + length * s * upright * (1 - 0.45 * s) * 0.55
            x, y = scene.to_picture(*scene.from_eye(side, hu, hv))
            grey = face.brow_dark * (0.50 + 0.5 * draw.random())
            if face.older and draw.random() < 0.16:
                grey *= 0.25
            _stroke(ink, x, y, thick_px=1.5 + 0.6 * draw.random(), dark=grey)
        picture = picture * (1 - ink)
    return picture


def _brow_thickness(face: Face, u: Grid, start: float) -> Grid:
    """Half the brow's height at a place along it, in pixels: full inside, thin at the tail."""
    place = np.clip((u - start) / (1.42 - start), 0, 1)
    fade = _step(u - start + 0.02, 0.30) * (1 - _step(u - 1.38, 0.16))
    return (
        face.brow_thick_px
        * fade
        * (1.02 - 0.72 * place**1.5)
        * (0.82 + 0.18 * _step(place - 0.1, 0.3))
    )


# --- print ----------------------------------------------------------------------------------------


def _finish(picture: Grid) -> npt.NDArray[np.uint8]:
    """Same mean and contrast for every picture, in 8 bits."""
    for _ in range(4):
        spread = picture.std()
        picture = np.clip((picture - picture.mean()) / spread * CONTRAST + MEAN_GREY, 0.02, 0.99)
    return np.clip(np.rint(picture * 255), 0, 255).astype(np.uint8)
