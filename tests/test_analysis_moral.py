"""Indices of the moral task against hand-worked values, known people and odd ones."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis import moral_halves
from analysis.indices import CI_METHODS, FLAGS, Index
from analysis.moral import ANALYSIS, CELLS, contrast, indices, score
from analysis.read import Run, Trial, Trials, read_trials, trials_of
from analysis.run import ANALYSES
from mbtexp.conduct import Request, conduct
from mbtexp.events import Log, MemoryLog
from mbtexp.run import Run as Playing
from mbtexp.session import Session
from mbtexp.stimuli import find_set
from mbtexp.task import Material
from mbtexp.virtual import VirtualLab
from tasks.moral import TASK
from tasks.moral.participant import Judge, participant

RUN = Run(
    path=Path("log.jsonl"),
    participant="01",
    session="01",
    task="moral",
    run=1,
    preset="standard",
    mode="lab",
    simulated=None,
    stimuli="open",
    status="complete",
    segments=1,
    n_planned=24,
    columns={},
    damage=(),
)

Table = Mapping[tuple[str, str], Index]


def rated(
    number: int,
    response: float | None,
    cell: str,
    relation: str = "stranger",
    *,
    judgement: str = "blame",
    statement: bool | None = None,
    reading_s: float = 11.0,
    rt_s: float = 2.0,
) -> Trial:
    """A trial of one story."""
    missed = response is None
    return Trial(
        trial=number,
        attempt=1,
        block=1,
        practice=False,
        stim_id=f"V{number:02d}",
        onset_s=20.0 * number,
        rt_s=None if missed else rt_s,
        response=response,
        correct=None,
        missed=missed,
        excluded="missed" if missed else "",
        frames_dropped=0,
        held=False,
        design={"condition": cell, "relation": relation, "judgement": judgement, "words": 44},
        outcome={"statement_correct": statement, "reading_s": reading_s},
    )


def scored(rows: Sequence[Trial]) -> Table:
    """The indices by name and condition."""
    found = indices(Trials(RUN, tuple(rows)))
    table = {(i.index, i.condition): i for i in found}
    assert len(table) == len(found)
    return table


RATINGS = {
    "neutral": [1, 2, 1, 2],
    "accidental": [2, 3, 3, 4],
    "attempted": [4, 5, 5, 4],
    "intended": [6, 7, 6, 7],
}


def judge(**of: Any) -> list[Trial]:
    """Four stories of each version, two close and two strangers."""
    return [
        rated(4 * c + k + 1, rating, cell, ("close", "stranger")[k % 2], **of)
        for c, (cell, ratings) in enumerate(RATINGS.items())
        for k, rating in enumerate(ratings)
    ]


# -- values worked by hand ------------------------------------------------------------------------


def test_severity_is_the_mean_rating_of_each_version() -> None:
    table = scored(judge())
    for cell, ratings in RATINGS.items():
        found = table["severity", cell]
        low, high = stats.t.interval(0.95, 3, np.mean(ratings), stats.sem(ratings))
        assert found.value == np.mean(ratings)
        assert (found.ci_low, found.ci_high) == pytest.approx((low, high))
        assert (found.n_used, found.n_total) == (4, 4)
    assert table["severity", "all"].value == pytest.approx(np.mean(list(RATINGS.values())))


def test_weights_are_the_main_effects_and_the_interaction() -> None:
    table = scored(judge())
    neutral, accidental, attempted, intended = (np.mean(RATINGS[cell]) for cell in CELLS)
    assert table["intent_weight", "all"].value == pytest.approx(
        (attempted + intended - neutral - accidental) / 2
    )
    assert table["outcome_weight", "all"].value == pytest.approx(
        (accidental + intended - neutral - attempted) / 2
    )
    assert table["interaction", "all"].value == pytest.approx(
        (intended - attempted) - (accidental - neutral)
    )


def test_a_weight_has_the_standard_error_of_an_analysis_of_variance() -> None:
    rows = judge()
    y = np.array([float(t.response) for t in rows])
    meant = np.array([t.design["condition"] in ("attempted", "intended") for t in rows]) - 0.5
    done = np.array([t.design["condition"] in ("accidental", "intended") for t in rows]) - 0.5
    x = np.column_stack([np.ones_like(y), meant, done, meant * done])
    beta, residual, *_ = np.linalg.lstsq(x, y, rcond=None)
    variance = residual[0] / (len(y) - 4)
    se = np.sqrt(variance * np.diag(np.linalg.inv(x.T @ x)))
    table = scored(rows)
    for k, name in enumerate(("intent_weight", "outcome_weight", "interaction"), start=1):
        found = table[name, "all"]
        assert (found.value, found.se) == pytest.approx((beta[k], se[k]))
        half = stats.t.ppf(0.975, len(y) - 4) * se[k]
        assert (found.ci_low, found.ci_high) == pytest.approx((beta[k] - half, beta[k] + half))


def test_versions_weigh_alike_even_if_one_has_more_stories() -> None:
    rows = judge()
    more = [*rows, *(rated(90 + k, 7, "intended") for k in range(3))]
    intended = np.mean([6, 7, 6, 7, 7, 7, 7])
    neutral, accidental, attempted, _ = (np.mean(RATINGS[cell]) for cell in CELLS)
    assert scored(more)["intent_weight", "all"].value == pytest.approx(
        (attempted + intended - neutral - accidental) / 2
    )


def test_permissible_is_turned_round() -> None:
    rows = [
        rated(t.trial, 8 - t.response, t.design["condition"], t.design["relation"],
              judgement="permissible")
        for t in judge()
    ]  # fmt: skip
    plain, turned = scored(judge()), scored(rows)
    for key in plain:
        assert turned[key].value == plain[key].value or plain[key].value is None


def test_close_less_stranger_compares_the_same_versions() -> None:
    rows = [
        rated(k, rating, cell, relation)
        for k, (cell, relation, rating) in enumerate(
            [
                (cell, relation, 2 + 3 * (cell in ("attempted", "intended")) * (1 + near) - near)
                for cell, (relation, near) in product(CELLS, (("close", 0.5), ("stranger", 0.0)))
                for _ in range(2)
            ],
            start=1,
        )
    ]
    table = scored(rows)
    assert table["intent_weight", "close"].value == pytest.approx(4.5)
    assert table["intent_weight", "stranger"].value == pytest.approx(3.0)
    assert table["intent_weight_difference", "close-stranger"].value == pytest.approx(1.5)
    assert table["severity_difference", "close-stranger"].value == pytest.approx(0.25)


def test_inconsistency_is_the_spread_within_the_versions() -> None:
    squares = sum(float(np.sum((np.array(r) - np.mean(r)) ** 2)) for r in RATINGS.values())
    assert scored(judge())["inconsistency", "all"].value == pytest.approx(math.sqrt(squares / 12))


def test_statements_are_right_or_wrong_and_not_asked_ones_do_not_count() -> None:
    rows = [rated(k, 3, "neutral", statement=k <= 5 if k <= 6 else None) for k in range(1, 13)]
    found = scored(rows)["statement_accuracy", "all"]
    assert (found.value, found.n_used, found.n_total) == (pytest.approx(5 / 6), 6, 12)


def test_times_and_reading_speed() -> None:
    table = scored([rated(k, 3, "neutral", rt_s=math.e, reading_s=11.0) for k in range(1, 9)])
    assert table["rt_log_mean", "all"].value == pytest.approx(1.0)
    assert table["reading_speed", "all"].value == pytest.approx(4.0)
    hasty = scored([rated(k, 3, "neutral", reading_s=2.0) for k in range(1, 9)])
    assert "fast" in hasty["reading_speed", "all"].flag


# -- odd people -----------------------------------------------------------------------------------


def test_somebody_who_rates_nothing_has_no_value_and_a_reason() -> None:
    table = scored([rated(k, None, CELLS[k % 4]) for k in range(1, 25)])
    for (name, _), index in table.items():
        if name == "omission_rate":
            assert (index.value, index.flag) == (1.0, ("many_missed",))
        elif name != "reading_speed":
            assert index.value is None
            assert index.flag


def test_somebody_who_gives_one_rating_has_weights_of_zero_without_interval() -> None:
    table = scored([rated(k, 4, CELLS[k % 4], ("close", "stranger")[k % 2]) for k in range(24)])
    assert table["intent_weight", "all"].value == 0.0
    assert table["intent_weight", "all"].flag == ("constant",)
    assert table["intent_weight", "all"].se is None
    assert table["inconsistency", "all"].flag == ("same_rating",)


def test_a_version_that_was_not_rated_leaves_the_weights_undefined() -> None:
    rows = [t for t in judge() if t.design["condition"] != "attempted"]
    table = scored(rows)
    assert table["intent_weight", "all"].flag == ("empty_cell",)
    assert table["severity", "attempted"].flag == ("no_stories",)
    assert table["severity", "intended"].value == 6.5


def test_one_story_a_version_has_weights_without_interval() -> None:
    table = scored([rated(k, k, cell) for k, cell in enumerate(CELLS, start=1)])
    assert table["intent_weight", "all"].value == 2.0
    assert table["intent_weight", "all"].flag == ("one_value",)
    assert table["inconsistency", "all"].flag == ("few_values",)
    assert table["intent_weight", "close"].flag == ("no_stories",)


def test_every_row_is_described_and_every_flag_has_a_meaning(repo: Path) -> None:
    tables = [
        scored([]),
        scored(judge()),
        scored([rated(k, None, "neutral") for k in range(1, 31)]),
        scored([rated(k, 7, "intended", reading_s=1.0) for k in range(1, 31)]),
    ]
    for table in tables:
        assert {name for name, _ in table} == set(ANALYSIS.descriptions)
        assert {condition for _, condition in table} == set(ANALYSIS.conditions)
        for index in table.values():
            assert set(index.flag) <= {*FLAGS, *ANALYSIS.flags}
            assert index.ci_method in CI_METHODS
            assert (index.value is not None) or index.flag
    guide = (repo / "docs" / "analysis.md").read_text(encoding="utf-8")
    for name in {*ANALYSIS.descriptions, *ANALYSIS.flags, *ANALYSIS.conditions}:
        assert f"`{name}`" in guide, name
    assert ANALYSES["moral"] is ANALYSIS


# -- intervals, reliability -----------------------------------------------------------------------


def test_the_interval_of_a_weight_holds_the_truth() -> None:
    rng = np.random.default_rng(3)
    held = 0
    for _ in range(2000):
        groups = [(m + rng.normal(0, 0.9, 6)).tolist() for m in (2.0, 3.0, 4.0, 5.5)]
        found = contrast((-0.5, -0.5, 0.5, 0.5), groups)
        held += (found.ci_low or 9) <= 2.25 <= (found.ci_high or 0)
    assert 0.93 < held / 2000 < 0.97


def test_the_scores_of_the_halves_are_the_indices_where_a_half_is_everything() -> None:
    trials, table = Trials(RUN, tuple(judge())), scored(judge())
    for split in moral_halves.SPLITS:
        parts = split.parts(trials, None)
        assert parts is not None
        everything = np.ones((1, len(parts.strata)), dtype=bool)
        found = parts.score(everything)[0]
        assert found == pytest.approx(table[split.index, split.condition].value)
    assert moral_halves.SPLITS[1].parts(Trials(RUN, ()), None) is None


# -- recovery from simulated participants ---------------------------------------------------------


@cache
def material(preset: str) -> Material:
    params = TASK.settings(preset, {})
    return Material(params, TASK.catalogue("en"), find_set("moral"), TASK.keys(params))


def answered(label: str, person: Judge, preset: str = "standard") -> Table:
    """The indices of a simulated participant: the task's own design, played, logged and scored."""
    made = material(preset)
    session = Session(label, "moral")
    rows = tuple(TASK.design(session, made))
    lab = VirtualLab(60.0, answer=participant(session, made, person).answer)
    log = MemoryLog()
    header = {"task": "moral", "participant": label, "session": "01", "run": 1, "preset": preset}
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


