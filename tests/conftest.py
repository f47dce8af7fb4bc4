"""What any test may ask for: the project's folder, and a display that may be a private one."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def repo() -> Path:
    """The project's folder."""
    return Path(__file__).parents[1]


@pytest.fixture(scope="session")
def display() -> Iterator[str]:
    """The name of an X display; a private Xvfb for the tests' duration where there is none.

    Tests that run beside others have one each: two windows would share a keyboard.
    """
    beside_others = "PYTEST_XDIST_WORKER" in os.environ and shutil.which("Xvfb") is not None
    if sys.platform != "linux" or ("DISPLAY" in os.environ and not beside_others):
        yield os.environ.get("DISPLAY", "")
        return
    if shutil.which("Xvfb") is None:
        pytest.skip("there is no display, and no Xvfb (Debian: xvfb) to stand in for one")
    server = _xvfb()
    _SERVERS.append(server)
    # Xvfb takes a free display by itself and writes its number once it is ready.
    assert server.stdout is not None
    name = f":{server.stdout.readline().decode().strip()}"
    server.stdout.close()
    assert name != ":", "Xvfb did not start"
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DISPLAY", name)
        yield name


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Windows first, they wait a lot, then the slow ones: no core is left alone with one."""
    items.sort(
        key=lambda item: (
            item.get_closest_marker("untimed") is None,
            item.get_closest_marker("slow") is None,
        )
    )


_SERVERS: list[subprocess.Popen[bytes]] = []
"""Kept until the process ends: psychtoolbox's connection dies loudly if its server goes first."""

_PR_SET_PDEATHSIG = 1


def _xvfb() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["Xvfb", "-displayfd", "1", "-screen", "0", "1920x1080x24", "-nolisten", "tcp", "-noreset"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        # Before any thread of ours: the server must end with us, and not before us.
        preexec_fn=lambda: ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM),  # noqa: PLW1509
    )


@pytest.fixture(autouse=True)
def _display_where_needed(request: pytest.FixtureRequest) -> None:
    if request.node.get_closest_marker("screen"):
        request.getfixturevalue("display")
