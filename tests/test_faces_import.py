"""Importing face databases: the London set where it is at hand, and made-up folders elsewhere."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mbtexp.errors import SettingError, StimulusError
from mbtexp.stimuli import find_importer, verify
from stimuli.faces_import import import_faces, named
from stimuli.faces_pictures import LEFT_EYE, RIGHT_EYE, face_region, luminance, read_template
from stimuli.faces_table import read_table

LONDON = Path(__file__).parents[2] / "shared" / "data" / "faces_london"

at_hand = pytest.mark.skipif(
    not LONDON.is_dir(), reason=f"the sample of the London set is not at {LONDON}"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four pictures of discs for eyes on a grey ground, with a table."""
    place = tmp_path / "some faces"
    place.mkdir()
    for number, shade in enumerate((60, 100, 140, 180)):
        dot(place / f"p{number}.png", shade=shade)
    (place / "faces.csv").write_text(
        "face_id,sex,age\np0,f,20\np1,male,30\np2,F,41\np3,m,50\n", encoding="utf-8"
    )
    return place


def dot(
    path: Path, *, shade: int = 120, eyes: tuple[int, int, int, int] = (420, 520, 570, 505)
) -> None:
    """A picture with two white dots where the eyes are, something of a face, and EXIF."""
    rows, columns = np.mgrid[0:1100, 0:1000]
    picture = np.full((1100, 1000, 3), 210, dtype=np.uint8)
    face = ((columns - 495) / 190) ** 2 + ((rows - 580) / 260) ** 2 < 1
    picture[face] = (shade, shade * 0.9, shade * 0.8)
    picture[face & (rows % 40 < 20)] = (shade * 0.8, shade * 0.75, shade * 0.7)
    for x, y in ((eyes[0], eyes[1]), (eyes[2], eyes[3])):
        picture[(columns - x) ** 2 + (rows - y) ** 2 < 80] = 255
    exif = Image.Exif()
    exif[0x010F] = "a camera"
    Image.fromarray(picture).save(path, exif=exif)


def template(path: Path, eyes: tuple[int, int, int, int] = (420, 520, 570, 505)) -> None:
    path.write_text(
        f"3\n{eyes[0]}.0\t{eyes[1]}.0\n{eyes[2]}.0\t{eyes[3]}.0\n400.0\t500.0\n0\n",
        encoding="utf-8",
    )


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture)


# -- the London set -------------------------------------------------------------------------------


@at_hand
def test_the_london_set_comes_in_whole_and_without_metadata(tmp_path: Path) -> None:
    stimuli = import_faces(LONDON, into=tmp_path, grey=True)
    faces = [item for item in stimuli.items if item.attributes["role"] == "face"]
    assert len(faces) == len(list(LONDON.glob("*.jpg")))
    assert len(stimuli.items) - len(faces) == 4
    assert (stimuli.name, stimuli.kind, stimuli.licence) == ("faces_london", "open", "CC BY 4.0")
    assert dict(stimuli.item("face_001").attributes) == {
        "role": "face",
        "face_id": "001",
        "sex": "f",
        "age": 24.0,
        "group": "white",
    }
    assert any("norms" in warning for warning in stimuli.warnings)
    verify(stimuli)
    for item in stimuli.items:
        with Image.open(stimuli.path(item)) as picture:
            assert not picture.info
            assert not picture.getexif()
            assert (picture.size, picture.mode) == ((500, 600), "L")


@at_hand
def test_the_faces_of_the_london_set_are_equally_bright(tmp_path: Path) -> None:
    some = tmp_path / "some"
    some.mkdir()
    for stem in ("001_03", "004_03", "012_03"):
        shutil.copy(LONDON / f"{stem}.jpg", some)
        shutil.copy(LONDON / f"{stem}.tem", some)
    shutil.copy(LONDON / "london_info.csv", some)
    stimuli = import_faces(some, into=tmp_path, name="london")
    inside = [
        luminance(pixels(stimuli.path(item)))[face_region()]
        for item in stimuli.items
        if item.attributes["role"] == "face"
    ]
    assert np.ptp([values.mean() for values in inside]) < 1
    assert np.ptp([values.std() for values in inside]) < 1.5


# -- alignment, luminance, metadata ---------------------------------------------------------------


