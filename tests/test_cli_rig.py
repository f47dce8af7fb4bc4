"""The commands about the room: what they print, what they leave, and with which exit code."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from mbtexp import cli
from mbtexp.check import line, room
from mbtexp.clock import MonotonicClock
from mbtexp.conduct import Request, conduct
from mbtexp.rig import read_rig
from mbtexp.triggers.devices import DEVICES
from mbtexp.virtual.boxes import BOXES, LatchBox

if os.name != "nt":
    from mbtexp.virtual.wire import Wire

pytestmark = pytest.mark.skipif(os.name == "nt", reason="pseudo-terminals are a POSIX thing")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(line, "WRITES", 5)
    monkeypatch.setattr(line, "WALK_EVERY_S", 0.001)
    monkeypatch.setattr(room, "SLEEPS", 3)
    return tmp_path


@pytest.fixture
def piped(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Pipes answers into the command."""
    import io

    def pipe(*answers: str) -> None:
        text = "".join(f"{answer}\n" for answer in answers)
        monkeypatch.setattr("sys.stdin", io.StringIO(text))

    return pipe


def rig(device: str, port: str) -> None:
    Path("rig.toml").write_text(
        f'name = "lab"\nmode = "eeg"\n[trigger]\ndevice = "{device}"\nport = "{port}"\n',
        encoding="utf-8",
    )


def run(words: str) -> int:
    return cli.main(words.split())


NO_SCREEN = "--skip display --skip keyboard"


