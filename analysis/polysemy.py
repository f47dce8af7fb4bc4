"""Polysemy: how much a word's attachment sense and its other sense speed up a lexical decision.

Priming is the same targets' log RT after unrelated primes less that after their ambiguous primes
(paradigm after Richards & French, 1992). The two senses' targets differ in length and frequency, so
their priming effects are compared and never their raw times.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.agreement import detection
from analysis.indices import CHANCE_ALPHA, MISSED_LIMIT, Analysis, Index, index_of
from analysis.intervals import (
    Estimate,
    Floats,
    binomial_p,
    mean_t,
    median_order,
    normal,
    proportion,
    undefined,
)
from analysis.read import Run, Trial, Trials, number
from analysis.rt import SD_TRIM, Trim, lisas, marks
from analysis.scoring import score_table

if TYPE_CHECKING:
    import pandas as pd

SENSES = ("attachment", "other")
CELLS = (
    *(f"{sense}_{relation}" for sense in SENSES for relation in ("related", "unrelated")),
    "control",
)
DOMINANCES = ("dominant", "subordinate")
"""Which sense more of the free associations to a prime have, and which fewer."""

HALF = 0.5
"""Share of associations above which the attachment sense is the dominant one."""

KNOWN_SOAS_MS = (100, 250, 500, 750, 1000, 1250)
"""SOAs of the presets, for the guide to the conditions."""


@dataclass(frozen=True)
class Params:
    """How response times are trimmed, and which sense of a prime is the dominant one."""

    fastest_s: float = 0.25
    slowest_s: float = 1.8
    trim: Trim = SD_TRIM
    """What is too far from the other times, after the limits; ``rt.trim_of`` makes one by name."""
    attachment_share: Mapping[str, float] = field(default_factory=dict)
    """Share of associations with the attachment sense, 0 to 1, by the prime's id (``shares_of``).

    Norms of one's own; the word set's, as the log has them, are used where it is empty.
    """

    @property
    def rule(self) -> str:
        """The rules by name, as every index carries them."""
        limits = f"abs{self.fastest_s:g}-{self.slowest_s:g}s"
        return f"{limits}, correct, trim={self.trim.name}"


@dataclass(frozen=True)
class Cell:
    """The trials of one condition at one SOA, and the log RTs that are left of them."""

    trials: tuple[Trial, ...]
    log_rt: tuple[float, ...]
    n_cut: int
    """Correct answers that a limit or the trim took away."""

    @property
    def answered(self) -> int:
        """Trials with an answer."""
        return sum(trial.correct is not None for trial in self.trials)

    @property
    def errors(self) -> int:
        """Trials with the wrong answer."""
        return sum(trial.correct is False for trial in self.trials)


def cell(trials: Sequence[Trial], params: Params) -> Cell:
    """A cell by itself; a trim over the whole participant then sees this cell alone."""
    return _cell(trials, _used(trials, [""] * len(trials), params))


def _used(trials: Sequence[Trial], cells: Sequence[Hashable], params: Params) -> list[bool]:
    """Which trials give a response time: right answers that break no rule."""
    rt = [t.rt_s if t.correct and t.rt_s is not None else math.nan for t in trials]
    found = marks(
        rt, params.trim, fastest_s=params.fastest_s, slowest_s=params.slowest_s, cell=cells
    )
    return [mark == "" for mark in found]


def _cell(trials: Sequence[Trial], used: Sequence[bool]) -> Cell:
    times = [t.rt_s for t, keep in zip(trials, used, strict=True) if keep and t.rt_s is not None]
    right = sum(bool(t.correct) and t.rt_s is not None for t in trials)
    return Cell(tuple(trials), tuple(math.log(rt) for rt in times), right - len(times))


Table = Mapping[tuple[str, int], Cell]
"""Cells by condition and SOA (ms)."""


def cells_of(trials: Sequence[Trial], params: Params) -> dict[tuple[str, int], Cell]:
    """Every condition of word targets at every SOA of the run."""
    return _grouped(trials, params, CELLS, _condition)


def dominance_cells_of(trials: Sequence[Trial], params: Params) -> dict[tuple[str, int], Cell]:
    """The same trials by the dominance of their target's sense and by relation, at every SOA.

    A response time is trimmed among those of its own condition. Primes without a share, or with
    one of a half, are in no cell.
    """
    names = [f"{d}_{relation}" for d in DOMINANCES for relation in ("related", "unrelated")]
    return _grouped(trials, params, names, lambda trial: _dominance(trial, params))


def _grouped(
    trials: Sequence[Trial],
    params: Params,
    names: Sequence[str],
    name_of: Callable[[Trial], str | None],
) -> dict[tuple[str, int], Cell]:
    soas = sorted({ms for t in trials if (ms := _soa_ms(t)) is not None})
    groups: dict[tuple[str | None, int | None], list[tuple[Trial, bool]]] = {}
    targets = [trial for trial in trials if _condition(trial) in CELLS]
    used = _used(targets, [(_condition(t), _soa_ms(t)) for t in targets], params)
    for trial, keep in zip(targets, used, strict=True):
        groups.setdefault((name_of(trial), _soa_ms(trial)), []).append((trial, keep))
    table = {}
    for key in ((name, soa) for name in names for soa in soas):
        found = groups.get(key, [])
        table[key] = _cell([t for t, _ in found], [keep for _, keep in found])
    return table


def _condition(trial: Trial) -> str:
    return str(trial.design.get("condition"))


def _dominance(trial: Trial, params: Params) -> str | None:
    """A trial's cell by dominance: ``dominant_related`` ...; None where it has none."""
    share = (
        params.attachment_share.get(str(trial.stim_id))
        if params.attachment_share
        else number(trial.design.get("attachment_share"))
    )
    sense, _, relation = _condition(trial).partition("_")
    if share is None or share == HALF or sense not in SENSES:
        return None
    dominant = (share > HALF) == (sense == "attachment")
    return f"{DOMINANCES[0] if dominant else DOMINANCES[1]}_{relation}"


