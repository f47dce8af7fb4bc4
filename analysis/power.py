"""What many simulated studies find: power, precision, bias and coverage of every prediction.

``study_results`` is one simulated study's table of predictions beside the truth about its people;
``power_rows`` puts the tables of many studies together. Shares come with Wilson's interval and
means with a normal one: that is the noise of the simulation, less with more repeats.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from statistics import fmean, median, stdev
from typing import Any

from analysis.contrast import expected_difference, measures
from analysis.intervals import Estimate, wilson
from analysis.measure import Measure
from analysis.model import study_rows
from analysis.phenotype import read_groups
from analysis.read import Trial, Trials, number, trials_of
from analysis.run import ANALYSES
from analysis.states import State, placed, read_states, states_of
from analysis.study import BOUND_LOGIT, Row, Study
from analysis.tables import as_json, tsv
from mbtexp.errors import DataError
from mbtexp.events import find_logs, read_log

SMALLEST = 2.8
"""Smallest effect in standard errors: 1.96 for a 95 % interval, and 0.84 for a power of 80 %."""

SURE = 1e-6
"""Standard error that stands for none where the truth itself is put into the models."""

SAME_SCALE = {
    "ln_k": ("discounting", "ln_k"),
    "trust_slope": ("trust", "slope"),
}
"""Contrasts that estimate a parameter itself."""

CHANGES = {**SAME_SCALE, "trust_bias": ("trust", "bias")}
"""Contrasts whose change from state to state is that of a parameter."""

SOAS = {"soa_250": "short", "soa_1000": "long"}
"""Priming at an SOA (ms) and the parameters of the simulated reader behind it."""

Parameters = Mapping[str, float]
RunKey = tuple[str, str, str, int]


# -- one study -------------------------------------------------------------------------------------


def study_results(data: Path, truth: Path) -> list[dict[str, Any]]:
    """The table of predictions of a simulated study; ``truth`` is n/a where nobody can know it.

    Raises
    ------
    DataError
        There is no log, or a table cannot be read.
    """
    logs = [read_log(path) for path in find_logs(data)]
    runs = [trials_of(log) for log in logs]
    indices = [
        index
        for of in runs
        for known in [ANALYSES.get(of.run.task)]
        if known is not None and known.task != "eyes"  # its contrasts are made from trials
        for index in known.indices(of, known.params)
    ]
    states = states_of(
        [placed(log, of) for log, of in zip(logs, runs, strict=True)],
        read_states(data / "sourcedata" / "states.tsv"),
    )
    found = measures(runs, indices, states)
    groups = read_groups(data / "participants.tsv")
    known_states = {state.key: state.state for state in states}
    true = true_measures(found, runs, known_states, _read_truth(truth))
    study = Study(found, groups, {}, states)
    expected = {row.quantity: row for row in study_rows(Study(true, groups))}
    return [
        _plain(row, expected.get(row.quantity))
        for row in study_rows(study)
        if row.estimate is not None
    ]


def _plain(row: Row, true: Row | None) -> dict[str, Any]:
    # Without noise everything is reliable: what is put in says nothing of these rows.
    known = None if true is None or row.quantity.startswith("reliability") else true.estimate
    return {
        "prediction": row.prediction,
        "quantity": row.quantity,
        "estimate": row.estimate,
        "se": row.se,
        "ci_low": row.ci_low,
        "ci_high": row.ci_high,
        "n": row.n,
        "truth": known,
    }


def _read_truth(path: Path) -> dict[RunKey, dict[str, float]]:
    found: dict[RunKey, dict[str, float]] = {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, delimiter="\t"):
                key = (row["participant"], row["session"], row["task"], int(row["run"]))
                found.setdefault(key, {})[row["parameter"]] = float(row["value"])
    except (OSError, KeyError, ValueError) as error:
        raise DataError(f"{path}: this is no table of true parameters ({error}).") from None
    return found


def true_measures(
    found: Iterable[Measure],
    runs: Sequence[Trials],
    states: Mapping[RunKey, State | None],
    truth: Mapping[RunKey, Parameters],
) -> list[Measure]:
    """The measures with the true values in place of the estimates, of those that have one."""
    by_person: dict[str, list[tuple[State | None, Trials, Parameters]]] = {}
    for of in runs:
        key = (of.run.participant, of.run.session or "", of.run.task, of.run.run)
        if key in truth:
            entry = (states.get(key), of, truth[key])
            by_person.setdefault(of.run.participant, []).append(entry)
    true = []
    for measure in found:
        if measure.estimate.value is None:
            continue
        value = _true_value(measure.contrast, by_person.get(measure.participant, []))
        if value is not None:
            true.append(replace(measure, estimate=Estimate(value, SURE), per_trial=None))
    return true


def _true_value(
    contrast: str, played: Sequence[tuple[State | None, Trials, Parameters]]
) -> float | None:
    if contrast in SAME_SCALE:
        return _mean(played, *SAME_SCALE[contrast])
    name = contrast.removesuffix("_change")
    if name != contrast and name in CHANGES:
        parts = [
            _mean([one for one in played if one[0] == state], *CHANGES[name])
            for state in ("attachment", "control")
        ]
        return None if parts[0] is None or parts[1] is None else parts[0] - parts[1]
    soa = SOAS.get(contrast.removeprefix("attachment_bias_"))
    if soa is not None:
        first = _mean(played, "polysemy", f"attachment_{soa}")
        second = _mean(played, "polysemy", f"other_{soa}")
        return None if first is None or second is None else first - second
    of = [(state, trials, p) for state, trials, p in played if trials.run.task == "eyes"]
    return _true_eyes(contrast, of)


def _mean(
    played: Sequence[tuple[State | None, Trials, Parameters]], task: str, parameter: str
) -> float | None:
    values = [p[parameter] for _, trials, p in played if trials.run.task == task]
    return fmean(values) if values else None


def _true_eyes(
    contrast: str, played: Sequence[tuple[State | None, Trials, Parameters]]
) -> float | None:
    """Logit of the expected accuracy on the items that were shown, or its cost."""
    wanted: dict[str, State | None] = {
        "mentalising": None,
        "mentalising_control": "control",
        "mentalising_attachment": "attachment",
    }
    if contrast in wanted:
        state = wanted[contrast]
        return _logit(_right([one for one in played if state in (None, one[0])]))
    if contrast != "cost":
        return None
    parts = {
        state: [one for one in played if one[0] == state] for state in ("control", "attachment")
    }
    control, attachment = (_logit(_right(of)) for of in parts.values())
    if control is None or attachment is None:
        return None
    shown = [[t for _, trials, _ in of for t in _mental(trials)] for of in parts.values()]
    return control - attachment - expected_difference(*shown)[0]


def _mental(trials: Trials) -> list[Trial]:
    return [t for t in trials.test if t.design.get("condition") in (None, "mental")]


def _right(played: Iterable[tuple[State | None, Trials, Parameters]]) -> list[float]:
    """Probability of a right answer in each trial: Rasch, guessing among four words."""
    return [
        0.25 + 0.75 / (1 + math.exp((number(trial.design.get("difficulty")) or 0.0) - p["ability"]))
        for _, trials, p in played
        for trial in _mental(trials)
        if trial.correct is not None
    ]


def _logit(right: Sequence[float]) -> float | None:
    if not right:
        return None
    share = fmean(right)
    return math.log(share / (1 - share))


# -- many studies ----------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Power:
    """What repeated studies found of one quantity; ``None`` where something is not defined."""

    prediction: str
    quantity: str
    criterion: str
    """What the interval of a repeat must do to be counted in ``power``."""
    repeats: int
    n_defined: int
    """Repeats in which the quantity had an interval."""
    n_people: float | None
    """Mean number of people that it rested on."""
    power: float | None
    power_low: float | None
    power_high: float | None
    estimate: float | None
    truth: float | None
    bias: float | None
    bias_low: float | None
    bias_high: float | None
    covered: float | None
    covered_low: float | None
    covered_high: float | None
    width: float | None
    """Mean width of the interval."""
    median_se: float | None
    smallest_effect: float | None


EXCLUDES_0 = "95 % interval excludes 0"
WITHIN_BOUND = f"90 % interval within +-{BOUND_LOGIT:g} logit"


def power_rows(repeats: Sequence[Mapping[str, Any]]) -> list[Power]:
    """One row for each quantity that any repeat has, in the order in which they come first."""
    found: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for one in repeats:
        for row in one["rows"]:
            found.setdefault((row["prediction"], row["quantity"]), []).append(row)
    return [_power(key, rows, len(repeats)) for key, rows in sorted(found.items(), key=_place)]


def _place(entry: tuple[tuple[str, str], Any]) -> str:
    return entry[0][0]


def _power(key: tuple[str, str], rows: Sequence[Mapping[str, Any]], repeats: int) -> Power:
    bound = key[1].startswith("equivalence")
    sure = [row for row in rows if row["ci_low"] is not None and row["ci_high"] is not None]
    hits = sum(_within(row) if bound else _excludes_0(row) for row in sure)
    power = _share(hits, len(sure))
    truths = [row["truth"] for row in rows if row["truth"] is not None]
    truth = fmean(truths) if truths else None
    off = [row["estimate"] - row["truth"] for row in rows if row["truth"] is not None]
    bias = _mean_ci(off)
    inside = 0 if truth is None else sum(row["ci_low"] <= truth <= row["ci_high"] for row in sure)
    covered = (None, None, None) if truth is None or bound else _share(inside, len(sure))
    ses = [row["se"] for row in rows if row["se"] is not None]
    return Power(
        prediction=key[0],
        quantity=key[1],
        criterion=WITHIN_BOUND if bound else EXCLUDES_0,
        repeats=repeats,
        n_defined=len(sure),
        n_people=fmean(row["n"] for row in rows),
        power=power[0],
        power_low=power[1],
        power_high=power[2],
        estimate=fmean(row["estimate"] for row in rows),
        truth=truth,
        bias=bias[0],
        bias_low=bias[1],
        bias_high=bias[2],
        covered=covered[0],
        covered_low=covered[1],
        covered_high=covered[2],
        width=fmean(row["ci_high"] - row["ci_low"] for row in sure) if sure else None,
        median_se=median(ses) if ses else None,
        smallest_effect=SMALLEST * median(ses) if ses else None,
    )


def _excludes_0(row: Mapping[str, Any]) -> bool:
    return bool(row["ci_low"] > 0 or row["ci_high"] < 0)


def _within(row: Mapping[str, Any]) -> bool:
    return bool(row["ci_low"] > -BOUND_LOGIT and row["ci_high"] < BOUND_LOGIT)


def _share(k: int, n: int) -> tuple[float | None, float | None, float | None]:
    if n == 0:
        return None, None, None
    low, high = wilson(k, n)
    return k / n, float(low), float(high)


def _mean_ci(values: Sequence[float]) -> tuple[float | None, float | None, float | None]:
    if not values:
        return None, None, None
    mean = fmean(values)
    if len(values) == 1:
        return mean, None, None
    half = 1.96 * stdev(values) / math.sqrt(len(values))
    return mean, mean - half, mean + half


# -- as a table ------------------------------------------------------------------------------------

COLUMNS = tuple(entry.name for entry in fields(Power))


def power_tsv(rows: Iterable[Power]) -> bytes:
    """The table of power, in the order of the predictions."""
    return tsv(COLUMNS, ([getattr(row, name) for name in COLUMNS] for row in rows))


def power_json() -> bytes:
    """The data dictionary that lies beside it."""
    wilson_interval = "95 % interval of the simulation's noise (Wilson)"
    return as_json(
        {
            "prediction": {"Description": "number of the prediction, as in study.tsv"},
            "quantity": {"Description": "what is estimated, as in study.tsv"},
            "criterion": {"Description": "what is counted in power"},
            "repeats": {"Description": "simulated studies"},
            "n_defined": {"Description": "studies in which the quantity had an interval"},
            "n_people": {"Description": "mean number of people that it rested on"},
            "power": {"Description": "share of the studies with an interval that meet criterion"},
            "power_low": {"Description": wilson_interval},
            "power_high": {"Description": wilson_interval},
            "estimate": {"Description": "mean estimate over studies"},
            "truth": {
                "Description": "mean of the same quantity computed from the true parameters of the "
                "people and the items that they saw; n/a where parameters do not tell it"
            },
            "bias": {"Description": "mean of estimate - truth, study by study"},
            "bias_low": {"Description": "95 % interval of the simulation's noise (normal)"},
            "bias_high": {"Description": "95 % interval of the simulation's noise (normal)"},
            "covered": {"Description": "share of intervals that hold the mean truth"},
            "covered_low": {"Description": wilson_interval},
            "covered_high": {"Description": wilson_interval},
            "width": {"Description": "mean width of the interval: the precision"},
            "median_se": {"Description": "median standard error over studies"},
            "smallest_effect": {
                "Description": f"{SMALLEST} x median_se: about the smallest effect that this "
                "design finds in 80 % of studies with a 95 % interval"
            },
        }
    )
