"""A new rig file by questions: what is asked, what is refused at once, and what is written."""

from __future__ import annotations

import io
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mbtexp.errors import DataError, DiskError, SettingError
from mbtexp.port import FoundPort
from mbtexp.rig import (
    DisplaySettings,
    ResponseSettings,
    Rig,
    ScannerSettings,
    SiteSettings,
    TriggerSettings,
    read_rig,
    rig_from,
)
from mbtexp.rig_devices import device_text, devices_text
from mbtexp.rig_new import QUESTIONS, devices_by_usb, new_rig, ports_text
from mbtexp.rig_write import rig_text
from mbtexp.terminal import Nobody, Terminal
from mbtexp.triggers.devices import DEVICES

NEUROSPEC = FoundPort(
    device="/dev/ttyACM0",
    stable="/dev/serial/by-id/usb-Arduino_Micro-if00",
    vid_pid="2341:8037",
    serial_number=None,
    description="Arduino Micro",
)
ONBOARD = FoundPort("/dev/ttyS0", "/dev/ttyS0", None, None, "ttyS0")


class Answers:
    """Answers by the key that is asked for; Return to everything else, nobody after ``until``."""

    def __init__(self, until: str = "", **answers: str | list[str]) -> None:
        self._answers = {k: [v] if isinstance(v, str) else list(v) for k, v in answers.items()}
        self._until = until
        self.asked: list[str] = []
        self.said: list[str] = []
        self._section = ""

    def say(self, text: str, /) -> None:
        self.said.append(text)
        if text.strip().startswith("["):
            self._section = text.strip()[1:-1] + "_"

    def ask(self, question: str, /) -> str | None:
        key = self._section + question.partition(":")[0]
        self.asked.append(question)
        if key == self._until:
            return None
        left = self._answers.get(key, [])
        return left.pop(0) if left else ""

    def yes(self, question: str, /) -> bool | None:
        raise AssertionError(question)

    def question(self, start: str) -> str:
        return next(text for text in self.asked if text.startswith(start))


def asked(tmp_path: Path, answers: Answers, *ports: FoundPort) -> Rig:
    rig = new_rig(tmp_path / "rig.toml", answers, ports=ports)
    assert read_rig(tmp_path / "rig.toml") == rig
    return rig


def test_return_to_everything_writes_the_defaults(tmp_path: Path) -> None:
    answers = Answers()
    assert asked(tmp_path, answers) == Rig()
    assert answers.question("refresh_hz") == "refresh_hz: nominal refresh rate, Hz [60.0]:"
    assert "(behaviour, eeg, fmri) [behaviour]:" in answers.question("mode")


def test_an_eeg_room_is_asked_for_its_box_and_gets_the_one_that_is_plugged_in(
    tmp_path: Path,
) -> None:
    answers = Answers(name="EEG 1", mode="eeg", display_photodiode="top-left")
    rig = asked(tmp_path, answers, ONBOARD, NEUROSPEC)
    assert rig.trigger == TriggerSettings(device="mmbts-p", port=NEUROSPEC.stable)
    assert rig.display.photodiode == "top-left"
    assert "perhaps mmbts-p or mmbts-s" in "".join(answers.said)
    # A box that knows one rate and one width is asked for neither.
    assert not [text for text in answers.asked if text.startswith(("baud", "pulse_ms"))]


def test_a_port_can_be_given_by_its_number(tmp_path: Path) -> None:
    answers = Answers(trigger_device="serial", trigger_port="1")
    assert asked(tmp_path, answers, ONBOARD, NEUROSPEC).trigger.port == "/dev/ttyS0"


def test_a_scanner_is_asked_for_its_pulses_only_in_an_fmri_room(tmp_path: Path) -> None:
    answers = Answers(mode="fmri", scanner_pulse_key="5", scanner_tr_s="2.0")
    rig = asked(tmp_path, answers)
    assert rig.scanner == ScannerSettings(pulse_key="5", tr_s=2.0)
    assert not [text for text in answers.asked if text.startswith("pulse_byte")]
    other = Answers()
    new_rig(tmp_path / "other.toml", other, ports=[])
    assert not [text for text in other.asked if text.startswith(("tr_s", "source"))]


@pytest.mark.parametrize(
    ("answers", "refused"),
    [
        ({"mode": ["egg", "behaviour"]}, "mode is 'egg'; did you mean 'eeg'?"),
        ({"display_refresh_hz": ["fast", "60"]}, "refresh_hz is 'fast'; it must be a number."),
        ({"display_refresh_hz": ["6", "60"]}, "refresh_hz is 6; it must be from 20 to 500."),
        (
            {"trigger_device": "biosemi", "trigger_port": "a", "trigger_pulse_ms": ["5", "8"]},
            "pulse_ms is 5, but a recorder at 250 Hz needs 8 ms",
        ),
        ({"trigger_device": "serial", "trigger_port": ["", "a"]}, "trigger: port is missing"),
        ({"mode": "eeg", "trigger_device": ["none", "serial"], "trigger_port": "a"}, "no codes"),
        (
            {"trigger_device": "xid2", "trigger_port": "a", "trigger_baud": ["1200", ""]},
            "baud is 1200; that rate resets some boxes for good",
        ),
        ({"responses_keys": ["f,f", "f,j"]}, "is named twice"),
        ({"responses_device": "forp", "responses_port": ["", "a"]}, "responses: port is missing"),
        ({"operator_pause": ["escape", "p"]}, "stop and pause are both 'escape'"),
    ],
)
def test_every_answer_is_checked_at_once_by_the_rules_of_the_file(
    tmp_path: Path, answers: dict[str, Any], refused: str
) -> None:
    given = Answers(**answers)
    asked(tmp_path, given)
    assert refused in "\n".join(given.said)


