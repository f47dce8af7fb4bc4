"""A questionnaire on the screen: its items, the way back, what is left out, and its alert."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from analysis.questionnaires import find_instrument, scores
from mbtexp.bids import export
from mbtexp.conduct import Prepared, Request, conduct, prepare
from mbtexp.errors import SettingError
from mbtexp.events import Log, MemoryLog, read_log
from mbtexp.instruments import form, names
from mbtexp.languages import read_words
from mbtexp.plan import make_plan
from mbtexp.rig import Rig, TriggerSettings
from mbtexp.run import Run
from mbtexp.timeline import Phase
from mbtexp.virtual import VirtualLab
from tasks.questionnaire import TASK
from tasks.questionnaire.design import PRESETS
from tasks.questionnaire.participant import Answers

ECR = 'stem = "In general"\nanchors = ["not at all", "fully"]\nitems = [{}]\n'


def wording(tmp_path: Path) -> Path:
    """A lab's own words for an instrument that comes without any."""
    path = tmp_path / "ecr_r_en.toml"
    items = ", ".join(f'"statement {k}"' for k in range(1, 37))
    path.write_text(ECR.format(items), encoding="utf-8")
    return path


def prepared(preset: str = "phq9", participant: str = "01", **changes: str) -> Prepared:
    return prepare(Request("questionnaire", participant, Path(), preset=preset, changes=changes))


def run(tmp_path: Path, answers: Answers | None = None, preset: str = "phq9",
        told: list[str] | None = None, **changes: str) -> Log:  # fmt: skip
    request = Request(
        "questionnaire", "01", tmp_path, preset=preset, changes=changes, simulate=True, virtual=True
    )
    made = prepare(request)
    made = replace(made, task=made.task.played_by(answers or Answers()))
    tell = None if told is None else told.append
    return read_log(conduct(request, prepared=made, tell=tell).log)


def responses(log: Log) -> dict[int, Any]:
    """The last answer to each item."""
    return {t["design"]["item"]: t["outcome"]["response"] for t in log.of("trial")}


def typed(keys: list[str], preset: str = "phq9", **changes: str) -> tuple[MemoryLog, list[str]]:
    """A run in which these keys answer the items one after the other; what the operator read."""
    made, left, told = prepared(preset, **changes), iter(keys), list[str]()

    def answer(phase: Phase, trial: Mapping[str, Any]) -> list[tuple[str, float]]:
        if phase.keys is None:
            return []
        pressed = next(left) if phase.name == "item" else "space"
        return [(key, 0.5 + k) for k, key in enumerate(pressed.split("+"))]

    lab, log = VirtualLab(60, answer=answer), MemoryLog()
    with Run(
        display=lab.display,
        responses=lab.responses,
        trigger=lab.trigger,
        clock=lab.clock,
        log=log,
        trials=made.rows,
        tell=told.append,
    ) as opened:
        made.task.play(opened, made.material)
    assert lab.display.unprepared == []
    return log, told


# -- forms ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_free_instruments_have_their_words_in_both_languages(language: str) -> None:
    for name in ("phq9", "gad7"):
        shown, scored = form(name, language), find_instrument(name)
        assert len(shown.items) == len(scored.items)
        assert list(shown.answers) == [0, 1, 2, 3]
        assert len(shown.anchors) == 4
        assert shown.stem.endswith("?")
    assert form("phq9", "de").items != form("phq9", "en").items


@pytest.mark.parametrize("name", ["ecr_r", "rfq8", "msi_bpd"])
def test_an_instrument_without_words_says_where_a_lab_puts_its_own(name: str) -> None:
    with pytest.raises(SettingError, match=f"'{name}' comes without its wording.*--set wording="):
        prepared(instrument=name)


