"""Questionnaires that were answered on the screen: their trials as answers like those of a table.

A run of the task ``questionnaire`` holds an instrument's items, one a trial: the design names the
``instrument`` and the number of the ``item``, the answer is the raw one, nothing turned round.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from analysis.questionnaire_table import Answers
from analysis.questionnaires import Instrument
from analysis.read import Trials, number

TASK = "questionnaire"


def screen_answers(
    runs: Iterable[Trials], instruments: Mapping[str, Instrument]
) -> dict[str, Answers]:
    """Each instrument's answers by participant and session, from the logs.

    Who met an item twice in a session has the later answer. What is no whole number within the
    instrument's range is no answer. Instruments that are not known are left out.
    """
    found: dict[str, dict[tuple[str, str], dict[int, float]]] = {}
    ordered = sorted(
        (t for t in runs if t.run.task == TASK),
        key=lambda t: (t.run.participant, t.run.session or "", t.run.run),
    )
    for trials in ordered:
        who = (trials.run.participant, trials.run.session or "")
        for trial in trials.test:
            instrument = instruments.get(str(trial.design.get("instrument")))
            item, answer = number(trial.design.get("item")), number(trial.response)
            if instrument is None or item is None or not 1 <= item <= len(instrument.items):
                continue
            of = found.setdefault(instrument.name, {}).setdefault(who, {})
            if answer is not None and _possible(answer, instrument):
                of[int(item)] = answer
    return {name: _answers(instruments[name], people) for name, people in sorted(found.items())}


def unknown_instruments(runs: Iterable[Trials], instruments: Mapping[str, Instrument]) -> list[str]:
    """Names of instruments that were answered and that neither we nor the study have."""
    named = {
        str(trial.design.get("instrument"))
        for trials in runs
        if trials.run.task == TASK
        for trial in trials.test
    }
    return sorted(named - set(instruments))


def _possible(answer: float, instrument: Instrument) -> bool:
    return answer % 1 == 0 and instrument.minimum <= answer <= instrument.maximum


def _answers(
    instrument: Instrument, people: Mapping[tuple[str, str], Mapping[int, float]]
) -> Answers:
    ordered = sorted(who for who, of in people.items() if of)
    given = [
        [people[who].get(item, np.nan) for item in range(1, len(instrument.items) + 1)]
        for who in ordered
    ]
    table = np.array(given, dtype=float).reshape(-1, len(instrument.items))
    return Answers(instrument, tuple(ordered), table)
