"""Do the indices find what was put in? Simulated people with known parameters, scored.

    python benchmarks/validity.py [--people 200] [--out docs]

Each person plays the real design on the virtual lab, leaves a real log, and is scored by the real
analysis. Writes ``validity.md`` with a table and ``pictures/validity.png`` under ``--out``.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from analysis.read import trials_of
from analysis.run import ANALYSES
from mbtexp.conduct import Request, conduct, prepare
from mbtexp.events import read_log
from tasks.attachment.participant import Feelings, feeling
from tasks.discounting.participant import Discounter, simulated
from tasks.eyes.participant import Taker
from tasks.eyes.participant import participant as taker
from tasks.polysemy.participant import Reader
from tasks.polysemy.participant import participant as reader
from tasks.trust.participant import Person
from tasks.trust.participant import participant as judge

SEED = 20061
Drawn = tuple[Any, Mapping[tuple[str, str], float]]
"""A person, and for each (index, condition) the value that the index should find."""


@dataclass(frozen=True)
class Case:
    """One run whose indices are held against the parameters behind it."""

    task: str
    preset: str
    draw: Callable[[np.random.Generator], Drawn]
    simulate: Callable[..., Any]
    changes: Mapping[str, str] = dataclasses.field(default_factory=dict)


def eyes_person(rng: np.random.Generator) -> Drawn:
    ability = float(rng.normal(1.0, 1.0))
    return Taker(ability=ability), {("theta", "all"): ability}


def discounter(rng: np.random.Generator, index: str) -> Drawn:
    ln_k = float(rng.normal(-4.5, 1.5))
    ln_beta = float(rng.normal(math.log(12.0), 0.4))
    truth = {(index, "all"): ln_k}
    if index == "ln_k":
        truth["ln_beta", "all"] = ln_beta
    return Discounter(ln_k, beta=math.exp(ln_beta)), truth


def trust_person(rng: np.random.Generator) -> Drawn:
    bias, slope = float(rng.normal(-0.3, 0.6)), float(rng.uniform(0.2, 1.2))
    truth = {("bias", "trust"): bias, ("slope", "trust"): slope}
    return Person(bias=bias, slope=slope), truth


def primed(rng: np.random.Generator) -> Drawn:
    sizes = {
        "attachment_short": float(rng.normal(0.03, 0.04)),
        "attachment_long": float(rng.normal(0.06, 0.04)),
        "other_short": float(rng.normal(0.08, 0.04)),
        "other_long": float(rng.normal(0.02, 0.04)),
    }
    truth = {
        ("priming", "attachment_250"): sizes["attachment_short"],
        ("priming", "attachment_1000"): sizes["attachment_long"],
        ("priming", "other_250"): sizes["other_short"],
        ("priming", "other_1000"): sizes["other_long"],
        ("attachment_bias", "soa_1000"): sizes["attachment_long"] - sizes["other_long"],
    }
    return Reader(**sizes), truth


def attached(rng: np.random.Generator) -> Drawn:
    own, acquainted = float(rng.uniform(55, 95)), float(rng.uniform(15, 45))
    d_prime, pleasure = float(rng.uniform(1.5, 4.0)), float(rng.uniform(30, 75))
    truth = {
        ("person_love", "own_minus_acquainted"): own - acquainted,
        ("dot_d_prime", "all"): d_prime,
        ("mood_pleasure", "all"): pleasure,
    }
    made_of = Feelings(
        own=own, acquainted=acquainted, d_prime=d_prime, pleasure=pleasure, habituation=0.0
    )
    return made_of, truth


def _steady(index: str) -> Callable[[np.random.Generator], Drawn]:
    return partial(discounter, index=index)


CASES = (
    Case("eyes", "standard", eyes_person, taker),
    Case("trust", "rating", trust_person, judge),
    Case("discounting", "adaptive", _steady("ln_k"), simulated, {"trials": "20"}),
    Case("discounting", "mcq27", _steady("mcq_ln_k"), simulated),
    Case("discounting", "five_trial", _steady("five_trial_ln_k"), simulated),
    Case("polysemy", "standard", primed, reader),
    Case("attachment", "event", attached, feeling),
)

Found = dict[tuple[str, str], tuple[float, float | None, float | None, float | None]]
"""For each index and condition: truth, estimate and interval."""


def one_person(case_number: int, number: int) -> Found:
    """Draw a person, let them play, score the log."""
    case = CASES[case_number]
    rng = np.random.default_rng([SEED, case_number, number])
    person, truths = case.draw(rng)
    with tempfile.TemporaryDirectory() as folder:
        request = Request(
            task=case.task,
            participant=f"{number:03d}",
            data=Path(folder),
            preset=case.preset,
            changes=case.changes,
            simulate=True,
            virtual=True,
        )
        prepared = prepare(request)
        played_by = dataclasses.replace(
            prepared.task, participant=lambda s, m: case.simulate(s, m, person)
        )
        done = conduct(request, prepared=dataclasses.replace(prepared, task=played_by))
        analysis = ANALYSES[case.task]
        indices = analysis.indices(trials_of(read_log(done.log)), analysis.params)
    by_name = {(index.index, index.condition): index for index in indices}
    return {
        key: (truth, by_name[key].value, by_name[key].ci_low, by_name[key].ci_high)
        for key, truth in truths.items()
    }


@dataclass(frozen=True)
class Recovery:
    """How well one index finds its parameter."""

    case: Case
    index: str
    condition: str
    truth: np.ndarray
    estimate: np.ndarray
    covered: float | None

    @property
    def r(self) -> float:
        return float(np.corrcoef(self.truth, self.estimate)[0, 1])

    @property
    def bias(self) -> float:
        return float(np.mean(self.estimate - self.truth))

    @property
    def rmse(self) -> float:
        return float(np.sqrt(np.mean((self.estimate - self.truth) ** 2)))


def recoveries(case_number: int, people: Sequence[Found]) -> list[Recovery]:
    """One row an index; people for whom it is undefined are left out and counted by ``n``."""
    rows = []
    for key in people[0]:
        found = [person[key] for person in people if person[key][1] is not None]
        inside = [
            low <= truth <= high
            for truth, _, low, high in found
            if low is not None and high is not None
        ]
        rows.append(
            Recovery(
                CASES[case_number],
                *key,
                np.array([truth for truth, *_ in found]),
                np.array([estimate for _, estimate, *_ in found]),
                float(np.mean(inside)) if inside else None,
            )
        )
    return rows


HEAD = """\
# Validity: do the indices find what was put in?

