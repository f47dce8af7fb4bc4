"""Every kind of trigger device: its bytes, its settings, its first words, and what resyncs it."""

import errno
import os
import time
import types
import typing
from dataclasses import replace

import pytest

from mbtexp.clock import MonotonicClock, VirtualClock
from mbtexp.errors import DeviceError, SettingError
from mbtexp.port import Ports, Written
from mbtexp.rig import TriggerSettings, rig_from
from mbtexp.triggers import Sender, device_rows, open_trigger
from mbtexp.triggers import parallel as parallel_module
from mbtexp.triggers.devices import (
    DEVICES,
    highest_code,
    line_of,
    line_of_text,
    one_byte,
    two_digits,
    xid,
)
from mbtexp.triggers.link import RecordingLink, SerialLink, open_link
from mbtexp.triggers.parallel import ParallelLink, open_parallel
from mbtexp.virtual.boxes import BOXES
from mbtexp.virtual.virtualport import VirtualPort
from mbtexp.virtual.xid import C_POD, LUMINA_LP400, XidBox

BY_THE_LAB = {"arduino-pulse": {"pulse_ms": 8.0}}
"""What a rig must say of a device, as its firmware is the lab's own."""

GOLDEN = {
    #                    code 125         rest        good-bye      baud     ends    ms  to
    "serial":          ("7d",            "00",       "00",         115200, "host",   10, 255),
    "biosemi":         ("7d",            "",         "",           115200, "device",  8, 255),
    "mmbts-p":         ("7d",            "",         "00",           9600, "device",  8, 255),
    "mmbts-s":         ("7d",            "00",       "00",           9600, "host",   10, 255),
    "triggerbox":      ("7d",            "00",       "ff",         115200, "host",   10, 254),
    "triggerbox-plus": ("7d",            "00",       "ff",        2000000, "host",   10, 254),
    "xid2":            ("6d687d00",      "",         "6d680000",   115200, "device", 10, 255),
    "stimtracker1g":   ("6d687d00",      "",         "6d680000",   115200, "device", 10, 255),
    "usb2ttl8":        (b"WRITE 125\n".hex(), b"WRITE 0\n".hex(), b"WRITE 0\n".hex(),
                                                                   128000, "host",   10, 255),
    "bbtk-ttl":        (b"7D".hex(),     b"00".hex(), b"RR".hex(), 115200, "host",   10, 255),
    "arduino-latch":   ("7d",            "00",       "00",         115200, "host",   10, 255),
    "arduino-pulse":   ("7d",            "",         "",           115200, "device",  8, 255),
    "bitsi":           ("7d",            "00",       "00",         115200, "host",   10, 255),
    "stimsync":        ("7d",            "00",       "00b1a3a9a9", 115200, "host",   10, 127),
    "parallel":        ("7d",            "00",       "00",           None, "host",   10, 255),
    "lsl":             ("7d000000",      "",         "",             None, "device",  0, 255),
}  # fmt: skip
"""The bytes of each device as the makers' documents and public programs have them."""


def settings_of(name, **changes):
    return TriggerSettings(device=name, **{"port": "-", **BY_THE_LAB.get(name, {}), **changes})


class Spoken(RecordingLink):
    """A line into memory that keeps each write whole."""

    def __init__(self, clock):
        super().__init__(clock)
        self.written = []

    def write(self, data):
        self.written.append(data.hex())
        return super().write(data)


# -- bytes ----------------------------------------------------------------------------------------


def test_there_is_a_row_and_golden_bytes_for_every_device_of_a_rig():
    names = set(typing.get_args(typing.get_type_hints(TriggerSettings)["device"])) - {"none"}
    assert names == set(DEVICES) == set(GOLDEN)


