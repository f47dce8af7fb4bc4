"""The moral task: its stories and their versions, what a trial records, its words and golden log.

After a wanted change of what a run shows or logs: ``python tests/test_moral.py`` writes the golden
log anew; review it as a diff.
"""

from __future__ import annotations

import json
import re
import string
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import pytest

from mbtexp.conduct import Prepared, Request, conduct, prepare
from mbtexp.errors import DataError, SettingError, StimulusError
from mbtexp.events import Event, MemoryLog
from mbtexp.excluded import exclude
from mbtexp.plan import run_codes
from mbtexp.rig import TriggerSettings
from mbtexp.run import Run
from mbtexp.simulate import Answer
from mbtexp.stimuli import find_set, verify
from mbtexp.task import Catalogue
from mbtexp.timeline import Phase, Scale, Text
from mbtexp.triggers.codes import MORAL as CODES
from mbtexp.triggers.devices import spacing_s
from mbtexp.virtual import VirtualLab
from tasks.moral import TASK
from tasks.moral.design import VERSIONS, Trial
from tasks.moral.params import PRESETS, Params
from tasks.moral.stories import Story, stories, story

GOLDEN = Path(__file__).parent / "golden"
LINE = TriggerSettings(device="serial", port="-")
LANGUAGES = ["en", "de"]
SET = find_set("moral")
CELLS = ("neutral", "accidental", "attempted", "intended")


def made(
    preset: str = "standard",
    participant: str = "01",
    language: str = "en",
    data: Path = Path("nowhere"),
    **changes: str,
) -> Prepared:
    """A run of the task, ready to be played."""
    return prepare(
        Request(
            task="moral",
            participant=participant,
            data=data,
            preset=preset,
            language=language,
            changes=changes,
        )
    )


def counted(run: Prepared) -> list[Trial]:
    return [row for row in run.rows if not row.practice]


def told(language: str) -> list[Story]:
    return stories(made(language=language).material)


class Played:
    """A run as it was played on the virtual lab."""

    def __init__(
        self,
        run: Prepared,
        answer: Answer | None = None,
        *,
        hz: float = 60.0,
        recorded: Sequence[Event] = (),
    ) -> None:
        answer = answer or TASK.participant(run.session, run.material).answer
        self.lab = VirtualLab(hz, answer=answer, trigger=LINE)
        self.log = MemoryLog()
        with Run(
            display=self.lab.display,
            responses=self.lab.responses,
            trigger=self.lab.trigger,
            clock=self.lab.clock,
            log=self.log,
            trials=run.rows,
            recorded=recorded,
            codes=run_codes(TASK),
            code_names={code: name for name, code in CODES.items()},
        ) as playing:
            TASK.play(playing, run.material)

    @property
    def trials(self) -> list[Event]:
        return self.log.of("trial")

    def codes(self) -> Counter[str]:
        return Counter(event["name"] for event in self.log.of("trigger"))

    def texts(self) -> set[str]:
        scenes = (frame.scene for frame in self.lab.display.frames)
        return {s.text for scene in scenes for s in scene if isinstance(s, Text)}


def answering(key: str, says: str = "1", after_s: float = 0.8, reads_s: float = 5.0) -> Answer:
    """Reads, presses the same key for every judgement and one for every statement."""

    def answer(phase: Phase, _trial: Mapping[str, Any]) -> list[tuple[str, float]]:
        if phase.keys is None:
            return []
        if phase.name == "scale":
            return [(key, after_s)]
        if phase.name == "statement":
            return [(says, after_s)]
        return [("space", reads_s if phase.name == "reading" else 0.5)]

    return answer


def silent(phase: Phase, _trial: Mapping[str, Any]) -> list[tuple[str, float]]:
    """Turns pages and leaves stories, and judges nobody."""
    asks = phase.keys is None or phase.name in ("scale", "statement")
    return [] if asks else [("space", 0.5)]


# -- the stories ----------------------------------------------------------------------------------


