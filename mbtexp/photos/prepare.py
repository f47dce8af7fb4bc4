"""From a folder of originals to a set in the store: upright, aligned, alike, without metadata."""

from __future__ import annotations

import importlib.metadata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from mbtexp.errors import StimulusError
from mbtexp.photos import secret
from mbtexp.photos.eyes import CLICKED
from mbtexp.photos.manifest import (
    PICTURE_LENGTH,
    PRACTICE,
    SCRAMBLED,
    SET_LENGTH,
    Person,
    Photo,
    PhotoSet,
    checksum,
    label,
    new_token,
)
from mbtexp.photos.matching import Matched, Measures, matched, scrambled, target
from mbtexp.photos.originals import (
    EyesOf,
    Given,
    Original,
    agreed,
    find_originals,
    kappa,
    read_expressions,
)
from mbtexp.photos.pixels import (
    HEIGHT_PX,
    WIDTH_PX,
    Aligned,
    Crop,
    Pixels,
    aligned,
    png,
    read_photograph,
)
from mbtexp.photos.seal import new_lock
from mbtexp.photos.sheet import Shown, contact_sheets
from mbtexp.photos.store import SHEET, alone, place

RETAIN_DAYS = 183
"""How long pictures are kept if nobody says; default, to be checked with the study's approval."""

FEWEST, MOST = 6, 10
"""Pictures a person that a design wants: with fewer, an effect may be the single picture's."""

N_SCRAMBLED = 8
N_PRACTICE = 4
CLIPPED = 0.05
"""Share of cut colours from which a picture is pointed out; default, to be checked."""


@dataclass(frozen=True)
class Wanted:
    """How a set is to be made."""

    participant: str
    retain_until: str | None = None
    crop: Crop = "oval"
    grey: bool = False
    encrypt: bool = False


@dataclass(frozen=True)
class Prepared:
    """A set that was made, and what is worth telling of it."""

    photo_set: PhotoSet
    notes: tuple[str, ...]


def prepare(
    folder: Path,
    store: Path,
    wanted: Wanted,
    *,
    assigned: Mapping[str, str] | None = None,
    expressions: Path | None = None,
    progress: Callable[[int, int], None] = lambda _done, _whole: None,
) -> Prepared:
    """A new set in the store; the originals are read once and stay as they are.

    Parameters
    ----------
    folder
        Originals, one folder a person.
    store
        An open store (`open_store`).
    wanted
        How the set is to be made.
    assigned
        Conditions by folder name.
    expressions
        Table of two raters' codes.
    progress
        Called with the number of pictures read and of all.

    Raises
    ------
    StimulusError
        A picture has no eyes yet, a person has fewer than two pictures left, or nothing can be
        read; told by condition and number.
    """
    label(wanted.participant)
    given = find_originals(folder, assigned or {})
    codes = read_expressions(expressions, given)
    found, left_out = _aligned(given, wanted.crop, progress)
    _refuse_single(found)
    aim = target([one.pixels for _, one in found], wanted.crop)
    made = [
        (original, one, matched(one.pixels, aim, wanted.crop, grey=wanted.grey))
        for original, one in found
    ]
    token = new_token(SET_LENGTH)
    lock, key = new_lock(secret.new_passphrase(), token) if wanted.encrypt else (None, None)
    rows = [_row(original, one, match, codes) for original, one, match in made]
    files = {
        photo.token: png(match.pixels) for photo, (_, _, match) in zip(rows, made, strict=True)
    }
    photos = [replace(photo, sha256=checksum(files[photo.token])) for photo in rows]
    patterns = _patterns(made, aim, wanted)
    for photo, content in patterns:
        files[photo.token] = content
    shown = [
        Shown(photo, one.pixels, match.pixels)
        for photo, (_, one, match) in zip(photos, made, strict=True)
    ]
    photo_set = PhotoSet(
        token=token,
        participant=wanted.participant,
        prepared=datetime.now(tz=UTC).isoformat(timespec="seconds"),
        retain_until=wanted.retain_until or _default_retention(),
        crop=wanted.crop,
        grey=wanted.grey,
        size_px=(WIDTH_PX, HEIGHT_PX),
        software=importlib.metadata.version("mbtexp"),
        lock=lock,
        people=tuple(
            Person(label, condition)
            for label, condition in dict.fromkeys((o.person, o.condition) for o, _, _ in made)
        ),
        photos=(*photos, *(photo for photo, _ in patterns)),
    )
    sheets = contact_sheets(photo_set, shown)
    files |= {f"{SHEET}{number}": page for number, page in enumerate(sheets, start=1)}
    with alone(store):
        place(store, photo_set, files, key)
    notes = (*given.notes, *left_out, *_notes(photo_set, codes))
    return Prepared(photo_set, notes)


def _default_retention() -> str:
    return (datetime.now(tz=UTC).date() + timedelta(days=RETAIN_DAYS)).isoformat()


