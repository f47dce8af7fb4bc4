"""The word set of the polysemy task: matched as published, pseudowords that are no words."""

from __future__ import annotations

import csv
import hashlib
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mbtexp.errors import StimulusError
from mbtexp.stimuli import MANIFEST, find_set, manifest, read_set, verify
from stimuli.polysemy import build, pseudowords
from stimuli.polysemy.match import cells_of, match, report
from stimuli.polysemy.pseudowords import english, rows, table
from stimuli.polysemy.sound import sounds
from stimuli.polysemy.spelling import (
    ends_like_a_form_of,
    is_compound_of,
    is_slip_of,
    lexicon,
    spellable,
)

FOLDER = Path(build.__file__).parent
SPELLING = ("bigram", "neighbours")
COLUMNS = ("prime", *pseudowords.TARGETS, "unrelated_prime")


def test_the_set_is_found_and_every_row_is_as_the_manifest_has_it() -> None:
    words = find_set("polysemy")
    verify(words)
    assert (words.kind, words.language) == ("open", "en")
    assert words.inventory() == "658 rows of 3 tables"
    assert any("norm it" in warning for warning in words.warnings)


def test_building_the_manifest_again_gives_the_same_bytes() -> None:
    assert manifest(build.built(FOLDER)) == (FOLDER / MANIFEST).read_bytes()


@pytest.mark.parametrize("name", build.TABLES)
def test_a_changed_word_is_found_before_a_run(name: str, tmp_path: Path) -> None:
    for file in (*build.TABLES, MANIFEST):
        shutil.copy(FOLDER / file, tmp_path)
    content = (tmp_path / name).read_text(encoding="utf-8")
    (tmp_path / name).write_text(content.replace("a", "e", 1), encoding="utf-8")
    told = rf"the table .*{re.escape(name)} was changed; reinstall mbtexp, or make the manifest"
    with pytest.raises(StimulusError, match=told):
        verify(read_set(tmp_path))
    (tmp_path / name).unlink()
    with pytest.raises(StimulusError, match=rf"the table .*{re.escape(name)} cannot be read"):
        verify(read_set(tmp_path))


def test_a_table_that_is_missing_or_has_no_ids_is_told(tmp_path: Path) -> None:
    with pytest.raises(StimulusError, match=r"words\.csv: the table cannot be read"):
        build.built(tmp_path)
    (tmp_path / "words.csv").write_text("prime\nring\n", encoding="utf-8")
    with pytest.raises(StimulusError, match="must name the columns, 'id' among them"):
        build.built(tmp_path)


def test_every_word_of_the_set_stands_in_it_once() -> None:
    words = [row[column] for row in rows("words.csv") for column in COLUMNS]
    for row in rows("fillers.csv"):
        words += [row[column] for column in ("prime", "target") if row[column]]
    words += [row["pseudoword"] for row in rows("pseudowords.csv")]
    assert len(words) == len(set(words)) == 608 + 222 + 466


def test_no_target_begins_like_its_prime() -> None:
    for row in rows("words.csv"):
        assert not [t for t in pseudowords.TARGETS if row[t][:4] == row["prime"][:4]]


def test_the_cells_have_the_means_of_the_list() -> None:
    found = {
        (row.cell, row.measure): (round(row.mean, 2), row.n) for row in report(find_set("polysemy"))
    }
    assert found["attachment targets", "length"] == (6.97, 152)
    assert found["attachment targets", "zipf"] == (3.90, 152)
    assert found["control targets", "length"] == (6.94, 152)
    assert found["control targets", "zipf"] == (3.91, 152)
    assert found["other-sense targets", "length"] == (5.38, 152)
    assert found["other-sense targets", "zipf"] == (4.47, 152)
    assert found["primes", "length"] == found["unrelated primes", "length"] == (5.26, 76)


def test_differences_are_in_pooled_standard_deviations() -> None:
    a = [{"length": 4.0, "zipf": 3.0}, {"length": 8.0, "zipf": 5.0}]
    b = [{"length": 5.0, "zipf": 4.0}, {"length": 5.0, "zipf": 4.0}]
    difference = {r.measure: r for r in match({"a": a, "b": b}, [("a", "b")]) if r.d is not None}
    assert difference["length"].mean == 1.0
    assert difference["length"].d == pytest.approx(1 / 2.0)
    assert difference["zipf"].d == 0.0
    assert match({"a": a[:1]}, [])[0].sd is None


def test_the_report_can_be_asked_for_the_primes_that_a_lab_keeps() -> None:
    cells = cells_of(find_set("polysemy"), ["PW01", "PW02"])
    assert [len(cells[name]) for name in ("primes", "attachment targets", "pseudowords")] == [
        2,
        4,
        12,
    ]


def test_pseudowords_are_as_long_as_their_targets_or_a_letter_longer() -> None:
    longer = 0
    for row in rows("pseudowords.csv"):
        assert int(row["length"]) == len(row["pseudoword"])
        longer += len(row["pseudoword"]) - len(row["matched_to"])
        assert len(row["pseudoword"]) - len(row["matched_to"]) in (0, 1)
        assert len(row["pseudoword"]) >= 4
        assert (row["zipf_en"], row["zipf_de"], row["homophone"]) == ("0", "0", "none")
    assert longer == 20


