"""Tops are found on ridges, at walls and among several hills; slopes are those of the heights."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import optimize

from analysis import hyperbola
from analysis.climb import climbed
from analysis.hyperbola import BOUNDS_LN_BETA, MODELS, Choices, fit_likelihood, fit_posterior
from analysis.intervals import Floats


def winding(at: Floats) -> tuple[Floats, Floats]:
    """Rosenbrock's valley turned upside down: a narrow ridge that winds to (1, 1)."""
    x, y = at.T
    slopes = np.stack([2 * (1 - x) + 400 * x * (y - x**2), -200 * (y - x**2)], axis=1)
    return -((1 - x) ** 2) - 100 * (y - x**2) ** 2, slopes


def two_hills(at: Floats) -> tuple[Floats, Floats]:
    """Tops near -1 and 1; that at 1 is the higher one."""
    x = at[:, 0]
    return -((x**2 - 1) ** 2) + 0.1 * x, (-4 * x * (x**2 - 1) + 0.1)[:, None]


def test_a_narrow_ridge_that_winds_is_followed_to_its_top() -> None:
    at, top, information = climbed(winding, np.array([[-1.2, 1.0]]), [(-5, 5), (-5, 5)])
    assert at == pytest.approx([1, 1], abs=1e-6)
    assert top == pytest.approx(0, abs=1e-10)
    assert information == pytest.approx(np.array([[802, -400], [-400, 200]]), abs=1e-3)


def test_at_a_wall_the_climb_goes_on_along_it() -> None:
    at, top, _ = climbed(winding, np.array([[-1.2, 0.0]]), [(-5, 0.5), (-5, 5)])
    assert at == pytest.approx([0.5, 0.25], abs=1e-6)
    assert top == pytest.approx(-0.25, abs=1e-9)


def test_the_highest_of_several_tops_is_taken() -> None:
    starts = np.array([[-1.5], [1.5]])
    box = [(-3.0, 3.0)]
    assert climbed(two_hills, starts, box)[0] == pytest.approx([1.0122], abs=1e-4)
    assert climbed(two_hills, starts[:1], box)[0] == pytest.approx([-0.9873], abs=1e-4)


def person(rng: np.random.Generator, n: int) -> Choices:
    """Answers of somebody to offers that lie around the own rate, some of them both delayed."""
    ln_k, beta = rng.normal(-4.5, 2.0), math.exp(rng.normal(2.0, 1.0))
    later_days = rng.choice([1.0, 7, 30, 90, 365], n)
    sooner_days = np.where(rng.random(n) < 0.3, 1.0, 0.0)
    k = np.exp(ln_k + rng.normal(0, 0.8, n))
    sooner = np.clip(1 / (1 + k * later_days), 0.02, 0.98)
    gain = 1 / (1 + math.exp(ln_k) * (later_days + sooner_days)) - sooner
    chose_later = rng.random(n) < 1 / (1 + np.exp(-beta * gain))
    return Choices(sooner, np.ones(n), sooner_days, later_days + sooner_days, chose_later)


@pytest.mark.parametrize("model", MODELS)
def test_the_slopes_of_a_likelihood_are_those_of_its_heights(model: str) -> None:
    offers = hyperbola._offers(person(np.random.default_rng(3), 27))
    at = np.array([-4.0, 0.3, 1.5] if len(MODELS[model].bounds) == 2 else [-4.0, 1.5])
    _, slopes = hyperbola._rise(offers, MODELS[model], at[None, :])

    def height(point: Floats) -> float:
        return float(hyperbola._rise(offers, MODELS[model], point[None, :])[0][0])

    assert slopes[0] == pytest.approx(optimize.approx_fprime(at, height, 1e-7), abs=1e-4)


def test_the_slopes_of_the_posterior_are_those_of_its_heights_which_are_those_of_its_grid() -> None:
    offers = hyperbola._offers(person(np.random.default_rng(4), 150))
    at = np.array([hyperbola.GRID_LN_K[230], hyperbola.GRID_LN_BETA[20]])
    heights, slopes = hyperbola._posterior_rise(offers, at[None, :])
    assert heights[0] == pytest.approx(hyperbola._log_posterior(offers)[230, 20], rel=1e-12)

    def height(point: Floats) -> float:
        return float(hyperbola._posterior_rise(offers, point[None, :])[0][0])

    assert slopes[0] == pytest.approx(optimize.approx_fprime(at, height, 1e-7), abs=1e-4)


@pytest.mark.parametrize("model", MODELS)
def test_no_search_from_many_places_finds_more_likely_parameters(model: str) -> None:
    rng = np.random.default_rng(5)
    box = [*MODELS[model].bounds, BOUNDS_LN_BETA]
    for n in (12, 27, 40):
        data = person(rng, n)
        offers = hyperbola._offers(data)

        def loss(at: Floats, offers: hyperbola._Offers = offers) -> tuple[float, Floats]:
            heights, slopes = hyperbola._rise(offers, MODELS[model], at[None, :])
            return -float(heights[0]), -slopes[0]

        starts = rng.uniform(*np.array(box).T, size=(25, len(box)))
        found = [
            optimize.minimize(loss, at, jac=True, method="L-BFGS-B", bounds=box) for at in starts
        ]
        assert fit_likelihood(data, model).log_likelihood >= -min(f.fun for f in found) - 2e-7


def test_no_point_near_the_mode_is_denser() -> None:
    rng = np.random.default_rng(6)
    for _ in range(20):
        data = person(rng, 27)
        fit = fit_posterior(data)
        mode = np.array([[fit.ln_k.value, fit.ln_beta.value]])
        around = mode + rng.normal(0, 1, (500, 2)) * 10.0 ** -rng.uniform(0, 6, (500, 1))
        heights, _ = hyperbola._posterior_rise(hyperbola._offers(data), np.vstack([mode, around]))
        assert heights[0] >= heights[1:].max() - 1e-9
