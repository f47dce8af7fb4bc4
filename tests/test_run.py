"""The rules of time and the operator's keys, each on the virtual lab."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from mbtexp.errors import DeviceError, RunAborted, SettingError, TimingError
from mbtexp.events import Event, MemoryLog
from mbtexp.ports import Press
from mbtexp.rig import ScannerSettings, TriggerSettings
from mbtexp.run import Block, Codes, Run, Shown
from mbtexp.timeline import Fixation, Keys, Phase, Rect, Text
from mbtexp.virtual import VirtualLab

HZ = 60.0
FRAME_S = 1 / HZ
LINE = TriggerSettings(device="serial", port="-")
CROSS, FACE = (Fixation(),), (Rect(0.2, 0.2),)


@dataclass(frozen=True)
class Row:
    trial: int
    block: int = 1
    practice: bool = False
    onset_s: float | None = None


Play = Callable[[Run, Any], dict[str, Any]]


def face(answer_s: float = 0.5, **changes: Any) -> list[Phase]:
    """A cross for 0.2 s, a face with a response window, a blank for 0.2 s."""
    window = Phase("face", FACE, answer_s, code=125, keys=Keys(("f", "j")), none_code=149)
    return [
        Phase("cross", CROSS, 0.2, code=123),
        replace(window, **changes),
        Phase("blank", (), 0.2),
    ]


def played(
    lab: VirtualLab,
    rows: int | Sequence[Row] = 1,
    phases: Callable[[Any], Sequence[Phase]] = lambda row: face(),
    **settings: Any,
) -> MemoryLog:
    """Run trials of these phases and return the log; the outcome says what the face got."""
    log = MemoryLog()
    trials = [Row(n + 1) for n in range(rows)] if isinstance(rows, int) else rows
    run = Run(
        display=lab.display,
        responses=lab.responses,
        trigger=lab.trigger,
        clock=lab.clock,
        log=log,
        trials=trials,
        **settings,
    )
    with run:
        for block in run.blocks():
            for row in run.trials_of(block):
                shown = run.show(phases(row)).get("face")
                run.record(key=shown and shown.key, rt_s=shown and shown.rt_s)
    return log


def pressing(*presses: tuple[str, float], in_phase: str = "face", trial: int | None = None) -> Any:
    """A participant who presses these keys at these seconds after the phase's onset."""

    def answer(phase: Phase, row: Mapping[str, Any]) -> list[tuple[str, float]]:
        meant = phase.name == in_phase and trial in (None, row.get("trial"))
        return list(presses) if meant else []

    return answer


def phases_of(log: MemoryLog, name: str) -> list[Event]:
    return [event for event in log.of("phase") if event["phase"] == name]


def pressed(log: MemoryLog) -> list[tuple[str, str]]:
    return [(e["key"], e["status"]) for e in log.of("response") if e["down"]]


# -- durations and the grid -----------------------------------------------------------------------


@pytest.mark.parametrize("n_frames", [1, 2, 30])
def test_a_phase_of_n_frames_is_on_for_n_frames(n_frames: int) -> None:
    phases = [Phase("mask", FACE, frames=n_frames), Phase("blank", (), 0.5)]
    log = played(VirtualLab(HZ), phases=lambda _: phases)

    (mask,) = phases_of(log, "mask")
    assert mask["frames"] == mask["frames_planned"] == n_frames
    assert mask["offset"] - mask["onset"] == pytest.approx(n_frames * FRAME_S, abs=1e-6)


@pytest.mark.parametrize("hz", [59.94, 60.0, 75.0, 100.0, 119.88, 144.0, 240.0])
def test_seconds_become_the_nearest_whole_frames_of_any_display(hz: float) -> None:
    log = played(VirtualLab(hz))

    for event in log.of("phase")[:2]:
        planned_s = {"cross": 0.2, "face": 0.5}[event["phase"]]
        assert event["frames"] == round(planned_s * hz)


def test_a_duration_that_cannot_be_shown_is_refused_with_the_nearest_ones() -> None:
    with pytest.raises(
        TimingError, match=r"phase 'prime': 0.02 s cannot be shown at 60 Hz; the ne"
    ):
        played(VirtualLab(HZ), phases=lambda _: [Phase("prime", FACE, 0.02)])


