"""The parts of a check that belong to the trigger line, from its settings to its wires."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from mbtexp.check.bench import Bench
from mbtexp.check.report import Finding, shown, spread
from mbtexp.check.wires import what_the_wires_do
from mbtexp.errors import SettingError
from mbtexp.plan import refuse_large_codes, refuse_shared_keys
from mbtexp.port import FoundPort, found_ports, ports_spoken
from mbtexp.ports import Facts
from mbtexp.responses.fingers import answer_keys
from mbtexp.rig import Rig
from mbtexp.task import Task, find_task, task_names
from mbtexp.triggers.book import SESSION
from mbtexp.triggers.check import line_walk
from mbtexp.triggers.devices import device, line_of

WRITES = 200
WRITES_HZ = 60.0
SLOW_WRITE_MS = 1.0
"""99th percentile of a write's time above which the operator is told: 6 % of a frame at 60 Hz."""

COMFORTABLE_FRAMES = 3
"""Frames that tasks leave between an answer and the next coded screen."""

WALK_EVERY_S = 1.0

NO_LINE = "this rig has no trigger line."


# -- settings -------------------------------------------------------------------------------------


def settings(bench: Bench) -> Finding:
    """The rig's settings against each other, the code book and the keys of every task."""
    rig = bench.rig
    refuse_shared_keys(rig.responses.keys, rig)
    facts: Facts = {"device": rig.trigger.device, "mode": rig.mode}
    found = f"mode {rig.mode}, trigger device {rig.trigger.device}"
    tasks = [find_task(name) for name in task_names()]
    if rig.trigger.device != "none":
        line = line_of(rig.trigger)
        frames = line.spacing_s * rig.display.refresh_hz
        spacing_ms = round(1000 * line.spacing_s, 3)
        facts |= {"highest_code": line.highest, "spacing_ms": spacing_ms}
        found += f"; the next code may follow after {spacing_ms:g} ms"
        if frames > COMFORTABLE_FRAMES:
            return Finding(
                "warn",
                f"{found}, which is {frames:.1f} frames.",
                "make pulse_ms shorter if the recorder allows it: the code of a picture that "
                "follows an answer quickly would cut the answer's code short.",
                facts,
            )
    refused = [*_refused(tasks, rig)]
    if len(refused) == len(tasks):
        return Finding("fail", f"{found}. No task can run: {refused[0]}", facts=facts)
    if refused:
        return Finding("warn", f"{found}. {' '.join(refused)}", "the other tasks can run.", facts)
    return Finding("pass", f"{found}; every task can run with it.", facts=facts)


def _refused(tasks: Sequence[Task], rig: Rig) -> Iterator[str]:
    """A sentence for each task whose codes do not fit, or whose keys mean something else here."""
    for task in tasks:
        preset = next(iter(task.presets))
        own = task.keys(task.settings(preset, {}))
        try:
            refuse_large_codes(task, rig)
            refuse_shared_keys(answer_keys(rig.responses, task.name, preset, own), rig)
        except SettingError as error:
            yield f"Task '{task.name}': {error}"


# -- the port -------------------------------------------------------------------------------------


def port(bench: Bench) -> Finding:
    """The port that the rig names: whether it is there, and whether it is what it was."""
    trigger = bench.rig.trigger
    if trigger.device == "none":
        return Finding("skip", NO_LINE)
    row = device(trigger.device)
    if row.kind != "serial":
        return Finding("pass", f"no serial port is needed: {row.title}.")
    found = _found_port(trigger.port)
    if found is None:
        return _unlisted(trigger.port)
    facts = {
        "port": trigger.port,
        "device": found.device,
        "stable": found.stable,
        "vid_pid": found.vid_pid,
        "serial_number": found.serial_number,
        "description": found.description,
    }
    text = f"{trigger.port} is there: {found.spoken()}."
    if row.usb_ids and found.vid_pid not in row.usb_ids:
        return Finding(
            "warn",
            f"{text} A {row.title} is known as {' or '.join(row.usb_ids)}.",
            "make sure that this is the port of the box, and not of another device.",
            facts,
        )
    if found.stable not in (trigger.port, found.device):
        return Finding(
            "warn",
            text,
            f'write port = "{found.stable}" into the rig file: that name stays when another '
            "device is plugged in.",
            facts,
        )
    return Finding("pass", text, facts=facts)


def _found_port(name: str) -> FoundPort | None:
    real = os.path.realpath(name) if os.name != "nt" else name.upper()
    for found in found_ports():
        device_name = found.device.upper() if os.name == "nt" else found.device
        if real == device_name or name == found.stable:
            return found
    return None


def _unlisted(name: str) -> Finding:
    if os.name != "nt" and Path(name).exists():
        return Finding(
            "warn",
            f"{name} is there, but it is no USB or built-in serial port of this machine "
            f"({ports_spoken()}).",
            "name the port of the box, unless this is a rehearsal with an emulated one.",
            {"port": name, "stable": name},
        )
    return Finding(
        "fail",
        f"{name} is not there ({ports_spoken()}).",
        "plug the box in, or correct port in the rig file.",
        {"port": name},
    )


