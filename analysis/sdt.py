"""Signal detection: sensitivity d' and criterion c from counts, for one person or many at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

Floats = NDArray[np.float64]

LOG_2_PI = float(np.log(2 * np.pi))


def dprime(
    hits: ArrayLike,
    misses: ArrayLike,
    false_alarms: ArrayLike,
    correct_rejections: ArrayLike,
) -> tuple[Floats, Floats]:
    """Sensitivity d' and criterion c under the equal-variance normal model.

    Rates are log-linear, (count + .5) / (trials + 1), which keeps them off 0 and 1 for everybody
    alike (Hautus 1995, Behav Res Methods 27:46). c above 0: rather *no*.

    Parameters
    ----------
    hits, misses, false_alarms, correct_rejections
        Counts, 0 or more, of one shape or shapes that broadcast.

    Returns
    -------
    d, c
        Of the broadcast shape; NaN where there are no signal trials or no noise trials.

    >>> d, c = dprime(20, 5, 3, 22)
    >>> f"{d:.4f} {c:.4f}"
    '1.9059 0.1519'
    """
    z_hit, z_false = _z_rates(hits, misses, false_alarms, correct_rejections)
    return z_hit - z_false, -(z_hit + z_false) / 2


def dprime_se(
    hits: ArrayLike,
    misses: ArrayLike,
    false_alarms: ArrayLike,
    correct_rejections: ArrayLike,
) -> Floats:
    """Standard error of d'; that of c is half of it (Gourevitch & Galanter 1967).

    Var d' = H(1 - H) / (n phi(z H)²) + F(1 - F) / (m phi(z F)²), with the log-linear rates.

    >>> f"{dprime_se(20, 5, 3, 22):.4f}"
    '0.4229'
    """
    counts = [np.asarray(c, dtype=float) for c in (hits, misses, false_alarms, correct_rejections)]
    z_hit, z_false = _z_rates(*counts)
    signal, noise = counts[0] + counts[1], counts[2] + counts[3]
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = _rate_variance(counts[0], signal, z_hit) + _rate_variance(
            counts[2], noise, z_false
        )
    root: Floats = np.sqrt(variance)
    return root


def _rate_variance(count: Floats, n: Floats, z: Floats) -> Floats:
    rate = (count + 0.5) / (n + 1)
    return rate * (1 - rate) / (n * np.exp(-(z**2) - LOG_2_PI))


def _z_rates(
    hits: ArrayLike,
    misses: ArrayLike,
    false_alarms: ArrayLike,
    correct_rejections: ArrayLike,
) -> tuple[Floats, Floats]:
    h, m, f, r = np.broadcast_arrays(
        *(np.asarray(c, dtype=float) for c in (hits, misses, false_alarms, correct_rejections))
    )
    z_hit = np.where(h + m > 0, ndtri((h + 0.5) / (h + m + 1)), np.nan)
    z_false = np.where(f + r > 0, ndtri((f + 0.5) / (f + r + 1)), np.nan)
    return z_hit, z_false