@pytest.mark.parametrize("name", GOLDEN)
def test_a_device_gets_its_documented_bytes(name):
    code, rest, good_bye, baud, ending, pulse_ms, highest = GOLDEN[name]
    clock = VirtualClock()
    link = Spoken(clock)
    sender = Sender(settings_of(name), link, clock)
    sender.arm(125, "code")
    sender.at_swap(clock.now())
    clock.sleep_until(1.0)
    sender.close()
    expected = [rest, code, rest, good_bye] if rest else [code, good_bye]
    assert link.written == [data for data in expected if data]
    line = line_of(settings_of(name))
    assert (line.baud, line.pulse_ended_by, line.highest) == (baud, ending, highest)
    assert 1000 * line.pulse_s == pytest.approx(pulse_ms)


@pytest.mark.parametrize(
    ("encode", "code", "data"),
    [
        (one_byte, 49, "31"),
        (xid, 255, "6d68ff00"),
        (line_of_text, 5, b"WRITE 5\n".hex()),
        (line_of_text, 255, b"WRITE 255\n".hex()),
        (two_digits, 11, b"0B".hex()),
        (two_digits, 254, b"FE".hex()),
    ],
)
def test_a_code_is_a_number_and_never_text_of_another_kind(encode, code, data):
    assert encode(code).hex() == data
    for wrong in (0, 256, -1):
        with pytest.raises(SettingError, match="a code is from 1 to 255"):
            encode(wrong)


def test_a_code_beyond_the_device_is_rejected_not_masked():
    clock = VirtualClock()
    link = Spoken(clock)
    sender = Sender(settings_of("stimsync"), link, clock)
    sender.send(128, "code", 0.0)
    sender.close()
    assert link.written == ["00", "00b1a3a9a9"]
    assert [record["outcome"] for record in sender.drain()] == ["rejected"]
    assert highest_code(settings_of("stimsync")) == 127
    assert highest_code(settings_of("stimsync", max_code=15)) == 15


# -- settings -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "changes", "told"),
    [
        ("mmbts-p", {"baud": 115200}, "a Neurospec MMBT-S, switch at P listens at 9600 only"),
        ("mmbts-s", {"baud": 1200}, "that rate resets some boxes for good"),
        ("serial", {"baud": 1200}, "that rate resets some boxes for good"),
        ("triggerbox-plus", {"baud": 115200}, "listens at 2000000 only; leave baud out"),
        ("usb2ttl8", {"baud": 115200}, "listens at 128000 only"),
        ("parallel", {"baud": 9600}, "device 'parallel' has no line rate"),
        ("biosemi", {"pulse_ended_by": "host"}, "only the device ends a pulse"),
        ("usb2ttl8", {"pulse_ended_by": "device"}, "only the host ends a pulse"),
        ("mmbts-p", {"pulse_ms": 10.0}, "with device 'mmbts-p' it is always 8; leave pulse_ms"),
        ("biosemi", {"pulse_ms": 120.0}, "it is from 1 to 99"),
        ("arduino-pulse", {"pulse_ms": None}, "pulse_ms is missing; device 'arduino-pulse' ends"),
        ("triggerbox-plus", {"pulse_ended_by": "device"}, "pulse_ms is missing"),
        ("serial", {"pulse_ended_by": "device"}, "pulse_ms is missing"),
        ("lsl", {"pulse_ms": 8.0}, "it is always 0"),
        ("mmbts-p", {"lowest_eeg_rate_hz": 200.0}, "a recorder at 200 Hz needs 10 ms"),
    ],
)
def test_what_a_device_cannot_do_is_refused_before_the_port_is_touched(name, changes, told):
    settings = settings_of(name, **changes)
    with pytest.raises(SettingError) as refused:
        open_link(settings, VirtualClock())
    assert told in str(refused.value)
    assert str(refused.value).startswith("rig.toml: trigger: ")
    assert str(refused.value).endswith(".")


def test_a_rig_file_is_refused_for_its_trigger_line_when_it_is_read():
    with pytest.raises(SettingError, match=r"^lab\.toml: trigger: baud is 115200, but a Neurospec"):
        rig_from(
            {"trigger": {"device": "mmbts-p", "port": "COM3", "baud": 115200}}, where="lab.toml"
        )
    with pytest.raises(SettingError, match="port is missing"):
        rig_from({"trigger": {"device": "xid2"}}, where="lab.toml")
    with pytest.raises(SettingError, match="write device 'lsl'"):
        rig_from({"trigger": {"lsl": True}}, where="lab.toml")
    assert rig_from({"trigger": {"device": "lsl"}}, where="lab.toml").trigger.port == ""