Made by `python benchmarks/validity.py --people {people}`; do not edit by hand.

For each row {people} simulated people with known parameters played the real design on the virtual
lab, left a real log, and were scored by the real analysis. *r* is the correlation of the index with
the parameter behind it, *bias* the mean of index minus parameter, *RMSE* the typical distance,
*covered* the share of 95 % intervals that hold the parameter.

This shows that design, log and analysis fit together. It does not show that real people are like
the models: for that an index needs its own reliability and validity in your sample.

| task | preset | index | condition | n | range put in | r | bias | RMSE | covered |
|---|---|---|---|---|---|---|---|---|---|
"""

TAIL = """
How to read it:

- Bias of shrunk estimates (`theta`, `ln_k`, `ln_beta`) is toward the middle of their prior, most
  for people at the edges; their intervals are posterior ones.
- `bias` and `slope` of the trust task are those of ratings on a scale that ends at 1 and 7: people
  whose judgements reach beyond its ends are pulled back.
- A priming effect of one person is small beside its noise: look at *r* before you correlate it
  with anything.
- `five_trial_ln_k` has as many values as five choices can lead to.

![Estimates against the parameters behind them](pictures/validity.png)
"""


def write(rows: Sequence[Recovery], people: int, out: Path) -> None:
    """The table and the picture."""
    out.mkdir(parents=True, exist_ok=True)
    lines = [
        f"| {row.case.task} | {row.case.preset} | `{row.index}` | {row.condition} "
        f"| {len(row.truth)} | {row.truth.min():.2f} to {row.truth.max():.2f} "
        f"| {row.r:.3f} | {row.bias:+.3f} "
        f"| {row.rmse:.3f} | {'n/a' if row.covered is None else f'{100 * row.covered:.0f} %'} |"
        for row in rows
    ]
    text = HEAD.format(people=people) + "\n".join(lines) + "\n" + TAIL
    (out / "validity.md").write_text(text, encoding="utf-8")
    _draw(rows, out / "pictures" / "validity.png")


def _draw(rows: Sequence[Recovery], path: Path) -> None:
    import matplotlib as mpl  # noqa: PLC0415  the workers do without

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415  after the choice of its back end

    columns = 4
    figure, axes = plt.subplots(
        -(-len(rows) // columns), columns, figsize=(11, 2.75 * -(-len(rows) // columns))
    )
    for axis in axes.flat:
        axis.set_visible(False)
    for axis, row in zip(axes.flat, rows, strict=False):
        axis.set_visible(True)
        ends = [min(row.truth.min(), row.estimate.min()), max(row.truth.max(), row.estimate.max())]
        axis.plot(ends, ends, color="0.7", linewidth=1)
        axis.plot(row.truth, row.estimate, ".", markersize=3, color="#1f5f8b")
        axis.set_title(
            f"{row.case.task}: {row.index}\n{row.condition}, r = {row.r:.2f}", fontsize=8
        )
        axis.set_xlabel("put in", fontsize=7)
        axis.set_ylabel("found", fontsize=7)
        axis.tick_params(labelsize=7)
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=80)
    plt.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=200, help="simulated people a row (200)")
    parser.add_argument("--out", type=Path, default=Path("docs"), help="where to write (docs)")
    options = parser.parse_args()
    rows: list[Recovery] = []
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for number, case in enumerate(CASES):
            people = list(pool.map(partial(one_person, number), range(1, options.people + 1)))
            found = recoveries(number, people)
            rows += found
            for row in found:
                name = f"{case.task} {case.preset} {row.index} {row.condition}"
                print(
                    f"{name}: n {len(row.truth)}, r {row.r:.3f}, bias {row.bias:+.3f}", flush=True
                )
    write(rows, options.people, options.out)


if __name__ == "__main__":
    main()