def _soa_ms(trial: Trial) -> int | None:
    soa_s = number(trial.design.get("soa_s"))
    return None if soa_s is None else round(1000 * soa_s)


def indices(trials: Trials, params: Params | None = None) -> list[Index]:
    """All indices of one run; a norming run has those of its own parts."""
    settings = params or Params()
    test = sorted(trials.test, key=lambda trial: trial.trial)
    parts = {str(trial.design.get("part")) for trial in test}
    if parts and parts <= {"association", "meaning", "rating"}:
        return _norming(trials.run, test)
    decisions = [t for t in test if t.design.get("part") in (None, "decision")]
    table = cells_of(decisions, settings)
    return [
        *_accuracy(trials.run, decisions),
        *_priming(trials.run, table, settings),
        *_dominance_bias(trials.run, dominance_cells_of(decisions, settings), settings),
        *_errors(trials.run, table),
        *_integrated(trials.run, table, settings),
        *_times(trials.run, table, settings),
        *_awareness(trials.run, [t for t in test if t.design.get("part") == "awareness"]),
    ]


# -- words and pseudowords ------------------------------------------------------------------------


def _accuracy(run: Run, decisions: Sequence[Trial]) -> list[Index]:
    words = [t for t in decisions if t.design.get("is_word") is True]
    nonwords = [t for t in decisions if t.design.get("is_word") is False]
    rows = []
    for condition, group in (("all", decisions), ("word", words), ("nonword", nonwords)):
        answered = [t for t in group if t.correct is not None]
        right = sum(t.correct is True for t in answered)
        share = proportion(right, len(answered)) if group else undefined("no_trials")
        rows.append(
            index_of(
                run,
                "accuracy",
                share.flagged(*_many_missed(group)),
                condition=condition,
                unit="proportion",
                n=(len(answered), len(group)),
                method="correct/answered; practice out",
            )
        )
    return [*rows, *_guessing(run, decisions), *_detected(run, words, nonwords)]


