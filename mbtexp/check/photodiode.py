"""The photodiode test: a corner of the screen flashes, and each flash leaves its code.

White for 12 frames, black for 18, 200 times: the cycle of Bridges et al. (2020). The sensor on the
corner goes to an auxiliary channel of the recorder; ``mbtexp check analyse`` reads the recording.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mbtexp.check.history import checks_folder, new_name
from mbtexp.clock import MonotonicClock
from mbtexp.conduct import software_facts
from mbtexp.errors import SettingError
from mbtexp.events import FORMAT, EventLog, Sink
from mbtexp.ports import Clock, Display, Facts, Trigger
from mbtexp.priority import normal_memory, quiet_memory, raise_priority, restore_priority
from mbtexp.rig import Rig
from mbtexp.triggers import open_trigger
from mbtexp.triggers.book import SESSION
from mbtexp.triggers.devices import line_of

FLASHES = 200
FRAMES_ON = 12
FRAMES_OFF = 18

DARK_S = 2.0
"""Darkness before the first flash, by which the sensor's level is known."""

TOO_MANY_MISSED = 0.01
"""Share of flashes with a missed refresh above which the test should be repeated (a default)."""


@dataclass(frozen=True)
class Flashed:
    """What became of the flashes."""

    flashes: int
    code: int
    spoiled: int
    """Flashes during which a refresh was missed."""
    codes: Facts
    loss: str
    """A sentence on the codes that were lost; empty if none was."""
    log: Path | None = None

    @property
    def ok(self) -> bool:
        """Whether every flash has its code and the display kept its pace."""
        return not self.loss and self.spoiled <= TOO_MANY_MISSED * self.flashes

    def text(self) -> str:
        """The result in a few sentences."""
        spoiled = f", {self.spoiled} with a missed refresh" if self.spoiled else ""
        lines = [f"{self.flashes} flashes with code {self.code}{spoiled}."]
        if self.loss:
            lines.append(self.loss)
        if not self.ok:
            lines.append("Mend this and repeat the test before you trust the delays.")
        if self.log is not None:
            lines.append(f"Log: {self.log}")
        lines.append("Stop the recorder, then: mbtexp check analyse RECORDING")
        return "\n".join(lines)


def duration_s(refresh_hz: float, flashes: int = FLASHES) -> float:
    """How long the test takes, s.

    >>> duration_s(60.0)
    102.0
    """
    return DARK_S + flashes * (FRAMES_ON + FRAMES_OFF) / refresh_hz


def flash(
    display: Display,
    trigger: Trigger,
    clock: Clock,
    log: Sink,
    *,
    code: int,
    flashes: int = FLASHES,
    stop: Callable[[], bool] = lambda: False,
) -> Flashed:
    """Flash the photodiode's patch, each time with the code on the same flip.

    Parameters
    ----------
    display
        A screen with a patch, its background black.
    trigger
        The line.
    clock
        The run clock.
    log
        Where each flash and each code is noted.
    code
        What a flash leaves.
    flashes
        How many.
    stop
        Asked after each flash: whether the operator has had enough.
    """
    display.patch_on = False
    display.draw(())
    display.swap(_nothing)
    _hold(display, trigger, clock, round(DARK_S * display.refresh_hz))
    done = spoiled = 0
    while done < flashes and not stop():
        done += 1
        display.patch_on = True
        display.draw(())
        trigger.arm(code, "photodiode")
        onset = display.swap(trigger.at_swap)
        _hold(display, trigger, clock, FRAMES_ON - 1)
        display.patch_on = False
        display.draw(())
        offset = display.swap(_nothing)
        _hold(display, trigger, clock, FRAMES_OFF - 1)
        frames = round((offset - onset) * display.refresh_hz)
        spoiled += frames != FRAMES_ON
        _note(log, done, onset, offset, frames, code)
        _note_codes(log, trigger)
    trigger.settle()
    _note_codes(log, trigger)
    return Flashed(done, code, spoiled, trigger.counts(), trigger.loss_report())


def _hold(display: Display, trigger: Trigger, clock: Clock, frames: int) -> None:
    for _ in range(frames):
        display.swap(_nothing)
        trigger.service(clock.now())
        display.pump()