def test_the_set_is_what_its_manifest_says_and_belongs_to_nobody() -> None:
    verify(SET)
    assert SET.licence == "CC0-1.0"
    assert any("Candidate" in warning for warning in SET.warnings)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_version_of_a_story_has_as_many_words(language: str) -> None:
    known = told(language)
    assert len([one for one in known if not one.practice]) == 24
    means = []
    for one in known:
        lengths = {len(one.text(*version).split()) for version in VERSIONS}
        assert len(lengths) == 1, one.id
        means.append(lengths.pop())
        assert 30 <= means[-1] <= 50, one.id
        assert {"{agent}"} == set(re.findall(r"\{\w+\}", one.parts["setting"])), one.id
    assert {"en": 44.0, "de": 41.5}[language] == round(sum(means[:24]) / 12) / 2


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_versions_differ_in_belief_outcome_and_person_alone(language: str) -> None:
    for one in told(language):
        assert len({one.text(*version) for version in VERSIONS}) == 8, one.id
        neutral, harm = one.parts["belief_neutral"], one.parts["belief_harm"]
        same = sum(a == b for a, b in zip(neutral.split(), harm.split(), strict=False))
        assert same >= len(neutral.split()) / 2, one.id
        for cell in CELLS:
            assert harm in one.text(cell, "close") or cell in ("neutral", "accidental")
            assert (one.parts["outcome_harm"] in one.text(cell, "stranger")) is (
                cell in ("accidental", "intended")
            )


def test_both_languages_tell_the_same_stories() -> None:
    english, german = told("en"), told("de")
    for one, other in zip(english, german, strict=True):
        assert (one.id, one.topics, one.about) == (other.id, other.topics, other.about)
        name = one.parts["setting"] + one.parts["outcome_neutral"]
        assert any(word.strip(",.'s") in other.parts["setting"] for word in name.split()), one.id
    assert Counter(one.about for one in english) == {"belief": 13, "outcome": 12}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_person_is_of_the_sex_that_the_story_goes_on_with(language: str) -> None:
    """The pronoun of the second sentence fits both the close person and the stranger."""
    women = {"en": r"sister|mother|her partner", "de": r"(?i)schwester|mutter|freundin|partnerin"}
    he, she = {"en": ("He", "She"), "de": ("Er", "Sie")}[language]
    for one in told(language):
        pronoun = one.parts["belief_neutral"].split()[0]
        assert pronoun in (he, she), one.id
        assert one.parts["belief_harm"].startswith(f"{pronoun} "), one.id
        if language == "de":
            female = bool(re.search(women["de"], one.parts["agent_close"]))
            assert female is (pronoun == she), one.id
            assert one.parts["agent_stranger"] == ("eine Fremde" if female else "ein Fremder")
            assert one.parts["who_stranger"] == ("die Fremde" if female else "der Fremde")
        else:
            assert one.parts["agent_stranger"] == "a stranger"
            if re.search(r"sister|mother", one.parts["agent_close"]):
                assert pronoun == she, one.id
            if re.search(r"brother|father", one.parts["agent_close"]):
                assert pronoun == he, one.id


def test_nothing_in_a_story_is_violent_sexual_or_about_illness_and_death() -> None:
    banned = {
        "en": r"\b(kill|hit|beat|hurt|blood|die|dead|death|ill|sick|drunk|sex|naked|abus|rap)",
        "de": r"\b(töt|schlag|schlug|Blut|stirb|starb|tot|Tod|krank|betrunken|Sex|nackt|miss)",
    }
    for language, pattern in banned.items():
        for one in told(language):
            for version in VERSIONS:
                assert not re.search(pattern, one.text(*version)), one.id


# -- who reads which version ----------------------------------------------------------------------


def test_a_participant_reads_each_story_once_and_each_version_equally_often() -> None:
    for participant in ("01", "02", "08", "17"):
        rows = counted(made(participant=participant))
        assert len({row.stim_id for row in rows}) == len(rows) == 24
        assert Counter(row.condition for row in rows) == dict.fromkeys(CELLS, 6)
        assert set(Counter((row.condition, row.relation) for row in rows).values()) == {3}


def test_over_eight_participants_each_story_is_read_in_all_its_versions() -> None:
    read: dict[str, set[tuple[str, str]]] = {}
    for n in range(1, 9):
        for row in counted(made(participant=f"{n:02d}")):
            read.setdefault(row.stim_id, set()).add((row.condition, row.relation))
    assert {len(versions) for versions in read.values()} == {8}


def test_the_scale_turns_after_eight_participants() -> None:
    turned = [made("short", f"{n:02d}").rows[0].reversed for n in range(1, 17)]
    assert turned == [False] * 8 + [True] * 8


def test_no_version_comes_three_times_in_a_row() -> None:
    for participant in ("01", "05", "23"):
        rows = counted(made(participant=participant))
        assert max(len(list(g)) for _, g in groupby(row.condition for row in rows)) <= 2


