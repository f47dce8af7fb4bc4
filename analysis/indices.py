"""Indices: one number a person, run and condition, with interval, rule, counts and flags."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from analysis.intervals import Estimate
from analysis.read import Run, Trials
from analysis.tables import as_json, lines


@dataclass(frozen=True, kw_only=True)
class Index:
    """One row of the table of indices; ``None`` where something is not defined."""

    participant: str
    session: str | None
    task: str
    run: int
    index: str
    condition: str
    value: float | None
    se: float | None
    ci_low: float | None
    ci_high: float | None
    ci_method: str
    unit: str
    n_used: int
    """Trials that the value rests on."""
    n_total: int
    """Trials of the condition that were recorded, practice left out."""
    n_excluded: int
    """``n_total - n_used``."""
    method: str
    """The rule by name."""
    flag: tuple[str, ...]
    """Marks, and for a value that is not defined the reason."""


def index_of(
    run: Run,
    name: str,
    estimate: Estimate,
    *,
    condition: str = "all",
    unit: str,
    n: tuple[int, int],
    method: str,
) -> Index:
    """An index of a run from its estimate; the run's own flags come with it.

    ``n`` are the trials that the value rests on, and all trials of the condition on record.
    """
    n_used, n_total = n
    return Index(
        participant=run.participant,
        session=run.session,
        task=run.task,
        run=run.run,
        index=name,
        condition=condition,
        value=estimate.value,
        se=estimate.se,
        ci_low=estimate.ci_low,
        ci_high=estimate.ci_high,
        ci_method=estimate.ci_method,
        unit=unit,
        n_used=n_used,
        n_total=n_total,
        n_excluded=n_total - n_used,
        method=method,
        flag=tuple(dict.fromkeys((*estimate.flags, *run.flags))),
    )


@dataclass(frozen=True)
class Analysis:
    """How one task is scored: the function, its settings, and the meaning of what it gives."""

    task: str
    indices: Callable[[Trials, Any], list[Index]]
    params: Any
    """Settings that ``indices`` is called with unless others are given."""
    descriptions: Mapping[str, str]
    """For each index one sentence: what it is and how it is computed."""
    conditions: Mapping[str, str]
    """For each condition which trials it takes."""
    flags: Mapping[str, str]
    """For each flag of this task what it means; the common ones are in ``FLAGS``."""


MISSED_LIMIT = 0.10
"""Share of missed trials above which a run is flagged."""

CHANCE_ALPHA = 0.05
"""A score that guessing reaches with this probability or more is a score at chance."""

FLAGS: dict[str, str] = {
    "simulated": "the answers come from a simulated participant, not from a person",
    "pilot": "the run belongs to a pilot, not to the study",
    "pilot_stimuli": "the stimuli are placeholders for trying out; the value has no meaning",
    "incomplete": "the run was stopped early or broke off; the value rests on its first part",
    "damaged_lines": "lines of the log could not be read; trials may be missing",
    "no_answers": "undefined: no trial of the condition was answered",
    "no_values": "undefined: no trial of the condition has such a value",
    "one_value": "no interval: there is a single value",
    "few_values": "no interval: too few values for one; a row without a value: undefined so",
    "constant": "no interval: all values are the same, which a person's hardly are",
}
"""Flags that every task may use, and what they mean."""

CI_METHODS = {
    "none": "no interval is defined for this index",
    "wilson": "Wilson's score interval for a proportion",
    "t": "t interval of a mean over trials",
    "order": "distribution-free interval of a median between two order statistics",
    "wald": "estimate plus and minus 1.96 standard errors",
    "log_wald": "exp of the logarithm of the estimate plus and minus 1.96 of its standard errors",
    "logit": "estimate plus and minus 1.96 standard errors on the logit, turned back",
    "laplace": "posterior mode plus and minus 1.96 posterior standard deviations",
    "posterior": "equal-tailed interval of the posterior",
    "fisher": "interval of a correlation by Fisher's transformation",
}

COLUMNS = tuple(entry.name for entry in fields(Index))


def index_lines(indices: Iterable[Index]) -> bytes:
    """A run's lines of the table of indices; the same rows give the same bytes."""
    return lines([getattr(index, name) for name in COLUMNS] for index in indices)


def indices_json(analyses: Iterable[Analysis]) -> bytes:
    """The data dictionary that lies beside the table of indices."""
    known = list(analyses)
    names = {f"{a.task}: {name}": text for a in known for name, text in a.descriptions.items()}
    conditions = {f"{a.task}: {name}": text for a in known for name, text in a.conditions.items()}
    own = {f"{a.task}: {name}": text for a in known for name, text in a.flags.items()}
    flags = {**FLAGS, **own}
    return as_json(
        {
            "participant": {"Description": "label of the participant"},
            "session": {"Description": "label of the session"},
            "task": {"Description": "name of the task"},
            "run": {"Description": "number of the run"},
            "index": {"Description": "name of the index (here after its task)", "Levels": names},
            "condition": {"Description": "trials that the index takes", "Levels": conditions},
            "value": {"Description": "the index; n/a if undefined, with the reason in flag"},
            "se": {"Description": "standard error, or SD of the posterior"},
            "ci_low": {"Description": "lower end of the 95 % interval"},
            "ci_high": {"Description": "upper end of the 95 % interval"},
            "ci_method": {"Description": "kind of interval", "Levels": CI_METHODS},
            "unit": {"Description": "unit of value, se, ci_low and ci_high"},
            "n_used": {"Description": "trials that the value rests on"},
            "n_total": {"Description": "trials of the condition on record, without practice"},
            "n_excluded": {"Description": "trials left out: n_total - n_used"},
            "method": {"Description": "the rule by name, with its settings"},
            "flag": {
                "Description": "marks, separated by | (here those of one task after its name)",
                "Levels": flags,
            },
        }
    )
