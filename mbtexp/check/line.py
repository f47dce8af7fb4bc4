"""The parts of a check that belong to the trigger line, from its settings to its wires."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from mbtexp.check.bench import Bench
from mbtexp.check.report import Finding, spread
from mbtexp.check.wires import what_the_wires_do
from mbtexp.errors import SettingError
from mbtexp.plan import refuse_shared_keys
from mbtexp.port import FoundPort, found_ports, ports_spoken
from mbtexp.ports import Facts
from mbtexp.rig import Rig
from mbtexp.task import find_task, task_names
from mbtexp.triggers import Sender
from mbtexp.triggers.book import SESSION
from mbtexp.triggers.check import line_walk
from mbtexp.triggers.codes import BOOKS
from mbtexp.triggers.encode import check_settings, device, spacing_s

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
    if rig.trigger.device != "none":
        check_settings(rig.trigger)
        for book in BOOKS.values():
            book.check(rig.trigger.max_code)
        spacing_ms = round(1000 * spacing_s(rig.trigger), 3)
        frames = spacing_s(rig.trigger) * rig.display.refresh_hz
        facts |= {"codes": sum(len(book) for book in BOOKS.values()), "spacing_ms": spacing_ms}
        found += f"; codes of all tasks fit; the next code may follow after {spacing_ms:g} ms"
        if frames > COMFORTABLE_FRAMES:
            return Finding(
                "warn",
                f"{found}, which is {frames:.1f} frames.",
                "make pulse_ms shorter if the recorder allows it: the code of a picture that "
                "follows an answer quickly would cut the answer's code short.",
                facts,
            )
    clashes = list(_tasks_with_shared_keys(rig))
    if clashes:
        return Finding("warn", f"{found}. {clashes[0]}", "the other tasks can run.", facts)
    return Finding("pass", f"{found}.", facts=facts)


def _tasks_with_shared_keys(rig: Rig) -> Iterator[str]:
    """A sentence for each task whose own keys mean something else on this rig."""
    if rig.responses.keys:
        return
    for name in task_names():
        task = find_task(name)
        keys = task.keys(task.settings(next(iter(task.presets)), {}))
        try:
            refuse_shared_keys(keys, rig)
        except SettingError as error:
            yield f"Task '{name}' cannot run here: {error}"


# -- the port -------------------------------------------------------------------------------------


def port(bench: Bench) -> Finding:
    """The port that the rig names: whether it is there, and whether it is what it was."""
    if bench.rig.trigger.device == "none":
        return Finding("skip", NO_LINE)
    name = bench.rig.trigger.port
    found = _found_port(name)
    if found is None:
        return _unlisted(name)
    facts = {
        "port": name,
        "device": found.device,
        "stable": found.stable,
        "vid_pid": found.vid_pid,
        "serial_number": found.serial_number,
        "description": found.description,
    }
    text = f"{name} is there: {found.spoken()}."
    if found.stable not in (name, found.device):
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
    """The port open for us alone, settled, at rest; and how long its adapter holds bytes back."""
    trigger = bench.rig.trigger
    bench.port = bench.ports.open(
        trigger.port, trigger.baud, where="rig.toml: trigger", settle_s=trigger.settle_s
    )
    facts = bench.port.describe()
    if trigger.pulse_ended_by == "host":
        rest = bench.port.write(device(trigger.device).idle)
        if rest.outcome != "sent":
            return Finding(
                "fail",
                f"the port is open but takes no bytes ({rest.outcome}).",
                "check the cable, and that the box is switched on.",
                facts,
            )
    held_ms = facts.get("latency_timer_ms")
    found = f"open for us alone at {trigger.baud} baud"
    if held_ms is not None:
        found += f"; its adapter holds what the box says for up to {held_ms} ms, never a code"
    return Finding("pass", f"{found}.", facts=facts)


def answer(bench: Bench) -> Finding:
    """What the box says of itself, if it is one that can."""
    assert bench.port is not None
    bench.sender = Sender(bench.rig.trigger, bench.port, bench.clock)
    return Finding(
        "pass",
        "a silent device: it takes codes and never answers, so only the recorder can tell.",
        facts={"answer": "silent"},
    )


# -- write times ----------------------------------------------------------------------------------


def writes(bench: Bench) -> Finding:
    """How long a write takes: 200 bytes of rest, one a frame at 60 Hz."""
    assert bench.port is not None
    trigger = bench.rig.trigger
    if trigger.pulse_ended_by == "device":
        return Finding(
            "skip",
            "this box makes a pulse of every byte, so there is no byte that does nothing; the "
            "line walk times its codes.",
        )
    rest = device(trigger.device).idle
    taken, outcomes = [], []
    start = bench.clock.now()
    for place in range(WRITES):
        bench.clock.sleep_until(start + place / WRITES_HZ)
        before = bench.clock.now()
        outcomes.append(bench.port.write(rest).outcome)
        taken.append(bench.clock.now() - before)
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
            f"{lost} of {measured.n} bytes were not taken by the port.",
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
    assert bench.sender is not None
    if not bench.attended:
        return Finding("skip", "nobody is there to look at the recorder; not confirmed.")
    operator = bench.operator
    operator.say("Start the recorder and look at its trigger display. Codes come one a second.")
    if operator.ask("Press Return when you can see it.") is None:
        return Finding("skip", "nobody answered; not confirmed.")
    sent = []
    for code in line_walk(bench.sender, bench.clock, every_s=WALK_EVERY_S):
        operator.say(f"  {code}")
        sent.append(code)
    bench.sender.pulse(SESSION["test_end"].number, "test_end")
    records = bench.sender.drain()
    took = [record["t_write_end"] - record["t_write_start"] for record in records]
    facts = {"sent": sent, "lost": bench.sender.lost(), "write_median_ms": spread(took).median_ms}
    if bench.sender.lost():
        report = bench.sender.loss_report()
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
