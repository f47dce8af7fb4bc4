"""The 27-item questionnaire: the boundary rule, overall and by size of the amount."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from analysis.discounting.offers import (
    CONSISTENT,
    SIZES,
    answered_of,
    chose_later,
    item_k,
)
from analysis.indices import Index, index_of
from analysis.intervals import Estimate, undefined
from analysis.mcq import RULE, BoundaryScore, boundary_score
from analysis.read import Run, Trial, number


def questionnaire_rows(run: Run, items: Sequence[Trial]) -> list[Index]:
    """The boundary rule, overall and by the size of the later amount."""
    ordered = sorted(items, key=_published_order)
    by_size = {size: [t for t in ordered if t.design.get("magnitude") == size] for size in SIZES}
    scores = {"all": _boundary(ordered), **{s: _boundary(by_size[s]) for s in SIZES}}
    counts = {"all": _count(ordered), **{s: _count(by_size[s]) for s in SIZES}}
    parts = [scores[size] for size in SIZES]
    rows = []
    for condition in ("all", *SIZES):
        rows += _k_rows(run, condition, scores[condition], counts[condition])
    rows += _composite(run, parts, counts["all"])
    rows.append(_magnitude_effect(run, parts, counts["all"]))
    return rows


def _published_order(trial: Trial) -> tuple[float, int, int]:
    rank = number(trial.design.get("rank")) or 0.0
    size = trial.design.get("magnitude")
    return rank, SIZES.index(size) if size in SIZES else 0, trial.trial


def _count(items: Sequence[Trial]) -> tuple[int, int]:
    return len(answered_of(items)), len(items)


def _boundary(items: Sequence[Trial]) -> BoundaryScore | str:
    """The score, or why there is none."""
    if not items:
        return "not_this_method"
    rates = [item_k(trial) for trial in items]
    if len(answered_of(items)) < len(items) or any(rate is None for rate in rates):
        return "missing_items"
    return boundary_score([rate or 0.0 for rate in rates], [chose_later(trial) for trial in items])


def _k_rows(
    run: Run, condition: str, score: BoundaryScore | str, n: tuple[int, int]
) -> list[Index]:
    if isinstance(score, str):
        rate = log_rate = consistency = undefined(score)
    else:
        flags = (
            *(("censored",) if score.at_bound else ()),
            *(("inconsistent",) if score.consistency < CONSISTENT else ()),
        )
        rate, log_rate = (Estimate(v, flags=flags) for v in (score.k, math.log(score.k)))
        consistency = Estimate(score.consistency, flags=flags)
    common: dict[str, Any] = {"condition": condition, "n": n}
    return [
        index_of(run, "mcq_k", rate, unit="1/day", method=RULE, **common),
        index_of(run, "mcq_ln_k", log_rate, unit="ln(1/day)", method=RULE, **common),
        index_of(
            run,
            "mcq_consistency",
            consistency,
            unit="proportion",
            method=f"answers that fit the best boundary / all; flagged below {CONSISTENT:g}",
            **common,
        ),
    ]


def _composite(run: Run, parts: Sequence[BoundaryScore | str], n: tuple[int, int]) -> list[Index]:
    """The three sizes together: geometric mean of their k, mean of their consistencies."""
    scored = [part for part in parts if isinstance(part, BoundaryScore)]
    if len(scored) < len(parts):
        reason = next(part for part in parts if isinstance(part, str))
        rate = log_rate = consistency = undefined(reason)
    else:
        mean = math.fsum(math.log(part.k) for part in scored) / len(scored)
        low = any(part.consistency < CONSISTENT for part in scored)
        flags = (
            *(("censored",) if all(part.at_bound for part in scored) else ()),
            *(("inconsistent",) if low else ()),
        )
        rate, log_rate = (Estimate(value, flags=flags) for value in (math.exp(mean), mean))
        together = math.fsum(part.consistency for part in scored) / len(scored)
        consistency = Estimate(together, flags=flags)
    rule = f"geometric mean of small, medium, large; each by the {RULE}"
    common: dict[str, Any] = {"condition": "composite", "n": n}
    return [
        index_of(run, "mcq_k", rate, unit="1/day", method=rule, **common),
        index_of(run, "mcq_ln_k", log_rate, unit="ln(1/day)", method=rule, **common),
        index_of(
            run,
            "mcq_consistency",
            consistency,
            unit="proportion",
            method="mean of small, medium, large",
            **common,
        ),
    ]


def _magnitude_effect(run: Run, parts: Sequence[BoundaryScore | str], n: tuple[int, int]) -> Index:
    reason = next((part for part in parts if isinstance(part, str)), None)
    logs = [math.log(part.k) for part in parts if isinstance(part, BoundaryScore)]
    slope = undefined(reason) if reason else Estimate((logs[2] - logs[0]) / 2)
    return index_of(
        run,
        "magnitude_effect",
        slope,
        unit="ln(1/day) per size",
        n=n,
        method="least-squares slope of ln k on small, medium, large = -1, 0, 1",
    )