def _many_missed(trials: Sequence[Trial]) -> tuple[str, ...]:
    missed = sum(trial.missed for trial in trials)
    return ("many_missed",) if missed > MISSED_LIMIT * len(trials) else ()


def _guessing(run: Run, decisions: Sequence[Trial]) -> list[Index]:
    answered = [t for t in decisions if t.correct is not None]
    right = sum(t.correct is True for t in answered)
    n = (len(answered), len(decisions))
    p = _chance(right, len(answered))
    missed = sum(t.missed for t in decisions)
    return [
        index_of(
            run,
            "chance_p",
            p,
            unit="probability",
            n=n,
            method="exact binomial, P(this many or more); chance=1/2",
        ),
        index_of(
            run,
            "omission_rate",
            (proportion(missed, len(decisions)) if decisions else undefined("no_trials")).flagged(
                *_many_missed(decisions)
            ),
            unit="proportion",
            n=(len(decisions), len(decisions)),
            method=f"missed/trials; flagged above {MISSED_LIMIT:g}",
        ),
    ]


def _chance(right: int, n: int) -> Estimate:
    if not n:
        return undefined("no_answers")
    p = binomial_p(right, n, 0.5)
    return Estimate(p, flags=("chance",) if p >= CHANCE_ALPHA else ())


def _detected(run: Run, words: Sequence[Trial], nonwords: Sequence[Trial]) -> list[Index]:
    said = [[t.response == "word" for t in g if t.correct is not None] for g in (words, nonwords)]
    yes_word, yes_nonword = said
    n = (len(yes_word) + len(yes_nonword), len(words) + len(nonwords))
    known = bool(yes_word and yes_nonword)
    same = known and len({*yes_word, *yes_nonword}) == 1
    flags = ("one_answer",) if same else ()
    found = detection(sum(yes_word), len(yes_word), sum(yes_nonword), len(yes_nonword))
    none = undefined("no_answers")
    method = "hit=word called word; log-linear (k+.5)/(n+1), Hautus 1995"
    return [
        index_of(
            run,
            "dprime",
            (found.d_prime if known else none).flagged(*flags),
            unit="z",
            n=n,
            method=method,
        ),
        index_of(
            run,
            "criterion",
            (found.criterion if known else none).flagged(*flags),
            unit="z",
            n=n,
            method=f"{method}; above 0: rather no word",
        ),
    ]


# -- priming --------------------------------------------------------------------------------------


def difference(longer: Sequence[float], shorter: Sequence[float]) -> Estimate:
    """Mean of one sample less that of another, SE = root of s1²/n1 + s2²/n2.

    >>> round(difference([1.0, 2.0, 3.0], [1.0, 1.5, 2.0]).se or 0, 4)
    0.6455
    """
    if not longer or not shorter:
        return undefined("no_values")
    a, b = np.asarray(longer), np.asarray(shorter)
    value = float(a.mean() - b.mean())
    if a.size < 2 or b.size < 2:
        return Estimate(value, flags=("few_values",))
    se = math.sqrt(float(a.var(ddof=1)) / a.size + float(b.var(ddof=1)) / b.size)
    return normal(value, se, "wald") if se > 0 else Estimate(value, flags=("constant",))


def combined(parts: Sequence[Estimate], weights: Sequence[float]) -> Estimate:
    """A weighted sum of independent estimates; undefined if one of them is."""
    reasons = [flag for part in parts if part.value is None for flag in part.flags]
    if not parts or reasons:
        return undefined(*(dict.fromkeys(reasons) or ("no_trials",)))
    value = sum(w * (p.value or 0.0) for w, p in zip(weights, parts, strict=True))
    if any(part.se is None for part in parts):
        return Estimate(value, flags=("few_values",))
    se = math.sqrt(sum((w * (p.se or 0.0)) ** 2 for w, p in zip(weights, parts, strict=True)))
    return normal(value, se, "wald")


