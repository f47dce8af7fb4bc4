"""Reads a lab's own PDFs of the Eyes test: slides with a picture and four words, and the key.

Nothing is known beforehand but the layout: a slide has its number on top, two words above the
picture and two below; a row of the answer sheet has the number, the four words and the letter of
the face's sex, with the right word in another font than the other three.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mbtexp.errors import StimulusError

if TYPE_CHECKING:
    from PIL.Image import Image
    from pypdf import PageObject

_ROW_APART = 3.0
"""Points (1/72 inch) within which pieces of text are on one line."""

_UNREADABLE = (OSError, ValueError, KeyError, TypeError, AttributeError, NotImplementedError)


@dataclass(frozen=True)
class Slide:
    """One item as its page shows it; number 0 is the practice item."""

    number: int
    words: tuple[str, str, str, str]
    picture: Image


@dataclass(frozen=True)
class Answer:
    """What the answer sheet says of an item."""

    target: str
    sex: str


@dataclass(frozen=True, slots=True)
class _Piece:
    text: str
    x: float
    y: float
    font: str


def label(number: int) -> str:
    """An item's name in error texts.

    >>> label(0), label(7)
    ('the practice item', 'item 7')
    """
    return "the practice item" if number == 0 else f"item {number}"


def pages(path: Path) -> list[PageObject]:
    """The pages of a PDF."""
    try:
        from pypdf import PdfReader  # noqa: PLC0415  # only who imports needs it
        from pypdf.errors import PyPdfError  # noqa: PLC0415
    except ImportError:
        raise StimulusError(
            "reading PDFs needs pypdf, which is not installed; "
            "install it with: pip install 'mbtexp[lab]'"
        ) from None
    try:
        return list(PdfReader(path).pages)
    except (PyPdfError, *_UNREADABLE) as error:
        raise StimulusError(
            f"{path}: this PDF cannot be read ({error}); download it again."
        ) from None


def is_slides(found: Sequence[PageObject]) -> bool:
    """Whether every page carries a picture, as the slides do and the instructions do not."""
    return bool(found) and all(_has_picture(page) for page in found)


def slides(path: Path, found: Sequence[PageObject]) -> Iterator[Slide]:
    """The items of one PDF of slides."""
    for place, page in enumerate(found, start=1):
        where = f"{path.name}, page {place}"
        rows = _rows(_pieces(page))
        if not rows:
            raise StimulusError(
                f"{where}: there is a picture but no text; this copy has no text layer (a scan?), "
                "use the original PDF."
            )
        number = _number("".join(piece.text for piece in rows[0]))
        if number is None:
            raise StimulusError(
                f"{where}: no item number stands at the top; use the original, unedited PDF."
            )
        words = [word for row in rows[1:] for piece in row for word in piece.text.lower().split()]
        if len(words) != 4:
            raise StimulusError(
                f"{where}: {label(number)} has {len(words)} words instead of four; "
                "use the original, unedited PDF."
            )
        yield Slide(number, (words[0], words[1], words[2], words[3]), _picture(page, where, number))


def answers(
    found: Sequence[PageObject], words: Mapping[int, tuple[str, str, str, str]]
) -> dict[int, Answer]:
    """Target and sex of every item that has a row on an answer sheet in these pages."""
    wanted = {
        ("p" if number == 0 else str(number)) + "".join(four): number
        for number, four in words.items()
    }
    sheet: dict[int, Answer] = {}
    for page in found:
        for row in _rows(_pieces(page), sort=False):
            letters = [(c.lower(), piece.font) for piece in row for c in piece.text if c.strip()]
            text = "".join(c for c, _ in letters)
            number = wanted.get(text[:-1])
            if number is not None and text[-1] in "mf":
                target = _odd_one(letters, words[number])
                if target is not None:
                    sheet[number] = Answer(target, text[-1].upper())
    return sheet


def glossary(found: Sequence[PageObject], words: set[str]) -> dict[str, str]:
    """Meanings of the words, where a handout gives them: a word in capitals, then its text."""
    meanings: dict[str, list[str]] = {}
    current: list[str] = []
    for page in found:
        for row in _rows(_pieces(page), sort=False):
            text = " ".join("".join(piece.text for piece in row).split())
            entry = re.match(r"([A-Z][A-Z-]{2,})\s+(\S.*)", text)
            if entry and entry[1].lower() in words:
                current = meanings.setdefault(entry[1].lower(), [])
                current.append(entry[2])
            elif entry or not text or text.isdigit():
                current = current if text.isdigit() else []
            else:
                current.append(text)
        current = []
    return {
        word: ". ".join(part for part in (parts[0], " ".join(parts[1:])) if part)
        for word, parts in sorted(meanings.items())
    }


def _odd_one(letters: list[tuple[str, str]], words: tuple[str, str, str, str]) -> str | None:
    """The word whose font is none of the other three's."""
    at = len(letters) - 1 - sum(map(len, words))
    fonts = []
    for word in words:
        fonts.append({font for _, font in letters[at : at + len(word)]})
        at += len(word)
    odd = [
        word
        for i, word in enumerate(words)
        if not fonts[i] & set().union(*(fonts[j] for j in range(4) if j != i))
    ]
    return odd[0] if len(odd) == 1 else None


def _pieces(page: PageObject) -> list[_Piece]:
    pieces: list[_Piece] = []

    def visit(text: str, cm: list[float], tm: list[float], font: Any, _size: float) -> None:
        if text.strip():
            x = tm[4] * cm[0] + tm[5] * cm[2] + cm[4]
            y = tm[4] * cm[1] + tm[5] * cm[3] + cm[5]
            name = str(font.get("/BaseFont", "")) if font else ""
            pieces.append(_Piece(text, x, y, name))

    page.extract_text(visitor_text=visit)
    return pieces


def _rows(pieces: list[_Piece], *, sort: bool = True) -> list[list[_Piece]]:
    """Pieces of one height together, the highest first; ``sort``: each row from left to right."""
    rows: list[list[_Piece]] = []
    for piece in sorted(pieces, key=lambda piece: -piece.y):
        if rows and rows[-1][0].y - piece.y <= _ROW_APART:
            rows[-1].append(piece)
        else:
            rows.append([piece])
    order = {id(piece): place for place, piece in enumerate(pieces)}
    for row in rows:
        row.sort(key=lambda piece: (piece.x if sort else 0.0, order[id(piece)]))
    return rows


def _number(heading: str) -> int | None:
    text = heading.strip().lower()
    if text in ("p", "practice"):
        return 0
    return int(text) if text.isdigit() else None


def _has_picture(page: PageObject) -> bool:
    try:
        return len(page.images) > 0
    except _UNREADABLE:
        return False


def _picture(page: PageObject, where: str, number: int) -> Image:
    try:
        found = [entry.image for entry in page.images]
        largest = max((i for i in found if i is not None), key=lambda i: i.width * i.height)
        return largest.convert("L")
    except _UNREADABLE as error:
        raise StimulusError(
            f"{where}: the picture of {label(number)} cannot be read ({error}); "
            "use the original PDF."
        ) from None


def png(picture: Image) -> bytes:
    """A picture as a PNG file."""
    file = io.BytesIO()
    picture.save(file, format="PNG")
    return file.getvalue()
