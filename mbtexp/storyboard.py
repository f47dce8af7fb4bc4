"""Every screen of a task in one picture, drawn by the real window from the task's own phases."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mbtexp.clock import MonotonicClock
from mbtexp.conduct import Prepared, Request, core_texts, operator_keys, prepare
from mbtexp.errors import DeviceError, SettingError
from mbtexp.events import MemoryLog
from mbtexp.run import Run
from mbtexp.simulate import Participant
from mbtexp.timeline import Phase, Stimulus, Text
from mbtexp.virtual import VirtualLab

SIZE = (960, 540)
COLUMNS = 3
GAP_PX = 16
LABEL_PX = 30

MOST_WORDS = 2
"""Screens of a kind that are drawn where each trial shows other words."""


@dataclass(frozen=True)
class Scene:
    """A screen to draw, with the words under it."""

    name: str
    stimuli: tuple[Stimulus, ...]


def draw_storyboard(
    task: str,
    *,
    preset: str | None,
    language: str,
    out: Path,
    size: tuple[int, int] | None = None,
    screens: Path | None = None,
) -> int:
    """Draw one screen of each kind that the task shows; how many there are.

    Parameters
    ----------
    task, preset, language
        What to draw.
    out
        PNG to write; an existing one is replaced, it is made anew each time.
    size
        Of each screen, px.
    screens
        Folder for the single screens, if they are wanted too.
    """
    scenes = scenes_of(task, preset, language)
    try:
        with tempfile.TemporaryDirectory() as folder:
            kept = Path(folder) if screens is None else screens
            kept.mkdir(parents=True, exist_ok=True)
            files = _photograph(scenes, size or SIZE, kept)
            _sheet(scenes, files, out)
    except OSError as error:
        raise SettingError(f"{error.filename}: {error.strerror}; choose another folder.") from None
    return len(scenes)


def scenes_of(task: str, preset: str | None, language: str) -> list[Scene]:
    """The first screen of each kind, from a run on the virtual lab that looks up a word."""
    request = Request(task=task, participant="01", data=Path(), preset=preset, language=language)
    prepared = prepare(request)
    seen: dict[str, list[Scene]] = {}
    curious = _Curious(prepared.participant, prepared.material.keys, seen)
    lab = VirtualLab(prepared.rig.display.refresh_hz, answer=curious)
    with Run(
        display=lab.display,
        responses=lab.responses,
        trigger=lab.trigger,
        clock=lab.clock,
        log=MemoryLog(),
        trials=prepared.rows,
    ) as run:
        prepared.task.play(run, prepared.material)
    scenes = [scene for alike in seen.values() for scene in alike]
    return scenes + _core_scenes(prepared, language)


def _core_scenes(prepared: Prepared, language: str) -> list[Scene]:
    """What the run itself can show: a run with fixed onsets waits for the scanner, not a pause."""
    fixed = any(getattr(row, "onset_s", None) is not None for row in prepared.rows)
    words, keys = core_texts(language), operator_keys(prepared.rig)
    return [
        Scene(
            name,
            (Text(words(name, **keys), size=0.035, wrap=1.2),),
        )
        for name in ("scanner" if fixed else "pause", "confirm_stop", "calm")
    ]


class _Curious:
    """A simulated participant who once looks up a word, and whose screens are remembered."""

    def __init__(
        self, participant: Participant, keys: tuple[str, ...], seen: dict[str, list[Scene]]
    ) -> None:
        self._participant = participant
        self._keys = keys
        self._seen = seen
        self._looked = False

    def __call__(self, phase: Phase, trial: Mapping[str, Any]) -> Sequence[tuple[str, float]]:
        self._remember(phase, in_trial=bool(trial))
        if len(self._keys) > 4 and phase.keys and self._keys[4] in phase.keys.allowed:
            glossary = self._keys[4]
            if phase.name == "glossary":
                return [(glossary if phase.tag else self._keys[0], 0.5)]
            if not self._looked and trial.get("block"):
                self._looked = True
                return [(glossary, 0.5)]
        return list(self._participant.answer(phase, trial))

    def _remember(self, phase: Phase, *, in_trial: bool) -> None:
        """Keep the first screen of each kind, and every page of text that says something else.

        In a trial the text may be the stimulus, another word in each: a few of them are enough.
        """
        name = f"{phase.name}_meaning" if phase.name == "glossary" and phase.tag else phase.name
        alike = self._seen.setdefault(name, [])
        if alike and _wording(phase.stimuli) in ("", *(_wording(s.stimuli) for s in alike)):
            return
        if in_trial and len(alike) >= MOST_WORDS:
            return
        number = f"_{len(alike) + 1}" if alike else ""
        alike.append(Scene(f"{name}{number}", tuple(phase.stimuli)))


def _wording(stimuli: Sequence[Stimulus]) -> str:
    """The text of a page, its figures left out: 12 of 36 says the same as 24 of 36."""
    texts = [stimulus.text for stimulus in stimuli if isinstance(stimulus, Text)]
    return re.sub(r"\d+", "", "".join(texts)) if len(texts) == len(stimuli) else ""


def _photograph(scenes: list[Scene], size: tuple[int, int], folder: Path) -> list[Path]:
    from mbtexp.rig import DisplaySettings  # noqa: PLC0415
    from mbtexp.screen import open_screen  # noqa: PLC0415  PsychoPy only where a window is wanted

    clock = MonotonicClock()
    screen = open_screen(DisplaySettings(), clock, pilot=True, size=size)
    files = []
    try:
        _require_size(screen.describe()["size_px"], size)
        for number, scene in enumerate(scenes, start=1):
            screen.prepare(scene.stimuli)
            screen.draw(scene.stimuli)
            screen.swap(lambda _t: None)
            files.append(folder / f"{number:02d}_{scene.name}.png")
            screen.screenshot(files[-1])
    finally:
        screen.close()
        clock.close()
    return files


def _require_size(found: Sequence[int], size: tuple[int, int]) -> None:
    """A window that had to shrink would not show what was asked for."""
    if tuple(found) != size:
        raise DeviceError(
            f"--size {size[0]}x{size[1]} has no room on this display, which takes "
            f"{found[0]}x{found[1]} of it; name a smaller size."
        )


def _sheet(scenes: list[Scene], files: list[Path], out: Path) -> None:
    try:
        from PIL import Image, ImageDraw, ImageFont  # noqa: PLC0415  comes with the lab install
    except ImportError:
        raise DeviceError("Pillow is not installed: uv sync --extra lab.") from None
    pictures = [Image.open(file).convert("RGB") for file in files]
    width, height = pictures[0].size
    rows = -(-len(pictures) // COLUMNS)
    cell = (width + GAP_PX, height + GAP_PX + LABEL_PX)
    sheet = Image.new("RGB", (COLUMNS * cell[0] + GAP_PX, rows * cell[1] + GAP_PX), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=20)
    for place, (scene, picture) in enumerate(zip(scenes, pictures, strict=True)):
        x = GAP_PX + (place % COLUMNS) * cell[0]
        y = GAP_PX + (place // COLUMNS) * cell[1]
        pen.text((x, y), scene.name.replace("_", " "), fill="black", font=font)
        sheet.paste(picture, (x, y + LABEL_PX))
    out.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(out)
