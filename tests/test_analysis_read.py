"""From logs on disk to trials, quality and tables: whole, resumed, aborted and damaged runs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from analysis import analyse, read_table, read_trials, to_frame
from analysis.eyes import Params
from analysis.indices import COLUMNS as INDEX_COLUMNS
from analysis.indices import index_lines
from analysis.quality import COLUMNS as CHECK_COLUMNS
from analysis.quality import RULES, check_lines
from analysis.run import ANALYSES
from analysis.tables import head, save
from mbtexp.errors import DataError, DiskError
from mbtexp.events import EventLog

N = 8
RATE_HZ = 60.0
PULSES = {"scan_start", "pulses_seen", "pulses_missing", "pulses_extra", "pulses_early", "tr"}


def design_row(number, **more):
    return {
        "trial": number,
        "block": 0 if number == 1 else 1,
        "practice": number == 1,
        "stim_id": f"item{number:02d}",
        "item": number,
        "condition": "mental",
        "word_tl": "calm",
        "word_tr": "tense",
        "word_bl": "amused",
        "word_br": "shy",
        "target": "calm",
        "sex": "f",
        "valence": 0.25 * number,
        "difficulty": None,
        "form": "A",
        "onset_s": None,
        **more,
    }


def outcome(number, **more):
    return {
        "response": "calm",
        "position": "tl",
        "correct": True,
        "rt_s": 1.5 + number / 10,
        "missed": False,
        "lookups": ["shy", "tense"] if number == 3 else [],
        "lookup_s": 2.5 if number == 3 else 0.0,
        "held": False,
        **more,
    }


class Writer:
    """Writes a log as a run does, event by event."""

    def __init__(self, data, participant="01", session="01", run=1, task="eyes", **header):
        name = f"sub-{participant}_ses-{session}_task-{task}_run-{run:02d}_log.jsonl"
        self.path = data / "sourcedata" / f"sub-{participant}" / f"ses-{session}" / name
        self.t = 0.0
        self.log = EventLog(self.path)
        fields = {
            "format": 1,
            "task": task,
            "preset": "standard",
            "params": {},
            "participant": participant,
            "session": session,
            "run": run,
            "seed": 0,
            "mode": "lab",
            "simulated": None,
            "design": [design_row(k) for k in range(1, N + 1)],
            "columns": {
                "valence": {"description": "item valence", "units": "rating", "levels": None},
                "onset_s": {"description": "planned onset", "units": "s", "levels": None},
            },
            "phases": {
                "fixation": {"description": "a cross", "trial_type": None},
                "eyes": {"description": "a picture", "trial_type": "eyes"},
            },
            "rig": {"display": {"refresh_hz": RATE_HZ}},
            "display": {"refresh_hz": RATE_HZ},
            "stimuli": {"set": "open", "kind": "open"},
        }
        self.log.append("header", 0.0, **{**fields, **header})

    def phase(self, number, name, onset, **more):
        fields = {
            "trial": number,
            "attempt": 1,
            "phase": name,
            "tag": "",
            "onset_planned": onset,
            "onset": onset,
            "offset": onset + 0.5,
            "frames_planned": 30,
            "frames": 30,
            "missed": 0,
            "code": 21,
            "held": [],
        }
        self.log.append("phase", onset, **{**fields, **more})

    def trial(self, number, *, attempt=1, phase=None, design=None, **result):
        """A cross, the picture, the trial's line, and only then the picture's end, as in a run."""
        self.t += 10.0
        self.phase(number, "fixation", self.t - 0.5, attempt=attempt)
        self.log.append(
            "trial",
            self.t + 3,
            trial=number,
            block=0 if number == 1 else 1,
            attempt=attempt,
            design=design_row(number, **(design or {})),
            outcome=outcome(number, **result),
        )
        self.phase(number, "eyes", self.t, attempt=attempt, **(phase or {}))
        return self

    def trials(self, first=1, last=N, **result):
        for number in range(first, last + 1):
            self.trial(number, **result)
        return self

    def event(self, kind, **fields):
        self.log.append(kind, self.t, **fields)
        return self

    def end(self, *, completed=True, lost=0):
        self.event("end", completed=completed, trials=N, timing={}, triggers={"lost": lost})
        self.log.close()
        return self.path


def whole(data, *args, **header):
    return Writer(data, *args, **header).trials().end()


def checks(data):
    found = analyse(data).quality
    assert [check.check for check in found] == list(RULES)
    return {check.check: check for check in found}


# -- trials ------------------------------------------------------------------------------------


def test_a_run_becomes_one_row_a_trial(tmp_path):
    trials = read_trials(whole(tmp_path))
    third = trials.rows[2]
    assert [trial.trial for trial in trials] == list(range(1, N + 1))
    assert (third.stim_id, third.response, third.correct, third.rt_s) == (
        "item03",
        "calm",
        True,
        1.8,
    )
    assert third.onset_s == 30.0
    assert [trial.excluded for trial in trials] == ["practice"] + [""] * (N - 1)
    assert (trials.run.status, trials.run.n_planned, trials.told) == ("complete", N - 1, ())


def test_a_missed_trial_has_neither_answer_nor_error(tmp_path):
    log = Writer(tmp_path).trial(2, response=None, correct=False, rt_s=9.0, missed=True).end()
    (trial,) = read_trials(log)
    assert (trial.missed, trial.correct, trial.rt_s, trial.excluded) == (True, None, None, "missed")


@pytest.mark.parametrize("label", ["NA", "007", "1e5", "nan", "True"])
def test_a_label_that_looks_like_something_else_stays_text(tmp_path, label):
    log = whole(tmp_path, label, "007")
    frame = to_frame([read_trials(log)])
    assert set(frame["participant"]) == {label}
    found = analyse(tmp_path)
    for name in ("trials_eyes.tsv", "indices.tsv", "quality.tsv"):
        table = read_table(found.out / name)
        assert set(table["participant"]) == {label}
        assert set(table["session"]) == {"007"}


def test_missing_values_in_a_table_are_read_as_missing(tmp_path):
    whole(tmp_path)
    table = read_table(analyse(tmp_path).out / "indices.tsv").set_index("index")
    assert table.loc["theta", "value"] != table.loc["theta", "value"]
    assert table.loc["total", "value"] == N - 1


def test_a_resumed_run_is_one_run(tmp_path):
    writer = Writer(tmp_path).trials(1, 3)
    writer.phase(4, "eyes", 33.0, missed=7)
    writer.event("resume", next_trial=4, display={"refresh_hz": RATE_HZ})
    trials = read_trials(writer.trials(4).end())
    assert len(trials) == N
    assert (trials.run.segments, trials.run.status) == (2, "complete")
    assert trials.rows[3].frames_dropped == 0
    assert trials.rows[3].onset_s == 40.0


def test_an_aborted_run_keeps_its_trials_and_says_so(tmp_path):
    writer = Writer(tmp_path).trials(1, 4).event("abort", reason="stopped")
    writer.end(completed=False)
    found = analyse(tmp_path)
    assert len(found.runs[0]) == 4
    assert found.runs[0].run.status == "aborted"
    assert all("incomplete" in index.flag for index in found.indices)
    assert any("aborted; 3 of 7 trials" in sentence for sentence in found.told)


def test_an_aborted_run_that_was_resumed_and_finished_is_complete(tmp_path):
    writer = Writer(tmp_path).trials(1, 4).event("abort", reason="stopped")
    writer.event("end", completed=False, trials=4, timing={}, triggers={"lost": 0})
    writer.event("resume", next_trial=5)
    assert read_trials(writer.trials(5).end()).run.status == "complete"


def test_an_aborted_run_that_was_resumed_and_killed_is_incomplete(tmp_path):
    writer = Writer(tmp_path).trials(1, 4).event("abort", reason="stopped")
    writer.event("resume", next_trial=5).trial(5)
    writer.log.close()
    assert read_trials(writer.path).run.status == "incomplete"


def test_a_run_that_was_killed_is_incomplete(tmp_path):
    writer = Writer(tmp_path).trials(1, 4)
    writer.log.close()
    assert read_trials(writer.path).run.status == "incomplete"


def test_the_good_part_of_a_damaged_log_is_used_and_the_damage_told(tmp_path):
    path = whole(tmp_path)
    lines = path.read_bytes().split(b"\n")
    spot = next(
        k for k, line in enumerate(lines) if b'"kind":"trial"' in line and b"item04" in line
    )
    lines[spot] = lines[spot][:40] + b"\xff\x00"
    path.write_bytes(b"\n".join(lines))
    found = analyse(tmp_path)
    assert [trial.trial for trial in found.runs[0]] == [1, 2, 3, 5, 6, 7, 8]
    assert [f"line {spot + 1} is damaged" in sentence for sentence in found.told] == [True]
    assert all("damaged_lines" in index.flag for index in found.indices)


@pytest.mark.parametrize("fields", [{}, {"trial": "2", "design": {}, "outcome": {}}, {"trial": 2}])
def test_a_trial_line_without_its_parts_is_damage(tmp_path, fields):
    log = Writer(tmp_path).trials().event("trial", **fields).end()
    trials = read_trials(log)
    assert len(trials) == N
    assert "was left out" in trials.run.damage[0]


def test_of_two_lines_for_a_trial_the_last_counts_and_that_is_told(tmp_path):
    writer = Writer(tmp_path).trials()
    writer.trial(5, attempt=2, response="shy", position="br", correct=False)
    trials = read_trials(writer.end())
    assert len(trials) == N
    assert (trials.rows[4].attempt, trials.rows[4].response) == (2, "shy")
    assert "trial 5 was recorded 2 times" in trials.told[0]


def test_simulated_and_pilot_data_are_carried_along(tmp_path):
    simulated = {"model": "rasch", "params": {"ability": 1.0}}
    whole(tmp_path, simulated=simulated, mode="pilot", stimuli={"kind": "pilot"})
    found = analyse(tmp_path)
    table = read_table(found.out / "trials_eyes.tsv")
    assert (set(table["simulated"]), set(table["mode"])) == ({"rasch"}, {"pilot"})
    assert all({"simulated", "pilot", "pilot_stimuli"} <= set(i.flag) for i in found.indices)


def test_the_planned_onset_is_never_taken_for_the_real_one(tmp_path):
    log = Writer(tmp_path).trial(2, design={"onset_s": 8.0}).end()
    frame = to_frame([read_trials(log)])
    assert (frame["onset_planned_s"][0], frame["onset_s"][0]) == (8.0, 10.0)


def test_a_header_without_its_participant_is_refused(tmp_path):
    path = whole(tmp_path)
    first, *rest = path.read_text(encoding="utf-8").splitlines()
    header = json.loads(first)
    del header["participant"]
    path.write_text("\n".join([json.dumps(header), *rest]), encoding="utf-8")
    with pytest.raises(DataError, match="which participant"):
        read_trials(path)


# -- quality -----------------------------------------------------------------------------------


def test_a_faultless_run_passes_every_check(tmp_path):
    whole(tmp_path)
    found = checks(tmp_path)
    assert {name for name, check in found.items() if check.passed is None} == PULSES  # no scanner
    assert {check.passed for name, check in found.items() if name not in PULSES} == {True}
    assert {check.severity for check in found.values()} == {"none"}


def test_late_onsets_and_missed_frames_of_coded_phases_are_found(tmp_path):
    writer = Writer(tmp_path).trials(1, 6)
    writer.trial(7, phase={"missed": 2, "onset_planned": 70.0 - 2.5 / RATE_HZ})
    writer.trial(8, phase={"missed": 1, "onset_planned": 80.0 - 0.9 / RATE_HZ})
    writer.phase(8, "rest", 82.0, missed=9, code=None)
    writer.end()
    found = checks(tmp_path)
    assert (found["missed_frames"].value, found["missed_frames"].passed) == (3, False)
    assert (found["late_onsets"].value, found["late_onsets"].severity) == (1, "warning")


@pytest.mark.parametrize(("outcomes", "counted", "lost"), [(["sent", "busy"], 0, 1), ([], 3, 3)])
def test_lost_triggers_are_found_by_their_lines_or_the_count_at_the_end(
    tmp_path, outcomes, counted, lost
):
    writer = Writer(tmp_path).trials()
    for outcome_ in [*outcomes, "deferred_sent"]:
        writer.event("trigger", seq=1, code=21, outcome=outcome_)
    writer.end(lost=counted)
    found = checks(tmp_path)["triggers_lost"]
    assert (found.value, found.severity) == (lost, "error")
    assert "from the log" in found.what_to_do


def test_a_pulse_that_was_cut_short_is_a_warning(tmp_path):
    Writer(tmp_path).trials().event("trigger", seq=1, outcome="truncated").end()
    found = checks(tmp_path)
    assert found["short_pulses"].severity == "warning"
    assert found["triggers_lost"].passed is True


def scanned(tmp_path, flags, **end):
    """The checks of a run in a scanner with such pulses; a number stands for pulses lost before."""
    writer = Writer(tmp_path, rig={"mode": "fmri", "display": {"refresh_hz": RATE_HZ}}).trials()
    for flag in flags:
        lost = isinstance(flag, int)
        writer.event("pulse", flag="missing_before" if lost else flag, missing=flag if lost else 0)
    facts = {"expected": 4, "lost_at_an_end": 0, "tr_s": 2.0, "tr_estimate_s": 2.001}
    writer.event("end", completed=True, trials=N, timing={}, triggers={}, pulses={**facts, **end})
    writer.log.close()
    return {name: check for name, check in checks(tmp_path).items() if name in PULSES}


def test_a_scan_with_every_pulse_passes(tmp_path):
    found = scanned(tmp_path, ["dummy", "first", "ok", "ok", "ok"])
    assert {name for name, check in found.items() if check.passed} == PULSES
    assert (found["pulses_seen"].value, found["pulses_seen"].limit) == (4, 4)
    assert (found["tr"].value, found["tr"].limit) == (2.001, 2.0)


@pytest.mark.parametrize(
    ("flags", "end", "failed", "value", "severity"),
    [
        (["first", 2, "ok"], {}, "pulses_missing", 2, "warning"),
        (["first", "extra", "ok"], {}, "pulses_extra", 1, "note"),
        (["early", "first", "ok"], {}, "pulses_early", 1, "warning"),
        (["manual", "ok"], {}, "scan_start", "by hand", "error"),
        (["first", "ok", "ok"], {"lost_at_an_end": 1}, "pulses_seen", 3, "error"),
        (["first", "ok", "ok"], {"tr_estimate_s": 4.0}, "tr", 4.0, "error"),
    ],
)
def test_what_is_wrong_with_the_pulses_is_told_with_advice(
    tmp_path, flags, end, failed, value, severity
):
    found = scanned(tmp_path, flags, **end)
    assert [name for name, check in found.items() if check.passed is False] == [failed]
    assert (found[failed].value, found[failed].severity) == (value, severity)
    assert found[failed].what_to_do


def test_a_scan_without_a_pulse_is_an_error(tmp_path):
    found = scanned(tmp_path, [], tr_estimate_s=None)
    assert {name for name, check in found.items() if check.passed is False} == {
        "scan_start",
        "pulses_seen",
    }
    assert found["tr"].passed is None


def test_a_run_with_everything_wrong_fails_check_by_check(tmp_path):
    wrong = {"response": "shy", "position": "br", "correct": False, "held": True}
    writer = Writer(tmp_path, display={"refresh_hz": 59.0}).trials(1, 3, **wrong)
    writer.trial(4, attempt=2, **wrong).trial(5, response=None, missed=True, correct=None)
    writer.event("resume", display={"refresh_hz": RATE_HZ}).trial(5, attempt=1, missed=True)
    writer.event("trial")
    writer.log.close()
    found = checks(tmp_path)
    failed = {name for name, check in found.items() if check.passed is False}
    not_here = {"missed_frames", "late_onsets", "triggers_lost", "short_pulses", *PULSES}
    assert failed == set(RULES) - not_here
    assert found["refresh"].value == pytest.approx(1 / 60)
    assert all(found[name].what_to_do for name in failed)


def test_what_a_log_does_not_tell_is_neither_passed_nor_failed(tmp_path):
    Writer(tmp_path, rig={}, display={}, design=[]).end()
    found = checks(tmp_path)
    for name in ("missed_share", "chance", "held_keys", "missed_frames", "late_onsets", "refresh"):
        assert (found[name].value, found[name].passed, found[name].severity) == (None, None, "none")


# -- the tables of a data folder ---------------------------------------------------------------


def test_a_second_analysis_gives_the_same_bytes(tmp_path):
    for participant in ("02", "01", "10"):
        whole(tmp_path, participant)
    first = {path: path.read_bytes() for path in analyse(tmp_path).files}
    again = {path: path.read_bytes() for path in analyse(tmp_path).files}
    assert first == again
    assert {path.name for path in first} == {
        "dataset_description.json",
        ".bidsignore",
        "indices.tsv",
        "indices.json",
        "quality.tsv",
        "quality.json",
        "trials_eyes.tsv",
        "trials_eyes.json",
        "states.tsv",
        "states.json",
        "contrasts.tsv",
        "contrasts.json",
        "study.tsv",
        "study.json",
        "models.R",
        "reliability.tsv",
        "reliability.json",
    }
    assert {path.name for path in (tmp_path / "derivatives/mbtexp").iterdir()} == {
        ".unchanged",
        *(path.name for path in first),
    }


def test_tables_have_lf_no_empty_cell_and_as_many_cells_as_columns(tmp_path):
    path = whole(tmp_path)
    Writer(tmp_path, "02").trials(response="two\twords\r\nand a line").end()
    assert path.is_file()
    for file in analyse(tmp_path).files:
        content = file.read_bytes()
        assert b"\r" not in content
        assert content.endswith(b"\n")
        if file.suffix == ".tsv":
            rows = [line.split("\t") for line in content.decode().splitlines()]
            assert {len(row) for row in rows} == {len(rows[0])}
            assert all(cell for row in rows for cell in row)


def test_numbers_have_ten_significant_digits(tmp_path):
    Writer(tmp_path).trials(1, 3).trial(4, correct=False).end()
    table = (analyse(tmp_path).out / "indices.tsv").read_text(encoding="utf-8").splitlines()
    columns = table[0].split("\t")
    cells = next(line.split("\t") for line in table if "\taccuracy\tall\t" in line)
    assert cells[columns.index("value")] == "0.6666666667"


def test_every_column_is_described_beside_its_table(tmp_path):
    whole(tmp_path)
    out = analyse(tmp_path).out
    for name in ("indices", "quality", "trials_eyes"):
        columns = (out / f"{name}.tsv").read_text(encoding="utf-8").splitlines()[0].split("\t")
        described = json.loads((out / f"{name}.json").read_text(encoding="utf-8"))
        assert list(described) == columns
        assert all(entry["Description"] for entry in described.values())


def test_the_tasks_own_columns_keep_their_description(tmp_path):
    whole(tmp_path)
    described = json.loads((analyse(tmp_path).out / "trials_eyes.json").read_text(encoding="utf-8"))
    assert described["valence"] == {"Description": "item valence", "Units": "rating"}


def test_rows_stand_in_the_order_of_participant_and_run(tmp_path):
    for participant, run in (("10", 1), ("02", 10), ("02", 2)):
        whole(tmp_path, participant, run=run)
    found = [(i.participant, i.run) for i in analyse(tmp_path).indices]
    assert list(dict.fromkeys(found)) == [("02", 2), ("02", 10), ("10", 1)]


def test_the_order_of_runs_does_not_depend_on_where_their_logs_lie(tmp_path):
    whole(tmp_path, "02")
    path = whole(tmp_path, "01")
    other = tmp_path / "sourcedata" / "sub-99" / path.name
    other.parent.mkdir()
    path.rename(other)
    found = analyse(tmp_path)
    for name in ("trials_eyes.tsv", "indices.tsv", "quality.tsv"):
        people = read_table(found.out / name)["participant"]
        assert list(people) == sorted(people)


def test_the_tables_hold_what_was_found_in_the_order_of_the_runs(tmp_path):
    for participant in ("02", "01"):
        whole(tmp_path, participant)
    found = analyse(tmp_path)
    for name, columns, lines in (
        ("indices.tsv", INDEX_COLUMNS, index_lines(found.indices)),
        ("quality.tsv", CHECK_COLUMNS, check_lines(found.quality)),
    ):
        assert (found.out / name).read_bytes() == head(columns) + lines
    assert [run.run.participant for run in found.runs] == ["01", "02"]


def test_an_unreadable_log_is_told_and_the_others_are_analysed(tmp_path):
    whole(tmp_path, "01")
    whole(tmp_path, "02").write_bytes(b"not a log\n")
    found = analyse(tmp_path)
    assert {index.participant for index in found.indices} == {"01"}
    assert any("sub-02" in sentence and "not a log" in sentence for sentence in found.told)


def test_a_task_without_an_analysis_is_told_and_keeps_its_trials(tmp_path):
    whole(tmp_path, "01")
    whole(tmp_path, "02", task="stroop")
    found = analyse(tmp_path)
    assert any("no analysis of task 'stroop'" in sentence for sentence in found.told)
    assert {index.task for index in found.indices} == {"eyes"}
    assert {check.task for check in found.quality} == {"eyes", "stroop"}
    assert len(read_table(found.out / "trials_stroop.tsv")) == N


def test_a_run_without_a_single_trial_has_its_rows_with_the_reason(tmp_path):
    Writer(tmp_path).end(completed=False)
    found = analyse(tmp_path)
    assert {index.value for index in found.indices} == {None}
    total = next(index for index in found.indices if index.index == "total")
    assert total.flag == ("no_answers", "incomplete")


def test_a_run_that_is_there_twice_counts_once(tmp_path):
    path = whole(tmp_path)
    copy = path.with_name(path.name.replace("_log", "_copy_log"))
    copy.write_bytes(path.read_bytes())
    found = analyse(tmp_path)
    assert len(found.runs) == 1
    assert any("is already in" in sentence for sentence in found.told)


def test_a_log_under_another_name_is_told(tmp_path):
    path = whole(tmp_path)
    other = tmp_path / "sourcedata" / "sub-02" / path.name.replace("sub-01", "sub-02")
    other.parent.mkdir()
    path.rename(other)
    found = analyse(tmp_path)
    assert {index.participant for index in found.indices} == {"01"}
    assert any("of sub-01 ses-01 task-eyes run-01" in sentence for sentence in found.told)


def test_word_norms_reach_the_scoring(tmp_path):
    Writer(tmp_path).trials(response="shy", position="br", correct=False).end()
    norms = {"eyes": Params(word_valence={"calm": 2.0, "shy": -1.0})}
    found = analyse(tmp_path, params=norms)
    assert next(i for i in found.indices if i.index == "error_shift").value == -3.0
    with pytest.raises(DataError, match="did you mean 'eyes'"):
        analyse(tmp_path, params={"eye": Params()})


def test_progress_is_told_after_each_log(tmp_path):
    for participant in ("01", "02"):
        whole(tmp_path, participant)
    told = []
    analyse(tmp_path, tmp_path / "elsewhere", lambda done, total: told.append((done, total)))
    assert told == [(1, 2), (2, 2)]
    assert (tmp_path / "elsewhere" / "indices.tsv").is_file()
    assert not (tmp_path / "derivatives").exists()


def test_other_entries_of_bidsignore_are_kept(tmp_path):
    whole(tmp_path)
    out = analyse(tmp_path).out
    (out / ".bidsignore").write_text("*.html\n", encoding="utf-8")
    analyse(tmp_path)
    lines = (out / ".bidsignore").read_text(encoding="utf-8").splitlines()
    assert "*.html" in lines
    assert "indices.tsv" in lines


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (None, "no such folder"),
        ("empty", "no log lies under"),
        ("pilot", "pilots only"),
        ("damaged", "none of its 1 logs can be read"),
    ],
)
def test_a_folder_without_a_usable_log_is_refused_with_what_to_do(tmp_path, made, message):
    data = tmp_path / "data"
    if made == "empty":
        data.mkdir()
    if made == "pilot":
        whole(data / "pilot")
    if made == "damaged":
        whole(data).write_bytes(b"")
    with pytest.raises(DataError, match=message):
        analyse(data)
    assert not (data / "derivatives").exists()


def test_the_pilots_folder_is_analysed_like_any_other(tmp_path):
    whole(tmp_path / "pilot", mode="pilot")
    assert len(analyse(tmp_path / "pilot").runs) == 1


def test_an_output_folder_that_cannot_be_made_is_told(tmp_path):
    whole(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(DiskError, match="cannot be written"):
        analyse(tmp_path, tmp_path / "file" / "out")


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path):
    target = tmp_path / "table.tsv"
    save(target, b"before\n")

    def full():
        yield b"af"
        raise OSError(28, os.strerror(28))

    with pytest.raises(DiskError, match="No space left"):
        save(target, full())
    assert target.read_text() == "before\n"
    assert [path.name for path in tmp_path.iterdir()] == ["table.tsv"]


def test_a_table_that_is_none_is_refused(tmp_path):
    with pytest.raises(DataError, match="No such file"):
        read_table(tmp_path / "indices.tsv")
    (tmp_path / "indices.tsv").touch()
    with pytest.raises(DataError, match="this is not a table"):
        read_table(tmp_path / "indices.tsv")


def test_every_analysis_is_known_by_its_own_task():
    assert {task: analysis.task for task, analysis in ANALYSES.items()} == {
        task: task for task in ANALYSES
    }


def test_the_analysis_package_imports_without_numpy_and_scores_without_pandas(tmp_path):
    whole(tmp_path)
    code = (
        "import sys, pathlib, analysis; assert 'numpy' not in sys.modules; "
        f"analysis.analyse(pathlib.Path({str(tmp_path)!r})); assert 'pandas' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.readers
@pytest.mark.slow
def test_the_bids_validator_finds_no_error_in_the_derivatives(tmp_path):
    whole(tmp_path)
    out = analyse(tmp_path).out
    ran = subprocess.run(
        [Path(sys.executable).with_name("bids-validator-deno"), out, "--format", "json"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    issues = json.loads(ran.stdout)["issues"]["issues"]
    assert [issue for issue in issues if issue["severity"] == "error"] == []
