"""The period of a pulse train, and what one says that is not the planned one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import linear_regression

from mbtexp.rig import ScannerSettings

MISSING_FROM = 1.5
"""An interval of that many periods, or more, has lost pulses in it."""

GROSS = 0.1
"""Relative difference from the TR that no jitter explains: told while the run goes on."""


@dataclass(frozen=True)
class Fit:
    """A straight line through the pulses: their period and how well they keep it."""

    period_s: float
    error_s: float
    """Standard error of the period."""
    residual_s: float
    """Root mean square of what is left."""


def odd_period(
    period_s: float, nominal_s: float, settings: ScannerSettings, tolerance: float
) -> str:
    """What a period that is not the rig's says of the scanner; empty if it is the rig's.

    >>> odd_period(4.0, 2.0, ScannerSettings(tr_s=2.0), 0.1)[:45]
    'pulses come every 4 s, every second of those '
    """
    ratio = period_s / nominal_s
    if abs(ratio - 1) <= tolerance:
        return ""
    every = f"pulses come every {period_s:.4g} s"
    if abs(ratio - 2) <= 2 * GROSS:
        return (
            f"{every}, every second of those planned: the interface may be in toggle mode, or tr_s "
            "in the rig file is half of the protocol's."
        )
    parts = round(1 / ratio) if ratio > 0 else 0
    if ratio < 1 / MISSING_FROM and parts >= 2 and abs(1 / ratio - parts) <= GROSS * parts:
        return (
            f"{every}, {parts} times as often as planned: the scanner may send a pulse a slice; "
            f"then set pulses_per_volume to {parts * settings.pulses_per_volume}."
        )
    tr_s = period_s * settings.pulses_per_volume
    return (
        f"by the pulses the TR is {tr_s:.4f} s, in the rig file {settings.tr_s:g} s: correct "
        "tr_s, or the protocol at the scanner."
    )


def fit(places: Sequence[int], times: Sequence[float]) -> Fit | None:
    """The line ``t = zero + place * period`` through the pulses; None with fewer than three."""
    if len(places) < 3:
        return None
    slope, intercept = linear_regression(places, times)
    rest = [t - intercept - slope * k for k, t in zip(places, times, strict=True)]
    squares = math.fsum(r * r for r in rest)
    mean = math.fsum(places) / len(places)
    spread = math.fsum((k - mean) ** 2 for k in places)
    error = math.sqrt(squares / (len(places) - 2) / spread)
    return Fit(slope, error, math.sqrt(squares / len(places)))
