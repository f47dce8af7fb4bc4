"""The one code book: the codes of every task, side by side, each number for good."""

from __future__ import annotations

from mbtexp.triggers.book import STRUCTURE, Code, Entry, codebook, whole_book

_EYES = "Sensory-event, Experimental-stimulus, Visual-presentation, (Image, Eye)"
_PRESS = "Agent-action, Participant-response, (Experiment-participant, (Press, Keyboard-key))"

_OFFER = "Sensory-event, Experimental-stimulus, Visual-presentation, Textblock, Label/Offer"

DISCOUNTING = codebook(
    "discounting",
    offer=Entry(
        5, "Onset of an offer: an amount sooner, a larger one later", _OFFER, short="offer"
    ),
    offer_easy_sooner=Entry(
        6,
        "Onset of an offer of which the sooner amount is worth more",
        f"{_OFFER}, Label/Easy",
        short="offer_easy",
    ),
    offer_near=Entry(7, "Onset of an offer near indifference", f"{_OFFER}, Label/Near"),
    offer_easy_later=Entry(
        8,
        "Onset of an offer of which the later amount is worth more",
        f"{_OFFER}, Label/Easy",
        short="offer_easy",
    ),
    offer_practice=Entry(9, "Onset of a practice offer", f"{_OFFER}, Label/Practice"),
    offer_points=Entry(
        10, "Onset of an offer of points after real waits", f"{_OFFER}, Label/Wait", short="offer"
    ),
    wait_sooner=Entry(
        11,
        "The shorter wait begins",
        "Sensory-event, Visual-presentation, Label/Shorter-wait",
        short="wait",
    ),
    wait_later=Entry(
        12,
        "The longer wait begins",
        "Sensory-event, Visual-presentation, Label/Longer-wait",
        short="wait",
    ),
    response_sooner=Entry(26, "The sooner amount was chosen", f"{_PRESS}, Label/Sooner"),
    response_later=Entry(27, "The later amount was chosen", f"{_PRESS}, Label/Later"),
    outcome=Entry(
        30, "Onset of the points that were gained", "Sensory-event, Feedback, Visual-presentation"
    ),
)

EYES = codebook(
    "eyes",
    eyes_mental=Entry(
        5,
        "Onset of a pair of eyes, to be judged for the mental state",
        f"{_EYES}, Label/Judge-mental-state",
    ),
    eyes_sex=Entry(
        6,
        "Onset of a pair of eyes, to be judged for the sex",
        f"{_EYES}, Label/Judge-sex",
        short="eyes_control",
    ),
    eyes_age=Entry(
        7,
        "Onset of a pair of eyes, to be judged for the age",
        f"{_EYES}, Label/Judge-age",
        short="eyes_control",
    ),
    eyes_practice=Entry(8, "Onset of a practice item", f"{_EYES}, Label/Practice"),
    response_first=Entry(
        26,
        "First of the two answers of a control judgement",
        f"{_PRESS}, Label/First-option",
        short="response",
    ),
    response_second=Entry(
        27,
        "Second of the two answers of a control judgement",
        f"{_PRESS}, Label/Second-option",
        short="response",
    ),
    response_other=Entry(
        28, "An answer beyond those named", f"{_PRESS}, Label/Other-option", short="response"
    ),
    response_tl=Entry(
        34, "The word at the top left was chosen", f"{_PRESS}, Label/Top-left", short="response"
    ),
    response_tr=Entry(
        35, "The word at the top right was chosen", f"{_PRESS}, Label/Top-right", short="response"
    ),
    response_bl=Entry(
        36,
        "The word at the bottom left was chosen",
        f"{_PRESS}, Label/Bottom-left",
        short="response",
    ),
    response_br=Entry(
        37,
        "The word at the bottom right was chosen",
        f"{_PRESS}, Label/Bottom-right",
        short="response",
    ),
    lookup=Entry(
        38,
        "The glossary was opened",
        "Sensory-event, Instructional, Visual-presentation, Label/Glossary-opened",
    ),
    lookup_end=Entry(
        39,
        "The glossary was closed",
        "Sensory-event, Visual-presentation, Label/Glossary-closed",
    ),
)

_FACE = "Sensory-event, Experimental-stimulus, Visual-presentation, (Image, Face)"
_WORD = "Sensory-event, Experimental-stimulus, Visual-presentation, Word"
_TEXT = "Sensory-event, Visual-presentation, Textblock"

