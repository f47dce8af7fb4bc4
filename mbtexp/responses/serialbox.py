"""A response box on a serial port: presses and releases on the run clock, bounces set aside."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mbtexp.port import SerialPort
from mbtexp.ports import Clock, Facts, Press
from mbtexp.responses.boxclock import (
    ASK_AT_LATEST_S,
    ASK_EVERY_S,
    FIRST_READINGS,
    PATIENCE_S,
    BoxTimer,
)
from mbtexp.responses.boxes import TRIGGER, BoxKind, ButtonEvent, Parser, XidParser
from mbtexp.responses.waiting import first_presses
from mbtexp.timeline import Phase

LOOK_S = 0.002

LATEST_S = 1.0
"""How long before it was heard a box may say that a press was; beyond that its stamp is damaged."""


class SerialBox:
    """The participant's buttons.

    Parameters
    ----------
    port
        The open port, which may have a trigger line as its other user.
    kind
        What box it is.
    clock
        The run clock.
    debounce_s
        How long after a press or a release a press of the same button is a bounce.
    pulse_button
        Button that carries the scanner's trigger, besides a box's own line for it.
    pulse_key
        Key that a trigger counts as; None: triggers are counted and passed over.
    """

    def __init__(
        self,
        port: SerialPort,
        kind: BoxKind,
        clock: Clock,
        *,
        debounce_s: float = 0.020,
        pulse_button: str = "",
        pulse_key: str | None = None,
    ) -> None:
        self._port = port
        self._kind = kind
        self._clock = clock
        self._debounce_s = debounce_s
        self._pulse_buttons = {TRIGGER, pulse_button} - {""}
        self._pulse_key = pulse_key
        self._heard: deque[tuple[float, bytes]] = deque()
        self._timer = BoxTimer(port.write, clock) if kind.has_clock else None
        self._parser: Parser = kind.parser()
        if self._timer is not None and isinstance(self._parser, XidParser):
            self._parser = replace(self._parser, told_time=self._timer.answered)
        self._down: set[str] = set()
        self._moved: dict[str, float] = {}
        """When each button last went down or up, s."""
        self._bounces: Counter[str] = Counter()
        self._triggers = 0
        self._misfits = 0
        self._open = True
        port.listen(lambda t, data: self._heard.append((t, data)))
        if kind.hello:
            port.write(kind.hello)
        if self._timer is not None:
            self._set_timer(self._timer)

    # -- the port of responses ----------------------------------------------------------------

    def attend(self, phase: Phase, trial: Mapping[str, Any], onset: float) -> None:  # noqa: ARG002
        """Use a phase without an answer to ask for the box's time; the answer is not waited for."""
        if self._timer is not None and phase.keys is None:
            self._timer.ask_after(ASK_EVERY_S)

    def poll(self) -> list[Press]:
        """Everything since the last call, in order of time; a bounce is marked as one."""
        presses: list[Press] = []
        while self._heard:
            heard = self._parser.parse(*self._heard.popleft())
            presses += [press for event in heard for press in self._judged(event)]
        return sorted(presses, key=lambda press: press.t)

    def wait(self, until: float) -> list[Press]:
        """Return with the first new presses or releases, or empty-handed at ``until``."""
        if self._timer is not None:
            self._timer.ask_after(ASK_AT_LATEST_S)
        return first_presses(self.poll, self._clock, until)

    def held(self) -> frozenset[str]:
        """Buttons that are down now; none with a box that does not tell of releases."""
        return frozenset(self._down)

    @property
    def silent(self) -> bool:
        """Whether a box that can tell its time was asked for it and did not answer."""
        return self._timer is not None and not self._timer.line.ready

    def complaint(self) -> str:
        """What keeps the box from answering, in a sentence; empty while it is there."""
        if self._port.hung_up is None:
            return ""
        return (
            f"The response box ({self._kind.title}) was unplugged "
            f"{self._port.hung_up:.1f} s after the start of the run."
        )

    def describe(self) -> Facts:
        """Box, port, clock, and what was set aside so far, for the log."""
        facts: Facts = {
            "backend": self._kind.title,
            **self._port.describe(),
            "stamps": "the box's own clock" if self._timer is not None else "on arrival",
            "buttons": list(self._kind.buttons),
            "releases": self._kind.releases,
            "debounce_ms": round(self._debounce_s * 1000, 3),
            "bounces": dict(self._bounces),
            "bytes_thrown_away": self._parser.thrown_away,
            "scanner_triggers": self._triggers,
            "unplugged_at": self._port.hung_up,
        }
        if self._timer is not None:
            facts["box_clock"] = {**self._timer.line.facts(), "misfits": self._misfits}
        return facts

    def close(self) -> None:
        """Let the box be silent; the port belongs to whoever opened it."""
        if self._open:
            self._open = False
            if self._kind.goodbye:
                self._port.write(self._kind.goodbye)

    # -- one event after the other ------------------------------------------------------------

    def _judged(self, event: ButtonEvent) -> list[Press]:
        """The press or release that an event is; none for what is no button."""
        if event.button in self._pulse_buttons:
            return self._pulse(event)
        if event.button not in self._kind.buttons:
            return []
        t = self._on_run_clock(event)
        heard = None if event.box_ms is None else event.t
        press = Press(t, event.button, event.down, heard=heard, box_ms=event.box_ms, by="box")
        if not event.down:
            if event.button not in self._down:
                return []  # it was down before we listened
            self._down.discard(event.button)
            self._moved[event.button] = t
            return [press]
        if self._kind.releases:
            self._down.add(event.button)
        if t - self._moved.get(event.button, float("-inf")) < self._debounce_s:
            self._bounces[event.button] += 1
            return [replace(press, bounced=True)]
        self._moved[event.button] = t
        return [press]

    def _pulse(self, event: ButtonEvent) -> list[Press]:
        if not event.down:
            return []
        self._triggers += 1
        if self._pulse_key is None:
            return []
        heard = None if event.box_ms is None else event.t
        return [Press(self._on_run_clock(event), self._pulse_key, heard=heard, box_ms=event.box_ms)]

    def _on_run_clock(self, event: ButtonEvent) -> float:
        """When it happened: by the box's stamp where that can be true, else when it was heard."""
        if self._timer is None or event.box_ms is None:
            return event.t
        t = self._timer.line.to_run(event.box_ms)
        if t is None or not event.t - LATEST_S <= t <= event.t + PATIENCE_S:
            self._misfits += 1
            return event.t
        return min(t, event.t)

    def _set_timer(self, timer: BoxTimer) -> None:
        """Reset the box's timer and read it a few times; before the run, so it may wait."""
        timer.reset()
        for _ in range(FIRST_READINGS):
            timer.ask()
            limit = self._clock.now() + PATIENCE_S
            while timer.waiting and self._clock.now() < limit:
                self._clock.sleep_until(self._clock.now() + LOOK_S)
                while self._heard:
                    self._parser.parse(*self._heard.popleft())
            if timer.waiting:
                return
