"""Attachment: how ratings, attention and masked primes differ between own and other people.

Contrasts own - acquainted and (own - acquainted) - (friend - unfamiliar): the first leaves
familiarity out, the second also what a friend has over a stranger (Bartels & Zeki 2004). A rating
says what somebody feels on looking at pictures, not how they are attached.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import stdtrit

from analysis.indices import MISSED_LIMIT, Analysis, Index, index_of
from analysis.intervals import (
    LEVEL,
    Estimate,
    log_odds_difference,
    mean_t,
    median_order,
    normal,
    undefined,
)
from analysis.read import Run, Trial, Trials, number
from analysis.scoring import score_table

if TYPE_CHECKING:
    import pandas as pd

PEOPLE = ("own", "acquainted", "friend", "unfamiliar")
MOODS = ("pleasure", "arousal", "distress")
PERSON_SCALES = ("love", "closeness", "security", "longing", "familiarity", "attractiveness")
IMAGE_SCALES = ("valence", "arousal")
RATINGS = (*(f"person_{s}" for s in PERSON_SCALES), *(f"image_{s}" for s in IMAGE_SCALES))
CONTRASTS = {
    "own_minus_acquainted": {"own": 1.0, "acquainted": -1.0},
    "own_minus_unfamiliar": {"own": 1.0, "unfamiliar": -1.0},
    "attachment_contrast": {"own": 1.0, "acquainted": -1.0, "friend": -1.0, "unfamiliar": 1.0},
}
"""Weights of the conditions in each contrast."""

STANDARD = NormalDist()


@dataclass(frozen=True)
class Params:
    """What the scoring may be told."""

    love_margin: float = 20.0
    """Points by which love of the own person must exceed that of the acquainted one."""
    least_d_prime: float = 1.0
    """Attention is flagged if the upper limit of d' is below this."""
    most_missed_dots: float = 0.25
    """Attention is flagged above this share of missed dots."""


def indices(trials: Trials, params: Params | None = None) -> list[Index]:
    """All indices of one run, always the same rows in the same order; practice is left out."""
    settings = params or Params()
    test = sorted(trials.test, key=lambda trial: trial.trial)
    pictures = [t for t in test if t.design.get("kind") == "picture"]
    return [
        *_ratings(trials.run, test),
        _manipulation(trials.run, test, settings),
        *_moods(trials.run, test),
        *_attention(trials.run, [t for t in pictures if t.design.get("dot") is not None], settings),
        *_primes(trials.run, [t for t in test if t.design.get("kind") == "prime"]),
        *_awareness(trials.run, [t for t in test if t.design.get("kind") == "awareness"]),
    ]


# -- ratings -----------------------------------------------------------------------------------


def _ratings(run: Run, test: Sequence[Trial]) -> list[Index]:
    rows = []
    for rating in RATINGS:
        kind, scale = rating.split("_")
        asked = [t for t in test if (t.design.get("kind"), t.design.get("scale")) == (kind, scale)]
        for condition in PEOPLE:
            of = [t for t in asked if t.design.get("condition") == condition]
            values = _values(of)
            estimate = mean_t(values) if of else undefined("not_asked")
            common: dict[str, Any] = {"unit": "points", "n": (len(values), len(of))}
            method = "mean of the sliders, 0 to 100"
            rows.append(
                index_of(run, rating, estimate, condition=condition, method=method, **common)
            )
        rows += [_contrast(run, rating, name, asked) for name in CONTRASTS]
    return rows


def _values(trials: Sequence[Trial]) -> list[float]:
    answers = [number(trial.response) for trial in trials]
    return [value for value in answers if value is not None]


def _contrast(run: Run, rating: str, name: str, asked: Sequence[Trial]) -> Index:
    weights = CONTRASTS[name]
    groups = {c: [t for t in asked if t.design.get("condition") == c] for c in weights}
    values = {c: _values(group) for c, group in groups.items()}
    if not all(groups.values()):
        estimate = undefined("not_asked")
    elif not all(values.values()):
        estimate = undefined("no_answers")
    else:
        estimate = weighted(list(weights.values()), list(values.values()))
    return index_of(
        run,
        rating,
        estimate,
        condition=name,
        unit="points",
        n=(sum(map(len, values.values())), sum(map(len, groups.values()))),
        method="difference of means; t over pictures, Welch",
    )


