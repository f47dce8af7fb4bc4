"""Draws the pilot set anew: ``python -m stimuli.eyes_pilot.draw --out DIR``."""

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
from stimuli.eyes_pilot.design import Plan, items
from stimuli.eyes_pilot.face import HEIGHT_PX, WIDTH_PX, render
from stimuli.eyes_pilot.words import FAMILIES, PRACTICE

NAME = "eyes_pilot"
VERSION = "1.0"


def png(plan: Plan) -> bytes:
    """An item's picture as a file: 8-bit grey, no metadata, always the same settings."""
    file = io.BytesIO()
    picture = Image.fromarray(render(plan.face, plan.expression))
    picture.save(file, format="PNG", optimize=False, compress_level=9)
    return file.getvalue()


def file_name(plan: Plan) -> str:
    """``eyes_00.png`` is the practice item."""
    return f"eyes_{plan.number:02d}.png"


def describe(plans: Sequence[Plan], checksums: Sequence[str], folder: Path) -> StimulusSet:
    """The set with its words, key and design, given the checksums of its pictures."""
    words = [*PRACTICE, *(word for family in FAMILIES for word in family.words)]
    return StimulusSet(
        name=NAME,
        title="Drawn eye regions: a pilot set, not normed; no score from it measures anything",
        kind="pilot",
        version=VERSION,
        licence="MIT",
        source="drawn by stimuli.eyes_pilot.draw; no photograph and no person behind it",
        citation="none: not for publication as a test",
        language="en",
        items=tuple(
            Item(
                id=f"eyes_{plan.number:02d}",
                file=file_name(plan),
                sha256=checksum,
                width_px=WIDTH_PX,
                height_px=HEIGHT_PX,
                attributes=_attributes(plan),
            )
            for plan, checksum in zip(plans, checksums, strict=True)
        ),
        folder=folder,
        glossaries={
            "en": {word.en: word.meaning_en for word in words},
            "de": {word.de: word.meaning_de for word in words},
        },
    )


def _attributes(plan: Plan) -> dict[str, object]:
    return {
        "words": [word.en for word in plan.words],
        "words_de": [word.de for word in plan.words],
        "key": plan.key,
        "sex": plan.face.sex,
        "age": "old" if plan.face.older else "young",
        "practice": plan.number == 0,
        "family": plan.family,
        "valence": plan.valence,
        "difficulty": plan.difficulty,
        "form": plan.form,
    }


def write(folder: Path) -> StimulusSet:
    """All pictures and the manifest in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    plans = items()
    with ProcessPoolExecutor() as pool:
        pictures = list(pool.map(png, plans))
    for plan, picture in zip(plans, pictures, strict=True):
        (folder / file_name(plan)).write_bytes(picture)
    checksums = [hashlib.sha256(picture).hexdigest() for picture in pictures]
    stimulus_set = describe(plans, checksums, folder)
    (folder / MANIFEST).write_bytes(manifest(stimulus_set))
    return stimulus_set


def main(arguments: Sequence[str] | None = None) -> int:
    """The command: draws into ``--out`` and says how much."""
    parser = argparse.ArgumentParser(
        prog="python -m stimuli.eyes_pilot.draw", description="Draw the pilot set of eye regions."
    )
    parser.add_argument("--out", type=Path, required=True, help="folder to write into")
    folder: Path = parser.parse_args(arguments).out
    drawn = write(folder)
    sys.stdout.write(f"{len(drawn.items)} pictures and {MANIFEST} in {folder}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
