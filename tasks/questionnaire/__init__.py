"""A questionnaire on the screen: its items one after the other, answered by figures or clicks.

``design`` says what is asked in which order, ``screens`` what it looks like, ``method`` how a run
goes; ``participant`` can play it in simulation, ``columns`` tell what its log means. The items
themselves are files (``mbtexp.instruments``); the scores are the analysis's.
"""

from __future__ import annotations

from pathlib import Path

from mbtexp.task import Task
from mbtexp.triggers.codes import QUESTIONNAIRE as CODES
from tasks.questionnaire.columns import COLUMNS, PHASES
from tasks.questionnaire.design import PRESETS, Params, design, keys
from tasks.questionnaire.method import instructions, play
from tasks.questionnaire.participant import Answers, participant

TASK = Task(
    name="questionnaire",
    title="Questionnaire",
    description="Answering the items of a questionnaire on the screen.",
    params=Params,
    presets=PRESETS,
    design=design,
    play=play,
    participant=participant,
    keys=keys,
    instructions=instructions,
    columns=COLUMNS,
    phases=PHASES,
    codes=CODES,
    texts=Path(__file__).parent.parent / "texts",
    references=(
        "Kroenke, Spitzer & Williams (2001). J Gen Intern Med 16, 606-613",
        "Spitzer, Kroenke, Williams & Löwe (2006). Arch Intern Med 166, 1092-1097",
    ),
    code_facts=CODES.facts,
    person=Answers,
    participant_of=participant,
)
