"""The polysemy task: lists, orders, frames, codes, words, norming, and its golden log.

After a wanted change of what a run shows or logs: ``python tests/test_polysemy.py`` writes the
golden log anew.
"""

from __future__ import annotations

import json
import tempfile
import tomllib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import pytest

from mbtexp.conduct import Prepared, Request, conduct, prepare
from mbtexp.design import longest_run
from mbtexp.errors import MbtexpError, SettingError, StimulusError, TimingError
from mbtexp.events import MemoryLog, read_log
from mbtexp.plan import make_plan, run_codes
from mbtexp.rig import DisplaySettings, Rig, TriggerSettings
from mbtexp.run import Run
from mbtexp.session import Session
from mbtexp.simulate import Answer, nobody
from mbtexp.timeline import Phase
from mbtexp.triggers.codes import POLYSEMY as CODES
from mbtexp.virtual import VirtualLab
from tasks.polysemy import TASK
from tasks.polysemy.design import cell_of, n_nonwords
from tasks.polysemy.method import question_phases, timeline
from tasks.polysemy.params import PRESETS, soas
from tasks.polysemy.rows import Cell, Trial

GOLDEN = Path(__file__).parent / "golden" / "polysemy_standard.jsonl"
DECISIONS = ("standard", "richards_french", "masked")
SHORT = {"items": "12", "breaks": "0"}
RATES = (60.0, 75.0, 100.0, 120.0, 144.0)
LINE = TriggerSettings(device="serial", port="-")


def prepared(preset: str = "standard", number: int = 1, **changes: str) -> Prepared:
    name = changes.pop("language", "en")
    return prepare(
        Request("polysemy", f"{number:02d}", Path(), preset=preset, changes=changes, language=name)
    )


def all_decisions(preset: str = "standard", number: int = 1, **changes: str) -> list[Trial]:
    return [row for row in prepared(preset, number, **changes).rows if row.part == "decision"]


def decided(preset: str = "standard", number: int = 1, **changes: str) -> list[Trial]:
    return [row for row in all_decisions(preset, number, **changes) if not row.practice]


def played(
    ready: Prepared,
    refresh_hz: float = 60.0,
    answer: Answer | None = None,
    trigger: TriggerSettings | None = None,
) -> tuple[VirtualLab, MemoryLog]:
    lab = VirtualLab(refresh_hz, answer=answer or ready.participant.answer, trigger=trigger)
    log = MemoryLog()
    with Run(
        display=lab.display,
        responses=lab.responses,
        trigger=lab.trigger,
        clock=lab.clock,
        log=log,
        trials=ready.rows,
        codes=run_codes(ready.task),
        code_names={code: name for name, code in ready.task.codes.items()},
    ) as run:
        ready.task.play(run, ready.material)
    return lab, log


# -- the design -----------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [1, 2, 3, 4, 17])
def test_each_soa_block_has_the_numbers_of_the_paradigm(number: int) -> None:
    rows = decided(number=number)
    for soa_s in (0.25, 1.0):
        assert Counter(row.condition for row in rows if row.soa_s == soa_s) == {
            "attachment_related": 24,
            "attachment_unrelated": 24,
            "other_related": 24,
            "other_unrelated": 24,
            "control": 24,
            "filler": 48,
            "nonword_ambiguous": 70,
            "nonword": 70,
        }


def test_relatedness_proportion_is_29_percent_and_nonword_ratio_54() -> None:
    rows = [row for row in decided() if row.soa_s == 0.25]
    words = [row for row in rows if row.is_word]
    assert sum(bool(row.related) for row in words) / len(words) == pytest.approx(48 / 168)
    unrelated = [row for row in words if not row.related]
    nonwords = len(rows) - len(words)
    assert nonwords / (nonwords + len(unrelated)) == pytest.approx(140 / 260)


def test_no_target_comes_twice_and_no_prime_is_a_target() -> None:
    for preset in DECISIONS:
        rows = all_decisions(preset)
        targets = [row.target for row in rows]
        assert len(set(targets)) == len(targets)
        assert not {row.prime for row in rows} & set(targets)


def test_over_the_four_lists_every_target_follows_both_primes_at_both_soas() -> None:
    met: dict[str, set[tuple[bool, float]]] = {}
    for number in (1, 2, 3, 4):
        for row in decided(number=number):
            if row.sense in ("attachment", "other"):
                assert row.target is not None
                assert row.soa_s is not None
                met.setdefault(row.target, set()).add((bool(row.related), row.soa_s))
    assert len(met) == 48 * 4
    assert {frozenset(cells) for cells in met.values()} == {
        frozenset((related, soa) for related in (True, False) for soa in (0.25, 1.0))
    }