@pytest.mark.parametrize(
    ("name", "baud"), [("arduino-latch", 9600), ("triggerbox", 9600), ("xid2", 57600)]
)
def test_a_rate_that_a_device_may_have_is_taken(name, baud):
    assert line_of(settings_of(name, baud=baud)).baud == baud


def test_a_board_that_restarts_is_given_time_unless_the_rig_says_otherwise():
    assert line_of(settings_of("arduino-latch")).settle_s == 2.0
    assert line_of(settings_of("arduino-latch", settle_s=6.0)).settle_s == 6.0
    assert line_of(settings_of("biosemi")).settle_s == 0.0


def test_every_device_can_be_shown_in_a_table():
    rows = device_rows()
    assert [row["device"] for row in rows] == list(DEVICES)
    assert all(row[column] for row in rows for column in row)
    silent = {row["device"] for row in rows if "silent" in row["is asked at opening"]}
    assert silent == {
        "serial",
        "biosemi",
        "mmbts-p",
        "mmbts-s",
        "triggerbox",
        "triggerbox-plus",
        "arduino-latch",
        "arduino-pulse",
        "parallel",
        "lsl",
    }


# -- the first words ------------------------------------------------------------------------------


def introduced(name, box, **changes):
    """The link of a device with an emulated box at its other end, and that box's port."""
    clock = VirtualClock()
    line = line_of(settings_of(name, **changes))
    port = VirtualPort(box, clock, line.baud)
    return SerialLink(port, line, clock), port, clock


def test_a_cedrus_box_tells_who_it_is_and_gets_its_pulse_width():
    box = XidBox(C_POD)
    link, port, _ = introduced("xid2", box, pulse_ms=12.0)
    facts = link.describe()["box"]
    assert (facts["product"], facts["model"], facts["firmware"]) == ("c-pod", "0", "2")
    assert facts["answers"]["_c1"] == "_xid0"
    assert facts["answers"]["_mp"] == "5f 6d 70 0c 00 00 00"
    assert box.pulse_ms == 12
    assert b"mh\x00\x00" in [data for _, data in port.written]


def test_a_cedrus_box_in_another_mode_is_brought_into_xid_mode():
    box = XidBox(C_POD, mode=2)
    link, port, _ = introduced("xid2", box)
    assert link.describe()["box"]["answers"]["_c1"] == "_xid0"
    assert [data for _, data in port.written][:3] == [b"_c1", b"c10", b"_c1"]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("stimtracker1g", {"product": "StimTracker 1G", "model": "C"}),
        ("usb2ttl8", {"product": "USB2TTL8"}),
        ("bbtk-ttl", {"in_step": True}),
        ("bitsi", {"product": "BITSI mode"}),
        ("stimsync", {"product": "StimSync"}),
    ],
)
def test_a_box_that_can_answer_is_asked_and_its_answer_is_kept(name, told):
    link, _, _ = introduced(name, BOXES[name]())
    box = link.describe()["box"]
    assert {key: box[key] for key in told} == told
    assert all(box["answers"].values())


def test_a_bbtk_module_that_is_out_of_step_is_reset_and_asked_again():
    box = BOXES["bbtk-ttl"]()
    box.hear(0.0, b"7R0", 115200)
    assert not box.in_step
    link, port, _ = introduced("bbtk-ttl", box)
    assert link.describe()["box"]["in_step"]
    assert [data for _, data in port.written] == [b"##", b"RR", b"##"]


def test_a_bbtk_module_in_step_is_not_reset_as_that_drops_its_lines():
    _, port, _ = introduced("bbtk-ttl", BOXES["bbtk-ttl"]())
    assert [data for _, data in port.written] == [b"##"]


