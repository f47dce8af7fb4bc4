"""What the columns and phases of a moral log mean, for its header and for BIDS."""

from __future__ import annotations

from mbtexp.task import Column, PhaseNote

_YES = {"true": "yes", "false": "no"}
_HARM = {"neutral": "no harm", "harm": "harm"}

COLUMNS = {
    "trial": Column("Number of the trial in the run, from 1"),
    "block": Column("Number of the block; 0 is practice"),
    "practice": Column(
        "Whether the trial is practice", levels={"true": "practice", "false": "counted"}
    ),
    "stim_id": Column("Story, as the set names it"),
    "condition": Column(
        "Version of the story",
        levels={
            "neutral": "no harm foreseen, none happens",
            "accidental": "no harm foreseen, harm happens",
            "attempted": "harm foreseen, none happens",
            "intended": "harm foreseen, and it happens",
        },
    ),
    "belief": Column("What the person of the story believes to come of it", levels=_HARM),
    "outcome": Column("What comes of it", levels=_HARM),
    "relation": Column(
        "Who the person of the story is",
        levels={
            "close": "partner, parent, brother or sister, or friend of the one it happens to",
            "stranger": "a stranger",
        },
    ),
    "topics": Column("What the story is about, separated by |"),
    "judgement": Column(
        "What is asked",
        levels={
            "blame": "How much blame the person deserves",
            "permissible": "How permissible it was what the person did",
        },
    ),
    "reversed": Column(
        "Whether the high end of the scale is on the left",
        levels={"true": "on the left", "false": "on the right"},
    ),
    "words": Column("Words of the story in this version"),
    "statement": Column(
        "What the statement after the story is about",
        levels={"belief": "what the person believed", "outcome": "how it ended"},
    ),
    "statement_true": Column("Whether the statement is true of this version", levels=_YES),
    "response": Column("Rating from 1 to 7 (7: very much blame, or entirely permissible)"),
    "position": Column("Point that was pressed, from 1 at the left"),
    "rt_s": Column("From the onset of the scale to the rating", units="s"),
    "missed": Column("Whether no rating came", levels={"true": "none", "false": "one"}),
    "reading_s": Column("From the onset of the story to the key that leaves it", units="s"),
    "statement_response": Column(
        "Answer to the statement", levels={"true": "it is right", "false": "it is wrong"}
    ),
    "statement_correct": Column("Whether that answer is right", levels=_YES),
    "statement_rt_s": Column("From the statement's onset to the answer", units="s"),
    "held": Column("Whether a key of the scale was already down at its onset", levels=_YES),
}

_STORY = "Sensory-event, Experimental-stimulus, Visual-presentation, Textblock"
_SHOWN = "Sensory-event, Visual-presentation, {}"
_PAGE = "Sensory-event, Instructional, Visual-presentation, Textblock"

PHASES = {
    "instructions": PhaseNote("A page of instructions", _PAGE),
    "start": PhaseNote("The page before a block", _PAGE),
    "break": PhaseNote("A break as long as the participant likes", _SHOWN.format("Textblock")),
    "finished": PhaseNote("The page that ends the run", _SHOWN.format("Textblock")),
    "fixation": PhaseNote("A fixation cross", _SHOWN.format("Cross")),
    **{
        f"story_{cell}": PhaseNote(f"A story: {said}", _STORY, trial_type=cell)
        for cell, said in (
            ("neutral", "no harm foreseen, none happens"),
            ("accidental", "no harm foreseen, harm happens"),
            ("attempted", "harm foreseen, none happens"),
            ("intended", "harm foreseen, and it happens"),
        )
    },
    "story_practice": PhaseNote("A story for practice", _STORY),
    "reading": PhaseNote("The story until it is left by a key", _SHOWN.format("Textblock")),
    "scale": PhaseNote(
        "The story above a scale from 1 to 7", _SHOWN.format("Textblock"), trial_type="judgement"
    ),
    "scale_end": PhaseNote("The last frame of an open scale", _SHOWN.format("Textblock")),
    "scale_chosen": PhaseNote("The scale with the chosen point", _SHOWN.format("Textblock")),
    "gap": PhaseNote("An empty screen before a statement", "Sensory-event, Visual-presentation"),
    "statement": PhaseNote("A statement about the story", _SHOWN.format("Textblock")),
    "statement_end": PhaseNote("The last frame of a statement", _SHOWN.format("Textblock")),
    "iti": PhaseNote("An empty screen between stories", "Sensory-event, Visual-presentation"),
    "pause": PhaseNote("A pause by the operator", _SHOWN.format("Textblock")),
    "confirm_stop": PhaseNote("The operator is asked whether to stop", _SHOWN.format("Textblock")),
    "confirm_stop_end": PhaseNote("The question has gone", "Sensory-event, Visual-presentation"),
}
