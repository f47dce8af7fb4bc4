"""Simulated studies: what a study's file may say, who takes part, and what repeats find."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import MISSING
from functools import partial
from itertools import groupby
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import numpy as np
import pytest

from analysis.power import SMALLEST, power_json, power_rows, power_tsv, study_results
from analysis.run import analyse
from mbtexp import cli
from mbtexp.bids import export
from mbtexp.errors import MbtexpError, SettingError
from mbtexp.events import find_logs
from mbtexp.study.people import members, runs_of
from mbtexp.study.repeats import LINES, repeat, run_repeats, seed_of
from mbtexp.study.settings import StudySettings, parameters_of, read_study, study_from
from mbtexp.study.simulate import simulate_study
from mbtexp.study.workers import results
from mbtexp.task import find_task, task_names

EYES = {"task": "eyes", "preset": "split", "changes": {"items": 6, "practice": "no"}}


def given(each: int = 2, **more: Any) -> dict[str, Any]:
    """A study of two groups who take a short Eyes test in both states."""
    runs = [{**EYES, "state": state} for state in ("attachment", "control")]
    return {
        "name": "short",
        "seed": 5,
        "groups": {"a": {"participants": each}, "b": {"participants": each}},
        "people": {"eyes": {"ability": {"sd": 0.7}}},
        "sessions": [{"name": "01", "runs": runs}],
        **more,
    }


def study(each: int = 2, **more: Any) -> StudySettings:
    return study_from(given(each, **more), where="study.toml")


def shift(size: float, **more: Any) -> dict[str, Any]:
    return {"task": "eyes", "parameter": "ability", "shift": size, **more}


def content(folder: Path) -> dict[str, str]:
    """Every file's hash, without the state of the checkout, which others may change meanwhile."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            data = re.sub(rb'"git_(commit|dirty)":[^,}]*', b"", path.read_bytes())
            found[str(path.relative_to(folder))] = hashlib.sha256(data).hexdigest()
    return found


def truths(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


# -- the file -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"sead": 1}, "'sead' is not known here; did you mean 'seed'?"),
        ({"groups": {}}, "needs a group"),
        ({"groups": {"a": {"participants": 0}}}, "participants is 0; it must be from 1"),
        ({"groups": {"a b": {"participants": 2}}}, "'a b': use letters"),
        ({"sessions": []}, "needs a group, a session"),
        ({"sessions": [{"name": "01", "runs": [{"task": "eye"}]}]}, "did you mean 'eyes'?"),
        (
            {"sessions": [{"name": "01", "runs": [{"task": "eyes", "preset": "spilt"}]}]},
            "session 01: eyes: task 'eyes' has no preset 'spilt'; did you mean 'split'?",
        ),
        (
            {"sessions": [{"name": "01", "runs": [{"task": "eyes", "changes": {"itms": 3}}]}]},
            "changes: 'itms' is not known here; did you mean 'items'?",
        ),
        ({"sessions": [{"name": "0-1", "runs": [EYES]}]}, "use letters and digits only"),
        (
            {"sessions": [{"name": "01", "runs": [EYES]}, {"name": "01", "runs": [EYES]}]},
            "'01' is there twice",
        ),
        ({"language": "fr"}, "has no such texts"),
        ({"people": {"eyes": {"abilty": {}}}}, "no parameter 'abilty'; did you mean 'ability'?"),
        ({"people": {"trust": {"bias": {}}}}, "no session has a run of 'trust'"),
        ({"people": {"eyes": {"ability": {"sd": -1}}}}, "sd is -1; it must be from 0"),
        ({"people": {"eyes": {"median_rt_s": {"sd": 1.0}}}}, "add log = true"),
        ({"people": {"eyes": {"median_rt_s": {"mean": -1}}}}, "a time must be above 0"),
        ({"people": {"eyes": {"ability": {"mean": -1, "log": True}}}}, "must be above 0"),
        ({"people": {"eyes": {"ability": {"mean": 3, "high": 2}}}}, "from low to high"),
        ({"effects": [shift(1.0, group="c")]}, "there is no group 'c'"),
        ({"effects": [shift(1.0, state="attached")]}, "'attached'"),
        ({"effects": [{"task": "eyes", "parameter": "skill", "shift": 1}]}, "no parameter 'skill'"),
        (
            {"correlations": [{"between": ["eyes.ability", "eyes.abilities"], "r": 0.5}]},
            "no parameter 'abilities'; did you mean 'ability'?",
        ),
        ({"correlations": [{"between": ["eyes.ability", "eyes.ability"], "r": 0.5}]}, "twice"),
        (
            {
                "correlations": [
                    {"between": ["eyes.ability", "eyes.control"], "r": 0.9},
                    {"between": ["eyes.control", "eyes.omission"], "r": 0.9},
                    {"between": ["eyes.ability", "eyes.omission"], "r": -0.9},
                ]
            },
            "no people can have all of these",
        ),
    ],
)
def test_what_a_study_cannot_be_is_said_plainly(more: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingError, match=re.escape(said)) as error:
        study(**more)
    assert str(error.value).startswith("study.toml")


