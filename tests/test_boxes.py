"""Emulated trigger boxes: each does with documented bytes what its documents say."""

from __future__ import annotations

import errno
import json
import os
import struct
import time
from pathlib import Path

import pytest

from mbtexp.clock import MonotonicClock, VirtualClock
from mbtexp.errors import DeviceError, SettingError
from mbtexp.port import BLOCKED, SENT, SerialPort, Written, open_port
from mbtexp.rig import TriggerSettings
from mbtexp.triggers import Sender, open_trigger
from mbtexp.triggers.devices import DEVICES, line_of
from mbtexp.triggers.link import SerialLink
from mbtexp.virtual.box import Box, Lines, misread
from mbtexp.virtual.boxes import (
    BOXES,
    Bitsi,
    EchoingArduino,
    LatchBox,
    Mmbts,
    PulseArduino,
    RawByteBox,
)
from mbtexp.virtual.commands import BbtkTtl, StimSync, Usb2Ttl8
from mbtexp.virtual.rehearse import rehearse, widths_ms
from mbtexp.virtual.virtualport import VirtualPort
from mbtexp.virtual.xid import (
    LUMINA_3G,
    LUMINA_LP400,
    RB_740,
    STIMTRACKER_DUO,
    StimTracker1g,
    XidBox,
)

POSIX = pytest.mark.skipif(os.name == "nt", reason="pseudo-terminals are a POSIX thing")

if os.name != "nt":
    from mbtexp.virtual.wire import Wire


class Bench:
    """A box on a clock that moves only when it is told to."""

    def __init__(self, box: Box, baud: int | None = None) -> None:
        self.clock = VirtualClock()
        self.box = box
        self.port = VirtualPort(box, self.clock, baud)

    def write(self, written: str, *, at_ms: float | None = None) -> Written:
        """Bytes in hexadecimal, at a time in ms."""
        if at_ms is not None:
            self.clock.sleep_until(at_ms / 1000)
        return self.port.write(bytes.fromhex(written))

    def type(self, written: bytes, *, at_ms: float | None = None) -> bytes:
        """Bytes as text; what the box answers."""
        self.write(written.hex(), at_ms=at_ms)
        return self.port.read()

    def edges_ms(self) -> list[tuple[float, int]]:
        """Edges with times in ms to a hundredth."""
        return [(round(1000 * t, 2), value) for t, value in self.box.edges]

    def noted(self) -> list[str]:
        """What the box remarked."""
        return [text for _, text in self.box.notes]


# -- lines ----------------------------------------------------------------------------------------


def test_lines_show_a_held_value_until_its_end() -> None:
    lines = Lines()
    lines.put(1.0, 125, 0.008)
    assert [lines.at(t) for t in (0.9, 1.0, 1.0079, 1.008)] == [0, 125, 125, 0]


def test_a_value_that_comes_during_a_held_one_takes_its_place_and_its_end() -> None:
    lines = Lines()
    lines.put(1.0, 125, 0.008)
    lines.put(1.004, 7, 0.008)
    assert lines.edges == [(1.0, 125), (1.004, 7), (1.012, 0)]


def test_the_same_value_again_makes_no_edge_and_lasts_longer() -> None:
    lines = Lines()
    lines.put(1.0, 11, 0.008)
    lines.put(1.004, 11, 0.008)
    assert lines.edges == [(1.0, 11), (1.012, 0)]


# -- boxes of one byte ----------------------------------------------------------------------------


def test_a_biosemi_interface_clears_after_8_ms_and_overwrites() -> None:
    bench = Bench(BOXES["biosemi"]())
    bench.write("7d", at_ms=10)
    bench.write("0c", at_ms=30)
    bench.write("0b", at_ms=34)
    assert bench.edges_ms() == [(10.09, 125), (18.09, 0), (30.09, 12), (34.09, 11), (42.09, 0)]


def test_an_mmbts_in_p_clears_after_8_ms_and_lets_early_codes_wait() -> None:
    bench = Bench(BOXES["mmbts-p"]())
    bench.write("0c0b", at_ms=100)
    assert bench.box.baud == 9600
    assert bench.edges_ms() == [(100, 12), (108, 11), (116, 0)]
    bench.write("7d", at_ms=130)
    assert bench.edges_ms()[3:] == [(130, 125), (138, 0)]


