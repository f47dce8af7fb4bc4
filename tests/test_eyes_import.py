"""The importer on PDFs of the published layout, built here with invented words and pictures."""

from __future__ import annotations

import builtins
import io
import re
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from PIL import Image

from mbtexp.errors import SettingError, StimulusError
from mbtexp.stimuli import verify
from stimuli.eyes_import import import_eyes
from stimuli.eyes_reference import (
    PUBLISHED,
    Reference,
    item_line,
    line_mark,
    list_sha256,
    picture_mark,
)


@dataclass(frozen=True)
class Invented:
    number: int
    words: tuple[str, str, str, str]
    target: str
    sex: str


TEST = [
    Invented(0, ("lunar", "solar", "polar", "molar"), "solar", "M"),
    Invented(1, ("amber", "coral", "ebony", "ivory"), "ivory", "F"),
    Invented(2, ("apple", "peach", "lemon", "melon"), "apple", "M"),
    Invented(3, ("eagle", "raven", "robin", "finch"), "robin", "F"),
]


def picture(number: int) -> Image.Image:
    """Random blocks, so that pictures differ in every part and survive scaling."""
    grey = bytes((x * x * 7 + x * (number * 37 + 11) + number * 91) % 251 for x in range(72))
    return Image.frombytes("L", (9, 8), grey).resize((90, 80), Image.Resampling.NEAREST)


def reference() -> Reference:
    lines = [item_line(i.number, i.words, i.target, i.sex) for i in TEST]
    return Reference(
        list_sha256=list_sha256(lines),
        lines=tuple(line_mark(line) for line in lines),
        pictures=tuple(picture_mark(picture(i.number)) for i in TEST),
    )


# --- a small writer of PDFs -----------------------------------------------------------------------

Line = list[tuple[str, str, float, float]]
"""Pieces of text: font (F plain, B other), text, x and y in points."""


def pdf(path: Path, pages: list[tuple[Line, Image.Image | None]]) -> Path:
    objects: list[bytes] = [b"", b""]
    for name in (b"Helvetica", b"Strange"):
        objects.append(b"<< /Type /Font /Subtype /Type1 /BaseFont /" + name + b" >>")
    kids = []
    for texts, image in pages:
        content = "".join(f"BT /{f} 12 Tf {x} {y} Td ({t}) Tj ET\n" for f, t, x, y in texts)
        resources = "/Font << /F 3 0 R /B 4 0 R >>"
        if image is not None:
            data = io.BytesIO()
            image.save(data, format="JPEG", quality=95)
            jpeg = data.getvalue()
            head = (
                f"<< /Type /XObject /Subtype /Image /Width {image.width} /Height {image.height} "
                f"/ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /DCTDecode "
                f"/Length {len(jpeg)} >>\nstream\n"
            )
            objects.append(head.encode() + jpeg + b"\nendstream")
            resources += f" /XObject << /Im0 {len(objects)} 0 R >>"
            content += "q 433 0 0 252 90 240 cm /Im0 Do Q\n"
        stream = content.encode()
        objects.append(b"<< /Length %d >>\nstream\n" % len(stream) + stream + b"\nendstream")
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {len(objects)} 0 R "
            f"/Resources << {resources} >> >>".encode()
        )
        kids.append(f"{len(objects)} 0 R")
    objects[0] = b"<< /Type /Catalog /Pages 2 0 R >>"
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>".encode()
    out = io.BytesIO()
    out.write(b"%PDF-1.4\n")
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(out.tell())
        out.write(b"%d 0 obj\n" % number + body + b"\nendobj\n")
    table = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    out.write(b"".join(b"%010d 00000 n \n" % offset for offset in offsets))
    out.write(b"trailer << /Size %d /Root 1 0 R >>\n" % (len(objects) + 1))
    out.write(b"startxref\n%d\n%%%%EOF\n" % table)
    path.write_bytes(out.getvalue())
    return path


