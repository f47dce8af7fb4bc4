"""A random order in which words, relations and primes do not come in runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from mbtexp.design import shuffled
from mbtexp.errors import SettingError

if TYPE_CHECKING:
    import numpy as np

Row = TypeVar("Row", bound=Any)

TRIES = 500

RELATED_RUN = 2
"""Most related pairs in a row."""


def ordered(
    rng: np.random.Generator,
    halves: tuple[Sequence[Row], Sequence[Row]],
    *,
    max_run: int,
    gap: int,
) -> list[Row]:
    """The first half's rows, then the second's, each in random order within the constraints.

    At most ``max_run`` words or pseudowords and two related pairs in a row, across the halves too;
    at least ``gap`` trials between two of the same prime.

    Raises
    ------
    SettingError
        No such order was found.
    """
    order: list[Row] = []
    for half in halves:
        for _ in range(TRIES):
            found = _arranged(shuffled(rng, half), order, max_run, gap)
            if found is not None:
                order += found
                break
        else:
            raise SettingError(
                f"no order of {len(half)} trials keeps max_run={max_run} and prime_gap={gap}; "
                "set them wider or use more items."
            )
    return order


def _arranged(pool: list[Row], before: Sequence[Row], max_run: int, gap: int) -> list[Row] | None:
    """The pool in an order that may follow ``before``; None where it runs into a dead end."""
    order = list(before)
    while pool:
        place = next((i for i, row in enumerate(pool) if _may_follow(row, order, max_run, gap)), -1)
        if place < 0:
            return None
        order.append(pool.pop(place))
    return order[len(before) :]


def _may_follow(row: Row, order: Sequence[Row], max_run: int, gap: int) -> bool:
    if any(earlier.prime == row.prime for earlier in order[max(0, len(order) - gap) :]):
        return False
    recent = order[-max_run:]
    if len(recent) == max_run and all(earlier.is_word == row.is_word for earlier in recent):
        return False
    related = order[-RELATED_RUN:]
    return not (
        row.related and len(related) == RELATED_RUN and all(earlier.related for earlier in related)
    )
