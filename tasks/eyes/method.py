"""What a trial of the Eyes test shows, and how a run goes.

After Baron-Cohen et al. (2001): a cross for 0.5 s, then a picture of two eyes with four words
around it until a key. The score is the number of words chosen as the test's key has them;
docs/tasks/eyes.md gives every parameter with its source, and what the score is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mbtexp.run import Block, Run, Shown
from mbtexp.task import Material
from mbtexp.timeline import Fixation, Image, Keys, Phase, Position, Rect, Stimulus, Text
from mbtexp.triggers.codes import EYES as CODES
from tasks.eyes.design import POSITIONS, Params, Trial, has_glossary, set_of, untimed

CONTINUE = "space"
"""Key that turns a page."""

AFTER = Phase("after", (), 0.2)
"""An empty screen after an untimed answer: its trigger pulse ends before the next code is due."""

HOLD_FRAMES = 3
"""How long a screen stays after the glossary's key: its code must not be cut by the next one."""

REST = Phase("rest", (Fixation(),), frames=1)
"""A cross that stays until the next phase with a fixed onset is due."""


def timeline(trial: Trial, material: Material) -> list[Phase]:
    """The cross, the picture with its words, and in timed presets the cross until the next one."""
    params: Params = material.params
    cross = Phase("fixation", (Fixation(),), params.fixation_s, code=CODES["fixation"])
    picture = picture_phase(trial, material)
    if untimed(params):
        return [cross, picture]
    cross = replace(cross, at_s=_at(trial) - params.fixation_s)
    return [cross, replace(picture, at_s=_at(trial)), REST]


def picture_phase(trial: Trial, material: Material, chosen: str | None = None) -> Phase:
    """The picture with its question and words until an answer, or for the response window.

    With a ``chosen`` place: framed there, until the choice is confirmed or another one is made.
    """
    params: Params = material.params
    keys = dict(zip(POSITIONS, material.keys, strict=False))
    allowed = tuple(keys[position] for position in trial.words)
    codes = tuple((keys[position], CODES[f"response_{position}"]) for position in trial.words)
    scene = _scene(trial, material)
    if chosen is not None:
        answers = Keys((*allowed, CONTINUE), codes=codes)
        framed = (*scene, *_mark(material, chosen))
        return Phase("choice", framed, keys=answers, tag=trial.words[chosen])
    if has_glossary(params) and trial.condition == "mental":
        allowed += (material.keys[4],)
    name = "practice" if trial.practice else trial.condition
    return Phase(
        f"eyes_{name}",
        scene,
        duration_s=params.window_s,
        code=CODES[f"eyes_{name}"],
        keys=Keys(allowed, codes=codes),
        none_code=CODES["no_response"],
        tag=trial.stim_id,
    )


def _scene(trial: Trial, material: Material) -> list[Stimulus]:
    params: Params = material.params
    item = set_of(material).item(trial.stim_id)
    keys = dict(zip(POSITIONS, material.keys, strict=False))
    places = _places(params)
    words: list[Stimulus] = [
        Text(f"{keys[position]}  {word}", places[position], params.word_deg, "deg")
        for position, word in trial.words.items()
    ]
    question = Text(
        material.text(f"question_{trial.condition}"),
        (0.0, places["tl"][1] + 2.2 * params.word_deg),
        params.word_deg,
        "deg",
        color="#e0e0e0",
    )
    picture = Image(str(set_of(material).path(item)), params.picture_deg)
    return [picture, *words, question]


def _places(params: Params) -> dict[str, Position]:
    """Where the words stand: above and below the outer quarters of the picture, deg."""
    x = 0.33 * params.picture_deg
    y = 0.292 * params.picture_deg + 1.6 * params.word_deg
    return {"tl": (-x, y), "tr": (x, y), "bl": (-x, -y), "br": (x, -y)}


