"""How close two codes can come: the bounds, what is refused, and the proof of every preset."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mbtexp.conduct import Request, conduct, prepare
from mbtexp.errors import SettingError
from mbtexp.events import MemoryLog, read_log
from mbtexp.plan import guarded, make_plan, refuse_close_codes, rehearse
from mbtexp.ports import Press
from mbtexp.proof import ANY_LINE, PARTICIPANTS, USUAL, Proof, presets, proof_rows, prove
from mbtexp.rig import DisplaySettings, Rig, TriggerSettings
from mbtexp.run import Codes, Run
from mbtexp.show import plan_text
from mbtexp.simulate import Answer
from mbtexp.timeline import Fixation, Keys, Phase
from mbtexp.triggers.spacing import (
    Interval,
    Step,
    Watched,
    at_once,
    at_the_last_moment,
    counted,
    curious,
    intervals,
    never,
    shortest,
    spoken,
    too_close,
)
from mbtexp.virtual import VirtualLab

RATES = (60.0, 75.0, 100.0, 120.0, 144.0)
CROSS = (Fixation(),)
NAMES = {1: "cross", 2: "picture", 3: "other", 7: "yes", 8: "no", 9: "none"}
ANSWER = Keys(("f", "j"), codes=(("f", 7), ("j", 8)))


def steps(*phases: Phase | tuple[Phase, str | None], trial: int = 1) -> list[Step]:
    pairs = [phase if isinstance(phase, tuple) else (phase, None) for phase in phases]
    return [Step(phase, trial, key) for phase, key in pairs]


def least(found: Sequence[Step], refresh_hz: float = 60.0) -> dict[str, tuple[str, str, float]]:
    """The shortest interval of each kind: its codes, and its frames."""
    return {
        kind: (one.first, one.second, round(one.shortest_s * refresh_hz, 6))
        for kind, one in shortest(intervals(found, refresh_hz, NAMES.__getitem__)).items()
    }


# -- the bounds -----------------------------------------------------------------------------------


def test_screens_that_nothing_ends_early_are_as_far_apart_as_planned() -> None:
    run = steps(
        Phase("a", CROSS, 0.5, code=1), Phase("b", CROSS, 0.25), Phase("c", CROSS, 1, code=2)
    )
    assert least(run) == {"screens": ("cross", "picture", 45)}
    assert least(run, 144) == {"screens": ("cross", "picture", 108)}


def test_a_screen_that_an_answer_ends_may_last_one_frame() -> None:
    asked = Phase("a", CROSS, 2.0, code=2, keys=ANSWER)
    run = steps((asked, "f"), Phase("b", CROSS, 0.5, code=1))
    assert least(run) == {"screens": ("picture", "cross", 1), "answer": ("yes, no", "cross", 0)}


def test_an_empty_screen_after_the_answer_keeps_its_code_from_the_next() -> None:
    asked = Phase("a", CROSS, code=2, keys=ANSWER)
    run = steps((asked, "f"), Phase("blank", (), 0.2), Phase("b", CROSS, 0.5, code=1))
    assert least(run) == {"screens": ("picture", "cross", 13), "answer": ("yes, no", "cross", 12)}


def test_a_key_without_a_code_leaves_none_before_what_it_leads_to() -> None:
    keys = replace(ANSWER, allowed=("f", "j", "g"))
    asked = Phase("a", CROSS, 2.0, code=2, keys=keys, none_code=9)
    assert "answer" not in least(steps((asked, "g"), Phase("b", CROSS, 1, code=3)))
    assert "no answer" not in least(steps((asked, "g"), Phase("b", CROSS, 1, code=3)))
    assert least(steps((asked, "f"), Phase("b", CROSS, 1, code=3)))["answer"][2] == 0


def test_a_window_that_closes_unanswered_leaves_its_code_at_the_next_screen() -> None:
    asked = Phase("a", CROSS, 2.0, code=2, keys=ANSWER, none_code=9)
    run = steps((asked, None), Phase("end", CROSS, frames=3), Phase("b", CROSS, 0.5, code=1))
    assert least(run)["no answer"] == ("none", "cross", 3)
    endless = replace(asked, duration_s=None)
    assert "no answer" not in least(steps((endless, "f"), Phase("b", CROSS, 0.5, code=1)))


def test_a_fixed_onset_is_kept_whatever_was_answered_before() -> None:
    asked = Phase("a", CROSS, 2.0, code=2, keys=ANSWER, at_s=4.0)
    rest = Phase("rest", (), frames=1)
    run = steps((asked, "f"), rest, Phase("b", CROSS, 0.5, code=1, at_s=7.0))
    assert least(run) == {"screens": ("picture", "cross", 180), "answer": ("yes, no", "cross", 60)}


def test_a_fixed_onset_cuts_short_what_is_before_it() -> None:
    first = Phase("a", CROSS, 1.0, code=2, at_s=4.0)
    run = steps(first, Phase("b", CROSS, 5.0), Phase("c", CROSS, 0.5, code=1, at_s=4.5))
    assert least(run) == {"screens": ("picture", "cross", 61)}


def test_a_window_may_outlast_its_screen() -> None:
    asked = Phase("a", CROSS, 1.0, code=2, keys=replace(ANSWER, ends_phase=False, window_s=1.5))
    wait = Phase("wait", (), 1.0)
    apart = steps(asked, wait, Phase("b", CROSS, 0.5, code=1))
    # 2 s from onset to onset, 1.5 s of window, a frame until a press is taken.
    assert least(apart)["stray answer"] == ("yes, no", "cross", 29)
    within = steps(asked, Phase("b", CROSS, 0.2, code=1), wait, Phase("c", CROSS, 1, code=3))
    found = intervals(within, 60.0, NAMES.__getitem__)
    stray = [
        (one.second, round(one.shortest_s * 60, 3)) for one in found if one.kind[0:5] == "stray"
    ]
    assert stray == [("cross", 0), ("other", 41)]


def test_a_press_before_a_coded_part_of_the_same_picture_is_only_by_chance() -> None:
    keys = replace(ANSWER, ends_phase=False)
    run = steps(
        Phase("a", CROSS, 1.0, code=2, keys=keys), Phase("dot", CROSS, 0.2, code=3, keys=keys)
    )
    assert least(run)["stray answer"] == ("yes, no", "other", 0)
    found = intervals(run, 60.0, NAMES.__getitem__)
    rig = Rig(mode="eeg", trigger=ANY_LINE)
    (warning,) = refuse_close_codes(found, rig)
    assert warning.startswith("The code of a press (yes, no) can be cut short if it comes just")


def test_the_bounds_hold_for_any_times_of_answers() -> None:
    """What is measured on the virtual lab is never shorter than what was said."""
    for task, preset in [("eyes", "standard"), ("trust", "binary"), ("attachment", "event"),
                         ("polysemy", "masked"), ("discounting", "experiential"),
                         ("attachment", "infant"), ("trust", "brief")]:  # fmt: skip
        made = prepare(Request(task, "01", Path(), preset=preset, first=16))
        for seed in range(3):
            answer = guarded(at_any_time(made.participant.answer, seed), USUAL)
            _, log, found = rehearse(made.task, made.material, USUAL, made.rows, answer)
            bound = {kind: one.shortest_s for kind, one in shortest(found).items()}
            screens_s, answers_s = measured(log)
            assert screens_s >= bound["screens"] - 1e-6, (task, preset)
            either = [bound[kind] for kind in ("answer", "stray answer") if kind in bound]
            if either:
                assert answers_s >= min(either) - 1e-6, (task, preset)


def at_any_time(answer: Answer, seed: int) -> Answer:
    """The same keys, at times that have nothing to do with the task."""
    rng = np.random.default_rng(seed)

    def answers(phase: Phase, trial: Mapping[str, Any]) -> list[tuple[str, float]]:
        return [(key, float(rng.uniform(0, 1.2))) for key, _ in answer(phase, trial)]

    return answers


def measured(log: MemoryLog) -> tuple[float, float]:
    """The shortest times between two coded screens, and from an answer's code to such a screen."""
    sent = [event for event in log.of("trigger") if event["name"] != "run_start"]
    flips = sorted(event["t_event"] for event in sent if event["kind_of"] == "flip")
    presses = [event["t_event"] for event in sent if event["name"].startswith("response_")]
    after = [min((t for t in flips if t > press), default=np.inf) - press for press in presses]
    return min(b - a for a, b in pairwise(flips)), min(after, default=np.inf)


