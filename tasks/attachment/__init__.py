"""Own child or partner against acquainted, befriended and unfamiliar people: pictures and primes.

``params`` has the settings and presets, ``design`` says what comes in which order, ``dots`` and
``ratings`` what comes with it, ``screens`` what it looks like, ``method`` how a run goes;
``participant`` can play it in simulation, ``columns`` tell what its log means.
"""

from __future__ import annotations

from pathlib import Path

from mbtexp.task import Task
from mbtexp.triggers.codes import ATTACHMENT as CODES
from tasks.attachment.columns import COLUMNS, PHASES
from tasks.attachment.design import design
from tasks.attachment.method import instructions, play
from tasks.attachment.params import PRESETS, Params
from tasks.attachment.participant import Feelings, feeling, participant

TASK = Task(
    name="attachment",
    title="Own and other: attachment pictures",
    description="Watching pictures of the own child or partner and of other people, with ratings.",
    params=Params,
    presets=PRESETS,
    design=design,
    play=play,
    participant=participant,
    keys=lambda _params: ("f", "j", "space"),
    instructions=instructions,
    columns=COLUMNS,
    phases=PHASES,
    codes=CODES,
    texts=Path(__file__).parent.parent / "texts",
    stimuli=lambda params: params.stimuli,
    own_photos=True,
    references=(
        "Bartels & Zeki (2004). NeuroImage 21, 1155-1166",
        "Aron, Fisher, Mashek, Strong, Li & Brown (2005). J Neurophysiol 94, 327-337",
        "Strathearn, Li, Fonagy & Montague (2008). Pediatrics 122, 40-51",
        "Nitschke, Nelson, Rusch, Fox, Oakes & Davidson (2004). NeuroImage 21, 583-592",
        "Betella & Verschure (2016). PLoS ONE 11, e0148037",
    ),
    code_facts=CODES.facts,
    person=Feelings,
    participant_of=feeling,
)
