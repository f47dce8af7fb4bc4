"""Response boxes: bytes become presses on the run clock, and fingers become answers."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from mbtexp.clock import MonotonicClock, VirtualClock
from mbtexp.errors import DeviceError, SettingError
from mbtexp.port import Ports
from mbtexp.ports import Press
from mbtexp.responses.boxclock import ASK_EVERY_S, BoxClock, BoxTimer
from mbtexp.responses.boxes import ButtonEvent, Parser, XidParser, box_kind
from mbtexp.responses.buttoncheck import check_buttons, fingers_of, what_is_wrong
from mbtexp.responses.fingers import answer_keys, finger_names
from mbtexp.responses.merged import Merged
from mbtexp.responses.opening import open_box, pulse_key
from mbtexp.responses.serialbox import SerialBox
from mbtexp.rig import ResponseSettings, Rig, ScannerSettings, rig_from
from mbtexp.simulate import SimulatedResponses, nobody
from mbtexp.timeline import Keys, Phase
from mbtexp.virtual.box import Box
from mbtexp.virtual.boxes import Bitsi
from mbtexp.virtual.buttons import ButtonBoard, Forp0, Forp1, Forp2, LuminaRb, move
from mbtexp.virtual.virtualport import VirtualPort
from mbtexp.virtual.xid import RB_740, STIMTRACKER_DUO, XidBox, key_packet

if os.name != "nt":
    from mbtexp.virtual.wire import Wire

on_a_pty = pytest.mark.skipif(os.name == "nt", reason="pseudo-terminals are a POSIX thing")


def told(parser: Parser, *chunks: str, t: float = 1.0) -> list[tuple[str, bool]]:
    """What a parser makes of bytes in hexadecimal."""
    return [
        (event.button, event.down) for chunk in chunks for event in parser.parse(t, unhex(chunk))
    ]


def unhex(text: str) -> bytes:
    return bytes.fromhex(text)


def virtual(box: Box, device: str, **changes: Any) -> tuple[SerialBox, VirtualClock, VirtualPort]:
    """A box on the virtual lab's clock, as rig.toml would open it."""
    clock = VirtualClock()
    kinds = {name: changes.pop(name) for name in ("program", "releases") if name in changes}
    kind = box_kind(device, **kinds)  # type: ignore[arg-type]
    port = VirtualPort(box, clock, kind.baud)
    if isinstance(box, Bitsi):
        clock.sleep_until(kind.settle_s)
        port.read()
    return SerialBox(port, kind, clock, **changes), clock, port  # type: ignore[arg-type]


def keys_of(presses: list[Press]) -> list[tuple[str, bool]]:
    return [(press.key, press.down) for press in presses]


# -- parsers: the bytes of the manuals ------------------------------------------------------------


def test_a_cedrus_key_packet_has_port_button_direction_and_the_boxs_milliseconds() -> None:
    # 0x70: port 0, down, button 3; 0x10: button 8 (sent as 0); 0x60: button 3 up
    parser = XidParser()
    heard = parser.parse(2.0, unhex("6b 70 58 00 00 00  6b 10 00 01 00 00  6b 60 ff ff ff ff"))
    assert heard == [
        ButtonEvent(2.0, "3", True, 88),
        ButtonEvent(2.0, "8", True, 256),
        ButtonEvent(2.0, "3", False, 0xFFFFFFFF),
    ]
    assert parser.thrown_away == 0


@pytest.mark.parametrize("port", ["00", "30"])
def test_a_stimtracker_packet_has_nine_bytes(port: str) -> None:
    parser = XidParser()
    heard = parser.parse(
        0.0, unhex(f"6f {port} 02 31 10 27 00 00 00 6f {port} 02 30 11 27 00 00 00")
    )
    assert heard == [ButtonEvent(0.0, "2", True, 10000), ButtonEvent(0.0, "2", False, 10001)]


def test_a_light_sensor_on_another_port_is_no_button() -> None:
    parser = XidParser()
    assert told(parser, "6b 33 58 00 00 00") == []
    assert (parser.elsewhere, parser.thrown_away) == (1, 0)


def test_a_packet_may_come_in_pieces() -> None:
    parser = XidParser()
    assert parser.parse(1.000, unhex("6b 70")) == []
    assert parser.parse(1.016, unhex("58 00 00")) == []
    assert parser.parse(1.032, unhex("00 6b")) == [ButtonEvent(1.032, "3", True, 88)]


def test_answers_to_the_question_for_the_time_are_told_apart_from_buttons() -> None:
    times: list[tuple[float, int]] = []
    parser = XidParser(told_time=lambda t, ms: times.append((t, ms)))
    assert told(parser, "5f 65 35 e8 03 00 00 6b 70 e9 03 00 00", t=4.0) == [("3", True)]
    assert times == [(4.0, 1000)]


