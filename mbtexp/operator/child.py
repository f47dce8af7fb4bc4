"""A command whose operator sits at the window: its questions are answered there, line by line.

Started as ``python -m mbtexp.operator.child session ...``; nothing of Qt is loaded here. Where the
passphrase of photographs is handed over in file 0, that is the first line, before all answers.
"""

from __future__ import annotations

import io
import os
import sys

from mbtexp.cli import main
from mbtexp.photos.secret import DESCRIPTOR


class Answers(io.TextIOWrapper):
    """Lines from the window; whoever asks whether somebody can answer here is told yes."""

    def isatty(self) -> bool:
        """Whether somebody sits at the other end."""
        return True


def put_aside(line: bytes) -> str:
    """A line in an open file of its own, which can be read once: the file's number."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as pipe:
        pipe.write(line)
    return str(reading)


if __name__ == "__main__":
    if os.environ.get(DESCRIPTOR) == "0":
        # The answers come through the same file, so the passphrase goes into one of its own.
        os.environ[DESCRIPTOR] = put_aside(sys.stdin.buffer.readline())
    sys.stdin = Answers(sys.stdin.buffer, encoding="utf-8")
    sys.exit(main(sys.argv[1:]))
