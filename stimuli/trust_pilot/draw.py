"""Draws the pilot set anew: ``python -m stimuli.trust_pilot.draw --out DIR``."""

from __future__ import annotations

import argparse
import hashlib
import io
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from PIL import Image

from mbtexp.stimuli import MANIFEST, Item, StimulusSet, manifest
from stimuli.faces.head import HEIGHT_PX, WIDTH_PX
from stimuli.faces.mask import scrambled
from stimuli.faces.render import png as face_png
from stimuli.faces.render import render
from stimuli.trust_pilot.design import Plan, plans

NAME = "trust_pilot"
VERSION = "1.0"


def png(plan: Plan) -> bytes:
    """A picture as a file: 8-bit grey, no metadata, always the same settings."""
    if plan.role != "mask":
        return face_png(plan.face)
    file = io.BytesIO()
    picture = Image.fromarray(scrambled(render(plan.face), seed=plan.face.seed, margin=0.22))
    picture.save(file, format="PNG", optimize=False, compress_level=9)
    return file.getvalue()


def describe(drawn: Sequence[Plan], checksums: Sequence[str], folder: Path) -> StimulusSet:
    """The set with its design, given the checksums of its pictures."""
    return StimulusSet(
        name=NAME,
        title="Drawn faces on a trust axis: a pilot set, not normed; no score measures anything",
        kind="pilot",
        version=VERSION,
        licence="MIT",
        source="drawn by stimuli.trust_pilot.draw; no photograph and no person behind it",
        citation="none: not for publication as a test",
        language="en",
        items=tuple(
            Item(
                id=plan.id,
                file=f"{plan.id}.png",
                sha256=checksum,
                width_px=WIDTH_PX,
                height_px=HEIGHT_PX,
                attributes=attributes(plan),
            )
            for plan, checksum in zip(drawn, checksums, strict=True)
        ),
        folder=folder,
    )


def attributes(plan: Plan) -> dict[str, object]:
    """What the manifest says of a picture; ``trust`` is the design's, nobody's rating."""
    if plan.role == "mask":
        return {"role": "mask"}
    known: dict[str, object] = {
        "role": plan.role,
        "practice": plan.role == "practice",
        "sex": plan.face.sex,
        "age": plan.face.age,
        "trust": plan.trust,
    }
    if plan.morph_step is not None:
        known |= {"identity": plan.identity, "morph_step": plan.morph_step}
    return known


def write(folder: Path) -> StimulusSet:
    """All pictures and the manifest in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = plans()
    with ProcessPoolExecutor() as pool:
        pictures = list(pool.map(png, drawn))
    for plan, picture in zip(drawn, pictures, strict=True):
        (folder / f"{plan.id}.png").write_bytes(picture)
    checksums = [hashlib.sha256(picture).hexdigest() for picture in pictures]
    stimulus_set = describe(drawn, checksums, folder)
    (folder / MANIFEST).write_bytes(manifest(stimulus_set))
    return stimulus_set


def main(arguments: Sequence[str] | None = None) -> int:
    """The command: draws into ``--out`` and says how much."""
    parser = argparse.ArgumentParser(
        prog="python -m stimuli.trust_pilot.draw", description="Draw the pilot set of faces."
    )
    parser.add_argument("--out", type=Path, required=True, help="folder to write into")
    folder: Path = parser.parse_args(arguments).out
    drawn = write(folder)
    sys.stdout.write(f"{len(drawn.items)} pictures and {MANIFEST} in {folder}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