def test_other_answers_on_a_shared_cable_are_thrown_away() -> None:
    parser = XidParser()
    assert told(parser, b"_xid0".hex(), b"_mp\x0a\0\0\0".hex(), "6b 70 58 00 00 00") == [
        ("3", True)
    ]
    assert parser.thrown_away == 5 + 7


def test_a_lost_byte_costs_one_press_and_not_the_next() -> None:
    parser = XidParser()
    assert told(parser, "6b 70 58 00 00  6b 50 f0 00 00 00") == [("2", True)]
    assert parser.thrown_away == 5


def test_the_rest_of_a_packet_that_never_came_does_not_spoil_the_next() -> None:
    parser = XidParser()
    assert parser.parse(1.0, unhex("6b 70 58")) == []
    assert parser.parse(2.0, unhex("6b 50 f0 00 00 00")) == [ButtonEvent(2.0, "2", True, 240)]
    assert parser.thrown_away == 3


def test_forp_program_2_tells_presses_and_releases_by_bits() -> None:
    parser = box_kind("forp").parser()
    # blue; blue and red; red alone; the trigger for a moment; nothing
    assert told(parser, "01 09 08 18 08 00") == [
        ("b", True),
        ("r", True),
        ("b", False),
        ("trigger", True),
        ("trigger", False),
        ("r", False),
    ]


def test_forp_program_1_streams_and_only_changes_are_told() -> None:
    kind = box_kind("forp", program=1)
    assert (kind.baud, kind.hello) == (19200, b"\xa0")
    parser = kind.parser()
    assert told(parser, "00" * 400 + "02" * 100 + "00" * 300) == [("y", True), ("y", False)]


@pytest.mark.parametrize("program", [0, 4, 6])
def test_forp_programs_0_4_and_6_tell_presses_in_characters(program: Any) -> None:
    kind = box_kind("forp", program=program)
    assert (kind.baud, kind.releases) == (19200, False)
    parser = kind.parser()
    assert told(parser, b"1b4r\x80t".hex()) == [(key, True) for key in "1b4rt"]
    assert parser.thrown_away == 1


def test_lumina_rb_is_low_while_pressed_and_bit_6_is_always_up() -> None:
    parser = box_kind("lumina-rb").parser()
    assert told(parser, "7f 7e 7f 7d 79 7f") == [
        ("1", True),
        ("1", False),
        ("2", True),
        ("3", True),
        ("2", False),
        ("3", False),
    ]
    # 0x3e lacks bit 6, 0xfe has bit 7: damaged, and not a hand that pressed at once
    assert told(parser, "3e fe") == []
    assert parser.thrown_away == 2


def test_bitsi_tells_presses_in_capitals_and_releases_in_small_letters() -> None:
    parser = box_kind("bitsi").parser()
    assert told(parser, b"AaHh".hex()) == [("a", True), ("a", False), ("h", True), ("h", False)]


def test_an_arduino_sends_what_its_lab_made_it_send() -> None:
    plain = box_kind("arduino", buttons=("L", "R")).parser()
    assert told(plain, b"L\r\nR\r\n?l".hex()) == [("l", True), ("r", True)]
    assert plain.thrown_away == 2
    both = box_kind("arduino", buttons=("L", "R"), releases=True).parser()
    assert told(both, b"LlRr".hex()) == [("l", True), ("l", False), ("r", True), ("r", False)]


@pytest.mark.parametrize(
    ("buttons", "releases", "said"),
    [
        (("ab",), False, "'ab' is not one plain character"),
        (("ä",), False, "'ä' is not one plain character"),
        (("a", "A"), False, "has a character twice"),
        (("1", "2"), True, "each button is a capital letter"),
    ],
)
def test_characters_that_cannot_be_told_apart_are_refused(
    buttons: tuple[str, ...], releases: bool, said: str
) -> None:
    with pytest.raises(SettingError, match=said):
        box_kind("arduino", buttons=buttons, releases=releases)


# -- parsers: damaged streams ---------------------------------------------------------------------


