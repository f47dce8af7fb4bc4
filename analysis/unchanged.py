"""What was made of a log before, for as long as its bytes, the settings and the code are the same.

A record lies under the digest of all that it depends on; dates and sizes of files decide nothing.
It holds the digest of its own content, so one that was cut short or edited is as good as none.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import json
import math
import platform
import re
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from pathlib import Path

from analysis.tables import save

FOLDER = ".unchanged"
"""Where the records lie, beside the tables."""

LAYOUT = 1
"""Version of a record's layout."""

_KEY = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Records:
    """A folder of records."""

    folder: Path
    fresh: bool = False
    """Whether what lies there is to be left unread."""
    kind: str = "record"
    """The end of their names."""

    def any(self) -> bool:
        """Whether there is anything to read."""
        return not self.fresh and self.folder.is_dir()

    def read(self, key: str) -> bytes | None:
        """The content under a key; None if there is none, or it is not as it was written."""
        if self.fresh:
            return None
        try:
            stored = self._file(key).read_bytes()
        except OSError:
            return None
        seal, _, content = stored.partition(b"\n")
        return content if seal == _seal(key, content) else None

    def has(self, key: str) -> bool:
        """Whether there is something under a key, whatever it is."""
        return not self.fresh and self._file(key).is_file()

    def intact(self, key: str) -> bool:
        """Whether what is under a key is as it was written."""
        return self.read(key) is not None

    def write(self, key: str, content: bytes) -> None:
        """Keep a content under its key, in one step.

        Raises
        ------
        DiskError
            The folder cannot be written.
        """
        save(self._file(key), _seal(key, content) + b"\n" + content)

    def keep_only(self, keys: Collection[str]) -> None:
        """Delete every record but these; no other file is touched."""
        kept = {self._file(key).name for key in keys}
        with contextlib.suppress(OSError):
            for file in self.folder.iterdir():
                if self._is_ours(file) and file.name not in kept:
                    file.unlink()

    def _file(self, key: str) -> Path:
        return self.folder / f"{key}.{self.kind}"

    def _is_ours(self, file: Path) -> bool:
        return file.suffix == f".{self.kind}" and _KEY.fullmatch(file.stem) is not None


def _seal(key: str, content: bytes) -> bytes:
    return hashlib.sha256(key.encode() + b"\n" + content).hexdigest().encode()


def key_of(*parts: str) -> str:
    """The key of what is made from these texts by the code as it is now.

    >>> key_of("a", "bc") == key_of("ab", "c")
    False
    """
    return digest(json.dumps([LAYOUT, code_version(), *parts]).encode())


def digest(content: bytes) -> str:
    """SHA-256 in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def digest_of(path: Path) -> str | None:
    """The digest of a file's content; None if it cannot be read."""
    try:
        with path.open("rb", buffering=0) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


@cache
def code_version() -> str:
    """Digest of all code that a score depends on: ours to the letter, others by their version."""
    import analysis  # noqa: PLC0415  the package itself, for the place of its files
    from mbtexp import events  # noqa: PLC0415
    from mbtexp.bids import participants  # noqa: PLC0415

    ours = Path(analysis.__file__).parent
    pages = ours / "report"
    sources = [path for path in sorted(ours.rglob("*")) if pages not in path.parents]
    read = [path for path in sources if path.suffix in (".py", ".toml")]
    seen = hashlib.sha256()
    for path in [*read, Path(events.__file__), Path(participants.__file__)]:
        seen.update(f"{path.name} {digest(path.read_bytes())}\n".encode())
    # Another processor may round the last digit of a sum differently.
    seen.update(f"{sys.version} {platform.machine()} {platform.system()}\n".encode())
    for package in ("mbtexp", "numpy", "scipy"):
        seen.update(f"{package} {importlib.metadata.version(package)}\n".encode())
    return seen.hexdigest()


def settings_text(settings: object) -> str | None:
    """Settings as a text that differs where they differ; None where that cannot be said.

    >>> settings_text({"b": 1.0, "a": [True, None]})
    '{"a":[true,null],"b":1.0}'
    >>> settings_text({"rule": print}) is None
    True
    """
    try:
        return _plain_text(settings)
    except TypeError:
        return None


def _plain_text(value: object) -> str:
    if value is None or isinstance(value, bool | int | str):
        return json.dumps(value)
    if isinstance(value, float):
        return repr(float(value)) if math.isfinite(value) else f'"{value}"'
    if is_dataclass(value) and not isinstance(value, type):
        own = {entry.name: getattr(value, entry.name) for entry in fields(value)}
        return f"{type(value).__module__}.{type(value).__qualname__}{_plain_text(own)}"
    if isinstance(value, Mapping):
        items = sorted((_plain_text(key), _plain_text(item)) for key, item in value.items())
        return "{" + ",".join(f"{key}:{item}" for key, item in items) + "}"
    if isinstance(value, Sequence | set | frozenset) and not isinstance(value, bytes):
        items_of = [_plain_text(item) for item in value]
        ordered = sorted(items_of) if isinstance(value, set | frozenset) else items_of
        return "[" + ",".join(ordered) + "]"
    raise TypeError(f"{type(value).__name__} cannot be told apart from another")
