"""A recording as far as its trigger codes go: BrainVision, EDF, BDF and FIF, read by MNE-Python.

A recording can hold codes in several places: markers (BrainVision, EDF annotations) and channels
that carry the line's value in every sample (BioSemi's ``Status``, ``STI 014`` of a FIF file). Each
place is one track. The rules for a channel, all of them measured with simulated recordings:

- only the 16 trigger lines count, what lies above are flags of the system (BioSemi reads 65786 for
  a 250 otherwise);
- each change to a value that is not zero is a code, also without a zero before it;
- lines that follow a sample or two late are one code and not two.

``mne.find_events(consecutive=True, min_duration=0.003)`` agrees, but loses a code that is repeated
after a zero of 2 ms from 1000 Hz on, as it takes the zero for a disturbance too.
"""

from __future__ import annotations

import configparser
import contextlib
import importlib
import itertools
import re
import struct
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mbtexp.errors import DataError

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

LINES = 0xFFFF
"""The 16 lowest bits of a trigger channel; BioSemi keeps flags of its own above them."""

SKEW_S = 0.001
"""Lines of one code change within this time, and within one sample at least."""

NOT_CONNECTED = 0xFF
"""Eight lines up in every sample: inputs that are pulled up and have no cable."""

SUFFIXES = (".vhdr", ".edf", ".bdf", ".fif", ".fif.gz")

_BREAK = re.compile(r"new segment|boundary", re.IGNORECASE)
_NUMBERED = re.compile(r"(?P<kind>.*?)[\s/#:=_-]*(?P<code>\d{1,5})(?:\.0)?")

# What MNE raises on a file that is damaged or no recording depends on where its reader stumbles.
_NO_RECORDING = (
    OSError,
    ValueError,
    RuntimeError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    ArithmeticError,
    MemoryError,
    struct.error,
    configparser.Error,
)


@dataclass(frozen=True)
class Track:
    """The codes in one place of a recording."""

    name: str
    """``markers 'Stimulus/S'`` or ``channel Status``."""
    samples: Ints
    """Sample of each code, from 0 at the start of the file."""
    values: Ints
    constant: int | None = None
    """Value of a channel that never changes; None for any other track."""
    merged: int = 0
    """Codes whose lines came a sample or two apart and were taken together."""

    def __len__(self) -> int:
        """How many codes there are."""
        return len(self.samples)


@dataclass(frozen=True)
class Recording:
    """What a recording holds of trigger codes."""

    path: Path
    rate_hz: float
    n_samples: int
    tracks: tuple[Track, ...]
    breaks: Ints
    """Samples at which the recorder went on after a pause."""

    @property
    def duration_s(self) -> float:
        """Its length by its own clock, s."""
        return self.n_samples / self.rate_hz

    @property
    def stretches(self) -> list[tuple[int, int]]:
        """First sample and the one after the last of each part recorded without a pause."""
        inner = [int(sample) for sample in self.breaks if 0 < sample < self.n_samples]
        edges = [0, *sorted(set(inner)), self.n_samples]
        return list(itertools.pairwise(edges))


def read_recording(path: Path) -> Recording:
    """The trigger codes of a recording, from every place that can hold them.

    Raises
    ------
    DataError
        MNE-Python is not installed, or the file is no recording that it can read.
    """
    with _opened(path) as raw, _in_plain_words(path):
        rate_hz, n_samples = float(raw.info["sfreq"]), int(raw.n_times)
        markers = _markers(raw)
        lines = {name: _line_of(raw, name) for name in _stim(raw)}
    channels = [track_of(f"channel {name}", line, rate_hz) for name, line in lines.items()]
    breaks = [sample for sample, text in markers if _BREAK.search(text)]
    return Recording(
        path,
        rate_hz,
        n_samples,
        (*_tracks(markers, rate_hz), *channels),
        np.array(breaks, dtype=np.int64),
    )


