"""The report and the quality of a whole session: mbt_core on the virtual lab, one person."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("jinja2", reason="the extra 'report' is not installed")
pytest.importorskip("matplotlib", reason="the extra 'report' is not installed")

from analysis import analyse
from analysis.report.build import report
from analysis.report.person_runs import run_context
from analysis.report.references import BY_KEY, REFERENCES, cited
from analysis.report.runs import attendance
from analysis.report.sittings import sittings
from analysis.report.source import read_source
from analysis.run import Analysed
from mbtexp.protocol import Asked, hold_session
from mbtexp.terminal import Nobody

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One simulated person who sat the whole protocol."""
    data = tmp_path_factory.mktemp("core")
    asked = Asked("mbt_core", "01", data, simulate=True, virtual=True, yes=True)
    assert hold_session(asked, Nobody()).completed
    return data


@pytest.fixture(scope="module")
def analysed(study: Path) -> Analysed:
    return analyse(study, n_splits=0)


@pytest.fixture(scope="module")
def pages(study: Path, analysed: Analysed) -> dict[str, str]:
    assert analysed.files
    return {path.stem: path.read_text(encoding="utf-8") for path in report(study).files}


def words(page: str) -> str:
    return " ".join(re.sub(r"<style>.*?</style>|<[^>]+>", " ", page, flags=re.DOTALL).split())


def test_a_faultless_session_fails_no_check(analysed: Analysed) -> None:
    failed = [(one.task, one.run, one.check) for one in analysed.quality if one.passed is False]
    # A simulated person may truly score like one who guesses, or miss a word.
    assert [one for one in failed if one[2] != "chance"] == []
    assert sum(one.passed is True for one in analysed.quality) > 300


def test_practice_and_pages_are_told_in_a_line_each(analysed: Analysed) -> None:
    practice, pages = analysed.told
    assert re.match(r"5 of \d+ runs are practice by their protocol", practice)
    assert pages == "there is no analysis of task 'interlude' (4); trials only."
    assert not [one for one in analysed.indices if (one.task, one.run) == ("eyes", 1)]


def test_who_is_in_goes_by_steps_and_what_nobody_planned_is_not_missing(study: Path) -> None:
    seen = attendance(read_source(study))
    assert seen.heads[0] == "practice"
    assert "eyes 1" in seen.heads
    assert seen.heads[-1] == "closing"
    assert len(seen.heads) <= 22
    assert seen.missing == []


def test_a_step_that_has_no_run_is_missing(study: Path) -> None:
    source = read_source(study)
    lacking = [run for run in source.runs if run.step not in ("eyes_2", "mood_goodbye")]
    assert attendance(replace(source, runs=lacking)).missing == ["01: eyes 2, closing"]


def test_each_run_has_one_line_by_its_step_and_practice_no_verdict(study: Path) -> None:
    source = read_source(study)
    runs = run_context(source, sittings(source, source.runs))["runs"]
    names = [run["name"] for run in runs]
    assert len(runs) == len(set(names)) == len(source.runs)
    assert names[:3] == ["welcome", "practice pictures", "practice eyes"]  # as they came
    practice = [run for run in runs if run["state"] == "practice"]
    assert [run["checks"].sign for run in practice] == [""] * 5
    assert {run["end"] for run in practice} == {"complete"}


def test_flips_are_drawn_only_where_something_is_out_of_order(pages: dict[str, str]) -> None:
    assert pages["sub-01"].count("onset less plan over the run") == 0
    assert re.search(r"\d+ runs without a drawing: nothing came half a frame off", pages["sub-01"])


def test_the_two_states_stand_side_by_side_under_one_index(pages: dict[str, str]) -> None:
    text = words(pages["sub-01"])
    eyes = text.partition(" eyes index reliability run value 95 % interval unit trials flags ")[2]
    assert re.match(r"accuracy unknown eyes 1 \(\w+\) .{0,70} eyes 2 \(\w+\) ", eyes)
    assert "practice eyes (" not in text


def test_ratings_are_one_table_over_the_session(pages: dict[str, str]) -> None:
    course = pages["sub-01"].partition("Ratings over the session")[2].partition("</table>")[0]
    heads = re.findall(r"<span>(mood [^<]+)</span>", course)
    assert heads[0] == "mood baseline"
    assert heads[-1] == "mood goodbye"
    assert "<th>distress</th>" in course


def test_the_methods_text_covers_protocol_practice_mood_and_new_tasks(
    pages: dict[str, str],
) -> None:
    text = words(pages["study"]).partition("Text for a methods section")[2]
    for said in (
        "Sessions were held by protocol mbt_core 1.0 (1 session)",
        "Practice by the protocol (5 runs) is in no index",
        "Values of pleasure, arousal",
        "Recognition of the priming targets. Preset standard",
        "Moral judgements of everyday harm. Preset short",
    ):
        assert said in text
    assert "@article{hautus1995," in text


def test_runs_beside_the_session_do_not_count_as_runs_without_a_value(
    pages: dict[str, str],
) -> None:
    """The wash-out asks for ages: that there is no judgement of trust in it is no loss."""
    ruled = words(pages["study"]).partition("Rules of single indices")[2]
    assert "no trust trials" not in ruled.partition("Reliability in this study")[0]


def test_no_page_of_a_person_is_large(pages: dict[str, str]) -> None:
    assert {name: len(page) for name, page in pages.items() if len(page) > 700_000} == {}


def test_every_source_of_a_rule_has_its_parts() -> None:
    assert [one.key for one in REFERENCES] == sorted(one.key for one in REFERENCES)
    for one in REFERENCES:
        assert one.words
        assert one.key.endswith(str(one.year))
        assert re.fullmatch(r"(\d+-\d+)?", one.pages)
        assert one.bibtex.count("{") == one.bibtex.count("}")


def test_a_rule_brings_its_source_and_no_other() -> None:
    keys = {one.key for one in cited("boundary rule: geometric mean || none")}
    assert keys == {"kaplan2016", "kirby1999"}
    assert BY_KEY["kaplan2016"].text.endswith(
        "The Behavior Analyst, 39, 293-304. doi:10.1007/s40614-016-0070-9"
    )
    assert cited("correct/answered; practice out || none") == []


def test_the_log_of_the_session_is_no_log_of_a_run(study: Path, analysed: Analysed) -> None:
    [log] = study.glob("sourcedata/sub-01/ses-01/*_session.jsonl")
    header = json.loads(log.read_text(encoding="utf-8").splitlines()[0])
    steps = [step for step in header["steps"] if step["kind"] == "run"]
    assert len(analysed.runs) >= len(steps) - 1  # more_faces only if it is needed
