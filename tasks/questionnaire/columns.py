"""What the columns and phases of a questionnaire's log mean, for its header and for BIDS."""

from __future__ import annotations

from mbtexp.task import Column, PhaseNote

COLUMNS = {
    "trial": Column("Number of the item in the order of the run, from 1"),
    "block": Column("Number of the block; there is one"),
    "practice": Column(
        "Whether the trial is practice", levels={"true": "practice", "false": "counted"}
    ),
    "instrument": Column("Name of the questionnaire"),
    "item": Column("Number of the item in the published form, from 1"),
    "reversed": Column(
        "Whether a scale turns the item round; the response is as it was given",
        levels={"true": "yes", "false": "no"},
    ),
    "line": Column("Line of the page, from 1"),
    "response": Column("The answer as a number, as it was given; n/a: left out"),
    "label": Column("What the answer says, in the language of the run"),
    "rt_s": Column("From the item's onset to the answer", units="s"),
    "missed": Column(
        "Whether the item was left out", levels={"true": "left out", "false": "answered"}
    ),
    "by": Column(
        "What the press was made with",
        levels={"keys": "keyboard", "mouse": "mouse", "box": "response box"},
    ),
}

_TEXT = "Sensory-event, Visual-presentation, Textblock"
_BLANK = "Sensory-event, Visual-presentation"
_PAGE = "Sensory-event, Instructional, Visual-presentation, Textblock"

PHASES = {
    "instructions": PhaseNote("A page of instructions", _PAGE),
    "item": PhaseNote("An item with its answers", _TEXT, trial_type="item"),
    "item_shown": PhaseNote("The item with the chosen answer, for a moment", _TEXT),
    "between": PhaseNote("An empty screen after an answer", _BLANK),
    "finished": PhaseNote("The page that ends the run", _TEXT),
    "scanner": PhaseNote("Waiting for the first scanner pulse", _TEXT),
    "pause": PhaseNote("A pause by the operator", _TEXT),
    "confirm_stop": PhaseNote("The operator is asked whether to stop", _TEXT),
    "confirm_stop_end": PhaseNote("The question has gone", _BLANK),
}
