"""Questionnaires of a study: answers from the screen, whose count, alphas, covariates of people."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from analysis import analyse, read_table
from analysis.phenotype import read_covariates
from analysis.questionnaire_files import import_answers
from analysis.questionnaire_screen import screen_answers
from analysis.questionnaires import instruments
from analysis.read import Run, Trial, Trials
from analysis.scales import scales_of
from mbtexp.errors import DataError
from mbtexp.events import EventLog


def answered(item, response, instrument="gad7"):
    return Trial(
        trial=item,
        attempt=1,
        block=1,
        practice=False,
        stim_id=None,
        onset_s=1.0,
        rt_s=2.0,
        response=response,
        correct=None,
        missed=response is None,
        excluded="",
        frames_dropped=0,
        held=False,
        design={"item": item, "instrument": instrument},
        outcome={"response": response},
    )


def run_of(participant, trials, *, session="01", number=1, task="questionnaire"):
    run = Run(
        path=Path(),
        participant=participant,
        session=session,
        task=task,
        run=number,
        preset="",
        mode="lab",
        simulated=None,
        stimuli=None,
        status="complete",
        segments=1,
        n_planned=len(trials),
        columns={},
        damage=(),
    )
    return Trials(run, tuple(trials))


def gad(participant, answers, **more):
    trials = [answered(k, answer) for k, answer in enumerate(answers, start=1)]
    return run_of(participant, trials, **more)


def imported(study, rows):
    header = "participant_id," + ",".join(f"gad7_{n}" for n in range(1, 8))
    lines = [f"{who}," + ",".join(map(str, of)) for who, of in rows]
    path = study.parent / "answers.csv"
    path.write_text("\n".join([header, *lines]) + "\n", "utf-8")
    import_answers(path, study)


# -- from the screen ------------------------------------------------------------------------------


def test_answers_on_the_screen_have_the_scores_of_the_same_answers_on_paper(tmp_path):
    answers = [3, 0, 1, 2, 2, 1, 0]
    found = scales_of(tmp_path, [gad("01", answers)])
    assert found.scores == {"gad7.total": {"01": 9.0}}
    lines = found.files["phenotype_gad7.tsv"].decode().splitlines()
    (tmp_path / "paper").mkdir()
    imported(tmp_path / "paper", [("01", answers)])
    paper = (tmp_path / "paper/phenotype/gad7.tsv").read_text("utf-8").splitlines()
    # The screen knows the visit besides.
    assert [line.split("\t")[-1] for line in lines] == [line.split("\t")[-1] for line in paper]
    assert lines[1].split("\t")[:2] == ["sub-01", "ses-01"]
    described = json.loads(found.files["phenotype_gad7.json"])
    assert described["total"]["Derivative"] is True
    assert set(described) - {"MeasurementToolMetadata"} == set(lines[0].split("\t"))


def test_reversed_items_are_turned_by_the_key_and_not_before(tmp_path):
    trials = [answered(n, 7, "ecr_r") for n in range(1, 37)]
    found = scales_of(tmp_path, [run_of("01", trials)]).scores
    assert found["ecr_r.anxiety"]["01"] == pytest.approx(114 / 18)
    assert found["ecr_r.avoidance"]["01"] == pytest.approx(3.0)


def test_an_item_that_was_left_out_follows_the_rule_for_missing_answers(tmp_path):
    one = [None, *[2] * 6]
    two = [None, None, *[2] * 5]
    found = scales_of(tmp_path, [gad("01", one), gad("02", two)]).scores["gad7.total"]
    assert found == {"01": pytest.approx(14.0)}


def test_the_later_run_of_a_visit_counts_and_visits_are_averaged(tmp_path):
    runs = [
        gad("01", [1] * 7),
        gad("01", [2] * 7, number=2),
        gad("01", [0] * 7, session="02"),
    ]
    for order in (runs, runs[::-1]):
        assert scales_of(tmp_path, order).scores["gad7.total"] == {"01": 7.0}


def test_what_is_no_answer_of_the_instrument_is_none(tmp_path):
    runs = [gad("01", [9, -1, 1.5, "often", True, 1, 1])]
    given = screen_answers(runs, instruments(tmp_path))["gad7"].given[0]
    assert np.isnan(given[:5]).all()
    assert list(given[5:]) == [1, 1]


def test_other_tasks_are_no_questionnaires_and_an_unknown_one_is_named(tmp_path):
    runs = [
        gad("01", [1] * 7, task="mood"),
        run_of("01", [answered(1, 1, "panas")]),
    ]
    found = scales_of(tmp_path, runs)
    assert found.scores == {}
    assert [(row.instrument, row.note) for row in found.rows] == [("panas", "unknown_instrument")]
    assert scales_of(tmp_path, runs[:1]).files == {}


# -- both -----------------------------------------------------------------------------------------


def test_who_is_in_both_counts_with_the_import_and_the_table_says_so(tmp_path):
    imported(tmp_path, [("01", [1] * 7), ("02", [2] * 7)])
    runs = [gad("01", [3] * 7), gad("02", [2] * 7), gad("03", [0] * 7)]
    found = scales_of(tmp_path, runs)
    assert found.scores["gad7.total"] == {"01": 7.0, "02": 14.0, "03": 0.0}
    (row,) = found.rows
    assert (row.n_people, row.n_screen, row.n_alpha) == (3, 1, 3)
    assert "2 people are in phenotype and answered on the screen" in row.note
    assert "the import counts" in row.note
    assert "answers differ in 1" in row.note
    assert found.files["phenotype_gad7.tsv"].decode().count("\n") == 4


def test_simulated_answers_are_named(tmp_path):
    played = gad("01", [3] * 7)
    played = Trials(replace(played.run, simulated="answers"), played.rows)
    assert "simulated" in scales_of(tmp_path, [played]).rows[0].note
    assert "simulated" not in scales_of(tmp_path, [gad("01", [3] * 7)]).rows[0].note


# -- alpha ----------------------------------------------------------------------------------------

# fmt: off
ITEMS = [[2, 1, 2, 1, 3, 2, 2], [0, 0, 1, 0, 1, 0, 0], [1, 2, 1, 1, 2, 1, 1], [3, 3, 2, 3, 3, 3, 2],
         [0, 1, 0, 0, 1, 1, 0], [2, 2, 3, 2, 1, 2, 3], [1, 0, 1, 1, 0, 1, 2], [2, 3, 2, 2, 2, 1, 2]]
# fmt: on

# pingouin 0.7.0: cronbach_alpha(DataFrame(ITEMS)), interval to three digits.
ALPHA = (0.9290848107331099, 0.815, 0.984)


def test_the_alpha_of_a_scale_is_that_of_pingouin_from_paper_and_from_the_screen(tmp_path):
    imported(tmp_path, [(f"{k:02d}", of) for k, of in enumerate(ITEMS[:5], start=1)])
    runs = [gad(f"{k:02d}", of) for k, of in enumerate(ITEMS[5:], start=6)]
    found = scales_of(tmp_path, runs)
    alpha = found.alphas["gad7.total"]
    assert alpha.value == pytest.approx(ALPHA[0])
    assert (alpha.ci_low, alpha.ci_high) == pytest.approx(ALPHA[1:], abs=0.0006)
    (row,) = found.rows
    assert (row.n_alpha, row.n_items, row.n_screen) == (8, 7, 3)


def test_an_alpha_takes_the_items_as_they_are_scored(tmp_path):
    rng = np.random.default_rng(1)
    level = rng.integers(1, 8, 40)
    scales = {scale.name: scale for scale in instruments()["ecr_r"].scales}
    runs = []
    for k, mean in enumerate(level, start=1):
        answers = {}
        for n in range(1, 37):
            own = int(np.clip(mean + rng.integers(-1, 2), 1, 7))
            turned = any(n in scale.reverse for scale in scales.values())
            answers[n] = 8 - own if turned else own
        runs.append(run_of(f"{k:02d}", [answered(n, a, "ecr_r") for n, a in answers.items()]))
    alphas = scales_of(tmp_path, runs).alphas
    assert alphas["ecr_r.anxiety"].value > 0.95
    assert alphas["ecr_r.avoidance"].value > 0.95


def test_few_people_have_no_alpha_but_their_scores(tmp_path):
    found = scales_of(tmp_path, [gad("01", [1] * 7), gad("02", [2] * 7)])
    (row,) = found.rows
    assert (row.n_people, row.alpha, row.note) == (2, None, "few_people")
    assert found.alphas["gad7.total"].flags == ("few_people",)


def test_a_table_of_scores_without_items_gives_scores_and_no_alpha(tmp_path):
    (tmp_path / "phenotype").mkdir()
    (tmp_path / "phenotype/gad7.tsv").write_text("participant_id\ttotal\nsub-01\t5\n", "utf-8")
    found = scales_of(tmp_path, [])
    assert found.scores["gad7.total"] == {"01": 5.0}
    assert found.alphas["gad7.total"].value is None


def test_text_in_an_items_cell_is_told_and_not_repeated(tmp_path):
    imported(tmp_path, [("01", [1] * 7)])
    path = tmp_path / "phenotype/gad7.tsv"
    path.write_text(path.read_text("utf-8").replace("\t1\t", "\tsecret\t", 1), "utf-8")
    with pytest.raises(DataError, match="holds text") as caught:
        scales_of(tmp_path, [])
    assert "secret" not in str(caught.value)


def test_the_tables_can_be_read_and_every_column_is_described(tmp_path):
    found = scales_of(tmp_path, [gad(f"{k:02d}", of) for k, of in enumerate(ITEMS, start=1)])
    for name, content in found.files.items():
        (tmp_path / name).write_bytes(content)
    table = read_table(tmp_path / "scales.tsv")
    assert set(json.loads(found.files["scales.json"])) == set(table.columns)
    assert table.loc[0, "alpha"] == pytest.approx(ALPHA[0])
    assert math.isclose(table.loc[0, "mean"], np.mean(np.sum(ITEMS, axis=1)))


# -- covariates -----------------------------------------------------------------------------------


def test_covariates_come_from_participants_tsv_and_else_from_questionnaires(tmp_path):
    path = tmp_path / "participants.tsv"
    path.write_text(
        "participant_id\tAge\tsex\tgroup\nsub-01\t30\tF\tbpd\nsub-02\t25\tm\thc\n"
        "sub-03\tn/a\tf\thc\n",
        "utf-8",
    )
    scales = {"wst.total": {"01": 30.0}, "ctq.total": {"02": 40.0}, "gad7.total": {"01": 3.0}}
    assert read_covariates(path, scales) == {
        "vocabulary": {"01": 30.0},
        "age": {"01": 30.0, "02": 25.0},
        "sex": {"01": 0.0, "02": 1.0, "03": 0.0},
        "trauma": {"02": 40.0},
    }


def test_a_third_sex_has_a_column_of_its_own(tmp_path):
    path = tmp_path / "participants.tsv"
    path.write_text("participant_id\tsex\nsub-01\tF\nsub-02\tM\nsub-03\tX\n", "utf-8")
    assert read_covariates(path, {}) == {
        "sex_m": {"01": 0.0, "02": 1.0, "03": 0.0},
        "sex_x": {"01": 0.0, "02": 0.0, "03": 1.0},
    }
    assert read_covariates(tmp_path / "none.tsv", {}) == {}


# -- from a data folder ---------------------------------------------------------------------------


def write_log(data, participant, answers):
    name = f"sub-{participant}_ses-01_task-questionnaire_run-01_log.jsonl"
    log = EventLog(data / f"sourcedata/sub-{participant}/ses-01" / name)
    log.append(
        "header", 0.0, format=1, task="questionnaire", participant=participant, session="01", run=1
    )
    for item, answer in enumerate(answers, start=1):
        log.append(
            "trial",
            5.0 * item,
            trial=item,
            block=1,
            attempt=1,
            design={"item": item, "instrument": "gad7"},
            outcome={"response": answer, "rt_s": 2.0, "missed": False},
        )
    log.append("end", 900.0, completed=True, trials=len(answers))
    log.close()


def test_logs_of_a_questionnaire_become_scores_beside_the_indices(tmp_path):
    for participant, answers in zip(("NA", "007", "1e5"), ITEMS, strict=False):
        write_log(tmp_path, participant, answers)
    out = analyse(tmp_path, n_splits=0).out
    table = read_table(out / "phenotype_gad7.tsv").set_index("participant_id")
    assert table.loc["sub-NA", "total"] == sum(ITEMS[0])
    scales = read_table(out / "scales.tsv").set_index("scale")
    assert (scales.loc["total", "n_people"], scales.loc["total", "n_screen"]) == (3, 3)
    ignored = (out / ".bidsignore").read_text("utf-8").split()
    assert {"scales.tsv", "phenotype_gad7.tsv"} <= set(ignored)
    assert not (tmp_path / "phenotype").exists()