def _mark(material: Material, chosen: str) -> list[Stimulus]:
    """The frame around a choice that can still be changed, and how to confirm it."""
    params: Params = material.params
    x, y = _places(params)[chosen]
    frame = Rect(
        0.5 * params.picture_deg, 1.7 * params.word_deg, (x, y), "deg", None, line_color="white"
    )
    return [frame, _note(params, material.text("confirm_choice"))]


def _note(params: Params, text: str) -> Text:
    """Lines below the lower words; their middle moves down with their number."""
    below = 3.4 + 0.7 * text.count("\n")
    y = _places(params)["bl"][1] - below * params.word_deg
    return Text(text, (0.0, y), params.word_deg, "deg", color="#ffe9a8", wrap=34 * params.word_deg)


def glossary_phases(trial: Trial, material: Material, word: str | None) -> Phase:
    """The picture with the meaning of a word, or with the question which word."""
    params: Params = material.params
    *choice_keys, back = material.keys
    meaning = material.text("glossary_title", glossary=back)
    if word is not None:
        known = set_of(material).glossaries.get(material.text.language, {}).get(word)
        meaning = f"{word}: {known or material.text('glossary_none')}\n\n{meaning}"
    return Phase(
        "glossary",
        (*_scene(trial, material), _note(params, meaning)),
        code=CODES["lookup"] if word is None else None,
        keys=Keys((*choice_keys, back)),
        tag=word or "",
    )


def _held(phase: Phase) -> Phase:
    """The same screen a little longer, once its key has been pressed."""
    return Phase("hold", phase.stimuli, frames=HOLD_FRAMES)


def _at(trial: Trial) -> float:
    return 0.0 if trial.onset_s is None else trial.onset_s


def play(run: Run, material: Material) -> None:
    """Instructions, practice, the blocks with their breaks, thanks."""
    params: Params = material.params
    something_left = len(run.recorded) < len(run.trials)
    for block in run.blocks():
        # Where onsets are fixed there is no time to build anything once the first one has come.
        for trial in block.trials if untimed(params) else run.trials * block.first:
            run.prepare(timeline(trial, material))
        if block.first:
            _open(run, block, material)
        elif untimed(params):
            _break(run, material)
        for trial in run.trials_of(block):
            if trial is block.trials[0] and not untimed(params):
                _cue(run, trial, material)
            run.record(**play_trial(run, trial, material))
    if untimed(params):
        run.page("finished", material.text("finished"), (CONTINUE, material.keys[0]))
    elif something_left:
        run.show([replace(REST, at_s=_end_s(run.trials[-1], params))])


def _end_s(last: Trial, params: Params) -> float:
    """When a timed run is over: its length must not depend on the last answer, s."""
    return _at(last) + (params.window_s or 0.0) + params.iti_high_s


def play_trial(run: Run, trial: Trial, material: Material) -> dict[str, Any]:
    """One trial to its answer; time spent on looking up words is not part of the RT."""
    shown = _picture(run.show(timeline(trial, material)))
    held, waited_s, lookup_s = bool(shown.held), 0.0, 0.0
    words: list[str] = []
    while _asks_for_glossary(shown, material):
        waited_s += shown.rt_s or 0.0
        looked_up, spent_s, page = _look_up(run, trial, material)
        words += looked_up
        lookup_s += spent_s
        again = replace(picture_phase(trial, material), code=CODES["lookup_end"])
        shown = _picture(run.show([_held(page), again]))
    rt_s = None if shown.rt_s is None else waited_s + shown.rt_s
    position = _position(shown.key, material)
    if material.params.correction and untimed(material.params) and position is not None:
        position = _corrected(run, trial, material, position)
    if untimed(material.params):
        run.show([AFTER])
    chosen = None if position is None else trial.words[position]
    return {
        "response": chosen,
        "position": position,
        "correct": None if chosen is None else chosen == trial.target,
        "rt_s": None if rt_s is None else round(rt_s, 6),
        "missed": chosen is None,
        "lookups": words,
        "lookup_s": round(lookup_s, 6),
        "held": held,
    }