def test_the_two_targets_of_a_sense_come_once_each_in_every_list() -> None:
    for number in (1, 2):
        rows = [row for row in decided(number=number) if row.sense == "attachment"]
        for _, pair in groupby(sorted(rows, key=lambda r: r.stim_id), key=lambda r: r.stim_id):
            assert sorted(bool(row.related) for row in pair) == [False, True]


def test_words_and_pseudowords_do_not_run_and_primes_keep_apart() -> None:
    for preset in DECISIONS:
        for number in (1, 5):
            rows = decided(preset, number)
            for _, block in groupby(rows, key=lambda row: row.soa_s):
                order = list(block)
                assert longest_run([row.is_word for row in order]) <= 4
                related = [bool(row.related) for row in order]
                runs = [len(list(run)) for value, run in groupby(related) if value]
                assert max(runs) <= 2
                for place, row in enumerate(order):
                    assert row.prime not in [r.prime for r in order[max(0, place - 4) : place]]


def test_the_two_senses_of_a_prime_are_asked_in_different_halves() -> None:
    for _, block in groupby(decided(), key=lambda row: row.soa_s):
        order = list(block)
        half = len(order) / 2
        halves: dict[tuple[str, bool], list[bool]] = {}
        for place, row in enumerate(order):
            if row.sense in ("attachment", "other"):
                halves.setdefault((row.prime, bool(row.related)), []).append(place < half)
        assert all(sorted(found) == [False, True] for found in halves.values())


def test_the_sets_of_primes_are_alike_in_length_and_frequency() -> None:
    rows = [row for row in decided() if row.condition == "attachment_related"]
    material = prepared().material
    assert material.stimuli is not None
    primes = {item.id: item.attributes for item in material.stimuli.items}
    means = [
        sum(primes[row.stim_id][measure] for row in rows if row.soa_s == soa) / 24
        for soa in (0.25, 1.0)
        for measure in ("prime_len", "prime_zipf")
    ]
    assert abs(means[0] - means[2]) < 0.2
    assert abs(means[1] - means[3]) < 0.05


def cells(preset: str, n: int) -> Counter[Cell]:
    params = TASK.settings(preset)
    return Counter(cell_of(Session(str(k), "polysemy"), params) for k in range(1, n + 1))


def test_a_run_follows_the_cell_of_its_participant() -> None:
    for number in (1, 6, 11, 16):
        rows = decided(number=number, **SHORT)
        cell = cell_of(Session(str(number), "polysemy"), TASK.settings("standard"))
        assert {(row.list, row.word_side) for row in rows} == {(cell.list, cell.word_side)}
        assert tuple(soa for soa, _ in groupby(row.soa_s for row in rows)) == cell.order


def test_lists_keys_and_soa_order_are_crossed_and_balanced_over_64_participants() -> None:
    found = cells("standard", 64)
    assert len(found) == 16
    assert set(found.values()) == {4}


def test_three_soas_need_72_participants_for_a_full_round() -> None:
    found = cells("richards_french", 72)
    assert len(found) == 72


def test_the_same_participant_gets_the_same_plan_and_another_seed_another() -> None:
    assert prepared(number=7).rows == prepared(number=7).rows
    other = prepare(Request("polysemy", "07", Path(), seed=1)).rows
    assert prepared(number=7).rows != other


def test_sensitive_and_dialect_words_are_in_only_where_they_are_asked_for() -> None:
    def flags(**changes: str) -> set[str]:
        ready = prepared(**changes)
        assert ready.material.stimuli is not None
        kinds = {item.id: item.attributes.get("flags", "") for item in ready.material.stimuli.items}
        return {kinds[row.stim_id] for row in ready.rows if row.sense or row.part == "association"}

    assert flags() == {""}
    assert flags(norming="true", sensitive="true", dialect="en-GB") == {"", "sensitive", "UK"}
    assert flags(norming="true", dialect="en-US") == {"", "US"}


