"""Orders, squares and jitter: what is balanced is so for everybody, what is drawn is drawn."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest

from mbtexp.design import (
    assigned,
    constrained,
    crossed,
    jitter,
    longest_run,
    shuffled,
    williams_square,
)
from mbtexp.errors import SettingError
from mbtexp.session import Session


def rng(seed: int = 0) -> np.random.Generator:
    return Session("01", "eyes", seed=seed).rng("order")


# -- crossings and orders -------------------------------------------------------------------------


def test_a_crossing_has_every_combination_once() -> None:
    cells = crossed({"face": ["a", "b", "c"], "half": ["A", "B"], "side": ["l", "r"]})
    assert len(cells) == 12
    assert len({tuple(cell.values()) for cell in cells}) == 12
    assert cells[0] == {"face": "a", "half": "A", "side": "l"}
    assert cells[1] == {"face": "a", "half": "A", "side": "r"}


def test_shuffling_keeps_every_item_and_leaves_the_list_alone() -> None:
    items = list(range(36))
    order = shuffled(rng(), items)
    assert order != items == list(range(36))
    assert sorted(order) == items


def test_the_same_stream_gives_the_same_order_on_any_machine() -> None:
    assert shuffled(rng(), range(10)) == [8, 9, 1, 5, 6, 2, 7, 4, 0, 3]


def test_every_place_is_equally_likely() -> None:
    one = rng()
    places = Counter(shuffled(one, range(4)).index(0) for _ in range(4000))
    assert all(abs(places[place] - 1000) < 120 for place in range(4))


def test_shuffling_nothing_or_one_thing_is_no_trouble() -> None:
    assert shuffled(rng(), []) == []
    assert shuffled(rng(), ["a"]) == ["a"]


# -- constrained orders ---------------------------------------------------------------------------


@pytest.mark.parametrize("max_run", [1, 2, 3])
def test_no_level_comes_more_often_in_a_row_than_allowed(max_run: int) -> None:
    items = [("own", i) for i in range(18)] + [("other", i) for i in range(18)]
    for seed in range(50):
        order = constrained(rng(seed), items, lambda item: item[0], max_run=max_run)
        assert longest_run([level for level, _ in order]) <= max_run
        assert sorted(order) == sorted(items)


def test_three_levels_of_unequal_number_are_ordered_too() -> None:
    items = ["a"] * 10 + ["b"] * 8 + ["c"] * 6
    for seed in range(50):
        order = constrained(rng(seed), items, lambda item: item, max_run=2)
        assert longest_run(order) <= 2


def test_constrained_orders_differ_between_participants() -> None:
    items = ["a"] * 6 + ["b"] * 6
    assert len({tuple(constrained(rng(s), items, str, max_run=2)) for s in range(20)}) > 10


def test_an_order_that_cannot_be_is_refused_with_what_to_do() -> None:
    with pytest.raises(SettingError) as refused:
        constrained(rng(), ["a"] * 9 + ["b"], str, max_run=2, tries=50)
    assert str(refused.value) == (
        "no order of 10 trials has at most 2 of a kind in a row; allow longer runs or balance the "
        "conditions."
    )


def test_the_longest_run_of_nothing_is_zero() -> None:
    assert longest_run([]) == 0
    assert longest_run("abab") == 1


# -- counterbalancing -----------------------------------------------------------------------------


@pytest.mark.parametrize("n", [2, 3, 4, 5, 6, 7, 8])
def test_a_williams_square_balances_places_and_successions(n: int) -> None:
    square = williams_square(n)
    assert len(square) == (n if n % 2 == 0 else 2 * n)
    for row in square:
        assert sorted(row) == list(range(n))
    for place in range(n):
        assert len(set(Counter(row[place] for row in square).values())) == 1
    followed = Counter(pair for row in square for pair in itertools.pairwise(row))
    assert set(followed) == set(itertools.permutations(range(n), 2))
    assert len(set(followed.values())) == 1


@pytest.mark.parametrize("n_cells", [2, 4, 8])
def test_sixty_four_participants_fill_the_cells_evenly(n_cells: int) -> None:
    numbers = [Session(f"{n:02d}", "eyes").number for n in range(1, 65)]
    filled = Counter(assigned(number, range(n_cells)) for number in numbers)
    assert set(filled.values()) == {64 // n_cells}


def test_neighbours_get_neighbouring_cells() -> None:
    cells = ["A", "B", "C"]
    assert [assigned(n, cells) for n in (1, 2, 3, 4)] == ["A", "B", "C", "A"]


# -- jitter ---------------------------------------------------------------------------------------


def test_the_sum_of_the_jitter_is_the_same_for_everybody() -> None:
    sums = {round(sum(jitter(rng(s), 36, low_s=2, high_s=4, step_s=0.1)), 9) for s in range(30)}
    assert len(sums) == 1
    orders = {tuple(jitter(rng(s), 36, low_s=2, high_s=4)) for s in range(30)}
    assert len(orders) == 30


def test_jitter_is_spread_evenly_within_its_limits() -> None:
    drawn = sorted(jitter(rng(), 20, low_s=2, high_s=4))
    assert drawn == pytest.approx([2.05 + 0.1 * i for i in range(20)])
    assert sum(drawn) / 20 == pytest.approx(3.0)


def test_jitter_comes_in_whole_steps_if_asked() -> None:
    frame_s = 1 / 60
    for value in jitter(rng(), 17, low_s=1, high_s=2, step_s=frame_s):
        assert value / frame_s == pytest.approx(round(value / frame_s), abs=1e-9)


def test_no_pauses_are_no_jitter() -> None:
    assert jitter(rng(), 0, low_s=2, high_s=4) == []
