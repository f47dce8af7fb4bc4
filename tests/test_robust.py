"""Robust regression, mediation within persons, partial correlation: against R and pingouin."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.association import partial_correlation
from analysis.intervals import Estimate, undefined
from analysis.mediation import mediation
from analysis.robust import huber, product

# fmt: off
X = np.array([2.85, 3.53, 1.83, 2, 4.8, 2.47, 4.96, 4.19, 3.45, 2.4, 2.59, 3.12,
              1.81, 3.22, 2.24, 3.51, 3.25, 4.48, 2.85, 2.78, 2.75, 3.48, 3.01, 3.89])
Z = np.array([3.07, 3.01, 2.81, 2.23, 2.78, 2.02, 1.9, 2.06, 3.68, 1.42, 2.13, 3.48,
              2.81, 4.55, 2.39, 2.65, 1.36, 3.02, 3.89, 2.13, 3.89, 2.66, 0.81, 3.88])
WILD = np.array([0.568, 0.311, 6, 0.085, -0.271, 0.404, -0.046, 0.265, 0.22, 0.356, 0.893, 0.284,
                 -0.221, 1.559, 0.125, -0.828, -5, 1.052, -0.12, -0.405, -0.037, 0.527, 0.206,
                 0.305])
CONTROL = np.array([48.6, 63.4, 76.8, 62.3, 49.7, 66.8, 44, 66, 59, 64.7, 50.9, 46.4, 93.9, 51,
                    40.5, 67.6, 47.2, 37.4, 78, 44.6, 74.1, 51.9, 67.7, 54.7])
ATTACHMENT = np.array([49.9, 40, 78.9, 44.3, 33.3, 57.2, 38, 52.8, 26.3, 58.6, 43.8, 24.3, 94.6,
                       50.2, 36.9, 71.8, 39.7, 2.4, 65.2, 27.4, 57.9, 42.9, 55.4, 43.8])
CHANGE = np.array([1.304, -1.052, 0.569, -0.133, -0.65, 0.455, 0.453, -0.113, -0.087, -0.846,
                   -0.425, -1.359, 0.012, -0.865, -0.582, -0.163, -0.56, -2.255, -0.628, -0.376,
                   -1.458, -0.053, -1.369, -0.593])
SE = np.array([0.537, 0.578, 0.581, 0.493, 0.595, 0.433, 0.693, 0.592, 0.512, 0.489, 0.594, 0.443,
               0.417, 0.513, 0.625, 0.557, 0.599, 0.512, 0.626, 0.492, 0.448, 0.545, 0.64, 0.403])
A = [1.63, 1.92, 0.7, 0.92, 2.26, 0.66, 1.03, 0.87, 1.67, 0.67, 1.38, 1.62, 0.74, 0.4, 1.9, 0.02,
     0.13, -0.47, 2.19, 0.58, 0.53, -0.31, 1.69, -0.08, -0.13, 1.59, 0.4, 0.83, 1.87, 0.75]
B = [2.21, 4.11, 1.55, 0.82, 0.76, 1.74, 1.73, 2.21, 2.27, 1.26, 2.18, 2.34, 1.86, 1.66, 2.33, 3.92,
     2.34, -0.56, 4.34, 2.5, 1.36, 2.43, 2.72, 0.82, 1.21, 1.39, 2.64, 3.57, 2.95, 2.71]
AGE = [39, 43, 18, 43, 33, 34, 38, 27, 49, 19, 26, 30, 36, 31, 22, 19, 18, 19, 22, 49, 24, 38, 42,
       25, 27, 31, 26, 49, 23, 46]
SEX = [1, 1, 0, 0, 1, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 1, 1, 1, 1, 0, 0]
WORDS = [23.6, 30.1, 29.8, 28.5, 24.8, 28.0, 24.5, 23.2, 31.1, 24.5, 35.9, 33.6, 20.0, 31.4, 24.5,
         30.2, 30.2, 20.1, 28.8, 28.7, 34.8, 24.1, 33.7, 24.5, 28.3, 25.8, 37.2, 32.8, 42.2, 33.2]
# fmt: on


def parts(estimate):
    return (estimate.value, estimate.se, estimate.ci_low, estimate.ci_high)


# -- robust regression ----------------------------------------------------------------------------


# MASS::rlm in R 4.2.2 (defaults, acc = 1e-14): summary() and t quantiles with 20 df.
def test_a_robust_regression_is_that_of_mass_with_an_interaction_and_two_wild_people():
    found = huber(WILD, np.column_stack([np.ones(24), X, Z, X * Z]))
    expected = [
        (1.838813553783, 2.303097941792, -2.965364568268, 6.642991675834),
        (-0.644331555396, 0.726413681154, -2.159603941877, 0.870940831085),
        (-0.612227394036, 0.902135263542, -2.494048578273, 1.269593790201),
        (0.240859953997, 0.282503262050, -0.348431524373, 0.830151432367),
    ]
    for estimate, known in zip(found.coefficients, expected, strict=True):
        assert parts(estimate) == pytest.approx(known, rel=1e-8)
    assert (found.n, found.df) == (24, 20)


def test_people_with_a_missing_score_take_no_part_and_too_few_have_no_regression():
    columns = np.column_stack([np.ones(24), X])
    known = huber(WILD[1:], columns[1:]).coefficients[1]
    assert parts(huber([np.nan, *WILD[1:]], columns).coefficients[1]) == pytest.approx(parts(known))
    assert huber(WILD[:4], columns[:4]).coefficients[1].flags == ("few_people",)
    assert huber(WILD, np.ones((24, 2))).coefficients[1].flags == ("constant_score",)
    assert huber(2 + X, columns).coefficients[1].flags == ("perfect",)
    assert huber(2 + X, columns).coefficients[1].value == pytest.approx(1)


def test_two_wild_people_do_not_carry_a_robust_slope_away():
    rng = np.random.default_rng(8)
    x = rng.standard_normal(60)
    y = 0.4 * x + 0.5 * rng.standard_normal(60)
    columns = np.column_stack([np.ones(60), x])
    calm = huber(y, columns).coefficients[1].value
    y[:2] += 1000
    assert huber(y, columns).coefficients[1].value == pytest.approx(calm, abs=0.1)
    assert abs(np.polyfit(x, y, 1)[0] - calm) > 1


# -- mediation ------------------------------------------------------------------------------------


def mediated(change=CHANGE, se=SE):
    return mediation(ATTACHMENT - CONTROL, (ATTACHMENT + CONTROL) / 2, change, se)


# R 4.2.2: lm(dm ~ 1); metafor 3.8-1: rma(dy, sei, mods = ~ dm + centred mean, test = "knha");
# quantiles of 4 million products of t-distributed a and b.
def test_a_mediation_within_persons_is_that_of_lm_and_metafor():
    found = mediated()
    assert (found.a.value, found.a.se) == pytest.approx((-11.3166666667, 2.08815384333))
    assert parts(found.b) == pytest.approx(
        (0.04055300038626, 0.0165205542388, 0.00619662706859, 0.0749093737039), rel=1e-7
    )
    assert parts(found.direct) == pytest.approx(
        (0.00610113590537, 0.2358945208615, -0.48446837557357, 0.4966706473843), rel=1e-6
    )
    assert found.indirect.value == pytest.approx(-0.458924787705)
    # The noise of 100,000 draws: about .005 at these quantiles.
    assert found.indirect.ci_low == pytest.approx(-0.92754, abs=0.015)
    assert found.indirect.ci_high == pytest.approx(-0.06581, abs=0.01)
    assert (found.n, found.df_a, found.df_b) == (24, 23, 21)


# lme4 1.1-31, two rows a person:
# lmer(y ~ state + m_within + m_between + state:m_between + (1 | id)).
def test_with_equal_errors_it_is_the_mixed_model_of_the_runs():
    found = mediated(3 * CHANGE, np.full(24, 0.4))
    assert (found.b.value, found.b.se) == pytest.approx((0.12439718031918, 0.0482602055), rel=1e-6)
    assert (found.direct.value, found.direct.se) == pytest.approx(
        (0.06101142394541, 0.678179039), rel=1e-6
    )


def test_the_same_numbers_give_the_same_interval_and_little_gives_its_reason():
    assert mediated() == mediated()
    few = mediation([1, 2, 3], [5, 6, 7], [0, 1, 0], [1, 1, 1])
    assert few.indirect.flags == ("few_people",)
    alike = mediation([10.0] * 8, np.arange(8.0), np.arange(8.0), [1.0] * 8)
    assert alike.indirect.flags == ("same_affect",)
    assert product(undefined("few_people"), 3, Estimate(1.0, 1.0), 3).flags == ("few_people",)


@pytest.mark.slow
@pytest.mark.parametrize("slope", [0.0, 0.02])
def test_the_indirect_effect_lies_in_its_interval_in_95_of_100_studies(slope):
    rng = np.random.default_rng(2)
    inside, found = 0, []
    for _ in range(500):
        control = 60 + 15 * rng.standard_normal(40)
        change = -12 + 10 * rng.standard_normal(40)
        effect = -0.1 + 0.3 * rng.standard_normal(40) + slope * change
        level = 1 + 0.5 * rng.standard_normal(40)
        right = [rng.binomial(36, 1 / (1 + np.exp(-(level + s * effect / 2)))) for s in (-1, 1)]
        logits = [np.log((c + 0.5) / (36.5 - c)) for c in right]
        noise = sum(1 / (c + 0.5) + 1 / (36.5 - c) for c in right)
        se = np.full(40, np.sqrt(noise.mean()))
        part = mediation(change, control + change / 2, logits[1] - logits[0], se).indirect
        found.append(part.value)
        inside += part.ci_low <= -12 * slope <= part.ci_high
    assert np.mean(found) == pytest.approx(-12 * slope, abs=0.02)
    assert 0.93 <= inside / 500 <= 0.98


# -- partial correlation --------------------------------------------------------------------------


# pingouin 0.7.0: partial_corr(a, b, [age, sex, words]); freed: the inverse of the correlation
# matrix after the correlations of both scores were divided by the roots of their reliabilities.
def test_a_partial_correlation_is_that_of_pingouin_and_is_freed_before_it_is_partial():
    found = partial_correlation(A, B, np.column_stack([AGE, SEX, WORDS]), 0.6, 0.75)
    assert found.attenuated.value == pytest.approx(0.26239404476431905)
    assert (found.attenuated.ci_low, found.attenuated.ci_high) == pytest.approx(
        (-0.13, 0.58), abs=0.005
    )
    assert found.disattenuated.value == pytest.approx(0.43565316990434966)


def test_what_a_covariate_explains_is_gone_and_what_is_left_of_the_noise_is_told():
    rng = np.random.default_rng(6)
    words = rng.standard_normal(4000)
    a, b = (words + rng.standard_normal(4000) for _ in range(2))
    assert np.corrcoef(a, b)[0, 1] > 0.4
    assert partial_correlation(a, b, words[:, None], 0.8, 0.8).attenuated.value == pytest.approx(
        0, abs=0.06
    )
    # Noise of half of the variance: nothing reliable is left beside the covariate.
    left = partial_correlation(a, b, words[:, None], 0.45, 0.8)
    assert left.disattenuated.flags == ("zero_reliability",)


def test_covariates_that_say_the_same_or_leave_nothing_have_a_reason():
    twice = np.column_stack([AGE, AGE])
    assert partial_correlation(A, B, twice, 0.8, 0.8).attenuated.flags == ("constant_score",)
    own = np.array(A)[:, None]
    assert partial_correlation(A, B, own, 0.8, 0.8).attenuated.flags == ("constant_score",)
    few = partial_correlation(A[:7], B[:7], np.array(AGE[:7] * 3).reshape(3, 7).T, 0.8, 0.8)
    assert few.attenuated.flags == ("few_people",)
