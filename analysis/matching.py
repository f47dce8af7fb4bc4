"""Which codes of a recording are those of a log: every place in it tried, other runs refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from analysis import wiring
from analysis.alignment import FEWEST, Aligned, Codes, align
from analysis.recording import NOT_CONNECTED, Recording, Track
from mbtexp.bids.runs import RunLog, sent
from mbtexp.errors import DataError
from mbtexp.events import Event

ENOUGH = 0.5
"""Share of the codes that must fit, of those sent or of those recorded, for it to be the run."""

NEARLY_ALL = 0.9
"""Share of the sent codes from which nobody looks for swapped wires."""

AROUND_S = 0.5
"""Codes this long before the first and after the last of a run are still its own."""

NO_LINE = ("memory", "none", "")
"""Ports of which the log says that nothing was sent."""


@dataclass(frozen=True)
class Asked:
    """A code as the log has it."""

    sitting: int
    event: Event

    @property
    def code(self) -> int:
        """What was on the wire: its number, or its value in the compact map of a small recorder."""
        value = self.event.get("value")
        return int(self.event["code"] if value is None else value)

    @property
    def t_event(self) -> float:
        """True time of the event, s on the run clock."""
        return _first(self.event, "t_event", "t")

    @property
    def t_sent(self) -> float:
        """When the byte was written, else the event's own time."""
        return _first(self.event, "t_write_start", "t_event", "t")

    @property
    def outcome(self) -> str:
        """What the log says became of it."""
        return str(self.event.get("outcome") or "")


@dataclass(frozen=True)
class Match:
    """The best alignment of a log with one track of the recording."""

    track: Track
    sent: Codes
    """Those that left the computer, as they should arrive."""
    recorded: Codes
    samples: Sequence[int]
    values: Sequence[int]
    aligned: Aligned
    expected: float
    """Sent codes that fall into the recording."""
    within: float
    """Recorded codes that fall into the run."""
    wiring: tuple[str, ...] = ()

    @property
    def share_sent(self) -> float:
        """Share of the sent codes that are in the recording, of those that fall into it."""
        return len(self.aligned.pairs) / max(self.expected, 1.0)

    @property
    def share(self) -> float:
        """The larger share of what fits, of the sent or of the recorded codes."""
        return max(self.share_sent, len(self.aligned.pairs) / max(self.within, 1.0))


# -- the log --------------------------------------------------------------------------------------


def _first(event: Event, *names: str) -> float:
    return next(float(event[name]) for name in names if event.get(name) is not None)


def asked_codes(run: RunLog) -> Iterator[Asked]:
    """Every code that a log asks for, in order, with its sitting."""
    for tagged in run.of("trigger"):
        if isinstance(tagged.event.get("code"), int):
            yield Asked(tagged.sitting, tagged.event)


def refuse_without_line(run: RunLog, asked: list[Asked], *, rehearsal: bool) -> None:
    """Refuse a log of which no recording can hold a code."""
    path = run.log.path
    lines = [
        run.header.get("trigger") or {},
        *(r.get("trigger") or {} for r in run.log.of("resume")),
    ]
    if not asked or all(line.get("device") == "none" for line in lines):
        raise DataError(
            f"{path}: this run had no trigger line, so no recording can hold its codes. Name the "
            "log of a run whose rig has one."
        )
    if not rehearsal and all(line.get("port") in NO_LINE for line in lines):
        raise DataError(
            f"{path}: the codes of this run were only noted down and never sent (a pilot, or a run "
            "on the virtual lab); no recording can hold them."
        )
    if not any(sent(one.event) for one in asked):
        raise DataError(
            f"{path}: none of the {len(asked)} codes of this run left the computer; see the log's "
            "outcomes. There is nothing to compare."
        )


# -- the match ------------------------------------------------------------------------------------


def best_match(run: RunLog, went: list[Asked], read: Recording) -> Match:
    """The track and alignment in which most codes fit; refuses a recording of something else."""
    tracks = [track for track in read.tracks if len(track)]
    if not tracks:
        raise DataError(f"{read.path}: {_no_codes(read)}")
    found = [match for track in tracks if (match := _matched(went, track, read)) is not None]
    best = max(found, key=lambda match: (len(match.aligned.pairs), match.share), default=None)
    if best is None or best.share < ENOUGH or (best.wiring and best.share_sent < ENOUGH):
        raise DataError(_not_the_run(run, went, read, best))
    if _answers_differ(went, best):
        raise DataError(
            f"{read.path}: the pictures' codes fit {run.log.path.name}, but hardly any answer "
            "does. This is another run with the same order; name its own recording."
        )
    return best


