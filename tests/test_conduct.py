"""From what was asked for to a closed log: what is refused before a device opens, and resuming."""

from __future__ import annotations

import gc
import json
import os
import re
import sys
from collections import namedtuple
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from mbtexp.clock import MonotonicClock
from mbtexp.conduct import Devices, Request, conduct, core_texts, prepare, software_facts
from mbtexp.errors import DataError, DeviceError, DiskError, MbtexpError, SettingError
from mbtexp.events import Event, read_log
from mbtexp.rig import TriggerSettings
from mbtexp.triggers import open_link
from mbtexp.virtual import VirtualDisplay

FIELDS = {
    "kind", "t", "format", "task", "preset", "params", "language", "participant", "session", "run",
    "seed", "protocol", "mode", "simulated", "design", "columns", "phases", "codes", "task_info",
    "rig", "display", "responses", "trigger", "stimuli", "software", "clock", "keys",
}  # fmt: skip


@pytest.fixture
def asked(tmp_path: Path) -> Request:
    """Four pictures and one for practice, simulated, on the virtual lab."""
    return Request(
        task="eyes",
        participant="01",
        data=tmp_path / "study",
        changes={"items": "4"},
        simulate=True,
        virtual=True,
    )


def stopping_after(n_trials: int) -> Callable[[int, int], None]:
    """An ``on_progress`` that breaks the run off, as a crash would."""

    def progress(done: int, _all: int) -> None:
        if done >= n_trials:
            raise Crashed

    return progress


class Crashed(Exception):
    """The machine went down."""


def broken_off(asked: Request, n_trials: int) -> Path:
    """The log of a run that was broken off, as a crash leaves it: without its last words."""
    with pytest.raises(Crashed):
        conduct(asked, on_progress=stopping_after(n_trials))
    path = prepare(asked).session.log_path(asked.data, pilot=asked.pilot)
    lines = path.read_bytes().splitlines(keepends=True)
    last = max(i for i, line in enumerate(lines) if b'"kind":"trial"' in line)
    path.write_bytes(b"".join(lines[: last + 1]))
    return path


def changed_header(path: Path, **fields: Any) -> None:
    first, rest = path.read_bytes().split(b"\n", 1)
    header = {**json.loads(first), **fields}
    path.write_bytes(json.dumps(header).encode() + b"\n" + rest)


def refusal(asked: Request, kind: type[MbtexpError] = DataError) -> str:
    """What a request is refused with; nothing below the data folder may change."""
    before = contents(asked.data)
    with pytest.raises(kind) as refused:
        conduct(asked)
    assert contents(asked.data) == before
    return str(refused.value)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def trials(path: Path) -> list[Event]:
    return list(read_log(path).of("trial"))


# -- a whole run ----------------------------------------------------------------------------------


def test_a_run_leaves_a_closed_log_and_says_how_it_went(asked: Request) -> None:
    done = conduct(asked)
    log = read_log(done.log)
    assert (
        done.log == asked.data / "sourcedata/sub-01/ses-01/sub-01_ses-01_task-eyes_run-01_log.jsonl"
    )
    assert (done.trials, done.codes_lost, done.timing["late_phases"]) == (5, 0, 0)
    assert log.completed
    assert log.events[-1]["kind"] == "end"
    assert log.damage == []


def test_the_header_has_every_field_of_the_format_and_says_what_ran(asked: Request) -> None:
    header = read_log(conduct(asked).log).header
    assert set(header) == FIELDS
    assert (header["task"], header["preset"], header["params"]["items"]) == ("eyes", "standard", 4)
    assert (header["participant"], header["session"], header["run"]) == ("01", "01", 1)
    assert header["mode"] == "lab"
    assert header["simulated"]["model"] == "rasch_with_guessing"
    assert [row["trial"] for row in header["design"]] == [1, 2, 3, 4, 5]
    assert header["stimuli"]["set"] == "eyes_pilot"
    assert set(header["software"]) == {
        "mbtexp", "python", "os", "packages", "git_commit", "git_dirty",
    }  # fmt: skip


