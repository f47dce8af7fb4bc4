"""Logs that have not changed are not scored again, and no byte of a table tells the difference."""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from analysis import analyse, eyes, parallel, read_trials, record, score_all, scored, unchanged
from analysis.indices import Index
from analysis.quality import Check
from analysis.questionnaires import instrument_files
from analysis.run import ANALYSES
from analysis.study_files import COUNTS, MEMORY, files_beside
from mbtexp.cli import main
from mbtexp.conduct import Request, conduct
from mbtexp.errors import DataError, DeviceError
from mbtexp.events import find_logs

TASKS = ("eyes", "discounting")


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three people's runs of two tasks, by simulated participants; tables and records of them."""
    data = tmp_path_factory.mktemp("played")
    for seed, person in enumerate(("01", "02", "NA")):
        for task in TASKS:
            conduct(Request(task, person, data, seed=seed, virtual=True, simulate=True))
    analyse(data, n_splits=0)
    return data


@pytest.fixture
def data(played: Path, tmp_path: Path) -> Path:
    """A copy of that folder which a test may change."""
    return Path(shutil.copytree(played, tmp_path / "study"))


@pytest.fixture
def anew(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the logs that are scored in this test, as they come."""
    names: list[str] = []
    score = scored.scored_bytes

    def noted(path: Path, *rest: Any) -> bytes:
        names.append(path.name)
        return score(path, *rest)

    monkeypatch.setattr(score_all, "scored_bytes", noted)
    return names


def tables(data: Path, out: Path | None = None, **options: Any) -> dict[str, bytes]:
    """The tables of an analysis by name."""
    found = analyse(data, out, **{"n_splits": 0, **options})
    return {path.name: path.read_bytes() for path in found.files}


def same_as_fresh(data: Path, tmp_path: Path, **options: Any) -> bool:
    """Whether an analysis that knows of the last one gives the bytes of one that does not."""
    return tables(data, **options) == tables(data, tmp_path / "fresh", fresh=True, **options)


def log_of(data: Path, person: str, task: str) -> Path:
    [path] = data.glob(f"sourcedata/sub-{person}/**/*task-{task}_*_log.jsonl")
    return path


def records(data: Path) -> list[Path]:
    return sorted((data / "derivatives" / "mbtexp" / unchanged.FOLDER).glob("*.record"))


def answer_otherwise(path: Path) -> None:
    """Change one answer in a log without changing its size or its date."""
    before = path.stat()
    content = path.read_bytes()
    place = content.rindex(b'"rt_s":1', 0, content.rindex(b'"kind":"trial"'))
    path.write_bytes(content[: place + 7] + b"2" + content[place + 8 :])
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size


# -- what is scored again --------------------------------------------------------------------------


def test_nothing_is_scored_again_where_nothing_changed(
    data: Path, tmp_path: Path, anew: list[str]
) -> None:
    found = analyse(data, n_splits=0)
    assert (found.unchanged, anew) == (6, [])
    assert same_as_fresh(data, tmp_path)
    assert len(anew) == 6


def test_a_log_that_is_new_is_scored_and_no_other(
    data: Path, tmp_path: Path, anew: list[str]
) -> None:
    conduct(Request("eyes", "03", data, virtual=True, simulate=True))
    assert analyse(data, n_splits=0).unchanged == 6
    assert anew == [log_of(data, "03", "eyes").name]
    assert same_as_fresh(data, tmp_path)


def test_a_log_that_changed_is_scored_again_though_size_and_date_are_as_before(
    data: Path, tmp_path: Path, anew: list[str]
) -> None:
    before = tables(data)
    answer_otherwise(log_of(data, "02", "eyes"))
    after = tables(data)
    assert anew == [log_of(data, "02", "eyes").name]
    assert before["trials_eyes.tsv"] != after["trials_eyes.tsv"]
    assert before["trials_discounting.tsv"] == after["trials_discounting.tsv"]
    assert same_as_fresh(data, tmp_path)


def test_a_log_that_is_gone_leaves_no_row_and_no_record(
    data: Path, tmp_path: Path, anew: list[str]
) -> None:
    log_of(data, "02", "eyes").unlink()
    found = analyse(data, n_splits=0)
    assert ("02", "eyes") not in {(index.participant, index.task) for index in found.indices}
    assert (len(records(data)), anew) == (5, [])
    assert same_as_fresh(data, tmp_path)


def test_other_settings_score_every_log_again(data: Path, tmp_path: Path, anew: list[str]) -> None:
    norms = {"eyes": eyes.Params(word_valence={"calm": 2.0, "shy": -1.0})}
    assert analyse(data, n_splits=0, params=norms).unchanged == 0
    assert len(anew) == 6
    assert analyse(data, n_splits=0, params=norms).unchanged == 6
    assert same_as_fresh(data, tmp_path, params=norms)


def test_settings_that_cannot_be_told_apart_are_never_taken_for_others(
    data: Path, anew: list[str]
) -> None:
    class Unspoken(dict[str, float]):
        """Valences from somewhere."""

        def __eq__(self, other: object) -> bool:
            return self is other

        __hash__ = object.__hash__

    class Norms:
        word_valence = Unspoken(calm=1.0)

    for _ in range(2):
        assert analyse(data, n_splits=0, params={"eyes": Norms()}).unchanged == 0
    assert len(anew) == 12


def test_other_code_scores_every_log_again(
    data: Path, anew: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unchanged, "code_version", lambda: "another")
    assert analyse(data, n_splits=0).unchanged == 0
    assert len(anew) == 6


def test_the_version_of_the_code_follows_every_module_that_scores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import analysis

    package = Path(analysis.__file__).parent
    copied = shutil.copytree(package, tmp_path / "analysis")
    versions = set()
    for change in ("sdt.py", "eyes/__init__.py", "report/words.py", None):
        if change is not None:
            file = copied / change
            file.write_text(file.read_text("utf-8") + "\n# seen\n", "utf-8")
        monkeypatch.setattr(analysis, "__file__", str(copied / "__init__.py"))
        unchanged.code_version.cache_clear()
        versions.add(unchanged.code_version())
    monkeypatch.undo()
    unchanged.code_version.cache_clear()
    assert unchanged.code_version() not in versions
    assert len(versions) == 2  # the pages of a report score nothing


def test_a_folder_that_moved_is_known_and_told_of_by_its_new_name(
    data: Path, tmp_path: Path, anew: list[str]
) -> None:
    with log_of(data, "01", "eyes").open("ab") as log:
        log.write(b'{"kind":"response","t":1\n')
    first = analyse(data, n_splits=0)
    anew.clear()
    moved = data.rename(tmp_path / "moved")
    second = analyse(moved, n_splits=0)
    assert (anew, second.unchanged) == ([], 6)
    assert second.told == tuple(text.replace(str(data), str(moved)) for text in first.told)
    assert any(text.startswith(f"{moved}/") and "is damaged" in text for text in second.told)
    assert second.runs[1].run.path == log_of(moved, "01", "eyes")


def test_reliability_is_found_again_only_where_a_log_the_settings_or_the_splits_changed(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []
    split = score_all.reliability

    def noted(runs: Any, settings: Any, n_splits: int) -> Any:
        calls.append(n_splits)
        return split(runs, settings, n_splits)

    monkeypatch.setattr(score_all, "reliability", noted)
    first = analyse(data, n_splits=20)
    assert len(calls) == 2  # one for each task
    assert repr(analyse(data, n_splits=20).reliability) == repr(first.reliability)
    assert len(calls) == 2
    assert first.reliability
    analyse(data, n_splits=30)
    assert len(calls) == 4
    log_of(data, "02", "eyes").unlink()
    known, fresh = (
        (analyse(data, out, n_splits=30, fresh=bool(out)).out / "reliability.tsv").read_bytes()
        for out in (None, tmp_path / "fresh")
    )
    assert known == fresh
    assert len(calls) == 8


# -- where nothing has changed ---------------------------------------------------------------------


def everything(data: Path) -> dict[Path, tuple[bytes, int, int]]:
    """Content, date and inode of every file under the tables' folder."""
    files = [path for path in (data / "derivatives").rglob("*") if path.is_file()]
    found = {path: (path.read_bytes(), path.stat()) for path in files}
    return {path: (content, at.st_mtime_ns, at.st_ino) for path, (content, at) in found.items()}


def test_where_nothing_has_changed_nothing_is_written_and_all_is_told(data: Path) -> None:
    first = analyse(data, n_splits=20)
    before = everything(data)
    second = analyse(data, n_splits=20)
    assert (first.as_before, second.as_before) == (False, True)
    assert everything(data) == before
    assert (second.out, second.files, second.told) == (first.out, first.files, first.told)
    assert second.unchanged == 6
    assert second.look == first.look
    assert second.look.runs == 6
    assert [run.run for run in second.runs] == [run.run for run in first.runs]
    assert [tuple(run) for run in second.runs] == [tuple(run) for run in first.runs]
    assert (second.indices, second.quality) == (first.indices, first.quality)
    assert repr(second.reliability) == repr(first.reliability) != "()"


def test_the_command_shows_the_same_where_nothing_has_changed(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = []
    for _ in range(2):
        assert main(["analyse", str(data), "--no-reliability"]) == 0
        shown.append(capsys.readouterr().out.splitlines())
    first, second = shown
    assert any("accuracy" in line for line in first)
    assert second[:-1] == first[:-1]
    assert "nothing was written" in second[-1]


def test_a_log_twice_and_one_that_cannot_be_read_are_told_of_again(data: Path) -> None:
    log = log_of(data, "01", "eyes")
    log.with_name(f"a-{log.name}").write_bytes(log.read_bytes())
    log_of(data, "02", "eyes").write_bytes(b"no log\n")
    first, second = (analyse(data, n_splits=0) for _ in range(2))
    assert second.as_before
    assert second.told == first.told
    assert second.unchanged == 6
    assert [run.run for run in second.runs] == [run.run for run in first.runs]


@pytest.mark.parametrize("name", ["indices.tsv", "trials_eyes.tsv", "quality.json", ".bidsignore"])
def test_a_table_that_was_edited_or_deleted_is_written_again(data: Path, name: str) -> None:
    before = tables(data)
    file = data / "derivatives" / "mbtexp" / name
    for change in (lambda: file.write_bytes(before[name][:-2] + b"7\n"), file.unlink):
        change()
        assert not analyse(data, n_splits=0).as_before
        wanted = before[name] if name != ".bidsignore" else file.read_bytes()
        assert file.read_bytes() == wanted
        assert analyse(data, n_splits=0).as_before
    assert set(before) <= {path.name for path in file.parent.iterdir()}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("participants.tsv", "participant_id\tage\n01\t30\n"),
        ("sourcedata/states.tsv", "participant\tsession\ttask\trun\tstate\n"),
        ("phenotype/lab.tsv", "participant_id\tscore\n01\t3\n"),
        ("code/instruments/PHQ-9.toml", None),
    ],
)
def test_another_file_of_the_study_that_came_or_changed_counts(
    data: Path, tmp_path: Path, name: str, content: str | None
) -> None:
    file = data / name
    file.parent.mkdir(parents=True, exist_ok=True)
    ours = next(path for path in instrument_files() if path.stem.lower().startswith("phq"))
    text = ours.read_text("utf-8") if content is None else content
    for version in (text, text + ("# seen\n" if content is None else "\n")):
        file.write_text(version, "utf-8")
        assert not analyse(data, n_splits=0).as_before
        assert same_as_fresh(data, tmp_path)
        assert analyse(data, n_splits=0).as_before
    file.unlink()
    assert not analyse(data, n_splits=0).as_before


