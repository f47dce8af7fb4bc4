"""The trust task: its designs, what a trial records, its codes, its words, and its golden logs.

After a wanted change of what a run shows or logs: ``python tests/test_trust.py`` writes the golden
logs anew; review them as a diff.
"""

from __future__ import annotations

import json
import re
import string
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, fields, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from mbtexp.conduct import Prepared, Request, conduct, prepare
from mbtexp.errors import SettingError, StimulusError, TimingError
from mbtexp.events import Event, MemoryLog
from mbtexp.plan import make_plan, run_codes
from mbtexp.rig import DisplaySettings, Rig, TriggerSettings
from mbtexp.run import Run
from mbtexp.session import Session
from mbtexp.simulate import Answer
from mbtexp.stimuli import StimulusSet, find_set
from mbtexp.task import Catalogue, Material
from mbtexp.timeline import Image, Phase, Scale
from mbtexp.triggers.codes import TRUST as CODES
from mbtexp.triggers.devices import spacing_s
from mbtexp.virtual import VirtualLab
from tasks.trust import TASK
from tasks.trust.design import PRESETS, Params, Trial
from tasks.trust.faces import halves, levels, of_role, spread

GOLDEN = Path(__file__).parent / "golden"
LINE = TriggerSettings(device="serial", port="-")
RATES = [60.0, 75.0, 100.0, 120.0, 144.0]
LANGUAGES = ["en", "de"]
PILOT = find_set("trust_pilot")
FACES = of_role(PILOT, "face")


def made(preset: str = "rating", participant: str = "01", **changes: str) -> Prepared:
    """A run of the task, ready to be played."""
    return prepare(
        Request(task="trust", participant=participant, data=Path(), preset=preset, changes=changes)
    )


def rows(
    preset: str = "rating",
    participant: str = "01",
    *,
    session: str = "01",
    stimuli: StimulusSet = PILOT,
    **changes: str,
) -> list[Trial]:
    """The counted trials of a design; as in ``made``, but the pictures are not looked at."""
    params = TASK.settings(preset, changes)
    material = Material(params, TASK.catalogue("en"), stimuli, TASK.keys(params))
    design = TASK.design(Session(participant, "trust", session), material)
    return [row for row in design if not row.practice]


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

    def outcome(self, trial: int) -> dict[str, Any]:
        (event,) = [event for event in self.trials if event["trial"] == trial]
        return dict(event["outcome"])

    def phases(self, start: str) -> list[Event]:
        return [event for event in self.log.of("phase") if event["phase"].startswith(start)]

    def codes(self) -> Counter[str]:
        return Counter(event["name"] for event in self.log.of("trigger"))


def asks(phase: Phase) -> bool:
    return phase.name in ("scale", "question") or phase.name.startswith("face_")


def answering(key: str, after_s: float = 0.8) -> Answer:
    """Turns pages and presses the same key whenever a face is asked about."""

    def answer(phase: Phase, _trial: Mapping[str, Any]) -> list[tuple[str, float]]:
        if phase.keys is None:
            return []
        return [(key, after_s)] if asks(phase) else [("space", 0.5)]

    return answer


def silent(phase: Phase, _trial: Mapping[str, Any]) -> list[tuple[str, float]]:
    """Turns pages and says nothing to any face."""
    return [] if phase.keys is None or asks(phase) else [("space", 0.5)]


def short(preset: str) -> dict[str, str]:
    """Changes that leave few trials, without any other difference."""
    if preset == "morph":
        return {"morph_repeats": "1"}
    return {"faces": "8", "repeats": "0"}


# -- design ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("participant", ["01", "02", "33"])
def test_every_face_is_judged_once_each_way_and_a_fifth_of_them_twice(participant: str) -> None:
    for judgement in ("trust", "age"):
        shown = [row for row in rows(participant=participant) if row.judgement == judgement]
        counts = Counter(row.stim_id for row in shown)
        assert set(counts) == {item.id for item in FACES}
        assert Counter(counts.values()) == {1: 80, 2: 20}
        assert sum(row.repeat for row in shown) == 20


def test_a_face_comes_again_after_thirty_others_at_the_earliest() -> None:
    for participant in ("01", "02", "17"):
        for judgement in ("trust", "age"):
            shown = [row for row in rows(participant=participant) if row.judgement == judgement]
            first = {row.stim_id: k for k, row in enumerate(shown) if not row.repeat}
            gaps = [k - first[row.stim_id] - 1 for k, row in enumerate(shown) if row.repeat]
            assert min(gaps) >= 30


