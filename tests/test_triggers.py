import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from mbtexp.clock import VirtualClock
from mbtexp.errors import DeviceError, SettingError
from mbtexp.rig import TriggerSettings
from mbtexp.triggers.book import SESSION, CodeBook, Entry, as_tsv, codebook
from mbtexp.triggers.check import line_walk
from mbtexp.triggers.codes import BOOKS, EYES, all_codes
from mbtexp.triggers.devices import (
    check_settings,
    code_table,
    device,
    gap_s,
    one_byte,
    spacing_s,
)
from mbtexp.triggers.emulate import differences
from mbtexp.triggers.exports import exports_of
from mbtexp.triggers.link import RecordingLink
from mbtexp.triggers.opening import NoTrigger, open_trigger
from mbtexp.triggers.sender import Sender

GOLDEN = Path(__file__).parent / "golden" / "codes.tsv"

RIG = TriggerSettings(device="serial", port="memory", pulse_ms=10, lowest_eeg_rate_hz=250)
BOX = replace(RIG, pulse_ended_by="device", pulse_ms=8)


class Line:
    """A sender on a remembered line in virtual time."""

    def __init__(self, settings=RIG, **faults):
        self.clock = VirtualClock()
        self.link = RecordingLink(
            self.clock, faults={int(k[1:]): fault for k, fault in faults.items()}
        )
        self.sender = Sender(settings, self.link, self.clock)

    def flip(self, code, name="flip", after_s=0.0):
        self.sender.arm(code, name)
        self.clock.sleep_until(self.clock.now() + after_s)
        self.sender.at_swap(self.clock.now())

    def to(self, t):
        self.clock.sleep_until(t)

    def bytes(self):
        """What went over the wire after the first return to zero: ms and byte."""
        return [(round(1000 * t, 3), byte) for t, byte in self.link.received[1:]]

    def records(self):
        self.sender.close()
        return self.sender.drain()


# -- bytes ------------------------------------------------------------------------------------


def test_a_code_is_one_raw_byte():
    assert [one_byte(code) for code in (1, 49, 125, 200, 255)] == [
        b"\x01",
        b"1",
        b"}",
        b"\xc8",
        b"\xff",
    ]


@pytest.mark.parametrize("code", [0, -1, 256, 1000])
def test_a_code_beyond_one_byte_is_refused_not_masked(code):
    with pytest.raises(
        SettingError, match=f"^trigger code {code} cannot be sent; a code is from 1 to 255.$"
    ):
        one_byte(code)


def test_the_line_rests_at_zero():
    row = device("serial")
    assert (row.idle, row.close) == (b"\x00", b"\x00")


def test_an_unknown_device_is_refused_with_the_known_ones():
    with pytest.raises(SettingError, match=r"device 'xid'; did you mean 'xid2'\?"):
        device("xid")


def test_a_recorder_with_few_bits_gets_no_higher_code():
    table = code_table(replace(RIG, max_code=127))
    assert table[127] == b"\x7f"
    assert table[128] is None
    assert table[0] is None


def test_the_gap_is_one_sample_of_the_slowest_recorder_but_four_ms_at_least():
    assert gap_s(replace(RIG, lowest_eeg_rate_hz=125, pulse_ms=20)) == pytest.approx(0.008)
    assert gap_s(replace(RIG, lowest_eeg_rate_hz=250)) == pytest.approx(0.004)
    assert gap_s(replace(RIG, lowest_eeg_rate_hz=2000)) == pytest.approx(0.004)
    assert spacing_s(RIG) == pytest.approx(0.014)


def test_a_pulse_shorter_than_two_samples_is_refused():
    with pytest.raises(SettingError) as refusal:
        check_settings(replace(RIG, pulse_ms=5))
    assert str(refusal.value) == (
        "rig.toml: trigger: pulse_ms is 5, but a recorder at 250 Hz needs 8 ms (two samples); "
        "make the pulse longer or correct lowest_eeg_rate_hz."
    )
    check_settings(replace(RIG, pulse_ms=8))


# -- the book ---------------------------------------------------------------------------------


def test_no_code_that_was_ever_given_out_has_changed():
    given = [tuple(line.split("\t")) for line in GOLDEN.read_text().splitlines()[1:]]
    now = {(str(row.code), row.name, row.task or "n/a") for row in all_codes()}
    assert set(given) - now == set(), "codes are append-only: retire them, never change them"
    assert now - set(given) == set(), f"add the new codes to {GOLDEN.name}"


