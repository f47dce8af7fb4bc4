"""How well times are kept, seen from outside, beside PsychoPy as an expert writes it.

    python benchmarks/timing.py                   on a virtual screen, with its instruments (Linux)
    python benchmarks/timing.py --rig rig.toml    on this machine's own screen and trigger line

benchmarks/README.md says how to read what it prints.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core import RUN_TO_REACH_S, virtual_runs
from figures import Figure, table

from mbtexp.errors import DeviceError, MbtexpError
from mbtexp.events import find_logs, read_log

HERE = Path(__file__).resolve().parent
INSTRUMENTS = HERE.parent.parent / "shared" / "tools" / "timing"
NEEDED = ("build.sh", "harness.py", "workload.py", "vbl.py", "sys_expert.py")
OURS = ("reference.py", "texts")

SYSTEMS = ("mbtexp", "expert")
FIXED_TRIALS = 60
MISSED_EVERY = 200
"""The display is made to miss about one refresh in this many."""

VIRTUAL_RUNS = 6
"""The first one loads what the others find loaded, and is left out."""

KILL_SCALE = 0.1
"""The kill test plays the workload this much faster."""

SCREEN = (1280, 720)
FRAME_MS = 1000 / 60
SERVER_PRIORITY = 55
"""Of the X server: above what is measured (50), below what measures (60)."""

Measured = dict[str, Any]


@dataclass(frozen=True)
class Bench:
    """The instruments, built and put together in a folder of their own."""

    folder: Path
    display: str
    real_time: bool

    def measure(self, system: str, *options: str) -> Measured:
        """One run of one system on the reference workload, measured from outside."""
        out = self.folder / "run"
        command = [sys.executable, "harness.py", system, "--display", self.display]
        command += ["--out", str(out), *options, *([] if self.real_time else ["--other"])]
        environment = {
            **os.environ,
            "BENCH_SHIM": str(self.folder / "shim"),
            "BENCH_PY": sys.executable,
            "W_IMG": str(self.folder / "images"),
            "W_SIZE": "x".join(map(str, SCREEN)),
            "DISPLAY": self.display,
        }
        done = subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )
        lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
        said = out / "stdout.txt"
        told = said.read_text(errors="replace")[-1500:] if said.is_file() else ""
        if not lines or "error" in (measured := json.loads(lines[-1])):
            raise DeviceError(f"the bench did not measure {system}:\n{done.stderr[-1500:]}{told}")
        killed = "--kill" in options
        if measured["rc"] != 0 and not killed:
            raise DeviceError(f"{system} ended with status {measured['rc']}:\n{told}")
        if killed:
            measured["trials_on_disk"] = trials_on_disk(system, out / "data")
        return dict(measured)


def trials_on_disk(system: str, folder: Path) -> int:
    """Complete trials that a killed run has left in its files."""
    if system == "mbtexp":
        return sum(1 for path in find_logs(folder) for _ in read_log(path).of("trial"))
    rows = (folder / "expert.csv").read_bytes().count(b"\n")
    return max(0, rows - 1)  # its first line names the columns


@contextlib.contextmanager
def bench(instruments: Path) -> Iterator[Bench]:
    """Build the instruments, start an X server of our own, and take both away afterwards."""
    _refuse_what_is_missing(instruments)
    with tempfile.TemporaryDirectory(prefix="timing-") as name:
        folder = Path(name)
        for file in (*map(instruments.joinpath, NEEDED), *instruments.glob("*.c")):
            shutil.copy(file, folder)
        shutil.copy(HERE / "timing_mbtexp.py", folder / "sys_mbtexp.py")
        shutil.copy(HERE / OURS[0], folder)
        shutil.copytree(HERE / OURS[1], folder / OURS[1])
        _build(folder)
        real_time = _may_be_real_time()
        with _x_server(real_time=real_time) as display:
            yield Bench(folder, display, real_time)


def _refuse_what_is_missing(instruments: Path) -> None:
    if sys.platform != "linux":
        raise DeviceError("The virtual screen needs Linux; on this machine use --rig rig.toml.")
    missing = [file for file in NEEDED if not (instruments / file).is_file()]
    if missing:
        raise DeviceError(
            f"The instruments are not in {instruments} ({missing[0]} is missing). Give their "
            "folder with --instruments, or measure a real rig with --rig rig.toml."
        )
    for program, package in (("gcc", "gcc"), ("Xvfb", "xvfb"), ("chrt", "util-linux")):
        if shutil.which(program) is None:
            raise DeviceError(f"{program} is missing (Debian: apt-get install {package}).")
    for module in ("psychopy", "Xlib"):
        if importlib.util.find_spec(module) is None:
            raise DeviceError(f"{module} is missing: run `uv sync --extra lab`.")
    loads = [sys.executable, "-c", "import psychtoolbox"]
    if subprocess.run(loads, capture_output=True, check=False).returncode:
        raise DeviceError(
            "psychtoolbox cannot be loaded, so the expert script would lose every key; it needs "
            "libjack (Debian: apt-get install libjack-jackd2-0)."
        )


def _build(folder: Path) -> None:
    done = subprocess.run(
        ["sh", "build.sh", "shim"], cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise DeviceError(
            "The virtual screen could not be built; it needs the OpenGL headers (Debian: apt-get "
            f"install libgl-dev libglvnd-dev).\n{done.stderr[-800:]}"
        )


def _may_be_real_time() -> bool:
    tried = subprocess.run(["chrt", "-f", "60", "true"], capture_output=True, check=False)
    return tried.returncode == 0


@contextlib.contextmanager
def _x_server(*, real_time: bool) -> Iterator[str]:
    """A fresh Xvfb on a free display, by its name."""
    width, height = SCREEN
    command = ["Xvfb", "-displayfd", "1", "-screen", "0", f"{width}x{height}x24"]
    command += ["-nolisten", "tcp", "-noreset"]
    if real_time:
        command = ["chrt", "-f", str(SERVER_PRIORITY), *command]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert server.stdout is not None
        number = server.stdout.readline().decode().strip()
        if not number:
            raise DeviceError("Xvfb did not start.")
        yield f":{number}"
    finally:
        server.terminate()
        server.wait()


# -- the measurement -----------------------------------------------------------------------------


@dataclass
class Measurements:
    """What each system did, repeat by repeat."""

    respond: dict[str, list[Measured]]
    fixed: dict[str, list[Measured]]
    killed: dict[str, Measured]
    virtual_s: float


def measure(
    on: Bench, *, trials: int, fixed_trials: int, repeats: int, kill: int, out: Path | None
) -> Measurements:
    """All runs, ours and the expert's in turn, so that both meet the same state of the machine."""
    found = Measurements({s: [] for s in SYSTEMS}, {s: [] for s in SYSTEMS}, {}, 0.0)
    count, total = 0, repeats * 4 + (2 if kill else 0)

    def one(system: str, *options: str) -> Measured:
        nonlocal count
        count += 1
        _tell(f"run {count} of {total}: {system} {' '.join(options)}")
        measured = on.measure(system, *options)
        if out is not None:
            with out.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(measured) + "\n")
        return measured

    for _ in range(repeats):
        for system in SYSTEMS:
            found.respond[system].append(one(system, "--mode", "respond", "--n", str(trials)))
        fixed = ("--mode", "fixed", "--n", str(fixed_trials), "--drop", str(MISSED_EVERY))
        for system in SYSTEMS:
            found.fixed[system].append(one(system, *fixed))
    for system in SYSTEMS if kill else ():
        options = ("--kill", str(kill), "--n", str(kill + 20), "--scale", str(KILL_SCALE))
        found.killed[system] = one(system, "--mode", "respond", *options)
    found.virtual_s = statistics.median(run.took_s for run in virtual_runs(VIRTUAL_RUNS)[1:])
    return found


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _median(runs: Sequence[Measured], *path: str) -> float:
    """The median over repeats of one figure; the names lead to it."""
    values = []
    for run in runs:
        value: Any = run
        for name in path:
            value = None if value is None else value.get(name)
        if value is not None:
            values.append(float(value))
    return statistics.median(values) if values else float("nan")


