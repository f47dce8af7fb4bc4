"""Scale and slider, answered by scripted presses on the virtual lab."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from mbtexp.events import MemoryLog
from mbtexp.rating import Rating, rate, slide
from mbtexp.run import Run
from mbtexp.timeline import Phase, Scale, Slider
from mbtexp.virtual import VirtualLab

POINTS = tuple("1234567")


def answered(keys: Iterable[str], ask: Callable[[Run], Rating]) -> tuple[Rating, VirtualLab]:
    """What ``ask`` gives when each phase with keys is answered by the next key, after 0.4 s."""
    left = iter(keys)

    def answer(phase: Phase, _row: object) -> list[tuple[str, float]]:
        key = next(left, None) if phase.keys else None
        return [] if key is None else [(key, 0.4)]

    lab = VirtualLab(60, answer=answer)
    with Run(
        display=lab.display,
        responses=lab.responses,
        trigger=lab.trigger,
        clock=lab.clock,
        log=MemoryLog(),
        trials=[],
    ) as run:
        rating = ask(run)
    assert lab.display.unprepared == []
    return rating, lab


def test_a_press_chooses_its_point_and_shows_it_filled() -> None:
    scale = Scale(POINTS, "not at all", "very much")
    rating, lab = answered("5", lambda run: rate(run, "rating", scale, POINTS))

    assert rating.value == 4
    assert rating.rt_s == pytest.approx(0.4)
    filled = [frame for frame in lab.display.frames for s in frame.scene if getattr(s, "chosen", 0)]
    assert [frame.scene[0].chosen for frame in filled] == [4]  # type: ignore[union-attr]


def test_a_scale_whose_time_runs_out_gives_no_rating() -> None:
    scale = Scale(POINTS, "low", "high")
    rating, lab = answered("", lambda run: rate(run, "rating", scale, POINTS, window_s=2.0))

    assert rating == Rating(None, None)
    assert 2.0 < lab.clock.now() < 2.5


def test_a_slider_moves_by_steps_stops_at_its_ends_and_is_confirmed() -> None:
    keys = ("1", "2", "3")
    up, _ = answered("2223", lambda run: slide(run, "mood", Slider("bad", "good"), keys))
    end, _ = answered("1" * 15 + "3", lambda run: slide(run, "mood", Slider("bad", "good"), keys))

    assert up.value == pytest.approx(0.6)
    assert up.rt_s == pytest.approx(4 * 0.4, abs=0.1)
    assert end.value == 0.0


def test_a_slider_cannot_be_confirmed_before_it_was_moved() -> None:
    keys = ("1", "2", "3")
    rating, lab = answered("33323", lambda run: slide(run, "mood", Slider("bad", "good"), keys))

    assert rating.value == 0.5
    first = next(frame.scene[0] for frame in lab.display.frames if frame.scene)
    assert isinstance(first, Slider)
    assert first.value is None


def test_a_slider_whose_time_runs_out_counts_where_it_stands() -> None:
    slider, keys = Slider("bad", "good"), ("1", "2", "3")
    moved, lab = answered("222", lambda run: slide(run, "mood", slider, keys, window_s=3.0))
    silent, _ = answered("", lambda run: slide(run, "mood", slider, keys, window_s=3.0))

    assert moved == Rating(0.6, None, pytest.approx(0.4), "keys")
    assert silent == Rating(None, None)
    assert 3.0 < lab.clock.now() < 3.2


def test_a_slider_that_is_confirmed_in_time_has_its_time() -> None:
    slider, keys = Slider("bad", "good"), ("1", "2", "3")
    rating, lab = answered("223", lambda run: slide(run, "mood", slider, keys, window_s=3.0))

    assert rating.value == pytest.approx(0.55)
    assert rating.rt_s == pytest.approx(1.2, abs=0.1)
    assert lab.clock.now() < 1.6
