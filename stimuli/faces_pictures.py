"""Photographs of faces made alike: eyes in one place, same size and luminance, no metadata."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from mbtexp.errors import StimulusError
from stimuli.faces.mask import scrambled

if TYPE_CHECKING:
    from PIL import Image

Pixels = npt.NDArray[np.uint8]

WIDTH_PX = 500
HEIGHT_PX = 600
LEFT_EYE = (187.0, 280.0)
RIGHT_EYE = (313.0, 280.0)
"""Where the eyes come to lie in every picture, columns and rows."""

N_MASKS = 4
LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in the luminance of a screen's picture (ITU-R BT.601)."""

Point = tuple[float, float]


@dataclass(frozen=True)
class Eyes:
    """Centres of the eyes in a picture as it was distributed: the one left in the picture first."""

    left: Point
    right: Point


@dataclass(frozen=True)
class Prepared:
    """The finished pictures as PNG files, by face, and masks made of them."""

    faces: Mapping[str, bytes]
    masks: tuple[bytes, ...]

    def __getitem__(self, face_id: str) -> bytes:
        """The picture of a face."""
        return self.faces[face_id]


def read_template(path: Path) -> Eyes:
    """The eyes of a template (WebMorph): the first two of its points.

    A template begins with the number of points, then a line a point with its column and row.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
        count = int(lines[0])
        points = [tuple(float(cell) for cell in line.split()) for line in lines[1 : count + 1]]
        (lx, ly), (rx, ry) = (point[:2] for point in points[:2])
        complete = len(points) == count >= 2 and all(len(point) >= 2 for point in points)
    except (OSError, ValueError, UnicodeDecodeError):
        complete = False
    if not complete or not lx < rx:
        raise StimulusError(
            f"{path}: this is no readable template with the eyes as its first points; copy it "
            "again from the database."
        )
    return Eyes((lx, ly), (rx, ry))


def prepared(
    faces: Sequence[tuple[str, Path, Eyes | None]], *, grey: bool, match: bool
) -> Prepared:
    """Each face's picture: aligned where its eyes are known, cropped, in grey, matched."""
    raw = {face_id: _cropped(path, eyes, face_id, grey=grey) for face_id, path, eyes in faces}
    made = _matched(raw) if match else raw
    some = list(made.values())[:: max(1, len(made) // N_MASKS)][:N_MASKS]
    masks = tuple(_png(scrambled(picture, seed=k, margin=0.2)) for k, picture in enumerate(some))
    return Prepared({face_id: _png(picture) for face_id, picture in made.items()}, masks)


def _cropped(path: Path, eyes: Eyes | None, face_id: str, *, grey: bool) -> Pixels:
    """A picture of the set's size without metadata; the eyes where they belong, if known."""
    try:
        from PIL import Image, ImageOps, UnidentifiedImageError  # noqa: PLC0415  only to import
    except ImportError:
        raise StimulusError(
            "reading pictures needs Pillow, which is not installed; "
            "install it with: pip install 'mbtexp[lab]'"
        ) from None
    try:
        with Image.open(path) as opened:
            # A template counts the pixels as they lie in the file, before any turning by EXIF.
            upright = opened if eyes is not None else ImageOps.exif_transpose(opened)
            picture = upright.convert("L" if grey else "RGB")
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError):
        raise StimulusError(
            f"face {face_id}: its picture {path.name} is damaged or no picture; copy it again."
        ) from None
    if eyes is None:
        return np.asarray(
            ImageOps.fit(picture, (WIDTH_PX, HEIGHT_PX), Image.Resampling.LANCZOS), dtype=np.uint8
        )
    return _aligned(picture, eyes, face_id)


def _aligned(picture: Image.Image, eyes: Eyes, face_id: str) -> Pixels:
    """The picture turned, scaled and moved so that the eyes lie where they do in every picture."""
    from PIL import Image  # noqa: PLC0415  only to import

    here = complex(*eyes.right) - complex(*eyes.left)
    there = complex(*RIGHT_EYE) - complex(*LEFT_EYE)
    turn = here / there
    start = complex(*eyes.left) - turn * complex(*LEFT_EYE)
    if not _covers(picture.size, turn, start):
        raise StimulusError(
            f"face {face_id}: the picture ends too close to the face to be cropped to "
            f"{WIDTH_PX} x {HEIGHT_PX} around the eyes; use the pictures as they were distributed."
        )
    scale = abs(turn)
    if scale > 1.0:
        # Shrink by area first: an affine transform alone would skip pixels and alias.
        size = (max(1, round(picture.width / scale)), max(1, round(picture.height / scale)))
        ratio = (size[0] / picture.width, size[1] / picture.height)
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    else:
        ratio = (1.0, 1.0)
    # Output pixel (x, y) is read at turn * (x + iy) + start in the picture as distributed.
    a, b, c = turn.real * ratio[0], -turn.imag * ratio[0], start.real * ratio[0]
    d, e, f = turn.imag * ratio[1], turn.real * ratio[1], start.imag * ratio[1]
    turned = picture.transform(
        (WIDTH_PX, HEIGHT_PX),
        Image.Transform.AFFINE,
        (a, b, c, d, e, f),
        resample=Image.Resampling.BICUBIC,
    )
    return np.asarray(turned, dtype=np.uint8)


def _covers(size: tuple[int, int], turn: complex, start: complex) -> bool:
    corners = [turn * complex(x, y) + start for x in (0, WIDTH_PX) for y in (0, HEIGHT_PX)]
    return all(
        -1 <= corner.real <= size[0] + 1 and -1 <= corner.imag <= size[1] + 1 for corner in corners
    )


# --- luminance -----------------------------------------------------------------------------------


def face_region() -> npt.NDArray[np.bool_]:
    """The ellipse from brows to chin, without hair: where luminance is measured and matched."""
    rows, columns = np.mgrid[0:HEIGHT_PX, 0:WIDTH_PX]
    x, y = (columns - WIDTH_PX / 2) / 105, (rows - 335) / 130
    return np.asarray(x**2 + y**2 < 1)


def luminance(picture: Pixels) -> npt.NDArray[np.float64]:
    """Luminance of each pixel as the picture's values have it, 0 to 255."""
    values = picture.astype(np.float64)
    return values if values.ndim == 2 else values @ np.array(LUMA)


def _matched(pictures: Mapping[str, Pixels]) -> dict[str, Pixels]:
    """All pictures with the set's typical mean and contrast of luminance in the face region."""
    region = face_region()
    inside = {face_id: luminance(picture)[region] for face_id, picture in pictures.items()}
    mean = float(np.mean([values.mean() for values in inside.values()]))
    contrast = float(np.median([values.std() for values in inside.values()]))
    return {
        face_id: _moved(picture, region, mean, contrast) for face_id, picture in pictures.items()
    }


def _moved(picture: Pixels, region: npt.NDArray[np.bool_], mean: float, contrast: float) -> Pixels:
    """The picture with all channels stretched and shifted alike; again where ends were cut off."""
    values = picture.astype(np.float64)
    for _ in range(6):
        inside = luminance(np.clip(np.rint(values), 0, 255).astype(np.uint8))[region]
        spread = float(inside.std())
        gain = contrast / spread if spread > 0 else 1.0
        values = np.clip((values - inside.mean()) * gain + mean, 0, 255)
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _png(picture: Pixels) -> bytes:
    from PIL import Image  # noqa: PLC0415  only to import

    file = io.BytesIO()
    Image.fromarray(picture).save(file, format="PNG", optimize=False, compress_level=6)
    return file.getvalue()
