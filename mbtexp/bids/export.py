"""All logs under a data folder as a BIDS dataset: tables, sidecars and the root's documents."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from mbtexp.bids import documents
from mbtexp.bids.files import Files, as_json
from mbtexp.bids.participants import (
    DESCRIPTIONS,
    ID,
    SIMULATED,
    participants_table,
    read_participants,
)
from mbtexp.bids.runs import RunLog, read_run, run_warnings
from mbtexp.bids.sidecars import Sidecar, events_sidecar, shared, trials_sidecar, undescribed
from mbtexp.bids.tables import EVENTS_TAKEN, column_name, events_table, trials_table
from mbtexp.errors import DataError, SettingError
from mbtexp.events import find_logs


@dataclass(frozen=True)
class Exported:
    """What an export did."""

    root: Path
    runs: int
    written: tuple[Path, ...]
    """Files that are new or changed."""
    unchanged: int
    """Files that were there already, byte for byte."""
    warnings: tuple[str, ...]
    """What somebody should know: damage, incomplete runs, files that were left alone."""

    def summary(self) -> str:
        """The export in one line."""
        runs = f"{self.runs} run{'s' * (self.runs != 1)}"
        return (
            f"{self.root}: {runs}; {len(self.written)} files written, {self.unchanged} unchanged."
        )


@dataclass(frozen=True)
class _Derived:
    """A run's tables and sidecars, ready to be written, and what the root needs to know of it."""

    run: documents.RunFacts
    events_name: str
    trials_name: str
    events: bytes
    trials: bytes
    events_sidecar: Sidecar
    trials_sidecar: Sidecar
    warnings: list[str] = field(default_factory=list)


def export(
    data: Path,
    *,
    out: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Exported:
    """Derive the BIDS dataset of a data folder from its logs; repeating it changes nothing.

    Parameters
    ----------
    data
        The folder that holds ``sourcedata``.
    out
        The dataset's root; the data folder itself by default.
    progress
        Called with the number of logs read and of all.

    Raises
    ------
    DataError
        There is no log, or a file that the lab edited cannot be read.
    SettingError
        ``out`` lies among the logs.
    """
    root = data if out is None else out
    if (data / "sourcedata").resolve() in (root.resolve(), *root.resolve().parents):
        raise SettingError(f"--out {root}: this is among the logs; choose a folder outside them.")
    paths = find_logs(data)
    if not paths:
        raise DataError(f"{data}: there is no log under {data / 'sourcedata'}; is it the folder?")
    warnings: list[str] = []
    derived = list(_derive_all(data, paths, warnings, progress or (lambda _done, _all: None)))
    if not derived:
        raise DataError(f"{data}: no log can be exported. {warnings[0]}")
    files = Files(root)
    # Whatever cannot be read is told before anything is written.
    people = read_participants(files.content("participants.tsv"), root / "participants.tsv")
    facts = [one.run for one in derived]
    simulated = {
        label: [run.simulated for run in facts if run.participant == label]
        for label in sorted({run.participant for run in facts})
    }
    table = participants_table(people, simulated)
    warnings += documents.write(files, facts, name=data.resolve().name, version=_version())
    _write_tables(files, derived)
    files.replace("participants.tsv", table.tsv())
    own = (ID, SIMULATED) if SIMULATED in table.columns else (ID,)
    files.put_json("participants.json", {name: DESCRIPTIONS[name] for name in own})
    files.close()
    warnings += _folderless(table.values(ID), simulated, root)
    warnings += [
        f"{path}: somebody else wrote or changed this file, so it was left as it is. "
        "Move it away to have it derived again."
        for path in files.kept
    ]
    return Exported(root, len(derived), tuple(files.written), files.unchanged, tuple(warnings))


def _version() -> str:
    return importlib.metadata.version("mbtexp")


def _derive_all(
    data: Path, paths: Sequence[Path], warnings: list[str], progress: Callable[[int, int], None]
) -> Iterator[_Derived]:
    pilots = data.resolve().name == "pilot"
    for done, path in enumerate(paths, start=1):
        try:
            run = read_run(path, data / "sourcedata")
        except DataError as error:
            warnings.append(str(error))
        else:
            if run.pilot and not pilots:
                warnings.append(f"{path}: left out, because it is a pilot's; move it to 'pilot'.")
            else:
                derived = _derive(run)
                warnings.extend(derived.warnings)
                yield derived
        progress(done, len(paths))


def _derive(run: RunLog) -> _Derived:
    events, trials = events_table(run), trials_table(run)
    described_events, described_trials = events_sidecar(run, events), trials_sidecar(run, trials)
    folder, name = run.labels.folder, run.labels.name
    return _Derived(
        run=documents.run_facts(run),
        events_name=f"{folder}/{run.datatype}/{name}_events",
        trials_name=f"{folder}/beh/{name}_beh",
        events=events.tsv(),
        trials=trials.tsv(),
        events_sidecar=described_events,
        trials_sidecar=described_trials,
        warnings=[*run_warnings(run), *_column_warnings(run, described_events, described_trials)],
    )


def _column_warnings(run: RunLog, *sidecars: Sidecar) -> Iterator[str]:
    unknown = dict.fromkeys(text for sidecar in sidecars for text in undescribed(sidecar))
    if unknown:
        yield f"{run.log.path}: values that the task does not describe: {', '.join(unknown)}."
    for name in run.columns:
        if column_name(name, EVENTS_TAKEN) != name:
            yield (
                f"{run.log.path}: the task's column '{name}' is called 'task_{name}' in the "
                "events, because the name means something else there."
            )


def _write_tables(files: Files, derived: Sequence[_Derived]) -> None:
    by_task = sorted(derived, key=lambda one: one.run.task)
    for task, group in groupby(by_task, key=lambda one: one.run.task):
        runs = list(group)
        events_root = shared([one.events_sidecar for one in runs])
        trials_root = shared([one.trials_sidecar for one in runs])
        files.put_json(f"task-{task}_events.json", events_root)
        files.put_json(f"task-{task}_beh.json", trials_root)
        for one in runs:
            for name, table, sidecar, root in (
                (one.events_name, one.events, one.events_sidecar, events_root),
                (one.trials_name, one.trials, one.trials_sidecar, trials_root),
            ):
                own = {key: value for key, value in sidecar.items() if key not in root}
                files.put(f"{name}.tsv", table)
                files.put(f"{name}.json", as_json(own))


def _folderless(
    labels: Sequence[str], simulated: dict[str, list[bool]], root: Path
) -> Iterator[str]:
    for label in labels:
        if label.removeprefix("sub-") not in simulated and not (root / label).is_dir():
            yield f"{root / 'participants.tsv'}: {label} has no data here; its row was kept."
