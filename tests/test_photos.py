"""Own photographs: made alike, kept apart, shown by token, erased; no name is ever told."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import io
import json
import os
import shutil
import stat
import struct
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mbtexp import cli, cli_rig
from mbtexp.conduct import Request, conduct
from mbtexp.conduct import prepare as prepare_run
from mbtexp.errors import DataError, DiskError, SettingError, StimulusError
from mbtexp.events import MemoryLog, read_log
from mbtexp.photos import approve as approving_of
from mbtexp.photos import clicking, seal, secret
from mbtexp.photos import purge as purge_of
from mbtexp.photos import store as store_of
from mbtexp.photos.approve import approve
from mbtexp.photos.clicking import click_eyes
from mbtexp.photos.eyes import Eyes, read_clicked, read_template, turned
from mbtexp.photos.manifest import Consent, DecidedBy, Decision, Photo, PhotoSet
from mbtexp.photos.matching import matched, scrambled, ssim, target
from mbtexp.photos.originals import find_originals, read_assignment, read_expressions
from mbtexp.photos.own import as_stimuli
from mbtexp.photos.pixels import (
    FACE_PER_EYES,
    FACE_PX,
    GREY,
    Crop,
    Photograph,
    aligned,
    cover,
    eye_places,
    from_lab,
    pixels_of,
    png_chunks,
    read_photograph,
    region,
    to_lab,
)
from mbtexp.photos.place import write_private
from mbtexp.photos.prepare import Wanted, prepare
from mbtexp.photos.purge import purge, purge_person, read_record, sweep
from mbtexp.photos.report import retention_notes
from mbtexp.photos.screens import prepared_run
from mbtexp.photos.store import (
    alone,
    change,
    open_store,
    place,
    read_photo,
    read_set,
    sets_of,
    the_set,
)
from mbtexp.run import Run
from mbtexp.session import Session
from mbtexp.simulate import Click, Participant
from mbtexp.stimuli import StimulusSet
from mbtexp.task import Material
from mbtexp.timeline import Button, Phase
from mbtexp.timeline import Image as Image_
from mbtexp.virtual import VirtualLab
from tasks.attachment.trials import pictures_of

pytest.importorskip("PIL", reason="needs the extra 'photos'")
pytest.importorskip("cryptography", reason="needs the extra 'photos'")
from PIL import Image, ImageCms, ImageDraw

# -- photographs ----------------------------------------------------------------------------------

Point = tuple[float, float]

SIZE = (620, 700)
LEFT, RIGHT = (240.0, 300.0), (380.0, 312.0)
"""Where the eyes are drawn, upright, px."""

STORED = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""How an upright picture is turned to lie in its file, by its EXIF orientation."""


@dataclass(frozen=True)
class Told:
    """What the file of a photograph says besides its pixels."""

    description: str = "Magdalena at the seashore"
    artist: str = "Jonathan Beispiel"
    orientation: int = 1


def drawn(seed: int, *, size: tuple[int, int] = SIZE, light: int = 190) -> Image.Image:
    """An upright picture of a face that is nobody's."""
    rng = np.random.default_rng(seed)
    ground = rng.integers(60, 200, (70, 62, 3), dtype=np.uint8)
    picture = Image.fromarray(ground).resize(size, Image.Resampling.BICUBIC)
    pen = ImageDraw.Draw(picture)
    x, y = (LEFT[0] + RIGHT[0]) / 2, 360
    pen.ellipse((x - 160, y - 210, x + 160, y + 210), fill=(light, light - 40, light - 70))
    for eye in (LEFT, RIGHT):
        pen.ellipse((eye[0] - 9, eye[1] - 9, eye[0] + 9, eye[1] + 9), fill=(5, 5, 5))
    pen.rectangle((x - 50, y + 95, x + 50, y + 112), fill=(120, 30 + 10 * (seed % 10), 40))
    return picture


def photograph(path: Path, seed: int = 1, told: Told | None = None, *, light: int = 190) -> Path:
    """A JPEG file with EXIF, GPS, a thumbnail, XMP, a comment and a colour profile."""
    told = told or Told()
    turned = STORED[told.orientation]
    upright = drawn(seed, light=light)
    stored = upright if turned is None else upright.transpose(turned)
    file = io.BytesIO()
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    stored.save(file, format="JPEG", quality=92, icc_profile=profile)
    small = io.BytesIO()
    stored.resize((62, 70)).save(small, format="JPEG", quality=50)
    xmp = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><dc>{told.description}</dc></x:xmpmeta>'
    extra = [
        _segment(0xE1, b"Exif\0\0" + _tiff(told, small.getvalue())),
        _segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp.encode()),
        _segment(0xED, b"Photoshop 3.0\0" + told.artist.encode()),
        _segment(0xFE, f"taken by {told.artist}".encode()),
    ]
    content = file.getvalue()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content[:2] + b"".join(extra) + content[2:])
    return path


def _segment(marker: int, payload: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload


def _tiff(told: Told, thumbnail: bytes) -> bytes:
    """A TIFF with a description, an artist, an orientation, a place on earth and a thumbnail."""
    entries_at = 8
    n = 4
    texts = [told.description.encode() + b"\0", told.artist.encode() + b"\0"]
    heap_at = entries_at + 2 + 12 * n + 4
    places, heap = [], b""
    for text in texts:
        places.append(heap_at + len(heap))
        heap += text
    gps_at = heap_at + len(heap)
    degrees = struct.pack(">6I", 52, 1, 31, 1, 12345, 1000)
    gps = struct.pack(">H", 2) + struct.pack(">HHI4s", 1, 2, 2, b"N\0\0\0")
    gps += struct.pack(">HHII", 2, 5, 3, gps_at + 2 + 24 + 4) + struct.pack(">I", 0) + degrees
    second_at = gps_at + len(gps)
    thumbnail_at = second_at + 2 + 24 + 4
    first = struct.pack(">H", n)
    first += struct.pack(">HHII", 0x010E, 2, len(texts[0]), places[0])
    first += struct.pack(">HHIHH", 0x0112, 3, 1, told.orientation, 0)
    first += struct.pack(">HHII", 0x013B, 2, len(texts[1]), places[1])
    first += struct.pack(">HHII", 0x8825, 4, 1, gps_at)
    first += struct.pack(">I", second_at)
    second = struct.pack(">H", 2) + struct.pack(">HHII", 0x0201, 4, 1, thumbnail_at)
    second += struct.pack(">HHII", 0x0202, 4, 1, len(thumbnail)) + struct.pack(">I", 0)
    return b"MM\0*" + struct.pack(">I", entries_at) + first + heap + gps + second + thumbnail


def template(picture: Path, left: Point = LEFT, right: Point = RIGHT) -> Path:
    """A template beside a picture, with the eyes as its first points."""
    path = picture.with_suffix(".tem")
    points = [left, right, (310.0, 400.0)]
    path.write_text(f"{len(points)}\n" + "".join(f"{x}\t{y}\n" for x, y in points))
    return path


def folder_of_people(
    folder: Path, people: dict[str, int], *, names: str = "IMG_{}.jpg", told: Told | None = None
) -> Path:
    """A folder with one folder a person, each with so many photographs and templates."""
    seed = 0
    for person, count in people.items():
        for number in range(1, count + 1):
            seed += 1
            light = 150 + (37 * seed) % 80
            template(photograph(folder / person / names.format(number), seed, told, light=light))
    return folder


# -- fixtures -------------------------------------------------------------------------------------

FOUR = {"own": 2, "acq": 2, "friend": 2, "unf": 2}
PASSPHRASE = "four random words here"


@pytest.fixture(autouse=True)
def _cheap_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seal, "SCRYPT_N", 2**4)
    monkeypatch.setattr(store_of, "_KEYS", {})
    monkeypatch.delenv(secret.VARIABLE, raising=False)
    monkeypatch.delenv(secret.DESCRIPTOR, raising=False)