def test_settings_splits_folder_and_code_count(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    norms = {"eyes": eyes.Params(word_valence={"calm": 2.0, "shy": -1.0})}
    assert not analyse(data, n_splits=0, params=norms).as_before
    assert not analyse(data, n_splits=0).as_before
    assert not analyse(data, n_splits=20).as_before
    assert not analyse(data, n_splits=20, fresh=True).as_before
    assert analyse(data, n_splits=20).as_before
    assert not analyse(data, tmp_path / "elsewhere", n_splits=20).as_before
    monkeypatch.setattr(unchanged, "code_version", lambda: "another")
    assert not analyse(data, n_splits=20).as_before


@pytest.mark.parametrize("damage", [lambda _: b"", lambda content: content[:-9] + b'"told":[]'])
def test_what_is_kept_of_an_analysis_is_not_trusted_if_it_is_not_as_it_was_written(
    data: Path, tmp_path: Path, damage: Any
) -> None:
    analyse(data, n_splits=0)
    [kept] = records(data)[0].parent.glob("*.standing")
    content = kept.read_bytes()
    kept.write_bytes(damage(content))
    assert not analyse(data, n_splits=0).as_before
    assert kept.read_bytes() == content
    key, sealed = kept.stem, b'{"files": ["a"]}'
    kept.write_bytes(unchanged._seal(key, sealed) + b"\n" + sealed)
    assert not analyse(data, n_splits=0).as_before
    assert same_as_fresh(data, tmp_path)


def test_every_file_that_an_analysis_reads_is_one_that_it_looks_at_before(data: Path) -> None:
    for name, text in (
        ("participants.tsv", "participant_id\tage\tgroup\n01\t30\ta\n"),
        ("participants.json", "{}"),
        ("sourcedata/states.tsv", "participant\tsession\ttask\trun\tstate\n"),
        ("sourcedata/memory.tsv", "\t".join((*MEMORY, *COUNTS)) + "\n"),
        ("phenotype/lab.tsv", "participant_id\tscore\n01\t3\n"),
        ("phenotype/lab.json", "{}"),
    ):
        (data / name).parent.mkdir(exist_ok=True)
        (data / name).write_text(text, "utf-8")
    code = (
        "import pathlib, sys\n"
        "seen = []\n"
        "sys.addaudithook(lambda n, a: seen.append(str(a[0])) if n == 'open' else None)\n"
        "from analysis import analyse\n"
        "analyse(pathlib.Path(sys.argv[1]), fresh=True, n_splits=20)\n"
        "print('\\n'.join(seen))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, data], check=True, capture_output=True, text=True, timeout=60
    )
    opened = {Path(line) for line in ran.stdout.splitlines()}
    read = {path for path in opened if data in path.parents and "derivatives" not in path.parts}
    assert read == {*find_logs(data), *(p for p in files_beside(data) if data in p.parents)}
    texts = {path for path in opened if path.suffix in (".toml", ".tsv", ".json")}
    ours = {p for p in texts if p.is_file() and Path(unchanged.__file__).parents[1] in p.parents}
    assert ours <= {*files_beside(data), *Path(unchanged.__file__).parent.rglob("*.toml")}


# -- what is not trusted ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[: len(content) // 2],
        lambda content: b"",
        lambda content: content.replace(b"accuracy", b"ACCURACY", 1),
        lambda content: content[:-1] + bytes([content[-1] ^ 1]),
    ],
    ids=["cut short", "empty", "edited", "a bit turned"],
)
def test_a_record_that_is_not_as_it_was_written_is_made_again(
    data: Path, tmp_path: Path, anew: list[str], damage: Any
) -> None:
    whole = {path: path.read_bytes() for path in records(data)}
    for path, content in whole.items():
        path.write_bytes(damage(content))
    changed = [path for path, content in whole.items() if path.read_bytes() != content]
    assert same_as_fresh(data, tmp_path)
    assert len(anew) == len(changed) + 6
    assert {path: path.read_bytes() for path in records(data)} == whole


