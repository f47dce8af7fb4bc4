"""The refresh grid: indices that late stamps do not move, and the rate that flips tell."""

from __future__ import annotations

import random

import pytest

from mbtexp.grid import Grid, fit_refresh

HZ = 60.0
FRAME_S = 1 / HZ
RATES = [50.0, 59.94, 59.951, 60.0, 75.0, 100.0, 119.88, 144.0, 240.0]


def flips(
    hz: float,
    n: int = 60,
    *,
    seed: int = 0,
    late: float = 0.0,
    jitter_s: float = 3e-5,
    missed: frozenset[int] = frozenset(),
) -> list[float]:
    """Stamps of consecutive flips, a share of them late by 1 ms to 0.9 frames."""
    rng = random.Random(seed)
    stamps = []
    for index in range(n):
        if index in missed:
            continue
        late_s = rng.uniform(0.001, 0.9 / hz) if rng.random() < late else 0.0
        stamps.append(5.0 + index / hz + abs(rng.gauss(0, jitter_s)) + late_s)
    return sorted(stamps)


# -- the grid -------------------------------------------------------------------------------------


@pytest.mark.parametrize("hz", RATES)
def test_every_refresh_of_an_hour_has_its_own_index(hz: float) -> None:
    grid = Grid(hz, 12.5)
    for index in (0, 1, 2, 3599, round(3600 * hz)):
        assert grid.index(grid.time(index)) == index
        assert grid.time(index) == pytest.approx(12.5 + index / hz, abs=1e-9)


def test_a_time_belongs_to_the_nearest_refresh() -> None:
    grid = Grid(HZ, 0.0)
    assert grid.index(10.4 * FRAME_S) == 10
    assert grid.index(10.6 * FRAME_S) == 11


def test_the_next_refresh_lies_after_the_moment_and_never_on_it() -> None:
    grid = Grid(HZ, 0.0)
    assert grid.next_index(10 * FRAME_S - 0.001) == 10
    assert grid.next_index(10 * FRAME_S) == 11
    assert grid.next_index(10 * FRAME_S + 1e-12) == 11
    assert grid.next_index(10 * FRAME_S - 1e-12) == 11, "float noise is no refresh to come"
    assert grid.next_index(10 * FRAME_S + 0.001) == 11


def test_late_stamps_do_not_drag_the_grid_along() -> None:
    grid = Grid(HZ, 0.0)
    indices = [grid.seen(k * FRAME_S + (0.006 if k % 3 else 0.0)) for k in range(1, 601)]
    assert indices == list(range(1, 601))
    assert abs(grid.time(600) - 10.0) < 0.0005


def test_early_stamps_pull_a_grid_that_began_late() -> None:
    grid = Grid(HZ, 0.005)
    for k in range(1, 21):
        grid.seen(k * FRAME_S)
    assert grid.time(21) == pytest.approx(21 * FRAME_S, abs=1e-5)


def test_a_skipped_refresh_is_a_gap_in_the_indices() -> None:
    grid = Grid(HZ, 0.0)
    assert [grid.seen(k * FRAME_S) for k in (1, 2, 5, 6)] == [1, 2, 5, 6]


# -- the rate -------------------------------------------------------------------------------------


@pytest.mark.parametrize("hz", RATES)
def test_sixty_flips_tell_the_rate_even_if_every_fifth_is_late(hz: float) -> None:
    allowed_hz = 0.005 * max(1.0, (hz / 60) ** 2)  # the same jitter is more of a shorter second
    for seed in range(40):
        measured = fit_refresh(flips(hz, seed=seed, late=0.2), round(hz))
        assert measured == pytest.approx(hz, abs=allowed_hz), seed


def test_a_late_first_flip_and_a_late_last_flip_change_nothing() -> None:
    stamps = flips(HZ)
    stamps[0] += 0.7 * FRAME_S
    stamps[-1] += 0.7 * FRAME_S
    assert fit_refresh(stamps, HZ) == pytest.approx(HZ, abs=0.003)


def test_missed_refreshes_are_gaps_and_no_slower_rate() -> None:
    stamps = flips(HZ, 90, missed=frozenset({3, 4, 20, 41, 77}))
    assert fit_refresh(stamps, HZ) == pytest.approx(HZ, abs=0.003)


def test_exact_stamps_give_the_exact_rate() -> None:
    stamps = [k / 59.94 for k in range(60)]
    assert fit_refresh(stamps, 60.0) == pytest.approx(59.94, abs=1e-9)


def test_flips_that_nothing_paces_are_no_grid() -> None:
    for seed in range(40):
        rng = random.Random(seed)
        t, stamps = 0.0, []
        for _ in range(60):
            t += rng.uniform(1e-5, 0.002)
            stamps.append(t)
        assert fit_refresh(stamps, HZ) is None, seed


def test_intervals_around_a_frame_without_a_grid_are_no_grid() -> None:
    for seed in range(40):
        rng = random.Random(seed)
        t, stamps = 0.0, []
        for _ in range(60):
            t += rng.uniform(0.010, 0.025)
            stamps.append(t)
        assert fit_refresh(stamps, HZ) is None, seed


def test_stamps_with_the_noise_of_a_whole_frame_are_no_grid() -> None:
    for seed in range(40):
        rng = random.Random(seed)
        stamps = sorted(k * FRAME_S + rng.uniform(0, FRAME_S) for k in range(60))
        assert fit_refresh(stamps, HZ) is None, seed


def test_too_few_flips_and_flips_that_stand_still_tell_nothing() -> None:
    assert fit_refresh(flips(HZ, 29), HZ) is None
    assert fit_refresh([1.0] * 60, HZ) is None


def test_a_grid_of_quite_another_rate_is_not_the_display_s() -> None:
    assert fit_refresh(flips(10.0), HZ) is None
    assert fit_refresh(flips(119.88), HZ) == pytest.approx(119.88, abs=0.02)
