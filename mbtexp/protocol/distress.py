"""The course of distress over a session: every rating of it, and when something was induced."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from mbtexp.errors import DataError
from mbtexp.events import Log, read_log
from mbtexp.protocol.criterion import DISTRESS
from mbtexp.protocol.log import SessionEvents

INDUCTION = "induction"
"""Role of a step that induces something."""

LEFT, RIGHT, TOP, BOTTOM, WIDTH, HEIGHT = 34, 8, 16, 22, 640, 150
"""Margins and size of the drawing, in its own units."""


@dataclass(frozen=True)
class Rating:
    """One rating of distress."""

    minute: float
    """On the session's own clock."""
    value: float
    """0 to 100."""
    step: str


@dataclass(frozen=True)
class DistressCourse:
    """How distressed somebody was in the course of a session."""

    ratings: tuple[Rating, ...]
    inductions: tuple[float, ...]
    """Minutes at which a step began that induces something."""
    minutes: float
    """Length of the session."""
    limit: float | None
    """Lowest rating from which on something stops; None if no log says."""


def distress_course(past: SessionEvents) -> DistressCourse:
    """All ratings of distress of a session, from the logs of its runs."""
    roles = {one["step"]: one.get("role") for one in past.header["steps"]}
    begun: dict[str, tuple[float, str]] = {}
    for event in past.of("step_start"):
        if event.get("log"):
            begun.setdefault(str(event["log"]), (float(event["t"]), str(event["step"])))
    ratings: list[Rating] = []
    limits = _limit(past.header.get("distress"))
    for name, (start_s, step) in begun.items():
        log = _log(past.path.parent / name)
        if log is not None:
            ratings += [Rating((start_s + t) / 60, value, step) for t, value in _rated(log)]
            limits += _limit(log.header.get("params"), "distress_limit")
    return DistressCourse(
        ratings=tuple(ratings),
        inductions=tuple(t / 60 for t, step in begun.values() if roles.get(step) == INDUCTION),
        minutes=past.last_t / 60,
        limit=min(limits, default=None),
    )


def _log(path: Path) -> Log | None:
    try:
        return read_log(path)
    except DataError:  # it never came to its first line, or is not there any more
        return None


def _rated(log: Log) -> list[tuple[float, float]]:
    """Seconds on the run's clock and value of each rating; a trial shown twice has its last."""
    found: dict[int, tuple[float, float]] = {}
    for event in log.of("trial"):
        row, outcome = event["design"], event["outcome"]
        if DISTRESS not in (row.get("scale"), row.get("item")):
            continue
        for given in (outcome.get("response"), outcome.get("value")):
            if isinstance(given, int | float) and not isinstance(given, bool):
                found[event["trial"]] = float(event["t"]), float(given)
                break
    return sorted(found.values())


def _limit(rule: object, name: str = "limit") -> list[float]:
    """The limit in a part of a first line, if it is there."""
    limit = rule.get(name) if isinstance(rule, Mapping) else None
    return [float(limit)] if isinstance(limit, int | float) else []


# -- drawing ---------------------------------------------------------------------------------------


def distress_svg(course: DistressCourse) -> str:
    """The course as a drawing for a page: dots over minutes, inductions, the limit."""
    values = ", ".join(f"{rating.value:g}" for rating in course.ratings)
    about = f"distress over the session, 0 to 100: {values}"
    drawn = "".join([*_frame(course), *_marks(course), *_line(course.ratings, _scale(course))])
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{about}">{drawn}</svg>'


def _scale(course: DistressCourse) -> float:
    """Units of the drawing for a minute."""
    last = max([course.minutes, *(rating.minute for rating in course.ratings)])
    return (WIDTH - LEFT - RIGHT) / max(last, 1.0)


def _y(value: float) -> float:
    return HEIGHT - BOTTOM - value / 100 * (HEIGHT - TOP - BOTTOM)


def _frame(course: DistressCourse) -> Iterator[str]:
    for value in (0, 50, 100):
        yield (
            f'<line x1="{LEFT}" y1="{_y(value):.1f}" x2="{WIDTH - RIGHT}" y2="{_y(value):.1f}"/>'
            f'<text x="{LEFT - 6}" y="{_y(value) + 4:.1f}" text-anchor="end">{value}</text>'
        )
    step = next(size for size in (1, 2, 5, 10, 20, 30, 60, 10**9) if course.minutes / size <= 10)
    for minute in range(0, int(course.minutes) + 1, step):
        x = LEFT + minute * _scale(course)
        said = f"{minute} min" if minute == 0 else f"{minute}"
        yield f'<text x="{x:.1f}" y="{HEIGHT - 6}" text-anchor="middle">{said}</text>'


def _marks(course: DistressCourse) -> Iterator[str]:
    for minute in course.inductions:
        x = LEFT + minute * _scale(course)
        yield (
            f'<line class="induced" x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{HEIGHT - BOTTOM}"/>'
            f'<text x="{x:.1f}" y="{TOP - 5}" text-anchor="middle">induction</text>'
        )
    if course.limit is not None:
        y = _y(course.limit)
        yield (
            f'<line class="limit" x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}"/>'
            f'<text x="{WIDTH - RIGHT}" y="{y - 4:.1f}" text-anchor="end">'
            f"limit {course.limit:g}</text>"
        )


def _line(ratings: Sequence[Rating], scale: float) -> Iterator[str]:
    places = [(LEFT + rating.minute * scale, _y(rating.value)) for rating in ratings]
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    yield f'<polyline points="{points}"/>'
    for (x, y), rating in zip(places, ratings, strict=True):
        tip = escape(f"{rating.step}: {rating.value:g}, minute {rating.minute:.0f}")
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4"><title>{tip}</title></circle>'