def weighted(weights: Sequence[float], groups: Sequence[Sequence[float]]) -> Estimate:
    """A weighted sum of the means of independent groups, with Welch's interval.

    Welch (1947), Biometrika 34:28. A group of one value has no interval.

    >>> weighted([1, -1], [[4.0, 6.0], [1.0, 3.0]]).value
    3.0
    """
    value = math.fsum(w * float(np.mean(g)) for w, g in zip(weights, groups, strict=True))
    if any(len(group) < 2 for group in groups):
        return Estimate(value, flags=("one_value",))
    parts = [
        w * w * float(np.var(g, ddof=1)) / len(g) for w, g in zip(weights, groups, strict=True)
    ]
    variance = math.fsum(parts)
    if variance == 0:
        return Estimate(value, flags=("constant",))
    degrees = variance**2 / sum(p * p / (len(g) - 1) for p, g in zip(parts, groups, strict=True))
    se = math.sqrt(variance)
    half = float(stdtrit(degrees, 0.5 + LEVEL / 2)) * se
    return Estimate(value, se, value - half, value + half, "t")


def _manipulation(run: Run, test: Sequence[Trial], settings: Params) -> Index:
    """How far love of the own person exceeds that of the acquainted one, against the margin."""
    love = [t for t in test if t.design.get("scale") == "love"]
    own = _values([t for t in love if t.design.get("condition") == "own"])
    other = _values([t for t in love if t.design.get("condition") == "acquainted"])
    if not love:
        estimate = undefined("not_asked")
    elif not own or not other:
        estimate = undefined("one_person" if own or other else "no_answers")
    else:
        difference = float(np.mean(own) - np.mean(other))
        weak = ("weak_manipulation",) if difference < settings.love_margin else ()
        estimate = Estimate(difference, flags=weak)
    return index_of(
        run,
        "manipulation",
        estimate,
        unit="points",
        n=(len(own) + len(other), len(love)),
        method=f"love: own - acquainted; flagged below {settings.love_margin:g}",
    )


# -- during the run ----------------------------------------------------------------------------


def _moods(run: Run, test: Sequence[Trial]) -> list[Index]:
    rows = []
    for scale in MOODS:
        asked = [
            t for t in test if (t.design.get("kind"), t.design.get("scale")) == ("mood", scale)
        ]
        places = [(k, v) for k, t in enumerate(asked) if (v := number(t.response)) is not None]
        values = [value for _, value in places]
        n = (len(values), len(asked))
        mean = mean_t(values) if asked else undefined("not_asked")
        change = trend(places) if asked else undefined("not_asked")
        rows += [
            index_of(
                run, f"mood_{scale}", mean, unit="points", n=n, method="mean of sliders in the run"
            ),
            index_of(
                run,
                f"habituation_{scale}",
                change,
                unit="points per slider",
                n=n,
                method="least-squares slope on the number of the slider in the run",
            ),
        ]
    return rows


def trend(places: Sequence[tuple[int, float]]) -> Estimate:
    """Change from one slider to the next, with its t interval."""
    if not places:
        return undefined("no_answers")
    if len(places) < 3:
        return undefined("few_sliders")
    x, y = (np.array(column, dtype=float) for column in zip(*places, strict=True))
    spread = float(((x - x.mean()) ** 2).sum())
    slope = float(((x - x.mean()) * (y - y.mean())).sum()) / spread
    residual = y - y.mean() - slope * (x - x.mean())
    variance = float((residual**2).sum()) / (len(x) - 2)
    if variance == 0:
        return Estimate(slope, flags=("constant",))
    se = math.sqrt(variance / spread)
    half = float(stdtrit(len(x) - 2, 0.5 + LEVEL / 2)) * se
    return Estimate(slope, se, slope - half, slope + half, "t")


# -- attention ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Detection:
    """Counts of a yes/no task."""

    hits: int
    signals: int
    false_alarms: int
    noises: int

    @property
    def rates(self) -> tuple[float, float]:
        """Log-linear rates of hits and false alarms (Hautus 1995): + .5 and + 1."""
        return (
            (self.hits + 0.5) / (self.signals + 1),
            (self.false_alarms + 0.5) / (self.noises + 1),
        )