def test_a_quarter_of_the_stories_has_a_statement_half_of_them_true() -> None:
    for participant in ("01", "02", "03"):
        asked = [row for row in counted(made(participant=participant)) if row.statement]
        assert len(asked) == 6
        assert {row.statement for row in asked} == {"belief", "outcome"}
        assert {row.statement_true for row in asked} == {True, False}
    assert not [row for row in counted(made(statements="0")) if row.statement]


def test_what_a_row_says_is_what_is_told() -> None:
    run = made()
    for row in run.rows:
        one = story(run.material, row.stim_id)
        text = one.text(row.condition, row.relation)
        assert row.words == len(text.split())
        assert (row.belief == "harm") is (one.parts["belief_harm"] in text)
        assert (row.outcome == "harm") is (one.parts["outcome_harm"] in text)
        assert one.parts[f"agent_{row.relation}"] in text
        if row.statement:
            assert row.statement_true is ((row.belief, row.outcome)[row.statement == "outcome"]
                                          == "harm")  # fmt: skip


def test_topics_and_stories_on_the_participants_list_are_not_told(tmp_path: Path) -> None:
    exclude(tmp_path, "01", ["Exclusion", "V02"])
    run = made(data=tmp_path)
    assert not {"V02", "V06", "V24"} & {row.stim_id for row in run.rows}
    assert Counter(row.condition for row in counted(run)) == dict.fromkeys(CELLS, 5)
    (note,) = [e for e in Played(run).log.of("note") if e["text"].startswith("fewer stories")]
    assert note["missing"] == 4
    every = sorted({topic for one in told("en") for topic in one.topics})
    exclude(tmp_path, "01", every[3:])
    with pytest.raises(DataError, match="stories are left, and 4 are the least"):
        made(data=tmp_path)


def test_numbers_of_stories_that_do_not_fill_the_versions_are_refused() -> None:
    with pytest.raises(SettingError, match="must be a multiple of 4"):
        made(vignettes="10")


def test_a_language_without_stories_is_refused_unless_another_is_named() -> None:
    with pytest.raises(StimulusError, match="no stories in 'fr'; it has de, en"):
        made(story_language="fr")
    english = made(language="de", story_language="en")
    assert "stranger" in " ".join(Played(english).texts())


# -- what a trial records -------------------------------------------------------------------------


@pytest.mark.parametrize(("participant", "value"), [("01", 7), ("09", 1)])
def test_seven_is_much_blame_wherever_it_stands(participant: str, value: int) -> None:
    run = made("short", participant, practice="no", vignettes="4")
    played = Played(run, answering("7"))
    assert {t["outcome"]["response"] for t in played.trials} == {value}
    assert {t["outcome"]["position"] for t in played.trials} == {7}
    scales = [s for f in played.lab.display.frames for s in f.scene if isinstance(s, Scale)]
    assert scales[0].high == ("very much blame" if value == 7 else "no blame at all")
    assert played.codes()["response_high" if value == 7 else "response_low"] == 4


def test_who_is_asked_about_is_the_person_of_the_story() -> None:
    played = Played(made(participant="01", practice="no"))
    questions = {text for text in played.texts() if text.startswith("How much blame")}
    assert "How much blame does the stranger deserve?" in questions
    assert len(questions) > 6
    other = Played(made("permissible", practice="no", vignettes="4"))
    assert any(text.startswith("How permissible was what") for text in other.texts())


@pytest.mark.parametrize(("key", "agrees"), [("1", "true"), ("7", "false")])
def test_a_statement_is_right_on_the_left_and_wrong_on_the_right(key: str, agrees: str) -> None:
    run = made("short", practice="no", vignettes="4", statements="1")
    played = Played(run, answering("4", key))
    for trial in played.trials:
        assert trial["outcome"]["statement_response"] == agrees
        right = trial["design"]["statement_true"] is (agrees == "true")
        assert trial["outcome"]["statement_correct"] is right
    assert played.codes()[f"response_{agrees}"] == played.codes()["statement"] == 4


def test_times_run_from_the_scale_and_reading_from_the_story() -> None:
    run = made("short", practice="no", vignettes="4")
    outcome = Played(run, answering("4", reads_s=5.0)).trials[0]["outcome"]
    assert outcome["rt_s"] == pytest.approx(0.8, abs=1e-6)
    assert outcome["reading_s"] == pytest.approx(7.0, abs=0.02)
    assert outcome["held"] is False, "the space bar that left the story is no answer"


