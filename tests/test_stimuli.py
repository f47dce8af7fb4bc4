from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from mbtexp import stimuli
from mbtexp.errors import StimulusError
from mbtexp.stimuli import (
    Item,
    StimulusSet,
    find_importer,
    find_set,
    list_sets,
    manifest,
    read_set,
    row_sha256,
    user_folder,
    verify,
)


def written_set(folder: Path, name: str = "faces") -> StimulusSet:
    place = folder / name
    place.mkdir(parents=True)
    items = []
    for number in range(3):
        content = f"picture {number}".encode()
        (place / f"p{number}.png").write_bytes(content)
        items.append(
            Item(
                id=f"p{number}",
                file=f"p{number}.png",
                sha256=hashlib.sha256(content).hexdigest(),
                width_px=8,
                height_px=6,
                attributes={
                    "words": ["calm", "glad", "sour", "grim"],
                    "words_de": ["ruhig", "froh", "sauer", "finster"],
                    "key": number,
                    "practice": number == 0,
                },
            )
        )
    described = StimulusSet(
        name=name,
        title="three pictures",
        kind="imported",
        version="1",
        licence="none",
        source="here",
        citation="nobody",
        language="en",
        items=tuple(items),
        folder=place,
        glossaries={"en": {"calm": "quiet"}},
        warnings=("look twice",),
    )
    (place / "manifest.json").write_bytes(manifest(described))
    return read_set(place)


@pytest.fixture
def sets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MBTEXP_STIMULI", str(tmp_path))
    monkeypatch.setattr(stimuli, "_bundled", lambda: iter(()))
    return tmp_path


def change_manifest(found: StimulusSet, old: str, new: str) -> StimulusSet:
    path = found.folder / "manifest.json"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8", newline="\n")
    return read_set(found.folder)


def test_a_set_is_found_by_its_name_and_reads_back_as_it_was_written(sets):
    written = written_set(sets)
    found = find_set("faces")
    assert found == written
    assert found.item("p1").target == "glad"
    assert found.items[0].practice and not found.items[1].practice
    assert found.path(found.items[2]).read_bytes() == b"picture 2"
    assert found.glossary == {"calm": "quiet"}
    assert found.warnings == ("look twice",)


def test_an_intact_set_verifies_and_other_files_in_its_folder_do_not_count(sets):
    found = written_set(sets)
    (found.folder / "notes.txt").write_text("mine")
    verify(found)


def test_a_missing_picture_is_refused_by_item(sets):
    found = written_set(sets)
    (found.folder / "p1.png").unlink()
    with pytest.raises(
        StimulusError, match=r"item p1.*p1\.png cannot be read.*import the set again"
    ):
        verify(found)


def test_a_changed_picture_is_refused_by_item(sets):
    found = written_set(sets)
    (found.folder / "p2.png").write_bytes(b"picture 3")
    with pytest.raises(StimulusError, match=r"item p2.*was changed"):
        verify(found)


@pytest.mark.parametrize(("old", "new"), [('"sour"', '"sweet"'), ('"key": 0', '"key": 1')])
def test_a_changed_word_or_key_is_refused_by_item(sets, old, new):
    changed = change_manifest(written_set(sets), old, new)
    with pytest.raises(StimulusError, match=r"item p0: a word, the key or another entry"):
        verify(changed)


def test_an_id_that_occurs_twice_is_refused(sets):
    changed = change_manifest(written_set(sets), '"id": "p1"', '"id": "p0"')
    with pytest.raises(StimulusError, match="item p0 occurs twice"):
        verify(changed)


def test_a_key_beyond_the_words_is_refused(sets):
    found = written_set(sets)
    attributes = {**found.items[0].attributes, "key": 4}
    item = replace(found.items[0], attributes=attributes, row_sha256=row_sha256(attributes))
    with pytest.raises(StimulusError, match="the key names word 5 of 4"):
        verify(replace(found, items=(item,)))


def test_a_set_without_items_is_refused(sets):
    with pytest.raises(StimulusError, match="has no items"):
        verify(replace(written_set(sets), items=()))


def test_an_unknown_set_gets_the_nearest_name(sets):
    written_set(sets)
    with pytest.raises(StimulusError, match="did you mean 'faces'"):
        find_set("face")


def test_an_unknown_item_gets_the_nearest_id(sets):
    with pytest.raises(StimulusError, match="can be 'p0'"):
        written_set(sets).item("p9")


def test_words_come_in_the_languages_that_the_set_has(sets):
    found = written_set(sets)
    assert found.languages == ("en", "de")
    assert found.words(found.items[0], "de")[0] == "ruhig"
    with pytest.raises(StimulusError, match="no words in 'fr'; it can be 'de' or 'en'"):
        found.words(found.items[0], "fr")


def test_the_header_facts_carry_every_checksum(sets):
    found = written_set(sets)
    facts = found.facts()
    content = (found.folder / "manifest.json").read_bytes()
    assert facts["manifest_sha256"] == hashlib.sha256(content).hexdigest()
    assert facts["files"]["p0.png"] == hashlib.sha256(b"picture 0").hexdigest()
    assert set(facts) == {"set", "kind", "version", "manifest_sha256", "licence", "files"}
    json.dumps(facts)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"format": 1', '"format": 2', "this version reads format 1"),
        ('"kind": "imported"', '"kind": "importd"', "did you mean 'imported'"),
        ('"licence"', '"license"', "'licence' is missing"),
        ("{", "", "not a manifest"),
    ],
)
def test_a_manifest_that_does_not_say_it_all_is_refused(sets, old, new, said):
    with pytest.raises(StimulusError, match=said):
        change_manifest(written_set(sets), old, new)


def test_half_an_import_is_no_set(sets):
    written_set(sets)
    (sets / ".rmet.1.partial").mkdir()
    (sets / "empty").mkdir()
    assert [found.name for found in list_sets()] == ["faces"]


def test_a_bundled_set_is_not_hidden_by_an_imported_one(sets, monkeypatch):
    bundled = written_set(sets / "bundled")
    written_set(sets)
    monkeypatch.setattr(stimuli, "_bundled", lambda: iter([("faces", bundled.folder)]))
    assert find_set("faces").folder == bundled.folder


@pytest.mark.parametrize(
    ("platform", "variables", "place"),
    [
        ("linux", {}, ".local/share/mbtexp/stimuli"),
        ("linux", {"XDG_DATA_HOME": "data"}, "data/mbtexp/stimuli"),
        ("win32", {"LOCALAPPDATA": "local"}, "local/mbtexp/stimuli"),
        ("darwin", {}, "Library/Application Support/mbtexp/stimuli"),
    ],
)
def test_imported_sets_live_where_the_system_keeps_data(
    tmp_path, monkeypatch, platform, variables, place
):
    for name in ("MBTEXP_STIMULI", "XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, str(tmp_path / value))
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setattr(sys, "platform", platform)
    assert user_folder() == tmp_path / place


def test_an_unknown_importer_is_refused():
    with pytest.raises(StimulusError, match="no importer for 'ears'"):
        find_importer("ears")


def test_importing_the_module_loads_neither_numpy_nor_pillow():
    code = "import sys, mbtexp.stimuli; sys.exit(any(m in sys.modules for m in ('numpy', 'PIL')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
