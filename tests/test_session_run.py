"""A session from its first step to its summary: order, decisions, rules, resuming, refusals."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mbtexp import cli, events
from mbtexp.conduct import Prepared, Request, conduct
from mbtexp.errors import DataError, DeviceError, DiskError, MbtexpError, RunAborted, SettingError
from mbtexp.events import read_log
from mbtexp.protocol import (
    Asked,
    Summary,
    allocate,
    hold_session,
    plan_session,
    read_allocation,
    read_protocol,
    summary,
)
from mbtexp.protocol import course as course_module
from mbtexp.protocol import log as log_module
from mbtexp.protocol.log import SessionEvents, read_session
from mbtexp.protocol.summary import summary_text
from mbtexp.task import find_task

SMALL = Path(__file__).parent / "golden" / "protocol_small.toml"

STEPS = [
    *("arrival", "before", "faces_early", "half_1", "between", "more", "half_2", "more_money"),
    *("rest", "repair", "paid"),
]


class Script:
    """An operator whose answers are known; whoever is asked more than that has left."""

    def __init__(self, *answers: str, sure: bool = True) -> None:
        self._answers = list(answers)
        self._sure = sure
        self.said: list[str] = []
        self.asked: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)

    def ask(self, question: str, /) -> str | None:
        self.asked.append(question)
        return self._answers.pop(0) if self._answers else None

    def yes(self, question: str, /) -> bool | None:
        self.asked.append(question)
        return self._sure


@pytest.fixture
def asked(tmp_path: Path) -> Asked:
    """A simulated session on the virtual lab, with nobody asked."""
    return Asked(str(SMALL), "01", tmp_path / "study", simulate=True, virtual=True, yes=True)


def held(asked: Asked, *answers: str, stop: Callable[[int, int], None] | None = None) -> Summary:
    return hold_session(asked, Script(*answers), stop)


def log_of(asked: Asked) -> SessionEvents:
    folder = asked.data / "pilot" if asked.pilot else asked.data
    path = folder / "sourcedata" / f"sub-{asked.participant}" / f"ses-{asked.session}"
    found = read_session(path / f"{path.parent.name}_{path.name}_session.jsonl")
    assert found is not None
    return found


def became(asked: Asked) -> dict[str, str]:
    """What became of each step, by the last line about it."""
    return {event["step"]: event["outcome"] for event in log_of(asked).of("step_end")}


def decisions(asked: Asked) -> list[str]:
    return [event["text"] for event in log_of(asked).of("decision")]


def runs_of(told: Summary) -> dict[str, list[str]]:
    return {step.step: [run.log for run in step.runs] for step in told.steps if step.runs}


def breaking(step: str, error: BaseException, at: int = 1) -> Callable[[int, int], None]:
    """Progress that fails in the n-th run's first trial, as an operator or a machine would."""
    seen = {"runs": 0}

    def progress(done: int, _all: int) -> None:
        if done == 1:
            seen["runs"] += 1
        if seen["runs"] == at and done == 1:
            raise error

    assert step in STEPS
    return progress


def refusal(asked: Asked, kind: type[MbtexpError] = SettingError, *answers: str) -> str:
    with pytest.raises(kind) as refused:
        held(asked, *answers)
    return str(refused.value)


# -- from the first step to the last --------------------------------------------------------------


def test_a_session_runs_its_steps_in_order_and_says_what_became_of_each(asked: Asked) -> None:
    told = held(asked)
    assert told.completed
    assert [step.step for step in told.steps] == STEPS
    assert became(asked) == {step: "completed" for step in STEPS} | {"more": "skipped"}
    started = [event["step"] for event in log_of(asked).of("step_start")]
    assert started == [step for step in STEPS if step != "more"]
    assert told.missing == ()
    assert all(run.completed for run in told.runs)


