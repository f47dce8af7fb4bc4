"""The contact sheet: every picture before and after it was matched, with its token and numbers."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mbtexp.photos.manifest import Photo, PhotoSet
from mbtexp.photos.pixels import Crop, Pixels, cropped

THUMB_PX = (144, 180)
COLUMNS, ROWS = 4, 3
GAP_PX = 12
LABEL_PX = 44
HEAD_PX = 64
INK = (24, 24, 24)
PAPER = (255, 255, 255)


@dataclass(frozen=True)
class Shown:
    """A picture as it was aligned and as it is shown."""

    photo: Photo
    before: Pixels
    after: Pixels


def contact_sheets(photo_set: PhotoSet, shown: Sequence[Shown]) -> list[bytes]:
    """PNG pages with twelve pictures each, the aligned one left and the matched one right."""
    size = COLUMNS * ROWS
    pages = [shown[at : at + size] for at in range(0, len(shown), size)]
    return [
        _page(photo_set, page, f"{number} / {len(pages)}")
        for number, page in enumerate(pages, start=1)
    ]


def _page(photo_set: PhotoSet, shown: Sequence[Shown], number: str) -> bytes:
    from PIL import Image, ImageDraw, ImageFont  # noqa: PLC0415  an extra

    cell = (2 * THUMB_PX[0] + 2 * GAP_PX, THUMB_PX[1] + LABEL_PX + GAP_PX)
    rows = -(-len(shown) // COLUMNS)
    size = (COLUMNS * cell[0] + GAP_PX, HEAD_PX + rows * cell[1] + GAP_PX)
    sheet = Image.new("RGB", size, PAPER)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=14)
    head = (
        f"{photo_set.name}   page {number}   prepared {photo_set.prepared[:10]}   "
        f"keep until {photo_set.retain_until}"
    )
    pen.text((GAP_PX, GAP_PX), head, fill=INK, font=font)
    explained = "left: aligned; right: as shown, matched in L* and contrast. Keep it where it is."
    pen.text((GAP_PX, GAP_PX + 22), explained, fill=INK, font=font)
    crop: Crop = "oval" if photo_set.crop == "oval" else "rectangle"
    for place, one in enumerate(shown):
        x = GAP_PX + (place % COLUMNS) * cell[0]
        y = HEAD_PX + (place // COLUMNS) * cell[1]
        for step, pixels in enumerate((cropped(one.before, crop), one.after)):
            thumb = Image.fromarray(np.asarray(pixels)).resize(THUMB_PX, Image.Resampling.LANCZOS)
            sheet.paste(thumb, (x + step * THUMB_PX[0], y))
        for line, text in enumerate(_said(one.photo)):
            pen.text((x, y + THUMB_PX[1] + 3 + 17 * line), text, fill=INK, font=font)
    file = io.BytesIO()
    sheet.save(file, format="PNG")
    return file.getvalue()


def _said(photo: Photo) -> tuple[str, str]:
    return (
        f"{photo.token}  {photo.condition} {photo.person}  {photo.expression or ''}",
        f"L* {photo.lstar_before:.0f} > {photo.lstar:.0f}   RMS {photo.rms_before:.2f} > "
        f"{photo.rms:.2f}   cut {100 * photo.clipped:.1f} %",
    )
