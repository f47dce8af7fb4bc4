import errno
import os
import subprocess
import sys
import threading
import time
import tty
import types
from dataclasses import replace

import pytest

from mbtexp import port as port_module
from mbtexp.clock import MonotonicClock, VirtualClock
from mbtexp.errors import DeviceError, SettingError
from mbtexp.port import Ports, SerialPort, Written, open_port, ports_spoken
from mbtexp.rig import TriggerSettings
from mbtexp.triggers.link import open_link
from mbtexp.triggers.opening import open_trigger
from mbtexp.triggers.record import REACHED
from mbtexp.triggers.sender import Sender

pytestmark = pytest.mark.skipif(os.name == "nt", reason="pseudo-terminals are a POSIX thing")

if os.name != "nt":
    from mbtexp.triggers.emulate import RecordingPort, differences

NO_PORTS = "no serial port was found on this machine"


@pytest.fixture
def clock():
    clock = MonotonicClock()
    yield clock
    clock.close()


@pytest.fixture
def port(clock):
    with RecordingPort(clock.now) as port:
        yield port


def rig(port, **changes):
    settings = TriggerSettings(device="serial", port=getattr(port, "name", port), pulse_ms=8)
    return replace(settings, **changes)


@pytest.fixture
def sender(port, clock):
    sender = Sender(rig(port), open_link(rig(port), clock), clock)
    yield sender
    sender.close()


@pytest.fixture
def no_ports(monkeypatch):
    monkeypatch.setattr(port_module, "_list_ports", list)


def refusal(settings):
    with pytest.raises(DeviceError) as error:
        open_link(settings, VirtualClock())
    return str(error.value)


def refusal_of(monkeypatch, error):
    import serial

    def refuse(**_):
        raise error

    monkeypatch.setattr(serial, "Serial", refuse)
    return refusal(rig("/dev/ttyUSB0"))


# -- opening --------------------------------------------------------------------------------------


def test_a_missing_port_is_refused_with_what_to_do(no_ports):
    assert refusal(rig("/dev/ttyNONE7")) == (
        "rig.toml: trigger: port '/dev/ttyNONE7' does not exist; plug the box in or correct the "
        f"name ({NO_PORTS})."
    )


def test_the_ports_that_were_found_are_listed_with_their_identity(monkeypatch):
    found = [
        types.SimpleNamespace(
            device="/dev/ttyS0", vid=None, pid=None, description="n/a", serial_number=None
        ),
        types.SimpleNamespace(
            device="/dev/ttyUSB0",
            vid=0x0403,
            pid=0x6001,
            description="FT232R USB UART",
            serial_number="A50285BI",
        ),
    ]
    monkeypatch.setattr(port_module, "_list_ports", lambda: found)
    assert ports_spoken() == (
        "ports found: /dev/ttyS0 (n/a), /dev/ttyUSB0 (0403:6001, FT232R USB UART)"
    )
    assert refusal(rig("/dev/ttyNONE7")).endswith(f"correct the name ({ports_spoken()}).")


def test_a_busy_port_is_refused(port, clock):
    first = open_link(rig(port), clock)
    assert refusal(rig(port)) == (
        f"rig.toml: trigger: port {port.name!r} is in use by another program; close that program, "
        "then start again."
    )
    first.close()
    open_link(rig(port), clock).close()


def test_a_forbidden_port_is_refused_with_the_group_to_join(monkeypatch):
    import serial

    error = serial.SerialException(errno.EACCES, "could not open port: Permission denied")
    assert refusal_of(monkeypatch, error) == (
        "rig.toml: trigger: port '/dev/ttyUSB0' may not be opened by this user; run: sudo usermod "
        "-a -G dialout $USER, then log out and in again."
    )


@pytest.mark.parametrize("folder", [False, True])
def test_what_is_no_serial_port_is_refused(tmp_path, folder, no_ports):
    path = tmp_path / "thing"
    path.mkdir() if folder else path.write_text("no port")
    assert refusal(rig(str(path))) == (
        f"rig.toml: trigger: port {str(path)!r} is not a serial port; name the port of the box "
        f"({NO_PORTS})."
    )


def test_a_rate_that_the_port_cannot_do_is_refused(monkeypatch):
    error = ValueError("Failed to set custom baud rate (123457): 25")
    assert refusal_of(monkeypatch, error) == (
        "rig.toml: trigger: port '/dev/ttyUSB0' cannot do 115200 baud; correct baud to what the "
        "box needs."
    )


