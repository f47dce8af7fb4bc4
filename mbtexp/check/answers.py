"""Tests of what comes in: every button of the participant, and the pulses of the scanner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mbtexp.check.bench import Bench
from mbtexp.check.room import awaited, nothing_came, rig_fingers, wait_for_pulses
from mbtexp.clock import MonotonicClock
from mbtexp.errors import SettingError
from mbtexp.responses.buttoncheck import check_buttons, what_is_wrong
from mbtexp.rig import ScannerSettings, read_rig
from mbtexp.scanner.counter import PulseCounter, PulseSummary
from mbtexp.terminal import Operator

PULSES = 8
"""Enough for a TR."""

PATIENCE_S = 60.0
"""How long the next pulse may take."""


def try_buttons(rig_file: Path, operator: Operator, *, keys: Sequence[str] = ()) -> str:
    """What is wrong with the participant's buttons, each pressed once; empty if they are right.

    Parameters
    ----------
    rig_file
        The rig.
    operator
        Is told which to press.
    keys
        These, in place of those that the rig names.

    Raises
    ------
    SettingError
        Neither names any.
    """
    rig = read_rig(rig_file)
    fingers = {f"button {key}": key.lower() for key in keys} or rig_fingers(rig)
    if not fingers:
        raise SettingError(
            f"{rig_file.name}: responses: keys names none; say which to try: --keys b,y,g,r"
        )
    bench = Bench(rig=rig, operator=operator, clock=MonotonicClock())
    try:
        bench.box = bench.open_box()
        if bench.box is None:
            bench.keyboard = bench.open_keyboard(bench)
        responses = bench.box or bench.keyboard
        assert responses is not None
        rows = check_buttons(responses, fingers, operator.say, clock=bench.clock)
        return what_is_wrong(rows)
    finally:
        bench.close()


@dataclass(frozen=True)
class Listened:
    """The pulses of a scanner that was listened to."""

    settings: ScannerSettings
    summary: PulseSummary
    complaint: tuple[str, str] | None = None
    """What was missed and what to do, if not all pulses came."""

    @property
    def ok(self) -> bool:
        """Whether the pulses came, as the rig says they should."""
        return self.complaint is None and not self.summary.warnings

    def text(self) -> str:
        """The result in a few sentences."""
        lines = []
        if self.summary.seen:
            lines.append(f"{self.summary.seen} pulses came as {awaited(self.settings)}.")
        if self.summary.tr_estimate_s is not None:
            lines.append(
                f"By them the TR is {self.summary.tr_estimate_s:.4f} s "
                f"(they scatter by {self.summary.residual_ms or 0:.2f} ms)."
            )
            if self.settings.tr_s is None:
                lines.append("Write tr_s = ... with the protocol's TR into [scanner].")
        lines += self.summary.warnings
        lines += self.complaint or ()
        return "\n".join(lines)


def listen_to_scanner(
    bench: Bench, *, pulses: int = PULSES, wait_s: float = PATIENCE_S
) -> Listened:
    """A few pulses of a scanner that runs, and what they tell of its TR.

    Parameters
    ----------
    bench
        The rig; its keyboard or box is opened.
    pulses
        How many to wait for.
    wait_s
        How long the next one may take.

    Raises
    ------
    SettingError
        The rig has no scanner.
    """
    rig = bench.rig
    if rig.mode != "fmri" or rig.scanner.source == "none":
        raise SettingError(
            f"rig '{rig.name}': mode is {rig.mode!r} and scanner: source is "
            f'{rig.scanner.source!r}: no pulses are expected. Write mode = "fmri" and a source.'
        )
    bench.box = bench.open_box()
    bench.keyboard = bench.open_keyboard(bench)
    settings = replace(rig.scanner, volumes=None, dummy_pulses_to_skip=0)
    counter = PulseCounter(settings)
    counter.wait_from(bench.clock.now())
    bench.tell(f"Start the scanner: waiting for {pulses} pulses as {awaited(settings)}.")
    times, others = wait_for_pulses(bench, pulses, wait_s)
    for t in times:
        counter.take(t)
    summary = counter.summary(times[-1] if times else bench.clock.now())
    complaint = None if len(times) >= pulses else nothing_came(settings, others, wait_s)
    return Listened(settings, summary, complaint)
