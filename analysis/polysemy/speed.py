"""Response times of a polysemy run, and speed with accuracy in one score."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from analysis.indices import Index, index_of
from analysis.integrated import Answers, bis, lisas_of
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


def integrated_rows(run: Run, table: Table, params: Params) -> list[Index]:
    """Speed with accuracy in one score, by cell and as priming: LISAS, then BIS."""
    return [*_lisas_rows(run, table, params), *_bis_rows(run, table, params)]


def _lisas_rows(run: Run, table: Table, params: Params) -> list[Index]:
    """LISAS by cell, and unrelated less related by sense and SOA."""
    cells = {
        key: Answers(np.exp(np.sort(found.log_rt)), found.answered, found.errors)
        for key, found in table.items()
    }
    method = f"mean RT + (S_RT/S_PE) errors/answered, S over all word targets; {params.rule}"
    rows = [
        _index(run, "lisas", lisas_of(cells, {key: 1.0}), table, (key,), named(*key), "s", method)
        for key in table
    ]
    for name, pair in _pairs(table).items():
        unrelated, related = pair
        less = lisas_of(cells, {unrelated: 1.0, related: -1.0})
        rule = f"unrelated - related of {method}"
        rows.append(_index(run, "lisas_priming", less, table, pair, name, "s", rule))
    return rows


def _bis_rows(run: Run, table: Table, params: Params) -> list[Index]:
    """BIS by cell, and related less unrelated by sense and SOA; standardised over the cells."""
    rt = [
        math.fsum(map(math.exp, c.log_rt)) / len(c.log_rt) if c.log_rt else math.nan
        for c in table.values()
    ]
    share = [1 - c.errors / c.answered if c.answered else math.nan for c in table.values()]
    scores = dict(zip(table, bis(rt, share).tolist(), strict=True))
    reason = "few_cells" if sum(map(math.isfinite, scores.values())) < 2 else "no_values"
    method = (
        f"z(correct/answered) - z(mean RT), over the person's cells, population SD; {params.rule}"
    )

    def estimate(value: float) -> Estimate:
        known = math.isfinite(value) and reason != "few_cells"
        return Estimate(value) if known else undefined(reason)

    rows = [
        _index(run, "bis", estimate(scores[key]), table, (key,), named(*key), "z", method)
        for key in table
    ]
    for name, pair in _pairs(table).items():
        unrelated, related = pair
        more = estimate(scores[related] - scores[unrelated])
        rule = f"related - unrelated of {method}"
        rows.append(_index(run, "bis_priming", more, table, pair, name, "z", rule))
    return rows


Key = tuple[str, int]
"""Condition and SOA (ms) of a cell."""


def _pairs(table: Table) -> dict[str, tuple[Key, Key]]:
    """The unrelated and the related cell of each sense and SOA."""
    return {
        named(sense, soa): ((f"{sense}_unrelated", soa), (f"{sense}_related", soa))
        for sense in SENSES
        for soa in soas_of(table)
    }


def _index(
    run: Run,
    name: str,
    estimate: Estimate,
    table: Table,
    keys: Sequence[Key],
    condition: str,
    unit: str,
    method: str,
) -> Index:
    n = sum(table[key].answered for key in keys), sum(len(table[key].trials) for key in keys)
    return index_of(run, name, estimate, condition=condition, unit=unit, n=n, method=method)


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