def test_a_story_cannot_be_left_in_its_first_two_seconds_and_stays_above_the_scale() -> None:
    run = made("short", practice="no", vignettes="4")
    played = Played(run, answering("4", reads_s=0.01))
    stories_ = [e for e in played.log.of("phase") if e["phase"].startswith("story_")]
    assert {event["frames"] for event in stories_} == {120}
    first = story(run.material, run.rows[0].stim_id)
    text = first.text(run.rows[0].condition, run.rows[0].relation)
    scenes = [f.scene for f in played.lab.display.frames]
    with_scale = [s for s in scenes if any(isinstance(one, Scale) for one in s)]
    assert any(isinstance(one, Text) and one.text == text for one in with_scale[0])


def test_no_answer_in_time_is_missed() -> None:
    run = made("short", practice="no", vignettes="4", window_s="3", statements="1", story_s="20")
    played = Played(run, silent)
    assert {t["outcome"]["missed"] for t in played.trials} == {True}
    assert {t["outcome"]["statement_correct"] for t in played.trials} == {None}
    assert played.codes()["no_response"] == 8


def test_each_story_leaves_the_code_of_its_version() -> None:
    counts = Played(made()).codes()
    assert {counts[f"story_{cell}"] for cell in CELLS} == {6}
    assert counts["story_practice"] == 1
    assert counts["judgement"] == 25


@pytest.mark.parametrize("hz", [60.0, 75.0, 100.0, 120.0, 144.0])
@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_plays_to_its_end_on_time(preset: str, hz: float) -> None:
    played = Played(made(preset, vignettes="8", window_s="5", story_s="30"), hz=hz)
    (end,) = played.log.of("end")
    assert end["completed"]
    assert end["timing"]["late_phases"] == end["timing"]["missed_frames"] == 0
    assert end["triggers"]["lost"] == 0
    assert not played.lab.display.unprepared


@pytest.mark.parametrize("after_s", [0.001, 0.05])
def test_no_code_disturbs_another_even_if_answers_come_at_once(after_s: float) -> None:
    run = made("short", vignettes="8", statements="1")
    played = Played(run, answering("7", "7", after_s, reads_s=0.001))
    assert {event["outcome"] for event in played.log.of("trigger")} <= {"sent", "deferred_sent"}
    written = [t for t, byte in played.lab.line.received if byte]
    assert min(b - a for a, b in pairwise(written)) >= spacing_s(LINE) - 1e-4


def test_a_resumed_run_shows_only_what_is_left_and_answers_as_without_a_break() -> None:
    run = made("short")
    whole = Played(run)
    rest = Played(run, recorded=whole.trials[:7])
    assert [t["trial"] for t in rest.trials] == [t["trial"] for t in whole.trials[7:]]
    same = ("response", "statement_response", "missed")
    for one, other in zip(rest.trials, whole.trials[7:], strict=True):
        assert [one["outcome"][k] for k in same] == [other["outcome"][k] for k in same]


# -- words, and what the log says of itself -------------------------------------------------------


class Listening(Catalogue):
    """A catalogue that remembers what it was asked for."""

    asked: set[str] = set()  # noqa: RUF012  shared on purpose: frozen dataclasses hold no state

    def __call__(self, key: str, **values: object) -> str:
        self.asked.add(key)
        return super().__call__(key, **values)


def every_screen(language: str) -> Iterator[Played]:
    """Runs that between them show every screen of the task."""
    for preset in ("standard", "permissible"):
        run = made(preset, vignettes="8", language=language, window_s="4", story_s="30")
        text = Listening(language, run.material.text.words)
        heard = replace(run, material=replace(run.material, text=text))
        yield Played(heard)
        yield Played(heard, silent)
        yield Played(heard, recorded=Played(heard).trials[:5])


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_there_and_every_text_is_used(
    language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Listening, "asked", set())
    assert len(list(every_screen(language))) == 6
    assert Listening.asked == set(TASK.catalogue(language).words)


