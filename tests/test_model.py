"""Pooling, costs, states and predictions against hand and other programs; studies with little."""

from __future__ import annotations

import json
import math
import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from analysis import analyse, read_table
from analysis.association import correlation, theil_sen
from analysis.contrast import expected_difference, measures
from analysis.contrast_table import contrasts
from analysis.doses import dose_slope
from analysis.intervals import Estimate, undefined
from analysis.measure import Counts, Measure, difference, logit_score
from analysis.model import study_rows, study_tsv
from analysis.phenotype import groups_of_sessions, read_groups, read_scales
from analysis.read import Trial
from analysis.shrink import pool, shrunk
from analysis.states import Placed, Told, read_states, states_of
from analysis.study import BOUND_LOGIT, Study
from analysis.study_files import read_memory
from mbtexp.errors import DataError
from mbtexp.events import EventLog

Y = np.array([0.31, -0.42, 0.95, 1.40, -0.10, 0.62, 0.05, -0.88, 1.95, 0.44, 0.71, -0.25])
SE = np.array([0.53, 0.48, 0.75, 0.61, 0.37, 0.55, 0.49, 0.66, 0.80, 0.41, 0.52, 0.58])
GROUPED = np.column_stack([np.ones(12), np.repeat([0, 1], 6)])

# -- random effects -------------------------------------------------------------------------------


# metafor 3.8-1 in R 4.2.2: rma(y, sei, mods, method="REML", test="knha"), threshold 1e-12.
def test_the_random_effects_model_is_that_of_metafor():
    fitted = pool(Y, SE)
    assert fitted.tau2 == pytest.approx(0.100114743765, rel=1e-7)
    assert fitted.interval([1.0]) == pytest.approx(
        (0.297596174860, 0.198541877992, -0.139391552257, 0.734583901978), rel=1e-7
    )
    values, _ = shrunk(Y, SE, fitted)
    assert values[:3] == pytest.approx([0.3008553814812, 0.0802323249016, 0.3961681465824])
    wide = pool(3 * Y, SE)
    assert wide.tau2 == pytest.approx(5.114800175087, rel=1e-7)
    assert shrunk(3 * Y, SE, wide)[0][:3] == pytest.approx(
        [0.94219378017, -1.15550595511, 2.68297552548]
    )


def test_a_difference_of_groups_is_that_of_metafor():
    fitted = pool(Y, SE, GROUPED)
    assert fitted.tau2 == pytest.approx(0.1643057738102, rel=1e-7)
    assert fitted.interval([0, 1]) == pytest.approx(
        (-0.0582553276043, 0.4246450068943, -1.0044233657674, 0.8879127105589), rel=1e-7
    )
    assert pool(3 * Y, SE, GROUPED).tau2 == pytest.approx(5.642984057156, rel=1e-7)


def test_people_who_differ_less_than_their_noise_have_no_variance_and_one_value():
    fitted = pool([0.1, 0.0, -0.1, 0.05], [0.5] * 4)
    assert (fitted.tau2, fitted.reliability) == (0.0, 0.0)
    values, se = shrunk([0.1, -3.0], [0.5, 0.5], fitted)
    assert values == pytest.approx([fitted.coefficients[0]] * 2)
    assert se == pytest.approx([0, 0])


def test_people_without_a_value_or_an_error_take_no_part():
    known = pool(Y, SE)
    more = pool([*Y, np.nan, 5.0, 5.0], [*SE, 0.5, np.nan, 0.0])
    assert (more.n, more.tau2) == (12, pytest.approx(known.tau2))
    with pytest.raises(ValueError, match="nobody"):
        pool([np.nan], [1.0])
    with pytest.raises(ValueError, match="depend on each other"):
        pool(Y, SE, np.ones((12, 2)))


