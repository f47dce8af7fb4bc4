"""Analyse a data folder: every log to trials, indices and quality, as tables under derivatives."""

from __future__ import annotations

import importlib.metadata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from analysis import attachment, discounting, eyes, mood, moral, polysemy, recognition, trust
from analysis.indices import Analysis, Index, indices_json, indices_tsv
from analysis.parallel import cores
from analysis.quality import Check, quality_json, quality_tsv
from analysis.read import Run, Trials, describe
from analysis.reliable import (
    N_SPLITS,
    Reliability,
    reliability_json,
    reliability_tsv,
)
from analysis.score_all import Scoring, Worth, score_all, worth_of
from analysis.scored import Scored, columns_over
from analysis.states import Key
from analysis.study_files import prediction_files
from analysis.tables import as_json, head, save
from analysis.unchanged import FOLDER, Records, settings_text
from mbtexp.errors import DataError, did_you_mean
from mbtexp.events import find_logs

ANALYSES: Mapping[str, Analysis] = {
    known.task: known
    for known in (
        attachment.ANALYSIS,
        discounting.ANALYSIS,
        eyes.ANALYSIS,
        mood.ANALYSIS,
        moral.ANALYSIS,
        polysemy.ANALYSIS,
        recognition.ANALYSIS,
        trust.ANALYSIS,
    )
}
"""How each task is scored, by the name that its logs carry."""

BIDS_VERSION = "1.10.0"


@dataclass(frozen=True)
class Analysed:
    """What an analysis found and where it is."""

    out: Path
    files: tuple[Path, ...]
    runs: tuple[Trials, ...]
    """The runs; their trials are read from the logs again when they are asked for."""
    indices: tuple[Index, ...]
    quality: tuple[Check, ...]
    told: tuple[str, ...]
    """Sentences for the user: logs left out, damaged lines, tasks without an analysis."""
    reliability: tuple[Reliability, ...] = ()
    """How steadily the main indices tell people apart; empty if that was switched off."""
    unchanged: int = 0
    """Logs that were not scored again: neither they nor settings nor code have changed."""


def analyse(
    data: Path,
    out: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
    *,
    params: Mapping[str, Any] | None = None,
    n_splits: int = N_SPLITS,
    fresh: bool = False,
    workers: int | None = 1,
) -> Analysed:
    """Score every run of a data folder and write the tables; the same logs give the same bytes.

    What was made of a log is kept beside the tables and taken again for as long as the log's bytes,
    the settings, and all code that scores are the same. That saves time and changes no byte.

    Parameters
    ----------
    data
        The data folder, or its ``pilot`` folder for the pilots.
    out
        Where the tables go; by default ``derivatives/mbtexp`` under ``data``.
    progress
        Called after each log with the number of logs read and of all.
    params
        Settings by task in place of the analyses' own, for example
        ``{"eyes": eyes.Params(word_valence=...)}``.
    n_splits
        Random splits behind each coefficient of reliability; 0: no table of reliability.
    fresh
        Score every log anew, whatever was kept.
    workers
        Processes for the scoring of a large study; None: as many as there are cores. A script that
        asks for more than one needs ``if __name__ == "__main__":`` around it.

    Raises
    ------
    DataError
        There is no log, none can be read, or the tables cannot be written.
    """
    settings = _settings(params or {})
    paths = _logs(data)
    target = data / "derivatives" / "mbtexp" if out is None else out
    records = Records(target / FOLDER, fresh)
    scoring = Scoring(ANALYSES, settings, settings_text(settings), records)
    many = cores() if workers is None else workers
    told: list[str] = []
    scored: dict[Key, Scored] = {}
    used, unchanged = set(), 0
    for made in score_all(paths, scoring, many, progress):
        used.add(made.key)
        unchanged += made.unchanged
        if made.scored is None:
            told.append(made.error)
            continue
        told += _told(made.scored)
        _keep(scored, made.scored, told)
    if not scored:
        raise DataError(f"{data}: none of its {len(paths)} logs can be read. {told[0]}")
    runs = [scored[key] for key in sorted(scored)]
    told += _said_once([run.trials.run for run in runs])
    indices = [index for run in runs for index in run.indices]
    checks = [check for run in runs for check in run.checks]
    trials = [run.trials for run in runs]
    tested = [run for run in runs if not run.trials.run.practice]
    predictions = prediction_files(
        data, [run.trials for run in tested], [run.placed for run in tested], indices
    )
    worth = worth_of(tested, scoring, n_splits, many) if n_splits else Worth("", ())
    used.add(worth.key)
    tables = {**predictions, **(_reliability_tables(worth.rows) if n_splits else {})}
    files = _write(target, runs, indices, checks, tables)
    records.keep_only(used)
    return Analysed(
        out=target,
        files=files,
        runs=tuple(trials),
        indices=tuple(indices),
        quality=tuple(checks),
        told=tuple(told),
        reliability=worth.rows,
        unchanged=unchanged,
    )