def test_a_lab_names_the_primes_that_its_norms_keep() -> None:
    kept = [f"PW{n:02d}" for n in (1, 2, 3, 4, 6, 9, 10, 12)]
    rows = decided(primes=",".join(kept), prime_gap="2")
    assert {row.stim_id for row in rows if row.sense} == set(kept)
    assert Counter(row.is_word for row in rows)[False] == 2 * n_nonwords(4)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"items": "46"}, SettingError, "multiple of 4"),
        ({"primes": "PW01,PW02,PW03,PWX"}, StimulusError, "PWX"),
        ({"primes": "PW01,PW01,PW02,PW03"}, SettingError, "name each prime once"),
        ({"stimuli": "eyes_pilot"}, StimulusError, "holds no primes"),
        ({"iti_low_s": "1.5"}, SettingError, "iti_low_s is 1.5"),
        ({"awareness": "90", "items": "12"}, SettingError, "at most 24"),
        ({"primes": "PW01,PW02,PW03,PW04"}, SettingError, "prime_gap=4"),
    ],
)
def test_what_cannot_be_is_refused_in_plain_words(
    changes: dict[str, str], error: type[MbtexpError], message: str
) -> None:
    with pytest.raises(error, match=message):
        prepared(**changes)


# -- time -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("hz", RATES)
@pytest.mark.parametrize("preset", ["standard", "richards_french", "norming"])
def test_every_preset_plays_to_its_end_as_planned_at_every_rate(preset: str, hz: float) -> None:
    changes = {} if preset == "norming" else SHORT
    ready = prepared(preset, 3, **changes)
    rig = replace(Rig(), display=DisplaySettings(refresh_hz=hz))
    plan = make_plan(ready.task, ready.session, ready.material, rig, ready.rows)
    lab, log = played(ready, hz, trigger=LINE)

    end = log.of("end")[0]
    assert (end["completed"], end["trials"]) == (True, len(ready.rows))
    assert end["timing"]["late_phases"] == 0
    assert lab.clock.now() == pytest.approx(plan.length_s, abs=1e-6)
    assert not lab.display.unprepared


@pytest.mark.parametrize("hz", RATES)
def test_every_soa_is_shown_in_whole_frames_within_two_percent(hz: float) -> None:
    for preset in ("standard", "richards_french"):
        _, log = played(prepared(preset, **SHORT), hz)
        for trial in log.of("trial"):
            planned_s = trial["design"]["soa_s"]
            assert trial["outcome"]["soa_shown_s"] == pytest.approx(planned_s, rel=0.02)
            assert trial["outcome"]["prime_shown_s"] == pytest.approx(0.2, rel=0.02)


@pytest.mark.parametrize(("hz", "n_frames"), [(60.0, 2), (120.0, 4)])
def test_a_masked_prime_is_on_for_its_frames_and_is_measured(hz: float, n_frames: int) -> None:
    _, log = played(prepared("masked", **SHORT, awareness="12"), hz)
    primes = [event for event in log.of("phase") if event["phase"] == "prime"]
    assert {(p["frames"], p["frames_planned"]) for p in primes} == {(n_frames, n_frames)}
    outcome = log.of("trial")[-1]["outcome"]
    assert outcome["prime_shown_s"] == pytest.approx(1 / 30, abs=1e-5)
    assert outcome["soa_shown_s"] == pytest.approx(0.1, abs=1e-5)


@pytest.mark.parametrize("hz", [75.0, 100.0, 144.0])
def test_a_monitor_that_cannot_show_the_masked_prime_is_refused_with_the_nearest(hz: float) -> None:
    ready = prepared("masked", **SHORT, awareness="0")
    rig = replace(Rig(), display=DisplaySettings(refresh_hz=hz))
    with pytest.raises(TimingError, match=rf"prime_s.*cannot be shown at {hz:g} Hz; the nearest"):
        make_plan(ready.task, ready.session, ready.material, rig, ready.rows)


def test_a_masked_prime_in_frames_is_taken_as_it_is() -> None:
    ready = prepared("masked", **SHORT, awareness="0", prime_frames="3")
    phases = timeline(ready.rows[0], ready.material, 100.0)
    assert [phase.frames for phase in phases if phase.name in ("prime", "mask_after")] == [3, 7]


def test_a_prime_longer_than_the_soa_is_refused() -> None:
    ready = prepared(prime_s="0.5")
    with pytest.raises(TimingError, match=r"longer than the SOA of 0\.25 s"):
        timeline(next(r for r in ready.rows if r.soa_s == 0.25), ready.material, 60.0)


# -- a trial --------------------------------------------------------------------------------------


