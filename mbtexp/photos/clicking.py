"""Eyes clicked by hand: once on the whole photograph, and again on a part where they are small.

What is clicked is kept in ``eyes.csv`` beside the originals; the pictures are only in memory.
"""

from __future__ import annotations

import hashlib
import io
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mbtexp.conduct import Request, conduct
from mbtexp.errors import DiskError, StimulusError
from mbtexp.events import find_logs, read_log
from mbtexp.photos.eyes import CLICKED, Eyes, Point, clicked_text, in_order, read_clicked
from mbtexp.photos.originals import EyesOf, Given, Original
from mbtexp.photos.pixels import Photograph, read_photograph
from mbtexp.photos.screens import WORDS, goes_on, key_name, prepared_run
from mbtexp.run import Run
from mbtexp.session import Session
from mbtexp.simulate import READING_S, Click, Participant
from mbtexp.stimuli import Item, StimulusSet, row_sha256
from mbtexp.task import Column, Material, PhaseNote, Task
from mbtexp.timeline import CLICK, Area, Button, Fixation, Image, Keys, Phase, Stimulus, Text

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

NAME = "clicks"
KEYS = ("f", "j", "space")
EYE = "eye"

HEIGHT, WIDTH = 0.78, 1.5
"""Room for a picture on the screen, in heights of the screen."""

PLACE = (0.0, 0.08)
SHOWN_PX = 1200
"""Largest side of what is shown, px."""

EXACT_APART = 0.12
"""Distance between the eyes from which one look is exact enough, in heights of the screen."""

AROUND = 3.0
"""Width of the part that is looked at again, over the distance between the eyes."""

_BUTTONS = {"again": (-0.26, -0.43), "good": (0.26, -0.43)}
_BUTTON = (0.42, 0.07)

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class View:
    """What is shown of a photograph: all of it, or a part."""

    original: Original
    box: Box
    """Left, top, right, bottom in the upright photograph, px."""


@dataclass(frozen=True)
class Look:
    """One picture whose eyes are clicked."""

    trial: int
    block: int
    practice: bool
    stim_id: str


@dataclass(frozen=True)
class Settings:
    """There is nothing to set."""


def click_eyes(given: Given, request: Request, *, again: bool = False) -> int:
    """Have the eyes clicked that nobody told yet (or all of them); how many pictures there were.

    Kept are the exact ones only: after a stop, the command goes on with what is left.
    """
    wanted = _wanted(given, again=again)
    if not wanted:
        return 0
    whole = [View(original, (0, 0, *photograph.image.size)) for original, photograph in wanted]
    rough = _clicked_in(given, whole, request, exact=False)
    closer = [
        View(view.original, _around(rough[view.original.key], view.box))
        for view in whole
        if view.original.key in rough and not _exact(rough[view.original.key], view.box)
    ]
    if closer:
        _clicked_in(given, closer, request, exact=True)
    return len(wanted)


def _wanted(given: Given, *, again: bool) -> list[tuple[Original, Photograph]]:
    eyes_of = EyesOf(given)
    found = []
    for original in given.originals:
        photograph = read_photograph(original.path)
        if photograph is None:
            continue
        if again or eyes_of(original, photograph) is None:
            found.append((original, photograph))
    return found


def _clicked_in(
    given: Given, views: Sequence[View], request: Request, *, exact: bool
) -> dict[str, Eyes]:
    """Eyes clicked on some views, in pixels of the photographs; exact ones are kept at once."""
    rows = [Look(n, 1, practice=False, stim_id=str(n)) for n, _ in enumerate(views, start=1)]
    with tempfile.TemporaryDirectory() as folder:
        here = replace(request, task=NAME, participant="00", data=Path(folder), pilot=True)
        prepared = prepared_run(task(), rows, _stimuli(views), here)
        try:
            conduct(here, prepared=prepared)
        finally:
            found = _read(Path(folder), views)
            kept = {
                view.original.key: found[view.original.key]
                for view in views
                if view.original.key in found
                and (exact or _exact(found[view.original.key], view.box))
            }
            _keep(given.folder, kept)
    return found


