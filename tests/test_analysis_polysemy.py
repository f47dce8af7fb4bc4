"""Indices of the polysemy task against hand-worked values, and recovery of known priming."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.indices import CI_METHODS, FLAGS, Index
from analysis.polysemy import (
    ANALYSIS,
    CELLS,
    Params,
    cell,
    cells_of,
    indices,
    norms,
    priming_of,
    shares_of,
)
from analysis.read import Run, Trial, Trials, trials_of
from analysis.reliable import Reliability, reliability
from analysis.rt import NO_TRIM
from mbtexp.conduct import Prepared, Request, prepare
from mbtexp.events import Log, MemoryLog
from mbtexp.run import Run as Show
from mbtexp.task import Material
from mbtexp.virtual import VirtualLab
from tasks.polysemy.method import timeline
from tasks.polysemy.participant import Reader, participant

RUN = Run(
    path=Path("log.jsonl"),
    participant="01",
    session="01",
    task="polysemy",
    run=1,
    preset="standard",
    mode="lab",
    simulated=None,
    stimuli="open",
    status="complete",
    segments=1,
    n_planned=40,
    columns={},
    damage=(),
)

COMMON_FLAGS = {**FLAGS, **ANALYSIS.flags}


def decision(
    number: int,
    condition: str,
    rt_s: float | None = 0.6,
    *,
    soa_s: float | None = 0.25,
    correct: bool = True,
    **more: Any,
) -> Trial:
    is_word = not condition.startswith("nonword")
    missed = rt_s is None
    design = {"part": "decision", "condition": condition, "is_word": is_word, "soa_s": soa_s}
    said = "word" if is_word == correct else "nonword"
    return Trial(
        trial=number,
        attempt=1,
        block=1,
        practice=False,
        stim_id=f"PW{number:02d}",
        onset_s=float(number),
        rt_s=rt_s,
        response=None if missed else more.pop("response", said),
        correct=None if missed else correct,
        missed=missed,
        excluded="missed" if missed else "",
        frames_dropped=0,
        held=False,
        design={**design, **more},
        outcome={},
    )


def scored(rows: Sequence[Trial], params: Params | None = None) -> dict[tuple[str, str], Index]:
    found = indices(Trials(RUN, tuple(rows)), params)
    table = {(i.index, i.condition): i for i in found}
    assert len(table) == len(found)
    return table


def person(shift: float = 0.0) -> list[Trial]:
    """Four RTs a cell at two SOAs, with priming that is known by hand."""
    logs = {
        "attachment_unrelated": 0.10,
        "attachment_related": 0.04,
        "other_unrelated": 0.0,
        "other_related": -0.02,
        "control": 0.12,
    }
    rows = []
    for soa_s in (0.25, 1.0):
        for condition, known in logs.items():
            mean = known - 0.05 * (soa_s == 1.0 and condition == "attachment_related")
            for spread in (-0.3, -0.1, 0.1, 0.3):
                rt_s = 0.6 * math.exp(mean + spread + shift)
                rows.append(decision(len(rows) + 1, condition, rt_s, soa_s=soa_s))
        for k in range(8):
            rows.append(decision(len(rows) + 1, "nonword", 0.7, soa_s=soa_s, correct=k > 0))
    return rows


def test_priming_is_the_difference_of_mean_logs_with_its_standard_error() -> None:
    table = scored(person())
    attachment = table["priming", "attachment_250"]
    variance = np.var([-0.3, -0.1, 0.1, 0.3], ddof=1)
    assert attachment.value == pytest.approx(0.06)
    assert attachment.se == pytest.approx(math.sqrt(variance / 4 + variance / 4))
    assert table["priming", "attachment_1000"].value == pytest.approx(0.11)
    assert table["priming", "other_250"].value == pytest.approx(0.02)
    assert (attachment.n_used, attachment.n_total, attachment.ci_method) == (8, 8, "wald")


def test_the_bias_is_attachment_less_other_and_its_variance_is_the_sum() -> None:
    table = scored(person())
    bias = table["attachment_bias", "soa_250"]
    parts = [table["priming", f"{sense}_250"] for sense in ("attachment", "other")]
    assert bias.value == pytest.approx(0.04)
    assert bias.se == pytest.approx(math.hypot(parts[0].se or 0, parts[1].se or 0))
    whole = table["attachment_bias", "all"]
    assert whole.value == pytest.approx((0.04 + 0.09) / 2)
    assert table["attachment_specificity", "soa_250"].value == pytest.approx(0.08)


def test_the_ms_version_is_the_difference_of_mean_times() -> None:
    rows = person()
    times = {
        c: [
            1000 * (r.rt_s or 0)
            for r in rows
            if r.design["condition"] == c and r.design["soa_s"] == 1.0
        ]
        for c in ("other_unrelated", "other_related")
    }
    expected = np.mean(times["other_unrelated"]) - np.mean(times["other_related"])
    assert scored(rows)["priming_ms", "other_1000"].value == pytest.approx(expected)


def test_slower_people_have_the_same_log_priming() -> None:
    fast, slow = scored(person()), scored(person(0.25))
    for key in (("priming", "attachment_250"), ("attachment_bias", "all")):
        assert fast[key].value == pytest.approx(slow[key].value)


def with_shares(rows: list[Trial]) -> list[Trial]:
    """Attachment senses dominant in the first two trials of every four, subordinate in the rest."""
    share = {0: 0.9, 1: 0.6, 2: 0.4, 3: 0.1}
    return [
        replace(
            row,
            stim_id=f"P{k % 4}",
            design={**row.design, "attachment_share": share[k % 4]},
        )
        for k, row in enumerate(rows)
    ]


def test_dominance_bias_is_priming_of_the_dominant_less_that_of_the_other_sense() -> None:
    # Spreads -0.3, -0.1 belong to shares above a half, 0.1, 0.3 to those below, in every cell.
    table = scored(with_shares(person()))
    dominant, subordinate = (
        0.2 * -1,
        0.2,
    )  # means of the spreads where attachment is dominant, or not
    unrelated = [0.10 + dominant, 0.0 + subordinate]
    related = [0.04 + dominant, -0.02 + subordinate]
    expected = np.mean(unrelated) - np.mean(related)
    found = table["priming", "dominant_250"]
    assert found.value == pytest.approx(expected) == pytest.approx(0.04)
    values = np.array([0.10 - 0.3, 0.10 - 0.1, 0.1, 0.3])
    others = np.array([0.04 - 0.3, 0.04 - 0.1, -0.02 + 0.1, -0.02 + 0.3])
    se = math.sqrt(values.var(ddof=1) / 4 + others.var(ddof=1) / 4)
    assert (found.se, found.n_used) == (pytest.approx(se), 8)
    long = table["priming", "dominant_1000"].value, table["priming", "subordinate_1000"].value
    assert long == (pytest.approx(0.065), pytest.approx(0.065))
    assert table["dominance_bias", "soa_1000"].value == pytest.approx(0.0)


def test_a_bias_towards_the_dominant_sense_is_found_and_told_whose_norms_were_taken() -> None:
    rows = with_shares(person())
    slower = [
        replace(r, rt_s=(r.rt_s or 0) * math.exp(0.08))
        if r.design["condition"] == "attachment_unrelated" and r.design["attachment_share"] > 0.5
        else r
        for r in rows
    ]
    bias = scored(slower)["dominance_bias", "soa_250"]
    assert bias.value == pytest.approx(0.04)  # half of the dominant cell's unrelated trials
    assert "norms of the word set" in bias.method
    own = Params(attachment_share={"P0": 0.1, "P1": 0.1, "P2": 0.9, "P3": 0.9})
    turned = scored(slower, own)["dominance_bias", "soa_250"]
    assert turned.value == pytest.approx(-0.04)
    assert "norms given" in turned.method


def test_primes_without_a_share_or_with_a_half_have_no_dominant_sense() -> None:
    assert "no_dominance" in scored(person())["dominance_bias", "all"].flag
    shares = Params(attachment_share={f"P{k}": 0.5 for k in range(4)})
    assert "no_dominance" in scored(with_shares(person()), shares)["priming", "dominant"].flag
    assert shares_of(
        [{"id": "A", "attachment_share": None}, {"id": "B", "attachment_share": 0}]
    ) == {"B": 0.0}


def test_lisas_is_the_mean_time_and_the_errors_in_units_of_it() -> None:
    rows = [
        *(decision(k, "attachment_unrelated", t) for k, t in enumerate((0.5, 0.7))),
        *(decision(k, "attachment_related", t) for k, t in enumerate((0.4, 0.6), start=2)),
        decision(4, "attachment_unrelated", 0.9, correct=False),
        decision(5, "attachment_unrelated", None),
        decision(6, "attachment_related", 0.1),
    ]
    table = scored(rows)
    # By hand: S_RT of 0.4, 0.5, 0.6, 0.7 and S_PE of one error in six answers (the cut one counts).
    weight = math.sqrt(0.05 / 3) / math.sqrt((1 / 6) * (5 / 6) * 6 / 5)
    unrelated, related = 0.6 + weight / 3, 0.5
    assert table["lisas", "attachment_unrelated_250"].value == pytest.approx(unrelated)
    assert table["lisas", "attachment_related_250"].value == pytest.approx(related)
    found = table["lisas_priming", "attachment_250"]
    assert found.value == pytest.approx(unrelated - related)
    assert (found.n_used, found.n_total) == (6, 7)


def test_errors_and_missed_trials_are_in_no_response_time() -> None:
    rows = person()
    wrong = decision(90, "attachment_related", 0.3, correct=False)
    missed = decision(91, "attachment_related", None)
    before, after = scored(rows), scored([*rows, wrong, missed])
    assert after["priming", "attachment_250"].value == before["priming", "attachment_250"].value
    assert after["priming", "attachment_250"].n_excluded == 2
    assert after["error_priming", "attachment_250"].value == pytest.approx(-1 / 5)
    assert after["omission_rate", "all"].value == pytest.approx(1 / 58)


def test_times_outside_the_limits_and_far_from_their_cell_are_cut_once() -> None:
    times = [0.5 + 0.01 * (k % 7) for k in range(20)] + [0.2, 1.9, 0.9]
    found = cell([decision(k, "control", t) for k, t in enumerate(times)], Params())
    assert (len(found.log_rt), found.n_cut) == (20, 3)
    absolute = cell([decision(k, "control", t) for k, t in enumerate(times)], Params(trim=NO_TRIM))
    assert (len(absolute.log_rt), absolute.n_cut) == (21, 2)
    rule = "abs0.25-1.8s, correct, trim=sd2.5/two/ddof1/cell"
    assert rule in scored(person())["priming", "other_250"].method


def test_the_trim_is_two_sided_with_the_sample_sd() -> None:
    times = [0.6] * 10 + [0.7] * 10 + [0.35]
    kept = np.array(times)
    inside = np.abs(kept - kept.mean()) <= 2.5 * kept.std(ddof=1)
    found = cell([decision(k, "control", t) for k, t in enumerate(times)], Params())
    assert len(found.log_rt) == inside.sum() == 20


def test_words_and_pseudowords_make_dprime_and_criterion() -> None:
    table = scored(person())
    assert table["accuracy", "nonword"].value == pytest.approx(14 / 16)
    z = [2.240, -1.049]  # z(40.5/41), z(2.5/17) by a table
    assert table["dprime", "all"].value == pytest.approx(z[0] - z[1], abs=0.02)
    assert table["criterion", "all"].value == pytest.approx(-(z[0] + z[1]) / 2, abs=0.02)


def test_the_awareness_test_gives_dprime_of_two_choices() -> None:
    rows = [
        decision(k, "awareness", 1.0, soa_s=None, correct=k < 30, part="awareness", is_word=None)
        for k in range(48)
    ]
    table = scored([*person(), *(replace(r, trial=r.trial + 200) for r in rows)])
    assert table["accuracy", "awareness"].value == pytest.approx(30 / 48)
    assert table["dprime", "awareness"].value == pytest.approx(math.sqrt(2) * 0.3106, abs=0.01)
    assert table["chance_p", "awareness"].value == pytest.approx(0.0557, abs=2e-3)
    assert scored(person())["dprime", "awareness"].flag == ("no_awareness_test",)


ODD_PEOPLE = {
    "no trial": [],
    "all missed": [
        replace(row, rt_s=None, response=None, correct=None, missed=True) for row in person()
    ],
    "one key": [
        replace(row, response="word", correct=bool(row.design["is_word"])) for row in person()
    ],
    "all wrong": [replace(row, correct=False) for row in person()],
    "one time": [replace(row, rt_s=0.5) for row in person()],
    "too fast": [replace(row, rt_s=0.1) for row in person()],
    "one trial": person()[:1],
    "no SOA": [replace(row, design={**row.design, "soa_s": None}) for row in person()],
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("rows", ODD_PEOPLE.values(), ids=ODD_PEOPLE)
def test_an_odd_person_gets_finite_values_or_none_with_a_reason(rows: list[Trial]) -> None:
    for index in scored(rows).values():
        numbers = [index.value, index.se, index.ci_low, index.ci_high]
        assert all(number is None or math.isfinite(number) for number in numbers)
        assert set(index.flag) <= set(COMMON_FLAGS)
        assert index.ci_method in CI_METHODS
        reasons = [flag for flag in index.flag if COMMON_FLAGS[flag].startswith("undefined")]
        assert (index.value is None) == bool(reasons), index


def test_odd_people_are_called_what_they_are() -> None:
    def flag(who: str, index: str, condition: str = "all") -> tuple[str, ...]:
        return scored(ODD_PEOPLE[who])[index, condition].flag

    assert "no_answers" in flag("all missed", "chance_p")
    assert "many_missed" in flag("all missed", "omission_rate")
    assert "one_answer" in flag("one key", "dprime")
    assert "chance" in flag("all wrong", "chance_p")
    assert "no_values" in flag("too fast", "priming", "other_250")
    assert "constant" in flag("one time", "priming", "other_250")
    assert "no_trials" in flag("no trial", "priming", "attachment")


def test_every_index_and_condition_is_described() -> None:
    table = scored(person())
    assert {name for name, _ in table} <= set(ANALYSIS.descriptions)
    assert {condition for _, condition in table} <= set(ANALYSIS.conditions)


def test_the_guide_names_every_index_and_flag_of_polysemy(repo: Path) -> None:
    guide = (repo / "docs" / "analysis.md").read_text(encoding="utf-8")
    named = set("".join(guide.split("```")[::2]).split("`")[1::2])
    assert set(ANALYSIS.flags) | set(ANALYSIS.descriptions) <= named


# -- simulated people: real design, real run, real analysis ---------------------------------------


@cache
def material_of(preset: str) -> Material:
    return prepare(Request("polysemy", "01", Path(), preset=preset)).material


def live(preset: str, number: int, reader: Reader) -> Trials:
    ready: Prepared = prepare(Request("polysemy", f"{number:03d}", Path(), preset=preset))
    lab = VirtualLab(60.0, answer=participant(ready.session, ready.material, reader).answer)
    log = MemoryLog()
    header = {
        "kind": "header",
        "t": 0.0,
        "format": 1,
        "task": "polysemy",
        "participant": f"{number:03d}",
        "session": "01",
        "run": 1,
        "preset": preset,
    }
    with Show(
        display=lab.display,
        responses=lab.responses,
        trigger=lab.trigger,
        clock=lab.clock,
        log=log,
        trials=ready.rows,
    ) as run:
        ready.task.play(run, ready.material)
    return trials_of(Log(Path("x"), [header, *log.events]))


def fast(number: int, reader: Reader) -> Trials:
    """The same without the screens: the design and the participant's answers alone."""
    ready = prepare(Request("polysemy", f"{number:03d}", Path()))
    answer = participant(ready.session, ready.material, reader).answer
    return Trials(RUN, tuple(_answered(ready, answer)))


