"""What an interlude shows, and how a run of it goes."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from mbtexp.run import Run
from mbtexp.task import Material
from mbtexp.timeline import Keys, Phase, Rect, Stimulus, Text
from mbtexp.triggers.codes import INTERLUDE as CODES
from mbtexp.typed import type_word
from tasks.interlude.design import Trial, own_pages
from tasks.interlude.params import Params

FIGURES = tuple("0123456789")

STATES_PER_S = 5
"""States of the breathing bar in a second."""

NARROW, WIDE = 0.08, 0.7
"""Width of the breathing bar, of the screen's height, without and with air."""

BAR = "#8fb5c4"
GAP = Phase("gap", (), 0.2)
"""An empty screen before each: two codes must not come too close."""

QUIET = Phase("gap", (), frames=1)
"""An empty screen that ends a number's time."""

TALK = "A participant wants to talk with somebody before leaving. Go to them now."


def go_on(material: Material) -> tuple[str, ...]:
    """The keys that turn a page."""
    return ("space", material.keys[0])


def instructions(material: Material) -> str:
    """The first page."""
    params: Params = material.params
    return own_pages(params.pages)[0] if params.pages else _said(params.kind, material)


def _said(name: str, material: Material) -> str:
    params: Params = material.params
    if name.startswith("own_"):
        return own_pages(params.pages)[int(name.removeprefix("own_")) - 1]
    contact = material.text("contact", contact=params.contact) if params.contact else ""
    minutes = f"{params.count_s / 60:.0f}" if params.count_s >= 60 else ""
    text = material.text(
        name,
        step=params.step,
        contact=contact,
        rounds=params.rounds,
        each=material.text("minutes", minutes=minutes)
        if minutes
        else material.text("seconds", seconds=f"{params.count_s:.0f}"),
        typed=material.text("typed") if params.ask else "",
        first=material.keys[0],
        second=material.keys[1],
    )
    return text.strip()


def timeline(trial: Trial, material: Material) -> list[Phase]:
    """What a trial shows, up to its answer; it never begins in the refresh of the answer before."""
    return [GAP, *_shown(trial, material)]


def _shown(trial: Trial, material: Material) -> list[Phase]:
    if trial.kind == "count":
        return [_number(trial, material)]
    if trial.kind == "breath":
        return _breath(material)
    text = Text(_said(trial.stim_id, material), size=0.035, wrap=1.2)
    if trial.kind == "think":
        return [Phase("think", (text,), trial.duration_s, code=CODES.page, tag=trial.stim_id)]
    keys = go_on(material) if trial.kind == "page" else material.keys[:2]
    name = "page" if trial.kind == "page" else "question"
    return [Phase(name, (text,), code=CODES.page, keys=Keys(keys), tag=trial.stim_id)]


def _number(trial: Trial, material: Material) -> Phase:
    hint = Text(_said("count", material), (0.0, -0.2), 0.035, wrap=1.2)
    number = Text(str(trial.number), (0.0, 0.05), 0.1)
    return Phase(
        "count", (number, hint), trial.duration_s, code=CODES.count_back, tag=str(trial.number)
    )


def _breath(material: Material) -> list[Phase]:
    """A bar that widens while one breathes in and narrows while one breathes out."""
    params: Params = material.params
    phases: list[Phase] = []
    for name, seconds, ends in (
        ("breath_in", params.in_s, (NARROW, WIDE)),
        ("breath_out", params.out_s, (WIDE, NARROW)),
    ):
        states = max(2, round(seconds * STATES_PER_S))
        edges = [round(seconds * n / states, 6) for n in range(states + 1)]
        for place, (begin, end) in enumerate(pairwise(edges)):
            width = ends[0] + (ends[1] - ends[0]) * (place + 1) / states
            scene: tuple[Stimulus, ...] = (
                Rect(width, 0.05, (0.0, -0.05), color=BAR),
                Text(material.text(name), (0.0, 0.15), 0.045),
            )
            code = CODES.breath if name == "breath_in" and place == 0 else None
            phases.append(Phase(name, scene, round(end - begin, 6), code=code, tag=str(place + 1)))
    return phases


def play(run: Run, material: Material) -> None:
    """The trials one after the other."""
    for block in run.blocks():
        for trial in block.trials:
            run.prepare(timeline(trial, material))
        for trial in run.trials_of(block):
            run.record(**_played(run, trial, material))


def _played(run: Run, trial: Trial, material: Material) -> dict[str, Any]:
    phases = timeline(trial, material)
    if trial.kind == "count":
        return _counted(run, trial, phases, material)
    shown = run.show(phases)[phases[-1].name]
    if trial.kind != "question":
        return _outcome(None, shown.rt_s)
    answer = "yes" if shown.key == material.keys[1] else "no"
    if answer == "yes":
        run.tell_operator(TALK)
    return _outcome(answer, shown.rt_s)


def _counted(run: Run, trial: Trial, phases: list[Phase], material: Material) -> dict[str, Any]:
    """A number to count back from, and where the counting arrived."""
    params: Params = material.params
    if not params.ask:
        run.show([*phases, QUIET])
        return _outcome(None, None)
    run.show(phases)
    typed = type_word(
        run,
        "reached",
        Text("_", (0.0, -0.08), 0.07),
        above=(Text(_said("reached", material), (0.0, 0.15), 0.035, wrap=1.2),),
        code=CODES.reached,
        characters=FIGURES,
    )
    if not typed.text:
        return _outcome(None, None, missed=True)
    reached = int(typed.text)
    return _outcome(reached, typed.rt_s, steps=steps(trial.number or 0, reached, params.step))


def steps(number: int, reached: int, step: int) -> int | None:
    """How often the step was taken away; None where that does not lead there.

    >>> steps(4321, 4300, 7), steps(4321, 4301, 7), steps(4321, 4328, 7)
    (3, None, None)
    """
    times, rest = divmod(number - reached, step)
    return times if not rest and times >= 0 else None


def _outcome(
    response: str | int | None,
    rt_s: float | None,
    *,
    steps: int | None = None,
    missed: bool = False,
) -> dict[str, Any]:
    return {
        "response": response,
        "rt_s": None if rt_s is None else round(rt_s, 6),
        "steps": steps,
        "missed": missed,
    }
