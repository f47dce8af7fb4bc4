"""Analyse a data folder: every log to trials, indices and quality, as tables under derivatives."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis import attachment, discounting, eyes, polysemy, trust
from analysis.indices import Analysis, Index, indices_json, indices_tsv
from analysis.quality import Check, quality, quality_json, quality_tsv
from analysis.read import Trials, columns_of, describe, rows_of, trials_of
from analysis.reliable import (
    N_SPLITS,
    Reliability,
    reliability,
    reliability_json,
    reliability_tsv,
)
from analysis.states import Placed, placed
from analysis.study_files import prediction_files
from analysis.tables import as_json, save, tsv
from mbtexp.errors import DataError, did_you_mean
from mbtexp.events import find_logs, read_log

ANALYSES: Mapping[str, Analysis] = {
    known.task: known
    for known in (
        attachment.ANALYSIS,
        discounting.ANALYSIS,
        eyes.ANALYSIS,
        polysemy.ANALYSIS,
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
    indices: tuple[Index, ...]
    quality: tuple[Check, ...]
    told: tuple[str, ...]
    """Sentences for the user: logs left out, damaged lines, tasks without an analysis."""
    reliability: tuple[Reliability, ...] = ()
    """How steadily the main indices tell people apart; empty if that was switched off."""


@dataclass(frozen=True)
class _Scored:
    """One run with all that was made of it."""

    trials: Trials
    indices: tuple[Index, ...]
    checks: tuple[Check, ...]
    placed: Placed


def analyse(
    data: Path,
    out: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
    *,
    params: Mapping[str, Any] | None = None,
    n_splits: int = N_SPLITS,
) -> Analysed:
    """Score every run of a data folder and write the tables; the same logs give the same bytes.

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

    Raises
    ------
    DataError
        There is no log, none can be read, or the tables cannot be written.
    """
    settings = _settings(params or {})
    paths = _logs(data)
    told: list[str] = []
    scored: dict[tuple[str, str, str, int], _Scored] = {}
    for done, path in enumerate(paths, start=1):
        run = _score(path, settings, told)
        if run is not None:
            _keep(scored, run, told)
        if progress is not None:
            progress(done, len(paths))
    if not scored:
        raise DataError(f"{data}: none of its {len(paths)} logs can be read. {told[0]}")
    runs = [scored[key] for key in sorted(scored)]
    target = data / "derivatives" / "mbtexp" if out is None else out
    indices = [index for run in runs for index in run.indices]
    checks = [check for run in runs for check in run.checks]
    trials = [run.trials for run in runs]
    predictions = prediction_files(data, trials, [run.placed for run in runs], indices)
    worth = reliability(trials, settings, n_splits) if n_splits else []
    tables = {**predictions, **(_reliability_tables(worth) if n_splits else {})}
    files = _write(target, trials, indices, checks, tables)
    return Analysed(
        target, files, tuple(trials), tuple(indices), tuple(checks), tuple(told), tuple(worth)
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


def _score(path: Path, settings: Mapping[str, Any], told: list[str]) -> _Scored | None:
    try:
        log = read_log(path)
        trials = trials_of(log)
    except DataError as error:
        told.append(str(error))
        return None
    told += [*trials.run.damage, *trials.told, *_misplaced(path, trials)]
    if trials.run.status != "complete":
        told.append(
            f"{path}: the run is {trials.run.status}; {len(trials.test)} of "
            f"{trials.run.n_planned} trials are on record."
        )
    analysis = ANALYSES.get(trials.run.task)
    if analysis is None:
        told.append(f"{path}: there is no analysis of task {trials.run.task!r}; trials only.")
    found = [] if analysis is None else analysis.indices(trials, settings[analysis.task])
    return _Scored(trials, tuple(found), tuple(quality(log, trials, found)), placed(log, trials))


def _misplaced(path: Path, trials: Trials) -> list[str]:
    """Tells of a log that lies under another participant's name; its header is believed."""
    label = f"sub-{trials.run.participant}"
    if path.name.startswith(f"{label}_") and label in path.parts:
        return []
    return [f"{path}: the log inside is of {trials.run.name}; its own header counts."]


def _keep(scored: dict[tuple[str, str, str, int], _Scored], run: _Scored, told: list[str]) -> None:
    said = run.trials.run
    key = (said.participant, said.session or "", said.task, said.run)
    if key in scored:
        first = scored[key].trials.run.path
        told.append(f"{said.path}: {said.name} is already in {first}; this log was left out.")
    else:
        scored[key] = run


# -- files -------------------------------------------------------------------------------------


def _write(
    out: Path,
    runs: Sequence[Trials],
    indices: Sequence[Index],
    checks: Sequence[Check],
    tables: Mapping[str, bytes],
) -> tuple[Path, ...]:
    tasks = sorted({trials.run.task for trials in runs})
    used = [ANALYSES[task] for task in tasks if task in ANALYSES]
    contents = {
        "dataset_description.json": _dataset_description(),
        "indices.tsv": indices_tsv(indices),
        "indices.json": indices_json(used),
        "quality.tsv": quality_tsv(checks),
        "quality.json": quality_json(),
        **tables,
    }
    for task in tasks:
        contents |= _trial_tables(task, [trials for trials in runs if trials.run.task == task])
    contents[".bidsignore"] = _bidsignore(out, contents)
    for name, content in contents.items():
        save(out / name, content)
    return tuple(out / name for name in contents)


def _reliability_tables(rows: Sequence[Reliability]) -> dict[str, bytes]:
    return {"reliability.tsv": reliability_tsv(rows), "reliability.json": reliability_json()}


def _trial_tables(task: str, runs: Sequence[Trials]) -> dict[str, bytes]:
    columns = columns_of(runs)
    return {
        f"trials_{task}.tsv": tsv(columns, rows_of(runs, columns)),
        f"trials_{task}.json": as_json(describe(runs, columns)),
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


def _bidsignore(out: Path, contents: Mapping[str, bytes]) -> bytes:
    """Names of our tables, which BIDS has no place for, beside what was listed there before."""
    file = out / ".bidsignore"
    before = file.read_bytes().splitlines() if file.is_file() else []
    ours = [name.encode() for name in contents if name != "dataset_description.json"]
    return b"".join(line + b"\n" for line in sorted({*before, *ours}) if line.strip())