@pytest.mark.parametrize(
    "name", ["xid2", "stimtracker1g", "usb2ttl8", "bbtk-ttl", "bitsi", "stimsync"]
)
def test_a_box_that_says_nothing_is_refused(name):
    with pytest.raises(DeviceError) as refused:
        introduced(name, BOXES["biosemi"]())
    assert str(refused.value).startswith("rig.toml: trigger: port 'virtual': a ")
    assert "but nothing came. Check that device, port and baud" in str(refused.value)


@pytest.mark.parametrize(
    ("name", "box", "told"),
    [
        ("usb2ttl8", lambda: XidBox(C_POD), "nothing came"),
        (
            "xid2",
            lambda: XidBox(LUMINA_LP400),
            "answers '2', for XID 2 to '_d4', but the answer was '1'",
        ),
        ("stimtracker1g", lambda: XidBox(C_POD), "answers 'S' to '_d2', but the answer was '4'"),
        ("stimsync", BOXES["bitsi"], "but the answer was 'BITSI mode, Ready!'"),
    ],
)
def test_another_box_than_the_rig_names_is_refused_with_what_it_answered(name, box, told):
    with pytest.raises(DeviceError) as refused:
        introduced(name, _greeting_late(box()))
    assert told in str(refused.value)


def _greeting_late(box):
    """A BITSI greets as soon as it is asked, as if its restart took just that long."""
    if hasattr(box, "_reset_s"):
        box._reset_s = 0.1
    return box


def test_a_silent_box_is_told_as_silent():
    link, port, _ = introduced("biosemi", BOXES["biosemi"]())
    assert link.describe()["box"] == "silent: only the recorder can tell that codes arrive"
    assert port.written == []


# -- part of a command ----------------------------------------------------------------------------


class Cut(VirtualPort):
    """A port that takes only a part of some of its writes."""

    def __init__(self, box, clock, baud):
        super().__init__(box, clock, baud)
        self.cut = {}
        """Bytes to take of a write, by its number from now on; None: none, as a full buffer."""

    def write(self, data):
        taken = self.cut.pop(0, len(data))
        self.cut = {place - 1: length for place, length in self.cut.items()}
        if taken is None:
            return Written("blocked", errno.EAGAIN)
        outcome = super().write(data[:taken])
        return outcome if taken >= len(data) else Written("partial", errno.EAGAIN)


def cut_line(name, box):
    clock = VirtualClock()
    settings = settings_of(name)
    line = line_of(settings)
    port = Cut(box, clock, line.baud)
    sender = Sender(settings, SerialLink(port, line, clock), clock)
    clock.sleep_until(clock.now() + 1.0)
    return sender, port, clock


def flip(sender, clock, code):
    sender.arm(code, "code")
    sender.at_swap(clock.now())


@pytest.mark.parametrize("taken", [1, 2, 3])
def test_half_a_cedrus_command_is_left_to_be_forgotten_and_no_code_is_misread(taken):
    box = XidBox(C_POD)
    sender, port, clock = cut_line("xid2", box)
    port.cut = {0: taken}
    for code in (125, 121, 122, 123):
        flip(sender, clock, code)
        clock.sleep_until(clock.now() + 0.05)
    clock.sleep_until(clock.now() + 0.1)
    flip(sender, clock, 124)
    sender.close()
    records = sender.drain()
    assert [record["outcome"] for record in records] == [
        "partial", "blocked", "blocked", "sent", "sent",
    ]  # fmt: skip
    assert box.codes() == [123, 124]
    assert sender.lost() == 3


@pytest.mark.parametrize("taken", range(1, 9))
def test_half_a_line_for_a_usb2ttl8_is_made_one_that_means_nothing(taken):
    box = BOXES["usb2ttl8"]()
    sender, port, clock = cut_line("usb2ttl8", box)
    port.cut = {0: taken}
    flip(sender, clock, 125)
    clock.sleep_until(clock.now() + 0.05)
    flip(sender, clock, 121)
    sender.close()
    assert [record["outcome"] for record in sender.drain()] == ["partial", "sent"]
    assert box.codes() == [121]
    assert len(box.notes) == 1


