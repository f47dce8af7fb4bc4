"""Reading the Mind in the Eyes: which of four words fits the eyes of a person.

``design`` says what is shown in which order, ``method`` how; ``participant`` can play it in
simulation, ``columns`` tell what its log means.
"""

from __future__ import annotations

from pathlib import Path

from mbtexp.task import Task
from mbtexp.triggers.codes import EYES as CODES
from tasks.eyes.columns import COLUMNS, PHASES
from tasks.eyes.design import PRESETS, Params, design, has_glossary
from tasks.eyes.method import instructions, play
from tasks.eyes.participant import Taker, participant

TASK = Task(
    name="eyes",
    title="Reading the Mind in the Eyes",
    description="Matching one of four mental-state words to a picture of the eyes of a person.",
    params=Params,
    presets=PRESETS,
    design=design,
    play=play,
    participant=participant,
    keys=lambda params: ("1", "2", "3", "4", *(("g",) if has_glossary(params) else ())),
    instructions=instructions,
    columns=COLUMNS,
    phases=PHASES,
    codes=CODES,
    texts=Path(__file__).parent.parent / "texts",
    stimuli=lambda params: params.stimuli,
    references=(
        "Baron-Cohen, Wheelwright, Hill, Raste & Plumb (2001). "
        "J Child Psychol Psychiatry 42, 241-251",
    ),
    code_facts=CODES.facts,
    person=Taker,
    participant_of=participant,
)
