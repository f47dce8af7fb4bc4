"""Counting scanner pulses: what each of them is, which are missing, and what to make of it.

Nothing here touches a device or a log: times go in, findings come out. Trials are never scheduled
from pulses; the pulses are the evidence that the scan went as planned.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, Literal, NamedTuple

from mbtexp.rig import ScannerSettings
from mbtexp.scanner.period import GROSS, MISSING_FROM, Fit, fit, odd_period

Flag = Literal["early", "dummy", "first", "ok", "missing_before", "extra", "manual"]

EXTRA_BELOW = 0.5
"""A pulse that follows another within that share of a period is a bounce or noise."""

BOUNCE_S = 0.01
"""The same while the period is not yet known, s; slice triggers come every 30 ms and more."""

TR_TOLERANCE = 0.005
"""Relative difference from the rig's TR that is told."""

ENOUGH = 5
"""Intervals from which a period can be judged."""

RECENT = 51
"""Intervals that tell the period while the run goes on: a sort of thousands would cost a frame."""

EDGE = 0.25
"""A pulse that is due less than this share of a period before the end need not have come."""


@dataclass(frozen=True, slots=True)
class Pulse:
    """What one pulse is."""

    t: float
    flag: Flag
    n: int = 0
    """Number among those that count, from 1; 0 for one that does not count."""
    k: int | None = None
    """Place in the scan, from 0 at time zero; dummies have negative ones; None: no place."""
    interval_s: float | None = None
    """Since the pulse before it that had a place."""
    missing: int = 0
    """How many should have come in between."""

    def facts(self) -> dict[str, Any]:
        """For the log: all but the time, which the log's line has itself."""
        interval = None if self.interval_s is None else round(self.interval_s, 6)
        return {
            "n": self.n,
            "flag": self.flag,
            "k": self.k,
            "interval_s": interval,
            "missing": self.missing,
        }


class News(NamedTuple):
    """Something that went wrong with the pulses, as a sentence."""

    text: str
    first: bool
    """Whether it is the first of its kind: the log has them all, the operator is told once."""


@dataclass(frozen=True)
class PulseSummary:
    """What came of a run's pulses; times in s, counts of pulses."""

    planned: int | None
    """How many the scanner was to send from time zero on, if that is known."""
    expected: int | None
    """How many of them were due before the run ended; None where no period is known."""
    seen: int
    missing: int
    """Lost between two that were seen."""
    lost_at_an_end: int
    """Expected beyond those: lost after the last one or before the first, or the scan was short."""
    extra: int
    early: int
    dummies: int
    by_hand: bool
    """Whether the operator started the run without a pulse."""
    first_s: float | None
    last_s: float | None
    tr_s: float | None
    """The rig's."""
    tr_estimate_s: float | None
    residual_ms: float | None
    warnings: tuple[str, ...]

    def facts(self) -> dict[str, Any]:
        """As plain JSON, for the log."""
        facts = asdict(self)
        return {
            name: round(value, 6) if isinstance(value, float) else value
            for name, value in facts.items()
        } | {"warnings": list(self.warnings)}


