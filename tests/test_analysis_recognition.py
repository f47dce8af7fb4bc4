"""Indices of the recognition task against hand-worked values, scipy, known people and odd ones."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis import recognition_halves
from analysis.indices import CI_METHODS, FLAGS, Index
from analysis.read import Run, Trial, Trials, read_trials, trials_of
from analysis.recognition import ANALYSIS, CLASSES, area, indices, score
from analysis.run import ANALYSES
from mbtexp.conduct import Request, conduct
from mbtexp.events import Log, MemoryLog
from mbtexp.run import Run as Playing
from mbtexp.session import Session
from mbtexp.stimuli import find_set
from mbtexp.task import Material
from mbtexp.virtual import VirtualLab
from tasks.recognition import TASK
from tasks.recognition.participant import Recogniser, participant

RUN = Run(
    path=Path("log.jsonl"),
    participant="01",
    session="01",
    task="recognition",
    run=1,
    preset="standard",
    mode="lab",
    simulated=None,
    stimuli="open",
    status="complete",
    segments=1,
    n_planned=96,
    columns={},
    damage=(),
)

Table = Mapping[tuple[str, str], Index]


def answer(
    number: int,
    response: str | None,
    *,
    old: bool,
    condition: str = "neutral",
    confidence: int | None = 2,
    rt_s: float = 1.0,
    **design: Any,
) -> Trial:
    """A trial of one word."""
    missed = response is None
    return Trial(
        trial=number,
        attempt=1,
        block=1,
        practice=False,
        stim_id=f"word{number}",
        onset_s=5.0 * number,
        rt_s=None if missed else rt_s,
        response=response,
        correct=None if missed else (response == "old") == old,
        missed=missed,
        excluded="missed" if missed else "",
        frames_dropped=0,
        held=False,
        design={"condition": condition, "old": old, "state": None, **design},
        outcome={"confidence": None if missed else confidence},
    )


def counts(
    hits: int, misses: int, alarms: int, rejections: int, condition: str = "neutral", start: int = 1
) -> list[Trial]:
    """Trials with so many answers of each kind."""
    said = [(True, "old")] * hits + [(True, "new")] * misses
    said += [(False, "old")] * alarms + [(False, "new")] * rejections
    return [
        answer(start + k, response, old=old, condition=condition)
        for k, (old, response) in enumerate(said)
    ]


def scored(rows: Sequence[Trial]) -> Table:
    """The indices by name and condition."""
    found = indices(Trials(RUN, tuple(rows)))
    table = {(i.index, i.condition): i for i in found}
    assert len(table) == len(found)
    return table


# -- values worked by hand ------------------------------------------------------------------------


def test_rates_are_shares_of_answered_words_with_wilsons_interval() -> None:
    table = scored([*counts(12, 4, 3, 13), answer(99, None, old=True)])
    hit, alarm = table["hit_rate", "neutral"], table["false_alarm_rate", "neutral"]
    assert (hit.value, alarm.value) == (12 / 16, 3 / 16)
    low, high = stats.binomtest(12, 16).proportion_ci(method="wilson")
    assert (hit.ci_low, hit.ci_high) == pytest.approx((low, high))
    assert (hit.n_used, hit.n_total, hit.n_excluded) == (16, 33, 17)
    assert table["omission_rate", "neutral"].value == pytest.approx(1 / 33)


def test_sensitivity_and_criterion_have_the_log_linear_correction() -> None:
    table = scored(counts(16, 0, 2, 14))
    z = stats.norm.ppf
    h, f = 16.5 / 17, 2.5 / 17
    d, c = table["dprime", "neutral"], table["criterion", "neutral"]
    assert d.value == pytest.approx(z(h) - z(f))
    assert c.value == pytest.approx(-(z(h) + z(f)) / 2)
    variance = sum(r * (1 - r) / (16 * stats.norm.pdf(z(r)) ** 2) for r in (h, f))
    assert d.se == pytest.approx(math.sqrt(variance))
    assert c.se == pytest.approx(math.sqrt(variance) / 2)


def test_a_difference_has_the_sum_of_both_variances() -> None:
    rows = [
        *counts(13, 3, 2, 14, "emotional"),
        *counts(10, 6, 4, 12, "neutral", 100),
        *counts(9, 7, 5, 11, "attachment", 200),
    ]
    table = scored(rows)
    for name in ("emotional", "attachment"):
        found = table["dprime_difference", f"{name}-neutral"]
        one, other = table["dprime", name], table["dprime", "neutral"]
        assert found.value == pytest.approx((one.value or 0) - (other.value or 0))
        assert found.se == pytest.approx(math.hypot(one.se or 0, other.se or 0))
        assert found.n_used == 64
    assert table["dprime", "all"].n_used == 96


def test_the_area_is_that_of_mann_and_whitney() -> None:
    rng = np.random.default_rng(1)
    old, new = rng.integers(2, 7, 20).tolist(), rng.integers(1, 6, 24).tolist()
    u = stats.mannwhitneyu(old, new).statistic
    assert area(old, new).value == pytest.approx(u / (20 * 24))
    points = [(0.0, 0.0)]
    for grade in range(6, 0, -1):
        points.append((np.mean([g >= grade for g in new]), np.mean([g >= grade for g in old])))
    x, y = zip(*points, strict=True)
    assert area(old, new).value == pytest.approx(float(np.trapezoid(y, x)))


def test_grades_go_from_surely_new_to_surely_old() -> None:
    rows = [
        answer(1, "old", old=True, confidence=3),
        answer(2, "old", old=True, confidence=1),
        answer(3, "new", old=False, confidence=1),
        answer(4, "new", old=False, confidence=3),
    ]
    assert scored(rows)["auc_confidence", "neutral"].value == 1.0
    turned = [replace(t, response="new" if t.response == "old" else "old") for t in rows]
    assert scored(turned)["auc_confidence", "neutral"].value == 0.0
    # Of the new words one is graded above the old one (4, 3), one below it (1).
    mixed = [
        answer(1, "new", old=True, confidence=1),
        answer(2, "old", old=False, confidence=1),
        answer(3, "new", old=False, confidence=3),
    ]
    assert scored(mixed)["auc_confidence", "neutral"].value == 0.5


def test_certainty_and_times_are_means_of_the_answered() -> None:
    rows = [
        answer(1, "old", old=True, confidence=3, rt_s=1.0),
        answer(2, "new", old=False, confidence=2, rt_s=math.e),
        answer(3, None, old=False),
    ]
    table = scored(rows)
    assert table["mean_confidence", "neutral"].value == 2.5
    assert table["rt_log_mean", "neutral"].value == pytest.approx(0.5)
    assert table["rt_median", "all"].value == pytest.approx((1 + math.e) / 2)


def test_old_words_of_a_state_stand_against_all_new_ones() -> None:
    rows = [
        *(answer(k, "old", old=True, condition="emotional", state="control") for k in range(8)),
        *(answer(k, "new", old=True, condition="emotional", state="attachment")
          for k in range(10, 18)),
        *(answer(k, "new", old=False, condition="emotional") for k in range(20, 36)),
    ]  # fmt: skip
    table = scored(rows)
    z = stats.norm.ppf
    control = table["dprime", "emotional_after_control"]
    attachment = table["dprime", "emotional_after_attachment"]
    assert control.value == pytest.approx(z(8.5 / 9) - z(0.5 / 17))
    assert attachment.value == pytest.approx(z(0.5 / 9) - z(0.5 / 17))
    assert control.n_used == attachment.n_used == 24
    assert table["dprime", "neutral_after_control"].flag == ("no_words",)


# -- odd people -----------------------------------------------------------------------------------


def test_somebody_who_misses_everything_has_no_value_and_a_reason() -> None:
    table = scored([answer(k, None, old=k % 2 == 0) for k in range(1, 33)])
    for (name, condition), index in table.items():
        if name == "omission_rate" and condition in ("all", "neutral"):
            assert index.value == 1.0
            assert "many_missed" in index.flag
        else:
            assert index.value is None
            assert index.flag
    assert table["dprime", "neutral"].flag == ("no_answers",)
    assert table["dprime", "emotional"].flag == ("no_words",)


def test_somebody_who_presses_one_key_is_flagged_and_has_no_sensitivity() -> None:
    table = scored(counts(16, 0, 16, 0))
    assert table["dprime", "neutral"].value == pytest.approx(0.0)
    assert "same_answer" in table["dprime", "neutral"].flag
    assert (table["criterion", "neutral"].value or 0) < -1.5
    assert table["auc_confidence", "neutral"].value == 0.5


def test_somebody_without_an_error_has_a_finite_sensitivity_and_no_interval_of_the_area() -> None:
    table = scored(counts(16, 0, 0, 16))
    assert table["dprime", "neutral"].value == pytest.approx(2 * stats.norm.ppf(16.5 / 17))
    perfect = table["auc_confidence", "neutral"]
    assert (perfect.value, perfect.ci_low, perfect.flag) == (1.0, None, ("perfect",))


def test_old_words_alone_give_a_rate_and_no_sensitivity() -> None:
    table = scored([answer(k, "old", old=True) for k in range(1, 9)])
    assert table["hit_rate", "neutral"].value == 1.0
    for name in ("false_alarm_rate", "dprime", "auc_confidence"):
        assert table[name, "neutral"].value is None
        assert "one_class" in table[name, "neutral"].flag


def test_decisions_without_certainty_have_no_area() -> None:
    table = scored([answer(k, "old", old=k % 2 == 0, confidence=None) for k in range(1, 9)])
    assert table["auc_confidence", "neutral"].flag == ("no_confidence",)
    assert table["mean_confidence", "neutral"].flag == ("no_confidence",)


def test_answers_before_a_word_can_be_read_are_flagged() -> None:
    rows = [answer(k, "old", old=k % 2 == 0, rt_s=0.15 + 0.001 * k) for k in range(1, 21)]
    assert "fast" in scored(rows)["rt_median", "neutral"].flag


def test_every_row_is_described_and_every_flag_has_a_meaning(repo: Path) -> None:
    tables = [
        scored([]),
        scored(counts(10, 6, 4, 12)),
        scored([answer(k, None, old=True) for k in range(1, 31)]),
        scored([answer(k, "old", old=True, confidence=None) for k in range(1, 31)]),
    ]
    for table in tables:
        assert {name for name, _ in table} == set(ANALYSIS.descriptions)
        assert {condition for _, condition in table} == set(ANALYSIS.conditions)
        for index in table.values():
            assert set(index.flag) <= {*FLAGS, *ANALYSIS.flags}
            assert index.ci_method in CI_METHODS
            assert (index.value is not None) or index.flag
    guide = (repo / "docs" / "analysis.md").read_text(encoding="utf-8")
    for name in {*ANALYSIS.descriptions, *ANALYSIS.flags, *ANALYSIS.conditions, "logit"}:
        assert f"`{name}`" in guide, name
    assert ANALYSES["recognition"] is ANALYSIS


# -- intervals hold what they promise -------------------------------------------------------------

PEOPLE = 1500


def test_intervals_of_sensitivity_area_and_their_difference_hold_the_truth() -> None:
    rng = np.random.default_rng(3)
    n, d = 16, (1.4, 1.0)
    held = {"dprime": 0, "difference": 0, "area": 0}
    truth_area = stats.norm.cdf(d[0] / math.sqrt(2))
    for _ in range(PEOPLE):
        rows: list[Trial] = []
        for name, strength in zip(("emotional", "neutral"), d, strict=True):
            old = rng.normal(strength, 1, n) > strength / 2
            new = rng.normal(0, 1, n) > strength / 2
            rows += counts(int(old.sum()), int(n - old.sum()), int(new.sum()),
                           int(n - new.sum()), name, len(rows) + 1)  # fmt: skip
        table = scored(rows)
        for key, (index, condition, truth) in {
            "dprime": ("dprime", "emotional", d[0]),
            "difference": ("dprime_difference", "emotional-neutral", d[0] - d[1]),
        }.items():
            found = table[index, condition]
            held[key] += (found.ci_low or 0) <= truth <= (found.ci_high or 0)
        fine = area(rng.normal(d[0], 1, n).tolist(), rng.normal(0, 1, n).tolist())
        # Without an interval the answers were perfect, and the truth is not there.
        held["area"] += fine.ci_low is not None and fine.ci_low <= truth_area <= (fine.ci_high or 1)
    shares = {key: count / PEOPLE for key, count in held.items()}
    # The correction pulls d' of 16 and 16 words a little towards 0, and its interval is wide.
    assert 0.94 < shares["dprime"] < 0.99
    assert 0.94 < shares["difference"] < 0.99
    assert 0.92 < shares["area"] < 0.98


# -- reliability ----------------------------------------------------------------------------------


def test_the_scores_of_the_halves_are_the_indices_where_a_half_is_everything() -> None:
    rng = np.random.default_rng(5)
    rows = [
        answer(
            k,
            "old" if rng.random() < (0.7 if k % 2 else 0.3) else "new",
            old=bool(k % 2),
            condition=CLASSES[k % 3],
        )
        for k in range(1, 97)
    ]
    trials, table = Trials(RUN, tuple(rows)), scored(rows)
    for split in recognition_halves.SPLITS:
        parts = split.parts(trials, None)
        assert parts is not None
        everything = np.ones((1, len(parts.strata)), dtype=bool)
        assert parts.score(everything)[0] == pytest.approx(
            table[split.index, split.condition].value
        )
    assert recognition_halves.SPLITS[0].parts(Trials(RUN, ()), None) is None


# -- recovery from simulated participants ---------------------------------------------------------


@cache
def material(preset: str, **changes: str) -> Material:
    params = TASK.settings(preset, changes)
    return Material(params, TASK.catalogue("en"), find_set("recognition"), TASK.keys(params))


def answered(label: str, person: Recogniser, states: bool = False) -> Table:
    """The indices of a simulated participant: the task's own design, played, logged and scored."""
    made = material("eeg")
    session = Session(label, "recognition")
    rows = tuple(TASK.design(session, made))
    if states:
        kinds = ("attachment", "control")
        rows = tuple(replace(r, state=kinds[k % 2] if r.old else None) for k, r in enumerate(rows))
    lab = VirtualLab(60.0, answer=participant(session, made, person).answer)
    log = MemoryLog()
    header = {"task": "recognition", "participant": label, "session": "01", "run": 1,
              "preset": "eeg"}  # fmt: skip
    design = [asdict(row) for row in rows]
    log.append("header", 0.0, **header, design=design, phases=TASK.phase_facts())
    with Playing(
        display=lab.display,
        responses=lab.responses,
        trigger=lab.trigger,
        clock=lab.clock,
        log=log,
        trials=rows,
    ) as run:
        TASK.play(run, made)
    trials = trials_of(Log(Path("log.jsonl"), log.events))
    return {(i.index, i.condition): i for i in indices(trials)}


