"""Writes an imported set of pictures: beside its place first, then there in one step."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from mbtexp.errors import StimulusError
from mbtexp.stimuli import (
    MANIFEST,
    Item,
    StimulusSet,
    manifest,
    read_set,
    set_folders,
    user_folder,
    verify,
)

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")


@dataclass(frozen=True)
class Picture:
    """A finished picture with what is known of it."""

    id: str
    content: bytes
    """A PNG file."""
    attributes: Mapping[str, object] = field(default_factory=dict)

    @property
    def file(self) -> str:
        """The file's name in the set."""
        return f"{self.id}.png"


def free_place(name: str, into: Path | None) -> Path:
    """The folder of a new set; refuses a name that is taken or no name."""
    if not _NAME.fullmatch(name):
        raise StimulusError(
            f"a set cannot be called {name!r}; give --name with small letters, digits, - and _."
        )
    target = (into or user_folder()) / name
    known = set_folders().get(name)
    if target.exists() or (known is not None and known != target):
        raise StimulusError(
            f"a stimulus set called {name!r} is there already ({known or target}) and nothing is "
            "overwritten; give another name with --name."
        )
    return target


def described(
    name: str,
    pictures: Sequence[Picture],
    *,
    title: str,
    kind: Literal["imported", "open"],
    version: str,
    licence: str,
    source: str,
    citation: str,
    language: str,
    size: tuple[int, int],
    warnings: tuple[str, ...] = (),
) -> StimulusSet:
    """The set's description with the checksums of its pictures, all of one size (width, height)."""
    return StimulusSet(
        name=name,
        title=title,
        kind=kind,
        version=version,
        licence=licence,
        source=source,
        citation=citation,
        language=language,
        items=tuple(
            Item(
                id=picture.id,
                file=picture.file,
                sha256=hashlib.sha256(picture.content).hexdigest(),
                width_px=size[0],
                height_px=size[1],
                attributes=picture.attributes,
            )
            for picture in pictures
        ),
        folder=Path(),
        warnings=warnings,
    )


def place(stimuli: StimulusSet, files: Mapping[str, bytes], target: Path) -> StimulusSet:
    """The set in its place, all at once; nothing of it is left where that fails."""
    beside = target.parent / f".{target.name}.{os.getpid()}.partial"
    try:
        beside.mkdir(parents=True)
        for name, content in files.items():
            (beside / name).write_bytes(content)
        (beside / MANIFEST).write_bytes(manifest(stimuli))
        verify(read_set(beside))
        beside.rename(target)
    except OSError as error:
        raise StimulusError(
            f"{target}: the set cannot be written ({error.strerror}); free the disk or the folder, "
            "or name another place in MBTEXP_STIMULI."
        ) from None
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return read_set(target)
