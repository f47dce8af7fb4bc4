"""What each prediction's rows find in people of whom everything is known."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from analysis import recognition
from analysis.contrast import measures
from analysis.contrast_table import contrasts
from analysis.doses import doses, valence_class
from analysis.indices import Index
from analysis.intervals import Estimate
from analysis.measure import EyesRun, Measure, Person, even_se
from analysis.model import study_rows
from analysis.read import Run, Trial, Trials
from analysis.shrink import pool
from analysis.states import InState
from analysis.study import Study

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def rows_of(study):
    return {(row.prediction, row.quantity): row for row in study_rows(study)}


def label(k):
    return f"{k:03d}"


def measure(person, contrast, value, se=0.4, **more):
    return Measure(person, contrast, Estimate(value, se), "logit", 18, 18, "given", **more)


def given(contrast, values, se=0.4):
    return [measure(label(k), contrast, float(v), se) for k, v in enumerate(values, start=1)]


def eye(correct, **design):
    return Trial(
        trial=1,
        attempt=1,
        block=1,
        practice=False,
        stim_id=str(design.get("valence")),
        onset_s=1.0,
        rt_s=1.0,
        response="a",
        correct=bool(correct),
        missed=False,
        excluded="",
        frames_dropped=0,
        held=False,
        design={"condition": "mental", **design},
        outcome={},
    )


def eyes(rng, logit, n, **design):
    return tuple(eye(rng.random() < 1 / (1 + math.exp(-logit)), **design) for _ in range(n))


# -- weights --------------------------------------------------------------------------------------


def costs_of(rng, people, items, *, tau=0.5, mean=0.3):
    """Costs from counts of right answers in two states, and the true ones."""
    true = mean + tau * rng.standard_normal(people)
    level = 1.0 + 0.4 * rng.standard_normal(people)
    right = [rng.binomial(items, 1 / (1 + np.exp(-(level + s * true / 2)))) for s in (1, -1)]
    logits = [np.log((c + 0.5) / (items - c + 0.5)) for c in right]
    se = np.sqrt(sum(1 / (c + 0.5) + 1 / (items - c + 0.5) for c in right))
    found = [
        Measure(label(k), "cost", Estimate(float(v), float(s)), "logit", 0, 0, "", 2 / items)
        for k, (v, s) in enumerate(zip(logits[0] - logits[1], se, strict=True), start=1)
    ]
    return true, found


def test_the_error_of_a_trial_is_averaged_and_a_person_has_it_by_the_number_of_trials():
    found = [
        measure("01", "cost", 0.1, 0.6, per_trial=0.1),
        measure("02", "cost", 2.1, 1.2, per_trial=0.1),
        measure("03", "cost", 0.3, 0.4, per_trial=0.05),
    ]
    of_a_trial = (0.36 / 0.1 + 1.44 / 0.1 + 0.16 / 0.05) / 3
    expected = np.sqrt(of_a_trial * np.array([0.1, 0.1, 0.05]))
    assert even_se(found) == pytest.approx(expected)
    plain = [measure("01", "ln_k", 0.1, 0.6), measure("02", "ln_k", 2.1, 1.2)]
    assert even_se(plain) == pytest.approx([0.6, 1.2])


@pytest.mark.parametrize("items", [18, 36, 73])
def test_weights_by_trials_find_the_reliability_and_the_mean_cost_where_own_errors_do_not(items):
    true, found = costs_of(np.random.default_rng(7), 1500, items)
    values = np.array([m.estimate.value for m in found])
    share = np.corrcoef(true, values)[0, 1] ** 2
    even = pool(values, even_se(found))
    own = pool(values, [m.estimate.se for m in found])
    assert even.reliability == pytest.approx(share, abs=0.06)
    assert even.coefficients[0] == pytest.approx(0.3, abs=0.04)
    assert own.reliability < even.reliability
    if items == 18:
        assert own.reliability < share - 0.1
        assert own.coefficients[0] < even.coefficients[0]


def test_the_row_of_reliability_has_the_better_one_first_and_names_both():
    _, found = costs_of(np.random.default_rng(3), 60, 18)
    row = rows_of(Study(found))["1", "reliability of cost"]
    values = [m.estimate.value for m in found]
    assert row.estimate == pytest.approx(pool(values, even_se(found)).reliability)
    own = pool(values, [m.estimate.se for m in found]).reliability
    assert f"own standard error {own:.3g}" in row.note
    assert "variances averaged over people" in row.method
    table = contrasts(found)
    assert {one.reliability for one in table} == {row.estimate}
    assert table[0].se == found[0].estimate.se


@pytest.mark.slow
@pytest.mark.parametrize("items", [18, 36])
def test_the_groups_difference_is_found_without_bias_and_is_in_its_interval(items):
    rng = np.random.default_rng(5)
    found, inside = [], 0
    for _ in range(400):
        people = [costs_of(rng, 20, items, mean=mean)[1] for mean in (0.6, 0.0)]
        both = [
            Measure(label(k), *(getattr(m, f) for f in FIELDS))
            for k, m in enumerate([*people[0], *people[1]], start=1)
        ]
        groups = {m.participant: "bpd" if k < 20 else "hc" for k, m in enumerate(both)}
        row = rows_of(Study(both, groups))["1", "cost: bpd - hc"]
        found.append(row.estimate)
        inside += row.ci_low <= 0.6 <= row.ci_high
    assert np.mean(found) == pytest.approx(0.6, abs=0.05)
    assert 0.92 <= inside / 400 <= 0.98


FIELDS = ("contrast", "estimate", "unit", "n_control", "n_attachment", "method", "per_trial")


# -- 1: only when active --------------------------------------------------------------------------


def two_groups(n):
    return {label(k): "bpd" if k <= n // 2 else "hc" for k in range(1, n + 1)}


# R 4.2.2: pt() of the difference of metafor's model in test_model, 10 degrees of freedom.
def test_the_two_one_sided_tests_have_the_p_values_of_r():
    y = [0.31, -0.42, 0.95, 1.40, -0.10, 0.62, 0.05, -0.88, 1.95, 0.44, 0.71, -0.25]
    se = [0.53, 0.48, 0.75, 0.61, 0.37, 0.55, 0.49, 0.66, 0.80, 0.41, 0.52, 0.58]
    found = [
        measure(label(k), "mentalising_control", *pair)
        for k, pair in enumerate(zip(y, se, strict=True), start=1)
    ]
    groups = {label(k): "a" if k > 6 else "b" for k in range(1, 13)}
    row = rows_of(Study(found, groups))["1", "equivalence, mentalising_control: a - b"]
    assert (row.ci_low, row.ci_high) == pytest.approx((-0.827907893596, 0.711397238388))
    assert "p = 0.331 (above -0.25), p = 0.242 (below 0.25)" in row.note


def test_only_when_active_is_an_interaction_beside_likeness_without_it():
    rng = np.random.default_rng(12)
    n = 400
    bpd = np.arange(1, n + 1) <= n // 2
    control = 1.0 + 0.3 * rng.standard_normal(n) + 0.4 * rng.standard_normal(n)
    cost = 0.5 * bpd + 0.3 * rng.standard_normal(n) + 0.4 * rng.standard_normal(n)
    study = Study([*given("cost", cost), *given("mentalising_control", control)], two_groups(n))
    rows = rows_of(study)
    interaction = rows["1", "cost: bpd - hc"]
    assert interaction.ci_low < 0.5 < interaction.ci_high
    assert interaction.ci_low > 0
    alike = rows["1", "equivalence, mentalising_control: bpd - hc"]
    assert -0.25 < alike.ci_low < alike.ci_high < 0.25


def felt(person, state, minutes, **affect):
    key = (person, "01", "eyes", minutes)
    return InState(key, state, "protocol", affect, NOON + timedelta(minutes=minutes))


def test_the_dose_is_found_within_persons_whatever_level_they_use_the_slider_at():
    rng = np.random.default_rng(4)
    slopes = []
    for k in range(300):
        base, ability = 20 + 40 * rng.random(), 1.2 + 0.5 * rng.standard_normal()
        level = ability + 0.02 * (base - 40)
        runs = tuple(
            EyesRun(None, {"arousal": base + x}, eyes(rng, level - 0.02 * x, 36))
            for x in (-15.0, -5.0, 5.0, 25.0)
        )
        found = {m.contrast: m for m in doses(Person(label(k), runs))}["slope_arousal"]
        assert found.per_trial == pytest.approx(1 / (36 * 8.75), rel=1e-6)
        slopes.append(Measure(label(k), *(getattr(found, name) for name in FIELDS)))
    row = rows_of(Study(slopes))["1", "slope_arousal: mean"]
    assert row.ci_low < -0.2 < row.ci_high
    assert row.ci_high < -0.1


def test_who_was_moved_more_and_costs_more_are_set_against_each_other():
    rng = np.random.default_rng(9)
    moved = rng.uniform(-20, 40, 200)
    cost = 0.2 + 0.01 * moved + 0.4 * rng.standard_normal(200)
    states = [
        felt(label(k), state, 10 + place, love=50 + (x if state == "attachment" else 0))
        for k, x in enumerate(moved, start=1)
        for place, state in enumerate(("control", "attachment"))
    ]
    rows = rows_of(Study(given("cost", cost), states=states))
    row = rows["1", "cost per 10 points of love (attachment - control)"]
    assert row.ci_low < 0.1 < row.ci_high
    assert row.ci_low > 0
    check = rows["1", "love after the induction: attachment - control"]
    assert check.estimate == pytest.approx(np.mean(moved))


# -- 2: affect ------------------------------------------------------------------------------------


def test_a_slope_that_only_negative_items_have_is_found_on_them_alone():
    rng = np.random.default_rng(14)
    found = []
    for k in range(250):
        runs = []
        for pleasure in (30.0, 50.0, 70.0):
            bad = eyes(rng, 1.0 + 0.02 * (pleasure - 50), 20, valence_class="negative")
            good = eyes(rng, 1.0, 20, valence_class="positive")
            runs.append(EyesRun(None, {"pleasure": pleasure}, (*bad, *good)))
        found += doses(Person(label(k), tuple(runs)))
    rows = rows_of(Study(found))
    negative = rows["2", "slope_pleasure_negative: mean"]
    positive = rows["2", "slope_pleasure_positive: mean"]
    assert negative.ci_low < 0.2 < negative.ci_high
    assert positive.ci_low < 0 < positive.ci_high
    gap = rows["2", "slope_pleasure_negative_less_positive: mean"]
    assert gap.ci_low < 0.2 < gap.ci_high
    assert rows["2", "slope_pleasure_neutral: mean"].estimate is None


def test_items_without_a_class_are_cut_into_thirds_of_what_was_seen():
    trials = [eye(True, valence=v) for v in (-2.0, -1.0, -0.5, 0.5, 1.0, 2.0)]
    runs = tuple(EyesRun(None, {"pleasure": x}, tuple(trials)) for x in (20.0, 60.0))
    found = {m.contrast: m for m in doses(Person("01", runs))}
    assert [
        found[f"slope_pleasure_{c}"].n_control for c in ("negative", "neutral", "positive")
    ] == [
        4,
        4,
        4,
    ]
    assert valence_class(eye(True), None) is None
    bare = tuple(EyesRun(None, {"pleasure": x}, (eye(True), eye(False))) for x in (20.0, 60.0))
    lost = {m.contrast: m for m in doses(Person("01", bare))}
    assert lost["slope_pleasure_negative"].estimate.flags == ("no_item_valence",)
    assert lost["slope_pleasure"].estimate.value is not None


def test_the_way_from_the_state_over_displeasure_to_accuracy_is_found():
    rng = np.random.default_rng(21)
    n = 150
    control = 60 + 15 * rng.standard_normal(n)
    change = -12 + 10 * rng.standard_normal(n)
    cost = 0.1 - 0.03 * change + 0.4 * rng.standard_normal(n)
    states = [
        felt(label(k), state, place, pleasure=c + (d if state == "attachment" else 0))
        for k, (c, d) in enumerate(zip(control, change, strict=True), start=1)
        for place, state in enumerate(("control", "attachment"))
    ]
    rows = rows_of(Study(given("cost", cost), states=states))
    part = {
        quantity.split(", ")[1].partition(":")[0]: row
        for (_, quantity), row in rows.items()
        if quantity.startswith("mediation by pleasure")
    }
    assert part["a"].estimate == pytest.approx(np.mean(change))
    assert part["b"].ci_low < 0.3 < part["b"].ci_high
    assert part["a*b"].ci_low < -0.36 < part["a*b"].ci_high < 0
    direct = rows["2", "mediation by pleasure, direct effect of the state beside pleasure (logit)"]
    assert direct.ci_low < -0.1 < direct.ci_high
    assert part["a*b"].estimate + direct.estimate == pytest.approx(
        rows["2", "mediation by pleasure, total effect of the state (logit), same people"].estimate,
        abs=0.02,
    )
    lacking = rows[
        "2", "mediation by distress, a*b: indirect effect of the state through distress (logit)"
    ]
    assert (lacking.estimate, lacking.note) == (None, "no_slider")


# -- 3: judgement ---------------------------------------------------------------------------------


def test_sensitivity_and_bias_stand_apart_and_vocabulary_is_taken_out():
    rng = np.random.default_rng(31)
    n = 600
    words = rng.standard_normal(n)
    noise = 0.6
    mind = words + 0.8 * rng.standard_normal(n)
    slope = 0.8 * words + 0.8 * rng.standard_normal(n)
    study = Study(
        [
            *given("mentalising", mind + noise * rng.standard_normal(n), noise),
            *given("trust_slope", slope + noise * rng.standard_normal(n), noise),
            *given("trust_bias", rng.standard_normal(n), noise),
        ],
        covariates={"vocabulary": {label(k): float(w) for k, w in enumerate(words, start=1)}},
    )
    rows = rows_of(study)
    true = 0.8 / math.sqrt((1 + 0.64) * (0.64 + 0.64))
    freed = rows["3", "disattenuated r of trust_slope and mentalising"]
    assert freed.ci_low < true < freed.ci_high
    assert rows["3", "r of trust_slope and mentalising"].estimate < freed.estimate
    partial = rows["3", "partial r of trust_slope and mentalising"]
    assert partial.ci_low < 0 < partial.ci_high
    assert partial.note == "taken out: vocabulary; not known: age, sex, trauma"
    bias = rows["3", "r of trust_bias and mentalising"]
    assert bias.ci_low < 0 < bias.ci_high
    assert rows["3", "r of moral judgement and mentalising"].note == "no_moral_task"


def test_a_covariate_that_few_people_have_is_left_out_and_named():
    study = Study(
        [*given("mentalising", range(10)), *given("trust_slope", [k * k for k in range(10)])],
        covariates={"age": {label(1): 20.0}, "sex": {label(k): 1.0 for k in range(1, 11)}},
    )
    row = rows_of(study)["3", "partial r of trust_slope and mentalising"]
    assert row.estimate is None
    assert row.note == "no_covariate; not known: vocabulary, age, sex, trauma"


# -- 4: disorganisation ---------------------------------------------------------------------------


def test_fearful_attachment_is_the_product_and_some_wild_people_do_not_make_it():
    rng = np.random.default_rng(41)
    n = 300
    anxiety, avoidance, apart = (rng.standard_normal(n) for _ in range(3))
    cost = 0.3 * anxiety * avoidance + 0.2 * apart + 0.4 * rng.standard_normal(n)
    cost[:4] += 50
    scales = {
        name: {label(k): float(v) for k, v in enumerate(of, start=1)}
        for name, of in (
            ("ecr_r.anxiety", anxiety),
            ("ecr_r.avoidance", avoidance),
            ("ada.disorganisation", apart),
        )
    }
    rows = rows_of(Study(given("cost", cost), scales=scales))
    fearful = rows["4", "cost on ecr_r.anxiety x ecr_r.avoidance, robust"]
    assert fearful.ci_low < 0.3 < fearful.ci_high
    assert fearful.ci_low > 0.1
    alone = rows["4", "cost on ecr_r.anxiety, robust"]
    assert alone.estimate == pytest.approx(0, abs=0.12)
    slope = rows["4", "cost on ada.disorganisation, robust"]
    assert slope.ci_low < 0.2 * np.std(apart) < slope.ci_high
    lacking = rows["4", "mentalising_control on ada.disorganisation, robust"]
    assert (lacking.estimate, lacking.note) == (None, "no_data")
    assert rows["4", "reliability of ecr_r.anxiety"].note == "no_items"


def test_without_a_questionnaire_the_rows_say_so():
    rows = rows_of(Study(given("cost", range(9))))
    for name in ("disorganisation", "ecr_r.anxiety x ecr_r.avoidance"):
        assert rows["4", f"cost on {name}, robust"].note == "no_phenotype_table"
    assert rows["4", "reliability of ecr_r.anxiety"].note == "no_phenotype_table"


# -- 5 and 6: indices of runs ---------------------------------------------------------------------


def index(person, task, name, condition, value, se=0.3, run=1):
    return Index(
        participant=person,
        session="01",
        task=task,
        run=run,
        index=name,
        condition=condition,
        value=value,
        se=se,
        ci_low=None,
        ci_high=None,
        ci_method="wald",
        unit="z",
        n_used=20,
        n_total=20,
        n_excluded=0,
        method="given",
        flag=(),
    )


def test_priming_has_a_row_at_each_soa_and_for_the_rarer_sense():
    rng = np.random.default_rng(61)
    indices = [
        index(label(k), "polysemy", name, condition, value + 0.02 * rng.standard_normal(), 0.02)
        for k in range(1, 61)
        for name, condition, value in (
            ("attachment_bias", "all", 0.03),
            ("attachment_bias", "soa_250", 0.00),
            ("attachment_bias", "soa_1000", 0.06),
            ("priming", "attachment", 0.05),
            ("priming", "subordinate", 0.02),
            ("priming", "subordinate_250", 0.04),
            ("priming", "subordinate_1000", 0.00),
        )
    ]
    rows = rows_of(Study(measures([], indices, []), two_groups(60)))
    assert rows["6", "attachment_bias_soa_1000: mean"].estimate == pytest.approx(0.06, abs=0.01)
    assert rows["6", "attachment_bias_soa_250: mean"].estimate == pytest.approx(0.0, abs=0.01)
    longer = rows["6", "attachment_bias_long_less_short: mean"]
    assert longer.estimate == pytest.approx(0.06, abs=0.015)
    assert rows["6", "attachment_bias_soa_1000: bpd - hc"].n == 60
    rarer = rows["6", "priming_subordinate_long_less_short: mean"]
    assert rarer.estimate == pytest.approx(-0.04, abs=0.015)
    named = [row.quantity for row in study_rows(Study(measures([], indices, [])))]
    places = [named.index(f"attachment_bias{soa}: mean") for soa in ("", "_soa_250", "_soa_1000")]
    assert places == sorted(places)
    assert not any("priming_attachment" in name for name in named)


def recognised(rng, person, emotional, *, run=1, state=None):
    """Indices of a run of the recognition task from old and new words of which all is known."""
    trials = []
    cells = {
        ("emotional", "attachment"): emotional[0],
        ("emotional", "control"): emotional[1],
        ("neutral", "attachment"): 1.2,
        ("neutral", "control"): 1.2,
    }
    for (name, studied), dprime in cells.items():
        for old in (True, False):
            for _ in range(20):
                seen = rng.standard_normal() + (dprime if old else 0.0) > 0.5
                told = {"condition": name, "old": old, "state": studied if old else None}
                word = eye(seen == old, **told)
                trials.append(replace(word, trial=len(trials), response="old" if seen else "new"))
    run_of = Run(
        path=Path(),
        participant=person,
        session="01",
        task="recognition",
        run=run,
        preset="",
        mode="lab",
        simulated=None,
        stimuli=None,
        status="complete",
        segments=1,
        n_planned=len(trials),
        columns={},
        damage=(),
    )
    known = InState((person, "01", "recognition", run), state, "protocol", {}, NOON)
    return recognition.indices(Trials(run_of, tuple(trials))), known


def test_memory_is_told_by_class_and_by_the_state_of_the_test():
    rng = np.random.default_rng(51)
    indices, states = [], []
    for k in range(1, 81):
        for run, state, dprime in ((1, "control", 1.8), (2, "attachment", 1.3)):
            more, known = recognised(rng, label(k), (dprime, dprime), run=run, state=state)
            indices += more
            states.append(known)
    found = measures([], indices, states)
    rows = rows_of(Study(found, two_groups(80)))
    for name, true in (
        ("memory_advantage_control", 0.6),
        ("memory_advantage_attachment", 0.1),
        ("memory_gap", 0.5),
    ):
        row = rows["5", f"{name}: mean"]
        assert row.ci_low < true < row.ci_high, name
        assert row.n == 80
    assert rows["5", "criterion_gap: mean"].estimate is not None
    assert rows["5", "memory_gap: bpd - hc"].n == 80
    assert {m.contrast for m in found} >= {
        "memory_attachment",
        "memory_emotional",
        "criterion_neutral",
    }


def test_one_test_tells_memory_by_the_state_in_which_words_were_shown():
    rng = np.random.default_rng(52)
    indices = [i for k in range(1, 121) for i in recognised(rng, label(k), (1.0, 1.8))[0]]
    found = measures([], indices, [])
    rows = rows_of(Study(found))
    row = rows["5", "memory_studied_gap: mean"]
    assert row.ci_low < 0.8 < row.ci_high
    assert rows["5", "memory_gap: mean"].note == "no_attachment_run, no_control_run"
    # The spread of the values is their error: nobody differs truly, and shared words are not noise.
    values = [m for m in found if m.contrast == "memory_studied_gap"]
    spread = np.std([m.estimate.value for m in values], ddof=1)
    assert np.mean([m.estimate.se for m in values]) == pytest.approx(spread, rel=0.12)


def test_moral_indices_that_are_there_are_correlated_with_mentalising():
    rng = np.random.default_rng(32)
    mind = rng.standard_normal(200)
    indices = [
        index(label(k), "moral", name, condition, 0.6 * m + 0.5 * rng.standard_normal(), 0.3)
        for k, m in enumerate(mind, start=1)
        for name, condition in (("intent_weight", "all"), ("severity", "accidental"))
    ]
    study = Study([*given("mentalising", mind), *measures([], indices, [])])
    rows = rows_of(study)
    row = rows["3", "r of moral_intent_weight and mentalising"]
    assert row.ci_low < 0.6 / math.hypot(0.6, 0.5) < row.ci_high
    assert ("3", "r of moral_accidental and mentalising") in rows
    assert not any("moral_outcome" in quantity for _, quantity in rows)
    assert not any(row.note == "no_moral_task" for row in rows.values())
    other = [index(label(1), "moral", "rt_median", "all", 2.0)]
    lacking = rows_of(Study(measures([], other, [])))["3", "r of moral judgement and mentalising"]
    assert lacking.note == "no_moral_task"
