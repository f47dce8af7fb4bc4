"""A run's two tables: everything that happened in time, and one row for each completed trial."""

from __future__ import annotations

import json
import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from operator import itemgetter
from typing import Any

from mbtexp.bids.runs import RunLog, TaggedEvent, sent
from mbtexp.events import Event

Row = dict[str, str]

MISSING = "n/a"

EARLIEST_S = -60.0
"""Earliest onset before the scanner's start that BIDS finds plausible; earlier rows stay out."""

BLANK = r"\{(\w+)\}"
"""A column's name in a regressor's."""

SAME_MOMENT_S = 0.001
"""A code and the flip or press that it marks carry times of one clock, at most this far apart."""

LEADING = ("onset", "duration", "trial_type", "response_time", "event", "phase")
PLACE = ("trial", "block", "attempt")
TRAILING = ("key", "status", "window", "trigger", "value", "onset_planned", "frames_dropped")
LAST = ("tag", "excluded")

# nilearn weights its regressors by a column `modulation`, BIDS wants a file behind `stim_file`,
# and HED readers take a column `HED` for annotations.
_TAKEN = {"modulation", "stim_file", "HED", "sample", "channel", "flag"}
EVENTS_TAKEN = _TAKEN | {*LEADING, *TRAILING, *LAST, "attempt"}
TRIALS_TAKEN = _TAKEN | {"onset", "duration", "attempt", "frames_dropped"}


@dataclass(frozen=True)
class Table:
    """Columns in their order and rows of finished cells."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    def tsv(self) -> bytes:
        """The file's bytes: tabs, LF, UTF-8, no quotes."""
        lines = [
            self.columns,
            *(tuple(row.get(c, MISSING) for c in self.columns) for row in self.rows),
        ]
        return "".join("\t".join(line) + "\n" for line in lines).encode()

    def values(self, column: str) -> list[str]:
        """The different values of a column in order of appearance, without missing ones."""
        found = dict.fromkeys(row.get(column, MISSING) for row in self.rows)
        return [value for value in found if value != MISSING]


def cell(value: Any) -> str:
    r"""A value as it stands in a table.

    >>> [cell(value) for value in (None, True, 0.1, 1e-7, "a\tb", ["x", "y"], [])]
    ['n/a', 'true', '0.1', '0.0000001', 'a b', 'x;y', 'n/a']
    """
    if value is None:
        return MISSING
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f") if math.isfinite(value) else MISSING
    if isinstance(value, list | tuple):
        return ";".join(cell(part) for part in value) or MISSING
    if isinstance(value, Mapping):
        return _text(json.dumps(value, ensure_ascii=False, sort_keys=True))
    return str(value)


_SPACE = re.compile(r"\s")


def _text(text: str) -> str:
    # Readers of TSV differ about quotes: pandas lets an opening one swallow the rows that follow.
    return _SPACE.sub(" ", text).replace('"', "'").strip() or MISSING


def seconds(value: float | None) -> str:
    """A time in a table: microseconds, never a negative zero.

    >>> seconds(-0.00000001), seconds(None)
    ('0.000000', 'n/a')
    """
    return MISSING if value is None else f"{round(value, 6) + 0.0:.6f}"


def column_name(name: str, taken: Iterable[str]) -> str:
    """A task's column under a name that means nothing else in BIDS or to its readers."""
    return f"task_{name}" if name in taken else name


def task_cells(facts: Event, names: Sequence[str], taken: Iterable[str]) -> Row:
    """A trial's design and outcome as cells."""
    return {column_name(name, taken): cell(facts.get(name)) for name in names}


# -- one row a trial ----------------------------------------------------------------------------


def trials_table(run: RunLog) -> Table:
    """One row for each completed trial, in the order in which they were completed."""
    own = tuple(column_name(name, TRIALS_TAKEN) for name in run.columns)
    dropped = _dropped_by_trial(run)
    rows = tuple(
        {
            "trial": cell(trial),
            "block": cell(tagged.event.get("block")),
            "attempt": cell(run.attempt_number(tagged)),
            **task_cells(run.facts(trial, outcome=True), run.columns, TRIALS_TAKEN),
            "frames_dropped": cell(dropped.get(trial, 0)),
        }
        for trial, tagged in run.completed.items()
    )
    return Table((*PLACE, *own, "frames_dropped"), rows)