def slide(item: Invented, shown: int | None = None) -> tuple[Line, Image.Image]:
    above_left, above_right, below_left, below_right = item.words
    texts = [
        ("B", "practice" if item.number == 0 else str(item.number), 297.0, 705.0),
        ("F", above_right, 430.0, 502.0),
        ("F", above_left, 106.0, 502.0),
        ("F", f"{below_left}         {below_right}", 106.0, 204.0),
    ]
    return texts, picture(item.number if shown is None else shown)


def sheet(items: list[Invented]) -> tuple[Line, None]:
    texts: Line = [("B", "Answers", 175.0, 707.0)]
    for row, item in enumerate(items):
        x, y = 100.0, 680.0 - 13 * row
        texts.append(("F", "P" if item.number == 0 else str(item.number), x, y))
        for word in item.words:
            x += 60
            # The bold pieces stand a point lower, as they do in the real sheet.
            bold = word == item.target
            texts.append(("B" if bold else "F", f" {word}", x, y - bold))
        texts.append(("B", f" {item.sex}", 360.0, y - 1))
    return texts, None


def handout() -> tuple[Line, None]:
    return [
        ("F", "WORD DEFINITIONS", 100.0, 720.0),
        ("F", "AMBER golden", 100.0, 700.0),
        ("F", "The light turned", 203.0, 688.0),
        ("B", " amber", 300.0, 688.0),
        ("F", "at the corner.", 203.0, 676.0),
        ("F", "BEIGE not one of the words", 100.0, 650.0),
        ("F", "CORAL like a reef", 100.0, 630.0),
        ("F", "2", 490.0, 95.0),
    ], None


def published(folder: Path, items: list[Invented] = TEST, *, key: bool = True) -> Path:
    folder.mkdir(exist_ok=True)
    pdf(folder / "part1.pdf", [slide(item) for item in items[:2]])
    pdf(folder / "part2.pdf", [slide(item) for item in items[2:]])
    if key:
        pdf(folder / "instructions.pdf", [handout(), sheet(items)])
    return folder


@pytest.fixture
def into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MBTEXP_STIMULI", str(tmp_path / "sets"))
    return tmp_path / "sets"


def nothing_is_left(into: Path) -> bool:
    return not into.exists() or not list(into.iterdir())


def test_words_places_key_sex_and_glossary_are_read_from_the_pdfs(tmp_path, into):
    found = import_eyes(published(tmp_path / "mine"), reference=reference())
    verify(found)
    assert found.name == "rmet" and found.folder == into / "rmet" and found.kind == "imported"
    assert [item.words for item in found.items] == [item.words for item in TEST]
    assert [item.target for item in found.items] == [item.target for item in TEST]
    assert [item.attributes["sex"] for item in found.items] == ["M", "F", "M", "F"]
    assert [item.practice for item in found.items] == [True, False, False, False]
    assert found.glossary == {
        "amber": "golden. The light turned amber at the corner.",
        "coral": "like a reef",
    }
    with Image.open(found.path(found.items[2])) as shown:
        assert shown.size == (90, 80) and picture_mark(shown) == picture_mark(picture(2))


def test_another_edition_of_a_file_is_a_warning_kept_in_the_manifest(tmp_path, into):
    found = import_eyes(published(tmp_path / "mine"), reference=reference())
    assert len(found.warnings) == 3
    assert "part1.pdf is not one of the editions known here" in found.warnings[1]


def test_the_key_is_found_without_the_answer_sheet(tmp_path, into):
    folder = published(tmp_path / "mine", key=False)
    found = import_eyes(folder / "part1.pdf", name="short", reference=reference())
    assert [item.target for item in found.items] == [item.target for item in TEST]
    assert found.glossary == {}


def test_the_answer_sheet_may_lie_elsewhere(tmp_path, into):
    folder = published(tmp_path / "mine", key=False)
    elsewhere = pdf(tmp_path / "key.pdf", [handout(), sheet(TEST)])
    found = import_eyes(folder, instructions=elsewhere, reference=reference())
    assert found.glossary["coral"] == "like a reef"