def test_half_a_pair_for_a_bbtk_module_is_followed_by_its_reset():
    box = BOXES["bbtk-ttl"]()
    sender, port, clock = cut_line("bbtk-ttl", box)
    port.cut = {0: 1, 1: None}
    flip(sender, clock, 125)
    clock.sleep_until(clock.now() + 0.05)
    flip(sender, clock, 122)
    clock.sleep_until(clock.now() + 0.2)
    flip(sender, clock, 121)
    sender.close()
    assert [record["outcome"] for record in sender.drain()] == ["partial", "blocked", "sent"]
    assert box.codes() == [121]
    assert box.in_step


def test_a_cut_return_to_zero_is_mended_and_the_line_does_not_stay_up():
    box = BOXES["bbtk-ttl"]()
    sender, port, clock = cut_line("bbtk-ttl", box)
    port.cut = {1: 1}
    flip(sender, clock, 125)
    clock.sleep_until(clock.now() + 0.3)
    (record,) = sender.drain()
    assert (record["outcome"], record["off_outcome"]) == ("sent", "resync")
    assert box.lines.at(clock.now()) == 0
    assert record["width_ms"] >= 10
    sender.close()


# -- a code too soon for a box that ends its pulses -----------------------------------------------


def two_codes(name, apart_s):
    clock = VirtualClock()
    box = BOXES[name]()
    sender = Sender(settings_of(name), VirtualPort(box, clock), clock)
    clock.sleep_until(1.0)
    for code in (11, 12):
        flip(sender, clock, code)
        clock.sleep_until(clock.now() + apart_s)
    sender.close()
    return box, sender.drain()


def test_a_code_on_top_of_another_cuts_it_short_in_a_biosemi_interface():
    box, (first, second) = two_codes("biosemi", 0.004)
    assert (first["outcome"], second["outcome"]) == ("truncated", "sent")
    assert box.codes() == [11, 12]


def test_a_code_that_waits_in_an_mmbts_has_its_delay_in_the_log():
    box, (first, second) = two_codes("mmbts-p", 0.004)
    assert (first["outcome"], first["off_outcome"], second["outcome"]) == ("sent", "device", "sent")
    rises = [t for t, value in box.edges if value]
    shown_late_ms = 1000 * (rises[1] - second["t_write_start"])
    assert (
        second["box_delay_ms"] == pytest.approx(shown_late_ms, abs=1.2) == pytest.approx(4, abs=0.2)
    )


def test_a_board_that_is_deaf_gets_no_code_that_it_could_raise_too_late():
    box, (first, second) = two_codes("arduino-pulse", 0.004)
    assert (first["outcome"], second["outcome"]) == ("sent", "box_busy")
    assert second["t_write_start"] is not None
    assert box.codes() == [11]
    assert box.notes == []


# -- a line that is only played -------------------------------------------------------------------


def test_a_mocked_line_never_calls_a_code_sent():
    clock = VirtualClock()
    sender = open_trigger(settings_of("biosemi"), clock, mock=True)
    sender.belongs_to(7)
    flip(sender, clock, 125)
    sender.close()
    (record,) = sender.drain()
    assert (record["outcome"], record["trial"]) == ("mock", 7)
    assert sender.counts() == {"requested": 1, "lost": 0, "mock": 1}
    assert sender.describe()["mock"] is True


def test_a_line_in_memory_touches_no_port():
    trigger = open_trigger(settings_of("xid2"), VirtualClock(), memory=True)
    assert trigger.describe()["port"] == "memory"
    assert "mock" not in trigger.describe()


# -- the parallel port ----------------------------------------------------------------------------


class Register:
    def __init__(self, fails=False):
        self.values, self.fails, self.closed = [], fails, False

    def put(self, value):
        if self.fails:
            raise OSError(errno.EIO, "gone")
        self.values.append(value)

    def close(self):
        self.closed = True