def _answered(ready: Prepared, answer: Any) -> Iterator[Trial]:
    for row in ready.rows:
        if row.practice:
            continue
        target = next(p for p in timeline(row, ready.material, 60.0) if p.name == "target")
        press = answer(target, asdict(row))
        key, rt_s = press[0] if press else (None, None)
        side = {"f": "left", "j": "right"}.get(key or "")
        correct = None if side is None else (side == row.word_side) == row.is_word
        yield Trial(
            trial=row.trial,
            attempt=1,
            block=row.block,
            practice=False,
            stim_id=row.stim_id,
            onset_s=float(row.trial),
            rt_s=rt_s,
            response=None if side is None else "word" if side == row.word_side else "nonword",
            correct=correct,
            missed=side is None,
            excluded="",
            frames_dropped=0,
            held=False,
            design=asdict(row),
            outcome={},
        )


def test_the_short_way_scores_as_the_run_does() -> None:
    reader = Reader()
    ran = {(i.index, i.condition): i.value for i in indices(live("standard", 3, reader))}
    short = {(i.index, i.condition): i.value for i in indices(fast(3, reader))}
    # A log keeps microseconds.
    close = {k: None if v is None else pytest.approx(v, rel=1e-4, abs=1e-5) for k, v in ran.items()}
    assert short == close


