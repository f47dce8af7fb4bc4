"""What a trial of the recognition task shows, and how a run goes.

A cross, a word until a key says old or new, then a scale of three points on which the participant
says how sure that was: six grades from surely new to surely old, as in Yonelinas (1994), in two
steps. Nobody was told before that the words would be asked for. docs/tasks/recognition.md gives
every parameter with its source.
"""

from __future__ import annotations

from typing import Any

from mbtexp.run import Block, Run, Shown
from mbtexp.task import Material
from mbtexp.timeline import Fixation, Keys, Phase, Rect, Stimulus, Text
from mbtexp.triggers.codes import RECOGNITION as CODES
from tasks.recognition.design import Trial
from tasks.recognition.params import CONTINUE, Params

NOTE_SIZE = 0.035
CHOSEN_S = 0.2
"""How long the chosen point of the scale stays."""

SURE = ("low", "middle", "high")
"""Grades of certainty, in the order of the keys."""

PLACES = (-0.42, 0.0, 0.42)
"""Where they stand, in heights of the screen."""


def timeline(trial: Trial, material: Material) -> list[Phase]:
    """The cross, the word until old or new, and the screen before the scale."""
    params: Params = material.params
    cross = Phase("fixation", (Fixation(),), trial.fixation_s, code=CODES.fixation)
    return [cross, word_phase(trial, material), Phase("gap", (), params.gap_s)]


def word_phase(trial: Trial, material: Material) -> Phase:
    """The word in capitals, as it was shown before, above a note of what the keys mean."""
    params: Params = material.params
    old, new = decision_keys(trial, material)
    scene: tuple[Stimulus, ...] = (
        Text(trial.stim_id.upper(), size=params.word_deg, units="deg"),
        Text(reminder(material, trial.old_side), (0.0, -0.3), NOTE_SIZE, color="#e0e0e0"),
    )
    return Phase(
        word_name(trial),
        scene,
        params.window_s,
        code=CODES[word_name(trial)],
        keys=Keys((old, new), codes=((old, CODES.response_old), (new, CODES.response_new))),
        none_code=None if params.window_s is None else CODES.no_response,
        tag=trial.stim_id,
    )


def word_name(trial: Trial) -> str:
    """The word's phase and code: whether it is old, and its class."""
    if trial.practice:
        return "word_practice"
    return f"word_{'old' if trial.old else 'new'}_{trial.condition}"


def decision_keys(trial: Trial, material: Material) -> tuple[str, str]:
    """The keys that say old and new: the outer two."""
    left, right = material.keys[0], material.keys[-1]
    return (left, right) if trial.old_side == "left" else (right, left)


def reminder(material: Material, side: str) -> str:
    """Which key says what, in one line."""
    left, right = material.keys[0].upper(), material.keys[-1].upper()
    return material.text(f"reminder_{side}", left=left, right=right)


def scale_phases(trial: Trial, material: Material) -> list[Phase]:
    """The scale from guessed to very sure, and what closes it."""
    params: Params = material.params
    scene = _scale(material, None)
    codes = tuple(
        (key, CODES[f"confidence_{grade}"]) for key, grade in zip(material.keys, SURE, strict=True)
    )
    scale = Phase(
        "confidence",
        scene,
        params.confidence_s,
        code=CODES.confidence,
        keys=Keys(material.keys, codes=codes),
        none_code=None if params.confidence_s is None else CODES.no_response,
        tag=trial.stim_id,
    )
    # A window that closes by itself needs a screen to close with.
    closing = [] if params.confidence_s is None else [Phase("confidence_end", scene, frames=1)]
    return [scale, *closing]


def chosen_phase(material: Material, place: int) -> Phase:
    """The scale with the chosen point filled."""
    return Phase("confidence_chosen", _scale(material, place), CHOSEN_S)


def _scale(material: Material, chosen: int | None) -> tuple[Stimulus, ...]:
    """The question above the three keys with what they mean; the chosen one in a frame."""
    scene: list[Stimulus] = [Text(material.text("question_sure"), (0.0, 0.2), 0.045)]
    for place, (key, x) in enumerate(zip(material.keys, PLACES, strict=True)):
        label = material.text(f"sure_{SURE[place]}", press=key.upper())
        scene.append(Text(label, (x, 0.0), 0.045))
    if chosen is not None:
        frame = Rect(0.38, 0.17, (PLACES[chosen], 0.0), color=None, line_color="white")
        scene.append(frame)
    return tuple(scene)


