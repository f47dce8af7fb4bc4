"""Quality of each run: what was checked, what was found, and what to do where it falls short."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Literal

from analysis.held import held_marks
from analysis.indices import CHANCE_ALPHA, MISSED_LIMIT, Index
from analysis.read import Trials, number
from analysis.tables import as_json, lines
from mbtexp.events import Event, Log

Severity = Literal["none", "note", "warning", "error"]

REFRESH_LIMIT = 0.01
"""Largest relative difference between the nominal and the measured refresh rate."""

HELD_LIMIT = 0.05
"""Largest share of trials that begin with a key down."""

TR_LIMIT = 0.005
"""Largest relative difference between the rig's TR and that of the pulses."""

REACHED = frozenset({"sent", "deferred_sent", "truncated"})
"""Outcomes of a trigger code with which it reached the recorder."""


COUNTED = frozenset({"first", "ok", "missing_before"})
"""Flags of a scanner pulse that counts."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """One row of the table of quality; ``passed`` is None where nothing could be checked."""

    participant: str
    session: str | None
    task: str
    run: int
    check: str
    value: float | str | None
    limit: float | str | None
    passed: bool | None
    severity: Severity
    """How bad a failure is; ``none`` for what passed or could not be checked."""
    what_to_do: str | None


@dataclass(frozen=True)
class _Rule:
    """A check's meaning, how bad its failure is, and what to do then."""

    description: str
    severity: Severity
    what_to_do: str


RULES = {
    "completed": _Rule(
        "whether the run reached its end",
        "error",
        "Resume the run, or decide by the study's rule whether its first part counts.",
    ),
    "trials_on_record": _Rule(
        "complete test trials, against those of the design",
        "error",
        "Compare with the notes of the session; trials that are not in the log cannot be restored.",
    ),
    "damaged_lines": _Rule(
        "lines of the log that could not be read",
        "error",
        "Copy the log again from the machine that wrote it; if it stays damaged, keep both copies.",
    ),
    "repeated_lines": _Rule(
        "trials with more than one line in the log",
        "warning",
        "The last line of a trial counts; look at the log to see why there are several.",
    ),
    "missed_share": _Rule(
        "share of test trials without an answer",
        "warning",
        "Ask whether the participant understood the task and could reach the keys.",
    ),
    "chance": _Rule(
        "probability of the score, or a better one, by guessing",
        "warning",
        "The score is not distinguishable from guessing; apply the study's rule for exclusion.",
    ),
    "held_keys": _Rule(
        "share of test trials that began with a key down that had not just brought the trial on",
        "warning",
        "Look for a stuck key; ask the participant to let go of the key after each answer.",
    ),
    "restarted_trials": _Rule(
        "trials that were begun more than once",
        "note",
        "These pictures were seen before the answer; check the notes for the interruption.",
    ),
    "resumed": _Rule(
        "how often the run was resumed",
        "note",
        "Check the notes for the interruption, and that the devices were set up as before.",
    ),
    "missed_frames": _Rule(
        "refreshes missed in phases with a trigger code",
        "warning",
        "Close other programs on the presentation machine and run the check of the rig.",
    ),
    "late_onsets": _Rule(
        "coded phases whose onset is more than one frame off its plan",
        "warning",
        "Use the logged onsets, never the planned ones; run the check of the rig.",
    ),
    "triggers_lost": _Rule(
        "trigger codes that never reached the recorder",
        "error",
        "Take the events from the log instead of the recording; check cable and port.",
    ),
    "short_pulses": _Rule(
        "trigger pulses cut short by the next code",
        "warning",
        "The recorder may have missed them; compare the codes in the recording with the log.",
    ),
    "refresh": _Rule(
        "relative difference of the measured and the nominal refresh rate",
        "error",
        "Set the monitor to the rate in the rig's file, or correct refresh_hz there.",
    ),
    "scan_start": _Rule(
        "what time zero of the run is: a scanner pulse, or the operator's key",
        "error",
        "No pulse began the run: its onsets belong to no scan unless something else aligns them.",
    ),
    "pulses_seen": _Rule(
        "scanner pulses seen, against those due before the run ended",
        "error",
        "Read the number of volumes at the console. If the scan was complete, its first pulse went "
        "missing: add a TR to every onset for each that is lacking. If not, it ended early.",
    ),
    "pulses_missing": _Rule(
        "scanner pulses that went missing between others",
        "warning",
        "The onsets stand. Mend the line: a first pulse that goes missing shifts all of a run.",
    ),
    "pulses_extra": _Rule(
        "scanner pulses too soon after another",
        "note",
        "They were not counted. Look for a bouncing contact, or a pulse a slice.",
    ),
    "pulses_early": _Rule(
        "scanner pulses before the run waited for them",
        "warning",
        "If they were the scan itself, it was started too early and time zero is not its start.",
    ),
    "tr": _Rule(
        "TR by the pulses (s), against the rig's",
        "error",
        "Check the protocol at the scanner, tr_s in the rig's file, and the interface's mode "
        "(toggle, a pulse a slice).",
    ),
}
"""Every check, in the order of its rows."""

