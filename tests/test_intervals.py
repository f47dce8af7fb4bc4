"""Intervals against published values, scipy and their own coverage."""

import numpy as np
import pytest
from scipy import integrate, optimize, stats

from analysis.intervals import (
    binomial_p,
    mean_t,
    median_order,
    normal,
    posterior,
    proportion,
    undefined,
    wilson,
)
from analysis.logistic import ability, ridge_logistic


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    # Newcombe (1998), Stat Med 17:857, Table I, method 3.
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_gives_the_published_limits(successes, n, low, high):
    found = wilson(successes, n)
    assert [round(float(end), 4) for end in found] == [low, high]


def test_wilson_agrees_with_scipy_for_every_count_of_36():
    counts = np.arange(37)
    low, high = wilson(counts, np.full(37, 36))
    expected = [stats.binomtest(int(c), 36).proportion_ci(method="wilson") for c in counts]
    assert low == pytest.approx([e.low for e in expected], abs=1e-12)
    assert high == pytest.approx([e.high for e in expected], abs=1e-12)


def test_wilson_covers_the_true_share_in_95_of_100_people():
    rng = np.random.default_rng(1)
    p = rng.uniform(0.3, 0.95, 2000)
    low, high = wilson(rng.binomial(36, p), np.full(2000, 36))
    assert 0.93 <= np.mean((low <= p) & (p <= high)) <= 0.97


def test_wilson_knows_nothing_without_trials():
    low, high = wilson([0, 5], [0, 10])
    assert (low[0], high[0]) == (0.0, 1.0)


def test_a_proportion_of_all_has_an_interval_and_no_standard_error():
    estimate = proportion(36, 36)
    assert (estimate.value, estimate.se, estimate.ci_high) == (1.0, None, 1.0)
    assert estimate.ci_low == pytest.approx(0.9036, abs=1e-4)


def test_a_proportion_in_counts_is_the_proportion_times_the_trials():
    count = proportion(27, 36).scaled(36)
    assert count.value == 27
    assert count.ci_low == pytest.approx(
        36 * stats.binomtest(27, 36).proportion_ci(method="wilson").low
    )


@pytest.mark.parametrize("alternative", ["greater", "two-sided"])
def test_the_exact_test_agrees_with_scipy_for_every_count(alternative):
    for n, chance in ((36, 0.25), (18, 0.5), (1, 0.25), (7, 0.3)):
        for c in range(n + 1):
            expected = stats.binomtest(c, n, chance, alternative=alternative).pvalue
            assert binomial_p(c, n, chance, alternative=alternative) == pytest.approx(expected)


def test_14_of_36_is_above_chance_and_13_is_not():
    assert binomial_p(14, 36, 0.25) < 0.05 < binomial_p(13, 36, 0.25)


def test_a_mean_has_the_t_interval_of_scipy():
    values = np.random.default_rng(2).normal(3.0, 1.0, 11)
    estimate = mean_t(values)
    expected = stats.ttest_1samp(values, 0).confidence_interval()
    assert (estimate.ci_low, estimate.ci_high) == pytest.approx((expected.low, expected.high))
    assert estimate.se == pytest.approx(stats.sem(values))


@pytest.mark.parametrize(
    ("values", "flag"), [([], "no_values"), ([2.0], "one_value"), ([2.0] * 9, "constant")]
)
@pytest.mark.parametrize("summary", [mean_t, median_order])
def test_a_summary_without_spread_has_no_interval_and_says_why(summary, values, flag):
    estimate = summary(values)
    assert estimate.value == (2.0 if values else None)
    assert (estimate.se, estimate.ci_low, estimate.ci_high) == (None, None, None)
    assert estimate.flags == (flag,)


def test_the_medians_interval_lies_between_the_tabled_order_statistics():
    # The largest rank r with P(X < r) <= .025 for X ~ Bin(n, 1/2), from a table of the binomial.
    for n, lower in ((6, 1), (10, 2), (20, 6), (36, 12)):
        values = np.random.default_rng(n).permutation(np.arange(1.0, n + 1))
        estimate = median_order(values)
        assert (estimate.ci_low, estimate.ci_high) == (lower, n + 1 - lower)


def test_five_values_are_too_few_for_the_interval_of_a_median():
    estimate = median_order([1.0, 2.0, 3.0, 4.0, 5.0])
    assert (estimate.value, estimate.ci_low, estimate.flags) == (3.0, None, ("few_values",))


def test_the_medians_interval_covers_at_least_95_of_100_people():
    rng = np.random.default_rng(3)
    estimates = [median_order(sample) for sample in rng.lognormal(1.0, 0.5, (2000, 36))]
    covered = [e.ci_low <= np.e <= e.ci_high for e in estimates]
    assert 0.94 <= np.mean(covered) <= 0.985


def test_a_posterior_on_a_grid_has_the_moments_and_quantiles_of_its_density():
    grid = np.linspace(0, 1, 2001)
    with np.errstate(divide="ignore"):
        log_density = stats.beta(7, 3).logpdf(grid)
    mean, sd, low, high = posterior(grid, log_density[None, :])
    assert (mean[0], sd[0]) == pytest.approx((0.7, stats.beta(7, 3).std()), abs=1e-5)
    assert (low[0], high[0]) == pytest.approx(stats.beta(7, 3).ppf([0.025, 0.975]), abs=1e-5)


