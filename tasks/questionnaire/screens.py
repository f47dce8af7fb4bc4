"""What an item of a questionnaire looks like: alone on the screen, or a line of a page."""

from __future__ import annotations

from dataclasses import replace

from mbtexp.instruments import Form
from mbtexp.rating import Also
from mbtexp.scales import Choice, points
from mbtexp.task import Material
from mbtexp.timeline import Button, Phase, Scale, Stimulus, Text
from tasks.questionnaire.design import Params, Trial

DIM = "#d0d0d0"

BETWEEN = Phase("between", (), 0.2)
"""An empty screen after an answer: its trigger pulse ends before the next code is due."""

START = Phase("between", (), 0.4)
"""An empty screen after a page: its key has come up again when the first item appears."""

LINE_STEP = 0.15
"""From one line of a page to the next."""

LONG = 90
"""Letters of an item from which it is set smaller."""


def answer_keys(material: Material, shown: Form) -> tuple[str, ...]:
    """The keys that answer: a figure each, or left, right and confirm."""
    params: Params = material.params
    return material.keys[: 3 if params.answer == "move" else len(shown.answers)]


def back_key(material: Material, shown: Form) -> str | None:
    """The key that goes back to the item before."""
    params: Params = material.params
    return material.keys[len(answer_keys(material, shown))] if params.back else None


def skip_key(material: Material) -> str | None:
    """The key that leaves an item out; with moving keys that is the confirming one."""
    params: Params = material.params
    if not params.skip:
        return None
    return material.keys[2] if params.answer == "move" else material.keys[-1]


def also(material: Material, shown: Form, *, first: bool) -> list[Also]:
    """What can be done beside answering, with its buttons for the mouse."""
    params: Params = material.params
    back, skip = back_key(material, shown), skip_key(material)
    found: list[Also] = []
    for key, word, x in ((back, "back", -0.36), (skip, "skip", 0.36)):
        if key is None or (word == "back" and first):
            continue
        at = (x, -0.36 if params.lines > 1 else -0.33)
        button = Button(material.text(f"button_{word}"), at, 0.32, 0.05, color=DIM)
        found.append((key, button if params.mouse else None))
    return found


def above(
    trial: Trial,
    rows: tuple[Trial, ...],
    answers: dict[int, int],
    material: Material,
    shown: Form,
) -> tuple[Stimulus, ...]:
    """Everything but the scale of the present item."""
    hint = Text(_hint(trial, rows, material, shown), (0.0, -0.415), 0.024, color=DIM, wrap=1.25)
    if material.params.lines > 1:
        return (*_page(trial, rows, answers, material, shown), hint)
    stem = Text(shown.stem, (0.0, 0.34), 0.032, color=DIM, wrap=1.15)
    words = shown.items[trial.item - 1]
    item = Text(words, (0.0, 0.13), 0.036 if len(words) > LONG else 0.042, wrap=1.15)
    return (*((stem,) if shown.stem else ()), item, hint)


def choice(trial: Trial, chosen: int | None, material: Material, shown: Form) -> Choice:
    """The answers of an item; what was chosen before is marked where it is gone back to."""
    made = points(_scale(trial, material, shown))
    if chosen is None or material.params.answer == "move":
        return made
    return replace(made, plain=made.chosen[chosen])


def _scale(trial: Trial, material: Material, shown: Form) -> Scale:
    params: Params = material.params
    figures = params.answer == "figures"
    numbers = answer_keys(material, shown) if figures else tuple(map(str, shown.answers))
    if params.lines > 1:
        return Scale(numbers, "", "", (0.36, _line_y(trial, params)), _line_width(shown))
    n = len(shown.answers)
    width = 0.9 if n > 2 else 0.4
    if len(shown.anchors) == n:
        labels = tuple(
            f"{number}\n{label}" if figures else label
            for number, label in zip(numbers, shown.anchors, strict=True)
        )
        return Scale(labels, "", "", (0.0, -0.1), width)
    low, high = shown.anchors if len(shown.anchors) == 2 else ("", "")
    return Scale(numbers, low, high, (0.0, -0.1), width)


# -- several lines a page -------------------------------------------------------------------------


def _line_y(trial: Trial, params: Params) -> float:
    return 0.5 * LINE_STEP * (params.lines - 1) - LINE_STEP * (trial.line - 1) - 0.03


def _line_width(shown: Form) -> float:
    return min(0.46, 0.14 * (len(shown.answers) - 1))


def _page(
    trial: Trial,
    rows: tuple[Trial, ...],
    answers: dict[int, int],
    material: Material,
    shown: Form,
) -> tuple[Stimulus, ...]:
    """The stem, the words of the answers over their columns, and all lines of the page."""
    params: Params = material.params
    first = trial.trial - trial.line
    page = rows[first : first + params.lines]
    parts: list[Stimulus] = []
    if shown.stem:
        parts.append(Text(shown.stem, (0.0, 0.43), 0.026, color=DIM, wrap=1.25))
    parts += _heads(shown, params)
    for row in page:
        y = _line_y(row, params)
        words = shown.items[row.item - 1]
        color = "white" if row == trial else DIM
        size = 0.021 if len(words) > LONG else 0.026
        parts.append(Text(words, (-0.28, y), size, color=color, wrap=0.72, align="left"))
        if row != trial:
            scale = replace(_scale(row, material, shown), color=DIM, chosen=answers.get(row.item))
            parts.append(scale)
    return tuple(parts)


def _heads(shown: Form, params: Params) -> list[Stimulus]:
    """What the answers say, over the columns."""
    y = 0.5 * LINE_STEP * params.lines + 0.03
    width, n = _line_width(shown), len(shown.answers)
    words = [shown.label(answer) for answer in shown.answers]
    step = width / max(1, n - 1)
    return [
        Text(word, (0.36 - width / 2 + place * step, y), 0.02, color=DIM, wrap=max(0.12, step))
        for place, word in enumerate(words)
        if word
    ]


def _hint(trial: Trial, rows: tuple[Trial, ...], material: Material, shown: Form) -> str:
    params, text = material.params, material.text
    keys = key_names(answer_keys(material, shown), material)
    said = (
        text("hint_move", left=keys[0], right=keys[1], confirm=keys[2])
        if params.answer == "move"
        else text("hint_figures", first=keys[0], last=keys[-1])
    )
    back, skip = back_key(material, shown), skip_key(material)
    if skip is not None:
        key = "hint_skip_move" if params.answer == "move" else "hint_skip"
        said += text(key, skip=key_names((skip,), material)[0])
    if back is not None and trial.trial > 1:
        said += text("hint_back", back=key_names((back,), material)[0])
    return said + text("hint_progress", done=trial.trial, all=len(rows))


def key_names(keys: tuple[str, ...], material: Material) -> tuple[str, ...]:
    """Keys as a page calls them."""
    known = ("left", "right", "space", "backspace")
    return tuple(material.text(f"key_{key}") if key in known else key for key in keys)
