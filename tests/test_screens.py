"""Every kind of screen of every task, preset and language, drawn: nothing is cut off at an edge."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from mbtexp.clock import MonotonicClock
from mbtexp.rig import DisplaySettings
from mbtexp.screen import Screen, open_screen
from mbtexp.storyboard import Scene, scenes_of
from mbtexp.task import find_task, task_names
from mbtexp.timeline import Stimulus, Text

pytestmark = [pytest.mark.screen, pytest.mark.slow]

SIZES = ((1024, 768), (1920, 1080))
BACKGROUND = (128, 128, 128)

MARGIN = 0.02
"""Free space that every screen keeps at its edges, in fractions of its height."""

MARK = 0.04
"""Height of the pilot's mark at the lower edge, likewise."""


@pytest.fixture(scope="module", params=SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def screen(request: pytest.FixtureRequest, display: str) -> Iterator[Screen]:
    clock = MonotonicClock()
    window = open_screen(DisplaySettings(), clock, pilot=True, size=request.param)
    assert window.describe()["size_px"] == list(request.param), "the display is too small"
    yield window
    window.close()
    clock.close()


@cache
def scenes(task: str) -> tuple[tuple[str, Scene], ...]:
    """Different screens of a task, under the first preset and language that show them."""
    found: dict[tuple[Stimulus, ...], tuple[str, Scene]] = {}
    for preset in find_task(task).presets:
        for language in find_task(task).languages():
            for scene in scenes_of(task, preset, language):
                name = f"{task} {preset} {language} {scene.name}"
                found.setdefault(scene.stimuli, (name, scene))
    return tuple(found.values())


def free_edge(path: Path) -> float:
    """Least distance of anything drawn from an edge, in fractions of the height."""
    from PIL import Image, ImageChops

    with Image.open(path) as opened:
        seen = opened.convert("RGB")
    height = seen.height
    above = seen.crop((0, 0, seen.width, round((1 - MARK) * height)))
    difference = ImageChops.difference(above, Image.new("RGB", above.size, BACKGROUND))
    box = difference.convert("L").point(lambda v: 255 * (v > 8)).getbbox()
    if box is None:
        return 1.0
    left, top, right, bottom = box
    return min(left, top, seen.width - right, height - bottom) / height


@pytest.mark.parametrize("task", task_names())
def test_nothing_is_cut_off_at_an_edge(screen: Screen, task: str, tmp_path: Path) -> None:
    too_near = {}
    for name, scene in scenes(task):
        screen.prepare(scene.stimuli)
        screen.draw(scene.stimuli)
        screen.screenshot(tmp_path / "scene.png")
        free = free_edge(tmp_path / "scene.png")
        if free < MARGIN:
            too_near[name] = free
        for stimulus in scene.stimuli:
            if isinstance(stimulus, Text):
                assert screen.text_extent(stimulus)[1] < 1.0, name
    assert not too_near