def test_what_is_too_close_is_told_once_a_pair_and_the_worst_first() -> None:
    close = [
        Interval("screens", "a", "b", 0.010, 3, "p"),
        Interval("screens", "a", "b", 0.005, 4, "p"),
        Interval("answer", "c", "d", 0.0, None, "q"),
        Interval("screens", "e", "f", 0.014, 5, "r"),
    ]
    assert [(i.first, i.shortest_s) for i in too_close(close, 0.014)] == [("c", 0.0), ("a", 0.005)]
    assert spoken(close[1], 0.010, 0.004) == (
        "The codes of 'a' and 'b' (phase 'p' of trial 4) can come 5 ms apart, but this line needs "
        "14 ms (a pulse of 10 ms and a gap of 4 ms)."
    )
    assert spoken(close[2], 0.010, 0.004).startswith("The codes of an answer (c) and 'd' (phase")


# -- participants at the limits -------------------------------------------------------------------


def usual(phase: Phase, _trial: Mapping[str, Any]) -> list[tuple[str, float]]:
    return [("j", 0.7)] if phase.keys else []


def test_participants_answer_at_the_limits_of_a_window() -> None:
    asked = Phase("a", CROSS, 2.0, keys=ANSWER)
    endless = replace(asked, duration_s=None)
    short = replace(asked, keys=replace(ANSWER, window_s=1.5))
    assert at_once(usual)(asked, {}) == [("j", 0.001)]
    assert at_once(lambda _p, _t: [])(asked, {}) == [("f", 0.001)]
    assert at_the_last_moment(usual)(asked, {}) == [("j", 1.999)]
    assert at_the_last_moment(usual)(short, {}) == [("j", 1.499)]
    assert at_the_last_moment(usual)(endless, {}) == [("j", 0.7)]
    assert never(usual)(asked, {}) == []
    assert never(usual)(endless, {}) == [("j", 0.7)]


