"""What is seen without a model: shares, five choices, waits, catch trials, sides and times."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from analysis.discounting.offers import (
    EASY,
    SIZES,
    answered_of,
    censored,
    chose_later,
)
from analysis.indices import MISSED_LIMIT, Index, index_of
from analysis.indifference import (
    five_trial_k,
)
from analysis.intervals import Estimate, mean_t, median_order, proportion, undefined
from analysis.read import Run, Trial, number


def share_rows(run: Run, offers: Sequence[Trial]) -> list[Index]:
    """Share of later choices: of all, by size, by what the offer was calibrated to."""
    groups: dict[str, tuple[list[Trial], str]] = {"all": (list(offers), "no_trials")}
    for size in SIZES:
        found = [t for t in offers if t.design.get("magnitude") == size]
        groups[size] = (found, "not_this_method")
    for kind in (*EASY, "near"):
        found = [t for t in offers if t.design.get("condition") == kind]
        groups[kind] = (found, "not_this_method")
    rows = []
    for condition, (group, none) in groups.items():
        answered = answered_of(group)
        share = proportion(sum(map(chose_later, answered)), len(answered))
        rows.append(
            index_of(
                run,
                "later_share",
                share.flagged(*censored(answered)) if group else undefined(none),
                condition=condition,
                unit="proportion",
                n=(len(answered), len(group)),
                method="later/answered; practice and catch trials out",
            )
        )
    return rows


def five_trial_rows(run: Run, offers: Sequence[Trial]) -> list[Index]:
    """The rate after five choices."""
    wanted = [trial for trial in offers if trial.design.get("method") == "five_trial"]
    answers = [chose_later(trial) for trial in answered_of(wanted)]
    n = (len(answers), len(wanted))
    if len(answers) == 5:
        k = five_trial_k(answers)
        flags = ("censored",) if len(set(answers)) == 1 else ()
        rate, log_rate = Estimate(k, flags=flags), Estimate(math.log(k), flags=flags)
    else:
        rate = log_rate = undefined("missing_items" if wanted else "not_this_method")
    rule = "1/ED50; geometric mean of 1/delay of the last delay and its neighbour"
    return [
        index_of(run, "five_trial_k", rate, unit="1/day", n=n, method=rule),
        index_of(run, "five_trial_ln_k", log_rate, unit="ln(1/day)", n=n, method=rule),
    ]


def wait_rows(run: Run, offers: Sequence[Trial]) -> list[Index]:
    """The choices whose waits really pass."""
    wanted = [trial for trial in offers if trial.design.get("method") == "experiential"]
    answered = answered_of(wanted)
    n = (len(answered), len(wanted))
    none = "no_answers" if wanted else "not_this_method"
    sooner = sum(not chose_later(trial) for trial in answered)
    totals = [number(trial.outcome.get("points")) for trial in answered]
    total = Estimate(totals[-1]) if totals and totals[-1] is not None else undefined(none)
    return [
        index_of(
            run,
            "impulsive_share",
            proportion(sooner, len(answered)) if wanted else undefined(none),
            unit="proportion",
            n=n,
            method="short waits/answered; practice out",
        ),
        index_of(run, "points", total, unit="points", n=n, method="points at the last choice"),
    ]


def catch_rows(run: Run, shown: Sequence[Trial]) -> list[Index]:
    """Sensible answers to catch trials, and easy choices answered as expected."""
    wanted = [t for t in shown if str(t.design.get("condition")).startswith("catch")]
    easy = [t for t in shown if t.design.get("condition") in EASY]
    rows = []
    for name, group, right, method in (
        (
            "catch_correct",
            wanted,
            [t.correct is True for t in answered_of(wanted)],
            "sensible/answered choices of which one is better in every respect",
        ),
        (
            "easy_expected",
            easy,
            [f"easy_{t.response}" == t.design["condition"] for t in answered_of(easy)],
            "answers that the calibration expects / answered easy choices",
        ),
    ):
        share = proportion(sum(right), len(right)) if group else undefined("not_shown")
        flags = ("lapses",) if right and sum(right) < len(right) and group is wanted else ()
        rows.append(
            index_of(
                run,
                name,
                share.flagged(*flags),
                unit="proportion",
                n=(len(right), len(group)),
                method=method,
            )
        )
    return rows


# -- how it was answered ---------------------------------------------------------------------------


def answering_rows(run: Run, shown: Sequence[Trial], offers: Sequence[Trial]) -> list[Index]:
    """Sides, times and missed trials."""
    missed = sum(trial.missed for trial in shown)
    many = ("many_missed",) if missed > MISSED_LIMIT * len(shown) else ()
    placed = [t.outcome.get("position") for t in answered_of(shown)]
    left = proportion(placed.count("left"), len(placed))
    one_side = ("one_side",) if len(placed) > 1 and len(set(placed)) == 1 else ()
    rt = [t.rt_s for t in answered_of(offers) if t.rt_s is not None and t.rt_s > 0]
    n, n_rt = (len(shown), len(shown)), (len(rt), len(offers))
    none = undefined("no_trials")
    return [
        index_of(
            run,
            "left_share",
            left.flagged(*one_side) if shown else none,
            unit="proportion",
            n=(len(placed), len(shown)),
            method="choices of the option on the left / answered",
        ),
        index_of(
            run,
            "rt_median",
            median_order(rt) if offers else none,
            unit="s",
            n=n_rt,
            method="median; untrimmed; practice and catch trials out",
        ),
        index_of(
            run,
            "rt_log_mean",
            mean_t(np.log(rt)) if rt else undefined("no_values") if offers else none,
            unit="ln s",
            n=n_rt,
            method="mean of ln RT; untrimmed; practice and catch trials out",
        ),
        index_of(
            run,
            "n_missed",
            Estimate(missed) if shown else none,
            unit="trials",
            n=n,
            method="trials without an answer in time; practice out",
        ),
        index_of(
            run,
            "omission_rate",
            proportion(missed, len(shown)).flagged(*many) if shown else none,
            unit="proportion",
            n=n,
            method=f"missed/trials; flagged above {MISSED_LIMIT:g}",
        ),
    ]
