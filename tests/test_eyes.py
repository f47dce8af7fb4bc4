"""The Eyes task: its designs, what a trial records, its codes, its words, and its golden log.

After a wanted change of what a run shows or logs: ``python tests/test_eyes.py`` writes the golden
log anew; review it as a diff.
"""

from __future__ import annotations

import json
import math
import os
import re
import string
import subprocess
import sys
import tempfile
import tomllib
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from itertools import pairwise
from pathlib import Path
from statistics import mean
from typing import Any

import pytest

from mbtexp.conduct import Prepared, Request, conduct, core_texts, prepare
from mbtexp.errors import SettingError, StimulusError
from mbtexp.events import Event, MemoryLog
from mbtexp.plan import make_plan, run_codes
from mbtexp.ports import Press
from mbtexp.rig import DisplaySettings, Rig, TriggerSettings
from mbtexp.run import Run
from mbtexp.session import Session
from mbtexp.simulate import Answer
from mbtexp.stimuli import StimulusSet, find_set
from mbtexp.task import Catalogue, Material, with_keys
from mbtexp.timeline import Phase, Text
from mbtexp.triggers.codes import EYES as CODES
from mbtexp.triggers.devices import spacing_s
from mbtexp.virtual import VirtualLab
from tasks.eyes import TASK
from tasks.eyes.design import PRESETS, Trial, form_of, halves
from tasks.eyes.method import picture_phase
from tasks.eyes.participant import Taker, participant

GOLDEN = Path(__file__).parent / "golden" / "eyes_standard.jsonl"
LINE = TriggerSettings(device="serial", port="-")
RATES = [60.0, 75.0, 100.0, 120.0, 144.0]
LANGUAGES = ["en", "de"]
POSITIONS = ("tl", "tr", "bl", "br")
PILOT = find_set("eyes_pilot")
COUNTED = [item for item in PILOT.items if not item.practice]


def made(
    preset: str = "standard",
    participant: str = "01",
    *,
    session: str = "01",
    seed: int = 0,
    language: str = "en",
    **changes: Any,
) -> Prepared:
    """A run of the task, ready to be played."""
    return prepare(
        Request(
            task="eyes",
            participant=participant,
            data=Path(),
            session=session,
            preset=preset,
            changes=changes,
            seed=seed,
            language=language,
        )
    )


def rows(
    preset: str = "standard",
    participant: str = "01",
    *,
    session: str = "01",
    seed: int = 0,
    language: str = "en",
    **changes: Any,
) -> list[Trial]:
    """The counted trials of a design; as in ``made``, but the pictures are not looked at."""
    params = TASK.settings(preset, changes)
    words = Catalogue(language, TASK.catalogue(language).words)
    material = Material(params, words, PILOT, TASK.keys(params))
    design = TASK.design(Session(participant, "eyes", session, seed=seed), material)
    return [row for row in design if not row.practice]


class Played:
    """A run as it was played on the virtual lab."""

    def __init__(
        self,
        run: Prepared,
        answer: Answer | None = None,
        *,
        hz: float = 60.0,
        recorded: Sequence[Event] = (),
        presses: Sequence[Press] = (),
    ) -> None:
        answer = answer or TASK.participant(run.session, run.material).answer
        self.lab = VirtualLab(hz, answer=answer, trigger=LINE, presses=presses)
        self.log = MemoryLog()
        self.run = Run(
            display=self.lab.display,
            responses=self.lab.responses,
            trigger=self.lab.trigger,
            clock=self.lab.clock,
            log=self.log,
            trials=run.rows,
            recorded=recorded,
            codes=run_codes(TASK),
            code_names={code: name for name, code in CODES.items()},
        )
        with self.run:
            TASK.play(self.run, run.material)

    @property
    def trials(self) -> list[Event]:
        return self.log.of("trial")

    def outcome(self, trial: int) -> dict[str, Any]:
        (event,) = [event for event in self.trials if event["trial"] == trial]
        return dict(event["outcome"])

    def phases(self, name: str) -> list[Event]:
        return [event for event in self.log.of("phase") if event["phase"] == name]

    def codes(self) -> list[str]:
        return [event["name"] for event in self.log.of("trigger")]

    def texts(self) -> list[str]:
        """Everything that was written on the screen, in order."""
        scenes = (frame.scene for frame in self.lab.display.frames)
        return [s.text for scene in scenes for s in scene if isinstance(s, Text)]

    @property
    def zero(self) -> float:
        (zero,) = [n["zero"] for n in self.log.of("note") if n["text"] == "time zero"]
        return float(zero)


def pages(phase: Phase) -> list[tuple[str, float]]:
    """Turns every page and confirms every choice."""
    if phase.keys is None or phase.name.startswith("eyes_"):
        return []
    if phase.name == "glossary":
        return [(phase.keys.allowed[-1], 0.5)]
    return [("space", 0.5)]


