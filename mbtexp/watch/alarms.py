"""What is wrong with a session, each with what to do about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from mbtexp.show import minutes
from mbtexp.watch.runs import RunSeen
from mbtexp.watch.view import Alarm, Distress

SILENT_S = 120.0
"""Quiet between two trials from which the operator is told; no trial of ours is half as long."""

SILENT_PAGE_S = 300.0
"""The same before the first trial and after the last, where pages are read."""

LATE_SHARE = 0.01
"""Share of late screens from which a run's timing is poor, as the end of a run judges it too."""

LATE_LEAST = 3
"""Late screens below which nobody is alarmed, however short the run."""

PULSES_QUIET = 3
"""Pulses that would have had to come before their absence is told; a run itself tells one."""

PULSES_QUIET_S = 3.0
"""Shortest quiet of the scanner that is told, s: pulses of every slice come in 30 ms."""

MISSED_IN_A_ROW = 5
"""Unanswered trials in a row from which the participant is looked after."""

NAMED_CODES = 3

HOLDERS = ("red", "amber")


def run_alarms(run: RunSeen, silent_s: float) -> list[Alarm]:
    """What is wrong with the run that is going on, or was the last."""
    found = [
        *_calm(run),
        *_stopped(run),
        *_pause(run),
        *_codes(run),
        *_pulses(run, silent_s),
        *_frames(run),
        *_silence(run, silent_s),
        *_answers(run),
        *_log(run),
    ]
    return in_order(found)


def earlier_alarms(run: RunSeen) -> list[Alarm]:
    """What was wrong with a run of this session that is over: to know, nothing burns."""
    found = [*_codes(run), *_pulses(run, 0.0), *_frames(run)]
    if run.ended is None:
        found.append(Alarm("amber", "run", "broke off", "'--resume' goes on with it."))
    where = f"Earlier, {run.header.get('task', run.log)} run {run.header.get('run', '')}: "
    return [replace(alarm, level="amber", text=where + alarm.text) for alarm in found]


def told_alarms(runs: Sequence[RunSeen]) -> list[Alarm]:
    """What runs of this session told the operator to act on at once.

    They stay red until the session is not shown any more: no log says that somebody has gone.
    """
    return [
        Alarm(
            "red",
            "told",
            f"{_clock(run, t)}{text}",
            "Go to the participant, and follow the study's safety plan.",
        )
        for run in runs
        for text, t in run.told.items()
    ]


def _clock(run: RunSeen, t: float) -> str:
    """Time of day of something, local; nothing where nobody can know it."""
    try:
        zero = datetime.fromisoformat(run.began_utc)
    except ValueError:
        return ""
    at = (zero + timedelta(seconds=t)).astimezone()
    return "" if run.virtual else f"{at:%H:%M}: "


def distress_alarms(ratings: Sequence[Distress], limit: float) -> list[Alarm]:
    """Whether the last rating of distress asks for somebody to go to the participant."""
    if not ratings or ratings[-1].value < limit:
        return []
    return [
        Alarm(
            "red",
            "distress",
            f"Distress {ratings[-1].value:g} of 100 (limit {limit:g}).",
            "Go to the participant now. Pause or stop the run, and follow the study's safety plan.",
        )
    ]


def in_order(alarms: Sequence[Alarm]) -> list[Alarm]:
    """The red ones first, otherwise as they came."""
    return sorted(alarms, key=lambda alarm: HOLDERS.index(alarm.level))


def _calm(run: RunSeen) -> Iterator[Alarm]:
    if run.open and run.stays_calm:
        yield Alarm(
            "red",
            "run",
            "The run was stopped: go to the participant.",
            "A calm page is on the screen, and stays until you press one of your two keys there.",
        )


def _stopped(run: RunSeen) -> Iterator[Alarm]:
    if run.ended is not False:
        return
    reason = run.reason or "no reason is in the log"
    advice = "Everything up to there is in the log."
    if "resume" not in reason:
        advice += " Whether it may go on is for the study's rules to say."
    yield Alarm("red", "run", f"The run was stopped: {reason}", advice)