def verdict(found: Measurements, *, kill: int) -> list[Figure]:
    """Every figure with its bar; a ratio is taken inside this one run of the bench."""
    respond, fixed = found.respond, found.fixed
    figures = [
        _zero("stimulus onset error, frames, clean trials", _worst_onset(respond), "0"),
        _zero(
            f"drift of {fixed['mbtexp'][0]['n']} fixed trials with missed refreshes, ms",
            {s: _median(fixed[s], "fixed_drift_end_ms") for s in SYSTEMS},
            "0",
        ),
        _ratio("onset trigger after the refresh, p50, ms", respond, 0.25, "trig_lag_ms", "p50"),
        _ratio("response trigger after the press, mean, ms", respond, 0.2, *RESPONSE_LAG),
        _ratio("press to the new screen, mean, ms", respond, 0.5, "response_to_blank_ms", "mean"),
        _pulse(respond),
        _ratio("RT error, absolute mean, ms", respond, 1.0, "rt_abs_err_ms", "mean"),
        _ratio("CPU of W1, s", respond, 0.7, "cpu_s"),
        _ratio("start to first fixation, s", respond, 0.7, "startup_to_first_fix_s"),
    ]
    if kill:
        on_disk = {s: found.killed[s]["trials_on_disk"] for s in SYSTEMS}
        cells = (str(on_disk["expert"]), str(on_disk["mbtexp"]), "")
        name = f"trials on disk, killed at {kill}"
        figures.append(Figure(name, cells, str(kill), on_disk["mbtexp"] >= kill))
    virtual = found.virtual_s
    figures.append(
        Figure(
            "ten-minute run on the virtual lab, s",
            ("-", f"{virtual:.2f}", ""),
            f"<= {RUN_TO_REACH_S:g}",
            virtual <= RUN_TO_REACH_S,
        )
    )
    return figures