def d_prime(counts: Detection) -> Estimate:
    """Sensitivity with its standard error after Gourevitch & Galanter (1967).

    >>> round(d_prime(Detection(10, 12, 1, 84)).value, 2)
    2.97
    """
    if counts.signals == 0 or counts.noises == 0:
        return undefined("no_dots")
    hit, alarm = counts.rates
    z_hit, z_alarm = STANDARD.inv_cdf(hit), STANDARD.inv_cdf(alarm)
    variance = hit * (1 - hit) / (counts.signals * STANDARD.pdf(z_hit) ** 2)
    variance += alarm * (1 - alarm) / (counts.noises * STANDARD.pdf(z_alarm) ** 2)
    return normal(z_hit - z_alarm, math.sqrt(variance), "wald")


def criterion(counts: Detection) -> Estimate:
    """Bias c: above 0 somebody rather says no (Hautus 1995)."""
    if counts.signals == 0 or counts.noises == 0:
        return undefined("no_dots")
    hit, alarm = counts.rates
    return Estimate(-(STANDARD.inv_cdf(hit) + STANDARD.inv_cdf(alarm)) / 2)


def _detected(trials: Sequence[Trial]) -> Detection:
    pressed = [(bool(t.design["dot"]), t.response == "pressed") for t in trials]
    return Detection(
        hits=pressed.count((True, True)),
        signals=sum(dot for dot, _ in pressed),
        false_alarms=pressed.count((False, True)),
        noises=sum(not dot for dot, _ in pressed),
    )


def _attention(run: Run, dotted: Sequence[Trial], settings: Params) -> list[Index]:
    rows = []
    for condition in ("all", *PEOPLE):
        of = [t for t in dotted if condition in ("all", t.design.get("condition"))]
        counts = _detected(of)
        n = (len(of), len(of))
        poor = _inattention(counts, settings) if condition == "all" else ()
        common: dict[str, Any] = {"condition": condition, "n": n}
        rule = "presses in the window; log-linear rates (n + .5)/(N + 1)"
        rows += [
            index_of(
                run,
                "dot_hits",
                Estimate(counts.hits).flagged(*poor) if counts.signals else undefined("no_dots"),
                unit="dots",
                method=f"dots reported in time, of {counts.signals}",
                **common,
            ),
            index_of(
                run,
                "dot_false_alarms",
                Estimate(counts.false_alarms) if counts.noises else undefined("no_dots"),
                unit="pictures",
                method=f"pictures without a dot with a press in its window, of {counts.noises}",
                **common,
            ),
            index_of(
                run,
                "dot_d_prime",
                d_prime(counts).flagged(*poor),
                unit="z",
                method=f"z(hits) - z(false alarms); {rule}",
                **common,
            ),
            index_of(
                run,
                "dot_criterion",
                criterion(counts),
                unit="z",
                method=f"-(z(hits) + z(false alarms))/2; {rule}",
                **common,
            ),
            _dot_rt(run, of, condition),
        ]
    return [*rows, _rt_cost(run, dotted)]


def _inattention(counts: Detection, settings: Params) -> tuple[str, ...]:
    """A mark, never an exclusion: the dots were not seen, or too many were missed."""
    if counts.signals == 0:
        return ()
    high = d_prime(counts).ci_high
    missed = 1 - counts.hits / counts.signals
    poor = missed > settings.most_missed_dots or (
        high is not None and high < settings.least_d_prime
    )
    return ("inattentive",) if poor else ()


def _hit_times(trials: Sequence[Trial]) -> list[float]:
    return [
        trial.rt_s
        for trial in trials
        if trial.design["dot"] and trial.response == "pressed" and trial.rt_s and trial.rt_s > 0
    ]


def _dot_rt(run: Run, of: Sequence[Trial], condition: str) -> Index:
    rt = _hit_times(of)
    dots = sum(bool(t.design["dot"]) for t in of)
    estimate = median_order(rt) if rt else undefined("no_values" if dots else "no_dots")
    return index_of(
        run,
        "dot_rt_median",
        estimate,
        condition=condition,
        unit="s",
        n=(len(rt), dots),
        method="median of hits, from the dot's onset; untrimmed",
    )