def priming_of(table: Table, sense: str, soa_ms: int, *, ms: bool = False) -> Estimate:
    """Unrelated less related, of ln RT, or of RT in ms."""
    unrelated, related = (
        table[f"{sense}_{relation}", soa_ms].log_rt for relation in ("unrelated", "related")
    )
    if ms:
        return difference(_as_ms(unrelated), _as_ms(related))
    return difference(unrelated, related)


def _as_ms(log_rt: Sequence[float]) -> list[float]:
    return [1000 * math.exp(value) for value in log_rt]


def soas_of(table: Table) -> list[int]:
    """The SOAs of a run, ms."""
    return sorted({soa for _, soa in table})


def _priming(run: Run, table: Table, params: Params) -> list[Index]:
    rows: list[Index] = []
    for name, ms, unit in (("priming", False, "ln s"), ("priming_ms", True, "ms")):
        method = f"mean(unrelated) - mean(related), same targets over lists; {params.rule}"
        found = {
            sense: [priming_of(table, sense, soa, ms=ms) for soa in soas_of(table)]
            for sense in SENSES
        }
        bias = [combined(pair, (1, -1)) for pair in zip(*found.values(), strict=True)]
        named = {
            **{
                sense: (name, sense, [f"{sense}_related", f"{sense}_unrelated"]) for sense in SENSES
            },
            "bias": (f"attachment_bias{'_ms' * ms}", "", list(CELLS[:4])),
        }
        for key, (index, condition, conditions) in named.items():
            values = bias if key == "bias" else found[key]
            rule = (
                method if key != "bias" else f"priming(attachment) - priming(other); {params.rule}"
            )
            rows += _by_soa(run, index, condition, values, table, conditions, unit, rule)
    rows += _specificity(run, table, params)
    return rows


def _by_soa(
    run: Run,
    index: str,
    condition: str,
    values: Sequence[Estimate],
    table: Table,
    conditions: Sequence[str],
    unit: str,
    method: str,
) -> list[Index]:
    """An index over all SOAs (their mean), then at each."""
    soas = soas_of(table)
    mean = combined(values, [1 / len(values)] * len(values)) if values else undefined("no_trials")
    rows = []
    for soa, estimate in ((None, mean), *zip(soas, values, strict=True)):
        used = [table[c, s] for c in conditions for s in soas if soa in (None, s)]
        rows.append(
            index_of(
                run,
                index,
                estimate,
                condition=_named(condition, soa),
                unit=unit,
                n=(sum(len(c.log_rt) for c in used), sum(len(c.trials) for c in used)),
                method=method if soa else f"mean over SOAs; {method}",
            )
        )
    return rows


def _named(condition: str, soa_ms: int | None) -> str:
    """The condition's name with its SOA.

    >>> _named("other", 250), _named("", 250), _named("", None)
    ('other_250', 'soa_250', 'all')
    """
    if soa_ms is None:
        return condition or "all"
    return f"{condition or 'soa'}_{soa_ms}"


def _specificity(run: Run, table: Table, params: Params) -> list[Index]:
    """Control less attachment targets after the same primes: covariates are for a mixed model."""
    values = [
        difference(table["control", s].log_rt, table["attachment_related", s].log_rt)
        for s in soas_of(table)
    ]
    return _by_soa(
        run,
        "attachment_specificity",
        "",
        values,
        table,
        ["control", "attachment_related"],
        "ln s",
        f"mean(control) - mean(attachment), both after P; no covariates; {params.rule}",
    )


