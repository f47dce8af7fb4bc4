"""Text for a methods section, from the tables: who, with what, by which rules, and sources."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from analysis.report.panels import Panel
from analysis.report.references import cited
from analysis.report.runs import left_out
from analysis.report.source import Key, Row, RunFacts, Source, value
from analysis.report.words import ci, counted, listed, plain, shown

WITHOUT_INDICES = frozenset({"interlude", "questionnaire"})
"""Tasks that a methods text does not describe by themselves."""


@dataclass(frozen=True)
class Methods:
    """A text for a methods section with its sources."""

    paragraphs: tuple[tuple[str, str], ...]
    """What each is about, and the text; every number and rule is one of the tables'."""
    sources: tuple[str, ...]
    """A line each, in the order of their names."""
    bibtex: str
    """Those of the rules, for a reference manager."""


def methods(source: Source, panels: Sequence[Panel]) -> Methods:
    """The text of a study, from its tables alone."""
    tasks = sorted({run.task for run in source.runs} - WITHOUT_INDICES)
    parts = [
        ("Data", _people(source)),
        ("Sessions", _sessions(source)),
        ("Programs", _programs(source)),
        ("Trials", _trials(source)),
        *((_title(source, task), _task(source, task, panels)) for task in tasks),
        ("Questionnaires", _questionnaires(source)),
        ("Reliability", _reliability(source)),
        ("Predictions", _predictions(source)),
    ]
    rules = cited(_rules(source, panels))
    own = {f"{entry.rstrip('.')}." for run in source.runs for entry in references_of(run)}
    known = {(one.authors[0].partition(",")[0], str(one.year)) for one in rules}
    # A task's own header names some of them too, in short.
    rest = [line for line in own if not any(line.startswith(n) and y in line for n, y in known)]
    return Methods(
        tuple((about, text) for about, text in parts if text),
        tuple(sorted([*(one.text for one in rules), *rest])),
        "\n\n".join(one.bibtex for one in rules),
    )


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


def _sessions(source: Source) -> str:
    """Protocols by name and version, practice, and where states come from; empty without one."""
    found: dict[str, set[Key]] = {}
    for run in source.runs:
        said = run.part("protocol")
        if said.get("name"):
            name = f"{said['name']} {said.get('version') or ''}".strip()
            found.setdefault(name, set()).add((run.participant, run.session, "", ""))
    if not found:
        return ""
    held = [f"{name} ({counted(len(keys), 'session')})" for name, keys in sorted(found.items())]
    practice = sum(run.role == "practice" for run in source.runs)
    text = f"Sessions were held by protocol {listed(held)}."
    if practice:
        text += f" Practice by the protocol ({counted(practice, 'run')}) is in no index."
    states = Counter(row["state"] for row in source.states or () if row["state"])
    if states:
        said_states = [f"{name} ({counted(n, 'run')})" for name, n in sorted(states.items())]
        text += f" States of runs by the protocol: {listed(said_states)}."
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


def _title(source: Source, task: str) -> str:
    run = next(run for run in source.runs if run.task == task)
    return str(run.part("task_info").get("title") or task)


def _task(source: Source, task: str, panels: Sequence[Panel]) -> str:
    runs = [run for run in source.runs if run.task == task and run.role != "practice"]
    presets = Counter(str(run.header.get("preset") or "unnamed") for run in runs)
    said = [f"preset {name} in {counted(n, 'run')}" for name, n in sorted(presets.items())]
    references = [reference for run in runs[:1] for reference in references_of(run)]
    names = [reference.partition(").")[0] + ")" for reference in references]
    text = f"{listed(said) if said else 'practice alone'}"
    text = f"{text[:1].upper()}{text[1:]}" + f" (after {'; '.join(names)})." * bool(names)
    text += "" if names else "."
    drawn = [panel for panel in panels if panel.task == task]
    if not drawn:
        text += _undrawn(source, task)
    return " ".join([text, *(_index(source, panel) for panel in drawn)])


def _undrawn(source: Source, task: str) -> str:
    """The indices of a task that are shown as they are, by their names."""
    rows = [row for row in source.indices if row["task"] == task and row["value"] is not None]
    items = list(dict.fromkeys(plain(row["condition"] or "") for row in rows))
    units = sorted({row["unit"] or "" for row in rows} - {""})
    rules = sorted({row["method"] or "" for row in rows} - {""})
    if not items:
        return ""
    return f" Values of {listed(items)} ({listed(units)}) by: {' or '.join(rules)}."


