"""A simulated study on disk: every participant plays every run on the virtual lab.

Under the output folder lie ``data`` (logs, participants.tsv, states.tsv: what a lab would have),
``truth.tsv`` with the true parameters, outside of the data, and ``study.json``, what was asked for.
"""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any

from mbtexp.clock import VIRTUAL_UTC
from mbtexp.conduct import Prepared, Request, conduct, prepare
from mbtexp.errors import DiskError, MbtexpError, SettingError
from mbtexp.session import Session
from mbtexp.study.people import Member, MemberRun, members, runs_of
from mbtexp.study.settings import PlannedRun, StudySettings, preset_of
from mbtexp.study.workers import results
from mbtexp.task import Task, find_task

DATA, TRUTH, SETTINGS, UNFINISHED = "data", "truth.tsv", "study.json", ".unfinished"

VISIT_GAP = timedelta(days=7)
RUN_GAP = timedelta(hours=2)
"""By the virtual clock: longer than any run, so that a session's runs follow one another."""

TRUTH_COLUMNS = (
    "participant",
    "group",
    "session",
    "task",
    "run",
    "state",
    "took_place",
    "parameter",
    "value",
)


@dataclass(frozen=True)
class Simulated:
    """A study that has been simulated, and where it is."""

    data: Path
    truth: Path
    participants: int
    played: int
    """Participants who were played now; the others were there already."""

    def summary(self) -> str:
        """The study in two lines."""
        kept = self.participants - self.played
        before = f" ({kept} of them before)" if kept else ""
        return (
            f"{self.data}: {self.participants} simulated participants{before}.\n"
            f"{self.truth}: their true parameters."
        )


