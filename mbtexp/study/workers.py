"""One job for many inputs: here, on all cores, or on a Dask cluster; the results are the same."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from mbtexp.errors import DeviceError, SettingError

Result = TypeVar("Result")


def results(
    job: Callable[[int], Result],
    numbers: Sequence[int],
    *,
    workers: int | None = None,
    scheduler: str | None = None,
) -> Iterator[tuple[int, Result]]:
    """Each number with the job's result, as they come in; in order with one worker.

    Parameters
    ----------
    job
        A function that can be pickled; what it gives depends on its number alone.
    numbers
        What it is called with.
    workers
        Processes on this machine; as many as it has cores by default.
    scheduler
        Address of a Dask scheduler (``tcp://host:8786``), in place of this machine's cores.
    """
    if scheduler is not None:
        yield from _on_cluster(job, numbers, scheduler)
        return
    count = min(cores() if workers is None else workers, len(numbers))
    if count <= 1:
        for number in numbers:
            yield number, job(number)
        return
    # Spawned, not forked: alike on every system, and no worker inherits a thread or an open file.
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(count, mp_context=spawn, initializer=_leave_ctrl_c) as pool:
        try:
            waiting = {pool.submit(job, number): number for number in numbers}
            for done in as_completed(waiting):
                yield waiting[done], done.result()
        except BrokenProcessPool:
            raise DeviceError(
                "a worker was ended from outside, perhaps for want of memory; the same command "
                "goes on, with fewer --workers if need be."
            ) from None
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _leave_ctrl_c() -> None:
    """Ctrl-C reaches every process of a terminal; only the one that waits should answer it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _on_cluster(
    job: Callable[[int], Result], numbers: Sequence[int], scheduler: str
) -> Iterator[tuple[int, Result]]:
    try:
        distributed: Any = importlib.import_module("distributed")  # an extra that few need
    except ImportError:
        raise SettingError(
            "--scheduler needs the package distributed; install mbtexp with the extra 'cluster'."
        ) from None
    try:
        client = distributed.Client(scheduler, timeout=10)
    except (OSError, ValueError) as error:
        raise DeviceError(
            f"--scheduler {scheduler}: no Dask scheduler answers there ({error}); "
            "start one, or leave out --scheduler."
        ) from None
    with client:
        # Impure: Dask is not to take two studies with the same settings for one result of before.
        waiting = {client.submit(job, number, pure=False): number for number in numbers}
        for done in distributed.as_completed(list(waiting)):
            yield waiting[done], done.result()
