"""Questions to the operator between the steps: one of a few words, and why."""

from __future__ import annotations

from collections.abc import Sequence

from mbtexp.terminal import Operator

TRIES = 5
"""Answers that are none of the words, before a question counts as unanswered."""


def choose(operator: Operator, question: str, words: Sequence[str]) -> str | None:
    """One of the words, by itself or its first letter; Enter is the first; None: nobody answers."""
    shown = ", ".join(f"[{word[0]}]{word[1:]}" for word in words)
    for _ in range(TRIES):
        answer = operator.ask(f"{question} {shown}:")
        if answer is None:
            return None
        typed = answer.strip().lower()
        if not typed:
            return words[0]
        for word in words:
            if typed in (word[0], word):
                return word
        operator.say(f"Please type one of: {', '.join(words)}.")
    return None


def why(operator: Operator, question: str) -> str:
    """A reason for the log; asked again until something is typed, but not for ever."""
    for _ in range(TRIES):
        answer = operator.ask(f"{question} Why?")
        if answer is None:
            break
        if answer.strip():
            return answer.strip()[:500]
        operator.say("A few words, please; they are kept with the data.")
    return "no reason given"
