"""Simulated people with drawn parameters, and what each index should find in them.

A truth is *same* if the index estimates that very number, else *other*: the index should rise with
it, but on a scale of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from statistics import NormalDist, fmean, pstdev
from typing import Any

import numpy as np

from analysis.indifference import Scale, area_under_curve
from mbtexp.conduct import Prepared
from tasks.attachment.participant import Feelings, feeling
from tasks.discounting.money import read_delay
from tasks.discounting.participant import Discounter, simulated
from tasks.eyes.participant import Taker
from tasks.eyes.participant import participant as taker
from tasks.moral.participant import Judge
from tasks.moral.participant import participant as blamer
from tasks.polysemy.participant import Reader
from tasks.polysemy.participant import participant as reader
from tasks.recognition.participant import Recogniser
from tasks.recognition.participant import participant as recogniser
from tasks.trust.participant import Person
from tasks.trust.participant import participant as judge

PHI = NormalDist().cdf
ROUNDING = 1 / 12
"""Variance that rounding to whole points adds."""

LOGIT_OF_PROBIT = 1.702
"""Slope of the logistic curve that lies nearest to a normal ogive of slope 1."""


@dataclass(frozen=True)
class Truth:
    """What an index should find."""

    value: float
    same: bool = True


def other(value: float) -> Truth:
    """A parameter that the index rises with, on another scale."""
    return Truth(value, same=False)


Key = tuple[str, str]
"""Index and condition."""

Drawn = tuple[Any, Mapping[Key, Truth]]


@dataclass(frozen=True)
class Case:
    """One run whose indices are held against the parameters behind it."""

    task: str
    preset: str
    draw: Callable[[np.random.Generator, Prepared], Drawn]
    simulate: Callable[..., Any]
    changes: Mapping[str, str] = field(default_factory=dict)


def _logit(p: float) -> float:
    return math.log(p / (1 - p))


# -- eyes -----------------------------------------------------------------------------------------


def _known(person: Taker, rows: Sequence[Any]) -> list[float]:
    return [1 / (1 + math.exp((row.difficulty or 0.0) - person.ability)) for row in rows]


def eyes_person(rng: np.random.Generator, prepared: Prepared) -> Drawn:
    person = Taker(
        ability=float(rng.normal(1.0, 1.0)),
        median_rt_s=float(rng.uniform(2.0, 6.0)),
        top_bias=float(rng.uniform(0.2, 0.8)),
    )
    rows = [row for row in prepared.rows if not row.practice]
    known = _known(person, rows)
    right = sum(p + (1 - p) / 4 for p in known)
    mean_rt_s = person.median_rt_s * math.exp(person.rt_sigma**2 / 2)
    leaning = fmean(
        (1 - p) * (person.top_bias / 2 - (row.word_tl == row.target))
        for p, row in zip(known, rows, strict=True)
    )
    return person, {
        ("theta", "all"): Truth(person.ability),
        ("total", "all"): Truth(right),
        ("accuracy", "all"): Truth(right / len(rows)),
        ("rt_median", "all"): Truth(person.median_rt_s),
        ("rt_log_mean", "all"): Truth(math.log(person.median_rt_s)),
        ("efficiency", "all"): Truth(60 * right / len(rows) / mean_rt_s),
        ("position_bias", "tl"): Truth(leaning),
    }


def eyes_control(rng: np.random.Generator, prepared: Prepared) -> Drawn:
    person = Taker(
        ability=float(rng.normal(1.0, 1.0)),
        control=float(rng.uniform(0.5, 0.98)),
        omission=float(rng.uniform(0.0, 0.2)),
    )
    rows = [row for row in prepared.rows if not row.practice]
    mental = [row for row in rows if row.condition == "mental"]
    right = fmean(p + (1 - p) / 4 for p in _known(person, mental))
    control = person.control + (1 - person.control) / 2
    return person, {
        ("accuracy", "control"): Truth(control),
        ("mental_minus_control", "all"): Truth(_logit(right) - _logit(control)),
        ("omission_rate", "all"): Truth(person.omission),
    }


# -- trust ----------------------------------------------------------------------------------------


def trust_rater(rng: np.random.Generator, prepared: Prepared) -> Drawn:
    person = Person(
        bias=float(rng.normal(-0.3, 0.6)),
        slope=float(rng.uniform(0.2, 1.2)),
        noise=float(rng.uniform(0.5, 1.2)),
        age_slope=float(rng.uniform(0.05, 0.15)),
        median_rt_s=float(rng.uniform(0.6, 1.4)),
        ambiguity=float(rng.uniform(0.0, 0.25)),
        omission=float(rng.uniform(0.0, 0.1)),
    )
    shown = [row for row in prepared.rows if not row.practice and row.judgement == "trust"]
    norms = [row.trust - 4 for row in shown if not row.repeat]
    mean, spread = fmean(norms), pstdev(norms)
    signal = (person.slope * spread) ** 2
    total = signal + person.noise**2 + ROUNDING
    level = person.bias + person.slope * mean
    speed = fmean(-person.ambiguity * (abs(row.trust - 4) - 1) for row in shown)
    return person, {
        ("bias", "trust"): Truth(level - mean),
        ("mean_rating", "trust"): Truth(4 + level),
        ("intercept", "trust"): Truth(4 + level),
        ("slope", "trust"): Truth(person.slope),
        ("slope", "age"): Truth(person.age_slope),
        ("specific_bias", "trust_minus_age"): other(person.bias),
        ("agreement_r", "trust"): Truth(math.sqrt(signal / total)),
        ("agreement_rho", "trust"): other(math.sqrt(signal / total)),
        ("d_prime", "trust"): other(person.slope / person.noise),
        ("criterion", "trust"): other(-person.bias / math.sqrt(total)),
        ("consistency_r", "trust"): Truth(signal / total),
        ("consistency_distance", "trust"): other(person.noise),
        ("consistency_exact", "trust"): other(-person.noise),
        ("rating_sd", "trust"): Truth(math.sqrt(total)),
        ("endpoint_share", "trust"): other(math.sqrt(total)),
        ("entropy", "trust"): other(math.sqrt(total)),
        ("rt_median", "trust"): other(person.median_rt_s),
        ("rt_log_mean", "trust"): Truth(math.log(person.median_rt_s) + speed),
        ("rt_ambiguity", "trust"): Truth(person.ambiguity),
        ("omission_rate", "trust"): Truth(person.omission),
    }


def trust_decider(rng: np.random.Generator, prepared: Prepared) -> Drawn:
    person = Person(
        bias=float(rng.uniform(-1.0, 1.0)),
        slope=float(rng.uniform(0.5, 1.2)),
        noise=float(rng.uniform(0.6, 1.2)),
        omission=0.0,
    )
    steps = [row.trust - 4 for row in prepared.rows if not row.practice]
    high = fmean(PHI((person.bias + person.slope * x) / person.noise) for x in steps)
    steep = person.slope / person.noise
    return person, {
        ("pse", "trust"): Truth(4 - person.bias / person.slope),
        ("psychometric_slope", "trust"): Truth(LOGIT_OF_PROBIT * steep),
        ("jnd", "trust"): Truth(math.log(3) / (LOGIT_OF_PROBIT * steep)),
        ("high_share", "trust"): Truth(high),
    }


# -- discounting ----------------------------------------------------------------------------------


def _discounter(rng: np.random.Generator) -> Discounter:
    return Discounter(
        float(rng.normal(-4.5, 1.5)),
        beta=math.exp(float(rng.normal(math.log(12.0), 0.4))),
        median_rt_s=float(rng.uniform(0.8, 2.0)),
        omission=float(rng.uniform(0.0, 0.15)),
    )


def discounter(rng: np.random.Generator, prepared: Prepared, indices: Mapping[Key, str]) -> Drawn:
    """A discounter of whom each index named should find ``ln_k``, ``ln_beta`` and the like."""
    person = _discounter(rng)
    late = math.log(prepared.material.params.window_s / person.median_rt_s) / person.rt_sigma
    too_late = 1 - PHI(late)
    values = {
        "ln_k": Truth(person.ln_k),
        "less": other(-person.ln_k),
        "ln_beta": Truth(math.log(person.beta)),
        "steep": other(math.log(person.beta)),
        "rt_s": Truth(person.median_rt_s),
        "ln_rt": Truth(math.log(person.median_rt_s)),
        "omission": Truth(person.omission + (1 - person.omission) * too_late),
        "none": Truth(0.0),
    }
    return person, {key: values[name] for key, name in indices.items()}


def adjuster(rng: np.random.Generator, prepared: Prepared) -> Drawn:
    person = _discounter(rng)
    offered = {row.planned_delay for row in prepared.rows if row.method == "adjusting"}
    days = sorted(read_delay(delay).days for delay in offered)
    shares = [1 / (1 + math.exp(person.ln_k) * day) for day in days]
    scales: tuple[Scale, ...] = ("linear", "log", "rank")
    truths = {("auc", scale): Truth(area_under_curve(days, shares, scale)) for scale in scales}
    return person, {("ln_k", "all"): Truth(person.ln_k), **truths}


def waiter(rng: np.random.Generator, _prepared: Prepared) -> Drawn:
    person = Discounter(-4.5, ln_k_points=float(rng.normal(-2.0, 1.5)), omission=0.0)
    k = math.exp(person.ln_k_points)
    difference = (15 / (1 + 15 * k) - 5 / (1 + 5 * k)) / 15
    sooner = person.lapse / 2 + (1 - person.lapse) / (1 + math.exp(person.beta * difference))
    return person, {
        ("impulsive_share", "all"): Truth(sooner),
        ("points", "all"): other(-sooner),
    }


# -- polysemy -------------------------------------------------------------------------------------


def primed(rng: np.random.Generator, _prepared: Prepared) -> Drawn:
    person = Reader(
        attachment_short=float(rng.normal(0.03, 0.04)),
        attachment_long=float(rng.normal(0.06, 0.04)),
        other_short=float(rng.normal(0.08, 0.04)),
        other_long=float(rng.normal(0.02, 0.04)),
        median_rt_s=float(rng.uniform(0.5, 0.8)),
        error=float(rng.uniform(0.02, 0.15)),
        omission=float(rng.uniform(0.0, 0.06)),
    )
    short = person.attachment_short - person.other_short
    long = person.attachment_long - person.other_long
    return person, {
        ("priming", "attachment_250"): Truth(person.attachment_short),
        ("priming", "attachment_1000"): Truth(person.attachment_long),
        ("priming", "other_250"): Truth(person.other_short),
        ("priming", "other_1000"): Truth(person.other_long),
        ("priming_ms", "attachment_1000"): other(person.attachment_long * person.median_rt_s),
        ("attachment_bias", "soa_250"): Truth(short),
        ("attachment_bias", "soa_1000"): Truth(long),
        ("attachment_bias_ms", "soa_1000"): other(long * person.median_rt_s),
        ("attachment_specificity", "soa_1000"): other(person.attachment_long),
        ("accuracy", "all"): Truth(1 - person.error),
        ("dprime", "all"): Truth(2 * NormalDist().inv_cdf(1 - person.error)),
        ("omission_rate", "all"): Truth(person.omission),
        ("rt_median", "all"): other(person.median_rt_s),
        ("rt_mean", "control_1000"): other(person.median_rt_s),
    }


def masked_reader(rng: np.random.Generator, _prepared: Prepared) -> Drawn:
    person = Reader(awareness_dprime=float(rng.uniform(0.0, 2.5)))
    right = PHI(person.awareness_dprime / math.sqrt(2))
    return person, {
        ("dprime", "awareness"): Truth(person.awareness_dprime),
        ("accuracy", "awareness"): Truth(right),
    }


def associator(rng: np.random.Generator, prepared: Prepared) -> Drawn:
    """Where the list knows how often a word's attachment sense comes to mind, that is the share."""
    person = Reader(attachment_share=float(rng.uniform(0.05, 0.95)))
    asked = [row for row in prepared.rows if row.part == "association" and not row.practice]
    shares = [
        person.attachment_share if row.attachment_share is None else row.attachment_share
        for row in asked
    ]
    return person, {("attachment_share", "all"): Truth(fmean(shares))}


