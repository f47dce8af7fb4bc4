"""The table of reliability: how steadily the main indices tell the people of a study apart."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis import attachment_halves, trust_halves
from analysis.discounting import halves as discounting_halves
from analysis.eyes import halves as eyes_halves
from analysis.halves import Parts, Split, halves_of
from analysis.polysemy import halves as polysemy_halves
from analysis.read import Trials
from analysis.tables import as_json, tsv

N_SPLITS = 500
"""Random splits behind each split-half coefficient, unless told otherwise."""

FEWEST_PEOPLE = 3
"""Below this a correlation over people says nothing."""

Floats = NDArray[np.float64]

SPLITS: Mapping[str, tuple[Split, ...]] = {
    "attachment": attachment_halves.SPLITS,
    "discounting": discounting_halves.SPLITS,
    "eyes": eyes_halves.SPLITS,
    "polysemy": polysemy_halves.SPLITS,
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
    ci_low: float
    ci_high: float
    undefined: int | None
    flag: tuple[str, ...]


COLUMNS = tuple(entry.name for entry in fields(Reliability))

FLAGS = {
    "few_people": f"undefined: fewer than {FEWEST_PEOPLE} people have a score of both halves",
    "not_measured": "undefined: no run of the study has trials of this kind",
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
    return rows


def _split_row(
    task: str, split: Split, runs: Sequence[Trials], params: Any, n_splits: int, seed: int
) -> Reliability:
    people: dict[str, list[Parts]] = {}
    simulated = False
    for trials in runs:
        parts = split.parts(trials, params)
        if parts is not None:
            people.setdefault(trials.run.participant, []).append(parts)
            simulated |= trials.run.simulated is not None
    within = f", within {' x '.join(split.strata)}" if split.strata else ""
    nothing = Reliability(
        task=task,
        index=split.index,
        condition=split.condition,
        method=f"permuted split-half{within}; median Spearman-Brown",
        n_people=len(people),
        n_splits=n_splits,
        r_mean=math.nan,
        sb_median=math.nan,
        sb_low=math.nan,
        sb_high=math.nan,
        ci_low=math.nan,
        ci_high=math.nan,
        undefined=None,
        flag=("few_people" if people else "not_measured", *_marks(simulated)),
    )
    if len(people) < FEWEST_PEOPLE:
        return nothing
    from analysis.reliability import summary_of  # noqa: PLC0415  loads pandas

    # A seed of its own for each index: a row does not depend on which other rows there are.
    rng = np.random.default_rng(
        [seed, zlib.crc32(f"{task} {split.index} {split.condition}".encode())]
    )
    halves = np.stack([_halves(parts, n_splits, rng) for parts in people.values()], axis=2)
    found = summary_of(halves, rng, split.strata)
    if found.n_people < FEWEST_PEOPLE:
        return replace(nothing, n_people=found.n_people, undefined=found.undefined)
    reason = () if math.isfinite(found.sb_median) else ("no_differences",)
    return replace(nothing, **found.row(), flag=(*reason, *_marks(simulated)))


def _marks(simulated: bool) -> tuple[str, ...]:
    return ("simulated",) if simulated else ()


def _halves(runs: Sequence[Parts], n_splits: int, rng: np.random.Generator) -> Floats:
    """Scores of a person's two halves, shape (splits, 2): the mean over the person's runs."""
    scores = []
    for parts in runs:
        first = halves_of(parts, n_splits, rng)
        scores.append(np.stack([parts.score(first), parts.score(~first)], axis=1))
    mean: Floats = np.mean(scores, axis=0)
    return mean


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
    nothing = Reliability(
        task="eyes",
        index="accuracy",
        condition="all",
        method=f"KR-20 over {len(items)} items; Feldt's interval; missed items: person out",
        n_people=len(full),
        n_splits=None,
        r_mean=math.nan,
        sb_median=math.nan,
        sb_low=math.nan,
        sb_high=math.nan,
        ci_low=math.nan,
        ci_high=math.nan,
        undefined=None,
        flag=("few_people", *_marks(simulated)),
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
                "a row of KR-20 that coefficient"
            },
            "sb_low": {"Description": "2.5 % of the splits lie below"},
            "sb_high": {"Description": "2.5 % of the splits lie above"},
            "ci_low": {"Description": "lower end of the 95 % interval over people"},
            "ci_high": {"Description": "upper end of the 95 % interval over people"},
            "undefined": {"Description": "splits without a correlation"},
            "flag": {"Description": "marks, separated by |", "Levels": FLAGS},
        }
    )