def test_a_record_of_another_log_is_not_taken_for_this_one(data: Path, tmp_path: Path) -> None:
    first, second, *_ = records(data)
    content = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(content)
    assert same_as_fresh(data, tmp_path)


def test_a_record_that_is_well_formed_but_makes_no_sense_is_made_again(
    data: Path, tmp_path: Path, anew: list[str]
) -> None:
    for path in records(data):
        key = path.stem
        content = b'{"run": {"os.system": ["true"]}}\n'
        path.write_bytes(unchanged._seal(key, content) + b"\n" + content)
    assert same_as_fresh(data, tmp_path)
    assert len(anew) == 12


def test_what_lies_beside_the_records_is_left_alone(data: Path) -> None:
    notes = records(data)[0].with_name("notes.txt")
    notes.write_text("ours", "utf-8")
    log_of(data, "02", "eyes").unlink()
    analyse(data, n_splits=0)
    assert notes.read_text("utf-8") == "ours"


def test_without_the_records_the_tables_are_the_same(data: Path) -> None:
    before = tables(data)
    shutil.rmtree(data / "derivatives" / "mbtexp" / unchanged.FOLDER)
    assert tables(data) == before
    assert len(records(data)) == 6


def test_trials_are_read_from_the_log_that_was_scored_and_from_no_other(data: Path) -> None:
    found = analyse(data, n_splits=0)
    path = log_of(data, "01", "discounting")
    [run] = [run for run in found.runs if run.run.path == path]
    assert tuple(run) == tuple(read_trials(path).rows)
    assert run.rows[2] == read_trials(path).rows[2]
    assert tuple(run.rows[:3]) == tuple(read_trials(path).rows[:3])
    scored._RECENT.forget()
    answer_otherwise(path)
    with pytest.raises(DataError, match="changed while it was being analysed"):
        len(run.test)


