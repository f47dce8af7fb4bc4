"""Eyes: how well mental-state words are matched to pictures of eyes, and how that was answered.

Baron-Cohen et al. (2001), J Child Psychol Psychiatry 42:241. The score is called what it measures,
matching a word to a pair of eyes; vocabulary enters into it and should be recorded beside it.
"""

from __future__ import annotations

import csv
import errno
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import chdtrc

from analysis.indices import CHANCE_ALPHA, MISSED_LIMIT, Analysis, Index, index_of
from analysis.intervals import (
    Estimate,
    binomial_p,
    mean_t,
    median_order,
    normal,
    proportion,
    undefined,
)
from analysis.logistic import ability, ridge_logistic
from analysis.read import Run, Trial, Trials, number
from analysis.scoring import score_table
from mbtexp.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

POSITIONS = ("tl", "tr", "bl", "br")


@dataclass(frozen=True)
class Params:
    """What the scoring may be told beyond the log."""

    word_valence: Mapping[str, float] = field(default_factory=dict)
    """Valence of the answer words from norms (``read_word_valence``), for the errors' direction."""


@dataclass(frozen=True)
class _Judgement:
    """The test trials of one judgement, sorted by what became of them."""

    trials: tuple[Trial, ...]
    answered: tuple[Trial, ...]
    correct: tuple[Trial, ...]
    guessing: float | None
    """Chance of a right answer without looking; None if the number of words varies."""

    @property
    def n(self) -> int:
        return len(self.trials)


def _judgement(trials: Sequence[Trial]) -> _Judgement:
    answered = tuple(trial for trial in trials if trial.correct is not None)
    options = {len(_words(trial)) for trial in answered}
    return _Judgement(
        trials=tuple(trials),
        answered=answered,
        correct=tuple(trial for trial in answered if trial.correct),
        guessing=1 / options.pop() if len(options) == 1 and 0 not in options else None,
    )


def _words(trial: Trial) -> dict[str, str]:
    """The words that were shown, by their position."""
    shown = {place: trial.design.get(f"word_{place}") for place in POSITIONS}
    return {place: word for place, word in shown.items() if word is not None}


def _is_mental(trial: Trial) -> bool:
    return trial.design.get("condition") in (None, "mental")


def indices(trials: Trials, params: Params | None = None) -> list[Index]:
    """All indices of one run, always the same rows in the same order; practice is left out."""
    settings = params or Params()
    test = sorted(trials.test, key=lambda trial: trial.trial)
    mental = _judgement([trial for trial in test if _is_mental(trial)])
    control = _judgement([trial for trial in test if not _is_mental(trial)])
    return [
        *_accuracy(trials.run, mental),
        *_omissions(trials.run, mental),
        *_by_valence(trials.run, mental),
        *_by_group(trials.run, mental),
        *_ability(trials.run, mental),
        *_times(trials.run, mental, control),
        *_lookups(trials.run, mental),
        *_positions(trials.run, mental),
        *_errors(trials.run, mental, settings.word_valence),
        *_control(trials.run, mental, control),
    ]


# -- how much was right ------------------------------------------------------------------------


def _accuracy(run: Run, mental: _Judgement) -> list[Index]:
    flags = (*_chance_flag(mental), *_missed_flag(mental), *_style_flag(mental))
    share = proportion(len(mental.correct), len(mental.answered)).flagged(*flags)
    n = (len(mental.answered), mental.n)
    p = _chance_p(mental)
    guessed = undefined(_no_chance(mental)) if p is None else Estimate(p)
    return [
        index_of(
            run,
            "total",
            share.scaled(max(1, len(mental.answered))),
            unit="items",
            method="count correct; practice out; missed are no errors",
            n=n,
        ),
        index_of(
            run,
            "accuracy",
            share,
            unit="proportion",
            method="correct/answered; practice out",
            n=n,
        ),
        index_of(
            run,
            "chance_p",
            guessed.flagged(*_chance_flag(mental)),
            unit="probability",
            method="exact binomial, P(this many or more); chance=1/words",
            n=n,
        ),
    ]


