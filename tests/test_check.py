"""The check of a rig: what each part finds, what it says to do, what is kept and compared."""

from __future__ import annotations

import errno
import json
import os
import re
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from mbtexp import port as port_module
from mbtexp.check import latency, line, loopback, room
from mbtexp.check.answers import listen_to_scanner, try_buttons
from mbtexp.check.bench import Bench
from mbtexp.check.commands import Checked, check_rig
from mbtexp.check.history import (
    baseline_of,
    checks_folder,
    differences,
    earlier_checks,
    keep,
    new_name,
)
from mbtexp.check.loopback import loop_back
from mbtexp.check.page import histogram, page
from mbtexp.check.photodiode import (
    duration_s,
    flash,
    flash_code,
    flash_on_rig,
    with_patch,
)
from mbtexp.check.preflight import NAMES, PARTS
from mbtexp.check.report import Check, Finding, Step, check_text, spread, summary
from mbtexp.check.single import loop_the_line, ports_of, walk_the_line
from mbtexp.check.wires import what_the_wires_do
from mbtexp.clock import MonotonicClock, VirtualClock
from mbtexp.errors import DataError, DeviceError, DiskError, SettingError
from mbtexp.events import MemoryLog, read_log
from mbtexp.port import FoundPort, open_port
from mbtexp.ports import Facts, Press
from mbtexp.rig import DisplaySettings, ResponseSettings, Rig, ScannerSettings, TriggerSettings
from mbtexp.scanner.emulate import emulation
from mbtexp.triggers import RecordingLink, Sender
from mbtexp.virtual import VirtualDisplay, VirtualLab
from mbtexp.virtual.boxes import BOXES, EchoingArduino, LatchBox, RawByteBox
from mbtexp.virtual.buttons import ButtonBoard, Forp2, move
from mbtexp.virtual.scanner import ScannerBox

if os.name != "nt":
    from mbtexp.virtual.wire import Wire

pytestmark = pytest.mark.skipif(os.name == "nt", reason="pseudo-terminals are a POSIX thing")

WALK = [1, 2, 4, 8, 16, 32, 64, 128, 85, 170]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Less of everything that takes time."""
    monkeypatch.setattr(line, "WRITES", 20)
    monkeypatch.setattr(line, "WRITES_HZ", 1000.0)
    monkeypatch.setattr(line, "WALK_EVERY_S", 0.001)
    monkeypatch.setattr(room, "SLEEPS", 3)
    monkeypatch.setattr(room, "PULSE_PATIENCE_S", 0.3)
    # A busy machine is no subject here; verdicts on given times have tests of their own.
    monkeypatch.setattr(line, "SLOW_WRITE_MS", 1000.0)
    monkeypatch.setattr(room, "LATE_S", 1.0)


class Person:
    """An operator who says what a test wants to hear; nothing after the last answer."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.told: list[str] = []
        self.does: Callable[[str], None] = lambda _text: None
        """What happens when something is said to them."""

    def say(self, text: str) -> None:
        self.told.append(text)
        self.does(text)

    def ask(self, question: str, /) -> str | None:
        self.told.append(question)
        return self.answers.pop(0) if self.answers else None

    def yes(self, question: str, /) -> bool | None:
        answer = self.ask(question)
        return None if answer is None else answer == "yes"


class Screen(VirtualDisplay):
    """A virtual display that says of itself what a real one would."""

    def __init__(self, misses: Collection[int] = (), **facts: Any) -> None:
        super().__init__(VirtualClock(), 60.0, misses=misses)
        self._facts = {"size_px": [1920, 1080], "renderer": "GeForce", **facts}

    def describe(self) -> Facts:
        return {**super().describe(), **self._facts}


class Keys:
    """A keyboard on which presses happen by themselves, one at a poll."""

    def __init__(self, *presses: str, **facts: Any) -> None:
        self._presses = list(presses)
        self._facts = {"backend": "psychtoolbox", "self_test": "passed", "stamp_error_ms": 0.2}
        self._facts |= facts

    def attend(self, phase: Any, trial: Any, onset: float) -> None: ...

    def poll(self) -> list[Press]:
        return []

    def wait(self, until: float) -> list[Press]:
        if not self._presses:
            time.sleep(0.01)
            return []
        pressed = self._presses.pop(0)
        return [Press(time.perf_counter(), key) for key in pressed.split("+")]

    def held(self) -> frozenset[str]:
        return frozenset()

    def complaint(self) -> str:
        return ""

    def describe(self) -> Facts:
        return dict(self._facts)

    def close(self) -> None: ...


@dataclass
class Lab:
    """A room for tests: a rig file, and what stands in for its devices."""

    folder: Path
    person: Person = field(default_factory=lambda: Person("", "yes"))
    screen: Screen = field(default_factory=Screen)
    keys: Keys = field(default_factory=Keys)

    @property
    def data(self) -> Path:
        return self.folder / "study"

    def rig(self, text: str, name: str = "lab") -> Path:
        path = self.folder / "rig.toml"
        path.write_text(f'name = "{name}"\n{text}', encoding="utf-8")
        return path

    def line(self, device: str, port: str, more: str = "") -> Path:
        return self.rig(f'mode = "eeg"\n[trigger]\ndevice = "{device}"\nport = "{port}"\n{more}')

    def bench(self, **given: Any) -> Bench:
        return Bench(
            **{
                **given,
                "operator": self.person,
                "open_display": lambda _bench: self.screen,
                "open_keyboard": lambda _bench: self.keys,
            }
        )

    def check(self, rig: Path, **options: Any) -> Checked:
        return check_rig(rig, **{"data": self.data, **options}, make_bench=self.bench)


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