def test_an_mmbts_in_p_loses_what_its_buffer_does_not_hold() -> None:
    bench = Bench(Mmbts())
    bench.write("0102" * 40, at_ms=1)
    assert len(bench.box.codes()) == 65
    assert bench.noted()[0] == "code 2 was lost: 64 are waiting"
    assert len(bench.noted()) == 15


def test_an_mmbts_in_s_holds_until_the_host_clears() -> None:
    bench = Bench(BOXES["mmbts-s"]())
    bench.write("7d", at_ms=10)
    bench.write("00", at_ms=30)
    assert bench.edges_ms() == [(10, 125), (30, 0)]


def test_an_mmbts_ignores_every_rate_but_its_own() -> None:
    bench = Bench(Mmbts(), baud=115200)
    bench.write("7d", at_ms=10)
    assert bench.box.edges == []
    assert bench.noted() == ["7d came at 115200 baud; this box listens at 9600"]


def test_an_mmbts_that_is_opened_at_1200_baud_is_gone_until_it_is_replugged() -> None:
    bench = Bench(Mmbts(), baud=1200)
    assert bench.box.gone
    assert bench.write("7d") == Written("failed", errno.EIO)
    assert bench.noted() == ["opened at 1200 baud: the box has left for its boot loader; replug it"]
    assert not Bench(bench.box, baud=9600).box.gone


def test_a_latching_box_keeps_a_code_until_zero() -> None:
    bench = Bench(LatchBox())
    bench.write("00", at_ms=1)
    bench.write("7d", at_ms=10)
    bench.write("00", at_ms=20)
    bench.port.close()
    assert bench.edges_ms() == [(10.09, 125), (20.09, 0)]
    assert bench.noted() == []


@pytest.mark.parametrize("name", ["triggerbox", "triggerbox-plus"])
def test_a_triggerbox_wants_ff_at_the_end(name: str) -> None:
    box = BOXES[name]()
    bench = Bench(box)
    for written in ("00", "7d", "00"):
        bench.write(written)
        bench.clock.sleep_until(bench.clock.now() + 0.01)
    bench.port.close()
    assert bench.noted() == ["the port was closed without the last byte ff"]
    bench = Bench(box)
    bench.write("ff")
    bench.port.close()
    assert len(bench.noted()) == 1
    assert box.codes() == [255, 125, 255]


def test_a_triggerbox_takes_any_rate_and_the_plus_one_only() -> None:
    assert BOXES["triggerbox"]().baud is None
    assert BOXES["triggerbox-plus"]().baud == 2_000_000


def test_a_board_that_pulses_hears_nothing_meanwhile() -> None:
    bench = Bench(PulseArduino(hold_ms=5))
    bench.write("0c", at_ms=10)
    bench.write("0b", at_ms=14)
    bench.write("0a", at_ms=16)
    assert bench.edges_ms() == [(10.09, 12), (15.09, 0), (16.09, 10), (21.09, 0)]
    assert bench.noted() == ["code 11 was lost: the board waits for the end of the last one"]


def test_a_board_that_restarts_is_deaf_first_and_then_writes_back() -> None:
    bench = Bench(EchoingArduino(reset_s=1.5))
    bench.write("05", at_ms=1000)
    assert bench.type(b"\x7d", at_ms=1600) == b"125\n"
    assert bench.box.codes() == [125]
    assert bench.noted() == ["code 5 was lost: the board restarts for another 0.50 s"]


def test_a_bitsi_greets_latches_and_tells_its_buttons_in_letters() -> None:
    box = Bitsi(reset_s=1.0)
    bench = Bench(box)
    assert bench.port.ask(b"", lambda said: said.endswith(b"\n"), 2.0) == b"BITSI mode, Ready!\r\n"
    assert bench.clock.now() == pytest.approx(1.0, abs=0.002)
    bench.write("7d")
    bench.write("00", at_ms=1500)
    assert bench.box.codes() == [125]
    for button in (0, 7):
        box.press(button)
        box.release(button)
    assert bench.port.read() == b"AaHh"


