"""A run killed at any moment loses no completed trial; resumed it is what it would have been.

The runs are forked from one interpreter that has everything imported. Each is slowed down, and its
writes are cut in two with a pause between, so that many kills strike inside a line.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mbtexp.events import Event, Log, read_log

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="forks and kills")

KILLS = 20
PRESETS = ("randomised", "scanner")

DRIVER = """
import json, os, random, signal, sys, time
from pathlib import Path

from mbtexp import events
from mbtexp.conduct import Request, conduct
from mbtexp.bids import export
from analysis.run import analyse

root, kills = Path(sys.argv[1]), int(sys.argv[2])
WRITE = os.write
PAUSE_S = 0.0006


def asked(preset, data, **more):
    return Request(
        task="eyes", participant="01", data=data, preset=preset, changes={"items": "10"},
        seed=3, simulate=True, virtual=True, **more,
    )


def child(preset, data, said, wrote):
    def slow_write(descriptor, line):
        # Half of the line, a pause, then the caller asks for the rest: as a busy disk would.
        WRITE(wrote, b".")
        half = WRITE(descriptor, line[: max(1, len(line) // 2)])
        time.sleep(PAUSE_S)
        return half

    def complete(done, _all):
        WRITE(said, f"{done}\\n".encode())

    events.os.write = slow_write
    conduct(asked(preset, data), on_progress=complete)
    WRITE(said, b"end\\n")
    os._exit(0)


def killed(preset, data, at_write=None, after_s=0.0):
    hear, said = os.pipe()
    watch, wrote = os.pipe()
    process = os.fork()
    if process == 0:
        child(preset, data, said, wrote)
    os.close(said)
    os.close(wrote)
    n_writes = 0
    while n_writes != at_write and os.read(watch, 1):
        n_writes += 1
    if at_write is not None:
        time.sleep(after_s)
        os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    os.close(watch)
    with os.fdopen(hear) as heard:
        return heard.read().split(), n_writes


def log_under(data):
    found = list(data.rglob("*_log.jsonl"))
    return found[0] if found else None


rng = random.Random(20)
report = []
n_writes = {}
for preset in ("randomised", "scanner"):
    whole = root / f"whole-{preset}"
    words, n_writes[preset] = killed(preset, whole)
    assert words[-1] == "end", words
    export(whole)
    analyse(whole)
for kill in range(kills):
    preset = ("randomised", "scanner")[kill % 2]
    data = root / f"killed-{kill:02d}"
    # One kill in each twentieth of the run, at a random write of it, before, in or after the pause.
    at_write = 1 + int((kill + rng.random()) / kills * n_writes[preset])
    words, _ = killed(preset, data, at_write, 2 * PAUSE_S * rng.random())
    log = log_under(data)
    left = b"" if log is None else log.read_bytes()
    (data / "left.jsonl").write_bytes(left)
    if b"\\n" not in left:
        # Not even the header is whole: there is nothing to go on with.
        log.unlink(missing_ok=True)
    if b"\\n" not in left or not events.read_log(log).completed:
        conduct(asked(preset, data, resume=b"\\n" in left))
    export(data)
    analyse(data)
    report.append({"kill": kill, "preset": preset, "said": words})
print(json.dumps(report))
"""


@pytest.fixture(scope="module")
def studies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the whole runs, the killed and resumed ones, and what each had said."""
    root = tmp_path_factory.mktemp("killed")
    ran = subprocess.run(
        [sys.executable, "-c", DRIVER, str(root), str(KILLS)],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    (root / "report.json").write_text(ran.stdout)
    return root


def report(studies: Path) -> list[dict[str, Any]]:
    """For each kill: which run it struck and which trials that had told as complete."""
    told: list[dict[str, Any]] = json.loads((studies / "report.json").read_text())
    assert len(told) == KILLS
    return told


def log_of(folder: Path) -> Log:
    [path] = folder.rglob("*_log.jsonl")
    return read_log(path)


def killed_folder(studies: Path, row: dict[str, Any]) -> Path:
    return studies / f"killed-{row['kill']:02d}"


def trials_of(log: Log) -> list[Event]:
    """Each trial's design and outcome; times to what two clocks can have in common."""
    trials = []
    for event in log.of("trial"):
        outcome = dict(event["outcome"])
        if outcome["rt_s"] is not None:
            outcome["rt_s"] = round(outcome["rt_s"], 4)
        trials.append({"design": event["design"], "outcome": outcome})
    return trials


def indices_of(folder: Path) -> list[dict[str, str]]:
    """The scored rows; times to a tenth of a millisecond."""
    with (folder / "derivatives" / "mbtexp" / "indices.tsv").open(encoding="utf-8") as table:
        rows = list(csv.DictReader(table, delimiter="\t"))
    for row in rows:
        # A line that the kill cut off is flagged, as it should be; it changes no index.
        row["flag"] = row["flag"].replace("|damaged_lines", "")
        for name, cell in row.items():
            try:
                row[name] = f"{float(cell):.4f}"
            except ValueError:
                continue
    return rows


def left_by(studies: Path, row: dict[str, Any]) -> Path:
    """The log as the kill left it."""
    return killed_folder(studies, row) / "left.jsonl"


def has_header(path: Path) -> bool:
    return b"\n" in path.read_bytes()


@pytest.mark.slow
def test_the_kills_struck_all_over_the_run_and_inside_lines(studies: Path) -> None:
    n_trials = [len(row["said"]) for row in report(studies)]
    assert min(n_trials) <= 1
    assert max(n_trials) >= 10
    assert len(set(n_trials)) >= 8
    left = [left_by(studies, row).read_bytes() for row in report(studies)]
    assert sum(not log.endswith(b"\n") for log in left) >= 3
    assert sum(log.endswith(b"\n") for log in left) >= 3


def test_no_trial_that_was_told_as_complete_is_lost(studies: Path) -> None:
    for row in report(studies):
        path = left_by(studies, row)
        told = [int(word) for word in row["said"] if word != "end"]
        trials = [e["trial"] for e in read_log(path).of("trial")] if has_header(path) else []
        assert trials[: len(told)] == told
        assert len(trials) <= len(told) + 1, "one may be written and not yet told"


def test_a_killed_log_reads_with_at_most_its_last_line_damaged(studies: Path) -> None:
    for row in report(studies):
        path = left_by(studies, row)
        if has_header(path):
            log = read_log(path)
            last = path.read_bytes().count(b"\n") + 1
            assert log.damage in (
                [],
                [f"{path}: line {last} is damaged and was left out."],
            )


def test_resuming_leaves_every_byte_that_was_there(studies: Path) -> None:
    for row in report(studies):
        log, left = log_of(killed_folder(studies, row)), left_by(studies, row)
        assert log.completed
        assert not has_header(left) or log.path.read_bytes().startswith(left.read_bytes())


def test_a_killed_and_resumed_run_has_the_trials_of_one_that_was_not(studies: Path) -> None:
    whole = {preset: trials_of(log_of(studies / f"whole-{preset}")) for preset in PRESETS}
    for row in report(studies):
        assert trials_of(log_of(killed_folder(studies, row))) == whole[row["preset"]], row


def test_a_killed_and_resumed_run_has_the_indices_of_one_that_was_not(studies: Path) -> None:
    whole = {preset: indices_of(studies / f"whole-{preset}") for preset in PRESETS}
    for row in report(studies):
        found = indices_of(killed_folder(studies, row))
        assert len(found) == len(whole[row["preset"]]) > 5
        assert found == whole[row["preset"]], row


def test_a_killed_and_resumed_run_exports_the_trials_of_one_that_was_not(studies: Path) -> None:
    def table(folder: Path) -> list[dict[str, str]]:
        [path] = folder.glob("sub-01/ses-01/*/*_beh.tsv")
        with path.open(encoding="utf-8") as rows:
            return [
                {name: row[name] for name in ("trial", "stim_id", "response", "correct")}
                for row in csv.DictReader(rows, delimiter="\t")
            ]

    whole = {preset: table(studies / f"whole-{preset}") for preset in PRESETS}
    for row in report(studies):
        assert table(killed_folder(studies, row)) == whole[row["preset"]], row
