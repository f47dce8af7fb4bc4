"""Scale and slider, answered by scripted presses on the virtual lab."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from mbtexp.clock import VirtualClock
from mbtexp.events import MemoryLog
from mbtexp.layout import Disc, Geometry, parts
from mbtexp.ports import Press
from mbtexp.rating import Rating, pick, rate, slide
from mbtexp.responses.holding import Holding
from mbtexp.run import Run
from mbtexp.scales import inclusion
from mbtexp.simulate import Click, SimulatedResponses, nobody
from mbtexp.timeline import Area, Button, Circles, Keys, Phase, Scale, Slider
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


# -- the mouse ------------------------------------------------------------------------------------

LINE = Slider("bad", "good", width=0.8)
OK = Button("OK", (0.0, -0.3))
KEYS = ("left", "right", "space")


def at(share: float) -> Click:
    """A click on the line at a share of its length."""
    return Click((LINE.width * (share - 0.5), 0.02))


def slid(keys: Iterable[str], **settings: Any) -> tuple[Rating, VirtualLab]:
    return answered(
        keys, lambda run: slide(run, "mood", LINE, KEYS, button=OK, step=0.01, **settings)
    )


def test_a_click_places_the_mark_where_it_was_and_a_button_confirms_it() -> None:
    rating, lab = slid([at(0.2), at(0.37), Click(OK.pos)])

    assert rating == Rating(0.37, pytest.approx(1.2, abs=0.1), pytest.approx(0.4), "mouse")
    marks = [s.value for f in lab.display.frames for s in f.scene if isinstance(s, Slider)]
    assert marks == [None, 0.2, 0.37]


def test_clicks_beyond_the_ends_count_as_the_ends_and_others_beside_the_line_do_not_count() -> None:
    assert slid([Click((-0.42, 0.0)), "space"])[0].value == 0.0
    silent, lab = slid([Click((0.0, 0.2)), Click(OK.pos)], window_s=3.0)
    assert silent == Rating(None, None)
    assert not any(isinstance(s, Button) for f in lab.display.frames for s in f.scene)


def test_mouse_and_keys_move_the_same_mark() -> None:
    rating, _ = slid([at(0.5), "left", "left", "right", "space"])
    assert (rating.value, rating.by) == (0.49, "keys")


def test_an_open_mark_is_seen_before_it_is_touched_and_cannot_be_confirmed_then() -> None:
    rating, lab = slid(["space", "right", "space"], open_start=True)
    marks = [(s.value, s.touched) for f in lab.display.frames for s in f.scene
             if isinstance(s, Slider)]  # fmt: skip
    assert marks == [(0.5, False), (0.51, True)]
    assert rating.value == 0.51


def test_with_two_buttons_the_mark_counts_where_it_stands_when_the_time_is_over() -> None:
    rating, lab = answered(
        "221", lambda run: slide(run, "mood", LINE, ("1", "2"), window_s=3.0, open_start=True)
    )
    assert rating == Rating(0.55, None, pytest.approx(0.4), "keys")
    assert 3.0 < lab.clock.now() < 3.2


def test_three_buttons_pick_a_point_from_the_middle() -> None:
    scale = Scale(POINTS, "low", "high")
    rating, lab = answered("12223", lambda run: pick(run, "item", scale, ("1", "2", "3")))
    assert rating.value == 6
    chosen = [s.chosen for f in lab.display.frames for s in f.scene if isinstance(s, Scale)]
    assert chosen == [None, 3, 4, 5, 6]


def test_a_confirmation_without_a_choice_leaves_it_out_where_that_is_allowed() -> None:
    scale = Scale(POINTS, "low", "high")
    kept, _ = answered("323", lambda run: pick(run, "item", scale, ("1", "2", "3")))
    left, _ = answered("3", lambda run: pick(run, "item", scale, ("1", "2", "3"), empty=True))
    assert kept.value == 3
    assert (left.value, left.other) == (None, "3")


def test_a_click_on_a_point_chooses_it_and_one_on_a_button_beside_it_does_not() -> None:
    scale = Scale(POINTS, "low", "high", width=0.9)
    back = Button("back", (-0.4, -0.3))

    def ask(run: Run) -> Rating:
        return rate(run, "item", scale, POINTS, mouse=True, also=[("b", back)])

    chosen, _ = answered([Click((0.15, 0.0))], ask)
    gone, _ = answered([Click(back.pos)], ask)
    assert (chosen.value, chosen.by) == (4, "mouse")
    assert (gone.value, gone.other, gone.by) == (None, "b", "mouse")


def test_the_circles_share_evenly_more_and_cover_the_same_area() -> None:
    shown = inclusion(("me", "other"))
    pairs = [s for s in shown.plain if isinstance(s, Circles)]
    assert [pair.overlap for pair in pairs] == pytest.approx([0.14 * k for k in range(7)])
    drawn = [
        [part for part in parts(pair, Geometry(1920, 1080, 38.0)) if isinstance(part, Disc)]
        for pair in pairs
    ]
    for pair, (left, right) in zip(pairs, drawn, strict=True):
        shared = lens(left.radius, right.at[0] - left.at[0]) / (math.pi * left.radius**2)
        assert shared == pytest.approx(pair.overlap, abs=2e-4)
    covered = [math.pi * one.radius**2 * (2 - p.overlap) for p, (one, _) in zip(pairs, drawn)]  # noqa: B905
    assert covered == pytest.approx([covered[0]] * 7)


def lens(radius: float, distance: float) -> float:
    """Area that two circles share, by adding up strips."""
    n = 20_000
    width = 2 * radius / n
    return sum(
        2 * width * math.sqrt(max(0.0, radius**2 - x * x))
        for x in (radius - (k + 0.5) * width for k in range(n))
        if x > distance / 2
    ) * 2  # fmt: skip


# -- keys that stay down --------------------------------------------------------------------------


def counted(*presses: Press, repeats: bool = True, until: float = 1.0) -> list[Press]:
    clock = VirtualClock()
    device = Holding(SimulatedResponses(clock, nobody, presses), clock)
    device.attend(Phase("line", (), keys=Keys(KEYS, repeats=repeats)), {}, 0.0)
    found: list[Press] = []
    while clock.now() < until:
        found += [press for press in device.wait(until) if press.down]
    return found


def test_a_key_that_stays_down_counts_again_after_a_while_and_then_quickly() -> None:
    found = counted(Press(0.1, "left"), Press(0.72, "left", down=False))
    assert [round(press.t, 3) for press in found] == [0.1, 0.5, 0.55, 0.6, 0.65, 0.7]
    assert [press.repeated for press in found] == [False] + [True] * 5


def test_a_tap_counts_once_and_so_does_every_key_where_nothing_is_moved() -> None:
    tap = (Press(0.1, "left"), Press(0.2, "left", down=False))
    assert len(counted(*tap)) == 1
    assert len(counted(Press(0.1, "left"), repeats=False)) == 1


def test_a_key_that_stays_down_moves_the_mark_faster_after_a_moment() -> None:
    presses = [Press(0.5, "right"), Press(1.6, "right", down=False), Press(2.0, "space")]
    lab = VirtualLab(60, presses=presses)
    with Run(
        display=lab.display,
        responses=Holding(lab.responses, lab.clock),
        trigger=lab.trigger,
        clock=lab.clock,
        log=(log := MemoryLog()),
        trials=[],
    ) as run:
        rating = slide(run, "mood", LINE, KEYS, step=0.01, button=OK, repeats=True, open_start=True)
    held = [e for e in log.of("response") if e.get("repeated")]
    assert len(held) == pytest.approx(14, abs=1)
    assert rating.value == pytest.approx(0.51 + 0.01 * 6 + 0.03 * (len(held) - 6), abs=0.031)


def test_a_mouse_that_is_dragged_over_a_button_does_not_press_it() -> None:
    taken = Keys(
        KEYS, areas=(Area("click", (0, 0), 0.8, 0.1, drags=True), Area("space", OK.pos, 0.3, 0.1))
    )
    assert taken.clicked(OK.pos) == "space"
    presses = [
        Press(0.5, "click", by="mouse", at=(0.0, 0.0)),
        Press(0.8, "click", by="mouse", at=OK.pos, repeated=True),
        Press(1.2, "click", by="mouse", at=(0.2, 0.0), repeated=True),
        Press(1.6, "click", by="mouse", at=OK.pos),
    ]
    lab, log = VirtualLab(60, presses=presses), MemoryLog()
    with Run(
        display=lab.display,
        responses=lab.responses,
        trigger=lab.trigger,
        clock=lab.clock,
        log=log,
        trials=[],
    ) as run:
        rating = slide(run, "mood", LINE, KEYS, step=0.01, button=OK)
    assert rating.value == 0.75
    told = [(event["status"], event["meant"]) for event in log.of("response")]
    assert told == [("counted", "click"), ("other", None), ("counted", "click"),
                    ("counted", "space")]  # fmt: skip
