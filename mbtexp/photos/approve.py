"""The participant sees each of their photographs and says whether it may be shown: a run like any.

What was decided stands in the run's log, which outlives a crash; the log lies with the pictures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mbtexp.conduct import Request, conduct
from mbtexp.errors import StimulusError
from mbtexp.photos.decisions import APPROVAL, APPROVED, VETOED, approval_logs
from mbtexp.photos.manifest import Photo, PhotoSet
from mbtexp.photos.own import as_stimuli
from mbtexp.photos.screens import WORDS, goes_on, key_name, prepared_run
from mbtexp.photos.store import change
from mbtexp.run import Run
from mbtexp.session import Session
from mbtexp.simulate import READING_S, Participant
from mbtexp.task import Column, Material, PhaseNote, Task
from mbtexp.timeline import Area, Button, Image, Keys, Phase, Stimulus, Text

NAME = "approval"
KEYS = ("f", "j", "space")

PICTURE_HEIGHT = 0.6
CHOSEN = "#ffd27f"
"""Colour of the choice that was made, besides its mark."""

_BUTTON = (0.42, 0.075)
_PLACES = {VETOED: (-0.26, -0.31), APPROVED: (0.26, -0.31), "next": (0.0, -0.42)}


@dataclass(frozen=True)
class Look:
    """One picture to be decided on."""

    trial: int
    block: int
    practice: bool
    stim_id: str
    condition: str
    person: str


@dataclass(frozen=True)
class Settings:
    """There is nothing to set."""


def task() -> Task:
    """The run in which pictures are approved or vetoed."""
    return Task(
        name=NAME,
        title="Approval of photographs",
        description="The participant approves or vetoes each of their own photographs.",
        params=Settings,
        presets={"standard": {}},
        design=lambda _session, _material: (),
        play=play,
        participant=approving,
        keys=lambda _params: KEYS,
        instructions=instructions,
        columns={
            "trial": Column("Number of the picture, from 1"),
            "block": Column("One block of all"),
            "practice": Column("Never"),
            "stim_id": Column("Token of the picture"),
            "condition": Column("Relation of the pictured person"),
            "person": Column("Label of the pictured person; never a name"),
            "response": Column(
                "What the participant decided",
                levels={APPROVED: "may be shown", VETOED: "must not be shown"},
            ),
            "rt_s": Column("From the picture's onset to the first choice", units="s"),
        },
        phases={
            "instructions": PhaseNote("A page of instructions", ""),
            "look": PhaseNote("A picture to be decided on", ""),
            "chosen": PhaseNote("The choice, to be confirmed or changed", ""),
            "finished": PhaseNote("The page that ends the run", ""),
        },
        codes={},
        texts=WORDS,
    )


# -- the run --------------------------------------------------------------------------------------


def instructions(material: Material) -> str:
    """The instructions as the participant reads them."""
    left, right, confirm = (key_name(material, key) for key in material.keys)
    return material.text("instructions", left=left, right=right, confirm=confirm).strip()


def play(run: Run, material: Material) -> None:
    """Instructions, then every picture until it is decided on."""
    for block in run.blocks():
        run.page("instructions", instructions(material), goes_on(material))
        for look in run.trials_of(block):
            run.record(**_decide(run, look, material))
    run.page("finished", material.text("finished"), goes_on(material))


def _decide(run: Run, look: Look, material: Material) -> dict[str, Any]:
    """A choice and its confirmation; it can be changed until then."""
    meant = {material.keys[0]: VETOED, material.keys[1]: APPROVED}
    of = len(run.trials)
    first = Phase(
        "look", scene(look, of, material, None), keys=_keys(material, None), tag=look.stim_id
    )
    chosen = {
        choice: Phase(
            "chosen",
            scene(look, of, material, choice),
            keys=_keys(material, choice),
            tag=look.stim_id,
        )
        for choice in (VETOED, APPROVED)
    }
    run.prepare([first, *chosen.values()])
    shown = run.show([first])["look"]
    choice, rt_s = meant[shown.key or material.keys[0]], shown.rt_s
    while True:
        key = run.show([chosen[choice]])["chosen"].key
        if key not in meant:
            return {"response": choice, "rt_s": None if rt_s is None else round(rt_s, 6)}
        choice = meant[key]


def _keys(material: Material, choice: str | None) -> Keys:
    """The keys, and the same by the mouse; nothing is confirmed before a choice."""
    places = {
        material.keys[0]: _PLACES[VETOED],
        material.keys[1]: _PLACES[APPROVED],
        material.keys[2]: _PLACES["next"],
    }
    allowed = material.keys[: 2 if choice is None else 3]
    return Keys(allowed, areas=tuple(Area(key, places[key], *_BUTTON) for key in allowed))


def scene(look: Look, of: int, material: Material, choice: str | None) -> tuple[Stimulus, ...]:
    """The picture, the question, and what can be answered."""
    stimuli = material.stimuli
    if stimuli is None:
        raise StimulusError("There are no photographs to look at.")
    item = stimuli.item(look.stim_id)
    width = PICTURE_HEIGHT * item.width_px / item.height_px
    left, right, confirm = (key_name(material, key) for key in material.keys)
    drawn: list[Stimulus] = [
        Image(stimuli.picture(item), width, (0.0, 0.13), "height"),
        Text(f"{look.trial} / {of}", (0.0, 0.465), 0.026, color="#c8c8c8"),
        Text(material.text("question"), (0.0, -0.225), 0.034, wrap=1.3),
    ]
    for name, key in ((VETOED, left), (APPROVED, right)):
        words = material.text(name, button=key)
        on = name == choice
        mark = f"> {words} <" if on else words
        drawn.append(Button(mark, _PLACES[name], *_BUTTON, color=CHOSEN if on else "white"))
    if choice is not None:
        words = material.text("next", button=confirm)
        drawn.append(Button(words, _PLACES["next"], *_BUTTON))
    return tuple(drawn)


def approving(_session: Session, material: Material, vetoed: Sequence[str] = ()) -> Participant:
    """A simulated participant who approves all, or all but some tokens."""

    def answer(phase: Phase, trial: Mapping[str, Any]) -> list[tuple[str, float]]:
        if phase.name == "look":
            key = material.keys[0 if trial.get("stim_id") in vetoed else 1]
            return [(key, READING_S)]
        return [(material.keys[2], READING_S)] if phase.keys else []

    return Participant("approver", answer, {})


# -- from the store and back ----------------------------------------------------------------------


def approve(
    store: Path,
    photo_set: PhotoSet,
    request: Request,
    *,
    again: bool = False,
    vetoed: Sequence[str] = (),
) -> PhotoSet:
    """Show the pictures that are not decided on, and note what the participant says.

    Parameters
    ----------
    store, photo_set
        Where the pictures are.
    request
        Rig, language and window; participant and data folder are set here.
    again
        Show all, also those that were decided on.
    vetoed
        Tokens that a simulated participant does not want.
    """
    open_ = [photo for photo in photo_set.photos if _is_open(photo, request, again=again)]
    if not open_:
        return photo_set
    folder = store / photo_set.token / APPROVAL
    here = replace(
        request,
        task=NAME,
        participant=photo_set.participant,
        session="01",
        data=folder,
        run=1 + len(approval_logs(store / photo_set.token)),
    )
    chosen = replace(
        task(), participant=lambda session, material: approving(session, material, vetoed)
    )
    rows = [
        Look(number, 1, practice=False, stim_id=p.token, condition=p.condition, person=p.person)
        for number, p in enumerate(open_, start=1)
    ]
    prepared = prepared_run(chosen, rows, as_stimuli(store, photo_set, open_), here)
    conduct(here, prepared=prepared)
    return change(store, photo_set.token, lambda now: now)


def _is_open(photo: Photo, request: Request, *, again: bool) -> bool:
    if not photo.shows_somebody:
        return False
    decided = photo.decision
    return again or decided is None or (decided.by == "simulated" and not request.simulate)
