"""Stimulus sets: a folder of pictures with a manifest that says what each one is and proves it.

A set is bundled (entry points of the group ``mbtexp.stimuli``, name of the set to name of a package
whose folder holds ``manifest.json``) or imported into the user's data folder. Format of a manifest:
docs/stimuli.md.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Literal, Protocol

from mbtexp.errors import StimulusError, did_you_mean

Kind = Literal["pilot", "imported", "open", "own"]
"""``own``: a participant's photographs, in memory only (``mbtexp.photos``); no manifest says so."""

GROUP = "mbtexp.stimuli"
"""Entry points: name of a set to name of the package that holds it."""

IMPORTERS = "mbtexp.importers"
"""Entry points: kind of set to the function that imports one."""

PHOTOS = "photos"
"""A set called so, or ``photos:TOKEN``, is the participant's own photographs."""

MANIFEST = "manifest.json"
FORMAT = 1
_KINDS = ("pilot", "imported", "open")


@dataclass(frozen=True, slots=True)
class Item:
    """One picture of a set, or one row of its tables, and everything that is known of it."""

    id: str
    file: str
    sha256: str
    width_px: int
    height_px: int
    attributes: Mapping[str, Any] = field(default_factory=dict)
    """``words``, ``key``, ``sex``, ``practice``, ``valence`` ... as far as the set has them."""
    row_sha256: str = ""
    """Checksum of the attributes, so that a changed word is found."""

    @property
    def is_row(self) -> bool:
        """Whether it is a row of a table of words, which is its file; a picture has a width."""
        return self.width_px == 0

    @property
    def words(self) -> tuple[str, ...]:
        """The options in the set's own language: above left and right, below left and right."""
        return tuple(self.attributes.get("words", ()))

    @property
    def key(self) -> int | None:
        """Which of the words is right, counted from 0; None where the set has no key."""
        key = self.attributes.get("key")
        return None if key is None else int(key)

    @property
    def target(self) -> str | None:
        """The right word."""
        return None if self.key is None else self.words[self.key]

    @property
    def practice(self) -> bool:
        """Whether the item is for practice and never scored."""
        return bool(self.attributes.get("practice", False))

    def words_in(self, language: str) -> tuple[str, ...]:
        """The options in another language of the set, in the same places; empty if it has none."""
        return tuple(self.attributes.get(f"words_{language}", ()))


@dataclass(frozen=True)
class StimulusSet:
    """A set as its manifest describes it."""

    name: str
    title: str
    kind: Kind
    version: str
    licence: str
    source: str
    citation: str
    language: str
    items: tuple[Item, ...]
    folder: Path
    glossaries: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """For each language: what each word means."""
    warnings: tuple[str, ...] = ()
    """What an importer found worth telling."""
    manifest_sha256: str = ""
    contents: Mapping[str, bytes] = field(default_factory=dict, repr=False, compare=False)
    """Pictures that lie in memory only, by item."""

    @property
    def glossary(self) -> Mapping[str, str]:
        """Meanings of the words in the set's own language."""
        return self.glossaries.get(self.language, {})

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages in which every item has its words; the set's own first."""
        others = {
            name.removeprefix("words_")
            for item in self.items
            for name in item.attributes
            if name.startswith("words_")
        }
        full = sorted(o for o in others if all(item.words_in(o) for item in self.items))
        return (self.language, *(other for other in full if other != self.language))

    def words(self, item: Item, language: str) -> tuple[str, ...]:
        """An item's options in one of the set's languages."""
        if language == self.language:
            return item.words
        words = item.words_in(language)
        if not words:
            raise StimulusError(
                f"stimulus set '{self.name}' has no words in {language!r}; "
                f"{did_you_mean(language, self.languages)}"
            )
        return words

    def inventory(self) -> str:
        """How much there is of it: ``37 files``, or ``658 rows of 3 tables``."""
        files = {item.file for item in self.items}
        if all(item.is_row for item in self.items):
            return f"{len(self.items)} rows of {len(files)} tables"
        return f"{len(self.items)} files"

    def path(self, item: Item) -> Path:
        """Where an item's picture lies."""
        return self.folder / item.file

    def picture(self, item: Item) -> str:
        """What an ``Image`` shows an item by: its file, or its key where it is in memory only."""
        return f"{self.name}/{item.id}" if item.id in self.contents else str(self.path(item))

    @property
    def pictures(self) -> dict[str, bytes]:
        """The pictures in memory, by what an ``Image`` shows them by."""
        return {f"{self.name}/{item}": content for item, content in self.contents.items()}

    def item(self, item_id: str) -> Item:
        """The item of that id."""
        for item in self.items:
            if item.id == item_id:
                return item
        raise StimulusError(
            f"stimulus set '{self.name}' has no item {item_id!r}; "
            f"{did_you_mean(item_id, (item.id for item in self.items))}"
        )

    def facts(self) -> dict[str, Any]:
        """The set for a log's header; of somebody's own photographs not even a checksum."""
        files = {} if self.kind == "own" else {item.file: item.sha256 for item in self.items}
        return {
            "set": self.name,
            "kind": self.kind,
            "version": self.version,
            "manifest_sha256": self.manifest_sha256 or None,
            "licence": self.licence,
            "files": files,
        }