@pytest.fixture(autouse=True)
def _mask() -> Iterator[None]:
    """The commands close the umask for their process; the tests' own is opened again."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture(scope="module")
def prepared_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with one set of two persons, two pictures each."""
    base = tmp_path_factory.mktemp("photographs")
    folder = folder_of_people(base / "originals", {"own": 2, "acq": 2})
    before = contents(folder)
    store = open_store(base / "store", make=True)
    prepare(folder, store, Wanted("01"))
    assert contents(folder) == before, "the originals were changed"
    return store


def contents(folder: Path) -> dict[Path, tuple[bytes, int]]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


@pytest.fixture(scope="module")
def locked_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a locked set of one person."""
    base = tmp_path_factory.mktemp("locked")
    folder = folder_of_people(base / "originals", {"own": 2})
    store = open_store(base / "store", make=True)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(seal, "SCRYPT_N", 2**4)
        patched.setenv(secret.VARIABLE, PASSPHRASE)
        prepare(folder, store, Wanted("01", encrypt=True))
    return store


@pytest.fixture
def store(prepared_once: Path, tmp_path: Path) -> Path:
    """A copy of that store, to be changed."""
    shutil.copytree(prepared_once, tmp_path / "store")
    (tmp_path / "store").chmod(0o700)
    return open_store(tmp_path / "store")


def only(store: Path) -> PhotoSet:
    (photo_set,) = sets_of(store)
    return photo_set


def permitted(store: Path, *, by: DecidedBy = "participant") -> PhotoSet:
    """Everybody permits, and the participant approves of everything."""
    token = only(store).token
    for person in only(store).people:
        consent = Consent(given=True, on="2026-05-01", signed_by="self")
        change(store, token, partial(PhotoSet.with_consent, label=person.label, consent=consent))
    yes = Decision(approved=True, utc="2026-05-02T10:00:00+00:00", by=by)
    decided = {photo.token: yes for photo in only(store).photos}
    return change(store, token, lambda now: now.with_decisions(decided))


def run_of(store: Path, data: Path, **changes: Any) -> Request:
    settings = {"conditions": "own,acquainted", "blocks": "1", "pictures": "2"}
    return Request(
        **{
            "task": "attachment",
            "participant": "01",
            "data": data,
            "changes": settings,
            "photos": store,
            "simulate": True,
            "virtual": True,
            **changes,
        }
    )


# -- what is read of an original ------------------------------------------------------------------


def test_the_drawn_photographs_carry_what_a_camera_writes(tmp_path: Path) -> None:
    path = photograph(tmp_path / "a.jpg", told=Told(orientation=6))
    with Image.open(path) as opened:
        exif = opened.getexif()
        assert exif[0x010E] == "Magdalena at the seashore"
        assert exif[0x0112] == 6
        assert exif.get_ifd(0x8825)[2][0] == 52
        assert opened.info["icc_profile"]
        assert b"Magdalena" in opened.info["xmp"]
    assert path.read_bytes().count(b"\xff\xd8\xff") == 2, "no thumbnail"


@pytest.mark.parametrize("orientation", STORED)
def test_a_photograph_comes_upright_with_its_eyes_in_their_places(
    orientation: int, tmp_path: Path
) -> None:
    path = photograph(tmp_path / "a.jpg", told=Told(orientation=orientation))
    found = read_photograph(path)
    assert found is not None
    assert found.image.size == SIZE
    assert found.image.info == {}
    one = aligned(found, Eyes(LEFT, RIGHT), "oval")
    assert not isinstance(one, str)
    lstar = to_lab(one.pixels)[..., 0]
    assert one.pixels.shape == (640, 512, 3)
    for x, y in (eye_places().left, eye_places().right):
        here = lstar[int(y) - 3 : int(y) + 3, int(x) - 3 : int(x) + 3].mean()
        beside = lstar[int(y) - 3 : int(y) + 3, int(x) + 20 : int(x) + 26].mean()
        assert here < 15
        assert beside > 50


def test_the_eyes_lie_at_two_fifths_of_the_height_a_fifth_of_the_width_apart() -> None:
    eyes = eye_places()
    assert (eyes.left[1], eyes.right[1]) == (256.0, 256.0)
    assert eyes.apart_px == pytest.approx(0.2 * 512)
    assert sum((eyes.left[0], eyes.right[0])) == pytest.approx(512)


@pytest.mark.parametrize("orientation", STORED)
def test_a_templates_points_are_turned_with_the_picture(orientation: int, tmp_path: Path) -> None:
    path = photograph(tmp_path / "a.jpg", told=Told(orientation=orientation))
    found = read_photograph(path)
    assert found is not None
    # Where the eyes lie in the file: the inverse of what the orientation does.
    back = {6: 8, 8: 6}.get(orientation, orientation)
    stored = [turned(point, back, SIZE) for point in (LEFT, RIGHT)]
    eyes = read_template(template(path, *stored), found.orientation, found.stored)
    assert eyes == Eyes(LEFT, RIGHT)


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xd8\xff\xe0 no more", b"text", b"\x89PNG\r\n\x1a\n" + b"\0" * 40]
)
def test_a_damaged_picture_is_none(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(content)
    assert read_photograph(path) is None


def test_a_photograph_cut_short_is_none(tmp_path: Path) -> None:
    path = photograph(tmp_path / "a.jpg")
    path.write_bytes(path.read_bytes()[:-4000])
    assert read_photograph(path) is None


def test_colours_of_a_wider_profile_are_brought_to_the_screens(tmp_path: Path) -> None:
    picture = Image.new("CMYK", (40, 40), (0, 200, 200, 0))
    picture.save(tmp_path / "a.jpg")
    transparent = Image.new("RGBA", (40, 40), (255, 0, 0, 0))
    transparent.save(tmp_path / "b.png")
    red, clear = (read_photograph(tmp_path / name) for name in ("a.jpg", "b.png"))
    assert red is not None
    assert clear is not None
    assert red.image.mode == clear.image.mode == "RGB"
    assert clear.image.getpixel((5, 5)) == (GREY, GREY, GREY)


@pytest.mark.parametrize(
    ("eyes", "why"),
    [
        (Eyes((300, 300), (390, 300)), "264 px high"),
        (Eyes((300, 300), (320, 420)), "above one another"),
        (Eyes((40, 300), (180, 300)), "too close to the face"),
    ],
)
def test_a_face_that_is_too_small_lies_down_or_is_cut_is_left_out(eyes: Eyes, why: str) -> None:
    found = aligned(Photograph(drawn(1), 1, SIZE), eyes, "oval")
    assert isinstance(found, str)
    assert why in found


def test_no_face_is_ever_made_larger() -> None:
    least = FACE_PX / FACE_PER_EYES
    assert least >= 0.2 * 512 - 0.1


# -- matching -------------------------------------------------------------------------------------


@pytest.mark.parametrize("crop", ["oval", "rectangle"])
@pytest.mark.parametrize("grey", [False, True])
def test_all_pictures_get_the_same_lightness_and_contrast(crop: Crop, grey: bool) -> None:
    pictures = [np.asarray(drawn(k, light=140 + 30 * k).resize((512, 640))) for k in range(3)]
    aim = target(pictures, crop)
    made = [matched(picture, aim, crop, grey=grey) for picture in pictures]
    assert np.ptp([one.before.lstar for one in made]) > 1
    for one in made:
        assert one.after.lstar == pytest.approx(aim.lstar, abs=0.5)
        assert one.after.rms == pytest.approx(aim.rms, abs=0.005)
        assert 0.5 < one.ssim <= 1
        assert one.clipped < 0.25
        assert not grey or np.all(np.ptp(one.pixels.astype(int), axis=2) <= 1)


def test_outside_the_oval_every_picture_is_the_same_grey() -> None:
    picture = np.asarray(drawn(1).resize((512, 640)))
    made = matched(picture, target([picture], "oval"), "oval", grey=False)
    outside = cover("oval") == 0
    assert outside.mean() > 0.5
    assert np.all(made.pixels[outside] == GREY)
    assert region("rectangle").all()


def test_a_picture_is_wholly_similar_to_itself_and_less_to_its_scrambled_form() -> None:
    picture = np.asarray(drawn(1).resize((512, 640)))
    noise = scrambled(picture, "oval", np.random.default_rng(1))
    assert ssim(picture, picture, "oval") == pytest.approx(1.0)
    assert ssim(picture, noise, "oval") < 0.8


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [
        # CIELAB under D65 of sRGB primaries (Lindbloom's calculator)
        ((255, 0, 0), (53.24, 80.09, 67.20)),
        ((0, 255, 0), (87.73, -86.18, 83.18)),
        ((0, 0, 255), (32.30, 79.19, -107.86)),
        ((128, 128, 128), (53.59, 0.0, 0.0)),
    ],
)
def test_colours_are_cielab(rgb: tuple[int, int, int], lab: tuple[float, ...]) -> None:
    found = to_lab(np.array(rgb, dtype=np.uint8))
    assert found == pytest.approx(lab, abs=0.02)
    assert from_lab(found) == pytest.approx(rgb, abs=0.02)


# -- preparing ------------------------------------------------------------------------------------


def test_a_set_is_pixels_and_a_description_without_any_name(prepared_once: Path) -> None:
    photo_set = only(prepared_once)
    faces = [photo for photo in photo_set.photos if photo.shows_somebody]
    assert [photo.condition for photo in faces] == ["own", "own", "acquainted", "acquainted"]
    assert {photo.condition for photo in photo_set.photos} == {
        *("own", "acquainted", "scrambled", "practice")
    }
    for photo in photo_set.photos:
        content = read_photo(prepared_once, photo_set, photo)
        assert set(png_chunks(content)) == {"IHDR", "IDAT", "IEND"}
        assert pixels_of(content).shape == (640, 512, 3)
    written = b"".join(f.read_bytes() for f in prepared_once.rglob("*") if f.is_file())
    for word in (b"Magdalena", b"Jonathan", b"IMG_", b"Exif", b"adobe", b"http"):
        assert word not in written


@pytest.mark.readers
def test_another_librarys_reader_finds_no_metadata_in_a_finished_picture(
    prepared_once: Path, tmp_path: Path
) -> None:
    cv2 = pytest.importorskip("cv2", reason="comes with PsychoPy")
    original = photograph(tmp_path / "a.jpg")
    photo_set = only(prepared_once)
    finished = prepared_once / photo_set.token / f"{photo_set.photos[0].token}.png"
    _, there, _ = cv2.imreadWithMetadata(str(original), cv2.IMREAD_COLOR)
    _, left, _ = cv2.imreadWithMetadata(str(finished), cv2.IMREAD_COLOR)
    assert len(there) > 0
    assert len(left) == 0


def test_tokens_are_new_each_time(prepared_once: Path, locked_once: Path) -> None:
    one, other = only(prepared_once), only(locked_once)
    names = [photo.token for photo_set in (one, other) for photo in photo_set.photos]
    assert one.token != other.token
    assert len(set(names)) == len(names)
    assert all(len(name) == 8 and name.isalnum() for name in names)


def test_of_two_sets_one_must_be_named(store: Path) -> None:
    photo_set = only(store)
    place(store, replace(photo_set, token="abcdefghjk"), {}, None)
    with pytest.raises(StimulusError, match="has 2 sets"):
        the_set(store, "01", None)
    assert the_set(store, "01", photo_set.token) == photo_set


def test_folders_get_their_conditions_by_option_or_file_and_nobody_hears_their_names(
    tmp_path: Path,
) -> None:
    folder = folder_of_people(tmp_path / "originals", {"Magdalena": 2, "Jonathan": 2})
    with pytest.raises(SettingError, match="2 of the 2 folders have no condition") as told:
        find_originals(folder, {})
    assert "Magdalena" not in str(told.value)
    (tmp_path / "who.toml").write_text('own = "Magdalena"\nacq = ["Jonathan"]\n')
    given = find_originals(folder, read_assignment(tmp_path / "who.toml"))
    assert [o.spoken for o in given.originals] == [
        *("own (P1), picture 1", "own (P1), picture 2"),
        *("acquainted (P2), picture 1", "acquainted (P2), picture 2"),
    ]
    with pytest.raises(SettingError, match="1 of the folders that were assigned"):
        find_originals(folder, {"Grandmother": "own"})


def test_what_cannot_be_used_is_told_by_number_and_one_picture_alone_is_refused(
    tmp_path: Path,
) -> None:
    folder = folder_of_people(tmp_path / "originals", {"own": 3, "acq": 2})
    damaged = folder / "own" / "IMG_2.jpg"
    damaged.write_bytes(damaged.read_bytes()[:3000])
    (folder / "own" / "IMG_9.HEIC").write_bytes(b"telephone")
    store = open_store(tmp_path / "store", make=True)
    done = prepare(folder, store, Wanted("01"))
    assert any(note.startswith("own (P1), picture 2 was left out") for note in done.notes)
    assert any("HEIC" in note for note in done.notes)
    assert any("own (P1) has 2 pictures; a design wants 6 to 10" in note for note in done.notes)
    (folder / "own" / "IMG_3.jpg").unlink()
    with pytest.raises(StimulusError, match="own \\(P1\\) has a single picture"):
        prepare(folder, store, Wanted("01"))
    (folder / "own" / "IMG_1.tem").unlink()
    with pytest.raises(StimulusError, match="eyes of 1 pictures are not known"):
        prepare(folder, store, Wanted("01"))


def test_expressions_are_those_on_which_the_raters_agree(tmp_path: Path) -> None:
    folder = folder_of_people(tmp_path / "originals", {"own": 3})
    rows = "own/IMG_1.jpg,happy,happy\nown/IMG_2.jpg,sad,sad\nown/IMG_3.jpg,happy,neutral\n"
    (tmp_path / "codes.csv").write_text("file,rater1,rater2\n" + rows)
    store = open_store(tmp_path / "store", make=True)
    done = prepare(folder, store, Wanted("01"), expressions=tmp_path / "codes.csv")
    faces = [photo for photo in done.photo_set.photos if photo.shows_somebody]
    assert [photo.expression for photo in faces] == ["happy", "sad", None]
    assert any("kappa is 0.50" in note for note in done.notes)
    (tmp_path / "codes.csv").write_text("file,rater1\nown/IMG_7.jpg,happy\n")
    with pytest.raises(SettingError, match="line 2"):
        read_expressions(tmp_path / "codes.csv", find_originals(folder, {}))


# -- where photographs may lie --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "mark", "why"),
    [
        ("repo/photos", "repo/.git/", "version control"),
        ("repo/a/b/photos", "repo/.git", "version control"),
        ("Dropbox (Uni)/photos", None, "synchronised"),
        ("OneDrive - Uni/photos", None, "synchronised"),
        ("Library/Mobile Documents/com~apple~CloudDocs/x", None, "synchronised"),
        ("Nextcloud2/photos", None, "synchronised"),
        ("ownCloud/photos", None, "synchronised"),
        ("Google Drive/photos", None, "synchronised"),
        ("sciebo/photos", None, "synchronised"),
        ("shared/photos", "shared/.stfolder/", "Syncthing"),
        ("shared/photos", "shared/._sync_1a2b.db", "Nextcloud or ownCloud"),
        ("study/photos", "study/sourcedata/", "data folder"),
        ("study/sourcedata/sub-01/photos", "study/dataset_description.json", "data folder"),
    ],
)
def test_a_store_is_refused_where_copies_would_be_made(
    place: str, mark: str | None, why: str, tmp_path: Path
) -> None:
    if mark is not None:
        path = tmp_path / mark
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir() if mark.endswith("/") else path.write_text("")
    with pytest.raises(SettingError, match=why) as told:
        open_store(tmp_path / place, make=True)
    assert str(tmp_path) not in str(told.value)
    assert not (tmp_path / place).exists()


def test_a_store_behind_a_link_is_seen_through(tmp_path: Path) -> None:
    (tmp_path / "Dropbox" / "photos").mkdir(parents=True)
    (tmp_path / "harmless").symlink_to(tmp_path / "Dropbox" / "photos")
    with pytest.raises(SettingError, match="dropbox"):
        open_store(tmp_path / "harmless", make=True)


def test_a_folder_that_onedrive_calls_its_own_is_known_by_any_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OneDriveCommercial", str(tmp_path / "work"))
    with pytest.raises(SettingError, match="synchronised"):
        open_store(tmp_path / "work" / "photos", make=True)


def test_the_store_and_the_data_folder_never_lie_in_one_another(
    store: Path, tmp_path: Path
) -> None:
    for data in (store / "study", tmp_path, store):
        with pytest.raises(SettingError, match="in one another"):
            open_store(store, data=data)
    assert open_store(store, data=tmp_path / "study") == store


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has rights of its own")
def test_only_the_owner_can_read_a_store(store: Path) -> None:
    for path in [store, *store.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path.name
    (store / only(store).token).chmod(0o755)
    with pytest.raises(SettingError, match="Others on this machine can read"):
        sets_of(store)


def test_a_crash_while_a_set_is_made_leaves_nothing(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = sorted(store.rglob("*"))
    files = iter(("qqqqqqqq.png", "rrrrrrrr.png", "ssssssss.png"))

    def failing(path: Path, content: bytes) -> None:
        if path.name == "ssssssss.png":
            raise OSError(28, "No space left on device")
        write_private(path, content)

    monkeypatch.setattr(store_of, "write_private", failing)
    made = {name.removesuffix(".png"): b"picture" for name in files}
    with pytest.raises(DiskError, match="nothing of them is left"):
        place(store, replace(only(store), token="abcdefghjk"), made, None)
    assert sorted(store.rglob("*")) == before


def test_what_a_killed_program_left_is_swept_away(store: Path) -> None:
    for name in (".abcdefghjk.partial", ".abcdefghjk.going"):
        (store / name).mkdir()
        (store / name / "qqqqqqqq.png").write_bytes(b"\x89PNG")
    told = sweep(store)
    assert len(told) == 2
    assert not [f for f in store.iterdir() if f.name.startswith(".abc")]
    assert sweep(store) == []
    assert len(sets_of(store)) == 1


def test_two_programs_do_not_change_a_store_at_once(store: Path) -> None:
    with alone(store), pytest.raises(DataError, match="Another mbtexp"):
        permitted(store)


def test_a_changed_picture_or_description_is_refused(store: Path) -> None:
    photo_set = only(store)
    photo = photo_set.photos[0]
    path = store / photo_set.token / f"{photo.token}.png"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(StimulusError, match="was changed"):
        read_photo(store, photo_set, photo)
    path.unlink()
    with pytest.raises(StimulusError, match="cannot be read"):
        read_photo(store, photo_set, photo)
    (store / photo_set.token / "manifest.json").write_text('{"format": 1}')
    with pytest.raises(DataError, match="damaged"):
        sets_of(store)


# -- encryption -----------------------------------------------------------------------------------


@pytest.fixture
def locked(locked_once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the locked store, whose passphrase another program hands over."""
    monkeypatch.setenv(secret.VARIABLE, PASSPHRASE)
    shutil.copytree(locked_once, tmp_path / "locked")
    return open_store(tmp_path / "locked")


