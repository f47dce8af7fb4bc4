"""How the Eyes test was answered: times, help, positions, and the direction of errors."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.special import chdtrc

from analysis.eyes.judgement import (
    POSITIONS,
    Judgement,
    chosen_positions,
    missed_flag,
    style_flag,
    words_of,
)
from analysis.eyes.norms import plain_word
from analysis.indices import Index, index_of
from analysis.intervals import (
    Estimate,
    mean_t,
    median_order,
    undefined,
)
from analysis.read import Run, Trial, number


def time_rows(run: Run, mental: Judgement, control: Judgement) -> list[Index]:
    """Response times of right answers, of all, and of the control judgement."""
    groups = (
        ("correct", mental.correct, mental.n),
        ("all", mental.answered, mental.n),
        ("control", control.answered, control.n),
    )
    rows = []
    for condition, trials, n_total in groups:
        rt = _rts(trials)
        common: dict[str, Any] = {
            "condition": condition,
            "n": (len(rt), n_total),
        }
        reason = "no_control" if condition == "control" and not n_total else "no_values"
        median = median_order(rt) if rt else undefined(reason)
        log_mean = mean_t(np.log(rt)) if rt else undefined(reason)
        rule = "time in the glossary out; untrimmed"
        rows += [
            index_of(run, "rt_median", median, unit="s", method=f"median; {rule}", **common),
            index_of(
                run, "rt_log_mean", log_mean, unit="ln s", method=f"mean of ln RT; {rule}", **common
            ),
        ]
    return [*rows, _efficiency(run, mental)]


def _rts(trials: Sequence[Trial]) -> list[float]:
    return [trial.rt_s for trial in trials if trial.rt_s is not None and trial.rt_s > 0]


def _efficiency(run: Run, mental: Judgement) -> Index:
    timed = [trial for trial in mental.answered if trial.rt_s is not None and trial.rt_s > 0]
    minutes = sum(_rts(timed)) / 60
    right = sum(trial.correct is True for trial in timed)
    estimate = Estimate(right / minutes) if timed else undefined("no_values")
    return index_of(
        run,
        "efficiency",
        estimate.flagged(*missed_flag(mental)),
        unit="correct per minute",
        n=(len(timed), mental.n),
        method="correct / summed RT of answered trials; time in the glossary out",
    )


def lookup_rows(run: Run, mental: Judgement) -> list[Index]:
    """Words looked up in the glossary, and the time that took."""
    n = (mental.n, mental.n)
    words = sum(len(trial.outcome.get("lookups") or ()) for trial in mental.trials)
    time_s = math.fsum(number(trial.outcome.get("lookup_s")) or 0.0 for trial in mental.trials)
    none = undefined("no_trials")
    return [
        index_of(
            run,
            "lookups",
            Estimate(words) if mental.n else none,
            unit="words",
            method="words looked up in the glossary; practice out",
            n=n,
        ),
        index_of(
            run,
            "lookup_time",
            Estimate(time_s) if mental.n else none,
            unit="s",
            method="summed time in the glossary; practice out",
            n=n,
        ),
    ]


def position_rows(run: Run, mental: Judgement) -> list[Index]:
    """Whether all positions were chosen alike."""
    chosen = chosen_positions(mental)
    n = (len(chosen), mental.n)
    chi2, p = _uniform(mental, chosen)
    style = style_flag(mental)
    return [
        index_of(
            run,
            "position_chi2",
            chi2.flagged(*style),
            unit="chi2",
            method="choices by position against equal shares, df=3",
            n=n,
        ),
        index_of(
            run,
            "position_p",
            p,
            unit="probability",
            method="chi2 distribution, df=3",
            n=n,
        ),
        *_position_bias(run, mental, style),
    ]


def _uniform(mental: Judgement, chosen: Sequence[str]) -> tuple[Estimate, Estimate]:
    if not chosen:
        reason = "no_values" if mental.answered else "no_answers"
        return undefined(reason), undefined(reason)
    if mental.guessing != 1 / len(POSITIONS):
        return undefined("mixed_options"), undefined("mixed_options")
    expected = len(chosen) / len(POSITIONS)
    chi2 = sum((chosen.count(place) - expected) ** 2 / expected for place in POSITIONS)
    small = ("small_expected",) if expected < 5 else ()
    return Estimate(chi2, flags=small), Estimate(
        float(chdtrc(len(POSITIONS) - 1, chi2)), flags=small
    )


def _position_bias(run: Run, mental: Judgement, style: tuple[str, ...]) -> list[Index]:
    """Each position's share among the choices, less the share of right words that stood there."""
    known = [
        (trial.outcome["position"], place)
        for trial in mental.answered
        if trial.outcome.get("position") in POSITIONS and (place := _target_place(trial))
    ]
    rows = []
    for position in POSITIONS:
        excess = [float(chosen == position) - float(key == position) for chosen, key in known]
        reason = "no_values" if mental.answered else "no_answers"
        estimate = _excess(excess).flagged(*style) if excess else undefined(reason)
        rows.append(
            index_of(
                run,
                "position_bias",
                estimate,
                condition=position,
                unit="proportion",
                n=(len(excess), mental.n),
                method="share of choices - share of right words at the position",
            )
        )
    return rows


def _excess(excess: Sequence[float]) -> Estimate:
    """A mean difference of paired 0/1 marks; one that never differs is a bias of 0 exactly."""
    return mean_t(excess) if any(excess) else Estimate(0.0)


def _target_place(trial: Trial) -> str | None:
    target = trial.design.get("target")
    return next((place for place, word in words_of(trial).items() if word == target), None)


def error_rows(run: Run, mental: Judgement, valence: Mapping[str, float]) -> list[Index]:
    """How far in valence the chosen words were from the right ones."""
    wrong = [trial for trial in mental.answered if not trial.correct]
    shifts = _valence_shifts(wrong, valence)
    reason = _no_shift(mental, wrong, shifts, valence)
    common: dict[str, Any] = {
        "unit": "valence",
        "n": (len(shifts), mental.n),
    }
    distance = undefined(reason) if reason else mean_t([abs(shift) for shift in shifts])
    shift = undefined(reason) if reason else mean_t(shifts)
    return [
        index_of(
            run,
            "error_distance",
            distance,
            method="errors: mean |valence of chosen - valence of right word|",
            **common,
        ),
        index_of(
            run,
            "error_shift",
            shift,
            method="errors: mean (valence of chosen - valence of right word)",
            **common,
        ),
    ]


def _valence_shifts(wrong: Sequence[Trial], valence: Mapping[str, float]) -> list[float]:
    pairs = [
        (plain_word(trial.response), plain_word(trial.design.get("target"))) for trial in wrong
    ]
    return [valence[a] - valence[b] for a, b in pairs if a in valence and b in valence]


def _no_shift(
    mental: Judgement,
    wrong: Sequence[Trial],
    shifts: Sequence[float],
    valence: Mapping[str, float],
) -> str | None:
    if not mental.answered:
        return "no_answers"
    if not valence:
        return "no_word_valence"
    if not wrong:
        return "all_correct"
    return None if shifts else "no_word_valence"
