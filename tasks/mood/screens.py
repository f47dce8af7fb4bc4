"""What a rating of the mood task looks like: its question, its line or circles, its hint."""

from __future__ import annotations

from mbtexp.scales import Choice, Feeling, affective, inclusion
from mbtexp.task import Material
from mbtexp.timeline import Button, Fixation, Phase, Slider, Stimulus, Text
from tasks.mood.design import Params, Trial

LINE_AT = (0.0, -0.01)

CROSS: tuple[Stimulus, ...] = (Fixation(),)

BETWEEN_S = 0.2

BETWEEN = Phase("between", (), BETWEEN_S)
"""An empty screen after an answer: its trigger pulse ends before the next code is due."""


START = Phase("between", (), 0.4)
"""An empty screen after a page: its key has come up again when the first rating appears."""


def moving(material: Material) -> tuple[str, ...]:
    """The keys for left, right and, if there is one, confirm."""
    params: Params = material.params
    return material.keys[: 3 if params.confirm else 2]


def figures(material: Material) -> tuple[str, ...]:
    """The keys that choose a pair of circles directly; none where two keys move the choice."""
    return material.keys[len(moving(material)) :]


def go_on(material: Material) -> tuple[str, ...]:
    """Keys that turn a page: the space bar, and the last of those that move a mark."""
    return tuple(dict.fromkeys(("space", moving(material)[-1])))


def phase_name(trial: Trial) -> str:
    """The name of a rating in the log."""
    return f"rate_{trial.item}"


def question(trial: Trial, material: Material) -> tuple[Stimulus, ...]:
    """What stands above and below a rating: what is asked, and how to answer."""
    key = f"question_{trial.item}" + (f"_{trial.person}" if trial.person else "")
    circles = trial.kind == "circles"
    asked = Text(material.text(key), (0.0, 0.34 if circles else 0.2), 0.04, wrap=1.15)
    hint = Text(_hint(trial, material), (0.0, -0.41), 0.026, color="#d0d0d0", wrap=1.2)
    cues = _line(trial, material)[1] if not circles else ()
    return (asked, *cues, hint)


def slider(trial: Trial, material: Material) -> Slider:
    """The line of a rating."""
    return _line(trial, material)[0]


def circles(material: Material) -> Choice:
    """The seven pairs of circles, with the keys that choose them."""
    text = material.text
    under = figures(material) or ("",) * 7
    return inclusion((text("circle_self"), text("circle_other")), under, middle_y=-0.03)


def confirm_button(material: Material) -> Button | None:
    """The mouse's button; None where the mouse does not answer."""
    params: Params = material.params
    if not params.mouse or not params.confirm:
        return None
    return Button(material.text("button"), (0.0, -0.28))


def _line(trial: Trial, material: Material) -> tuple[Slider, tuple[Stimulus, ...]]:
    feelings: dict[str, Feeling] = {"pleasure": "pleasure", "arousal": "arousal"}
    if trial.item in feelings:
        return affective(feelings[trial.item], LINE_AT)
    return Slider(material.text("low"), material.text("high"), pos=LINE_AT), ()


def _hint(trial: Trial, material: Material) -> str:
    params, text = material.params, material.text
    chosen = figures(material)
    if trial.kind == "circles" and chosen:
        by_figures = text("hint_figures", first=chosen[0], last=chosen[-1])
        return text("hint_or_click", keys=by_figures) if params.mouse else by_figures
    names = key_names(material)
    hint = text("hint_keys", left=names[0], right=names[1])
    if params.confirm:
        hint += text("hint_confirm", confirm=names[2])
    return text("hint_or_click", keys=hint) if params.mouse else hint


def key_names(material: Material) -> tuple[str, ...]:
    """The keys that move and confirm, as a page calls them."""
    known = {"left": "key_left", "right": "key_right", "space": "key_space"}
    return tuple(material.text(known[key]) if key in known else key for key in moving(material))
