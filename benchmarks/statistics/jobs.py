"""The jobs that are compared: ours and another program's, on data made once from a seed."""

from __future__ import annotations

import importlib
import importlib.metadata
import math
import shutil
import subprocess
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from analysis.choice import fit_choices
from analysis.exgaussian import ex_gaussian
from analysis.ez import TIMES, decision_time, ez_of, ez_robust_of
from analysis.mixed import fit_crossed
from analysis.reliability import alpha, icc, spearman_brown, split_half
from analysis.shrink import pool

Answer = Sequence[float]


class Missing(Exception):
    """A program that is not here."""


def module(name: str) -> Any:
    """Another program's module."""
    try:
        return importlib.import_module(name)
    except ImportError:
        raise Missing(f"{name} is not installed") from None


def version_of(name: str) -> str:
    """Name and version of an installed package."""
    return f"{name} {importlib.metadata.version(name)}"


@dataclass(frozen=True)
class Job:
    """One piece of work that two programs do."""

    name: str
    ours: Callable[[], Answer]
    timed: Callable[[int], tuple[float, Answer]]
    """The other program's shortest time in some runs, s, and its answer."""
    program: Callable[[], str]
    tolerance: float
    slow: bool = False
    floor: float = 1e-12
    """Below this size answers are compared absolutely."""


def clocked(run: Callable[[], Answer]) -> Callable[[int], tuple[float, Answer]]:
    """A Python job that is timed here, after one run that loads what it needs."""

    def timed(rounds: int) -> tuple[float, Answer]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            answer = run() if rounds > 1 else ()
            best = math.inf
            for _ in range(rounds):
                start = time.perf_counter()
                answer = run()
                best = min(best, time.perf_counter() - start)
        return best, answer

    return timed


def in_r(package: str, code: str, table: Callable[[], pd.DataFrame]) -> Callable[..., Any]:
    """A job in R: ``code`` makes ``answer`` from the data frame ``d``; R itself holds the clock."""

    def timed(rounds: int) -> tuple[float, Answer]:
        if r_version(package) is None:
            raise Missing(f"R with {package} is not installed")
        script = (
            f"suppressMessages(library({package})); d <- read.csv(file('stdin'));"
            "best <- Inf; for (k in 1:(1 + " + str(rounds) + ")) {"
            "t <- proc.time()[['elapsed']]; for (j in 1:5) {" + code + "};"
            "if (k > 1) best <- min(best, (proc.time()[['elapsed']] - t) / 5)};"
            "cat(sprintf('%.15g', c(best, answer)), sep=',')"
        )
        ran = subprocess.run(
            ["Rscript", "-e", script],
            input=table().to_csv(index=False),
            capture_output=True,
            text=True,
            check=True,
            timeout=600,
        )
        numbers = [float(part) for part in ran.stdout.strip().split(",")]
        return numbers[0], numbers[1:]

    return timed


@cache
def r_version(package: str) -> str | None:
    """Version of a package of R; None if R or the package is not here."""
    if shutil.which("Rscript") is None:
        return None
    code = f"cat(as.character(packageVersion('{package}')), R.version$major, R.version$minor)"
    ran = subprocess.run(["Rscript", "-e", code], capture_output=True, text=True, check=False)
    if ran.returncode:
        return None
    version, major, minor = ran.stdout.split()
    return f"{package} {version}, R {major}.{minor}"


# -- a mixed model of persons and items ----------------------------------------------------------


@cache
def crossed() -> pd.DataFrame:
    """ln RT of 25 people x 284 items, 7,100 rows."""
    rng = np.random.default_rng(5)
    person, item = (part.ravel() for part in np.indices((25, 284)))
    x = rng.integers(0, 2, person.size) - 0.5
    y = -0.5 + 0.05 * x + rng.normal(0, 0.15, 25)[person] + rng.normal(0, 0.08, 284)[item]
    y += rng.normal(0, 0.25, person.size)
    return pd.DataFrame({"y": y, "x": x, "person": person, "item": item})


def small() -> pd.DataFrame:
    """A sixth of it, for a program that takes minutes over the whole."""
    table = crossed()
    return table[(table["person"] < 12) & (table["item"] < 96)]


def our_crossed(table: pd.DataFrame) -> Answer:
    x = np.column_stack([np.ones(len(table)), table["x"]])
    fit = fit_crossed(
        table["y"].to_numpy(), x, table["person"].to_numpy(), table["item"].to_numpy()
    )
    return [*map(float, fit.coefficients), *map(float, fit.se)]


def their_crossed() -> Answer:
    statsmodels = module("statsmodels.formula.api")
    table = small().assign(group=1)
    model = statsmodels.mixedlm(
        "y ~ x",
        table,
        groups="group",
        re_formula="0",
        vc_formula={"person": "0 + C(person)", "item": "0 + C(item)"},
    )
    fit = model.fit(reml=True)
    return [*map(float, fit.fe_params)]


