"""The amplifier in memory does to a trigger line what a real one would."""

from __future__ import annotations

import numpy as np
import pytest

from mbtexp.virtual.amplifier import Amplifier, markers, pulses, status
from mbtexp.virtual.boxes import RawByteBox


def test_a_code_begins_at_the_first_sample_after_its_edge() -> None:
    amplifier = Amplifier(rate_hz=500, start_s=-0.0013)
    line = amplifier.line([(1.0, 125), (1.008, 0)], until_s=2.0)
    ((sample, value),) = markers(line)
    assert value == 125
    times = amplifier.times(2.0)
    assert times[sample - 1] < 1.0 <= times[sample]
    assert np.count_nonzero(line) == 4


def test_its_clock_gains_as_many_parts_per_million_as_it_is_told() -> None:
    amplifier = Amplifier(rate_hz=1000, drift_ppm=30)
    line = amplifier.line(pulses([(0.5, 1), (1000.5, 1)], 0.008), until_s=1001)
    (first, _), (last, _) = markers(line)
    assert (last - first) / 1000 == pytest.approx(1000 * (1 + 30e-6), abs=1e-3)


def test_a_late_line_makes_two_markers_of_a_code_and_one_more_at_its_end() -> None:
    amplifier = Amplifier(rate_hz=500, skew={2: 1})
    assert markers(amplifier.line([(0.1, 5), (0.11, 0)], 0.2)) == [(50, 1), (51, 5), (55, 4)]


@pytest.mark.parametrize(
    ("amplifier", "seen"),
    [
        (Amplifier(), [0, 165, 0]),
        (Amplifier(bits=4), [0, 5, 0]),
        (Amplifier(stuck_high=2), [2, 167, 2]),
        (Amplifier(stuck_low=1), [0, 164, 0]),
        (Amplifier(inverted=True), [255, 90, 255]),
    ],
)
def test_lines_that_are_missing_stuck_or_inverted(amplifier: Amplifier, seen: list[int]) -> None:
    line = amplifier.line([(0.1, 165), (0.15, 0)], 0.3)
    assert [int(line[place]) for place in (0, 60, 140)] == seen


def test_the_same_value_twice_without_a_zero_is_one_marker() -> None:
    line = Amplifier().line([(0.1, 7), (0.15, 7), (0.2, 0), (0.3, 7), (0.35, 9)], 0.5)
    assert [value for _, value in markers(line)] == [7, 7, 9]


def test_the_status_channel_has_flags_above_the_lines() -> None:
    coded = status(Amplifier().line([(0.1, 250)], 0.2))
    assert set((coded & 0xFFFF).tolist()) == {0, 250}
    assert set((coded >> 16).tolist()) == {17}
    assert coded.max() < 2**23


def test_a_short_pulse_can_fall_between_two_samples() -> None:
    rng = np.random.default_rng(0)
    found = 0
    for phase in rng.uniform(0, 0.004, 400):
        slow = Amplifier(rate_hz=250, start_s=-float(phase))
        found += bool(markers(slow.line([(0.1, 5), (0.101, 0)], 0.2)))
    assert found / 400 == pytest.approx(0.25, abs=0.06)


def test_pulses_are_the_edges_of_an_emulated_box_that_ends_them() -> None:
    codes = [(0.5, 5), (1.0, 6), (1.004, 7), (2.0, 0), (3.0, 9)]
    box = RawByteBox(hold_ms=8)
    for t, code in codes:
        box.take(t, code)
    amplifier = Amplifier(rate_hz=5000)
    ours, boxes = (amplifier.line(edges, 4.0) for edges in (pulses(codes, 0.008), box.edges))
    assert np.array_equal(ours, boxes)


def test_light_rises_with_the_sensors_own_inertia() -> None:
    amplifier = Amplifier(rate_hz=10_000)
    signal = amplifier.light(
        [(0.1, 0.3)], 0.5, rise_s=0.002, volts=1.0, noise_volts=0.0, rng=np.random.default_rng(0)
    )
    assert signal[999] == 0
    half = int(np.argmax(signal >= 0.5))
    assert (half / 10_000 - 0.1) == pytest.approx(0.002 * np.log(2), abs=1e-4)
    assert signal[2900] == pytest.approx(1.0)
    assert signal[-1] == pytest.approx(0.0, abs=1e-9)


def test_noise_is_the_same_for_the_same_seed() -> None:
    one, two = (Amplifier().noise(2, 1.0, rng=np.random.default_rng(4)) for _ in range(2))
    assert one.shape == (2, 501)
    assert np.array_equal(one, two)
