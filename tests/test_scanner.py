"""The scanner: counting pulses, waiting for them, where they come from, and a scan from end to end.

Every fault that an emulated scanner is given must come out of the counter, the log and the table of
quality. No real scanner was ever connected to this.
"""

from __future__ import annotations

import math
import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from analysis.run import analyse
from mbtexp import bids, cli
from mbtexp.clock import MonotonicClock, VirtualClock
from mbtexp.conduct import Request, conduct, core_texts, operator_keys, prepare
from mbtexp.errors import DeviceError, RunAborted, SettingError
from mbtexp.events import Event, MemoryLog, read_log
from mbtexp.plan import make_plan
from mbtexp.port import Ports
from mbtexp.ports import Press
from mbtexp.responses.opening import open_box
from mbtexp.rig import PULSE, Rig, ScannerSettings, pulse_mark, rig_from
from mbtexp.run import Run
from mbtexp.scanner.counter import PulseCounter
from mbtexp.scanner.emulate import EmulatedScanner, Emulation, emulation, train
from mbtexp.scanner.opening import scanner_of
from mbtexp.scanner.period import fit
from mbtexp.scanner.source import SerialPulses, WithPulses, open_serial_pulses
from mbtexp.scanner.volumes import planned_scan
from mbtexp.simulate import SimulatedResponses, nobody
from mbtexp.timeline import Fixation, Keys, Phase, Rect
from mbtexp.virtual import VirtualDisplay, VirtualLab

TR_S = 2.0
SETTINGS = ScannerSettings(tr_s=TR_S)


def counted(times: Sequence[float], settings: ScannerSettings = SETTINGS) -> PulseCounter:
    """A counter that waited from the beginning and has taken these pulses."""
    counter = PulseCounter(settings)
    counter.wait_from(0.0)
    for t in times:
        counter.take(t)
    return counter


def flags(times: Sequence[float], settings: ScannerSettings = SETTINGS) -> list[str]:
    counter = PulseCounter(settings)
    counter.wait_from(0.0)
    return [counter.take(t).flag for t in times]


def every(period_s: float, count: int, first: float = 1.0) -> list[float]:
    return [first + period_s * n for n in range(count)]


# -- counting -------------------------------------------------------------------------------------


def test_the_first_pulse_after_the_page_is_time_zero_and_the_others_have_their_place() -> None:
    counter = PulseCounter(SETTINGS)
    assert counter.take(0.5).flag == "early"
    counter.wait_from(1.0)
    assert counter.take(0.9).flag == "early"
    pulses = [counter.take(t) for t in (3.0, 5.0, 7.001)]

    assert counter.zero == 3.0
    assert [(p.n, p.k, p.flag) for p in pulses] == [(1, 0, "first"), (2, 1, "ok"), (3, 2, "ok")]
    assert [p.interval_s for p in pulses] == [None, 2.0, pytest.approx(2.001)]


def test_dummies_are_skipped_and_have_places_before_zero() -> None:
    settings = replace(SETTINGS, dummy_pulses_to_skip=2)
    counter = PulseCounter(settings)
    counter.wait_from(0.0)
    pulses = [counter.take(t) for t in every(TR_S, 4)]

    assert [p.flag for p in pulses] == ["dummy", "dummy", "first", "ok"]
    assert [p.k for p in pulses] == [-2, -1, 0, 1]
    assert counter.zero == 5.0


@pytest.mark.parametrize(
    ("gap", "flag", "missing"),
    [(1.49, "ok", 0), (1.5, "missing_before", 1), (2.6, "missing_before", 2)],
)
def test_a_gap_of_one_and_a_half_periods_has_lost_pulses_in_it(
    gap: float, flag: str, missing: int
) -> None:
    counter = counted([1.0, 3.0])
    pulse = counter.take(3.0 + gap * TR_S)
    assert (pulse.flag, pulse.missing, pulse.k) == (flag, missing, 2 + missing)
    assert counter.summary(3.0 + gap * TR_S).missing == missing


def test_a_pulse_within_half_a_period_is_extra_and_moves_no_place() -> None:
    assert flags([1.0, 1.9, 3.0, 3.05, 5.0]) == ["first", "extra", "ok", "extra", "ok"]
    summary = counted([1.0, 1.9, 3.0, 3.05, 5.0]).summary(5.0)
    assert (summary.seen, summary.extra, summary.missing) == (3, 2, 0)


def test_a_bounce_of_a_dummy_is_no_dummy() -> None:
    settings = replace(SETTINGS, dummy_pulses_to_skip=2)
    assert flags([1.0, 1.02, 3.0, 5.0], settings) == ["dummy", "extra", "dummy", "first"]


def test_a_lost_dummy_shortens_no_scan_and_a_lost_first_pulse_behind_dummies_is_told() -> None:
    settings = replace(SETTINGS, dummy_pulses_to_skip=2)
    assert flags([1.0, 5.0], settings) == ["dummy", "first"]  # the second dummy was lost
    counter = counted([1.0, 3.0, 7.0], settings)  # and here the first volume
    assert counter.zero == 7.0
    (news,) = counter.news()
    assert "time zero may be 2 s late" in news.text


def test_places_follow_a_tr_that_is_a_little_off() -> None:
    times = every(2.011, 400)  # 0.5 % and more: after 91 volumes a fixed grid is a volume off
    counter = counted(times)
    summary = counter.summary(times[-1])
    assert (summary.missing, summary.extra, summary.lost_at_an_end) == (0, 0, 0)
    assert summary.tr_estimate_s == pytest.approx(2.011)
    assert any("TR is 2.0110 s, in the rig file 2 s" in text for text in summary.warnings)


