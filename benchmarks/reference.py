"""The reference workload: a fixation mark, a picture with four words, an empty screen.

Fixation for 0.5 s, a picture of 600 x 400 pixels (on a screen 720 high) with four words until the
answer or for 1 s, empty for 0.3 s; one trigger code at the onset and one at the answer. In the
preset ``fixed`` the picture always stays for 1 s, so that trial k has its place at k x 1.8 s.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from mbtexp.run import Run
from mbtexp.session import Session
from mbtexp.simulate import Participant
from mbtexp.strict import setting
from mbtexp.task import Column, Material, PhaseNote, Task
from mbtexp.timeline import Image, Keys, Phase, Rect, Stimulus, Text

HEIGHT_PX = 720
"""The screen that the sizes below are given for; on others they keep their share of it."""

PICTURE_PX = (600, 400)
PICTURES = 40
KEYS = ("f", "j")
RESPONSE_CODES = (101, 102)
CODES = 100
"""Onset codes run from 1 to this and begin again."""

WORDS = ("calm", "eager", "gentle", "grave", "jolly", "proud", "shy", "stern", "tired", "wary")
PLACES_PX = ((-330, 260), (330, 260), (-330, -260), (330, -260))
"""Above and below the picture, and on a 5:4 screen too."""


@dataclass(frozen=True)
class Params:
    """How long what is shown."""

    trials: int = setting(100, doc="number of trials", low=1, high=10_000)
    fixed: bool = setting(False, doc="the picture stays for its time, answered or not")
    fixation_s: float = setting(0.5, doc="fixation mark, s", low=0.01, high=10)
    picture_s: float = setting(1.0, doc="picture at most, s", low=0.01, high=10)
    empty_s: float = setting(0.3, doc="empty screen, s", low=0.01, high=10)


@dataclass(frozen=True)
class Trial:
    """One picture with its words, and what a simulated participant does about it."""

    trial: int
    picture: str
    words: tuple[str, ...]
    code: int
    key: str
    press_s: float | None
    """When the key goes down after the onset, s; None: never."""
    block: int = 1
    practice: bool = False


def timeline(trial: Trial, params: Params) -> list[Phase]:
    """What the trial shows; sizes as shares of the screen's height."""
    width_px, _ = PICTURE_PX
    mark = Rect(20 / HEIGHT_PX, 20 / HEIGHT_PX)
    scene: list[Stimulus] = [Image(trial.picture, width_px / HEIGHT_PX, units="height")]
    scene += [
        Text(word, (x / HEIGHT_PX, y / HEIGHT_PX), 28 / HEIGHT_PX)
        for word, (x, y) in zip(trial.words, PLACES_PX, strict=True)
    ]
    codes = tuple(zip(KEYS, RESPONSE_CODES, strict=True))
    window_s = params.picture_s if params.fixed else None
    return [
        Phase("fixation", (mark,), params.fixation_s),
        Phase(
            "picture",
            tuple(scene),
            params.picture_s,
            code=trial.code,
            keys=Keys(KEYS, ends_phase=not params.fixed, window_s=window_s, codes=codes),
        ),
        Phase("empty", (), params.empty_s),
    ]


def play(run: Run, material: Material) -> None:
    """All trials one after the other; everything is ready before the first."""
    for block in run.blocks():
        for trial in block.trials:
            run.prepare(timeline(trial, material.params))
        for trial in run.trials_of(block):
            shown = run.show(timeline(trial, material.params))["picture"]
            run.record(response=shown.key, rt_s=shown.rt_s)


def design(session: Session, material: Material) -> list[Trial]:
    """Pictures and answers at random: nine in ten trials are answered, after 0.33 to 0.93 s."""
    rng = session.rng("design")
    pictures = draw_pictures()
    n_trials = material.params.trials
    order = rng.permutation([number % PICTURES for number in range(n_trials)])
    return [
        Trial(
            trial=number + 1,
            picture=str(pictures[place]),
            words=tuple(WORDS[(number + 3 * corner) % len(WORDS)] for corner in range(4)),
            code=1 + number % CODES,
            key=KEYS[int(rng.integers(2))],
            press_s=None if rng.random() < 0.1 else min(0.93, 0.33 + float(rng.gamma(4, 0.07))),
        )
        for number, place in enumerate(order)
    ]


@cache
def draw_pictures() -> list[Path]:
    """Coloured noise, drawn once into a temporary folder that lives as long as the program."""
    import numpy as np  # noqa: PLC0415
    from PIL import Image as Pictures  # noqa: PLC0415  comes with PsychoPy

    folder = Path(_folder().name)
    rng = np.random.default_rng(1)
    files = [folder / f"{number:02d}.png" for number in range(PICTURES)]
    for file in files:
        coarse = rng.integers(30, 220, (12, 18, 3), dtype=np.uint8)
        Pictures.fromarray(coarse).resize(PICTURE_PX, Pictures.Resampling.BICUBIC).save(file)
    return files


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="reference-")


def participant(_session: Session, _material: Material) -> Participant:
    """Somebody who answers as the trial says."""

    def answer(phase: Phase, trial: Mapping[str, Any]) -> list[tuple[str, float]]:
        if phase.name != "picture" or trial["press_s"] is None:
            return []
        return [(trial["key"], trial["press_s"])]

    return Participant("scripted", answer)


def reference_task(trials: Callable[[Session, Material], Sequence[Trial]]) -> Task:
    """The workload as a task of mbtexp, with trials from anywhere."""
    return Task(
        name="reference",
        title="Reference workload",
        description="Pictures with four words, to measure a screen, a keyboard and a trigger line.",
        params=Params,
        presets={"respond": {}, "fixed": {"fixed": True}},
        design=trials,
        play=play,
        participant=participant,
        keys=lambda _params: KEYS,
        instructions=lambda material: material.text("instructions"),
        columns={name: Column(text) for name, text in COLUMNS.items()},
        phases={name: PhaseNote(text, hed="") for name, text in PHASES.items()},
        codes={
            **{f"picture_{code}": code for code in range(1, CODES + 1)},
            **{f"response_{key}": code for key, code in zip(KEYS, RESPONSE_CODES, strict=True)},
        },
        texts=Path(__file__).resolve().parent / "texts",
    )


COLUMNS = {
    "trial": "number of the trial, from 1",
    "block": "number of the block",
    "practice": "whether the trial is for practice",
    "picture": "file of the picture",
    "words": "the four words",
    "code": "trigger code at the onset of the picture",
    "key": "key of a simulated participant",
    "press_s": "when a simulated participant presses it, s after the onset",
    "response": "key that answered",
    "rt_s": "from the onset to the press, s",
}

PHASES = {
    "fixation": "white mark in the middle",
    "picture": "picture with four words",
    "empty": "empty screen",
}

TASK = reference_task(design)