# -- boxes of commands ----------------------------------------------------------------------------


def test_a_stimsync_takes_codes_after_its_greeting_is_echoed() -> None:
    bench = Bench(StimSync())
    bench.write("05", at_ms=1)
    assert bench.type(bytes.fromhex("a9 a3 a9 a9"), at_ms=2).hex() == "a9a3a9a9"
    bench.write("7d", at_ms=10)
    bench.write("00", at_ms=20)
    bench.write("b1a3a9a9", at_ms=30)
    bench.write("06", at_ms=40)
    assert bench.edges_ms() == [(10.09, 125), (20.09, 0)]
    assert len(bench.noted()) == 2


def test_a_usb2ttl8_answers_in_json_and_writes_only_in_its_write_mode() -> None:
    bench = Bench(Usb2Ttl8())
    assert bench.box.baud == 128000
    config = bench.type(b"GET CONFIG\n")
    assert config.endswith(b"\n")
    assert json.loads(config)["model_name"] == "USB2TTL8"
    bench.type(b"WRITE 5\n", at_ms=1)
    bench.type(b"SET DATA_MODE WRITE\n", at_ms=2)
    bench.type(b"WRITE 12", at_ms=10)
    bench.type(b"5\n", at_ms=11)
    bench.type(b"WRITE 0\n", at_ms=20)
    bench.type(b"WRITE 7 5000 0\n", at_ms=30)
    bench.type(b"WRITE 256\n", at_ms=40)
    assert bench.edges_ms() == [(11, 125), (20, 0), (30, 7), (35, 0)]
    assert bench.noted() == [
        "'WRITE 5' was not understood in mode READ",
        "256 is more than eight lines can show",
    ]


def test_a_bbtk_module_takes_pairs_of_capitals_and_pings() -> None:
    bench = Bench(BbtkTtl())
    assert bench.type(b"##") == b"XX"
    bench.write("37 44", at_ms=10)  # 7D
    bench.type(b"00", at_ms=20)
    bench.type(b"0B", at_ms=30)
    bench.type(b"RR", at_ms=40)
    assert bench.edges_ms() == [(10.17, 125), (20.17, 0), (30.17, 11), (40.17, 0)]
    assert bench.noted() == []


def test_a_bbtk_module_is_out_of_step_after_a_character_too_many_until_rr() -> None:
    box = BbtkTtl()
    bench = Bench(box)
    bench.type(b"0", at_ms=1)
    bench.type(b"7D", at_ms=10)  # heard as 07 and half a pair
    bench.type(b"##", at_ms=20)  # D# is no pair
    assert box.codes() == [7]
    assert not box.in_step
    assert bench.type(b"##", at_ms=30) == b""
    bench.type(b"RR", at_ms=40)
    assert box.in_step
    assert bench.type(b"##", at_ms=140) == b"XX"


def test_a_bbtk_module_wants_capitals() -> None:
    box = BbtkTtl()
    Bench(box).type(b"0b")
    assert not box.in_step
    box.replug()
    assert box.in_step


def test_a_bbtk_module_tells_its_input_lines_unasked() -> None:
    box = BbtkTtl()
    bench = Bench(box)
    box.input_lines(0x0B)
    assert bench.type(b"##") == b"0BXX"


# -- Cedrus ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (b"_c1", b"_xid0"),
        (b"_d1", b"Cedrus c-pod"),
        (b"_d2", b"4"),
        (b"_d3", b"0"),
        (b"_d4", b"2"),
        (b"_d5", b"1"),
        (b"_mp", b"_mp\0\0\0\0"),
    ],
)
def test_a_c_pod_tells_who_it_is(question: bytes, answer: bytes) -> None:
    assert Bench(XidBox()).type(question) == answer


def test_a_c_pod_holds_a_mask_until_a_pulse_is_set_and_then_ends_it_by_itself() -> None:
    bench = Bench(XidBox())
    bench.write("6d 68 7d 00", at_ms=10)
    bench.write("6d 68 00 00", at_ms=20)
    bench.write("6d 70 0a 00 00 00", at_ms=30)
    assert bench.type(b"_mp", at_ms=40) == b"_mp" + struct.pack("<I", 10)
    bench.write("6d 68 01 02", at_ms=50)
    assert bench.edges_ms() == [(10.35, 125), (20.35, 0), (50.35, 0x0201), (60.35, 0)]


