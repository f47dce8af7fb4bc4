"""Do the indices find what was put in? Simulated people with known parameters, scored.

    python benchmarks/validity.py [--people 200] [--out docs]

Each person plays the real design on the virtual lab, leaves a real log, and is scored by the real
analysis. Writes ``validity.md`` with a table and ``pictures/validity.png`` under ``--out``.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from people import CASES, WITHOUT_A_PARAMETER, Case, Key, Truth
from PIL import Image

from analysis.read import trials_of
from analysis.run import ANALYSES
from mbtexp.conduct import Request, conduct, prepare
from mbtexp.events import read_log

SEED = 20061

Found = dict[Key, tuple[Truth, float | None, float | None, float | None]]
"""For each index and condition: truth, estimate and interval."""


def one_person(case_number: int, number: int) -> Found:
    """Draw a person, let them play, score the log."""
    case = CASES[case_number]
    rng = np.random.default_rng([SEED, case_number, number])
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
        person, truths = case.draw(rng, prepared)
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
    same: bool
    """Whether truth and estimate are on one scale."""
    covered: float | None

    @property
    def r(self) -> float | None:
        """None where everybody has the same truth, or gets the same estimate."""
        if not (np.ptp(self.truth) and np.ptp(self.estimate)):
            return None
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
            low <= truth.value <= high
            for truth, _, low, high in found
            if low is not None and high is not None
        ]
        same = people[0][key][0].same
        rows.append(
            Recovery(
                CASES[case_number],
                *key,
                np.array([truth.value for truth, *_ in found]),
                np.array([estimate for _, estimate, *_ in found], dtype=float),
                same,
                float(np.mean(inside)) if inside and same else None,
            )
        )
    return rows


HEAD = """\
# Validity: do the indices find what was put in?

Made by `python benchmarks/validity.py --people {people}`; do not edit by hand.

For each row {people} simulated people with known parameters played the real design on the virtual
lab, left a real log, and were scored by the real analysis. *r* is the correlation of the index with
what was put in, *bias* the mean of index minus parameter, *RMSE* the typical distance, *covered*
the share of 95 % intervals that hold the parameter. Where the index is on another scale than the
parameter (it should rise with it, no more) bias, RMSE and covered are left empty.

This shows that design, log and analysis fit together. It does not show that real people are like
the models: for that an index needs its own reliability and validity in your sample.

| task | preset | index | condition | n | range put in | r | bias | RMSE | covered |
|---|---|---|---|---|---|---|---|---|---|
"""

TAIL = """
How to read it:

- Bias of shrunk estimates (`theta`, `ln_k`, `ln_beta`) is toward the middle of their prior, most
  for people at the edges; their intervals are posterior ones.
- `slope` and `rating_sd` of the trust task are those of ratings on a scale that ends at 1 and 7:
  people whose judgements reach beyond its ends are pulled back.
- A priming effect of one person is small beside its noise: look at *r* before you correlate it
  with anything. The same holds for `dot_rt_cost`, with about twelve dots a run.
- `ln_beta` and `ln_beta_ml`, how steeply somebody chooses, are poorly told by 20 choices.
- `magnitude_effect` and `prime_rt_cost` had a true value of 0 for everybody.
- `five_trial_ln_k` has as many values as five choices can lead to; `mcq_ln_k` ends at the
  questionnaire's smallest and largest k.
- Adjusting amounts start in the middle and take few steps; noise pulls indifference points toward
  it, and with them the three `auc`.
- `impulsive_share` and `points`: by the hyperbola nobody prefers the short wait by much, so the
  range that could be put in is narrow.

![Estimates against what was put in](pictures/validity.png)

## Indices without a row

Nothing was put in that these could find:

| task | index | why |
|---|---|---|
"""


def _number(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)


def _line(row: Recovery) -> str:
    r = _number(row.r, ".3f")
    bias = _number(row.bias if row.same else None, "+.3f")
    rmse = _number(row.rmse if row.same else None, ".3f")
    covered = "" if row.covered is None else f"{100 * row.covered:.0f} %"
    return (
        f"| {row.case.task} | {row.case.preset} | `{row.index}` | {row.condition} "
        f"| {len(row.truth)} | {row.truth.min():.2f} to {row.truth.max():.2f} "
        f"| {r} | {bias} | {rmse} | {covered} |"
    )


def write(rows: Sequence[Recovery], people: int, out: Path) -> None:
    """The table and the picture."""
    out.mkdir(parents=True, exist_ok=True)
    without = [
        f"| {task} | `{index}` | {why} |"
        for task, reasons in WITHOUT_A_PARAMETER.items()
        for index, why in reasons.items()
    ]
    text = HEAD.format(people=people) + "\n".join([_line(row) for row in rows]) + "\n"
    text += TAIL + "\n".join(without) + "\n"
    (out / "validity.md").write_text(text, encoding="utf-8")
    _draw(rows, out / "pictures" / "validity.png")


def _spoken(row: Recovery) -> str:
    return "all the same put in" if row.r is None else f"r = {row.r:.2f}"


def _draw(rows: Sequence[Recovery], path: Path) -> None:
    import matplotlib as mpl  # noqa: PLC0415  the workers do without

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415  after the choice of its back end

    columns = 6
    figure, axes = plt.subplots(
        -(-len(rows) // columns), columns, figsize=(15, 2.6 * -(-len(rows) // columns))
    )
    for axis in axes.flat:
        axis.set_visible(False)
    for axis, row in zip(axes.flat, rows, strict=False):
        axis.set_visible(True)
        if row.same:
            low = min(row.truth.min(), row.estimate.min())
            high = max(row.truth.max(), row.estimate.max())
            axis.plot([low, high], [low, high], color="0.7", linewidth=1)
        axis.plot(row.truth, row.estimate, ".", markersize=3, color="#1f5f8b")
        axis.set_title(f"{row.case.task}: {row.index}\n{row.condition}, {_spoken(row)}", fontsize=8)
        axis.set_xlabel("put in", fontsize=7)
        axis.set_ylabel("found", fontsize=7)
        axis.tick_params(labelsize=7)
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=80)
    plt.close(figure)
    # Four colours are drawn; a palette makes the file a third as large.
    Image.open(path).convert("RGB").quantize(24).save(path, optimize=True)


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
                bias = f", bias {row.bias:+.3f}" if row.same else ""
                print(f"{name}: n {len(row.truth)}, {_spoken(row)}{bias}", flush=True)
    write(rows, options.people, options.out)


if __name__ == "__main__":
    main()