def test_the_usual_jitter_of_a_keyboard_is_no_wrong_tr() -> None:
    for seed in range(20):
        times = list(train(Emulation(TR=0.7, volumes=60, jitter=0.005, seed=seed)))
        counter = counted([1 + t for t in times], ScannerSettings(tr_s=0.7, volumes=60))
        summary = counter.summary(1 + 60 * 0.7)
        assert summary.warnings == (), seed
        assert summary.residual_ms == pytest.approx(5, rel=0.4)
        assert not counter.news()


@pytest.mark.parametrize(
    ("settings", "fault", "text"),
    [
        (SETTINGS, Emulation(TR=2.0, volumes=40, toggle=True), "toggle mode"),
        (SETTINGS, Emulation(TR=2.0, volumes=10, slices=30), "set pulses_per_volume to 30"),
        (SETTINGS, Emulation(TR=2.5, volumes=40), "the TR is 2.5000 s, in the rig file 2 s"),
    ],
)
def test_a_wrong_period_is_told_after_a_few_pulses_and_again_at_the_end(
    settings: ScannerSettings, fault: Emulation, text: str
) -> None:
    times = [1 + t for t in train(fault)]
    counter = counted(times[:6], settings)
    assert any(text in news.text for news in counter.news())
    summary = counted(times, settings).summary(times[-1])
    assert any(text in warning for warning in summary.warnings)
    assert abs((summary.tr_estimate_s or 0) / TR_S - 1) > 0.1


def test_pulses_a_slice_are_counted_a_slice() -> None:
    settings = ScannerSettings(tr_s=2.0, volumes=20, pulses_per_volume=30)
    times = [1 + t for t in train(Emulation(TR=2.0, volumes=20, slices=30, drop=0.02, seed=1))]
    summary = counted(times, settings).summary(41.0)
    assert summary.planned == summary.expected == 600
    assert summary.seen == len(times) < 600
    assert summary.seen + summary.missing + summary.lost_at_an_end == 600
    assert summary.tr_estimate_s == pytest.approx(2.0)


def test_without_a_tr_the_pulses_tell_it_and_what_is_missing() -> None:
    times = [t for t in every(1.5, 30) if round(t, 1) not in (4.0, 25.0)]
    counter = counted(times, ScannerSettings())
    summary = counter.summary(times[-1])
    assert summary.missing == 2
    assert summary.tr_estimate_s == pytest.approx(1.5)


def test_five_in_a_hundred_lost_pulses_are_all_found() -> None:
    for seed in range(20):
        whole = Emulation(TR=2.0, volumes=300, jitter=0.005, extra=0.05, seed=seed)
        times = [1 + t for t in train(replace(whole, drop=0.05))]
        settings = replace(SETTINGS, volumes=300)
        summary = counted(times, settings).summary(1 + 600.0)
        assert summary.seen + summary.missing + summary.lost_at_an_end == 300, seed
        assert summary.missing > 0


def test_a_lost_first_pulse_is_told_at_the_end_with_what_it_means() -> None:
    times = list(train(Emulation(TR=2.0, volumes=100, drop_first=True)))
    summary = counted(times, replace(SETTINGS, volumes=100)).summary(205.0)
    assert (summary.seen, summary.expected, summary.lost_at_an_end) == (99, 100, 1)
    (warning,) = summary.warnings
    assert "if it has all 100, the first went missing and 2 s must be added" in warning


def test_a_run_that_ends_before_the_scan_lacks_nothing() -> None:
    summary = counted(every(TR_S, 50), replace(SETTINGS, volumes=100)).summary(1 + 49 * TR_S + 1.0)
    assert (summary.expected, summary.lost_at_an_end, summary.warnings) == (50, 0, ())


def test_more_pulses_than_planned_are_told() -> None:
    summary = counted(every(TR_S, 12), replace(SETTINGS, volumes=10)).summary(30.0)
    assert summary.warnings == ("2 pulses more came than were planned.",)


def test_silence_is_told_once_of_its_kind_and_never_after_the_last_planned_pulse() -> None:
    counter = counted(every(TR_S, 3), replace(SETTINGS, volumes=4))
    assert counter.silent_from == pytest.approx(5.0 + 1.5 * TR_S)
    counter.silence(8.5)
    (news,) = counter.news()
    assert news.first
    assert "no scanner pulse for 3.5 s" in news.text
    assert counter.silent_from == math.inf
    counter.take(11.0)
    assert [n.first for n in counter.news()] == [True]  # the gap
    assert counter.silent_from == math.inf  # k is 5, the scan is over


def test_a_start_by_hand_is_time_zero_and_pulses_that_come_later_are_counted() -> None:
    counter = PulseCounter(replace(SETTINGS, dummy_pulses_to_skip=3))
    counter.wait_from(0.0)
    assert counter.start_by_hand(4.0).flag == "manual"
    pulses = [counter.take(t) for t in every(TR_S, 3, first=10.0)]
    assert counter.zero == 4.0
    assert [(p.flag, p.k) for p in pulses] == [("ok", 0), ("ok", 1), ("ok", 2)]
    assert "by hand" in counter.summary(20.0).warnings[0]


def test_a_run_that_never_waited_says_so() -> None:
    counter = PulseCounter(SETTINGS)
    counter.take(1.0)
    summary = counter.summary(2.0)
    assert (summary.early, summary.seen) == (1, 0)
    assert "did not wait" in summary.warnings[0]


