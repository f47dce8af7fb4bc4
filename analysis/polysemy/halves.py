"""Halves of a polysemy run, for its reliability: priming and the bias between the senses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from analysis.halves import Parts, Split, contrast_of
from analysis.polysemy.cells import SENSES, Params, cells_of
from analysis.read import Trials


def _primed(weights: Mapping[str, float]) -> Callable[[Trials, Any], Parts | None]:
    """A weighted sum of mean ln RT over cells, as the mean over the run's SOAs."""

    def parts(trials: Trials, params: Params) -> Parts | None:
        decisions = [t for t in trials.test if t.design.get("part") in (None, "decision")]
        table = {
            key: found.log_rt
            for key, found in cells_of(decisions, params).items()
            if key[0] in weights
        }
        if not table or not all(table.values()):
            return None
        n_soas = len({soa for _, soa in table})
        cells = [key for key, values in table.items() for _ in values]
        groups = [
            (weights[key[0]] / n_soas, np.array([cell == key for cell in cells])) for key in table
        ]
        values = [value for log_rt in table.values() for value in log_rt]
        return Parts(tuple(cells), contrast_of(values, groups))

    return parts


_PRIMING = {sense: {f"{sense}_unrelated": 1.0, f"{sense}_related": -1.0} for sense in SENSES}
_SENSE_BIAS = {
    **_PRIMING["attachment"],
    **{cell: -weight for cell, weight in _PRIMING["other"].items()},
}


SPLITS = (
    Split("attachment_bias", "all", ("condition", "SOA"), _primed(_SENSE_BIAS)),
    Split("priming", "attachment", ("condition", "SOA"), _primed(_PRIMING["attachment"])),
    Split("priming", "other", ("condition", "SOA"), _primed(_PRIMING["other"])),
)
"""The indices of this task whose reliability is told."""
