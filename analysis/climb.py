"""From a point to the top of its hill: Newton's method in a box, for a few parameters."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.intervals import Floats

Rise = Callable[[Floats], tuple[Floats, Floats]]
"""From points, shape (points, parameters), to heights (points) and slopes (points, parameters)."""

Box = Sequence[tuple[float, float]]

STEPS = 200
"""Steps after which a climb is given up."""

LONGEST = 2.0
"""Farthest that a step goes along any direction."""

LEAST = 1e-9
"""A step that is expected to gain less is the last."""

ENOUGH = 1e-7
"""Nearness to what no point can exceed at which a climb ends."""

APART = 1e-4
"""Distance over which slopes are compared to see how they bend."""


def climbed(
    rise: Rise, starts: Floats, box: Box, most: float = np.inf
) -> tuple[Floats, float, Floats]:
    """The highest top near some points, its height, and the information there.

    Each step is Newton's along the axes of the hill's bend, uphill also where the hill is not yet
    round, and along none farther than the last steps turned out to be right: a narrow ridge that
    winds is followed, not left. At a wall of the box the climb goes on along it. The information
    is the negative of the second derivatives.

    Parameters
    ----------
    rise
        Heights and slopes.
    starts
        Where to begin, shape (points, parameters). All climb side by side.
    box
        Ends of each parameter.
    most
        What no point can exceed.
    """
    low, high = (np.array(end) for end in zip(*box, strict=True))
    at = np.clip(starts, low, high)
    tops, slopes, information = _seen(rise, at)
    longest = np.full((len(at), 1), LONGEST)
    going = np.ones(len(at), dtype=bool)
    for _ in range(STEPS):
        stuck = ((at <= low) & (slopes < 0)) | ((at >= high) & (slopes > 0))
        bend, axes = np.linalg.eigh(_without(information, stuck))
        # A slope without any bend leads on as far as a step may go.
        bend = np.maximum(np.abs(bend), 1e-12)
        along = np.einsum("pij,pi->pj", axes, np.where(stuck, 0.0, slopes))
        step = np.clip(along / bend, -longest, longest)
        hoped = (along * step - 0.5 * bend * step**2).sum(axis=1)
        there = np.clip(at + np.einsum("pij,pj->pi", axes, step), low, high)
        reached, new_slopes, new_information = _seen(rise, there)
        gain = reached - tops
        better = going & (gain > 0)
        at[better], tops[better], slopes[better] = (
            there[better],
            reached[better],
            new_slopes[better],
        )
        information[better] = new_information[better]
        going &= hoped >= LEAST
        if not going.any() or tops.max() > most - ENOUGH:
            break
        farthest = np.abs(step).max(axis=1, keepdims=True)
        share = (gain / np.maximum(hoped, LEAST))[:, None]
        longer = np.where(share > 0.75, np.minimum(2 * longest, LONGEST), longest)
        longest = np.where(share < 0.25, 0.25 * farthest, longer)
    best = int(np.argmax(tops))
    return at[best], float(tops[best]), information[best]


def _without(information: Floats, stuck: NDArray[np.bool_]) -> Floats:
    """The information as if the parameters at a wall stood alone."""
    if not stuck.any():
        return information
    free = ~stuck
    kept: Floats = information * (free[:, :, None] & free[:, None, :])
    return kept + stuck[:, :, None] * np.eye(stuck.shape[1])


def _seen(rise: Rise, at: Floats) -> tuple[Floats, Floats, Floats]:
    """Heights, slopes and information at points."""
    points, n = at.shape
    apart = APART * np.eye(n)
    around = np.concatenate([np.zeros((1, n)), apart, -apart])
    heights, slopes = rise((at[:, None, :] + around).reshape(-1, n))
    of = slopes.reshape(points, 2 * n + 1, n)
    bend = (of[:, n + 1 :] - of[:, 1 : n + 1]) / (2 * APART)
    return heights[:: 2 * n + 1].copy(), of[:, 0].copy(), (bend + bend.transpose(0, 2, 1)) / 2