def _rt_cost(run: Run, dotted: Sequence[Trial]) -> Index:
    """How much longer a dot takes on pictures of one's own, in ln s."""
    dots = [t for t in dotted if t.design["dot"]]
    own = [t for t in dots if t.design.get("condition") == "own"]
    other = [t for t in dots if t.design.get("condition") in PEOPLE[1:]]
    logs = [[math.log(rt) for rt in _hit_times(group)] for group in (own, other)]
    if not dots:
        estimate = undefined("no_dots")
    elif not own or not other:
        estimate = undefined("one_person")
    elif not all(logs):
        estimate = undefined("no_values")
    else:
        estimate = weighted([1.0, -1.0], logs)
    return index_of(
        run,
        "dot_rt_cost",
        estimate,
        condition="own_minus_others",
        unit="ln s",
        n=(sum(map(len, logs)), len(dots)),
        method="mean ln RT of hits, own - other people; Welch; untrimmed",
    )


# -- masked primes -----------------------------------------------------------------------------


def _primes(run: Run, trials: Sequence[Trial]) -> list[Index]:
    """Share of 'pleasant' after primes of closeness less that after the others, in logits."""
    close, other = _by_prime(trials)
    logs = [
        [math.log(t.rt_s) for t in group if t.rt_s is not None and t.rt_s > 0]
        for group in (close, other)
    ]
    n = (len(close) + len(other), len(trials))
    effect = _prime_effect(close, other) if trials else undefined("no_primes")
    slower = (
        weighted([1.0, -1.0], logs)
        if all(logs)
        else undefined("no_answers" if trials else "no_primes")
    )
    many = _many_missed(trials)
    return [
        index_of(
            run,
            "prime_effect",
            effect.flagged(*many),
            condition="close_minus_other",
            unit="logit",
            n=n,
            method="ln((k+.5)/(n-k+.5)) of pleasant, close - other; SE^2 = sum 1/(k+.5)+1/(n-k+.5)",
        ),
        index_of(
            run,
            "prime_rt_cost",
            slower,
            condition="close_minus_other",
            unit="ln s",
            n=(sum(map(len, logs)), len(trials)),
            method="mean ln RT, close - other; Welch; untrimmed",
        ),
    ]


def _many_missed(trials: Sequence[Trial]) -> tuple[str, ...]:
    missed = sum(trial.missed for trial in trials)
    return ("many_missed",) if missed > MISSED_LIMIT * len(trials) else ()


def _by_prime(trials: Sequence[Trial]) -> tuple[list[Trial], list[Trial]]:
    """Answered trials after primes of closeness, and after the others."""
    answered = [trial for trial in trials if not trial.missed]
    close = [t for t in answered if t.design.get("condition") in ("attachment", "own")]
    other = [t for t in answered if t.design.get("condition") in ("neutral", "acquainted")]
    return close, other


def _prime_effect(close: Sequence[Trial], other: Sequence[Trial]) -> Estimate:
    if not close or not other:
        return undefined("no_answers")
    pleasant = [sum(t.response == "pleasant" for t in group) for group in (close, other)]
    return log_odds_difference((pleasant[0], len(close)), (pleasant[1], len(other)))


def _awareness(run: Run, trials: Sequence[Trial]) -> list[Index]:
    """Whether the kind of a masked prime can be told: d' of the forced choice."""
    close, other = _by_prime(trials)
    hits = sum(trial.correct is True for trial in close)
    alarms = sum(trial.correct is False for trial in other)
    counts = Detection(hits, len(close), alarms, len(other))
    n = (len(close) + len(other), len(trials))
    if not trials:
        estimate = undefined("no_primes")
    elif not close or not other:
        estimate = undefined("no_answers")
    else:
        estimate = d_prime(counts)
        seen = estimate.ci_low is not None and estimate.ci_low > 0
        estimate = estimate.flagged(*(("prime_seen",) if seen else ()))
    frames = [s for t in trials if (s := number(t.outcome.get("prime_s"))) is not None]
    shown = Estimate(float(np.max(frames))) if frames else undefined("no_primes")
    return [
        index_of(
            run,
            "awareness_d_prime",
            estimate,
            unit="z",
            n=n,
            method="z(said close | close) - z(said close | other); log-linear rates",
        ),
        index_of(
            run,
            "prime_longest",
            shown,
            unit="s",
            n=(len(frames), len(trials)),
            method="longest measured time from a prime's onset to its mask (awareness test)",
        ),
    ]