def answering(key: str = "1", after_s: float = 1.0) -> Answer:
    """Turns pages and presses the same key at every picture."""

    def answer(phase: Phase, _trial: Mapping[str, Any]) -> list[tuple[str, float]]:
        return [(key, after_s)] if phase.name.startswith("eyes_") else pages(phase)

    return answer


def silent(phase: Phase, _trial: Mapping[str, Any]) -> list[tuple[str, float]]:
    """Turns pages and says nothing to any picture."""
    return pages(phase)


def scripted(trial: int, *script: tuple[str, float], else_key: str = "1") -> Answer:
    """One press for each screen of one trial that waits for a key, in order; else as above."""
    left = list(script)
    other = answering(else_key)

    def answer(phase: Phase, row: Mapping[str, Any]) -> Sequence[tuple[str, float]]:
        if row.get("trial") == trial and phase.keys is not None and left:
            return [left.pop(0)]
        return other(phase, row)

    return answer


# -- design: standard -----------------------------------------------------------------------------


def test_the_standard_order_and_places_are_those_of_the_set() -> None:
    design = rows("standard")
    assert [row.stim_id for row in design] == [item.id for item in COUNTED]
    assert [tuple(row.words.values()) for row in design] == [item.words for item in COUNTED]
    assert [row.target for row in design] == [item.target for item in COUNTED]
    assert {row.condition for row in design} == {"mental"}
    assert {row.onset_s for row in design} == {None}


def test_the_standard_order_is_the_same_for_everybody() -> None:
    assert rows("standard", "02", seed=9) == rows("standard")


@pytest.mark.parametrize("preset", ["standard", "randomised", "split"])
def test_practice_comes_first_in_a_block_of_its_own(preset: str) -> None:
    first, *others = made(preset).rows
    assert (first.practice, first.block, first.item, first.trial) == (True, 0, 0, 1)
    assert first.stim_id == PILOT.items[0].id
    assert not any(row.practice for row in others)
    assert all(row.block >= 1 for row in others)


def test_practice_can_be_left_out() -> None:
    assert not any(row.practice for row in made(practice="no").rows)


def test_trials_are_numbered_from_one_and_breaks_divide_them() -> None:
    design = made("standard").rows
    assert [row.trial for row in design] == list(range(1, 38))
    assert Counter(row.block for row in design) == {0: 1, 1: 12, 2: 12, 3: 12}
    assert {row.block for row in rows(break_every="0")} == {1}


def test_the_first_items_of_the_order_can_be_asked_for() -> None:
    assert [row.stim_id for row in rows(items="3")] == [item.id for item in COUNTED[:3]]
    assert len(rows("randomised", items="3")) == 3


# -- design: randomised ---------------------------------------------------------------------------


def test_all_pictures_are_shown_once_in_an_order_of_one_s_own() -> None:
    orders = {tuple(row.stim_id for row in rows("randomised", f"{n:02d}")) for n in range(1, 21)}
    assert len(orders) == 20
    for order in orders:
        assert sorted(order) == sorted(item.id for item in COUNTED)


def test_the_words_change_places_and_stay_the_same_words() -> None:
    by_id = {item.id: item for item in COUNTED}
    design = rows("randomised")
    for row in design:
        assert sorted(row.words.values()) == sorted(by_id[row.stim_id].words)
        assert row.target == by_id[row.stim_id].target
    assert any(tuple(row.words.values()) != by_id[row.stim_id].words for row in design)


def test_the_right_word_stands_everywhere_equally_often() -> None:
    places = Counter(
        next(place for place, word in row.words.items() if word == row.target)
        for n in range(1, 65)
        for row in rows("randomised", f"{n:02d}")
    )
    n = sum(places.values())
    assert n == 64 * 36
    for place in POSITIONS:
        assert abs(places[place] / n - 0.25) < 3.5 * math.sqrt(0.25 * 0.75 / n)


def test_the_same_participant_has_the_same_plan_and_another_one_another() -> None:
    assert rows("randomised") == rows("randomised")
    for other in (
        rows("randomised", "02"),
        rows("randomised", seed=1),
        rows("randomised", session="02"),
    ):
        assert other != rows("randomised")


# -- design: scanner ------------------------------------------------------------------------------


@pytest.mark.parametrize("participant", ["01", "02", "33"])
def test_each_picture_is_judged_once_each_way(participant: str) -> None:
    judged = Counter((row.stim_id, row.condition) for row in rows("scanner", participant))
    assert len(judged) == 72
    assert set(judged.values()) == {1}


@pytest.mark.parametrize("participant", ["01", "02"])
def test_blocks_of_four_take_turns(participant: str) -> None:
    design = rows("scanner", participant)
    assert set(Counter(row.block for row in design).values()) == {4}
    conditions = [{row.condition for row in design if row.block == b} for b in range(1, 19)]
    assert all(len(condition) == 1 for condition in conditions)
    assert all(one != other for one, other in pairwise(conditions))


