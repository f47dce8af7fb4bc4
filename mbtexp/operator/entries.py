"""What the operator filled in: the command that it stands for, and what is wrong with it."""

from __future__ import annotations

import contextlib
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from mbtexp.conduct import Request, refuse_data
from mbtexp.errors import DataError, MbtexpError
from mbtexp.events import read_log
from mbtexp.protocol.settings import protocol_names
from mbtexp.rig import read_rig
from mbtexp.session import Session
from mbtexp.task import find_task, task_names
from mbtexp.watch.sessions import SessionSeen
from mbtexp.watch.tail import Tail

Mode = Literal["lab", "pilot", "dry"]

MODES: tuple[Mode, ...] = ("lab", "pilot", "dry")

MODE_WORDS: Mapping[Mode, tuple[str, ...]] = {
    "lab": (),
    "pilot": ("--pilot",),
    # Among the pilots: a dry run must never lie beside participants.
    "dry": ("--pilot", "--simulate", "--virtual"),
}

FIELDS = ("data", "participant", "session", "what", "rig", "language")
"""Fields that a sentence can stand beside."""

Kind = Literal["protocol", "task"]


@dataclass(frozen=True)
class What:
    """Something that can be run: a protocol, or a single task."""

    kind: Kind
    name: str
    """A shipped protocol's name or a file's path; a task's name."""

    @property
    def label(self) -> str:
        """As it stands in the list."""
        return Path(self.name).name if self.kind == "protocol" else self.name


@dataclass(frozen=True)
class Entries:
    """The fields of the window."""

    data: str = ""
    participant: str = ""
    session: str = "01"
    what: What | None = None
    preset: str = ""
    run: int = 1
    group: str = ""
    rig: str = ""
    language: str = "en"
    mode: Mode = "lab"
    resume: bool = False

    @property
    def pilot(self) -> bool:
        """Whether the data lie among the pilots."""
        return self.mode != "lab"

    @property
    def folder(self) -> Path:
        """Where the session's logs lie."""
        root = Path(self.data) / "pilot" if self.pilot else Path(self.data)
        return root / "sourcedata" / f"sub-{self.participant}" / f"ses-{self.session}"


@dataclass(frozen=True)
class Existing:
    """Logs that are there already for what was filled in."""

    done: int
    """Trials, or steps of a protocol."""
    whole: int
    complete: bool


def choices(data: str) -> list[What]:
    """What can be run: the shipped protocols, those in the study's folder, and the tasks."""
    own = _own_protocols(Path(data)) if data else []
    protocols = [*protocol_names(), *own]
    return [
        *(What("protocol", name) for name in protocols),
        *(What("task", name) for name in task_names()),
    ]


def presets(task: str) -> list[str]:
    """A task's presets, its usual one first."""
    return list(find_task(task).presets)


def _own_protocols(folder: Path) -> list[str]:
    """Protocols of the lab: files beside the data that have steps."""
    found = []
    with contextlib.suppress(OSError):
        for path in sorted(folder.glob("*.toml")):
            with contextlib.suppress(OSError, ValueError):
                if "steps" in tomllib.loads(path.read_text(encoding="utf-8-sig")):
                    found.append(str(path))
    return found


# -- the command ----------------------------------------------------------------------------------


def start_words(entries: Entries) -> list[str]:
    """The words of the command that starts it, as they would be typed after ``mbtexp``."""
    what = _what(entries)
    resume = ["--resume"] if entries.resume else []
    if what.kind == "protocol":
        group = ["--group", entries.group] if entries.group else []
        words = ["session", what.name, *_whom(entries), *group]
    else:
        words = ["run", what.name, *_whom(entries), *_which(entries)]
    data = ["--data", entries.data]
    return [*words, *data, *_place(entries), *MODE_WORDS[entries.mode], *resume]


def plan_words(entries: Entries) -> list[str]:
    """The words of the command that says what will happen."""
    what = _what(entries)
    if what.kind == "protocol":
        return [*start_words(entries), "--plan"]
    return ["plan", what.name, *_whom(entries), *_which(entries), *_place(entries)]


