"""A large study for the benchmark: some simulated people, and as many copies of them as wanted.

python benchmarks/analysis/people.py FOLDER --participants 1000
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from mbtexp.bids import export
from mbtexp.study.settings import read_study
from mbtexp.study.simulate import simulate_study

STUDY = Path(__file__).with_name("people.toml")
COPIED = ("*_log.jsonl", "*_events.tsv", "*_beh.tsv")


def make(folder: Path, participants: int, simulated: int) -> Path:
    """A data folder of so many people, each with a log of every task and its BIDS tables."""
    study = read_study(STUDY).with_participants(simulated)
    first = simulate_study(study, folder / "simulated").data
    export(first)
    data = folder / f"people-{participants}"
    people = sorted(path.name for path in (first / "sourcedata").glob("sub-*"))
    for number in range(participants):
        copy(first, data, people[number % simulated], f"sub-{number + 1:05d}")
    return data


def copy(first: Path, data: Path, person: str, name: str) -> None:
    """One person's files under another name, which stands in the logs' first lines too."""
    old, new = (label.removeprefix("sub-").encode() for label in (person, name))
    said = re.compile(rb'"participant":"' + re.escape(old) + rb'"')
    for pattern in COPIED:
        for file in first.rglob(f"{person}_{pattern}"):
            target = data / Path(
                *(part.replace(person, name) for part in file.relative_to(first).parts)
            )
            if target.exists():
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            header, newline, rest = file.read_bytes().partition(b"\n")
            target.write_bytes(said.sub(b'"participant":"' + new + b'"', header) + newline + rest)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--participants", type=int, default=1000)
    parser.add_argument("--simulated", type=int, default=20)
    options = parser.parse_args()
    print(make(options.folder, options.participants, options.simulated))
