"""Keys that were down when a trial began, told apart from the key that had just brought it on.

A page ends with the press of a key, and the next screen is there one frame later, when the finger
is still down. That is no stuck key. A key that is down although it did not answer the screen just
before was not let go, or does not come up.
"""

from __future__ import annotations

from analysis.read import Trials
from mbtexp.events import Event, Log


def held_marks(log: Log, trials: Trials) -> list[bool]:
    """For each test trial that asked for a timed answer, whether a key had not been let go."""
    brought_on = _brought_on(log)
    return [
        trial.held and trial.trial not in brought_on
        for trial in trials.test
        if trial.missed or trial.rt_s is not None
    ]


def _brought_on(log: Log) -> set[int]:
    """Trials in which each key that was down at a coded onset had answered the screen before."""
    found: dict[tuple[int, object], list[bool]] = {}
    before: set[str] = set()
    answered: set[str] = set()
    for event in log.events:
        if event["kind"] == "resume":
            before, answered = set(), set()
        elif event["kind"] == "response" and event.get("status") == "counted":
            answered.add(str(event.get("key")))
        elif event["kind"] == "phase":
            held = _keys(event)
            if held and event.get("code") is not None and isinstance(event.get("trial"), int):
                key = (event["trial"], event.get("attempt"))
                found.setdefault(key, []).append(held <= before)
            before, answered = answered, set()
    last = {trial: marks for (trial, _), marks in found.items()}
    return {trial for trial, marks in last.items() if all(marks)}


def _keys(phase: Event) -> set[str]:
    held = phase.get("held")
    return {str(key) for key in held} if isinstance(held, list) else set()
