"""The report: pages that stand alone, say what the tables say, judge nobody and run nothing."""

from __future__ import annotations

import json
import math
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("jinja2", reason="the extra 'report' is not installed")
pytest.importorskip("matplotlib", reason="the extra 'report' is not installed")

import numpy as np

from analysis import analyse
from analysis.report.build import TEMPLATES, page_names, report
from analysis.report.figures import Dot, Flips, Offers, choices, densities, flips, strip
from analysis.report.panels import contrast_panels, index_panels
from analysis.report.references import REFERENCES
from analysis.report.runs import left_out, quality_grid
from analysis.report.source import Source, read_source
from analysis.report.study_page import study_context
from mbtexp import cli
from mbtexp.conduct import Request, conduct
from mbtexp.demo import run_demo
from mbtexp.errors import DataError, SettingError

VERDICTS = (
    *("normal", "impair", "patholog", "significan", "deficit", "healthy", "symptom", "clinical"),
    *("below average", "above average", "poor perform", "disturb"),
)
Sat = tuple[str, str, dict[str, str]]
EVERYBODY: tuple[Sat, ...] = (
    ("eyes", "standard", {"items": "12"}),
    ("discounting", "adaptive", {}),
)
FIRST_ALONE: tuple[tuple[str, str, dict[str, str], int], ...] = (
    ("trust", "rating", {}, 60),
    ("polysemy", "standard", {}, 200),
    ("attachment", "induction", {}, 0),
)
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)

Edit = Callable[[dict[str, Any]], dict[str, Any] | None]


def sit(
    data: Path, person: str, task: str, preset: str, changes: Mapping[str, str], first: int = 0
) -> None:
    conduct(
        Request(
            *(task, person, data),
            preset=preset,
            changes=changes,
            seed=int(person),
            first=first,
            simulate=True,
            virtual=True,
        )
    )