ATTACHMENT = codebook(
    "attachment",
    prime=Entry(4, "Onset of a masked word or name", f"{_WORD}, Label/Masked-prime"),
    own=Entry(
        5, "Onset of a picture of the own child or partner", f"{_FACE}, Label/Own", short="own"
    ),
    acquainted=Entry(6, "Onset of a picture of an acquainted person", f"{_FACE}, Label/Acquainted"),
    friend=Entry(7, "Onset of a picture of a friend", f"{_FACE}, Label/Friend"),
    unfamiliar=Entry(
        8,
        "Onset of a picture of an unfamiliar person",
        f"{_FACE}, Label/Unfamiliar",
        short="unfamiliar",
    ),
    scrambled=Entry(
        9,
        "Onset of a scrambled picture",
        "Sensory-event, Experimental-stimulus, Visual-presentation, Image, Label/Scrambled",
        short="other_picture",
    ),
    own_happy=Entry(10, "Onset of the own infant, happy", f"{_FACE}, Label/Own-happy", short="own"),
    own_neutral=Entry(
        11, "Onset of the own infant, neutral", f"{_FACE}, Label/Own-neutral", short="own"
    ),
    own_sad=Entry(12, "Onset of the own infant, sad", f"{_FACE}, Label/Own-sad", short="own"),
    unfamiliar_happy=Entry(
        13,
        "Onset of an unfamiliar infant, happy",
        f"{_FACE}, Label/Unfamiliar-happy",
        short="unfamiliar",
    ),
    unfamiliar_neutral=Entry(
        14,
        "Onset of an unfamiliar infant, neutral",
        f"{_FACE}, Label/Unfamiliar-neutral",
        short="unfamiliar",
    ),
    unfamiliar_sad=Entry(
        15,
        "Onset of an unfamiliar infant, sad",
        f"{_FACE}, Label/Unfamiliar-sad",
        short="unfamiliar",
    ),
    practice=Entry(
        16,
        "Onset of a picture for practice",
        "Sensory-event, Experimental-stimulus, Visual-presentation, Image, Label/Practice",
        short="other_picture",
    ),
    count_back=Entry(
        17, "Onset of a number to count back from", f"{_TEXT}, Label/Count-back", short="other_task"
    ),
    target=Entry(
        18,
        "Onset of a pattern to be judged",
        "Sensory-event, Experimental-stimulus, Visual-presentation, Image, Label/Pattern",
        short="other_task",
    ),
    awareness=Entry(
        19,
        "Onset of the question which prime it was",
        f"{_TEXT}, Label/Awareness-question",
        short="question",
    ),
    response_first=Entry(
        26,
        "The dot was reported, or 'more pleasant' or the kind of closeness chosen",
        f"{_PRESS}, Label/First-option",
        short="response",
    ),
    response_second=Entry(
        27,
        "'Less pleasant' or the other kind was chosen",
        f"{_PRESS}, Label/Second-option",
        short="response",
    ),
    slider=Entry(34, "Onset of a rating", f"{_TEXT}, Label/Rating", short="question"),
    calm=Entry(
        35, "The pictures were stopped: calm screen", f"{_TEXT}, Label/Calm-screen", short=STRUCTURE
    ),
)

_WORD = "Sensory-event, Experimental-stimulus, Visual-presentation, Word"

POLYSEMY = codebook(
    "polysemy",
    prime=Entry(4, "Onset of a prime", f"{_WORD}, Label/Prime"),
    target_attachment_related=Entry(
        5,
        "Onset of an attachment target after its ambiguous prime",
        f"{_WORD}, Label/Attachment-target, Label/Related",
    ),
    target_attachment_unrelated=Entry(
        6,
        "Onset of an attachment target after an unrelated prime",
        f"{_WORD}, Label/Attachment-target, Label/Unrelated",
    ),
    target_other_related=Entry(
        7,
        "Onset of a target of the other sense after its ambiguous prime",
        f"{_WORD}, Label/Other-sense-target, Label/Related",
    ),
    target_other_unrelated=Entry(
        8,
        "Onset of a target of the other sense after an unrelated prime",
        f"{_WORD}, Label/Other-sense-target, Label/Unrelated",
    ),
    target_control=Entry(
        9,
        "Onset of a control target after an ambiguous prime",
        f"{_WORD}, Label/Control-target, Label/Unrelated",
        short="target_filler",
    ),
    target_filler=Entry(
        10, "Onset of a filler word", f"{_WORD}, Label/Filler", short="target_filler"
    ),
    target_nonword_ambiguous=Entry(
        11,
        "Onset of a pseudoword after an ambiguous prime",
        f"{_WORD}, Label/Pseudoword, Label/Ambiguous-prime",
        short="target_nonword",
    ),
    target_nonword=Entry(
        12,
        "Onset of a pseudoword after another prime",
        f"{_WORD}, Label/Pseudoword, Label/Other-prime",
        short="target_nonword",
    ),
    target_practice=Entry(
        13, "Onset of a target in practice", f"{_WORD}, Label/Practice", short="target_filler"
    ),
    mask=Entry(
        14, "Onset of the mask before a prime", f"{_WORD}, Label/Mask", short="stimulus_offset"
    ),
    awareness=Entry(
        15,
        "Onset of the question which word was masked",
        f"{_WORD}, Label/Awareness-question",
        short="question",
    ),
    association=Entry(
        16,
        "Onset of a word to which a first association is typed",
        f"{_WORD}, Label/Association",
        short="question",
    ),
    meaning=Entry(
        17,
        "Onset of the question which meaning was had in mind",
        f"{_WORD}, Label/Meaning",
        short="question",
    ),
    relatedness=Entry(
        18, "Onset of a word to be rated", f"{_WORD}, Label/Relatedness-rating", short="question"
    ),
    response_first=Entry(
        26,
        "Answer 'word', or the masked word chosen of two",
        f"{_PRESS}, Label/First-option",
        short="response",
    ),
    response_second=Entry(
        27,
        "Answer 'no word', or the other word chosen of two",
        f"{_PRESS}, Label/Second-option",
        short="response",
    ),
    feedback=Entry(
        30,
        "Onset of the feedback in practice",
        "Sensory-event, Feedback, Visual-presentation, Textblock",
        short=STRUCTURE,
    ),
)

