"""Delay discounting: a smaller amount soon or a larger one later.

``params`` says what can be set, ``design`` what is chosen between, ``offers`` and ``adaptive`` how
answers change it, ``method`` how it is shown; ``participant`` can play it in simulation, ``payout``
draws the choice that is paid.
"""

from __future__ import annotations

from pathlib import Path

from mbtexp.task import Task
from mbtexp.triggers.codes import DISCOUNTING as CODES
from tasks.discounting.columns import COLUMNS, PHASES
from tasks.discounting.design import design
from tasks.discounting.method import instructions, play
from tasks.discounting.params import PRESETS, Params
from tasks.discounting.participant import Discounter, participant, simulated

TASK = Task(
    name="discounting",
    title="Delay discounting",
    description="Choosing between a smaller amount soon and a larger amount later.",
    params=Params,
    presets=PRESETS,
    design=design,
    play=play,
    participant=participant,
    keys=lambda _: ("f", "j"),
    instructions=instructions,
    columns=COLUMNS,
    phases=PHASES,
    codes=CODES,
    texts=Path(__file__).parent.parent / "texts",
    references=(
        "Kirby, Petry & Bickel (1999). J Exp Psychol Gen 128, 78-87",
        "Du, Green & Myerson (2002). Psychol Rec 52, 479-492",
        "Koffarnus & Bickel (2014). Exp Clin Psychopharmacol 22, 222-228",
        "Cavagnaro, Aranovich, McClure, Pitt & Myung (2016). J Risk Uncertain 52, 233-254",
        "Dougherty, Bjork, Huckabee, Moeller & Swann (1999). Psychiatry Res 85, 315-326",
    ),
    code_facts=CODES.facts,
    person=Discounter,
    participant_of=simulated,
)
