"""People of whom hardly anything is known get numbers or reasons, and never a warning."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from analysis import attachment, discounting, eyes, moral, polysemy, recognition, trust
from analysis.indices import FLAGS
from analysis.run import ANALYSES

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
        "recognition": {
            "condition": np.resize(["attachment", "emotional", "neutral"], N),
            "old": np.arange(N) % 4 < 2,
            "response": np.where(np.arange(N) % 8 < 3, "old", "new"),
            "confidence": (1 + np.arange(N) % 3).astype(float),
        },
        "moral": {
            "condition": np.resize(["neutral", "accidental", "attempted", "intended"], N),
            "relation": np.where(np.arange(N) < N / 2, "close", "stranger"),
            "response": (1 + np.arange(N) % 7).astype(float),
            "words": 44,
            "reading_s": 11.0,
            "statement_correct": odd,
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
    "moral": moral.score,
    "polysemy": polysemy.score,
    "recognition": recognition.score,
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