def _dropped_by_trial(run: RunLog) -> dict[int, int]:
    dropped: dict[int, int] = {}
    for tagged in run.of("phase"):
        trial = tagged.event.get("trial")
        if trial is not None and run.counts(tagged):
            dropped[trial] = dropped.get(trial, 0) + (tagged.event.get("missed") or 0)
    return dropped


# -- one row an event ---------------------------------------------------------------------------


def events_table(run: RunLog) -> Table:
    """Everything that happened, sorted by its onset."""
    own = tuple(column_name(name, EVENTS_TAKEN) for name in run.columns)
    pulses = ("flag",) if any(True for _ in run.of("pulse")) else ()
    columns = (*LEADING, *PLACE, *own, *TRAILING, *LAST, *pulses)
    timed = sorted(_timed_rows(run), key=lambda pair: pair[0])
    earliest = EARLIEST_S if run.starts_with_pulse else -math.inf
    rows = tuple(
        {"onset": seconds(onset - run.zero), **row}
        for onset, row in timed
        if onset - run.zero >= earliest
    )
    return Table(columns, rows)


def _timed_rows(run: RunLog) -> Iterator[tuple[float, Row]]:
    codes = _codes_by_event(run)
    answers = _answers(run)
    cells = _cells_by_trial(run)
    for tagged in run.tagged:
        event = tagged.event
        if event["kind"] == "phase":
            yield (
                event["onset"],
                {
                    **_trial_cells(run, tagged, cells),
                    **_phase_row(run, tagged, answers),
                    **_code_cells(codes.get(id(event))),
                },
            )
        elif event["kind"] == "response" and event.get("down"):
            yield (
                event["t"],
                {
                    **_trial_cells(run, tagged, cells),
                    **_response_row(event),
                    **_code_cells(codes.get(id(event))),
                },
            )
        elif event["kind"] == "pulse":
            yield event["t"], {**_plain_row("pulse"), "flag": cell(event.get("flag"))}
        elif event["kind"] in ("resume", "abort"):
            yield event["t"], _plain_row(event["kind"])
    yield from _stretches(run, "block")
    yield from _stretches(run, "pause")
    marked = {id(trigger) for trigger in codes.values()}
    for tagged in run.of("trigger"):
        if id(tagged.event) not in marked:
            yield _moment(tagged.event), {**_plain_row("trigger"), **_code_cells(tagged.event)}


def _plain_row(event: str, duration_s: float = 0.0) -> Row:
    return {"duration": seconds(duration_s), "event": event}


def _phase_row(run: RunLog, tagged: TaggedEvent, answers: Mapping[Any, float]) -> Row:
    phase = tagged.event
    offset = phase["onset"] if phase.get("offset") is None else phase["offset"]
    planned = phase.get("onset_planned")
    return {
        "duration": seconds(max(0.0, offset - phase["onset"])),
        "trial_type": trial_type(run, tagged) or MISSING,
        "response_time": seconds(answers.get(_window_key(tagged))),
        "event": "phase",
        "phase": cell(phase["phase"]),
        "onset_planned": seconds(None if planned is None else planned - run.zero),
        "frames_dropped": cell(phase.get("missed")),
        "tag": cell(phase.get("tag")),
    }


def _response_row(press: Event) -> Row:
    return {
        "duration": seconds(0.0),
        "response_time": seconds(press.get("rt_s")),
        "event": "response",
        "key": cell(press.get("key")),
        "status": cell(press.get("status")),
        "window": cell(press.get("phase")),
    }


def _cells_by_trial(run: RunLog) -> dict[tuple[int, bool], Row]:
    """What all rows of a trial say alike, without its outcome and with it."""
    return {
        (trial, counts): {
            "block": cell(facts.get("block")),
            **task_cells(facts, run.columns, EVENTS_TAKEN),
            "excluded": cell(not counts),
        }
        for trial in run.attempts
        for counts in (False, True)
        for facts in (run.facts(trial, outcome=counts),)
    }


