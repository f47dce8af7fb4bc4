"""Seeded design tables: crossings, constrained orders, Latin squares and jitter."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from mbtexp.errors import SettingError

if TYPE_CHECKING:
    import numpy as np

T = TypeVar("T")


def crossed(factors: Mapping[str, Sequence[T]]) -> list[dict[str, T]]:
    """Every combination of the factors' levels, the last factor changing fastest.

    >>> crossed({"sex": ["f", "m"], "half": ["A", "B"]})[1]
    {'sex': 'f', 'half': 'B'}
    """
    names = list(factors)
    return [dict(zip(names, cell, strict=True)) for cell in itertools.product(*factors.values())]


def shuffled(rng: np.random.Generator, items: Iterable[T]) -> list[T]:
    """The items in random order: Fisher-Yates on uniform draws, whose stream numpy keeps stable."""
    order = list(items)
    for last in range(len(order) - 1, 0, -1):
        other = int(rng.random() * (last + 1))
        order[last], order[other] = order[other], order[last]
    return order


def constrained(
    rng: np.random.Generator,
    items: Iterable[T],
    level: Callable[[T], Hashable],
    *,
    max_run: int,
    tries: int = 2000,
) -> list[T]:
    """A random order in which no level comes more than ``max_run`` times in a row.

    Raises
    ------
    SettingError
        No such order was found; there are too many items of one level.
    """
    pool = list(items)
    for _ in range(tries):
        order = _greedy(shuffled(rng, pool), level, max_run)
        if order is not None:
            return order
    raise SettingError(
        f"no order of {len(pool)} trials has at most {max_run} of a kind in a row; "
        "allow longer runs or balance the conditions."
    )


def _greedy(pool: list[T], level: Callable[[T], Hashable], max_run: int) -> list[T] | None:
    order: list[T] = []
    while pool:
        recent = [level(item) for item in order[-max_run:]]
        full = recent[0] if len(recent) == max_run and len(set(recent)) == 1 else None
        free = [i for i, item in enumerate(pool) if full is None or level(item) != full]
        if not free:
            return None
        order.append(pool.pop(free[0]))
    return order


def longest_run(levels: Sequence[Hashable]) -> int:
    """Length of the longest stretch of one level.

    >>> longest_run("aabbba")
    3
    """
    return max((len(list(group)) for _, group in itertools.groupby(levels)), default=0)


def williams_square(n: int) -> list[list[int]]:
    """A Latin square in which every condition follows every other equally often (Williams, 1949).

    An odd ``n`` needs ``2 n`` rows for that balance; an even one ``n``.

    >>> williams_square(4)[0]
    [0, 1, 3, 2]
    """
    first = [0]
    for step in range(1, n):
        first.append((n - first[-1]) % n if step % 2 == 0 else (step + 1) // 2)
    rows = [[(cell + shift) % n for cell in first] for shift in range(n)]
    return rows if n % 2 == 0 else rows + [row[::-1] for row in rows]


def assigned(number: int, cells: Sequence[T]) -> T:
    """The counterbalancing cell of a participant's number: cells are dealt out in turn.

    >>> [assigned(n, ["A", "B"]) for n in (1, 2, 3)]
    ['A', 'B', 'A']
    """
    return cells[(number - 1) % len(cells)]


def jitter(
    rng: np.random.Generator, n: int, *, low_s: float, high_s: float, step_s: float | None = None
) -> list[float]:
    """``n`` durations spread evenly from ``low_s`` to ``high_s`` (s), in random order.

    The set is the same for everybody and so is its sum; only the order is drawn. ``step_s`` rounds
    each to a multiple (whole frames, parts of a TR).
    """
    if n == 0:
        return []
    spread = [low_s + (high_s - low_s) * (i + 0.5) / n for i in range(n)]
    if step_s:
        spread = [round(value / step_s) * step_s for value in spread]
    return shuffled(rng, spread)
