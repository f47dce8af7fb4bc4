"""Logistic models of one person's right and wrong answers: a ridge regression and Rasch ability."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.intervals import Floats, posterior

GRID = np.linspace(-6.0, 6.0, 1201)
"""Abilities at which the posterior is tabulated, in units of the prior's SD."""


@dataclass(frozen=True)
class Ridge:
    """Posterior mode and covariance (Laplace) of a logistic regression."""

    coefficients: Floats
    covariance: Floats


@dataclass(frozen=True)
class _Problem:
    """What the regression is fitted to."""

    predictors: Floats
    correct: NDArray[np.bool_]
    precision: Floats

    def height(self, beta: Floats) -> float:
        """Log posterior up to a constant."""
        logit = self.predictors @ beta
        log_p = -np.logaddexp(0.0, np.where(self.correct, -logit, logit))
        return float(log_p.sum() - 0.5 * (self.precision * beta**2).sum())

    def gradient(self, beta: Floats) -> Floats:
        residual = self.correct - _logistic(self.predictors @ beta)
        slope: Floats = self.predictors.T @ residual - self.precision * beta
        return slope

    def information(self, beta: Floats) -> Floats:
        """Negative second derivative of the log posterior."""
        p = _logistic(self.predictors @ beta)
        weighted = self.predictors * (p * (1 - p))[:, None]
        information: Floats = self.predictors.T @ weighted + np.diag(self.precision)
        return information


def ridge_logistic(predictors: Floats, correct: NDArray[np.bool_], prior_sd: Floats) -> Ridge:
    """Mode and curvature of a logistic regression with independent normal priors around 0.

    Newton's method with halved steps; the posterior is concave, so it cannot go astray.

    Parameters
    ----------
    predictors
        Shape (trials, coefficients), the constant included.
    correct
        Shape (trials,); a flat prior on the constant needs both right and wrong answers.
    prior_sd
        Shape (coefficients,); infinity is a flat prior.
    """
    problem = _Problem(predictors, correct, 1.0 / prior_sd**2)
    beta = np.zeros(predictors.shape[1])
    for _ in range(100):
        step = np.linalg.solve(problem.information(beta), problem.gradient(beta))
        moved = _uphill(problem, beta, step.astype(np.float64))
        if np.abs(moved - beta).max() < 1e-10:
            break
        beta = moved
    covariance = np.linalg.inv(problem.information(beta)).astype(np.float64)
    return Ridge(beta, covariance)


def _uphill(problem: _Problem, beta: Floats, step: Floats) -> Floats:
    """Where a step leads, halved until that is not down; the start if every step leads down."""
    height = problem.height(beta)
    halves: list[Floats] = [beta + step / 2**halving for halving in range(30)]
    return next((tried for tried in halves if problem.height(tried) >= height), beta)


def _logistic(x: Floats) -> Floats:
    result: Floats = 0.5 * (1 + np.tanh(x / 2))
    return result


@dataclass(frozen=True)
class Ability:
    """Abilities of several people: posterior mode, mean, SD and equal-tailed 95 % limits."""

    mode: Floats
    mean: Floats
    sd: Floats
    low: Floats
    high: Floats


def ability(correct: Floats, difficulty: Floats, guessing: float) -> Ability:
    """Ability under a Rasch model with guessing and a standard normal prior.

    P(correct) = c + (1 - c) / (1 + exp(-(theta - b))), with item difficulty b on the same scale.

    Parameters
    ----------
    correct
        Shape (people, items): 1, 0, or NaN for an item without an answer.
    difficulty
        Shape (items,), in logits on the scale whose population is N(0, 1).
    guessing
        Chance c of a right answer without any ability.
    """
    answered = ~np.isnan(correct)
    right = np.where(answered, correct, 0.0)
    wrong = np.where(answered, 1.0 - correct, 0.0)
    p = guessing + (1 - guessing) * _logistic(GRID[None, :] - difficulty[:, None])
    log_density = right @ np.log(p) + wrong @ np.log1p(-p) - 0.5 * GRID**2
    mean, sd, low, high = posterior(GRID, log_density)
    start = GRID[np.argmax(log_density, axis=1)]
    return Ability(_mode(start, right, wrong, difficulty, guessing), mean, sd, low, high)


def _mode(start: Floats, right: Floats, wrong: Floats, difficulty: Floats, c: float) -> Floats:
    """The posterior's mode by Newton's method from the nearest point of the grid."""
    theta = start.copy()
    for _ in range(8):
        s = _logistic(theta[:, None] - difficulty)
        p, first = c + (1 - c) * s, (1 - c) * s * (1 - s)
        second = first * (1 - 2 * s)
        per_p = right / p - wrong / (1 - p)
        slope = (per_p * first).sum(axis=1) - theta
        information = (right / p**2 + wrong / (1 - p) ** 2) * first**2
        curvature = (per_p * second - information).sum(axis=1) - 1.0
        # Near the top of the grid the curvature is negative; a step is never longer than its cell.
        cell = GRID[1] - GRID[0]
        theta = theta + np.clip(-slope / np.minimum(curvature, -1e-6), -cell, cell)
    return theta
