"""The keyboard: every press once, on the run clock, from a back end that tells of two keys."""

from __future__ import annotations

import importlib.util
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from mbtexp.clock import MonotonicClock
from mbtexp.errors import DeviceError
from mbtexp.ports import Clock, Facts, Press
from mbtexp.responses import keyboard as keyboard_module
from mbtexp.responses.keyboard import Keyboard, open_keyboard
from mbtexp.responses.keynames import key_name
from mbtexp.responses.queue import QueueReader
from mbtexp.responses.selftest import SelfTest, check_two_keys, self_test
from mbtexp.rig import DisplaySettings, ResponseSettings
from mbtexp.screen import KeyHandler, Screen, open_screen

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="presses keys through an X server")


class HandClock:
    """A clock that moves when the test says so, or when it is waited for."""

    def __init__(self) -> None:
        self.t = 10.0

    def now(self) -> float:
        return self.t

    def sleep_until(self, t: float) -> None:
        self.t = max(self.t, t)

    def call_at(self, t: float, action: Callable[[], None]) -> None:
        raise AssertionError("a keyboard plans nothing")


class Script:
    """A back end that tells what the test wrote down, in pieces."""

    name = "script"

    def __init__(self, *pieces: list[Press]) -> None:
        self.pieces = list(pieces)
        self.closed = 0

    def read(self) -> list[Press]:
        return self.pieces.pop(0) if self.pieces else []

    def describe(self) -> Facts:
        return {"stamps": "written by hand"}

    def close(self) -> None:
        self.closed += 1


class Front:
    """A window that has the keyboard's focus or not."""

    def __init__(self, *, focused: bool = True, pilot: bool = False) -> None:
        self.focused = focused
        self.pilot = pilot

    def pump(self) -> None:
        pass

    def on_keys(self, handler: KeyHandler) -> None:
        pass


def down(t: float, key: str) -> Press:
    return Press(t, key)


def up(t: float, key: str) -> Press:
    return Press(t, key, down=False)


# -- what counts ---------------------------------------------------------------------------------


def test_a_key_held_down_is_one_press_however_often_it_repeats() -> None:
    keys = Keyboard(
        Script([down(1.0, "f"), down(1.5, "f")], [down(1.53, "f"), up(2.0, "f")]), clock()
    )
    assert keys.poll() == [down(1.0, "f")]
    assert keys.held() == {"f"}
    assert keys.poll() == [up(2.0, "f")]
    assert keys.held() == frozenset()
    assert keys.describe()["repeats"] == 2


def test_a_key_told_by_two_devices_is_one_press() -> None:
    twice = [down(1.0, "f"), down(1.0001, "f"), up(1.1, "f"), up(1.1001, "f")]
    assert Keyboard(Script(twice), clock()).poll() == [down(1.0, "f"), up(1.1, "f")]


def test_keys_typed_into_another_window_are_no_data() -> None:
    front = Front(focused=False)
    keys = Keyboard(Script([down(1.0, "f"), up(1.1, "f")], [down(2.0, "f")]), clock(), front)
    assert keys.poll() == []
    assert keys.describe()["typed_elsewhere"] == 1
    front.focused = True
    assert keys.poll() == [down(2.0, "f")]


def test_a_key_let_go_over_another_window_is_let_go() -> None:
    front = Front()
    keys = Keyboard(Script([down(1.0, "f")], [up(1.5, "f")]), clock(), front)
    keys.poll()
    front.focused = False
    assert keys.poll() == [up(1.5, "f")]
    assert keys.held() == frozenset()


def test_waiting_ends_with_the_first_press_or_at_its_time() -> None:
    hand = HandClock()
    keys = Keyboard(Script([], [down(10.0, "f")], []), hand)
    assert keys.wait(10.0005) == [down(10.0, "f")]
    assert keys.wait(10.0003) == []
    assert hand.now() == 10.0003


def test_a_press_in_the_last_moment_of_a_wait_is_returned() -> None:
    hand = HandClock()
    keys = Keyboard(Script([], [down(10.0002, "f")]), hand)
    assert keys.wait(10.0003) == [down(10.0002, "f")]


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("KP_1", "1"),
        ("num_1", "1"),
        ("_1", "1"),
        ("1", "1"),
        ("NUM_ENTER", "return"),
        ("Return", "return"),
        ("Escape", "escape"),
        ("space", "space"),
        ("LEFT", "left"),
        ("F", "f"),
        ("Num_Lock", "numlock"),
        ("Page_Up", "pageup"),
        ("NUM_END", "1"),
        ("KP_Begin", "5"),
        ("End", "end"),
        ("odiaeresis", "ö"),
    ],
)
def test_a_key_has_one_name(theirs: str, ours: str) -> None:
    assert key_name(theirs) == ours


# -- psychtoolbox's clock ------------------------------------------------------------------------


