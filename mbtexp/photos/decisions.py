"""What the participant said of the pictures, read from the logs of their approval runs."""

from __future__ import annotations

from pathlib import Path

from mbtexp.errors import DataError
from mbtexp.events import Log, find_logs, read_log
from mbtexp.photos.manifest import DecidedBy, Decision, PhotoSet

APPROVAL = "approval"
"""Folder of a set with the logs of the runs in which the participant decided."""

APPROVED, VETOED = "approved", "vetoed"


def approval_logs(folder: Path) -> list[Path]:
    """The approval logs of a set, those from a window as well."""
    return [*find_logs(folder / APPROVAL), *find_logs(folder / APPROVAL / "pilot")]


def decided(folder: Path, photo_set: PhotoSet) -> PhotoSet:
    """The set with what its logs say, also that of a run that broke off; the latest word counts."""
    said: list[tuple[str, str, Decision]] = []
    for path in approval_logs(folder):
        try:
            log = read_log(path)
        except DataError:
            continue  # it ended before its first line: nothing was decided
        said += _said(log)
    latest = {token: decision for _, token, decision in sorted(said, key=lambda one: one[0])}
    return photo_set.with_decisions(latest)


def _said(log: Log) -> list[tuple[str, str, Decision]]:
    utc = str(log.header["clock"]["utc_at_zero"])
    by: DecidedBy = "participant" if log.header["simulated"] is None else "simulated"
    return [
        (
            utc,
            str(event["design"]["stim_id"]),
            Decision(event["outcome"]["response"] == APPROVED, utc, by),
        )
        for event in log.of("trial")
    ]
