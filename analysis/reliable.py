"""The table of reliability: how steadily the main indices tell the people of a study apart."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis import attachment_halves, moral_halves, recognition_halves, trust_halves
from analysis.discounting import halves as discounting_halves
from analysis.eyes import halves as eyes_halves
from analysis.halves import Bools, Parts, Split, halves_of, odd_half
from analysis.polysemy import halves as polysemy_halves
from analysis.read import Trials
from analysis.tables import as_json, tsv

N_SPLITS = 500
"""Random splits behind each split-half coefficient, unless told otherwise."""

AT_ONCE = 500
"""Splits scored at once: what bounds the memory of many splits."""

BOOTSTRAPS = 1000
"""Samples of people behind the interval of a posterior reliability."""

FEWEST_PEOPLE = 3
"""Below this a correlation over people says nothing."""

Floats = NDArray[np.float64]

SPLITS: Mapping[str, tuple[Split, ...]] = {
    "attachment": attachment_halves.SPLITS,
    "discounting": discounting_halves.SPLITS,
    "eyes": eyes_halves.SPLITS,
    "moral": moral_halves.SPLITS,
    "polysemy": polysemy_halves.SPLITS,
    "recognition": recognition_halves.SPLITS,
    "trust": trust_halves.SPLITS,
}
"""The indices whose reliability is told, by task."""


@dataclass(frozen=True, kw_only=True)
class Reliability:
    """One row of the table; NaN where something is not defined, with the reason in ``flag``."""

    task: str
    index: str
    condition: str
    method: str
    n_people: int
    n_splits: int | None
    r_mean: float
    sb_median: float
    sb_low: float
    sb_high: float
    sb_odd_even: float
    ci_low: float
    ci_high: float
    undefined: int | None
    flag: tuple[str, ...]


COLUMNS = tuple(entry.name for entry in fields(Reliability))

FLAGS = {
    "few_people": f"undefined: fewer than {FEWEST_PEOPLE} people have a score of both halves",
    "not_measured": "undefined: no run of the study has trials of this kind",
    "adapted_offers": "undefined: the offers followed the answers, so that two halves share the "
    "place around which they lie and agree too well; see the row of the posterior",
    "no_common_items": "undefined: fewer than two items were answered by the same three people",
    "no_differences": "undefined: the scores of a half are the same for everybody",
    "simulated": "simulated participants are among the people",
}


def reliability(
    runs: Iterable[Trials], params: Mapping[str, Any], n_splits: int = N_SPLITS, seed: int = 0
) -> list[Reliability]:
    """Reliability of every main index of the tasks that were run, over the people of the study.

    Parameters
    ----------
    runs
        All runs; those of one task by one person are split each by itself, and a half's score is
        the mean over the runs.
    params
        Settings of the scoring, by task.
    n_splits
        Random splits.
    seed
        The same runs, splits and seed give the same numbers.
    """
    by_task: dict[str, list[Trials]] = {}
    for trials in runs:
        by_task.setdefault(trials.run.task, []).append(trials)
    rows: list[Reliability] = []
    for task in sorted(set(by_task) & set(SPLITS)):
        found = sorted(
            by_task[task], key=lambda t: (t.run.participant, t.run.session or "", t.run.run)
        )
        rows += [
            _split_row(task, split, found, params[task], n_splits, seed) for split in SPLITS[task]
        ]
        if task == "eyes":
            rows.append(_items_row(found))
        if task == "discounting":
            rows.append(_posterior_row(found, seed))
    return rows


def _split_row(
    task: str, split: Split, runs: Sequence[Trials], params: Any, n_splits: int, seed: int
) -> Reliability:
    people: dict[str, list[Parts]] = {}
    simulated = False
    obstacles = [reason for reason in map(split.obstacle, runs) if reason is not None]
    for trials in runs:
        parts = split.parts(trials, params)
        if parts is not None:
            people.setdefault(trials.run.participant, []).append(parts)
            simulated |= trials.run.simulated is not None
    within = f", within {' x '.join(split.strata)}" if split.strata else ""
    nothing = replace(
        _empty(
            task,
            split.index,
            f"permuted split-half{within}; median Spearman-Brown",
            len(people),
            ("few_people" if people else (*obstacles, "not_measured")[0], *_marks(simulated)),
        ),
        condition=split.condition,
        n_splits=n_splits,
    )
    if len(people) < FEWEST_PEOPLE:
        return nothing
    from analysis.reliability import correlations, spearman_brown, summary_of  # noqa: PLC0415  loads pandas

    # A seed of its own for each index: a row does not depend on which other rows there are.
    rng = np.random.default_rng(
        [seed, zlib.crc32(f"{task} {split.index} {split.condition}".encode())]
    )
    halves = np.stack([_halves(parts, n_splits, rng) for parts in people.values()], axis=2)
    found = summary_of(halves, rng, split.strata)
    if found.n_people < FEWEST_PEOPLE:
        return replace(nothing, n_people=found.n_people, undefined=found.undefined)
    undefined = () if math.isfinite(found.sb_median) else ("no_differences",)
    alternate = np.stack([_scores(parts, odd_half) for parts in people.values()], axis=2)
    odd_even = spearman_brown(correlations(alternate, np.arange(len(people))))
    return replace(
        nothing,
        **found.row(),
        sb_odd_even=float(odd_even[0]),
        flag=(*undefined, *_marks(simulated)),
    )


def _empty(task: str, index: str, method: str, n_people: int, flag: tuple[str, ...]) -> Reliability:
    """A row without a value."""
    none = dict.fromkeys(("r_mean", "sb_median", "sb_low", "sb_high", "sb_odd_even"), math.nan)
    return Reliability(
        task=task,
        index=index,
        condition="all",
        method=method,
        n_people=n_people,
        n_splits=None,
        **none,
        ci_low=math.nan,
        ci_high=math.nan,
        undefined=None,
        flag=flag,
    )


def _marks(simulated: bool) -> tuple[str, ...]:
    return ("simulated",) if simulated else ()


def _halves(runs: Sequence[Parts], n_splits: int, rng: np.random.Generator) -> Floats:
    """Scores of a person's two halves, shape (splits, 2)."""
    sizes = [min(AT_ONCE, n_splits - start) for start in range(0, n_splits, AT_ONCE)]
    return np.concatenate(
        [_scores(runs, partial(halves_of, n_splits=size, rng=rng)) for size in sizes]
    )