@pytest.mark.parametrize("identity", [RB_740, STIMTRACKER_DUO], ids=["k", "o"])
@pytest.mark.parametrize("seed", range(20))
def test_a_damaged_cedrus_stream_loses_few_presses_and_invents_hardly_any(
    identity: Any, seed: int
) -> None:
    """200 packets half a second apart; one in ten loses, gains or changes a byte."""
    rng = random.Random(seed)
    parser = XidParser()
    sent: list[tuple[str, bool, int]] = []
    heard: list[tuple[str, bool, int | None]] = []
    whole: set[int] = set()
    for n in range(200):
        key, down, ms = rng.randint(1, 8), bool(n % 2 == 0), 500 * n + rng.randint(0, 9)
        packet = bytearray(key_packet(identity, 0, key, down, ms))
        damage = rng.choice("lgc") if rng.random() < 0.1 else ""
        place = rng.randrange(len(packet))
        if damage == "l":
            del packet[place]
        elif damage == "g":
            packet.insert(place, rng.randrange(256))
        elif damage == "c":
            packet[place] ^= 1 << rng.randrange(8)
        sent.append((str(key), down, ms))
        if not damage:
            whole.add(n)
        cut = rng.randrange(len(packet) + 1)
        for piece in (bytes(packet[:cut]), bytes(packet[cut:])):
            heard += [(e.button, e.down, e.box_ms) for e in parser.parse(n * 0.5, piece)]
    lost = [n for n in whole if sent[n] not in heard]
    invented = [event for event in heard if event not in sent]
    assert not lost
    assert len(invented) <= 200 - len(whole)  # a changed byte may still be a packet
    assert parser.thrown_away <= 10 * (200 - len(whole))


ALL_KINDS: list[dict[str, Any]] = [
    {"device": "xid"},
    *({"device": "forp", "program": program} for program in (0, 1, 2, 4, 6)),
    {"device": "lumina-rb"},
    {"device": "bitsi"},
    {"device": "arduino"},
    {"device": "arduino", "buttons": ("A", "B"), "releases": True},
]


@pytest.mark.parametrize("options", ALL_KINDS, ids=str)
def test_no_parser_minds_what_it_is_given_or_how_it_is_cut(options: dict[str, Any]) -> None:
    rng = random.Random(1)
    kind = box_kind(**options)
    noise = bytes(rng.randrange(256) for _ in range(20_000))
    one, other = kind.parser(), kind.parser()
    heard = [(e.button, e.down) for e in one.parse(0.0, noise)]
    pieces: list[tuple[str, bool]] = []
    at = 0
    while at < len(noise):
        step = rng.randint(1, 40)
        pieces += [(e.button, e.down) for e in other.parse(0.0, noise[at : at + step])]
        at += step
    assert {button for button, _ in heard} <= {*kind.buttons, "trigger", "t", "5"} | set(
        map(str, range(9))
    )
    if options["device"] != "xid":  # there the end of what was heard is part of the evidence
        assert pieces == heard
        assert one.thrown_away == other.thrown_away


# -- the box on its port --------------------------------------------------------------------------

BOXES: dict[str, tuple[Callable[[], Box], dict[str, Any], str]] = {
    "xid": (lambda: XidBox(RB_740), {"device": "xid"}, "3"),
    "forp 2": (Forp2, {"device": "forp"}, "y"),
    "forp 1": (Forp1, {"device": "forp", "program": 1}, "y"),
    "lumina-rb": (LuminaRb, {"device": "lumina-rb"}, "3"),
    "bitsi": (Bitsi, {"device": "bitsi"}, "c"),
}


@pytest.mark.parametrize("name", BOXES)
def test_a_press_and_its_release_come_through(name: str) -> None:
    make, options, button = BOXES[name]
    emulated = make()
    box, clock, _ = virtual(emulated, **options)
    start = clock.now()
    clock.sleep_until(start + 1.0)
    move(emulated, button, down=True)
    assert box.held() == frozenset()  # nothing is known before it is read
    pressed = soon(box, clock, emulated)
    assert keys_of(pressed) == [(button, True)]
    assert pressed[0].t == pytest.approx(start + 1.0, abs=0.012)
    assert box.held() == {button}
    clock.sleep_until(clock.now() + 0.1)
    move(emulated, button, down=False)
    assert keys_of(soon(box, clock, emulated)) == [(button, False)]
    assert box.held() == frozenset()
    assert box.describe()["releases"] is True


def soon(box: SerialBox, clock: VirtualClock, emulated: Box) -> list[Press]:
    """What comes within a few samples of a streaming box."""
    clock.sleep_until(clock.now() + 0.010)
    if emulated.due is not None and emulated.due <= clock.now():
        emulated.tick(clock.now())
    return box.poll()


def test_a_box_without_releases_holds_nothing_and_says_so() -> None:
    emulated = Forp0()
    box, _, _ = virtual(emulated, "forp", program=0)
    move(emulated, "2", down=True)
    assert keys_of(box.poll()) == [("2", True)]
    assert box.held() == frozenset()
    move(emulated, "2", down=False)
    assert box.poll() == []
    assert box.describe()["releases"] is False


