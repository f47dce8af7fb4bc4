"""Where and how large things are drawn, without a screen."""

from __future__ import annotations

import pytest

from mbtexp.layout import Box, Disc, Geometry, Picture, Words, geometry, parts
from mbtexp.timeline import Fixation, Image, Rect, Scale, Slider, Text

WINDOW = Geometry(1920, 1080, 40.0)


def test_a_degree_is_that_of_the_rig_at_the_centre_of_the_screen() -> None:
    # 1 degree at 57.3 cm is 1 cm; the monitor has 40 pixels a centimetre.
    rig = geometry((1920, 1080), monitor_px=(1920, 1080), width_cm=48.0, distance_cm=57.29)
    assert rig.px_per_deg == pytest.approx(40.0, rel=1e-4)


@pytest.mark.parametrize("size", [(960, 540), (1280, 720), (1024, 768)])
def test_a_pilots_window_keeps_the_proportions_of_the_laboratory(size: tuple[int, int]) -> None:
    def share(window_px: tuple[int, int]) -> float:
        window = geometry(window_px, monitor_px=(1920, 1080), width_cm=53.0, distance_cm=60.0)
        return window.px(10, "deg") / window.height_px

    assert share(size) == pytest.approx(share((1920, 1080)))


def test_heights_are_fractions_of_the_window() -> None:
    (words,) = parts(Text("hello", pos=(0.5, -0.25), size=0.04, wrap=1.0), WINDOW)
    assert words == Words("hello", (540.0, -270.0), 43.2, "white", wrap=1080.0)


def test_degrees_are_the_rigs() -> None:
    (picture,) = parts(Image("face.png", width=10, pos=(1, 2)), WINDOW)
    assert picture == Picture("face.png", (40.0, 80.0), 400.0)


def test_a_cross_is_sharp_because_its_arms_are_even_numbers_of_pixels() -> None:
    arms = parts(Fixation(size=0.61, units="deg"), WINDOW)
    assert [(arm.width, arm.height) for arm in arms if isinstance(arm, Box)] == [(24, 4), (4, 24)]


def test_an_open_rectangle_has_a_line_and_no_filling() -> None:
    (box,) = parts(Rect(0.5, 0.25, color=None, line_color="black"), WINDOW)
    assert isinstance(box, Box)
    assert (box.fill, box.line, box.line_width > 0) == (None, "black", True)


def discs_shown_full(scale: Scale) -> list[bool]:
    """Whether each point of the scale is one full disc (and not a ring made of two)."""
    discs = [part for part in parts(scale, WINDOW) if isinstance(part, Disc)]
    places = sorted({disc.at for disc in discs})
    return [[disc.at for disc in discs].count(place) == 1 for place in places]


def test_a_scale_fills_the_chosen_point_only() -> None:
    scale = Scale(tuple("12345"), "low", "high", chosen=3)
    assert discs_shown_full(scale) == [False, False, False, True, False]
    assert not any(discs_shown_full(Scale(tuple("12345"), "low", "high")))


def test_a_scales_points_are_evenly_spread_over_its_width() -> None:
    at = sorted(
        {part.at[0] for part in parts(Scale(tuple("123"), "", ""), WINDOW) if type(part) is Disc}
    )
    assert at == [-486.0, 0.0, 486.0]


def height_of_first_label(scale: Scale) -> float:
    return next(part.at[1] for part in parts(scale, WINDOW) if isinstance(part, Words))


def test_long_labels_stand_below_their_points_and_short_ones_inside() -> None:
    assert height_of_first_label(Scale(("never", "always"), "", "")) < -10
    assert abs(height_of_first_label(Scale(("1", "2"), "", ""))) < 5


@pytest.mark.parametrize(("value", "x"), [(0.0, -486), (0.5, 0), (1.0, 486), (1.7, 486)])
def test_a_sliders_marker_stands_at_its_value_and_never_off_the_line(value: float, x: int) -> None:
    *_, marker = parts(Slider("low", "high", value=value), WINDOW)
    assert isinstance(marker, Box)
    assert marker.at[0] == x


def test_a_slider_without_a_value_has_no_marker() -> None:
    placed, empty = (parts(Slider("low", "high", value=v), WINDOW) for v in (0.5, None))
    assert len(empty) == len(placed) - 1
