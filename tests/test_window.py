"""A person at a real window: real key presses through the X server, from instructions to log.

All presets of a task are sat in one process, one trial of every kind that a preset has:
``python tests/test_window.py TASK DATA`` shows them one after the other.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mbtexp.conduct import Request, conduct, prepare
from mbtexp.events import Log, read_log
from mbtexp.task import find_task

pytestmark = [pytest.mark.screen, pytest.mark.slow]

LIMIT_S = 240.0
"""Longest time for a test's runs, s."""


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
    return beside(["-m", "mbtexp.cli", *words], data, act, every_s=0.3)


def beside(
    words: Sequence[str], data: Path, act: Callable[[int], None], *, every_s: float
) -> subprocess.CompletedProcess[str]:
    """Start Python with these words and act beside it until it ends, while a run goes on."""
    with subprocess.Popen(
        [sys.executable, *words],
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
            if is_running(data):
                act(count)
                count += 1
            time.sleep(every_s)
        out, err = run.communicate()
    return subprocess.CompletedProcess(run.args, run.returncode, out, err)


def is_running(data: Path) -> bool:
    """Whether the newest log has no last line yet; a key while a keyboard is tested disturbs it."""
    logs = sorted(data.glob("**/*.jsonl"), key=lambda path: path.stat().st_mtime_ns)
    return bool(logs) and b'"kind":"end"' not in logs[-1].read_bytes()[-2000:]


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


KEYS = {
    "attachment": ("f", "space", "j", "space"),
    "discounting": ("space", "f", "j"),
    "eyes": ("space", "2", "3"),
    "polysemy": ("space", "f", "j", "Return", "2"),
    "trust": ("space", "2", "6", "f"),
}
"""Keys that are pressed in turn: they turn pages, move sliders, confirm, choose, rate and type."""

SHORTER: Mapping[tuple[str, str], Mapping[str, str]] = {
    ("attachment", "aron"): {
        "picture_s": "2",
        "count_long_s": "2",
        "count_short_s": "2",
        "mood_window_s": "2.5",
    },
    ("attachment", "block"): {"picture_s": "2.5", "mood_window_s": "2.5"},
    ("attachment", "infant"): {"mood_window_s": "2.5"},
    ("attachment", "induction"): {"picture_s": "2.5"},
    ("discounting", "experiential"): {"sooner_wait_s": "1", "later_wait_s": "2"},
    ("eyes", "scanner"): {"window_s": "3", "iti_low_s": "1", "iti_high_s": "1"},
}
"""Settings with which a preset does not keep the tests waiting."""

SORTS = ("practice", "kind", "part", "method", "question")
"""Columns by which trials are of a kind."""

BEGIN_S = 4.0
"""First onset where onsets are fixed: earlier than in any preset."""

WATCHED = ("picture", "count")
"""Trials that somebody may let pass without a press."""


@pytest.mark.untimed
@pytest.mark.parametrize("task", KEYS)
def test_a_person_sits_every_preset(tmp_path: Path, person: Person, task: str) -> None:
    keys = KEYS[task]

    def act(count: int) -> None:
        person.press(keys[count % len(keys)])

    done = beside([__file__, task, str(tmp_path)], tmp_path, act, every_s=0.05)

    assert done.returncode == 0, done.stderr
    for preset in find_task(task).presets:
        log = log_of(tmp_path / preset)
        assert log.completed, preset
        assert log.header["simulated"] is None
        assert log.header["responses"]["backend"] in ("psychtoolbox", "xinput")
        assert log.header["display"]["late_builds"] == 0
        shown = list(log.of("trial"))
        assert len(shown) == len(log.header["design"]), preset
        for trial in shown:
            if trial["design"].get("kind") not in WATCHED:
                assert not trial["outcome"]["missed"], (preset, trial)
                assert trial["outcome"]["response"] is not None, (preset, trial)
            elif trial["design"]["dot"]:
                assert trial["outcome"]["response"] == "pressed", (preset, trial)


def show_all(task: str, data: Path) -> None:
    """Every preset of a task as a pilot, with its own folder for data."""
    for preset in find_task(task).presets:
        request = Request(
            task,
            "01",
            data / preset,
            preset=preset,
            changes=SHORTER.get((task, preset), {}),
            pilot=True,
            size=(800, 600),
        )
        prepared = prepare(request)
        conduct(request, prepared=replace(prepared, rows=one_of_each(prepared.rows)))


def one_of_each(rows: Sequence[Any]) -> tuple[Any, ...]:
    """The first trial of each kind, a picture with a dot if there is one.

    Where onsets are fixed, each is as far from the next as it was from the trial after it.
    """
    found: dict[tuple[Any, ...], int] = {}
    for place in sorted(range(len(rows)), key=lambda k: not getattr(rows[k], "dot", False)):
        found.setdefault(tuple(getattr(rows[place], sort, None) for sort in SORTS), place)
    chosen, onset_s = [], BEGIN_S
    for place in sorted(found.values()):
        row = rows[place]
        if getattr(row, "onset_s", None) is None:
            chosen.append(row)
            continue
        chosen.append(replace(row, onset_s=onset_s))
        onset_s += (rows[place + 1].onset_s or row.onset_s) - row.onset_s
    return tuple(chosen)


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


if __name__ == "__main__":
    show_all(sys.argv[1], Path(sys.argv[2]))
