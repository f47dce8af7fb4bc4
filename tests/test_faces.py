"""Drawn faces: the same numbers give the same picture; each number moves what it names."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from stimuli.faces.face import HAIR_F, HAIR_M, HAPPY, SAD, Face, random_face, random_infant
from stimuli.faces.head import Plan, outline
from stimuli.faces.render import png, render


def _face() -> Face:
    return random_face("f", age=30, seed=7)


def test_the_same_face_gives_the_same_bytes() -> None:
    assert png(_face()) == png(random_face("f", age=30, seed=7))


def test_a_picture_is_eight_bit_grey_small_and_without_metadata() -> None:
    data = png(_face())
    with Image.open(io.BytesIO(data)) as picture:
        assert (picture.mode, picture.size) == ("L", (500, 600))
        assert not picture.info
    assert len(data) < 60_000


def test_two_seeds_are_two_people() -> None:
    one, other = render(_face()), render(random_face("f", age=30, seed=8))
    assert np.abs(one.astype(float) - other).mean() > 4


def test_the_trust_axis_moves_the_five_features_and_nothing_beside_the_face() -> None:
    low, high = _face().with_trust(-3), _face().with_trust(3)
    plans = Plan(low), Plan(high)
    inner = [float(plan.brow(1, np.array([-0.95]))[0]) for plan in plans]
    corner = [float(plan.mouth_line(np.array([1.0]))[0]) for plan in plans]
    assert inner[1] < inner[0] - 8
    assert corner[1] < corner[0] - 5
    assert plans[1].cheekbone > plans[0].cheekbone
    assert plans[1].sellion < plans[0].sellion
    chin = [float(outline(face, np.array([2.95]))[0]) for face in (low, high)]
    assert chin[1] > chin[0] + 1
    changed = np.abs(render(low).astype(int) - render(high))
    assert changed[:60].max() == 0
    assert changed[200:500].max() > 40


@pytest.mark.parametrize("step", [-3.0, -1.0, 1.0, 3.0])
def test_age_identity_and_hair_do_not_move_with_trust(step: float) -> None:
    moved = _face().with_trust(step)
    assert moved.with_trust(0.0) == _face()


def test_a_smile_lifts_the_corners_and_sadness_drops_them() -> None:
    def corner(face: Face) -> float:
        return float(Plan(face).mouth_line(np.array([1.0]))[0])

    rest = corner(_face())
    assert corner(_face().with_expression(HAPPY)) < rest - 4
    assert corner(_face().with_expression(SAD)) > rest + 3


def test_an_infant_has_a_high_forehead_and_a_short_lower_face() -> None:
    infant, adult = random_infant(seed=1), _face()
    assert infant.skull / infant.chin > 1.3 > adult.skull / adult.chin
    assert render(infant).shape == (600, 500)


def test_age_draws_lines_and_greys_dark_hair() -> None:
    young, old = random_face("m", age=22, seed=3), random_face("m", age=75, seed=3)
    assert young.wrinkled == 0 < old.wrinkled
    assert old.hair_shade > young.hair_shade


@pytest.mark.slow
@pytest.mark.parametrize(("sex", "hair"), [("f", h) for h in HAIR_F] + [("m", h) for h in HAIR_M])
def test_every_hair_style_is_drawn_and_leaves_the_eyes_free(sex: str, hair: str) -> None:
    face = random_face(sex, age=35, seed=5, hair=hair)
    plan = Plan(face)
    picture = render(face)
    row, column = round(296 + (face.skull - 216) * 0.4), round(250 + face.eye_gap)
    assert picture[row, column] < 90
    assert plan.inside[row, column] == 1
