"""The logs of whole sessions: where they are, and what each began with."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mbtexp.errors import DataError


def session_logs(data: Path) -> list[Path]:
    """The logs of whole sessions in a study's folder, in the order of their names."""
    return sorted(data.glob("sourcedata/sub-*/**/*_session.jsonl"))


def sessions_begun(data: Path) -> list[tuple[Path, Mapping[str, Any]]]:
    """Each session's log with its first line; not those that broke off within it.

    Raises
    ------
    DataError
        A log cannot be read.
    """
    begun = [(path, _first_line(path)) for path in session_logs(data)]
    return [(path, first) for path, first in begun if first.get("kind") == "session"]


def _first_line(path: Path) -> Mapping[str, Any]:
    try:
        with path.open("rb") as file:
            event = json.loads(file.readline())
    except ValueError:
        return {}
    except OSError as error:
        raise DataError(f"{path}: {os.strerror(error.errno or errno.EIO)}.") from None
    return event if isinstance(event, dict) else {}
