"""One session as its own log tells it: the protocol's steps, and what became of each."""

from __future__ import annotations

from typing import Any

from mbtexp.events import Event
from mbtexp.watch.view import StepState, StepView

OUTCOMES: dict[str, StepState] = {
    "completed": "done",
    "stopped": "stopped",
    "skipped": "skipped",
    "failed": "failed",
}


class SessionSeen:
    """What the events of a session log have told so far."""

    def __init__(self) -> None:
        self.header: Event = {}
        self.strange = 0
        """Events that are not as mbtexp writes them."""
        self.now: str | None = None
        """The step that is going on."""
        self.now_since: float | None = None
        """When it began, s of the session."""
        self.ended: bool | None = None
        """Whether the session came to its end; None while it goes on."""
        self.reason = ""
        self.last_t = 0.0
        self.no_more = ""
        """Why nothing is induced any more; empty while the rule of distress is not met."""
        self._became: dict[str, StepState] = {}
        self._reasons: dict[str, str] = {}

    def take(self, event: Event) -> None:
        """One more event; one that is not as it should be is counted and left out."""
        try:
            self._take(event)
        except (KeyError, TypeError, ValueError, AttributeError):
            self.strange += 1
            return
        self.last_t = max(self.last_t, float(event["t"]))

    def _take(self, event: Event) -> None:
        kind = event["kind"]
        if kind == "session":
            self.header = {**event, "steps": [dict(step) for step in event["steps"]]}
        elif kind == "resumed":
            self.ended, self.reason, self.now = None, "", None
        elif kind == "step_start":
            self.now, self.now_since = str(event["step"]), float(event["t"])
        elif kind == "step_end":
            step = str(event["step"])
            self._became[step] = OUTCOMES[event["outcome"]]
            self._reasons[step] = str(event.get("reason") or "")
            self.now = None
        elif kind == "decision" and event.get("rule") == "distress":
            self.no_more = str(event["text"])
        elif kind == "end":
            self.ended, self.now = bool(event["completed"]), None
            self.reason = str(event.get("reason") or "")

    @property
    def protocol(self) -> str:
        """Name of the protocol."""
        protocol = self.header.get("protocol")
        return str(protocol.get("name", "")) if isinstance(protocol, dict) else ""

    @property
    def distress_limit(self) -> float | None:
        """The protocol's limit of distress; None where its log does not say it."""
        rule = self.header.get("distress")
        limit = rule.get("limit") if isinstance(rule, dict) else None
        return float(limit) if isinstance(limit, int | float) else None

    def steps(self) -> tuple[StepView, ...]:
        """All steps in order, each with what became of it."""
        return tuple(
            StepView(
                step=str(step.get("step", "")),
                what=_what(step),
                state=state,
                minutes=_minutes(step),
                reason=self._reasons.get(str(step.get("step", "")), ""),
            )
            for step, state in zip(self._steps, self._states(), strict=True)
        )

    def minutes_of(self, step: str | None) -> float | None:
        """How long a step takes by the protocol."""
        return next((_minutes(one) for one in self._steps if one.get("step") == step), None)

    def minutes_after_now(self) -> float:
        """How long the steps take that have not begun."""
        left = zip(self._steps, self._states(), strict=True)
        return sum(_minutes(step) or 0.0 for step, state in left if state in ("next", "later"))

    def _states(self) -> list[StepState]:
        """What each step is; the first one that has not begun is the next."""
        states: list[StepState] = []
        found_next = self.ended is not None
        for step in self._steps:
            name = str(step.get("step", ""))
            if name == self.now:
                states.append("now")
            elif name in self._became:
                states.append(self._became[name])
            else:
                states.append("later" if found_next else "next")
                found_next = True
        return states

    @property
    def _steps(self) -> list[dict[str, Any]]:
        return list(self.header.get("steps", []))


def _minutes(step: dict[str, Any]) -> float | None:
    minutes = step.get("minutes")
    return float(minutes) if isinstance(minutes, int | float) else None


def _what(step: dict[str, Any]) -> str:
    """What a step shows, in a few words: its title, a task with its preset, or its kind."""
    task, preset = step.get("task"), step.get("preset")
    plain = f"{task}, {preset}" if task and preset else str(task or step.get("kind", ""))
    return str(step.get("title") or plain)
