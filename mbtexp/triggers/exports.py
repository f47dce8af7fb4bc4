"""The code book for whoever reads a recording: tables and files for the programs in use.

What is in them follows from the book, the rig's line and the suite's version alone, so that the
files of a session are the same after each of its runs.
"""

from __future__ import annotations

import csv
import hashlib
import importlib.metadata
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mbtexp.errors import DataError, DiskError, SettingError
from mbtexp.triggers.book import COLUMNS, Code, CodeBook, as_tsv, whole_book
from mbtexp.triggers.codes import BOOKS
from mbtexp.triggers.compact import Class, compact
from mbtexp.triggers.devices import line_of

if TYPE_CHECKING:
    from mbtexp.rig import TriggerSettings

Form = Literal["tsv", "json", "mne", "brainvision", "hed"]

FORMS: tuple[Form, ...] = ("tsv", "json", "mne", "brainvision", "hed")

ENDINGS: dict[Form, str] = {
    "tsv": "codes.tsv",
    "json": "codes.json",
    "mne": "codes-mne.json",
    "brainvision": "codes-brainvision.tsv",
    "hed": "codes-hed.json",
}
"""How the files of each form end."""

READING = (
    "Codes are separated by a return to zero. MNE-Python: mne.find_events(raw, consecutive=True, "
    "min_duration=0.003); its default drops the second of two codes without a zero between them, "
    "and min_duration keeps apart the bits that arrive one sample late. BioSemi's Status channel "
    "has flags above bit 16: also give mask=2**16-1. A value of 255 (all bits up) is as a rule a "
    "cable that is not plugged in. With a compact map several moments share a value; the log tells "
    "them apart, as its codes come in the same order as those in the recording."
)
"""How to read the codes of a recording."""


@dataclass(frozen=True)
class Marker:
    """A value on the wire and what it stands for."""

    value: int
    name: str
    task: str
    description: str
    hed: str


def markers(book: CodeBook, classes: Sequence[Class] | None = None) -> list[Marker]:
    """The values that one task's run can leave in a recording, in order."""
    if classes is None:
        rows = [row for row in book.rows if not row.retired]
        return [Marker(r.code, r.name, r.task, r.description, r.hed) for r in rows]
    return [
        Marker(one.value, one.name, book.task, one.description, _common_hed(one)) for one in classes
    ]


def _common_hed(one: Class) -> str:
    """Tags that all moments of a class have, and the name of the class."""
    tagged = [_tags(code.hed) for code in one.codes if not code.retired]
    common = [tag for tag in tagged[0] if all(tag in tags for tags in tagged)]
    if len(tagged) == 1:
        return ", ".join(common)
    return ", ".join([*(common or ["Event"]), f"Label/Class-{one.name.replace('_', '-')}"])


def _tags(hed: str) -> list[str]:
    """The tags of a string that stand side by side; a group in brackets is one.

    >>> _tags("Agent-action, (Experiment-participant, (Press, Keyboard-key))")
    ['Agent-action', '(Experiment-participant, (Press, Keyboard-key))']
    """
    found, depth, start = [], 0, 0
    for place, letter in enumerate(hed):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            found.append(hed[start:place].strip())
            start = place + 1
    return [*found, hed[start:].strip()]


# -- forms ----------------------------------------------------------------------------------------


def table(rows: Sequence[Code], values: Mapping[str, Mapping[int, int]] | None = None) -> str:
    """The whole book as a table; with a compact map also what is sent for each code in a task.

    Parameters
    ----------
    rows
        The codes of all tasks.
    values
        What is sent for each code, by task.
    """
    if values is None:
        return as_tsv(rows)
    head, *lines = as_tsv(rows).splitlines()
    sent = [_sent(row, values) for row in rows]
    wide = [f"{line}\t{value}" for line, value in zip(lines, sent, strict=True)]
    return "\n".join([f"{head}\tvalue", *wide]) + "\n"


def _sent(row: Code, values: Mapping[str, Mapping[int, int]]) -> str:
    """The value of a code; what belongs to no one task has the same in each."""
    tasks = [row.task] if row.task in values else list(values)
    found = {values[task].get(row.code) for task in tasks if task in values} - {None}
    return ";".join(str(value) for value in sorted(filter(None, found))) or "n/a"


def book_json(
    rows: Sequence[Code],
    *,
    version: str,
    line: Mapping[str, Any] | None = None,
    values: Mapping[str, Mapping[int, int]] | None = None,
) -> str:
    """The whole book with its checksum, the suite's version, the line and advice to a reader."""
    text = table(rows, values)
    columns = [*COLUMNS, *(["value"] if values is not None else [])]
    codes = [
        {column: _plain(row, column) for column in COLUMNS}
        | ({} if values is None else {"value": _sent(row, values)})
        for row in rows
    ]
    book = {
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
        "sha256_of": f"the table with the columns {', '.join(columns)}",
        "mbtexp": version,
        "line": line,
        "reading": READING,
        "codes": codes,
    }
    return json.dumps(book, indent=2, ensure_ascii=False) + "\n"


def _plain(row: Code, column: str) -> Any:
    return getattr(row, column)


def mne_json(found: Iterable[Marker]) -> str:
    """Names to values, as ``event_id`` of MNE-Python wants them."""
    return json.dumps({one.name: one.value for one in found}, indent=2) + "\n"


def brainvision_tsv(found: Iterable[Marker]) -> str:
    """The names of a BrainVision recording's markers, as Recorder calls their values.

    The same descriptions are the event types that EEGLAB and FieldTrip show of such a recording.
    """
    out = io.StringIO()
    rows = csv.writer(out, delimiter="\t", lineterminator="\n")
    rows.writerow(["type", "description", "value", "name", "task", "meaning"])
    for one in found:
        rows.writerow(
            [
                "Stimulus",
                brainvision_description(one.value),
                one.value,
                one.name,
                one.task or "n/a",
                one.description,
            ]
        )
    return out.getvalue()