def test_the_first_line_tells_who_in_which_cell_with_which_steps(asked: Asked) -> None:
    held(replace(asked, seed=5, group="bpd"))
    header = log_of(asked).header
    assert list(header)[:2] == ["kind", "t"]
    wanted = {
        "kind": "session", "t": 0.0, "format": 1, "participant": "01", "session": "01",
        "group": "bpd", "cell": 1, "seed": 5, "language": "en", "mode": "lab", "simulated": True,
        "order": {"order": "own_first", "faces": "early", "side": "left"},
    }  # fmt: skip
    assert {name: header[name] for name in wanted} == wanted
    assert header["protocol"] == read_protocol(SMALL).facts()
    step = next(one for one in header["steps"] if one["step"] == "half_1")
    assert (step["kind"], step["task"], step["run"], step["state"]) == (
        *("run", "eyes", 1, "attachment"),
    )
    assert step["log"] == "sub-01_ses-01_task-eyes_run-01_log.jsonl"
    assert step["minutes"] > 0


def test_each_run_knows_its_place_and_they_follow_one_another_in_time(asked: Asked) -> None:
    told = held(asked)
    headers = [read_log(told.folder / run.log).header for run in told.runs]
    places = [header["protocol"] for header in headers]
    assert [place["step"] for place in places] == [step for step in runs_of(told)]
    half = next(place for place in places if place["step"] == "half_2")
    assert (half["cell"], half["state"], half["half"]) == (1, "control", 2)
    begun = [datetime.fromisoformat(header["clock"]["utc_at_zero"]) for header in headers]
    assert begun == sorted(set(begun))


def test_times_of_the_session_never_go_back_and_are_both_in_each_line(asked: Asked) -> None:
    held(asked)
    past = log_of(asked)
    times = [event["t"] for event in past.events]
    assert times == sorted(times)
    days = [datetime.fromisoformat(event["utc"]) for event in past.events]
    assert days == sorted(days)


def test_the_payout_is_drawn_from_the_sessions_choices_and_kept(asked: Asked) -> None:
    told = held(asked)
    receipt = told.folder / "sub-01_ses-01_receipt.txt"
    assert "Participant 01, session 01" in receipt.read_text(encoding="utf-8")
    assert "sub-01_ses-01_receipt.txt" in told.files


def test_where_nothing_can_be_paid_that_is_told_and_the_session_goes_on(asked: Asked) -> None:
    told = held(replace(asked, skip=("more_money",), reason="no time"))
    assert told.completed
    paid = next(step for step in told.steps if step.step == "paid")
    assert (paid.outcome, "nothing is to be paid" in paid.reason) == ("completed", True)
    assert not (told.folder / "sub-01_ses-01_receipt.txt").exists()


def test_the_summary_of_a_folder_is_that_of_the_session(asked: Asked) -> None:
    told = held(asked)
    again = summary(told.folder)
    assert again == told
    text = summary_text(again)
    assert "missing: nothing that the protocol asks for" in text
    assert "SKIPPED   more (not needed)" in text
    assert "NO TRIGGERS SENT" in text
    with pytest.raises(DataError, match="no session's log here"):
        summary(told.folder.parent)


def test_the_same_session_twice_leaves_the_same_runs(asked: Asked) -> None:
    first = held(asked)
    second = held(replace(asked, data=asked.data.parent / "again"))
    for one, other in zip(first.runs, second.runs, strict=True):
        assert (first.folder / one.log).read_bytes() == (second.folder / other.log).read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mbt_core", "mbt_fmri", "mbt_eeg", "pilot"])
def test_a_shipped_protocol_is_held_from_its_first_step_to_its_last(
    asked: Asked, name: str
) -> None:
    told = held(replace(asked, protocol=name, participant="07"))
    assert told.reason == "all steps are done"
    assert told.missing == ()
    assert all(run.completed and run.late_screens == 0 for run in told.runs)
    assert (told.folder / "sub-07_ses-01_receipt.txt").is_file()


# -- the operator ---------------------------------------------------------------------------------

ARRIVED = ("",)  # Enter on the first page


def test_the_operator_is_asked_after_each_run_and_can_stop_and_resume(asked: Asked) -> None:
    asking = replace(asked, yes=False)
    script = Script(*ARRIVED, "", "s", "the participant has to leave")
    told = hold_session(asking, script)
    assert not told.completed
    assert told.reason == "the participant has to leave"
    assert [s.step for s in told.steps if s.outcome] == ["arrival", "before", "faces_early"]
    assert "before is done. Next: faces_early. [c]ontinue, [r]epeat, [p]ause, [s]top:" in (
        script.asked
    )
    again = held(replace(asked, resume=True))
    assert again.completed
    assert all(len(logs) == 1 for logs in runs_of(again).values())


