"""Every mistake a user can make, as one tree; each text says what is wrong, where, and what to do.

::

    MbtexpError                 exit code 2, one or two plain sentences, no traceback
    |-- SettingError            a file, an option or a parameter says something impossible
    |   `-- TimingError         a duration that this display cannot show
    |-- StimulusError           a picture or an item is missing, changed or in the wrong place
    |-- DeviceError             a screen, a port, a keyboard or a scanner does not do its part
    |-- DataError               a log or a data folder cannot be read, or would be overwritten
    |   `-- DiskError           the disk took no more; says where the rest was kept
    `-- RunAborted              the operator stopped the run; everything so far is in the log
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class MbtexpError(Exception):
    """A mistake that a lab assistant can mend; its text is shown as it stands."""

    exit_code = 2


class SettingError(MbtexpError):
    """A setting in a file, on the command line or in a task's parameters is not possible."""


class TimingError(SettingError):
    """A duration cannot be shown on this display within the tolerance."""


class StimulusError(MbtexpError):
    """A stimulus set is incomplete, changed, or not where it should be."""


class DeviceError(MbtexpError):
    """A device of the rig is missing, busy, forbidden, or fails its test."""


class DataError(MbtexpError):
    """A log or a data folder cannot be read, or would have to be overwritten."""


class DiskError(DataError):
    """The disk is full or read-only."""


class RunAborted(MbtexpError):
    """The operator stopped the run; the log is closed and complete up to that moment."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint at the nearest known word, or the list of them all.

    >>> did_you_mean("seriel", ["none", "serial"])
    "did you mean 'serial'?"
    >>> did_you_mean("x", ["none", "serial"])
    "it can be 'none' or 'serial'"
    """
    names = sorted(known)
    near = difflib.get_close_matches(word, names, n=1)
    if near:
        return f"did you mean {near[0]!r}?"
    if not names:
        return "none is known here"
    *first, last = [repr(name) for name in names]
    return f"it can be {', '.join(first)} or {last}" if first else f"it can only be {last}"
