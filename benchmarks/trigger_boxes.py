"""The emulated boxes of triggers.py, in a process of their own so that they take nobody's time.

Prints the names of the ports as JSON, waits for the end of its input, and prints what arrived.
"""

from __future__ import annotations

import contextlib
import json
import sys
from typing import Any

from mbtexp.virtual.box import Box
from mbtexp.virtual.boxes import LatchBox
from mbtexp.virtual.wire import Wire
from mbtexp.virtual.xid import XidBox


def box_for(kind: str) -> Box:
    """One of Cedrus' boxes, or one that takes a byte for a code."""
    return XidBox() if kind == "xid" else LatchBox()


def arrived(wire: Wire) -> dict[str, Any]:
    """What reached a box: every value that its lines were told to show, repeats included."""
    box = wire.box
    if isinstance(box, XidBox):
        masks = [frame[2:] for _, frame in box.frames if frame.startswith(b"mh")]
        values = [int.from_bytes(mask, "little") for mask in masks]
    else:
        values = [byte for _, byte in wire.received]
    remarks = [] if box is None else [text for _, text in box.notes]
    return {"values": values, "n_bytes": len(wire.received), "remarks": remarks[:5]}


def main() -> None:
    """Serve until told to stop."""
    with contextlib.ExitStack() as stack:
        wires = [stack.enter_context(Wire(box_for(kind))) for kind in sys.argv[1:]]
        print(json.dumps([wire.name for wire in wires]), flush=True)
        sys.stdin.read()
        print(json.dumps([arrived(wire) for wire in wires]), flush=True)


if __name__ == "__main__":
    main()
