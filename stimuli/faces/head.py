"""The head itself: its outline, the skin's relief, and the light on it."""

from __future__ import annotations

import math
import random
from functools import cached_property

import numpy as np

from stimuli.eyes_pilot.face import Grid, _arc, _bell, _blur, _step
from stimuli.faces.face import Face

WIDTH_PX = 500
HEIGHT_PX = 600
EYES_X_PX = 250.0
EYES_Y_PX = 296.0
SIDES = (-1, 1)


class Plan:
    """The grids of one picture and where the face's curves run on them."""

    def __init__(self, face: Face) -> None:
        self.face = face
        rows, columns = np.mgrid[0:HEIGHT_PX, 0:WIDTH_PX].astype(np.float64)
        self.x: Grid = columns - EYES_X_PX
        self.y: Grid = rows - EYES_Y_PX - (face.skull - 216) * 0.4
        self.infant = face.age < 3

    # What the trust axis and the expression do, in pixels and shares.

    @property
    def inner_lift(self) -> float:
        """How far the inner ends of the brows stand above their rest."""
        return 2.1 * self.face.trust + 9.0 * self.face.expression.inner_brow

    @property
    def outer_lift(self) -> float:
        """The same for the outer ends."""
        return 5.0 * self.face.expression.outer_brow - 0.5 * self.face.trust

    @property
    def corner_lift(self) -> float:
        """How far the corners of the mouth stand above its middle."""
        return 1.7 * self.face.trust + 11.0 * self.face.expression.smile

    @property
    def cheekbone(self) -> float:
        """How far the cheekbones stand out; 1 is common."""
        return max(0.2, 1 + 0.22 * self.face.trust)

    @property
    def sellion(self) -> float:
        """How deep the nose's root lies; 1 is common."""
        return max(0.1, 1 - 0.24 * self.face.trust)

    # The outline, as a distance from the middle between the eyes in every direction.

    @cached_property
    def angle(self) -> Grid:
        """0 upwards, pi towards the chin, the same on both sides."""
        return np.arctan2(np.abs(self.x), -self.y)

    @cached_property
    def distance(self) -> Grid:
        """From the middle between the eyes."""
        return np.hypot(self.x, self.y)

    @cached_property
    def edge(self) -> Grid:
        """The outline's distance in the direction of every point."""
        side = 1 + 0.010 * self.face.lopsided * np.sign(self.x) * np.sin(self.angle)
        return outline(self.face, self.angle) * side

    @cached_property
    def inside(self) -> Grid:
        """1 within the head's outline, 0 outside."""
        return _step(self.edge - self.distance, 2.2)

    # Eyes, brows and mouth.

    def eye(self, side: int) -> tuple[Grid, Grid]:
        """Place relative to one eye: -1 at the inner corner, 1 at the outer; down positive."""
        half = self.face.eye_half
        u = side * (self.x - side * self.face.eye_gap) / half
        drop = 0.8 * self.face.lopsided * side
        return u, (self.y - drop) / half + self.face.eye_tilt * u

    def upper_lid(self, u: Grid) -> Grid:
        """The upper lid's edge, upwards negative."""
        face = self.face
        e = face.expression
        high = face.eye_open * 0.60 * (1 + 0.35 * e.lid) - 0.035 * face.wrinkled
        high -= 0.04 * max(0.0, e.smile)
        skew = 0.10 - 0.03 * self.inner_lift / 3 - 0.12 * face.wrinkled
        return -high * _arc(u, 0.62, 0.70) * (1 + max(-0.3, min(0.3, skew)) * u)

    def lower_lid(self, u: Grid) -> Grid:
        """The lower lid's edge."""
        face = self.face
        low = face.eye_open * 0.40 * (1 - 0.30 * max(0.0, face.expression.smile))
        return low * _arc(u, 0.70, 0.85)

    def crease(self, u: Grid) -> Grid:
        """The fold above the upper lid."""
        face = self.face
        high = face.eye_open * 0.60 + face.fold + 0.04
        return -high * _arc(u, 0.60, 0.62, reach=1.28) * (1 - 0.10 * u * face.wrinkled)

    def brow(self, side: int, u: Grid) -> Grid:
        """The brow's middle line, in pixels from the line of the eyes."""
        face = self.face
        place = np.clip((u + 1.05) / 2.55, -0.2, 1.2)
        rest = -face.brow_height + 0.8 * face.lopsided * side
        hang = 3.0 * face.wrinkled * _step(place - 0.7, 0.6)
        arch = -face.brow_arch * np.exp(-(((place - 0.66) / 0.30) ** 2))
        tail = 7.0 * np.clip(place - 0.72, 0, 1) ** 1.4 * 3.0
        droop = -4.0 if self.infant else 3.0
        inner = droop * (1 - place) ** 2 - self.inner_lift * np.clip(1.05 - place, 0, 1.05) ** 1.7
        outer = -self.outer_lift * np.exp(-(((place - 0.75) / 0.4) ** 2))
        return np.asarray(rest + hang + arch + tail + inner + outer)

    def mouth_line(self, t: Grid) -> Grid:
        """Where the lips meet, at a share of the mouth's half-width; pixels from the eyes."""
        face = self.face
        bow = 1.2 * _bell(t, 0.22) - 0.7 * _bell(np.abs(t) - 0.42, 0.25)
        rise = self.corner_lift * (np.abs(t) ** 2.2 - 0.35)
        lean = 0.7 * face.lopsided * t
        return np.asarray(face.mouth + bow - rise + lean)

    @property
    def mouth_half(self) -> float:
        """Half the mouth's width, wider in a smile."""
        return self.face.mouth_half * (1 + 0.15 * max(0.0, self.corner_lift / 12))