def test_which_judgement_opens_takes_turns_over_participants() -> None:
    first = [rows("scanner", f"{n:02d}")[0].condition for n in range(1, 65)]
    assert Counter(first) == {"mental": 32, "sex": 32}
    assert first[0] != first[1]


@pytest.mark.parametrize("participant", ["01", "02", "33"])
def test_half_of_the_pictures_meet_each_judgement_first(participant: str) -> None:
    met: dict[str, str] = {}
    for row in rows("scanner", participant):
        met.setdefault(row.stim_id, row.condition)
    # 18 is no multiple of a block: in the middle of the run the halves overlap by two pictures.
    assert abs(Counter(met.values())["mental"] - 18) <= 2


def test_onsets_are_absolute_and_leave_room_for_window_cross_and_question() -> None:
    params = made("scanner").material.params
    design = rows("scanner")
    onsets = [row.onset_s or 0.0 for row in design]
    assert onsets[0] == params.lead_in_s + params.cue_s + params.fixation_s
    for (before, after), (t, next_t) in zip(pairwise(design), pairwise(onsets), strict=True):
        pause_s = next_t - t - params.window_s
        if after.block != before.block:
            pause_s -= params.cue_s + params.fixation_s
        assert params.iti_low_s <= round(pause_s, 6) <= params.iti_high_s


def test_every_scanner_run_is_equally_long_and_its_pauses_differ() -> None:
    designs = [rows("scanner", f"{n:02d}") for n in range(1, 6)]
    lengths = {round(row.onset_s or 0, 6) for row in (design[0] for design in designs)}
    assert len(lengths) == 1
    assert len({tuple(row.onset_s for row in design) for design in designs}) == 5


def test_control_answers_are_two_words_of_the_language() -> None:
    for language, words in (("en", {"woman", "man"}), ("de", {"Frau", "Mann"})):
        control = [row for row in rows("scanner", language=language) if row.condition == "sex"]
        assert {frozenset(row.words.values()) for row in control} == {frozenset(words)}
        assert {tuple(row.words) for row in control} == {("tl", "tr")}
        by_id = {item.id: item for item in COUNTED}
        for row in control:
            woman = by_id[row.stim_id].attributes["sex"].lower() == "f"
            assert (row.target in ("woman", "Frau")) == woman


def test_age_can_be_the_control() -> None:
    conditions = Counter(row.condition for row in rows("scanner", control="age"))
    assert conditions == {"mental": 36, "age": 36}


def test_a_set_that_does_not_tell_the_age_cannot_be_judged_by_it() -> None:
    run = made("scanner", control="age")
    bare = without(PILOT, "age")
    with pytest.raises(StimulusError, match=r"^item eyes_\d\d: the set does not tell the age, so"):
        TASK.design(run.session, replace(run.material, stimuli=bare))


@pytest.mark.parametrize(
    "change",
    [{"iti_low_s": "0.5"}, {"fixation_s": "2.0"}, {"iti_low_s": "5"}, {"iti_high_s": "1.5"}],
)
def test_pauses_that_leave_no_room_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(SettingError, match=r"^iti_low_s is .*; it must be at least .* at most"):
        made("scanner", **change)


# -- design: split --------------------------------------------------------------------------------


def without(stimuli: StimulusSet, *names: str) -> StimulusSet:
    """The set, its items without these attributes."""
    items = tuple(
        replace(item, attributes={k: v for k, v in item.attributes.items() if k not in names})
        for item in stimuli.items
    )
    return replace(stimuli, items=items)


def test_the_two_visits_see_different_halves_and_all_pictures() -> None:
    first, second = rows("split", session="01"), rows("split", session="02")
    one, other = {row.stim_id for row in first}, {row.stim_id for row in second}
    assert len(first) == len(second) == 18
    assert not one & other
    assert one | other == {item.id for item in COUNTED}


def test_which_half_comes_first_takes_turns_over_participants() -> None:
    forms = [{row.form for row in rows("split", f"{n:02d}")} for n in range(1, 65)]
    assert Counter(next(iter(form)) for form in forms) == {"A": 32, "B": 32}
    assert all(len(form) == 1 for form in forms)


@pytest.mark.parametrize("form", ["A", "B"])
def test_a_half_can_be_asked_for_by_name(form: str) -> None:
    assert {row.form for row in rows("split", form=form)} == {form}


def test_visits_without_a_number_are_not_given_the_same_half_silently() -> None:
    with pytest.raises(SettingError) as refused:
        made("split", session="pre")
    assert str(refused.value) == (
        "--session 'pre': form=counterbalanced gives visits the two halves in turn and needs their "
        "number; call them 01 and 02, or set form=A and form=B."
    )
    assert len(made("split", session="pre", form="A").rows) == 19
    assert form_of(made("split", session="visit2").session) != form_of(made("split").session)