def _dominance_bias(run: Run, table: Table, params: Params) -> list[Index]:
    """Priming of the dominant and of the subordinate sense, and their difference."""
    source = "norms given" if params.attachment_share else "norms of the word set"
    named = f"dominant: above {HALF:g} of the associations, {source}; {params.rule}"
    priming = f"mean(unrelated) - mean(related), same targets over lists; {named}"
    known = any(found.trials for found in table.values()) or not table
    found = {
        dominance: [
            priming_of(table, dominance, soa) if known else undefined("no_dominance")
            for soa in soas_of(table)
        ]
        for dominance in DOMINANCES
    }
    rows: list[Index] = []
    for dominance, values in found.items():
        cells = [f"{dominance}_related", f"{dominance}_unrelated"]
        rows += _by_soa(run, "priming", dominance, values, table, cells, "ln s", priming)
    bias = [combined(pair, (1, -1)) for pair in zip(*found.values(), strict=True)]
    method = f"priming(dominant) - priming(subordinate); {named}"
    every = list(dict.fromkeys(name for name, _ in table))
    return rows + _by_soa(run, "dominance_bias", "", bias, table, every, "ln s", method)


def _errors(run: Run, table: Table) -> list[Index]:
    rows = []
    for sense in SENSES:
        for soa in soas_of(table):
            unrelated, related = (table[f"{sense}_{r}", soa] for r in ("unrelated", "related"))
            rows.append(
                index_of(
                    run,
                    "error_priming",
                    _share_difference(unrelated, related),
                    condition=_named(sense, soa),
                    unit="proportion",
                    n=(
                        unrelated.answered + related.answered,
                        len(unrelated.trials) + len(related.trials),
                    ),
                    method="errors/answered, unrelated - related; SE with one error and one hit "
                    "added to each (Agresti & Caffo 2000)",
                )
            )
    return rows


def _share_difference(unrelated: Cell, related: Cell) -> Estimate:
    if not unrelated.answered or not related.answered:
        return undefined("no_answers")
    value = unrelated.errors / unrelated.answered - related.errors / related.answered
    shares = [((c.errors + 1) / (c.answered + 2), c.answered + 2) for c in (unrelated, related)]
    se = math.sqrt(sum(p * (1 - p) / n for p, n in shares))
    middle = shares[0][0] - shares[1][0]
    limits = normal(middle, se, "wald")
    return Estimate(value, se, limits.ci_low, limits.ci_high, "wald")


def _integrated(run: Run, table: Table, params: Params) -> list[Index]:
    """Speed with accuracy in one score: by cell, and unrelated less related by sense and SOA."""
    rt: list[float] = []
    correct: list[float] = []
    names: list[tuple[str, int]] = []
    for key, found in table.items():
        right = found.answered - found.errors
        rt += [math.exp(value) for value in found.log_rt]
        rt += [math.nan] * (found.answered - len(found.log_rt))
        correct += [1.0] * right + [0.0] * found.errors
        names += [key] * found.answered
    scores = lisas(rt, correct, names)
    estimates = {
        key: Estimate(score) if math.isfinite(score) else undefined("no_values")
        for key in table
        for score in [scores.get(key, math.nan)]
    }
    method = f"mean RT + (S_RT/S_PE) errors/answered, S over all word targets; {params.rule}"
    rows = [
        index_of(
            run,
            "lisas",
            estimates[key],
            condition=_named(*key),
            unit="s",
            n=(found.answered, len(found.trials)),
            method=method,
        )
        for key, found in table.items()
    ]
    for sense in SENSES:
        for soa in soas_of(table):
            pair = [(f"{sense}_{relation}", soa) for relation in ("unrelated", "related")]
            rows.append(
                index_of(
                    run,
                    "lisas_priming",
                    _less(*(estimates[key] for key in pair)),
                    condition=_named(sense, soa),
                    unit="s",
                    n=(
                        sum(table[key].answered for key in pair),
                        sum(len(table[key].trials) for key in pair),
                    ),
                    method=f"unrelated - related of {method}",
                )
            )
    return rows


def _less(longer: Estimate, shorter: Estimate) -> Estimate:
    """A difference without a standard error."""
    if longer.value is None or shorter.value is None:
        return undefined("no_values")
    return Estimate(longer.value - shorter.value)


