"""The code book as it goes out: files for readers of a recording, compact maps, and its check."""

from __future__ import annotations

import csv
import errno
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mbtexp.bids import export
from mbtexp.cli import main
from mbtexp.conduct import Request, conduct
from mbtexp.errors import SettingError
from mbtexp.events import read_log
from mbtexp.rig import TriggerSettings, rig_from
from mbtexp.triggers.book import (
    COMMON,
    HIGHEST,
    SESSION,
    STRETCHES,
    Entry,
    codebook,
    whole_book,
)
from mbtexp.triggers.codes import BOOKS, EYES, all_codes
from mbtexp.triggers.compact import SIZES, compact, sent_values, values
from mbtexp.triggers.exports import (
    FORMS,
    brainvision_description,
    exports_of,
    hed_json,
    markers,
    write_beside,
)

GOLDEN = Path(__file__).parent / "golden"
LINE = TriggerSettings(device="serial", port="COM9")
SMALL = replace(LINE, max_code=15, code_map="compact")


def tsv(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines(), delimiter="\t"))


# -- numbers are for good -------------------------------------------------------------------------


def test_no_number_of_a_compact_map_has_changed() -> None:
    given = {
        (row["max_code"], row["task"], row["code"]): (int(row["value"]), row["class"])
        for row in tsv((GOLDEN / "codes_compact.tsv").read_text())
    }
    now = {
        (str(size), task, code.name): (one.value, one.name)
        for task, book in BOOKS.items()
        for size in SIZES
        for one in compact(book, size)
        for code in one.codes
    }
    assert {name: now.get(name) for name in given} == given, "values are append-only"
    assert set(now) == set(given), "add the new codes to codes_compact.tsv"


def test_a_retired_code_keeps_its_number_in_the_book_and_its_class_in_the_map() -> None:
    old = Entry(9, "No longer shown", "Sensory-event", retired=True)
    later = Entry(10, "Shown since", "Sensory-event", since="0.2.0")
    book = codebook("eyes", old=old, later=later)
    with pytest.raises(SettingError, match="codes 'old' and 'again' are both 129"):
        codebook("eyes", old=old, again=Entry(9, "Another", "Sensory-event"))
    assert {one.name: one.value for one in compact(book, 15)}["later"] == 8
    assert 129 not in values(book, 15)
    assert 130 in values(book, 15)


def test_a_code_of_a_later_version_moves_no_value() -> None:
    first = Entry(20, "First", "Sensory-event")
    before = values(codebook("eyes", first=first), 31)
    added = Entry(6, "Later, with a lower number", "Sensory-event", since="0.10.0")
    after = values(codebook("eyes", first=first, added=added), 31)
    assert {code: after[code] for code in before} == before
    assert after[126] == max(after.values())


def test_the_tasks_share_no_number_and_all_lie_where_codes_may() -> None:
    codes = all_codes()
    assert len({row.code for row in codes}) == len(codes)
    assert len({(row.task, row.name) for row in codes}) == len(codes)
    assert {row.code for row in codes} <= set(range(1, HIGHEST + 1))
    assert {row.name for row in codes if not row.task} == set(SESSION)


def test_a_short_task_has_a_stretch_of_its_own_and_shares_what_is_common() -> None:
    last = len(STRETCHES["moral"])
    moment = Entry(last, "The last of its moments", "Sensory-event")
    book = codebook("moral", moment=moment)
    assert book.moment == STRETCHES["moral"].stop - 1
    first = codebook("recognition", moment=Entry(1, "Its first moment", "Sensory-event"))
    assert [first[name] for name in COMMON] == [book[name] for name in COMMON]
    with pytest.raises(SettingError, match=f"offset {last + 1}; it must be from 1 to {last}"):
        codebook("moral", moment=replace(moment, number=last + 1))


# -- compact maps ---------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("task", sorted(BOOKS))
def test_every_code_of_a_task_has_a_value_that_its_line_can_show(task: str, size: int) -> None:
    sent = values(BOOKS[task], size)
    assert set(sent) == set(BOOKS[task].values())
    assert set(sent.values()) <= set(range(1, size)), "all bits up is what an open line shows"
    common = ("run_start", "block_start", "fixation", "window", "no_response", "probe")
    assert len({tuple(values(book, size)[book[name]] for name in common) for book in
                BOOKS.values()}) == 1, "what is common to all tasks has one value"  # fmt: skip