def test_a_run_is_repeated_with_its_reason_and_a_number_of_its_own(asked: Asked) -> None:
    script = Script(*ARRIVED, "repeat", "", "  ", "keys were mixed up", "", "stop", "enough")
    told = hold_session(replace(asked, yes=False), script)
    assert runs_of(told)["before"] == [
        "sub-01_ses-01_task-mood_run-01_log.jsonl",
        "sub-01_ses-01_task-mood_run-03_log.jsonl",  # 02 is planned for the sliders between
    ]
    decision = next(log_of(asked).of("decision"))
    assert (decision["text"], decision["reason"]) == ("before is repeated", "keys were mixed up")
    rest = held(replace(asked, resume=True))
    assert runs_of(rest)["between"] == ["sub-01_ses-01_task-mood_run-02_log.jsonl"]


def test_a_pause_is_written_down_and_nothing_else_happens(asked: Asked) -> None:
    script = Script(*ARRIVED, "pause", "", "continue", "stop", "enough")
    told = hold_session(replace(asked, yes=False), script)
    assert [one.text for one in told.decisions] == ["pause", "the pause is over"]
    assert became(asked) == {"arrival": "completed", "before": "completed"} | {
        "faces_early": "completed"
    }


def test_an_answer_that_is_none_is_asked_again_and_nobody_is_a_stop(asked: Asked) -> None:
    script = Script(*ARRIVED, "what?", "x")
    told = hold_session(replace(asked, yes=False), script)
    assert told.reason == "nobody answered"
    assert "Please type one of: continue, repeat, pause, stop." in script.said


def test_an_optional_step_is_asked_for(asked: Asked) -> None:
    enters = [*ARRIVED, "", "", "", "", "", ""]
    script = Script(*enters[:6], "l", "", "", "", "")
    told = hold_session(replace(asked, yes=False), script)
    step = next(one for one in told.steps if one.step == "more_money")
    assert (step.outcome, step.reason) == ("skipped", "optional, left out by the operator")
    assert not step.needed
    assert told.completed


@pytest.mark.parametrize(
    ("answers", "outcome", "logs"),
    [
        (("resume", "stop", "enough"), "completed", 1),
        (("again", "keys", "stop", "enough"), "completed", 2),
        (("leave", "too tired", "stop"), "skipped", 1),
        (("stop", "enough"), "stopped", 1),
    ],
)
def test_a_run_that_was_stopped_is_resumed_begun_again_or_left_out(
    asked: Asked, answers: tuple[str, ...], outcome: str, logs: int
) -> None:
    words = {"resume": "r", "again": "a", "leave": "l", "stop": "s"}
    typed = [words.get(answer, answer) for answer in answers]
    stop = breaking("before", RunAborted("the operator stopped the run"))
    told = held(replace(asked, yes=False), *ARRIVED, *typed, stop=stop)
    step = next(one for one in told.steps if one.step == "before")
    assert (step.outcome, len(step.runs)) == (outcome, logs)
    for run in step.runs[:1]:
        trials = [event["trial"] for event in read_log(told.folder / run.log).of("trial")]
        assert len(trials) == len(set(trials))


def test_a_run_that_fails_with_nobody_there_ends_the_session_which_can_be_resumed(
    asked: Asked,
) -> None:
    with pytest.raises(DeviceError, match="unplugged"):
        held(asked, stop=breaking("faces_early", DeviceError("the box was unplugged"), at=2))
    past = log_of(asked)
    assert past.events[-1]["kind"] == "end"
    assert past.events[-1]["reason"] == "the box was unplugged"
    assert became(asked)["faces_early"] == "failed"
    told = held(replace(asked, resume=True))
    assert told.completed
    assert became(asked)["faces_early"] == "completed"


def test_ctrl_c_is_written_down_and_resumed(asked: Asked) -> None:
    with pytest.raises(KeyboardInterrupt):
        held(asked, stop=breaking("half_1", KeyboardInterrupt(), at=3))
    assert became(asked)["half_1"] == "stopped"
    assert log_of(asked).events[-1]["reason"] == "stopped from outside"
    assert held(replace(asked, resume=True)).completed


