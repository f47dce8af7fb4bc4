"""The operator's terminal: what a command says there, what it asks, and how its words are read."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import Any, Protocol, TextIO


def say(text: str, *, error: bool = False) -> None:
    """Print a text at once."""
    stream = sys.stderr if error else sys.stdout
    stream.write(text + "\n")
    stream.flush()


def command(
    commands: Any,
    name: str,
    do: Callable[[argparse.Namespace], int | None],
    about: str,
    example: str,
) -> argparse.ArgumentParser:
    """The parser of one command, with its one-line explanation and an example."""
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=about,
        description=about,
        epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(do=do)
    return parser


class Operator(Protocol):
    """Whoever sits at the terminal, or nobody."""

    def say(self, text: str) -> None:
        """Tell something."""
        ...

    def ask(self, question: str, /) -> str | None:
        """The line that was typed, without its end; None if nobody answers."""
        ...

    def yes(self, question: str, /) -> bool | None:
        """Whether the answer is yes; None if nobody answers."""
        ...


class Terminal:
    """An operator at this terminal, or answers that were piped into it.

    Parameters
    ----------
    answers
        Where the answers come from.
    """

    TRIES = 5
    """Answers to one question that are neither yes nor no, before it counts as unanswered."""

    def __init__(self, answers: TextIO | None = None) -> None:
        self._answers = sys.stdin if answers is None else answers

    def say(self, text: str) -> None:
        """Print it."""
        say(text)

    def ask(self, question: str) -> str | None:
        """The line that was typed; None at the end of the answers."""
        sys.stdout.write(f"{question} ")
        sys.stdout.flush()
        line = self._answers.readline()
        if not self._answers.isatty():
            sys.stdout.write(f"{line.rstrip()}\n")  # a piped answer leaves no line on the screen
        return line.rstrip("\r\n") if line else None

    def yes(self, question: str) -> bool | None:
        """Yes or no; anything else is asked again."""
        for _ in range(self.TRIES):
            answer = self.ask(f"{question} (yes/no)")
            if answer is None:
                return None
            word = answer.strip().lower()
            if word in ("y", "yes", "j", "ja"):
                return True
            if word in ("n", "no", "nein"):
                return False
        return None


class Nobody:
    """Nobody at the terminal: everything is told, nothing is answered."""

    def say(self, text: str) -> None:
        """Print it."""
        say(text)

    def ask(self, _question: str) -> str | None:
        """No answer."""
        return None

    def yes(self, _question: str) -> bool | None:
        """No answer."""
        return None