def test_an_effect_needs_a_run_in_its_state() -> None:
    with pytest.raises(SettingError, match="no run of eyes has the state 'control'"):
        study(
            sessions=[{"name": "01", "runs": [{**EYES, "state": "attachment"}]}],
            effects=[shift(1.0, state="control")],
        )


def test_a_parameter_without_a_value_of_its_own_needs_a_mean() -> None:
    runs = [{"task": "discounting", "preset": "five_trial"}]
    with pytest.raises(SettingError, match=r"discounting.ln_k: the task has no value of its own"):
        study(sessions=[{"name": "01", "runs": runs}], people={})


def test_a_design_that_cannot_be_is_refused_before_the_first_run(tmp_path: Path) -> None:
    runs = [{**EYES, "changes": {"stimuli": "nowhere"}}]
    with pytest.raises(SettingError, match=r"session 01: eyes \(split\): .*nowhere"):
        simulate_study(study(sessions=[{"name": "01", "runs": runs}]), tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [(b"name = ", "no valid TOML"), (b"name = '\xff'", "not UTF-8"), (None, "cannot be read")],
)
def test_a_file_that_is_no_study_is_told(tmp_path: Path, text: bytes | None, said: str) -> None:
    path = tmp_path / "study.toml"
    if text is not None:
        path.write_bytes(text)
    with pytest.raises(SettingError, match=said.replace("no valid", "not valid")):
        read_study(path)


def test_the_example_is_a_study_of_the_five_paradigms() -> None:
    example = read_study(Path(__file__).parents[1] / "examples" / "study.toml")
    paradigms = {"attachment", "discounting", "eyes", "polysemy", "trust"}
    assert {run.task for _, run in example.runs()} == paradigms <= set(task_names())


def test_the_page_has_every_parameter_with_its_default() -> None:
    page = (Path(__file__).parents[1] / "docs" / "study.md").read_text(encoding="utf-8")
    for name in task_names():
        (row,) = re.findall(rf"^\| `{name}` \| (.*) \|$", page, re.MULTILINE)
        told = dict(re.findall(r"`(\w+)` (\(give a mean|-?[\d.]+)", row))
        known = parameters_of(name)
        assert list(told) and set(told) == set(known)
        for parameter, value in told.items():
            default = known[parameter].default
            assert default is MISSING if "mean" in value else float(value) == default, parameter


def test_every_task_lets_its_simulated_participant_be_chosen() -> None:
    for name in task_names():
        task = find_task(name)
        assert task.participant_of is not None
        assert all(isinstance(f.type, str) for f in parameters_of(name).values())
        assert parameters_of(name)


# -- people ---------------------------------------------------------------------------------------


def abilities(of: StudySettings) -> dict[tuple[str, str | None], list[float]]:
    found: dict[tuple[str, str | None], list[float]] = {}
    for member in members(of):
        for run in runs_of(of, member):
            key = (member.group, run.planned.state)
            found.setdefault(key, []).append(run.parameters["ability"])
    return found


