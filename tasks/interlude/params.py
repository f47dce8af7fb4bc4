"""Settings and presets of what stands between the tasks; sources are in docs/tasks/interlude.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mbtexp.strict import setting


@dataclass(frozen=True)
class Params:
    """Everything about it that can be set."""

    kind: Literal["welcome", "countback", "repair", "debrief"] = setting(
        "welcome", doc="pages of welcome, counting back, a repair of the mood, or the debriefing"
    )
    pages: str = setting(
        "",
        doc="a lab's own pages in place of ours: a UTF-8 text file, pages parted by lines of ---",
    )
    contact: str = setting("", doc="whom to call afterwards, on the last page of the debriefing")
    rounds: int = setting(3, doc="numbers to count back from", low=1, high=20)
    count_s: float = setting(60.0, doc="time of each, s", low=5, high=600)
    step: int = setting(7, doc="what is taken away each time", low=1, high=99)
    ask: bool = setting(True, doc="ask after each which number was reached (typed)")
    breaths: int = setting(6, doc="guided breaths", low=0, high=60)
    in_s: float = setting(4.0, doc="time to breathe in, s", low=1, high=10)
    out_s: float = setting(6.0, doc="time to breathe out, s", low=1, high=15)
    think_s: float = setting(30.0, doc="time for each thing to think of, s", low=2, high=300)


PRESETS: Mapping[str, Mapping[str, Any]] = {
    "welcome": {},
    "countback": {"kind": "countback"},
    "countback_scanner": {"kind": "countback", "rounds": 1, "ask": False},
    "repair": {"kind": "repair"},
    "debrief": {"kind": "debrief"},
}