def test_a_line_through_pulses_has_their_period_and_their_jitter() -> None:
    line = fit([0, 1, 3, 4], [1.0, 3.0, 7.0, 9.0])
    assert line is not None
    assert (line.period_s, line.residual_s) == (pytest.approx(2.0), pytest.approx(0.0, abs=1e-9))
    assert fit([0, 1], [1.0, 3.0]) is None


# -- the number of volumes ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("length_s", "volumes"), [(300.0, 150), (300.001, 151), (0.5, 1), (600.0000000001, 300)]
)
def test_a_scan_covers_the_run_to_its_end(length_s: float, volumes: int) -> None:
    assert planned_scan(SETTINGS, length_s).settings.volumes == volumes


def test_the_command_line_s_volumes_go_before_the_rig_s_and_too_few_are_told() -> None:
    settings = replace(SETTINGS, volumes=400, dummy_pulses_to_skip=3)
    assert planned_scan(settings, 300.0).settings.volumes == 400
    scan = planned_scan(settings, 300.0, 100)
    assert scan.settings.volumes == 100
    assert scan.facts()["volumes_given"] is True
    assert "103 volumes with pulses" in scan.spoken()
    assert "TOO FEW: they take 200 s and the run 300.0 s" in scan.spoken()


def test_without_a_tr_the_length_is_told_and_without_a_wait_the_preset_is_named() -> None:
    assert "takes 300.0 s" in planned_scan(ScannerSettings(), 300.0).spoken()
    assert "DOES NOT WAIT" in planned_scan(SETTINGS, None).spoken()
    assert "by hand" in planned_scan(ScannerSettings(source="none"), 300.0).spoken()


# -- settings -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scanner", "text"),
    [
        ({"source": "serial"}, "port is missing"),
        ({"start_key": "t"}, "start_key and scanner: pulse_key are both 't'"),
        ({"start_key": "escape"}, "start_key and operator: stop are both 'escape'"),
        ({"pulse_byte": "55"}, r"pulse_byte is '55'; write a character \(5\)"),
        ({"pulse_byte": "0x1FF"}, "pulse_byte is '0x1FF'"),
        ({"pulse_byte": "bit8"}, "pulse_byte is 'bit8'"),
        ({"tr_s": 0}, "tr_s is 0; it must be from 0.05 to 60"),
        ({"volumes": 1.5}, "volumes is 1.5; it must be a whole number"),
        ({"sauce": "key"}, "did you mean 'source'"),
    ],
)
def test_an_impossible_scanner_is_refused(scanner: dict[str, Any], text: str) -> None:
    with pytest.raises(SettingError, match=text):
        rig_from({"mode": "fmri", "scanner": scanner}, where="rig.toml")


def test_a_pulse_is_a_character_a_byte_or_a_bit() -> None:
    marks = [pulse_mark(text, where="") for text in ("5", "0x05", "0xFF", "bit0", "=")]
    assert marks == [("byte", 53), ("byte", 5), ("byte", 255), ("bit", 0), ("byte", 61)]


def test_a_serial_pulse_takes_no_key_from_the_participant() -> None:
    assert ScannerSettings(source="serial", pulse_key="1").key == PULSE
    rig = rig_from(
        {"mode": "fmri", "scanner": {"source": "serial", "port": "x", "pulse_key": "1"}}, where="r"
    )
    prepared = prepare(Request("eyes", "01", Path(), preset="scanner", changes={"items": "2"}))
    make_plan(prepared.task, prepared.session, prepared.material, rig, prepared.rows)


# -- the emulated scanner -------------------------------------------------------------------------


def test_an_emulated_scanner_sends_a_pulse_a_volume() -> None:
    assert list(train(Emulation(TR=1.5, volumes=4))) == [0.0, 1.5, 3.0, 4.5]
    assert len(list(train(Emulation(TR=2.0, volumes=10, dummies=3)))) == 13
    assert list(train(Emulation(TR=2.0, volumes=2, slices=2))) == [0.0, 1.0, 2.0, 3.0]


def test_its_faults_are_those_asked_for() -> None:
    assert list(train(Emulation(TR=2.0, volumes=4, toggle=True))) == [0.0, 4.0]
    assert next(train(Emulation(TR=2.0, drop_first=True))) == 2.0
    lost = 1000 - len(list(train(Emulation(TR=1.0, volumes=1000, drop=0.05))))
    assert 30 < lost < 70
    doubled = len(list(train(Emulation(TR=1.0, volumes=1000, extra=0.05)))) - 1000
    assert 30 < doubled < 70
    shaken = [t - round(t) for t in train(Emulation(TR=1.0, volumes=1000, jitter=0.005))]
    assert 0.004 < math.sqrt(sum(x * x for x in shaken) / 1000) < 0.006


def test_a_seed_gives_the_same_train_in_order_of_time() -> None:
    wild = Emulation(TR=0.1, volumes=500, jitter=0.05, drop=0.2, extra=0.3, seed=4)
    times = list(train(wild))
    assert times == sorted(times) == list(train(wild))
    assert times != list(train(replace(wild, seed=5)))


