"""A drawing as a piece of a page: its colours follow the page, its bytes follow the data alone."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from mbtexp.errors import SettingError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK, SOFT, LINE, MAIN, WARM, PAPER = (f"#01020{number}" for number in range(1, 7))
"""Stand-ins for the colours of the page, which a drawing does not know."""

VARIABLES = {
    INK: "var(--ink)",
    SOFT: "var(--soft)",
    LINE: "var(--line)",
    MAIN: "var(--bar)",
    WARM: "var(--mark)",
    PAPER: "var(--paper)",
}

WIDTH_PT, FONT_PT = 300.0, 9.0
"""A drawing is as wide as a phone, so that its letters are as large as the page's small print."""

SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "mbtexp",
    "text.parse_math": False,  # a label may hold a dollar
    "font.size": FONT_PT,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": SOFT,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": True,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "text.color": INK,
    "axes.formatter.useoffset": False,
}


@dataclass(frozen=True)
class Drawing:
    """A finished drawing and where the points of its data lie on it."""

    body: str
    width_pt: float
    height_pt: float
    place: Callable[[float, float], tuple[float, float]]
    """From data to the drawing's own coordinates, y downwards."""

    def markup(self, about: str, extra: Iterable[str] = ()) -> str:
        """The element for a page; ``about`` is read out in place of the picture."""
        return (
            f'<svg viewBox="0 0 {self.width_pt:g} {self.height_pt:g}" role="img" '
            f'aria-label="{escape(about)}" xmlns:xlink="http://www.w3.org/1999/xlink">'
            f"{self.body}{''.join(extra)}</svg>"
        )


@contextmanager
def axes(height_pt: float, width_pt: float = WIDTH_PT) -> Iterator[tuple[Axes, list[Drawing]]]:
    """Axes to draw on; the drawing is in the list once the block has ended.

    Raises
    ------
    SettingError
        matplotlib is not installed.
    """
    try:
        import matplotlib as mpl  # noqa: PLC0415  a second that only a report needs
        from matplotlib.backends.backend_svg import FigureCanvasSVG  # noqa: PLC0415
        from matplotlib.figure import Figure  # noqa: PLC0415
    except ImportError:
        raise SettingError(
            "the report needs matplotlib and jinja2; install them with: "
            "pip install 'mbtexp[report]'."
        ) from None
    made: list[Drawing] = []
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(SETTINGS)
        figure = Figure(figsize=(width_pt / 72, height_pt / 72), dpi=72)
        FigureCanvasSVG(figure)
        figure.patch.set_visible(False)
        ax = figure.add_subplot()
        ax.patch.set_visible(False)
        yield ax, made
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format")))
        transform = ax.transData

    def place(x: float, y: float) -> tuple[float, float]:
        across, up = transform.transform((x, y))
        return float(across), height_pt - float(up)

    made.append(Drawing(_inner(out.getvalue()), width_pt, height_pt, place))


def _inner(text: str) -> str:
    """The content of a file as a part of a page: no prologue, fonts or ids that nothing names."""
    body = text[text.index("<svg") :]
    body = body[body.index(">") + 1 : body.rindex("</svg>")]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r"<style[^>]*>.*?</style>", "", body, flags=re.DOTALL)
    body = re.sub(r" ?font-family: [^;\"]*;?", "", body)
    body = re.sub(r' transform="rotate\(-0 [^"]*\)"', "", body)
    for stand_in, variable in VARIABLES.items():
        body = body.replace(stand_in, variable)
    used = set(re.findall(r"#([\w.]+)", body))
    body = re.sub(r' id="([^"]*)"', lambda found: found[0] if found[1] in used else "", body)
    body = re.sub(r"<defs>\s*</defs>", "", body)
    return re.sub(r"\s*\n\s*", " ", body).replace("> <", "><").strip()