def test_a_cedrus_box_forgets_a_command_that_is_not_whole_after_100_ms() -> None:
    bench = Bench(XidBox())
    bench.write("6d 68 7d", at_ms=10)
    bench.write("6d 68 05 00", at_ms=120)
    assert bench.box.codes() == [5]
    assert len(bench.noted()) == 1
    bench.write("6d 68 06", at_ms=200)
    bench.write("00", at_ms=250)
    assert bench.box.codes() == [5, 6]


def test_a_cedrus_box_takes_codes_in_xid_mode_only() -> None:
    bench = Bench(XidBox(mode=2))
    assert bench.type(b"_c1") == b"_xid2"
    bench.type(b"mh\x05\x00", at_ms=10)
    bench.type(b"c10", at_ms=20)
    assert bench.type(b"_c1", at_ms=30) == b"_xid0"
    bench.type(b"mh\x06\x00", at_ms=40)
    bench.type(b"mz", at_ms=60)
    assert bench.edges_ms() == [(40.35, 6), (60.17, 0)]


def test_an_xid_1_box_takes_an_inverted_mask_after_a10() -> None:
    bench = Bench(XidBox(LUMINA_LP400))
    bench.write("61 68 fa", at_ms=10)
    bench.type(b"a10", at_ms=20)
    bench.write("61 68 fa", at_ms=30)
    assert bench.box.codes() == [5]


def test_a_button_is_told_with_the_boxs_own_time_which_drifts_and_is_set_to_zero() -> None:
    box = XidBox(RB_740, drift_ppm=1000.0, offset_ms=5.0)
    bench = Bench(box)
    bench.clock.sleep_until(10.0)
    box.press(0, 3)
    assert bench.port.read() == b"k" + bytes([0x70]) + struct.pack("<I", 10015)
    assert bench.type(b"e5") == b""
    bench.clock.sleep_until(11.0)
    box.release(0, 8)
    assert bench.port.read() == b"k" + bytes([0x00]) + struct.pack("<I", 1000)
    assert bench.type(b"_e5") == b"_e5" + struct.pack("<I", 1001)


def test_the_scanners_pulse_of_a_lumina_is_key_5_of_port_0() -> None:
    box = XidBox(LUMINA_3G)
    bench = Bench(box)
    box.press(0, 5, t=0.088)
    assert bench.port.read().hex(" ") == "6b b0 58 00 00 00"


def test_a_stimtracker_2_has_packets_of_nine_bytes() -> None:
    box = XidBox(STIMTRACKER_DUO)
    bench = Bench(box)
    box.press(2, 1, t=0.088)
    assert bench.port.read().hex(" ") == "6f 02 01 31 58 00 00 00 00"


def test_codes_go_out_while_buttons_come_in() -> None:
    box = XidBox(RB_740)
    bench = Bench(box)
    bench.write("6d 68", at_ms=10)
    box.press(0, 1)
    bench.write("05 00", at_ms=11)
    assert bench.box.codes() == [5]
    assert bench.port.read()[:2] == b"k\x30"


def test_the_first_stimtracker_takes_one_byte_and_knows_no_xid_question() -> None:
    bench = Bench(StimTracker1g())
    assert bench.type(b"_c1") == b""
    assert (bench.type(b"_d2"), bench.type(b"_d3")) == (b"S", b"C")
    bench.write("6d 70 0a 00 00 00")
    bench.write("6d 68 7d ff", at_ms=10)
    assert bench.edges_ms() == [(10.35, 125), (20.35, 0)]


# -- rates ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(BOXES))
def test_at_its_own_rate_a_box_hears_what_was_sent(name: str) -> None:
    box = BOXES[name]()
    if box.baud is not None:
        every = bytes(range(256))
        assert misread(every, box.baud, box.baud) == every