def test_on_five_bits_every_moment_of_a_task_can_be_told_apart() -> None:
    for book in BOOKS.values():
        own = [row.code for row in book.rows if row.task]
        sent = values(book, 31)
        assert len({sent[code] for code in own}) == len(own)


def test_on_four_bits_conditions_stay_apart_and_their_kinds_do_not() -> None:
    trust, eyes = BOOKS["trust"], BOOKS["eyes"]
    sent = values(trust, 15)
    assert len({sent[trust[f"face_trust_{third}"]] for third in ("low", "middle", "high")}) == 3
    assert sent[trust.face_age_low] == sent[trust.face_age_high]
    sent = values(eyes, 15)
    assert sent[eyes.response_tl] == sent[eyes.response_br]
    assert sent[eyes.eyes_mental] != sent[eyes.eyes_sex] == sent[eyes.eyes_age]


def test_maps_that_do_not_exist_or_do_not_fit_are_refused() -> None:
    with pytest.raises(SettingError, match=r"a compact map is for 15 \(four bits\) or 31"):
        compact(EYES, 63)
    many = {f"m{n}": Entry(n, "A moment", "Sensory-event") for n in range(4, 20)}
    with pytest.raises(SettingError, match=r"has 22 classes of codes, but .* room for 14"):
        compact(codebook("eyes", **many), 15)
    with pytest.raises(SettingError, match="this task has no code book"):
        sent_values({"dot": 5}, 15, "compact")
    assert sent_values({"dot": 5}, 15, "full") is None


# -- a run on a line of four bits -----------------------------------------------------------------


def rig_file(folder: Path, *lines: str, mode: str = "eeg") -> Path:
    path = folder / "rig.toml"
    text = [f"mode = '{mode}'", "[trigger]", "device = 'serial'", "port = 'COM9'", *lines]
    path.write_text("\n".join(text))
    return path


def simulated(folder: Path, rig: Path | None, **changes: Any) -> Path:
    asked = {"task": "eyes", "changes": {"items": "4"}, **changes}
    request = Request(
        participant="01", data=folder / "study", simulate=True, virtual=True, rig=rig, **asked
    )
    return conduct(request).log


def test_a_run_sends_the_compact_values_and_its_log_keeps_the_codes(tmp_path: Path) -> None:
    log = read_log(simulated(tmp_path, rig_file(tmp_path, "max_code = 15", "code_map = 'compact'")))
    sent = list(log.of("trigger"))
    map_ = values(EYES, 15)
    assert {event["outcome"] for event in sent} == {"sent"}
    assert {event["name"] for event in sent} >= {"run_start", "fixation", "eyes_mental"}
    for event in sent:
        assert event["code"] == EYES[event["name"]]
        assert event["value"] == map_[event["code"]]
        assert bytes.fromhex(event["bytes_hex"]) == bytes([event["value"]])
    assert log.header["codes"]["fixation"] == {
        "code": 123,
        "description": "Onset of the fixation cross",
        "hed": "Sensory-event, Visual-presentation, Cross",
        "value": 2,
    }
    assert log.header["trigger"]["code_map"] == "compact"


def test_without_a_map_a_small_line_is_refused_and_the_log_is_as_ever(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="max_code is 15, but task 'eyes' sends code"):
        simulated(tmp_path, rig_file(tmp_path, "max_code = 15"))
    log = read_log(simulated(tmp_path, rig_file(tmp_path)))
    assert all("value" not in event for event in log.of("trigger"))
    assert "value" not in log.header["codes"]["fixation"]


def test_bids_has_the_value_on_the_wire_with_its_meaning(tmp_path: Path) -> None:
    simulated(tmp_path, rig_file(tmp_path, "max_code = 31", "code_map = 'compact'"))
    export(tmp_path / "study")
    (events,) = (tmp_path / "study").glob("sub-01/ses-01/eeg/*_events.tsv")
    rows = tsv(events.read_text())
    column = json.loads((tmp_path / "study" / "task-eyes_events.json").read_text())["value"]
    map_ = values(EYES, 31)
    coded = [row for row in rows if row["value"] != "n/a"]
    assert len(coded) > 10
    for row in coded:
        assert row["value"] == str(map_[EYES[row["trigger"]]])
    assert column["Levels"][str(map_[EYES.fixation])] == "Onset of the fixation cross"
    assert set(column["HED"]) == set(column["Levels"])


