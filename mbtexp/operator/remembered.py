"""What the window remembers from one start to the next: never whom it was about."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

FILE = "operator.json"


@dataclass(frozen=True)
class Remembered:
    """The last values of the fields; the participant and the group are not among them."""

    data: str = ""
    session: str = "01"
    kind: str = ""
    name: str = ""
    preset: str = ""
    rig: str = ""
    photos: str = ""
    language: str = "en"
    mode: str = "lab"
    window_language: str = ""
    """Language of the window itself; empty: the computer's."""


def settings_file(environment: Mapping[str, str] | None = None) -> Path:
    """Where the system keeps the settings of programs.

    Parameters
    ----------
    environment
        Environment variables; the process's by default.
    """
    words = os.environ if environment is None else environment
    home = Path(words.get("HOME") or Path.home())
    if sys.platform == "win32":
        base = Path(words.get("APPDATA") or home / "AppData" / "Roaming")
    elif sys.platform == "darwin":
        base = home / "Library" / "Application Support"
    else:
        base = Path(words.get("XDG_CONFIG_HOME") or home / ".config")
    return base / "mbtexp" / FILE


def recall(path: Path) -> Remembered:
    """The values of the last time; the usual ones where there are none, or the file is damaged."""
    try:
        given: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return Remembered()
    if not isinstance(given, dict):
        return Remembered()
    names = {field.name for field in fields(Remembered)}
    texts = {name: value for name, value in given.items() if isinstance(value, str)}
    return Remembered(**{name: value for name, value in texts.items() if name in names})


def remember(path: Path, values: Remembered) -> None:
    """Keep the values for the next time; a disk that does not take them keeps nobody from work."""
    text = json.dumps(vars(values), ensure_ascii=False, indent=1)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n", encoding="utf-8")
    except OSError:
        return
