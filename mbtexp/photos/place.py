"""Where photographs may lie: in a folder of their own that nobody else reads and nothing copies."""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

from mbtexp.errors import DiskError, SettingError

OWNER_FOLDER = 0o700
OWNER_FILE = 0o600

VERSIONED = (".git", ".hg", ".svn", ".bzr", "_darcs", ".fslckout")
"""What lies in the top folder of a work tree."""

SYNC_MARKS = {
    ".stfolder": "Syncthing",
    ".stignore": "Syncthing",
    ".dropbox": "Dropbox",
    ".dropbox.cache": "Dropbox",
    ".nextcloudsync.log": "Nextcloud",
    ".owncloudsync.log": "ownCloud",
    ".csync_journal.db": "ownCloud",
    ".tmp.drivedownload": "Google Drive",
    ".tmp.driveupload": "Google Drive",
    ".sync": "Resilio Sync",
    ".seafile-data": "Seafile",
    ".megaignore": "MEGA",
}
"""Files and folders that a program which copies to other machines leaves in its folder."""

SYNC_JOURNALS = ("._sync_*.db", ".sync_*.db")
"""Journals of Nextcloud and ownCloud, whose names differ from folder to folder."""

SYNC_BEGINNINGS = (
    "dropbox",
    "onedrive",
    "nextcloud",
    "owncloud",
    "google drive",
    "googledrive",
    "google-drive",
    "icloud",
    "mobile documents",
    "com~apple~clouddocs",
    "cloudstorage",
    "seafile",
    "seadrive",
    "syncthing",
    "pcloud",
    "megasync",
    "box sync",
    "sciebo",
    "tresorit",
    "magentacloud",
    "hidrive",
    "bwsync",
    "proton drive",
    "resilio",
)
SYNC_NAMES = ("mega", "box", "sync", "my drive", "kdrive", "nutstore")
"""Names of folders that are synchronised: how they begin, and in full; capitals do not matter."""


def refuse_unsafe(folder: Path, data: Path | None = None) -> None:
    """Nothing if photographs may lie in a folder; else why they may not, without its name.

    Parameters
    ----------
    folder
        Where photographs lie or would lie.
    data
        The study's folder, which is shared and exported and must not hold them.
    """
    for place in _chain(folder):
        if any((place / mark).exists() for mark in VERSIONED):
            raise SettingError(
                "The folder for the photographs lies in a work tree of version control, whose "
                "history keeps everything for good; give --store a folder outside of it."
            )
        program = _synchronised_by(place)
        if program:
            raise SettingError(
                f"The folder for the photographs is synchronised ({program}): copies would leave "
                "this machine. Give --store a folder that stays here."
            )
        if (place / "sourcedata").is_dir() or (place / "dataset_description.json").is_file():
            raise SettingError(
                "The folder for the photographs lies in a study's data folder, which is shared "
                "and exported; give --store a folder outside of it."
            )
    if data is not None and _meet(folder, data):
        raise SettingError(
            "The photographs and the data folder lie in one another; keep them apart, since data "
            "are shared and exported."
        )


def _meet(one: Path, other: Path) -> bool:
    first, second = one.expanduser().resolve(), other.expanduser().resolve()
    return first.is_relative_to(second) or second.is_relative_to(first)


def _chain(folder: Path) -> Iterator[Path]:
    """A folder and all above it, by the way it was named and by where links lead."""
    seen: set[Path] = set()
    for start in (folder.expanduser().absolute(), folder.expanduser().resolve()):
        for place in (start, *start.parents):
            if place not in seen:
                seen.add(place)
                yield place


def _synchronised_by(place: Path) -> str | None:
    """The program or kind of folder that copies this one elsewhere, as far as it shows."""
    name = place.name.casefold()
    for beginning in SYNC_BEGINNINGS:
        if name.startswith(beginning):
            return beginning
    if name in SYNC_NAMES:
        return name
    for mark, program in SYNC_MARKS.items():
        if (place / mark).exists():
            return program
    if any(next(place.glob(journal), None) for journal in SYNC_JOURNALS):
        return "Nextcloud or ownCloud"
    return "Dropbox or OneDrive" if place in _told_roots() else None


def _told_roots() -> set[Path]:
    """Folders that synchronising programs say are theirs, whatever these are called."""
    variables = ("OneDrive", "OneDriveConsumer", "OneDriveCommercial")
    roots = [os.environ[name] for name in variables if os.environ.get(name)]
    homes = [Path.home() / ".dropbox", *_windows_homes()]
    for home in homes:
        try:
            accounts = json.loads((home / "info.json").read_text(encoding="utf-8"))
            roots += [str(account["path"]) for account in accounts.values()]
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue
    return {Path(root) for root in roots}


def _windows_homes() -> list[Path]:
    names = ("APPDATA", "LOCALAPPDATA")
    return [Path(os.environ[name]) / "Dropbox" for name in names if os.environ.get(name)]


# -- permissions ----------------------------------------------------------------------------------


def private_folder(folder: Path) -> None:
    """A folder that only its owner can enter: made, or found to be so.

    On Windows a new folder is given to this user and the administrators alone (Python 3.11.10,
    3.12.4 or later do so for mode 0700); one that was there keeps its rights.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        os.mkdir(folder, OWNER_FOLDER)  # noqa: PTH102  pathlib masks the mode on some systems
    except FileExistsError:
        if not folder.is_dir():
            raise SettingError("--store is a file; give it a folder.") from None
        if sys.platform != "win32" and not any(folder.iterdir()):
            folder.chmod(OWNER_FOLDER)
    except OSError as error:
        raise DiskError(
            f"The folder for the photographs cannot be made ({error.strerror}); "
            "choose another --store."
        ) from None


def open_to_others(path: Path) -> bool:
    """Whether other users of this machine may read a folder or file; unknown on Windows."""
    if sys.platform == "win32":
        return False
    return bool(stat.S_IMODE(path.stat().st_mode) & 0o077)


def refuse_open(folder: Path, *, sealed: bool = False) -> None:
    """Nothing if only the owner can read a folder, or what lies there is encrypted."""
    if not sealed and open_to_others(folder):
        raise SettingError(
            "Others on this machine can read the folder for the photographs. Close it (chmod -R "
            "go= and the folder); on a disk that keeps no permissions, prepare with --encrypt."
        )


def write_private(path: Path, content: bytes) -> None:
    """A file that only its owner can read: there as a whole or not at all, also after a crash."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, OWNER_FILE)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise DiskError(
            f"The photographs' folder takes no more ({error.strerror}); make room, then repeat."
        ) from None
