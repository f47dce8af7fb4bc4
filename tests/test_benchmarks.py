"""The benchmarks: they run, they count right, and they say plainly what is missing."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy
import pytest

from mbtexp.conduct import Request, prepare
from mbtexp.events import FORMAT, EventLog, read_log
from mbtexp.rig import TriggerSettings
from mbtexp.run import Run
from mbtexp.session import Session
from mbtexp.task import Material
from mbtexp.virtual import VirtualLab


@pytest.fixture
def bench(repo: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Loads a module of the benchmarks by name, as if started from their folder."""
    monkeypatch.syspath_prepend(str(repo / "benchmarks"))

    def load(name: str) -> ModuleType:
        import importlib

        return importlib.import_module(name)

    return load


def started(repo: Path, script: str, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(repo / "benchmarks" / script), *options],
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
        env=dict(os.environ),
    )


def verdicts(printed: str) -> dict[str, str]:
    """The last cell of every line of the printed tables, by the first."""
    rows = [line.strip("| ").split("|") for line in printed.splitlines() if line.startswith("| ")]
    return {cells[0].strip(): cells[-1].strip() for cells in rows if cells[0].strip() != "figure"}


def played(bench: Any, preset: str, n_trials: int, path: Path, **lab: Any) -> Any:
    """A log of the reference workload, played on the virtual lab."""
    reference = bench("reference")
    task = reference.TASK
    params = task.settings(preset, {"trials": str(n_trials)})
    material = Material(params, task.catalogue("en"), keys=task.keys(params))
    session = Session("01", "reference")
    virtual = VirtualLab(
        answer=task.participant(session, material).answer,
        trigger=TriggerSettings(device="serial", port="-"),
        **lab,
    )
    log = EventLog(path)
    log.append("header", 0.0, format=FORMAT)
    with Run(
        display=virtual.display,
        responses=virtual.responses,
        trigger=virtual.trigger,
        clock=virtual.clock,
        log=log,
        trials=task.design(session, material),
    ) as run:
        task.play(run, material)
    return read_log(path)


# -- the core -------------------------------------------------------------------------------------


def test_the_core_is_measured_and_its_figures_are_printed(repo: Path, tmp_path: Path) -> None:
    options = ("--items", "2", "--lines", "50", "--repeats", "1", "--disk", str(tmp_path))
    ran = started(repo, "core.py", *options)

    assert ran.returncode in (0, 1), ran.stderr  # 1: a busy machine missed a figure
    found = verdicts(ran.stdout)
    assert found["import mbtexp.conduct: s / MB"] == "yes"
    assert {"frames a second (median)", "peak memory of the virtual run, MB"} <= set(found)
    assert any(name.startswith("a line of the log (50 lines)") for name in found)
    assert list(tmp_path.iterdir()) == []


def test_the_ten_minute_run_takes_ten_minutes(bench: Any, tmp_path: Path) -> None:
    core = bench("core")
    run = core.virtual_run(tmp_path)
    assert 600 <= run.length_s < 660
    assert run.frames == pytest.approx(run.length_s * 60, rel=0.01)


# -- the workload ---------------------------------------------------------------------------------


def test_fixed_trials_keep_their_place_though_refreshes_are_missed(
    bench: Any, tmp_path: Path
) -> None:
    log = played(bench, "fixed", 20, tmp_path / "log.jsonl", misses=range(50, 2000, 97))
    onsets = [e["onset_planned"] for e in log.of("phase") if e["phase"] == "picture"]
    assert [round(t - onsets[0], 4) for t in onsets] == [round(1.8 * k, 4) for k in range(20)]


def test_every_scripted_answer_is_taken_and_ends_its_picture(bench: Any, tmp_path: Path) -> None:
    log = played(bench, "respond", 30, tmp_path / "log.jsonl")
    trials = list(log.of("trial"))
    assert [e["outcome"]["rt_s"] for e in trials] == pytest.approx(
        [e["design"]["press_s"] for e in trials]
    )
    assert 0 < sum(e["outcome"]["rt_s"] is None for e in trials) < 10
    pictures = [e for e in log.of("phase") if e["phase"] == "picture"]
    for trial, picture in zip(trials, pictures, strict=True):
        wanted = trial["outcome"]["rt_s"] or 1.0
        assert wanted <= picture["offset"] - picture["onset"] + 1e-6 < wanted + 1 / 60 + 1e-3


# -- a rig by itself ------------------------------------------------------------------------------