# --- finding --------------------------------------------------------------------------------------


def user_folder() -> Path:
    """Where imported sets live: ``$MBTEXP_STIMULI``, or this system's place for data."""
    given = os.environ.get("MBTEXP_STIMULI")
    if given:
        return Path(given).expanduser()
    home = Path.home()
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = home / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    return base / "mbtexp" / "stimuli"


def set_folders() -> dict[str, Path]:
    """Every known set and its folder, bundled ones first; a bundled name is never hidden."""
    folders = dict(sorted(_bundled()))
    for folder in _imported():
        folders.setdefault(folder.name, folder)
    return folders


def is_own(name: str) -> bool:
    """Whether a set's name means somebody's own photographs (``mbtexp.photos``).

    >>> is_own("photos:abcdefghjk"), is_own("photos"), is_own("photos_pilot")
    (True, True, False)
    """
    return name == PHOTOS or name.startswith(f"{PHOTOS}:")


def find_set(name: str) -> StimulusSet:
    """The set of that name; its files are not yet looked at (``verify`` does)."""
    if is_own(name):
        raise StimulusError(
            "somebody's own photographs are in no set of stimuli; a run finds them with --photos."
        )
    folders = set_folders()
    if name not in folders:
        raise StimulusError(
            f"stimulus set {name!r} is not known; {did_you_mean(name, folders)} "
            "(sets of your own come in with 'mbtexp stimuli import')"
        )
    return read_set(folders[name])


def list_sets() -> list[StimulusSet]:
    """All sets, bundled ones first."""
    return [read_set(folder) for folder in set_folders().values()]


def _bundled() -> Iterator[tuple[str, Path]]:
    for entry in entry_points(group=GROUP):
        spec = importlib.util.find_spec(entry.value)
        if spec is not None and spec.submodule_search_locations:
            yield entry.name, Path(next(iter(spec.submodule_search_locations)))


def _imported() -> list[Path]:
    folder = user_folder()
    if not folder.is_dir():
        return []
    return sorted(f for f in folder.iterdir() if (f / MANIFEST).is_file() and f.name[0] != ".")


class Importer(Protocol):
    """Makes a set in the user's data folder out of a lab's own copy."""

    def __call__(
        self,
        path: Path,
        *,
        into: Path | None = None,
        name: str | None = None,
        instructions: Path | None = None,
    ) -> StimulusSet:
        """The set that was imported from ``path``."""
        ...


def find_importer(kind: str) -> Importer:
    """The importer of a kind of set (``eyes``)."""
    known = {entry.name: entry for entry in entry_points(group=IMPORTERS)}
    if kind not in known:
        raise StimulusError(f"no importer for {kind!r} is known; {did_you_mean(kind, known)}")
    importer: Importer = known[kind].load()
    return importer


# --- the manifest ---------------------------------------------------------------------------------


