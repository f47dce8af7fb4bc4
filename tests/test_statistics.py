"""Signal detection, EZ, reliability and the crossed model against hand and other programs."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pandas as pd
import pytest

from analysis.ez import ez_diffusion
from analysis.mixed import fit_crossed
from analysis.reliability import alpha, icc, reliable_change, spearman_brown, split_half
from analysis.sdt import dprime, dprime_se

# -- signal detection -----------------------------------------------------------------------------


def test_rates_of_zero_and_one_have_a_finite_d_prime():
    d, c = dprime([10, 0], [0, 10], [0, 10], [10, 0])
    assert np.isfinite(d).all()
    assert d[0] == -d[1] > 2.5
    assert np.allclose(c, 0)


def test_without_signal_or_noise_trials_d_prime_is_not_defined():
    d, c = dprime([0, 5], [0, 5], [3, 0], [3, 0])
    assert np.isnan(d).all()
    assert np.isnan(c).all()
    assert np.isnan(dprime_se([0, 5], [0, 5], [3, 0], [3, 0])).all()


def test_the_standard_error_of_d_prime_is_that_of_repeated_sessions():
    rng = np.random.default_rng(3)
    hits, false = rng.binomial(60, 0.8, 4000), rng.binomial(60, 0.25, 4000)
    d, _ = dprime(hits, 60 - hits, false, 60 - false)
    typical = float(np.mean(dprime_se(hits, 60 - hits, false, 60 - false)))
    assert typical == pytest.approx(float(d.std()), rel=0.05)


# -- EZ -------------------------------------------------------------------------------------------


def test_ez_gives_the_papers_numbers():
    v, a, ter = ez_diffusion(0.802, 0.112, 0.723)
    assert (round(float(v), 3), round(float(a), 2), round(float(ter), 1)) == (0.1, 0.14, 0.3)


def test_ez_scales_with_the_noise():
    small, large = ez_diffusion(0.9, 0.05, 0.6), ez_diffusion(0.9, 0.05, 0.6, s=1.0)
    assert float(large[0]) == pytest.approx(10 * float(small[0]))
    assert float(large[1]) == pytest.approx(10 * float(small[1]))
    assert float(large[2]) == pytest.approx(float(small[2]))


def test_ez_goes_smoothly_through_chance():
    shares = 0.5 + np.array([-3e-4, -2e-5, 0.0, 2e-5, 3e-4])
    v, a, ter = ez_diffusion(shares, 0.1, 0.7)
    assert v[2] == 0
    assert (np.diff(v) > 0).all()
    assert np.allclose(a, a[2], rtol=1e-3)
    assert np.allclose(ter, ter[2], rtol=1e-3)


def test_ez_without_errors_needs_the_number_of_decisions():
    assert np.isnan(ez_diffusion(1.0, 0.1, 0.7)[0])
    assert ez_diffusion(1.0, 0.1, 0.7, n=50)[0] == ez_diffusion(0.99, 0.1, 0.7)[0]
    assert ez_diffusion(0.0, 0.1, 0.7, n=50)[0] == ez_diffusion(0.01, 0.1, 0.7)[0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(ez_diffusion([1.0, 0.7], [0.1, 0.0], 0.7)[1]).all()


def test_ez_finds_the_parameters_of_a_simulated_diffusion():
    rng = np.random.default_rng(11)
    v, a, ter, dt = 0.2, 0.12, 0.35, 0.0005
    x = np.full(20_000, a / 2)
    t = np.full(20_000, np.nan)
    right = np.zeros(20_000, dtype=bool)
    for step in range(1, 8000):
        going = np.isnan(t)
        if not going.any():
            break
        x[going] += v * dt + 0.1 * math.sqrt(dt) * rng.standard_normal(int(going.sum()))
        out = going & ((x <= 0) | (x >= a))
        t[out] = step * dt
        right |= out & (x >= a)
    rt = ter + t[right]
    found = ez_diffusion(right.mean(), rt.var(), rt.mean())
    # Steps in time make the walk overshoot its boundary by about 0.58 of a step.
    assert float(found[0]) == pytest.approx(v, rel=0.05)
    assert float(found[1]) == pytest.approx(a + 2 * 0.5826 * 0.1 * math.sqrt(dt), rel=0.05)
    assert float(found[2]) == pytest.approx(ter, abs=0.02)


# -- the crossed model ----------------------------------------------------------------------------


def crossed_data():
    """Made once; lme4 fitted the same rows."""
    rng = np.random.default_rng(5)
    pairs = np.array([(p, i) for p in range(24) for i in range(60) if rng.random() < 0.8])
    person, item = pairs.T
    x = rng.integers(0, 2, len(pairs)) - 0.5
    people, items = rng.normal(0, 0.15, 24), rng.normal(0, 0.08, 60)
    y = 6.4 + 0.05 * x + people[person] + items[item] + rng.normal(0, 0.2, len(pairs))
    return y, np.column_stack([np.ones(len(pairs)), x]), person, item


def test_the_crossed_model_is_that_of_lme4():
    coefficients, se, variances, log_likelihood = fit_crossed(*crossed_data())
    # lme4 1.1.31, R 4.2.2: lmer(y ~ x + (1|person) + (1|item)), REML.
    assert coefficients == pytest.approx([6.4257739880375, 0.0523286055826], abs=2e-8)
    assert se == pytest.approx([0.0360830280793, 0.0124020229003], rel=1e-5)
    assert variances.item == pytest.approx(0.00667605397637, rel=1e-4)
    assert variances.person == pytest.approx(0.02770268938727, rel=1e-4)
    assert variances.residual == pytest.approx(0.04172530277044, rel=1e-5)
    assert log_likelihood == pytest.approx(107.62321399858, abs=1e-6)


def test_the_crossed_model_does_not_care_for_names_order_or_which_factor_is_larger():
    y, X, person, item = crossed_data()  # noqa: N806
    known = fit_crossed(y, X, person, item)
    mixed_up = np.random.default_rng(0).permutation(len(y))
    names = np.array([f"p{n}" for n in person])
    again = fit_crossed(y[mixed_up], X[mixed_up], names[mixed_up], item[mixed_up])
    assert again.coefficients == pytest.approx(known.coefficients, abs=2e-8)
    turned = fit_crossed(y, X, item, person)
    assert turned.log_likelihood == pytest.approx(known.log_likelihood, abs=1e-7)
    assert turned.variances.person == pytest.approx(known.variances.item, rel=1e-3)


def test_a_variance_of_zero_is_found_at_its_bound_and_missing_rows_are_left_out():
    rng = np.random.default_rng(9)
    person, item = np.repeat(np.arange(12), 30), np.tile(np.arange(30), 12)
    y = rng.normal(0, 1, 360) + rng.normal(0, 1, 30)[item]
    y -= np.bincount(person, y)[person] / 30  # no variance between people is left
    y[7] = np.nan
    fitted = fit_crossed(y, np.ones(360), person, item)
    assert fitted.variances.person == pytest.approx(0, abs=1e-6)
    assert fitted.variances.item > 0.3


def test_a_model_that_cannot_be_fitted_is_refused():
    y, X, person, item = crossed_data()  # noqa: N806
    with pytest.raises(ValueError, match="depend on each other"):
        fit_crossed(y, np.column_stack([X, X[:, 1]]), person, item)
    with pytest.raises(ValueError, match="two persons"):
        fit_crossed(y, X, np.zeros(len(y)), item)
    with pytest.raises(ValueError, match="numbers of rows"):
        fit_crossed(y[:-1], X, person, item)


# -- reliability ----------------------------------------------------------------------------------


def people_with_trials(reliability, n_people=400, n_trials=40, seed=2):
    """Scores whose mean over all trials has a known reliability."""
    rng = np.random.default_rng(seed)
    ability = rng.normal(0, 1, n_people)
    noise = math.sqrt(n_trials * (1 - reliability) / reliability)
    who = np.repeat([f"p{n:03d}" for n in range(n_people)], n_trials)
    values = np.repeat(ability, n_trials) + noise * rng.standard_normal(n_people * n_trials)
    cell = np.tile(["a", "b"], n_people * n_trials // 2)
    return pd.DataFrame({"participant": who, "x": values, "cell": cell})


@pytest.mark.parametrize("reliability", [0.3, 0.8])
def test_split_half_finds_the_reliability_that_was_put_in(reliability):
    trials = people_with_trials(reliability)
    found = split_half(
        trials, lambda t: t.groupby("participant").x.mean(), "participant", "cell", 40, seed=1
    )
    assert found.sb_median == pytest.approx(reliability, abs=0.07)
    assert found.ci_low < reliability < found.ci_high
    assert found.sb_low < found.sb_median < found.sb_high
    assert (found.n_people, found.n_splits, found.undefined) == (400, 40, 0)


def test_a_score_of_one_person_and_a_score_of_many_give_the_same():
    trials = people_with_trials(0.7, n_people=20)
    one = split_half(trials, lambda t: t.x.mean(), "participant", ["cell"], 15, seed=4)
    many = split_half(
        trials, lambda t: t.groupby("participant").x.mean(), "participant", ["cell"], 15, seed=4
    )
    assert one.sb_median == pytest.approx(many.sb_median, abs=1e-12)
    assert one == split_half(trials, lambda t: t.x.mean(), "participant", ["cell"], 15, seed=4)


def test_the_halves_hold_every_stratum_alike():
    trials = people_with_trials(0.7, n_people=3, n_trials=10)
    seen = []

    def look(half):
        seen.append(half.groupby(["participant", "cell"]).size())
        return half.groupby("participant").x.mean()

    split_half(trials, look, "participant", ["cell"], 5, seed=0)
    sizes = pd.concat(seen[1:])  # the first look only tells what kind of function it is
    assert set(sizes) <= {2, 3}


def test_one_person_without_a_value_does_not_make_the_others_undefined():
    trials = people_with_trials(0.7, n_people=30)
    trials.loc[trials.participant == "p004", "x"] = np.nan
    found = split_half(trials, lambda t: t.x.mean(), "participant", (), 20, seed=0)
    assert found.n_people == 29
    assert math.isfinite(found.sb_median)


def test_two_people_or_constant_scores_have_no_reliability():
    trials = people_with_trials(0.7, n_people=2)
    assert math.isnan(split_half(trials, lambda t: t.x.mean(), n_splits=5).sb_median)
    flat = people_with_trials(0.7, n_people=10).assign(x=1.0)
    found = split_half(flat, lambda t: t.x.mean(), n_splits=5)
    assert math.isnan(found.sb_median)
    assert found.undefined == 5


def test_alpha_of_yes_no_items_is_kr_20():
    answers = np.array([[1, 1, 0, 1], [0, 1, 0, 0], [1, 1, 1, 1], [0, 0, 0, 1], [1, 0, 1, 1]])
    p = answers.mean(axis=0)
    total = answers.sum(axis=1)
    by_hand = 4 / 3 * (1 - (p * (1 - p)).sum() / total.var())
    found = alpha(answers)
    assert found.value == pytest.approx(by_hand)
    assert found.method == "KR-20"
    assert found.ci_low < found.value < found.ci_high


def test_feldts_interval_covers_alpha_as_often_as_it_says():
    rng = np.random.default_rng(8)
    true = 10 * 0.25 / (1 + 9 * 0.25)  # ten items that correlate .25
    inside = 0
    for _ in range(600):
        general = rng.standard_normal((40, 1)) * 0.5
        found = alpha(general + math.sqrt(0.75) * rng.standard_normal((40, 10)))
        inside += found.ci_low <= true <= found.ci_high
    assert 0.925 <= inside / 600 <= 0.975


def test_the_icc_of_the_textbook():
    scores = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    found = icc(scores)
    assert found.agreement.value == pytest.approx(0.2898, abs=5e-5)
    assert found.consistency.value == pytest.approx(0.7148, abs=5e-5)
    # R package psych 2.x prints these limits for the same table.
    assert (found.consistency.ci_low, found.consistency.ci_high) == pytest.approx(
        (0.34, 0.95), abs=0.01
    )
    assert (found.agreement.ci_low, found.agreement.ci_high) == pytest.approx(
        (0.019, 0.761), abs=0.001
    )


def test_a_shift_of_a_session_lowers_agreement_and_not_consistency():
    rng = np.random.default_rng(1)
    true = rng.normal(0, 1, 50)
    first = true + 0.3 * rng.standard_normal(50)
    found = icc(np.column_stack([first, first + 2.0]))
    assert found.consistency.value == pytest.approx(1.0)
    assert found.agreement.value < 0.5


def test_noise_makes_no_reliable_change():
    assert reliable_change(10, 1.0) == (0.0, 0.0)
    assert reliable_change(10, -0.2).sem == 10
    assert math.isnan(float(spearman_brown(-1.0)))
