"""Every log of a study to what the tables take of it: known already, or scored on all cores."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
from analysis.unchanged import Records, digest, digest_of, key_of
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
    log: str
    """Digest of the log; empty if it cannot be read."""
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


Digests = Sequence[str | None]
"""Of each log; None if it cannot be read, or is not known yet."""


def digests_of(
    paths: Sequence[Path],
    scoring: Scoring,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Digests:
    """The digest of each log, where there are records that it may be known by.

    ``progress`` is called after each log that has a record.
    """
    if scoring.known_by is None or not scoring.records.any():
        return [None] * len(paths)
    found: list[str | None] = []
    known = 0
    # Threads: to read and to digest is done outside of Python.
    with ThreadPoolExecutor(max(workers, 1)) as pool:
        for log in pool.map(digest_of, paths):
            found.append(log)
            if progress is not None and _known(log, scoring):
                known += 1
                progress(known, len(paths))
    return found


def _known(log: str | None, scoring: Scoring) -> bool:
    if log is None or scoring.known_by is None:
        return False
    return scoring.records.has(key_of(log, scoring.known_by))


def score_all(
    paths: Sequence[Path],
    scoring: Scoring,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
    digests: Digests | None = None,
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
        Called after each log that is scored with the number of logs done and of all.
    digests
        What ``digests_of`` found.
    """
    found: dict[int, Made] = {}
    logs = digests_of(paths, scoring, workers, progress) if digests is None else digests
    for place, known in _looked_up(logs, scoring):
        made = _made(paths[place], known, unchanged=True)
        if made is not None:
            found[place] = made
    left = [place for place in range(len(paths)) if place not in found]
    for at, new in _scored(paths, left, scoring, workers):
        made = _made(paths[left[at]], new, unchanged=False)
        if made is None:
            raise DataError(f"{paths[left[at]]}: what was made of it cannot be read back.")
        found[left[at]] = made
        if progress is not None:
            progress(len(found), len(paths))
    return [found[place] for place in range(len(paths))]


def _looked_up(logs: Digests, scoring: Scoring) -> Iterator[tuple[int, _Bytes]]:
    """What is known already, by the digest of each log."""
    if scoring.known_by is None:
        return
    for place, log in enumerate(logs):
        key = "" if log is None else key_of(log, scoring.known_by)
        content = scoring.records.read(key) if key else None
        if log is not None and content is not None:
            yield place, _Bytes(key, log, content)


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
        scoring, log = self.scoring, ""
        try:
            log_bytes = content_of(path)
            log = digest(log_bytes)
            content = scored_bytes(path, log_bytes, scoring.analyses, scoring.settings)
        except DataError as error:
            return _Bytes("", log, None, str(error))
        if scoring.known_by is None:
            return _Bytes("", log, content)
        key = key_of(log, scoring.known_by)
        scoring.records.write(key, content)
        return _Bytes(key, log, content)


def _made(path: Path, found: _Bytes, *, unchanged: bool) -> Made | None:
    """The same as values; None where the bytes are none of ours."""
    if found.content is None:
        return Made(found.key, found.log, None, found.error)
    try:
        scored = scored_of(path, found.content, found.log)
        return Made(found.key, found.log, scored, unchanged=unchanged)
    except ValueError:
        return None


def known_again(known: Iterable[tuple[Path, str, str]], scoring: Scoring) -> list[Scored]:
    """The runs of logs whose records are known, from their paths, keys and digests.

    Raises
    ------
    DataError
        A record is not as it was any more.
    """
    runs = []
    for path, key, log in known:
        content = scoring.records.read(key)
        made = None if content is None else _made(path, _Bytes(key, log, content), unchanged=True)
        if made is None or made.scored is None:
            raise DataError(f"{path}: what was made of it has been deleted; analyse again.")
        runs.append(made.scored)
    return runs


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


def worth_again(key: str, scoring: Scoring) -> tuple[Reliability, ...]:
    """The rows of reliability under a key; none if there is none."""
    content = scoring.records.read(key) if key else None
    return () if content is None else tuple(read_back(content))


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
