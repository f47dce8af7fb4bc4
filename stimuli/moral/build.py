"""The manifest of the stories, so that every word is proved before a run.

``python -m stimuli.moral.build`` writes ``manifest.json`` anew beside the table; another folder may
be named (a lab's own stories).
"""

from __future__ import annotations

import sys
from pathlib import Path

from mbtexp.stimuli import MANIFEST, StimulusSet, manifest
from stimuli.tables import built

TABLES = ("vignettes.csv",)

CANDIDATES = StimulusSet(
    name="moral",
    title="Short stories of everyday harm: a candidate set, not normed",
    kind="open",
    version="1.0",
    licence="CC0-1.0",
    source="written for this project, in English and German",
    citation="none: a candidate set; cite your own pilot study",
    language="en",
    items=(),
    folder=Path(__file__).parent,
    warnings=("Candidate set: try it out in your population before use.",),
)

if __name__ == "__main__":
    place = Path(sys.argv[1]) if len(sys.argv) > 1 else CANDIDATES.folder
    (place / MANIFEST).write_bytes(manifest(built(place, CANDIDATES, TABLES)))
