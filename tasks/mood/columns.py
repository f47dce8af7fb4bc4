"""What the columns and phases of a mood log mean, for its header and for BIDS."""

from __future__ import annotations

from mbtexp.task import Column, PhaseNote
from tasks.mood.design import CLOSENESS, FEELINGS, LINES

COLUMNS = {
    "trial": Column("Number of the rating in the run, from 1"),
    "block": Column("Number of the block; there is one"),
    "practice": Column(
        "Whether the rating is practice", levels={"true": "practice", "false": "counted"}
    ),
    "item": Column(
        "What was rated",
        levels={
            "pleasure": "How unhappy or happy one feels (Affective Slider)",
            "arousal": "How calm or excited one feels (Affective Slider)",
            "safe": "How safe one feels",
            "longing": "How much one longs for somebody",
            "rejected": "How rejected one feels",
            "angry": "How angry one feels",
            "tense": "How tense one feels",
            "dissociated": "How unreal or far away one feels",
            "distress": "How distressed one is",
            "closeness": "How close one feels to a person (IOS)",
        },
    ),
    "kind": Column(
        "How it was shown",
        levels={
            "affective": "Affective Slider: a line with a drawn face at each end",
            "vas": "A line with a word at each end",
            "circles": "Seven pairs of circles that overlap more and more",
        },
    ),
    "person": Column(
        "Whom the closeness is about",
        levels={
            "own": "Own child or partner",
            "acquainted": "Acquainted person",
            "friend": "Best friend",
            "unfamiliar": "Unfamiliar person",
        },
    ),
    "window_s": Column("Longest time for the rating; n/a: no limit", units="s"),
    "onset_s": Column("Planned onset after the run's time zero", units="s"),
    "value": Column("The rating, from 0 (left, apart) to 100 (right, nearly one)"),
    "point": Column("Of the circles: the pair chosen, 1 (apart) to 7"),
    "rt_s": Column(
        "From the onset to the confirmation; n/a where the time ran out first", units="s"
    ),
    "first_move_s": Column("From the onset to the first move of the mark", units="s"),
    "missed": Column("Whether nothing was rated", levels={"true": "nothing", "false": "rated"}),
    "by": Column(
        "What the last press was made with",
        levels={"keys": "keyboard", "mouse": "mouse", "box": "response box"},
    ),
}

_SHOWN = "Sensory-event, Visual-presentation, {}"
_BLANK = "Sensory-event, Visual-presentation"
_PAGE = "Sensory-event, Instructional, Visual-presentation, Textblock"


def _rating_notes() -> dict[str, PhaseNote]:
    notes = {}
    for item in (*FEELINGS, *LINES, CLOSENESS):
        notes[f"rate_{item}"] = PhaseNote(
            f"The rating of {item}; a line for every state of its mark",
            _SHOWN.format("Textblock"),
            trial_type="rating",
        )
        notes[f"rate_{item}_end"] = PhaseNote("The rating closes", _SHOWN.format("Textblock"))
        notes[f"rate_{item}_shown"] = PhaseNote(
            "The chosen answer, for a moment", _SHOWN.format("Textblock")
        )
    return notes


PHASES = {
    "instructions": PhaseNote("A page of instructions", _PAGE),
    "start": PhaseNote("The page before a run that is resumed", _PAGE),
    "finished": PhaseNote("The page that ends the run", _SHOWN.format("Textblock")),
    "scanner": PhaseNote("Waiting for the first scanner pulse", _SHOWN.format("Textblock")),
    "lead_in": PhaseNote("A cross before the first rating", _SHOWN.format("Cross")),
    "ready": PhaseNote("A cross until the next rating", _SHOWN.format("Cross")),
    **_rating_notes(),
    "between": PhaseNote("An empty screen after an answer", _BLANK),
    "pause": PhaseNote("A pause by the operator", _SHOWN.format("Textblock")),
    "confirm_stop": PhaseNote("The operator is asked whether to stop", _SHOWN.format("Textblock")),
    "confirm_stop_end": PhaseNote("The question has gone", _BLANK),
}