def test_progress_is_told_after_each_trial(asked: Request) -> None:
    told: list[tuple[int, int]] = []
    conduct(asked, on_progress=lambda done, whole: told.append((done, whole)))
    assert told == [(n, 5) for n in range(1, 6)]


def test_a_pilot_lies_apart_and_says_so(asked: Request) -> None:
    done = conduct(replace(asked, pilot=True))
    assert done.log.relative_to(asked.data).parts[0] == "pilot"
    assert read_log(done.log).header["mode"] == "pilot"


def test_a_rig_with_a_line_leaves_its_codes_in_the_log(asked: Request, tmp_path: Path) -> None:
    rig = tmp_path / "rig.toml"
    rig.write_text('[trigger]\ndevice = "serial"\nport = "COM3"\n')
    log = read_log(conduct(replace(asked, rig=rig)).log)
    codes = list(log.of("trigger"))
    assert {event["outcome"] for event in codes} == {"sent"}
    assert codes[0]["name"] == "run_start"
    assert codes[-1]["name"] == "run_end"


def test_two_runs_in_one_process_do_not_touch_each_other(asked: Request, tmp_path: Path) -> None:
    alone = conduct(asked).log.read_bytes()
    conduct(replace(asked, participant="02"))
    again = conduct(replace(asked, data=tmp_path / "other")).log.read_bytes()
    assert again == alone


def test_the_versions_are_told_and_the_commit_where_there_is_one() -> None:
    facts = software_facts()
    assert re.fullmatch(r"\d+\.\d+\.\d+", facts["mbtexp"])
    assert facts["git_commit"] is None or re.fullmatch(r"[0-9a-f]{40}", facts["git_commit"])
    assert set(facts["packages"]) == {"numpy", "psychopy", "pyserial"}


def test_the_core_speaks_english_where_it_has_no_other_words() -> None:
    assert core_texts("de")("pause").startswith("Pause\n\nBitte")
    assert core_texts("fr")("pause") == core_texts("en")("pause")


# -- what is refused before a device opens --------------------------------------------------------


def test_an_existing_run_is_not_overwritten(asked: Request) -> None:
    path = conduct(asked).log
    assert refusal(asked) == (
        f"{path} exists already. Nothing is overwritten: use --resume to go on with that run, "
        "or --run with another number."
    )


def test_real_and_simulated_participants_do_not_mix(asked: Request) -> None:
    path = conduct(asked).log
    second = replace(asked, participant="02")
    assert refusal(replace(second, simulate=False, virtual=False)) == (
        f"{asked.data} holds simulated participants; give real ones another --data folder."
    )
    changed_header(path, simulated=None)
    assert refusal(second) == (
        f"{asked.data} holds real participants; give simulated ones another --data folder."
    )
    assert conduct(replace(second, pilot=True)).trials == 5, "pilots lie apart"


@pytest.mark.parametrize("content", [b"", b"{gar", b'{"kind":"header","t":0,"format":9}\n'])
def test_a_log_that_cannot_be_read_keeps_nobody_from_starting(
    asked: Request, content: bytes
) -> None:
    path = conduct(asked).log
    path.write_bytes(content)
    assert conduct(replace(asked, participant="02")).trials == 5
    assert path.read_bytes() == content


def test_a_nearly_full_disk_is_told_before_the_participant_starts(
    asked: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage(10**9, 10**9 - 10**6, 10**6))
    assert refusal(asked, DiskError) == (
        f"{asked.data}: less than 20 MB are free on this disk; make room before the participant "
        "starts."
    )


def test_a_data_folder_that_cannot_be_written_is_told_before_the_window(
    asked: Request, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda path, mode: False)
    opened: list[Devices] = []
    with pytest.raises(DiskError) as refused:
        conduct(asked, on_ready=opened.append)
    assert str(refused.value) == f"{tmp_path} cannot be written; choose another --data folder."
    assert not opened


