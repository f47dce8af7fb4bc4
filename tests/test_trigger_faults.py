"""What can go wrong with a trigger line, on real pseudo-terminals: what is said, kept and sent.

The runs here are whole ones on the virtual lab's clock; only their trigger line is real.
"""

import errno
import os
import random
import re
import subprocess
import sys
import time
import tty
from dataclasses import dataclass, replace

import pytest

from mbtexp.cli import main
from mbtexp.clock import VirtualClock
from mbtexp.errors import DeviceError
from mbtexp.events import MemoryLog, find_logs, read_log
from mbtexp.port import Ports
from mbtexp.rig import TriggerSettings
from mbtexp.run import WITHOUT_CODES, Codes, Run
from mbtexp.simulate import SimulatedResponses
from mbtexp.timeline import Fixation, Keys, Phase, Text
from mbtexp.triggers import RecordingLink, Sender, open_trigger
from mbtexp.triggers.record import LOST, REACHED
from mbtexp.virtual import VirtualDisplay

pytestmark = pytest.mark.skipif(os.name == "nt", reason="pseudo-terminals are a POSIX thing")

if os.name != "nt":
    from mbtexp.virtual.boxes import BOXES
    from mbtexp.virtual.wire import Wire

TRIALS, BLOCKS = 12, 3
FACE, RESPONSE, NONE, RECOVERED = 125, 154, 149, 240
CODES = Codes(run_start=203, run_end=204, block_start=121, block_end=122, abort=209,
              link_recovered=RECOVERED)  # fmt: skip
PATIENCE_S = 0.02
"""Real time in which a pseudo-terminal delivers what was written to it."""


@dataclass(frozen=True)
class Row:
    trial: int
    block: int
    practice: bool = False
    onset_s: float | None = None


