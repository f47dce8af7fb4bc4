"""The main job once through: a short run of each task, simulated, to BIDS and to indices."""

from __future__ import annotations

import contextlib
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from mbtexp.bids import export
from mbtexp.conduct import Conducted, Request, conduct
from mbtexp.errors import DataError, DiskError, SettingError
from mbtexp.events import Log, read_log
from mbtexp.show import Progress, columns_text, timing_text
from mbtexp.triggers.record import REACHED

SETTLE_S = 2.0
"""Longest wait for the last bytes to come through the pseudo-terminal, s."""

RIG = """\
name = "demo"

[display]
refresh_hz = 60.0
width_px = 1920
height_px = 1080

[trigger]
device = "serial"
port = "{port}"
baud = 115200
pulse_ms = 10

[site]
institution = "Demonstration laboratory"
address = "1 Example Street"
department = "Department of Examples"
"""


@dataclass(frozen=True)
class Line:
    """The trigger line of the demonstration, and what its far end saw."""

    port: str
    received: Callable[[int], Sequence[int]]
    """Codes that arrived, after waiting for that many bytes."""


@dataclass(frozen=True)
class Short:
    """A run that is short enough for a demonstration."""

    task: str
    preset: str
    first: int
    """Trials shown, practice included."""
    index: str
    """The index by which the summary says how it went."""
    changes: tuple[tuple[str, str], ...] = ()


SHORT = (
    Short("eyes", "randomised", 8, "accuracy"),
    Short("trust", "rating", 8, "bias"),
    Short("discounting", "five_trial", 7, "five_trial_ln_k"),
    Short("polysemy", "standard", 8, "accuracy", (("practice", "false"),)),
    Short("attachment", "induction", 20, "mood_pleasure", (("booster", "true"),)),
)


@dataclass(frozen=True)
class Shown:
    """How a short run went."""

    short: Short
    log: Log
    done: Conducted
    sent: tuple[int, ...]
    received: tuple[int, ...]

    @property
    def same(self) -> bool:
        """Whether the far end of the trigger line saw exactly what was sent."""
        return self.sent == self.received


def run_demo(out: Path | None, *, virtual: bool, say: Callable[[str], None]) -> None:
    """Run, export, score, and say where everything lies.

    Parameters
    ----------
    out
        New folder for the data; None: ``demo-data``, or the next free number of it.
    virtual
        On the virtual lab instead of in a window.
    say
        Prints a line.
    """
    folder = _new_folder(out)
    runs = []
    for short in SHORT:
        say(f"A simulated participant sits a short run of '{short.task}' ...")
        runs.append(_play(short, folder, virtual=virtual))
    say("... the logs become a BIDS data set ...")
    exported = export(folder)
    say("... and are scored.")
    analysed = import_module("analysis.run").analyse(folder)
    pages = _report(folder)
    say("")
    say(summary(runs, analysed, virtual=virtual))
    say("")
    say(f"logs        {folder / 'sourcedata'}")
    say(f"BIDS        {exported.root}")
    say(f"indices     {analysed.out / 'indices.tsv'}")
    say(f"quality     {analysed.out / 'quality.tsv'}")
    say(f"report      {pages}")


def _report(folder: Path) -> str:
    """Where the page to open is, or what it needs."""
    try:
        made = import_module("analysis.report.build").report(folder)
    except SettingError as lacking:
        return str(lacking)
    return f"{made.files[0]} (open it in a browser)"


def summary(runs: Sequence[Shown], analysed: Any, *, virtual: bool) -> str:
    """What happened, for somebody who has never seen this."""
    rows = [
        [
            run.short.task,
            run.done.trials,
            _on_time(run.done),
            len(run.sent),
            len(run.received),
            _result(run.short, analysed),
        ]
        for run in runs
    ]
    heads = ["task", "trials", "screens on time", "codes sent", "received", "an index"]
    screen = runs[0].log.header["display"]
    pace = ", paced by software" if screen.get("paced") == "software" else ""
    return "\n".join(
        [
            columns_text(rows, heads),
            "",
            f"screen      {screen['backend']}, {screen['refresh_hz']:.2f} Hz{pace}",
            _timing_verdict(runs),
            _line_verdict(runs, virtual=virtual),
            "answers     simulated, on pilot stimuli: the indices measure nobody",
        ]
    )