def test_a_description_on_the_command_line_is_read_strictly() -> None:
    asked = emulation("TR=2,volumes=150, jitter=0.005,drop_first,late=3", {"slices": 2, "TR": 1.0})
    assert asked == Emulation(
        TR=2.0, volumes=150, jitter=0.005, drop_first=True, late=3.0, slices=2
    )
    for text, complaint in {
        "volumes=3": "TR is missing; write TR=2.0",
        "TR=two": "TR is 'two'; it must be a number",
        "TR=2,jiter=1": "did you mean 'jitter'",
        "TR=2,drop=1.5": "drop is 1.5; it must be from 0 to 0.95",
        "TR=2,toggle=maybe": "toggle is 'maybe'",
        "TR": "TR is 'true'",
    }.items():
        with pytest.raises(SettingError, match=f"--emulate-scanner: .*{re.escape(complaint)}"):
            emulation(text)


def test_it_begins_when_the_page_that_waits_has_come_on_and_only_once() -> None:
    clock = VirtualClock()
    scanner = EmulatedScanner(Emulation(TR=2.0, volumes=2, late=3.0), clock, "t")
    scanner.attend(Phase("page", (), keys=Keys(("space",))), 1.0)
    assert scanner.read() == []
    page = Phase("scanner", (), keys=Keys(("t",)))
    scanner.attend(page, 10.0)
    scanner.attend(page, 11.0)
    assert scanner.due() == 13.0
    clock.sleep_until(15.0)
    assert scanner.read() == [13.0, 15.0]
    assert scanner.due() == math.inf


# -- pulses among the presses ---------------------------------------------------------------------


class Scheduled:
    """Pulses at given times."""

    def __init__(self, clock: VirtualClock, times: Sequence[float]) -> None:
        self._clock = clock
        self._times = list(times)
        self.closed = False

    def attend(self, phase: Phase, onset: float) -> None:
        pass

    def due(self) -> float | None:
        return self._times[0] if self._times else math.inf

    def read(self) -> list[float]:
        due = [t for t in self._times if t <= self._clock.now()]
        self._times = self._times[len(due) :]
        return due

    def describe(self) -> dict[str, Any]:
        return {"source": "scheduled"}

    def close(self) -> None:
        self.closed = True


def test_pulses_and_presses_come_in_order_of_time_and_nobody_else_may_press_the_pulse() -> None:
    clock = VirtualClock()
    pressed = [Press(0.5, "f"), Press(1.5, "t"), Press(2.5, "j")]
    source = Scheduled(clock, [1.0, 2.0])
    both = WithPulses(SimulatedResponses(clock, nobody, pressed), source, "t", clock)

    clock.sleep_until(1.2)
    assert [(p.t, p.key) for p in both.poll()] == [(0.5, "f"), (1.0, "t")]
    assert [(p.t, p.key) for p in both.wait(9.0)] == [(2.0, "t")]
    assert clock.now() == 2.0  # at once, and past the participant's own "t"
    assert [(p.t, p.key) for p in both.wait(9.0)] == [(2.5, "j")]
    assert both.wait(9.0) == []
    assert clock.now() == 9.0
    assert both.describe() == {"backend": "simulated", "pulses": {"source": "scheduled"}}
    both.close()
    assert source.closed


# -- a serial line --------------------------------------------------------------------------------

posix = pytest.mark.skipif(os.name == "nt", reason="needs pseudo-terminals")


class FakePort:
    """A port that says what it is told to."""

    hung_up = None

    def listen(self, heard: Callable[[float, bytes], None]) -> None:
        self.heard = heard

    def describe(self) -> dict[str, Any]:
        return {"port": "fake"}


def serial_pulses(pulse_byte: str) -> tuple[FakePort, SerialPulses]:
    port = FakePort()
    settings = ScannerSettings(source="serial", port="x", pulse_byte=pulse_byte)
    return port, SerialPulses(port, settings)  # type: ignore[arg-type]


def test_a_pulse_byte_is_a_pulse_and_a_button_s_is_not() -> None:
    port, pulses = serial_pulses("5")
    port.heard(1.0, b"5")
    port.heard(1.5, b"1")
    port.heard(3.0, b"25")
    assert pulses.read() == [1.0, 3.0]
    assert pulses.read() == []
    assert pulses.describe()["other_bytes"] == 2


def test_a_bit_is_a_pulse_when_it_rises_whatever_the_buttons_do() -> None:
    port, pulses = serial_pulses("bit4")
    # a button down, the trigger on top of it, the trigger alone gone, the button up, a trigger
    for t, state in enumerate((0x01, 0x11, 0x01, 0x00, 0x10, 0x12, 0x02), start=1):
        port.heard(float(t), bytes([state]))
    assert pulses.read() == [2.0, 5.0]


def emulated_line(settings: Emulation, **line: Any) -> Any:
    wire = pytest.importorskip("mbtexp.virtual.wire", reason="needs pseudo-terminals")
    scanner = pytest.importorskip("mbtexp.virtual.scanner")
    return wire.Wire(scanner.ScannerBox(settings, **line))


@posix
@pytest.mark.parametrize(
    ("pulse_byte", "sent", "baud"),
    [("5", b"5", 19200), ("0x3D", b"=", 57600), ("bit4", b"\x10\x00", 57600)],
)
def test_bytes_of_a_scanner_on_a_real_port_become_pulses_in_order(
    pulse_byte: str, sent: bytes, baud: int
) -> None:
    clock = MonotonicClock()
    ports = Ports(clock)
    with emulated_line(Emulation(TR=0.05, volumes=6, late=0.05), pulse=sent, baud=baud) as wire:
        settings = ScannerSettings(
            source="serial", port=wire.name, baud=baud, pulse_byte=pulse_byte
        )
        source = open_serial_pulses(settings, ports)
        both = WithPulses(SimulatedResponses(clock, nobody), source, settings.key, clock)
        pulses: list[Press] = []
        while len(pulses) < 6 and clock.now() < 5.0:
            pulses += both.wait(clock.now() + 0.1)
        both.close()
        ports.close()
    assert [press.key for press in pulses] == [PULSE] * 6
    times = [press.t for press in pulses]
    assert times == sorted(times)
    clock.close()