def test_a_changed_word_on_a_slide_is_refused_by_item(tmp_path, into):
    changed = [*TEST[:2], replace(TEST[2], words=("apple", "peach", "lime", "melon")), TEST[3]]
    with pytest.raises(StimulusError, match=r"^item 2: its words, key or sex are not those"):
        import_eyes(published(tmp_path / "mine", changed), reference=reference())
    assert nothing_is_left(into)


def test_slide_and_answer_sheet_with_different_words_are_refused_by_item(tmp_path, into):
    folder = published(tmp_path / "mine", key=False)
    other = [*TEST[:3], replace(TEST[3], words=("eagle", "raven", "robin", "heron"))]
    pdf(folder / "key.pdf", [sheet(other)])
    with pytest.raises(StimulusError, match="no readable row for item 3"):
        import_eyes(folder, reference=reference())


def test_a_changed_key_is_refused_by_item(tmp_path, into):
    changed = [TEST[0], replace(TEST[1], target="amber"), *TEST[2:]]
    with pytest.raises(StimulusError, match=r"^item 1: its words, key or sex"):
        import_eyes(published(tmp_path / "mine", changed), reference=reference())


def test_words_in_other_places_are_refused_even_without_an_answer_sheet(tmp_path, into):
    changed = [*TEST[:3], replace(TEST[3], words=("raven", "eagle", "robin", "finch"))]
    with pytest.raises(StimulusError, match=r"^item 3: its words .* in their places"):
        import_eyes(published(tmp_path / "mine", changed, key=False), reference=reference())


def test_swapped_pictures_are_refused_by_item(tmp_path, into):
    folder = published(tmp_path / "mine")
    pdf(folder / "part1.pdf", [slide(TEST[0]), slide(TEST[1], shown=2)])
    with pytest.raises(StimulusError, match=r"^item 1: its picture .* looks like that of item 2"):
        import_eyes(folder, reference=reference())
    assert nothing_is_left(into)


def test_a_missing_part_is_refused_by_item(tmp_path, into):
    folder = published(tmp_path / "mine")
    (folder / "part2.pdf").unlink()
    with pytest.raises(StimulusError, match=r"^item 2 is missing"):
        import_eyes(folder, reference=reference())


def test_a_part_given_twice_is_refused_by_item(tmp_path, into):
    folder = published(tmp_path / "mine")
    (folder / "copy.pdf").write_bytes((folder / "part2.pdf").read_bytes())
    with pytest.raises(StimulusError, match=r"^item 2 occurs twice"):
        import_eyes(folder, reference=reference())


def test_a_scan_without_text_is_refused(tmp_path, into):
    folder = published(tmp_path / "mine")
    pdf(folder / "part1.pdf", [([], picture(0)), ([], picture(1))])
    with pytest.raises(StimulusError, match=r"part1\.pdf, page 1: .* no text layer"):
        import_eyes(folder, reference=reference())


def test_a_file_that_is_no_pdf_is_refused(tmp_path, into):
    folder = published(tmp_path / "mine")
    (folder / "part1.pdf").write_bytes(b"not a PDF at all")
    with pytest.raises(StimulusError, match=r"part1\.pdf: this PDF cannot be read"):
        import_eyes(folder, reference=reference())


def test_without_pypdf_the_error_says_what_to_install(tmp_path, into, monkeypatch):
    real = builtins.__import__

    def without_pypdf(name, *rest, **more):
        if name.startswith("pypdf"):
            raise ImportError(name)
        return real(name, *rest, **more)

    folder = published(tmp_path / "mine")
    monkeypatch.setattr(builtins, "__import__", without_pypdf)
    with pytest.raises(StimulusError, match=r"pypdf.*pip install 'mbtexp\[lab\]'"):
        import_eyes(folder, reference=reference())


def test_nothing_is_ever_overwritten(tmp_path, into):
    folder = published(tmp_path / "mine")
    first = import_eyes(folder, reference=reference())
    with pytest.raises(StimulusError, match=r"'rmet' is there already.*--name"):
        import_eyes(folder, reference=reference())
    verify(first)
    assert import_eyes(folder, name="rmet2", reference=reference()).name == "rmet2"