def test_an_undefined_estimate_has_reasons_and_nothing_else():
    assert undefined("no_answers").flagged("chance").flags == ("no_answers", "chance")
    assert undefined("no_answers").scaled(3).value is None


def test_a_normal_interval_is_1_96_standard_errors_wide():
    estimate = normal(1.0, 0.5, "wald")
    assert estimate.ci_low == pytest.approx(1 - 0.5 * stats.norm.ppf(0.975))


# -- logistic models ---------------------------------------------------------------------------


def _answers(theta, difficulty, rng, guessing=0.25):
    p = guessing + (1 - guessing) / (1 + np.exp(difficulty[None, :] - theta[:, None]))
    return (rng.random(p.shape) < p).astype(float)


def test_ability_is_the_mode_and_the_moments_of_its_posterior():
    rng = np.random.default_rng(4)
    difficulty = rng.normal(-0.5, 1.0, 36)
    correct = _answers(np.array([0.4]), difficulty, rng)[0]

    def density(theta):
        p = 0.25 + 0.75 / (1 + np.exp(difficulty - theta))
        return np.exp(np.log(np.where(correct == 1, p, 1 - p)).sum() - theta**2 / 2 + 20)

    found = ability(correct[None, :], difficulty, 0.25)
    top = optimize.minimize_scalar(
        lambda t: -np.log(density(t)), bounds=(-4, 4), method="bounded", options={"xatol": 1e-10}
    )
    mass, first, second = (
        integrate.quad(lambda t, k=k: t**k * density(t), -8, 8)[0] for k in (0, 1, 2)
    )
    assert found.mode[0] == pytest.approx(top.x, abs=1e-6)
    assert found.mean[0] == pytest.approx(first / mass, abs=1e-6)
    assert found.sd[0] == pytest.approx(np.sqrt(second / mass - (first / mass) ** 2), abs=1e-6)
    below = integrate.quad(density, -8, found.low[0])[0] / mass
    assert below == pytest.approx(0.025, abs=1e-4)


def test_the_95_percent_interval_of_ability_covers_95_of_100_people():
    rng = np.random.default_rng(5)
    theta = rng.normal(0, 1, 2000)
    difficulty = np.linspace(-2, 1.5, 36)
    found = ability(_answers(theta, difficulty, rng), difficulty, 0.25)
    assert 0.93 <= np.mean((found.low <= theta) & (theta <= found.high)) <= 0.97
    assert np.corrcoef(found.mode, theta)[0, 1] > 0.75


def test_ability_without_a_single_answer_is_the_prior():
    found = ability(np.full((1, 5), np.nan), np.zeros(5), 0.25)
    assert (found.mode[0], found.sd[0]) == pytest.approx((0.0, 1.0), abs=1e-6)
    assert found.high[0] == pytest.approx(stats.norm.ppf(0.975), abs=1e-4)


def test_ability_of_a_perfect_person_is_finite():
    found = ability(np.ones((1, 36)), np.zeros(36), 0.25)
    assert 1.0 < found.mode[0] < 4.0


def test_the_ridge_regression_finds_the_mode_and_curvature_of_its_posterior():
    rng = np.random.default_rng(6)
    z = rng.normal(size=36)
    predictors = np.column_stack([np.ones(36), z, z**2])
    correct = rng.random(36) < 1 / (1 + np.exp(-1 - 0.5 * z))

    def loss(beta):
        logit = predictors @ beta
        return np.logaddexp(0, np.where(correct, -logit, logit)).sum() + (beta[1:] ** 2).sum() / 2

    fit = ridge_logistic(predictors, correct, np.array([np.inf, 1.0, 1.0]))
    best = optimize.minimize(loss, np.zeros(3), options={"gtol": 1e-9})
    assert fit.coefficients == pytest.approx(best.x, abs=1e-5)
    step = 1e-4
    basis = step * np.eye(3)
    hessian = [
        [
            loss(fit.coefficients + a + b)
            - loss(fit.coefficients + a - b)
            - loss(fit.coefficients - a + b)
            + loss(fit.coefficients - a - b)
            for a in basis
        ]
        for b in basis
    ]
    information = np.array(hessian) / (4 * step**2)
    assert fit.covariance == pytest.approx(np.linalg.inv(information), rel=1e-3, abs=1e-4)


def test_the_interval_of_a_ridge_slope_covers_95_of_100_people():
    rng = np.random.default_rng(7)
    z = np.linspace(-1.7, 1.7, 36)
    predictors = np.column_stack([np.ones(36), z, z**2])
    covered = []
    for _ in range(2000):
        beta = np.array([1.0, rng.normal(), rng.normal()])
        correct = rng.random(36) < 1 / (1 + np.exp(-predictors @ beta))
        if correct.all() or not correct.any():
            continue
        fit = ridge_logistic(predictors, correct, np.array([np.inf, 1.0, 1.0]))
        half = 1.96 * np.sqrt(fit.covariance[1, 1])
        covered.append(abs(fit.coefficients[1] - beta[1]) <= half)
    assert 0.93 <= np.mean(covered) <= 0.97


def test_a_person_whose_answers_the_predictor_separates_gets_a_finite_slope():
    z = np.linspace(-1, 1, 20)
    fit = ridge_logistic(np.column_stack([np.ones(20), z]), z > 0, np.array([np.inf, 1.0]))
    assert np.isfinite(fit.coefficients).all()
    assert 0 < fit.coefficients[1] < 10
