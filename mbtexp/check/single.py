"""Tests of the trigger line on its own, for when something is wrong with it."""

from __future__ import annotations

from pathlib import Path

from mbtexp.check import line
from mbtexp.check.bench import Bench
from mbtexp.check.loopback import Loop, loop_back
from mbtexp.check.report import Finding
from mbtexp.clock import MonotonicClock
from mbtexp.errors import SettingError
from mbtexp.port import open_port
from mbtexp.rig import Rig, TriggerSettings, read_rig
from mbtexp.terminal import Operator, Terminal
from mbtexp.triggers.devices import line_of


def walk_the_line(rig_file: Path, operator: Operator | None = None) -> Finding:
    """The line walk without the rest of the check.

    Raises
    ------
    MbtexpError
        The rig has no line, or the line cannot be opened.
    """
    rig = read_rig(rig_file)
    _line_of(rig, rig_file)
    bench = Bench(rig=rig, operator=operator or Terminal(), clock=MonotonicClock())
    try:
        for step in (line.opened, line.answer):
            finding = step(bench)
            if finding.verdict == "fail":
                return finding
        return line.walk(bench)
    finally:
        bench.close()


def loop_the_line(rig_file: Path) -> Loop:
    """Every code through the loop and back.

    Raises
    ------
    MbtexpError
        The rig has no line, it speaks in commands, or it cannot be opened.
    """
    trigger = _line_of(read_rig(rig_file), rig_file)
    line = line_of(trigger)
    if line.device.kind != "serial" or len(line.device.encode(1)) > 1:
        raise SettingError(
            f"{rig_file.name}: trigger: a {line.device.title} takes commands or has no serial "
            "port; the loop-back test is for devices that take one byte a code."
        )
    assert line.baud is not None  # every serial row has a rate
    clock = MonotonicClock()
    where = f"{rig_file.name}: trigger"
    port = open_port(trigger.port, line.baud, clock, where=where, settle_s=line.settle_s)
    try:
        return loop_back(port, clock)
    finally:
        port.close()
        clock.close()


def ports_of(rig: Rig) -> list[str]:
    """The serial ports that a rig names, each once."""
    named = [
        (rig.trigger.port, rig.trigger.device != "none"),
        (rig.responses.port, rig.responses.device != "keyboard"),
        (rig.scanner.port, rig.scanner.source == "serial"),
    ]
    ports = list(dict.fromkeys(name for name, used in named if name and used))
    if not ports:
        raise SettingError(f"rig '{rig.name}' uses no serial port; name one with --port.")
    return ports


def _line_of(rig: Rig, rig_file: Path) -> TriggerSettings:
    if rig.trigger.device == "none":
        raise SettingError(f"{rig_file.name}: trigger: device is 'none': there is no line to test.")
    return rig.trigger