def test_a_bounce_is_marked_and_counted_and_a_second_press_is_not() -> None:
    emulated = ButtonBoard()
    box, clock, _ = virtual(emulated, "arduino")
    for t in (1.000, 1.003, 1.019, 1.200):
        clock.sleep_until(t)
        emulated.press("1")
    emulated.press("2")
    heard = box.poll()
    assert [(press.key, press.t, press.bounced) for press in heard] == [
        ("1", 1.000, False),
        ("1", 1.003, True),
        ("1", 1.019, True),
        ("1", 1.200, False),
        ("2", 1.200, False),
    ]
    assert box.describe()["bounces"] == {"1": 2}


def test_a_contact_that_bounces_when_let_go_is_no_second_press() -> None:
    emulated = Forp2()
    box, clock, _ = virtual(emulated, "forp")
    for t, down in ((1.0, True), (1.3, False), (1.304, True), (1.306, False)):
        clock.sleep_until(t)
        move(emulated, "b", down=down)
    assert [(press.t, press.down, press.bounced) for press in box.poll()] == [
        (1.0, True, False),
        (1.3, False, False),
        (1.304, True, True),
        (1.306, False, False),
    ]
    assert box.held() == frozenset()


def test_debouncing_can_be_left_to_the_box() -> None:
    emulated = ButtonBoard()
    box, clock, _ = virtual(emulated, "arduino", debounce_s=0.0)
    for t in (1.000, 1.003):
        clock.sleep_until(t)
        emulated.press("1")
    assert [press.bounced for press in box.poll()] == [False, False]


def test_a_streaming_box_is_asked_to_begin_and_to_end() -> None:
    box, _, port = virtual(Forp1(), "forp", program=1)
    box.close()
    box.close()
    assert [data for _, data in port.written] == [b"\xa0", b"\x20"]


def test_a_trigger_on_the_boxs_own_line_counts_as_the_scanners_key() -> None:
    emulated = Forp2()
    box, clock, _ = virtual(emulated, "forp", pulse_key="t")
    clock.sleep_until(3.0)
    emulated.trigger()
    assert box.poll() == [Press(3.0, "t")]
    assert box.describe()["scanner_triggers"] == 1


def test_a_trigger_that_nobody_waits_for_is_counted_and_no_press() -> None:
    emulated = Forp2()
    box, _, _ = virtual(emulated, "forp")
    emulated.trigger()
    assert box.poll() == []
    assert box.describe()["scanner_triggers"] == 1


def test_a_lumina_tells_the_trigger_as_a_button_that_is_named() -> None:
    emulated = XidBox(RB_740)
    box, _, _ = virtual(emulated, "xid", pulse_button="5", pulse_key="t")
    emulated.press(0, 5)
    emulated.release(0, 5)
    emulated.press(0, 1)
    assert keys_of(box.poll()) == [("t", True), ("1", True)]


# -- the box's clock ------------------------------------------------------------------------------


@pytest.mark.parametrize("ppm", [-200, 0, 200])
def test_the_line_finds_drift_and_offset_from_noisy_readings(ppm: float) -> None:
    rng = random.Random(7)
    line = BoxClock()

    def shown(t: float) -> int:
        return int(1000 * t * (1 + ppm * 1e-6)) + 12345

    for n in range(60):
        t = 2.0 + 5.0 * n
        sent, back = rng.uniform(0.0001, 0.0005), rng.uniform(0.0001, 0.0015)
        if n % 10 == 3:
            back += 0.05  # a machine that was busy
        line.add(t, t + sent + back, shown(t + sent))
    assert line.facts()["drift_ppm"] == pytest.approx(ppm, abs=10)
    assert line.facts()["discarded"] == 6
    for t in (10.0, 150.0, 297.0, 301.0):
        assert line.to_run(shown(t)) == pytest.approx(t, abs=0.0015)


def test_a_few_readings_in_a_second_do_not_make_a_wild_slope() -> None:
    line = BoxClock()
    for n, late in enumerate((0.002, 0.0001, 0.0015, 0.0002)):
        line.add(1 + 0.01 * n, 1 + 0.01 * n + late, int(1000 * (0.5 + 0.01 * n)))
    assert abs(line.facts()["drift_ppm"]) < 20
    assert line.to_run(10_500) == pytest.approx(11.0, abs=0.003)


def test_the_line_goes_on_over_the_end_of_the_counter() -> None:
    line = BoxClock()
    start = (1 << 32) - 20_000
    for n in range(20):
        t = 5.0 * n
        line.add(t, t + 0.0004, (start + int(1000 * t)) % (1 << 32))
    assert line.to_run((start + 93_000) % (1 << 32)) == pytest.approx(93.0, abs=0.001)
    assert line.to_run(start + 10_000) == pytest.approx(10.0, abs=0.001)


