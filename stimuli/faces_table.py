"""Tables of faces: who is in a picture, and norms that somebody rated, joined by the face's id."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mbtexp.errors import StimulusError

COLUMNS = {
    "id": ("face_id", "id", "target", "model", "face", "stim_id", "file", "image"),
    "sex": ("sex", "gender", "face_gender", "face_sex"),
    "age": ("age", "face_age"),
    "group": ("group", "face_eth", "ethnicity", "race"),
    "trust": ("trust", "trustworthy", "trustworthiness", "trust_mean", "mean"),
    "trust_sd": ("trust_sd", "sd"),
    "trust_n": ("trust_n", "n", "raters"),
}
"""Columns of a table, each with the names it may have."""

SCALE = (1.0, 7.0)
"""Ends of the scale on which norms of trust are expected."""

_SEXES = {
    "f": "f",
    "female": "f",
    "woman": "f",
    "w": "f",
    "m": "m",
    "male": "m",
    "man": "m",
}
_NOTHING = {"", "na", "n/a", "nan", "none"}


@dataclass(frozen=True)
class Row:
    """What is known of one face; None where a table does not say."""

    sex: str | None = None
    age: float | None = None
    group: str | None = None
    trust: float | None = None
    trust_sd: float | None = None
    trust_n: float | None = None

    @property
    def attributes(self) -> dict[str, object]:
        """What a manifest keeps."""
        known = {name: getattr(self, name) for name in COLUMNS if name != "id"}
        return {name: value for name, value in known.items() if value is not None}


def read_table(path: Path) -> dict[str, Row]:
    """The rows of a CSV or TSV by the face's id.

    Raises
    ------
    StimulusError
        The file cannot be read, has no column with ids, an id twice, or a value that is not one.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise StimulusError(
            f"{path}: the file is not UTF-8; save it as 'CSV UTF-8' and import again."
        ) from None
    except OSError as error:
        raise StimulusError(f"{path}: the file cannot be read ({error.strerror}).") from None
    first = text.partition("\n")[0]
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=max("\t,;", key=first.count))
    given = {(column or "").strip().lower(): column for column in reader.fieldnames or ()}
    ours = {
        name: given[synonym]
        for name, synonyms in COLUMNS.items()
        for synonym in reversed(synonyms)
        if synonym in given
    }
    if "id" not in ours:
        raise StimulusError(f"{path.name}: the column 'face_id' is missing; add it.")
    rows: dict[str, Row] = {}
    for line in reader:
        cells = {name: (line[theirs] or "").strip() for name, theirs in ours.items()}
        face_id = Path(cells["id"]).stem
        if not face_id:
            raise StimulusError(f"{path.name}: line {reader.line_num} has no face_id; add it.")
        if face_id in rows:
            raise StimulusError(
                f"{path.name}: face {face_id} occurs twice; remove one of its rows."
            )
        rows[face_id] = _row(cells, f"{path.name}: face {face_id}")
    return rows


def _row(cells: Mapping[str, str], where: str) -> Row:
    said = {name: text for name, text in cells.items() if text.lower() not in _NOTHING}
    sex = said.get("sex")
    if sex is not None and sex.lower() not in _SEXES:
        raise StimulusError(f"{where}: sex is {sex!r}; write f or m.")
    numbers = {
        name: _number(said[name], f"{where}: {name}")
        for name in ("age", "trust", "trust_sd", "trust_n")
        if name in said
    }
    trust = numbers.get("trust")
    if trust is not None and not SCALE[0] <= trust <= SCALE[1]:
        raise StimulusError(
            f"{where}: trust is {trust:g}; norms must be on a scale from 1 to 7. Turn a norm x "
            "of a scale from 1 to 9 into 1 + (x - 1) * 6 / 8."
        )
    return Row(sex=None if sex is None else _SEXES[sex.lower()], group=said.get("group"), **numbers)


def _number(text: str, where: str) -> float:
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise StimulusError(f"{where} is {text!r}; write a number.")
    return value


def joined(
    ids: Sequence[str], table: Mapping[str, Row] | None, norms: Mapping[str, Row] | None
) -> tuple[dict[str, Row], tuple[str, ...]]:
    """What is known of each face, and what was left over.

    Raises
    ------
    StimulusError
        A table is there and has no row for a face; or no norm, where there is a table of norms.
    """
    found: dict[str, Row] = {}
    for face_id in ids:
        if table is not None and face_id not in table:
            raise StimulusError(f"face {face_id} has a picture but no row in the table; add it.")
        if norms is not None and (face_id not in norms or norms[face_id].trust is None):
            raise StimulusError(
                f"face {face_id} has no norm of trust in the table of norms; add it or take its "
                "picture out."
            )
        found[face_id] = _merged(
            (table or {}).get(face_id, Row()), (norms or {}).get(face_id, Row())
        )
    return found, tuple(_leftover(ids, table, norms, found))


def _merged(row: Row, norm: Row) -> Row:
    """The norms' own columns over the table's."""
    values = {
        name: getattr(row, name) if getattr(norm, name) is None else getattr(norm, name)
        for name in COLUMNS
        if name != "id"
    }
    return Row(**values)


def _leftover(
    ids: Sequence[str],
    table: Mapping[str, Row] | None,
    norms: Mapping[str, Row] | None,
    found: Mapping[str, Row],
) -> list[str]:
    known = set(ids)
    told = []
    for what, rows in (("table", table), ("table of norms", norms)):
        extra = [] if rows is None else [face_id for face_id in rows if face_id not in known]
        if extra:
            told.append(f"The {what} has {len(extra)} rows without a picture ({extra[0]} ...).")
    ageless = [face_id for face_id, row in found.items() if row.age is None]
    if ageless:
        told.append(f"{len(ageless)} faces have no age ({ageless[0]} ...).")
    if all(row.trust is None for row in found.values()):
        told.append("There are no norms of trust: bias and sensitivity cannot be computed.")
    return told