def test_the_codes_of_the_eyes_test_lie_where_they_belong():
    assert EYES.eyes_mental == EYES["eyes_mental"] == 125
    assert [EYES[f"response_{place}"] for place in ("tl", "tr", "bl", "br")] == [154, 155, 156, 157]
    assert (EYES.block_start, EYES.fixation, EYES.no_response, EYES.trial_invalid) == (
        121,
        123,
        149,
        153,
    )
    assert (EYES.run_start, EYES.run_end, EYES.abort, EYES.link_recovered) == (203, 204, 209, 240)
    own = {row.code for row in EYES.rows if row.task}
    assert own <= set(range(121, 160))
    assert {row.code for row in EYES.rows if not row.task} <= set(range(201, 246))


def test_a_code_leads_back_to_its_name():
    assert all(EYES.name_of(code) == name for name, code in EYES.items())
    with pytest.raises(SettingError, match="code 7 is not in the code book of task 'eyes'"):
        EYES.name_of(7)


def test_a_wrong_name_gets_a_hint():
    with pytest.raises(AttributeError, match="no code named 'fixtion'; did you mean 'fixation'"):
        EYES.fixtion  # noqa: B018


def test_two_moments_cannot_share_a_code():
    with pytest.raises(SettingError, match="codes 'fixation' and 'cross' are both 123"):
        codebook("eyes", cross=Entry(3, "A cross", "Sensory-event"))


def test_a_name_cannot_be_taken_twice():
    with pytest.raises(SettingError, match="the name 'pause' of a code is already taken"):
        codebook("eyes", pause=Entry(5, "A pause", "Pause"))
    with pytest.raises(SettingError, match="the name 'facts' of a code is already taken"):
        codebook("eyes", facts=Entry(5, "Facts", "Sensory-event"))


@pytest.mark.parametrize("number", [0, 40, 81])
def test_a_task_keeps_to_its_own_numbers(number):
    with pytest.raises(
        SettingError, match=f"code 'far' has offset {number}; it must be from 1 to 39"
    ):
        codebook("eyes", far=Entry(number, "Far out", "Sensory-event"))


def test_rest_and_full_scale_are_no_codes():
    row = EYES.rows[0]
    for code in (0, 254, 255):
        with pytest.raises(SettingError, match=f"is {code}; it must be from 1 to 253"):
            CodeBook("eyes", [replace(row, code=code)])


def test_a_task_of_another_house_must_say_where_its_numbers_begin():
    with pytest.raises(SettingError, match="task 'stroop' has no numbers in the code book"):
        codebook("stroop")
    with pytest.raises(SettingError, match="task 'stroop': base 50 is not possible"):
        codebook("stroop", base=50)
    assert codebook("stroop", base=40).fixation == 43


def test_a_retired_code_is_still_read_but_never_sent():
    book = codebook("eyes", old=Entry(9, "No longer shown", "Sensory-event", retired=True))
    assert book.name_of(129) == "old"
    assert "old" not in book
    assert "old" not in book.facts()
    with pytest.raises(SettingError, match="are both 129"):
        codebook(
            "eyes",
            old=Entry(9, "No longer shown", "Sensory-event", retired=True),
            new=Entry(9, "Something else", "Sensory-event"),
        )


def test_a_recorder_that_cannot_take_the_codes_is_refused():
    EYES.check(max_code=255)
    with pytest.raises(SettingError) as refusal:
        EYES.check(max_code=127)
    assert str(refusal.value) == (
        "rig.toml: trigger: max_code is 127, but task 'eyes' sends codes up to 245 ('test_end'); "
        "this recorder cannot take them."
    )


def test_the_header_tells_each_code_with_its_meaning():
    facts = EYES.facts()
    assert facts["fixation"] == {
        "code": 123,
        "description": "Onset of the fixation cross",
        "hed": "Sensory-event, Visual-presentation, Cross",
    }
    assert {name: row["code"] for name, row in facts.items()} == dict(EYES)
    assert set(SESSION) <= set(facts)


def test_the_book_goes_out_as_a_table_and_as_json():
    table = as_tsv(all_codes()).splitlines()
    assert table[0] == "code\tname\ttask\tdescription\thed\tsince\tretired"
    assert len(table) == 1 + len({code for book in BOOKS.values() for code in book.values()})
    assert all(len(line.split("\t")) == 7 for line in table)
    book = json.loads(exports_of(RIG, "eyes", dict(EYES)).text("json"))
    assert [row["code"] for row in book["codes"]] == [
        int(line.split("\t")[0]) for line in table[1:]
    ]
    assert len(book["sha256"]) == 64


