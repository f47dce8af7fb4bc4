"""The storyboard, and by it every screen of the Eyes task: nothing cut off, nothing overlapping."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from mbtexp.clock import MonotonicClock
from mbtexp.conduct import Prepared, Request, prepare
from mbtexp.errors import DeviceError
from mbtexp.layout import Geometry, Picture, geometry, parts
from mbtexp.rig import DisplaySettings
from mbtexp.screen import Screen, open_screen
from mbtexp.storyboard import Scene, draw_storyboard, scenes_of
from mbtexp.timeline import Image, Stimulus, Text
from tasks.eyes.method import glossary_phases, picture_phase

pytestmark = [pytest.mark.screen, pytest.mark.untimed]

SIZES = ((1024, 768), (1920, 1080))
LARGE = (2560, 1440)
LANGUAGES = ("en", "de")
PRESETS = ("standard", "randomised", "scanner", "split")
PICTURE_ASPECT = 505 / 866
MBTEXP = (sys.executable, "-m", "mbtexp.cli")

MARGIN = 0.05
"""Free space that every screen keeps at its edges, in fractions of its height."""

OFF_CENTRE = 0.02
"""How far the middle of a screen's content may be from the screen's, in fractions of its height."""


@dataclass(frozen=True)
class Extent:
    """A drawn thing's place, in pixels from the centre."""

    what: str
    left: float
    bottom: float
    right: float
    top: float

    def inside(self, width: float, height: float) -> bool:
        return (
            max(-self.left, self.right) <= width / 2 and max(-self.bottom, self.top) <= height / 2
        )

    def overlaps(self, other: Extent) -> bool:
        across = self.left < other.right and other.left < self.right
        return across and self.bottom < other.top and other.bottom < self.top


def lab(size: tuple[int, int]) -> Geometry:
    display = DisplaySettings()
    monitor = (display.width_px, display.height_px)
    return geometry(
        size, monitor_px=monitor, width_cm=display.width_cm, distance_cm=display.distance_cm
    )


def extent(screen: Screen, stimulus: Stimulus, size: tuple[int, int]) -> Extent:
    """Where a text or a picture is, measured on the letters that are drawn."""
    (part,) = parts(stimulus, lab(size))
    if isinstance(stimulus, Text):
        width, height = (share * size[1] for share in screen.text_extent(stimulus))
        what = stimulus.text
    else:
        assert isinstance(part, Picture)
        width, height, what = part.width, part.width * PICTURE_ASPECT, "picture"
    x, y = part.at
    return Extent(what, x - width / 2, y - height / 2, x + width / 2, y + height / 2)


def extents(screen: Screen, stimuli: tuple[Stimulus, ...], size: tuple[int, int]) -> list[Extent]:
    return [extent(screen, s, size) for s in stimuli if isinstance(s, Text | Image)]


def inked(path: Path, size: tuple[int, int]) -> tuple[int, int, int, int] | None:
    """Left, top, right and bottom of what is not background, the pilot's mark left out."""
    from PIL import Image as Pictures
    from PIL import ImageChops

    with Pictures.open(path) as opened:
        assert opened.size == size
        seen = opened.convert("RGB")
    mark = round(0.04 * seen.height)
    above = seen.crop((0, 0, seen.width, seen.height - mark))
    difference = ImageChops.difference(above, Pictures.new("RGB", above.size, (128, 128, 128)))
    box: tuple[int, int, int, int] | None = (
        difference.convert("L").point(lambda v: 255 * (v > 8)).getbbox()
    )
    return box


def eyes(preset: str, language: str, **changes: str) -> Prepared:
    return prepare(Request("eyes", "01", Path(), preset=preset, language=language, changes=changes))


def every_trial_screen(prepared: Prepared) -> Iterator[tuple[Stimulus, ...]]:
    """Each picture with its words, with each choice framed, and with each word's meaning."""
    material = prepared.material
    for trial in prepared.rows:
        yield tuple(picture_phase(trial, material).stimuli)
        yield tuple(picture_phase(trial, material, "tl").stimuli)
        if len(material.keys) > 4:
            for word in (None, *trial.words.values()):
                yield tuple(glossary_phases(trial, material, word).stimuli)