@posix
def test_at_another_rate_the_pulses_are_not_understood() -> None:
    clock = MonotonicClock()
    ports = Ports(clock)
    with emulated_line(Emulation(TR=0.05, volumes=3, late=0.05), baud=57600) as wire:
        settings = ScannerSettings(source="serial", port=wire.name, baud=19200)
        source = open_serial_pulses(settings, ports)
        limit = time.perf_counter() + 2.0
        while len(wire.box.said) < 3 and time.perf_counter() < limit:
            time.sleep(0.01)
        assert len(wire.box.said) == 3
        assert source.read() == []
        ports.close()
    clock.close()


@posix
def test_a_missing_port_is_refused_with_its_name() -> None:
    clock = MonotonicClock()
    settings = ScannerSettings(source="serial", port="/dev/ttyNOTHERE")
    with pytest.raises(DeviceError, match=r"rig.toml: scanner: port '/dev/ttyNOTHERE' does not"):
        open_serial_pulses(settings, Ports(clock))
    clock.close()


@posix
def test_buttons_and_pulses_of_one_cable_go_each_their_way() -> None:
    wires = pytest.importorskip("mbtexp.virtual.wire", reason="needs pseudo-terminals")
    buttons = pytest.importorskip("mbtexp.virtual.buttons")
    clock = MonotonicClock()
    ports = Ports(clock)
    with wires.Wire(buttons.Forp2()) as wire:
        line = {"port": wire.name, "baud": 57600}
        rig = rig_from(
            {
                "mode": "fmri",
                "responses": {"device": "forp", "program": 2, **line},
                "scanner": {"source": "serial", "pulse_byte": "bit4", **line},
            },
            where="rig.toml",
        )
        box = open_box(rig, ports, clock)
        assert box is not None
        pulses = open_serial_pulses(rig.scanner, ports)
        both = WithPulses(box, pulses, rig.scanner.key, clock)
        heard: list[Press] = []
        for act, count in (
            (lambda: wire.box.press("b"), 1),
            (wire.box.trigger, 2),
            (lambda: wire.box.release("b"), 3),
            (wire.box.trigger, 4),
        ):
            act()
            limit = clock.now() + 2.0
            while len(heard) < count and clock.now() < limit:
                heard += both.wait(clock.now() + 0.05)
        assert [(p.key, p.down) for p in heard] == [
            ("b", True),
            (PULSE, True),
            ("b", False),
            (PULSE, True),
        ]
        both.close()
        ports.close()
    clock.close()


@posix
def test_a_run_waits_for_bytes_on_a_real_port_and_counts_them_to_the_end() -> None:
    clock = MonotonicClock()
    ports = Ports(clock)
    settings = ScannerSettings(
        source="serial", tr_s=0.6, volumes=4, dummy_pulses_to_skip=1, pulse_byte="5"
    )
    with emulated_line(Emulation(TR=0.6, volumes=4, dummies=1, late=0.3)) as wire:
        source = open_serial_pulses(replace(settings, port=wire.name), ports)
        lab = VirtualLab()
        log = MemoryLog()
        run = Run(
            display=VirtualDisplay(clock),  # type: ignore[arg-type]
            responses=WithPulses(SimulatedResponses(clock, nobody), source, settings.key, clock),
            trigger=lab.trigger,
            clock=clock,
            log=log,
            trials=[Row(1, onset_s=0.3)],
            scanner=settings,
        )
        with run:
            for block in run.blocks():
                run.start_clock()
                for row in run.trials_of(block):
                    run.show([Phase("face", (Rect(0.2, 0.2),), 2.0, at_s=row.onset_s)])
                    run.record()
        ports.close()
    clock.close()
    found = [event["flag"] for event in log.of("pulse")]
    assert found == ["dummy", "first", "ok", "ok", "ok"]
    assert run.pulses is not None
    assert (run.pulses.seen, run.pulses.lost_at_an_end) == (4, 0)


# -- waiting for the scanner ----------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    trial: int
    block: int = 1
    practice: bool = False
    onset_s: float = 4.0


@dataclass
class Scanned:
    """A run on the virtual lab, and what it told."""

    log: MemoryLog
    run: Run
    told: list[str]

    def pulses(self) -> list[tuple[float, str]]:
        return [(event["t"], event["flag"]) for event in self.log.of("pulse")]

    def notes(self) -> list[str]:
        return [event["text"] for event in self.log.of("note")]

    def pages(self) -> list[str]:
        return [e["tag"] for e in self.log.of("phase") if e["phase"] == "scanner"]


Answer = Callable[[Phase, Mapping[str, Any]], Sequence[tuple[str, float]]]


