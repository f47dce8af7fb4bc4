"""Photographs as pixels: read upright, aligned by the eyes, cropped; nothing else is taken along.

Colours are CIELAB under D65 (IEC 61966-2-1 for sRGB, CIE 15 for L*), so that "as light as" is what
an eye would say.
"""

from __future__ import annotations

import io
import struct
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from mbtexp.errors import StimulusError
from mbtexp.photos.eyes import Eyes

if TYPE_CHECKING:
    from PIL.Image import Image

Pixels = npt.NDArray[np.uint8]
Values = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Crop = Literal["oval", "rectangle"]

WIDTH_PX = 512
HEIGHT_PX = 640
EYES_APART = 0.20
"""Distance between the eyes as a share of the width."""

EYES_DOWN = 0.40
"""Height of the eyes from the top, as a share of the height."""

OVAL_MIDDLE = (256.0, 290.0)
OVAL_RADII = (160.0, 225.0)
"""The oval from the hair to the chin, px; default, to be checked."""

OVAL_EDGE_PX = 2.0
"""Width over which the oval's edge fades into the grey, px."""

GREY = 128
"""Grey around the face: the empty screen's own (``#808080``)."""

FACE_PX = 300
"""Least height of a face, px."""

FACE_PER_EYES = 2.93
"""Height of a face over the distance between its eyes, default, to be checked; with it a face of
300 px is shown at its own size, and none is ever made larger."""

UNCOVERED = 0.01
"""Largest share of the crop that may lie beyond the photograph's edge; it is filled with grey."""


@dataclass(frozen=True)
class Photograph:
    """A photograph in memory, upright, in sRGB, without anything that came with it."""

    image: Image
    orientation: int
    """How it lay in its file (EXIF, 1 to 8)."""
    stored: tuple[int, int]
    """Width and height in its file, px."""


@dataclass(frozen=True)
class Aligned:
    """A photograph with its eyes where they lie in every picture."""

    pixels: Pixels
    box_px: tuple[int, int, int, int]
    """Part of the upright photograph that it shows: left, top, right, bottom."""
    face_px: int
    """Height of the face in the photograph."""


def read_photograph(path: Path) -> Photograph | None:
    """A photograph in memory; None if the file is damaged or no picture."""
    try:
        from PIL import Image, ImageOps, UnidentifiedImageError  # noqa: PLC0415  an extra
    except ImportError:
        raise StimulusError(
            "Reading photographs needs Pillow; install mbtexp with the extra 'photos'."
        ) from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of damaged metadata, which we throw away
            with Image.open(path) as opened:
                orientation, stored = int(opened.getexif().get(0x0112, 1)), opened.size
                upright = ImageOps.exif_transpose(opened)
                return Photograph(_plain(upright), orientation, stored)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, TypeError, struct.error):
        return None
    except (Image.DecompressionBombError, MemoryError, OverflowError):
        return None


def _plain(upright: Image) -> Image:
    """Red, green and blue as a screen without colour management shows them; nothing besides."""
    from PIL import Image, ImageCms  # noqa: PLC0415

    profile = upright.info.get("icc_profile")
    picture = upright
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        ground = Image.new("RGBA", picture.size, (GREY, GREY, GREY, 255))
        ground.alpha_composite(picture)
        picture = ground.convert("RGB")
    if profile and picture.mode in ("RGB", "CMYK", "L"):
        try:
            own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            turned = ImageCms.profileToProfile(
                picture, own, ImageCms.createProfile("sRGB"), outputMode="RGB"
            )
            picture = turned if turned is not None else picture
        except (ImageCms.PyCMSError, OSError, ValueError):
            pass  # a damaged profile: the colours are taken as they are
    plain = picture.convert("RGB")
    # A new picture out of bare numbers: no dictionary of the old one comes along.
    return Image.fromarray(np.asarray(plain, dtype=np.uint8).copy())


# -- alignment ------------------------------------------------------------------------------------


