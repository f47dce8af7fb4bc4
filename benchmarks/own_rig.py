"""The reference workload on a real rig, and what the machine can know of its times by itself."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import reference
from figures import Figure, spread, table

from mbtexp.clock import MonotonicClock
from mbtexp.conduct import Devices
from mbtexp.events import FORMAT, EventLog, Log, read_log
from mbtexp.plan import make_plan
from mbtexp.ports import Responses
from mbtexp.priority import normal_memory, quiet_memory, raise_priority, restore_priority
from mbtexp.responses.keyboard import open_keyboard
from mbtexp.rig import Rig, read_rig
from mbtexp.run import Run
from mbtexp.screen import open_screen
from mbtexp.session import Session
from mbtexp.simulate import SimulatedResponses
from mbtexp.task import Material
from mbtexp.triggers import open_trigger

NOT_SEEN = """\
What this cannot tell, and what does:
- when the light changed: a photodiode on the corner that the rig file names, its output and the
  trigger line on one recorder (panel lag, scan-out, a compositor's extra frame);
- when a code arrived: the recorder; the times above end where the write to the port returned;
- how late a key press is told: a device that presses the key and marks that on the recorder."""


def on_rig(path: Path, *, trials: int, keys: bool) -> int:
    """Play both kinds of trial on the rig and print what is known; 1 if anything was lost."""
    rig = read_rig(path)
    figures: list[Figure] = []
    facts: Mapping[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="timing-") as folder:
        for preset in ("respond", "fixed"):
            log = play(rig, preset, trials, Path(folder) / f"{preset}_log.jsonl", keys=keys)
            figures += known(log, preset, keys=keys)
            facts = log.header
    print(_machine(facts))
    print()
    print(table(("measured",), figures))
    print()
    print(NOT_SEEN)
    return int(any(figure.reached is False for figure in figures))


def play(rig: Rig, preset: str, trials: int, path: Path, *, keys: bool) -> Log:
    """One run in the laboratory's mode: screen filled, refresh measured, priority raised."""
    task = reference.TASK
    params = task.settings(preset, {"trials": str(trials)})
    material = Material(params, task.catalogue("en"), keys=task.keys(params))
    session = Session("01", task.name)
    rows = tuple(task.design(session, material))
    make_plan(task, session, material, rig, rows)
    with _devices(rig, session, material, keys=keys) as devices:
        log = EventLog(path)
        log.append("header", 0.0, format=FORMAT, task=task.name, preset=preset, **devices.facts())
        run = Run(
            display=devices.display,
            responses=devices.responses,
            trigger=devices.trigger,
            clock=devices.clock,
            log=log,
            trials=rows,
            operator=rig.operator,
        )
        quiet_memory()
        try:
            with run:
                if keys:
                    run.page("instructions", task.instructions(material), ("space", *material.keys))
                task.play(run, material)
        finally:
            normal_memory()
            restore_priority()
    return read_log(path)


@contextlib.contextmanager
def _devices(rig: Rig, session: Session, material: Material, *, keys: bool) -> Iterator[Devices]:
    with contextlib.ExitStack() as stack:
        clock = MonotonicClock()
        stack.callback(clock.close)
        line = open_trigger(rig.trigger, clock)
        stack.callback(line.close)
        screen = open_screen(rig.display, clock, pilot=False)
        stack.callback(screen.close)
        responses: Responses = (
            open_keyboard(rig.responses, clock, screen)
            if keys
            else SimulatedResponses(clock, reference.participant(session, material).answer)
        )
        stack.callback(responses.close)
        yield Devices(clock, screen, responses, line, raise_priority())


def known(log: Log, preset: str, *, keys: bool) -> list[Figure]:
    """What the log of one run tells."""
    end = next(log.of("end"))
    timing = end["timing"]
    name = {"respond": "W1", "fixed": "W2"}[preset]
    late_ms = [
        1000 * (phase["onset"] - phase["onset_planned"])
        for phase in log.of("phase")
        if phase["frames_planned"] is not None
    ]
    figures = [
        Figure(
            f"{name}: frames missed, of {timing['frames']}",
            (f"{timing['missed_frames']}",),
            "0",
            timing["missed_frames"] == 0,
        ),
        Figure(
            f"{name}: phases late by a frame, of {timing['phases']}",
            (f"{timing['late_phases']}",),
            "0",
            timing["late_phases"] == 0,
        ),
        Figure(f"{name}: onset after plan, p50 / p99 / max, ms", (spread(late_ms),)),
    ]
    sent = list(log.of("trigger"))
    if sent:
        figures += _line(name, sent, end["triggers"]["lost"])
    answered = [e["outcome"]["rt_s"] for e in log.of("trial") if e["outcome"]["rt_s"] is not None]
    if keys:
        cell = (spread(answered, "{:.3f}"),)
        figures.append(Figure(f"{name}: RT (error unknown), p50 / p99 / max, s", cell))
    return figures


def _line(name: str, sent: list[dict[str, Any]], lost: int) -> list[Figure]:
    """Delay and width of the codes, as the program that wrote them knows them."""
    of_flips = [e["delay_ms"] for e in sent if e["kind_of"] == "flip" and e["delay_ms"] is not None]
    others = [e["delay_ms"] for e in sent if e["kind_of"] == "now" and e["delay_ms"] is not None]
    widths = [e["width_ms"] for e in sent if e["width_ms"] is not None]
    return [
        Figure(f"{name}: onset code after the flip, p50 / p99 / max, ms", (spread(of_flips),)),
        Figure(f"{name}: response code after the press, p50 / p99 / max, ms", (spread(others),)),
        Figure(f"{name}: width of pulses, p50 / p99 / max, ms", (spread(widths),)),
        Figure(f"{name}: codes lost, of {len(sent)}", (f"{lost}",), "0", lost == 0),
    ]


def _machine(facts: Mapping[str, Any]) -> str:
    screen, line = facts["display"], facts["trigger"]
    return (
        f"screen      {screen['size_px'][0]} x {screen['size_px'][1]}, measured "
        f"{screen['refresh_measured_hz']} Hz (rig file {screen['refresh_nominal_hz']:g} Hz), "
        f"{screen['renderer']}\n"
        f"line        {line['device']}\n"
        f"responses   {facts['responses']['backend']}\n"
        f"priority    {screen['priority']}"
    )
