"""What the columns and phases of an interlude mean."""

from __future__ import annotations

from mbtexp.task import Column, PhaseNote

_YES = {"true": "yes", "false": "no"}

COLUMNS = {
    "trial": Column("Number of the trial in the run, from 1"),
    "block": Column("Number of the block"),
    "practice": Column("Whether the trial is practice", levels=_YES),
    "kind": Column(
        "What the trial is",
        levels={
            "page": "a page of text",
            "count": "counting back from a number",
            "breath": "a guided breath",
            "think": "something to think of",
            "question": "whether the participant wants to talk with somebody",
        },
    ),
    "stim_id": Column("Name of the text"),
    "number": Column("Number to count back from"),
    "duration_s": Column("Planned time; none: until a key", units="s"),
    "response": Column("Number that was reached, or the answer to the question: yes or no"),
    "rt_s": Column("Time from the onset to the key, or to the first figure typed", units="s"),
    "steps": Column("Steps counted back; none where the number reached is not on the way"),
    "missed": Column("Whether no answer came where one was asked for", levels=_YES),
}

_SEEN = "Sensory-event, Visual-presentation"
_TEXT = "Sensory-event, Visual-presentation, Textblock"

PHASES = {
    "page": PhaseNote("A page of text", _TEXT),
    "count": PhaseNote("A number to count back from", _TEXT, trial_type="count_back"),
    "reached": PhaseNote("Question which number was reached", _TEXT),
    "breath_in": PhaseNote("Breathing in with a bar that widens", _TEXT, trial_type="breath"),
    "breath_out": PhaseNote("Breathing out with a bar that narrows", _TEXT),
    "gap": PhaseNote("An empty screen between two trials", _SEEN),
    "think": PhaseNote("Something to think of", _TEXT, trial_type="think"),
    "question": PhaseNote("Whether the participant wants to talk with somebody", _TEXT),
}
