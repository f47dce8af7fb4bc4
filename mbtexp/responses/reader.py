"""The seam between a keyboard and what reads it: raw events, already on the run clock."""

from __future__ import annotations

from typing import Protocol

from mbtexp.ports import Facts, Press


class Reader(Protocol):
    """A back end: every key event of the machine, repeats and other windows' keys included."""

    name: str

    def read(self) -> list[Press]:
        """Everything since the last call."""
        ...

    def describe(self) -> Facts:
        """Where the time stamps come from."""
        ...

    def close(self) -> None:
        """Stop reading."""
        ...
