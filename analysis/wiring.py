"""Codes that arrive as other numbers: which lines of the cable would explain it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from analysis.alignment import Aligned, Codes, align

N_LINES = 8

MOST_SENT = 300
"""Codes of a log that are enough to find its rhythm."""

CONSISTENT = 0.9
"""Share of codes that must arrive as the number that is usual for them."""

NAMED = 4
"""Numbers that a sentence names one by one."""


def by_rhythm(sent: Codes, recorded: Codes, rate_hz: float) -> Aligned | None:
    """The sent codes beside the recorded ones by their times alone, whatever their numbers."""
    return align(
        _blank(sent.take(list(range(min(len(sent), MOST_SENT))))), _blank(recorded), rate_hz
    )


def _blank(codes: Codes) -> Codes:
    return Codes(codes.t, np.ones(len(codes), dtype=np.int64), codes.piece)


def learned(sent: Codes, recorded: Codes, aligned: Aligned) -> dict[int, int] | None:
    """The number as which each code arrives; None if there is no rule in it."""
    seen: dict[int, Counter[int]] = {}
    for i, j in aligned.pairs:
        seen.setdefault(int(sent.values[i]), Counter())[int(recorded.values[j])] += 1
    usual = {code: counts.most_common(1)[0] for code, counts in seen.items()}
    if sum(n for _, n in usual.values()) < CONSISTENT * len(aligned.pairs):
        return None
    return {code: value for code, (value, _) in usual.items()}


def rest_value(recorded: Codes, aligned: Aligned) -> int:
    """What the line shows between the codes: 0, or the number that follows each of them."""
    matched = {j for _, j in aligned.pairs}
    after = Counter(
        int(recorded.values[j + 1]) if j + 1 < len(recorded) and j + 1 not in matched else 0
        for j in matched
    )
    value, n = after.most_common(1)[0]
    return value if n >= 0.5 * len(matched) else 0


def explained(arrives: Mapping[int, int], rest: int) -> list[str]:
    """What is wrong with the line, in sentences; the numbers themselves if no wires explain it.

    >>> explained({5: 133, 6: 134, 124: 252}, rest=128)
    ['line 8 (value 128) is up all the time']
    >>> explained({1: 1, 2: 4, 3: 5, 4: 2}, rest=0)
    ['line 2 (value 2) arrives as line 3 (value 4)', 'line 3 (value 4) arrives as line 2 (value 2)']
    >>> explained({6: 224, 4: 192, 5: 160}, rest=0)
    ['6 arrives as 224, 4 as 192, 5 as 160']
    """
    told: list[str] = []
    if rest == 0xFF and all(value == 0xFF ^ code for code, value in arrives.items()):
        return ["all lines are inverted: up reads as 0 (negative logic)"]
    expected = dict.fromkeys(arrives, 0)
    for line in range(N_LINES):
        source = _source(line, arrives, rest)
        if source is None:
            return [_numbers(arrives)]
        kind, other = source
        for code in arrives:
            bit = kind == "up" or (kind == "line" and code >> other & 1)
            expected[code] |= bool(bit) << line
        if kind == "up":
            told.append(f"{_named(line)} is up all the time")
        elif kind == "down":
            told.append(f"{_named(line)} never goes up")
        elif other != line:
            told.append(f"{_named(other)} arrives as {_named(line)}")
    return sorted(told) if expected == dict(arrives) else [_numbers(arrives)]


def _source(line: int, arrives: Mapping[int, int], rest: int) -> tuple[str, int] | None:
    """Where a recorded line takes its level from: a sent line, or nowhere."""
    seen = [value >> line & 1 for value in arrives.values()]
    if seen == _level(line, arrives):
        return "line", line
    if all(seen):
        return ("up", line) if rest >> line & 1 or not _others(line, arrives, seen) else None
    if not any(seen):
        return "down", line
    others = _others(line, arrives, seen)
    return ("line", others[0]) if others else None


def _others(line: int, arrives: Mapping[int, int], seen: Sequence[int]) -> list[int]:
    return [
        other for other in range(N_LINES) if other != line and _level(other, arrives) == list(seen)
    ]


def _level(line: int, arrives: Mapping[int, int]) -> list[int]:
    return [code >> line & 1 for code in arrives]


def _named(line: int) -> str:
    return f"line {line + 1} (value {1 << line})"


def _numbers(arrives: Mapping[int, int]) -> str:
    other = [(code, value) for code, value in arrives.items() if code != value]
    first, *more = [f"{code} arrives as {value}" for code, value in other[:1]] + [
        f"{code} as {value}" for code, value in other[1:NAMED]
    ]
    rest = f" and {len(other) - NAMED} more" if len(other) > NAMED else ""
    return ", ".join([first, *more]) + rest
