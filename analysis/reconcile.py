"""Is every code of a log in the recording? The two laid beside each other, with one clock.

Sent and recorded codes are aligned (``analysis.alignment``), the recorder's clock is fitted on the
computer's, and each code is told: recorded, missing, shifted, extra. The events of the log can
then be had on the recorder's time axis, the lost ones too.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from analysis import wiring
from analysis.alignment import FEWEST, Aligned, Codes, align
from analysis.reconciled import Clocks, Reconciled, Row, Status, Stretch
from analysis.recording import NOT_CONNECTED, Recording, Track, read_recording
from mbtexp.bids.runs import Labels, RunLog, sent
from mbtexp.errors import DataError
from mbtexp.events import Event, read_log

__all__ = ["Reconciled", "reconcile"]

ENOUGH = 0.5
"""Share of the codes that must fit, of those sent or of those recorded, for it to be the run."""

NEARLY_ALL = 0.9
"""Share of the sent codes from which nobody looks for swapped wires."""

SHIFTED_S = 0.002
"""A code further than this from its place, and further than 1.5 samples, is told."""

AROUND_S = 0.5
"""Codes this long before the first and after the last of a run are still its own."""

PULSE_END_S = 0.005
"""A line that falls late does so within this time of the end of the pulse."""

NO_LINE = ("memory", "none", "")


@dataclass(frozen=True)
class _Asked:
    """A code as the log has it."""

    sitting: int
    event: Event

    @property
    def code(self) -> int:
        return int(self.event["code"])

    @property
    def t_event(self) -> float:
        return _first(self.event, "t_event", "t")

    @property
    def t_sent(self) -> float:
        return _first(self.event, "t_write_start", "t_event", "t")

    @property
    def outcome(self) -> str:
        return str(self.event.get("outcome") or "")


@dataclass(frozen=True)
class _Match:
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
        return len(self.aligned.pairs) / max(self.expected, 1.0)

    @property
    def share(self) -> float:
        """The larger share of what fits, of the sent or of the recorded codes."""
        return max(self.share_sent, len(self.aligned.pairs) / max(self.within, 1.0))


def reconcile(
    log: Path, recording: Path, *, out: Path | None = None, rehearsal: bool = False
) -> Reconciled:
    """A run's log beside the recording that was made of it.

    Parameters
    ----------
    log
        The run's event log.
    recording
        The header file of a BrainVision recording, or an EDF, BDF or FIF file.
    out
        Where ``Reconciled.write`` puts its files; by default
        ``derivatives/mbtexp-reconcile/sub-.../ses-.../eeg`` in the data folder of the log.
    rehearsal
        Take a log whose codes were only noted down, to go with a simulated recording.

    Raises
    ------
    DataError
        One of the two cannot be read, the run had no trigger line, or the recording is not of it.
    """
    run = RunLog(_labels(log, header := read_log(log)), header)
    asked = list(_asked(run))
    _refuse_without_line(run, asked, rehearsal=rehearsal)
    read = read_recording(recording)
    went = [one for one in asked if sent(one.event)]
    match = _best_match(run, went, read)
    clocks = _clocks(run, went, match, read)
    rows = _rows(run, asked, went, match, clocks)
    n_extra = sum(1 for row in rows if row.seq is None)
    n_found = sum(1 for row in rows if row.seq is not None and row.sample is not None)
    return Reconciled(
        run=run,
        recording=recording,
        out=out or _default_out(log, run.labels),
        track=match.track.name,
        n_recorded=len(match.track),
        n_others=max(0, len(match.recorded) - n_extra - n_found),
        rows=tuple(rows),
        clocks=clocks,
        wiring=match.wiring,
        ambiguous_s=_ambiguous_s(match),
        too_short=_too_short(run, read),
        notes=tuple(_notes(run, went, match, read)),
    )


# -- the log --------------------------------------------------------------------------------------


def _first(event: Event, *names: str) -> float:
    return next(float(event[name]) for name in names if event.get(name) is not None)


def _asked(run: RunLog) -> Iterator[_Asked]:
    for tagged in run.of("trigger"):
        if isinstance(tagged.event.get("code"), int):
            yield _Asked(tagged.sitting, tagged.event)


def _labels(log: Path, read: Any) -> Labels:
    header = read.header
    session = header.get("session")
    return Labels(
        participant=str(header.get("participant", "")),
        session=None if session is None else str(session),
        task=str(header.get("task", "")),
        run=str(header.get("run", "")),
        name=log.stem.removesuffix("_log"),
    )


def _default_out(log: Path, labels: Labels) -> Path:
    for folder in log.absolute().parents:
        if folder.name == "sourcedata":
            return folder.parent / "derivatives" / "mbtexp-reconcile" / labels.folder / "eeg"
    return log.parent / "reconciled"


def _refuse_without_line(run: RunLog, asked: list[_Asked], *, rehearsal: bool) -> None:
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


def _best_match(run: RunLog, went: list[_Asked], read: Recording) -> _Match:
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


def _matched(went: list[_Asked], track: Track, read: Recording) -> _Match | None:
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


def _match(
    out: Codes, recorded: Codes, track: Track, read: Recording, places: Any
) -> _Match | None:
    """An alignment with what there was to be aligned."""
    aligned = align(out, recorded, read.rate_hz)
    if aligned is None:
        return None
    lines = [part.line for part in aligned.parts]
    expected = sum(any(0 <= line.at(t) < read.duration_s for line in lines) for t in out.t.tolist())
    low = min(lines[0].at(float(out.t[0])), lines[-1].at(float(out.t[0]))) - AROUND_S
    high = max(lines[0].at(float(out.t[-1])), lines[-1].at(float(out.t[-1]))) + AROUND_S
    within = np.count_nonzero((recorded.t >= low) & (recorded.t <= high))
    return _Match(
        track=track,
        sent=out,
        recorded=recorded,
        samples=track.samples[places].tolist(),
        values=track.values[places].tolist(),
        aligned=aligned,
        expected=float(expected),
        within=float(within),
    )


def _rewired(out: Codes, recorded: Codes, track: Track, read: Recording) -> _Match | None:
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


def _not_the_run(run: RunLog, went: list[_Asked], read: Recording, best: _Match | None) -> str:
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


def _answers_differ(went: list[_Asked], match: _Match) -> bool:
    """Whether the pictures fit and the presses, which nobody repeats to the millisecond, do not."""
    matched = {i for i, _ in match.aligned.pairs}
    presses = [i for i, one in enumerate(went) if one.event.get("kind_of") == "now"]
    flips = [i for i, one in enumerate(went) if one.event.get("kind_of") == "flip"]
    if len(presses) < FEWEST or not flips or match.share_sent >= NEARLY_ALL:
        return False
    hit = sum(i in matched for i in presses) / len(presses)
    return hit < 0.2 and sum(i in matched for i in flips) / len(flips) > 0.6


def _ambiguous_s(match: _Match) -> float | None:
    rival = match.aligned.rival
    return None if rival is None else rival.offset_s - match.aligned.parts[0].line.offset_s


# -- the clocks -----------------------------------------------------------------------------------


def _clocks(run: RunLog, went: list[_Asked], match: _Match, read: Recording) -> Clocks:
    aligned = match.aligned
    residuals = np.array(_residuals(match))
    inner = residuals[np.abs(residuals) <= _shift_limit(read.rate_hz)]
    inner = inner if len(inner) else residuals
    return Clocks(
        drift=aligned.drift,
        drift_se=aligned.slope_se,
        stretches=tuple(_stretches(run, went, match, read)),
        duration_s=read.duration_s,
        rate_hz=read.rate_hz,
        sd_s=float(np.std(inner)),
        max_s=float(np.max(np.abs(residuals))),
    )


def _residuals(match: _Match) -> list[float]:
    return [
        float(match.recorded.t[j]) - part.line.at(float(match.sent.t[i]))
        for part in match.aligned.parts
        for i, j in part.pairs
    ]


def _shift_limit(rate_hz: float) -> float:
    return max(SHIFTED_S, 1.5 / rate_hz)


def _stretches(
    run: RunLog, went: list[_Asked], match: _Match, read: Recording
) -> Iterator[Stretch]:
    """The parts with the times of the log between which each holds."""
    resumes = [float(event["t"]) for event in run.log.of("resume")]
    parts = match.aligned.parts
    from_t = -math.inf
    for part, following in itertools.pairwise((*parts, None)):
        if part is None:
            continue
        until_t = next_t = math.inf
        if following is not None:
            (i0, j0), (i1, j1) = part.pairs[-1], following.pairs[0]
            last, first = went[i0].t_sent, went[i1].t_sent
            between = [t for t in resumes if last < t <= first]
            broken = [b / read.rate_hz for b, _ in read.stretches[1:]]
            pause = [b for b in broken if match.recorded.t[j0] < b <= match.recorded.t[j1]]
            until_t = next_t = between[-1] if between else (last + first) / 2
            if pause and not between:
                slope = 1.0 + part.line.drift
                until_t = (pause[0] - part.line.offset_s) / slope
                next_t = (pause[-1] - following.line.offset_s) / slope
        yield Stretch(part.line.offset_s, from_t, until_t, len(part.pairs))
        from_t = next_t


# -- the rows -------------------------------------------------------------------------------------


def _rows(
    run: RunLog, asked: list[_Asked], went: list[_Asked], match: _Match, clocks: Clocks
) -> list[Row]:
    """Every code of the log in order, and those that are in the recording only, by time."""
    copies = dict(match.aligned.pairs)
    by_event = {id(one.event): copies.get(i) for i, one in enumerate(went)}
    taken = set(copies.values())
    rows: list[tuple[float, Row]] = []
    for one in asked:
        copy = by_event.get(id(one.event))
        if copy is None and not sent(one.event) and one.outcome != "disarmed":
            copy = _arrived_all_the_same(one, match, clocks, taken)
        row = _row(one, copy, match, clocks)
        rows.append((row.onset_s or 0.0, row))
    names = {code: name for name, code in _book(run)}
    for j, t in enumerate(match.recorded.t.tolist()):
        if j not in taken and _during(t, asked, clocks):
            rows.append((t, _extra(j, match, taken, run, names)))
    return [row for _, row in sorted(rows, key=lambda pair: pair[0])]


def _row(one: _Asked, copy: int | None, match: _Match, clocks: Clocks) -> Row:
    at, ran = clocks.place(one.t_sent)
    away = None if copy is None else float(match.recorded.t[copy]) - at
    status: Status = "recorded"
    if one.outcome == "disarmed":
        status = "disarmed"
    elif not sent(one.event):
        status = "lost"
    elif copy is None:
        status = "missing" if ran else "outside"
    elif away is not None and abs(away) > _shift_limit(clocks.rate_hz):
        status = "shifted"
    return Row(
        sitting=one.sitting,
        seq=one.event.get("seq"),
        name=str(one.event.get("name") or ""),
        code=one.code,
        t_event=one.t_event,
        t_sent=one.t_sent if one.event.get("t_write_start") is not None else None,
        outcome=one.outcome,
        status=status,
        sample=None if copy is None else int(match.samples[copy]),
        onset_s=at if copy is None else float(match.recorded.t[copy]),
        residual_s=away,
        value=None if copy is None else int(match.values[copy]),
    )


def _arrived_all_the_same(
    one: _Asked, match: _Match, clocks: Clocks, taken: set[int]
) -> int | None:
    """A code that the log holds for lost (a driver that was stuck), if it is in the recording."""
    at, _ = clocks.place(one.t_sent)
    near = np.flatnonzero(np.abs(match.recorded.t - at) <= max(0.05, 2 / clocks.rate_hz))
    for j in near.tolist():
        if j not in taken and match.values[j] == one.code:
            taken.add(j)
            return int(j)
    return None


def _during(at: float, asked: list[_Asked], clocks: Clocks) -> bool:
    """Whether a moment of the recording lies in a sitting of the run."""
    spans: dict[int, tuple[float, float]] = {}
    for one in asked:
        low, high = spans.get(one.sitting, (one.t_event, one.t_event))
        spans[one.sitting] = min(low, one.t_event), max(high, one.t_event)
    return any(
        low - AROUND_S <= t <= high + AROUND_S
        for t in clocks.back(at)
        for low, high in spans.values()
    )


def _extra(j: int, match: _Match, taken: set[int], run: RunLog, names: dict[int, str]) -> Row:
    value = int(match.values[j])
    return Row(
        sitting=None,
        seq=None,
        name=names.get(value, ""),
        code=value,
        t_event=None,
        t_sent=None,
        outcome="",
        status="line_late" if _falls_late(j, match, taken, run) else "extra",
        sample=int(match.samples[j]),
        onset_s=float(match.recorded.t[j]),
        value=value,
    )


def _falls_late(j: int, match: _Match, taken: set[int], run: RunLog) -> bool:
    """Whether a marker is what is left of the code before it at the end of its pulse."""
    if j == 0 or j - 1 not in taken:
        return False
    before, value = match.values[j - 1], match.values[j]
    since = float(match.recorded.t[j] - match.recorded.t[j - 1])
    pulse_s = float((run.header.get("trigger") or {}).get("pulse_ms") or 0.0) / 1000
    return not value & ~before and value != before and abs(since - pulse_s) <= PULSE_END_S


def _book(run: RunLog) -> Iterator[tuple[str, int]]:
    for name, said in (run.header.get("codes") or {}).items():
        code = said.get("code") if isinstance(said, dict) else said
        if isinstance(code, int):
            yield name, code


# -- what else should be known --------------------------------------------------------------------


def _too_short(run: RunLog, read: Recording) -> str:
    pulse_ms = (run.header.get("trigger") or {}).get("pulse_ms")
    least_ms = 2000.0 / read.rate_hz
    if not isinstance(pulse_ms, int | float) or pulse_ms >= least_ms:
        return ""
    return (
        f"The pulse of {pulse_ms:g} ms is shorter than two samples at {read.rate_hz:g} Hz: make "
        f"pulse_ms at least {least_ms:g} in rig.toml, or record faster."
    )


def _notes(run: RunLog, went: list[_Asked], match: _Match, read: Recording) -> Iterator[str]:
    yield from run.log.damage
    if match.track.merged:
        yield (
            f"{match.track.merged} times the lines of a code rose a sample apart; each was taken "
            "as one code at its first sample."
        )
    if len(read.stretches) > 1:
        yield f"the recorder was paused {len(read.stretches) - 1} times."
    matched = {went[i].sitting for i, _ in match.aligned.pairs}
    for sitting in sorted({one.sitting for one in went} - matched):
        yield (
            f"part {sitting + 1} of the run (it was resumed) has no code in this recording; its "
            "times are those of the other part's clock and may be off."
        )
    others = [track for track in read.tracks if len(track) and track.name != match.track.name]
    if others:
        named = ", ".join(f"{track.name} ({len(track)})" for track in others)
        yield f"other numbers in the recording were not used: {named}."
