"""From logs to per-participant indices; needs numpy, scipy and pandas, never PsychoPy."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analysis.indices import Index
    from analysis.quality import Check
    from analysis.read import Trials, read_trials, to_frame
    from analysis.run import Analysed, analyse
    from analysis.tables import read_table

__all__ = [
    "Analysed",
    "Check",
    "Index",
    "Trials",
    "analyse",
    "read_table",
    "read_trials",
    "to_frame",
]

_WHERE = {
    "Analysed": "run",
    "Check": "quality",
    "Index": "indices",
    "Trials": "read",
    "analyse": "run",
    "read_table": "tables",
    "read_trials": "read",
    "to_frame": "read",
}


def __getattr__(name: str) -> Any:
    """One of the names above, from its module, when it is first asked for: numpy loads late."""
    if name not in _WHERE:
        raise AttributeError(f"module 'analysis' has no attribute {name!r}")
    return getattr(importlib.import_module(f"analysis.{_WHERE[name]}"), name)
