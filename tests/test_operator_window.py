"""The operator's window with real key presses: filled in, started, asked, and come back."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest

from mbtexp.conduct import Request, conduct
from mbtexp.errors import RunAborted
from mbtexp.events import find_logs, read_log

pytest.importorskip("PyQt6", reason="Qt comes with the extra 'lab'")

pytestmark = [pytest.mark.screen, pytest.mark.untimed]

XDOTOOL = shutil.which("xdotool")

SHORT = """\
name = "short"
title = "Two short runs"
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

PATIENCE_S = 60.0
"""A busy machine may take its time."""


@cache
def works(platform: str) -> bool:
    """Whether Qt starts on a platform; tried in another process, which it ends where it cannot."""
    code = "from PyQt6.QtWidgets import QApplication; QApplication([])"
    tried = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "QT_QPA_PLATFORM": platform},
        capture_output=True,
        timeout=60,
        check=False,
    )
    return tried.returncode == 0


@pytest.fixture(scope="module")
def application(display: str) -> Iterator[Any]:
    """Qt on the display; without one, where Qt finds no library for it."""
    assert display is not None
    from PyQt6.QtWidgets import QApplication

    with pytest.MonkeyPatch.context() as environment:
        if sys.platform == "linux" and not works("xcb"):
            environment.setenv("QT_QPA_PLATFORM", "offscreen")
        yield QApplication.instance() or QApplication([])


def until(condition: Callable[[], object]) -> None:
    """Let the window live until something is so."""
    from PyQt6.QtTest import QTest

    ends = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < ends, "it did not come to that"
        QTest.qWait(20)


def press(key: str, times: int = 1) -> None:
    """A key, where the focus is."""
    from PyQt6.QtCore import Qt
    from PyQt6.QtTest import QTest
    from PyQt6.QtWidgets import QApplication

    for _ in range(times):
        QTest.keyClick(QApplication.focusWidget(), getattr(Qt.Key, f"Key_{key}"))


def write(text: str) -> None:
    """Letters, where the focus is."""
    from PyQt6.QtTest import QTest
    from PyQt6.QtWidgets import QApplication

    QTest.keyClicks(QApplication.focusWidget(), text)


@pytest.fixture
def opened(
    application: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Any]]:
    """A window that remembers these values of the last time, and waits for nobody to type on."""
    from PyQt6.QtTest import QTest

    from mbtexp.operator import runsheet
    from mbtexp.operator import window as module
    from mbtexp.operator.window import Window

    monkeypatch.setattr(module, "CHECK_MS", 20)
    monkeypatch.setattr(runsheet, "SHEET_MS", 20)
    windows: list[Any] = []

    def open_one(**remembered: str) -> Any:
        settings = tmp_path / "operator.json"
        settings.write_text(json.dumps(remembered), encoding="utf-8")
        window = Window(settings, "en")
        windows.append(window)
        window.show()
        QTest.qWaitForWindowExposed(window)
        window.activateWindow()
        QTest.qWaitForWindowActive(window)
        return window

    yield open_one
    for window in windows:
        if window._run is not None:
            window._run.drop()
            window._run = None
        window.close()


PASSPHRASE = "four random words here"