def test_a_lab_s_own_words_are_shown(tmp_path: Path) -> None:
    shown = form("ecr_r", "en", str(wording(tmp_path)))
    assert shown.items[35] == "statement 36"
    assert (shown.label(1), shown.label(4), shown.label(7)) == ("not at all", "", "fully")
    assert shown.reversed == {9, 11, 20, 22, *range(26, 32), *range(33, 37)}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('items = ["one"]\n', "the wording has 1 items, but the instrument has 36"),
        ('itmes = ["one"]\n', "'itmes' is no key; did you mean 'items'"),
        ("items = [\n", "this is not TOML"),
        ('stem = "x"\n', "'items' is missing"),
    ],
)
def test_words_that_do_not_fit_are_refused(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "words.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingError, match=told):
        form("ecr_r", "en", str(path))


def test_every_instrument_that_is_scored_is_known_here_and_the_other_way_round() -> None:
    from analysis.questionnaires import instruments

    assert names() == sorted(instruments())


def test_every_language_has_the_same_words() -> None:
    keys = {
        language: read_words(TASK.texts, "questionnaire", language, whose="q")[1].keys()
        for language in ("en", "de")
    }
    assert keys["en"] == keys["de"]


# -- order and answers ----------------------------------------------------------------------------


def test_the_ecr_r_is_shuffled_by_participant_and_the_others_keep_their_order(
    tmp_path: Path,
) -> None:
    words = str(wording(tmp_path))
    one, again, two = (
        [row.item for row in prepared(participant=p, instrument="ecr_r", wording=words).rows]
        for p in ("01", "01", "02")
    )
    assert one == again != two
    assert sorted(one) == sorted(two) == list(range(1, 37))
    assert [row.item for row in prepared().rows] == list(range(1, 10))
    assert [row.item for row in prepared(order="shuffled").rows] != list(range(1, 10))


def test_raw_answers_are_recorded_and_the_engine_scores_them(tmp_path: Path) -> None:
    answers = Answers(level=0.8, item_sd=0.1)
    log = run(tmp_path, answers, instrument="ecr_r", wording=str(wording(tmp_path)))
    given = responses(log)
    assert set(given) == set(range(1, 37))
    turned = {t["design"]["item"] for t in log.of("trial") if t["design"]["reversed"]}
    assert max(given[item] for item in turned) < min(given[i] for i in given if i not in turned)
    scored = scores(find_instrument("ecr_r"), [[given[item] for item in range(1, 37)]])  # type: ignore[arg-type]
    assert scored["anxiety"][0] == pytest.approx(5.8, abs=0.4)
    assert scored["avoidance"][0] == pytest.approx(5.8, abs=0.4)


def test_an_answer_has_its_number_and_its_words() -> None:
    log, _ = typed(["0", "1", "2", "3", "s", "0", "0", "0", "0"])
    found = [trial["outcome"] for trial in log.of("trial")][:5]
    assert [one["response"] for one in found] == [0, 1, 2, 3, None]
    assert [one["label"] for one in found[:4]] == [
        "Not at all",
        "Several days",
        "More than half the days",
        "Nearly every day",
    ]
    assert [one["missed"] for one in found] == [False] * 4 + [True]


def test_going_back_answers_an_earlier_item_again_and_its_last_answer_counts() -> None:
    keys = ["0", "1", "backspace", "backspace", "3", "2", "1"] + ["0"] * 6
    log, _ = typed(keys)
    recorded = [
        (t["design"]["item"], t["attempt"], t["outcome"]["response"]) for t in log.of("trial")
    ]
    assert recorded[:5] == [(1, 1, 0), (2, 1, 1), (1, 2, 3), (2, 3, 2), (3, 2, 1)]
    assert len({item for item, _, _ in recorded}) == 9
    (end,) = log.of("end")
    assert (end["trials"], end["completed"]) == (9, True)


def test_there_is_nothing_to_go_back_to_before_the_first_item() -> None:
    log, _ = typed(["backspace+0", *["0"] * 8])
    first = next(e for e in log.of("response") if e["key"] == "backspace")
    assert first["status"] == "other"


def test_a_resumed_run_neither_loses_nor_repeats_what_was_gone_back_to(tmp_path: Path) -> None:
    whole = run(tmp_path / "a", Answers(backs=0.6, item_sd=0.3))
    attempts = [t["attempt"] for t in whole.of("trial")]
    assert max(attempts) > 1
    path = run(tmp_path / "b", Answers(backs=0.6, item_sd=0.3)).path
    lines = path.read_text("utf-8").splitlines(keepends=True)
    cut = [n for n, line in enumerate(lines) if '"kind":"trial"' in line][5]
    path.write_text("".join(lines[: cut + 1]), encoding="utf-8")
    request = Request("questionnaire", "01", tmp_path / "b", preset="phq9", resume=True,
                      simulate=True, virtual=True)  # fmt: skip
    made = prepare(request)
    made = replace(made, task=made.task.played_by(Answers(backs=0.6, item_sd=0.3)))
    resumed = read_log(conduct(request, prepared=made).log)
    assert responses(resumed) == responses(whole)
    assert list(resumed.of("end"))[-1]["trials"] == 9


def test_few_buttons_choose_confirm_and_leave_out(tmp_path: Path) -> None:
    log = run(tmp_path, Answers(level=0.6, item_sd=0.0), preset="buttons")
    assert set(responses(log).values()) == {0, 2}
    silent = run(tmp_path / "s", Answers(skips=1.0), preset="buttons")
    assert set(responses(silent).values()) == {None}
    with pytest.raises(SettingError, match=r"the answers of .* go from -3 to 3; take answer=move"):
        own = tmp_path / "own.toml"
        own.write_text('name = "own"\ntitle = "O"\nminimum = -3\nmaximum = 3\nitems = ["a?"]\n')
        prepared(instrument=str(own))


def test_a_page_of_lines_shows_what_was_answered_above() -> None:
    from mbtexp.storyboard import scenes_of
    from mbtexp.timeline import Scale

    scene = next(s for s in scenes_of("questionnaire", "page", "de") if s.name == "item")
    assert sum(isinstance(s, Scale) for s in scene.stimuli) == 3
    log, _ = typed([*"012301230"], preset="page")
    assert [t["outcome"]["response"] for t in log.of("trial")] == [int(k) for k in "012301230"]
    assert [row["line"] for row in (t["design"] for t in log.of("trial"))] == [1, 2, 3] * 3


# -- safety ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("last", "times"), [("0", 0), ("1", 1), ("3", 1), ("s", 0)])
def test_an_answer_that_somebody_must_act_upon_is_told_at_once(last: str, times: int) -> None:
    log, told = typed([*"00000000", last])
    assert len(told) == times
    assert all(re.search(r"SAFETY.*item 9.*follow the study's safety plan today", t) for t in told)
    noted = [e for e in log.of("note") if "SAFETY" in e["text"]]
    assert [(e["item"], str(e["response"])) for e in noted] == [(9, last)] * times


# -- codes, files, screens ------------------------------------------------------------------------


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_can_be_run_with_an_eeg_beside_it(preset: str) -> None:
    made = prepared(preset)
    rig = replace(
        Rig(), mode="eeg", trigger=TriggerSettings(device="serial", port="COM9", max_code=255)
    )
    plan = make_plan(made.task, made.session, made.material, rig, made.rows)
    assert plan.codes["item"] == plan.codes["response"] == len(made.rows)


def test_the_run_is_exported_with_every_column_described(tmp_path: Path) -> None:
    run(tmp_path, Answers(skips=0.3, backs=0.3))
    exported = export(tmp_path)
    assert not [text for text in exported.warnings if "describe" in text]
    table = tmp_path / "sub-01/ses-01/beh/sub-01_ses-01_task-questionnaire_run-01_beh.tsv"
    lines = table.read_text("utf-8").splitlines()
    assert len(lines) == 10
    assert {"instrument", "item", "reversed", "response", "label", "by"} <= set(
        lines[0].split("\t")
    )