def _note(log: Sink, number: int, onset: float, offset: float, frames: int, code: int) -> None:
    log.append(
        "phase",
        offset,
        trial=number,
        attempt=1,
        phase="flash",
        tag="",
        onset_planned=None,
        onset=round(onset, 6),
        offset=round(offset, 6),
        frames_planned=FRAMES_ON,
        frames=frames,
        missed=max(0, frames - FRAMES_ON),
        code=code,
        held=[],
    )


def _note_codes(log: Sink, trigger: Trigger) -> None:
    for record in trigger.drain():
        log.append("trigger", record["t_event"], **record)


def _nothing(_t: float) -> None:
    pass


# -- on a rig -------------------------------------------------------------------------------------


def flash_code(rig: Rig) -> int:
    """The code of a flash: 212, or the line's highest where it does not go so far."""
    usual = SESSION["photodiode"].number
    if rig.trigger.device == "none":
        return usual
    return min(usual, line_of(rig.trigger).highest)


def with_patch(rig: Rig, corner: str | None) -> Rig:
    """The rig with a black screen and the patch in a corner.

    Raises
    ------
    SettingError
        Neither the rig nor the operator names a corner.
    """
    wanted: Any = corner or rig.display.photodiode
    if wanted == "none":
        raise SettingError(
            "rig.toml: display: photodiode is 'none'; name the corner where the sensor lies with "
            "--corner, for example top-left."
        )
    return replace(rig, display=replace(rig.display, photodiode=wanted, background="black"))


def flash_on_rig(
    rig: Rig,
    *,
    rig_file: str,
    data: Path,
    flashes: int = FLASHES,
    pilot: bool = False,
    say: Callable[[str], None],
) -> Flashed:
    """The test on the real screen and the real line, its log kept with the data.

    Parameters
    ----------
    rig
        A rig with a patch (``with_patch``).
    rig_file
        Where it was read from, for the log.
    data
        The study's folder.
    flashes
        How many.
    pilot
        In a window, to try it out.
    say
        Tells the operator what comes.

    Raises
    ------
    SettingError
        The rig has no line whose codes could be measured against.
    """
    if rig.trigger.device == "none" and not pilot:
        raise SettingError(
            f"{rig_file}: trigger: device is 'none': without codes there is nothing to measure the "
            "light against."
        )
    from mbtexp.screen import open_screen  # noqa: PLC0415  only where a window is wanted

    began = datetime.now(tz=UTC).isoformat(timespec="seconds")
    with ExitStack() as stack:
        clock = MonotonicClock()
        stack.callback(clock.close)
        trigger = open_trigger(rig.trigger, clock)
        stack.callback(trigger.close)
        screen = open_screen(rig.display, clock, pilot=pilot)
        stack.callback(screen.close)
        stopped: list[str] = []
        screen.on_keys(lambda key, _down: stopped.append(key) if key == "ESCAPE" else None)
        say(
            f"{flashes} flashes in the corner {rig.display.photodiode}: "
            f"{duration_s(screen.refresh_hz, flashes):.0f} s. Escape ends it early."
        )
        folder = checks_folder(data, pilot=pilot)
        log = EventLog(folder / f"{new_name(rig.name, began, 'photodiode')}.jsonl")
        stack.callback(log.close)
        devices = {
            "display": {**screen.describe(), "priority": raise_priority()},
            "trigger": trigger.describe(),
        }
        stack.callback(restore_priority)
        log.append("header", 0.0, **_header(rig, rig_file, clock, devices, pilot=pilot))
        quiet_memory()
        stack.callback(normal_memory)
        code = flash_code(rig)
        result = flash(
            screen, trigger, clock, log, code=code, flashes=flashes, stop=lambda: bool(stopped)
        )
        log.append(
            "end",
            clock.now(),
            completed=result.flashes == flashes,
            trials=result.flashes,
            timing={"spoiled": result.spoiled},
            triggers=result.codes,
        )
        return replace(result, log=log.path)


def _header(
    rig: Rig, rig_file: str, clock: MonotonicClock, devices: Facts, *, pilot: bool
) -> Facts:
    entry = SESSION["photodiode"]
    code = flash_code(rig)
    return {
        "format": FORMAT,
        "task": "photodiode",
        "mode": "pilot" if pilot else "lab",
        "rig_file": rig_file,
        "rig": rig.as_facts(),
        "codes": {"photodiode": {"code": code, "description": entry.description, "hed": entry.hed}},
        **devices,
        "software": software_facts(),
        "clock": {"utc_at_zero": clock.utc_at_zero(), "source": clock.source},
    }
