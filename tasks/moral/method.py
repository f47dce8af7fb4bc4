"""What a trial of the moral task shows, and how a run goes.

A cross, a short story as long as it is read, the same story above a scale from 1 to 7, and after
some of them a statement that is true or false of it. The crossing of what was believed with what
came of it is that of Young, Cushman, Hauser & Saxe (2007); the stories are our own.
docs/tasks/moral.md gives every parameter with its source.
"""

from __future__ import annotations

from typing import Any

from mbtexp.run import Block, Run, Shown
from mbtexp.task import Material
from mbtexp.timeline import Fixation, Keys, Phase, Scale, Stimulus, Text
from mbtexp.triggers.codes import MORAL as CODES
from tasks.moral.design import Trial
from tasks.moral.params import CONTINUE, POINTS, Params
from tasks.moral.stories import story

CHOSEN_S = 0.2
"""How long the chosen point of the scale stays."""

GAP = Phase("gap", (), 0.2)
"""An empty screen after an answer: its trigger pulse ends before the next code is due."""

STORY_Y, QUESTION_Y, SCALE_Y = 0.2, -0.14, -0.27
WRAP = 1.15


def timeline(trial: Trial, material: Material) -> list[Phase]:
    """The cross, the story, and the scale below it."""
    params: Params = material.params
    cross = Phase("fixation", (Fixation(),), params.fixation_s, code=CODES.fixation)
    return [cross, *story_phases(trial, material), *scale_phases(trial, material)]


def story_phases(trial: Trial, material: Material) -> list[Phase]:
    """The story, first without a way on, then until it has been read."""
    params: Params = material.params
    told = _told(trial, material)
    note = Text(material.text("read"), (0.0, -0.4), 0.03, color="#e0e0e0")
    name = story_name(trial)
    left_s = None if params.story_s is None else round(params.story_s - params.least_s, 6)
    return [
        Phase(name, (told,), params.least_s, code=CODES[name], tag=trial.stim_id),
        Phase("reading", (told, note), left_s, keys=Keys((CONTINUE, material.keys[0]))),
    ]


def story_name(trial: Trial) -> str:
    """The story's phase and code: its kind."""
    return "story_practice" if trial.practice else f"story_{trial.condition}"


def _told(trial: Trial, material: Material) -> Text:
    told = story(material, trial.stim_id).text(trial.condition, trial.relation)
    size = material.params.text_size
    return Text(told, (0.0, STORY_Y), size, wrap=WRAP, align="left")


def scale_phases(trial: Trial, material: Material, chosen: int | None = None) -> list[Phase]:
    """The scale below the story and what closes it; with a ``chosen`` point that one filled."""
    params: Params = material.params
    who = story(material, trial.stim_id).who(trial.relation)
    asked = material.text(f"question_{trial.judgement}", who=who)
    ends = [material.text(f"scale_{trial.judgement}_{end}") for end in ("low", "high")]
    low, high = reversed(ends) if trial.reversed else ends
    scene: tuple[Stimulus, ...] = (
        _told(trial, material),
        Text(asked, (0.0, QUESTION_Y), params.text_size, wrap=WRAP),
        Scale(tuple(material.keys), low, high, pos=(0.0, SCALE_Y), width=0.8, chosen=chosen),
    )
    if chosen is not None:
        return [Phase("scale_chosen", scene, CHOSEN_S)]
    codes = tuple(
        (key, CODES[_response_code(_value(place, trial))])
        for place, key in enumerate(material.keys)
    )
    scale = Phase(
        "scale",
        scene,
        params.window_s,
        code=CODES.judgement,
        keys=Keys(material.keys, codes=codes),
        none_code=None if params.window_s is None else CODES.no_response,
        tag=trial.stim_id,
    )
    # A window that closes by itself needs a screen to close with.
    return [scale] if params.window_s is None else [scale, Phase("scale_end", scene, frames=1)]


def _value(place: int, trial: Trial) -> int:
    """The rating of a point counted from 0 at the left; 7 is the high end wherever it stands."""
    return POINTS - place if trial.reversed else place + 1


def _response_code(value: int) -> str:
    middle = (POINTS + 1) // 2
    if value == middle:
        return "response_middle"
    return "response_high" if value > middle else "response_low"


