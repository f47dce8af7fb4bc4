"""Imports a lab's own copy of a face database: aligned, cropped, matched in luminance, checked.

Known by their file names are the Face Research Lab London Set (``001_03.jpg`` with its template
``001_03.tem``), the Chicago Face Database (``CFD-WM-238-020-N.jpg``) and KDEF (``AF01NES.JPG``);
any other folder comes in by a table. Formats and errors: docs/stimuli.md.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Literal

from mbtexp.errors import SettingError, StimulusError
from mbtexp.stimuli import StimulusSet
from mbtexp.strict import build, setting
from stimuli.faces_pictures import HEIGHT_PX, WIDTH_PX, Eyes, prepared, read_template
from stimuli.faces_table import Row, joined, read_table
from stimuli.imported import Picture, described, free_place, place

PICTURES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp")
TABLES = ("faces.csv", "faces.tsv", "items.csv", "items.tsv", "london_info.csv")
NORMS = ("norms.csv", "norms.tsv")
ABOUT = "set.toml"

_LONDON = re.compile(r"(?P<id>\d{3})_(?P<view>\d{2})")
_CHICAGO = re.compile(
    r"CFD-(?P<id>(?P<group>[A-Z])(?P<sex>[FM])-\d+)-\d+-(?P<expression>HC|HO|N|A|F)", re.IGNORECASE
)
_KDEF = re.compile(
    r"(?P<series>[AB])(?P<id>(?P<sex>[FM])\d{2})(?P<expression>AF|AN|DI|HA|NE|SA|SU)"
    r"(?P<angle>FL|HL|S|HR|FR)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class About:
    """What ``set.toml`` may say of a set as a whole."""

    title: str = setting("", doc="what the set is")
    kind: Literal["imported", "open"] = setting(
        "imported", doc="open: its licence lets it be shared"
    )
    version: str = setting("1", doc="version of the set")
    licence: str = setting("not stated; not for redistribution", doc="licence")
    source: str = setting("", doc="where it came from")
    citation: str = setting("", doc="what to cite")
    language: str = setting("en", doc="language of the set's words, if any")
    grey: bool = setting(False, doc="pictures in grey")
    match: bool = setting(True, doc="same mean and contrast of luminance in every face")


LONDON = About(
    title="Face Research Lab London Set, neutral front (imported)",
    kind="open",
    licence="CC BY 4.0",
    source="figshare 5047666",
    citation="DeBruine & Jones (2017). Face Research Lab London Set. figshare 5047666",
)
CHICAGO = About(
    title="Chicago Face Database, neutral (imported)",
    licence="by the database's own terms of use; not for redistribution",
    citation="Ma, Correll & Wittenbrink (2015). Behav Res Methods 47, 1122-1135",
)
KDEF = About(
    title="Karolinska Directed Emotional Faces, neutral front (imported)",
    licence="by the database's own terms of use; not for redistribution",
    citation="Lundqvist, Flykt & Öhman (1998). The Karolinska Directed Emotional Faces",
)


@dataclass(frozen=True)
class Named:
    """What a file's name says of the face in it."""

    id: str
    path: Path
    database: str = ""
    attributes: Mapping[str, object] = field(default_factory=dict)
    wanted: bool = True
    """A neutral face from the front; other pictures of a known database are left out."""


def import_faces(
    path: Path,
    *,
    into: Path | None = None,
    name: str | None = None,
    instructions: Path | None = None,
    grey: bool | None = None,
) -> StimulusSet:
    """A set of faces in the user's data folder, made of a lab's own copy and verified.

    Parameters
    ----------
    path
        The folder with the pictures, and with templates, table and norms where there are any.
    into
        Folder that holds the sets; None: the user's.
    name
        Name of the set; None: the folder's name.
    instructions
        Table with norms (``face_id`` and ``trust`` from 1 to 7), where none lies in the folder.
    grey
        Pictures in grey; None: as ``set.toml`` says, else as they are.

    Raises
    ------
    StimulusError
        A picture, template, row or norm is missing, double or damaged, or the name is taken;
        names the face.
    """
    if not path.is_dir():
        raise StimulusError(f"{path}: this is no folder; give the folder that holds the faces.")
    target = free_place(name or _name_of(path), into)
    found, left_out = _wanted(path)
    about = _about(path, found)
    if grey is not None:
        about = replace(about, grey=grey)
    table = _table(path, TABLES, None)
    norms = _table(path, NORMS, instructions)
    rows, warnings = joined([face.id for face in found], table, norms)
    eyes = _eyes(found)
    if not eyes:
        warnings = (
            *warnings,
            "The pictures have no templates (.tem): they were cropped, and the eyes not aligned.",
        )
    if left_out:
        warnings = (
            *warnings,
            f"{left_out} pictures with another expression or from the side were left out.",
        )
    _refuse_without_sex(found, rows)
    pictures = prepared(
        [(face.id, face.path, eyes.get(face.id)) for face in found],
        grey=about.grey,
        match=about.match,
    )
    items = [
        Picture(f"face_{_plain(face.id)}", pictures[face.id], _attributes(face, rows[face.id]))
        for face in found
    ]
    masks = [
        Picture(f"mask{number}", content, {"role": "mask"})
        for number, content in enumerate(pictures.masks, start=1)
    ]
    title = about.title or f"Faces from {path.resolve().name} (imported)"
    described_as = {
        key: str(getattr(about, key))
        for key in ("version", "licence", "source", "citation", "language")
    }
    return place(
        described(
            target.name,
            [*items, *masks],
            title=title,
            kind=about.kind,
            size=(WIDTH_PX, HEIGHT_PX),
            warnings=warnings,
            **described_as,
        ),
        {picture.file: picture.content for picture in (*items, *masks)},
        target,
    )


