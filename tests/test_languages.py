"""A language is one folder of texts; what is wrong with it is found before anybody reads it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mbtexp import cli
from mbtexp.check.words import all_languages, blanks, check_language, letters_of, screen_font
from mbtexp.conduct import Request, conduct, core_texts, prepare
from mbtexp.errors import SettingError
from mbtexp.events import read_log
from mbtexp.languages import font_of
from mbtexp.task import find_task, task_names

ROOT = Path(__file__).parent.parent
needs_font = pytest.mark.skipif(screen_font() is None, reason="needs PsychoPy's font")


@pytest.fixture
def words(tmp_path: Path) -> Path:
    """A lab's own folder with every text of ours, in a language of its own."""
    folder = tmp_path / "words" / "fr"
    folder.mkdir(parents=True)
    for source in (ROOT / "tasks/texts/en", ROOT / "mbtexp/texts/en"):
        for file in source.glob("*.toml"):
            shutil.copy(file, folder)
    return folder


def change(file: Path, edit: Callable[[str], str]) -> None:
    text = file.read_text(encoding="utf-8")
    changed = edit(text)
    assert changed != text
    file.write_text(changed, encoding="utf-8")


def found(folder: Path) -> list[str]:
    return [trouble.spoken() for trouble in check_language(str(folder))]


def test_our_own_languages_are_complete() -> None:
    assert all_languages() == ["de", "en"]
    for language in all_languages():
        assert check_language(language) == [], language


def test_every_task_speaks_every_language_of_the_core() -> None:
    for name in task_names():
        assert find_task(name).languages() == all_languages(), name


def test_a_folder_of_texts_is_a_language_and_the_log_names_it(words: Path, tmp_path: Path) -> None:
    change(words / "trust.toml", lambda text: text.replace('older = "older"', 'older = "plus âgé"'))
    request = Request(
        task="trust",
        participant="01",
        data=tmp_path / "data",
        preset="binary",
        language=str(words),
        simulate=True,
        virtual=True,
        first=3,
    )
    assert prepare(request).material.text("older") == "plus âgé"
    assert read_log(conduct(request).log).header["language"] == "fr"


def test_the_core_speaks_a_labs_own_language(words: Path) -> None:
    change(words / "core.toml", lambda text: text.replace('pause = "Pause', 'pause = "Une pause'))
    assert core_texts(str(words))("pause").startswith("Une pause")


def test_a_complete_folder_has_no_trouble(words: Path) -> None:
    assert found(words) == []


@pytest.mark.parametrize(
    ("file", "edit", "said"),
    [
        (
            "trust.toml",
            lambda text: text.replace('older = "older"\n', ""),
            "trust.toml: without older; write them.",
        ),
        (
            "trust.toml",
            lambda text: text.replace("older = ", "elder = "),
            "trust.toml: elder: nothing shows this; take it out, or correct it",
        ),
        (
            "trust.toml",
            lambda text: text.replace('older = "older"', 'older = ""'),
            "trust.toml: older is empty; write it.",
        ),
        (
            "core.toml",
            lambda text: text.replace("{finger}", "le doigt"),
            "core.toml: press_button lacks the blank {finger}; put it where it belongs.",
        ),
        (
            "core.toml",
            lambda text: text.replace("{finger}", "{finger} {hand}"),
            "core.toml: press_button has the blank {hand}, which nothing fills; take it out.",
        ),
        (
            "core.toml",
            lambda text: text.replace("{finger}", "{finger"),
            "core.toml: press_button has a brace without its partner; a blank is written {so}.",
        ),
    ],
)
def test_what_is_wrong_with_a_text_is_named(
    words: Path, file: str, edit: Callable[[str], str], said: str
) -> None:
    change(words / file, edit)
    assert said in found(words)


def test_a_file_that_is_missing_or_broken_is_named_and_the_others_are_looked_at(
    words: Path,
) -> None:
    (words / "eyes.toml").unlink()
    (words / "trust.toml").write_text("older = \n", encoding="utf-8")
    change(words / "core.toml", lambda text: text.replace("{finger}", "x"))
    said = found(words)
    assert len(said) == 3
    assert any("eyes.toml: the texts cannot be read" in one for one in said)
    assert any("trust.toml: this is not valid TOML" in one for one in said)


@needs_font
def test_letters_that_the_screen_cannot_show_are_found(words: Path) -> None:
    change(words / "trust.toml", lambda text: text.replace('older = "older"', 'older = "年上"'))
    assert found(words) == [
        "trust.toml: the screen's font lacks 上 年; put a font that has them into the language's "
        "folder as font.ttf."
    ]


@needs_font
def test_a_font_in_the_folder_stands_in_for_the_screens_own(words: Path) -> None:
    own = screen_font()
    assert own is not None
    shutil.copy(own.with_name("DejaVuSerif.ttf"), words / "font.ttf")
    change(words / "trust.toml", lambda text: text.replace('older = "older"', 'older = "▶"'))
    assert font_of(str(words)) == words / "font.ttf"
    assert found(words) == [], "DejaVu Serif has the arrow, Noto Sans does not"
    (words / "font.ttf").unlink()
    assert font_of(str(words)) is None
    assert len(found(words)) == 1


def test_a_file_that_is_no_font_is_refused(tmp_path: Path) -> None:
    (tmp_path / "font.ttf").write_bytes(b"no font at all")
    with pytest.raises(SettingError, match="this is no font"):
        letters_of(tmp_path / "font.ttf")


@pytest.mark.parametrize("name", ["French", "../etc", "f r"])
def test_a_folder_that_is_not_called_by_a_language_is_refused(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "trust.toml").write_text('older = "x"\n')
    with pytest.raises(SettingError, match="called by its language"):
        find_task("trust").catalogue(str(folder) + "/.." if name == "../etc" else str(folder))


def test_a_text_that_is_no_text_is_refused(words: Path) -> None:
    (words / "trust.toml").write_text("older = 3\n")
    with pytest.raises(SettingError, match="older is no text; put it in quotation marks"):
        find_task("trust").catalogue(str(words))


def test_the_blanks_of_a_text_are_known_by_name() -> None:
    assert blanks("{a:.1f} and {a} {b}") == {"a", "b"}
    assert blanks("{") is None


def test_the_command_says_what_is_wrong_and_fails(
    words: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["check", "words"]) == 0
    assert capsys.readouterr().out == "de: complete.\nen: complete.\n"
    change(words / "core.toml", lambda text: text.replace("{finger}", "x"))
    assert cli.main(["check", "words", "--language", str(words)]) == 1
    assert "core.toml: press_button lacks the blank {finger}" in capsys.readouterr().out


@pytest.mark.screen
@pytest.mark.untimed
@needs_font
def test_a_window_writes_with_the_languages_own_font(words: Path) -> None:
    from mbtexp.clock import MonotonicClock
    from mbtexp.rig import DisplaySettings
    from mbtexp.screen import open_screen

    own = screen_font()
    assert own is not None
    clock = MonotonicClock()
    screen = open_screen(
        DisplaySettings(),
        clock,
        pilot=True,
        size=(320, 240),
        font=own.with_name("DejaVuSerif.ttf"),
    )
    try:
        assert screen.describe()["font"] == "DejaVu Serif"
    finally:
        screen.close()
        clock.close()
