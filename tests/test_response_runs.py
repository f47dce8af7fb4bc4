"""Whole runs answered at emulated response boxes, in real time and without a window."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import tomllib
import types
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mbtexp import conduct as conduct_module
from mbtexp.clock import MonotonicClock
from mbtexp.conduct import Request, conduct, prepare
from mbtexp.errors import DeviceError, SettingError
from mbtexp.events import Log, MemoryLog, read_log
from mbtexp.ports import Press
from mbtexp.rig import rig_from
from mbtexp.run import Run
from mbtexp.timeline import Keys, Phase
from mbtexp.virtual import VirtualDisplay, VirtualLab
from mbtexp.virtual.box import Box
from mbtexp.virtual.buttons import Forp2, LuminaRb, move
from mbtexp.virtual.xid import LUMINA_3G, XidBox

pytestmark = pytest.mark.skipif(os.name == "nt", reason="pseudo-terminals are a POSIX thing")

if os.name != "nt":
    from mbtexp.virtual.wire import Wire


class Window(VirtualDisplay):
    """A display in place of a window: there is no mouse at it."""

    def on_mouse(self, _handler: Any) -> None:
        """Nobody clicks."""

    def show_cursor(self, _shown: bool) -> None:
        """There is none to be seen."""


class Sitter:
    """Somebody at an emulated box, and the keyboard beside it.

    Parameters
    ----------
    emulated
        The box.
    hand
        From a phase to a button and when to press it, s after the onset; None: not at all.
    late_s
        How long the box keeps a press before it tells.
    """

    def __init__(
        self,
        emulated: Box,
        hand: Callable[[Phase, dict[str, Any]], tuple[str, float] | None],
        late_s: float = 0.0,
    ) -> None:
        self.emulated = emulated
        self.wished: list[tuple[str, float]] = []
        self._hand = hand
        self._late_s = late_s
        self._clock = MonotonicClock()

    def sit_down(self, _settings: object, clock: MonotonicClock, _screen: object) -> Sitter:
        """In the place of ``open_keyboard``."""
        self._clock.close()
        self._clock = clock
        return self

    def attend(self, phase: Phase, trial: dict[str, Any], onset: float) -> None:
        answer = self._hand(phase, trial)
        if answer is None:
            return
        button, after_s = answer
        if trial:
            self.wished.append((button, after_s))
        at = onset + after_s
        self._clock.call_at(at + self._late_s, lambda: self._move(button, at, down=True))
        self._clock.call_at(at + HOLD_S + self._late_s, lambda: self._move(button, at + HOLD_S))

    def _move(self, button: str, at: float, *, down: bool = False) -> None:
        if isinstance(self.emulated, XidBox):
            then = self.emulated.now() - (self._clock.now() - at)
            (self.emulated.press if down else self.emulated.release)(0, int(button), then)
        else:
            move(self.emulated, button, down=down)

    def poll(self) -> list[Press]:
        return []

    def wait(self, until: float) -> list[Press]:
        raise AssertionError("the box is waited for")

    def held(self) -> frozenset[str]:
        return frozenset()

    def complaint(self) -> str:
        return ""

    def describe(self) -> dict[str, Any]:
        return {"backend": "nobody types"}

    def close(self) -> None:
        pass


HOLD_S = 0.03

QUICK = {
    "items": "3",
    "practice": "false",
    "glossary": "false",
    "iti_low_s": "0.5",
    "iti_high_s": "0.5",
    "fixation_s": "0.1",
}
FINGERS = ("left middle", "left index", "right index", "right middle")
HANDS = """
[responses.fingers]
"left middle" = "{0}"
"left index" = "{1}"
"right index" = "{2}"
"right middle" = "{3}"