def outline(face: Face, angle: Grid) -> Grid:
    """The head's outline as distances in given directions, smooth from top to chin."""
    trust = face.trust
    chin_half = face.chin_width + 2.8 * trust
    jaw = face.jaw + 2.0 * face.wrinkled + 0.5 * trust
    cheek = face.width + 0.8 * trust + 3.0 * max(0.0, face.expression.smile)
    points = (
        (0.0, -face.skull),
        (0.52 * face.temple, -0.935 * face.skull),
        (0.86 * face.temple, -0.72 * face.skull),
        (0.985 * face.temple, -0.42 * face.skull),
        (face.temple, -0.12 * face.skull),
        (cheek, 0.10 * face.chin),
        (0.5 * (cheek + jaw) + 4, 0.40 * face.chin),
        (jaw, 0.63 * face.chin),
        (0.44 * jaw + 0.56 * chin_half + 6, 0.84 * face.chin),
        (chin_half, 0.955 * face.chin),
        (0.45 * chin_half, 0.995 * face.chin),
        (0.0, face.chin),
    )
    knots = np.array([math.atan2(x, -y) for x, y in points])
    radii = np.array([math.hypot(x, y) for x, y in points])
    fine = np.linspace(0, math.pi, 721)
    curve = np.interp(fine, knots, radii)
    reach = 60
    taps = np.exp(-0.5 * (np.arange(-reach, reach + 1) / 20.0) ** 2)
    mirrored = np.pad(curve, reach, mode="reflect")
    return np.asarray(np.interp(angle, fine, np.convolve(mirrored, taps / taps.sum(), "valid")))


def relief(plan: Plan) -> Grid:
    """The skin's height towards the viewer, in pixels."""
    face, x, y = plan.face, plan.x, plan.y
    old = face.wrinkled
    rho = np.clip(plan.distance / plan.edge, 0, 1)
    height: Grid = 96 * np.sqrt(np.clip(1 - rho**2.5, 0, 1))
    height += 10 * _bell(x, 80) * _bell(y + 105, 70)
    height += _nose(plan)
    height += _mouth(plan)
    chin_y = face.chin - 34
    wide = face.chin_width + 2.8 * face.trust
    height += 12 * _bell(x, 0.9 * wide) * _bell(y - chin_y, 24)
    height -= 6 * _bell(x, 30) * _bell(y - (face.mouth + face.lower_lip + 14), 9)
    raised = max(0.0, face.expression.smile)
    for side in SIDES:
        u, v = plan.eye(side)
        ridge = 4.0 if face.sex == "f" or plan.infant else 8.5
        height += (
            ridge
            * _step(u + 1.2, 0.8)
            * (1 - _step(u - 1.2, 0.8))
            * _bell(y - plan.brow(side, u) - 3, 13)
        )
        height -= 15 * np.exp(-(((u - 0.05) / 1.15) ** 2) - ((v + 0.30) / 0.75) ** 2)
        height -= 9 * np.exp(-(((u + 1.15) / 0.40) ** 2) - ((v + 0.10) / 0.55) ** 2)
        height += 11 * np.exp(-((u / 0.78) ** 2) - ((v + 0.02) / 0.58) ** 2)
        height += (
            (2.0 + 3.0 * old + 1.4 * raised) * np.exp(-((u / 0.85) ** 2)) * _bell(v - 0.62, 0.20)
        )
        bone_y = 0.27 * face.chin - 5 * raised
        cheek = 13 * plan.cheekbone + 8 * raised
        if plan.infant:
            cheek, bone_y = 17, 0.50 * face.chin
        broad = 48 if plan.infant else 36
        height += cheek * _bell(side * x - 0.60 * face.width, broad) * _bell(y - bone_y, broad - 2)
        if not plan.infant:
            hollow = 5 * plan.cheekbone - 2 + 3 * old
            height -= (
                hollow * _bell(side * x - 0.66 * face.width, 26) * _bell(y - 0.60 * face.chin, 30)
            )
        height += 6 * old * _bell(side * x - 0.55 * face.jaw, 20) * _bell(y - 0.80 * face.chin, 22)
    return _blur(height, 3.0)


