"""Text for a methods section, from the tables: who, with what, by which rules, and sources."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from analysis.report.panels import Panel
from analysis.report.runs import left_out
from analysis.report.source import Row, RunFacts, Source
from analysis.report.words import counted, listed, plain

REFERENCES = (
    ("wilson", "Wilson (1927). J Am Stat Assoc 22, 209-212."),
    ("log-linear", "Hautus (1995). Behav Res Methods 27, 46-51."),
    ("Agresti & Caffo", "Agresti & Caffo (2000). Am Stat 54, 280-288."),
    ("Knapp & Hartung", "Knapp & Hartung (2003). Stat Med 22, 2693-2710."),
    ("Sen 1968", "Sen (1968). J Am Stat Assoc 63, 1379-1389."),
    ("TOST", "Schuirmann (1987). J Pharmacokinet Biopharm 15, 657-680."),
    ("split-half", "Pronk, Molenaar, Wiers & Murre (2022). Psychon Bull Rev 29, 44-54."),
    ("split-half", "Parsons, Kruijt & Fox (2019). Adv Meth Pract Psychol Sci 2, 378-395."),
    ("alpha", "Feldt (1965). Psychometrika 30, 357-370."),
    ("KR-20", "Feldt (1965). Psychometrika 30, 357-370."),
    ("ICC(", "McGraw & Wong (1996). Psychol Methods 1, 30-46."),
    ("boundary", "Kaplan et al. (2016). Perspect Behav Sci 39, 243-259."),
)
"""Words of a rule, and the source that belongs to it."""


def paragraphs(source: Source, panels: Sequence[Panel]) -> list[str]:
    """The text, a paragraph a list entry; every number and rule is one of the tables'."""
    return [
        _people(source),
        _programs(source),
        _trials(source),
        *(_task(source, task, panels) for task in sorted({run.task for run in source.runs})),
        _reliability(source),
        _predictions(source),
        "Sources: " + " ".join(_sources(source, panels)),
    ]


def _people(source: Source) -> str:
    sessions = {run.key[:2] for run in source.runs}
    text = (
        f"The data are of {counted(len(source.people), 'participant')} in "
        f"{counted(len(sessions), 'session')} with {counted(len(source.runs), 'run')}."
    )
    simulated = sum(run.simulated for run in source.runs)
    if simulated:
        text += f" In {counted(simulated, 'run')} the answers were simulated."
    return text


def _programs(source: Source) -> str:
    used = versions(source.runs)
    said = [f"{name} {listed(sorted(found))}" for name, found in used.items()]
    return (
        f"Tasks were run with {listed(said) or 'programs that the logs do not name'}. Indices were "
        f"scored from the event logs alone with mbtexp {source.version}."
    )


def versions(runs: Iterable[RunFacts]) -> dict[str, Counter[str]]:
    """Programs and how many runs used each version."""
    found: dict[str, Counter[str]] = {}
    for run in runs:
        for name, version in run.versions.items():
            found.setdefault(name, Counter())[version] += 1
    return found


def _trials(source: Source) -> str:
    parts = left_out(source.trials)
    total = sum(part.n_trials for part in parts)
    reasons: Counter[str] = Counter()
    for part in parts:
        reasons.update(part.reasons)
    said = [f"{n} {reason}" for reason, n in sorted(reasons.items())]
    return (
        f"Of {counted(total, 'trial')} after practice, {listed(said) if said else 'none'} "
        "were left out of all indices; no trial was deleted. Further rules of single indices are "
        "named with them. Intervals are 95 % intervals."
    )


def _task(source: Source, task: str, panels: Sequence[Panel]) -> str:
    runs = [run for run in source.runs if run.task == task]
    presets = Counter(str(run.header.get("preset") or "unnamed") for run in runs)
    said = [f"preset {name} in {counted(n, 'run')}" for name, n in sorted(presets.items())]
    references = [reference for run in runs[:1] for reference in references_of(run)]
    title = str(runs[0].part("task_info").get("title") or task)
    cited = f"; {'; '.join(reference.rstrip('.') for reference in references)}" * bool(references)
    text = f"{title} ({listed(said)}{cited})."
    for panel in panels:
        if panel.task == task:
            text += " " + _index(source, panel)
    return text


def references_of(run: RunFacts) -> list[str]:
    """What the task's own header cites."""
    return [str(entry) for entry in run.part("task_info").get("references") or ()]


def _index(source: Source, panel: Panel) -> str:
    rows = rows_of(source, panel)
    methods = sorted({row["method"] or "" for row in rows})
    kinds = sorted({row["ci_method"] or "none" for row in rows} - {"none"})
    said = [source.said("indices", "ci_method", kind) or kind for kind in kinds]
    with_interval = f"; interval: {listed(said)}" if said else "; no interval"
    about = source.said("indices", "index", panel.index, task=panel.task).rstrip(".")
    described = f" ({about})" if about else ""
    return (
        f"{panel.title[:1].upper()}{panel.title[1:]}{described}: {' or '.join(methods)}"
        f"{with_interval}; defined for {counted(panel.n_people, 'person', 'people')}."
    )


def rows_of(source: Source, panel: Panel) -> list[Row]:
    """The lines of a panel's index that have a value."""
    wanted = (panel.task, panel.index, panel.condition)
    return [
        row
        for row in source.indices
        if (row["task"], row["index"], row["condition"]) == wanted and row["value"] is not None
    ]


def _reliability(source: Source) -> str:
    methods = sorted({row.get("method") or "" for row in reliable(source)} - {""})
    if not methods:
        return "Reliability was not computed."
    return f"Reliability: {'; '.join(methods)}."


def reliable(source: Source) -> list[Row]:
    """The lines of the table of reliability that have a value."""
    return [row for row in source.reliability or () if row.get("sb_median") is not None]


def _predictions(source: Source) -> str:
    defined = [row for row in source.predictions or () if row["estimate"] is not None]
    if not defined:
        return "No prediction of the model could be estimated from these data."
    methods = list(dict.fromkeys(row["method"] or "" for row in defined))
    return f"Predictions were estimated two-sided by: {'; '.join(methods)}."


def _sources(source: Source, panels: Sequence[Panel]) -> list[str]:
    """References of the tasks, and of the rules that the tables name."""
    tasks = {run.task: references_of(run) for run in reversed(source.runs)}
    rows = [row for panel in panels for row in rows_of(source, panel)]
    rules = [f"{row['method']} {row['ci_method']}" for row in rows]
    rules += [row.get("method") or "" for row in reliable(source)]
    rules += [row["method"] or "" for row in source.predictions or () if row["estimate"]]
    text = "\n".join(dict.fromkeys(rules))
    cited = [reference for words, reference in REFERENCES if words in text]
    own = [f"{entry.rstrip('.')}." for entries in tasks.values() for entry in entries]
    return sorted(dict.fromkeys([*cited, *own]))


def described(source: Source, panel: Panel) -> str:
    """What an index is, for a caption."""
    if not panel.task:
        return source.said("contrasts", "contrast", panel.index) or plain(panel.index)
    return source.said("indices", "index", panel.index, task=panel.task)
