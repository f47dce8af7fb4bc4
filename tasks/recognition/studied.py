"""Which words the participant has seen: read from the session's priming runs, or as planned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from mbtexp.excluded import allowed
from mbtexp.session import Session
from mbtexp.stimuli import StimulusSet, find_set
from mbtexp.task import Material, find_task

BUILDS_ON = "polysemy"
"""Task whose targets are asked for."""

OF_CONDITION = {
    "attachment_related": "attachment",
    "attachment_unrelated": "attachment",
    "control": "emotional",
    "filler": "neutral",
}
"""Class of a word by the condition in which it was a target.

Control targets are those that the word list matches to the attachment targets in valence and
arousal. Targets of the other sense are in no class: they are shorter and more frequent.
"""


@dataclass(frozen=True)
class Studied:
    """A word that was a target of the priming task, and where it was shown."""

    word: str
    word_class: str
    length: int
    zipf: float | None
    stim_id: str
    """Row of the priming task's word set."""
    condition: str
    """Condition of the trial in which it was shown."""
    soa_s: float | None
    trial: int
    run: int
    state: str | None
    """State that the session's protocol gives for that run; None where there is no protocol."""
    times: int = 1
    """How often it was a target in this session."""


def studied(session: Session, material: Material, stimuli: StimulusSet) -> tuple[Studied, ...]:
    """The words that may be asked for, in the order in which they were first shown."""
    known = classes_of(stimuli)
    found: dict[str, Studied] = {}
    for row in filter(None, (_target(*one) for one in _shown(session, material))):
        word = row.word.casefold()
        # A set that names studied words says which of them are of their condition's class at all.
        if word in material.excluded or (known and known.get(word) != row.word_class):
            continue
        first = found.get(word)
        found[word] = row if first is None else _again(first, row)
    wanted = material.params.study
    return tuple(r for r in found.values() if wanted == "all" or "_related" not in r.condition)


def practised(session: Session, material: Material) -> tuple[str, ...]:
    """The words of the priming task's own practice that the participant has seen."""
    words = (
        str(row["target"])
        for row, _, _ in _shown(session, material)
        if row.get("practice") and row.get("condition") == "practice_word"
    )
    return tuple(dict.fromkeys(w for w in words if w.casefold() not in material.excluded))


def source_of(material: Material) -> str:
    """Where the old words come from: the log of a run, or the plan of one."""
    return "log" if material.earlier else "planned"


def classes_of(stimuli: StimulusSet) -> Mapping[str, str]:
    """The class of each studied word that the set names."""
    rows = [item.attributes for item in stimuli.items if item.attributes.get("kind") == "studied"]
    return {str(row["word"]).casefold(): str(row["class"]) for row in rows}


def _again(first: Studied, later: Studied) -> Studied:
    """A word that was shown again: under two states it belongs to none."""
    state = first.state if first.state == later.state else None
    return replace(first, times=first.times + 1, state=state)


Shown = tuple[Mapping[str, Any], int, str | None]
"""A design row of the priming task, the number of its run, and the run's state."""


def _shown(session: Session, material: Material) -> Iterator[Shown]:
    """What was shown, from the logs; without any, what a standard run would show."""
    if not material.earlier:
        yield from ((row, 1, None) for row in _planned(session, material))
    for log in material.earlier:
        state = (log.header.get("protocol") or {}).get("state")
        for event in log.of("trial"):
            # A target that nobody decided about may not have been looked at.
            if not event["outcome"].get("missed"):
                run = int(log.header.get("run", 1))
                yield event["design"], run, None if state is None else str(state)


def _planned(session: Session, material: Material) -> list[dict[str, Any]]:
    """The design of a standard run of this participant, for a plan or a trial run."""
    task = find_task(BUILDS_ON)
    params = task.settings(next(iter(task.presets)))
    name = task.stimuli(params)
    words = None if name is None else find_set(name)
    of = Material(params, task.catalogue("en"), words, task.keys(params))
    study = Session(session.participant, task.name, session.session, 1, session.seed)
    rows = allowed(task.design(study, of), material.excluded, task.columns)
    return [asdict(row) for row in rows]


def _target(row: Mapping[str, Any], run: int, state: str | None) -> Studied | None:
    """The target of a design row, if it is of a class and not practice."""
    condition, word = str(row.get("condition")), row.get("target")
    if row.get("practice") or not word or condition not in OF_CONDITION:
        return None
    return Studied(
        word=str(word),
        word_class=OF_CONDITION[condition],
        length=len(str(word)),
        zipf=row.get("target_zipf"),
        stim_id=str(row.get("stim_id")),
        condition=condition,
        soa_s=row.get("soa_s"),
        trial=int(row["trial"]),
        run=run,
        state=state,
    )
