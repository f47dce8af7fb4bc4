"""Who is sitting here, for which run, and the random streams and file names that follow from it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mbtexp.errors import SettingError

if TYPE_CHECKING:
    import numpy as np


LONGEST = 40
"""Letters of a label: a log's name has two of them and must fit on every disk."""


@dataclass(frozen=True)
class Session:
    """One run of one task with one participant; labels are letters and digits only (BIDS)."""

    participant: str
    task: str
    session: str = "01"
    run: int = 1
    seed: int = 0
    """The study's seed; participants differ by their label, so one seed serves a whole study."""

    def __post_init__(self) -> None:
        """Refuse labels that would not make a file name everywhere."""
        for name, label in (("participant", self.participant), ("session", self.session)):
            if not re.fullmatch(r"[A-Za-z0-9]+", label):
                raise SettingError(
                    f"--{name} {label[:LONGEST]!r}: use letters and digits only (a code, never a "
                    "name)."
                )
            if len(label) > LONGEST:
                raise SettingError(
                    f"--{name} {label[:LONGEST]!r}...: {len(label)} letters are too long for a "
                    f"file's name; use {LONGEST} at most."
                )
        if self.run < 1:
            raise SettingError(f"--run {self.run}: runs are counted from 1.")

    @property
    def number(self) -> int:
        """A whole number for counterbalancing: the label's digits, or its hash where it has none.

        >>> Session("p012", "eyes").number
        12
        """
        digits = re.sub(r"\D", "", self.participant)
        return int(digits) if digits else _hash("number", self.participant)

    def rng(self, stream: str) -> np.random.Generator:
        """A random stream of its own for each purpose ("order", "iti"), the same on any machine.

        Drawing from one stream never moves another.
        """
        import numpy as np  # noqa: PLC0415  the command line starts without numpy

        key = (self.seed, self.participant, self.session, self.task, self.run, stream)
        return np.random.Generator(np.random.PCG64(_hash(*map(str, key))))

    @property
    def name(self) -> str:
        """The run's name in files, as BIDS wants it.

        >>> Session("07", "eyes", "02", 3).name
        'sub-07_ses-02_task-eyes_run-03'
        """
        return f"sub-{self.participant}_ses-{self.session}_task-{self.task}_run-{self.run:02d}"

    def log_path(self, data: Path, *, pilot: bool = False) -> Path:
        """Where the run's log lies under a data folder; pilots lie apart."""
        root = data / "pilot" if pilot else data
        folder = root / "sourcedata" / f"sub-{self.participant}" / f"ses-{self.session}"
        return folder / f"{self.name}_log.jsonl"


def _hash(*parts: str) -> int:
    return int.from_bytes(hashlib.sha256("|".join(parts).encode()).digest()[:16])
