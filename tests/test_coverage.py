"""95 % intervals hold the truth in 95 % of simulated people; degenerate people get reasons."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from analysis import attachment, discounting, eyes, polysemy, trust
from analysis.agreement import detection, line
from analysis.hyperbola import (
    LAPSE,
    PRIOR_LN_BETA,
    PRIOR_LN_BETA_SD,
    PRIOR_LN_K,
    PRIOR_LN_K_SD,
    choices,
    fit_posterior,
)
from analysis.indices import FLAGS
from analysis.intervals import Estimate, proportion
from analysis.run import ANALYSES

PEOPLE = 2000


def share_that_holds(estimates: list[tuple[Estimate, float]]) -> float:
    held = [
        e.ci_low <= truth <= e.ci_high
        for e, truth in estimates
        if e.ci_low is not None and e.ci_high is not None
    ]
    assert len(held) == len(estimates)
    return float(np.mean(held))


# -- coverage ------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(("n", "p"), [(36, 0.73), (36, 0.5), (73, 0.8), (100, 0.25)])
def test_wilsons_interval_holds_the_true_share(n: int, p: float) -> None:
    rng = np.random.default_rng(1)
    found = [(proportion(int(k), n), p) for k in rng.binomial(n, p, PEOPLE)]
    assert 0.93 < share_that_holds(found) < 0.97


@pytest.mark.slow
def test_the_interval_of_a_trust_slope_holds_the_true_slope() -> None:
    rng = np.random.default_rng(2)
    found = []
    for _ in range(PEOPLE):
        norms = rng.normal(4, 1, 50)
        slope = rng.normal(0.8, 0.3)
        ratings = 4 + slope * (norms - 4) + rng.normal(0, 1, 50)
        found.append((line(norms.tolist(), ratings.tolist(), middle=4.0).slope, slope))
    assert 0.93 < share_that_holds(found) < 0.97


@pytest.mark.slow
def test_the_posterior_of_ln_k_holds_the_true_ln_k() -> None:
    # People drawn from the prior itself: a posterior interval promises its coverage over them.
    rng = np.random.default_rng(3)
    found = []
    for _ in range(PEOPLE):
        ln_k = rng.normal(PRIOR_LN_K, PRIOR_LN_K_SD)
        beta = math.exp(rng.normal(PRIOR_LN_BETA, PRIOR_LN_BETA_SD))
        later, days = np.full(40, 100.0), rng.choice([7, 30, 90, 180, 365], 40).astype(float)
        sooner = rng.uniform(5, 98, 40)
        gain = (later / (1 + math.exp(ln_k) * days) - sooner) / later
        p = LAPSE / 2 + (1 - LAPSE) / (1 + np.exp(-np.clip(beta * gain, -500, 500)))
        chose = rng.random(40) < p
        rows = [
            (float(s), float(a), 0.0, float(d), bool(c))
            for s, a, d, c in zip(sooner, later, days, chose, strict=True)
        ]
        found.append((fit_posterior(choices(rows)).ln_k, ln_k))
    assert 0.93 < share_that_holds(found) < 0.97


@pytest.mark.slow
@pytest.mark.parametrize(("n_signal", "n_noise"), [(60, 60), (40, 120)])
def test_the_interval_of_d_prime_holds_the_true_sensitivity(n_signal: int, n_noise: int) -> None:
    rng = np.random.default_rng(4)
    hit, alarm = 0.8413447, 0.3085375  # z = 1 and -.5: d' = 1.5
    found = [
        (detection(int(h), n_signal, int(f), n_noise).d_prime, 1.5)
        for h, f in zip(
            rng.binomial(n_signal, hit, PEOPLE), rng.binomial(n_noise, alarm, PEOPLE), strict=True
        )
    ]
    assert 0.93 < share_that_holds(found) < 0.97


@pytest.mark.slow
@pytest.mark.parametrize(
    "of",
    [
        polysemy.difference,
        lambda a, b: attachment.weighted([1.0, -1.0], [a, b]),
    ],
    ids=["priming", "Welch"],
)
def test_the_interval_of_a_difference_of_mean_log_times_holds_the_truth(
    of: Callable[[list[float], list[float]], Estimate],
) -> None:
    rng = np.random.default_rng(5)
    found = []
    for _ in range(PEOPLE):
        slow, fast = rng.normal(-0.45, 0.25, 40), rng.normal(-0.5, 0.2, 36)
        found.append((of(slow.tolist(), fast.tolist()), 0.05))
    assert 0.93 < share_that_holds(found) < 0.97


# -- degenerate people ---------------------------------------------------------------------------

N = 24
WORDS = {"word_tl": "calm", "word_tr": "tense", "word_bl": "amused", "word_br": "shy"}


def people(task: str) -> pd.DataFrame:
    """A dull but complete run of each task."""
    odd = np.arange(N) % 2 == 1
    rt = 0.5 + 0.01 * np.arange(N)
    common = {"participant": "01", "trial": range(1, N + 1), "rt_s": rt}
    columns: dict[str, dict[str, object]] = {
        "eyes": {
            "correct": odd,
            "response": np.where(odd, "calm", "shy"),
            "target": "calm",
            "position": np.where(odd, "tl", "br"),
            "valence": np.linspace(-1, 1, N),
            "difficulty": 0.0,
            **WORDS,
        },
        "trust": {
            "judgement": np.where(np.arange(N) < N / 2, "trust", "age"),
            "response": (1 + np.arange(N) % 7).astype(float),
            "trust": np.linspace(2, 6, N),
            "age": np.linspace(20, 60, N),
            "level": np.repeat(["low", "middle", "high"], N // 3),
            "stim_id": [f"f{k % 20}" for k in range(N)],
            "repeat": np.arange(N) >= 20,
        },
        "discounting": {
            "response": np.where(odd, "later", "sooner"),
            "sooner": np.linspace(10, 90, N),
            "later": 100.0,
            "later_days": 30.0,
            "position": np.where(odd, "left", "right"),
        },
        "polysemy": {
            "condition": np.resize(
                [*polysemy.CELLS, "nonword"],
                N,
            ),
            "soa_s": 0.25,
            "is_word": np.arange(N) % 6 != 5,
            "response": np.where(np.arange(N) % 6 != 5, "word", "nonword"),
            "correct": True,
        },
        "attachment": {
            "kind": "picture",
            "condition": np.resize(["own", "acquainted", "friend", "unfamiliar"], N),
            "dot": np.arange(N) % 3 == 0,
            "response": np.where(np.arange(N) % 3 == 0, "pressed", "none"),
        },
    }
    return pd.DataFrame({**common, **columns[task]})


def same_key(trials: pd.DataFrame) -> pd.DataFrame:
    first = trials["response"].iloc[0]
    changed = trials.assign(response=first)
    if "position" in trials:
        changed["position"] = trials["position"].iloc[0]
    if "target" in trials:
        changed["correct"] = changed["response"] == changed["target"]
    if "is_word" in trials:
        changed["correct"] = trials["is_word"].astype(bool) == (first == "word")
    return changed


def all_missed(trials: pd.DataFrame) -> pd.DataFrame:
    gone = {name: np.nan for name in ("response", "correct", "rt_s", "position") if name in trials}
    return trials.assign(**gone)


def one_trial(trials: pd.DataFrame) -> pd.DataFrame:
    return trials.iloc[:1]


def constant_rt(trials: pd.DataFrame) -> pd.DataFrame:
    return trials.assign(rt_s=0.5)


def all_later(trials: pd.DataFrame) -> pd.DataFrame:
    if "later_days" in trials:
        return trials.assign(response="later")
    return trials.assign(rt_s=np.nan)


def only_practice(trials: pd.DataFrame) -> pd.DataFrame:
    return trials.assign(practice=True)


SCORES: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "attachment": attachment.score,
    "discounting": discounting.score,
    "eyes": eyes.score,
    "polysemy": polysemy.score,
    "trust": trust.score,
}


@pytest.mark.parametrize("task", SCORES)
@pytest.mark.parametrize(
    "made", [same_key, all_missed, one_trial, constant_rt, all_later, only_practice]
)
def test_a_degenerate_person_gets_numbers_or_a_reason_and_no_warning(
    task: str, made: Callable[[pd.DataFrame], pd.DataFrame]
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = SCORES[task](made(people(task)))
    meaning = {**FLAGS, **ANALYSES[task].flags}
    assert len(found) > 10
    for _, row in found.iterrows():
        flags = set() if pd.isna(row["flag"]) else set(str(row["flag"]).split("|"))
        assert flags <= set(meaning)
        if pd.isna(row["value"]):
            assert any("undefined" in meaning[flag] for flag in flags), row
        else:
            assert not any(meaning[flag].startswith("undefined") for flag in flags), row
        numbers = [row[name] for name in ("value", "se", "ci_low", "ci_high")]
        assert not any(math.isinf(float(number)) for number in numbers)
        assert row["n_used"] <= row["n_total"]


@pytest.mark.parametrize("task", SCORES)
def test_a_whole_person_has_values(task: str) -> None:
    found = SCORES[task](people(task))
    assert found["value"].notna().sum() >= 8
