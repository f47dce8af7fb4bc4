"""The contact sheet in a window of ours: a locked one is never written anywhere to be seen."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mbtexp.conduct import Request, conduct
from mbtexp.photos.manifest import PhotoSet, checksum
from mbtexp.photos.pixels import pixels_of
from mbtexp.photos.screens import WORDS, prepared_run
from mbtexp.photos.store import read_file, sheets_of
from mbtexp.run import Run
from mbtexp.session import Session
from mbtexp.simulate import READING_S, Participant
from mbtexp.stimuli import Item, StimulusSet, row_sha256
from mbtexp.task import Column, Material, PhaseNote, Task
from mbtexp.timeline import Image, Keys, Phase, Text

KEYS = ("space",)
SIZE = (1320, 860)
HEIGHT, WIDTH = 0.9, 1.5
"""Room for a page, in heights of the screen."""


@dataclass(frozen=True)
class Page:
    """One page of the sheet."""

    trial: int
    block: int
    practice: bool
    stim_id: str


@dataclass(frozen=True)
class Settings:
    """There is nothing to set."""


def show_sheets(store: Path, photo_set: PhotoSet, request: Request) -> int:
    """Show the pages one after the other; how many there are."""
    names = sheets_of(store, photo_set)
    if not names:
        return 0
    contents = {name: read_file(store, photo_set, name) for name in names}
    rows = [Page(n, 1, practice=False, stim_id=name) for n, name in enumerate(names, start=1)]
    with tempfile.TemporaryDirectory() as folder:
        here = replace(request, participant="00", data=Path(folder), pilot=True)
        here = replace(here, size=request.size or SIZE)
        conduct(here, prepared=prepared_run(task(), rows, _stimuli(contents), here))
    return len(names)


def _stimuli(contents: Mapping[str, bytes]) -> StimulusSet:
    items = []
    for name, content in contents.items():
        height, width = pixels_of(content).shape[:2]
        items.append(Item(name, name, checksum(content), width, height, {}, row_sha256({})))
    return StimulusSet(
        name="photos:sheet",
        title="Contact sheet",
        kind="own",
        version="1",
        licence="personal data; not for sharing",
        source="",
        citation="",
        language="",
        items=tuple(items),
        folder=Path(),
        contents=contents,
    )


def task() -> Task:
    """The run that shows the pages."""
    return Task(
        name="sheet",
        title="Contact sheet",
        description="The operator looks at the prepared photographs.",
        params=Settings,
        presets={"standard": {}},
        design=lambda _session, _material: (),
        play=play,
        participant=reader,
        keys=lambda _params: KEYS,
        instructions=lambda material: material.text("hint"),
        columns={
            "trial": Column("Number of the page, from 1"),
            "block": Column("One block of all"),
            "practice": Column("Never"),
            "stim_id": Column("Name of the page"),
            "response": Column("That it was looked at"),
        },
        phases={"page": PhaseNote("A page of the contact sheet", "")},
        codes={},
        texts=WORDS,
    )


def play(run: Run, material: Material) -> None:
    """Every page until the key."""
    for block in run.blocks():
        for row in run.trials_of(block):
            stimuli = material.stimuli
            if stimuli is not None:
                item = stimuli.item(row.stim_id)
                across = min(WIDTH, HEIGHT * item.width_px / item.height_px)
                scene = (
                    Image(stimuli.picture(item), across, (0.0, 0.03), "height"),
                    Text(material.text("hint"), (0.0, -0.47), 0.024),
                )
                phase = Phase("page", scene, keys=Keys(material.keys))
                run.prepare([phase])
                run.show([phase])
            run.record(response="seen")


def reader(_session: Session, material: Material) -> Participant:
    """Somebody who turns every page."""

    def answer(phase: Phase, _trial: Mapping[str, Any]) -> list[tuple[str, float]]:
        return [(material.keys[0], READING_S)] if phase.keys else []

    return Participant("reader", answer, {})
