"""What a report is made from: the tables of the analysis, and the first line of every log."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from analysis.read import number
from analysis.report.plans import Plans, read_plans
from analysis.tables import MISSING
from mbtexp.errors import DataError
from mbtexp.events import Event, find_logs

Row = Mapping[str, str | None]
"""One line of a table; None where a cell is n/a."""

Key = tuple[str, str, str, str]
"""Participant, session (empty without one), task and run."""

TRIAL_COLUMNS = frozenset(
    {
        *("participant", "session", "task", "run", "practice", "excluded", "missed", "rt_s"),
        *("kind", "part", "condition", "response", "shown"),
        *("sooner", "later", "sooner_days", "later_days"),
    }
)
"""Columns of the tables of trials that are kept; a study has many trials."""


@dataclass(frozen=True)
class RunFacts:
    """What the header of a log says of its run, as far as a page may show it."""

    path: Path
    key: Key
    header: Event

    @property
    def participant(self) -> str:
        """Label of the participant."""
        return self.key[0]

    @property
    def session(self) -> str:
        """Label of the session, empty without one."""
        return self.key[1]

    @property
    def task(self) -> str:
        """Name of the task."""
        return self.key[2]

    @property
    def run(self) -> str:
        """Number of the run."""
        return self.key[3]

    @property
    def simulated(self) -> bool:
        """Whether a simulated participant answered."""
        return bool(self.header.get("simulated"))

    @property
    def pilot(self) -> bool:
        """Whether the run belongs to no study, or shows placeholder stimuli."""
        return self.header.get("mode") == "pilot" or self.part("stimuli").get("kind") == "pilot"

    def part(self, name: str) -> Mapping[str, Any]:
        """A table of the header, empty if it is not there."""
        found = self.header.get(name)
        return found if isinstance(found, dict) else {}

    @property
    def step(self) -> str:
        """Step of the session's protocol that the run belongs to; empty without one."""
        return str(self.part("protocol").get("step") or "")

    @property
    def role(self) -> str:
        """What the step is for, by the protocol."""
        return str(self.part("protocol").get("role") or "none")

    @property
    def began(self) -> str:
        """When the run was opened, ISO 8601; empty if its log does not say."""
        return str(self.part("clock").get("utc_at_zero") or "")

    @property
    def versions(self) -> dict[str, str]:
        """Programs of the presentation machine and their versions."""
        software = self.part("software")
        packages = software.get("packages")
        said = {
            "mbtexp": software.get("mbtexp"),
            "Python": software.get("python"),
            **(packages if isinstance(packages, dict) else {}),
        }
        return {name: str(version) for name, version in said.items() if version}


@dataclass(frozen=True)
class Source:
    """All that the pages of a study are made from."""

    runs: Sequence[RunFacts]
    indices: Sequence[Row]
    quality: Sequence[Row]
    trials: Mapping[str, Sequence[Row]]
    """Rows of the table of trials by task, practice included."""
    reliability: Sequence[Row] | None
    contrasts: Sequence[Row] | None
    predictions: Sequence[Row] | None
    states: Sequence[Row] | None
    plans: Plans
    """The steps of the sessions that have a log of their own."""
    meaning: Mapping[str, Any]
    """The data dictionaries, by table."""
    version: str
    """Version of mbtexp that made the tables."""

    @property
    def people(self) -> list[str]:
        """Labels of the participants, in order."""
        return sorted({run.participant for run in self.runs})

    def state_of(self) -> dict[Key, str]:
        """The state of each run that has one: of the table of states, else of its protocol."""
        found = {run.key: str(run.part("protocol").get("state") or "") for run in self.runs}
        found |= {key_of(row): row["state"] or "" for row in self.states or ()}
        return {key: state for key, state in found.items() if state}

    def by_person(self) -> dict[str, Source]:
        """The same for each person alone; what is about the whole study stays."""
        runs, indices = _apart(self.runs, _who), _apart(self.indices, _whose)
        quality, contrasts = _apart(self.quality, _whose), _apart(self.contrasts or (), _whose)
        states = _apart(self.states or (), _whose)
        trials = {task: _apart(rows, _whose) for task, rows in self.trials.items()}
        return {
            person: replace(
                self,
                runs=runs[person],
                indices=indices.get(person, []),
                quality=quality.get(person, []),
                contrasts=contrasts.get(person, []),
                states=states.get(person, []),
                trials={task: rows.get(person, []) for task, rows in trials.items()},
            )
            for person in self.people
        }

    def said(self, table: str, column: str, level: str, *, task: str = "") -> str:
        """What a level of a column means; empty if the dictionary does not say."""
        levels = self.meaning.get(table, {}).get(column, {}).get("Levels", {})
        return str(levels.get(f"{task}: {level}") or levels.get(level) or "")


One = TypeVar("One")


