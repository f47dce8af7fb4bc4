"""Surprise recognition of the priming targets: old or new, and how sure.

``studied`` reads from the session's priming runs which words were shown, ``design`` says which old
and new ones are asked for, ``method`` what is shown; ``participant`` can play it in simulation,
``columns`` tell what its log means.
"""

from __future__ import annotations

from pathlib import Path

from mbtexp.task import Task
from mbtexp.triggers.codes import RECOGNITION as CODES
from tasks.recognition.columns import COLUMNS, PHASES
from tasks.recognition.design import design
from tasks.recognition.method import instructions, play
from tasks.recognition.params import PRESETS, Params, key_names
from tasks.recognition.participant import Recogniser, participant
from tasks.recognition.studied import BUILDS_ON

TASK = Task(
    name="recognition",
    title="Recognition of the priming targets",
    description="Deciding whether a word was seen in the priming task before, and how sure that "
    "is; nobody was told that the words would be asked for.",
    params=Params,
    presets=PRESETS,
    design=design,
    play=play,
    participant=participant,
    keys=key_names,
    instructions=instructions,
    columns=COLUMNS,
    phases=PHASES,
    codes=CODES,
    texts=Path(__file__).parent.parent / "texts",
    stimuli=lambda params: params.stimuli,
    builds_on=BUILDS_ON,
    references=(
        "Yonelinas (1994). J Exp Psychol Learn Mem Cogn 20, 1341-1354",
        "Macmillan & Creelman (2005). Detection theory. Lawrence Erlbaum",
        "Hautus (1995). Behav Res Methods Instrum Comput 27, 46-51",
    ),
    code_facts=CODES.facts,
    person=Recogniser,
    participant_of=participant,
)
