"""Plain tables of trials are scored as their logs are; the table of reliability of a study."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis import (
    analyse,
    attachment,
    discounting,
    eyes,
    moral,
    polysemy,
    read_table,
    recognition,
    to_frame,
    trust,
)
from analysis.halves import Parts, halves_of, odd_half
from analysis.read import Trials, read_trials
from analysis.reliable import COLUMNS, FLAGS, SPLITS, Reliability, reliability
from analysis.run import ANALYSES
from analysis.scoring import runs_of, table_of
from mbtexp.conduct import Request, conduct
from mbtexp.errors import DataError
from mbtexp.events import find_logs

SCORES: dict[str, Callable[..., pd.DataFrame]] = {
    "attachment": attachment.score,
    "discounting": discounting.score,
    "eyes": eyes.score,
    "moral": moral.score,
    "polysemy": polysemy.score,
    "recognition": recognition.score,
    "trust": trust.score,
}
LABELS = ("NA", "007", "1e5")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of every task by three people with awkward names, and some other presets by one."""
    data = tmp_path_factory.mktemp("study")
    for label in LABELS:
        for task in SCORES:
            conduct(Request(task, label, data, simulate=True, virtual=True))
    others = [("discounting", "adjusting"), ("trust", "binary"), ("attachment", "masked")]
    for task, preset in others:
        conduct(Request(task, "02", data, preset=preset, simulate=True, virtual=True))
    conduct(Request("mood", "02", data, simulate=True, virtual=True))
    analyse(data)
    return data


def runs(study: Path, task: str) -> list[Trials]:
    found = [read_trials(path) for path in find_logs(study)]
    return sorted((t for t in found if t.run.task == task), key=lambda t: t.run.participant)


def table(study: Path, task: str) -> pd.DataFrame:
    return read_table(study / "derivatives" / "mbtexp" / f"trials_{task}.tsv")


# -- plain tables --------------------------------------------------------------------------------


@pytest.mark.parametrize("task", SCORES)
def test_a_table_of_trials_gives_what_analyse_gives_for_the_logs(study: Path, task: str) -> None:
    known = read_table(study / "derivatives" / "mbtexp" / "indices.tsv")
    known = known[known["task"] == task].reset_index(drop=True)
    pd.testing.assert_frame_equal(SCORES[task](table(study, task)), known, rtol=1e-7)
    assert set(known["participant"]) >= set(LABELS)


@pytest.mark.parametrize("task", SCORES)
def test_at_full_precision_nothing_differs(study: Path, task: str) -> None:
    logs = runs(study, task)
    analysis = ANALYSES[task]
    known = table_of(index for t in logs for index in analysis.indices(t, analysis.params))
    pd.testing.assert_frame_equal(SCORES[task](to_frame(logs)), known)


@pytest.mark.parametrize("task", SCORES)
def test_the_order_of_rows_and_the_names_of_people_do_not_matter(study: Path, task: str) -> None:
    trials = table(study, task)
    before = SCORES[task](trials)
    renamed = trials.sample(frac=1, random_state=3).replace({"participant": {"NA": "zz"}})
    after = SCORES[task](renamed)
    numbers = ["index", "condition", "value", "se", "ci_low", "ci_high", "n_used", "flag"]
    pd.testing.assert_frame_equal(
        after.loc[after["participant"] == "zz", numbers].reset_index(drop=True),
        before.loc[before["participant"] == "NA", numbers].reset_index(drop=True),
    )