def _pause(run: RunSeen) -> Iterator[Alarm]:
    if run.open and run.pause_asked:
        yield Alarm(
            "red",
            "run",
            "The participant asked for a pause.",
            "Go or speak to the participant now, and let them decide whether to go on.",
        )


def _codes(run: RunSeen) -> Iterator[Alarm]:
    lost = run.codes_lost
    if lost:
        names = ", ".join(dict.fromkeys(run.lost_names[-NAMED_CODES:]))
        yield Alarm(
            "red",
            "codes",
            f"{_count(lost, 'trigger code')} did not reach the recorder"
            + (f" (last: {names})." if names else "."),
            "Check the cable and the box, and look at the recorder's own marker window. "
            "The log says which codes.",
        )
    trigger = run.header.get("trigger", {})
    if trigger.get("mock") and run.header.get("mode") == "lab":
        yield Alarm(
            "amber",
            "codes",
            "No trigger codes are sent: the run was started with --mock-triggers.",
            "If something is recorded, stop the run and start it without that option.",
        )


def _pulses(run: RunSeen, silent_s: float) -> Iterator[Alarm]:
    pulses, period_s = run.pulses, run.pulses.period_s
    if run.open and pulses.last_t is not None and period_s and pulses.still_due:
        quiet_s = run.now_t(silent_s) - pulses.last_t
        if quiet_s > max(PULSES_QUIET * period_s, PULSES_QUIET_S):
            yield Alarm(
                "red",
                "pulses",
                f"The scanner's pulses stopped {minutes(quiet_s)} ago.",
                "Ask at the console whether the scan goes on. If it does, look at the line; onsets "
                "are not touched by that. If it does not, stop the run.",
            )
    if pulses.missing:
        yield Alarm(
            "amber",
            "pulses",
            f"{_count(pulses.missing, 'pulse')} of the scanner went missing.",
            "Look at the line after the run; onsets are not touched by that.",
        )
    if pulses.by_hand:
        yield Alarm(
            "amber",
            "pulses",
            "The run was started by hand, not by a pulse.",
            "Write into the protocol when the scan began.",
        )


def _frames(run: RunSeen) -> Iterator[Alarm]:
    frames = run.frames
    late = frames.late_screens
    if late >= LATE_LEAST and late > LATE_SHARE * frames.screens:
        yield Alarm(
            "red",
            "frames",
            f"{late} of {frames.screens} screens came late "
            f"({_count(frames.missed_frames, 'frame')} dropped).",
            "Close every other program on this computer; after the run, try 'mbtexp check'.",
        )


def _silence(run: RunSeen, silent_s: float) -> Iterator[Alarm]:
    if not run.open or run.paused or run.virtual or run.stays_calm:
        return
    reading = not run.begun or run.all_trials_done
    if silent_s > (SILENT_PAGE_S if reading else SILENT_S):
        yield Alarm(
            "red",
            "run",
            f"Nothing has been written for {minutes(silent_s)}, and the run has not ended.",
            "Look at the participant's screen: somebody may be reading or resting. If the program "
            "is gone, start it again with --resume; nothing is lost.",
        )


def _answers(run: RunSeen) -> Iterator[Alarm]:
    if run.open and run.missed_in_a_row >= MISSED_IN_A_ROW:
        yield Alarm(
            "amber",
            "answers",
            f"The last {run.missed_in_a_row} trials were not answered.",
            "Ask the participant; look at the buttons.",
        )


def _log(run: RunSeen) -> Iterator[Alarm]:
    if run.strange:
        yield Alarm(
            "amber",
            "run",
            f"{_count(run.strange, 'line')} of the log cannot be read here.",
            "The run is not touched by that. After it, read the log with 'mbtexp show'.",
        )


def _count(n: int, thing: str) -> str:
    return f"{n} {thing}{'' if n == 1 else 's'}"