@pytest.fixture
def clock() -> Iterator[MonotonicClock]:
    clock = MonotonicClock()
    yield clock
    clock.close()


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes this machine have the ports that a test wants."""

    def set_ports(*ports: FoundPort) -> None:
        monkeypatch.setattr(line, "found_ports", lambda: list(ports))
        monkeypatch.setattr(port_module, "found_ports", lambda: list(ports))

    set_ports()
    return set_ports


def a_port(device: str, **facts: Any) -> FoundPort:
    given = {"stable": device, "vid_pid": "0403:6001", "serial_number": "A1", "description": "UART"}
    return FoundPort(device=device, **{**given, **facts})


def of(checked: Checked, name: str) -> Finding:
    return next(step.finding for step in checked.check.steps if step.name == name)


def verdicts(checked: Checked) -> dict[str, str]:
    return {step.name: step.verdict for step in checked.check.steps}


# -- a whole check --------------------------------------------------------------------------------


def test_a_room_in_order_passes_every_part_in_their_order(
    lab: Lab, clock: MonotonicClock, found: Callable[..., None]
) -> None:
    with Wire(LatchBox(), clock.now) as wire:
        found(a_port(wire.name))
        checked = lab.check(lab.line("serial", wire.name))
        box = wire.box
    assert [step.name for step in checked.check.steps] == list(NAMES)
    assert verdicts(checked) == {
        **dict.fromkeys(NAMES, "pass"),
        "box": "skip",
        "scanner": "skip",
    }
    assert checked.check.verdict == "pass"
    assert box is not None
    assert box.codes() == [*WALK, 245]
    assert summary(checked.check) == (
        "ok: everything that was checked is in order. Not checked: response box, scanner."
    )


def test_a_part_whose_ground_is_missing_is_left_out_with_the_reason(
    lab: Lab, found: Callable[..., None]
) -> None:
    checked = lab.check(lab.line("serial", "/dev/ttyUSB9"))
    assert of(checked, "port") == Finding(
        "fail",
        "/dev/ttyUSB9 is not there (no serial port was found on this machine).",
        "plug the box in, or correct port in the rig file.",
        {"port": "/dev/ttyUSB9"},
    )
    for name, ground in (("line", "trigger port"), ("answer", "trigger line")):
        assert of(checked, name).verdict == "skip"
        assert f"it needs '{ground}', which" in of(checked, name).found
    assert of(checked, "display").verdict == "pass"
    assert checked.check.verdict == "fail"
    assert summary(checked.check).startswith("FAILED: trigger port. Mend this before")


def test_parts_can_be_left_out_and_it_is_recorded(lab: Lab) -> None:
    checked = lab.check(lab.rig(""), skip=["display", "keyboard"])
    assert of(checked, "display") == Finding("skip", "left out by the operator.")
    assert of(checked, "scanner").found == "not possible: it needs 'keyboard', which was not done."
    with pytest.raises(SettingError, match="--skip 'dispaly': did you mean 'display'"):
        lab.check(lab.rig(""), skip=["dispaly"])


def test_a_room_without_a_line_says_so_and_passes(lab: Lab) -> None:
    checked = lab.check(lab.rig(""))
    assert of(checked, "port") == Finding("skip", "this rig has no trigger line.")
    assert checked.check.verdict == "pass"


def test_a_check_of_which_nothing_was_done_has_failed(lab: Lab) -> None:
    assert lab.check(lab.rig(""), skip=NAMES).check.verdict == "fail"


def test_devices_are_given_back_even_if_a_part_breaks(
    lab: Lab, clock: MonotonicClock, found: Callable[..., None]
) -> None:
    def broken(_bench: Bench) -> Any:
        raise KeyboardInterrupt

    with Wire(LatchBox(), clock.now) as wire:
        bench = partial(lab.bench)
        with pytest.raises(KeyboardInterrupt):
            check_rig(
                lab.line("serial", wire.name),
                make_bench=lambda **given: replace(bench(**given), open_display=broken),
            )
        open_port(wire.name, 115200, clock, where="test").close()  # not in use any more


# -- settings -------------------------------------------------------------------------------------


def test_wide_pulses_are_told_because_answers_would_be_cut_short(lab: Lab) -> None:
    checked = lab.check(lab.line("serial", "/dev/none", "pulse_ms = 60\n"))
    finding = of(checked, "settings")
    assert finding.verdict == "warn"
    assert "may follow after 64 ms, which is 3.8 frames" in finding.found
    assert "make pulse_ms shorter" in finding.advice


def test_a_task_that_cannot_run_here_is_named(lab: Lab) -> None:
    finding = of(lab.check(lab.rig('[operator]\npause = "f"\n')), "settings")
    assert finding.verdict == "warn"
    assert "key 'f' answers the task and is also the operator's pause key" in finding.found


def test_a_line_too_narrow_for_any_task_fails(lab: Lab) -> None:
    checked = lab.check(lab.line("serial", "/dev/none", "max_code = 1\n"))
    assert of(checked, "settings").verdict == "fail"
    assert "No task can run: Task 'attachment'" in of(checked, "settings").found
    assert of(checked, "port").verdict == "skip"


def test_keys_that_mean_two_things_fail(lab: Lab) -> None:
    finding = of(lab.check(lab.rig('[responses]\nkeys = ["p", "j"]\n')), "settings")
    assert finding.verdict == "fail"
    assert "key 'p' answers the task and is also the operator's pause key" in finding.found


def test_a_pulse_that_would_stop_the_run_is_refused_with_the_rig_file(lab: Lab) -> None:
    with pytest.raises(SettingError, match="pause and scanner: pulse_key are both 'p'"):
        lab.check(lab.rig('mode = "fmri"\n[scanner]\npulse_key = "p"\n'))


def test_a_rig_file_that_is_refused_is_not_checked_at_all(lab: Lab) -> None:
    with pytest.raises(SettingError, match="needs 8 ms"):
        lab.check(lab.line("serial", "/dev/none", "pulse_ms = 2\n"))
    assert not lab.data.exists()


# -- the port -------------------------------------------------------------------------------------


def test_a_name_that_may_change_is_told_with_the_stable_one(
    lab: Lab, found: Callable[..., None]
) -> None:
    found(a_port("/dev/ttyUSB0", stable="/dev/serial/by-id/usb-FTDI-A1"))
    finding = of(lab.check(lab.line("serial", "/dev/ttyUSB0")), "port")
    assert finding.verdict == "warn"
    assert finding.advice.startswith('write port = "/dev/serial/by-id/usb-FTDI-A1"')


def test_a_port_with_another_usb_id_than_the_boxs_is_told(
    lab: Lab, found: Callable[..., None]
) -> None:
    found(a_port("/dev/ttyACM0", vid_pid="16c0:0483"))
    finding = of(lab.check(lab.line("mmbts-p", "/dev/ttyACM0")), "port")
    assert finding.verdict == "warn"
    assert "A Neurospec MMBT-S, switch at P is known as 2341:8037." in finding.found
    assert "make sure that this is the port of the box" in finding.advice


def test_a_rehearsal_box_is_told_apart_from_a_real_port(
    lab: Lab, clock: MonotonicClock, found: Callable[..., None]
) -> None:
    with Wire(LatchBox(), clock.now) as wire:
        finding = of(lab.check(lab.line("serial", wire.name)), "port")
    assert finding.verdict == "warn"
    assert "is no USB or built-in serial port of this machine" in finding.found


def test_a_port_in_use_fails_and_says_so(
    lab: Lab, clock: MonotonicClock, found: Callable[..., None]
) -> None:
    with Wire(LatchBox(), clock.now) as wire:
        other = open_port(wire.name, 115200, clock, where="other")
        checked = lab.check(lab.line("serial", wire.name))
        other.close()
    assert of(checked, "line").verdict == "fail"
    assert "is in use by another program" in of(checked, "line").found


def test_devices_without_a_serial_port_need_none(lab: Lab) -> None:
    checked = lab.check(lab.line("parallel", "/dev/no-such-parport"))
    assert of(checked, "port").found == "no serial port is needed: parallel port of this computer."
    assert of(checked, "line").verdict == "fail"
    assert "/dev/no-such-parport" in of(checked, "line").found


# -- the box --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("device", "answer"),
    [
        ("xid2", "mode XID, product c-pod, model 0, firmware 2"),
        ("usb2ttl8", "product USB2TTL8"),
        ("bbtk-ttl", "in_step yes"),
    ],
)
def test_a_box_that_answers_is_quoted(
    lab: Lab, clock: MonotonicClock, found: Callable[..., None], device: str, answer: str
) -> None:
    with Wire(BOXES[device](), clock.now) as wire:
        checked = lab.check(lab.line(device, wire.name), skip=["display", "keyboard"])
        box = wire.box
    assert of(checked, "answer").verdict == "pass"
    assert of(checked, "answer").facts["answer"] == answer
    assert of(checked, "writes").verdict == "pass"
    assert box is not None
    assert box.codes() == [*WALK, 245]


def test_another_box_than_the_rigs_fails_with_what_it_said(
    lab: Lab, clock: MonotonicClock, found: Callable[..., None]
) -> None:
    with Wire(EchoingArduino(0.0), clock.now) as wire:
        checked = lab.check(lab.line("xid2", wire.name))
    assert of(checked, "answer").verdict == "fail"
    assert "answers '_xid0' to '_c1'" in of(checked, "answer").found
    assert of(checked, "walk").verdict == of(checked, "writes").verdict == "skip"


def test_a_silent_box_is_called_silent(
    lab: Lab, clock: MonotonicClock, found: Callable[..., None]
) -> None:
    with Wire(RawByteBox(), clock.now) as wire:
        checked = lab.check(lab.line("biosemi", wire.name))
        box = wire.box
    assert of(checked, "answer").facts == {"answer": "silent"}
    # A byte to such a box is a pulse: nothing but the walk may have reached it.
    assert "makes a pulse of every byte" in of(checked, "writes").found
    assert box is not None
    assert [value for _, value in wire.received] == [*WALK, 245]


# -- write times ----------------------------------------------------------------------------------


def test_slow_writes_are_a_warning_and_lost_ones_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "SLOW_WRITE_MS", 1.0)
    times = [0.0001] * 98
    assert line.judge_writes([*times, 0.0009, 0.005], lost=0).verdict == "pass"
    slow = line.judge_writes([*times, 0.002, 0.005], lost=0)
    assert slow.verdict == "warn"
    assert slow.found == ("median 0.100 ms, 99th percentile 2.000 ms, largest 5.000 ms of 100.")
    assert "close other programs" in slow.advice
    lost = line.judge_writes([*times, 0.0001, 0.0001], lost=3)
    assert (lost.verdict, lost.found) == ("fail", "3 of 100 writes were not taken by the port.")
    assert "another USB socket" in lost.advice


def test_a_box_that_takes_nothing_more_loses_writes(
    lab: Lab, clock: MonotonicClock, found: Callable[..., None]
) -> None:
    with Wire(LatchBox(), clock.now) as wire:
        bench = lab.bench(
            rig=Rig(trigger=TriggerSettings(device="serial", port=wire.name)), clock=clock
        )
        assert line.opened(bench).verdict == "pass"
        wire.stall()
        finding = line.writes(bench)
        wire.release()
        bench.ports.close()
    assert finding.verdict == "fail"
    assert finding.facts["lost"] == 20


# -- line walk ------------------------------------------------------------------------------------


def walked(lab: Lab, clock: MonotonicClock, *answers: str, more: str = "") -> Finding:
    lab.person = Person(*answers)
    with Wire(LatchBox(), clock.now) as wire:
        return walk_the_line(lab.line("serial", wire.name, more), lab.person)


def test_a_walk_that_was_seen_passes_and_the_codes_were_shown(
    lab: Lab, clock: MonotonicClock
) -> None:
    assert walked(lab, clock, "", "yes").verdict == "pass"
    assert [int(text) for text in lab.person.told if text.strip().isdigit()] == WALK


def test_a_walk_that_nobody_confirmed_is_left_out_and_not_passed(
    lab: Lab, clock: MonotonicClock
) -> None:
    assert walked(lab, clock) == Finding("skip", "nobody answered; not confirmed.")
    finding = walked(lab, clock, "")
    assert finding.verdict == "skip"
    assert "nobody confirmed them" in finding.found


def test_a_walk_that_went_wrong_says_which_wires(lab: Lab, clock: MonotonicClock) -> None:
    seen = "2, 1, 4, 8, 16, 0, 64, 128, 86, 169"
    finding = walked(lab, clock, "", "no", seen)
    assert finding.verdict == "fail"
    assert "wire 6 is cut or not connected; wires 1 and 2 are swapped" in finding.found
    assert "never record with wrong codes" in finding.advice
    assert walked(lab, clock, "", "no", "").found == "the recorder did not show what was sent."


def test_a_narrow_recorder_is_walked_as_far_as_it_goes(lab: Lab, clock: MonotonicClock) -> None:
    finding = walked(lab, clock, "", "yes", more="max_code = 15\n")
    assert finding.facts["sent"] == [1, 2, 4, 8]
    assert finding.verdict == "pass"


def test_a_walk_whose_codes_do_not_leave_fails(lab: Lab, clock: MonotonicClock) -> None:
    rig = Rig(trigger=TriggerSettings(device="serial", port="memory"))
    link = RecordingLink(clock, faults={3: "failed"})
    bench = lab.bench(rig=rig, clock=clock, sender=Sender(rig.trigger, link, clock))
    finding = line.walk(bench)
    assert finding.verdict == "fail"
    assert "1 trigger code did not reach the recorder" in finding.found


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (WALK, ""),
        ([255] * 10, "all lines read high: the cable to the recorder is not plugged in"),
        ([0] * 10, "no line moves: wrong port"),
        ([255 - code for code in WALK], "the lines are turned over"),
        (WALK[:-1], "10 codes were sent and 9 were seen"),
        ([1, 2, 4, 8, 16, 32, 64, 0, 85, 42], "wire 8 is cut or not connected"),
        ([0, 2, 4, 8, 16, 32, 64, 0, 84, 42], "wires 1 and 8 are cut or not connected"),
        ([2, 4, 1, 8, 16, 32, 64, 128, 0, 0], "wire 1 arrives as wire 2; wire 2 arrives as wire 3"),
        ([49, 2, 4, 8, 16, 32, 64, 128, 85, 170], "1 arrived as 49: check the rate"),
    ],
)
def test_what_was_seen_tells_of_the_wires(seen: list[int], said: str) -> None:
    assert what_the_wires_do(WALK, seen).startswith(said)
    assert bool(what_the_wires_do(WALK, seen)) == bool(said)


# -- display --------------------------------------------------------------------------------------


def test_the_refresh_is_fitted_and_missed_ones_are_counted(lab: Lab) -> None:
    lab.screen = Screen(misses=[100, 101, 200])
    finding = of(lab.check(lab.rig("")), "display")
    assert finding.verdict == "warn"
    assert finding.facts["refresh_measured_hz"] == pytest.approx(60.0, abs=0.001)
    assert finding.facts["missed"] == 3
    assert "1920 x 1080, full screen, 60.000 Hz, 3 of 300 refreshes missed" in finding.found


def judged(pilot: bool = False, **facts: Any) -> Finding:
    given = {"refresh_measured_hz": 60.0, "missed": 0, "flips": 300, "interval_max_ms": 17.0}
    return room.judge_display({**given, **facts}, nominal_hz=60.0, pilot=pilot)


@pytest.mark.parametrize(
    ("finding", "verdict", "advice"),
    [
        (judged(), "pass", ""),
        (judged(missed=4), "fail", "close every other program"),
        (judged(missed=1), "warn", "a run logs each missed refresh"),
        (judged(refresh_measured_hz=None), "fail", "switch vertical sync on"),
        (judged(renderer="llvmpipe (LLVM 15)"), "warn", "graphics card's own driver"),
        (judged(pilot=True), "warn", "without --pilot on the laboratory's screen"),
    ],
)
def test_a_display_is_judged(finding: Finding, verdict: str, advice: str) -> None:
    assert finding.verdict == verdict
    assert advice in finding.advice
    assert bool(finding.advice) == bool(advice)


def test_a_screen_that_cannot_open_fails_with_its_own_words(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_bench: Bench) -> Any:
        raise DeviceError("display: the rig says 1920 x 1080 pixels, but the screen shows 1 x 1")

    monkeypatch.setattr(lab, "bench", lambda **given: Bench(**given, open_display=refuse))
    checked = lab.check(lab.rig(""), skip=["keyboard"], attended=False)
    assert of(checked, "display").found.startswith("display: the rig says 1920 x 1080")


def test_wayland_is_refused(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_SESSION_TYPE", "wayland")
    finding = of(lab.check(lab.rig("")), "display")
    assert finding.verdict == "fail"
    assert "Log in with an X11 (Xorg) session" in finding.found


# -- keys, boxes, scanner -------------------------------------------------------------------------


def test_a_keyboard_that_tested_itself_passes(lab: Lab) -> None:
    finding = of(lab.check(lab.rig("")), "keyboard")
    assert "read by psychtoolbox; two keys pressed together were both told" in finding.found


def test_where_keys_cannot_be_pressed_for_us_the_operator_holds_two(lab: Lab) -> None:
    lab.keys = Keys("f+j", self_test="not possible on this system")
    finding = of(lab.check(lab.rig("")), "keyboard")
    assert (finding.verdict, finding.facts["two_keys"]) == ("pass", ["f", "j"])
    assert any("Hold down two" in text for text in lab.person.told)
    unattended = of(lab.check(lab.rig("", "other"), attended=False), "keyboard")
    assert unattended.verdict == "warn"
    assert "check again with somebody at the keyboard" in unattended.advice


def pressing(box: Any, buttons: dict[str, str]) -> Callable[[str], None]:
    """Presses the button that is asked for on an emulated box."""

    def press(text: str) -> None:
        wanted = re.match(r"Press (.+) now", text)
        if wanted:
            for down in (True, False):
                move(box, buttons[wanted[1]], down=down)

    return press


def test_every_button_of_a_box_is_pressed_once(
    lab: Lab, clock: MonotonicClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mbtexp.responses.buttoncheck.AFTER_S", 0.02)
    with Wire(Forp2(), clock.now) as wire:
        rig = lab.rig(
            f'[responses]\ndevice = "forp"\nport = "{wire.name}"\nkeys = ["index", "ring"]\n'
            '[responses.fingers]\nindex = "b"\nring = "g"\n'
        )
        lab.person.does = pressing(wire.box, {"index": "b", "ring": "g"})
        right = of(lab.check(rig), "box")
        lab.person.does = pressing(wire.box, {"index": "b", "ring": "r"})
        wrong = of(lab.check(rig, data=None), "box")
        unpressed = of(lab.check(rig, data=None, attended=False), "box")
    assert right.verdict == "pass"
    assert "All 2 buttons are right." in right.found
    assert wrong.verdict == "fail"
    assert "ring: r came and not g" in wrong.found
    assert unpressed.verdict == "warn"


def test_an_adapter_that_holds_presses_back_is_told(
    lab: Lab, clock: MonotonicClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(port_module, "latency_timer_ms", lambda _name: 16)
    with Wire(ButtonBoard(), clock.now) as wire:
        rig = lab.rig(f'[responses]\ndevice = "arduino"\nport = "{wire.name}"\n')
        finding = of(lab.check(rig), "box")
    assert finding.verdict == "warn"
    assert "holds each press for up to 16 ms" in finding.found
    assert finding.advice == "run: mbtexp check latency"


FMRI = 'mode = "fmri"\n[scanner]\ntr_s = 2.0\nvolumes = 210\n'


def test_one_pulse_as_a_key_is_enough_and_the_protocol_is_shown_back(lab: Lab) -> None:
    lab.keys = Keys("q", "t")
    finding = of(lab.check(lab.rig(FMRI)), "scanner")
    assert finding.verdict == "pass"
    assert "TR 2 s, 210 volumes, 1 pulse a volume" in finding.found


def test_no_pulse_names_what_came_instead(lab: Lab) -> None:
    lab.keys = Keys("5", "5")
    finding = of(lab.check(lab.rig(FMRI)), "scanner")
    assert finding.verdict == "fail"
    assert finding.found == "no pulse came as key 't' within 0.3 s; other keys came: 5."
    assert "correct pulse_key" in finding.advice


def test_a_pulse_over_a_serial_line_is_heard(lab: Lab, clock: MonotonicClock) -> None:
    with Wire(ScannerBox(emulation("TR=0.05,late=0.1")), clock.now) as wire:
        rig = lab.rig(f'mode = "fmri"\n[scanner]\nsource = "serial"\nport = "{wire.name}"\n')
        finding = of(lab.check(rig), "scanner")
    assert finding.verdict == "pass", finding
    assert f"'5' on {wire.name}" in finding.found


def test_no_scanner_is_awaited_where_none_is_or_nobody_can_start_it(lab: Lab) -> None:
    assert of(lab.check(lab.rig("")), "scanner").found == "the rig's mode is behaviour."
    alone = of(lab.check(lab.rig(FMRI), data=None, attended=False), "scanner")
    assert alone == Finding("skip", "nobody is there to start the scanner.")
    rig = lab.rig('mode = "fmri"\n[scanner]\nsource = "none"\n')
    none = of(lab.check(rig, data=None), "scanner")
    assert "pulses do not reach this computer" in none.found


# -- disk and clock -------------------------------------------------------------------------------


@dataclass
class Usage:
    free: int


@pytest.mark.parametrize(
    ("free", "verdict", "advice"),
    [(10_000_000, "fail", "no run would start"), (10**9, "warn", "soon"), (10**10, "pass", "")],
)
def test_the_disk_is_judged_by_what_is_free(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, free: int, verdict: str, advice: str
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _folder: Usage(free))
    finding = of(lab.check(lab.rig("")), "disk")
    assert finding.verdict == verdict
    assert advice in finding.advice
    assert sorted(path.name for path in lab.data.iterdir()) == ["sourcedata"]


def test_a_folder_that_takes_no_data_fails(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    bench = lab.bench(rig=Rig(), clock=MonotonicClock(), data=tmp_path / "file" / "study")
    finding = room.disk(bench)
    assert finding.verdict == "fail"
    assert "cannot be written" in finding.found


def test_without_a_folder_nothing_is_kept_and_it_is_said(lab: Lab) -> None:
    checked = lab.check(lab.rig(""), data=None)
    assert checked.files == ()
    assert "this check is not kept" in of(checked, "disk").found


def test_a_clock_that_went_backwards_is_told(lab: Lab) -> None:
    later = replace(made("2099-03-01T08:00:00+00:00"), rig="lab")
    keep(checks_folder(lab.data), "lab_2099_check", {"json": json.dumps(later.facts())})
    finding = of(lab.check(lab.rig("")), "clock")
    assert finding.verdict == "warn"
    assert "An earlier check is dated 2099" in finding.found
    assert finding.advice == "set the computer's date and time."


# -- kept and compared ----------------------------------------------------------------------------


def made(utc: str, verdict: str = "pass", **facts: Any) -> Check:
    """A check of a display with some facts."""
    given = {"refresh_measured_hz": 60.0, "size_px": [1920, 1080], **facts}
    step = Step("display", "Display", Finding(verdict, "found", facts=given))  # type: ignore[arg-type]
    software = {"mbtexp": "0.1.0", "python": "3.11", "os": "Linux", "packages": {"psychopy": "1"}}
    return Check("lab", "rig.toml", {"mode": "eeg"}, utc, software, "pc", (step,))


DAY = "2026-03-{:02d}T08:00:00+00:00".format


def test_a_check_is_kept_as_page_text_and_json_and_nothing_is_overwritten(lab: Lab) -> None:
    checked = lab.check(lab.rig("", "EEG lab 2"))
    folder = lab.data / "sourcedata" / "checks"
    assert {path.suffix for path in checked.files} == {".json", ".txt", ".html"}
    assert all(path.parent == folder for path in checked.files)
    assert all(re.fullmatch(r"EEG-lab-2_\d{8}T\d{6}Z_check", path.stem) for path in checked.files)
    kept = json.loads(checked.files[0].read_text(encoding="utf-8"))
    assert kept["verdict"] == "pass"
    assert [step["name"] for step in kept["steps"]] == list(NAMES)
    name = checked.files[0].stem
    with pytest.raises(DataError, match="exists already"):
        keep(folder, name, {"json": "{}"})
    assert json.loads(checked.files[0].read_text(encoding="utf-8")) == kept


def test_a_folder_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(DiskError, match="the result cannot be kept"):
        keep(tmp_path / "file" / "checks", "a", {"json": "{}"})


def test_a_pilots_checks_lie_apart(lab: Lab) -> None:
    checked = lab.check(lab.rig(""), pilot=True)
    assert all(path.is_relative_to(lab.data / "pilot") for path in checked.files)
    assert of(checked, "display").verdict == "warn"


def test_today_is_compared_with_the_first_check_that_passed(lab: Lab) -> None:
    rig = lab.rig("")
    first = lab.check(rig)
    assert first.check.compared_with is None
    time.sleep(1.0)  # names hold whole seconds
    lab.screen = Screen(size_px=[1280, 720])
    second = lab.check(rig)
    assert second.check.compared_with == first.check.utc
    assert [row.spoken() for row in second.check.changes] == [
        "screen (pixels): was 1920 x 1080, is 1280 x 720"
    ]
    assert second.check.verdict == "warn"
    assert "Changed since the baseline: screen (pixels)." in summary(second.check)
    text = second.files[1].read_text(encoding="utf-8")
    assert "screen (pixels): was 1920 x 1080, is 1280 x 720" in text


def test_the_baseline_is_the_last_one_marked_else_the_first_that_did_not_fail() -> None:
    checks = [made(DAY(day), verdict).facts() for day, verdict in enumerate(("fail", "warn"), 1)]
    assert baseline_of([]) is None
    assert baseline_of(checks[:1]) is None
    assert baseline_of(checks) is checks[1]
    marked = replace(made(DAY(3), "fail"), baseline=True).facts()
    again = replace(made(DAY(4)), baseline=True).facts()
    assert baseline_of([*checks, marked, made(DAY(5)).facts()]) is marked
    assert baseline_of([*checks, marked, again, made(DAY(5)).facts()]) is again


def test_marking_a_baseline_needs_a_place_to_keep_it(lab: Lab) -> None:
    with pytest.raises(SettingError, match="name the --data folder"):
        lab.check(lab.rig(""), data=None, as_baseline=True)
    assert lab.check(lab.rig(""), as_baseline=True).check.baseline


@pytest.mark.parametrize(
    ("facts", "changed"),
    [
        ({}, []),
        ({"refresh_measured_hz": 60.02}, []),
        ({"refresh_measured_hz": 59.94}, ["refresh rate (Hz)"]),
        ({"size_px": [1280, 720]}, ["screen (pixels)"]),
    ],
)
def test_a_refresh_of_59_94_is_not_60(facts: Facts, changed: list[str]) -> None:
    rows = differences(made(DAY(1)).facts(), made(DAY(2), **facts).facts())
    assert [row.label for row in rows if row.differs] == changed


def test_a_new_program_or_another_setting_is_a_change() -> None:
    then = made(DAY(1))
    now = replace(
        then,
        rig_settings={"mode": "fmri"},
        software={**then.software, "packages": {"psychopy": "2"}},
    )
    rows = differences(then.facts(), now.facts())
    assert [row.spoken() for row in rows if row.differs] == [
        "psychopy: was 1, is 2",
        "rig file: mode: was eeg, is fmri",
    ]


def test_a_part_that_was_not_done_tells_no_difference() -> None:
    then = made(DAY(1))
    now = replace(then, steps=(Step("display", "Display", Finding("skip", "left out")),))
    assert not [row for row in differences(then.facts(), now.facts()) if row.differs]


def test_checks_of_another_rig_and_damaged_ones_are_left_out(tmp_path: Path) -> None:
    for name, check in (("lab", made(DAY(2))), ("lab", made(DAY(1)))):
        keep(tmp_path, new_name(name, check.utc, "check"), {"json": json.dumps(check.facts())})
    other = replace(made(DAY(3)), rig="lab/")
    keep(tmp_path, new_name("lab/", other.utc, "check"), {"json": json.dumps(other.facts())})
    keep(tmp_path, new_name("lab", DAY(4), "check"), {"json": "{"})
    checks, damaged = earlier_checks(tmp_path, "lab")
    assert [check["utc"] for check in checks] == [DAY(1), DAY(2)]
    (said,) = damaged
    assert said.endswith("is damaged and was left out.")


# -- the page -------------------------------------------------------------------------------------


class Elements(HTMLParser):
    """The elements of a page: what they refer to, and whether each is closed."""

    VOID = ("meta", "rect", "line", "link", "img", "br")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.names: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self._open.pop() == tag


def test_the_page_stands_alone_and_shows_every_part(lab: Lab) -> None:
    lab.screen = Screen(misses=[7], renderer="<b>odd</b> & card")
    checked = lab.check(lab.rig(""))
    text = checked.files[2].read_text(encoding="utf-8")
    elements = Elements(text)
    assert elements.links == []
    assert not re.search(r"https?:|@import|url\(|<script", text)
    assert elements.names.count("li") == len(PARTS)
    assert "&lt;b&gt;odd&lt;/b&gt; &amp; card" in text
    assert "prefers-color-scheme: dark" in text
    assert "size: A4" in text
    assert "There is no earlier check." in text


def test_the_page_shows_the_days_before_and_what_differs() -> None:
    days = [made(DAY(1)).facts(), made(DAY(2), "fail").facts()]
    today = made(DAY(3), refresh_measured_hz=50.0)
    rows = differences(days[0], today.facts())
    text = page(replace(today, compared_with=DAY(1), differences=rows), days)
    Elements(text)
    assert "The days before" in text
    assert text.index("2026-03-02 08:00") < text.index("(baseline)") if "(baseline)" in text else 1
    assert re.search(
        r'<tr class="differs"><td>refresh rate \(Hz\)</td><td>60</td><td>50</td>', text
    )


def test_a_drawing_has_a_bar_for_every_filled_class_and_shows_a_lone_one() -> None:
    drawn = histogram([1.0] * 99 + [5.0], "ms")
    heights = [float(height) for height in re.findall(r'<rect .*?height="([\d.]+)"', drawn)]
    assert heights == [66.0, 1.5]
    assert histogram([2.0, 2.0], "ms").count("<rect") == 1


def test_the_text_is_for_a_terminal() -> None:
    text = check_text(made(DAY(1), "fail"))
    assert "  FAILED  Display: found" in text
    assert max(map(len, text.splitlines())) < 100
    assert spread([0.001, 0.003]).median_ms == 1.0


# -- loop-back ------------------------------------------------------------------------------------


def looped(clock: MonotonicClock, box: Any, **given: Any) -> loopback.Loop:
    with Wire(box, clock.now) as wire:
        port = open_port(wire.name, 115200, clock, where="test")
        try:
            return loop_back(port, clock, **given)
        finally:
            port.close()


class Mirror(LatchBox):
    """TX joined to RX; some bytes come back as others."""

    def __init__(self, wrong: dict[int, bytes] | None = None) -> None:
        super().__init__()
        self._wrong = wrong or {}

    def take(self, t: float, byte: int) -> None:
        self.answer(t, self._wrong.get(byte, bytes([byte])))


def test_every_code_that_comes_back_is_timed(clock: MonotonicClock) -> None:
    loop = looped(clock, Mirror())
    assert loop.ok
    assert loop.sent == 253
    assert loop.round_trip is not None
    assert loop.round_trip.n == 253
    assert loop.text().startswith("All 253 codes came back as they were sent. There and back:")
    assert "Latency timer: unknown." in loop.text()


def test_wrong_and_lost_codes_are_named(
    clock: MonotonicClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loopback, "PATIENCE_S", 0.05)
    loop = looped(clock, Mirror({6: b"\xe0", 9: b""}), codes=range(1, 20))
    assert not loop.ok
    assert loop.wrong == ((6, b"\xe0"), (9, b""))
    assert loop.text().startswith("2 of 19 codes came back wrong: 6 as 224, 9 as nothing. Check")


def test_a_loop_that_is_none_is_given_up_soon(
    clock: MonotonicClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loopback, "PATIENCE_S", 0.01)
    loop = looped(clock, LatchBox())
    assert not loop.ok
    assert loop.sent == loopback.GIVE_UP
    assert loop.text().startswith("Nothing came back of the first 10 codes. Join TX and RX")


def test_a_loop_is_for_boxes_of_one_byte(lab: Lab, clock: MonotonicClock) -> None:
    with pytest.raises(SettingError, match="takes commands"):
        loop_the_line(lab.line("xid2", "/dev/none"))
    with pytest.raises(SettingError, match="there is no line to test"):
        loop_the_line(lab.rig(""))
    with Wire(Mirror(), clock.now) as wire:
        assert loop_the_line(lab.line("serial", wire.name)).ok


# -- latency timer --------------------------------------------------------------------------------


@pytest.fixture
def timer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An FTDI adapter's latency timer that anybody may set."""
    file = tmp_path / "latency_timer"
    file.write_text("16\n", encoding="ascii")
    monkeypatch.setattr(port_module, "latency_timer_file", lambda _name: file)
    return file


