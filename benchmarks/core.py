"""How fast the core is where no screen holds it up: a virtual run, the log, imports, memory.

python benchmarks/core.py
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from figures import Figure, percentile, spread, table

from mbtexp.conduct import Conducted, Request, conduct
from mbtexp.events import EventLog, read_log

TEN_MINUTES_S = 600.0
RUN_TO_REACH_S = 0.3
LINE_TO_REACH_MS = 0.1

ITEMS = 26
"""Pictures with which the Eyes test's scanner preset takes ten minutes."""

RIG = '[trigger]\ndevice = "serial"\nport = "virtual"\n'

MODULES = ("mbtexp", "mbtexp.run", "mbtexp.conduct", "mbtexp.cli", "analysis", "analysis.run")

IMPORT = """\
import sys, time
began = time.perf_counter()
import {module}
print(time.perf_counter() - began, "psychopy" in sys.modules)
"""

PEAK = """\
import pathlib, sys
sys.path.insert(0, {here!r})
import core
core.virtual_run(pathlib.Path({folder!r}), {items})
"""

MEMORY = """
try:
    status = open("/proc/self/status").read()
    print(int(status.split("VmHWM:")[1].split()[0]) / 1024)
except OSError:
    print("nan")
"""
"""Largest size so far, MB; ``resource`` would tell that of the parent too."""


@dataclass(frozen=True)
class VirtualRun:
    """One run on the virtual lab: what it stands for, and what it took."""

    took_s: float
    length_s: float
    frames: int
    lines: int


def virtual_run(folder: Path, items: int = ITEMS) -> VirtualRun:
    """Play the Eyes test as ``mbtexp run --simulate --virtual`` does, from design to closed log."""
    rig = folder / "rig.toml"
    rig.write_text(RIG, encoding="utf-8")
    began = time.perf_counter()
    done = conduct(
        Request(
            task="eyes",
            participant="01",
            data=folder / "data",
            preset="scanner",
            changes={"items": str(items)},
            rig=rig,
            simulate=True,
            virtual=True,
        )
    )
    took_s = time.perf_counter() - began
    return _as_run(done, took_s)


def virtual_runs(count: int, items: int = ITEMS) -> list[VirtualRun]:
    """The same run several times, each in a folder of its own."""
    runs = []
    for _ in range(count):
        with tempfile.TemporaryDirectory() as folder:
            runs.append(virtual_run(Path(folder), items))
    return runs


def _as_run(done: Conducted, took_s: float) -> VirtualRun:
    events = read_log(done.log).events
    return VirtualRun(took_s, events[-1]["t"], int(done.timing["frames"]), len(events))


def run_figures(items: int, repeats: int) -> list[Figure]:
    """The ten-minute run, several times."""
    first, *runs = virtual_runs(repeats + 1, items)  # the first loads what the others find loaded
    best, median = (choose(run.took_s for run in runs) for choose in (min, statistics.median))
    whole = first.length_s >= TEN_MINUTES_S
    return [
        Figure(
            f"virtual run of {first.length_s / 60:.1f} min, best of {repeats}, s", (f"{best:.3f}",)
        ),
        Figure(
            "same, median, s",
            (f"{median:.3f}",),
            f"<= {RUN_TO_REACH_S:g}" if whole else "-",
            median <= RUN_TO_REACH_S if whole else None,
        ),
        Figure("same, the first in a process, s", (f"{first.took_s:.3f}",)),
        Figure("frames a second (median)", (f"{first.frames / median:,.0f}",)),
        Figure("times faster than the clock on the wall", (f"{first.length_s / median:,.0f}",)),
        Figure("lines in its log", (f"{first.lines}",)),
    ]


def log_figures(disk: Path, lines: int) -> list[Figure]:
    """What one line of the log costs the run, without and with the thread that asks the disk.

    A run asks the disk once a trial; here it is asked without a pause, which is the worst case.
    """
    alone, beside = (_line_costs_ms(disk, lines, sync_every) for sync_every in (0, 10))
    p99 = percentile(alone, 99)
    return [
        Figure(
            f"a line of the log ({lines} lines): p50 / p99 / max, ms",
            (spread(alone, "{:.4f}"),),
            f"p99 < {LINE_TO_REACH_MS:g}",
            p99 < LINE_TO_REACH_MS,
        ),
        Figure("same, the disk syncing all the time", (spread(beside, "{:.4f}"),)),
    ]


def _line_costs_ms(disk: Path, lines: int, sync_every: int) -> list[float]:
    with tempfile.TemporaryDirectory(dir=disk, prefix="log-") as folder:
        return sorted(_timed_lines(Path(folder) / "run_log.jsonl", lines, sync_every))


def _timed_lines(path: Path, lines: int, sync_every: int) -> list[float]:
    log = EventLog(path)
    event = _phase_event()
    costs = []
    for number in range(lines):
        began = time.perf_counter()
        log.append("phase", number / 60, **event)
        costs.append(1000 * (time.perf_counter() - began))
        if sync_every and number % sync_every == 0:
            log.sync()
    log.close()
    return costs


def _phase_event() -> dict[str, Any]:
    """What a run writes most often."""
    return {
        "trial": 17,
        "attempt": 1,
        "phase": "eyes_mental",
        "tag": "eyes_pilot_17",
        "onset_planned": 245.016667,
        "onset": 245.016731,
        "offset": 248.350064,
        "frames_planned": 480,
        "frames": 200,
        "missed": 0,
        "code": 125,
        "held": [],
    }


def import_figures(repeats: int) -> list[Figure]:
    """What it takes to load each part in a fresh interpreter."""
    figures = []
    for module in MODULES:
        program = IMPORT.format(module=module) + MEMORY
        told = [_python(program).split() for _ in range(repeats)]
        took = statistics.median(float(words[0]) for words in told)
        size = float(told[0][2])
        clean = all(words[1] == "False" for words in told)
        figures.append(
            Figure(
                f"import {module}: s / MB",
                (f"{took:.3f} / {size:.0f}",),
                "no PsychoPy",
                clean,
            )
        )
    return figures


def memory_figures(items: int) -> list[Figure]:
    """The largest that a process with a virtual run becomes."""
    with tempfile.TemporaryDirectory() as folder:
        here = str(Path(__file__).resolve().parent)
        told = _python(PEAK.format(here=here, folder=folder, items=items) + MEMORY)
    return [Figure("peak memory of the virtual run, MB", (f"{float(told):.0f}",))]


def _python(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return done.stdout


def main() -> int:
    """Measure and print; 1 if a figure was not reached."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, default=ITEMS, help="pictures in the virtual run")
    parser.add_argument("--lines", type=int, default=20_000, help="lines written to the log")
    parser.add_argument("--repeats", type=int, default=5, help="repeats of runs and imports")
    parser.add_argument(
        "--disk", type=Path, default=Path(), help="folder on the disk to write the log to (here)"
    )
    options = parser.parse_args()
    figures = [
        *run_figures(options.items, options.repeats),
        *log_figures(options.disk, options.lines),
        *import_figures(options.repeats),
        *memory_figures(options.items),
    ]
    print(table(("measured",), figures))
    if hasattr(os, "getloadavg"):
        print(f"\nload average at the end {os.getloadavg()[0]:.2f}; {os.cpu_count()} processors")
    return int(any(figure.reached is False for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
