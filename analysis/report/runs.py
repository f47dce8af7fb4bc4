"""Who sat which run, how its checks came out, and what was left out of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from analysis.report.names import column_of, run_names
from analysis.report.plans import LAST
from analysis.report.source import Key, Row, RunFacts, Source, key_of, value
from analysis.report.words import plain, shown

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
            end = ends.get(key, "unknown")
            whole = end == "complete" and have == planned
            counts = shown(have) if whole else f"{shown(have)} of {shown(planned)}"
            # Practice by the protocol has no trials that count.
            ends[key] = f"{end}, {counts} trials" if planned else end
    return ends


@dataclass(frozen=True)
class Attendance:
    """People against the runs or steps of the study."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]

    sessions: tuple[str, ...]
    """Session of each column; empty where the study has one."""

    @property
    def missing(self) -> list[str]:
        """What each person lacks and should have; a session without any run is named as one."""
        return [
            f"{person}: {', '.join(lacking)}"
            for person, cells in self.rows
            if (lacking := self._lacking(cells))
        ]

    def _lacking(self, cells: Sequence[Cell]) -> list[str]:
        lacking = [cell.about.startswith(NO_LOG) for cell in cells]
        whole = {
            session
            for session in filter(None, self.sessions)
            if all(
                lacks for lacks, own in zip(lacking, self.sessions, strict=True) if own == session
            )
        }
        single = [
            head
            for head, session, lacks in zip(self.heads, self.sessions, lacking, strict=True)
            if lacks and session not in whole
        ]
        return [*single, *(f"all of session {session}" for session in sorted(whole))]


NO_LOG = "no log"
MISSING_RUN = Cell("–", "fail", NO_LOG)


def attendance(source: Source) -> Attendance:
    """Who sat what: there, not complete, or missing.

    Without a protocol a run that anybody sat is wanted of everybody. With one it is what each
    session's own log says; steps that a reader does not look for one by one share a column.
    """
    ends = statuses(source)
    had: dict[tuple[str, str, str], list[RunFacts]] = {}
    for run in source.runs:
        had.setdefault((run.participant, run.session, column_of(run)), []).append(run)
    wanted: dict[tuple[str, str, str], list[str]] = {}
    for session, steps in source.plans.items():
        for step in steps:
            if step.needed:
                wanted.setdefault((*session, step.column), []).append(step.name)
    kinds = _kinds(source, had, wanted)
    rows = []
    for person in source.people:
        cells = []
        for visit, name in kinds:
            key = (person, visit, name)
            planned = (person, visit) in source.plans
            cells.append(_sat(had.get(key, ()), wanted.get(key, ()), ends, planned=planned))
        rows.append((person, tuple(cells)))
    visits = [visit for visit, _ in kinds]
    several = len(set(visits)) > 1
    return Attendance(
        heads=tuple(_kind(kind, kinds) for kind in kinds),
        rows=tuple(rows),
        sessions=tuple(visit if several else "" for visit in visits),
    )


def _sat(
    runs: Sequence[RunFacts], wanted: Sequence[str], ends: Mapping[Key, str], *, planned: bool
) -> Cell:
    if not runs:
        return EMPTY if planned and not wanted else MISSING_RUN
    last = {run.step or run.run: run for run in sorted(runs, key=lambda run: run.began)}
    known = {name: ends.get(run.key, "unknown") for name, run in last.items()}
    if len({*known, *wanted}) == 1:
        [end] = known.values()
        return Cell("✓", "pass", end) if end.startswith("complete") else Cell("part", "warn", end)
    lacking = [name for name in wanted if name not in known]
    part = [f"{name}: {end}" for name, end in known.items() if not end.startswith("complete")]
    n_all = len({*known, *wanted})
    n_good = n_all - len(lacking) - len(part)
    about = f"{n_good} of {n_all} complete"
    if not lacking and not part:
        return Cell("✓", "pass", about)
    said = [*part, *(f"{name}: {NO_LOG}" for name in lacking)]
    start = f"{NO_LOG} of {', '.join(lacking)}; " if lacking else ""
    return Cell(f"{n_good}/{n_all}", "warn", f"{start}{about}; {'; '.join(said)}")


