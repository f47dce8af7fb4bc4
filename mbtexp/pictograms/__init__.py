"""Draws the faces at the ends of the sliders: ``python -m mbtexp.pictograms --out DIR``.

Own drawings after the idea of the Affective Slider (Betella & Verschure 2016): pleasure from an
unhappy to a happy face, arousal from a sleepy to a wide-awake one. No words are needed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw

SIDE_PX = 160
OVERSAMPLED = 4
INK = (255, 255, 255, 255)


@dataclass(frozen=True)
class Pictogram:
    """A round face: how far the mouth bends (up above 0), how far the eyes and mouth are open."""

    bend: float
    eyes: float
    mouth: float = 0.0


FACES = {
    "unhappy": Pictogram(bend=-1.0, eyes=0.45),
    "happy": Pictogram(bend=1.0, eyes=0.45),
    "calm": Pictogram(bend=0.0, eyes=0.0),
    "excited": Pictogram(bend=0.0, eyes=1.0, mouth=1.0),
}
"""Each end of a slider."""


def draw(face: Pictogram) -> Image.Image:
    """A face in white lines, on nothing."""
    side = SIDE_PX * OVERSAMPLED
    picture = Image.new("RGBA", (side, side), (255, 255, 255, 0))
    pen = ImageDraw.Draw(picture)
    line = side // 28
    _ring(pen, (0.5, 0.5), 0.44, line, side)
    for x in (0.35, 0.65):
        _eye(pen, x, face.eyes, line, side)
    if face.mouth:
        _ring(pen, (0.5, 0.70), 0.09 * face.mouth, line, side)
    else:
        _mouth(pen, face.bend, line, side)
    return picture.resize((SIDE_PX, SIDE_PX), Image.Resampling.LANCZOS)


def _ring(
    pen: ImageDraw.ImageDraw, at: tuple[float, float], radius: float, line: int, side: int
) -> None:
    x, y, r = at[0] * side, at[1] * side, radius * side
    pen.ellipse((x - r, y - r, x + r, y + r), outline=INK, width=line)


def _eye(pen: ImageDraw.ImageDraw, x: float, opened: float, line: int, side: int) -> None:
    """Closed: a lid that hangs; half open: a dot; wide open: a ring with a dot."""
    y = 0.40
    if opened == 0.0:
        _curve(pen, x, y, 0.08, -0.035, line, side)
        return
    if opened == 1.0:
        _ring(pen, (x, y), 0.10, line, side)
    r = 0.038 * side
    pen.ellipse((x * side - r, y * side - r, x * side + r, y * side + r), fill=INK)


def _mouth(pen: ImageDraw.ImageDraw, bend: float, line: int, side: int) -> None:
    _curve(pen, 0.5, 0.68 + 0.03 * bend, 0.19, -0.08 * bend, line, side)


def _curve(
    pen: ImageDraw.ImageDraw, x: float, y: float, half: float, rise: float, line: int, side: int
) -> None:
    """A stroke whose middle lies ``rise`` above its ends, with round ends."""
    points = [
        ((x + half * t) * side, (y - rise * (math.cos(math.pi * t / 2) - 0.5)) * side)
        for t in (k / 40 - 1 for k in range(81))
    ]
    pen.line(points, fill=INK, width=line, joint="curve")
    for px, py in (points[0], points[-1]):
        r = line / 2
        pen.ellipse((px - r, py - r, px + r, py + r), fill=INK)


def write(folder: Path) -> list[Path]:
    """All faces as PNG files in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for name, face in FACES.items():
        files.append(folder / f"{name}.png")
        draw(face).save(files[-1], optimize=False, compress_level=9)
    return files
