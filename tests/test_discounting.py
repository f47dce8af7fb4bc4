"""Delay discounting: its tables, its offers, its timing, its codes, its payment."""

from __future__ import annotations

import copy
import json
import math
import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mbtexp.conduct import Request, conduct
from mbtexp.design import longest_run
from mbtexp.errors import DataError, SettingError
from mbtexp.events import Log, MemoryLog, read_log
from mbtexp.plan import make_plan, run_codes
from mbtexp.rig import DisplaySettings, Rig, ScannerSettings, TriggerSettings
from mbtexp.run import Run
from mbtexp.session import Session
from mbtexp.task import Material, setting_table
from mbtexp.virtual import VirtualLab
from tasks.discounting import TASK
from tasks.discounting.adaptive import Adaptive, Design, Prior, designs_of, entropy
from tasks.discounting.design import Trial
from tasks.discounting.items import FIVE_TRIAL_DELAYS, MCQ27
from tasks.discounting.method import instructions, pages, timeline
from tasks.discounting.money import CURRENCIES, Delay, read_delay, read_delays
from tasks.discounting.offers import Offer, Offers, adjusted, five_trial_delay, read_tag
from tasks.discounting.params import DAYS_TO_YEARS, PRESETS
from tasks.discounting.participant import Discounter, drawn, simulated
from tasks.discounting.payout import choices_of, draw, receipt

GOLDEN = Path(__file__).parent / "golden"
RATES_HZ = (60.0, 75.0, 100.0, 120.0, 144.0)
LINE = TriggerSettings(device="serial", port="-")


def material(preset: str, language: str = "en", **changes: str) -> Material:
    params = TASK.settings(preset, changes)
    return Material(params, TASK.catalogue(language), None, TASK.keys(params))


def rows_of(preset: str, participant: str = "01", **changes: str) -> list[Trial]:
    return list(TASK.design(Session(participant, "discounting"), material(preset, **changes)))


def played(
    preset: str,
    *,
    hz: float = 60.0,
    participant: str = "01",
    person: Discounter | None = None,
    answer: Any = None,
    stop_after: int | None = None,
    recorded: list[dict[str, Any]] | None = None,
    **changes: str,
) -> tuple[MemoryLog, VirtualLab]:
    """A run in memory with a trigger line; the log and the lab."""
    session, made = Session(participant, "discounting"), material(preset, **changes)
    sitter = simulated(session, made, person or drawn(session))
    lab = VirtualLab(hz, answer=answer or sitter.answer, trigger=LINE)
    log = MemoryLog()
    rows = TASK.design(session, made)
    with Run(
        display=lab.display,
        responses=lab.responses,
        trigger=lab.trigger,
        clock=lab.clock,
        log=log,
        trials=rows if stop_after is None else rows[:stop_after],
        recorded=recorded or [],
        codes=run_codes(TASK),
    ) as run:
        TASK.play(run, made)
    return log, lab


def outcomes(log: MemoryLog) -> list[Mapping[str, Any]]:
    return [event["outcome"] for event in log.of("trial")]


def counted(log: MemoryLog) -> list[Mapping[str, Any]]:
    return [e["outcome"] for e in log.of("trial") if e["design"]["condition"] == "choice"]


# fmt: off
PUBLISHED_K = [
    0.000158278, 0.005961252, 0.005958292, 0.248847926, 0.041353383, 0.000398936, 0.102564103,
    0.100000000, 0.000158278, 0.006048387, 0.246753247, 0.001003386, 0.000158128, 0.040564374,
    0.002548176, 0.002522357, 0.000398089, 0.015804598, 0.101731602, 0.000399042, 0.015686275,
    0.002500000, 0.041463415, 0.001001001, 0.016049383, 0.001002674, 0.250000000,
]
# fmt: on

# -- tables ---------------------------------------------------------------------------------------


def test_the_questionnaire_is_the_published_one() -> None:
    amounts = [(item.sooner, item.later, item.days) for item in MCQ27]
    assert amounts[0] == (54, 55, 117)
    assert amounts[8] == (78, 80, 162)  # a copy with 192 days is in circulation
    assert amounts[26] == (20, 55, 7)
    assert [item.k for item in MCQ27] == pytest.approx(PUBLISHED_K, abs=5e-10)


def test_each_size_has_nine_items_of_rising_k() -> None:
    nominal = [0.00016, 0.0004, 0.001, 0.0025, 0.006, 0.016, 0.041, 0.1, 0.25]
    ranges = {"small": (25, 35), "medium": (50, 60), "large": (75, 85)}
    for size, (low, high) in ranges.items():
        items = sorted((i for i in MCQ27 if i.magnitude == size), key=lambda item: item.rank)
        assert [item.rank for item in items] == list(range(1, 10))
        assert [item.k for item in items] == pytest.approx(nominal, rel=0.05)
        assert all(low <= item.later <= high for item in items)