LME4 = (
    "m <- lmer(y ~ x + (1|person) + (1|item), d);"
    "answer <- c(fixef(m), sqrt(diag(as.matrix(vcov(m)))))"
)


# -- random effects ------------------------------------------------------------------------------


@cache
def costs() -> pd.DataFrame:
    """A cost with its standard error for each of 200 people."""
    rng = np.random.default_rng(6)
    se = rng.uniform(0.4, 0.8, 200)
    return pd.DataFrame({"y": rng.normal(0.2, 0.5, 200) + se * rng.standard_normal(200), "se": se})


def our_costs() -> Answer:
    table = costs()
    fit = pool(table["y"].to_numpy(), table["se"].to_numpy())
    return [float(fit.coefficients[0]), float(fit.se[0]), fit.tau2]


METAFOR = (
    "m <- rma(y, sei=se, data=d, method='REML', test='knha', control=list(threshold=1e-12));"
    "answer <- c(m$beta, m$se, m$tau2)"
)


# -- reliability ---------------------------------------------------------------------------------


@cache
def ratings() -> pd.DataFrame:
    """200 people, four occasions."""
    rng = np.random.default_rng(7)
    return pd.DataFrame(rng.normal(0, 1, (200, 1)) + rng.normal(0, 0.8, (200, 4)))


def our_icc() -> Answer:
    found = icc(ratings())
    return [found.agreement.value, found.consistency.value, alpha(ratings()).value]


def their_icc() -> Answer:
    pingouin = module("pingouin")
    long = ratings().reset_index().melt("index")
    table = pingouin.intraclass_corr(long, "index", "variable", "value").set_index("Type")["ICC"]
    return [
        float(table["ICC(A,1)"]),
        float(table["ICC(C,1)"]),
        float(pingouin.cronbach_alpha(ratings())[0]),
    ]


SPLITS = 50


@cache
def trials() -> pd.DataFrame:
    """61 people, 320 trials in two conditions."""
    rng = np.random.default_rng(8)
    person = np.repeat(np.arange(61), 320)
    condition = np.tile([0, 1], 61 * 160)
    gain = rng.normal(0.05, 0.04, 61)[person] * condition
    return pd.DataFrame(
        {
            "participant": person,
            "condition": condition,
            "rt": rng.normal(0.6, 0.1, person.size) - gain,
        }
    )


def cost_of(part: pd.DataFrame) -> pd.Series:
    """RT of one condition less that of the other, of everybody."""
    means = part.pivot_table("rt", "participant", "condition")
    return means[0] - means[1]


def our_halves() -> Answer:
    found = split_half(trials(), cost_of, "participant", "condition", SPLITS, seed=1)
    return [found.sb_median]


def their_halves() -> Answer:
    """As a lab's own script does it: a loop over splits and people, with pandas and scipy."""
    stats = module("scipy.stats")
    table, rng = trials(), np.random.default_rng(1)
    found = []
    for _ in range(SPLITS):
        first, second = [], []
        for _, own in table.groupby("participant"):
            halves: list[dict[int, float]] = [{}, {}]
            for condition, cell in own.groupby("condition"):
                shuffled = cell["rt"].sample(frac=1, random_state=rng)
                half = len(shuffled) // 2
                halves[0][condition] = shuffled.iloc[:half].mean()
                halves[1][condition] = shuffled.iloc[half:].mean()
            first.append(halves[0][0] - halves[0][1])
            second.append(halves[1][0] - halves[1][1])
        found.append(float(spearman_brown(stats.pearsonr(first, second).statistic)))
    return [float(np.median(found))]


# -- response times ------------------------------------------------------------------------------


@cache
def times() -> list[np.ndarray]:
    """Response times of 20 people, 240 each."""
    rng = np.random.default_rng(9)
    return [rng.normal(0.45, 0.06, 240) + rng.exponential(0.12, 240) for _ in range(20)]


def our_ex_gaussian() -> Answer:
    return [value for rt in times() for value in ex_gaussian(rt)[:3]]


def their_ex_gaussian() -> Answer:
    exponnorm = module("scipy.stats").exponnorm
    answer = []
    for rt in times():
        shape, mu, sigma = exponnorm.fit(rt, 2, loc=rt.mean() - rt.std() / 2, scale=rt.std() / 2)
        answer += [mu, sigma, shape * sigma]
    return answer


@cache
def decisions() -> tuple[int, np.ndarray]:
    """Right answers of 2,000 and their times: v = .25, a = .12, ter = .4 (s = .1)."""
    rng = np.random.default_rng(10)
    below, _ = decision_time(3.0, TIMES)
    right = int(rng.binomial(2000, 1 / (1 + math.exp(-3))))
    return right, 0.4 + 1.44 * np.interp(rng.random(right), below, TIMES)