def _nose(plan: Plan) -> Grid:
    face, x, y = plan.face, plan.x, plan.y
    base = face.nose
    along = np.clip((y + 12) / (base + 4), 0, 1)
    small = 0.32 if plan.infant else 1.0
    width = 12 + 0.42 * face.nose_width * along**1.5
    crest = small * (6 * face.bridge + 21 * along**1.25)
    ends = _step(y + 26, 52) * (1 - _step(y - base + 2, 24))
    nose = crest * ends * np.exp(-(np.abs(x / width) ** 2.2))
    nose -= 7 * (plan.sellion - 1) * _bell(x, 17) * _bell(y + 8, 17)
    nose += small * 8 * _bell(x, 0.46 * face.nose_width) * _bell(y - base + 14, 13)
    for side in SIDES:
        wing = _bell(side * x - 0.74 * face.nose_width, 9.5) * _bell(y - base + 10, 11.5)
        nose += (6 + 2 * small) * wing
    return np.asarray(nose)


def _mouth(plan: Plan) -> Grid:
    face, x, y = plan.face, plan.x, plan.y
    half = plan.mouth_half
    t = x / half
    line = plan.mouth_line(np.clip(t, -1.2, 1.2))
    muzzle = 13 * _bell(x, 52) * _bell(y - face.mouth + 4, 40)
    span = np.clip(1 - t**2, 0, 1)
    lips = 4.0 * span * _bell(y - line + 0.55 * face.upper_lip, 0.7 * face.upper_lip)
    lips += 7.0 * span**0.8 * _bell(y - line - 0.55 * face.lower_lip, 0.75 * face.lower_lip)
    lips -= 3.5 * np.clip(1.15 - np.abs(t), 0, 1) ** 0.4 * _bell(y - line, 3.2)
    groove = -2.2 * _bell(x, 5.5) * _bell(y - 0.5 * (face.nose + face.mouth - face.upper_lip), 11)
    tuck = sum(-4.0 * _bell(s * x - half - 3, 7) * _bell(y - line, 9) for s in SIDES)
    return np.asarray(muzzle + lips + groove + tuck)


def lit(plan: Plan, height: Grid, *, albedo: Grid | float) -> Grid:
    """The brightness of a relief under a soft lamp above and to one side."""
    slope_y, slope_x = np.gradient(height)
    norm = np.sqrt(1 + slope_x**2 + slope_y**2)
    lx, ly, lz = 0.26 * plan.face.light, -0.40, 0.88
    facing = (-slope_x * lx - slope_y * ly + lz) / norm
    fill = (slope_x * lx * 0.8 - slope_y * 0.1 + 0.9) / norm
    light = 0.24 + 0.53 * np.clip(facing, 0, None) ** 1.1 + 0.25 * np.clip(fill, 0, None)
    hx, hy, hz = lx / 2, ly / 2, (lz + 1) / 2
    long = math.sqrt(hx * hx + hy * hy + hz * hz)
    gloss = np.clip((-slope_x * hx - slope_y * hy + hz) / (norm * long), 0, 1) ** 26
    hollow = np.clip(_blur(height, 7.0) - height, 0, 14) / 14
    return np.asarray(albedo * light * (1 - 0.55 * hollow) + 0.075 * gloss)


