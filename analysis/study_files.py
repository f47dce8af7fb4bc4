"""What the predictions need beside the logs, and the files that are made of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from analysis.contrast import measures
from analysis.contrast_table import contrasts, contrasts_json, contrasts_tsv
from analysis.formulas import SCRIPT
from analysis.indices import Index
from analysis.intervals import Estimate, normal, undefined
from analysis.measure import Measure
from analysis.memory import gap
from analysis.model import study_json, study_rows, study_tsv
from analysis.phenotype import (
    groups_of_sessions,
    number_in,
    read_covariates,
    read_groups,
    rows_of_table,
)
from analysis.questionnaires import instrument_files
from analysis.read import Trials
from analysis.scales import scales_of
from analysis.sdt import dprime, dprime_se
from analysis.session_logs import session_logs
from analysis.states import STATES, Placed, read_states, states_json, states_of, states_tsv
from analysis.study import Study
from mbtexp.errors import DataError

MEMORY = ("participant", "state", "word_class")
COUNTS = ("hits", "misses", "false_alarms", "correct_rejections")
CLASSES = ("emotional", "neutral")


def files_beside(data: Path) -> list[Path]:
    """Every file beside the logs that ``prediction_files`` may read, there or not."""
    return [
        data / "participants.tsv",
        data / "sourcedata" / "states.tsv",
        data / "sourcedata" / "memory.tsv",
        *session_logs(data),
        *sorted((data / "phenotype").glob("*.tsv")),
        *instrument_files(data),
    ]


def prediction_files(
    data: Path, runs: Sequence[Trials], placed: Iterable[Placed], indices: Iterable[Index]
) -> dict[str, bytes]:
    """The tables of states, contrasts and predictions of a study, by name; and a script for R.

    Read besides, where they are there: ``participants.tsv`` (column ``group``), else the
    groups that the sessions were begun with, the tables under
    ``phenotype``, ``sourcedata/states.tsv`` and ``sourcedata/memory.tsv``, and the study's own
    instruments (``files_beside``).

    Raises
    ------
    DataError
        One of these files is there and cannot be understood.
    """
    states = states_of(placed, read_states(data / "sourcedata" / "states.tsv"))
    given = read_memory(data / "sourcedata" / "memory.tsv")
    found = [*_without(measures(runs, indices, states), given), *given]
    people = data / "participants.tsv"
    questionnaires = scales_of(data, runs)
    study = Study(
        found,
        {**groups_of_sessions(data), **read_groups(people)},
        questionnaires.scores,
        states,
        read_covariates(people, questionnaires.scores),
        questionnaires.alphas,
    )
    return {
        "contrasts.tsv": contrasts_tsv(contrasts(found)),
        "contrasts.json": contrasts_json(),
        "states.tsv": states_tsv(states),
        "states.json": states_json(),
        "study.tsv": study_tsv(study_rows(study)),
        "study.json": study_json(),
        "models.R": SCRIPT.encode(),
        **questionnaires.files,
    }


def _without(found: Iterable[Measure], given: Iterable[Measure]) -> list[Measure]:
    """The measures less those that the lab's own table gives of the same person."""
    there = {(m.participant, m.contrast) for m in given}
    return [m for m in found if (m.participant, m.contrast) not in there]


def read_memory(path: Path) -> list[Measure]:
    """Memory for emotional words: how much of its advantage is lost in the attachment state.

    A table of a lab's own recognition test: participant, state (``attachment``, ``control``),
    word_class (``emotional``, ``neutral``), hits, misses, false_alarms, correct_rejections. The
    measure is (d' emotional - d' neutral) in the control state less the same in the attachment
    state, log-linear rates (Hautus 1995), standard error after Gourevitch & Galanter (1967).
    """
    cells: dict[str, dict[tuple[str, str], Estimate]] = {}
    for row in rows_of_table(path, (*MEMORY, *COUNTS)):
        person, state, word_class = (row[name] for name in MEMORY)
        counts = [number_in(row[name]) for name in COUNTS]
        if state not in STATES or word_class not in CLASSES or None in counts:
            raise DataError(
                f"{path}: state must be 'attachment' or 'control', word_class 'emotional' or "
                f"'neutral', and the four counts numbers; a row of {person!r} is not so."
            )
        known = [[count] for count in counts if count is not None]
        value, se = float(dprime(*known)[0][0]), float(dprime_se(*known)[0])
        cell = undefined("no_words") if math.isnan(value) else normal(value, se, "wald")
        cells.setdefault(person.removeprefix("sub-"), {})[state, word_class] = cell
    return [
        Measure(
            person,
            "memory_gap",
            gap(of),
            "z",
            0,
            0,
            "(d' emotional - d' neutral), control - attachment; log-linear rates",
        )
        for person, of in sorted(cells.items())
    ]