def scan(
    pulses: Sequence[float] = (),
    presses: Sequence[tuple[float, str]] = (),
    trials: int = 1,
    **settings: Any,
) -> Scanned:
    """A run of trials a few seconds long that waits for the scanner, with pulses at given times."""
    scanner = ScannerSettings(**{"tr_s": TR_S, **settings})
    both = [Press(t, scanner.key) for t in pulses] + [Press(t, key) for t, key in presses]
    lab = VirtualLab(60.0, presses=sorted(both, key=lambda press: press.t))
    log, told = MemoryLog(), []
    rows = [Row(n + 1, onset_s=4.0 + 5.0 * n) for n in range(trials)]
    run = Run(
        display=lab.display,
        responses=lab.responses,
        trigger=lab.trigger,
        clock=lab.clock,
        log=log,
        trials=rows,
        scanner=scanner,
        tell=told.append,
    )
    face = (Rect(0.2, 0.2),)
    with run:
        for block in run.blocks():
            run.start_clock()
            for row in run.trials_of(block):
                shown = Phase("face", face, 4.0, at_s=row.onset_s, keys=Keys(("f",), False))
                run.show([shown, Phase("rest", (Fixation(),), frames=1)])
                run.record()
    return Scanned(log, run, told)


def face_of(scanned: Scanned) -> Event:
    return next(e for e in scanned.log.of("phase") if e["phase"] == "face")


def test_a_run_begins_with_the_pulse_and_its_onsets_count_from_there() -> None:
    scanned = scan(every(TR_S, 6, first=3.0))
    assert scanned.run.zero == 3.0
    assert face_of(scanned)["onset"] == pytest.approx(7.0, abs=1 / 120 + 1e-6)
    assert scanned.log.of("end")[0]["pulses"]["warnings"] == []
    assert scanned.told == []


def test_dummies_do_not_begin_it() -> None:
    scanned = scan(every(TR_S, 8, first=1.0), dummy_pulses_to_skip=3)
    assert scanned.run.zero == 7.0
    assert [flag for _, flag in scanned.pulses()[:4]] == ["dummy"] * 3 + ["first"]
    assert scanned.pages() == ["scanner"]


def test_after_the_time_out_the_operator_is_asked_and_a_pulse_still_begins_the_run() -> None:
    scanned = scan(every(TR_S, 6, first=9.0), wait_timeout_s=5.0)
    assert scanned.pages() == ["scanner", "scanner_timeout"]
    assert scanned.run.zero == 9.0


def test_the_operator_may_go_on_waiting() -> None:
    scanned = scan(every(TR_S, 6, first=9.0), [(7.0, "p")], wait_timeout_s=5.0)
    assert scanned.pages() == ["scanner", "scanner_timeout", "scanner"]
    assert scanned.run.zero == 9.0


def test_the_operator_may_start_by_hand_and_the_log_and_the_end_say_so() -> None:
    scanned = scan([], [(7.0, "return")], wait_timeout_s=5.0)
    assert scanned.run.zero == 7.0
    assert scanned.pulses() == [(7.0, "manual")]
    assert face_of(scanned)["onset"] == pytest.approx(11.0, abs=1 / 120 + 1e-6)
    end = scanned.log.of("end")[0]["pulses"]
    assert (end["by_hand"], end["seen"]) == (True, 0)
    assert "by hand" in end["warnings"][0]


def test_the_start_key_does_nothing_before_the_time_out() -> None:
    scanned = scan(every(TR_S, 6, first=4.0), [(2.0, "return")], wait_timeout_s=5.0)
    assert scanned.run.zero == 4.0


def test_the_operator_may_stop_instead() -> None:
    with pytest.raises(RunAborted, match="before the scan began"):
        scan([], [(7.0, "escape")], wait_timeout_s=5.0)


def test_a_pulse_that_comes_while_the_operator_is_asked_whether_to_stop_is_time_zero() -> None:
    # Stop is pressed by mistake at 2 s; the scan begins at 3 s, during the question.
    scanned = scan(every(TR_S, 8, first=3.0), [(2.0, "escape"), (3.5, "p")])
    assert scanned.run.zero == 3.0
    assert scanned.pulses()[0] == (3.0, "first")
    assert face_of(scanned)["onset"] == pytest.approx(7.0, abs=1 / 120 + 1e-6)


def test_where_no_pulses_come_the_operator_starts_every_run() -> None:
    scanned = scan([], [(2.0, "return")], source="none", tr_s=None)
    assert scanned.run.zero == 2.0
    assert scanned.pages() == ["scanner_by_hand"]


def test_missing_pulses_are_in_the_log_at_once_and_told_once_after_the_trial() -> None:
    times = [t for t in every(TR_S, 14, first=1.0) if t not in (5.0, 6.0, 7.0, 15.0)]
    scanned = scan(times, trials=4)
    notes = [e for e in scanned.log.of("note") if "went missing" in e["text"]]
    assert [note["t"] for note in notes] == [9.0, 17.0]
    assert len([text for text in scanned.told if "went missing" in text]) == 1
    flags = [event["flag"] for event in scanned.log.of("pulse")]
    assert flags.count("missing_before") == 2
    assert scanned.log.of("end")[0]["pulses"]["missing"] == 3


def test_silence_of_the_scanner_is_told_while_the_run_goes_on() -> None:
    scanned = scan(every(TR_S, 4, first=1.0), trials=4)
    (note,) = [e for e in scanned.log.of("note") if "no scanner pulse" in e["text"]]
    assert 10.0 < note["t"] < 10.2  # 1.5 TR after the last, at the next look
    assert any("no scanner pulse" in text for text in scanned.told)


def test_the_same_run_without_a_scanner_says_nothing_of_pulses() -> None:
    lab = VirtualLab(60.0)
    log = MemoryLog()
    with Run(
        display=lab.display,
        responses=lab.responses,
        trigger=lab.trigger,
        clock=lab.clock,
        log=log,
        trials=[],
    ) as run:
        run.start_clock()
    assert run.pulses is None
    assert "pulses" not in log.of("end")[0]


# -- from the command to the data set -------------------------------------------------------------