def _chance_p(judgement: _Judgement) -> float | None:
    if not judgement.answered or judgement.guessing is None:
        return None
    return binomial_p(len(judgement.correct), len(judgement.answered), judgement.guessing)


def _no_chance(judgement: _Judgement) -> str:
    return "mixed_options" if judgement.answered else "no_answers"


def _chance_flag(judgement: _Judgement) -> tuple[str, ...]:
    p = _chance_p(judgement)
    return ("chance",) if p is not None and p >= CHANCE_ALPHA else ()


def _missed_flag(judgement: _Judgement) -> tuple[str, ...]:
    missed = sum(trial.missed for trial in judgement.trials)
    return ("many_missed",) if missed > MISSED_LIMIT * judgement.n else ()


def _style_flag(judgement: _Judgement) -> tuple[str, ...]:
    chosen = _chosen(judgement)
    return ("one_position",) if len(chosen) > 1 and len(set(chosen)) == 1 else ()


def _omissions(run: Run, mental: _Judgement) -> list[Index]:
    missed = sum(trial.missed for trial in mental.trials)
    n = (mental.n, mental.n)
    none = undefined("no_trials")
    return [
        index_of(
            run,
            "n_missed",
            Estimate(missed) if mental.n else none,
            unit="trials",
            method="trials without an answer in time; practice out",
            n=n,
        ),
        index_of(
            run,
            "omission_rate",
            proportion(missed, mental.n).flagged(*_missed_flag(mental)) if mental.n else none,
            unit="proportion",
            method=f"missed/trials; flagged above {MISSED_LIMIT:g}",
            n=n,
        ),
    ]


# -- what it depends on ------------------------------------------------------------------------


def _by_valence(run: Run, mental: _Judgement) -> list[Index]:
    used = [trial for trial in mental.answered if _item(trial, "valence") is not None]
    slope, curvature = _valence_curve(mental, used)
    common: dict[str, Any] = {
        "unit": "logit per SD",
        "n": (len(used), mental.n),
        "method": "logistic: logit P = a + b z + c z^2; z = valence standardised over the run's "
        "items; priors a flat, b, c N(0,1)",
    }
    rows = [
        index_of(run, "valence_slope", slope, **common),
        index_of(run, "valence_curvature", curvature, **{**common, "unit": "logit per SD^2"}),
    ]
    for name in ("negative", "neutral", "positive"):
        group = _judgement(
            [trial for trial in mental.trials if trial.design.get("valence_class") == name]
        )
        rows.append(_share(run, "accuracy", name, group, "no_valence_class", "provisional"))
    return rows


def _item(trial: Trial, norm: str) -> float | None:
    return number(trial.design.get(norm))


def _valence_curve(mental: _Judgement, used: Sequence[Trial]) -> tuple[Estimate, Estimate]:
    reason = _no_curve(mental, used)
    if reason:
        return undefined(reason), undefined(reason)
    items = np.array([v for t in mental.trials if (v := _item(t, "valence")) is not None])
    shown = np.array([_item(trial, "valence") for trial in used], dtype=float)
    z = (shown - items.mean()) / items.std()
    fit = ridge_logistic(
        np.column_stack([np.ones_like(z), z, z**2]),
        np.array([bool(trial.correct) for trial in used]),
        np.array([math.inf, 1.0, 1.0]),
    )
    sd = np.sqrt(np.diag(fit.covariance))
    partial = ("partial_norms",) if len(used) < len(mental.answered) else ()
    slope, curvature = (
        normal(float(fit.coefficients[k]), float(sd[k]), "laplace").flagged(*partial)
        for k in (1, 2)
    )
    return slope, curvature


