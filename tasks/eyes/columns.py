"""What the columns and phases of an Eyes log mean, for its header and for BIDS."""

from __future__ import annotations

from mbtexp.task import Column, PhaseNote

_WORD = "Word shown at the {} of the picture (empty: none)"

COLUMNS = {
    "trial": Column("Number of the trial in the run, from 1"),
    "block": Column("Number of the block; 0 is practice"),
    "practice": Column(
        "Whether the trial is practice", levels={"true": "practice", "false": "counted"}
    ),
    "stim_id": Column("Picture, as the stimulus set names it"),
    "item": Column("Number of the item in its set; 0 is practice"),
    "condition": Column(
        "Judgement asked for",
        levels={
            "mental": "What the person is thinking or feeling: four words",
            "sex": "Whether the person is a woman or a man: two words",
            "age": "Whether the person is younger or older than 40: two words",
        },
    ),
    "word_tl": Column(_WORD.format("top left")),
    "word_tr": Column(_WORD.format("top right")),
    "word_bl": Column(_WORD.format("bottom left")),
    "word_br": Column(_WORD.format("bottom right")),
    "target": Column("Word that counts as correct"),
    "sex": Column("Sex of the person in the picture", levels={"f": "woman", "m": "man"}),
    "valence": Column("Valence of the item from the set's norms or design, negative to positive"),
    "difficulty": Column("Difficulty of the item from the set's norms or design", units="logit"),
    "form": Column(
        "Half form of the item", levels={"A": "first half form", "B": "second half form"}
    ),
    "onset_s": Column("Planned onset of the picture after the run's time zero", units="s"),
    "response": Column("Word chosen"),
    "position": Column(
        "Where the chosen word stood",
        levels={"tl": "top left", "tr": "top right", "bl": "bottom left", "br": "bottom right"},
    ),
    "correct": Column(
        "Whether the chosen word is the target", levels={"true": "it is", "false": "it is not"}
    ),
    "rt_s": Column(
        "From the picture's onset to the first choice, time in the glossary left out", "s"
    ),
    "missed": Column("Whether no word was chosen", levels={"true": "none", "false": "one"}),
    "lookups": Column("Words looked up in the glossary, in order"),
    "lookup_s": Column("Time spent in the glossary", units="s"),
    "held": Column(
        "Whether a key was already down at the picture's onset",
        levels={"true": "yes", "false": "no"},
    ),
}

_EYES = "Sensory-event, Experimental-stimulus, Visual-presentation, (Image, Eye)"
_SHOWN = "Sensory-event, Visual-presentation, {}"

PHASES = {
    "instructions": PhaseNote(
        "A page of instructions", "Sensory-event, Instructional, Visual-presentation, Textblock"
    ),
    "start": PhaseNote(
        "The page before a block", "Sensory-event, Instructional, Visual-presentation, Textblock"
    ),
    "break": PhaseNote("A break as long as the participant likes", _SHOWN.format("Textblock")),
    "finished": PhaseNote("The page that ends the run", _SHOWN.format("Textblock")),
    "scanner": PhaseNote("Waiting for the first scanner pulse", _SHOWN.format("Textblock")),
    "cue": PhaseNote(
        "The question of the coming block", "Sensory-event, Cue, Visual-presentation, Textblock"
    ),
    "fixation": PhaseNote("A fixation cross", _SHOWN.format("Cross")),
    "eyes_mental": PhaseNote(
        "Picture of two eyes with four mental-state words", _EYES, trial_type="mental"
    ),
    "eyes_sex": PhaseNote("Picture of two eyes, woman or man", _EYES, trial_type="sex"),
    "eyes_age": PhaseNote("Picture of two eyes, younger or older", _EYES, trial_type="age"),
    "eyes_practice": PhaseNote("Picture of two eyes with four words, for practice", _EYES),
    "choice": PhaseNote("Picture and words with the chosen one framed", _SHOWN.format("Textblock")),
    "after": PhaseNote("An empty screen after the answer", "Sensory-event, Visual-presentation"),
    "rest": PhaseNote("A cross until the next question or picture is due", _SHOWN.format("Cross")),
    "hold": PhaseNote(
        "The screen before, a moment longer after the glossary's key", _SHOWN.format("Textblock")
    ),
    "glossary": PhaseNote("Picture, words and the meaning of a word", _SHOWN.format("Textblock")),
    "pause": PhaseNote("A pause by the operator", _SHOWN.format("Textblock")),
    "confirm_stop": PhaseNote("The operator is asked whether to stop", _SHOWN.format("Textblock")),
    "confirm_stop_end": PhaseNote("The question has gone", "Sensory-event, Visual-presentation"),
}
