"""What the columns and phases of an attachment log mean, for its header and for BIDS."""

from __future__ import annotations

from mbtexp.task import Column, PhaseNote
from tasks.attachment.params import MOOD_SCALES, SCALES

_PEOPLE = {
    "own": "Own child or partner",
    "acquainted": "Acquainted person of the same age, known as long",
    "friend": "Best friend",
    "unfamiliar": "Unfamiliar person",
    "scrambled": "Scrambled picture of the own child or partner",
}

COLUMNS = {
    "trial": Column("Number of the trial in the run, from 1"),
    "block": Column("Number of the block; 0 is practice"),
    "practice": Column(
        "Whether the trial is practice", levels={"true": "practice", "false": "counted"}
    ),
    "kind": Column(
        "What the trial is",
        levels={
            "picture": "A picture is watched",
            "count": "Counting back from a number",
            "mood": "A slider on the present feeling, during the run",
            "person": "A slider on a person, after the pictures",
            "image": "A slider on a picture, after the pictures",
            "prime": "A masked prime, then a pattern to be judged",
            "awareness": "A masked prime, then the question which kind it was",
        },
    ),
    "condition": Column(
        "Whose picture or what prime; for a slider during the run: that of the block before it",
        levels={
            **_PEOPLE,
            "attachment": "Word of closeness",
            "neutral": "Pleasant word that has nothing to do with closeness",
        },
    ),
    "cell": Column("Condition, with the expression where the two are crossed"),
    "expression": Column(
        "Expression of the face", levels={"happy": "happy", "neutral": "neutral", "sad": "sad"}
    ),
    "stim_id": Column("Picture, as the stimulus set names it"),
    "person": Column("Label of the person in the set (P1, P2 ...); never a name"),
    "shown": Column("How many times the picture has been shown by then, this time included"),
    "scale": Column("What the slider asks for"),
    "order": Column("Row of the Williams square that this round of blocks follows, from 0"),
    "duration_s": Column("Planned time of the picture, the count or the slider", units="s"),
    "gap_s": Column("Planned time of the cross after it", units="s"),
    "dot": Column("Whether a dot comes", levels={"true": "a dot", "false": "none"}),
    "dot_at_s": Column(
        "From the picture's onset to the dot, or to where it would have come", units="s"
    ),
    "dot_x": Column("Place of the dot, to the right of the middle", units="deg"),
    "dot_y": Column("Place of the dot, above the middle", units="deg"),
    "number": Column("Number to count back from"),
    "prime": Column("Masked word, or label of the person whose name was masked"),
    "left": Column("Option on the left key"),
    "onset_s": Column("Planned onset after the run's time zero", units="s"),
    "response": Column("Position of the slider (0 to 100), the option chosen, or pressed / none"),
    "rt_s": Column("From the dot, the slider's or the pattern's onset to the answer", units="s"),
    "correct": Column(
        "Whether a dot was reported when, and only when, there was one; whether the prime's kind "
        "was named",
        levels={"true": "yes", "false": "no"},
    ),
    "missed": Column("Whether no answer came", levels={"true": "none", "false": "one"}),
    "held": Column(
        "Whether a key was already down at the onset", levels={"true": "yes", "false": "no"}
    ),
    "stray": Column("Presses of the dot's key outside its window"),
    "prime_s": Column("Measured time from the prime's onset to the mask's", units="s"),
}

_FACE = "Sensory-event, Experimental-stimulus, Visual-presentation, (Image, Face)"
_IMAGE = "Sensory-event, Experimental-stimulus, Visual-presentation, Image"
_SHOWN = "Sensory-event, Visual-presentation, {}"
_BLANK = "Sensory-event, Visual-presentation"
_PAGE = "Sensory-event, Instructional, Visual-presentation, Textblock"
_DOT = "Sensory-event, Experimental-stimulus, Visual-presentation, (Image, Face), (Image, Circle)"


def _slider_notes() -> dict[str, PhaseNote]:
    notes = {}
    for scale in dict.fromkeys((*MOOD_SCALES, *SCALES)):
        seen = f"A slider for {scale}; a line for every state of its mark"
        notes[f"slider_{scale}"] = PhaseNote(seen, _SHOWN.format("Textblock"))
        notes[f"slider_{scale}_end"] = PhaseNote(
            f"The slider for {scale} closes", _SHOWN.format("Textblock")
        )
    return notes


PHASES = {
    "instructions": PhaseNote("A page of instructions", _PAGE),
    "start": PhaseNote("The page before a block", _PAGE),
    "start_person": PhaseNote("The page before the ratings of the persons", _PAGE),
    "start_image": PhaseNote("The page before the ratings of the pictures", _PAGE),
    "start_awareness": PhaseNote("The page before the test of awareness", _PAGE),
    "break": PhaseNote("A break as long as the participant likes", _SHOWN.format("Textblock")),
    "finished": PhaseNote("The page that ends the run", _SHOWN.format("Textblock")),
    "scanner": PhaseNote("Waiting for the first scanner pulse", _SHOWN.format("Textblock")),
    "lead_in": PhaseNote("A cross before the first picture", _SHOWN.format("Cross")),
    "picture": PhaseNote(
        "A picture; rows of one trial_type without a pause between them are one stretch",
        _FACE,
        trial_type="{cell}",
    ),
    "picture_dot": PhaseNote("The picture with a dot on it", _DOT, trial_type="{cell}"),
    "picture_on": PhaseNote("The picture after its dot", _FACE, trial_type="{cell}"),
    "practice": PhaseNote("A picture for practice", _IMAGE),
    "practice_dot": PhaseNote("A picture for practice with a dot on it", _IMAGE),
    "practice_on": PhaseNote("A picture for practice after its dot", _IMAGE),
    "feedback": PhaseNote("Whether a dot was reported rightly (practice)", _PAGE),
    "fixation": PhaseNote("A fixation cross", _SHOWN.format("Cross")),
    "ready": PhaseNote("The cross until what comes next is due", _SHOWN.format("Cross")),
    "count_back": PhaseNote(
        "A number to count back from", _SHOWN.format("Textblock"), trial_type="count_back"
    ),
    **_slider_notes(),
    "between": PhaseNote("An empty screen after an answer", _BLANK),
    "prime": PhaseNote(
        "A masked word",
        "Sensory-event, Experimental-stimulus, Visual-presentation, Word",
        trial_type="prime_{condition}",
    ),
    "mask": PhaseNote("The mask", _SHOWN.format("Textblock")),
    "target": PhaseNote("A pattern to be judged", _IMAGE),
    "awareness": PhaseNote("The question which kind of prime it was", _SHOWN.format("Textblock")),
    "calm": PhaseNote("The calm screen once pictures are stopped", _SHOWN.format("Textblock")),
    "pause": PhaseNote("A pause by the operator", _SHOWN.format("Textblock")),
    "confirm_stop": PhaseNote("The operator is asked whether to stop", _SHOWN.format("Textblock")),
    "confirm_stop_end": PhaseNote("The question has gone", _BLANK),
}
