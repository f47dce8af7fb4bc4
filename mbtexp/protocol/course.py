"""The course of a session: which step is next, what the operator says to it, what is written down.

Everything follows from the session's log: a session that was killed and one that was not go on in
the same way.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from mbtexp.conduct import conduct
from mbtexp.errors import DiskError, MbtexpError, RunAborted
from mbtexp.events import read_log
from mbtexp.protocol.asked import Asked, prepared_for, request_of
from mbtexp.protocol.cells import Cell, Step
from mbtexp.protocol.log import SessionEvents, SessionLog
from mbtexp.protocol.numbering import Attempt, attempt_of
from mbtexp.protocol.paying import pay
from mbtexp.protocol.questions import choose, why
from mbtexp.protocol.rules import DISTRESS, RunLogs, distress_verdict, wash_out_verdict
from mbtexp.protocol.settings import Protocol
from mbtexp.show import after_run
from mbtexp.terminal import Operator

Outcome = Literal["completed", "stopped", "skipped", "failed"]

GAP_S = 5.0
"""Between two runs on the virtual lab, s: they must follow one another."""

NOT_NEEDED = "not needed"
ALL_DONE = "all steps are done"
"""Reasons in the log."""

OVER_TIME_MIN = 0.5
"""A break that takes this much longer than planned is written down, min."""


class SessionStopped(Exception):
    """The operator ends the session here; it can be resumed."""


class Course:
    """Goes through the steps of a session and writes down what became of each.

    Parameters
    ----------
    asked, protocol, cell, steps
        Who does what, in which order.
    log
        The session's log, with all that happened before.
    operator
        Who is told and asked.
    on_progress
        Called during a run with the number of finished trials and of all.
    """

    def __init__(
        self,
        asked: Asked,
        protocol: Protocol,
        cell: Cell,
        steps: Sequence[Step],
        log: SessionLog,
        operator: Operator,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> None:
        self._asked = asked
        self._protocol = protocol
        self._cell = cell
        self._steps = tuple(steps)
        self._log = log
        self._operator = operator
        self._on_progress = on_progress
        self._runs = RunLogs(log.past.path.parent)
        told = log.past.header["steps"]
        self._titles = {str(one["step"]): str(one.get("title", "")) for one in told}

    @property
    def _past(self) -> SessionEvents:
        return self._log.past

    # -- the whole ----------------------------------------------------------------------------

    def go(self) -> None:
        """Do what is left of the session; the log then says that it ended, and why.

        Raises
        ------
        MbtexpError
            A step failed and nobody was there to be asked; the session can be resumed.
        """
        try:
            self._mend()
            self._heed_distress()
            self._leave_out_before()
            while (step := self._next()) is not None:
                self._do(step)
            self._skip_all([one for one in self._left() if one.role == "if_needed"], NOT_NEEDED)
            self._log.append("end", completed=True, reason=self._why_over())
        except SessionStopped as stopped:
            self._end_early(str(stopped))
        except KeyboardInterrupt:
            self._end_early("stopped from outside")
            raise
        except DiskError:
            raise  # the session's log may be what could not be written
        except MbtexpError as error:
            self._end_early(str(error))
            raise

    def _end_early(self, reason: str) -> None:
        started = self._past.open_start()
        if started is not None:
            self._ended(str(started["step"]), "stopped", started.get("log"), reason)
        self._log.append("end", completed=False, reason=reason)

    def _why_over(self) -> str:
        told = self._past.decided(DISTRESS)
        if told:
            return f"{told[0]['text']}; closed"
        planned = [step.step for step in self._steps if step.role != "if_needed"]
        left_out = sum(self._past.outcome(step) == "skipped" for step in planned)
        return f"{ALL_DONE} but {left_out} left out" if left_out else ALL_DONE

    def _left(self) -> list[Step]:
        """The steps that are neither completed nor skipped, in order."""
        return [step for step in self._steps if not self._past.is_over(step.step)]

    def _next(self) -> Step | None:
        """The step that comes now, by the log and the rules."""
        if self._past.decided(DISTRESS):
            others = [one for one in self._left() if one.role != "closing"]
            self._skip_all([o for o in others if self._past.last_start(o.step) is None], DISTRESS)
            return next((one for one in self._left() if one.role == "closing"), None)
        now_s = self._log.clock.now()
        verdict = wash_out_verdict(self._past, self._protocol.wash_out, self._runs, now_s)
        if verdict.text:
            self._decide(verdict.text, **verdict.facts)
            self._operator.say(verdict.text)
        if verdict.step is not None:
            return next(step for step in self._steps if step.step == verdict.step)
        return self._planned_next()

    def _planned_next(self) -> Step | None:
        """The next step if no rule says otherwise."""
        return next((step for step in self._left() if step.role != "if_needed"), None)

    def _do(self, step: Step) -> None:
        is_new = self._past.last_start(step.step) is None
        if step.step in self._asked.skip and is_new:
            self._ended(step.step, "skipped", None, self._reason(f"{step.step} is left out."))
        elif step.optional and is_new and self._asked.asks and not self._wanted(step):
            self._ended(step.step, "skipped", None, "optional, left out by the operator")
        elif step.kind == "run":
            self._run(step)
        elif step.kind == "payout":
            self._pay(step)
        else:
            self._wait(step)

    def _wanted(self, step: Step) -> bool:
        word = choose(self._operator, f"{step.step} is optional:", ("run it", "leave it out"))
        return word == "run it"

    # -- runs ---------------------------------------------------------------------------------

    def _run(self, step: Step) -> None:
        """A step's run, until it is completed or left out, or the session ends."""
        goes_on, afresh = True, False
        while goes_on:
            attempt = attempt_of(self._asked, self._past, self._steps, step, afresh=afresh)
            error = self._conduct(step, attempt)
            self._heed_distress()
            if error is None:
                goes_on = afresh = self._again(step)
            else:
                goes_on, afresh = self._after_trouble(step, error)

    def _conduct(self, step: Step, attempt: Attempt) -> MbtexpError | None:
        """One attempt at a run, and why it did not come to its end."""
        request = replace(
            request_of(self._asked, self._protocol, self._cell, step, attempt.number),
            resume=attempt.resume,
            virtual_utc=self._zero_of(attempt),
        )
        log, name = attempt.path.name, step.step
        self._say_before(step)
        prepared = prepared_for(request, step)
        self._log.append(
            "step_start",
            step=name,
            task=step.task,
            run=attempt.number,
            log=log,
            resumed=attempt.resume,
        )
        try:
            done = conduct(
                request, prepared=prepared, on_progress=self._on_progress, tell=self._operator.say
            )
        except RunAborted as stopped:
            self._pass_time(attempt.path)
            self._ended(name, "stopped", log, str(stopped))
            return stopped
        except MbtexpError as error:
            self._pass_time(attempt.path)
            self._ended(name, "failed", log, str(error))
            return error
        self._pass_time(attempt.path)
        self._operator.say(after_run(done))
        self._ended(name, "completed", log, "")
        return None

    def _zero_of(self, attempt: Attempt) -> str:
        """Time of day at which a virtual run's clock shows zero; a resumed one keeps its own."""
        if not attempt.resume:
            return self._log.clock.utc()
        return str(read_log(attempt.path).header["clock"]["utc_at_zero"])

    def _pass_time(self, path: Path) -> None:
        """On the virtual lab the session takes as long as its runs."""
        clock = self._log.clock
        if not clock.virtual:
            return
        with contextlib.suppress(MbtexpError):
            log = read_log(path)
            began = datetime.fromisoformat(log.header["clock"]["utc_at_zero"])
            ended = began + timedelta(seconds=max(event["t"] for event in log.events))
            clock.pass_to((ended - clock.zero).total_seconds() + GAP_S)

    def _ended(self, step: str, outcome: Outcome, log: str | None, reason: str) -> None:
        self._log.append("step_end", step=step, outcome=outcome, log=log, reason=reason or None)

    # -- after a run --------------------------------------------------------------------------

    def _again(self, step: Step) -> bool:
        """Whether the operator wants a completed run once more."""
        if not self._asked.asks:
            return False
        following = self._planned_next()
        coming = "the end" if following is None else following.step
        word = self._word(
            f"{step.step} is done. Next: {coming}.", ("continue", "repeat", "pause", "stop")
        )
        if word == "repeat":
            reason = why(self._operator, f"{step.step} is done again.")
            self._decide(f"{step.step} is repeated", reason=reason)
        return word == "repeat"

    def _after_trouble(self, step: Step, error: MbtexpError) -> tuple[bool, bool]:
        """What to do after a run that did not come to its end: whether to go on, and afresh."""
        if isinstance(error, DiskError):
            raise error
        if self._past.decided(DISTRESS) and step.role != "closing":
            return False, False
        if not self._asked.asks:
            raise error
        self._operator.say(str(error))
        word = self._word(
            f"{step.step} did not come to its end.",
            ("resume it", "again from its start", "leave it out", "pause", "stop"),
        )
        if word == "leave it out":
            self._ended(step.step, "skipped", None, self._reason(f"{step.step} is left out."))
            return False, False
        afresh = word == "again from its start"
        reason = why(self._operator, f"{step.step} begins again.") if afresh else ""
        self._decide(f"{step.step}: {word}", reason=reason or None)
        return True, afresh

    def _word(self, question: str, words: tuple[str, ...]) -> str:
        """What the operator chose; a pause is taken here, a stop ends the session."""
        while (word := choose(self._operator, question, words)) == "pause":
            self._decide("pause")
            self._operator.ask("Pause. Press Enter to go on.")
            self._decide("the pause is over")
        if word is None:
            raise SessionStopped("nobody answered")
        if word == "stop":
            raise SessionStopped(why(self._operator, "The session stops here."))
        return word

    # -- steps that are no runs ---------------------------------------------------------------

    def _wait(self, step: Step) -> None:
        """A break or a page: the operator reads it and says when it is over."""
        self._say_before(step)
        if step.text != self._titles.get(step.step):
            self._operator.say(step.text)
        self._log.append("step_start", step=step.step)
        began = self._log.clock.now()
        if self._asked.asks or not self._asked.simulate:
            most = "" if step.longest_min is None else f" (at most {step.longest_min:g} min)"
            answer = self._operator.ask(f"Press Enter when it is over{most}.")
            if answer is None and self._asked.asks:
                raise SessionStopped("nobody answered")
        self._log.clock.pass_to(began + 60 * (step.longest_min or 0.0))
        lasted_min = (self._log.clock.now() - began) / 60
        if step.longest_min is not None and lasted_min > step.longest_min + OVER_TIME_MIN:
            self._decide(f"{step.step} took {lasted_min:.0f} min, longer than planned")
        self._ended(step.step, "completed", None, "")

    def _pay(self, step: Step) -> None:
        """The choice that is paid: drawn, told, and kept as a receipt beside the logs."""
        self._say_before(step)
        self._log.append("step_start", step=step.step)
        folder, asked = self._past.path.parent, self._asked
        receipt = folder / f"sub-{asked.participant}_ses-{asked.session}_receipt.txt"
        paid = pay([folder / name for name in self._past.logs()], receipt, asked.language)
        self._operator.say(paid.text)
        self._ended(step.step, "completed", None, paid.reason)

    # -- rules and decisions ------------------------------------------------------------------

    def _heed_distress(self) -> None:
        """Nothing more is induced once the rule is met; the closing steps are what is left."""
        verdict = distress_verdict(self._past, self._protocol.distress, self._runs)
        if verdict.text:
            self._decide(verdict.text, **verdict.facts)
            self._operator.say(
                f"ATTENTION, {verdict.text}. Go to the participant now. The closing steps are next."
            )

    def _mend(self) -> None:
        """A step that was going on when the machine stopped: completed after all, or to go on."""
        started = self._past.open_start()
        if started is None:
            return
        name, log = str(started["step"]), started.get("log")
        found = [] if log is None else self._runs.read([str(log)])
        if found and found[0].completed:
            self._ended(name, "completed", log, "found complete when the session was resumed")
        else:
            self._ended(name, "stopped", log, "the program ended during it")
        if log is not None:
            self._pass_time(self._past.path.parent / str(log))

    def _leave_out_before(self) -> None:
        """The steps before the one that was asked for as the first."""
        begin = self._asked.start_at
        if begin is None:
            return
        names = [step.step for step in self._steps]
        before = [
            step
            for step in self._left()
            if names.index(step.step) < names.index(begin) and step.role != "if_needed"
        ]
        if before:
            reason = self._reason(f"{len(before)} steps before {begin} are left out.")
            self._decide(f"the session goes on from {begin}", reason=reason)
            self._skip_all(before, reason)

    def _skip_all(self, steps: Sequence[Step], reason: str) -> None:
        for step in steps:
            told = NOT_NEEDED if step.role == "if_needed" else reason
            self._ended(step.step, "skipped", None, told)

    def _reason(self, question: str) -> str:
        if self._asked.reason or not self._asked.asks:
            return self._asked.reason or "no reason given"
        return why(self._operator, question)

    def _decide(self, text: str, **facts: object) -> None:
        self._log.append("decision", text=text, **facts)

    def _say_before(self, step: Step) -> None:
        number = 1 + self._steps.index(step)
        what = self._titles.get(step.step, "")
        self._operator.say(f"\nstep {number} of {len(self._steps)}, {step.step}: {what}")