@pytest.mark.parametrize("name", ["Big Name", "../up", ""])
def test_an_impossible_name_is_refused(tmp_path, into, name):
    folder = described(tmp_path / "mine")
    with pytest.raises(StimulusError, match="--name"):
        import_eyes(folder, name=name or "-")


def test_a_full_disk_leaves_nothing_behind(tmp_path, into, monkeypatch):
    folder = described(tmp_path / "mine")
    real = Path.write_bytes

    def full(path, content):
        if path.name == "b.png":
            raise OSError(28, "No space left on device")
        return real(path, content)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(StimulusError, match="No space left on device"):
        import_eyes(folder)
    assert nothing_is_left(into)


# --- items files ----------------------------------------------------------------------------------

HEADER = "id,file,word1,word2,word3,word4,target,sex,practice,valence,meaning1"
ROWS = [
    "a1,a.png,calm,glad,sour,grim,glad,F,no,0.5,quiet",
    "a2,b.png,warm,cold,mild,cool,4,male,no,-0.25,",
    "a0,c.png,high,deep,wide,flat,deep,m,yes,,",
]


def described(folder: Path, rows: list[str] = ROWS, header: str = HEADER) -> Path:
    folder.mkdir(exist_ok=True)
    for number, name in enumerate(("a.png", "b.png", "c.png")):
        picture(number).save(folder / name)
    (folder / "items.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return folder


def test_any_set_comes_in_with_an_items_file(tmp_path, into):
    found = import_eyes(described(tmp_path / "My Set"))
    verify(found)
    assert found.name == "my_set"
    assert [item.target for item in found.items] == ["glad", "cool", "deep"]
    assert [item.attributes["sex"] for item in found.items] == ["F", "M", "M"]
    assert [item.practice for item in found.items] == [False, False, True]
    assert found.items[1].attributes["valence"] == -0.25
    assert "valence" not in found.items[2].attributes
    assert found.glossary == {"calm": "quiet"}
    assert found.path(found.items[0]).read_bytes() == (tmp_path / "My Set" / "a.png").read_bytes()


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_columns_may_have_their_other_names_and_delimiters(tmp_path, into, delimiter):
    folder = described(
        tmp_path / "mine",
        [row.replace(",", delimiter) for row in ROWS],
        "item,Image,TL,TR,BL,BR,correct,gender,practice,valence,glossary1".replace(",", delimiter),
    )
    assert import_eyes(folder / "items.csv").items[1].target == "cool"


def test_a_set_may_say_its_licence_and_language(tmp_path, into):
    folder = described(tmp_path / "mine")
    (folder / "set.toml").write_text('kind = "open"\nlicence = "CC-BY-SA-4.0"\nlanguage = "de"\n')
    found = import_eyes(folder)
    assert (found.kind, found.licence, found.language) == ("open", "CC-BY-SA-4.0", "de")
    assert found.glossaries == {"de": {"calm": "quiet"}}


def test_a_misspelt_entry_about_a_set_gets_the_nearest(tmp_path, into):
    folder = described(tmp_path / "mine")
    (folder / "set.toml").write_text('license = "x"\n')
    with pytest.raises(SettingError, match="did you mean 'licence'"):
        import_eyes(folder)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("glad,F", "gladd,F"), r"item a1: the target 'gladd' is none .* did you mean 'glad'"),
        (("a2,b.png", "a1,b.png"), "item a1 occurs twice"),
        (("a2,", ","), "a row has no id"),
        (("b.png", "x.png"), r"item a2: its picture x\.png is not in"),
        (("b.png", "a.png"), r"item a1: its picture a\.png is another item's too"),
        (("warm,cold", "warm,"), "item a2: it needs four different words"),
        (("warm,cold", "warm,Warm"), "item a2: it needs four different words"),
        (("male,no", "x,no"), "item a2: sex is 'x'; write F or M"),
        (("m,yes", "m,maybe"), "item a0: practice is 'maybe'"),
        (("-0.25", "low"), "item a2: valence is 'low'; write a number"),
        ((HEADER, HEADER.replace("target", "goal")), "column 'target' is missing.*key or answer"),
    ],
)
def test_a_faulty_items_file_is_refused_by_item(tmp_path, into, change, said):
    folder = described(tmp_path / "mine")
    path = folder / "items.csv"
    text = path.read_text(encoding="utf-8")
    assert change[0] in text
    path.write_text(text.replace(*change, 1), encoding="utf-8")
    with pytest.raises(StimulusError, match=said):
        import_eyes(folder)
    assert nothing_is_left(into)