# -- what is left out -----------------------------------------------------------------------------


def test_steps_are_skipped_with_their_reason(asked: Asked) -> None:
    told = held(replace(asked, skip=("rest", "faces_early"), reason="the scanner was late"))
    reasons = {step.step: step.reason for step in told.steps if step.outcome == "skipped"}
    assert reasons == {
        "rest": "the scanner was late",
        "faces_early": "the scanner was late",
        "more": "not needed",
    }
    assert [step.step for step in told.missing] == ["faces_early", "rest"]


def test_the_run_sheet_says_what_is_left_out(asked: Asked) -> None:
    sheet = plan_session(replace(asked, skip=("rest",), start_at="half_2"))
    assert "left out: rest" in sheet.notes
    assert "begins at half_2; all steps before it are left out" in sheet.notes


def test_a_session_can_begin_later_and_says_why(asked: Asked) -> None:
    script = Script("the first part was on paper", "", "", "", "", "", "")
    told = hold_session(replace(asked, yes=False, start_at="half_2"), script)
    assert told.completed
    assert became(asked)["between"] == "skipped"
    assert [step.step for step in told.steps if step.runs] == ["half_2", "more_money", "repair"]
    decision = next(log_of(asked).of("decision"))
    assert decision["reason"] == "the first part was on paper"
    left_out = [step.step for step in told.missing]
    assert told.reason == f"all steps are done but {len(left_out)} left out"
    assert "between" in left_out


@pytest.mark.parametrize(("option", "word"), [("start_at", "half2"), ("skip", "reast")])
def test_a_step_that_is_not_there_is_refused_before_anything_begins(
    asked: Asked, option: str, word: str
) -> None:
    given: Any = word if option == "start_at" else (word,)
    said = refusal(replace(asked, **{option: given}))
    assert "no step of this session has that name; did you mean" in said
    assert not asked.data.exists()


def test_what_is_done_is_not_begun_again_with_from(asked: Asked) -> None:
    with pytest.raises(DeviceError):
        held(asked, stop=breaking("half_1", DeviceError("gone"), at=3))
    said = refusal(replace(asked, resume=True, start_at="before"))
    assert "that step is completed already" in said


# -- rules ----------------------------------------------------------------------------------------


def feeling(monkeypatch: pytest.MonkeyPatch, **levels: float) -> None:
    """Simulated participants whose sliders are at these levels, without noise."""
    person = find_task("mood").person
    assert person is not None
    prepared_for = course_module.prepared_for

    def with_feelings(request: Request, step: Any) -> Prepared:
        ready = prepared_for(request, step)
        if ready.task.name != "mood":
            return ready
        steady = {"rating_sd": 0.0, "omission": 0.0}
        now = {name: level for name, level in levels.items() if not name.startswith("later_")}
        if step.step != "before":
            now |= {n.removeprefix("later_"): v for n, v in levels.items() if "later_" in n}
        return replace(ready, task=ready.task.played_by(person(**steady, **now)))

    monkeypatch.setattr(course_module, "prepared_for", with_feelings)


