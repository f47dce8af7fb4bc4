"""Indices of the trust task against hand-worked values, scipy, known people and odd ones."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from analysis.agreement import correlation, detection, line, psychometric, rank_correlation
from analysis.indices import CI_METHODS, FLAGS, Index
from analysis.read import Run, Trial, Trials, read_trials, trials_of
from analysis.run import ANALYSES
from analysis.trust import ANALYSIS, indices
from mbtexp.conduct import Request, conduct, prepare
from mbtexp.events import Log, MemoryLog
from mbtexp.run import Run as Playing
from mbtexp.session import Session
from mbtexp.stimuli import find_set
from mbtexp.task import Material
from mbtexp.virtual import VirtualLab
from tasks.trust import TASK
from tasks.trust.participant import Person, participant

RUN = Run(
    path=Path("log.jsonl"),
    participant="01",
    session="01",
    task="trust",
    run=1,
    preset="rating",
    mode="lab",
    simulated=None,
    stimuli="imported",
    status="complete",
    segments=1,
    n_planned=100,
    columns={},
    damage=(),
)

Table = Mapping[tuple[str, str], Index]


def answer(
    number: int,
    response: float | str | None,
    *,
    judgement: str = "trust",
    trust: float | None = 4.0,
    rt_s: float = 1.0,
    face: int | None = None,
    **design: Any,
) -> Trial:
    """A trial of one face under one judgement."""
    missed = response is None
    return Trial(
        trial=number,
        attempt=1,
        block=1,
        practice=False,
        stim_id=f"face_{number if face is None else face}",
        onset_s=10.0 * number,
        rt_s=None if missed else rt_s,
        response=response,
        correct=None,
        missed=missed,
        excluded="missed" if missed else "",
        frames_dropped=0,
        held=False,
        design={"judgement": judgement, "trust": trust, "repeat": False, **design},
        outcome={},
    )


def scored(rows: Sequence[Trial]) -> Table:
    """The indices by name and condition."""
    found = indices(Trials(RUN, tuple(rows)))
    table = {(i.index, i.condition): i for i in found}
    assert len(table) == len(found)
    return table


NORMS = [2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 5.5]
RATINGS = [1, 3, 2, 4, 3, 5, 4, 6]


def rater() -> list[Trial]:
    return [
        answer(k, y, trust=x) for k, (x, y) in enumerate(zip(NORMS, RATINGS, strict=True), start=1)
    ]


def test_bias_is_the_mean_of_rating_less_norm_with_its_t_interval() -> None:
    bias = scored(rater())["bias", "trust"]
    apart = np.array(RATINGS) - np.array(NORMS)
    low, high = stats.t.interval(0.95, 7, apart.mean(), stats.sem(apart))
    assert bias.value == pytest.approx(-0.25)
    assert (bias.ci_low, bias.ci_high) == pytest.approx((low, high))
    assert (bias.ci_method, bias.n_used, bias.flag) == ("t", 8, ())


def test_slope_intercept_and_agreement_are_those_of_scipy() -> None:
    table = scored(rater())
    fit = stats.linregress(NORMS, RATINGS)
    slope, intercept = table["slope", "trust"], table["intercept", "trust"]
    assert (slope.value, slope.se) == pytest.approx((fit.slope, fit.stderr))
    assert intercept.value == pytest.approx(np.mean(RATINGS))
    r = table["agreement_r", "trust"]
    expected = stats.pearsonr(NORMS, RATINGS)
    interval = expected.confidence_interval(0.95)
    assert r.value == pytest.approx(expected.statistic)
    assert (r.ci_low, r.ci_high) == pytest.approx((interval.low, interval.high), abs=1e-6)
    rho = stats.spearmanr(NORMS, RATINGS).statistic
    assert table["agreement_rho", "trust"].value == pytest.approx(rho)


def test_a_line_gives_the_standard_error_of_its_height_anywhere() -> None:
    fit = stats.linregress(NORMS, RATINGS)
    found = line(NORMS, [float(y) for y in RATINGS], middle=0.0)
    assert found.intercept.value == pytest.approx(fit.intercept)
    assert found.intercept.se == pytest.approx(fit.intercept_stderr)


def test_detection_has_the_log_linear_correction_and_its_variance() -> None:
    found = detection(20, 20, 0, 20)
    hit, false = 20.5 / 21, 0.5 / 21
    z = stats.norm.ppf
    assert found.d_prime.value == pytest.approx(z(hit) - z(false))
    assert found.criterion.value == pytest.approx(0.0, abs=1e-12)
    variance = sum(p * (1 - p) / (20 * stats.norm.pdf(z(p)) ** 2) for p in (hit, false))
    assert found.d_prime.se == pytest.approx(math.sqrt(variance))
    assert found.criterion.se == pytest.approx(math.sqrt(variance) / 2)


def test_signal_and_noise_are_the_outer_thirds_and_yes_is_above_the_middle() -> None:
    rows = [answer(k, 6 if k <= 8 else 4, level="high") for k in range(1, 11)]
    rows += [answer(k, 5 if k <= 22 else 2, level="low") for k in range(21, 31)]
    rows += [answer(k, 7, level="middle") for k in range(41, 51)]
    table = scored(rows)
    expected = detection(8, 10, 2, 10)
    assert table["d_prime", "trust"].value == pytest.approx(expected.d_prime.value)
    assert table["criterion", "trust"].value == pytest.approx(expected.criterion.value)
    assert table["d_prime", "trust"].n_used == 20


def test_age_is_right_above_and_below_forty_years() -> None:
    rows = [
        answer(k, "older" if k % 2 else "younger", judgement="age", age=55 if k % 2 else 25)
        for k in range(1, 21)
    ]
    table = scored(rows)
    assert table["d_prime", "age"].value == pytest.approx(detection(10, 10, 0, 10).d_prime.value)
    assert table["high_share", "age"].value == 0.5
    assert table["mean_rating", "age"].flag == ("not_rated",)
    assert table["bias", "trust"].flag == ("no_trust_trials",)


def test_repeats_count_for_consistency_and_for_nothing_else() -> None:
    again = [
        answer(20 + k, y, trust=x, face=k, repeat=True)
        for k, (x, y) in enumerate(zip(NORMS, [2, 3, 2, 4, 5, 5, 4, 6], strict=True), start=1)
    ]
    once, twice = scored(rater()), scored([*rater(), *again])
    for name in ("bias", "slope", "agreement_r", "rating_sd", "entropy"):
        assert once[name, "trust"].value == twice[name, "trust"].value
    expected = stats.pearsonr(RATINGS, [2, 3, 2, 4, 5, 5, 4, 6]).statistic
    assert twice["consistency_r", "trust"].value == pytest.approx(expected)
    assert twice["consistency_distance", "trust"].value == pytest.approx(3 / 8)
    assert twice["consistency_exact", "trust"].value == 6 / 8
    assert once["consistency_r", "trust"].flag == ("no_repeats",)


def test_use_of_the_scale() -> None:
    table = scored([answer(k, point) for k, point in enumerate([1, 1, 4, 7], start=1)])
    assert table["endpoint_share", "trust"].value == 0.75
    assert table["entropy", "trust"].value == pytest.approx(1.5)
    assert table["rating_sd", "trust"].value == pytest.approx(np.std([1, 1, 4, 7], ddof=1))


def test_slower_answers_near_the_middle_are_a_slope_above_zero() -> None:
    norms = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]
    rows = [
        answer(k, 4, trust=x, rt_s=math.exp(-0.2 * abs(x - 4)))
        for k, x in enumerate(norms, start=1)
    ]
    slope = scored(rows)["rt_ambiguity", "trust"]
    assert slope.value == pytest.approx(0.2)


def test_a_leaning_to_one_end_in_both_judgements_is_no_specific_bias() -> None:
    def person(trust: int, age: int) -> Index:
        rows = [answer(k, trust + k % 2, trust=4.5) for k in range(1, 31)]
        rows += [answer(40 + k, age + k % 2, judgement="age", age=40.0) for k in range(1, 31)]
        return scored(rows)["specific_bias", "trust_minus_age"]

    assert person(3, 3).value == pytest.approx(-0.5)
    low = person(2, 2).value
    assert low == pytest.approx(-0.5)
    assert person(2, 3).value == pytest.approx(-1.5)


def test_the_threshold_is_where_both_answers_are_equally_likely() -> None:
    rng = np.random.default_rng(3)
    steps = np.tile(np.arange(1.0, 8.0), 300)
    yes = rng.random(steps.size) < 1 / (1 + np.exp(-1.3 * (steps - 4.6)))
    found = psychometric(list(steps), list(yes), middle=4.0)
    assert found.pse.value == pytest.approx(4.6, abs=0.12)
    assert found.slope.value == pytest.approx(1.3, abs=0.12)
    assert found.jnd.value == pytest.approx(math.log(3) / 1.3, abs=0.1)
    inside = [
        psychometric(
            list(steps[:140]),
            list(rng.random(140) < 1 / (1 + np.exp(-1.3 * (steps[:140] - 4.6)))),
            middle=4.0,
        ).pse
        for _ in range(200)
    ]
    held = sum((e.ci_low or 9) <= 4.6 <= (e.ci_high or 0) for e in inside)
    assert 180 <= held <= 198


def test_decisions_on_a_continuum_count_in_every_round() -> None:
    rows = [
        answer(
            k, "trustworthy" if k % 7 > 3 else "untrustworthy", morph_step=k % 7 + 1, repeat=k > 7
        )
        for k in range(1, 71)
    ]
    table = scored(rows)
    assert table["pse", "trust"].n_used == 70
    assert table["pse", "trust"].value == pytest.approx(4.5, abs=0.1)
    assert table["consistency_r", "trust"].flag == ("no_repeats",)


# -- people who do odd things ---------------------------------------------------------------------


def test_somebody_who_misses_everything_has_no_value_and_a_reason() -> None:
    table = scored([answer(k, None) for k in range(1, 31)])
    assert table["omission_rate", "trust"].value == 1.0
    assert "many_missed" in table["omission_rate", "trust"].flag
    for (name, condition), index in table.items():
        if name != "omission_rate":
            assert index.value is None, name
            assert index.flag, (name, condition)


@pytest.mark.parametrize("response", [1, 4, "trustworthy", "untrustworthy"])
def test_somebody_who_presses_one_key_has_no_sensitivity(response: float | str) -> None:
    rows = [answer(k, response, trust=1.0 + k % 7, level="high") for k in range(1, 31)]
    table = scored(rows)
    for name in ("slope", "agreement_r", "agreement_rho", "pse", "jnd"):
        index = table[name, "trust"]
        assert index.value is None
        assert set(index.flag) & {"same_answer", "not_rated", "not_decided"}
    assert table["d_prime", "trust"].flag == ("one_class",)
    if isinstance(response, int):
        assert table["rating_sd", "trust"].flag == ("same_rating",)
        assert table["entropy", "trust"].value == 0


def test_a_scale_read_backwards_is_flagged() -> None:
    rows = [answer(k, 8 - k % 7 - 1, trust=1.0 + k % 7 + 0.1 * (k % 3)) for k in range(1, 31)]
    assert "reversed_scale" in scored(rows)["slope", "trust"].flag


def test_answers_that_do_not_follow_the_steps_have_no_threshold() -> None:
    rows = [
        answer(k, ("trustworthy", "untrustworthy")[k // 7 % 2], morph_step=k % 7 + 1)
        for k in range(1, 71)
    ]
    table = scored(rows)
    assert table["pse", "trust"].flag == ("no_slope",)
    assert table["psychometric_slope", "trust"].value == pytest.approx(0.0, abs=0.05)


def test_answers_before_a_face_can_be_seen_are_flagged() -> None:
    table = scored([answer(k, 3 + k % 3, rt_s=0.1) for k in range(1, 31)])
    assert "fast" in table["rt_median", "trust"].flag


def test_faces_without_norms_have_ratings_and_no_bias() -> None:
    table = scored([answer(k, 3 + k % 3, trust=None) for k in range(1, 31)])
    assert table["mean_rating", "trust"].value is not None
    for name in ("bias", "slope", "agreement_r", "d_prime", "rt_ambiguity"):
        assert table[name, "trust"].flag == ("no_norms",)


def test_perfect_and_short_relations_have_no_interval_or_no_value() -> None:
    assert correlation([1, 2, 3, 4], [2, 4, 6, 8]).flags == ("perfect",)
    assert correlation([1, 2, 3], [2, 1, 6]).flags == ("few_values",)
    assert rank_correlation([1, 1, 1, 1], [1, 2, 3, 4]).flags == ("one_norm",)


# -- the guide ------------------------------------------------------------------------------------


def test_every_row_is_described_and_every_flag_has_a_meaning(repo: Path) -> None:
    tables = [
        scored([]),
        scored(rater()),
        scored([answer(k, None) for k in range(1, 31)]),
        scored([answer(k, "older", judgement="age", age=30.0) for k in range(1, 31)]),
    ]
    for table in tables:
        assert {name for name, _ in table} == set(ANALYSIS.descriptions)
        assert {condition for _, condition in table} == set(ANALYSIS.conditions)
        for index in table.values():
            assert set(index.flag) <= {*FLAGS, *ANALYSIS.flags}
            assert index.ci_method in CI_METHODS
    guide = (repo / "docs" / "analysis.md").read_text(encoding="utf-8")
    for name in {*ANALYSIS.descriptions, *ANALYSIS.flags, *ANALYSIS.conditions, "fisher"}:
        assert f"`{name}`" in guide, name


# -- recovery from simulated participants ---------------------------------------------------------


@cache
def material(preset: str) -> Material:
    params = TASK.settings(preset, {})
    return Material(params, TASK.catalogue("en"), find_set("trust_pilot"), TASK.keys(params))


def answered(preset: str, label: str, person: Person) -> Table:
    """The indices of a simulated participant: the task's own design, played, logged and scored."""
    made = material(preset)
    session = Session(label, "trust")
    rows = tuple(TASK.design(session, made))
    lab = VirtualLab(60.0, answer=participant(session, made, person).answer)
    log = MemoryLog()
    header = {"task": "trust", "participant": label, "session": "01", "run": 1, "preset": preset}
    phases = TASK.phase_facts()
    log.append("header", 0.0, **header, design=[asdict(row) for row in rows], phases=phases)
    with Playing(
        display=lab.display,
        responses=lab.responses,
        trigger=lab.trigger,
        clock=lab.clock,
        log=log,
        trials=rows,
    ) as playing:
        TASK.play(playing, made)
    found = indices(trials_of(Log(Path("log.jsonl"), log.events)))
    return {(i.index, i.condition): i for i in found}


