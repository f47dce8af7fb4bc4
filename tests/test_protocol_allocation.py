"""Who has which cell: balanced, seeded, made once, never given twice, never changed."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from mbtexp import cli
from mbtexp.errors import DataError, DiskError, MbtexpError, SettingError
from mbtexp.protocol import Protocol, allocate, cells_of, read_allocation, read_protocol
from mbtexp.protocol import allocation as module
from mbtexp.protocol.allocating import planned_rows
from mbtexp.protocol.allocation import cell_of, group_for, take_row

SMALL = Path(__file__).parent / "golden" / "protocol_small.toml"
GROUPS = {"bpd": 40, "hc": 40}


@pytest.fixture(scope="module")
def core() -> Protocol:
    return read_protocol("mbt_core")


@pytest.fixture(scope="module")
def small() -> Protocol:
    return read_protocol(SMALL)


@pytest.fixture
def study(small: Protocol, tmp_path: Path) -> Path:
    """A data folder with a table for two groups of eight."""
    allocate(small, tmp_path, {"bpd": 8, "hc": 8}, seed=7)
    return tmp_path


# -- the table ------------------------------------------------------------------------------------


def test_every_block_of_a_group_has_every_cell_once(core: Protocol) -> None:
    rows = planned_rows(core, GROUPS, seed=7)
    assert len(rows) == 96
    for group in GROUPS:
        for block in (1, 2, 3):
            cells = [row.cell for row in rows if (row.group, row.block) == (group, block)]
            assert sorted(cells) == list(range(1, 17))


def test_however_many_have_come_the_cells_of_a_group_differ_by_one_at_most(core: Protocol) -> None:
    rows = [row for row in planned_rows(core, GROUPS, seed=3) if row.group == "hc"]
    for come in range(1, len(rows) + 1):
        counts = Counter(row.cell for row in rows[:come])
        assert max(counts.values()) - min(counts[cell] for cell in range(1, 17)) <= 1


def test_what_takes_turns_is_even_in_each_cell_and_in_each_block(core: Protocol) -> None:
    rows = [row for row in planned_rows(core, {"bpd": 32}, seed=5)]
    for name in core.turns:
        for cell in range(1, 17):
            assert len({row.levels[name] for row in rows if row.cell == cell}) == 2
        for block in (1, 2):
            levels = Counter(row.levels[name] for row in rows if row.block == block)
            assert set(levels.values()) == {8}


def test_the_same_seed_gives_the_same_table_and_another_one_another(core: Protocol) -> None:
    table = planned_rows(core, GROUPS, seed=7)
    assert planned_rows(core, GROUPS, seed=7) == table
    assert planned_rows(core, GROUPS, seed=8) != table


def test_one_groups_size_does_not_move_another_groups_order(core: Protocol) -> None:
    small, large = (planned_rows(core, {"bpd": n, "hc": 16}, seed=7) for n in (16, 64))
    order = [[r.cell for r in rows if r.group == "hc"] for rows in (small, large)]
    assert order[0] == order[1]


def test_the_table_is_made_once_for_good(small: Protocol, study: Path) -> None:
    path = study / "sourcedata" / "allocation.tsv"
    before = path.read_bytes()
    with pytest.raises(DataError, match="a table is never made twice"):
        allocate(small, study, {"bpd": 8}, seed=8)
    assert path.read_bytes() == before
    assert sorted(p.name for p in path.parent.iterdir()) == ["allocation.tsv"]


def test_a_table_is_read_as_it_was_made(small: Protocol, tmp_path: Path) -> None:
    made = allocate(small, tmp_path, {"bpd": 5, "hc": 3}, seed=7)
    read = read_allocation(tmp_path)
    assert read is not None
    assert (read.rows, dict(read.facts)) == (made.rows, dict(made.facts))
    assert read_allocation(tmp_path / "elsewhere") is None


@pytest.mark.parametrize(
    ("groups", "said"),
    [({}, "name the groups"), ({"a b": 3}, "'a b'"), ({"bpd": 0}, "1 to 10000")],
)
def test_groups_that_cannot_be_are_refused(
    small: Protocol, tmp_path: Path, groups: dict[str, int], said: str
) -> None:
    with pytest.raises(SettingError, match=said):
        allocate(small, tmp_path, groups, seed=1)
    assert list(tmp_path.iterdir()) == []


# -- taking rows ----------------------------------------------------------------------------------


def test_the_first_session_takes_the_next_free_row_of_its_group(study: Path) -> None:
    rows = [take_row(study, label, "hc").row for label in ("01", "02", "03")]
    assert rows == [9, 10, 11]
    assert take_row(study, "04", "bpd").row == 1


def test_a_participant_keeps_row_and_cell_for_good(small: Protocol, study: Path) -> None:
    first = take_row(study, "01", "hc")
    take_row(study, "02", "hc")
    again = take_row(study, "01", "hc")
    assert again == first
    table = read_allocation(study)
    assert table is not None
    assert len(table.taken) == 2
    assert cell_of(small, table, first.row).number == first.cell


def test_another_group_than_before_is_refused(study: Path) -> None:
    take_row(study, "01", "hc")
    table = read_allocation(study)
    assert table is not None
    assert group_for(table, "01", None) == "hc"
    with pytest.raises(SettingError, match="in group 'hc' since their first session"):
        group_for(table, "01", "bpd")
    with pytest.raises(SettingError, match="--group bpd or --group hc"):
        group_for(table, "02", None)
    with pytest.raises(SettingError, match="did you mean 'bpd'"):
        group_for(table, "02", "bdp")


def test_a_full_group_takes_nobody_more(small: Protocol, tmp_path: Path) -> None:
    allocate(small, tmp_path, {"bpd": 1}, seed=7)
    for number in range(4):  # a whole block of the four cells
        take_row(tmp_path, f"0{number}", "bpd")
    with pytest.raises(DataError, match="every row of group 'bpd' is taken"):
        take_row(tmp_path, "05", "bpd")


def test_processes_at_once_never_take_the_same_row(small: Protocol, tmp_path: Path) -> None:
    allocate(small, tmp_path, {"bpd": 40}, seed=7)
    code = (
        "import sys; from pathlib import Path\n"
        "from mbtexp.protocol.allocation import take_row\n"
        "for number in range(8):\n"
        "    take_row(Path(sys.argv[1]), f'{sys.argv[2]}{number}', 'bpd')\n"
        "    take_row(Path(sys.argv[1]), f'both{number}', 'bpd')\n"
    )
    at_once = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path), name]) for name in "abcd"
    ]
    assert [process.wait(timeout=120) for process in at_once] == [0] * 4
    table = read_allocation(tmp_path)
    assert table is not None
    assert len(table.taken) == 4 * 8 + 8
    assert {one.row for one in table.taken} == set(range(1, 41))


def test_half_a_line_of_a_crash_takes_no_row_and_spoils_none(study: Path) -> None:
    take_row(study, "01", "hc")
    path = study / "sourcedata" / "assignments.tsv"
    before = path.read_bytes()
    take_row(study, "02", "hc")
    line = path.read_bytes()[len(before) :]
    for cut in range(1, len(line) - 1):
        path.write_bytes(before + line[:cut])
        assert take_row(study, "03", "hc").row == 10
        table = read_allocation(study)
        assert table is not None
        assert [(one.participant, one.row) for one in table.taken] == [("01", 9), ("03", 10)]
    path.write_bytes(before + line[:-1])  # all of it but the line's end: it counts
    assert take_row(study, "03", "hc").row == 11


def test_a_full_disk_is_told_and_leaves_no_half_line(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_row(study, "01", "hc")
    path = study / "sourcedata" / "assignments.tsv"
    before, write = path.read_bytes(), os.write

    def full(descriptor: int, content: bytes) -> int:
        if len(content) > 10:
            return write(descriptor, content[:10])
        raise OSError(errno.ENOSPC, "No space left on device")

    def then_full(descriptor: int, content: bytes) -> int:
        if then_full.calls:  # type: ignore[attr-defined]
            raise OSError(errno.ENOSPC, "No space left on device")
        then_full.calls = 1  # type: ignore[attr-defined]
        return full(descriptor, content)

    then_full.calls = 0  # type: ignore[attr-defined]
    monkeypatch.setattr(module.os, "write", then_full)
    with pytest.raises(DiskError, match="No space left"):
        take_row(study, "02", "hc")
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert take_row(study, "02", "hc").row == 10


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("allocation.tsv", "# mbtexp", "# other"),
        ("allocation.tsv", "\tblock\t", "\tblok\t"),
        ("allocation.tsv", "1\tbpd\t1\t", "1\tbpd\tone\t"),
        ("assignments.tsv", "01\thc\t9\t", "01\thc\t8888\t"),
        ("assignments.tsv", "01\thc\t9\t", "01\thc\tnine\t"),
    ],
)
def test_a_table_that_somebody_edited_is_refused(
    study: Path, name: str, old: str, new: str
) -> None:
    take_row(study, "01", "hc")
    path = study / "sourcedata" / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DataError, match="put back a copy"):
        read_allocation(study)


def test_a_cell_whose_levels_were_edited_is_refused(small: Protocol, study: Path) -> None:
    path = study / "sourcedata" / "allocation.tsv"
    head, columns, first, *rest = path.read_text(encoding="utf-8").split("\n")
    other = "control_first" if "own_first" in first else "own_first"
    first = first.replace("own_first", other).replace("control_first", other)
    path.write_text("\n".join([head, columns, first, *rest]), encoding="utf-8")
    table = read_allocation(study)
    assert table is not None
    with pytest.raises(DataError, match="other levels than the protocol"):
        cell_of(small, table, 1)


def test_a_protocol_with_other_factors_does_not_fit_the_table(core: Protocol, study: Path) -> None:
    table = read_allocation(study)
    assert table is not None
    with pytest.raises(SettingError, match="made for the factors of protocol 'small'"):
        cell_of(core, table, 1)


# -- the command ----------------------------------------------------------------------------------


def test_the_command_makes_the_table_then_counts_who_has_which_cell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["allocate", str(SMALL), "--data", str(tmp_path)]
    assert cli.main(words) == 2
    assert "there is no table of allocation yet" in capsys.readouterr().err
    assert cli.main([*words, "--groups", "bpd=6, hc=4", "--seed", "7"]) == 0
    said = capsys.readouterr().out
    assert "group bpd: 6 planned, 8 rows in 2 blocks of 4 cells (2 spare), 0 taken" in said
    take_row(tmp_path, "01", "bpd")
    assert cli.main(words) == 0
    assert "group bpd: 6 planned, 8 rows in 2 blocks of 4 cells (2 spare), 1 taken" in (
        capsys.readouterr().out
    )


@pytest.mark.parametrize("groups", ["bpd", "bpd=", "bpd=x", "bpd=3,bpd=4", "=3", "bpd=-1", "bpd=²"])
def test_groups_that_cannot_be_read_are_refused_by_the_command(
    tmp_path: Path, groups: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["allocate", str(SMALL), "--data", str(tmp_path), "--groups", groups]
    assert cli.main(words) == 2
    assert "--groups" in capsys.readouterr().err


@pytest.mark.skipif(not Path("/proc/version").exists(), reason="needs /proc")
def test_a_folder_that_cannot_be_written_is_refused(small: Protocol) -> None:
    with pytest.raises(MbtexpError, match="cannot be written"):
        allocate(small, Path("/proc/study"), {"bpd": 1}, seed=1)


def test_a_protocol_without_factors_needs_no_table(tmp_path: Path) -> None:
    path = tmp_path / "one.toml"
    path.write_text(
        'name = "one"\ntitle = "One"\nversion = "1"\n[[steps]]\nstep = "a"\ntask = "mood"\n',
        encoding="utf-8",
    )
    protocol = read_protocol(path)
    assert len(cells_of(protocol)) == 1
    with pytest.raises(SettingError, match="nothing is to be allocated"):
        allocate(protocol, tmp_path, {"bpd": 1}, seed=1)