def test_distress_twice_in_a_row_ends_the_inductions_and_leads_to_the_closing_steps(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    feeling(monkeypatch, distress=90.0)
    script = Script()
    told = hold_session(asked, script)
    done = [step.step for step in told.steps if step.outcome == "completed"]
    assert done == ["arrival", "before", "faces_early", "half_1", "between", "repair", "paid"]
    reasons = {step.step: step.reason for step in told.steps if step.outcome == "skipped"}
    assert reasons == {
        "more": "not needed", "half_2": "distress", "more_money": "distress", "rest": "distress",
    }  # fmt: skip
    decision = log_of(asked).decided("distress")[0]
    assert (decision["distress"], decision["limit"], decision["times"]) == ([90.0, 90.0], 80, 2)
    assert told.reason.startswith("no more inductions: distress was 90, 90 of 100")
    assert any(text.startswith("ATTENTION") for text in script.said)


def test_distress_once_or_below_the_limit_stops_nothing(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    feeling(monkeypatch, distress=90.0, later_distress=70.0)
    told = held(asked)
    assert told.reason == "all steps are done"
    assert log_of(asked).decided("distress") == []


def test_a_run_that_stopped_itself_for_distress_is_not_resumed_but_closed(
    asked: Asked, tmp_path: Path
) -> None:
    own = """
[[steps]]
step = "pictures"
task = "attachment"
preset = "induction"
role = "induction"
changes = { booster = true, pictures = 1, distress_limit = 1 }

[[steps]]
step = "arrival\""""
    path = tmp_path / "own.toml"
    text = SMALL.read_text(encoding="utf-8").replace('never_after_induction = ["trust"]', "", 1)
    path.write_text(text.replace('[[steps]]\nstep = "arrival"', own.lstrip(), 1), encoding="utf-8")
    told = held(replace(asked, protocol=str(path)))
    assert became(asked)["pictures"] == "stopped"
    assert [step.step for step in told.steps if step.outcome == "completed"] == ["repair", "paid"]


def test_the_second_half_waits_until_the_sliders_are_back_or_the_time_is_over(
    asked: Asked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    feeling(monkeypatch, pleasure=80.0, later_pleasure=30.0)
    path = tmp_path / "near.toml"
    text = SMALL.read_text(encoding="utf-8").replace("within = 100", "within = 10")
    path.write_text(text, encoding="utf-8")
    told = held(replace(asked, protocol=str(path)))
    verdicts = log_of(asked).decided("wash_out")
    assert [one["settled"] for one in verdicts] == [False] * (len(verdicts) - 1) + [True]
    assert len(verdicts) > 1
    assert verdicts[-1]["waited_min"] >= 1
    assert verdicts[0]["points"]["pleasure"] == pytest.approx(-50, abs=5)
    assert "but 1 min more are over" in verdicts[-1]["text"]
    more = next(step for step in told.steps if step.step == "more")
    assert (more.outcome, len(more.runs)) == ("completed", len(verdicts) - 1)
    order = [event["step"] for event in log_of(asked).of("step_start")]
    first = order.index("between")
    assert (
        order[first : first + 4]
        == ["between", "more", "between", "half_2"][:1] + order[first + 1 : first + 4]
    )
    assert order[first + 1 : first + 3] == ["more", "between"]
    assert order.index("half_2") > max(i for i, step in enumerate(order) if step == "more")


def test_sliders_that_are_back_need_no_further_task(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    feeling(monkeypatch, pleasure=60.0)
    told = held(asked)
    assert [one.text.split(" (")[0] for one in told.decisions] == ["wash-out: the sliders are back"]


def test_without_a_baseline_the_wash_out_is_not_judged(asked: Asked) -> None:
    told = held(replace(asked, skip=("before",), reason="broken mouse"))
    assert "wash-out: not judged, there is no baseline" in [one.text for one in told.decisions]
    assert told.completed


# -- resuming -------------------------------------------------------------------------------------


def test_a_session_that_is_there_is_neither_begun_again_nor_overwritten(asked: Asked) -> None:
    with pytest.raises(DeviceError):
        held(asked, stop=breaking("before", DeviceError("gone")))
    before = {p.name: p.read_bytes() for p in log_of(asked).path.parent.iterdir()}
    assert "--resume goes on with it" in refusal(asked, DataError)
    assert {p.name: p.read_bytes() for p in log_of(asked).path.parent.iterdir()} == before
    held(replace(asked, resume=True))
    assert "is complete" in refusal(asked, DataError)
    assert "is complete" in refusal(replace(asked, resume=True), DataError)


def test_there_must_be_something_to_resume(asked: Asked) -> None:
    assert "no session to resume" in refusal(replace(asked, resume=True), DataError)
    assert not asked.data.exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"virtual": False}, "begun with --virtual"),
        ({"group": "hc"}, "begun with group 'bpd'"),
        ({"protocol": "pilot"}, "begun with protocol 'small'"),
    ],
)
def test_a_session_is_resumed_as_it_was_begun(
    asked: Asked, change: dict[str, Any], said: str
) -> None:
    asked = replace(asked, group="bpd")
    with pytest.raises(DeviceError):
        held(asked, stop=breaking("before", DeviceError("gone")))
    assert said in refusal(replace(asked, resume=True, **change), DataError)