def test_people_have_the_mean_and_the_spread_of_their_group() -> None:
    own = {"a": {"participants": 400, "people": {"eyes": {"ability": {"mean": 2.0, "sd": 0.1}}}}}
    found = abilities(study(groups={**own, "b": {"participants": 400}}))
    for group, mean, sd in (("a", 2.0, 0.1), ("b", 1.0, 0.7)):
        values = found[group, "control"]
        assert abs(fmean(values) - mean) < 4 * sd / 20
        assert stdev(values) == pytest.approx(sd, rel=0.15)


def test_an_effect_is_a_shift_of_the_same_person_in_that_group_and_state_alone() -> None:
    plain = abilities(study(20))
    shifted = abilities(study(20, effects=[shift(-0.5, group="a", state="attachment")]))
    for key, values in plain.items():
        wanted = -0.5 if key == ("a", "attachment") else 0.0
        assert np.allclose(np.subtract(shifted[key], values), wanted, atol=1e-5)


def test_an_effect_can_differ_from_person_to_person() -> None:
    found = abilities(study(300, effects=[shift(0.4, sd=0.3, state="attachment")]))
    change = np.subtract(found["a", "attachment"], found["a", "control"])
    assert np.mean(change) == pytest.approx(0.4, abs=0.08)
    assert np.std(change) == pytest.approx(0.3, rel=0.2)


def test_correlated_parameters_are_correlated_over_people_and_lognormal_ones_stay_positive() -> (
    None
):
    people = {
        "eyes": {
            "ability": {"sd": 0.7},
            "median_rt_s": {"mean": 3.0, "sd": 0.5, "log": True},
            "omission": {"mean": 0.02, "sd": 0.05, "low": 0.0, "high": 0.1},
        }
    }
    r = {"between": ["eyes.ability", "eyes.median_rt_s"], "r": -0.6}
    of = study(300, people=people, correlations=[r])
    runs = [runs_of(of, member)[0].parameters for member in members(of)]
    speed = np.log([p["median_rt_s"] for p in runs])
    assert np.corrcoef([p["ability"] for p in runs], speed)[0, 1] == pytest.approx(-0.6, abs=0.1)
    assert np.exp(np.mean(speed)) == pytest.approx(3.0, rel=0.1)
    omissions = [p["omission"] for p in runs]
    assert min(omissions) == 0.0
    assert max(omissions) == 0.1


def test_adding_somebody_or_something_changes_nobody_else() -> None:
    few, more = abilities(study(3)), abilities(study(5))
    assert few["a", "control"] == more["a", "control"][:3]
    also = study(3, people={"eyes": {"ability": {"sd": 0.7}, "top_bias": {"sd": 0.1}}})
    assert abilities(also) == few


def test_an_effect_that_makes_a_time_impossible_is_refused() -> None:
    effect = {"task": "eyes", "parameter": "median_rt_s", "shift": -4.0}
    of = study(effects=[effect])
    with pytest.raises(SettingError, match="a time must be above 0"):
        runs_of(of, members(of)[0])


def test_the_parts_of_a_counterbalanced_session_change_places_and_meet_both_parities() -> None:
    runs = [
        {**EYES, "state": "attachment", "part": 1},
        {**EYES, "state": "control", "part": 2},
    ]
    of = study(4, sessions=[{"name": "01", "order": "counterbalanced", "runs": runs}])
    first = {m.number: runs_of(of, m)[0].planned.state for m in members(of)}
    for parity in (0, 1):
        states = [state for number, state in first.items() if number % 2 == parity]
        assert states.count("attachment") == states.count("control") == 2
    for member in members(of):
        assert [run.run for run in runs_of(of, member)] == [1, 2]


# -- a study on disk ------------------------------------------------------------------------------