def _read(folder: Path, views: Sequence[View]) -> dict[str, Eyes]:
    """What the run's log says, in pixels of the upright photographs."""
    found = {}
    for path in [*find_logs(folder), *find_logs(folder / "pilot")]:
        for event in read_log(path).of("trial"):
            view = views[int(event["design"]["stim_id"]) - 1]
            said = event["outcome"]
            points = [_in_photograph(view, said[f"{name}_x"], said[f"{name}_y"]) for name in "ab"]
            found[view.original.key] = in_order(*points)
    return found


def _keep(folder: Path, eyes: Mapping[str, Eyes]) -> None:
    if not eyes:
        return
    text = clicked_text({**read_clicked(folder), **eyes})
    beside = folder / f".{CLICKED}.new"
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(folder / CLICKED)
    except OSError as error:
        raise DiskError(
            f"{CLICKED} cannot be written beside the photographs ({error.strerror}); copy them to "
            "a folder that can be written."
        ) from None


# -- places ---------------------------------------------------------------------------------------


def _shown_size(box: Box) -> tuple[float, float]:
    """Width and height of a view on the screen, in heights of the screen."""
    width, height = box[2] - box[0], box[3] - box[1]
    scale = min(HEIGHT / height, WIDTH / width)
    return width * scale, height * scale


def _in_photograph(view: View, x: float, y: float) -> Point:
    """A place on the screen as a place in the upright photograph, px."""
    across, down = _shown_size(view.box)
    left, top, right, bottom = view.box
    return (
        left + ((x - PLACE[0]) / across + 0.5) * (right - left),
        top + (0.5 - (y - PLACE[1]) / down) * (bottom - top),
    )


def on_screen(box: Box, point: Point) -> Point:
    """A place in the upright photograph as a place on the screen, in heights of the screen.

    >>> on_screen((0, 0, 100, 100), (50.0, 50.0))
    (0.0, 0.08)
    """
    across, down = _shown_size(box)
    left, top, right, bottom = box
    return (
        PLACE[0] + ((point[0] - left) / (right - left) - 0.5) * across,
        PLACE[1] + (0.5 - (point[1] - top) / (bottom - top)) * down,
    )


def _exact(eyes: Eyes, box: Box) -> bool:
    return eyes.apart_px * _shown_size(box)[1] / (box[3] - box[1]) >= EXACT_APART


def _around(eyes: Eyes, box: Box) -> Box:
    """A square around the eyes, as far as the photograph goes."""
    middle = (complex(*eyes.left) + complex(*eyes.right)) / 2
    half = max(AROUND * eyes.apart_px / 2, 20.0)
    return (
        max(box[0], round(middle.real - half)),
        max(box[1], round(middle.imag - half)),
        min(box[2], round(middle.real + half)),
        min(box[3], round(middle.imag + half)),
    )