# -- attachment -----------------------------------------------------------------------------------


def attached(rng: np.random.Generator, prepared: Prepared) -> Drawn:
    person = Feelings(
        own=float(rng.uniform(55, 95)),
        acquainted=float(rng.uniform(15, 45)),
        friend=float(rng.uniform(35, 65)),
        unfamiliar=float(rng.uniform(10, 30)),
        d_prime=float(rng.uniform(1.5, 4.0)),
        criterion=float(rng.normal(0.0, 0.4)),
        rt_s=float(rng.uniform(0.35, 0.6)),
        own_cost=float(rng.normal(0.1, 0.1)),
        pleasure=float(rng.uniform(40, 65)),
        arousal=float(rng.uniform(40, 65)),
        habituation=float(rng.uniform(-3, 2)),
        distress=float(rng.uniform(0, 50)),
    )
    drift, slope = _course(prepared.rows, person.habituation)
    contrast = (person.own - person.acquainted) - (person.friend - person.unfamiliar)
    by_person = {
        (index, "attachment_contrast"): Truth(contrast)
        for index in (
            "person_love",
            "person_closeness",
            "person_familiarity",
            "image_valence",
            "image_arousal",
        )
    }
    return person, {
        **by_person,
        ("person_love", "own_minus_acquainted"): Truth(person.own - person.acquainted),
        ("manipulation", "all"): Truth(person.own - person.acquainted),
        ("mood_pleasure", "all"): Truth(person.pleasure + drift),
        ("mood_arousal", "all"): Truth(person.arousal + drift),
        ("mood_distress", "all"): Truth(person.distress),
        ("habituation_pleasure", "all"): Truth(slope),
        ("habituation_arousal", "all"): Truth(slope),
        ("dot_d_prime", "all"): Truth(person.d_prime),
        ("dot_criterion", "all"): Truth(person.criterion),
        ("dot_rt_median", "all"): other(person.rt_s),
        ("dot_rt_cost", "own_minus_others"): Truth(person.own_cost),
    }