FMRI = 'mode = "fmri"\n[scanner]\ntr_s = 2.0\n'


@pytest.fixture
def rig(tmp_path: Path) -> Path:
    path = tmp_path / "fmri.toml"
    path.write_text(FMRI, encoding="utf-8")
    return path


def conducted(
    data: Path, rig: Path, emulate: str | None = None, task: str = "eyes", **more: Any
) -> Any:
    asked = {"preset": "scanner", "changes": {"items": "4"}, "participant": "01", **more}
    request = Request(
        task=task, data=data, rig=rig, simulate=True, virtual=True, emulate_scanner=emulate, **asked
    )
    return conduct(request)


def test_a_simulated_run_in_a_scanner_has_a_whole_scan(tmp_path: Path, rig: Path) -> None:
    done = conducted(tmp_path / "study", rig)
    log = read_log(done.log)
    scanner, pulses = log.header["scanner"], done.pulses
    assert scanner["volumes"] == math.ceil(scanner["length_s"] / 2.0)
    assert pulses.planned == scanner["volumes"]
    assert (pulses.seen, pulses.missing, pulses.warnings) == (pulses.expected, 0, ())
    assert log.header["responses"]["pulses"]["source"] == "emulated"


@pytest.mark.parametrize(
    ("fault", "failed"),
    [
        ("", set()),
        ("jitter=0.005,late=20", set()),
        ("drop=0.05,seed=2", {"pulses_missing"}),
        ("drop_first", {"pulses_seen"}),
        ("extra=0.05", {"pulses_extra"}),
        ("toggle", {"pulses_missing", "tr"}),
        ("TR=2.1", {"tr"}),
    ],
)
def test_the_table_of_quality_names_the_fault_of_the_scanner(
    tmp_path: Path, rig: Path, fault: str, failed: set[str]
) -> None:
    # A volume more than the run needs would hide a lost first pulse: the scan must end before it.
    planned = read_log(conducted(tmp_path / "planned", rig).log).header["scanner"]["volumes"]
    conducted(tmp_path / "study", rig, fault, volumes=planned - 1)
    checks = analyse(tmp_path / "study").quality
    wrong = {check.check for check in checks if check.passed is False}
    assert {name for name in wrong if name.startswith("pulses") or name == "tr"} == failed


def test_a_scanner_that_is_started_very_late_waits_through_the_time_out(
    tmp_path: Path, rig: Path
) -> None:
    done = conducted(tmp_path / "study", rig, "late=400")
    tags = [e["tag"] for e in read_log(done.log).of("phase") if e["phase"] == "scanner"]
    assert tags == ["scanner", "scanner_timeout"]
    assert done.pulses.warnings == ()


def test_onsets_of_the_data_set_count_from_the_first_counted_pulse(
    tmp_path: Path, rig: Path
) -> None:
    rig.write_text(FMRI + "dummy_pulses_to_skip = 2\n", encoding="utf-8")
    done = conducted(tmp_path / "study", rig, "late=2")
    bids.export(tmp_path / "study")
    (table,) = (tmp_path / "study").glob("sub-01/**/func/*_events.tsv")
    head, *lines = (line.split("\t") for line in table.read_text(encoding="utf-8").splitlines())
    rows = [dict(zip(head, line, strict=True)) for line in lines]

    pulses = [row for row in rows if row["event"] == "pulse"]
    assert [(row["onset"], row["flag"]) for row in pulses[:4]] == [
        ("-4.000000", "dummy"),
        ("-2.000000", "dummy"),
        ("0.000000", "first"),
        ("2.000000", "ok"),
    ]
    modelled = [row for row in rows if row["trial_type"] != "n/a"]
    first = read_log(done.log).header["design"][0]["onset_s"]
    assert float(modelled[0]["onset"]) == pytest.approx(first, abs=1 / 120 + 1e-4)
    assert all(float(row["onset"]) >= 0 for row in modelled)


def test_a_start_by_hand_is_the_zero_of_the_data_set(tmp_path: Path, rig: Path) -> None:
    rig.write_text('mode = "fmri"\n[scanner]\nsource = "none"\n', encoding="utf-8")
    done = conducted(tmp_path / "study", rig)
    (manual,) = read_log(done.log).of("pulse")
    assert manual["flag"] == "manual"
    bids.export(tmp_path / "study")
    (table,) = (tmp_path / "study").glob("sub-01/**/func/*_events.tsv")
    (row,) = [line for line in table.read_text().splitlines() if "\tmanual" in line]
    assert row.startswith("0.000000\t")


def test_options_for_a_scanner_are_refused_where_there_is_none(tmp_path: Path) -> None:
    for more in ({"emulate": "TR=2"}, {"volumes": 10}):
        with pytest.raises(SettingError, match="mode is 'behaviour' and has no scanner"):
            scanner_of(Rig(), 100.0, **more)  # type: ignore[arg-type]
    silent = Rig(mode="fmri", scanner=ScannerSettings(source="none"))
    with pytest.raises(SettingError, match="no pulse would be heard"):
        scanner_of(silent, 100.0, emulate="TR=2")


