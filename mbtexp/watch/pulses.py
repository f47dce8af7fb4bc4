"""The scanner's pulses as a run's log tells them."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from statistics import median
from typing import Any

from mbtexp.events import Event
from mbtexp.watch.view import PulsesView

COUNTED = frozenset({"first", "ok", "missing_before"})
"""Flags of pulses that count."""

RECENT = 20
"""Intervals that tell the period where the rig does not."""

ENOUGH = 3
"""Intervals from which they do."""


class PulsesSeen:
    """What the pulses of one run have told so far; times in s on the run clock."""

    def __init__(self) -> None:
        self.seen = 0
        """Those that counted."""
        self.missing = 0
        """Those that went missing between others."""
        self.last_t: float | None = None
        self.zero: float | None = None
        """Time zero of the scan."""
        self.by_hand = False
        """Whether the operator began the run in a pulse's place."""
        self._scan: Mapping[str, Any] = {}
        self._per_volume = 1
        self._intervals: deque[float] = deque(maxlen=RECENT)

    def begin(self, header: Event) -> None:
        """What the run's first line says of the scan."""
        self._scan = header.get("scanner") or {}
        settings = header.get("rig", {}).get("scanner", {})
        self._per_volume = int(settings.get("pulses_per_volume", 1) or 1)

    def take(self, event: Event) -> None:
        """One pulse."""
        self.by_hand |= event["flag"] == "manual"
        if event["flag"] not in COUNTED:
            return
        self.seen += 1
        self.missing += int(event["missing"])
        self.last_t = float(event["t"])
        if event.get("interval_s") and not event["missing"]:
            self._intervals.append(float(event["interval_s"]))

    @property
    def period_s(self) -> float | None:
        """Time from pulse to pulse: the rig's, else what the pulses say."""
        tr_s = self._scan.get("tr_s")
        if tr_s:
            return float(tr_s) / self._per_volume
        return median(self._intervals) if len(self._intervals) >= ENOUGH else None

    @property
    def planned(self) -> int | None:
        """How many the scanner is to send from time zero on."""
        volumes = self._scan.get("volumes")
        return None if volumes is None else int(volumes) * self._per_volume

    @property
    def still_due(self) -> bool:
        """Whether more are to come, as far as anybody knows."""
        return self.planned is None or self.seen + self.missing < self.planned

    def left_s(self, now_t: float) -> float | None:
        """How long the run goes on by its plan; None before time zero, and without a scanner."""
        length_s = self._scan.get("length_s")
        if not length_s or self.zero is None:
            return None
        return max(0.0, self.zero + float(length_s) - now_t)

    def view(self, now_t: float) -> PulsesView | None:
        """The pulses as they are shown; None without a scanner."""
        if not self._scan:
            return None
        expected = None
        if self.zero is not None and self.period_s:
            expected = max(1, int((now_t - self.zero) / self.period_s) + 1)
            expected = expected if self.planned is None else min(expected, self.planned)
        return PulsesView(self.seen, expected, self.planned, self.missing)
