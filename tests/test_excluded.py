"""What a participant must not see is not shown, and nobody reads why."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from mbtexp import cli
from mbtexp.conduct import Request, conduct, prepare
from mbtexp.errors import DataError, DiskError, SettingError
from mbtexp.events import read_log
from mbtexp.excluded import exclude, path_of, read_excluded

SENSITIVE = {
    "attachment": ("induction", "acquainted1_1"),
    "discounting": ("mcq27", ""),
    "eyes": ("standard", ""),
    "polysemy": ("standard", ""),
    "trust": ("rating", ""),
}


def request(data: Path, task: str = "polysemy", preset: str = "standard") -> Request:
    return Request(
        task=task, participant="07", data=data, preset=preset, simulate=True, virtual=True
    )


def shown_words(data: Path) -> list[str]:
    return [row.target for row in prepare(request(data)).rows]


def test_a_word_on_the_list_is_neither_target_nor_prime(tmp_path: Path) -> None:
    row = prepare(request(tmp_path)).rows[40]
    before = prepare(request(tmp_path)).rows
    exclude(tmp_path, "07", [row.target.upper(), row.prime])

    after = prepare(request(tmp_path))

    gone = [r for r in before if {r.target, r.prime} & {row.target, row.prime}]
    assert gone
    assert after.left_out == len(gone)
    assert list(after.rows) == [r for r in before if r not in gone], "the others stay as they were"


@pytest.mark.parametrize("task", ["attachment", "eyes", "trust"])
def test_a_picture_on_the_list_is_not_shown_and_the_run_goes_to_its_end(
    tmp_path: Path, task: str
) -> None:
    preset = SENSITIVE[task][0]
    rows = prepare(request(tmp_path, task, preset)).rows
    name = next(row.stim_id for row in rows if row.stim_id and not row.practice)
    exclude(tmp_path, "07", [name])

    done = conduct(request(tmp_path, task, preset))

    log = read_log(done.log)
    assert log.completed
    assert all(t["design"].get("stim_id") != name for t in log.of("trial"))
    assert name not in done.log.read_text(encoding="utf-8").split('"stimuli"')[0]


def test_the_log_says_how_many_trials_and_never_which(tmp_path: Path) -> None:
    word = next(row.target for row in prepare(request(tmp_path)).rows if row.is_word)
    exclude(tmp_path, "07", [word])
    log = conduct(request(tmp_path)).log
    notes = [n for n in read_log(log).of("note") if "must not see" in n["text"]]
    assert [n["left_out"] for n in notes] == [1]
    assert f'"{word}"' not in log.read_text(encoding="utf-8")


def test_the_list_is_for_its_owner_only_and_grows_without_repetition(tmp_path: Path) -> None:
    assert exclude(tmp_path, "07", ["Mother", "wedding"]) == 2
    assert exclude(tmp_path, "07", ["mother", "old friend"]) == 3
    assert read_excluded(tmp_path, "07") == {"mother", "wedding", "old friend"}
    assert read_excluded(tmp_path, "08") == frozenset()
    if sys.platform != "win32":
        assert stat.S_IMODE(path_of(tmp_path, "07").stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["", "  ", "x" * 61, "two\nlines", "a # b"])
def test_what_is_no_name_is_refused_without_being_repeated(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingError) as refused:
        exclude(tmp_path, "07", [name])
    assert not name.strip() or name not in str(refused.value)
    assert not path_of(tmp_path, "07").exists()


@pytest.mark.parametrize("label", ["../../x", "01;rm", "", "😀"])
def test_a_label_that_is_none_is_refused(tmp_path: Path, label: str) -> None:
    with pytest.raises(SettingError, match="letters and digits only"):
        read_excluded(tmp_path, label)


def test_a_list_that_cannot_be_read_keeps_the_run_from_starting(tmp_path: Path) -> None:
    path = path_of(tmp_path, "07")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"\xff\xfe\x00bad")
    with pytest.raises(DataError, match="must not see cannot be read"):
        prepare(request(tmp_path))


def test_a_list_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "sourcedata").write_text("a file where a folder should be")
    with pytest.raises(DiskError, match="the list cannot be written"):
        exclude(tmp_path, "07", ["mother"])


def test_a_participant_who_must_not_see_anything_is_told_to_leave_the_run_out(
    tmp_path: Path,
) -> None:
    rows = prepare(request(tmp_path, "trust", "rating")).rows
    exclude(tmp_path, "07", sorted({row.stim_id for row in rows}))
    with pytest.raises(SettingError, match="trust: this participant must not see anything of it"):
        prepare(request(tmp_path, "trust", "rating"))


def test_the_command_adds_names_and_says_only_how_many(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["exclude", "--data", str(tmp_path), "--participant", "07"]
    assert cli.main([*words, "mother", "old friend"]) == 0
    said = capsys.readouterr().out
    assert "2 words or stimuli" in said
    assert "mother" not in said
    assert cli.main(words) == 0
    assert "2 words or stimuli" in capsys.readouterr().out
