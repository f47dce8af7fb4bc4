"""Logs written as docs/log-format.md says become a dataset that independent readers accept."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest

from mbtexp import bids
from mbtexp.bids import validator
from mbtexp.bids.check import check
from mbtexp.errors import DataError, MbtexpError, SettingError
from mbtexp.events import EventLog

WORDS = ("calm", "cross", "shy", "bored")
TARGET = 2
CODES = {"item": 130, "answer_first": 146, "run_start": 203, "run_end": 204}

COLUMNS = {
    "practice": {"description": "Whether this is practice.", "units": None, "levels": None},
    "stim_id": {"description": "Picture.", "units": None, "levels": None},
    "item": {"description": "Number of the item.", "units": None, "levels": None},
    "condition": {
        "description": "What is judged.",
        "units": None,
        "levels": {"mental": "state of mind", "sex": "control"},
    },
    **{
        f"word_{place}": {"description": f"Word at {place}.", "units": None, "levels": None}
        for place in ("tl", "tr", "bl", "br")
    },
    "target": {"description": "Right word.", "units": None, "levels": None},
    "sex": {"description": "Sex of the face.", "levels": {"f": "female", "m": "male"}},
    "valence": {"description": "Valence of the target.", "levels": {"negative": "unpleasant"}},
    "difficulty": {"description": "Share of a norm group that was wrong.", "units": None},
    "form": {"description": "Half of the test.", "levels": {"A": "first", "B": "second"}},
    "onset_s": {"description": "Planned onset.", "units": "s", "levels": None},
    "response": {"description": "Word that was chosen.", "units": None, "levels": None},
    "position": {"description": "Where it stood.", "levels": {"tl": "top left", "tr": "top right"}},
    "correct": {"description": "Whether it is right.", "levels": {"true": "yes", "false": "no"}},
    "rt_s": {"description": "From the picture to the key.", "units": "s", "levels": None},
    "missed": {
        "description": "No answer in time.",
        "levels": {"true": "none", "false": "answered"},
    },
    "lookups": {"description": "Words looked up.", "units": None, "levels": None},
    "lookup_s": {"description": "Time spent in the glossary.", "units": "s", "levels": None},
    "held": {"description": "A key was down at the onset.", "units": None, "levels": None},
}


def design(n: int) -> list[dict[str, Any]]:
    rows = []
    for trial in range(1, n + 1):
        rows.append(
            {
                "trial": trial,
                "block": 0 if trial == 1 else 1,
                "practice": trial == 1,
                "stim_id": f"{trial:03d}",
                "item": trial,
                "condition": "mental" if trial % 2 else "sex",
                "word_tl": WORDS[0],
                "word_tr": WORDS[1],
                "word_bl": WORDS[2],
                "word_br": WORDS[3],
                "target": WORDS[TARGET],
                "sex": "f",
                "valence": "negative",
                "difficulty": 0.25,
                "form": "A",
                "onset_s": None,
            }
        )
    return rows


def header(n: int = 4, **changes: Any) -> dict[str, Any]:
    mode = changes.pop("rig_mode", "behaviour")
    site = changes.pop("site", {"institution": "Lab", "address": "Street 1", "department": "Psy"})
    return {
        "format": 1,
        "task": "eyes",
        "preset": "standard",
        "params": {"limit_s": None, "fixation_s": 0.5},
        "language": "en",
        "participant": "01",
        "session": "01",
        "run": 1,
        "seed": 7,
        "mode": "lab",
        "simulated": None,
        "design": design(n),
        "columns": COLUMNS,
        "phases": {
            "fixation": {
                "description": "A cross.",
                "hed": "Sensory-event, Visual-presentation, (Image, Cross)",
                "trial_type": None,
            },
            "item": {
                "description": "Eyes and four words.",
                "hed": "Sensory-event, Visual-presentation, (Image, Face)",
                "trial_type": "eyes_{condition}",
            },
        },
        "codes": {
            name: {"code": code, "description": f"{name} happened", "hed": None}
            for name, code in CODES.items()
        },
        "task_info": {
            "title": "Reading the mind in the eyes",
            "description": "A region of the eyes and four words; which fits best?",
            "instructions": "Choose the word.\nThere is no limit.",
            "references": ["A paper (2001)"],
            "cogatlas": "https://www.cognitiveatlas.org/task/id/trm_551f092bb3c6a/",
            "score": "higher",
        },
        "rig": {
            "name": "room1",
            "mode": mode,
            "display": {
                "refresh_hz": 60.0,
                "width_px": 1920,
                "height_px": 1080,
                "width_cm": 53.0,
                "distance_cm": 60.0,
            },
            "site": site,
        },
        "display": {"backend": "psychopy", "refresh_hz": 60.0012},
        "responses": {},
        "trigger": {},
        "stimuli": {"set": "pilot", "kind": "pilot", "version": "1", "licence": "CC0", "files": {}},
        "software": {
            "mbtexp": "0.1.0",
            "os": "Linux 6.1",
            "packages": {"psychopy": "2026.2.5"},
            "git_commit": "0123456789abcdef0123456789abcdef01234567",
            "git_dirty": False,
        },
        "clock": {"utc_at_zero": "2026-03-02T10:00:00Z", "source": "monotonic"},
        **changes,
    }


def log_path(data: Path, name: str = "sub-01_ses-01_task-eyes_run-01") -> Path:
    participant, session = name.split("_")[:2]
    return data / "sourcedata" / participant / session / f"{name}_log.jsonl"


class Script:
    """A run written down event by event, as the core would have done."""

    def __init__(self, path: Path, head: dict[str, Any], *, resume: bool = False) -> None:
        self.log = EventLog(path, resume=resume)
        self.rows = head["design"]
        if not resume:
            self.log.append("header", 0.0, **head)

    def phase(self, onset: float, offset: float, name: str, trial: int | None, **more: Any) -> None:
        self.log.append(
            "phase",
            onset,
            **{
                "trial": trial,
                "attempt": 1,
                "phase": name,
                "tag": "",
                "onset_planned": onset,
                "onset": onset,
                "offset": offset,
                "frames_planned": None,
                "frames": 30,
                "missed": 0,
                "code": None,
                "held": [],
                **more,
            },
        )

    def press(self, t: float, trial: int | None, key: str, rt: float | None, **more: Any) -> None:
        fields = {"attempt": 1, "phase": "item", "down": True, "status": "counted", **more}
        self.log.append("response", t, trial=trial, key=key, rt_s=rt, **fields)

    def code(self, t: float, name: str, kind_of: str = "flip", outcome: str = "sent") -> None:
        self.log.append(
            "trigger", t, seq=1, name=name, code=CODES[name], kind_of=kind_of, outcome=outcome
        )

    def trial(self, t: float, trial: int, attempt: int = 1, **outcome: Any) -> None:
        row = self.rows[trial - 1]
        self.log.append(
            "trial",
            t,
            trial=trial,
            block=row["block"],
            attempt=attempt,
            design=row,
            outcome={
                "response": WORDS[2],
                "position": "tl",
                "correct": True,
                "rt_s": 1.25,
                "missed": False,
                "lookups": ["calm", "shy"] if trial == 2 else [],
                "lookup_s": 0.0,
                "held": False,
                **outcome,
            },
        )

    def whole_trial(self, start: float, trial: int) -> None:
        """Fixation 0.5 s, item until a key 1.25 s after it."""
        self.phase(start, start + 0.5, "fixation", trial)
        self.press(start + 1.75, trial, "left", 1.25)
        self.press(start + 1.85, trial, "left", None, down=False, status="release")
        self.phase(start + 0.5, start + 1.76, "item", trial, code=CODES["item"], missed=trial - 1)
        self.trial(start + 1.76, trial)
        self.code(start + 0.5, "item")
        self.code(start + 1.75, "answer_first", "now")

    def end(self, t: float, *, completed: bool = True, trials: int = 4) -> None:
        self.log.append("end", t, completed=completed, trials=trials, timing={}, triggers={})
        self.log.close()


def whole_run(data: Path, name: str = "sub-01_ses-01_task-eyes_run-01", **changes: Any) -> Path:
    """A run of four trials from 10 s on, one every 2 s, the first of them practice."""
    path = log_path(data, name)
    head = header(**changes)
    script = Script(path, head)
    script.code(1.0, "run_start", "now")
    script.phase(1.0, 9.0, "instructions", None)
    if head["rig"]["mode"] == "fmri":
        for n in range(1, 11):
            flag = "first" if n == 1 else "ok"
            script.log.append("pulse", 8.5 + n * 0.5, n=n, flag=flag)
    for block, trials in ((0, (1,)), (1, (2, 3, 4))):
        script.log.append("block", 8.0 + 2 * trials[0], block=block, edge="start", name="main")
        for trial in trials:
            script.whole_trial(8.0 + 2 * trial, trial)
        script.log.append("block", 9.9 + 2 * trials[-1], block=block, edge="end", name="main")
    script.end(20.0)
    return path


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def events(data: Path, folder: str = "beh", name: str = "sub-01_ses-01_task-eyes_run-01") -> Any:
    participant, session = name.split("_")[:2]
    return table(data / participant / session / folder / f"{name}_events.tsv")


def trials(data: Path, name: str = "sub-01_ses-01_task-eyes_run-01") -> Any:
    participant, session = name.split("_")[:2]
    return table(data / participant / session / "beh" / f"{name}_beh.tsv")


def sidecar(data: Path, suffix: str = "events", folder: str = "beh") -> dict[str, Any]:
    """What a reader sees: the root's sidecar with the run's own on top."""
    name = f"sub-01_ses-01_task-eyes_run-01_{suffix}.json"
    own = data / "sub-01" / "ses-01" / folder / name
    root = data / f"task-eyes_{suffix}.json"
    return {**json.loads(root.read_text()), **json.loads(own.read_text())}


def snapshot(data: Path) -> dict[str, bytes]:
    return {str(p.relative_to(data)): p.read_bytes() for p in data.rglob("*") if p.is_file()}


# -- tables -------------------------------------------------------------------------------------


def test_a_phase_is_a_row_with_its_regressor_its_answer_and_its_code(tmp_path: Path) -> None:
    whole_run(tmp_path)
    bids.export(tmp_path)
    item = next(r for r in events(tmp_path) if r["phase"] == "item" and r["trial"] == "2")
    assert item["onset"] == "12.500000"
    assert item["duration"] == "1.260000"
    assert item["trial_type"] == "eyes_sex"
    assert item["response_time"] == "1.250000"
    assert item["value"] == "130"
    assert item["trigger"] == "item"
    assert item["frames_dropped"] == "1"
    assert item["stim_id"] == "002"
    assert item["correct"] == "true"
    assert item["excluded"] == "false"


def test_a_key_is_a_row_with_its_own_code_and_a_release_is_none(tmp_path: Path) -> None:
    whole_run(tmp_path)
    bids.export(tmp_path)
    keys = [r for r in events(tmp_path) if r["event"] == "response"]
    assert [r["onset"] for r in keys] == ["11.750000", "13.750000", "15.750000", "17.750000"]
    assert {r["value"] for r in keys} == {"146"}
    assert {(r["duration"], r["trial_type"], r["window"]) for r in keys} == {
        ("0.000000", "n/a", "item")
    }


def test_a_code_that_marks_nothing_shown_has_a_row_of_its_own(tmp_path: Path) -> None:
    whole_run(tmp_path)
    bids.export(tmp_path)
    alone = [r for r in events(tmp_path) if r["event"] == "trigger"]
    assert [(r["onset"], r["trigger"], r["value"]) for r in alone] == [
        ("1.000000", "run_start", "203")
    ]


def test_onsets_are_sorted_and_no_cell_is_empty(tmp_path: Path) -> None:
    whole_run(tmp_path)
    bids.export(tmp_path)
    rows = events(tmp_path)
    onsets = [float(r["onset"]) for r in rows]
    assert onsets == sorted(onsets)
    assert all(value for r in rows for value in r.values())
    assert all(float(r["duration"]) >= 0 for r in rows)


def test_practice_is_no_regressor(tmp_path: Path) -> None:
    whole_run(tmp_path)
    bids.export(tmp_path)
    rows = [r for r in events(tmp_path) if r["phase"] == "item"]
    assert [(r["practice"], r["trial_type"]) for r in rows] == [
        ("true", "n/a"),
        ("false", "eyes_sex"),
        ("false", "eyes_mental"),
        ("false", "eyes_sex"),
    ]


def test_blocks_last_from_their_start_to_their_end(tmp_path: Path) -> None:
    whole_run(tmp_path)
    bids.export(tmp_path)
    blocks = [r for r in events(tmp_path) if r["event"] == "block"]
    assert [(r["block"], r["onset"], r["duration"]) for r in blocks] == [
        ("0", "10.000000", "1.900000"),
        ("1", "12.000000", "5.900000"),
    ]


def test_the_trials_table_has_one_row_a_trial_and_no_time_axis(tmp_path: Path) -> None:
    whole_run(tmp_path)
    bids.export(tmp_path)
    rows = trials(tmp_path)
    assert [r["trial"] for r in rows] == ["1", "2", "3", "4"]
    assert rows[1]["lookups"] == "calm;shy"
    assert rows[2]["lookups"] == "n/a"
    assert rows[3]["frames_dropped"] == "3"
    assert "onset" not in rows[0]
    assert "duration" not in rows[0]


def test_an_fmri_run_counts_from_the_first_pulse(tmp_path: Path) -> None:
    whole_run(tmp_path, rig_mode="fmri")
    bids.export(tmp_path)
    rows = events(tmp_path, "func")
    pulses = [r for r in rows if r["event"] == "pulse"]
    assert pulses[0]["onset"] == "0.000000"
    assert len(pulses) == 10
    item = next(r for r in rows if r["phase"] == "item")
    assert (item["onset"], item["onset_planned"]) == ("1.500000", "1.500000")
    assert "first scanner pulse" in sidecar(tmp_path, folder="func")["onset"]["Description"]
    assert len(trials(tmp_path)) == 4


def test_rows_long_before_the_scanner_are_left_out(tmp_path: Path) -> None:
    path = log_path(tmp_path)
    script = Script(path, header(rig_mode="fmri"))
    script.phase(1.0, 80.0, "instructions", None)
    script.phase(80.0, 100.0, "scanner", None)
    script.log.append("pulse", 100.0, n=1, flag="first")
    script.whole_trial(101.0, 2)
    script.end(105.0)
    bids.export(tmp_path)
    phases = [(r["phase"], r["onset"]) for r in events(tmp_path, "func") if r["event"] == "phase"]
    assert phases[0] == ("scanner", "-20.000000")


def test_a_second_start_of_the_scanner_is_told_with_its_time(tmp_path: Path) -> None:
    path = log_path(tmp_path)
    script = Script(path, header(rig_mode="fmri"))
    script.log.append("pulse", 10.0, n=1, flag="first")
    script.whole_trial(11.0, 1)
    script.log.append("resume", 50.0, next_trial=2)
    script.log.append("pulse", 60.5, n=1, flag="first")
    script.whole_trial(61.0, 2)
    script.end(70.0)
    (told,) = [w for w in bids.export(tmp_path).warnings if "scanner was started" in w]
    assert "50.500 s" in told


def test_an_eeg_run_lies_ready_in_eeg_and_says_how_to_align(tmp_path: Path) -> None:
    whole_run(tmp_path, rig_mode="eeg")
    bids.export(tmp_path)
    assert events(tmp_path, "eeg")[0]["onset"] == "1.000000"
    assert "trigger codes" in sidecar(tmp_path, folder="eeg")["onset"]["Description"]


def test_an_interrupted_attempt_is_excluded_and_the_repeated_one_counts(tmp_path: Path) -> None:
    path = log_path(tmp_path)
    script = Script(path, header())
    script.phase(10.0, 11.0, "item", 2, missed=5)
    script.phase(11.0, 20.0, "confirm_stop", 2)
    script.phase(21.0, 22.0, "item", 2, attempt=2, missed=1)
    script.press(21.9, 2, "left", 0.9, attempt=2)
    script.trial(22.0, 2, attempt=2)
    script.end(23.0, trials=1)
    bids.export(tmp_path)
    items = [r for r in events(tmp_path) if r["phase"] == "item"]
    told = [(r["attempt"], r["excluded"], r["trial_type"], r["correct"]) for r in items]
    assert told == [("1", "true", "n/a", "n/a"), ("2", "false", "eyes_sex", "true")]
    assert items[0]["stim_id"] == "002"
    assert items[0]["response_time"] == "n/a"
    assert [(r["attempt"], r["frames_dropped"]) for r in trials(tmp_path)] == [("2", "1")]


def test_after_a_crash_the_resumed_first_attempt_is_told_from_the_lost_one(tmp_path: Path) -> None:
    path = log_path(tmp_path)
    head = header()
    script = Script(path, head)
    script.log.append("block", 9.0, block=1, edge="start", name="main")
    script.phase(10.0, 11.0, "item", 2)
    script.press(10.9, 2, "left", 0.9)
    script.log.close()
    script = Script(path, head, resume=True)
    script.log.append("resume", 100.0, next_trial=2)
    script.log.append("block", 100.5, block=1, edge="start", name="main")
    script.whole_trial(101.0, 2)
    script.log.append("block", 104.0, block=1, edge="end", name="main")
    script.end(105.0, trials=1)
    bids.export(tmp_path)
    rows = events(tmp_path)
    items = [
        (r["attempt"], r["excluded"], r["response_time"]) for r in rows if r["phase"] == "item"
    ]
    assert items == [("1", "true", "0.900000"), ("2", "false", "1.250000")]
    blocks = [(r["onset"], r["duration"]) for r in rows if r["event"] == "block"]
    assert blocks == [("9.000000", "1.900000"), ("100.500000", "3.500000")]
    assert [r["event"] for r in rows].count("resume") == 1


def test_a_pause_and_an_abort_are_rows(tmp_path: Path) -> None:
    path = log_path(tmp_path)
    script = Script(path, header())
    script.whole_trial(10.0, 1)
    script.log.append("pause", 13.0, edge="start")
    script.log.append("pause", 18.0, edge="end")
    script.log.append("pause", 19.0, edge="start")
    script.log.append("abort", 20.0, reason="The run was stopped by the operator. More.")
    script.end(20.0, completed=False, trials=1)
    told = bids.export(tmp_path).warnings
    rows = [r for r in events(tmp_path) if r["event"] in ("pause", "abort")]
    assert [(r["event"], r["onset"], r["duration"]) for r in rows] == [
        ("pause", "13.000000", "5.000000"),
        ("pause", "19.000000", "1.000000"),
        ("abort", "20.000000", "0.000000"),
    ]
    (sentence,) = told
    assert "1 of 4 trials" in sentence
    assert "stopped by the operator" in sentence


def test_a_lost_code_has_no_value_and_is_told(tmp_path: Path) -> None:
    path = log_path(tmp_path)
    script = Script(path, header())
    script.phase(10.0, 11.0, "item", 2, code=130)
    script.code(10.0, "item", outcome="failed")
    script.trial(11.0, 2)
    script.end(12.0)
    told = bids.export(tmp_path).warnings
    item = next(r for r in events(tmp_path) if r["phase"] == "item")
    assert (item["trigger"], item["value"]) == ("item", "n/a")
    assert any("1 trigger code never left" in w for w in told)


def test_a_damaged_log_gives_its_good_part_and_is_told(tmp_path: Path) -> None:
    path = whole_run(tmp_path)
    lines = path.read_bytes().split(b"\n")
    lines[5] = b'{"kind": "phase", "t": 1'
    path.write_bytes(b"\n".join(lines[:-3]))
    told = bids.export(tmp_path).warnings
    assert any("line 6 is damaged" in w for w in told)
    assert any("the log just ends" in w for w in told)
    assert len(trials(tmp_path)) == 4


def test_text_cannot_break_a_table(tmp_path: Path) -> None:
    path = log_path(tmp_path)
    script = Script(path, header())
    script.trial(11.0, 2, response='"a\tb\r\nc "NA', rt_s=1e-7, lookups=[], held=None)
    script.end(12.0)
    bids.export(tmp_path)
    row = trials(tmp_path)[0]
    assert row["response"] == "'a b  c 'NA"
    assert row["rt_s"] == "0.0000001"
    assert row["held"] == "n/a"


def test_a_task_column_that_means_something_else_in_bids_is_renamed(tmp_path: Path) -> None:
    path = log_path(tmp_path)
    script = Script(path, header())
    script.trial(11.0, 2, modulation=2, value=10, onset=3.0)
    script.end(12.0)
    told = bids.export(tmp_path).warnings
    row = trials(tmp_path)[0]
    assert (row["task_modulation"], row["value"], row["task_onset"]) == ("2", "10", "3.0")
    assert any("'task_value'" in w for w in told)


def test_a_value_without_a_meaning_is_told_and_described_as_such(tmp_path: Path) -> None:
    path = log_path(tmp_path)
    script = Script(path, header())
    script.trial(11.0, 2, position="somewhere")
    script.end(12.0)
    told = bids.export(tmp_path).warnings
    assert any("position: somewhere" in w for w in told)
    levels = sidecar(tmp_path, "beh")["position"]["Levels"]
    assert levels["somewhere"] == "not described by the task"


# -- sidecars -----------------------------------------------------------------------------------


def test_the_sidecar_says_what_the_header_knows_and_nothing_else(tmp_path: Path) -> None:
    whole_run(tmp_path)
    bids.export(tmp_path)
    facts = sidecar(tmp_path)
    assert facts["TaskName"] == "eyes"
    assert facts["TaskDescription"].startswith("Reading the mind in the eyes. A region")
    assert facts["Instructions"] == "Choose the word.\nThere is no limit."
    assert facts["InstitutionName"] == "Lab"
    assert facts["StimulusPresentation"] == {
        "OperatingSystem": "Linux 6.1",
        "ScreenDistance": 0.6,
        "ScreenOrigin": ["center", "center"],
        "ScreenRefreshRate": 60.0,
        "ScreenResolution": [1920, 1080],
        "ScreenSize": [0.53, 0.298125],
        "SoftwareName": "PsychoPy",
        "SoftwareRRID": "RRID:SCR_006571",
        "SoftwareVersion": "2026.2.5",
        "Code": "swh:1:rev:0123456789abcdef0123456789abcdef01234567",
    }
    assert facts["value"]["Levels"]["130"] == "item happened"
    assert facts["trial_type"]["Levels"]["eyes_mental"] == (
        "Eyes and four words. (condition: mental)"
    )
    assert facts["onset_s"]["Units"] == "s"


def test_hed_knows_the_operator_s_keys_from_the_participant_s(tmp_path: Path) -> None:
    path = log_path(tmp_path)
    script = Script(path, header())
    script.press(10.0, 2, "left", 0.9)
    script.press(10.5, 2, "escape", None, status="operator")
    script.end(12.0)
    bids.export(tmp_path)
    tags = sidecar(tmp_path)["key"]["HED"]
    assert "(Experimenter, (Press, (Keyboard-key, Label/escape)))" in tags["escape"]
    assert "(Experiment-participant, (Press, (Keyboard-key, Label/left)))" in tags["left"]


def test_facts_that_are_not_known_are_absent(tmp_path: Path) -> None:
    head = header()
    no_task = {"title": "T", "description": "", "cogatlas": None}
    software = {"mbtexp": "0.1.0", "packages": {}, "git_commit": "a" * 40, "git_dirty": True}
    site = {"institution": "", "address": "", "department": ""}
    whole_run(tmp_path, site=site, task_info=no_task, software=software)
    bids.export(tmp_path)
    facts = sidecar(tmp_path)
    for key in ("InstitutionName", "InstitutionAddress", "CogAtlasID", "Instructions"):
        assert key not in facts
    assert "Code" not in facts["StimulusPresentation"]
    assert facts["StimulusPresentation"]["SoftwareName"] == "mbtexp"
    assert head["rig"]["name"] == facts["Run"]["RigName"]


def test_what_differs_between_runs_stands_beside_the_run_only(tmp_path: Path) -> None:
    whole_run(tmp_path)
    whole_run(
        tmp_path,
        "sub-02_ses-01_task-eyes_run-01",
        participant="02",
        site={"institution": "Other", "address": "", "department": ""},
    )
    bids.export(tmp_path)
    root = json.loads((tmp_path / "task-eyes_events.json").read_text())
    assert "InstitutionName" not in root
    assert "Run" not in root
    assert root["TaskName"] == "eyes"
    assert sidecar(tmp_path)["InstitutionName"] == "Lab"


# -- the data set -------------------------------------------------------------------------------


def test_exporting_again_changes_no_byte_and_writes_nothing(tmp_path: Path) -> None:
    whole_run(tmp_path)
    whole_run(tmp_path, "sub-NA_ses-01_task-eyes_run-01", participant="NA")
    first = bids.export(tmp_path)
    before = snapshot(tmp_path)
    times = {name: (tmp_path / name).stat().st_mtime_ns for name in before}
    again = bids.export(tmp_path)
    assert first.written
    assert again.written == ()
    assert again.unchanged == len(first.written)
    assert snapshot(tmp_path) == before
    assert {name: (tmp_path / name).stat().st_mtime_ns for name in before} == times


def test_the_logs_are_never_touched(tmp_path: Path) -> None:
    path = whole_run(tmp_path)
    before = (path.read_bytes(), path.stat().st_mtime_ns, sorted(path.parent.iterdir()))
    bids.export(tmp_path)
    assert (path.read_bytes(), path.stat().st_mtime_ns, sorted(path.parent.iterdir())) == before


def test_the_data_set_can_lie_elsewhere_but_not_among_the_logs(tmp_path: Path) -> None:
    data, out = tmp_path / "data", tmp_path / "out"
    whole_run(data)
    assert bids.export(data, out=out).root == out
    assert (out / "dataset_description.json").is_file()
    assert [p.name for p in data.iterdir()] == ["sourcedata"]
    with pytest.raises(SettingError, match="among the logs"):
        bids.export(data, out=data / "sourcedata" / "bids")


def test_a_folder_without_logs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no log"):
        bids.export(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_lab_s_columns_rows_and_order_in_participants_stay(tmp_path: Path) -> None:
    for label in ("01", "02", "007", "NA"):
        name = f"sub-{label}_ses-01_task-eyes_run-01"
        whole_run(tmp_path, name, participant=label)
    written = (
        '\ufeffparticipant_id\tage\tgroup\r\nsub-02\t31\t"a, b"\r\n007\t20\t\r\nsub-X\t1\tq\r\n'
    )
    (tmp_path / "participants.tsv").write_bytes(written.encode())
    told = bids.export(tmp_path).warnings
    assert (tmp_path / "participants.tsv").read_bytes().decode() == (
        "participant_id\tage\tgroup\n"
        "sub-02\t31\ta, b\n"
        "sub-007\t20\tn/a\n"
        "sub-X\t1\tq\n"
        "sub-01\tn/a\tn/a\n"
        "sub-NA\tn/a\tn/a\n"
    )
    assert any("sub-X has no data" in w for w in told)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"id\tage\nsub-01\t3\n", "participant_id"),
        (b"participant_id;age\nsub-01;3\n", "participant_id"),
        (b"participant_id\tage\nsub-01\t3\t4\n", "line 2 has 3 cells"),
        (b"participant_id\nsub-01\n01\n", "twice"),
        ("participant_id\tcity\nsub-01\tKöln\n".encode("latin-1"), "UTF-8"),
    ],
)
def test_participants_that_cannot_be_read_stop_the_export_before_it_writes(
    tmp_path: Path, content: bytes, sentence: str
) -> None:
    whole_run(tmp_path)
    (tmp_path / "participants.tsv").write_bytes(content)
    before = snapshot(tmp_path)
    with pytest.raises(DataError, match=sentence):
        bids.export(tmp_path)
    assert snapshot(tmp_path) == before


def test_what_the_lab_wrote_into_the_documents_stays(tmp_path: Path) -> None:
    whole_run(tmp_path)
    bids.export(tmp_path)
    description = json.loads((tmp_path / "dataset_description.json").read_text())
    description.update(Name="Our study", Authors=["A. One", "B. Two"], License="CC0")
    (tmp_path / "dataset_description.json").write_text(json.dumps(description))
    (tmp_path / "README.md").write_text("Our own words. " * 20)
    (tmp_path / "participants.json").write_text('{"age": {"Units": "year"}}')
    events_root = json.loads((tmp_path / "task-eyes_events.json").read_text())
    events_root["CogPOID"] = "http://example.org/task"
    (tmp_path / "task-eyes_events.json").write_text(json.dumps(events_root))
    whole_run(tmp_path, "sub-02_ses-01_task-eyes_run-01", participant="02")
    told = bids.export(tmp_path).warnings
    after = json.loads((tmp_path / "dataset_description.json").read_text())
    assert (after["Name"], after["Authors"]) == ("Our study", ["A. One", "B. Two"])
    assert after["GeneratedBy"][0]["Name"] == "mbtexp"
    assert (tmp_path / "README.md").read_text() == "Our own words. " * 20
    assert set(json.loads((tmp_path / "participants.json").read_text())) == {
        "participant_id",
        "age",
    }
    assert sidecar(tmp_path)["CogPOID"] == "http://example.org/task"
    assert told == ()


def test_a_broken_description_stops_the_export_before_it_writes(tmp_path: Path) -> None:
    whole_run(tmp_path)
    (tmp_path / "dataset_description.json").write_text('{"Name": "x",}')
    before = snapshot(tmp_path)
    with pytest.raises(DataError, match=r"dataset_description\.json"):
        bids.export(tmp_path)
    assert snapshot(tmp_path) == before


def test_a_table_that_somebody_else_wrote_or_changed_is_left_and_told(tmp_path: Path) -> None:
    whole_run(tmp_path, rig_mode="eeg")
    theirs = tmp_path / "sub-01/ses-01/eeg/sub-01_ses-01_task-eyes_run-01_events.tsv"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("onset\tduration\n0\t1\n")
    told = bids.export(tmp_path).warnings
    assert theirs.read_text() == "onset\tduration\n0\t1\n"
    assert any(str(theirs) in w and "left as it is" in w for w in told)
    ours = tmp_path / "sub-01/ses-01/beh/sub-01_ses-01_task-eyes_run-01_beh.tsv"
    edited = ours.read_text().replace("calm;shy", "calm")
    ours.write_text(edited)
    assert any(str(ours) in w for w in bids.export(tmp_path).warnings)
    assert ours.read_text() == edited


def test_our_own_tables_follow_a_log_that_has_grown(tmp_path: Path) -> None:
    path = log_path(tmp_path)
    head = header()
    script = Script(path, head)
    script.whole_trial(10.0, 1)
    script.log.close()
    bids.export(tmp_path)
    script = Script(path, head, resume=True)
    script.log.append("resume", 50.0, next_trial=2)
    script.whole_trial(60.0, 2)
    script.end(70.0)
    assert bids.export(tmp_path).warnings == ()
    assert len(trials(tmp_path)) == 2


def test_a_crash_while_writing_leaves_the_old_file_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole_run(tmp_path)
    bids.export(tmp_path)
    before = snapshot(tmp_path)
    whole_run(tmp_path, "sub-02_ses-01_task-eyes_run-01", participant="02")

    def full(_self: Path, _target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(DataError, match="logs are untouched"):
        bids.export(tmp_path)
    after = snapshot(tmp_path)
    assert {name: after[name] for name in before} == before
    assert not [name for name in after if name.endswith(".new")]


def test_simulated_data_say_so_everywhere(tmp_path: Path) -> None:
    model = {"model": "rasch", "params": {"ability": 0.4}}
    whole_run(tmp_path, simulated=model)
    bids.export(tmp_path)
    description = json.loads((tmp_path / "dataset_description.json").read_text())
    assert description["Name"].startswith("SIMULATED DATA: ")
    assert "simulated data" in (tmp_path / "README.md").read_text()
    assert table(tmp_path / "participants.tsv") == [
        {"participant_id": "sub-01", "simulated": "true"}
    ]
    assert sidecar(tmp_path)["Run"]["Simulated"] == model
    whole_run(tmp_path, "sub-02_ses-01_task-eyes_run-01", participant="02")
    whole_run(tmp_path, "sub-01_ses-01_task-eyes_run-02")
    bids.export(tmp_path)
    description = json.loads((tmp_path / "dataset_description.json").read_text())
    assert description["Name"] == f"PARTLY SIMULATED DATA: {tmp_path.name}"
    marks = [row["simulated"] for row in table(tmp_path / "participants.tsv")]
    assert marks == ["partly", "false"]


def test_an_edited_readme_that_hides_the_simulation_is_told(tmp_path: Path) -> None:
    whole_run(tmp_path, simulated={"model": "rasch", "params": {}})
    (tmp_path / "README.md").write_text("Great results. " * 20)
    assert any("README.md" in w for w in bids.export(tmp_path).warnings)


def test_another_readme_of_the_lab_is_not_doubled(tmp_path: Path) -> None:
    whole_run(tmp_path)
    (tmp_path / "README.rst").write_text("Words. " * 40)
    bids.export(tmp_path)
    assert not (tmp_path / "README.md").exists()


def test_pilots_stay_apart(tmp_path: Path) -> None:
    whole_run(tmp_path)
    whole_run(tmp_path / "pilot", "sub-99_ses-01_task-eyes_run-01", participant="99", mode="pilot")
    whole_run(tmp_path, "sub-98_ses-01_task-eyes_run-01", participant="98", mode="pilot")
    exported = bids.export(tmp_path)
    assert exported.runs == 1
    assert any("pilot" in w and "sub-98" in w for w in exported.warnings)
    assert [r["participant_id"] for r in table(tmp_path / "participants.tsv")] == ["sub-01"]
    bids.export(tmp_path / "pilot")
    description = json.loads((tmp_path / "pilot" / "dataset_description.json").read_text())
    assert description["Name"] == "PILOT DATA: pilot"


def test_a_log_with_a_name_that_bids_cannot_take_is_left_out_and_told(tmp_path: Path) -> None:
    good = whole_run(tmp_path)
    folder = good.parent
    (folder / "sub-01_ses-01_task-eyes_test_run-01_log.jsonl").write_bytes(good.read_bytes())
    (folder / "sub-02_ses-01_task-eyes_run-01_log.jsonl").write_bytes(good.read_bytes())
    (folder / "sub-01_ses-01_task-eyes_run-02_log.jsonl").write_bytes(b"{}\n")
    exported = bids.export(tmp_path)
    assert exported.runs == 1
    assert sum("letters and digits" in w for w in exported.warnings) == 2
    assert sum("not a log of mbtexp" in w for w in exported.warnings) == 1


def test_a_renamed_log_goes_by_its_name_and_is_told(tmp_path: Path) -> None:
    whole_run(tmp_path, "sub-05_ses-01_task-eyes_run-01", participant="01")
    told = bids.export(tmp_path).warnings
    assert (tmp_path / "sub-05").is_dir()
    assert any("participant '05'" in w and "'01'" in w for w in told)


def test_progress_counts_every_log(tmp_path: Path) -> None:
    whole_run(tmp_path)
    whole_run(tmp_path, "sub-02_ses-01_task-eyes_run-01", participant="02")
    seen: list[tuple[int, int]] = []
    bids.export(tmp_path, progress=lambda done, of: seen.append((done, of)))
    assert seen == [(1, 2), (2, 2)]


def test_importing_the_exporter_loads_nothing_heavy() -> None:
    code = (
        "import sys, mbtexp.bids;"
        "print([m for m in ('pandas', 'numpy', 'psychopy', 'serial', 'hed') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# -- checks and the validator -------------------------------------------------------------------


def test_our_checks_find_what_the_validator_passes_over(tmp_path: Path) -> None:
    whole_run(tmp_path)
    bids.export(tmp_path)
    assert check(tmp_path) == []
    (tmp_path / "phenotype").mkdir()
    (tmp_path / "phenotype" / "ecr.tsv").write_bytes(b"participant_id\tx\r\nsub-77\t1\r\n")
    path = tmp_path / "sub-01/ses-01/beh/sub-01_ses-01_task-other_run-01_events.tsv"
    path.write_text("onset\tduration\tx\n0\tn/a\t1\n1\t2\n2\t3\t\n")
    whole_run(tmp_path, "sub-02_ses-01_task-eyes_run-01", participant="02")
    told = "\n".join(check(tmp_path))
    for sentence in (
        "ecr.tsv: lines end in the Windows way",
        "ecr.tsv: sub-77 is not in participants.tsv",
        "line 2: duration is 'n/a'",
        "line 3 has 2 cells",
        "line 4 has an empty cell",
        "sub-02_ses-01_task-eyes_run-01_log.jsonl: has no tables yet",
    ):
        assert sentence in told


def test_without_the_validator_it_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole_run(tmp_path)
    bids.export(tmp_path)
    monkeypatch.setattr(validator.shutil, "which", lambda *_args, **_more: None)
    with pytest.raises(MbtexpError, match="uv pip install bids-validator-deno"):
        bids.validate(tmp_path)


def test_a_validator_that_fails_is_told_in_its_own_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole_run(tmp_path)
    bids.export(tmp_path)
    program = tmp_path / "validator"
    program.write_text("#!/bin/sh\necho 'out of memory' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setattr(validator.shutil, "which", lambda *_args, **_more: str(program))
    with pytest.raises(MbtexpError, match="out of memory"):
        bids.validate(tmp_path)


def test_a_folder_without_a_data_set_is_not_validated(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no dataset"):
        bids.validate(tmp_path)


def fill_in(data: Path) -> None:
    """What docs/bids.md asks a lab to write."""
    path = data / "dataset_description.json"
    description = json.loads(path.read_text())
    description.update(Authors=["A. One", "B. Two"], License="CC0")
    path.write_text(json.dumps(description))
    for suffix in ("events", "beh"):
        path = data / f"task-eyes_{suffix}.json"
        root = json.loads(path.read_text())
        root["CogPOID"] = "http://www.cogpo.org/ontologies/CogPOver1.owl#CogPO_00001"
        path.write_text(json.dumps(root))


def messy_study(data: Path) -> None:
    """All three kinds of rigs, a crash, an abort, pulses, and two keys at the same moment."""
    whole_run(data)
    whole_run(data, "sub-NA_ses-01_task-eyes_run-01", participant="NA", rig_mode="eeg")
    whole_run(data, "sub-007_ses-01_task-eyes_run-01", participant="007", rig_mode="fmri")
    path = log_path(data, "sub-02_ses-02_task-eyes_run-01")
    head = header(participant="02", session="02")
    script = Script(path, head)
    script.phase(9.0, 10.0, "instructions", None)
    script.phase(10.0, 11.0, "item", 2)
    script.press(10.9, 2, "left", 0.9)
    script.press(10.9, 2, "right", 0.9, status="extra")
    script.press(10.95, 2, "escape", None, status="operator")
    script.log.append("pause", 10.95, edge="start")
    script.log.close()
    script = Script(path, head, resume=True)
    script.log.append("resume", 100.0, next_trial=2)
    script.whole_trial(101.0, 2)
    script.log.append("abort", 105.0, reason="stopped")
    script.end(105.0, completed=False, trials=1)


@pytest.mark.readers
def test_the_validator_finds_nothing_once_the_lab_has_filled_in_its_part(tmp_path: Path) -> None:
    whole_run(tmp_path)
    whole_run(tmp_path, "sub-02_ses-01_task-eyes_run-01", participant="02")
    bids.export(tmp_path)
    fill_in(tmp_path)
    bids.export(tmp_path)
    report = bids.validate(tmp_path)
    assert report == bids.Report((), ())
    assert report.ok


@pytest.mark.readers
def test_the_validator_asks_for_nothing_but_what_only_the_lab_can_know(tmp_path: Path) -> None:
    messy_study(tmp_path)
    bids.export(tmp_path)
    report = bids.validate(tmp_path)
    assert report.errors == ()
    codes = sorted(line.split(": ")[1] for line in report.warnings)
    assert codes == [
        "JSON_KEY_RECOMMENDED License",
        "NO_AUTHORS Authors",
        "SIDECAR_KEY_RECOMMENDED CogPOID",
        "TOO_FEW_AUTHORS",
    ]
    (cogpo,) = [line for line in report.warnings if "CogPOID" in line]
    assert cogpo.endswith("CogPOID: URI of the corresponding CogPO term.")
    assert "more places" in cogpo


@pytest.mark.readers
def test_a_tag_that_hed_does_not_know_is_one_error_for_all_runs(tmp_path: Path) -> None:
    wrong = {"description": "A cross.", "hed": "Sensory-event, Visual-presentation, Crosss"}
    phases = {**header()["phases"], "fixation": wrong}
    whole_run(tmp_path, phases=phases)
    whole_run(tmp_path, "sub-02_ses-01_task-eyes_run-01", participant="02", phases=phases)
    bids.export(tmp_path)
    (line,) = bids.validate(tmp_path).errors
    assert "(and 2 more places): HED_ERROR TAG_INVALID" in line
    assert "Crosss" in line


@pytest.mark.readers
def test_the_validator_s_errors_arrive_as_lines(tmp_path: Path) -> None:
    whole_run(tmp_path)
    bids.export(tmp_path)
    path = tmp_path / "sub-01/ses-01/beh/sub-01_ses-01_task-eyes_run-01_events.tsv"
    lines = path.read_text().splitlines(keepends=True)
    # The validator by itself stops after a thousand rows.
    late = lines[-1].replace("\ttrue\t", "\tperhaps\t")
    assert late != lines[-1]
    path.write_text("".join([*lines, *lines[-1:] * 1000, late]))
    report = bids.validate(tmp_path)
    assert not report.ok
    assert any(
        line.startswith("sub-01/ses-01/beh/") and "TSV_VALUE_INCORRECT_TYPE" in line
        for line in report.errors
    )


@pytest.mark.readers
def test_hedtools_accepts_every_events_table_with_its_sidecar(tmp_path: Path) -> None:
    messy_study(tmp_path)
    bids.export(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # hedtools' own dependencies complain
        from hed import Sidecar, TabularInput, load_schema_version

        schema = load_schema_version("8.4.0")
        tables = sorted(tmp_path.glob("sub-*/**/*_events.tsv"))
        assert len(tables) == 4
        for path in tables:
            own = json.loads(path.with_suffix(".json").read_text())
            root = json.loads((tmp_path / "task-eyes_events.json").read_text())
            # hedtools 1.3.0 stumbles over any sidecar entry that is text, TaskName for one.
            columns = {k: v for k, v in {**root, **own}.items() if k in table(path)[0]}
            described = Sidecar(io.StringIO(json.dumps(columns)))
            assert described.validate(schema) == []
            assert TabularInput(str(path), sidecar=described).validate(schema) == []
            annotated = [hed for hed in TabularInput(str(path), sidecar=described).series_a if hed]
            assert any("Face" in hed for hed in annotated)
            assert any("Keyboard-key" in hed for hed in annotated)


@pytest.mark.readers
def test_pybids_finds_every_run_with_its_entities_and_metadata(tmp_path: Path) -> None:
    messy_study(tmp_path)
    bids.export(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pybids' own dependencies complain
        from bids import BIDSLayout

        layout = BIDSLayout(tmp_path)
        assert sorted(layout.get_subjects()) == ["007", "01", "02", "NA"]
        assert layout.get_tasks() == ["eyes"]
        found = layout.get(suffix="events", extension=".tsv")
        assert {file.entities["datatype"] for file in found} == {"beh", "eeg", "func"}
        (file,) = layout.get(subject="007", suffix="events", extension=".tsv")
        metadata = file.get_metadata()
        assert metadata["TaskName"] == "eyes"
        assert metadata["Run"]["Seed"] == 7
        frame = file.get_df()
    assert frame["onset"].dtype.kind == "f"
    assert list(frame.loc[frame["trial_type"].notna(), "trial_type"]) == [
        "eyes_sex",
        "eyes_mental",
        "eyes_sex",
    ]


@pytest.mark.readers
def test_nilearn_builds_a_design_from_an_fmri_run(tmp_path: Path) -> None:
    first_level = pytest.importorskip("nilearn.glm.first_level")
    import numpy as np
    import pandas as pd

    whole_run(tmp_path, rig_mode="fmri")
    bids.export(tmp_path)
    path = tmp_path / "sub-01/ses-01/func/sub-01_ses-01_task-eyes_run-01_events.tsv"
    frame = pd.read_table(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says that it passes over our other columns
        matrix = first_level.make_first_level_design_matrix(
            np.arange(30) * 1.0, frame, hrf_model="glover", drift_model=None
        )
    assert set(matrix.columns) == {"eyes_mental", "eyes_sex", "constant"}
    assert matrix["eyes_mental"].max() > 0


def test_a_model_gets_a_number_in_every_onset_and_duration(tmp_path: Path) -> None:
    whole_run(tmp_path, rig_mode="fmri")
    bids.export(tmp_path)
    modelled = [r for r in events(tmp_path, "func") if r["trial_type"] != "n/a"]
    assert [(float(r["onset"]), float(r["duration"]), r["trial_type"]) for r in modelled] == [
        (3.5, 1.26, "eyes_sex"),
        (5.5, 1.26, "eyes_mental"),
        (7.5, 1.26, "eyes_sex"),
    ]
    assert "modulation" not in modelled[0]
