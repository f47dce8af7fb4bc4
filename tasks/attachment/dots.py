"""The dots that make watching a task: which pictures carry one, when, and where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from mbtexp.design import shuffled
from mbtexp.errors import SettingError
from mbtexp.session import Session
from tasks.attachment.params import Params
from tasks.attachment.trials import Trial

STEP_S = 0.2
"""Grid of the dots' times, s: whole frames at 60, 75, 100, 120 and (within 1 %) 144 Hz."""

DOT_PLACES = ((1, 0), (0.7071, 0.7071), (0, 1), (-0.7071, 0.7071))
"""Directions of the dot from the middle; each one and its opposite."""


def quiet_s(params: Params) -> float:
    """The end of a cross in which nothing is awaited, s; fixed onsets need room for two screens."""
    return 2 * STEP_S if params.fixed else STEP_S


def dot_times(params: Params) -> list[float]:
    """When a dot may come after a picture's onset, s: its whole window lies within the trial."""
    gapped = params.procedure == "events"
    listening_s = params.picture_s + (params.gap_low_s - quiet_s(params) if gapped else 0.0)
    last_s = min(params.picture_s - params.dot_s - STEP_S, listening_s - params.dot_window_s)
    times = [round(STEP_S * k, 6) for k in range(1, int(last_s / STEP_S + 1e-9) + 1)]
    if not times:
        raise SettingError(
            f"picture_s is {params.picture_s:g}: a dot of {params.dot_s:g} s with a window of "
            f"{params.dot_window_s:g} s has no room; shorten dot_window_s or set dot_share=0."
        )
    return times


def with_dots(session: Session, params: Params, blocks: list[list[Trial]]) -> list[list[Trial]]:
    """A dot on the asked-for share of each cell's pictures; every picture has a time for one.

    Pictures without a dot keep their time: presses in the same window after it are false alarms.
    """
    if params.dot_share == 0:
        return blocks
    rng = session.rng("dots")
    times = dot_times(params)
    pictures = [row for block in blocks for row in block if row.kind == "picture"]
    chosen: set[int] = set()
    for cell in dict.fromkeys(row.cell for row in pictures):
        own = [k for k, row in enumerate(pictures) if row.cell == cell]
        chosen.update(shuffled(rng, own)[: max(1, round(params.dot_share * len(own)))])
    dotted = iter(
        [dotted_row(row, rng, params, times, k in chosen) for k, row in enumerate(pictures)]
    )
    return [[next(dotted) if row.kind == "picture" else row for row in block] for block in blocks]


def dotted_row(row: Trial, rng: Any, params: Params, times: Sequence[float], dot: bool) -> Trial:
    """A picture's row with the time and, if it has a dot, the place of one."""
    at_s = times[int(rng.random() * len(times))]
    x, y = DOT_PLACES[int(rng.random() * len(DOT_PLACES))]
    sign = params.dot_out_deg * (1 if rng.random() < 0.5 else -1)
    if not dot:
        return replace(row, dot=False, dot_at_s=at_s)
    return replace(row, dot=True, dot_at_s=at_s, dot_x=round(sign * x, 4), dot_y=round(sign * y, 4))