def test_ten_minutes_end_on_the_planned_frame() -> None:
    phases = [Phase("face", FACE, 1.0), Phase("blank", (), 0.8)]
    log = played(VirtualLab(59.951), 333, lambda _: phases)

    first, *_, last = phases_of(log, "face")
    n_frames = round(1.0 * 59.951) + round(0.8 * 59.951)
    assert last["onset"] - first["onset"] == pytest.approx(332 * n_frames / 59.951, abs=1e-5)


def test_a_missed_frame_is_logged_and_made_up_and_lengthens_nothing() -> None:
    misses = {n for n in range(1, 3000) if n % 37 == 0}
    log = played(VirtualLab(HZ, misses=misses), 40)
    clean = played(VirtualLab(HZ), 40)

    last, last_clean = phases_of(log, "face")[-1], phases_of(clean, "face")[-1]
    assert abs(last["onset"] - last_clean["onset"]) < 1.5 * FRAME_S
    assert log.of("end")[0]["timing"]["missed_frames"] > 10
    assert clean.of("end")[0]["timing"]["missed_frames"] == 0


def test_a_phase_that_came_a_frame_late_still_ends_when_it_was_planned_to() -> None:
    lab = VirtualLab(HZ)
    on_time = phases_of(played(lab), "face")[0]
    late_at = lab.display.frames[1].index + 12
    late = phases_of(played(VirtualLab(HZ, misses={late_at})), "face")[0]

    assert late["onset"] - on_time["onset"] == pytest.approx(FRAME_S, abs=1e-6)
    assert late["offset"] == pytest.approx(on_time["offset"], abs=1e-6)
    assert (late["missed"], late["frames"]) == (1, late["frames_planned"] - 1)


def test_a_stall_in_the_task_between_trials_is_absorbed_by_the_last_phase() -> None:
    lab = VirtualLab(HZ)

    def slow(row: Row) -> list[Phase]:
        lab.clock.sleep_until(lab.clock.now() + 0.08)
        return face()

    log = played(lab, 5, slow)
    assert [event["missed"] for event in phases_of(log, "cross")[1:]] == [0] * 4
    assert [event["frames"] for event in phases_of(log, "blank")] == [12] * 5


def test_drawing_may_take_most_of_a_frame() -> None:
    log = played(VirtualLab(HZ, draw_s=lambda _: 0.013), 10)
    assert log.of("end")[0]["timing"]["late_phases"] == 0


def test_late_wake_ups_do_not_pull_the_grid_along() -> None:
    lab = VirtualLab(HZ, late_stamp_s=lambda index: 0.004 if index % 3 else 0.0)
    log = played(lab, 50)

    frames = {event["frames"] for event in phases_of(log, "face")}
    assert frames == {30}
    assert log.of("end")[0]["timing"]["late_phases"] == 0


def test_absolute_onsets_are_kept_whatever_the_answers() -> None:
    rows = [Row(n + 1, onset_s=1.0 + 1.1 * n) for n in range(20)]

    def phases(row: Row) -> list[Phase]:
        rest = Phase("rest", (), frames=1)
        return [replace(face()[1], at_s=row.onset_s), rest]

    log = played(VirtualLab(HZ, answer=pressing(("f", 0.234))), rows, phases)

    zero = log.of("note")[0]["t"]
    for event, row in zip(phases_of(log, "face"), rows, strict=True):
        assert abs(event["onset"] - zero - (row.onset_s or 0)) <= FRAME_S / 2 + 1e-6
    assert phases_of(log, "rest")[0]["frames_planned"] > 1


def test_a_timed_response_window_must_not_stand_last() -> None:
    with pytest.raises(TimingError, match=r"phase 'face' is the last of its trial .* without keys"):
        played(VirtualLab(HZ), phases=lambda _: face()[:2])


def test_a_phase_that_never_ends_cannot_be_made() -> None:
    with pytest.raises(TimingError, match="phase 'x' never ends"):
        Phase("x", ())


# -- answers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("after_s", "counts"),
    [
        (0.0, True),
        (FRAME_S, True),
        (0.5 - FRAME_S, True),
        (0.5 - 1e-5, True),
        (0.5 + 1e-5, False),
        (0.5 + FRAME_S, False),
    ],
)
def test_a_press_counts_from_the_onset_until_before_the_offset(
    after_s: float, counts: bool
) -> None:
    log = played(VirtualLab(HZ, answer=pressing(("f", after_s))))

    outcome = log.of("trial")[0]["outcome"]
    assert (outcome["key"] == "f") is counts
    if counts:
        assert outcome["rt_s"] == pytest.approx(after_s, abs=1e-6)