def test_women_and_men_are_balanced_in_mini_blocks() -> None:
    shown = [row for row in rows() if row.judgement == "trust"]
    once = [row for row in shown if not row.repeat]
    for start in range(0, len(once), 10):
        assert Counter(row.sex for row in once[start : start + 10]) == {"f": 5, "m": 5}
    assert Counter(row.sex for row in shown if row.repeat) == {"f": 10, "m": 10}
    for block in {row.block for row in shown}:
        sexes = Counter(row.sex for row in shown if row.block == block)
        assert sexes["f"] == sexes["m"]


def test_order_of_judgements_and_direction_of_the_scale_are_balanced_over_participants() -> None:
    for preset in ("rating", "binary"):
        cells = Counter(
            (row.judgement, row.reversed)
            for n in range(1, 65)
            for row in rows(preset, f"{n:02d}", faces="4", repeats="0")[:1]
        )
        assert set(cells.values()) == {16}
    turned = Counter(rows("morph", f"{n:02d}", morph_repeats="1")[0].reversed for n in range(1, 65))
    assert turned == {False: 32, True: 32}


def test_the_same_participant_has_the_same_plan_and_another_one_another() -> None:
    assert rows() == rows()
    assert [r.stim_id for r in rows(participant="02")] != [r.stim_id for r in rows()]


def test_practice_comes_first_and_can_be_left_out() -> None:
    run = made()
    assert [row.practice for row in run.rows[:5]] == [True] * 4 + [False]
    assert {row.block for row in run.rows[:4]} == {0}
    assert not made(practice="no").rows[0].practice


def test_thirds_of_the_norms_are_drawn_within_each_sex() -> None:
    level = levels(FACES)
    for sex in ("f", "m"):
        inside = [item for item in FACES if item.attributes["sex"] == sex]
        by_level = {
            name: [float(i.attributes["trust"]) for i in inside if level[i.id] == name]
            for name in ("low", "middle", "high")
        }
        assert {len(values) for values in by_level.values()} <= {16, 17}
        assert max(by_level["low"]) <= min(by_level["middle"])
        assert max(by_level["middle"]) <= min(by_level["high"])


def test_halves_are_matched_and_visits_take_them_in_turn() -> None:
    half = halves(FACES)
    means = {
        form: [
            sum(float(i.attributes[norm]) for i in FACES if half[i.id] == form) / 50
            for norm in ("trust", "age")
        ]
        for form in ("A", "B")
    }
    assert abs(means["A"][0] - means["B"][0]) < 0.05
    assert abs(means["A"][1] - means["B"][1]) < 2.5
    first = {r.stim_id for r in rows(form="counterbalanced")}
    second = {r.stim_id for r in rows(form="counterbalanced", session="02")}
    assert len(first) == len(second) == 50
    assert not first & second
    with pytest.raises(SettingError, match="visits the two halves in"):
        rows(form="counterbalanced", session="before")


def test_some_faces_are_spread_evenly_over_the_norms_and_sexes() -> None:
    some = spread(FACES, 60)
    assert Counter(item.attributes["sex"] for item in some) == {"f": 30, "m": 30}
    steps = Counter(item.attributes["trust"] for item in some)
    assert set(steps.values()) == {6}
    with pytest.raises(StimulusError, match="needs 51 faces of sex 'f', but the set has 50"):
        spread(FACES, 102)


def test_too_few_faces_for_repeats_are_refused() -> None:
    with pytest.raises(SettingError, match="not enough of them that can come again after 30"):
        rows(faces="20")


def test_the_continua_come_in_rounds_without_one_person_twice_in_a_row() -> None:
    shown = rows("morph")
    assert len(shown) == 140
    assert Counter(row.morph_step for row in shown) == dict.fromkeys(range(1, 8), 20)
    for start in range(0, 140, 28):
        assert len({row.stim_id for row in shown[start : start + 28]}) == 28
        stretch = shown[start : start + 28]
        assert all(a.identity != b.identity for a, b in pairwise(stretch))