def test_the_questionnaire_keeps_its_order_whoever_takes_it() -> None:
    for participant in ("01", "02", "x"):
        rows = rows_of("mcq27", participant)
        shown = [(r.planned_sooner, r.planned_later, r.planned_delay) for r in rows]
        assert shown == [(i.sooner, i.later, f"{i.days} d") for i in MCQ27]


def test_the_31_delays_of_the_five_choices_give_the_published_ends() -> None:
    assert len(FIVE_TRIAL_DELAYS) == 31
    assert str(FIVE_TRIAL_DELAYS[15]) == "3 wk"
    assert 1 / FIVE_TRIAL_DELAYS[0].days == pytest.approx(24)
    assert 1 / FIVE_TRIAL_DELAYS[-1].days == pytest.approx(0.000109514, rel=1e-5)
    days = [delay.days for delay in FIVE_TRIAL_DELAYS]
    assert days == sorted(days)


# -- money and delays -----------------------------------------------------------------------------


def test_another_currency_rescales_every_amount_and_changes_no_ratio() -> None:
    for preset in ("mcq27", "adjusting", "five_trial", "scanner"):
        euro, yen = rows_of(preset), rows_of(preset, currency="JPY")
        for a, b in zip(euro, yen, strict=True):
            for name in ("planned_sooner", "planned_later"):
                before, after = getattr(a, name), getattr(b, name)
                assert (before is None) == (after is None)
                if before is not None:
                    assert after == pytest.approx(100 * before)


def test_a_rate_that_coins_cannot_pay_is_refused() -> None:
    with pytest.raises(SettingError, match=r"rate is 0.333: 54 would become .* cannot be paid"):
        rows_of("mcq27", rate="0.333")
    assert rows_of("mcq27", rate="0.5")[0].planned_sooner == 27


