"""Indices of discounting against published vectors, hand-worked values and simulated people."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import optimize, stats

from analysis.discounting import ANALYSIS, Params, indices
from analysis.hyperbola import (
    MODELS,
    PRIOR_LN_BETA,
    PRIOR_LN_BETA_SD,
    PRIOR_LN_K,
    PRIOR_LN_K_SD,
    choices,
    fit_likelihood,
    fit_posterior,
)
from analysis.indices import CI_METHODS, FLAGS
from analysis.indifference import (
    FIVE_TRIAL_DAYS,
    area_under_curve,
    bumps,
    falls_too_little,
    five_trial_k,
)
from analysis.mcq import boundary_score
from analysis.read import Run, Trial, Trials, read_trials
from mbtexp.conduct import Request, conduct
from tasks.discounting.adaptive import Prior
from tasks.discounting.items import FIVE_TRIAL_DELAYS, MCQ27

RUN = Run(
    path=Path("log.jsonl"),
    participant="01",
    session="01",
    task="discounting",
    run=1,
    preset="mcq27",
    mode="lab",
    simulated=None,
    stimuli=None,
    status="complete",
    segments=1,
    n_planned=27,
    columns={},
    damage=(),
)


def answer(number, response="sooner", *, rt_s=2.0, practice=False, outcome=None, **design):
    """A trial of 50 now against 100 in 30 days unless told otherwise."""
    missed = response is None
    design = {"method": "adaptive", "condition": "choice", **design}
    offered = {"sooner": 50.0, "later": 100.0, "sooner_days": 0.0, "later_days": 30.0}
    side = None if missed else "left" if number % 2 else "right"
    recorded = {"shown": True, **offered, "position": side, **(outcome or {})}
    return Trial(
        trial=number,
        attempt=1,
        block=0 if practice else 1,
        practice=practice,
        stim_id=f"choice_{number}",
        onset_s=10.0 * number,
        rt_s=None if missed else rt_s,
        response=response,
        correct=recorded.get("correct"),
        missed=missed,
        excluded="practice" if practice else "missed" if missed else "",
        frames_dropped=0,
        held=False,
        design=design,
        outcome=recorded,
    )


def item(number, response, factor=1.0):
    """An answer to an item of the questionnaire, its amounts in units of ``factor``."""
    said = MCQ27[number - 1]
    return answer(
        number,
        response,
        method="mcq",
        item=number,
        magnitude=said.magnitude,
        rank=said.rank,
        outcome={
            "sooner": said.sooner * factor,
            "later": said.later * factor,
            "later_days": float(said.days),
        },
    )


def questionnaire(answers, factor=1.0):
    """27 answers in item order, 0 sooner and 1 later."""
    return [
        item(n, "later" if said == "1" else "sooner", factor) for n, said in enumerate(answers, 1)
    ]


def scored(rows, run=RUN, **params):
    """The indices by name and condition."""
    found = indices(Trials(run, tuple(rows)), Params(**params))
    table = {(i.index, i.condition): i for i in found}
    assert len(table) == len(found)
    return table


# -- the questionnaire ----------------------------------------------------------------------------

# fmt: off
GOLDEN = {
    # answers: overall, small, medium, large, composite k; consistencies; share of later choices
    "000110110010000000100000001": (
        (.065212, .025565, .063690, .064947, .047289), (.9630, 1, 1, 1), .2593),
    "011110110111011111101110111": (
        (.000399, .000633, .001589, .000251, .000632), (.9630, 1, 1, 1), .7778),
    "111101000111101110111111110": (
        (.000158, .000158, .000158, .000251, .000185), (.7407, .6667, .6667, 1), .7407),
    "111010001011010111000011111": (
        (.000251, .001562, .004469, .000158, .001034), (.6296, .7778, .5556, .6667), .5926),
    "0" * 27: ((.249423, .246753, .250000, .248848, .248530), (1, 1, 1, 1), 0),
    "1" * 27: ((.000158, .000158, .000158, .000158, .000158), (1, 1, 1, 1), 1),
}
# fmt: on
CONDITIONS = ("all", "small", "medium", "large", "composite")


@pytest.mark.parametrize("answers", GOLDEN)
def test_published_answers_get_their_published_scores(answers):
    rates, consistencies, share = GOLDEN[answers]
    table = scored(questionnaire(answers))
    for condition, k in zip(CONDITIONS, rates, strict=True):
        index = table["mcq_k", condition]
        assert index.value == pytest.approx(k, abs=5.1e-7)
        assert table["mcq_ln_k", condition].value == pytest.approx(math.log(index.value))
        assert "boundary rule" in index.method
    for condition, consistency in zip(CONDITIONS, consistencies, strict=False):
        found = table["mcq_consistency", condition]
        assert found.value == pytest.approx(consistency, abs=5.1e-5)
        assert ("inconsistent" in found.flag) == (consistency < 0.75)
    assert table["later_share", "all"].value == pytest.approx(share, abs=5.1e-5)


def test_answers_all_alike_are_marked_as_beyond_the_items():
    for answers in ("0" * 27, "1" * 27):
        table = scored(questionnaire(answers))
        assert all("censored" in table["mcq_k", condition].flag for condition in CONDITIONS)
    assert scored(questionnaire(next(iter(GOLDEN))))["mcq_k", "all"].flag == ()


def test_the_boundary_is_between_the_items_where_the_answers_change():
    k = [0.001, 0.01, 0.1]
    assert boundary_score(k, [False, True, True]).k == pytest.approx(math.sqrt(0.001 * 0.01))
    tied = boundary_score(k, [True, False, True])  # before the first, or before the last
    assert tied.consistency == pytest.approx(2 / 3)
    assert tied.k == pytest.approx(math.sqrt(0.001 * math.sqrt(0.01 * 0.1)))


def test_a_missing_item_leaves_the_others_sizes_scored():
    rows = questionnaire(next(iter(GOLDEN)))
    rows[0] = item(1, None)  # a medium one
    table = scored(rows)
    assert table["mcq_k", "medium"].flag == ("missing_items",)
    for condition in ("all", "composite"):
        assert table["mcq_k", condition].value is None
    assert table["mcq_k", "small"].value == pytest.approx(0.025565, abs=5.1e-7)
    assert table["mcq_k", "all"].n_used == 26


def test_the_magnitude_effect_is_the_slope_of_ln_k_over_the_sizes():
    rows = questionnaire(list(GOLDEN)[1])
    table = scored(rows)
    values = [table["mcq_ln_k", size].value for size in ("small", "medium", "large")]
    slope = stats.linregress([-1, 0, 1], values).slope
    assert table["magnitude_effect", "all"].value == pytest.approx(slope)


# -- the hyperbola --------------------------------------------------------------------------------


def simulated_choices(ln_k=-4.0, beta=12.0, n=60, seed=3):
    """Answers of somebody who chooses by the hyperbola."""
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(n):
        sooner, later = float(rng.uniform(1, 99)), 100.0
        days = float(rng.choice([3, 10, 30, 90, 365]))
        d = 1 / (1 + math.exp(ln_k) * days) - sooner / later
        rows.append((sooner, later, 0.0, days, bool(rng.random() < 1 / (1 + math.exp(-beta * d)))))
    return rows


def test_ln_k_is_the_mode_under_the_stated_prior():
    rows = simulated_choices()

    def loss(at):
        total = 0.5 * ((at[0] + 4.5) / 3) ** 2 + 0.5 * ((at[1] - 2.3) / 1.5) ** 2
        for sooner, later, _, days, chose_later in rows:
            d = 1 / (1 + math.exp(at[0]) * days) - sooner / later
            p = 0.01 + 0.98 / (1 + math.exp(-math.exp(at[1]) * d))
            total -= math.log(p if chose_later else 1 - p)
        return total

    best = optimize.minimize(loss, [-4.0, 2.0], method="Nelder-Mead", options={"xatol": 1e-6})
    fit = fit_posterior(choices(rows))
    assert (fit.ln_k.value, fit.ln_beta.value) == pytest.approx(tuple(best.x), abs=2e-3)
    assert fit.ln_k.ci_low < fit.ln_k.value < fit.ln_k.ci_high
    assert (fit.ln_k.ci_high - fit.ln_k.ci_low) / fit.ln_k.se == pytest.approx(3.9, abs=0.4)


def test_the_analysis_and_the_search_share_their_prior():
    prior = Prior()
    assert (prior.ln_k, prior.ln_k_sd) == (PRIOR_LN_K, PRIOR_LN_K_SD)
    assert (prior.ln_beta, prior.ln_beta_sd) == (PRIOR_LN_BETA, PRIOR_LN_BETA_SD)


def test_maximum_likelihood_is_the_logistic_regression_it_says():
    rows = simulated_choices(n=200)
    fit = fit_likelihood(choices(rows), "hyperbolic")

    def loss(at):
        total = 0.0
        for sooner, later, _, days, chose_later in rows:
            x = math.exp(at[1]) * (1 / (1 + math.exp(at[0]) * days) - sooner / later)
            total += math.log1p(math.exp(-x if chose_later else x))
        return total

    best = optimize.minimize(loss, [-4.0, 2.0], method="BFGS")
    assert (fit.ln_k.value, fit.ln_beta.value) == pytest.approx(tuple(best.x), abs=1e-3)
    assert fit.ln_k.se == pytest.approx(math.sqrt(best.hess_inv[0, 0]), rel=0.1)
    assert fit.log_likelihood == pytest.approx(-best.fun, abs=1e-6)


def test_answers_without_an_exception_have_no_maximum_and_say_so():
    rows = [
        answer(n, "later" if n < 10 else "sooner", outcome={"sooner": 5.0 * n})
        for n in range(1, 20)
    ]
    table = scored(rows)
    for index in ("ln_k_ml", "ln_beta_ml"):
        assert "at_bound" in table[index, "all"].flag
        assert table[index, "all"].se is None
    assert table["ln_k", "all"].value == pytest.approx(-3.4, abs=0.3)  # 47.5 of 100 in 30 days
    assert table["ln_k", "all"].flag == ()


def test_money_units_drop_out():
    answers = list(GOLDEN)[1]
    euro, yen = (scored(questionnaire(answers, factor)) for factor in (1.0, 137.0))
    for key, index in euro.items():
        other = yen[key]
        assert (index.value is None) == (other.value is None)
        if index.value is not None:
            assert other.value == pytest.approx(index.value, rel=1e-6), key


def test_the_delay_that_halves_the_value_is_one_over_k():
    rows = [
        answer(n, "later" if n % 3 else "sooner", outcome={"sooner": 7.0 * (n % 13)})
        for n in range(1, 30)
    ]
    table = scored(rows)
    ln_k, ed50 = table["ln_k", "all"], table["ed50", "all"]
    assert ed50.value == pytest.approx(math.exp(-ln_k.value))
    assert (ed50.ci_low, ed50.ci_high) == pytest.approx(
        (math.exp(-ln_k.ci_high), math.exp(-ln_k.ci_low))
    )


@pytest.mark.parametrize("model", MODELS)
def test_the_model_that_made_the_answers_describes_them_better_than_noise(model):
    rng = np.random.default_rng(5)
    discount = MODELS[model].discount
    own = (-4.0, -0.5)[: len(MODELS[model].bounds)]
    rows = []
    for n in range(400):
        sooner, days = float(rng.uniform(1, 99)), float(rng.choice([3, 10, 30, 90, 365, 1500]))
        d = float(discount(np.array(days), [np.array(part) for part in own])) - sooner / 100
        later = bool(rng.random() < 1 / (1 + math.exp(-20 * d)))
        offered = {"sooner": sooner, "later_days": days}
        rows.append(answer(n, "later" if later else "sooner", outcome=offered))
    table = scored(rows)
    bic = {name: table["bic", name].value for name in (*MODELS, "noise")}
    assert bic[model] < bic["noise"] - 50
    # A model with one parameter more may win by its fit, not by much.
    # A model with one parameter more may win by its fit, not by much.
    assert bic[model] < min(bic.values()) + 2
    assert table["mcfadden", "all"].value > 0.3
    assert table["predicted", "all"].value > 0.8


def test_noise_is_the_better_model_for_somebody_who_does_not_look():
    rng = np.random.default_rng(6)
    rows = [
        answer(n, "later" if rng.random() < 0.5 else "sooner", outcome={"sooner": 2.0 * n})
        for n in range(1, 50)
    ]
    table = scored(rows)
    assert table["bic", "noise"].value < table["bic", "hyperbolic"].value
    k = sum(row.response == "later" for row in rows)
    log_likelihood = k * math.log(k / 49) + (49 - k) * math.log(1 - k / 49)
    assert table["bic", "noise"].value == pytest.approx(math.log(49) - 2 * log_likelihood)


# -- indifference points --------------------------------------------------------------------------


def test_the_area_is_the_hand_worked_one_on_each_scale():
    days, shares = [10.0, 30.0, 100.0], [0.8, 0.5, 0.2]
    linear = 0.1 * 0.9 + 0.2 * 0.65 + 0.7 * 0.35
    assert area_under_curve(days, shares, "linear") == pytest.approx(linear)
    assert area_under_curve(days, shares, "rank") == pytest.approx((0.9 + 0.65 + 0.35) / 3)
    x = [math.log10(day + 1) / math.log10(101) for day in days]
    log = x[0] * 0.9 + (x[1] - x[0]) * 0.65 + (x[2] - x[1]) * 0.35
    assert area_under_curve(days, shares, "log") == pytest.approx(log)


def test_the_area_does_not_depend_on_the_order_and_starts_at_one_unless_told():
    days, shares = [100.0, 10.0, 30.0], [0.2, 0.8, 0.5]
    assert area_under_curve(days, shares, "linear") == pytest.approx(0.465)
    without = (20 / 90) * 0.65 + (70 / 90) * 0.35
    assert area_under_curve(days, shares, "linear", add_zero=False) == pytest.approx(without)
    assert area_under_curve(days, [1, 1, 1], "log") == pytest.approx(1)


def test_the_signs_of_unsystematic_answers_are_those_of_johnson_and_bickel():
    days = [30.0, 1.0, 365.0]
    assert bumps(days, [0.5, 0.9, 0.1]) == 0
    assert bumps(days, [0.5, 0.25, 0.1]) == 1  # 0.25 to 0.5 is more than a fifth
    assert bumps(days, [0.45, 0.25, 0.45]) == 0
    assert falls_too_little(days, [0.5, 0.9, 0.85])
    assert not falls_too_little(days, [0.5, 0.9, 0.79])


def adjusting_series(days, answers, later=200.0):
    """The offers and answers of one delay, as the procedure makes them."""
    share, rows = 0.5, []
    for step, said in enumerate(answers, 1):
        offered = {"sooner": share * later, "later": later, "later_days": days}
        rows.append(
            answer(
                int(days) * 10 + step,
                "later" if said else "sooner",
                method="adjusting",
                series=f"{days:g} d",
                step=step,
                outcome=offered,
            )
        )
        share += (1 if said else -1) / 2 ** (step + 1)
    return rows, share


def test_the_curve_is_made_of_what_would_have_been_offered_next():
    patterns = {10.0: [1, 1, 0, 0, 0, 1], 30.0: [1, 0, 0, 0, 0, 0], 100.0: [0, 0, 1, 0, 0, 1]}
    rows, shares = [], []
    for days, answers in patterns.items():
        made, share = adjusting_series(days, answers)
        rows += made
        shares.append(share)
    table = scored(rows)
    expected = area_under_curve(list(patterns), shares, "linear")
    assert table["auc", "linear"].value == pytest.approx(expected)
    assert "from (0,1)" in table["auc", "linear"].method
    assert (table["bumps", "all"].value, table["flat", "all"].value) == (0, 0)
    assert table["auc", "linear"].flag == ()
    without = scored(rows, add_zero=False)["auc", "linear"]
    assert without.value < table["auc", "linear"].value
    assert "without (0,1)" in without.method


def test_unsystematic_curves_are_marked_and_kept():
    rising = [adjusting_series(10.0, [0] * 6)[0], adjusting_series(30.0, [1] * 6)[0]]
    table = scored([row for series in rising for row in series])
    assert (table["bumps", "all"].value, table["flat", "all"].value) == (1, 1)
    assert table["auc", "rank"].flag == ("unsystematic",)
    assert table["auc", "rank"].value > 0


def test_a_delay_that_was_not_finished_is_no_point():
    whole = [adjusting_series(days, [1, 0, 0, 0, 0, 0])[0] for days in (10.0, 30.0)]
    rows = [row for series in whole for row in series]
    assert scored(rows[:-1])["auc", "linear"].flag == ("few_points",)
    assert scored(rows)["auc", "linear"].value is not None


# -- five choices ---------------------------------------------------------------------------------


def test_five_choices_give_the_published_ends_and_rise_with_hastiness():
    assert tuple(d.days for d in FIVE_TRIAL_DELAYS) == pytest.approx(FIVE_TRIAL_DAYS)
    patterns = [[bool(n >> bit & 1) for bit in (4, 3, 2, 1, 0)] for n in range(32)]
    rates = [five_trial_k(pattern) for pattern in patterns]
    assert (rates[0], rates[-1]) == (24.0, pytest.approx(0.000109514, rel=1e-5))
    assert rates == sorted(rates, reverse=True)
    assert len(set(rates)) == 32
    # later at three weeks, then sooner four times: between 3 weeks and 1 month
    assert five_trial_k([True, False, False, False, False]) == pytest.approx(
        1 / math.sqrt(21 * 30.44)
    )


def test_five_choices_need_all_five():
    rows = [answer(n, "later", method="five_trial") for n in range(1, 6)]
    assert scored(rows)["five_trial_k", "all"].flag == ("censored",)
    assert scored(rows[:4])["five_trial_k", "all"].flag == ("missing_items",)


# -- how it was answered --------------------------------------------------------------------------


def test_catch_trials_are_scored_apart_and_enter_no_rate():
    rows = [
        answer(n, "later" if n % 3 else "sooner", outcome={"sooner": 7.0 * (n % 13) + 1})
        for n in range(1, 21)
    ]
    catches = [
        answer(30, "sooner", condition="catch_later", outcome={"sooner": 0.0, "correct": False}),
        answer(31, "sooner", condition="catch_sooner", outcome={"sooner": 100.0, "correct": True}),
    ]
    with_them, without = scored(rows + catches), scored(rows)
    catch = with_them["catch_correct", "all"]
    assert (catch.value, catch.n_used, catch.flag) == (0.5, 2, ("lapses",))
    assert without["catch_correct", "all"].flag == ("not_shown",)
    for index in ("ln_k", "later_share", "rt_median"):
        assert with_them[index, "all"] == without[index, "all"]


def test_practice_and_choices_that_were_not_offered_are_in_no_index():
    rows = questionnaire(next(iter(GOLDEN)))
    unseen = {"shown": False, "sooner": None, "later": None, "later_days": None}
    not_offered = replace(answer(50, None, outcome=unseen), missed=False, excluded="")
    assert scored([answer(0, "later", practice=True), *rows, not_offered]) == scored(rows)


def test_a_missed_trial_is_counted_and_is_no_choice():
    rows = [answer(n, None if n <= 2 else "later") for n in range(1, 11)]
    table = scored(rows)
    share = table["later_share", "all"]
    assert (share.value, share.n_used, share.n_excluded) == (1, 8, 2)
    assert table["n_missed", "all"].value == 2
    assert table["omission_rate", "all"].flag == ("many_missed",)


def test_easy_choices_are_compared_with_what_the_calibration_expects():
    rows = [
        *(answer(n, "sooner", method="calibrated", condition="easy_sooner") for n in (1, 2, 3)),
        *(
            answer(n, "sooner" if n == 4 else "later", method="calibrated", condition="easy_later")
            for n in (4, 5, 6)
        ),
        answer(7, "later", method="calibrated", condition="near"),
    ]
    table = scored(rows)
    assert table["easy_expected", "all"].value == pytest.approx(5 / 6)
    assert table["later_share", "easy_later"].value == pytest.approx(2 / 3)
    assert table["later_share", "near"].value == 1


def test_real_waits_have_a_share_and_points_and_no_rate_of_money():
    rows = [
        answer(
            n, "sooner" if n < 4 else "later", method="experiential", outcome={"points": 10.0 * n}
        )
        for n in range(1, 11)
    ]
    table = scored(rows)
    assert table["impulsive_share", "all"].value == 0.3
    assert table["points", "all"].value == 100
    assert table["ln_k", "all"].flag == ("not_this_method",)


# -- recovery from whole runs ---------------------------------------------------------------------


def people(tmp_path, preset, n):
    """True and found values of simulated people, from whole runs by their logs."""
    found = []
    for number in range(1, n + 1):
        request = Request(
            task="discounting",
            participant=f"{number:03d}",
            data=tmp_path,
            preset=preset,
            simulate=True,
            virtual=True,
        )
        done = conduct(request)
        trials = read_trials(done.log)
        table = {(i.index, i.condition): i for i in indices(trials)}
        from mbtexp.events import read_log

        found.append((read_log(done.log).header["simulated"]["params"], table))
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("preset", "index", "condition", "smallest_r", "largest_bias"),
    [
        ("mcq27", "mcq_ln_k", "composite", 0.93, 0.35),
        ("mcq27", "ln_k", "all", 0.93, 0.35),
        ("adjusting", "ln_k", "all", 0.98, 0.2),
        ("five_trial", "five_trial_ln_k", "all", 0.85, 0.4),
        ("adaptive", "ln_k", "all", 0.97, 0.15),
    ],
)
def test_true_ln_k_is_recovered(tmp_path, preset, index, condition, smallest_r, largest_bias):
    found = people(tmp_path, preset, 60)
    true = np.array([params["ln_k"] for params, _ in found])
    estimated = np.array([table[index, condition].value for _, table in found])
    assert np.corrcoef(true, estimated)[0, 1] >= smallest_r
    assert abs(float((estimated - true).mean())) <= largest_bias


@pytest.mark.slow
def test_intervals_of_the_adaptive_run_cover_the_truth(tmp_path):
    found = people(tmp_path, "adaptive", 100)
    rows = [(params["ln_k"], table["ln_k", "all"]) for params, table in found]
    covered = sum(index.ci_low <= true <= index.ci_high for true, index in rows)
    assert 88 <= covered <= 100
    steep = [table["ln_beta", "all"] for _, table in found]
    assert np.mean([index.value for index in steep]) == pytest.approx(math.log(12), abs=0.35)


# -- odd people -----------------------------------------------------------------------------------

ODD_PEOPLE = {
    "no trial": [],
    "practice only": [answer(0, practice=True)],
    "one trial": [answer(1)],
    "one missed trial": [answer(1, None)],
    "all missed": [answer(n, None) for n in range(20)],
    "questionnaire all missed": [item(n, None) for n in range(1, 28)],
    "all sooner": questionnaire("0" * 27),
    "all later": questionnaire("1" * 27),
    "first items only": questionnaire("0101"),
    "constant RT": [answer(n, ("sooner", "later")[n % 2], rt_s=1.0) for n in range(20)],
    "no RT": [answer(n, rt_s=None) for n in range(20)],
    "RT of zero": [answer(n, rt_s=0.0) for n in range(20)],
    "no amounts": [answer(n, outcome={"sooner": None, "later": None}) for n in range(8)],
    "same key": [answer(n, outcome={"position": "left"}) for n in range(20)],
    "catch only": [answer(1, condition="catch_later", outcome={"correct": True})],
    "adjusting cut short": adjusting_series(30.0, [1, 0])[0],
    "adjusting all sooner": [
        row for days in (10.0, 30.0) for row in adjusting_series(days, [0] * 6)[0]
    ],
    "waits all missed": [answer(n, None, method="experiential") for n in range(5)],
    "five of the same": [answer(n, "sooner", method="five_trial") for n in range(5)],
    "nonsense": [answer(n, "nonsense") for n in range(5)],
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("rows", ODD_PEOPLE.values(), ids=ODD_PEOPLE)
def test_an_odd_person_gets_finite_values_or_none_with_a_reason(rows):
    table = scored(rows)
    assert list(table) == list(scored(questionnaire("01" * 13 + "0")))
    known = {**FLAGS, **ANALYSIS.flags}
    for index in table.values():
        numbers = [index.value, index.se, index.ci_low, index.ci_high]
        assert all(number is None or math.isfinite(number) for number in numbers), index
        assert set(index.flag) <= set(known), index
        assert index.ci_method in CI_METHODS
        reasons = [flag for flag in index.flag if known[flag].startswith("undefined")]
        assert (index.value is None) == bool(reasons), index
        if index.value is None:
            assert numbers == [None] * 4
        assert index.n_excluded >= 0


def test_odd_people_are_called_what_they_are():
    def flag(who, index, condition="all"):
        return scored(ODD_PEOPLE[who])[index, condition].flag

    assert flag("no trial", "later_share") == ("no_trials",)
    assert flag("all missed", "ln_k") == ("no_answers",)
    assert flag("all missed", "omission_rate") == ("many_missed",)
    assert flag("questionnaire all missed", "mcq_k") == ("missing_items",)
    assert flag("all sooner", "ln_k") == ("censored",)
    assert "at_bound" in flag("all later", "ln_k_ml")
    assert flag("one trial", "ln_k_ml") == ("few_choices",)
    assert flag("same key", "left_share") == ("one_side",)
    assert flag("adjusting cut short", "auc", "linear") == ("few_points",)


def test_the_order_of_rows_changes_nothing():
    rows = questionnaire(list(GOLDEN)[3])
    shuffled = [rows[n] for n in np.random.default_rng(8).permutation(27)]
    assert scored(shuffled) == scored(rows)


def test_what_the_run_is_goes_with_every_index():
    run = replace(RUN, simulated="hyperbolic", mode="pilot", status="aborted")
    for index in scored(questionnaire(next(iter(GOLDEN))), run).values():
        assert {"simulated", "pilot", "incomplete"} <= set(index.flag)


def test_every_index_condition_and_flag_is_described():
    table = scored([])
    assert {name for name, _ in table} == set(ANALYSIS.descriptions)
    assert {condition for _, condition in table} == set(ANALYSIS.conditions)


def test_the_guide_names_every_index_flag_and_condition_of_discounting(repo):
    guide = (repo / "docs" / "analysis.md").read_text(encoding="utf-8")
    prose = "".join(guide.split("```")[::2])
    named = set(prose.split("`")[1::2])
    assert set(ANALYSIS.flags) | set(ANALYSIS.descriptions) | set(ANALYSIS.conditions) <= named