def photographs(base: Path) -> Path:
    """A store with locked pictures of two faces that are nobody's, permitted and approved."""
    pytest.importorskip("cryptography", reason="needs the extra 'photos'")
    drawing = pytest.importorskip("PIL.ImageDraw", reason="needs the extra 'photos'")
    from PIL import Image

    from mbtexp.photos import seal, secret
    from mbtexp.photos.manifest import Consent, Decision, PhotoSet
    from mbtexp.photos.prepare import Wanted, prepare
    from mbtexp.photos.store import change, open_store, sets_of

    for n, person in enumerate(("own", "own", "acq", "acq")):
        path = base / "originals" / person / f"{n}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        picture = Image.effect_noise((620, 700), 60 + n).convert("RGB")
        pen = drawing.Draw(picture)
        pen.ellipse((150, 100, 470, 560), fill=(150 + 10 * n, 120, 100))
        pen.rectangle((260, 440, 360 + 10 * n, 460), fill=(120, 30, 40))
        picture.save(path)
        path.with_suffix(".tem").write_text("3\n240\t300\n380\t300\n310\t450\n")
    store = open_store(base / "store", make=True)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(seal, "SCRYPT_N", 2**4)  # the lock itself says how dear a guess is
        patched.setenv(secret.VARIABLE, PASSPHRASE)
        token = prepare(base / "originals", store, Wanted("01", encrypt=True)).photo_set.token
    consent = Consent(given=True, on="2026-05-01", signed_by="self")
    for label in ("P1", "P2"):
        change(store, token, partial(PhotoSet.with_consent, label=label, consent=consent))
    yes = Decision(approved=True, utc="2026-05-02T10:00:00+00:00", by="simulated")
    (found,) = sets_of(store)
    change(store, token, lambda now: now.with_decisions({p.token: yes for p in found.photos}))
    return store


def eyes(folder: Path) -> dict[str, str]:
    """What is remembered of a dry run of the eyes."""
    return {"data": str(folder), "kind": "task", "name": "eyes", "mode": "dry"}


def test_a_run_is_filled_in_and_started_with_the_keyboard_alone(
    opened: Callable[..., Any], tmp_path: Path
) -> None:
    window = opened(kind="task", name="eyes", mode="dry")
    assert window.form.data.hasFocus()
    write(str(tmp_path / "study"))
    press("Tab", 2)
    assert window.form.participant.hasFocus()
    write("07")
    until(lambda: "37 trials in 4 blocks" in window.sheet.toPlainText())
    assert window.start.isEnabled()
    press("Return")
    until(window.going.back.isVisible)
    assert window.going.head.text() == "Finished."
    assert "37 trials; timing: good" in window.going.words.toPlainText()
    [log] = find_logs(tmp_path / "study" / "pilot")
    assert read_log(log).completed
    assert window.isVisible()
    assert not window.isMinimized()
    assert window.going.back.hasFocus()
    press("Return")
    assert window.form.participant.hasFocus()
    assert window.form.participant.text() == ""


def test_tab_reaches_every_field_in_order(opened: Callable[..., Any], tmp_path: Path) -> None:
    from PyQt6.QtWidgets import QApplication

    window = opened(**eyes(tmp_path))
    window.form.data.setFocus()
    seen = []
    for _ in range(9):
        seen.append(QApplication.focusWidget().objectName())
        press("Tab")
    named = [name for name in seen if name]
    assert named == ["data", "participant", "session", "what", "preset", "run", "rig"]


def test_a_mistake_stands_beside_its_field_and_return_goes_there(
    opened: Callable[..., Any], tmp_path: Path
) -> None:
    window = opened(**eyes(tmp_path), rig=str(tmp_path / "rig.toml"))
    window.form.participant.setFocus()
    write("Anna B")
    wrong = window.form._wrong
    until(lambda: wrong["participant"].isVisible() and wrong["rig"].isVisible())
    assert "use letters and digits only" in wrong["participant"].text()
    assert "the rig file cannot be read" in wrong["rig"].text()
    assert not window.start.isEnabled()
    window.form.rig.setFocus()
    press("Return")
    assert window.form.participant.hasFocus()
    assert window._run is None
    window.form.participant.clear()
    window.form.rig.clear()
    write("01")
    until(lambda: not wrong["participant"].isVisible() and not wrong["rig"].isVisible())


