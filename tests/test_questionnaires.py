"""Questionnaires: keys against vectors worked by hand, and the tables that labs really have."""

from __future__ import annotations

import importlib.resources
import json
import re
from pathlib import Path

import numpy as np
import pytest

from analysis.questionnaire_files import import_answers
from analysis.questionnaires import find_instrument, instruments, read_instrument, scores
from mbtexp import bids, cli
from mbtexp.bids.check import check
from mbtexp.errors import DataError, SettingError

ROOT = Path(__file__).parents[1]


def scored(name, answers):
    found = scores(find_instrument(name), np.array([answers], dtype=float))
    return {scale: float(value[0]) for scale, value in found.items()}


# -- keys -----------------------------------------------------------------------------------------


def test_the_ecr_r_is_scored_as_by_hand():
    # All 7: anxiety (16 x 7 + 2 x 1)/18, avoidance (6 x 7 + 12 x 1)/18.
    assert scored("ecr_r", [7] * 36) == pytest.approx({"anxiety": 114 / 18, "avoidance": 3.0})
    # Answers 1 to 7 in turn. Anxiety: the raw sum is 66; item 9 goes from 2 to 6, item 11 stays 4.
    # Avoidance: the raw sum is 75; its twelve reversed items have 50 of it, which becomes 46.
    turns = [(k % 7) + 1 for k in range(36)]
    assert scored("ecr_r", turns) == pytest.approx({"anxiety": 70 / 18, "avoidance": 71 / 18})


def test_the_key_of_the_ecr_r_has_the_published_reversed_items():
    scales = {scale.name: scale for scale in find_instrument("ecr_r").scales}
    assert scales["anxiety"].reverse == {9, 11}
    assert scales["avoidance"].reverse == {20, 22, *range(26, 32), *range(33, 37)}
    assert [len(scale.items) for scale in scales.values()] == [18, 18]


def test_the_rfq_is_recoded_as_its_authors_say():
    # C: 3 2 1 0 0 0 over items 1-6; U: items 2 4 5 6 8 give 0 0 1 2 0, item 7 turned gives 0.
    answers = [1, 2, 3, 4, 5, 6, 7, 1]
    found = scored("rfq8", answers)
    assert found["certainty"] == pytest.approx(6 / 6)
    assert found["uncertainty"] == pytest.approx(3 / 6)
    assert found["single"] == pytest.approx((1 + 2 + 3 + 4 + 5 + 6 + 1 + 1) / 8)
    # Item 7 alone: 1 = 3, 2 = 2, 3 = 1, 4 and above = 0.
    for given, points in zip(range(1, 8), (3, 2, 1, 0, 0, 0, 0), strict=True):
        alone = scored("rfq8", [4, 4, 4, 4, 4, 4, given, 4])
        assert alone["uncertainty"] == pytest.approx(points / 6)
    assert scored("rfq8", [4] * 8)["certainty"] == 0


def test_sums_are_sums_and_their_ends_are_the_published_ones():
    assert scored("phq9", [0, 1, 2, 3, 0, 1, 2, 3, 1])["total"] == 13
    assert scored("gad7", [3, 0, 1, 2, 2, 1, 0])["total"] == 9
    assert scored("msi_bpd", [1, 0, 1, 1, 0, 0, 1, 1, 1, 1])["total"] == 7
    ends = {"phq9": (9, 27), "gad7": (7, 21), "msi_bpd": (10, 10)}
    for name, (items, top) in ends.items():
        highest = find_instrument(name).maximum
        assert scored(name, [highest] * items)["total"] == top


def test_missing_answers_are_filled_up_to_the_rule_and_not_beyond():
    one, two = [np.nan] + [2] * 8, [np.nan] * 2 + [2] * 7
    assert scored("phq9", one)["total"] == pytest.approx(18)
    assert np.isnan(scored("phq9", two)["total"])
    assert np.isnan(scored("msi_bpd", [np.nan] + [1] * 9)["total"])
    found = scored("ecr_r", [np.nan] * 3 + [4] * 33)
    assert found == {"anxiety": 4, "avoidance": 4}
    assert np.isnan(scored("ecr_r", [np.nan] * 4 + [4] * 32)["anxiety"])


