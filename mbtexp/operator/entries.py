"""What the operator filled in: the command that it stands for, and what is wrong with it."""

from __future__ import annotations

import contextlib
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

from mbtexp.conduct import Request, refuse_data
from mbtexp.errors import DataError, MbtexpError
from mbtexp.operator.photographs import refuse_photographs
from mbtexp.protocol.settings import protocol_names
from mbtexp.rig import read_rig
from mbtexp.session import Session
from mbtexp.task import find_task, task_names

Mode = Literal["lab", "pilot", "dry"]

MODES: tuple[Mode, ...] = ("lab", "pilot", "dry")

MODE_WORDS: Mapping[Mode, tuple[str, ...]] = {
    "lab": (),
    "pilot": ("--pilot",),
    # Among the pilots: a dry run must never lie beside participants.
    "dry": ("--pilot", "--simulate", "--virtual"),
}

FIELDS = (
    *("data", "participant", "session", "what", "steps"),
    *("rig", "photos", "passphrase", "language"),
)
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
    photos: str = ""
    """Store of the participant's own photographs; empty: those of the task are shown."""
    language: str = "en"
    mode: Mode = "lab"
    resume: bool = False
    start_at: str = ""
    """Step to begin with; those before it are left out."""
    skip: tuple[str, ...] = ()
    """Steps that are left out."""
    reason: str = ""
    """Why steps are left out."""

    @property
    def leaves_out(self) -> bool:
        """Whether steps of the protocol are left out."""
        return bool(self.start_at or self.skip)

    @property
    def pilot(self) -> bool:
        """Whether the data lie among the pilots."""
        return self.mode != "lab"

    @property
    def folder(self) -> Path:
        """Where the session's logs lie."""
        root = Path(self.data) / "pilot" if self.pilot else Path(self.data)
        return root / "sourcedata" / f"sub-{self.participant}" / f"ses-{self.session}"


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
        words = ["session", what.name, *_whom(entries), *group, *_left_out(entries)]
    else:
        words = ["run", what.name, *_whom(entries), *_which(entries)]
    data = ["--data", entries.data]
    return [*words, *data, *_place(entries), *MODE_WORDS[entries.mode], *resume]


def plan_words(entries: Entries) -> list[str]:
    """The words of the command that says what will happen."""
    what = _what(entries)
    if what.kind == "protocol":
        return [*start_words(entries), "--plan"]
    if entries.mode == "dry":
        # A plan is a person's: what a simulated participant approved of does not count there.
        entries = replace(entries, photos="")
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


def _left_out(entries: Entries) -> list[str]:
    begin = ["--from", entries.start_at] if entries.start_at else []
    skip = [word for step in entries.skip for word in ("--skip", step)]
    # As one word: a reason may begin with a dash.
    reason = [f"--reason={entries.reason}"] if entries.leaves_out else []
    return [*begin, *skip, *reason]


def _place(entries: Entries) -> list[str]:
    rig = ["--rig", entries.rig] if entries.rig else []
    photos = ["--photos", entries.photos] if entries.photos else []
    return [*rig, *photos, "--language", entries.language]


# -- mistakes -------------------------------------------------------------------------------------


def mistakes(entries: Entries) -> dict[str, str]:
    """What is wrong at once, by field: the sentences that the command itself would say.

    An empty field is told as an empty sentence: it is no mistake yet, but nothing can start.
    """
    found = {name: "" for name in ("data", "participant", "session") if not _text(entries, name)}
    if entries.what is None:
        found["what"] = ""
    if entries.leaves_out and not entries.reason:
        found["steps"] = ""
    for name in ("participant", "session"):
        if name not in found:
            found |= _said(name, partial(_label, entries, name))
    if entries.rig:
        found |= _said("rig", lambda: read_rig(Path(entries.rig)))
    if entries.photos:
        found |= _said("photos", partial(_photographs, entries, found))
    if "data" not in found:
        found |= _said("data", lambda: refuse_data(_request(entries)))
    return found


def placed(sentence: str, entries: Entries) -> str:
    """The field that a sentence of the command is about."""
    if sentence.startswith(("--from ", "--skip ")):
        return "steps"
    if entries.photos and any(word in sentence.lower() for word in ("photograph", "passphrase")):
        return "photos"
    for name in ("participant", "session", "language", "rig", "data"):
        if sentence.startswith(f"--{name} "):
            return name
    for name in ("rig", "data"):
        value = _text(entries, name)
        if value and sentence.startswith((value, Path(value).name + ":")):
            return name
    return "what"


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


def _photographs(entries: Entries, wrong: Mapping[str, str]) -> None:
    whose = "" if "participant" in wrong else entries.participant
    refuse_photographs(entries.photos, whose, entries.data)


def _request(entries: Entries) -> Request:
    return Request(
        task="",
        participant=entries.participant,
        data=Path(entries.data),
        pilot=entries.pilot,
        simulate=entries.mode == "dry",
        virtual=entries.mode == "dry",
    )
