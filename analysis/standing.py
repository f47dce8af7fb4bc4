"""What an analysis wrote and from what: enough to see that nothing has changed since.

It stands for as long as every log, every other table of the study, the settings and the code are
the same to the last byte, and every file and record is still there as it was written.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from analysis.first_look import FirstLook
from analysis.unchanged import Records, digest_of, key_of

ABSENT = "absent"


@dataclass(frozen=True)
class Standing:
    """What an analysis wrote."""

    files: Mapping[str, str]
    """Digest of each file by its name."""
    runs: Sequence[tuple[int, str]]
    """The runs that count, in their order: the place of each one's log, and its record."""
    left_out: Sequence[str]
    """Records of logs that do not count."""
    worth: str
    """That of the reliability; empty if there is none."""
    told: Sequence[str]
    look: FirstLook

    @property
    def n_logs(self) -> int:
        """Logs with a record."""
        return len(self.runs) + len(self.left_out)

    def keys(self) -> set[str]:
        """All records that belong to it."""
        return {*self.left_out, self.worth, *(key for _, key in self.runs)} - {""}


def standing_key(
    data: Path,
    logs: Sequence[tuple[Path, str]],
    beside: Sequence[tuple[Path, str]],
    known_by: str,
    n_splits: int,
) -> str:
    """The key of all that an analysis depends on.

    Parameters
    ----------
    data
        The data folder; sentences about its logs name it.
    logs
        Each log and its digest.
    beside
        The other files of the study that are read, with theirs (``digests_beside``).
    known_by
        The settings as a text.
    n_splits
        Random splits of the reliability.
    """
    named = [f"{path} {digest}" for path, digest in (*logs, *beside)]
    return key_of("standing", known_by, str(n_splits), str(data), str(len(logs)), *named)


def digests_beside(paths: Iterable[Path]) -> list[tuple[Path, str]]:
    """Files with their digests, also those that are not there."""
    return [(path, digest_of(path) or ABSENT) for path in paths]


def read_standing(records: Records, key: str, out: Path, workers: int) -> Standing | None:
    """What stands under a key; None if there is nothing, or not all of it is as it was written."""
    content = _all(records).read(key)
    if content is None:
        return None
    try:
        facts = json.loads(content)
        found = Standing(**{**facts, "look": FirstLook.of_facts(facts["look"])})
        names, digests = list(found.files), list(found.files.values())
    except (ValueError, TypeError, AttributeError, KeyError):
        return None
    with ThreadPoolExecutor(max(workers, 1)) as pool:
        if list(pool.map(digest_of, [out / name for name in names])) != digests:
            return None
        intact = all(pool.map(records.intact, sorted(found.keys())))
    return found if intact else None


def write_standing(records: Records, key: str, standing: Standing) -> None:
    """Keep what an analysis wrote, and nothing of an earlier one."""
    facts = {**vars(standing), "look": standing.look.facts()}
    _all(records).write(key, json.dumps(facts, ensure_ascii=False).encode())
    _all(records).keep_only([key])


def _all(records: Records) -> Records:
    """Where it is kept: beside the records."""
    return replace(records, kind="standing")


@dataclass
class Watched:
    """Content of a file on its way to the disk, and its digest when all of it has passed."""

    content: bytes | Iterable[bytes]

    def __post_init__(self) -> None:
        self._seen = hashlib.sha256()

    def __iter__(self) -> Iterator[bytes]:
        """The pieces."""
        for piece in [self.content] if isinstance(self.content, bytes) else self.content:
            self._seen.update(piece)
            yield piece

    def digest(self) -> str:
        """The digest of what has passed."""
        return self._seen.hexdigest()
