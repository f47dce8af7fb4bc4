"""Who sat which run, how its checks came out, and what was left out of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from analysis.report.source import Key, Row, RunFacts, Source, key_of, value
from analysis.report.words import shown

RANKS = {"none": 0, "note": 1, "warning": 2, "error": 3}
SIGNS = {"none": "·", "note": "i", "warning": "!", "error": "✕"}
WORDS = {"none": "passed", "note": "note", "warning": "warning", "error": "error"}
TONES = {"none": "pass", "note": "skip", "warning": "warn", "error": "fail"}


@dataclass(frozen=True)
class Cell:
    """One cell of a grid."""

    sign: str
    tone: str
    """Class of its colour."""
    about: str
    """What it says in full."""


EMPTY = Cell("", "none", "")


def banner(runs: Sequence[RunFacts]) -> list[str]:
    """Why the numbers of these runs are not those of a study; empty if they are."""
    simulated = sum(run.simulated for run in runs)
    pilot = sum(run.pilot for run in runs)
    said = []
    if simulated:
        said.append(f"Simulated answers in {simulated} of {len(runs)} runs: they measure nobody.")
    if pilot:
        said.append(
            f"Pilot runs or placeholder stimuli in {pilot} of {len(runs)} runs: their scores have "
            "no meaning."
        )
    return said


def statuses(source: Source) -> dict[Key, str]:
    """How each run ended, and with how many of its trials."""
    ends: dict[Key, str] = {}
    for row in source.quality:
        if row["check"] == "completed":
            ends[key_of(row)] = row["value"] or "unknown"
    for row in source.quality:
        have, planned = value(row, "value"), value(row, "limit")
        if row["check"] == "trials_on_record" and None not in (have, planned):
            key = key_of(row)
            ends[key] = f"{ends.get(key, 'unknown')}, {shown(have)} of {shown(planned)} trials"
    return ends


def attendance(source: Source) -> tuple[list[str], list[tuple[str, list[Cell]]]]:
    """People against all runs that anybody sat: there, not complete, or missing."""
    ends = statuses(source)
    kinds = sorted({run.key[1:] for run in source.runs})
    have = {run.key for run in source.runs}
    rows = []
    for person in source.people:
        keys = [(person, *kind) for kind in kinds]
        rows.append((person, [_sat(key, ends) if key in have else MISSING_RUN for key in keys]))
    return [_kind(kind, kinds) for kind in kinds], rows


MISSING_RUN = Cell("–", "fail", "no log")


def _sat(key: Key, ends: Mapping[Key, str]) -> Cell:
    end = ends.get(key, "unknown")
    if end.startswith("complete"):
        return Cell("✓", "pass", end)
    return Cell("part", "warn", end)


def _kind(kind: tuple[str, str, str], kinds: Sequence[tuple[str, str, str]]) -> str:
    session, task, run = kind
    several_runs = any(other[:2] == kind[:2] and other != kind for other in kinds)
    several_sessions = len({other[0] for other in kinds}) > 1
    return (
        task
        + f" run {run}" * several_runs
        + f", session {session}" * (several_sessions and bool(session))
    )


def missing_runs(source: Source) -> list[str]:
    """The runs that a person lacks and others have."""
    heads, rows = attendance(source)
    return [
        f"{person}: {head}"
        for person, cells in rows
        for head, cell in zip(heads, cells, strict=True)
        if cell is MISSING_RUN
    ]


# -- checks ----------------------------------------------------------------------------------------


def checks_used(rows: Iterable[Row]) -> list[str]:
    """Checks that say something about some run, in the order of the table."""
    return list(dict.fromkeys(row["check"] or "" for row in rows if row["passed"] is not None))


def quality_grid(source: Source, checks: Sequence[str]) -> list[tuple[str, list[Cell]]]:
    """People against checks: the worst of a person's runs."""
    worst: dict[tuple[str, str], tuple[int, str, list[str]]] = {}
    for row in source.quality:
        if row["passed"] is None:
            continue
        key = (row["participant"] or "", row["check"] or "")
        severity = row["severity"] or "none"
        rank, name, where = worst.get(key, (-1, "none", []))
        if severity != "none":
            where = [*where, _where(row)]
        if RANKS[severity] > rank:
            rank, name = RANKS[severity], severity
        worst[key] = rank, name, where
    return [
        (person, [_cell(worst.get((person, check)), person, check) for check in checks])
        for person in source.people
    ]


def _where(row: Row) -> str:
    number = value(row, "value")
    session = f" session {row['session']}" if row["session"] else ""
    return f"{row['task']}{session} run {row['run']}: {shown(number) if number else row['value']}"


def _cell(found: tuple[int, str, list[str]] | None, person: str, check: str) -> Cell:
    if found is None:
        return EMPTY
    _, severity, where = found
    about = f"{person}, {check}: {WORDS[severity]}"
    return Cell(SIGNS[severity], TONES[severity], "; ".join([about, *where]))


# -- what is left out ------------------------------------------------------------------------------


@dataclass(frozen=True)
class LeftOut:
    """The trials of a task, and why some of them are in no index."""

    task: str
    n_trials: int
    """Trials on record, practice left out."""
    n_practice: int
    reasons: Mapping[str, int]
    """Trials left out by the first rule that each broke."""

    @property
    def n_used(self) -> int:
        """Trials that no rule keeps out of the indices."""
        return self.n_trials - sum(self.reasons.values())


def left_out(trials: Mapping[str, Sequence[Row]], participant: str | None = None) -> list[LeftOut]:
    """Counts of excluded trials by reason; practice is counted apart."""
    found = []
    for task, rows in sorted(trials.items()):
        reasons: Counter[str] = Counter()
        test = practice = 0
        for row in rows:
            if participant not in (None, row["participant"]):
                continue
            if row["practice"] == "true":
                practice += 1
                continue
            test += 1
            if row["excluded"] is not None:
                reasons[row["excluded"]] += 1
        if test or practice:
            found.append(LeftOut(task, test, practice, dict(sorted(reasons.items()))))
    return found
