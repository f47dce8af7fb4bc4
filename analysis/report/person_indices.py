"""A person's indices: by task and index, each with interval, reliability and the runs' values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from analysis.report.panels import MAIN_INDICES
from analysis.report.sittings import Sitting
from analysis.report.source import Key, Row, Source, key_of, value
from analysis.report.study_page import RUN_FLAGS
from analysis.report.words import ci, flags, plain, shown, titled

UNKNOWN = "unknown"

MOOD, RATING = "mood", "rating"
"""Task and index whose values are shown as one course over the session."""

Name = tuple[str, str]
"""Index and condition."""


def index_groups(source: Source, sat: Sequence[Sitting]) -> list[dict[str, Any]]:
    """The indices by task: the main ones of the main runs, and all others that have a value."""
    place = {one.run.key: (at, one) for at, one in enumerate(sat)}
    own = [row for row in source.indices if key_of(row) in place]
    found = []
    for task in sorted({row["task"] or "" for row in own}):
        rows = [row for row in own if row["task"] == task]
        main = {name: at for at, name in enumerate(MAIN_INDICES.get(task, ()))}
        defined = [row for row in rows if value(row, "value") is not None and not _in_course(row)]
        first = [r for r in defined if _name(r) in main and not place[key_of(r)][1].aside]
        # By what it is, not by its fields: two rows may look alike.
        taken = set(map(id, first))
        first.sort(key=lambda row: (main[_name(row)], place[key_of(row)][0]))
        more = [row for row in defined if id(row) not in taken]
        order = {name: at for at, name in enumerate(dict.fromkeys(map(_name, more)))}
        more.sort(key=lambda row: (order[_name(row)], place[key_of(row)][0]))
        several = len({key_of(row) for row in defined}) > 1
        undefined = [row for row in rows if value(row, "value") is None]
        if defined or undefined:
            found.append(
                {
                    "task": task,
                    "main": _blocks(source, first, place),
                    "more": _blocks(source, more, place),
                    "n_more": len(order),
                    "several": several,
                    "n_undefined": len(undefined),
                    "undefined": _why(source, task, undefined),
                }
            )
    return found


def _in_course(row: Row) -> bool:
    return (row["task"], row["index"]) == (MOOD, RATING)


def _name(row: Row) -> Name:
    return row["index"] or "", row["condition"] or ""


def _why(source: Source, task: str, rows: Sequence[Row]) -> list[tuple[str, int, str]]:
    counts: dict[str, int] = {}
    for row in rows:
        for flag in flags(row, RUN_FLAGS):
            counts[flag] = counts.get(flag, 0) + 1
    return [
        (plain(flag), n, source.said("indices", "flag", flag, task=task))
        for flag, n in sorted(counts.items())
    ]


def _blocks(
    source: Source, rows: Sequence[Row], place: Mapping[Key, tuple[int, Sitting]]
) -> list[dict[str, Any]]:
    """One entry an index, with the value of each run below each other."""
    blocks = []
    for name, group in groupby(rows, key=_name):
        own = list(group)
        task = own[0]["task"] or ""
        blocks.append(
            {
                "title": titled(*name),
                "about": source.said("indices", "index", name[0], task=task),
                "method": own[0]["method"] or "",
                "unit": own[0]["unit"] or "",
                "reliability": _reliability(source, own[0]),
                "rows": [_value(source, row, place[key_of(row)][1]) for row in own],
            }
        )
    return blocks


def _value(source: Source, row: Row, sat: Sitting) -> dict[str, Any]:
    return {
        "run": sat.titled,
        "value": shown(value(row, "value")),
        "ci": ci(row),
        "n": f"{row['n_used']} of {row['n_total']}",
        "flags": [
            (plain(flag), source.said("indices", "flag", flag, task=row["task"] or ""))
            for flag in flags(row, RUN_FLAGS)
        ],
    }


def _reliability(source: Source, row: Row) -> str:
    """The reliability of an index in this study, with its interval; or that it is unknown."""
    for found in source.reliability or ():
        same = (found.get("task"), found.get("index")) == (row["task"], row["index"])
        if same and found.get("condition", row["condition"]) in (row["condition"], None):
            estimate = value(found, "sb_median")
            if estimate is not None:
                return f"{shown(estimate)} ({ci(found)})"
    return UNKNOWN


def mood_course(source: Source, sat: Sequence[Sitting]) -> dict[str, Any] | None:
    """What was felt in the course of the sessions: items against the runs that asked."""
    keys = {one.run.key for one in sat}
    rows = [row for row in source.indices if _in_course(row) and key_of(row) in keys]
    asked = [one for one in sat if any(key_of(row) == one.run.key for row in rows)]
    if not asked:
        return None
    found = {(row["condition"] or "", key_of(row)): row for row in rows}
    items = dict.fromkeys(item for item, _ in found)
    return {
        "heads": [one.titled for one in asked],
        "rows": [
            (plain(item), [_felt(found.get((item, one.run.key))) for one in asked])
            for item in items
        ],
    }


def _felt(row: Row | None) -> str:
    return "" if row is None else shown(value(row, "value"))