def test_what_only_the_plan_can_know_is_told_before_the_start(
    opened: Callable[..., Any], tmp_path: Path
) -> None:
    rig = tmp_path / "rig.toml"
    rig.write_text('[operator]\npause = "1"\n', encoding="utf-8")
    window = opened(**eyes(tmp_path / "study"), rig=str(rig))
    window.form.participant.setText("01")
    until(lambda: any(label.isVisible() for label in window.form._wrong.values()))
    [said] = [label.text() for label in window.form._wrong.values() if label.isVisible()]
    assert "key '1' answers the task and is also the operator's pause key" in said
    assert not window.start.isEnabled()


def test_an_interrupted_run_is_gone_on_with(opened: Callable[..., Any], tmp_path: Path) -> None:
    request = Request("eyes", "01", tmp_path, simulate=True, virtual=True, pilot=True)

    def stop(done: int, _whole: int) -> None:
        if done == 5:
            raise RunAborted("stopped")

    with pytest.raises(RunAborted):
        conduct(request, on_progress=stop)
    window = opened(**eyes(tmp_path))
    window.form.participant.setFocus()
    write("01")
    until(lambda: "5 of 37 trials are done" in window.told.text())
    assert window.start.text() == "&Go on with it"
    press("Return")
    until(window.going.back.isVisible)
    [log] = find_logs(tmp_path / "pilot")
    assert read_log(log).completed
    assert len(list(read_log(log).of("resume"))) == 1
    press("Return")
    assert "complete already" not in window.told.text()  # the next participant is asked for


def test_a_complete_run_cannot_be_started_again(opened: Callable[..., Any], tmp_path: Path) -> None:
    conduct(Request("eyes", "01", tmp_path, simulate=True, virtual=True, pilot=True))
    window = opened(**eyes(tmp_path))
    window.form.participant.setFocus()
    write("01")
    until(lambda: "complete already" in window.told.text())
    assert not window.start.isEnabled()
    window.form.run.setValue(2)
    until(window.start.isEnabled)