def test_a_parallel_port_shows_a_code_and_returns_to_zero():
    clock = VirtualClock()
    register = Register()
    link = ParallelLink(register, "/dev/parport0", where="rig.toml: trigger")
    sender = Sender(settings_of("parallel"), link, clock)
    flip(sender, clock, 125)
    clock.sleep_until(0.1)
    register.fails = True
    flip(sender, clock, 126)
    register.fails = False
    sender.close()
    assert register.values == [0, 125, 0, 0]
    assert register.closed
    assert [(r["outcome"], r["errno"]) for r in sender.drain()] == [
        ("sent", None),
        ("failed", errno.EIO),
    ]


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (errno.ENOENT, "does not exist; run: sudo modprobe ppdev"),
        (errno.EACCES, "may not be opened by this user; run: sudo usermod -a -G lp $USER"),
        (errno.EBUSY, "is in use; run: sudo rmmod lp"),
        (errno.ENOTTY, "is no parallel port"),
        (errno.ENOMEM, "cannot be opened: Cannot allocate memory"),
    ],
)
def test_a_parallel_port_that_cannot_be_had_is_refused_with_what_to_do(number, told, monkeypatch):
    def refuse(_name):
        raise OSError(number, "Cannot allocate memory")

    monkeypatch.setattr(parallel_module, "LinuxRegister", refuse)
    monkeypatch.setattr(parallel_module, "os", types.SimpleNamespace(name="posix"))
    with pytest.raises(DeviceError) as refused:
        open_parallel("/dev/parport0", where="rig.toml: trigger")
    assert told in str(refused.value)
    assert str(refused.value).startswith("rig.toml: trigger: parallel port '/dev/parport0' ")


def test_linux_is_asked_for_the_port_alone_and_its_lines_as_outputs(tmp_path, monkeypatch):
    fcntl = pytest.importorskip("fcntl")
    asked = []
    monkeypatch.setattr(fcntl, "ioctl", lambda _port, *words: asked.append(words))
    port = tmp_path / "parport0"
    port.touch()
    link = open_parallel(str(port), where="rig.toml: trigger")
    assert link.write(b"\x7d") == Written("sent")
    link.reopen()
    link.close()
    opened = [(0x708F,), (0x708B,), (0x40047090, bytes(4))]
    assert asked == [*opened, (0x40017086, b"\x7d"), (0x708C,), *opened, (0x708C,)]


def test_windows_writes_to_the_address_through_its_driver(monkeypatch):
    put = []
    library = types.SimpleNamespace(
        IsInpOutDriverOpen=lambda: 1, Out32=lambda address, value: put.append((address, value))
    )
    monkeypatch.setattr(parallel_module, "os", types.SimpleNamespace(name="nt"))
    monkeypatch.setattr(parallel_module.ctypes, "CDLL", lambda _name: library)
    link = open_parallel("0x378", where="rig.toml: trigger")
    assert link.write(b"\x7d") == Written("sent")
    assert put == [(0x378, 125)]
    with pytest.raises(DeviceError, match="is no address; write it as the device manager shows"):
        open_parallel("LPT1", where="rig.toml: trigger")
    library.IsInpOutDriverOpen = lambda: 0
    with pytest.raises(DeviceError, match="does not start"):
        open_parallel("0x378", where="rig.toml: trigger")

    def missing(_name):
        raise OSError

    monkeypatch.setattr(parallel_module.ctypes, "CDLL", missing)
    with pytest.raises(DeviceError, match=r"needs the driver inpoutx64\.dll"):
        open_parallel("0x378", where="rig.toml: trigger")


# -- Lab Streaming Layer --------------------------------------------------------------------------


class StandInForPylsl:
    """What the outlet uses of pylsl; keeps each push, or fails at it."""

    def __init__(self):
        self.pushed, self.infos, self.error = [], [], None
        outer = self

        class StreamOutlet:
            def __init__(self, info):
                self.info = info

            def push_sample(self, sample, stamp):
                if outer.error is not None:
                    raise outer.error
                outer.pushed.append((self.info[0], sample, stamp))

        self.StreamOutlet = StreamOutlet

    def StreamInfo(self, *words):  # noqa: N802
        self.infos.append(words)
        return words

    def local_clock(self):
        return 1000.0

    def library_version(self):
        return 116


