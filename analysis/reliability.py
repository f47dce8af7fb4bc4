"""Reliability: permuted split-half through any scoring function, alpha, KR-20 and ICC.

A score that does not repeat within one session cannot be told apart from noise, so reliability is
reported before any effect.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import fdtri

from analysis.intervals import LEVEL

Floats = NDArray[np.float64]
Score = Callable[[pd.DataFrame], Any]

BOOTSTRAPS = 1000
"""Samples of people behind the interval of a split-half coefficient."""

FEWEST_PEOPLE = 3
"""Below this a correlation over people says nothing."""


@dataclass(frozen=True)
class SplitHalf:
    """How well scores of two random halves of the trials agree, over people."""

    method: str
    n_people: int
    """People with both halves defined in at least one split."""
    n_splits: int
    r_mean: float
    """Mean correlation of the halves."""
    sb_median: float
    """Median over splits of the Spearman-Brown coefficient 2r / (1 + r)."""
    sb_low: float
    """2.5 % of the splits lie below."""
    sb_high: float
    ci_low: float
    """95 % interval over people (bootstrap) of the median coefficient."""
    ci_high: float
    undefined: int
    """Splits in which the correlation was not defined."""

    def row(self) -> dict[str, Any]:
        """The result as a row of a table."""
        return asdict(self)


class Coefficient(NamedTuple):
    """A coefficient with its 95 % interval."""

    value: float
    ci_low: float
    ci_high: float
    n: int
    """People (or targets) it rests on."""
    method: str


def split_half(
    trials: pd.DataFrame,
    score: Score,
    by: str = "participant",
    strata: str | Sequence[str] = (),
    n_splits: int = 5000,
    seed: int = 0,
) -> SplitHalf:
    """Permuted split-half reliability of whatever ``score`` computes.

    Trials are dealt at random into two halves, within each person and stratum, as evenly as can be;
    an odd trial falls to either half by chance. Pronk et al. (2022), Psychon Bull Rev 29:44;
    Parsons, Kruijt & Fox (2019), Adv Meth Pract Psychol Sci 2:378.

    Parameters
    ----------
    trials
        One row a trial.
    score
        Either a function of one person's trials that gives a number (NaN: undefined), or a function
        of a table of many people that gives a Series indexed by person; the second is faster.
    by
        Column of the person.
    strata
        Columns that each half holds alike: conditions, and whatever the design counterbalances.
    n_splits
        Random splits.
    seed
        Seed of the splits and of the bootstrap.

    Returns
    -------
    SplitHalf
        NaN where fewer than three people have two defined halves.
    """
    table = trials.reset_index(drop=True)
    names = [strata] if isinstance(strata, str) else list(strata)
    people = table[by].unique()
    cells = table.groupby([by, *names], sort=False, dropna=False).indices.values()
    groups = [np.asarray(cell) for cell in cells]
    scored = _scorer(table, score, by, people)
    rng = np.random.default_rng(seed)
    halves = np.empty((n_splits, 2, len(people)))
    for number in range(n_splits):
        first = _dealt(len(table), groups, rng)
        halves[number, 0], halves[number, 1] = scored(first), scored(~first)
    return summary_of(halves, rng, names)


def _dealt(
    n: int, groups: Sequence[NDArray[np.intp]], rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Which trials belong to the first half."""
    order = rng.random(n)
    first = np.zeros(n, dtype=bool)
    for rows in groups:
        half = len(rows) // 2 + (int(rng.integers(2)) if len(rows) % 2 else 0)
        first[rows[np.argsort(order[rows])[:half]]] = True
    return first


def _scorer(
    table: pd.DataFrame, score: Score, by: str, people: NDArray[Any]
) -> Callable[[NDArray[np.bool_]], Floats]:
    """A function from a half to one score a person, however ``score`` wants its trials."""
    rows = [np.flatnonzero((table[by] == person).to_numpy()) for person in people]
    if np.ndim(score(table.take(rows[0]))) == 0:
        own = [table.take(which) for which in rows]

        def one_by_one(half: NDArray[np.bool_]) -> Floats:
            parts = zip(own, rows, strict=True)
            return np.array([float(score(part[half[which]])) for part, which in parts])

        return one_by_one

    def at_once(half: NDArray[np.bool_]) -> Floats:
        scores = pd.Series(score(table[half]))
        return scores.reindex(people).to_numpy(dtype=float)

    return at_once