def read_channels(
    path: Path, names: Sequence[str], first: int = 0, last: int | None = None
) -> list[Floats]:
    """The samples of some channels, in their unit; all of them, or from ``first`` to ``last``.

    Raises
    ------
    DataError
        The file cannot be read, or it has no such channel.
    """
    with _opened(path) as raw:
        for name in names:
            if name not in raw.ch_names:
                raise DataError(
                    f"{path}: there is no channel {name!r}; it has {spoken(raw.ch_names)}."
                )
        stop = int(raw.n_times) if last is None else min(last, int(raw.n_times))
        places = [raw.ch_names.index(name) for name in names]
        with _in_plain_words(path):
            read = raw.get_data(picks=places, start=first, stop=stop) if places else []
        return [np.asarray(row, dtype=np.float64) for row in read]


def channel_names(path: Path) -> tuple[str, ...]:
    """The channels of a recording that carry a signal and no codes, in order."""
    with _opened(path) as raw, _in_plain_words(path):
        coded = set(_stim(raw))
        return tuple(name for name in raw.ch_names if name not in coded)


def spoken(names: Any, most: int = 40) -> str:
    """Names in a sentence, the first ones of many."""
    known = [str(name) for name in names]
    more = f" and {len(known) - most} more" if len(known) > most else ""
    return ", ".join(known[:most]) + more or "none"


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """The recording in MNE-Python, which tells a good deal that is of no use here."""
    _refuse_other_files(path)
    mne = _mne()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with _in_plain_words(path):
            raw = mne.io.read_raw(path, preload=False, verbose="ERROR")
        try:
            yield raw
        finally:
            raw.close()


@contextlib.contextmanager
def _in_plain_words(path: Path) -> Iterator[None]:
    """What MNE-Python stumbles over in a damaged file, as a sentence."""
    try:
        yield
    except _NO_RECORDING as error:
        raise DataError(
            f"{path}: this cannot be read as a recording ({_first_line(error)}). Check that it was "
            "copied whole, with the files that belong to it."
        ) from None


def _refuse_other_files(path: Path) -> None:
    name = path.name.lower()
    if name.endswith((".eeg", ".vmrk")):
        raise DataError(f"{path}: give the header file instead, {path.with_suffix('.vhdr').name}.")
    if not name.endswith(SUFFIXES):
        raise DataError(
            f"{path}: a recording ends in {', '.join(SUFFIXES[:-2])} or {SUFFIXES[-2]}; export it "
            "to one of these in the recorder's program."
        )
    if not path.is_file():
        raise DataError(f"{path}: there is no such file; check the path.")


def _mne() -> Any:
    try:
        return importlib.import_module("mne")
    except ModuleNotFoundError:
        raise DataError(
            "MNE-Python is needed to read recordings and is not installed; "
            "install it with: pip install 'mbtexp[eeg]'"
        ) from None


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__


# -- markers --------------------------------------------------------------------------------------


def _markers(raw: Any) -> list[tuple[int, str]]:
    """Sample and text of every marker."""
    texts = sorted(set(raw.annotations.description))
    if not texts:
        return []
    numbers = {text: number for number, text in enumerate(texts, start=1)}
    events, _ = _mne().events_from_annotations(raw, numbers, verbose="ERROR")
    first = int(raw.first_samp)
    return [(int(sample) - first, texts[int(number) - 1]) for sample, _, number in events]


def _tracks(markers: Sequence[tuple[int, str]], rate_hz: float) -> list[Track]:
    """The numbered markers as codes, a track for each text that stands before the numbers."""
    tracks: dict[str, list[tuple[int, int]]] = {}
    for sample, text in markers:
        code = marker_code(text)
        if code is not None:
            tracks.setdefault(code[0], []).append((sample, code[1]))
    return [
        track_of_markers(f"markers {kind!r}", np.array(codes, dtype=np.int64), rate_hz)
        for kind, codes in tracks.items()
    ]


