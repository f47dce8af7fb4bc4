"""What the page of a study shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from analysis.report.methods import described, methods, versions
from analysis.report.panels import ASIDE, Panel
from analysis.report.runs import (
    Cell,
    attendance,
    banner,
    checks_used,
    left_out,
    quality_grid,
)
from analysis.report.source import Row, Source, key_of, value
from analysis.report.words import ci, counted, flags, interval, plain, shown

RUN_FLAGS = ("simulated", "pilot", "pilot_stimuli", "incomplete", "damaged_lines")
"""Flags that every index of a run carries; the pages say them of the run, once."""


FEW_PEOPLE = 20
"""Up to so many people everybody has a row of checks; beyond, those with something to look at."""


def study_context(
    source: Source,
    panels: Sequence[Panel],
    contrasts: Sequence[Panel],
    links: Mapping[str, str],
) -> dict[str, Any]:
    """The content of the study's page, for its template."""
    checks = checks_used(source.quality)
    attended = attendance(source)
    parts = left_out(source.trials)
    grid = quality_grid(source, checks)
    open_grid = len(grid) <= FEW_PEOPLE
    ruled, rows = _ruled(source, panels), reliability_rows(source)
    return {
        "title": "Study report",
        "banner": banner(source.runs),
        "summary": _summary(source),
        "links": links,
        "runs": attended,
        "practice": sum(run.role == "practice" for run in source.runs),
        "versions": _versions(source),
        "checks": [(name, source.said("quality", "check", name)) for name in checks],
        "quality": grid if open_grid else [row for row in grid if not _is_clean(row[1])],
        "faultless": [] if open_grid else [person for person, cells in grid if _is_clean(cells)],
        "left_out": parts,
        "reasons": sorted({reason for part in parts for reason in part.reasons}),
        "undefined": [row for row in ruled if not row["clean"]],
        "clean": [row["title"] for row in ruled if row["clean"]],
        "reliability": None if rows is None else [row for row in rows if not row["tone"]],
        "unreliable": by_reason(rows or [], "notes"),
        "tasks": _tasks(source, panels, links),
        "contrasts": _drawn(source, contrasts, links),
        "contrast_rows": _contrast_reliability(source),
        "predictions": _predictions(source),
        "methods": methods(source, panels),
        "version": source.version,
    }


def _is_clean(cells: Sequence[Cell]) -> bool:
    return all(cell.tone in ("pass", "none") for cell in cells)


def _summary(source: Source) -> str:
    sessions = {run.key[:2] for run in source.runs}
    tasks = {run.task for run in source.runs}
    return ", ".join(
        [
            counted(len(source.people), "participant"),
            counted(len(sessions), "session"),
            counted(len(tasks), "task"),
            counted(len(source.runs), "run"),
        ]
    )


def _versions(source: Source) -> list[tuple[str, str, int]]:
    rows = [
        (name, version, n)
        for name, found in versions(source.runs).items()
        for version, n in sorted(found.items())
    ]
    return [*rows, ("mbtexp (analysis)", source.version, len(source.runs))]


def by_reason(rows: Sequence[Mapping[str, str]], reason: str) -> list[tuple[str, list[str]]]:
    """The titles of the rows without a value, under the reason that they share."""
    found: dict[str, list[str]] = {}
    for row in rows:
        if row["tone"]:
            found.setdefault(row[reason], []).append(row["title"])
    return list(found.items())


def _ruled(source: Source, panels: Sequence[Panel]) -> list[dict[str, Any]]:
    """For each drawn index: who has no value, why, and which marks the others carry."""
    drawn = {(panel.task, panel.index, panel.condition): panel for panel in panels}
    found: dict[tuple[str, str, str], list[Row]] = {key: [] for key in drawn}
    aside = {run.key for run in source.runs if run.role in ASIDE}
    for row in source.indices:
        key = (row["task"] or "", row["index"] or "", row["condition"] or "")
        if key in found and key_of(row) not in aside:
            found[key].append(row)
    rows = []
    for key, panel in drawn.items():
        reasons: Counter[str] = Counter()
        marks: Counter[str] = Counter()
        for row in found[key]:
            (marks if value(row, "value") is not None else reasons).update(flags(row, RUN_FLAGS))
        own = found[key]
        n_excluded = _total(own, "n_excluded")
        rows.append(
            {
                "title": f"{panel.task}: {panel.title}",
                "clean": not (reasons or marks) and n_excluded == "0",
                "n_runs": len(own),
                "n_undefined": sum(value(row, "value") is None for row in own),
                "n_total": _total(own, "n_total"),
                "n_excluded": n_excluded,
                "reasons": _tally(source, panel.task, reasons),
                "marks": _tally(source, panel.task, marks),
            }
        )
    return rows


