"""One log to all that the tables take of it, and that as bytes which can be kept and sent."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any, overload

from analysis.indices import Analysis, Index, index_lines
from analysis.quality import Check, check_lines, quality
from analysis.read import KEY, RESULT, Run, Trial, Trials, own_columns, rows_of, trials_of
from analysis.record import columns_written, read_back, rows_back, written
from analysis.states import Placed, placed
from analysis.tables import MISSING, lines
from analysis.unchanged import digest
from mbtexp.errors import DataError
from mbtexp.events import content_of, log_of

HERE = "\x00"
"""Stands for the log's path in what is kept: a data folder may move."""

RUN_FIELDS = tuple(
    entry.name for entry in fields(Run) if entry.name not in ("path", "damage", "columns")
)

LOOKED_AT = ("eyes", "questionnaire")
"""Tasks whose trials the predictions look at, beside the indices: they are kept with the record."""

AT_HAND = 60_000
"""Trials that are kept in memory for another look, some 200 MB: about fifty people's five tasks."""


@dataclass(frozen=True)
class Rows:
    """A run's rows of the table of trials, as text."""

    design: tuple[str, ...]
    outcome: tuple[str, ...]
    packed: bytes
    """Lines of ``columns``, compressed."""

    @property
    def columns(self) -> tuple[str, ...]:
        """What each cell of a line is."""
        return (*KEY, *self.design, *RESULT, *self.outcome)

    def text(self, columns: Sequence[str]) -> bytes:
        """The lines with these columns; a cell that the run does not have is n/a."""
        own = zlib.decompress(self.packed)
        if tuple(columns) == self.columns:
            return own
        place = {name: at for at, name in enumerate(self.columns)}
        wanted = [place.get(name, len(self.columns)) for name in columns]
        rows = ([*line.split("\t"), MISSING] for line in own.decode().split("\n")[:-1])
        return "".join(["\t".join([row[at] for at in wanted]) + "\n" for row in rows]).encode()


def columns_over(runs: Iterable[Rows]) -> tuple[str, ...]:
    """The columns of a table of several runs, in the order in which they first come up."""
    known = list(runs)
    design = dict.fromkeys(name for rows in known for name in rows.design)
    outcome = dict.fromkeys(name for rows in known for name in rows.outcome)
    return (*KEY, *design, *RESULT, *outcome)


@dataclass(frozen=True)
class Scored:
    """One run with all that was made of it."""

    trials: Trials
    """The run; its rows are read from the log again when they are asked for."""
    indices: tuple[Index, ...]
    checks: tuple[Check, ...]
    placed: Placed
    rows: Rows
    packed_indices: bytes
    packed_checks: bytes
    log: str
    """Digest of the log's bytes."""
    n_test: int
    """Trials on record without practice."""

    def index_lines(self) -> bytes:
        """The run's lines of the table of indices."""
        return zlib.decompress(self.packed_indices)

    def check_lines(self) -> bytes:
        """The run's lines of the table of quality."""
        return zlib.decompress(self.packed_checks)


def scored_bytes(
    path: Path, content: bytes, analyses: Mapping[str, Analysis], settings: Mapping[str, Any]
) -> bytes:
    """All that is made of a log, from its bytes.

    Raises
    ------
    DataError
        These are not the bytes of a log of ours.
    """
    log = log_of(path, content)
    trials = trials_of(log)
    run = trials.run
    analysis = None if run.practice else analyses.get(run.task)
    found = [] if analysis is None else analysis.indices(trials, settings[analysis.task])
    checks = quality(log, trials, found)
    design, outcome = own_columns(trials)
    rows = lines(rows_of([trials], (*KEY, *design, *RESULT, *outcome)))
    # The lowest level: the same words stand in line after line, more effort gains little.
    again = trials.rows if run.task in LOOKED_AT else ()
    parts = [
        zlib.compress(part, 1)
        for part in (
            rows,
            index_lines(found),
            check_lines(checks),
            columns_written(Trial, again).encode(),
        )
    ]
    record = {
        "run": {name: getattr(run, name) for name in RUN_FIELDS},
        # As text of its own: the runs of a task share it.
        "columns": written(run.columns).decode(),
        "damage": [sentence.replace(str(path), HERE) for sentence in run.damage],
        "told": [sentence.replace(str(path), HERE) for sentence in trials.told],
        "n_rows": len(trials),
        "n_test": len(trials.test),
        "indices": columns_written(Index, found),
        "checks": columns_written(Check, checks),
        "placed": placed(log, trials),
        "design": design,
        "outcome": outcome,
        "ends": list(accumulate(map(len, parts))),
    }
    return written(record) + b"\n" + b"".join(parts)


