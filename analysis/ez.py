"""EZ diffusion: drift, boundary and non-decision time from accuracy and the moments of RT.

Wagenmakers, van der Maas & Grasman (2007), Psychon Bull Rev 14:3. Closed form, no fit: what
forty to ninety decisions a person can carry.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

NEAR_CHANCE = 1e-4
"""Below this logit of accuracy the closed form loses its digits; its limit is taken instead."""


def ez_diffusion(
    proportion_correct: ArrayLike,
    rt_variance: ArrayLike,
    rt_mean: ArrayLike,
    s: float = 0.1,
    n: ArrayLike | None = None,
) -> tuple[Floats, Floats, Floats]:
    """Drift rate v, boundary separation a, and non-decision time ter.

    Parameters
    ----------
    proportion_correct
        Share of right decisions, 0 to 1.
    rt_variance
        Variance of the right decisions' times, s² (above 0).
    rt_mean
        Their mean, s.
    s
        Scale of the noise; 0.1 in the paper, 1 in many programs: v and a are in its units.
    n
        Decisions; with it accuracies of 0 and 1 are moved inwards by half a decision, to 1/(2n) and
        1 - 1/(2n). Without it they have no solution.

    Returns
    -------
    v, a, ter
        Of the broadcast shape; ter in s. NaN where there is no solution.

    >>> v, a, ter = ez_diffusion(0.802, 0.112, 0.723)
    >>> f"{v:.4f} {a:.4f} {ter:.4f}"
    '0.0999 0.1400 0.3000'
    """
    share, variance, mean = np.broadcast_arrays(
        *(np.asarray(x, dtype=float) for x in (proportion_correct, rt_variance, rt_mean))
    )
    if n is not None:
        edge = 0.5 / np.asarray(n, dtype=float)
        share = np.where(share <= 0, edge, np.where(share >= 1, 1 - edge, share))
    possible = (share > 0) & (share < 1) & (variance > 0)
    p = np.where(possible, share, 0.75)
    var = np.where(possible, variance, 1.0)
    logit = np.log(p / (1 - p))
    flat = np.abs(logit) < NEAR_CHANCE
    safe = np.where(flat, 1.0, logit)
    p_safe = np.where(flat, 1 / (1 + np.exp(-1.0)), p)
    x = safe * (p_safe**2 * safe - p_safe * safe + p_safe - 0.5) / var
    v = np.sign(p_safe - 0.5) * s * x**0.25
    a = s**2 * safe / v
    decision = a / (2 * v) * np.tanh(v * a / (2 * s**2))
    # Without drift: the time to leave (-a/2, a/2) has mean a²/(4 s²) and variance a⁴/(24 s⁴).
    a_flat = s * (24 * var) ** 0.25
    v = np.where(flat, s**2 * logit / a_flat, v)
    a = np.where(flat, a_flat, a)
    ter = mean - np.where(flat, a_flat**2 / (4 * s**2), decision)
    hidden = np.where(possible, 1.0, np.nan)
    return v * hidden, a * hidden, ter * hidden
