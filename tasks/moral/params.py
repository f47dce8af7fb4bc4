"""What can be set in the moral task; sources in docs/tasks/moral.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mbtexp.strict import setting

POINTS = 7
"""Points of the scale."""

CONTINUE = "space"
"""Key that turns a page, and leaves a story for its question."""


@dataclass(frozen=True)
class Params:
    """Everything about the task that can be set."""

    stimuli: str = setting("moral", doc="set of stories")
    story_language: str = setting("", doc="language of the stories; empty: that of the session")
    vignettes: int = setting(24, doc="number of stories, in steps of 4", low=4, high=96)
    judgement: Literal["blame", "permissible"] = setting(
        "blame", doc="what is asked: how much blame, or how permissible it was"
    )
    statements: float = setting(
        0.25, doc="share of the stories with a statement to check", low=0, high=1
    )
    practice: bool = setting(True, doc="begin with a story for practice")
    breaks: int = setting(1, doc="breaks within the stories", low=0, high=10)
    max_run: int = setting(2, doc="most stories of a kind in a row", low=1, high=10)
    fixation_s: float = setting(0.5, doc="cross before a story, s", low=0.2, high=10)
    least_s: float = setting(2.0, doc="story before a key can leave it, s", low=0.2, high=4)
    story_s: float | None = setting(
        None, doc="longest time to read, s; none: untimed", low=5, high=300
    )
    window_s: float | None = setting(
        None, doc="longest time for an answer, s; none: untimed", low=1, high=120
    )
    iti_s: float = setting(0.6, doc="empty screen after a story, s", low=0.2, high=10)
    text_size: float = setting(
        0.042, doc="height of a line, in heights of the screen", low=0.02, high=0.1
    )


PRESETS: Mapping[str, Mapping[str, Any]] = {
    "standard": {},
    "short": {"vignettes": 16, "breaks": 0},
    "permissible": {"judgement": "permissible"},
}


def key_names(params: Params) -> tuple[str, ...]:  # noqa: ARG001  the same in every preset
    """The participant's keys: one for each point of the scale."""
    return tuple(str(point + 1) for point in range(POINTS))