def test_where_every_answer_is_slow_the_least_slow_ones_count() -> None:
    """An adapter that holds back what it receives for up to 16 ms."""
    line = BoxClock()
    rng = random.Random(3)
    for n in range(40):
        t, back = 5.0 * n, rng.uniform(0.004, 0.016)
        line.add(t, t + back, int(1000 * t))
    facts = line.facts()
    assert 0 < facts["readings"] < 25
    assert line.to_run(100_000) == pytest.approx(100.0, abs=0.004)


def test_presses_keep_the_boxs_time_though_they_are_heard_late() -> None:
    """A box 200 ppm fast, an hour long; each press is heard 1 to 80 ms after it was made."""
    emulated = XidBox(RB_740, drift_ppm=200, offset_ms=77_000)
    box, clock, _ = virtual(emulated, "xid")
    rng = random.Random(5)
    blank = Phase("iti", (), duration_s=1)
    worst = 0.0
    for n in range(700):
        at = 5.0 + n * 5.1
        late = rng.uniform(0.001, 0.080)
        clock.sleep_until(at + late)
        emulated.press(0, 1, t=at)
        (press,) = box.poll()
        assert press.heard == pytest.approx(at + late)
        assert press.box_ms is not None
        worst = max(worst, abs(press.t - at))
        emulated.release(0, 1)
        box.poll()
        clock.sleep_until(at + 2.0)
        box.attend(blank, {}, at + 2.0)
        box.poll()
    assert worst < 0.0015
    facts = box.describe()["box_clock"]
    assert facts["drift_ppm"] == pytest.approx(200, abs=5)
    assert facts["misfits"] == 0


def test_the_box_is_asked_for_its_time_only_where_no_answer_is_due() -> None:
    emulated = XidBox(RB_740)
    box, clock, _ = virtual(emulated, "xid")
    asked = len(emulated.frames)
    question = Phase("question", (), keys=Keys(("1",)))
    clock.sleep_until(2 * ASK_EVERY_S)
    box.attend(question, {}, clock.now())
    assert len(emulated.frames) == asked
    box.attend(replace(question, duration_s=1.0, keys=None), {}, clock.now())
    assert [frame for _, frame in emulated.frames[asked:]] == [b"_e5"]
    box.attend(replace(question, duration_s=1.0, keys=None), {}, clock.now())
    assert len(emulated.frames) == asked + 1


def test_a_long_wait_for_an_answer_does_not_leave_the_clock_unread() -> None:
    emulated = XidBox(RB_740)
    box, clock, _ = virtual(emulated, "xid")
    asked = len(emulated.frames)
    for _ in range(70):
        box.wait(clock.now() + 1.0)
    assert len(emulated.frames) - asked == 3


def test_the_answer_to_a_question_that_was_given_up_is_no_reading() -> None:
    clock = VirtualClock()
    timer = BoxTimer(lambda _: None, clock)
    timer.ask()
    timer.answered(0.001, 0)
    clock.sleep_until(10.0)
    timer.ask()
    clock.sleep_until(20.0)
    timer.ask()
    timer.answered(20.001, 10_000)  # the answer of ten seconds ago
    timer.answered(20.002, 20_000)
    assert timer.line.facts()["readings"] == 1
    clock.sleep_until(25.0)
    timer.ask()
    timer.answered(25.001, 25_000)
    assert timer.line.facts()["readings"] == 2
    assert timer.line.to_run(26_000) == pytest.approx(26.0, abs=0.001)


def test_the_timer_is_reset_once_and_read_before_the_run() -> None:
    emulated = XidBox(RB_740, offset_ms=99_999)
    virtual(emulated, "xid")
    assert [frame for _, frame in emulated.frames] == [b"e5", *[b"_e5"] * 8]


def test_a_stamp_that_cannot_be_true_is_not_believed() -> None:
    emulated = XidBox(RB_740)
    box, clock, _ = virtual(emulated, "xid")
    clock.sleep_until(4.0)
    emulated.answer(4.0, key_packet(RB_740, 0, 2, True, 999_999))
    (press,) = box.poll()
    assert (press.t, press.box_ms) == (4.0, 999_999)
    assert box.describe()["box_clock"]["misfits"] == 1


def test_presses_come_in_the_order_in_which_they_were_made() -> None:
    """The first packet's stamp is damaged, so that it counts as made when it was heard."""
    emulated = XidBox(RB_740)
    box, clock, _ = virtual(emulated, "xid")
    clock.sleep_until(4.0)
    emulated.answer(
        4.0, key_packet(RB_740, 0, 2, True, 999_999) + key_packet(RB_740, 0, 3, True, 3900)
    )
    heard = box.poll()
    assert [press.key for press in heard] == ["3", "2"]
    assert heard[0].t == pytest.approx(3.9, abs=0.001)


