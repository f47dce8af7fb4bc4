"""Between two runs: the participant's screen stays covered, and a run's window is in front."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mbtexp.errors import DeviceError
from mbtexp.protocol import between
from mbtexp.protocol.asked import Asked

ASKED = Asked(protocol="pilot", participant="01", data=Path("study"))

RIG = """\
name = "two"
[display]
width_px = 960
height_px = 540
screen = 1
background = "#406080"
"""

# In another process, with a display of its own that is told to be two screens side by side.
TRIED = """
import json, sys, time
from pathlib import Path
from PIL import Image
from Xlib import X, display
from Xlib.ext import randr
from Xlib.protocol import rq

from mbtexp.clock import MonotonicClock
from mbtexp.protocol.asked import Asked
from mbtexp.protocol.between import cover_between_runs
from mbtexp import screen
from mbtexp.rig import read_rig
from mbtexp.timeline import Text

rig, folder = Path(sys.argv[1]), Path(sys.argv[2])
class SetMonitor(rq.Request):  # the library's own cannot be packed
    _request = rq.Struct(
        rq.Card8("opcode"), rq.Opcode(43), rq.RequestLength(), rq.Window("window"),
        rq.Card32("name"), rq.Bool("primary"), rq.Bool("automatic"), rq.LengthOf("outputs", 2),
        rq.Int16("x"), rq.Int16("y"), rq.Card16("width"), rq.Card16("height"),
        rq.Card32("width_mm"), rq.Card32("height_mm"), rq.List("outputs", rq.Card32Obj),
    )

server = display.Display()
root = server.screen().root
[output] = randr.get_screen_resources(root).outputs
for number, x in enumerate((0, 960)):
    SetMonitor(
        display=server.display, opcode=server.display.get_extension_major("RANDR"), window=root,
        name=server.intern_atom(f"half-{number}"), primary=number == 0, automatic=False,
        x=x, y=0, width=960, height=540, width_mm=254, height_mm=143,
        outputs=[output] if number == 0 else [],
    )
server.sync()

def seen():
    found = root.get_image(0, 0, 1920, 540, X.ZPixmap, 0xFFFFFFFF)
    return Image.frombytes("RGB", (1920, 540), found.data, "raw", "BGRX")

def picture(name, is_there):  # once it is there, or after ten seconds
    until = time.monotonic() + 10
    while not is_there(shown := seen()) and time.monotonic() < until:
        time.sleep(0.05)
    shown.save(folder / f"{name}.png")
    return shown

def words_on(colour):  # the screen on the right has this colour, and something white on it
    return lambda shown: shown.getpixel((1910, 10)) == colour and (
        (255, 255, 255) in {at for _, at in shown.getcolors(1920 * 540)}
    )

BLUE = (0x40, 0x60, 0x80)
screen.Screen.measure = lambda self: None  # no refresh to be measured here
print(json.dumps(screen.screen_corners()), flush=True)
with cover_between_runs(Asked("pilot", "01", folder, rig=rig)) as covered:
    print(json.dumps(covered), flush=True)
    before = picture("before", words_on(BLUE))
    shown = screen.open_screen(read_rig(rig).display, MonotonicClock(), pilot=False)
    text = Text("A run")
    shown.prepare([text])
    for _ in range(3):
        shown.draw([text])
        shown.swap(lambda t: None)
    picture("run", lambda shown: words_on(BLUE)(shown) and shown != before)
    shown.close()
    picture("between", before.__eq__)