def test_the_unit_of_money_changes_no_offer_of_the_search() -> None:
    euro, _ = played("adaptive", person=Discounter(-5.0))
    yen, _ = played("adaptive", person=Discounter(-5.0), currency="JPY")
    for a, b in zip(outcomes(euro), outcomes(yen), strict=True):
        assert (b["sooner"], b["later_days"]) == (pytest.approx(100 * a["sooner"]), a["later_days"])
        assert b["response"] == a["response"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2 weeks", "'weeks' is not known here"),
        ("wk", "'wk' is no delay; write it like '2 wk'"),
        ("-1 d", "must be from 0 to 100000"),
    ],
)
def test_a_wrong_delay_is_refused_in_plain_words(text: str, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        read_delay(text)


def test_a_delay_named_twice_is_refused_whatever_its_unit() -> None:
    with pytest.raises(SettingError, match="has a delay twice"):
        read_delays(("7 d", "1 wk"))


def test_amounts_and_delays_are_written_as_the_language_does() -> None:
    en, de = TASK.catalogue("en"), TASK.catalogue("de")
    euro = CURRENCIES["EUR"]
    assert euro.text(10000.5, en, whole=False) == "€10,000.50"
    assert euro.text(10000.5, de, whole=False) == "10.000,50 €"
    assert (Delay(1.5, "wk").text(en), Delay(1.5, "wk").text(de)) == (
        "in 1.5 weeks",
        "in 1,5 Wochen",
    )
    assert (Delay(1, "mo").text(de), Delay(0, "d").text(de)) == ("in 1 Monat", "heute")


@pytest.mark.parametrize(
    ("preset", "changes", "message"),
    [
        ("adaptive", {"trials": "9"}, "must be from 10 to 60"),
        ("adaptive", {"delays": ""}, "needs some"),
        ("scanner", {"trials": "40"}, "must be a multiple of 3"),
        ("scanner", {"practice": "1"}, "practise outside"),
        ("scanner", {"ln_k": "-12"}, "fewer than two of the delays leave room"),
        ("scanner", {"iti_low_s": "9"}, "iti_low_s is 9"),
        ("experiential", {"currency": "EUR"}, "pays in points"),
        ("experiential", {"sooner_points": "20"}, "must be smaller than"),
        ("mcq27", {"rewards": "real", "currency": "points"}, "points cannot be paid"),
        ("mcq27", {"currency": "DM"}, "currency is 'DM'"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(
    preset: str, changes: dict[str, str], message: str
) -> None:
    with pytest.raises(SettingError, match=message):
        rows_of(preset, **changes)


# -- sides and order ------------------------------------------------------------------------------


@pytest.mark.parametrize("preset", PRESETS)
def test_the_sooner_option_stands_on_either_side_equally_often(preset: str) -> None:
    left = 0
    for number in range(1, 65):
        rows = [row for row in rows_of(preset, f"{number:02d}") if not row.practice]
        sides = [row.side for row in rows]
        n = sides.count("left")
        assert abs(n - len(sides) / 2) <= 2
        assert longest_run(sides) <= 6
        left += n
    assert left / (64 * len(sides)) == pytest.approx(0.5, abs=0.001)


def test_sides_are_balanced_within_each_size_and_each_delay() -> None:
    for preset, group in (("mcq27", "magnitude"), ("adjusting", "series")):
        by_group: dict[str, list[str]] = {}
        for row in rows_of(preset):
            if not row.practice:
                by_group.setdefault(getattr(row, group), []).append(row.side)
        assert len(by_group) == {"mcq27": 3, "adjusting": 7}[preset]
        assert all(abs(s.count("left") - s.count("right")) <= 1 for s in by_group.values())


def test_the_side_can_be_kept_for_a_participant_and_takes_turns_over_them() -> None:
    sides = [rows_of("mcq27", str(n), sides="by_participant") for n in range(1, 65)]
    assert all(len({row.side for row in rows}) == 1 for rows in sides)
    assert Counter(rows[0].side for rows in sides) == {"left": 32, "right": 32}
    assert {row.side for row in rows_of("mcq27", sides="sooner_right")} == {"right"}


@pytest.mark.parametrize("preset", PRESETS)
def test_the_same_participant_gets_the_same_plan_and_another_one_another(preset: str) -> None:
    assert rows_of(preset, "07") == rows_of(preset, "07")
    assert rows_of(preset, "07") != rows_of(preset, "08")


def test_delays_come_in_random_or_in_rising_order() -> None:
    def order(participant: str, **changes: str) -> list[str | None]:
        rows = [row for row in rows_of("adjusting", participant, **changes) if row.step == 1]
        return [row.planned_delay for row in rows]

    rising = ["1 mo", "3 mo", "9 mo", "2 y", "5 y", "10 y", "20 y"]
    assert order("01", delay_order="ascending") == rising
    assert order("01") != order("02")
    assert sorted(map(str, order("01"))) == sorted(rising)


def test_the_first_forced_wait_takes_turns_over_participants() -> None:
    first = [rows_of("experiential", str(n))[0].condition for n in range(1, 65)]
    assert Counter(first) == {"forced_sooner": 32, "forced_later": 32}


# -- offers that follow the answers ---------------------------------------------------------------


def test_the_adjusted_amount_halves_its_steps() -> None:
    euro = CURRENCIES["EUR"]
    assert [adjusted(200, [True] * n, euro) for n in range(7)] == [
        100,
        150,
        175,
        187.5,
        193.75,
        196.88,
        198.44,
    ]
    assert adjusted(200, [False] * 6, euro) == pytest.approx(1.56)
    assert adjusted(200, [True, False], euro) == 125


def test_five_choices_search_the_31_delays() -> None:
    def path(answers: list[bool]) -> list[str]:
        return [str(five_trial_delay(answers[:n])) for n in range(5)]

    assert path([False] * 5) == ["3 wk", "1 d", "4 h", "2 h", "1 h"]
    assert path([True] * 5) == ["3 wk", "2 y", "8 y", "18 y", "25 y"]
    assert path([True, False, False, False, False])[-1] == "1 mo"


def test_a_tag_in_the_log_tells_the_offer() -> None:
    offer = Offer(12.5, 10000, Delay(1.5, "wk"), Delay(5, "s"))
    assert read_tag(offer.tag) == offer


@pytest.mark.parametrize(
    ("preset", "n", "later"), [("adjusting", 42, 200), ("five_trial", 5, 1000)]
)
def test_each_offer_follows_from_the_answers_before_it(preset: str, n: int, later: float) -> None:
    log, _ = played(preset, person=Discounter(-4.0))
    made = [e for e in log.of("trial") if e["design"]["condition"] == "choice"]
    assert len(made) == n
    answers: dict[str, list[bool]] = {}
    for event in made:
        before = answers.setdefault(event["design"]["series"], [])
        offered = event["outcome"]
        if preset == "adjusting":
            assert offered["sooner"] == adjusted(later, before, CURRENCIES["EUR"])
        else:
            assert offered["later_delay"] == str(five_trial_delay(before))
        assert offered["later"] == later
        before.append(offered["response"] == "later")


# -- the search -----------------------------------------------------------------------------------

RATIOS = [round(0.02 * n, 2) for n in range(1, 50)]
DAYS = [delay.days for delay in read_delays(DAYS_TO_YEARS)]


def brute_force(search: Adaptive, answers: list[tuple[Design, bool]]) -> np.ndarray[Any, Any]:
    """Mutual information of every design, parameter by parameter, from the definition."""
    from tasks.discounting.adaptive import LN_BETA, LN_K

    prior = Prior()

    def p_later(design: Design, ln_k: float, ln_beta: float) -> float:
        value = 1 / (1 + math.exp(ln_k) * design.days) - design.ratio
        logistic = 1 / (1 + math.exp(-math.exp(ln_beta) * value))
        return prior.lapse / 2 + (1 - prior.lapse) * logistic

    points = [(float(a), float(b)) for a in LN_K for b in LN_BETA]
    weight = []
    for ln_k, ln_beta in points:
        z = ((ln_k - prior.ln_k) / prior.ln_k_sd) ** 2
        z += ((ln_beta - prior.ln_beta) / prior.ln_beta_sd) ** 2
        w = math.exp(-z / 2)
        for design, later in answers:
            p = p_later(design, ln_k, ln_beta)
            w *= p if later else 1 - p
        weight.append(w)
    total = math.fsum(weight)
    found = []
    for design in search.designs:
        mean, noise = 0.0, 0.0
        for (ln_k, ln_beta), w in zip(points, weight, strict=True):
            p = p_later(design, ln_k, ln_beta)
            mean += w / total * p
            noise -= w / total * (p * math.log2(p) + (1 - p) * math.log2(1 - p))
        found.append(-(mean * math.log2(mean) + (1 - mean) * math.log2(1 - mean)) - noise)
    return np.array(found)


def test_the_chosen_offer_has_the_largest_information_on_the_grid() -> None:
    search = Adaptive(designs_of([0.1, 0.3, 0.5, 0.7, 0.9], [3.0, 30.0, 365.0]))
    answers: list[tuple[Design, bool]] = []
    for later in (True, False, True, True):
        expected = brute_force(search, answers)
        assert search.information() == pytest.approx(expected, abs=1e-10)
        allowed = search.allowed()
        chosen = search.design()
        best = expected[allowed].max()
        assert expected[search.designs.index(chosen)] == pytest.approx(best, abs=1e-10)
        search.update(chosen, later)
        answers.append((chosen, later))


def test_an_answer_moves_the_estimate_where_it_points() -> None:
    patient, hasty = (Adaptive(designs_of(RATIOS, DAYS)) for _ in range(2))
    before = patient.posterior
    offer = patient.design()
    patient.update(offer, True)
    hasty.update(offer, False)
    assert patient.posterior.ln_k < before.ln_k < hasty.posterior.ln_k
    assert patient.posterior.ln_k_sd < before.ln_k_sd


def test_the_posterior_is_the_one_of_bayes_on_the_grid() -> None:
    from tasks.discounting.adaptive import LN_BETA, LN_K

    search = Adaptive(designs_of(RATIOS, DAYS))
    design = search.designs[400]
    search.update(design, True)
    a, b = np.meshgrid(LN_K, LN_BETA, indexing="ij")
    value = 1 / (1 + np.exp(a) * design.days) - design.ratio
    weight = np.exp(-0.5 * ((a + 4.5) / 3) ** 2 - 0.5 * ((b - 2.3) / 1.5) ** 2)
    weight *= 0.01 + 0.98 / (1 + np.exp(-np.exp(b) * value))
    weight /= weight.sum()
    mean = float((weight * a).sum())
    assert search.posterior.ln_k == pytest.approx(mean)
    assert search.posterior.ln_k_sd == pytest.approx(
        math.sqrt(float((weight * (a - mean) ** 2).sum()))
    )
    assert search.posterior.ln_beta == pytest.approx(float((weight * b).sum()))


def test_ties_are_settled_by_the_number_that_comes_with_the_trial() -> None:
    twins = (Design(0.5, 30.0), Design(0.5, 30.0000000000001), Design(0.999, 1.0))
    search = Adaptive(twins)
    assert [search.design(tie) for tie in (0.0, 0.49, 0.51, 0.99)] == [
        *(twins[0], twins[0]),
        *(twins[1], twins[1]),
    ]


def test_no_offer_comes_twice_and_no_delay_four_times_in_a_row() -> None:
    for ln_k in (-11.0, -4.0, 1.0):
        log, _ = played("adaptive", person=Discounter(ln_k), trials="60")
        offers = [(o["sooner"], o["later_days"]) for o in counted(log)]
        assert len(offers) == len(set(offers)) == 60
        assert longest_run([days for _, days in offers]) <= 3


def test_only_catch_trials_have_a_better_option_in_every_respect() -> None:
    for preset in ("mcq27", "adjusting", "five_trial", "adaptive", "scanner"):
        log, _ = played(preset)
        for event in log.of("trial"):
            offer = event["outcome"]
            sensible = 0 < offer["sooner"] < offer["later"] and offer["later_days"] > 0
            assert sensible != event["design"]["condition"].startswith("catch")


def test_catch_trials_are_of_both_kinds_and_never_among_the_first_three() -> None:
    for number in range(1, 30):
        rows = [row for row in rows_of("adaptive", str(number)) if not row.practice]
        assert Counter(row.condition for row in rows) == {
            "choice": 20,
            "catch_later": 1,
            "catch_sooner": 1,
        }
        assert all(row.condition == "choice" for row in rows[:3])
        assert [row.step for row in rows if row.step] == list(range(1, 21))


def test_entropy_is_one_bit_at_even_odds() -> None:
    assert entropy(np.array([0.5, 0.25])) == pytest.approx([1.0, 0.811278], abs=1e-6)


def test_a_step_of_the_search_takes_no_time_that_a_participant_could_notice() -> None:
    import time

    search = Adaptive(designs_of(RATIOS, DAYS))
    took = []
    for n in range(20):
        began = time.perf_counter()
        search.update(search.design(0.5), n % 2 == 0)
        took.append(time.perf_counter() - began)
    assert min(took) < 0.01  # generous for a busy machine; benchmarks/adaptive.py measures it


@pytest.mark.parametrize(
    ("beta", "smallest_r"),
    [
        (6.0, 0.97),
        pytest.param(12.0, 0.985, marks=pytest.mark.slow),
        pytest.param(25.0, 0.99, marks=pytest.mark.slow),
    ],
)
def test_twenty_offers_recover_ln_k_of_200_people(beta: float, smallest_r: float) -> None:
    rng = np.random.default_rng(20)
    fresh = Adaptive(designs_of(RATIOS, DAYS))
    true, found = [], []
    for _ in range(200):
        person = Discounter(float(rng.uniform(-4, -0.7)) * math.log(10), beta=beta)
        search = copy.copy(fresh)
        for _ in range(20):
            design = search.design(float(rng.random()))
            p = person.p_later(Offer(design.ratio, 1.0, Delay(design.days, "d")))
            search.update(design, bool(rng.random() < p))
        true.append(person.ln_k)
        found.append(search.posterior.ln_k)
    assert np.corrcoef(true, found)[0, 1] >= smallest_r


def test_a_precise_estimate_ends_the_offers_and_nobody_missed_them() -> None:
    log, _ = played("adaptive", person=Discounter(-4.0, beta=30.0), stop_sd="0.5", trials="40")
    made = outcomes(log)
    shown = [o for o in made if o["shown"]]
    assert 12 <= len(shown) < len(made) == 44
    assert shown[-1]["ln_k_sd"] <= 0.5
    assert all(not o["missed"] and o["response"] is None for o in made if not o["shown"])
    asked = [o for o in counted(log) if o["shown"]]
    assert all(o["ln_k_sd"] > 0.5 for o in asked[9:-1])


# -- calibrated offers ----------------------------------------------------------------------------


@pytest.mark.parametrize("ln_k", [-8.0, -6.0, -4.5, -2.0])
def test_calibrated_offers_are_a_third_each_easy_near_and_easy(ln_k: float) -> None:
    rows = rows_of("scanner", ln_k=str(ln_k))
    assert Counter(row.condition for row in rows) == dict.fromkeys(
        ("easy_sooner", "near", "easy_later"), 16
    )
    assert longest_run([row.condition for row in rows]) <= 3
    for row in rows:
        assert row.planned_delay is not None
        days = read_delay(row.planned_delay).days
        later, sooner = row.planned_later or 0, row.planned_sooner or 0
        value = 1 / (1 + math.exp(ln_k) * days) - sooner / later
        expected = {"easy_sooner": -0.2, "near": 0.0, "easy_later": 0.2}[row.condition]
        assert value == pytest.approx(expected, abs=0.032)
    offers = [(row.planned_sooner, row.planned_later, row.planned_delay) for row in rows]
    assert len(set(offers)) == len(offers)


# -- how it is played -----------------------------------------------------------------------------


@pytest.mark.parametrize("hz", RATES_HZ)
@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_plays_to_its_end_at_every_rate_without_a_late_screen(
    preset: str, hz: float
) -> None:
    log, lab = played(preset, hz=hz)
    (end,) = log.of("end")
    assert end["completed"]
    assert len(log.of("trial")) == len(rows_of(preset))
    assert (end["timing"]["late_phases"], end["timing"]["missed_frames"]) == (0, 0)
    assert lab.display.unprepared == []
    outcomes = Counter(event["outcome"] for event in log.of("trigger"))
    assert set(outcomes) == {"sent"}
    assert end["triggers"]["lost"] == 0


@pytest.mark.parametrize("preset", PRESETS)
def test_a_run_takes_as_long_as_its_plan_says(preset: str) -> None:
    session, made = Session("01", "discounting"), material(preset)
    plan = make_plan(TASK, session, made, Rig(trigger=LINE))
    log, lab = played(preset)
    assert lab.clock.now() == pytest.approx(plan.length_s, abs=0.05)
    assert plan.untimed is (preset != "scanner")
    assert len(log.of("phase")) == len(plan.phases)


def test_the_scanner_s_offers_come_at_their_fixed_times_whatever_is_answered() -> None:
    rows = rows_of("scanner")
    quick = Discounter(-4.5, omission=0.0, median_rt_s=0.3)
    slow = Discounter(-4.5, omission=0.5, median_rt_s=2.0)
    for person in (quick, slow):
        log, _ = played("scanner", person=person)
        zero = next(note["zero"] for note in log.of("note") if note["text"] == "time zero")
        onsets = [e["onset"] - zero for e in log.of("phase") if e["phase"] == "offer"]
        assert onsets == pytest.approx([row.onset_s for row in rows], abs=0.5 / 60 + 1e-6)
        frames = {e["frames"] for e in log.of("phase") if e["phase"] == "chosen"}
        assert frames == {60}


def test_pauses_in_the_scanner_are_jittered_and_sum_to_the_same_for_everybody() -> None:
    def pauses(participant: str) -> list[float]:
        onsets = [row.onset_s or 0.0 for row in rows_of("scanner", participant)]
        return [round(b - a - 6.0, 3) for a, b in pairwise(onsets)]

    assert 3.9 < min(pauses("01")) < 4.3
    assert 7.7 < max(pauses("01")) < 8.1
    assert pauses("01") != pauses("02")


def test_a_missed_answer_in_the_scanner_is_told_and_leaves_its_code() -> None:
    log, _ = played("scanner", answer=reader)
    assert all(o["missed"] and o["response"] is None for o in outcomes(log))
    names = Counter(event["code"] for event in log.of("trigger"))
    assert names[TASK.codes["no_response"]] == names[TASK.codes["window"]] == 48
    assert {e["tag"] for e in log.of("phase") if e["phase"] == "chosen"} == {"none"}


def reader(phase: Any, trial: Mapping[str, Any]) -> list[tuple[str, float]]:
    """Somebody who turns pages and answers no offer that goes by itself."""
    return [(phase.keys.allowed[0], 0.5)] if phase.keys and phase.duration_s is None else []


def test_a_press_before_the_question_mark_is_no_answer() -> None:
    def hasty(phase: Any, trial: Mapping[str, Any]) -> list[tuple[str, float]]:
        return [("f", 1.0)] if phase.name == "offer" else reader(phase, trial)

    log, _ = played("scanner", answer=hasty)
    assert all(o["missed"] for o in outcomes(log))


def test_the_waits_really_pass_and_the_points_come_after_them() -> None:
    log, _ = played("experiential", person=Discounter(-4.5, ln_k_points=-1.9))
    waits = [e for e in log.of("phase") if e["phase"] == "wait"]
    assert {(e["tag"], e["frames"]) for e in waits} == {("sooner", 300), ("later", 900)}
    points = 0.0
    for event in log.of("trial"):
        if event["design"]["practice"]:
            continue
        points += 5 if event["outcome"]["response"] == "sooner" else 15
        assert event["outcome"]["points"] == points


def test_practice_waits_leave_no_choice() -> None:
    rows, made = rows_of("experiential"), material("experiential")
    for row in rows[:2]:
        (_, offer) = timeline(row, Offers(made.params).offer(row), made)
        assert offer.keys is not None
        chosen = "f" if (row.condition == "forced_sooner") == (row.side == "left") else "j"
        assert offer.keys.allowed == (chosen,)


def test_the_key_on_a_side_chooses_what_stands_there() -> None:
    for key, side in (("f", "left"), ("j", "right")):

        def presser(phase: Any, trial: Mapping[str, Any], key: str = key) -> Any:
            return [(key if key in phase.keys.allowed else "space", 0.5)] if phase.keys else []

        log, _ = played("mcq27", answer=presser)
        for event in log.of("trial"):
            sooner = event["design"]["side"] == side
            assert event["outcome"]["response"] == ("sooner" if sooner else "later")
            assert event["outcome"]["position"] == side
        sent = Counter(e["code"] for e in log.of("trigger"))
        n = sum(row.side == side for row in rows_of("mcq27"))
        assert sent[TASK.codes["response_sooner"]] == n
        assert sent[TASK.codes["response_later"]] == 27 - n


def test_the_rig_s_keys_take_the_place_of_the_task_s() -> None:
    made = replace(material("mcq27"), keys=("1", "2"))
    assert "Press 1 for the amount on the left, 2 for" in instructions(made)
    row = rows_of("mcq27")[0]
    (_, offer) = timeline(row, Offers(made.params).offer(row), made)
    assert offer.keys is not None
    assert offer.keys.allowed == ("1", "2")


@pytest.mark.parametrize("preset", ["adjusting", "five_trial", "adaptive", "experiential"])
def test_a_resumed_run_makes_the_offers_that_an_uninterrupted_one_makes(preset: str) -> None:
    whole, _ = played(preset)
    first, _ = played(preset, stop_after=6)
    rest, _ = played(preset, recorded=json.loads(json.dumps(first.of("trial"))))
    events = [*first.of("trial"), *rest.of("trial")]
    assert [e["trial"] for e in events] == [e["trial"] for e in whole.of("trial")]
    keep = ("sooner", "later", "later_days", "response", "rt_s", "points", "ln_k", "ln_k_sd")
    for a, b in zip(events, whole.of("trial"), strict=True):
        assert {k: a["outcome"][k] for k in keep} == {k: b["outcome"][k] for k in keep}


def test_every_column_phase_and_code_is_described() -> None:
    for preset in PRESETS:
        log, _ = played(preset)
        for trial in log.of("trial"):
            assert set(trial["design"]) | set(trial["outcome"]) <= set(TASK.columns)
            assert trial["design"]["condition"] in (TASK.columns["condition"].levels or {})
        assert {event["phase"] for event in log.of("phase")} <= set(TASK.phases)


def test_a_simulated_person_has_one_ln_k_in_all_visits() -> None:
    people = [drawn(Session("07", "discounting", visit)) for visit in ("01", "02")]
    assert people[0] == people[1] != drawn(Session("08", "discounting"))
    facts = TASK.participant(Session("07", "discounting"), material("mcq27")).facts()
    assert facts["params"] == asdict(people[0])


# -- words ----------------------------------------------------------------------------------------


def test_both_languages_have_the_same_words() -> None:
    en, de = (
        tomllib.loads((TASK.texts / x / "discounting.toml").read_text()) for x in ("en", "de")
    )
    assert set(en) == set(de)
    for key in en:
        blanks = [
            sorted(part.split("}")[0] for part in text[key].split("{")[1:]) for text in (en, de)
        ]
        assert blanks[0] == blanks[1], key


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("preset", PRESETS)
def test_every_word_that_is_asked_for_exists(preset: str, language: str) -> None:
    for rewards in ("hypothetical", "real"):
        if preset == "experiential" and rewards == "real":
            continue
        made = material(preset, language, rewards=rewards)
        session = Session("01", "discounting")
        assert make_plan(TASK, session, made, Rig()).rows
        assert all(max(map(len, page.splitlines())) for page in pages(made))
        assert "{" not in instructions(made)


def test_every_currency_and_unit_has_its_words() -> None:
    for language in ("en", "de"):
        words = TASK.catalogue(language)
        for cash in CURRENCIES.values():
            assert "100" in cash.text(100, words)
        for unit in ("s", "h", "d", "wk", "mo", "y"):
            assert "2" in Delay(2, unit).text(words)
            assert "1" in Delay(1, unit).text(words)


def test_the_instructions_say_whether_the_money_is_paid() -> None:
    assert "will not be paid" in instructions(material("mcq27"))
    real = instructions(material("mcq27", rewards="real", one_in="10"))
    assert "One person in 10 is paid" in real
    assert "will not be paid" not in real


# -- the payment ----------------------------------------------------------------------------------


def real_logs(
    folder: Path, runs: Mapping[str, Mapping[str, str]], participant: str = "01"
) -> list[Log]:
    logs = []
    for number, (preset, changes) in enumerate(runs.items(), start=1):
        done = conduct(
            Request(
                task="discounting",
                participant=participant,
                data=folder,
                run=number,
                preset=preset,
                changes={"rewards": "real", **changes},
                simulate=True,
                virtual=True,
            )
        )
        logs.append(read_log(done.log))
    return logs


def test_the_draw_is_the_same_for_the_same_logs_and_pays_what_was_chosen(tmp_path: Path) -> None:
    logs = real_logs(tmp_path, {"five_trial": {"one_in": "1"}, "adaptive": {"one_in": "1"}})
    paid = draw(logs)
    assert paid == draw(reversed(logs))
    assert (paid.lot, paid.paid, paid.of) == (1, True, 7 + 22)
    log = logs[paid.choice.run - 1]
    event = next(e for e in log.of("trial") if e["trial"] == paid.choice.trial)
    outcome = event["outcome"]
    assert paid.choice.amount == outcome[outcome["response"]]
    days = outcome["later_days"] if outcome["response"] == "later" else 0
    assert (paid.due - paid.on).days == round(days) + 1
    text = receipt(paid, TASK.catalogue("en"))
    assert f"choice {paid.number} of 29" in text
    assert f"To be paid: €{paid.choice.amount:,.2f} on {paid.due}" in text


def test_every_choice_is_drawn_about_equally_often_and_one_person_in_six_is_paid(
    tmp_path: Path,
) -> None:
    (log,) = real_logs(tmp_path, {"five_trial": {}})
    drawn_numbers, lots = Counter[int](), Counter[int]()
    for seed in range(600):
        header = {**log.header, "seed": seed}
        paid = draw([Log(log.path, [header, *log.events[1:]])])
        drawn_numbers[paid.number] += 1
        lots[paid.lot] += 1
    assert set(drawn_numbers) == set(range(1, 8))
    assert set(lots) == set(range(1, 7))
    assert 70 < lots[1] < 130
    assert 55 < min(drawn_numbers.values()) <= max(drawn_numbers.values()) < 120


def test_who_is_not_drawn_gets_a_receipt_that_says_so(tmp_path: Path) -> None:
    (log,) = real_logs(tmp_path, {"five_trial": {"one_in": "1000"}})
    paid = draw([log])
    assert not paid.paid
    text = receipt(paid, TASK.catalogue("de"))
    assert text.startswith("Beleg: keine Entscheidung wird ausgezahlt")
    assert "Auszuzahlen" not in text


def test_practice_and_missed_choices_are_never_paid(tmp_path: Path) -> None:
    (log,) = real_logs(tmp_path, {"scanner": {}})
    made = [e for e in log.of("trial") if e["outcome"]["response"] is not None]
    assert 0 < len(made) < 48
    assert [choice.trial for choice in choices_of(log)] == [e["trial"] for e in made]


def test_a_draw_over_what_is_not_to_be_paid_is_refused(tmp_path: Path) -> None:
    logs = real_logs(tmp_path, {"five_trial": {}})
    with pytest.raises(DataError, match="nothing is to be paid"):
        draw([Log(logs[0].path, [{**logs[0].header, "params": {"rewards": "hypothetical"}}])])
    other = {**logs[0].header, "participant": "02"}
    with pytest.raises(DataError, match="of different sessions"):
        draw([*logs, Log(logs[0].path, [other, *logs[0].events[1:]])])
    with pytest.raises(DataError, match="no choice was made"):
        draw([Log(logs[0].path, [logs[0].header])])


# -- the whole thing ------------------------------------------------------------------------------

VARIES = ("software", "rig", "task_info", "columns", "phases", "codes")


def golden_lines(path: Path) -> list[str]:
    """A log without what depends on the machine or is documented elsewhere."""
    lines = []
    for event in read_log(path).events:
        kept = {key: value for key, value in event.items() if key not in VARIES}
        lines.append(json.dumps(kept, ensure_ascii=False))
    return lines


@pytest.mark.parametrize("preset", PRESETS)
def test_a_simulated_run_leaves_the_golden_log(preset: str, tmp_path: Path) -> None:
    done = conduct(
        Request(
            task="discounting",
            participant="01",
            data=tmp_path,
            preset=preset,
            changes=SHORT.get(preset, {}),
            simulate=True,
            virtual=True,
        )
    )
    golden = GOLDEN / f"discounting_{preset}.jsonl"
    assert golden_lines(done.log) == golden.read_text(encoding="utf-8").splitlines()


SHORT = {
    "adjusting": {"delays": "1 mo,1 y"},
    "adaptive": {"trials": "10"},
    "scanner": {"trials": "9"},
    "experiential": {"trials": "6"},
}
"""Golden logs are read by people."""


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


def test_the_scanner_waits_for_its_first_pulse(tmp_path: Path) -> None:
    rig = Rig(mode="fmri", display=DisplaySettings(), scanner=ScannerSettings(pulse_key="t"))
    plan = make_plan(TASK, Session("01", "discounting"), material("scanner"), rig)
    names = [phase["phase"] for phase in plan.phases]
    assert names[:4] == ["instructions", "scanner", "rest", "fixation"]
    assert plan.length_s == pytest.approx(8 + 48 * 12, abs=8)


def test_the_guide_names_every_parameter_with_its_default_and_every_preset(repo: Path) -> None:
    guide = (repo / "docs" / "tasks" / "discounting.md").read_text(encoding="utf-8")
    named = set(guide.split("`")[1::2])
    assert {name for name, _, _ in setting_table(TASK.params)} <= named
    assert set(PRESETS) <= named