def test_a_press_exactly_at_the_offset_does_not_count() -> None:
    lab = VirtualLab(HZ)
    offset = phases_of(played(lab), "face")[0]["offset"]
    exact = lab.display.frames[3].t
    assert exact == pytest.approx(offset, abs=1e-6)

    log = played(VirtualLab(HZ, presses=[Press(exact, "f")]))
    assert pressed(log) == [("f", "late")]


def test_a_press_before_the_window_is_early_and_one_after_it_late() -> None:
    early = played(VirtualLab(HZ, answer=pressing(("f", 0.1), in_phase="cross")))
    late = played(VirtualLab(HZ, answer=pressing(("f", 0.55))))

    assert pressed(early) == [("f", "early")]
    assert pressed(late) == [("f", "late")]


def test_the_second_press_is_extra_and_a_foreign_key_is_other() -> None:
    log = played(VirtualLab(HZ, answer=pressing(("x", 0.1), ("j", 0.2), ("f", 0.21))))

    assert pressed(log) == [("x", "other"), ("j", "counted"), ("f", "extra")]
    assert log.of("trial")[0]["outcome"]["key"] == "j"


def test_a_second_press_after_the_answer_is_extra_on_whatever_follows_in_the_trial() -> None:
    answer = pressing(("f", 0.2), ("j", 0.25))
    lab = VirtualLab(HZ, answer=answer)
    log = MemoryLog()
    run = Run(
        display=lab.display,
        responses=lab.responses,
        trigger=lab.trigger,
        clock=lab.clock,
        log=log,
        trials=[Row(1), Row(2)],
    )
    with run:
        for block in run.blocks():
            for _ in run.trials_of(block):
                run.show([Phase("cross", CROSS, 0.2), Phase("face", FACE, keys=Keys(("f", "j")))])
                run.show([Phase("after", (), 0.2)])
                run.record()

    assert pressed(log) == [("f", "counted"), ("j", "extra")] * 2
    assert [e["trial"] for e in log.of("response") if e["down"]] == [1, 1, 2, 2]


def test_the_answer_s_screen_comes_with_the_next_refresh() -> None:
    log = played(VirtualLab(HZ, answer=pressing(("f", 0.2505))))

    (shown,) = phases_of(log, "face")
    answered = shown["onset"] + 0.2505
    assert 0 < shown["offset"] - answered <= FRAME_S
    assert shown["frames"] == 16


def test_after_an_answer_the_rest_of_the_trial_keeps_its_lengths() -> None:
    log = played(VirtualLab(HZ, answer=pressing(("f", 0.2505))), 5)

    assert {event["frames"] for event in phases_of(log, "blank")} == {12}
    assert {event["frames"] for event in phases_of(log, "cross")} == {12}


def test_a_window_may_outlast_its_phase() -> None:
    brief = Phase("face", FACE, 0.1, keys=Keys(("f",), ends_phase=False, window_s=0.8))
    phases = [brief, Phase("mask", CROSS, 0.5), Phase("blank", (), 0.5)]

    inside = played(VirtualLab(HZ, answer=pressing(("f", 0.45))), phases=lambda _: phases)
    outside = played(VirtualLab(HZ, answer=pressing(("f", 0.85))), phases=lambda _: phases)

    assert pressed(inside) == [("f", "counted")]
    assert pressed(outside) == [("f", "late")]
    assert phases_of(inside, "face")[0]["frames"] == 6


def test_keys_held_at_the_onset_are_told() -> None:
    log = played(VirtualLab(HZ, answer=pressing(("f", 0.18), in_phase="cross")))
    assert phases_of(log, "face")[0]["held"] == ["f"]


# -- triggers -------------------------------------------------------------------------------------


def test_a_code_leaves_on_the_flip_that_shows_its_phase() -> None:
    lab = VirtualLab(HZ, trigger=LINE)
    log = played(lab, 3)

    onsets = [event["onset"] for event in phases_of(log, "face")]
    flips = [event["t_flip"] for event in log.of("trigger") if event["code"] == 125]
    assert flips == pytest.approx(onsets, abs=1e-6)
    assert [code for code in lab.line.codes() if code in (123, 125)] == [123, 125] * 3