def eye_places() -> Eyes:
    """Where the eyes lie in every picture."""
    half, y = EYES_APART * WIDTH_PX / 2, EYES_DOWN * HEIGHT_PX
    return Eyes((WIDTH_PX / 2 - half, y), (WIDTH_PX / 2 + half, y))


def face_px(eyes: Eyes) -> int:
    """Height of a face by the distance between its eyes, px."""
    return round(FACE_PER_EYES * eyes.apart_px)


def aligned(photograph: Photograph, eyes: Eyes, crop: Crop) -> Aligned | str:
    """The photograph turned, scaled and moved; or why it cannot be used, in a clause."""
    if not eyes.level:
        return "the eyes lie nearly above one another; turn the photograph, or click them again"
    if face_px(eyes) < FACE_PX:
        return f"the face is {face_px(eyes)} px high and would have to be at least {FACE_PX}"
    there = eye_places()
    turn = (complex(*eyes.right) - complex(*eyes.left)) / there.apart_px
    start = complex(*eyes.left) - turn * complex(*there.left)
    if _uncovered(photograph.image.size, turn, start, crop) > UNCOVERED:
        return "the photograph ends too close to the face"
    corners = [turn * complex(x, y) + start for x in (0, WIDTH_PX) for y in (0, HEIGHT_PX)]
    return Aligned(
        pixels=_turned(photograph.image, turn, start),
        box_px=(
            round(min(corner.real for corner in corners)),
            round(min(corner.imag for corner in corners)),
            round(max(corner.real for corner in corners)),
            round(max(corner.imag for corner in corners)),
        ),
        face_px=face_px(eyes),
    )


def _turned(picture: Image, turn: complex, start: complex) -> Pixels:
    """Output pixel x + iy is read at turn * (x + iy) + start; what lies beyond is grey."""
    from PIL import Image  # noqa: PLC0415

    scale = abs(turn)
    ratio = (1.0, 1.0)
    if scale > 1.0:
        # By area first: an affine transform alone would skip pixels and alias.
        size = (max(1, round(picture.width / scale)), max(1, round(picture.height / scale)))
        ratio = (size[0] / picture.width, size[1] / picture.height)
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    turned = picture.transform(
        (WIDTH_PX, HEIGHT_PX),
        Image.Transform.AFFINE,
        (
            *(turn.real * ratio[0], -turn.imag * ratio[0], start.real * ratio[0]),
            *(turn.imag * ratio[1], turn.real * ratio[1], start.imag * ratio[1]),
        ),
        resample=Image.Resampling.BICUBIC,
        fillcolor=(GREY, GREY, GREY),
    )
    return np.asarray(turned, dtype=np.uint8)


def _uncovered(size: tuple[int, int], turn: complex, start: complex, crop: Crop) -> float:
    """Share of the crop that lies beyond the photograph's edge."""
    rows, columns = np.nonzero(region(crop)[::4, ::4])
    read = turn * (4 * columns + 4j * rows) + start
    inside = (read.real >= 0) & (read.real <= size[0]) & (read.imag >= 0) & (read.imag <= size[1])
    return float(1 - inside.mean())


# -- the crop -------------------------------------------------------------------------------------


@cache
def cover(crop: Crop) -> Values:
    """How much of each pixel is picture and not the grey around it, 0 to 1; the same for all."""
    if crop == "rectangle":
        return np.ones((HEIGHT_PX, WIDTH_PX))
    rows, columns = np.mgrid[0:HEIGHT_PX, 0:WIDTH_PX]
    x = (columns + 0.5 - OVAL_MIDDLE[0]) / OVAL_RADII[0]
    y = (rows + 0.5 - OVAL_MIDDLE[1]) / OVAL_RADII[1]
    inwards_px = (1 - np.hypot(x, y)) * min(OVAL_RADII)
    return np.asarray(np.clip(inwards_px / OVAL_EDGE_PX + 0.5, 0, 1))


@cache
def region(crop: Crop) -> Mask:
    """The pixels that count: all that the crop shows."""
    return np.asarray(cover(crop) > 0.5)