def row_sha256(attributes: Mapping[str, Any]) -> str:
    """Checksum of an item's attributes, independent of their order.

    >>> row_sha256({"key": 1, "sex": "F"}) == row_sha256({"sex": "F", "key": 1})
    True
    """
    text = json.dumps(attributes, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def read_set(folder: Path) -> StimulusSet:
    """The set that a folder's manifest describes; refuses a manifest that does not say it all."""
    path = folder / MANIFEST
    try:
        content = path.read_bytes()
        given = json.loads(content)
        return _set_from(given, folder, hashlib.sha256(content).hexdigest())
    except OSError as error:
        raise StimulusError(
            f"{path}: the manifest cannot be read ({os.strerror(error.errno or 5)})."
        ) from None
    except KeyError as error:
        raise StimulusError(f"{path}: {error} is missing; import the set again.") from None
    except (ValueError, TypeError, AttributeError):
        raise StimulusError(
            f"{path}: this is not a manifest of a stimulus set; import the set again."
        ) from None


def _set_from(given: Mapping[str, Any], folder: Path, checksum: str) -> StimulusSet:
    if given["format"] != FORMAT:
        raise StimulusError(
            f"{folder / MANIFEST}: manifest format {given['format']}; "
            f"this version reads format {FORMAT}."
        )
    if given["kind"] not in _KINDS:
        raise StimulusError(
            f"{folder / MANIFEST}: kind is {given['kind']!r}; "
            f"{did_you_mean(str(given['kind']), _KINDS)}"
        )
    return StimulusSet(
        name=str(given["name"]),
        title=str(given["title"]),
        kind=given["kind"],
        version=str(given["version"]),
        licence=str(given["licence"]),
        source=str(given["source"]),
        citation=str(given["citation"]),
        language=str(given["language"]),
        items=tuple(_item_from(row) for row in given["items"]),
        folder=folder,
        glossaries={language: dict(words) for language, words in given.get("glossary", {}).items()},
        warnings=tuple(given.get("warnings", ())),
        manifest_sha256=checksum,
    )


def _item_from(row: Mapping[str, Any]) -> Item:
    return Item(
        id=str(row["id"]),
        file=str(row["file"]),
        sha256=str(row["sha256"]),
        width_px=int(row["width_px"]),
        height_px=int(row["height_px"]),
        attributes=dict(row["attributes"]),
        row_sha256=str(row["row_sha256"]),
    )


def manifest(stimulus_set: StimulusSet) -> bytes:
    """The text of a set's manifest; the checksums of its rows are taken from the rows."""
    rows = [
        {
            "id": item.id,
            "file": item.file,
            "sha256": item.sha256,
            "width_px": item.width_px,
            "height_px": item.height_px,
            "attributes": dict(item.attributes),
            "row_sha256": row_sha256(item.attributes),
        }
        for item in stimulus_set.items
    ]
    content = {
        "format": FORMAT,
        "name": stimulus_set.name,
        "title": stimulus_set.title,
        "kind": stimulus_set.kind,
        "version": stimulus_set.version,
        "licence": stimulus_set.licence,
        "source": stimulus_set.source,
        "citation": stimulus_set.citation,
        "language": stimulus_set.language,
        "warnings": list(stimulus_set.warnings),
        "items": rows,
        "glossary": {k: dict(v) for k, v in stimulus_set.glossaries.items()},
    }
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()


# --- checking -------------------------------------------------------------------------------------


def verify(stimulus_set: StimulusSet) -> None:
    """Nothing if all pictures and words are what the manifest says; else the first that is not.

    Files in the folder that no item names are not looked at.

    Raises
    ------
    StimulusError
        A picture or table is missing or changed, an item's words or key are, or an id occurs twice.
    """
    seen: set[str] = set()
    for item in stimulus_set.items:
        if item.id in seen:
            raise StimulusError(f"{_where(stimulus_set, item)} occurs twice; {_mend(stimulus_set)}")
        seen.add(item.id)
        if item.row_sha256 != row_sha256(item.attributes):
            raise StimulusError(
                f"{_where(stimulus_set, item)}: a word, the key or another entry was changed in "
                f"{stimulus_set.folder / MANIFEST}; {_mend(stimulus_set)}"
            )
        _verify_key(stimulus_set, item)
        _verify_file(stimulus_set, item)
    if not stimulus_set.items:
        raise StimulusError(
            f"stimulus set '{stimulus_set.name}' has no items; {_mend(stimulus_set)}"
        )


def _verify_key(stimulus_set: StimulusSet, item: Item) -> None:
    if item.key is not None and not 0 <= item.key < len(item.words):
        raise StimulusError(
            f"{_where(stimulus_set, item)}: the key names word {item.key + 1} of "
            f"{len(item.words)}; {_mend(stimulus_set)}"
        )


def _verify_file(stimulus_set: StimulusSet, item: Item) -> None:
    path, thing = stimulus_set.path(item), "table" if item.is_row else "picture"
    try:
        content = stimulus_set.contents.get(item.id) or path.read_bytes()
    except OSError as error:
        raise StimulusError(
            f"{_where(stimulus_set, item)}: the {thing} {path} cannot be read "
            f"({os.strerror(error.errno or 5)}); {_mend(stimulus_set)}"
        ) from None
    if hashlib.sha256(content).hexdigest() != item.sha256:
        raise StimulusError(
            f"{_where(stimulus_set, item)}: the {thing} {path} was changed; {_mend(stimulus_set)}"
        )


def _where(stimulus_set: StimulusSet, item: Item) -> str:
    return f"stimulus set '{stimulus_set.name}', item {item.id}"


def _mend(stimulus_set: StimulusSet) -> str:
    if stimulus_set.kind == "pilot":
        return "reinstall mbtexp."
    if stimulus_set.items and all(item.is_row for item in stimulus_set.items):
        return "reinstall mbtexp, or make the manifest of a list of your own anew."
    return f"delete the folder {stimulus_set.folder} and import the set again."