def test_both_languages_have_the_same_texts_with_the_same_blanks() -> None:
    def blanks(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    one, other = (TASK.catalogue(language).words for language in LANGUAGES)
    assert TASK.languages() == ["de", "en"]
    assert set(one) == set(other)
    for key, text in one.items():
        assert blanks(text) == blanks(other[key]), key
        assert text.strip() != other[key].strip(), key


def test_every_phase_column_and_level_in_a_log_is_described() -> None:
    runs = list(every_screen("en"))
    shown = {event["phase"] for played in runs for event in played.log.of("phase")}
    recorded: set[str] = set()
    for played in runs:
        for trial in played.trials:
            values = {**trial["design"], **trial["outcome"]}
            recorded |= set(values)
            for name, value in values.items():
                levels = TASK.columns[name].levels
                spoken = str(value).lower() if isinstance(value, bool) else value
                assert levels is None or value is None or spoken in levels, (name, value)
    assert set(TASK.phases) == shown | {"pause", "confirm_stop", "confirm_stop_end"}
    assert recorded == set(TASK.columns)


@pytest.mark.readers
def test_hed_knows_every_tag_of_the_phases() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # hedtools' own dependencies complain
        from hed import HedString, load_schema_version  # type: ignore[import-untyped]
        from hed.validator import HedValidator  # type: ignore[import-untyped]

        schema = load_schema_version("8.4.0")
        validator = HedValidator(schema)
        found = {
            name: validator.validate(HedString(note.hed, schema), allow_placeholders=False)
            for name, note in TASK.phases.items()
        }
    assert not any(found.values())


def test_a_simulated_participant_can_have_other_parameters() -> None:
    assert TASK.person is not None
    mild = TASK.played_by(TASK.person(base=1.0, intent=0.0, outcome=0.0, both=0.0, noise=0.0))
    run = made("short")
    played = Played(run, mild.participant(run.session, run.material).answer)
    assert {t["outcome"]["response"] for t in played.trials} == {1}


# -- the page -------------------------------------------------------------------------------------


def test_the_page_has_every_parameter_with_its_default_range_and_source(repo: Path) -> None:
    page = (repo / "docs/tasks/moral.md").read_text(encoding="utf-8")
    found = re.findall(r"^\| `(\w+)` \| ([^|]*) \| ([^|]*)\| [^|]+ \| ([^|]+) \|$", page, re.M)
    table = {name: (default.strip(), limits.strip()) for name, default, limits, _ in found}
    table = {name: row for name, row in table.items() if name not in CELLS}
    assert set(table) == {field.name for field in fields(Params)}
    for field in fields(Params):
        default, limits = table[field.name]
        assert default == _spoken(field.default), field.name
        bounds = field.metadata["range"]
        if bounds is not None:
            assert limits == f"{bounds.low:g} to {bounds.high:g}", field.name
    for preset in PRESETS:
        assert f"| `{preset}` |" in page


def _spoken(value: object) -> str:
    """A default as a page writes it."""
    if value is None:
        return "left out"
    if isinstance(value, bool):
        return str(value).lower()
    return f'`"{value}"`' if isinstance(value, str) else f"`{value}`"


def test_the_page_tells_which_stories_a_topic_leaves_out(repo: Path) -> None:
    page = (repo / "docs/tasks/moral.md").read_text(encoding="utf-8")
    for one in told("en"):
        for topic in one.topics:
            assert f"`{topic}`" in page
        if not one.practice:
            assert one.id in page


# -- the golden log -------------------------------------------------------------------------------

ELSEWHERE = {"software", "rig", "codes", "stimuli", "columns", "phases"}
"""Header fields that other tests hold, or that belong to the machine."""


def golden_lines(data: Path) -> list[str]:
    """The log of a short run, participant 01, seed 0, without what is held elsewhere."""
    request = Request(
        task="moral",
        participant="01",
        data=data,
        preset="short",
        changes={"vignettes": "8"},
        simulate=True,
        virtual=True,
    )
    lines = conduct(request).log.read_text(encoding="utf-8").splitlines()
    header = {k: v for k, v in json.loads(lines[0]).items() if k not in ELSEWHERE}
    return [json.dumps(header, ensure_ascii=False, separators=(",", ":")), *lines[1:]]


def test_a_short_run_leaves_the_golden_log(tmp_path: Path) -> None:
    golden = (GOLDEN / "moral_short.jsonl").read_text(encoding="utf-8").splitlines()
    assert golden_lines(tmp_path) == golden


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        text = "\n".join(golden_lines(Path(folder))) + "\n"
    (GOLDEN / "moral_short.jsonl").write_text(text, encoding="utf-8")