def _stimuli(views: Sequence[View]) -> StimulusSet:
    """The views in memory, as a set for one run; their ids are numbers."""
    contents, items = {}, []
    for number, view in enumerate(views, start=1):
        content, size = _content(view)
        contents[str(number)] = content
        items.append(
            Item(
                id=str(number),
                file=str(number),
                sha256=hashlib.sha256(content).hexdigest(),
                width_px=size[0],
                height_px=size[1],
                row_sha256=row_sha256({}),
            )
        )
    return StimulusSet(
        name="photos:clicks",
        title="Photographs whose eyes are clicked",
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


def _content(view: View) -> tuple[bytes, tuple[int, int]]:
    from PIL import Image as Pillow  # noqa: PLC0415  an extra

    photograph = read_photograph(view.original.path)
    if photograph is None:
        raise StimulusError(f"{view.original.spoken} cannot be read any more.")
    picture: Picture = photograph.image.crop(view.box)
    scale = min(1.0, SHOWN_PX / max(picture.size))
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    file = io.BytesIO()
    picture.resize(size, Pillow.Resampling.LANCZOS).save(file, format="PNG", compress_level=1)
    return file.getvalue(), size


# -- the run --------------------------------------------------------------------------------------


def task() -> Task:
    """The run in which eyes are clicked."""
    places = {
        f"{name}_{axis}": Column(f"Place of the {which} click, {axis}, heights of the screen")
        for name, which in (("a", "first"), ("b", "second"))
        for axis in "xy"
    }
    return Task(
        name=NAME,
        title="Clicking of eyes",
        description="The operator clicks the eyes in photographs, to align them.",
        params=Settings,
        presets={"standard": {}},
        design=lambda _session, _material: (),
        play=play,
        participant=clicking,
        keys=lambda _params: KEYS,
        instructions=instructions,
        columns={
            "trial": Column("Number of the picture, from 1"),
            "block": Column("One block of all"),
            "practice": Column("Never"),
            "stim_id": Column("Number of the picture"),
            **places,
        },
        phases={
            "instructions": PhaseNote("A page of instructions", ""),
            "first": PhaseNote("A picture without a mark", ""),
            "second": PhaseNote("A picture with one eye marked", ""),
            "both": PhaseNote("A picture with both eyes marked, to be confirmed", ""),
        },
        codes={},
        texts=WORDS,
    )


def instructions(material: Material) -> str:
    """The instructions as the operator reads them."""
    return material.text("instructions", confirm=key_name(material, material.keys[2])).strip()


def play(run: Run, material: Material) -> None:
    """Every picture: one eye, the other, and a look at both."""
    for block in run.blocks():
        run.page("instructions", instructions(material), goes_on(material))
        for look in run.trials_of(block):
            one, other = _click_both(run, look, material)
            run.record(a_x=one[0], a_y=one[1], b_x=other[0], b_y=other[1])


def _click_both(run: Run, look: Look, material: Material) -> tuple[Point, Point]:
    while True:
        points: list[Point] = []
        for name in ("first", "second"):
            phase = Phase(
                name,
                scene(look, len(run.trials), material, points),
                keys=Keys((EYE, CLICK), areas=(_area(look, material),)),
            )
            run.prepare([phase])
            at = run.show([phase])[name].at
            points.append((0.0, 0.0) if at is None else (round(at[0], 5), round(at[1], 5)))
        again, good = material.keys[0], material.keys[2]
        areas = (Area(again, _BUTTONS["again"], *_BUTTON), Area(good, _BUTTONS["good"], *_BUTTON))
        both = Phase(
            "both",
            scene(look, len(run.trials), material, points),
            keys=Keys((again, good), areas=areas),
        )
        run.prepare([both])
        if run.show([both])["both"].key == good:
            return points[0], points[1]


def _item(look: Look, material: Material) -> tuple[StimulusSet, Item]:
    stimuli = material.stimuli
    if stimuli is None:
        raise StimulusError("There are no photographs to click on.")
    return stimuli, stimuli.item(look.stim_id)


def _area(look: Look, material: Material) -> Area:
    _, item = _item(look, material)
    return Area(EYE, PLACE, *_shown_size((0, 0, item.width_px, item.height_px)))


def scene(look: Look, of: int, material: Material, points: Sequence[Point]) -> tuple[Stimulus, ...]:
    """The picture with the marks so far, and what to do."""
    stimuli, item = _item(look, material)
    width, _ = _shown_size((0, 0, item.width_px, item.height_px))
    words = material.text(("first", "second", "both")[len(points)])
    drawn: list[Stimulus] = [
        Image(stimuli.picture(item), width, PLACE, "height"),
        Text(f"{look.trial} / {of}   {words}", (0.0, -0.355), 0.03, wrap=1.5),
        *(Fixation(0.03, point, "height", color="#ffd27f") for point in points),
    ]
    if len(points) == 2:
        again, _, good = (key_name(material, key) for key in material.keys)
        drawn += [
            Button(material.text("again", button=again), _BUTTONS["again"], *_BUTTON),
            Button(material.text("good", button=good), _BUTTONS["good"], *_BUTTON),
        ]
    return tuple(drawn)


def clicking(_session: Session, material: Material) -> Participant:
    """A simulated operator who clicks left and right of the middle and finds it good."""

    def answer(phase: Phase, _trial: Mapping[str, Any]) -> list[tuple[str, float]]:
        if phase.name in ("first", "second"):
            x = -0.05 if phase.name == "first" else 0.05
            return [(Click((x, PLACE[1])), READING_S)]
        return [(material.keys[2], READING_S)] if phase.keys else []

    return Participant("clicker", answer, {})
