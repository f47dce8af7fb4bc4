"""A new rig file by questions: each answer is checked at once, by the rules of the file itself."""

from __future__ import annotations

import os
import tomllib
import typing
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

from mbtexp.errors import DataError, DiskError, SettingError
from mbtexp.plan import refuse_shared_keys
from mbtexp.port import FoundPort, found_ports
from mbtexp.rig import Rig, rig_from
from mbtexp.rig_write import choices_of, rig_text
from mbtexp.strict import build, from_text
from mbtexp.terminal import Operator
from mbtexp.triggers.devices import DEVICES, Device

TRIES = 5
"""Wrong answers to one question before we give up."""

Given = dict[str, Any]
"""The answers so far, as the file would hold them."""


@dataclass(frozen=True)
class Question:
    """One setting that is asked for."""

    section: str
    """Table of the file; empty: at its top."""
    key: str
    when: Callable[[Given], bool] = lambda _: True
    """Whether the answers before make it worth asking."""
    note: Callable[[Given], str] = lambda _: ""
    """Something to say first."""


def new_rig(path: Path, operator: Operator, *, ports: Sequence[FoundPort] | None = None) -> Rig:
    """A rig asked for and written to a new file; nothing is written before the last answer.

    Parameters
    ----------
    path
        The file; it must not exist.
    operator
        Whoever answers; Return takes the default that is shown.
    ports
        Serial ports of this machine; None: those that are found.

    Raises
    ------
    DataError
        The file exists.
    SettingError
        The answers ended early, or one was wrong too often.
    """
    if path.exists():
        raise DataError(f"{path} exists already and is not overwritten; name another file.")
    found = list(found_ports() if ports is None else ports)
    given: Given = {}
    for section, questions in _sections().items():
        _ask_section(section, questions, given, found, operator)
    rig = rig_from(given, where=path.name)
    text = rig_text(rig)
    assert rig_from(tomllib.loads(text), where=path.name) == rig
    try:
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        raise DiskError(
            f"{path}: the rig cannot be written ({os.strerror(error.errno or 0)}); "
            "name a file in another folder."
        ) from None
    return rig


# -- the questions --------------------------------------------------------------------------------


def _device(given: Given) -> Device | None:
    return DEVICES.get(given["trigger"].get("device", "none"))


def _serial(given: Given) -> bool:
    row = _device(given)
    return row is not None and row.kind == "serial"


def _wired(given: Given) -> bool:
    row = _device(given)
    return row is not None and row.kind != "lsl"


def _rate_is_free(given: Given) -> bool:
    row = _device(given)
    return row is not None and row.kind == "serial" and (row.bauds is None or len(row.bauds) > 1)


def _ending_is_free(given: Given) -> bool:
    row = _device(given)
    return row is not None and len(row.endings) > 1


def _width_is_free(given: Given) -> bool:
    row = _device(given)
    return row is not None and row.widths_ms[0] < row.widths_ms[1]


def _box(given: Given) -> bool:
    return bool(given["responses"].get("device", "keyboard") != "keyboard")


def _fmri(given: Given) -> bool:
    return bool(given.get("mode") == "fmri")


def _pulses(source: str) -> Callable[[Given], bool]:
    return lambda given: _fmri(given) and given["scanner"].get("source", "key") == source


def _own_values(given: Given) -> str:
    row = _device(given)
    if row is None or row.pulse_ms is None:
        return ""
    return f"Left out: {row.pulse_ms:g} ms ({row.title})."


QUESTIONS = (
    Question("", "name"),
    Question("", "mode"),
    Question("display", "refresh_hz"),
    Question("display", "width_px"),
    Question("display", "height_px"),
    Question("display", "width_cm", note=lambda _: "Take a ruler: sizes in degrees follow."),
    Question("display", "distance_cm"),
    Question("display", "screen"),
    Question("display", "background"),
    Question("display", "photodiode"),
    Question("trigger", "device"),
    Question("trigger", "port", _wired),
    Question("trigger", "baud", _rate_is_free),
    Question("trigger", "lowest_eeg_rate_hz", _wired),
    Question("trigger", "pulse_ended_by", _ending_is_free),
    Question("trigger", "pulse_ms", _width_is_free, _own_values),
    Question("trigger", "max_code", _wired),
    Question("trigger", "on_error", lambda given: _device(given) is not None),
    Question("responses", "device"),
    Question("responses", "port", _box),
    Question("responses", "program", lambda given: given["responses"].get("device") == "forp"),
    Question("responses", "keys"),
    Question("operator", "stop"),
    Question("operator", "pause"),
    Question("scanner", "source", _fmri),
    Question("scanner", "pulse_key", _pulses("key")),
    Question("scanner", "port", _pulses("serial")),
    Question("scanner", "baud", _pulses("serial")),
    Question("scanner", "pulse_byte", _pulses("serial")),
    Question("scanner", "tr_s", _fmri),
    Question("scanner", "dummy_pulses_to_skip", _fmri),
    Question("site", "institution"),
    Question("site", "department"),
    Question("site", "address"),
)
"""In the order of the file; what is not asked keeps its default and can be changed in the file."""


def _sections() -> dict[str, list[Question]]:
    sections: dict[str, list[Question]] = {}
    for question in QUESTIONS:
        sections.setdefault(question.section, []).append(question)
    return sections


# -- asking ---------------------------------------------------------------------------------------


