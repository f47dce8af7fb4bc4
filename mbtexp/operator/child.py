"""A command whose operator sits at the window: its questions are answered there, line by line.

Started as ``python -m mbtexp.operator.child session ...``; nothing of Qt is loaded here.
"""

from __future__ import annotations

import io
import sys

from mbtexp.cli import main


class Answers(io.TextIOWrapper):
    """Lines from the window; whoever asks whether somebody can answer here is told yes."""

    def isatty(self) -> bool:
        """Whether somebody sits at the other end."""
        return True


if __name__ == "__main__":
    sys.stdin = Answers(sys.stdin.buffer, encoding="utf-8")
    sys.exit(main(sys.argv[1:]))
