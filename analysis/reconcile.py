"""Is every code of a log in the recording? The two laid beside each other, with one clock.

Sent and recorded codes are aligned (``analysis.alignment``), the recorder's clock is fitted on the
computer's, and each code is told: recorded, missing, shifted, extra. The events of the log can
then be had on the recorder's time axis, the lost ones too.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from analysis.matching import (
    AROUND_S,
    Asked,
    Match,
    asked_codes,
    best_match,
    refuse_without_line,
)
from analysis.reconciled import Clocks, Reconciled, Row, Status, Stretch
from analysis.recording import Recording, read_recording
from mbtexp.bids.runs import Labels, RunLog, sent
from mbtexp.events import Log, read_log

__all__ = ["Reconciled", "reconcile"]

SHIFTED_S = 0.002
"""A code further than this from its place, and further than 1.5 samples, is told."""

PULSE_END_S = 0.005
"""A line that falls late does so within this time of the end of the pulse."""


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
    events = read_log(log)
    run = RunLog(_labels(events), events)
    asked = list(asked_codes(run))
    refuse_without_line(run, asked, rehearsal=rehearsal)
    read = read_recording(recording)
    went = [one for one in asked if sent(one.event)]
    match = best_match(run, went, read)
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


def _labels(log: Log) -> Labels:
    header = log.header
    session = header.get("session")
    return Labels(
        participant=str(header.get("participant", "")),
        session=None if session is None else str(session),
        task=str(header.get("task", "")),
        run=str(header.get("run", "")),
        name=log.path.stem.removesuffix("_log"),
    )


def _default_out(log: Path, labels: Labels) -> Path:
    for folder in log.absolute().parents:
        if folder.name == "sourcedata":
            return folder.parent / "derivatives" / "mbtexp-reconcile" / labels.folder / "eeg"
    return log.parent / "reconciled"


def _ambiguous_s(match: Match) -> float | None:
    rival = match.aligned.rival
    return None if rival is None else rival.offset_s - match.aligned.parts[0].line.offset_s


# -- the clocks -----------------------------------------------------------------------------------


def _clocks(run: RunLog, went: list[Asked], match: Match, read: Recording) -> Clocks:
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


def _residuals(match: Match) -> list[float]:
    return [
        float(match.recorded.t[j]) - part.line.at(float(match.sent.t[i]))
        for part in match.aligned.parts
        for i, j in part.pairs
    ]


def _shift_limit(rate_hz: float) -> float:
    return max(SHIFTED_S, 1.5 / rate_hz)


def _stretches(run: RunLog, went: list[Asked], match: Match, read: Recording) -> Iterator[Stretch]:
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
    run: RunLog, asked: list[Asked], went: list[Asked], match: Match, clocks: Clocks
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
        rows.append((one.t_sent, row))
    names = {code: name for name, code in _book(run)}
    spans = _spans(asked)
    for j, t in enumerate(match.recorded.t.tolist()):
        if j in taken:
            continue
        during = [at for at in clocks.back(t) if any(low <= at <= high for low, high in spans)]
        if during:
            rows.append((during[0], _extra(j, match, taken, run, names)))
    return [row for _, row in sorted(rows, key=lambda pair: pair[0])]


def _row(one: Asked, copy: int | None, match: Match, clocks: Clocks) -> Row:
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


def _arrived_all_the_same(one: Asked, match: Match, clocks: Clocks, taken: set[int]) -> int | None:
    """A code that the log holds for lost (a driver that was stuck), if it is in the recording."""
    at, _ = clocks.place(one.t_sent)
    near = np.flatnonzero(np.abs(match.recorded.t - at) <= max(0.05, 2 / clocks.rate_hz))
    for j in near.tolist():
        if j not in taken and match.values[j] == one.code:
            taken.add(j)
            return int(j)
    return None


def _spans(asked: list[Asked]) -> list[tuple[float, float]]:
    """From the first to the last code of each sitting, and a little around."""
    return [
        (min(times) - AROUND_S, max(times) + AROUND_S)
        for sitting in {one.sitting for one in asked}
        for times in ([one.t_event for one in asked if one.sitting == sitting],)
    ]


def _extra(j: int, match: Match, taken: set[int], run: RunLog, names: dict[int, str]) -> Row:
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


def _falls_late(j: int, match: Match, taken: set[int], run: RunLog) -> bool:
    """Whether a marker is what is left of the code before it at the end of its pulse."""
    if j == 0 or j - 1 not in taken:
        return False
    before, value = match.values[j - 1], match.values[j]
    since = float(match.recorded.t[j] - match.recorded.t[j - 1])
    pulse_s = float((run.header.get("trigger") or {}).get("pulse_ms") or 0.0) / 1000
    return not value & ~before and value != before and abs(since - pulse_s) <= PULSE_END_S


def _book(run: RunLog) -> Iterator[tuple[str, int]]:
    for name, said in (run.header.get("codes") or {}).items():
        code = said.get("value", said.get("code")) if isinstance(said, dict) else said
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


def _notes(run: RunLog, went: list[Asked], match: Match, read: Recording) -> Iterator[str]:
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