def test_a_locked_set_has_no_readable_picture_on_the_disk(locked: Path) -> None:
    photo_set = only(locked)
    for path in (locked / photo_set.token).iterdir():
        content = path.read_bytes()
        assert b"PNG" not in content
        assert b"IDAT" not in content
    assert pixels_of(read_photo(locked, photo_set, photo_set.photos[0])).shape == (640, 512, 3)


def test_a_wrong_passphrase_is_told_and_a_swapped_file_refused(
    locked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo_set = only(locked)
    monkeypatch.setenv(secret.VARIABLE, "four other words here")
    with pytest.raises(SettingError, match="not the one"):
        read_photo(locked, photo_set, photo_set.photos[0])
    monkeypatch.setenv(secret.VARIABLE, PASSPHRASE)
    one, other = (locked / photo_set.token / f"{p.token}.locked" for p in photo_set.photos[:2])
    one.write_bytes(other.read_bytes())
    with pytest.raises(StimulusError, match="was changed"):
        read_photo(locked, photo_set, photo_set.photos[0])


def test_the_passphrase_can_come_from_an_open_file_and_is_never_asked_of_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reading, writing = os.pipe()
    os.write(writing, f"{PASSPHRASE}\n".encode())
    os.close(writing)
    monkeypatch.setenv(secret.DESCRIPTOR, str(reading))
    assert secret.passphrase() == PASSPHRASE
    assert secret.passphrase() == PASSPHRASE, "the file can be read only once"
    monkeypatch.delenv(secret.DESCRIPTOR)
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    with pytest.raises(SettingError, match="nobody can be asked"):
        secret.passphrase()


def test_a_short_passphrase_is_refused() -> None:
    with pytest.raises(SettingError, match="too short"):
        seal.new_lock("secret", "abcdefghjk")


def test_nobody_can_give_the_passphrase_in_the_command(tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        cli.main(f"photos prepare {tmp_path} --store s --participant 01 --passphrase x".split())


# -- consent, decisions and what may be shown -----------------------------------------------------


def test_a_picture_is_shown_only_with_permission_and_approval(store: Path) -> None:
    photo_set = only(store)
    photo = photo_set.photos[0]
    assert photo_set.why_not(photo) == "no permission of the pictured person is noted"
    yes, no = (Consent(given=given, on="2026-05-01", signed_by="parent") for given in (True, False))
    assert "does not permit" in str(photo_set.with_consent("P1", no).why_not(photo))
    photo_set = photo_set.with_consent("P1", yes)
    assert "has not seen it" in str(photo_set.why_not(photo))
    for approved, by, why, simulated in [
        (True, "participant", None, None),
        (True, "simulated", "the participant has not seen it yet", None),
        (False, "participant", *["the participant does not want it"] * 2),
    ]:
        decided = Decision(approved=approved, utc="2026-05-02", by=by)  # type: ignore[arg-type]
        now = photo_set.with_decisions({photo.token: decided})
        assert now.why_not(now.photos[0]) == why
        assert now.why_not(now.photos[0], simulated=True) == simulated
    with pytest.raises(SettingError, match="it has P1, P2"):
        photo_set.with_consent("P9", yes)


def test_the_participants_decisions_outlive_a_crash_in_the_middle(store: Path) -> None:
    photo_set = only(store)
    vetoed = photo_set.photos[1].token
    request = Request("approval", "01", Path(), simulate=True, virtual=True)
    done = approve(store, photo_set, request, vetoed=[vetoed])
    said = {p.token: p.decision.approved for p in done.photos if p.decision is not None}
    assert said == {p.token: p.token != vetoed for p in done.photos if p.shows_somebody}
    assert {p.decision.by for p in done.photos if p.decision is not None} == {"simulated"}
    # A program that was killed has left the log alone; its decisions are taken from there.
    change(store, done.token, lambda now: now.with_decisions({vetoed: BEFORE}))
    (log,) = (store / done.token / "approval").rglob("*_log.jsonl")
    lines = log.read_bytes().split(b"\n")
    (two,) = [n for n, line in enumerate(lines) if b'"kind":"trial","' in line][1:2]
    log.write_bytes(b"\n".join(lines[: two + 1]) + b'\n{"kind":"tri')
    again = read_set(store, done.token)
    assert next(p.decision for p in again.photos if p.token == vetoed) == Decision(
        approved=False, utc=str(read_log(log).header["clock"]["utc_at_zero"]), by="simulated"
    )


BEFORE = Decision(approved=True, utc="", by="simulated")


def test_approval_shows_only_what_is_undecided_and_can_be_changed_before_it_is_confirmed(
    store: Path,
) -> None:
    token = permitted(store).token
    request = Request("approval", "01", Path(), simulate=True, virtual=True)
    assert approve(store, only(store), request) == read_set(store, token)
    assert not (store / token / "approval").exists()

    presses = {"look": ["f"], "chosen": ["j", "f", "space"]}

    def hesitant(phase: Phase, _trial: Mapping[str, Any]) -> list[tuple[str, float]]:
        keys = presses.get(phase.name, ["space"])
        return [(keys.pop(0) if len(keys) > 1 else keys[0], 0.5)] if phase.keys else []

    rows = [
        approving_of.Look(
            1, 1, practice=False, stim_id=only(store).photos[0].token, condition="own", person="P1"
        )
    ]
    stimuli = as_stimuli(store, only(store), only(store).photos[:1])
    prepared = prepared_run(approving_of.task(), rows, stimuli, request)
    log, lab = MemoryLog(), VirtualLab(answer=hesitant)
    with Run(
        display=lab.display,
        responses=lab.responses,
        trigger=lab.trigger,
        clock=lab.clock,
        log=log,
        trials=rows,
    ) as run:
        prepared.task.play(run, prepared.material)
    (trial,) = log.of("trial")
    assert trial["outcome"]["response"] == "vetoed"
    assert [e["phase"] for e in log.of("phase")].count("chosen") == 3
    assert lab.display.unprepared == []


def look_at(photo: Photo) -> approving_of.Look:
    return approving_of.Look(
        1, 1, practice=False, stim_id=photo.token, condition=photo.condition, person=photo.person
    )


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_buttons_can_be_clicked(language: str, store: Path) -> None:
    request = Request("approval", "01", Path(), simulate=True, virtual=True, language=language)
    rows = [
        approving_of.Look(
            1, 1, practice=False, stim_id=only(store).photos[0].token, condition="own", person="P1"
        )
    ]
    stimuli = as_stimuli(store, only(store), only(store).photos[:1])
    prepared = prepared_run(approving_of.task(), rows, stimuli, request)
    for choice in (None, "vetoed", "approved"):
        scene = approving_of.scene(rows[0], 1, prepared.material, choice)
        buttons = [one for one in scene if isinstance(one, Button)]
        areas = approving_of._keys(prepared.material, choice).areas
        assert [b.pos for b in buttons] == [a.pos for a in areas]
        assert [f"{a.name}".upper()[:1] for a in areas][:2] == ["F", "J"]
        assert all(button.width == area.width for button, area in zip(buttons, areas, strict=True))


# -- runs -----------------------------------------------------------------------------------------


def test_a_run_shows_the_participants_own_photographs_and_logs_tokens_alone(
    store: Path, tmp_path: Path
) -> None:
    photo_set = permitted(store)
    done = conduct(run_of(store, tmp_path / "study"))
    log = read_log(done.log)
    assert log.header["stimuli"] == {
        "set": photo_set.name,
        "kind": "own",
        "version": "1",
        "manifest_sha256": None,
        "licence": "personal data; not for sharing",
        "files": {},
    }
    shown = {e["design"]["stim_id"]: e["design"]["condition"] for e in log.of("trial")}
    shown.pop(None, None)
    known = {photo.token: photo.condition for photo in photo_set.photos}
    assert not [note for note in log.of("note") if note["text"] == "about the photographs"]
    assert shown
    assert shown.items() <= known.items()
    text = done.log.read_bytes()
    assert not any(photo.sha256.encode() in text for photo in photo_set.photos)


def test_a_set_can_be_named_by_its_token_and_only_its_participant_gets_it(
    store: Path, tmp_path: Path
) -> None:
    photo_set = permitted(store)
    named = {**run_of(store, tmp_path).changes, "stimuli": photo_set.name}
    data = tmp_path / "study"
    assert prepare_run(run_of(store, data, changes=named)).material.stimuli is not None
    with pytest.raises(StimulusError, match="belong to another participant"):
        prepare_run(run_of(store, data, changes=named, participant="02"))
    with pytest.raises(StimulusError, match="no photographs of participant 02"):
        prepare_run(run_of(store, data, participant="02"))
    with pytest.raises(SettingError, match="--photos DIR"):
        prepare_run(run_of(store, data, changes=named, photos=None))
    with pytest.raises(SettingError, match="in one another"):
        prepare_run(run_of(store, store.parent))


def test_a_task_that_shows_no_photographs_goes_on_with_its_own_set(
    store: Path, tmp_path: Path
) -> None:
    prepared = prepare_run(run_of(store, tmp_path / "study", task="eyes", changes={}))
    assert prepared.material.stimuli is not None
    assert prepared.material.stimuli.kind == "pilot"


def test_what_may_not_be_shown_never_is(store: Path, tmp_path: Path) -> None:
    data = tmp_path / "study"
    with pytest.raises(StimulusError, match="no photograph of 'own' that may be shown") as told:
        conduct(run_of(store, data))
    assert "no permission" in str(told.value)
    photo_set = permitted(store)
    no = Decision(approved=False, utc="2026-05-03", by="participant")
    veto = photo_set.photos[0].token
    change(store, photo_set.token, lambda now: now.with_decisions({veto: no}))
    with pytest.raises(StimulusError, match=r"one photograph of 'own'.*does not want it"):
        conduct(run_of(store, data))
    assert not data.exists()


def test_the_operator_hears_that_some_pictures_are_left_out(tmp_path: Path, store: Path) -> None:
    photo_set = permitted(store)
    first = photo_set.photos[0]
    more = replace(first, token="abcdefgh", decision=None)
    wider = replace(photo_set, photos=(*photo_set.photos, more))
    change(store, photo_set.token, lambda _: wider)
    heard: list[str] = []
    done = conduct(run_of(store, tmp_path / "study"), tell=heard.append)
    (sentence,) = heard
    assert sentence.startswith("own (P1): 2 of 3 pictures may be shown; the participant has not")
    notes = [n["warning"] for n in read_log(done.log).of("note") if "photographs" in n["text"]]
    assert notes == heard


def test_a_picture_on_the_participants_list_of_exclusions_is_left_out(
    store: Path, tmp_path: Path
) -> None:
    photo_set = permitted(store)
    prepared = prepare_run(run_of(store, tmp_path / "study"))
    own, other = (p.token for p in photo_set.photos if p.condition == "own")
    material = replace(prepared.material, excluded=frozenset({own}))
    with pytest.raises(StimulusError, match="one photograph"):
        pictures_of(material, "own")
    assert {item.id for item in pictures_of(prepared.material, "own")} == {own, other}


def test_what_a_simulated_participant_approved_is_not_shown_to_a_person(
    store: Path, tmp_path: Path
) -> None:
    permitted(store, by="simulated")
    assert conduct(run_of(store, tmp_path / "study")).trials > 0
    with pytest.raises(StimulusError, match="the participant has not seen it yet"):
        prepare_run(run_of(store, tmp_path / "study", simulate=False, virtual=False))


def test_pictures_are_neither_shown_nor_forgotten_after_their_last_day(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photo_set = permitted(store)
    assert not photo_set.expired(date.fromisoformat(photo_set.retain_until))
    words = f"photos retain --store {store} --participant 01 --until 2020-01-31"
    assert cli.main(words.split()) == 0
    with pytest.raises(StimulusError, match="until 2020-01-31"):
        prepare_run(run_of(store, tmp_path / "study"))
    (note,) = retention_notes(sets_of(store))
    assert "2020-01-31" in note
    capsys.readouterr()
    assert cli_rig._overdue(store, None) == [note]
    assert cli.main(["photos", "list", "--store", str(store)]) == 0
    assert "PASSED" in capsys.readouterr().out


def test_a_run_is_resumed_with_the_same_pictures(store: Path, tmp_path: Path) -> None:
    permitted(store)
    request = run_of(store, tmp_path / "study")
    whole = conduct(request)
    log = whole.log
    lines = log.read_bytes().split(b"\n")
    (cut,) = [n for n, line in enumerate(lines) if b'"kind":"trial"' in line][3:4]
    log.write_bytes(b"\n".join(lines[: cut + 1]) + b"\n")
    assert conduct(replace(request, resume=True)).trials == whole.trials


@pytest.mark.screen
def test_the_window_shows_a_picture_from_memory_and_is_not_photographed(
    store: Path, tmp_path: Path
) -> None:
    pytest.importorskip("psychopy")
    from mbtexp.clock import MonotonicClock
    from mbtexp.rig import DisplaySettings
    from mbtexp.screen import open_screen

    photo_set = permitted(store)
    stimuli = as_stimuli(store, photo_set, photo_set.photos[:1])
    clock = MonotonicClock()
    screen = open_screen(
        DisplaySettings(), clock, pilot=True, size=(480, 480), pictures=stimuli.pictures
    )
    try:
        picture = Image_(stimuli.picture(stimuli.items[0]), 0.8, (0.0, 0.0), "height")
        screen.prepare([picture])
        screen.draw([picture])
        seen = np.asarray(screen._window.getMovieFrame(buffer="back").convert("RGB"))
        screen._window.movieFrames.clear()
        assert seen[200:280, 200:280].std() > 5, "nothing but the background"
        with pytest.raises(SettingError, match="own photographs"):
            screen.screenshot(tmp_path / "shot.png")
        assert not (tmp_path / "shot.png").exists()
    finally:
        screen.close()
        clock.close()


# -- eyes by hand ---------------------------------------------------------------------------------


def test_eyes_that_were_clicked_are_where_they_were_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "originals"
    for number in (1, 2):
        photograph(folder / "own" / f"IMG_{number}.jpg", number, Told(orientation=6))
    given = find_originals(folder, {})
    exact = Eyes(LEFT, RIGHT)

    def operator(_session: Session, material: Material) -> Participant:
        def answer(phase: Phase, _trial: Mapping[str, Any]) -> list[tuple[str, float]]:
            if phase.name in ("first", "second"):
                # The right one first: the order of the clicks is nobody's business.
                eye = exact.right if phase.name == "first" else exact.left
                return [(Click(clicking.on_screen((0, 0, *SIZE), eye)), 0.5)]
            return [(material.keys[2], 0.5)] if phase.keys else []

        return Participant("operator", answer)

    monkeypatch.setattr(clicking, "clicking", operator)
    request = Request("clicks", "00", Path(), simulate=True, virtual=True)
    assert click_eyes(given, request) == 2
    for eyes in read_clicked(folder).values():
        assert eyes.left == pytest.approx(exact.left, abs=0.2)
        assert eyes.right == pytest.approx(exact.right, abs=0.2)
    assert len(read_clicked(folder)) == 2
    assert click_eyes(given, request) == 0, "all are known now"


def test_small_eyes_are_looked_at_again_in_a_part_of_the_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photograph(tmp_path / "own" / "a.jpg")
    views: list[tuple[int, ...]] = []
    seen = clicking._stimuli

    def watched(shown: Sequence[clicking.View]) -> StimulusSet:
        views.extend(view.box for view in shown)
        return seen(shown)

    monkeypatch.setattr(clicking, "_stimuli", watched)
    request = Request("clicks", "00", Path(), simulate=True, virtual=True)
    click_eyes(find_originals(tmp_path, {}), request)
    whole, part = views
    assert whole == (0, 0, *SIZE)
    assert part[2] - part[0] < SIZE[0]
    (eyes,) = read_clicked(tmp_path).values()
    middle = (part[0] + part[2]) / 2, (part[1] + part[3]) / 2
    assert (eyes.left[0] + eyes.right[0]) / 2 == pytest.approx(middle[0], abs=1)
    assert eyes.left[1] == pytest.approx(middle[1], abs=1)


def test_a_damaged_table_of_eyes_is_told(tmp_path: Path) -> None:
    (tmp_path / "eyes.csv").write_text("file,left_x\nMagdalena.jpg,here\n")
    with pytest.raises(StimulusError, match="click the eyes again") as told:
        read_clicked(tmp_path)
    assert "Magdalena" not in str(told.value)


# -- erasing --------------------------------------------------------------------------------------


def test_a_purge_erases_everything_and_leaves_a_record(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo_set = permitted(store)
    approve(
        store,
        photo_set,
        Request("approval", "01", Path(), simulate=True, virtual=True),
        again=True,
    )
    overwritten = []
    unlink = Path.unlink

    def watched(path: Path, missing_ok: bool = False) -> None:
        overwritten.append(path.read_bytes()[:4])
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", watched)
    record, path = purge(store, photo_set.token, "withdrawn")
    monkeypatch.undo()
    assert sets_of(store) == []
    assert len(overwritten) > len(photo_set.photos)
    assert b"\x89PNG" not in overwritten, "a picture was removed without having been overwritten"
    assert sorted(f.name for f in store.iterdir()) == [".lock", "deleted"]
    assert record.pictures == 4
    assert record.sha256 == tuple(photo.sha256 for photo in photo_set.photos)
    assert (record.reason, record.participant) == ("withdrawn", "01")
    assert record.completed is not None
    assert read_record(path) == record
    facts = json.loads(path.read_text())
    path.write_text(json.dumps({**facts, "reason": "mistake"}))
    with pytest.raises(DataError, match="was changed"):
        read_record(path)


def test_a_purge_that_broke_off_is_gone_on_with(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = only(store).token

    def broken(_folder: Path) -> None:
        raise DiskError("the disk has gone")

    monkeypatch.setattr(purge_of, "_erase_folder", broken)
    with pytest.raises(DiskError, match="gone"):
        purge(store, token, "study-end")
    monkeypatch.undo()
    assert sets_of(store) == [], "no task finds it"
    (path,) = (store / "deleted").iterdir()
    assert read_record(path).completed is None
    assert len(sweep(store)) == 1
    assert read_record(path).completed is not None
    assert sorted(f.name for f in store.iterdir()) == [".lock", "deleted"]


def test_one_person_can_be_erased_with_all_that_was_made_of_their_pictures(store: Path) -> None:
    photo_set = only(store)
    gone = {p.token for p in photo_set.photos if p.person == "P1"}
    record, _ = purge_person(store, photo_set.token, "P1", "withdrawn")
    left = only(store)
    assert [person.label for person in left.people] == ["P2"]
    assert {p.condition for p in left.photos} == {"acquainted", "practice"}
    assert (record.person, record.pictures) == ("P1", 2)
    names = {f.stem for f in (store / left.token).iterdir()}
    assert not gone & names
    assert "sheet1" not in names


# -- commands and labels --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "label",
    ["../../x", "01;rm", "x" * 300, "\N{BABY}", "", "Magdalena Mustermann", "0 1", "01\n", "é1"],
)
@pytest.mark.parametrize("verb", ["prepare", "approve", "list"])
def test_a_label_that_is_no_code_is_refused_and_not_repeated(
    label: str, verb: str, store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["photos", verb, "--store", str(store), "--participant", label]
    if verb == "prepare":
        words.insert(2, str(tmp_path))
    before = sorted(tmp_path.rglob("*"))
    assert cli.main(words) == 2
    said = capsys.readouterr()
    assert "a code, never a name" in said.err
    assert label == "" or label not in said.err + said.out
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("token", ["../../../../etc", "photos:abc", "x" * 300, "ABCDEFGHJK", "a/b"])
def test_a_token_that_is_no_token_is_refused(token: str, store: Path) -> None:
    with pytest.raises(SettingError, match="a token has"):
        read_set(store, token)
    assert cli.main(["photos", "purge", "--store", str(store), "--set", token, *PURGED]) == 2
    assert len(sets_of(store)) == 1


PURGED = ("--reason", "mistake", "--yes")


def test_a_set_goes_through_its_whole_life_by_commands(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder_of_people(tmp_path / "originals", {"A": 2, "B": 2})
    store = ["--store", str(tmp_path / "store")]
    first = ["photos", "prepare", str(tmp_path / "originals"), *store, "--participant", "01"]
    assert cli.main([*first, "--own", "A", "--acq", "B", "--retain-until", "2100-01-01"]) == 0
    said = capsys.readouterr().out
    assert "L* before" in said
    assert "kept until 2100-01-01" in said
    which = [*store, "--participant", "01"]
    assert cli.main(["photos", "approve", *which, "--simulate", "--virtual"]) == 0
    for person in ("P1", "P2"):
        words = ["--permission", "yes", "--date", "2026-05-01", "--signed", "parent", "--person"]
        assert cli.main(["photos", "consent", *which, *words, person]) == 0
    assert cli.main(["photos", "list", *store]) == 0
    assert "0 (and 2 simulated)" in capsys.readouterr().out
    monkeypatch.setattr("sys.stdin", io.StringIO("no\n"))
    assert cli.main(["photos", "purge", *which, "--reason", "study-end"]) == 0
    assert "Nothing was erased" in capsys.readouterr().out
    assert cli.main(["photos", "purge", *which, "--reason", "study-end", "--yes"]) == 0
    assert "Erased: 4 pictures" in capsys.readouterr().out
    assert cli.main(["photos", "list", *store]) == 0
    assert "no photographs" in capsys.readouterr().out
    assert cli.main(["photos", "purge", *store, "--expired", *PURGED]) == 0
    assert cli.main([*first, "--own", "A", "--acq", "A"]) == 2
    assert "two conditions" in capsys.readouterr().err
    assert cli.main([*first, "--own", "A", "--acq", "B", "--retain-until", "tomorrow"]) == 2


# -- the proof ------------------------------------------------------------------------------------

NAMES = ("Magdalena", "Jonathan", "Beispiel", "Mustermann", "IMG_", "seashore", "Grandmother")
MAGIC = (b"\x89PNG", b"\xff\xd8\xff", b"IDAT", b"JFIF", b"Exif\0")


def needles(folder: Path, store: Path) -> dict[str, bytes]:
    """Everything that must be nowhere: names, metadata, and pieces and hashes of pictures."""
    found = {f"the word {name}": name.lower().encode() for name in NAMES}
    found |= {f"{name} in UTF-16": name.lower().encode("utf-16-le") for name in NAMES}
    found["the place on earth"] = struct.pack(">6I", 52, 1, 31, 1, 12345, 1000)
    pictures = [*folder.rglob("*.jpg"), *store.rglob("*.png")]
    assert len(pictures) > 16
    for number, path in enumerate(pictures):
        content = path.read_bytes()
        piece = content[len(content) // 2 :][:48]
        digest = hashlib.sha256(content)
        found |= {
            f"picture {number}": piece.lower(),
            **{
                # A picture in a page begins anywhere: base64 has three ways to write a piece.
                f"picture {number} in base64, {k}": base64.b64encode(piece[k:])[:48].lower()
                for k in range(3)
            },
            f"picture {number} in hex": piece.hex().encode(),
            f"hash of picture {number}": digest.hexdigest().encode(),
        }
    return found


def photographs_with_names(folder: Path) -> Path:
    told = Told(description="Magdalena at the seashore", artist="Jonathan Beispiel")
    people = {"Magdalena": 2, "Jonathan": 2, "friend": 2, "Grandmother": 3}
    folder_of_people(folder, people, names="IMG_Magdalena_{}.jpg", told=told)
    damaged = folder / "Grandmother" / "IMG_Magdalena_3.jpg"
    damaged.write_bytes(damaged.read_bytes()[:2500])
    return folder


def commands(*lines: tuple[int, Sequence[object]]) -> None:
    """Run commands one after the other, each with the exit code that it must have."""
    for code, words in lines:
        assert cli.main([str(word) for word in words]) == code, words


def harm(store: Path, run: Sequence[object]) -> None:
    """A picture damaged in every way, then gone: each time the run is refused."""
    token = only(open_store(store)).token
    picture = next(f for f in (store / token).glob("*.png") if not f.name.startswith("sheet"))
    content = picture.read_bytes()
    for harmed in (content[:1000], b"", content[:-9] + b"123456789"):
        picture.write_bytes(harmed)
        commands((2, run))
    picture.unlink()
    commands((2, run))


@pytest.mark.slow
def test_nothing_that_leaves_the_store_tells_of_a_name_a_file_a_place_or_a_picture(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = photographs_with_names(tmp_path / "Magdalena Mustermann")
    store, data = tmp_path / "store", tmp_path / "study"
    which = ["--store", store, "--participant", "01"]
    first = ["photos", "prepare", folder, *which]
    who = ["--own", "Magdalena", "--acq", "Jonathan", "--unf", "Grandmother"]
    run = ["run", "attachment", "--participant", "01", "--data", data, "--simulate"]
    run += ["--virtual", "--photos", store, "--set", "blocks=1"]
    consent = ["photos", "consent", *which, "--permission", "yes", "--date", "2026-05-01"]

    # Mistakes first: each is answered with a sentence, and none of them repeats a name.
    commands(
        (2, [*first, "--own", "Magdalena"]),
        (2, [*first, *who, "--friend", "Magdalena"]),
        (2, [*first, *who, "--friend", "Mustermann"]),
        (2, [*first, *who, "--assign", tmp_path / "Magdalena.toml"]),
        (2, [*first, *who, "--expressions", tmp_path / "Magdalena.csv"]),
        (2, ["photos", "eyes", tmp_path / "Magdalena"]),
        (2, run),
        (0, [*first, *who]),
        (2, run),
        (0, ["photos", "approve", *which, "--simulate", "--virtual"]),
        *((0, [*consent, "--signed", "self", "--person", f"P{n}"]) for n in (1, 2, 3, 4)),
        (0, ["photos", "list", "--store", store]),
        (0, run),
        (0, [*run, "--preset", "induction", "--run", "2"]),
        (2, ["plan", "attachment", "--participant", "01", "--photos", store]),
        (0, ["bids", data]),
        (0, ["analyse", data, "--no-reliability"]),
    )
    if importlib.util.find_spec("jinja2") and importlib.util.find_spec("matplotlib"):
        commands((0, ["report", data]))
    commands((0, ["show", min(data.rglob("*_log.jsonl"))]))
    hidden = needles(folder, store)
    harm(store, [*run, "--run", "3"])
    commands(
        (2, ["photos", "sheet", *which, "--set", "abcdefghjk"]),
        (0, ["photos", "purge", *which, "--reason", "withdrawn", "--yes"]),
    )

    said = capfd.readouterr()
    (record,) = (store / "deleted").iterdir()
    assert "withdrawn" in record.read_text()
    written = {str(f.relative_to(data)): f.read_bytes() for f in data.rglob("*") if f.is_file()}
    assert len(written) > 10
    outputs = {
        "names of files": " ".join(written).encode(),
        "what was said": (said.out + said.err).replace(str(folder), "").encode(),
        "the record": record.read_bytes(),
        **written,
    }
    for where, content in outputs.items():
        small = content.lower()
        for what, needle in hidden.items():
            if not (what.startswith("hash") and where == "the record"):
                assert needle not in small, f"{what} is in {where}"
        if not where.endswith((".html", ".png", ".svg", ".pdf")):
            assert not any(magic in content for magic in MAGIC), f"a picture is in {where}"


def test_the_search_would_find_what_it_looks_for(tmp_path: Path) -> None:
    folder = folder_of_people(tmp_path / "originals", dict(FOUR, friend=3))
    store = tmp_path / "store"
    (store / "x").mkdir(parents=True)
    for number in range(8):
        Image.new("RGB", (64, 64), (number, 0, 0)).save(store / "x" / f"{number}.png")
    hidden = needles(folder, store)
    picture = next(folder.rglob("*.jpg")).read_bytes()
    assert any(needle in picture.lower() for what, needle in hidden.items() if "picture 0" in what)
    assert hidden["the place on earth"] in picture
    assert hidden["the word Jonathan"] in picture.lower()
    page = base64.b64encode(picture).lower()
    offsets = [base64.b64encode(b"x" * k + picture).lower() for k in range(3)]
    pieces = [needle for what, needle in hidden.items() if what.startswith("picture 0 in base64")]
    assert all(any(piece in encoded for piece in pieces) for encoded in (page, *offsets))
