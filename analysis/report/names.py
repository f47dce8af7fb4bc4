"""What runs are called on a page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from analysis.report.plans import column
from analysis.report.source import Key, RunFacts
from analysis.report.words import plain


def column_of(run: RunFacts) -> str:
    """The column of a run: that of its step, else its task and number."""
    return column(run.step, run.role, run.task) if run.step else f"{run.task} run {run.run}"


def run_names(runs: Sequence[RunFacts]) -> dict[Key, str]:
    """What each of somebody's runs is called: by its step, else by task, session and number."""
    steps = Counter((run.session, run.step) for run in runs)
    sessions = len({run.session for run in runs})
    return {run.key: _name(run, steps[run.session, run.step], sessions) for run in runs}


def _name(run: RunFacts, times: int, sessions: int) -> str:
    if not run.step:
        session = f" {run.session}" if run.session else ""
        return f"{run.task}{session} run {run.run}"
    session = f", session {run.session}" if sessions > 1 else ""
    return f"{plain(run.step)}{session}" + (f", run {run.run}" if times > 1 else "")
