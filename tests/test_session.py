"""Labels, file names and the random streams that follow from who is sitting here."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from mbtexp.errors import SettingError
from mbtexp.session import Session

SESSION = Session("01", "eyes")
GOLDEN = [0.33581881589943996, 0.013516036613970162, 0.5419128513345444]
GOLDEN_OTHER = [0.958515, 0.244922, 0.559281]


def drawn(session: Session, stream: str, n: int = 3) -> list[float]:
    rng = session.rng(stream)
    return [float(rng.random()) for _ in range(n)]


# -- labels ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "label",
    ["a/b", "a b", "", " ", "Jörg", "01\n", "..", "a_b", "a-b", "a\\b", "a:b", "١"],
)
@pytest.mark.parametrize("name", ["participant", "session"])
def test_a_label_that_is_no_file_name_everywhere_is_refused(name: str, label: str) -> None:
    with pytest.raises(SettingError) as refused:
        replace(SESSION, **{name: label})  # type: ignore[arg-type]
    assert str(refused.value) == (
        f"--{name} {label!r}: use letters and digits only (a code, never a name)."
    )


@pytest.mark.parametrize("run", [0, -1])
def test_runs_are_counted_from_one(run: int) -> None:
    with pytest.raises(SettingError) as refused:
        replace(SESSION, run=run)
    assert str(refused.value) == f"--run {run}: runs are counted from 1."


def test_a_run_has_a_name_and_a_place_and_pilots_lie_apart(tmp_path: Path) -> None:
    session = Session("p07", "eyes", "pre", 12)
    assert session.name == "sub-p07_ses-pre_task-eyes_run-12"
    place = "sourcedata/sub-p07/ses-pre/sub-p07_ses-pre_task-eyes_run-12_log.jsonl"
    assert session.log_path(tmp_path) == tmp_path / place
    assert session.log_path(tmp_path, pilot=True) == tmp_path / "pilot" / place


def test_a_participant_s_number_is_in_the_label_or_comes_from_it() -> None:
    assert [Session(label, "eyes").number for label in ("01", "p012", "64", "00")] == [1, 12, 64, 0]
    lettered = [Session(label, "eyes").number for label in ("anna", "bert", "anna")]
    assert lettered[0] == lettered[2] != lettered[1]


# -- random streams -------------------------------------------------------------------------------


def test_drawing_from_one_stream_never_moves_another() -> None:
    alone = drawn(SESSION, "iti")
    order = SESSION.rng("order")
    iti = SESSION.rng("iti")
    mixed = []
    for _ in range(3):
        order.random(1000)
        mixed.append(float(iti.random()))
    assert mixed == alone


def test_a_stream_is_the_same_on_every_machine() -> None:
    """Golden numbers: a study's orders must come out the same after an update of numpy."""
    assert drawn(SESSION, "order") == GOLDEN
    assert [round(x, 6) for x in drawn(Session("p012", "trust", "02", 3, 7), "iti")] == GOLDEN_OTHER


@pytest.mark.parametrize(
    "change", [{"participant": "02"}, {"session": "02"}, {"run": 2}, {"seed": 1}, {"task": "trust"}]
)
def test_another_participant_visit_run_seed_or_task_has_other_streams(
    change: dict[str, object],
) -> None:
    other = replace(SESSION, **change)  # type: ignore[arg-type]
    assert drawn(other, "order") != drawn(SESSION, "order")
    assert drawn(other, "order") == drawn(other, "order")


def test_streams_of_one_session_differ() -> None:
    assert drawn(SESSION, "order") != drawn(SESSION, "iti")


def test_labels_that_read_alike_when_joined_have_other_streams() -> None:
    assert drawn(Session("1", "eyes", "11"), "x") != drawn(Session("11", "eyes", "1"), "x")


def test_the_hash_seed_of_the_process_plays_no_part(tmp_path: Path) -> None:
    code = (
        "from mbtexp.session import Session; print(Session('anna', 'eyes').rng('order').random())"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert said == {f"{drawn(Session('anna', 'eyes'), 'order', 1)[0]}\n"}