TRUE = {
    ("attachment", 250): 0.03,
    ("attachment", 1000): 0.10,
    ("other", 250): 0.12,
    ("other", 1000): 0.02,
}
TRUTH = Reader(
    attachment_short=TRUE["attachment", 250],
    attachment_long=TRUE["attachment", 1000],
    other_short=TRUE["other", 250],
    other_long=TRUE["other", 1000],
)


@pytest.mark.slow
def test_known_priming_by_sense_and_soa_comes_back_over_64_people() -> None:
    people = [cells_of(fast(number, TRUTH).test, Params()) for number in range(1, 65)]
    for (sense, soa), true in TRUE.items():
        values = np.array([priming_of(table, sense, soa).value for table in people], dtype=float)
        se = values.std(ddof=1) / math.sqrt(len(values))
        # A cut of 2.5 SD on the long side of lognormal times takes a little from every effect.
        assert abs(values.mean() - true) < 3 * se + 0.003
        assert se < 0.012


@pytest.mark.slow
def test_the_standard_error_of_the_bias_covers_its_spread_over_people() -> None:
    found = [indices(fast(number, TRUTH)) for number in range(101, 165)]
    rows = [
        next(i for i in row if (i.index, i.condition) == ("attachment_bias", "all"))
        for row in found
    ]
    spread = np.std([row.value or 0 for row in rows], ddof=1)
    assert np.mean([row.se or 0 for row in rows]) == pytest.approx(spread, rel=0.3)
    true = sum((TRUE["attachment", s] - TRUE["other", s]) / 2 for s in (250, 1000))
    inside = [(r.ci_low or 0) < true < (r.ci_high or 0) for r in rows]
    assert np.mean(inside) >= 0.85