def test_eyes_come_to_lie_where_they_belong(folder: Path, tmp_path: Path) -> None:
    for path in folder.glob("*.png"):
        template(path.with_suffix(".tem"))
    stimuli = import_faces(folder, into=tmp_path, name="aligned", grey=True)
    for item in stimuli.items[:4]:
        picture = pixels(stimuli.path(item)).astype(float)
        for x, y in (LEFT_EYE, RIGHT_EYE):
            part = picture[int(y) - 9 : int(y) + 10, int(x) - 9 : int(x) + 10]
            rows, columns = np.nonzero(part > part.max() - 8)
            assert abs(rows.mean() - 9) < 1.0
            assert abs(columns.mean() - 9) < 1.0


def test_faces_without_templates_come_in_and_that_is_told(folder: Path, tmp_path: Path) -> None:
    stimuli = import_faces(folder, into=tmp_path)
    assert stimuli.name == "some_faces"
    assert any("not aligned" in warning for warning in stimuli.warnings)
    inside = [luminance(pixels(stimuli.path(i)))[face_region()] for i in stimuli.items[:4]]
    assert np.ptp([values.mean() for values in inside]) < 1
    with Image.open(stimuli.path(stimuli.items[0])) as picture:
        assert picture.mode == "RGB"
        assert not picture.getexif()


def test_luminance_can_be_left_as_it_is(folder: Path, tmp_path: Path) -> None:
    (folder / "set.toml").write_text('match = false\ntitle = "Discs"\n', encoding="utf-8")
    stimuli = import_faces(folder, into=tmp_path)
    inside = [luminance(pixels(stimuli.path(i)))[face_region()] for i in stimuli.items[:4]]
    assert np.ptp([values.mean() for values in inside]) > 20
    assert stimuli.title == "Discs"


def test_the_importer_is_found_by_its_kind() -> None:
    assert find_importer("faces") is import_faces


# -- norms ----------------------------------------------------------------------------------------


def test_norms_are_joined_by_the_face_s_id(folder: Path, tmp_path: Path) -> None:
    norms = tmp_path / "ratings.csv"
    norms.write_text(
        "Model,Trustworthy,SD,N\np3,4.5,1.1,40\np0,3.25,1,40\np1,2,1,40\np2,5,1,40\npX,3,1,1\n",
        encoding="utf-8",
    )
    stimuli = import_faces(folder, into=tmp_path, instructions=norms)
    trust = {i.attributes["face_id"]: i.attributes["trust"] for i in stimuli.items[:4]}
    assert trust == {"p0": 3.25, "p1": 2.0, "p2": 5.0, "p3": 4.5}
    assert any("1 rows without a picture (pX" in warning for warning in stimuli.warnings)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("face_id,trust\np0,3\np1,2\np2,5\n", "face p3 has no norm of trust"),
        ("face_id,trust\np0,3\np1,2\np2,5\np3,NA\n", "face p3 has no norm of trust"),
        ("face_id,trust\np0,3\np0,2\n", "face p0 occurs twice"),
        ("face_id,trust\np0,8.2\n", "must be on a scale from 1 to 7"),
        ("face_id,trust\np0,good\n", "trust is 'good'; write a number"),
        ("trust\n3\n", "the column 'face_id' is missing"),
    ],
)
def test_norms_that_are_missing_double_or_wrong_are_refused(
    folder: Path, tmp_path: Path, text: str, match: str
) -> None:
    (folder / "norms.csv").write_text(text, encoding="utf-8")
    with pytest.raises(StimulusError, match=match):
        import_faces(folder, into=tmp_path)
    assert not (tmp_path / "some_faces").exists()


# -- what is refused ------------------------------------------------------------------------------


def test_a_face_without_a_row_or_template_is_refused(folder: Path, tmp_path: Path) -> None:
    dot(folder / "p9.png")
    with pytest.raises(StimulusError, match="face p9 has a picture but no row"):
        import_faces(folder, into=tmp_path)
    (folder / "p9.png").unlink()
    template(folder / "p1.tem")
    with pytest.raises(StimulusError, match=r"its template p0\.tem is missing"):
        import_faces(folder, into=tmp_path)