COLUMNS = tuple(entry.name for entry in fields(Check))


def quality(log: Log, trials: Trials, indices: Sequence[Index] = ()) -> list[Check]:
    """All checks of one run, always the same rows; its ``indices`` tell whether it is at chance.

    A run that its protocol calls practice has what was found in the rows, and no verdict.
    """
    found = {
        "completed": _is(trials.run.status, "complete"),
        "trials_on_record": _at_least(len(trials.test), trials.run.n_planned),
        "damaged_lines": _at_most(len(trials.run.damage), 0),
        "repeated_lines": _at_most(len(trials.told), 0),
        "missed_share": _share([trial.missed for trial in trials.test], MISSED_LIMIT),
        "chance": _chance(indices),
        "held_keys": _share(held_marks(log, trials), HELD_LIMIT),
        "restarted_trials": _at_most(sum(trial.attempt > 1 for trial in trials), 0),
        "resumed": _at_most(trials.run.segments - 1, 0),
        **_timing(log),
        **_triggers(log),
        "refresh": _refresh(log),
        **_pulses(log),
    }
    return [_check(trials, name, *found[name]) for name in RULES]


Found = tuple[float | str | None, float | str | None, bool | None]
"""What was found, its limit, and whether it passed."""


def _check(
    trials: Trials,
    name: str,
    value: float | str | None,
    limit: float | str | None,
    passed: bool | None,
) -> Check:
    passed = None if trials.run.practice else passed
    failed = passed is False
    return Check(
        participant=trials.run.participant,
        session=trials.run.session,
        task=trials.run.task,
        run=trials.run.run,
        check=name,
        value=value,
        limit=limit,
        passed=passed,
        severity=RULES[name].severity if failed else "none",
        what_to_do=RULES[name].what_to_do if failed else None,
    )


def _is(value: str, wanted: str) -> Found:
    return value, wanted, value == wanted


def _at_most(value: float, limit: float) -> Found:
    return value, limit, value <= limit


def _at_least(value: float, limit: float) -> Found:
    return value, limit, value >= limit


def _share(marks: Sequence[bool], limit: float) -> Found:
    if not marks:
        return None, limit, None
    return _at_most(sum(marks) / len(marks), limit)


def _chance(indices: Iterable[Index]) -> Found:
    p = next((i.value for i in indices if i.index == "chance_p" and i.condition == "all"), None)
    return (None, CHANCE_ALPHA, None) if p is None else (p, CHANCE_ALPHA, p < CHANCE_ALPHA)


def _timing(log: Log) -> dict[str, Found]:
    coded = [phase for phase in log.of("phase") if phase.get("code") is not None]
    if not coded:
        return {"missed_frames": (None, 0, None), "late_onsets": (None, 0, None)}
    late: Found = (None, 0, None)
    rates = [measured for measured, _ in _refresh_rates(log)]
    if rates:
        frame_s = 1 / min(rates)
        late = _at_most(sum(error > frame_s for error in _onset_errors(coded)), 0)
    missed = sum(phase.get("missed") or 0 for phase in coded)
    return {"missed_frames": _at_most(missed, 0), "late_onsets": late}


def _onset_errors(phases: Iterable[Event]) -> Iterator[float]:
    for phase in phases:
        planned, onset = number(phase.get("onset_planned")), number(phase.get("onset"))
        if planned is not None and onset is not None:
            yield abs(onset - planned)


def _triggers(log: Log) -> dict[str, Found]:
    """Codes that got lost, by their own lines or by the count at the end, whichever is more.

    A run that was killed has no count for its last part, and a line that could not be written down
    appears in the count alone.
    """
    outcomes = [event.get("outcome") for event in log.of("trigger")]
    counted = sum(int((event.get("triggers") or {}).get("lost") or 0) for event in log.of("end"))
    lost = max(counted, sum(outcome not in REACHED for outcome in outcomes))
    return {
        "triggers_lost": _at_most(lost, 0),
        "short_pulses": _at_most(sum(outcome == "truncated" for outcome in outcomes), 0),
    }