class PulseCounter:
    """Tells of each pulse what it is, and keeps count.

    Pulses before ``wait_from`` are early. From then on the dummies are skipped, and the first pulse
    that counts is time zero.

    Parameters
    ----------
    settings
        TR, volumes, pulses per volume and dummies of the scan.
    """

    def __init__(self, settings: ScannerSettings) -> None:
        self._settings = settings
        per_volume = settings.pulses_per_volume
        self._nominal_s = None if settings.tr_s is None else settings.tr_s / per_volume
        self._planned = None if settings.volumes is None else settings.volumes * per_volume
        self.zero: float | None = None
        """Time zero of the scan (s on the run clock), once it is known."""
        self.by_hand = False
        self._wait_from: float | None = None
        self._placed: list[float] = []
        """Times of the pulses that count."""
        self._places: list[int] = []
        self._last: tuple[float, int] | None = None
        """Time and place of the last pulse that had one, dummies among them."""
        self._intervals: list[float] = []
        """Between all neighbours since time zero, bounces among them."""
        self._last_any: float | None = None
        self._extra = self._early = self._dummies = 0
        self._news: list[News] = []
        self._told: set[str] = set()
        self.silent_from = math.inf
        """When it would have been too quiet for too long (s on the run clock)."""

    def wait_from(self, t: float) -> None:
        """From ``t`` on pulses count; a second call changes nothing."""
        if self._wait_from is None:
            self._wait_from = t

    def start_by_hand(self, t: float) -> Pulse:
        """The operator starts the run at ``t``; pulses that come later count from the first one."""
        self.zero, self.by_hand = t, True
        return Pulse(t, "manual")

    def take(self, t: float) -> Pulse:
        """What the pulse at ``t`` is."""
        if self._wait_from is None or t < self._wait_from:
            self._early += 1
            return Pulse(t, "early")
        self._note_interval(t)
        self._judge_period()
        if self._last is None:
            place = 0 if self.by_hand else -self._settings.dummy_pulses_to_skip
            return self._at(t, place, None, 0)
        last_t, last_place = self._last
        interval = t - last_t
        period = self.period_s
        if interval < (BOUNCE_S if period is None else EXTRA_BELOW * period):
            return self._bounce(t, interval)
        steps = 1
        if period is not None and interval >= MISSING_FROM * period:
            steps = math.floor(interval / period + 0.5)
        return self._at(t, last_place + steps, interval, steps - 1)

    @property
    def period_s(self) -> float | None:
        """Time from pulse to pulse: the rig's, else what the pulses themselves say."""
        if self._nominal_s is not None:
            return self._nominal_s
        return median(self._intervals[-RECENT:]) if len(self._intervals) >= ENOUGH else None

    def silence(self, now: float) -> None:
        """Note that it has been too quiet for too long; told once until the next pulse."""
        self.silent_from = math.inf
        if self._last is not None and "period" not in self._told:
            self._tell(
                "silence",
                f"no scanner pulse for {now - self._last[0]:.1f} s: has the scan ended, or has the "
                "line come loose?",
            )

    def news(self) -> list[News]:
        """What went wrong since the last call."""
        news, self._news = self._news, []
        return news

    # -- one pulse ----------------------------------------------------------------------------

    def _bounce(self, t: float, interval: float) -> Pulse:
        self._extra += 1
        if "extra" not in self._told:
            self._tell(
                "extra",
                f"a second scanner pulse came {1000 * interval:.0f} ms after the last and is not "
                "counted: look for a bouncing contact, or a pulse a slice (pulses_per_volume).",
            )
        return Pulse(t, "extra", interval_s=interval)

    def _at(self, t: float, place: int, interval: float | None, missing: int) -> Pulse:
        if place < 0:
            self._dummies += 1
            self._last = (t, place)
            return Pulse(t, "dummy", k=place, interval_s=interval, missing=missing)
        first = not self._placed and not self.by_hand
        if first:
            self.zero = t
            if place > 0:
                self._tell(
                    "missing",
                    f"{_pulses(place)} went missing between the dummies and the first that was "
                    f"seen: time zero may be {place * (self.period_s or 0):g} s late.",
                )
            place = 0
        elif missing:
            self._tell_missing(t, missing)
        self._placed.append(t)
        self._places.append(place)
        self._last = (t, place)
        self._await_next(t, place)
        flag: Flag = "first" if first else "missing_before" if missing else "ok"
        return Pulse(t, flag, len(self._placed), place, interval, missing)

    def _await_next(self, t: float, place: int) -> None:
        period = self.period_s
        done = self._planned is not None and place + 1 >= self._planned
        self.silent_from = math.inf if period is None or done else t + MISSING_FROM * period

    def _note_interval(self, t: float) -> None:
        if self._last_any is not None:
            self._intervals.append(t - self._last_any)
        self._last_any = t

    def _tell_missing(self, t: float, missing: int) -> None:
        if "period" in self._told:
            return  # every interval would be told again
        since = t - (self.zero or 0.0)
        text = f"{_pulses(missing)} of the scanner went missing before {since:.1f} s of the scan."
        self._tell("missing", text)

    def _judge_period(self) -> None:
        if self._nominal_s is None or len(self._intervals) != ENOUGH:
            return
        trouble = odd_period(median(self._intervals), self._nominal_s, self._settings, GROSS)
        if trouble:
            self._tell("period", trouble)

    def _tell(self, kind: str, text: str) -> None:
        self._news.append(News(text, first=kind not in self._told))
        self._told.add(kind)

    # -- the scan as a whole ------------------------------------------------------------------

    def summary(self, now: float) -> PulseSummary:
        """What came of the pulses until ``now``, when the run ends."""
        places = self._final_places()
        line = fit(places, self._placed)
        span = places[-1] + 1 if places else 0
        expected = self._expected(now, line)
        lost = 0 if expected is None else max(0, expected - span)
        return PulseSummary(
            planned=self._planned,
            expected=expected,
            seen=len(self._placed),
            missing=span - len(places),
            lost_at_an_end=lost,
            extra=self._extra,
            early=self._early,
            dummies=self._dummies,
            by_hand=self.by_hand,
            first_s=self._placed[0] if self._placed else None,
            last_s=self._placed[-1] if self._placed else None,
            tr_s=self._settings.tr_s,
            tr_estimate_s=self._tr_estimate(line),
            residual_ms=None if line is None else 1000 * line.residual_s,
            warnings=tuple(self._warnings(span, lost, expected, line)),
        )

    def _tr_estimate(self, line: Fit | None) -> float | None:
        """The TR by the pulses: by the line through them, or by what lies between most of them.

        The two differ where the rig's TR is far off, so that the pulses have the wrong places.
        """
        if line is None:
            return None
        period = line.period_s
        usual = median(self._intervals)
        if abs(usual / period - 1) > GROSS:
            period = usual
        return period * self._settings.pulses_per_volume

    def _final_places(self) -> list[int]:
        """The places again, by the period that all pulses together tell where the rig has none."""
        if self._nominal_s is not None or len(self._intervals) < ENOUGH:
            return self._places
        period = median(self._intervals)
        places = [0]
        for before, after in zip(self._placed, self._placed[1:], strict=False):
            places.append(places[-1] + max(1, math.floor((after - before) / period + 0.5)))
        return places

    def _expected(self, now: float, line: Fit | None) -> int | None:
        """How many pulses were due by the end, as far as anybody knows."""
        period = self._nominal_s
        if line is not None and (period is None or abs(line.period_s / period - 1) < GROSS):
            period = line.period_s
        if self.zero is None:
            return self._planned
        if period is None or self.by_hand:
            return None
        due = max(1, math.floor((now - self.zero) / period - EDGE) + 1)
        return due if self._planned is None else min(due, self._planned)

    def _warnings(self, span: int, lost: int, expected: int | None, line: Fit | None) -> list[str]:
        if self._wait_from is None and not self.by_hand:
            return ["the run did not wait for the scanner: its onsets belong to no scan."]
        found = []
        if self._early:
            found.append(
                f"{_pulses(self._early)} came before the run waited for the scanner: if that was "
                "the scan itself, it was started too early and onsets cannot be trusted."
            )
        if self.by_hand:
            found.append("the run was started by hand: time zero is the key press, not a pulse.")
        if not self._placed:
            found.append("no scanner pulse counted.")
            return found
        if span > len(self._placed):
            found.append(
                f"{_pulses(span - len(self._placed))} went missing between others: check the line; "
                "onsets are not touched by that."
            )
        if lost:
            found.append(self._lost_at_an_end(lost, expected))
        if self._planned is not None and span > self._planned:
            found.append(f"{_pulses(span - self._planned)} more came than were planned.")
        if self._extra:
            found.append(f"{_pulses(self._extra)} followed another too soon and do not count.")
        found += self._tr_warning(line)
        return found

    def _lost_at_an_end(self, lost: int, expected: int | None) -> str:
        per_volume = self._settings.pulses_per_volume
        if self._planned is None:
            return f"the last {_pulses(lost)} that were due before the run ended did not come."
        late_s = lost * (self._nominal_s or 0.0)
        late = f" and {late_s:g} s must be added to every onset" if late_s else ""
        return (
            f"{_pulses(lost)} of {expected} did not come at one end of the scan. Read the number "
            f"of volumes at the console: if it has all {self._planned // per_volume}, the first "
            f"went missing{late}; if not, the scan was stopped early."
        )

    def _tr_warning(self, line: Fit | None) -> list[str]:
        if line is None or self._nominal_s is None or len(self._intervals) < ENOUGH:
            return []
        trouble = odd_period(median(self._intervals), self._nominal_s, self._settings, GROSS)
        if not trouble and abs(line.period_s - self._nominal_s) > 3 * line.error_s:
            trouble = odd_period(line.period_s, self._nominal_s, self._settings, TR_TOLERANCE)
        return [trouble] if trouble else []


def _pulses(count: int) -> str:
    return f"{count} pulse{'s' * (count != 1)}"