def test_a_simulated_study_is_exported_and_analysed_like_a_real_one(tmp_path: Path) -> None:
    effects = [shift(-0.5, group="a", state="attachment")]
    done = simulate_study(study(2, effects=effects), tmp_path / "out", workers=1)
    assert (done.participants, done.played) == (4, 4)
    assert len(find_logs(done.data)) == 8
    exported = export(done.data)
    assert exported.runs == 8
    people = (done.data / "participants.tsv").read_text()
    assert people.splitlines()[:2] == ["participant_id\tsimulated\tgroup", "sub-001\ttrue\ta"]
    analyse(done.data)
    table = (done.data / "derivatives" / "mbtexp" / "study.tsv").read_text()
    (row,) = [line.split("\t") for line in table.splitlines() if "\tcost: a - b\t" in line]
    low, estimate, high = (float(row[k]) for k in (5, 3, 6))
    assert low < estimate < high
    assert row[7] == "4"


def test_the_truth_is_in_its_table_and_nowhere_in_the_data(tmp_path: Path) -> None:
    of = study(2)
    done = simulate_study(of, tmp_path / "out", workers=1)
    export(done.data)
    rows = truths(done.truth)
    values = {(r["participant"], r["run"], r["parameter"]): float(r["value"]) for r in rows}
    for member in members(of):
        for run in runs_of(of, member):
            for name, value in run.parameters.items():
                assert values[member.label, str(run.run), name] == value
    drawn = {row["value"] for row in rows if row["parameter"] == "ability"}
    data = [p for p in done.data.rglob("*") if p.is_file()]
    assert data
    for path in data:
        text = path.read_text(encoding="utf-8")
        assert not any(value in text for value in drawn), path
        assert '"ability"' not in text, path


def test_the_runs_of_a_session_follow_one_another_by_the_clock(tmp_path: Path) -> None:
    runs = [
        run
        for whose in ("own", "acquainted")
        for run in (
            {
                "task": "attachment",
                "preset": "induction",
                "changes": {"booster": True, "induce": whose},
            },
            EYES,
        )
    ]
    done = simulate_study(
        study(1, sessions=[{"name": "01", "runs": runs}]), tmp_path / "out", workers=1
    )
    analyse(done.data)
    states = (done.data / "derivatives" / "mbtexp" / "states.tsv").read_text().splitlines()
    assert states[0].split("\t")[5:] == ["source", "pleasure", "arousal", "distress", "love"]
    assert [state.split("\t")[2:6] for state in states[1:3]] == [
        ["eyes", "1", "attachment", "attachment run 1"],
        ["eyes", "2", "control", "attachment run 2"],
    ]


def test_sessions_are_missing_as_often_as_the_file_says(tmp_path: Path) -> None:
    of = study(200, missing_sessions=0.3)
    took = [runs_of(of, member)[0].took_place for member in members(of)]
    assert fmean(took) == pytest.approx(0.7, abs=0.08)
    few = study(3, missing_sessions=0.5)
    done = simulate_study(few, tmp_path / "out", workers=1)
    there = {path.name.split("_")[0] for path in find_logs(done.data)}
    wanted = {f"sub-{m.label}" for m in members(few) if runs_of(few, m)[0].took_place}
    assert there == wanted
    assert 0 < len(there) < 6
    again = simulate_study(few, tmp_path / "out", workers=1)
    assert again.played == 0


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    for name, seed in (("one", 5), ("two", 5), ("other", 6)):
        simulate_study(study(1, seed=seed), tmp_path / name, workers=1)
    one, two, other = (content(tmp_path / name) for name in ("one", "two", "other"))
    assert one == two
    assert one["truth.tsv"] != other["truth.tsv"]


