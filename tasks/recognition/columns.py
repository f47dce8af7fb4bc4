"""What the columns and phases of a recognition log mean, for its header and for BIDS."""

from __future__ import annotations

from mbtexp.task import Column, PhaseNote

_YES = {"true": "yes", "false": "no"}
_SIDES = {"left": "the left one", "right": "the right one"}

COLUMNS = {
    "trial": Column("Number of the trial in the run, from 1"),
    "block": Column("Number of the block; 0 is practice"),
    "practice": Column(
        "Whether the trial is practice", levels={"true": "practice", "false": "counted"}
    ),
    "stim_id": Column("The word"),
    "condition": Column(
        "Class of the word",
        levels={
            "attachment": "attachment word (target of the attachment sense)",
            "emotional": "emotional word without attachment meaning, matched in valence",
            "neutral": "neutral word (target of a filler pair)",
        },
    ),
    "old": Column(
        "Whether the word was a target of the priming task in this session",
        levels={"true": "old", "false": "new"},
    ),
    "old_side": Column("Key that says old", levels=_SIDES),
    "word_len": Column("Letters of the word"),
    "word_zipf": Column("Zipf frequency of the word (wordfreq, English)"),
    "matched_to": Column("Old word to which a new word is matched"),
    "source": Column(
        "Where it is known from that a word is old",
        levels={
            "log": "from the log of the priming task",
            "planned": "from the plan of a standard run; there was no log",
        },
    ),
    "study_id": Column("Row of the priming task's word set that an old word comes from"),
    "study_condition": Column(
        "Condition in which an old word was shown",
        levels={
            "attachment_related": "attachment target after its ambiguous prime",
            "attachment_unrelated": "attachment target after the unrelated partner",
            "control": "control target after an ambiguous prime",
            "filler": "target of an unrelated pair",
        },
    ),
    "study_soa_s": Column("SOA at which an old word was shown", units="s"),
    "study_trial": Column("Trial of the priming run in which an old word was first shown"),
    "study_run": Column("Number of that run"),
    "study_times": Column("How often an old word was a target in the session"),
    "state": Column(
        "State in which an old word was shown, as the session's protocol has it",
        levels={"attachment": "attachment activated", "control": "control induction"},
    ),
    "fixation_s": Column("Duration of the cross before the word", units="s"),
    "iti_s": Column("Duration of the empty screen after the word", units="s"),
    "response": Column(
        "Decision", levels={"old": "seen before in this session", "new": "not seen before"}
    ),
    "side": Column("Key pressed", levels=_SIDES),
    "correct": Column("Whether the decision is right", levels=_YES),
    "rt_s": Column("From the word's onset to the decision", units="s"),
    "missed": Column("Whether no decision came", levels={"true": "none", "false": "one"}),
    "confidence": Column("How sure the decision was, from 1 (guessed) to 3 (very sure)"),
    "confidence_rt_s": Column("From the scale's onset to the answer", units="s"),
    "held": Column("Whether a key was already down at the word's onset", levels=_YES),
}

_WORD = "Sensory-event, Experimental-stimulus, Visual-presentation, Word"
_SHOWN = "Sensory-event, Visual-presentation, {}"
_PAGE = "Sensory-event, Instructional, Visual-presentation, Textblock"
_KINDS = {"old": "that was shown before", "new": "that was not shown before"}

PHASES = {
    "instructions": PhaseNote("A page of instructions", _PAGE),
    "start": PhaseNote("The page before a block", _PAGE),
    "break": PhaseNote("A break as long as the participant likes", _SHOWN.format("Textblock")),
    "finished": PhaseNote("The page that ends the run", _SHOWN.format("Textblock")),
    "fixation": PhaseNote("A fixation cross", _SHOWN.format("Cross")),
    **{
        f"word_{kind}_{name}": PhaseNote(
            f"A word of the class {name} {said}", _WORD, trial_type=f"{kind}_{name}"
        )
        for kind, said in _KINDS.items()
        for name in ("attachment", "emotional", "neutral")
    },
    "word_practice": PhaseNote("A word for practice", _WORD),
    "gap": PhaseNote("An empty screen before the scale", "Sensory-event, Visual-presentation"),
    "confidence": PhaseNote("How sure the decision was", _SHOWN.format("Textblock")),
    "confidence_end": PhaseNote("The last frame of an open scale", _SHOWN.format("Textblock")),
    "confidence_chosen": PhaseNote("The scale with the chosen point", _SHOWN.format("Textblock")),
    "iti": PhaseNote("An empty screen between words", "Sensory-event, Visual-presentation"),
    "pause": PhaseNote("A pause by the operator", _SHOWN.format("Textblock")),
    "confirm_stop": PhaseNote("The operator is asked whether to stop", _SHOWN.format("Textblock")),
    "confirm_stop_end": PhaseNote("The question has gone", "Sensory-event, Visual-presentation"),
}