def test_an_answer_leaves_its_code_and_silence_leaves_another() -> None:
    keys = Keys(("f", "j"), codes=(("f", 146), ("j", 147)))
    lab = VirtualLab(HZ, trigger=LINE, answer=pressing(("j", 0.3), trial=1))
    log = played(lab, 2, lambda _: face(keys=keys))

    assert [code for code in lab.line.codes() if code in (146, 147, 149)] == [147, 149]
    (answer,) = [event for event in log.of("trigger") if event["code"] == 147]
    assert answer["t_event"] == pytest.approx(phases_of(log, "face")[0]["onset"] + 0.3, abs=1e-6)


def test_a_lost_code_stops_the_run_at_the_end_of_the_trial_if_the_rig_wants_it() -> None:
    lab = VirtualLab(HZ, trigger=replace(LINE, max_code=124))
    with pytest.raises(
        DeviceError, match=r"2 trigger codes did not reach the recorder.*check cable and port"
    ):
        played(lab, 3, stop_when_lost="trial")

    goes_on = VirtualLab(HZ, trigger=replace(LINE, max_code=124))
    log = played(goes_on, 3)
    assert len(log.of("trial")) == 3
    assert log.of("end")[0]["triggers"]["lost"] >= 3


# -- the scanner ---------------------------------------------------------------------------------


def test_the_pulse_that_is_waited_for_is_time_zero_and_earlier_ones_do_not_count() -> None:
    pulses = [Press(0.3, "t"), *(Press(1.0 + 2.0 * n, "t") for n in range(5))]
    lab = VirtualLab(HZ, presses=pulses)
    log = MemoryLog()
    run = Run(
        display=lab.display,
        responses=lab.responses,
        trigger=lab.trigger,
        clock=lab.clock,
        log=log,
        trials=[Row(1, onset_s=4.0)],
        scanner=ScannerSettings(pulse_key="t"),
    )
    with run:
        for block in run.blocks():
            run.show([Phase("page", (), 0.5)])
            run.start_clock()
            for row in run.trials_of(block):
                run.show([replace(face()[1], at_s=row.onset_s), Phase("rest", (), frames=1)])
                run.record()

    counted = [(event["t"], event["n"], event["flag"]) for event in log.of("pulse")]
    assert counted == [(0.3, 0, "early"), (1.0, 1, "first"), (3.0, 2, "ok"), (5.0, 3, "ok")]
    assert run.zero == 1.0
    assert abs(phases_of(log, "face")[0]["onset"] - 5.0) <= FRAME_S / 2 + 1e-6
    assert not log.of("response")


def test_the_photodiode_s_patch_is_on_with_coded_phases_only_and_off_in_the_end() -> None:
    lab = VirtualLab(HZ)
    seen: list[bool] = []
    draw = lab.display.draw

    def watched(stimuli: Any) -> None:
        seen.append(lab.display.patch_on)
        draw(stimuli)

    lab.display.draw = watched  # type: ignore[method-assign]
    coded_last = [Phase("cross", CROSS, 0.2), Phase("face", FACE, 0.5, code=125)]
    played(lab, phases=lambda _: coded_last)
    assert seen == [False, False, True, False]


# -- the operator ---------------------------------------------------------------------------------


def test_one_accidental_press_of_the_stop_key_stops_nothing() -> None:
    log = played(VirtualLab(HZ, presses=[Press(1.1, "escape")]), 3)

    assert len(log.of("trial")) == 3
    assert log.of("end")[0]["completed"]
    assert phases_of(log, "confirm_stop")


def test_an_interrupted_trial_is_shown_again_and_marked() -> None:
    asked: list[float] = []

    def once(phase: Phase, row: Mapping[str, Any]) -> list[tuple[str, float]]:
        if phase.name == "confirm_stop":
            return [("p", 1.0)]
        if phase.name == "face" and row["trial"] == 2 and not asked:
            asked.append(1.0)
            return [("escape", 0.2)]
        return []

    log = played(VirtualLab(HZ, answer=once), 3)
    assert [(t["trial"], t["attempt"]) for t in log.of("trial")] == [(1, 1), (2, 2), (3, 1)]


def test_after_a_stop_the_participant_sees_a_calm_page_until_the_operator_has_come() -> None:
    def act(phase: Phase, _row: Mapping[str, Any]) -> list[tuple[str, float]]:
        if phase.name == "calm":
            return [("f", 2.0), ("escape", 42.0)]
        return [("escape", 0.3)] if phase.name in ("confirm_stop", "face") else []

    log = MemoryLog()
    with pytest.raises(RunAborted), attended(VirtualLab(HZ, answer=act, trigger=LINE), log) as run:
        show_all_trials(run)

    (calm,) = phases_of(log, "calm")
    assert calm["offset"] - calm["onset"] == pytest.approx(42.0, abs=0.1)
    assert log.of("abort")[0]["t"] > calm["offset"] - 0.1
    codes = [event for event in log.of("trigger") if event["code"] == 209]
    assert len(codes) == 1, "the recording is told once, at the stop"
    assert codes[0]["t_event"] < calm["onset"]