def test_what_a_log_tells_of_a_rig_counts_missed_frames_and_codes(
    bench: Any, tmp_path: Path
) -> None:
    own_rig = bench("own_rig")
    good = own_rig.known(played(bench, "fixed", 5, tmp_path / "a.jsonl"), "fixed", keys=False)
    assert all(figure.reached is not False for figure in good)
    assert [f.cells[0] for f in good if "width of pulses" in f.name] == ["10.000 / 10.000 / 10.000"]

    log = played(bench, "fixed", 5, tmp_path / "b.jsonl", misses=[100, 200])
    (missed,) = [f for f in own_rig.known(log, "fixed", keys=False) if "frames missed" in f.name]
    assert (missed.cells, missed.reached) == (("2",), False)


@pytest.mark.screen
@pytest.mark.slow
def test_a_rig_whose_screen_is_another_one_is_refused_in_a_sentence(
    repo: Path, tmp_path: Path
) -> None:
    rig = tmp_path / "rig.toml"
    rig.write_text("[display]\nwidth_px = 900\nheight_px = 720\n", encoding="utf-8")
    ran = started(repo, "timing.py", "--rig", str(rig), "--trials", "2")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "the rig says 900 x 720 pixels" in ran.stderr
    assert "Traceback" not in ran.stderr


# -- seen from outside ----------------------------------------------------------------------------


def a_run(**changes: Any) -> dict[str, Any]:
    """What the instruments tell of one run, as short as a verdict needs it."""
    figures: dict[str, Any] = {
        "n": 60,
        "onset_err_clean_ms": {"max": 0.0, "min": 0.0},
        "fixed_drift_end_ms": 0.0,
        "trig_lag_ms": {"p50": 0.2},
        "resp_trig_lag_ms": {"mean": 1.0},
        "response_to_blank_ms": {"mean": 10.0},
        "pulse_ms": {"p50": 10.1},
        "rt_abs_err_ms": {"mean": 0.3},
        "cpu_s": 6.0,
        "startup_to_first_fix_s": 3.0,
    }
    return {**figures, **changes}


EXPERT = a_run(
    fixed_drift_end_ms=433.0,
    trig_lag_ms={"p50": 1.0},
    resp_trig_lag_ms={"mean": 9.0},
    response_to_blank_ms={"mean": 24.0},
    rt_abs_err_ms={"mean": 0.4},
    cpu_s=10.0,
    startup_to_first_fix_s=5.0,
)


@pytest.mark.parametrize(
    ("changes", "missed"),
    [
        ({}, []),
        ({"trig_lag_ms": {"p50": 0.26}}, ["onset trigger after the refresh, p50, ms"]),
        ({"pulse_ms": {"p50": 9.4}}, ["pulse, 10 ms asked, p50, ms"]),
        ({"cpu_s": 7.1}, ["CPU of W1, s"]),
        (
            {"onset_err_clean_ms": {"max": 0.0, "min": -16.667}},
            ["stimulus onset error, frames, clean trials"],
        ),
        ({"fixed_drift_end_ms": 16.7}, ["drift of 60 fixed trials with missed refreshes, ms"]),
    ],
)
def test_a_figure_is_reached_by_its_ratio_to_the_expert(
    bench: Any, changes: dict[str, Any], missed: list[str]
) -> None:
    timing = bench("timing")
    ours = [a_run(**changes)] * 3
    found = timing.Measurements(
        respond={"mbtexp": ours, "expert": [EXPERT]},
        fixed={"mbtexp": ours, "expert": [EXPERT]},
        killed={"mbtexp": {"trials_on_disk": 150}, "expert": {"trials_on_disk": 150}},
        virtual_s=0.2,
    )
    figures = timing.verdict(found, kill=150)
    assert [figure.name for figure in figures if figure.reached is False] == missed


def test_trials_on_disk_are_the_complete_ones(bench: Any, tmp_path: Path) -> None:
    timing = bench("timing")
    ours = tmp_path / "sourcedata" / "sub-01" / "ses-01"
    ours.mkdir(parents=True)
    log = played(bench, "respond", 4, ours / "sub-01_ses-01_task-reference_run-01_log.jsonl")
    whole = log.path.read_bytes()
    last = whole.rindex(b'{"kind":"trial"')
    log.path.write_bytes(whole[: last + 40])
    (tmp_path / "expert.csv").write_text("trial,key\n0,f\n1,j\n2,", encoding="utf-8")

    assert timing.trials_on_disk("mbtexp", tmp_path) == 3
    assert timing.trials_on_disk("expert", tmp_path) == 2