def test_the_order_of_people_changes_nothing():
    order = np.random.default_rng(1).permutation(12)
    assert pool(Y[order], SE[order]).tau2 == pytest.approx(pool(Y, SE).tau2, rel=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize(("people", "tau"), [(20, 0.5), (40, 0.0), (12, 0.8)])
def test_the_pooled_cost_lies_in_its_interval_in_95_of_100_studies(people, tau):
    rng = np.random.default_rng(20)
    n_studies, n, mean = 2000, 36, 0.3
    true = mean + tau * rng.standard_normal((n_studies, people))
    level = 1.0 + 0.4 * rng.standard_normal((n_studies, people))
    right = [rng.binomial(n, 1 / (1 + np.exp(-(level + sign * true / 2)))) for sign in (1, -1)]
    inside = 0
    for control, attachment in zip(*right, strict=True):
        parts = [
            (np.log((c + 0.5) / (n - c + 0.5)), 1 / (c + 0.5) + 1 / (n - c + 0.5))
            for c in (control, attachment)
        ]
        cost, se = parts[0][0] - parts[1][0], np.sqrt(parts[0][1] + parts[1][1])
        _, _, low, high = pool(cost, se).interval([1.0])
        inside += low <= mean <= high
    assert 0.93 <= inside / n_studies <= 0.97


@pytest.mark.slow
def test_shrunk_values_are_nearer_to_the_truth_and_their_reliability_is_found():
    rng = np.random.default_rng(4)
    true = 0.2 + 0.5 * rng.standard_normal(4000)
    se = rng.uniform(0.4, 0.8, 4000)
    found = true + se * rng.standard_normal(4000)
    fitted = pool(found[:400], se[:400])
    values, sd = shrunk(found, se, fitted)
    assert np.mean((values - true) ** 2) < 0.6 * np.mean((found - true) ** 2)
    assert np.mean(np.abs(values - true) < 1.96 * sd) == pytest.approx(0.95, abs=0.03)
    true_share = 0.25 / (0.25 + float(np.mean(se**2)))
    assert fitted.reliability == pytest.approx(true_share, abs=0.12)
    assert np.corrcoef(true, found)[0, 1] ** 2 == pytest.approx(true_share, abs=0.05)


@pytest.mark.parametrize(("items", "low", "high"), [(18, 0.03, 0.14), (73, 0.52, 0.66)])
def test_with_few_items_reml_understates_the_reliability_and_moments_do_not(items, low, high):
    rng = np.random.default_rng(7)
    true = 0.3 + 0.5 * rng.standard_normal(20_000)
    level = 1.0 + 0.4 * rng.standard_normal(20_000)
    right = [rng.binomial(items, 1 / (1 + np.exp(-(level + s * true / 2)))) for s in (1, -1)]
    found = np.array([np.log((c + 0.5) / (items - c + 0.5)) for c in right])
    se = np.sqrt(sum(1 / (c + 0.5) + 1 / (items - c + 0.5) for c in right))
    cost = found[0] - found[1]
    share = float(np.corrcoef(true, cost)[0, 1] ** 2)
    assert low < pool(cost[:1500], se[:1500]).reliability < high
    by_moments = 1 - float(np.mean(se**2)) / float(np.var(cost))
    assert by_moments == pytest.approx(share, abs=0.04)


# -- a person's contrasts -------------------------------------------------------------------------


def test_a_cost_is_the_difference_of_two_logits_with_the_sum_of_their_variances():
    cost = difference(logit_score(Counts(15, 18)), logit_score(Counts(11, 18)))
    assert cost.value == pytest.approx(math.log(15.5 / 3.5) - math.log(11.5 / 7.5))
    assert cost.se == pytest.approx(math.sqrt(1 / 15.5 + 1 / 3.5 + 1 / 11.5 + 1 / 7.5))
    perfect = logit_score(Counts(18, 18))
    assert perfect.value == pytest.approx(math.log(37))
    assert difference(perfect, undefined("no_answers")).flags == ("no_answers",)


def test_18_items_a_state_have_the_noise_that_is_documented():
    # Average over the binomial distribution at p = .73; 36 items .53, 73 items .37.
    for n, se in ((18, 0.77), (36, 0.53), (73, 0.37)):
        k = np.arange(n + 1)
        p = stats.binom.pmf(k, n, 0.73)
        variance = sum(
            w * (logit_score(Counts(int(c), n)).se or 0) ** 2 for c, w in zip(k, p, strict=True)
        )
        assert math.sqrt(2 * variance) == pytest.approx(se, abs=0.02)


def answered(item, correct, difficulty=None):
    words = {f"word_{place}": "abcd"[k] for k, place in enumerate(("tl", "tr", "bl", "br"))}
    design = {"condition": "mental", "difficulty": difficulty, **words}
    return Trial(
        trial=item,
        attempt=1,
        block=1,
        practice=False,
        stim_id=f"e{item}",
        onset_s=1.0,
        rt_s=1.0,
        response="a",
        correct=correct,
        missed=False,
        excluded="",
        frames_dropped=0,
        held=False,
        design=design,
        outcome={},
    )


def test_the_forms_difficulty_is_taken_out_where_it_is_known():
    easy = [answered(k, k % 4 != 0, -1.0) for k in range(20)]
    hard = [answered(100 + k, k % 2 == 0, 1.0) for k in range(20)]
    offset, flags = expected_difference(easy, hard)
    assert flags == ()
    assert offset > 0.8
    assert expected_difference(hard, easy)[0] == pytest.approx(-offset)
    assert expected_difference(easy, list(reversed(easy))) == (0.0, ())
    assert expected_difference(easy, []) == (0.0, ())
    unknown = [answered(100 + k, True) for k in range(20)]
    assert expected_difference(easy, unknown) == (0.0, ("forms_differ",))


def test_a_slope_on_a_slider_is_within_the_person_and_needs_two_levels():
    low = dose_slope([20, 60], [Counts(16, 18), Counts(12, 18)])
    high = dose_slope([40, 80], [Counts(16, 18), Counts(12, 18)])
    assert low.value == pytest.approx(high.value)
    assert low.value == pytest.approx((math.log(12.5 / 6.5) - math.log(16.5 / 2.5)) / 4)
    assert dose_slope([30, 30], [Counts(9, 18)] * 2).flags == ("same_affect",)
    assert dose_slope([30], [Counts(9, 18)]).flags == ("few_runs",)


def test_three_runs_have_the_weighted_slope_of_numpy():
    counts = [Counts(16, 18), Counts(12, 18), Counts(30, 36)]
    dose = np.array([20.0, 60.0, 45.0])
    theta = [logit_score(c).value for c in counts]
    weights = [1 / (logit_score(c).se or 1) for c in counts]
    slope, _ = np.polyfit(dose / 10, theta, 1, w=weights)
    assert dose_slope(dose, counts).value == pytest.approx(slope)


# -- states ---------------------------------------------------------------------------------------

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def run_at(minutes, task, number, induces=None, session="01", **affect):
    started = None if minutes is None else NOON + timedelta(minutes=minutes)
    return Placed(("01", session, task, number), started, induces, affect)


def test_a_run_has_the_state_of_the_last_induction_before_it_in_its_session():
    runs = [
        run_at(0, "eyes", 1),
        run_at(10, "attachment", 1, "attachment", arousal=70.0),
        run_at(20, "eyes", 2),
        run_at(30, "attachment", 2, "control", arousal=30.0),
        run_at(40, "eyes", 3),
        run_at(50, "eyes", 1, session="02"),
        run_at(None, "trust", 1),
    ]
    found = {state.key: state for state in states_of(reversed(runs))}
    assert [found["01", "01", "eyes", n].state for n in (1, 2, 3)] == [
        None,
        "attachment",
        "control",
    ]
    assert found["01", "01", "eyes", 2].affect == {"arousal": 70.0}
    assert found["01", "02", "eyes", 1].source == "no_induction_before"
    assert found["01", "01", "trust", 1].source == "no_clock"
    assert ("01", "01", "attachment", 1) not in found


def test_a_table_of_states_counts_more_than_the_clock(tmp_path):
    path = tmp_path / "states.tsv"
    path.write_bytes(
        b"\xef\xbb\xbfparticipant\tsession\ttask\trun\tstate\r\nsub-01\t01\teyes\t2\tcontrol\r\n"
    )
    runs = [run_at(10, "attachment", 1, "attachment"), run_at(20, "eyes", 2)]
    state = states_of(runs, read_states(path))[0]
    assert (state.state, state.source) == ("control", "states.tsv")
    assert read_states(tmp_path / "none.tsv") == {}


def test_the_protocol_knows_the_state_and_what_an_induction_says_otherwise_is_told(tmp_path):
    said = [Told("core", "control"), Told("core", "attachment"), Told("core", None)]
    runs = [
        run_at(10, "attachment", 1, "attachment"),
        *(
            Placed((*run_at(0, "eyes", n).key,), NOON + timedelta(minutes=20), None, {}, told)
            for n, told in enumerate(said, start=1)
        ),
    ]
    found = {state.key[3]: state for state in states_of(runs) if state.key[2] == "eyes"}
    assert found[1].state == "control"
    assert found[1].source == "protocol; attachment run 1 before it induced attachment"
    assert (found[2].state, found[2].source) == ("attachment", "protocol")
    assert (found[3].state, found[3].source) == (None, "protocol")
    path = tmp_path / "states.tsv"
    path.write_text("participant\tsession\ttask\trun\tstate\n01\t01\teyes\t3\tcontrol\n", "utf-8")
    table = {state.key[3]: state for state in states_of(runs, read_states(path))}
    assert (table[3].state, table[3].source) == ("control", "states.tsv")


def test_what_was_felt_is_asked_last_before_the_run_and_after_the_induction():
    runs = [
        run_at(0, "mood", 1, arousal=10.0, tense=5.0),
        run_at(5, "eyes", 1),
        run_at(10, "attachment", 1, "attachment", arousal=70.0, love=90.0),
        run_at(15, "mood", 2, arousal=60.0),
        run_at(20, "eyes", 2),
        run_at(25, "mood", 3, arousal=20.0),
    ]
    felt = {state.key[3]: state.affect for state in states_of(runs) if state.key[2] == "eyes"}
    assert felt[1] == {"arousal": 10.0, "tense": 5.0}
    assert felt[2] == {"arousal": 60.0, "love": 90.0}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("participant\ttask\n01\teyes\n", "'session' is missing"),
        ("participant\tsession\ttask\trun\tstate\n01\t01\teyes\t1\town\n", "'attachment' or"),
        ("participant\tsession\ttask\trun\tstate\n01\t01\teyes\tx\tcontrol\n", "a number"),
    ],
)
def test_a_table_of_states_that_says_nonsense_is_refused(tmp_path, text, told):
    path = tmp_path / "states.tsv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=told):
        read_states(path)


