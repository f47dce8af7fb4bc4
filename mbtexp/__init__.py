"""Experimental tasks on a frame-accurate core: phases, a run, an event log, triggers.

The names below are what a task file needs; ``tasks/eyes`` shows them at work.
"""

from mbtexp.run import Block, Run, Shown
from mbtexp.session import Session
from mbtexp.simulate import Participant
from mbtexp.strict import setting
from mbtexp.task import Column, Material, PhaseNote, Task
from mbtexp.timeline import (
    Fixation,
    Image,
    Keys,
    Phase,
    Rect,
    Scale,
    Slider,
    Stimulus,
    Text,
)

__all__ = [
    "Block",
    "Column",
    "Fixation",
    "Image",
    "Keys",
    "Material",
    "Participant",
    "Phase",
    "PhaseNote",
    "Rect",
    "Run",
    "Scale",
    "Session",
    "Shown",
    "Slider",
    "Stimulus",
    "Task",
    "Text",
    "setting",
]
