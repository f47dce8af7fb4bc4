"""The pilot set of faces: what its manifest says is what is drawn, and its design is balanced."""

from __future__ import annotations

import io
from collections import Counter
from itertools import groupby

import numpy as np
import pytest
from PIL import Image

from mbtexp.stimuli import Item, find_set, manifest, verify
from stimuli.faces.mask import scrambled
from stimuli.faces.render import render
from stimuli.trust_pilot.design import MORPH_STEPS, STEPS, plans
from stimuli.trust_pilot.draw import attributes, describe, png

PILOT = find_set("trust_pilot")


def of_role(role: str) -> list[Item]:
    return [item for item in PILOT.items if item.attributes["role"] == role]


def test_every_file_is_as_the_manifest_has_it_and_the_set_is_called_a_pilot() -> None:
    verify(PILOT)
    assert PILOT.kind == "pilot"
    assert "pilot" in PILOT.title
    assert "not normed" in PILOT.title
    sizes = [PILOT.path(item).stat().st_size for item in PILOT.items]
    assert (
        max(s for s, i in zip(sizes, PILOT.items, strict=True) if i.attributes["role"] != "mask")
        < 60_000
    )
    assert sum(sizes) < 6_000_000


def test_steps_sex_and_age_are_crossed() -> None:
    faces = of_role("face")
    assert Counter(i.attributes["sex"] for i in faces) == {"f": 50, "m": 50}
    cells = Counter((i.attributes["sex"], i.attributes["trust"]) for i in faces)
    assert set(cells.values()) == {5}
    assert len(cells) == 2 * len(STEPS)
    older = Counter((i.attributes["sex"], i.attributes["age"] > 40) for i in faces)
    assert set(older.values()) == {25}
    for _, group in groupby(sorted(faces, key=_trust), key=_trust):
        ages = [item.attributes["age"] > 40 for item in group]
        assert sum(ages) in (4, 5, 6)
    trust = np.array([i.attributes["trust"] for i in faces], dtype=float)
    age = np.array([i.attributes["age"] for i in faces], dtype=float)
    assert abs(np.corrcoef(trust, age)[0, 1]) < 0.1


def _trust(item: Item) -> float:
    return float(item.attributes["trust"])


def test_nobody_s_age_is_near_the_middle() -> None:
    ages = [i.attributes["age"] for i in of_role("face")]
    assert not [age for age in ages if 34 <= age <= 45]
    assert (min(ages), max(ages)) == (20, 63)


def test_continua_have_seven_even_steps_of_one_person() -> None:
    by_person: dict[str, list[float]] = {}
    for item in of_role("morph"):
        by_person.setdefault(str(item.attributes["identity"]), []).append(_trust(item))
    assert len(by_person) == 4
    assert all(steps == [4.0 + step for step in MORPH_STEPS] for steps in by_person.values())


def test_the_design_gives_the_manifest_again() -> None:
    drawn = plans()
    assert [plan.id for plan in drawn] == [item.id for item in PILOT.items]
    assert [attributes(plan) for plan in drawn] == [dict(i.attributes) for i in PILOT.items]
    described = describe(drawn, [item.sha256 for item in PILOT.items], PILOT.folder)
    assert manifest(described) == (PILOT.folder / "manifest.json").read_bytes()


def drawn_again(item: Item) -> bool:
    """Whether the generator gives the item's pixels; files may be packed otherwise elsewhere."""
    (plan,) = [plan for plan in plans() if plan.id == item.id]
    with Image.open(io.BytesIO(png(plan))) as now, Image.open(PILOT.path(item)) as then:
        return np.array_equal(np.asarray(now), np.asarray(then))


@pytest.mark.parametrize("item_id", ["f07", "m42", "mask2"])
def test_a_picture_is_drawn_again_pixel_for_pixel(item_id: str) -> None:
    assert drawn_again(PILOT.item(item_id))


@pytest.mark.slow
def test_some_of_the_pictures_are_drawn_again() -> None:
    assert all(drawn_again(item) for item in PILOT.items[::30])


def test_no_tile_of_a_mask_lies_where_it_came_from() -> None:
    (plan,) = [plan for plan in plans() if plan.id == "f01"]
    face = render(plan.face)
    mask = scrambled(face, seed=1, margin=0.22)
    assert mask.shape == face.shape
    assert np.abs(mask.astype(int) - face)[150:450, 125:375].mean() > 25
    corner = mask[:100, :100].std()
    assert corner > 10 > face[:100, :100].std()
    assert np.array_equal(scrambled(face, seed=1), scrambled(face, seed=1))
