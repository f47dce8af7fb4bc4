"""Single indices against the answers of other programs, with the program and its version.

Trims, mixed models, random effects, questionnaires and discount models have theirs in test_rt,
test_statistics, test_model, test_scales and test_choice.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from analysis.agreement import correlation, detection, line, psychometric, rank_correlation
from analysis.attachment import weighted
from analysis.exgaussian import ex_gaussian
from analysis.ez import cumulants, quartiles
from analysis.intervals import binomial_p, log_odds_difference, mean_t, proportion
from analysis.logistic import ability, ridge_logistic
from analysis.polysemy import difference
from analysis.reliability import icc

X = [1.2, 2.5, 3.1, 3.9, 4.4, 5.2, 5.8, 6.6]
Y = [2.0, 2.0, 4.0, 3.0, 5.0, 4.0, 6.0, 5.0]


def test_slope_and_intercept_are_those_of_lm() -> None:
    # R 4.2.2: summary(lm(y ~ I(x - 4))), confint()
    fit = line(X, Y, middle=4.0)
    assert fit.slope.value == pytest.approx(0.685450192104)
    assert fit.slope.se == pytest.approx(0.179247709101)
    assert fit.intercept.value == pytest.approx(3.815023108191)
    assert fit.intercept.se == pytest.approx(0.300674341027)
    assert (fit.slope.ci_low, fit.slope.ci_high) == pytest.approx((0.246846848, 1.124053536))
    assert (fit.intercept.ci_low, fit.intercept.ci_high) == pytest.approx((3.0792995, 4.5507467))


def test_correlations_are_those_of_cor_test() -> None:
    # R 4.2.2: cor.test(x, y), cor(method = "spearman")
    found = correlation(X, Y)
    assert found.value == pytest.approx(0.842060890471)
    assert (found.ci_low, found.ci_high) == pytest.approx((0.337875957758, 0.970726526323))
    assert rank_correlation(X, Y).value == pytest.approx(0.86074834482)


def test_a_difference_of_means_is_that_of_welchs_t_test() -> None:
    # R 4.2.2: t.test(a, b)
    a, b = [-0.51, -0.42, -0.61, -0.38, -0.55], [-0.62, -0.58, -0.71, -0.49]
    found = weighted([1.0, -1.0], [a, b])
    assert (found.value, found.se) == pytest.approx((0.106, 0.0620429958443))
    assert (found.ci_low, found.ci_high) == pytest.approx((-0.0422635488986, 0.2542635488986))
    # Priming has the same value and standard error, with a normal interval.
    assert (difference(a, b).value, difference(a, b).se) == pytest.approx((found.value, found.se))


def test_a_mean_is_that_of_the_t_test() -> None:
    # R 4.2.2: t.test(v)
    found = mean_t([0.61, 0.72, 0.55, 0.9, 0.83, 0.64, 0.7, 0.58, 1.1, 0.66])
    assert (found.ci_low, found.ci_high) == pytest.approx((0.607625670181, 0.850374329819))


def test_shares_are_those_of_prop_test_and_of_statsmodels() -> None:
    # R 4.2.2: prop.test(correct = FALSE); statsmodels 0.15.0: proportion_confint(method="wilson")
    for (k, n), known in {
        (27, 36): (0.589295462333, 0.862495223370),
        (3, 48): (0.0214832329084, 0.1683543805495),
    }.items():
        found = proportion(k, n)
        assert (found.ci_low, found.ci_high) == pytest.approx(known)
    # R 4.2.2: binom.test() of 14 of 36 against a quarter, one-sided
    assert binomial_p(14, 36, 0.25) == pytest.approx(0.0461401819448)


def test_d_prime_and_criterion_are_those_of_a_probit_model_of_the_corrected_counts() -> None:
    # R 4.2.2: glm(cbind(yes, no) ~ c(.5, -.5), binomial("probit")), with .5 added to each count.
    # Its standard errors are of the counts with the halves in them, ours of those without.
    found = detection(30, 33, 10, 33)
    assert found.d_prime.value == pytest.approx(1.764157086929)
    assert found.criterion.value == pytest.approx(-0.382890701414)
    assert found.d_prime.se == pytest.approx(0.367620545013 * math.sqrt(34 / 33))
    assert found.criterion.se == pytest.approx(0.183810272506 * math.sqrt(34 / 33))


def test_a_difference_of_log_odds_is_that_of_a_logistic_model_of_the_corrected_counts() -> None:
    # R 4.2.2: glm(cbind(c(13.5, 15.5), c(5.5, 3.5)) ~ c(0, 1), binomial)
    found = log_odds_difference((15, 18), (13, 18))
    assert found.value == pytest.approx(0.590135462221)
    assert found.se == pytest.approx(0.778538370937, rel=1e-5)


def test_a_valence_curve_is_the_penalised_fit_of_optim() -> None:
    # R 4.2.2: optim(BFGS) of the log posterior, optimHess()
    z = np.linspace(-1.5, 1.5, 12)
    correct = np.array([1, 1, 1, 0, 1, 1, 0, 1, 0, 0, 1, 0], dtype=bool)
    fit = ridge_logistic(
        np.column_stack([np.ones(12), z, z**2]), correct, np.array([math.inf, 1.0, 1.0])
    )
    assert fit.coefficients == pytest.approx(
        [0.249132328747, -0.773833226766, 0.162104544498], abs=1e-5
    )
    assert np.sqrt(np.diag(fit.covariance)) == pytest.approx(
        [0.801160920441, 0.577526779372, 0.637190898655], rel=1e-4
    )


def test_a_point_of_subjective_equality_is_that_of_optim_with_the_delta_method() -> None:
    # R 4.2.2: optim(BFGS) of the log posterior with N(0, 2.5) on both coefficients, optimHess()
    x = [float(step) for step in range(1, 8)] * 4
    yes = [0, 0, 0, 1, 1, 1, 1, 0, 0, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1, 1, 0, 1, 0, 1, 1, 1, 1]
    found = psychometric(x, [bool(answer) for answer in yes], middle=4.0)
    assert found.slope.value == pytest.approx(1.206618884769, rel=1e-5)
    assert found.slope.se == pytest.approx(0.417555273585, rel=1e-4)
    assert found.pse.value == pytest.approx(3.50953739366, rel=1e-5)
    assert found.pse.se == pytest.approx(0.452395529153, rel=1e-4)


def test_ability_is_what_quadrature_finds() -> None:
    # R 4.2.2: optimize() and integrate() of the posterior, uniroot() of its distribution
    difficulty = np.linspace(-1.5, 1.5, 10)
    answers = np.array([[1, 1, 1, 0, 1, 1, 1, 0, 0, 1]], dtype=float)
    found = ability(answers, difficulty, 0.25)
    assert found.mode[0] == pytest.approx(0.261476015377, abs=1e-4)
    assert found.sd[0] == pytest.approx(0.704476287379, abs=1e-3)
    assert found.low[0] == pytest.approx(-1.19765607096, abs=2e-3)
    assert found.high[0] == pytest.approx(1.57592944077, abs=2e-3)


def test_the_standard_errors_of_the_ex_gaussian_are_those_of_optim() -> None:
    # R 4.2.2: optim(BFGS) of the log likelihood in mu, ln sigma and ln tau, optimHess()
    rng = np.random.default_rng(5)
    rt = np.round(rng.normal(0.5, 0.05, 300) + rng.exponential(0.15, 300), 4)
    found = ex_gaussian(rt)
    assert (found.mu_s, found.sigma_s, found.tau_s) == pytest.approx(
        (0.493161036301, 0.0478480571692, 0.1383209680238), rel=1e-4
    )
    assert (found.se_mu_s, found.se_ln_sigma, found.se_ln_tau) == pytest.approx(
        (0.00831131872365, 0.14002316563037, 0.08090037097494), rel=1e-3
    )


@pytest.mark.parametrize(
    ("drift", "mean", "variance", "known"),
    [
        (0.5, 0.24491473522618, 0.03965033321043, (0.10463418, 0.18580803, 0.32284264)),
        (3.0, 0.15085804221301, 0.01174237570076, (0.07478199, 0.12046977, 0.19443617)),
    ],
)
def test_the_diffusion_behind_ez_is_that_of_pyddm(
    drift: float, mean: float, variance: float, known: tuple[float, float, float]
) -> None:
    # PyDDM 0.9.0, drift and noise 1, bounds at 1/2, dx .0005, dt .0001, four seconds of it.
    found = quartiles(drift)
    assert (found.low, found.median, found.high) == pytest.approx(known, abs=1e-4)
    assert cumulants(drift)[:2] == pytest.approx((mean, variance), rel=3e-4)


def test_the_icc_is_that_of_pingouin() -> None:
    # pingouin 0.7.0: intraclass_corr() of table 2 of Shrout & Fleiss (1979)
    scores = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    found = icc(scores)
    assert found.agreement.value == pytest.approx(0.289764, abs=1e-6)
    assert found.consistency.value == pytest.approx(0.714841, abs=1e-6)