def test_a_box_that_needs_a_width_is_asked_until_it_has_one(tmp_path: Path) -> None:
    answers = Answers(trigger_device="arduino-pulse", trigger_port="a", trigger_pulse_ms=["", "12"])
    assert asked(tmp_path, answers).trigger.pulse_ms == 12
    assert "pulse_ms is missing" in "\n".join(answers.said)


def test_a_question_answered_wrongly_again_and_again_ends_without_a_file(tmp_path: Path) -> None:
    answers = Answers(mode=["x"] * 9)
    with pytest.raises(SettingError, match="'mode' was answered wrongly 5 times"):
        asked(tmp_path, answers)
    assert list(tmp_path.iterdir()) == []


def test_answers_that_end_early_leave_no_file(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="ended at 'display: width_cm'; no file was written"):
        asked(tmp_path, Answers(until="display_width_cm"))
    with pytest.raises(SettingError, match="The answers ended at 'name'"):
        new_rig(tmp_path / "rig.toml", Nobody(), ports=[])
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_exists_is_never_touched(tmp_path: Path) -> None:
    path = tmp_path / "rig.toml"
    path.write_text("name = 'old'\n", encoding="utf-8")
    with pytest.raises(DataError, match="exists already and is not overwritten"):
        new_rig(path, Answers(), ports=[])
    assert path.read_text(encoding="utf-8") == "name = 'old'\n"


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(DiskError, match="cannot be written"):
        new_rig(tmp_path / "no" / "rig.toml", Answers(), ports=[])


def test_piped_answers_are_read_line_by_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    piped = Terminal(io.StringIO("Room 2\n" + "\n" * 40))
    assert new_rig(tmp_path / "rig.toml", piped, ports=[]).name == "Room 2"
    assert "name: name of the rig [unnamed]: Room 2\n" in capsys.readouterr().out


def test_every_question_is_about_a_setting() -> None:
    facts = Rig().as_facts()
    for question in QUESTIONS:
        section = facts[question.section] if question.section else facts
        assert question.key in section, question


# -- the file -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rig",
    [
        Rig(),
        Rig(
            name='Büro "2" \\ \x7f',
            mode="fmri",
            display=DisplaySettings(gamma=2.2, refresh_hz=59.94, photodiode="bottom-left"),
            trigger=TriggerSettings(device="xid2", port="COM3", lsl=True, pulse_ms=12.5),
            responses=ResponseSettings(
                keys=("index", "b"),
                fingers={"index": "1", "right thumb": "b"},
                tasks={"trust binary": ("b", "y"), "eyes": ("1", "2", "3", "4")},
            ),
            scanner=ScannerSettings(tr_s=1.5, volumes=210),
            site=SiteSettings(institution="Uni\nInstitut"),
        ),
    ],
)
def test_a_rig_reads_back_equal(rig: Rig) -> None:
    assert rig_from(tomllib.loads(rig_text(rig)), where="rig.toml") == rig


def test_every_setting_stands_in_the_file_with_its_meaning() -> None:
    text = rig_text(replace(Rig(), mode="eeg", trigger=TriggerSettings("biosemi", "COM3")))
    for section, settings in Rig().as_facts().items():
        for key in settings if isinstance(settings, dict) else [section]:
            assert f"\n{key} = " in text or f"\n# {key} =" in text, key
    assert "# left out: " not in text.splitlines()
    assert "None" not in text
    assert max(map(len, text.splitlines())) <= 100


# -- devices and ports ----------------------------------------------------------------------------


def test_every_device_is_listed_with_what_to_look_at() -> None:
    text = devices_text()
    for name, row in DEVICES.items():
        assert f"{name}: {row.title}\n" in text
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize("name", DEVICES)
def test_one_device_is_shown_with_its_source_and_that_it_was_not_tried(name: str) -> None:
    text = device_text(name)
    assert "source: " in text
    assert "Not tried on the real box." in text
    assert f'device = "{name}"' in text
    assert ("port = " in text) == (DEVICES[name].kind != "lsl")


def test_a_device_that_does_not_exist_gets_a_hint() -> None:
    with pytest.raises(SettingError, match="did you mean 'biosemi'"):
        device_text("biosmi")


def test_ports_are_listed_with_their_stable_name_and_a_guess() -> None:
    assert ports_text([]) == "No serial port was found on this machine."
    assert ports_text([ONBOARD, NEUROSPEC]).splitlines() == [
        "1  /dev/ttyS0",
        "   /dev/ttyS0 (ttyS0)",
        "2  /dev/serial/by-id/usb-Arduino_Micro-if00",
        "   /dev/ttyACM0 (2341:8037, Arduino Micro) - perhaps mmbts-p or mmbts-s",
    ]
    assert devices_by_usb(None) == []
