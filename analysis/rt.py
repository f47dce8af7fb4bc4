"""Response times: trials marked by named rules, and scores of speed with accuracy.

"The same" trim differs between programs (one side or two, which SD, which cell), so every rule has
a name that says all of it, and a trial is marked with the first rule it breaks and never deleted.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.exgaussian import ExGaussian, ex_gaussian
from analysis.integrated import bis, lisas
from mbtexp.errors import DataError

__all__ = [
    "MARKS",
    "NO_TRIM",
    "SD_TRIM",
    "ExGaussian",
    "Trim",
    "bis",
    "criterion_for",
    "ex_gaussian",
    "lisas",
    "marks",
    "trim_of",
]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

MAD_TO_SD = 1.4826
"""Makes the median absolute deviation of a normal distribution its SD."""

CRITERION_N = (4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 20, 25, 30, 35, 50, 100)
CRITERION_SD = (
    *(8.0, 6.2, 5.3, 4.8, 4.475, 4.25, 4.11, 4.0, 3.92, 3.85, 3.8, 3.75),
    *(3.64, 3.595, 3.55, 3.54, 3.51, 3.5),
)
"""Van Selst & Jolicoeur's (1994) moving criterion of the modified recursive rule, in SDs.

Linear between these sample sizes, constant from 100 on. The numbers are those of the program
trimr 1.1.1; another, RawRT, has the same at the sizes looked at (4 to 40). The paper was not seen.
"""

Kind = Literal["none", "sd", "mad", "recursive"]
Sides = Literal["two", "upper"]
Scope = Literal["cell", "participant"]


@dataclass(frozen=True)
class Trim:
    """A rule by which a response time is far from the others of its cell (or its participant).

    >>> Trim().name, Trim("mad", 3, "upper").name, Trim("recursive").name, Trim("none").name
    ('sd2.5/two/ddof1/cell', 'mad3/upper/cell', 'recursive/cell', 'none')
    """

    kind: Kind = "sd"
    criterion: float = 2.5
    """Distance from the mean in SDs, or from the median in MADs times 1.4826."""
    sides: Sides = "two"
    ddof: Literal[0, 1] = 1
    """1: sample SD (divides by n - 1), 0: population SD (by n)."""
    scope: Scope = "cell"

    @property
    def name(self) -> str:
        """The rule as it stands in the column ``method``."""
        if self.kind == "none":
            return "none"
        if self.kind == "recursive":
            return f"recursive/{self.scope}"
        ddof = f"/ddof{self.ddof}" if self.kind == "sd" else ""
        return f"{self.kind}{self.criterion:g}/{self.sides}{ddof}/{self.scope}"

    def outlying(self, rt: ArrayLike) -> Bools:
        """Which of these response times (s, no NaN) the rule marks; one group at a time."""
        times = np.asarray(rt, dtype=float)
        if self.kind == "none" or times.size < 3 or np.ptp(times) == 0:
            return np.zeros(times.shape, dtype=bool)
        if self.kind == "recursive":
            return _recursive(times)
        if self.kind == "sd":
            away, width = times - times.mean(), times.std(ddof=self.ddof)
        else:
            away = times - np.median(times)
            width = MAD_TO_SD * np.median(np.abs(away))
            if width == 0:  # most values are the same: no distance can be told
                return np.zeros(times.shape, dtype=bool)
        distance = np.abs(away) if self.sides == "two" else away
        far: Bools = distance > self.criterion * width
        return far


NO_TRIM = Trim("none")
SD_TRIM = Trim()
"""2.5 sample SDs on both sides within a participant's cell, once."""

_NAME = re.compile(
    r"(?P<kind>sd|mad)(?P<criterion>\d+(?:\.\d+)?)/(?P<sides>two|upper)"
    r"(?:/ddof(?P<ddof>[01]))?/(?P<scope>cell|participant)"
)