def test_the_plan_says_how_many_volumes_to_set(
    rig: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = f"plan eyes --participant 01 --preset scanner --set items=4 --rig {rig}"
    assert cli.main(words.split()) == 0
    said = capsys.readouterr().out
    volumes = int(re.findall(r"scanner: (\d+) volumes of 2 s", said)[0])
    minutes, seconds = map(int, re.findall(r"length: (\d+) min (\d+) s", said)[0])
    assert volumes * 2 < 60 * minutes + seconds + 3

    assert cli.main([*words.split(), "--volumes", "3"]) == 0
    assert "TOO FEW" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        cli.main([*words.split(), "--volumes", "none"])


def test_the_operator_reads_of_lost_pulses_during_the_run_and_at_its_end(
    tmp_path: Path, rig: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = (
        f"run eyes --participant 01 --preset scanner --set items=8 --rig {rig} --simulate --virtual"
        f" --data {tmp_path / 'study'} --emulate-scanner drop=0.1,seed=1"
    )
    assert cli.main(words.split()) == 0
    said = capsys.readouterr()
    assert said.err.count("went missing") == 1
    assert "SCANNER, LOOK AT THIS" in said.out
    log = next((tmp_path / "study").rglob("*_log.jsonl"))
    assert cli.main(["show", str(log)]) == 0
    assert "SCANNER, LOOK AT THIS" in capsys.readouterr().out


# -- a design matrix ------------------------------------------------------------------------------

PRESETS = [("eyes", "scanner"), ("attachment", "block"), ("trust", "binary")]


@pytest.mark.readers
@pytest.mark.slow
@pytest.mark.parametrize(("task", "preset"), PRESETS)
def test_nilearn_makes_a_design_matrix_of_the_events(
    tmp_path: Path, rig: Path, task: str, preset: str
) -> None:
    design_matrix = pytest.importorskip(
        "nilearn.glm.first_level", reason="nilearn is not installed"
    ).make_first_level_design_matrix
    pd = pytest.importorskip("pandas")
    np = pytest.importorskip("numpy")
    done = conducted(
        tmp_path / "study", rig, "jitter=0.002,late=7", task=task, preset=preset, changes={}
    )
    bids.export(tmp_path / "study")
    (path,) = (tmp_path / "study").glob("sub-01/**/func/*_events.tsv")
    table = pd.read_csv(path, sep="\t", keep_default_na=False, na_values="n/a")
    events = table.loc[table["trial_type"].notna(), ["onset", "duration", "trial_type"]]
    assert len(events)
    assert not events.isna().any(axis=None)
    assert (events["onset"] >= 0).all()

    log = read_log(done.log)
    (zero,) = [e["t"] for e in log.of("pulse") if e["flag"] == "first"]
    shown = sorted(e["onset"] - zero for e in log.of("phase") if e["trial"] is not None)
    assert all(min(abs(t - onset) for t in shown) < 1e-5 for onset in events["onset"])

    frame_times = np.arange(log.header["scanner"]["volumes"]) * TR_S
    matrix = design_matrix(frame_times, events=events, drift_model=None)
    assert set(events["trial_type"]) <= set(matrix.columns)
    assert np.isfinite(matrix.to_numpy()).all()
    for name in set(events["trial_type"]):
        # A regressor has risen after its first event and not before.
        first = events.loc[events["trial_type"] == name, "onset"].min()
        before = matrix.loc[matrix.index < first - TR_S, name].abs()
        assert before.max() < 1e-3 if len(before) else True
        assert matrix[name].max() > 0


# -- a real window --------------------------------------------------------------------------------


@pytest.mark.screen
@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "de"])
def test_the_pages_of_the_wait_stand_on_a_real_window(tmp_path: Path, language: str) -> None:
    pytest.importorskip("psychopy", reason="psychopy is not installed")
    from mbtexp.screen import open_screen

    clock = MonotonicClock()
    screen = open_screen(Rig().display, clock, pilot=True, size=(800, 450))
    settings = ScannerSettings(tr_s=0.5, volumes=4, wait_timeout_s=2.0)
    scanner = EmulatedScanner(Emulation(TR=0.5, volumes=4, late=3.0), clock, settings.key)
    shots: list[Path] = []

    def photograph(phase: Phase, _trial: Mapping[str, Any]) -> list[tuple[str, float]]:
        if phase.name == "scanner":
            shots.append(tmp_path / f"{phase.tag}.png")
            screen.screenshot(shots[-1])
        return []

    words = core_texts(language)
    log = MemoryLog()
    run = Run(
        display=screen,
        responses=WithPulses(SimulatedResponses(clock, photograph), scanner, settings.key, clock),
        trigger=VirtualLab().trigger,
        clock=clock,
        log=log,
        trials=[Row(1, onset_s=0.5)],
        scanner=settings,
        words=lambda name: words(name, **operator_keys(Rig())),
    )
    try:
        with run:
            for block in run.blocks():
                run.start_clock()
                for row in run.trials_of(block):
                    face = Phase("face", (Rect(0.2, 0.2),), 1.5, at_s=row.onset_s)
                    run.prepare([face])
                    run.show([face])
                    run.record()
    finally:
        screen.close()
        clock.close()

    assert [path.stem for path in shots] == ["scanner", "scanner_timeout"]
    assert log.of("end")[0]["pulses"]["seen"] == 4
    onset = next(e["onset"] for e in log.of("phase") if e["phase"] == "face")
    assert onset - run.zero == pytest.approx(0.5, abs=0.05)
    image = pytest.importorskip("PIL.Image")
    lines = [_lines(image.open(path).convert("L")) for path in shots]
    assert lines == [2, 4]  # what the participant reads, and with it what the operator does


def _lines(picture: Any) -> int:
    """How many lines of white text stand on a page."""
    rows = [
        any(picture.getpixel((x, y)) > 220 for x in range(picture.width))
        for y in range(picture.height)
    ]
    return sum(now and not before for before, now in zip([False, *rows], rows, strict=False))