@pytest.mark.slow
def test_sensitivity_bias_and_speed_of_forty_people_are_recovered() -> None:
    rng = np.random.default_rng(7)
    people = [
        Recogniser(
            dprime_attachment=float(rng.uniform(0.1, 2.8)),
            dprime_emotional=float(rng.uniform(0.1, 2.8)),
            dprime_neutral=float(rng.uniform(0.1, 2.8)),
            criterion=float(rng.uniform(-0.6, 0.6)),
            median_rt_s=float(rng.uniform(0.7, 1.4)),
        )
        for _ in range(40)
    ]
    tables = [answered(f"{n:02d}", person) for n, person in enumerate(people, start=1)]
    for name in CLASSES:
        truth = np.array([getattr(p, f"dprime_{name}") for p in people])
        found = np.array([t["dprime", name].value for t in tables], dtype=float)
        assert np.corrcoef(truth, found)[0, 1] > 0.7
        assert abs(np.mean(found - truth)) < 0.2
        areas = np.array([t["auc_confidence", name].value for t in tables], dtype=float)
        assert np.corrcoef(truth, areas)[0, 1] > 0.7
    criterion = np.array([t["criterion", "all"].value for t in tables], dtype=float)
    assert np.corrcoef([p.criterion for p in people], criterion)[0, 1] > 0.9
    speed = np.array([t["rt_log_mean", "all"].value for t in tables], dtype=float)
    assert np.corrcoef(np.log([p.median_rt_s for p in people]), speed)[0, 1] > 0.9