def _scores(runs: Sequence[Parts], halved: Callable[[Parts], Bools]) -> Floats:
    """Scores of both halves, shape (splits, 2): the mean over the person's runs."""
    scores = []
    for parts in runs:
        first = halved(parts)
        scores.append(np.stack([parts.score(first), parts.score(~first)], axis=1))
    mean: Floats = np.mean(scores, axis=0)
    return mean


def _posterior_row(runs: Sequence[Trials], seed: int) -> Reliability:
    """Share of the variance of ln k over people that is no posterior variance of their own."""
    people: dict[str, list[tuple[float, float, float, float, bool]]] = {}
    simulated = False
    for trials in runs:
        made = discounting_halves.money_choices(trials)
        if made:
            people.setdefault(trials.run.participant, []).extend(made)
            simulated |= trials.run.simulated is not None
    nothing = _empty(
        "discounting",
        "ln_k",
        "posterior: var(mean)/(var(mean) + mean variance), hierarchical hyperbola; bootstrap over "
        "people",
        len(people),
        ("few_people" if people else "not_measured", *_marks(simulated)),
    )
    if len(people) < FEWEST_PEOPLE:
        return nothing
    table = _posteriors(people)
    drawn = np.random.default_rng(seed).integers(len(table), size=(BOOTSTRAPS, len(table)))
    low, high = np.quantile(_told_apart(table[drawn]), [0.025, 0.975])
    return replace(
        nothing,
        sb_median=float(_told_apart(table[None])[0]),
        ci_low=float(low),
        ci_high=float(high),
        flag=_marks(simulated),
    )