@pytest.mark.parametrize("preset", ["standard", "permissible"])
def test_what_weighs_for_thirty_people_is_recovered(preset: str) -> None:
    rng = np.random.default_rng(11)
    people = [
        Judge(
            base=float(rng.uniform(1.8, 2.6)),
            intent=float(rng.uniform(0.0, 2.5)),
            outcome=float(rng.uniform(0.0, 1.5)),
            both=0.0,
            noise=0.7,
            median_rt_s=float(rng.uniform(1.5, 4.0)),
        )
        for _ in range(30)
    ]
    tables = [answered(f"{n:02d}", person, preset) for n, person in enumerate(people, start=1)]
    for name, parameter in (("intent_weight", "intent"), ("outcome_weight", "outcome")):
        truth = np.array([getattr(p, parameter) for p in people])
        found = np.array([t[name, "all"].value for t in tables], dtype=float)
        assert np.corrcoef(truth, found)[0, 1] > 0.75
        assert abs(np.mean(found - truth)) < 0.2
        inside = [
            (t[name, "all"].ci_low or 9) <= x <= (t[name, "all"].ci_high or -9)
            for t, x in zip(tables, truth, strict=True)
        ]
        assert sum(inside) >= 25
    speed = np.array([t["rt_log_mean", "all"].value for t in tables], dtype=float)
    assert np.corrcoef(np.log([p.median_rt_s for p in people]), speed)[0, 1] > 0.9


