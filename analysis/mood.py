"""Present mood: each rating as it was given, from 0 to 100, and the closeness to each person."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from analysis.indices import Analysis, Index, index_of
from analysis.intervals import mean_t, undefined
from analysis.read import Trial, Trials, number

ITEMS = (
    "pleasure",
    "arousal",
    "safe",
    "longing",
    "rejected",
    "angry",
    "tense",
    "dissociated",
    "distress",
)
PEOPLE = ("own", "acquainted", "friend", "unfamiliar")


@dataclass(frozen=True)
class Params:
    """What the scoring may be told beyond the log: nothing so far."""


def indices(trials: Trials, _params: Params) -> list[Index]:
    """One row an item and one a person; an item that was asked and not rated is ``n/a``."""
    rows = [
        _row(trials, "rating", item, (t for t in trials.test if t.design.get("item") == item))
        for item in ITEMS
    ]
    rows += [
        _row(trials, "closeness", person, (t for t in trials.test if _about(t) == person))
        for person in PEOPLE
    ]
    return [row for row in rows if row is not None]


def _about(trial: Trial) -> str | None:
    """Whom a rating of closeness is about."""
    asked = trial.design.get("item") == "closeness"
    return trial.design.get("person") if asked else None


def _row(trials: Trials, name: str, condition: str, asked: Iterable[Trial]) -> Index | None:
    """The mean of an item's ratings, as a rule of one; none where it was not asked."""
    every = list(asked)
    if not every:
        return None
    values = [v for t in every if (v := number(t.outcome.get("value"))) is not None]
    return index_of(
        trials.run,
        name,
        mean_t(values) if values else undefined("no_answers"),
        condition=condition,
        unit="0 to 100",
        n=(len(values), len(every)),
        method="mean",
    )


ANALYSIS = Analysis(
    task="mood",
    indices=indices,
    params=Params(),
    descriptions={
        "rating": "The rating of a feeling on a line, 0 to 100; the mean where it was asked twice.",
        "closeness": "Closeness to a person on the circles (IOS), 0 (apart) to 100 (nearly one); "
        "one of seven pairs, (pair - 1) / 6 of 100.",
    },
    conditions={
        **{item: f"The ratings of '{item}'" for item in ITEMS},
        **{person: f"The closeness to the person who is '{person}'" for person in PEOPLE},
    },
    flags={},
)
