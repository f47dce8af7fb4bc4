"""Whether every text of a language is there, with its blanks, in letters that the screen has."""

from __future__ import annotations

import importlib.util
import string
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from mbtexp.check.bench import Bench
from mbtexp.check.report import Finding
from mbtexp.errors import SettingError
from mbtexp.languages import font_of, languages, read_words
from mbtexp.task import find_task, task_names

REFERENCE = "en"
"""The language that the others are held against: its texts are complete by definition."""

OWN = Path(__file__).parent.parent / "texts"


@dataclass(frozen=True)
class Trouble:
    """Something that is wrong with the texts of a language."""

    file: str
    """The file's name, as ``eyes.toml``."""
    what: str

    def spoken(self) -> str:
        """In one line."""
        return f"{self.file}: {self.what}"


def all_languages() -> list[str]:
    """Languages in which the program's own screens are written."""
    return languages(OWN, "core")


def check_language(language: str) -> list[Trouble]:
    """What is wrong with a language's texts: keys, blanks, letters; empty if all is well.

    Parameters
    ----------
    language
        A language's name, or the path of a lab's own folder.

    Raises
    ------
    SettingError
        The folder is not called by a language.
    """
    letters = letters_of(font_of(language))
    return [
        trouble
        for texts, name in sorted(_files(), key=lambda file: file[1])
        for trouble in _check_file(texts, name, language, letters)
    ]


def _files() -> Iterator[tuple[Path, str]]:
    """Folder of languages and name of every file that a whole session reads."""
    for path in sorted((OWN / REFERENCE).glob("*.toml")):
        yield OWN, path.stem
    for name in task_names():
        yield find_task(name).texts, name


def _check_file(
    texts: Path, name: str, language: str, letters: frozenset[int] | None
) -> Iterator[Trouble]:
    file = f"{name}.toml"
    _, wanted = read_words(texts, name, REFERENCE, whose=f"'{name}'")
    try:
        _, given = read_words(texts, name, language, whose=f"'{name}'")
    except SettingError as error:
        yield Trouble(file, str(error))
        return
    yield from _keys(file, wanted, given)
    for key in sorted(set(wanted) & set(given)):
        yield from _blanks(file, key, wanted[key], given[key])
    if letters is not None:
        yield from _letters(file, given, letters)


def _keys(file: str, wanted: Mapping[str, str], given: Mapping[str, str]) -> Iterator[Trouble]:
    missing = sorted(set(wanted) - set(given))
    if missing:
        yield Trouble(file, f"without {', '.join(missing)}; write them.")
    unknown = sorted(set(given) - set(wanted))
    if unknown:
        yield Trouble(file, f"{', '.join(unknown)}: nothing shows this; take it out, or correct it")
    for key in sorted(set(given) & set(wanted)):
        if not given[key].strip() and wanted[key].strip():
            yield Trouble(file, f"{key} is empty; write it.")


def _blanks(file: str, key: str, wanted: str, given: str) -> Iterator[Trouble]:
    there = blanks(given)
    if there is None:
        yield Trouble(file, f"{key} has a brace without its partner; a blank is written {{so}}.")
        return
    expected = blanks(wanted) or frozenset()
    for blank in sorted(expected - there):
        yield Trouble(file, f"{key} lacks the blank {{{blank}}}; put it where it belongs.")
    for blank in sorted(there - expected):
        yield Trouble(file, f"{key} has the blank {{{blank}}}, which nothing fills; take it out.")


def blanks(text: str) -> frozenset[str] | None:
    """Names of a text's blanks; None if its braces do not match.

    >>> sorted(blanks("Press {first}, {second} or {first}."))
    ['first', 'second']
    >>> blanks("a { b") is None
    True
    """
    try:
        return frozenset(name for _, name, _, _ in string.Formatter().parse(text) if name)
    except ValueError:
        return None


def _letters(file: str, given: Mapping[str, str], letters: frozenset[int]) -> Iterator[Trouble]:
    strange = sorted(
        {
            sign
            for text in given.values()
            for sign in text
            if sign > " " and ord(sign) not in letters
        }
    )
    if strange:
        shown = " ".join(strange[:20]) + (" ..." if len(strange) > 20 else "")
        yield Trouble(
            file,
            f"the screen's font lacks {shown}; put a font that has them into the language's folder "
            "as font.ttf.",
        )


def letters_of(font: Path | None) -> frozenset[int] | None:
    """Code points that a font can show; the screen's own font if none is named.

    None where that one is not installed: nothing can be shown there, and nothing judged.

    Raises
    ------
    SettingError
        The file is no font.
    """
    file = screen_font() if font is None else font
    if file is None:
        return None
    from fontTools.ttLib import TTFont, TTLibError  # noqa: PLC0415  only where texts are checked

    try:
        with file.open("rb") as content, TTFont(content, lazy=True) as opened:
            return frozenset(opened.getBestCmap())
    except (TTLibError, OSError):
        raise SettingError(f"{file}: this is no font that can be read; use a .ttf file.") from None


def screen_font() -> Path | None:
    """The font that comes with PsychoPy; None without PsychoPy."""
    found = importlib.util.find_spec("psychopy")
    if found is None or found.origin is None:
        return None
    file = Path(found.origin).parent / "assets" / "fonts" / "NotoSans-Regular.ttf"
    return file if file.is_file() else None


def words(bench: Bench) -> Finding:
    """The texts of every language of the program, and of the one that was named."""
    named = [] if bench.language is None else [bench.language]
    checked = list(dict.fromkeys([*all_languages(), *named]))
    wrong = {language: check_language(language) for language in checked}
    facts = {"languages": {Path(name).name: len(found) for name, found in wrong.items()}}
    said = [f"{name}: {found.spoken()}" for name in checked for found in wrong[name]]
    if said:
        more = f" ({len(said) - 3} more)" if len(said) > 3 else ""
        return Finding(
            "fail",
            f"{' '.join(said[:3])}{more}",
            "mbtexp check words says what else; correct the texts.",
            facts,
        )
    return Finding("pass", f"complete: {_spoken(checked)}.", facts=facts)


def _spoken(names: Iterable[str]) -> str:
    return ", ".join(Path(name).name for name in names)