def skin(plan: Plan) -> Grid:
    """The lit face without eyes, brows and hair."""
    picture = lit(plan, relief(plan), albedo=_albedo(plan))
    picture *= 1 - _folds(plan)
    return _lips(plan, picture)


def _albedo(plan: Plan) -> Grid:
    face, x, y = plan.face, plan.x, plan.y
    base = 0.40 + 0.62 * face.skin
    tone = np.full_like(x, base)
    draw = random.Random(face.seed * 31 + 5)
    for _ in range(14):
        cx, cy = -130 + 260 * draw.random(), -150 + 350 * draw.random()
        size, depth = 14 + 34 * draw.random(), (draw.random() - 0.5) * (0.05 + 0.05 * face.wrinkled)
        tone *= 1 + depth * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / size**2)
    tone *= 1 - 0.06 * _bell(x, 26) * _bell(y - face.nose + 12, 20)
    for side in SIDES:
        u, v = plan.eye(side)
        tone *= 1 - 0.05 * _bell(side * x - 0.62 * face.width, 34) * _bell(y - 0.33 * face.chin, 30)
        shadow = 0.07 + 0.09 * face.wrinkled
        if plan.infant:
            shadow = 0.02
        tone *= 1 - shadow * np.exp(-(((u + 0.2) / 0.9) ** 2) - ((v - 0.75) / 0.33) ** 2)
    if face.stubble > 0:
        rough = 0.5 + 0.5 * ripple(face.seed + 3, x * 1.7 + y * 0.6) * ripple(face.seed, y * 1.3)
        beard = _step(y - 0.30 * face.chin - 0.20 * np.abs(np.abs(x) - 118), 50)
        beard = beard * (1 - 0.85 * _bell(x, 0.55 * face.width) * _bell(y - 0.40 * face.chin, 40))
        beard += 0.8 * _bell(x, 44) * _bell(y - face.mouth + 22, 11)
        tone *= 1 - 0.24 * face.stubble * np.clip(beard, 0, 1) * (0.92 + 0.16 * rough)
    return tone


def _folds(plan: Plan) -> Grid:
    """How much darker the skin is in its creases and lines."""
    face, x, y = plan.face, plan.x, plan.y
    old, smile = face.wrinkled, max(0.0, plan.corner_lift / 11)
    dark = np.zeros_like(x)
    for side in SIDES:
        u, v = plan.eye(side)
        inside = _step(u + 1.10, 0.5) * (1 - _step(u - 1.12, 0.5))
        gap = v - plan.crease(u)
        dark += (0.34 + 0.08 * old) * inside * np.where(gap < 0, _bell(gap, 0.07), _bell(gap, 0.05))
        dark += 0.10 * inside * np.where(gap < 0, _bell(gap, 0.30), _bell(gap, 0.10))
        lower = v - plan.lower_lid(np.clip(u, -1, 1))
        bag = 0.04 + 0.16 * old + 0.10 * max(0.0, face.expression.smile)
        dark += bag * _bell(lower - 0.42 + 0.10 * u, 0.075) * _bell(u + 0.1, 0.85)
        dark += 0.10 * old * _bell(lower - 0.78 + 0.20 * u, 0.10) * _bell(u + 0.35, 0.7)
        # From the wing of the nose to beside the mouth.
        start, end = 0.92 * face.nose_width, plan.mouth_half + 9
        share = np.clip((y - face.nose + 16) / (face.mouth - face.nose + 26), 0, 1)
        run = start + (end - start) * share**0.85 + 4 * np.sin(math.pi * share) * (0.5 + smile)
        ends = _step(y - face.nose + 14, 16) * (1 - _step(y - face.mouth + 14 - 8 * old, 46))
        depth = 0.05 + 0.19 * old + 0.16 * smile
        if plan.infant:
            depth = 0.03 + 0.10 * smile
        across = side * x - run
        dark += depth * ends * np.where(across < 0, _bell(across, 7), _bell(across, 3.2))
        sag = 0.02 * (y - face.mouth) + 0.0035 * (y - face.mouth) ** 2
        dark += (
            0.11
            * old
            * _bell(side * x - plan.mouth_half - 5 - sag, 4.5)
            * (_step(y - face.mouth - 8, 22) * (1 - _step(y - face.mouth - 34, 34)))
        )
        wing = (
            np.hypot((side * x - 0.62 * face.nose_width) / 1.0, (y - face.nose + 11) / 1.15)
            - 0.42 * face.nose_width
        )
        dark += (
            0.24
            * _bell(wing, 2.6)
            * _step(side * x - 0.72 * face.nose_width, 9)
            * _step(y - face.nose + 24, 14)
        )
        feet = 0.20 * old**1.5 + 0.10 * max(0.0, face.expression.smile) * (not plan.infant)
        for slope in (-0.38, -0.05, 0.30):
            ray = v - 0.05 - slope * (u - 0.7)
            dark += feet * _bell(ray, 0.06) * _step(u - 1.18, 0.12) * (1 - _step(u - 1.55, 0.4))
        frown = max(0.0, -face.expression.inner_brow)
        dark += (
            (0.16 * old + 0.20 * frown)
            * _bell(side * x - 11, 2.6)
            * _bell(y + face.brow_height - 4, 15)
        )
    lift = max(0.0, face.expression.inner_brow) * (not plan.infant)
    for k, depth in enumerate((0.9, 1.0, 0.7)):
        row = -face.brow_height - 30 - 21 * k + 1.6 * ripple(face.seed + k, x / 22.0)
        bow = row - 5 * (1 - (x / 100) ** 2)
        dark += (0.12 * old**1.3 + 0.05 * lift) * depth * _bell(y - bow, 3.6) * _bell(x, 66)
    nostril = _nostrils(plan)
    return np.clip(dark + nostril, 0, 0.9)


