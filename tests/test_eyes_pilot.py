from __future__ import annotations

import io
import statistics
from collections import Counter
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import stimuli.eyes_pilot
from mbtexp.stimuli import manifest, read_set, verify
from stimuli.eyes_pilot.design import items
from stimuli.eyes_pilot.draw import describe, file_name, main, png
from stimuli.eyes_pilot.face import Expression, random_face, render
from stimuli.eyes_pilot.words import FAMILIES

FOLDER = Path(stimuli.eyes_pilot.__file__).parent
SET = read_set(FOLDER)
SCORED = [item for item in SET.items if not item.practice]


def pixels(content: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(content)) as picture:
        assert picture.mode == "L"
        return np.asarray(picture)


def test_every_picture_and_word_of_the_committed_set_is_intact():
    verify(SET)
    assert len(SCORED) == 36 and len(SET.items) == 37
    assert SET.kind == "pilot" and "not normed" in SET.title


@pytest.mark.parametrize("number", [6, 22])
def test_the_generator_draws_the_committed_picture_again(number):
    plan = items()[number]
    committed = (FOLDER / file_name(plan)).read_bytes()
    assert np.array_equal(pixels(png(plan)), pixels(committed))


def test_the_generator_writes_the_committed_manifest_again():
    again = describe(items(), [item.sha256 for item in SET.items], FOLDER)
    assert manifest(again) == (FOLDER / "manifest.json").read_bytes()


def test_the_command_needs_a_folder_to_write_into(capsys):
    with pytest.raises(SystemExit):
        main([])
    assert "--out" in capsys.readouterr().err


def test_pictures_are_equal_in_size_luminance_and_contrast_and_small_on_disk():
    means, spreads, sizes = [], [], []
    for item in SET.items:
        content = SET.path(item).read_bytes()
        picture = pixels(content)
        assert picture.shape == (item.height_px, item.width_px) == (505, 866)
        means.append(picture.mean())
        spreads.append(picture.std())
        sizes.append(len(content))
    assert max(means) - min(means) < 1
    assert max(spreads) - min(spreads) < 1
    assert max(sizes) < 120_000 and sum(sizes) < 4_000_000


def test_every_word_is_once_the_target_and_three_times_a_foil():
    for language in ("en", "de"):
        targets = Counter(SET.words(item, language)[item.key] for item in SCORED)
        uses = Counter(word for item in SCORED for word in SET.words(item, language))
        assert set(targets.values()) == {1}
        assert len(uses) == 36 and set(uses.values()) == {4}


def test_no_two_words_meet_in_more_than_one_item():
    pairs = Counter(frozenset(p) for item in SCORED for p in combinations(item.words, 2))
    assert max(pairs.values()) == 1


def test_the_four_words_of_an_item_come_from_four_families():
    family = {word.en: f.name for f in FAMILIES for word in f.words}
    assert all(len({family[word] for word in item.words}) == 4 for item in SCORED)


def test_each_place_holds_the_key_nine_times():
    assert Counter(item.key for item in SCORED) == {0: 9, 1: 9, 2: 9, 3: 9}


def test_sex_and_age_are_balanced_over_the_set_and_within_the_half_forms():
    cells = Counter(
        (item.attributes["form"], item.attributes["sex"], item.attributes["age"]) for item in SCORED
    )
    assert len(cells) == 8 and set(cells.values()) == {4, 5}
    for name in ("form", "sex", "age"):
        assert set(Counter(item.attributes[name] for item in SCORED).values()) == {18}


def test_the_half_forms_are_matched_in_family_valence_and_difficulty():
    half = {f: [i for i in SCORED if i.attributes["form"] == f] for f in "AB"}
    families = {f: Counter(i.attributes["family"] for i in half[f]) for f in "AB"}
    assert families["A"] == families["B"]
    for name, apart in (("valence", 0.15), ("difficulty", 0.05)):
        a, b = (statistics.mean(i.attributes[name] for i in half[f]) for f in "AB")
        assert abs(a - b) < apart


def test_every_word_has_a_meaning_that_does_not_use_it_in_both_languages():
    for language in ("en", "de"):
        for item in SET.items:
            for word in SET.words(item, language):
                assert word not in SET.glossaries[language][word].split()


def test_practice_words_are_used_nowhere_else():
    practice, *rest = SET.items
    assert not set(practice.words) & {word for item in rest for word in item.words}


def test_what_the_eyes_do_shows_in_the_picture():
    face = random_face("F", older=False, seed=5)
    rest = render(face, Expression()).astype(float)
    wide = render(face, Expression(lid=1.0)).astype(float)
    left = render(face, Expression(gaze_x=-1.0)).astype(float)
    right = render(face, Expression(gaze_x=1.0)).astype(float)
    eye = np.s_[255:295, 150:330]

    def dark_centre(picture: np.ndarray) -> float:
        dark = picture[eye] < 60
        return float(np.nonzero(dark)[1].mean())

    assert dark_centre(left) + 15 < dark_centre(rest) < dark_centre(right) - 15
    above = np.s_[228:240, 215:265]
    assert wide[above].mean() != pytest.approx(rest[above].mean(), abs=3)