# -- keyboard and box as one ----------------------------------------------------------------------


def both(
    *typed: Press, keyboard_too: bool = False, keys: tuple[str, ...] = ("1", "2")
) -> tuple[Merged, ButtonBoard, VirtualClock]:
    emulated = ButtonBoard()
    box, clock, _ = virtual(emulated, "arduino")
    keyboard = SimulatedResponses(clock, nobody, typed)
    return Merged(box, keyboard, keys, clock, keyboard_too=keyboard_too), emulated, clock


def test_box_and_keyboard_come_in_order_of_time() -> None:
    merged, emulated, clock = both(Press(1.5, "escape"), Press(0.5, "p"))
    for t in (1.0, 2.0):
        clock.sleep_until(t)
        emulated.press("1")
    assert [(press.t, press.key) for press in merged.poll()] == [
        (0.5, "p"),
        (1.0, "1"),
        (1.5, "escape"),
        (2.0, "1"),
    ]


def test_the_participants_keys_do_not_count_from_the_keyboard() -> None:
    typed = (Press(0.1, "1"), Press(0.2, "1", down=False), Press(0.3, "space"), Press(0.4, "t"))
    merged, emulated, clock = both(*typed)
    clock.sleep_until(1.0)
    emulated.press("2")
    assert [press.key for press in merged.poll()] == ["space", "t", "2"]
    assert merged.describe()["typed_instead"] == 1
    too, _, clock = both(*typed, keyboard_too=True)
    clock.sleep_until(1.0)
    assert [press.key for press in too.poll()] == ["1", "1", "space", "t"]


def test_a_key_that_is_held_on_the_keyboard_is_not_held_by_the_participant() -> None:
    merged, _, clock = both(Press(0.1, "1"), Press(0.2, "p"))
    clock.sleep_until(1.0)
    merged.poll()
    assert merged.held() == {"p"}


def test_words_are_typed_on_the_keyboard() -> None:
    merged, _, clock = both(Press(0.1, "b"), keys=("b", "y"))
    alphabet = tuple("abcdefghijklmnopqrstuvwxyz")
    merged.attend(Phase("words", (), keys=Keys(alphabet)), {}, 0.0)
    clock.sleep_until(1.0)
    assert [press.key for press in merged.poll()] == ["b"]


def test_waiting_ends_with_the_first_of_either() -> None:
    merged, emulated, clock = both(Press(0.020, "escape"))
    assert merged.wait(0.010) == []
    assert clock.now() == 0.010
    clock.sleep_until(0.020)
    assert [press.key for press in merged.wait(1.0)] == ["escape"]
    emulated.press("1")
    assert [press.key for press in merged.wait(1.0)] == ["1"]


# -- fingers --------------------------------------------------------------------------------------

HAND = {"left middle": "1", "left index": "2", "right index": "3", "right middle": "4"}
EYES = ("1", "2", "3", "4", "g")


def responses(**changes: Any) -> ResponseSettings:
    given = {"device": "lumina-rb", "port": "COM3", "fingers": HAND, **changes}
    return rig_from({"responses": given}, where="rig.toml").responses


def test_one_rig_names_the_buttons_of_every_task() -> None:
    settings = responses(
        keys=["left index", "right index"],
        tasks={
            "eyes": ["left middle", "left index", "right index", "right middle"],
            "trust binary": ["right index", "right middle"],
        },
    )
    assert answer_keys(settings, "eyes", "scanner", EYES[:4]) == ("1", "2", "3", "4")
    assert answer_keys(settings, "trust", "binary", ("f", "j")) == ("3", "4")
    assert answer_keys(settings, "discounting", "mcq27", ("f", "j")) == ("2", "3")
    assert finger_names(settings)["2"] == "left index"


def test_a_keyboard_has_fingers_too() -> None:
    settings = responses(
        device="keyboard", port="", fingers={"left index": "F"}, keys=["left index", "j"]
    )
    assert answer_keys(settings, "polysemy", "standard", ("f", "j")) == ("f", "j")


def test_a_task_whose_own_keys_the_box_has_needs_no_names() -> None:
    assert answer_keys(responses(), "eyes", "scanner", EYES[:4]) == EYES[:4]


def test_too_few_buttons_for_a_task_are_refused() -> None:
    settings = responses(keys=["left index", "right index"])
    with pytest.raises(SettingError) as refused:
        answer_keys(settings, "eyes", "scanner", EYES[:4])
    assert str(refused.value) == (
        "rig.toml: responses: keys has 2 entries, but task 'eyes' (scanner) needs 4 in place of "
        "1, 2, 3, 4; name as many, or take a preset with 2."
    )


