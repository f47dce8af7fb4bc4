"""How long our statistics take beside the programs that labs use, and whether they agree.

    python benchmarks/statistics/compare.py [--rounds 3]

Ours and the other program work on the same data in one run; what counts is the ratio. What is not
installed is named and left out: pingouin, statsmodels and PyDDM come by ``uv pip install``, lme4
and metafor are asked for if there is an ``Rscript``.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

# One thread for everybody: small products on two threads of a busy machine wait for each other.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

from jobs import JOBS, Job, Missing


@dataclass(frozen=True)
class Row:
    """One comparison: seconds of both, and how far the answers lie apart."""

    job: Job
    ours_s: float
    other_s: float
    apart: float

    @property
    def line(self) -> str:
        """The row as a line of a table."""
        agree = "yes" if self.apart <= self.job.tolerance else "NO"
        return (
            f"| {self.job.name} | {self.job.program()} | {_time(self.other_s)} "
            f"| {_time(self.ours_s)} | {self.other_s / self.ours_s:.3g} "
            f"| {self.apart:.1e} of {self.job.tolerance:.0e}: {agree} |"
        )


def _time(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{1000 * seconds:.3g} ms"


def shortest(run: Callable[[], Sequence[float]], rounds: int) -> tuple[float, Sequence[float]]:
    """The shortest of some runs, s, and the answer."""
    best, answer = float("inf"), run()
    for _ in range(rounds):
        start = time.perf_counter()
        answer = run()
        best = min(best, time.perf_counter() - start)
    return best, answer


def compared(job: Job, rounds: int) -> Row:
    """Both programs on the same data."""
    ours_s, ours = shortest(job.ours, rounds)
    other_s, other = job.timed(1 if job.slow else rounds)
    apart = max(abs(a - b) / max(abs(b), job.floor) for a, b in zip(ours, other, strict=True))
    return Row(job, ours_s, other_s, apart)


def main() -> int:
    """Print the table; 1 if answers differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="runs of each; the shortest counts")
    parser.add_argument("--only", nargs="+", default=None, help="jobs by the start of their names")
    options = parser.parse_args()
    print("| job | beside | it takes | ours | times faster | answers differ by (relative) |")
    print("|---|---|---|---|---|---|")
    failed = False
    absent = []
    for job in JOBS:
        if options.only and not job.name.startswith(tuple(options.only)):
            continue
        try:
            row = compared(job, options.rounds)
        except Missing as missing:
            absent.append(f"{job.name}: {missing}")
            continue
        failed |= row.apart > job.tolerance
        print(row.line, flush=True)
    for reason in absent:
        print(f"\nnot compared: {reason}")
    return int(failed)


if __name__ == "__main__":
    raise SystemExit(main())
