"""What stands between the tasks of a session: welcome, counting back, mood repair, debriefing.

``params`` has the settings and presets, ``design`` says what comes, ``method`` how it looks and
goes; ``participant`` can sit through it in simulation, ``columns`` tell what its log means.
"""

from __future__ import annotations

from pathlib import Path

from mbtexp.task import Task
from mbtexp.triggers.codes import INTERLUDE as CODES
from tasks.interlude.columns import COLUMNS, PHASES
from tasks.interlude.design import design
from tasks.interlude.method import instructions, play
from tasks.interlude.params import PRESETS, Params
from tasks.interlude.participant import Counter, participant

TASK = Task(
    name="interlude",
    title="Between the tasks",
    description="Pages of welcome, counting back, repair of the mood, debriefing.",
    params=Params,
    presets=PRESETS,
    design=design,
    play=play,
    participant=participant,
    keys=lambda _params: ("f", "j"),
    instructions=instructions,
    columns=COLUMNS,
    phases=PHASES,
    codes=CODES,
    texts=Path(__file__).parent.parent / "texts",
    references=("Aron, Fisher, Mashek, Strong, Li & Brown (2005). J Neurophysiol 94, 327-337",),
    code_facts=CODES.facts,
    person=Counter,
    participant_of=participant,
)
