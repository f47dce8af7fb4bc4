"""What comes in an interlude, and in which order."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mbtexp.errors import SettingError
from mbtexp.session import Session
from mbtexp.task import Material
from tasks.interlude.params import Params

Kind = Literal["page", "count", "breath", "think", "question"]

PAGES = {
    "welcome": ("welcome", "welcome_pause"),
    "countback": ("countback",),
    "repair": ("repair",),
    "debrief": ("debrief", "debrief_memory", "debrief_feelings"),
}
"""Pages that an interlude begins with, by their names in the texts."""

THOUGHTS = ("think_moment", "think_person", "think_next")

LOWEST, HIGHEST = 3000, 9000
"""Numbers to count back from: four figures all the way, whoever is counting."""

LONGEST_PAGE = 700
"""Characters of a lab's own page; more does not fit on the screen."""


@dataclass(frozen=True)
class Trial:
    """One page, one number, one breath, one thing to think of, or one question."""

    trial: int
    block: int
    practice: bool
    kind: Kind
    stim_id: str
    """Name of its text, or ``own_1`` for the first of a lab's own pages."""
    number: int | None = None
    """Number to count back from."""
    duration_s: float | None = None
    """Its time, s; None until a key."""


def design(session: Session, material: Material) -> list[Trial]:
    """Pages first, then what the kind of interlude is made of, then its last page."""
    params: Params = material.params
    parts: list[tuple[Kind, str, int | None, float | None]] = [
        ("page", name, None, None) for name in _page_names(params)
    ]
    if params.kind == "countback":
        rng = session.rng("numbers")
        numbers = rng.choice(range(LOWEST, HIGHEST), size=params.rounds, replace=False)
        parts += [("count", "count", int(number), params.count_s) for number in numbers]
    elif params.kind == "repair":
        breath_s = params.in_s + params.out_s
        parts += [("page", "breathe", None, None)] if params.breaths else []
        parts += [("breath", "breath", None, breath_s)] * params.breaths
        parts += [("page", "think", None, None)]
        parts += [("think", name, None, params.think_s) for name in THOUGHTS]
        parts += [("page", "repair_end", None, None)]
    elif params.kind == "debrief":
        parts += [("question", "talk", None, None), ("page", "debrief_end", None, None)]
    return [
        Trial(place, 1, False, kind, name, number, duration_s)
        for place, (kind, name, number, duration_s) in enumerate(parts, start=1)
    ]


def _page_names(params: Params) -> list[str]:
    if params.pages:
        return [f"own_{n + 1}" for n in range(len(own_pages(params.pages)))]
    return list(PAGES[params.kind])


def own_pages(file: str) -> list[str]:
    """The pages of a lab's own text.

    Raises
    ------
    SettingError
        The file cannot be read, has no page, or has one that is longer than a screen.
    """
    try:
        text = Path(file).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SettingError(f"pages: {file} cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise SettingError(f"pages: {file} is no UTF-8 text; save it again in UTF-8.") from None
    parts = (part.strip() for part in re.split(r"(?m)^-{3,}[ \t]*$", text))
    pages = [part for part in parts if part]
    if not pages:
        raise SettingError(f"pages: {file} has no text; write at least one page.")
    for number, page in enumerate(pages, start=1):
        if len(page) > LONGEST_PAGE:
            raise SettingError(
                f"pages: {file}: page {number} has {len(page)} characters; part it with a line of "
                f"--- so that none has more than {LONGEST_PAGE}."
            )
    return pages