def test_trials_that_the_predictions_look_at_come_with_the_record(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (data / "derivatives" / "mbtexp" / "indices.json").unlink()
    monkeypatch.setattr(scored, "_rows_again", pytest.fail)
    found = analyse(data, n_splits=0)
    assert not found.as_before
    for run in found.runs:
        if run.run.task == "eyes":
            assert tuple(run) == tuple(read_trials(run.run.path).rows)
            assert run.rows[2] == read_trials(run.run.path).rows[2]


# -- how it is kept and sent -----------------------------------------------------------------------


def test_a_record_holds_what_was_made_to_the_last_digit(data: Path) -> None:
    for path in sorted(data.glob("sourcedata/**/*_log.jsonl")):
        log = read_trials(path)
        analysis = ANALYSES[log.run.task]
        content = scored.scored_bytes(
            path, path.read_bytes(), ANALYSES, {log.run.task: analysis.params}
        )
        back = scored.scored_of(path, content, unchanged.digest(path.read_bytes()))
        assert back.indices == tuple(analysis.indices(log, analysis.params))
        assert back.trials.run == log.run
        assert len(back.trials) == len(log)


def test_a_record_makes_nothing_but_its_own_kinds() -> None:
    check = Check(
        participant="01",
        session=None,
        task="eyes",
        run=1,
        check="tr",
        value=math.pi,
        limit="x",
        passed=None,
        severity="none",
        what_to_do=None,
    )
    assert record.read_back(record.written([check, {"a": (1, None)}])) == (check, {"a": (1, None)})
    assert record.read_back(b'{"Path": ["/"]}') == {"Path": ("/",)}
    for wrong in (b"", b'{"Check": [1, 2]}', b'{"Check": 3}', b'{"time": ["noon"]}'):
        with pytest.raises(ValueError, match=r"record|JSON|Expecting|Invalid|shorter|longer"):
            record.read_back(wrong)
    columns = record.columns_written(Check, [check, check])
    assert record.rows_back(Check, columns) == (check, check)
    assert record.rows_back(Index, record.columns_written(Index, [])) == ()
    for text in ("[[1]]", "{}", "3", columns.replace("[1", "[1,1", 1)):
        with pytest.raises(ValueError, match=r"columns|shorter|longer"):
            record.rows_back(Check, text)


def test_runs_with_different_columns_share_a_table(data: Path, tmp_path: Path) -> None:
    path = log_of(data, "02", "eyes")
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    for event in lines:
        if event["kind"] == "trial":
            event["design"] = {"mood_before": 3.5, **event["design"]}
            event["outcome"]["pupil"] = ["wide", "x\ty"]
            del event["design"]["valence"]
    path.write_text("".join(json.dumps(event) + "\n" for event in lines), "utf-8")
    table = tables(data)["trials_eyes.tsv"].decode().split("\n")
    rows = [line.split("\t") for line in table[1:-1]]
    assert {"pupil", "valence", "mood_before"} <= set(table[0].split("\t"))
    assert same_as_fresh(data, tmp_path)
    assert {len(row) for row in rows} == {len(table[0].split("\t"))}


def test_several_processes_give_the_same_bytes(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = tables(data, fresh=True, n_splits=20)
    monkeypatch.setattr(score_all, "WORTH_A_PROCESS", 0)
    monkeypatch.setattr(score_all, "WORTH_SPLITTING", 0)
    done: list[tuple[int, int]] = []
    together = tables(
        data, fresh=True, n_splits=20, workers=2, progress=lambda n, of: done.append((n, of))
    )
    assert together == alone
    assert done == [(n, 6) for n in range(1, 7)]


def _halt(_: int) -> int:
    os._exit(3)


def test_a_worker_that_is_killed_is_told_in_a_sentence() -> None:
    with pytest.raises(DeviceError, match="ended from outside"):
        list(parallel.each(_halt, [1, 2], 2))


def _threads(_: int) -> str | None:
    return os.environ.get("OPENBLAS_NUM_THREADS")


def test_workers_do_their_algebra_on_one_thread_and_this_process_as_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    assert {found for _, found in parallel.each(_threads, [1, 2], 2)} == {"1"}
    assert "OPENBLAS_NUM_THREADS" not in os.environ
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "3")
    assert {found for _, found in parallel.each(_threads, [1, 2], 2)} == {"1"}
    assert os.environ["OPENBLAS_NUM_THREADS"] == "3"


def test_the_command_tells_what_had_not_changed_and_can_score_it_again(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def told(*options: str) -> str:
        assert main(["analyse", str(data), "--no-reliability", *options]) == 0
        said = capsys.readouterr()
        assert said.err == ""  # a bar is for a terminal
        return said.out

    assert "6 logs have not changed; --fresh scores them again" in told()  # the folder is new
    assert "nothing was written" in told()
    (data / "derivatives" / "mbtexp" / "indices.tsv").unlink()
    assert "6 logs have not changed; --fresh scores them again" in told()
    assert "have not changed" not in told("--fresh", "--workers", "1")
    with pytest.raises(SystemExit):
        main(["analyse", str(data), "--workers", "none"])
    assert "'none' is no whole number; write 1 or more" in capsys.readouterr().err