def test_a_table_made_by_hand_needs_no_more_than_the_documented_columns() -> None:
    found = eyes.score(
        pd.DataFrame({"participant": ["a", "a", "a", "b"], "correct": [1, 0, np.nan, True]})
    )
    total = found[found["index"] == "total"].set_index("participant")
    assert total["value"].tolist() == [1, 1]
    assert (total.loc["a", "n_used"], total.loc["a", "n_total"]) == (2, 3)
    assert found["session"].isna().all()
    rated = trust.score(
        pd.DataFrame(
            {
                "participant": 7,
                "judgement": "trust",
                "response": ["4", "6", "1"],
                "trust": [3.0, 5, 2],
            }
        )
    )
    assert rated.loc[rated["index"] == "bias", "value"].tolist() == [pytest.approx(1 / 3)]
    assert set(rated["participant"]) == {"7"}
    chosen = discounting.score(
        pd.DataFrame(
            {
                "participant": "a",
                "response": ["later"] * 6 + ["sooner"] * 6,
                "sooner": [10.0] * 12,
                "later": [40.0, 30, 20, 18, 16, 14, 13, 12, 11.5, 11, 10.5, 10.2],
                "later_days": 30,
            }
        )
    )
    ln_k = chosen.loc[(chosen["index"] == "ln_k") & (chosen["condition"] == "all"), "value"]
    # The choices change over between 14 and 13 for 10 in 30 days: k from .0100 to .0133 a day.
    assert math.log(0.0100) < float(ln_k.iloc[0]) < math.log(0.0133)


HAND = pd.DataFrame({"participant": ["a", "a"], "trial": [1, 2], "correct": [True, False]})


@pytest.mark.parametrize(
    ("trials", "message"),
    [
        (HAND.drop(columns="participant"), "'participant' is missing"),
        (HAND.drop(columns="correct"), "'correct' is missing"),
        (HAND.assign(participant=["a", np.nan]), "row 2 names no participant.*called NA"),
        (HAND.assign(task="trust"), "row 1 is of task 'trust'"),
        (HAND.assign(trial=[1, 1]), "'a' has trial 1 more than once"),
        (HAND.assign(correct=["yes", "no"]), "'yes' in column 'correct'"),
        (HAND.assign(run=["first", "first"]), "'first' is no number of a run"),
    ],
)
def test_a_table_that_cannot_be_understood_is_refused(trials: pd.DataFrame, message: str) -> None:
    with pytest.raises(DataError, match=message):
        eyes.score(trials)


def test_an_empty_table_gives_an_empty_table() -> None:
    found = eyes.score(HAND.iloc[:0])
    assert found.empty
    assert list(found.columns)[:3] == ["participant", "session", "task"]


# -- reliability ---------------------------------------------------------------------------------


@pytest.mark.parametrize("task", SPLITS)
def test_the_score_of_all_trials_is_the_index_of_the_table(study: Path, task: str) -> None:
    known = 0
    for trials in runs(study, task):
        analysis = ANALYSES[task]
        found = {(i.index, i.condition): i.value for i in analysis.indices(trials, analysis.params)}
        for split in SPLITS[task]:
            parts = split.parts(trials, analysis.params)
            if parts is None:
                continue
            whole = parts.score(np.ones((1, len(parts.strata)), dtype=bool))
            near = 0.02 if split.index == "ln_k" else 1e-9
            assert whole[0] == pytest.approx(found[split.index, split.condition], abs=near)
            known += 1
    assert known >= 3


def test_halves_are_even_within_every_stratum(study: Path) -> None:
    trials = runs(study, "trust")[0]
    parts = next(p for s in SPLITS["trust"] if (p := s.parts(trials, None)) is not None)
    first = halves_of(parts, 200, np.random.default_rng(1))
    for label in set(parts.strata):
        rows = np.array([stratum == label for stratum in parts.strata])
        apart = first[:, rows].sum(axis=1) - (~first[:, rows]).sum(axis=1)
        assert np.abs(apart).max() <= 1
    assert len({row.tobytes() for row in first}) > 150
    assert first.mean() == pytest.approx(0.5, abs=0.01)


def test_the_odd_half_alternates_within_the_strata_one_after_another() -> None:
    parts = Parts(("a", "b", "a", "a", "b", "b"), lambda half: half.sum(axis=1).astype(float))
    # Stratum a holds the trials 0, 2, 3 and b holds 1, 4, 5: every second of 0 2 3 1 4 5.
    assert odd_half(parts).tolist() == [[True, False, False, True, True, False]]