@pytest.mark.parametrize("stimuli", [PILOT, without(PILOT, "form")], ids=["given", "made"])
def test_the_halves_are_matched_on_sex_valence_and_difficulty(stimuli: StimulusSet) -> None:
    forms = halves(stimuli)
    halved = {form: [item for item in COUNTED if forms[item.id] == form] for form in "AB"}
    assert len(halved["A"]) == len(halved["B"]) == 18
    for sex in "FM":
        n = {form: sum(item.attributes["sex"] == sex for item in halved[form]) for form in "AB"}
        assert abs(n["A"] - n["B"]) <= 1
    for name, within in (("valence", 0.1), ("difficulty", 0.3)):
        means = {f: mean(item.attributes[name] for item in halved[f]) for f in "AB"}
        assert abs(means["A"] - means["B"]) < within


# -- a trial --------------------------------------------------------------------------------------


def test_a_choice_is_a_word_its_place_and_whether_it_is_the_target() -> None:
    run = made(items="4")
    played = Played(run, answering("2", 1.25))
    for row in run.rows:
        outcome = played.outcome(row.trial)
        assert outcome == {
            "response": row.word_tr,
            "position": "tr",
            "correct": row.word_tr == row.target,
            "rt_s": pytest.approx(1.25, abs=1e-6),
            "missed": False,
            "lookups": [],
            "lookup_s": 0.0,
            "held": False,
        }


@pytest.mark.parametrize(("key", "position"), [*zip("1234", POSITIONS, strict=True)])
def test_each_key_chooses_the_word_beside_it(key: str, position: str) -> None:
    run = made("randomised", items="3")
    played = Played(run, answering(key))
    for row in run.rows:
        assert played.outcome(row.trial)["response"] == getattr(row, f"word_{position}")
    assert played.codes().count(f"response_{position}") == 4
    assert f"{key}  {getattr(run.rows[1], f'word_{position}')}" in played.texts()


def test_practice_is_marked_by_its_own_phase_and_code_and_is_no_part_of_the_count() -> None:
    played = Played(made(break_every="2", items="4"))
    assert [phase["trial"] for phase in played.phases("eyes_practice")] == [1]
    assert played.codes().count("eyes_practice") == 1
    assert played.codes().count("eyes_mental") == 4
    assert "A short break.\n\n2 of 4 pictures are done.\n\nPress the space bar to go on." in (
        played.texts()
    )


def test_a_key_that_is_held_at_the_onset_is_told() -> None:
    run = made(items="1", practice="no")
    first = Played(run).phases("eyes_mental")[0]["onset"]
    played = Played(run, presses=[Press(first - 0.1, "x"), Press(first + 0.1, "x", down=False)])
    assert played.outcome(1)["held"] is True


def test_an_untimed_picture_waits_as_long_as_it_takes() -> None:
    played = Played(made(items="1", practice="no"), answering("1", 300.0))
    assert played.outcome(1)["rt_s"] == pytest.approx(300.0, abs=1e-6)


@pytest.mark.parametrize("answer", [silent, answering("1", 9.0), answering("x", 1.0)])
def test_no_answer_in_time_is_missed_and_neither_right_nor_wrong(answer: Answer) -> None:
    run = made("scanner", items="2")
    played = Played(run, answer)
    for row in run.rows:
        outcome = played.outcome(row.trial)
        assert outcome["missed"] is True
        assert outcome["response"] is outcome["position"] is None
        assert outcome["correct"] is outcome["rt_s"] is None
    assert played.codes().count("no_response") == len(run.rows)


def test_an_answer_in_the_last_frame_of_the_window_counts() -> None:
    run = made("scanner", items="1")
    assert Played(run, answering("1", 7.999)).outcome(1)["missed"] is False
    assert Played(run, answering("1", 8.001)).outcome(1)["missed"] is True


def test_the_third_key_is_no_answer_to_a_question_with_two() -> None:
    run = made("scanner", items="2")
    played = Played(run, answering("3"))
    for row in run.rows:
        assert played.outcome(row.trial)["missed"] is (row.condition == "sex")


def test_pictures_of_a_timed_run_come_at_their_onsets_whatever_the_answers() -> None:
    run = made("scanner", items="8")
    for answer in (silent, answering("1", 0.3), answering("2", 7.99)):
        played = Played(run, answer)
        onsets = {e["trial"]: e["onset"] for e in played.log.of("phase") if "eyes_" in e["phase"]}
        for row in run.rows:
            assert abs(onsets[row.trial] - played.zero - (row.onset_s or 0)) <= 0.5 / 60 + 1e-6


def test_a_cross_stands_before_the_first_question_of_a_timed_run() -> None:
    run = made("scanner", items="4")
    played = Played(run)
    lead_in = played.phases("rest")[0]
    assert lead_in["offset"] - lead_in["onset"] == pytest.approx(8.0, abs=0.05)
    assert [cue["tag"] for cue in played.phases("cue")] == ["mental", "sex"]
    for cue in played.phases("cue"):
        assert cue["offset"] - cue["onset"] == pytest.approx(2.0, abs=0.02)