@pytest.mark.parametrize("answers", [[8] + [1] * 7, [0] + [1] * 7, [1.5] + [1] * 7, [1] * 7])
def test_answers_outside_the_range_are_refused(answers):
    with pytest.raises(ValueError, match=r"rfq8 has 8|1 to 7"):
        scored("rfq8", answers)


def test_wording_is_shipped_only_where_it_is_free_and_protected_tests_are_not_there():
    known = instruments()
    assert {name for name, one in known.items() if any(one.items)} == {"phq9", "gad7"}
    assert not {"ctq", "pai_bor", "panas"} & set(known)
    assert all(one.licence and one.citation for one in known.values())


def test_the_data_files_are_part_of_the_package():
    folder = importlib.resources.files("mbtexp") / "instruments"
    files = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".toml"))
    assert files == sorted(f"{name}.toml" for name in instruments())


# -- a lab's own instrument -----------------------------------------------------------------------

OWN = """\
name = "own"
title = "Own"
citation = "The lab"
licence = "ours"
minimum = 1
maximum = 3
n_items = 3
columns = ["A", "B", "C"]

[[scales]]
name = "total"
description = "Sum"
items = [1, 2, 3]
reverse = [2]
rule = "sum"
missing = 0.0
"""


def own(study, text=OWN):
    folder = study / "code" / "instruments"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "own.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_lab_adds_an_instrument_with_its_own_column_names(tmp_path):
    own(tmp_path)
    answers = tmp_path / "answers.csv"
    answers.write_text("id,A,B,C\n01,1,1,3\n", encoding="utf-8")
    import_answers(answers, tmp_path)
    assert (tmp_path / "phenotype/own.tsv").read_text("utf-8").splitlines() == [
        "participant_id\town_1\town_2\town_3\ttotal",
        "sub-01\t1\t1\t3\t7",
    ]


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("n_items = 3\n", "", "'n_items' is missing"),
        ("maximum = 3", "maximum = 1", "anchors must be"),
        ("reverse = [2]", "reverse = [4]", "names an item that is not there"),
        ("missing = 0.0", "missing = 1.0", "from 0 to below 1"),
        ('rule = "sum"', 'rule = "median"', "rule is mean or sum"),
        ("reverse = [2]", "reversed = [2]", "did you mean 'reverse'"),
        ("reverse = [2]", "recode = [1, 2]", "must have 3 values"),
        ('"C"]', '"C", "D"]', "columns must be 3"),
        ("n_items = 3", 'items = ["a", "b", "c"]', "may it be given away"),
        ('name = "own"', 'name = "Own thing"', "small letters"),
        ("minimum = 1", "minimum =", "not TOML"),
    ],
)
def test_a_mistake_in_an_own_instrument_is_told(tmp_path, before, after, told):
    assert before in OWN
    with pytest.raises(DataError, match=re.escape(told)):
        read_instrument(own(tmp_path, OWN.replace(before, after, 1)))


def test_the_template_of_the_documentation_is_an_instrument(tmp_path):
    page = (ROOT / "docs" / "questionnaires.md").read_text("utf-8")
    found = re.search(r"```text\n(.*?)```", page, re.DOTALL)
    assert found is not None
    assert len(read_instrument(own(tmp_path, found[1])).items) == 4


def test_an_unknown_instrument_gets_a_hint():
    with pytest.raises(SettingError, match="did you mean 'phq9'"):
        find_instrument("phq")


# -- tables ---------------------------------------------------------------------------------------

GAD = [f"gad7_{n}" for n in range(1, 8)]


def table(rows, *, header=("participant_id", *GAD), separator=",", end="\n", bom=b""):
    lines = [separator.join(map(str, cells)) for cells in (header, *rows)]
    return bom + (end.join(lines) + end).encode()


def brought(study, content, instrument=None):
    path = study / "answers.csv"
    path.write_bytes(content)
    done = import_answers(path, study, instrument)
    return done, [
        line.split("\t") for line in (study / "phenotype/gad7.tsv").read_text("utf-8").splitlines()
    ]