# -- the run --------------------------------------------------------------------------------------


def play(run: Run, material: Material) -> None:
    """Instructions, practice, the blocks with a break, thanks."""
    for block in run.blocks():
        for trial in block.trials:
            run.prepare([*timeline(trial, material), *scale_phases(trial, material)])
        run.prepare([chosen_phase(material, place) for place in range(len(SURE))])
        if block.first:
            _open(run, block, material)
        else:
            _between(run, material)
        for trial in run.trials_of(block):
            run.record(**play_trial(run, trial, material))
    run.page("finished", material.text("finished"), _go_on(material))


def play_trial(run: Run, trial: Trial, material: Material) -> dict[str, Any]:
    """One word to its answer, how sure it was, and the pause after it."""
    shown = run.show(timeline(trial, material))[word_name(trial)]
    sure: Shown | None = None
    if shown.key is not None:
        sure = run.show(scale_phases(trial, material))["confidence"]
    place = None if sure is None or sure.key is None else material.keys.index(sure.key)
    marked = [] if place is None else [chosen_phase(material, place)]
    run.show([*marked, Phase("iti", (), trial.iti_s)])
    return _outcome(trial, material, shown, sure, place)


def _outcome(
    trial: Trial, material: Material, shown: Shown, sure: Shown | None, place: int | None
) -> dict[str, Any]:
    old, _ = decision_keys(trial, material)
    says_old = None if shown.key is None else shown.key == old
    return {
        "response": None if says_old is None else "old" if says_old else "new",
        "side": None if shown.key is None else _side(shown.key, material),
        "correct": None if says_old is None else says_old == trial.old,
        "rt_s": None if shown.rt_s is None else round(shown.rt_s, 6),
        "missed": says_old is None,
        "confidence": None if place is None else place + 1,
        "confidence_rt_s": None if sure is None or sure.rt_s is None else round(sure.rt_s, 6),
        "held": bool(shown.held),
    }


def _side(key: str, material: Material) -> str:
    return "left" if key == material.keys[0] else "right"


def _open(run: Run, block: Block, material: Material) -> None:
    trial, params = block.trials[0], material.params
    if block.resumed:
        run.page("start", _text(material, "resumed", trial), _go_on(material))
        return
    if any(row.source == "planned" for row in run.trials):
        run.note("the old words are planned ones: there is no run of the priming task to read")
    missing = params.items - _words_a_class(run)
    if missing > 0:
        run.note("fewer words a class than asked for", missing=missing)
    run.page("instructions", instructions(material), _go_on(material))
    run.page("instructions", _text(material, "instructions_keys", trial), _go_on(material))
    run.page("start", _text(material, _start(block), trial), _go_on(material))


def _words_a_class(run: Run) -> int:
    counted = [row for row in run.trials if not row.practice]
    return len(counted) // (2 * len({row.condition for row in counted}) or 1)


def _start(block: Block) -> str:
    return "practice" if block.practice else "main"


def _between(run: Run, material: Material) -> None:
    """A page between two blocks: the end of practice, or a break."""
    done = sum(not event["design"]["practice"] for event in run.recorded)
    whole = sum(not row.practice for row in run.trials)
    key = "break" if done else "main"
    page = _text(material, key, run.trials[0], done=done, all=whole)
    run.page("break" if done else "start", page, _go_on(material))


def _text(material: Material, key: str, trial: Trial, **values: object) -> str:
    keys = {name: key.upper() for name, key in zip(("k1", "k2", "k3"), material.keys, strict=True)}
    return material.text(key, keys=reminder(material, trial.old_side), **keys, **values).strip()


def _go_on(material: Material) -> tuple[str, str]:
    return (CONTINUE, material.keys[0])


def instructions(material: Material) -> str:
    """The instructions as the participant reads them."""
    return material.text("instructions", language=material.text("english_words")).strip()