def test_an_interrupted_simulation_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    of = study(2)
    simulate_study(of, tmp_path / "whole", workers=1)

    def stop(done: int, _whole: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate_study(of, tmp_path / "part", workers=1, progress=stop)
    logs = find_logs(tmp_path / "part" / "data")
    assert len(logs) == 4
    before = {path: path.stat().st_mtime_ns for path in logs}
    half = tmp_path / "part" / ".unfinished" / "003" / "sourcedata"
    half.mkdir(parents=True)
    (half / "a_log.jsonl").write_text("{")
    done = simulate_study(of, tmp_path / "part", workers=1)
    assert done.played == 2
    assert {path: path.stat().st_mtime_ns for path in logs} == before
    assert content(tmp_path / "part") == content(tmp_path / "whole")


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(SettingError, match="is no simulated study"):
        simulate_study(study(1), tmp_path)
    with pytest.raises(SettingError, match="holds something else"):
        run_repeats(study(1), study_results, 1, tmp_path)
    simulate_study(study(1), tmp_path / "out", workers=1)
    with pytest.raises(SettingError, match="with other settings"):
        simulate_study(study(1, seed=6), tmp_path / "out", workers=1)
    with pytest.raises(SettingError, match="a simulated study, no repeats"):
        run_repeats(study(1), study_results, 1, tmp_path / "out")


@pytest.mark.slow
def test_two_workers_leave_the_same_bytes_as_one(tmp_path: Path) -> None:
    simulate_study(study(2), tmp_path / "one", workers=1)
    simulate_study(study(2), tmp_path / "two", workers=2)
    assert content(tmp_path / "one") == content(tmp_path / "two")


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_a_killed_simulation_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_text(TOML)
    words = [sys.executable, "-m", "mbtexp.cli", "study", "simulate", str(path), "--workers", "1"]
    part = tmp_path / "part"
    with subprocess.Popen([*words, "--out", str(part)], stdout=subprocess.DEVNULL) as process:
        ended_by = time.monotonic() + 60
        while len(find_logs(part / "data")) < 4 and time.monotonic() < ended_by:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    assert 4 <= len(find_logs(part / "data")) < 40
    assert cli.main([*words[3:], "--out", str(part)]) == 0
    assert cli.main([*words[3:], "--out", str(tmp_path / "whole")]) == 0
    assert content(part) == content(tmp_path / "whole")


TOML = """
name = "killed"
[groups.a]
participants = 10
[groups.b]
participants = 10
[people.eyes]
ability = { sd = 0.7 }
[[sessions]]
name = "01"
[[sessions.runs]]
task = "eyes"
preset = "split"
changes = { items = 6, practice = "no" }
state = "control"
[[sessions.runs]]
task = "eyes"
preset = "split"
changes = { items = 6, practice = "no" }
state = "attachment"
"""


# -- repeats --------------------------------------------------------------------------------------


def test_a_repeat_is_the_same_alone_and_among_others(tmp_path: Path) -> None:
    of = study(3)
    both = run_repeats(of, study_results, 2, tmp_path / "both", workers=1)
    assert repeat(of, study_results, 2) == both[1]
    assert [one["seed"] for one in both] == [seed_of(of, 1), seed_of(of, 2)]
    assert both[0]["rows"] != both[1]["rows"]
    assert {(r["prediction"], r["quantity"]) for r in both[0]["rows"]} >= {("1", "cost: a - b")}


def test_repeats_on_record_are_not_repeated_and_half_a_line_is(tmp_path: Path) -> None:
    of, out = study(2), tmp_path / "out"
    asked: list[Path] = []
    score = partial(counted, asked)
    run_repeats(of, score, 2, out, workers=1)
    whole = (out / LINES).read_bytes()
    (out / LINES).write_bytes(whole[:-10])
    run_repeats(of, score, 2, out, workers=1)
    assert len(asked) == 3
    assert (out / LINES).read_bytes() == whole
    run_repeats(of, score, 3, out, workers=1)
    assert len(asked) == 4
    assert (out / LINES).read_bytes().startswith(whole)


def counted(asked: list[Path], data: Path, _truth: Path) -> list[dict[str, Any]]:
    asked.append(data)
    return [{"logs": len(find_logs(data))}]


def test_a_damaged_line_of_the_record_is_told_with_its_number(tmp_path: Path) -> None:
    out = tmp_path / "out"
    run_repeats(study(1), partial(counted, []), 1, out, workers=1)
    with (out / LINES).open("a") as file:
        file.write('{"repeat": "x"}\n')
    with pytest.raises(MbtexpError, match="line 2 is no repeat"):
        run_repeats(study(1), partial(counted, []), 2, out, workers=1)
    with pytest.raises(SettingError, match="other settings"):
        run_repeats(study(2), partial(counted, []), 2, out, workers=1)


def test_a_repeats_folder_is_gone_when_it_is_scored() -> None:
    asked: list[Path] = []
    repeat(study(1), partial(counted, asked), 1)
    assert not asked[0].exists()


def one_row(estimate: float, half: float, **more: Any) -> dict[str, Any]:
    row = {
        "prediction": "1",
        "quantity": "cost: a - b",
        "estimate": estimate,
        "se": half / 2,
        "ci_low": estimate - half,
        "ci_high": estimate + half,
        "n": 20,
        "truth": 0.5,
    }
    return {"rows": [{**row, **more}]}


def test_power_is_counted_with_its_noise_and_the_rest_is_averaged() -> None:
    (row,) = power_rows([one_row(0.6, 0.4), one_row(0.2, 0.4), one_row(1.0, 0.2), one_row(0.4, 1)])
    assert (row.power, row.n_defined, row.repeats) == (0.5, 4, 4)
    # Wilson's interval of 2 in 4, by his formula.
    assert row.power_low == pytest.approx(0.15004, abs=1e-5)
    assert row.power_high == pytest.approx(0.84996, abs=1e-5)
    assert row.bias == pytest.approx(0.05)
    assert row.bias_low is not None
    assert row.bias is not None
    assert row.bias_low < row.bias
    assert row.covered == 0.75
    assert row.width == pytest.approx(1.0)
    assert row.median_se == pytest.approx(0.2)
    assert row.smallest_effect == pytest.approx(SMALLEST * 0.2)


def test_equivalence_counts_intervals_within_the_bound() -> None:
    name = "equivalence, mentalising_control: a - b"
    rows = [one_row(0.0, half, quantity=name) for half in (0.2, 0.24, 0.3)]
    (row,) = power_rows(rows)
    assert row.power == pytest.approx(2 / 3)
    assert row.criterion == "90 % interval within +-0.25 logit"
    assert row.covered is None


def test_a_quantity_without_interval_or_truth_has_no_power_and_no_bias() -> None:
    (row,) = power_rows([one_row(0.7, 0.1, se=None, ci_low=None, ci_high=None, truth=None)])
    assert (row.power, row.bias, row.covered, row.smallest_effect) == (None, None, None, None)
    header, line = power_tsv([row]).decode().splitlines()
    assert set(json.loads(power_json())) == set(header.split("\t"))
    assert line.split("\t")[header.split("\t").index("power")] == "n/a"


def test_the_truth_of_a_change_is_the_shift_that_was_put_in(tmp_path: Path) -> None:
    runs = [
        {"task": "discounting", "preset": "five_trial", "state": state}
        for state in ("attachment", "control")
    ]
    of = study(
        3,
        sessions=[{"name": "01", "runs": runs}],
        people={"discounting": {"ln_k": {"mean": -4.5, "sd": 1.0}}},
        effects=[
            {
                "task": "discounting",
                "parameter": "ln_k",
                "shift": 0.7,
                "group": "a",
                "state": "attachment",
            }
        ],
    )
    done = simulate_study(of, tmp_path / "out", workers=1)
    rows = {r["quantity"]: r for r in study_results(done.data, done.truth)}
    assert rows["ln_k_change: a - b"]["truth"] == pytest.approx(0.7, abs=1e-3)
    values = truths(done.truth)
    shifts = [
        float(a["value"]) - float(b["value"])
        for _, of_person in groupby(values, key=lambda r: r["participant"])
        for a, b in [[r for r in of_person if r["parameter"] == "ln_k"]]
    ]
    assert shifts == pytest.approx([0.7, 0.7, 0.7, 0, 0, 0], abs=1e-4)


def test_ctrl_c_says_that_the_same_command_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "study.toml").write_text(TOML)

    def stopped(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("mbtexp.study.simulate.simulate_study", stopped)
    words = ["study", "simulate", str(tmp_path / "study.toml"), "--out", str(tmp_path / "out")]
    assert cli.main(words) == 2
    assert "the same command goes on" in capsys.readouterr().err


def test_the_commands_say_where_everything_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "study.toml").write_text(TOML)
    file, out, power = (str(tmp_path / name) for name in ("study.toml", "out", "power"))
    small = ["--participants", "2", "--workers", "1"]
    assert cli.main(["study", "simulate", file, "--out", out, *small]) == 0
    assert "4 simulated participants" in capsys.readouterr().out
    assert cli.main(["study", "power", file, "--out", power, "--repeats", "2", *small]) == 0
    said = capsys.readouterr().out
    assert "cost: a - b" in said
    assert "2 studies" in said
    assert (tmp_path / "power" / "power.tsv").is_file()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_a_worker_that_is_killed_is_told_in_plain_words() -> None:
    with pytest.raises(MbtexpError, match="the same command goes on"):
        list(results(ended, [1, 2], workers=2))


