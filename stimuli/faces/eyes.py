"""Eyeballs, lashes and brows, laid over the skin."""

from __future__ import annotations

import numpy as np

from stimuli.eyes_pilot.face import Grid, _bell, _step
from stimuli.faces.head import SIDES, Plan, ripple


def with_eyes(plan: Plan, picture: Grid) -> Grid:
    """The picture with both eyes."""
    for side in SIDES:
        picture = _eye(plan, side, picture)
    return picture


def _eye(plan: Plan, side: int, picture: Grid) -> Grid:
    face = plan.face
    half = face.eye_half
    u, v = plan.eye(side)
    held = np.clip(u, -1.05, 1.05)
    upper, lower = plan.upper_lid(held), plan.lower_lid(held)
    ends = _step(1.0 - np.abs(u), 0.06)
    opening = _step((v - upper) * half, 1.5) * _step((lower - v) * half, 1.5) * ends
    # The wet rim of the lower lid, and the lid's thickness.
    rim = _bell((v - lower) * half - 1.6, 1.5) * _step(0.92 - np.abs(u), 0.3)
    picture = picture + (0.72 * (0.4 + 0.6 * face.skin) - picture) * 0.30 * rim
    picture = picture * (1 - opening) + _ball(plan, side, u, v, upper, lower) * opening
    thick = (0.9 + 1.1 * face.lash) * (0.55 + 0.45 * np.clip(u + 0.4, 0, 1.3))
    wing = _step(1.06 + 0.05 * face.lash - np.abs(u - 0.02), 0.12)
    lash = _bell((v - upper) * half / thick + 0.4, 1.0) * wing
    picture = picture * (1 - (0.62 + 0.20 * face.lash) * lash)
    below = _bell((v - lower) * half - 0.6, 1.2) * _step(0.98 - np.abs(u), 0.2)
    return np.asarray(picture * (1 - (0.20 + 0.12 * face.lash) * below * (0.75 + 0.25 * u)))


def _ball(plan: Plan, side: int, u: Grid, v: Grid, upper: Grid, lower: Grid) -> Grid:
    face = plan.face
    bright = 0.72 if not plan.infant else 0.78
    ball = bright - 0.22 * np.abs(u) ** 2.4 - 0.05 * face.wrinkled
    ball = ball - 0.18 * np.exp(-(((u + 0.97) / 0.14) ** 2))
    radius = 0.405 if not plan.infant else 0.47
    du, dv = u + 0.02, v + 0.055
    r = np.hypot(du, dv) / radius
    turn = np.arctan2(dv, du)
    ray = 0.5 + 0.5 * ripple(face.seed + 71, 9 * np.cos(turn) + 7 * np.sin(turn), octaves=4)
    iris = face.iris * (0.88 + 0.16 * ray) + 0.10 * np.clip(dv / radius, -0.1, 1)
    iris = iris * (1 - 0.45 * _step(r - 0.90, 0.26))
    iris = iris * (1 - 0.93 * _step(0.40 - r, 0.11))
    ball = ball + (iris - ball) * _step(1.0 - r, 0.13)
    ball = ball * (1 - 0.48 * np.exp(-np.clip(v - upper, 0, None) / 0.11))
    ball = ball * (1 - 0.14 * np.exp(-np.clip(lower - v, 0, None) / 0.06))
    across = du - side * face.light * 0.12
    glint = np.exp(-((across / 0.07) ** 2) - ((dv + 0.13) / 0.07) ** 2)
    return np.asarray(ball + (0.95 - ball) * 0.9 * glint)


def with_brows(plan: Plan, picture: Grid) -> Grid:
    """The picture with both brows: soft hair lying along a band."""
    face = plan.face
    for side in SIDES:
        u, _ = plan.eye(side)
        middle = plan.brow(side, u)
        place = np.clip((u + 1.05) / 2.55, 0, 1)
        half = face.brow_thick * (1.0 - 0.62 * place**1.6) * (0.72 + 0.28 * _step(place - 0.1, 0.3))
        across = (plan.y - middle) / half
        band = np.exp(-(np.abs(across) ** 2.6))
        ends = _step(u + 1.02, 0.34) * (1 - _step(u - 1.36, 0.34))
        lean = (1.6 - 2.2 * place) * (plan.y - middle) / face.eye_half
        hair = ripple(face.seed * 5 + side, (u + lean) * 46, octaves=6)
        hair = hair + ripple(face.seed * 7 + side, (u + 0.6 * lean) * 23 + 0.9 * across, octaves=4)
        cover = np.clip(band * ends * (0.90 + 0.09 * hair), 0, 1) * face.brow_dark
        tone = min(0.55, 0.07 + 0.62 * face.hair_shade)
        if face.age > 60:
            tone = 0.75 * tone
        picture = picture * (1 - cover) + np.minimum(tone, picture) * cover
    return picture