@pytest.mark.readers
def test_every_hed_string_is_valid():
    from hed import HedString
    from hed.schema import load_schema_version
    from hed.validator import HedValidator

    schema = load_schema_version("8.3.0")
    validator = HedValidator(schema)
    issues = [
        (row.name, issue)
        for row in all_codes()
        for issue in validator.validate(HedString(row.hed, schema), allow_placeholders=False)
    ]
    assert issues == []


# -- one code ---------------------------------------------------------------------------------


def test_an_opened_line_is_at_rest_before_the_first_code():
    line = Line()
    assert line.link.received == [(0.0, 0)]


def test_a_flip_code_leaves_with_its_flip_and_returns_to_zero_after_the_pulse():
    line = Line()
    line.flip(125, "eyes_mental", after_s=0.1)
    line.to(1.0)
    assert line.bytes() == [(100, 125), (110, 0)]
    assert line.sender.drain() == [
        {
            "seq": 1,
            "trial": None,
            "name": "eyes_mental",
            "code": 125,
            "kind_of": "flip",
            "t_requested": 0.0,
            "t_event": 0.1,
            "t_flip": 0.1,
            "t_write_start": 0.1,
            "t_write_end": 0.1,
            "delay_ms": 0.0,
            "bytes_hex": "7d",
            "outcome": "sent",
            "errno": None,
            "t_off": 0.11,
            "off_outcome": "sent",
            "width_ms": 10.0,
            "box_delay_ms": 0.0,
            "lsl": None,
        }
    ]


def test_a_flip_without_a_code_sends_nothing():
    line = Line()
    line.sender.at_swap(0.1)
    line.flip(125)
    line.sender.at_swap(0.2)
    line.to(1.0)
    assert [byte for _, byte in line.bytes()] == [125, 0]


def test_a_box_that_ends_its_pulses_gets_no_zero_before_the_line_is_closed():
    line = Line(BOX)
    line.flip(125)
    line.to(1.0)
    assert [byte for _, byte in line.link.received] == [125]
    (record,) = line.records()
    assert (record["outcome"], record["off_outcome"]) == ("sent", "device")
    assert (record["t_off"], record["width_ms"]) == (None, None)
    assert [byte for _, byte in line.link.received] == [125, 0]


def test_a_response_code_leaves_at_once_on_a_free_line_with_its_own_time():
    line = Line()
    line.to(0.5)
    line.sender.send(154, "response_tl", t_event=0.4987)
    line.to(1.0)
    (record,) = line.sender.drain()
    assert line.bytes() == [(500, 154), (510, 0)]
    assert (record["kind_of"], record["outcome"]) == ("now", "sent")
    assert (record["t_event"], record["t_flip"]) == (0.4987, None)
    assert record["delay_ms"] == pytest.approx(1.3)


def test_a_byte_takes_its_time_on_the_wire():
    clock = VirtualClock()
    link = RecordingLink(clock, byte_s=86.8e-6)
    Sender(BOX, link, clock).send(154, "response", 0.0)
    assert link.received == [(pytest.approx(86.8e-6), 154)]


@pytest.mark.parametrize("code", [0, 256, -3, 200])
def test_a_code_that_the_rig_cannot_send_is_rejected_not_masked(code):
    line = Line(replace(RIG, max_code=199))
    line.flip(code)
    line.sender.send(code, "response", 0.0)
    line.to(1.0)
    assert line.bytes() == []
    assert [record["outcome"] for record in line.sender.drain()] == ["rejected", "rejected"]
    assert line.sender.lost() == 2


# -- codes that come close ----------------------------------------------------------------------


@pytest.mark.parametrize("codes", [(12, 11), (11, 11), (255, 128)])
def test_a_zero_lies_between_two_codes(codes):
    line = Line()
    line.sender.send(codes[0], "first", 0.0)
    line.sender.send(codes[1], "second", 0.0)
    line.to(1.0)
    assert line.bytes() == [(0, codes[0]), (10, 0), (14, codes[1]), (24, 0)]