def test_the_curious_one_takes_the_ways_that_others_do_not() -> None:
    asked = Phase("a", CROSS, 2.0, keys=replace(ANSWER, allowed=("f", "j", "g")))
    answer = curious(usual)
    assert [answer(asked, {"trial": 1})[0][0] for _ in range(3)] == ["g", "f", "j"]
    assert answer(asked, {"trial": 2}) == [("g", 0.001)]


def test_the_key_that_counts_is_the_first_inside_the_window() -> None:
    asked = Phase("a", CROSS, 2.0, keys=ANSWER)
    assert counted(asked, [("j", 1.0), ("f", 0.5), ("x", 0.1)]) == "f"
    assert counted(asked, [("f", 2.5)]) is None
    watched = Watched(usual)
    watched(asked, {"trial": 4})
    assert watched.steps == [Step(asked, 4, "j")]


# -- at the start of a run ------------------------------------------------------------------------


def rig_file(folder: Path, *lines: str, mode: str) -> Path:
    path = folder / "rig.toml"
    text = [f"mode = '{mode}'", "[trigger]", "device = 'serial'", "port = 'COM9'", *lines]
    path.write_text("\n".join(text))
    return path


def request(folder: Path, rig: Path, **more: Any) -> Request:
    asked = {"task": "eyes", "changes": {"items": "4"}, **more}
    return Request(participant="01", data=folder, simulate=True, virtual=True, rig=rig, **asked)


def test_a_run_whose_codes_come_too_close_does_not_start_with_an_eeg(tmp_path: Path) -> None:
    rig = rig_file(tmp_path, "pulse_ms = 198", mode="eeg")
    with pytest.raises(SettingError) as refused:
        conduct(request(tmp_path / "study", rig))
    said = str(refused.value)
    assert "eyes_mental" in said or "lookup" in said
    assert "but this line needs 202 ms (a pulse of 198 ms and a gap of 4 ms)." in said
    assert said.endswith("or give the screens between them more time (--set).")
    assert (
        not list((tmp_path / "study").rglob("*_log.jsonl")) if (tmp_path / "study").exists() else 1
    )