def _posteriors(people: Mapping[str, Sequence[tuple[float, ...]]]) -> Floats:
    """Posterior mean and variance of each person's ln k under the group they form."""
    import pandas as pd  # noqa: PLC0415  half a second that few callers need

    from analysis.choice import fit_choices  # noqa: PLC0415  loads pandas

    names = ("amount_sooner", "amount_later", "delay_sooner_d", "delay_later_d", "chose_later")
    rows = [(person, *row) for person, made in people.items() for row in made]
    fits = fit_choices(pd.DataFrame(rows, columns=["participant", *names]))
    table: Floats = np.column_stack([fits["ln_k"], fits["se"] ** 2])
    return table


def _told_apart(tables: Floats) -> Floats:
    """Posterior reliability of samples of people, shape (samples, people, mean and variance)."""
    between = tables[:, :, 0].var(axis=1, ddof=1)
    share: Floats = between / (between + tables[:, :, 1].mean(axis=1))
    return share


def _items_row(runs: Sequence[Trials]) -> Reliability:
    """KR-20 of the Eyes test over items that the same people answered, each person's first run."""
    people: dict[str, dict[str, float]] = {}
    simulated = False
    for trials in runs:
        answers = {
            str(t.stim_id): float(bool(t.correct)) for t in eyes_halves.mental_answers(trials)
        }
        if answers and trials.run.participant not in people:
            people[trials.run.participant] = answers
            simulated |= trials.run.simulated is not None
    shown = sorted({item for answers in people.values() for item in answers})
    # Every person who left one item out would go; such items go instead where few did answer them.
    items = [item for item in shown if 2 * sum(item in a for a in people.values()) > len(people)]
    full = [a for a in people.values() if all(item in a for item in items)]
    nothing = _empty(
        "eyes",
        "accuracy",
        f"KR-20 over {len(items)} items; Feldt's interval; missed items: person out",
        len(full),
        ("few_people", *_marks(simulated)),
    )
    if len(full) < FEWEST_PEOPLE:
        return nothing
    if len(items) < 2:
        return replace(nothing, flag=("no_common_items", *_marks(simulated)))
    from analysis.reliability import alpha  # noqa: PLC0415  loads pandas

    found = alpha([[answers[item] for item in items] for answers in full])
    reason = () if math.isfinite(found.value) else ("no_differences",)
    return replace(
        nothing,
        sb_median=found.value,
        ci_low=found.ci_low,
        ci_high=found.ci_high,
        flag=(*reason, *_marks(simulated)),
    )


def reliability_tsv(rows: Iterable[Reliability]) -> bytes:
    """The table of reliability; the same rows give the same bytes."""
    return tsv(COLUMNS, ([getattr(row, name) for name in COLUMNS] for row in rows))


def reliability_json() -> bytes:
    """The data dictionary that lies beside the table of reliability."""
    return as_json(
        {
            "task": {"Description": "name of the task"},
            "index": {"Description": "name of the index, as in indices.tsv"},
            "condition": {"Description": "condition of the index, as in indices.tsv"},
            "method": {"Description": "the coefficient, and what both halves hold alike"},
            "n_people": {"Description": "people whose halves both have a score"},
            "n_splits": {"Description": "random splits; n/a for a coefficient without splits"},
            "r_mean": {"Description": "mean correlation of the halves over people"},
            "sb_median": {
                "Description": "median over splits of the Spearman-Brown coefficient 2r/(1+r); in "
                "a row of KR-20 or of the posterior that coefficient"
            },
            "sb_low": {"Description": "2.5 % of the splits lie below"},
            "sb_high": {"Description": "2.5 % of the splits lie above"},
            "sb_odd_even": {
                "Description": "the Spearman-Brown coefficient of odd against even trials, counted "
                "within the strata one after another"
            },
            "ci_low": {"Description": "lower end of the 95 % interval over people"},
            "ci_high": {"Description": "upper end of the 95 % interval over people"},
            "undefined": {"Description": "splits without a correlation"},
            "flag": {"Description": "marks, separated by |", "Levels": FLAGS},
        }
    )