def ended(_number: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_scheduler_that_is_not_there_is_told(tmp_path: Path) -> None:
    pytest.importorskip("distributed", reason="needs the extra 'cluster'")
    with pytest.raises(MbtexpError, match="--scheduler nowhere"):
        list(results(int, [1], scheduler="nowhere"))


@pytest.mark.slow
def test_a_cluster_of_two_finds_the_same_bytes_as_this_machine(tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed", reason="needs the extra 'cluster'")
    of = study(2)
    run_repeats(of, study_results, 3, tmp_path / "here", workers=1)
    run_repeats(of, study_results, 3, tmp_path / "two", workers=2)
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None
    ) as cluster:
        run_repeats(of, study_results, 3, tmp_path / "there", scheduler=cluster.scheduler_address)
    here = (tmp_path / "here" / LINES).read_bytes()
    assert (tmp_path / "two" / LINES).read_bytes() == here
    assert (tmp_path / "there" / LINES).read_bytes() == here


def eyes_study(size: float, each: int) -> StudySettings:
    runs = [{"task": "eyes", "preset": "split", "state": s} for s in ("attachment", "control")]
    effects = [shift(size, group="a", state="attachment")] if size else []
    return study(each, seed=7, sessions=[{"name": "01", "runs": runs}], effects=effects)


@pytest.mark.slow
def test_without_an_effect_about_5_percent_of_intervals_exclude_0(tmp_path: Path) -> None:
    repeats = run_repeats(eyes_study(0.0, 6), study_results, 30, tmp_path / "none")
    rows = {row.quantity: row for row in power_rows(repeats)}
    for name in ("cost: mean", "cost: a - b", "mentalising_control: a - b"):
        row = rows[name]
        assert row.power is not None
        assert row.power_low is not None
        assert row.power_high is not None
        assert row.power_low <= 0.05 <= row.power_high, name
        assert row.power < 0.15, name
    # Nothing was put in, and nothing is found on average.
    assert rows["cost: mean"].truth == 0.0
    assert rows["cost: mean"].bias_low < 0 < rows["cost: mean"].bias_high  # type: ignore[operator]


@pytest.mark.slow
def test_a_large_effect_is_found_nearly_always(tmp_path: Path) -> None:
    repeats = run_repeats(eyes_study(-3.0, 12), study_results, 10, tmp_path / "large")
    row = {row.quantity: row for row in power_rows(repeats)}["cost: a - b"]
    assert row.power is not None
    assert row.power > 0.85
    assert row.truth is not None
    assert row.truth > 1.5
    assert row.estimate is not None
    assert row.estimate == pytest.approx(row.truth, rel=0.3)
