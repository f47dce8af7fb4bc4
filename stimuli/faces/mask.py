"""Masks: a face's picture cut into tiles that are laid out anew, so nothing of the face is left."""

from __future__ import annotations

import random

import numpy as np
import numpy.typing as npt

TILE_PX = 25


def scrambled(
    picture: npt.NDArray[np.uint8], *, seed: int, margin: float = 0.0, tile_px: int = TILE_PX
) -> npt.NDArray[np.uint8]:
    """A picture of the same size made of the picture's tiles in random order.

    Tiles come from within the margin (a share of each side), so that an empty background leaves no
    holes; they are dealt out again and again until the picture is full. A rest at the right or
    below that no whole tile covers stays as it was.
    """
    rows, columns = picture.shape[0] // tile_px, picture.shape[1] // tile_px
    inner_rows = range(round(margin * rows), rows - round(margin * rows))
    inner_columns = range(round(margin * columns), columns - round(margin * columns))
    tiles = [
        picture[r * tile_px : (r + 1) * tile_px, c * tile_px : (c + 1) * tile_px]
        for r in inner_rows
        for c in inner_columns
    ]
    draw = random.Random(f"mask {seed}")
    deck: list[npt.NDArray[np.uint8]] = []
    mask = picture.copy()
    for row in range(rows):
        for column in range(columns):
            if not deck:
                deck = list(tiles)
            tile = deck.pop(int(draw.random() * len(deck)))
            mask[row * tile_px :, column * tile_px :][:tile_px, :tile_px] = tile
    return mask
