"""A protocol's file: what it says of each cell, and what is refused before anybody comes."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest

from mbtexp import cli
from mbtexp.errors import SettingError
from mbtexp.protocol import (
    Asked,
    Protocol,
    cell_by_turn,
    cells_of,
    plan_session,
    protocol_names,
    read_protocol,
    steps_of,
)
from mbtexp.protocol.sheet import sheet_text
from mbtexp.protocol.sheet_page import sheet_page

SMALL = Path(__file__).parent / "golden" / "protocol_small.toml"


@pytest.fixture(scope="module")
def small() -> Protocol:
    return read_protocol(SMALL)


def changed(folder: Path, *pairs: tuple[str, str], text: str | None = None) -> Path:
    """The small protocol with some of its words replaced."""
    content = SMALL.read_text(encoding="utf-8") if text is None else text
    for old, new in pairs:
        assert old in content, old
        content = content.replace(old, new, 1)
    path = folder / "my.toml"
    path.write_text(content, encoding="utf-8")
    return path


def refusal(path: Path | str) -> str:
    with pytest.raises(SettingError) as refused:
        read_protocol(path)
    return str(refused.value)


# -- shipped --------------------------------------------------------------------------------------


def test_four_protocols_are_shipped() -> None:
    assert protocol_names() == ["mbt_core", "mbt_eeg", "mbt_fmri", "pilot"]


@pytest.mark.parametrize("name", ["mbt_core", "mbt_eeg", "mbt_fmri", "pilot"])
def test_a_shipped_protocol_is_possible_in_every_cell(name: str) -> None:
    protocol = read_protocol(name)
    assert protocol.name == name
    assert len(protocol.sha256) == 64
    for cell in cells_of(protocol):
        steps = steps_of(protocol, cell)
        assert steps[-1].role == "closing"
        assert not [step for step in steps if "{" in "".join(step.changes.values())]


def test_the_core_has_sixteen_cells_and_each_factor_is_even_in_them() -> None:
    cells = cells_of(read_protocol("mbt_core"))
    assert [cell.number for cell in cells] == list(range(1, 17))
    assert len({tuple(cell.levels.values()) for cell in cells}) == 16
    for factor in cells[0].levels:
        levels = [cell.levels[factor] for cell in cells]
        assert {levels.count(level) for level in levels} == {8}


def test_in_no_cell_of_the_core_are_words_primed_right_after_an_induction() -> None:
    protocol = read_protocol("mbt_core")
    for cell in cells_of(protocol):
        runs = [s for s in steps_of(protocol, cell) if s.kind == "run" and s.task != "mood"]
        for before, step in pairwise(runs):
            if step.task == "polysemy":
                assert before.role not in ("induction", "booster")


def test_the_halves_of_the_core_show_both_people_and_all_items() -> None:
    protocol = read_protocol("mbt_core")
    for cell in cells_of(protocol):
        halves = [s for s in steps_of(protocol, cell) if s.half is not None]
        for task, change in (("attachment", "induce"), ("eyes", "form"), ("trust", "form")):
            seen = {half: set() for half in (1, 2)}
            for step in halves:
                if step.task == task:
                    seen[step.half or 0].add(step.changes[change])
            assert all(len(values) == 1 for values in seen.values())
            assert seen[1] != seen[2]
        induced = {s.changes["induce"]: s.state for s in halves if s.task == "attachment"}
        assert induced == {"own": "attachment", "acquainted": "control"}


# -- cells ----------------------------------------------------------------------------------------


def test_a_cell_fills_in_the_words_and_leaves_out_what_is_not_for_it(small: Protocol) -> None:
    first, _, third, _ = cells_of(small)
    assert first.levels == {"order": "own_first", "faces": "early"}
    steps = {step.step: step for step in steps_of(small, first)}
    assert "faces_early" in steps
    assert "faces_late" not in steps
    assert (steps["half_1"].changes["form"], steps["half_1"].state) == ("A", "attachment")
    turned = {step.step: step for step in steps_of(small, third)}
    assert (turned["half_1"].changes["form"], turned["half_1"].state) == ("B", "control")


def test_runs_are_numbered_within_their_task_and_those_if_needed_not_yet(small: Protocol) -> None:
    numbers = {s.step: s.run for s in steps_of(small, cells_of(small)[0]) if s.kind == "run"}
    assert numbers["before"] == 1
    assert numbers["between"] == 2
    assert numbers["more"] is None
    assert numbers["repair"] == 1


def test_without_a_table_participants_take_the_cells_in_turn(small: Protocol) -> None:
    found = [cell_by_turn(small, number) for number in range(1, 9)]
    assert [cell.number for cell in found] == [1, 2, 3, 4, 1, 2, 3, 4]
    assert [cell.turns["side"] for cell in found] == ["left"] * 4 + ["right"] * 4


# -- refused --------------------------------------------------------------------------------------

MISTAKES = {
    "a key": (('task = "mood"', 'taks = "mood"'), "step before: 'taks'", "did you mean 'task'?"),
    "a task": (('task = "mood"', 'task = "modo"'), "task 'modo' is not known", "'mood'"),
    "a preset": (('preset = "short"', 'preset = "shrot"'), "step before:", "did you mean 'short'?"),
    "a setting": (("items = 2", "itmes = 2"), "step half_1: changes: 'itmes'", "'items'"),
    "a value": (("items = 2", "items = 2000"), "items is 2000", "from 0 to 200"),
    "a blank": (('form = "{first}"', 'form = "{frist}"'), "{frist}", "did you mean 'first'?"),
    "a level": (('faces = "early"', 'faces = "erly"'), "no level 'erly'", "did you mean 'early'?"),
    "a factor": (('{ faces = "early" }', '{ face = "early" }'), "no factor", "'faces'"),
    "a word left out": ((', second_state = "control" }', " }"), "order", "second_state"),
    "a state": (('_state = "control"', '_state = "calm"'), "state is 'calm'", "'control'"),
    "a role": (('role = "baseline"', 'role = "basline"'), "step before", "'baseline'"),
    "a name twice": (('step = "between"', 'step = "before"'), "'before' is there twice", "name"),
    "a step of the wash-out": (('check = "between"', 'check = "betwen"'), "wash_out", "'between'"),
    "no text": (('text = "Is consent signed?"', ""), "step arrival", "'text' is missing"),
    "a task on a page": (('kind = "page"', 'kind = "page"\ntask = "mood"'), "page has no task", ""),
    "a folder as a name": (('name = "small"', 'name = "../x"'), "name is '../x'", "letters"),
    "a bad step name": (('step = "arrival"', 'step = "Ärger 1"'), "small letters", ""),
}


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda name: name)
def test_a_mistake_is_told_with_its_place(mistake: str, tmp_path: Path) -> None:
    pair, *said = MISTAKES[mistake]
    text = refusal(changed(tmp_path, pair))
    assert text.startswith("my.toml: ")
    for words in said:
        assert words in text


def test_what_must_not_follow_an_induction_is_found_in_the_cell_that_has_it(
    tmp_path: Path,
) -> None:
    text = SMALL.read_text(encoding="utf-8")
    parts = text.split("[[steps]]\n")
    late = next(part for part in parts if '"faces_late"' in part)
    parts.remove(late)
    parts.insert(1 + next(i for i, p in enumerate(parts) if '"half_2"' in p), late)
    said = refusal(changed(tmp_path, text="[[steps]]\n".join(parts)))
    assert "cell 2: step faces_late: trust comes right after half_2" in said


def test_ratings_of_feelings_do_not_part_an_induction_from_what_follows(tmp_path: Path) -> None:
    forbidden = ('never_after_induction = ["trust"]', 'never_after_induction = ["interlude"]')
    needed = ('role = "if_needed"', 'role = "if_needed"')
    said = refusal(changed(tmp_path, forbidden, needed))
    assert "interlude comes right after half_1" in said


def test_halves_that_are_not_alike_are_refused(tmp_path: Path) -> None:
    path = changed(tmp_path, ('{ form = "{second}", items = 2,', '{ form = "{second}",'))
    assert "step half_2 of half 2 is not what step half_1 of half 1 is" in refusal(path)


def test_halves_in_the_same_state_are_refused(tmp_path: Path) -> None:
    path = changed(tmp_path, ('second_state = "control"', 'second_state = "attachment"'))
    assert "both in state 'attachment'" in refusal(path)


def test_a_factor_that_changes_nothing_is_refused(tmp_path: Path) -> None:
    path = changed(tmp_path, ("[factors.faces]", "[factors.mood]\na = {}\nb = {}\n[factors.faces]"))
    assert "factor 'mood' changes nothing" in refusal(path)


def test_a_task_that_asks_what_was_seen_comes_after_it(tmp_path: Path) -> None:
    path = changed(tmp_path, ('task = "mood"', 'task = "recognition"'))
    assert "asks about what was seen in 'polysemy'" in refusal(
        changed(
            tmp_path,
            ('preset = "short"\nrole = "baseline"', 'role = "baseline"'),
            text=path.read_text(encoding="utf-8"),
        )
    )


def test_inductions_without_closing_steps_are_refused(tmp_path: Path) -> None:
    text = SMALL.read_text(encoding="utf-8").replace('role = "closing"\n', "")
    assert "no step has the role 'closing'" in refusal(changed(tmp_path, text=text))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"name = \xff", "not UTF-8"),
        (b"name = ", "not valid TOML"),
        (b"", "'name' is missing"),
        (b'name = "x"\ntitle = "x"\nversion = "1"', "needs steps"),
        (b'name = "x"\ntitle = "x"\nversion = "1"\nsteps = "no"', "steps must be tables"),
        (b'name = "x"\ntitle = "x"\nversion = "1"\nsha256 = "0"', "'sha256' is not known"),
    ],
)
def test_a_file_that_is_no_protocol_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "my.toml").write_bytes(content)
    assert said in refusal(tmp_path / "my.toml")


def test_an_unknown_protocol_is_refused_with_the_nearest_name() -> None:
    assert "did you mean 'mbt_core'?" in refusal("mbt_cor")
    assert "cannot be read" in refusal("nowhere/my.toml")


def test_line_ends_of_windows_and_its_mark_make_no_difference(tmp_path: Path) -> None:
    text = SMALL.read_text(encoding="utf-8")
    path = tmp_path / "my.toml"
    path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert read_protocol(path).steps == read_protocol(SMALL).steps


# -- the run sheet --------------------------------------------------------------------------------


def asked_for(folder: Path, **more: object) -> Asked:
    return Asked(str(SMALL), "01", folder / "study", pilot=True, **more)  # type: ignore[arg-type]


def test_the_run_sheet_tells_order_length_codes_buttons_and_state(tmp_path: Path) -> None:
    sheet = plan_session(asked_for(tmp_path))
    text = sheet_text(sheet)
    assert not (tmp_path / "study").exists()
    assert [row.step.step for row in sheet.rows][:3] == ["arrival", "before", "faces_early"]
    assert "state: attachment" in text
    assert "buttons: left right space" in text
    assert re.search(r"codes: [\d -]+203-204", text)
    assert sheet.minutes == pytest.approx(sum(r.minutes for r in sheet.rows if r.counts))
    assert "if needed  more: A neutral task once more" in text


def test_a_run_for_the_scanner_has_its_volumes_and_its_buttons_on_the_sheet(tmp_path: Path) -> None:
    rig = tmp_path / "rig.toml"
    rig.write_text(
        'name = "bore"\nmode = "fmri"\n[scanner]\ntr_s = 2.0\n'
        '[responses]\nfingers = { "left index" = "left", "right index" = "right" }\n',
        encoding="utf-8",
    )
    path = changed(
        tmp_path,
        ('preset = "short"\nrole = "baseline"', 'preset = "scanner"\nneeds = ["scanner"]'),
    )
    asked = Asked(str(path), "01", tmp_path, rig=rig, pilot=True)
    row = next(row for row in plan_session(asked).rows if row.step.step == "before")
    assert row.volumes == "scanner: 14 volumes of 2 s from the first counted pulse."
    assert row.buttons[0] == "left (left index)"
    others = [r.volumes for r in plan_session(asked).rows if r.step.step != "before"]
    assert set(others) == {""}


def test_a_run_that_waits_for_no_pulse_cannot_be_meant_for_the_scanner(tmp_path: Path) -> None:
    path = changed(tmp_path, ('role = "baseline"', 'role = "baseline"\nneeds = ["scanner"]'))
    rig = tmp_path / "rig.toml"
    rig.write_text('mode = "fmri"\n', encoding="utf-8")
    with pytest.raises(SettingError, match=r"step before: mood .short. does not wait"):
        plan_session(Asked(str(path), "01", tmp_path, rig=rig, pilot=True))


def test_the_page_to_print_stands_alone_and_escapes_what_it_is_told(tmp_path: Path) -> None:
    path = changed(tmp_path, ("Is consent signed?", "<script>alert(1)</script> & more"))
    page = sheet_page(plan_session(Asked(str(path), "01", tmp_path, pilot=True)))
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "http" not in page
    assert "size: A4" in page
    assert page.count('class="box"') == 11


def test_the_command_writes_the_sheet_once_and_begins_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["session", str(SMALL), "--participant", "01", "--data", "study", "--plan"]
    assert cli.main([*words, "--sheet", "sheet.html"]) == 0
    assert "whole session: about" in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["sheet.html"]
    assert cli.main([*words, "--sheet", "sheet.html"]) == 2


def test_the_protocols_can_be_listed_and_copied(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["protocols"]) == 0
    assert "mbt_core" in capsys.readouterr().out
    copy = tmp_path / "my.toml"
    assert cli.main(["protocols", "pilot", "--out", str(copy)]) == 0
    assert read_protocol(copy).steps == read_protocol("pilot").steps
