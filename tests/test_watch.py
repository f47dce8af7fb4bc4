"""The watch: logs are followed as they grow, and what is wrong with a session is told."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from mbtexp.cli import main
from mbtexp.conduct import Request, conduct
from mbtexp.errors import DataError, RunAborted
from mbtexp.events import EventLog, read_log
from mbtexp.run import Run
from mbtexp.task import find_task, task_names
from mbtexp.timeline import Phase
from mbtexp.virtual import VirtualLab
from mbtexp.watch.folder import RECENT_S, Folder
from mbtexp.watch.runs import RunSeen
from mbtexp.watch.tail import Tail
from mbtexp.watch.terminal import view_text
from mbtexp.watch.view import SessionView

NAME = "sub-01_ses-01_task-eyes_run-01_log.jsonl"
FOLDER = Path("sourcedata/sub-01/ses-01")

STEPS = [
    {"step": "mood_before", "kind": "run", "task": "mood", "preset": "short", "minutes": 2.0},
    {"step": "eyes", "kind": "run", "task": "eyes", "preset": "standard", "minutes": 6.0},
    {"step": "rest", "kind": "break", "task": None, "preset": None, "minutes": 5.0},
    {"step": "payout", "kind": "payout", "task": None, "preset": None, "minutes": 1.0},
]


def header(**changes: Any) -> dict[str, Any]:
    """The first line of a run's log, as far as the watch reads it."""
    design = [{"trial": n, "block": 0 if n == 1 else 1, "practice": n == 1} for n in range(1, 11)]
    return {
        "format": 1,
        "task": "eyes",
        "preset": "standard",
        "params": {},
        "participant": "01",
        "session": "01",
        "run": 1,
        "mode": "lab",
        "simulated": None,
        "design": design,
        "columns": {"response": {}, "correct": {}},
        "task_info": {"title": "Reading the Mind in the Eyes"},
        "rig": {"scanner": {"pulses_per_volume": 1}},
        "trigger": {"device": "biosemi", "port": "/dev/ttyUSB0"},
        "clock": {"utc_at_zero": "2026-01-01T08:00:00+00:00", "source": "monotonic"},
        "protocol": None,
        **changes,
    }


class Written:
    """A run's log being written, with a watch beside it whose clock the test turns."""

    def __init__(self, data: Path, name: str = NAME, **changes: Any) -> None:
        self.data = data
        self.log = EventLog(data / FOLDER / name)
        self.log.append("header", 0.0, **header(**changes))
        self.folder: Folder | None = None

    def trial(self, n: int, t: float, *, scale: str = "", **outcome: Any) -> None:
        answered = {"response": "bored", "rt_s": 0.5, "correct": True, "missed": False}
        self.log.append(
            "trial",
            t,
            trial=n,
            block=0 if n == 1 else 1,
            attempt=1,
            design={"trial": n, "scale": scale},
            outcome={**answered, **outcome},
        )

    def code(self, t: float, outcome: str = "sent") -> None:
        self.log.append("trigger", t, seq=1, trial=1, name="eyes_mental", code=41, outcome=outcome)

    def pulse(self, n: int, t: float, missing: int = 0) -> None:
        flag = "first" if n == 1 else "missing_before" if missing else "ok"
        interval = None if n == 1 else 2.0 * (1 + missing)
        self.log.append("pulse", t, n=n, flag=flag, k=n - 1, interval_s=interval, missing=missing)

    def phase(self, t: float, missed: int = 0) -> None:
        self.log.append("phase", t, trial=1, phase="eyes", missed=missed, frames=30)

    def end(self, t: float, *, completed: bool = True) -> None:
        self.log.append("end", t, completed=completed, trials=1, triggers={"lost": 0}, timing={})

    def seen(self, after_s: float = 0.0) -> SessionView:
        """The session as a watch sees it that has waited so long since it last looked."""
        if self.folder is None:
            self.folder = Folder(self.data)
            self.folder.look(now=0.0, wall=self.written_at)
        [session] = self.folder.look(now=after_s, wall=self.written_at).sessions
        return session

    @property
    def written_at(self) -> float:
        """When its last line was written: the watch has been there from then on."""
        return (self.data / FOLDER / self.log.path.name).stat().st_mtime


