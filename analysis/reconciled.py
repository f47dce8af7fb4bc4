"""What became of each code of a log in the recording: the rows, the clocks, the verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mbtexp.bids.runs import RunLog

Status = Literal[
    "recorded", "shifted", "missing", "outside", "lost", "disarmed", "extra", "line_late"
]

STATUS: Mapping[str, str] = {
    "recorded": "sent, and in the recording in its place",
    "shifted": "in the recording, but further from its place than the others",
    "missing": "sent while the recorder ran, and not in the recording",
    "outside": "sent while the recorder did not run: before, after, or in a pause",
    "lost": "never left the computer, as the log says, and is not in the recording",
    "disarmed": "not meant to be sent: the run was stopped before its picture came",
    "extra": "in the recording during the run, and not in the log",
    "line_late": "in the recording because one line fell later than the others at a pulse's end",
}
"""What each status means."""

USUAL_PPM = 100.0
"""Quartz clocks differ by less (from memory: 20 to 50 ppm each)."""

FEW = 8
"""With fewer codes the alignment could be chance."""

LISTED = 20
"""Codes that a list in the text names."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One code: asked for by the log, or found in the recording only."""

    sitting: int | None
    """0 for the first part of a run, 1 after it was resumed once."""
    seq: int | None
    name: str
    code: int
    t_event: float | None
    """True time of the event on the run clock, s."""
    t_sent: float | None
    """When the byte was written, s on the run clock."""
    outcome: str
    status: Status
    sample: int | None = None
    onset_s: float | None = None
    """From the recording's start, by its marker; for a code that is not there by the clocks."""
    residual_s: float | None = None
    value: int | None = None
    """The number in the recording; differs from the code where wires are swapped or stuck."""


@dataclass(frozen=True)
class Stretch:
    """A part of the run in which both clocks ran on without interruption."""

    offset_s: float
    from_t: float
    until_t: float
    n_codes: int


@dataclass(frozen=True, kw_only=True)
class Clocks:
    """The recorder's time for a time of the log."""

    drift: float
    drift_se: float
    stretches: tuple[Stretch, ...]
    duration_s: float
    """Length of the recording, s."""
    rate_hz: float
    sd_s: float
    """Standard deviation of the residuals of the recorded codes."""
    max_s: float
    """Largest of them."""

    def place(self, t: float) -> tuple[float, bool]:
        """Time in the recording (s), and whether the recorder ran at that moment."""
        chosen = self.stretches[0]
        for stretch in self.stretches:
            if t >= stretch.from_t:
                chosen = stretch
        at = (1.0 + self.drift) * t + chosen.offset_s
        ran = chosen.from_t <= t < chosen.until_t and 0.0 <= at < self.duration_s
        return at, ran

    def back(self, at: float) -> list[float]:
        """The times of the log that a moment of the recording can be."""
        times = [((at - s.offset_s) / (1.0 + self.drift), s) for s in self.stretches]
        return [t for t, stretch in times if stretch.from_t <= t < stretch.until_t]


@dataclass(frozen=True, kw_only=True)
class Count:
    """How often a code was asked for, left, and arrived."""

    code: int
    name: str
    asked: int
    sent: int
    recorded: int
    missing: int
    extra: int