RESPONSE_LAG = ("resp_trig_lag_ms", "mean")


def _worst_onset(runs: dict[str, list[Measured]]) -> dict[str, float]:
    """The worst trial untouched by a stall of the machine, in frames; median over repeats.

    NaN, which reaches no bar, where the machine stalled in every trial.
    """
    worst: dict[str, float] = {}
    for system in SYSTEMS:
        clean = [run["onset_err_clean_ms"] for run in runs[system]]
        frames = [max(abs(one["max"]), abs(one["min"])) / FRAME_MS for one in clean if one]
        worst[system] = statistics.median(frames) if frames else float("nan")
    return worst


def _zero(name: str, values: dict[str, float], to_reach: str) -> Figure:
    cells = (f"{values['expert']:.1f}", f"{values['mbtexp']:.1f}", "")
    return Figure(name, cells, to_reach, abs(values["mbtexp"]) < 0.05)


def _ratio(name: str, runs: dict[str, list[Measured]], bar: float, *path: str) -> Figure:
    expert, ours = (_median(runs[system], *path) for system in ("expert", "mbtexp"))
    cells = (f"{expert:.2f}", f"{ours:.2f}", f"{ours / expert:.2f}")
    return Figure(name, cells, f"<= {bar:g} x expert", ours <= bar * expert)


def _pulse(runs: dict[str, list[Measured]]) -> Figure:
    expert, ours = (_median(runs[system], "pulse_ms", "p50") for system in ("expert", "mbtexp"))
    cells = (f"{expert:.2f}", f"{ours:.2f}", "")
    return Figure("pulse, 10 ms asked, p50, ms", cells, "10 +- 0.5", abs(ours - 10) <= 0.5)


