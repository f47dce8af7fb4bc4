"""A run read before it happens, and what that reading refuses; tasks of other packages."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mbtexp.conduct import Prepared, Request, conduct, prepare
from mbtexp.errors import SettingError, TimingError
from mbtexp.events import read_log
from mbtexp.plan import Plan, make_plan, run_codes
from mbtexp.rig import (
    DisplaySettings,
    OperatorSettings,
    ResponseSettings,
    Rig,
    ScannerSettings,
    TriggerSettings,
)
from mbtexp.show import plan_table, plan_text
from mbtexp.simulate import Participant
from mbtexp.task import Column, Task, find_task, setting_table, task_names
from mbtexp.timeline import Phase

TASK_FILE = '''\
"""A dot for a while, then a question."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mbtexp.run import Run
from mbtexp.session import Session
from mbtexp.simulate import Participant, first_key
from mbtexp.strict import setting
from mbtexp.task import Column, Material, PhaseNote, Task
from mbtexp.timeline import Keys, Phase, Rect, Text


@dataclass(frozen=True)
class Params:
    n: int = setting(3, doc="trials", low=1, high=10)
    dot_s: float = setting(0.5, doc="time of the dot, s", low=0.1, high=2)


@dataclass(frozen=True)
class Trial:
    trial: int
    block: int = 1
    practice: bool = False


def design(session: Session, material: Material) -> list[Trial]:
    return [Trial(n + 1) for n in range(material.params.n)]


def play(run: Run, material: Material) -> None:
    question = Text(material.text("question"))
    phases = [
        Phase("dot", (Rect(0.1, 0.1),), material.params.dot_s),
        Phase("question", (question,), keys=Keys(material.keys)),
        Phase("after", (), 0.2),
    ]
    run.prepare(phases)
    for block in run.blocks():
        for trial in run.trials_of(block):
            run.record(key=run.show(phases)["question"].key)