@pytest.mark.skipif(sys.platform != "linux", reason="the virtual screen exists on Linux only")
def test_without_the_instruments_a_sentence_says_where_they_were_looked_for(
    repo: Path, tmp_path: Path
) -> None:
    ran = started(repo, "timing.py", "--instruments", str(tmp_path))
    assert (ran.returncode, ran.stdout) == (2, "")
    assert str(tmp_path) in ran.stderr
    assert "--rig" in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.screen
@pytest.mark.slow
def test_the_whole_bench_runs_on_a_virtual_screen(bench: Any, repo: Path) -> None:
    timing = bench("timing")
    missing = [file for file in timing.NEEDED if not (timing.INSTRUMENTS / file).is_file()]
    if missing:
        pytest.skip("the instruments of the virtual screen are not beside the project")
    options = ("--trials", "5", "--fixed-trials", "2", "--repeats", "1", "--kill", "3")
    ran = started(repo, "timing.py", *options)

    assert ran.returncode in (0, 1), ran.stderr  # 1: a busy machine missed a figure
    found = verdicts(ran.stdout)
    assert found["onset trigger after the refresh, p50, ms"] == "yes"
    assert found["trials on disk, killed at 3"] == "yes"
    assert {"CPU of W1, s", "responses lost"} <= set(found)


def test_a_machine_that_stalled_in_every_trial_reaches_no_bar(bench: Any) -> None:
    timing = bench("timing")
    stalled: dict[str, Any] = {"onset_err_clean_ms": None}
    still = {"onset_err_clean_ms": {"max": 0.0, "min": -1000 / 60}}
    worst = timing._worst_onset({"mbtexp": [stalled, stalled], "expert": [stalled, still]})
    assert worst["expert"] == pytest.approx(1.0, abs=0.01)
    assert math.isnan(worst["mbtexp"])
    assert not timing._zero("onset", worst, "0").reached


def test_every_index_is_held_against_a_parameter_or_named_with_the_reason(bench: Any) -> None:
    from analysis.run import ANALYSES

    people = bench("people")
    held: dict[str, set[str]] = {task: set() for task in ANALYSES}
    rng = numpy.random.default_rng(1)
    for case in people.CASES:
        request = Request(case.task, "01", Path("-"), preset=case.preset, changes=case.changes)
        _, truths = case.draw(rng, prepare(request))
        held[case.task] |= {index for index, _ in truths}
    for task, analysis in ANALYSES.items():
        excused = set(people.WITHOUT_A_PARAMETER[task])
        assert held[task] | excused == set(analysis.descriptions)
        assert not held[task] & excused


# -- trigger codes --------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="pseudo-terminals are a POSIX thing")
def test_sending_codes_is_measured_beside_others_and_none_of_ours_is_lost(repo: Path) -> None:
    options = ("--flips", "120", "--rounds", "2", "--only", "ours", "ours, XID", "psyflow")
    ran = started(repo, "triggers.py", *options)
    assert ran.returncode == 0, ran.stderr
    found = verdicts(ran.stdout)
    assert found["codes that did not reach the box"] == "yes"
    assert {"a code in its flip: p50 / p99 / max, us", "codes sent"} <= set(found)
    assert "Receipt on a pseudo-terminal is no latency." in ran.stdout


class Slow:
    """A system that takes a while for every code and loses one."""

    def __init__(self, systems: ModuleType, clock: Any) -> None:
        self.counts = systems.Counts()
        self._clock = clock

    def ready(self, code: int) -> None:
        pass

    def flipped(self, t: float, code: int | None) -> None:
        if code is not None:
            self._clock.sleep_until(t + 0.0055)
            self.counts.sent.append(code)

    def answered(self, t: float, code: int) -> None:
        self.counts.sent.append(code)

    def close(self) -> None:
        pass


def test_time_in_the_flip_late_flips_and_lost_codes_are_counted_right(bench: Any) -> None:
    from mbtexp.clock import VirtualClock

    triggers, systems = bench("triggers"), bench("trigger_systems")
    clock, spent = VirtualClock(), triggers.Spent()
    system = Slow(systems, clock)
    triggers.play(system, spent, clock, hz=500.0, flips=240, seed=0)
    assert spent.code == pytest.approx([0.0055] * 10)
    assert (spent.flips, spent.late) == (240, 20)  # two flips are passed by each of ten codes
    assert len(system.counts.sent) == 20

    values = [*system.counts.sent[1:], 10, 0]
    measured = triggers.Measured(system, spent, {"values": values})
    assert triggers.never_arrived(measured) == 1
    assert triggers.not_sent(measured) == 1


def test_a_program_that_is_not_installed_is_named(
    bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    systems = bench("trigger_systems")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(systems.Missing, match="psyflow is not installed"):
        systems.psyflow("-", None, 60.0)