def test_seed_and_language_need_not_be_typed_again(asked: Asked) -> None:
    with pytest.raises(DeviceError):
        held(
            replace(asked, seed=9, language="de"),
            stop=breaking("half_1", DeviceError("gone"), at=3),
        )
    told = held(replace(asked, resume=True))
    seeds = {read_log(told.folder / run.log).header["seed"] for run in told.runs}
    languages = {read_log(told.folder / run.log).header["language"] for run in told.runs}
    assert (seeds, languages) == ({9}, {"de"})


def test_a_changed_protocol_is_refused_unless_it_is_written_down(
    asked: Asked, tmp_path: Path
) -> None:
    path = tmp_path / "own.toml"
    path.write_bytes(SMALL.read_bytes())
    own = replace(asked, protocol=str(path))
    with pytest.raises(DeviceError):
        held(own, stop=breaking("half_1", DeviceError("gone"), at=3))
    path.write_bytes(SMALL.read_bytes().replace(b'version = "1"', b'version = "2"'))
    said = refusal(replace(own, resume=True), DataError)
    assert "was changed since the session began (version 1, now 2)" in said
    told = held(replace(own, resume=True, changed_protocol=True, reason="a typing mistake"))
    assert told.completed
    changed = next(one for one in told.decisions if "protocol's file" in one.text)
    assert changed.reason == "a typing mistake"


def test_a_changed_protocol_with_other_factors_is_refused_for_good(
    asked: Asked, tmp_path: Path
) -> None:
    path = tmp_path / "own.toml"
    path.write_bytes(SMALL.read_bytes())
    own = replace(asked, protocol=str(path))
    with pytest.raises(DeviceError):
        held(own, stop=breaking("half_1", DeviceError("gone"), at=3))
    text = path.read_text(encoding="utf-8").replace("own_first", "mine_first")
    path.write_text(text, encoding="utf-8")
    said = refusal(replace(own, resume=True, changed_protocol=True), DataError)
    assert "other factors" in said


def test_a_folder_that_was_moved_between_runs_is_gone_on_with(asked: Asked) -> None:
    with pytest.raises(DeviceError):
        held(asked, stop=breaking("half_1", DeviceError("gone"), at=3))
    moved = asked.data.parent / "elsewhere" / "study 2"
    moved.parent.mkdir()
    shutil.move(asked.data, moved)
    told = held(replace(asked, data=moved, resume=True))
    assert told.completed
    assert all(len(logs) == 1 for logs in runs_of(told).values())
    assert str(asked.data.parent) not in log_of(replace(asked, data=moved)).path.read_text(
        encoding="utf-8"
    )


def test_a_number_that_a_run_by_hand_has_taken_is_not_used_twice(asked: Asked) -> None:
    by_hand = replace(asked.request(), task="eyes", preset="split", changes={"items": "2"})
    left = conduct(by_hand).log
    before = left.read_bytes()
    told = held(asked)
    assert told.completed
    assert runs_of(told)["half_1"] == ["sub-01_ses-01_task-eyes_run-03_log.jsonl"]
    assert left.read_bytes() == before


def test_a_log_without_one_whole_line_is_put_aside(asked: Asked) -> None:
    with pytest.raises(DeviceError):
        held(asked, stop=breaking("half_1", DeviceError("gone"), at=3))
    folder = log_of(asked).path.parent
    cut = folder / "sub-01_ses-01_task-eyes_run-01_log.jsonl"
    cut.write_bytes(cut.read_bytes()[:40])
    told = held(replace(asked, resume=True))
    assert told.completed
    assert (folder / f"{cut.name}.damaged-1").read_bytes().startswith(b'{"kind":"header"')


def test_a_session_log_that_broke_off_in_its_first_line_is_begun_anew(asked: Asked) -> None:
    path = asked.data / "sourcedata" / "sub-01" / "ses-01" / "sub-01_ses-01_session.jsonl"
    path.parent.mkdir(parents=True)
    path.write_bytes(b'{"kind":"session","t":0.0,"utc":"20')
    assert held(asked).completed
    assert len(log_of(asked).damage) == 1


def test_a_file_that_is_no_session_log_is_refused(asked: Asked) -> None:
    path = asked.data / "sourcedata" / "sub-01" / "ses-01" / "sub-01_ses-01_session.jsonl"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"hello\n")
    assert "not a session's log" in refusal(asked, DataError)


