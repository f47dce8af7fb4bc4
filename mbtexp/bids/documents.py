"""The root's documents: dataset_description.json, README.md, CHANGES and .bidsignore."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from mbtexp.bids.files import Files, merged
from mbtexp.bids.runs import RunLog

BIDS_VERSION = "1.11.1"

HED_VERSION = "8.4.0"
"""Newest HED schema that the validator and hedtools both carry with them."""

READMES = ("README", "README.md", "README.rst", "README.txt")

IGNORED = ("pilot",)
"""What the validator must pass over; a name alone, since it does not understand ``pilot/``."""


@dataclass(frozen=True)
class RunFacts:
    """What the root's documents need to know of a run."""

    participant: str
    task: str
    title: str
    description: str
    references: tuple[str, ...]
    day: str
    """ISO date of the run, empty if unknown."""
    pilot: bool
    simulated: bool


def run_facts(run: RunLog) -> RunFacts:
    """The facts from a run's header."""
    info = run.header.get("task_info", {})
    return RunFacts(
        participant=run.labels.participant,
        task=run.labels.task,
        title=info.get("title") or run.labels.task,
        description=info.get("description") or "",
        references=tuple(info.get("references") or ()),
        day=str(run.header.get("clock", {}).get("utc_at_zero") or "")[:10],
        pilot=run.pilot,
        simulated=run.simulated,
    )


def write(files: Files, runs: Sequence[RunFacts], *, name: str, version: str) -> list[str]:
    """Write the documents, keeping the lab's words; returns what should be known."""
    mark = _mark(runs)
    _write_description(files, mark, name, version)
    _write_ignored(files)
    files_kept = len(files.kept)
    if not any(files.content(readme) is not None for readme in READMES if readme != "README.md"):
        files.put("README.md", _readme(runs, mark).encode())
    files.put("CHANGES", _changes(runs).encode())
    # The lab is asked to write these two itself: that is no cause for a warning.
    del files.kept[files_kept:]
    return list(_unmarked(files, mark))


# -- what the data are --------------------------------------------------------------------------

MARKS = {
    "pilot": ("PILOT DATA: ", "These are pilot data: the tasks were tried out, nobody was tested."),
    "simulated": ("SIMULATED DATA: ", "These are simulated data: a program answered, no person."),
    "partly": (
        "PARTLY SIMULATED DATA: ",
        "Some of these data are simulated: a program answered, no person. The column `simulated` "
        "of participants.tsv says whose, and the sidecar of each run says by which model.",
    ),
}


def _mark(runs: Sequence[RunFacts]) -> str | None:
    if all(run.simulated for run in runs):
        return "simulated"
    if any(run.simulated for run in runs):
        return "partly"
    return "pilot" if any(run.pilot for run in runs) else None


def _unmarked(files: Files, mark: str | None) -> Iterator[str]:
    if mark not in ("simulated", "partly"):
        return
    for readme in READMES:
        text = files.content(readme)
        if text is not None and b"simulated" not in text.lower():
            yield f"{files.root / readme}: write into it that these data are simulated."


# -- the documents ------------------------------------------------------------------------------


def _write_description(files: Files, mark: str | None, name: str, version: str) -> None:
    file = "dataset_description.json"
    content: dict[str, Any] = {
        "Name": name,
        "BIDSVersion": BIDS_VERSION,
        "HEDVersion": HED_VERSION,
        "DatasetType": "raw",
        "GeneratedBy": [
            {
                "Name": "mbtexp",
                "Version": version,
                "Description": "Tables and sidecars, derived from the event logs in sourcedata.",
            }
        ],
        "SourceDatasets": [{"URL": "bids::sourcedata"}],
    }
    theirs = files.json(file)
    if "Name" in theirs:
        theirs["Name"] = _plain(str(theirs["Name"]))
    result = merged(files.base(file), theirs, content)
    prefix = MARKS[mark][0] if mark else ""
    files.put_json(file, content, result={**result, "Name": f"{prefix}{result['Name']}"})


def _plain(name: str) -> str:
    for prefix, _ in MARKS.values():
        name = name.removeprefix(prefix)
    return name


def _write_ignored(files: Files) -> None:
    lines = (files.content(".bidsignore") or b"").decode("utf-8", "replace").splitlines()
    lines += [entry for entry in IGNORED if entry not in lines]
    files.replace(".bidsignore", "".join(f"{line}\n" for line in lines).encode())


def _changes(runs: Sequence[RunFacts]) -> str:
    days = sorted(run.day for run in runs if re.fullmatch(r"\d{4}-\d\d-\d\d", run.day))
    return f"1.0.0{' ' + days[0] if days else ''}\n  - First data.\n"


def _readme(runs: Sequence[RunFacts], mark: str | None) -> str:
    tasks = {run.task: run for run in reversed(runs)}
    sections = [_TOP]
    if mark:
        sections.insert(0, f"**{MARKS[mark][1]}**\n")
    sections += [_task_section(tasks[task]) for task in sorted(tasks)]
    return "# README\n\n" + "\n".join([*sections, _BOTTOM])


_TOP = """\
Behavioural tasks, presented and recorded with mbtexp. Please put here what a reader needs to
know: who was tested, how and why, whom to ask, which ethics committee agreed.

Every table was derived from the event logs in `sourcedata`, which nobody changes. `*_events.tsv`
holds everything that happened in a run, in time; `*_beh.tsv` holds one row for each completed
trial. The JSON files explain each column.
"""

_BOTTOM = """\
## Files changed by hand

Deriving the tables again keeps this file once it has been edited, and every column that was added
to `participants.tsv`.
"""


def _task_section(run: RunFacts) -> str:
    lines = [f"## task-{run.task}", "", f"{run.title.rstrip('.')}."]
    if run.description:
        lines.append(run.description)
    lines += ["", *(f"- {reference}" for reference in run.references)]
    return "\n".join(lines).rstrip() + "\n"
