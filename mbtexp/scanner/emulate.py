"""A scanner without a scanner: seeded pulse trains with the faults that real ones have."""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from mbtexp.errors import SettingError
from mbtexp.ports import Clock, Facts
from mbtexp.strict import build, from_text, setting
from mbtexp.timeline import Phase

WHERE = "--emulate-scanner"

BOUNCE_S = (0.02, 0.1)
"""When a spurious pulse follows a real one, s: shorter than half of any usual TR."""


@dataclass(frozen=True)
class Emulation:
    """What an emulated scanner does."""

    TR: float = setting(..., doc="time from volume to volume, s", low=0.05, high=60)
    volumes: int | None = setting(None, doc="volumes; left out: no end", low=1, high=1e5)
    dummies: int = setting(0, doc="volumes with a pulse that come before those", low=0, high=1000)
    jitter: float = setting(0.0, doc="standard deviation of a pulse's time, s", low=0, high=1)
    drop: float = setting(0.0, doc="probability that a pulse is lost", low=0, high=0.95)
    drop_first: bool = setting(False, doc="the first pulse of all is lost")
    extra: float = setting(0.0, doc="probability of a second pulse soon after one", low=0, high=1)
    toggle: bool = setting(False, doc="the interface passes on every second pulse only")
    slices: int = setting(1, doc="pulses a volume", low=1, high=500)
    late: float = setting(1.0, doc="from the waiting page to the first pulse, s", low=0, high=1e5)
    seed: int = setting(0, doc="of its faults")

    def facts(self) -> Facts:
        """For the log."""
        return asdict(self)


def emulation(text: str, defaults: Mapping[str, Any] | None = None) -> Emulation:
    """An emulated scanner from its description on the command line.

    Parameters
    ----------
    text
        ``TR=2.0,volumes=150,drop=0.05,toggle``; a word without ``=`` is switched on.
    defaults
        Taken where the text says nothing: what the rig and the plan say of the scan.

    Examples
    --------
    >>> emulation("TR=2,volumes=3,drop_first").volumes
    3
    """
    given: dict[str, Any] = dict(defaults or {})
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, sign, value = (word.strip() for word in part.partition("="))
        given[name] = from_text(Emulation, name, value if sign else "true", where=WHERE)
    if "TR" not in given:
        known = ", ".join(entry.name for entry in fields(Emulation))
        raise SettingError(f"{WHERE}: TR is missing; write TR=2.0 (it also knows {known}).")
    return build(Emulation, given, where=WHERE)


def train(settings: Emulation) -> Iterator[float]:
    """Times of the pulses that reach us, s after the scanner's first, in order."""
    rng = random.Random(settings.seed)
    period = settings.TR / settings.slices
    sent = math.inf
    if settings.volumes is not None:
        sent = (settings.volumes + settings.dummies) * settings.slices
    ahead: list[float] = []
    index = 0
    while index < sent:
        # What lies more than this far ahead can no longer be overtaken by a pulse still to come.
        certain = (index - 1) * period - 6 * settings.jitter
        while ahead and ahead[0] < certain:
            yield heapq.heappop(ahead)
        for t in _arriving(index, period, settings, rng):
            heapq.heappush(ahead, t)
        index += 1
    while ahead:
        yield heapq.heappop(ahead)


def _arriving(
    index: int, period: float, settings: Emulation, rng: random.Random
) -> Iterator[float]:
    """What arrives of one pulse: nothing, itself, or a second one too.

    The same numbers are drawn whatever becomes of it: a seed loses the same pulses at any jitter.
    """
    shift, lost, doubled, apart = rng.gauss(0, 1), rng.random(), rng.random(), rng.random()
    if lost < settings.drop or (index == 0 and settings.drop_first):
        return
    if settings.toggle and index % 2:
        return
    t = max(0.0, index * period + settings.jitter * shift)
    yield t
    if doubled < settings.extra:
        low, high = BOUNCE_S
        yield t + low + (high - low) * apart


class EmulatedScanner:
    """A source of pulses that is started by the page that waits for them.

    Parameters
    ----------
    settings
        What it does.
    clock
        The run clock, real or virtual.
    key
        The name of a pulse among the keys that a phase waits for.
    """

    def __init__(self, settings: Emulation, clock: Clock, key: str) -> None:
        self._settings = settings
        self._clock = clock
        self._key = key
        self._pulses: Iterator[float] | None = None
        self._next: float | None = None

    def attend(self, phase: Phase, onset: float) -> None:
        """Somebody at the console starts the scan some time after the page has come on."""
        if self._pulses is not None or phase.keys is None or self._key not in phase.keys.allowed:
            return
        start = onset + self._settings.late
        self._pulses = (start + t for t in train(self._settings))
        self._next = next(self._pulses, None)

    def due(self) -> float | None:
        """When the next pulse comes; never: a time that never comes."""
        return math.inf if self._next is None else self._next

    def read(self) -> list[float]:
        """Times of the pulses since the last call."""
        times = []
        while self._next is not None and self._pulses is not None:
            if self._next > self._clock.now():
                break
            times.append(self._next)
            self._next = next(self._pulses, None)
        return times

    def describe(self) -> Facts:
        """What it does, for the log."""
        return {"source": "emulated", **self._settings.facts()}

    def close(self) -> None:
        """No more pulses."""
        self._next = None