def _course(rows: Sequence[Any], change: float) -> tuple[float, float]:
    """Mean drift of the mood sliders over a run, and its slope on the slider's number."""
    blocks = [row.block for row in rows if row.kind == "mood" and row.scale == "pleasure"]
    drift = [change * (block - 1) for block in blocks]
    return fmean(drift), float(np.polyfit(range(len(drift)), drift, 1)[0])


def masked_feelings(rng: np.random.Generator, _prepared: Prepared) -> Drawn:
    person = Feelings(
        prime_effect=float(rng.uniform(0.0, 2.0)), awareness=float(rng.uniform(0.0, 2.5))
    )
    effect = 2 * _logit(PHI(person.prime_effect / 2))
    return person, {
        ("prime_effect", "close_minus_other"): Truth(effect),
        ("prime_rt_cost", "close_minus_other"): Truth(0.0),
        ("awareness_d_prime", "all"): Truth(person.awareness),
    }


def _finds(**indices: str) -> Callable[[np.random.Generator, Prepared], Drawn]:
    """A discounter; an index is named with its condition after two underscores."""
    keys: dict[Key, str] = {}
    for name, truth in indices.items():
        index, _, condition = name.partition("__")
        keys[index, condition or "all"] = truth
    return partial(discounter, indices=keys)


