"""How somebody feels just now: sliders, lines and circles, by keys, buttons or the mouse.

``design`` says what is asked in which order, ``screens`` what it looks like, ``method`` how a run
goes; ``participant`` can play it in simulation, ``columns`` tell what its log means.
"""

from __future__ import annotations

from pathlib import Path

from mbtexp.task import Task
from mbtexp.triggers.codes import MOOD as CODES
from tasks.mood.columns import COLUMNS, PHASES
from tasks.mood.design import PRESETS, Params, design, keys
from tasks.mood.method import instructions, play
from tasks.mood.participant import Mood, participant

TASK = Task(
    name="mood",
    title="Present mood and closeness",
    description="Rating how one feels just now on sliders, and how close one feels to others.",
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
        "Betella & Verschure (2016). PLoS ONE 11, e0148037",
        "Aron, Aron & Smollan (1992). J Pers Soc Psychol 63, 596-612",
    ),
    code_facts=CODES.facts,
    person=Mood,
    participant_of=participant,
)