TASK = Task(
    name="dots",
    title="Dots",
    description="A dot.",
    params=Params,
    presets={"standard": {}},
    design=design,
    play=play,
    participant=lambda session, material: Participant("first", first_key),
    keys=lambda params: ("f", "j"),
    instructions=lambda material: material.text("question"),
    columns={name: Column(name) for name in ("trial", "block", "practice", "key")},
    phases={name: PhaseNote(name, "Sensory-event") for name in ("dot", "question", "after")},
    codes={},
    texts=Path(__file__).parent,
)
'''


@pytest.fixture
def dots(tmp_path: Path) -> Path:
    """A task in a file of its own, as another lab would write one."""
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "dots.toml").write_text('question = "Left or right?"\n')
    file = tmp_path / "dots.py"
    file.write_text(TASK_FILE)
    return file


def prepared(preset: str = "standard", **changes: str) -> Prepared:
    return prepare(
        Request(task="eyes", participant="01", data=Path(), preset=preset, changes=changes)
    )


def planned(made: Prepared, rig: Rig | None = None, task: Task | None = None) -> Plan:
    return make_plan(task or made.task, made.session, made.material, rig or made.rig, made.rows)


# -- what a plan tells ----------------------------------------------------------------------------


def test_a_plan_has_every_trial_its_phases_in_frames_and_its_codes() -> None:
    plan = planned(prepared(items="4"))
    crosses = [phase for phase in plan.phases if phase["phase"] == "fixation"]
    assert [phase["trial"] for phase in crosses] == [1, 2, 3, 4, 5]
    assert {phase["frames_planned"] for phase in crosses} == {30}
    assert plan.codes["eyes_mental"] == 4
    assert plan.codes["eyes_practice"] == 1
    assert plan.codes["run_start"] == plan.codes["run_end"] == 1
    assert plan.untimed


def test_a_timed_run_has_a_certain_length_and_an_untimed_one_a_typical_one() -> None:
    made = prepared("scanner", items="4")
    plan = planned(made)
    assert not plan.untimed
    assert "\nlength: " in plan_text(made, plan, whole=True)
    zero = next(event["zero"] for event in plan.events if event.get("text") == "time zero")
    last = max(row.onset_s for row in made.rows)
    assert plan.length_s - zero == pytest.approx(last + 8 + 4, abs=0.1)
    untimed = prepared(items="4")
    said = plan_text(untimed, planned(untimed), whole=True)
    assert "typical length (answers are not timed): " in said


def test_the_plan_is_the_run(tmp_path: Path) -> None:
    made = prepared("randomised", items="6")
    plan = planned(made)
    request = Request(
        task="eyes",
        participant="01",
        data=tmp_path,
        preset="randomised",
        changes={"items": "6"},
        simulate=True,
        virtual=True,
    )
    played = list(read_log(conduct(request).log).of("phase"))
    assert played == plan.phases


@pytest.mark.parametrize("hz", [60.0, 75.0, 100.0, 120.0, 144.0])
def test_the_rig_s_refresh_rate_makes_the_frames(hz: float) -> None:
    plan = planned(prepared(items="2"), Rig(display=DisplaySettings(refresh_hz=hz)))
    cross = next(phase for phase in plan.phases if phase["phase"] == "fixation")
    assert cross["frames_planned"] == cross["frames"] == round(0.5 * hz)


def test_the_table_has_one_row_a_phase_and_no_empty_cell() -> None:
    plan = planned(prepared("scanner", items="2"))
    rows = plan_table(plan)
    assert len(rows) == len(plan.phases)
    assert len({tuple(row) for row in rows}) == 1
    assert all(str(cell) != "" for row in rows for cell in row.values())
    assert "onset_s" in rows[0]


def test_a_run_s_own_codes_are_taken_from_the_task_s_book() -> None:
    codes = run_codes(find_task("eyes"))
    assert (codes.run_start, codes.block_start, codes.abort) == (203, 121, 209)


# -- what a plan refuses --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rig", "said"),
    [
        (
            Rig(operator=OperatorSettings(stop="1")),
            "key '1' answers the task and is also the operator's stop key; change one of them in "
            "rig.toml.",
        ),
        (
            Rig(operator=OperatorSettings(pause="g")),
            "key 'g' answers the task and is also the operator's pause key; change one of them in "
            "rig.toml.",
        ),
        (
            Rig(operator=OperatorSettings(pause="space")),
            "key 'space' answers the task and is also the operator's pause key; change one of them "
            "in rig.toml.",
        ),
        (
            Rig(mode="fmri", scanner=ScannerSettings(pulse_key="2")),
            "key '2' answers the task and is also the scanner's pulse key; change one of them in "
            "rig.toml.",
        ),
        (
            Rig(responses=ResponseSettings(pause_button="2")),
            "key '2' answers the task and is also the participant's pause button; change one of "
            "them in rig.toml.",
        ),
        (
            Rig(trigger=TriggerSettings(device="serial", port="COM3", max_code=127)),
            None,
        ),
    ],
)
def test_keys_and_codes_that_cannot_work_are_refused(rig: Rig, said: str | None) -> None:
    with pytest.raises(SettingError) as refused:
        planned(prepared(items="1"), rig)
    if said is None:
        assert str(refused.value).startswith("rig.toml: trigger: max_code is 127, but task 'eyes'")
    else:
        assert str(refused.value) == said


def test_the_scanner_s_key_matters_only_beside_a_scanner() -> None:
    rig = Rig(mode="behaviour", scanner=ScannerSettings(pulse_key="2"))
    assert len(planned(prepared(items="1"), rig).rows) == 2


def test_a_key_twice_is_refused() -> None:
    made = prepared(items="1")
    twice = replace(made, material=replace(made.material, keys=("a", "b", "c", "d", "a")))
    with pytest.raises(SettingError) as refused:
        planned(twice)
    assert str(refused.value) == "responses: keys: a, b, c, d, a has a key twice."


def test_a_duration_that_the_display_cannot_show_is_refused() -> None:
    with pytest.raises(TimingError, match=r"phase 'fixation': 0.13 s cannot be shown at 60 Hz"):
        planned(prepared(fixation_s="0.13"))


def test_a_stimulus_that_was_not_prepared_is_refused() -> None:
    made = prepared(items="1")

    def careless(run: Any, material: Any) -> None:
        run.prepare = lambda phases: None
        made.task.play(run, material)

    with pytest.raises(SettingError, match=r"^task 'eyes' shows Fixation .* having prepared it\.$"):
        planned(made, task=replace(made.task, play=careless))


def test_an_outcome_that_the_task_does_not_describe_is_refused() -> None:
    made = prepared(items="1")
    columns = {name: column for name, column in made.task.columns.items() if name != "lookup_s"}
    with pytest.raises(SettingError) as refused:
        planned(made, task=replace(made.task, columns=columns))
    assert str(refused.value) == (
        "task 'eyes' records 'lookup_s' without describing it; did you mean 'lookups'?"
    )


@pytest.mark.parametrize("presses", [[], [("x", 0.5)]])
def test_a_participant_who_never_answers_is_refused_and_not_waited_for(
    presses: list[tuple[str, float]],
) -> None:
    made = prepared(items="1")

    def answer(_phase: Phase, _trial: Mapping[str, Any]) -> list[tuple[str, float]]:
        return presses

    silent = replace(made.task, participant=lambda session, material: Participant("none", answer))
    with pytest.raises(SettingError) as refused:
        planned(made, task=silent)
    assert str(refused.value) == (
        "phase 'instructions' waits for an answer and the simulated participant gives none; let "
        "the task's participant press one of its keys."
    )


# -- tasks ----------------------------------------------------------------------------------------


def test_a_task_in_a_file_runs_like_one_of_the_house(dots: Path, tmp_path: Path) -> None:
    request = Request(
        task=str(dots), participant="01", data=tmp_path / "d", simulate=True, virtual=True
    )
    log = read_log(conduct(request).log)
    assert log.header["task"] == "dots"
    assert [event["outcome"] for event in log.of("trial")] == [{"key": "f"}] * 3


def test_a_task_file_s_name_hides_no_module_of_python(dots: Path) -> None:
    import random

    renamed = dots.rename(dots.with_name("random.py"))
    assert find_task(str(renamed)).name == "dots"
    assert sys.modules["random"] is random


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "there is no such task file; check the path."),
        ("TASK = 5\n", "the file defines no TASK = Task(...); add it."),
        ("x = (\n", "line 1 is no valid Python ('(' was never closed); correct it."),
    ],
)
def test_a_task_file_that_is_none_is_told(tmp_path: Path, content: str | None, said: str) -> None:
    file = tmp_path / "mine.py"
    if content is not None:
        file.write_text(content)
    with pytest.raises(SettingError) as refused:
        find_task(str(file))
    assert str(refused.value) == f"{file}: {said}"


def test_an_unknown_task_gets_the_nearest() -> None:
    assert "eyes" in task_names()
    with pytest.raises(SettingError) as refused:
        find_task("eye")
    assert str(refused.value) == "task 'eye' is not known; did you mean 'eyes'?"


def test_an_unknown_preset_or_language_gets_the_nearest() -> None:
    task = find_task("eyes")
    with pytest.raises(SettingError) as refused:
        task.settings("scaner")
    assert str(refused.value) == "task 'eyes' has no preset 'scaner'; did you mean 'scanner'?"
    with pytest.raises(SettingError) as refused:
        task.catalogue("xx")
    assert str(refused.value) == (
        "--language 'xx': task 'eyes' has no such texts; it can be 'de' or 'en'"
    )


def test_a_text_that_is_missing_is_an_error_and_no_empty_screen() -> None:
    with pytest.raises(SettingError) as refused:
        find_task("eyes").catalogue("de")("nonsense")
    assert str(refused.value) == "the 'de' texts have no entry 'nonsense'; add it."


def test_the_rig_s_keys_take_the_task_s_places_one_by_one(tmp_path: Path) -> None:
    rig = tmp_path / "rig.toml"
    rig.write_text('[responses]\nkeys = ["a", "b", "c", "d", "h"]\n')
    request = Request(task="eyes", participant="01", data=Path(), rig=rig)
    assert prepare(request).material.keys == ("a", "b", "c", "d", "h")
    rig.write_text('[responses]\nkeys = ["a", "b"]\n')
    with pytest.raises(SettingError) as refused:
        prepare(request)
    assert str(refused.value) == (
        "rig.toml: responses: keys has 2 entries, but task 'eyes' (standard) needs 5 in place of "
        "1, 2, 3, 4, g; name as many or leave keys out."
    )


def test_every_parameter_has_its_meaning_and_its_default() -> None:
    table = {name: (default, doc) for name, default, doc in setting_table(find_task("eyes").params)}
    assert table["window_s"] == (None, "longest time for an answer, s; none: untimed")
    assert all(doc for _, doc in table.values())


def test_columns_and_phases_go_into_the_log_as_plain_json() -> None:
    task = replace(find_task("eyes"), columns={"x": Column("An x", "s", {"a": "an a"})})
    assert task.column_facts() == {
        "x": {"description": "An x", "units": "s", "levels": {"a": "an a"}}
    }
    assert set(task.phase_facts()["fixation"]) == {"description", "hed", "trial_type"}


def test_a_screen_too_small_for_the_task_is_refused_before_the_run(tmp_path: Path) -> None:
    rig = tmp_path / "rig.toml"
    rig.write_text("[display]\nwidth_cm = 40.0\ndistance_cm = 160.0\n")
    request = Request(task="eyes", participant="01", data=tmp_path, rig=rig)
    prepared = prepare(request)

    with pytest.raises(SettingError, match=r"reaches over the edge of the rig's screen; check"):
        make_plan(prepared.task, prepared.session, prepared.material, prepared.rig)
