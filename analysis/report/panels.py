"""Which indices a report draws, and the strips of people for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from analysis.report.figures import Densities, Dot, Strip, densities, strip
from analysis.report.source import Key, Row, Source, key_of, value
from analysis.report.words import titled

MAIN_INDICES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "attachment": (
        ("manipulation", "all"),
        ("person_love", "own_minus_acquainted"),
        ("mood_pleasure", "all"),
        ("mood_arousal", "all"),
        ("mood_distress", "all"),
        ("dot_d_prime", "all"),
        ("dot_rt_median", "all"),
    ),
    "discounting": (
        ("ln_k", "all"),
        ("mcq_ln_k", "all"),
        ("five_trial_ln_k", "all"),
        ("impulsive_share", "all"),
        ("later_share", "all"),
        ("auc", "linear"),
        ("catch_correct", "all"),
        ("rt_median", "all"),
    ),
    "eyes": (
        ("accuracy", "all"),
        ("valence_slope", "all"),
        ("valence_curvature", "all"),
        ("theta", "all"),
        ("rt_median", "all"),
        ("omission_rate", "all"),
    ),
    "moral": (
        ("intent_weight", "all"),
        ("outcome_weight", "all"),
        ("severity", "all"),
        ("severity_difference", "close-stranger"),
        ("statement_accuracy", "all"),
        ("rt_median", "all"),
    ),
    "polysemy": (
        ("attachment_bias", "all"),
        ("priming", "attachment"),
        ("priming", "other"),
        ("attachment_specificity", "all"),
        ("accuracy", "all"),
        ("dprime", "all"),
        ("rt_median", "all"),
    ),
    "recognition": (
        ("dprime", "attachment"),
        ("dprime", "emotional"),
        ("dprime", "neutral"),
        ("dprime_difference", "emotional-neutral"),
        ("criterion", "all"),
        ("auc_confidence", "all"),
        ("rt_median", "all"),
    ),
    "trust": (
        ("bias", "trust"),
        ("slope", "trust"),
        ("agreement_r", "trust"),
        ("d_prime", "trust"),
        ("pse", "trust"),
        ("specific_bias", "trust_minus_age"),
        ("consistency_r", "trust"),
        ("rt_median", "trust"),
    ),
}
"""What is drawn of each task, if anybody has it; all other indices are in the tables."""

MAIN_CONTRASTS = (
    *("mentalising_control", "mentalising_attachment", "cost", "specific_cost"),
    *("slope_pleasure", "slope_arousal", "slope_distress"),
    *("trust_bias_change", "trust_slope_change", "ln_k_change"),
    *("moral_intent_weight", "moral_close_less_stranger"),
    *("memory_advantage", "memory_gap", "attachment_bias", "attachment_specificity"),
)
"""Contrasts that are drawn; all others are in the tables."""

ASIDE = frozenset({"practice", "booster", "wash_out", "if_needed"})
"""Roles of runs that are not drawn among the others: they are shorter, or ask for another thing."""

TIMED = {"discounting": None, "eyes": None, "polysemy": "decision", "trust": None}
"""Tasks whose response times are drawn, and the part of the task that they belong to."""


@dataclass(frozen=True)
class Panel:
    """A strip of one index with what belongs to it."""

    task: str
    index: str
    condition: str
    title: str
    unit: str
    n_people: int
    strip: Strip
    rows: Sequence[Row]
    """The lines that it was drawn from."""


def index_panels(source: Source) -> list[Panel]:
    """The strips of the main indices, by task."""
    found: dict[tuple[str, str, str], list[Row]] = {}
    aside = {run.key for run in source.runs if run.role in ASIDE}
    for row in source.indices:
        key = (row["task"] or "", row["index"] or "", row["condition"] or "")
        if value(row, "value") is not None and key_of(row) not in aside:
            found.setdefault(key, []).append(row)
    states = source.state_of()
    return [
        _panel(task, *name, found[task, *name], states)
        for task in sorted(MAIN_INDICES)
        for name in MAIN_INDICES[task]
        if (task, *name) in found
    ]


def contrast_panels(source: Source) -> list[Panel]:
    """The strips of the main contrasts over runs and tasks."""
    found: dict[str, list[Row]] = {}
    for row in source.contrasts or ():
        if value(row, "value") is not None:
            found.setdefault(row["contrast"] or "", []).append(row)
    return [_panel("", name, "all", found[name], {}) for name in MAIN_CONTRASTS if name in found]


def _panel(
    task: str, index: str, condition: str, rows: Sequence[Row], states: Mapping[Key, str]
) -> Panel:
    """A strip with a row for each session and state; a person's runs of one row are averaged."""
    places = [
        (row.get("session") or "", states.get(key_of(row), "") if task else "") for row in rows
    ]
    kinds = sorted(set(places), key=lambda kind: (kind[0], not kind[1], kind[1]))
    values: dict[tuple[str, int], list[float]] = {}
    for row, place in zip(rows, places, strict=True):
        number = value(row, "value")
        if number is not None:
            values.setdefault((row["participant"] or "", kinds.index(place)), []).append(number)
    dots = [Dot(who, sum(own) / len(own), at) for (who, at), own in sorted(values.items())]
    unit = rows[0].get("unit") or ""
    return Panel(
        task,
        index,
        condition,
        titled(index, None if condition == task else condition),
        unit,
        len({dot.participant for dot in dots}),
        strip(dots, _labels(kinds), unit),
        rows,
    )


def _labels(kinds: Sequence[tuple[str, str]]) -> list[str]:
    """The rows of a strip by what tells them apart: session, state, or both.

    >>> _labels([("01", "attachment"), ("01", "control")]), _labels([("01", ""), ("02", "")])
    (['attachment', 'control'], ['session 01', 'session 02'])
    """
    sessions, states = ({kind[place] for kind in kinds} for place in (0, 1))
    labels = []
    for session, state in kinds:
        said = [f"session {session[:8]}"] if len(sessions) > 1 or len(states) == 1 else []
        said += [state or "no state"] if len(states) > 1 else []
        labels.append("\n".join(said))
    return labels


def response_times(source: Source) -> dict[str, tuple[dict[str, list[float]], Densities]]:
    """The times of the trials that count, by task and person, and their densities."""
    found = {}
    for task, part in TIMED.items():
        times: dict[str, list[float]] = {}
        for row in counted_trials(source.trials.get(task, ())):
            rt_s = value(row, "rt_s")
            if rt_s is not None and (part is None or row.get("part") in (None, part)):
                times.setdefault(row["participant"] or "", []).append(rt_s)
        if times:
            found[task] = times, densities(times)
    return found


def counted_trials(rows: Iterable[Row]) -> Iterable[Row]:
    """The trials that no rule keeps out."""
    return (row for row in rows if row["excluded"] is None)
