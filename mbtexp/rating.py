"""Ratings on the screen: a scale of points answered by one key, a slider moved by keys.

Both are loops over phases in plain Python: each state of the scale is a phase of its own, so every
press is on the frame grid, in the log, and works with a button box as with a keyboard.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from mbtexp.run import Run
from mbtexp.timeline import Keys, Phase, Scale, Slider, Stimulus

STEP = 0.05
"""How far one press moves a slider, as a share of its length."""


@dataclass(frozen=True)
class Rating:
    """What was chosen and when; None where the time ran out."""

    value: float | None
    """Position from 0 to 1 on a slider, 0-based point on a scale."""
    rt_s: float | None
    """From the first sight of the scale to the choice, s."""


def rate(
    run: Run,
    name: str,
    scale: Scale,
    keys: tuple[str, ...],
    *,
    above: tuple[Stimulus, ...] = (),
    window_s: float | None = None,
    code: int | None = None,
    feedback_s: float = 0.2,
) -> Rating:
    """One press on a scale of points; the chosen one is shown filled for a moment.

    Parameters
    ----------
    run, name
        Where to show it, and the phase's name in the log.
    scale, keys
        The scale and one key for each of its points.
    above
        What else is on the screen (the question).
    window_s
        Longest time for an answer, s; None: no limit.
    code
        Trigger code of the onset.
    feedback_s
        How long the chosen point is shown, s.
    """
    chosen = [replace(scale, chosen=place) for place in range(len(scale.points))]
    open_ = Phase(name, (*above, scale), window_s, code=code, keys=Keys(keys))
    after = Phase(f"{name}_shown", (*above, scale), feedback_s)
    run.prepare([open_, *(replace(after, stimuli=(*above, state)) for state in chosen)])
    # A window that closes by itself needs a screen to close with: one frame of the same scale.
    closing = [] if window_s is None else [Phase(f"{name}_end", open_.stimuli, frames=1)]
    shown = run.show([open_, *closing])[name]
    if shown.key is None:
        return Rating(None, None)
    place = keys.index(shown.key)
    run.show([replace(after, stimuli=(*above, chosen[place]))])
    return Rating(float(place), shown.rt_s)


def slide(
    run: Run,
    name: str,
    slider: Slider,
    keys: tuple[str, str, str],
    *,
    above: tuple[Stimulus, ...] = (),
    start: float = 0.5,
    window_s: float | None = None,
    code: int | None = None,
) -> Rating:
    """A marker that two keys move and a third one confirms; it shows only once it was moved.

    Parameters
    ----------
    run, name
        Where to show it, and the phases' name in the log.
    slider, keys
        The line, and the keys for left, right and confirm.
    above
        What else is on the screen.
    start
        Where the marker is when it first shows, 0 to 1; a confirmation before any move is ignored,
        so that nobody rates by pressing one key.
    window_s
        Longest time for the whole rating, s; None: no limit. A marker that was moved and not
        confirmed by then counts where it stands, without a time (``rt_s`` is None).
    code
        Trigger code of the first onset.
    """
    left, right, confirm = keys
    states = {place: replace(slider, value=place) for place in _places()}
    run.prepare([Phase(name, (*above, *states.values(), slider), 1.0)])
    place: float | None = None
    began: float | None = None
    press: float | None = None
    while True:
        state = slider if place is None else states[place]
        scene = (*above, state)
        phase = Phase(name, scene, code=code if began is None else None, keys=Keys(keys))
        closing: list[Phase] = []
        if window_s is not None:
            left_s = window_s if began is None or press is None else began + window_s - press
            phase = replace(phase, frames=max(1, round(left_s * run.refresh_hz)))
            # A window that closes by itself needs a screen to close with.
            closing = [Phase(f"{name}_end", scene, frames=1)]
        shown = run.show([phase, *closing])[name]
        began = shown.onset if began is None else began
        press = shown.press
        if press is None:
            return Rating(place, None)
        if shown.key == confirm and place is not None and shown.press is not None:
            return Rating(place, shown.press - began)
        if shown.key in (left, right):
            place = _moved(place, start, 1 if shown.key == right else -1)


def _places() -> list[float]:
    return [round(STEP * n, 4) for n in range(round(1 / STEP) + 1)]


def _moved(place: float | None, start: float, direction: int) -> float:
    """The next place in a direction; the first move only brings the marker up at its start."""
    places = _places()
    if place is None:
        return min(places, key=lambda candidate: abs(candidate - start))
    return places[min(max(places.index(place) + direction, 0), len(places) - 1)]
