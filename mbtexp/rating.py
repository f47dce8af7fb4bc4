"""Ratings on the screen: a point of a scale, or a mark that is moved along a line or over points.

All are loops over phases in plain Python: each state of the scale is a phase of its own, so every
press and every click is on the frame grid, in the log, and works with a button box as with a
keyboard or the mouse. ``mbtexp.scales`` says what they look like.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from mbtexp.run import Run, Shown
from mbtexp.scales import Choice, line_area, place_on, points
from mbtexp.timeline import CLICK, Area, Button, Keys, Phase, Position, Scale, Slider, Stimulus

STEP = 0.05
"""How far one press moves a slider, as a share of its length."""

FINE = 0.01
"""The smallest difference on a slider that is moved with the mouse, as a share of its length."""

HELD_S = 0.09
"""Presses of one key that are closer than this come from a key that stays down."""

FASTER_AFTER = 6
"""From so many of them on the mark moves three steps at a time."""


@dataclass(frozen=True)
class Rating:
    """What was chosen and when; None where the time ran out."""

    value: float | None
    """Position from 0 to 1 on a slider, 0-based point on a scale."""
    rt_s: float | None
    """From the first sight of the scale to the choice, s."""
    first_move_s: float | None = None
    """From the first sight of the scale to the first move of a mark, s."""
    by: str | None = None
    """What the last press that counted was made with: keys, mouse or box."""
    other: str | None = None
    """The key beside the scale that ended it (skip, back), if one did."""


Also = tuple[str, Button | None]
"""A key beside the scale, and its button for the mouse if it has one."""


def rate(
    run: Run,
    name: str,
    scale: Scale | Choice,
    keys: tuple[str, ...],
    *,
    above: tuple[Stimulus, ...] = (),
    window_s: float | None = None,
    code: int | None = None,
    codes: tuple[tuple[str, int], ...] = (),
    none_code: int | None = None,
    feedback_s: float = 0.2,
    mouse: bool = False,
    also: Sequence[Also] = (),
) -> Rating:
    """One press or click on a scale of points; the chosen one is shown for a moment.

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
    code, codes, none_code
        Trigger code of the onset, of each key, and of a window that closes unanswered.
    feedback_s
        How long the chosen point is shown, s.
    mouse
        Whether the points can be clicked.
    also
        Keys that end it without a choice.
    """
    choice = scale if isinstance(scale, Choice) else points(scale)
    beside, others, spots = _beside(also, mouse=mouse)
    areas = (*(choice.areas(keys) if mouse else ()), *spots)
    taken = Keys((*keys, *others), codes=codes, areas=areas)
    open_ = Phase(
        name,
        (*above, *choice.plain, *beside),
        window_s,
        code=code,
        keys=taken,
        none_code=none_code if window_s is not None else None,
    )
    after = Phase(f"{name}_shown", (), feedback_s)
    states = [replace(after, stimuli=(*above, *chosen, *beside)) for chosen in choice.chosen]
    run.prepare([open_, *states])
    # A window that closes by itself needs a screen to close with: one frame of the same scale.
    closing = [] if window_s is None else [Phase(f"{name}_end", open_.stimuli, frames=1)]
    shown = run.show([open_, *closing])[name]
    if shown.key is None:
        return Rating(None, None)
    if shown.key in others:
        return Rating(None, shown.rt_s, by=shown.by, other=shown.key)
    place = keys.index(shown.key)
    run.show([states[place]])
    return Rating(float(place), shown.rt_s, by=shown.by)


def slide(
    run: Run,
    name: str,
    slider: Slider,
    keys: tuple[str, ...],
    *,
    above: tuple[Stimulus, ...] = (),
    start: float = 0.5,
    step: float = STEP,
    open_start: bool = False,
    window_s: float | None = None,
    code: int | None = None,
    codes: tuple[tuple[str, int], ...] = (),
    none_code: int | None = None,
    repeats: bool = False,
    button: Button | None = None,
) -> Rating:
    """A mark that keys, buttons or the mouse move along a line, and that is then confirmed.

    Parameters
    ----------
    run, name
        Where to show it, and the phases' name in the log.
    slider, keys
        The line, and the keys for left, right and confirm. Without the third the mark counts where
        it stands when the time is over.
    above
        What else is on the screen.
    start
        Where the mark is at first, 0 to 1; a confirmation before any move is ignored, so that
        nobody rates by pressing one key.
    step
        How far one press moves it, as a share of its length.
    open_start
        Whether the mark is to be seen before the first move, as an outline; else it is hidden.
    window_s
        Longest time for the whole rating, s; None: no limit. A mark that was moved and not
        confirmed by then counts where it stands, without a time (``rt_s`` is None).
    code, codes, none_code
        Trigger code of the first onset, of the confirming key, of a time that ran out before any
        move.
    repeats
        Whether a key that stays down moves it on.
    button
        The mouse's button to confirm with, shown once the mark was moved; None: no mouse.
    """
    fine = min(step, FINE) if button is not None else step
    n = round(1 / fine)
    first = replace(slider, value=start if open_start else None, touched=False)
    places: list[Slider] = [replace(slider, value=round(k / n, 4)) for k in range(n + 1)]

    def clicked(at: Position) -> int:
        return round(place_on(slider, at) * n)

    return _move(
        run,
        name,
        _Marks(
            plain=(first,),
            placed=tuple((place,) for place in places),
            start=round(start * n),
            step=round(step / fine),
            # The first key press brings a hidden mark up; one that is to be seen it moves.
            jumps=open_start,
            share=n,
        ),
        keys,
        above=above,
        window_s=window_s,
        code=code,
        codes=codes,
        none_code=none_code,
        repeats=repeats,
        line=None if button is None else line_area(slider, CLICK),
        clicked=clicked,
        button=button,
    )


def pick(
    run: Run,
    name: str,
    scale: Scale | Choice,
    keys: tuple[str, ...],
    *,
    above: tuple[Stimulus, ...] = (),
    window_s: float | None = None,
    code: int | None = None,
    codes: tuple[tuple[str, int], ...] = (),
    none_code: int | None = None,
    also: Sequence[Also] = (),
    empty: bool = False,
    empty_codes: tuple[tuple[str, int], ...] = (),
) -> Rating:
    """A point chosen with few buttons: two move to the left and right, the third one confirms.

    Parameters are those of `rate` and `slide`; the first move goes to the point in the middle. With
    ``empty`` a confirmation before any move leaves it without an answer (``Rating.other``), which
    has codes of its own.
    """
    choice = scale if isinstance(scale, Choice) else points(scale)
    n = len(choice.chosen)
    marks = _Marks(choice.plain, choice.chosen, start=n // 2, step=1, jumps=False, share=1)
    return _move(
        run,
        name,
        marks,
        keys,
        above=above,
        window_s=window_s,
        code=code,
        codes=codes,
        none_code=none_code,
        also=also,
        empty=empty,
        empty_codes=empty_codes,
    )


# -- marks that move ------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Marks:
    """The states of a mark: before any move, and at each place."""

    plain: tuple[Stimulus, ...]
    placed: tuple[tuple[Stimulus, ...], ...]
    start: int
    step: int
    jumps: bool
    """Whether the first move already leaves the start."""
    share: int
    """What a place is divided by to become the value."""

    def seen(self, place: int | None) -> tuple[Stimulus, ...]:
        return self.plain if place is None else self.placed[place]

    def moved(self, place: int | None, by: int) -> int:
        if place is None:
            return self._inside(self.start + by) if self.jumps else self.start
        return self._inside(place + by)

    def value(self, place: int | None) -> float | None:
        return None if place is None else round(place / self.share, 4)

    def _inside(self, place: int) -> int:
        return min(max(place, 0), len(self.placed) - 1)


def _move(
    run: Run,
    name: str,
    marks: _Marks,
    keys: tuple[str, ...],
    *,
    above: tuple[Stimulus, ...],
    window_s: float | None,
    code: int | None,
    codes: tuple[tuple[str, int], ...],
    none_code: int | None,
    repeats: bool = False,
    line: Area | None = None,
    clicked: Callable[[Position], int] | None = None,
    button: Button | None = None,
    also: Sequence[Also] = (),
    empty: bool = False,
    empty_codes: tuple[tuple[str, int], ...] = (),
) -> Rating:
    """Show the mark wherever it is moved until it is confirmed or the time is over."""
    left, right = keys[:2]
    confirm = keys[2] if len(keys) > 2 else None
    beside, others, _ = _beside(also, mouse=False)
    ready = () if button is None else (button,)
    every = [stimulus for placed in marks.placed for stimulus in placed]
    run.prepare([Phase(name, (*above, *marks.plain, *every, *ready, *beside), 1.0)])
    place: int | None = None
    began: float | None = None
    first_s: float | None = None
    last: Shown | None = None
    in_row = 0
    while True:
        areas: tuple[Area, ...] = () if line is None else (line,)
        if place is not None and button is not None and confirm is not None:
            areas += (Area(confirm, button.pos, button.width, button.height),)
        taken = Keys(
            (*keys, *others),
            codes=codes if place is not None else empty_codes,
            areas=areas,
            repeats=repeats,
        )
        scene = (*above, *marks.seen(place), *(ready if place is not None else ()), *beside)
        left_s = (
            None
            if window_s is None or began is None or last is None
            else (began + window_s - (last.press or began))
        )
        shown = _shown(
            run,
            Phase(name, scene, code=code if began is None else None, keys=taken),
            window_s if left_s is None else left_s,
            none_code if place is None else None,
        )
        began = shown.onset if began is None else began
        if shown.press is None:
            return Rating(marks.value(place), None, first_s, None if last is None else last.by)
        key, rt_s = shown.key, shown.press - began
        if key in others or (empty and key == confirm and place is None):
            return Rating(None, rt_s, first_s, shown.by, other=key)
        if key == confirm and place is not None:
            return Rating(marks.value(place), rt_s, first_s, shown.by)
        if key == CLICK and clicked is not None and shown.at is not None:
            place = clicked(shown.at)
        elif key in (left, right):
            in_row = in_row + 1 if _stays_down(last, shown) else 0
            steps = marks.step * (3 if in_row >= FASTER_AFTER else 1)
            place = marks.moved(place, steps if key == right else -steps)
        first_s = rt_s if first_s is None and place is not None else first_s
        last = shown


def _shown(run: Run, phase: Phase, left_s: float | None, none_code: int | None) -> Shown:
    """The state until a press, or until the time that is left is over."""
    if left_s is None:
        return run.show([phase])[phase.name]
    timed = replace(phase, frames=max(1, round(left_s * run.refresh_hz)), none_code=none_code)
    # A window that closes by itself needs a screen to close with.
    closing = Phase(f"{phase.name}_end", phase.stimuli, frames=1)
    return run.show([timed, closing])[phase.name]


def _stays_down(before: Shown | None, now: Shown) -> bool:
    """Whether the same key counted again so soon that it must have stayed down."""
    if before is None or before.key != now.key or before.press is None or now.press is None:
        return False
    return now.press - before.press < HELD_S


def _beside(
    also: Sequence[Also], *, mouse: bool
) -> tuple[tuple[Stimulus, ...], tuple[str, ...], tuple[Area, ...]]:
    """Buttons beside the scale, their keys, and where they can be clicked."""
    buttons = tuple((key, button) for key, button in also if button is not None)
    areas = tuple(Area(key, one.pos, one.width, one.height) for key, one in buttons)
    return (
        tuple(button for _, button in buttons),
        tuple(key for key, _ in also),
        areas if mouse else (),
    )
