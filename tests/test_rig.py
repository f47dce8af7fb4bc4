"""rig.toml: what a lab can say of its room, and what is refused before a window opens."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mbtexp.errors import SettingError
from mbtexp.rig import Rig, read_rig, rig_from

WHOLE = """\
name = "EEG lab, Königstraße"
mode = "eeg"

[display]
refresh_hz = 120
width_px = 2560
height_px = 1440
photodiode = "top-left"

[trigger]
device = "serial"
port = "/dev/ttyUSB0"
pulse_ms = 8

[responses]
keys = ["a", "b", "c", "d", "h"]

[operator]
pause = "f8"

[scanner]
pulse_key = "5"

[site]
institution = "Universität"
"""


def written(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "rig.toml"
    path.write_bytes(text.encode(encoding))
    return path


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(SettingError) as refused:
        read_rig(written(folder, text))
    return str(refused.value)


def test_a_rig_file_is_read_whole(tmp_path: Path) -> None:
    rig = read_rig(written(tmp_path, WHOLE))
    assert (rig.name, rig.mode) == ("EEG lab, Königstraße", "eeg")
    assert rig.display.refresh_hz == 120.0
    assert rig.trigger.port == "/dev/ttyUSB0"
    assert rig.responses.keys == ("a", "b", "c", "d", "h")
    assert (rig.operator.stop, rig.operator.pause) == ("escape", "f8")
    assert rig.site.institution == "Universität"


def test_an_empty_file_is_the_plain_rig(tmp_path: Path) -> None:
    assert read_rig(written(tmp_path, "")) == Rig()


def test_the_rig_goes_into_the_log_as_plain_json(tmp_path: Path) -> None:
    rig = read_rig(written(tmp_path, WHOLE))
    assert json.loads(json.dumps(rig.as_facts()))["display"]["width_px"] == 2560


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8"])
def test_windows_mark_at_the_beginning_is_no_mistake(tmp_path: Path, encoding: str) -> None:
    assert read_rig(written(tmp_path, WHOLE, encoding)).mode == "eeg"


def test_an_umlaut_in_another_encoding_is_told(tmp_path: Path) -> None:
    path = written(tmp_path, WHOLE, "cp1252")
    with pytest.raises(SettingError) as refused:
        read_rig(path)
    assert str(refused.value) == (
        f"{path}: this is not UTF-8 text; save the file again with the encoding UTF-8."
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "[trigger]\ndevice = 'seriel'",
            "rig.toml: trigger: device is 'seriel'; did you mean 'serial'?",
        ),
        (
            "[triger]\ndevice = 'serial'",
            "rig.toml: 'triger' is not known here; did you mean 'trigger'?",
        ),
        (
            "[trigger]\nbuad = 9600",
            "rig.toml: trigger: 'buad' is not known here; did you mean 'baud'?",
        ),
        ("mode = 'meg'", "rig.toml: mode is 'meg'; did you mean 'eeg'?"),
        (
            "[display]\nrefresh_hz = '60'",
            "rig.toml: display: refresh_hz is '60'; it must be a number.",
        ),
        (
            "[display]\nrefresh_hz = 6",
            "rig.toml: display: refresh_hz is 6; it must be from 20 to 500.",
        ),
        (
            "[trigger]\nmax_code = 256",
            "rig.toml: trigger: max_code is 256; it must be from 1 to 255.",
        ),
        ("display = 60", "rig.toml: display is 60; it must be a table."),
        (
            "[trigger]\ndevice = 'serial'",
            "rig.toml: trigger: port is missing; name the port of the device.",
        ),
        (
            "[trigger]\ndevice = 'serial'\nport = 'COM3'\nbaud = 1200",
            "rig.toml: trigger: baud is 1200; that rate resets some boxes for good, use another.",
        ),
        (
            "[operator]\nstop = 'p'",
            "rig.toml: operator: stop and pause are both 'p'; give them two keys.",
        ),
        (
            "[operator]\npause = 'f9'",
            "rig.toml: operator: 'f9' goes on without trigger codes after some were lost; give "
            "stop and pause other keys.",
        ),
        (
            "mode = 'fmri'\n[scanner]\npulse_key = 'p'",
            "rig.toml: operator: pause and scanner: pulse_key are both 'p'; give them two keys.",
        ),
        (
            "[responses]\npause_button = 'p'",
            "rig.toml: responses: pause_button and operator: pause are both 'p'; give them two "
            "keys.",
        ),
        (
            "mode = 'fmri'\n[responses]\npause_button = 't'",
            "rig.toml: responses: pause_button and scanner: pulse_key are both 't'; give them two "
            "keys.",
        ),
    ],
)
def test_a_mistake_in_the_file_is_told_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    assert refusal(tmp_path, text) == said


def test_what_is_no_toml_is_told_with_its_line(tmp_path: Path) -> None:
    said = refusal(tmp_path, "[display]\nrefresh_hz = \n")
    assert said.startswith(f"{tmp_path / 'rig.toml'}: this is not valid TOML: ")
    assert "line 2" in said


def test_a_rig_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingError) as refused:
        read_rig(tmp_path / "rig.toml")
    assert str(refused.value) == (
        f"{tmp_path / 'rig.toml'}: the rig file cannot be read (No such file or directory); "
        "name another with --rig."
    )


def test_plain_values_name_their_own_source() -> None:
    with pytest.raises(SettingError, match=r"^lab: mode is 5; it can be 'behaviour'"):
        rig_from({"mode": 5}, where="lab")
