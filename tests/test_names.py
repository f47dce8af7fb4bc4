"""The functions that laboratories' scripts call: names, order and defaults of what they take."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from analysis import attachment, discounting, eyes, polysemy, trust
from analysis.ez import ez_diffusion
from analysis.intervals import wilson
from analysis.mixed import fit_crossed
from analysis.reliability import alpha, icc, split_half
from analysis.sdt import dprime
from mbtexp.errors import DataError


@pytest.mark.parametrize(
    ("function", "takes"),
    [
        (discounting.score_mcq27, "answers, missing='none'"),
        (discounting.fit_choices, "trials, model='hyperbolic', method='hierarchical'"),
        (discounting.auc, "delays_d, indifference, amount, axis='delay', add_zero=True"),
        (discounting.johnson_bickel, "delays_d, indifference, amount"),
        (ez_diffusion, "proportion_correct, rt_variance, rt_mean, s=0.1, n=None"),
        (dprime, "hits, misses, false_alarms, correct_rejections"),
        (wilson, "k, n"),
        (split_half, "trials, score, by='participant', strata=(), n_splits=5000, seed=0"),
        (alpha, "items"),
        (icc, "table"),
        (fit_crossed, "y, X, person, item"),
        *((task.score, "trials") for task in (eyes, trust, polysemy, attachment, discounting)),
    ],
)
def test_what_scripts_give_by_name_or_place_is_taken(
    function: Callable[..., Any], takes: str
) -> None:
    given = inspect.signature(function).parameters.values()
    told = [
        one.name if one.default is one.empty else f"{one.name}={one.default!r}" for one in given
    ]
    assert ", ".join(told).startswith(takes)
    named = [one for one in given if one.name in takes]
    assert {one.kind for one in named} == {inspect.Parameter.POSITIONAL_OR_KEYWORD}
    assert all(one.default is not one.empty for one in given if one.name not in takes)


@pytest.mark.parametrize("name", ["quasi-hyperbolic", "quasi_hyperbolic"])
def test_a_models_name_may_have_a_hyphen(name: str) -> None:
    import pandas as pd

    trials = pd.DataFrame(
        {
            "participant": "01",
            "amount_sooner": np.linspace(10, 90, 12),
            "delay_sooner_d": 0.0,
            "amount_later": 100.0,
            "delay_later_d": [7.0, 30.0, 90.0] * 4,
            "chose_later": [1] * 7 + [0] * 5,
        }
    )
    assert discounting.fit_choices(trials, name, "ml")["model"].tolist() == ["quasi_hyperbolic"]


def test_more_successes_than_trials_are_refused() -> None:
    with pytest.raises(DataError, match="from 0 to the number of trials"):
        wilson([3, 11], 10)
    assert np.isnan(wilson(np.nan, 10)).all()