# -- next to the logs -----------------------------------------------------------------------------


def test_every_session_has_the_code_book_beside_its_logs(tmp_path: Path) -> None:
    log = simulated(tmp_path, rig_file(tmp_path))
    names = {path.name for path in log.parent.iterdir()} - {log.name}
    stem = "sub-01_ses-01"
    assert names == {
        f"{stem}_codes.tsv",
        f"{stem}_codes.json",
        f"{stem}_task-eyes_codes-mne.json",
        f"{stem}_task-eyes_codes-brainvision.tsv",
        f"{stem}_task-eyes_codes-hed.json",
    }
    book = json.loads((log.parent / f"{stem}_codes.json").read_text())
    assert book["line"] == {
        "device": "serial",
        "pulse_ms": 10.0,
        "gap_ms": 4.0,
        "pulse_ended_by": "host",
        "max_code": 255,
        "code_map": "full",
    }
    assert book["mbtexp"] == read_log(log).header["software"]["mbtexp"]
    assert "consecutive=True, min_duration=0.003" in book["reading"]
    assert len(book["codes"]) == len(all_codes())


def test_a_second_run_leaves_the_files_alone_and_another_line_gets_files_of_its_own(
    tmp_path: Path,
) -> None:
    folder = simulated(tmp_path, rig_file(tmp_path)).parent
    before = {path: path.read_bytes() for path in folder.glob("*codes*")}
    simulated(tmp_path, rig_file(tmp_path), run=2)
    simulated(tmp_path, rig_file(tmp_path), task="discounting", preset="five_trial", changes={})
    same = {path: path.read_bytes() for path in folder.glob("*codes*") if path in before}
    assert same == before
    added = {path.name for path in folder.glob("*codes*")} - {path.name for path in before}
    assert all("task-discounting" in name for name in added)
    simulated(tmp_path, rig_file(tmp_path, "pulse_ms = 20"), run=3)
    assert {path: path.read_bytes() for path in before} == before
    other = json.loads((folder / "sub-01_ses-01_codes-2.json").read_text())
    assert other["line"]["pulse_ms"] == 20
    assert not (folder / "sub-01_ses-01_codes-2.tsv").exists(), "the table is the same"


def test_a_task_without_a_book_leaves_the_whole_book_only(tmp_path: Path) -> None:
    exports = exports_of(LINE, "dots", {"dot": 250})
    paths = write_beside(tmp_path, "sub-01_ses-01", exports)
    assert [path.name for path in paths] == ["sub-01_ses-01_codes.tsv", "sub-01_ses-01_codes.json"]
    assert write_beside(tmp_path, "sub-01_ses-01", exports) == []