class FakeQueue:
    """psychtoolbox's queue of events, stamped by its own clock."""

    def __init__(self) -> None:
        self.events: list[Mapping[str, Any]] = []

    def press(self, t: float, code: int = 42, *, pressed: float = 1.0) -> None:
        self.events.append({"Time": t, "Keycode": float(code), "Pressed": pressed})

    def flush(self) -> float:
        return float(len(self.events))

    def queue_get_event(self) -> tuple[Mapping[str, Any], float]:
        return self.events.pop(0), float(len(self.events))


class TimeOfDay:
    """psychtoolbox's clock on Linux: ahead of the run clock, and set by the network's time."""

    def __init__(self, run: HandClock) -> None:
        self.run = run
        self.ahead_s = 1.7e9

    def __call__(self) -> float:
        return self.run.now() + self.ahead_s


@pytest.fixture
def run() -> HandClock:
    return HandClock()


@pytest.fixture
def day(run: HandClock) -> TimeOfDay:
    return TimeOfDay(run)


def reader_of(queue: FakeQueue, day: TimeOfDay, run: HandClock) -> QueueReader:
    return QueueReader([queue], day, {42: "f", 45: "j"}.__getitem__, run, lambda: None)


def test_stamps_of_the_time_of_day_are_brought_to_the_run_clock(
    run: HandClock, day: TimeOfDay
) -> None:
    queue = FakeQueue()
    reader = reader_of(queue, day, run)
    run.t = 10.010
    queue.press(day() - 0.004)
    queue.press(day() - 0.001, 45, pressed=0.0)
    presses = reader.read()
    assert [(p.key, p.down) for p in presses] == [("f", True), ("j", False)]
    assert [p.t for p in presses] == pytest.approx([10.006, 10.009], abs=1e-6)


@pytest.mark.parametrize("step_s", [3600.0, 0.5, 0.02, -0.02, -0.5, -3600.0])
@pytest.mark.parametrize("pressed_after_the_step", [True, False])
def test_setting_the_time_of_day_while_a_key_is_pressed_does_not_move_the_stamp(
    run: HandClock, day: TimeOfDay, step_s: float, pressed_after_the_step: bool
) -> None:
    queue = FakeQueue()
    reader = reader_of(queue, day, run)
    reader.read()
    run.t = 10.002
    if pressed_after_the_step:
        day.ahead_s += step_s
    queue.press(day())
    run.t = 10.004
    if not pressed_after_the_step:
        day.ahead_s += step_s
    [press] = reader.read()
    assert press.t == pytest.approx(10.002, abs=1e-6)


def test_a_clock_that_drifts_is_followed(run: HandClock, day: TimeOfDay) -> None:
    queue = FakeQueue()
    reader = reader_of(queue, day, run)
    for _ in range(1000):
        run.t += 0.01
        day.ahead_s += 0.01 * 500e-6  # as fast as a time daemon slews
        queue.press(day())
        run.t += 0.0004
        [press] = reader.read()
        assert press.t == pytest.approx(run.t - 0.0004, abs=1e-5)


# -- two keys together ---------------------------------------------------------------------------


class Finger:
    """Presses keys of a back end that the test owns; may lose or delay some."""

    name = "finger"

    def __init__(self, clock: Clock, *, loses: str = "", late_s: float = 0.0) -> None:
        self.clock = clock
        self.loses = loses
        self.late_s = late_s
        self.events: list[Press] = []

    def send(self, key: str, is_down: bool) -> None:
        if key != self.loses:
            self.events.append(Press(self.clock.now() + self.late_s, key, is_down))

    def read(self) -> list[Press]:
        events, self.events = self.events, []
        return events

    def describe(self) -> Facts:
        return {}

    def close(self) -> None:
        self.events = []


def outcome(finger: Finger) -> SelfTest:
    return self_test(finger, finger.clock, finger.send)


def test_a_back_end_that_tells_of_both_keys_passes() -> None:
    assert outcome(Finger(clock())).complaint == ""


def test_a_back_end_that_drops_one_of_two_keys_is_refused() -> None:
    assert (
        "pressed together it told: lctrl down, lctrl up"
        in outcome(Finger(clock(), loses="rctrl")).complaint
    )


def test_a_back_end_whose_stamps_are_far_off_is_refused() -> None:
    assert "time stamps are up to" in outcome(Finger(clock(), late_s=0.2)).complaint


