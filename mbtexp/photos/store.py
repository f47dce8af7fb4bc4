"""The store: a folder with one folder a set, named by token, readable by its owner alone."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from mbtexp.errors import DataError, DiskError, SettingError, StimulusError
from mbtexp.photos import secret
from mbtexp.photos.decisions import decided
from mbtexp.photos.manifest import (
    SET_LENGTH,
    Photo,
    PhotoSet,
    checksum,
    decoded,
    encoded,
    is_token,
)
from mbtexp.photos.place import (
    OWNER_FILE,
    OWNER_FOLDER,
    private_folder,
    refuse_open,
    refuse_unsafe,
    write_private,
)
from mbtexp.photos.seal import key_of, sealed, unsealed

MANIFEST = "manifest.json"
SHEET = "sheet"
"""How the pages of the contact sheet are called among the files of a set, with their number."""

DELETED = "deleted"
"""Folder of the deletion records."""

PARTIAL = ".partial"
GOING = ".going"
"""Endings of the folders of a set that is being made, and of one that is being erased."""

LOCK = ".lock"


def open_store(folder: Path, *, make: bool = False, data: Path | None = None) -> Path:
    """The store's folder, checked; what a crash left half made is erased.

    Parameters
    ----------
    folder
        Where the store is, or is to be.
    make
        Whether a new one may be made.
    data
        The study's folder, if it is known: the store must be outside of it.
    """
    refuse_unsafe(folder, data)
    store = folder.expanduser().resolve()
    if make:
        private_folder(store)
    if not store.is_dir():
        raise SettingError(
            "There is no store of photographs at that place; give the folder that was named when "
            "they were prepared."
        )
    return store


def tokens(store: Path) -> list[str]:
    """Tokens of the sets of a store."""
    try:
        return sorted(f.name for f in store.iterdir() if is_token(f.name) and f.is_dir())
    except OSError as error:
        raise DataError(
            f"The store of photographs cannot be read ({error.strerror}); log in as the user who "
            "prepared them."
        ) from None


def read_set(store: Path, token: str) -> PhotoSet:
    """A set by its token, with what the participant decided; refuses one that others can read."""
    if not is_token(token):
        raise SettingError(f"--set: a token has {SET_LENGTH} letters and digits; see photos list.")
    folder = store / token
    try:
        photo_set = decoded((folder / MANIFEST).read_bytes())
    except FileNotFoundError:
        raise StimulusError(
            f"There are no photographs {token} in this store; see 'mbtexp photos list'."
        ) from None
    except OSError as error:
        raise DataError(
            f"Photographs {token} cannot be read ({error.strerror}); log in as the user who "
            "prepared them."
        ) from None
    if photo_set.token != token:
        raise DataError(f"Photographs {token} are not what their description says; purge them.")
    refuse_open(folder, sealed=photo_set.lock is not None)
    return decided(folder, photo_set)


def sets_of(store: Path, participant: str | None = None) -> list[PhotoSet]:
    """All sets of a store, or those of a participant, the oldest first."""
    found = [read_set(store, token) for token in tokens(store)]
    wanted = [one for one in found if participant in (None, one.participant)]
    return sorted(wanted, key=lambda one: (one.participant, one.prepared))


def the_set(store: Path, participant: str | None, token: str | None) -> PhotoSet:
    """The one set that is meant, by its token or as the only one of a participant."""
    if token is not None:
        found = read_set(store, token)
        if participant not in (None, found.participant):
            raise StimulusError(
                f"Photographs {token} belong to another participant; see 'mbtexp photos list'."
            )
        return found
    if participant is None:
        raise SettingError("Say which photographs: --participant LABEL or --set TOKEN.")
    of = sets_of(store, participant)
    if not of:
        raise StimulusError(
            f"There are no photographs of participant {participant} in this store; prepare them "
            "with 'mbtexp photos prepare'."
        )
    if len(of) > 1:
        raise StimulusError(
            f"Participant {participant} has {len(of)} sets of photographs "
            f"({', '.join(one.token for one in of)}); name one with its token."
        )
    return of[0]


# -- files ----------------------------------------------------------------------------------------


def key_for(photo_set: PhotoSet) -> bytes | None:
    """The key of a locked set, asked for once a process; None where nothing is locked."""
    if photo_set.lock is None:
        return None
    if photo_set.lock.salt not in _KEYS:
        _KEYS[photo_set.lock.salt] = key_of(secret.passphrase(), photo_set.lock, photo_set.token)
    return _KEYS[photo_set.lock.salt]


_KEYS: dict[str, bytes] = {}
"""Keys by the salt of their lock: a session of twelve runs asks for the passphrase once."""


def file_of(photo_set: PhotoSet, name: str) -> str:
    """Name of a file of the set: a token, and whether it is locked."""
    return f"{name}.png" if photo_set.lock is None else f"{name}.locked"


def read_file(store: Path, photo_set: PhotoSet, name: str) -> bytes:
    """A file of the set in memory; a locked one is opened there and nowhere else."""
    try:
        content = (store / photo_set.token / file_of(photo_set, name)).read_bytes()
    except OSError as error:
        raise StimulusError(
            f"A picture ({name}) of photographs {photo_set.token} cannot be read "
            f"({error.strerror}); prepare them again."
        ) from None
    key = key_for(photo_set)
    if key is None:
        return content
    opened = unsealed(content, key, f"{photo_set.token}/{name}")
    if opened is None:
        raise _changed(photo_set, name)
    return opened


def sheets_of(store: Path, photo_set: PhotoSet) -> list[str]:
    """Names of the contact sheet's pages, in order; none once a person of the set was erased."""
    folder = store / photo_set.token
    names = (path.stem for path in folder.glob(file_of(photo_set, f"{SHEET}*")))
    return sorted(names, key=lambda name: (len(name), name))


