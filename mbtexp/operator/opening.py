"""Opening the window, or saying in one sentence why there is none."""

from __future__ import annotations

import os
import subprocess
import sys

from mbtexp.errors import DeviceError

PROBE = "from PyQt6.QtWidgets import QApplication; QApplication([])"

PROBE_S = 30

LIBRARIES = "libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxcb-image0 libxcb-render-util0"
"""What Qt 6 loads on Linux and does not bring along, by the names of Debian and Ubuntu."""


def open_window() -> int:
    """Show the window until it is closed; the exit code.

    Raises
    ------
    DeviceError
        There is no display, or no Qt; the sentence says which.
    """
    _refuse_without_display()
    from mbtexp.operator.window import show  # noqa: PLC0415  Qt only where a window is wanted

    return show()


def _refuse_without_display() -> None:
    """Try Qt in another process first: without a display it ends the process it is in."""
    if sys.platform == "linux" and not any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    ):
        raise DeviceError(
            "the operator's window needs a display, and there is none here; use the commands above."
        )
    try:
        tried = subprocess.run(
            [sys.executable, "-c", PROBE],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PROBE_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise DeviceError(
            f"the operator's window could not be opened (no answer in {PROBE_S} s); use the "
            "commands above."
        ) from None
    if tried.returncode != 0:
        raise DeviceError(f"{_reason(tried.stderr)}; use the commands above.")


def _reason(said: str) -> str:
    if "No module named 'PyQt6'" in said:
        return "the operator's window needs PyQt6; install mbtexp with the extra 'lab'"
    if "could not connect to display" in said:
        return "the operator's window needs a display, and the one named by DISPLAY does not answer"
    if "xcb" in said:
        return f"the operator's window needs libraries of the system: apt install {LIBRARIES}"
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    last = lines[-1] if lines else "Qt says nothing"
    return f"the operator's window could not be opened ({last.rstrip('.')})"
