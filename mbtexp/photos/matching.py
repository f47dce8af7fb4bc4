"""Pictures made alike in luminance: same mean L* and same contrast in all, and how far they were.

Contrast is RMS contrast (Peli 1990): the standard deviation of L*/100 over the crop. What the
change did to each picture is told by the structural similarity (Wang et al. 2004) before and after,
as the SHINE toolbox reports it (Willenbockel et al. 2010).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mbtexp.photos.pixels import (
    Crop,
    Pixels,
    Values,
    cover,
    cropped,
    from_lab,
    region,
    to_lab,
    to_lstar,
)

ROUNDS = 3
"""Clipping moves mean and contrast a little; so they are set again."""

SSIM_SIGMA_PX = 1.5
SSIM_WINDOW = 11
SSIM_CONSTANTS = ((0.01 * 100) ** 2, (0.03 * 100) ** 2)
"""Window and constants of Wang et al. (2004), for L* from 0 to 100."""


@dataclass(frozen=True)
class Measures:
    """What of a picture was to be made alike, over its crop."""

    lstar: float
    """Mean L*, 0 to 100."""
    rms: float
    """RMS contrast: standard deviation of L*/100."""


@dataclass(frozen=True)
class Matched:
    """A picture made alike to the others."""

    pixels: Pixels
    before: Measures
    after: Measures
    ssim: float
    """Similarity of L* before and after, 1: the same."""
    clipped: float
    """Share of the crop whose colour a screen cannot show and that was cut to the nearest."""


def measures(picture: Pixels, crop: Crop) -> Measures:
    """Mean L* and RMS contrast over the crop."""
    return _measures(to_lstar(picture[region(crop)]))


def _measures(lstar: Values) -> Measures:
    return Measures(float(lstar.mean()), float(lstar.std()) / 100)


def target(pictures: Sequence[Pixels], crop: Crop) -> Measures:
    """What all pictures of the session are brought to: the mean L*, and the median contrast."""
    found = [measures(picture, crop) for picture in pictures]
    return Measures(
        float(np.mean([one.lstar for one in found])), float(np.median([one.rms for one in found]))
    )


def matched(picture: Pixels, aim: Measures, crop: Crop, *, grey: bool) -> Matched:
    """The picture with L* stretched and shifted to the aim, its colours kept, on uniform grey."""
    visible = cover(crop) > 0  # a little more than what counts: the edge fades into the grey
    counts = region(crop)[visible]
    lab = to_lab(picture[visible])
    before = _measures(lab[counts, 0])
    if grey:
        lab[:, 1:] = 0.0
    wanted, values, clipped = lab[:, 0].copy(), picture[visible], 0.0
    shown = lab[:, 0]
    for _ in range(ROUNDS):
        spread, middle = float(shown[counts].std()), float(wanted[counts].mean())
        gain = 100 * aim.rms / spread if spread > 0 else 1.0
        wanted = (wanted - middle) * gain + middle + aim.lstar - shown[counts].mean()
        exact = from_lab(np.column_stack([wanted, lab[:, 1:]]))
        values = np.clip(np.rint(exact), 0, 255).astype(np.uint8)
        cut = np.any((exact < -0.5) | (exact > 255.5), axis=1)
        clipped = float(cut[counts].mean())
        shown = to_lstar(values)
    made = np.asarray(picture).copy()
    made[visible] = values
    whole = cropped(made, crop)
    return Matched(
        pixels=whole,
        before=before,
        after=measures(whole, crop),
        ssim=ssim(picture, whole, crop),
        clipped=clipped,
    )


def ssim(one: Pixels, other: Pixels, crop: Crop) -> float:
    """Structural similarity of L* over the crop, from -1 to 1 (the same)."""
    ground = cropped(one, crop), cropped(other, crop)
    x, y = (to_lstar(picture) for picture in ground)
    mx, my = _blurred(x), _blurred(y)
    vx, vy = _blurred(x * x) - mx * mx, _blurred(y * y) - my * my
    vxy = _blurred(x * y) - mx * my
    c1, c2 = SSIM_CONSTANTS
    index = ((2 * mx * my + c1) * (2 * vxy + c2)) / ((mx**2 + my**2 + c1) * (vx + vy + c2))
    return float(index[region(crop)].mean())


def _blurred(values: Values) -> Values:
    """A Gaussian window over rows and columns, the edges continued."""
    half = SSIM_WINDOW // 2
    weights = np.exp(-0.5 * (np.arange(-half, half + 1) / SSIM_SIGMA_PX) ** 2)
    weights /= weights.sum()
    for axis in (0, 1):
        padding = [(half, half) if a == axis else (0, 0) for a in (0, 1)]
        padded = np.pad(values, padding, mode="edge")
        turned = np.moveaxis(padded, axis, 0)
        length = values.shape[axis]
        blurred = sum(w * turned[k : k + length] for k, w in enumerate(weights))
        values = np.moveaxis(np.asarray(blurred), 0, axis)
    return values


def scrambled(picture: Pixels, crop: Crop, rng: np.random.Generator) -> Pixels:
    """A pattern with the picture's frequencies and without its form: nobody is seen in it.

    Random phases for its Fourier transform, the same for all colours, as in common use for
    controls of faces.
    """
    ground = cropped(picture, crop).astype(np.float64)
    noise = np.angle(np.fft.fft2(rng.random(ground.shape[:2])))
    parts = [np.fft.fft2(ground[..., channel]) for channel in range(3)]
    mixed = [
        np.real(np.fft.ifft2(np.abs(part) * np.exp(1j * (np.angle(part) + noise))))
        for part in parts
    ]
    return cropped(np.clip(np.rint(np.stack(mixed, axis=-1)), 0, 255).astype(np.uint8), crop)