@pytest.mark.parametrize("name", [n for n in sorted(BOXES) if BOXES[n]().baud is not None])
def test_at_a_wrong_rate_no_code_reaches_the_lines_as_it_was_sent(name: str) -> None:
    bench = Bench(BOXES[name](), baud=57600)
    bench.clock.sleep_until(3.0)
    before = list(bench.box.codes())
    for written in (b"\x7d", b"mh\x7d\x00", b"SET DATA_MODE WRITE\nWRITE 125\n", b"7D"):
        assert bench.port.write(written) == SENT
        bench.clock.sleep_until(bench.clock.now() + 0.2)
    assert 125 not in bench.box.codes()[len(before) :]
    assert any("came at 57600 baud" in text for text in bench.noted())


# -- what goes wrong ------------------------------------------------------------------------------


def test_a_stall_refuses_one_write_and_passes() -> None:
    box = RawByteBox()
    box.fail({1: "stall"}, lasts_s=0.05)
    bench = Bench(box)
    assert bench.write("01", at_ms=10) == SENT
    assert bench.write("02", at_ms=30) == BLOCKED
    assert bench.write("03", at_ms=70) == SENT
    assert box.codes() == [1, 3]


def test_an_unplugged_box_fails_every_write_after() -> None:
    box = RawByteBox()
    box.fail({1: "unplug"})
    bench = Bench(box)
    assert bench.write("01", at_ms=10) == SENT
    assert bench.write("02", at_ms=30) == Written("failed", errno.EIO)
    assert bench.port.hung_up == 0.03
    assert box.codes() == [1]


def test_a_short_write_leaves_a_cedrus_box_with_half_a_command_for_100_ms() -> None:
    box = XidBox()
    box.fail({0: "short"})
    bench = Bench(box)
    bench.write("6d 68 05 00", at_ms=10)
    bench.write("6d 68 06 00", at_ms=30)
    bench.write("6d 68 07 00", at_ms=150)
    assert box.codes() == [0x6D05, 7]  # the next command's first byte ended the one before


def test_a_slow_write_is_late_on_the_lines() -> None:
    box = RawByteBox()
    box.fail({0: "slow"}, lasts_s=0.05)
    bench = Bench(box)
    bench.write("01", at_ms=10)
    assert bench.edges_ms() == [(60.09, 1), (68.09, 0)]


def test_our_sender_counts_what_a_flaky_box_did_not_take() -> None:
    clock = VirtualClock()
    box = LatchBox()
    box.fail({3: "stall"}, lasts_s=0.12)
    settings = TriggerSettings(device="serial", port="-", pulse_ms=10)
    sender = Sender(settings, VirtualPort(box, clock), clock)
    clock.sleep_until(0.1)
    for code in (11, 12, 13):
        sender.arm(code, "code")
        sender.at_swap(clock.now())
        clock.sleep_until(clock.now() + 0.1)
    sender.close()
    assert [record["outcome"] for record in sender.drain()] == ["sent", "blocked", "sent"]
    assert box.codes() == [11, 13]
    assert widths_ms(box.edges) == pytest.approx([10.0, 10.0])


# -- with our own sender --------------------------------------------------------------------------


def test_there_is_a_box_for_every_kind_of_serial_device() -> None:
    assert set(BOXES) == {row.name for row in DEVICES.values() if row.kind == "serial"}


@pytest.mark.parametrize("name", sorted(BOXES))
def test_what_the_sender_sends_is_what_the_box_shows(name: str) -> None:
    clock = VirtualClock()
    box = BOXES[name]()
    settings = TriggerSettings(device=name, port="-", **BY_THE_LAB.get(name, {}))  # type: ignore[arg-type]
    line = line_of(settings)
    link = SerialLink(VirtualPort(box, clock, line.baud), line, clock)  # type: ignore[arg-type]
    clock.sleep_until(clock.now() + line.settle_s)
    sender = Sender(settings, link, clock)
    clock.sleep_until(clock.now() + 0.1)
    begins = clock.now()
    sent = [1, 12, 11, 11, 125, 64, 127, 2]
    for code in sent:
        sender.arm(code, "code")
        sender.at_swap(clock.now())
        clock.sleep_until(clock.now() + 0.1)
    ends = clock.now()
    sender.close()

    shown = [(t, value) for t, value in box.edges if begins <= t < ends]
    assert [value for _, value in shown if value] == sent
    assert [value for _, value in shown[1::2]] == [0] * len(sent)
    assert widths_ms(shown) == pytest.approx([1000 * line.pulse_s] * len(sent), abs=0.1)
    assert box.notes == []
    assert sender.lost() == 0


