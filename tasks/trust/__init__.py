"""Trustworthiness and age of faces: a first impression, rated or decided.

``design`` says which face is judged when, ``faces`` which faces those are, ``method`` what is
shown; ``participant`` can play it in simulation, ``columns`` tell what its log means.
"""

from __future__ import annotations

from pathlib import Path

from mbtexp.task import Task
from mbtexp.triggers.codes import TRUST as CODES
from tasks.trust.columns import COLUMNS, PHASES
from tasks.trust.design import PRESETS, Params, design, keys
from tasks.trust.method import instructions, play
from tasks.trust.participant import Person, participant

TASK = Task(
    name="trust",
    title="Trustworthiness of faces",
    description="Judging faces for trustworthiness, and for age as a control, at first sight.",
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
    stimuli=lambda params: params.stimuli,
    references=(
        "Winston, Strange, O'Doherty & Dolan (2002). Nat Neurosci 5, 277-283",
        "Engell, Haxby & Todorov (2007). J Cogn Neurosci 19, 1508-1519",
        "Todorov, Pakrashi & Oosterhof (2009). Soc Cogn 27, 813-833",
        "Fertuck, Grinband & Stanley (2013). Psychiatry Res 207, 195-202",
    ),
    code_facts=CODES.facts,
    person=Person,
    participant_of=participant,
)