def scored_of(path: Path, content: bytes, log: str) -> Scored:
    """What ``scored_bytes`` made of the log at ``path``, whose bytes have the digest ``log``.

    Raises
    ------
    ValueError
        This is something else.
    """
    head, _, packed = content.partition(b"\n")
    try:
        return _scored(path, read_back(head), packed, log)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no record of a run: {error}") from None


def _scored(path: Path, record: Mapping[str, Any], packed: bytes, log: str) -> Scored:
    damage, told = (
        tuple(sentence.replace(HERE, str(path)) for sentence in record[name])
        for name in ("damage", "told")
    )
    run = Run(path=path, damage=damage, columns=_columns(record["columns"]), **record["run"])
    rows, indices, checks, again = (
        packed[start:end] for start, end in pairwise((0, *record["ends"]))
    )
    kept = again if run.task in LOOKED_AT else b""
    return Scored(
        trials=Trials(run, LateRows(path, log, record["n_rows"], kept), told),
        indices=rows_back(Index, record["indices"]),
        checks=rows_back(Check, record["checks"]),
        placed=record["placed"],
        rows=Rows(record["design"], record["outcome"], rows),
        packed_indices=indices,
        packed_checks=checks,
        log=log,
        n_test=record["n_test"],
    )


@lru_cache(maxsize=256)
def _columns(text: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = read_back(text.encode())
    return found


# -- rows that are read when they are needed -------------------------------------------------------


class LateRows(Sequence[Trial]):
    """The trials of a log, read again each time: a study's trials would fill the memory.

    Where they are kept, packed, they come from there.
    """

    def __init__(self, path: Path, log: str, n: int, packed: bytes = b"") -> None:
        self._path, self._log, self._n, self._packed = path, log, n, packed

    def __len__(self) -> int:
        """How many trials are complete."""
        return self._n

    @overload
    def __getitem__(self, at: int) -> Trial: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Trial]: ...
    def __getitem__(self, at: int | slice) -> Trial | Sequence[Trial]:
        """A trial, or several."""
        return self._rows()[at]

    def __iter__(self) -> Iterator[Trial]:
        """The trials, in order."""
        return iter(self._rows())

    def _rows(self) -> Sequence[Trial]:
        if self._packed:
            return rows_back(Trial, zlib.decompress(self._packed).decode(), as_told=True)
        return _RECENT.rows(self._path, self._log)


class _Recent:
    """The rows of the logs that were read last, up to a number of trials."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._rows: dict[tuple[Path, str], Sequence[Trial]] = {}

    def rows(self, path: Path, log: str) -> Sequence[Trial]:
        """The trials of a log, which must have the bytes that were scored."""
        known = self._rows.pop((path, log), None)
        rows = _rows_again(path, log) if known is None else known
        self._rows[path, log] = rows
        kept = sum(map(len, self._rows.values()))
        while kept > self._most and len(self._rows) > 1:
            kept -= len(self._rows.pop(next(iter(self._rows))))
        return rows

    def forget(self) -> None:
        """Give the memory back."""
        self._rows.clear()


_RECENT = _Recent(AT_HAND)


def _rows_again(path: Path, log: str) -> Sequence[Trial]:
    content = content_of(path)
    if digest(content) != log:
        raise DataError(f"{path}: the log changed while it was being analysed; analyse again.")
    return trials_of(log_of(path, content)).rows
