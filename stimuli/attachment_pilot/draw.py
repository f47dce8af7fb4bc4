"""Draws the pilot set anew: ``python -m stimuli.attachment_pilot.draw --out DIR``."""

from __future__ import annotations

import argparse
import hashlib
import io
import random
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from mbtexp.stimuli import MANIFEST, Item, StimulusSet, manifest
from stimuli.attachment_pilot.people import Plan, plans
from stimuli.faces.render import render

NAME = "attachment_pilot"
VERSION = "1.0"

WIDTH_PX, HEIGHT_PX = 300, 432
CROP = (75, 38, 425, 542)
"""The part of a drawn face that is used: left, top, right and bottom, px."""

MEAN_GREY, CONTRAST = 128.0, 48.0
"""Mean and standard deviation of the grey inside the oval, the same in every picture."""

TILE_PX = 20
PRACTICE = 4

Pixels = npt.NDArray[np.uint8]
Grid = npt.NDArray[np.float64]


def oval() -> Grid:
    """1 inside the oval that every picture is cut to, 0 outside, soft between."""
    rows, columns = np.mgrid[0:HEIGHT_PX, 0:WIDTH_PX].astype(np.float64)
    x = (columns - (WIDTH_PX - 1) / 2) / (WIDTH_PX / 2 - 2)
    y = (rows - (HEIGHT_PX - 1) / 2) / (HEIGHT_PX / 2 - 2)
    edge: Grid = np.clip((1.0 - np.sqrt(x * x + y * y)) / 0.06, 0.0, 1.0)
    return edge


def matched(picture: Pixels) -> Pixels:
    """A drawn face, cut out and brought to the set's mean grey and contrast inside the oval."""
    part = Image.fromarray(picture).crop(CROP)
    grey = np.asarray(part.resize((WIDTH_PX, HEIGHT_PX), Image.Resampling.LANCZOS), dtype=float)
    weight = oval()
    # Clipping takes a little of the contrast away, so the last steps give it back.
    for _ in range(8):
        mean = float((grey * weight).sum() / weight.sum())
        spread = float(np.sqrt((weight * (grey - mean) ** 2).sum() / weight.sum()))
        grey = np.clip(MEAN_GREY + (grey - mean) * CONTRAST / spread, 2, 253)
    flat = MEAN_GREY + weight * (grey - MEAN_GREY)
    cut: Pixels = np.rint(flat).astype(np.uint8)
    return cut


def scrambled(picture: Pixels, seed: str) -> Pixels:
    """The picture with the tiles inside its oval in another order: every grey stays."""
    weight = oval()
    places = [
        (row, column)
        for row in range(0, HEIGHT_PX - TILE_PX + 1, TILE_PX)
        for column in range(0, WIDTH_PX - TILE_PX + 1, TILE_PX)
        if weight[row : row + TILE_PX, column : column + TILE_PX].min() == 1.0
    ]
    order = list(places)
    random.Random(f"scrambled {seed}").shuffle(order)
    mixed = picture.copy()
    for (row, column), (from_row, from_column) in zip(places, order, strict=True):
        mixed[row : row + TILE_PX, column : column + TILE_PX] = picture[
            from_row : from_row + TILE_PX, from_column : from_column + TILE_PX
        ]
    return mixed


def drawn(plan: Plan) -> Pixels:
    """The picture of a plan."""
    picture = render(plan.face)
    return matched(picture[:, ::-1] if plan.mirrored else picture)


def png(picture: Pixels) -> bytes:
    """The picture as a file: 8-bit grey, no metadata, always the same settings."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, format="PNG", optimize=False, compress_level=9)
    return file.getvalue()


def pictures() -> dict[str, tuple[Pixels, dict[str, Any]]]:
    """Every picture of the set with its attributes, by its id."""
    todo = plans()
    with ProcessPoolExecutor(max_workers=2) as pool:
        faces = dict(zip((plan.id for plan in todo), pool.map(drawn, todo), strict=True))
    found: dict[str, tuple[Pixels, dict[str, Any]]] = {
        plan.id: (faces[plan.id], face_attributes(plan)) for plan in todo
    }
    for plan in todo:
        if plan.person.label == "P1":
            mixed = scrambled(faces[plan.id], plan.id)
            found[f"S1_{plan.number:02d}"] = (mixed, scrambled_attributes("adult"))
    strangers = [plan for plan in todo if plan.person.label == "P4"][:PRACTICE]
    for number, plan in enumerate(strangers, start=1):
        mixed = scrambled(faces[plan.id], f"practice {plan.id}")
        found[f"practice_{number:02d}"] = (mixed, {"practice": True})
    return found


def face_attributes(plan: Plan) -> dict[str, Any]:
    """What the set says of a face."""
    return {
        "person": plan.person.label,
        "name": plan.person.name,
        "condition": plan.person.condition,
        "group": plan.person.group,
        "expression": plan.expression,
        "strength": plan.strength if plan.expression != "neutral" else 0.0,
        "mirrored": plan.mirrored,
        "sex": plan.person.face.sex,
        "age": plan.person.face.age,
    }


def scrambled_attributes(group: str) -> dict[str, Any]:
    """What the set says of a scrambled picture."""
    return {"condition": "scrambled", "group": group}


def describe(drawings: dict[str, tuple[bytes, dict[str, Any]]], folder: Path) -> StimulusSet:
    """The set, given the files of its pictures."""
    return StimulusSet(
        name=NAME,
        title="Drawn people: a pilot set; nobody is attached to them, and no rating means anything",
        kind="pilot",
        version=VERSION,
        licence="MIT",
        source="drawn by stimuli.attachment_pilot.draw; no photograph and no person behind it",
        citation="none: not for publication as stimuli",
        language="en",
        items=tuple(
            Item(
                id=name,
                file=f"{name}.png",
                sha256=hashlib.sha256(content).hexdigest(),
                width_px=WIDTH_PX,
                height_px=HEIGHT_PX,
                attributes=attributes,
            )
            for name, (content, attributes) in drawings.items()
        ),
        folder=folder,
    )


def write(folder: Path) -> StimulusSet:
    """All pictures and the manifest in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {name: (png(pixels), facts) for name, (pixels, facts) in pictures().items()}
    for name, (content, _) in files.items():
        (folder / f"{name}.png").write_bytes(content)
    stimulus_set = describe(files, folder)
    (folder / MANIFEST).write_bytes(manifest(stimulus_set))
    return stimulus_set


def main(arguments: Sequence[str] | None = None) -> int:
    """The command: draws into ``--out`` and says how much."""
    parser = argparse.ArgumentParser(
        prog="python -m stimuli.attachment_pilot.draw",
        description="Draw the pilot set of people for the attachment task.",
    )
    parser.add_argument("--out", type=Path, required=True, help="folder to write into")
    folder: Path = parser.parse_args(arguments).out
    made = write(folder)
    sys.stdout.write(f"{len(made.items)} pictures and {MANIFEST} in {folder}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
