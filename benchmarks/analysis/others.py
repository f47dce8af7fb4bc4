"""What else a laboratory could write: pandas file by file, and json line by line with scipy.

Both do much less than ours: one or two numbers a task, no interval, no checks, no tables of trials.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import optimize, stats

Numbers = dict[str, float]


def by_pandas(data: Path) -> list[Numbers]:
    """Each ``beh.tsv``, a row a trial, into a data frame, then the same numbers as below."""
    return [numbers(_task(path), _table(path)) for path in sorted(data.glob("sub-*/**/*_beh.tsv"))]


def events_read(data: Path) -> int:
    """Each ``events.tsv`` into a data frame and nothing else; how many lines there are."""
    return sum(len(_table(path)) for path in sorted(data.glob("sub-*/**/*_events.tsv")))


def _table(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, sep="\t", na_values=["n/a"], low_memory=False)


def by_json_and_scipy(data: Path) -> list[Numbers]:
    """Each line of each log through ``json.loads``, the trials into a data frame."""
    found = []
    for path in sorted(data.glob("sourcedata/**/*_log.jsonl")):
        rows = [
            {"practice": False, **event["design"], **event["outcome"]}
            for event in events(path)
            if event["kind"] == "trial"
        ]
        found.append(numbers(_task(path), pd.DataFrame(rows)))
    return found


def events(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def _task(path: Path) -> str:
    return path.name.partition("_task-")[2].partition("_")[0]


def numbers(task: str, table: pd.DataFrame) -> Numbers:
    """The main numbers of one run."""
    test = table[~table["practice"].fillna(False).astype(bool)]
    return SCORES[task](test)


def _eyes(test: pd.DataFrame) -> Numbers:
    answered = test[~test["missed"].astype(bool)]
    right = int(answered["correct"].astype(bool).sum())
    return {"total": right, "p": float(stats.binomtest(right, len(answered), 0.25).pvalue)}


def _trust(test: pd.DataFrame) -> Numbers:
    rated = test[(test["judgement"] == "trust") & ~test["missed"].astype(bool)]
    given = rated["response"].astype(float)
    line = stats.linregress(rated["trust"].astype(float), given)
    return {"bias": float((given - rated["trust"].astype(float)).mean()), "slope": line.slope}


def _discounting(test: pd.DataFrame) -> Numbers:
    sooner, later, days = (test[name].to_numpy(float) for name in ("sooner", "later", "later_days"))
    chose = (test["response"] == "later").to_numpy()

    def loss(at: np.ndarray[Any, Any]) -> float:
        gain = later / (1 + np.exp(at[0]) * days) - sooner
        x = np.exp(at[1]) * gain / later
        return float(np.logaddexp(0, np.where(chose, -x, x)).sum())

    starts = [(-6.0, 1.0), (-4.0, 2.0), (-2.0, 3.0)]
    fits = [optimize.minimize(loss, start, method="L-BFGS-B") for start in starts]
    return {"ln_k": float(min(fits, key=lambda fit: fit.fun).x[0])}


def _polysemy(test: pd.DataFrame) -> Numbers:
    right = test[(test["part"] == "decision") & (test["correct"].fillna(False).astype(bool))]
    times = np.log(right["rt_s"].astype(float))
    means = times.groupby([right["condition"], right["soa_s"]]).mean()
    return {f"{cell}": float(value) for cell, value in means.items()}


def _attachment(test: pd.DataFrame) -> Numbers:
    rated = test[test["kind"] == "image"]
    values = pd.to_numeric(rated["response"], errors="coerce")
    own, other = (values[rated["condition"] == name] for name in ("own", "acquainted"))
    found = stats.ttest_ind(own.dropna(), other.dropna(), equal_var=False)
    return {"own_minus_acquainted": float(own.mean() - other.mean()), "t": float(found.statistic)}


SCORES = {
    "attachment": _attachment,
    "discounting": _discounting,
    "eyes": _eyes,
    "polysemy": _polysemy,
    "trust": _trust,
}
