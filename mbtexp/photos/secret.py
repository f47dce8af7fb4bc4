"""The passphrase: typed unseen, or handed over by another program; never a word of a command."""

from __future__ import annotations

import getpass
import os
import sys
from functools import cache

from mbtexp.errors import SettingError

VARIABLE = "MBTEXP_PHOTOS_PASSPHRASE"
DESCRIPTOR = "MBTEXP_PHOTOS_PASSPHRASE_FD"
"""Environment variables: the passphrase itself, or the number of an open file to read it from."""


def passphrase() -> str:
    """The passphrase of the photographs; asked for where nobody hands it over."""
    given = _given()
    return given if given is not None else _asked("Passphrase of the photographs: ")


def new_passphrase() -> str:
    """A passphrase for new photographs; typed twice where somebody types it."""
    given = _given()
    if given is not None:
        return given
    first = _asked("New passphrase for the photographs (write it down, it cannot be recovered): ")
    if first != _asked("Once more: "):
        raise SettingError("The two passphrases differ; begin again.")
    return first


def _given() -> str | None:
    descriptor = os.environ.get(DESCRIPTOR)
    return os.environ.get(VARIABLE) if descriptor is None else _read(descriptor)


@cache
def _read(descriptor: str) -> str:
    """What an open file says, up to the end of its first line; it can be read only once."""
    try:
        with os.fdopen(int(descriptor), encoding="utf-8") as file:
            return file.readline().rstrip("\r\n")
    except (OSError, ValueError):
        raise SettingError(
            f"{DESCRIPTOR} must be the number of an open file with the passphrase in it."
        ) from None


def _asked(question: str) -> str:
    if not sys.stdin.isatty():
        raise SettingError(
            "The photographs are locked and nobody can be asked for the passphrase here; start "
            f"mbtexp from a terminal, or hand it over in {DESCRIPTOR} or {VARIABLE}."
        )
    return getpass.getpass(question)