def opened(bench: Bench) -> Finding:
    """The port open for us alone and settled; and how long its adapter holds bytes back."""
    trigger = bench.rig.trigger
    line = line_of(trigger)
    if line.device.kind != "serial":
        facts = bench.open_line().describe()
        return Finding("pass", f"the {line.device.title} is ours.", facts=facts)
    assert line.baud is not None  # every serial row has a rate
    bench.port = bench.ports.open(
        trigger.port, line.baud, where="rig.toml: trigger", settle_s=line.settle_s
    )
    facts = bench.port.describe()
    held_ms = facts.get("latency_timer_ms")
    found = f"open for us alone at {line.baud} baud"
    if held_ms is not None:
        found += f"; its adapter holds what the box says for up to {held_ms} ms, never a code"
    return Finding("pass", f"{found}.", facts=facts)


def answer(bench: Bench) -> Finding:
    """What the box says of itself, if it is one that can."""
    row = device(bench.rig.trigger.device)
    sender = bench.open_line()
    if row.silent:
        return Finding(
            "pass",
            f"the {row.title} takes codes and never answers, so only the recorder can tell.",
            facts={"answer": "silent"},
        )
    box = sender.describe()["box"]
    told = {key: value for key, value in box.items() if key not in ("answers", "config")}
    spoken = ", ".join(f"{key} {shown(value)}" for key, value in told.items())
    facts = {"answer": spoken, **{f"asked {key}": text for key, text in box["answers"].items()}}
    return Finding("pass", f"the {row.title} answered: {spoken}.", facts=facts)


# -- write times ----------------------------------------------------------------------------------


def writes(bench: Bench) -> Finding:
    """How long a write takes: 200 times the line's rest, once a frame at 60 Hz."""
    line = line_of(bench.rig.trigger)
    if bench.port is None:
        return Finding("skip", f"not a serial port: {line.device.title}; the walk times its codes.")
    if line.pulse_ended_by == "device" and len(line.device.encode(1)) == 1:
        return Finding(
            "skip",
            "this box makes a pulse of every byte, so there is none that does nothing; the line "
            "walk times its codes.",
        )
    taken, outcomes = [], []
    start = bench.clock.now()
    for place in range(WRITES):
        bench.clock.sleep_until(start + place / WRITES_HZ)
        before = bench.clock.now()
        outcomes.append(bench.port.write(line.device.idle).outcome)
        taken.append(bench.clock.now() - before)
        bench.port.relieve()
    return judge_writes(taken, lost=sum(outcome != "sent" for outcome in outcomes))


def judge_writes(taken_s: list[float], *, lost: int) -> Finding:
    """A verdict on write times."""
    measured = spread(taken_s)
    facts = {
        "n": measured.n,
        "median_ms": measured.median_ms,
        "p99_ms": measured.p99_ms,
        "max_ms": measured.max_ms,
        "lost": lost,
        "times_ms": [round(1000 * taken, 4) for taken in taken_s],
    }
    if lost:
        return Finding(
            "fail",
            f"{lost} of {measured.n} writes were not taken by the port.",
            "check the cable and the box; plug it into another USB socket, not into a hub.",
            facts,
        )
    if measured.p99_ms > SLOW_WRITE_MS:
        return Finding(
            "warn",
            f"{measured.spoken()}.",
            "close other programs and check again: codes leave late when the machine is busy.",
            facts,
        )
    return Finding("pass", f"{measured.spoken()}.", facts=facts)


# -- line walk ------------------------------------------------------------------------------------


def walk(bench: Bench) -> Finding:
    """Each wire alone, seen on the recorder and confirmed by whoever looks at it."""
    if not bench.attended:
        return Finding("skip", "nobody is there to look at the recorder; not confirmed.")
    operator, sender = bench.operator, bench.open_line()
    operator.say(device(bench.rig.trigger.device).check)
    operator.say("Start the recorder and look at its trigger display. Codes come one a second.")
    if operator.ask("Press Return when you can see it.") is None:
        return Finding("skip", "nobody answered; not confirmed.")
    sent: list[int] = []
    for code in line_walk(sender, bench.clock, every_s=WALK_EVERY_S):
        operator.say(f"  {code}")
        sent.append(code)
    end = SESSION["test_end"].number
    if end <= line_of(bench.rig.trigger).highest:
        sender.pulse(end, "test_end")
    records = sender.drain()
    took = [record["t_write_end"] - record["t_write_start"] for record in records]
    facts = {"sent": sent, "lost": sender.lost(), "write_median_ms": spread(took).median_ms}
    if sender.lost():
        report = sender.loss_report()
        return Finding("fail", report, "check the cable and the box, then check again.", facts)
    seen = operator.yes("Did the recorder show exactly these numbers, each once, 0 between them?")
    if seen is None:
        return Finding("skip", "the codes were sent, but nobody confirmed them.", facts=facts)
    if seen:
        return Finding("pass", f"{len(sent)} codes were sent and seen.", facts=facts)
    return _not_as_sent(bench, sent, facts)


def _not_as_sent(bench: Bench, sent: list[int], facts: Facts) -> Finding:
    """Ask what was seen instead, and say what that means."""
    typed = bench.operator.ask(
        "Type the numbers that you saw, in their order with blanks between (or just Return):"
    )
    words = (typed or "").replace(",", " ").split()
    seen = [int(word) for word in words if word.isdigit()]
    why = what_the_wires_do(sent, seen) if seen else ""
    return Finding(
        "fail",
        f"the recorder did not show what was sent{f': {why}' if why else ''}.",
        "mend the cable or the settings, then check again; never record with wrong codes.",
        {**facts, "seen": seen},
    )
