"""Every log of a study to what the tables take of it: known already, or scored on all cores."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.indices import Analysis
from analysis.parallel import each
from analysis.read import Trials
from analysis.record import read_back, written
from analysis.reliable import Reliability, reliability
from analysis.scored import Scored, scored_bytes, scored_of
from analysis.unchanged import Records, digest, key_of
from mbtexp.errors import DataError
from mbtexp.events import content_of

WORTH_A_PROCESS = 30_000_000
"""Bytes of logs that one core scores in about the second that other processes take to start."""

WORTH_SPLITTING = 5_000_000
"""Trials times splits from which reliability takes longer than other processes to start."""


@dataclass(frozen=True)
class Scoring:
    """How logs are scored, and what is known of them already."""

    analyses: Mapping[str, Analysis]
    settings: Mapping[str, Any]
    known_by: str | None
    """The settings as a text; None where nothing that was made with them can be known again."""
    records: Records


@dataclass(frozen=True)
class Made:
    """What came of one log."""

    key: str
    """Of the record that holds it; empty where there is none."""
    scored: Scored | None
    error: str = ""
    """Why nothing came of it."""
    unchanged: bool = False


@dataclass(frozen=True)
class _Bytes:
    """The same, as it is kept and sent."""

    key: str
    log: str
    content: bytes | None
    error: str = ""


def score_all(
    paths: Sequence[Path],
    scoring: Scoring,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> list[Made]:
    """What comes of each log, in the order of the logs, whatever was known and however it is done.

    Parameters
    ----------
    paths
        The logs.
    scoring
        How.
    workers
        Processes, where there is enough to do for more than one.
    progress
        Called after each log with the number of logs done and of all.
    """
    found: dict[int, Made] = {}

    def told(place: int, made: Made) -> None:
        found[place] = made
        if progress is not None:
            progress(len(found), len(paths))

    for place, known in _looked_up(paths, scoring, workers):
        made = _made(paths[place], known, unchanged=True)
        if made is not None:
            told(place, made)
    left = [place for place in range(len(paths)) if place not in found]
    for at, new in _scored(paths, left, scoring, workers):
        made = _made(paths[left[at]], new, unchanged=False)
        if made is None:
            raise DataError(f"{paths[left[at]]}: what was made of it cannot be read back.")
        told(left[at], made)
    return [found[place] for place in range(len(paths))]


def _looked_up(
    paths: Sequence[Path], scoring: Scoring, workers: int
) -> Iterator[tuple[int, _Bytes]]:
    """What is known already, by the bytes of each log."""
    known_by, records = scoring.known_by, scoring.records
    if known_by is None or not records.any():
        return

    def look(path: Path) -> _Bytes | None:
        try:
            log = digest(content_of(path))
        except DataError:
            return None
        key = key_of(log, known_by)
        content = records.read(key)
        return None if content is None else _Bytes(key, log, content)

    # Threads: to read and to digest is done outside of Python.
    with ThreadPoolExecutor(max(workers, 1)) as pool:
        for place, found in enumerate(pool.map(look, paths)):
            if found is not None:
                yield place, found


def _scored(
    paths: Sequence[Path], left: Sequence[int], scoring: Scoring, workers: int
) -> Iterator[tuple[int, _Bytes]]:
    inputs = [paths[place] for place in left]
    # Settings that cannot be written down can perhaps not be sent to another process either.
    alone = scoring.known_by is None or sum(map(_size, inputs)) < WORTH_A_PROCESS
    yield from each(_Job(scoring), inputs, 1 if alone else workers)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


@dataclass(frozen=True)
class _Job:
    """Scores one log and keeps what it made."""

    scoring: Scoring

    def __call__(self, path: Path) -> _Bytes:
        scoring = self.scoring
        try:
            log_bytes = content_of(path)
            content = scored_bytes(path, log_bytes, scoring.analyses, scoring.settings)
        except DataError as error:
            return _Bytes("", "", None, str(error))
        log = digest(log_bytes)
        if scoring.known_by is None:
            return _Bytes("", log, content)
        key = key_of(log, scoring.known_by)
        scoring.records.write(key, content)
        return _Bytes(key, log, content)


def _made(path: Path, found: _Bytes, *, unchanged: bool) -> Made | None:
    """The same as values; None where the bytes are none of ours."""
    if found.content is None:
        return Made(found.key, None, found.error)
    try:
        return Made(found.key, scored_of(path, found.content, found.log), unchanged=unchanged)
    except ValueError:
        return None


# -- reliability -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Worth:
    """The rows of reliability, and the key of the record that holds them."""

    key: str
    rows: tuple[Reliability, ...]


def worth_of(runs: Sequence[Scored], scoring: Scoring, n_splits: int, workers: int = 1) -> Worth:
    """How steadily the indices tell people apart; known already if no log of the study changed."""
    if scoring.known_by is None:
        return Worth("", _worth_anew(runs, scoring, n_splits, 1))
    key = key_of("reliability", scoring.known_by, str(n_splits), *(run.log for run in runs))
    content = scoring.records.read(key)
    if content is not None:
        return Worth(key, tuple(read_back(content)))
    rows = _worth_anew(runs, scoring, n_splits, workers)
    # From the bytes, as they will be the next time.
    content = written(rows)
    scoring.records.write(key, content)
    return Worth(key, tuple(read_back(content)))


def _worth_anew(
    runs: Sequence[Scored], scoring: Scoring, n_splits: int, workers: int
) -> tuple[Reliability, ...]:
    """The tasks side by side: each has its own rows, whatever the others are."""
    tasks = sorted({run.trials.run.task for run in runs})
    inputs = [[run.trials for run in runs if run.trials.run.task == task] for task in tasks]
    alone = sum(len(run.trials) for run in runs) * n_splits < WORTH_SPLITTING
    job = _Split(scoring.settings, n_splits)
    found = dict(each(job, inputs, 1 if alone else workers))
    return tuple(row for place in sorted(found) for row in found[place])


@dataclass(frozen=True)
class _Split:
    """Reliability of the indices of one task."""

    settings: Mapping[str, Any]
    n_splits: int

    def __call__(self, runs: Sequence[Trials]) -> list[Reliability]:
        return reliability(runs, self.settings, self.n_splits)
