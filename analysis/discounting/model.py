"""The hyperbola and its rivals, fitted to a person's choices of money."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from analysis.discounting.offers import (
    FEW,
    answered_of,
    censored,
    chose_later,
    money_of,
)
from analysis.hyperbola import (
    LAPSE,
    MODELS,
    PRIOR_LN_BETA,
    PRIOR_LN_BETA_SD,
    PRIOR_LN_K,
    PRIOR_LN_K_SD,
    Choices,
    choices,
    fit_likelihood,
    fit_posterior,
    noise_log_likelihood,
)
from analysis.indices import Index, index_of
from analysis.intervals import Estimate, proportion, undefined
from analysis.read import Run, Trial


@dataclass(frozen=True)
class Money:
    """The answered choices between amounts of money, or why there are none."""

    data: Choices | None
    n: tuple[int, int]
    flags: tuple[str, ...]
    reason: str


def choices_of(offers: Sequence[Trial]) -> Money:
    """The choices of money among these offers, and how many there were."""
    wanted = [trial for trial in offers if trial.design.get("method") != "experiential"]
    answered = answered_of(wanted)
    rows = [(*row, chose_later(t)) for t in answered if (row := money_of(t)) is not None]
    if not rows:
        reason = "no_answers" if wanted else "not_this_method" if offers else "no_trials"
        return Money(None, (0, len(wanted)), (), reason)
    return Money(choices(rows), (len(rows), len(wanted)), censored(answered), "")


def posterior_rows(run: Run, money: Money) -> list[Index]:
    """The hyperbola with a weak prior, and the delay that halves the value."""
    if money.data is None:
        ln_k = ln_beta = ed50 = undefined(money.reason)
    else:
        fit = fit_posterior(money.data)
        ln_k, ln_beta = (part.flagged(*money.flags) for part in (fit.ln_k, fit.ln_beta))
        ed50 = _ed50(ln_k)
    rule = (
        f"hyperbola, noise on the difference / larger amount, lapse {LAPSE:g}; MAP, priors "
        f"ln k N({PRIOR_LN_K:g},{PRIOR_LN_K_SD:g}^2), "
        f"ln beta N({PRIOR_LN_BETA:g},{PRIOR_LN_BETA_SD:g}^2)"
    )
    return [
        index_of(run, "ln_k", ln_k, unit="ln(1/day)", n=money.n, method=rule),
        index_of(run, "ln_beta", ln_beta, unit="ln", n=money.n, method=rule),
        index_of(run, "ed50", ed50, unit="day", n=money.n, method=f"exp(-ln k); {rule}"),
    ]


def _ed50(ln_k: Estimate) -> Estimate:
    """Delay that halves the value; the interval is that of ln k, turned round."""
    if ln_k.value is None or ln_k.ci_low is None or ln_k.ci_high is None:
        return ln_k
    low, high = math.exp(-ln_k.ci_high), math.exp(-ln_k.ci_low)
    return Estimate(math.exp(-ln_k.value), None, low, high, ln_k.ci_method, ln_k.flags)


def likelihood_rows(run: Run, money: Money) -> list[Index]:
    """Maximum likelihood beside it, and how well each model describes the answers."""
    data = money.data
    reason = money.reason if data is None else "few_choices" if data.n < FEW else None
    rows: dict[tuple[str, str], Estimate] = {}
    for model in MODELS:
        if data is None or reason:
            rows["bic", model] = undefined(reason or "")
            continue
        fit = fit_likelihood(data, model)
        bic = fit.n_parameters * math.log(data.n) - 2 * fit.log_likelihood
        rows["bic", model] = Estimate(bic)
        if model == "hyperbolic":
            rows["ln_k_ml", "all"] = fit.ln_k.flagged(*money.flags)
            rows["ln_beta_ml", "all"] = fit.ln_beta.flagged(*money.flags)
            chance = data.n * math.log(0.5)
            rows["mcfadden", "all"] = Estimate(1 - fit.log_likelihood / chance)
            rows["predicted", "all"] = proportion(round(fit.predicted * data.n), data.n)
    if data is not None and not reason:
        rows["bic", "noise"] = Estimate(math.log(data.n) - 2 * noise_log_likelihood(data))
    none = undefined(reason or "")
    return [
        index_of(
            run,
            name,
            rows.get((name, condition), none),
            condition=condition,
            unit=unit,
            n=money.n,
            method=method,
        )
        for name, condition, unit, method in _LIKELIHOOD_ROWS
    ]


_ML = "hyperbola, noise on the difference / larger amount; ML, ln k in [-20,4], ln beta in [-4,8]"

_LIKELIHOOD_ROWS = (
    ("ln_k_ml", "all", "ln(1/day)", _ML),
    ("ln_beta_ml", "all", "ln", _ML),
    ("mcfadden", "all", "proportion", f"1 - LL/(n ln .5); {_ML}"),
    ("predicted", "all", "proportion", f"answers that the fit holds for the likelier; {_ML}"),
    *(("bic", model, "BIC", f"p ln n - 2 LL; ML, {model}") for model in MODELS),
    ("bic", "noise", "BIC", "ln n - 2 LL; the same share of later choices in every trial"),
)