def test_a_response_during_a_pulse_waits_and_keeps_its_true_time():
    line = Line()
    line.flip(125)
    line.to(0.003)
    line.sender.send(154, "response_tl", t_event=0.002)
    line.to(1.0)
    assert line.bytes() == [(0, 125), (10, 0), (14, 154), (24, 0)]
    record = line.sender.drain()[1]
    assert record["outcome"] == "deferred_sent"
    assert (record["t_event"], record["delay_ms"]) == (0.002, 12.0)
    assert line.sender.lost() == 0


def test_a_response_after_a_box_s_pulse_waits_for_its_width_and_the_gap():
    line = Line(BOX)
    line.flip(125)
    line.to(0.011)
    line.sender.send(154, "response_tl", t_event=0.011)
    line.to(1.0)
    assert [(round(1000 * t, 3), byte) for t, byte in line.link.received] == [(0, 125), (12, 154)]


def test_a_second_waiting_code_is_dropped_and_counted_as_lost():
    line = Line()
    line.flip(125)
    line.sender.send(154, "response_tl", 0.0)
    line.sender.send(122, "block_end", 0.0)
    line.to(1.0)
    assert [byte for _, byte in line.bytes()] == [125, 0, 154, 0]
    assert [r["outcome"] for r in line.sender.drain()] == [
        "sent",
        "deferred_sent",
        "dropped_overlap",
    ]
    assert line.sender.lost() == 1


@pytest.mark.parametrize("settings", [RIG, BOX])
def test_a_flip_code_is_never_delayed_and_the_code_before_it_is_marked(settings):
    line = Line(settings)
    line.sender.send(154, "response_tl", 0.0)
    line.flip(123, "fixation", after_s=0.005)
    line.to(1.0)
    codes = [(t, byte) for t, byte in line.link.received if byte]
    assert codes == [(0.0, 154), (0.005, 123)]
    first, second = line.records()
    assert (first["outcome"], first["off_outcome"], first["width_ms"]) == (
        "truncated",
        "next_code",
        5.0,
    )
    assert (second["outcome"], second["delay_ms"]) == ("sent", 0.0)
    assert line.sender.lost() == 0


def test_the_end_of_a_cut_pulse_does_not_cut_the_next_one():
    line = Line()
    line.sender.send(154, "response_tl", 0.0)
    line.flip(123, after_s=0.005)
    line.to(1.0)
    assert line.bytes() == [(0, 154), (5, 123), (15, 0)]


def test_a_flip_code_in_the_gap_leaves_at_once():
    line = Line()
    line.sender.send(154, "response_tl", 0.0)
    line.to(0.011)
    line.flip(123)
    line.to(1.0)
    assert line.bytes() == [(0, 154), (10, 0), (11, 123), (21, 0)]
    assert [r["outcome"] for r in line.records()] == ["sent", "sent"]


def test_a_box_s_pulse_that_was_over_is_not_called_truncated():
    line = Line(BOX)
    line.sender.send(154, "response_tl", 0.0)
    line.to(0.009)
    line.flip(123)
    line.to(1.0)
    assert [r["off_outcome"] for r in line.records()] == ["device", "device"]


def test_a_response_code_lets_an_armed_flip_go_first():
    line = Line()
    line.sender.arm(123, "fixation")
    line.sender.send(154, "response_tl", 0.0)
    line.to(0.016)
    assert line.bytes() == []
    line.sender.at_swap(0.016)
    line.to(1.0)
    assert line.bytes() == [(16, 123), (26, 0), (30, 154), (40, 0)]
    assert [r["outcome"] for r in line.sender.drain()] == ["sent", "deferred_sent"]


def test_a_waiting_code_does_not_wait_for_a_flip_that_was_blocked():
    line = Line(w1="blocked")
    line.sender.arm(123, "fixation")
    line.sender.send(154, "response_tl", 0.0)
    line.to(0.016)
    line.sender.at_swap(0.016)
    line.to(1.0)
    assert line.bytes() == [(16, 154), (26, 0)]


def test_a_code_armed_over_another_takes_its_place():
    line = Line()
    line.sender.arm(123, "fixation")
    line.flip(125)
    line.to(1.0)
    assert [r["outcome"] for r in line.sender.drain()] == ["dropped_overlap", "sent"]


def test_service_ends_a_pulse_that_the_clock_forgot():
    class Forgetful(VirtualClock):
        def call_at(self, t, action):
            pass

    clock = Forgetful()
    link = RecordingLink(clock)
    sender = Sender(RIG, link, clock)
    sender.send(125, "eyes_mental", 0.0)
    sender.send(154, "response_tl", 0.0)
    for t in (0.0099, 0.0101, 0.0139, 0.0142, 0.03):
        clock.sleep_until(t)
        sender.service(t)
    assert link.received[1:] == [(0.0, 125), (0.0101, 0), (0.0142, 154), (0.03, 0)]


