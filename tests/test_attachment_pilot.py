"""The drawn people: intact, matched, and drawn again alike."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

import stimuli.attachment_pilot
from mbtexp.stimuli import manifest, read_set, verify
from stimuli.attachment_pilot.draw import describe, drawn, main, oval, scrambled
from stimuli.attachment_pilot.people import plans

FOLDER = Path(stimuli.attachment_pilot.__file__).parent
SET = read_set(FOLDER)


def pixels(name: str) -> npt.NDArray[Any]:
    with Image.open(FOLDER / f"{name}.png") as picture:
        assert picture.mode == "L"
        return np.asarray(picture)


def test_every_picture_of_the_committed_set_is_intact_and_called_a_pilot() -> None:
    verify(SET)
    assert SET.kind == "pilot"
    assert "pilot set" in SET.title
    assert sum(SET.path(item).stat().st_size for item in SET.items) < 4_000_000


def test_each_person_has_eight_pictures_and_each_infant_four_of_each_expression() -> None:
    faces = [item.attributes for item in SET.items if "person" in item.attributes]
    adults = Counter(a["condition"] for a in faces if a["group"] == "adult")
    assert adults == dict.fromkeys(("own", "acquainted", "friend", "unfamiliar"), 8)
    infants = Counter((a["condition"], a["expression"]) for a in faces if a["group"] == "infant")
    assert set(infants.values()) == {4}
    assert len(infants) == 6
    balance = Counter((a["condition"], a["expression"]) for a in faces if a["group"] == "adult")
    assert set(balance.values()) == {4}


def test_luminance_and_contrast_are_those_of_every_other_picture() -> None:
    weight = oval()
    means, spreads = [], []
    for item in SET.items:
        grey = pixels(item.id).astype(float)
        assert grey.shape == (item.height_px, item.width_px)
        mean = (grey * weight).sum() / weight.sum()
        means.append(mean)
        spreads.append(np.sqrt((weight * (grey - mean) ** 2).sum() / weight.sum()))
        assert set(grey[[0, 0, -1, -1], [0, -1, 0, -1]]) == {128.0}
    assert max(means) - min(means) < 1.0
    assert max(spreads) - min(spreads) < 1.0


def test_a_scrambled_picture_has_every_grey_of_its_face_in_another_place() -> None:
    for number in range(1, 9):
        face, mixed = pixels(f"P1_{number:02d}"), pixels(f"S1_{number:02d}")
        assert np.array_equal(np.bincount(face.ravel()), np.bincount(mixed.ravel()))
        assert (face != mixed).mean() > 0.4
    assert np.array_equal(scrambled(pixels("P1_01"), "P1_01"), pixels("S1_01"))


def test_no_two_pictures_are_alike() -> None:
    assert len({item.sha256 for item in SET.items}) == len(SET.items) == 68


def test_the_generator_draws_a_committed_picture_again() -> None:
    plan = next(plan for plan in plans() if plan.id == "P6_02")
    assert np.array_equal(drawn(plan), pixels("P6_02"))


def test_the_manifest_is_made_again_from_the_files() -> None:
    files = {item.id: (SET.path(item).read_bytes(), dict(item.attributes)) for item in SET.items}
    assert manifest(describe(files, FOLDER)) == (FOLDER / "manifest.json").read_bytes()


def test_the_command_needs_a_folder_to_write_into(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([])
    assert "--out" in capsys.readouterr().err