def test_masked_awareness_comes_back() -> None:
    reader = Reader(awareness_dprime=1.5)
    table = {(i.index, i.condition): i for i in indices(live("masked", 2, reader))}
    found = table["dprime", "awareness"]
    assert (found.ci_low or 9) < 1.5 < (found.ci_high or -9)
    assert "priming" in {name for name, _ in table}


def test_norms_give_each_prime_its_dominance_and_its_ratings() -> None:
    people = [live("norming", number, Reader()) for number in range(1, 9)]
    table = {row["id"]: row for row in norms(people)}
    assert len(table) == 76
    assert table["PW02"]["n"] == 8
    shares = [(row["attachment_share"], row["id"]) for row in table.values()]
    items = {item.id: item.attributes for item in material_of("norming").stimuli.items}  # type: ignore[union-attr]
    known = [(s, items[i]["usf_attach_share"]) for s, i in shares if "usf_attach_share" in items[i]]
    assert np.corrcoef(np.array(known, dtype=float).T)[0, 1] > 0.7
    related = np.mean([row["relatedness_attachment"] for row in table.values()])
    control = np.mean([row["relatedness_control"] for row in table.values()])
    assert related - control > 2.5
    found = {(i.index, i.condition): i for i in indices(people[0])}
    assert set(found) == {
        ("attachment_share", "all"),
        *(("relatedness", sense) for sense in ("attachment", "other", "control")),
    }