def _no_curve(mental: _Judgement, used: Sequence[Trial]) -> str | None:
    """Why there is no curve of accuracy on valence, if there is none."""
    if not mental.answered:
        return "no_answers"
    if not used:
        return "no_item_valence"
    if len({_item(trial, "valence") for trial in used}) < 3:
        return "few_valences"
    right = sum(trial.correct is True for trial in used)
    if right in (0, len(used)):
        return "all_correct" if right else "all_wrong"
    return None


def _by_group(run: Run, mental: _Judgement) -> list[Index]:
    rows = []
    for sex in ("female", "male"):
        group = _judgement([trial for trial in mental.trials if _sex(trial) == sex])
        rows.append(_share(run, "accuracy", f"{sex}_face", group, "no_face_sex"))
    for form in ("A", "B"):
        group = _judgement([trial for trial in mental.trials if trial.design.get("form") == form])
        rows.append(_share(run, "accuracy", f"form_{form}", group, "form_not_shown"))
    return rows


def _sex(trial: Trial) -> str | None:
    said = str(trial.design.get("sex") or "").lower()
    return {"f": "female", "female": "female", "m": "male", "male": "male"}.get(said)


def _share(run: Run, name: str, condition: str, group: _Judgement, none: str, *flags: str) -> Index:
    """Accuracy in a part of the trials; ``none`` is the reason when the run has no such part."""
    estimate = proportion(len(group.correct), len(group.answered)) if group.n else undefined(none)
    return index_of(
        run,
        name,
        estimate.flagged(*(flags if group.n else ())),
        condition=condition,
        unit="proportion",
        n=(len(group.answered), group.n),
        method="correct/answered; practice out",
    )


def _ability(run: Run, mental: _Judgement) -> list[Index]:
    used = [trial for trial in mental.answered if _item(trial, "difficulty") is not None]
    return [
        index_of(
            run,
            "theta",
            _theta(mental, used),
            unit="logit",
            n=(len(used), mental.n),
            method="MAP, Rasch with guessing c=1/words, given difficulties, prior N(0,1)",
        )
    ]


def _theta(mental: _Judgement, used: Sequence[Trial]) -> Estimate:
    if not mental.answered:
        return undefined("no_answers")
    if not used:
        return undefined("no_item_difficulty")
    if mental.guessing is None:
        return undefined("mixed_options")
    found = ability(
        np.array([[float(bool(trial.correct)) for trial in used]]),
        np.array([_item(trial, "difficulty") for trial in used], dtype=float),
        mental.guessing,
    )
    mode, sd, low, high = (float(part[0]) for part in (found.mode, found.sd, found.low, found.high))
    partial = ("partial_norms",) if len(used) < len(mental.answered) else ()
    return Estimate(mode, sd, low, high, "posterior", partial)


# -- how fast, and with what help --------------------------------------------------------------


def _times(run: Run, mental: _Judgement, control: _Judgement) -> list[Index]:
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


def _efficiency(run: Run, mental: _Judgement) -> Index:
    timed = [trial for trial in mental.answered if trial.rt_s is not None and trial.rt_s > 0]
    minutes = sum(_rts(timed)) / 60
    right = sum(trial.correct is True for trial in timed)
    estimate = Estimate(right / minutes) if timed else undefined("no_values")
    return index_of(
        run,
        "efficiency",
        estimate.flagged(*_missed_flag(mental)),
        unit="correct per minute",
        n=(len(timed), mental.n),
        method="correct / summed RT of answered trials; time in the glossary out",
    )


def _lookups(run: Run, mental: _Judgement) -> list[Index]:
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


# -- how it was answered -----------------------------------------------------------------------


def _chosen(judgement: _Judgement) -> list[str]:
    places = [trial.outcome.get("position") for trial in judgement.answered]
    return [place for place in places if place in POSITIONS]


def _positions(run: Run, mental: _Judgement) -> list[Index]:
    chosen = _chosen(mental)
    n = (len(chosen), mental.n)
    chi2, p = _uniform(mental, chosen)
    style = _style_flag(mental)
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


