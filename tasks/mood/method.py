"""How a run of the mood task goes: one rating after the other, on time where onsets are fixed.

Pleasure and arousal after Betella & Verschure (2016), closeness after Aron et al. (1992);
docs/tasks/mood.md gives every parameter with its source.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mbtexp.rating import Rating, pick, rate, slide
from mbtexp.run import Block, Run
from mbtexp.task import Material
from mbtexp.timeline import Phase, Stimulus
from mbtexp.triggers.codes import MOOD as CODES
from tasks.mood.design import Params, Trial
from tasks.mood.screens import (
    BETWEEN,
    BETWEEN_S,
    CROSS,
    START,
    circles,
    confirm_button,
    figures,
    go_on,
    key_names,
    moving,
    phase_name,
    question,
    slider,
)

PERCENT = 100
"""Ratings are recorded from 0 to 100."""


def play(run: Run, material: Material) -> None:
    """A page, the ratings, thanks; in a scanner only the ratings with a cross between them."""
    params: Params = material.params
    for block in run.blocks():
        for trial in block.trials:
            run.prepare([Phase("scene", _scene(trial, material), 1.0), BETWEEN])
        _open(run, block, material)
        for trial in run.trials_of(block):
            run.record(**play_trial(run, trial, material))
    if params.pages and not params.fixed:
        run.page("finished", material.text("finished"), go_on(material))


def play_trial(run: Run, trial: Trial, material: Material) -> dict[str, Any]:
    """One rating, and the empty screen or the cross after it."""
    if trial.onset_s is not None:
        run.show([Phase("ready", CROSS, BETWEEN_S, at_s=trial.onset_s - BETWEEN_S)])
    rating = _rated(run, trial, material)
    run.show([BETWEEN if trial.onset_s is None else Phase("ready", CROSS, frames=1)])
    point = None
    value = rating.value
    if trial.kind == "circles" and value is not None:
        point = round(value) + 1
        value = value / 6
    return {
        "value": None if value is None else round(PERCENT * value, 4),
        "point": point,
        "rt_s": None if rating.rt_s is None else round(rating.rt_s, 6),
        "first_move_s": None if rating.first_move_s is None else round(rating.first_move_s, 6),
        "missed": value is None,
        "by": rating.by,
    }


def _rated(run: Run, trial: Trial, material: Material) -> Rating:
    params: Params = material.params
    above, chosen = question(trial, material), figures(material)
    name = phase_name(trial)
    if trial.kind == "circles" and chosen:
        return rate(
            run,
            name,
            circles(material),
            chosen,
            above=above,
            window_s=trial.window_s,
            code=CODES.rating,
            codes=tuple((key, CODES.response) for key in chosen),
            none_code=CODES.no_response,
            mouse=params.mouse,
        )
    keys = moving(material)
    codes = ((keys[2], CODES.response),) if params.confirm else ()
    if trial.kind == "circles":
        return pick(
            run,
            name,
            circles(material),
            keys,
            above=above,
            window_s=trial.window_s,
            code=CODES.rating,
            codes=codes,
            none_code=CODES.no_response,
        )
    return slide(
        run,
        name,
        slider(trial, material),
        keys,
        above=above,
        step=params.step,
        open_start=trial.kind == "affective",
        window_s=trial.window_s,
        code=CODES.rating,
        codes=codes,
        none_code=CODES.no_response,
        repeats=params.hold,
        button=confirm_button(material),
    )


def _scene(trial: Trial, material: Material) -> tuple[Stimulus, ...]:
    """The screen of a rating before any answer."""
    if trial.kind == "circles":
        return (*question(trial, material), *circles(material).plain)
    return (*question(trial, material), slider(trial, material))


def instructions(material: Material) -> str:
    """The instructions as the participant reads them."""
    params, text = material.params, material.text
    names = key_names(material)
    return text(
        "instructions",
        circles=text("instructions_circles") if "closeness" in params.items else "",
        lines=_about_lines(material, names) if set(params.items) != {"closeness"} else "",
    ).strip()


def _about_lines(material: Material, names: tuple[str, ...]) -> str:
    params, text = material.params, material.text
    said = text("instructions_lines", left=names[0], right=names[1])
    if params.mouse:
        said += text("instructions_mouse")
    if params.confirm:
        return said + text("instructions_confirm", confirm=names[2])
    return said + text("instructions_time")


def _open(run: Run, block: Block, material: Material) -> None:
    params, text = material.params, material.text
    if params.pages:
        run.page("instructions", instructions(material), go_on(material))
    if params.fixed:
        onset_s = block.trials[0].onset_s or 0.0
        run.start_clock((onset_s - params.lead_in_s) if block.resumed else 0.0)
        lead = Phase("lead_in", CROSS, frames=1)
        run.prepare([lead, replace(lead, name="ready")])
        run.show([lead])
        return
    if block.resumed:
        run.page("start", text("resumed"), go_on(material))
    run.show([START])