def _picture(shown: Mapping[str, Shown]) -> Shown:
    """The phase with the picture, whatever its judgement."""
    return next(phase for name, phase in shown.items() if name.startswith("eyes_"))


def _asks_for_glossary(shown: Shown, material: Material) -> bool:
    return shown.key is not None and len(material.keys) > 4 and shown.key == material.keys[4]


def _look_up(run: Run, trial: Trial, material: Material) -> tuple[list[str], float, Phase]:
    """Pages of the glossary until the key leads back: words, time spent (s) and the last page."""
    words: list[str] = []
    word: str | None = None
    began: float | None = None
    while True:
        phase = glossary_phases(trial, material, word)
        run.prepare([phase])
        # Only the first page opens the glossary, and so is coded.
        opening = [_held(picture_phase(trial, material))] if began is None else []
        shown = run.show([*opening, phase])["glossary"]
        began = shown.onset if began is None else began
        position = _position(shown.key, material)
        if position is None or position not in trial.words:
            return words, (shown.press or shown.onset) - began, phase
        word = trial.words[position]
        words.append(word)


def _corrected(run: Run, trial: Trial, material: Material, position: str) -> str:
    """Frame the choice until it is confirmed; another number moves the frame."""
    while True:
        phase = picture_phase(trial, material, position)
        run.prepare([phase])
        key = run.show([phase])["choice"].key
        if key == CONTINUE:
            return position
        position = _position(key, material) or position


def _position(key: str | None, material: Material) -> str | None:
    return dict(zip(material.keys[:4], POSITIONS, strict=True)).get(key or "")


def _open(run: Run, block: Block, material: Material) -> None:
    params, text = material.params, material.text
    go_on = (CONTINUE, material.keys[0])
    run.page("instructions", instructions(material), go_on)
    if params.control != "none":
        tl, tr = material.keys[:2]
        question = text(f"question_{params.control}")
        page = text("instructions_control", control_question=question, tl=tl, tr=tr)
        run.page("instructions", page, go_on)
    if not untimed(params):
        run.start_clock(_already_s(block, params))
        # The lead-in: a cross, and not the page before it, until the first question is due.
        run.show([REST])
        return
    key = "resumed" if block.resumed else "practice" if block.practice else "main"
    run.page("start", text(key), go_on)


def _already_s(block: Block, params: Params) -> float:
    """Where on the run's time axis a resumed block finds us, s; 0 for a new run."""
    if not block.resumed:
        return 0.0
    return _at(block.trials[0]) - params.fixation_s - params.cue_s - params.lead_in_s


def instructions(material: Material) -> str:
    """The instructions as the participant reads them."""
    params, text = material.params, material.text
    tl, tr, bl, br = material.keys[:4]
    return text(
        "instructions",
        tl=tl,
        tr=tr,
        bl=bl,
        br=br,
        pace=text("pace_untimed")
        if untimed(params)
        else text("pace_timed", window_s=params.window_s),
        glossary=text("glossary_hint", glossary=material.keys[4]) if has_glossary(params) else "",
    ).strip()


def _break(run: Run, material: Material) -> None:
    done = sum(not event["design"]["practice"] for event in run.recorded)
    whole = sum(not row.practice for row in run.trials)
    key = "main" if done == 0 else "break"
    page = material.text(key, done=done, all=whole)
    run.page("start" if done == 0 else "break", page, (CONTINUE, material.keys[0]))


def _cue(run: Run, trial: Trial, material: Material) -> None:
    """The question of the coming block, in time for its first picture."""
    params: Params = material.params
    question = Text(
        material.text(f"question_{trial.condition}"), size=1.2 * params.word_deg, units="deg"
    )
    at_s = _at(trial) - params.fixation_s - params.cue_s
    cue = Phase(
        "cue", (question,), params.cue_s, at_s=at_s, code=CODES.get("cue"), tag=trial.condition
    )
    run.prepare([cue])
    run.show([cue])