def _nostrils(plan: Plan) -> Grid:
    face, x, y = plan.face, plan.x, plan.y
    dark = np.zeros_like(x)
    for side in SIDES:
        ax = (side * x - 0.40 * face.nose_width) / (0.23 * face.nose_width)
        ay = (y - face.nose + 3.2 + 0.16 * (side * x - 0.40 * face.nose_width)) / 4.0
        dark += 0.66 * np.exp(-((ax**2 + ay**2) ** 1.5))
    dark += 0.20 * _bell(x, 0.5 * face.nose_width) * _bell(y - face.nose - 2, 4.0)
    return dark


def _lips(plan: Plan, picture: Grid) -> Grid:
    face, x, y = plan.face, plan.x, plan.y
    half = plan.mouth_half
    t = x / half
    held = np.clip(t, -1, 1)
    line = plan.mouth_line(held)
    span = np.clip(1 - held**2, 0, 1)
    bow = 1 - 0.20 * _bell(held, 0.13) + 0.10 * _bell(np.abs(held) - 0.22, 0.16)
    thin = 1 - 0.15 * max(0.0, face.expression.smile)
    top = line - thin * face.upper_lip * span**0.85 * bow
    bottom = line + thin * face.lower_lip * span**0.62
    within = _step(1.0 - np.abs(t), 0.05)
    upper = _step(y - top, 3.2) * _step(line - y, 1.6) * within
    lower = _step(bottom - y, 4.0) * _step(y - line, 1.6) * within
    red = 0.34 if face.sex == "f" else 0.19
    red = 0.22 if plan.infant else red
    picture = picture * (1 - (red + 0.04) * upper - (red - 0.02) * lower)
    wet = _bell(y - line - 0.50 * face.lower_lip, 0.20 * face.lower_lip) * _bell(t, 0.42)
    picture = picture + 0.045 * wet * lower
    gap = 0.66 * np.clip(1.04 - np.abs(t), 0, 0.30) ** 0.5 / 0.30**0.5
    picture = picture * (1 - gap * _bell((y - line) / (1.5 + 0.6 * span), 1.0))
    under = 0.16 * np.clip(1 - (t / 0.8) ** 2, 0, 1)
    picture = picture * (1 - under * _bell(y - bottom - 3.5, 4.5))
    for side in SIDES:
        corner = _bell(side * x - half, 3.6) * _bell(y - line, 3.0)
        picture = picture * (1 - 0.34 * corner)
    return np.asarray(picture)


def ripple(seed: int, t: Grid, *, octaves: int = 5) -> Grid:
    """Smooth made-up wiggles of about unit size along a coordinate."""
    draw = random.Random(f"ripple {seed}")
    total = np.zeros_like(t)
    for _ in range(octaves):
        total += np.sin(t * (0.25 + 0.9 * draw.random()) + 6.3 * draw.random())
    return np.asarray(total / math.sqrt(octaves))