def test_the_prime_is_in_small_letters_and_the_target_in_capitals() -> None:
    ready = prepared()
    row = next(row for row in ready.rows if row.condition == "attachment_related")
    phases = {phase.name: phase for phase in timeline(row, ready.material, 60.0)}
    assert list(phases) == ["fixation", "blank", "prime", "isi", "target", "iti"]
    assert phases["prime"].stimuli[0].text == row.prime.lower()  # type: ignore[union-attr]
    assert phases["target"].stimuli[0].text == (row.target or "").upper()  # type: ignore[union-attr]


@pytest.mark.parametrize("side", ["left", "right"])
def test_the_word_key_is_the_one_that_the_mapping_says(side: str) -> None:
    ready = prepared(mapping=f"word_{side}", **SHORT)
    key = {"left": "f", "right": "j"}[side]

    def always(phase: Phase, trial: Mapping[str, Any]) -> Sequence[tuple[str, float]]:
        return [(key if trial else phase.keys.allowed[0], 0.5)] if phase.keys else []

    _, log = played(ready, answer=always, trigger=LINE)
    outcomes = [trial["outcome"] for trial in log.of("trial")]
    assert {outcome["response"] for outcome in outcomes} == {"word"}
    assert [o["correct"] for o in outcomes] == [row.is_word for row in ready.rows]
    sent = Counter(event["name"] for event in log.of("trigger"))
    assert sent["response_first"] == len(ready.rows)
    assert "F = " in ready.task.instructions(ready.material)


def test_nobody_in_the_chair_misses_every_trial_without_an_error() -> None:
    ready = prepared(**SHORT)

    def pages(phase: Phase, trial: Mapping[str, Any]) -> Sequence[tuple[str, float]]:
        return nobody(phase, trial) if trial or not phase.keys else [(phase.keys.allowed[0], 0.5)]

    _, log = played(ready, answer=pages)
    for trial in log.of("trial"):
        assert (trial["outcome"]["missed"], trial["outcome"]["correct"]) == (True, None)
    texts = {event["phase"] for event in log.of("phase")}
    assert "feedback" in texts


def test_feedback_comes_in_practice_only() -> None:
    _, log = played(prepared(**SHORT))
    practice = {row.trial for row in prepared(**SHORT).rows if row.practice}
    fed = [event["trial"] for event in log.of("phase") if event["phase"] == "feedback"]
    assert set(fed) == practice
    assert len(fed) == 20


def test_the_code_of_a_choice_after_a_masked_word_is_its_meaning_and_not_its_side() -> None:
    ready = prepared("masked")
    masked_left = set()
    for row in ready.rows:
        if row.part != "awareness":
            continue
        keys = question_phases(row, ready.material, 60.0)[-1].keys
        assert keys is not None
        offered = dict(zip(ready.material.keys[:2], (row.left, row.right), strict=True))
        assert {code: offered[key] == row.prime for key, code in keys.codes} == {
            CODES.response_first: True,
            CODES.response_second: False,
        }
        masked_left.add(row.left == row.prime)
    assert masked_left == {True, False}


def test_the_awareness_test_offers_both_words_equally_often_on_both_sides() -> None:
    rows = [row for row in prepared("masked").rows if row.part == "awareness"]
    assert len(rows) == 48
    assert Counter(row.left == row.prime for row in rows) == {True: 24, False: 24}
    assert all(row.prime in (row.left, row.right) and row.left != row.right for row in rows)
    ambiguous = {row.prime for row in decided("masked") if row.condition == "control"}
    assert Counter(row.prime in ambiguous for row in rows) == {True: 24, False: 24}


# -- codes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("preset", list(PRESETS))
def test_no_code_is_lost_cut_short_or_dropped(preset: str) -> None:
    changes = {} if preset == "norming" else SHORT
    few = {"awareness": "12"} if preset == "masked" else {}
    _, log = played(prepared(preset, **changes, **few), trigger=LINE)
    assert {event["outcome"] for event in log.of("trigger")} == {"sent"}
    assert log.of("end")[0]["triggers"]["lost"] == 0


def test_every_decision_leaves_cross_prime_target_and_answer() -> None:
    ready = prepared(**SHORT)
    _, log = played(ready, trigger=LINE)
    names = Counter(event["name"] for event in log.of("trigger"))
    answers = names["response_first"] + names["response_second"] + names["no_response"]
    assert names["fixation"] == names["prime"] == answers == len(ready.rows)
    for row in ready.rows:
        names[f"target_{'practice' if row.practice else row.condition}"] -= 1
    assert {n for name, n in names.items() if name.startswith("target_")} == {0}


