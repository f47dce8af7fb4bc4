"""The recognition task: which words are asked for, what a trial records, its words and golden log.

After a wanted change of what a run shows or logs: ``python tests/test_recognition.py`` writes the
golden log anew; review it as a diff.
"""

from __future__ import annotations

import csv
import json
import re
import statistics
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
from mbtexp.errors import DataError, SettingError
from mbtexp.events import Event, Log, MemoryLog, read_log
from mbtexp.excluded import exclude
from mbtexp.plan import run_codes
from mbtexp.rig import TriggerSettings
from mbtexp.run import Run
from mbtexp.session import Session
from mbtexp.simulate import Answer
from mbtexp.stimuli import find_set, verify
from mbtexp.task import Catalogue
from mbtexp.timeline import Phase, Text
from mbtexp.triggers.codes import RECOGNITION as CODES
from mbtexp.triggers.devices import spacing_s
from mbtexp.virtual import VirtualLab
from tasks.recognition import TASK
from tasks.recognition.design import Trial, old_side
from tasks.recognition.params import CLASSES, PRESETS, Params
from tasks.recognition.studied import studied as known

GOLDEN = Path(__file__).parent / "golden"
LINE = TriggerSettings(device="serial", port="-")
LANGUAGES = ["en", "de"]
SET = find_set("recognition")
WORDS = find_set("polysemy")


def made(
    preset: str = "standard",
    participant: str = "01",
    data: Path = Path("nowhere"),
    language: str = "en",
    **changes: str,
) -> Prepared:
    """A run of the task, ready to be played; from the plan of the priming task without data."""
    return prepare(
        Request(
            task="recognition",
            participant=participant,
            data=data,
            preset=preset,
            language=language,
            changes=changes,
        )
    )


def counted(run: Prepared) -> list[Trial]:
    return [row for row in run.rows if not row.practice]


