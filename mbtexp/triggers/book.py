"""Code books: which number a moment of a task leaves in the recording; unique and for good.

The numbers from 1 to 200 belong to the five long tasks, 40 to each: base + offset. A short task has
a stretch of what these leave free, and 222 to 229 for what is common to all. Those from 201 to 245
beside them mean the same in every task. 0 is the line at rest; 254 and 255 are what a recorder
shows by itself.
Numbers are append-only: a code that is no longer used is retired, never given away again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from mbtexp.errors import SettingError, did_you_mean
from mbtexp.ports import Facts

LOWEST, HIGHEST = 1, 253

STRUCTURE = "structure"
"""Class of what begins or ends, and of all that the operator does, on a line of four bits."""

SPAN = 40
"""Numbers that belong to one task: base + 1 to base + 39; the last one stays free."""

BASES = {"attachment": 0, "trust": 40, "discounting": 80, "eyes": 120, "polysemy": 160}
"""Where each task's numbers begin."""

SHORT = "short"
"""Task of the numbers that the short tasks share."""

SHORT_FIRST = 222
"""First of these numbers: one for each of ``COMMON``, in its order."""

STRETCHES = {
    "recognition": range(129, 145),
    "moral": range(93, 105),
    "mood": range(179, 182),
    "questionnaire": range(182, 185),
    "interlude": range(195, 200),
}
"""Numbers of each short task; an offset of 1 is the first of them."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One moment that leaves a code; ``number`` is an offset in a task, a code if session-wide."""

    number: int
    description: str
    hed: str
    since: str = "0.1.0"
    retired: bool = False
    short: str = ""
    """Class that it shares with others on a line of four bits; empty: it has one of its own."""


@dataclass(frozen=True, slots=True)
class Code:
    """A row of the book."""

    name: str
    code: int
    task: str
    """Task it belongs to; ``short`` if the short tasks share it, empty if session-wide."""
    description: str
    hed: str
    since: str
    retired: bool
    short: str = ""


SESSION = {
    "session_start": Entry(201, "A session begins", "Experiment-structure, Label/Session-start"),
    "session_end": Entry(202, "A session ends", "Experiment-structure, Label/Session-end"),
    "run_start": Entry(203, "First flip of a run", "Experiment-structure, Label/Run-start"),
    "run_end": Entry(204, "A run is complete", "Experiment-structure, Label/Run-end"),
    "pause": Entry(205, "The operator paused", "Experiment-control, Pause, Label/Pause-start"),
    "resume": Entry(206, "A pause is over", "Experiment-control, Label/Pause-end"),
    "practice_start": Entry(207, "Practice begins", "Experiment-structure, Label/Practice-start"),
    "practice_end": Entry(208, "Practice ends", "Experiment-structure, Label/Practice-end"),
    "abort": Entry(209, "The run was stopped early", "Experiment-control, Mishap, Label/Abort"),
    "first_pulse": Entry(
        210, "First counted pulse of the scanner", "Experiment-control, Label/First-pulse"
    ),
    "later_pulse": Entry(
        211, "A later pulse of the scanner", "Experiment-control, Label/Later-pulse"
    ),
    "photodiode": Entry(
        212,
        "A patch flashes for the photodiode test",
        "Sensory-event, Visual-presentation, Label/Photodiode-test",
    ),
    "clock_marker": Entry(
        213, "Aligns two clocks, between trials", "Experiment-control, Label/Clock-marker"
    ),
    "rest_start": Entry(220, "A rest or baseline begins", "Experiment-structure, Label/Rest-start"),
    "rest_end": Entry(221, "A rest or baseline ends", "Experiment-structure, Label/Rest-end"),
    "link_recovered": Entry(
        240, "The line works again; codes were lost before", "Mishap, Label/Link-recovered"
    ),
    "test_end": Entry(245, "The test of the line is over", "Experiment-control, Label/Test-end"),
}
"""Codes that mean the same in every task."""

COMMON = {
    "block_start": Entry(
        1, "A block begins", "Experiment-structure, Label/Block-start", short=STRUCTURE
    ),
    "block_end": Entry(2, "A block ends", "Experiment-structure, Label/Block-end", short=STRUCTURE),
    "fixation": Entry(
        3, "Onset of the fixation cross", "Sensory-event, Visual-presentation, Cross"
    ),
    "window": Entry(
        25,
        "Answers count from here on",
        "Experiment-structure, Label/Response-window-start",
        short="question",
    ),
    "no_response": Entry(
        29,
        "The response window closed unanswered",
        "Experiment-structure, Label/Response-window-end-unanswered",
    ),
    "stimulus_offset": Entry(
        31,
        "The stimulus is gone",
        "Sensory-event, Visual-presentation, Label/Stimulus-offset",
    ),
    "probe": Entry(
        32,
        "Onset of an attention probe",
        "Sensory-event, Experimental-stimulus, Visual-presentation, Label/Attention-probe",
    ),
    "trial_invalid": Entry(
        33,
        "The trial before this does not count",
        "Experiment-control, Mishap, Label/Invalid",
        short=STRUCTURE,
    ),
}
"""Offsets that mean the same in every task."""


