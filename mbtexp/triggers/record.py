"""What becomes of one requested trigger code, from the request to the return to zero."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from mbtexp.events import rounded
from mbtexp.ports import Facts

REACHED = frozenset({"sent", "deferred_sent", "truncated"})
"""Outcomes of codes that a recorder can have seen."""

LOST = frozenset(
    {"blocked", "partial", "failed", "rejected", "dropped_overlap", "stuck", "box_busy"}
)
"""Outcomes of codes that never reached the line."""

NAMED = 5
"""Lost codes that a report names one by one."""

KindOf = Literal["flip", "now", "blocking"]


@dataclass(slots=True)
class Record:
    """One requested code, from the request to the return to zero."""

    seq: int
    name: str
    code: int
    kind_of: KindOf
    t_requested: float
    t_event: float
    data: bytes
    """What goes out; empty if the rig cannot send the code."""
    trial: int | None = None
    t_flip: float | None = None
    t_write_start: float | None = None
    t_write_end: float | None = None
    outcome: str = ""
    errno: int | None = None
    t_off: float | None = None
    off_outcome: str | None = None
    box_delay_s: float = 0.0
    """How much later than it was written the box can have shown it, as it was still busy."""
    value: int | None = None
    """What is on the wire for it, where that is not the code itself."""
    lsl: bool | None = None
    """Whether it went out over LSL too; None: there is no such stream."""
    deferred: bool = False
    done: bool = False

    def facts(self) -> Facts:
        """The record as the log writes it."""
        delay_ms = width_ms = None
        if self.t_write_start is not None and self.t_write_end is not None:
            delay_ms = round(1000 * (self.t_write_start - self.t_event), 3)
            if self.t_off is not None:
                width_ms = round(1000 * (self.t_off - self.t_write_end), 3)
        return {
            "seq": self.seq,
            "trial": self.trial,
            "name": self.name,
            "code": self.code,
            "kind_of": self.kind_of,
            "t_requested": rounded(self.t_requested),
            "t_event": rounded(self.t_event),
            "t_flip": rounded(self.t_flip),
            "t_write_start": rounded(self.t_write_start),
            "t_write_end": rounded(self.t_write_end),
            "delay_ms": delay_ms,
            "bytes_hex": self.data.hex() or None,
            "outcome": self.outcome,
            "errno": self.errno,
            "t_off": rounded(self.t_off),
            "off_outcome": self.off_outcome,
            "width_ms": width_ms,
            "box_delay_ms": round(1000 * self.box_delay_s, 3),
            "lsl": self.lsl,
            **({} if self.value is None else {"value": self.value}),
        }

    def loss(self) -> Facts:
        """What of a lost code belongs into a list of them."""
        return {
            "seq": self.seq,
            "name": self.name,
            "code": self.code,
            "trial": self.trial,
            "t_event": rounded(self.t_event),
            "outcome": self.outcome,
        }

    def spoken(self) -> str:
        """The lost code in a sentence for a person."""
        reason = "" if self.errno is None else f": {os.strerror(self.errno)}"
        return f"'{self.name}' ({self.code}, {self.outcome}{reason})"


def loss_report(lost: Sequence[Record]) -> str:
    """One sentence on lost codes, with when and which; empty if there is none."""
    if not lost:
        return ""
    named = ", ".join(record.spoken() for record in lost[:NAMED])
    more = f" and {len(lost) - NAMED} more" if len(lost) > NAMED else ""
    return (
        f"{len(lost)} trigger code{'s' * (len(lost) > 1)} did not reach the recorder since "
        f"{lost[0].t_event:.3f} s: {named}{more}."
    )
