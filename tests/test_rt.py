"""Trims against other programs' answers, scores of speed with accuracy, the ex-Gaussian."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest

from analysis.exgaussian import FEWEST_TO_FIT
from analysis.polysemy import Params
from analysis.rt import (
    CRITERION_N,
    MARKS,
    NO_TRIM,
    Floats,
    Trim,
    bis,
    criterion_for,
    ex_gaussian,
    lisas,
    marks,
    trim_of,
)
from mbtexp.errors import DataError

# What is left by trimr 1.1.1.9000 (R 4.2.2): modifiedRecursive(minRT=0), sdTrim(sd=2, perCondition,
# perParticipant), which trims the upper side with the sample SD. Count and mean, s.
SAMPLES = {
    "five": [1.543, 0.63, 0.456, 0.433, 0.651],
    "nine": [1.671, 0.6, 0.769, 0.59, 0.399, 0.937, 0.474, 0.47, 0.607],
    "twelve": [1.534, 0.556, 0.682, 0.733, 0.542, 0.508, 0.664, 0.967, 0.641, 0.468, 0.691, 0.607],
    "thirty": [
        *(1.458, 3.2, 2.1, 0.01, 0.743, 0.568, 0.732, 0.547, 0.497, 0.494, 0.639, 0.473, 0.777),
        *(0.633, 0.536, 0.633, 0.563, 0.618, 0.735, 0.591, 0.569, 0.518, 0.483, 0.515, 0.562),
        *(0.596, 0.623, 0.535, 0.529, 0.668),
    ],
}
RECURSIVE = {"five": 0.5425, "nine": 0.60575, "twelve": 0.6092, "thirty": 0.591423}
UPPER = {
    "five": (5, 0.7426),
    "nine": (8, 0.60575),
    "twelve": (11, 0.6417273),
    "thirty": (28, 0.6016071),
}


def kept(rt: list[float], trim: Trim) -> Floats:
    left: Floats = np.asarray(rt)[marks(rt, trim) == ""]
    return left


@pytest.mark.parametrize("name", SAMPLES)
def test_the_modified_recursive_rule_keeps_what_trimr_keeps(name: str) -> None:
    assert kept(SAMPLES[name], Trim("recursive")).mean() == pytest.approx(RECURSIVE[name], abs=1e-6)


@pytest.mark.parametrize("name", SAMPLES)
def test_the_upper_trim_by_the_sample_sd_keeps_what_trimr_keeps(name: str) -> None:
    left = kept(SAMPLES[name], Trim("sd", 2.0, "upper"))
    assert (left.size, left.mean()) == (UPPER[name][0], pytest.approx(UPPER[name][1], abs=1e-7))


def test_the_moving_criterion_falls_with_the_sample_and_ends_at_3_5() -> None:
    values = [criterion_for(n) for n in range(4, 101)]
    assert values == sorted(values, reverse=True)
    assert [round(criterion_for(n), 4) for n in (4, 16, 21, 36, 51, 99, 100, 1000)] == [
        *(8.0, 3.728, 3.631, 3.538, 3.5098, 3.5002, 3.5, 3.5)
    ]
    assert len(CRITERION_N) == 18


def test_the_recursive_rule_leaves_four_times_at_least() -> None:
    rng = np.random.default_rng(0)
    for n in range(1, 12):
        rt = rng.exponential(0.5, n) ** 4
        left = int((marks(rt, Trim("recursive")) == "").sum())
        assert min(n, 4) <= left <= n


def test_population_and_sample_sd_and_both_sides_are_different_rules() -> None:
    rt = [0.5] * 5 + [0.7] * 5 + [1.2]
    limits = {}
    for ddof in (0, 1):
        sd = float(np.std(rt, ddof=ddof))
        limits[ddof] = (1.2 - np.mean(rt)) / sd
    between = float(np.mean(list(limits.values())))
    assert kept(rt, Trim("sd", between, ddof=0)).size == 10
    assert kept(rt, Trim("sd", between, ddof=1)).size == 11
    low = [1.0] * 10 + [1.1] * 10 + [0.2]
    assert kept(low, Trim("sd", 2.5, "two")).size == 20
    assert kept(low, Trim("sd", 2.5, "upper")).size == 21


def test_the_mad_rule_is_not_moved_by_what_it_marks() -> None:
    rt = [0.50, 0.52, 0.54, 0.56, 0.58, 0.9, 5.0]
    # median .56, deviations .06 .04 .02 0 .02 .34 4.44, their median .04: limit 2.5 x 1.4826 x .04
    assert kept(rt, Trim("mad")).tolist() == rt[:5]
    assert kept(rt, Trim("sd")).tolist() == rt
    assert kept([0.5] * 5 + [0.9], Trim("mad")).size == 6


def test_a_trial_gets_the_first_rule_it_breaks_and_none_is_lost() -> None:
    rt = [0.1, math.nan, 2.5, *[0.5, 0.6] * 10, 1.9]
    found = marks(rt, Trim(), fastest_s=0.25, slowest_s=2.0)
    assert found.shape == (24,)
    assert found[[0, 1, 2, -1]].tolist() == ["too_fast", "no_rt", "too_slow", "trimmed"]
    assert set(found) <= set(MARKS)
    assert marks([0.25, 2.0], fastest_s=0.25, slowest_s=2.0).tolist() == ["", ""]


def test_a_cell_is_within_a_participant_and_a_rule_may_span_the_cells() -> None:
    fast, slow = [0.4, 0.42, 0.44] * 5, [0.9, 0.92, 0.94] * 5
    rt = [*fast, 0.7, *slow]
    cell = ["a"] * 16 + ["b"] * 15
    assert marks(rt, Trim(), cell=cell)[15] == "trimmed"
    assert set(marks(rt, Trim(scope="participant"), cell=cell)) == {""}
    assert marks(rt, Trim(), participant=cell, cell=["x"] * 31)[15] == "trimmed"


def test_the_order_of_the_trials_does_not_matter() -> None:
    rng = np.random.default_rng(2)
    rt, cell = rng.lognormal(-0.5, 0.6, 200), rng.integers(0, 3, 200)
    order = rng.permutation(200)
    for trim in (Trim(), Trim("mad"), Trim("recursive"), Trim(scope="participant")):
        found = marks(rt, trim, cell=cell)
        assert (marks(rt[order], trim, cell=cell[order]) == found[order]).all()
        assert 0 < (found != "").sum() < 60


@pytest.mark.parametrize(
    "name",
    [
        "none",
        "sd2.5/two/ddof1/cell",
        "sd3/upper/ddof0/participant",
        "mad2.5/two/cell",
        "recursive/cell",
        "recursive/participant",
    ],
)
def test_a_rule_and_its_name_are_one(name: str) -> None:
    assert trim_of(name).name == name


@pytest.mark.parametrize("name", ["sd2.5", "sd2.5/two/cell", "mad2/two/ddof1/cell", "iqr", ""])
def test_a_name_that_does_not_say_all_is_refused(name: str) -> None:
    with pytest.raises(DataError, match="There is no trim"):
        trim_of(name)


def test_the_rule_that_polysemy_uses_stands_in_its_method() -> None:
    assert Params().rule == "abs0.25-1.8s, correct, trim=sd2.5/two/ddof1/cell"
    assert Params(trim=trim_of("recursive/cell")).rule.endswith("trim=recursive/cell")
    assert Params(trim=NO_TRIM).rule.endswith("trim=none")


@pytest.mark.parametrize("trim", [Trim(), Trim("mad"), Trim("recursive"), NO_TRIM])
def test_degenerate_times_are_marked_without_a_warning(trim: Trim) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert marks([], trim).size == 0
        assert marks([0.5], trim).tolist() == [""]
        assert marks([math.nan] * 3, trim).tolist() == ["no_rt"] * 3
        assert set(marks([0.5] * 30, trim)) == {""}


# -- speed with accuracy -------------------------------------------------------------------------


def test_lisas_adds_the_errors_in_units_of_the_times() -> None:
    rt = [0.5, 0.7, 0.9, 0.6, 0.8, 1.0]
    correct = [1, 1, 0, 1, 1, 1]
    condition = ["a"] * 3 + ["b"] * 3
    s_rt = np.std([0.5, 0.7, 0.6, 0.8, 1.0], ddof=1)
    s_pe = np.std([0, 0, 1, 0, 0, 0], ddof=1)
    found = lisas(rt, correct, condition)
    assert found["a"] == pytest.approx(0.6 + s_rt / s_pe / 3)
    assert found["b"] == pytest.approx(0.8)
    missed = lisas([*rt, math.nan], [*correct, math.nan], [*condition, "c"])
    assert missed["a"] == pytest.approx(found["a"])
    assert math.isnan(missed["c"])


def test_bis_weighs_speed_and_accuracy_alike() -> None:
    rt, share = np.array([0.5, 0.6, 0.7, 0.8]), np.array([0.80, 0.85, 0.90, 0.95])
    assert bis(rt, share) == pytest.approx(np.zeros(4), abs=1e-9)  # a pure trade of one for another
    assert bis(rt, share[::-1]).sum() == pytest.approx(0)
    with_gap = bis([*rt, math.nan], [*share[::-1], 0.5])
    assert with_gap[:4] == pytest.approx(bis(rt, share[::-1]))
    assert math.isnan(with_gap[4])
    assert bis([0.5, 0.5], [0.9, 0.9]).tolist() == [0, 0]


# -- the ex-Gaussian -----------------------------------------------------------------------------


def times(n: int, seed: int, tau_s: float = 0.15) -> Floats:
    rng = np.random.default_rng(seed)
    return np.round(rng.normal(0.5, 0.05, n) + rng.exponential(tau_s, n), 4)


def test_the_ex_gaussian_is_that_of_scipys_exponnorm() -> None:
    # scipy 1.17.1, exponnorm.fit(rt, 3, loc=.5, scale=.05): loc, scale, K scale, sum of logpdf
    found = ex_gaussian(times(300, 5))
    assert found.mu_s == pytest.approx(0.49316111, abs=2e-5)
    assert found.sigma_s == pytest.approx(0.04784849, abs=2e-5)
    assert found.tau_s == pytest.approx(0.13832078, abs=2e-5)
    assert found.log_lik == pytest.approx(206.8556698514, abs=1e-5)
    assert (found.n, found.flag) == (300, "")


def test_the_ex_gaussian_finds_the_people_that_were_simulated() -> None:
    fits = [ex_gaussian(times(200, seed)) for seed in range(25)]
    mean = np.mean([fit[:3] for fit in fits], axis=0)
    se = np.std([fit[:3] for fit in fits], axis=0, ddof=1) / math.sqrt(len(fits))
    assert (np.abs(mean - [0.5, 0.05, 0.15]) < 3.5 * se + [0.002, 0.002, 0.004]).all()


def test_the_unit_and_the_origin_of_time_do_not_matter() -> None:
    seconds = times(120, 9)
    one, other = ex_gaussian(seconds), ex_gaussian(1000 * seconds + 200)
    assert other.mu_s == pytest.approx(1000 * one.mu_s + 200, rel=1e-4)
    assert other.tau_s == pytest.approx(1000 * one.tau_s, rel=1e-3)


def test_what_cannot_be_fitted_says_why_without_a_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        few = ex_gaussian(times(FEWEST_TO_FIT - 1, 1))
        assert (math.isnan(few.tau_s), few.flag) == (True, "few_values")
        assert ex_gaussian([0.5] * 60).flag == "constant"
        no_tail = ex_gaussian(-times(200, 4))  # skewed to the left: no exponential part at all
        assert no_tail.flag == "at_bound"
        assert ex_gaussian([]).n == 0