ROWS = tuple(Row(n + 1, n // (TRIALS // BLOCKS) + 1) for n in range(TRIALS))


def phases(_row):
    return [
        Phase("cross", (Fixation(),), 0.2),
        Phase("face", (Text("face"),), 0.6, code=FACE, keys=Keys(("f",), codes=(("f", RESPONSE),)),
              none_code=NONE),
        Phase("blank", (), 0.2),
    ]  # fmt: skip


class Lab:
    """A virtual lab with a trigger line of the real kind."""

    def __init__(self, port, device="biosemi", *, operator=(), **settings):
        self.clock = VirtualClock()
        self.log = MemoryLog()
        self.settings = TriggerSettings(device=device, port=str(port), **settings)
        self.trigger = open_trigger(self.settings, self.clock, Ports(self.clock))
        self.asked = []
        self._operator = iter(operator)
        self.told = []

    def answer(self, phase, trial):
        if phase.name == "face" and trial["trial"] % 3:
            return [("f", 0.35)]
        if phase.name == "codes_lost":
            self.asked.append(phase.stimuli[0].text)
            do, key = next(self._operator)
            do()
            return [(key, 0.5)]
        return []

    def at(self, t, do):
        self.clock.call_at(t, do)

    def run(self, rows=ROWS, **settings):
        """The log of a whole run, and the error that ended it, if one did."""
        run = Run(
            display=VirtualDisplay(self.clock, 60.0),
            responses=SimulatedResponses(self.clock, self.answer),
            trigger=self.trigger,
            clock=self.clock,
            log=self.log,
            trials=rows,
            codes=CODES,
            words=lambda name, **blanks: f"{name} {blanks}",
            tell=self.told.append,
            **settings,
        )
        try:
            with run:
                for block in run.blocks():
                    for row in run.trials_of(block):
                        shown = run.show(phases(row))["face"]
                        run.record(key=shown.key, rt_s=shown.rt_s)
        except DeviceError as error:
            return str(error)
        return ""

    def outcomes(self):
        return [(e["code"], e["outcome"]) for e in self.log.of("trigger")]

    def reached(self):
        return [code for code, outcome in self.outcomes() if outcome in REACHED]

    def lost(self):
        return [code for code, outcome in self.outcomes() if outcome in LOST]

    def notes(self):
        return [event["text"] for event in self.log.of("note")]


@pytest.fixture
def wire(tmp_path):
    with Wire(BOXES["biosemi"](), stable=tmp_path / "box") as wire:
        yield wire


@pytest.fixture
def bystander():
    """Somebody else's device, on a port that no rig names."""
    with Wire() as wire:
        yield wire
        time.sleep(PATIENCE_S)
        assert wire.received == [], "bytes went to a port that was not named"


def arrived(wire):
    """What the box got, after it had time to get it, without the good-bye."""
    time.sleep(PATIENCE_S)
    return [byte for _, byte in wire.received if byte]


def delivered_then(do):
    """Let the box have what was written to it, then do something to it."""

    def act():
        time.sleep(PATIENCE_S)
        do()

    return act


def nothing():
    return None


def nothing_late(log):
    """No code left later than its moment, unless it says so and by how much."""
    for event in log.of("trigger"):
        if event["t_write_start"] is None:
            continue
        if event["kind_of"] == "flip":
            assert event["delay_ms"] < 1.0
        elif event["delay_ms"] >= 1.0:
            assert event["outcome"] == "deferred_sent"
            assert event["delay_ms"] < 60.0
    return True


# -- at the start ---------------------------------------------------------------------------------


def start(tmp_path, device, port, **more):
    """The answer of the command to a rig with that line; no window is ever opened."""
    rig = tmp_path / "rig.toml"
    more = "".join(f"{key} = {value!r}\n" for key, value in more.items())
    rig.write_text(f'[trigger]\ndevice = "{device}"\nport = "{port}"\n{more}')
    words = f"run eyes --participant 01 --data {tmp_path / 'study'} --rig {rig}"
    return main(words.split())


@pytest.mark.parametrize(
    ("device", "told"),
    [
        ("biosemi", "does not exist; plug the box in or correct the name"),
        ("parallel", "does not exist; run: sudo modprobe ppdev"),
    ],
)
def test_a_missing_port_stops_before_the_window_and_leaves_no_log(
    device, told, tmp_path, capsys, bystander
):
    assert start(tmp_path, device, "/dev/ttyNONE7") == 2
    assert told in capsys.readouterr().err
    assert list(find_logs(tmp_path / "study")) == []


def test_a_port_that_another_program_has_is_refused(tmp_path, capsys, wire, bystander):
    hold = (
        "import serial, sys, time\n"
        f"port = serial.Serial({wire.name!r}, exclusive=True)\n"
        "print('open', flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout.readline() == "open\n"
        assert start(tmp_path, "biosemi", wire.name) == 2
        other.stdin.close()
    assert "is in use by another program; close that program" in capsys.readouterr().err
    assert arrived(wire) == []


def test_a_forbidden_port_is_refused_with_the_group_to_join(tmp_path, capsys, monkeypatch):
    import serial

    def refuse(**_):
        raise serial.SerialException(errno.EACCES, "Permission denied")

    monkeypatch.setattr(serial, "Serial", refuse)
    assert start(tmp_path, "biosemi", "/dev/ttyUSB0") == 2
    assert "usermod -a -G dialout $USER" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("device", "box", "told"),
    [
        ("xid2", "biosemi", "answers '_xid0' to '_c1', but nothing came"),
        ("usb2ttl8", "stimtracker1g", "answers a line with model_name USB2TTL8 to 'GET CONFIG'"),
        ("stimtracker1g", "xid2", "answers 'S' to '_d2', but the answer was '4'"),
    ],
)
def test_another_box_at_the_port_is_refused_and_no_other_port_is_tried(
    device, box, told, tmp_path, capsys, bystander
):
    with Wire(BOXES[box]()) as wire:
        assert start(tmp_path, device, wire.name) == 2
    assert told in capsys.readouterr().err
    assert list(find_logs(tmp_path / "study")) == []


# -- a cable that is pulled -----------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(10))
def test_a_cable_pulled_at_any_moment_loses_codes_and_nothing_else(seed, wire, bystander):
    lab = Lab(wire.stable)
    pulled_s = random.Random(seed).uniform(0.05, 9.5)
    lab.at(pulled_s, delivered_then(wire.unplug))
    assert lab.run(stop_when_lost=None) == ""

    assert [event["trial"] for event in lab.log.of("trial")] == list(range(1, TRIALS + 1))
    assert all(phase["missed"] == 0 for phase in lab.log.of("phase"))
    assert arrived(wire) == lab.reached()
    assert {outcome for _, outcome in lab.outcomes()} == {"sent", "failed"}
    after = [e for e in lab.log.of("trigger") if e["t_event"] > pulled_s]
    assert {(e["outcome"], e["errno"]) for e in after} == {("failed", errno.EIO)}
    (end,) = lab.log.of("end")
    assert end["completed"]
    assert end["triggers"]["lost"] == len(after) == len(lab.lost())
    assert nothing_late(lab.log)
    assert len(lab.told) >= 1
    assert "did not reach the recorder since" in lab.told[0]


@pytest.mark.parametrize(("stop_at", "recorded"), [("trial", 7), ("block", 8)])
def test_without_an_operator_a_strict_line_stops_the_run_at_its_boundary(stop_at, recorded, wire):
    lab = Lab(wire.stable)
    lab.at(5.4, delivered_then(wire.unplug))  # in the face of trial 7, of block 2
    error = lab.run(stop_when_lost=stop_at)
    assert "trigger codes did not reach the recorder since" in error or "1 trigger code" in error
    assert error.endswith("check cable and port, then go on with --resume.")
    assert len(list(lab.log.of("trial"))) == recorded
    assert lab.log.of("abort")[0]["reason"] == error
    assert not lab.log.of("end")[0]["completed"]


def test_the_operator_plugs_the_cable_in_and_the_recording_is_told(wire):
    lab = Lab(wire.stable, operator=[(wire.replug, "p")])
    lab.at(5.4, delivered_then(wire.unplug))
    assert lab.run(stop_when_lost="block", asks_operator=True) == ""

    assert len(lab.asked) == 1
    assert len(list(lab.log.of("trial"))) == TRIALS
    lost = lab.lost()
    (told,) = [event for event in lab.log.of("note") if event["text"] == "trigger codes were lost"]
    assert [code["code"] for code in told["codes"]] == lost
    assert "the trigger line works again" in lab.notes()
    codes = [code for code, _ in lab.outcomes()]
    back = codes.index(RECOVERED)
    assert {outcome for _, outcome in lab.outcomes()[back:]} == {"sent"}
    assert arrived(wire) == lab.reached()
    assert nothing_late(lab.log)


def test_the_operator_tries_in_vain_and_goes_on_without_codes(wire):
    lab = Lab(wire.stable, operator=[(nothing, "p"), (nothing, WITHOUT_CODES)])
    lab.at(5.4, delivered_then(wire.unplug))
    assert lab.run(stop_when_lost="trial", asks_operator=True) == ""
    assert "'trouble': ''" in lab.asked[0]
    assert "does not exist; plug the box in" in lab.asked[1]
    assert "the operator goes on without trigger codes" in lab.notes()
    assert len(list(lab.log.of("trial"))) == TRIALS
    assert RECOVERED not in [code for code, _ in lab.outcomes()]
    (end,) = lab.log.of("end")
    assert (end["completed"], end["triggers"]["lost"]) == (True, len(lab.lost()))


def test_the_operator_stops_and_everything_so_far_is_kept(wire):
    lab = Lab(wire.stable, operator=[(nothing, "escape")])
    lab.at(5.4, delivered_then(wire.unplug))
    error = lab.run(stop_when_lost="block", asks_operator=True)
    assert "The run was stopped by the operator" in error
    assert len(list(lab.log.of("trial"))) == 8
    assert lab.log.of("end")[0]["trials"] == 8


def test_the_operator_is_asked_again_only_about_new_losses(wire):
    lab = Lab(wire.stable, operator=[(wire.replug, "p"), (wire.replug, "p")])
    lab.at(1.4, delivered_then(wire.unplug))
    lab.at(7.0, delivered_then(wire.unplug))
    assert lab.run(stop_when_lost="trial", asks_operator=True) == ""
    assert len(lab.asked) == 2
    first, second = [e["codes"] for e in lab.log.of("note") if "codes" in e]
    assert not {code["seq"] for code in first} & {code["seq"] for code in second}
    assert arrived(wire) == lab.reached()


def test_the_page_comes_between_trials_and_cuts_nothing_short(wire):
    lab = Lab(wire.stable, operator=[(wire.replug, "p")])
    lab.at(5.4, delivered_then(wire.unplug))
    lab.run(stop_when_lost="trial", asks_operator=True)
    events = list(lab.log.of("phase"))
    (page,) = [event for event in events if event["phase"] == "codes_lost"]
    assert page["trial"] is None
    for event in events:
        if event["frames_planned"] is not None and event["phase"] != "face":
            assert event["frames"] >= event["frames_planned"], event["phase"]


def test_where_onsets_are_fixed_there_is_no_time_for_a_question(wire):
    rows = [replace(row, onset_s=float(row.trial)) for row in ROWS]
    lab = Lab(wire.stable)
    lab.at(5.4, delivered_then(wire.unplug))
    error = lab.run(rows, stop_when_lost="block", asks_operator=True)
    assert "did not reach the recorder" in error
    assert lab.asked == []


def test_a_strict_line_that_never_stops_goes_on_to_the_end(wire):
    lab = Lab(wire.stable)
    lab.at(5.4, delivered_then(wire.unplug))
    assert lab.run(stop_when_lost="never", asks_operator=True) == ""
    assert lab.asked == []
    assert lab.log.of("end")[0]["triggers"]["lost"] > 0


# -- a box that takes nothing for a while ---------------------------------------------------------


def test_codes_that_a_stalled_box_refused_are_never_sent_afterwards(wire, bystander):
    lab = Lab(wire.stable)
    lab.at(3.1, delivered_then(wire.stall))
    lab.at(6.05, wire.release)
    assert lab.run(stop_when_lost=None) == ""
    refused = [e for e in lab.log.of("trigger") if e["outcome"] == "blocked"]
    assert refused
    assert {e["errno"] for e in refused} == {errno.EAGAIN}
    assert all(3.1 <= e["t_event"] <= 6.05 for e in refused)
    assert arrived(wire) == lab.reached()
    assert len(list(lab.log.of("trial"))) == TRIALS
    assert nothing_late(lab.log)


def fill(port):
    """Write until nothing more is taken, also not after the system has moved what it holds."""
    refused = 0
    while refused < 20:
        try:
            os.write(port, bytes(1))
            refused = 0
        except BlockingIOError:
            refused += 1
            time.sleep(0.002)


def test_a_wedged_reader_costs_codes_and_never_time():
    box, slave = os.openpty()
    tty.setraw(slave)
    os.set_blocking(slave, False)
    lab = Lab(os.ttyname(slave))
    fill(slave)
    began = time.perf_counter()
    assert lab.run(stop_when_lost=None) == ""
    assert time.perf_counter() - began < 10
    assert len(list(lab.log.of("trial"))) == TRIALS
    assert {outcome for _, outcome in lab.outcomes()} == {"blocked"}
    os.close(box)
    os.close(slave)


def test_commands_that_are_cut_show_no_code_that_was_not_sent(monkeypatch, bystander):
    with Wire(BOXES["usb2ttl8"]()) as wire:
        lab = Lab(wire.name, "usb2ttl8")
        write, seen = os.write, []

        def cut(descriptor, data):
            if data.startswith(b"WRITE 1") and len(data) == len(b"WRITE 125\n"):
                seen.append(data)
                if len(seen) % 3 == 0:
                    monkeypatch.setattr(os, "write", refuse_the_rest)
                    return write(descriptor, data[:7])
            return write(descriptor, data)

        def refuse_the_rest(_descriptor, _data):
            monkeypatch.setattr(os, "write", cut)
            raise BlockingIOError(errno.EAGAIN, "full")

        monkeypatch.setattr(os, "write", cut)
        assert lab.run(stop_when_lost=None) == ""
        monkeypatch.undo()
        time.sleep(PATIENCE_S)
        assert (FACE, "partial") in lab.outcomes() or (RESPONSE, "partial") in lab.outcomes()
        lines = bytes(byte for _, byte in wire.received).decode().splitlines()
    understood = [line for line in lines if re.fullmatch(r"WRITE [0-9]+", line)]
    assert [int(line.split()[1]) for line in understood if line != "WRITE 0"] == lab.reached()
    assert nothing_late(lab.log)


# -- the end of a run -----------------------------------------------------------------------------


def simulated(tmp_path, *more):
    words = f"run eyes --participant 01 --data {tmp_path} --rig {tmp_path / 'rig.toml'}"
    words += " --simulate --virtual --first 3"
    return main([*words.split(), *more])


@pytest.fixture
def rig(tmp_path):
    path = tmp_path / "rig.toml"
    path.write_text('[trigger]\ndevice = "biosemi"\nport = "COM3"\non_error = "continue"\n')
    return path


def test_a_run_that_lost_codes_ends_with_an_exit_code_and_its_counts(
    rig, tmp_path, monkeypatch, capsys
):
    from mbtexp import conduct

    def flaky(settings, clock, *_words, **_options):
        return Sender(settings, RecordingLink(clock, faults={4: "blocked", 6: "failed"}), clock)

    monkeypatch.setattr(conduct, "open_trigger", flaky)
    assert simulated(tmp_path) == 1
    told = capsys.readouterr()
    assert "2 failed" in told.out or "NO TRIGGERS SENT" in told.out
    assert "did not reach the recorder" in told.err


def test_each_code_has_its_trial_its_frame_and_how_late_that_was(rig, tmp_path):
    assert simulated(tmp_path) == 0
    log = read_log(next(iter(find_logs(tmp_path))))
    flips = [e for e in log.of("trigger") if e["kind_of"] == "flip"]
    onsets = {phase["onset"]: phase for phase in log.of("phase")}
    for event in flips[1:]:
        phase = onsets[event["t_flip"]]
        assert event["trial"] == phase["trial"]
        late_s = phase["onset"] - phase["onset_planned"]
        assert event["frame_late_ms"] == pytest.approx(1000 * late_s, abs=0.002)
    frames = [event["frame_n"] for event in flips]
    assert frames == sorted(frames)
    assert frames[0] == 0
    answers = [e for e in log.of("trigger") if e["name"].startswith("response")]
    assert answers
    assert all(event["trial"] and event["frame_n"] is None for event in answers)


def test_a_line_that_is_mocked_says_so_everywhere(rig, tmp_path, capsys):
    assert simulated(tmp_path, "--mock-triggers", "--language", "de") == 0
    assert "NO TRIGGERS SENT; the run was made with --mock-triggers" in capsys.readouterr().out
    log = read_log(next(iter(find_logs(tmp_path))))
    assert log.header["trigger"]["mock"] is True
    assert {event["outcome"] for event in log.of("trigger")} == {"mock"}
    first = next(log.of("phase"))
    assert (first["phase"], first["frames"]) == ("no_triggers", 180)


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_texts_about_lost_codes_stand_in_each_language(language):
    from mbtexp.conduct import core_texts

    words = core_texts(language)
    text = words("codes_lost", n=3, since_s="93", trouble="it is gone", without=WITHOUT_CODES,
                 stop="escape", pause="p")  # fmt: skip
    assert all(part in text for part in ("3", "93 s", "it is gone", "f9", "escape"))
    assert "TRIGGER" in words("no_triggers")


def test_the_page_s_key_is_nobody_else_s():
    from mbtexp.task import find_task, task_names

    for name in task_names():
        task = find_task(name)
        for preset in task.presets:
            assert WITHOUT_CODES not in task.keys(task.settings(preset, {}))
