"""What the distribution of a polysemy run's times says: EZ diffusion and the ex-Gaussian."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from analysis.exgaussian import FEWEST_TO_FIT, ex_gaussian
from analysis.ez import FEWEST_RIGHT, Ez, ez_of, ez_robust_of
from analysis.indices import Index, index_of
from analysis.polysemy.cells import Cell, Params, Table, cells_of
from analysis.read import Run, Trial
from analysis.rt import NO_TRIM

GROUPS = ("all", "related", "unrelated")
"""Word targets together, after related and after unrelated primes: both senses, all SOAs.

A cell of one condition and SOA has two dozen times, too few for a distribution.
"""

NOISE = 0.1
"""Scale s of the diffusion's noise, as Wagenmakers et al. (2007) have it."""


def distribution_rows(
    run: Run, table: Table, decisions: Sequence[Trial], params: Params
) -> list[Index]:
    """EZ diffusion by two pairs of moments, and the ex-Gaussian, each for three groups."""
    untrimmed = cells_of(decisions, replace(params, trim=NO_TRIM))
    rows: list[Index] = []
    for group in GROUPS:
        trimmed, all_times = _pooled(table, group), _pooled(untrimmed, group)
        rows += _ez_rows(run, group, trimmed, robust=False, rule=params.rule)
        limits = replace(params, trim=NO_TRIM).rule
        rows += _ez_rows(run, group, all_times, robust=True, rule=limits)
        rows += _ex_gaussian_rows(run, group, all_times, limits)
    return rows


def _pooled(table: Table, group: str) -> Cell:
    """The cells of a group as one; times in rising order, so that the trials' order is nothing."""
    cells = [c for (name, _), c in table.items() if group == "all" or name.endswith(f"_{group}")]
    return Cell(
        tuple(trial for c in cells for trial in c.trials),
        tuple(sorted(value for c in cells for value in c.log_rt)),
        sum(c.n_cut for c in cells),
    )


def _times(cell: Cell) -> NDArray[np.float64]:
    times: NDArray[np.float64] = np.exp(np.array(cell.log_rt, dtype=float))
    return times


def _ez_rows(run: Run, group: str, cell: Cell, *, robust: bool, rule: str) -> list[Index]:
    fit = ez_robust_of if robust else ez_of
    found: Ez = fit(cell.answered - cell.errors, cell.answered, _times(cell), NOISE)
    moments = "median and IQR of the diffusion" if robust else "mean and variance"
    method = (
        f"EZ, {moments}, s={NOISE:g}, accuracy of 0 and 1 moved by .5/n, "
        f"from {FEWEST_RIGHT} right answers on; delta method; {rule}"
    )
    end = "_robust" if robust else ""
    return [
        index_of(
            run,
            f"ez_{name}{end}",
            estimate,
            condition=group,
            unit=unit,
            n=(len(cell.log_rt), len(cell.trials)),
            method=method,
        )
        for name, estimate, unit in (
            ("v", found.v, "1/s"),
            ("a", found.a, "1"),
            ("ter", found.ter, "s"),
        )
    ]


def _ex_gaussian_rows(run: Run, group: str, cell: Cell, rule: str) -> list[Index]:
    fit = ex_gaussian(_times(cell))
    method = f"ex-Gaussian, ML, observed information, from {FEWEST_TO_FIT} times on; {rule}"
    return [
        index_of(
            run,
            f"ex_{name}",
            estimate,
            condition=group,
            unit="s",
            n=(len(cell.log_rt), len(cell.trials)),
            method=method,
        )
        for name, estimate in (("mu", fit.mu), ("sigma", fit.sigma), ("tau", fit.tau))
    ]
