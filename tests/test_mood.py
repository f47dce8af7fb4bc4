"""The mood task: what is asked, how it is answered by each device, and what is recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from analysis import analyse
from mbtexp.bids import export
from mbtexp.conduct import Prepared, Request, conduct, prepare
from mbtexp.errors import SettingError
from mbtexp.events import Log, read_log
from mbtexp.languages import read_words
from mbtexp.plan import make_plan
from mbtexp.rig import Rig, TriggerSettings
from mbtexp.scales import affective
from mbtexp.timeline import Circles, Slider, Text
from tasks.mood import TASK
from tasks.mood.design import PRESETS, Trial
from tasks.mood.participant import Mood
from tasks.mood.screens import circles, question


def prepared(preset: str = "baseline", **changes: str) -> Prepared:
    return prepare(Request("mood", "01", Path(), preset=preset, changes=changes))


def run(tmp_path: Path, preset: str, mood: Mood | None = None, **changes: str) -> Log:
    request = Request(
        "mood", "01", tmp_path, preset=preset, changes=changes, simulate=True, virtual=True
    )
    made = prepare(request)
    if mood is not None:
        made = replace(made, task=made.task.played_by(mood))
    return read_log(conduct(request, prepared=made).log)


def outcomes(log: Log) -> dict[str, Mapping[str, Any]]:
    """What was recorded, by item or person."""
    return {
        trial["design"]["person"] or trial["design"]["item"]: trial["outcome"]
        for trial in log.of("trial")
    }


def items(rows: tuple[Trial, ...]) -> list[str]:
    return [row.item for row in rows]


# -- what is asked --------------------------------------------------------------------------------


def test_the_presets_ask_for_what_their_names_say() -> None:
    baseline = ["safe", "longing", "rejected", "angry", "tense", "dissociated"]
    assert items(prepared("baseline").rows)[2:] == baseline
    assert items(prepared("after").rows)[2:] == [*baseline, "distress"]
    assert items(prepared("short").rows)[2:] == ["distress"]
    assert {row.person for row in prepared("closeness").rows} == {
        "own",
        "acquainted",
        "friend",
        "unfamiliar",
    }


def test_pleasure_and_arousal_come_in_either_order_and_the_lines_never_change() -> None:
    orders = set()
    for participant in range(1, 13):
        rows = prepare(Request("mood", f"{participant:02d}", Path())).rows
        orders.add(tuple(items(rows)[:2]))
        assert items(rows)[2:] == items(prepared().rows)[2:]
    assert orders == {("pleasure", "arousal"), ("arousal", "pleasure")}


def test_in_the_scanner_every_rating_has_its_time_and_nobody_needs_a_mouse() -> None:
    made = prepared("scanner")
    assert [row.onset_s for row in made.rows] == pytest.approx([4.0, 13.3, 22.6])
    assert made.material.keys == ("left", "right", "space")
    two = prepared("scanner", confirm="no")
    assert two.material.keys == ("left", "right")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"items": "sad"}, "items: 'sad' is not known"),
        ({"items": "safe,safe"}, "'safe' is named twice"),
        ({"people": "Anna"}, "people: 'Anna' is not known"),
        ({"fixed": "yes"}, "fixed is true, but window_s is none"),
        ({"confirm": "no"}, "confirm is false, but window_s is none"),
        ({"items": ""}, "items is empty"),
    ],
)
def test_what_nobody_could_answer_is_refused(changes: dict[str, str], told: str) -> None:
    with pytest.raises(SettingError, match=told):
        prepared(**changes)


def test_every_language_has_the_same_words_and_every_question_is_there() -> None:
    words = {
        language: read_words(TASK.texts, "mood", language, whose="mood")[1]
        for language in ("en", "de")
    }
    assert words["en"].keys() == words["de"].keys()
    for language in ("en", "de"):
        for preset in ("after", "closeness"):
            made = prepare(Request("mood", "01", Path(), preset=preset, language=language))
            for row in made.rows:
                (asked, *_) = question(row, made.material)
                assert isinstance(asked, Text)
                assert asked.text.endswith("?")


def test_the_affective_slider_has_its_faces_and_needs_no_words() -> None:
    slider, cues = affective("arousal")
    assert (slider.low, slider.high, slider.mark) == ("", "", "disc")
    assert [type(cue).__name__ for cue in cues] == ["Image", "Image", "Wedges"]
    assert all(Path(cue.file).is_file() for cue in cues[:2])  # type: ignore[union-attr]


def test_only_the_first_pair_of_circles_says_who_is_who() -> None:
    pairs = [s for s in circles(prepared("closeness").material).plain if isinstance(s, Circles)]
    assert [any(pair.labels) for pair in pairs] == [True] + [False] * 6


# -- what is recorded -----------------------------------------------------------------------------


@pytest.mark.parametrize("mouse", [0.0, 1.0])
def test_a_rating_is_where_the_participant_wants_it_by_keys_and_by_mouse(
    tmp_path: Path, mouse: float
) -> None:
    mood = Mood(rating_sd=0.0, mouse=mouse, pleasure=83.0, dissociated=0.0, tense=100.0)
    found = outcomes(run(tmp_path, "after", mood))
    for item, outcome in found.items():
        assert outcome["value"] == pytest.approx(getattr(mood, item), abs=0.5 + 2.5 * (1 - mouse))
        assert outcome["by"] == ("mouse" if mouse else "keys")
        assert 0 < outcome["first_move_s"] < outcome["rt_s"]
        assert not outcome["missed"]


def test_clicks_are_in_the_log_with_their_place_and_their_meaning(tmp_path: Path) -> None:
    log = run(tmp_path, "short", Mood(mouse=1.0))
    clicks = [e for e in log.of("response") if e["key"] == "click" and e["down"]]
    assert [click["meant"] for click in clicks] == ["click", "space"] * 3
    assert all(click["status"] == "counted" and len(click["at"]) == 2 for click in clicks)


@pytest.mark.parametrize("digits", ["yes", "no"])
def test_closeness_is_one_of_seven_pairs_for_each_person(tmp_path: Path, digits: str) -> None:
    mood = Mood(rating_sd=0.0, own=100.0, acquainted=33.0, friend=50.0, unfamiliar=0.0)
    found = outcomes(run(tmp_path, "closeness", mood, digits=digits))
    assert {who: outcome["point"] for who, outcome in found.items()} == {
        "own": 7,
        "acquainted": 3,
        "friend": 4,
        "unfamiliar": 1,
    }
    assert found["own"]["value"] == 100.0
    assert found["acquainted"]["value"] == pytest.approx(33.3333)


def test_in_the_scanner_ratings_come_on_time_and_one_without_an_answer_is_missed(
    tmp_path: Path,
) -> None:
    log = run(tmp_path, "scanner", Mood(omission=1.0))
    assert all(o["missed"] and o["value"] is None for o in outcomes(log).values())
    zero = next(e["zero"] for e in log.of("note") if "zero" in e)
    onsets = [
        phase["onset"] - zero
        for phase in log.of("phase")
        if phase["phase"].startswith("rate_") and phase["code"] is not None
    ]
    assert onsets == pytest.approx([4.0, 13.3, 22.6], abs=0.02)


def test_with_two_buttons_what_stands_at_the_end_counts(tmp_path: Path) -> None:
    mood = Mood(rating_sd=0.0, pleasure=75.0, arousal=25.0, distress=50.0)
    found = outcomes(run(tmp_path, "scanner", mood, confirm="no"))
    assert {item: outcome["value"] for item, outcome in found.items()} == pytest.approx(
        {"pleasure": 75.0, "arousal": 25.0, "distress": 50.0}, abs=2.6
    )
    assert all(outcome["rt_s"] is None for outcome in found.values())


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_can_be_run_with_an_eeg_beside_it(preset: str) -> None:
    made = prepared(preset)
    rig = replace(
        Rig(), mode="eeg", trigger=TriggerSettings(device="serial", port="COM9", max_code=255)
    )
    plan = make_plan(made.task, made.session, made.material, rig, made.rows)
    assert plan.codes["rating"] == len(made.rows)
    assert plan.codes["response"] == len(made.rows)


def test_the_mark_is_hidden_on_lines_and_open_on_the_affective_slider(tmp_path: Path) -> None:
    from mbtexp.storyboard import scenes_of

    first = {scene.name: scene.stimuli for scene in scenes_of("mood", "after", "en")}
    (line,) = [s for s in first["rate_safe"] if isinstance(s, Slider)]
    (feeling,) = [s for s in first["rate_pleasure"] if isinstance(s, Slider)]
    assert line.value is None
    assert (feeling.value, feeling.touched) == (0.5, False)


# -- what is made of it ---------------------------------------------------------------------------


def test_the_indices_are_the_ratings_and_a_missed_one_has_no_value(tmp_path: Path) -> None:
    run(tmp_path, "scanner", Mood(rating_sd=0.0, distress=40.0))
    found = {i.condition: i for i in analyse(tmp_path, n_splits=0).indices if i.task == "mood"}
    assert found["distress"].value == pytest.approx(40.0, abs=2.6)
    silent = tmp_path / "silent"
    run(silent, "scanner", Mood(omission=1.0))
    missed = [i for i in analyse(silent, n_splits=0).indices if i.task == "mood"]
    assert [i.value for i in missed] == [None] * 3
    assert all("no_answers" in i.flag for i in missed)


def test_the_run_is_exported_with_every_column_described(tmp_path: Path) -> None:
    run(tmp_path, "closeness")
    exported = export(tmp_path)
    assert not [text for text in exported.warnings if "describe" in text]
    table = tmp_path / "sub-01/ses-01/beh/sub-01_ses-01_task-mood_run-01_beh.tsv"
    header = table.read_text("utf-8").splitlines()[0].split("\t")
    assert {"item", "kind", "person", "value", "point", "rt_s", "missed", "by"} <= set(header)
