"""What the columns and phases of a trust log mean, for its header and for BIDS."""

from __future__ import annotations

from mbtexp.task import Column, PhaseNote

COLUMNS = {
    "trial": Column("Number of the trial in the run, from 1"),
    "block": Column("Number of the block; 0 is practice"),
    "practice": Column(
        "Whether the trial is practice", levels={"true": "practice", "false": "counted"}
    ),
    "stim_id": Column("Face, as the stimulus set names it"),
    "judgement": Column(
        "What the face is judged for",
        levels={"trust": "How trustworthy the person looks", "age": "How old the person looks"},
    ),
    "trust": Column(
        "Trustworthiness of the face from the set's norms, or its design, on a scale from 1 to 7"
    ),
    "age": Column("Age of the person as the set has it", units="year"),
    "sex": Column("Sex of the person in the picture", levels={"f": "woman", "m": "man"}),
    "level": Column(
        "Third of the trust norms, within the sex",
        levels={"low": "lowest", "middle": "middle", "high": "highest"},
    ),
    "identity": Column("Person of whom the continuum was made"),
    "morph_step": Column("Place on the continuum, 1 (least trustworthy) to 7"),
    "repeat": Column(
        "Whether the face was judged so before in this run",
        levels={"true": "it was", "false": "it was not"},
    ),
    "form": Column("Half form of the face", levels={"A": "first half", "B": "second half"}),
    "reversed": Column(
        "Whether the high end of the scale, or of the keys, is on the left",
        levels={"true": "on the left", "false": "on the right"},
    ),
    "mask": Column("Mask that followed the face"),
    "fixation_s": Column("Duration of the cross before the face", units="s"),
    "iti_s": Column("Duration of the blank after the answer", units="s"),
    "onset_s": Column("Planned onset of the face after the run's time zero", units="s"),
    "response": Column(
        "Rating from 1 to 7 (7: very trustworthy, very old), or the answer of a decision",
        levels={
            "untrustworthy": "the face looks untrustworthy",
            "trustworthy": "the face looks trustworthy",
            "younger": "the person looks younger",
            "older": "the person looks older",
        },
    ),
    "position": Column("Point or key that was pressed, from 1 at the left"),
    "rt_s": Column("From the onset of what asks for the answer (scale or face)", units="s"),
    "rt_face_s": Column("From the face's onset to the answer", units="s"),
    "missed": Column("Whether no answer came", levels={"true": "none", "false": "one"}),
    "held": Column(
        "Whether a key was already down at the face's onset",
        levels={"true": "yes", "false": "no"},
    ),
}

_FACE = "Sensory-event, Experimental-stimulus, Visual-presentation, (Image, Face)"
_SHOWN = "Sensory-event, Visual-presentation, {}"
_PAGE = "Sensory-event, Instructional, Visual-presentation, Textblock"

_JUDGED = {
    f"face_{judgement}{'_' + level if level else ''}": PhaseNote(
        f"A face judged for {judgement}{', ' + level + ' third of the norms' if level else ''}",
        _FACE,
        trial_type=f"{judgement}{'_' + level if level else ''}",
    )
    for judgement in ("trust", "age")
    for level in ("", "low", "middle", "high")
}
_STEPS = {
    f"face_step_{step}": PhaseNote(
        f"A face at step {step} of a continuum", _FACE, trial_type=f"step_{step}"
    )
    for step in range(1, 8)
}

PHASES = {
    "instructions": PhaseNote("A page of instructions", _PAGE),
    "start": PhaseNote("The page before a block", _PAGE),
    "break": PhaseNote("A break as long as the participant likes", _SHOWN.format("Textblock")),
    "finished": PhaseNote("The page that ends the run", _SHOWN.format("Textblock")),
    "scanner": PhaseNote("Waiting for the first scanner pulse", _SHOWN.format("Textblock")),
    "cue": PhaseNote(
        "The question of the coming block", "Sensory-event, Cue, Visual-presentation, Textblock"
    ),
    "fixation": PhaseNote("A fixation cross", _SHOWN.format("Cross")),
    **_JUDGED,
    **_STEPS,
    "face_practice": PhaseNote("A face judged for practice", _FACE),
    "face_end": PhaseNote("The last frame of a face whose window has closed", _FACE),
    "mask": PhaseNote(
        "A scrambled picture that masks the face",
        "Sensory-event, Experimental-stimulus, Visual-presentation, Image",
    ),
    "wait": PhaseNote("A cross until answers no longer count", _SHOWN.format("Cross")),
    "rest": PhaseNote("A cross until the next face or question is due", _SHOWN.format("Cross")),
    "scale": PhaseNote("A scale from 1 to 7 with its question", _SHOWN.format("Textblock")),
    "scale_end": PhaseNote("The last frame of an open scale", _SHOWN.format("Textblock")),
    "scale_chosen": PhaseNote("The scale with the chosen point", _SHOWN.format("Textblock")),
    "question": PhaseNote("The question with its two answers", _SHOWN.format("Textblock")),
    "question_end": PhaseNote("The last frame of a question", _SHOWN.format("Textblock")),
    "iti": PhaseNote("An empty screen after the answer", "Sensory-event, Visual-presentation"),
    "pause": PhaseNote("A pause by the operator", _SHOWN.format("Textblock")),
    "confirm_stop": PhaseNote("The operator is asked whether to stop", _SHOWN.format("Textblock")),
    "confirm_stop_end": PhaseNote("The question has gone", "Sensory-event, Visual-presentation"),
}
