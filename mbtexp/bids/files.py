"""Files of a data set that others may have written too: ours are replaced, theirs are kept."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mbtexp.errors import DataError, DiskError

MANIFEST = ".mbtexp-bids.json"
"""What we wrote last, so that a file changed by hand is known; readers skip dotted names."""


def as_json(content: Mapping[str, Any]) -> bytes:
    """JSON as people read it, in the order given."""
    return (json.dumps(content, ensure_ascii=False, indent=2) + "\n").encode()


def merged(
    base: Mapping[str, Any], theirs: Mapping[str, Any], ours: Mapping[str, Any]
) -> dict[str, Any]:
    """Our content with everything that somebody changed or added since ``base`` was written.

    >>> merged({"Name": "a", "V": 1}, {"Name": "b", "V": 1, "More": 0}, {"Name": "a", "V": 2})
    {'Name': 'b', 'V': 2, 'More': 0}
    """
    changed = {key: value for key, value in theirs.items() if base.get(key, ...) != value}
    return {**ours, **changed}


class Files:
    """The files under a data set's root, and what we wrote there before."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.written: list[Path] = []
        self.unchanged = 0
        self.kept: list[Path] = []
        """Files that somebody else wrote or changed; they were left alone."""
        manifest = self.json(MANIFEST)
        self._digests: dict[str, str] = dict(manifest.get("files", {}))
        self._bases: dict[str, Any] = dict(manifest.get("merged", {}))

    def content(self, name: str) -> bytes | None:
        """Content of a file; None if it is not there."""
        path = self.root / name
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise DataError(f"{path}: {os.strerror(error.errno or errno.EIO)}.") from None

    def json(self, name: str) -> dict[str, Any]:
        """Content of a JSON object; empty if the file is not there."""
        content = self.content(name)
        if content is None:
            return {}
        try:
            value = json.loads(content.decode("utf-8-sig"))
        except ValueError as error:
            raise DataError(
                f"{self.root / name}: this is not valid JSON ({error}). Mend or remove the file."
            ) from None
        if not isinstance(value, dict):
            raise DataError(f"{self.root / name}: the file must hold one JSON object in braces.")
        return value

    def base(self, name: str) -> dict[str, Any]:
        """What we wrote last into a JSON file that others may edit."""
        return dict(self._bases.get(name, {}))

    def put(self, name: str, content: bytes) -> bool:
        """Write a derived file; leaves one alone that somebody else wrote or changed."""
        existing = self.content(name)
        if existing is not None and existing != content and self._foreign(name, existing):
            self.kept.append(self.root / name)
            return False
        self._digests[name] = _digest(content)
        self._write(name, existing, content)
        return True

    def put_json(
        self, name: str, content: Mapping[str, Any], *, result: Mapping[str, Any] | None = None
    ) -> None:
        """Write a derived JSON file, keeping what others changed or added in it.

        ``result`` is given by who has merged ``content`` with theirs already.
        """
        if result is None:
            result = merged(self.base(name), self.json(name), content)
        self._bases[name] = dict(content)
        self._write(name, self.content(name), as_json(result))

    def replace(self, name: str, content: bytes) -> None:
        """Write a file whose present content has been read and taken over."""
        self._write(name, self.content(name), content)

    def close(self) -> None:
        """Remember what was written."""
        manifest = {
            "about": "Written by mbtexp bids, to know which files were changed by hand.",
            "files": dict(sorted(self._digests.items())),
            "merged": dict(sorted(self._bases.items())),
        }
        self._store(MANIFEST, self.content(MANIFEST), as_json(manifest))

    def _foreign(self, name: str, existing: bytes) -> bool:
        return self._digests.get(name) != _digest(existing)

    def _write(self, name: str, existing: bytes | None, content: bytes) -> None:
        if self._store(name, existing, content):
            self.written.append(self.root / name)
        else:
            self.unchanged += 1

    def _store(self, name: str, existing: bytes | None, content: bytes) -> bool:
        if existing == content:
            return False
        path = self.root / name
        new = path.with_name(f".{path.name}.{os.getpid()}.new")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                new.write_bytes(content)
                new.replace(path)
            finally:
                new.unlink(missing_ok=True)
        except OSError as error:
            raise DiskError(
                f"{path}: the file cannot be written ({os.strerror(error.errno or errno.EIO)}). "
                "The logs are untouched; make room or free the folder and export again."
            ) from None
        return True


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