def test_a_full_disk_keeps_no_run_from_starting_and_leaves_no_half_book(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Path.open

    def full(path: Path, *args: Any, **more: Any) -> Any:
        if "codes" in path.name:
            path.touch()
            raise OSError(errno.ENOSPC, "No space left on device")
        return whole(path, *args, **more)

    monkeypatch.setattr(Path, "open", full)
    log = simulated(tmp_path, rig_file(tmp_path))
    assert [path.name for path in log.parent.iterdir()] == [log.name]
    (note,) = [note for note in read_log(log).of("note") if "warning" in note]
    assert (
        "sub-01_ses-01_codes.tsv: the code book could not be written (No space" in note["warning"]
    )
    assert read_log(log).completed


# -- forms ----------------------------------------------------------------------------------------


def test_event_id_for_mne_has_each_name_with_the_value_on_the_wire() -> None:
    full = json.loads(exports_of(LINE, "eyes", EYES).text("mne"))
    assert full == dict(EYES)
    small = json.loads(exports_of(SMALL, "eyes", EYES).text("mne"))
    assert small["fixation"] == 2
    assert sorted(small.values()) == list(range(1, 13))
    every = json.loads(exports_of(LINE).text("mne"))
    assert every["eyes/fixation"] == 123
    assert every["trust/fixation"] == 43
    assert every["run_start"] == 203
    assert len(every) == len(all_codes())


def test_brainvision_names_are_those_that_recorder_writes() -> None:
    assert [brainvision_description(value) for value in (5, 42, 125)] == ["S  5", "S 42", "S125"]
    rows = tsv(exports_of(LINE, "eyes", EYES).text("brainvision"))
    fixation = next(row for row in rows if row["name"] == "fixation")
    assert (fixation["description"], fixation["value"]) == ("S123", "123")
    assert {row["type"] for row in rows} == {"Stimulus"}


def test_the_table_of_a_small_line_says_what_is_sent_for_each_code() -> None:
    rows = {row["code"]: row for row in tsv(exports_of(SMALL).text("tsv"))}
    assert rows["123"]["value"] == rows["43"]["value"] == "2"
    assert rows["203"]["value"] == "1", "the same in every task"
    assert "value" not in tsv(exports_of(LINE).text("tsv"))[0]


def test_a_compact_map_is_asked_for_by_task() -> None:
    with pytest.raises(SettingError, match="each task has a compact map of its own"):
        exports_of(SMALL).text("mne")


@pytest.mark.readers
@pytest.mark.parametrize("size", [None, *SIZES])
def test_hedtools_accepts_the_sidecar_of_every_task(size: int | None) -> None:
    import io
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # hedtools' own dependencies complain
        from hed import Sidecar, load_schema_version

        schema = load_schema_version("8.4.0")
        for book in BOOKS.values():
            found = markers(book, None if size is None else compact(book, size))
            assert Sidecar(io.StringIO(hed_json(found))).validate(schema) == []


@pytest.mark.readers
def test_mne_reads_a_brainvision_recording_by_the_exported_names(tmp_path: Path) -> None:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import mne
        import numpy as np
        import pybv

        names = json.loads(exports_of(LINE, "eyes", EYES).text("mne"))
        codes = [names[name] for name in ("run_start", "fixation", "eyes_mental", "response_tl")]
        events = np.array([[100 * (n + 1), code, 1] for n, code in enumerate(codes)])
        pybv.write_brainvision(
            data=np.zeros((1, 1000)), sfreq=500, ch_names=["Cz"], fname_base="r",
            folder_out=str(tmp_path), events=events,
        )  # fmt: skip
        raw = mne.io.read_raw_brainvision(tmp_path / "r.vhdr", verbose="error")
        table = tsv(exports_of(LINE, "eyes", EYES).text("brainvision"))
        named = {f"{row['type']}/{row['description']}": int(row["value"]) for row in table}
        found, _ = mne.events_from_annotations(raw, event_id=named, verbose="error")
        assert list(found[:, 2]) == codes
        here = {name: value for name, value in names.items() if value in codes}
        epochs = mne.Epochs(raw, found, here, 0, 0.01, baseline=None, preload=True, verbose="error")
        assert len(epochs["fixation"]) == 1


# -- the command ----------------------------------------------------------------------------------


def test_the_command_writes_every_form_into_a_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["codes", "--task", "eyes", "--out", str(tmp_path / "book")]) == 0
    assert len(list((tmp_path / "book").iterdir())) == len(FORMS)
    assert main(["codes", "--task", "eyes", "--form", "mne"]) == 0
    assert '"fixation": 123' in capsys.readouterr().out
    assert main(["codes", "--task", "eyes", "--out", str(tmp_path / "book")]) == 2
    assert "exists already" in capsys.readouterr().err


def test_the_check_tells_which_presets_can_be_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["codes", "check", "--task", "discounting"]) == 0
    assert "6 of 6 presets can be run." in capsys.readouterr().out
    rig = rig_file(tmp_path, "pulse_ms = 200", "lowest_eeg_rate_hz = 50")
    assert main(["codes", "check", "--task", "eyes", "--rig", str(rig)]) == 1
    said = capsys.readouterr().out
    assert "eyes standard: REFUSED: The codes of" in said
    assert "1 of 4 presets can be run." in said


def test_the_whole_book_of_two_tasks_has_each_row_once() -> None:
    rows = whole_book([BOOKS["eyes"], BOOKS["trust"]])
    assert len({row.code for row in rows}) == len(rows)


def test_a_rig_says_how_it_maps_codes() -> None:
    assert rig_from({}, where="rig.toml").trigger.code_map == "full"
    with pytest.raises(SettingError, match="code_map"):
        rig_from({"trigger": {"code_map": "small"}}, where="rig.toml")
