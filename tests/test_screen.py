"""The real screen: what is seen on it, when it is stamped, and what it says when it cannot open."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mbtexp import screen as screen_module
from mbtexp.clock import MonotonicClock
from mbtexp.errors import DeviceError, SettingError, StimulusError
from mbtexp.rig import DisplaySettings
from mbtexp.screen import Screen, open_screen
from mbtexp.timeline import Fixation, Image, Rect, Scale, Slider, Stimulus, Text

GREY = (128, 128, 128)
SIZE = (1024, 768)
MARK_ROWS = 40
"""Rows at the lower edge that belong to the pilot's mark."""

INSTRUCTION = (
    "Sie sehen gleich Gesichter. Bitte beurteilen Sie, wie vertrauenswürdig jede Person auf Sie "
    "wirkt.\n\nDrücken Sie die Leertaste, um zu beginnen."
)


def picture_of(screen: Screen, folder: Path, *stimuli: Stimulus) -> Any:
    """The pixels of a scene."""
    from PIL import Image as Pictures

    screen.prepare(stimuli)
    screen.draw(stimuli)
    screen.screenshot(folder / "scene.png")
    with Pictures.open(folder / "scene.png") as opened:
        return opened.convert("RGB")


def inked(picture: Any) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what is not background, the pilot's mark left out."""
    from PIL import Image as Pictures
    from PIL import ImageChops

    above = picture.crop((0, 0, picture.width, picture.height - MARK_ROWS))
    difference = ImageChops.difference(above, Pictures.new("RGB", above.size, GREY)).convert("L")
    box: tuple[int, int, int, int] | None = difference.point(lambda v: 255 * (v > 8)).getbbox()
    assert box is not None, "nothing is drawn"
    return box


def colour_on_the_display(x: int, y: int) -> tuple[int, int, int]:
    """What the X server shows at a point from the centre of its screen: our photodiode."""
    from Xlib import X
    from Xlib.display import Display

    display = Display()
    root = display.screen().root
    size = root.get_geometry()
    spot = root.get_image(size.width // 2 + x, size.height // 2 - y, 1, 1, X.ZPixmap, 0xFFFFFFFF)
    display.close()
    blue, green, red = spot.data[:3]
    return red, green, blue


@pytest.fixture(scope="module")
def clock() -> MonotonicClock:
    return MonotonicClock()


@pytest.fixture(scope="module")
def opened(display: str, clock: MonotonicClock) -> Iterator[Screen]:
    screen = open_screen(DisplaySettings(), clock, pilot=True, size=SIZE)
    yield screen
    screen.close()


@pytest.fixture
def screen(opened: Screen) -> Screen:
    opened.patch_on = False
    opened.draw([])
    opened.swap(lambda _t: None)
    return opened


@pytest.fixture
def open_lab(
    display: str, clock: MonotonicClock, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Screen]]:
    """Opens a laboratory's screen whose refresh is measured as the test says."""
    screens = []
    monkeypatch.setattr(screen_module, "MEASURED_FLIPS", 3)

    def open_it(measured_hz: float | None, **settings: Any) -> Screen:
        monkeypatch.setattr(screen_module, "fit_refresh", lambda _stamps, _nominal: measured_hz)
        screens.append(open_screen(DisplaySettings(**settings), clock, pilot=False))
        return screens[-1]

    yield open_it
    for screen in screens:
        screen.close()


def run_python(code: str, *, display: str | None) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    if display is not None:
        environment["DISPLAY"] = display
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
        timeout=120,
    )


OPEN = """
from mbtexp.clock import MonotonicClock
from mbtexp.errors import DeviceError
from mbtexp.rig import DisplaySettings
from mbtexp.screen import open_screen
"""


@pytest.mark.parametrize(
    ("display_name", "says"),
    [(None, "DISPLAY is not set"), (":987", "':987' in DISPLAY cannot be reached")],
)
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can be without a display")
def test_without_a_display_one_plain_sentence_says_what_to_do(
    display_name: str | None, says: str
) -> None:
    code = f"""{OPEN}
try:
    open_screen(DisplaySettings(), MonotonicClock(), pilot=True)
except DeviceError as error:
    print(error)
"""
    ran = run_python(code, display=display_name)
    assert ran.stderr == ""
    assert says in ran.stdout
    assert "--virtual" in ran.stdout


def test_without_psychopy_it_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, clock: MonotonicClock
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(DeviceError, match="uv sync --extra lab"):
        open_screen(DisplaySettings(), clock, pilot=True)