# -- association ----------------------------------------------------------------------------------


def test_a_correlation_is_that_of_scipy_and_is_freed_of_noise_by_the_reliabilities():
    rng = np.random.default_rng(2)
    x = rng.standard_normal(40)
    y = 0.5 * x + rng.standard_normal(40)
    found = correlation([*x, np.nan], [*y, 1.0], 0.5, 0.8)
    known = stats.pearsonr(x, y)
    interval = known.confidence_interval()
    raw, free = found.attenuated, found.disattenuated
    assert (raw.value, raw.ci_low, raw.ci_high) == pytest.approx((known.statistic, *interval))
    assert free.value == pytest.approx(known.statistic / math.sqrt(0.4))
    assert free.ci_low == pytest.approx(interval.low / math.sqrt(0.4))
    assert correlation(x, y, 0.0, 0.8).disattenuated.flags == ("zero_reliability",)
    assert correlation(x, y, None, 0.8).disattenuated.flags == ("unknown_reliability",)


def test_the_robust_slope_is_that_of_scipy_and_one_wild_person_does_not_bend_it():
    rng = np.random.default_rng(3)
    x = rng.integers(1, 8, 30).astype(float)
    y = 0.3 * x + rng.standard_normal(30)
    known = stats.theilslopes(y, x, 0.95)
    found = theil_sen(x, y)
    assert (found.value, found.ci_low, found.ci_high) == pytest.approx(
        (known.slope, known.low_slope, known.high_slope), abs=0.02
    )
    y[0] = 1e6
    assert theil_sen(x, y).value == pytest.approx(known.slope, abs=0.1)
    assert theil_sen([1, 1, 1, 1, 1], [1, 2, 3, 4, 5]).flags == ("constant_score",)
    assert theil_sen([1, 2], [1, 2]).flags == ("few_people",)


