"""Seconds become whole frames or are refused; a phase that cannot be played cannot be made."""

from __future__ import annotations

import math

import pytest

from mbtexp.errors import TimingError
from mbtexp.timeline import Fixation, Keys, Phase, frames, phase_frames, response_keys

RATES = [59.94, 60.0, 75.0, 85.0, 100.0, 119.88, 120.0, 144.0, 165.0, 240.0]


@pytest.mark.parametrize("hz", RATES)
@pytest.mark.parametrize("n_frames", [1, 2, 3, 7, 30, 600])
def test_whole_frames_of_any_display_are_themselves(hz: float, n_frames: int) -> None:
    assert frames(n_frames / hz, hz) == n_frames


@pytest.mark.parametrize(
    ("hz", "expected"),
    [(59.94, 30), (60.0, 30), (75.0, 38), (100.0, 50), (120.0, 60), (144.0, 72), (240.0, 120)],
)
def test_half_a_second_is_the_nearest_whole_number_of_frames(hz: float, expected: int) -> None:
    assert frames(0.5, hz) == expected


@pytest.mark.parametrize("hz", RATES)
def test_what_is_accepted_is_shown_within_two_percent(hz: float) -> None:
    accepted = refused = 0
    for milliseconds in range(1, 400):
        duration_s = milliseconds / 1000
        try:
            shown_s = frames(duration_s, hz) / hz
        except TimingError:
            refused += 1
            continue
        accepted += 1
        assert abs(shown_s - duration_s) <= 0.02 * duration_s + 1e-12
    assert accepted > 100
    assert refused > 3


@pytest.mark.parametrize(
    ("duration_s", "hz", "said"),
    [
        (
            0.02,
            60.0,
            "prime: 0.02 s cannot be shown at 60 Hz; the nearest are 0.01667 s (1 frame) and "
            "0.03333 s (2 frames)",
        ),
        (
            0.04,
            59.94,
            "prime: 0.04 s cannot be shown at 59.94 Hz; the nearest are 0.03337 s (2 frames) and "
            "0.05005 s (3 frames)",
        ),
        (
            0.001,
            240.0,
            "prime: 0.001 s cannot be shown at 240 Hz; the nearest are 0.004167 s (1 frame) and "
            "0.008333 s (2 frames)",
        ),
    ],
)
def test_a_duration_between_frames_is_refused_with_both_neighbours(
    duration_s: float, hz: float, said: str
) -> None:
    with pytest.raises(TimingError) as refused:
        frames(duration_s, hz, where="prime")
    assert str(refused.value) == said


def test_frames_given_as_such_are_taken_as_they_are() -> None:
    assert phase_frames(Phase("mask", (), frames=2), 59.94) == 2
    assert phase_frames(Phase("blank", (), 0.5), 60.0) == 30
    assert phase_frames(Phase("face", (), keys=Keys(("f",))), 60.0) is None


@pytest.mark.parametrize("duration_s", [0.0, -1.0, math.inf, math.nan])
def test_a_duration_that_is_none_is_refused(duration_s: float) -> None:
    with pytest.raises(TimingError, match=r"phase 'x': .* s is not a duration"):
        Phase("x", (), duration_s)


def test_a_phase_has_one_length_and_an_end() -> None:
    with pytest.raises(TimingError, match="phase 'x': give seconds or frames, not both"):
        Phase("x", (), 0.5, frames=30)
    with pytest.raises(TimingError, match="phase 'x': 0 frames cannot be shown"):
        Phase("x", (), frames=0)
    with pytest.raises(TimingError, match="phase 'x' never ends: give it a duration or keys that"):
        Phase("x", (), keys=Keys(("f",), ends_phase=False))


def test_a_key_s_code_is_its_own_or_none() -> None:
    keys = Keys(("f", "j"), codes=(("f", 146),))
    assert (keys.code("f"), keys.code("j"), keys.code("x")) == (146, None, None)


def test_the_keys_of_a_trial_are_those_of_all_its_phases() -> None:
    phases = [
        Phase("cross", (Fixation(),), 0.5),
        Phase("face", (), keys=Keys(("f", "j"))),
        Phase("scale", (), keys=Keys(("1", "f"))),
    ]
    assert response_keys(phases) == {"f", "j", "1"}


def test_equal_stimuli_are_one_stimulus() -> None:
    assert len({Fixation(), Fixation(), Fixation(size=1.0)}) == 2
