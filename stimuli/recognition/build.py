"""The manifest of the words for recognition, so that every word is proved before a run.

``python -m stimuli.recognition.build`` writes ``manifest.json`` anew beside the tables; another
folder may be named (a lab's own list).
"""

from __future__ import annotations

import sys
from pathlib import Path

from mbtexp.stimuli import MANIFEST, StimulusSet, manifest
from stimuli.tables import built

TABLES = ("foils.csv", "studied.csv")

CANDIDATES = StimulusSet(
    name="recognition",
    title="New words beside the targets of 'polysemy': a candidate list, not normed",
    kind="open",
    version="1.0",
    licence="CC0-1.0",
    source="made for this project; Zipf frequencies from wordfreq 3.1.1",
    citation="none: a candidate list; cite your own norming study",
    language="en",
    items=(),
    folder=Path(__file__).parent,
    warnings=(
        "Candidate list: norm it in your population before use.",
        "English words; a session in another language needs a list of its own.",
    ),
)

if __name__ == "__main__":
    place = Path(sys.argv[1]) if len(sys.argv) > 1 else CANDIDATES.folder
    (place / MANIFEST).write_bytes(manifest(built(place, CANDIDATES, TABLES)))
