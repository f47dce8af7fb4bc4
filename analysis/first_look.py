"""What is worth a look at once after an analysis: the main indices and the checks that failed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from analysis.indices import Index
from analysis.quality import Check

MAIN = (
    ("total", "all"),
    ("accuracy", "all"),
    ("rt_median", "correct"),
    ("bias", "trust"),
    ("slope", "trust"),
    ("ln_k", "all"),
    ("mcq_ln_k", "composite"),
    ("five_trial_ln_k", "all"),
    ("impulsive_share", "all"),
    ("attachment_bias", "all"),
    ("person_love", "own_minus_acquainted"),
    ("dot_d_prime", "all"),
    ("dprime", "attachment"),
    ("intent_weight", "all"),
)
"""Indices with their conditions; the table has all the others."""


@dataclass(frozen=True)
class FirstLook:
    """The main indices of each run, and what its quality wants somebody to do."""

    runs: int
    """How many runs were scored."""
    indices: tuple[Index, ...]
    failed: tuple[Check, ...]

    def facts(self) -> dict[str, Any]:
        """As it is kept."""
        return asdict(self)

    @classmethod
    def of_facts(cls, facts: Mapping[str, Any]) -> Self:
        """What was kept; TypeError or KeyError if that was something else."""
        return cls(
            runs=int(facts["runs"]),
            indices=tuple(Index(**{**row, "flag": tuple(row["flag"])}) for row in facts["indices"]),
            failed=tuple(Check(**row) for row in facts["failed"]),
        )


def first_look(runs: int, indices: Iterable[Index], checks: Sequence[Check]) -> FirstLook:
    """What of all indices and checks is worth a look at once, in their order."""
    return FirstLook(
        runs,
        tuple(one for one in indices if (one.index, one.condition) in MAIN),
        tuple(check for check in checks if check.passed is False),
    )