def _apart(rows: Sequence[One], whose: Callable[[One], str]) -> dict[str, list[One]]:
    found: dict[str, list[One]] = {}
    for row in rows:
        found.setdefault(whose(row), []).append(row)
    return found


def _who(run: RunFacts) -> str:
    return run.participant


def _whose(row: Row) -> str:
    return row["participant"] or MISSING


def tables_folder(data: Path) -> Path:
    """Where the analysis puts its tables."""
    return data / "derivatives" / "mbtexp"


def read_source(data: Path) -> Source:
    """The tables of a data folder and the facts of its runs.

    Raises
    ------
    DataError
        A table is missing, or older than a log.
    """
    folder = tables_folder(data)
    runs = read_runs(data)
    indices = _table(folder / "indices.tsv")
    quality = _table(folder / "quality.tsv")
    _refuse_outdated(data, runs, quality)
    tasks = sorted({run.task for run in runs})
    return Source(
        runs=runs,
        indices=indices,
        quality=quality,
        trials={task: _table(folder / f"trials_{task}.tsv", TRIAL_COLUMNS) for task in tasks},
        reliability=_optional(folder / "reliability.tsv"),
        contrasts=_optional(folder / "contrasts.tsv"),
        predictions=_optional(folder / "study.tsv"),
        states=_optional(folder / "states.tsv"),
        plans=read_plans(data),
        meaning={
            name: _json(folder / f"{name}.json")
            for name in ("indices", "quality", "reliability", "contrasts", "study")
        },
        version=_version(_json(folder / "dataset_description.json")),
    )


def read_runs(data: Path) -> list[RunFacts]:
    """The runs of a data folder by the first line of their logs; the first log of a run counts."""
    runs: dict[Key, RunFacts] = {}
    for path in find_logs(data):
        header = _header(path)
        if header is not None:
            facts = RunFacts(path, _key(header), header)
            runs.setdefault(facts.key, facts)
    return [runs[key] for key in sorted(runs)]


def _key(header: Event) -> Key:
    session = header.get("session")
    return (
        str(header["participant"]),
        "" if session is None else str(session),
        str(header["task"]),
        str(header["run"]),
    )


def _header(path: Path) -> Event | None:
    """The first line; None where the analysis could not have read the log either."""
    try:
        with path.open("rb") as file:
            header = json.loads(file.readline())
    except (OSError, ValueError):
        return None
    needed = ("participant", "task", "run")
    if not isinstance(header, dict) or any(header.get(name) is None for name in needed):
        return None
    return header


def _refuse_outdated(data: Path, runs: Sequence[RunFacts], quality: Sequence[Row]) -> None:
    written = (tables_folder(data) / "quality.tsv").stat().st_mtime_ns
    scored = {key_of(row) for row in quality}
    newer = [run for run in runs if run.path.stat().st_mtime_ns > written]
    if newer or {run.key for run in runs} != scored:
        raise DataError(
            f"{tables_folder(data)}: the tables do not belong to the logs that are there now. "
            f"Make them again with 'mbtexp analyse {data}', then repeat."
        )


def key_of(row: Row) -> Key:
    """The run that a line of a table belongs to."""
    return (
        row["participant"] or MISSING,
        row.get("session") or "",
        row["task"] or "",
        row["run"] or "",
    )


# -- files -----------------------------------------------------------------------------------------


def _table(path: Path, columns: Collection[str] | None = None) -> list[Row]:
    """The lines of one of our tables, whose cells hold neither tabs nor quotes that count."""
    try:
        lines = path.read_bytes().decode().split("\n")
    except OSError as error:
        raise DataError(f"{path}: {os.strerror(error.errno or errno.EIO)}.") from None
    except UnicodeDecodeError:
        raise DataError(f"{path}: this is not a table of mbtexp; analyse again.") from None
    heads = lines[0].split("\t")
    kept = [i for i, head in enumerate(heads) if columns is None or head in columns]
    return [_row(heads, kept, line, path) for line in lines[1:] if line]


def _row(heads: Sequence[str], kept: Iterable[int], line: str, path: Path) -> Row:
    cells = line.split("\t")
    if len(cells) != len(heads):
        raise DataError(f"{path}: a line has {len(cells)} cells, not {len(heads)}; analyse again.")
    return {heads[i]: None if cells[i] == MISSING else cells[i] for i in kept}


def _optional(path: Path) -> list[Row] | None:
    return _table(path) if path.is_file() else None


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _version(description: Mapping[str, Any]) -> str:
    made = description.get("GeneratedBy") or [{}]
    return str(made[0].get("Version") or "unknown")


def value(row: Row, column: str) -> float | None:
    """A cell as a finite number; None where it is n/a or no number."""
    text = row.get(column)
    if text is None:
        return None
    try:
        return number(float(text))
    except ValueError:
        return None
