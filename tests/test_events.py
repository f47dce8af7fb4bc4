"""The log: appended once, never rewritten, readable after a crash, safe from a second writer."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from mbtexp.errors import DataError, DiskError
from mbtexp.events import EventLog, MemoryLog, encode, find_logs, read_log, rounded

posix = pytest.mark.skipif(sys.platform == "win32", reason="limits and locks of POSIX")


def header(log: EventLog | MemoryLog, **fields: object) -> None:
    log.append("header", 0.0, format=1, task="eyes", **fields)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "sourcedata" / "sub-01" / "ses-01" / "sub-01_log.jsonl"


@pytest.fixture
def log(path: Path) -> EventLog:
    """A log with a header and three trials, closed."""
    log = EventLog(path)
    header(log)
    for trial in (1, 2, 3):
        log.append("trial", trial / 3, trial=trial, word="müde")
        log.sync()
    log.close()
    return log


# -- writing --------------------------------------------------------------------------------------


def test_an_event_is_one_line_of_json() -> None:
    assert encode({"kind": "note", "t": 0.1, "text": "grün\n"}) == (
        '{"kind":"note","t":0.1,"text":"grün\\n"}\n'.encode()
    )


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_number_that_is_none_never_reaches_the_log(number: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        encode({"kind": "note", "t": 0.0, "value": number})
    assert rounded(number) is None


def test_times_are_written_to_the_microsecond() -> None:
    assert rounded(1 / 3) == 0.333333
    assert rounded(None) is None


def test_an_event_can_be_read_as_soon_as_it_is_appended(path: Path) -> None:
    log = EventLog(path)
    header(log)
    log.append("trial", 1.0, trial=1)
    assert [event["kind"] for event in read_log(path).events] == ["header", "trial"]
    log.close()


def test_memory_holds_what_the_file_holds(path: Path) -> None:
    memory, file = MemoryLog(), EventLog(path)
    for sink in (memory, file):
        header(sink)
        sink.append("note", 1 / 3, text="a")
        sink.sync()
        sink.close()
    assert read_log(path).events == memory.events
    assert memory.of("note") == list(read_log(path).of("note"))


def test_syncing_waits_on_another_thread_and_closing_waits_for_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []

    def slow(_descriptor: int) -> None:
        time.sleep(0.005)
        synced.append(threading.current_thread().name)

    monkeypatch.setattr("mbtexp.events._datasync", slow)
    log = EventLog(path)
    header(log)
    log.sync()
    assert len(synced) == 0
    log.close()
    assert set(synced) == {"log-sync"}
    log.close()


def test_a_disk_that_cannot_sync_does_not_stop_a_run(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_descriptor: int) -> None:
        raise OSError(errno.EIO, "gone")

    monkeypatch.setattr("mbtexp.events._datasync", fails)
    log = EventLog(path)
    header(log)
    log.sync()
    log.close()
    assert read_log(path).header["task"] == "eyes"


# -- never overwriting ----------------------------------------------------------------------------


def test_an_existing_log_is_never_overwritten(log: EventLog) -> None:
    before = log.path.read_bytes()
    with pytest.raises(DataError) as refused:
        EventLog(log.path)
    assert str(refused.value) == (
        f"{log.path} exists already. Nothing is overwritten: use --resume to go on with that run, "
        "or --run with another number."
    )
    assert log.path.read_bytes() == before


def test_resuming_appends_and_leaves_every_byte_before_it(log: EventLog) -> None:
    before = log.path.read_bytes()
    again = EventLog(log.path, resume=True)
    again.append("resume", 5.0)
    again.close()
    assert log.path.read_bytes() == before + b'{"kind":"resume","t":5.0}\n'


def test_resuming_behind_a_line_that_was_cut_off_begins_a_new_line(log: EventLog) -> None:
    cut = log.path.read_bytes()[:-9]
    log.path.write_bytes(cut)
    again = EventLog(log.path, resume=True)
    again.append("resume", 5.0)
    again.close()
    assert log.path.read_bytes() == cut + b'\n{"kind":"resume","t":5.0}\n'
    read = read_log(log.path)
    assert [event["kind"] for event in read.events] == ["header", "trial", "trial", "resume"]
    assert read.damage == [f"{log.path}: line 4 is damaged and was left out."]


def test_resuming_what_is_not_there_is_refused(path: Path) -> None:
    with pytest.raises(DataError) as refused:
        EventLog(path, resume=True)
    assert str(refused.value) == f"{path}: there is no run to resume; leave out --resume."
    assert not path.exists()


def test_a_run_that_ended_before_its_first_line_leaves_its_place_free(path: Path) -> None:
    EventLog(path).close()
    log = EventLog(path)
    header(log)
    log.close()
    assert len(read_log(path).events) == 1


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    path = tmp_path / "file" / "sub-01_log.jsonl"
    with pytest.raises(DiskError) as refused:
        EventLog(path)
    assert str(refused.value) == (
        f"{path}: the log cannot be created (File exists); choose another --data folder or "
        "free this one."
    )


def test_a_log_that_may_not_be_written_is_told(
    log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbids(*_: object) -> int:
        raise OSError(errno.EROFS, "")

    monkeypatch.setattr("mbtexp.events.os.open", forbids)
    with pytest.raises(DiskError) as refused:
        EventLog(log.path, resume=True)
    assert str(refused.value) == (
        f"{log.path}: the log cannot be written (Read-only file system); make it and its folder "
        "writable, then try again."
    )


# -- two writers ----------------------------------------------------------------------------------

HOLDER = """
import sys
from pathlib import Path
from mbtexp.events import EventLog
log = EventLog(Path(sys.argv[1]), resume=len(sys.argv) > 2)
log.append("header", 0.0, format=1)
print("open", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("resume", [True, False])
def test_two_processes_cannot_write_the_same_log(path: Path, resume: bool) -> None:
    held = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert held.stdout is not None
    assert held.stdout.readline() == b"open\n"
    with pytest.raises(DataError) as refused:
        EventLog(path, resume=resume)
    held.communicate()
    if resume:
        assert str(refused.value) == (
            f"{path} is being written by a run that is still going on. End that run first, or use "
            "--run with another number."
        )
    EventLog(path, resume=True).close()
    assert len(read_log(path).events) == 1


def test_of_two_runs_that_begin_at_once_only_one_gets_the_log(path: Path) -> None:
    first = EventLog(path)
    with pytest.raises(DataError, match="is being written by a run that is still going on"):
        EventLog(path)
    header(first)
    first.close()


@posix
def test_a_drive_without_locks_takes_a_run_all_the_same(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOLCK, "")

    monkeypatch.setattr("fcntl.flock", no_locks)
    EventLog(path).close()


# -- a full disk ----------------------------------------------------------------------------------

FULL = """
import resource, signal, sys
from pathlib import Path
from mbtexp.errors import DiskError
from mbtexp.events import EventLog
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
log = EventLog(Path(sys.argv[1]))
log.append("header", 0.0, format=1)
told = []
for trial in range(1, 101):
    try:
        log.append("trial", float(trial), trial=trial)
    except DiskError as error:
        told.append(f"{trial}: {error}")
log.close()
print(*told, sep="\\n")
"""


def full_disk(path: Path, limit: int) -> list[str]:
    """What a run of 100 trials is told on a disk whose files end at ``limit`` bytes."""
    ran = subprocess.run(
        [sys.executable, "-c", FULL, str(path), str(limit)],
        env={**os.environ, "TMPDIR": str(path.parents[3])},
        capture_output=True,
        text=True,
        check=True,
    )
    return ran.stdout.splitlines()


@posix
@pytest.mark.parametrize("limit", [2500, 2517, 2530])
def test_what_a_full_disk_did_not_take_is_kept_and_completes_the_log(
    path: Path, limit: int
) -> None:
    (told,) = full_disk(path, limit)
    [rescue] = path.parents[3].glob("mbtexp-rescue-*/*")

    assert rescue.name == path.name
    assert told.partition(": ")[2] == (
        f"{path}: the log could not be written (File too large). What did not fit is in {rescue}; "
        "make room, append that file to the log, then run with --resume."
    )
    with path.open("ab") as log:
        log.write(rescue.read_bytes())
    whole = read_log(path)
    assert whole.damage == []
    assert [trial["trial"] for trial in whole.of("trial")] == list(range(1, 101))


@posix
def test_a_full_disk_leaves_a_log_that_is_read_up_to_its_last_whole_line(path: Path) -> None:
    full_disk(path, 2517)
    log = read_log(path)
    trials = [trial["trial"] for trial in log.of("trial")]
    assert trials == list(range(1, len(trials) + 1))
    assert 50 < len(trials) < 100
    assert len(log.damage) <= 1


@posix
def test_a_rescue_that_is_full_too_is_told_and_nothing_else_breaks(path: Path) -> None:
    first, second, *_ = full_disk(path, 1500)
    assert "could not be written (File too large). What did not fit is in" in first
    assert "and neither could" in second
    assert "Everything up to the last whole line is in the log; make room, then run with" in second


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is always full")
def test_a_disk_that_takes_nothing_at_all_is_told(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.parent.mkdir(parents=True)
    path.symlink_to("/dev/full")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    log = EventLog(path)
    with pytest.raises(DiskError, match=r"could not be written \(No space left on device\)"):
        header(log)
    log.append("note", 1.0, text="kept")
    log.close()
    [rescue] = tmp_path.glob("mbtexp-rescue-*/*")
    assert [json.loads(line)["kind"] for line in rescue.read_text().splitlines()] == [
        "header",
        "note",
    ]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is always full")
def test_without_room_for_a_rescue_that_is_told_too(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(**_: object) -> str:
        raise OSError(errno.ENOSPC, "")

    monkeypatch.setattr("tempfile.mkdtemp", no_room)
    path.parent.mkdir(parents=True)
    path.symlink_to("/dev/full")
    log = EventLog(path)
    with pytest.raises(DiskError) as told:
        header(log)
    assert str(told.value) == (
        f"{path}: the log could not be written, and there is no room for the rest anywhere else "
        "(No space left on device). Everything up to the last whole line is in the log; make "
        "room, then run with --resume."
    )
    log.close()


# -- reading --------------------------------------------------------------------------------------


def test_a_damaged_line_is_left_out_and_told_wherever_it_is(log: EventLog) -> None:
    lines = log.path.read_bytes().split(b"\n")
    for number in (2, 3, 4):
        for garbage in (
            b'{"kind":"tri',
            b"\0" * 40,
            b"\xff\xfe",
            b"[1, 2]",
            b'{"a": 1}',
            b"[" * 9999,
        ):
            damaged = [*lines]
            damaged[number - 1] = garbage
            log.path.write_bytes(b"\n".join(damaged))
            read = read_log(log.path)
            assert read.damage == [f"{log.path}: line {number} is damaged and was left out."]
            assert len(read.events) == 3


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"hello\n", b'{"kind":"note","t":0}\n', b"\x89PNG"]
)
def test_what_is_no_log_is_refused(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    with pytest.raises(DataError) as refused:
        read_log(path)
    assert str(refused.value) == (
        f"{path}: this is not a log of mbtexp, or its first line is damaged; move it out of the "
        "way to go on without it."
    )


def test_a_log_of_a_newer_version_is_refused(path: Path) -> None:
    log = EventLog(path)
    log.append("header", 0.0, format=2)
    log.close()
    with pytest.raises(DataError) as refused:
        read_log(path)
    assert str(refused.value) == (
        f"{path}: log format 2; this version reads format 1. Install the version of mbtexp that "
        "wrote it, or a newer one."
    )


def test_a_log_that_is_not_there_is_told(path: Path) -> None:
    with pytest.raises(DataError) as refused:
        read_log(path)
    assert str(refused.value) == (
        f"{path}: the log cannot be read (No such file or directory); check the path."
    )


@pytest.mark.parametrize(
    ("ends", "completed"), [([], False), ([False], False), ([False, True], True)]
)
def test_a_run_is_complete_once_one_of_its_sittings_reached_the_end(
    path: Path, ends: list[bool], completed: bool
) -> None:
    log = EventLog(path)
    header(log)
    for end in ends:
        log.append("end", 1.0, completed=end)
    log.close()
    assert read_log(path).completed is completed


def test_logs_are_found_in_a_fixed_order_without_pilots(tmp_path: Path) -> None:
    names = ["sub-02/ses-01/b_log.jsonl", "sub-01/ses-02/a_log.jsonl", "sub-01/ses-01/a_log.jsonl"]
    for root in ("sourcedata", "pilot/sourcedata"):
        for name in names:
            (tmp_path / root / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / root / name).touch()
    found = [str(path.relative_to(tmp_path / "sourcedata")) for path in find_logs(tmp_path)]
    assert found == sorted(names)