def _times(run: Run, table: Table, params: Params) -> list[Index]:
    rows = []
    for (condition, soa), found in table.items():
        rt = [math.exp(value) for value in found.log_rt]
        rows.append(
            index_of(
                run,
                "rt_mean",
                mean_t(rt) if rt else undefined("no_values"),
                condition=_named(condition, soa),
                unit="s",
                n=(len(rt), len(found.trials)),
                method=f"mean; {params.rule}",
            )
        )
    cut = sum(found.n_cut for found in table.values())
    right = cut + sum(len(found.log_rt) for found in table.values())
    total = sum(len(found.trials) for found in table.values())
    rts = [math.exp(value) for found in table.values() for value in found.log_rt]
    rows += [
        index_of(
            run,
            "rt_median",
            median_order(rts) if rts else undefined("no_values"),
            unit="s",
            n=(len(rts), total),
            method=f"median; {params.rule}",
        ),
        index_of(
            run,
            "trimmed_share",
            proportion(cut, right),
            unit="proportion",
            n=(right, total),
            method=f"correct answers cut/correct answers; {params.rule}",
        ),
    ]
    return rows


def _awareness(run: Run, asked: Sequence[Trial]) -> list[Index]:
    answered = [t for t in asked if t.correct is not None]
    right = sum(t.correct is True for t in answered)
    n = (len(answered), len(asked))
    none = undefined("no_awareness_test") if not asked else undefined("no_answers")
    common: dict[str, Any] = {"condition": "awareness", "n": n}
    return [
        index_of(
            run,
            "accuracy",
            proportion(right, len(answered)) if answered else none,
            unit="proportion",
            method="correct/answered; choice of two words",
            **common,
        ),
        index_of(
            run,
            "chance_p",
            Estimate(binomial_p(right, len(answered), 0.5)) if answered else none,
            unit="probability",
            method="exact binomial, P(this many or more); chance=1/2",
            **common,
        ),
        index_of(
            run,
            "dprime",
            _two_choice_dprime(right, len(answered)) if answered else none,
            unit="z",
            method="sqrt(2) z(p), p=(k+.5)/(n+1); two-alternative choice",
            **common,
        ),
    ]


def _two_choice_dprime(right: int, n: int) -> Estimate:
    """Sensitivity d' in a choice of two, with a delta-method standard error."""
    gauss, p = NormalDist(), (right + 0.5) / (n + 1)
    z = gauss.inv_cdf(p)
    se = math.sqrt(2 * p * (1 - p) / n) / gauss.pdf(z)
    return normal(math.sqrt(2) * z, se, "wald")


# -- norming --------------------------------------------------------------------------------------


def _norming(run: Run, test: Sequence[Trial]) -> list[Index]:
    meanings = [t for t in test if t.design.get("part") == "meaning"]
    told = [t for t in meanings if t.response in SENSES]
    attached = sum(t.response == "attachment" for t in told)
    rows = [
        index_of(
            run,
            "attachment_share",
            proportion(attached, len(told)) if meanings else undefined("no_trials"),
            unit="proportion",
            n=(len(told), len(meanings)),
            method="associations with the attachment sense/with either sense",
        )
    ]
    for sense in (*SENSES, "control"):
        asked = [
            t for t in test if t.design.get("part") == "rating" and t.design.get("sense") == sense
        ]
        ratings = [r for t in asked if (r := number(t.response)) is not None]
        rows.append(
            index_of(
                run,
                "relatedness",
                mean_t(ratings) if asked else undefined("no_trials"),
                condition=sense,
                unit="points, 1 to 7",
                n=(len(ratings), len(asked)),
                method="mean rating of the targets",
            )
        )
    return rows


