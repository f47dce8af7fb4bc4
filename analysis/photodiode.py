"""From code to light: the photodiode test's recording, measured flash by flash.

``mbtexp check photodiode`` flashes a corner of the screen, each flash with code 212; the sensor on
that corner goes to an auxiliary channel of the recorder. For each marker the moment is looked up
at which the sensor's signal passes half the way from dark to light, between two samples if need
be. The result is told and never applied to data by itself.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from analysis.recording import (
    Floats,
    Ints,
    Recording,
    channel_names,
    read_channels,
    read_recording,
    spoken,
)
from mbtexp.errors import DataError

FLASH_CODE = 212
"""Code of a flash in the one code book."""

BEFORE_S = 0.1
"""Darkness before a flash that is looked at."""

EARLIEST_S = -0.05
LATEST_S = 0.15
"""Between these the light must come; flashes are 0.2 s long and 0.5 s apart at 60 Hz."""

SD_MS = 1.0
"""Standard deviation below which a display is good (Bridges et al. 2020: 0.18 to 0.7 ms)."""

MEAN_MS = (3.0, 20.0)
"""Plausible delays (Bridges et al. 2020: 3.9 to 18.2 ms from code to light)."""

HALF = 0.5
"""The light is there when the signal has come half the way."""

ENOUGH = 20
"""Flashes by which the sensor's channel is found."""

CLEAR = 6.0
"""Times the noise that a flash must be high to be one."""

OWN_SHARE = 0.5
"""Share of the spread that the sampling may have before a recording is called too slow."""

LIKELY = re.compile(r"photo|diode|light|sensor|aux|ana|erg", re.IGNORECASE)

BAR = 40
"""Widest bar of the histogram."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The delays from code to light."""

    recording: Path
    channel: str
    code: int
    rate_hz: float
    delays_s: tuple[float, ...]
    """Of each flash that was found, in order."""
    n: int
    """Markers of flashes."""
    clear: float
    """Height of a flash in standard deviations of the darkness."""

    @property
    def missing(self) -> int:
        """Markers without a flash."""
        return self.n - len(self.delays_s)

    @property
    def mean_ms(self) -> float:
        """Mean delay."""
        return float(np.mean(self.delays_s)) * 1000

    @property
    def sd_ms(self) -> float:
        """Standard deviation of the delays; 0 for a single one."""
        return float(np.std(self.delays_s, ddof=1)) * 1000 if len(self.delays_s) > 1 else 0.0

    @property
    def sampling_ms(self) -> float:
        """Standard deviation that comes from the markers being on whole samples."""
        return 1000 / self.rate_hz / math.sqrt(12)

    @property
    def problems(self) -> tuple[str, ...]:
        """What is not as a good display has it, each with what to do."""
        return tuple(_problems(self))

    @property
    def ok(self) -> bool:
        """Whether the display's delay is plausible and steady."""
        return not self.problems

    def text(self) -> str:
        """The measurement as a person reads it."""
        return "\n".join(_lines(self)) + "\n"


def measure(recording: Path, *, channel: str | None = None, code: int | None = None) -> Measured:
    """Delays from code to light in the recording of a photodiode test.

    Parameters
    ----------
    recording
        BrainVision header, EDF, BDF or FIF.
    channel
        The sensor's channel; None: the one in which the light can be seen best.
    code
        The flashes' code, 212 by default.

    Raises
    ------
    DataError
        The recording cannot be read, or has no flash, no marker of one, or no such channel.
    """
    wanted = FLASH_CODE if code is None else code
    read = read_recording(recording)
    markers = _markers(read, wanted)
    name = channel or _sensor(recording, markers, read.rate_hz)
    (signal,) = read_channels(recording, [name])
    step = _step(signal, markers, read.rate_hz)
    if step.clear < CLEAR:
        raise DataError(
            f"{recording}: channel {name!r} does not change with the flashes. Name the sensor's "
            "channel, and check that it lies on the corner that flashes and is plugged in."
        )
    found = [_delay_s(signal, marker, step, read.rate_hz) for marker in markers.tolist()]
    delays = tuple(delay for delay in found if delay is not None)
    if not delays:
        raise DataError(
            f"{recording}: the light in channel {name!r} does not come near any code {wanted}."
        )
    return Measured(
        recording=recording,
        channel=name,
        code=wanted,
        rate_hz=read.rate_hz,
        delays_s=delays,
        n=len(markers),
        clear=step.clear,
    )


# -- markers and channel --------------------------------------------------------------------------


def _markers(read: Recording, code: int) -> Ints:
    found = [track.samples[track.values == code] for track in read.tracks]
    best = max(found, key=len, default=np.array([], dtype=np.int64))
    if len(best):
        return best
    there = sorted({value for track in read.tracks for value in track.values.tolist()})
    raise DataError(
        f"{read.path}: there is no code {code} in the recording (codes in it: "
        f"{', '.join(map(str, there[:15])) or 'none'}). Record a photodiode test, or name the code "
        "of a picture with a patch."
    )


def _sensor(recording: Path, markers: Ints, rate_hz: float) -> str:
    """The channel whose level changes most clearly with the flashes; a likely name comes first."""
    names = channel_names(recording)
    some = markers[:ENOUGH]
    first = max(0, int(some[0]) - round(rate_hz))
    signals = read_channels(recording, names, first, int(some[-1]) + round(rate_hz))
    clear = {
        name: _step(signal, some - first, rate_hz).clear
        for name, signal in zip(names, signals, strict=True)
    }
    for group in ([name for name in names if LIKELY.search(name)], names):
        best = max(group, key=lambda name: clear[name], default=None)
        if best is not None and clear[best] >= CLEAR:
            return best
    raise DataError(
        f"{recording}: no channel changes with the flashes (channels: {spoken(names)}). Check "
        "that the sensor lies on the corner that flashes and is plugged into the recorder."
    )


