"""What is said of sets of photographs: how well they are matched, what is permitted and decided."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np

from mbtexp.photos.manifest import Decision, Photo, PhotoSet

HEADS = ("", "pictures", "L* before", "L* after", "RMS before", "RMS after", "SSIM", "cut %")


def matching_rows(photo_set: PhotoSet) -> list[list[str]]:
    """Mean and standard deviation of what was matched, for each person and for all."""
    faces = [photo for photo in photo_set.photos if photo.shows_somebody]
    rows = [
        _row(
            f"{person.condition} {person.label}",
            [photo for photo in faces if photo.person == person.label],
        )
        for person in photo_set.people
    ]
    return [*rows, _row("all", faces)]


def _row(name: str, photos: Sequence[Photo]) -> list[str]:
    return [
        name,
        str(len(photos)),
        _spread([p.lstar_before for p in photos], 1),
        _spread([p.lstar for p in photos], 1),
        _spread([p.rms_before for p in photos], 3),
        _spread([p.rms for p in photos], 3),
        _spread([p.ssim for p in photos], 2),
        f"{100 * float(np.mean([p.clipped for p in photos])):.2f}" if photos else "n/a",
    ]


def _spread(values: Sequence[float], digits: int) -> str:
    """Mean and standard deviation.

    >>> _spread([1.0, 3.0], 1)
    '2.0 (1.0)'
    """
    if not values:
        return "n/a"
    return f"{np.mean(values):.{digits}f} ({np.std(values):.{digits}f})"


LIST_HEADS = (
    *("set", "participant", "person", "condition", "pictures", "usable", "approved", "vetoed"),
    *("permission", "keep until"),
)


def list_rows(sets: Sequence[PhotoSet], today: date | None = None) -> list[list[str]]:
    """A row a pictured person: what there is, what may be shown, up to when it may be kept."""
    rows = []
    for photo_set in sets:
        until = photo_set.retain_until + (" PASSED" if photo_set.expired(today) else "")
        for person in photo_set.people:
            photos = [p for p in photo_set.photos if p.person == person.label and p.shows_somebody]
            decided = [p.decision for p in photos if p.decision is not None]
            rows.append(
                [
                    photo_set.token,
                    photo_set.participant,
                    person.label,
                    person.condition,
                    str(len(photos)),
                    str(sum(photo_set.why_not(p) is None for p in photos)),
                    _decided([d for d in decided if d.approved]),
                    _decided([d for d in decided if not d.approved]),
                    _consent(photo_set, person.label),
                    until,
                ]
            )
    return rows


def _decided(decisions: Sequence[Decision]) -> str:
    """How many; what a simulated participant said is told apart."""
    real = sum(decision.by == "participant" for decision in decisions)
    simulated = len(decisions) - real
    return f"{real} (and {simulated} simulated)" if simulated else str(real)


def _consent(photo_set: PhotoSet, label: str) -> str:
    consent = photo_set.person(label).consent
    if consent is None:
        return "NOT NOTED"
    word = "yes" if consent.given else "NO"
    return f"{word}, {consent.signed_by}, {consent.on}"


def retention_notes(sets: Sequence[PhotoSet], today: date | None = None) -> list[str]:
    """A sentence on each set whose day has passed."""
    return [
        f"photographs {one.token} of participant {one.participant} were to be kept until "
        f"{one.retain_until}; erase them (mbtexp photos purge), or note a later day if your "
        "approval allows it (mbtexp photos retain)."
        for one in sets
        if one.expired(today)
    ]
