"""What there is to see as text for a terminal."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

from mbtexp.show import columns_text, minutes
from mbtexp.watch.view import Distress, RunView, SessionView, StepView, TrialView, View

BAR_WIDTH = 30

MARKS = {
    "done": "[x]",
    "now": "[>]",
    "next": "[ ]",
    "later": "[ ]",
    "stopped": "[!]",
    "skipped": "[-]",
    "failed": "[!]",
}

RED, BOLD, PLAIN = "\x1b[1;37;41m", "\x1b[1m", "\x1b[0m"


def view_text(view: View, *, colour: bool = False, width: int | None = None) -> str:
    """Everything, for a terminal that may show colours."""
    width = width or shutil.get_terminal_size((80, 24)).columns
    lines = [f"{view.folder} at {view.at}"]
    if view.told:
        lines.append(view.told)
    for session in view.sessions:
        lines += ["", *_session(session, colour=colour, width=width)]
    return "\n".join(lines)


def _session(session: SessionView, *, colour: bool, width: int) -> Iterator[str]:
    kind = " (PILOT)" * (session.mode == "pilot") + " (simulated)" * session.simulated
    name = f"participant {session.participant}, session {session.session}{kind}"
    head = f"{name}: {session.state}"
    yield f"{BOLD}{head}{PLAIN}" if colour else head
    for alarm in session.alarms:
        red = alarm.level == "red"
        line = f"{'!! ' if red else '!  '}{alarm.text}"
        yield f"{RED}{line.ljust(width)}{PLAIN}" if colour and red else line
        yield f"   -> {alarm.advice}"
    if session.elapsed_s is not None:
        yield _times("session" if session.steps else "run", session.elapsed_s, session.left_s)
    if session.steps:
        yield columns_text([_step(step) for step in session.steps])
    if session.run is not None:
        yield from _run(session.run)
    for run in session.earlier:
        if not session.steps:
            yield f"earlier: {run.title}, run {run.run}: {run.done} of {run.trials}, {run.phase}"
    if session.distress:
        yield f"distress (0-100): {distress_text(session.distress)}"


def _times(what: str, elapsed_s: float, left_s: float | None) -> str:
    left = "" if left_s is None else f", about {minutes(left_s)} left"
    return f"{what}: {minutes(elapsed_s)} so far{left}"


def _step(step: StepView) -> list[str]:
    planned = "" if step.minutes is None else f"{round(step.minutes, 1):g} min"
    state = f"{step.state}{': ' + step.reason if step.reason else ''}"
    return [MARKS[step.state], step.step, step.what, planned, state]


def _run(run: RunView) -> Iterator[str]:
    full = round(BAR_WIDTH * run.done / run.trials) if run.trials else 0
    yield (
        f"{run.title}, {run.preset}, run {run.run}: [{'#' * full}{'.' * (BAR_WIDTH - full)}] "
        f"trial {run.done} of {run.trials}{', ' + run.block if run.block else ''}, {run.phase}"
    )
    yield "  ".join(
        [
            f"missed responses {run.missed}",
            f"median RT {seconds(run.median_rt_s)}",
            f"dropped frames {run.frames.missed_frames} ({run.frames.late_screens} late screens)",
            f"pauses {run.pauses}",
        ]
    )
    yield codes_line(run) + pulses_line(run)
    if run.last:
        yield columns_text([_trial(trial) for trial in run.last], _HEADS)


_HEADS = ("trial", "response", "RT", "correct")


def _trial(trial: TrialView) -> list[str]:
    correct = {None: "", True: "yes", False: "no"}[trial.correct]
    number = f"{trial.trial}{' (practice)' * trial.practice}"
    return [number, trial.response, seconds(trial.rt_s), correct]


def codes_line(run: RunView) -> str:
    """What became of the codes, in a few words."""
    if run.codes.device == "none":
        return "codes: no trigger line"
    return f"codes: {run.codes.sent} sent, {run.codes.lost} lost ({run.codes.device})"


def pulses_line(run: RunView) -> str:
    """What came of the pulses, in a few words; nothing without a scanner."""
    pulses = run.pulses
    if pulses is None:
        return ""
    expected = "" if pulses.expected is None else f" of {pulses.expected} due"
    planned = "" if pulses.planned is None else f", {pulses.planned} planned"
    return f"  pulses: {pulses.seen}{expected} seen{planned}, {pulses.missing} missing"


def seconds(value: float | None) -> str:
    """An RT as it is shown.

    >>> seconds(0.5123), seconds(None)
    ('0.51 s', '-')
    """
    return "-" if value is None else f"{value:.2f} s"


def distress_text(ratings: tuple[Distress, ...]) -> str:
    """The ratings one after the other."""
    return " > ".join(f"{rating.value:g}" for rating in ratings)
