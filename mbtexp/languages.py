"""The words on the screens: one folder a language, ours or a lab's own."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from mbtexp.errors import SettingError, did_you_mean


def languages(texts: Path, name: str) -> list[str]:
    """Languages in which a folder of languages has a file of that name."""
    return sorted(path.parent.name for path in texts.glob(f"*/{name}.toml"))


def read_words(texts: Path, name: str, language: str, *, whose: str) -> tuple[str, dict[str, str]]:
    """The language's name, and the texts of one file by their keys.

    Parameters
    ----------
    texts
        Folder with one folder a language.
    name
        Name of the file in each, without its ending.
    language
        One of the folders' names, or the path of a lab's own folder: ``words/fr``.
    whose
        Whose texts they are, for the error.

    Raises
    ------
    SettingError
        The language is not there, or its file cannot be read.
    """
    folder = Path(language) if is_path(language) else texts / language
    if not is_path(language) and language not in languages(texts, name):
        raise SettingError(
            f"--language {language!r}: {whose} has no such texts; "
            f"{did_you_mean(language, languages(texts, name))}"
        )
    if not re.fullmatch(r"[a-z]{2,3}(-[A-Za-z0-9]+)*", folder.name):
        raise SettingError(
            f"--language {language}: a folder of texts is called by its language, like 'fr'; "
            "rename it."
        )
    return folder.name, _read(folder / f"{name}.toml")


def font_of(language: str) -> Path | None:
    """The font that a lab's own language brings with it: ``font.ttf`` in its folder."""
    file = Path(language) / "font.ttf"
    return file if is_path(language) and file.is_file() else None


def is_path(language: str) -> bool:
    """Whether a language was given as a folder.

    >>> is_path("words/fr"), is_path("fr")
    (True, False)
    """
    return "/" in language or "\\" in language


def _read(path: Path) -> dict[str, str]:
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SettingError(f"{path}: the texts cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise SettingError(f"{path}: this is not UTF-8 text; save it again in UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingError(f"{path}: this is not valid TOML: {error}. Correct that line.") from None
    wrong = next((key for key, text in given.items() if not isinstance(text, str)), None)
    if wrong is not None:
        raise SettingError(f"{path}: {wrong} is no text; put it in quotation marks.")
    return given