# -- recognition and moral judgements --------------------------------------------------------------


def remembering(rng: np.random.Generator, _: Prepared) -> Drawn:
    person = Recogniser(
        dprime_attachment=float(rng.uniform(0.2, 2.4)),
        dprime_emotional=float(rng.uniform(0.2, 2.4)),
        dprime_neutral=float(rng.uniform(0.2, 2.4)),
        criterion=float(rng.normal(0.1, 0.3)),
        median_rt_s=float(rng.uniform(0.7, 1.5)),
        omission=float(rng.uniform(0.0, 0.1)),
    )
    strong = {name: getattr(person, f"dprime_{name}") for name in ("attachment", "emotional")}
    neutral = person.dprime_neutral
    return person, {
        **{("dprime", name): Truth(d) for name, d in strong.items()},
        ("dprime", "neutral"): Truth(neutral),
        **{("dprime_difference", f"{n}-neutral"): Truth(d - neutral) for n, d in strong.items()},
        ("criterion", "neutral"): Truth(person.criterion),
        ("hit_rate", "neutral"): Truth(PHI(neutral / 2 - person.criterion)),
        ("false_alarm_rate", "neutral"): Truth(PHI(-neutral / 2 - person.criterion)),
        ("auc_confidence", "emotional"): other(person.dprime_emotional),
        ("rt_median", "all"): other(person.median_rt_s),
        ("rt_log_mean", "all"): other(math.log(person.median_rt_s)),
        ("omission_rate", "all"): Truth(person.omission),
    }


