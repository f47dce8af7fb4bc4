"""A BIDS dataset from the event logs alone, derivable again at any time, and its validation."""

from mbtexp.bids.export import Exported, export
from mbtexp.bids.validator import Report, validate

__all__ = ["Exported", "Report", "export", "validate"]