def statement_phases(trial: Trial, material: Material) -> list[Phase]:
    """A statement about the story, without it, until one of two keys."""
    params: Params = material.params
    yes, no = material.keys[0], material.keys[-1]
    labels = material.text("true_false", yes=yes, no=no)
    scene: tuple[Stimulus, ...] = (
        Text(material.text("question_statement"), (0.0, 0.2), 0.032, color="#e0e0e0"),
        Text(
            story(material, trial.stim_id).statement(),
            (0.0, 0.06),
            params.text_size,
            wrap=WRAP,
        ),
        Text(labels, (0.0, -0.14), params.text_size),
    )
    asked = Phase(
        "statement",
        scene,
        params.window_s,
        code=CODES.statement,
        keys=Keys((yes, no), codes=((yes, CODES.response_true), (no, CODES.response_false))),
        none_code=None if params.window_s is None else CODES.no_response,
        tag=trial.stim_id,
    )
    return [asked] if params.window_s is None else [asked, Phase("statement_end", scene, frames=1)]


# -- the run --------------------------------------------------------------------------------------


def play(run: Run, material: Material) -> None:
    """Instructions, practice, the blocks with a break, thanks."""
    for block in run.blocks():
        for trial in block.trials:
            _prepare(run, trial, material)
        if block.first:
            _open(run, block, material)
        else:
            _between(run, material)
        for trial in run.trials_of(block):
            run.record(**play_trial(run, trial, material))
    run.page("finished", material.text("finished"), _go_on(material))


def _prepare(run: Run, trial: Trial, material: Material) -> None:
    """Build what the trial shows, before any of it is due."""
    chosen = [p for place in range(POINTS) for p in scale_phases(trial, material, place)]
    asked = statement_phases(trial, material) if trial.statement else []
    run.prepare([*timeline(trial, material), *chosen, *asked])


def play_trial(run: Run, trial: Trial, material: Material) -> dict[str, Any]:
    """One story to its judgement, the statement if it has one, and the pause after it."""
    shown = run.show(timeline(trial, material))
    story_at, read, scale = shown[story_name(trial)].onset, shown["reading"], shown["scale"]
    place = None if scale.key is None else material.keys.index(scale.key)
    marked = [] if place is None else scale_phases(trial, material, place)
    said: Shown | None = None
    if trial.statement is not None:
        said = run.show([*marked, GAP, *statement_phases(trial, material)])["statement"]
        marked = []
    run.show([*marked, Phase("iti", (), material.params.iti_s)])
    value = None if place is None else _value(place, trial)
    agrees = None if said is None or said.key is None else said.key == material.keys[0]
    return {
        "response": value,
        "position": None if place is None else place + 1,
        "rt_s": _rounded(scale.rt_s),
        "missed": value is None,
        "reading_s": None if read.press is None else _rounded(read.press - story_at),
        "statement_response": None if agrees is None else "true" if agrees else "false",
        "statement_correct": None if agrees is None else agrees == trial.statement_true,
        "statement_rt_s": None if said is None else _rounded(said.rt_s),
        # The key that left the story may still be down; it is no answer.
        "held": bool(set(scale.held) & set(material.keys)),
    }


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 6)


def _open(run: Run, block: Block, material: Material) -> None:
    if block.resumed:
        run.page("start", _page(material, "resumed"), _go_on(material))
        return
    told = sum(not row.practice for row in run.trials)
    if told < material.params.vignettes:
        run.note("fewer stories than asked for", missing=material.params.vignettes - told)
    run.page("instructions", instructions(material), _go_on(material))
    run.page("instructions", _page(material, "instructions_scale"), _go_on(material))
    run.page("start", _page(material, "practice" if block.practice else "main"), _go_on(material))


def _between(run: Run, material: Material) -> None:
    """A page between two blocks: the end of practice, or a break."""
    done = sum(not event["design"]["practice"] for event in run.recorded)
    whole = sum(not row.practice for row in run.trials)
    key = "break" if done else "main"
    page = _page(material, key, done=done, all=whole)
    run.page("break" if done else "start", page, _go_on(material))


def _page(material: Material, key: str, **values: object) -> str:
    first, last = material.keys[0], material.keys[-1]
    asked = material.text(f"asked_{material.params.judgement}")
    return material.text(key, first=first, last=last, asked=asked, **values).strip()


def _go_on(material: Material) -> tuple[str, str]:
    return (CONTINUE, material.keys[0])


def instructions(material: Material) -> str:
    """The instructions as the participant reads them."""
    return _page(material, "instructions")
