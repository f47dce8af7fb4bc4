"""The laboratory in memory: a display on an exact grid, a clock that moves when it is told to."""

from __future__ import annotations

import pytest

from mbtexp.ports import Press
from mbtexp.rig import TriggerSettings
from mbtexp.simulate import first_key
from mbtexp.timeline import Fixation, Keys, Phase, Rect
from mbtexp.triggers import NoTrigger
from mbtexp.virtual import VirtualLab

HZ = 60.0
CROSS = (Fixation(),)


def swapped(lab: VirtualLab, n: int) -> list[float]:
    """Stamps of ``n`` swaps."""
    return [lab.display.swap(lambda _t: None) for _ in range(n)]


# -- the display ----------------------------------------------------------------------------------


@pytest.mark.parametrize("hz", [59.94, 60.0, 75.0, 144.0, 240.0])
def test_every_swap_is_the_next_refresh_of_an_exact_grid(hz: float) -> None:
    lab = VirtualLab(hz)
    assert swapped(lab, 5) == pytest.approx([n / hz for n in (1, 2, 3, 4, 5)], abs=1e-12)


def test_an_hour_of_swaps_does_not_drift() -> None:
    lab = VirtualLab(59.94)
    lab.clock.sleep_until(3600.0)
    (stamp,) = swapped(lab, 1)
    index = stamp * 59.94
    assert index == pytest.approx(round(index), abs=1e-6)
    assert 0 < stamp - 3600.0 <= 1 / 59.94 + 1e-9


def test_a_refresh_that_is_missed_is_skipped() -> None:
    lab = VirtualLab(HZ, misses={2, 3})
    assert [round(t * HZ) for t in swapped(lab, 3)] == [1, 4, 5]


def test_waiting_past_a_refresh_misses_it() -> None:
    lab = VirtualLab(HZ)
    swapped(lab, 1)
    lab.clock.sleep_until(3.5 / HZ)
    assert [round(t * HZ) for t in swapped(lab, 1)] == [4]


def test_a_draw_may_take_time() -> None:
    lab = VirtualLab(HZ, draw_s=lambda scene: 0.02 if scene else 0.0)
    lab.display.draw(CROSS)
    assert [round(t * HZ) for t in swapped(lab, 1)] == [2]


def test_a_late_stamp_is_late_and_the_refresh_is_not() -> None:
    lab = VirtualLab(HZ, late_stamp_s=lambda index: 0.005 if index == 1 else 0.0)
    told: list[float] = []
    first = lab.display.swap(told.append)
    assert first == told[0] == pytest.approx(1 / HZ + 0.005)
    assert lab.display.frames[0].t == pytest.approx(1 / HZ)
    assert swapped(lab, 1) == pytest.approx([2 / HZ])


def test_the_moment_of_the_swap_is_told_before_anything_else() -> None:
    lab = VirtualLab(HZ)
    seen: list[tuple[float, float]] = []
    stamp = lab.display.swap(lambda t: seen.append((t, lab.clock.now())))
    assert seen == [(stamp, stamp)]


def test_scenes_are_remembered_once_each_with_their_refresh() -> None:
    lab = VirtualLab(HZ)
    lab.display.prepare(CROSS)
    lab.display.draw(CROSS)
    swapped(lab, 3)
    lab.display.draw(())
    swapped(lab, 2)
    assert [(frame.index, frame.scene) for frame in lab.display.frames] == [(1, CROSS), (4, ())]
    assert lab.display.unprepared == []


def test_what_is_drawn_without_being_prepared_is_remembered() -> None:
    lab = VirtualLab(HZ)
    lab.display.draw((Rect(0.1, 0.1), *CROSS))
    assert lab.display.unprepared == [Rect(0.1, 0.1), Fixation()]


# -- the lab --------------------------------------------------------------------------------------


def test_the_clock_starts_where_it_is_told_to() -> None:
    lab = VirtualLab(HZ, at=100.0)
    assert swapped(lab, 1) == pytest.approx([100 + 1 / HZ])


def test_without_settings_there_is_no_line_and_with_them_codes_are_kept() -> None:
    assert isinstance(VirtualLab().trigger, NoTrigger)
    lab = VirtualLab(HZ, trigger=TriggerSettings(device="serial", port="-"))
    lab.trigger.arm(125, "face")
    stamp = lab.display.swap(lab.trigger.at_swap)
    assert lab.line.codes() == [125]
    assert dict((code, t) for t, code in lab.line.received)[125] == pytest.approx(stamp)


def test_presses_come_from_the_participant_and_from_fixed_times() -> None:
    lab = VirtualLab(HZ, answer=first_key, presses=[Press(0.1, "x")])
    lab.responses.attend(Phase("face", (), keys=Keys(("f", "j"))), {}, 0.0)
    lab.clock.sleep_until(1.0)
    assert [(p.key, p.down) for p in lab.responses.poll()] == [
        ("x", True),
        ("f", True),
        ("f", False),
    ]


def test_nobody_sits_there_unless_asked_for() -> None:
    lab = VirtualLab(HZ)
    lab.responses.attend(Phase("face", (), keys=Keys(("f",))), {}, 0.0)
    lab.clock.sleep_until(10.0)
    assert lab.responses.poll() == []