# -- one flash ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Step:
    """How far a channel goes from dark to light, and how clearly."""

    height: float
    clear: float
    """Height in standard deviations of the dark."""


def _step(signal: Floats, markers: Ints, rate_hz: float) -> _Step:
    """The step of a channel at the flashes, robust against a few that were covered or missed."""
    heights, noise = [], []
    for marker in markers.tolist():
        dark = _dark(signal, marker, rate_hz)
        after = signal[marker : marker + round(LATEST_S * rate_hz) + 1]
        if len(dark) and len(after):
            # A screen that flickers is dark most of the time even while it is light.
            low, high = np.percentile(after, [5, 95]) - np.median(dark)
            heights.append(float(high if high >= -low else low))
            noise.append(float(np.std(dark)))
    if not heights:
        return _Step(0.0, 0.0)
    height = float(np.median(heights))
    spread = float(np.median(noise))
    # A channel without any noise is clear if it moves at all.
    return _Step(height, abs(height) / spread if spread > 0 else math.inf * bool(height))


def _dark(signal: Floats, marker: int, rate_hz: float) -> Floats:
    """The signal before a flash, up to the moment from which light could come early."""
    first = max(0, marker - round(BEFORE_S * rate_hz))
    return signal[first : max(first, marker + round(EARLIEST_S * rate_hz))]


def _delay_s(signal: Floats, marker: int, step: _Step, rate_hz: float) -> float | None:
    """From a marker to the moment half the way from dark to light; None if it does not come."""
    dark = _dark(signal, marker, rate_hz)
    if not len(dark):
        return None
    first = max(0, marker + round(EARLIEST_S * rate_hz))
    window = signal[first : marker + round(LATEST_S * rate_hz) + 1]
    way = (window - float(np.median(dark))) / step.height
    up = np.flatnonzero((way[:-1] < HALF) & (way[1:] >= HALF))
    if not len(up):
        return None
    place = int(up[0])
    low, high = float(way[place]), float(way[place + 1])
    return (first + place + (HALF - low) / (high - low) - marker) / rate_hz


# -- what it means --------------------------------------------------------------------------------


def _problems(found: Measured) -> Iterator[str]:
    if found.missing:
        yield (
            f"{found.missing} of {found.n} codes without light: covered sensor, missed frames, or "
            "the window was not in front."
        )
    if found.sampling_ms > OWN_SHARE * SD_MS and found.sd_ms > SD_MS:
        yield (
            f"At {found.rate_hz:g} Hz the sampling alone spreads the delays by "
            f"{found.sampling_ms:.2f} ms; record the test at 1000 Hz or more."
        )
    elif found.sd_ms > SD_MS:
        yield (
            f"The delay varies by {found.sd_ms:.2f} ms (SD); below {SD_MS:g} ms is expected. Look "
            "for a compositor, a second monitor that is mirrored, or a variable refresh rate."
        )
    if not MEAN_MS[0] <= found.mean_ms <= MEAN_MS[1]:
        yield (
            f"The mean delay is {found.mean_ms:.2f} ms; {MEAN_MS[0]:g} to {MEAN_MS[1]:g} ms is "
            "plausible. Less: the sensor sees something else. More: the monitor's picture "
            "processing is on (switch to its game or PC mode), or the desktop adds a frame."
        )


def _lines(found: Measured) -> Iterator[str]:
    delays = np.array(found.delays_s) * 1000
    yield f"recording  {found.recording}  {found.rate_hz:g} Hz, channel {found.channel}"
    yield f"flashes    {found.n} codes {found.code}, {found.missing} of them without light"
    yield (
        f"delay      mean {found.mean_ms:.2f} ms, SD {found.sd_ms:.2f} ms, "
        f"from {delays.min():.2f} to {delays.max():.2f} ms"
    )
    yield f"           (of the SD {found.sampling_ms:.2f} ms come from the sampling rate)"
    yield ""
    yield from _histogram(delays)
    yield ""
    if found.ok:
        yield "GOOD: the delay is plausible and steady."
    else:
        yield "LOOK:"
        yield from (f"  - {problem}" for problem in found.problems)
    yield ""
    yield "Nothing was changed. To keep it, put this line into rig.toml under [display]:"
    yield (
        f"# code to light: {found.mean_ms:.2f} ms (SD {found.sd_ms:.2f}, n {len(delays)}), "
        f"{found.recording.name}"
    )


def _histogram(delays_ms: Floats) -> Iterator[str]:
    """Counts of the delays in bins of a round width."""
    width = _round_width(float(np.ptp(delays_ms)))
    first = math.floor(delays_ms.min() / width)
    cells = np.floor(delays_ms / width).astype(np.int64) - first
    counts: Sequence[int] = np.bincount(cells).tolist()
    most = max(counts)
    for place, count in enumerate(counts):
        bar = "#" * round(BAR * count / most)
        yield f"{(first + place) * width:8.2f} ms {count:5d} {bar}".rstrip()


def _round_width(span_ms: float) -> float:
    for width in (0.1, 0.2, 0.5, 1.0, 2.0, 5.0):
        if span_ms / width <= 15:
            return width
    return 10.0
