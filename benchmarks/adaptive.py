"""How long the adaptive search takes from an answer to the next offer.

python benchmarks/adaptive.py
"""

from __future__ import annotations

import argparse
import os
import statistics
import time

from figures import Figure, spread, table

from tasks.discounting.adaptive import LN_BETA, LN_K, Adaptive, designs_of

TO_REACH_MS = 1.0
RATIOS = [n / 50 for n in range(1, 50)]
DAYS = [1.0, 2, 3, 5, 7, 10, 14, 21, 30, 60, 90, 120, 180, 270, 365, 730, 1100, 1800, 2700, 3650]
"""With the ratios 980 designs."""


def steps_ms(trials: int, runs: int) -> list[float]:
    """Time from each answer to the next offer, ms."""
    took = []
    for _ in range(runs):
        search = Adaptive(designs_of(RATIOS, DAYS))
        offer = search.design(0.5)
        for trial in range(trials):
            began = time.perf_counter()
            search.update(offer, trial % 2 == 0)
            offer = search.design(0.5)
            took.append(1000 * (time.perf_counter() - began))
    return took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--runs", type=int, default=20)
    options = parser.parse_args()
    began = time.perf_counter()
    designs = len(Adaptive(designs_of(RATIOS, DAYS)).designs)
    first_ms = 1000 * (time.perf_counter() - began)
    took = steps_ms(options.trials, options.runs)
    reached = statistics.median(took) <= TO_REACH_MS
    name = f"answer to next offer, {designs} designs x {LN_K.size * LN_BETA.size} points, ms"
    figures = [
        Figure(f"{name} (median / 99 % / worst)", (spread(took),), f"<= {TO_REACH_MS:g}", reached),
        Figure("setting up before the first trial, ms", (f"{first_ms:.1f}",)),
    ]
    print(table(("ours",), figures))
    print(f"load of this machine: {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "")


if __name__ == "__main__":
    main()