def noisy(bias: float, seed: int) -> Trials:
    rng = np.random.default_rng(seed)
    rows = []
    for condition in (
        "attachment_unrelated",
        "attachment_related",
        "other_unrelated",
        "other_related",
    ):
        mean = bias * (condition == "attachment_unrelated")
        for _ in range(40):
            rt_s = 0.6 * math.exp(mean + 0.15 * rng.standard_normal())
            rows.append(decision(len(rows) + 1, condition, rt_s))
    return Trials(replace(RUN, participant=f"{seed:03d}"), tuple(rows))


def bias_reliability(people: list[Trials]) -> Reliability:
    found = reliability(people, {"polysemy": Params()}, n_splits=100)
    return next(row for row in found if row.index == "attachment_bias")


def test_a_bias_that_differs_between_people_is_reliable_and_one_that_does_not_is_not() -> None:
    rng = np.random.default_rng(4)
    biases = 0.1 * rng.standard_normal(60)
    same = bias_reliability([noisy(0.1, k) for k in range(60)])
    differing = bias_reliability([noisy(float(b), k) for k, b in enumerate(biases)])
    expected = 0.1**2 / (0.1**2 + 4 * 0.15**2 / 40)
    assert differing.sb_median == pytest.approx(expected, abs=0.12)
    assert abs(same.sb_median) < 0.35
    assert differing.sb_low < differing.sb_median < differing.sb_high
    assert bias_reliability([noisy(0, 1)]).flag == ("few_people",)


