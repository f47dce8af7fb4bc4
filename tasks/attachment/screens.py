"""What a trial of the attachment task shows: pictures, dots, sliders, primes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from mbtexp.errors import TimingError
from mbtexp.scales import Feeling, affective
from mbtexp.task import Material
from mbtexp.timeline import Fixation, Image, Keys, Phase, Rect, Slider, Stimulus, Text, frames
from mbtexp.triggers.codes import ATTACHMENT as CODES
from tasks.attachment.design import prime_conditions, primes_of
from tasks.attachment.dots import STEP_S, quiet_s
from tasks.attachment.params import Params
from tasks.attachment.trials import Trial, set_of

LISTEN_S = 1.6
"""Longest stretch of a cross in which a dot can still be reported, s."""

CROSS: tuple[Stimulus, ...] = (Fixation(),)

BETWEEN = Phase("between", (), STEP_S)
"""An empty screen after an untimed answer: its trigger pulse ends before the next code is due."""

UNHEARD_S = 0.1
"""Time before a dot, or before a picture that follows at once, in which presses have no code, s."""

MASK = "XXXXXXXXXXXX"

NO_WORD = "oooooo"
"""Stands for the prime in practice."""

SLABS = 9
"""Boxes that a dot is made of."""


def key_names(material: Material) -> tuple[str, str, str]:
    """The keys for left, right and confirm as a page calls them."""
    left, right, confirm = (
        material.text("key_space") if key == "space" else key for key in material.keys
    )
    return left, right, confirm


def go_on(material: Material) -> tuple[str, ...]:
    """Keys that turn a page: the space bar, and the key that confirms."""
    return tuple(dict.fromkeys(("space", material.keys[2])))


# -- pictures -------------------------------------------------------------------------------------


def picture_phases(
    trial: Trial, material: Material, refresh_hz: float, at_s: float | None = None
) -> list[Phase]:
    """The picture, with its dot if it has one, and the cross that follows it.

    The parts of a picture with a dot are given in frames, so that they add up to the whole.
    """
    params: Params = material.params
    name = "practice" if trial.practice else "picture"
    keys = _dot_key(material) if trial.dot is not None else None
    scene = _picture(trial, material)
    code = CODES[trial.cell or "practice"]
    tag = trial.stim_id or ""
    last = keys if trial.gap_s else _not_at_the_end(keys, params.picture_s)
    whole = Phase(name, scene, params.picture_s, code=code, keys=last, tag=tag, at_s=at_s)
    phases = [whole]
    if trial.dot and trial.dot_at_s is not None:
        before = frames(trial.dot_at_s, refresh_hz, where="dot_at_s")
        during = frames(params.dot_s, refresh_hz, where="dot_s")
        after = frames(params.picture_s, refresh_hz, where="picture_s") - before - during
        with_dot = (*scene, *dot(trial.dot_x or 0.0, trial.dot_y or 0.0, params.dot_deg))
        if not trial.gap_s:
            last = _not_at_the_end(keys, after / refresh_hz)
        phases = [
            replace(
                whole,
                duration_s=None,
                frames=before,
                keys=_not_at_the_end(keys, before / refresh_hz),
            ),
            Phase(f"{name}_dot", with_dot, frames=during, code=CODES.probe, keys=keys, tag=tag),
            Phase(f"{name}_on", scene, frames=after, keys=last, tag=tag),
        ]
    return [*phases, *_cross_after(trial, material)]


def _cross_after(trial: Trial, material: Material) -> list[Phase]:
    """The pause after a picture: first a dot can still be reported, then nothing is awaited."""
    if not trial.gap_s:
        return []
    keys = _dot_key(material) if trial.dot is not None else None
    listen_s = round(min(LISTEN_S, trial.gap_s - quiet_s(material.params)), 6)
    # No code at its onset: a press just before would have its own cut short.
    cross = Phase("fixation", CROSS, listen_s, keys=keys)
    left_s = round(trial.gap_s - listen_s, 6)
    return [cross, _ready(trial, left_s)]


def _dot_key(material: Material) -> Keys:
    key = material.keys[2]
    return Keys((key,), ends_phase=False, codes=((key, CODES.response_first),))


def _not_at_the_end(keys: Keys | None, length_s: float) -> Keys | None:
    """The same keys up to a moment before the next code, which must not cut theirs."""
    return None if keys is None else replace(keys, window_s=length_s - UNHEARD_S)


def _picture(trial: Trial, material: Material) -> tuple[Stimulus, ...]:
    stimuli = set_of(material)
    picture = stimuli.picture(stimuli.item(trial.stim_id or ""))
    return (Image(picture, material.params.picture_deg),)


def dot(x: float, y: float, size_deg: float) -> tuple[Rect, ...]:
    """A light disc in a dark ring, seen on light and on dark; built from boxes."""
    return (*_disc(x, y, 0.5 * size_deg, "#202020"), *_disc(x, y, 0.36 * size_deg, "#d8d8d8"))


def _disc(x: float, y: float, radius: float, color: str) -> list[Rect]:
    angles = [math.pi / 2 * (k + 0.5) / SLABS for k in range(SLABS)]
    return [
        Rect(2 * radius * math.cos(a), 2 * radius * math.sin(a), (x, y), units="deg", color=color)
        for a in angles
    ]


def count_phases(trial: Trial, material: Material, at_s: float | None = None) -> list[Phase]:
    """A number with the request to count back from it in sevens, and a moment of the cross."""
    size = material.params.word_deg
    scene = (
        Text(material.text("count_back"), (0.0, 2.5 * size), size, "deg", wrap=24 * size),
        Text(str(trial.number), (0.0, -0.5 * size), 2 * size, "deg"),
    )
    cross_s = 2 * STEP_S
    count_s = round((trial.duration_s or 0.0) - cross_s, 6)
    count = Phase("count_back", scene, count_s, code=CODES.count_back, at_s=at_s)
    return [count, _ready(trial, cross_s)]


def _ready(trial: Trial, duration_s: float) -> Phase:
    """The cross until what comes next is due; with fixed onsets that has a time of its own."""
    if trial.onset_s is not None:
        return Phase("ready", CROSS, frames=1)
    return Phase("ready", CROSS, duration_s)


# -- ratings --------------------------------------------------------------------------------------


def question(trial: Trial, material: Material) -> tuple[Stimulus, ...]:
    """What stands above a slider: the question, and whose picture it is about."""
    asked = material.text(f"question_{trial.kind}_{trial.scale}")
    left, right, confirm = key_names(material)
    hint = material.text("slider_hint", left=left, right=right, confirm=confirm)
    note = Text(hint, (0.0, -0.41), 0.026, color="#c8c8c8", wrap=1.2)
    if trial.kind == "mood":
        return (Text(asked, (0.0, 0.2), 0.04, wrap=1.1), *_ends(trial.scale), note)
    stimuli = set_of(material)
    item = stimuli.item(trial.stim_id or "")
    height = 0.4
    picture = Image(
        stimuli.picture(item), height * item.width_px / item.height_px, (0.0, 0.24), "height"
    )
    return (picture, Text(asked, (0.0, -0.04), 0.036, wrap=1.1), *_ends(trial.scale), note)


def slider(trial: Trial, material: Material) -> Slider:
    """The line of a rating; where it has drawn faces at its ends it needs no words there."""
    feeling = _feeling(trial.scale)
    if feeling is not None:
        return affective(feeling, _SLIDER_AT)[0]
    scale = trial.scale or ""
    low, high = (material.text(f"{end}_{scale}") for end in ("low", "high"))
    return Slider(low, high, pos=_SLIDER_AT, width=0.9)


_SLIDER_AT = (0.0, -0.18)

FEELINGS: Mapping[str, Feeling] = {
    "pleasure": "pleasure",
    "valence": "pleasure",
    "arousal": "arousal",
}
"""Ratings that are made on one of the two affective sliders."""


def _feeling(scale: str | None) -> Feeling | None:
    """Which of the two affective sliders a rating is shown with, if with one."""
    return FEELINGS.get(scale or "")


def _ends(scale: str | None) -> tuple[Stimulus, ...]:
    feeling = _feeling(scale)
    return () if feeling is None else affective(feeling, _SLIDER_AT)[1]


# -- primes ---------------------------------------------------------------------------------------


def prime_phases(trial: Trial, material: Material, refresh_hz: float) -> list[Phase]:
    """A cross, the masked prime for its frames, the mask, and what is asked about it."""
    params: Params = material.params
    n_frames = prime_frames(params, refresh_hz)
    shown = dict(primes_of(material, trial.condition)) if trial.condition else {}
    word = shown.get(trial.prime or "", "")
    prime = Phase(
        "prime", (_word(word, params),), frames=n_frames, code=CODES.prime, tag=trial.prime or ""
    )
    return [
        Phase("fixation", CROSS, 1.0, code=CODES.fixation),
        prime,
        Phase("mask", (_word(MASK, params),), params.mask_s),
        _asked(trial, material),
    ]


def _word(word: str, params: Params) -> Text:
    return Text(word or NO_WORD, size=params.word_deg, units="deg")


def _asked(trial: Trial, material: Material) -> Phase:
    """The pattern to be judged, or the question which kind of word was shown."""
    left, right = material.keys[:2]
    size = material.params.word_deg
    pair, shown = pair_of(trial, material), sides(trial, material)
    options = [material.text(f"option_{option}") for option in shown]
    labels = tuple(
        Text(f"{key}  {option}", (x, -7.0), size, "deg")
        for key, option, x in zip((left, right), options, (-6.0, 6.0), strict=True)
    )
    # Codes are the options', not those of their sides, which change over participants.
    first, second = (left, right) if shown == pair else (right, left)
    codes = ((first, CODES.response_first), (second, CODES.response_second))
    keys = Keys((left, right), codes=codes)
    if trial.kind == "awareness":
        asked = Text(material.text("question_awareness"), size=size, units="deg", wrap=24 * size)
        return Phase("awareness", (asked, *labels), code=CODES.awareness, keys=keys)
    return Phase(
        "target",
        (*_picture(trial, material), *labels),
        code=CODES.target,
        keys=keys,
        tag=trial.stim_id or "",
    )


def pair_of(trial: Trial, material: Material) -> tuple[str, str]:
    """The two options of a question, the first one first wherever it stands."""
    if trial.kind == "awareness":
        return prime_conditions(material.params)
    return ("pleasant", "unpleasant")


def sides(trial: Trial, material: Material) -> tuple[str, str]:
    """The two options as they stand, left and right."""
    first, second = pair_of(trial, material)
    return (second, first) if trial.left == second else (first, second)


def prime_frames(params: Params, refresh_hz: float) -> int:
    """The prime's frames; refuses a display on which they are too short or too long."""
    low_s, high_s = params.prime_shortest_s, params.prime_longest_s
    shown_s = params.prime_frames / refresh_hz
    if low_s <= shown_s <= high_s:
        return params.prime_frames
    fitting = [n for n in range(1, 60) if low_s <= n / refresh_hz <= high_s]
    if fitting:
        means = " or ".join(f"{n} ({1000 * n / refresh_hz:.1f} ms)" for n in fitting)
        advice = f"At this rate prime_frames must be {means}."
    else:
        advice = "No number of frames fits at this rate; use a display with 60, 100 or 120 Hz."
    raise TimingError(
        f"prime_frames is {params.prime_frames}: at {refresh_hz:g} Hz that is "
        f"{1000 * shown_s:.1f} ms, and a masked prime must last from {1000 * low_s:g} to "
        f"{1000 * high_s:g} ms. {advice}"
    )
