"""What the columns and phases of a polysemy log mean, for its header and for BIDS."""

from __future__ import annotations

from mbtexp.task import Column, PhaseNote

_YES = {"true": "yes", "false": "no"}

COLUMNS = {
    "trial": Column("Number of the trial in the run, from 1"),
    "block": Column("Number of the block; 0 is practice"),
    "practice": Column(
        "Whether the trial is practice", levels={"true": "practice", "false": "counted"}
    ),
    "part": Column(
        "What is asked",
        levels={
            "decision": "Whether the target is a word",
            "awareness": "Which of two words was masked",
            "association": "The first word that comes to mind",
            "meaning": "Which meaning the association belongs to",
            "rating": "How much a word has to do with closeness between people, 1 to 7",
        },
    ),
    "stim_id": Column("Row of the word set that the trial is made of"),
    "prime": Column("Prime; in the norming preset the ambiguous word"),
    "target": Column("Target; in the norming preset the rated word"),
    "condition": Column(
        "Condition of the trial",
        levels={
            "attachment_related": "attachment target after its ambiguous prime",
            "attachment_unrelated": "attachment target after the unrelated partner",
            "other_related": "target of the other sense after its ambiguous prime",
            "other_unrelated": "target of the other sense after the unrelated partner",
            "control": "unrelated control target after the ambiguous prime",
            "filler": "unrelated pair of words",
            "nonword_ambiguous": "pseudoword after an ambiguous prime",
            "nonword": "pseudoword after another prime",
            "practice_word": "word in practice",
            "practice_nonword": "pseudoword in practice",
            "awareness": "masked word and two to choose from",
            "association": "free association",
            "meaning": "meaning of the association",
            "rating": "rating of a target",
        },
    ),
    "sense": Column(
        "Sense that the target goes with",
        levels={
            "attachment": "the attachment sense",
            "other": "the other sense",
            "control": "neither",
        },
    ),
    "related": Column("Whether prime and target are related", levels=_YES),
    "is_word": Column("Whether the target is a word", levels=_YES),
    "soa_s": Column("Planned time from the prime's to the target's onset", units="s"),
    "list": Column("Counterbalancing list of the participant"),
    "word_side": Column(
        "Key that says word", levels={"left": "the left one", "right": "the right one"}
    ),
    "left": Column("What is offered on the left, or first"),
    "right": Column("What is offered on the right, or second"),
    "mask": Column("Letters of the mask"),
    "target_len": Column("Letters of the target"),
    "target_zipf": Column("Zipf frequency of the target (wordfreq, English)"),
    "attachment_share": Column(
        "Share of free associations to the prime that belong to its attachment sense (USF norms)"
    ),
    "iti_s": Column("Planned pause after the trial", units="s"),
    "response": Column("Decision (word, nonword), word chosen or typed, meaning, or rating"),
    "side": Column("Key pressed", levels={"left": "the left one", "right": "the right one"}),
    "correct": Column("Whether the answer is right", levels=_YES),
    "rt_s": Column("From the target's (or question's) onset to the answer or first letter", "s"),
    "missed": Column("Whether there was no answer", levels={"true": "none", "false": "one"}),
    "held": Column("Whether a key was already down at the target's onset", levels=_YES),
    "soa_shown_s": Column("Time from the prime's to the target's onset as shown", units="s"),
    "prime_shown_s": Column("Time from the prime's onset to its end as shown", units="s"),
    "done_s": Column("From the onset to the end of typing", units="s"),
    "association": Column("Association whose meaning was asked"),
}

_WORD = "Sensory-event, Experimental-stimulus, Visual-presentation, Word"
_PAGE = "Sensory-event, Instructional, Visual-presentation, Textblock"
_SHOWN = "Sensory-event, Visual-presentation, {}"

PHASES = {
    "instructions": PhaseNote("A page of instructions", _PAGE),
    "start": PhaseNote("The page before a block", _PAGE),
    "break": PhaseNote("A break as long as the participant likes", _SHOWN.format("Textblock")),
    "finished": PhaseNote("The page that ends the run", _SHOWN.format("Textblock")),
    "fixation": PhaseNote("A fixation cross", _SHOWN.format("Cross")),
    "blank": PhaseNote("An empty screen before the prime", "Sensory-event, Visual-presentation"),
    "mask": PhaseNote("A row of signs before a masked prime", _SHOWN.format("Word")),
    "prime": PhaseNote("The prime in small letters", _WORD, trial_type="prime"),
    "isi": PhaseNote("An empty screen until the target", "Sensory-event, Visual-presentation"),
    "mask_after": PhaseNote("A row of capitals until the target", _SHOWN.format("Word")),
    "target": PhaseNote("The target in capitals", _WORD, trial_type="{condition}"),
    "practice": PhaseNote("A target in practice, with a note of the keys", _WORD),
    "iti": PhaseNote("An empty screen between trials", "Sensory-event, Visual-presentation"),
    "gap": PhaseNote(
        "An empty screen after an answer, before what follows",
        "Sensory-event, Visual-presentation",
    ),
    "feedback": PhaseNote(
        "Feedback in practice", "Sensory-event, Feedback, Visual-presentation, Textblock"
    ),
    "awareness": PhaseNote("Which of two words was masked", _WORD),
    "association": PhaseNote("A word and what is typed to it", _WORD),
    "meaning": PhaseNote("An association and the meanings to choose from", _WORD),
    "rating": PhaseNote("A word and a scale from 1 to 7", _WORD),
    "rating_shown": PhaseNote("The scale with the point that was chosen", _SHOWN.format("Word")),
    "pause": PhaseNote("A pause by the operator", _SHOWN.format("Textblock")),
    "confirm_stop": PhaseNote("The operator is asked whether to stop", _SHOWN.format("Textblock")),
    "confirm_stop_end": PhaseNote("The question has gone", "Sensory-event, Visual-presentation"),
}