Kind = tuple[str, str]
"""Session and column."""


def _kinds(
    source: Source,
    had: Mapping[tuple[str, str, str], Sequence[RunFacts]],
    wanted: Iterable[tuple[str, str, str]],
) -> list[Kind]:
    """All columns: sessions in order, steps in the order in which they come."""
    places: dict[Kind, list[float]] = {}
    for session, steps in source.plans.items():
        first: dict[str, int] = {}
        for place, step in enumerate(steps):
            first.setdefault(step.column, place)
        for name, place in first.items():
            places.setdefault((session[1], name), []).append(place)
    kinds = {(session, name) for _, session, name in (*had, *wanted)}

    def order(kind: Kind) -> tuple[str, int, float, str, int]:
        session, name = kind
        own = places.get(kind)
        task, _, number = name.rpartition(" run ")
        place = sum(own) / len(own) if own else 1e9
        return session, LAST.get(name, 0), place, task, int(number) if number.isdigit() else 0

    return sorted(kinds, key=order)


def _kind(kind: Kind, kinds: Sequence[Kind]) -> str:
    session, name = kind
    task, is_run, _ = name.rpartition(" run ")
    alone = not any(
        other != kind and other[0] == session and other[1].rpartition(" run ")[0] == task
        for other in kinds
    )
    several_sessions = len({other[0] for other in kinds}) > 1
    shown_name = task if is_run and alone else plain(name)
    return shown_name + f", session {session}" * (several_sessions and bool(session))


# -- checks ----------------------------------------------------------------------------------------


def checks_used(rows: Iterable[Row]) -> list[str]:
    """Checks that say something about some run, in the order of the table."""
    return list(dict.fromkeys(row["check"] or "" for row in rows if row["passed"] is not None))


def quality_grid(source: Source, checks: Sequence[str]) -> list[tuple[str, list[Cell]]]:
    """People against checks: the worst of a person's runs."""
    worst: dict[tuple[str, str], tuple[int, str, list[str]]] = {}
    names = source_names(source)
    for row in source.quality:
        if row["passed"] is None:
            continue
        key = (row["participant"] or "", row["check"] or "")
        severity = row["severity"] or "none"
        rank, name, where = worst.get(key, (-1, "none", []))
        if severity != "none":
            where = [*where, _where(row, names)]
        if RANKS[severity] > rank:
            rank, name = RANKS[severity], severity
        worst[key] = rank, name, where
    return [
        (person, [_cell(worst.get((person, check)), person, check) for check in checks])
        for person in source.people
    ]


def source_names(source: Source) -> dict[Key, str]:
    """What each run of the study is called."""
    own: dict[str, list[RunFacts]] = {}
    for run in source.runs:
        own.setdefault(run.participant, []).append(run)
    return {key: name for runs in own.values() for key, name in run_names(runs).items()}


def _where(row: Row, names: Mapping[Key, str]) -> str:
    number = value(row, "value")
    name = names.get(key_of(row), row["task"])
    return f"{name}: {shown(number) if number else row['value']}"


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


def left_out(trials: Mapping[str, Sequence[Row]]) -> list[LeftOut]:
    """Counts of excluded trials by reason; practice is counted apart."""
    found = []
    for task, rows in sorted(trials.items()):
        tested = [row for row in rows if row["practice"] != "true"]
        reasons = Counter(row["excluded"] for row in tested if row["excluded"] is not None)
        counts = {str(reason): n for reason, n in reasons.items()}
        if rows:
            n_practice = len(rows) - len(tested)
            found.append(LeftOut(task, len(tested), n_practice, dict(sorted(counts.items()))))
    return found
