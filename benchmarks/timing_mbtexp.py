"""mbtexp as a system under test: plays the bench's own trials as ``mbtexp run`` would.

The bench of ``timing.py`` starts this file under the name sys_mbtexp.py, beside its module
``workload``, which says what to play and where to leave the answers.
"""

from __future__ import annotations

import json
from pathlib import Path

import workload  # type: ignore[import-not-found]  # the bench's own, beside this file there
from reference import Trial, reference_task

from mbtexp.conduct import Devices, Request, conduct
from mbtexp.events import read_log

RIG = """\
name = "bench"

[display]
refresh_hz = 60.0
width_px = {width}
height_px = {height}

[trigger]
device = "serial"
port = "{port}"
pulse_ms = {pulse_ms}
"""


def trials(_session: object, _material: object) -> list[Trial]:
    """The bench's trials, in our words."""
    return [
        Trial(
            trial=row["trial"] + 1,
            picture=row["image"],
            words=tuple(row["words"]),
            code=row["code"],
            key=row["key"],
            press_s=row["rt"],
        )
        for row in workload.trials()
    ]


TASK = reference_task(trials)


def run() -> None:
    """One run in the laboratory's mode; then its answers where the bench looks for them."""
    out = Path(workload.OUT)
    rig = out / "rig.toml"
    width, height = workload.SIZE
    port, pulse_ms = workload.PORT, 1000 * workload.PULSE
    rig.write_text(RIG.format(width=width, height=height, port=port, pulse_ms=pulse_ms))
    request = Request(
        task=__file__,
        participant="01",
        data=out,
        preset=workload.MODE,
        changes={
            "fixation_s": repr(workload.FIX),
            "picture_s": repr(workload.STIM),
            "empty_s": repr(workload.BLANK),
        },
        rig=rig,
    )
    clocks = []

    def ready(devices: Devices) -> None:
        clocks.append(devices.clock)

    log = read_log(conduct(request, on_ready=ready).log)
    zero = -clocks[0].to_run(0.0)
    onsets = {e["trial"]: e["onset"] + zero for e in log.of("phase") if e["phase"] == "picture"}
    outcomes = sorted(log.of("trial"), key=lambda event: event["trial"])
    result = {
        "rt": [event["outcome"]["rt_s"] for event in outcomes],
        "key": [event["outcome"]["response"] for event in outcomes],
        "onset_mono": [onsets[event["trial"]] for event in outcomes],
    }
    Path(workload.RES).write_text(json.dumps(result))


if __name__ == "__main__":
    run()