def test_a_damaged_picture_is_refused_by_item(tmp_path, into):
    folder = described(tmp_path / "mine")
    (folder / "b.png").write_bytes((folder / "b.png").read_bytes()[:60])
    with pytest.raises(StimulusError, match=r"item a2: its picture b\.png is damaged"):
        import_eyes(folder)


def test_an_items_file_that_is_not_utf8_is_refused(tmp_path, into):
    folder = described(tmp_path / "mine")
    (folder / "items.csv").write_bytes("id;word1\nä;ö\n".encode("latin-1"))
    with pytest.raises(StimulusError, match="save it as 'CSV UTF-8'"):
        import_eyes(folder)


def test_an_items_file_without_rows_is_refused(tmp_path, into):
    with pytest.raises(StimulusError, match="has no rows"):
        import_eyes(described(tmp_path / "mine", []))


def test_pictures_without_an_items_file_are_refused(tmp_path, into):
    folder = described(tmp_path / "mine")
    (folder / "items.csv").unlink()
    with pytest.raises(StimulusError, match=r"there are pictures \(a\.png .* no items\.csv"):
        import_eyes(folder)


def test_an_empty_folder_and_a_wrong_path_are_refused(tmp_path, into):
    with pytest.raises(StimulusError, match="nor a PDF"):
        import_eyes(tmp_path)
    with pytest.raises(StimulusError, match="no such file or folder"):
        import_eyes(tmp_path / "nowhere")


def numbered(folder: Path, items: list[Invented], shown: tuple[int, ...] = (0, 1, 2, 3)) -> Path:
    folder.mkdir()
    rows = ["id\tword1\tword2\tword3\tword4\ttarget\tsex"]
    for item, number in zip(items, shown, strict=True):
        picture(number).save(folder / f"rmet_{item.number:02d}.png")
        rows.append("\t".join([str(item.number), *item.words, item.target, item.sex]))
    (folder / "items.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder


def test_pictures_may_be_found_by_their_number_alone(tmp_path, into):
    found = import_eyes(numbered(tmp_path / "mine", TEST), reference=reference())
    assert [item.file for item in found.items] == [f"rmet_{n:02d}.png" for n in range(4)]


def test_one_wrong_word_in_a_retyped_list_is_refused_by_item(tmp_path, into):
    changed = [*TEST[:2], replace(TEST[2], words=("apple", "peach", "lemon", "mellon")), TEST[3]]
    with pytest.raises(
        StimulusError, match=r"^item 2: its words, their places, its key or its sex"
    ):
        import_eyes(numbered(tmp_path / "mine", changed), reference=reference())


def test_one_wrongly_numbered_picture_is_refused_by_item(tmp_path, into):
    with pytest.raises(StimulusError, match=r"^item 3: its picture .* looks like that of item 2"):
        import_eyes(numbered(tmp_path / "mine", TEST, (0, 1, 2, 2)), reference=reference())


def test_a_translation_with_other_pictures_passes(tmp_path, into):
    other = [replace(i, words=tuple(w + "o" for w in i.words), target=i.target + "o") for i in TEST]
    found = import_eyes(numbered(tmp_path / "mine", other, (7, 8, 9, 5)), reference=reference())
    assert found.warnings == ()


def test_the_published_fingerprints_are_complete_and_tell_pictures_apart():
    assert len(PUBLISHED.lines) == len(PUBLISHED.pictures) == 37
    assert len(set(PUBLISHED.lines)) == len(set(PUBLISHED.pictures)) == 37
    assert re.fullmatch("[0-9a-f]{64}", PUBLISHED.list_sha256)
    assert all(PUBLISHED.nearest(mark) == n for n, mark in enumerate(PUBLISHED.pictures))