# -- glossary -------------------------------------------------------------------------------------


def looked_up() -> tuple[Prepared, Played]:
    """Trial 2: after 1 s the glossary, word 1 after 0.5 s, word 3 after 2 s, back, answer 2."""
    run = made(items="2")
    script = [("g", 1.0), ("1", 0.5), ("3", 2.0), ("g", 1.5), ("2", 0.75)]
    return run, Played(run, scripted(2, *script))


def test_words_that_were_looked_up_are_logged_one_by_one() -> None:
    run, played = looked_up()
    row = run.rows[1]
    assert played.outcome(2)["lookups"] == [row.word_tl, row.word_bl]
    assert [phase["tag"] for phase in played.phases("glossary")] == ["", row.word_tl, row.word_bl]
    assert played.codes().count("lookup") == played.codes().count("lookup_end") == 1
    meaning = PILOT.glossaries["en"][row.word_tl]
    assert any(text.startswith(f"{row.word_tl}: {meaning}") for text in played.texts())


def test_the_time_in_the_glossary_is_no_part_of_the_rt() -> None:
    _, played = looked_up()
    outcome = played.outcome(2)
    assert outcome["rt_s"] == pytest.approx(1.0 + 0.75, abs=1e-5)
    assert outcome["lookup_s"] == pytest.approx(0.5 + 2.0 + 1.5, abs=0.06)
    assert played.outcome(3)["lookups"] == []


def test_looking_up_chooses_nothing() -> None:
    run, played = looked_up()
    row, outcome = run.rows[1], played.outcome(2)
    assert outcome["response"] == row.word_tr
    assert outcome["position"] == "tr"
    assert outcome["correct"] == (row.word_tr == row.target)
    assert played.trials[1]["design"]["target"] == row.target
    assert played.codes().count("response_tl") == 2, "trials 1 and 3 only"


def test_the_glossary_can_be_left_without_a_word_and_opened_again() -> None:
    run = made(items="1", practice="no")
    played = Played(run, scripted(1, ("g", 1.0), ("g", 1.0), ("g", 0.5), ("g", 1.0), ("4", 0.25)))
    outcome = played.outcome(1)
    assert (outcome["lookups"], outcome["position"]) == ([], "br")
    assert outcome["rt_s"] == pytest.approx(1.75, abs=1e-5)
    assert outcome["lookup_s"] == pytest.approx(2.0, abs=0.06)


def test_a_word_without_an_explanation_says_so() -> None:
    run = made(items="1", practice="no")
    bare = replace(run, material=replace(run.material, stimuli=replace(PILOT, glossaries={})))
    played = Played(bare, scripted(1, ("g", 1.0), ("1", 1.0), ("g", 1.0), ("1", 1.0)))
    assert any("(no explanation in this set)" in text for text in played.texts())


def test_there_is_no_glossary_where_looking_up_costs_answer_time() -> None:
    assert made("scanner", glossary="yes").material.keys == ("1", "2", "3", "4")
    assert made(window_s="8").material.keys == ("1", "2", "3", "4")
    assert made().material.keys == ("1", "2", "3", "4", "g")
    assert made(glossary="no").material.keys == ("1", "2", "3", "4")
    assert "look it up" not in TASK.instructions(made(glossary="no").material)
    assert "press g to look it up" in TASK.instructions(made().material)


# -- correction -----------------------------------------------------------------------------------


def test_a_choice_can_be_changed_until_it_is_confirmed_if_that_is_wanted() -> None:
    run = made(items="1", practice="no", correction="yes")
    played = Played(run, scripted(1, ("1", 1.0), ("3", 0.5), ("2", 0.5), ("space", 0.5)))
    row, outcome = run.rows[0], played.outcome(1)
    assert (outcome["response"], outcome["position"]) == (row.word_tr, "tr")
    assert outcome["correct"] == (row.word_tr == row.target)
    assert outcome["rt_s"] == pytest.approx(1.0, abs=1e-6), "of the first choice"
    tags = [phase["tag"] for phase in played.phases("choice")]
    assert tags == [row.word_tl, row.word_bl, row.word_tr]
    assert len(played.phases("eyes_mental")) == 1, "one onset of the picture"


def test_the_frame_comes_with_the_choice_and_the_empty_screen_after_it() -> None:
    run = made(items="1", practice="no", correction="yes")
    names = [e["phase"] for e in Played(run, answering("1")).log.of("phase") if e["trial"]]
    assert names == ["fixation", "eyes_mental", "choice", "after"]


def test_the_first_choice_stands_if_no_correction_is_wanted() -> None:
    def twice(phase: Phase, trial: Mapping[str, Any]) -> list[tuple[str, float]]:
        return [("1", 1.0), ("3", 1.1)] if phase.name == "eyes_mental" else pages(phase)

    played = Played(made(items="1", practice="no"), twice)
    assert played.outcome(1)["position"] == "tl"
    second = [event for event in played.log.of("response") if event["key"] == "3"]
    assert all(event["status"] != "counted" for event in second)


