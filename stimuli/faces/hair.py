"""Hair, ears, neck and clothes: what stands around the face."""

from __future__ import annotations

import math

import numpy as np

from stimuli.eyes_pilot.face import Grid, _bell, _blur, _step
from stimuli.faces.face import BABY
from stimuli.faces.head import SIDES, Plan, lit, ripple

BACKGROUND = 0.50
LOOSE = frozenset({"long", "waves", "bob", "fringe"})


def behind(plan: Plan) -> Grid:
    """Background, hair that falls behind, neck, shoulders and ears."""
    face = plan.face
    picture = np.full_like(plan.x, BACKGROUND)
    fall = _fall(plan)
    shade = _strands(plan, plan.x / 3.4 + 1.2 * ripple(face.seed + 9, plan.y / 26, octaves=3))
    depth = _step(np.abs(plan.x) - 0.78 * face.width, 70)
    picture = picture * (1 - fall) + shade * (0.45 + 0.5 * depth) * fall
    picture = _neck(plan, picture)
    for side in SIDES:
        picture = _ear(plan, side, picture)
    return picture


def _fall(plan: Plan) -> Grid:
    """Where long hair shows beside neck and cheeks."""
    face, x, y = plan.face, plan.x, plan.y
    ends = {"long": 400.0, "waves": 240.0, "bob": 150.0, "fringe": 205.0}.get(face.hair)
    if ends is None:
        return np.zeros_like(x)
    wavy = 7 * ripple(face.seed + 4, y / 22, octaves=3) if face.hair == "waves" else 0.0
    grow = {"long": 14.0, "waves": 30.0, "bob": 24.0, "fringe": 16.0}[face.hair]
    share = np.clip((y + 60) / (ends + 60), 0, 1)
    half = face.temple + 14 + grow * np.sin(math.pi * np.clip(share, 0, 0.85)) + wavy
    tip = ends - 14 * np.clip(np.abs(x) / face.width - 0.7, 0, 1) ** 2
    return _step(half - np.abs(x), 4) * _step(y + 90, 30) * (1 - _step(y - tip, 12))


def _neck(plan: Plan, picture: Grid) -> Grid:
    face, x, y = plan.face, plan.x, plan.y
    thin = (0.52 if face.sex == "f" else 0.66) * face.width
    if plan.infant:
        thin = 0.52 * face.width
    foot = face.chin + (34 if not plan.infant else 20)
    spread = 62 * np.clip((y - foot + 42) / 70, 0, 3) ** 1.8
    half = thin + 2 + spread
    base = 0.38 + 0.58 * face.skin
    round_ = 46 * np.sqrt(np.clip(1 - (x / (half + 10)) ** 2, 0, 1))
    cord = sum(2.5 * _bell(s * x - 0.42 * thin - 0.14 * (foot - y), 11) for s in SIDES)
    flesh = lit(plan, round_ + cord, albedo=base)
    under = 1 - 0.48 * _step(face.chin + 34 - 0.0012 * x**2 - y, 62)
    cover = _step(half - np.abs(x), 2.5) * _step(y - 0.45 * face.chin, 20)
    picture = picture * (1 - cover) + flesh * under * cover
    # A plain top with a round neckline; its lightness differs from person to person.
    lightness = 0.16 + 0.5 * ((face.seed * 37) % 100) / 100
    fall = 0.10 * np.clip(np.abs(x) - thin, 0, None)
    if plan.infant:
        fall = fall + 0.006 * np.clip(np.abs(x) - 1.15 * face.width, 0, None) ** 2
    slope = foot + 14 + fall
    line = slope + 34 * np.clip(1 - (x / (thin + 12)) ** 2, 0, 1) ** 0.6
    cloth = _step(y - line, 2.5)
    body = lightness * (0.92 - 0.10 * np.clip(np.abs(x) / 250, 0, 1) ** 2)
    hem = 1 - 0.22 * _bell(y - line - 6, 2.0)
    return np.asarray(picture * (1 - cloth) + body * hem * cloth)


def _ear(plan: Plan, side: int, picture: Grid) -> Grid:
    face = plan.face
    ex = side * plan.x - (face.width - 2)
    ey = (plan.y - 0.13 * face.chin) / face.ear
    lean = ex - 0.10 * -ey
    wide = 15.5 - 3.0 * np.clip(ey / 30, -1, 1)
    shape = (lean / wide) ** 2 + (ey / 43.0) ** 2
    cover = _step(1 - shape, 0.12)
    height = 26 * np.sqrt(np.clip(1.05 - shape, 0, 1)) - 9 * np.exp(
        -(((lean - 3) / 7) ** 2) - ((ey - 2) / 20) ** 2
    )
    flesh = lit(plan, height, albedo=0.37 + 0.56 * face.skin) * 0.92
    return np.asarray(picture * (1 - cover) + flesh * cover)


def with_hair(plan: Plan, picture: Grid) -> Grid:
    """The picture with the hair that lies on the head."""
    face = plan.face
    if face.hair == "bald":
        return _shaven(plan, picture)
    cover = _cap(plan)
    hair = _strands(plan, _along(plan))
    hair = hair * (1 - 0.45 * _rim(plan))
    shadow = _blur(cover, 6.0) * (1 - cover)
    picture = picture * (1 - 0.30 * shadow * plan.inside)
    return np.asarray(picture * (1 - cover) + hair * cover)


