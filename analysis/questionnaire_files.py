"""A lab's table of answers (CSV, TSV, REDCap export) to BIDS phenotype files, with scores.

Only the participant, the visit and answers by number or by their printed words are taken over.
Every other column is left out: free text and names have no place in a data set.
"""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from analysis.questionnaire_table import Answers, Rows, sidecar, table_of
from analysis.questionnaires import Instrument, find_instrument, instruments
from analysis.tables import as_json, save, tsv
from mbtexp.bids.participants import ID, read_participants
from mbtexp.errors import DataError

PEOPLE = ("participant_id", "participant", "record_id", "subject_id", "subject", "id", "code")
"""Columns that may hold the participant, the first that is there."""

VISITS = ("session_id", "session", "redcap_event_name", "visit")
NO_ANSWER = frozenset({"", "na", "n/a", "nan", "null", "none", ".", "-"})
MOST_NAMED = 8
"""Columns that were left out, named in the message."""


@dataclass(frozen=True)
class Imported:
    """What an import did."""

    files: tuple[Path, ...]
    told: tuple[str, ...]
    """Sentences for the user: how many people, what was left out, what to act upon."""


def import_answers(file: Path, study: Path, instrument: str | None = None) -> Imported:
    """Score a file's answers and write them to the study's ``phenotype`` folder.

    Without an ``instrument`` every instrument is taken whose columns are all there. People who are
    in the study's table already stay as they are; new ones are added.

    Raises
    ------
    DataError
        The file cannot be understood, an answer is outside its range, a participant is there twice
        or with other answers before, or a file of another origin lies where ours would.
    """
    if not study.is_dir():
        raise DataError(f"{study}: there is no such folder; give the study's folder with --data.")
    table = _read(file)
    known = instruments(study)
    asked = [find_instrument(instrument, study)] if instrument else list(known.values())
    found = [answers for one in asked if (answers := _answers(file, table, one)) is not None]
    if not found:
        raise DataError(_not_found(file, table, asked))
    contents = {name: text for one in found for name, text in _contents(study, one).items()}
    for name, text in contents.items():
        save(study / name, text)
    return Imported(
        tuple(study / name for name in contents),
        (*_told(found), *_left_out(table, found), *_unknown(study, found)),
    )


# -- reading ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Sheet:
    """A file's cells as text."""

    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    """Number of each line, and its cells."""


