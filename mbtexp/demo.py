"""The main job once through: an Eyes run with a simulated participant, to BIDS and to an index."""

from __future__ import annotations

import contextlib
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from mbtexp.bids import export
from mbtexp.conduct import Conducted, Request, conduct
from mbtexp.errors import DataError, DiskError
from mbtexp.events import Log, read_log
from mbtexp.show import Progress, timing_text
from mbtexp.triggers.sender import REACHED

ITEMS = 10
"""Pictures of the short run: about a minute with the screen, a quarter of the whole task."""

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
    say(f"A simulated participant sits the Eyes test ({ITEMS} pictures) ...")
    with _line(virtual=virtual) as line:
        rig = folder / "rig.toml"
        rig.write_text(RIG.format(port=line.port), encoding="utf-8")
        done = _conduct(folder, rig, virtual=virtual)
        log = read_log(done.log)
        sent = [event["code"] for event in log.of("trigger") if event["outcome"] in REACHED]
        received = sent if virtual else line.received(2 * len(sent))
    say("... writes a BIDS data set ...")
    exported = export(folder)
    say("... and is scored.")
    analysed = import_module("analysis.run").analyse(folder)
    say("")
    say(summary(log, done, sent, received, virtual=virtual))
    say("")
    say(f"log         {done.log}")
    say(f"BIDS        {exported.root}")
    say(f"indices     {analysed.out / 'indices.tsv'}")
    say(f"quality     {analysed.out / 'quality.tsv'}")
    say(f"rig file    {rig}")


def summary(
    log: Log, done: Conducted, sent: Sequence[int], received: Sequence[int], *, virtual: bool
) -> str:
    """What happened, for somebody who has never seen this."""
    trials = [event for event in log.of("trial") if not event["design"]["practice"]]
    answered = [event["outcome"] for event in trials if not event["outcome"]["missed"]]
    correct = sum(outcome["correct"] for outcome in answered)
    screen = log.header["display"]
    lines = [
        f"trials      {len(trials)} and one for practice, {len(answered)} answered",
        f"score       {correct} of {len(answered)} correct (simulated answers, pilot pictures)",
        f"screen      {screen['backend']}, {screen['refresh_hz']:.2f} Hz"
        + (f", paced by {screen['paced']}" if screen.get("paced") else ""),
        timing_text(done.timing).replace("timing: ", "timing      ", 1),
    ]
    if virtual:
        lines.append(f"triggers    {len(sent)} codes left the virtual line")
    else:
        lines.append(f"triggers    {len(sent)} codes sent, {len(received)} received")
        lines.append(_compared(sent, received))
    return "\n".join(lines)


def _compared(sent: Sequence[int], received: Sequence[int]) -> str:
    if list(sent) == list(received):
        return "            every code arrived, in order"
    lost = dict(Counter(sent) - Counter(received)) or "none, but out of order"
    return f"            NOT THE SAME; missing at the far end: {lost}"


def _conduct(folder: Path, rig: Path, *, virtual: bool) -> Conducted:
    request = Request(
        task="eyes",
        participant="01",
        data=folder,
        preset="randomised",
        changes={"items": str(ITEMS), "break_every": "0"},
        rig=rig,
        simulate=True,
        virtual=virtual,
    )
    with Progress("trial") as progress:
        return conduct(request, on_progress=progress)


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
