"""Welcome, counting back, repair and debriefing: what is shown, asked and told."""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mbtexp.bids.validator import validate
from mbtexp.conduct import Prepared, Request, conduct, prepare
from mbtexp.errors import SettingError
from mbtexp.events import Event, Log, read_log
from mbtexp.plan import make_plan
from mbtexp.simulate import Participant
from mbtexp.timeline import Phase, Rect
from tasks.interlude import TASK
from tasks.interlude.design import HIGHEST, LOWEST, THOUGHTS
from tasks.interlude.method import TALK, steps

PRESETS = list(TASK.presets)


def asked(data: Path, preset: str, **more: Any) -> Request:
    return Request(
        task="interlude",
        participant="01",
        data=data,
        preset=preset,
        simulate=True,
        virtual=True,
        **more,
    )


def played(request: Request, answer: Any = None) -> tuple[Log, list[str]]:
    """The log of a run, and what the operator was told."""
    told: list[str] = []
    prepared = prepare(request)
    if answer is not None:
        task = replace(prepared.task, participant=lambda *_: Participant("scripted", answer))
        prepared = replace(prepared, task=task)
    return read_log(conduct(request, prepared=prepared, tell=told.append).log), told


def outcomes(log: Log, kind: str) -> list[Mapping[str, Any]]:
    return [t["outcome"] for t in log.of("trial") if t["design"]["kind"] == kind]


def phases(log: Log, name: str) -> list[Event]:
    return [event for event in log.of("phase") if event["phase"] == name]


def scripted(typed: str = "", talk: str = "f") -> Any:
    """Somebody who types a number, or nothing, and answers the last question."""

    def answer(phase: Phase, _trial: Mapping[str, Any]) -> Sequence[tuple[str, float]]:
        if phase.keys is None:
            return []
        if phase.name == "reached":
            left = typed[len(phase.tag) :]
            return [(left[0] if left else "return", 0.5)]
        return [(talk if phase.name == "question" else phase.keys.allowed[0], 0.5)]

    return answer


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("language", ["en", "de"])
def test_every_preset_plays_to_its_end_in_both_languages(
    tmp_path: Path, preset: str, language: str
) -> None:
    log, _ = played(asked(tmp_path, preset, language=language))
    assert log.completed
    assert len(list(log.of("trial"))) == len(log.header["design"])


@pytest.mark.parametrize("preset", PRESETS)
def test_a_plan_says_how_long_it_takes(tmp_path: Path, preset: str) -> None:
    prepared: Prepared = prepare(asked(tmp_path, preset))
    plan = make_plan(TASK, prepared.session, prepared.material, prepared.rig, prepared.rows)
    least_s = sum(row.duration_s or 0.0 for row in prepared.rows)
    assert least_s <= plan.length_s < least_s + 30.0


def test_numbers_to_count_back_from_are_all_different_and_stay_above_a_thousand(
    tmp_path: Path,
) -> None:
    rows = prepare(asked(tmp_path, "countback", changes={"rounds": "20"})).rows
    numbers = [row.number for row in rows if row.kind == "count"]
    assert len(set(numbers)) == 20
    assert all(LOWEST <= number < HIGHEST for number in numbers)


def test_a_number_is_shown_for_its_time_to_the_frame(tmp_path: Path) -> None:
    log, _ = played(asked(tmp_path, "countback", changes={"count_s": "5"}))
    lengths = [round(event["offset"] - event["onset"], 3) for event in phases(log, "count")]
    assert lengths == [5.0, 5.0, 5.0]


def test_a_number_on_the_way_gives_the_steps_and_another_does_not(tmp_path: Path) -> None:
    changes = {"count_s": "5", "rounds": "1"}
    on = asked(tmp_path, "countback", changes=changes)
    number = next(r.number for r in prepare(on).rows if r.number)
    log, _ = played(on, scripted(str(number - 70)))
    assert [(o["response"], o["steps"], o["missed"]) for o in outcomes(log, "count")] == [
        (number - 70, 10, False)
    ]
    off = replace(on, run=2)
    number = next(r.number for r in prepare(off).rows if r.number)
    log, _ = played(off, scripted(str(number - 71)))
    assert [(o["response"], o["steps"]) for o in outcomes(log, "count")] == [(number - 71, None)]


def test_no_number_typed_is_a_missed_answer(tmp_path: Path) -> None:
    request = asked(tmp_path, "countback", changes={"count_s": "5", "rounds": "1"})
    log, _ = played(request, scripted(""))
    assert [(o["response"], o["missed"]) for o in outcomes(log, "count")] == [(None, True)]


def test_counting_up_is_no_step_back() -> None:
    assert steps(5000, 5007, 7) is None
    assert steps(5000, 5000, 7) == 0


def test_in_the_scanner_nothing_is_typed(tmp_path: Path) -> None:
    log, _ = played(asked(tmp_path, "countback_scanner"))
    assert not phases(log, "reached")
    assert len(phases(log, "count")) == 1


