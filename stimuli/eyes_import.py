"""Imports a lab's own copy of an Eyes test: the published PDFs, or any folder with an items file.

Whatever comes in is checked item by item, written beside the target and moved there in one step, so
that a set is there completely or not at all. Formats and errors: docs/stimuli.md.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from mbtexp.errors import SettingError, StimulusError, did_you_mean
from mbtexp.stimuli import Item, StimulusSet, user_folder
from mbtexp.strict import build, setting
from stimuli.eyes_pdf import Slide, answers, glossary, is_slides, label, pages, png, slides
from stimuli.eyes_reference import PUBLISHED, Reference, item_line, list_sha256, picture_mark
from stimuli.imported import free_place, place

COLUMNS = {
    "id": ("id", "item", "number", "stim_id", "trial"),
    "file": ("file", "image", "filename", "picture", "stim_file"),
    "word1": ("word1", "w1", "option1", "choice1", "tl"),
    "word2": ("word2", "w2", "option2", "choice2", "tr"),
    "word3": ("word3", "w3", "option3", "choice3", "bl"),
    "word4": ("word4", "w4", "option4", "choice4", "br"),
    "target": ("target", "key", "answer", "correct", "correct_answer"),
    "sex": ("sex", "gender"),
    "age": ("age",),
    "practice": ("practice", "is_practice"),
    "valence": ("valence",),
    "difficulty": ("difficulty",),
    "form": ("form",),
    "meaning1": ("meaning1", "glossary1"),
    "meaning2": ("meaning2", "glossary2"),
    "meaning3": ("meaning3", "glossary3"),
    "meaning4": ("meaning4", "glossary4"),
}
"""Columns of an items file, each with the names it may have."""

_NEEDED = ("id", "word1", "word2", "word3", "word4", "target")
_ITEMS_FILES = ("items.csv", "items.tsv")
_ABOUT_FILE = "set.toml"
_SEXES = {"f": "F", "female": "F", "w": "F", "m": "M", "male": "M"}
_YES = {"1", "true", "yes", "y"}
_NO = {"0", "false", "no", "n", ""}


@dataclass(frozen=True)
class About:
    """What ``set.toml`` may say of a set as a whole."""

    title: str = setting("", doc="what the set is")
    kind: Literal["imported", "open"] = setting(
        "imported", doc="open: its licence lets it be shared"
    )
    version: str = setting("1", doc="version of the set")
    licence: str = setting("not stated; not for redistribution", doc="licence")
    source: str = setting("", doc="where it came from")
    citation: str = setting("", doc="what to cite")
    language: str = setting("en", doc="language of the words")


@dataclass(frozen=True)
class Found:
    """One item as it was found, with its picture as a file's content."""

    id: str
    number: int | None
    file: str
    picture: bytes
    mark: str
    width_px: int
    height_px: int
    words: tuple[str, ...]
    target: str
    attributes: Mapping[str, object] = field(default_factory=dict)

    @property
    def line(self) -> str:
        """The item in the form that fingerprints are taken of."""
        sex = str(self.attributes.get("sex", ""))
        return item_line(self.number or 0, self.words, self.target, sex)


@dataclass(frozen=True)
class Import:
    """Everything found, ready to be written."""

    name: str
    about: About
    items: tuple[Found, ...]
    meanings: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def import_eyes(
    path: Path,
    *,
    into: Path | None = None,
    name: str | None = None,
    instructions: Path | None = None,
    reference: Reference = PUBLISHED,
) -> StimulusSet:
    """A set in the user's data folder, made of a lab's own copy and verified.

    Parameters
    ----------
    path
        A folder with the two PDFs of the published test (one of the PDFs will do to name it), or a
        folder with pictures and ``items.csv``/``items.tsv``, or that file.
    into
        Folder that holds the sets; None: the user's.
    name
        Name of the set; None: ``rmet`` for the PDFs, else the folder's name.
    instructions
        The PDF with answer sheet and glossary, where it is not in the same folder.
    reference
        Fingerprints of the published test.

    Raises
    ------
    StimulusError
        Something is missing, changed, out of order, unreadable or already there; names the item.
    """
    if not path.exists():
        raise StimulusError(f"{path}: there is no such file or folder; check the path.")
    folder = path if path.is_dir() else path.parent
    described = path if path.name in _ITEMS_FILES else _items_file(folder)
    if described is not None and path.suffix.lower() != ".pdf":
        found = _from_items_file(described, name)
    else:
        found = _from_pdfs(folder, name, instructions, reference)
    warnings = _compare(found.items, reference)
    return _write(replace(found, warnings=found.warnings + warnings), into or user_folder())


