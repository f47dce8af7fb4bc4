"""Sliders between the blocks, and the ratings of persons and pictures after them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mbtexp.design import shuffled
from mbtexp.errors import SettingError
from mbtexp.session import Session
from mbtexp.task import Material
from tasks.attachment.dots import STEP_S
from tasks.attachment.params import MOOD_SCALES, Params
from tasks.attachment.trials import Kind, Trial, row_of

MOOD_SLACK_S = 0.8
"""What a slider with a time limit may need beyond it, s."""


def with_moods(blocks: list[list[Trial]], params: Params) -> list[list[Trial]]:
    """Sliders after every ``mood_every`` blocks and after the last; the cross follows them."""
    pictures = [n for n, block in enumerate(blocks, start=1) if block[0].kind != "awareness"]
    due = {n for n in pictures if n % params.mood_every == 0} | {pictures[-1]}
    rated = [
        block if number not in due else _mood_after(block, params)
        for number, block in enumerate(blocks, start=1)
    ]
    if params.mood_before:
        rated[0] = [*moods(params, gap_s=1.0), *rated[0]]
    return rated


def _mood_after(block: list[Trial], params: Params) -> list[Trial]:
    *head, last = block
    alike = {row.condition for row in block}
    condition = last.condition if len(alike) == 1 else None
    gap_s = last.gap_s or 0.0
    if params.fixed:
        return [*head, replace(last, gap_s=1.0), *moods(params, condition, max(gap_s, 1.0))]
    return [*block, *moods(params, condition)]


def moods(params: Params, condition: str | None = None, gap_s: float = 0.0) -> list[Trial]:
    """The sliders, once; the last one is followed by a cross of ``gap_s``."""
    window_s = params.mood_window_s
    if params.fixed and window_s is None:
        raise SettingError("mood_window_s is none, but onsets are fixed; give the sliders a limit.")
    length_s = None if window_s is None else window_s + MOOD_SLACK_S
    rows = [
        row_of("mood", condition, scale=scale, duration_s=length_s, gap_s=STEP_S)
        for scale in MOOD_SCALES
    ]
    return [*rows[:-1], replace(rows[-1], gap_s=gap_s)]


def after(
    session: Session, material: Material, blocks: Sequence[Sequence[Trial]]
) -> list[list[Trial]]:
    """Ratings of every person and every picture that was shown, in random order."""
    params: Params = material.params
    if params.procedure == "induction" and params.booster:
        return []
    shown = {
        row.stim_id: row
        for block in blocks
        for row in block
        if row.kind == "picture" and row.condition != "scrambled"
    }
    rng = session.rng("ratings")
    people = {row.person or row.condition: row for row in shown.values()}
    persons = [
        _rating("person", row, scale)
        for row in shuffled(rng, people.values())
        for scale in params.person_ratings
    ]
    images = [
        _rating("image", row, scale)
        for row in shuffled(rng, shown.values())
        for scale in params.picture_ratings
    ]
    return [block for block in (persons, images) if block]


def _rating(kind: Kind, row: Trial, scale: str) -> Trial:
    return row_of(
        kind,
        row.condition,
        expression=row.expression if kind == "image" else None,
        stim_id=row.stim_id,
        person=row.person,
        scale=scale,
    )