TRUST = codebook(
    "trust",
    cue=Entry(
        4,
        "Onset of the question of a block",
        "Sensory-event, Cue, Visual-presentation, Textblock, Label/Question",
        short="question",
    ),
    face_trust_low=Entry(
        5,
        "Onset of a face of the lowest third, judged for trust",
        f"{_FACE}, Label/Judge-trust, Label/Low",
        short="face_low",
    ),
    face_trust_middle=Entry(
        6,
        "Onset of a face of the middle third, judged for trust",
        f"{_FACE}, Label/Judge-trust, Label/Middle",
        short="face_middle",
    ),
    face_trust_high=Entry(
        7,
        "Onset of a face of the highest third, judged for trust",
        f"{_FACE}, Label/Judge-trust, Label/High",
        short="face_high",
    ),
    face_age_low=Entry(
        8,
        "Onset of a face of the lowest third in trust, judged for age",
        f"{_FACE}, Label/Judge-age, Label/Low",
        short="face_age",
    ),
    face_age_middle=Entry(
        9,
        "Onset of a face of the middle third in trust, judged for age",
        f"{_FACE}, Label/Judge-age, Label/Middle",
        short="face_age",
    ),
    face_age_high=Entry(
        10,
        "Onset of a face of the highest third in trust, judged for age",
        f"{_FACE}, Label/Judge-age, Label/High",
        short="face_age",
    ),
    face_practice=Entry(11, "Onset of a face for practice", f"{_FACE}, Label/Practice"),
    face_step_1=Entry(
        12, "Onset of step 1 of a continuum", f"{_FACE}, Label/Step-1", short="face_low"
    ),
    face_step_2=Entry(
        13, "Onset of step 2 of a continuum", f"{_FACE}, Label/Step-2", short="face_low"
    ),
    face_step_3=Entry(
        14, "Onset of step 3 of a continuum", f"{_FACE}, Label/Step-3", short="face_low"
    ),
    face_step_4=Entry(
        15, "Onset of step 4 of a continuum", f"{_FACE}, Label/Step-4", short="face_middle"
    ),
    face_step_5=Entry(
        16, "Onset of step 5 of a continuum", f"{_FACE}, Label/Step-5", short="face_high"
    ),
    face_step_6=Entry(
        17, "Onset of step 6 of a continuum", f"{_FACE}, Label/Step-6", short="face_high"
    ),
    face_step_7=Entry(
        18, "Onset of step 7 of a continuum", f"{_FACE}, Label/Step-7", short="face_high"
    ),
    face_trust=Entry(
        19,
        "Onset of a face without norms, judged for trust",
        f"{_FACE}, Label/Judge-trust",
        short="face_middle",
    ),
    face_age=Entry(
        20,
        "Onset of a face without norms, judged for age",
        f"{_FACE}, Label/Judge-age",
        short="face_age",
    ),
    response_low=Entry(
        26, "Untrustworthy, younger, or a rating of 1 to 3", f"{_PRESS}, Label/Low-option"
    ),
    response_high=Entry(
        27, "Trustworthy, older, or a rating of 5 to 7", f"{_PRESS}, Label/High-option"
    ),
    response_middle=Entry(28, "A rating of 4", f"{_PRESS}, Label/Middle-option"),
)

MOOD = codebook(
    "mood",
    rating=Entry(1, "Onset of a rating", f"{_TEXT}, Label/Rating", short="question"),
    response=Entry(2, "A rating was given", f"{_PRESS}, Label/Rated", short="response"),
)