# --- the published PDFs ---------------------------------------------------------------------------


def _from_pdfs(
    folder: Path, name: str | None, instructions: Path | None, reference: Reference
) -> Import:
    files = sorted(f for f in folder.iterdir() if f.suffix.lower() == ".pdf")
    if instructions is not None and instructions not in files:
        files.append(instructions)
    if not files:
        raise StimulusError(
            f"{folder}: there is neither an items.csv (or items.tsv) nor a PDF; "
            "give the folder that holds the set."
        )
    read = {file: pages(file) for file in files}
    with_slides = [file for file in files if is_slides(read[file])]
    all_slides = _numbered(
        [slide for file in with_slides for slide in slides(file, read[file])], len(reference.lines)
    )
    words = {slide.number: slide.words for slide in all_slides}
    handout = [page for file in files if file not in with_slides for page in read[file]]
    sheet = answers(handout, words)
    if sheet and len(sheet) < len(all_slides):
        missing = next(slide.number for slide in all_slides if slide.number not in sheet)
        raise StimulusError(
            f"the answer sheet has no readable row for {label(missing)} with the words of its "
            "slide; use the original, unedited PDFs, all of one edition."
        )
    items = []
    for slide in all_slides:
        answer = sheet.get(slide.number)
        target, sex = (answer.target, answer.sex) if answer else _recovered(slide, reference)
        items.append(_found_slide(slide, target, sex))
    _refuse_other_list(items, reference)
    return Import(
        name=name or "rmet",
        about=About(
            title="Reading the Mind in the Eyes, revised adult version (imported)",
            licence="free for research after registration; not for redistribution",
            source=", ".join(file.name for file in files),
            citation="Baron-Cohen et al. (2001), J Child Psychol Psychiatry 42, 241-251",
        ),
        items=tuple(items),
        meanings=glossary(handout, {word for four in words.values() for word in four}),
        warnings=_file_warnings(files, reference),
    )


def _numbered(found: Sequence[Slide], count: int) -> list[Slide]:
    """The slides from 0 on, each exactly once and in the order of the pages."""
    numbers = [slide.number for slide in found]
    for number in range(count):
        if numbers.count(number) != 1:
            what = "is missing" if number not in numbers else "occurs twice"
            raise StimulusError(
                f"{label(number)} {what} in the PDFs; put Part 1 and Part 2, each once, "
                "into one folder and give that folder."
            )
    if len(numbers) != count:
        raise StimulusError(
            f"{label(max(numbers))}: the test has {count - 1} items and a practice item; "
            "leave only its own PDFs in the folder."
        )
    return sorted(found, key=lambda slide: slide.number)


def _recovered(slide: Slide, reference: Reference) -> tuple[str, str]:
    """Target and sex without an answer sheet: the one pair that gives the item's fingerprint."""
    for target in slide.words:
        for sex in ("F", "M"):
            if reference.knows(slide.number, item_line(slide.number, slide.words, target, sex)):
                return target, sex
    raise StimulusError(
        f"{label(slide.number)}: its words are not those of the published test, in their places; "
        "use the original, unedited PDFs."
    )


def _refuse_other_list(items: Sequence[Found], reference: Reference) -> None:
    lines = [item.line for item in items]
    if list_sha256(lines) == reference.list_sha256:
        return
    for number, line in enumerate(lines):
        if not reference.knows(number, line):
            raise StimulusError(
                f"{label(number)}: its words, key or sex are not those of the published test; "
                "use the original, unedited PDFs."
            )
    raise StimulusError("the items are not those of the published test; use the original PDFs.")


def _found_slide(slide: Slide, target: str, sex: str) -> Found:
    return Found(
        id=f"eyes_{slide.number:02d}",
        number=slide.number,
        file=f"eyes_{slide.number:02d}.png",
        picture=png(slide.picture),
        mark=picture_mark(slide.picture),
        width_px=slide.picture.width,
        height_px=slide.picture.height,
        words=slide.words,
        target=target,
        attributes={"sex": sex, "practice": slide.number == 0},
    )


def _file_warnings(files: Sequence[Path], reference: Reference) -> tuple[str, ...]:
    return tuple(
        f"{file.name} is not one of the editions known here; its items were checked one by one."
        for file in files
        if hashlib.sha256(file.read_bytes()).hexdigest() not in reference.files
    )


# --- an items file --------------------------------------------------------------------------------