def test_the_bar_widens_with_the_breath_in_and_narrows_with_the_breath_out(
    tmp_path: Path,
) -> None:
    prepared = prepare(asked(tmp_path, "repair"))
    plan = make_plan(TASK, prepared.session, prepared.material, prepared.rig, prepared.rows)
    breaths = [event for event in plan.phases if event["phase"].startswith("breath_")]
    assert len(breaths) == 6 * 50
    first = [event for event in breaths if event["trial"] == breaths[0]["trial"]]
    length_s = first[-1]["offset"] - first[0]["onset"]
    assert length_s == pytest.approx(4.0 + 6.0, abs=1e-6)
    row = next(row for row in prepared.rows if row.kind == "breath")
    from tasks.interlude.method import timeline

    widths = {
        name: [
            s.width
            for phase in timeline(row, prepared.material)
            if phase.name == name
            for s in phase.stimuli
            if isinstance(s, Rect)
        ]
        for name in ("breath_in", "breath_out")
    }
    assert widths["breath_in"] == sorted(widths["breath_in"])
    assert widths["breath_out"] == sorted(widths["breath_out"], reverse=True)


def test_three_things_to_think_of_each_for_half_a_minute(tmp_path: Path) -> None:
    log, _ = played(asked(tmp_path, "repair"))
    thought = [
        (event["tag"], round(event["offset"] - event["onset"], 2)) for event in phases(log, "think")
    ]
    assert thought == [(name, 30.0) for name in THOUGHTS]


def test_whoever_wants_to_talk_is_not_sent_home(tmp_path: Path) -> None:
    log, told = played(asked(tmp_path, "debrief"), scripted(talk="j"))
    assert [o["response"] for o in outcomes(log, "question")] == ["yes"]
    assert TALK in told
    assert any(note["text"] == TALK for note in log.of("note"))


def test_whoever_does_not_is_not_bothered(tmp_path: Path) -> None:
    log, told = played(asked(tmp_path, "debrief"), scripted(talk="f"))
    assert [o["response"] for o in outcomes(log, "question")] == ["no"]
    assert TALK not in told


def test_the_debriefing_names_the_contact_only_if_there_is_one(tmp_path: Path) -> None:
    from tasks.interlude.method import timeline

    def page(**changes: str) -> str:
        prepared = prepare(asked(tmp_path, "debrief", changes=changes))
        row = next(r for r in prepared.rows if r.stim_id == "debrief_feelings")
        (text,) = timeline(row, prepared.material)[-1].stimuli
        return str(getattr(text, "text", ""))

    assert "Room 12, phone 345" in page(contact="Room 12, phone 345")
    assert "reach us" not in page()


# -- a lab's own pages ----------------------------------------------------------------------------


def test_a_lab_can_give_pages_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "debrief.txt"
    file.write_text("First page.\n\nWith {braces}.\n---\n\nSecond page.\n---\n", encoding="utf-8")
    log, _ = played(asked(tmp_path / "data", "debrief", changes={"pages": str(file)}))
    shown = [t["design"]["stim_id"] for t in log.of("trial")]
    assert shown == ["own_1", "own_2", "talk", "debrief_end"]
    assert log.header["task_info"]["instructions"] == "First page.\n\nWith {braces}."


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read"),
        (b"\xff\xfe", "is no UTF-8 text"),
        (b"---\n---\n", "has no text"),
        (b"x" * 701, "page 1 has 701 characters"),
    ],
)
def test_pages_that_cannot_be_shown_are_refused(
    tmp_path: Path, content: bytes | None, said: str
) -> None:
    file = tmp_path / "pages.txt"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingError, match=said):
        prepare(asked(tmp_path, "welcome", changes={"pages": str(file)}))


# -- words and data -------------------------------------------------------------------------------


def test_both_languages_have_the_same_texts_with_the_same_blanks() -> None:
    def blanks(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    en, de = (TASK.catalogue(language).words for language in ("en", "de"))
    assert set(en) == set(de)
    for key, text in en.items():
        assert blanks(text) == blanks(de[key]), key


def test_every_phase_and_column_of_the_logs_is_described(tmp_path: Path) -> None:
    for preset in PRESETS:
        log, _ = played(asked(tmp_path / preset, preset))
        own = {e["phase"] for e in log.of("phase")}
        assert own <= set(TASK.phases), preset
        for trial in log.of("trial"):
            assert set(trial["design"]) | set(trial["outcome"]) <= set(TASK.columns)


@pytest.mark.readers
def test_its_runs_make_a_valid_data_set(tmp_path: Path) -> None:
    from mbtexp.bids.export import export

    for number, preset in enumerate(PRESETS, start=1):
        conduct(asked(tmp_path, preset, run=number))
    export(tmp_path)
    assert validate(tmp_path).errors == ()