@pytest.fixture(scope="module", params=SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def window(request: pytest.FixtureRequest, display: str) -> Iterator[tuple[Screen, Any]]:
    clock = MonotonicClock()
    screen = open_screen(DisplaySettings(), clock, pilot=True, size=request.param)
    assert screen.describe()["size_px"] == list(request.param), "the display is too small"
    yield screen, request.param
    screen.close()
    clock.close()


@pytest.fixture(scope="module")
def scenes() -> list[tuple[str, Scene]]:
    return [
        (f"{preset} {language} {scene.name}", scene)
        for preset in ("standard", "scanner")
        for language in LANGUAGES
        for scene in scenes_of("eyes", preset, language)
    ]


def refuse_cut_off(name: str, path: Path, size: tuple[int, int], *, blank: bool) -> None:
    """A screen keeps its margin and stands in the middle; an empty one is empty."""
    width, height = size
    box = inked(path, size)
    if blank:
        assert box is None, name
        return
    assert box is not None, f"{name} is empty"
    left, top, right, bottom = box
    assert min(left, top, width - right, height - bottom) >= MARGIN * height, (name, box)
    assert abs((left + right) / 2 - width / 2) <= OFF_CENTRE * height, (name, box)
    # What stands around a picture is centred on the picture, not as a whole.
    if not any(part in name for part in ("eyes", "glossary", "hold")):
        assert abs((top + bottom) / 2 - height / 2) <= OFF_CENTRE * height, (name, box)


def test_no_screen_is_cut_off_or_off_centre(
    window: tuple[Screen, tuple[int, int]], scenes: list[tuple[str, Scene]], tmp_path: Path
) -> None:
    screen, size = window
    for name, scene in scenes:
        screen.prepare(scene.stimuli)
        screen.draw(scene.stimuli)
        screen.screenshot(tmp_path / "scene.png")
        refuse_cut_off(name, tmp_path / "scene.png", size, blank=not scene.stimuli)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="a larger display is made with Xvfb")
def test_no_screen_is_cut_off_or_off_centre_on_a_large_monitor(
    large_display: str, tmp_path: Path
) -> None:
    for preset, language in (("standard", "de"), ("scanner", "en")):
        folder = tmp_path / f"{preset}-{language}"
        words = f"storyboard eyes --preset {preset} --language {language} --size 2560x1440"
        subprocess.run(
            [*MBTEXP, *words.split(), "--out", str(tmp_path / "b.png"), "--screens", str(folder)],
            env={**os.environ, "DISPLAY": large_display},
            stdout=subprocess.DEVNULL,
            check=True,
        )
        for file in sorted(folder.iterdir()):
            refuse_cut_off(file.stem, file, LARGE, blank=file.stem.endswith("_after"))