def _items_file(folder: Path) -> Path | None:
    there = [folder / name for name in _ITEMS_FILES if (folder / name).is_file()]
    if there:
        return there[0]
    pictures = sorted(f.name for f in folder.iterdir() if f.suffix.lower() in (".png", ".jpg"))
    if pictures and not any(f.suffix.lower() == ".pdf" for f in folder.iterdir()):
        raise StimulusError(
            f"{folder}: there are pictures ({pictures[0]} ...) but no items.csv or items.tsv that "
            "gives their words and key; add it."
        )
    return None


def _from_items_file(path: Path, name: str | None) -> Import:
    rows = _rows(path)
    items: list[Found] = []
    meanings: dict[str, str] = {}
    for row in rows:
        item = _found_row(row, path)
        if any(item.id == other.id for other in items):
            raise StimulusError(
                f"{path.name}: item {item.id} occurs twice; remove one of its rows."
            )
        items.append(item)
        for number, word in enumerate(item.words, start=1):
            if row.get(f"meaning{number}"):
                meanings[word] = row[f"meaning{number}"]
    about = _about(path.parent)
    title = about.title or f"Eyes test from {path.parent.resolve().name} (imported)"
    return Import(
        name=name or re.sub(r"[^a-z0-9_-]+", "_", path.parent.resolve().name.lower()).strip("_-"),
        about=replace(about, title=title),
        items=tuple(items),
        meanings=dict(sorted(meanings.items())),
    )


def _rows(path: Path) -> list[dict[str, str]]:
    """The rows of an items file under our names of the columns."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise StimulusError(
            f"{path}: the file is not UTF-8; save it as 'CSV UTF-8' and import again."
        ) from None
    except OSError as error:
        raise StimulusError(f"{path}: the file cannot be read ({error.strerror}).") from None
    first = text.partition("\n")[0]
    delimiter = max("\t,;", key=first.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    given = {(column or "").strip().lower(): column for column in reader.fieldnames or ()}
    ours = {
        ours: given[synonym]
        for ours, synonyms in COLUMNS.items()
        for synonym in reversed(synonyms)
        if synonym in given
    }
    missing = [column for column in _NEEDED if column not in ours]
    if missing:
        raise StimulusError(
            f"{path.name}: the column '{missing[0]}' is missing; "
            f"it may be called {' or '.join(COLUMNS[missing[0]])}."
        )
    return [{c: (row[theirs] or "").strip() for c, theirs in ours.items()} for row in reader]


def _found_row(row: Mapping[str, str], path: Path) -> Found:
    where = f"{path.name}: item {row['id'] or '(without id)'}"
    words = tuple(row[f"word{place}"] for place in range(1, 5))
    if not row["id"]:
        raise StimulusError(f"{where}: a row has no id; give every item its own.")
    if not all(words) or len({word.lower() for word in words}) != 4:
        raise StimulusError(f"{where}: it needs four different words.")
    number = int(digits[-1]) if (digits := re.findall(r"\d+", row["id"])) else None
    file = row.get("file") or ("" if number is None else f"rmet_{number:02d}.png")
    if not file:
        raise StimulusError(f"{where}: it names no picture; add a column 'file'.")
    picture, mark, size = _picture(path.parent, file, where)
    return Found(
        id=row["id"],
        number=number,
        file=Path(file).name,
        picture=picture,
        mark=mark,
        width_px=size[0],
        height_px=size[1],
        words=words,
        target=_target(row["target"], words, where),
        attributes=_attributes(row, where),
    )


def _target(given: str, words: Sequence[str], where: str) -> str:
    """The target by its word, or by its place from 1 to 4."""
    if given in ("1", "2", "3", "4"):
        return words[int(given) - 1]
    matching = [word for word in words if word.lower() == given.lower()]
    if not matching:
        raise StimulusError(
            f"{where}: the target {given!r} is none of its words; {did_you_mean(given, words)}"
        )
    return matching[0]


def _attributes(row: Mapping[str, str], where: str) -> dict[str, object]:
    practice = row.get("practice", "").lower()
    if practice not in _YES | _NO:
        raise StimulusError(f"{where}: practice is {practice!r}; write yes or no.")
    attributes: dict[str, object] = {"practice": practice in _YES}
    if row.get("sex"):
        if row["sex"].lower() not in _SEXES:
            raise StimulusError(f"{where}: sex is {row['sex']!r}; write F or M.")
        attributes["sex"] = _SEXES[row["sex"].lower()]
    if row.get("age"):
        if row["age"].lower() not in ("young", "old"):
            raise StimulusError(f"{where}: age is {row['age']!r}; write young or old.")
        attributes["age"] = row["age"].lower()
    for norm in ("valence", "difficulty"):
        if row.get(norm):
            attributes[norm] = _number(row[norm], f"{where}: {norm}")
    if row.get("form"):
        attributes["form"] = row["form"]
    return attributes


def _number(text: str, where: str) -> float:
    if not re.fullmatch(r"[-+]?\d*[.,]?\d+", text):
        raise StimulusError(f"{where} is {text!r}; write a number.")
    return float(text.replace(",", "."))


def _picture(folder: Path, file: str, where: str) -> tuple[bytes, str, tuple[int, int]]:
    """A picture's content, its mark and its size."""
    try:
        from PIL import Image  # noqa: PLC0415  # only who imports needs it
    except ImportError:
        raise StimulusError(
            "reading pictures needs Pillow, which is not installed; "
            "install it with: pip install 'mbtexp[lab]'"
        ) from None
    path = folder / file
    try:
        content = path.read_bytes()
    except OSError:
        raise StimulusError(
            f"{where}: its picture {file} is not in {folder}; put it there."
        ) from None
    try:
        with Image.open(io.BytesIO(content)) as picture:
            picture.load()
            return content, picture_mark(picture), picture.size
    except (OSError, SyntaxError, ValueError):
        raise StimulusError(
            f"{where}: its picture {file} is damaged or no picture; copy it again."
        ) from None


