"""What the columns and phases of a discounting log mean, for its header and for BIDS."""

from __future__ import annotations

from mbtexp.task import Column, PhaseNote

_OPTIONS = {"sooner": "the smaller amount, sooner", "later": "the larger amount, later"}
_SIDES = {"left": "left", "right": "right"}

COLUMNS = {
    "trial": Column("Number of the trial in the run, from 1"),
    "block": Column("Number of the block; 0 is practice"),
    "practice": Column(
        "Whether the trial is practice", levels={"true": "practice", "false": "counted"}
    ),
    "stim_id": Column("Name of the choice in its list"),
    "method": Column(
        "How the choices come about",
        levels={
            "mcq": "27 fixed choices",
            "adjusting": "the sooner amount follows the answers",
            "five_trial": "the delay follows the answers",
            "adaptive": "the most informative offer",
            "calibrated": "around a given ln k",
            "experiential": "points with waits that really pass",
        },
    ),
    "condition": Column(
        "Kind of choice",
        levels={
            "choice": "a choice that counts",
            "practice": "an easy choice for practice",
            "catch_sooner": "the same amount now or later: sooner is the sensible answer",
            "catch_later": "nothing now or the amount later: later is the sensible answer",
            "easy_sooner": "calibrated: the sooner amount is worth more",
            "near": "calibrated: near indifference",
            "easy_later": "calibrated: the later amount is worth more",
            "forced_sooner": "practice: only the shorter wait is offered",
            "forced_later": "practice: only the longer wait is offered",
        },
    ),
    "item": Column("Number of the item in the questionnaire (mcq)"),
    "magnitude": Column(
        "Size of the later amount (mcq)",
        levels={"small": "25 to 35", "medium": "50 to 60", "large": "75 to 85"},
    ),
    "rank": Column("Rank of the item's k among the nine of its size, from 1 (mcq)"),
    "series": Column("Choices that follow from each other's answers (a delay, or the run)"),
    "step": Column("Number of the choice in its series, from 1"),
    "side": Column("Where the sooner option stood", levels=_SIDES),
    "planned_sooner": Column(
        "Sooner amount as planned, in the currency; empty where the answers decide"
    ),
    "planned_later": Column("Later amount as planned, in the currency"),
    "planned_delay": Column("Delay as planned and written; empty where the answers decide"),
    "tie": Column("Number from 0 to 1 that settled ties between offers (adaptive)"),
    "onset_s": Column("Planned onset of the offer after the run's time zero", units="s"),
    "shown": Column(
        "Whether the choice was offered",
        levels={"true": "it was", "false": "the estimate was precise enough before it"},
    ),
    "sooner": Column("Sooner amount as offered, in the currency"),
    "later": Column("Later amount as offered, in the currency"),
    "sooner_days": Column("Delay of the sooner amount as offered", units="d"),
    "later_days": Column(
        "Delay of the later amount as offered (a month is 30.44, a year 365.25 days)", units="d"
    ),
    "later_delay": Column("Delay of the later amount as written (d, wk, mo, y: days to years)"),
    "currency": Column("Currency of the amounts"),
    "response": Column("Option chosen", levels=_OPTIONS),
    "position": Column("Side of the chosen option", levels=_SIDES),
    "correct": Column(
        "Catch trials: whether the sensible option was chosen",
        levels={"true": "it was", "false": "it was not"},
    ),
    "rt_s": Column("From the onset of the offer (calibrated: of the window) to the choice", "s"),
    "missed": Column("Whether no option was chosen", levels={"true": "none", "false": "one"}),
    "held": Column(
        "Whether a key was already down when answers began to count",
        levels={"true": "yes", "false": "no"},
    ),
    "points": Column("Points gained so far (experiential)"),
    "ln_k": Column("Posterior mean of ln k (1/day) after this choice (adaptive)"),
    "ln_k_sd": Column("Posterior standard deviation of ln k after this choice (adaptive)"),
}

_SHOWN = "Sensory-event, Visual-presentation, {}"
_OFFER = "Sensory-event, Experimental-stimulus, Visual-presentation, Textblock, Label/Offer"
_PAGE = "Sensory-event, Instructional, Visual-presentation, Textblock"

PHASES = {
    "instructions": PhaseNote("A page of instructions", _PAGE),
    "start": PhaseNote("The page before a block", _PAGE),
    "break": PhaseNote("A break as long as the participant likes", _SHOWN.format("Textblock")),
    "finished": PhaseNote("The page that ends the run", _SHOWN.format("Textblock")),
    "scanner": PhaseNote("Waiting for the first scanner pulse", _SHOWN.format("Textblock")),
    "fixation": PhaseNote("A fixation cross before an offer", _SHOWN.format("Cross")),
    "offer": PhaseNote("Two amounts, sooner and later", _OFFER, trial_type="{condition}"),
    "offer_catch": PhaseNote(
        "Two amounts of which one is better in every respect", _OFFER, trial_type="catch"
    ),
    "offer_practice": PhaseNote("Two amounts for practice", _OFFER),
    "respond": PhaseNote("The offer while answers count", _OFFER),
    "hold": PhaseNote("The offer after its answer", _OFFER),
    "chosen": PhaseNote(
        "The chosen option in its frame, or that no answer came in time",
        "Sensory-event, Feedback, Visual-presentation, Textblock",
    ),
    "wait": PhaseNote("The wait that was chosen", _SHOWN.format("Textblock"), trial_type="wait"),
    "points": PhaseNote(
        "The points that were gained",
        "Sensory-event, Feedback, Visual-presentation, Textblock",
        trial_type="points",
    ),
    "rest": PhaseNote("A cross until the next offer is due", _SHOWN.format("Cross")),
    "pause": PhaseNote("A pause by the operator", _SHOWN.format("Textblock")),
    "confirm_stop": PhaseNote("The operator is asked whether to stop", _SHOWN.format("Textblock")),
    "confirm_stop_end": PhaseNote("The question has gone", "Sensory-event, Visual-presentation"),
}