def short_plan(said: str) -> str:
    r"""A plan without its table of all trials: what comes before the first gap and after the last.

    >>> short_plan("Eyes\n\n1  a\n2  b\n\n2 trials")
    'Eyes\n\n2 trials'
    """
    parts = said.strip().split("\n\n")
    return said.strip() if len(parts) != 3 else "\n\n".join((parts[0], parts[-1]))


def watch_words(entries: Entries) -> list[str]:
    """The words of the command that shows how it goes."""
    whom = ["--participant", entries.participant, "--session", entries.session]
    return ["watch", entries.data, *whom]


def _what(entries: Entries) -> What:
    if entries.what is None:
        raise DataError("nothing to run was chosen.")
    return entries.what


def _whom(entries: Entries) -> list[str]:
    return ["--participant", entries.participant, "--session", entries.session]


def _which(entries: Entries) -> list[str]:
    return [*(["--preset", entries.preset] if entries.preset else []), "--run", str(entries.run)]


def _place(entries: Entries) -> list[str]:
    rig = ["--rig", entries.rig] if entries.rig else []
    return [*rig, "--language", entries.language]


# -- mistakes -------------------------------------------------------------------------------------


def mistakes(entries: Entries) -> dict[str, str]:
    """What is wrong at once, by field: the sentences that the command itself would say.

    An empty field is told as an empty sentence: it is no mistake yet, but nothing can start.
    """
    found = {name: "" for name in ("data", "participant", "session") if not _text(entries, name)}
    if entries.what is None:
        found["what"] = ""
    for name in ("participant", "session"):
        if name not in found:
            found |= _said(name, partial(_label, entries, name))
    if entries.rig:
        found |= _said("rig", lambda: read_rig(Path(entries.rig)))
    if "data" not in found:
        found |= _said("data", lambda: refuse_data(_request(entries)))
    return found


def placed(sentence: str, entries: Entries) -> str:
    """The field that a sentence of the command is about."""
    for name in ("participant", "session", "language", "rig", "data"):
        if sentence.startswith(f"--{name} "):
            return name
    for name in ("rig", "data"):
        value = _text(entries, name)
        if value and sentence.startswith((value, Path(value).name + ":")):
            return name
    return "what"


def existing(entries: Entries) -> Existing | None:
    """The logs that are there already; None where there are none, or not all is filled in."""
    empty = not (entries.data and entries.participant and entries.session)
    if entries.what is None or empty or mistakes(entries):
        return None
    return _session_there(entries) if entries.what.kind == "protocol" else _run_there(entries)


def _session_there(entries: Entries) -> Existing | None:
    name = f"sub-{entries.participant}_ses-{entries.session}_session.jsonl"
    seen = SessionSeen()
    for event in Tail(entries.folder / name).new_events():
        seen.take(event)
    if not seen.header:
        return None
    steps = seen.steps()
    done = sum(step.state in ("done", "skipped") for step in steps)
    return Existing(done, len(steps), bool(seen.ended))


def _run_there(entries: Entries) -> Existing | None:
    task = _what(entries).name
    session = Session(entries.participant, task, entries.session, entries.run)
    path = session.log_path(Path(entries.data), pilot=entries.pilot)
    if not path.exists() or path.stat().st_size == 0:
        return None
    try:
        log = read_log(path)
    except DataError:
        return Existing(0, 0, complete=True)
    done = {event["trial"] for event in log.of("trial")}
    return Existing(len(done), len(log.header["design"]), log.completed)


def _text(entries: Entries, name: str) -> str:
    return str(getattr(entries, name))


def _said(name: str, check: Callable[[], object]) -> dict[str, str]:
    try:
        check()
    except MbtexpError as error:
        return {name: str(error)}
    return {}


def _label(entries: Entries, name: str) -> None:
    labels = {"participant": "01", "session": "01", name: _text(entries, name)}
    Session(labels["participant"], "run", labels["session"])


def _request(entries: Entries) -> Request:
    return Request(
        task="",
        participant=entries.participant,
        data=Path(entries.data),
        pilot=entries.pilot,
        simulate=entries.mode == "dry",
        virtual=entries.mode == "dry",
    )