def _about(folder: Path) -> About:
    path = folder / _ABOUT_FILE
    if not path.is_file():
        return About()
    try:
        return build(About, tomllib.loads(path.read_text(encoding="utf-8")), where=str(path))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingError(f"{path}: this is not valid TOML: {error}.") from None


# --- against the published test -------------------------------------------------------------------


def _compare(items: Sequence[Found], reference: Reference) -> tuple[str, ...]:
    """Warnings; refuses single items that differ from the published test where most agree with it.

    A translation or another set agrees in nothing and passes; a copy with one wrong word, key or
    picture does not.
    """
    numbered = {item.number: item for item in items if item.number is not None}
    if set(numbered) != set(range(len(reference.lines))) or len(items) != len(numbered):
        return ()
    same_words = {n: reference.knows(n, item.line) for n, item in numbered.items()}
    same_picture = {n: reference.shows(n, item.mark) for n, item in numbered.items()}
    if _mostly(same_words.values()) and not all(same_words.values()):
        wrong = min(n for n, same in same_words.items() if not same)
        raise StimulusError(
            f"{label(wrong)}: its words, their places, its key or its sex are not those of the "
            "published test, as nearly all others are; correct the item."
        )
    if _mostly(same_picture.values()) and not all(same_picture.values()):
        wrong = min(n for n, same in same_picture.items() if not same)
        other = reference.nearest(numbered[wrong].mark)
        seems = "" if other is None else f" (it looks like that of {label(other)})"
        raise StimulusError(
            f"{label(wrong)}: its picture is not the one of the published test{seems}; "
            "check the numbering of the pictures."
        )
    if any(same_words.values()) and not any(same_picture.values()):
        return ("The words are those of the published test, the pictures are not.",)
    return ()


def _mostly(same: Collection[bool]) -> bool:
    return sum(same) * 2 > len(same)


# --- writing --------------------------------------------------------------------------------------


def _write(found: Import, into: Path) -> StimulusSet:
    """The set in its place, all at once; nothing of it is left where that fails."""
    target = free_place(found.name, into)
    if not found.items:
        raise StimulusError("the items file has no rows; add the items.")
    files = {item.file: item.picture for item in found.items}
    return place(_described(found, target), files, target)


def _described(found: Import, folder: Path) -> StimulusSet:
    files = [item.file for item in found.items]
    for item in found.items:
        if files.count(item.file) > 1:
            raise StimulusError(
                f"item {item.id}: its picture {item.file} is another item's too; rename one."
            )
    about = found.about
    return StimulusSet(
        name=found.name,
        title=about.title,
        kind=about.kind,
        version=about.version,
        licence=about.licence,
        source=about.source,
        citation=about.citation,
        language=about.language,
        items=tuple(_item(item) for item in found.items),
        folder=folder,
        glossaries={about.language: found.meanings} if found.meanings else {},
        warnings=found.warnings,
    )


def _item(found: Found) -> Item:
    return Item(
        id=found.id,
        file=found.file,
        sha256=hashlib.sha256(found.picture).hexdigest(),
        width_px=found.width_px,
        height_px=found.height_px,
        attributes={
            "words": list(found.words),
            "key": found.words.index(found.target),
            **found.attributes,
        },
    )