@pytest.fixture
def large_display() -> Iterator[str]:
    """A private display with room for 2560 x 1440."""
    if shutil.which("Xvfb") is None:
        pytest.skip("there is no Xvfb (Debian: xvfb)")
    screen = f"{LARGE[0]}x{LARGE[1]}x24"
    command = ["Xvfb", "-displayfd", "1", "-screen", "0", screen, "-nolisten", "tcp", "-noreset"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        assert server.stdout is not None
        yield f":{server.stdout.readline().strip()}"
        server.terminate()


def test_no_text_overlaps_another_or_the_picture(
    window: tuple[Screen, tuple[int, int]], scenes: list[tuple[str, Scene]]
) -> None:
    screen, size = window
    for name, scene in scenes:
        for one, other in combinations(extents(screen, scene.stimuli, size), 2):
            assert not one.overlaps(other), (name, one, other)


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_item_and_every_meaning_has_room(
    window: tuple[Screen, tuple[int, int]], language: str
) -> None:
    screen, size = window
    free = 2 * MARGIN * size[1]
    measured: dict[Stimulus, Extent] = {}
    for preset in ("standard", "scanner"):
        for stimuli in every_trial_screen(eyes(preset, language)):
            shown = [s for s in stimuli if isinstance(s, Text | Image)]
            for stimulus in shown:
                if stimulus not in measured:
                    measured[stimulus] = extent(screen, stimulus, size)
            places = [measured[stimulus] for stimulus in shown]
            for place in places:
                assert place.inside(size[0] - free, size[1] - free), place
            for one, other in combinations(places, 2):
                assert not one.overlaps(other), (one, other)


def test_a_choice_that_can_be_changed_tells_how_to_confirm_it() -> None:
    for language in LANGUAGES:
        prepared = eyes("standard", language, correction="yes")
        phase = picture_phase(prepared.rows[1], prepared.material, "br")
        texts = [s.text for s in phase.stimuli if isinstance(s, Text)]
        assert prepared.material.text("confirm_choice") in texts


@pytest.mark.parametrize("preset", PRESETS)
def test_both_languages_show_the_same_screens(preset: str) -> None:
    english, german = (scenes_of("eyes", preset, language) for language in LANGUAGES)
    assert [scene.name for scene in english] == [scene.name for scene in german]
    for one, other in zip(english, german, strict=True):
        words = [s.text for s in one.stimuli if isinstance(s, Text)]
        translated = [s.text for s in other.stimuli if isinstance(s, Text)]
        assert len(words) == len(translated)
        assert not set(words) & set(translated), one.name


def test_the_storyboard_of_the_standard_preset_has_every_kind_of_screen() -> None:
    assert [scene.name for scene in scenes_of("eyes", "standard", "en")] == [
        "instructions",
        "start",
        "start_2",
        "fixation",
        "eyes_practice",
        "after",
        "eyes_mental",
        "hold",
        "glossary",
        "glossary_meaning",
        "break",
        "finished",
        "pause",
        "confirm_stop",
        "calm",
    ]


def test_the_storyboard_of_the_scanner_preset_has_both_judgements_and_the_wait() -> None:
    names = [scene.name for scene in scenes_of("eyes", "scanner", "de")]
    assert names == [
        "instructions",
        "instructions_2",
        "rest",
        "cue",
        "cue_2",
        "fixation",
        "eyes_mental",
        "eyes_sex",
        "scanner",
        "confirm_stop",
        "calm",
    ]


def test_the_storyboard_is_one_picture_and_single_screens(tmp_path: Path) -> None:
    from PIL import Image as Pictures

    out, folder = tmp_path / "board" / "eyes.png", tmp_path / "screens"
    count = draw_storyboard(
        "eyes", preset="scanner", language="de", out=out, size=(640, 480), screens=folder
    )
    files = sorted(folder.iterdir())
    assert len(files) == count == 11
    assert files[0].name == "01_instructions.png"
    for file in files:
        with Pictures.open(file) as picture:
            assert picture.size == (640, 480)
    with Pictures.open(out) as sheet, Pictures.open(folder / "07_eyes_mental.png") as screen:
        assert sheet.width > 3 * 640
        assert sheet.height > 4 * 480
        pixels = screen.convert("RGB")
        left, top = 16, 2 * ((sheet.height - 16) // 4) + 16 + 30
        assert sheet.crop((left, top, left + 640, top + 480)).tobytes() == pixels.tobytes()


def test_a_size_that_the_display_has_no_room_for_is_refused(display: str, tmp_path: Path) -> None:
    out = tmp_path / "eyes.png"
    with pytest.raises(DeviceError, match="--size 9000x5000 has no room"):
        draw_storyboard("eyes", preset="scanner", language="en", out=out, size=(9000, 5000))
    assert not out.exists()


def test_words_that_differ_in_every_trial_are_drawn_twice_and_pages_all() -> None:
    names = [scene.name for scene in scenes_of("polysemy", "standard", "en")]
    assert names.count("target") + names.count("target_2") == 2
    assert "target_3" not in names
    assert {"instructions", "start", "start_2", "break", "finished"} <= set(names)