def test_the_timer_is_set_to_one_where_we_may(timer: Path, tmp_path: Path) -> None:
    port = str(tmp_path)
    found = latency.set_low_latency(port)
    assert found.good
    assert timer.read_text(encoding="ascii") == "1\n"
    assert "was 16 ms and is now 1 ms, until the box is unplugged" in found.text()
    assert 'ATTR{latency_timer}="1"' in found.text()
    assert latency.set_low_latency(port).text() == (
        f"{port}: the latency timer is 1 ms, as it should be."
    )


def test_a_timer_that_may_not_be_set_is_explained(
    timer: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbid(*_: Any, **__: Any) -> int:
        raise PermissionError(errno.EACCES, "no")

    monkeypatch.setattr(Path, "write_text", forbid)
    found = latency.set_low_latency(str(tmp_path))
    assert not found.good
    assert "is 16 ms and could not be set (Permission denied)" in found.text()
    assert "/etc/udev/rules.d/99-ftdi-latency.rules" in found.text()


def test_a_driver_that_takes_no_notice_is_told(
    timer: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "write_text", lambda *_, **__: 2)
    found = latency.set_low_latency(str(tmp_path))
    assert not found.good
    assert "the driver took no notice" in found.text()


def test_a_port_without_a_timer_needs_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = latency.set_low_latency(str(tmp_path))
    assert found.good
    assert "there is no latency timer to set" in found.text()
    monkeypatch.setattr("sys.platform", "win32")
    assert "Device Manager" in found.text()
    with pytest.raises(DeviceError, match="does not exist"):
        latency.set_low_latency("/dev/no-such-port")


def test_a_rigs_ports_are_those_in_use_each_once() -> None:
    rig = Rig(
        trigger=TriggerSettings(device="xid2", port="a"),
        responses=ResponseSettings(device="xid", port="a"),
        scanner=ScannerSettings(source="serial", port="b"),
    )
    assert ports_of(rig) == ["a", "b"]
    with pytest.raises(SettingError, match="uses no serial port"):
        ports_of(Rig(trigger=TriggerSettings(port="a")))


# -- buttons and scanner on their own -------------------------------------------------------------


def test_buttons_can_be_tried_without_the_rest(
    lab: Lab, clock: MonotonicClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mbtexp.responses.buttoncheck.AFTER_S", 0.02)
    with Wire(Forp2(), clock.now) as wire:
        rig = lab.rig(f'[responses]\ndevice = "forp"\nport = "{wire.name}"\n')
        lab.person.does = pressing(wire.box, {"button b": "b", "button y": "g"})
        wrong = try_buttons(rig, lab.person, keys=["b", "y"])
        with pytest.raises(SettingError, match="say which to try: --keys"):
            try_buttons(rig, lab.person)
    assert wrong.startswith("button y: g came and not y.")


def listened(lab: Lab, clock: MonotonicClock, scanner: str, train: str) -> Any:
    with Wire(ScannerBox(emulation(train)), clock.now) as wire:
        text = f'mode = "fmri"\n[scanner]\nsource = "serial"\nport = "{wire.name}"\n{scanner}'
        from mbtexp.rig import read_rig

        bench = lab.bench(rig=read_rig(lab.rig(text)), clock=MonotonicClock())
        try:
            return listen_to_scanner(bench, pulses=8, wait_s=0.3)
        finally:
            bench.close()


def test_pulses_tell_the_tr(lab: Lab, clock: MonotonicClock) -> None:
    found = listened(lab, clock, "", "TR=0.06,late=0.1")
    assert found.ok, found.text()
    assert found.summary.tr_estimate_s == pytest.approx(0.06, abs=0.02)
    assert "8 pulses came as '5' on /dev/" in found.text()
    assert "Write tr_s = ..." in found.text()


def test_a_scan_that_ends_too_soon_is_told(lab: Lab, clock: MonotonicClock) -> None:
    found = listened(lab, clock, "", "TR=0.06,late=0.1,volumes=3")
    assert not found.ok
    assert "3 pulses came" in found.text()
    assert "no pulse came as '5'" in found.text()


def test_another_tr_than_the_rigs_is_told(lab: Lab, clock: MonotonicClock) -> None:
    found = listened(lab, clock, "tr_s = 0.05\n", "TR=0.1,late=0.1")
    assert not found.ok
    assert "the interface may be in toggle mode" in found.text()


def test_no_scanner_is_listened_to_where_there_is_none(lab: Lab) -> None:
    bench = lab.bench(rig=Rig(), clock=MonotonicClock())
    with pytest.raises(SettingError, match="no pulses are expected"):
        listen_to_scanner(bench)


# -- photodiode -----------------------------------------------------------------------------------


class Light(VirtualDisplay):
    """Notes whether the patch was lit at each refresh."""

    def __init__(self, clock: VirtualClock, **given: Any) -> None:
        super().__init__(clock, 60.0, **given)
        self.lit: list[tuple[float, bool]] = []
        self._drawn_lit = False

    def draw(self, stimuli: Any) -> None:
        self._drawn_lit = self.patch_on
        super().draw(stimuli)

    def swap(self, at_swap: Callable[[float], None]) -> float:
        lit = self._drawn_lit

        def noted(t: float) -> None:
            self.lit.append((t, lit))
            at_swap(t)

        return super().swap(noted)


@dataclass
class Dark:
    """A photodiode test on the virtual lab."""

    lab: VirtualLab
    light: Light
    log: MemoryLog = field(default_factory=MemoryLog)

    def run(self, **given: Any) -> Any:
        return flash(
            self.light, self.lab.trigger, self.lab.clock, self.log, **{"code": 212, **given}
        )


def dark(**given: Any) -> Dark:
    lab = VirtualLab(trigger=TriggerSettings(device="serial", port="memory"))
    assert isinstance(lab.clock, VirtualClock)
    return Dark(lab, Light(lab.clock, **given))


def test_each_flash_is_12_frames_of_light_and_18_of_dark_with_its_code_on_the_first() -> None:
    test = dark()
    result = test.run(flashes=5)
    assert result.ok
    onsets = [t for (_, before), (t, now) in pairwise(test.light.lit) if now and not before]
    assert len(onsets) == 5
    assert sum(lit for _, lit in test.light.lit) == 5 * 12
    assert [round((b - a) * 60) for a, b in pairwise(onsets)] == [30] * 4
    sent = [t for t, byte in test.lab.line.received if byte == 212]
    assert sent == pytest.approx(onsets, abs=1e-9)
    codes = test.log.of("trigger")
    assert [(event["code"], event["kind_of"]) for event in codes] == [(212, "flip")] * 5
    assert [event["t_flip"] for event in codes] == pytest.approx(onsets, abs=1e-6)
    assert [event["frames"] for event in test.log.of("phase")] == [12] * 5
    assert onsets[0] > 2.0  # darkness first


def test_a_missed_refresh_spoils_a_flash_and_too_many_ask_for_another_test() -> None:
    result = dark(misses=[126]).run(flashes=5)
    assert result.spoiled == 1
    assert not result.ok
    assert "5 flashes with code 212, 1 with a missed refresh." in result.text()
    assert "repeat the test" in result.text()


def test_a_lost_code_asks_for_another_test() -> None:
    lab = VirtualLab()
    link = RecordingLink(lab.clock, faults={3: "failed"})
    sender = Sender(TriggerSettings(device="serial", port="memory"), link, lab.clock)
    clock = lab.clock
    assert isinstance(clock, VirtualClock)
    result = flash(Light(clock), sender, clock, MemoryLog(), code=212, flashes=3)
    assert not result.ok
    assert "1 trigger code did not reach the recorder" in result.text()


def test_the_operator_can_end_it() -> None:
    test = dark()
    assert test.run(flashes=200, stop=lambda: len(test.log.of("phase")) == 3).flashes == 3


def test_a_flash_has_the_code_that_the_line_can_take() -> None:
    def rig(**trigger: Any) -> Rig:
        return Rig(trigger=TriggerSettings(**{"device": "serial", "port": "a", **trigger}))

    assert flash_code(rig()) == 212
    assert flash_code(rig(max_code=15)) == 15
    assert flash_code(rig(device="stimsync")) == 127
    assert duration_s(60.0) == 102.0


def test_the_patch_needs_a_corner_and_a_line(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="--corner"):
        with_patch(Rig(), None)
    rig = with_patch(Rig(display=DisplaySettings(photodiode="top-left")), "bottom-right")
    assert (rig.display.photodiode, rig.display.background) == ("bottom-right", "black")
    with pytest.raises(SettingError, match="nothing to measure the light against"):
        flash_on_rig(rig, rig_file="rig.toml", data=tmp_path, say=print)


# -- real windows ---------------------------------------------------------------------------------


@pytest.mark.screen
@pytest.mark.parametrize("corner", ["top-left", "top-right", "bottom-left", "bottom-right"])
def test_the_patch_lights_its_corner_of_a_real_window_and_no_other(
    corner: str, tmp_path: Path
) -> None:
    from PIL import Image

    from mbtexp.screen import open_screen

    rig = with_patch(Rig(), corner)
    screen = open_screen(rig.display, MonotonicClock(), pilot=True, size=(640, 480))
    lit = {}
    try:
        for patch_on in (True, False):
            screen.patch_on = patch_on
            screen.draw(())
            screen.screenshot(tmp_path / "shot.png")
            with Image.open(tmp_path / "shot.png") as shot:
                picture = shot.convert("L")
                right, low = picture.width - 4, picture.height - 4
                places = {
                    "top-left": (3, 3),
                    "top-right": (right, 3),
                    "bottom-left": (3, low),
                    "bottom-right": (right, low),
                }
                lit[patch_on] = {
                    name: picture.getpixel(place) == 255 for name, place in places.items()
                }
    finally:
        screen.close()
    assert lit[True] == {name: name == corner for name in lit[True]}
    assert not any(lit[False].values())


@pytest.mark.screen
@pytest.mark.slow
def test_a_real_window_is_checked_and_flashes_with_its_codes(
    lab: Lab, clock: MonotonicClock, display: str
) -> None:
    with Wire(LatchBox(), clock.now) as wire:
        rig_file = lab.line("serial", wire.name)
        checked = check_rig(rig_file, data=lab.data, attended=False, pilot=True)
        assert of(checked, "display").facts["flips"] == 300
        assert "window" in of(checked, "display").found
        assert of(checked, "keyboard").facts["self_test"] == "passed"
        assert checked.check.verdict == "warn"
        from mbtexp.rig import read_rig

        said: list[str] = []
        result = flash_on_rig(
            with_patch(read_rig(rig_file), "top-left"),
            rig_file="rig.toml",
            data=lab.data,
            flashes=3,
            pilot=True,
            say=said.append,
        )
        box = wire.box
    assert box is not None
    assert box.codes() == [212, 212, 212]
    assert result.log is not None
    log = read_log(result.log)
    assert log.completed
    assert [event["outcome"] for event in log.of("trigger")] == ["sent"] * 3
    assert said[0].startswith("3 flashes in the corner top-left: ")
