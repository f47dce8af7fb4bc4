"""An instrument's answers as a table: as given, then the scores, with a description of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from analysis.questionnaires import Floats, Instrument, scores
from analysis.tables import MISSING, cell
from mbtexp.bids.participants import ID


@dataclass(frozen=True)
class Answers:
    """One instrument's answers as they were found in a file."""

    instrument: Instrument
    people: tuple[tuple[str, str], ...]
    """Participant and visit (empty if there is none) of each row, labels without prefix."""
    given: Floats
    """Shape (rows, items); NaN is no answer."""

    @property
    def visits(self) -> bool:
        """Whether the table needs a column of visits."""
        return any(visit for _, visit in self.people)


Rows = dict[tuple[str, ...], tuple[str, ...]]
"""Cells of a table by who answered, and at which visit."""


def table_of(answers: Answers) -> tuple[tuple[str, ...], Rows]:
    """The columns of an instrument's table, and each row's cells."""
    instrument = answers.instrument
    columns = (
        ID,
        *(("session_id",) if answers.visits else ()),
        *(instrument.column(n) for n in range(1, len(instrument.items) + 1)),
        *(scale.name for scale in instrument.scales),
    )
    found = scores(instrument, answers.given) if answers.people else {}
    rows: Rows = {}
    for k, (person, visit) in enumerate(answers.people):
        label = f"ses-{visit}" if visit else MISSING
        values = [*answers.given[k], *(found[scale.name][k] for scale in instrument.scales)]
        who = (f"sub-{person}", *((label,) if answers.visits else ()))
        rows[who] = tuple(cell(float(value)) for value in values)
    return columns, rows


def sidecar(instrument: Instrument, *, visits: bool) -> dict[str, Any]:
    """The data dictionary of an instrument's table."""
    levels = {str(instrument.minimum + k): text for k, text in enumerate(instrument.anchors)}
    ours: dict[str, Any] = {
        "MeasurementToolMetadata": {
            "Description": " ".join(
                part
                for part in (
                    f"{instrument.title}. {instrument.citation}",
                    instrument.licence,
                    instrument.note,
                )
                if part
            )
        },
        ID: {"Description": "Label of the participant, as in the folders' names."},
    }
    if visits:
        ours["session_id"] = {"Description": "Label of the visit."}
    for n, text in enumerate(instrument.items, start=1):
        ours[instrument.column(n)] = {
            "Description": text or f"Item {n} as answered; its wording is not given here.",
            **({"Levels": levels} if levels else {}),
        }
    for scale in instrument.scales:
        ours[scale.name] = {
            "Description": f"{scale.description}. {scale.method}.",
            "Derivative": True,
        }
    return ours