# -- lines that fail ----------------------------------------------------------------------------


def test_a_blocked_code_is_never_sent_late():
    line = Line(w1="blocked")
    line.flip(125, "eyes_mental")
    line.to(0.1)
    line.sender.service(0.1)
    line.flip(154, "response_tl")
    line.to(1.0)
    assert line.bytes() == [(100, 154), (110, 0)]
    first = line.sender.drain()[0]
    assert (first["outcome"], first["errno"], first["t_off"]) == ("blocked", 11, None)
    assert line.sender.lost() == 1


def test_only_the_return_to_zero_is_tried_again():
    line = Line(w2="blocked", w3="blocked")
    line.flip(125)
    line.to(1.0)
    assert line.bytes() == [(0, 125), (13, 0)]
    (record,) = line.sender.drain()
    assert (record["outcome"], record["off_outcome"], record["width_ms"]) == ("sent", "sent", 13.0)


def test_a_line_that_stays_up_is_told_when_it_is_closed():
    line = Line(**{f"w{k}": "blocked" for k in range(2, 100)})
    line.flip(125)
    line.to(0.02)
    assert line.sender.drain() == []
    (record,) = line.records()
    assert (record["outcome"], record["off_outcome"]) == ("sent", "blocked")
    assert line.clock.now() < 0.3


@pytest.mark.parametrize("fault", ["failed", "raise"])
@pytest.mark.parametrize("at_write", [1, 2, 3, 4])
def test_a_dead_line_never_raises_into_a_flip(fault, at_write):
    line = Line(**{f"w{k}": fault for k in range(at_write, 200)})
    line.flip(125)
    line.to(0.1)
    line.sender.send(154, "response_tl", 0.1)
    line.sender.service(0.1)
    line.to(0.2)
    line.flip(123)
    line.to(0.3)
    outcomes = [record["outcome"] for record in line.records()]
    assert len(outcomes) == 3
    assert outcomes[-1] == "failed"
    assert line.sender.lost() == outcomes.count("failed")


def test_a_part_of_a_command_counts_as_lost_and_the_line_is_returned_to_zero():
    line = Line(w1="partial")
    line.flip(125)
    line.to(1.0)
    assert line.bytes() == [(0, 0)]
    assert [record["outcome"] for record in line.sender.drain()] == ["partial"]
    assert line.sender.lost() == 1


def test_a_byte_that_never_leaves_the_machine_is_reported_as_stuck():
    class Wedged(RecordingLink):
        def stuck(self):
            return True

    clock = VirtualClock()
    sender = Sender(RIG, Wedged(clock), clock)
    sender.send(125, "eyes_mental", 0.0)
    clock.sleep_until(0.03)
    assert sender.drain() == []
    clock.sleep_until(0.06)
    sender.service(0.06)
    assert [record["outcome"] for record in sender.drain()] == ["stuck"]
    assert sender.lost() == 1
    assert sender.counts() == {"requested": 1, "lost": 1, "sent": 0, "stuck": 1}


def test_a_line_that_takes_nothing_is_refused_before_the_run():
    with pytest.raises(DeviceError) as refusal:
        Line(w0="blocked")
    assert str(refusal.value) == (
        "rig.toml: trigger: port 'memory' is open but takes no bytes; check the cable, and that "
        "the box is switched on."
    )


def test_the_loss_is_told_in_one_sentence():
    line = Line(w1="blocked", w2="failed")
    assert line.sender.loss_report() == ""
    line.to(12.48)
    line.flip(125, "eyes_mental")
    line.flip(154, "response_tl", after_s=0.1)
    assert line.sender.loss_report() == (
        "2 trigger codes did not reach the recorder since 12.480 s: 'eyes_mental' (125, blocked: "
        "Resource temporarily unavailable), 'response_tl' (154, failed: Input/output error)."
    )
    for _ in range(9):
        line.sender.send(0, "wrong", 13.0)
    assert line.sender.loss_report().endswith("'wrong' (0, rejected) and 6 more.")


# -- the end ------------------------------------------------------------------------------------