def our_diffusion() -> Answer:
    right, rt = decisions()
    ez_of(right, 2000, rt)
    found = ez_robust_of(right, 2000, rt)
    return [float(part.value or 0.0) for part in (found.v, found.a, found.ter)]


def their_diffusion() -> Answer:
    """PyDDM's full likelihood; errors take as long as right answers where the start is unbiased."""
    pyddm = module("pyddm")
    right, rt = decisions()
    wrong = np.resize(rt, 2000 - right)
    sample = pyddm.Sample.from_numpy_array(
        np.column_stack([np.r_[rt, wrong], np.r_[np.ones(right), np.zeros(2000 - right)]]),
        [],
    )
    model = pyddm.gddm(
        drift="v",
        bound="b",
        nondecision="ter",
        parameters={"v": (0.5, 6), "b": (0.2, 1.5), "ter": (0.1, 0.6)},
        dx=0.005,
        dt=0.005,
        T_dur=4.0,
    )
    model.fit(sample, verbose=False, fitting_method="simplex")  # its default searches for minutes
    v, b, ter = (float(value) for value in model.get_model_parameters())
    return [0.1 * v, 0.2 * b, ter]


# -- discounting ---------------------------------------------------------------------------------


@cache
def offers() -> pd.DataFrame:
    """100 people, 100 choices each."""
    rng = np.random.default_rng(11)
    frames = []
    for k in range(100):
        rate, beta = math.exp(rng.normal(-4.5, 1.2)), math.exp(rng.normal(2.3, 0.4))
        sooner, days = rng.uniform(5, 95, 100), rng.choice([7.0, 30, 90, 180, 365], 100)
        gain = 1 / (1 + rate * days) - sooner / 100
        frames.append(
            pd.DataFrame(
                {
                    "participant": f"{k:03d}",
                    "amount_sooner": sooner,
                    "delay_sooner_d": 0.0,
                    "amount_later": 100.0,
                    "delay_later_d": days,
                    "chose_later": rng.random(100) < 1 / (1 + np.exp(-beta * gain)),
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def our_rates() -> Answer:
    return [float(value) for value in fit_choices(offers(), method="ml")["ln_k"]]


def their_rates() -> Answer:
    """As a lab's own script does it: scipy's minimize from three starts, person by person."""
    optimize = module("scipy.optimize")
    answer = []
    for _, own in offers().groupby("participant"):
        sooner = own["amount_sooner"].to_numpy() / 100
        days, later = own["delay_later_d"].to_numpy(), own["chose_later"].to_numpy()

        def misfit(
            at: np.ndarray,
            sooner: np.ndarray = sooner,
            days: np.ndarray = days,
            later: np.ndarray = later,
        ) -> float:
            gain = 1 / (1 + np.exp(at[0]) * days) - sooner
            x = np.exp(at[1]) * gain
            return float(np.logaddexp(0, np.where(later, -x, x)).sum())

        fits = [
            optimize.minimize(misfit, [start, 2.0], bounds=[(-20, 4), (-4, 8)])
            for start in (-7.0, -4.5, -2.0)
        ]
        answer.append(float(min(fits, key=lambda fit: fit.fun).x[0]))
    return answer


def python(*packages: str) -> Callable[[], str]:
    """Names and versions of packages, once they are known to be here."""
    return lambda: ", ".join(map(version_of, packages))


def with_r(package: str) -> Callable[[], str]:
    """Name and version of a package of R."""
    return lambda: r_version(package) or package


JOBS = (
    Job(
        "crossed mixed model, 7,100 rows",
        lambda: our_crossed(crossed()),
        in_r("lme4", LME4, crossed),
        with_r("lme4"),
        1e-4,
    ),
    Job(
        "crossed mixed model, 1,152 rows",
        lambda: our_crossed(small())[:2],
        clocked(their_crossed),
        python("statsmodels"),
        0.05,
        slow=True,
    ),
    Job(
        "random effects of 200 people",
        our_costs,
        in_r("metafor", METAFOR, costs),
        with_r("metafor"),
        1e-6,
    ),
    Job(
        "ICC and alpha of 200 x 4",
        our_icc,
        clocked(their_icc),
        python("pingouin"),
        1e-6,
    ),
    Job(
        f"split-half, 61 x 320 trials, {SPLITS} splits",
        our_halves,
        clocked(their_halves),
        python("pandas", "scipy"),
        0.05,
        slow=True,
    ),
    Job(
        "ex-Gaussian of 20 people x 240",
        our_ex_gaussian,
        clocked(their_ex_gaussian),
        python("scipy"),
        2e-3,
    ),
    Job(
        "diffusion of 2,000 decisions",
        our_diffusion,
        clocked(their_diffusion),
        python("pyddm"),
        0.05,
        slow=True,
    ),
    Job(
        "ln k by ML, 100 people x 100 choices",
        our_rates,
        clocked(their_rates),
        python("scipy"),
        2e-3,
    ),
)