def _settings(params: Mapping[str, Any]) -> dict[str, Any]:
    for task in params:
        if task not in ANALYSES:
            raise DataError(f"There is no analysis of {task!r}; {did_you_mean(task, ANALYSES)}")
    return {task: params.get(task, known.params) for task, known in ANALYSES.items()}


def _logs(data: Path) -> list[Path]:
    if not data.is_dir():
        raise DataError(f"{data}: there is no such folder; give the one that holds sourcedata.")
    paths = find_logs(data)
    if paths:
        return paths
    if find_logs(data / "pilot"):
        raise DataError(f"{data}: there are pilots only; analyse them with {data / 'pilot'}.")
    raise DataError(f"{data}: {_foreign(data)}")


def _foreign(data: Path) -> str:
    """What a folder without a log of ours seems to hold, and what to do."""
    psychopy = sorted(p.name for kind in ("*.psydat", "*.psyexp") for p in data.rglob(kind))
    if psychopy:
        return (
            f"these are data of another PsychoPy experiment ({psychopy[0]}), which only their own "
            "program can read; for plain tables of trials see analysis.<task>.score."
        )
    if (data / "dataset_description.json").is_file():
        return (
            "this BIDS data set holds no logs of mbtexp (sourcedata/**/*_log.jsonl), and only "
            "those are scored; copy them back under sourcedata."
        )
    return (
        f"no log lies under {data / 'sourcedata'}; give the folder that --data named "
        "when the runs were made."
    )


def _told(run: Scored) -> list[str]:
    """What the user should know of a run."""
    said, path = run.trials.run, run.trials.run.path
    told = [*said.damage, *run.trials.told, *_misplaced(path, run.trials)]
    if said.status != "complete":
        told.append(
            f"{path}: the run is {said.status}; {run.n_test} of {said.n_planned} trials are on "
            "record."
        )
    return told


def _said_once(runs: Sequence[Run]) -> list[str]:
    """What is the same of many runs: practice, and tasks without indices."""
    told = []
    practice = sum(run.practice for run in runs)
    if practice:
        told.append(
            f"{practice} of {len(runs)} runs are practice by their protocol: trials only, no "
            "indices and no verdict of quality."
        )
    without = Counter(run.task for run in runs if run.task not in ANALYSES)
    if without:
        named = ", ".join(f"{task!r} ({n})" for task, n in sorted(without.items()))
        told.append(f"there is no analysis of task {named}; trials only.")
    return told


def _misplaced(path: Path, trials: Trials) -> list[str]:
    """Tells of a log that lies under another participant's name; its header is believed."""
    label = f"sub-{trials.run.participant}"
    if path.name.startswith(f"{label}_") and label in path.parts:
        return []
    return [f"{path}: the log inside is of {trials.run.name}; its own header counts."]


def _keep(scored: dict[Key, Scored], run: Scored, told: list[str]) -> None:
    said = run.trials.run
    key = run.placed.key
    if key in scored:
        first = scored[key].trials.run.path
        told.append(f"{said.path}: {said.name} is already in {first}; this log was left out.")
    else:
        scored[key] = run


# -- files -------------------------------------------------------------------------------------


def _write(
    out: Path,
    runs: Sequence[Scored],
    indices: Sequence[Index],
    checks: Sequence[Check],
    tables: Mapping[str, bytes],
) -> tuple[Path, ...]:
    tasks = sorted({run.trials.run.task for run in runs})
    used = [ANALYSES[task] for task in tasks if task in ANALYSES]
    contents: dict[str, bytes | Iterable[bytes]] = {
        "dataset_description.json": _dataset_description(),
        "indices.tsv": indices_tsv(indices),
        "indices.json": indices_json(used),
        "quality.tsv": quality_tsv(checks),
        "quality.json": quality_json(),
        **tables,
    }
    for task in tasks:
        contents |= _trial_tables(task, [run for run in runs if run.trials.run.task == task])
    contents[".bidsignore"] = _bidsignore(out, contents)
    for name, content in contents.items():
        save(out / name, content)
    return tuple(out / name for name in contents)


def _reliability_tables(rows: Sequence[Reliability]) -> dict[str, bytes]:
    return {"reliability.tsv": reliability_tsv(rows), "reliability.json": reliability_json()}


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