def test_closing_ends_the_pulse_sends_what_waits_and_leaves_the_line_at_rest():
    line = Line()
    line.flip(125)
    line.sender.send(204, "run_end", 0.0)
    line.sender.close()
    assert line.bytes() == [(0, 125), (10, 0), (14, 204), (24, 0), (28, 0)]
    assert [record["outcome"] for record in line.sender.drain()] == ["sent", "deferred_sent"]
    assert line.link.closed


def test_a_code_whose_flip_never_came_is_disarmed_and_not_lost():
    line = Line()
    line.sender.arm(125, "eyes_mental")
    (record,) = line.records()
    assert (record["outcome"], record["t_write_start"]) == ("disarmed", None)
    assert line.sender.lost() == 0


def test_nothing_is_written_to_a_closed_line():
    line = Line()
    line.sender.close()
    written = len(line.link.received)
    line.sender.close()
    line.flip(125)
    line.sender.send(154, "response_tl", 1.0)
    line.to(2.0)
    line.sender.service(2.0)
    assert len(line.link.received) == written
    assert [record["outcome"] for record in line.sender.drain()] == ["rejected", "rejected"]


def test_a_drain_gives_each_record_once_and_holds_back_a_pulse_that_is_up():
    line = Line()
    line.flip(125)
    line.to(0.1)
    line.flip(154)
    assert [record["code"] for record in line.sender.drain()] == [125]
    line.to(0.2)
    assert [record["code"] for record in line.sender.drain()] == [154]
    assert line.sender.drain() == []


def test_a_blocking_pulse_returns_when_the_line_is_at_rest():
    line = Line()
    line.sender.send(121, "block_start", 0.0)
    line.sender.pulse(85, "line_walk")
    assert line.bytes() == [(0, 121), (10, 0), (14, 85), (24, 0)]
    assert line.clock.now() == pytest.approx(0.028)
    assert line.sender.drain()[1]["kind_of"] == "blocking"


def test_a_line_walk_sends_each_bit_alone_a_second_apart():
    line = Line()
    seen = [(line.clock.now(), code) for code in line_walk(line.sender, line.clock)]
    sent = [(t, byte) for t, byte in line.link.received if byte]
    assert sent == seen
    assert [code for _, code in sent] == [1, 2, 4, 8, 16, 32, 64, 128, 85, 170]
    assert [t for t, _ in sent] == [float(n) for n in range(10)]


def test_a_line_walk_keeps_to_the_recorder_s_bits():
    line = Line(replace(RIG, max_code=15))
    assert list(line_walk(line.sender, line.clock)) == [1, 2, 4, 8]


def test_every_code_that_was_asked_for_is_counted():
    line = Line(w1="blocked")
    for code in (125, 0, 154):
        line.sender.send(code, "code", 0.0)
    line.sender.close()
    assert line.sender.counts() == {
        "requested": 3,
        "lost": 2,
        "blocked": 1,
        "rejected": 1,
        "sent": 1,
    }


def test_the_header_tells_how_the_line_was_driven():
    assert Line().sender.describe() == {
        "device": "serial",
        "baud": 115200,
        "pulse_ended_by": "host",
        "pulse_ms": 10,
        "gap_ms": 4.0,
        "max_code": 255,
        "on_error": "strict",
        "port": "memory",
    }


def test_a_flip_allocates_next_to_nothing():
    line = Line()
    grown = []
    for _ in range(50):
        line.sender.arm(125, "eyes_mental")
        t = line.clock.now()
        before = sys.getallocatedblocks()
        line.sender.at_swap(t)
        grown.append(sys.getallocatedblocks() - before)
        line.to(t + 0.1)
    assert sorted(grown)[25] < 20


def test_no_line_takes_every_code_and_keeps_nothing():
    trigger = open_trigger(TriggerSettings(), VirtualClock())
    assert isinstance(trigger, NoTrigger)
    trigger.arm(125, "eyes_mental")
    trigger.at_swap(0.0)
    trigger.send(0, "nonsense", 0.0)
    trigger.service(0.0)
    trigger.close()
    assert (trigger.drain(), trigger.lost(), trigger.describe()) == ([], 0, {"device": "none"})
    assert (trigger.counts(), trigger.loss_report()) == ({"requested": 0, "lost": 0}, "")


def test_what_was_sent_and_what_arrived_are_told_apart():
    assert differences([12, 11, 11], [12, 11, 11]) == []
    assert differences([12, 11], [12]) == ["code 11 (2nd sent) was not received"]