def _trial_cells(run: RunLog, tagged: TaggedEvent, cells: Mapping[tuple[int, bool], Row]) -> Row:
    trial = tagged.event.get("trial")
    if trial is None:
        return {}
    own = {"trial": cell(trial), "attempt": cell(run.attempt_number(tagged))}
    return {**own, **cells[trial, run.counts(tagged)]}


def trial_type(run: RunLog, tagged: TaggedEvent) -> str | None:
    """The regressor that a phase belongs to; None for practice and for attempts that do not count.

    A task may name columns in it: ``eyes_{condition}`` becomes ``eyes_mental``.
    """
    phase = tagged.event
    pattern = (run.header.get("phases", {}).get(phase["phase"]) or {}).get("trial_type")
    if pattern is None or phase.get("trial") is None or not run.counts(tagged):
        return None
    facts = run.facts(phase["trial"], outcome=True)
    if facts.get("practice"):
        return None
    filled = re.sub(BLANK, lambda blank: cell(facts.get(blank[1])), pattern)
    # Contrasts are written as formulas: a slash or a blank in a name would break them.
    return re.sub(r"\W+", "_", filled).strip("_") or None


def _window_key(tagged: TaggedEvent) -> tuple[int, int, int, str]:
    event = tagged.event
    trial = -1 if event.get("trial") is None else event["trial"]
    return tagged.sitting, trial, event.get("attempt", 1), event["phase"]


def _answers(run: RunLog) -> dict[tuple[int, int, int, str], float]:
    return {
        _window_key(tagged): tagged.event["rt_s"]
        for tagged in run.of("response")
        if tagged.event.get("status") == "counted"
        and tagged.event.get("down")
        and tagged.event.get("trial") is not None
        and tagged.event.get("rt_s") is not None
    }


def _stretches(run: RunLog, kind: str) -> Iterator[tuple[float, Row]]:
    """Blocks or pauses from their edges; one that was cut short ends where its sitting ended."""
    begun: Event | None = None
    before = 0.0
    for tagged in run.tagged:
        event = tagged.event
        starts = event["kind"] == kind and event.get("edge") == "start"
        ends = event["kind"] == kind and event.get("edge") == "end"
        if begun is not None and (starts or ends or event["kind"] in ("resume", "abort", "end")):
            until = event["t"] if event["kind"] != "resume" else before
            yield (
                begun["t"],
                {**_plain_row(kind, max(0.0, until - begun["t"])), **_block_cell(begun)},
            )
            begun = None
        if starts:
            begun = event
        before = max(before, event["t"])
    if begun is not None:
        yield begun["t"], {**_plain_row(kind, run.last_t - begun["t"]), **_block_cell(begun)}


def _block_cell(event: Event) -> Row:
    return {"block": cell(event["block"])} if "block" in event else {}


# -- trigger codes ------------------------------------------------------------------------------


def _codes_by_event(run: RunLog) -> dict[int, Event]:
    """For each phase and press (by its identity) the trigger code that marked it."""
    phases = [(event["onset"], event) for event in run.log.of("phase") if event.get("code")]
    presses = [(event["t"], event) for event in run.log.of("response") if event.get("down")]
    marked: dict[int, Event] = {}
    for events, flips in ((phases, True), (presses, False)):
        events.sort(key=itemgetter(0))
        times = [t for t, _ in events]
        for trigger in run.log.of("trigger"):
            if (trigger.get("kind_of") == "flip") is not flips:
                continue
            first = bisect_left(times, _moment(trigger) - SAME_MOMENT_S)
            last = bisect_right(times, _moment(trigger) + SAME_MOMENT_S)
            for _, event in events[first:last]:
                if id(event) not in marked and (not flips or event["code"] == trigger["code"]):
                    marked[id(event)] = trigger
                    break
    return marked


def _moment(trigger: Event) -> float:
    t = trigger.get("t_event")
    return float(trigger["t"] if t is None else t)


def _code_cells(trigger: Event | None) -> Row:
    if trigger is None:
        return {}
    return {
        "trigger": cell(trigger.get("name")),
        # Behind a compact map the wire had another value than the code.
        "value": cell(trigger.get("value", trigger.get("code"))) if sent(trigger) else MISSING,
    }
