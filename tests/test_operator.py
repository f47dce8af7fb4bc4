"""The operator's window without a window: what is filled in, what it stands for, what is wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import pytest

from mbtexp.cli import _parser, main
from mbtexp.conduct import Request, conduct
from mbtexp.errors import DeviceError, RunAborted
from mbtexp.languages import languages, read_words
from mbtexp.operator import opening
from mbtexp.operator.entries import (
    FIELDS,
    MODES,
    Entries,
    What,
    choices,
    mistakes,
    placed,
    plan_words,
    start_words,
    watch_words,
)
from mbtexp.operator.existing import Existing, Steps, existing, shows_photographs, steps_to_choose
from mbtexp.operator.remembered import Remembered, recall, remember, settings_file

TEXTS = Path(__file__).parents[1] / "mbtexp" / "texts"
EYES = What("task", "eyes")
ATTACHMENT = What("task", "attachment")
SHORT = """\
name = "short"
title = "One short run"
version = "1"

[[steps]]
step = "eyes"
task = "eyes"
first = 2

[[steps]]
step = "trust"
task = "trust"
first = 1
"""


@pytest.fixture
def entries(tmp_path: Path) -> Entries:
    return Entries(data=str(tmp_path / "study"), participant="01", what=EYES, mode="dry")


# -- the command ----------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("what", [EYES, What("protocol", "mbt_core")])
@pytest.mark.parametrize("resume", [False, True])
def test_every_filling_in_is_a_command_that_can_be_typed(
    entries: Entries, mode: str, what: What, resume: bool
) -> None:
    filled = replace(entries, mode=mode, what=what, resume=resume, rig="rig.toml", group="bpd")
    for words in (start_words(filled), plan_words(filled), watch_words(filled)):
        _parser().parse_args(words)
    options = _parser().parse_args(start_words(filled))
    assert (options.participant, options.data, options.resume) == ("01", Path(filled.data), resume)
    assert (options.pilot, options.simulate, options.virtual) == {
        "lab": (False, False, False),
        "pilot": (True, False, False),
        "dry": (True, True, True),
    }[mode]


def test_steps_are_left_out_in_the_words_of_the_command(entries: Entries) -> None:
    session = replace(entries, what=What("protocol", "mbt_core"))
    chosen = replace(session, start_at="eyes_1", skip=("trust_1", "rest"), reason="- tired")
    for words in (start_words(chosen), plan_words(chosen)):
        options = _parser().parse_args(words)
        assert (options.start_at, options.skip) == ("eyes_1", ["trust_1", "rest"])
        assert options.reason == "- tired"
    assert mistakes(chosen) == {}
    assert mistakes(replace(chosen, reason="")) == {"steps": ""}
    assert not {"--from", "--skip", "--reason"} & set(start_words(replace(session, reason="x")))


def test_photographs_are_a_word_of_the_run_and_of_a_plan_that_is_a_person_s(
    entries: Entries,
) -> None:
    shown = replace(entries, what=ATTACHMENT, photos="store", mode="lab")
    assert _parser().parse_args(start_words(shown)).photos == Path("store")
    assert _parser().parse_args(plan_words(shown)).photos == Path("store")
    assert _parser().parse_args(plan_words(replace(shown, mode="dry"))).photos is None
    assert _parser().parse_args(start_words(entries)).photos is None


@pytest.mark.parametrize(
    ("what", "shows"),
    [
        (What("task", "attachment"), True),
        (What("protocol", "mbt_core"), True),
        (What("task", "eyes"), False),
        (What("protocol", "SHORT"), False),
        (What("protocol", "nowhere.toml"), False),
        (None, False),
    ],
)
def test_photographs_are_asked_for_only_where_they_can_be_shown(
    tmp_path: Path, what: What | None, shows: bool
) -> None:
    (tmp_path / "short.toml").write_text(SHORT, encoding="utf-8")
    own = What("protocol", str(tmp_path / "short.toml"))
    assert shows_photographs(own if what == What("protocol", "SHORT") else what) == shows


def test_asking_what_will_happen_begins_nothing(entries: Entries, tmp_path: Path) -> None:
    protocol = tmp_path / "short.toml"
    protocol.write_text(SHORT, encoding="utf-8")
    for what in (EYES, What("protocol", str(protocol))):
        assert main(plan_words(replace(entries, what=what))) == 0
    assert not Path(entries.data).exists()


def test_protocols_of_the_study_s_folder_can_be_chosen_beside_the_shipped_ones(
    tmp_path: Path,
) -> None:
    (tmp_path / "short.toml").write_text(SHORT, encoding="utf-8")
    (tmp_path / "rig.toml").write_text('name = "room 1"\n', encoding="utf-8")
    (tmp_path / "broken.toml").write_text("name = ", encoding="utf-8")
    offered = choices(str(tmp_path))
    own = [what.label for what in offered if what.name.startswith(str(tmp_path))]
    assert own == ["short.toml"]
    assert EYES in offered


# -- mistakes -------------------------------------------------------------------------------------


def test_what_is_not_filled_in_yet_is_no_mistake_but_keeps_from_starting() -> None:
    assert mistakes(Entries()) == {"data": "", "participant": "", "what": ""}


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"participant": "Anna B."}, "participant", "--participant 'Anna B.': use letters and"),
        ({"session": "../x"}, "session", "--session '../x': use letters and digits only"),
        ({"rig": "nowhere.toml"}, "rig", "nowhere.toml: the rig file cannot be read"),
        ({"data": __file__}, "data", f"{__file__} is a file; give --data a folder."),
    ],
)
def test_a_mistake_is_told_beside_its_field_as_the_command_line_tells_it(
    entries: Entries,
    changes: dict[str, str],
    field: str,
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    wrong = replace(entries, mode="pilot", **changes)  # type: ignore[arg-type]
    told = mistakes(wrong)
    assert list(told) == [field]
    assert told[field].startswith(said)
    command = main([*start_words(replace(wrong, mode="dry"))])
    assert command == 2
    assert capsys.readouterr().err == f"mbtexp: {told[field]}\n"


@pytest.mark.parametrize("where", ["nowhere", "study/store", "empty"])
def test_a_mistake_in_the_photographs_is_told_as_the_command_line_tells_it(
    entries: Entries, tmp_path: Path, where: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if where != "nowhere":
        (tmp_path / where).mkdir(mode=0o700, parents=True)
    wrong = replace(entries, what=ATTACHMENT, photos=str(tmp_path / where))
    told = mistakes(wrong)
    assert list(told) == ["photos"]
    assert main(start_words(wrong)) == 2
    assert capsys.readouterr().err == f"mbtexp: {told['photos']}\n"
    assert placed(told["photos"], wrong) == "photos"


def test_simulated_and_real_participants_are_kept_apart_before_anything_starts(
    entries: Entries,
) -> None:
    conduct(Request("eyes", "09", Path(entries.data), simulate=True, virtual=True, first=1))
    assert "holds simulated participants" in mistakes(replace(entries, mode="lab"))["data"]
    assert mistakes(entries) == {}


@pytest.mark.parametrize(
    ("sentence", "field"),
    [
        ("--participant 'a b': use letters and digits only", "participant"),
        ("--language 'fr': task 'eyes' has no such texts", "language"),
        ("lab/rig.toml: trigger: port 'COM9' does not exist", "rig"),
        ("rig.toml: trigger: port 'COM9' does not exist", "rig"),
        ("/data/study cannot be written; choose another", "data"),
        ("step eyes: task 'eyes' has no preset 'x'", "what"),
        ("--from 'rest': no step of this session has that name", "steps"),
        ("Photographs abcdefghjk were to be kept until 2026-01-01; erase them", "photos"),
        ("photos:abcdefghjk has one photograph of 'own' that may be shown", "photos"),
    ],
)
def test_a_sentence_of_the_command_finds_its_field(sentence: str, field: str) -> None:
    filled = Entries(data="/data/study", participant="01", what=EYES, rig="lab/rig.toml")
    filled = replace(filled, photos="store")
    assert placed(sentence, filled) == field


# -- logs that are there already ------------------------------------------------------------------


def test_an_interrupted_run_is_offered_to_go_on_with(entries: Entries) -> None:
    assert existing(entries) is None
    request = Request(
        "eyes", "01", Path(entries.data), simulate=True, virtual=True, pilot=True, first=4
    )
    with pytest.raises(RunAborted):
        conduct(request, on_progress=_stop_after_two)
    assert existing(entries) == Existing(2, 4, complete=False)
    assert existing(replace(entries, mode="lab")) is None
    assert existing(replace(entries, run=2)) is None


def _stop_after_two(done: int, _whole: int) -> None:
    if done == 2:
        raise RunAborted("stopped")


def test_a_complete_run_is_not_offered(entries: Entries) -> None:
    conduct(
        Request("eyes", "01", Path(entries.data), simulate=True, virtual=True, pilot=True, first=1)
    )
    assert existing(entries) == Existing(1, 1, complete=True)


def test_a_session_is_known_with_its_steps(entries: Entries, tmp_path: Path) -> None:
    protocol = tmp_path / "short.toml"
    protocol.write_text(SHORT, encoding="utf-8")
    session = replace(entries, what=What("protocol", str(protocol)))
    assert existing(session) is None
    assert main(start_words(session)) == 0
    assert existing(session) == Existing(2, 2, complete=True)
    [log] = Path(entries.data).rglob("*_session.jsonl")
    lines = log.read_bytes().splitlines(keepends=True)
    begun = next(
        n for n, line in enumerate(lines) if b'"step_start"' in line and b'"trust"' in line
    )
    log.write_bytes(b"".join(lines[: begun + 1]))
    assert existing(session) == Existing(1, 2, complete=False)
    assert steps_to_choose(session) == Steps(begin=("trust",), leave=())
    assert steps_to_choose(replace(session, participant="02")) == Steps(
        ("eyes", "trust"), ("eyes", "trust")
    )
    assert steps_to_choose(entries) == Steps()


def test_a_step_that_only_a_rule_begins_is_not_offered(entries: Entries) -> None:
    offered = steps_to_choose(replace(entries, what=What("protocol", "mbt_core")))
    assert "mood_baseline" in offered.begin
    assert "more_faces" not in (*offered.begin, *offered.leave)


# -- what is remembered ---------------------------------------------------------------------------


def test_the_last_values_are_remembered_and_whom_they_were_about_is_not(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "operator.json"
    values = Remembered(
        data="/data/study", kind="task", name="eyes", rig="rig.toml", photos="st", mode="pilot"
    )
    remember(path, values)
    assert recall(path) == values
    assert not {"participant", "group"} & set(json.loads(path.read_text(encoding="utf-8")))
    secret = {"participant", "group", "passphrase", "start_at", "skip", "reason"}
    assert not secret & {field.name for field in fields(Remembered)}


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"data": 7, "colour": "red"}'])
def test_a_damaged_file_of_settings_is_as_good_as_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "operator.json"
    path.write_text(text, encoding="utf-8")
    assert recall(path) == Remembered()
    assert recall(tmp_path / "none.json") == Remembered()


def test_settings_that_cannot_be_kept_keep_nobody_from_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    remember(tmp_path / "file" / "operator.json", Remembered())
    assert recall(tmp_path / "file" / "operator.json") == Remembered()


@pytest.mark.skipif(sys.platform != "linux", reason="each system has its own place")
def test_settings_lie_where_the_system_keeps_them() -> None:
    home = {"HOME": "/home/lab"}
    assert settings_file(home) == Path("/home/lab/.config/mbtexp/operator.json")
    assert settings_file({**home, "XDG_CONFIG_HOME": "/c"}) == Path("/c/mbtexp/operator.json")


# -- words, and no window -------------------------------------------------------------------------


def test_the_window_speaks_every_language_completely() -> None:
    assert {"de", "en"} <= set(languages(TEXTS, "operator"))
    _, english = read_words(TEXTS, "operator", "en", whose="the window")
    for language in languages(TEXTS, "operator"):
        _, words = read_words(TEXTS, "operator", language, whose="the window")
        assert set(words) == set(english)
        for key, text in words.items():
            assert text.count("{") == english[key].count("{"), key
    assert all(name in english for name in FIELDS)


@pytest.mark.skipif(sys.platform != "linux", reason="a display can be missing on Linux only")
def test_without_a_display_the_program_alone_prints_its_help_and_says_why(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    assert main([]) == 2
    said = capsys.readouterr()
    assert "usage: mbtexp" in said.out
    assert said.err == (
        "mbtexp: the operator's window needs a display, and there is none here; use the commands "
        "above.\n"
    )


@pytest.mark.parametrize(
    ("stderr", "said"),
    [
        ("ModuleNotFoundError: No module named 'PyQt6'", "needs PyQt6; install mbtexp with the"),
        ("qt.qpa.xcb: could not connect to display :9", "named by DISPLAY does not answer"),
        ('qt.qpa.plugin: Could not load the Qt platform plugin "xcb"', "apt install libxcb-cursor"),
        ("something\nquite else.", "could not be opened (quite else)"),
    ],
)
def test_without_a_working_qt_the_reason_is_one_plain_sentence(
    monkeypatch: pytest.MonkeyPatch, stderr: str, said: str
) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    failed = subprocess.CompletedProcess([], 1, "", stderr)
    monkeypatch.setattr(opening.subprocess, "run", lambda *_args, **_words: failed)
    with pytest.raises(DeviceError) as refused:
        opening.open_window()
    assert said in str(refused.value)


def test_neither_the_command_line_nor_the_watch_nor_a_run_loads_qt(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "import mbtexp.cli, mbtexp.conduct, mbtexp.watch.loop, mbtexp.operator.entries\n"
        "import mbtexp.operator.child\n"
        "print(sorted(name for name in sys.modules if name.startswith('PyQt')))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert ran.stdout.strip() == "[]"
