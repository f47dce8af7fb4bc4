"""A session killed at any moment and resumed is the session that it would have been."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mbtexp.events import read_log
from mbtexp.protocol import Summary, allocate, read_allocation, read_protocol, summary
from mbtexp.protocol.log import read_session

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="kills"),
]

SMALL = Path(__file__).parent / "golden" / "protocol_small.toml"
KILLS = 10

DRIVER = """
import os, signal, sys
from mbtexp import cli, events
from mbtexp.protocol import allocation

WRITE, left = os.write, int(sys.argv[1])

def deadly(descriptor, content):
    # The last line before the kill is cut in two: half of it reaches the disk.
    global left
    left -= 1
    if left == 0:
        WRITE(descriptor, content[: len(content) // 2])
        os.kill(os.getpid(), signal.SIGKILL)
    return WRITE(descriptor, content)

events.os.write = deadly  # the logs' and the allocation's writes alike
code = cli.main(sys.argv[2:])
sys.stderr.write(f"lines {int(sys.argv[1]) - left}")
raise SystemExit(code)
"""


def held(data: Path, *more: str, dies_at: int = 0) -> tuple[int, str]:
    """The command's exit code and what it said, killed at a line that it writes (0: never)."""
    words = ["session", str(SMALL), "--participant", "01", "--data", str(data), "--group", "hc"]
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, str(dies_at), *words, "--simulate", "--virtual", *more],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stderr


def prepared(folder: Path) -> Path:
    allocate(read_protocol(SMALL), folder, {"bpd": 4, "hc": 4}, seed=7)
    return folder


def trials_of(told: Summary) -> dict[str, list[Any]]:
    """Design and outcome of every trial by run, as the log has them."""
    return {
        run.log: [
            (event["trial"], event["design"], event["outcome"])
            for event in read_log(told.folder / run.log).of("trial")
        ]
        for run in told.runs
    }


def session_folder(data: Path) -> Path:
    return data / "sourcedata" / "sub-01" / "ses-01"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Summary, int]:
    """A session that nobody killed, and how many lines it wrote."""
    data = prepared(tmp_path_factory.mktemp("whole"))
    code, said = held(data)
    assert code == 0, said
    return summary(session_folder(data)), int(said.rsplit(maxsplit=1)[1])


@pytest.mark.parametrize("kill", range(KILLS))
def test_a_killed_session_loses_nothing_and_repeats_nothing(
    whole: tuple[Summary, int], tmp_path: Path, kill: int
) -> None:
    uninterrupted, lines = whole
    rng = random.Random(100 + kill)
    data = prepared(tmp_path)
    # One kill in each tenth of the session, and a second one after it was resumed.
    first = 1 + int((kill + rng.random()) / KILLS * lines)
    assert held(data, dies_at=first)[0] == -signal.SIGKILL
    taken = read_allocation(data)
    again = [] if read_session(log_path(data)) is None else ["--resume"]
    code, _ = held(data, *again, dies_at=rng.randint(2, 60))
    if code != 0:
        assert code == -signal.SIGKILL
        again = [] if read_session(log_path(data)) is None else ["--resume"]
        code, said = held(data, *again)
        assert code == 0, said

    told = summary(session_folder(data))
    assert told.completed
    assert [(s.step, s.outcome) for s in told.steps] == [
        (s.step, s.outcome) for s in uninterrupted.steps
    ]
    assert trials_of(told) == trials_of(uninterrupted)
    table = read_allocation(data)
    assert table is not None
    assert taken is not None
    assert len(table.taken) == 1
    assert table.taken[: len(taken.taken)] == taken.taken
    assert told.cell == table.taken[0].cell == uninterrupted.cell
    lines_of = [json.loads(x) for x in log_path(data).read_bytes().splitlines() if _whole(x)]
    assert [line["t"] for line in lines_of] == sorted(line["t"] for line in lines_of)


def log_path(data: Path) -> Path:
    return session_folder(data) / "sub-01_ses-01_session.jsonl"


def _whole(line: bytes) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


def test_a_run_killed_in_its_first_line_is_begun_again_under_its_number(
    whole: tuple[Summary, int], tmp_path: Path
) -> None:
    data = prepared(tmp_path)
    # The row, the session's first line, the first page's two lines, the start of the first run.
    assert held(data, dies_at=6)[0] == -signal.SIGKILL
    cut = session_folder(data) / "sub-01_ses-01_task-mood_run-01_log.jsonl"
    assert b"\n" not in cut.read_bytes()
    assert held(data, "--resume")[0] == 0
    assert trials_of(summary(session_folder(data))) == trials_of(whole[0])
    assert cut.with_name(f"{cut.name}.damaged-1").exists()
