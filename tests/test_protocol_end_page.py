"""The page at the end of a session: what was run, what is missing, and nobody's answers."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from mbtexp.errors import DiskError, RunAborted
from mbtexp.protocol import Asked, Summary, hold_session
from mbtexp.protocol.distress import DistressCourse, Rating, distress_course, distress_svg
from mbtexp.protocol.end_page import end_page, remarks_of, write_end_page
from mbtexp.protocol.log import read_session
from mbtexp.protocol.summary import RunGlance, StepGlance
from mbtexp.terminal import Nobody

SMALL = Path(__file__).parent / "golden" / "protocol_small.toml"
PAGE = "sub-01_ses-01_session.html"

CLEAN = RunGlance(
    log="sub-01_ses-01_task-eyes_run-01_log.jsonl",
    trials=18,
    planned=18,
    missed=0,
    completed=True,
    length_s=80.0,
    screens=300,
    late_screens=0,
    worst_late_s=0.0,
    missed_frames=0,
    codes=40,
    codes_lost=0,
    line="serial",
    pulses_seen=None,
    pulses_expected=None,
    pulses_wrong=(),
)


def step(name: str, outcome: str | None, *runs: RunGlance, reason: str = "") -> StepGlance:
    return StepGlance(name, name, "run", "eyes", outcome, reason, runs, needed=True)


def told(*steps: StepGlance, completed: bool = True) -> Summary:
    folder = Path("study/sourcedata/sub-01/ses-01")
    return Summary(
        folder=folder,
        log=folder / "sub-01_ses-01_session.jsonl",
        participant="01",
        session="01",
        group="bpd",
        protocol="core",
        version="1",
        cell=3,
        levels={"order": "own_first"},
        mode="lab",
        simulated=False,
        rig="lab",
        began="2026-03-01T08:00:00.000000+00:00",
        length_s=3600.0,
        completed=completed,
        reason="all steps are done",
        steps=steps,
        decisions=(),
        files=("sub-01_ses-01_session.jsonl",),
        damage=(),
    )


class Words(HTMLParser):
    """What is read on a page, style and tooltips left out."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self._words: list[str] = []
        self._style = False
        self.feed(page)

    def handle_starttag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._style = tag == "style"

    def handle_endtag(self, _tag: str) -> None:
        self._style = False

    def handle_data(self, data: str) -> None:
        self._words += [] if self._style else data.split()

    @property
    def text(self) -> str:
        return " ".join(self._words)


def read(page: str) -> str:
    return Words(page).text


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Summary:
    """A simulated session on the virtual lab."""
    data = tmp_path_factory.mktemp("study")
    return hold_session(
        Asked(str(SMALL), "01", data, simulate=True, virtual=True, yes=True), Nobody()
    )


# -- the file --------------------------------------------------------------------------------------


def test_the_page_lies_beside_the_log_and_stands_alone(held: Summary) -> None:
    assert PAGE in held.files
    page = (held.folder / PAGE).read_text(encoding="utf-8")
    assert not {"script", "link", "img", "iframe"} & set(Words(page).tags)
    assert not re.findall(r"https?://|url\(|@import", page)
    assert "default-src 'none'" in page
    assert not list(held.folder.glob("*.part"))


def test_a_session_that_was_resumed_writes_its_page_anew(tmp_path: Path) -> None:
    asked = Asked(str(SMALL), "01", tmp_path, simulate=True, virtual=True, yes=True)

    def stops(done: int, _all: int) -> None:
        if done == 1:
            raise RunAborted("stopped by the operator")

    folder = tmp_path / "sourcedata/sub-01/ses-01"
    with pytest.raises(RunAborted):
        hold_session(asked, Nobody(), stops)
    assert "Not over" in read((folder / PAGE).read_text(encoding="utf-8"))
    hold_session(replace(asked, resume=True), Nobody())
    page = read((folder / PAGE).read_text(encoding="utf-8"))
    assert "Complete: all steps are done" in page
    assert len(list(folder.glob("*.html"))) == 1


def test_a_file_that_is_not_ours_is_left_alone(held: Summary, tmp_path: Path) -> None:
    other = tmp_path / PAGE
    other.write_text("<h1>notes of my own</h1>", encoding="utf-8")
    log = tmp_path / held.log.name
    log.write_bytes(held.log.read_bytes())
    page = write_end_page(replace(held, folder=tmp_path, log=log))
    assert page.name == "sub-01_ses-01_session-2.html"
    assert other.read_text(encoding="utf-8") == "<h1>notes of my own</h1>"
    assert write_end_page(replace(held, folder=tmp_path, log=log)) == page


def test_a_page_that_cannot_be_written_spoils_no_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(_told: Summary) -> Path:
        raise DiskError("no space left on device")

    monkeypatch.setattr("mbtexp.protocol.conducting.write_end_page", full)
    asked = Asked(str(SMALL), "01", tmp_path, simulate=True, virtual=True, yes=True)
    assert hold_session(asked, Nobody()).completed
    assert "no space left" in capsys.readouterr().out


