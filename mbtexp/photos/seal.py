"""Encryption at rest: scrypt makes a key of a passphrase, AES-GCM locks each file with it.

The only module that knows the library for it (package cryptography).
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from mbtexp.errors import SettingError

SCRYPT_N = 2**17
"""Cost of a guess: 128 MB and some tenths of a second (OWASP's password storage cheat sheet)."""

NONCE_BYTES = 12
SHORTEST = 12
"""Characters of a passphrase, at least."""

_CHECK = b"the passphrase is right"


@dataclass(frozen=True)
class Lock:
    """What is needed, besides the passphrase, to get at the key; no secret by itself."""

    salt: str
    check: str
    """A known text under the key, which tells a wrong passphrase at once."""
    n: int = SCRYPT_N
    r: int = 8
    p: int = 1


def new_lock(passphrase: str, name: str) -> tuple[Lock, bytes]:
    """A lock for a new set of photographs, and its key."""
    if len(passphrase) < SHORTEST:
        raise SettingError(
            f"The passphrase is too short; take {SHORTEST} characters or more (four random words)."
        )
    salt = os.urandom(16)
    key = _key(passphrase, salt, SCRYPT_N, 8, 1)
    return Lock(salt.hex(), sealed(_CHECK, key, name).hex(), SCRYPT_N), key


def key_of(passphrase: str, lock: Lock, name: str) -> bytes:
    """The key of a set; refuses a wrong passphrase."""
    key = _key(passphrase, bytes.fromhex(lock.salt), lock.n, lock.r, lock.p)
    if unsealed(bytes.fromhex(lock.check), key, name) != _CHECK:
        raise SettingError(
            "The passphrase is not the one these photographs were locked with; try again."
        )
    return key


def sealed(content: bytes, key: bytes, name: str) -> bytes:
    """A file's content under a key; ``name`` is locked in too, so that no two can be swapped."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415  an extra

    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, content, name.encode())


def unsealed(content: bytes, key: bytes, name: str) -> bytes | None:
    """The content of a locked file; None if the key is another, or a byte was changed."""
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

    try:
        return AESGCM(key).decrypt(content[:NONCE_BYTES], content[NONCE_BYTES:], name.encode())
    except (InvalidTag, ValueError):
        return None


def _key(passphrase: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    try:
        from cryptography.hazmat.primitives.kdf.scrypt import Scrypt  # noqa: PLC0415
    except ImportError:
        raise SettingError(
            "Encryption needs the package cryptography; install mbtexp with the extra 'photos'."
        ) from None
    return bytes(Scrypt(salt=salt, length=32, n=n, r=r, p=p).derive(passphrase.encode()))