class CodeBook(Mapping[str, int]):
    """The codes one task may send, by name, as attribute or as key; retired ones only backwards.

    >>> book = codebook("eyes", face=Entry(5, "Onset of a face", "Sensory-event"))
    >>> book.face, book["block_start"], book.run_start
    (125, 121, 203)
    >>> book.name_of(125)
    'face'
    """

    def __init__(self, task: str, rows: Iterable[Code]) -> None:
        self.task = task
        self.rows = tuple(rows)
        _refuse_clashes(task, self.rows)
        self._codes = {row.name: row.code for row in self.rows if not row.retired}
        self._rows = {row.code: row for row in self.rows}

    def __getitem__(self, name: str) -> int:
        return self._codes[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._codes)

    def __len__(self) -> int:
        return len(self._codes)

    def __getattr__(self, name: str) -> int:
        # Underscored names are asked for by copy and pickle before the book has any code.
        if name.startswith("_") or name not in self._codes:
            hint = "" if name.startswith("_") else f"; {did_you_mean(name, self._codes)}"
            raise AttributeError(f"task '{self.task}' has no code named {name!r}{hint}")
        return self._codes[name]

    def name_of(self, code: int) -> str:
        """Name of a code, retired ones too."""
        if code not in self._rows:
            raise SettingError(f"code {code} is not in the code book of task '{self.task}'.")
        return self._rows[code].name

    def check(self, max_code: int) -> None:
        """Refuse a recorder that cannot take all of the book's codes."""
        name, code = max(self._codes.items(), key=lambda item: item[1])
        if code > max_code:
            raise SettingError(
                f"rig.toml: trigger: max_code is {max_code}, but task '{self.task}' sends codes up "
                f"to {code} ('{name}'); this recorder cannot take them."
            )

    def facts(self) -> Facts:
        """Each code with its number, description and HED tags, for the log's header."""
        return {
            row.name: {"code": row.code, "description": row.description, "hed": row.hed}
            for row in self.rows
            if not row.retired
        }


def codebook(task: str, *, base: int | None = None, **own: Entry) -> CodeBook:
    """The book of one task: its own codes, those common to all tasks, and the session-wide ones.

    Parameters
    ----------
    task
        Name of the task.
    base
        Where its numbers begin; a task that is not of this house borrows one of ``BASES``.
    own
        The task's own moments, by name: offsets 4-30 as in every task, 34-39 as it likes; those of
        a short task from 1 to the length of its stretch.
    """
    if base is None and task in STRETCHES:
        return _short_book(task, own)
    start = BASES.get(task) if base is None else base
    if start is None:
        raise SettingError(f"task '{task}' has no numbers in the code book; give it a base.")
    if start not in BASES.values():
        raise SettingError(
            f"task '{task}': base {start} is not possible; it must be one of "
            f"{', '.join(map(str, BASES.values()))}."
        )
    moments = [*COMMON.items(), *own.items()]
    for name, entry in moments:
        if not 1 <= entry.number < SPAN:
            raise SettingError(
                f"task '{task}': code '{name}' has offset {entry.number}; "
                f"it must be from 1 to {SPAN - 1}."
            )
    rows = [_row(name, entry, task, start) for name, entry in moments]
    rows += [_row(name, entry, "", 0) for name, entry in SESSION.items()]
    return CodeBook(task, sorted(rows, key=lambda row: row.code))


def _short_book(task: str, own: Mapping[str, Entry]) -> CodeBook:
    """The book of a short task: what is common to all tasks has numbers that such tasks share."""
    stretch = STRETCHES[task]
    for name, entry in own.items():
        if not 1 <= entry.number <= len(stretch):
            raise SettingError(
                f"task '{task}': code '{name}' has offset {entry.number}; "
                f"it must be from 1 to {len(stretch)}."
            )
    rows = [_row(name, entry, task, stretch.start - 1) for name, entry in own.items()]
    rows += [
        _row(name, replace(entry, number=place), SHORT, SHORT_FIRST)
        for place, (name, entry) in enumerate(COMMON.items())
    ]
    rows += [_row(name, entry, "", 0) for name, entry in SESSION.items()]
    return CodeBook(task, sorted(rows, key=lambda row: row.code))


def _row(name: str, entry: Entry, task: str, base: int) -> Code:
    return Code(
        name,
        base + entry.number,
        task,
        entry.description,
        entry.hed,
        entry.since,
        entry.retired,
        entry.short,
    )


_TAKEN = {*dir(CodeBook), "task", "rows"}


def _refuse_clashes(task: str, rows: Iterable[Code]) -> None:
    names: dict[int, str] = {}
    seen: set[str] = set()
    for row in rows:
        if not LOWEST <= row.code <= HIGHEST:
            raise SettingError(
                f"task '{task}': code '{row.name}' is {row.code}; "
                f"it must be from {LOWEST} to {HIGHEST}."
            )
        if row.code in names:
            raise SettingError(
                f"task '{task}': codes '{names[row.code]}' and '{row.name}' are both {row.code}."
            )
        if row.name in seen or row.name in _TAKEN:
            raise SettingError(f"task '{task}': the name '{row.name}' of a code is already taken.")
        names[row.code] = row.name
        seen.add(row.name)


def whole_book(books: Iterable[CodeBook]) -> list[Code]:
    """The rows of several tasks' books as one, each row once, in order of number."""
    return sorted({row for book in books for row in book.rows}, key=lambda row: row.code)


COLUMNS = ("code", "name", "task", "description", "hed", "since", "retired")


def as_tsv(rows: Iterable[Code]) -> str:
    """The book as a table with tabs, to go with a recording."""
    lines = ["\t".join(COLUMNS)]
    for row in rows:
        lines.append("\t".join(_cell(getattr(row, column)) for column in COLUMNS))
    return "\n".join(lines) + "\n"


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) or "n/a"