def references_of(run: RunFacts) -> list[str]:
    """What the task's own header cites."""
    return [str(entry) for entry in run.part("task_info").get("references") or ()]


def _index(source: Source, panel: Panel) -> str:
    rows = panel.rows
    rules = sorted({row["method"] or "" for row in rows})
    kinds = sorted({row["ci_method"] or "none" for row in rows} - {"none"})
    said = [source.said("indices", "ci_method", kind) or kind for kind in kinds]
    with_interval = f"; interval: {listed(said)}" if said else "; no interval"
    about = source.said("indices", "index", panel.index, task=panel.task).rstrip(".")
    described = f" ({about})" if about else ""
    return (
        f"{panel.title[:1].upper()}{panel.title[1:]}{described}: {' or '.join(rules)}"
        f"{with_interval}; defined for {counted(panel.n_people, 'person', 'people')}."
    )


def _questionnaires(source: Source) -> str:
    """On screen or imported, and the rule of their alphas; empty where there were none."""
    runs = [run for run in source.runs if run.task == "questionnaire"]
    presets = Counter(str(run.header.get("preset") or "unnamed") for run in runs)
    said = [f"{name} in {counted(n, 'run')}" for name, n in sorted(presets.items())]
    rows = [
        row
        for row in source.predictions or ()
        if "Cronbach" in (row["method"] or "") and row["estimate"] is not None
    ]
    alphas = dict.fromkeys(
        f"{(row['quantity'] or '').removeprefix('reliability of ')} "
        f"{shown(value(row, 'estimate'))} ({ci(row)})"
        for row in rows
    )
    text = f"On screen: {listed(said)}." if said else ""
    if alphas:
        text += f" Alpha in this study: {'; '.join(alphas)}; {rows[0]['method']}."
    return text.strip()


def _reliability(source: Source) -> str:
    rows = reliable(source)
    rules = sorted({row.get("method") or "" for row in rows} - {""})
    if not rules:
        return "It was not computed."
    splits = {row["n_splits"] for row in rows if row.get("n_splits")}
    text = f"By {'; '.join(rules)}."
    if splits:
        text += f" Random splits: {listed(sorted(map(str, splits)))}."
    if any(row.get("sb_odd_even") for row in rows):
        text += " The coefficient of odd against even trials is beside it in reliability.tsv."
    return text


def reliable(source: Source) -> list[Row]:
    """The lines of the table of reliability that have a value."""
    return [row for row in source.reliability or () if row.get("sb_median") is not None]


def _predictions(source: Source) -> str:
    """Each prediction with its rules; those without a value are not in the text."""
    found: dict[str, dict[str, None]] = {}
    for row in source.predictions or ():
        if row["estimate"] is not None:
            found.setdefault(row["prediction"] or "", {})[row["method"] or ""] = None
    if not found:
        return "No prediction of the model could be estimated from these data."
    said = []
    for name, rules in found.items():
        about = source.said("study", "prediction", name)
        said.append(f"{name}{f' ({about})' if about else ''}: {'; '.join(rules)}.")
    partial = any(
        (row["quantity"] or "").startswith("partial r") for row in source.predictions or ()
    )
    kept = " Partial correlations hold the covariates constant that the notes name." * partial
    return f"All two-sided. {' '.join(said)}{kept}"


def _rules(source: Source, panels: Sequence[Panel]) -> str:
    """All rules that the text names, for the sources that belong to them."""
    rows = [row for panel in panels if panel.task for row in panel.rows]
    rules = [f"{row['method']} {row['ci_method']}" for row in rows]
    rules += [row.get("method") or "" for row in reliable(source)]
    rules += [row["method"] or "" for row in source.predictions or () if row["estimate"]]
    return "\n".join(dict.fromkeys(rules))


def described(source: Source, panel: Panel) -> str:
    """What an index is, for a caption."""
    if not panel.task:
        return source.said("contrasts", "contrast", panel.index) or plain(panel.index)
    return source.said("indices", "index", panel.index, task=panel.task)