# -- norming --------------------------------------------------------------------------------------


def test_no_sense_is_named_before_all_associations_are_given() -> None:
    parts = [row.part for row in prepared("norming").rows]
    assert [part for part, _ in groupby(parts)] == ["association", "meaning", "rating"]
    assert Counter(parts) == {"association": 78, "meaning": 76, "rating": 228}


def test_two_participants_rate_every_target_once() -> None:
    rated = [
        row.target
        for number in (1, 2)
        for row in prepared("norming", number).rows
        if row.part == "rating"
    ]
    assert len(rated) == len(set(rated)) == 456


def test_the_typed_word_comes_back_with_both_meanings_in_either_order() -> None:
    ready = prepared("norming")
    _, log = played(ready)
    typed = {
        trial["design"]["stim_id"]: trial["outcome"]["response"]
        for trial in log.of("trial")
        if trial["design"]["part"] == "association"
    }
    asked = [trial for trial in log.of("trial") if trial["design"]["part"] == "meaning"]
    assert all(
        trial["outcome"]["association"] == typed[trial["design"]["stim_id"]] for trial in asked
    )
    assert {trial["outcome"]["response"] for trial in asked} == {"attachment", "other"}
    assert Counter(trial["design"]["sense"] for trial in asked) == {"attachment": 38, "other": 38}


def test_the_meaning_that_is_recorded_is_the_one_that_was_shown_at_the_key() -> None:
    ready = prepared("norming", primes="PW01,PW02,PW03,PW04", practice="false")
    assert ready.material.stimuli is not None
    participant = ready.participant.answer

    def first(phase: Phase, trial: Mapping[str, Any]) -> Sequence[tuple[str, float]]:
        return [("1", 0.5)] if phase.name == "meaning" else participant(phase, trial)

    _, log = played(ready, answer=first)
    for trial in log.of("trial"):
        if trial["design"]["part"] == "meaning":
            item = ready.material.stimuli.item(trial["design"]["stim_id"]).attributes
            column = {"attachment": "attach_sense", "other": "nonattach_sense"}
            assert item[column[trial["outcome"]["response"]]] == trial["design"]["left"]


# -- words ----------------------------------------------------------------------------------------


def texts(language: str) -> dict[str, str]:
    path = TASK.texts / language / "polysemy.toml"
    return dict(tomllib.loads(path.read_text(encoding="utf-8")))


def test_both_languages_have_the_same_entries_with_the_same_blanks() -> None:
    def blanks(words: Mapping[str, str]) -> dict[str, list[str]]:
        return {
            key: sorted(part.split("}")[0] for part in text.split("{")[1:])
            for key, text in words.items()
        }

    assert blanks(texts("en")) == blanks(texts("de"))


def test_every_entry_is_used_and_every_used_entry_is_there() -> None:
    asked: set[str] = set()

    class Watching(dict[str, str]):
        def __getitem__(self, key: str) -> str:
            asked.add(key)
            return super().__getitem__(key)

    def watched(preset: str, answer: Callable[[Prepared], Answer], **changes: str) -> None:
        ready = prepared(preset, language="de", **changes)
        catalogue = replace(ready.material.text, words=Watching(ready.material.text.words))
        ready = replace(ready, material=replace(ready.material, text=catalogue))
        played(ready, answer=answer(ready))

    def normal(ready: Prepared) -> Answer:
        return ready.participant.answer

    def silent(ready: Prepared) -> Answer:
        def answer(phase: Phase, trial: Mapping[str, Any]) -> Sequence[tuple[str, float]]:
            if phase.name == "association":
                return [("return", 0.5)]
            if phase.name == "practice":
                return []
            return ready.participant.answer(phase, trial)

        return answer

    few = {"primes": "PW01,PW02,PW03,PW04"}
    for preset in ("standard", "masked", "norming"):
        short = few if preset == "norming" else {**SHORT, "breaks": "1"}
        if preset == "masked":
            short = {**short, "awareness": "2"}
        for answer in (normal, silent):
            for mapping in ("word_left", "word_right"):
                watched(preset, answer, mapping=mapping, **short)
    watched("norming", normal)
    assert asked == set(texts("de")) - {"resumed"}


