"""The mouse: clicks with their place and time, on the virtual lab and at a real window."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mbtexp.clock import MonotonicClock, VirtualClock
from mbtexp.ports import Press
from mbtexp.responses.mouse import DRAG_EVERY_S, Mouse, WithMouse
from mbtexp.rig import DisplaySettings
from mbtexp.screen import MouseHandler, Screen, open_screen
from mbtexp.simulate import SimulatedResponses, nobody
from mbtexp.timeline import CLICK, Area, Keys, Phase, Position

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="presses are made through X")

LINE = Phase("line", (), keys=Keys(("space",), areas=(Area(CLICK, (0, 0), 0.8, 0.2, drags=True),)))
PAGE = Phase("page", (), keys=Keys(("space",)))


class Window:
    """A window whose mouse does what it is told when the window's events are taken."""

    def __init__(self) -> None:
        self.cursor = False
        self.queue: list[tuple[Any, Position]] = []
        self._handlers: list[MouseHandler] = []

    def pump(self) -> None:
        events, self.queue = self.queue, []
        for what, at in events:
            for handler in self._handlers:
                handler(what, at)

    def on_mouse(self, handler: MouseHandler) -> None:
        self._handlers.append(handler)

    def show_cursor(self, shown: bool) -> None:
        self.cursor = shown


@pytest.fixture
def window() -> Window:
    return Window()


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def mouse(window: Window, clock: VirtualClock) -> Mouse:
    return Mouse(window, clock)


def test_the_cursor_is_seen_only_in_phases_that_can_be_clicked(
    window: Window, mouse: Mouse
) -> None:
    seen = []
    for phase in (PAGE, LINE, LINE, PAGE):
        mouse.attend(phase)
        seen.append(window.cursor)
    assert seen == [False, True, True, False]


def test_a_click_made_before_the_phase_is_nobody_s_answer(window: Window, mouse: Mouse) -> None:
    window.queue = [("press", (0.1, 0.0)), ("release", (0.1, 0.0))]
    mouse.attend(LINE)
    assert mouse.poll() == []
    assert mouse.describe()["clicks_unasked"] == 1


def test_a_click_between_two_states_of_a_slider_is_not_lost(window: Window, mouse: Mouse) -> None:
    mouse.attend(LINE)
    window.queue = [("press", (0.1, 0.0))]
    mouse.attend(LINE)
    assert [press.at for press in mouse.poll()] == [(0.1, 0.0)]


def test_the_mark_follows_a_mouse_that_is_dragged_but_not_at_every_pixel(
    window: Window, mouse: Mouse, clock: VirtualClock
) -> None:
    mouse.attend(LINE)
    found: list[Press] = []
    window.queue = [("press", (0.0, 0.0))]
    for k in range(100):
        window.queue.append(("move", (k / 400, 0.0)))
        found += mouse.poll()
        clock.sleep_until(clock.now() + 0.002)
    window.queue = [("move", (0.25, 0.0)), ("move", (0.3, 0.5)), ("release", (0.3, 0.5))]
    found += mouse.poll()
    downs = [press for press in found if press.down]
    assert [press.repeated for press in downs] == [False] + [True] * (len(downs) - 1)
    assert 0.2 / DRAG_EVERY_S - 1 <= len(downs) - 1 <= 0.2 / DRAG_EVERY_S + 1
    assert downs[-1].at == (0.25, 0.0), "what leaves the line is not followed"
    assert not found[-1].down


def test_keys_and_clicks_come_in_the_order_of_their_times(
    window: Window, clock: VirtualClock
) -> None:
    keys = SimulatedResponses(clock, nobody, [Press(0.0, "space"), Press(0.3, "space")])
    both = WithMouse(keys, Mouse(window, clock), clock)
    both.attend(LINE, {}, 0.0)
    window.queue = [("press", (0.0, 0.0))]
    assert sorted(press.key for press in both.poll()) == ["click", "space"]
    assert [press.t for press in both.wait(1.0)] == [pytest.approx(0.3, abs=0.001)]


# -- a real window --------------------------------------------------------------------------------


class Hand:
    """Moves and clicks the mouse as the X server's test extension does."""

    def __init__(self, screen: Screen) -> None:
        xlib_display = pytest.importorskip("Xlib.display", reason="python-xlib is not installed")
        self._display = xlib_display.Display()
        self._screen = screen

    def move(self, x: int, y: int) -> None:
        """To a pixel of the window, from its upper left corner."""
        from Xlib import X
        from Xlib.ext import xtest

        left, top = self._screen._handle.get_location()
        xtest.fake_input(self._display, X.MotionNotify, x=left + x, y=top + y)
        self._display.sync()

    def button(self, *, down: bool, number: int = 1) -> None:
        from Xlib import X
        from Xlib.ext import xtest

        xtest.fake_input(self._display, X.ButtonPress if down else X.ButtonRelease, number)
        self._display.sync()

    def close(self) -> None:
        self._display.close()


@pytest.fixture(scope="module")
def run_clock() -> MonotonicClock:
    return MonotonicClock()


@pytest.fixture(scope="module")
def opened(display: str, run_clock: MonotonicClock) -> Iterator[Screen]:
    screen = open_screen(DisplaySettings(), run_clock, pilot=True, size=(640, 480))
    yield screen
    screen.close()