def test_what_the_attachment_state_takes_of_emotional_words_is_seen_in_that_state() -> None:
    lost = [
        answered(f"{n:02d}", Recogniser(dprime_emotional=2.0, emotional_loss=1.5), states=True)
        for n in range(1, 9)
    ]

    def mean(condition: str) -> float:
        return float(np.mean([t["dprime", condition].value or 0.0 for t in lost]))

    assert mean("emotional_after_control") - mean("emotional_after_attachment") > 0.8
    assert abs(mean("neutral_after_control") - mean("neutral_after_attachment")) < 0.5


def test_a_run_of_the_program_and_its_table_are_scored_alike(tmp_path: Path) -> None:
    request = Request(
        task="recognition",
        participant="01",
        data=tmp_path,
        preset="short",
        simulate=True,
        virtual=True,
    )
    trials = read_trials(conduct(request).log)
    table = {(i.index, i.condition): i for i in indices(trials)}
    assert table["dprime", "all"].n_used >= 50
    assert table["dprime", "all"].n_total == 60
    frame = pd.DataFrame(
        {
            "participant": "01",
            "trial": [t.trial for t in trials],
            "practice": [t.practice for t in trials],
            "condition": [t.design["condition"] for t in trials],
            "old": [t.design["old"] for t in trials],
            "response": [t.response for t in trials],
            "confidence": [t.outcome["confidence"] for t in trials],
            "rt_s": [t.rt_s for t in trials],
        }
    )
    found = score(frame).set_index(["index", "condition"])["value"]
    for key, index in table.items():
        assert found[key] == pytest.approx(index.value, nan_ok=True) or index.value is None