def blaming(rng: np.random.Generator, _: Prepared) -> Drawn:
    person = Judge(
        base=float(rng.uniform(2.0, 2.6)),
        intent=float(rng.uniform(0.0, 2.0)),
        outcome=float(rng.uniform(0.0, 1.0)),
        both=float(rng.uniform(-0.3, 0.3)),
        close=float(rng.uniform(-0.3, 0.5)),
        close_intent=float(rng.uniform(-0.5, 0.8)),
        noise=float(rng.uniform(0.4, 0.9)),
        attention=float(rng.uniform(0.0, 1.0)),
        reading_wps=float(rng.uniform(2.5, 6.0)),
        median_rt_s=float(rng.uniform(1.5, 4.0)),
        omission=float(rng.uniform(0.0, 0.1)),
    )
    weight = person.intent + person.both / 2 + person.close_intent / 2
    outcome = person.outcome + person.both / 2
    near = person.close / 2 + person.close_intent / 4
    plain = person.intent / 2 + person.outcome / 2 + person.both / 4
    return person, {
        ("severity", "all"): Truth(person.base + plain + near),
        ("intent_weight", "all"): Truth(weight),
        ("outcome_weight", "all"): Truth(outcome),
        ("interaction", "all"): Truth(person.both),
        ("severity_difference", "close-stranger"): Truth(2 * near),
        ("intent_weight_difference", "close-stranger"): Truth(person.close_intent),
        ("inconsistency", "all"): other(person.noise),
        ("statement_accuracy", "all"): Truth((1 + person.attention) / 2),
        ("rt_median", "all"): other(person.median_rt_s),
        ("rt_log_mean", "all"): Truth(math.log(person.median_rt_s)),
        ("reading_speed", "all"): other(person.reading_wps),
        ("omission_rate", "all"): Truth(person.omission),
    }


