"""Runs of our own on photographs: in the same window, with the same keys, without trigger codes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mbtexp.conduct import Prepared, Request
from mbtexp.responses.fingers import answer_keys, finger_names
from mbtexp.rig import Rig, ScannerSettings, TriggerSettings, read_rig
from mbtexp.session import Session
from mbtexp.stimuli import StimulusSet
from mbtexp.task import Material, Task, with_keys

WORDS = Path(__file__).parent.parent / "texts"


def prepared_run(
    task: Task, rows: Sequence[Any], stimuli: StimulusSet, request: Request
) -> Prepared:
    """A run that is ready to be conducted; no scanner is waited for and no code is sent."""
    rig = Rig() if request.rig is None else read_rig(request.rig)
    rig = replace(rig, mode="behaviour", trigger=TriggerSettings(), scanner=ScannerSettings())
    preset = next(iter(task.presets))
    material = Material(task.settings(preset), task.catalogue(request.language), stimuli)
    keys = answer_keys(rig.responses, task.name, preset, task.keys(material.params))
    material = with_keys(material, keys, finger_names(rig.responses))
    session = Session(request.participant, task.name, request.session, request.run)
    return Prepared(task, session, preset, material, rig, tuple(rows))


def key_name(material: Material, key: str) -> str:
    """A key as a page calls it."""
    return material.text("key_space") if key == "space" else key.upper()


def goes_on(material: Material) -> tuple[str, ...]:
    """Keys that turn a page: the space bar, and the key that confirms."""
    return tuple(dict.fromkeys(("space", material.keys[2])))
