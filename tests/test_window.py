"""A person at a real window: real key presses through the X server, from instructions to log."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mbtexp.events import Log, read_log

pytestmark = [pytest.mark.screen, pytest.mark.slow]

LIMIT_S = 60.0


class Person:
    """Presses keys as the X server's test extension does: the window sees a keyboard."""

    def __init__(self) -> None:
        xlib_display = pytest.importorskip("Xlib.display", reason="python-xlib is not installed")
        from Xlib import XK

        self._xk = XK
        self._display = xlib_display.Display()

    def press(self, key: str) -> None:
        from Xlib import X
        from Xlib.ext import xtest

        code = self._display.keysym_to_keycode(self._xk.string_to_keysym(key))
        for kind in (X.KeyPress, X.KeyRelease):
            xtest.fake_input(self._display, kind, code)
            self._display.sync()
            time.sleep(0.03)

    def close(self) -> None:
        self._display.close()


@pytest.fixture
def person() -> Iterator[Person]:
    somebody = Person()
    yield somebody
    somebody.close()


def sit(
    data: Path, act: Callable[[int], None], *options: str, task: str = "eyes"
) -> subprocess.CompletedProcess[str]:
    """Start a pilot run and act every 0.3 s until it ends."""
    words = ["run", task, "--participant", "01", "--data", str(data), "--pilot", *options]
    with subprocess.Popen(
        [sys.executable, "-m", "mbtexp.cli", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ,
    ) as run:
        began, count = time.monotonic(), 0
        while run.poll() is None:
            if time.monotonic() - began > LIMIT_S:
                run.kill()
                pytest.fail("the run did not end")
            if list(data.glob("pilot/sourcedata/*/*/*.jsonl")):
                act(count)
                count += 1
            time.sleep(0.3)
        out, err = run.communicate()
    return subprocess.CompletedProcess(run.args, run.returncode, out, err)


def log_of(data: Path) -> Log:
    (path,) = data.glob("pilot/sourcedata/sub-01/ses-01/*_log.jsonl")
    return read_log(path)


def test_a_person_sits_the_task_in_a_pilot_window(tmp_path: Path, person: Person) -> None:
    def act(count: int) -> None:
        person.press("space" if count % 2 else "2")

    done = sit(tmp_path, act, "--set", "items=4")

    assert done.returncode == 0, done.stderr
    log = log_of(tmp_path)
    assert log.completed
    assert log.header["mode"] == "pilot"
    assert log.header["simulated"] is None
    answered = [trial["outcome"] for trial in log.of("trial")]
    assert len(answered) == 5
    assert {outcome["position"] for outcome in answered} == {"tr"}
    assert all(0 < outcome["rt_s"] < 5 for outcome in answered)
    releases = [event for event in log.of("response") if event["status"] == "release"]
    assert releases
    assert log.header["display"]["late_builds"] == 0


@pytest.mark.parametrize(
    ("task", "preset", "first", "keys"),
    [
        ("attachment", "induction", 5, ("f", "j", "space")),
        ("discounting", "five_trial", 7, ("space", "f", "j")),
        ("polysemy", "standard", 6, ("space", "f", "j")),
        ("trust", "rating", 5, ("space", "2", "6")),
    ],
)
def test_a_person_sits_the_other_tasks(
    tmp_path: Path, person: Person, task: str, preset: str, first: int, keys: tuple[str, ...]
) -> None:
    def act(count: int) -> None:
        person.press(keys[count % len(keys)])

    done = sit(tmp_path, act, "--preset", preset, "--first", str(first), task=task)

    assert done.returncode == 0, done.stderr
    log = log_of(tmp_path)
    assert log.completed
    assert len({trial["trial"] for trial in log.of("trial")}) == first
    assert any(event["status"] == "counted" for event in log.of("response"))
    assert log.header["responses"]["backend"] in ("psychtoolbox", "xinput")
    assert log.header["display"]["late_builds"] == 0


def test_escape_asks_and_the_second_escape_stops(tmp_path: Path, person: Person) -> None:
    def act(count: int) -> None:
        person.press("Escape" if count > 5 else "space" if count % 2 else "2")

    done = sit(tmp_path, act)
    log = log_of(tmp_path)

    assert done.returncode == 2
    assert "stopped by the operator" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(log.of("abort"))
    assert any(event["phase"] == "confirm_stop" for event in log.of("phase"))