# -- pages ----------------------------------------------------------------------------------------


def test_breaks_come_between_blocks_and_say_how_far_it_is() -> None:
    played = Played(made())
    assert len(played.phases("break")) == 2
    said = [text for text in played.texts() if text.startswith("A short break.")]
    assert [re.findall(r"\d+", text) for text in said] == [["12", "36"], ["24", "36"]]
    assert len(played.phases("instructions")) == len(played.phases("finished")) == 1
    assert len(played.phases("start")) == 2, "before practice and after it"


@pytest.mark.parametrize(("every", "n_breaks"), [("0", 0), ("6", 5), ("36", 0), ("35", 1)])
def test_breaks_are_as_frequent_as_asked_for(every: str, n_breaks: int) -> None:
    assert len(Played(made(break_every=every)).phases("break")) == n_breaks


def test_a_timed_run_has_no_pages_once_it_has_begun() -> None:
    played = Played(made("scanner"))
    assert not played.phases("break")
    assert not played.phases("finished")
    assert len(played.phases("instructions")) == 2
    assert len(played.phases("cue")) == 18


def test_a_resumed_run_says_so_and_shows_only_what_is_left() -> None:
    run = made(items="4")
    recorded = Played(run).trials[:3]
    played = Played(run, recorded=recorded)
    assert [event["trial"] for event in played.trials] == [4, 5]
    assert any(text.startswith("We go on where we stopped.") for text in played.texts())


# -- keys and words -------------------------------------------------------------------------------


def test_the_rig_s_keys_stand_on_the_screen_and_choose_the_words() -> None:
    run = made(items="2")
    run = replace(run, material=with_keys(run.material, ("a", "b", "c", "d", "h")))
    played = Played(run, scripted(2, ("h", 1.0), ("c", 1.0), ("h", 1.0), ("b", 1.0), else_key="d"))
    assert played.outcome(2)["position"] == "tr"
    assert played.outcome(2)["lookups"] == [run.rows[1].word_bl]
    assert played.outcome(3)["position"] == "br"
    assert f"b  {run.rows[1].word_tr}" in played.texts()
    assert "Press the key with the number of the word: a, b, c or d." in played.texts()[0]
    assert played.codes().count("response_br") == 2
    assert {phase["phase"] for phase in played.log.of("phase")} >= {"finished"}


class Listening(Catalogue):
    """A catalogue that remembers what it was asked for."""

    asked: set[str] = set()  # noqa: RUF012  shared on purpose: frozen dataclasses hold no state

    def __call__(self, key: str, **values: object) -> str:
        self.asked.add(key)
        return super().__call__(key, **values)


def every_screen(language: str) -> Iterator[Played]:
    """Runs that between them show every screen of the task."""
    script = [("g", 1.0), ("1", 1.0), ("g", 1.0), ("1", 1.0)]
    curious, curious_too = scripted(2, *script), scripted(2, *script)
    runs: list[tuple[str, dict[str, Any], Answer | None, StimulusSet, int]] = [
        ("standard", {"items": "3", "break_every": "2"}, curious, PILOT, 0),
        ("standard", {"items": "2"}, curious_too, replace(PILOT, glossaries={}), 0),
        ("standard", {"items": "2", "correction": "yes", "practice": "no"}, None, PILOT, 0),
        ("randomised", {"items": "3"}, None, PILOT, 2),
        ("scanner", {"items": "2"}, None, PILOT, 0),
        ("scanner", {"items": "4", "control": "age"}, silent, PILOT, 0),
    ]
    for preset, changes, answer, stimuli, done in runs:
        run = made(preset, language=language, **changes)
        words = Listening(language, run.material.text.words)
        run = replace(run, material=replace(run.material, text=words, stimuli=stimuli))
        run = replace(run, rows=tuple(TASK.design(run.session, run.material)))
        TASK.instructions(run.material)
        recorded = Played(run, answer).trials[:done] if done else []
        yield Played(run, answer, recorded=recorded)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_there_and_every_text_is_used(
    language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Listening, "asked", set())
    assert len(list(every_screen(language))) == 6
    assert Listening.asked == set(TASK.catalogue(language).words)


def test_both_languages_have_the_same_texts_with_the_same_blanks() -> None:
    def blanks(text: str) -> set[str]:
        return {name.partition(":")[0] for _, name, _, _ in string.Formatter().parse(text) if name}

    for catalogue in (TASK.catalogue, core_texts):
        one, other = (catalogue(language).words for language in LANGUAGES)
        assert set(one) == set(other)
        for key, text in one.items():
            assert blanks(text) == blanks(other[key]), key
            assert text.strip() != other[key].strip(), key


def test_there_are_texts_in_german_and_english_and_no_half_others() -> None:
    assert TASK.languages() == ["de", "en"]
    for path in TASK.texts.glob("*/eyes.toml"):
        assert tomllib.loads(path.read_text(encoding="utf-8"))