# -- what it all means -------------------------------------------------------------------------

_SAID = {
    "person_love": "love for the person",
    "person_closeness": "closeness to the person",
    "person_security": "feeling safe with the person",
    "person_longing": "longing for the person",
    "person_familiarity": "how well the person is known",
    "person_attractiveness": "attractiveness of the face",
    "image_valence": "how pleasant each picture feels",
    "image_arousal": "how much each picture stirs up",
}

DESCRIPTIONS = {
    **{rating: f"Rating after the pictures: {said}." for rating, said in _SAID.items()},
    "manipulation": "Love of the own person less that of the acquainted one.",
    **{f"mood_{scale}": f"Mean of the sliders of {scale} during the run." for scale in MOODS},
    **{
        f"habituation_{scale}": f"Change of {scale} from one slider of the run to the next."
        for scale in MOODS
    },
    "dot_hits": "Dots that were reported in time.",
    "dot_false_alarms": "Pictures without a dot with a press where one might have come.",
    "dot_d_prime": "Sensitivity to the dots, log-linear rates (Hautus 1995).",
    "dot_criterion": "Bias in reporting dots; above 0: rather no.",
    "dot_rt_median": "Median time to report a dot.",
    "dot_rt_cost": "ln RT of dots on own pictures less that on other people's.",
    "prime_effect": "Logit of 'pleasant' after primes of closeness less that after others.",
    "prime_rt_cost": "ln RT after primes of closeness less that after others.",
    "awareness_d_prime": "d' of telling the kind of a masked prime in a forced choice.",
    "prime_longest": "Longest measured time of a masked prime.",
}

CONDITIONS = {
    "all": "all trials of the kind",
    "own": "own child or partner",
    "acquainted": "acquainted person",
    "friend": "best friend",
    "unfamiliar": "unfamiliar person",
    "own_minus_acquainted": "own less acquainted",
    "own_minus_unfamiliar": "own less unfamiliar",
    "attachment_contrast": "(own - acquainted) - (friend - unfamiliar)",
    "own_minus_others": "own less all other people",
    "close_minus_other": "primes of closeness (or the own name) less the others",
}

FLAGS = {
    "many_missed": f"more than {MISSED_LIMIT:.0%} of the trials were missed".replace("%", " %"),
    "weak_manipulation": "own exceeds acquainted by less than the margin (20 points of love)",
    "inattentive": "the upper limit of the dots' d' is below 1, or more than 25 % were missed",
    "prime_seen": "the lower limit of the awareness d' is above 0: the prime was seen",
    "not_asked": "undefined: the run has no such rating",
    "one_person": "undefined: pictures of one of the two sides only",
    "few_sliders": "undefined: a slope needs three sliders",
    "no_dots": "undefined: the run has no dots, or no pictures without one",
    "no_primes": "undefined: the run has no masked primes",
}

ANALYSIS = Analysis(
    task="attachment",
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
        A row a trial, as in ``trials_attachment.tsv`` or made by hand; NaN where something is
        missing. Needed are ``participant``, ``kind`` (``picture``, ``person``, ``image``, ``mood``,
        ``prime``, ``awareness``), ``condition`` (``own``, ``acquainted``, ``friend`` ...) and
        ``response`` (0 to 100 of a slider, ``pressed`` or ``none`` for a dot, an answer).
        Used where they are there: ``session``, ``run``, ``trial`` (moods need their order),
        ``practice``, ``scale``, ``dot``, ``rt_s``, ``correct``, ``prime_s``.
    params
        Settings: the limits of marks.
    """
    return score_table(trials, ANALYSIS, params, needed=("kind", "condition", "response"))