@pytest.fixture
def pylsl(monkeypatch):
    import sys

    stand_in = StandInForPylsl()
    monkeypatch.setitem(sys.modules, "pylsl", stand_in)
    return stand_in


def test_a_code_goes_out_over_lsl_with_the_time_of_its_event(pylsl):
    clock = VirtualClock(5.0)
    sender = open_trigger(settings_of("lsl"), clock)
    sender.arm(125, "eyes_mental")
    clock.sleep_until(6.0)
    sender.at_swap(5.998)
    sender.send(154, "response_tl", 5.9)
    sender.close()
    assert pylsl.pushed == [
        ("mbtexp", [125], pytest.approx(1000.998)),
        ("mbtexp-names", ["eyes_mental"], pytest.approx(1000.998)),
        ("mbtexp", [154], pytest.approx(1000.9)),
        ("mbtexp-names", ["response_tl"], pytest.approx(1000.9)),
    ]
    assert [info[:5] for info in pylsl.infos] == [
        ("mbtexp", "Markers", 1, 0.0, "int32"),
        ("mbtexp-names", "Markers", 1, 0.0, "string"),
    ]
    assert [(r["outcome"], r["lsl"]) for r in sender.drain()] == [("sent", True)] * 2


@pytest.mark.parametrize("error", [RuntimeError("lost"), OSError("gone"), ValueError("length")])
def test_a_failing_lsl_push_never_raises_and_costs_the_wire_nothing(pylsl, error):
    clock = VirtualClock()
    alone = open_trigger(settings_of("lsl"), clock)
    from mbtexp.triggers.lsl import Outlet

    link = Spoken(clock)
    beside = Sender(settings_of("biosemi"), link, clock, outlet=Outlet(clock, "rig"))
    pylsl.error = error
    for sender in (alone, beside):
        flip(sender, clock, 125)
        sender.close()
    assert [(r["outcome"], r["lsl"]) for r in alone.drain()] == [("failed", False)]
    assert [(r["outcome"], r["lsl"]) for r in beside.drain()] == [("sent", False)]
    assert link.written == ["7d"]


def test_the_wire_is_written_before_lsl(pylsl):
    clock = VirtualClock()
    order = []

    class First(Spoken):
        def write(self, data):
            order.append("wire")
            return super().write(data)

    class Second:
        def push(self, code, name, t):
            order.append("lsl")
            return True

        def describe(self):
            return {}

        def close(self):
            order.append("closed")

    sender = Sender(settings_of("biosemi", lsl=True), First(clock), clock, outlet=Second())
    flip(sender, clock, 125)
    assert order == ["wire", "lsl"]
    sender.close()


def test_a_missing_or_broken_pylsl_is_named(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "pylsl", None)
    with pytest.raises(DeviceError, match=r"pylsl is not installed; run: uv pip install 'mbtexp"):
        open_trigger(settings_of("lsl"), VirtualClock())


@pytest.mark.readers
def test_an_inlet_of_lsl_gets_each_code_with_the_stamp_of_its_flip():
    lsl = pytest.importorskip("pylsl")
    clock = MonotonicClock()
    sender = open_trigger(settings_of("lsl"), clock)
    source = sender.describe()["lsl"]["source_id"]
    found = lsl.resolve_byprop("source_id", source, 1, 10.0)
    named = lsl.resolve_byprop("name", "mbtexp-names", 1, 10.0)
    numbers, names = lsl.StreamInlet(found[0]), lsl.StreamInlet(named[0])
    for inlet in (numbers, names):
        inlet.open_stream(10.0)
    sent = [(code, clock.now() - 0.01 * code) for code in (1, 125, 253)]
    for code, t in sent:
        sender.arm(code, f"code {code}")
        sender.at_swap(t)
    offset_s = lsl.local_clock() - clock.now()
    got = [numbers.pull_sample(5.0) for _ in sent]
    assert [sample for sample, _ in got] == [[code] for code, _ in sent]
    assert [stamp for _, stamp in got] == [pytest.approx(t + offset_s, abs=0.001) for _, t in sent]
    assert [names.pull_sample(5.0)[0] for _ in sent] == [[f"code {code}"] for code, _ in sent]
    sender.close()
    clock.close()


