"""Norming runs of the polysemy task: dominance of the senses, ratings of the targets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from analysis.indices import Index, index_of
from analysis.intervals import (
    mean_t,
    proportion,
    undefined,
)
from analysis.polysemy.cells import (
    SENSES,
)
from analysis.read import Run, Trial, Trials, number


def norming_rows(run: Run, test: Sequence[Trial]) -> list[Index]:
    """Dominance of the attachment sense and ratings, by one person."""
    meanings = [t for t in test if t.design.get("part") == "meaning"]
    told = [t for t in meanings if t.response in SENSES]
    attached = sum(t.response == "attachment" for t in told)
    rows = [
        index_of(
            run,
            "attachment_share",
            proportion(attached, len(told)) if meanings else undefined("no_trials"),
            unit="proportion",
            n=(len(told), len(meanings)),
            method="associations with the attachment sense/with either sense",
        )
    ]
    for sense in (*SENSES, "control"):
        asked = [
            t for t in test if t.design.get("part") == "rating" and t.design.get("sense") == sense
        ]
        ratings = [r for t in asked if (r := number(t.response)) is not None]
        rows.append(
            index_of(
                run,
                "relatedness",
                mean_t(ratings) if asked else undefined("no_trials"),
                condition=sense,
                unit="points, 1 to 7",
                n=(len(ratings), len(asked)),
                method="mean rating of the targets",
            )
        )
    return rows


def norms(people: Sequence[Trials]) -> list[dict[str, Any]]:
    """A row a prime from norming runs: dominance of the senses, ratings, commonest association.

    ``attachment_share`` is of those whose association had one of the two senses; ``n`` are all who
    were asked. Ratings are means over the people who rated a target of that sense.
    """
    trials = [trial for person in people for trial in person.test]
    primes = sorted({str(t.stim_id) for t in trials if t.design.get("part") == "meaning"})
    return [_norm(prime, [t for t in trials if t.stim_id == prime]) for prime in primes]


def shares_of(table: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Attachment share by the prime's id from ``norms`` or a table like it, for ``Params``.

    >>> shares_of([{"id": "PW01", "attachment_share": 0.8}, {"id": "PW02"}])
    {'PW01': 0.8}
    """
    known = {str(row["id"]): number(row.get("attachment_share")) for row in table}
    return {prime: share for prime, share in known.items() if share is not None}


def _norm(prime: str, trials: Sequence[Trial]) -> dict[str, Any]:
    meanings = [t.response for t in trials if t.design.get("part") == "meaning"]
    told = [meaning for meaning in meanings if meaning in SENSES]
    typed = Counter(
        str(t.response) for t in trials if t.design.get("part") == "association" and t.response
    )
    ratings = {
        sense: [
            float(t.response)
            for t in trials
            if t.design.get("part") == "rating"
            and t.design.get("sense") == sense
            and number(t.response) is not None
        ]
        for sense in (*SENSES, "control")
    }
    return {
        "id": prime,
        "prime": next(str(t.design.get("prime")) for t in trials),
        "n": len(meanings),
        "attachment_share": told.count("attachment") / len(told) if told else None,
        "commonest": min(typed, key=lambda word: (-typed[word], word)) if typed else None,
        **{f"relatedness_{s}": float(np.mean(r)) if r else None for s, r in ratings.items()},
    }