@dataclass(frozen=True, kw_only=True)
class Reconciled:
    """A log beside a recording."""

    run: RunLog
    recording: Path
    out: Path
    """Folder of the files that ``write`` makes."""
    track: str
    """Where in the recording the codes were found."""
    n_recorded: int
    """Codes in it, those of other runs as well."""
    n_others: int
    """Codes before, after and between the parts of this run."""
    rows: tuple[Row, ...]
    clocks: Clocks
    wiring: tuple[str, ...] = ()
    """What is wrong with the lines, if the numbers arrive as others."""
    ambiguous_s: float | None = None
    """Distance to another place in the recording where the log fits nearly as well."""
    too_short: str = ""
    """A sentence, if the pulse was too short for the recording's rate."""
    notes: tuple[str, ...] = ()

    @property
    def counts(self) -> tuple[Count, ...]:
        """One line for each code, in order of number."""
        names: dict[int, str] = {}
        tally: dict[int, Counter[str]] = {}
        for row in self.rows:
            if row.status == "line_late":
                continue
            if row.name or row.code not in names:
                names[row.code] = row.name
            one = tally.setdefault(row.code, Counter())
            one["asked"] += row.status not in ("extra", "disarmed")
            one["sent"] += row.status in ("recorded", "shifted", "missing", "outside")
            one["recorded"] += row.sample is not None and row.status != "extra"
            one["missing"] += row.status in ("missing", "outside")
            one["extra"] += row.status == "extra"
        return tuple(
            Count(
                code=code,
                name=names[code],
                asked=one["asked"],
                sent=one["sent"],
                recorded=one["recorded"],
                missing=one["missing"],
                extra=one["extra"],
            )
            for code, one in sorted(tally.items())
        )

    def of(self, *statuses: Status) -> list[Row]:
        """The rows of some kinds, in order."""
        return [row for row in self.rows if row.status in statuses]

    @property
    def ok(self) -> bool:
        """Whether every code is in the recording once, in its place, and nothing else is."""
        return not self.problems

    @property
    def problems(self) -> tuple[str, ...]:
        """What is not as it should be, each with what to do."""
        return tuple(_problems(self))

    def text(self) -> str:
        """The report as a person reads it."""
        return "\n".join(_lines(self)) + "\n"

    def write(self) -> tuple[Path, ...]:
        """Write the three tables into ``out``; leaves files of anything else alone.

        Raises
        ------
        DataError
            A file of that name is about another recording, or was changed by hand.
        """
        from analysis.reconcile_files import write  # noqa: PLC0415  it needs this module

        return write(self)


# -- the verdict ----------------------------------------------------------------------------------


def _problems(found: Reconciled) -> Iterator[str]:
    present = found.of("recorded", "shifted")
    if found.wiring:
        yield (
            f"The numbers arrive changed: {'; '.join(found.wiring)}. Walk the line (docs/"
            "triggers.md) and mend the cable. Here the codes were matched in spite of it."
        )
    lost = [row for row in found.of("lost") if row.sample is None]
    if lost:
        why = ", ".join(f"{n} {name}" for name, n in Counter(r.outcome for r in lost).items())
        yield (
            f"{_codes(len(lost))} never left the computer ({why}). Check port and cable; their "
            "times are known from the log."
        )
    if found.of("missing"):
        yield (
            f"{_codes(len(found.of('missing')))} left the computer and {_are(found.of('missing'))} "
            "not in the recording. " + (found.too_short or "Check box, cable and adapter.")
        )
    if found.of("outside"):
        yield (
            f"{_codes(len(found.of('outside')))} {_are(found.of('outside'))} outside the "
            f"recording ({_where(found)}). Start the recorder before the run, stop it after, and "
            "do not pause it in between."
        )
    if found.of("extra"):
        yield (
            f"{_codes(len(found.of('extra')))} in the recording {_are(found.of('extra'))} not in "
            "the log. Look for another sender (response box, second program) or a loose cable."
        )
    if found.of("shifted"):
        yield (
            f"{_codes(len(found.of('shifted')))} {_are(found.of('shifted'))} not where the clocks "
            "put them. Use the corrected onsets; if there are many, close other programs."
        )
    if abs(found.clocks.drift) * 1e6 > USUAL_PPM:
        yield (
            f"The clocks differ by {found.clocks.drift * 1e6:.0f} ppm, more than two quartz clocks "
            "do. Check that the sampling rate in the file is the one that was recorded."
        )
    if found.ambiguous_s is not None:
        yield (
            f"The log fits nearly as well {abs(found.ambiguous_s):.1f} s "
            f"{'later' if found.ambiguous_s > 0 else 'earlier'} in the recording. Compare the "
            "first codes and answers with the recorder's screen before the onsets are used."
        )
    if len(present) < FEW:
        yield f"Only {_codes(len(present))} could be compared; that is too few to be sure."


def _where(found: Reconciled) -> str:
    places: Counter[str] = Counter()
    for row in found.of("outside"):
        at = -1.0 if row.onset_s is None else row.onset_s
        before, after = at < 0, at >= found.clocks.duration_s
        places["before it began" if before else "after it ended" if after else "in a pause"] += 1
    return ", ".join(f"{n} {place}" for place, n in places.items())


def _codes(n: int) -> str:
    return f"{n} code{'s' * (n != 1)}"


def _are(rows: list[Row]) -> str:
    return "is" if len(rows) == 1 else "are"


# -- the text -------------------------------------------------------------------------------------