BY_THE_LAB = {"arduino-pulse": {"pulse_ms": 5.0, "lowest_eeg_rate_hz": 500.0}}
"""What a rig has to say because the firmware is the lab's own."""


# -- on a pseudo-terminal -------------------------------------------------------------------------


def opened(wire: Wire, clock: MonotonicClock, baud: int = 115200) -> SerialPort:
    return open_port(wire.name, baud, clock, where="rig.toml: trigger")


def soon(true: object, within_s: float = 2.0) -> bool:
    """Whether something becomes true; it is asked again and again."""
    limit = time.perf_counter() + within_s
    while time.perf_counter() < limit:
        if true():  # type: ignore[operator]
            return True
        time.sleep(0.001)
    return bool(true())  # type: ignore[operator]


@POSIX
def test_a_box_on_a_wire_answers_and_shows_codes_on_the_clock_given() -> None:
    clock = MonotonicClock()
    box = XidBox()
    with Wire(box, clock.now) as wire:
        line = opened(wire, clock)
        assert line.ask(b"_c1", lambda said: len(said) == 5, 2.0) == b"_xid0"
        before = clock.now()
        line.write(bytes.fromhex("6d 70 0a 00 00 00"))
        line.write(bytes.fromhex("6d 68 7d 00"))
        assert soon(lambda: len(box.edges) == 2)
        line.close()
    (rise, value), (fall, rest) = box.edges
    assert (value, rest) == (125, 0)
    assert before < rise < before + 2.5
    assert fall - rise == pytest.approx(0.010)


@POSIX
def test_a_wire_knows_the_exact_rate_even_one_that_is_no_standard() -> None:
    clock = MonotonicClock()
    with Wire(Usb2Ttl8(), clock.now) as wire:
        line = opened(wire, clock, 128000)
        assert wire.baud() == 128000
        answer = line.ask(b"GET CONFIG\n", lambda said: said.endswith(b"\n"), 2.0)
        assert json.loads(answer)["model_name"] == "USB2TTL8"
        line.close()


@POSIX
def test_opening_a_port_restarts_a_board_each_time() -> None:
    clock = MonotonicClock()
    box = Bitsi(reset_s=0.05)
    with Wire(box, clock.now) as wire:
        for _ in range(2):
            line = opened(wire, clock)
            assert (
                line.ask(b"", lambda said: said.endswith(b"\n"), 2.0) == b"BITSI mode, Ready!\r\n"
            )
            line.close()
            time.sleep(0.05)
    assert len(box.said) == 2


@POSIX
def test_a_program_that_opens_an_mmbts_at_1200_baud_loses_it() -> None:
    import serial

    box = Mmbts()
    with Wire(box) as wire:
        line = serial.Serial(wire.name, 1200)
        assert soon(lambda: box.gone)
        assert soon(lambda: not _writable(line.fd))
        line.close()
        wire.replug()
        line = serial.Serial(wire.name, 9600)
        line.write(b"\x7d")
        assert soon(lambda: box.codes() == [125])
        line.close()


def _writable(descriptor: int) -> bool:
    try:
        os.write(descriptor, b"\x01")
    except OSError:
        return False
    return True


@POSIX
def test_a_pulled_cable_is_plugged_in_again_under_the_stable_name(tmp_path: Path) -> None:
    clock = MonotonicClock()
    box = RawByteBox()
    stable = tmp_path / "usb-box-if00"
    with Wire(box, clock.now, stable=stable) as wire:
        line = open_port(str(stable), 115200, clock, where="rig.toml: trigger")
        wire.unplug()
        assert line.write(b"\x05") == Written("failed", errno.EIO)
        line.close()
        wire.replug()
        line = open_port(str(stable), 115200, clock, where="rig.toml: trigger")
        assert line.write(b"\x06") == SENT
        assert soon(lambda: box.codes() == [6])
        line.close()
    assert not stable.is_symlink()