def _along(plan: Plan) -> Grid:
    """A coordinate that stays the same along a strand: which strand a point belongs to."""
    face, x, y = plan.face, plan.x, plan.y
    if face.hair in LOOSE or face.hair == "side":
        # Nested arcs from the parting outwards and down.
        part = _part_px(plan)
        bend = 4.0 * ripple(face.seed + 2, y / 30, octaves=3) if face.hair == "waves" else 0.0
        arc = np.hypot(x - part, 0.62 * np.minimum(y, 0)) + bend
        if face.hair == "fringe":
            fringe = _step(0.60 * face.temple - np.abs(x), 40) * _step(-y - 20, 40)
            arc = arc + (x * (1.5 + 0.001 * y) - arc) * fringe
        return np.asarray(arc / 3.2)
    if face.hair in {"tied", "receding", BABY}:
        back = np.arctan2(x, -y + 0.15 * face.skull)
        return np.asarray((46 if plan.infant else 34) * back)
    sweep = math.copysign(1.0, face.parting)
    return np.asarray(x / 4.2 - sweep * (y / 9.0) - 0.004 * sweep * x * x / 4.2)


def _part_px(plan: Plan) -> float:
    """Where the parting runs, from the middle."""
    face = plan.face
    reach = 62.0 if face.hair == "side" else 40.0
    return reach * face.parting if abs(face.parting) > 0.15 else 0.0


def _rim(plan: Plan) -> Grid:
    """1 at the outer edge of the hair, where it turns away."""
    return _step(plan.distance - plan.edge - 2, 30)


def _strands(plan: Plan, along: Grid) -> Grid:
    """Hair in streaks along its fall, with a soft shine near the top."""
    face = plan.face
    fine = ripple(face.seed + 21, along * 2.6, octaves=6)
    broad = ripple(face.seed + 22, along * 0.7, octaves=4)
    shine = _bell(plan.y + 0.80 * face.skull + 0.0016 * plan.x**2, 40)
    shine = shine * (1 + 0.5 * plan.face.light * plan.x / 140)
    tone = face.hair_shade * (1 + 0.07 * fine + 0.07 * broad)
    tone = tone * (1 - 0.18 * _step(plan.y, 260))
    return np.clip(tone + (0.04 + 0.18 * face.hair_shade) * shine * (1 + 0.3 * fine), 0.03, 0.92)


VOLUME_PX = {
    "long": 13,
    "waves": 20,
    "bob": 17,
    "fringe": 14,
    "tied": 7,
    "short": 10,
    "side": 14,
    "quiff": 15,
    "crop": 9,
    "receding": 6,
    BABY: 2,
}


def _cap(plan: Plan) -> Grid:
    """Where hair covers the head: between its own outer edge and the hairline."""
    face = plan.face
    volume = VOLUME_PX[face.hair]
    wiggle = 0.35 * ripple(face.seed + 6, plan.angle * 60) + 0.8 * ripple(face.seed, plan.angle * 9)
    fade = 1 - _step(plan.angle - 1.2, 1.0)
    top: Grid | float = 1.0
    if face.hair == "quiff":
        top = 1 + 0.9 * _bell(plan.x + 40 * face.parting, 60)
    rise = volume * top * (1.0 if face.hair in LOOSE else fade)
    outer = _step(plan.edge + rise + wiggle - plan.distance, 3.0 if face.hair != BABY else 8.0)
    return outer * _beyond_hairline(plan)


def _beyond_hairline(plan: Plan) -> Grid:
    """1 where hair grows: above the forehead and outside the temples."""
    face, x, y = plan.face, plan.x, plan.y
    frayed: Grid = 1.3 * ripple(face.seed + 8, x / 2.2) + 1.5 * ripple(face.seed + 12, x / 7.0)
    high: Grid | float = face.hairline
    wide, corner, soft, end = 0.90 * face.temple, 3.4, 9.0, 38.0
    middle: Grid | float = 0.0
    if face.hair == "fringe":
        high = face.brow_height + 17
        frayed = frayed + 3 * ripple(face.seed, x / 12, octaves=3)
        wide, corner, soft, end = 0.84 * face.temple, 5.0, 5.0, 400.0
    elif face.hair in LOOSE:
        high = face.hairline + 8
        middle = _part_px(plan) * np.clip(-y / high, 0, 1.2) ** 2
        wide, corner, soft, end = 0.88 * face.temple, 2.0, 5.0, 400.0
    elif face.hair == "side":
        middle = 0.35 * _part_px(plan) * np.clip(-y / high, 0, 1.2) ** 2
        corner = 2.9
    elif face.hair == "receding":
        high = face.hairline + 22 + 15 * _bell(np.abs(x) - 58, 34)
        soft, corner = 16.0, 3.6
    elif face.hair == BABY:
        high, soft, corner, end = face.hairline + 18, 44.0, 2.4, -30.0
    elif face.hair == "crop" and face.sex == "f":
        sweep = math.copysign(1.0, face.parting)
        high = face.hairline - 26 * _step(sweep * x + 10, 190)
        corner, end = 2.7, 60.0
    # The bare face is a rounded window: its top is the hairline, its sides the temples.
    window = (np.abs(x - middle) / wide) ** corner + (np.clip(-y, 0, None) / high) ** corner
    outwards = (window ** (1 / corner) - 1) * 0.5 * (high + wide)
    grown = _step(outwards + frayed, soft) * (1 - _step(y - end, 34))
    return np.asarray((0.62 if face.hair == BABY else 1.0) * grown)


def _shaven(plan: Plan, picture: Grid) -> Grid:
    face = plan.face
    grown = _step(-face.hairline + 0.006 * plan.x**2 - plan.y - 14, 60) * plan.inside
    side = _step(np.abs(plan.x) - 0.92 * face.temple, 12) * (1 - _step(plan.y - 20, 40))
    return np.asarray(picture * (1 - 0.10 * grown - 0.20 * side * plan.inside))