def read_photo(store: Path, photo_set: PhotoSet, photo: Photo) -> bytes:
    """A picture in memory, as it was prepared; refuses one that was changed."""
    content = read_file(store, photo_set, photo.token)
    if checksum(content) != photo.sha256:
        raise _changed(photo_set, photo.token)
    return content


def _changed(photo_set: PhotoSet, name: str) -> StimulusError:
    return StimulusError(
        f"A picture ({name}) of photographs {photo_set.token} was changed since it was prepared; "
        "prepare them again, and purge this set."
    )


def place(store: Path, photo_set: PhotoSet, files: Mapping[str, bytes], key: bytes | None) -> None:
    """A new set in its place, all at once; a crash leaves a folder that the next command erases."""
    beside = store / f".{photo_set.token}{PARTIAL}"
    try:
        os.mkdir(beside, OWNER_FOLDER)  # noqa: PTH102  pathlib masks the mode on some systems
        refuse_open(beside, sealed=key is not None)
        for name, content in files.items():
            locked = content if key is None else sealed(content, key, f"{photo_set.token}/{name}")
            write_private(beside / file_of(photo_set, name), locked)
        write_private(beside / MANIFEST, encoded(photo_set))
        beside.rename(store / photo_set.token)
    except OSError as error:
        raise DiskError(
            f"The photographs cannot be kept ({error.strerror}); nothing of them is left. Make "
            "room, then repeat."
        ) from None
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def change(store: Path, token: str, changed: Callable[[PhotoSet], PhotoSet]) -> PhotoSet:
    """A set with its description changed; nobody else changes it meanwhile."""
    with alone(store):
        photo_set = changed(read_set(store, token))
        write_private(store / token / MANIFEST, encoded(photo_set))
    return photo_set


@contextlib.contextmanager
def alone(store: Path) -> Iterator[None]:
    """Nobody else changes the store meanwhile; refused while somebody does."""
    try:
        handle = os.open(store / LOCK, os.O_RDWR | os.O_CREAT, OWNER_FILE)
    except OSError as error:
        raise DiskError(
            f"The store of photographs cannot be written ({error.strerror}); log in as the user "
            "who prepared them."
        ) from None
    try:
        _take(handle)
        yield
    finally:
        os.close(handle)


def _take(handle: int) -> None:
    try:
        if sys.platform == "win32":
            import msvcrt  # noqa: PLC0415  Windows only

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl  # noqa: PLC0415  POSIX only

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        # Some network drives know no locks; preparing must still be possible there.
        if error.errno not in (errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK):
            return
        raise DataError(
            "Another mbtexp is changing this store of photographs; let it end, then repeat."
        ) from None


def half_made(store: Path) -> list[Path]:
    """What a crash left of sets that were being made; call it with the store taken (`alone`)."""
    return [f for f in store.iterdir() if f.name.startswith(".") and f.name.endswith(PARTIAL)]


def half_erased(store: Path) -> list[Path]:
    """What a crash left of sets that were being erased."""
    return [f for f in store.iterdir() if f.name.startswith(".") and f.name.endswith(GOING)]
