"""Analyse a data folder: every log to trials, indices and quality, as tables under derivatives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from analysis import attachment, discounting, eyes, mood, moral, polysemy, recognition, trust
from analysis.files import write_files
from analysis.first_look import FirstLook, first_look
from analysis.indices import Analysis, Index
from analysis.parallel import cores
from analysis.quality import Check
from analysis.read import Run, Trials
from analysis.reliable import (
    N_SPLITS,
    Reliability,
    reliability_json,
    reliability_tsv,
)
from analysis.score_all import (
    Digests,
    Scoring,
    Worth,
    digests_of,
    known_again,
    score_all,
    worth_again,
    worth_of,
)
from analysis.scored import Scored
from analysis.standing import (
    Standing,
    digests_beside,
    read_standing,
    standing_key,
    write_standing,
)
from analysis.states import Key
from analysis.study_files import files_beside, prediction_files
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


@dataclass(frozen=True)
class Found:
    """What the logs of a study hold."""

    runs: tuple[Trials, ...]
    indices: tuple[Index, ...]
    quality: tuple[Check, ...]
    reliability: tuple[Reliability, ...]


@dataclass(frozen=True)
class Analysed:
    """What an analysis found and where it is."""

    out: Path
    files: tuple[Path, ...]
    told: tuple[str, ...]
    """Sentences for the user: logs left out, damaged lines, tasks without an analysis."""
    look: FirstLook
    """The main indices and the failed checks, at once also where nothing has changed."""
    found_by: Callable[[], Found] = field(repr=False, compare=False)
    """Gives what was found; from the records of the last analysis if nothing has changed."""
    unchanged: int = 0
    """Logs that were not scored again: neither they nor settings nor code have changed."""
    as_before: bool = False
    """Whether nothing at all has changed since the last analysis, so that nothing was written."""

    @cached_property
    def found(self) -> Found:
        """All that was found."""
        return self.found_by()

    @property
    def runs(self) -> tuple[Trials, ...]:
        """The runs; their trials are read from the logs again when they are asked for."""
        return self.found.runs

    @property
    def indices(self) -> tuple[Index, ...]:
        """The indices of all runs."""
        return self.found.indices

    @property
    def quality(self) -> tuple[Check, ...]:
        """The checks of all runs."""
        return self.found.quality

    @property
    def reliability(self) -> tuple[Reliability, ...]:
        """How steadily the main indices tell people apart; empty if that was switched off."""
        return self.found.reliability


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
    the settings, and all code that scores are the same. That saves time and changes no byte. Where
    nothing at all has changed, and every table is still as it was written, nothing is written.

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
    digests = digests_of(paths, scoring, many, progress)
    beside = digests_beside(files_beside(data))
    standing = _standing(data, paths, digests, beside, scoring, n_splits, many)
    if standing is not None:
        return _as_before(target, paths, digests, scoring, standing)
    told: list[str] = []
    scored: dict[Key, tuple[int, Scored]] = {}
    made = score_all(paths, scoring, many, progress, digests)
    for place, one in enumerate(made):
        if one.scored is None:
            told.append(one.error)
            continue
        told += _told(one.scored)
        _keep(scored, place, one.scored, told)
    if not scored:
        raise DataError(f"{data}: none of its {len(paths)} logs can be read. {told[0]}")
    chosen = [scored[key] for key in sorted(scored)]
    runs = [run for _, run in chosen]
    told += _said_once([run.trials.run for run in runs])
    tested = [run for run in runs if not run.trials.run.practice]
    indices = [index for run in runs for index in run.indices]
    predictions = prediction_files(
        data, [run.trials for run in tested], [run.placed for run in tested], indices
    )
    worth = worth_of(tested, scoring, n_splits, many) if n_splits else Worth("", ())
    tables = {**predictions, **(_reliability_tables(worth.rows) if n_splits else {})}
    files = write_files(target, runs, tables, ANALYSES)
    counted = {place: made[place].key for place, _ in chosen}
    left_out = [one.key for place, one in enumerate(made) if one.key and place not in counted]
    look = first_look(len(runs), indices, [check for run in runs for check in run.checks])
    now = Standing(files, list(counted.items()), left_out, worth.key, told, look)
    logs = [(path, one.log) for path, one in zip(paths, made, strict=True) if one.log]
    if scoring.known_by is not None and len(logs) == len(paths):
        key = standing_key(data, logs, beside, scoring.known_by, n_splits)
        write_standing(records, key, now)
    records.keep_only(now.keys())
    return Analysed(
        out=target,
        files=tuple(target / name for name in files),
        told=tuple(told),
        look=look,
        found_by=lambda: _found(runs, worth.rows),
        unchanged=sum(one.unchanged for one in made),
    )


def _standing(
    data: Path,
    paths: Sequence[Path],
    digests: Digests,
    beside: Sequence[tuple[Path, str]],
    scoring: Scoring,
    n_splits: int,
    workers: int,
) -> Standing | None:
    """What the last analysis wrote, if this one would write the same and it is all there."""
    logs = [(path, log) for path, log in zip(paths, digests, strict=True) if log is not None]
    if scoring.known_by is None or len(logs) < len(paths):
        return None
    key = standing_key(data, logs, beside, scoring.known_by, n_splits)
    return read_standing(scoring.records, key, scoring.records.folder.parent, workers)


def _as_before(
    out: Path, paths: Sequence[Path], digests: Digests, scoring: Scoring, standing: Standing
) -> Analysed:
    """The last analysis, of which nothing is read before it is asked for."""
    known = [(paths[place], key, digests[place] or "") for place, key in standing.runs]

    def found() -> Found:
        return _found(known_again(known, scoring), worth_again(standing.worth, scoring))

    return Analysed(
        out=out,
        files=tuple(out / name for name in standing.files),
        told=tuple(standing.told),
        look=standing.look,
        found_by=found,
        unchanged=standing.n_logs,
        as_before=True,
    )


def _found(runs: Sequence[Scored], worth: Sequence[Reliability]) -> Found:
    return Found(
        runs=tuple(run.trials for run in runs),
        indices=tuple(index for run in runs for index in run.indices),
        quality=tuple(check for run in runs for check in run.checks),
        reliability=tuple(worth),
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


def _keep(scored: dict[Key, tuple[int, Scored]], place: int, run: Scored, told: list[str]) -> None:
    said = run.trials.run
    key = run.placed.key
    if key in scored:
        first = scored[key][1].trials.run.path
        told.append(f"{said.path}: {said.name} is already in {first}; this log was left out.")
    else:
        scored[key] = place, run


def _reliability_tables(rows: Sequence[Reliability]) -> dict[str, bytes]:
    return {"reliability.tsv": reliability_tsv(rows), "reliability.json": reliability_json()}
