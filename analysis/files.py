"""The files of an analysis: indices, quality, trials, and what BIDS wants beside them."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path

from analysis.indices import COLUMNS as INDEX_COLUMNS
from analysis.indices import Analysis, indices_json
from analysis.quality import COLUMNS as CHECK_COLUMNS
from analysis.quality import quality_json
from analysis.read import describe
from analysis.scored import Scored, columns_over
from analysis.standing import Watched
from analysis.tables import as_json, head, save
from analysis.unchanged import FOLDER

BIDS_VERSION = "1.10.0"


def write_files(
    out: Path,
    runs: Sequence[Scored],
    tables: Mapping[str, bytes],
    analyses: Mapping[str, Analysis],
) -> dict[str, str]:
    """Write every file of an analysis; their names and digests.

    Parameters
    ----------
    out
        The folder.
    runs
        The runs that count, in order.
    tables
        Other files, by name.
    analyses
        How each task is scored.
    """
    tasks = sorted({run.trials.run.task for run in runs})
    used = [analyses[task] for task in tasks if task in analyses]
    contents: dict[str, bytes | Iterable[bytes]] = {
        "dataset_description.json": _dataset_description(),
        "indices.tsv": chain([head(INDEX_COLUMNS)], (run.index_lines() for run in runs)),
        "indices.json": indices_json(used),
        "quality.tsv": chain([head(CHECK_COLUMNS)], (run.check_lines() for run in runs)),
        "quality.json": quality_json(),
        **tables,
    }
    for task in tasks:
        contents |= _trial_tables(task, [run for run in runs if run.trials.run.task == task])
    contents[".bidsignore"] = _bidsignore(out, contents)
    digests = {}
    for name, content in contents.items():
        watched = Watched(content)
        save(out / name, watched)
        digests[name] = watched.digest()
    return digests


def _trial_tables(task: str, runs: Sequence[Scored]) -> dict[str, bytes | Iterable[bytes]]:
    columns = columns_over(run.rows for run in runs)
    return {
        f"trials_{task}.tsv": chain([head(columns)], (run.rows.text(columns) for run in runs)),
        f"trials_{task}.json": as_json(describe((run.trials for run in runs), columns)),
    }


def _dataset_description() -> bytes:
    return as_json(
        {
            "Name": "Trials, indices and quality by mbtexp",
            "BIDSVersion": BIDS_VERSION,
            "DatasetType": "derivative",
            "GeneratedBy": [
                {
                    "Name": "mbtexp",
                    "Version": importlib.metadata.version("mbtexp"),
                    "Description": "Scored from the event logs in sourcedata alone",
                }
            ],
        }
    )


def _bidsignore(out: Path, contents: Iterable[str]) -> bytes:
    """Names of our tables, which BIDS has no place for, beside what was listed there before."""
    file = out / ".bidsignore"
    before = file.read_bytes().splitlines() if file.is_file() else []
    ours = [name.encode() for name in (*contents, FOLDER) if name != "dataset_description.json"]
    return b"".join(line + b"\n" for line in sorted({*before, *ours}) if line.strip())