def test_a_file_is_no_data_folder(asked: Request, tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("mine")
    for data in (file, file / "study"):
        with pytest.raises(DataError) as refused:
            conduct(replace(asked, data=data))
        assert str(refused.value) == f"{file} is a file; give --data a folder."
    assert file.read_text() == "mine"


def test_a_plan_that_cannot_work_is_refused_before_anything_is_written(asked: Request) -> None:
    said = refusal(replace(asked, changes={"fixation_s": "0.123"}), SettingError)
    assert said.startswith("phase 'fixation': 0.123 s cannot be shown at 60 Hz; the nearest are ")
    assert not asked.data.exists()


# -- devices --------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_window_that_does_not_open_gives_the_port_back(
    asked: Request, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_window(*_: object, **__: object) -> None:
        raise DeviceError("no window here")

    monkeypatch.setattr("mbtexp.screen.open_screen", no_window)
    master, slave = os.openpty()
    name = os.ttyname(slave)
    os.close(slave)
    rig = tmp_path / "rig.toml"
    rig.write_text(f'[trigger]\ndevice = "serial"\nport = "{name}"\n')
    with pytest.raises(DeviceError, match="no window here"):
        conduct(replace(asked, rig=rig, virtual=False))
    clock = MonotonicClock()
    open_link(TriggerSettings(device="serial", port=name), clock).close()
    os.close(master)
    assert not asked.data.exists()


def test_memory_is_collected_again_after_a_run_that_crashed(
    asked: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A real run switches the collector off; whatever happens it is on again afterwards."""

    def screen(_settings: Any, clock: Any, **_: Any) -> VirtualDisplay:
        return VirtualDisplay(clock, 60.0)

    seen: list[bool] = []

    def progress(_done: int, _all: int) -> None:
        seen.append(gc.isenabled())
        raise Crashed

    monkeypatch.setattr("mbtexp.screen.open_screen", screen)
    model = import_module("tasks.eyes.participant")
    monkeypatch.setattr(model, "READING_S", 0.02)
    monkeypatch.setattr(model, "Taker", partial(model.Taker, median_rt_s=0.02))
    with pytest.raises(Crashed):
        conduct(replace(asked, virtual=False, changes={"items": "1"}), on_progress=progress)
    assert seen == [False]
    assert gc.isenabled()


# -- going on with an interrupted run -------------------------------------------------------------


@pytest.mark.parametrize("n_trials", [1, 2, 4])
@pytest.mark.parametrize("preset", ["standard", "scanner"])
def test_a_resumed_run_has_the_trials_of_one_that_was_not_interrupted(
    asked: Request, tmp_path: Path, preset: str, n_trials: int
) -> None:
    asked = replace(asked, preset=preset, changes={"items": "3"})
    whole = trials(conduct(replace(asked, data=tmp_path / "whole")).log)
    path = broken_off(asked, n_trials)
    before = path.read_bytes()

    assert conduct(replace(asked, resume=True)).trials == len(whole)
    log = read_log(path)
    assert path.read_bytes().startswith(before)
    assert log.completed
    assert [event["design"] for event in log.of("trial")] == [event["design"] for event in whole]
    for resumed, uninterrupted in zip(log.of("trial"), whole, strict=True):
        first, second = dict(resumed["outcome"]), dict(uninterrupted["outcome"])
        assert first.pop("rt_s") == pytest.approx(second.pop("rt_s"), abs=1e-5)
        assert first == second


def test_a_resumed_run_goes_on_on_the_time_axis_of_its_first_part(asked: Request) -> None:
    path = broken_off(asked, 2)
    last = read_log(path).events[-1]["t"]
    conduct(replace(asked, resume=True))
    events = read_log(path).events
    (resume,) = [event for event in events if event["kind"] == "resume"]
    assert resume["next_trial"] == 3
    assert resume["t"] > last
    after = events[events.index(resume) :]
    assert all(event["t"] >= resume["t"] for event in after)


def test_onsets_of_a_resumed_scanner_run_keep_their_distances(asked: Request) -> None:
    asked = replace(asked, preset="scanner")
    path = broken_off(asked, 3)
    conduct(replace(asked, resume=True))
    log = read_log(path)
    shown = {e["trial"]: e["onset"] for e in log.of("phase") if e["phase"].startswith("eyes_")}
    planned = {row["trial"]: row["onset_s"] for row in log.header["design"]}
    offsets = [shown[trial] - planned[trial] for trial in sorted(planned) if trial > 3]
    assert len(offsets) == 5
    assert max(offsets) - min(offsets) < 1 / 60


def test_a_line_that_a_crash_cut_off_does_not_keep_a_run_from_going_on(asked: Request) -> None:
    path = broken_off(asked, 3)
    path.write_bytes(path.read_bytes()[:-30])
    conduct(replace(asked, resume=True))
    log = read_log(path)
    assert log.completed
    assert sorted(event["trial"] for event in log.of("trial")) == [1, 2, 3, 4, 5]
    assert len(log.damage) == 1


def test_a_run_that_broke_off_before_its_first_trial_begins_anew(asked: Request) -> None:
    path = broken_off(asked, 1)
    path.write_bytes(path.read_bytes().split(b"\n", 1)[0] + b"\n")
    conduct(replace(asked, resume=True))
    assert [event["trial"] for event in trials(path)] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(("preset", "n_trials"), [("standard", 5), ("scanner", 8)])
def test_a_run_that_broke_off_after_its_last_trial_is_only_ended(
    asked: Request, preset: str, n_trials: int
) -> None:
    asked = replace(asked, preset=preset)
    path = broken_off(asked, n_trials)
    last = trials(path)[-1]["t"]
    conduct(replace(asked, resume=True))
    log = read_log(path)
    assert [event["trial"] for event in log.of("trial")] == list(range(1, n_trials + 1))
    assert log.completed
    assert log.events[-1]["t"] < last + 3


def test_a_run_can_be_resumed_more_than_once(asked: Request) -> None:
    path = broken_off(asked, 1)
    with pytest.raises(Crashed):
        conduct(replace(asked, resume=True), on_progress=stopping_after(3))
    conduct(replace(asked, resume=True))
    assert [event["trial"] for event in trials(path)] == [1, 2, 3, 4, 5]


def test_there_must_be_a_run_to_resume(asked: Request) -> None:
    path = prepare(asked).session.log_path(asked.data)
    assert refusal(replace(asked, resume=True)) == (
        f"{path}: there is no run to resume; leave out --resume."
    )
    assert not asked.data.exists()


def test_a_complete_run_is_not_resumed(asked: Request) -> None:
    path = conduct(asked).log
    assert refusal(replace(asked, resume=True)) == (
        f"{path}: this run is complete; use --run with another number."
    )


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"seed": 1}, "seed"),
        ({"preset": "randomised"}, "preset"),
        ({"changes": {"items": "3"}}, "params"),
        ({"language": "de"}, "language"),
    ],
)
def test_a_run_is_resumed_only_with_its_own_options(
    asked: Request, change: dict[str, Any], named: str
) -> None:
    path = broken_off(asked, 2)
    assert refusal(replace(asked, resume=True, **change)) == (
        f"{path}: the run was started with another {named}; "
        "resume it with the options it was started with."
    )


def test_a_person_s_pilot_is_not_finished_by_a_simulation_nor_on_another_clock(
    asked: Request,
) -> None:
    asked = replace(asked, pilot=True)
    path = broken_off(asked, 2)
    again = replace(asked, resume=True)
    assert refusal(replace(again, virtual=False)) == (
        f"{path}: the run was started with --virtual; "
        "resume it with the options it was started with."
    )
    changed_header(path, simulated=None)
    assert refusal(again) == (
        f"{path}: the run was started without --simulate; "
        "resume it with the options it was started with."
    )


def test_a_header_that_is_damaged_is_told_on_resuming(asked: Request) -> None:
    path = broken_off(asked, 2)
    path.write_bytes(path.read_bytes()[40:])
    assert refusal(replace(asked, resume=True)) == (
        f"{path}: this is not a log of mbtexp, or its first line is damaged; move it out of the "
        "way to go on without it."
    )