def _pulses(log: Log) -> dict[str, Found]:
    """The scanner's pulses by their own lines, and by what each part of the run said at its end."""
    if (log.header.get("rig") or {}).get("mode") != "fmri":
        nothing: Found = (None, None, None)
        names = ("scan_start", "pulses_seen", "pulses_missing", "pulses_extra", "pulses_early")
        return {**dict.fromkeys(names, nothing), "tr": nothing}
    pulses = list(log.of("pulse"))
    flags = [str(pulse.get("flag")) for pulse in pulses]
    ends = [event["pulses"] for event in log.of("end") if event.get("pulses")]
    start = "by hand" if "manual" in flags else "pulse" if "first" in flags else "nothing"
    return {
        "scan_start": _is(start, "pulse"),
        "pulses_seen": _pulses_seen(flags, ends),
        "pulses_missing": _at_most(sum(int(pulse.get("missing") or 0) for pulse in pulses), 0),
        "pulses_extra": _at_most(flags.count("extra"), 0),
        "pulses_early": _at_most(flags.count("early"), 0),
        "tr": _tr(ends),
    }


def _pulses_seen(flags: Sequence[str], ends: Sequence[Event]) -> Found:
    seen = sum(flag in COUNTED for flag in flags)
    expected = [number(end.get("expected")) for end in ends]
    known = [due for due in expected if due is not None]
    if not ends or len(known) < len(expected):
        return seen, None, None if seen else False
    lacking = sum(int(end.get("lost_at_an_end") or 0) for end in ends)
    return seen, sum(known), seen > 0 and lacking == 0


def _tr(ends: Sequence[Event]) -> Found:
    """The TR of that part of the run where it is farthest from the rig's."""
    both = [(number(end.get("tr_estimate_s")), number(end.get("tr_s"))) for end in ends]
    known = [(estimate, nominal) for estimate, nominal in both if estimate and nominal]
    if not known:
        return None, None, None
    estimate, nominal = max(known, key=lambda pair: abs(pair[0] / pair[1] - 1))
    return estimate, nominal, abs(estimate / nominal - 1) <= TR_LIMIT


def _refresh(log: Log) -> Found:
    differences = [abs(measured / nominal - 1) for measured, nominal in _refresh_rates(log)]
    if not differences:
        return None, REFRESH_LIMIT, None
    return _at_most(max(differences), REFRESH_LIMIT)


def _refresh_rates(log: Log) -> list[tuple[float, float]]:
    """Measured and nominal refresh rate (Hz) of each part of the run that says both."""
    rig = (log.header.get("rig") or {}).get("display") or {}
    rates = []
    for opening in (log.header, *log.of("resume")):
        display = opening.get("display") or {}
        measured = number(display.get("refresh_measured_hz")) or number(display.get("refresh_hz"))
        nominal = number(display.get("refresh_nominal_hz")) or number(rig.get("refresh_hz"))
        if measured and nominal:
            rates.append((measured, nominal))
    return rates


def check_lines(checks: Iterable[Check]) -> bytes:
    """A run's lines of the table of quality; the same rows give the same bytes."""
    return lines([getattr(check, name) for name in COLUMNS] for check in checks)


def quality_json() -> bytes:
    """The data dictionary that lies beside the table of quality."""
    return as_json(
        {
            "participant": {"Description": "label of the participant"},
            "session": {"Description": "label of the session"},
            "task": {"Description": "name of the task"},
            "run": {"Description": "number of the run"},
            "check": {
                "Description": "what was checked",
                "Levels": {name: rule.description for name, rule in RULES.items()},
            },
            "value": {"Description": "what was found; n/a if it could not be checked"},
            "limit": {"Description": "the limit (or the state) that passes"},
            "passed": {"Description": "whether it passed; n/a if it could not be checked"},
            "severity": {
                "Description": "how bad a failure is",
                "Levels": {
                    "none": "nothing failed",
                    "note": "worth knowing",
                    "warning": "look at it before the run is used",
                    "error": "the run must not be used as it stands",
                },
            },
            "what_to_do": {"Description": "advice where the check failed"},
        }
    )
