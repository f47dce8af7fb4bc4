"""One job for many inputs, on one core or several; what comes out is the same."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from mbtexp.errors import DeviceError

Input = TypeVar("Input")
Result = TypeVar("Result")


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def each(
    job: Callable[[Input], Result], inputs: Sequence[Input], workers: int
) -> Iterator[tuple[int, Result]]:
    """The place of each input and what the job makes of it, as they come in.

    Parameters
    ----------
    job
        A function that can be pickled; what it gives depends on its input alone.
    inputs
        What it is called with.
    workers
        Processes; 1: this one.
    """
    if min(workers, len(inputs)) <= 1:
        for place, one in enumerate(inputs):
            yield place, job(one)
        return
    # Spawned, not forked: alike on every system, and no worker inherits a thread or an open file.
    spawn = multiprocessing.get_context("spawn")
    with (
        _one_thread_each(),
        ProcessPoolExecutor(
            min(workers, len(inputs)), mp_context=spawn, initializer=_leave_ctrl_c
        ) as pool,
    ):
        try:
            waiting = {pool.submit(job, one): place for place, one in enumerate(inputs)}
            for done in as_completed(waiting):
                # What came in is handed on, not kept.
                yield waiting.pop(done), done.result()
        except BrokenProcessPool:
            raise DeviceError(
                "a worker was ended from outside, perhaps for want of memory; analyse again, with "
                "--workers 1 if need be."
            ) from None
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


@contextlib.contextmanager
def _one_thread_each() -> Iterator[None]:
    """Processes that are started meanwhile do their algebra on one thread: there is one a core."""
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
"""What a library of linear algebra takes its number of threads from, when it is loaded."""


def _leave_ctrl_c() -> None:
    """Ctrl-C reaches every process of a terminal; only the one that waits should answer it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