def norms(people: Sequence[Trials]) -> list[dict[str, Any]]:
    """A row a prime from norming runs: dominance of the senses, ratings, commonest association.

    ``attachment_share`` is of those whose association had one of the two senses; ``n`` are all who
    were asked. Ratings are means over the people who rated a target of that sense.
    """
    trials = [trial for person in people for trial in person.test]
    primes = sorted({str(t.stim_id) for t in trials if t.design.get("part") == "meaning"})
    return [_norm(prime, [t for t in trials if t.stim_id == prime]) for prime in primes]


def shares_of(table: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Attachment share by the prime's id from ``norms`` or a table like it, for ``Params``.

    >>> shares_of([{"id": "PW01", "attachment_share": 0.8}, {"id": "PW02"}])
    {'PW01': 0.8}
    """
    known = {str(row["id"]): number(row.get("attachment_share")) for row in table}
    return {prime: share for prime, share in known.items() if share is not None}


def _norm(prime: str, trials: Sequence[Trial]) -> dict[str, Any]:
    meanings = [t.response for t in trials if t.design.get("part") == "meaning"]
    told = [meaning for meaning in meanings if meaning in SENSES]
    typed = Counter(
        str(t.response) for t in trials if t.design.get("part") == "association" and t.response
    )
    ratings = {
        sense: [
            float(t.response)
            for t in trials
            if t.design.get("part") == "rating"
            and t.design.get("sense") == sense
            and number(t.response) is not None
        ]
        for sense in (*SENSES, "control")
    }
    return {
        "id": prime,
        "prime": next(str(t.design.get("prime")) for t in trials),
        "n": len(meanings),
        "attachment_share": told.count("attachment") / len(told) if told else None,
        "commonest": min(typed, key=lambda word: (-typed[word], word)) if typed else None,
        **{f"relatedness_{s}": float(np.mean(r)) if r else None for s, r in ratings.items()},
    }


# -- reliability ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class SplitHalf:
    """Permuted split-half reliability of the attachment bias over people."""

    n_people: int
    mean_r: float
    """Mean correlation of the halves."""
    reliability: float
    """Median of the Spearman-Brown corrected correlations."""
    low: float
    high: float
    """2.5 and 97.5 % points of the corrected correlations over the splits."""


def split_half(
    people: Sequence[Trials], params: Params | None = None, *, n_splits: int = 500, seed: int = 1
) -> SplitHalf | None:
    """How well the attachment bias of one random half of the trials predicts the other's.

    Trials are split within each condition and SOA. None with fewer than three people whose cells
    hold two response times each. Such differences of differences are typically unreliable: read
    this before any person's bias.
    """
    settings = params or Params()
    rng = np.random.default_rng(seed)
    biases = [
        halves
        for person in people
        if (halves := _half_biases(cells_of(person.test, settings), n_splits, rng)) is not None
    ]
    if len(biases) < 3:
        return None
    first, second = (np.array([half[k] for half in biases]) for k in (0, 1))
    r = _columns_correlated(first, second)
    corrected = 2 * r / (1 + r)
    low, high = np.quantile(corrected, (0.025, 0.975))
    return SplitHalf(
        len(biases), float(r.mean()), float(np.median(corrected)), float(low), float(high)
    )


def _half_biases(
    table: Table, n_splits: int, rng: np.random.Generator
) -> tuple[Floats, Floats] | None:
    signs = {
        "attachment_unrelated": 1,
        "attachment_related": -1,
        "other_unrelated": -1,
        "other_related": 1,
    }
    cells = [(signs[c], found.log_rt) for (c, _), found in table.items() if c in signs]
    if not cells or any(len(values) < 2 for _, values in cells):
        return None
    first, second = np.zeros(n_splits), np.zeros(n_splits)
    for sign, values in cells:
        order = np.argsort(rng.random((n_splits, len(values))), axis=1)
        drawn = np.asarray(values)[order]
        half = len(values) // 2
        first += sign * drawn[:, :half].mean(axis=1)
        second += sign * drawn[:, half:].mean(axis=1)
    return first, second


def _columns_correlated(a: Floats, b: Floats) -> Floats:
    """Correlation over people for each split; 0 where a half does not vary."""
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    scale = np.sqrt((a**2).sum(axis=0) * (b**2).sum(axis=0))
    r: Floats = np.divide((a * b).sum(axis=0), scale, out=np.zeros_like(scale), where=scale > 0)
    return r


# -- what it all means ----------------------------------------------------------------------------

DESCRIPTIONS = {
    "accuracy": "Right answers divided by answered trials.",
    "chance_p": "Exact probability of this many right answers or more by guessing.",
    "omission_rate": "Decisions that were not made in time, divided by all.",
    "dprime": "Sensitivity: words against pseudowords, or which of two words was masked.",
    "criterion": "Bias of the decisions; above 0: rather no word.",
    "priming": "Mean ln RT after unrelated primes less after ambiguous ones, by sense or dominance "
    "and SOA.",
    "priming_ms": "The same difference of RTs in ms.",
    "attachment_bias": "Priming of the attachment sense less that of the other sense, ln RT.",
    "attachment_bias_ms": "The same difference in ms.",
    "dominance_bias": "Priming of the dominant sense less that of the subordinate one, ln RT.",
    "lisas": "Mean RT plus errors in units of RT, LISAS (Vandierendonck 2017); secondary.",
    "lisas_priming": "The same after unrelated primes less after ambiguous ones.",
    "attachment_specificity": "ln RT of control less attachment targets after ambiguous primes.",
    "error_priming": "Error rate after unrelated primes less after ambiguous ones.",
    "rt_mean": "Mean RT of right answers in a cell, trimmed.",
    "rt_median": "Median RT of right answers to word targets, trimmed.",
    "trimmed_share": "Right answers to word targets that the limits or the trim took away.",
    "attachment_share": "Share of associations that had the attachment sense (norming).",
    "relatedness": "Mean rating of targets, 1 nothing to 7 very much to do with closeness.",
}

CONDITIONS = {
    "all": "all decisions, or all SOAs together",
    "word": "word targets",
    "nonword": "pseudowords",
    "attachment": "attachment targets, all SOAs together",
    "other": "targets of the other sense, all SOAs together",
    "dominant": "targets of the sense that most associations have, all SOAs together",
    "subordinate": "targets of the sense that fewer associations have, all SOAs together",
    "control": "control targets",
    "awareness": "the test whether masked primes were seen",
    **{f"soa_{ms}": f"SOA of {ms} ms" for ms in KNOWN_SOAS_MS},
    **{
        f"{group}_{ms}": f"{group.replace('_', ' ')} targets at an SOA of {ms} ms"
        for group in (*SENSES, *CELLS, *DOMINANCES)
        for ms in KNOWN_SOAS_MS
    },
}

FLAGS = {
    "chance": f"guessing gives such a score with a probability of {CHANCE_ALPHA:g} or more",
    "many_missed": f"more than {MISSED_LIMIT:.0%} of the trials were missed".replace("%", " %"),
    "one_answer": "every decision was the same",
    "no_trials": "undefined: the run has no complete trial of the condition",
    "no_dominance": "undefined: no prime has a share of associations that is not a half",
    "no_awareness_test": "undefined: the run has no test whether primes were seen",
}

ANALYSIS = Analysis(
    task="polysemy",
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
        A row a trial, as in ``trials_polysemy.tsv`` or made by hand; NaN where something is
        missing. Needed are ``participant``, ``condition`` (``attachment_related``,
        ``other_unrelated`` ..., ``control``), ``soa_s``, ``correct`` (NaN: no answer) and ``rt_s``.
        Used where they are there: ``session``, ``run``, ``trial``, ``practice``, ``is_word`` with
        ``response``
        (``word`` or ``nonword``), ``part`` (``decision`` unless told).
    params
        Settings: limits and trim.
    """
    return score_table(trials, ANALYSIS, params, needed=("condition", "soa_s", "correct", "rt_s"))