def _on_time(done: Conducted) -> str:
    phases = done.timing["phases"]
    return f"{phases - done.timing['late_phases']} of {phases}"


def _result(short: Short, analysed: Any) -> str:
    """The run's index with its interval, as far as so few trials give one."""
    for index in analysed.indices:
        if (index.task, index.index) == (short.task, short.index) and index.value is not None:
            low, high = index.ci_low, index.ci_high
            bounds = "" if low is None or high is None else f" ({low:.2f} to {high:.2f})"
            return f"{index.index} {index.value:.2f}{bounds}"
    return f"{short.index}: too few trials"


def _timing_verdict(runs: Sequence[Shown]) -> str:
    late = sum(run.done.timing["late_phases"] for run in runs)
    phases = sum(run.done.timing["phases"] for run in runs)
    whole = {
        "phases": phases,
        "late_phases": late,
        "missed_frames": sum(run.done.timing["missed_frames"] for run in runs),
        "worst_late_s": max(run.done.timing["worst_late_s"] for run in runs),
    }
    return timing_text(whole).replace("timing: ", "timing      ", 1)


def _line_verdict(runs: Sequence[Shown], *, virtual: bool) -> str:
    sent = sum(len(run.sent) for run in runs)
    if virtual:
        return f"triggers    {sent} codes left the virtual line"
    received = sum(len(run.received) for run in runs)
    if all(run.same for run in runs):
        return f"triggers    {sent} codes sent, {received} received: every code arrived, in order"
    lost = sum((Counter(run.sent) - Counter(run.received) for run in runs), Counter[int]())
    missing = dict(lost) or "none, but out of order"
    return f"triggers    {sent} codes sent, {received} received: NOT THE SAME; missing: {missing}"


def _play(short: Short, folder: Path, *, virtual: bool) -> Shown:
    """One short run; its codes go to a port whose far end records them."""
    with _line(virtual=virtual) as line:
        rig = folder / "rig.toml"
        rig.write_text(RIG.format(port=line.port), encoding="utf-8")
        request = Request(
            task=short.task,
            participant="01",
            data=folder,
            preset=short.preset,
            changes=dict(short.changes),
            first=short.first,
            rig=rig,
            simulate=True,
            virtual=virtual,
        )
        with Progress("trial") as progress:
            done = conduct(request, on_progress=progress)
        log = read_log(done.log)
        sent = tuple(e["code"] for e in log.of("trigger") if e["outcome"] in REACHED)
        received = sent if virtual else tuple(line.received(2 * len(sent)))
    return Shown(short, log, done, sent, received)


def _new_folder(out: Path | None) -> Path:
    try:
        return _next_folder() if out is None else _empty_folder(out)
    except OSError as error:
        raise DiskError(
            f"{error.filename}: the folder cannot be made ({error.strerror}); name another one "
            "with --out."
        ) from None


def _empty_folder(out: Path) -> Path:
    out.mkdir(parents=True, exist_ok=True)
    if any(out.iterdir()):
        raise DataError(f"{out} is not empty; give --out a new folder.")
    return out


def _next_folder() -> Path:
    for number in range(1, 1000):
        folder = Path("demo-data" if number == 1 else f"demo-data-{number}")
        with contextlib.suppress(FileExistsError):
            folder.mkdir()
            return folder
    raise DataError("there are a thousand demo-data folders here; delete some.")


@contextlib.contextmanager
def _line(*, virtual: bool) -> Iterator[Line]:
    """A pseudo-terminal whose far end records; Windows has none, there the line is in memory."""
    if virtual or sys.platform == "win32":
        yield Line("virtual", lambda _: [])
        return
    from mbtexp.triggers.emulate import RecordingPort  # noqa: PLC0415  POSIX only

    with RecordingPort() as port:

        def received(n_bytes: int) -> Sequence[int]:
            port.wait_for(n_bytes, SETTLE_S)
            return port.codes()

        yield Line(port.name, received)
