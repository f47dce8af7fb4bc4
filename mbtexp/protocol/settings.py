"""A protocol's file: the steps of a session in order, and what differs between participants.

The file says everything; nothing is added in code. ``docs/protocol.md`` explains each word.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from mbtexp.errors import SettingError, did_you_mean
from mbtexp.strict import build, setting

SHIPPED = Path(__file__).parents[1] / "protocols"
"""Folder of the protocols that come with the program."""

Kind = Literal["run", "break", "page", "payout"]
Role = Literal[
    "practice", "baseline", "induction", "booster", "wash_out", "if_needed", "closing", "none"
]
Need = Literal["scanner", "eeg"]

BLANK = re.compile(r"\{(\w+)\}")
"""A word in a step that the cell fills in: ``form = "{eyes_1}"``."""

Levels = dict[str, dict[str, dict[str, str]]]
"""What a cell fills in: by factor, level and blank."""


@dataclass(frozen=True)
class StepSettings:
    """One step as the file has it; words in braces are filled in by the cell."""

    step: str = setting(..., doc="its name: small letters, digits and _")
    kind: Kind = field(default="run", metadata={"doc": "run, break, page or payout"})
    title: str = setting("", doc="what the operator reads; left out: the task's title")
    task: str | None = setting(None, doc="a task's name (run)")
    preset: str | None = setting(None, doc="a preset of the task; left out: its first (run)")
    changes: dict[str, str] = field(
        default_factory=dict, metadata={"doc": "settings in place of the preset's (run)"}
    )
    first: int = setting(0, doc="only the first trials of the design; 0: all (run)", low=0)
    state: str | None = setting(None, doc="state of the attachment system: attachment or control")
    half: int | None = setting(None, doc="part of the session it belongs to", low=1, high=20)
    role: Role = field(default="none", metadata={"doc": "what the step is for"})
    needs: tuple[Need, ...] | None = field(
        default=None, metadata={"doc": "scanner, eeg; left out: as the protocol's"}
    )
    optional: bool = setting(False, doc="the operator is asked before it")
    when: dict[str, str] = field(
        default_factory=dict, metadata={"doc": "only in cells with this level of a factor"}
    )
    text: str = setting("", doc="what the operator reads and does (break, page)")
    longest_min: float | None = setting(
        None, doc="longest time of a break, minutes", low=0.1, high=600
    )


@dataclass(frozen=True)
class WashOut:
    """When the feelings of the first half count as gone."""

    baseline: str = setting(..., doc="step with the sliders before anything was induced")
    check: str = setting(..., doc="step with the same sliders after the neutral task")
    repeat: str = setting(..., doc="neutral step to do again until the sliders are back")
    scales: tuple[str, ...] = setting(("pleasure", "arousal"), doc="sliders that are compared")
    within: float = setting(10.0, doc="points of 100 from the baseline", low=0, high=100)
    longest_more_min: float = setting(4.0, doc="minutes that may be added", low=0, high=60)


@dataclass(frozen=True)
class Distress:
    """From when on nothing is induced any more."""

    limit: float = setting(80.0, doc="distress, 0 to 100", low=1, high=100)
    times: int = setting(2, doc="ratings in a row at the limit or above it", low=1, high=5)


@dataclass(frozen=True)
class Protocol:
    """A session as it is meant to go, for every participant."""

    name: str = setting(..., doc="name of the protocol")
    title: str = setting(..., doc="what it is")
    version: str = setting(..., doc="changes whenever a step changes")
    steps: tuple[StepSettings, ...] = setting(..., doc="the steps in their order")
    needs: tuple[Need, ...] = setting((), doc="what the runs need; a step may say otherwise")
    factors: Levels = field(
        default_factory=dict, metadata={"doc": "factors with their levels; together the cells"}
    )
    turns: Levels = field(
        default_factory=dict, metadata={"doc": "factors whose levels take turns within a cell"}
    )
    wash_out: WashOut | None = field(default=None, metadata={"doc": "criterion of the wash-out"})
    distress: Distress = field(
        default_factory=Distress, metadata={"doc": "rule that ends all inductions"}
    )
    never_after_induction: tuple[str, ...] = setting(
        (), doc="tasks that no cell has right after an induction or a booster"
    )
    sha256: str = ""
    """Of the file; nobody writes it there."""

    def facts(self) -> dict[str, str]:
        """Name, version and checksum, for logs."""
        return {"name": self.name, "version": self.version, "sha256": self.sha256}

    def step(self, name: str) -> StepSettings:
        """A step by its name."""
        return next(step for step in self.steps if step.step == name)


def protocol_names() -> list[str]:
    """Names of the protocols that come with the program."""
    return sorted(path.stem for path in SHIPPED.glob("*.toml"))


def protocol_path(name_or_path: str | Path) -> Path:
    """Where a protocol's file is: a shipped one by its name, a lab's own by its path."""
    text = str(name_or_path)
    if text.endswith(".toml") or "/" in text or "\\" in text:
        return Path(text)
    if text not in protocol_names():
        raise SettingError(
            f"protocol {text!r} is not known; {did_you_mean(text, protocol_names())}. "
            "A protocol of your own is named by its file: my_protocol.toml."
        )
    return SHIPPED / f"{text}.toml"


def read_protocol(name_or_path: str | Path) -> Protocol:
    """A protocol by its name or from its file, checked as a whole and in every cell.

    Raises
    ------
    SettingError
        The file cannot be read, or says something that is not known or not possible.
    """
    from mbtexp.protocol.checks import check_protocol  # noqa: PLC0415  it needs this module

    path = protocol_path(name_or_path)
    content = _content(path)
    protocol = protocol_from(_parsed(content, path), where=path.name)
    protocol = replace(protocol, sha256=hashlib.sha256(content).hexdigest())
    check_protocol(protocol, where=path.name)
    return protocol


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SettingError(
            f"{path}: the protocol cannot be read ({error.strerror}); name another. "
            f"Shipped are {', '.join(protocol_names())}."
        ) from None


def _parsed(content: bytes, path: Path) -> dict[str, Any]:
    try:
        # The same bytes, whatever the editor's line ends and byte order mark.
        return tomllib.loads(content.decode("utf-8-sig").replace("\r\n", "\n"))
    except UnicodeDecodeError:
        raise SettingError(f"{path}: this is not UTF-8 text; save it again in UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingError(f"{path}: this is not valid TOML: {error}. Correct that line.") from None


def protocol_from(given: Mapping[str, Any], *, where: str) -> Protocol:
    """A protocol from plain values; each part of its type, the whole still unchecked."""
    if "sha256" in given:
        raise SettingError(f"{where}: 'sha256' is not known here; leave it out.")
    steps = given.get("steps", [])
    if not isinstance(steps, list) or not all(isinstance(one, Mapping) for one in steps):
        raise SettingError(f"{where}: steps must be tables, each with [[steps]] above it.")
    built = tuple(_step(one, place, where) for place, one in enumerate(steps, start=1))
    whole = {
        **given,
        "steps": (),
        **{name: _texts(given[name]) for name in ("factors", "turns") if name in given},
    }
    return replace(build(Protocol, whole, where=where), steps=built)


def _step(given: Mapping[str, Any], place: int, where: str) -> StepSettings:
    name = given.get("step")
    here = f"{where}: step {name if isinstance(name, str) and name else f'number {place}'}"
    changes = given.get("changes")
    typed = {**given, "changes": _texts(changes)} if isinstance(changes, Mapping) else given
    return build(StepSettings, typed, where=here)


def _texts(value: Any) -> Any:
    """Values as they would be typed on the command line, in tables of any depth."""
    if isinstance(value, Mapping):
        return {key: _texts(inner) for key, inner in value.items()}
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