def brainvision_description(value: int) -> str:
    """A value as BrainVision Recorder writes it: an S and three places.

    >>> brainvision_description(5), brainvision_description(125)
    ('S  5', 'S125')
    """
    return f"S{value:>3}"


def hed_json(found: Iterable[Marker]) -> str:
    """A BIDS sidecar for the column ``value`` of an events table made from a recording."""
    rows = list(found)
    column = {
        "Description": "Trigger code in the recording.",
        "Levels": {str(one.value): one.description for one in rows},
        "HED": {str(one.value): one.hed for one in rows},
    }
    return json.dumps({"value": column}, indent=2, ensure_ascii=False) + "\n"


# -- files ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Exports:
    """What there is to write of the code book: the whole book, and one task's markers."""

    books: Mapping[str, CodeBook]
    version: str
    task: str | None = None
    """The task whose markers are written; None: of all tasks."""
    line: Mapping[str, Any] | None = None
    max_code: int | None = None
    """Highest value of a compact map; None: the codes themselves are sent."""

    def text(self, form: Form) -> str:
        """One form as text; where no task is named, names begin with their task's (``eyes/``)."""
        if self.max_code is not None and self.task is None and form not in ("tsv", "json"):
            raise SettingError("each task has a compact map of its own; say which one with --task.")
        if form == "tsv":
            return table(self._rows(), self._values())
        if form == "json":
            return book_json(
                self._rows(), version=self.version, line=self.line, values=self._values()
            )
        writer = {"mne": mne_json, "brainvision": brainvision_tsv, "hed": hed_json}[form]
        return writer(self._markers(self.task))

    def count(self, form: Form) -> int:
        """How many codes a form has."""
        return len(self._rows() if form in ("tsv", "json") else self._markers(self.task))

    def listed(self) -> list[Code]:
        """The codes of the task, or of all."""
        return self._rows() if self.task is None else list(self.books[self.task].rows)

    def _rows(self) -> list[Code]:
        return whole_book(self.books.values())

    def _markers(self, task: str | None) -> list[Marker]:
        if task is not None:
            return markers(self.books[task], self._classes(task))
        found = [
            replace(one, name=f"{one.task}/{one.name}" if one.task else one.name)
            for name in self.books
            for one in self._markers(name)
        ]
        return sorted(dict.fromkeys(found), key=lambda one: one.value)

    def _classes(self, task: str) -> Sequence[Class] | None:
        return None if self.max_code is None else compact(self.books[task], self.max_code)

    def _values(self) -> dict[str, dict[int, int]] | None:
        if self.max_code is None:
            return None
        return {
            task: {
                code.code: one.value for one in compact(book, self.max_code) for code in one.codes
            }
            for task, book in self.books.items()
        }


def exports_of(
    settings: TriggerSettings | None,
    task: str | None = None,
    codes: Mapping[str, int] | None = None,
) -> Exports:
    """What there is to write for a rig's line and a task.

    Parameters
    ----------
    settings
        The rig's line; None: no rig is known.
    task, codes
        The task and its codes; a task without a code book leaves the whole book only.
    """
    own = {task: codes} if task is not None and isinstance(codes, CodeBook) else {}
    compact_map = settings is not None and settings.code_map == "compact"
    return Exports(
        books={**BOOKS, **own},
        version=importlib.metadata.version("mbtexp"),
        task=task if own else None,
        line=None if settings is None else line_facts(settings),
        max_code=settings.max_code if settings is not None and compact_map else None,
    )


def line_facts(settings: TriggerSettings) -> dict[str, Any]:
    """The line as the rig describes it: device, width, gap and map, without its port."""
    if settings.device == "none":
        return {"device": "none"}
    line = line_of(settings)
    return {
        "device": line.device.name,
        "pulse_ms": round(1000 * line.pulse_s, 3),
        "gap_ms": round(1000 * line.gap_s, 3),
        "pulse_ended_by": line.pulse_ended_by,
        "max_code": line.highest,
        "code_map": settings.code_map,
    }


def write_beside(folder: Path, stem: str, exports: Exports) -> list[Path]:
    """Leave the book next to a session's logs; what is there already is never overwritten.

    Parameters
    ----------
    folder, stem
        Where the logs are, and how the session's files begin (``sub-01_ses-01``).
    exports
        What to write; of a task without a code book only the whole book.
    """
    written = []
    for form in FORMS:
        own = form not in ("tsv", "json")
        if own and exports.task is None:
            continue
        name = f"{stem}_task-{exports.task}" if own else stem
        path = _keep(folder / f"{name}_{ENDINGS[form]}", exports.text(form).encode())
        if path is not None:
            written.append(path)
    return written


def _keep(path: Path, content: bytes) -> Path | None:
    """Write a new file; None if it is there. One with other content gets a number of its own."""
    number = 1
    while True:
        candidate = path if number == 1 else path.with_name(f"{path.stem}-{number}{path.suffix}")
        try:
            candidate.parent.mkdir(parents=True, exist_ok=True)
            with candidate.open("xb") as file:
                file.write(content)
        except FileExistsError:
            if candidate.is_dir():
                raise DataError(f"{candidate} is a folder; move it away.") from None
            if candidate.read_bytes() == content:
                return None
            number += 1
        except OSError as error:
            candidate.unlink(missing_ok=True)  # half a book would be taken for another one
            raise DiskError(
                f"{candidate}: the code book could not be written ({error.strerror}). The log has "
                "its codes all the same; make room, and write it with mbtexp codes --out."
            ) from None
        else:
            return candidate