def eyes_people(n: int, spread: float, seed: int = 4) -> list[Trials]:
    """People whose ability differs by ``spread`` logits (SD), on 36 items."""
    rng = np.random.default_rng(seed)
    ability = rng.normal(0.8, spread, n)
    difficulty = rng.normal(0, 0.7, 36)
    frames = [
        pd.DataFrame(
            {
                "participant": f"{k:03d}",
                "trial": range(1, 37),
                "stim_id": [f"item{j}" for j in range(36)],
                "correct": rng.random(36) < 1 / (1 + np.exp(difficulty - ability[k])),
                "valence": difficulty,
            }
        )
        for k in range(n)
    ]
    return runs_of(pd.concat(frames, ignore_index=True), "eyes")


def row_of(found: list[Reliability], index: str, method: str = "split-half") -> Reliability:
    return next(r for r in found if r.index == index and method in r.method)


def test_reliability_is_that_of_the_people_that_were_simulated() -> None:
    people = eyes_people(150, 1.0)
    found = reliability(people, {"eyes": None})
    split, kr20 = row_of(found, "accuracy"), row_of(found, "accuracy", "KR-20")
    truth = reliability(eyes_people(150, 1.0, seed=5), {"eyes": None}, 100)
    assert split.sb_median == pytest.approx(kr20.sb_median, abs=0.04)
    assert split.ci_low < truth[0].sb_median < split.ci_high
    assert split.sb_low < split.sb_median < split.sb_high
    assert (split.n_people, split.n_splits, split.undefined, split.flag) == (150, 500, 0, ())
    assert split.sb_low - 0.1 < split.sb_odd_even < split.sb_high + 0.1
    assert math.isnan(kr20.sb_odd_even)
    alike = row_of(reliability(eyes_people(150, 0.0), {"eyes": None}), "accuracy")
    assert alike.ci_low < 0.05 < alike.sb_median + 0.3
    assert alike.sb_median < 0.3


def test_a_seed_gives_the_same_rows_and_a_row_does_not_depend_on_the_others() -> None:
    people = eyes_people(12, 1.0)
    one, same = (reliability(people, {"eyes": None}, 50) for _ in range(2))
    assert [repr(r) for r in one] == [repr(r) for r in same]
    assert reliability(people, {"eyes": None}, 50, seed=1)[0].r_mean != one[0].r_mean
    assert reliability(people[::-1], {"eyes": None}, 50)[0].r_mean == one[0].r_mean


def test_many_splits_are_scored_a_few_at_a_time_and_tell_the_same() -> None:
    people = eyes_people(40, 1.0)
    few, many = (row_of(reliability(people, {"eyes": None}, n), "accuracy") for n in (500, 1700))
    assert many.n_splits == 1700
    assert many.sb_median == pytest.approx(few.sb_median, abs=0.02)
    assert many.sb_odd_even == few.sb_odd_even


def choosers(
    spread: float, beta: float, method: str, n: int = 40, n_choices: int = 60
) -> list[Trials]:
    """People whose ln k differ by ``spread`` (SD) and who choose with steepness ``beta``."""
    rng = np.random.default_rng(6)
    frames = []
    for k in range(n):
        rate = math.exp(-4.5 + spread * rng.standard_normal())
        sooner, days = rng.uniform(5, 95, n_choices), rng.choice([7.0, 30, 90, 180], n_choices)
        gain = 1 / (1 + rate * days) - sooner / 100
        later = rng.random(n_choices) < 1 / (1 + np.exp(-beta * gain))
        frames.append(
            pd.DataFrame(
                {
                    "participant": f"{k:03d}",
                    "trial": range(1, n_choices + 1),
                    "response": np.where(later, "later", "sooner"),
                    "sooner": sooner,
                    "later": 100.0,
                    "later_days": days,
                    "method": method,
                }
            )
        )
    return runs_of(pd.concat(frames, ignore_index=True), "discounting")


def test_rates_of_fixed_offers_are_as_reliable_by_halves_as_by_their_posteriors() -> None:
    found = reliability(choosers(0.8, 10.0, "fixed"), {"discounting": None}, 100)
    halves, posterior = row_of(found, "ln_k"), row_of(found, "ln_k", "posterior")
    assert halves.sb_median == pytest.approx(posterior.sb_median, abs=0.06)
    assert posterior.ci_low < posterior.sb_median < posterior.ci_high
    assert (posterior.n_people, posterior.n_splits, posterior.flag) == (40, None, ())
    noisy = reliability(choosers(0.2, 3.0, "fixed"), {"discounting": None}, 20)
    assert row_of(noisy, "ln_k", "posterior").sb_median < posterior.sb_median - 0.3