@pytest.fixture
def run(tmp_path: Path) -> Written:
    return Written(tmp_path)


def texts(session: SessionView, level: str = "red") -> list[str]:
    return [alarm.text for alarm in session.alarms if alarm.level == level]


# -- following a log ------------------------------------------------------------------------------


def test_a_half_written_line_waits_for_its_rest(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    tail = Tail(path)
    assert tail.new_events() == []
    path.write_bytes(b'{"kind":"note","t":1}\n{"kind":"no')
    assert [event["t"] for event in tail.new_events()] == [1]
    assert tail.new_events() == []
    with path.open("ab") as log:
        log.write(b'te","t":2}\n')
    assert [event["t"] for event in tail.new_events()] == [2]
    assert tail.damaged == 0


def test_a_line_is_split_between_two_looks_in_the_middle_of_a_letter(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    line = '{"kind":"note","t":1,"text":"müde"}\n'.encode()
    cut = line.index("ü".encode()) + 1
    tail = Tail(path)
    path.write_bytes(line[:cut])
    assert tail.new_events() == []
    with path.open("ab") as log:
        log.write(line[cut:])
    assert [event["text"] for event in tail.new_events()] == ["müde"]


def test_damaged_lines_are_left_out_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(b'\xff\xfe\n[1]\n{"kind":"note"}\n{"kind":"note","t":1}\n\n')
    tail = Tail(path)
    assert [event["t"] for event in tail.new_events()] == [1]
    assert tail.damaged == 3


@pytest.mark.parametrize("how", ["shorter", "another"])
def test_a_log_that_was_replaced_is_read_from_its_start(tmp_path: Path, how: str) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(b'{"kind":"note","t":1}\n{"kind":"note","t":2}\n')
    tail = Tail(path)
    tail.new_events()
    if how == "shorter":
        path.write_bytes(b'{"kind":"note","t":3}\n')
    else:
        (tmp_path / "new").write_bytes(b'{"kind":"note","t":3}\n' * 3)
        (tmp_path / "new").replace(path)
    assert {event["t"] for event in tail.new_events()} == {3}
    assert tail.readings == 2


def test_a_log_that_is_watched_can_still_be_locked_and_written(run: Written) -> None:
    run.log.close()
    run.seen()
    again = EventLog(run.data / FOLDER / NAME, resume=True)  # takes the lock; refused if it is held
    again.append("note", 1.0, text="written")
    with pytest.raises(DataError, match="is being written"):
        EventLog(run.data / FOLDER / NAME, resume=True)  # the watch has not loosened it either
    run.seen(1.0)
    again.close()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_between_two_looks_the_watch_holds_no_log_open(run: Written) -> None:
    run.seen()
    open_files = [link.resolve().name for link in Path("/proc/self/fd").iterdir() if link.exists()]
    assert open_files.count(NAME) == 1  # the run's own


def test_what_a_whole_run_shows_does_not_depend_on_when_it_was_looked_at(tmp_path: Path) -> None:
    request = Request("eyes", "01", tmp_path, simulate=True, virtual=True, changes={"items": "4"})
    log = read_log(conduct(request).log)
    at_once, one_by_one = RunSeen(NAME), RunSeen(NAME)
    for event in log.events:
        at_once.take(dict(event))
    for event in log.events:
        one_by_one.take(dict(event))
        one_by_one.view(0.0)
    assert at_once.view(0.0) == one_by_one.view(0.0)
    view = at_once.view(0.0)
    assert (view.done, view.trials, view.phase, at_once.strange) == (5, 5, "completed", 0)
    last = list(log.of("trial"))[-1]
    assert view.last[-1].rt_s == last["outcome"]["rt_s"]


# -- what is shown --------------------------------------------------------------------------------


def test_progress_answers_and_misses_of_a_run(run: Written) -> None:
    run.trial(1, 4.0)
    run.trial(2, 8.0, rt_s=0.7)
    run.trial(3, 12.0, response=None, rt_s=None, correct=None, missed=True)
    shown = run.seen().run
    assert shown is not None
    assert (shown.done, shown.trials, shown.block) == (3, 10, "block 1 of 1")
    assert (shown.missed, shown.missed_in_a_row, shown.median_rt_s) == (1, 1, 0.6)
    assert [trial.response for trial in shown.last] == ["bored", "bored", "missed"]
    assert shown.last[0].practice


def test_an_answer_is_shown_only_where_the_run_knows_what_is_correct(tmp_path: Path) -> None:
    plain = Written(tmp_path / "a")
    plain.trial(1, 1.0, response=7, correct=None)
    private = Written(tmp_path / "b", columns={"response": {}})
    private.trial(1, 1.0, response="often", correct=True)
    for written, secret in ((plain, 7), (private, "often")):
        shown = written.seen()
        assert shown.run is not None
        assert shown.run.last[0].response == "answered"
        assert f'"{secret}"' not in json.dumps(asdict(shown))


def test_the_time_left_follows_the_pace_so_far_without_the_pauses(run: Written) -> None:
    run.log.append("block", 0.0, block=0, edge="start", name="practice")
    for n in range(1, 5):
        run.trial(n, 4.0 * n)
    run.log.append("pause", 16.0, edge="start", by="operator")
    assert run.seen(10.0).state == "paused"
    run.log.append("pause", 116.0, edge="end", by="operator")
    run.trial(5, 120.0)
    shown = run.seen(10.0)
    assert shown.run is not None
    assert (shown.run.left_s, shown.run.pauses, shown.run.paused_s) == (20.0, 1, 100.0)
    later = run.seen(13.0)
    assert later.left_s == 17.0


def test_in_a_scanner_the_time_left_is_the_plan_s(tmp_path: Path) -> None:
    scanner = {"volumes": 50, "tr_s": 2.0, "length_s": 100.0}
    run = Written(tmp_path, scanner=scanner)
    run.log.append("note", 10.0, text="time zero", zero=10.0)
    for n in range(1, 6):
        run.pulse(n, 8.0 + 2.0 * n)
    shown = run.seen().run
    assert shown is not None
    assert shown.left_s == 92.0
    assert shown.pulses is not None
    assert (shown.pulses.seen, shown.pulses.expected, shown.pulses.planned) == (5, 5, 50)


def test_a_session_shows_its_steps_and_the_time_of_those_to_come(tmp_path: Path) -> None:
    session = EventLog(tmp_path / FOLDER / "sub-01_ses-01_session.jsonl")
    session.append(
        "session", 0.0, participant="01", session="01", protocol={"name": "mbt_core"}, steps=STEPS
    )
    session.append("step_start", 1.0, step="mood_before")
    session.append("step_end", 90.0, step="mood_before", outcome="completed", log="", reason="")
    run = Written(tmp_path, protocol={"step": "eyes"})
    between = run.seen()
    assert between.state == "running"
    session.append("step_start", 100.0, step="eyes")
    shown = run.seen(1.0)
    assert [step.state for step in shown.steps] == ["done", "now", "next", "later"]
    assert shown.protocol == "mbt_core"
    assert shown.left_s == pytest.approx(60 * (6 + 5 + 1) - 1.0, abs=0.5)
    for n in range(1, 6):
        run.trial(n, 3.0 * n)
    assert run.seen(2.0).left_s == pytest.approx(15.0 + 60 * (5 + 1), abs=0.5)
    run.end(30.0)
    session.append("step_end", 130.0, step="eyes", outcome="stopped", log=NAME, reason="tired")
    session.append("step_start", 131.0, step="rest")
    resting = run.seen(62.0)
    assert resting.run is None
    assert resting.steps[1].reason == "tired"
    assert run.seen(122.0).left_s == pytest.approx(60 * (4 + 1), abs=0.5)


def test_two_sessions_at_once_are_both_shown_and_one_can_be_chosen(tmp_path: Path) -> None:
    conduct(Request("eyes", "02", tmp_path, simulate=True, virtual=True, first=1, pilot=True))
    conduct(Request("eyes", "03", tmp_path, simulate=True, virtual=True, first=1))
    both = Folder(tmp_path).look().sessions
    assert [(one.participant, one.mode) for one in both] == [("03", "lab"), ("02", "pilot")]
    [chosen] = Folder(tmp_path, participant="02").look().sessions
    assert chosen.participant == "02"


def test_sessions_of_before_are_left_out_as_soon_as_there_is_a_new_one(tmp_path: Path) -> None:
    conduct(Request("eyes", "02", tmp_path, simulate=True, virtual=True, first=1))
    [old] = tmp_path.rglob("*_log.jsonl")
    os.utime(old, (1e9, 1e9))
    folder = Folder(tmp_path)
    assert [one.participant for one in folder.look(0.0, 1e9 + 2 * RECENT_S).sessions] == ["02"]
    conduct(Request("eyes", "03", tmp_path, simulate=True, virtual=True, first=1))
    new = next(path for path in tmp_path.rglob("*_log.jsonl") if path != old)
    os.utime(new, (1e9 + 2 * RECENT_S, 1e9 + 2 * RECENT_S))
    assert [one.participant for one in folder.look(9.0, 1e9 + 2 * RECENT_S).sessions] == ["03"]


def test_a_folder_without_logs_waits_and_a_log_that_appears_is_shown(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    assert "waiting for the first run" in folder.look(0.0).told
    Written(tmp_path)
    assert folder.look(0.1).sessions == ()  # the folder is searched every two seconds
    assert [one.participant for one in folder.look(5.0).sessions] == ["01"]


def test_a_folder_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no such folder"):
        Folder(tmp_path / "stduy")


def test_a_folder_that_disappears_and_comes_back_is_waited_for(tmp_path: Path) -> None:
    data = tmp_path / "study"
    run = Written(data)
    assert run.seen().state == "running"
    data.rename(tmp_path / "gone")
    assert run.folder is not None
    assert "is gone" in run.folder.look(10.0).told
    (tmp_path / "gone").rename(data)
    assert run.seen(20.0).state == "running"


# -- what is wrong --------------------------------------------------------------------------------


def test_a_run_in_which_all_is_well_raises_no_alarm(run: Written) -> None:
    for n in range(1, 8):
        run.phase(3.0 * n)
        run.code(3.0 * n)
        run.trial(n, 3.0 * n + 1)
    assert run.seen(20.0).alarms == ()
    run.end(30.0)
    assert run.seen(1000.0).alarms == ()


def lose_a_code(run: Written) -> None:
    run.code(1.0, "failed")


def drop_frames(run: Written) -> None:
    for n in range(5):
        run.phase(float(n), missed=n % 2 + 1)


def abort(run: Written) -> None:
    run.log.append("abort", 5.0, reason="The run was stopped by the operator.")
    run.end(5.0, completed=False)


def ask_for_a_pause(run: Written) -> None:
    run.log.append("pause", 5.0, edge="start", by="participant")


def stop_calmly(run: Written) -> None:
    run.log.append("note", 5.0, text="a calm page until the operator has come")


def rate_distress(run: Written) -> None:
    run.trial(1, 1.0, scale="distress", response=85, correct=None)


@pytest.mark.parametrize(
    ("what", "said"),
    [
        (lose_a_code, "1 trigger code did not reach the recorder (last: eyes_mental)."),
        (drop_frames, "5 of 5 screens came late (7 frames dropped)."),
        (abort, "The run was stopped: The run was stopped by the operator."),
        (ask_for_a_pause, "The participant asked for a pause."),
        (rate_distress, "Distress 85 of 100 (limit 80)."),
        (stop_calmly, "The run was stopped: go to the participant."),
    ],
)
def test_what_is_wrong_is_a_red_banner_with_something_to_do(
    run: Written, what: Callable[[Written], None], said: str
) -> None:
    run.seen()
    what(run)
    shown = run.seen(1.0)
    assert texts(shown) == [said]
    assert all(alarm.advice.endswith(".") for alarm in shown.alarms)


@pytest.mark.parametrize(
    ("task", "preset", "column", "answer"),
    [("mood", "short", "item", "value"), ("attachment", "block", "scale", "response")],
)
def test_ratings_of_distress_are_found_where_the_tasks_put_them(
    tmp_path: Path, task: str, preset: str, column: str, answer: str
) -> None:
    done = conduct(Request(task, "01", tmp_path, preset=preset, simulate=True, virtual=True))
    rated = [
        trial["outcome"][answer]
        for trial in read_log(done.log).of("trial")
        if trial["design"][column] == "distress"
    ]
    assert rated
    [session] = Folder(tmp_path).look().sessions
    assert [rating.value for rating in session.distress] == rated
    assert session.run is not None
    assert {trial.response for trial in session.run.last} <= {"answered", "missed", "pressed", "-"}


def test_distress_that_has_gone_down_again_alarms_nobody(run: Written) -> None:
    rate_distress(run)
    run.trial(2, 2.0, scale="distress", response=40, correct=None)
    shown = run.seen()
    assert texts(shown) == []
    assert [rating.value for rating in shown.distress] == [85.0, 40.0]


def test_the_run_s_own_limit_of_distress_counts(tmp_path: Path) -> None:
    run = Written(tmp_path, params={"distress_limit": 60.0})
    run.trial(1, 1.0, scale="distress", response=65, correct=None)
    assert texts(run.seen()) == ["Distress 65 of 100 (limit 60)."]


def session_log(data: Path, **changes: Any) -> EventLog:
    """The log of the session that the run is a step of."""
    log = EventLog(data / FOLDER / "sub-01_ses-01_session.jsonl")
    whole = {"protocol": {"name": "mbt_core"}, "steps": STEPS, **changes}
    log.append("session", 0.0, participant="01", session="01", **whole)
    return log


@pytest.mark.parametrize(
    ("own", "rating", "said"),
    [
        ({}, 65, ["Distress 65 of 100 (limit 60)."]),
        ({}, 59, []),
        ({"distress_limit": 50.0}, 55, ["Distress 55 of 100 (limit 50)."]),
        ({"distress_limit": 90.0}, 65, ["Distress 65 of 100 (limit 60)."]),
    ],
)
def test_the_lower_of_the_protocol_s_and_the_run_s_limit_of_distress_counts(
    tmp_path: Path, own: dict[str, float], rating: int, said: list[str]
) -> None:
    session_log(tmp_path, distress={"limit": 60.0, "times": 2})
    run = Written(tmp_path, params=own)
    run.trial(1, 1.0, scale="distress", response=rating, correct=None)
    assert texts(run.seen()) == said


def test_a_session_in_which_nothing_more_is_induced_says_so(tmp_path: Path) -> None:
    session = session_log(tmp_path)
    run = Written(tmp_path)
    assert texts(run.seen(), "amber") == []
    session.append("decision", 9.0, rule="distress", text="no more inductions: distress was 85, 90")
    assert texts(run.seen(1.0), "amber") == ["No more inductions: distress was 85, 90."]


def test_what_a_run_tells_the_operator_is_red_until_the_session_is_over(run: Written) -> None:
    run.log.append("note", 60.0, text="nothing to do about this")
    run.log.append("note", 60.0, text="SAFETY: go there.", tell=True)
    run.log.append("note", 90.0, text="SAFETY: go there.", tell=True)
    (said,) = texts(run.seen())
    assert re.fullmatch(r"\d\d:01: SAFETY: go there\.", said)
    run.end(99.0)
    Written(run.data, NAME.replace("run-01", "run-02"), run=2)
    shown = run.seen(10.0)
    assert shown.run is not None
    assert shown.run.run == 2
    assert texts(shown) == [said]


def test_a_calm_page_may_stay_as_long_as_it_must(run: Written) -> None:
    stop_calmly(run)
    run.seen()
    assert texts(run.seen(900.0)) == ["The run was stopped: go to the participant."]
    abort(run)
    assert texts(run.seen(901.0)) == ["The run was stopped: The run was stopped by the operator."]


def test_a_stop_turns_the_page_red_while_the_participant_still_sees_the_calm_page(
    tmp_path: Path,
) -> None:
    """A real run, looked at by the watch in the moment in which its calm page is on the screen."""
    path = tmp_path / FOLDER / NAME
    log = EventLog(path)
    log.append("header", 0.0, **header())
    seen: list[str] = []

    def act(phase: Phase, _row: Mapping[str, Any]) -> list[tuple[str, float]]:
        if phase.name == "calm":
            seen.extend(texts(Folder(tmp_path).look().sessions[0]))
        return [("escape", 1.0)]

    lab = VirtualLab(60.0, answer=act)
    run = Run(
        display=lab.display,
        responses=lab.responses,
        trigger=lab.trigger,
        clock=lab.clock,
        log=log,
        trials=(),
        asks_operator=True,
    )
    with pytest.raises(RunAborted), run:
        run.tell_operator("Go to them now.")
        raise RunAborted("The run was stopped by the operator.")
    assert len(seen) == 2
    assert seen[0].endswith(": Go to them now.")
    assert seen[1] == "The run was stopped: go to the participant."


@pytest.mark.parametrize("task", task_names())
def test_only_tasks_that_know_what_is_correct_show_an_answer(task: str) -> None:
    shows = {"attachment", "discounting", "eyes", "polysemy", "recognition"}
    assert ("correct" in find_task(task).columns) == (task in shows)


def test_pulses_that_stop_are_told_while_the_scan_should_go_on(tmp_path: Path) -> None:
    run = Written(tmp_path, scanner={"volumes": 6, "tr_s": 2.0, "length_s": 100.0})
    run.log.append("note", 10.0, text="time zero", zero=10.0)
    for n in range(1, 6):
        run.pulse(n, 8.0 + 2.0 * n)
    assert texts(run.seen()) == []
    assert texts(run.seen(7.0)) == ["The scanner's pulses stopped 7 s ago."]
    run.pulse(6, 20.0)
    assert texts(run.seen(8.0)) == []
    assert texts(run.seen(60.0)) == []  # all six have come


def test_a_pulse_that_went_missing_is_to_be_known_and_nothing_burns(tmp_path: Path) -> None:
    run = Written(tmp_path, scanner={"volumes": 60, "tr_s": 2.0, "length_s": 100.0})
    run.pulse(1, 10.0)
    run.pulse(2, 14.0, missing=1)
    assert texts(run.seen(), "amber") == ["1 pulse of the scanner went missing."]
    assert texts(run.seen(), "red") == []


def test_a_run_that_says_nothing_for_long_is_told_but_not_a_pause(run: Written) -> None:
    run.trial(1, 1.0)
    run.seen()
    assert texts(run.seen(119.0)) == []
    [said] = texts(run.seen(130.0))
    assert said.startswith("Nothing has been written for 2 min 10 s")
    run.log.append("pause", 131.0, edge="start", by="operator")
    assert texts(run.seen(131.0)) == []
    assert texts(run.seen(900.0)) == []


def test_reading_the_instructions_may_take_longer_than_a_trial(run: Written) -> None:
    run.seen()
    assert texts(run.seen(200.0)) == []
    assert len(texts(run.seen(310.0))) == 1


def test_five_trials_without_an_answer_send_somebody_to_look(run: Written) -> None:
    for n in range(1, 6):
        run.trial(n, float(n), response=None, rt_s=None, correct=None, missed=True)
    assert texts(run.seen(), "amber") == ["The last 5 trials were not answered."]
    run.trial(6, 6.0)
    assert run.seen(1.0).alarms == ()


def test_a_run_that_was_gone_on_with_burns_no_longer(run: Written) -> None:
    abort(run)
    assert len(texts(run.seen())) == 1
    run.log.append("resume", 100.0, next_trial=1)
    assert run.seen(1.0).alarms == ()
    assert run.seen(1.0).state == "running"


def test_lost_codes_of_an_earlier_run_stay_known(run: Written) -> None:
    lose_a_code(run)
    run.end(9.0)
    run.seen()
    Written(run.data, NAME.replace("run-01", "run-02"), run=2)
    shown = run.seen(10.0)
    assert shown.run is not None
    assert shown.run.run == 2
    assert texts(shown) == []
    [said] = texts(shown, "amber")
    assert said.startswith("Earlier, eyes run 1: 1 trigger code")


def test_a_log_that_is_not_as_it_should_be_is_told_and_shown_as_far_as_it_goes(
    run: Written,
) -> None:
    run.trial(1, 1.0)
    run.log.append("trial", 2.0, trial="two")
    run.log.append("pulse", 3.0, flag="ok")
    shown = run.seen()
    assert shown.run is not None
    assert shown.run.done == 1
    assert texts(shown, "amber") == ["2 lines of the log cannot be read here."]


# -- the command ----------------------------------------------------------------------------------


def test_once_says_how_things_are_and_ends(
    run: Written, capsys: pytest.CaptureFixture[str]
) -> None:
    run.trial(1, 1.0)
    lose_a_code(run)
    assert main(["watch", str(run.data), "--once"]) == 0
    said = capsys.readouterr().out
    assert "participant 01, session 01: running" in said
    assert "trial 1 of 10, practice" in said
    assert "!! 1 trigger code did not reach the recorder" in said
    assert "codes: 0 sent, 1 lost (biosemi)" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("watch nowhere", "nowhere: there is no such folder"),
        ("watch . --participant ../x", "--participant '../x': use letters and digits only"),
        ("watch . --session 01/..", "--session '01/..': use letters and digits only"),
        ("watch . --port 80", "'80' is no port; write 1024 to 65535"),
    ],
)
def test_a_mistake_is_one_plain_sentence(
    words: str,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    try:
        code: object = main(words.split())
    except SystemExit as ended:
        code = ended.code
    assert code == 2
    assert said in capsys.readouterr().err


def test_the_terminal_shows_the_banner_in_colour_where_it_may(run: Written) -> None:
    abort(run)
    run.seen()
    assert run.folder is not None
    view = run.folder.look(1.0)
    assert "\x1b[1;37;41m!! The run was stopped" in view_text(view, colour=True, width=80)
    assert "\x1b" not in view_text(view, width=80)


@pytest.mark.skipif(sys.platform == "win32", reason="counts processor time the POSIX way")
def test_watching_costs_a_small_part_of_a_core_and_loads_no_numbers(tmp_path: Path) -> None:
    conduct(Request("eyes", "01", tmp_path, simulate=True, virtual=True))
    code = f"""
import resource, sys
from pathlib import Path
from mbtexp.watch.folder import Folder
folder = Folder(Path({str(tmp_path)!r}))
folder.look()
before = resource.getrusage(resource.RUSAGE_SELF)
for _ in range(100):
    folder.look()
after = resource.getrusage(resource.RUSAGE_SELF)
print(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
print(sorted({{"numpy", "psychopy", "PyQt6", "serial"}} & set(sys.modules)))
"""
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    used_s, loaded = ran.stdout.splitlines()
    assert float(used_s) / 100 < 0.01  # two looks a second: below a fiftieth of a core
    assert loaded == "[]"
