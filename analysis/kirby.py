"""The 27-item questionnaire as a table of answers: every score a participant, three rules for gaps.

Kirby, Petry & Bickel (1999); boundary rule of ``analysis.mcq``.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import linprog, minimize

from analysis.mcq import boundary_score
from analysis.tables import columns_needed
from mbtexp.errors import DataError

Missing = Literal["none", "GGM", "INN"]

SIZES = ("small", "medium", "large")
_SIZE_OF = {"S": "small", "M": "medium", "L": "large"}

_ITEMS = """
13 34 35 186 S 1   1 54 55 117 M 1   9 78 80 162 L 1
20 28 30 179 S 2   6 47 50 160 M 2  17 80 85 157 L 2
26 22 25 136 S 3  24 54 60 111 M 3  12 67 75 119 L 3
22 25 30  80 S 4  16 49 60  89 M 4  15 69 85  91 L 4
 3 19 25  53 S 5  10 40 55  62 M 5   2 55 75  61 L 5
18 24 35  29 S 6  21 34 50  30 M 6  25 54 80  30 L 6
 5 14 25  19 S 7  14 27 50  21 M 7  23 41 75  20 L 7
 7 15 35  13 S 8   8 25 60  14 M 8  19 33 80  14 L 8
11 11 30   7 S 9  27 20 55   7 M 9   4 31 85   7 L 9
"""


def _items() -> pd.DataFrame:
    """The 27 items in published order of k: sizes within each rank."""
    words = _ITEMS.split()
    rows = [words[start : start + 6] for start in range(0, len(words), 6)]
    table = pd.DataFrame(
        [(int(i), float(a), float(b), float(d), _SIZE_OF[s], int(r)) for i, a, b, d, s, r in rows],
        columns=["item", "amount_sooner", "amount_later", "delay_later_d", "size", "rank"],
    )
    gain = table.amount_later - table.amount_sooner
    return table.assign(k=gain / (table.amount_sooner * table.delay_later_d))


ITEMS = _items()
"""Kirby, Petry & Bickel (1999): amounts (US dollars), delays (days), size, rank and k (1/day)."""


def score_mcq27(answers: pd.DataFrame, missing: Missing = "none") -> pd.DataFrame:
    """Boundary scores of the 27-item questionnaire, one row a participant.

    Parameters
    ----------
    answers
        Columns ``participant``, ``item`` (1 to 27, Kirby's numbers) and ``choice`` (0: sooner, 1:
        later, NaN: missing); one row an answer, in any order. A row that is not there is missing.
    missing
        ``none``: a size with a missing item has no k, nor has the whole. ``GGM``: the same, but
        the composite is the geometric mean of the sizes that have one. ``INN``: a missing answer
        is taken from the same rank of the other sizes if these agree. Names and rules after Yeh
        et al. (2023), PLoS ONE 18:e0292258, as the public scorer of Kaplan applies them.

    Returns
    -------
    DataFrame
        ``participant``; ``k_`` (1/day) overall, small, medium, large, composite;
        ``consistency_`` of the same; ``proportion_later_`` overall, small, medium, large;
        ``n_missing`` and ``missing_rule``. Sorted by participant; NaN where not defined.

    Raises
    ------
    DataError
        A column is missing, an item is not from 1 to 27 or is given twice, a choice is not 0 or 1.
    """
    table = _answers(answers, missing)
    rows = [
        _scored(name, row, missing) for name, row in zip(table.index, table.to_numpy(), strict=True)
    ]
    return pd.DataFrame(rows)


def _answers(answers: pd.DataFrame, missing: str) -> pd.DataFrame:
    """Participants by the 27 items in published order of k."""
    if missing not in ("none", "GGM", "INN"):
        raise DataError(f"missing is {missing!r}; it can be 'none', 'GGM' or 'INN'.")
    columns_needed(answers, ("participant", "item", "choice"), "answers")
    wrong = answers.loc[~answers["item"].isin(ITEMS["item"]), "item"]
    if len(wrong):
        raise DataError(f"answers: item {wrong.iloc[0]!r} is not from 1 to 27.")
    choice = pd.to_numeric(answers["choice"], errors="coerce").astype(float)
    strange = (choice.isna() & answers["choice"].notna()) | ~choice.isin((0.0, 1.0, np.nan))
    if strange.any():
        raise DataError(
            f"answers: choice {answers.loc[strange, 'choice'].iloc[0]!r} is neither 0 (sooner) "
            "nor 1 (later)."
        )
    twice = answers.duplicated(["participant", "item"])
    if twice.any():
        row = answers[twice].iloc[0]
        raise DataError(
            f"answers: participant {row['participant']!r} has item {row['item']} twice; keep one."
        )
    people, items = answers["participant"].astype(str), answers["item"].astype(int)
    keys = pd.MultiIndex.from_arrays([people.to_numpy(), items.to_numpy()])
    indexed = pd.Series(choice.to_numpy(), index=keys)
    return indexed.unstack().reindex(columns=ITEMS["item"]).sort_index()  # noqa: PD010  no key twice


def _scored(name: str, row: NDArray[np.float64], missing: str) -> dict[str, object]:
    n_missing = int(np.isnan(row).sum())
    filled = _from_neighbours(row) if missing == "INN" else row
    parts = {"overall": np.ones(27, dtype=bool)}
    parts |= {size: (ITEMS["size"] == size).to_numpy() for size in SIZES}
    k: dict[str, float] = {}
    consistency: dict[str, float] = {}
    later: dict[str, float] = {}
    for part, which in parts.items():
        chosen, rates = filled[which], ITEMS["k"].to_numpy()[which]
        if np.isnan(chosen).any():
            k[part] = consistency[part] = later[part] = math.nan
            continue
        score = boundary_score(rates.tolist(), chosen.astype(bool).tolist())
        k[part], consistency[part], later[part] = score.k, score.consistency, float(chosen.mean())
    logs = np.log([k[size] for size in SIZES])
    if missing == "GGM":
        logs = logs[~np.isnan(logs)]
    k["composite"] = float(np.exp(logs.mean())) if len(logs) else math.nan
    consistency["composite"] = float(np.mean([consistency[size] for size in SIZES]))
    return {
        "participant": name,
        **{f"k_{part}": value for part, value in k.items()},
        **{f"consistency_{part}": value for part, value in consistency.items()},
        **{f"proportion_later_{part}": value for part, value in later.items()},
        "n_missing": n_missing,
        "missing_rule": missing,
    }


def _from_neighbours(row: NDArray[np.float64]) -> NDArray[np.float64]:
    """Missing answers from the other sizes of the same rank, where these agree."""
    ranks = row.reshape(9, 3).copy()
    for triple in ranks:
        known = triple[~np.isnan(triple)]
        if 0 < len(known) < len(triple) and (known == known[0]).all():
            triple[np.isnan(triple)] = known[0]
    return ranks.ravel()


def logistic_k(answers: pd.DataFrame) -> pd.DataFrame:
    """K by logistic regression, another rule of the same name (Wileyto et al. 2004).

    logit P(later) = b1 (1 - later/sooner) + b2 delay, without intercept; k = b2 / b1. It can be
    negative, and does not exist where answers have no exception (``separated``).

    Parameters
    ----------
    answers
        As for ``score_mcq27``; missing answers are left out.

    Returns
    -------
    DataFrame
        ``participant``, ``k_logistic`` (1/day), ``n``, ``separated``.
    """
    table = _answers(answers, "none")
    ratio = 1 - (ITEMS["amount_later"] / ITEMS["amount_sooner"]).to_numpy()
    predictors = np.column_stack([ratio, ITEMS["delay_later_d"].to_numpy()])
    rows = []
    for name, row in zip(table.index, table.to_numpy(), strict=True):
        known = ~np.isnan(row)
        k, separated = _logistic(predictors[known], row[known])
        rows.append(
            {"participant": name, "k_logistic": k, "n": int(known.sum()), "separated": separated}
        )
    return pd.DataFrame(rows)


def _logistic(x: NDArray[np.float64], later: NDArray[np.float64]) -> tuple[float, bool]:
    if len(later) == 0:
        return math.nan, False
    sign = 2 * later - 1
    if _separable(x * sign[:, None]):
        return math.nan, True
    scaled = x / np.abs(x).max(axis=0)

    def loss(b: NDArray[np.float64]) -> float:
        return float(np.logaddexp(0.0, -sign * (scaled @ b)).sum())

    def slope(b: NDArray[np.float64]) -> NDArray[np.float64]:
        p = 1 / (1 + np.exp(sign * (scaled @ b)))
        step: NDArray[np.float64] = -(scaled.T @ (sign * p))
        return step

    found = minimize(loss, np.zeros(2), jac=slope, method="BFGS", options={"gtol": 1e-10})
    b1, b2 = found.x / np.abs(x).max(axis=0)
    return float(b2 / b1), False


def _separable(signed: NDArray[np.float64]) -> bool:
    """Whether some line through zero has no answer on its wrong side."""
    total = -signed.sum(axis=0)
    found = linprog(total, A_ub=-signed, b_ub=np.zeros(len(signed)), bounds=[(-1, 1)] * 2)
    return bool(found.fun is not None and found.fun < -1e-9)
