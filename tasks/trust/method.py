"""What a trial of the trust task shows, and how a run goes.

After Winston et al. (2002) and Engell et al. (2007): a face for a second, then a judgement of its
trustworthiness or its age, at first sight and without feedback. docs/tasks/trust.md gives every
parameter with its source.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mbtexp.run import Block, Run, Shown
from mbtexp.task import Material
from mbtexp.timeline import Fixation, Image, Keys, Phase, Scale, Stimulus, Text
from mbtexp.triggers.codes import TRUST as CODES
from tasks.trust.design import BEFORE_CUE_S, POINTS, Params, Trial
from tasks.trust.faces import set_of

CONTINUE = "space"
"""Key that turns a page."""

CHOSEN_S = 0.2
"""How long the chosen point of a scale is shown, s."""

REST = Phase("rest", (Fixation(),), frames=1)
"""A cross that stays until the next phase with a fixed onset is due."""

HIGH = {"trust": "trustworthy", "age": "older"}
LOW = {"trust": "untrustworthy", "age": "younger"}
"""The two answers of a decision, by judgement; the log has them in English."""


def scaled(params: Params) -> bool:
    """Whether an answer is a point of a scale, which comes after the face."""
    return params.answer == "scale"


def fixed(params: Params) -> bool:
    """Whether all onsets are fixed before the run begins."""
    return params.soa_s is not None


def timeline(trial: Trial, material: Material) -> list[Phase]:
    """The cross, the face, its mask and the scale, up to the answer."""
    params: Params = material.params
    if fixed(params):
        return _fixed_timeline(trial, material)
    cross = Phase("fixation", (Fixation(),), trial.fixation_s, code=CODES["fixation"])
    if scaled(params):
        scale = scale_phase(trial, material)
        # A window that closes by itself needs a screen to close with.
        closing = [] if params.window_s is None else [Phase("scale_end", scale.stimuli, frames=1)]
        return [cross, face_phase(trial, material), *_mask(trial, material), scale, *closing]
    face = face_phase(trial, material)
    if params.face_s is None:
        closing = [] if params.window_s is None else [Phase("face_end", face.stimuli, frames=1)]
        return [cross, replace(face, duration_s=params.window_s), *closing]
    return [cross, replace(face, keys=None), *_mask(trial, material), *_question(trial, material)]


def _fixed_timeline(trial: Trial, material: Material) -> list[Phase]:
    """The face at its onset, a cross to the end of the answer window, a cross until the next."""
    params: Params = material.params
    face = replace(face_phase(trial, material), at_s=_at(trial))
    mask = _mask(trial, material)
    shown_s = (params.face_s or 0.0) + sum(phase.duration_s or 0.0 for phase in mask)
    wait = Phase("wait", (Fixation(),), round((params.window_s or 0.0) - shown_s, 6))
    return [face, *mask, wait, REST]


def face_phase(trial: Trial, material: Material) -> Phase:
    """The face; with two keys its answer window opens with it."""
    params: Params = material.params
    scene: list[Stimulus] = [_picture(trial.stim_id, material)]
    answers = None
    if not scaled(params):
        scene += _labels(trial, material)
        answers = _decision(trial, material)
    return Phase(
        face_name(trial),
        scene,
        params.face_s,
        code=CODES[face_name(trial)],
        keys=answers,
        none_code=None if answers is None else CODES["no_response"],
        tag=trial.stim_id,
    )


def face_name(trial: Trial) -> str:
    """The face's phase and code: its judgement and its third of the norms, or its step."""
    if trial.practice:
        return "face_practice"
    if trial.morph_step is not None:
        return f"face_step_{trial.morph_step}"
    return f"face_{trial.judgement}" + (f"_{trial.level}" if trial.level else "")


def _decision(trial: Trial, material: Material) -> Keys:
    """The two keys; where onsets are fixed the window outlasts the face."""
    params: Params = material.params
    left, right = material.keys[:2]
    codes = (
        (left, CODES["response_high" if trial.reversed else "response_low"]),
        (right, CODES["response_low" if trial.reversed else "response_high"]),
    )
    if fixed(params):
        return Keys((left, right), ends_phase=False, window_s=params.window_s, codes=codes)
    return Keys((left, right), codes=codes)