def simulate_study(
    study: StudySettings,
    out: Path,
    *,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Simulated:
    """Let a whole study be played; what was finished before is kept, the rest is played.

    The same settings give the same bytes, with however many workers and interruptions.

    Raises
    ------
    SettingError
        The study cannot be run, or the folder holds something else.
    """
    everybody = members(study)
    _refuse_impossible(study, everybody)
    _begin(study, out)
    _clear(out / UNFINISHED)
    missing = [
        number
        for number, member in enumerate(everybody)
        if not (out / DATA / "sourcedata" / f"sub-{member.label}").is_dir()
        and any(run.took_place for run in runs_of(study, member))
    ]
    done = len(everybody) - len(missing)
    tell = progress or (lambda _done, _all: None)
    tell(done, len(everybody))
    play = partial(play_member, study, out)
    for count, _ in enumerate(results(play, missing, workers=workers), start=done + 1):
        tell(count, len(everybody))
    _clear(out / UNFINISHED)
    _write_tables(study, everybody, out)
    return Simulated(out / DATA, out / TRUTH, len(everybody), len(missing))


def play_member(study: StudySettings, out: Path, number: int) -> None:
    """All runs of one participant; their folder appears only when the last one is over."""
    member = members(study)[number]
    apart = out / UNFINISHED / member.label
    for run in runs_of(study, member):
        if run.took_place:
            _play(study, run, apart)
    home = out / DATA / "sourcedata"
    home.mkdir(parents=True, exist_ok=True)
    folder = f"sub-{member.label}"
    if (apart / "sourcedata" / folder).is_dir():
        (apart / "sourcedata" / folder).replace(home / folder)


def _play(study: StudySettings, run: MemberRun, data: Path) -> None:
    planned = run.planned
    ready = _ready(
        planned.task, planned.preset, tuple(sorted(planned.changes.items())), study.language
    )
    session = Session(run.member.label, ready.task.name, run.session, run.run, study.seed)
    person_of = ready.task.person
    if person_of is None:
        raise SettingError(f"{planned.task}: nobody can choose its simulated participant.")
    prepared = replace(
        ready,
        session=session,
        task=_blind(ready.task.played_by(person_of(**run.parameters))),
        rows=tuple(ready.task.design(session, ready.material)),
    )
    conduct(
        replace(
            _request(study, planned, run),
            data=data,
            virtual_utc=_begins(run),
        ),
        prepared=prepared,
    )


def _blind(task: Task) -> Task:
    """The task with true parameters kept out of its logs: whoever scores them cannot look."""
    return replace(
        task, participant=lambda session, of: replace(task.participant(session, of), params={})
    )


def _request(study: StudySettings, planned: PlannedRun, run: MemberRun) -> Request:
    return Request(
        task=planned.task,
        participant=run.member.label,
        data=Path(),
        session=run.session,
        run=run.run,
        preset=planned.preset,
        changes=planned.changes,
        seed=study.seed,
        language=study.language,
        simulate=True,
        virtual=True,
    )


@cache
def _ready(
    task: str, preset: str | None, changes: tuple[tuple[str, str], ...], language: str
) -> Prepared:
    """What a run is made of, without a participant: read and verified once a process."""
    request = Request(
        task=task,
        participant="1",
        data=Path(),
        preset=preset,
        changes=dict(changes),
        language=language,
        simulate=True,
        virtual=True,
    )
    return prepare(request)


def _begins(run: MemberRun) -> str:
    zero = datetime.fromisoformat(VIRTUAL_UTC)
    moment = zero + run.visit * VISIT_GAP + run.place * RUN_GAP
    return moment.isoformat(timespec="microseconds")


def _refuse_impossible(study: StudySettings, everybody: Sequence[Member]) -> None:
    """Refuse before the first run what the first participant could not play."""
    for run in runs_of(study, everybody[0]):
        try:
            prepare(_request(study, run.planned, run))
        except MbtexpError as error:
            preset = preset_of(find_task(run.planned.task), run.planned)
            raise SettingError(
                f"session {run.session}: {run.planned.task} ({preset}): {error}"
            ) from None


# -- files -----------------------------------------------------------------------------------------


def settings_text(study: StudySettings) -> str:
    """A study's settings as a file, by which it is known again."""
    return json.dumps(asdict(study), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _begin(study: StudySettings, out: Path) -> None:
    """Make the folder, or know it again."""
    wanted, path = settings_text(study), out / SETTINGS
    try:
        if path.is_file():
            if path.read_text(encoding="utf-8") != wanted:
                raise SettingError(
                    f"{out} holds a simulation with other settings; give --out another folder."
                )
            return
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise SettingError(f"{out} is there and is no simulated study; give another --out.")
        out.mkdir(parents=True, exist_ok=True)
        write_whole(path, wanted)
    except OSError as error:
        raise DiskError(f"{out}: cannot be written ({error.strerror}).") from None


def write_whole(path: Path, text: str) -> None:
    """A file that is there as a whole or not at all, in place of one that may be there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}")
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
        file.write(text)
    Path(name).chmod(0o644)
    Path(name).replace(path)


def _clear(folder: Path) -> None:
    """Take away what an interrupted simulation left behind; it is played again."""
    if folder.exists():
        shutil.rmtree(folder)


def _write_tables(study: StudySettings, everybody: Sequence[Member], out: Path) -> None:
    runs = [run for member in everybody for run in runs_of(study, member)]
    people = [(f"sub-{member.label}", member.group) for member in everybody]
    participants = out / DATA / "participants.tsv"
    if not participants.is_file():  # the BIDS export adds a column to it
        write_whole(participants, table(("participant_id", "group"), people))
    states = [
        (run.member.label, run.session, run.planned.task, run.run, run.planned.state)
        for run in runs
        if run.took_place and run.planned.state is not None
    ]
    write_whole(
        out / DATA / "sourcedata" / "states.tsv",
        table(("participant", "session", "task", "run", "state"), states),
    )
    write_whole(out / TRUTH, table(TRUTH_COLUMNS, (row for run in runs for row in _truth(run))))


def _truth(run: MemberRun) -> Iterable[tuple[Any, ...]]:
    for name, value in run.parameters.items():
        yield (
            run.member.label,
            run.member.group,
            run.session,
            run.planned.task,
            run.run,
            run.planned.state or "n/a",
            str(run.took_place).lower(),
            name,
            value,
        )


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Rows as tab-separated text."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter="\t", lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()