def test_labels_stay_text_and_missing_answers_are_missing(tmp_path):
    rows = [("NA", 1, 1, 1, 1, 1, 1, "NA"), ("007", *[0] * 7), ("1e5", *["n/a"] * 3, *[1] * 4)]
    _, lines = brought(tmp_path, table(rows))
    assert [line[0] for line in lines[1:]] == ["sub-007", "sub-1e5", "sub-NA"]
    assert lines[2][-1] == "n/a"
    assert lines[3] == ["sub-NA", "1", "1", "1", "1", "1", "1", "n/a", "7"]


@pytest.mark.parametrize(
    "content",
    [
        table([("01", *[2] * 7)]),
        table([("01", *[2] * 7)], separator=";", end="\r\n", bom=b"\xef\xbb\xbf"),
        table([("sub-01", *["2,0"] * 7)], separator=";"),
        table([("01", *['"2,0"'] * 7)]),
        table([("01", *["2.0"] * 7)], separator="\t"),
        table([("01", *["More than half the days"] * 7)]),
        table([("01", *[2] * 7)], header=("Record_ID", *(f"GAD-7 {n:02d}" for n in range(1, 8)))),
        table([("01", *[2] * 7)], header=("id", *(f"gad_item{n}" for n in range(1, 8)))),
    ],
    ids=["csv", "excel", "comma-decimals", "quoted", "tabs", "labels", "spelling", "items"],
)
def test_the_ways_in_which_tables_come_give_the_same_file(tmp_path, content):
    _, lines = brought(tmp_path, content)
    assert lines[1:] == [["sub-01", *["2"] * 7, "14"]]


def test_names_and_free_text_are_left_out_and_told(tmp_path):
    header = ("participant_id", "Name", *GAD, "comments")
    done, lines = brought(tmp_path, table([("01", "Secret", *[1] * 7, "private")], header=header))
    assert lines[0] == ["participant_id", *GAD, "total"]
    written = b"".join(path.read_bytes() for path in done.files)
    assert b"Secret" not in written
    assert b"private" not in written
    assert any("Left out" in told and "Name, comments" in told for told in done.told)


def test_text_in_an_item_is_refused_without_repeating_it(tmp_path):
    with pytest.raises(DataError, match=r"line 2, column gad7_3") as caught:
        brought(tmp_path, table([("01", 1, 1, "a secret", 1, 1, 1, 1)]))
    assert "secret" not in str(caught.value)
    assert not (tmp_path / "phenotype").exists()


@pytest.mark.parametrize("value", ["4", "-99", "1.5"])
def test_a_number_outside_the_range_is_refused_with_its_place(tmp_path, value):
    with pytest.raises(DataError, match=r"line 2, column gad7_1.*0 to 3"):
        brought(tmp_path, table([("01", value, *[1] * 6)]))


def test_visits_of_redcap_are_sessions_and_lines_of_other_forms_are_passed_over(tmp_path):
    header = ("record_id", "redcap_event_name", *GAD)
    rows = [("01", "visit_1", *[1] * 7), ("01", "visit_2", *[2] * 7), ("01", "other", *[""] * 7)]
    _, lines = brought(tmp_path, table(rows, header=header))
    assert [line[:2] for line in lines] == [
        ["participant_id", "session_id"],
        ["sub-01", "ses-visit1"],
        ["sub-01", "ses-visit2"],
    ]


def test_the_same_person_twice_is_refused(tmp_path):
    with pytest.raises(DataError, match="line 3: sub-01 answered gad7 twice"):
        brought(tmp_path, table([("01", *[1] * 7), ("01", *[1] * 7)]))


@pytest.mark.parametrize("label", ["", "M Smith", "müller", "01/02"])
def test_a_label_that_is_no_code_is_refused(tmp_path, label):
    with pytest.raises(DataError, match="letters and digits"):
        brought(tmp_path, table([(label, *[1] * 7)]))


def test_a_second_import_adds_people_and_never_changes_one(tmp_path):
    brought(tmp_path, table([("02", *[1] * 7)]))
    _, first = brought(tmp_path, table([("02", *[1] * 7)]))
    _, lines = brought(tmp_path, table([("01", *[2] * 7)]))
    assert lines == [first[0], ["sub-01", *["2"] * 7, "14"], first[1]]
    with pytest.raises(DataError, match="sub-02 is there with other answers"):
        brought(tmp_path, table([("02", *[3] * 7)]))
    assert (tmp_path / "phenotype/gad7.tsv").read_text("utf-8").count("\n") == 3