def _question(trial: Trial, material: Material) -> list[Phase]:
    """After a face of a fixed duration: the question until one of two keys."""
    params: Params = material.params
    scene = (_text(material, f"question_{trial.judgement}", 0.0), *_labels(trial, material))
    asked = Phase(
        "question",
        scene,
        params.window_s,
        code=CODES["window"],
        keys=_decision(trial, material),
        none_code=CODES["no_response"],
    )
    closing = [] if params.window_s is None else [Phase("question_end", scene, frames=1)]
    return [asked, *closing]


def scale_phase(trial: Trial, material: Material, chosen: int | None = None) -> Phase:
    """The scale from 1 to 7 with its question; a ``chosen`` point is shown filled for a moment."""
    params: Params = material.params
    low, high = (material.text(f"scale_{trial.judgement}_{end}") for end in ("low", "high"))
    ends = (high, low) if trial.reversed else (low, high)
    scale = Scale(tuple(material.keys), *ends, pos=(0.0, -0.06), width=0.8, chosen=chosen)
    question = Text(material.text(f"question_{trial.judgement}"), (0.0, 0.16), 0.045)
    scene = (question, scale)
    if chosen is not None:
        return Phase("scale_chosen", scene, CHOSEN_S)
    codes = tuple(
        (key, CODES[_response_code(_value(place, trial))])
        for place, key in enumerate(material.keys)
    )
    return Phase(
        "scale",
        scene,
        params.window_s,
        code=CODES["window"],
        keys=Keys(material.keys, codes=codes),
        none_code=CODES["no_response"],
    )


def _value(place: int, trial: Trial) -> int:
    """The rating of a point counted from 0 at the left; 7 is the high end wherever it stands."""
    return POINTS - place if trial.reversed else place + 1


def _response_code(value: int) -> str:
    middle = (POINTS + 1) // 2
    if value == middle:
        return "response_middle"
    return "response_high" if value > middle else "response_low"


def _mask(trial: Trial, material: Material) -> list[Phase]:
    params: Params = material.params
    if trial.mask is None or params.mask_s is None:
        return []
    scene = (_picture(trial.mask, material),)
    return [Phase("mask", scene, params.mask_s, code=CODES["stimulus_offset"], tag=trial.mask)]


def _picture(item_id: str, material: Material) -> Image:
    stimuli = set_of(material)
    return Image(str(stimuli.path(stimuli.item(item_id))), material.params.picture_deg)


def _labels(trial: Trial, material: Material) -> list[Stimulus]:
    """What the two keys mean, below the face on their sides."""
    params: Params = material.params
    words = [material.text(LOW[trial.judgement]), material.text(HIGH[trial.judgement])]
    if trial.reversed:
        words.reverse()
    x = 0.55 * params.picture_deg
    y = -0.6 * params.picture_deg - 1.6 * params.text_deg
    return [
        Text(f"{key}  {word}", (side * x, y), params.text_deg, "deg")
        for side, key, word in zip((-1, 1), material.keys[:2], words, strict=True)
    ]


def _text(material: Material, key: str, y: float) -> Text:
    return Text(material.text(key), (0.0, y), material.params.text_deg * 1.3, "deg")


def _at(trial: Trial) -> float:
    return 0.0 if trial.onset_s is None else trial.onset_s


# -- the run --------------------------------------------------------------------------------------


def play(run: Run, material: Material) -> None:
    """Instructions, practice, the blocks with their breaks, thanks."""
    params: Params = material.params
    before: str | None = None
    for block in run.blocks():
        # Where onsets are fixed there is no time to build anything once the first one has come.
        for trial in run.trials * block.first if fixed(params) else block.trials:
            _prepare(run, trial, material)
        judgement = block.trials[0].judgement
        if block.first:
            _open(run, block, material)
        elif not fixed(params):
            _between(run, material, judgement, changed=judgement != before)
        before = judgement
        for trial in run.trials_of(block):
            if fixed(params) and trial is block.trials[0]:
                _cue(run, trial, material)
            run.record(**play_trial(run, trial, material))
    if not fixed(params):
        run.page("finished", material.text("finished"), (CONTINUE, material.keys[0]))