def test_fixed_onsets_are_three_seconds_apart_with_a_third_of_null_events() -> None:
    shown = rows("binary")
    assert len(shown) == 120
    assert Counter((r.judgement, r.level) for r in shown) == {
        (j, level): 20 for j in ("trust", "age") for level in ("low", "middle", "high")
    }
    apart = [(b.onset_s or 0) - (a.onset_s or 0) for a, b in pairwise(shown) if a.block == b.block]
    nulls = [gap - 3.0 for gap in apart if gap > 3.0 + 1e-6]
    assert min(apart) == pytest.approx(3.0)
    assert 0.28 * 114 < len(nulls) < 0.38 * 114
    assert min(nulls) >= 3.0
    assert max(nulls) <= 9.0
    assert rows("binary", "07")[-1].onset_s == pytest.approx(shown[-1].onset_s, abs=9.0)


def test_blocks_of_the_two_judgements_take_turns_in_the_scanner() -> None:
    blocks = {row.block: row.judgement for row in rows("binary")}
    assert list(blocks.values()) == ["trust", "age"] * 3


@pytest.mark.parametrize(
    ("preset", "changes", "match"),
    [
        ("rating", {"face_s": "none"}, "a scale comes after the face"),
        ("morph", {"mask_s": "0.2"}, "a mask follows a face of a fixed duration"),
        ("rating", {"soa_s": "5"}, "needs answer=binary"),
        ("binary", {"window_s": "2.9"}, r"at least 0.3 s shorter than soa_s, which is 3"),
        ("binary", {"window_s": "0.9"}, "must be longer than what is shown"),
        ("rating", {"iti_low_s": "2"}, "must not be longer than iti_high_s"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(
    preset: str, changes: dict[str, Any], match: str
) -> None:
    with pytest.raises(SettingError, match=match):
        rows(preset, **changes)


@pytest.mark.parametrize(
    ("preset", "role", "match"),
    [
        ("brief", "mask", "has no masks"),
        ("morph", "morph", "no continua"),
        ("rating", "face", "no"),
    ],
)
def test_a_set_without_what_a_preset_shows_is_refused(preset: str, role: str, match: str) -> None:
    left = tuple(item for item in PILOT.items if item.attributes["role"] != role)
    with pytest.raises(StimulusError, match=match):
        rows(preset, stimuli=replace(PILOT, items=left))


def test_a_set_without_norms_is_judged_all_the_same() -> None:
    bare = tuple(
        replace(i, attributes={k: v for k, v in i.attributes.items() if k != "trust"})
        for i in PILOT.items
    )
    shown = rows(stimuli=replace(PILOT, items=bare))
    assert len(shown) == 240
    assert {(row.trust, row.level) for row in shown} == {(None, None)}


# -- what a trial records -------------------------------------------------------------------------


@pytest.mark.parametrize(("participant", "turned"), [("01", False), ("03", True)])
def test_seven_is_very_trustworthy_wherever_it_stands(participant: str, turned: bool) -> None:
    run = made(participant=participant, practice="no", **short("rating"))
    assert run.rows[0].reversed is turned
    played = Played(run, answering("7"))
    assert played.outcome(1)["response"] == (1 if turned else 7)
    assert played.outcome(1)["position"] == 7
    scales = [s for f in played.lab.display.frames for s in f.scene if isinstance(s, Scale)]
    assert scales[0].high == ("not at all trustworthy" if turned else "very trustworthy")
    assert scales[0].points == ("1", "2", "3", "4", "5", "6", "7")


@pytest.mark.parametrize(
    ("participant", "answer"), [("01", "trustworthy"), ("03", "untrustworthy")]
)
def test_the_right_key_means_what_stands_on_the_right(participant: str, answer: str) -> None:
    run = made("binary", participant=participant, **short("binary"))
    played = Played(run, answering("j"))
    assert played.outcome(1)["response"] == answer
    assert played.codes()["response_high" if answer == "trustworthy" else "response_low"] > 0


def test_times_run_from_the_scale_and_from_the_face() -> None:
    played = Played(made(practice="no", **short("rating")), answering("3", 0.7))
    outcome = played.outcome(1)
    assert outcome["rt_s"] == pytest.approx(0.7, abs=1e-6)
    assert outcome["rt_face_s"] == pytest.approx(1.7, abs=1e-3)


def test_an_answer_after_the_face_counts_in_the_scanner_until_the_window_closes() -> None:
    run = made("binary", **short("binary"))
    assert Played(run, answering("f", 2.4)).outcome(1)["rt_s"] == pytest.approx(2.4)
    late = Played(run, answering("f", 2.55))
    assert late.outcome(1)["missed"]
    assert late.codes()["no_response"] == len(run.rows)


@pytest.mark.parametrize("preset", ["rating", "speeded", "brief", "binary"])
def test_no_answer_in_time_is_missed(preset: str) -> None:
    played = Played(made(preset, **short(preset)), silent)
    assert all(trial["outcome"]["missed"] for trial in played.trials)
    assert {trial["outcome"]["response"] for trial in played.trials} == {None}


def test_the_chosen_point_is_shown_for_a_moment() -> None:
    played = Played(made(practice="no", **short("rating")), answering("5"))
    chosen = [
        s.chosen
        for f in played.lab.display.frames
        for s in f.scene
        if isinstance(s, Scale) and s.chosen is not None
    ]
    assert set(chosen) == {4}
    assert {event["frames"] for event in played.phases("scale_chosen")} == {12}


def test_a_brief_face_is_six_frames_and_its_mask_follows_at_once() -> None:
    played = Played(made("brief", practice="no", **short("brief")))
    faces, masks = played.phases("face_"), played.phases("mask")
    assert {event["frames"] for event in faces} == {6}
    assert {event["frames"] for event in masks} == {15}
    assert [m["onset"] for m in masks] == [f["offset"] for f in faces]


def test_faces_of_the_scanner_come_at_their_onsets_whatever_the_answers() -> None:
    run = made("binary", **short("binary"))
    for answer in (silent, answering("j", 0.3), answering("j", 2.49)):
        played = Played(run, answer)
        (zero,) = [n["zero"] for n in played.log.of("note") if n["text"] == "time zero"]
        for event, row in zip(played.phases("face_"), run.rows, strict=True):
            assert abs(event["onset"] - zero - row.onset_s) <= 0.5 / 60 + 1e-6


def test_a_resumed_run_shows_only_what_is_left_and_answers_as_without_a_break() -> None:
    run = made(**short("rating"))
    whole = Played(run)
    rest = Played(run, recorded=whole.trials[:9])
    assert [t["trial"] for t in rest.trials] == [t["trial"] for t in whole.trials[9:]]
    same = ("response", "position", "missed")
    for one, other in zip(rest.trials, whole.trials[9:], strict=True):
        assert [one["outcome"][k] for k in same] == [other["outcome"][k] for k in same]


# -- words ----------------------------------------------------------------------------------------


class Listening(Catalogue):
    """A catalogue that remembers what it was asked for."""

    asked: set[str] = set()  # noqa: RUF012  shared on purpose: frozen dataclasses hold no state

    def __call__(self, key: str, **values: object) -> str:
        self.asked.add(key)
        return super().__call__(key, **values)


def every_screen(language: str) -> Iterator[Played]:
    """Runs that between them show every screen of the task."""
    bare = tuple(
        replace(i, attributes={k: v for k, v in i.attributes.items() if k != "trust"})
        for i in PILOT.items
    )
    runs: list[tuple[str, dict[str, str], Answer | None, StimulusSet, int]] = [
        ("rating", {"faces": "12", "repeats": "0", "block_trials": "6"}, None, PILOT, 0),
        ("rating", short("rating"), None, PILOT, 6),
        ("speeded", {**short("speeded"), "practice": "no"}, silent, replace(PILOT, items=bare), 0),
        ("brief", {"faces": "12", "repeats": "0"}, None, PILOT, 0),
        ("binary", {"faces": "12"}, None, PILOT, 0),
        ("morph", {"morph_repeats": "2"}, None, PILOT, 0),
        ("morph", {"morph_repeats": "1", "window_s": "3"}, None, PILOT, 0),
        ("morph", {"morph_repeats": "1", "face_s": "0.5", "window_s": "3"}, None, PILOT, 0),
    ]
    for preset, changes, answer, stimuli, done in runs:
        run = made(preset, **changes)
        words = Listening(language, TASK.catalogue(language).words)
        run = replace(run, material=replace(run.material, text=words, stimuli=stimuli))
        run = replace(run, rows=tuple(TASK.design(run.session, run.material)))
        recorded = Played(run, answer).trials[:done] if done else []
        yield Played(run, answer, recorded=recorded)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_there_and_every_text_is_used(
    language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Listening, "asked", set())
    assert len(list(every_screen(language))) == 8
    assert Listening.asked == set(TASK.catalogue(language).words)


def test_both_languages_have_the_same_texts_with_the_same_blanks() -> None:
    def blanks(text: str) -> set[str]:
        return {name.partition(":")[0] for _, name, _, _ in string.Formatter().parse(text) if name}

    one, other = (TASK.catalogue(language).words for language in LANGUAGES)
    assert TASK.languages() == ["de", "en"]
    assert set(one) == set(other)
    for key, text in one.items():
        assert blanks(text) == blanks(other[key]), key
        assert text.strip() != other[key].strip(), key


# -- what the log says of itself ------------------------------------------------------------------


def test_every_phase_column_and_level_in_a_log_is_described() -> None:
    shown: set[str] = set()
    recorded: set[str] = set()
    for played in every_screen("en"):
        shown |= {event["phase"] for event in played.log.of("phase")}
        for event in played.log.of("trigger"):
            assert CODES[event["name"]] == event["code"]
        for trial in played.trials:
            values = {**trial["design"], **trial["outcome"]}
            recorded |= set(values)
            for name, value in values.items():
                levels_of = TASK.columns[name].levels
                spoken = str(value).lower() if isinstance(value, bool) else value
                rating = name == "response" and isinstance(value, int)
                assert levels_of is None or value is None or rating or spoken in levels_of
    never_here = {"scanner", "pause", "confirm_stop", "confirm_stop_end"}
    assert set(TASK.phases) == shown | never_here
    assert recorded == set(TASK.columns)


@pytest.mark.readers
def test_hed_knows_every_tag_of_phases_and_codes() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # hedtools' own dependencies complain
        from hed import HedString, load_schema_version  # type: ignore[import-untyped]
        from hed.validator import HedValidator  # type: ignore[import-untyped]

        schema = load_schema_version("8.4.0")
        validator = HedValidator(schema)
        tags = {name: note.hed for name, note in TASK.phases.items()}
        tags |= {row.name: row.hed for row in CODES.rows}
        issues = {
            name: [issue["message"] for issue in found]
            for name, text in tags.items()
            if (found := validator.validate(HedString(text, schema), allow_placeholders=False))
        }
    assert issues == {}


# -- time and triggers on every display -----------------------------------------------------------


@pytest.mark.parametrize("hz", RATES)
@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_plays_to_its_end_on_time_and_as_long_as_planned_or_is_refused(
    preset: str, hz: float
) -> None:
    run = made(preset, **({} if hz == 60.0 else short(preset)))
    rig = Rig(display=DisplaySettings(refresh_hz=hz))
    if preset == "brief" and hz in (75.0, 144.0):
        with pytest.raises(TimingError, match=r"0\.1 s cannot be shown at \d+ Hz; the nearest"):
            make_plan(run.task, run.session, run.material, rig, run.rows)
        return
    plan = make_plan(run.task, run.session, run.material, rig, run.rows)
    played = Played(run, hz=hz)
    (end,) = played.log.of("end")
    assert end["completed"]
    assert end["trials"] == len(run.rows)
    assert end["timing"]["late_phases"] == end["timing"]["missed_frames"] == 0
    assert end["triggers"]["lost"] == 0
    assert played.lab.clock.now() == pytest.approx(plan.length_s, abs=1e-9)
    assert not played.lab.display.unprepared


@pytest.mark.parametrize("hz", [60.0, 120.0])
@pytest.mark.parametrize("after_s", [None, 0.001, 0.012, 0.05, 2.499])
@pytest.mark.parametrize("preset", PRESETS)
def test_no_code_disturbs_another_even_if_answers_come_at_once(
    preset: str, after_s: float | None, hz: float
) -> None:
    run = made(preset, **short(preset))
    answer = None if after_s is None else answering(run.material.keys[-1], after_s)
    played = Played(run, answer, hz=hz)
    assert {event["outcome"] for event in played.log.of("trigger")} <= {"sent", "deferred_sent"}
    written = [t for t, byte in played.lab.line.received if byte]
    assert min(b - a for a, b in pairwise(written)) >= spacing_s(LINE) - 1e-4
    faces = [e for e in played.log.of("trigger") if e["name"].startswith("face_")]
    assert all(e["outcome"] == "sent" and e["delay_ms"] == 0 for e in faces)


def test_every_face_and_every_answer_leaves_its_code() -> None:
    played = Played(made("binary"))
    counts = played.codes()
    answered = sum(not trial["outcome"]["missed"] for trial in played.trials)
    for level in ("low", "middle", "high"):
        assert counts[f"face_trust_{level}"] == counts[f"face_age_{level}"] == 20
    assert counts["response_low"] + counts["response_high"] == answered
    assert counts["no_response"] == 120 - answered
    assert counts["cue"] == counts["block_start"] == 6


def test_the_pictures_on_the_screen_are_those_of_the_trial() -> None:
    run = made(practice="no", **short("rating"))
    played = Played(run)
    files = [
        Path(s.file).stem
        for f in played.lab.display.frames
        for s in f.scene
        if isinstance(s, Image)
    ]
    assert files == [row.stim_id for row in run.rows]


def test_a_simulated_participant_answers_a_trial_the_same_whatever_came_before() -> None:
    run = made()
    scale = Phase("scale", (), 4.0, keys=_all_keys(run))
    alone = TASK.participant(run.session, run.material)
    after = TASK.participant(run.session, run.material)
    for other in run.rows[:9]:
        after.answer(scale, asdict(other))
    row = asdict(run.rows[9])
    assert after.answer(scale, row) == alone.answer(scale, row)


def _all_keys(run: Prepared) -> Any:
    from mbtexp.timeline import Keys

    return Keys(run.material.keys)


# -- the page -------------------------------------------------------------------------------------


def test_the_page_has_every_parameter_with_its_default_range_and_source(repo: Path) -> None:
    page = (repo / "docs/tasks/trust.md").read_text(encoding="utf-8")
    found = re.findall(r"^\| `(\w+)` \| ([^|]*) \| ([^|]*)\| [^|]+ \| ([^|]+) \|$", page, re.M)
    table = {name: (default.strip(), limits.strip()) for name, default, limits, _ in found}
    assert set(table) == {field.name for field in fields(Params)}
    for field in fields(Params):
        default, limits = table[field.name]
        assert default == _spoken(field.default), field.name
        bounds = field.metadata["range"]
        if bounds is not None:
            assert limits == f"{bounds.low:g} to {bounds.high:g}", field.name


def _spoken(value: object) -> str:
    """A default as a page writes it."""
    if value is None:
        return "left out"
    if isinstance(value, bool):
        return str(value).lower()
    return f'`"{value}"`' if isinstance(value, str) else f"`{value}`"


def test_the_page_has_every_preset(repo: Path) -> None:
    page = (repo / "docs/tasks/trust.md").read_text(encoding="utf-8")
    for preset, values in PRESETS.items():
        (row,) = re.findall(rf"^\| `{preset}` \| .*$", page, re.MULTILINE)
        assert all(str(value) in row for value in values.values() if isinstance(value, str))


# -- golden logs ----------------------------------------------------------------------------------

ELSEWHERE = {"software", "rig", "codes", "stimuli", "columns", "phases"}
"""Header fields that other tests hold, or that belong to the machine."""

CHANGES = {"rating": {"faces": "10", "repeats": "0"}, "binary": {"faces": "10"}}


def golden_lines(preset: str, data: Path) -> list[str]:
    """The log of a short run, participant 01, seed 0, without what is held elsewhere."""
    request = Request(
        task="trust",
        participant="01",
        data=data,
        preset=preset,
        changes=CHANGES[preset],
        simulate=True,
        virtual=True,
    )
    lines = conduct(request).log.read_text(encoding="utf-8").splitlines()
    header = {k: v for k, v in json.loads(lines[0]).items() if k not in ELSEWHERE}
    return [json.dumps(header, ensure_ascii=False, separators=(",", ":")), *lines[1:]]


@pytest.mark.parametrize("preset", CHANGES)
def test_a_short_run_leaves_the_golden_log(preset: str, tmp_path: Path) -> None:
    golden = (GOLDEN / f"trust_{preset}.jsonl").read_text(encoding="utf-8").splitlines()
    assert golden_lines(preset, tmp_path) == golden


if __name__ == "__main__":
    for name in CHANGES:
        with tempfile.TemporaryDirectory() as folder:
            text = "\n".join(golden_lines(name, Path(folder))) + "\n"
        (GOLDEN / f"trust_{name}.jsonl").write_text(text, encoding="utf-8")
