"""Photographs as a stimulus set: opened into memory for a run, only those that may be shown."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from mbtexp.errors import SettingError, StimulusError
from mbtexp.photos.manifest import PRACTICE, Photo, PhotoSet
from mbtexp.photos.purge import sweep
from mbtexp.photos.store import open_store, read_photo, the_set
from mbtexp.stimuli import Item, StimulusSet, row_sha256


def own_set(
    name: str, store: Path | None, participant: str, *, simulated: bool, data: Path | None = None
) -> StimulusSet:
    """A participant's photographs in memory, without those that may not be shown.

    Parameters
    ----------
    name
        ``photos:TOKEN`` or ``photos``.
    store
        Where they are kept.
    participant
        Whose they are.
    simulated
        Whether nobody sits there: then a simulated participant's decisions count.
    data
        The study's folder, which must be elsewhere.

    Raises
    ------
    SettingError
        No store was named, or it lies where photographs must not be.
    StimulusError
        They may not be kept any longer, are missing, changed or another participant's.
    """
    if store is None:
        raise SettingError(
            "The run shows the participant's own photographs; say where they are with --photos DIR."
        )
    _no_memory_dumps()
    place = open_store(store, data=data)
    sweep(place)
    token = name.partition(":")[2] or None
    photo_set = the_set(place, participant, token)
    if photo_set.expired():
        raise StimulusError(
            f"Photographs {photo_set.token} were to be kept until {photo_set.retain_until}; erase "
            "them (mbtexp photos purge), or note a later day (mbtexp photos retain)."
        )
    shown = [p for p in photo_set.photos if photo_set.why_not(p, simulated=simulated) is None]
    return replace(
        as_stimuli(place, photo_set, shown),
        warnings=_missing(photo_set, shown, simulated=simulated),
    )


def as_stimuli(store: Path, photo_set: PhotoSet, photos: Sequence[Photo]) -> StimulusSet:
    """Some photographs of a set, opened into memory."""
    return StimulusSet(
        name=photo_set.name,
        title="The participant's own photographs",
        kind="own",
        version="1",
        licence="personal data; not for sharing",
        source="",
        citation="",
        language="",
        items=tuple(_item(photo_set, photo) for photo in photos),
        folder=Path(),
        contents={photo.token: read_photo(store, photo_set, photo) for photo in photos},
    )


def _no_memory_dumps() -> None:
    """A program that crashes leaves no picture of its memory behind (where the system asks us)."""
    if sys.platform != "win32":
        import resource  # noqa: PLC0415  POSIX only

        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def _item(photo_set: PhotoSet, photo: Photo) -> Item:
    width, height = photo_set.size_px
    said = {
        "person": photo.person if photo.shows_somebody else None,
        "condition": photo.condition,
        "expression": photo.expression,
        "practice": photo.condition == PRACTICE,
    }
    attributes = {key: value for key, value in said.items() if value is not None}
    return Item(
        id=photo.token,
        file=photo.token,
        sha256=photo.sha256,
        width_px=width,
        height_px=height,
        attributes=attributes,
        row_sha256=row_sha256(attributes),
    )


def _missing(photo_set: PhotoSet, shown: list[Photo], *, simulated: bool) -> tuple[str, ...]:
    """Why persons are left out or have few pictures, a sentence each."""
    sentences = []
    for person in photo_set.people:
        all_of = [p for p in photo_set.photos if p.person == person.label and p.shows_somebody]
        left = [p for p in shown if p.person == person.label and p.shows_somebody]
        if len(left) == len(all_of):
            continue
        first = next(p for p in all_of if p not in left)
        sentences.append(
            f"{person.condition} ({person.label}): {len(left)} of {len(all_of)} pictures may be "
            f"shown; {photo_set.why_not(first, simulated=simulated)}."
        )
    return tuple(sentences)
