"""Moral judgements of short stories: what was meant, what came of it, and who it was.

``stories`` are the texts with their versions, ``design`` says who reads which version, ``method``
what is shown; ``participant`` can play it in simulation, ``columns`` tell what its log means.
"""

from __future__ import annotations

from pathlib import Path

from mbtexp.task import Task
from mbtexp.triggers.codes import MORAL as CODES
from tasks.moral.columns import COLUMNS, PHASES
from tasks.moral.design import design
from tasks.moral.method import instructions, play
from tasks.moral.params import PRESETS, Params, key_names
from tasks.moral.participant import Judge, participant

TASK = Task(
    name="moral",
    title="Moral judgements of everyday harm",
    description="Judging a person in a short story by what that person foresaw and what came of "
    "it; the person is close to the one it happens to, or a stranger.",
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
        "Young, Cushman, Hauser & Saxe (2007). Proc Natl Acad Sci USA 104, 8235-8240",
        "Cushman (2008). Cognition 108, 353-380",
    ),
    code_facts=CODES.facts,
    person=Judge,
    participant_of=participant,
)