def test_locked_photographs_are_opened_with_a_passphrase_that_stays_nowhere(
    opened: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mbtexp.operator.command import _environment

    store, study = photographs(tmp_path / "people"), tmp_path / "study"
    monkeypatch.setenv("MBTEXP_PHOTOS_PASSPHRASE_FD", "9")  # the window's own is not the run's
    assert not _environment().contains("MBTEXP_PHOTOS_PASSPHRASE_FD")
    task = {**eyes(study), "name": "attachment", "preset": "aron"}
    window = opened(**task, photos=str(store))
    assert window.form.photos.isVisible()
    assert not window.form.passphrase.isVisible()
    write("01")
    until(lambda: "worked out with the pictures that come with" in window.sheet.toPlainText())
    press("Return")
    assert window._run is None
    assert window.form.passphrase.hasFocus()
    write("three wrong words")
    press("Return")
    wrong = window.form._wrong["passphrase"]
    assert "is not the one these photographs were locked with" in wrong.text()
    assert window._run is None
    assert window.form.passphrase.hasFocus()
    assert window.form.passphrase.text() == ""
    write(PASSPHRASE)
    press("Return")
    assert window.form.passphrase.text() == ""
    process = window._run._process
    handed = [*process.arguments(), *process.processEnvironment().toStringList()]
    assert "MBTEXP_PHOTOS_PASSPHRASE_FD=0" in handed
    until(window.going.back.isVisible)
    said = window.going.words.toPlainText()
    assert window.going.head.text() == "Finished.", said
    [log] = find_logs(study / "pilot")
    assert read_log(log).header["stimuli"]["kind"] == "own"
    press("Return")
    window.close()
    kept = (tmp_path / "operator.json").read_text(encoding="utf-8")
    assert json.loads(kept)["photos"] == str(store)
    for text in (said, kept, log.read_text(encoding="utf-8"), *handed):
        assert PASSPHRASE not in text


def test_steps_are_left_out_with_a_reason_and_never_for_the_next_participant(
    opened: Callable[..., Any], tmp_path: Path
) -> None:
    from PyQt6.QtCore import Qt
    from PyQt6.QtTest import QTest
    from PyQt6.QtWidgets import QApplication

    (tmp_path / "short.toml").write_text(SHORT, encoding="utf-8")
    protocol = {"kind": "protocol", "name": str(tmp_path / "short.toml")}
    window = opened(**{**eyes(tmp_path), **protocol})
    write("07")
    until(window.start.isEnabled)
    steps = window.form.steps

    steps.button.setFocus()
    press("Space")
    for key in (Qt.Key.Key_L, Qt.Key.Key_Down, Qt.Key.Key_Return):
        until(QApplication.activePopupWidget)
        QTest.keyClick(QApplication.activePopupWidget(), key)
    assert steps.skip == ("trust",)
    assert steps.button.text() == "without trust"
    assert steps.reason.hasFocus()
    until(lambda: not window._check_timer.isActive())
    assert not window.start.isEnabled()
    press("Return")
    assert steps.reason.hasFocus()
    assert window._run is None
    write("no time left")
    press("Return")
    until(window.going.back.isVisible)
    [log] = (tmp_path / "pilot").rglob("*_session.jsonl")
    ends = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert [(e["step"], e["outcome"], e["reason"]) for e in ends if e["kind"] == "step_end"] == [
        ("eyes", "completed", None),
        ("trust", "skipped", "no time left"),
    ]
    press("Return")
    write("08")
    window.check()
    steps.leave.actions()[0].trigger()
    assert steps.skip == ("eyes",)
    window.form.participant.setText("09")
    window.check()
    assert steps.skip == ()
    assert steps.button.text() == "All steps"
    assert steps.reason.text() == ""


def test_what_a_command_asks_is_answered_at_the_window(
    opened: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mbtexp.operator import window as module

    rig = ["rig", "new", str(tmp_path / "new.toml")]
    monkeypatch.setattr(module, "start_words", lambda _entries: rig)
    window = opened(**eyes(tmp_path))
    window.form.participant.setText("01")
    window.check()
    window.begin()
    until(window.going.question.isVisible)
    first = window.going.question.text()
    assert first
    assert window.isVisible()
    assert not window.going.stop.isVisible()
    if window.going.line.isVisible():
        write("room 1")
        press("Return")
    else:
        press("Return")
    until(lambda: window.going.question.isVisible() and window.going.question.text() != first)
    assert first in window.going.words.toPlainText()


def test_yes_and_no_are_buttons_and_so_are_the_words_of_a_question(
    opened: Callable[..., Any], tmp_path: Path
) -> None:
    window = opened(**eyes(tmp_path))
    answers: list[str] = []
    window.going.answered.connect(answers.append)
    window.pages.setCurrentWidget(window.going)
    window.going.ask("Is the cable in? (yes/no)")
    assert [button.text() for button in window.going.choices] == ["&Yes", "&No"]
    press("Return")
    window.going.ask("eyes is done. Next: rest. [c]ontinue, [l]eave it out:")
    assert window.going.question.text() == "eyes is done. Next: rest."
    press("Tab")
    press("Return")
    window.going.ask("Press Enter when it is over (at most 5 min).")
    press("Return")
    window.going.ask("It was stopped. Why?")
    write("tired")
    press("Return")
    assert answers == ["yes", "leave it out", "", "tired"]


def test_a_refusal_of_the_run_itself_comes_back_to_its_field(
    opened: Callable[..., Any], tmp_path: Path
) -> None:
    rig = tmp_path / "rig.toml"
    rig.write_text('[trigger]\ndevice = "biosemi"\nport = "/dev/ttyMISSING"\n', encoding="utf-8")
    window = opened(**{**eyes(tmp_path / "study"), "mode": "lab"}, rig=str(rig))
    window.form.participant.setText("01")
    window.check()
    window.begin()
    until(window.form._wrong["rig"].isVisible)
    assert "ttyMISSING" in window.form._wrong["rig"].text()
    assert window.pages.currentIndex() == 0
    assert not (tmp_path / "study" / "sourcedata").exists() or not find_logs(tmp_path / "study")


def test_the_window_cannot_be_closed_on_a_run_that_goes_on(
    opened: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mbtexp.operator import window as module

    told: list[str] = []
    monkeypatch.setattr(
        module.QMessageBox, "information", lambda _parent, _title, text: told.append(text)
    )
    monkeypatch.setattr(module, "start_words", lambda _entries: ["rig", "new", "x.toml"])
    window = opened(**eyes(tmp_path))
    window.form.participant.setText("01")
    window.check()
    window.begin()
    until(lambda: window._run is not None and window._run.running)
    assert not window.close()
    assert "still running" in told[0]


def test_the_window_changes_its_language_and_remembers_it(
    opened: Callable[..., Any], tmp_path: Path
) -> None:
    window = opened(**eyes(tmp_path))
    assert window.form._labels["data"].text() == "Study folder"
    window.window_language.setCurrentText("de")
    assert window.form._labels["data"].text() == "Studienordner"
    assert window.form.what.currentText() == "Aufgabe: eyes"
    kept = json.loads((tmp_path / "operator.json").read_text(encoding="utf-8"))
    assert kept["window_language"] == "de"
    assert opened(**kept).start.text() == "&Start"


def test_the_participant_starts_empty_whatever_was_remembered(
    opened: Callable[..., Any], tmp_path: Path
) -> None:
    window = opened(**eyes(tmp_path), participant="01", session="02")
    assert window.form.participant.text() == ""
    assert window.form.session.text() == "02"
    assert window.form.participant.hasFocus()


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_window_fits_a_small_screen_with_every_field_and_three_complaints_shown(
    opened: Callable[..., Any], tmp_path: Path, language: str
) -> None:
    session = {"kind": "protocol", "name": "mbt_core"}
    window = opened(**{**eyes(tmp_path), **session}, window_language=language)
    window.form.ask_passphrase()
    window.form.steps.reason.show()
    window.form.complain(dict.fromkeys(("data", "passphrase", "rig"), "x " * 60))
    needed = window.minimumSizeHint()
    assert needed.width() <= 1024
    assert needed.height() <= 700  # 768 less a task bar


@pytest.mark.slow
@pytest.mark.skipif(XDOTOOL is None, reason="needs xdotool to press keys as a person does")
def test_the_program_alone_opens_the_window_and_a_person_can_start_a_run(
    display: str, tmp_path: Path
) -> None:
    if not works("xcb"):
        pytest.skip("Qt lacks libraries of the system for an X display")
    settings = tmp_path / "config" / "mbtexp" / "operator.json"
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps(eyes(tmp_path / "study")), encoding="utf-8")
    environment = {**os.environ, "DISPLAY": display, "XDG_CONFIG_HOME": str(tmp_path / "config")}

    def xdotool(*words: str) -> bool:
        assert XDOTOOL is not None
        done = subprocess.run([XDOTOOL, *words], env=environment, check=False, timeout=60)
        return done.returncode == 0

    with subprocess.Popen([sys.executable, "-m", "mbtexp.cli"], env=environment) as program:
        try:
            found = ("search", "--sync", "--onlyvisible", "--name", "^mbtexp$")
            ends = time.monotonic() + PATIENCE_S
            while not xdotool(*found, "windowfocus", "--sync"):  # it may be on its way up
                assert time.monotonic() < ends, "the window did not come"
            assert xdotool("type", "--delay", "30", "07")
            assert xdotool("key", "Return")
            while not any(read_log(log).completed for log in find_logs(tmp_path / "study/pilot")):
                assert time.monotonic() < ends, "the run did not come to its end"
                time.sleep(0.2)
        finally:
            program.terminate()
    assert '"session": "01"' in settings.read_text(encoding="utf-8")