def test_a_failed_device_shows_no_calm_page_that_nobody_could_close() -> None:
    log = MemoryLog()
    with pytest.raises(DeviceError), attended(VirtualLab(HZ, trigger=LINE), log):
        raise DeviceError("the keyboard is gone")
    assert not phases_of(log, "calm")


def test_the_participant_can_pause_inside_a_trial_which_then_begins_again() -> None:
    asked: list[str] = []

    def act(phase: Phase, row: Mapping[str, Any]) -> list[tuple[str, float]]:
        if phase.name == "rest":
            return [("r", 30.0)]
        if phase.name == "face" and row["trial"] == 2 and not asked:
            asked.append("pause")
            return [("r", 0.2)]
        return []

    told: list[str] = []
    log = MemoryLog()
    with attended(VirtualLab(HZ, answer=act), log, tell=told.append) as run:
        show_all_trials(run)

    assert [(t["trial"], t["attempt"]) for t in log.of("trial")] == [(1, 1), (2, 2)]
    assert [(e["edge"], e["by"]) for e in log.of("pause")] == [
        ("start", "participant"),
        ("end", "participant"),
    ]
    (face, *_), (rest,) = phases_of(log, "face")[1:], phases_of(log, "rest")
    assert face["offset"] - face["onset"] < 0.3, "the picture goes at once"
    assert rest["offset"] - rest["onset"] == pytest.approx(30.0, abs=0.1)
    assert told == ["The participant asked for a pause."]


def test_the_operator_can_stop_a_run_in_the_participants_pause() -> None:
    def act(phase: Phase, _row: Mapping[str, Any]) -> list[tuple[str, float]]:
        return [("escape", 5.0)] if phase.name in ("rest", "calm") else [("r", 0.2)]

    log = MemoryLog()
    with (
        pytest.raises(RunAborted, match="a pause that the participant asked for"),
        attended(VirtualLab(HZ, answer=act), log) as run,
    ):
        show_all_trials(run)
    assert phases_of(log, "calm")


def test_where_onsets_are_fixed_a_pause_asks_the_operator_to_stop() -> None:
    def act(phase: Phase, _row: Mapping[str, Any]) -> list[tuple[str, float]]:
        return {"face": [("r", 0.2)], "confirm_stop": [("escape", 3.0)]}.get(
            phase.name, [("escape", 3.0)]
        )

    log = MemoryLog()
    with (
        pytest.raises(RunAborted, match="stopped by the operator"),
        attended(VirtualLab(HZ, answer=act), log, rows=[Row(1, onset_s=1.0)]) as run,
    ):
        show_all_trials(run)
    assert phases_of(log, "confirm_stop")
    assert not phases_of(log, "rest")


def test_what_a_task_tells_the_operator_is_read_after_the_trial_and_stays_in_the_log() -> None:
    told: list[str] = []
    log = MemoryLog()
    with attended(VirtualLab(HZ), log, tell=told.append) as run:
        for block in run.blocks():
            for row in run.trials_of(block):
                run.show(face())
                run.tell_operator(f"trial {row.trial}", reason="test")
                assert told == [f"trial {n}" for n in range(1, row.trial)]
                run.record()
    assert told == ["trial 1", "trial 2"]
    assert [(n["text"], n["reason"]) for n in log.of("note") if n.get("tell")] == [
        ("trial 1", "test"),
        ("trial 2", "test"),
    ]


def attended(lab: VirtualLab, log: MemoryLog, *, rows: Sequence[Any] = (), **more: Any) -> Run:
    """A run with somebody beside it, and with a pause button."""
    return Run(
        display=lab.display,
        responses=lab.responses,
        trigger=lab.trigger,
        clock=lab.clock,
        log=log,
        trials=rows or [Row(1), Row(2)],
        codes=Codes(abort=209),
        asks_operator=True,
        pause_button="r",
        **more,
    )


def show_all_trials(run: Run) -> None:
    for block in run.blocks():
        for _ in run.trials_of(block):
            run.show(face())
            run.record()


