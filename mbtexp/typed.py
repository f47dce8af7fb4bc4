"""A typed answer: a word on a line that grows with each letter, every press in the log.

Each state of the line is a phase of its own, as with a rating, so it works with any keyboard that
answers phases and plays on the virtual lab.
"""

from __future__ import annotations

from dataclasses import dataclass

from mbtexp.run import LETTERS, Run
from mbtexp.timeline import Keys, Phase, Stimulus, Text

LONGEST = 20
"""Letters that a typed answer may have."""

ERASE, CONFIRM = "backspace", "return"
"""The keys that take the last letter back, and that end the answer."""


@dataclass(frozen=True)
class Typed:
    """What was typed and when; the text is empty where nothing was."""

    text: str
    rt_s: float | None
    """From the onset to the first letter, s; None where there was none."""
    done_s: float
    """From the onset to the key that ended the answer, s."""


def type_word(
    run: Run,
    name: str,
    line: Text,
    *,
    above: tuple[Stimulus, ...] = (),
    code: int | None = None,
    characters: tuple[str, ...] = LETTERS,
) -> Typed:
    """Letters on a line until the return key; backspace takes the last one back.

    Parameters
    ----------
    run, name
        Where to show it, and the phases' name in the log; their tag is the text so far.
    line
        Where and how the answer is written; its own text stands after it as a cursor.
    above
        What else is on the screen (the question).
    code
        Trigger code of the first onset.
    characters
        Keys that write: letters, or figures.
    """
    text, began, rt_s = "", None, None
    while True:
        shown_line = Text(text + line.text, line.pos, line.size, line.units, line.color, line.bold)
        phase = Phase(
            name,
            (*above, shown_line),
            code=code if began is None else None,
            keys=Keys((*characters, ERASE, CONFIRM)),
            tag=text,
        )
        run.prepare([phase])
        shown = run.show([phase])[name]
        began = shown.onset if began is None else began
        after_s = (shown.onset if shown.press is None else shown.press) - began
        if shown.key == CONFIRM:
            return Typed(text, rt_s, after_s)
        if shown.key == ERASE:
            text = text[:-1]
        elif shown.key is not None and len(text) < LONGEST:
            text += shown.key
            rt_s = after_s if rt_s is None else rt_s
