"""What the page of one person shows: values with interval and reliability, never a judgement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.discounting import OFFERS
from analysis.report.figures import Densities, Offers, choices, density
from analysis.report.methods import described
from analysis.report.panels import MAIN_CONTRASTS, Panel, counted_trials
from analysis.report.person_indices import UNKNOWN, index_groups, mood_course
from analysis.report.person_runs import run_context
from analysis.report.runs import banner, left_out
from analysis.report.sittings import Sitting, sittings
from analysis.report.source import Key, Row, Source, key_of, value
from analysis.report.words import ci, plain, shown


@dataclass(frozen=True)
class Study:
    """What all persons' pages share."""

    source: Source
    own: Mapping[str, Source]
    """What there is of each person."""
    panels: Sequence[Panel]
    contrasts: Sequence[Panel]
    times: Mapping[str, tuple[Mapping[str, Sequence[float]], Densities]]
    links: Mapping[str, str]


def person_context(study: Study, participant: str) -> dict[str, Any]:
    """The content of one person's page, for its template."""
    source, people = study.own[participant], study.source.people
    runs = source.runs
    parts = left_out(source.trials)
    at = people.index(participant)
    sat, contrasts = sittings(source, runs), _contrasts(source)
    return {
        "title": f"Participant {participant}",
        "participant": participant,
        "banner": banner(runs),
        "links": study.links,
        "before": people[at - 1] if at else None,
        "after": people[at + 1] if at + 1 < len(people) else None,
        **run_context(source, sat),
        "left_out": parts,
        "reasons": sorted({reason for part in parts for reason in part.reasons}),
        "course": mood_course(source, sat),
        "indices": index_groups(source, sat),
        "strips": _strips(study, study.panels, participant),
        "contrasts": [row for row in contrasts if row["main"]],
        "more_contrasts": [row for row in contrasts if not row["main"]],
        "contrast_strips": _strips(study, study.contrasts, participant),
        "choices": _choices(source, sat),
        "times": _times(study, participant),
        "version": source.version,
    }


def _strips(study: Study, panels: Sequence[Panel], participant: str) -> list[dict[str, Any]]:
    return [
        {
            "title": f"{panel.task}: {panel.title}" if panel.task else plain(panel.index),
            "about": described(study.source, panel),
            "n": panel.n_people,
            "svg": panel.strip.markup(
                f"{panel.title}, {panel.unit}: participant {participant} among "
                f"{panel.n_people} people",
                me=participant,
            ),
        }
        for panel in panels
        if any(dot.participant == participant for dot in panel.strip.dots)
    ]


def _contrasts(source: Source) -> list[dict[str, Any]]:
    return [
        {
            "main": row["contrast"] in MAIN_CONTRASTS,
            "title": plain(row["contrast"] or ""),
            "about": source.said("contrasts", "contrast", row["contrast"] or ""),
            "value": shown(value(row, "value")),
            "unit": row.get("unit") or "",
            "ci": ci(row),
            "shrunk": shown(value(row, "shrunk")),
            "reliability": UNKNOWN
            if value(row, "reliability") is None
            else shown(value(row, "reliability")),
        }
        for row in source.contrasts or ()
        if value(row, "value") is not None
    ]


# -- discounting and response times ----------------------------------------------------------------


def _choices(source: Source, sat: Sequence[Sitting]) -> list[dict[str, Any]]:
    """One drawing a run of discounting choices."""
    found: dict[Key, list[Row]] = {}
    for row in counted_trials(source.trials.get("discounting", ())):
        if _is_offer(row):
            found.setdefault(key_of(row), []).append(row)
    drawn = [_curve(source, one, found[one.run.key]) for one in sat if one.run.key in found]
    return [one for one in drawn if one is not None]


def _is_offer(row: Row) -> bool:
    """Whether a trial is an answered offer; catch trials and forced ones tell no rate."""
    return row["response"] in ("sooner", "later") and row.get("condition") in OFFERS


def _curve(source: Source, sat: Sitting, rows: Sequence[Row]) -> dict[str, Any] | None:
    offers = []
    for row in rows:
        sooner, later = value(row, "sooner"), value(row, "later")
        wait, start = value(row, "later_days"), value(row, "sooner_days") or 0.0
        if sooner is not None and later and wait and start == 0:
            offers.append((wait, sooner / later, row["response"] == "later"))
    if not offers:
        return None
    fitted = next(
        (
            row
            for name in ("ln_k", "mcq_ln_k", "five_trial_ln_k")
            for row in source.indices
            if key_of(row) == sat.run.key
            and (row["index"], row["condition"]) == (name, "all")
            and value(row, "value") is not None
        ),
        None,
    )
    ln_k = None if fitted is None else value(fitted, "value")
    low, high = (
        (None, None)
        if fitted is None
        else (
            value(fitted, "ci_low"),
            value(fitted, "ci_high"),
        )
    )
    bounds = None if low is None or high is None else (low, high)
    drawing = choices(
        Offers(
            np.array([offer[0] for offer in offers]),
            np.array([offer[1] for offer in offers]),
            np.array([offer[2] for offer in offers]),
        ),
        ln_k,
        bounds,
    )
    said = (
        "no rate was fitted"
        if fitted is None
        else f"{plain(fitted['index'] or '')} {shown(ln_k)} ({ci(fitted)}), {fitted['method']}"
    )
    return {
        "title": sat.titled,
        "about": said,
        "n": len(offers),
        "svg": drawing.markup(f"{len(offers)} choices over the delay; {said}"),
    }


def _times(study: Study, participant: str) -> list[dict[str, Any]]:
    found = []
    for task, (times, known) in study.times.items():
        own = times.get(participant, [])
        if participant in known.curves:
            middle = shown(float(np.median(own)))
            others = len(known.curves) - 1
            drawing = density(known, participant, own)
            found.append(
                {
                    "title": task,
                    "n": len(own),
                    "about": f"{len(own)} answers, median {middle} s",
                    "others": others,
                    "svg": drawing.markup(
                        f"{task}: density of {len(own)} response times, median {middle} s"
                    ),
                }
            )
    return found