# -- predictions ----------------------------------------------------------------------------------


def measure(person, contrast, value, se=0.4):
    return Measure(person, contrast, Estimate(value, se), "logit", 18, 18, "given")


def people(n, contrast="cost", seed=0, mean=0.3):
    rng = np.random.default_rng(seed)
    return [
        measure(f"{k:02d}", contrast, float(mean + 0.6 * rng.standard_normal()))
        for k in range(1, n + 1)
    ]


def rows_of(study):
    return {(row.prediction, row.quantity): row for row in study_rows(study)}


def test_an_empty_study_has_a_row_with_a_reason_for_everything():
    rows = study_rows(Study([]))
    assert {row.prediction for row in rows} == {*"123456", "delay", "costs"}
    assert all(row.estimate is None and row.note for row in rows)
    assert all(row.formula and row.method for row in rows)
    memory = [row.note for row in rows if row.prediction == "5"]
    assert all("no memory task" in note for note in memory)


def test_reliability_stands_before_the_effect_in_every_prediction():
    rows = study_rows(Study(people(8)))
    for prediction in {row.prediction for row in rows}:
        named = [row.quantity for row in rows if row.prediction == prediction]
        first_effect = next(k for k, q in enumerate(named) if not q.startswith("reliability"))
        assert not any(q.startswith("reliability") for q in named[first_effect:])
        assert first_effect > 0