picture("after", lambda shown: shown.getpixel((1910, 10)) == (0, 0, 0))
"""


@pytest.fixture
def wide_display() -> Iterator[str]:
    """A display of its own, wide enough to be taken for two screens."""
    pytest.importorskip("Xlib", reason="comes with the extra 'lab' on Linux")
    if shutil.which("Xvfb") is None:
        pytest.skip("Xvfb is not installed")
    size = ["-screen", "0", "1920x540x24"]
    with subprocess.Popen(
        ["Xvfb", "-displayfd", "1", *size, "-nolisten", "tcp", "-noreset"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as server:
        assert server.stdout is not None
        try:
            yield f":{server.stdout.readline().decode().strip()}"
        finally:
            server.terminate()


def colours(file: Path, left: int, right: int) -> dict[tuple[int, ...], float]:
    """How much of a part of a picture each colour takes."""
    from PIL import Image

    with Image.open(file) as picture:
        part = picture.crop((left, 0, right, picture.height))
        counts = part.getcolors(part.width * part.height)
    total = sum(count for count, _ in counts)
    return {colour: count / total for count, colour in counts}


@pytest.mark.screen
@pytest.mark.untimed
def test_the_participants_screen_is_covered_before_between_and_behind_the_runs(
    tmp_path: Path, wide_display: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("psychopy", reason="comes with the extra 'lab'")
    monkeypatch.setenv("DISPLAY", wide_display)
    (tmp_path / "rig.toml").write_text(RIG)
    tried = subprocess.run(
        [sys.executable, "-c", TRIED, str(tmp_path / "rig.toml"), str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert tried.returncode == 0, tried.stderr
    corners, covered = map(json.loads, tried.stdout.split("\n")[:2])
    assert corners == [[0, 0], [960, 0]]
    assert covered is True
    blue, black, white = (0x40, 0x60, 0x80), (0, 0, 0), (255, 255, 255)
    for name in ("before", "between"):
        right = colours(tmp_path / f"{name}.png", 960, 1920)
        assert right[blue] > 0.9, name
        assert 0.001 < right[white] < 0.1, "the words are there"
    run, before = (colours(tmp_path / f"{name}.png", 960, 1920) for name in ("run", "before"))
    assert 0 < run[white] < before[white] / 2, "a run's two words are in front, and no others"
    for name in ("before", "run", "between", "after"):
        assert colours(tmp_path / f"{name}.png", 0, 960) == {black: 1.0}, "the operator's is free"
    assert colours(tmp_path / "after.png", 960, 1920) == {black: 1.0}


def corners_are(monkeypatch: pytest.MonkeyPatch, found: Any) -> None:
    """What the machine has for screens; an error: it has none."""

    def screen_corners() -> Any:
        if isinstance(found, Exception):
            raise found
        return found

    monkeypatch.setattr("mbtexp.screen.screen_corners", screen_corners)


@pytest.mark.parametrize(
    ("found", "corner"),
    [
        (((0, 0),), None),
        (((0, 0), (0, 0)), None),  # one picture on two screens: the operator's is the same
        (((0, 0), (1920, 0)), (0, 0)),
        (((1920, 0), (0, 0)), (1920, 0)),
        (DeviceError("no display"), None),
    ],
)
def test_only_a_screen_that_is_not_the_only_one_is_covered(
    monkeypatch: pytest.MonkeyPatch, found: Any, corner: tuple[int, int] | None
) -> None:
    corners_are(monkeypatch, found)
    assert between.participant_corner(0) == corner


@pytest.mark.parametrize("mode", ["pilot", "virtual"])
def test_a_pilot_and_the_virtual_laboratory_have_no_cover(
    monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    corners_are(monkeypatch, ((0, 0), (1920, 0)))
    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: pytest.fail("a cover was started"))
    with between.cover_between_runs(replace(ASKED, **{mode: True})) as covered:
        assert not covered


def test_a_cover_that_cannot_come_up_keeps_no_session_from_beginning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    corners_are(monkeypatch, ((0, 0), (1920, 0)))
    monkeypatch.setenv("QT_QPA_PLATFORM", "no-such-platform")
    with between.cover_between_runs(ASKED) as covered:
        assert not covered


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands for a slow machine")
def test_a_cover_that_is_late_is_ended_before_a_run_could_open(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    corners_are(monkeypatch, ((0, 0), (1920, 0)))
    slow = tmp_path / "slow"
    slow.write_text("#!/bin/sh\necho $$ >" + str(tmp_path / "pid") + "\nexec sleep 60\n")
    slow.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(slow))
    monkeypatch.setattr(between, "UP_S", 0.5)
    began = time.monotonic()
    with between.cover_between_runs(ASKED) as covered:
        assert not covered
    assert time.monotonic() - began < 5
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)