@pytest.mark.screen
@pytest.mark.slow
def test_opening_says_nothing_on_the_terminal_and_calls_nobody(display: str) -> None:
    code = f"""
import json, sys
calls = []
sys.addaudithook(lambda name, about: name == "socket.connect" and calls.append(repr(about)))
{OPEN}
screen = open_screen(DisplaySettings(), MonotonicClock(), pilot=True, size=(320, 240))
facts = screen.describe()
screen.close()
print(json.dumps([calls, facts]))
"""
    ran = run_python(code, display=display)
    assert ran.stderr == ""
    calls, facts = json.loads(ran.stdout)  # nothing but our own line
    assert calls == []
    assert facts["size_px"] == [320, 240]


@pytest.mark.screen
@pytest.mark.slow
def test_opening_loads_no_library_of_tables_and_keeps_none_from_who_needs_it(display: str) -> None:
    code = f"""
import sys
{OPEN}
open_screen(DisplaySettings(), MonotonicClock(), pilot=True, size=(320, 240)).close()
print(sorted({{"pandas", "json_tricks", "scipy.interpolate"}} & set(sys.modules)))
from psychopy.monitors import calibTools
print(calibTools.interpolate.interp1d([0, 1], [0, 10])(0.5))
import pandas
print(pandas.DataFrame({{"a": [1]}}).a[0])
"""
    ran = run_python(code, display=display)
    assert ran.stderr == ""
    assert ran.stdout.split() == ["[]", "5.0", "1"]


@pytest.mark.screen
def test_a_picture_is_centred_as_wide_as_asked_and_has_its_own_colours(
    screen: Screen, tmp_path: Path
) -> None:
    from PIL import Image as Pictures

    Pictures.new("RGB", (300, 200), (200, 100, 50)).save(tmp_path / "face.png")
    face = Image(str(tmp_path / "face.png"), width=0.5, units="height")
    seen = picture_of(screen, tmp_path, face)
    assert inked(seen) == (320, 256, 704, 512)  # 384 x 256 in the middle of 1024 x 768
    assert {seen.getpixel(at) for at in ((322, 258), (701, 509), (512, 384))} == {(200, 100, 50)}


@pytest.mark.screen
def test_a_picture_of_the_background_s_colour_has_no_dark_edge(
    screen: Screen, tmp_path: Path
) -> None:
    from PIL import Image as Pictures

    Pictures.new("L", (300, 200), GREY[0]).save(tmp_path / "grey.png")
    grey = Image(str(tmp_path / "grey.png"), 0.4337, (0.0123, 0.0077), "height")
    around = picture_of(screen, tmp_path, grey).crop((300, 200, 750, 550))
    assert around.getcolors() == [(450 * 350, GREY)]


@pytest.mark.screen
def test_what_is_transparent_in_a_picture_shows_the_background(
    screen: Screen, tmp_path: Path
) -> None:
    from PIL import Image as Pictures

    picture = Pictures.new("RGBA", (200, 200), (0, 0, 0, 0))
    picture.paste((255, 0, 0, 255), (0, 0, 100, 200))
    picture.save(tmp_path / "half.png")
    half = Image(str(tmp_path / "half.png"), width=200 / 768, units="height")
    seen = picture_of(screen, tmp_path, half)
    assert seen.getpixel((462, 384)) == (255, 0, 0)
    assert seen.getpixel((562, 384)) == GREY


@pytest.mark.screen
@pytest.mark.parametrize(
    "stimuli",
    [
        [Text(INSTRUCTION, wrap=1.1)],
        [Text(INSTRUCTION, wrap=1.1, align="left", bold=True)],
        [Scale(tuple("1234567"), "gar nicht", "sehr stark", chosen=2)],
        [Scale(("trifft nicht zu", "teils, teils", "trifft völlig zu"), "", "", pos=(0, 0.2))],
        [Slider("gar nicht vertrauenswürdig", "sehr vertrauenswürdig", value=0.3)],
        [Rect(0.2, 0.1, color=None, line_color="black"), Fixation(size=2)],
    ],
    ids=["text", "left", "scale", "worded scale", "slider", "shapes"],
)
def test_nothing_is_cut_off_at_the_edges(
    screen: Screen, stimuli: list[Stimulus], tmp_path: Path
) -> None:
    left, top, right, bottom = inked(picture_of(screen, tmp_path, *stimuli))
    margin = 20
    assert left > margin
    assert top > margin
    assert right < SIZE[0] - margin
    assert bottom < SIZE[1] - MARK_ROWS - 1


