"""The report of a study: its page, a page for each person, no other file."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from analysis.parallel import cores, each
from analysis.report.panels import contrast_panels, index_panels, response_times
from analysis.report.person_page import Study, person_context
from analysis.report.source import Source, read_source, tables_folder
from analysis.report.study_page import study_context
from analysis.run import analyse
from analysis.tables import save
from mbtexp.errors import DataError, SettingError, did_you_mean

if TYPE_CHECKING:
    from jinja2 import Environment

STUDY_PAGE = "study.html"
WORTH_A_PROCESS = 100
"""People whose pages take longer than other processes to start."""

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Reported:
    """The pages that were written."""

    out: Path
    files: tuple[Path, ...]
    n_people: int
    analysed: bool
    """Whether the tables were missing and were made first."""

    def text(self) -> str:
        """What was done, for the terminal."""
        first = "The tables were not there yet and were made first.\n" * self.analysed
        people = f"{self.n_people} {'person' if self.n_people == 1 else 'people'}"
        return f"{first}{self.files[0]}: the page to open; {people} in {self.out}"


def report(
    data: Path,
    out: Path | None = None,
    participants: Sequence[str] = (),
    progress: Callable[[int, int], None] | None = None,
    *,
    workers: int | None = 1,
) -> Reported:
    """Write the pages of a study; the same tables and logs give the same bytes.

    Parameters
    ----------
    data
        The data folder, or its ``pilot`` folder.
    out
        Where the pages go; by default ``derivatives/mbtexp/report`` under ``data``.
    participants
        Whose pages to write, beside the study's; empty: everybody's.
    progress
        Called after each page with the number of pages written and of all.
    workers
        Processes for the pages of many people; None: as many as there are cores. A script that
        asks for more than one needs ``if __name__ == "__main__":`` around it.

    Raises
    ------
    DataError
        There is no log, the tables are older than the logs, or there is no such participant.
    SettingError
        jinja2 or matplotlib is not installed.
    """
    pages = _templates()
    analysed = not (tables_folder(data) / "quality.tsv").is_file()
    if analysed:
        analyse(data)
    study = _study(data)
    source = study.source
    people = _people(source, participants)
    links = page_names(source.people)
    folder = tables_folder(data) / "report" if out is None else out
    files = [folder / STUDY_PAGE]
    context = study_context(source, study.panels, study.contrasts, study.links)
    save(files[0], pages.render("study.html.j2", context))
    files += [folder / links[person] for person in people]
    many = (cores() if workers is None else workers) if len(people) >= WORTH_A_PROCESS else 1
    # One process has the study at hand, several read it once each: it is too large to be sent.
    job = _Page(data, None if many > 1 else (study, pages))
    for done, (place, page) in enumerate(each(job, people, many), start=1):
        save(files[place + 1], page)
        if progress is not None:
            progress(done, len(people))
    if out is None:
        _ignored_by_bids(folder)
    return Reported(folder, tuple(files), len(people), analysed)


def _study(data: Path) -> Study:
    source = read_source(data)
    panels, contrasts = index_panels(source), contrast_panels(source)
    links = _hrefs(page_names(source.people))
    return Study(source, source.by_person(), panels, contrasts, response_times(source), links)


@lru_cache(maxsize=1)
def _at_hand(data: Path) -> tuple[Study, _Pages]:
    """The study and the templates, read once by each process."""
    return _study(data), _templates()


@dataclass(frozen=True)
class _Page:
    """Makes the page of one person."""

    data: Path
    known: tuple[Study, _Pages] | None
    """None: it is read where the page is made."""

    def __call__(self, person: str) -> bytes:
        study, pages = self.known or _at_hand(self.data)
        return pages.render("person.html.j2", person_context(study, person))


def _people(source: Source, wanted: Sequence[str]) -> list[str]:
    for label in wanted:
        if label not in source.people:
            raise DataError(
                f"there is no participant {label!r} among the logs; "
                f"{did_you_mean(label, source.people)}."
            )
    return list(wanted) or source.people


def page_names(people: Iterable[str]) -> dict[str, str]:
    """The file of each person's page; labels that differ in case alone get a number.

    A label comes from a log and could be any text; what is no letter or digit is written as %.

    >>> page_names(["01", "a/b", "X", "x"])
    {'01': 'sub-01.html', 'a/b': 'sub-a%2Fb.html', 'X': 'sub-X.html', 'x': 'sub-x-2.html'}
    """
    names: dict[str, str] = {}
    taken: set[str] = set()
    for person in people:
        stem = f"sub-{quote(person, safe='')}"
        name, number = stem, 1
        while name.lower() in taken:
            number += 1
            name = f"{stem}-{number}"
        taken.add(name.lower())
        names[person] = f"{name}.html"
    return names


def _hrefs(names: Mapping[str, str]) -> dict[str, str]:
    return {person: quote(name) for person, name in names.items()}


def _ignored_by_bids(folder: Path) -> None:
    """BIDS has no place for pages: the folder is named in the tables' .bidsignore."""
    file = folder.parent / ".bidsignore"
    lines = file.read_bytes().splitlines() if file.is_file() else []
    save(file, b"".join(line + b"\n" for line in sorted({*lines, folder.name.encode()})))


# -- pages -----------------------------------------------------------------------------------------


class _Pages:
    """The templates, ready to be filled."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._style = _text("style.css")
        self._script = _text("copy.js")

    def render(self, template: str, content: Mapping[str, Any]) -> bytes:
        """A page as bytes."""
        digest = base64.b64encode(hashlib.sha256(self._script.encode()).digest()).decode()
        text = self._environment.get_template(template).render(
            **content, style=self._style, script=self._script, script_hash=digest
        )
        return text.encode()


def _text(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8").strip()


def _templates() -> _Pages:
    try:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415
    except ImportError:
        raise SettingError(
            "the report needs matplotlib and jinja2; install them with: "
            "pip install 'mbtexp[report]'."
        ) from None
    return _Pages(
        Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
    )