def _total(rows: Sequence[Row], column: str) -> str:
    return shown(sum(value(row, column) or 0.0 for row in rows), 9)


def _tally(source: Source, task: str, found: Counter[str]) -> list[tuple[str, int, str]]:
    return [
        (plain(flag), n, source.said("indices", "flag", flag, task=task))
        for flag, n in sorted(found.items())
    ]


def reliability_rows(source: Source) -> list[dict[str, str]] | None:
    """The table of reliability as a page shows it; None if it was not computed."""
    if source.reliability is None:
        return None
    return [
        {
            "title": f"{row.get('task') or ''}: {_titled(row)}",
            "estimate": shown(value(row, "sb_median")),
            "ci": ci(row),
            "splits": interval(value(row, "sb_low"), value(row, "sb_high")),
            "n": row.get("n_people") or "0",
            "method": row.get("method") or "",
            "notes": ", ".join(
                source.said("reliability", "flag", flag) or plain(flag)
                for flag in flags(row, RUN_FLAGS)
            ),
            "tone": "soft" if value(row, "sb_median") is None else "",
        }
        for row in source.reliability
    ]


def _titled(row: Row) -> str:
    condition = row.get("condition")
    name = plain(row.get("index") or "")
    return name if condition in (None, "all") else f"{name}: {plain(condition)}"


def _tasks(
    source: Source, panels: Sequence[Panel], links: Mapping[str, str]
) -> list[tuple[str, list[dict[str, Any]]]]:
    by_task = groupby(panels, key=lambda panel: panel.task)
    return [(task, _drawn(source, list(group), links)) for task, group in by_task]


def _drawn(
    source: Source, panels: Sequence[Panel], links: Mapping[str, str]
) -> list[dict[str, Any]]:
    return [
        {
            "title": panel.title if panel.task else plain(panel.index),
            "about": described(source, panel),
            "rule": " / ".join(sorted({row.get("method") or "" for row in panel.rows})),
            "n": panel.n_people,
            "svg": panel.strip.markup(
                f"{panel.title}, {panel.unit}: one dot for each of "
                f"{counted(panel.n_people, 'person', 'people')}",
                links=links,
            ),
        }
        for panel in panels
    ]


def _contrast_reliability(source: Source) -> list[tuple[str, str]]:
    """The reliability of each contrast, which is the same in all its lines."""
    found: dict[str, str] = {}
    for row in source.contrasts or ():
        if value(row, "value") is not None:
            found.setdefault(plain(row["contrast"] or ""), shown(value(row, "reliability")))
    return list(found.items())


def _predictions(source: Source) -> list[dict[str, Any]] | None:
    if source.predictions is None:
        return None
    groups = groupby(source.predictions, key=lambda row: row["prediction"] or "")
    return [_group(source, name, list(rows)) for name, rows in groups]


def _group(source: Source, name: str, rows: Sequence[Row]) -> dict[str, Any]:
    """One prediction: its rows with a value, the methods once below, and what has no value."""
    shown_rows = [_prediction(source, row) for row in rows]
    rules = list(dict.fromkeys(row["method"] for row in shown_rows if not row["tone"]))
    return {
        "name": name,
        "about": source.said("study", "prediction", name),
        "formulas": list(dict.fromkeys(row["formula"] or "" for row in rows)),
        "rows": [
            {**row, "rule": rules.index(row["method"]) + 1} for row in shown_rows if not row["tone"]
        ],
        "methods": list(enumerate(rules, start=1)),
        "undefined": by_reason(shown_rows, "note"),
    }


def _prediction(source: Source, row: Row) -> dict[str, str]:
    notes = [note.strip() for note in (row["note"] or "").split(",") if note.strip()]
    return {
        "title": plain(row["quantity"] or ""),
        "estimate": shown(value(row, "estimate")),
        "se": shown(value(row, "se")),
        "ci": ci(row),
        "n": row["n"] or "0",
        "df": shown(value(row, "df")),
        "method": row["method"] or "",
        "note": ", ".join(source.said("study", "note", note) or plain(note) for note in notes),
        "tone": "soft" if value(row, "estimate") is None else "",
    }