def marker_code(text: str) -> tuple[str, int] | None:
    """Kind and number of a marker that is a code; None for the recorder's other remarks.

    >>> [marker_code(text) for text in ("Stimulus/S  5", "Stimulus/S125", "204", "DIN4")]
    [('Stimulus/S', 5), ('Stimulus/S', 125), ('', 204), ('DIN', 4)]
    >>> [marker_code(text) for text in ("New Segment/", "SyncStatus/Sync On", "Stimulus/S  0")]
    [None, None, None]
    """
    found = _NUMBERED.fullmatch(text.strip())
    if found is None or _BREAK.search(text) or not 0 < int(found["code"]) <= LINES:
        return None
    return found["kind"], int(found["code"])


def track_of_markers(name: str, codes: Ints, rate_hz: float) -> Track:
    """The codes in markers, a row of sample and value each.

    Markers of lines that came a sample apart are one code: first moment, last value.
    """
    most = _skew_samples(rate_hz)
    kept: list[tuple[int, int]] = []
    before = 0
    begun: int | None = None
    merged = 0
    rows = codes.tolist()
    for place, (sample, value) in enumerate(rows):
        following = rows[place + 1] if place + 1 < len(rows) else None
        if (
            following is not None
            and following[1] != value
            and following[0] - sample <= most
            and not value & ~(before | following[1])
        ):
            begun = sample if begun is None else begun
            merged += 1
            continue
        kept.append((sample if begun is None else begun, value))
        before, begun = value, None
    table = np.array(kept, dtype=np.int64).reshape(-1, 2)
    return Track(name, table[:, 0], table[:, 1], merged=merged)


# -- channels -------------------------------------------------------------------------------------


def _stim(raw: Any) -> list[str]:
    kinds = raw.get_channel_types()
    return [name for name, kind in zip(raw.ch_names, kinds, strict=True) if kind == "stim"]


def _line_of(raw: Any, name: str) -> Ints:
    """The 16 trigger lines of a channel in every sample."""
    read = raw.get_data(picks=[raw.ch_names.index(name)])[0]
    return np.asarray(np.rint(read), dtype=np.int64) & LINES


def track_of(name: str, line: Ints, rate_hz: float) -> Track:
    """The codes in a line's value, sample by sample.

    >>> import numpy as np
    >>> line = np.array([0, 0, 4, 5, 5, 5, 1, 0, 0, 7, 7, 0])  # 5 comes and goes line by line
    >>> track = track_of("channel Status", line, rate_hz=500)
    >>> track.samples.tolist(), track.values.tolist(), track.merged
    ([2, 9], [5, 7], 1)
    """
    none = np.array([], dtype=np.int64)
    if not len(line):
        return Track(name, none, none)
    # Lines above the eighth that nobody drives may be pulled up for good.
    line = line & ~(np.bitwise_and.reduce(line) & (LINES ^ NOT_CONNECTED))
    starts = np.flatnonzero(np.diff(line)) + 1
    if not len(starts):
        return Track(name, none, none, constant=int(line[0]))
    values = line[starts]
    lasts = np.diff(starts, append=len(line))
    most = _skew_samples(rate_hz)
    kept: list[tuple[int, int]] = []
    before, begun, merged = int(line[0]), None, 0
    for place, (start, value, lasting) in enumerate(
        zip(starts.tolist(), values.tolist(), lasts.tolist(), strict=True)
    ):
        after = int(values[place + 1]) if place + 1 < len(values) else value
        passing = lasting <= most and value and not value & ~(before | after)
        if passing and (after or before):
            if after:
                begun = start if begun is None else begun
                merged += 1
            continue
        if value:
            kept.append((start if begun is None else begun, value))
        before, begun = value, None
    table = np.array(kept, dtype=np.int64).reshape(-1, 2)
    return Track(name, table[:, 0], table[:, 1], merged=merged)


def _skew_samples(rate_hz: float) -> int:
    return max(1, round(SKEW_S * rate_hz))
