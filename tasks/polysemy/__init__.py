"""Priming by words with an attachment and another sense, in a lexical decision.

``design`` says which prime precedes which target, ``method`` what a trial shows and how a run goes;
``norming`` collects the norms that the words need first. ``participant`` can play it in simulation,
``columns`` tell what its log means.
"""

from __future__ import annotations

from pathlib import Path

from mbtexp.task import Task
from mbtexp.triggers.codes import POLYSEMY as CODES
from tasks.polysemy.columns import COLUMNS, PHASES
from tasks.polysemy.design import design
from tasks.polysemy.method import instructions, play
from tasks.polysemy.params import PRESETS, Params, key_names
from tasks.polysemy.participant import Reader, participant

TASK = Task(
    name="polysemy",
    title="Polysemous-word priming",
    description="Deciding whether a string is a word after a prime with an attachment sense and "
    "another one.",
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
    references=(
        "Richards & French (1992). Q J Exp Psychol A 45, 503-525",
        "Simpson & Burgess (1985). J Exp Psychol Hum Percept Perform 11, 28-39",
    ),
    code_facts=CODES.facts,
    person=Reader,
    participant_of=participant,
)