def people(n: int) -> list[Person]:
    """Simulated people whose bias, slope and noise differ independently."""
    rng = np.random.default_rng(2026)
    return [
        Person(
            bias=float(rng.uniform(-1.0, 1.0)),
            slope=float(rng.uniform(0.2, 1.1)),
            noise=float(rng.uniform(0.4, 1.2)),
        )
        for _ in range(n)
    ]


@pytest.mark.slow
def test_bias_slope_and_noise_of_sixty_people_are_recovered_from_ratings() -> None:
    everybody = people(60)
    tables = [answered("rating", f"{n:03d}", p) for n, p in enumerate(everybody, start=1)]

    def recovered(name: str, truth: Sequence[float]) -> float:
        return float(np.corrcoef([t[name, "trust"].value or 0.0 for t in tables], truth)[0, 1])

    biases, slopes = [p.bias for p in everybody], [p.slope for p in everybody]
    assert recovered("bias", biases) > 0.95
    assert recovered("slope", slopes) > 0.93
    assert recovered("consistency_distance", [p.noise for p in everybody]) > 0.75
    off = [
        (t["bias", "trust"].value or 0.0) - p.bias for t, p in zip(tables, everybody, strict=True)
    ]
    assert abs(float(np.mean(off))) < 0.06
    held = sum(
        (t["bias", "trust"].ci_low or 9) <= p.bias <= (t["bias", "trust"].ci_high or -9)
        for t, p in zip(tables, everybody, strict=True)
    )
    assert held >= 50
    assert abs(float(np.corrcoef(biases, slopes)[0, 1])) < 0.3
    crossed = [recovered("bias", slopes), recovered("slope", biases)]
    assert max(map(abs, crossed)) < 0.3