[responses.tasks]
eyes = ["left middle", "left index", "right index", "right middle"]
"""


def thinks(buttons: str) -> Callable[[Phase, dict[str, Any]], tuple[str, float] | None]:
    """Answers with the buttons in turn, each a little later than the one before."""
    n = iter(range(1000))

    def hand(phase: Phase, trial: dict[str, Any]) -> tuple[str, float] | None:
        if phase.keys is None:
            return None
        if not trial:
            return buttons[0], 0.12
        turn = next(n)
        return buttons[turn % 4], 0.15 + 0.02 * turn

    return hand


def page_rigs(repo: Path) -> list[str]:
    page = (repo / "docs/response-boxes.md").read_text(encoding="utf-8")
    return re.findall(r"^```toml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


def test_every_rig_of_the_page_is_one(repo: Path) -> None:
    rigs = [rig_from(tomllib.loads(text), where="page") for text in page_rigs(repo)]
    assert [rig.responses.device for rig in rigs] == ["forp", "xid", "arduino"]


@pytest.mark.parametrize(
    ("task", "preset", "keys"),
    [
        ("eyes", "scanner", ("b", "y", "g", "r")),
        ("trust", "binary", ("y", "g")),
        ("polysemy", "standard", ("y", "g")),
        ("discounting", "scanner", ("y", "g")),
        ("attachment", "block", ("y", "g", "r")),
    ],
)
def test_the_page_s_one_file_serves_all_five_tasks(
    repo: Path, tmp_path: Path, task: str, preset: str, keys: tuple[str, ...]
) -> None:
    rig = tmp_path / "rig.toml"
    rig.write_text(page_rigs(repo)[0], encoding="utf-8")
    asked = Request(task=task, participant="01", data=tmp_path, preset=preset, rig=rig)
    material = prepare(asked).material
    assert material.keys == keys
    called = material.text.fingers
    assert [called[key] for key in keys][:1] == ["left middle" if task == "eyes" else "left index"]


def test_a_task_with_more_answers_than_the_box_has_buttons_is_refused(
    repo: Path, tmp_path: Path
) -> None:
    rig = tmp_path / "rig.toml"
    rig.write_text(page_rigs(repo)[0], encoding="utf-8")
    asked = Request(task="trust", participant="01", data=tmp_path, preset="rating", rig=rig)
    with pytest.raises(SettingError) as refused:
        prepare(asked)
    assert str(refused.value) == (
        "rig.toml: responses: task 'trust' (rating) is answered with 1, 2, 3, 4, 5, 6, 7, and the "
        "Current Designs fORP, program 2 has only b, y, g, r; take a preset with fewer answers."
    )


def test_instructions_name_the_finger_and_not_the_button(repo: Path, tmp_path: Path) -> None:
    rig = tmp_path / "rig.toml"
    rig.write_text(page_rigs(repo)[0].replace("left index", "linker Zeigefinger"), encoding="utf-8")
    for task in ("discounting", "polysemy"):
        asked = Request(task=task, participant="01", data=tmp_path, rig=rig, language="de")
        ready = prepare(asked)
        assert "linker Zeigefinger" in ready.task.instructions(ready.material)


def test_a_bounce_is_in_the_log_and_answers_nothing() -> None:
    bounce, press = Press(0.30, "1", bounced=True), Press(0.50, "1", heard=0.52, box_ms=77)
    lab = VirtualLab(presses=[bounce, press])
    log = MemoryLog()
    with Run(
        display=lab.display,
        responses=lab.responses,
        trigger=lab.trigger,
        clock=lab.clock,
        log=log,
        trials=(),
    ) as run:
        shown = run.show([Phase("question", (), keys=Keys(("1",)))])["question"]
    assert shown.press == 0.50
    told = [(e["status"], e.get("heard"), e.get("box_ms")) for e in log.of("response")]
    assert told == [("bounced", None, None), ("counted", 0.52, 77)]


@pytest.fixture
def asked(tmp_path: Path) -> Request:
    return Request(
        task="eyes",
        participant="01",
        data=tmp_path / "study",
        changes=QUICK,
        rig=tmp_path / "rig.toml",
    )


def conducted(asked: Request, sitter: Sitter, monkeypatch: pytest.MonkeyPatch) -> Log:
    """A run in real time with the sitter at the box, on a screen that exists only in memory."""
    screen = types.SimpleNamespace(open_screen=lambda _, clock, **__: Window(clock, 60.0))
    monkeypatch.setitem(sys.modules, "mbtexp.screen", screen)
    keyboard = types.SimpleNamespace(open_keyboard=sitter.sit_down)
    monkeypatch.setitem(sys.modules, "mbtexp.responses.keyboard", keyboard)
    monkeypatch.setattr(conduct_module, "raise_priority", lambda: "as it is")
    return read_log(conduct(asked).log)


@contextlib.contextmanager
def at_a_box(asked: Request, emulated: Box, toml: str) -> Iterator[Wire]:
    """A box on a port that the rig file names."""
    with Wire(emulated) as wire:
        assert asked.rig is not None
        asked.rig.write_text(toml.replace("PORT", wire.name), encoding="utf-8")
        yield wire


def test_a_run_is_answered_at_a_forp(asked: Request, monkeypatch: pytest.MonkeyPatch) -> None:
    emulated = Forp2()
    toml = '[responses]\ndevice = "forp"\nport = "PORT"\n' + HANDS.format(*"bygr")
    sitter = Sitter(emulated, thinks("bygr"))
    with at_a_box(asked, emulated, toml):
        log = conducted(asked, sitter, monkeypatch)
    assert log.completed
    assert log.header["keys"] == ["b", "y", "g", "r"]
    assert log.header["responses"]["backend"] == "Current Designs fORP, program 2"
    assert "left middle" in log.header["task_info"]["instructions"]
    trials = [event["outcome"] for event in log.of("trial")]
    assert len(sitter.wished) == len(trials) == 3
    for outcome, (_, wished) in zip(trials, sitter.wished, strict=True):
        assert wished - 0.001 <= outcome["rt_s"] <= wished + 0.1
    told = [event for event in log.of("response") if event["trial"] is not None]
    counted = [event["key"] for event in told if event["status"] == "counted"]
    assert counted == [button for button, _ in sitter.wished] == ["b", "y", "g"]
    assert [event["key"] for event in told if not event["down"]][-3:] == ["b", "y", "g"]
    (last,) = [note for note in log.of("note") if note["text"] == "response device"]
    assert (last["bytes_thrown_away"], last["bounces"]) == (0, {})


def test_one_cedrus_box_takes_codes_and_answers_on_one_cable(
    asked: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clock 200 ppm off, and each press told 40 ms late: the box's stamp still holds."""
    emulated = XidBox(LUMINA_3G, drift_ppm=200)
    toml = (
        'mode = "eeg"\n[trigger]\ndevice = "xid2"\nport = "PORT"\n'
        '[responses]\ndevice = "xid"\nport = "PORT"\n' + HANDS.format(*"1234")
    )
    sitter = Sitter(emulated, thinks("1234"), late_s=0.040)
    with at_a_box(asked, emulated, toml):
        log = conducted(asked, sitter, monkeypatch)
    assert log.completed
    for trial, (button, wished) in zip(log.of("trial"), sitter.wished, strict=True):
        assert trial["outcome"]["rt_s"] == pytest.approx(wished, abs=0.010)
        (press,) = [
            e
            for e in log.of("response")
            if e["trial"] == trial["trial"] and e["status"] == "counted"
        ]
        assert press["key"] == button
        assert press["heard"] - press["t"] >= 0.030
        assert isinstance(press["box_ms"], int)
    sent = [event["code"] for event in log.of("trigger")]
    assert len(sent) > 10
    assert emulated.codes() == sent