def test_a_refused_back_end_gives_way_to_the_next_and_the_last_refusal_says_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bad, good = Script(), Script()
    opened: dict[str, Any] = {
        "psychtoolbox": lambda _clock, _screen: bad,
        "xinput": lambda _clock, _screen: good,
    }
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(keyboard_module, "_OPEN", opened)
    monkeypatch.setattr(
        keyboard_module,
        "_tested",
        lambda reader, _clock: SelfTest("it dropped a key" if reader is bad else ""),
    )
    keys = open_keyboard(ResponseSettings(), clock(), Front())
    keys.close()
    assert (bad.closed, good.closed) == (1, 1)
    opened["xinput"] = opened["psychtoolbox"]
    with pytest.raises(DeviceError, match=r"psychtoolbox: it dropped a key\. xinput: it dropped"):
        open_keyboard(ResponseSettings(), clock(), Front())


@pytest.mark.parametrize(("pilot", "last"), [(True, "window"), (False, "xinput")])
def test_the_windows_own_events_are_for_pilots_unless_asked_for(
    pilot: bool, last: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    def fails(name: str) -> Callable[[Clock, object], Any]:
        def open_it(_clock: Clock, _screen: object) -> Any:
            tried.append(name)
            raise DeviceError("it is not there.")

        return open_it

    names = ("psychtoolbox", "xinput", "window")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(keyboard_module, "_OPEN", {name: fails(name) for name in names})
    with pytest.raises(DeviceError):
        open_keyboard(ResponseSettings(), clock(), Front(pilot=pilot))
    assert tried[-1] == last
    with pytest.raises(DeviceError):
        open_keyboard(ResponseSettings(backend="window"), clock(), Front(pilot=pilot))
    assert tried[-1] == "window"


def test_the_operator_is_asked_and_two_keys_held_together_are_named() -> None:
    asked: list[str] = []
    keys = Keyboard(Script([], [down(1, "a"), up(2, "a"), down(3, "f"), down(3.01, "j")]), clock())
    assert check_two_keys(keys, clock(), asked.append) == ("f", "j")
    assert len(asked) == 1


def test_two_keys_one_after_the_other_are_not_two_keys_together() -> None:
    keys = Keyboard(Script([], [down(1, "f"), up(2, "f"), down(3, "j"), up(4, "j")]), clock())
    with pytest.raises(DeviceError, match="did not tell of two keys held together"):
        check_two_keys(keys, clock(), lambda _text: None, patience_s=0.01)


# -- real back ends ------------------------------------------------------------------------------


def clock() -> MonotonicClock:
    return MonotonicClock()


@pytest.fixture(scope="module")
def run_clock() -> MonotonicClock:
    return MonotonicClock()


@pytest.fixture(scope="module")
def screen(display: str, run_clock: MonotonicClock) -> Iterator[Screen]:
    opened = open_screen(DisplaySettings(), run_clock, pilot=True, size=(640, 480))
    yield opened
    opened.close()


@pytest.fixture
def press(display: str) -> Iterator[Callable[[str, bool], None]]:
    """Presses (True) and releases (False) a key of the X server's."""
    from mbtexp.responses.xinput import XTestKeys

    keys = XTestKeys()
    yield lambda key, is_down: keys.send(key, down=is_down)
    keys.close()


@pytest.fixture(params=["psychtoolbox", "xinput", "window"])
def keys(
    request: pytest.FixtureRequest, screen: Screen, run_clock: MonotonicClock
) -> Iterator[Keyboard]:
    if request.param == "psychtoolbox":
        pytest.importorskip("psychtoolbox", exc_type=ImportError)
    opened = open_keyboard(ResponseSettings(backend=request.param), run_clock, screen)
    yield opened
    opened.close()


def collect(keys: Keyboard, clock: Clock, wanted: int) -> list[Press]:
    """As many events as wanted, or those of two seconds."""
    events: list[Press] = []
    until = clock.now() + 2.0
    while len(events) < wanted and clock.now() < until:
        events += keys.wait(clock.now() + 0.02)
    return events


@pytest.mark.screen
@on_linux
def test_sixty_of_sixty_presses_three_ms_apart_arrive_in_order_and_on_time(
    keys: Keyboard, run_clock: MonotonicClock, press: Callable[[str, bool], None]
) -> None:
    # The window's own events are stamped when they are asked for, the others' at any time.
    asked_at_once = keys.describe()["backend"] == "window"
    sent, seen = [], []
    for _ in range(30):
        for key, is_down in (("f", True), ("j", True), ("f", False), ("j", False)):
            sent.append(Press(run_clock.now(), key, is_down))
            press(key, is_down)
            if asked_at_once:
                seen += keys.wait(sent[-1].t + 0.5)
            run_clock.sleep_until(sent[-1].t + 0.003)
    seen += collect(keys, run_clock, len(sent) - len(seen))
    assert [(p.key, p.down) for p in seen] == [(p.key, p.down) for p in sent]
    errors = sorted(abs(there.t - here.t) for there, here in zip(seen, sent, strict=True))
    assert errors[len(errors) // 2] < 0.002
    assert errors[int(0.9 * len(errors))] < 0.010


@pytest.mark.screen
@on_linux
def test_a_key_really_held_is_one_press_and_one_release(
    keys: Keyboard, run_clock: MonotonicClock, press: Callable[[str, bool], None]
) -> None:
    press("f", True)
    held = collect(keys, run_clock, 1)
    time.sleep(0.8)  # an X server starts to repeat after 0.66 s
    assert keys.poll() == []
    assert keys.held() == {"f"}
    press("f", False)
    released = collect(keys, run_clock, 1)
    assert [(p.key, p.down) for p in held + released] == [("f", True), ("f", False)]
    assert released[0].t - held[0].t > 0.7


@pytest.mark.screen
@on_linux
def test_both_ones_of_the_keyboard_are_the_one(
    keys: Keyboard, run_clock: MonotonicClock, display: str
) -> None:
    from Xlib import XK, X
    from Xlib.display import Display
    from Xlib.ext import xtest

    server = Display()
    for keysym in (XK.XK_1, XK.XK_KP_End):
        for kind in (X.KeyPress, X.KeyRelease):
            xtest.fake_input(server, kind, server.keysym_to_keycode(keysym))
            server.sync()
    server.close()
    assert [p.key for p in collect(keys, run_clock, 4)] == ["1", "1", "1", "1"]


@pytest.mark.screen
@on_linux
def test_what_was_typed_before_a_wait_is_returned_by_it_at_once(
    keys: Keyboard, run_clock: MonotonicClock, press: Callable[[str, bool], None]
) -> None:
    press("space", True)
    press("space", False)
    run_clock.sleep_until(run_clock.now() + 0.02)
    asked_at = run_clock.now()
    assert [p.key for p in keys.wait(asked_at + 5)] == ["space", "space"]
    assert run_clock.now() - asked_at < 1.0


@pytest.mark.screen
@on_linux
def test_real_typing_into_another_window_is_no_data(
    screen: Screen, run_clock: MonotonicClock, press: Callable[[str, bool], None]
) -> None:
    from Xlib import X
    from Xlib.display import Display

    server = Display()
    other = server.screen().root.create_window(0, 0, 50, 50, 0, X.CopyFromParent)
    other.map()
    server.sync()
    before = server.get_input_focus().focus
    keys = open_keyboard(ResponseSettings(backend="xinput"), run_clock, screen)
    other.set_input_focus(X.RevertToParent, X.CurrentTime)
    server.sync()
    press("f", True)
    press("f", False)
    assert collect(keys, run_clock, 0) == []
    run_clock.sleep_until(run_clock.now() + 0.05)
    assert keys.poll() == []
    assert keys.describe()["typed_elsewhere"] == 1
    before.set_input_focus(X.RevertToParent, X.CurrentTime)
    server.sync()
    press("f", True)
    press("f", False)
    assert len(collect(keys, run_clock, 2)) == 2
    other.destroy()
    server.close()
    keys.close()


@pytest.mark.screen
@on_linux
def test_without_psychtoolbox_auto_reads_raw_events_and_loses_none(
    screen: Screen,
    run_clock: MonotonicClock,
    press: Callable[[str, bool], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "psychtoolbox", None)  # its import fails, as without libjack
    keys = open_keyboard(ResponseSettings(), run_clock, screen)
    for _ in range(30):
        for key, is_down in (("f", True), ("j", True), ("f", False), ("j", False)):
            press(key, is_down)
    seen = collect(keys, run_clock, 120)
    keys.close()
    assert keys.describe()["backend"] == "xinput"
    assert [sum(p.down and p.key == key for p in seen) for key in "fj"] == [30, 30]
    with pytest.raises(DeviceError, match="psychtoolbox cannot be loaded"):
        open_keyboard(ResponseSettings(backend="psychtoolbox"), run_clock, screen)


@pytest.mark.screen
@on_linux
def test_auto_prefers_psychtoolbox_where_it_loads_and_tells_how_exact_it_is(
    screen: Screen, run_clock: MonotonicClock
) -> None:
    pytest.importorskip("psychtoolbox", exc_type=ImportError)
    keys = open_keyboard(ResponseSettings(), run_clock, screen)
    facts = keys.describe()
    keys.close()
    keys.close()
    assert (facts["backend"], facts["self_test"]) == ("psychtoolbox", "passed")
    assert 0 <= facts["stamp_error_ms"] < 50


@pytest.mark.skipif(importlib.util.find_spec("Xlib") is None, reason="needs python-xlib")
def test_an_event_read_late_is_moved_back_to_where_the_servers_time_allows() -> None:
    from mbtexp.responses.xinput import ServerTime

    server = ServerTime(reference_ms=2**32 - 5, latest_at_reference=7.0, step_s=0.001)
    assert server.latest(2**32 - 5) == 7.0
    assert server.latest(95) == pytest.approx(7.1)  # over the counter's end