QUESTIONNAIRE = codebook(
    "questionnaire",
    item=Entry(1, "Onset of an item", f"{_TEXT}, Label/Questionnaire-item", short="question"),
    response=Entry(2, "An item was answered", f"{_PRESS}, Label/Answered", short="response"),
    skipped=Entry(3, "An item was skipped", f"{_PRESS}, Label/Skipped", short="response"),
)

INTERLUDE = codebook(
    "interlude",
    page=Entry(1, "Onset of a page of text", f"{_TEXT}, Label/Page", short="page"),
    count_back=Entry(
        2, "Onset of a number to count back from", f"{_TEXT}, Label/Count-back", short="other_task"
    ),
    reached=Entry(
        3, "Onset of the question how far it went", f"{_TEXT}, Label/Reached", short="question"
    ),
    breath=Entry(
        4,
        "A guided breath begins",
        "Sensory-event, Visual-presentation, Label/Guided-breath",
        short="other_task",
    ),
)

RECOGNITION = codebook(
    "recognition",
    word_old_attachment=Entry(
        1,
        "Onset of an old word of the class attachment",
        f"{_WORD}, Label/Old, Label/Attachment-word",
    ),
    word_old_emotional=Entry(
        2,
        "Onset of an old word of the class emotional",
        f"{_WORD}, Label/Old, Label/Emotional-word",
    ),
    word_old_neutral=Entry(
        3,
        "Onset of an old word of the class neutral",
        f"{_WORD}, Label/Old, Label/Neutral-word",
    ),
    word_new_attachment=Entry(
        4,
        "Onset of a new word of the class attachment",
        f"{_WORD}, Label/New, Label/Attachment-word",
    ),
    word_new_emotional=Entry(
        5,
        "Onset of a new word of the class emotional",
        f"{_WORD}, Label/New, Label/Emotional-word",
    ),
    word_new_neutral=Entry(
        6,
        "Onset of a new word of the class neutral",
        f"{_WORD}, Label/New, Label/Neutral-word",
    ),
    word_practice=Entry(7, "Onset of a word for practice", f"{_WORD}, Label/Practice"),
    confidence=Entry(
        8, "Onset of the scale how sure it was", f"{_TEXT}, Label/Confidence", short="question"
    ),
    response_old=Entry(9, "Answer 'old'", f"{_PRESS}, Label/Old", short="response"),
    response_new=Entry(10, "Answer 'new'", f"{_PRESS}, Label/New", short="response"),
    confidence_low=Entry(11, "Guessed", f"{_PRESS}, Label/Guessed", short="response"),
    confidence_middle=Entry(12, "Rather sure", f"{_PRESS}, Label/Rather-sure", short="response"),
    confidence_high=Entry(13, "Very sure", f"{_PRESS}, Label/Very-sure", short="response"),
)

MORAL = codebook(
    "moral",
    story_neutral=Entry(
        1, "Onset of a story: nothing meant, nothing happens", f"{_TEXT}, Label/Neutral-story"
    ),
    story_accidental=Entry(
        2, "Onset of a story: nothing meant, harm happens", f"{_TEXT}, Label/Accidental-harm"
    ),
    story_attempted=Entry(
        3, "Onset of a story: harm foreseen, nothing happens", f"{_TEXT}, Label/Attempted-harm"
    ),
    story_intended=Entry(
        4, "Onset of a story: harm foreseen, harm happens", f"{_TEXT}, Label/Intended-harm"
    ),
    story_practice=Entry(5, "Onset of a story for practice", f"{_TEXT}, Label/Practice"),
    judgement=Entry(
        6, "Onset of the scale of the judgement", f"{_TEXT}, Label/Judgement", short="question"
    ),
    statement=Entry(
        7, "Onset of a statement about the story", f"{_TEXT}, Label/Statement", short="question"
    ),
    response_low=Entry(8, "A rating of 1 to 3", f"{_PRESS}, Label/Low-option", short="response"),
    response_middle=Entry(9, "A rating of 4", f"{_PRESS}, Label/Middle-option", short="response"),
    response_high=Entry(10, "A rating of 5 to 7", f"{_PRESS}, Label/High-option", short="response"),
    response_true=Entry(11, "The statement is right", f"{_PRESS}, Label/True", short="response"),
    response_false=Entry(12, "The statement is wrong", f"{_PRESS}, Label/False", short="response"),
)

BOOKS = {
    book.task: book
    for book in (
        ATTACHMENT,
        DISCOUNTING,
        EYES,
        INTERLUDE,
        MOOD,
        MORAL,
        POLYSEMY,
        QUESTIONNAIRE,
        RECOGNITION,
        TRUST,
    )
}
"""Each task's book by the task's name."""


def all_codes() -> list[Code]:
    """Every code of every task, in order of number."""
    return whole_book(BOOKS.values())
