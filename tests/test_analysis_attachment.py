"""Indices of the attachment task: known answers, people who do odd things, recovery."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from scipy import stats

from analysis.attachment import ANALYSIS, Detection, Params, d_prime, indices, weighted
from analysis.indices import CI_METHODS, FLAGS
from analysis.read import Run, Trial, Trials, trials_of
from mbtexp.conduct import Request, prepare
from mbtexp.events import Log, MemoryLog
from mbtexp.run import Run as Play
from mbtexp.virtual import VirtualLab
from tasks.attachment import TASK
from tasks.attachment.participant import Feelings, feeling

RUN = Run(
    path=Path("log.jsonl"),
    participant="01",
    session="01",
    task="attachment",
    run=1,
    preset="block",
    mode="lab",
    simulated=None,
    stimuli="imported",
    status="complete",
    segments=1,
    n_planned=20,
    columns={},
    damage=(),
)


def row(kind, response=None, *, number=1, rt_s=0.5, correct=None, missed=False, **design):
    return Trial(
        trial=number,
        attempt=1,
        block=1,
        practice=design.pop("practice", False),
        stim_id=None,
        onset_s=1.0 * number,
        rt_s=rt_s,
        response=None if missed else response,
        correct=correct,
        missed=missed,
        excluded="missed" if missed else "",
        frames_dropped=0,
        held=False,
        design={"kind": kind, **design},
        outcome={"response": response, "prime_s": 0.02},
    )


def scored(rows, **params):
    found = indices(Trials(RUN, tuple(rows)), Params(**params))
    table = {(i.index, i.condition): i for i in found}
    assert len(table) == len(found)
    return table


def rated(values, kind="image", scale="valence"):
    return [
        row(kind, value, condition=condition, scale=scale)
        for condition, group in values.items()
        for value in group
    ]


VALENCE = {
    "own": [80.0, 90.0, 85.0, 95.0],
    "acquainted": [40.0, 45.0, 30.0],
    "friend": [60.0, 70.0, 75.0, 50.0],
    "unfamiliar": [20.0, 35.0],
}


def test_own_less_acquainted_is_welch_s_t_over_the_pictures():
    index = scored(rated(VALENCE))["image_valence", "own_minus_acquainted"]
    expected = stats.ttest_ind(VALENCE["own"], VALENCE["acquainted"], equal_var=False)
    interval = expected.confidence_interval()
    assert index.value == pytest.approx(87.5 - 115 / 3)
    assert (index.ci_low, index.ci_high) == pytest.approx((interval.low, interval.high))
    assert index.n_used == 7


def test_the_attachment_contrast_takes_the_four_people():
    index = scored(rated(VALENCE))["image_valence", "attachment_contrast"]
    mean = {name: np.mean(group) for name, group in VALENCE.items()}
    own, other = mean["own"] - mean["acquainted"], mean["friend"] - mean["unfamiliar"]
    assert index.value == pytest.approx(own - other)
    parts = [np.var(g, ddof=1) / len(g) for g in VALENCE.values()]
    assert index.se == pytest.approx(math.sqrt(sum(parts)))
    degrees = sum(parts) ** 2 / sum(
        p**2 / (len(g) - 1) for p, g in zip(parts, VALENCE.values(), strict=True)
    )
    assert index.ci_high - index.value == pytest.approx(stats.t.ppf(0.975, degrees) * index.se)


def test_a_person_rated_once_has_a_difference_without_an_interval():
    love = rated({"own": [90.0], "acquainted": [30.0]}, "person", "love")
    index = scored(love)["person_love", "own_minus_acquainted"]
    assert (index.value, index.se, index.flag) == (60, None, ("one_value",))
    assert scored(love)["person_love", "attachment_contrast"].flag == ("not_asked",)


def test_love_must_exceed_that_of_an_acquaintance_by_the_margin():
    def flag(own, **params):
        rows = rated({"own": [own], "acquainted": [30.0]}, "person", "love")
        return scored(rows, **params)["manipulation", "all"].flag

    assert flag(50.0) == ()
    assert flag(49.0) == ("weak_manipulation",)
    assert flag(49.0, love_margin=15.0) == ()


def test_habituation_is_the_regression_on_the_number_of_the_slider():
    values = [70.0, 66.0, 67.0, 60.0, 58.0]
    rows = [row("mood", v, number=k, scale="arousal") for k, v in enumerate(values)]
    index = scored(rows)["habituation_arousal", "all"]
    fit = stats.linregress(range(5), values)
    assert (index.value, index.se) == pytest.approx((fit.slope, fit.stderr))
    assert index.ci_low == pytest.approx(fit.slope - stats.t.ppf(0.975, 3) * fit.stderr)


def test_a_missed_slider_leaves_its_place_in_the_slope():
    values = [70.0, None, 60.0, 58.0]
    rows = [
        row("mood", v, number=k, scale="arousal", missed=v is None) for k, v in enumerate(values)
    ]
    index = scored(rows)["habituation_arousal", "all"]
    assert index.value == pytest.approx(stats.linregress([0, 2, 3], [70, 60, 58]).slope)
    assert (index.n_used, index.n_total) == (3, 4)


def dots(hits, signals, alarms, noises, condition="own", rt_s=0.5):
    made = [(True, k < hits) for k in range(signals)] + [(False, k < alarms) for k in range(noises)]
    return [
        row(
            "picture",
            "pressed" if pressed else "none",
            number=k,
            rt_s=rt_s if pressed else None,
            dot=dot,
            condition=condition,
        )
        for k, (dot, pressed) in enumerate(made)
    ]


def test_d_prime_and_c_are_those_of_the_log_linear_rates():
    table = scored(dots(9, 12, 2, 84))
    z = NormalDist().inv_cdf
    hit, alarm = 9.5 / 13, 2.5 / 85
    assert table["dot_d_prime", "all"].value == pytest.approx(z(hit) - z(alarm))
    assert table["dot_criterion", "all"].value == pytest.approx(-(z(hit) + z(alarm)) / 2)
    assert (table["dot_hits", "all"].value, table["dot_false_alarms", "all"].value) == (9, 2)
    assert math.isfinite(scored(dots(12, 12, 0, 84))["dot_d_prime", "all"].ci_high)


def test_the_standard_error_of_d_prime_is_that_of_its_sampling():
    rng = np.random.default_rng(3)
    drawn = [
        d_prime(Detection(int(h), 60, int(f), 60)).value
        for h, f in zip(rng.binomial(60, 0.8, 4000), rng.binomial(60, 0.2, 4000), strict=True)
    ]
    assert d_prime(Detection(48, 60, 12, 60)).se == pytest.approx(np.std(drawn), rel=0.05)


def test_missed_dots_and_a_low_d_prime_are_flagged():
    assert scored(dots(9, 12, 0, 84))["dot_d_prime", "all"].flag == ()
    assert scored(dots(8, 12, 0, 84))["dot_d_prime", "all"].flag == ("inattentive",)
    assert scored(dots(8, 12, 0, 84), most_missed_dots=0.5)["dot_d_prime", "all"].flag == ()
    random = scored(dots(30, 40, 32, 44))["dot_hits", "all"]
    assert random.flag == ("inattentive",)


def test_the_cost_on_own_pictures_is_a_difference_of_log_times():
    rows = [
        row("picture", "pressed", number=k, rt_s=t, dot=True, condition=c)
        for k, (c, t) in enumerate([("own", 0.6), ("own", 0.8), ("friend", 0.4), ("friend", 0.5)])
    ]
    index = scored(rows)["dot_rt_cost", "own_minus_others"]
    assert index.value == pytest.approx(np.log([0.6, 0.8]).mean() - np.log([0.4, 0.5]).mean())
    assert scored(rows)["dot_rt_median", "own"].value == pytest.approx(0.7)


def primed(kind, close, other, *, n=20):
    def of(condition, k, j):
        said = "pleasant" if j < k else "unpleasant"
        if kind == "awareness":
            said = "attachment" if j < k else "neutral"
        return row(kind, said, number=j, condition=condition, correct=said == condition)

    return [of("attachment", close, j) for j in range(n)] + [
        of("neutral", other, j) for j in range(n)
    ]


def test_the_prime_effect_is_a_difference_of_logits():
    index = scored(primed("prime", 14, 9))["prime_effect", "close_minus_other"]
    assert index.value == pytest.approx(math.log(14.5 / 6.5) - math.log(9.5 / 11.5))
    assert index.se == pytest.approx(math.sqrt(1 / 14.5 + 1 / 6.5 + 1 / 9.5 + 1 / 11.5))


def test_awareness_is_d_prime_and_a_seen_prime_is_flagged():
    blind = scored(primed("awareness", 11, 10))["awareness_d_prime", "all"]
    seen = scored(primed("awareness", 18, 3))["awareness_d_prime", "all"]
    z = NormalDist().inv_cdf
    assert seen.value == pytest.approx(z(18.5 / 21) - z(3.5 / 21))
    assert (blind.flag, seen.flag) == ((), ("prime_seen",))
    assert scored(primed("awareness", 11, 10))["prime_longest", "all"].value == 0.02


def test_practice_is_in_no_index():
    practice = row("picture", "pressed", dot=True, condition=None, practice=True)
    assert scored([practice, *dots(9, 12, 2, 84)]) == scored(dots(9, 12, 2, 84))


@pytest.mark.parametrize(
    "rows",
    [
        [],
        dots(0, 12, 0, 84),
        dots(12, 12, 84, 84),
        dots(0, 0, 0, 84),
        [row("mood", None, scale="arousal", missed=True)],
        [row("prime", None, condition="attachment", missed=True)] * 3,
        [row("awareness", "neutral", condition="neutral", correct=True)] * 4,
        rated({"own": [50.0] * 4, "acquainted": [50.0] * 4}),
        [row("person", None, scale="love", condition=c, missed=True) for c in ("own", "friend")],
    ],
)
def test_whatever_somebody_does_every_row_is_there_and_says_why_it_has_no_value(rows):
    table = scored(rows)
    assert len(table) == len(scored([]))
    for index in table.values():
        assert (index.value is None) <= bool(index.flag)
        assert index.value is None or math.isfinite(index.value)
        assert set(index.flag) <= {*FLAGS, *ANALYSIS.flags}
        assert index.ci_method in CI_METHODS
        assert index.index in ANALYSIS.descriptions
        assert index.condition in ANALYSIS.conditions


def test_a_sum_of_equal_values_has_no_interval():
    assert weighted([1.0, -1.0], [[5.0, 5.0], [3.0, 3.0]]).flags == ("constant",)


def test_the_guide_names_every_index_and_flag(repo):
    guide = (repo / "docs" / "analysis.md").read_text(encoding="utf-8")
    named = set("".join(guide.split("```")[::2]).split("`")[1::2])
    assert set(ANALYSIS.flags) | set(ANALYSIS.descriptions) <= named


# -- recovery -------------------------------------------------------------------------------------


def lived(preset: str, number: int, feelings: Feelings, **changes: str) -> dict[Any, Any]:
    """The indices of a simulated participant: real design, real run, real analysis."""
    prepared = prepare(
        Request("attachment", f"{number:03d}", Path(), preset=preset, changes=changes)
    )
    sitter = feeling(prepared.session, prepared.material, feelings)
    lab = VirtualLab(60, answer=sitter.answer)
    log = MemoryLog()
    with Play(
        display=lab.display,
        responses=lab.responses,
        trigger=lab.trigger,
        clock=lab.clock,
        log=log,
        trials=prepared.rows,
    ) as run:
        TASK.play(run, prepared.material)
    header = {
        "kind": "header",
        "t": 0.0,
        "task": "attachment",
        "participant": f"{number:03d}",
        "run": 1,
        "design": [],
        "simulated": sitter.facts(),
    }
    found = indices(trials_of(Log(Path("log.jsonl"), [header, *log.events])))
    return {(i.index, i.condition): i for i in found}


QUICK = {
    "trials": "40",
    "block_trials": "40",
    "practice": "false",
    "gap_low_s": "1.2",
    "gap_high_s": "1.2",
    "dot_share": "0.5",
    "person_ratings": "love",
}
FELT = Feelings(d_prime=2.0, criterion=0.3, own_cost=0.2, habituation=-3.0)


@cache
def people() -> list[dict[Any, Any]]:
    return [lived("event", number, FELT, **QUICK) for number in range(1, 31)]


def covered(key: tuple[str, str], truth: float) -> tuple[float, float]:
    """Mean over the simulated people, and the share of intervals that hold the truth."""
    found = [person[key] for person in people()]
    mean = float(np.mean([index.value for index in found]))
    held = [index.ci_low <= truth <= index.ci_high for index in found]
    return mean, float(np.mean(held))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("key", "truth", "margin"),
    [
        (("dot_d_prime", "all"), 2.0, 0.12),
        (("dot_rt_cost", "own_minus_others"), 0.2, 0.02),
        (("habituation_pleasure", "all"), -3.0, 1.5),
        (("image_valence", "own_minus_acquainted"), 55.0, 2.0),
        (("image_valence", "attachment_contrast"), 20.0, 3.0),
    ],
)
def test_what_simulated_people_feel_is_found_again(key, truth, margin):
    mean, share = covered(key, truth)
    assert mean == pytest.approx(truth, abs=margin)
    assert share >= 0.8


@pytest.mark.slow
def test_the_bias_of_simulated_people_is_found_again():
    found = [person["dot_criterion", "all"].value for person in people()]
    assert float(np.mean(found)) == pytest.approx(0.3, abs=0.06)


@pytest.mark.slow
def test_primes_and_awareness_of_simulated_people_are_found_again():
    felt = Feelings(prime_effect=1.0, awareness=0.8)
    found = [
        lived("masked", k, felt, prime_trials="40", awareness_trials="80") for k in range(1, 31)
    ]
    seen = [person["awareness_d_prime", "all"] for person in found]
    assert float(np.mean([i.value for i in seen])) == pytest.approx(0.8, abs=0.12)
    assert np.mean([i.ci_low <= 0.8 <= i.ci_high for i in seen]) >= 0.85
    p = NormalDist().cdf(0.5)
    truth = 2 * math.log(p / (1 - p))
    effect = [person["prime_effect", "close_minus_other"].value for person in found]
    assert float(np.mean(effect)) == pytest.approx(truth, abs=0.25)