def test_beside_other_recorders_the_operator_and_the_log_are_told(tmp_path: Path) -> None:
    rig = rig_file(tmp_path, "pulse_ms = 198", mode="behaviour")
    told: list[str] = []
    done = conduct(request(tmp_path / "study", rig), tell=told.append)
    notes = [note["warning"] for note in read_log(done.log).of("note") if "warning" in note]
    assert notes == told
    assert any("'fixation'" in sentence and "needs 202 ms" in sentence for sentence in told)
    made = prepare(request(tmp_path, rig))
    plan = make_plan(made.task, made.session, made.material, made.rig, made.rows)
    assert f"note: {told[0]}" in plan_text(made, plan, whole=False)


def test_without_a_line_nothing_is_said(tmp_path: Path) -> None:
    made = prepare(Request("attachment", "01", tmp_path, preset="event", first=6))
    assert make_plan(made.task, made.session, made.material, made.rig, made.rows).warnings == ()


def test_the_usual_line_takes_every_preset_of_the_eyes_test(tmp_path: Path) -> None:
    rig = rig_file(tmp_path, mode="eeg")
    made = prepare(request(tmp_path, rig, changes={}))
    assert make_plan(made.task, made.session, made.material, made.rig, made.rows).warnings == ()


def test_a_code_that_is_not_in_the_book_is_refused() -> None:
    made = prepare(Request("eyes", "01", Path(), first=3))
    task = replace(made.task, codes={k: v for k, v in made.task.codes.items() if k != "fixation"})
    with pytest.raises(SettingError, match=r"phase 'fixation' sends code 123, which is not in"):
        make_plan(task, made.session, made.material, made.rig, made.rows)
    task = replace(
        made.task, codes={k: v for k, v in made.task.codes.items() if k != "no_response"}
    )
    with pytest.raises(SettingError, match="sends code 149"):
        make_plan(task, made.session, made.material, made.rig, made.rows)


# -- codes of the run itself ----------------------------------------------------------------------


@pytest.mark.parametrize(("key", "refresh_hz"), [("p", 60.0), ("p", 144.0), ("escape", 144.0)])
@pytest.mark.parametrize("part", [0.05, 0.3, 0.55, 0.8, 0.95])
def test_a_pause_or_a_repeated_trial_has_its_code_whole_before_the_next_screen(
    key: str, refresh_hz: float, part: float
) -> None:
    """Whenever in a frame the operator's keys go down."""
    period_s = 1 / refresh_hz
    presses = [Press(0.5 + part * period_s, key), Press(2.0 + part * period_s, "p")]
    lab = VirtualLab(
        refresh_hz, presses=presses, trigger=TriggerSettings(device="serial", port="-")
    )
    log = MemoryLog()
    rows = prepare(Request("eyes", "01", Path(), first=3)).rows
    codes = Codes(pause=205, resume=206, trial_invalid=153)
    run = Run(
        display=lab.display, responses=lab.responses, trigger=lab.trigger, clock=lab.clock,
        log=log, trials=rows, codes=codes,
    )  # fmt: skip
    with run:
        for block in run.blocks():
            for _ in run.trials_of(block):
                run.show([Phase("cross", CROSS, 0.4, code=123), Phase("wait", (), 0.4)])
                run.record()
    outcomes = {event["name"]: event["outcome"] for event in log.of("trigger")}
    assert {"resume", "pause"} <= set(outcomes) if key == "p" else "trial_invalid" in outcomes
    assert set(outcomes.values()) == {"sent"}


# -- every preset ---------------------------------------------------------------------------------


def line(width: str, refresh_hz: float) -> TriggerSettings:
    """A line as labs have it: the widths that boxes and hosts give to a pulse."""
    plain = replace(ANY_LINE, lowest_eeg_rate_hz=500.0)
    if width == "device, 8 ms":
        return replace(plain, lowest_eeg_rate_hz=250.0, pulse_ms=8.0, pulse_ended_by="device")
    if width == "host, 10 ms":
        return replace(plain, lowest_eeg_rate_hz=250.0, pulse_ms=10.0)
    return replace(plain, pulse_ms=1000 / refresh_hz)


WIDTHS = ("device, 8 ms", "host, 10 ms", "host, one frame")

CANNOT_BE_SHOWN = {
    ("attachment", "masked"): {75.0, 100.0, 120.0, 144.0},
    ("polysemy", "masked"): {75.0, 100.0, 144.0},
    ("trust", "brief"): {75.0, 144.0},
}
"""Presets with stimuli of a few frames that such a display cannot show; refused before any code."""