@pytest.mark.screen
def test_text_breaks_at_its_width_and_its_extent_is_the_drawn_one(
    screen: Screen, tmp_path: Path
) -> None:
    one_line = Text("Wie vertrauenswürdig wirkt diese Person auf Sie?")
    broken = Text(one_line.text, wrap=0.5)
    width, height = screen.text_extent(one_line)
    broken_width, broken_height = screen.text_extent(broken)
    assert width > 0.9
    assert broken_width <= 0.5
    assert broken_height == pytest.approx(3 * height, rel=0.1)
    left, _, right, _ = inked(picture_of(screen, tmp_path, one_line))
    assert (right - left) / SIZE[1] == pytest.approx(width, abs=0.01)


@pytest.mark.screen
@pytest.mark.parametrize("letter", list("äöüßÄÖÜ„“”‚‘’–…éçŁ"))
def test_letters_of_german_and_curly_quotes_are_in_the_font(
    screen: Screen, letter: str, tmp_path: Path
) -> None:
    missing = picture_of(screen, tmp_path, Text("\ue000", size=0.2))
    assert picture_of(screen, tmp_path, Text(letter, size=0.2)) != missing


@pytest.mark.screen
def test_a_colour_that_does_not_exist_is_refused(screen: Screen) -> None:
    with pytest.raises(SettingError, match="'grean' is not a colour"):
        screen.prepare([Text("hello", color="grean")])


@pytest.mark.screen
def test_a_missing_or_broken_picture_is_refused_by_name(screen: Screen, tmp_path: Path) -> None:
    with pytest.raises(StimulusError, match=r"gone\.png: the picture is not there"):
        screen.prepare([Image(str(tmp_path / "gone.png"), width=5)])
    (tmp_path / "broken.png").write_text("not a picture")
    with pytest.raises(StimulusError, match=r"broken\.png: this is not a readable picture"):
        screen.prepare([Image(str(tmp_path / "broken.png"), width=5)])


@pytest.mark.screen
def test_a_pilot_is_marked_in_every_frame_and_says_how_it_is_paced(
    screen: Screen, tmp_path: Path
) -> None:
    for stimuli in ([], [Fixation()], [Text("hello")]):
        corner = picture_of(screen, tmp_path, *stimuli).crop((0, 768 - MARK_ROWS, 400, 768))
        assert len(corner.getcolors()) > 2
    assert screen.banner.startswith("PILOT")


@pytest.mark.screen
def test_the_photodiodes_patch_is_white_in_its_corner_while_it_is_on(
    display: str, clock: MonotonicClock, tmp_path: Path
) -> None:
    settings = DisplaySettings(photodiode="top-right")
    screen = open_screen(settings, clock, pilot=True, size=(640, 480))
    dark = picture_of(screen, tmp_path, Fixation())
    screen.patch_on = True
    lit = picture_of(screen, tmp_path, Fixation())
    screen.close()
    assert dark.getpixel((639, 0)) == GREY
    assert lit.getpixel((639, 0)) == (255, 255, 255)
    assert lit.getpixel((600, 0)) == GREY


@pytest.mark.screen
def test_the_stamp_is_given_first_and_is_the_one_returned(
    screen: Screen, clock: MonotonicClock
) -> None:
    screen.prepare([Fixation()])
    called: list[tuple[float, float]] = []
    for _ in range(10):
        screen.draw([Fixation()])
        returned = screen.swap(lambda t: called.append((t, clock.now())))
        assert returned == called[-1][0]
    assert min(now - t for t, now in called) < 0.0001


@pytest.mark.screen
def test_what_is_drawn_is_on_the_display_when_the_stamp_is_given(screen: Screen) -> None:
    red, blue = [Rect(0.2, 0.2, color="#ff0000")], [Rect(0.2, 0.2, color="#0000ff")]
    screen.prepare(red + blue)
    seen = []
    for scene in (red, blue, red):
        screen.draw(scene)
        screen.swap(lambda _t: seen.append(colour_on_the_display(0, 0)))
    assert seen == [(255, 0, 0), (0, 0, 255), (255, 0, 0)]


@pytest.mark.screen
def test_a_swap_without_a_draw_shows_the_same_scene_again(screen: Screen) -> None:
    screen.draw([Rect(0.2, 0.2, color="#ff0000")])
    for _ in range(3):
        screen.swap(lambda _t: None)
        assert colour_on_the_display(0, 0) == (255, 0, 0)


@pytest.mark.screen
def test_preparing_after_a_draw_neither_shows_nor_spoils_anything(screen: Screen) -> None:
    screen.draw([Rect(0.2, 0.2, color="#ff0000")])
    screen.prepare([Rect(0.5, 0.5, color="#00ff00")])
    screen.swap(lambda _t: None)
    assert colour_on_the_display(0, 0) == (255, 0, 0)
    assert colour_on_the_display(150, 150) == GREY


