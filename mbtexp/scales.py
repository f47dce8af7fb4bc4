"""What a rating looks like: points in a row, overlapping circles, the Affective Slider."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from mbtexp.timeline import Area, Circles, Image, Position, Scale, Slider, Stimulus, Text, Wedges

PICTOGRAMS = Path(__file__).parent / "pictograms"
"""Drawn faces for the ends of the sliders of pleasure and arousal."""

PAIRS = 7
"""Pairs of circles of the IOS scale."""

OVERLAP_STEP = 0.14
"""Each pair shares this much more of a circle's area than the one before: 0, 14 ... 84 %.

Aron, Aron & Smollan (1992) let the overlap grow evenly over seven pairs and kept the area that both
circles cover the same; the last pair is near 85 % (measured on the published figure by others).
"""

HIGH = 0.12
"""Height of what can be clicked around a line or a point, in heights of the screen."""


@dataclass(frozen=True)
class Choice:
    """Points to choose one of: how they look before, and with each of them chosen."""

    plain: tuple[Stimulus, ...]
    chosen: tuple[tuple[Stimulus, ...], ...]
    spots: tuple[Area, ...]
    """Where each can be clicked; in heights of the screen."""

    def areas(self, names: tuple[str, ...]) -> tuple[Area, ...]:
        """What can be clicked, under the names of the keys that mean the same."""
        return tuple(replace(spot, name=name) for spot, name in zip(self.spots, names, strict=True))


def points(scale: Scale) -> Choice:
    """A scale of labelled points as a choice."""
    n = len(scale.points)
    step = scale.width / max(1, n - 1)
    left = scale.pos[0] - (scale.width / 2 if n > 1 else 0.0)
    width = min(step, 0.3)
    spots = tuple(
        Area(str(place), (left + place * step, scale.pos[1] - 0.03), width, HIGH + 0.06)
        for place in range(n)
    )
    return Choice(
        plain=(scale,),
        chosen=tuple((replace(scale, chosen=place),) for place in range(n)),
        spots=spots if scale.units == "height" else (),
    )


def inclusion(
    labels: tuple[str, str], numbers: tuple[str, ...] = tuple("1234567"), middle_y: float = 0.0
) -> Choice:
    """Seven pairs of circles that overlap more and more (IOS; own drawing), in two rows.

    Parameters
    ----------
    labels
        What stands in the left and in the right circle of the first pair, for all.
    numbers
        What stands under the pairs: the keys that choose them; empty texts where there are none.
    middle_y
        Where the middle of both rows is.
    """
    across, up, width = 0.31, 0.26, 0.28
    places = [((k - 1.5) * across, middle_y + up / 2) for k in range(4)]
    places += [((k - 1) * across, middle_y - up / 2) for k in range(PAIRS - 4)]
    pairs = [
        Circles(round(OVERLAP_STEP * k, 2), ("", "") if k else labels, place, width)
        for k, place in enumerate(places)
    ]
    under = [Text(number, (x, y - 0.115), 0.026) for number, (x, y) in zip(numbers, places)]  # noqa: B905
    return Choice(
        plain=(*pairs, *under),
        chosen=tuple(
            (*(replace(one, chosen=one is pair) for one in pairs), *under) for pair in pairs
        ),
        spots=tuple(Area(str(k), (x, y - 0.02), across, up) for k, (x, y) in enumerate(places)),
    )


Feeling = Literal["pleasure", "arousal"]

ENDS: dict[Feeling, tuple[str, str]] = {
    "pleasure": ("unhappy", "happy"),
    "arousal": ("calm", "excited"),
}
"""The drawn faces at the low and the high end."""


def affective(
    feeling: Feeling, pos: Position = (0.0, 0.0), width: float = 0.9
) -> tuple[Slider, tuple[Stimulus, ...]]:
    """The line of the Affective Slider for one feeling, and the cues that belong under it.

    After Betella & Verschure (2016) and their guidelines: a round mark, under the line a face at
    each end and two triangles that meet in the middle, in shades of grey and without words. The
    faces are our own drawings.
    """
    x, y = pos
    low, high = (str(PICTOGRAMS / f"{end}.png") for end in ENDS[feeling])
    size, below = 0.1 * width, y - 0.115 * width
    slider = Slider("", "", pos=pos, width=width, mark="disc")
    return slider, (
        Image(low, size, (x - width / 2, below), "height"),
        Image(high, size, (x + width / 2, below), "height"),
        Wedges((x, below), 0.74 * width, 0.055 * width),
    )


def line_area(slider: Slider, name: str) -> Area:
    """Where the line of a slider can be clicked: also a little beside and beyond it."""
    return Area(name, slider.pos, slider.width + 0.06, HIGH, drags=True)


def place_on(slider: Slider, at: Position) -> float:
    """The place on the line that is nearest to a click, from 0 to 1.

    >>> place_on(Slider("", "", pos=(0.1, 0.0), width=0.8), (0.3, 0.02))
    0.75
    """
    share = (at[0] - slider.pos[0]) / slider.width + 0.5
    return round(min(1.0, max(0.0, share)), 6)