def test_pseudowords_are_spelt_like_their_targets_and_have_as_many_neighbours() -> None:
    made = [row for row in rows("pseudowords.csv") if row["slot"] != "practice"]
    own, theirs = (
        {measure: np.array([float(row[f"{of}{measure}"]) for row in made]) for measure in SPELLING}
        for of in ("", "target_")
    )
    assert abs(own["neighbours"].mean() - theirs["neighbours"].mean()) < 0.3
    assert abs(own["bigram"].mean() - theirs["bigram"].mean()) < 0.01
    for measure, least in zip(SPELLING, (0.93, 0.87), strict=True):
        assert np.corrcoef(own[measure], theirs[measure])[0, 1] > least
    none = [(cell["neighbours"] == 0).mean() for cell in (own, theirs)]
    assert none == [pytest.approx(0.55, abs=0.01), pytest.approx(0.52, abs=0.01)]


def test_the_report_tells_how_pseudowords_are_spelt() -> None:
    found = {(r.cell, r.measure): r for r in report(find_set("polysemy"))}
    difference = found["all targets - pseudowords", "neighbours"]
    assert difference.mean == pytest.approx(0.265, abs=0.001)
    assert abs(difference.d or 1) < 0.1
    assert ("primes", "neighbours") not in found


def test_a_table_of_ones_own_may_leave_the_spelling_out() -> None:
    words = find_set("polysemy")
    left_out = {"bigram", "target_bigram", "neighbours", "target_neighbours"}
    bare = replace(
        words,
        items=tuple(
            replace(i, attributes={k: v for k, v in i.attributes.items() if k not in left_out})
            for i in words.items
        ),
    )
    assert {row.measure for row in report(bare)} == {"length", "zipf"}


def test_every_target_has_its_pseudoword() -> None:
    made_for = {row["matched_to"] for row in rows("pseudowords.csv")}
    assert {row[t] for row in rows("words.csv") for t in pseudowords.TARGETS} <= made_for


def test_no_pseudoword_sounds_like_a_word_of_the_set() -> None:
    heard = {
        sound for row in rows("words.csv") for column in COLUMNS for sound in sounds(row[column])
    }
    clashes = [
        row["pseudoword"] for row in rows("pseudowords.csv") if sounds(row["pseudoword"]) & heard
    ]
    assert clashes == []


@pytest.mark.parametrize(
    ("spelt", "word"),
    [
        ("brane", "brain"),
        ("nite", "night"),
        ("phocks", "fox"),
        ("kwick", "quick"),
        ("rong", "wrong"),
        ("tapt", "tapped"),
        ("sope", "soap"),
        ("jem", "gem"),
        ("lam", "lamb"),
        ("tawt", "taught"),
        ("skool", "school"),
        ("burd", "bird"),
        ("jackle", "jackal"),
        ("doller", "dollar"),
    ],
)
def test_a_string_that_sounds_like_a_word_is_known_by_the_rules(spelt: str, word: str) -> None:
    assert sounds(spelt) & sounds(word)


@pytest.mark.parametrize(
    ("one", "other"), [("mat", "mate"), ("pin", "pine"), ("cow", "coy"), ("ring", "rink")]
)
def test_words_that_sound_different_stay_apart(one: str, other: str) -> None:
    assert not sounds(one) & sounds(other)


def test_neighbours_differ_in_one_letter_and_forms_and_compounds_are_known() -> None:
    known = lexicon(["cat", "cot", "car", "cart", "bland", "house", "boat"])
    assert known.neighbours("cat") == 2
    assert ends_like_a_form_of("blanded", known.words)
    assert not ends_like_a_form_of("blanter", known.words)
    assert is_compound_of("houseboat", known.words)


def test_a_word_with_a_letter_left_out_or_two_swapped_is_a_slip_and_a_changed_letter_is_not() -> (
    None
):
    words = {"garage", "bland"}
    assert all(is_slip_of(string, words) for string in ("garag", "garge", "balnd", "blad"))
    assert not any(is_slip_of(string, words) for string in ("garape", "blend", "blands"))


def test_all_strings_that_are_spelt_like_words_are_listed() -> None:
    known = lexicon(["cat", "cot", "bat", "bot"], rarest_part=1)
    assert spellable(3, known, rarest_trigram=1) == ["bat", "bot", "cat", "cot"]
    assert spellable(3, known, rarest_trigram=2) == []


def test_pseudowords_that_are_behind_in_neighbours_catch_up_a_little() -> None:
    assert [pseudowords.ahead(n) for n in (0, 1, 2, 3, 20)] == [0, 1, 1, 2, 2]


def test_a_pseudoword_passes_only_if_nothing_speaks_against_it() -> None:
    known = lexicon(["stone", "shine", "bland", "house", "boat"])
    heard = frozenset(sounds("stone"))
    language = pseudowords.English(
        known, known.words, heard, lambda word, _: 3.0 if word == "mobe" else 0.0
    )
    assert pseudowords.passes("flade", language)
    for bad in ("mobe", "stoan", "blanded", "houseboat", "slutter", "blnad", "shne"):
        assert not pseudowords.passes(bad, language)


def test_another_version_of_the_frequency_list_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pseudowords.importlib.metadata, "version", lambda _: "2.0")
    with pytest.raises(StimulusError, match=r"wordfreq 3\.1\.1 and found is 2\.0"):
        english()


@pytest.mark.slow
def test_the_generator_gives_the_committed_table_byte_for_byte() -> None:
    pytest.importorskip(
        "wordfreq", reason="wordfreq is needed to make pseudowords, not to use them"
    )
    committed = (FOLDER / "pseudowords.csv").read_bytes()
    assert hashlib.sha256(table(english())).digest() == hashlib.sha256(committed).digest()


def test_the_tables_are_plain_csv_with_unix_line_ends() -> None:
    for name in build.TABLES:
        content = (FOLDER / name).read_bytes()
        assert b"\r" not in content
        widths = {len(row) for row in csv.reader(content.decode().splitlines())}
        assert len(widths) == 1