# -- opening again --------------------------------------------------------------------------------


def test_a_line_is_opened_again_with_its_first_words_and_nothing_lost_is_sent_late():
    box = XidBox(C_POD)
    clock = VirtualClock()
    line = line_of(settings_of("xid2"))
    port = VirtualPort(box, clock)
    sender = Sender(settings_of("xid2"), SerialLink(port, line, clock), clock)
    box.gone = True
    flip(sender, clock, 125)
    sender.send(154, "response", clock.now())
    with pytest.raises(DeviceError, match="plug it in again"):
        sender.reopen()
    assert [loss["outcome"] for loss in sender.losses()] == ["failed", "failed"]
    box.gone, box.pulse_ms = False, 0
    before = len(port.written)
    sender.reopen()
    assert box.pulse_ms == 10
    assert port.written[before][1] == b"_c1"
    flip(sender, clock, 240)
    sender.close()
    assert box.codes() == [240]
    assert sender.losses(since=2) == []
    assert sender.loss_report(since=2) == ""


def test_what_still_waited_when_a_line_is_opened_again_is_accounted_for():
    clock = VirtualClock()
    sender = Sender(replace(settings_of("serial"), pulse_ms=10), Spoken(clock), clock)
    flip(sender, clock, 125)
    sender.send(154, "response", 0.0)
    sender.reopen()
    sender.close()
    assert [record["outcome"] for record in sender.drain()] == ["sent", "blocked"]
    assert sender.counts() == {"requested": 2, "lost": 1, "sent": 1, "blocked": 1}


def soon(true, within_s=2.0):
    limit = time.perf_counter() + within_s
    while not true() and time.perf_counter() < limit:
        time.sleep(0.001)
    return true()


@pytest.mark.skipif(os.name == "nt", reason="pseudo-terminals are a POSIX thing")
def test_one_cable_carries_codes_and_buttons_also_after_it_was_pulled(tmp_path):
    from mbtexp.virtual.wire import Wire

    clock = MonotonicClock()
    ports = Ports(clock)
    heard = []
    with Wire(XidBox(C_POD), clock.now, stable=tmp_path / "cedrus") as wire:
        settings = settings_of("xid2", port=str(wire.stable))
        trigger = open_trigger(settings, clock, ports)
        port = ports.open(settings.port, 115200, where="rig.toml: responses")
        port.listen(lambda _t, data: heard.append(data))
        flip(trigger, clock, 125)
        wire.box.press(0, 3)
        assert soon(lambda: len(b"".join(heard)) == 6)

        wire.unplug()
        flip(trigger, clock, 126)
        assert trigger.lost() == 1
        with pytest.raises(DeviceError, match="does not exist; plug the box in"):
            trigger.reopen()
        wire.replug()
        trigger.reopen()
        heard.clear()
        flip(trigger, clock, 240)
        wire.box.press(0, 3)
        assert soon(lambda: len(b"".join(heard)) == 6)
        assert soon(lambda: wire.box.codes()[-1] == 240)
        trigger.close()
        assert port.hung_up is None
        ports.close()
    assert wire.box.codes() == [125, 240]
    clock.close()


@pytest.mark.skipif(os.name == "nt", reason="pseudo-terminals are a POSIX thing")
def test_a_board_that_writes_back_is_relieved_between_trials():
    from mbtexp.virtual.wire import Wire

    clock = MonotonicClock()
    with Wire(BOXES["arduino-latch"](), clock.now) as wire:
        settings = settings_of("arduino-latch", port=wire.name, settle_s=1.6)
        trigger = open_trigger(settings, clock)
        for _ in range(20):
            trigger.pulse(125, "code")
        assert soon(lambda: wire.unread() > 0)
        trigger.drain()
        assert wire.unread() == 0
        trigger.close()
        assert wire.box.codes() == [125] * 20
    clock.close()