@POSIX
def test_a_stall_on_a_wire_blocks_and_passes() -> None:
    clock = MonotonicClock()
    box = RawByteBox()
    box.fail({1: "stall"}, lasts_s=0.2)
    with Wire(box, clock.now) as wire:
        line = opened(wire, clock)
        assert line.write(b"\x01") == SENT
        assert soon(lambda: line.write(b"") != SENT or box.codes() == [1])
        assert soon(lambda: line.write(b"\x02") == BLOCKED)
        assert soon(lambda: line.write(b"\x03") == SENT)
        assert soon(lambda: 3 in box.codes())
        line.close()


@POSIX
def test_what_nobody_reads_stays_on_the_wire_until_the_board_comes_to_a_halt() -> None:
    clock = MonotonicClock()
    box = EchoingArduino(reset_s=0.0)
    with Wire(box, clock.now) as wire:
        line = opened(wire, clock)
        line.write(b"\x05")
        assert soon(lambda: wire.unread() == 2)
        assert line.read() == b"5\n"
        assert wire.unread() == 0
        for _ in range(20_000):
            if box.notes:
                break
            line.write(b"\xc8")
        assert soon(lambda: box.notes)
        assert "the host does not read what the board writes" in box.notes[0][1]
        line.close()


@POSIX
@pytest.mark.parametrize("name", ["xid2", "stimtracker1g", "usb2ttl8", "bbtk-ttl", "stimsync"])
def test_a_box_that_answers_is_introduced_and_driven_through_a_real_port(name: str) -> None:
    clock = MonotonicClock()
    box = BOXES[name]()
    with Wire(box, clock.now) as wire:
        settings = TriggerSettings(device=name, port=wire.name)  # type: ignore[arg-type]
        sender = open_trigger(settings, clock)
        for code in (125, 11, 11):
            sender.arm(code, "code")
            sender.at_swap(clock.now())
            sender.settle()
            clock.sleep_until(clock.now() + 0.05)
        assert soon(lambda: box.codes() == [125, 11, 11])
        sender.close()
        assert sender.lost() == 0
    assert box.notes == []
    clock.close()


@POSIX
def test_a_box_of_another_kind_is_refused_with_what_it_answered() -> None:
    clock = MonotonicClock()
    with Wire(BbtkTtl(), clock.now) as wire:
        settings = TriggerSettings(device="xid2", port=wire.name)
        with pytest.raises(DeviceError, match="answers '_xid0' to '_c1', but nothing came"):
            open_trigger(settings, clock)
    clock.close()


# -- rehearsal ------------------------------------------------------------------------------------


@POSIX
def test_a_rehearsal_tells_the_port_each_code_and_what_was_lost(tmp_path: Path) -> None:
    import serial

    said: list[str] = []
    stable = tmp_path / "box"
    sent = 0

    def until() -> bool:
        nonlocal sent
        if sent == 0:
            with serial.Serial(str(stable), 9600) as line:
                line.write(b"\x0c")
                time.sleep(0.03)
                line.write(b"\x7d")
                time.sleep(0.03)
            with serial.Serial(str(stable), 115200) as line:
                line.write(b"\x07")
                time.sleep(0.03)
        sent += 1
        return sent > 10

    box = rehearse("mmbts-p", said.append, until, stable=stable)
    assert box.codes() == [12, 125]
    assert said[0] == f"An emulated mmbts-p is at port {stable}, 9600 baud."
    assert [line.split(" s  ")[1] for line in said[1:-1]] == [
        "code 12",
        "code 125",
        "! 07 came at 115200 baud; this box listens at 9600",
    ]
    assert said[-1] == "2 codes, up for 8.0 to 8.0 ms; 1 remarks."


def test_an_unknown_device_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(SettingError, match="'biosemy' cannot be emulated; did you mean 'biosemi'"):
        rehearse("biosemy", print, lambda: True)


def test_where_there_are_no_pseudo_terminals_a_sentence_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "name", "nt")
    with pytest.raises(DeviceError, match="on Linux and macOS only"):
        rehearse("biosemi", print, lambda: True)