def test_any_other_reason_is_told_as_the_system_gave_it(monkeypatch):
    error = OSError(errno.ENOMEM, "Cannot allocate memory")
    assert refusal_of(monkeypatch, error) == (
        "rig.toml: trigger: port '/dev/ttyUSB0' cannot be opened: [Errno 12] Cannot allocate "
        "memory."
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("could not open port 'COM3': FileNotFoundError(2, '...')", "does not exist; plug the box"),
        ("could not open port 'COM3': PermissionError(13, '...')", "is in use by another program"),
    ],
)
def test_the_texts_of_windows_are_understood(text, told, monkeypatch, no_ports):
    import serial

    monkeypatch.setattr(port_module, "os", types.SimpleNamespace(name="nt"))
    assert told in refusal_of(monkeypatch, serial.SerialException(text))


def test_the_wrong_serial_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "serial", types.ModuleType("serial"))
    assert refusal(rig("/dev/ttyUSB0")) == (
        "a package named 'serial' is installed in the place of pyserial; run: uv pip uninstall "
        "serial, then: uv pip install --reinstall pyserial"
    )


def test_a_missing_pyserial_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "serial", None)
    assert refusal(rig("/dev/ttyUSB0")) == (
        "pyserial is not installed; run: uv pip install pyserial"
    )


def test_a_pulse_too_short_for_the_recorder_is_refused_before_the_port_is_touched():
    with pytest.raises(SettingError, match="pulse_ms is 5, but a recorder at 250 Hz needs 8 ms"):
        open_link(rig("/dev/ttyNONE7", pulse_ms=5), VirtualClock())


def test_the_line_is_opened_alone_plain_and_without_waiting(port, clock, monkeypatch):
    import serial

    asked = {}
    opened = serial.Serial

    def watch(**arguments):
        asked.update(arguments)
        return opened(**arguments)

    monkeypatch.setattr(serial, "Serial", watch)
    open_link(rig(port, baud=9600), clock).close()
    assert asked == {
        "port": port.name,
        "baudrate": 9600,
        "bytesize": 8,
        "parity": "N",
        "stopbits": 1,
        "xonxoff": False,
        "rtscts": False,
        "dsrdtr": False,
        "timeout": 0,
        "write_timeout": 0,
        "exclusive": True,
    }
    assert port.baud() == 9600


def test_a_board_that_resets_is_given_its_time(port):
    clock = VirtualClock()
    open_link(rig(port, settle_s=1.5), clock).close()
    assert clock.now() == 1.5


def test_the_log_learns_what_the_port_is(port, clock):
    line = open_link(rig(port), clock)
    facts = line.describe()
    line.close()
    assert facts["port"] == facts["device"] == port.name
    assert facts["modem_lines"] == "none"
    assert facts["pyserial"]


