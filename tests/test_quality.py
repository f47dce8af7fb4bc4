"""Quality of a run: what is no fault of anybody is no warning, and practice has no verdict."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from analysis import analyse
from analysis.quality import Check
from mbtexp.events import EventLog

N = 10
PRACTICE = {"name": "core", "step": "practice_eyes", "role": "practice", "state": None}


def log_of_run(
    data: Path,
    *,
    task: str = "eyes",
    pages: bool = False,
    hold_from: str = "",
    passive: int = 0,
    **header: Any,
) -> None:
    """A run of ten answered trials: a page or a cross, a picture, an answer by the key d.

    Parameters
    ----------
    data
        The data folder.
    task
        Name of the task.
    pages
        Whether a page that ends with a key is before each picture, in place of the cross.
    hold_from
        A key that is down at each onset: ``d`` is the one that answers, ``space`` ends the pages.
    passive
        Trials after these that ask for nothing, with a key down at their onset.
    **header
        More of the first line.
    """
    run = header.pop("run", 1)
    name = f"sub-01_ses-01_task-{task}_run-{run:02d}_log.jsonl"
    log = EventLog(data / "sourcedata/sub-01/ses-01" / name)
    design = [{"trial": k, "practice": False} for k in range(1, N + passive + 1)]
    who = {"format": 1, "task": task, "participant": "01", "session": "01", "run": run}
    log.append("header", 0.0, **{**who, "design": design, **header})
    held = [hold_from] if hold_from else []

    def press(t: float, number: int, key: str) -> None:
        log.append("response", t, trial=number, attempt=1, key=key, down=True, status="counted")

    def phase(t: float, number: int, name: str, code: int | None) -> None:
        shown = {"trial": number, "attempt": 1, "phase": name, "code": code, "held": held}
        log.append("phase", t, onset=t, onset_planned=t, missed=0, **shown)

    for number, row in enumerate(design, start=1):
        t = 10.0 * number
        timed = number <= N
        if pages:
            press(t + 0.5, number, "space")
        phase(t, number, "page" if pages else "cross", None)
        if timed:
            press(t + 3.0, number, "d")
        result = {"rt_s": 2.0, "response": "d", "missed": False, "held": bool(held)}
        nothing = {"rt_s": None, "response": None, "missed": False}
        log.append("trial", t + 3.0, **who_is(number, row), outcome=result if timed else nothing)
        phase(t + 1.0, number, "picture", 21)
    log.append("end", 200.0, completed=True, trials=len(design), timing={}, triggers={"lost": 0})
    log.close()


def who_is(number: int, row: dict[str, Any]) -> dict[str, Any]:
    return {"trial": number, "block": 1, "attempt": 1, "design": row}


def check(data: Path, name: str) -> Check:
    return next(one for one in analyse(data, n_splits=0).quality if one.check == name)


def test_the_key_that_ended_the_page_before_is_no_stuck_key(tmp_path: Path) -> None:
    log_of_run(tmp_path, pages=True, hold_from="space")
    found = check(tmp_path, "held_keys")
    assert (found.value, found.passed) == (0.0, True)


@pytest.mark.parametrize(("pages", "key"), [(True, "d"), (False, "d"), (False, "space")])
def test_a_key_that_did_not_answer_the_screen_just_before_is_one(
    tmp_path: Path, pages: bool, key: str
) -> None:
    log_of_run(tmp_path, pages=pages, hold_from=key)
    found = check(tmp_path, "held_keys")
    assert (found.value, found.severity) == (1.0, "warning")


def test_trials_that_ask_for_nothing_do_not_count(tmp_path: Path) -> None:
    log_of_run(tmp_path, pages=True, hold_from="d", passive=30)
    assert check(tmp_path, "held_keys").value == 1.0


def test_a_run_of_practice_has_trials_alone(tmp_path: Path) -> None:
    log_of_run(tmp_path, hold_from="d", protocol=PRACTICE)
    log_of_run(tmp_path, run=2, protocol={**PRACTICE, "role": "none"})
    found = analyse(tmp_path, n_splits=0)
    assert {index.run for index in found.indices} == {2}
    practice = [one for one in found.quality if one.run == 1]
    assert {(one.passed, one.severity, one.what_to_do) for one in practice} == {
        (None, "none", None)
    }
    assert {trial.excluded for trial in found.runs[0]} == {"practice"}
    assert len(found.runs[0]) == N
    [sentence] = found.told
    assert sentence.startswith("1 of 2 runs are practice by their protocol")


def test_a_session_that_ended_after_practice_is_analysed(tmp_path: Path) -> None:
    log_of_run(tmp_path, protocol=PRACTICE)
    found = analyse(tmp_path, n_splits=5)
    assert (found.indices, found.reliability) == ((), ())


def test_tasks_without_indices_are_told_in_one_line(tmp_path: Path) -> None:
    for run in (1, 2, 3):
        log_of_run(tmp_path, task="interlude", run=run)
    log_of_run(tmp_path, task="questionnaire")
    assert analyse(tmp_path, n_splits=0).told == (
        "there is no analysis of task 'interlude' (3), 'questionnaire' (1); trials only.",
    )