def test_two_pictures_of_a_face_are_refused(folder: Path, tmp_path: Path) -> None:
    shutil.copy(folder / "p0.png", folder / "P0.jpg")
    with pytest.raises(StimulusError, match=r"has two pictures"):
        import_faces(folder, into=tmp_path)


def test_a_damaged_picture_is_refused(folder: Path, tmp_path: Path) -> None:
    (folder / "p2.png").write_bytes((folder / "p2.png").read_bytes()[:500])
    with pytest.raises(StimulusError, match=r"face p2: its picture p2\.png is damaged"):
        import_faces(folder, into=tmp_path)


@pytest.mark.parametrize("text", ["", "3\n1 2\n", "2\n5 5\n1 5\n", "x\n"])
def test_a_damaged_template_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.tem"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(StimulusError, match="no readable template"):
        read_template(path)


def test_a_picture_that_ends_too_close_to_the_face_is_refused(folder: Path, tmp_path: Path) -> None:
    for path in folder.glob("*.png"):
        template(path.with_suffix(".tem"))
    template(folder / "p3.tem", (60, 100, 700, 100))
    with pytest.raises(StimulusError, match="face p3: the picture ends too close"):
        import_faces(folder, into=tmp_path)


def test_a_name_that_is_taken_is_refused(folder: Path, tmp_path: Path) -> None:
    import_faces(folder, into=tmp_path)
    with pytest.raises(StimulusError, match="is there already"):
        import_faces(folder, into=tmp_path)
    with pytest.raises(StimulusError, match="'trust_pilot' is there already"):
        import_faces(folder, into=tmp_path, name="trust_pilot")


def test_folders_and_tables_that_do_not_do_are_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(StimulusError, match="this is no folder"):
        import_faces(folder / "p0.png", into=tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(StimulusError, match="no pictures of neutral faces"):
        import_faces(tmp_path / "empty", into=tmp_path, name="new")
    (folder / "set.toml").write_text("grey = 1\n", encoding="utf-8")
    with pytest.raises(SettingError, match="grey"):
        import_faces(folder, into=tmp_path)
    (folder / "set.toml").unlink()
    (folder / "faces.csv").write_text("face_id,sex\np0,x\n", encoding="utf-8")
    with pytest.raises(StimulusError, match="face p0: sex is 'x'; write f or m"):
        import_faces(folder, into=tmp_path)
    (folder / "faces.csv").unlink()
    with pytest.raises(StimulusError, match="neither its file name nor a table says"):
        import_faces(folder, into=tmp_path)


def test_a_table_with_semicolons_and_commas_for_points_is_read(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("file;gender;age\nx1.jpg;female;24,5\n", encoding="utf-8")
    assert read_table(path)["x1"].age == 24.5


# -- databases by their file names ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "face_id", "sex", "wanted"),
    [
        ("CFD-WM-238-020-N.jpg", "WM-238", "m", True),
        ("CFD-BF-002-004-HO.jpg", "BF-002", "f", False),
        ("AF01NES.JPG", "F01", "f", True),
        ("BM10NES.JPG", "M10", "m", False),
        ("AM10HAHL.JPG", "M10", "m", False),
        ("004_03.jpg", "004", None, True),
        ("anybody.png", "anybody", None, True),
    ],
)
def test_what_a_file_name_says(file: str, face_id: str, sex: str | None, wanted: bool) -> None:
    said = named(Path(file))
    assert (said.id, said.attributes.get("sex"), said.wanted) == (face_id, sex, wanted)


def test_neutral_faces_of_a_known_database_come_in_and_the_rest_is_counted(tmp_path: Path) -> None:
    place = tmp_path / "cfd"
    for name in ("CFD-WM-238-020-N", "CFD-BF-002-001-N", "CFD-BF-002-004-HO"):
        (place / name[4:10]).mkdir(parents=True, exist_ok=True)
        dot(place / name[4:10] / f"{name}.jpg")
    stimuli = import_faces(place, into=tmp_path, name="chicago")
    assert [i.id for i in stimuli.items[:2]] == ["face_bf_002", "face_wm_238"]
    assert stimuli.items[0].attributes["group"] == "B"
    assert "not for redistribution" in stimuli.licence
    assert any("1 pictures with another expression" in w for w in stimuli.warnings)
