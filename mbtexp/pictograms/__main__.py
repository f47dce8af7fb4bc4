"""The command that draws the faces at the ends of the sliders."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mbtexp.pictograms import write


def main() -> int:
    """Draw into ``--out`` and say how much."""
    parser = argparse.ArgumentParser(prog="python -m mbtexp.pictograms")
    parser.add_argument("--out", type=Path, required=True, help="folder to write into")
    files = write(parser.parse_args().out)
    sys.stdout.write(f"{len(files)} pictures in {files[0].parent}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
