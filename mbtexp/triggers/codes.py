"""The one code book: the codes of every task, side by side, each number for good."""

from __future__ import annotations

from mbtexp.triggers.book import Code, Entry, codebook, whole_book

_EYES = "Sensory-event, Experimental-stimulus, Visual-presentation, (Image, Eye)"
_PRESS = "Agent-action, Participant-response, (Experiment-participant, (Press, Keyboard-key))"

EYES = codebook(
    "eyes",
    eyes_mental=Entry(
        5,
        "Onset of a pair of eyes, to be judged for the mental state",
        f"{_EYES}, Label/Judge-mental-state",
    ),
    eyes_sex=Entry(
        6, "Onset of a pair of eyes, to be judged for the sex", f"{_EYES}, Label/Judge-sex"
    ),
    eyes_age=Entry(
        7, "Onset of a pair of eyes, to be judged for the age", f"{_EYES}, Label/Judge-age"
    ),
    eyes_practice=Entry(8, "Onset of a practice item", f"{_EYES}, Label/Practice"),
    response_first=Entry(
        26, "First of the two answers of a control judgement", f"{_PRESS}, Label/First-option"
    ),
    response_second=Entry(
        27, "Second of the two answers of a control judgement", f"{_PRESS}, Label/Second-option"
    ),
    response_other=Entry(28, "An answer beyond those named", f"{_PRESS}, Label/Other-option"),
    response_tl=Entry(34, "The word at the top left was chosen", f"{_PRESS}, Label/Top-left"),
    response_tr=Entry(35, "The word at the top right was chosen", f"{_PRESS}, Label/Top-right"),
    response_bl=Entry(36, "The word at the bottom left was chosen", f"{_PRESS}, Label/Bottom-left"),
    response_br=Entry(
        37, "The word at the bottom right was chosen", f"{_PRESS}, Label/Bottom-right"
    ),
    lookup=Entry(
        38,
        "The glossary was opened",
        "Sensory-event, Instructional, Visual-presentation, Label/Glossary-opened",
    ),
    lookup_end=Entry(
        39,
        "The glossary was closed",
        "Sensory-event, Visual-presentation, Label/Glossary-closed",
    ),
)

BOOKS = {book.task: book for book in (EYES,)}
"""Each task's book by the task's name."""


def all_codes() -> list[Code]:
    """Every code of every task, in order of number."""
    return whole_book(BOOKS.values())