@pytest.fixture(scope="module")
def studied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder in which participant 01 has done the priming task."""
    data = tmp_path_factory.mktemp("studied")
    conduct(Request(task="polysemy", participant="01", data=data, simulate=True, virtual=True))
    return data


def priming(data: Path, run: int = 1) -> Log:
    path = Session("01", "polysemy", run=run).log_path(data)
    return read_log(path)


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

    def notes(self) -> list[str]:
        return [event["text"] for event in self.log.of("note")]

    def codes(self) -> Counter[str]:
        return Counter(event["name"] for event in self.log.of("trigger"))


def answering(key: str, sure: str | None = "k", after_s: float = 0.8) -> Answer:
    """Turns pages, presses the same key for every word and the same one for certainty."""

    def answer(phase: Phase, _trial: Mapping[str, Any]) -> list[tuple[str, float]]:
        if phase.keys is None:
            return []
        if phase.name == "confidence":
            return [] if sure is None else [(sure, 0.6)]
        return [(key, after_s)] if phase.name.startswith("word_") else [("space", 0.5)]

    return answer


def silent(phase: Phase, _trial: Mapping[str, Any]) -> list[tuple[str, float]]:
    """Turns pages and says nothing to any word."""
    return [] if phase.keys is None or phase.name.startswith("word_") else [("space", 0.5)]


# -- the set --------------------------------------------------------------------------------------


def test_the_set_is_what_its_manifest_says() -> None:
    verify(SET)
    kinds = Counter((i.attributes["kind"], i.attributes["class"]) for i in SET.items)
    assert {kinds["foil", name] for name in CLASSES} == {60}
    assert SET.licence == "CC0-1.0"
    assert any("Candidate" in warning for warning in SET.warnings)


def test_no_new_word_is_in_the_priming_task_and_none_stands_twice() -> None:
    primed = {
        str(value).casefold()
        for item in WORDS.items
        for name, value in item.attributes.items()
        if name in ("prime", "unrelated_prime", "target") or re.fullmatch(r"\w+_t[12]", name)
    }
    new = [i.attributes["word"] for i in SET.items if i.attributes["kind"] != "studied"]
    assert len(new) == len(set(new)) == 184
    assert not primed & set(new)
    begin = {word[:5] for word in primed if len(word) > 4}
    assert not [word for word in new if len(word) > 4 and word[:5] in begin]


def test_the_classes_of_the_studied_words_are_those_of_the_word_list() -> None:
    of = {i.attributes["word"]: i.attributes["class"] for i in SET.items
          if i.attributes["kind"] == "studied"}  # fmt: skip
    columns = {"attachment": "attach_t", "emotional": "control_t"}
    for name, column in columns.items():
        known = {i.attributes.get(f"{column}{n}") for i in WORDS.items for n in (1, 2)}
        assert {word for word, found in of.items() if found == name} <= known
    fillers = {i.attributes["target"] for i in WORDS.items if i.attributes["kind"] == "filler"}
    assert {word for word, found in of.items() if found == "neutral"} <= fillers


def test_lengths_in_the_tables_are_those_of_the_words() -> None:
    for table in ("foils.csv", "studied.csv"):
        with (SET.folder / table).open(encoding="utf-8") as file:
            for row in csv.DictReader(file):
                assert int(row["length"]) == len(row["word"])
                assert 2.0 < float(row["zipf"]) < 6.0


# -- which words are asked for --------------------------------------------------------------------


def test_old_words_are_targets_that_the_log_has_and_new_ones_are_not(studied: Path) -> None:
    log = priming(studied)
    shown = {
        event["design"]["target"]: event["design"]["condition"]
        for event in log.of("trial")
        if not event["outcome"]["missed"]
    }
    every = {event["design"]["target"] for event in log.of("trial")}
    rows = counted(made(data=studied))
    conditions = {
        "attachment": {"attachment_unrelated"},
        "emotional": {"control"},
        "neutral": {"filler"},
    }
    for row in rows:
        if row.old:
            assert row.source == "log"
            assert shown[row.stim_id] == row.study_condition
            assert row.study_condition in conditions[row.condition]
        else:
            assert row.stim_id not in every
            assert row.source is None
    assert len({row.stim_id for row in rows}) == len(rows)


def test_a_target_that_was_missed_is_not_asked_for(studied: Path) -> None:
    log = priming(studied)
    run = made(data=studied)
    old = next(row for row in counted(run) if row.old)
    events = [
        {**event, "outcome": {**event["outcome"], "missed": True}}
        if event["kind"] == "trial" and event["design"]["target"] == old.stim_id
        else event
        for event in log.events
    ]
    edited = replace(run.material, earlier=(replace(log, events=events),))
    assert old.stim_id not in {row.stim_id for row in TASK.design(run.session, edited) if row.old}


@pytest.mark.parametrize("preset", PRESETS)
def test_old_and_new_words_come_equally_often_in_every_class(preset: str) -> None:
    run = made(preset)
    cells = Counter((row.condition, row.old) for row in counted(run))
    assert cells == {(c, old): run.material.params.items for c in CLASSES for old in (True, False)}


def test_old_words_come_evenly_from_both_soas(studied: Path) -> None:
    soas = Counter((r.condition, r.study_soa_s) for r in counted(made(data=studied)) if r.old)
    assert set(soas.values()) == {8}


@pytest.mark.parametrize("participant", ["01", "02", "03", "04", "30"])
def test_new_words_are_as_long_and_as_frequent_as_old_ones(participant: str) -> None:
    rows = counted(made(participant=participant))
    for name in CLASSES:
        for field, limit in (("word_len", 0.4), ("word_zipf", 0.2)):
            old, new = (
                statistics.mean(getattr(r, field) for r in rows if (r.condition, r.old) == cell)
                for cell in ((name, True), (name, False))
            )
            assert abs(old - new) < limit
    pairs = {row.matched_to for row in rows if not row.old}
    assert pairs == {row.stim_id for row in rows if row.old}


def test_the_order_brings_every_class_in_each_six_and_no_long_runs() -> None:
    for participant in ("01", "02", "19"):
        rows = counted(made(participant=participant))
        for start in range(0, len(rows), 6):
            six = {(row.condition, row.old) for row in rows[start : start + 6]}
            assert len(six) == 6
        runs = [len(list(group)) for _, group in groupby(row.old for row in rows)]
        assert max(runs) <= 4


def test_each_priming_list_meets_both_mappings_and_four_people_are_balanced() -> None:
    sides = [old_side(Session(f"{n:02d}", "recognition"), Params()) for n in range(1, 17)]
    for start in range(0, 16, 4):
        assert Counter(sides[start : start + 4]) == {"left": 2, "right": 2}
    for list_ in range(4):
        assert set(sides[list_::4]) == {"left", "right"}
    assert made(mapping="old_left").rows[0].old_side == "left"
    assert made(mapping="old_right").rows[0].old_side == "right"


def test_the_same_participant_has_the_same_words_and_another_one_another_order() -> None:
    assert made().rows == made().rows
    assert [r.stim_id for r in made(participant="05").rows] != [r.stim_id for r in made().rows]


def test_without_a_priming_run_the_words_are_planned_and_the_log_says_so() -> None:
    run = made("short")
    assert {row.source for row in run.rows if row.old} == {"planned"}
    assert any("planned ones" in note for note in Played(run).notes())


def test_planned_words_are_those_of_a_standard_priming_run(studied: Path) -> None:
    shown = {event["design"]["target"] for event in priming(studied).of("trial")}
    assert {row.stim_id for row in made().rows if row.old} <= shown


def test_a_real_run_without_the_priming_task_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="run polysemy first"):
        conduct(Request(task="recognition", participant="01", data=tmp_path, simulate=True))


def test_practice_has_two_words_of_the_priming_practice_and_two_new_ones(studied: Path) -> None:
    practice = [row for row in made(data=studied).rows if row.practice]
    seen = {e["design"]["target"] for e in priming(studied).of("trial") if e["design"]["practice"]}
    assert [row.block for row in practice] == [0] * 4
    assert Counter(row.old for row in practice) == {True: 2, False: 2}
    assert {row.stim_id for row in practice if row.old} <= seen
    assert not made(practice="no").rows[0].practice


def test_related_targets_come_in_if_all_are_asked_for() -> None:
    rows = counted(made(study="all", items="30"))
    kinds = {row.study_condition for row in rows if row.condition == "attachment" and row.old}
    assert kinds == {"attachment_related", "attachment_unrelated"}


def test_the_state_of_each_priming_run_is_kept_and_both_states_give_as_many_words(
    tmp_path: Path,
) -> None:
    for number, state in enumerate(("attachment", "control"), start=1):
        request = Request(
            task="polysemy",
            participant="01",
            data=tmp_path,
            run=number,
            simulate=True,
            virtual=True,
            # Half of the primes in each run, so that no target comes twice.
            changes={"primes": ",".join(primes()[number - 1]), "practice": "no", "breaks": "0"},
            protocol={"name": "test", "step": f"s{number}", "cell": 1, "state": state},
        )
        conduct(request)
    run = made(data=tmp_path)
    rows = [row for row in counted(run) if row.old]
    states = Counter((row.condition, row.state) for row in rows)
    attachment = {state: states["attachment", state] for state in ("attachment", "control")}
    assert attachment == {"attachment": 8, "control": 8}
    assert {(row.state, row.study_run) for row in rows if row.study_times == 1} <= {
        ("attachment", 1),
        ("control", 2),
    }
    # Both runs draw from the same fillers: a word of both states belongs to none.
    twice = [word for word in known(run.session, run.material, SET) if word.times == 2]
    assert len(twice) > 10
    assert {word.state for word in twice} == {None}


def primes() -> tuple[list[str], list[str]]:
    usable = [
        item.id
        for item in WORDS.items
        if item.attributes["kind"] == "prime" and not item.attributes.get("flags")
    ]
    return usable[:24], usable[24:48]


def test_words_on_the_participants_list_are_shown_neither_old_nor_new(tmp_path: Path) -> None:
    before = counted(made(data=tmp_path))
    words = [next(r.stim_id for r in before if r.old is old) for old in (True, False)]
    exclude(tmp_path, "01", [words[0].upper(), words[1]])
    after = made(data=tmp_path)
    assert not {row.stim_id for row in after.rows} & set(words)
    assert Counter(row.old for row in counted(after)) == {True: 48, False: 48}


def test_if_few_words_are_left_every_class_has_fewer_and_the_log_says_how_many(
    tmp_path: Path,
) -> None:
    new = [i.attributes["word"] for i in SET.items if i.attributes["kind"] == "foil"
           and i.attributes["class"] == "emotional"]  # fmt: skip
    exclude(tmp_path, "01", new[:50])
    run = made(data=tmp_path)
    assert set(Counter((r.condition, r.old) for r in counted(run)).values()) == {10}
    (note,) = [e for e in Played(run).log.of("note") if e["text"].startswith("fewer words")]
    assert note["missing"] == 6
    exclude(tmp_path, "01", new[50:57])
    with pytest.raises(DataError, match="3 old and new words a class are left, and 4 are"):
        made(data=tmp_path)


def test_a_list_of_a_lab_s_own_is_taken_by_condition() -> None:
    run = made("short")
    bare = tuple(i for i in SET.items if i.attributes["kind"] != "studied")
    material = replace(run.material, stimuli=replace(SET, items=bare))
    rows = TASK.design(run.session, material)
    assert {r.study_condition for r in rows if r.old and r.condition == "emotional"} == {"control"}


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"iti_low_s": "2"}, "must not be longer than iti_high_s"),
        ({"items": "3"}, "items"),
        ({"max_run": "2"}, "max_run"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(changes: dict[str, str], match: str) -> None:
    with pytest.raises(SettingError, match=match):
        made(**changes)


# -- what a trial records -------------------------------------------------------------------------


@pytest.mark.parametrize(("side", "key"), [("left", "j"), ("right", "l")])
def test_old_is_old_on_whichever_side_it_stands(side: str, key: str) -> None:
    run = made("short", mapping=f"old_{side}", items="4", practice="no")
    played = Played(run, answering(key))
    assert {t["outcome"]["response"] for t in played.trials} == {"old"}
    assert {t["outcome"]["side"] for t in played.trials} == {side}
    assert all(t["outcome"]["correct"] is t["design"]["old"] for t in played.trials)
    assert played.codes()["response_old"] == len(run.rows)
    assert played.codes()["response_new"] == 0
    notes = {s.text for f in played.lab.display.frames for s in f.scene if isinstance(s, Text)}
    assert ("J = seen before     L = new" in notes) is (side == "left")


@pytest.mark.parametrize(("key", "grade"), [("j", 1), ("k", 2), ("l", 3)])
def test_certainty_goes_from_guessed_on_the_left_to_very_sure(key: str, grade: int) -> None:
    for mapping in ("old_left", "old_right"):
        run = made("short", items="4", practice="no", mapping=mapping)
        played = Played(run, answering("j", key))
        assert {t["outcome"]["confidence"] for t in played.trials} == {grade}
        assert {t["outcome"]["confidence_rt_s"] for t in played.trials} == {0.6}
    name = ("confidence_low", "confidence_middle", "confidence_high")[grade - 1]
    assert played.codes()[name] == len(run.rows)


def test_without_a_decision_nobody_is_asked_how_sure() -> None:
    run = made("short", items="4", practice="no")
    played = Played(run, silent)
    assert all(t["outcome"]["missed"] for t in played.trials)
    assert not [e for e in played.log.of("phase") if e["phase"].startswith("confidence")]
    assert played.codes()["no_response"] == len(run.rows)


def test_a_decision_without_certainty_counts() -> None:
    played = Played(made("short", items="4", practice="no"), answering("j", None))
    assert {t["outcome"]["missed"] for t in played.trials} == {False}
    assert {t["outcome"]["confidence"] for t in played.trials} == {None}


def test_times_run_from_the_word_and_words_are_shown_in_capitals() -> None:
    run = made("short", items="4", practice="no")
    played = Played(run, answering("l", after_s=0.7))
    assert played.trials[0]["outcome"]["rt_s"] == pytest.approx(0.7, abs=1e-6)
    texts = {s.text for f in played.lab.display.frames for s in f.scene if isinstance(s, Text)}
    assert {row.stim_id.upper() for row in run.rows} <= texts


def test_each_word_leaves_the_code_of_its_class() -> None:
    counts = Played(made("short")).codes()
    for kind in ("old", "new"):
        assert {counts[f"word_{kind}_{name}"] for name in CLASSES} == {10}
    assert counts["word_practice"] == 4


@pytest.mark.parametrize("hz", [60.0, 75.0, 100.0, 120.0, 144.0])
@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_plays_to_its_end_on_time(preset: str, hz: float) -> None:
    played = Played(made(preset, items="6"), hz=hz)
    (end,) = played.log.of("end")
    assert end["completed"]
    assert end["timing"]["late_phases"] == end["timing"]["missed_frames"] == 0
    assert end["triggers"]["lost"] == 0
    assert not played.lab.display.unprepared


@pytest.mark.parametrize("after_s", [0.001, 0.05, 4.999])
def test_no_code_disturbs_another_even_if_answers_come_at_once(after_s: float) -> None:
    played = Played(made("short", items="4"), answering("l", after_s=after_s))
    assert {event["outcome"] for event in played.log.of("trigger")} <= {"sent", "deferred_sent"}
    written = [t for t, byte in played.lab.line.received if byte]
    assert min(b - a for a, b in pairwise(written)) >= spacing_s(LINE) - 1e-4


def test_a_resumed_run_shows_only_what_is_left_and_answers_as_without_a_break() -> None:
    run = made("short", items="4")
    whole = Played(run)
    rest = Played(run, recorded=whole.trials[:9])
    assert [t["trial"] for t in rest.trials] == [t["trial"] for t in whole.trials[9:]]
    same = ("response", "confidence", "missed")
    for one, other in zip(rest.trials, whole.trials[9:], strict=True):
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
    for mapping in ("old_left", "old_right"):
        run = made("standard", items="4", language=language, mapping=mapping)
        text = Listening(language, run.material.text.words)
        heard = replace(run, material=replace(run.material, text=text))
        yield Played(heard)
        yield Played(heard, recorded=Played(heard).trials[:5])


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_there_and_every_text_is_used(
    language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Listening, "asked", set())
    assert len(list(every_screen(language))) == 4
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


def test_every_phase_column_and_level_in_a_log_is_described(studied: Path) -> None:
    runs = [*every_screen("en"), Played(made(data=studied, study="all", items="24"))]
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
    never = TASK.played_by(TASK.person(criterion=9.0))
    run = made("short", items="4")
    answer = never.participant(run.session, run.material).answer
    assert {t["outcome"]["response"] for t in Played(run, answer).trials} <= {"new", None}


# -- the page -------------------------------------------------------------------------------------


def test_the_page_has_every_parameter_with_its_default_range_and_source(repo: Path) -> None:
    page = (repo / "docs/tasks/recognition.md").read_text(encoding="utf-8")
    found = re.findall(r"^\| `(\w+)` \| ([^|]*) \| ([^|]*)\| [^|]+ \| ([^|]+) \|$", page, re.M)
    table = {name: (default.strip(), limits.strip()) for name, default, limits, _ in found}
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


# -- the golden log -------------------------------------------------------------------------------

ELSEWHERE = {"software", "rig", "codes", "stimuli", "columns", "phases"}
"""Header fields that other tests hold, or that belong to the machine."""


def golden_lines(data: Path) -> list[str]:
    """The log of a short run, participant 01, seed 0, without what is held elsewhere."""
    request = Request(
        task="recognition",
        participant="01",
        data=data,
        preset="short",
        changes={"items": "4"},
        simulate=True,
        virtual=True,
    )
    lines = conduct(request).log.read_text(encoding="utf-8").splitlines()
    header = {k: v for k, v in json.loads(lines[0]).items() if k not in ELSEWHERE}
    return [json.dumps(header, ensure_ascii=False, separators=(",", ":")), *lines[1:]]


def test_a_short_run_leaves_the_golden_log(tmp_path: Path) -> None:
    golden = (GOLDEN / "recognition_short.jsonl").read_text(encoding="utf-8").splitlines()
    assert golden_lines(tmp_path) == golden


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        text = "\n".join(golden_lines(Path(folder))) + "\n"
    (GOLDEN / "recognition_short.jsonl").write_text(text, encoding="utf-8")