def test_german_instructions_say_that_the_words_are_english() -> None:
    for preset in PRESETS:
        german = prepared(preset, language="de")
        assert "Alle Wörter sind englisch." in TASK.instructions(german.material)
        assert "englisch" not in TASK.instructions(prepared(preset).material)


def test_a_run_goes_on_with_the_right_page_and_ends_as_an_uninterrupted_one() -> None:
    ready = prepared(**SHORT)
    _, whole = played(ready)
    trials = whole.of("trial")
    lab = VirtualLab(60.0, answer=ready.participant.answer)
    log = MemoryLog()
    with Run(
        display=lab.display,
        responses=lab.responses,
        trigger=lab.trigger,
        clock=lab.clock,
        log=log,
        trials=ready.rows,
        recorded=trials[:50],
    ) as run:
        ready.task.play(run, ready.material)
    later = [(t["trial"], t["outcome"]["response"], t["outcome"]["side"]) for t in log.of("trial")]
    assert later == [
        (t["trial"], t["outcome"]["response"], t["outcome"]["side"]) for t in trials[50:]
    ]


def test_every_preset_names_its_soas() -> None:
    named = {name: soas(TASK.settings(name)) for name in DECISIONS}
    assert named == {
        "standard": (0.25, 1.0),
        "richards_french": (0.5, 0.75, 1.25),
        "masked": (0.1,),
    }


def test_the_guide_names_every_parameter_and_preset(repo: Path) -> None:
    guide = (repo / "docs" / "tasks" / "polysemy.md").read_text(encoding="utf-8")
    named = set("".join(guide.split("```")[::2]).split("`")[1::2])
    assert set(TASK.params.__dataclass_fields__) | set(PRESETS) <= named


@pytest.mark.readers
def test_hed_knows_every_tag_of_codes_and_phases() -> None:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # hedtools' own dependencies complain
        from hed import HedString, load_schema_version
        from hed.validator import HedValidator

        schema = load_schema_version("8.4.0")
        validator = HedValidator(schema)
        tags = [note.hed for note in TASK.phases.values()]
        tags += [fact["hed"] for fact in TASK.code_facts().values()]
        issues = {tag: validator.validate(HedString(tag, schema), False) for tag in tags}
    assert {tag: found for tag, found in issues.items() if found} == {}


# -- the golden log -------------------------------------------------------------------------------

ELSEWHERE = {
    "clock",
    "codes",
    "columns",
    "design",
    "phases",
    "rig",
    "software",
    "stimuli",
    "trigger",
}
"""Parts of the header that belong to the machine or that others hold; trials have the rows."""


def golden_lines(data: Path) -> list[str]:
    """Header and trials of a short standard run, and every line of its first five trials."""
    request = Request(
        "polysemy", "01", data, changes=SHORT, simulate=True, virtual=True, language="en"
    )
    header, *lines = conduct(request).log.read_text(encoding="utf-8").splitlines()
    kept = {key: value for key, value in json.loads(header).items() if key not in ELSEWHERE}
    events = [(json.loads(line), line) for line in lines]
    return [
        json.dumps(kept, ensure_ascii=False, separators=(",", ":")),
        *(
            line
            for event, line in events
            if event["kind"] in ("trial", "block", "end") or (event.get("trial") or 9) <= 5
        ),
    ]


def test_the_standard_run_leaves_the_golden_log(tmp_path: Path) -> None:
    assert golden_lines(tmp_path) == GOLDEN.read_text(encoding="utf-8").splitlines()


def test_the_log_of_a_run_says_which_words_were_used(tmp_path: Path) -> None:
    request = Request("polysemy", "01", tmp_path, changes=SHORT, simulate=True, virtual=True)
    header = read_log(conduct(request).log).header
    assert header["stimuli"]["set"] == "polysemy"
    assert set(header["stimuli"]["files"]) == {"words.csv", "fillers.csv", "pseudowords.csv"}
    assert header["simulated"]["params"]["attachment_long"] == 0.06


def test_two_neighbouring_pauses_are_rarely_alike() -> None:
    pauses = [row.iti_s for row in decided()]
    assert min(p or 0 for p in pauses) >= 1.0
    assert max(p or 0 for p in pauses) <= 1.4
    assert sum(a == b for a, b in pairwise(pauses)) < 10


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        GOLDEN.write_text("\n".join(golden_lines(Path(folder))) + "\n", encoding="utf-8")
