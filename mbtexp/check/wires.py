"""What a line walk tells of the wires: which are cut, swapped, turned over or not there at all."""

from __future__ import annotations

from collections.abc import Sequence

ALL_ONES = 255
"""What a recorder shows whose trigger input is open: its inputs are pulled up (BioSemi's are)."""


def what_the_wires_do(sent: Sequence[int], seen: Sequence[int]) -> str:
    """One plain sentence on the codes that a recorder showed in place of those sent; empty: none.

    >>> what_the_wires_do([1, 2, 4], [1, 2, 4])
    ''
    >>> what_the_wires_do([1, 2, 4], [2, 1, 4])
    'wires 1 and 2 are swapped'
    >>> what_the_wires_do([1, 2, 4], [1, 0, 4])
    'wire 2 is cut or not connected'
    """
    if list(sent) == list(seen):
        return ""
    if len(sent) != len(seen):
        return (
            f"{len(sent)} codes were sent and {len(seen)} were seen: codes are lost or doubled, "
            "which no wire does; look at the recorder's settings and at the pulse's width"
        )
    if set(seen) == {ALL_ONES}:
        return "all lines read high: the cable to the recorder is not plugged in"
    if all(there == ALL_ONES - here for here, there in zip(sent, seen, strict=True)):
        return "the lines are turned over: the recorder or the box inverts them"
    if not any(seen):
        return "no line moves: wrong port, box without power, or the cable is not plugged in"
    single = {here: there for here, there in zip(sent, seen, strict=True) if here.bit_count() == 1}
    return "; ".join([*_cut(single), *_swapped(single)]) or _unexplained(sent, seen)


def _cut(single: dict[int, int]) -> list[str]:
    cut = [_wire(code) for code, seen in single.items() if seen == 0]
    if not cut:
        return []
    if len(cut) == 1:
        return [f"wire {cut[0]} is cut or not connected"]
    return [f"wires {_listed(cut)} are cut or not connected"]


def _swapped(single: dict[int, int]) -> list[str]:
    moved = {code: seen for code, seen in single.items() if seen.bit_count() == 1 and seen != code}
    found, told = [], set()
    for code, seen in moved.items():
        if code in told:
            continue
        if moved.get(seen) == code:
            found.append(f"wires {_wire(code)} and {_wire(seen)} are swapped")
            told |= {code, seen}
        else:
            found.append(f"wire {_wire(code)} arrives as wire {_wire(seen)}")
    return found


def _unexplained(sent: Sequence[int], seen: Sequence[int]) -> str:
    here, there = next(pair for pair in zip(sent, seen, strict=True) if pair[0] != pair[1])
    return f"{here} arrived as {there}: check the rate (baud) and the kind of device"


def _wire(code: int) -> int:
    """Number of the wire of a code with one bit, from 1."""
    return code.bit_length()


def _listed(wires: Sequence[int]) -> str:
    return f"{', '.join(map(str, wires[:-1]))} and {wires[-1]}"