def test_two_groups_are_compared_and_their_likeness_has_the_interval_of_two_tests():
    groups = {f"{k:02d}": "bpd" if k % 2 else "hc" for k in range(1, 13)}
    study = Study([*people(12), *people(12, "mentalising_control", 1)], groups)
    rows = rows_of(study)
    mine = [m.estimate.value for m in study.measures[:12]]
    columns = np.array([[k % 2, 1 - k % 2] for k in range(1, 13)], dtype=float)
    expected = pool(mine, [0.4] * 12, columns).interval([1.0, -1.0])
    row = rows["1", "cost: bpd - hc"]
    assert (row.estimate, row.se, row.ci_low, row.ci_high) == pytest.approx(expected)
    assert (row.n, row.df) == (12, 10)
    whole = rows["1", "mentalising_control: bpd - hc"]
    alike = rows["1", "equivalence, mentalising_control: bpd - hc"]
    assert alike.estimate == whole.estimate
    ratio = (alike.ci_high - alike.estimate) / (whole.ci_high - whole.estimate)
    assert ratio == pytest.approx(stats.t.ppf(0.95, 10) / stats.t.ppf(0.975, 10))
    assert f"{BOUND_LOGIT:g} logit" in alike.method


@pytest.mark.parametrize(
    ("groups", "note"),
    [
        ({}, "no_group"),
        (dict.fromkeys((f"{k:02d}" for k in range(1, 9)), "bpd"), "one_group"),
        ({f"{k:02d}": f"g{k % 3}" for k in range(1, 9)}, "more_than_two_groups"),
    ],
)
def test_without_two_groups_the_sample_is_estimated_and_the_difference_has_its_reason(groups, note):
    rows = rows_of(Study(people(8), groups))
    assert rows["1", "cost: mean"].estimate is not None
    assert rows["1", "cost: difference of groups"].note == note


def test_one_person_has_a_value_and_no_interval_and_nothing_to_be_drawn_to():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        row = rows_of(Study(people(1)))["1", "cost: mean"]
        table = contrasts(people(1))
    assert (row.n, row.ci_low, row.note) == (1, None, "few_people")
    assert row.estimate == pytest.approx(people(1)[0].estimate.value)
    assert (table[0].shrunk, table[0].flag) == (None, ("one_person",))


def test_the_table_is_the_same_whatever_the_order_of_people():
    study = Study([*people(9), *people(9, "mentalising", 5)])
    turned = Study(list(reversed(study.measures)))
    assert study_tsv(study_rows(study)) == study_tsv(study_rows(turned))


def test_the_bias_at_the_longest_soa_is_compared_with_that_at_the_shortest():
    short = people(10, "attachment_bias_soa_250", 1)
    long = people(10, "attachment_bias_soa_1000", 2)
    row = rows_of(Study([*short, *long]))["6", "attachment_bias_long_less_short: mean"]
    apart = [b.estimate.value - a.estimate.value for a, b in zip(short, long, strict=True)]
    expected = pool(apart, [0.4 * math.sqrt(2)] * 10).interval([1.0])
    assert (row.estimate, row.se) == pytest.approx(expected[:2])


def test_a_scale_of_disorganisation_is_found_by_its_name():
    scores = {f"{k:02d}": float(k) for k in range(1, 9)}
    rows = rows_of(Study(people(8), scales={"ada.disorganisation": scores}))
    row = rows["4", "slope of cost on ada.disorganisation"]
    values = [m.estimate.value for m in people(8)]
    assert row.estimate == pytest.approx(theil_sen(list(scores.values()), values).value)
    assert rows["4", "slope of cost on ecr_r.anxiety"].note == "no_phenotype_table"


# -- from a data folder ---------------------------------------------------------------------------

WORDS = {"word_tl": "a", "word_tr": "b", "word_bl": "c", "word_br": "d"}


