"""Every kind of screen of every task, preset and language, drawn: nothing is cut off at an edge.

The tests' own display has no room for the largest size, so a process of its own draws a task on a
private display: ``python tests/test_screens.py TASK`` writes what is wrong as JSON.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mbtexp.clock import MonotonicClock
from mbtexp.rig import DisplaySettings
from mbtexp.screen import Screen, open_screen
from mbtexp.storyboard import Scene, scenes_of
from mbtexp.task import find_task, task_names
from mbtexp.timeline import Stimulus, Text

pytestmark = [pytest.mark.screen, pytest.mark.untimed, pytest.mark.slow]

NARROW, USUAL, LARGE = (1024, 768), (1920, 1080), (2560, 1440)

FULLEST = 12
"""Screens of a task that are drawn at the usual size too: it has the shape of the large one."""

BACKGROUND = 128

MARGIN = 0.02
"""Free space that every screen keeps at its edges, in fractions of its height."""

MARK = 0.04
"""Height of the pilot's mark at the lower edge, likewise."""

SEEN = 8
"""A difference from the background that counts, of 255: edges of letters are softened."""


@pytest.fixture(scope="module")
def large_display() -> Iterator[str]:
    """A private display with room for the largest size."""
    if shutil.which("Xvfb") is None:
        pytest.skip("there is no Xvfb (Debian: xvfb)")
    room = _name(LARGE)
    command = f"Xvfb -displayfd 1 -screen 0 {room}x24 -nolisten tcp -noreset"
    with subprocess.Popen(
        command.split(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        assert server.stdout is not None
        yield f":{server.stdout.readline().strip()}"
        server.terminate()


@pytest.mark.parametrize("task", task_names())
def test_nothing_is_cut_off_at_an_edge(large_display: str, task: str) -> None:
    drawn = subprocess.run(
        [sys.executable, __file__, task],
        env={**os.environ, "DISPLAY": large_display},
        capture_output=True,
        text=True,
        check=False,
    )
    assert drawn.returncode == 0, drawn.stderr
    found = json.loads(drawn.stdout)
    assert found["drawn"][_name(NARROW)] == found["drawn"][_name(LARGE)] > 2 * FULLEST
    assert found["drawn"][_name(USUAL)] == FULLEST
    assert not found["wrong"]


def scenes(task: str) -> list[tuple[str, Scene]]:
    """Different screens of a task, under the first preset and language that show them."""
    found: dict[tuple[Stimulus, ...], tuple[str, Scene]] = {}
    for preset in find_task(task).presets:
        for language in find_task(task).languages():
            for scene in scenes_of(task, preset, language):
                name = f"{task} {preset} {language} {scene.name}"
                found.setdefault(scene.stimuli, (name, scene))
    return list(found.values())


def check(task: str) -> dict[str, dict[str, object]]:
    """How many screens were drawn at each size, and what is wrong with which."""
    drawn: dict[str, object] = {}
    wrong: dict[str, object] = {}
    every = scenes(task)
    fullest = sorted(every, key=lambda known: _fullness(known[1]), reverse=True)[:FULLEST]
    clock = MonotonicClock()
    for size, known in ((NARROW, every), (USUAL, fullest), (LARGE, every)):
        window = open_screen(DisplaySettings(), clock, pilot=True, size=size)
        assert window.describe()["size_px"] == list(size), "the display is too small"
        for name, scene in known:
            complaint = complaint_about(window, scene)
            if complaint:
                wrong[f"{name} {_name(size)}"] = complaint
        drawn[_name(size)] = len(known)
        window.close()
    clock.close()
    return {"drawn": drawn, "wrong": wrong}


def _name(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


def _fullness(scene: Scene) -> int:
    """Letters on a screen; everything else counts as a line of them."""
    return sum(len(part.text) if isinstance(part, Text) else 40 for part in scene.stimuli)


def complaint_about(window: Screen, scene: Scene) -> str:
    """What is wrong with a screen; empty if nothing is."""
    for stimulus in scene.stimuli:
        if isinstance(stimulus, Text) and window.text_extent(stimulus)[1] >= 1.0:
            return f"higher than the screen: {stimulus.text[:40]!r}"
    window.prepare(scene.stimuli)
    window.draw(scene.stimuli)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scene.bmp"  # the time goes into packing a PNG
        window.screenshot(path)
        return complaint_about_picture(path, blank=not scene.stimuli)


def complaint_about_picture(path: Path, *, blank: bool) -> str:
    """Whether anything but the pilot's mark is at an edge, and whether there is anything at all."""
    from PIL import Image

    with Image.open(path) as seen:
        seen.load()
    width, height = seen.size
    margin, low = round(MARGIN * height), round((1 - MARK) * height)
    edges = {
        "left": (0, 0, margin, low),
        "top": (0, 0, width, margin),
        "right": (width - margin, 0, width, low),
        "bottom": (0, low - margin, width, low),
    }
    for edge, box in edges.items():
        if _anything_in(seen.crop(box)):
            return f"too near the {edge} edge"
    if _anything_in(seen.crop((0, 0, width, low))) == blank:
        return "there is something on it" if blank else "there is nothing on it"
    return ""


def _anything_in(picture: Any) -> bool:
    """Whether a picture has another colour than the background."""
    colors = picture.getextrema()
    return any(BACKGROUND - dark > SEEN or light - BACKGROUND > SEEN for dark, light in colors)


if __name__ == "__main__":
    json.dump(check(sys.argv[1]), sys.stdout)