def whole_person(seed: int = 7) -> list[Trial]:
    """Two dozen answers a cell with errors, misses and slow ones."""
    rng = np.random.default_rng(seed)
    rows: list[Trial] = []
    for soa_s in (0.25, 1.0):
        for condition in (*CELLS, "nonword"):
            for _ in range(24):
                rt_s = float(rng.normal(0.45, 0.05) + rng.exponential(0.12))
                rows.append(
                    decision(
                        len(rows) + 1,
                        condition,
                        None if rng.random() < 0.02 else rt_s,
                        soa_s=soa_s,
                        correct=bool(rng.random() > 0.06),
                        word_side="left",
                    )
                )
    return rows


DISTRIBUTIONS = ("lisas", "bis", "ez_", "ex_")


def of_distributions(trials: Trials) -> list[dict[str, Any]]:
    return [asdict(i) for i in indices(trials) if i.index.startswith(DISTRIBUTIONS)]


def test_neither_the_order_of_rows_nor_the_side_of_a_key_nor_a_name_changes_a_distribution() -> (
    None
):
    rows = whole_person()
    known = of_distributions(Trials(RUN, tuple(rows)))
    assert len(known) > 50
    order = np.random.default_rng(1).permutation(len(rows))
    turned = [
        replace(rows[k], trial=n, design={**rows[k].design, "word_side": "right"})
        for n, k in enumerate(order, start=1)
    ]
    for label in ("NA", "007", "1e5"):
        found = of_distributions(Trials(replace(RUN, participant=label), tuple(turned)))
        for one, other in zip(found, known, strict=True):
            numbers = ("value", "se", "ci_low", "ci_high")
            assert [one[n] or 0 for n in numbers] == pytest.approx(
                [other[n] or 0 for n in numbers], rel=1e-9, abs=1e-12
            )
            assert {**one, **dict.fromkeys(numbers)} == {
                **other,
                **dict.fromkeys(numbers),
                "participant": label,
            }


def test_every_new_score_of_a_whole_person_has_its_interval_but_bis() -> None:
    for row in of_distributions(Trials(RUN, tuple(whole_person()))):
        assert row["value"] is not None
        if row["index"].startswith("bis"):
            assert (row["ci_low"], row["ci_method"]) == (None, "none")
        else:
            assert row["ci_low"] < row["value"] < row["ci_high"]


def test_relatedness_of_primes_shows_where_it_was_put_in() -> None:
    rows = [
        replace(row, rt_s=row.rt_s + 0.1)
        if row.rt_s and str(row.design["condition"]).endswith("_unrelated")
        else row
        for row in whole_person()
    ]
    table = scored(rows)
    later = [
        (table[name, "unrelated"].value or 0) - (table[name, "related"].value or 0)
        for name in ("ez_ter", "ez_ter_robust", "ex_mu")
    ]
    assert later == pytest.approx([0.1] * 3, abs=0.04)


def test_few_right_answers_and_times_all_alike_have_their_reasons() -> None:
    few = scored([decision(k, "control", 0.5 + 0.01 * k) for k in range(9)])
    assert few["ez_v", "all"].flag == few["ez_ter_robust", "all"].flag == ("few_correct",)
    assert few["ex_tau", "all"].flag == ("few_times",)
    assert few["bis", "control_250"].flag == ("few_cells",)
    same = scored([decision(k, "control", 0.5) for k in range(30)])
    assert same["ez_a", "all"].flag == same["ex_mu", "all"].flag == ("no_spread",)
    assert same["ez_v", "related"].flag == ("few_correct",)
