"""What sending trigger codes costs a frame, and what becomes of the codes: ours beside others.

python benchmarks/triggers.py
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from figures import Figure, percentile, spread, table
from trigger_systems import SYSTEMS, Missing, System, silent

from mbtexp.clock import MonotonicClock
from mbtexp.priority import normal_memory, quiet_memory, raise_priority, restore_priority

TRIAL_S = 0.048
"""From one onset code to the next; an answer comes somewhere in between."""

LATE_S = 0.001
"""A flip that is this much late is counted: somebody took its time."""


@dataclass
class Spent:
    """Time that a system took, s."""

    code: list[float] = field(default_factory=list)
    """In the flip, when it had a code."""
    rest: list[float] = field(default_factory=list)
    """In all flips until the next code together: its return to zero."""
    late: int = 0
    flips: int = 0


def play(
    system: System, spent: Spent, clock: MonotonicClock, hz: float, flips: int, seed: int
) -> None:
    """A loop of flips without a screen: onset codes every few, answers in between."""
    every = max(2, round(TRIAL_S * hz))
    chance = random.Random(seed)
    start = clock.now() + 0.01
    t_answer = float("inf")
    rest = 0.0
    for flip in range(flips):
        code = 1 + (flip // every) % 200 if flip % every == 0 else None
        due = start + flip / hz
        if t_answer < due:
            clock.sleep_until(t_answer)
            system.answered(t_answer, 201 + flip % 50)
            t_answer = float("inf")
        if code is not None:
            system.ready(code)
        clock.sleep_until(due)
        t_flip = clock.now()
        spent.late += t_flip > due + LATE_S
        spent.flips += 1
        system.flipped(t_flip, code)
        took = clock.now() - t_flip
        if code is None:
            rest += took
        else:
            spent.code.append(took)
            spent.rest.append(rest)
            rest = 0.0
            t_answer = due + chance.uniform(0.002, every / hz - 0.002)
    clock.sleep_until(clock.now() + TRIAL_S)
    system.flipped(clock.now(), None)


class Boxes:
    """The boxes, in a process of their own."""

    def __init__(self, kinds: list[str]) -> None:
        file = Path(__file__).with_name("trigger_boxes.py")
        self._process = subprocess.Popen(
            [sys.executable, str(file), *kinds],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.ports: list[str] = json.loads(self._process.stdout.readline())

    def stop(self) -> list[dict[str, Any]]:
        """What reached each of them."""
        told, _ = self._process.communicate("")
        return list(json.loads(told))


@dataclass(frozen=True)
class Measured:
    """One system after all rounds."""

    system: System
    spent: Spent
    arrived: dict[str, Any]


def measure(
    names: list[str], hz: float, flips: int, rounds: int
) -> tuple[dict[str, Measured], dict[str, str], str]:
    """All systems in turn, several times over; why some could not take part; the priority."""
    clock = MonotonicClock()
    clock.call_at(clock.now(), lambda: None)  # the same switching between threads for everybody
    boxes = Boxes([SYSTEMS[name][0] for name in names])
    systems: dict[str, System] = {}
    missing: dict[str, str] = {}
    try:
        for name, port in zip(names, boxes.ports, strict=True):
            try:
                systems[name] = SYSTEMS[name][1](port, clock, hz)
            except Missing as why:
                missing[name] = str(why)
        spent = {name: Spent() for name in systems}
        quiet_memory()
        obtained = raise_priority()
        for place in range(rounds):
            for name, system in systems.items():
                with silent():
                    play(system, spent[name], clock, hz, flips // rounds, seed=place)
        restore_priority()
        normal_memory()
        with silent():
            for system in systems.values():
                system.close()
        clock.sleep_until(clock.now() + 0.2)
    finally:
        arrived = dict(zip(names, boxes.stop(), strict=True))
        clock.close()
    measured = {n: Measured(systems[n], spent[n], arrived[n]) for n in systems}
    return measured, missing, obtained


def never_arrived(measured: Measured) -> int:
    """Codes that the system says it sent and that did not reach its box."""
    sent = Counter(measured.system.counts.sent)
    return (sent - Counter(measured.arrived["values"])).total()


def not_sent(measured: Measured) -> int:
    """Codes that reached the box although nobody sent them."""
    seen = Counter(value for value in measured.arrived["values"] if value)
    return (seen - Counter(measured.system.counts.sent)).total()


def figures(measured: dict[str, Measured], names: list[str]) -> list[Figure]:
    """The table: a column for each system."""

    def cells(tell: Any) -> tuple[str, ...]:
        return tuple(tell(measured[name]) if name in measured else "-" for name in names)

    def micro(values: list[float]) -> str:
        return spread([1e6 * value for value in values], "{:.0f}")

    ours = measured["ours"]
    base = statistics.median(ours.spent.code)
    return [
        Figure("a code in its flip: p50 / p99 / max, us", cells(lambda m: micro(m.spent.code))),
        Figure(
            "the same, p50 to ours",
            cells(lambda m: f"{statistics.median(m.spent.code) / base:.1f}"),
        ),
        Figure(
            "all flips until the next code: p50 / p99 / max, us",
            cells(lambda m: micro(m.spent.rest)),
        ),
        Figure(
            "pulse, 8 ms asked: p50 / p99 / max, ms",
            cells(
                lambda m: (
                    spread(m.system.counts.widths_ms, "{:.2f}")
                    if m.system.counts.widths_ms
                    else "the box's"
                )
            ),
        ),
        Figure(
            "code written after its answer: p50 / p99 / max, ms",
            cells(lambda m: spread(m.system.counts.after_event_ms, "{:.2f}")),
        ),
        Figure("codes sent", cells(lambda m: f"{len(m.system.counts.sent)}")),
        Figure(
            "codes made to wait for a free line", cells(lambda m: f"{m.system.counts.deferred}")
        ),
        Figure(
            "codes cut by the next one, or without a zero before it",
            cells(lambda m: f"{m.system.counts.cut}"),
        ),
        Figure(
            "codes that did not reach the box",
            cells(lambda m: f"{m.system.counts.lost + never_arrived(m)}"),
            "0 (ours)",
            all(
                measured[name].system.counts.lost + never_arrived(measured[name]) == 0
                for name in names
                if name.startswith("ours") and name in measured
            ),
        ),
        Figure("codes at the box that nobody sent", cells(lambda m: f"{not_sent(m)}")),
        Figure(
            f"flips more than {1000 * LATE_S:g} ms late, of {ours.spent.flips}",
            cells(lambda m: f"{m.spent.late}"),
        ),
        Figure(
            "a frame of 60 Hz that a code takes (p99), %",
            cells(lambda m: f"{100 * 60 * percentile(sorted(m.spent.code), 99):.1f}"),
        ),
    ]


def main() -> int:
    """Measure and print; 1 if a code of ours was lost."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--flips", type=int, default=10_000, help="flips for each system")
    parser.add_argument("--hz", type=float, default=500.0, help="flips a second")
    parser.add_argument("--rounds", type=int, default=10, help="turns that the systems take")
    parser.add_argument("--only", nargs="+", default=list(SYSTEMS), choices=list(SYSTEMS))
    given = parser.parse_args()
    names = ["ours", *(name for name in given.only if name != "ours")]
    measured, missing, priority = measure(names, given.hz, given.flips, given.rounds)
    found = figures(measured, names)
    print(f"{given.flips} flips each at {given.hz:g} Hz, in {given.rounds} turns; {priority}\n")
    print(table(names, found))
    for name, why in missing.items():
        print(f"{name}: {why}.")
    for name, one in measured.items():
        for remark in one.arrived["remarks"]:
            print(f"{name}: the box says: {remark}.")
    print("\nTimes are the sender's own. Receipt on a pseudo-terminal is no latency.")
    return 0 if all(figure.reached is not False for figure in found) else 1


if __name__ == "__main__":
    sys.exit(main())