def test_offers_that_follow_the_answers_have_no_halves_but_a_posterior() -> None:
    found = reliability(choosers(0.8, 10.0, "adaptive", n=12), {"discounting": None}, 20)
    for name in ("ln_k", "later_share"):
        assert row_of(found, name).flag == ("adapted_offers",)
        assert math.isnan(row_of(found, name).sb_median)
    assert row_of(found, "mcq_ln_k").flag == ("not_measured",)
    assert 0.5 < row_of(found, "ln_k", "posterior").sb_median < 1


def test_fewer_than_three_people_and_unmeasured_indices_have_their_reason() -> None:
    found = reliability(eyes_people(2, 1.0), {"eyes": None})
    assert [r.flag for r in found] == [("few_people",)] * 2
    assert all(math.isnan(r.sb_median) for r in found)
    assert {flag for r in found for flag in r.flag} <= set(FLAGS)
    alike = [
        replace(t, run=replace(t.run, participant=str(k)))
        for k, t in enumerate(eyes_people(1, 1.0) * 4)
    ]
    perfect = [replace(t, rows=tuple(replace(row, correct=True) for row in t.rows)) for t in alike]
    assert [r.flag for r in reliability(perfect, {"eyes": None}, 20)] == [("no_differences",)] * 2


def test_the_study_gets_its_table_with_a_reason_for_every_empty_value(study: Path) -> None:
    rows = read_table(study / "derivatives" / "mbtexp" / "reliability.tsv")
    assert tuple(rows.columns) == COLUMNS
    assert set(zip(rows["task"], rows["index"], strict=True)) == {
        (task, split.index) for task, splits in SPLITS.items() for split in splits
    }
    reasons = {"few_people", "not_measured", "adapted_offers", "no_common_items", "no_differences"}
    for _, row in rows.iterrows():
        flags = set() if pd.isna(row["flag"]) else set(str(row["flag"]).split("|"))
        assert flags <= set(FLAGS)
        assert pd.isna(row["sb_median"]) == bool(flags & reasons), row
    assert rows.loc[rows["index"] == "bias", "n_people"].tolist() == [3]
    assert rows.loc[rows["index"] == "high_share", "flag"].tolist() == ["few_people|simulated"]


def test_ratings_of_mood_are_indices_without_halves(study: Path) -> None:
    out = study / "derivatives" / "mbtexp"
    found = read_table(out / "indices.tsv")
    assert {"rating"} <= set(found.loc[found["task"] == "mood", "index"])
    assert "mood" not in set(read_table(out / "reliability.tsv")["task"])


def test_reliability_can_be_left_out(study: Path, tmp_path: Path) -> None:
    found = analyse(study, tmp_path, n_splits=0)
    assert not [path for path in found.files if path.name.startswith("reliability")]
    assert found.reliability == ()


def test_every_table_of_a_study_is_the_same_in_a_fresh_process(study: Path, tmp_path: Path) -> None:
    code = (
        "import pathlib, sys; from analysis import analyse; "
        "analyse(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))"
    )
    for name, hash_seed in (("one", "1"), ("two", "2")):
        subprocess.run(
            [sys.executable, "-c", code, study, tmp_path / name],
            check=True,
            timeout=60,
            env={"PYTHONHASHSEED": hash_seed, "LC_ALL": "C.UTF-8"},
        )
    first, second = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir() if path.is_file()}
        for name in ("one", "two")
    )
    assert first == second
    assert {"indices.tsv", "quality.tsv", "reliability.tsv", "trials_eyes.tsv"} <= set(first)


# -- data from elsewhere, and damage -------------------------------------------------------------


