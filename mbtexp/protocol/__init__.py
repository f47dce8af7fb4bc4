"""A whole session: its protocol, who has which cell, its course step by step, what it has been."""

from mbtexp.protocol.allocating import allocate
from mbtexp.protocol.allocation import read_allocation
from mbtexp.protocol.asked import Asked
from mbtexp.protocol.cells import Cell, Step, cell_by_turn, cells_of, steps_of
from mbtexp.protocol.conducting import hold_session, plan_session
from mbtexp.protocol.settings import Protocol, protocol_names, read_protocol
from mbtexp.protocol.summary import Summary, summary

__all__ = [
    "Asked",
    "Cell",
    "Protocol",
    "Step",
    "Summary",
    "allocate",
    "cell_by_turn",
    "cells_of",
    "hold_session",
    "plan_session",
    "protocol_names",
    "read_allocation",
    "read_protocol",
    "steps_of",
    "summary",
]