@pytest.fixture
def real(opened: Screen, run_clock: MonotonicClock) -> tuple[Mouse, Hand]:
    mouse = Mouse(opened, run_clock)
    mouse.attend(LINE)
    return mouse, Hand(opened)


def told(mouse: Mouse, clock: MonotonicClock, wanted: int) -> list[Press]:
    """As many presses and releases as wanted, or those of two seconds."""
    found: list[Press] = []
    until = clock.now() + 2.0
    while len(found) < wanted and clock.now() < until:
        found += mouse.poll()
        time.sleep(0.0004)
    return found


@pytest.mark.screen
@on_linux
def test_twenty_clicks_have_their_own_times_and_places(
    real: tuple[Mouse, Hand], run_clock: MonotonicClock
) -> None:
    mouse, hand = real
    late, away = [], []
    for k in range(20):
        x, y = 20 + 30 * k, 20 + 22 * k
        hand.move(x, y)
        run_clock.sleep_until(run_clock.now() + 0.004 + 0.0007 * k)  # at any moment of a frame
        asked = run_clock.now()
        hand.button(down=True)
        hand.button(down=False)
        press, release = told(mouse, run_clock, 2)
        assert (press.key, press.down, release.down, press.by) == (CLICK, True, False, "mouse")
        late.append(press.t - asked)
        assert press.at is not None
        away += [abs(press.at[0] * 480 + 320 - x), abs(240 - press.at[1] * 480 - y)]
    hand.close()
    assert max(away) < 1.01, "a pixel"
    assert min(late) >= 0
    assert sorted(late)[10] < 0.008, "a click does not wait for a frame"


@pytest.mark.screen
@on_linux
def test_only_the_left_button_counts(real: tuple[Mouse, Hand], run_clock: MonotonicClock) -> None:
    mouse, hand = real
    hand.move(320, 240)
    for number in (2, 3, 1):
        hand.button(down=True, number=number)
        hand.button(down=False, number=number)
    found = told(mouse, run_clock, 2)
    run_clock.sleep_until(run_clock.now() + 0.05)
    hand.close()
    assert len([*found, *mouse.poll()]) == 2


@pytest.mark.screen
@on_linux
@pytest.mark.slow
def test_somebody_rates_their_mood_with_the_mouse_in_a_pilot_window(
    display: str, tmp_path: Path
) -> None:
    """From the instructions to the log: a click on the line, a drag, a click on the button."""
    from mbtexp.events import read_log

    run = [sys.executable, "-m", "mbtexp.cli", "run", "mood", "--preset", "short", "--pilot"]
    run += ["--participant", "01", "--data", str(tmp_path), "--size", "800x600"]
    with subprocess.Popen(run, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as going:
        _sit(lambda: going.poll() is None, tmp_path)
        _, said = going.communicate(timeout=60)
    assert going.returncode == 0, said
    log = read_log(next(tmp_path.glob("pilot/sourcedata/sub-01/ses-01/*_log.jsonl")))
    outcomes = [trial["outcome"] for trial in log.of("trial")]
    assert [outcome["by"] for outcome in outcomes] == ["mouse"] * 3
    # Pressed at a quarter of the line, let go at three quarters.
    assert [outcome["value"] for outcome in outcomes] == pytest.approx([75.0] * 3, abs=1.0)
    assert any(event.get("repeated") for event in log.of("response"))
    assert log.header["display"]["late_builds"] == 0


def _sit(runs: Callable[[], bool], data: Path) -> None:
    """Turn the pages; press on the line, drag, let go, and click on the button."""
    from Xlib import XK, X, display
    from Xlib.ext import xtest

    server = display.Display()
    space = server.keysym_to_keycode(XK.XK_space)
    root = server.screen()
    left, top = (root.width_in_pixels - 800) // 2, (root.height_in_pixels - 600) // 2

    def do(kind: int, detail: int = 0, at: Position | None = None) -> None:
        if at is None:
            xtest.fake_input(server, kind, detail)
        else:
            x, y = left + 400 + round(600 * at[0]), top + 300 - round(600 * at[1])
            xtest.fake_input(server, X.MotionNotify, x=x, y=y)
        server.sync()
        time.sleep(0.04)

    while runs():
        newest = _last_phase(data)
        if newest in ("start", "instructions", "finished", None):
            do(X.KeyPress, space)
            do(X.KeyRelease, space)
        else:
            do(0, at=(-0.225, -0.01))
            do(X.ButtonPress, 1)
            for share in (-0.1, 0.0, 0.1, 0.225):
                do(0, at=(share, -0.01))
            do(X.ButtonRelease, 1)
            time.sleep(0.1)
            do(0, at=(0.0, -0.28))
            do(X.ButtonPress, 1)
            do(X.ButtonRelease, 1)
        time.sleep(0.25)
    server.close()


def _last_phase(data: Path) -> str | None:
    """What is on the screen, by what the log says has begun before it."""
    logs = list(data.glob("pilot/**/*_log.jsonl"))
    if not logs:
        return None
    lines = logs[0].read_text("utf-8").splitlines()
    done = sum('"kind":"trial"' in line for line in lines)
    begun = [json.loads(line)["phase"] for line in lines if '"kind":"phase"' in line]
    return "finished" if done == 3 else "rating" if "instructions" in begun else None