def test_a_check_says_each_part_and_where_it_was_kept(
    folder: Path, piped: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    piped("", "yes")
    with Wire(LatchBox()) as wire:
        rig("serial", wire.name)
        assert run(f"check --data study {NO_SCREEN}") == 0
    said = capsys.readouterr().out
    assert "      ok  Line walk: 10 codes were sent and seen." in said
    assert " skipped  Display: left out by the operator." in said
    assert "Kept: study/sourcedata/checks/lab_" in said
    assert len(list(folder.glob("study/sourcedata/checks/lab_*_check.*"))) == 3


def test_a_failed_part_is_exit_code_1_and_a_bad_file_2(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rig("serial", "/dev/ttyUSB7")
    assert run(f"check --unattended {NO_SCREEN}") == 1
    said = capsys.readouterr().out
    assert "FAILED: trigger port. Mend this before a participant comes." in said
    assert "Not kept: name the study's folder with --data." in said
    rig("seriel", "a")
    assert run("check") == 2
    assert "did you mean 'serial'?" in capsys.readouterr().err
    assert run("check --rig none.toml") == 2
    assert "none.toml: the rig file cannot be read" in capsys.readouterr().err


def test_a_change_since_the_baseline_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("rig.toml").write_text('name = "lab"\n', encoding="utf-8")
    assert run(f"check --data study --baseline {NO_SCREEN}") == 0
    time.sleep(1.0)  # names hold whole seconds
    Path("rig.toml").write_text('name = "lab"\n[display]\nrefresh_hz = 75\n', encoding="utf-8")
    assert run(f"check --data study {NO_SCREEN}") == 0
    assert "CHANGED  rig file: display: refresh_hz: was 60, is 75" in capsys.readouterr().out


def test_the_line_is_walked_alone(
    folder: Path, piped: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    piped("", "no", "2 1")
    with Wire(LatchBox()) as wire:
        rig("serial", wire.name)
        assert run("check linewalk") == 1
        assert run("check --rig rig.toml linewalk --rig rig.toml") == 0  # nobody answers any more
    said = capsys.readouterr().out
    assert "10 codes were sent and 2 were seen" in said
    assert "nobody answered; not confirmed." in said


def test_the_rig_is_named_before_or_after_the_test(folder: Path) -> None:
    parser = cli._parser()
    before = parser.parse_args(["check", "--rig", "a.toml", "linewalk"])
    after = parser.parse_args(["check", "linewalk", "--rig", "a.toml"])
    assert before.rig == after.rig == Path("a.toml")
    assert parser.parse_args(["check"]).rig == Path("rig.toml")


def test_a_loop_and_a_latency_timer_have_their_exit_codes(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from mbtexp import port
    from mbtexp.check import loopback

    monkeypatch.setattr(loopback, "PATIENCE_S", 0.01)
    with Wire(LatchBox()) as wire:
        rig("serial", wire.name)
        assert run("check loopback") == 1
        assert "Nothing came back" in capsys.readouterr().out
        assert run("check latency") == 0
        timer = folder / "timer"
        timer.write_text("16\n", encoding="ascii")
        monkeypatch.setattr(port, "latency_timer_file", lambda _name: timer)
        assert run(f"check latency --port {wire.name}") == 0
        assert timer.read_text(encoding="ascii") == "1\n"
        timer.write_text("16\n", encoding="ascii")
        monkeypatch.setattr(Path, "write_text", lambda *_, **__: 2)
        assert run("check latency") == 1
    assert "99-ftdi-latency.rules" in capsys.readouterr().out


def test_buttons_scanner_and_photodiode_refuse_what_the_rig_has_not(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("rig.toml").write_text('name = "lab"\n', encoding="utf-8")
    for words, reason in (
        ("check buttons", "keys names none"),
        ("check scanner", "no pulses are expected"),
        ("check photodiode --data study", "name the corner"),
        ("check photodiode --data study --corner top-left", "without codes there is nothing"),
        ("check linewalk", "there is no line to test"),
        ("check latency", "uses no serial port"),
    ):
        assert run(words) == 2
        assert reason in capsys.readouterr().err, words
    assert not Path("study").exists()


def test_a_rig_file_is_asked_for_and_then_checked(
    folder: Path, piped: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    piped("Room 1", *[""] * 40)
    assert run("rig new") == 0
    assert read_rig(Path("rig.toml")).name == "Room 1"
    assert "Now try the room: mbtexp check --rig rig.toml" in capsys.readouterr().out
    assert run("rig new") == 2
    assert "exists already and is not overwritten" in capsys.readouterr().err


def test_devices_and_ports_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("rig devices") == 0
    assert "biosemi: BioSemi USB trigger interface" in capsys.readouterr().out
    assert run("rig devices biosemi") == 0
    assert 'device = "biosemi"' in capsys.readouterr().out
    assert run("rig ports") == 0
    assert capsys.readouterr().out.strip()


def test_an_emulated_box_tells_codes_until_it_is_interrupted(tmp_path: Path) -> None:
    port = tmp_path / "box"
    words = [sys.executable, "-m", "mbtexp.cli", "rig", "emulate", "biosemi", "--port", str(port)]
    box = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1])
    try:
        limit = time.monotonic() + 20
        while not port.exists() and time.monotonic() < limit:
            time.sleep(0.02)
        clock = MonotonicClock()
        from mbtexp.rig import TriggerSettings
        from mbtexp.triggers import Sender, open_trigger

        line_ = open_trigger(TriggerSettings(device="biosemi", port=str(port)), clock)
        assert isinstance(line_, Sender)
        line_.pulse(125, "test")
        time.sleep(0.3)
        line_.close()
        clock.close()
        box.send_signal(signal.SIGINT)
        said, _ = box.communicate(timeout=20)
    finally:
        box.kill()
        box.wait()
    assert box.returncode == 0
    assert f"An emulated biosemi is at port {port}" in said
    assert "code 125" in said


def test_an_unknown_box_cannot_be_emulated(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("rig emulate biosmi") == 2
    assert "did you mean 'biosemi'?" in capsys.readouterr().err
    assert set(BOXES) <= set(DEVICES)


def test_a_log_is_held_against_its_recording_and_the_result_is_the_exit_code(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import analysis.photodiode
    import analysis.reconcile

    class Found:
        ok = False

        def text(self) -> str:
            return "1 code is missing\n"

        def write(self) -> tuple[Path, ...]:
            return (Path("codes.tsv"),)

    asked: list[Any] = []

    def note(*words: Any, **given: Any) -> Found:
        asked.append((words, given))
        return Found()

    monkeypatch.setattr(analysis.reconcile, "reconcile", note)
    monkeypatch.setattr(analysis.photodiode, "measure", note)
    assert run("reconcile a_log.jsonl b.vhdr --out there") == 1
    assert run("check analyse c.bdf --channel Erg1") == 1
    assert asked == [
        ((Path("a_log.jsonl"), Path("b.vhdr")), {"out": Path("there"), "rehearsal": False}),
        ((Path("c.bdf"),), {"channel": "Erg1", "code": None}),
    ]
    assert "1 code is missing\nKept: codes.tsv" in capsys.readouterr().out


def test_a_recording_that_is_not_there_is_told_in_a_sentence(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("mne", reason="needs the extra eeg")
    log = conduct(
        Request("eyes", "01", folder / "study", simulate=True, virtual=True, changes={"items": "2"})
    ).log
    assert run(f"reconcile {log} none.vhdr") == 2
    assert run("check analyse none.vhdr") == 2
    assert "none.vhdr" in capsys.readouterr().err
