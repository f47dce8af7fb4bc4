"""What the page of one person shows: values with interval and reliability, never a judgement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.discounting import OFFERS
from analysis.read import number
from analysis.report.figures import (
    Densities,
    Flips,
    Offers,
    choices,
    density,
    flips,
)
from analysis.report.methods import described
from analysis.report.panels import MAIN_INDICES, Panel, counted_trials
from analysis.report.runs import RANKS, SIGNS, TONES, Cell, banner, checks_used, left_out, statuses
from analysis.report.source import Row, RunFacts, Source, key_of, value
from analysis.report.study_page import RUN_FLAGS
from analysis.report.words import ci, flags, plain, shown, titled
from mbtexp.errors import DataError
from mbtexp.events import read_log

UNKNOWN = "unknown"


@dataclass(frozen=True)
class Study:
    """What all persons' pages share."""

    source: Source
    panels: Sequence[Panel]
    contrasts: Sequence[Panel]
    times: Mapping[str, tuple[Mapping[str, Sequence[float]], Densities]]
    links: Mapping[str, str]


def person_context(study: Study, participant: str) -> dict[str, Any]:
    """The content of one person's page, for its template."""
    source = study.source
    runs = [run for run in source.runs if run.participant == participant]
    ends = statuses(source)
    parts = left_out(source.trials, participant)
    people = source.people
    at = people.index(participant)
    return {
        "title": f"Participant {participant}",
        "participant": participant,
        "banner": banner(runs),
        "links": study.links,
        "before": people[at - 1] if at else None,
        "after": people[at + 1] if at + 1 < len(people) else None,
        "runs": [_run(run, ends.get(run.key, UNKNOWN)) for run in runs],
        "quality": _checks(source, runs, participant),
        "failed": _failed(source, participant),
        "flips": [drawn for run in runs if (drawn := _flips(run)) is not None],
        "left_out": parts,
        "reasons": sorted({reason for part in parts for reason in part.reasons}),
        "indices": _indices(source, participant),
        "strips": _strips(study, study.panels, participant),
        "contrasts": _contrasts(source, participant),
        "contrast_strips": _strips(study, study.contrasts, participant),
        "choices": _choices(source, participant),
        "times": _times(study, participant),
        "version": source.version,
    }


def _run(run: RunFacts, end: str) -> dict[str, str]:
    rig, display, trigger = run.part("rig"), run.part("display"), run.part("trigger")
    rate = number(display.get("refresh_hz"))
    return {
        "task": run.task,
        "session": run.session or "–",
        "run": run.run,
        "preset": str(run.header.get("preset") or "–"),
        "language": str(run.header.get("language") or "–"),
        "end": end,
        "mode": str(rig.get("mode") or "–"),
        "screen": f"{display.get('backend') or 'unknown'}"
        + (f", {rate:.2f} Hz" if rate is not None else ""),
        "trigger": str(trigger.get("device") or "–"),
        "versions": ", ".join(f"{name} {found}" for name, found in run.versions.items()),
    }


# -- quality ---------------------------------------------------------------------------------------


def _checks(source: Source, runs: Sequence[RunFacts], participant: str) -> dict[str, Any]:
    own = [row for row in source.quality if row["participant"] == participant]
    found = {(key_of(row), row["check"]): row for row in own}
    checks = checks_used(own)
    return {
        "heads": [_run_name(run) for run in runs],
        "rows": [
            (
                plain(check),
                source.said("quality", "check", check),
                [_check(found.get((run.key, check))) for run in runs],
            )
            for check in checks
        ],
    }


def _run_name(run: RunFacts) -> str:
    session = f" {run.session}" if run.session else ""
    return f"{run.task}{session} run {run.run}"


def _check(row: Row | None) -> Cell:
    if row is None or row["passed"] is None:
        return Cell("", "none", "not checked")
    severity = row["severity"] or "none"
    amount = value(row, "value")
    text = shown(amount) if amount is not None else row["value"] or ""
    return Cell(f"{SIGNS[severity]} {text}" if RANKS[severity] else text, TONES[severity], severity)


def _failed(source: Source, participant: str) -> list[dict[str, str]]:
    rows = [
        row
        for row in source.quality
        if row["participant"] == participant and row["passed"] == "false"
    ]
    rows.sort(key=lambda row: -RANKS[row["severity"] or "none"])
    return [
        {
            "severity": row["severity"] or "none",
            "tone": TONES[row["severity"] or "none"],
            "where": f"{row['task']} run {row['run']}, {plain(row['check'] or '')}: "
            f"{_check(row).sign.split(' ', 1)[-1]} (limit {row['limit'] or 'none'})",
            "what_to_do": row["what_to_do"] or "",
        }
        for row in rows
    ]


