"""Room for the run on a busy machine: the process before others, and no garbage collection."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
from pathlib import Path

NORMAL = "normal"

FIFO_PRIORITY = 10
"""Above everything ordinary and below the kernel's own threads, which drive screen and keyboard."""

_WINDOWS_HIGH = 0x80
_WINDOWS_NORMAL = 0x20
_WINDOWS_TIMER_MS = 1


def raise_priority() -> str:
    """What was obtained: real-time scheduling for every thread, the high class, or ``normal``.

    Threads that start later inherit it. Never fails: a machine that does not allow it stays as it
    is, and the log says so.
    """
    if sys.platform == "win32":
        return _raise_on_windows()
    if sys.platform == "linux":
        return _raise_on_linux()
    return NORMAL


def restore_priority() -> None:
    """Give the machine back to everybody."""
    if sys.platform == "win32":
        kernel = ctypes.windll.kernel32
        kernel.SetPriorityClass(kernel.GetCurrentProcess(), _WINDOWS_NORMAL)
        ctypes.windll.winmm.timeEndPeriod(_WINDOWS_TIMER_MS)
    if sys.platform == "linux":
        for thread in _threads():
            _schedule(thread, os.SCHED_OTHER, 0)


def quiet_memory() -> None:
    """Collect once, keep what is left out of later collections, and stop collecting.

    A full collection takes 0.1 s with PsychoPy loaded: six frames.
    """
    gc.collect()
    gc.freeze()
    gc.disable()


def normal_memory() -> None:
    """Collect garbage again, as Python usually does."""
    gc.enable()
    gc.unfreeze()


def _raise_on_windows() -> str:
    if sys.platform != "win32":
        return NORMAL
    kernel = ctypes.windll.kernel32
    raised = kernel.SetPriorityClass(kernel.GetCurrentProcess(), _WINDOWS_HIGH)
    ctypes.windll.winmm.timeBeginPeriod(_WINDOWS_TIMER_MS)
    return "high class, 1 ms timer" if raised else "normal, 1 ms timer"


def _raise_on_linux() -> str:
    threads = _threads()
    raised = sum(_schedule(thread, os.SCHED_FIFO, FIFO_PRIORITY) for thread in threads)
    if not raised:
        return NORMAL
    return f"SCHED_FIFO {FIFO_PRIORITY}, {raised} of {len(threads)} threads"


def _threads() -> list[int]:
    return [int(task.name) for task in Path("/proc/self/task").iterdir()]


def _schedule(thread: int, policy: int, priority: int) -> bool:
    try:
        os.sched_setscheduler(thread, policy, os.sched_param(priority))
    except (PermissionError, ProcessLookupError):
        return False  # not allowed to us, or a thread that has just ended
    return True