# -- what the log says of itself ------------------------------------------------------------------


def test_every_phase_column_and_level_in_a_log_is_described() -> None:
    shown: set[str] = set()
    recorded: set[str] = set()
    for played in every_screen("en"):
        shown |= {event["phase"] for event in played.log.of("phase")}
        for trial in played.trials:
            values = {**trial["design"], **trial["outcome"]}
            recorded |= set(values)
            for name, value in values.items():
                levels = TASK.columns[name].levels
                spoken = str(value).lower() if isinstance(value, bool) else value
                assert levels is None or value is None or spoken in levels, (name, value)
    assert shown <= set(TASK.phases)
    assert recorded == set(TASK.columns)
    never_here = {"scanner", "pause", "confirm_stop", "confirm_stop_end"}
    assert set(TASK.phases) == shown | never_here


def test_codes_in_a_log_are_in_the_book_under_their_name() -> None:
    for played in every_screen("en"):
        for event in played.log.of("trigger"):
            assert CODES[event["name"]] == event["code"]
        for phase in played.log.of("phase"):
            assert phase["code"] is None or phase["code"] in CODES.values()


@pytest.mark.readers
def test_hed_knows_every_tag_of_phases_and_codes() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # hedtools' own dependencies complain
        from hed import HedString, load_schema_version  # type: ignore[import-untyped]
        from hed.validator import HedValidator  # type: ignore[import-untyped]

        schema = load_schema_version("8.4.0")
        validator = HedValidator(schema)
        tags = {name: note.hed for name, note in TASK.phases.items()}
        tags |= {row.name: row.hed for row in CODES.rows}
        assert len(tags) > 30
        issues = {
            name: [issue["message"] for issue in found]
            for name, text in tags.items()
            if (found := validator.validate(HedString(text, schema), allow_placeholders=False))
        }
    assert issues == {}


# -- time and triggers on every display -----------------------------------------------------------


@pytest.mark.parametrize("hz", RATES)
@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_plays_to_its_end_on_time_and_as_long_as_planned(
    preset: str, hz: float
) -> None:
    run = made(preset)
    rig = Rig(display=DisplaySettings(refresh_hz=hz))
    plan = make_plan(run.task, run.session, run.material, rig, run.rows)
    played = Played(run, hz=hz)
    (end,) = played.log.of("end")
    assert end["completed"]
    assert end["trials"] == len(run.rows)
    assert end["timing"]["late_phases"] == end["timing"]["missed_frames"] == 0
    assert end["triggers"]["lost"] == 0
    assert played.lab.clock.now() == pytest.approx(plan.length_s, abs=1e-9)


@pytest.mark.parametrize("answer", [silent, answering("1", 0.2)])
def test_a_timed_run_is_as_long_as_planned_whatever_is_answered(answer: Answer) -> None:
    run = made("scanner")
    plan = make_plan(run.task, run.session, run.material, run.rig, run.rows)
    played = Played(run, answer)
    planned_zero = next(e["zero"] for e in plan.events if e.get("text") == "time zero")
    assert played.lab.clock.now() - played.zero == pytest.approx(
        plan.length_s - planned_zero, abs=2 / 60
    )


@pytest.mark.parametrize("hz", [60.0, 144.0])
@pytest.mark.parametrize("after_s", [None, 0.001, 0.012, 0.015, 0.05])
@pytest.mark.parametrize("preset", PRESETS)
def test_no_code_disturbs_another_even_if_answers_come_at_once(
    preset: str, after_s: float | None, hz: float
) -> None:
    played = Played(made(preset), None if after_s is None else answering("1", after_s), hz=hz)
    assert {event["outcome"] for event in played.log.of("trigger")} <= {"sent", "deferred_sent"}
    written = [t for t, byte in played.lab.line.received if byte]
    assert min(b - a for a, b in pairwise(written)) >= spacing_s(LINE) - 1e-4
    pictures = [e for e in played.log.of("trigger") if e["name"].startswith("eyes_")]
    assert all(e["outcome"] == "sent" and e["delay_ms"] == 0 for e in pictures)


def test_no_code_disturbs_another_at_the_shortest_pauses_that_can_be_set() -> None:
    run = made("scanner", fixation_s="0.5", iti_low_s="0.6", iti_high_s="0.6")
    for answer in (silent, answering("1", 7.999)):
        played = Played(run, answer, hz=144.0)
        assert {event["outcome"] for event in played.log.of("trigger")} <= {
            "sent",
            "deferred_sent",
        }
        assert played.log.of("end")[0]["timing"]["late_phases"] == 0