# -- what it says ----------------------------------------------------------------------------------


def test_a_session_without_a_fault_has_nothing_to_look_at() -> None:
    page = end_page(told(step("eyes_1", "completed", CLEAN)))
    assert 'class="result pass"' in page
    assert "Complete: all steps are done. Nothing to look at." in read(page)
    assert "Go on with it" not in read(page)


def test_what_is_missing_and_what_went_wrong_is_on_top() -> None:
    bad = replace(
        CLEAN, codes_lost=3, late_screens=30, worst_late_s=0.05, missed=9, completed=False
    )
    pulses = replace(CLEAN, pulses_seen=99, pulses_expected=100, pulses_wrong=("one is missing",))
    steps = (
        step("eyes_1", "completed", bad),
        step("trust_1", "skipped", reason="no time"),
        step("words", None),
        step("scan", "completed", pulses),
    )
    session = told(*steps, completed=False)
    assert [(one.where, one.text) for one in remarks_of(session)] == [
        ("trust_1", "left out: no time"),
        ("words", "not done"),
        ("eyes_1", "not complete: 18 of 18 trials"),
        ("eyes_1", "trigger codes lost: 3 of 40"),
        ("eyes_1", "timing: 10.0 % of screens late, worst 0.050 s"),
        ("eyes_1", "not answered: 9 of 18"),
        ("scan", "pulses: one is missing"),
    ]
    page = end_page(session)
    assert 'class="result fail"' in page
    assert '<td class="n fail">30 of 300, worst 50 ms</td>' in page
    assert '<td class="n fail">3 of 40</td>' in page
    assert '<td class="n fail">99 of 100</td>' in page
    assert "mbtexp session core --participant 01 --session 01 --data study --resume" in read(page)


def test_runs_of_a_step_that_was_repeated_are_one_row() -> None:
    page = end_page(told(step("mood", "completed", CLEAN, CLEAN, replace(CLEAN, trials=9))))
    assert "(3 times)" in page
    assert '<td class="n fail">45 of 54</td>' in page
    assert page.count("<b>mood</b>") == 1


def test_codes_that_went_nowhere_are_said_not_to_be_sent() -> None:
    page = read(end_page(told(step("eyes_1", "completed", replace(CLEAN, line="memory")))))
    assert "not sent" in page
    assert "of 40" not in page


def test_a_pilot_and_simulated_answers_are_said_on_top() -> None:
    session = replace(told(), simulated=True, mode="pilot", folder=Path("d/pilot/sourcedata/s/t"))
    page = read(end_page(session))
    assert "measures nobody" in page
    assert "belongs to no study" in page
    assert "mbtexp analyse d/pilot" in page


def test_markup_in_a_reason_is_shown_and_never_run() -> None:
    page = end_page(told(step("eyes_1", "skipped", reason="<script>alert(1)</script>")))
    assert "script" not in Words(page).tags
    assert "<script>alert(1)</script>" in read(page)


def test_no_answer_but_distress_is_on_the_page(held: Summary) -> None:
    """Every number that a trial's line holds and that is long enough to be known again."""
    page = (held.folder / PAGE).read_text(encoding="utf-8")
    for run in held.runs:
        lines = (held.folder / run.log).read_text(encoding="utf-8").splitlines()
        trials = [line for line in map(json.loads, lines) if line["kind"] == "trial"]
        rts = [trial["outcome"].get("rt_s") for trial in trials]
        assert not [rt for rt in rts if rt and f"{rt:.4f}" in page]
        words = {str(trial["outcome"].get("response")) for trial in trials}
        assert not [word for word in words if len(word) > 4 and word in read(page)]


# -- distress --------------------------------------------------------------------------------------


def test_the_course_has_every_rating_at_its_minute_on_the_sessions_clock(held: Summary) -> None:
    past = read_session(held.log)
    assert past is not None
    course = distress_course(past)
    rated = [
        (run.log, trial["outcome"]["value"])
        for run in held.runs
        for trial in map(json.loads, (held.folder / run.log).read_text("utf-8").splitlines())
        if trial["kind"] == "trial" and trial["design"].get("item") == "distress"
    ]
    assert sorted(value for _, value in rated) == sorted(one.value for one in course.ratings)
    minutes = [one.minute for one in course.ratings]
    assert minutes == sorted(minutes)
    assert 0 < minutes[0] < minutes[-1] <= course.minutes
    assert course.limit == 80
    assert len(course.inductions) == 2


def test_higher_distress_lies_higher_and_its_tip_says_where() -> None:
    course = DistressCourse((Rating(1, 10, "a<b"), Rating(9, 90, "half_2")), (5.0,), 10.0, 80.0)
    drawn = distress_svg(course)
    (x1, y1), (x2, y2) = re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)"', drawn)
    assert float(x1) < float(x2)
    assert float(y1) > float(y2)
    assert "half_2: 90, minute 9" in drawn
    assert "a&lt;b" in drawn
    assert "limit 80" in drawn
    assert drawn.count("induction<") == 1