def test_the_package_loads_neither_serial_nor_a_thread():
    code = (
        "import sys, threading, mbtexp.triggers, mbtexp.triggers.codes, mbtexp.clock\n"
        "assert 'serial' not in sys.modules and threading.active_count() == 1"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# -- sending --------------------------------------------------------------------------------------


@pytest.mark.parametrize("codes", [(12, 11), (11, 11), (253, 1)])
def test_codes_arrive_in_order_with_a_zero_between(codes, port, sender):
    for code in codes:
        sender.pulse(code, "code")
    sender.close()
    assert port.wait_for(6)
    assert [byte for _, byte in port.received] == [0, codes[0], 0, codes[1], 0, 0]


def test_every_code_of_one_byte_arrives(port, clock):
    settings = rig(port, pulse_ended_by="device", pulse_ms=1, lowest_eeg_rate_hz=50_000)
    sender = Sender(settings, open_link(settings, clock), clock)
    sent = list(range(1, 256))
    for code in sent:
        sender.arm(code, "walk")
        sender.at_swap(clock.now())
    sender.close()
    assert port.wait_for(len(sent))
    assert differences(sent, port.codes()) == []
    assert [record["code"] for record in sender.drain()] == sent
    assert sender.lost() == 0


def test_the_port_thread_ends_the_pulse_beside_a_busy_run(port, sender, clock):
    for _ in range(20):
        sender.arm(125, "eyes_mental")
        sender.at_swap(clock.now())
        until = clock.now() + 0.014
        while clock.now() < until:  # a frame's work that never lets go by itself
            pass
        sender.settle()
    widths = sorted(record["width_ms"] for record in sender.drain())
    assert len(widths) == 20
    assert widths[0] >= 8.0
    # Not the median: other programs may hold up the port thread, but never all of its turns.
    assert widths[4] < 11.0
    sender.close()
    assert port.wait_for(42)
    assert [byte for _, byte in port.received] == [0, *[125, 0] * 20, 0]


def test_all_stamps_of_a_code_lie_on_the_run_clock_in_order(port, sender, clock):
    before = clock.now()
    sender.pulse(125, "eyes_mental")
    (record,) = sender.drain()
    assert (
        before
        <= record["t_requested"] + 1e-6
        <= record["t_write_start"] + 1e-6
        <= record["t_write_end"] + 1e-6
        <= record["t_off"] + 1e-6
        <= clock.now() + 1e-6
    )


# -- lines that fail ------------------------------------------------------------------------------


def test_a_wedged_box_loses_its_code_for_good_but_not_the_next(port, sender, clock):
    port.stall()
    sender.arm(125, "eyes_mental")
    sender.at_swap(clock.now())
    assert sender.lost() == 1
    port.release()
    sender.pulse(154, "response_tl")
    sender.close()
    assert port.wait_for(4)
    assert port.codes() == [154]
    outcomes = [(r["outcome"], r["errno"]) for r in sender.drain()]
    assert outcomes == [("blocked", errno.EAGAIN), ("sent", None)]


def test_the_return_to_zero_is_tried_until_the_box_takes_it(port, sender, clock):
    sender.arm(125, "eyes_mental")
    sender.at_swap(clock.now())
    port.stall()
    clock.sleep_until(clock.now() + 0.02)
    port.release()
    sender.settle()
    assert port.wait_for(3)
    assert [byte for _, byte in port.received] == [0, 125, 0]
    (record,) = sender.drain()
    assert (record["outcome"], record["off_outcome"]) == ("sent", "sent")
    assert record["width_ms"] >= 20.0


def test_a_pulled_cable_is_counted_and_told_and_never_raises(port, sender, clock):
    sender.pulse(121, "block_start")
    port.unplug()
    sender.arm(125, "eyes_mental")
    sender.at_swap(clock.now())
    sender.send(154, "response_tl", clock.now())
    sender.service(clock.now())
    sender.close()
    records = sender.drain()
    assert [record["outcome"] for record in records] == ["sent", "failed", "failed"]
    assert records[1]["errno"] == errno.EIO
    assert sender.lost() == 2
    assert "'eyes_mental' (125, failed: Input/output error)" in sender.loss_report()


def test_a_cable_pulled_during_a_pulse_leaves_its_code_sent_and_its_end_failed(port, clock):
    settings = rig(port, pulse_ms=200)
    sender = Sender(settings, open_link(settings, clock), clock)
    sender.arm(125, "eyes_mental")
    sender.at_swap(clock.now())
    port.unplug()
    sender.close()
    (record,) = sender.drain()
    assert (record["outcome"], record["off_outcome"], record["t_off"]) == ("sent", "failed", None)
    assert record["errno"] == errno.EIO


def test_a_box_that_takes_nothing_is_refused_at_the_start(port, clock):
    port.stall()
    with pytest.raises(DeviceError, match="is open but takes no bytes; check the cable"):
        open_trigger(rig(port), clock)
    port.release()
    open_trigger(rig(port), clock).close()


def test_a_closed_line_does_not_write_into_whatever_took_its_descriptor(port, clock, tmp_path):
    line = open_link(rig(port), clock)
    line.close()
    with (tmp_path / "log").open("wb") as log:
        assert line.write(b"\x05") == Written("failed", errno.EBADF)
        assert log.tell() == 0


def test_a_command_that_was_cut_is_finished_at_once(port, clock, monkeypatch):
    line = open_link(rig(port), clock)
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:2]))
    assert line.write(b"mh\x05") == Written("sent")
    assert line.write(b"mh\x05\x00\x00") == Written("partial")
    monkeypatch.undo()
    line.close()
    assert port.wait_for(7)
    assert bytes(byte for _, byte in port.received) == b"mh\x05mh\x05\x00"


def test_a_command_whose_rest_is_refused_is_a_part_and_not_blocked(port, clock, monkeypatch):
    line = open_link(rig(port), clock)
    answers = iter([2, BlockingIOError(errno.EAGAIN, "full")])

    def write(_descriptor, _data):
        answer = next(answers)
        if isinstance(answer, OSError):
            raise answer
        return answer

    monkeypatch.setattr(os, "write", write)
    assert line.write(b"mh\x05") == Written("partial", errno.EAGAIN)
    monkeypatch.undo()
    line.close()