def test_every_picture_and_every_answer_leaves_its_code() -> None:
    played = Played(made("scanner"))
    counts = Counter(played.codes())
    answered = sum(not trial["outcome"]["missed"] for trial in played.trials)
    assert counts["eyes_mental"] == counts["eyes_sex"] == 36
    assert counts["fixation"] == 72
    assert (
        counts["response_tl"]
        + counts["response_tr"]
        + counts["response_bl"]
        + counts["response_br"]
        == answered
    )
    assert counts["no_response"] == 72 - answered
    assert counts["block_start"] == counts["block_end"] == 18
    assert counts["run_start"] == counts["run_end"] == 1


# -- the simulated participant --------------------------------------------------------------------


def expected(row: Trial, ability: float, guessed_top: float) -> float:
    """The model's probability that a trial is answered correctly."""
    knows = 0.95
    if row.condition == "mental":
        knows = 1 / (1 + math.exp((row.difficulty or 0.0) - ability))
    (place,) = [place for place, word in row.words.items() if word == row.target]
    lucky = 0.5
    if row.condition == "mental":
        lucky = guessed_top / 2 if place in ("tl", "tr") else (1 - guessed_top) / 2
    return knows + (1 - knows) * lucky


@pytest.mark.parametrize("ability", [-1.0, 1.0, 3.0])
@pytest.mark.parametrize("preset", ["standard", "scanner"])
def test_two_hundred_simulated_participants_are_as_good_as_their_ability(
    preset: str, ability: float
) -> None:
    taker = Taker(ability=ability)
    run = made(preset)
    counted = [row for row in run.rows if not row.practice]
    phases = {row.trial: picture_phase(row, run.material) for row in counted}
    correct, right, variance, omitted = 0, 0.0, 0.0, 0
    for n in range(200):
        session = replace(run.session, participant=f"{n:03d}")
        somebody = participant(session, run.material, taker)
        for row in counted:
            pressed = somebody.answer(phases[row.trial], asdict(row))
            if not pressed:
                omitted += 1
                continue
            ((key, rt_s),) = pressed
            assert rt_s > 0
            place = dict(zip("1234", POSITIONS, strict=True))[key]
            correct += row.words[place] == row.target
            p = expected(row, ability, taker.top_bias)
            right += p
            variance += p * (1 - p)
    assert abs(correct - right) < 3.5 * math.sqrt(variance)
    n_trials = 200 * len(counted)
    rate = taker.omission if preset == "scanner" else 0.0
    assert abs(omitted - rate * n_trials) <= 3.5 * math.sqrt(rate * (1 - rate) * n_trials)


def test_a_simulated_participant_answers_a_trial_the_same_whatever_came_before() -> None:
    run = made("randomised")
    alone = TASK.participant(run.session, run.material)
    after = TASK.participant(run.session, run.material)
    row = run.rows[9]
    phase = picture_phase(row, run.material)
    for other in run.rows[:9]:
        after.answer(picture_phase(other, run.material), asdict(other))
    assert after.answer(phase, asdict(row)) == alone.answer(phase, asdict(row))


# -- the golden log -------------------------------------------------------------------------------

ELSEWHERE = {"software", "rig", "codes", "stimuli"}
"""Header fields that other tests hold, or that belong to the machine."""


def golden_lines(data: Path) -> list[str]:
    """The log of the standard preset, participant 01, seed 0, without what is held elsewhere."""
    request = Request(task="eyes", participant="01", data=data, simulate=True, virtual=True)
    lines = conduct(request).log.read_text(encoding="utf-8").splitlines()
    header = {k: v for k, v in json.loads(lines[0]).items() if k not in ELSEWHERE}
    return [json.dumps(header, ensure_ascii=False, separators=(",", ":")), *lines[1:]]


def test_the_standard_run_leaves_the_golden_log(tmp_path: Path) -> None:
    assert golden_lines(tmp_path) == GOLDEN.read_text(encoding="utf-8").splitlines()


@pytest.fixture(scope="module")
def log_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], bytes]:
    """The bytes of a log from a process of its own."""

    def run(hash_seed: str, seed: str) -> bytes:
        folder = tmp_path_factory.mktemp("study")
        words = ["run", "eyes", "--participant", "01", "--data", str(folder), "--seed", seed]
        subprocess.run(
            [sys.executable, "-m", "mbtexp.cli", *words, "--simulate", "--virtual"],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            cwd=folder,
            capture_output=True,
            check=True,
        )
        [log] = folder.rglob("*_log.jsonl")
        return log.read_bytes()

    return run


def test_the_same_seed_leaves_the_same_bytes_in_every_process(
    log_of: Callable[[str, str], bytes],
) -> None:
    assert log_of("1", "0") == log_of("2", "0")


def test_another_seed_leaves_another_log(log_of: Callable[[str, str], bytes]) -> None:
    def answers(log: bytes) -> list[str]:
        events = [json.loads(line) for line in log.splitlines()]
        return [event["outcome"]["response"] for event in events if event["kind"] == "trial"]

    assert answers(log_of("1", "0")) != answers(log_of("1", "1"))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        GOLDEN.write_text("\n".join(golden_lines(Path(folder))) + "\n", encoding="utf-8")