def test_a_tasks_keys_that_no_button_has_are_refused() -> None:
    with pytest.raises(SettingError) as refused:
        answer_keys(responses(), "discounting", "mcq27", ("f", "j"))
    assert str(refused.value) == (
        "rig.toml: responses: task 'discounting' (mcq27) is answered with f, j, and the Lumina "
        "LP-400 in RB mode has no 'f'; name 2 of its buttons (1, 2, 3, 4, 5, 6) or fingers under "
        "[responses.tasks]."
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"port": ""}, "port is missing; name the port of the Lumina LP-400 in RB mode."),
        (
            {"keys": ["left indx"]},
            "keys: 'left indx' is no finger of [responses.fingers] and no button of the Lumina "
            "LP-400 in RB mode; did you mean 'left index'?",
        ),
        ({"keys": ["left index", "2"]}, "keys: button '2' is named twice; give each its own."),
        (
            {"fingers": {"a": "1", "b": "1"}},
            "fingers: button '1' is named twice; give each its own.",
        ),
        (
            {"fingers": {"thumb": "9"}},
            "fingers: thumb: '9' is no finger of [responses.fingers] and no button of the Lumina "
            "LP-400 in RB mode; it can be '1', '2', '3', '4', '5' or '6'",
        ),
        (
            {"pulse_button": "3", "tasks": {"eyes": ["right index"]}},
            "tasks: eyes: button '3' is the scanner's (pulse_button) and cannot answer; name "
            "another.",
        ),
        (
            {"buttons": ["1"]},
            "buttons is for device 'arduino' only; leave it out for 'lumina-rb'.",
        ),
        ({"baud": 1200}, "baud is 1200; that rate resets some boxes for good."),
        (
            {"device": "keyboard", "keys": ["right indx"]},
            "keys: 'right indx' is no key and no finger of [responses.fingers]; did you mean "
            "'right index'?",
        ),
    ],
)
def test_what_no_box_and_no_hand_can_do_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingError) as refused:
        responses(**changes)
    assert str(refused.value) == f"rig.toml: responses: {said}"


# -- the check of the buttons ---------------------------------------------------------------------


class Hand:
    """Somebody who does what the check says, on a board of buttons."""

    def __init__(self, does: dict[str, list[tuple[float, str]]]) -> None:
        self.board = ButtonBoard()
        self.box, self.clock, _ = virtual(self.board, "arduino")
        self.said: list[str] = []
        self._does = does

    def hears(self, text: str) -> None:
        self.said.append(text)
        finger = text.removeprefix("Press ").removesuffix(" now.")
        for after_s, button in self._does.get(finger, []):
            self.clock.call_at(self.clock.now() + after_s, partial(self.board.press, button))


def test_the_check_tells_right_wrong_missing_and_bouncing_buttons() -> None:
    hand = Hand(
        {
            "left index": [(1.0, "1")],
            "left middle": [(1.0, "3")],
            "right index": [(1.0, "4"), (1.005, "4")],
            "thumb": [(1.0, "6"), (1.05, "6")],
        }
    )
    wanted = {"left index": "1", "left middle": "2", "right index": "4", "ring": "5", "thumb": "6"}
    rows = check_buttons(hand.box, wanted, hand.hears, clock=hand.clock, wait_s=3.0)
    assert [(row.outcome, row.pressed, row.bounces) for row in rows] == [
        ("right", ("1",), 0),
        ("another", ("3",), 0),
        ("right", ("4",), 1),
        ("nothing", (), 0),
        ("right", ("6", "6"), 0),
    ]
    assert hand.said[1::2] == [
        "left index: right (1).",
        "left middle: 3 came and not 2. Move the finger, or correct [responses] in rig.toml.",
        "right index: right (4), with 1 bounces that do not count.",
        "ring: nothing came. Check that the box is on and plugged in, and that this button is "
        "pressed to its end.",
        "thumb: 6 came 2 times. If it was pressed once, the button bounces: make debounce_ms "
        "longer or have it repaired.",
    ]
    assert what_is_wrong(rows) == f"{hand.said[3]} {hand.said[7]}"


def test_a_press_from_before_the_question_is_no_answer_to_it() -> None:
    hand = Hand({})
    hand.board.press("1")
    (row,) = check_buttons(hand.box, {"left index": "1"}, hand.hears, clock=hand.clock, wait_s=1.0)
    assert row.outcome == "nothing"