def write_log(data, task, run, minutes, trials, participant="NA", **header):
    name = f"sub-{participant}_ses-01_task-{task}_run-{run:02d}_log.jsonl"
    log = EventLog(data / f"sourcedata/sub-{participant}/ses-01" / name)
    clock = {"utc_at_zero": (NOON + timedelta(minutes=minutes)).isoformat(), "source": "test"}
    log.append(
        "header",
        0.0,
        format=1,
        task=task,
        participant=participant,
        session="01",
        run=run,
        clock=clock,
        **header,
    )
    for number, (design, outcome) in enumerate(trials, start=1):
        log.append(
            "trial", 5.0 * number, trial=number, block=1, attempt=1, design=design, outcome=outcome
        )
    log.append("end", 900.0, completed=True, trials=len(trials))
    log.close()


def induction(condition, arousal):
    picture = {"kind": "picture", "condition": condition}
    mood = {"kind": "mood", "scale": "arousal", "condition": condition}
    return [(picture, {"response": None})] * 2 + [(mood, {"response": arousal, "rt_s": 1.0})]


def eyes(right, n=12):
    return [
        (
            {"condition": "mental", "stim_id": f"e{k}", **WORDS},
            {"response": "a", "correct": k < right, "rt_s": 2.0, "missed": False},
        )
        for k in range(n)
    ]


@pytest.fixture
def study(tmp_path):
    for participant, right in (("NA", (10, 6)), ("007", (9, 9)), ("1e5", (11, 8))):
        shown = {"params": {"procedure": "induction"}, "preset": "induction"}
        logs = [
            ("attachment", 1, 0, induction("acquainted", 20.0), shown),
            ("eyes", 1, 10, eyes(right[0]), {}),
            ("attachment", 2, 20, induction("own", 70.0), shown),
            ("eyes", 2, 30, eyes(right[1]), {}),
        ]
        for task, run, minutes, trials, header in logs:
            write_log(tmp_path, task, run, minutes, trials, participant, **header)
    return tmp_path


def test_a_data_folder_becomes_states_contrasts_and_predictions(study):
    (study / "participants.tsv").write_text(
        "participant_id\tgroup\nsub-NA\tbpd\nsub-007\thc\nsub-1e5\tbpd\n", encoding="utf-8"
    )
    out = analyse(study, n_splits=0).out
    states = read_table(out / "states.tsv")
    assert list(states["state"]) == ["control", "attachment"] * 3
    assert list(dict.fromkeys(states["participant"])) == ["007", "1e5", "NA"]
    table = read_table(out / "contrasts.tsv").set_index(["participant", "contrast"])
    cost = math.log(10.5 / 2.5) - math.log(6.5 / 6.5)
    assert table.loc[("NA", "cost"), "value"] == pytest.approx(cost)
    assert table.loc[("NA", "slope_arousal"), "value"] == pytest.approx(-cost / 5)
    assert table.loc[("007", "cost"), "value"] == pytest.approx(0)
    rows = read_table(out / "study.tsv").set_index("quantity")
    assert rows.loc["cost: bpd - hc", "n"] == 3
    moved = rows.loc["arousal after the induction: attachment - control"]
    assert (moved["estimate"], moved["n"]) == (50, 3)
    described = json.loads((out / "contrasts.json").read_text("utf-8"))
    assert set(described) == set(read_table(out / "contrasts.tsv").columns)
    assert set(json.loads((out / "study.json").read_text("utf-8"))) == set(
        read_table(out / "study.tsv").columns
    )
    assert "models.R" in (out / ".bidsignore").read_text("utf-8").split()


def test_the_protocol_in_a_logs_header_gives_the_state_and_sliders_come_from_the_mood_task(
    tmp_path,
):
    for run, (state, pleasure, right) in enumerate((("control", 70, 10), ("attachment", 40, 6)), 1):
        rated = [
            ({"item": "pleasure", "kind": "affective"}, {"value": pleasure, "rt_s": 1.0}),
            ({"item": "closeness", "kind": "circles", "person": "own"}, {"value": 90}),
        ]
        rated = [(design, {**outcome, "missed": False}) for design, outcome in rated]
        told = {"protocol": {"name": "core", "step": "x", "cell": 1, "state": state}}
        write_log(tmp_path, "mood", run, 20 * run, rated, **told)
        write_log(tmp_path, "eyes", run, 20 * run + 10, eyes(right), **told)
    out = analyse(tmp_path, n_splits=0).out
    states = read_table(out / "states.tsv")
    eye_runs = states[states["task"] == "eyes"]
    assert list(eye_runs["state"]) == ["control", "attachment"]
    assert set(eye_runs["source"]) == {"protocol"}
    table = read_table(out / "contrasts.tsv").set_index("contrast")
    cost = math.log(10.5 / 2.5) - math.log(6.5 / 6.5)
    assert table.loc["cost", "value"] == pytest.approx(cost)
    assert table.loc["slope_pleasure", "value"] == pytest.approx(cost / 3)


