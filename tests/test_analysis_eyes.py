"""Indices of the Eyes test against hand-worked values, scipy, and people who do odd things."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import optimize, stats

from analysis.eyes import ANALYSIS, Params, indices, read_word_valence
from analysis.indices import CI_METHODS, FLAGS
from analysis.quality import RULES
from analysis.read import Run, Trial, Trials
from mbtexp.errors import DataError

PLACES = ("tl", "tr", "bl", "br")

RUN = Run(
    path=Path("log.jsonl"),
    participant="01",
    session="01",
    task="eyes",
    run=1,
    preset="standard",
    mode="lab",
    simulated=None,
    stimuli="imported",
    status="complete",
    segments=1,
    n_planned=36,
    columns={},
    damage=(),
)


def answer(number, chosen="a", *, rt_s=2.0, key="a", practice=False, outcome=None, **design):
    """A trial whose four words are a, b, c and d, from the top left to the bottom right."""
    words = {"word_tl": "a", "word_tr": "b", "word_bl": "c", "word_br": "d"}
    design = {"item": number, "condition": "mental", "target": key, **words, **design}
    place = {design[f"word_{place}"]: place for place in PLACES}.get(chosen)
    missed = chosen is None
    recorded = {"position": place, "lookups": [], "lookup_s": 0.0, **(outcome or {})}
    return Trial(
        trial=number,
        attempt=1,
        block=0 if practice else 1,
        practice=practice,
        stim_id=f"item{number:02d}",
        onset_s=10.0 * number,
        rt_s=None if missed else rt_s,
        response=chosen,
        correct=None if missed else chosen == key,
        missed=missed,
        excluded="practice" if practice else "missed" if missed else "",
        frames_dropped=0,
        held=False,
        design=design,
        outcome=recorded,
    )


def scored(rows, run=RUN, **params):
    """The indices by name and condition."""
    found = indices(Trials(run, tuple(rows)), Params(**params))
    table = {(i.index, i.condition): i for i in found}
    assert len(table) == len(found)
    return table


def person(n=36, n_correct=27, **design):
    """Answers with rising RT; the first ones are right, the others fall on b, c and d in turn."""
    return [
        answer(k, "a" if k <= n_correct else "bcd"[k % 3], rt_s=1.0 + k / 10, **design)
        for k in range(1, n + 1)
    ]


def test_27_of_36_is_a_total_of_27_with_wilsons_interval():
    table = scored(person())
    total, accuracy = table["total", "all"], table["accuracy", "all"]
    expected = stats.binomtest(27, 36).proportion_ci(method="wilson")
    assert (total.value, total.unit, total.n_used) == (27, "items", 36)
    assert accuracy.value == 0.75
    assert (accuracy.ci_low, accuracy.ci_high) == pytest.approx((expected.low, expected.high))
    assert (accuracy.ci_method, accuracy.flag) == ("wilson", ())
    assert table["chance_p", "all"].value == pytest.approx(
        stats.binomtest(27, 36, 0.25, "greater").pvalue
    )


def test_13_right_answers_are_at_chance_and_14_are_not():
    assert "chance" in scored(person(36, 13))["accuracy", "all"].flag
    assert "chance" not in scored(person(36, 14))["accuracy", "all"].flag


def test_practice_is_in_no_index():
    practised = scored([answer(0, "b", practice=True), *person()])
    assert practised == scored(person())


def test_a_missed_trial_is_no_error():
    table = scored([*person(36, 27)[:34], answer(35, None), answer(36, None)])
    accuracy = table["accuracy", "all"]
    assert (accuracy.value, accuracy.n_used, accuracy.n_total) == (27 / 34, 34, 36)
    assert accuracy.n_excluded == 2
    assert table["n_missed", "all"].value == 2
    assert table["omission_rate", "all"].value == pytest.approx(2 / 36)


def test_more_than_ten_percent_missed_is_flagged_and_ten_percent_is_not():
    def missing(k):
        return scored([answer(i, None if i < k else "a") for i in range(40)])[
            "omission_rate", "all"
        ]

    assert "many_missed" not in missing(4).flag
    assert "many_missed" in missing(5).flag


def test_accuracy_follows_the_sex_of_the_face_and_the_form():
    rows = [
        answer(k, "a" if k % 3 else "b", sex="f" if k <= 20 else "m", form="A" if k % 2 else "B")
        for k in range(1, 37)
    ]
    table = scored(rows)
    assert table["accuracy", "female_face"].value == 14 / 20
    assert table["accuracy", "male_face"].value == 10 / 16
    assert table["accuracy", "form_A"].n_total + table["accuracy", "form_B"].n_total == 36


def test_a_run_with_one_form_has_no_score_of_the_other():
    table = scored(person(form="A"))
    assert table["accuracy", "form_A"].value == 0.75
    assert table["accuracy", "form_B"].value is None
    assert "form_not_shown" in table["accuracy", "form_B"].flag


def test_classes_of_valence_are_provisional():
    table = scored(person(valence_class="neutral"))
    assert table["accuracy", "neutral"].flag == ("provisional",)
    assert table["accuracy", "positive"].flag == ("no_valence_class",)


def test_the_valence_curve_is_the_ridge_regression_on_standardised_valence():
    rng = np.random.default_rng(11)
    valence = rng.uniform(-3, 3, 36)
    right = rng.random(36) < 0.6 + 0.12 * np.abs(valence)
    rows = [
        answer(k, "a" if ok else "b", valence=float(v))
        for k, (v, ok) in enumerate(zip(valence, right, strict=True))
    ]
    z = (valence - valence.mean()) / valence.std()
    predictors = np.column_stack([np.ones(36), z, z**2])

    def loss(beta):
        logit = predictors @ beta
        return np.logaddexp(0, np.where(right, -logit, logit)).sum() + (beta[1:] ** 2).sum() / 2

    best = optimize.minimize(loss, np.zeros(3)).x
    table = scored(rows)
    assert table["valence_slope", "all"].value == pytest.approx(best[1], abs=1e-4)
    assert table["valence_curvature", "all"].value == pytest.approx(best[2], abs=1e-4)
    assert table["valence_slope", "all"].ci_method == "laplace"


def test_the_scale_of_the_valence_ratings_does_not_matter():
    def slope(factor, shift):
        rows = [
            answer(k, "a" if k % 4 else "b", valence=factor * math.sin(k) + shift)
            for k in range(36)
        ]
        return scored(rows)["valence_slope", "all"].value

    assert slope(1, 0) == pytest.approx(slope(0.25, 5))


def test_ability_needs_difficulties_and_says_when_some_are_missing():
    assert scored(person())["theta", "all"].flag == ("no_item_difficulty",)
    rows = [
        answer(k, "a" if k <= 27 else "b", difficulty=-0.5 if k % 6 else None) for k in range(1, 37)
    ]
    theta = scored(rows)["theta", "all"]
    assert (theta.n_used, theta.flag, theta.ci_method) == (30, ("partial_norms",), "posterior")


def test_ability_is_the_mode_under_guessing_and_a_standard_normal_prior():
    def loss(theta):
        p = 0.25 + 0.75 / (1 + np.exp(-0.5 - theta))
        return -(27 * np.log(p) + 9 * np.log(1 - p)) + theta**2 / 2

    best = optimize.minimize_scalar(loss, bounds=(-3, 3), method="bounded", options={"xatol": 1e-9})
    theta = scored(person(difficulty=-0.5))["theta", "all"]
    assert theta.value == pytest.approx(best.x, abs=1e-6)
    assert theta.ci_low < theta.value < theta.ci_high


def test_response_times_are_described_for_right_and_for_all_answers():
    table = scored(person())
    rt = 1.0 + np.arange(1, 37) / 10
    assert table["rt_median", "all"].value == pytest.approx(np.median(rt))
    assert table["rt_median", "correct"].value == pytest.approx(np.median(rt[:27]))
    assert table["rt_log_mean", "correct"].value == pytest.approx(np.log(rt[:27]).mean())
    assert table["rt_log_mean", "correct"].se == pytest.approx(stats.sem(np.log(rt[:27])))
    assert table["efficiency", "all"].value == pytest.approx(27 / (rt.sum() / 60))


def test_lookups_are_counted_and_timed():
    first = answer(1, outcome={"lookups": ["a", "c"], "lookup_s": 4.5})
    practice = answer(0, practice=True, outcome={"lookups": ["b"], "lookup_s": 9.0})
    table = scored([practice, first, answer(2, outcome={"lookups": ["a"], "lookup_s": 1.25})])
    assert table["lookups", "all"].value == 3
    assert table["lookup_time", "all"].value == 5.75


def test_positions_are_tested_against_equal_shares():
    rows = person()
    table = scored(rows)
    counts = [sum(row.outcome["position"] == place for row in rows) for place in PLACES]
    expected = stats.chisquare(counts)
    assert table["position_chi2", "all"].value == pytest.approx(expected.statistic)
    assert table["position_p", "all"].value == pytest.approx(expected.pvalue)


def test_position_bias_is_measured_against_where_the_right_words_stood():
    rows = [answer(k, "a", key="abcd"[k % 4]) for k in range(20)]
    table = scored(rows)
    bias = {place: table["position_bias", place].value for place in PLACES}
    assert bias == pytest.approx({"tl": 0.75, "tr": -0.25, "bl": -0.25, "br": -0.25})
    assert "one_position" in table["accuracy", "all"].flag
    unbiased = scored([answer(k, "abcd"[k % 4], key="abcd"[k % 4]) for k in range(20)])
    assert [unbiased["position_bias", place].value for place in PLACES] == [0, 0, 0, 0]


def test_errors_have_a_distance_and_a_direction_where_word_norms_are_given():
    norms = {"a": 1.0, "b": -1.0, "c": 2.0}
    rows = [answer(1), answer(2, "b"), answer(3, "c"), answer(4, "d")]
    table = scored(rows, word_valence=norms)
    assert table["error_distance", "all"].value == pytest.approx((2 + 1) / 2)
    assert table["error_shift", "all"].value == pytest.approx((-2 + 1) / 2)
    assert table["error_shift", "all"].n_used == 2
    assert scored(rows)["error_shift", "all"].flag == ("no_word_valence",)
    assert scored([answer(1)], word_valence=norms)["error_shift", "all"].flag == ("all_correct",)


def sex_judgement(number, chosen):
    return answer(number, chosen, condition="sex", word_bl=None, word_br=None)


def test_the_control_judgement_has_its_own_accuracy_chance_and_contrast():
    rows = [*person(36, 27), *(sex_judgement(k, "b" if k < 42 else "a") for k in range(40, 60))]
    table = scored(rows)
    control = table["accuracy", "control"]
    assert (control.value, control.n_total) == (18 / 20, 20)
    assert table["accuracy", "all"].n_total == 36
    p = table["chance_p", "control"].value
    assert p == pytest.approx(stats.binomtest(18, 20, 0.5, "greater").pvalue)
    contrast = table["mental_minus_control", "all"]
    assert contrast.value == pytest.approx(math.log(27.5 / 9.5) - math.log(18.5 / 2.5))
    assert contrast.se == pytest.approx(math.sqrt(1 / 27.5 + 1 / 9.5 + 1 / 18.5 + 1 / 2.5))


def test_18_items_a_state_at_73_percent_have_the_known_standard_error():
    rows = [*person(18, 13), *(sex_judgement(k, "a" if k < 53 else "b") for k in range(40, 58))]
    assert scored(rows)["mental_minus_control", "all"].se == pytest.approx(0.72, abs=0.03)


def test_a_run_without_a_control_judgement_says_so():
    table = scored(person())
    for key in (("accuracy", "control"), ("rt_median", "control"), ("mental_minus_control", "all")):
        assert table[key].value is None
        assert "no_control" in table[key].flag


def test_what_the_run_is_goes_with_every_index():
    run = replace(RUN, simulated="rasch", stimuli="pilot", mode="pilot", status="aborted")
    for index in scored(person(), run).values():
        assert {"simulated", "pilot_stimuli", "pilot", "incomplete"} <= set(index.flag)


def test_the_order_of_rows_and_the_name_of_the_person_change_nothing():
    rows = [
        answer(k, "a" if k % 3 else "b", valence=math.sin(k), difficulty=0.1) for k in range(36)
    ]
    expected = indices(Trials(RUN, tuple(rows)))
    shuffled = [rows[k] for k in np.random.default_rng(8).permutation(36)]
    assert indices(Trials(RUN, tuple(shuffled))) == expected
    for name in ("NA", "1e5", "007"):
        renamed = indices(Trials(replace(RUN, participant=name), tuple(rows)))
        assert [replace(index, participant="01") for index in renamed] == expected
        assert {index.participant for index in renamed} == {name}


NORMS = {"valence": 0.5, "difficulty": 0.0, "sex": "f", "form": "A", "valence_class": "neutral"}

ODD_PEOPLE = {
    "no trial": [],
    "practice only": [answer(0, practice=True)],
    "one trial": [answer(1, **NORMS)],
    "one missed trial": [answer(1, None, **NORMS)],
    "all missed": [answer(k, None, **NORMS) for k in range(36)],
    "all right": [answer(k, rt_s=1 + k, **{**NORMS, "valence": k / 9}) for k in range(36)],
    "all wrong": [answer(k, "b", rt_s=1 + k, **{**NORMS, "valence": k / 9}) for k in range(36)],
    "constant RT": [answer(k, "abcd"[k % 4], rt_s=0.5, **NORMS) for k in range(36)],
    "same key": [answer(k, "a", key="abcd"[k % 4], **NORMS) for k in range(36)],
    "no RT": [answer(k, rt_s=None) for k in range(36)],
    "RT of zero": [answer(k, rt_s=0.0) for k in range(36)],
    "no words": [answer(k, word_tl=None, word_tr=None, word_bl=None, word_br=None) for k in (1, 2)],
    "control only": [sex_judgement(k, "a") for k in range(8)],
    "control all missed": [*person(), *(sex_judgement(k, None) for k in range(40, 48))],
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("rows", ODD_PEOPLE.values(), ids=ODD_PEOPLE)
def test_an_odd_person_gets_finite_values_or_none_with_a_reason(rows):
    table = scored(rows, word_valence={"a": 1.0, "b": 0.5, "c": 0.0, "d": -1.0})
    assert list(table) == list(scored(person()))
    known = {**FLAGS, **ANALYSIS.flags}
    for index in table.values():
        numbers = [index.value, index.se, index.ci_low, index.ci_high]
        assert all(number is None or math.isfinite(number) for number in numbers)
        assert set(index.flag) <= set(known)
        assert index.ci_method in CI_METHODS
        reasons = [flag for flag in index.flag if known[flag].startswith("undefined")]
        assert (index.value is None) == bool(reasons), index
        if index.value is None:
            assert numbers == [None] * 4


def test_odd_people_are_called_what_they_are():
    def flag(who, index, condition="all"):
        return scored(ODD_PEOPLE[who])[index, condition].flag

    assert "no_answers" in flag("all missed", "accuracy")
    assert "many_missed" in flag("all missed", "accuracy")
    assert "all_correct" in flag("all right", "valence_slope")
    assert "all_wrong" in flag("all wrong", "valence_slope")
    assert "constant" in flag("constant RT", "rt_log_mean")
    assert "few_valences" in flag("constant RT", "valence_slope")
    assert "one_value" in flag("one trial", "rt_log_mean")
    assert "one_position" in flag("same key", "position_chi2")
    assert "no_values" in flag("no RT", "rt_median")
    assert "no_trials" in flag("no trial", "n_missed")


def test_every_index_condition_and_flag_is_described():
    table = scored(person())
    assert {name for name, _ in table} == set(ANALYSIS.descriptions)
    assert {condition for _, condition in table} == set(ANALYSIS.conditions)


def test_word_norms_are_read_from_csv_or_tsv(tmp_path):
    norms = tmp_path / "words.csv"
    norms.write_text(
        "\ufeffword,source,valence\nUpset ,study,-1.5\nnull,study,0\n", encoding="utf-8"
    )
    assert read_word_valence(norms) == {"upset": -1.5, "null": 0.0}
    norms.write_text("word\tvalence\nupset\t-1.5\n", encoding="utf-8")
    assert read_word_valence(norms) == {"upset": -1.5}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"word,valence\nupset,low\n", "line 2: valence is 'low'"),
        (b"word,valence\nupset\n", "line 2: valence is None"),
        (b"word,rating\n", "columns 'word' and 'valence'"),
        (b"", "columns 'word' and 'valence'"),
        (b"word,valence\n\xe4,1\n", "UTF-8"),
    ],
)
def test_wrong_word_norms_are_refused_with_the_line(tmp_path, content, message):
    norms = tmp_path / "words.csv"
    norms.write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_word_valence(norms)


def test_missing_word_norms_are_refused(tmp_path):
    with pytest.raises(DataError, match="No such file"):
        read_word_valence(tmp_path / "words.csv")


def test_the_guide_names_every_index_flag_check_and_interval(repo):
    guide = (repo / "docs" / "analysis.md").read_text(encoding="utf-8")
    prose = "".join(guide.split("```")[::2])
    named = set(prose.split("`")[1::2])
    assert set(FLAGS) | set(ANALYSIS.flags) | set(ANALYSIS.descriptions) <= named
    assert set(RULES) | set(CI_METHODS) <= named