def _aligned(
    given: Given, crop: Crop, progress: Callable[[int, int], None]
) -> tuple[list[tuple[Original, Aligned]], list[str]]:
    """The pictures that can be used, and a sentence on each that cannot."""
    eyes_of = EyesOf(given)
    found, left_out, blind = [], [], []
    for done, original in enumerate(given.originals, start=1):
        photograph = read_photograph(original.path)
        progress(done, len(given.originals))
        if photograph is None:
            left_out.append(f"{original.spoken} was left out: the file is damaged or no picture.")
            continue
        eyes = eyes_of(original, photograph)
        if eyes is None:
            blind.append(original)
            continue
        one = aligned(photograph, eyes, crop)
        if isinstance(one, str):
            left_out.append(f"{original.spoken} was left out: {one}.")
        else:
            found.append((original, one))
    if blind:
        raise StimulusError(
            f"The eyes of {len(blind)} pictures are not known yet (the first is "
            f"{blind[0].spoken}). Click them: mbtexp photos eyes FOLDER; or put templates (.tem) "
            f"or a table ({CLICKED}) beside them."
        )
    _refuse_empty(given, found, left_out)
    return found, left_out


def _refuse_empty(
    given: Given, found: Sequence[tuple[Original, Aligned]], left_out: Sequence[str]
) -> None:
    used = {original.person for original, _ in found}
    for original in given.originals:
        if original.person not in used:
            raise StimulusError(
                f"{original.condition} ({original.person}) has no picture that can be used. "
                f"{left_out[0]}"
            )


def _refuse_single(found: Sequence[tuple[Original, Aligned]]) -> None:
    """With one picture of a person, an effect of the picture passes for one of the person."""
    counts = Counter((original.condition, original.person) for original, _ in found)
    for (condition, person), count in counts.items():
        if count == 1:
            raise StimulusError(
                f"{condition} ({person}) has a single picture that can be used: what it does could "
                f"not be told from what the person does. Give {FEWEST} to {MOST}."
            )


def _row(
    original: Original, one: Aligned, match: Matched, codes: Mapping[str, tuple[str, ...]]
) -> Photo:
    raters = codes.get(original.key, ())
    return Photo(
        token=new_token(PICTURE_LENGTH),
        person=original.person,
        condition=original.condition,
        sha256="",
        expression=agreed(raters),
        raters=raters,
        face_px=one.face_px,
        box_px=one.box_px,
        lstar_before=round(match.before.lstar, 3),
        rms_before=round(match.before.rms, 5),
        lstar=round(match.after.lstar, 3),
        rms=round(match.after.rms, 5),
        ssim=round(match.ssim, 4),
        clipped=round(match.clipped, 5),
    )


def _patterns(
    made: Sequence[tuple[Original, Aligned, Matched]], aim: Measures, wanted: Wanted
) -> list[tuple[Photo, bytes]]:
    """Scrambled pictures of the own person for the control, and of the last one for practice."""
    last = made[-1][0].person
    own = [m.pixels for o, _, m in made if o.condition == "own"][:N_SCRAMBLED]
    others = [m.pixels for o, _, m in made if o.person == last][:N_PRACTICE]
    people = {"own": next((o.person for o, _, _ in made if o.condition == "own"), last)}
    rows: list[tuple[str, str, Pixels]] = [
        *((SCRAMBLED, people["own"], pixels) for pixels in own),
        *((PRACTICE, last, pixels) for pixels in others),
    ]
    rng = np.random.default_rng()
    patterns = []
    for condition, person, pixels in rows:
        noise = scrambled(pixels, wanted.crop, rng)
        match = matched(noise, aim, wanted.crop, grey=wanted.grey)
        content = png(match.pixels)
        photo = Photo(
            token=new_token(PICTURE_LENGTH),
            person=person,
            condition=condition,
            sha256=checksum(content),
            lstar_before=round(match.before.lstar, 3),
            rms_before=round(match.before.rms, 5),
            lstar=round(match.after.lstar, 3),
            rms=round(match.after.rms, 5),
            ssim=round(match.ssim, 4),
            clipped=round(match.clipped, 5),
        )
        patterns.append((photo, content))
    return patterns


def _notes(photo_set: PhotoSet, codes: Mapping[str, tuple[str, ...]]) -> list[str]:
    """What a reviewer would ask about."""
    notes = []
    faces = [photo for photo in photo_set.photos if photo.shows_somebody]
    counts = Counter(photo.person for photo in faces)
    for person in photo_set.people:
        count = counts[person.label]
        if not FEWEST <= count <= MOST:
            notes.append(
                f"{person.condition} ({person.label}) has {count} pictures; a design wants "
                f"{FEWEST} to {MOST} of each person."
            )
    if len(set(counts.values())) > 1:
        notes.append("The persons have different numbers of pictures; the same for all is better.")
    cut = [photo for photo in faces if photo.clipped > CLIPPED]
    if cut:
        notes.append(
            f"In {len(cut)} pictures more than {100 * CLIPPED:.0f} % of the colours were cut when "
            "luminance was matched; look at them on the contact sheet."
        )
    agreement = kappa(codes.values())
    if agreement is not None:
        unclear = sum(len(said) == 2 and said[0] != said[1] for said in codes.values())
        notes.append(
            f"Expressions: the raters' kappa is {agreement:.2f}; {unclear} pictures on which they "
            "differ have none."
        )
    return notes