def test_a_foreign_table_is_never_overwritten(tmp_path):
    (tmp_path / "phenotype").mkdir()
    theirs = tmp_path / "phenotype/gad7.tsv"
    theirs.write_bytes(b"participant_id\tscore\nsub-01\t5\n")
    with pytest.raises(DataError, match="other columns"):
        brought(tmp_path, table([("01", *[1] * 7)]))
    assert theirs.read_bytes() == b"participant_id\tscore\nsub-01\t5\n"
    assert not theirs.with_suffix(".json").exists()


def test_what_somebody_wrote_into_the_description_stays(tmp_path):
    brought(tmp_path, table([("01", *[1] * 7)]))
    path = tmp_path / "phenotype/gad7.json"
    said = json.loads(path.read_text("utf-8"))
    assert said["total"]["Derivative"] is True
    assert said["gad7_1"]["Levels"]["3"] == "Nearly every day"
    path.write_text(json.dumps({**said, "total": {"Description": "theirs"}}), "utf-8")
    brought(tmp_path, table([("02", *[1] * 7)]))
    assert json.loads(path.read_text("utf-8"))["total"] == {"Description": "theirs"}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "empty"),
        (b"\xff\xfe\x00x", "CSV UTF-8"),
        (table([("01", *[1] * 6)]), "line 2 has 7 cells"),
        (table([("x", *[1] * 7)], header=("whom", *GAD)), "no column says who"),
        (table([("01", 1)], header=("id", "gad7_1")), "not all 7 columns"),
        (table([("01", 1, 1)], header=("id", "a", "a")), "there twice"),
    ],
)
def test_a_table_that_cannot_be_read_is_told_in_plain_words(tmp_path, content, told):
    with pytest.raises(DataError, match=told):
        brought(tmp_path, content, "gad7")


def test_an_answer_that_somebody_must_act_upon_is_told_by_the_command(tmp_path, capsys):
    header = ("participant_id", *(f"phq9_{n}" for n in range(1, 10)))
    path = tmp_path / "answers.csv"
    path.write_bytes(table([("01", *[0] * 8, 1), ("02", *[0] * 9)], header=header))
    words = ["questionnaires", "import", str(path), "--data", str(tmp_path)]
    assert cli.main(words) == 0
    told = capsys.readouterr().out
    assert "sub-01 answered above 0 on item 9" in told
    assert "sub-02 answered" not in told
    assert cli.main(["questionnaires", "list"]) == 0
    assert "ecr_r_1 to ecr_r_36" in capsys.readouterr().out


def test_our_own_checks_of_a_data_set_find_nothing_in_the_files(tmp_path):
    (tmp_path / "participants.tsv").write_bytes(b"participant_id\nsub-01\n")
    done, _ = brought(tmp_path, table([("01", *[1] * 7)]))
    assert check(tmp_path) == []
    assert not any("Not in participants.tsv" in told for told in done.told)


@pytest.mark.readers
def test_the_official_validator_finds_no_error_and_no_warning_in_them(tmp_path):
    description = {"Name": "n", "BIDSVersion": "1.10.0", "DatasetType": "raw"}
    (tmp_path / "dataset_description.json").write_text(json.dumps(description), "utf-8")
    (tmp_path / "README.md").write_text("A study.\n" * 20, "utf-8")
    (tmp_path / "participants.tsv").write_bytes(b"participant_id\nsub-01\nsub-02\n")
    (tmp_path / "participants.json").write_text(
        json.dumps({"participant_id": {"Description": "label"}}), "utf-8"
    )
    before = bids.validate(tmp_path)
    header = ["record_id", "redcap_event_name"]
    cells = ["01", "visit_1"]
    for one in instruments().values():
        header += [f"{one.aliases[0]}_{n}" for n in range(1, len(one.items) + 1)]
        cells += [str(one.maximum)] * len(one.items)
    path = tmp_path.parent / "answers.csv"
    path.write_bytes(table([cells], header=header))
    done = import_answers(path, tmp_path)
    assert len(done.files) == 2 * len(instruments())
    after = bids.validate(tmp_path)
    assert (set(after.errors), set(after.warnings)) == (set(before.errors), set(before.warnings))