@pytest.mark.screen
def test_drawing_twice_shows_the_second_scene_only(screen: Screen) -> None:
    screen.draw([Rect(0.5, 0.5, color="#00ff00")])
    screen.draw([Rect(0.2, 0.2, color="#ff0000")])
    screen.swap(lambda _t: None)
    assert colour_on_the_display(150, 150) == GREY


@pytest.mark.screen
def test_a_draw_of_what_was_not_prepared_is_counted_as_late(screen: Screen) -> None:
    before = screen.describe()["late_builds"]
    screen.prepare([Text("prepared")])
    screen.draw([Text("prepared")])
    assert screen.describe()["late_builds"] == before
    screen.draw([Text("prepared"), Text("not prepared")])
    assert screen.describe()["late_builds"] == before + 1


@pytest.mark.screen
def test_released_stimuli_are_built_anew(screen: Screen, tmp_path: Path) -> None:
    from PIL import Image as Pictures

    face = Image(str(tmp_path / "face.png"), width=5)
    for colour in ((200, 0, 0), (0, 200, 0)):
        Pictures.new("RGB", (100, 100), colour).save(tmp_path / "face.png")
        assert picture_of(screen, tmp_path, face).getpixel((512, 384)) == colour
        screen.release([face])


@pytest.mark.screen
def test_a_long_run_of_ever_new_stimuli_keeps_only_so_many(
    screen: Screen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screen_module, "KEPT_PARTS", 20)
    values = [Slider("low", "high", value=step / 60) for step in range(60)]
    for value in values:
        screen.prepare([value])
        screen.draw([value])
    late = screen.describe()["late_builds"]
    screen.draw([values[-1]])  # still there
    assert screen.describe()["late_builds"] == late
    screen.draw([values[0]])  # given up
    assert screen.describe()["late_builds"] == late + 1


@pytest.mark.screen
def test_a_pilot_without_vertical_sync_is_paced_to_the_nominal_rate(screen: Screen) -> None:
    if screen.describe()["paced"] != "software":
        pytest.skip("this display has vertical sync")
    stamps = [screen.swap(lambda _t: None) for _ in range(31)]
    # Unpaced, 30 frames take a third of that; the first stamp may be late on a busy machine.
    assert stamps[-1] - stamps[0] > 29 / 60 - 0.005
    assert screen.refresh_hz == 60.0
    assert "paced at 60 Hz" in screen.banner


@pytest.mark.screen
def test_the_laboratory_fills_the_screen_without_a_mark(
    open_lab: Callable[..., Screen], tmp_path: Path
) -> None:
    screen = open_lab(59.97, **screen_size())
    facts = screen.describe()
    assert (facts["fullscreen"], facts["pilot"], facts["paced"]) == (True, False, "display")
    assert (screen.refresh_hz, screen.banner) == (59.97, "")
    assert [colour for _, colour in picture_of(screen, tmp_path).getcolors()] == [GREY]


@pytest.mark.screen
@pytest.mark.parametrize(
    ("measured_hz", "says"),
    [
        (None, "cannot be measured: flips keep to no grid"),
        (75.0, "refresh_hz is 60, but this screen refreshes at 75.00 Hz"),
        (59.3, "refreshes at 59.30 Hz"),
    ],
)
def test_the_laboratory_refuses_a_refresh_that_is_not_the_rigs(
    open_lab: Callable[..., Screen], measured_hz: float | None, says: str
) -> None:
    with pytest.raises(DeviceError, match=says):
        open_lab(measured_hz, **screen_size())


@pytest.mark.screen
def test_the_laboratory_refuses_a_screen_of_another_size(open_lab: Callable[..., Screen]) -> None:
    with pytest.raises(DeviceError, match="the rig says 800 x 600 pixels, but the screen shows"):
        open_lab(60.0, width_px=800, height_px=600)


@pytest.mark.screen
def test_a_screen_that_is_not_there_is_refused(open_lab: Callable[..., Screen]) -> None:
    with pytest.raises(DeviceError, match="screen 7 is not there"):
        open_lab(60.0, screen=7)


@pytest.mark.screen
def test_closing_twice_is_closing_once(display: str, clock: MonotonicClock) -> None:
    screen = open_screen(DisplaySettings(), clock, pilot=True, size=(320, 240))
    screen.close()
    screen.close()


def screen_size() -> dict[str, int]:
    """The size of this machine's screen, as a rig would have it."""
    from Xlib.display import Display

    display = Display()
    size = display.screen()
    display.close()
    return {"width_px": size.width_in_pixels, "height_px": size.height_in_pixels}