def test_the_stop_key_twice_stops_and_closes_the_log() -> None:
    def twice(phase: Phase, row: Mapping[str, Any]) -> list[tuple[str, float]]:
        stops = phase.name == "confirm_stop" or (phase.name == "face" and row["trial"] == 2)
        return [("escape", 0.3)] if stops else []

    log = MemoryLog()
    lab = VirtualLab(HZ, answer=twice, trigger=LINE)
    run = Run(
        display=lab.display,
        responses=lab.responses,
        trigger=lab.trigger,
        clock=lab.clock,
        log=log,
        trials=[Row(1), Row(2)],
        codes=Codes(abort=209),
    )
    with pytest.raises(RunAborted, match="stopped by the operator"), run:
        for block in run.blocks():
            for _ in run.trials_of(block):
                run.show(face())
                run.record()

    assert [trial["trial"] for trial in log.of("trial")] == [1]
    assert log.of("end")[0]["completed"] is False
    assert lab.line.codes()[-1] == 209


def test_the_pause_key_pauses_between_trials_and_not_within_one() -> None:
    def pausing(phase: Phase, row: Mapping[str, Any]) -> list[tuple[str, float]]:
        if phase.name == "pause":
            return [("p", 5.0)]
        return [("p", 0.1)] if phase.name == "face" and row["trial"] == 1 else []

    log = played(VirtualLab(HZ, answer=pausing), 2)

    (start, end) = log.of("pause")
    assert end["t"] - start["t"] > 5
    assert phases_of(log, "face")[0]["frames"] == 30
    assert log.of("trial")[0]["t"] <= start["t"] < log.of("trial")[1]["t"]


def test_a_run_with_fixed_onsets_is_not_paused() -> None:
    rows = [Row(n + 1, onset_s=1.0 + n) for n in range(3)]
    log = played(VirtualLab(HZ, answer=pressing(("p", 0.1), trial=1)), rows)
    assert not log.of("pause")
    assert any("pause refused" in note["text"] for note in log.of("note"))


# -- book-keeping ---------------------------------------------------------------------------------


def test_a_trial_that_its_task_forgets_to_record_is_an_error() -> None:
    lab = VirtualLab(HZ)
    run = Run(
        display=lab.display,
        responses=lab.responses,
        trigger=lab.trigger,
        clock=lab.clock,
        log=MemoryLog(),
        trials=[Row(1), Row(2)],
    )
    with pytest.raises(SettingError, match="trial 1 was shown but not recorded"), run:
        for block in run.blocks():
            for _ in run.trials_of(block):
                run.show(face())


def test_blocks_are_marked_and_a_resumed_run_shows_only_what_is_left() -> None:
    rows = [Row(1, block=0, practice=True), Row(2), Row(3), Row(4, block=2)]
    recorded = [{"trial": 1}, {"trial": 2}]
    seen: list[tuple[Block, tuple[int, ...]]] = []
    lab = VirtualLab(HZ)
    run = Run(
        display=lab.display,
        responses=lab.responses,
        trigger=lab.trigger,
        clock=lab.clock,
        log=MemoryLog(),
        trials=rows,
        recorded=recorded,
    )
    with run:
        for block in run.blocks():
            seen.append((block, tuple(row.trial for row in block.trials)))
            for _ in run.trials_of(block):
                run.show(face())
                run.record()

    assert [trials for _, trials in seen] == [(3,), (4,)]
    assert seen[0][0].resumed
    assert seen[0][0].first


def test_a_crash_in_the_task_closes_the_log_and_keeps_its_traceback() -> None:
    log = MemoryLog()
    lab = VirtualLab(HZ)
    run = Run(
        display=lab.display,
        responses=lab.responses,
        trigger=lab.trigger,
        clock=lab.clock,
        log=log,
        trials=[Row(1)],
    )
    with pytest.raises(ZeroDivisionError), run:
        _ = 1 / 0
    assert log.of("abort")[0]["reason"] == "ZeroDivisionError"
    assert log.of("end")[0]["completed"] is False


def test_every_stimulus_is_prepared_before_it_is_drawn() -> None:
    lab = VirtualLab(HZ)
    text = Text("hello")
    run = Run(
        display=lab.display,
        responses=lab.responses,
        trigger=lab.trigger,
        clock=lab.clock,
        log=MemoryLog(),
        trials=[],
    )
    with run:
        run.prepare([Phase("page", (text,), 0.5)])
        shown: dict[str, Shown] = run.show([Phase("page", (text,), 0.5)])
    assert shown["page"].onset > 0
    assert lab.display.unprepared == []