def _uniform(mental: _Judgement, chosen: Sequence[str]) -> tuple[Estimate, Estimate]:
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


def _position_bias(run: Run, mental: _Judgement, style: tuple[str, ...]) -> list[Index]:
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
    return next((place for place, word in _words(trial).items() if word == target), None)


def _errors(run: Run, mental: _Judgement, valence: Mapping[str, float]) -> list[Index]:
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
    pairs = [(_plain(trial.response), _plain(trial.design.get("target"))) for trial in wrong]
    return [valence[a] - valence[b] for a, b in pairs if a in valence and b in valence]


def _no_shift(
    mental: _Judgement,
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


def _plain(word: object) -> str:
    return str(word).strip().casefold()


# -- the control judgement ---------------------------------------------------------------------


def _control(run: Run, mental: _Judgement, control: _Judgement) -> list[Index]:
    p = _chance_p(control)
    accuracy = _share(run, "accuracy", "control", control, "no_control", *_chance_flag(control))
    none = _no_chance(control) if control.n else "no_control"
    return [
        accuracy,
        index_of(
            run,
            "chance_p",
            undefined(none) if p is None else Estimate(p, flags=_chance_flag(control)),
            condition="control",
            unit="probability",
            n=(len(control.answered), control.n),
            method="exact binomial, P(this many or more); chance=1/words",
        ),
        index_of(
            run,
            "mental_minus_control",
            _mental_minus_control(mental, control),
            unit="logit",
            n=(len(mental.answered) + len(control.answered), mental.n + control.n),
            method="ln((c+.5)/(n-c+.5)), mental - control; SE^2 = sum 1/(c+.5) + 1/(n-c+.5)",
        ),
    ]


def _mental_minus_control(mental: _Judgement, control: _Judgement) -> Estimate:
    if not control.n:
        return undefined("no_control")
    if not mental.answered or not control.answered:
        return undefined("no_answers")
    theta, variance = [], 0.0
    for judgement in (mental, control):
        right = len(judgement.correct) + 0.5
        wrong = len(judgement.answered) - len(judgement.correct) + 0.5
        theta.append(math.log(right / wrong))
        variance += 1 / right + 1 / wrong
    return normal(theta[0] - theta[1], math.sqrt(variance), "wald")


# -- norms -------------------------------------------------------------------------------------


def read_word_valence(path: Path) -> dict[str, float]:
    """Valence by word from a table with the columns ``word`` and ``valence`` (CSV or TSV).

    Raises
    ------
    DataError
        The file is missing, lacks a column, or holds something that is no number.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(f"{path}: this is not a text in UTF-8; save it as CSV UTF-8.") from None
    except OSError as error:
        raise DataError(f"{path}: {os.strerror(error.errno or errno.EIO)}.") from None
    lines = text.splitlines()
    delimiter = "\t" if lines and "\t" in lines[0] else ","
    table = csv.DictReader(lines, delimiter=delimiter)
    if not {"word", "valence"} <= set(table.fieldnames or ()):
        raise DataError(f"{path}: the first line must name the columns 'word' and 'valence'.")
    return {_plain(row["word"]): _valence(row["valence"], path, table.line_num) for row in table}


def _valence(text: str | None, path: Path, line: int) -> float:
    try:
        value = float(text or "")
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise DataError(f"{path}: line {line}: valence is {text!r}; it must be a number like -1.5.")
    return value


# -- what it all means -------------------------------------------------------------------------

DESCRIPTIONS = {
    "total": "Right answers, as a count; practice is left out (Baron-Cohen 2001).",
    "accuracy": "Right answers divided by answered trials.",
    "chance_p": "Exact probability of this many right answers or more by guessing.",
    "n_missed": "Trials without an answer in time; they are no errors.",
    "omission_rate": "Missed trials divided by all.",
    "valence_slope": "Change of the logit of accuracy per SD of item valence (Hudson 2020).",
    "valence_curvature": "Bend of that curve; positive: extreme items are easier (Hudson 2020).",
    "theta": "Ability under a Rasch model with guessing, from given item difficulties.",
    "rt_median": "Median response time.",
    "rt_log_mean": "Mean of the natural logarithm of the response time in seconds.",
    "efficiency": "Right answers per minute of response time.",
    "lookups": "Words looked up in the glossary.",
    "lookup_time": "Time spent in the glossary.",
    "position_chi2": "Chi-squared of the chosen positions against equal shares.",
    "position_p": "Probability of such a chi-squared or more if all positions were chosen alike.",
    "position_bias": "Share of choices at a position less the share of right words there.",
    "error_distance": "Mean distance in valence between the chosen and the right word, in errors.",
    "error_shift": "Mean signed difference in valence, in errors; negative: too negative words.",
    "mental_minus_control": "Logit of accuracy, mental-state less control judgement.",
}

CONDITIONS = {
    "all": "trials of the mental-state judgement",
    "correct": "of these, the ones answered rightly",
    "negative": "items classed as negative",
    "neutral": "items classed as neutral",
    "positive": "items classed as positive",
    "female_face": "items that show a woman",
    "male_face": "items that show a man",
    "form_A": "items of form A",
    "form_B": "items of form B",
    "control": "trials of the control judgement (age or sex of the same eyes)",
    "tl": "the position top left",
    "tr": "the position top right",
    "bl": "the position bottom left",
    "br": "the position bottom right",
}

FLAGS = {
    "chance": f"guessing gives such a score with a probability of {CHANCE_ALPHA:g} or more",
    "many_missed": f"more than {MISSED_LIMIT:.0%} of the trials were missed".replace("%", " %"),
    "one_position": "every answer was at the same position",
    "provisional": "the classes of item valence are not confirmed by an open source",
    "partial_norms": "some answered items have no norm and were left out",
    "small_expected": "fewer than 5 choices expected a position; the chi-squared is rough",
    "no_trials": "undefined: the run has no complete test trial of the mental-state judgement",
    "no_item_valence": "undefined: the items come without valence norms",
    "no_valence_class": "undefined: no item of the run is in this class of valence",
    "few_valences": "undefined: fewer than three different valences among the answered items",
    "no_item_difficulty": "undefined: the items come without difficulties",
    "no_word_valence": "undefined: no valence norms for the chosen and right words were given",
    "no_face_sex": "undefined: no item of the run shows a face of this sex",
    "form_not_shown": "undefined: the run has no item of this form",
    "no_control": "undefined: the run has no control judgement",
    "all_correct": "undefined: every answer is right",
    "all_wrong": "undefined: every answer is wrong",
    "mixed_options": "undefined: the number of words is not the same, and not four, in all trials",
}

ANALYSIS = Analysis(
    task="eyes",
    indices=indices,
    params=Params(),
    descriptions=DESCRIPTIONS,
    conditions=CONDITIONS,
    flags=FLAGS,
)


def score(trials: pd.DataFrame, params: Params | None = None) -> pd.DataFrame:
    """Indices of every run in a plain table of trials, in the columns of ``indices.tsv``.

    Parameters
    ----------
    trials
        A row a trial, as in ``trials_eyes.tsv`` or made by hand; NaN where something is missing.
        Needed are ``participant`` and ``correct`` (NaN: no answer). Used where they are there:
        ``session``, ``run``, ``trial``, ``practice``, ``response``, ``rt_s``, ``condition``
        (``mental`` unless told), ``target`` with the four words ``word_tl`` ... ``word_br`` and the
        ``position`` of the answer, ``valence``, ``valence_class``, ``difficulty``, ``sex``,
        ``form``, ``lookups`` (words, with ``|`` between them) and ``lookup_s``.
    params
        Settings.
    """
    return score_table(trials, ANALYSIS, params, needed=("correct",))