def test_a_study_without_inductions_has_no_states_and_says_so(tmp_path):
    write_log(tmp_path, "eyes", 1, 0, eyes(10))
    out = analyse(tmp_path, n_splits=0).out
    assert read_table(out / "states.tsv").loc[0, "source"] == "no_induction_before"
    table = read_table(out / "contrasts.tsv").set_index("contrast")
    assert math.isnan(table.loc["cost", "value"])
    assert table.loc["cost", "flag"] == "no_control_run|no_attachment_run"
    assert table.loc["mentalising", "flag"] == "one_person"


def test_an_induction_that_shows_two_sorts_of_people_induces_nothing(tmp_path):
    mixed = [*induction("own", 10.0), *induction("acquainted", 10.0)]
    write_log(tmp_path, "attachment", 1, 0, mixed, params={"procedure": "induction"})
    write_log(tmp_path, "eyes", 1, 10, eyes(10))
    table = read_table(analyse(tmp_path, n_splits=0).out / "states.tsv").set_index("task")
    assert table.loc["eyes", "source"] == "no_induction_before"


def test_memory_groups_and_scales_are_read_from_the_labs_tables(tmp_path):
    memory = tmp_path / "memory.tsv"
    head = "participant\tstate\tword_class\thits\tmisses\tfalse_alarms\tcorrect_rejections\n"
    cells = [
        ("control", "emotional", 16),
        ("control", "neutral", 12),
        ("attachment", "emotional", 11),
        ("attachment", "neutral", 12),
    ]
    memory.write_text(
        head + "".join(f"01\t{s}\t{w}\t{h}\t{20 - h}\t4\t16\n" for s, w, h in cells), "utf-8"
    )
    found = read_memory(memory)[0].estimate
    z = stats.norm.ppf
    assert found.value == pytest.approx(z(16.5 / 21) - z(11.5 / 21))
    memory.write_text(head + "01\town\tneutral\t1\t1\t1\t1\n", "utf-8")
    with pytest.raises(DataError, match="state must be"):
        read_memory(memory)
    people_file = tmp_path / "participants.tsv"
    people_file.write_text("participant_id\tgroup\nsub-01\tbpd\nsub-02\tn/a\n", "utf-8")
    assert read_groups(people_file) == {"01": "bpd"}
    (tmp_path / "phenotype").mkdir()
    (tmp_path / "phenotype" / "ada.tsv").write_text(
        "participant_id\tdisorganisation\tnote\nsub-NA\t3.5\tx\nsub-02\tn/a\ty\n", "utf-8"
    )
    assert read_scales(tmp_path) == {"ada.disorganisation": {"NA": 3.5}}


def test_without_runs_there_are_no_measures():
    assert measures([], [], []) == []


# -- groups that only the sessions know -----------------------------------------------------------


def session_begun(data: Path, participant: str, session: str, group: str | None) -> Path:
    folder = data / "sourcedata" / f"sub-{participant}" / f"ses-{session}"
    folder.mkdir(parents=True)
    path = folder / f"sub-{participant}_ses-{session}_session.jsonl"
    first = {"kind": "session", "t": 0.0, "participant": participant, "group": group}
    path.write_text(json.dumps(first) + "\n", encoding="utf-8")
    return path


def test_a_group_is_known_from_the_session_that_was_begun_with_it(tmp_path: Path) -> None:
    session_begun(tmp_path, "01", "01", "bpd")
    session_begun(tmp_path, "01", "02", "bpd")
    session_begun(tmp_path, "02", "01", None)
    session_begun(tmp_path, "03", "01", "hc").write_text('{"kind":"sess', encoding="utf-8")
    assert groups_of_sessions(tmp_path) == {"01": "bpd"}
    assert groups_of_sessions(tmp_path / "nothing") == {}


def test_two_groups_of_one_participant_are_refused(tmp_path: Path) -> None:
    session_begun(tmp_path, "01", "01", "bpd")
    session_begun(tmp_path, "01", "02", "hc")
    with pytest.raises(DataError, match="group 'hc' here and in 'bpd' in an earlier session"):
        groups_of_sessions(tmp_path)