def _lines(found: Reconciled) -> Iterator[str]:
    clocks = found.clocks
    minutes, seconds = divmod(round(clocks.duration_s), 60)
    yield f"log        {found.run.log.path}"
    yield (
        f"recording  {found.recording}  {clocks.rate_hz:g} Hz, {minutes}:{seconds:02d} min, "
        f"{found.track}: {_codes(found.n_recorded)}"
    )
    yield ""
    yield from _verdict(found)
    yield ""
    yield from _clock_lines(clocks)
    yield ""
    yield from _table(found.counts)
    for title, rows in (
        ("missing from the recording", found.of("missing", "outside", "lost")),
        ("in the recording only", found.of("extra")),
        ("not where the clocks put them", found.of("shifted")),
    ):
        yield from _list(title, rows)
    notes = [*_remarks(found), *found.notes]
    if notes:
        yield ""
        yield from (f"note: {note}" for note in notes)


def _verdict(found: Reconciled) -> Iterator[str]:
    n_asked = len([r for r in found.rows if r.status not in ("extra", "line_late", "disarmed")])
    n_present = sum(1 for row in found.rows if row.seq is not None and row.sample is not None)
    if found.ok:
        yield f"GOOD: all {n_asked} codes of the log are in the recording, once and in their place."
        return
    yield f"LOOK: {n_present} of {n_asked} codes of the log are in the recording."
    yield from (f"  - {problem}" for problem in found.problems)


def _clock_lines(clocks: Clocks) -> Iterator[str]:
    yield (
        f"clock      the recorder's is {abs(clocks.drift) * 1e6:.1f} ppm "
        f"{'faster' if clocks.drift >= 0 else 'slower'} than the computer's (standard error "
        f"{clocks.drift_se * 1e6:.1f})"
    )
    starts = ", ".join(f"{stretch.offset_s:.4f} s" for stretch in clocks.stretches)
    several = f" in {len(clocks.stretches)} parts" if len(clocks.stretches) > 1 else ""
    yield f"offset     the log's zero is at {starts} of the recording{several}"
    yield (
        f"residuals  SD {1000 * clocks.sd_s:.2f} ms ({clocks.sd_s * clocks.rate_hz:.2f} samples), "
        f"largest {1000 * clocks.max_s:.2f} ms ({clocks.max_s * clocks.rate_hz:.2f} samples)"
    )


def _table(counts: Iterable[Count]) -> Iterator[str]:
    known = list(counts)
    width = max([4, *(len(one.name) for one in known)])
    yield f"code  {'name':{width}}  asked  sent  recorded  missing  extra"
    for one in known:
        yield (
            f"{one.code:4d}  {one.name:{width}}  {one.asked:5d}  {one.sent:4d}  {one.recorded:8d}  "
            f"{one.missing or '-':>7}  {one.extra or '-':>5}"
        )


def _list(title: str, rows: list[Row]) -> Iterator[str]:
    if not rows:
        return
    yield ""
    yield f"{title} (time in the log, time in the recording):"
    for row in rows[:LISTED]:
        log = "" if row.t_event is None else f"{row.t_event:.3f} s"
        at = "" if row.onset_s is None else f"{row.onset_s:.3f} s"
        why = row.outcome if row.status == "lost" else row.status
        away = "" if row.residual_s is None else f" by {1000 * row.residual_s:+.1f} ms"
        yield f"  {row.code:4d} {row.name:24} {log:>12} {at:>12}  {why}{away}"
    if len(rows) > LISTED:
        yield f"  and {len(rows) - LISTED} more, in the table of codes"


def _remarks(found: Reconciled) -> Iterator[str]:
    truncated = [row for row in found.rows if row.outcome == "truncated"]
    if truncated:
        n_there = sum(1 for row in truncated if row.sample is not None)
        yield (
            f"{_codes(len(truncated))} {_are(truncated)} truncated (the next picture came while "
            f"the pulse was up); {n_there} of them reached the recording."
        )
    deferred = [row for row in found.rows if row.outcome == "deferred_sent"]
    if deferred:
        waits = [r.t_sent - r.t_event for r in deferred if r.t_sent is not None and r.t_event]
        yield (
            f"{_codes(len(deferred))} waited for the line, {1000 * max(waits, default=0):.0f} ms "
            "at most; the corrected onsets are the events' own."
        )
    late = found.of("line_late")
    if late:
        yield (
            f"{len(late)} times a line fell later than the others at the end of a pulse and left a "
            "marker of its own; do not epoch on those."
        )
    back = [row for row in found.of("lost") if row.sample is not None]
    if back:
        yield f"{_codes(len(back))} that the log holds for lost arrived all the same."
    if found.n_others:
        yield f"{_codes(found.n_others)} in the recording lie outside this run (other runs)."
