"""What a run gets from the machine, and that it is given back."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
import threading
from collections.abc import Iterator

import pytest

from mbtexp import priority

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="asks Linux's own scheduler")


@pytest.fixture(autouse=True)
def _given_back() -> Iterator[None]:
    yield
    priority.restore_priority()
    priority.normal_memory()


def policies() -> set[int]:
    """How the threads of this process are scheduled."""
    found = set()
    for thread in os.listdir("/proc/self/task"):  # noqa: PTH208
        with contextlib.suppress(ProcessLookupError):  # it ended since it was listed
            found.add(os.sched_getscheduler(int(thread)))
    return found


def test_every_thread_is_raised_or_the_log_says_normal() -> None:
    done = threading.Event()
    other = threading.Thread(target=done.wait)
    other.start()
    obtained = priority.raise_priority()
    seen = policies()
    priority.restore_priority()
    done.set()
    other.join()
    assert seen == ({os.SCHED_OTHER} if obtained == "normal" else {os.SCHED_FIFO})
    assert policies() == {os.SCHED_OTHER}


def test_a_machine_that_does_not_allow_it_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "sched_setscheduler", forbidden)
    assert priority.raise_priority() == "normal"


def test_memory_is_quiet_until_it_is_given_back() -> None:
    priority.quiet_memory()
    assert not gc.isenabled()
    assert gc.get_freeze_count() > 0
    priority.normal_memory()
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0
