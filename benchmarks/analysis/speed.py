"""How long `mbtexp analyse` takes for a large study, beside other ways, on one machine in one run.

python benchmarks/analysis/speed.py FOLDER --participants 1000
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from people import make

from analysis.parallel import cores
from analysis.run import analyse
from mbtexp.events import find_logs
from mbtexp.show import columns_text

PROCESSES = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)


def read_bytes(data: Path) -> None:
    for path in find_logs(data):
        path.read_bytes()


def tables(data: Path) -> Path:
    return data.with_name(f"{data.name}-tables")


def scored(data: Path, *, fresh: bool, workers: int, n_splits: int = 0) -> None:
    analyse(data, tables(data), fresh=fresh, workers=workers, n_splits=n_splits)


def some_changed(data: Path) -> None:
    """A byte more in a log of every hundredth person."""
    for path in sorted(data.glob("sourcedata/sub-*00/**/*task-polysemy*_log.jsonl")):
        content = path.read_bytes()
        path.write_bytes(content.removesuffix(b"}\n") + b" }\n")


BEFORE: dict[str, Callable[[Path], None]] = {"some": some_changed}
"""What is done before the time is taken."""


def other(name: str) -> Callable[[Path], None]:
    """One of the other ways; what it needs is loaded in its own process only."""

    def done(data: Path) -> None:
        getattr(import_module("others"), name)(data)

    return done


WAYS: dict[str, tuple[str, Callable[[Path], None]]] = {
    "bytes": ("bytes of the logs, warm", read_bytes),
    "cold": ("ours, nothing known, all cores", lambda d: scored(d, fresh=True, workers=cores())),
    "cold_1": ("ours, nothing known, one core", lambda d: scored(d, fresh=True, workers=1)),
    "known": ("ours, nothing changed", lambda d: scored(d, fresh=False, workers=cores())),
    "some": (
        "ours, a log of every hundredth person changed",
        lambda d: scored(d, fresh=False, workers=cores()),
    ),
    "reliable": (
        "ours, nothing known, with reliability",
        lambda d: scored(d, fresh=True, workers=cores(), n_splits=500),
    ),
    "reliable_known": (
        "ours, nothing changed, with reliability",
        lambda d: scored(d, fresh=False, workers=cores(), n_splits=500),
    ),
    "pandas": ("pandas, a beh.tsv at a time, 1 or 2 numbers a task", other("by_pandas")),
    "events": ("pandas, an events.tsv at a time, nothing scored", other("events_read")),
    "json": ("json line by line and scipy, 1 or 2 numbers a task", other("by_json_and_scipy")),
}
"""What is timed, each in a process of its own."""


def timed(way: str, data: Path) -> dict[str, float]:
    """What one way takes, in a process of its own."""
    ran = subprocess.run(
        [sys.executable, __file__, str(data), "--way", way],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    found: dict[str, float] = json.loads(ran.stdout)
    return found


def run(way: str, data: Path) -> dict[str, float]:
    """Seconds by the clock, seconds of the processors, and peak memory of the largest process."""
    job = WAYS[way][1]
    if way == "bytes":
        job(data)  # the first pass is the disk's
    BEFORE.get(way, lambda _: None)(data)
    began, before = time.perf_counter(), cpu_s()
    job(data)
    used = [resource.getrusage(who).ru_maxrss for who in PROCESSES]
    return {
        "s": time.perf_counter() - began,
        "cpu_s": cpu_s() - before,
        "peak_mb": max(used) / 1024,
    }


def cpu_s() -> float:
    """Seconds that all processors have worked for this process and those that it started."""
    used = [resource.getrusage(who) for who in PROCESSES]
    return sum(one.ru_utime + one.ru_stime for one in used)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--participants", type=int, default=1000)
    parser.add_argument("--simulated", type=int, default=20)
    parser.add_argument("--way", choices=WAYS)
    parser.add_argument("--only", nargs="+", choices=WAYS, default=list(WAYS))
    options = parser.parse_args()
    if options.way:
        print(json.dumps(run(options.way, options.folder)))
        return
    data = make(options.folder, options.participants, options.simulated)
    shutil.rmtree(tables(data), ignore_errors=True)
    size = sum(path.stat().st_size for path in find_logs(data)) / 1e6
    base = timed("bytes", data)["cpu_s"]
    rows = []
    for way in options.only:
        found = timed(way, data)
        rows.append(
            [
                WAYS[way][0],
                f"{found['s']:.2f}",
                f"{found['cpu_s']:.2f}",
                f"{found['cpu_s'] / base:.0f}",
                f"{found['peak_mb']:.0f}",
            ]
        )
        print(columns_text(rows[-1:]), file=sys.stderr, flush=True)
    print(f"{options.participants} people, five tasks each: {size:.0f} MB of logs")
    print(columns_text(rows, ["way", "s", "CPU s", "times the bytes", "peak MB"]))


if __name__ == "__main__":
    main()