def _ask_section(
    section: str,
    questions: Sequence[Question],
    given: Given,
    ports: Sequence[FoundPort],
    operator: Operator,
) -> None:
    """The questions of one table, each settled before the next."""
    answers: Given = given.setdefault(section, {}) if section else given
    told = False
    for place, question in enumerate(questions):
        if not question.when(given):
            continue
        if section and not told:
            operator.say(f"\n[{section}]")
            told = True
        later = {other.key for other in questions[place + 1 :]}
        answers.update(_ask(question, later, given, ports, operator))


def _ask(
    question: Question,
    later: Collection[str],
    given: Given,
    ports: Sequence[FoundPort],
    operator: Operator,
) -> Given:
    """The answer to one question, checked; empty where the default of the file was taken."""
    kind = _settings_of(question.section)
    entry = next(entry for entry in fields(kind) if entry.name == question.key)
    choices = choices_of(typing.get_type_hints(kind)[question.key])
    may = f" ({', '.join(map(str, choices))})" if choices else ""
    default = _suggested(question, given, ports, entry.default)
    for line in (*_listed(question, ports), question.note(given)):
        if line:
            operator.say(f"  {line}")
    where = f"{question.section}: {question.key}" if question.section else question.key
    words = f"{question.key}: {entry.metadata['doc']}{may} [{_shown(default)}]:"
    for _ in range(TRIES):
        typed = operator.ask(words)
        if typed is None:
            raise SettingError(f"The answers ended at '{where}'; no file was written.")
        value = default
        if typed.strip():
            text = _port_meant(typed.strip(), ports) if question.key == "port" else typed.strip()
            value = from_text(kind, question.key, text, where=where)
        answer = {} if value == entry.default else {question.key: value}
        try:
            build(kind, answer, where=question.section or "rig.toml")
            _check_together(_with(given, question.section, answer), question.section, later)
        except SettingError as error:
            operator.say(f"  {error}")
            continue
        return answer
    raise SettingError(f"'{where}' was answered wrongly {TRIES} times; no file was written.")


def _with(given: Given, section: str, answer: Given) -> Given:
    if not section:
        return {**given, **answer}
    return {**given, section: {**given.get(section, {}), **answer}}


STAND_INS = {"port": "a port", "pulse_ms": 100.0}
"""What stands for an answer that is needed and still to come, so that the others can be checked."""


def _check_together(given: Given, section: str, later: Collection[str]) -> None:
    """The rules that span several settings, as far as the answers go."""
    so_far = dict(given)
    if "scanner" not in so_far and ("trigger" not in so_far or so_far.get("mode") == "fmri"):
        so_far["mode"] = "behaviour"  # the line and the scanner are asked for later
    if section in ("trigger", "responses", "scanner"):
        known = {entry.name for entry in fields(_settings_of(section))}
        so_far[section] = dict(so_far[section])
        for key, value in STAND_INS.items():
            if key in later and key in known and _needed(key, so_far):
                so_far[section].setdefault(key, value)
    rig = rig_from(so_far, where="rig.toml")
    refuse_shared_keys(rig.responses.keys, rig)


def _needed(key: str, given: Given) -> bool:
    if key != "pulse_ms":
        return True
    row = _device(given)
    return row is not None and row.pulse_ms is None


def _settings_of(section: str) -> type[Any]:
    if not section:
        return Rig
    kind = typing.get_type_hints(Rig)[section]
    assert is_dataclass(kind)
    return typing.cast("type[Any]", kind)


def _shown(default: Any) -> str:
    if default is None:
        return "left out"
    if isinstance(default, tuple):
        return ", ".join(default) or "the task's own"
    return str(default) or "empty"


# -- ports ----------------------------------------------------------------------------------------


def devices_by_usb(vid_pid: str | None) -> list[str]:
    """Kinds of trigger device that are known under a USB id.

    >>> devices_by_usb("2341:8037")
    ['mmbts-p', 'mmbts-s']
    """
    return [name for name, row in DEVICES.items() if vid_pid in row.usb_ids]


def ports_text(ports: Sequence[FoundPort]) -> str:
    """The serial ports of this machine, one below the other, numbered."""
    if not ports:
        return "No serial port was found on this machine."
    lines = []
    for number, port in enumerate(ports, start=1):
        known = devices_by_usb(port.vid_pid)
        guess = f" - perhaps {' or '.join(known)}" if known else ""
        lines.append(f"{number}  {port.stable}")
        lines.append(f"   {port.spoken()}{guess}")
    return "\n".join(lines)


def _listed(question: Question, ports: Sequence[FoundPort]) -> list[str]:
    if question.key != "port":
        return []
    return [*ports_text(ports).splitlines(), "Type a number from this list, or a name."]


def _port_meant(typed: str, ports: Sequence[FoundPort]) -> str:
    """The stable name of a port given by its number in the list; other names as they are."""
    if typed.isdigit() and 1 <= int(typed) <= len(ports):
        return ports[int(typed) - 1].stable
    return typed


def _suggested(question: Question, given: Given, ports: Sequence[FoundPort], default: Any) -> Any:
    """A better default from what is plugged in."""
    if (question.section, question.key) == ("trigger", "device") and given.get("mode") == "eeg":
        known = [name for port in ports for name in devices_by_usb(port.vid_pid)]
        return known[0] if known else "serial"
    if (question.section, question.key) == ("trigger", "port") and _serial(given):
        return _likely_port(given["trigger"]["device"], ports) or default
    return default


def _likely_port(device: str, ports: Sequence[FoundPort]) -> str | None:
    known = [port for port in ports if device in devices_by_usb(port.vid_pid)]
    usb = [port for port in ports if port.vid_pid is not None]
    likely = known or usb
    return likely[0].stable if likely else None