def summary_of(halves: Floats, rng: np.random.Generator, strata: Sequence[str]) -> SplitHalf:
    """Agreement of scores of halves that are known already, shape (splits, 2, people)."""
    everybody = np.arange(halves.shape[2])
    r = correlations(halves, everybody)
    sb = spearman_brown(r)
    known = np.isfinite(sb)
    n_people = int(np.isfinite(halves).all(axis=1).any(axis=0).sum())
    low = high = ci_low = ci_high = middle = math.nan
    if known.any() and n_people >= FEWEST_PEOPLE:
        middle = float(np.median(sb[known]))
        low, high = np.quantile(sb[known], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        ci_low, ci_high = _over_people(halves, rng)
    within = f", within {' x '.join(strata)}" if strata else ""
    return SplitHalf(
        method=f"permuted split-half{within}; median Spearman-Brown",
        n_people=n_people,
        n_splits=len(halves),
        r_mean=float(np.mean(r[known])) if known.any() else math.nan,
        sb_median=middle,
        sb_low=float(low),
        sb_high=float(high),
        ci_low=ci_low,
        ci_high=ci_high,
        undefined=int((~known).sum()),
    )


def _over_people(halves: Floats, rng: np.random.Generator) -> tuple[float, float]:
    """Interval of the median coefficient over samples of people, each with a few splits."""
    n_splits, _, n = halves.shape
    medians = []
    for _ in range(BOOTSTRAPS):
        sample = np.asarray(rng.integers(n, size=n), dtype=np.intp)
        few = np.asarray(rng.integers(n_splits, size=min(n_splits, 20)), dtype=np.intp)
        sb = spearman_brown(correlations(halves[few], sample))
        if np.isfinite(sb).any():
            medians.append(float(np.nanmedian(sb)))
    if not medians:
        return math.nan, math.nan
    low, high = np.quantile(medians, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def correlations(halves: Floats, people: NDArray[np.intp]) -> Floats:
    """Pearson's r of the two halves for each split, over people with both."""
    x, y = halves[:, 0, people], halves[:, 1, people]
    both = np.isfinite(x) & np.isfinite(y)
    n = both.sum(axis=1)
    x, y = np.where(both, x, 0.0), np.where(both, y, 0.0)
    size = np.maximum(n, 1)
    x = np.where(both, x - (x.sum(axis=1) / size)[:, None], 0.0)
    y = np.where(both, y - (y.sum(axis=1) / size)[:, None], 0.0)
    spread = np.sqrt((x**2).sum(axis=1) * (y**2).sum(axis=1))
    good = (n >= FEWEST_PEOPLE) & (spread > 0)
    r: Floats = np.where(good, (x * y).sum(axis=1) / np.where(good, spread, 1.0), np.nan)
    return r


def spearman_brown(r: ArrayLike) -> Floats:
    """Reliability of the whole from the correlation of its halves, 2r / (1 + r).

    >>> float(spearman_brown(0.5))
    0.6666666666666666
    """
    half = np.asarray(r, dtype=float)
    # At -1, up to rounding, there is no such value.
    known = half > -1 + 1e-9
    whole: Floats = np.where(known, 2 * half / np.where(known, 1 + half, 1.0), np.nan)
    return whole


def alpha(items: ArrayLike | pd.DataFrame) -> Coefficient:
    """Cronbach's alpha with Feldt's interval; KR-20 where items are 0 or 1.

    People with a missing item are left out.

    Parameters
    ----------
    items
        People by items; two of each at least.

    >>> round(alpha([[2, 3, 3], [4, 4, 5], [1, 2, 1], [5, 4, 5]]).value, 4)
    0.9498
    """
    table = np.asarray(items, dtype=float)
    table = table[np.isfinite(table).all(axis=1)]
    n, k = table.shape
    binary = bool(np.isin(table, (0, 1)).all())
    method = "KR-20" if binary else "Cronbach's alpha"
    if n < 2 or k < 2:
        return Coefficient(math.nan, math.nan, math.nan, n, method)
    total = float(table.sum(axis=1).var(ddof=1))
    if total == 0:
        return Coefficient(math.nan, math.nan, math.nan, n, method)
    value = k / (k - 1) * (1 - float(table.var(axis=0, ddof=1).sum()) / total)
    tail = (1 - LEVEL) / 2
    freedom = n - 1, (n - 1) * (k - 1)
    # Feldt (1965): (1 - alpha) / (1 - alpha hat) follows F.
    low = 1 - (1 - value) * float(fdtri(*freedom, 1 - tail))
    high = 1 - (1 - value) * float(fdtri(*freedom, tail))
    return Coefficient(value, low, high, n, method)


class Icc(NamedTuple):
    """Intraclass correlations of single measurements (McGraw & Wong 1996)."""

    agreement: Coefficient
    """ICC(A,1): two-way, absolute agreement."""
    consistency: Coefficient
    """ICC(C,1): two-way, consistency; a shift of a whole session does not lower it."""


def icc(table: ArrayLike | pd.DataFrame) -> Icc:
    """ICC(A,1) and ICC(C,1) with 95 % intervals, of targets (people) by occasions or raters.

    Targets with a missing value are left out. McGraw & Wong (1996), Psychol Methods 1:30.

    Parameters
    ----------
    table
        Rows: targets; columns: occasions. Two of each at least.

    >>> scores = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8]]  # Shrout & Fleiss (1979), table 2
    >>> scores += [[7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    >>> f"{icc(scores).agreement.value:.2f} {icc(scores).consistency.value:.2f}"
    '0.29 0.71'
    """
    values = np.asarray(table, dtype=float)
    values = values[np.isfinite(values).all(axis=1)]
    n, k = values.shape
    nothing = math.nan, math.nan, math.nan, n
    if n < 2 or k < 2:
        return Icc(Coefficient(*nothing, "ICC(A,1)"), Coefficient(*nothing, "ICC(C,1)"))
    mean = values.mean()
    of_rows = k * float(((values.mean(axis=1) - mean) ** 2).sum()) / (n - 1)
    of_columns = n * float(((values.mean(axis=0) - mean) ** 2).sum()) / (k - 1)
    residuals = values - values.mean(axis=1, keepdims=True) - values.mean(axis=0) + mean
    rest = float((residuals**2).sum()) / ((n - 1) * (k - 1))
    if of_rows + rest == 0:
        return Icc(Coefficient(*nothing, "ICC(A,1)"), Coefficient(*nothing, "ICC(C,1)"))
    return Icc(_agreement(of_rows, of_columns, rest, n, k), _consistency(of_rows, rest, n, k))


def _consistency(of_rows: float, rest: float, n: int, k: int) -> Coefficient:
    value = (of_rows - rest) / (of_rows + (k - 1) * rest)
    if rest == 0:
        return Coefficient(value, math.nan, math.nan, n, "ICC(C,1)")
    tail = (1 + LEVEL) / 2
    f = of_rows / rest
    low = f / float(fdtri(n - 1, (n - 1) * (k - 1), tail))
    high = f * float(fdtri((n - 1) * (k - 1), n - 1, tail))
    return Coefficient(value, (low - 1) / (low + k - 1), (high - 1) / (high + k - 1), n, "ICC(C,1)")


def _agreement(of_rows: float, of_columns: float, rest: float, n: int, k: int) -> Coefficient:
    value = (of_rows - rest) / (of_rows + (k - 1) * rest + k / n * (of_columns - rest))
    a = k * value / (n * (1 - value)) if value < 1 else math.inf
    b = 1 + k * value * (n - 1) / (n * (1 - value)) if value < 1 else math.inf
    spread = a * of_columns + b * rest
    if not math.isfinite(spread) or spread == 0:
        return Coefficient(value, math.nan, math.nan, n, "ICC(A,1)")
    freedom = spread**2 / ((a * of_columns) ** 2 / (k - 1) + (b * rest) ** 2 / ((n - 1) * (k - 1)))
    tail = (1 + LEVEL) / 2
    upper = float(fdtri(n - 1, freedom, tail))
    lower = float(fdtri(freedom, n - 1, tail))
    noise = k * of_columns + (k * n - k - n) * rest
    low = n * (of_rows - upper * rest) / (upper * noise + n * of_rows)
    high = n * (lower * of_rows - rest) / (noise + n * lower * of_rows)
    return Coefficient(value, low, high, n, "ICC(A,1)")


class Change(NamedTuple):
    """What a person's score must change by to be more than noise."""

    sem: float
    """Standard error of measurement, SD sqrt(1 - reliability)."""
    reliable_change: float
    """1.96 sqrt(2) SEM: a difference of two scores that noise exceeds in one of twenty."""


def reliable_change(sd: float, reliability: float) -> Change:
    """Standard error of measurement and reliable change (Jacobson & Truax 1991).

    Parameters
    ----------
    sd
        SD of the score over people, 0 or more.
    reliability
        0 to 1; a negative one counts as 0.

    >>> f"{reliable_change(10, 0.84).sem:.2f} {reliable_change(10, 0.84).reliable_change:.2f}"
    '4.00 11.09'
    """
    sem = sd * math.sqrt(1 - min(max(reliability, 0.0), 1.0))
    return Change(sem, 1.96 * math.sqrt(2) * sem)
