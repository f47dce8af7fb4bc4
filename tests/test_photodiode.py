"""Known delays go into a recording of the photodiode test; the same ones come out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analysis.photodiode import measure
from mbtexp.errors import DataError
from mbtexp.virtual.amplifier import Amplifier, markers, pulses

pytestmark = pytest.mark.readers

FRAME_S = 1 / 60
LIT_S = 12 * FRAME_S
CYCLE_S = 30 * FRAME_S


def recording(
    folder: Path,
    *,
    rate_hz: float = 2000,
    delay_s: float = 0.0075,
    jitter_s: float = 0.0002,
    n: int = 60,
    covered: tuple[int, ...] = (),
    volts: float = 0.1,
    flicker: bool = False,
    names: tuple[str, ...] = ("Cz", "Photo"),
    code: int = 212,
) -> Path:
    """A recording of the photodiode test with known delays, written by pybv."""
    import pybv

    rng = np.random.default_rng(7)
    starts = 2.0 + CYCLE_S * np.arange(n)
    light = starts + rng.normal(delay_s, jitter_s, n)
    flashes = [(t, t + LIT_S) for place, t in enumerate(light) if place not in covered]
    if flicker:  # a screen that is driven by pulses of 2 ms, 120 a second
        flashes = [
            (on + k / 120, on + k / 120 + 0.002) for on, off in flashes
            for k in range(int((off - on) * 120))
        ]  # fmt: skip
    amplifier = Amplifier(rate_hz, drift_ppm=20, start_s=-0.0001234)
    until_s = float(starts[-1]) + 2.0
    sensor = amplifier.light(
        flashes, until_s, rise_s=0.0003, volts=volts, noise_volts=0.002, rng=rng
    )
    eeg = np.cumsum(amplifier.noise(1, until_s, volts=1e-6, rng=rng), axis=1)
    line = amplifier.line(pulses([(t, code) for t in starts], 0.008), until_s)
    pybv.write_brainvision(
        data=np.vstack([eeg, sensor]),
        sfreq=rate_hz,
        ch_names=list(names),
        fname_base="photo",
        folder_out=folder,
        events=np.array([(sample, value, 1) for sample, value in markers(line)]),
        overwrite=True,
    )
    return folder / "photo.vhdr"


def test_a_known_delay_is_found_to_a_tenth_of_a_millisecond(tmp_path: Path) -> None:
    found = measure(recording(tmp_path))
    assert found.channel == "Photo"
    assert (found.n, found.missing) == (60, 0)
    # Half the way up comes 0.0003 s x ln 2 later, the marker half a sample after its edge.
    assert found.mean_ms == pytest.approx(7.5 + 0.21 - 0.25, abs=0.1)
    # Jitter of the light and the sampling of the markers.
    assert found.sd_ms == pytest.approx(np.hypot(0.2, 0.144), abs=0.06)
    assert found.ok
    assert "GOOD" in found.text()
    assert "# code to light: 7." in found.text()


@pytest.mark.parametrize("delay_s", [0.004, 0.018])
def test_every_plausible_delay_comes_back(tmp_path: Path, delay_s: float) -> None:
    found = measure(recording(tmp_path, delay_s=delay_s))
    assert found.mean_ms == pytest.approx(1000 * delay_s - 0.04, abs=0.1)
    assert found.ok


def test_jitter_comes_back_and_is_called_too_much(tmp_path: Path) -> None:
    found = measure(recording(tmp_path, jitter_s=0.003, n=200, delay_s=0.012))
    assert found.sd_ms == pytest.approx(3.0, rel=0.15)
    assert not found.ok
    assert "varies by" in found.text()


def test_a_delay_that_no_display_has_is_doubted(tmp_path: Path) -> None:
    assert "picture processing" in measure(recording(tmp_path, delay_s=0.045)).text()
    early = measure(recording(tmp_path, delay_s=-0.01))
    assert early.mean_ms == pytest.approx(-10, abs=0.2)
    assert not early.ok


def test_flashes_that_were_covered_are_counted_and_change_nothing(tmp_path: Path) -> None:
    found = measure(recording(tmp_path, covered=(3, 4, 40)))
    assert found.missing == 3
    assert found.mean_ms == pytest.approx(7.46, abs=0.1)
    assert "3 of 60 codes without light" in found.text()


def test_a_sensor_that_goes_down_in_the_light(tmp_path: Path) -> None:
    assert measure(recording(tmp_path, volts=-0.1)).mean_ms == pytest.approx(7.46, abs=0.1)


def test_a_screen_that_flickers(tmp_path: Path) -> None:
    found = measure(recording(tmp_path, flicker=True))
    assert found.missing == 0
    assert found.mean_ms == pytest.approx(7.46, abs=0.1)


def test_a_slow_recording_is_called_too_slow_and_not_the_display_bad(tmp_path: Path) -> None:
    found = measure(recording(tmp_path, rate_hz=250, n=100))
    assert found.sampling_ms == pytest.approx(1.15, abs=0.01)
    assert "record the test at 1000 Hz or more" in found.text()


def test_the_sensors_channel_is_found_whatever_its_name(tmp_path: Path) -> None:
    path = recording(tmp_path, names=("Cz", "X7"))
    assert measure(path).channel == "X7"
    assert measure(path, channel="X7").mean_ms == measure(path).mean_ms
    with pytest.raises(DataError, match="channel 'Cz' does not change with the flashes"):
        measure(path, channel="Cz")
    with pytest.raises(DataError, match=r"no channel 'Aux'; it has Cz, X7"):
        measure(path, channel="Aux")


def test_a_sensor_that_sees_nothing_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no channel changes with the flashes"):
        measure(recording(tmp_path, volts=0.0001))


def test_a_recording_without_flashes_names_the_codes_it_has(tmp_path: Path) -> None:
    path = recording(tmp_path, code=125)
    with pytest.raises(DataError, match=r"no code 212 in the recording \(codes in it: 125\)"):
        measure(path)
    assert measure(path, code=125).mean_ms == pytest.approx(7.46, abs=0.1)


def test_the_histogram_has_every_flash(tmp_path: Path) -> None:
    found = measure(recording(tmp_path))
    bars = [line.split() for line in found.text().splitlines() if " ms " in line and "#" in line]
    assert sum(int(words[2]) for words in bars if words[1] == "ms") == 60
