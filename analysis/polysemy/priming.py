"""Priming by sense, SOA and dominance: differences of mean ln RT, of ms, of error rates."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from analysis.indices import Index, index_of
from analysis.intervals import (
    Estimate,
    normal,
    undefined,
)
from analysis.polysemy.cells import (
    CELLS,
    DOMINANCES,
    HALF,
    SENSES,
    Params,
    Table,
    named,
    soas_of,
)
from analysis.read import Run


def difference(longer: Sequence[float], shorter: Sequence[float]) -> Estimate:
    """Mean of one sample less that of another, SE = root of s1²/n1 + s2²/n2.

    >>> round(difference([1.0, 2.0, 3.0], [1.0, 1.5, 2.0]).se or 0, 4)
    0.6455
    """
    if not longer or not shorter:
        return undefined("no_values")
    a, b = np.asarray(longer), np.asarray(shorter)
    value = float(a.mean() - b.mean())
    if a.size < 2 or b.size < 2:
        return Estimate(value, flags=("few_values",))
    se = math.sqrt(float(a.var(ddof=1)) / a.size + float(b.var(ddof=1)) / b.size)
    return normal(value, se, "wald") if se > 0 else Estimate(value, flags=("constant",))


def combined(parts: Sequence[Estimate], weights: Sequence[float]) -> Estimate:
    """A weighted sum of independent estimates; undefined if one of them is."""
    reasons = [flag for part in parts if part.value is None for flag in part.flags]
    if not parts or reasons:
        return undefined(*(dict.fromkeys(reasons) or ("no_trials",)))
    value = sum(w * (p.value or 0.0) for w, p in zip(weights, parts, strict=True))
    if any(part.se is None for part in parts):
        return Estimate(value, flags=("few_values",))
    se = math.sqrt(sum((w * (p.se or 0.0)) ** 2 for w, p in zip(weights, parts, strict=True)))
    return normal(value, se, "wald")


def priming_of(table: Table, sense: str, soa_ms: int, *, ms: bool = False) -> Estimate:
    """Unrelated less related, of ln RT, or of RT in ms."""
    unrelated, related = (
        table[f"{sense}_{relation}", soa_ms].log_rt for relation in ("unrelated", "related")
    )
    if ms:
        return difference(_as_ms(unrelated), _as_ms(related))
    return difference(unrelated, related)


def _as_ms(log_rt: Sequence[float]) -> list[float]:
    return [1000 * math.exp(value) for value in log_rt]


def priming_rows(run: Run, table: Table, params: Params) -> list[Index]:
    """Priming of either sense, the bias between them, and specificity."""
    rows: list[Index] = []
    for name, ms, unit in (("priming", False, "ln s"), ("priming_ms", True, "ms")):
        method = f"mean(unrelated) - mean(related), same targets over lists; {params.rule}"
        found = {
            sense: [priming_of(table, sense, soa, ms=ms) for soa in soas_of(table)]
            for sense in SENSES
        }
        bias = [combined(pair, (1, -1)) for pair in zip(*found.values(), strict=True)]
        named = {
            **{
                sense: (name, sense, [f"{sense}_related", f"{sense}_unrelated"]) for sense in SENSES
            },
            "bias": (f"attachment_bias{'_ms' * ms}", "", list(CELLS[:4])),
        }
        for key, (index, condition, conditions) in named.items():
            values = bias if key == "bias" else found[key]
            rule = (
                method if key != "bias" else f"priming(attachment) - priming(other); {params.rule}"
            )
            rows += _by_soa(run, index, condition, values, table, conditions, unit, rule)
    rows += _specificity(run, table, params)
    return rows


def _by_soa(
    run: Run,
    index: str,
    condition: str,
    values: Sequence[Estimate],
    table: Table,
    conditions: Sequence[str],
    unit: str,
    method: str,
) -> list[Index]:
    """An index over all SOAs (their mean), then at each."""
    soas = soas_of(table)
    mean = combined(values, [1 / len(values)] * len(values)) if values else undefined("no_trials")
    rows = []
    for soa, estimate in ((None, mean), *zip(soas, values, strict=True)):
        used = [table[c, s] for c in conditions for s in soas if soa in (None, s)]
        rows.append(
            index_of(
                run,
                index,
                estimate,
                condition=named(condition, soa),
                unit=unit,
                n=(sum(len(c.log_rt) for c in used), sum(len(c.trials) for c in used)),
                method=method if soa else f"mean over SOAs; {method}",
            )
        )
    return rows


def _specificity(run: Run, table: Table, params: Params) -> list[Index]:
    """Control less attachment targets after the same primes: covariates are for a mixed model."""
    values = [
        difference(table["control", s].log_rt, table["attachment_related", s].log_rt)
        for s in soas_of(table)
    ]
    return _by_soa(
        run,
        "attachment_specificity",
        "",
        values,
        table,
        ["control", "attachment_related"],
        "ln s",
        f"mean(control) - mean(attachment), both after P; no covariates; {params.rule}",
    )


def dominance_rows(run: Run, table: Table, params: Params) -> list[Index]:
    """Priming of the dominant and of the subordinate sense, and their difference."""
    source = "norms given" if params.attachment_share else "norms of the word set"
    named = f"dominant: above {HALF:g} of the associations, {source}; {params.rule}"
    priming = f"mean(unrelated) - mean(related), same targets over lists; {named}"
    known = any(found.trials for found in table.values()) or not table
    found = {
        dominance: [
            priming_of(table, dominance, soa) if known else undefined("no_dominance")
            for soa in soas_of(table)
        ]
        for dominance in DOMINANCES
    }
    rows: list[Index] = []
    for dominance, values in found.items():
        cells = [f"{dominance}_related", f"{dominance}_unrelated"]
        rows += _by_soa(run, "priming", dominance, values, table, cells, "ln s", priming)
    bias = [combined(pair, (1, -1)) for pair in zip(*found.values(), strict=True)]
    method = f"priming(dominant) - priming(subordinate); {named}"
    every = list(dict.fromkeys(name for name, _ in table))
    return rows + _by_soa(run, "dominance_bias", "", bias, table, every, "ln s", method)


def error_rows(run: Run, table: Table) -> list[Index]:
    """Priming of the error rate."""
    rows = []
    for sense in SENSES:
        for soa in soas_of(table):
            unrelated, related = (table[f"{sense}_{r}", soa] for r in ("unrelated", "related"))
            rows.append(
                index_of(
                    run,
                    "error_priming",
                    share_difference(
                        (unrelated.errors, unrelated.answered), (related.errors, related.answered)
                    ),
                    condition=named(sense, soa),
                    unit="proportion",
                    n=(
                        unrelated.answered + related.answered,
                        len(unrelated.trials) + len(related.trials),
                    ),
                    method="errors/answered, unrelated - related; SE with one error and one hit "
                    "added to each (Agresti & Caffo 2000)",
                )
            )
    return rows


def share_difference(longer: tuple[int, int], shorter: tuple[int, int]) -> Estimate:
    """Difference of two error rates, each of (errors, answers) (Agresti & Caffo 2000)."""
    if not longer[1] or not shorter[1]:
        return undefined("no_answers")
    value = longer[0] / longer[1] - shorter[0] / shorter[1]
    shares = [((errors + 1) / (n + 2), n + 2) for errors, n in (longer, shorter)]
    se = math.sqrt(sum(p * (1 - p) / n for p, n in shares))
    limits = normal(shares[0][0] - shares[1][0], se, "wald")
    return Estimate(value, se, limits.ci_low, limits.ci_high, "wald")