def program(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Path(sys.executable).with_name("mbtexp"), *map(str, words)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def a_log(study: Path) -> Path:
    return next(path for path in find_logs(study) if "sub-007" in path.name and "eyes" in path.name)


def with_log(data: Path, log: Path, content: bytes) -> Path:
    copy = data / "sourcedata" / "sub-007" / "ses-01" / log.name
    copy.parent.mkdir(parents=True)
    copy.write_bytes(content)
    return data


def indices_in(data: Path) -> bytes:
    return (analyse(data, n_splits=0).out / "indices.tsv").read_bytes()


def test_a_log_with_carriage_returns_is_read_as_it_was(study: Path, tmp_path: Path) -> None:
    log = a_log(study)
    plain = indices_in(with_log(tmp_path / "lf", log, log.read_bytes()))
    dos = with_log(tmp_path / "crlf", log, log.read_bytes().replace(b"\n", b"\r\n"))
    assert indices_in(dos) == plain
    assert b"\r" not in plain


def test_a_locale_with_a_decimal_comma_changes_nothing(study: Path, tmp_path: Path) -> None:
    log = a_log(study)
    data = with_log(tmp_path / "data", log, log.read_bytes())
    plain = indices_in(data)
    known = subprocess.run(["locale", "-a"], capture_output=True, text=True, check=False).stdout
    comma = next((name for name in known.split() if name.startswith(("de_", "fr_"))), "de_DE.UTF-8")
    code = (
        "import locale, pathlib, sys\n"
        f"try: locale.setlocale(locale.LC_ALL, {comma!r})\n"
        "except locale.Error: locale.localeconv = lambda: {'decimal_point': ','}\n"
        "from analysis import analyse\n"
        "analyse(pathlib.Path(sys.argv[1]), n_splits=0)"
    )
    subprocess.run([sys.executable, "-c", code, data], check=True, timeout=60)
    assert (data / "derivatives/mbtexp/indices.tsv").read_bytes() == plain


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_half_written_log_is_used_as_far_as_it_is_good(
    study: Path, tmp_path: Path, share: float
) -> None:
    log = a_log(study)
    content = log.read_bytes()
    header = content.index(b"\n")
    cut = header + int(share * (len(content) - header))
    data = with_log(tmp_path / "data", log, content[:cut] + b'{"kind":"tri\x00\xff')
    found = analyse(data, n_splits=0)
    trials = found.runs[0]
    assert trials.run.status == "incomplete"
    assert 0 < len(trials) < 40
    assert any("incomplete" in sentence for sentence in found.told)
    assert all("incomplete" in index.flag for index in found.indices)


def test_another_experiments_folder_is_refused_with_one_sentence(tmp_path: Path) -> None:
    folder = tmp_path / "other" / "data"
    folder.mkdir(parents=True)
    (folder / "01_stroop_2024.psydat").write_bytes(b"\x80\x04")
    (folder / "01_stroop_2024.csv").write_text("trials.thisN,key_resp.rt\n0,0.5\n")
    ran = program("analyse", tmp_path / "other")
    assert ran.returncode != 0
    assert "another PsychoPy experiment (01_stroop_2024.psydat)" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert not (tmp_path / "other" / "derivatives").exists()


def test_a_bids_data_set_without_our_logs_is_refused_with_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "sub-01" / "func").mkdir(parents=True)
    (tmp_path / "dataset_description.json").write_text('{"Name": "x", "BIDSVersion": "1.10.0"}')
    (tmp_path / "sub-01" / "func" / "sub-01_task-rest_bold.json").write_text("{}")
    ran = program("analyse", tmp_path)
    assert ran.returncode != 0
    assert "this BIDS data set holds no logs of mbtexp" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert not (tmp_path / "derivatives").exists()


def test_the_command_leaves_reliability_out_when_told(study: Path, tmp_path: Path) -> None:
    log = a_log(study)
    data = with_log(tmp_path / "data", log, log.read_bytes())
    assert program("analyse", data, "--no-reliability").returncode == 0
    assert not (data / "derivatives/mbtexp/reliability.tsv").exists()
    assert program("analyse", data).returncode == 0
    assert (data / "derivatives/mbtexp/reliability.tsv").is_file()
