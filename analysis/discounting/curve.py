"""Indifference points: the area under them, and signs of answers without a system."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analysis.discounting.offers import (
    answered_of,
    chose_later,
    money_of,
)
from analysis.indices import Index, index_of
from analysis.indifference import (
    BUMP,
    FALL,
    Scale,
    area_under_curve,
    bumps,
    falls_too_little,
    indifference_share,
)
from analysis.intervals import Estimate, undefined
from analysis.read import Run, Trial


def curve_rows(run: Run, offers: Sequence[Trial], *, add_zero: bool) -> list[Index]:
    """Area under the indifference points, and signs of answers without a system."""
    wanted = [trial for trial in offers if trial.design.get("method") == "adjusting"]
    points = _points(wanted)
    reason = _no_curve(wanted, points)
    days, shares = list(points), list(points.values())
    n = (len(answered_of(wanted)), len(wanted))
    rises = too_flat = undefined(reason)
    areas: dict[Scale, Estimate] = {"linear": rises, "log": rises, "rank": rises}
    if not reason:
        n_bumps, flat = bumps(days, shares), falls_too_little(days, shares)
        flags = ("unsystematic",) if n_bumps or flat else ()
        rises, too_flat = Estimate(n_bumps, flags=flags), Estimate(int(flat), flags=flags)
        areas = {
            scale: Estimate(area_under_curve(days, shares, scale, add_zero=add_zero), flags=flags)
            for scale in areas
        }
    start = "from (0,1)" if add_zero else "without (0,1)"
    axes = {"linear": "delay/longest", "log": "log10(delay+1)/largest", "rank": "rank/n"}
    return [
        *(
            index_of(
                run,
                "auc",
                area,
                condition=scale,
                unit="proportion",
                n=n,
                method=f"trapezoids over {axes[scale]} {start}",
            )
            for scale, area in areas.items()
        ),
        index_of(
            run,
            "bumps",
            rises,
            unit="points",
            n=n,
            method=f"points > the one before + {BUMP:g} of the later amount; Johnson & Bickel 1",
        ),
        index_of(
            run,
            "flat",
            too_flat,
            unit="0 or 1",
            n=n,
            method=f"1: last point > first - {FALL:g} of the later amount; Johnson & Bickel 2",
        ),
    ]


def _points(trials: Sequence[Trial]) -> dict[float, float]:
    """Indifference share by delay (days) of each series that is complete, shortest first."""
    series: dict[str, list[Trial]] = {}
    for trial in trials:
        series.setdefault(str(trial.design.get("series")), []).append(trial)
    points: dict[float, float] = {}
    longest = max((len(found) for found in series.values()), default=0)
    for found in series.values():
        row = money_of(found[-1])
        if len(answered_of(found)) == longest and row is not None:
            share = indifference_share(row[0] / row[1], longest, chose_later=chose_later(found[-1]))
            points[row[3]] = share
    return dict(sorted(points.items()))


def _no_curve(wanted: Sequence[Trial], points: Mapping[float, float]) -> str:
    if not wanted:
        return "not_this_method"
    return "" if len(points) > 1 else "few_points"