def _name_of(folder: Path) -> str:
    return re.sub(r"[^a-z0-9_-]+", "_", folder.resolve().name.lower()).strip("_-")


def _plain(face_id: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "_", face_id).strip("_").lower()


# --- which pictures ------------------------------------------------------------------------------


def named(path: Path) -> Named:
    """What a picture's file name says, by the naming of the databases known here.

    >>> named(Path("CFD-WM-238-020-N.jpg")).id, named(Path("AF01HAS.JPG")).wanted
    ('WM-238', False)
    """
    if found := _CHICAGO.fullmatch(path.stem):
        return Named(
            id=found["id"].upper(),
            path=path,
            database="chicago",
            attributes={"sex": found["sex"].lower(), "group": found["group"].upper()},
            wanted=found["expression"].upper() == "N",
        )
    if found := _KDEF.fullmatch(path.stem):
        front = found["expression"].upper() == "NE" and found["angle"].upper() == "S"
        return Named(
            id=found["id"].upper(),
            path=path,
            database="kdef",
            attributes={"sex": found["sex"].lower()},
            # Every person was photographed in two series; one picture a person is what we want.
            wanted=front and found["series"].upper() == "A",
        )
    if found := _LONDON.fullmatch(path.stem):
        return Named(id=found["id"], path=path, database="london")
    return Named(id=path.stem, path=path)


def _wanted(folder: Path) -> tuple[list[Named], int]:
    """The faces of a folder in the order of their ids, and how many pictures were left out."""
    files = sorted(f for f in folder.rglob("*") if f.suffix.lower() in PICTURES)
    everything = [named(file) for file in files]
    faces = sorted((face for face in everything if face.wanted), key=lambda face: face.id)
    if not faces:
        raise StimulusError(
            f"{folder}: there are no pictures of neutral faces from the front; give the folder "
            "that holds them."
        )
    for one, other in pairwise(faces):
        if _plain(one.id) == _plain(other.id):
            raise StimulusError(
                f"face {one.id} has two pictures ({one.path.name} and {other.path.name}); "
                "leave one of them in the folder."
            )
    return faces, len(everything) - len(faces)


def _about(folder: Path, faces: Sequence[Named]) -> About:
    """What the folder says of itself, over what is known of the database."""
    databases = {face.database for face in faces}
    only = databases.pop() if len(databases) == 1 else ""
    known = {"london": LONDON, "chicago": CHICAGO, "kdef": KDEF}.get(only, About())
    if only == "london" and not (folder / "london_info.csv").is_file():
        # Any camera may write such names; only the set's own table tells that it is this set.
        known = About()
    path = folder / ABOUT
    if not path.is_file():
        return known
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingError(f"{path}: this is not valid TOML: {error}.") from None
    stated = build(About, given, where=str(path))
    return replace(known, **{key: getattr(stated, key) for key in given})


# --- what is known of each -----------------------------------------------------------------------


def _table(folder: Path, names: Sequence[str], given: Path | None) -> dict[str, Row] | None:
    if given is not None:
        return read_table(given)
    there = [folder / name for name in names if (folder / name).is_file()]
    return read_table(there[0]) if there else None


def _eyes(faces: Sequence[Named]) -> dict[str, Eyes]:
    """Where the eyes are, by face; all faces have a template or none has."""
    templates = {face.id: face.path.with_suffix(".tem") for face in faces}
    there = {face_id: path for face_id, path in templates.items() if path.is_file()}
    if there and len(there) < len(faces):
        missing = next(face_id for face_id in templates if face_id not in there)
        raise StimulusError(
            f"face {missing}: its template {templates[missing].name} is missing, and others have "
            "theirs; put it beside the picture."
        )
    return {face_id: read_template(path) for face_id, path in there.items()}


def _refuse_without_sex(faces: Sequence[Named], rows: Mapping[str, Row]) -> None:
    for face in faces:
        if "sex" not in face.attributes and rows[face.id].sex is None:
            raise StimulusError(
                f"face {face.id}: neither its file name nor a table says whether it is a woman or "
                "a man; add a faces.csv with face_id and sex."
            )


def _attributes(face: Named, row: Row) -> dict[str, object]:
    """What the manifest says; the table has the last word where it says something."""
    return {"role": "face", "face_id": face.id, **face.attributes, **row.attributes}