def cropped(picture: Pixels, crop: Crop) -> Pixels:
    """The picture on uniform grey."""
    share = cover(crop)[..., None]
    return np.asarray(np.rint(picture * share + GREY * (1 - share)), dtype=np.uint8)


# -- colours --------------------------------------------------------------------------------------

_TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
_FROM_XYZ = np.linalg.inv(_TO_XYZ)
_WHITE = _TO_XYZ.sum(axis=1)
_STEPS = np.arange(256) / 255
_LINEAR = np.where(_STEPS <= 0.04045, _STEPS / 12.92, ((_STEPS + 0.055) / 1.055) ** 2.4)
"""Light of each of the 256 values of a channel, 0 to 1."""

_EPSILON = (6 / 29) ** 3


def _mixed(channels: Values, weights: Values) -> Values:
    """Weighted sum of three channels; a matrix product would start threads for so little."""
    return np.asarray(
        channels[..., 0] * weights[0]
        + channels[..., 1] * weights[1]
        + channels[..., 2] * weights[2]
    )


def to_lab(picture: Pixels) -> Values:
    """L*, a* and b* of sRGB values, whole numbers from 0 to 255.

    >>> [round(float(v), 2) + 0.0 for v in to_lab(np.array([255, 255, 255], dtype=np.uint8))]
    [100.0, 0.0, 0.0]
    """
    linear = _LINEAR[picture]
    ratio = np.stack([_mixed(linear, row) for row in _TO_XYZ], axis=-1) / _WHITE
    f = np.where(ratio > _EPSILON, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.stack(
        [
            116 * f[..., 1] - 16,
            500 * (f[..., 0] - f[..., 1]),
            200 * (f[..., 1] - f[..., 2]),
        ],
        axis=-1,
    )


def to_lstar(picture: Pixels) -> Values:
    """L* alone, in a third of the time."""
    ratio = _mixed(_LINEAR[picture], _TO_XYZ[1])
    f = np.where(ratio > _EPSILON, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.asarray(116 * f - 16)


def from_lab(lab: Values) -> Values:
    """Values in sRGB of L*, a*, b*; below 0 or above 255 where a screen cannot show them."""
    fy = (lab[..., 0] + 16) / 116
    f = np.stack([fy + lab[..., 1] / 500, fy, fy - lab[..., 2] / 200], axis=-1)
    ratio = np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29))
    light = ratio * _WHITE
    linear = np.stack([_mixed(light, row) for row in _FROM_XYZ], axis=-1)
    above = np.maximum(linear, 0.0031308)
    value = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * above ** (1 / 2.4) - 0.055)
    return np.asarray(255 * value)


# -- files ----------------------------------------------------------------------------------------

PIXEL_CHUNKS = ("IHDR", "IDAT", "IEND")
"""What a PNG of pixels and nothing else consists of."""


def png(picture: Pixels) -> bytes:
    """The pixels as a PNG, and nothing but them."""
    from PIL import Image  # noqa: PLC0415

    file = io.BytesIO()
    Image.fromarray(picture).save(file, format="PNG", compress_level=6)
    content = file.getvalue()
    extra = sorted(set(png_chunks(content)) - set(PIXEL_CHUNKS))
    if extra:
        raise StimulusError(
            f"A finished picture would hold more than pixels ({', '.join(extra)}); nothing was "
            "kept. This version of Pillow is not fit for photographs."
        )
    return content


def png_chunks(content: bytes) -> Iterator[str]:
    """Names of the parts of a PNG, by the file's own table (ISO/IEC 15948)."""
    at = 8
    while at + 8 <= len(content):
        length, name = struct.unpack(">I4s", content[at : at + 8])
        yield name.decode("ascii", "replace")
        at += 12 + length


def pixels_of(content: bytes) -> Pixels:
    """The pixels of a PNG in memory."""
    from PIL import Image  # noqa: PLC0415

    with Image.open(io.BytesIO(content)) as opened:
        return np.asarray(opened.convert("RGB"), dtype=np.uint8)