def _no_codes(read: Recording) -> str:
    constants = {track.constant for track in read.tracks if track.constant is not None}
    if any(value & NOT_CONNECTED == NOT_CONNECTED for value in constants):
        return (
            "the trigger lines read 255 from beginning to end: nothing was connected to the "
            "trigger input (it is pulled up), or the box was off. Check plug and adapter."
        )
    if constants - {0}:
        value = max(constants)
        return (
            f"the trigger lines read {value} from beginning to end and never change. A line is "
            "stuck, or another device holds it; check the cable."
        )
    return (
        "there is no trigger code in the recording, no numbered marker and no trigger channel "
        "that changes. Check that the recorder was set to record its trigger input."
    )


def _matched(went: list[Asked], track: Track, read: Recording) -> Match | None:
    recorded = _codes_of(track, read)
    out = Codes(
        np.array([one.t_sent for one in went]),
        np.array([one.code for one in went], dtype=np.int64),
        np.array([one.sitting for one in went], dtype=np.int64),
    )
    plain = _match(out, recorded, track, read, np.arange(len(track)))
    if plain is not None and plain.share_sent >= NEARLY_ALL:
        return plain
    rewired = _rewired(out, recorded, track, read)
    if plain is None or rewired is None:
        return plain or rewired
    more = len(rewired.aligned.pairs) > 1.1 * len(plain.aligned.pairs)
    return rewired if more else plain


def _codes_of(track: Track, read: Recording) -> Codes:
    starts = [first for first, _ in read.stretches[1:]]
    return Codes(
        track.samples / read.rate_hz,
        track.values,
        np.searchsorted(np.array(starts, dtype=np.int64), track.samples, side="right"),
    )


def _match(out: Codes, recorded: Codes, track: Track, read: Recording, places: Any) -> Match | None:
    """An alignment with what there was to be aligned."""
    aligned = align(out, recorded, read.rate_hz)
    if aligned is None:
        return None
    lines = [part.line for part in aligned.parts]
    expected = sum(any(0 <= line.at(t) < read.duration_s for line in lines) for t in out.t.tolist())
    low = min(lines[0].at(float(out.t[0])), lines[-1].at(float(out.t[0]))) - AROUND_S
    high = max(lines[0].at(float(out.t[-1])), lines[-1].at(float(out.t[-1]))) + AROUND_S
    within = np.count_nonzero((recorded.t >= low) & (recorded.t <= high))
    return Match(
        track=track,
        sent=out,
        recorded=recorded,
        samples=track.samples[places].tolist(),
        values=track.values[places].tolist(),
        aligned=aligned,
        expected=float(expected),
        within=float(within),
    )


def _rewired(out: Codes, recorded: Codes, track: Track, read: Recording) -> Match | None:
    """The same if each code arrives as another number, found out by the rhythm alone."""
    rhythm = wiring.by_rhythm(out, recorded, read.rate_hz)
    if rhythm is None:
        return None
    arrives = wiring.learned(out, recorded, rhythm)
    if arrives is None or all(code == value for code, value in arrives.items()):
        return None
    rest = wiring.rest_value(recorded, rhythm)
    changed = Codes(
        out.t,
        np.array([arrives.get(code, code) for code in out.values.tolist()], dtype=np.int64),
        out.piece,
    )
    kept = np.flatnonzero((recorded.values != rest) | np.isin(rest, changed.values))
    match = _match(changed, recorded.take(kept.tolist()), track, read, kept)
    return match and replace(match, wiring=tuple(wiring.explained(arrives, rest)))


def _not_the_run(run: RunLog, went: list[Asked], read: Recording, best: Match | None) -> str:
    fits = 0 if best is None else len(best.aligned.pairs)
    there = sorted({value for track in read.tracks for value in track.values.tolist()})
    asked = sorted({one.code for one in went})
    return (
        f"{read.path}: this is not a recording of {run.log.path.name}: only {fits} of its "
        f"{len(went)} codes fit anywhere. The log has the codes {_some(asked)}, the recording "
        f"{_some(there)}. Name the recording that ran at the time."
    )


def _some(codes: list[int], most: int = 12) -> str:
    return ", ".join(map(str, codes[:most])) + (" ..." if len(codes) > most else "")


def _answers_differ(went: list[Asked], match: Match) -> bool:
    """Whether the pictures fit and the presses, which nobody repeats to the millisecond, do not."""
    matched = {i for i, _ in match.aligned.pairs}
    presses = [i for i, one in enumerate(went) if one.event.get("kind_of") == "now"]
    flips = [i for i, one in enumerate(went) if one.event.get("kind_of") == "flip"]
    if len(presses) < FEWEST or not flips or match.share_sent >= NEARLY_ALL:
        return False
    hit = sum(i in matched for i in presses) / len(presses)
    return hit < 0.2 and sum(i in matched for i in flips) / len(flips) > 0.6
