"""The store of own photographs as the window needs it: what is wrong with it, and its lock."""

from __future__ import annotations

from pathlib import Path

from mbtexp.errors import MbtexpError
from mbtexp.photos.manifest import PhotoSet
from mbtexp.photos.seal import key_of
from mbtexp.photos.store import open_store, the_set


def refuse_photographs(store: str, participant: str, data: str) -> None:
    """Nothing if the participant has photographs there; pictures are not looked at.

    Parameters
    ----------
    store
        The store's folder.
    participant
        Whose they are; empty: the store alone is looked at.
    data
        The study's folder, which must be elsewhere; may be empty.

    Raises
    ------
    MbtexpError
        There is no such store, it may not lie there, or holds nothing of this participant.
    """
    place = open_store(Path(store), data=Path(data) if data else None)
    if participant:
        the_set(place, participant, None)


def locked(store: str, participant: str) -> PhotoSet | None:
    """The participant's photographs if they are locked; else None."""
    if not (store and participant):
        return None
    try:
        found = the_set(open_store(Path(store)), participant, None)
    except MbtexpError:
        return None
    return None if found.lock is None else found


def refusal(photographs: PhotoSet, passphrase: str) -> str:
    """Why a passphrase does not open locked photographs; empty if it does."""
    if photographs.lock is None:
        return ""
    try:
        key_of(passphrase, photographs.lock, photographs.token)
    except MbtexpError as error:
        return str(error)
    return ""
