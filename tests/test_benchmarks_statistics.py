"""The comparison with other statistics programs runs, and says what is not installed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def compare(repo: Path, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, repo / "benchmarks" / "statistics" / "compare.py", *options],
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
        env={**os.environ, **environment},
    )


def test_a_job_is_timed_beside_another_program_and_the_answers_agree(repo: Path) -> None:
    ran = compare(repo, "--only", "ex-Gaussian", "--rounds", "1")
    assert ran.returncode == 0, ran.stderr
    row = next(line for line in ran.stdout.splitlines() if line.startswith("| ex-Gaussian"))
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[1].startswith("scipy ")
    assert float(cells[4]) > 0
    assert cells[5].endswith("yes")


def test_a_program_that_is_not_here_is_named(repo: Path) -> None:
    ran = compare(repo, "--only", "crossed mixed model, 7", "--rounds", "1", PATH="")
    assert ran.returncode == 0, ran.stderr
    assert (
        "not compared: crossed mixed model, 7,100 rows: R with lme4 is not installed" in ran.stdout
    )