@pytest.mark.slow
def test_the_threshold_of_forty_people_is_recovered_from_continua() -> None:
    everybody = people(40)
    tables = [answered("morph", f"{n:03d}", p) for n, p in enumerate(everybody, start=1)]
    # The model is at the middle of the scale where 4 + bias + slope (step - 4) is 4.
    steep = [(t, p) for t, p in zip(tables, everybody, strict=True) if abs(p.bias / p.slope) < 3]
    truth = [4 - p.bias / p.slope for _, p in steep]
    found = [t["pse", "trust"] for t, _ in steep]
    assert len(steep) > 30
    assert all(index.value is not None for index in found)
    assert np.corrcoef([index.value or 0.0 for index in found], truth)[0, 1] > 0.97
    off = [(index.value or 0.0) - t for index, t in zip(found, truth, strict=True)]
    assert abs(float(np.mean(off))) < 0.1


def test_one_person_s_bias_slope_and_slowing_come_back() -> None:
    person = Person(bias=-0.8, slope=0.7, noise=0.6, ambiguity=0.2, rt_sigma=0.2, omission=0.0)
    table = answered("rating", "005", person)
    for name, truth in (("bias", -0.8), ("slope", 0.7), ("rt_ambiguity", 0.2)):
        index = table[name, "trust"]
        assert index.value is not None
        assert index.se is not None
        assert abs(index.value - truth) < 3 * index.se
    assert table["rt_median", "age"].n_used == 120


def test_decisions_of_the_scanner_preset_give_detection_and_a_threshold() -> None:
    table = answered("binary", "001", Person(bias=-0.5, slope=1.0, noise=0.7, omission=0.0))
    assert (table["d_prime", "trust"].value or 0) > 1.5
    assert (table["criterion", "trust"].value or 0) > 0
    pse = table["pse", "trust"]
    assert pse.se is not None
    assert abs((pse.value or 0.0) - 4.5) < 3 * pse.se


def test_a_run_of_the_program_is_scored_like_one_in_memory(tmp_path: Path) -> None:
    request = Request(task="trust", participant="05", data=tmp_path, simulate=True, virtual=True)
    prepared = prepare(request)
    assert ANALYSES["trust"] is ANALYSIS
    read = read_trials(conduct(request).log)
    assert len(read.test) == sum(not row.practice for row in prepared.rows)
    by_name = {(i.index, i.condition): i for i in indices(read)}
    assert by_name["bias", "trust"].flag == ("simulated", "pilot_stimuli")
    assert replace(read.run, simulated=None).flags == ("pilot_stimuli",)