def rig_of(width: str, refresh_hz: float) -> Rig:
    return Rig(
        mode="eeg",
        display=DisplaySettings(refresh_hz=refresh_hz),
        trigger=line(width, refresh_hz),
    )


@cache
def proof_of(task: str, preset: str, refresh_hz: float, width: str, first: int) -> Proof:
    return prove(task, preset, rig_of(width, refresh_hz), first=first)


def held(proof: Proof, refresh_hz: float) -> None:
    """A preset passes on every line, or is refused because the display cannot show it."""
    if refresh_hz in CANNOT_BE_SHOWN.get((proof.task, proof.preset), ()):
        assert "frame" in proof.refused
        return
    assert proof.refused == ""
    assert set(proof.outcomes) == set(PARTICIPANTS)
    for width in WIDTHS:
        refuse_close_codes(proof.intervals, rig_of(width, refresh_hz))
    for kind in ("answer", "no answer"):
        for interval in proof.intervals:
            if interval.kind == kind:
                assert interval.shortest_s * refresh_hz >= 3 - 1e-6, interval
    total = Counter[str]()
    for counts in proof.outcomes.values():
        total.update(counts)
    assert set(total) <= {"sent", "deferred_sent"}, "no code is cut short or lost"
    assert proof.outcomes["as usual"].keys() == {"sent"}, "and as a rule none has to wait"
    assert proof.outcomes["never"].keys() == {"sent"}


@pytest.mark.parametrize("refresh_hz", RATES)
def test_no_preset_has_codes_that_a_line_cannot_tell_apart(refresh_hz: float) -> None:
    width = "host, one frame" if refresh_hz < 100 else "host, 10 ms"
    for task, preset in presets():
        held(proof_of(task, preset, refresh_hz, width, 6), refresh_hz)


@pytest.mark.slow
@pytest.mark.parametrize("refresh_hz", [RATES[0], RATES[-1]])
@pytest.mark.parametrize(("task", "preset"), presets(), ids=["-".join(one) for one in presets()])
def test_no_whole_run_has_codes_that_a_line_cannot_tell_apart(
    task: str, preset: str, refresh_hz: float
) -> None:
    """At the slowest and the fastest display; the short runs above are held at those between."""
    for width in WIDTHS if refresh_hz == RATES[0] else WIDTHS[:1]:
        held(proof_of(task, preset, refresh_hz, width, 0), refresh_hz)


def test_a_window_whose_end_lies_between_two_frames_closes_with_the_nearest() -> None:
    """2.5 s are 187.5 frames at 75 Hz: its code must not wait for the next face."""
    made = prepare(Request("trust", "01", Path(), preset="binary", first=12))
    rig = rig_of("host, 10 ms", 75.0)
    answer = guarded(never(made.participant.answer), rig)
    _, log, found = rehearse(made.task, made.material, rig, made.rows, answer)
    closed = [event for event in log.of("trigger") if event["name"] == "no_response"]
    faces = [event for event in log.of("trigger") if event["name"].startswith("face_")]
    assert len(closed) == len(faces) == 12
    assert {event["outcome"] for event in closed} == {"sent"}
    for face, end in zip(faces, closed, strict=True):
        assert end["t_event"] - face["t_event"] == pytest.approx(2.5, abs=1 / 75)
    assert shortest(found)["no answer"].shortest_s > 0.4


def test_a_proof_with_too_long_a_pulse_fails() -> None:
    rig = replace(USUAL, trigger=replace(ANY_LINE, pulse_ms=120.0))
    proof = prove("polysemy", "masked", rig, first=4)
    assert "'prime' and 'target_practice'" in proof.refused
    assert "can come 100 ms apart, but this line needs 124 ms" in proof.refused
    lenient = prove("polysemy", "masked", replace(rig, mode="behaviour"), first=4)
    assert not lenient.refused
    assert lenient.counted("truncated") > 0, "and what would be refused would really be cut"


@pytest.mark.slow
def test_the_table_of_the_documentation_is_the_proof(repo: Path) -> None:
    page = (repo / "docs" / "codes.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in page.splitlines()]
    proofs = [prove(task, preset, USUAL) for task, preset in presets()]
    for row in proof_rows(proofs, 60.0):
        assert [str(cell) for cell in row] in rows
