"""Where the eyes are: from a template beside the picture, or from points that were clicked."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mbtexp.errors import StimulusError

CLICKED = "eyes.csv"
"""Points that were clicked, in the folder of the originals, where names are at home already."""

COLUMNS = ("file", "left_x", "left_y", "right_x", "right_y")

STEEPEST = 1.0
"""Largest rise between the eyes, as a share of their distance across: 45 degrees."""

Point = tuple[float, float]


@dataclass(frozen=True)
class Eyes:
    """Centres of the eyes in an upright picture, px from its upper left: the left one first."""

    left: Point
    right: Point

    @property
    def apart_px(self) -> float:
        """Distance between them, px."""
        return abs(complex(*self.right) - complex(*self.left))

    @property
    def level(self) -> bool:
        """Whether the head stands up rather than lies on its side."""
        across, up = self.right[0] - self.left[0], self.right[1] - self.left[1]
        return abs(up) <= STEEPEST * across


def in_order(one: Point, other: Point) -> Eyes:
    """Two points as eyes: the one further left is the left one."""
    left, right = sorted((one, other))
    return Eyes(left, right)


def read_template(path: Path, orientation: int, size: tuple[int, int]) -> Eyes | None:
    """The eyes of a template (``.tem``), the first two of its points; None if it is damaged.

    A template counts the pixels as they lie in the file; ``orientation`` (EXIF, 1 to 8) and the
    file's ``size`` tell where they come to lie when the picture is upright.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
        first, second = (tuple(map(float, line.split()[:2])) for line in lines[1:3])
        if int(lines[0]) < 2 or len(first) != 2 or len(second) != 2:
            return None
    except (OSError, ValueError):
        return None
    return in_order(
        turned((first[0], first[1]), orientation, size),
        turned((second[0], second[1]), orientation, size),
    )


def turned(point: Point, orientation: int, size: tuple[int, int]) -> Point:
    """Where a point of a stored picture lies once the picture is upright (EXIF orientation).

    >>> turned((10.0, 20.0), 6, (400, 300))
    (280.0, 10.0)
    """
    (x, y), (w, h) = point, size
    places = {
        2: (w - x, y),
        3: (w - x, h - y),
        4: (x, h - y),
        5: (y, x),
        6: (h - y, x),
        7: (h - y, w - x),
        8: (y, w - x),
    }
    return places.get(orientation, (x, y))


def read_clicked(folder: Path) -> dict[str, Eyes]:
    """Clicked eyes by picture, its path below the folder; none if nobody clicked yet."""
    try:
        text = (folder / CLICKED).read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError):
        raise _damaged() from None
    found = {}
    for row in csv.DictReader(io.StringIO(text)):
        try:
            lx, ly, rx, ry = (float(row[name]) for name in COLUMNS[1:])
            found[str(row["file"])] = in_order((lx, ly), (rx, ry))
        except (KeyError, TypeError, ValueError):
            raise _damaged() from None
    return found


def clicked_text(eyes: Mapping[str, Eyes]) -> str:
    """The table of clicked eyes as its file has it."""
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(COLUMNS)
    for name, pair in sorted(eyes.items()):
        writer.writerow([name, *(round(value, 1) for value in (*pair.left, *pair.right))])
    return table.getvalue()


def _damaged() -> StimulusError:
    return StimulusError(
        f"{CLICKED} beside the photographs cannot be read; delete it and click the eyes again "
        "(mbtexp photos eyes)."
    )