class DriverOfWindows:
    """What pyserial offers where a descriptor is of no use."""

    def __init__(self):
        self.waiting, self.written, self.gone = 0, b"", False

    @property
    def out_waiting(self):
        if self.gone:
            raise OSError(errno.EIO, "gone")
        return self.waiting

    def write(self, data):
        self.written += data
        return len(data)

    def close(self):
        raise OSError(errno.EIO, "gone")


def test_without_a_descriptor_no_code_queues_behind_one_that_waits():
    driver = DriverOfWindows()
    line = SerialPort(driver, VirtualClock(), {"port": "COM3"}, posix=False)
    assert line.write(b"\x05") == Written("sent")
    assert not line.stuck()
    driver.waiting = 1
    assert line.stuck()
    assert line.write(b"\x06") == Written("blocked", errno.EAGAIN)
    assert driver.written == b"\x05"
    driver.gone = True
    assert line.write(b"\x07") == Written("failed", errno.EIO)
    assert line.stuck()
    line.close()
    assert line.describe() == {"port": "COM3"}


# -- the box that stands in for hardware -----------------------------------------------------------


def test_a_recording_port_tells_what_arrived_and_when(port, sender, clock):
    before = clock.now()
    sender.arm(125, "eyes_mental")
    sender.at_swap(clock.now())
    sender.send(154, "response_tl", clock.now())
    sender.close()
    assert port.wait_for(6)
    assert all(before - 1 < t <= clock.now() for t, _ in port.received)
    sent = [record["code"] for record in sender.drain() if record["outcome"] in REACHED]
    assert differences(sent, port.codes()) == []


def test_a_recording_port_says_when_too_little_arrived(port):
    assert not port.wait_for(1, within_s=0.002)


# -- listening ------------------------------------------------------------------------------------


def heard_after(listened, n_bytes, within_s=2.0):
    limit = time.perf_counter() + within_s
    while sum(len(data) for _, data in listened) < n_bytes and time.perf_counter() < limit:
        time.sleep(0.001)
    return b"".join(data for _, data in listened)


def test_two_listeners_hear_everything_that_arrives_with_its_time(clock):
    box, wire = os.openpty()
    tty.setraw(wire)
    line = open_port(os.ttyname(wire), 115200, clock, where="rig.toml: responses")
    first, second = [], []
    os.write(box, b"before")
    time.sleep(0.02)
    line.listen(lambda t, data: first.append((t, data)))
    line.listen(lambda t, data: second.append((t, data)))
    before = clock.now()
    os.write(box, b"ab")
    assert heard_after(first, 2) == b"ab" == heard_after(second, 2)
    assert before <= first[0][0] <= clock.now()
    line.close()
    os.close(box)
    os.close(wire)


def test_a_device_that_goes_away_while_it_is_listened_to_is_known(clock):
    box, wire = os.openpty()
    tty.setraw(wire)
    line = open_port(os.ttyname(wire), 115200, clock, where="rig.toml: responses")
    os.close(wire)
    line.listen(lambda t, data: None)
    assert line.hung_up is None
    os.close(box)
    limit = time.perf_counter() + 2
    while line.hung_up is None and time.perf_counter() < limit:
        time.sleep(0.001)
    assert line.hung_up is not None
    line.close()


def test_a_question_gets_its_answer_and_no_answer_takes_no_longer_than_given(clock):
    box, wire = os.openpty()
    tty.setraw(wire)
    line = open_port(os.ttyname(wire), 115200, clock, where="rig.toml: trigger")
    threading.Timer(0.01, os.write, (box, b"_xid0")).start()
    assert line.ask(b"_c1", lambda answer: len(answer) >= 5, 1.0) == b"_xid0"
    assert os.read(box, 10) == b"_c1"
    begun = time.perf_counter()
    assert line.ask(b"_c1", lambda answer: len(answer) >= 5, 0.05) == b""
    assert 0.05 <= time.perf_counter() - begun < 0.5
    line.close()
    os.close(box)
    os.close(wire)


def test_one_port_with_two_users_is_opened_once_and_at_one_rate(clock):
    box, wire = os.openpty()
    name = os.ttyname(wire)
    ports = Ports(clock)
    line = ports.open(name, 115200, where="rig.toml: trigger")
    assert ports.open(name, 115200, where="rig.toml: responses") is line
    with pytest.raises(SettingError, match="already used at 115200 baud"):
        ports.open(name, 9600, where="rig.toml: responses")
    with pytest.raises(SettingError, match="1200"):
        ports.open("/dev/ttyOTHER", 1200, where="rig.toml: scanner")
    ports.close()
    os.close(box)
    os.close(wire)