def side_figures(found: Measurements) -> list[Figure]:
    """What else was seen, without a bar: what was lost, and how quiet the machine was."""
    respond = found.respond

    def pair(name: str, form: str, *path: str) -> Figure:
        expert, ours = (_median(respond[system], *path) for system in ("expert", "mbtexp"))
        return Figure(name, (form.format(expert), form.format(ours), ""))

    return [
        pair("onset trigger after the refresh, p99, ms", "{:.2f}", "trig_lag_ms", "p99"),
        pair("response trigger after the press, p99, ms", "{:.2f}", "resp_trig_lag_ms", "p99"),
        pair("pulse, SD, ms", "{:.2f}", "pulse_ms", "sd"),
        pair("RT error, mean, ms", "{:.2f}", "rt_err_ms", "mean"),
        pair("RT error, SD, ms", "{:.2f}", "rt_err_ms", "sd"),
        pair("logged onset after the refresh, p50, ms", "{:.2f}", "logged_onset_err_ms", "p50"),
        pair("onset triggers missing", "{:.0f}", "trig_missing"),
        pair("response triggers missing", "{:.0f}", "resp_trig_missing"),
        pair("responses lost", "{:.0f}", "rt_lost"),
        pair("peak memory, MB", "{:.0f}", "rss_mb"),
        pair("start to first flip, s", "{:.2f}", "startup_to_first_flip_s"),
        pair("stalls of the machine", "{:.0f}", "stalls"),
        pair("trials touched by a stall", "{:.0f}", "trials_dirty"),
        pair("load average at the end", "{:.2f}", "load1"),
    ]


def on_virtual_screen(options: argparse.Namespace) -> int:
    """The whole bench, its tables on the terminal; 1 if a figure was not reached."""
    with bench(options.instruments) as on:
        found = measure(
            on,
            trials=options.trials,
            fixed_trials=options.fixed_trials,
            repeats=options.repeats,
            kill=options.kill,
            out=options.out,
        )
        priority = "SCHED_FIFO" if on.real_time else "ordinary priority (not root)"
    figures = verdict(found, kill=options.kill)
    columns = ("expert", "ours", "ratio")
    print(
        f"{options.trials} trials W1, {options.fixed_trials} trials W2, medians of "
        f"{options.repeats}; {platform.system()} {platform.machine()}, {os.cpu_count()} "
        f"processors, Python {platform.python_version()}, {priority}\n"
    )
    print(table(columns, figures))
    print("\nBesides:\n")
    print(table(columns, side_figures(found)))
    return int(any(figure.reached is False for figure in figures))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure on a virtual screen or on a rig, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--trials", type=int, default=100, help="trials of W1 (100)")
    virtual = parser.add_argument_group("on the virtual screen")
    virtual.add_argument(
        "--instruments", type=Path, default=INSTRUMENTS, metavar="DIR", help="where they are"
    )
    virtual.add_argument("--repeats", type=int, default=3, help="repeats of everything (3)")
    virtual.add_argument(
        "--fixed-trials", type=int, default=FIXED_TRIALS, help=f"trials of W2 ({FIXED_TRIALS})"
    )
    virtual.add_argument("--kill", type=int, default=150, help="trial to kill at; 0: not (150)")
    virtual.add_argument("--out", type=Path, metavar="FILE", help="append each run as JSON")
    rig = parser.add_argument_group("on a rig")
    rig.add_argument("--rig", type=Path, metavar="FILE", help="the rig file: measure this machine")
    rig.add_argument("--keys", action="store_true", help="a person presses f and j")
    options = parser.parse_args(arguments)
    try:
        if options.rig is None:
            return on_virtual_screen(options)
        from own_rig import on_rig  # noqa: PLC0415  opens no screen where none is wanted

        return on_rig(options.rig, trials=options.trials, keys=options.keys)
    except MbtexpError as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