# -- who has which cell ---------------------------------------------------------------------------


def lab(asked: Asked) -> Asked:
    """The same with a person in place of the simulation: nothing of it may begin here."""
    return replace(asked, simulate=False, virtual=False)


def test_a_session_without_a_table_says_how_to_make_one(asked: Asked) -> None:
    said = refusal(lab(asked))
    assert "there is no table of allocation yet" in said
    assert f"mbtexp allocate {asked.protocol} --data {asked.data} --groups" in said
    assert not asked.data.exists()


def test_a_pilot_takes_the_cell_of_its_number_and_says_so(asked: Asked) -> None:
    pilot = replace(asked, participant="03", pilot=True)
    script = Script()
    hold_session(pilot, script)
    assert log_of(pilot).header["cell"] == 3
    assert "note: no table of allocation: cell 3 goes by the participant's number, as for any " in (
        "".join(script.said)
    )


def test_a_row_is_taken_at_the_first_session_and_kept_at_the_second(asked: Asked) -> None:
    allocate(read_protocol(SMALL), asked.data, {"bpd": 4, "hc": 4}, seed=7)
    assert "--group bpd or --group hc" in refusal(asked)
    held(replace(asked, group="hc"))
    held(replace(asked, participant="02", group="hc"))
    held(replace(asked, session="02"))
    cells = [
        log_of(replace(asked, participant=who, session=visit)).header
        for who, visit in (("01", "01"), ("02", "01"), ("01", "02"))
    ]
    assert [(one["row"], one["group"]) for one in cells] == [(5, "hc"), (6, "hc"), (5, "hc")]
    assert cells[0]["order"] == cells[2]["order"]
    table = read_allocation(asked.data)
    assert table is not None
    assert len(table.taken) == 2
    assert [row.cell for row in table.rows if row.row == 5] == [cells[0]["cell"]]


def test_a_code_that_the_operator_is_not_sure_of_takes_no_row(asked: Asked) -> None:
    allocate(read_protocol(SMALL), asked.data, {"bpd": 4}, seed=7)
    with pytest.raises(SettingError, match="no row was taken"):
        hold_session(replace(asked, yes=False), Script(sure=False))
    table = read_allocation(asked.data)
    assert table is not None
    assert table.taken == ()


@pytest.mark.parametrize(
    "label", ["../../x", "01;rm", "a" * 300, "\N{GRINNING FACE}", "", "٣", "0 1"]
)
@pytest.mark.parametrize("name", ["participant", "session"])
def test_a_label_that_is_no_code_is_refused(asked: Asked, name: str, label: str) -> None:
    said = refusal(replace(asked, **{name: label}))
    assert f"--{name}" in said
    assert len(said) < 200
    assert not asked.data.exists()


@pytest.mark.parametrize("group", ["../x", "a b", "g" * 300, "\N{GRINNING FACE}"])
def test_a_group_that_is_no_name_is_refused(asked: Asked, group: str) -> None:
    assert "--group" in refusal(replace(asked, group=group))
    assert not asked.data.exists()


# -- what a lab does to it ------------------------------------------------------------------------


def test_the_same_session_cannot_be_held_twice_at_once(asked: Asked) -> None:
    said: list[str] = []

    def meanwhile(_done: int, _all: int) -> None:
        if not said:
            said.append(refusal(replace(asked, resume=True), DataError))
            said.append(refusal(asked, DataError))

    assert held(asked, stop=meanwhile).completed
    assert "is going on in another window or on another computer" in said[0]
    assert "was begun already" in said[1]


def test_two_participants_at_once_do_not_disturb_each_other(asked: Asked) -> None:
    other = replace(asked, participant="02")
    allocate(read_protocol(SMALL), asked.data, {"bpd": 4}, seed=7)
    told: list[Summary] = []

    def meanwhile(_done: int, _all: int) -> None:
        if not told:
            told.append(held(other))

    assert held(asked, stop=meanwhile).completed
    assert told[0].completed
    rows = [log_of(one).header["row"] for one in (asked, other)]
    assert sorted(rows) == [1, 2]


