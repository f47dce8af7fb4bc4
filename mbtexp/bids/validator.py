"""The official BIDS validator's answer in plain lines, and our checks of what it passes over."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mbtexp.bids.check import check
from mbtexp.errors import DataError, MbtexpError

PROGRAM = "bids-validator-deno"

LIMIT_S = 1800.0
"""Longest time that a large dataset may take, s."""


@dataclass(frozen=True)
class Report:
    """What is wrong with a dataset, one plain line each."""

    errors: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether the dataset is valid; warnings do not count."""
        return not self.errors

    def summary(self) -> str:
        """Every line, errors first, and what it comes to."""
        counts = f"{len(self.errors)} errors, {len(self.warnings)} warnings"
        return "\n".join(
            [
                *(f"error: {line}" for line in self.errors),
                *(f"warning: {line}" for line in self.warnings),
                f"{'valid' if self.ok else 'not valid'}: {counts}.",
            ]
        )


def validate(data: Path) -> Report:
    """Ask the official validator and our own checks about a dataset.

    Raises
    ------
    MbtexpError
        The validator is not installed, or gave no answer.
    DataError
        There is no dataset.
    """
    if not (data / "dataset_description.json").is_file():
        raise DataError(f"{data}: there is no dataset here; run 'mbtexp bids {data}' first.")
    answer = _ask(_program(), data)
    issues = answer["issues"]["issues"]
    messages = answer["issues"].get("codeMessages", {})
    return Report(
        errors=(*_lines(issues, messages, "error"), *check(data)),
        warnings=tuple(_lines(issues, messages, "warning")),
    )


def _program() -> str:
    beside = Path(sys.executable).with_name(PROGRAM)
    found = shutil.which(PROGRAM) or shutil.which(beside.name, path=str(beside.parent))
    if found is None:
        raise MbtexpError(
            f"The BIDS validator is not installed. Get it with 'uv pip install {PROGRAM}' "
            f"(or 'pip install {PROGRAM}') and try again."
        )
    return found


def _ask(program: str, data: Path) -> dict[str, Any]:
    # Without --max-rows it reads the first thousand rows of a table only.
    command = [program, str(data), "--format", "json", "--max-rows", "-1"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=LIMIT_S, check=False)
        answer = json.loads(done.stdout)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MbtexpError(f"The BIDS validator {program} could not be run: {error}.") from None
    except ValueError:
        told = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["it said nothing"]
        raise MbtexpError(
            f"The BIDS validator {program} gave no answer that can be read: {told[-1]}"
        ) from None
    if not isinstance(answer, dict) or "issues" not in answer:
        raise MbtexpError(f"The BIDS validator {program} answered in a form that is not known.")
    return answer


def _lines(
    issues: Iterable[Mapping[str, Any]], messages: Mapping[str, str], severity: str
) -> Iterator[str]:
    """One line an issue; files that share it are counted."""
    where: dict[str, list[str]] = {}
    for issue in issues:
        if issue.get("severity") == severity:
            place = str(issue.get("location") or "the dataset").lstrip("/")
            line = f", line {issue['line']}" if issue.get("line") else ""
            where.setdefault(_told(issue, messages), []).append(place + line)
    for told, places in where.items():
        distinct = list(dict.fromkeys(places))
        others = len(distinct) - 1
        more = f" (and {others} more place{'s' * (others > 1)})" if others else ""
        yield f"{distinct[0]}{more}: {told}"


def _told(issue: Mapping[str, Any], messages: Mapping[str, str]) -> str:
    code = str(issue.get("code"))
    parts = [code, issue.get("subCode")]
    name = " ".join(str(part) for part in parts if part)
    text = str(issue.get("issueMessage") or messages.get(code) or "")
    for pattern, plain in _ORNAMENTS:
        text = re.sub(pattern, plain, text)
    return f"{name}: {' '.join(text.split())}".rstrip(": ")


_ORNAMENTS = (
    (r"\[([^\]]+)\]\([^)]*\)", r"\1"),  # links
    (r"^Field description:\s*", ""),
    (r'\s*File path: "[^"]*"\.', ""),
    (r"\s*\(For more information on this HED[^)]*\)", ""),
    (r"^(ERROR|WARNING): \[[A-Z_]+\]\s*", ""),
)
"""What a message carries beside its sentence; the place and the code are told already."""