CASES = (
    Case("eyes", "standard", eyes_person, taker),
    Case("eyes", "scanner", eyes_control, taker),
    Case("trust", "rating", trust_rater, judge),
    Case("trust", "morph", trust_decider, judge),
    Case(
        "discounting",
        "adaptive",
        _finds(
            ln_k="ln_k",
            ln_beta="ln_beta",
            ln_k_ml="ln_k",
            ln_beta_ml="ln_beta",
            rt_median="rt_s",
            rt_log_mean="ln_rt",
        ),
        simulated,
        {"trials": "20"},
    ),
    Case(
        "discounting",
        "mcq27",
        _finds(
            mcq_ln_k="ln_k",
            mcq_ln_k__small="ln_k",
            mcq_ln_k__medium="ln_k",
            mcq_ln_k__large="ln_k",
            mcq_ln_k__composite="ln_k",
            ln_k="ln_k",
            magnitude_effect="none",
            later_share="less",
            mcq_consistency="steep",
        ),
        simulated,
    ),
    Case("discounting", "adjusting", adjuster, simulated),
    Case("discounting", "five_trial", _finds(five_trial_ln_k="ln_k", ln_k="ln_k"), simulated),
    Case(
        "discounting",
        "scanner",
        _finds(ln_k="ln_k", ln_beta="ln_beta", easy_expected="steep", omission_rate="omission"),
        simulated,
    ),
    Case("discounting", "experiential", waiter, simulated),
    Case("polysemy", "standard", primed, reader),
    Case("polysemy", "masked", masked_reader, reader),
    Case("polysemy", "norming", associator, reader),
    Case("attachment", "event", attached, feeling),
    Case("attachment", "masked", masked_feelings, feeling),
    Case("recognition", "eeg", remembering, recogniser),
    Case("moral", "standard", blaming, blamer, {"window_s": "60", "statements": "1"}),
)

WITHOUT_A_PARAMETER = {
    "eyes": {
        "chance_p": "a function of the number right",
        "n_missed": "omission_rate times the trials",
        "valence_slope": "the simulated person has no leaning by valence",
        "valence_curvature": "the simulated person has no leaning by valence",
        "lookups": "the simulated person looks nothing up",
        "lookup_time": "the simulated person looks nothing up",
        "position_chi2": "a test of position_bias",
        "position_p": "a test of position_bias",
        "error_distance": "needs norms of the words, which no open source gives",
        "error_shift": "needs norms of the words, which no open source gives",
    },
    "trust": {},
    "discounting": {
        "mcq_k": "exp of mcq_ln_k",
        "ed50": "exp of -ln_k",
        "five_trial_k": "exp of five_trial_ln_k",
        "mcfadden": "how well a model fits",
        "predicted": "how well a model fits",
        "bic": "how well a model fits",
        "bumps": "counts what does not fit a falling curve",
        "flat": "counts what does not fit a falling curve",
        "catch_correct": "the simulated person errs on sure questions by lapse only",
        "left_share": "the simulated person has no side",
        "n_missed": "omission_rate times the trials",
    },
    "polysemy": {
        "chance_p": "a function of the number right",
        "criterion": "the simulated person leans to neither answer",
        "error_priming": "the simulated person errs alike after all primes",
        "trimmed_share": "counts what the rule for times cuts off",
        "dominance_bias": "needs norms of which sense comes to mind first",
        "lisas": "made of rt_mean and accuracy",
        "lisas_priming": "made of priming_ms and error_priming",
        "bis": "made of rt_mean and accuracy, relative to the person's other cells",
        "bis_priming": "a difference of two bis",
        "ez_v": "the simulated person's times are no diffusion; see test_coverage.py",
        "ez_a": "as ez_v",
        "ez_ter": "as ez_v",
        "ez_v_robust": "as ez_v",
        "ez_a_robust": "as ez_v",
        "ez_ter_robust": "as ez_v",
        "ex_mu": "the simulated person's times are no ex-Gaussian; see test_coverage.py",
        "ex_sigma": "as ex_mu",
        "ex_tau": "as ex_mu",
        "relatedness": "the simulated person rates each sense alike in all lists",
    },
    "attachment": {
        "person_security": "asked if a study adds it, by the same slider as person_love",
        "person_longing": "asked if a study adds it, by the same slider as person_love",
        "person_attractiveness": "asked if a study adds it, by the same slider as person_love",
        "habituation_distress": "the simulated person's distress does not change",
        "dot_hits": "counts that dot_d_prime is made of",
        "dot_false_alarms": "counts that dot_d_prime is made of",
        "prime_longest": "a fact of the log",
    },
    "recognition": {
        "mean_confidence": "the simulated person is sure by fixed distances from the criterion",
    },
    "moral": {},
    "mood": {
        "rating": "the answer itself, as it was given",
        "closeness": "the circles that were chosen, as they were",
    },
}
"""Indices for which nothing was put in that could be found, with the reason."""