@pytest.mark.parametrize("window_s", ["none", "0.5"], ids=["untimed", "timed"])
def test_a_box_that_is_pulled_stops_the_run_with_a_closed_log(
    asked: Request, monkeypatch: pytest.MonkeyPatch, window_s: str
) -> None:
    emulated = LuminaRb()
    toml = '[responses]\ndevice = "lumina-rb"\nport = "PORT"\n' + HANDS.format(*"1234")
    answers = thinks("1234")
    with at_a_box(asked, emulated, toml) as wire:

        def pulls(phase: Phase, trial: dict[str, Any]) -> tuple[str, float] | None:
            if trial.get("trial") == 2 and phase.keys is not None:
                wire.unplug()
                return None
            return answers(phase, trial)

        asked = replace(asked, changes={**QUICK, "window_s": window_s, "lead_in_s": "2"})
        with pytest.raises(DeviceError) as stopped:
            conducted(asked, Sitter(emulated, pulls), monkeypatch)
    assert str(stopped.value).startswith(
        "The response box (Lumina LP-400 in RB mode) was unplugged "
    )
    assert str(stopped.value).endswith(
        "The run was stopped: check cable and port, then go on with --resume."
    )
    log = read_log(prepare(asked).session.log_path(asked.data))
    assert [event["trial"] for event in log.of("trial")] == ([1] if window_s == "none" else [1, 2])
    assert log.events[-1]["kind"] == "end"
    assert log.events[-1]["completed"] is False


def test_a_wrong_button_is_found_before_the_run(
    asked: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    emulated = LuminaRb()
    toml = '[responses]\ndevice = "lumina-rb"\nport = "PORT"\ncheck = true\n' + HANDS.format(
        *"1234"
    )
    shown: list[str] = []
    hand = iter("1243")  # two fingers lie on each other's buttons

    class Screen(Window):
        def draw(self, stimuli: Any) -> None:
            super().draw(stimuli)
            text = stimuli[0].text if stimuli else ""
            shown.append(text)
            if text.startswith("Please press now:"):
                button = next(hand)
                emulated.press(button)
                emulated.release(button)

    sitter = Sitter(emulated, thinks("1234"))
    with at_a_box(asked, emulated, toml), pytest.raises(DeviceError) as refused:
        monkeypatch.setattr(sys.modules[__name__], "Window", Screen)
        conducted(asked, sitter, monkeypatch)
    assert str(refused.value) == (
        "The buttons were checked, and not all are right. "
        "right index: 4 came and not 3. Move the finger, or correct [responses] in rig.toml. "
        "right middle: 3 came and not 4. Move the finger, or correct [responses] in rig.toml."
    )
    assert shown == [f"Please press now:\n\n{finger}" for finger in FINGERS]
    assert not prepare(asked).session.log_path(asked.data).exists()