def test_a_clock_that_is_set_back_is_written_down_and_changes_no_order(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DeviceError):
        held(asked, stop=breaking("half_1", DeviceError("gone"), at=3))
    path = log_of(asked).path
    lines = [json.loads(line) for line in path.read_bytes().splitlines()]
    ahead = timedelta(hours=1)
    for line in lines[1:]:
        line["utc"] = (datetime.fromisoformat(line["utc"]) + ahead).isoformat()
    path.write_bytes(b"".join(json.dumps(line).encode() + b"\n" for line in lines))
    told = held(replace(asked, resume=True))
    assert told.completed
    assert any("clock is 35" in one.text for one in told.decisions)
    times = [event["t"] for event in log_of(asked).events]
    assert times == sorted(times)


def test_a_clock_that_is_set_while_the_session_goes_on_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = log_module.clock_of(None, virtual=False)
    path = tmp_path / "sub-01_ses-01_session.jsonl"
    log = log_module.SessionLog(SessionEvents(path, []), clock, resume=False)
    log.append("session", format=1)
    now = datetime.now(tz=UTC) - timedelta(hours=2)
    monkeypatch.setattr(log_module, "_day_now", lambda: now)
    log.append("step_start", step="before")
    log.close()
    kinds = [event["kind"] for event in log.past.events]
    assert kinds == ["session", "decision", "step_start"]
    assert log.past.events[1]["shift_s"] == pytest.approx(-7200, abs=5)
    assert log.past.events[2]["t"] >= log.past.events[0]["t"]


def test_a_folder_that_cannot_be_written_is_refused_before_anything_begins(asked: Asked) -> None:
    if not Path("/proc/version").exists():
        pytest.skip("needs /proc")
    assert "cannot be written" in refusal(replace(asked, data=Path("/proc/study")), DiskError)


@pytest.mark.parametrize("n_lines", [1, 2, 60, 61, 200])
def test_a_disk_that_fills_up_ends_the_session_and_it_can_be_resumed(
    asked: Asked, monkeypatch: pytest.MonkeyPatch, n_lines: int
) -> None:
    write = os.write
    room = {"lines": n_lines}

    def filling(descriptor: int, content: bytes) -> int:
        room["lines"] -= 1
        if room["lines"] < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, content)

    monkeypatch.setattr(events.os, "write", filling)
    with pytest.raises(DiskError, match="could not be written"):
        held(asked)
    monkeypatch.undo()
    told = held(replace(asked, resume=True))
    assert told.completed
    for run in told.runs:
        trials = [event["trial"] for event in read_log(told.folder / run.log).of("trial")]
        assert sorted(set(trials)) == sorted(trials)


def test_what_the_steps_need_must_be_there_unless_it_is_a_trial(
    asked: Asked, tmp_path: Path
) -> None:
    allocate(read_protocol("mbt_eeg"), asked.data, {"bpd": 4}, seed=7)
    said = refusal(lab(replace(asked, protocol="mbt_eeg")))
    assert "need EEG, and the rig 'unnamed' has mode 'behaviour'" in said
    table = read_allocation(asked.data)
    assert table is not None
    assert table.taken == ()


def test_a_language_that_a_task_does_not_speak_is_refused_before_anything_begins(
    asked: Asked,
) -> None:
    assert "--language 'xx'" in refusal(replace(asked, language="xx"))
    assert not asked.data.exists()


# -- the command ----------------------------------------------------------------------------------


def command(asked: Asked, *more: str) -> Sequence[str]:
    data = str(asked.data)
    return ["session", str(SMALL), "--participant", "01", "--data", data, *more]


def test_the_command_holds_a_session_and_tells_how_it_went(
    asked: Asked, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(command(asked, "--simulate", "--virtual")) == 0
    said = capsys.readouterr().out
    assert "step 2 of 11, before:" in said
    assert "over, all steps are done" in said


def test_the_command_asks_only_where_somebody_can_answer(
    asked: Asked, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    allocate(read_protocol(SMALL), asked.data, {"bpd": 4}, seed=7)
    monkeypatch.setattr("sys.stdin", None)
    assert cli.main(command(asked)) == 2
    assert "nobody can answer here" in capsys.readouterr().err
    assert cli.main(command(asked, "--virtual")) == 2
    assert "add --simulate" in capsys.readouterr().err