def _flips(run: RunFacts) -> dict[str, Any] | None:
    """The timing of a run's flips; None where no plan is on record, or the log cannot be read."""
    try:
        log = read_log(run.path)
    except DataError:
        return None
    pairs = [
        (onset, onset - planned)
        for phase in log.of("phase")
        if (onset := number(phase.get("onset"))) is not None
        and (planned := number(phase.get("onset_planned"))) is not None
    ]
    if not pairs:
        return None
    time_s, error_s = np.array(sorted(pairs)).T
    rate = number(run.part("display").get("refresh_hz"))
    worst = shown(float(np.abs(error_s).max()) * 1000)
    middle = shown(float(np.median(error_s)) * 1000)
    missed = sum(int(number(phase.get("missed")) or 0) for phase in log.of("phase"))
    return {
        "title": _run_name(run),
        "about": f"{len(pairs)} onsets; median {middle} ms, farthest off {worst} ms; "
        f"{missed} refreshes missed",
        "svg": flips(Flips(time_s, error_s, rate)).markup(
            f"{_run_name(run)}: onset less plan over the run, farthest off {worst} ms"
        ),
    }


# -- indices ---------------------------------------------------------------------------------------


def _reliability(source: Source, row: Row) -> str:
    """The reliability of an index in this study, with its interval; or that it is unknown."""
    for found in source.reliability or ():
        same = (found.get("task"), found.get("index")) == (row["task"], row["index"])
        if same and found.get("condition", row["condition"]) in (row["condition"], None):
            estimate = value(found, "sb_median")
            return UNKNOWN if estimate is None else f"{shown(estimate)} ({ci(found)})"
    return UNKNOWN


def _indices(source: Source, participant: str) -> list[dict[str, Any]]:
    """A person's indices by task: the main ones, and all others that have a value."""
    own = [row for row in source.indices if row["participant"] == participant]
    tasks = sorted({row["task"] or "" for row in own})
    found = []
    for task in tasks:
        rows = [row for row in own if row["task"] == task]
        main = set(MAIN_INDICES.get(task, ()))
        defined = [row for row in rows if value(row, "value") is not None]
        found.append(
            {
                "task": task,
                "main": [_index(source, row) for row in defined if _name(row) in main],
                "more": [_index(source, row) for row in defined if _name(row) not in main],
                "n_undefined": len(rows) - len(defined),
                "undefined": _why(source, task, rows),
            }
        )
    return found


def _name(row: Row) -> tuple[str, str]:
    return row["index"] or "", row["condition"] or ""


def _why(source: Source, task: str, rows: Sequence[Row]) -> list[tuple[str, int, str]]:
    counts: dict[str, int] = {}
    for row in rows:
        if value(row, "value") is None:
            for flag in flags(row, RUN_FLAGS):
                counts[flag] = counts.get(flag, 0) + 1
    return [
        (plain(flag), n, source.said("indices", "flag", flag, task=task))
        for flag, n in sorted(counts.items())
    ]


def _index(source: Source, row: Row) -> dict[str, Any]:
    task = row["task"] or ""
    return {
        "title": titled(row["index"] or "", row["condition"]),
        "where": "".join(
            [f"session {row['session']}, " * bool(row["session"]), f"run {row['run']}"]
        ),
        "about": source.said("indices", "index", row["index"] or "", task=task),
        "value": shown(value(row, "value")),
        "unit": row["unit"] or "",
        "ci": ci(row),
        "n": f"{row['n_used']} of {row['n_total']}",
        "method": row["method"] or "",
        "reliability": _reliability(source, row),
        "flags": [
            (plain(flag), source.said("indices", "flag", flag, task=task))
            for flag in flags(row, RUN_FLAGS)
        ],
    }


def _strips(study: Study, panels: Sequence[Panel], participant: str) -> list[dict[str, Any]]:
    links: Mapping[str, str] = {}
    return [
        {
            "title": f"{panel.task}: {panel.title}" if panel.task else plain(panel.index),
            "about": described(study.source, panel),
            "n": panel.n_people,
            "svg": panel.strip.markup(
                f"{panel.title}, {panel.unit}: participant {participant} among "
                f"{panel.n_people} people",
                links=links,
                me=participant,
            ),
        }
        for panel in panels
        if any(dot.participant == participant for dot in panel.strip.dots)
    ]


def _contrasts(source: Source, participant: str) -> list[dict[str, str]]:
    return [
        {
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
        if row["participant"] == participant and value(row, "value") is not None
    ]


# -- discounting and response times ----------------------------------------------------------------


def _choices(source: Source, participant: str) -> list[dict[str, Any]]:
    """One drawing a run of discounting choices."""
    found: dict[tuple[str, str], list[Row]] = {}
    for row in counted_trials(source.trials.get("discounting", ())):
        if row["participant"] == participant and _is_offer(row):
            found.setdefault((row["session"] or "", row["run"] or ""), []).append(row)
    return [
        drawn
        for (session, run), rows in sorted(found.items())
        if (drawn := _curve(source, participant, session, run, rows)) is not None
    ]


def _is_offer(row: Row) -> bool:
    """Whether a trial is an answered offer; catch trials and forced ones tell no rate."""
    return row["response"] in ("sooner", "later") and row.get("condition") in OFFERS


def _curve(
    source: Source, participant: str, session: str, run: str, rows: Sequence[Row]
) -> dict[str, Any] | None:
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
            if key_of(row) == (participant, session, "discounting", run)
            and _name(row) == (name, "all")
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
        "title": f"session {session}, run {run}" if session else f"run {run}",
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
