"""The table of reliability: how steadily the main indices tell the people of a study apart."""

from __future__ import annotations

import math
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from itertools import groupby
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
        rows += _rows_of(task, found, params[task], n_splits, seed)
    return rows


def _rows_of(
    task: str, runs: Sequence[Trials], params: Any, n_splits: int, seed: int
) -> Iterator[Reliability]:
    """The rows of one task: its people one after another, so that one's trials are in memory."""
    splits = [_Halved(task, split, n_splits, seed) for split in SPLITS[task]]
    items, choices = _Items(), _Choices()
    for person, own in groupby(runs, key=lambda trials: trials.run.participant):
        read = [replace(trials, rows=tuple(trials.rows)) for trials in own]
        for split in splits:
            split.add(read, params)
        if task == "eyes":
            items.add(person, read)
        if task == "discounting":
            choices.add(person, read)
    for split in splits:
        yield split.row()
    if task == "eyes":
        yield items.row()
    if task == "discounting":
        yield choices.row(seed)


class _Halved:
    """One index, and the scores of both halves of each person who came so far."""

    def __init__(self, task: str, split: Split, n_splits: int, seed: int) -> None:
        self._task, self._split, self._n_splits = task, split, n_splits
        # A seed of its own for each index: a row does not depend on which other rows there are.
        name = f"{task} {split.index} {split.condition}"
        self._rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
        self._halves: list[Floats] = []
        self._alternate: list[Floats] = []
        self._obstacles: list[str] = []
        self._simulated = False

    def add(self, runs: Sequence[Trials], params: Any) -> None:
        """Score the halves of one person's runs, if there are such trials in them."""
        self._obstacles += [r for r in map(self._split.obstacle, runs) if r is not None]
        known = [(self._split.parts(trials, params), trials) for trials in runs]
        parts = [of for of, _ in known if of is not None]
        self._simulated |= any(t.run.simulated is not None for of, t in known if of is not None)
        if parts:
            self._halves.append(_halves(parts, self._n_splits, self._rng))
            self._alternate.append(_scores(parts, odd_half))

    def row(self) -> Reliability:
        """The index's row."""
        split, n_people = self._split, len(self._halves)
        within = f", within {' x '.join(split.strata)}" if split.strata else ""
        marks = _marks(self._simulated)
        reason = "few_people" if n_people else (*self._obstacles, "not_measured")[0]
        nothing = replace(
            _empty(
                self._task,
                split.index,
                f"permuted split-half{within}; median Spearman-Brown",
                n_people,
                (reason, *marks),
            ),
            condition=split.condition,
            n_splits=self._n_splits,
        )
        if n_people < FEWEST_PEOPLE:
            return nothing
        from analysis.reliability import (  # noqa: PLC0415  loads pandas
            correlations,
            spearman_brown,
            summary_of,
        )

        found = summary_of(np.stack(self._halves, axis=2), self._rng, split.strata)
        if found.n_people < FEWEST_PEOPLE:
            return replace(nothing, n_people=found.n_people, undefined=found.undefined)
        undefined = () if math.isfinite(found.sb_median) else ("no_differences",)
        alternate = np.stack(self._alternate, axis=2)
        odd_even = spearman_brown(correlations(alternate, np.arange(n_people)))
        return replace(
            nothing,
            **found.row(),
            sb_odd_even=float(odd_even[0]),
            flag=(*undefined, *marks),
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


class _Choices:
    """The choices of money of each person who came so far."""

    def __init__(self) -> None:
        self._people: dict[str, list[tuple[float, float, float, float, bool]]] = {}
        self._simulated = False

    def add(self, person: str, runs: Sequence[Trials]) -> None:
        """Take one person's choices."""
        for trials in runs:
            made = discounting_halves.money_choices(trials)
            if made:
                self._people.setdefault(person, []).extend(made)
                self._simulated |= trials.run.simulated is not None

    def row(self, seed: int) -> Reliability:
        """Share of the variance of ln k over people that is no posterior variance of their own."""
        n_people, marks = len(self._people), _marks(self._simulated)
        nothing = _empty(
            "discounting",
            "ln_k",
            "posterior: var(mean)/(var(mean) + mean variance), hierarchical hyperbola; bootstrap "
            "over people",
            n_people,
            ("few_people" if n_people else "not_measured", *marks),
        )
        if n_people < FEWEST_PEOPLE:
            return nothing
        table = _posteriors(self._people)
        drawn = np.random.default_rng(seed).integers(len(table), size=(BOOTSTRAPS, len(table)))
        low, high = np.quantile(_told_apart(table[drawn]), [0.025, 0.975])
        return replace(
            nothing,
            sb_median=float(_told_apart(table[None])[0]),
            ci_low=float(low),
            ci_high=float(high),
            flag=marks,
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


class _Items:
    """The items of the Eyes test that each person who came so far answered in a first run."""

    def __init__(self) -> None:
        self._people: dict[str, dict[str, float]] = {}
        self._simulated = False

    def add(self, person: str, runs: Sequence[Trials]) -> None:
        """Take the answers of one person's first run that has any."""
        for trials in runs:
            answers = {
                str(t.stim_id): float(bool(t.correct)) for t in eyes_halves.mental_answers(trials)
            }
            if answers and person not in self._people:
                self._people[person] = answers
                self._simulated |= trials.run.simulated is not None

    def row(self) -> Reliability:
        """KR-20 over items that the same people answered."""
        people, marks = self._people, _marks(self._simulated)
        shown = sorted({item for answers in people.values() for item in answers})
        # Every person who left an item out would go; such items go where few did answer them.
        answered = Counter(item for answers in people.values() for item in answers)
        items = [item for item in shown if 2 * answered[item] > len(people)]
        full = [a for a in people.values() if all(item in a for item in items)]
        nothing = _empty(
            "eyes",
            "accuracy",
            f"KR-20 over {len(items)} items; Feldt's interval; missed items: person out",
            len(full),
            ("few_people", *marks),
        )
        if len(full) < FEWEST_PEOPLE:
            return nothing
        if len(items) < 2:
            return replace(nothing, flag=("no_common_items", *marks))
        from analysis.reliability import alpha  # noqa: PLC0415  loads pandas

        found = alpha([[answers[item] for item in items] for answers in full])
        reason = () if math.isfinite(found.value) else ("no_differences",)
        return replace(
            nothing,
            sb_median=found.value,
            ci_low=found.ci_low,
            ci_high=found.ci_high,
            flag=(*reason, *marks),
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