def _prepare(run: Run, trial: Trial, material: Material) -> None:
    run.prepare(timeline(trial, material))
    if scaled(material.params):
        run.prepare([scale_phase(trial, material, place) for place in range(POINTS)])


def play_trial(run: Run, trial: Trial, material: Material) -> dict[str, Any]:
    """One trial to its answer, and the blank after it."""
    shown = run.show(timeline(trial, material))
    face = shown[face_name(trial)]
    answer = shown.get("scale") or shown.get("question") or face
    place = None if answer.key is None else material.keys.index(answer.key)
    if not fixed(material.params):
        blank = Phase("iti", (), trial.iti_s)
        marked = [] if place is None or "scale" not in shown else [place]
        run.show([*(scale_phase(trial, material, p) for p in marked), blank])
    return {**_outcome(trial, material.params, place, answer, face), "held": bool(face.held)}


def _outcome(
    trial: Trial, params: Params, place: int | None, answer: Shown, face: Shown
) -> dict[str, Any]:
    """The answer with its time from the scale (or the face) and from the face."""
    response: int | str | None = None
    if place is not None and scaled(params):
        response = _value(place, trial)
    elif place is not None:
        high = (place == 1) != trial.reversed
        response = (HIGH if high else LOW)[trial.judgement]
    press = answer.press
    return {
        "response": response,
        "position": None if place is None else place + 1,
        "rt_s": None if answer.rt_s is None else round(answer.rt_s, 6),
        "rt_face_s": None if press is None else round(press - face.onset, 6),
        "missed": response is None,
    }


def _open(run: Run, block: Block, material: Material) -> None:
    params, text = material.params, material.text
    go_on = (CONTINUE, material.keys[0])
    run.page("instructions", instructions(material), go_on)
    page = f"instructions_{'scale' if scaled(params) else 'binary'}"
    run.page("instructions", text(page, **_named_keys(material)).strip(), go_on)
    if fixed(params):
        run.start_clock(_already_s(block, params))
        # The lead-in: a cross, and not the page before it, until the first question is due.
        run.show([REST])
        return
    key = "resumed" if block.resumed else "practice" if block.practice else "main"
    question = text(f"question_{block.trials[0].judgement}")
    run.page("start", text(key, question=question), go_on)


def _already_s(block: Block, params: Params) -> float:
    """Where on the run's time axis a resumed block finds us, s; 0 for a new run."""
    if not block.resumed:
        return 0.0
    return _at(block.trials[0]) - BEFORE_CUE_S - params.cue_s - params.lead_in_s


def _named_keys(material: Material) -> dict[str, str]:
    return {"first": material.keys[0], "last": material.keys[-1]}


def instructions(material: Material) -> str:
    """The instructions as the participant reads them."""
    params, text = material.params, material.text
    asked = ("trust", "age") if params.judgements == "both" else (params.judgements,)
    return text(
        "instructions",
        questions="\n".join(text(f"question_{judgement}") for judgement in asked),
        turns=text("turns") if len(asked) > 1 else "",
        brief=text("brief") if params.mask_s is not None else "",
        pace=text("pace_quick" if params.quick else "pace"),
    ).strip()


def _between(run: Run, material: Material, judgement: str, *, changed: bool) -> None:
    """A page between two blocks: a break, the end of practice, or another question."""
    done = sum(not event["design"]["practice"] for event in run.recorded)
    whole = sum(not row.practice for row in run.trials)
    key = "main" if done == 0 else "changed" if changed else "break"
    question = material.text(f"question_{judgement}")
    page = material.text(key, done=done, all=whole, question=question)
    run.page("start" if done == 0 else "break", page, (CONTINUE, material.keys[0]))


def _cue(run: Run, trial: Trial, material: Material) -> None:
    """The question of the coming block, in time for its first face, and a cross after it."""
    params: Params = material.params
    question = _text(material, f"question_{trial.judgement}", 0.0)
    scene = (question, *_labels(trial, material))
    at_s = _at(trial) - BEFORE_CUE_S - params.cue_s
    cue = Phase("cue", scene, params.cue_s, at_s=at_s, code=CODES["cue"], tag=trial.judgement)
    run.prepare([cue])
    run.show([cue, REST])