def _read(path: Path) -> _Sheet:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise DataError(f"{path}: {os.strerror(error.errno or errno.EIO)}.") from None
    except UnicodeDecodeError:
        raise DataError(
            f"{path}: this is not UTF-8 text. Save it again as CSV UTF-8 (a workbook is no CSV)."
        ) from None
    first = text.split("\n", 1)[0]
    delimiter = max("\t;,", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    lines = [(reader.line_num, tuple(part.strip() for part in cells)) for cells in reader]
    lines = [(number, cells) for number, cells in lines if any(cells)]
    if not lines:
        raise DataError(f"{path}: the file is empty.")
    header = lines[0][1]
    for number, cells in lines[1:]:
        if len(cells) != len(header):
            raise DataError(
                f"{path}: line {number} has {len(cells)} cells, the first line {len(header)}. "
                "Is a separator missing, or inside a cell without quotes?"
            )
    twice = [name for name in header if name and header.count(name) > 1]
    if twice:
        raise DataError(f"{path}: column {twice[0]!r} is there twice; rename one.")
    return _Sheet(header, tuple(lines[1:]))


def _numbered(name: str) -> tuple[str, int] | None:
    """A column's name as a stem without separators and a number.

    >>> _numbered("ECR-R 01"), _numbered("phq9_item_2"), _numbered("notes")
    (('ecrr', 1), ('phq9item', 2), None)
    """
    found = re.fullmatch(r"(.*?)[^a-z0-9]*(\d+)", name.lower())
    return None if found is None else (_stem(found[1]), int(found[2]))


def _stem(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def _columns(sheet: _Sheet, instrument: Instrument) -> list[int] | None:
    """The places of an instrument's items; None if one is not there."""
    places = {name: k for k, name in enumerate(sheet.header)}
    if instrument.columns:
        own = [places.get(name) for name in instrument.columns]
        return None if None in own else [k for k in own if k is not None]
    numbered = [(_numbered(name), k) for name, k in places.items()]
    for alias in instrument.aliases:
        for stem in (_stem(alias), f"{_stem(alias)}item", f"{_stem(alias)}q"):
            of = [
                [k for place, k in numbered if place == (stem, n)]
                for n in range(1, len(instrument.items) + 1)
            ]
            if all(len(found) == 1 for found in of):
                return [found[0] for found in of]
    return None


def _not_found(path: Path, sheet: _Sheet, asked: Sequence[Instrument]) -> str:
    first = asked[0]
    wanted = f"{first.aliases[0]}_1 to {first.aliases[0]}_{len(first.items)}"
    if len(asked) > 1:
        return (
            f"{path}: no instrument has all its columns here ({len(sheet.header)} columns). Name "
            f"the items for example {wanted}, or give --instrument to learn more."
        )
    return (
        f"{path}: not all {len(first.items)} columns of {first.name} are here. Name them {wanted}, "
        "or list your names under 'columns' in a file of your own in code/instruments."
    )


def _answers(path: Path, sheet: _Sheet, instrument: Instrument) -> Answers | None:
    columns = _columns(sheet, instrument)
    if columns is None:
        return None
    names = [name.lower() for name in sheet.header]
    person = next((names.index(name) for name in PEOPLE if name in names), None)
    if person is None:
        raise DataError(
            f"{path}: no column says who it is; call it {ID} (or {', '.join(PEOPLE[1:])})."
        )
    visit = next((names.index(name) for name in VISITS if name in names), None)
    people: dict[tuple[str, str], list[float]] = {}
    for line, cells in sheet.rows:
        given = [_answer(path, line, sheet.header[k], cells[k], instrument) for k in columns]
        key = _who(path, line, cells[person], "" if visit is None else cells[visit])
        if np.isnan(given).all():
            continue  # REDCap has a line for every form of a person
        if key in people:
            raise DataError(
                f"{path}: line {line}: sub-{key[0]} answered {instrument.name} twice. Keep one "
                "line, or say which visit each is in a column session_id."
            )
        people[key] = given
    ordered = sorted(people)
    every = np.array([people[key] for key in ordered], dtype=float)
    return Answers(instrument, tuple(ordered), every.reshape(-1, len(instrument.items)))


def _who(path: Path, line: int, person: str, visit: str) -> tuple[str, str]:
    # Text stays text: a participant may be called NA, 007 or 1e5.
    label = person.removeprefix("sub-")
    session = re.sub(r"[^A-Za-z0-9]", "", visit.removeprefix("ses-"))
    if visit.lower() in NO_ANSWER:
        session = ""
    if not (label.isascii() and label.isalnum()):
        raise DataError(
            f"{path}: line {line}: the participant's label must be a code of letters and digits, "
            "as in the folders' names."
        )
    return label, session


def _answer(path: Path, line: int, column: str, text: str, instrument: Instrument) -> float:
    """A cell as an answer; the message never repeats the cell, which may hold anything."""
    if text.lower() in NO_ANSWER:
        return float("nan")
    said = [anchor.lower() for anchor in instrument.anchors]
    if text.lower() in said:
        return float(instrument.minimum + said.index(text.lower()))
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        raise DataError(
            f"{path}: line {line}, column {column}: this is text and no answer of "
            f"{instrument.name}; write a number from {instrument.minimum} to "
            f"{instrument.maximum}, or n/a."
        ) from None
    if value % 1 or not instrument.minimum <= value <= instrument.maximum:
        raise DataError(
            f"{path}: line {line}, column {column}: {value:g} is no answer of {instrument.name}, "
            f"{instrument.minimum} to {instrument.maximum}; if it stands for none, write n/a."
        )
    return value


# -- writing ---------------------------------------------------------------------------------------


def _contents(study: Path, answers: Answers) -> dict[str, bytes]:
    instrument = answers.instrument
    name = f"phenotype/{instrument.name}"
    columns, rows = table_of(answers)
    merged = _with_earlier(study / f"{name}.tsv", columns, rows)
    table = tsv(columns, ([*who, *cells] for who, cells in sorted(merged.items())))
    said = sidecar(instrument, visits=answers.visits)
    return {
        f"{name}.tsv": table,
        f"{name}.json": as_json({**said, **_earlier_json(study / f"{name}.json")}),
    }


def _with_earlier(path: Path, columns: Sequence[str], rows: Rows) -> Rows:
    """The rows together with those of an earlier import, which are never changed."""
    if not path.is_file():
        return rows
    lines = [line.split("\t") for line in path.read_text("utf-8-sig").splitlines()]
    if (
        not lines
        or tuple(lines[0]) != tuple(columns)
        or any(len(cells) != len(columns) for cells in lines)
    ):
        raise DataError(
            f"{path}: a table with other columns lies there, so nothing was written. Move it away, "
            "or give your instrument another name."
        )
    keys = len(columns) - len(next(iter(rows.values()))) if rows else 1
    earlier = {tuple(cells[:keys]): tuple(cells[keys:]) for cells in lines[1:]}
    for who, cells in rows.items():
        if earlier.get(who, cells) != cells:
            raise DataError(
                f"{path}: {who[0]} is there with other answers, so nothing was written. Correct "
                "the file that you import, or remove the line there."
            )
    return {**earlier, **rows}


def _earlier_json(path: Path) -> Mapping[str, Any]:
    """What somebody has written into the description, which stays."""
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text("utf-8-sig"))
    except ValueError as error:
        raise DataError(f"{path}: this is not valid JSON ({error}). Mend or remove it.") from None
    if not isinstance(content, dict):
        raise DataError(f"{path}: the file must hold one JSON object in braces.")
    return content


# -- what is told ----------------------------------------------------------------------------------


def _told(found: Sequence[Answers]) -> list[str]:
    told = []
    for answers in found:
        name, n = answers.instrument.name, len(answers.people)
        missing = int(np.isnan(answers.given).sum())
        told.append(
            f"{name}: {n} row{'s' * (n != 1)}, {missing} answer{'s' * (missing != 1)} missing."
        )
        alert = answers.instrument.alert
        if alert is not None and n:
            marked = answers.given[:, alert.item - 1] > alert.above
            who = [f"sub-{p}" for (p, _), on in zip(answers.people, marked, strict=True) if on]
            told += [f"{name}: {', '.join(who)} {alert.text}."] if who else []
    return told


def _left_out(sheet: _Sheet, found: Sequence[Answers]) -> list[str]:
    used = {sheet.header[k] for answers in found for k in _columns(sheet, answers.instrument) or ()}
    lower = {*PEOPLE, *VISITS}
    others = [name for name in sheet.header if name not in used and name.lower() not in lower]
    if not others:
        return []
    more = f" and {len(others) - MOST_NAMED} more" if len(others) > MOST_NAMED else ""
    return [
        f"Left out, because they are no items: {', '.join(others[:MOST_NAMED])}{more}. Names and "
        "free text have no place in the data set."
    ]


def _unknown(study: Path, found: Sequence[Answers]) -> list[str]:
    path = study / "participants.tsv"
    content = path.read_bytes() if path.is_file() else None
    known = {row[ID] for row in read_participants(content, path).rows}
    people = dict.fromkeys(f"sub-{person}" for answers in found for person, _ in answers.people)
    unknown = [person for person in people if person not in known]
    if not unknown:
        return []
    return [
        f"Not in participants.tsv: {', '.join(unknown)}. Is a label misspelt? Otherwise the table "
        "gets them with their first run and 'mbtexp bids'."
    ]


def instruments_text() -> str:
    """The instruments that can be imported, a paragraph each."""
    lines = []
    for one in instruments().values():
        scales = ", ".join(scale.name for scale in one.scales)
        lines += [
            f"{one.name}: {one.title}; {len(one.items)} items, {one.minimum} to {one.maximum}",
            f"    scores: {scales}",
            f"    columns: {one.aliases[0]}_1 to {one.aliases[0]}_{len(one.items)}",
            f"    {one.licence}",
        ]
    return "\n".join(lines)
