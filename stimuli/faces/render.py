"""Puts a face together: what stands behind, the lit skin, eyes, brows and hair."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
from PIL import Image

from stimuli.eyes_pilot.face import Grid, _blur
from stimuli.faces.eyes import with_brows, with_eyes
from stimuli.faces.face import Face
from stimuli.faces.hair import behind, with_hair
from stimuli.faces.head import Plan, skin


def render(face: Face) -> npt.NDArray[np.uint8]:
    """The face from the front as 8-bit grey, 600 rows by 500 columns."""
    plan = Plan(face)
    head = with_brows(plan, with_eyes(plan, skin(plan)))
    picture: Grid = behind(plan) * (1 - plan.inside) + head * plan.inside
    picture = _blur(with_hair(plan, picture), 0.55)
    return np.clip(np.rint(picture * 255), 0, 255).astype(np.uint8)


def png(face: Face) -> bytes:
    """The picture as a file: 8-bit grey, no metadata, always the same settings."""
    file = io.BytesIO()
    Image.fromarray(render(face)).save(file, format="PNG", optimize=False, compress_level=9)
    return file.getvalue()
