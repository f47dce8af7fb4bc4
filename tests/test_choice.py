"""Discount models and the questionnaire, scored from plain tables as a lab has them."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from analysis.choice import PARAMETERS, compare_models
from analysis.discounting import auc, fit_choices, johnson_bickel, score_mcq27
from analysis.kirby import ITEMS, logistic_k
from mbtexp.errors import DataError

# -- the questionnaire ----------------------------------------------------------------------------

# Kaplan et al. (2016) and the public R scorer beezdiscounting 0.3.2 (its README): overall, small,
# medium, large, composite k; consistencies; share later.
GOLDEN = {
    "000110110010000000100000001": (
        (0.065212, 0.025565, 0.063690, 0.064947, 0.047289),
        (0.962963, 1, 1, 1, 1),
        0.259259,
    ),
    "011110110111011111101110111": (
        (0.000399, 0.000633, 0.001589, 0.000251, 0.000632),
        (0.962963, 1, 1, 1, 1),
        0.777778,
    ),
    "111101000111101110111111110": (
        (0.000158, 0.000158, 0.000158, 0.000251, 0.000185),
        (0.740741, 0.666667, 0.666667, 1, 0.777778),
        0.740741,
    ),
    "111010001011010111000011111": (
        (0.000251, 0.001562, 0.004469, 0.000158, 0.001034),
        (0.629630, 0.777778, 0.555556, 0.666667, 0.666667),
        0.592593,
    ),
    "000000000000000000000000000": (
        (0.249423, 0.246753, 0.250000, 0.248848, 0.248530),
        (1, 1, 1, 1, 1),
        0.0,
    ),
    "111111111111111111111111111": (
        (0.000158, 0.000158, 0.000158, 0.000158, 0.000158),
        (1, 1, 1, 1, 1),
        1.0,
    ),
}
PARTS = ("overall", "small", "medium", "large", "composite")


def answers_of(digits, participant="01"):
    choice = [math.nan if digit == "-" else int(digit) for digit in digits]
    return pd.DataFrame({"participant": participant, "item": range(1, 28), "choice": choice})


@pytest.mark.parametrize("digits", GOLDEN)
def test_the_questionnaire_is_scored_as_published(digits):
    k, consistency, later = GOLDEN[digits]
    [row] = score_mcq27(answers_of(digits)).to_dict("records")
    assert [row[f"k_{part}"] for part in PARTS] == pytest.approx(k, abs=1e-6)
    assert [row[f"consistency_{part}"] for part in PARTS] == pytest.approx(consistency, abs=1e-6)
    assert row["proportion_later_overall"] == pytest.approx(later, abs=1e-6)


def test_the_items_are_those_that_the_task_shows():
    from tasks.discounting.items import MCQ27

    shown = {item.number: (item.sooner, item.later, item.days) for item in MCQ27}
    ours = ITEMS.set_index("item")[["amount_sooner", "amount_later", "delay_later_d"]]
    assert {number: tuple(row) for number, row in ours.iterrows()} == shown
    order = [13, 1, 9, 20, 6, 17, 26, 24, 12, 22, 16, 15, 3, 10]
    order += [2, 18, 21, 25, 5, 14, 23, 7, 8, 19, 11, 27, 4]
    assert list(ITEMS["item"]) == order


def test_a_missing_item_voids_its_size_and_the_whole_and_nothing_else():
    digits = "-" + next(iter(GOLDEN))[1:]  # item 1 is a medium one
    [row] = score_mcq27(answers_of(digits)).to_dict("records")
    assert math.isnan(row["k_medium"])
    assert math.isnan(row["k_overall"])
    assert math.isnan(row["k_composite"])
    assert row["k_small"] == pytest.approx(0.025565, abs=1e-6)
    assert row["n_missing"] == 1
    absent = answers_of(digits).dropna()
    assert score_mcq27(absent).equals(score_mcq27(answers_of(digits)))


def test_the_two_rules_for_missing_items():
    digits = "-" + next(iter(GOLDEN))[1:]
    [ggm] = score_mcq27(answers_of(digits), missing="GGM").to_dict("records")
    assert ggm["k_composite"] == pytest.approx(math.sqrt(0.025565 * 0.064947), rel=1e-4)
    assert math.isnan(ggm["k_medium"])
    # Items 13 and 9 have the rank of item 1; both were answered 'sooner', as item 1 was.
    [inn] = score_mcq27(answers_of(digits), missing="INN").to_dict("records")
    assert inn["k_overall"] == pytest.approx(0.065212, abs=1e-6)
    # Where the neighbours disagree nothing is filled in.
    apart = list(next(iter(GOLDEN)))
    apart[0], apart[12], apart[8] = "-", "0", "1"
    [left] = score_mcq27(answers_of("".join(apart)), missing="INN").to_dict("records")
    assert math.isnan(left["k_overall"])


def test_order_and_names_of_participants_do_not_matter():
    both = pd.concat([answers_of(next(iter(GOLDEN)), "NA"), answers_of(list(GOLDEN)[1], "007")])
    shuffled = both.sample(frac=1, random_state=1)
    table = score_mcq27(shuffled)
    assert list(table["participant"]) == ["007", "NA"]
    assert table.equals(score_mcq27(both))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"item": 28}, "item 28 is not from 1 to 27"),
        ({"choice": 2}, "choice 2.0 is neither 0"),
        ({"choice": "later"}, "choice 'later' is neither 0"),
    ],
)
def test_impossible_answers_are_refused(change, told):
    table = answers_of(next(iter(GOLDEN))).astype({"choice": object, "item": object})
    for name, value in change.items():
        table.loc[3, name] = float(value) if value == 2 else value
    with pytest.raises(DataError, match=told):
        score_mcq27(table)


def test_a_table_without_a_column_or_with_an_item_twice_is_refused():
    table = answers_of(next(iter(GOLDEN)))
    with pytest.raises(DataError, match="column 'choice' is missing"):
        score_mcq27(table.drop(columns="choice"))
    with pytest.raises(DataError, match="item 1 twice"):
        score_mcq27(pd.concat([table, table.head(1)]))
    with pytest.raises(DataError, match="'none', 'GGM' or 'INN'"):
        score_mcq27(table, missing="mean")


def test_the_logistic_rule_finds_k_and_says_where_it_cannot():
    rng = np.random.default_rng(3)
    k = 0.01
    worth = (ITEMS.amount_sooner * (1 + k * ITEMS.delay_later_d) < ITEMS.amount_later).to_numpy()
    found = []
    for _ in range(40):
        chosen = np.where(rng.random(27) < 0.12, ~worth, worth).astype(int)
        table = pd.DataFrame({"participant": "01", "item": ITEMS["item"], "choice": chosen})
        found.append(float(logistic_k(table)["k_logistic"].iloc[0]))
    assert np.nanmedian(found) == pytest.approx(k, rel=0.4)
    clean = pd.DataFrame({"participant": "01", "item": ITEMS["item"], "choice": worth.astype(int)})
    [row] = logistic_k(clean).to_dict("records")
    assert row["separated"]
    assert math.isnan(row["k_logistic"])


# -- models ---------------------------------------------------------------------------------------


def choices_of(people, n=60, seed=0, share=None):
    """Choices of people given as {name: (ln k, ln beta)}; hyperbolic unless ``share`` says."""
    rng = np.random.default_rng(seed)
    tables = []
    for name, (ln_k, ln_beta) in people.items():
        days = np.exp(rng.uniform(0, math.log(1500), n)).round()
        later = rng.choice([20.0, 100.0, 400.0], n)
        left = 1 / (1 + math.exp(ln_k) * days) if share is None else share(days, ln_k)
        sooner = later * rng.uniform(0.05, 0.95, n)
        x = math.exp(ln_beta) * (left - sooner / later)
        tables.append(
            pd.DataFrame(
                {
                    "participant": name,
                    "amount_sooner": sooner,
                    "delay_sooner_d": 0,
                    "amount_later": later,
                    "delay_later_d": days,
                    "chose_later": rng.random(n) < 1 / (1 + np.exp(-x)),
                }
            )
        )
    return pd.concat(tables)


def crowd(n=150, seed=1):
    rng = np.random.default_rng(seed)
    return {
        f"p{i:03d}": (float(rng.normal(-4.5, 1.3)), float(rng.normal(2.2, 0.5))) for i in range(n)
    }


def test_the_group_makes_each_estimate_better():
    people = crowd()
    trials = choices_of(people, n=40)
    truth = np.array([people[name][0] for name in sorted(people)])
    error = {}
    for method in ("hierarchical", "map", "ml"):
        found = fit_choices(trials, method=method)
        error[method] = float(np.sqrt(np.mean((found["ln_k"] - truth) ** 2)))
    assert error["hierarchical"] < error["map"] < error["ml"]
    table = fit_choices(trials)
    inside = (table["ln_k_low"] <= truth) & (truth <= table["ln_k_high"])
    assert 0.9 <= inside.mean() <= 0.99
    assert float(np.corrcoef(truth, table["ln_k"])[0, 1]) > 0.93


def test_the_map_fit_is_the_mode_of_the_posterior_and_the_ml_fit_of_the_likelihood():
    from scipy.optimize import minimize

    trials = choices_of({"01": (-4.0, 2.5)}, n=80).reset_index(drop=True)
    later = trials.amount_later.to_numpy()

    def loss(at, prior):
        left = 1 / (1 + math.exp(at[0]) * trials.delay_later_d.to_numpy())
        x = math.exp(at[1]) * (left - trials.amount_sooner.to_numpy() / later)
        sign = np.where(trials.chose_later, 1, -1)
        penalty = ((at[0] + 4.5) / 3) ** 2 / 2 + ((at[1] - 2.3) / 1.5) ** 2 / 2
        return np.logaddexp(0, -sign * x).sum() + prior * penalty

    for method, prior in (("map", 1.0), ("ml", 0.0)):
        by_scipy = minimize(loss, [-4.5, 2.0], args=(prior,), method="Nelder-Mead")
        [row] = fit_choices(trials, method=method).to_dict("records")
        assert (row["ln_k"], row["ln_beta"]) == pytest.approx(by_scipy.x, abs=0.02)
        assert row["log_lik"] == pytest.approx(-loss(by_scipy.x, 0.0), abs=0.02)


def test_the_unit_of_money_and_the_order_of_rows_do_not_matter():
    trials = choices_of(crowd(8), n=30)
    known = fit_choices(trials)
    other = trials.sample(frac=1, random_state=2)
    other = other.assign(
        amount_sooner=other.amount_sooner * 135.7, amount_later=other.amount_later * 135.7
    )
    again = fit_choices(other)
    numbers = known.select_dtypes("number").columns
    assert np.allclose(known[numbers], again[numbers], rtol=1e-4, atol=1e-4)
    assert list(known["participant"]) == list(again["participant"])


def test_noise_on_plain_money_is_found_per_unit_of_money():
    rng = np.random.default_rng(4)
    n, beta = 3000, 0.15
    days = np.exp(rng.uniform(0, math.log(1000), n))
    later = rng.choice([20.0, 100.0], n)
    sooner = later * rng.uniform(0.05, 0.95, n)
    x = beta * (later / (1 + 0.01 * days) - sooner)
    trials = pd.DataFrame(
        {
            "participant": "01",
            "amount_sooner": sooner,
            "delay_sooner_d": 0.0,
            "amount_later": later,
            "delay_later_d": days,
            "chose_later": rng.random(n) < 1 / (1 + np.exp(-x)),
        }
    )
    [row] = fit_choices(trials, method="map", scale="absolute").to_dict("records")
    assert row["ln_beta"] == pytest.approx(math.log(beta), abs=0.15)
    assert row["ln_k"] == pytest.approx(math.log(0.01), abs=0.15)


@pytest.mark.parametrize("model", PARAMETERS)
def test_every_model_gives_its_parameters_with_intervals_and_half_life(model):
    trials = choices_of(crowd(6), n=60)
    for method in ("hierarchical", "map", "ml"):
        table = fit_choices(trials, model, method)
        for name in (*PARAMETERS[model], "ln_beta"):
            # The likelihood of a flat parameter may have no curvature; a posterior always has.
            known = table[f"{name}_se"].notna() if method == "ml" else slice(None)
            rows = table[known]
            assert (rows[f"{name}_low"] <= rows[name]).all()
            assert (rows[name] <= rows[f"{name}_high"]).all()
        assert (table["ed50_d"] >= 0).all()
        assert table["log_lik"].between(-60 * math.log(2) - 20, 0).all()


def test_half_of_the_value_is_left_at_the_half_life():
    trials = choices_of(crowd(5), n=60)
    from analysis.hyperbola import MODELS

    for model, names in PARAMETERS.items():
        for row in fit_choices(trials, model, "map").to_dict("records"):
            own = [np.array(row[name]) for name in names]
            left = float(MODELS[model].discount(np.array(row["ed50_d"]), own))
            assert left == pytest.approx(0.5, abs=1e-9) or row["ed50_d"] == 0


def test_the_model_that_made_the_choices_wins_over_people():
    people = {name: (ln_k, 2.8) for name, (ln_k, _) in crowd(12).items()}
    trials = choices_of(people, n=120, share=lambda days, ln_k: np.exp(-math.exp(ln_k) * days))
    table = compare_models(trials, ("hyperbolic", "exponential"))
    total = table[table["participant"] == "all"].set_index("model")["bic"]
    assert total["exponential"] == total.min()
    assert total["noise"] == total.max()
    weights = table[table["participant"] != "all"].groupby("participant")["weight"].sum()
    assert np.allclose(weights, 1)


def test_answers_that_are_all_alike_are_marked_and_held_by_the_group():
    people = crowd(30)
    trials = choices_of(people, n=25)
    always = trials["participant"] == "p004"
    trials.loc[always, "chose_later"] = True
    row = fit_choices(trials).set_index("participant").loc["p004"]
    assert row["at_bound"]
    assert math.isfinite(row["ln_k"])
    assert row["se"] > fit_choices(trials)["se"].median()
    ml = fit_choices(trials, method="ml").set_index("participant")
    assert ml.loc["p004", "at_bound"]
    assert math.isnan(ml.loc["p004", "se"])


def test_unanswered_choices_are_left_out_and_one_choice_is_enough():
    trials = choices_of({"01": (-4.0, 2.0)}, n=20).astype({"chose_later": object})
    trials.iloc[5:, trials.columns.get_loc("chose_later")] = math.nan
    assert fit_choices(trials)["n"].tolist() == [5]
    [row] = fit_choices(trials.head(1)).to_dict("records")
    assert math.isfinite(row["ln_k"])


def test_impossible_choices_are_refused():
    trials = choices_of({"01": (-4.0, 2.0)}, n=5)
    with pytest.raises(DataError, match="impossible row"):
        fit_choices(trials.assign(amount_later=0.0))
    with pytest.raises(DataError, match="'delay_later_d' is missing"):
        fit_choices(trials.drop(columns="delay_later_d"))
    with pytest.raises(DataError, match="did you mean 'hyperbolic'"):
        fit_choices(trials, "hyperbolc")
    with pytest.raises(DataError, match="'hierarchical', 'map' or 'ml'"):
        fit_choices(trials, method="bayes")


# -- indifference points --------------------------------------------------------------------------


def test_the_area_has_three_axes_and_its_first_point():
    days, points = [30, 365, 3650], [80, 40, 10]
    by_hand = (30 * 0.9 + 335 * 0.6 + 3285 * 0.25) / 3650
    assert auc(days, points, 100) == pytest.approx(by_hand)
    assert auc(days[::-1], points[::-1], 100) == pytest.approx(by_hand)
    assert auc(days, points, 100, axis="ordinal") == pytest.approx((0.9 + 0.6 + 0.25) / 3)
    log = np.log10(np.array([1, 31, 366, 3651]))
    steps = np.diff(log) / log[-1]
    assert auc(days, points, 100, axis="log10") == pytest.approx(float(steps @ [0.9, 0.6, 0.25]))
    # Without (0, 1) the delays are stretched over 0 to 1.
    without = (335 * 0.6 + 3285 * 0.25) / 3620
    assert auc(days, points, 100, add_zero=False) == pytest.approx(without)
    assert math.isnan(auc([30], [80], 100, add_zero=False))


def test_unsystematic_points_are_told_by_which_criterion():
    days = [1, 30, 180, 365]
    assert johnson_bickel(days, [95, 80, 50, 20], 100) == (True, True)
    assert johnson_bickel(days, [70, 95, 50, 20], 100) == (False, True)
    assert johnson_bickel(days, [90, 90, 85, 85], 100) == (True, False)
    assert johnson_bickel([365, 1, 30, 180], [20, 95, 80, 50], 100) == (True, True)
    with pytest.raises(DataError, match="above 0"):
        johnson_bickel([0, 30], [90, 20], 100)
