"""The attachment task: its order, its timing, its dots, its sliders, and its early end."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from functools import cache
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import pytest

from mbtexp.conduct import Prepared, Request, conduct, prepare
from mbtexp.design import longest_run
from mbtexp.errors import RunAborted, SettingError, StimulusError, TimingError
from mbtexp.events import Event, MemoryLog, read_log
from mbtexp.plan import make_plan, run_codes
from mbtexp.rig import DisplaySettings, Rig, TriggerSettings
from mbtexp.run import Run
from mbtexp.session import Session
from mbtexp.simulate import Answer
from mbtexp.stimuli import find_set
from mbtexp.timeline import Image, Phase, Text
from mbtexp.triggers.codes import ATTACHMENT as CODES
from mbtexp.virtual import VirtualLab
from tasks.attachment import TASK
from tasks.attachment.design import block_order, induced
from tasks.attachment.method import too_distressed
from tasks.attachment.params import MOOD_SCALES, PRESETS, SCALES, Params
from tasks.attachment.participant import Feelings, feeling
from tasks.attachment.screens import MASK, SLABS, dot, picture_phases, prime_phases, sides
from tasks.attachment.trials import Trial

RATES_HZ = (59.94, 60.0, 75.0, 100.0, 120.0, 144.0)
LINE = TriggerSettings(device="serial", port="-")
GOLDEN = Path(__file__).parent / "golden"
PRIME_FRAMES = {59.94: 1, 60.0: 1, 100.0: 2, 120.0: 2, 144.0: 3}
FACES = find_set("attachment_pilot")


def made(preset: str = "block", participant: str = "01", **changes: str) -> Prepared:
    language = changes.pop("language", "en")
    session = changes.pop("session", "01")
    return prepare(
        Request(
            task="attachment",
            participant=participant,
            data=Path(),
            preset=preset,
            changes=changes,
            language=language,
            session=session,
        )
    )


@cache
def rows_of(preset: str, participant: str = "01") -> tuple[Trial, ...]:
    return made(preset, participant).rows


def played(
    prepared: Prepared,
    *,
    hz: float = 60.0,
    feelings: Feelings | None = None,
    answer: Answer | None = None,
    rows: Sequence[Trial] | None = None,
    recorded: Sequence[Event] = (),
    log: MemoryLog | None = None,
) -> tuple[MemoryLog, VirtualLab]:
    """A run in memory with a trigger line; the log and the lab."""
    sitter = feeling(prepared.session, prepared.material, feelings or Feelings())
    lab = VirtualLab(hz, answer=answer or sitter.answer, trigger=LINE)
    log = log or MemoryLog()
    with Run(
        display=lab.display,
        responses=lab.responses,
        trigger=lab.trigger,
        clock=lab.clock,
        log=log,
        trials=prepared.rows if rows is None else rows,
        recorded=recorded,
        codes=run_codes(TASK),
        code_names={code: name for name, code in TASK.codes.items()},
    ) as run:
        TASK.play(run, prepared.material)
    return log, lab


def phases_of(log: MemoryLog, *names: str) -> list[Event]:
    return [event for event in log.of("phase") if event["phase"] in names]


# -- every preset at every rate -------------------------------------------------------------------


@pytest.mark.parametrize("hz", RATES_HZ)
@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_plays_to_its_end_without_a_late_screen_or_a_lost_code(
    preset: str, hz: float
) -> None:
    changes = {}
    if preset == "masked":
        changes = {"prime_frames": str(PRIME_FRAMES.get(hz, 1))}
        if hz not in PRIME_FRAMES:
            with pytest.raises(TimingError, match="No number of frames fits"):
                played(made(preset, **changes), hz=hz)
            return
    log, lab = played(made(preset, **changes), hz=hz)

    (end,) = log.of("end")
    assert end["completed"]
    assert (end["timing"]["late_phases"], end["timing"]["missed_frames"]) == (0, 0)
    assert set(end["triggers"]) <= {"requested", "lost", "sent", "deferred_sent"}
    assert end["triggers"]["lost"] == 0
    assert lab.display.unprepared == []


@pytest.mark.parametrize("preset", ["block", "aron", "infant"])
def test_the_planned_length_is_the_played_length(preset: str) -> None:
    log, _ = played(made(preset))
    (zero,) = [note["zero"] for note in log.of("note") if note["text"] == "time zero"]
    timed = [t for t in rows_of(preset) if t.onset_s is not None]
    onsets = {
        e["trial"]: e["onset"] - zero for e in reversed(phases_of(log, "picture", "count_back"))
    }
    pictures = [t for t in timed if t.kind in ("picture", "count")]
    assert max(abs(onsets[t.trial] - (t.onset_s or 0)) for t in pictures) <= 0.5 / 60 + 1e-5
    sliders = {e["trial"]: e["onset"] - zero for e in reversed(phases_of(log, *_MOODS))}
    moods = [t for t in timed if t.kind == "mood"]
    assert max(abs(sliders[t.trial] - (t.onset_s or 0)) for t in moods) <= 1.5 / 60


_MOODS = tuple(f"slider_{scale}" for scale in MOOD_SCALES)


def test_a_silent_participant_moves_no_onset_of_the_scanner_s_preset() -> None:
    def silent(phase: Phase, trial: Any) -> list[tuple[str, float]]:
        timed = phase.duration_s is not None or phase.frames is not None
        if phase.keys is None or timed:
            return []
        if phase.name.startswith("slider"):
            return [("f", 0.5), ("space", 0.9)]
        return [(phase.keys.allowed[0], 0.5)]

    prepared = made("block", person_ratings="", picture_ratings="")
    log, _ = played(prepared, answer=silent)
    eager, _ = played(prepared)
    assert [e["frames"] for e in phases_of(log, "fixation")] == [
        e["frames"] for e in phases_of(eager, "fixation")
    ]
    ends = [x.of("trial")[-1]["t"] for x in (log, eager)]
    assert ends[0] - ends[1] < 7
    assert log.of("end")[0]["timing"]["late_phases"] == 0
    moods = [t for t in log.of("trial") if t["design"]["kind"] == "mood"]
    assert all(t["outcome"]["missed"] for t in moods)


def test_a_block_lasts_sixteen_seconds_with_its_dots() -> None:
    log, _ = played(made("block"))
    phases = phases_of(log, "picture", "picture_dot", "picture_on")
    by_block = {t.trial: t.block for t in rows_of("block")}
    for _, block in groupby(phases, key=lambda e: by_block[e["trial"]]):
        assert sum(event["frames"] for event in block) == 16 * 60


# -- order ----------------------------------------------------------------------------------------


def test_every_condition_follows_every_other_one_to_three_times_in_the_blocks() -> None:
    for number in range(1, 65):
        order = [place for _, place in block_order(4, 6, number)]
        pairs = Counter(pairwise(order))
        assert all(a != b for a, b in pairs)
        assert len(pairs) == 12
        assert set(pairs.values()) <= {1, 2, 3}
        assert all(sorted(order[k : k + 4]) == [0, 1, 2, 3] for k in range(0, 24, 4))


def test_each_condition_opens_the_run_of_a_quarter_of_64_participants() -> None:
    first = Counter(block_order(4, 6, number)[0][1] for number in range(1, 65))
    assert set(first.values()) == {16}


def test_the_square_s_row_is_in_the_design() -> None:
    rows = [t for t in rows_of("block", "07") if t.kind == "picture"]
    assert rows[0].order == 2
    assert [(t.order, t.condition) for t in rows[::4]][:4] == [
        (2, TASK.params().conditions[place]) for _, place in block_order(4, 1, 7)
    ]


def test_cycles_begin_with_own_for_one_half_of_the_participants() -> None:
    firsts = Counter(next(t.condition for t in rows_of("aron", f"{n:02d}")) for n in range(1, 9))
    assert firsts == {"own": 4, "acquainted": 4}


def test_cycles_are_30_40_30_20_seconds() -> None:
    rows = [t for t in rows_of("aron") if t.kind in ("picture", "count")]
    assert [t.duration_s for t in rows[:4]] == [30.0, 40.0, 30.0, 20.0]
    assert sum(t.duration_s or 0 for t in rows) == 12 * 60
    assert all(1000 <= (t.number or 0) <= 9999 for t in rows if t.kind == "count")


def test_inductions_take_turns_over_participants_and_visits() -> None:
    params = TASK.settings("induction")
    by_cell = {
        (p, s): induced(Session(f"{p:02d}", "attachment", f"{s:02d}"), params)
        for p in range(1, 65)
        for s in (1, 2)
    }
    assert Counter(by_cell.values()) == {"own": 64, "acquainted": 64}
    assert all(by_cell[p, 1] != by_cell[p, 2] for p in range(1, 65))
    # Halves of the Eyes test go by single participants: over four, each half meets each induction.
    assert {(p % 2, by_cell[p, 1]) for p in range(1, 5)} == {
        (p, condition) for p in (0, 1) for condition in ("own", "acquainted")
    }


def test_a_booster_is_one_block_of_45_seconds() -> None:
    rows = [t for t in made("induction", booster="true").rows if t.kind == "picture"]
    assert sum(t.duration_s or 0 for t in rows) == 45
    whole = [t for t in rows_of("induction") if t.kind == "picture"]
    assert sum(t.duration_s or 0 for t in whole) == 360
    assert len({t.condition for t in whole}) == 1


def test_ratings_ask_once_about_everybody_and_every_picture_and_last_how_it_is() -> None:
    run = made("ratings")
    stimuli = run.material.stimuli
    assert stimuli is not None
    asked = Counter((t.kind, t.stim_id, t.scale) for t in run.rows if t.kind == "image")
    pictures = [
        item.id
        for item in stimuli.items
        if item.attributes.get("condition") in run.material.params.conditions
        and item.attributes.get("group") == "adult"
        and not item.practice
    ]
    assert asked == {
        ("image", one, scale): 1 for one in pictures for scale in ("valence", "arousal")
    }
    persons = [(t.person, t.scale) for t in run.rows if t.kind == "person"]
    assert len(persons) == len(set(persons)) == 4 * 3
    kinds = [kind for kind, _ in groupby(t.kind for t in run.rows)]
    assert kinds == ["person", "image", "mood"]
    assert [t.scale for t in run.rows[-3:]] == ["pleasure", "arousal", "distress"]
    fewer = made("ratings", conditions="own,acquainted").rows
    assert {t.condition for t in fewer[:-3]} == {"own", "acquainted"}
    only = made("ratings", person_ratings="").rows
    assert [kind for kind, _ in groupby(t.kind for t in only)] == ["image", "mood"]


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"fixed": "true"}, "ratings are not timed"),
        ({"person_ratings": "", "picture_ratings": ""}, "nothing is rated"),
    ],
)
def test_ratings_that_cannot_be_are_refused(changes: dict[str, str], complaint: str) -> None:
    with pytest.raises(SettingError, match=complaint):
        TASK.settings("ratings", changes)


def test_events_are_balanced_and_at_most_three_in_a_row() -> None:
    for participant in ("01", "02", "33"):
        rows = [t for t in rows_of("event", participant) if t.kind == "picture" and not t.practice]
        assert set(Counter(t.condition for t in rows).values()) == {44}
        for _, block in groupby(rows, key=lambda t: t.block):
            conditions = [t.condition for t in block]
            assert longest_run(conditions) <= 3
            assert set(Counter(conditions).values()) == {11}


def test_infants_come_ten_times_in_each_of_six_cells_with_gaps_of_2_4_and_6_seconds() -> None:
    rows = [t for t in rows_of("infant") if t.kind == "picture"]
    assert set(Counter(t.cell for t in rows).values()) == {10}
    assert len({t.cell for t in rows}) == 6
    onsets = [t.onset_s or 0 for t in rows if t.block == 1]
    assert {round(b - a - 2, 6) for a, b in pairwise(onsets)} <= {2.0, 4.0, 6.0}


def test_no_picture_is_shown_more_than_three_times_in_the_blocks_nor_twice_running() -> None:
    rows = [t for t in rows_of("block") if t.kind == "picture"]
    assert max(t.shown or 0 for t in rows) == 3
    for _, block in groupby(rows, key=lambda t: t.block):
        assert all(a.stim_id != b.stim_id for a, b in pairwise(block))


@pytest.mark.parametrize("preset", PRESETS)
def test_the_same_participant_has_the_same_plan_and_another_one_another(preset: str) -> None:
    again = made(preset).rows
    assert again == rows_of(preset)
    assert rows_of(preset, "02") != rows_of(preset)


# -- dots -----------------------------------------------------------------------------------------


def test_every_condition_has_the_same_number_of_dots() -> None:
    for preset, each in (("block", 3), ("event", 4), ("infant", 1)):
        rows = [t for t in rows_of(preset) if t.kind == "picture" and not t.practice]
        assert set(Counter(t.cell for t in rows if t.dot).values()) == {each}


@pytest.mark.parametrize("preset", ["block", "event", "infant", "induction"])
def test_a_dot_s_window_lies_within_its_trial(preset: str) -> None:
    params = made(preset).material.params
    for t in rows_of(preset):
        if t.kind == "picture" and not t.practice:
            listened = params.picture_s + max(0.0, (t.gap_s or 0) - 0.4)
            if params.procedure == "events":
                listened = params.picture_s + (t.gap_s or 0) - (0.4 if params.fixed else 0.2)
            assert (t.dot_at_s or 0) + params.dot_window_s <= listened + 1e-9
            assert (t.dot_at_s or 0) + params.dot_s < params.picture_s


def pressing(after_s: float, *, dots: bool) -> Answer:
    """Presses this long after each dot, or after where one might have come."""

    def answer(phase: Phase, trial: Any) -> list[tuple[str, float]]:
        if phase.keys is None:
            return []
        if trial.get("kind") != "picture":
            return [
                (k, 0.3 * n) for n, k in enumerate(("f", "space"), 1) if k in phase.keys.allowed
            ]
        if phase.name == "picture_dot" and dots:
            return [("space", after_s)]
        if phase.name == "picture" and not dots and not trial["dot"]:
            return [("space", trial["dot_at_s"] + after_s)]
        return []

    return answer


SHORT = {"trials": "4", "block_trials": "16", "practice": "false", "dot_share": "0.5"}


@pytest.mark.parametrize(
    ("after_s", "counts"), [(0.15, True), (0.5, True), (1.45, True), (1.55, False)]
)
def test_a_press_within_a_second_and_a_half_of_a_dot_is_a_hit(after_s: float, counts: bool) -> None:
    log, _ = played(made("event", **SHORT), answer=pressing(after_s, dots=True))
    dotted = [t for t in log.of("trial") if t["design"]["dot"]]
    assert len(dotted) == 8
    for trial in dotted:
        assert trial["outcome"]["correct"] is counts
        assert trial["outcome"]["stray"] == (0 if counts else 1)
        if counts:
            assert trial["outcome"]["rt_s"] == pytest.approx(after_s, abs=1e-4)


def test_a_press_in_the_same_window_without_a_dot_is_a_false_alarm() -> None:
    log, _ = played(made("event", **SHORT), answer=pressing(0.4, dots=False))
    for trial in log.of("trial"):
        if trial["design"]["dot"] is False:
            assert (trial["outcome"]["response"], trial["outcome"]["correct"]) == ("pressed", False)
        elif trial["design"]["dot"]:
            assert (trial["outcome"]["response"], trial["outcome"]["correct"]) == ("none", False)


def test_a_press_before_the_dot_is_no_hit() -> None:
    def early(phase: Phase, trial: Any) -> list[tuple[str, float]]:
        if phase.name == "picture" and trial["dot"]:
            return [("space", 0.05)]
        if trial.get("kind") == "picture":
            return []
        return list(pressing(0.0, dots=False)(phase, trial))

    log, _ = played(made("event", **SHORT), answer=early)
    dotted = [t["outcome"] for t in log.of("trial") if t["design"]["dot"]]
    assert {(o["response"], o["stray"]) for o in dotted} == {("none", 1)}


@pytest.mark.parametrize("preset", ["block", "event", "infant", "induction"])
def test_a_press_has_no_code_just_before_a_dot(preset: str) -> None:
    prepared = made(preset)
    dotted = [row for row in prepared.rows if row.kind == "picture" and row.dot]
    assert dotted
    for row in dotted:
        before = picture_phases(row, prepared.material, 60.0)[0]
        assert before.keys is not None
        assert before.frames is not None
        assert before.keys.window_s == pytest.approx(before.frames / 60.0 - 0.1)


def test_a_dot_is_seen_on_light_and_on_dark_and_is_round() -> None:
    boxes = dot(1.0, -2.0, 0.5)
    assert len(boxes) == 2 * SLABS
    assert {box.color for box in boxes} == {"#202020", "#d8d8d8"}
    assert all((box.width / 2) ** 2 + (box.height / 2) ** 2 <= 0.25**2 + 1e-9 for box in boxes)


# -- sliders and distress -------------------------------------------------------------------------


def test_too_much_distress_stops_the_pictures_and_tells_the_operator() -> None:
    log = MemoryLog()
    with pytest.raises(RunAborted, match=r"distress 90 of 100 \(limit 80\).*Go to the participant"):
        played(made("block"), feelings=Feelings(distress=90.0), log=log)

    calm = phases_of(log, "calm")
    assert len(calm) == 1
    assert not [p for p in phases_of(log, "picture") if p["onset"] > calm[0]["onset"]]
    assert log.of("phase")[-1]["phase"] == "calm"
    (note,) = [n for n in log.of("note") if n["text"] == "distress limit reached"]
    assert (note["distress"], note["limit"]) == (90, 80)
    assert "distress 90" in log.of("abort")[0]["reason"]
    assert log.of("end")[0]["completed"] is False
    last = log.of("trial")[-1]
    assert (last["design"]["scale"], last["outcome"]["response"]) == ("distress", 90)
    assert {t["name"] for t in log.of("trigger")} >= {"calm", "abort"}


@pytest.mark.parametrize("preset", PRESETS)
def test_distress_is_asked_and_heeded_in_every_preset(preset: str) -> None:
    with pytest.raises(RunAborted, match="distress 95"):
        played(made(preset), feelings=Feelings(distress=95.0))


def test_distress_below_the_limit_stops_nothing() -> None:
    log, _ = played(made("infant"), feelings=Feelings(distress=75.0))
    assert log.of("end")[0]["completed"]


def test_distress_may_have_to_be_high_twice_in_a_row() -> None:
    params = Params(distress_times=2)

    def rated(*values: float | None) -> list[Event]:
        return [
            {"design": {"scale": "distress"}, "outcome": {"response": value}} for value in values
        ]

    assert too_distressed(rated(85), params) is None
    assert too_distressed(rated(85, 10, 85), params) is None
    assert too_distressed(rated(10, 85, None, 90), params) == 90


def test_a_run_that_was_stopped_for_distress_is_not_resumed() -> None:
    log = MemoryLog()
    prepared = made("infant")
    with pytest.raises(RunAborted):
        played(prepared, feelings=Feelings(distress=90.0), log=log)
    with pytest.raises(RunAborted, match="it is not resumed"):
        played(prepared, recorded=log.of("trial"))


def test_sliders_come_after_every_second_block_and_after_the_last() -> None:
    rows = rows_of("block")
    blocks = [t.block for t in rows if t.kind == "mood" and t.scale == "distress"]
    assert blocks == list(range(2, 25, 2))
    assert [t.scale for t in rows if t.kind == "mood"][:3] == list(MOOD_SCALES)
    assert all(t.condition for t in rows if t.kind == "mood")


def test_every_person_and_picture_is_rated_once_on_each_scale() -> None:
    rows = rows_of("block")
    persons = Counter((t.person, t.scale) for t in rows if t.kind == "person")
    images = Counter((t.stim_id, t.scale) for t in rows if t.kind == "image")
    assert set(persons.values()) == set(images.values()) == {1}
    assert (len(persons), len(images)) == (4 * 3, 32 * 2)


def test_scrambled_pictures_are_shown_and_not_rated() -> None:
    rows = made("block", conditions="own,acquainted,friend,unfamiliar,scrambled").rows
    assert sum(t.condition == "scrambled" and t.kind == "picture" for t in rows) == 24
    assert not [t for t in rows if t.condition == "scrambled" and t.kind in ("person", "image")]


# -- masked primes --------------------------------------------------------------------------------


def test_a_prime_lasts_its_frames_and_is_masked_at_once() -> None:
    log, _ = played(made("masked", prime_frames="2"), hz=120.0)
    primes, masks = phases_of(log, "prime"), phases_of(log, "mask")
    assert {p["frames"] for p in primes} == {2}
    assert [p["offset"] for p in primes] == [m["onset"] for m in masks]
    tried = [t["outcome"]["prime_s"] for t in log.of("trial") if "prime_s" in t["outcome"]]
    assert tried == pytest.approx([2 / 120] * len(tried), abs=2e-6)


@pytest.mark.parametrize(
    ("hz", "frames", "advice"),
    [
        (60.0, 2, r"33\.3 ms.*At this rate prime_frames must be 1 \(16\.7 ms\)"),
        (75.0, 1, r"13\.3 ms.*No number of frames fits"),
        (144.0, 1, r"6\.9 ms.*must be 3 \(20\.8 ms\)"),
        (120.0, 1, r"must be 2 \(16\.7 ms\) or 3 \(25\.0 ms\)"),
    ],
)
def test_a_monitor_that_cannot_mask_is_refused_before_the_window(
    hz: float, frames: int, advice: str
) -> None:
    prepared = made("masked", prime_frames=str(frames))
    rig = Rig(display=DisplaySettings(refresh_hz=hz))
    with pytest.raises(TimingError, match=advice):
        make_plan(TASK, prepared.session, prepared.material, rig, prepared.rows)


def test_the_masked_keys_change_sides_over_participants() -> None:
    sides = Counter(
        (
            next(t.left for t in rows_of("masked", f"{n:02d}") if t.kind == "prime"),
            next(t.left for t in rows_of("masked", f"{n:02d}") if t.kind == "awareness"),
        )
        for n in range(1, 17)
    )
    assert len(sides) == 4
    assert set(sides.values()) == {4}


def test_an_answer_s_code_is_the_option_s_whatever_its_side() -> None:
    first = {"pleasant", "attachment"}
    keys = set()
    for number in range(1, 5):
        prepared = made("masked", f"{number:02d}")
        for trial in prepared.rows:
            if trial.kind not in ("prime", "awareness"):
                continue
            asked = prime_phases(trial, prepared.material, 60.0)[-1]
            assert asked.keys is not None
            left, right = sides(trial, prepared.material)
            said = {"f": left, "j": right}
            for key, code in asked.keys.codes:
                expected = CODES.response_first if said[key] in first else CODES.response_second
                assert code == expected, (number, trial)
                keys.add((trial.kind, said[key], key))
    assert len(keys) == 8


@pytest.mark.parametrize("language", ["en", "de"])
def test_primes_of_both_kinds_have_the_same_lengths_and_hide_under_the_mask(language: str) -> None:
    text = TASK.catalogue(language)
    close, other = (text(f"primes_{kind}").split() for kind in ("attachment", "neutral"))
    assert sorted(map(len, close)) == sorted(map(len, other))
    assert len({*close, *other}) == 20
    assert max(map(len, [*close, *other])) <= len(MASK)


def test_a_name_is_shown_and_never_logged(tmp_path: Path) -> None:
    names = {str(i.attributes["name"]) for i in FACES.items if "name" in i.attributes}
    request = Request(
        task="attachment",
        participant="01",
        data=tmp_path,
        preset="masked",
        changes={"primes": "names"},
        simulate=True,
        virtual=True,
    )
    shown = {
        s.text
        for phase in made("masked", primes="names").rows
        for s in _prime_texts(phase, made_names())
    }
    assert names & shown
    log = conduct(request).log.read_text(encoding="utf-8")
    assert not [name for name in names if name in log]


@cache
def made_names() -> Prepared:
    return made("masked", primes="names")


def _prime_texts(trial: Trial, prepared: Prepared) -> list[Text]:
    from tasks.attachment.method import phases_of as screens_of

    if trial.kind not in ("prime", "awareness"):
        return []
    phases = screens_of(trial, prepared.material, 60.0)
    return [s for phase in phases if phase.name == "prime" for s in phase.stimuli]  # type: ignore[misc]


@pytest.mark.parametrize("preset", PRESETS)
def test_no_name_of_a_person_is_in_any_log(preset: str, tmp_path: Path) -> None:
    request = Request("attachment", "01", tmp_path, preset=preset, simulate=True, virtual=True)
    log = conduct(request).log.read_text(encoding="utf-8")
    assert not [i for i in FACES.items if i.attributes.get("name", "\0") in log]


# -- resuming, settings, texts --------------------------------------------------------------------


@pytest.mark.parametrize("preset", ["block", "event", "masked"])
def test_a_resumed_run_goes_on_as_if_it_had_not_been_interrupted(preset: str) -> None:
    prepared = made(preset)
    whole = [e["outcome"] for e in played(prepared)[0].of("trial")]
    cut = 30
    first = [e for e in played(prepared)[0].of("trial")][:cut]
    log, _ = played(prepared, recorded=first)
    again = [e["outcome"] for e in first] + [e["outcome"] for e in log.of("trial")]

    def plain(outcomes: list[dict[str, Any]]) -> list[Any]:
        return [(o["response"], o["correct"]) for o in outcomes]

    assert plain(again) == plain(whole)
    assert log.of("end")[0]["timing"]["late_phases"] == 0


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"conditions": "own,aquainted"}, "did you mean 'acquainted'"),
        ({"conditions": "own,own"}, "named twice"),
        ({"gap_low_s": "20"}, "at most gap_high_s"),
        ({"picture_s": "1.5"}, "has no room"),
        ({"mood_window_s": "none"}, "give the sliders a limit"),
        ({"procedure": "masked"}, "not timed"),
        ({"person_ratings": "hate"}, "is not known"),
    ],
)
def test_settings_that_cannot_work_are_refused(changes: dict[str, str], told: str) -> None:
    with pytest.raises(SettingError, match=told):
        made("block", **changes)


def test_a_set_without_a_condition_is_refused_with_its_name() -> None:
    with pytest.raises(StimulusError, match="'attachment_pilot' has no picture of 'friend' in"):
        made("infant", conditions="own,friend", expressions="")


def test_a_dot_that_the_display_cannot_show_is_refused() -> None:
    with pytest.raises(TimingError, match=r"dot_s: 0\.15 s cannot be shown at 75 Hz"):
        played(made("block", dot_s="0.15"), hz=75.0)


def test_both_languages_have_the_same_words_and_every_word_is_used() -> None:
    folder = Path(TASK.texts)
    en, de = (
        tomllib.loads((folder / language / "attachment.toml").read_text(encoding="utf-8"))
        for language in ("en", "de")
    )
    assert set(en) == set(de)
    source = "".join(p.read_text(encoding="utf-8") for p in Path("tasks/attachment").glob("*.py"))
    families = ("question_", "low_", "high_", "option_", "primes_", "start_")
    assert [k for k in en if f'"{k}"' not in source and not k.startswith(families)] == []
    for scale in SCALES:
        assert {f"question_person_{scale}", f"question_image_{scale}"} <= set(en)


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("language", ["en", "de"])
def test_every_phase_and_code_is_described(preset: str, language: str) -> None:
    log, lab = played(made(preset, language=language))
    assert {e["phase"] for e in log.of("phase")} <= set(TASK.phases)
    for trial in log.of("trial"):
        assert set(trial["design"]) | set(trial["outcome"]) <= set(TASK.columns)
    pictures = {s.file for f in lab.display.frames for s in f.scene if isinstance(s, Image)}
    assert all(Path(file).is_file() for file in pictures)


def test_the_slider_s_faces_are_drawn_again_alike(tmp_path: Path) -> None:
    import numpy as np
    from PIL import Image as Picture

    from mbtexp.pictograms import write

    for file in write(tmp_path):
        with Picture.open(file) as new, Picture.open(_PICTOGRAMS / file.name) as kept:
            assert np.array_equal(np.asarray(new), np.asarray(kept))


_PICTOGRAMS = Path(__file__).parents[1] / "mbtexp" / "pictograms"


def golden_lines(path: Path) -> list[str]:
    """The log without what differs between machines and versions."""
    import json

    log = read_log(path)
    kept = ("task", "preset", "params", "participant", "simulated", "design", "keys")
    lines = [{"kind": "header", **{name: log.header[name] for name in kept}}]
    lines += [event for event in log.events[1:] if event["kind"] != "response" or event["down"]]
    return [json.dumps(line, ensure_ascii=False, separators=(",", ":")) for line in lines]


GOLDEN_CHANGES = {
    "block": {"blocks": "1", "person_ratings": "love", "picture_ratings": ""},
    "masked": {"prime_trials": "2", "block_trials": "4"},
}


@pytest.mark.parametrize("preset", GOLDEN_CHANGES)
def test_a_simulated_run_leaves_the_golden_log(preset: str, tmp_path: Path) -> None:
    request = Request(
        "attachment",
        "01",
        tmp_path,
        preset=preset,
        changes=GOLDEN_CHANGES[preset],
        simulate=True,
        virtual=True,
    )
    golden = (GOLDEN / f"attachment_{preset}.jsonl").read_text(encoding="utf-8").splitlines()
    assert golden_lines(conduct(request).log) == golden


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


def test_feelings_are_told_in_the_header() -> None:
    prepared = made("block")
    assert prepared.participant.facts()["params"] == asdict(Feelings())