def test_whoever_presses_may_be_asked_on_a_screen_of_their_own() -> None:
    hand = Hand({})
    asked: list[str] = []

    def ask(finger: str) -> None:
        asked.append(finger)
        hand.board.press("1")

    (row,) = check_buttons(
        hand.box, {"linker Zeigefinger": "1"}, hand.hears, clock=hand.clock, ask=ask
    )
    assert (row.outcome, asked) == ("right", ["linker Zeigefinger"])
    assert hand.said == ["linker Zeigefinger: right (1)."]


def test_a_button_without_a_finger_is_asked_for_by_its_name() -> None:
    assert fingers_of(("1", "2"), {"2": "left index"}) == {"button 1": "1", "left index": "2"}


# -- on a port ------------------------------------------------------------------------------------


@pytest.fixture
def clock() -> Iterator[MonotonicClock]:
    clock = MonotonicClock()
    yield clock
    clock.close()


@pytest.fixture
def ports(clock: MonotonicClock) -> Iterator[Ports]:
    ports = Ports(clock)
    yield ports
    ports.close()


def rig_of(wire: Wire, device: str, **changes: Any) -> Rig:
    given = {"device": device, "port": wire.name, **changes}
    return Rig(responses=ResponseSettings(**given))


@on_a_pty
def test_a_box_on_a_real_port_is_heard_and_waited_for(clock: MonotonicClock, ports: Ports) -> None:
    emulated = LuminaRb()
    with Wire(emulated, clock.now) as wire:
        box = open_box(rig_of(wire, "lumina-rb"), ports, clock)
        assert box is not None
        assert wire.baud() == 19200
        assert box.wait(clock.now() + 0.01) == []
        before = clock.now()
        clock.call_at(before + 0.03, lambda: emulated.press("2"))
        (press,) = box.wait(before + 2.0)
        assert press.key == "2"
        assert before + 0.03 <= press.t <= clock.now()
        facts = box.describe()
        assert (facts["backend"], facts["stamps"]) == ("Lumina LP-400 in RB mode", "on arrival")
        assert (facts["port"], facts["baud"]) == (wire.name, 19200)


@on_a_pty
def test_a_cedrus_box_stamps_by_its_own_clock_however_late_the_port_is(
    clock: MonotonicClock, ports: Ports
) -> None:
    emulated = XidBox(RB_740, drift_ppm=200, offset_ms=4_000_000_000)
    with Wire(emulated, clock.now) as wire:
        box = open_box(rig_of(wire, "xid"), ports, clock)
        assert box is not None
        for late in (0.0, 0.04, 0.08):
            at = clock.now()
            time.sleep(late)
            emulated.press(0, 4, t=at)
            (press,) = box.wait(clock.now() + 2.0)
            assert press.heard is not None
            assert press.heard - at >= late
            assert press.t == pytest.approx(at, abs=0.010)
            emulated.release(0, 4)
            box.wait(clock.now() + 2.0)


@on_a_pty
def test_a_cedrus_box_that_does_not_answer_is_refused(clock: MonotonicClock, ports: Ports) -> None:
    with Wire(Forp2(), clock.now) as wire:
        with pytest.raises(DeviceError) as refused:
            open_box(rig_of(wire, "xid"), ports, clock)
        assert str(refused.value) == (
            f"rig.toml: responses: the Cedrus XID on {wire.name!r} does not answer; check that "
            "this is its port, that it is in XID mode, and its rate (baud)."
        )


@on_a_pty
def test_a_box_that_is_pulled_says_so_and_breaks_nothing(
    clock: MonotonicClock, ports: Ports
) -> None:
    emulated = Forp2()
    with Wire(emulated, clock.now) as wire:
        box = open_box(rig_of(wire, "forp"), ports, clock)
        assert box is not None
        emulated.press("b")
        assert keys_of(box.wait(clock.now() + 2.0)) == [("b", True)]
        assert box.complaint() == ""
        wire.unplug()
        limit = clock.now() + 2.0
        while not box.complaint() and clock.now() < limit:
            assert box.wait(clock.now() + 0.01) == []
        assert box.complaint().startswith(
            "The response box (Current Designs fORP, program 2) was unplugged "
        )
        assert box.describe()["unplugged_at"] is not None
        box.attend(Phase("iti", (), duration_s=1), {}, clock.now())
        box.close()


def test_pulses_go_the_way_the_rig_says() -> None:
    fmri = Rig(mode="fmri", scanner=ScannerSettings(pulse_key="5"))
    assert pulse_key(fmri) == "5"
    assert pulse_key(replace(fmri, mode="behaviour")) is None
    assert pulse_key(replace(fmri, scanner=ScannerSettings(source="serial", port="x"))) is None