def test_blaming_close_people_more_and_their_intent_is_recovered() -> None:
    near = Judge(base=2.0, intent=1.0, outcome=0.5, both=0.0, close=0.5, close_intent=1.5)
    tables = [answered(f"{n:02d}", near) for n in range(1, 17)]

    def mean(name: str) -> float:
        return float(np.mean([t[name, "close-stranger"].value or 0.0 for t in tables]))

    assert mean("intent_weight_difference") == pytest.approx(1.5, abs=0.35)
    assert mean("severity_difference") == pytest.approx(0.5 + 0.75, abs=0.2)


def test_somebody_who_does_not_attend_answers_statements_by_chance() -> None:
    tables = [answered(f"{n:02d}", Judge(attention=0.0)) for n in range(1, 21)]
    shares = [t["statement_accuracy", "all"].value or 0.0 for t in tables]
    assert 0.35 < float(np.mean(shares)) < 0.65


def test_a_run_of_the_program_and_its_table_are_scored_alike(tmp_path: Path) -> None:
    request = Request(
        task="moral", participant="01", data=tmp_path, preset="short", simulate=True, virtual=True
    )
    trials = read_trials(conduct(request).log)
    table = {(i.index, i.condition): i for i in indices(trials)}
    assert table["severity", "all"].n_used == 16
    frame = pd.DataFrame(
        {
            "participant": "01",
            "trial": [t.trial for t in trials],
            "practice": [t.practice for t in trials],
            "condition": [t.design["condition"] for t in trials],
            "relation": [t.design["relation"] for t in trials],
            "response": [t.response for t in trials],
            "rt_s": [t.rt_s for t in trials],
            "words": [t.design["words"] for t in trials],
            "reading_s": [t.outcome["reading_s"] for t in trials],
            "statement_correct": [t.outcome["statement_correct"] for t in trials],
        }
    )
    found = score(frame).set_index(["index", "condition"])["value"]
    for key, index in table.items():
        assert found[key] == pytest.approx(index.value, nan_ok=True) or index.value is None