@pytest.fixture(scope="module")
def sat(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six people with two tasks, the first with all five; analysed."""
    data = tmp_path_factory.mktemp("study")
    for number in range(1, 7):
        for task, preset, changes in EVERYBODY:
            sit(data, f"{number:02d}", task, preset, changes)
    for task, preset, changes, first in FIRST_ALONE:
        sit(data, "01", task, preset, changes, first)
    analyse(data, n_splits=20)
    return data


@pytest.fixture(scope="module")
def pages(sat: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in report(sat).files}


@pytest.fixture
def copied(sat: Path, tmp_path: Path) -> Path:
    """The study, to be changed."""
    return Path(shutil.copytree(sat, tmp_path / "study"))


def edit(data: Path, person: str, task: str, change: Edit) -> Path:
    """A log with its lines changed; a line that becomes None is left out."""
    [path] = data.glob(f"sourcedata/sub-{person}/**/*task-{task}_*_log.jsonl")
    lines = (change(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines())
    kept = [json.dumps(line) for line in lines if line is not None]
    path.write_text("\n".join(kept) + "\n", encoding="utf-8")
    return path


def again(data: Path, *participants: str) -> dict[str, str]:
    analyse(data, n_splits=0)
    written = report(data, participants=participants).files
    return {path.name: path.read_text(encoding="utf-8") for path in written}


class Reader(HTMLParser):
    """What a browser makes of a page: its elements, and the words that are seen."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self._words: list[str] = []
        self._hidden = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._hidden += tag in ("style", "script")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("style", "script")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self._words.append(data)

    @property
    def text(self) -> str:
        """Words and tooltips."""
        titles = [attrs.get("title") or "" for _, attrs in self.elements]
        return " ".join(" ".join([*self._words, *titles]).split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.elements if name == tag]


# -- the files -------------------------------------------------------------------------------------


def test_there_is_a_page_of_the_study_and_one_of_each_person(pages: dict[str, str]) -> None:
    assert list(pages) == ["study.html", *(f"sub-0{n}.html" for n in range(1, 7))]


def test_the_same_data_give_the_same_bytes(sat: Path, tmp_path: Path) -> None:
    first, second = (report(sat, tmp_path / name, ["01"]) for name in ("a", "b"))
    assert len(first.files) == 2
    for one, other in zip(first.files, second.files, strict=True):
        assert one.read_bytes() == other.read_bytes()


def test_a_page_needs_no_other_file(pages: dict[str, str]) -> None:
    for page in pages.values():
        reader = Reader(page)
        assert not [tag for tag, _ in reader.elements if tag in ("link", "img", "iframe", "object")]
        assert all("src" not in attrs for _, attrs in reader.elements)
        assert "@import" not in page
        assert not re.findall(r"url\((?!#)", page)
        assert set(re.findall(r"https?://[^\"' <]+", page)) == {"http://www.w3.org/1999/xlink"}


def test_every_link_leads_to_a_page_or_a_part_of_one(pages: dict[str, str]) -> None:
    known = {
        name: {attrs.get("id") for _, attrs in Reader(page).elements}
        for name, page in pages.items()
    }
    for name, page in pages.items():
        for attrs in Reader(page).all("a"):
            target, _, part = (attrs["href"] or "").partition("#")
            assert not part or part in known[target or name]
            assert not target or target in pages


def test_no_page_judges_anybody(pages: dict[str, str]) -> None:
    for page in pages.values():
        text = Reader(page).text.lower().replace("normal part of an ex-gaussian", "")
        for source in REFERENCES:
            text = text.replace(source.title.lower(), "")
        assert not [word for word in VERDICTS if word in text]


def test_no_page_tells_the_machine_or_a_path(sat: Path, pages: dict[str, str]) -> None:
    for page in pages.values():
        for secret in (str(sat), str(Path.home()) + "/", platform.node() or "?", "utc_at_zero"):
            assert secret not in page


def test_the_folder_is_kept_from_the_bids_validator(sat: Path, pages: dict[str, str]) -> None:
    ignored = (sat / "derivatives/mbtexp/.bidsignore").read_text(encoding="utf-8").splitlines()
    assert "report" in ignored
    assert "indices.tsv" in ignored


def test_labels_that_differ_in_case_alone_have_two_files() -> None:
    names = page_names(["a", "A", "../etc", "a b"])
    assert len({name.lower() for name in names.values()}) == 4
    assert not [name for name in names.values() if "/" in name or " " in name]


# -- hostile labels --------------------------------------------------------------------------------

HOSTILE = "<script>alert('x')</script>"


def test_a_label_of_markup_is_shown_and_never_run(copied: Path) -> None:
    def hostile(line: dict[str, Any]) -> dict[str, Any]:
        if line["kind"] == "header":
            line |= {"participant": HOSTILE, "session": '"><img src=x onerror=alert(1)> $\\frac{'}
            line["preset"] = line["language"] = "<b onclick=alert(2)>"
            line["software"] = {
                "mbtexp": "</script><svg/onload=alert(3)>",
                "packages": {"<i>": "&"},
            }
            line["display"]["backend"] = "{{ 7 * 7 }}"
            line["task_info"] = {"title": "<u>", "references": ["<a href=javascript:alert(4)>"]}
        return line

    edit(copied, "02", "eyes", hostile)
    edit(copied, "03", "eyes", hostile)  # not the same session as the others': two rows in a strip
    pages = again(copied)
    for page in pages.values():
        reader = Reader(page)
        assert len(reader.all("script")) == 1
        assert not [tag for tag, _ in reader.elements if tag in ("img", "b onclick", "u", "i")]
        assert not [a for _, attrs in reader.elements for a in attrs if a.startswith("on")]
        assert not [attrs for attrs in reader.all("a") if "javascript:" in (attrs["href"] or "")]
    assert HOSTILE in Reader(pages["study.html"]).text


def test_a_browser_may_run_the_one_script_alone(pages: dict[str, str]) -> None:
    for page in pages.values():
        [policy] = [
            attrs["content"] or "" for attrs in Reader(page).all("meta") if "http-equiv" in attrs
        ]
        assert policy.startswith("default-src 'none'")
        [script] = re.findall(r"script-src ([^;]*)", policy)
        assert re.fullmatch(r"'sha256-[\w+/=]{44}'", script)


# -- what the study's page says --------------------------------------------------------------------


def test_simulated_answers_are_said_on_top_of_every_page(pages: dict[str, str]) -> None:
    for page in pages.values():
        assert "they measure nobody" in Reader(page).text.partition("Who is in")[0][:600]


def test_people_on_real_stimuli_have_no_banner(copied: Path) -> None:
    def person(line: dict[str, Any]) -> dict[str, Any]:
        if line["kind"] == "header":
            line["simulated"] = None
            line["stimuli"] = {"kind": "imported"}
        return line

    for number in range(1, 7):
        for task in ("eyes", "discounting"):
            edit(copied, f"{number:02d}", task, person)
    pages = again(copied, "02")
    assert 'class="banner"' not in pages["sub-02.html"]
    assert "Simulated answers in 3 of 15 runs" in pages["study.html"]  # the first's other tasks


def test_reliability_comes_before_effects(pages: dict[str, str]) -> None:
    parts = [attrs["id"] for attrs in Reader(pages["study.html"]).all("h2")]
    assert parts.index("reliability") < parts.index("distributions") < parts.index("predictions")


def test_who_lacks_a_run_is_said(pages: dict[str, str]) -> None:
    text = Reader(pages["study.html"]).text
    assert "02: attachment, polysemy, trust;" in text
    assert "01: " not in text.partition("Missing")[2].partition("Programs")[0]


def test_a_run_that_broke_off_is_part_of_the_grid(copied: Path) -> None:
    edit(copied, "04", "eyes", lambda line: None if line["kind"] == "end" else line)
    pages = again(copied, "04")
    assert 'title="incomplete, 12 of 12 trials">part<' in pages["study.html"]
    source = read_source(copied)
    [(_, cells)] = [row for row in quality_grid(source, ["completed"]) if row[0] == "04"]
    assert (cells[0].sign, cells[0].tone) == ("✕", "fail")
    assert "error : eyes 01 run 1, completed" in Reader(pages["sub-04.html"]).text


def test_a_cell_of_the_quality_grid_opens_the_person(pages: dict[str, str]) -> None:
    assert pages["study.html"].count('href="sub-03.html#quality"') >= 10


def test_the_methods_text_has_the_rules_the_counts_and_the_versions(pages: dict[str, str]) -> None:
    text = Reader(pages["study.html"]).text.partition("Text for a methods section")[2]
    assert "6 participants in 6 sessions with 15 runs" in text
    assert "In 15 runs the answers were simulated" in text
    assert "Preset adaptive in 6 runs" in text
    assert "MAP, priors ln k N(-4.5,3^2)" in text
    assert "Wilson, E. B. (1927)" in text
    assert text.count("Kirby, Petry & Bickel (1999)") == 2  # where it is used, and as a source
    assert "Baron-Cohen" in text


def test_trials_left_out_are_counted_by_the_first_rule(sat: Path) -> None:
    source = read_source(sat)
    rows = [row for row in source.trials["eyes"] if row["participant"] == "02"]
    changed = [{**row, "excluded": "fast"} if i in (3, 5) else row for i, row in enumerate(rows)]
    [part] = left_out({"eyes": changed})
    assert part.reasons["fast"] == 2
    assert part.n_practice + part.n_trials == len(rows)
    assert part.n_used == part.n_trials - sum(part.reasons.values())


def test_without_a_table_of_reliability_it_is_unknown(copied: Path) -> None:
    for name in ("reliability.tsv", "reliability.json", "study.tsv", "contrasts.tsv"):
        (copied / "derivatives/mbtexp" / name).unlink(missing_ok=True)
    study, person = (path.read_text() for path in report(copied, None, ["02"]).files)
    assert "Reliability: not computed" in study
    assert "Predictions: not computed" in study
    assert Reader(person).text.count("unknown") >= 10


def cloned(source: Source, n: int) -> Source:
    """A study of people like the first."""

    def rows(table: Any) -> list[Any]:
        own = [row for row in table or () if row["participant"] == "01"]
        return [
            {**row, "participant": f"{k:03d}", "value": _moved(row.get("value"), k)}
            for k in range(n)
            for row in own
        ]

    runs = [run for run in source.runs if run.participant == "01"]
    return replace(
        source,
        runs=[replace(run, key=(f"{k:03d}", *run.key[1:])) for k in range(n) for run in runs],
        indices=rows(source.indices),
        quality=[row for k in range(n) for row in _labelled(source.quality, k)],
        contrasts=rows(source.contrasts),
    )


def _moved(value: str | None, k: int) -> str | None:
    try:
        return None if value is None else str(float(value) * (1 + 0.1 * math.sin(k)) + 0.01 * k)
    except ValueError:
        return value


def _labelled(table: Any, k: int) -> Iterator[Any]:
    return ({**row, "participant": f"{k:03d}"} for row in table if row["participant"] == "01")


@pytest.mark.slow
def test_the_page_of_200_people_with_all_tasks_stays_below_3_mb(sat: Path) -> None:
    from analysis.report.build import _hrefs, _templates

    source = cloned(read_source(sat), 200)
    panels = index_panels(source)
    assert {panel.task for panel in panels} == {run.task for run in source.runs}
    content = study_context(
        source, panels, contrast_panels(source), _hrefs(page_names(source.people))
    )
    page = _templates().render("study.html.j2", content)
    assert 200_000 < len(page) < 3_000_000


# -- what a person's page says ---------------------------------------------------------------------


def test_every_index_of_a_person_has_its_interval_and_reliability(pages: dict[str, str]) -> None:
    text = Reader(pages["sub-02.html"]).text
    eyes = text.partition("Indices")[2].partition("eyes")[2]
    assert re.search(
        r"accuracy [−\d.]+ \([^)]+\) [\d.]+ [\d.]+ to [\d.]+ proportion 12 of 12", eyes
    )


def test_the_person_is_marked_where_the_study_has_the_same_dot(pages: dict[str, str]) -> None:
    marked = re.findall(r'<circle class="me" cx="([\d.]+)" cy="([\d.]+)"', pages["sub-03.html"])
    assert len(marked) >= 8
    of_study = re.findall(
        r'<a href="sub-03.html" tabindex="-1"><circle cx="([\d.]+)" cy="([\d.]+)"',
        pages["study.html"],
    )
    assert marked == of_study


def test_flips_that_came_late_are_in_the_picture_and_in_its_caption(copied: Path) -> None:
    def late(line: dict[str, Any]) -> dict[str, Any]:
        if line["kind"] == "phase" and line.get("trial") == 5:
            line["onset"] += 0.05
            line["missed"] = 3
        return line

    edit(copied, "05", "eyes", late)
    text = Reader(again(copied, "05")["sub-05.html"]).text
    assert re.search(r"eyes 01 run 1 \d+ onsets; median 0 ms, farthest off 50 ms", text)
    assert "warning : eyes 01 run 1, missed frames" in text


def test_only_the_wanted_person_gets_a_page(sat: Path, tmp_path: Path) -> None:
    written = report(sat, tmp_path / "pages", ["04"])
    assert sorted(path.name for path in (tmp_path / "pages").iterdir()) == [
        "study.html",
        "sub-04.html",
    ]
    assert written.n_people == 1


@pytest.mark.slow
def test_pages_made_by_two_processes_are_the_same(
    sat: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = report(sat, tmp_path / "alone")
    monkeypatch.setattr("analysis.report.build.WORTH_A_PROCESS", 2)
    together = report(sat, tmp_path / "together", workers=2)
    for one, other in zip(alone.files, together.files, strict=True):
        assert one.name == other.name
        assert one.read_bytes() == other.read_bytes()


def test_a_persons_page_names_nobody_else_but_the_neighbours(pages: dict[str, str]) -> None:
    text = Reader(pages["sub-03.html"]).text
    assert "02" in text.split("Simulated")[0]
    tips = re.findall(r"<title>([^<]+): ", pages["sub-03.html"])
    assert set(tips) == {"03"}


# -- drawings --------------------------------------------------------------------------------------


def test_dots_lie_in_the_order_of_their_values_and_never_on_each_other() -> None:
    values = [3.0, 1.0, 1.0, 1.0, 2.0]
    drawn = strip([Dot(str(i), value, 0) for i, value in enumerate(values)], ["session 1"], "s")
    across = [x for x, _ in drawn.places]
    assert across[1] == across[2] == across[3] < across[4] < across[0]
    assert len({y for _, y in drawn.places[1:4]}) == 3


def test_a_box_is_drawn_from_five_people_on() -> None:
    few, enough = (
        strip([Dot(str(i), float(i), 0) for i in range(n)], [""], "s").drawing.body for n in (4, 5)
    )
    assert enough.count("<path") >= few.count("<path") + 4


def test_colours_of_a_drawing_are_those_of_the_page() -> None:
    drawing = flips(Flips(np.array([1.0, 2.0]), np.array([0.0, 0.02]), 60.0))
    styled = re.findall(r"(?:fill|stroke): ([^;\"]+)", drawing.body)
    assert {colour for colour in styled if colour != "none"} <= {
        "var(--ink)",
        "var(--soft)",
        "var(--line)",
        "var(--bar)",
        "var(--mark)",
    }


def test_a_late_flip_lies_above_one_on_time() -> None:
    drawing = flips(Flips(np.array([1.0, 2.0]), np.array([0.0, 0.02]), 60.0))
    assert drawing.place(0, 20.0)[1] < drawing.place(0, 0.0)[1]


def test_a_density_has_the_area_of_one_and_needs_ten_answers() -> None:
    rng = np.random.default_rng(1)
    found = densities({"a": list(rng.lognormal(0, 0.4, 200)), "b": [1.0] * 9, "c": [0.5] * 12})
    assert set(found.curves) == {"a", "c"}
    step = found.grid[1] - found.grid[0]
    assert found.curves["a"].sum() * step == pytest.approx(1, abs=0.03)


def test_the_fitted_curve_passes_one_half_where_k_says() -> None:
    offers = Offers(np.array([10.0, 100.0]), np.array([0.4, 0.6]), np.array([True, False]))
    drawing = choices(offers, math.log(0.01), (math.log(0.005), math.log(0.02)))
    x, y = drawing.place(100.0, 0.5)
    curve = re.findall(r'<path d="([^"]+)"[^>]*stroke: var\(--ink\)', drawing.body)[-1]
    points = np.array([list(map(float, at.split())) for at in re.split("[ML] ", curve)[1:]])
    assert np.interp(x, points[:, 0], points[:, 1]) == pytest.approx(y, abs=2)


# -- refusals --------------------------------------------------------------------------------------


def test_tables_that_are_missing_are_made(copied: Path) -> None:
    shutil.rmtree(copied / "derivatives")
    written = report(copied, None, ["02"])
    assert written.analysed
    assert "made first" in written.text()


def test_tables_older_than_a_log_are_refused(copied: Path) -> None:
    log = next(copied.glob("sourcedata/sub-02/**/*_log.jsonl"))
    table = (copied / "derivatives/mbtexp/quality.tsv").stat().st_mtime
    os.utime(log, (table + 5, table + 5))
    with pytest.raises(DataError, match=r"do not belong to the logs .* Make them again"):
        report(copied)


def test_a_log_without_its_line_in_the_tables_is_refused_however_old_it_is(copied: Path) -> None:
    def another(line: dict[str, Any]) -> dict[str, Any]:
        return {**line, "run": 2} if line["kind"] == "header" else line

    os.utime(edit(copied, "02", "eyes", another), (1, 1))
    with pytest.raises(DataError, match="do not belong to the logs"):
        report(copied)


def test_a_participant_who_is_not_there_is_refused(sat: Path) -> None:
    with pytest.raises(DataError, match="no participant '1' among the logs; did you mean '01'"):
        report(sat, participants=["1"])


@pytest.mark.parametrize("package", ["jinja2", "matplotlib"])
def test_without_its_packages_the_report_says_what_to_install(
    sat: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(SettingError, match=r"pip install 'mbtexp\[report\]'"):
        report(sat)


def test_the_demonstration_says_what_its_report_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    said: list[str] = []
    run_demo(tmp_path / "demo", virtual=True, say=said.append)
    assert re.fullmatch(r"report +the report needs .* pip install 'mbtexp\[report\]'\.", said[-1])
    assert not list(tmp_path.rglob("*.html"))


def test_the_command_writes_the_pages_and_says_where(
    sat: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["report", str(sat), "--participant", "02", "--out", str(tmp_path / "pages")]
    assert cli.main(words) == 0
    assert "study.html: the page to open; 1 person" in capsys.readouterr().out
    assert (tmp_path / "pages" / "sub-02.html").is_file()


# -- seen ------------------------------------------------------------------------------------------


def colours(part: str) -> dict[str, tuple[float, ...]]:
    found = re.findall(r"--(\w+): #([0-9a-f]{6})", part)
    return {name: tuple(int(hex_[i : i + 2], 16) / 255 for i in (0, 2, 4)) for name, hex_ in found}


def luminance(colour: tuple[float, ...]) -> float:
    """Relative luminance by WCAG 2."""
    parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
    return float(np.dot([0.2126, 0.7152, 0.0722], parts))


def test_words_stand_out_from_their_ground_in_light_and_dark() -> None:
    style = (TEMPLATES / "style.css").read_text(encoding="utf-8")
    light, dark = re.findall(r":root \{([^}]*)\}", style)[:2]
    for theme in (colours(light), colours(dark)):
        for ground, words in (
            ("paper", ("ink", "soft", "pass", "warn", "fail", "skip", "link", "mark")),
            ("card", ("ink",)),
            ("note", ("ink",)),
        ):
            for word in words:
                high, low = sorted((luminance(theme[word]), luminance(theme[ground])), reverse=True)
                assert (high + 0.05) / (low + 0.05) >= 4.5, (word, ground)


PHONE = """<!doctype html><iframe style="width: 390px; height: 844px; border: 0"></iframe><script>
const frame = document.querySelector("iframe");
frame.onload = () => {
  const seen = frame.contentDocument, width = frame.contentWindow.innerWidth;
  const wide = [...seen.querySelectorAll("body *")].filter(
    e => !e.closest(".wide, svg") && e.getBoundingClientRect().right > width + 1);
  document.body.textContent =
    `found ${width} ${seen.documentElement.scrollWidth} ${wide.length} end`;
};
frame.srcdoc = PAGE;
</script>"""
"""A browser's own window is no narrower than 500 px; a frame is."""


def chromium(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    if CHROMIUM is None:
        pytest.skip("there is no Chromium to look at the pages with")
    return subprocess.run(
        [
            *(CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
            *("--disable-background-networking", f"--user-data-dir={folder}"),
            *words,
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )


@pytest.mark.readers
@pytest.mark.slow
@pytest.mark.parametrize("name", ["study.html", "sub-01.html"])
def test_a_browser_finds_nothing_to_complain_of(
    pages: dict[str, str], tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_text(pages[name], encoding="utf-8")
    said = chromium(
        *(tmp_path / "profile", "--enable-logging=stderr", "--dump-dom"),
        f"file://{tmp_path / name}",
    )
    assert "CONSOLE" not in said.stderr
    assert "</html>" in said.stdout


@pytest.mark.readers
@pytest.mark.slow
@pytest.mark.parametrize("name", ["study.html", "sub-01.html"])
def test_on_a_phone_nothing_reaches_over_the_edge(
    pages: dict[str, str], tmp_path: Path, name: str
) -> None:
    page = json.dumps(re.sub(r"<meta http-equiv[^>]*>", "", pages[name])).replace("</", "<\\/")
    (tmp_path / "phone.html").write_text(PHONE.replace("PAGE", page), encoding="utf-8")
    said = chromium(tmp_path / "profile", "--dump-dom", f"file://{tmp_path / 'phone.html'}")
    [found] = re.findall(r"found ([\d ]+) end", said.stdout)
    assert found.split() == ["390", "390", "0"]
