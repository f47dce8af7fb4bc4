"""A whole study many times over: each repeat is simulated, scored, kept as one line, and deleted.

Repeat r of a study is the same alone and among others, here and on a cluster. The lines of
finished repeats stay when the command is stopped; it goes on with those that are missing.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from mbtexp.errors import DataError, DiskError, SettingError
from mbtexp.session import Session
from mbtexp.study.settings import StudySettings
from mbtexp.study.simulate import DATA, SETTINGS, TRUTH, settings_text, simulate_study, write_whole
from mbtexp.study.workers import cores, results

Score = Callable[[Path, Path], list[dict[str, Any]]]
"""From a study's data folder and its table of true parameters to its results, as plain JSON."""

LINES = "repeats.jsonl"


def seed_of(study: StudySettings, number: int) -> int:
    """The seed of a repeat, by the study's seed and the repeat's number alone."""
    stream = Session(str(number), "power", seed=study.seed).rng("seed")
    return int(stream.integers(2**31))


def repeat(study: StudySettings, score: Score, number: int) -> dict[str, Any]:
    """One repeat: a study of its own, simulated into a folder that is deleted, and its results."""
    own = replace(study, seed=seed_of(study, number))
    with tempfile.TemporaryDirectory(dir=_memory()) as folder:
        simulate_study(own, Path(folder) / "study", workers=1)
        found = score(Path(folder) / "study" / DATA, Path(folder) / "study" / TRUTH)
    return {"repeat": number, "seed": own.seed, "rows": found}


ROOM_BYTES = 1_000_000_000
"""Free memory disk for each worker with which it is used; a hundred people take about half."""


def _memory() -> str | None:
    """A folder in memory, where there is room: the logs are read once and deleted."""
    shared = Path("/dev/shm")
    if not shared.is_dir() or not os.access(shared, os.W_OK):
        return None
    return str(shared) if shutil.disk_usage(shared).free > ROOM_BYTES * cores() else None


def run_repeats(
    study: StudySettings,
    score: Score,
    count: int,
    out: Path,
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[dict[str, Any]]:
    """The results of repeats 1 to ``count``, in order; those on record are not repeated.

    Raises
    ------
    SettingError
        The folder holds repeats of another study.
    DataError
        A line on record cannot be read.
    """
    if count < 1:
        raise SettingError(f"--repeats {count}: at least 1 is needed.")
    path = out / LINES
    _begin(study, out)
    known = _read(path)
    missing = [number for number in range(1, count + 1) if number not in known]
    tell = progress or (lambda _done, _all: None)
    tell(count - len(missing), count)
    job = partial(repeat, study, score)
    try:
        with path.open("a", encoding="utf-8", newline="") as file:
            found = results(job, missing, workers=workers, scheduler=scheduler)
            for done, (number, line) in enumerate(found, start=count - len(missing) + 1):
                file.write(_text(line))
                file.flush()
                known[number] = line
                tell(done, count)
        # In order at last, so that the file is the same whoever was ready first.
        write_whole(path, "".join(_text(known[number]) for number in sorted(known)))
    except OSError as error:
        raise DiskError(f"{path}: cannot be written ({error.strerror}).") from None
    return [known[number] for number in range(1, count + 1)]


def _text(line: Mapping[str, Any]) -> str:
    return json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n"


def _begin(study: StudySettings, out: Path) -> None:
    wanted, path = settings_text(study), out / SETTINGS
    try:
        if path.is_file():
            if path.read_text(encoding="utf-8") != wanted:
                raise SettingError(
                    f"{out} holds repeats of a study with other settings; "
                    "give --out another folder."
                )
            if (out / DATA).exists():
                raise SettingError(
                    f"{out} holds a simulated study, no repeats; give --out another folder."
                )
            return
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise SettingError(f"{out} is there and holds something else; give another --out.")
        out.mkdir(parents=True, exist_ok=True)
        write_whole(path, wanted)
    except OSError as error:
        raise DiskError(f"{out}: cannot be written ({error.strerror}).") from None


def _read(path: Path) -> dict[int, dict[str, Any]]:
    """The repeats on record; half a line at the end, of a run that was killed, is taken off."""
    if not path.is_file():
        return {}
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    known: dict[int, dict[str, Any]] = {}
    for number, text in enumerate(_lines(whole), start=1):
        try:
            line = json.loads(text)
            known[int(line["repeat"])] = line
        except (ValueError, KeyError, TypeError):
            raise DataError(
                f"{path}: line {number} is no repeat; delete that line, and it is made again."
            ) from None
    if len(whole) < len(content):
        write_whole(path, whole.decode("utf-8"))
    return known


def _lines(content: bytes) -> Sequence[bytes]:
    return content.splitlines()