def trim_of(name: str) -> Trim:
    """The rule that has this name.

    >>> trim_of("sd3/upper/ddof0/participant") == Trim("sd", 3.0, "upper", 0, "participant")
    True

    Raises
    ------
    DataError
        No rule is called so.
    """
    known = {rule.name: rule for rule in (NO_TRIM, Trim("recursive"), RECURSIVE_PARTICIPANT)}
    if name in known:
        return known[name]
    found = _NAME.fullmatch(name)
    if found is None or (found["ddof"] is None) == (found["kind"] == "sd"):
        raise DataError(
            f"There is no trim {name!r}; write it as 'none', 'sd2.5/two/ddof1/cell', "
            "'mad2.5/upper/participant' or 'recursive/cell'."
        )
    return Trim(
        kind="sd" if found["kind"] == "sd" else "mad",
        criterion=float(found["criterion"]),
        sides="two" if found["sides"] == "two" else "upper",
        ddof=0 if found["ddof"] == "0" else 1,
        scope="cell" if found["scope"] == "cell" else "participant",
    )


RECURSIVE_PARTICIPANT = Trim("recursive", scope="participant")


def criterion_for(n: int) -> float:
    """Moving criterion (SDs) of the modified recursive rule for a sample of this size, 4 or more.

    >>> criterion_for(4), round(criterion_for(17), 3), criterion_for(400)
    (8.0, 3.706, 3.5)
    """
    return float(np.interp(n, CRITERION_N, CRITERION_SD))


def _recursive(times: Floats) -> Bools:
    """Modified recursive rule with moving criterion, Van Selst & Jolicoeur (1994).

    The slowest time is set aside, limits are drawn around the others by the criterion for the whole
    sample, and the slowest and the fastest go if they lie outside; repeated until none goes or four
    are left.
    """
    left = np.argsort(times, kind="stable")
    out = np.zeros(times.shape, dtype=bool)
    while left.size > 4:
        others = times[left[:-1]]
        mean = others.mean()
        reach = criterion_for(int(left.size)) * others.std(ddof=1)
        too_slow, too_fast = times[left[-1]] > mean + reach, times[left[0]] < mean - reach
        if not (too_slow or too_fast):
            break
        out[left[-1]] |= too_slow
        out[left[0]] |= too_fast
        left = left[~out[left]]
    return out


# -- marks ---------------------------------------------------------------------------------------

MARKS = {
    "": "the response time is used",
    "no_rt": "there is no response time",
    "too_fast": "below the lower absolute limit",
    "too_slow": "above the upper absolute limit",
    "trimmed": "too far from the other times of its cell (or participant)",
}
"""What each mark means; the first rule that a time breaks is the one it gets."""


def marks(
    rt: ArrayLike,
    trim: Trim = NO_TRIM,
    *,
    fastest_s: float | None = None,
    slowest_s: float | None = None,
    participant: Sequence[Hashable] | NDArray[np.generic] | None = None,
    cell: Sequence[Hashable] | NDArray[np.generic] | None = None,
) -> NDArray[np.str_]:
    """A mark for each response time: empty if it is used, else the first rule that it breaks.

    Absolute limits come first (a time on a limit is used); the trim then looks at what they left.
    Errors are the caller's to leave out: give NaN for a time that must not count.

    Parameters
    ----------
    rt
        Response times, s; NaN where there is none.
    trim
        The relative rule.
    fastest_s, slowest_s
        Absolute limits, s.
    participant, cell
        Labels of the same length: whose the times are, and of which cell; without them all are of
        one participant and one cell. A cell is always one within a participant.

    >>> marks([0.1, 0.5, 2.4, float("nan")], fastest_s=0.2, slowest_s=2).tolist()
    ['too_fast', '', 'too_slow', 'no_rt']
    """
    times = np.asarray(rt, dtype=float)
    found = np.full(times.shape, "", dtype="<U8")
    found[np.isnan(times)] = "no_rt"
    if fastest_s is not None:
        found[(found == "") & (times < fastest_s)] = "too_fast"
    if slowest_s is not None:
        found[(found == "") & (times > slowest_s)] = "too_slow"
    for group in _groups(times.size, participant, cell if trim.scope == "cell" else None):
        rest = group[found[group] == ""]
        found[rest[trim.outlying(times[rest])]] = "trimmed"
    return found


def _groups(
    n: int,
    participant: Sequence[Hashable] | NDArray[np.generic] | None,
    cell: Sequence[Hashable] | NDArray[np.generic] | None,
) -> list[NDArray[np.intp]]:
    places: dict[tuple[Hashable, Hashable], list[int]] = {}
    for k in range(n):
        whose = None if participant is None else participant[k]
        which = None if cell is None else cell[k]
        places.setdefault((whose, which), []).append(k)
    return [np.array(group, dtype=np.intp) for group in places.values()]
