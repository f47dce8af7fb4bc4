"""Response times of a polysemy run, and speed with accuracy in one score."""

from __future__ import annotations

import math

from analysis.indices import Index, index_of
from analysis.intervals import (
    Estimate,
    mean_t,
    median_order,
    proportion,
    undefined,
)
from analysis.polysemy.cells import (
    SENSES,
    Params,
    Table,
    named,
    soas_of,
)
from analysis.read import Run
from analysis.rt import lisas


def integrated_rows(run: Run, table: Table, params: Params) -> list[Index]:
    """Speed with accuracy in one score: by cell, and unrelated less related by sense and SOA."""
    rt: list[float] = []
    correct: list[float] = []
    names: list[tuple[str, int]] = []
    for key, found in table.items():
        right = found.answered - found.errors
        rt += [math.exp(value) for value in found.log_rt]
        rt += [math.nan] * (found.answered - len(found.log_rt))
        correct += [1.0] * right + [0.0] * found.errors
        names += [key] * found.answered
    scores = lisas(rt, correct, names)
    estimates = {
        key: Estimate(score) if math.isfinite(score) else undefined("no_values")
        for key in table
        for score in [scores.get(key, math.nan)]
    }
    method = f"mean RT + (S_RT/S_PE) errors/answered, S over all word targets; {params.rule}"
    rows = [
        index_of(
            run,
            "lisas",
            estimates[key],
            condition=named(*key),
            unit="s",
            n=(found.answered, len(found.trials)),
            method=method,
        )
        for key, found in table.items()
    ]
    for sense in SENSES:
        for soa in soas_of(table):
            pair = [(f"{sense}_{relation}", soa) for relation in ("unrelated", "related")]
            rows.append(
                index_of(
                    run,
                    "lisas_priming",
                    _less(*(estimates[key] for key in pair)),
                    condition=named(sense, soa),
                    unit="s",
                    n=(
                        sum(table[key].answered for key in pair),
                        sum(len(table[key].trials) for key in pair),
                    ),
                    method=f"unrelated - related of {method}",
                )
            )
    return rows


def _less(longer: Estimate, shorter: Estimate) -> Estimate:
    """A difference without a standard error."""
    if longer.value is None or shorter.value is None:
        return undefined("no_values")
    return Estimate(longer.value - shorter.value)


def time_rows(run: Run, table: Table, params: Params) -> list[Index]:
    """Mean times by cell, the median of all, and the share that was cut."""
    rows = []
    for (condition, soa), found in table.items():
        rt = [math.exp(value) for value in found.log_rt]
        rows.append(
            index_of(
                run,
                "rt_mean",
                mean_t(rt) if rt else undefined("no_values"),
                condition=named(condition, soa),
                unit="s",
                n=(len(rt), len(found.trials)),
                method=f"mean; {params.rule}",
            )
        )
    cut = sum(found.n_cut for found in table.values())
    right = cut + sum(len(found.log_rt) for found in table.values())
    total = sum(len(found.trials) for found in table.values())
    rts = [math.exp(value) for found in table.values() for value in found.log_rt]
    rows += [
        index_of(
            run,
            "rt_median",
            median_order(rts) if rts else undefined("no_values"),
            unit="s",
            n=(len(rts), total),
            method=f"median; {params.rule}",
        ),
        index_of(
            run,
            "trimmed_share",
            proportion(cut, right),
            unit="proportion",
            n=(right, total),
            method=f"correct answers cut/correct answers; {params.rule}",
        ),
    ]
    return rows
